"""Titles typed by their words."""

from __future__ import annotations

import doctest
import random

import exchange.synonyms
from exchange.synonyms import TypeVocabulary, TypeWords, type_of

WORDS = [
    TypeWords("WHEELCHAIR", ("轮椅", "wheelchair"), ("手推轮椅",), ("辆",)),
    TypeWords("RAMP", ("无障碍坡道", "ramp"), ("轮椅坡道",), ("处",)),
    TypeWords("BED", ("护理床", "bed"), ("床",), ("张",)),
    TypeWords("FRIDGE", ("冰箱", "refrigerator"), (), ("台",)),
    TypeWords("CLOTHES", ("棉衣", "clothes"), (), ("件",)),
]


def test_the_doctest_of_the_module_holds() -> None:
    assert doctest.testmod(exchange.synonyms).failed == 0


def test_the_longest_word_decides() -> None:
    assert type_of("为张奶奶添置轮椅", WORDS).code == "WHEELCHAIR"
    assert type_of("门口修轮椅坡道一处", WORDS).code == "RAMP"


def test_equally_long_words_of_two_types_leave_the_title_ambiguous() -> None:
    guess = type_of("冰箱和棉衣", WORDS)
    assert guess.code is None
    assert guess.several == ("CLOTHES", "FRIDGE")
    assert type_of("冰箱和棉衣", WORDS, unit="件").code == "CLOTHES"
    assert type_of("冰箱和棉衣", WORDS, unit="元").several == ("CLOTHES", "FRIDGE")


def test_no_word_names_the_nearest() -> None:
    guess = type_of("电冰柜", WORDS)
    assert guess.code is None
    assert not guess.several
    assert guess.nearest[0] == "FRIDGE"


def test_latin_words_count_as_whole_words() -> None:
    assert type_of("Embedded training", WORDS).code is None
    assert type_of("two BEDS for a nursing home", WORDS).code == "BED"
    assert type_of("需要bed一张", WORDS).code == "BED"


def test_width_case_and_spaces_do_not_matter() -> None:
    assert type_of("ＷＨＥＥＬＣＨＡＩＲ", WORDS).code == "WHEELCHAIR"
    assert type_of("冰 箱", WORDS).code == "FRIDGE"


def test_the_order_of_the_types_does_not_matter() -> None:
    titles = ["冰箱和棉衣", "轮椅坡道", "电冰柜", "床", "", "x" * 1000]
    expected = [type_of(title, WORDS) for title in titles]
    for seed in range(5):
        shuffled = random.Random(seed).sample(WORDS, len(WORDS))
        assert [type_of(title, TypeVocabulary(shuffled)) for title in titles] == expected

"""A word that is not known names its nearest only where there is one that may have been meant."""

from __future__ import annotations

import pytest

from db.terms import ResourceType, Term
from exchange.vocabulary import read_resource_types, read_terms
from resolvers.checks import Problems
from resolvers.vocabulary import CLIENT_GROUP, Vocabulary

WORDS = Vocabulary(
    1,
    [
        Term(n, one.scheme, one.code, one.label_zh, one.label_en, None, n, (n,), (n,), tuple(one.synonyms))
        for n, one in enumerate(read_terms().records)
    ],
    [
        ResourceType(n, one.code, one.label_zh, one.label_en, one.kind, one.unit, None, n, (n,), n, tuple(one.synonyms))
        for n, one in enumerate(read_resource_types().records)
    ],
)


@pytest.mark.parametrize("text", ["外星人", "火星", "xyz", "UFO", "VETO", "????", "1"])
def test_nonsense_is_told_no_nearest(text: str) -> None:
    problems = Problems()
    assert WORDS.check_term(problems, "clientGroups", [CLIENT_GROUP], text) is None
    assert WORDS.check_type(problems, "resourceType", text) is None
    assert [one.code for one in problems.fields] == ["UNKNOWN_TERM", "UNKNOWN_RESOURCE_TYPE"]
    for one in problems.fields:
        assert "最接近" not in one.message_zh
        assert "nearest" not in one.message_en


@pytest.mark.parametrize(
    ("text", "group"), [("ORFAN", "ORPHAN"), ("残积人", "DISABLED"), ("困难老人们", "ELDER_IN_DIFFICULTY")]
)
def test_a_misspelt_group_is_told_the_one_that_was_meant(text: str, group: str) -> None:
    problems = Problems()
    WORDS.check_term(problems, "clientGroups", [CLIENT_GROUP], text)
    (problem,) = problems.fields
    assert f"最接近的是 {group}(" in problem.message_zh
    assert f"the nearest is {group} (" in problem.message_en


@pytest.mark.parametrize(
    ("text", "kind"),
    [("轮以", "WHEELCHAIR"), ("WHEELCHAR", "WHEELCHAIR"), ("轮奇椅", "WHEELCHAIR"), ("心理輔导", "COUNSELLING")],
)
def test_a_misspelt_type_is_told_the_one_that_was_meant(text: str, kind: str) -> None:
    problems = Problems()
    WORDS.check_type(problems, "resourceType", text)
    (problem,) = problems.fields
    assert f"最接近的是 {kind}(" in problem.message_zh
    assert f"the nearest is {kind} (" in problem.message_en

"""Points add up exactly from the leaves to the score, and the score has one grade."""

from __future__ import annotations

from decimal import Decimal

from resolvers.scoring import Boundary, Weighed, graded, sums, total, unscored

TREE = [
    Weighed(1, None, "1", "一", Decimal(60), False, None),
    Weighed(2, 1, "1.1", "甲", Decimal(20), True, "照片"),
    Weighed(3, 1, "1.2", "乙", Decimal(40), False, None),
    Weighed(4, 3, "1.2.1", "丙", Decimal(40), True, None),
    Weighed(5, None, "2", "二", Decimal(40), True, None),
]
GRADES = [
    Boundary(1, "优", Decimal(90), True),
    Boundary(2, "合格", Decimal(60), True),
    Boundary(3, "不合格", Decimal(0), False),
]


def test_points_are_summed_up_every_level() -> None:
    points = {2: Decimal("0.1"), 4: Decimal("0.2"), 5: Decimal("39.7")}
    assert sums(TREE, points) == {
        1: Decimal("0.3"),
        2: Decimal("0.1"),
        3: Decimal("0.2"),
        4: Decimal("0.2"),
        5: Decimal("39.7"),
    }
    assert total(TREE, points) == Decimal(40)


def test_what_is_not_scored_is_named_and_nothing_above_a_leaf_is() -> None:
    assert [one.code for one in unscored(TREE, {2: Decimal(0)})] == ["1.2.1", "2"]


def test_a_grade_begins_at_its_least_score() -> None:
    def name(score: str) -> str | None:
        found = graded(Decimal(score), GRADES)
        return found.name if found else None

    assert [name(score) for score in ("100", "90", "89.9999", "60", "59.9999", "0")] == [
        *("优", "优", "合格", "合格", "不合格", "不合格"),
    ]
    assert graded(Decimal(50), []) is None

"""A tree of indicators adds up at every indicator, or every place where it does not is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchange.indicator_tree import GradeRecord, IndicatorRecord, faults, grade_faults, leaves, levels

FULL = Decimal(100)


def one(code: str, parent: str | None, weight: str, **more: object) -> IndicatorRecord:
    return IndicatorRecord(code, parent, f"指标{code}", Decimal(weight), **more)  # type: ignore[arg-type]


SMALL = [one("1", None, "60"), one("1.1", "1", "35.5"), one("1.2", "1", "24.5"), one("2", None, "40")]


@st.composite
def trees(draw: st.DrawFn) -> list[IndicatorRecord]:
    """Trees that add up by construction: each indicator is split into parts of its weight, at most four levels."""
    made: list[IndicatorRecord] = []

    def split(code: str, parent: str | None, weight: int, level: int) -> None:
        made.append(IndicatorRecord(code, parent, code, Decimal(weight) / 100, level))
        if level < 4 and weight > 1 and draw(st.booleans()):
            cuts = sorted(draw(st.sets(st.integers(1, weight - 1), max_size=3)))
            for at, part in enumerate(zip([0, *cuts], [*cuts, weight], strict=True), start=1):
                split(f"{code}.{at}", code, part[1] - part[0], level + 1)

    first = draw(st.integers(1, 9_999))
    split("1", None, first, 1)
    split("2", None, 10_000 - first, 1)
    return made


@given(trees(), st.randoms())
def test_a_tree_split_out_of_its_full_score_adds_up_in_any_order(tree: list[IndicatorRecord], chance: object) -> None:
    chance.shuffle(tree)  # type: ignore[attr-defined]
    assert faults(tree, FULL) == []
    assert sum(leaf.weight for leaf in leaves(tree)) == FULL


@given(trees(), st.data(), st.decimals("0.01", "5", places=2))
def test_a_weight_changed_is_told_wherever_it_matters_and_nowhere_else(
    tree: list[IndicatorRecord], data: st.DataObject, more: Decimal
) -> None:
    at = data.draw(st.integers(0, len(tree) - 1))
    tree[at] = replace(tree[at], weight=tree[at].weight + more)
    found = faults(tree, FULL)
    assert {fault.code for fault in found} == {"SUM_OFF"}
    above = next((row for row, each in enumerate(tree) if each.code == tree[at].parent), None)
    below = at if any(each.parent == tree[at].code for each in tree) else above
    assert {fault.row for fault in found} == {above, below}
    for fault in found:
        assert abs(fault.found - fault.expected) == more  # type: ignore[operator]


def test_every_sum_that_is_off_is_told_with_what_is_there_and_what_should_be() -> None:
    wrong = [replace(SMALL[0], weight=Decimal("61")), *SMALL[1:3], replace(SMALL[3], weight=Decimal("40.25"))]
    told = [(fault.code, fault.row, fault.expected, fault.found) for fault in faults(wrong, FULL)]
    assert told == [
        ("SUM_OFF", None, Decimal(100), Decimal("101.25")),
        ("SUM_OFF", 0, Decimal(61), Decimal(60)),
    ]
    top, first = faults(wrong, FULL)
    assert top.text_zh == "第一级指标的分值合计 101.25,应为满分 100"
    assert first.text_en == "the weights below “1” sum to 60, not to its own 61"


def test_a_standard_may_have_another_full_score() -> None:
    assert faults([one("1", None, "120")], Decimal(120)) == []
    assert [fault.code for fault in faults([one("1", None, "120")], FULL)] == ["SUM_OFF"]


def test_rows_that_hang_on_nothing_or_on_themselves_are_told() -> None:
    rows = [
        one("1", None, "100"),
        one("A", "B", "10"),
        one("B", "A", "10"),
        one("C", "B", "10"),
        one("D", "Z", "10"),
        one("E", "E", "10"),
        one("1", None, "100"),
    ]
    told = [(fault.code, fault.row) for fault in faults(rows, FULL) if fault.code != "SUM_OFF"]
    assert told == [("CYCLE", 1), ("CYCLE", 2), ("UNKNOWN_PARENT", 4), ("CYCLE", 5), ("DUPLICATE_CODE", 6)]
    assert levels(rows) == [1, None, None, None, None, None, 1]


def test_a_level_that_is_written_must_be_the_one_it_is_on() -> None:
    rows = [one("1", None, "100", level=1), one("1.1", "1", "100", level=3)]
    (fault,) = faults(rows, FULL)
    assert (fault.code, fault.row, fault.expected, fault.found) == ("LEVEL_WRONG", 1, 2, 3)


def test_weights_are_above_nothing_and_exact() -> None:
    for weight in ("0", "-1", "NaN", "Infinity", "0.00001"):
        found = faults([one("1", None, weight), one("2", None, "100")], FULL)
        assert [(fault.code, fault.row) for fault in found] == [("WEIGHT_RANGE", 0)]
    assert faults([one("1", None, "33.3333"), one("2", None, "66.6667")], FULL) == []


def test_nothing_is_no_tree_and_a_chain_of_ten_is_too_deep() -> None:
    assert [fault.code for fault in faults([], FULL)] == ["EMPTY"]
    chain = [one(str(at), str(at - 1) if at else None, "100") for at in range(12)]
    assert [(fault.code, fault.row) for fault in faults(chain, FULL)] == [("TOO_DEEP", 9)]


def test_grades_cover_every_score_and_do_not_cross() -> None:
    def grades(*given: tuple[str, str, bool]) -> list[str]:
        return [f.code for f in grade_faults([GradeRecord(n, Decimal(least), ok) for n, least, ok in given], FULL)]

    assert grades() == []
    assert grades(("优", "90", True), ("良", "80", True), ("合格", "60", True), ("不合格", "0", False)) == []
    assert grades(("合格", "60", True), ("不合格", "10", False)) == ["GRADES_FROM_0"]
    assert grades(("合格", "0", True), ("不合格", "60", False)) == ["GRADES_CROSSED"]
    assert grades(("优", "90", True), ("优", "90", True)) == ["GRADE_TWICE", "GRADE_TWICE"]
    assert grades(("优", "101", True), ("不合格", "0", False)) == ["GRADE_RANGE"]

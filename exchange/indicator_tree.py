"""A tree of evaluation indicators as a list says it, and whether it adds up.

Weights are shares of the full score: those of the first level sum to the full score of the standard, those below an
indicator to its own. A tree with any fault is taken by nobody, so a person is told all of them at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

#: No published standard is near these; more is a wrong column.
MOST_INDICATORS, MOST_LEVELS = 1_000, 9
#: Digits behind the point that a weight may have.
PLACES = 4


@dataclass(frozen=True, slots=True)
class IndicatorRecord:
    """One indicator as written. `parent` is a code, None on the first level; `level` where the list states it, from 1.

    `evidence` says what has to be shown where it is scored; None: nothing.
    """

    code: str
    parent: str | None
    title: str
    weight: Decimal
    level: int | None = None
    evidence: str | None = None
    scoring: str | None = None


@dataclass(frozen=True, slots=True)
class GradeRecord:
    """A grade of a standard: from how many points on, and whether who has it passed."""

    name: str
    least: Decimal
    passes: bool


@dataclass(frozen=True, slots=True)
class TreeFault:
    """What is wrong with a tree. `row`: index of the indicator from 0, None where the whole tree or a grade is meant;
    `field`: of the indicator. `expected` and `found` where a sum or a level is off."""

    code: str
    row: int | None
    field: str
    text_zh: str
    text_en: str
    expected: Decimal | None = None
    found: Decimal | None = None


def said(number: Decimal) -> str:
    """A number without needless zeros: 12.50 is 12.5."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def levels(records: Sequence[IndicatorRecord]) -> list[int | None]:
    """The level of each indicator, 1 on top; None for those that hang on nothing, or on themselves. O(rows)."""
    parents = {one.code: one.parent for one in reversed(records)}
    known: dict[str, int | None] = {}
    for code in parents:
        path: dict[str, None] = {}
        at: str | None = code
        while at is not None and at in parents and at not in known and at not in path:
            path[at] = None
            at = parents[at]
        base: int | None = 0 if at is None else known.get(at)
        for step in reversed(path):
            base = None if base is None else base + 1
            known[step] = base
    return [known[one.code] for one in records]


def leaves(records: Sequence[IndicatorRecord]) -> list[IndicatorRecord]:
    """The indicators that are scored: those with nothing below them, in the order given."""
    above = {one.parent for one in records}
    return [one for one in records if one.code not in above]


def faults(records: Sequence[IndicatorRecord], full: Decimal) -> list[TreeFault]:
    """Everything that keeps a list from being a tree that adds up to `full`; empty where nothing does. O(rows).

    EMPTY, TOO_MANY, DUPLICATE_CODE, WEIGHT_RANGE, UNKNOWN_PARENT, CYCLE, LEVEL_WRONG, TOO_DEEP, and SUM_OFF at every
    indicator (and at the top) whose weight the indicators below it do not sum to. Row faults come in row order, the
    sums after them from the top down; a sum with a faulty weight in it is not judged.
    """
    if not records:
        return [TreeFault("EMPTY", None, "rows", "没有任何指标", "there is no indicator")]
    if len(records) > MOST_INDICATORS:
        zh, en = f"最多 {MOST_INDICATORS} 项指标", f"at most {MOST_INDICATORS} indicators"
        return [TreeFault("TOO_MANY", None, "rows", zh, en)]
    found = [fault for row, fault in _rows(records)]
    return found + _sums(records, full)


def _rows(records: Sequence[IndicatorRecord]) -> Iterable[tuple[int, TreeFault]]:
    depth, seen = levels(records), set[str]()
    parents = {one.code: one.parent for one in reversed(records)}
    for row, one in enumerate(records):
        if one.code in seen:
            yield row, TreeFault("DUPLICATE_CODE", row, "code", f"编号“{one.code}”重复", f"“{one.code}” stands twice")
        seen.add(one.code)
        if not _weighs(one.weight):
            zh = f"“{one.code}”的分值应大于 0,最多 {PLACES} 位小数"
            en = f"the weight of “{one.code}” must be above 0, with at most {PLACES} digits behind the point"
            yield row, TreeFault("WEIGHT_RANGE", row, "weight", zh, en)
        if one.parent is not None and one.parent not in parents:
            zh, en = f"没有编号为“{one.parent}”的上级指标", f"there is no indicator “{one.parent}” above it"
            yield row, TreeFault("UNKNOWN_PARENT", row, "parent", zh, en)
        elif depth[row] is None and _returns(one.code, parents):
            zh, en = f"“{one.code}”的上级绕回了它自己", f"what “{one.code}” stands under leads back to itself"
            yield row, TreeFault("CYCLE", row, "parent", zh, en)
        level = depth[row]
        if level is not None and one.level is not None and one.level != level:
            zh = f"“{one.code}”写作第 {one.level} 级,按上级应为第 {level} 级"
            en = f"“{one.code}” is written as level {one.level}; by what it stands under it is of level {level}"
            yield row, TreeFault("LEVEL_WRONG", row, "level", zh, en, Decimal(level), Decimal(one.level))
        if level == MOST_LEVELS + 1:
            yield (
                row,
                TreeFault("TOO_DEEP", row, "parent", f"最多 {MOST_LEVELS} 级", f"at most {MOST_LEVELS} levels"),
            )


def _weighs(weight: Decimal) -> bool:
    return weight.is_finite() and 0 < weight < 10**8 and int(weight.normalize().as_tuple().exponent) >= -PLACES


def _returns(code: str, parents: Mapping[str, str | None]) -> bool:
    """Whether climbing from an indicator leads back to it (and not only into somebody else's circle)."""
    at, steps = parents[code], 0
    while at is not None and at in parents and steps <= len(parents):
        if at == code:
            return True
        at, steps = parents[at], steps + 1
    return False


def _sums(records: Sequence[IndicatorRecord], full: Decimal) -> list[TreeFault]:
    below: dict[str | None, Decimal] = {}
    unsure: set[str | None] = set()
    for one in records:
        if _weighs(one.weight):
            below[one.parent] = below.get(one.parent, Decimal(0)) + one.weight
        else:
            unsure.add(one.parent)
    depth, times = levels(records), Counter(one.code for one in records)
    found: list[TreeFault] = []
    top = below.get(None, Decimal(0))
    if None not in unsure and top != full:
        zh = f"第一级指标的分值合计 {said(top)},应为满分 {said(full)}"
        en = f"the weights of the first level sum to {said(top)}, not to the full score {said(full)}"
        found.append(TreeFault("SUM_OFF", None, "rows", zh, en, full, top))
    for row in sorted(range(len(records)), key=lambda at: (depth[at] or 0, at)):
        one = records[row]
        summed = below.get(one.code)
        judged = times[one.code] == 1 and one.code not in unsure and _weighs(one.weight)
        if summed is not None and judged and summed != one.weight:
            zh = f"“{one.code} {one.title}”的下级分值合计 {said(summed)},应为 {said(one.weight)}"
            en = f"the weights below “{one.code}” sum to {said(summed)}, not to its own {said(one.weight)}"
            found.append(TreeFault("SUM_OFF", row, "weight", zh, en, one.weight, summed))
    return found


def grade_faults(grades: Sequence[GradeRecord], full: Decimal) -> list[TreeFault]:
    """What is wrong with the grades of a standard, which need not have any.

    GRADE_TWICE (a name, or a least score), GRADE_RANGE (not from 0 to the full score), GRADES_FROM_0 (a low score would
    have no grade), GRADES_CROSSED (a grade that passes below one that does not).
    """
    found: list[TreeFault] = []
    if not grades:
        return found
    for name, times in Counter(one.name for one in grades).items():
        if times > 1:
            found.append(_grade("GRADE_TWICE", f"等级“{name}”重复", f"the grade “{name}” stands twice"))
    for least, times in Counter(one.least for one in grades).items():
        if times > 1:
            zh, en = f"有两个等级从 {said(least)} 分起", f"two grades begin at {said(least)} points"
            found.append(_grade("GRADE_TWICE", zh, en))
    for one in grades:
        if not (one.least.is_finite() and 0 <= one.least <= full):
            zh = f"等级“{one.name}”的最低分应在 0 到 {said(full)} 之间"
            en = f"the least score of “{one.name}” must lie from 0 to {said(full)}"
            found.append(_grade("GRADE_RANGE", zh, en))
    if not found:
        ordered = sorted(grades, key=lambda one: one.least)
        if ordered[0].least != 0:
            zh = f"最低的等级应从 0 分起,现从 {said(ordered[0].least)} 分起"
            en = f"the lowest grade must begin at 0, not at {said(ordered[0].least)}: no score is without a grade"
            found.append(_grade("GRADES_FROM_0", zh, en))
        passing = [one.passes for one in ordered]
        if passing != sorted(passing):
            zh, en = "合格的等级不能低于不合格的等级", "a grade that passes lies below one that does not"
            found.append(_grade("GRADES_CROSSED", zh, en))
    return found


def _grade(code: str, zh: str, en: str) -> TreeFault:
    return TreeFault(code, None, "grades", zh, en)

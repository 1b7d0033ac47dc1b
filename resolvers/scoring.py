"""What points come to: the sum of each indicator, the score of the whole, and its grade. Exact numbers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Weighed:
    """An indicator of a standard; `parent_id` is None on the first level. A leaf is what is scored."""

    id: int
    parent_id: int | None
    code: str
    title: str
    weight: Decimal
    leaf: bool
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Boundary:
    """A grade: from `least` points on."""

    id: int
    name: str
    least: Decimal
    passes: bool


def unscored(tree: Sequence[Weighed], points: Mapping[int, Decimal]) -> list[Weighed]:
    """The leaves without points, in the tree's order."""
    return [one for one in tree if one.leaf and one.id not in points]


def sums(tree: Sequence[Weighed], points: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """The points of every indicator: a leaf's own (0 where it has none yet), above it the sum. O(indicators).

    Parents stand before children in `tree`.
    """
    found = {one.id: points.get(one.id, Decimal(0)) if one.leaf else Decimal(0) for one in tree}
    for one in reversed(tree):
        if one.parent_id is not None:
            found[one.parent_id] += found[one.id]
    return found


def total(tree: Sequence[Weighed], points: Mapping[int, Decimal]) -> Decimal:
    """The score: the sum over all leaves."""
    return sum((points.get(one.id, Decimal(0)) for one in tree if one.leaf), Decimal(0))


def graded(score: Decimal, boundaries: Sequence[Boundary]) -> Boundary | None:
    """The highest grade whose least score is reached; None where there are no grades."""
    reached = [one for one in boundaries if one.least <= score]
    return max(reached, key=lambda one: one.least, default=None)

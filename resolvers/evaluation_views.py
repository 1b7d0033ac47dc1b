"""What evaluations look like side by side: a score sheet, and where two kinds of evaluation differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from db import acting, evaluation_rows
from resolvers import day
from resolvers.context import Context
from resolvers.errors import NotFound
from resolvers.evaluations import checked_year, tree_of
from resolvers.scoring import sums


@dataclass(frozen=True, slots=True)
class Line:
    """An indicator with its points: a leaf's own (None: not scored yet), above it the sum of what is scored."""

    indicator_id: int
    weight: Decimal
    points: Decimal | None


async def sheet(context: Context, id: int | None) -> list[Line]:
    """The score sheet of an evaluation, parents before children. Raises NotFound."""
    async with context.engine.connect() as conn:
        one = await acting.seen(conn, context.viewer, "evaluation", id)
        if one is None:
            raise NotFound("这次评估", "evaluation")
        tree = await tree_of(conn, one.standard_id)
        points = {each.indicator_id: each.points for each in await evaluation_rows.scores(conn, one.id)}
    summed = sums(tree, points)
    return [Line(each.id, each.weight, points.get(each.id) if each.leaf else summed[each.id]) for each in tree]


@dataclass(frozen=True, slots=True)
class LeafDifference:
    """A leaf that two evaluations scored differently. `difference` is the second's points less the first's."""

    indicator_id: int
    first: Decimal
    second: Decimal

    @property
    def difference(self) -> Decimal:
        return self.second - self.first


@dataclass(frozen=True, slots=True)
class Difference:
    """Two evaluations of a station by one standard; `leaves` are those scored differently."""

    station_id: int
    first_id: int
    second_id: int
    first: Decimal
    second: Decimal
    leaves: list[LeafDifference]

    @property
    def difference(self) -> Decimal:
        return self.second - self.first


async def differences(
    context: Context, area: str, year: int, first: str = "SELF", second: str = "THIRD_PARTY"
) -> list[Difference]:
    """Where two kinds of evaluation differ in an area and below, the furthest apart first. Both are submitted.

    Raises InvalidInput, NotAllowed as `resolvers.day.of` does. Two statements.
    """
    place = (await day.of(context, area)).area
    async with context.engine.connect() as conn:
        pairs: Sequence[Any] = await evaluation_rows.pairs(conn, place.id, checked_year(year), first, second)
        apart: Sequence[Any] = await evaluation_rows.points_apart(
            conn, [one[1] for one in pairs], [one[2] for one in pairs]
        )
    leaves: dict[int, list[LeafDifference]] = {}
    for one in apart:
        leaves.setdefault(one[0], []).append(LeafDifference(one[2], one[3], one[4]))
    return [Difference(one[0], one[1], one[2], one[3], one[4], leaves.get(one[1], [])) for one in pairs]

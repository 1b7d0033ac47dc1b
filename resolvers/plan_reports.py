"""What a computed plan says beside its lines: how evenly it serves, and what is worth recruiting.

All plans that one request asks about are read together, with one statement for each question. Whoever asks has the
plan from the reader: who sees a plan sees this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import plans
from resolvers.checks import MAX_INT
from resolvers.context import Context
from resolvers.errors import FieldProblem, InvalidInput

__all__ = ["AreaShare", "Recruit", "TypeShare", "bottlenecks", "fairness", "shares"]

#: Bottlenecks that can be asked for; a plan names fewer.
MOST = 100


@dataclass(frozen=True, slots=True)
class TypeShare:
    """Units of a resource type asked for and given. `ratio` is of the exact sums, 1 where nothing was asked for."""

    resource_type_id: int
    requested: int
    allocated: int
    ratio: float


@dataclass(frozen=True, slots=True)
class AreaShare:
    """The same of an area, all types added up, and type by type. Sums above 2,147,483,647 are given as that."""

    area_id: int
    requested: int
    allocated: int
    ratio: float
    by_resource_type: list[TypeShare]


@dataclass(frozen=True, slots=True)
class Recruit:
    """What is worth recruiting (`graph.values.Bottleneck`), in words too."""

    resource_type_id: int
    area_id: int
    shortfall: int
    shadow_price: float
    met_by_one: int
    met_by_all: int
    text_zh: str
    text_en: str


async def fairness(context: Context, plan_id: int) -> list[AreaShare]:
    """How much each district of a plan gets of what it asked for, by area code; empty until the plan is computed."""
    rows = await _together(context, plans.coverage, plan_id)
    return shares((row.area_id, row.resource_type_id, row.requested, row.allocated) for row in rows)


async def bottlenecks(context: Context, plan_id: int, first: int) -> list[Recruit]:
    """What is worth most to recruit, best first. Raises InvalidInput where `first` is not 1..100."""
    check_first(first)
    return [_recruit(row) for row in (await _together(context, plans.bottlenecks, plan_id))[:first]]


def check_first(first: int) -> None:
    """Raises InvalidInput where it is not 1..100."""
    if not 1 <= first <= MOST:
        raise InvalidInput([FieldProblem(("first",), "OUT_OF_RANGE", f"应为 1 到 {MOST}", f"must be from 1 to {MOST}")])


def shares(rows: Iterable[tuple[int, int, int, int]]) -> list[AreaShare]:
    """From (area id, type id, requested, allocated), areas in the order they come.

    >>> [(one.area_id, one.ratio) for one in shares([(1, 7, 4, 1), (1, 8, 4, 4), (2, 7, 0, 0)])]
    [(1, 0.625), (2, 1.0)]
    """
    found: dict[int, list[tuple[int, int, int]]] = {}
    for area, kind, requested, allocated in rows:
        found.setdefault(area, []).append((kind, requested, allocated))
    return [
        AreaShare(
            area,
            *_share(sum(asked for _, asked, _ in types), sum(given for _, _, given in types)),
            [TypeShare(kind, *_share(asked, given)) for kind, asked, given in types],
        )
        for area, types in found.items()
    ]


def _share(requested: int, allocated: int) -> tuple[int, int, float]:
    return min(requested, MAX_INT), min(allocated, MAX_INT), allocated / requested if requested else 1.0


def _recruit(row: Any) -> Recruit:
    zh = (
        f"{row.area}的{row.label_zh}还缺 {row.shortfall} {row.unit}:"
        f"多招募 1 {row.unit}可再满足 {row.met_by_one} 项需求,"
        f"补足全部缺口可再满足 {row.met_by_all} 项(已重新求解核实)"
    )
    en = (
        f"{row.area} misses {row.shortfall} {row.unit} of {row.label_en}: "
        f"recruiting 1 more meets {row.met_by_one} more needs in full, "
        f"recruiting all that is missing {row.met_by_all} (verified by solving again)"
    )
    return Recruit(
        row.resource_type_id,
        row.area_id,
        min(row.shortfall, MAX_INT),
        float(row.worth),
        row.met_by_one,
        row.met_by_all,
        zh,
        en,
    )


# ------------------------------------------------------------------------------------------------ read together

Read = Callable[[AsyncConnection, Sequence[int]], Awaitable[Sequence[Any]]]
_waiting: WeakKeyDictionary[AsyncEngine, dict[Any, tuple[list[int], asyncio.Task[Any]]]] = WeakKeyDictionary()


async def _together(context: Context, read: Read, plan_id: int) -> list[Any]:
    """The rows of a plan, read with those of every plan that is asked about at the same moment."""
    asked = _waiting.setdefault(context.engine, {})
    key = (asyncio.get_running_loop(), read)
    if key not in asked:
        ids: list[int] = []

        async def rows() -> dict[int, list[Any]]:
            # It begins after everything that is ready now: by then the others have added their ids.
            del asked[key]
            found: dict[int, list[Any]] = {id: [] for id in ids}
            async with context.engine.connect() as conn:
                for row in await read(conn, list(found)):
                    found[row.plan_id].append(row)
            return found

        asked[key] = (ids, asyncio.get_running_loop().create_task(rows()))
    ids, task = asked[key]
    ids.append(plan_id)
    # Whoever goes away leaves the others their answer.
    whole: dict[int, list[Any]] = await asyncio.shield(task)
    return whole[plan_id]

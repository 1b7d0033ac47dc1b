"""How much of an area has a station: counted from the stations that stand on a day, place by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from db import buildout as plans
from db import station_counts
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.projects import percent
from resolvers.vocabulary import vocabulary

#: The tier that is asked for at a level where none is named.
TIER_OF = {"VILLAGE": "ROOM"}
#: Places told one by one, of each kind; the counts are of all.
TOLD = 1_000


@dataclass(frozen=True, slots=True)
class CoveredPlace:
    area_id: int
    station_ids: list[int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Places of a level in an area on a day.

    of         places of the level, without those a build-out plan exempts
    placed     those in or below which a station stands
    unplaced   those that rows standing for several stations cover besides, without saying which
    stations   stations that stand there, each row counted as many as it stands for
    """

    area_id: int
    level: str
    tier: str
    on: date
    of: int
    placed: int
    unplaced: int
    stations: int
    exempted: int
    places: list[CoveredPlace]
    missing_ids: list[int]
    station_ids: list[int]

    @property
    def covered(self) -> int:
        return self.placed + self.unplaced

    @property
    def percent(self) -> Decimal | None:
        return percent(self.covered, self.of)


async def coverage(
    context: Context, area: str, level: str, on: date | None = None, tier: str | None = None
) -> Coverage:
    """How many places of a level in or below an area have a station on a day (today); open to everybody.

    Raises InvalidInput (unknown area). Four statements; O(places + stations).
    """
    day = on or context.today
    wanted = tier or TIER_OF.get(level, "STATION")
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        problems.stop()
        assert place is not None
        every = await station_counts.areas_of_level(conn, place.id, level)
        spared = await plans.exempt(conn, place.id)
        stations = await station_counts.standing(conn, place.id, day, [wanted])
    there = {one.id: one.ancestor_ids for one in every if one.id not in spared}
    return _counted(place.id, level, wanted, day, there, len(every) - len(there), stations)


def _counted(
    area_id: int,
    level: str,
    tier: str,
    day: date,
    places: Mapping[int, Sequence[int]],
    exempted: int,
    stations: Sequence[Any],
) -> Coverage:
    at: dict[int, list[int]] = {id: [] for id in places}
    above: list[Any] = []
    for one in stations:
        inside = [id for id in one.ancestor_ids if id in at]
        if inside:
            at[inside[-1]].append(one.id)
        else:
            above.append(one)
    missing = [id for id in places if not at[id]]
    several = [(one.units, one.ancestor_ids) for one in above]
    return Coverage(
        area_id=area_id,
        level=level,
        tier=tier,
        on=day,
        of=len(places),
        placed=len(places) - len(missing),
        unplaced=spread(several, {id: places[id] for id in missing}),
        stations=sum(one.units for one in stations),
        exempted=exempted,
        places=[CoveredPlace(id, ids) for id, ids in at.items() if ids][:TOLD],
        missing_ids=missing[:TOLD],
        station_ids=[one.id for one in above][:TOLD],
    )


def spread(rows: Sequence[tuple[int, Sequence[int]]], free: Mapping[int, Sequence[int]]) -> int:
    """How many free places rows of several stations can cover at most, each row only places in or below its area.

    rows: (stations, path of the row's area); free: path of each free place. Areas are a tree, so rows further down
    choose first and nobody could do better. O(rows x places).
    """
    left = {id: set(path) for id, path in free.items()}
    covered = 0
    for count, path in sorted(rows, key=lambda one: -len(one[1])):
        mine = [id for id, above in left.items() if path[-1] in above][:count]
        for id in mine:
            del left[id]
        covered += len(mine)
    return covered

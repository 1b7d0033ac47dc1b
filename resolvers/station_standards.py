"""What stations must be like where they stand: the standards an area set itself, else those that are shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from sqlalchemy.ext.asyncio import AsyncConnection

from db import station_counts
from db.areas import Area
from exchange.station_standards import StandardRecord, read_station_standards
from resolvers.vocabulary import Vocabulary

#: The scheme of terms that an aspect counts.
SCHEMES = {"FACILITY": "facility", "RULE_DOCUMENT": "rule_document_kind"}


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard that holds. `item_id`: the facility or kind of rule it asks for."""

    aspect: str
    form: str | None
    item_id: int | None
    least: int
    above_m2: Decimal | None
    hard: bool
    source: str | None

    def concerns(self, floor_m2: Decimal | None) -> bool:
        """Whether it is asked of a station of this floor area; one that nobody measured is not a large one."""
        return self.above_m2 is None or (floor_m2 is not None and floor_m2 >= self.above_m2)


@cache
def _shipped() -> tuple[StandardRecord, ...]:
    reading = read_station_standards()
    assert not reading.faults, reading.faults[0].text_en
    return reading.records


async def standards(
    conn: AsyncConnection, words: Vocabulary, area: Area, tier: str, on: date
) -> dict[str, list[Standard]]:
    """The standards of each aspect for stations of a tier in an area on a day.

    Of each aspect those of the nearest area count, and of one area what it set itself before what is shipped. One
    statement, and at most one more for areas not held in memory.
    """
    path = await words.areas_by_id(conn, area.ancestor_ids)
    depth = {id: place for place, id in enumerate(area.ancestor_ids)}
    code_depth: dict[str | None, int] = {path[id].code: place for id, place in depth.items()} | {None: -1}
    best: dict[str, tuple[int, int]] = {}
    found: dict[str, list[Standard]] = {}

    def take(rank: tuple[int, int], one: Standard) -> None:
        if rank > best.get(one.aspect, (-2, 0)):
            best[one.aspect], found[one.aspect] = rank, []
        if rank == best[one.aspect]:
            found[one.aspect].append(one)

    for row in await station_counts.standards(conn, area.ancestor_ids, on, tier):
        item_id = row.rule_kind_id if row.aspect == "RULE_DOCUMENT" else row.item_id
        one = Standard(row.aspect, row.form, item_id, row.least, row.above_m2, row.hard, row.source)
        take((depth[row.area_id], 1), one)
    for record in _shipped():
        if record.tier != tier or record.area not in code_depth or not record.holds(on):
            continue
        term = words.terms.get((SCHEMES.get(record.aspect, ""), record.item or ""))
        if record.item is not None and term is None:
            continue  # a county that loaded a vocabulary of its own knows no such facility
        one = Standard(
            record.aspect,
            record.form,
            term.id if term else None,
            record.least,
            record.above_m2,
            record.hard,
            record.source,
        )
        take((code_depth[record.area], 0), one)
    return found


async def places(conn: AsyncConnection, words: Vocabulary, area: Area) -> dict[str, str]:
    """The names of the county, township and village that an area is or lies in, as far as it lies in one."""
    path = await words.areas_by_id(conn, area.ancestor_ids)
    kinds = {"COUNTY": "county", "ZONE": "county", "TOWNSHIP": "township", "VILLAGE": "village"}
    return {kinds[path[id].level]: path[id].name for id in area.ancestor_ids if path[id].level in kinds}


def first(found: dict[str, list[Standard]], aspect: str) -> Standard | None:
    """The one standard of an aspect of which there is one; the oldest of several."""
    rows: Sequence[Standard] = found.get(aspect, ())
    return rows[0] if rows else None

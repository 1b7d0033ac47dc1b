"""What is counted of stations: which stand where on a day, what they have, who works there, what was done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, any_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER
from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import AreaRow
from db.base import Base
from db.posts import PostRow
from db.stations import (
    FacilityRow,
    IncubationRow,
    MobilisationRow,
    ProfileItemRow,
    StationRow,
    StationStandardRow,
)

Rows = Sequence[Any]
#: Where work of a station is written down: table, its day, what says that a row counts.
WORK: tuple[tuple[str, str, str], ...] = (
    ("service_record", "served_on", "replaced_by_id"),
    ("visit", "visited_on", "withdrawn_at"),
    ("case_file", "opened_on", "withdrawn_at"),
    ("activity", "held_on", "withdrawn_at"),
)


def stands(row: Any, on: date, since: str, until: str) -> ColumnElement[bool]:
    """Not withdrawn, begun by a day and not ended before it; the last day belongs to it."""
    return and_(
        row.withdrawn_at.is_(None),
        getattr(row, since) <= on,
        or_(getattr(row, until).is_(None), getattr(row, until) >= on),
    )


def _below(area_id: int) -> ColumnElement[bool]:
    return AreaRow.ancestor_ids.contains(bindparam("area", [area_id], ARRAY(INTEGER)))


async def standing(conn: AsyncConnection, area_id: int, on: date, tiers: Collection[str]) -> Rows:
    """(id, name, tier, units, area_id, ancestor_ids) of stations in or below an area that stand on a day, by id."""
    found = await conn.execute(
        select(
            StationRow.id,
            StationRow.name,
            StationRow.tier,
            StationRow.units,
            StationRow.area_id,
            AreaRow.ancestor_ids,
        )
        .join(AreaRow, AreaRow.id == StationRow.area_id)
        .where(_below(area_id), StationRow.tier.in_(list(tiers)), stands(StationRow, on, "opened_on", "closed_on"))
        .order_by(StationRow.id)
    )
    return found.all()


async def openings(conn: AsyncConnection, area_id: int, tier: str) -> Rows:
    """(units, opened_on, closed_on, ancestor_ids) of every station of a tier in or below an area that ever opened."""
    found = await conn.execute(
        select(StationRow.units, StationRow.opened_on, StationRow.closed_on, AreaRow.ancestor_ids)
        .join(AreaRow, AreaRow.id == StationRow.area_id)
        .where(
            _below(area_id),
            StationRow.tier == tier,
            StationRow.withdrawn_at.is_(None),
            StationRow.opened_on.is_not(None),
        )
    )
    return found.all()


async def areas_of_level(conn: AsyncConnection, area_id: int, level: str) -> Rows:
    """(id, ancestor_ids) of the areas of a level in or below an area, by code."""
    found = await conn.execute(
        select(AreaRow.id, AreaRow.ancestor_ids).where(_below(area_id), AreaRow.level == level).order_by(AreaRow.code)
    )
    return found.all()


async def standards(conn: AsyncConnection, area_ids: Collection[int], on: date, tier: str) -> Rows:
    """Standards that these areas set for a tier themselves and that hold on a day, by id."""
    row = StationStandardRow
    found = await conn.execute(
        select(row.__table__)
        .where(
            row.area_id == any_(bindparam("areas", list(area_ids), ARRAY(INTEGER))),
            row.tier == tier,
            row.withdrawn_at.is_(None),
            or_(row.from_on.is_(None), row.from_on <= on),
            or_(row.until_on.is_(None), row.until_on >= on),
        )
        .order_by(row.id)
    )
    return found.all()


async def facilities(conn: AsyncConnection, station_id: int) -> Mapping[int, int]:
    """How many of each facility (by term) a station has."""
    found = await conn.execute(
        select(FacilityRow.item_id, func.sum(FacilityRow.count))
        .where(FacilityRow.station_id == station_id, FacilityRow.withdrawn_at.is_(None))
        .group_by(FacilityRow.item_id)
    )
    return {row[0]: int(row[1]) for row in found}


async def profile(conn: AsyncConnection, station_id: int) -> Rows:
    """(id, part, domain_id, title) of a station's profile, by part as written and id."""
    row = ProfileItemRow
    found = await conn.execute(
        select(row.id, row.part, row.domain_id, row.title)
        .where(row.station_id == station_id, row.withdrawn_at.is_(None))
        .order_by(row.part, row.id)
    )
    return found.all()


async def rule_kinds(conn: AsyncConnection, station_id: int, area_ids: Collection[int], on: date) -> Mapping[int, int]:
    """How many rules of each kind (by term) hold at a station on a day: its own, and those of its area and above."""
    rule = Base.metadata.tables["rule_document"].c
    found = await conn.execute(
        select(rule.kind_id, func.count())
        .where(
            or_(
                rule.station_id == station_id,
                and_(
                    rule.station_id.is_(None),
                    rule.area_id == any_(bindparam("areas", list(area_ids), ARRAY(INTEGER))),
                ),
            ),
            rule.withdrawn_at.is_(None),
            rule.from_on <= on,
            or_(rule.until_on.is_(None), rule.until_on >= on),
        )
        .group_by(rule.kind_id)
    )
    return {row[0]: int(row[1]) for row in found}


async def work(conn: AsyncConnection, station_id: int, area_id: int, on: date) -> Mapping[str, int]:
    """How many records of each kind of work were made by a day at a station, or in or below its area by nobody else."""
    found = {}
    for name, day, void in WORK:
        table = Base.metadata.tables[name]
        here = _below(area_id)
        if "station_id" in table.c:
            here = or_(table.c.station_id == station_id, and_(table.c.station_id.is_(None), here))
        query = (
            select(func.count())
            .select_from(table.join(AreaRow, AreaRow.id == table.c.area_id))
            .where(here, table.c[day] <= on, table.c[void].is_(None))
        )
        if "withdrawn" in table.c:
            query = query.where(~table.c.withdrawn)
        found[name] = int((await conn.execute(query)).scalar_one())
    return found


def _posts(on: date | None) -> Select[*tuple[Any, ...]]:
    row = PostRow
    query: Select[*tuple[Any, ...]] = select(row.__table__).where(row.withdrawn_at.is_(None))
    return query if on is None else query.where(stands(row, on, "from_on", "until_on"))


async def posts_of(conn: AsyncConnection, station_id: int, on: date | None = None) -> Rows:
    """The posts of a station, those that stand on a day where one is given, by id."""
    return (await conn.execute(_posts(on).where(PostRow.station_id == station_id).order_by(PostRow.id))).all()


async def posts_below(conn: AsyncConnection, area_id: int, on: date) -> Rows:
    """The posts of stations in or below an area that stand on a day, by station and id."""
    query = _posts(on).join(AreaRow, AreaRow.id == PostRow.area_id).where(_below(area_id))
    return (await conn.execute(query.order_by(PostRow.station_id, PostRow.id))).all()


async def other_full_time(
    conn: AsyncConnection, worker_id: int, since: date, until: date | None, but: int | None
) -> str | None:
    """The name of another station where somebody holds a full-time post on some of these days."""
    found = await conn.execute(
        select(StationRow.name)
        .join(PostRow, PostRow.station_id == StationRow.id)
        .where(
            PostRow.worker_id == worker_id,
            PostRow.kind == "FULL_TIME",
            PostRow.id != (but or 0),
            PostRow.withdrawn_at.is_(None),
            or_(PostRow.until_on.is_(None), PostRow.until_on >= since),
            PostRow.from_on <= (until or date.max),
        )
        .limit(1)
    )
    return found.scalar()


async def founded(conn: AsyncConnection, station_id: int, since: date, until: date) -> Rows:
    """(id, count) of organizations that a station helped to found on these days."""
    row = IncubationRow
    found = await conn.execute(
        select(row.id, row.count).where(
            row.station_id == station_id, row.withdrawn_at.is_(None), row.founded_on.between(since, until)
        )
    )
    return found.all()


async def volunteers(conn: AsyncConnection, station_id: int, since: date, until: date) -> int:
    """Volunteers that a station found on these days."""
    row = MobilisationRow
    found = await conn.execute(
        select(func.coalesce(func.sum(row.persons), 0)).where(
            row.station_id == station_id, row.withdrawn_at.is_(None), row.counted_on.between(since, until)
        )
    )
    return int(found.scalar_one())


async def children(conn: AsyncConnection, station_id: int) -> Rows:
    """(id, tier) of the standing records right below a station."""
    row = StationRow
    found = await conn.execute(
        select(row.id, row.tier).where(row.parent_id == station_id, row.withdrawn_at.is_(None)).limit(10)
    )
    return found.all()

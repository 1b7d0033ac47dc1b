"""Who was supervised in a month and who was not; which areas have a team of supervisors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, and_, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import AreaRow
from db.evaluation_rows import in_operation, within
from db.posts import PostRow
from db.stations import StationRow
from db.supervision import SupervisionRow, SupervisionTeamRow
from db.visibility import areas_within

_STATION: Any = StationRow.__table__
_POST: Any = PostRow.__table__
_DONE: Any = SupervisionRow.__table__
_TEAM: Any = SupervisionTeamRow.__table__
_AREA: Any = AreaRow.__table__


def _done(done: Any, kind: str) -> ColumnElement[bool]:
    return and_(done.c.kind == kind, done.c.withdrawn_at.is_(None))


async def stations(
    conn: AsyncConnection, area_id: int, first: date, last: date, kind: str, tiers: Sequence[str]
) -> Sequence[Row[Any]]:
    """(id, whether supervised from `first` to `last`, the last day before or None) of every station of these tiers in
    an area and below that works on some of these days; those longest without one first."""
    done = _DONE.alias("done")
    of_station = and_(done.c.station_id == _STATION.c.id, _done(done, kind))
    this = exists().where(of_station, done.c.supervised_on.between(first, last))
    former = select(func.max(done.c.supervised_on)).where(of_station, done.c.supervised_on < first).scalar_subquery()
    query: Any = (
        select(_STATION.c.id, this.label("this"), former.label("former"))
        .where(within(_STATION, area_id), _STATION.c.tier.in_(tiers), in_operation(_STATION, first, last))
        .order_by(former.asc().nulls_first(), _STATION.c.id)
    )
    return (await conn.execute(query)).all()


async def posts(
    conn: AsyncConnection, area_id: int, first: date, last: date, kind: str, tiers: Sequence[str]
) -> Sequence[Row[Any]]:
    """The same of posts that a registered worker holds on some of these days: (id, whether that worker was supervised
    at that station, the last day before or None)."""
    done = _DONE.alias("done")
    of_worker = and_(done.c.station_id == _POST.c.station_id, done.c.worker_id == _POST.c.worker_id, _done(done, kind))
    this = exists().where(of_worker, done.c.supervised_on.between(first, last))
    former = select(func.max(done.c.supervised_on)).where(of_worker, done.c.supervised_on < first).scalar_subquery()
    query: Any = (
        select(_POST.c.id, this.label("this"), former.label("former"))
        .join(_STATION, _STATION.c.id == _POST.c.station_id)
        .where(
            within(_STATION, area_id),
            _STATION.c.tier.in_(tiers),
            in_operation(_STATION, first, last),
            _POST.c.worker_id.is_not(None),
            _POST.c.withdrawn_at.is_(None),
            _POST.c.from_on <= last,
            or_(_POST.c.until_on.is_(None), _POST.c.until_on >= first),
        )
        .order_by(former.asc().nulls_first(), _POST.c.id)
    )
    return (await conn.execute(query)).all()


async def holds_post(conn: AsyncConnection, station_id: int, worker_id: int, on: date) -> bool:
    """Whether somebody works at a station on a day."""
    query = select(_POST.c.id).where(
        _POST.c.station_id == station_id,
        _POST.c.worker_id == worker_id,
        _POST.c.withdrawn_at.is_(None),
        _POST.c.from_on <= on,
        or_(_POST.c.until_on.is_(None), _POST.c.until_on >= on),
    )
    return (await conn.execute(query.limit(1))).first() is not None


async def is_open(conn: AsyncConnection, station_id: int, on: date) -> bool:
    """Whether a station works on a day."""
    query = select(_STATION.c.id).where(_STATION.c.id == station_id, in_operation(_STATION, on, on))
    return (await conn.execute(query)).first() is not None


async def teams(conn: AsyncConnection, area_id: int, level: str, kind: str, on: date) -> Sequence[Row[Any]]:
    """(id, whether it has a team on a day) of every area of a level below an area, by code."""
    has = exists().where(
        _TEAM.c.area_id == _AREA.c.id,
        _TEAM.c.kind == kind,
        _TEAM.c.established,
        _TEAM.c.withdrawn_at.is_(None),
        _TEAM.c.from_on <= on,
        or_(_TEAM.c.until_on.is_(None), _TEAM.c.until_on >= on),
    )
    query: Any = (
        select(_AREA.c.id, has.label("has"))
        .where(_AREA.c.level == level, _AREA.c.id.in_(areas_within(bindparam("within_area", area_id, Integer))))
        .order_by(_AREA.c.code)
    )
    return (await conn.execute(query)).all()

"""What is open where a project or station works, what ends soon, and what hangs on little: sets of rows, by statement.

Every question is asked as far as a viewer may see; rows are (id, due_on) unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Integer,
    any_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from db.areas import AreaRow
from db.cases import CaseFileRow, ClientRow, ConsentRow
from db.documents import MilestoneRow
from db.evaluations import EvaluationRow
from db.funds import CommitmentRow, FundPoolRow
from db.notices import NoticeRow
from db.posts import PostRow
from db.projects import AgreementRow, ProjectRoleRow
from db.referrals import ReferralRow
from db.stations import StationRow
from db.viewer import Viewer
from db.visibility import shape, values, visible

#: Kinds of posts that are workers, as `resolvers.posts.WORKERS`.
WORKERS = ("FULL_TIME", "PART_TIME")
Rows = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a project (or one station) works: its stations, the areas these stand in, who operates it."""

    project_id: int | None
    station_ids: tuple[int, ...]
    area_ids: tuple[int, ...]
    operator_id: int | None


def _stands(row: Any, on: date) -> Any:
    """The row's days hold this one; an open beginning or end is open."""
    table = row.__table__
    return (
        table.c.withdrawn_at.is_(None)
        & or_(table.c.from_on.is_(None), table.c.from_on <= on)
        & or_(table.c.until_on.is_(None), table.c.until_on >= on)
    )


def _ids(name: str, ids: Collection[int], type_: Any = BigInteger) -> Any:
    return any_(bindparam(name, list(ids), ARRAY(type_)))


async def stations_of(conn: AsyncConnection, project_id: int, on: date) -> Rows:
    """(id, area_id) of the standing stations a project runs that are not closed by a day, by id."""
    found = await conn.execute(
        select(StationRow.id, StationRow.area_id)
        .where(
            StationRow.project_id == project_id,
            StationRow.withdrawn_at.is_(None),
            or_(StationRow.closed_on.is_(None), StationRow.closed_on >= on),
        )
        .order_by(StationRow.id)
    )
    return found.all()


async def below_station(conn: AsyncConnection, station_id: int) -> Rows:
    """(id, area_id) of a station and all that stand below it, by id."""
    top = select(StationRow.id, StationRow.area_id).where(StationRow.id == station_id).cte("below", recursive=True)
    child = aliased(StationRow)
    tree = top.union(
        select(child.id, child.area_id).join(top, child.parent_id == top.c.id).where(child.withdrawn_at.is_(None))
    )
    return (await conn.execute(select(tree.c.id, tree.c.area_id).order_by(tree.c.id))).all()


async def operator(conn: AsyncConnection, project_id: int, on: date) -> Any:
    """(id, party_id, from_on, until_on) of the part of the primary operator on a day, or None."""
    role: Any = ProjectRoleRow
    found = await conn.execute(
        select(role.id, role.party_id, role.from_on, role.until_on)
        .where(role.project_id == project_id, role.is_primary, _stands(ProjectRoleRow, on))
        .limit(1)
    )
    return found.first()


# ------------------------------------------------------------------------------------------------ what is open


def _in_scope(table: Any, scope: Scope) -> Any:
    """The row's area is one of the scope's or below one."""
    area: Any = AreaRow.__table__.alias()
    inside = select(area.c.id).where(area.c.ancestor_ids.overlap(bindparam("places", scope.area_ids, ARRAY(Integer))))
    return table.c.area_id.in_(inside)


async def _asked(conn: AsyncConnection, viewer: Viewer, name: str, query: Any) -> Rows:
    table = query.get_final_froms()[0]
    return (await conn.execute(query.where(visible(name, table, shape(viewer))), values(viewer))).all()


async def open_referrals(conn: AsyncConnection, viewer: Viewer, scope: Scope) -> Rows:
    """(id, due_at): whatever is still awaited of orders there, the most overdue first."""
    table: Any = ReferralRow.__table__
    query = select(table.c.id, table.c.due_at).where(table.c.awaited, _in_scope(table, scope))
    return await _asked(conn, viewer, "referral", query.order_by(table.c.due_at, table.c.id))


async def open_cases(conn: AsyncConnection, viewer: Viewer, scope: Scope, on: date) -> Rows:
    """Cases that are open on a day; `due_on` null."""
    table: Any = CaseFileRow.__table__
    query = select(table.c.id, cast(null(), Date).label("due_on")).where(
        table.c.opened_on <= on, or_(table.c.closed_on.is_(None), table.c.closed_on > on), _in_scope(table, scope)
    )
    return await _asked(conn, viewer, "case_file", query.order_by(table.c.opened_on, table.c.id))


async def consents_to_renew(conn: AsyncConnection, viewer: Viewer, scope: Scope, on: date, last: date) -> Rows:
    """(id, due_on, for_operator): consents that stand on a day, given to the operator alone, or that end by `last`."""
    table: Any = ConsentRow.__table__
    named = table.c.party_id == bindparam("operator", scope.operator_id, BigInteger)
    query = select(
        table.c.id, table.c.until_on.label("due_on"), func.coalesce(named, False).label("for_operator")
    ).where(
        table.c.revoked_on.is_(None),
        table.c.given_on <= on,
        or_(table.c.until_on.is_(None), table.c.until_on >= on),
        or_(named, table.c.until_on <= last),
        _in_scope(table, scope),
    )
    return await _asked(conn, viewer, "consent", query.order_by(table.c.until_on, table.c.id))


async def agreements(conn: AsyncConnection, viewer: Viewer, scope: Scope, on: date) -> Rows:
    """Agreements of the project that end on a day or later."""
    table: Any = AgreementRow.__table__
    query = select(table.c.id, table.c.until_on.label("due_on")).where(
        table.c.project_id == (scope.project_id or 0), table.c.until_on >= on
    )
    return await _asked(conn, viewer, "agreement", query.order_by(table.c.until_on, table.c.id))


async def posts(conn: AsyncConnection, viewer: Viewer, scope: Scope, on: date) -> Rows:
    """Posts of the stations that stand on a day."""
    table: Any = PostRow.__table__
    query = select(table.c.id, table.c.until_on.label("due_on")).where(
        table.c.station_id == _ids("stations", scope.station_ids), _stands(PostRow, on)
    )
    return await _asked(conn, viewer, "post", query.order_by(table.c.station_id, table.c.id))


async def commitments(conn: AsyncConnection, viewer: Viewer, scope: Scope) -> Rows:
    """(id, due_on, left): money promised to the project, its stations or orders there that is neither paid nor back."""
    table: Any = CommitmentRow.__table__
    referral: Any = ReferralRow.__table__
    orders = select(referral.c.id).where(_in_scope(referral, scope))
    left = table.c.amount - table.c.paid - table.c.released
    query = select(table.c.id, cast(null(), Date).label("due_on"), left.label("left")).where(
        left > 0,
        or_(
            table.c.project_id == (scope.project_id or 0),
            table.c.station_id == _ids("stations", scope.station_ids),
            table.c.referral_id.in_(orders),
        ),
    )
    return await _asked(conn, viewer, "commitment", query.order_by(table.c.committed_on, table.c.id))


async def begun_evaluations(conn: AsyncConnection, viewer: Viewer, scope: Scope) -> Rows:
    """Evaluations of the stations that were not submitted; `due_on` null."""
    table: Any = EvaluationRow.__table__
    query = select(table.c.id, cast(null(), Date).label("due_on")).where(
        table.c.station_id == _ids("stations", scope.station_ids), table.c.status == "DRAFT"
    )
    return await _asked(conn, viewer, "evaluation", query.order_by(table.c.done_on, table.c.id))


async def overdue_milestones(conn: AsyncConnection, viewer: Viewer, scope: Scope, on: date) -> Rows:
    """Milestones there that were due before a day and are not done."""
    table: Any = MilestoneRow.__table__
    query = select(table.c.id, table.c.due_on).where(~table.c.done, table.c.due_on < on, _in_scope(table, scope))
    return await _asked(conn, viewer, "milestone", query.order_by(table.c.due_on, table.c.id))


# ------------------------------------------------------------------------------------------------ what ends


def _ending(row: Any, kind: str, since: date, until: date, viewer: Viewer, area_id: int | None) -> Any:
    table = row.__table__
    query = select(literal(kind).label("kind"), table.c.id, table.c.until_on.label("ends_on"), table.c.area_id).where(
        table.c.until_on.between(since, until), visible(table.name, table, shape(viewer))
    )
    if area_id is not None:
        area: Any = AreaRow.__table__.alias()
        inside = select(area.c.id).where(area.c.ancestor_ids.contains([area_id]))
        query = query.where(table.c.area_id.in_(inside))
    return query


def _renewed() -> Any:
    """An agreement that another of the same project and operator follows at once."""
    later = aliased(AgreementRow)
    return (
        select(later.id)
        .where(
            later.project_id == AgreementRow.project_id,
            later.operator_id == AgreementRow.operator_id,
            later.withdrawn_at.is_(None),
            later.until_on > AgreementRow.until_on,
            later.from_on <= AgreementRow.until_on + literal(timedelta(days=1)),
        )
        .exists()
    )


async def ending(conn: AsyncConnection, viewer: Viewer, area_id: int, since: date, until: date, limit: int) -> Rows:
    """(kind, id, ends_on) of what ends on these days in an area, the first to end first; at most `limit`.

    AGREEMENT (unless renewed), CONSENT (unless taken back), POST, POOL (the cycle of a pool of funds). One statement.
    """
    parts = [
        _ending(AgreementRow, "AGREEMENT", since, until, viewer, area_id).where(~_renewed()),
        _ending(ConsentRow, "CONSENT", since, until, viewer, area_id).where(ConsentRow.revoked_on.is_(None)),
        _ending(PostRow, "POST", since, until, viewer, area_id),
        _ending(FundPoolRow, "POOL", since, until, viewer, area_id),
    ]
    every = union_all(*parts).subquery()
    query = select(every.c.kind, every.c.id, every.c.ends_on).order_by(every.c.ends_on, every.c.kind, every.c.id)
    return (await conn.execute(query.limit(limit), values(viewer))).all()


async def agreements_to_tell(conn: AsyncConnection, today: date, last: date, above: int, limit: int) -> Rows:
    """(id, area_id, until_on) of agreements that end from a day to another, unrenewed and not told of; by id."""
    table: Any = AgreementRow.__table__
    notice: Any = NoticeRow.__table__
    told = (
        select(notice.c.id)
        .where(
            notice.c.entity == "agreement",
            notice.c.entity_id == table.c.id,
            notice.c.kind == "AGREEMENT_ENDS",
            notice.c.occasion == func.to_char(table.c.until_on, literal_column("'YYYY-MM-DD'")),
        )
        .exists()
    )
    query = (
        select(table.c.id, table.c.area_id, table.c.until_on)
        .where(table.c.withdrawn_at.is_(None), table.c.until_on.between(today, last), ~_renewed(), ~told)
        .where(table.c.id > above)
        .order_by(table.c.id)
        .limit(limit)
    )
    return (await conn.execute(query)).all()


# ------------------------------------------------------------------------------------------------ what hangs on little


async def townships(conn: AsyncConnection, area_id: int) -> list[int]:
    """Ids of the townships in an area (itself, where it is one), by code."""
    area: Any = AreaRow.__table__
    query = select(area.c.id).where(area.c.ancestor_ids.contains([area_id]), area.c.level == "TOWNSHIP")
    return [int(id) for id in (await conn.execute(query.order_by(area.c.code))).scalars()]


def _of_township(table: Any, area_id: int) -> tuple[Any, Any]:
    """(rows joined to the township they lie in, its id)."""
    place: Any = AreaRow.__table__.alias("place")
    town: Any = AreaRow.__table__.alias("town")
    joined = table.join(place, place.c.id == table.c.area_id).join(
        town, (town.c.id == any_(place.c.ancestor_ids)) & (town.c.level == "TOWNSHIP")
    )
    return joined, (town.c.id, place.c.ancestor_ids.contains([area_id]))


async def staff(conn: AsyncConnection, area_id: int, on: date) -> Rows:
    """(township_id, station_id, units, workers) of the stations of townships that work on a day, by id."""
    station: Any = StationRow.__table__
    post: Any = PostRow.__table__
    joined, (town, inside) = _of_township(station, area_id)
    working = (
        select(func.coalesce(func.sum(post.c.persons), 0))
        .where(post.c.station_id == station.c.id, post.c.kind.in_(WORKERS), _stands(PostRow, on))
        .scalar_subquery()
    )
    found = await conn.execute(
        select(town.label("township_id"), station.c.id.label("station_id"), station.c.units, working.label("workers"))
        .select_from(joined)
        .where(
            inside,
            station.c.tier == "STATION",
            station.c.withdrawn_at.is_(None),
            station.c.opened_on <= on,
            or_(station.c.closed_on.is_(None), station.c.closed_on >= on),
        )
        .order_by(station.c.id)
    )
    return found.all()


async def clients(conn: AsyncConnection, area_id: int) -> dict[int, int]:
    """How many client files stand in each township of an area."""
    client: Any = ClientRow.__table__
    joined, (town, inside) = _of_township(client, area_id)
    query = select(town, func.count()).select_from(joined).where(inside, client.c.withdrawn_at.is_(None)).group_by(town)
    return {row[0]: row[1] for row in await conn.execute(query)}


async def agreements_of_townships(conn: AsyncConnection, area_id: int, since: date, until: date) -> Rows:
    """(township_id, id, until_on): unrenewed agreements of projects that run stations of a township and end by then."""
    station: Any = StationRow.__table__
    agreement: Any = AgreementRow.__table__
    joined, (town, inside) = _of_township(station, area_id)
    found = await conn.execute(
        select(town.label("township_id"), agreement.c.id, agreement.c.until_on)
        .select_from(joined.join(agreement, agreement.c.project_id == station.c.project_id))
        .where(
            inside,
            station.c.withdrawn_at.is_(None),
            agreement.c.withdrawn_at.is_(None),
            agreement.c.until_on.between(since, until),
            ~_renewed(),
        )
        .distinct()
        .order_by(agreement.c.until_on, agreement.c.id)
    )
    return found.all()

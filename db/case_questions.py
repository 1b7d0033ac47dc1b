"""What acts ask of client files: who leads a case, whose need it is, which consents stand, who is due to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, bindparam, cast, func, literal, literal_column, or_, select, true
from sqlalchemy import Date as SqlDate
from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import AreaRow
from db.cases import (
    AssessmentRow,
    CaseFileRow,
    CaseNeedRow,
    CaseStepRow,
    ClientRow,
    ConsentRow,
    VisitPlanRow,
    VisitRow,
)
from db.viewer import Viewer
from db.visibility import areas_within, shape, values, visible


async def leads(conn: AsyncConnection, party_id: int, client_id: int) -> bool:
    """Whether a party is the worker of an open case of a client."""
    found = await conn.execute(
        select(CaseFileRow.id)
        .where(
            CaseFileRow.client_id == client_id,
            CaseFileRow.worker_id == party_id,
            CaseFileRow.closed_on.is_(None),
            CaseFileRow.withdrawn_at.is_(None),
        )
        .limit(1)
    )
    return found.first() is not None


async def client_of_need(conn: AsyncConnection, need_id: int) -> Any:
    """The client (id, area_id, county_id) of the case that a need belongs to, locked; None where there is none."""
    found = await conn.execute(
        select(ClientRow.id, ClientRow.area_id, ClientRow.county_id)
        .join(CaseFileRow, CaseFileRow.client_id == ClientRow.id)
        .join(CaseNeedRow, CaseNeedRow.case_file_id == CaseFileRow.id)
        .where(
            CaseNeedRow.need_id == need_id,
            CaseNeedRow.withdrawn_at.is_(None),
            CaseFileRow.withdrawn_at.is_(None),
            ClientRow.withdrawn_at.is_(None),
        )
        .with_for_update(of=ClientRow.__table__, key_share=True)
    )
    return found.first()


async def case_of_need(conn: AsyncConnection, need_id: int, but: int | None) -> int | None:
    """The case a need belongs to by another standing row than `but`."""
    query = select(CaseNeedRow.case_file_id).where(CaseNeedRow.need_id == need_id, CaseNeedRow.withdrawn_at.is_(None))
    if but is not None:
        query = query.where(CaseNeedRow.id != but)
    return (await conn.execute(query.limit(1))).scalar()


def _stands(purpose: str, on: date) -> tuple[ColumnElement[bool], ...]:
    """Conditions of a consent to a purpose that stands on a day."""
    return (
        ConsentRow.purpose == purpose,
        ConsentRow.withdrawn_at.is_(None),
        ConsentRow.revoked_on.is_(None),
        ConsentRow.given_on <= on,
        or_(ConsentRow.until_on.is_(None), ConsentRow.until_on >= on),
    )


async def shares(conn: AsyncConnection, client_id: int, party_id: int, on: date) -> bool:
    """Whether a consent stands by which a client may be shown to a party."""
    found = await conn.execute(
        select(ConsentRow.id)
        .join(ClientRow, ClientRow.id == ConsentRow.client_id)
        .where(
            ConsentRow.client_id == client_id,
            *_stands("SHARE", on),
            or_(ConsentRow.party_id.is_(None), ConsentRow.party_id == party_id),
            # Who was a child when it was given, and is no more, still stands behind what a guardian signed.
            or_(~ClientRow.is_minor, ConsentRow.given_by == "GUARDIAN"),
        )
        .limit(1)
    )
    return found.first() is not None


async def stores(
    conn: AsyncConnection, client_id: int, on: date, *, by_guardian: bool = False, but: int | None = None
) -> bool:
    """Whether a consent stands by which a client's identity may be stored, another than `but`."""
    query = select(ConsentRow.id).where(ConsentRow.client_id == client_id, *_stands("STORE", on))
    if by_guardian:
        query = query.where(ConsentRow.given_by == "GUARDIAN")
    if but is not None:
        query = query.where(ConsentRow.id != but)
    return (await conn.execute(query.limit(1))).first() is not None


async def latest_assessment(conn: AsyncConnection, client_id: int, but: int | None) -> Any:
    """(id, assessed_on, grade) of the last standing assessment of a client, but for one; None where there is none."""
    query = select(AssessmentRow.id, AssessmentRow.assessed_on, AssessmentRow.grade).where(
        AssessmentRow.client_id == client_id, AssessmentRow.withdrawn_at.is_(None)
    )
    if but is not None:
        query = query.where(AssessmentRow.id != but)
    return (
        await conn.execute(query.order_by(AssessmentRow.assessed_on.desc(), AssessmentRow.id.desc()).limit(1))
    ).first()


async def steps(conn: AsyncConnection, case_file_id: int) -> Sequence[Any]:
    """(id, step, done_on) of the standing steps of a case."""
    found = await conn.execute(
        select(CaseStepRow.id, CaseStepRow.step, CaseStepRow.done_on).where(
            CaseStepRow.case_file_id == case_file_id, CaseStepRow.withdrawn_at.is_(None)
        )
    )
    return found.all()


async def expiring(conn: AsyncConnection, viewer: Viewer, area_id: int, on: date, last: date, limit: int) -> list[int]:
    """Ids of consents in an area that stand on a day and end by another, the first to end first."""
    table: Any = ConsentRow.__table__
    query = (
        select(table.c.id)
        .where(
            visible("consent", table, shape(viewer)),
            table.c.area_id.in_(areas_within(literal(area_id))),
            table.c.revoked_on.is_(None),
            table.c.given_on <= on,
            table.c.until_on.between(on, last),
        )
        .order_by(table.c.until_on, table.c.id)
        .limit(limit)
    )
    return [int(id) for id in (await conn.execute(query, values(viewer))).scalars()]


async def overdue(
    conn: AsyncConnection, viewer: Viewer, area_id: int, on: date, limit: int
) -> tuple[int, Sequence[Any]]:
    """(how many, the latest first of at most `limit`): clients in an area who should have been seen before a day.

    (client_id, visit_plan_id, every_days, last_on, due_on) each. What counts is the client's own plan, else that of its
    grade in the nearest area; it is due so many days after the last visit, or after plan and file began. One statement.
    """
    client, plan, visit, area = (row.__table__.alias() for row in (ClientRow, VisitPlanRow, VisitRow, AreaRow))
    holds = (
        plan.c.withdrawn_at.is_(None),
        plan.c.from_on <= on,
        or_(plan.c.until_on.is_(None), plan.c.until_on >= on),
    )
    # Two look-ups by index; one with OR would read every plan for every client.
    columns = (plan.c.id, plan.c.every_days, plan.c.from_on)
    own = (
        select(*columns)
        .where(*holds, plan.c.client_id == client.c.id)
        .order_by(plan.c.from_on.desc(), plan.c.id.desc())
        .limit(1)
        .lateral("own")
    )
    graded = (
        select(*columns)
        .where(
            *holds,
            plan.c.client_id.is_(None),
            plan.c.grade == client.c.grade,
            plan.c.area_id == func.any(area.c.ancestor_ids),
        )
        .order_by(
            func.array_position(area.c.ancestor_ids, plan.c.area_id).desc(), plan.c.from_on.desc(), plan.c.id.desc()
        )
        .limit(1)
        .lateral("graded")
    )
    plan_id = func.coalesce(own.c.id, graded.c.id)
    every_days = func.coalesce(own.c.every_days, graded.c.every_days)
    from_on = func.coalesce(own.c.from_on, graded.c.from_on)
    seen = (
        select(func.max(visit.c.visited_on).label("last_on"))
        .where(visit.c.client_id == client.c.id, visit.c.withdrawn_at.is_(None), visit.c.visited_on <= on)
        .lateral("seen")
    )
    began = func.greatest(from_on, client.c.opened_on)
    due = cast(func.coalesce(seen.c.last_on, began) + every_days, SqlDate)
    found = (
        select(
            client.c.id.label("client_id"),
            plan_id.label("visit_plan_id"),
            every_days.label("every_days"),
            seen.c.last_on,
            due.label("due_on"),
            func.count().over().label("total"),
        )
        .select_from(
            client.join(area, area.c.id == client.c.area_id)
            .outerjoin(own, true())
            .outerjoin(graded, true())
            .join(seen, true())
        )
        .where(
            visible("client", client, shape(viewer)),
            area.c.ancestor_ids.contains([area_id]),
            plan_id.is_not(None),
            due < bindparam("today", on, SqlDate),
        )
        .order_by(literal_column("due_on"), client.c.id)
        .limit(limit)
    )
    rows = (await conn.execute(found, values(viewer))).all()
    return (rows[0].total if rows else 0), rows

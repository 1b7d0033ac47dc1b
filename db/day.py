"""The figures of a coordinator's day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, DateTime, Integer, Text, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.needs import NeedRow
from db.referrals import ReferralRow
from db.viewer import Viewer
from db.visibility import areas_within, shape, values, visible


@dataclass(frozen=True, slots=True)
class Figures:
    """How many there are of each list, of needs by status, and when what comes next is due (None: nothing is)."""

    waiting: int
    overdue: int
    to_follow_up: int
    closed: int
    needs: dict[str, int]
    next_due_at: datetime | None


async def figures(
    conn: AsyncConnection, viewer: Viewer, area_id: int, *, is_county: bool, now: datetime, month: datetime
) -> Figures:
    """Of what the viewer may see in or below an area; `month` is when the month began. Three statements.

    Those that wait are counted from the index of what is awaited, those closed from the index of the month: a county's
    years of closed referrals are not read.
    """
    referral, need, who = ReferralRow.__table__, NeedRow.__table__, shape(viewer)
    place = {"day_area": area_id}

    def inside(column: ColumnElement[int], county: ColumnElement[int]) -> ColumnElement[bool]:
        own = bindparam("day_area", type_=Integer)
        found: ColumnElement[bool] = county == own if is_county else column.in_(areas_within(own))
        return found

    at = bindparam("day_now", type_=DateTime(timezone=True))
    awaited = select(
        func.count().filter(referral.c.status == "REQUESTED"),
        func.count().filter(referral.c.due_at < at),
        func.count().filter(referral.c.status.in_(("COMPLETED", "FAILED"))),
        func.min(referral.c.due_at).filter(referral.c.due_at >= at),
    ).where(
        referral.c.awaited,
        inside(referral.c.area_id, referral.c.county_id),
        visible("referral", referral, who),
    )
    closed = select(func.count()).where(
        and_(
            referral.c.closed_at >= bindparam("day_month", type_=DateTime(timezone=True)),
            inside(referral.c.area_id, referral.c.county_id),
            visible("referral", referral, who),
        )
    )
    by_status = (
        select(need.c.status.cast(Text), func.count())
        .where(inside(need.c.area_id, need.c.county_id), visible("need", need, who))
        .group_by(need.c.status)
    )
    seen = values(viewer)
    waiting, overdue, to_follow_up, next_due_at = (await conn.execute(awaited, {**seen, **place, "day_now": now})).one()
    done = (await conn.execute(closed, {**seen, **place, "day_month": month})).scalar_one()
    counted = (await conn.execute(by_status, {**seen, **place})).all()
    return Figures(waiting, overdue, to_follow_up, int(done), {row[0]: row[1] for row in counted}, next_due_at)

"""Track records: how a provider's orders came out, as one number that the score of its offers weighs.

    record = (good + PRIOR / 2) / (weight + PRIOR)      over the referrals closed in the last `DAYS`

Each closed referral counts with a weight, and with how much of it was good, in hundredths of an order:

    COMPLETED                        weight 100, good 100 x delivered / ordered
    COMPLETED, but late              weight 100, good  50 x delivered / ordered
    FAILED for want of help          weight 100, good   0      (outcome NO_CAPACITY or COULD_NOT_GET_HELP)
    lapsed: nobody answered          weight 100, good   0      (released by the system)
    accepted, then the offer was
    withdrawn                        weight  50, good   0
    REJECTED                         weight  25, good   0      (a quick no is worth more than silence)

Late is what was handed upward while it was awaited, or closed after the day the need was needed by. What was not the
provider's doing does not count: cancelled by the other side, the client declined or was not reached, ordered twice.

`PRIOR` is Laplace's: as if every provider had one good and one bad order before, so that a newcomer stands at a half,
one order moves little and nobody ever reaches 0 or 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

import db.offers
import db.parties  # noqa: F401  (their tables are named below)
from db.base import Base
from db.events import EventRow
from db.needs import NeedRow
from db.referrals import ReferralRow
from db.terms import TermRow

WHOLE = 10_000
#: Hundredths of an order.
PRIOR = 200
#: Two years: whoever has mended his ways is not held to what was long ago.
DAYS = 730
ORDER, LATE, BROKEN, REJECTED = 100, 50, 50, 25
WANT_OF_HELP = ("NO_CAPACITY", "COULD_NOT_GET_HELP")
NOT_THE_PROVIDER = ("CLIENT_DECLINED", "DUPLICATE")
#: Dates are those of the county office.
COUNTY_TIME = "Asia/Shanghai"


def _counted(since: ColumnElement[datetime]) -> Any:
    """(provider_id, weight, good): sums over the referrals of each provider, in hundredths of an order."""
    r, need = ReferralRow.__table__, NeedRow.__table__
    reason, outcome = TermRow.__table__.alias("reason"), TermRow.__table__.alias("outcome")
    handed_up = exists().where(
        EventRow.entity == "referral",
        EventRow.entity_id == r.c.id,
        EventRow.kind == "referral.escalated",
        EventRow.at <= r.c.closed_at,
    )
    late = handed_up | (cast(func.timezone(COUNTY_TIME, r.c.closed_at), Date) > need.c.needed_by)
    share = case((late, LATE), else_=ORDER) * r.c.delivered / r.c.quantity
    weight = case(
        (r.c.status == "COMPLETED", ORDER),
        (r.c.status == "FAILED", case((outcome.c.code.in_(WANT_OF_HELP), ORDER), else_=0)),
        (r.c.status == "REJECTED", case((reason.c.code.in_(NOT_THE_PROVIDER), 0), else_=REJECTED)),
        ((r.c.status == "CANCELLED") & (r.c.closed_by == "SYSTEM") & (reason.c.code == "NO_ANSWER"), ORDER),
        (
            (r.c.status == "CANCELLED") & r.c.accepted_at.is_not(None) & (reason.c.code == "OFFER_WITHDRAWN"),
            BROKEN,
        ),
        else_=0,
    )
    return (
        select(
            r.c.provider_id,
            func.sum(weight).label("weight"),
            func.sum(case((r.c.status == "COMPLETED", share), else_=0)).label("good"),
        )
        .select_from(
            r.join(need, need.c.id == r.c.need_id)
            .outerjoin(reason, reason.c.id == r.c.reason_id)
            .outerjoin(outcome, outcome.c.id == r.c.outcome_id)
        )
        .where(r.c.closed_at >= since)
        .group_by(r.c.provider_id)
        .cte("counted")
    )


async def count(conn: AsyncConnection, now: datetime) -> list[int]:
    """Brings the record of every party up to date, and its copy in its offers; ids of the offers that changed.

    Parties, then offers are locked in order of id, only those that change. O(referrals closed in the last `DAYS`).
    """
    party = Base.metadata.tables["party"]
    counted = _counted(bindparam("since", type_=DateTime(timezone=True)))
    record = WHOLE * (func.coalesce(counted.c.good, 0) + PRIOR // 2) / (func.coalesce(counted.c.weight, 0) + PRIOR)
    fresh = (
        select(party.c.id, cast(record, Integer).label("record"))
        .select_from(party.outerjoin(counted, counted.c.provider_id == party.c.id))
        .where(party.c.track_record != cast(record, Integer))
        .order_by(party.c.id)
        .with_for_update(of=party, key_share=True)
        .cte("fresh")
    )
    changed = await conn.execute(
        update(party).where(party.c.id == fresh.c.id).values(track_record=fresh.c.record).returning(party.c.id),
        {"since": now - timedelta(days=DAYS)},
    )
    ids = list(changed.scalars())
    return await copy(conn, provider_ids=ids) if ids else []


async def copy(conn: AsyncConnection, *, provider_ids: Sequence[int]) -> list[int]:
    """Copies the records of these parties into their offers; ids of the offers that changed."""
    party, offer = Base.metadata.tables["party"], Base.metadata.tables["offer"]
    behind = (
        select(offer.c.id, party.c.track_record)
        .join(party, party.c.id == offer.c.provider_id)
        .where(
            offer.c.provider_id == any_(bindparam("providers", list(provider_ids), ARRAY(BigInteger))),
            offer.c.track_record != party.c.track_record,
        )
        .order_by(offer.c.id)
        .with_for_update(of=offer, key_share=True)
        .cte("behind")
    )
    changed = await conn.execute(
        update(offer).where(offer.c.id == behind.c.id).values(track_record=behind.c.track_record).returning(offer.c.id)
    )
    return list(changed.scalars())

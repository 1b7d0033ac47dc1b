"""What time brings, as sets of rows: referrals that are overdue or soon due, offers nobody confirmed for long.

A referral is at the top when nobody above can be asked any more: its owner is its county (or it has none), and it was
handed upward, or its coordinators were reminded, at least once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from db.notices import NoticeRow
from db.offers import OfferRow
from db.parties import PartyRow
from db.referrals import ReferralRow

Rows = Sequence[Any]

_R = ReferralRow.__table__
_N = NoticeRow.__table__
_top: ColumnElement[bool] = and_(
    or_(_R.c.county_id.is_(None), _R.c.owner_area_id == _R.c.county_id), _R.c.escalations > 0
)


def _overdue(now: datetime) -> ColumnElement[bool]:
    return and_(_R.c.awaited, _R.c.due_at < now)


async def to_hand_up(conn: AsyncConnection, now: datetime, limit: int) -> Rows:
    """Overdue referrals that are not at the top, locked, whole rows; those somebody else works on are passed over."""
    found = await conn.execute(
        select(_R)
        .where(_overdue(now), ~_top)
        .order_by(_R.c.due_at, _R.c.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return found.all()


async def hand_up(conn: AsyncConnection, moves: Mapping[int, tuple[int, datetime]], at: datetime) -> None:
    """Gives locked referrals a new owner and a new due time: {id: (owner_area_id, due_at)}."""
    change = select(
        func.unnest(bindparam("ids", list(moves), ARRAY(BigInteger))).label("id"),
        func.unnest(bindparam("owners", [one for one, _ in moves.values()], ARRAY(Integer))).label("owner"),
        func.unnest(bindparam("dues", [one for _, one in moves.values()], ARRAY(DateTime(timezone=True)))).label("due"),
    ).subquery()
    await conn.execute(
        update(ReferralRow)
        .where(ReferralRow.id == change.c.id)
        .values(
            owner_area_id=change.c.owner,
            due_at=change.c.due,
            escalations=ReferralRow.escalations + 1,
            updated_at=at,
        )
    )


async def to_release(conn: AsyncConnection, now: datetime, statuses: Sequence[str], limit: int) -> Rows:
    """Overdue referrals at the top of these statuses, the longest overdue first; nothing is locked."""
    found = await conn.execute(
        select(_R).where(_overdue(now), _top, _R.c.status.in_(statuses)).order_by(_R.c.due_at, _R.c.id).limit(limit)
    )
    return found.all()


async def to_remind(
    conn: AsyncConnection, now: datetime, released: Sequence[str], quiet_since: datetime, after: int, limit: int
) -> Rows:
    """Overdue referrals at the top that stay there, by id above `after`, with `reminded_at` of the last OVERDUE notice.

    Statuses that are `released` instead are left out, and those which a notice was made after `quiet_since`.
    """
    of_it = and_(_N.c.entity == "referral", _N.c.entity_id == _R.c.id, _N.c.kind == "OVERDUE")
    last = select(func.max(_N.c.created_at)).where(of_it).scalar_subquery()
    found = await conn.execute(
        select(*_R.c, last.label("reminded_at"))
        .where(
            _overdue(now),
            _top,
            _R.c.status.not_in(released),
            _R.c.id > after,
            ~exists().where(of_it, _N.c.created_at > quiet_since),
        )
        .order_by(_R.c.id)
        .limit(limit)
    )
    return found.all()


async def soon_due(
    conn: AsyncConnection, *, after: datetime, until: datetime, moved_before: datetime, above: int, limit: int
) -> Rows:
    """Referrals due in (after, until] that did not move since `moved_before` and of whose due time nobody was told.

    By id above `above`; the occasion of such a notice is `occasion(due_at)`.
    """
    told = exists().where(
        _N.c.entity == "referral",
        _N.c.entity_id == _R.c.id,
        _N.c.kind == "DUE_TOMORROW",
        _N.c.occasion == cast(func.floor(func.extract("epoch", _R.c.due_at)).cast(BigInteger), Text),
    )
    found = await conn.execute(
        select(_R)
        .where(
            _R.c.awaited,
            _R.c.due_at > after,
            _R.c.due_at <= until,
            _R.c.updated_at < moved_before,
            _R.c.id > above,
            ~told,
        )
        .order_by(_R.c.id)
        .limit(limit)
    )
    return found.all()


def occasion(due_at: datetime) -> str:
    """What tells a due time from another of the same referral: its second."""
    return str(int(due_at.timestamp()))


async def unconfirmed(
    conn: AsyncConnection, *, before: datetime, asked_before: datetime, today: date, above: int, limit: int
) -> Rows:
    """(provider_id, offer_ids, last) of providers with active offers not confirmed since `before`, by id above `above`.

    Those that were asked after `asked_before` are left out. `offer_ids` run from the longest unconfirmed, `last` is the
    id of the last such notice or null.
    """
    offer, party = OfferRow.__table__, PartyRow.__table__
    asked = and_(_N.c.party_id == party.c.id, _N.c.kind == "STILL_TRUE")
    last = select(func.max(_N.c.id)).where(asked).correlate(party).scalar_subquery()
    found = await conn.execute(
        select(
            party.c.id.label("provider_id"),
            func.array_agg(aggregate_order_by(offer.c.id, offer.c.confirmed_at, offer.c.id)).label("offer_ids"),
            last.label("last"),
        )
        .select_from(offer.join(party, party.c.id == offer.c.provider_id))
        .where(
            offer.c.status == "ACTIVE",
            offer.c.confirmed_at < before,
            or_(offer.c.available_until.is_(None), offer.c.available_until >= today),
            party.c.id > above,
            ~exists().where(asked, _N.c.created_at > asked_before),
        )
        .group_by(party.c.id)
        .order_by(party.c.id)
        .limit(limit)
    )
    return found.all()

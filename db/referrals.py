"""Referrals: so much of an offer, promised to a need, from the order to the follow-up; and what they hold.

`held` is what a referral takes of its offer and of its need: its quantity while it stands, what was delivered once it
is COMPLETED, nothing otherwise. So `offer.committed` and `need.committed` are the sums of `held`; they are changed in
the same transaction. Rows are locked in one order everywhere, so that no two acts wait for each other: offers by id,
then needs by id, then referrals by id (and only then the trees of `db.matches`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Row,
    SmallInteger,
    Text,
    any_,
    bindparam,
    case,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.needs
import db.offers
import db.plans  # noqa: F401  (their tables are pointed at below)
from db.base import NEED_STATUS, PRIORITY, REFERRAL_SIDE, REFERRAL_STATUS, Base, now_column, primary_key

#: Statuses in which a referral holds all of its quantity.
STANDING = ("REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD")
#: Levels of the area whose coordinator answers for a referral, from the first to the last.
LEVELS = ("VILLAGE", "TOWNSHIP", "COUNTY")


class ReferralRow(Base):
    __tablename__ = "referral"

    id: Mapped[int] = primary_key()
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    #: Copied from the need and the offer: whose list it stands in, which area's, and what is asked for.
    community_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    resource_type_id: Mapped[int] = mapped_column(ForeignKey("resource_type.id"))
    priority: Mapped[str] = mapped_column(PRIORITY)
    #: The approved plan it carries out, if any.
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    #: Whether a party took it itself from the open list (接单) instead of being asked (点单).
    taken: Mapped[bool] = mapped_column(Boolean, server_default="false")
    quantity: Mapped[int] = mapped_column(Integer)
    held: Mapped[int] = mapped_column(Integer)
    #: Null until it is COMPLETED.
    delivered: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(REFERRAL_STATUS, server_default="REQUESTED")
    #: Why it was rejected, put on hold or cancelled; what came of it.
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    note: Mapped[str | None] = mapped_column(Text)
    #: When what comes next is due, and whether it is still awaited (a closed and followed up one waits for nothing).
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    awaited: Mapped[bool] = mapped_column(Boolean, server_default="true")
    #: The area whose coordinator answers for it now; how often it was handed upward since it last moved.
    owner_area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    escalations: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    requested_at: Mapped[datetime] = now_column()
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by: Mapped[str | None] = mapped_column(REFERRAL_SIDE)
    followed_up_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = now_column()
    #: [{status, at, note, side, reason_zh, reason_en}], the oldest first: what `ReferralEvent` shows.
    history: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint(
            "CASE WHEN status IN ('REQUESTED', 'ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') THEN held = quantity"
            " WHEN status = 'COMPLETED' THEN held = delivered AND delivered BETWEEN 1 AND quantity"
            " ELSE held = 0 AND delivered IS NULL END",
            name="held_as_status_says",
        ),
        Index("ix_referral_need", "need_id", "id"),
        Index("ix_referral_offer", "offer_id", "id"),
        Index("ix_referral_community", "community_id", "id"),
        Index("ix_referral_provider", "provider_id", text("awaited DESC"), "due_at", "id"),
        Index("ix_referral_county", "county_id", text("awaited DESC"), "due_at", "id"),
        Index("ix_referral_order", text("awaited DESC"), "due_at", "id"),
        Index("ix_referral_plan", "plan_id", postgresql_where=text("plan_id IS NOT NULL")),
        Index("ix_referral_awaited", "due_at", "id", postgresql_where=text("awaited")),
    )


class FollowUpRow(Base):
    """One call back (回访) after a referral was closed."""

    __tablename__ = "follow_up"

    id: Mapped[int] = primary_key()
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), index=True)
    at: Mapped[datetime] = now_column()
    #: False: nobody was reached; it stays to be done.
    reached: Mapped[bool] = mapped_column(Boolean, server_default="true")
    #: 1 (not at all) .. 5 (very).
    satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    #: What is still missing, in words; null where nothing is.
    further_need: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    side: Mapped[str] = mapped_column(REFERRAL_SIDE)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction_from_1_to_5"),
        CheckConstraint("NOT reached OR satisfaction IS NOT NULL", name="reached_says_how_satisfied"),
    )


_TABLE = Base.metadata.tables


def _ids(ids: Collection[int]) -> Any:
    return any_(bindparam("ids", list(ids), ARRAY(BigInteger)))


async def lock(conn: AsyncConnection, name: str, ids: Collection[int]) -> dict[int, Row[Any]]:
    """Whole rows of "offer", "need" or "referral" by id, locked in order of id to the end of the transaction."""
    table = _TABLE[name]
    query = select(table).where(table.c.id == _ids(ids)).order_by(table.c.id).with_for_update(key_share=True)
    return {row.id: row for row in await conn.execute(query)}


async def standing(
    conn: AsyncConnection, *, offer_id: int | None = None, need_id: int | None = None
) -> Sequence[Row[Any]]:
    """Referrals of an offer or a need that still stand (`STANDING`), whole rows in order of id; nothing is locked."""
    table = _TABLE["referral"]
    query = select(table).where(table.c.status.in_(STANDING)).order_by(table.c.id)
    if offer_id is not None:
        query = query.where(table.c.offer_id == offer_id)
    if need_id is not None:
        query = query.where(table.c.need_id == need_id)
    return (await conn.execute(query)).all()


async def held_by_pair(conn: AsyncConnection, need_id: int, offer_id: int) -> int:
    """What all referrals of an offer to a need hold together."""
    found = await conn.execute(
        select(func.coalesce(func.sum(ReferralRow.held), 0)).where(
            ReferralRow.need_id == need_id, ReferralRow.offer_id == offer_id
        )
    )
    return int(found.scalar_one())


async def add(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Inserts referrals; their ids in the order given. The ledger is kept by `hold`."""
    made = await conn.execute(
        insert(ReferralRow).returning(ReferralRow.id, sort_by_parameter_order=True), [dict(row) for row in rows]
    )
    return [int(id) for id in made.scalars()]


async def move(conn: AsyncConnection, id: int, values: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    """Sets columns of a locked referral and appends an entry to its history."""
    table = _TABLE["referral"]
    appended = table.c.history.op("||")(bindparam("entry", [dict(entry)], JSONB))
    await conn.execute(update(table).where(table.c.id == id).values(**values, history=appended))


async def hold(
    conn: AsyncConnection,
    at: datetime,
    *,
    offers: Mapping[int, int] | None = None,
    needs: Mapping[int, tuple[int, int]] | None = None,
) -> tuple[dict[int, Row[Any]], dict[int, Row[Any]]]:
    """Adds to the ledger of locked rows: `committed` of offers by id, (`committed`, `delivered`) of needs by id.

    A need whose quantity is all delivered becomes MET, an OPEN or MET one of which something is missing OPEN. Returns
    what the rows say now: offers (id, area_id, committed), needs (id, area_id, committed, delivered, status). The
    CHECK constraints refuse what would promise more than there is.
    """
    offer_rows: dict[int, Row[Any]] = {}
    need_rows: dict[int, Row[Any]] = {}
    if offers:
        offer = _TABLE["offer"]
        change = select(
            func.unnest(bindparam("ids", list(offers), ARRAY(BigInteger))).label("id"),
            func.unnest(bindparam("committed", list(offers.values()), ARRAY(Integer))).label("committed"),
        ).subquery()
        found = await conn.execute(
            update(offer)
            .where(offer.c.id == change.c.id)
            .values(committed=offer.c.committed + change.c.committed, updated_at=at)
            .returning(offer.c.id, offer.c.area_id, offer.c.committed)
        )
        offer_rows = {row.id: row for row in found}
    if needs:
        need = _TABLE["need"]
        change = select(
            func.unnest(bindparam("ids", list(needs), ARRAY(BigInteger))).label("id"),
            func.unnest(bindparam("committed", [one for one, _ in needs.values()], ARRAY(Integer))).label("committed"),
            func.unnest(bindparam("delivered", [one for _, one in needs.values()], ARRAY(Integer))).label("delivered"),
        ).subquery()
        delivered = need.c.delivered + change.c.delivered
        open_or_met = case((delivered >= need.c.quantity, "MET"), else_="OPEN").cast(NEED_STATUS)
        found = await conn.execute(
            update(need)
            .where(need.c.id == change.c.id)
            .values(
                committed=need.c.committed + change.c.committed,
                delivered=delivered,
                status=case((need.c.status.in_(("OPEN", "MET")), open_or_met), else_=need.c.status),
                updated_at=at,
            )
            .returning(need.c.id, need.c.area_id, need.c.committed, need.c.delivered, need.c.status)
        )
        need_rows = {row.id: row for row in found}
    return offer_rows, need_rows


async def unfollowed(conn: AsyncConnection, need_id: int) -> int:
    """How many completed referrals of a need still wait for their follow-up."""
    found = await conn.execute(
        select(func.count()).where(
            ReferralRow.need_id == need_id, ReferralRow.status == "COMPLETED", ReferralRow.followed_up_at.is_(None)
        )
    )
    return int(found.scalar_one())


async def add_follow_up(conn: AsyncConnection, row: Mapping[str, Any]) -> int:
    made = await conn.execute(insert(FollowUpRow).values(**row).returning(FollowUpRow.id))
    return int(made.scalar_one())

"""Referrals: so much of an offer, promised to a need, from the order to the follow-up; and what they hold.

`held` is what a referral takes of its offer and of its need: its quantity while it stands, what was delivered once it
is COMPLETED, nothing otherwise. So `offer.committed` and `need.committed` are the sums of `held`; they are changed in
the same transaction. Rows are locked in one order everywhere, so that no two acts wait for each other: offers by id,
then needs by id, then referrals by id (and only then the trees of `db.matches`).
"""

from __future__ import annotations

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
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

import db.needs
import db.offers
import db.plans  # noqa: F401  (their tables are pointed at below)
from db.base import PRIORITY, REFERRAL_SIDE, REFERRAL_STATUS, Base, now_column, primary_key

#: Statuses in which a referral holds all of its quantity.
STANDING = ("REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD")
#: Levels of the area whose coordinator answers for a referral, from the first to the last.
LEVELS = ("VILLAGE", "TOWNSHIP", "COUNTY")


class ReferralRow(Base):
    __tablename__ = "referral"

    id: Mapped[int] = primary_key()
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    #: Copied from the need and the offer: whose list it stands in, and which area's.
    community_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
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

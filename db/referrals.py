"""Referrals: so much of an offer, promised to a need, from the order to the follow-up; and what they hold.

`held` is what a referral takes of its offer and of its need: its quantity while it stands, what was delivered once it
is COMPLETED, nothing otherwise. So `offer.committed` and `need.committed` are the sums of `held`; they are changed in
the same transaction. Rows are locked in one order everywhere, so that no two acts wait for each other: offers by id,
then needs by id, then referrals by id (and only then the trees of `db.matches`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
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
    any_,
    bindparam,
    func,
    insert,
    or_,
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
from db.base import PRIORITY, REFERRAL_SIDE, REFERRAL_STATUS, Base, now_column, primary_key
from db.matches import TREE_LOCK
from db.prepared import Prepared

#: Statuses in which a referral holds all of its quantity.
STANDING = ("REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD")


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
    owner_area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
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
        Index(
            "ix_referral_closed",
            "county_id",
            text("closed_at DESC"),
            text("id DESC"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
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
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_REFERRAL: Any = ReferralRow.__table__
_NEED, _OFFER = _TABLE["need"], _TABLE["offer"]


def _locking(table: Any) -> Prepared:
    query = select(table).where(table.c.id == any_(_IDS)).order_by(table.c.id).with_for_update(key_share=True)
    return Prepared(query, writes=False)


_LOCK = {name: _locking(_TABLE[name]) for name in ("offer", "need", "referral")}


async def lock(conn: AsyncConnection, name: str, ids: Collection[int]) -> dict[int, Any]:
    """Whole rows of "offer", "need" or "referral" by id, locked in order of id to the end of the transaction."""
    return {row.id: row for row in await _LOCK[name].fetch(conn, ids=list(ids))}


_LOCK_WITH_NEED = Prepared(
    select(_REFERRAL)
    .select_from(_NEED.join(_REFERRAL, _REFERRAL.c.need_id == _NEED.c.id))
    .where(_REFERRAL.c.id == bindparam("of_id", type_=BigInteger))
    .with_for_update(key_share=True, of=[_NEED, _REFERRAL]),
    writes=False,
)


async def lock_with_need(conn: AsyncConnection, id: int) -> Any:
    """A referral's whole row, its need locked first, then itself. One statement."""
    return await _LOCK_WITH_NEED.first(conn, of_id=id)


def _standing(column: Any) -> Prepared:
    query = select(_REFERRAL).where(
        column == bindparam("of_id", type_=BigInteger), or_(*(_REFERRAL.c.status == one for one in STANDING))
    )
    return Prepared(query.order_by(_REFERRAL.c.id), writes=False)


_OF_OFFER, _OF_NEED = _standing(_REFERRAL.c.offer_id), _standing(_REFERRAL.c.need_id)


async def standing(conn: AsyncConnection, *, offer_id: int | None = None, need_id: int | None = None) -> Sequence[Any]:
    """Referrals of an offer or else a need that still stand (`STANDING`), whole rows in order of id, not locked."""
    if offer_id is not None:
        return await _OF_OFFER.fetch(conn, of_id=offer_id)
    return await _OF_NEED.fetch(conn, of_id=need_id)


_HELD_BY_PAIR = Prepared(
    select(func.coalesce(func.sum(_REFERRAL.c.held), text("0")).label("held")).where(
        _REFERRAL.c.need_id == bindparam("of_need", type_=BigInteger),
        _REFERRAL.c.offer_id == bindparam("of_offer", type_=BigInteger),
    ),
    writes=False,
)


async def held_by_pair(conn: AsyncConnection, need_id: int, offer_id: int) -> int:
    """What all referrals of an offer to a need hold together."""
    return int((await _HELD_BY_PAIR.first(conn, of_need=need_id, of_offer=offer_id)).held)


#: More rows than this go as one statement of SQLAlchemy's.
ONE_BY_ONE = 5
_ADDED = (
    *("need_id", "offer_id", "community_id", "provider_id", "area_id", "county_id", "resource_type_id", "priority"),
    *("plan_id", "taken", "quantity", "held", "status", "note", "due_at", "owner_area_id", "requested_at"),
    *("accepted_at", "updated_at", "history"),
)
_ADD = Prepared(
    insert(_REFERRAL)
    .values({name: bindparam(name, type_=_REFERRAL.c[name].type) for name in _ADDED})
    .returning(_REFERRAL.c.id),
    json=("history",),
)


async def add(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Inserts referrals; their ids in the order given. The ledger is kept by `hold`."""
    if len(rows) <= ONE_BY_ONE:
        return [int((await _ADD.first(conn, **row)).id) for row in rows]
    made = await conn.execute(
        insert(ReferralRow).returning(ReferralRow.id, sort_by_parameter_order=True), [dict(row) for row in rows]
    )
    return [int(id) for id in made.scalars()]


@lru_cache(maxsize=200)
def _move(names: tuple[str, ...]) -> Prepared:
    """A step sets the same columns whenever it is taken."""
    table = _REFERRAL
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    values["history"] = table.c.history.op("||")(bindparam("entry", type_=JSONB))
    return Prepared(
        update(table).where(table.c.id == bindparam("moved_id", type_=BigInteger)).values(values), json=("entry",)
    )


async def move(conn: AsyncConnection, id: int, values: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    """Sets columns of a locked referral and appends an entry to its history."""
    given = {f"new_{name}": value for name, value in values.items()}
    await _move(tuple(sorted(values))).fetch(conn, moved_id=id, entry=[dict(entry)], **given)


#: All that a referral changes of the ledger, and the turn in the trees of matches, in one statement.
_HOLD = Prepared(
    text(
        """
        WITH turn AS (
            SELECT pg_advisory_xact_lock(:tree_lock, root) FROM unnest(:roots) AS roots (root)
        ), held_offer AS (
            UPDATE offer o SET committed = o.committed + change.committed, updated_at = :at
            FROM unnest(:offer_ids, :offers_committed) AS change (id, committed) WHERE o.id = change.id
            RETURNING o.id, o.area_id, o.committed
        ), held_need AS (
            UPDATE need n SET committed = n.committed + change.committed, delivered = n.delivered + change.delivered,
                status = CASE WHEN n.status NOT IN ('OPEN', 'MET') THEN n.status
                    WHEN n.delivered + change.delivered >= n.quantity THEN 'MET'::need_status
                    ELSE 'OPEN'::need_status END, updated_at = :at
            FROM unnest(:need_ids, :needs_committed, :needs_delivered) AS change (id, committed, delivered)
            WHERE n.id = change.id
            RETURNING n.id, n.area_id, n.committed, n.delivered, n.status::text
        )
        SELECT true AS is_offer, id, area_id, committed, 0 AS delivered, '' AS status FROM held_offer
        UNION ALL SELECT false, id, area_id, committed, delivered, status FROM held_need
        UNION ALL SELECT NULL, 0, 0, 0, 0, '' FROM turn
        """
    ).bindparams(
        bindparam("tree_lock", type_=Integer),
        bindparam("at", type_=DateTime(timezone=True)),
        *(bindparam(name, type_=ARRAY(BigInteger)) for name in ("offer_ids", "need_ids")),
        *(
            bindparam(name, type_=ARRAY(Integer))
            for name in ("roots", "offers_committed", "needs_committed", "needs_delivered")
        ),
    )
)


async def hold(
    conn: AsyncConnection,
    at: datetime,
    *,
    offers: Mapping[int, int],
    needs: Mapping[int, tuple[int, int]],
    roots: Collection[int] = (),
) -> tuple[dict[int, Any], dict[int, Any]]:
    """Adds to the ledger of locked rows: `committed` of offers by id, (`committed`, `delivered`) of needs by id.

    A need whose quantity is all delivered becomes MET, an OPEN or MET one of which something is missing OPEN. Returns
    what the rows say now: offers (id, area_id, committed), needs (id, area_id, committed, delivered, status). The
    CHECK constraints refuse what would promise more than there is. The trees of resource types `roots` are locked
    beside it, as `db.matches.lock_trees` does.
    """
    rows = await _HOLD.fetch(
        conn,
        at=at,
        tree_lock=TREE_LOCK,
        roots=sorted(roots),
        offer_ids=list(offers),
        offers_committed=list(offers.values()),
        need_ids=list(needs),
        needs_committed=[committed for committed, _ in needs.values()],
        needs_delivered=[delivered for _, delivered in needs.values()],
    )
    return {row.id: row for row in rows if row.is_offer}, {row.id: row for row in rows if row.is_offer is False}


_UNFOLLOWED = Prepared(
    select(func.count().label("number")).where(
        _REFERRAL.c.need_id == bindparam("of_need", type_=BigInteger),
        _REFERRAL.c.status == "COMPLETED",
        _REFERRAL.c.followed_up_at.is_(None),
    ),
    writes=False,
)


async def unfollowed(conn: AsyncConnection, need_id: int) -> int:
    """How many completed referrals of a need still wait for their follow-up."""
    return int((await _UNFOLLOWED.first(conn, of_need=need_id)).number)


async def add_follow_up(conn: AsyncConnection, row: Mapping[str, Any]) -> int:
    made = await conn.execute(insert(FollowUpRow).values(**row).returning(FollowUpRow.id))
    return int(made.scalar_one())

"""Offers: what a party can give, where, to whom, until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    any_,
    bindparam,
    insert,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.base import OFFER_STATUS, Base, Ids, ids_column, now_column, primary_key
from db.parties import PartyRow


class OfferRow(Base):
    __tablename__ = "offer"

    id: Mapped[int] = primary_key()
    title: Mapped[str] = mapped_column(Text)
    provider_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    #: The provider's area and county, copied.
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    resource_type_id: Mapped[int] = mapped_column(ForeignKey("resource_type.id"))
    capacity: Mapped[int] = mapped_column(Integer)
    committed: Mapped[int] = mapped_column(Integer, server_default="0")
    available: Mapped[int] = mapped_column(Integer, Computed("capacity - committed", persisted=True))
    #: Serves these areas and all below them.
    coverage_ids: Ids = ids_column()
    #: Serves only these client groups and those below; empty: everyone.
    client_group_ids: Ids = ids_column()
    minimum_per_need: Mapped[int] = mapped_column(Integer, server_default="1")
    maximum_per_need: Mapped[int | None] = mapped_column(Integer)
    available_from: Mapped[date | None] = mapped_column(Date)
    available_until: Mapped[date | None] = mapped_column(Date)
    earmark_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    status: Mapped[str] = mapped_column(OFFER_STATUS, server_default="ACTIVE")
    confirmed_at: Mapped[datetime] = now_column()
    #: The provider's, copied, so that the statements that read offers by the thousand need no join.
    track_record: Mapped[int] = mapped_column(SmallInteger, server_default="5000")
    reference: Mapped[str | None] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = now_column()
    updated_at: Mapped[datetime] = now_column()

    __table_args__ = (
        CheckConstraint("capacity > 0", name="capacity_positive"),
        CheckConstraint("committed >= 0 AND committed <= capacity", name="committed_within_capacity"),
        CheckConstraint("minimum_per_need > 0", name="minimum_positive"),
        CheckConstraint("maximum_per_need >= minimum_per_need", name="maximum_over_minimum"),
        CheckConstraint("available_from <= available_until", name="dates_in_order"),
        CheckConstraint("cardinality(coverage_ids) > 0", name="coverage_somewhere"),
        Index("ix_offer_order", text("confirmed_at DESC"), "id"),
        Index("ix_offer_type", "resource_type_id", postgresql_where=text("status = 'ACTIVE'::offer_status")),
        Index("ix_offer_coverage_ids", "coverage_ids", postgresql_using="gin"),
    )


async def add(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Inserts offers that were checked; their ids, in the order given.

    Where rows say no track record, they get the provider's: one statement more.
    """
    if not rows:
        return []
    made = await conn.execute(insert(OfferRow).returning(OfferRow.id, sort_by_parameter_order=True), list(rows))
    ids = [int(id) for id in made.scalars()]
    if "track_record" not in rows[0]:
        known = PartyRow.__table__.c.track_record
        await conn.execute(
            update(OfferRow)
            .where(
                OfferRow.id == any_(bindparam("ids", ids, ARRAY(BigInteger))),
                PartyRow.id == OfferRow.provider_id,
                known != OfferRow.track_record,
            )
            .values(track_record=known)
            .execution_options(synchronize_session=False)
        )
    return ids


async def change(conn: AsyncConnection, id: int, values: Mapping[str, Any], at: datetime) -> None:
    """Sets columns of one offer; `at` is when."""
    await conn.execute(update(OfferRow).where(OfferRow.id == id).values(**values, updated_at=at))

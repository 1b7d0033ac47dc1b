"""Needs: what a community asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Text, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.base import NEED_STATUS, PRIORITY, Base, Ids, ids_column, now_column, primary_key


class NeedRow(Base):
    __tablename__ = "need"

    id: Mapped[int] = primary_key()
    title: Mapped[str] = mapped_column(Text)
    community_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    #: The community's area, and the county of it: copied, so that a county's list is one index scan in its order.
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    resource_type_id: Mapped[int] = mapped_column(ForeignKey("resource_type.id"))
    client_group_ids: Ids = ids_column()
    quantity: Mapped[int] = mapped_column(Integer)
    #: Promised by referrals that stand, delivered included; and what was delivered.
    committed: Mapped[int] = mapped_column(Integer, server_default="0")
    delivered: Mapped[int] = mapped_column(Integer, server_default="0")
    priority: Mapped[str] = mapped_column(PRIORITY, server_default="ROUTINE")
    #: Half of it would help nobody: a plan gives all of it or none.
    whole_or_nothing: Mapped[bool] = mapped_column(Boolean, server_default="false")
    needed_from: Mapped[date | None] = mapped_column(Date)
    needed_by: Mapped[date | None] = mapped_column(Date)
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    status: Mapped[str] = mapped_column(NEED_STATUS, server_default="OPEN")
    reference: Mapped[str | None] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = now_column()
    updated_at: Mapped[datetime] = now_column()

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("committed >= 0 AND committed <= quantity", name="committed_within_quantity"),
        CheckConstraint("delivered >= 0 AND delivered <= committed", name="delivered_within_committed"),
        CheckConstraint("needed_from <= needed_by", name="dates_in_order"),
        Index("ix_need_county", "county_id", "status", text("priority DESC"), "created_at", "id"),
        Index("ix_need_order", text("priority DESC"), "created_at", "id"),
        Index("ix_need_type", "resource_type_id", postgresql_where=text("status = 'OPEN'::need_status")),
        Index("ix_need_client_group_ids", "client_group_ids", postgresql_using="gin"),
    )


async def add(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Inserts needs that were checked; their ids, in the order given."""
    if not rows:
        return []
    made = await conn.execute(insert(NeedRow).returning(NeedRow.id, sort_by_parameter_order=True), list(rows))
    return [int(id) for id in made.scalars()]


async def change(conn: AsyncConnection, id: int, values: Mapping[str, Any], at: datetime) -> None:
    """Sets columns of one need; `at` is when."""
    await conn.execute(update(NeedRow).where(NeedRow.id == id).values(**values, updated_at=at))

"""Needs: what a community asks for."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Text, text
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
    committed: Mapped[int] = mapped_column(Integer, server_default="0")
    priority: Mapped[str] = mapped_column(PRIORITY, server_default="ROUTINE")
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
        CheckConstraint("needed_from <= needed_by", name="dates_in_order"),
        Index("ix_need_county", "county_id", "status", text("priority DESC"), "created_at", "id"),
        Index("ix_need_order", text("priority DESC"), "created_at", "id"),
        Index("ix_need_type", "resource_type_id", postgresql_where=text("status = 'OPEN'::need_status")),
        Index("ix_need_client_group_ids", "client_group_ids", postgresql_using="gin"),
    )

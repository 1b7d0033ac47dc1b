"""Plans: the optimal allocation of an area, with its certificate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import PLAN_STATUS, Base, now_column, primary_key


class PlanRow(Base):
    __tablename__ = "plan"

    id: Mapped[int] = primary_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    status: Mapped[str] = mapped_column(PLAN_STATUS, server_default="COMPUTED")
    created_at: Mapped[datetime] = now_column()
    demand: Mapped[int] = mapped_column(Integer)
    met: Mapped[int] = mapped_column(Integer)
    optimal: Mapped[bool] = mapped_column(Boolean)
    #: Exact integers as text: they may be larger than any column type.
    primal: Mapped[str] = mapped_column(Text)
    dual: Mapped[str] = mapped_column(Text)
    violations: Mapped[int] = mapped_column(Integer)
    solver: Mapped[str] = mapped_column(Text)
    seconds: Mapped[float] = mapped_column(Float)

    __table_args__ = (
        Index("ix_plan_area", "area_id", text("created_at DESC"), text("id DESC")),
        Index("ix_plan_order", text("created_at DESC"), text("id DESC")),
    )


class AllocationRow(Base):
    __tablename__ = "allocation"

    id: Mapped[int] = primary_key()
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"), index=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), index=True)
    quantity: Mapped[int] = mapped_column(Integer)
    score: Mapped[float] = mapped_column(Float)

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        UniqueConstraint("plan_id", "need_id", "offer_id"),
        Index("ix_allocation_plan", "plan_id", "id"),
    )


class ShortfallRow(Base):
    __tablename__ = "shortfall"

    id: Mapped[int] = primary_key()
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"), index=True)
    quantity: Mapped[int] = mapped_column(Integer)
    #: [{code, text_zh, text_en, remedy_zh, remedy_en}], as true when the plan was computed.
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    __table_args__ = (Index("ix_shortfall_plan", "plan_id", "id"),)

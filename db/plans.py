"""Plans: the optimal allocation of an area, with its certificate."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    any_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.areas import WRITE_BLOCK
from db.base import PLAN_STATUS, Base, now_column, primary_key
from db.matches import OFFER_COLUMNS


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


PLAN_LOCK = 5002


async def offers_covering(conn: AsyncConnection, type_ids: Collection[int], area_id: int) -> Sequence[Any]:
    """Active offers with something left of these types, whose coverage touches the area, what holds it or is in it."""
    area, offer = Base.metadata.tables["area"], Base.metadata.tables["offer"]
    above = select(area.c.ancestor_ids).where(area.c.id == area_id).scalar_subquery()
    below = func.array(
        select(area.c.id)
        .where(area.c.ancestor_ids.contains(bindparam("plan_area", [area_id], ARRAY(Integer))))
        .scalar_subquery()
    )
    found = await conn.execute(
        select(*OFFER_COLUMNS)
        .where(
            offer.c.status == literal_column("'ACTIVE'::offer_status"),
            offer.c.available > 0,
            offer.c.resource_type_id == any_(bindparam("types", list(type_ids), ARRAY(Integer))),
            or_(offer.c.coverage_ids.overlap(above), offer.c.coverage_ids.overlap(below)),
        )
        .order_by(offer.c.id)
    )
    return found.all()


async def add(
    conn: AsyncConnection,
    plan: Mapping[str, Any],
    allocations: Sequence[Mapping[str, Any]],
    shortfalls: Sequence[Mapping[str, Any]],
) -> int:
    """Stores a plan with its lines; older computed plans of its area are superseded. Its id."""
    await conn.execute(select(func.pg_advisory_xact_lock(PLAN_LOCK, plan["area_id"])))
    await conn.execute(
        update(PlanRow)
        .where(PlanRow.area_id == plan["area_id"], PlanRow.status == "COMPUTED")
        .values(status="SUPERSEDED")
    )
    id = int((await conn.execute(insert(PlanRow).values(**plan).returning(PlanRow.id))).scalar_one())
    for row, lines in ((AllocationRow, allocations), (ShortfallRow, shortfalls)):
        for start in range(0, len(lines), WRITE_BLOCK):
            block = [{"plan_id": id, **line} for line in lines[start : start + WRITE_BLOCK]]
            await conn.execute(insert(row), block)
    return id

"""Plans: the optimal allocation of an area, with its certificate, and the states it goes through.

QUEUED -> COMPUTING -> COMPUTED -> SUPERSEDED (or APPROVED), with CANCELLED and FAILED on the way. A plan has no lines
before it is COMPUTED: lines and state are written in one transaction. `attempts` fences: each time the computing
begins it is one more, and only who began last may write.
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
    Float,
    ForeignKey,
    Index,
    Integer,
    Row,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, SMALLINT
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.areas import WRITE_BLOCK
from db.base import PLAN_ORDER, PLAN_STATUS, Base, now_column, primary_key
from db.matches import OFFER_COLUMNS

#: States in which a plan is not settled yet.
UNSETTLED = ("QUEUED", "COMPUTING")


class PlanRow(Base):
    __tablename__ = "plan"

    id: Mapped[int] = primary_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    status: Mapped[str] = mapped_column(PLAN_STATUS, server_default="COMPUTED")
    plan_order: Mapped[str] = mapped_column(PLAN_ORDER, server_default="URGENT_FIRST")
    created_at: Mapped[datetime] = now_column()
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: 0..1 of the computing; 1 once it is computed.
    progress: Mapped[float] = mapped_column(Float, server_default="0")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    #: The job in the queue, while there is one; the key that asked.
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    failure_code: Mapped[str | None] = mapped_column(Text)
    failure_zh: Mapped[str | None] = mapped_column(Text)
    failure_en: Mapped[str | None] = mapped_column(Text)
    demand: Mapped[int] = mapped_column(Integer, server_default="0")
    met: Mapped[int] = mapped_column(Integer, server_default="0")
    optimal: Mapped[bool] = mapped_column(Boolean, server_default="false")
    #: Exact integers as text: they may be larger than any column type.
    primal: Mapped[str] = mapped_column(Text, server_default="0")
    dual: Mapped[str] = mapped_column(Text, server_default="0")
    violations: Mapped[int] = mapped_column(Integer, server_default="0")
    solver: Mapped[str] = mapped_column(Text, server_default="")
    seconds: Mapped[float] = mapped_column(Float, server_default="0")
    #: Kept up to date while it is COMPUTED; the moment whose needs and offers it reflects, and that moment's snapshot
    #: (`pg_snapshot`), where a keeper wrote it.
    kept: Mapped[bool] = mapped_column(Boolean, server_default="false")
    current_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    kept_to: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress_is_a_share"),
        Index("ix_plan_kept", "area_id", unique=True, postgresql_where=text("kept")),
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
    #: The value of each part of the score, in ten-thousandths, in the order of the weight set's codes.
    parts: Mapped[list[int]] = mapped_column(ARRAY(SMALLINT), server_default="{}")
    weight_set_id: Mapped[int | None] = mapped_column(ForeignKey("weight_set.id"))
    #: Who would step in, and what the plan leaves free of it; whom it went past, why, and what is compared
    #: (`graph.choices`). Needs and offers are never deleted: no index is kept for that.
    next_offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id"))
    next_score: Mapped[float | None] = mapped_column(Float)
    next_left: Mapped[int | None] = mapped_column(Integer)
    next_need_id: Mapped[int | None] = mapped_column(ForeignKey("need.id"))
    passed_code: Mapped[str | None] = mapped_column(Text)
    passed_own: Mapped[float | None] = mapped_column(Float)
    passed_other: Mapped[float | None] = mapped_column(Float)

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

    __table_args__ = (UniqueConstraint("plan_id", "need_id"), Index("ix_shortfall_plan", "plan_id", "id"))


class CoverageRow(Base):
    """Units of one resource type that needs of a district asked for and were given, under a plan."""

    __tablename__ = "plan_coverage"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    resource_type_id: Mapped[int] = mapped_column(ForeignKey("resource_type.id"), primary_key=True)
    requested: Mapped[int] = mapped_column(BigInteger)
    allocated: Mapped[int] = mapped_column(BigInteger)


class BottleneckRow(Base):
    """What is worth recruiting, the best at position 0 (`graph.values.Bottleneck`)."""

    __tablename__ = "plan_bottleneck"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    resource_type_id: Mapped[int] = mapped_column(ForeignKey("resource_type.id"))
    shortfall: Mapped[int] = mapped_column(BigInteger)
    worth: Mapped[int] = mapped_column(Integer)
    met_by_one: Mapped[int] = mapped_column(Integer)
    met_by_all: Mapped[int] = mapped_column(Integer)


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


async def demand(conn: AsyncConnection, area_id: int) -> int:
    """How many open needs with something left there are in or below an area."""
    need, area = Base.metadata.tables["need"], Base.metadata.tables["area"]
    found = await conn.execute(
        select(func.count())
        .select_from(need.join(area, area.c.id == need.c.area_id))
        .where(
            need.c.status == literal_column("'OPEN'::need_status"),
            need.c.committed < need.c.quantity,
            area.c.ancestor_ids.contains(bindparam("plan_area", [area_id], ARRAY(Integer))),
        )
    )
    return int(found.scalar_one())


async def coverage(conn: AsyncConnection, plan_ids: Sequence[int]) -> Sequence[Any]:
    """(plan_id, area_id, resource_type_id, requested, allocated) of these plans, by area code, then type."""
    area, kind = Base.metadata.tables["area"], Base.metadata.tables["resource_type"]
    found = await conn.execute(
        select(*CoverageRow.__table__.c)
        .join(area, area.c.id == CoverageRow.area_id)
        .join(kind, kind.c.id == CoverageRow.resource_type_id)
        .where(CoverageRow.plan_id == any_(bindparam("ids", list(plan_ids), ARRAY(BigInteger))))
        .order_by(CoverageRow.plan_id, area.c.code, kind.c.position, kind.c.id)
    )
    return found.all()


async def bottlenecks(conn: AsyncConnection, plan_ids: Sequence[int]) -> Sequence[Any]:
    """Rows of `plan_bottleneck` with area (its full name), label_zh, label_en and unit; best first."""
    area, kind = Base.metadata.tables["area"], Base.metadata.tables["resource_type"]
    found = await conn.execute(
        select(
            *BottleneckRow.__table__.c,
            area.c.full_name.label("area"),
            kind.c.label_zh,
            kind.c.label_en,
            kind.c.unit,
        )
        .join(area, area.c.id == BottleneckRow.area_id)
        .join(kind, kind.c.id == BottleneckRow.resource_type_id)
        .where(BottleneckRow.plan_id == any_(bindparam("ids", list(plan_ids), ARRAY(BigInteger))))
        .order_by(BottleneckRow.plan_id, BottleneckRow.position)
    )
    return found.all()


async def take_turn(conn: AsyncConnection, area_id: int) -> None:
    """Waits for whoever queues or finishes a plan of this area; held to the end of the transaction."""
    await conn.execute(select(func.pg_advisory_xact_lock(PLAN_LOCK, area_id)))


async def waiting(conn: AsyncConnection, area_id: int, order: str) -> int | None:
    """The plan of this area and order that has not begun to read yet, if there is one. Take the area's turn first."""
    found = await conn.execute(
        select(PlanRow.id)
        .where(PlanRow.area_id == area_id, PlanRow.plan_order == order, PlanRow.status == "QUEUED")
        .order_by(PlanRow.created_at, PlanRow.id)
        .limit(1)
        .with_for_update(key_share=True)
    )
    return found.scalar()


async def queue(conn: AsyncConnection, *, area_id: int, order: str, at: datetime, actor_id: int | None) -> int:
    """Writes a plan that waits to be computed; its id."""
    made = await conn.execute(
        insert(PlanRow)
        .values(area_id=area_id, plan_order=order, status="QUEUED", created_at=at, actor_id=actor_id)
        .returning(PlanRow.id)
    )
    return int(made.scalar_one())


async def set_job(conn: AsyncConnection, id: int, job_id: int) -> None:
    await conn.execute(update(PlanRow).where(PlanRow.id == id).values(job_id=job_id))


async def locked(conn: AsyncConnection, id: int) -> Row[int, str, int, int | None] | None:
    """(area_id, status, attempts, actor_id); nobody changes the row before this transaction ends."""
    columns = (PlanRow.area_id, PlanRow.status, PlanRow.attempts, PlanRow.actor_id)
    return (await conn.execute(select(*columns).where(PlanRow.id == id).with_for_update(key_share=True))).first()


async def asked(conn: AsyncConnection, id: int) -> Row[int, str, int | None]:
    """(area_id, plan_order, actor_id)"""
    columns = (PlanRow.area_id, PlanRow.plan_order, PlanRow.actor_id)
    return (await conn.execute(select(*columns).where(PlanRow.id == id))).one()


async def state(conn: AsyncConnection, id: int) -> Row[str, float]:
    """(status, progress)"""
    return (await conn.execute(select(PlanRow.status, PlanRow.progress).where(PlanRow.id == id))).one()


async def outcome(conn: AsyncConnection, id: int) -> tuple[str, tuple[str, str, str]]:
    """The status, and (code, 中文, English) of what failed; empty texts where nothing did."""
    columns = (PlanRow.status, PlanRow.failure_code, PlanRow.failure_zh, PlanRow.failure_en)
    status, *failure = (await conn.execute(select(*columns).where(PlanRow.id == id))).one()
    return status, (failure[0] or "", failure[1] or "", failure[2] or "")


async def begin(conn: AsyncConnection, id: int, at: datetime) -> None:
    """One more attempt at an unsettled plan that is `locked`."""
    await conn.execute(
        update(PlanRow)
        .where(PlanRow.id == id)
        .values(status="COMPUTING", started_at=at, progress=0, attempts=PlanRow.attempts + 1)
    )


def _attempt(id: int, attempt: int) -> Any:
    return update(PlanRow).where(PlanRow.id == id, PlanRow.status == "COMPUTING", PlanRow.attempts == attempt)


async def put_back(conn: AsyncConnection, id: int, attempt: int) -> None:
    """An attempt that was cut short in order does not count."""
    await conn.execute(_attempt(id, attempt).values(status="QUEUED", progress=0, attempts=attempt - 1))


async def advance(conn: AsyncConnection, id: int, attempt: int, progress: float) -> None:
    """How far an attempt has come, 0..1. Nothing where it is no longer the one that counts."""
    await conn.execute(_attempt(id, attempt).values(progress=progress))


async def settle(
    conn: AsyncConnection,
    id: int,
    attempt: int,
    area_id: int,
    values: Mapping[str, Any],
    allocations: Sequence[Mapping[str, Any]],
    shortfalls: Sequence[Mapping[str, Any]],
    coverage: Sequence[Mapping[str, Any]],
    bottlenecks: Sequence[Mapping[str, Any]],
) -> bool:
    """Stores a computed plan with its lines; older computed plans of its area are superseded.

    False where the plan was cancelled, or begun anew by somebody else: roll back then.
    """
    told: tuple[tuple[type[Base], Sequence[Mapping[str, Any]]], ...] = (
        (AllocationRow, allocations),
        (ShortfallRow, shortfalls),
        (CoverageRow, coverage),
        (BottleneckRow, bottlenecks),
    )
    for row, lines in told:
        for start in range(0, len(lines), WRITE_BLOCK):
            block = [{"plan_id": id, **line} for line in lines[start : start + WRITE_BLOCK]]
            await conn.execute(insert(row), block)
    await take_turn(conn, area_id)
    standing = (PlanRow.area_id == area_id, PlanRow.status == "COMPUTED")
    # Who keeps the plan of an area keeps the newest: locked, so that nobody starts or stops keeping meanwhile.
    kept = any((await conn.execute(select(PlanRow.kept).where(*standing).with_for_update(key_share=True))).scalars())
    await conn.execute(update(PlanRow).where(*standing).values(status="SUPERSEDED", kept=False))
    done = await conn.execute(
        _attempt(id, attempt).values(
            status="COMPUTED", progress=1, job_id=None, kept=kept, current_at=PlanRow.started_at, **values
        )
    )
    return bool(done.rowcount)


async def allocations(conn: AsyncConnection, id: int) -> Sequence[Any]:
    """(need_id, offer_id, quantity) of a plan, in order of id."""
    columns = (AllocationRow.need_id, AllocationRow.offer_id, AllocationRow.quantity)
    found = await conn.execute(select(*columns).where(AllocationRow.plan_id == id).order_by(AllocationRow.id))
    return found.all()


async def approve(conn: AsyncConnection, id: int, at: datetime) -> None:
    """Marks a locked plan as approved; nobody keeps it up to date any more."""
    await conn.execute(
        update(PlanRow).where(PlanRow.id == id).values(status="APPROVED", approved_at=at, kept=False, kept_to=None)
    )


async def end(conn: AsyncConnection, id: int, status: str, at: datetime, failure: tuple[str, str, str] | None) -> None:
    """CANCELLED, or FAILED with (code, 中文, English). The row is `locked`."""
    code, zh, en = failure or (None, None, None)
    await conn.execute(
        update(PlanRow)
        .where(PlanRow.id == id)
        .values(status=status, finished_at=at, job_id=None, failure_code=code, failure_zh=zh, failure_en=en)
    )

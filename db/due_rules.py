"""When what is awaited is due, as data: days by step and priority; and which days a county says are worked or free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, SmallInteger, Text, UniqueConstraint, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.areas  # noqa: F401  (its table is pointed at below)
from db.base import PRIORITY, Base, primary_key


class DueRuleRow(Base):
    __tablename__ = "due_rule"

    id: Mapped[int] = primary_key()
    #: What is awaited: ACCEPT, START, COMPLETE, FOLLOW_UP of a referral; STILL_TRUE of an offer; AGREEMENT_ENDS.
    step: Mapped[str] = mapped_column(Text)
    #: Null for a step that knows no priority.
    priority: Mapped[str | None] = mapped_column(PRIORITY)
    #: Where it holds, with all below that has no rule of its own; null: everywhere.
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    #: Until it is due; then from each handing upward (or reminder) to the next. Working days; STILL_TRUE and
    #: AGREEMENT_ENDS (before its last day): any days.
    days: Mapped[int] = mapped_column(SmallInteger)
    again_days: Mapped[int] = mapped_column(SmallInteger)
    source: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("step", "priority", "area_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("days BETWEEN 0 AND 366 AND again_days BETWEEN 1 AND 366", name="days_in_range"),
    )


class WorkingDayRow(Base):
    """A day on which a county differs from what `chinesecalendar` says, or of a year it does not know."""

    __tablename__ = "working_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    works: Mapped[bool] = mapped_column(Boolean)
    source: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class DueRule:
    """A row of `due_rule`."""

    step: str
    priority: str | None
    area_id: int | None
    days: int
    again_days: int
    source: str


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """A row of `working_day`."""

    day: date
    works: bool
    source: str


async def rules(conn: AsyncConnection) -> list[DueRule]:
    """Every rule, in the order it was loaded."""
    row = DueRuleRow
    query = select(row.step, row.priority, row.area_id, row.days, row.again_days, row.source).order_by(row.id)
    return [DueRule(*one) for one in await conn.execute(query)]


async def days(conn: AsyncConnection) -> list[WorkingDay]:
    """Every day a county said something about, in order."""
    row = WorkingDayRow
    found = await conn.execute(select(row.day, row.works, row.source).order_by(row.day))
    return [WorkingDay(*one) for one in found]


async def replace_rules(conn: AsyncConnection, given: Sequence[DueRule]) -> None:
    """Puts this set in the place of the one that was there."""
    await conn.execute(delete(DueRuleRow))
    names = DueRule.__slots__
    await conn.execute(insert(DueRuleRow), [{name: getattr(one, name) for name in names} for one in given])


async def replace_days(conn: AsyncConnection, given: Sequence[WorkingDay]) -> None:
    """Puts these days in the place of those that were there."""
    await conn.execute(delete(WorkingDayRow))
    if given:
        names = WorkingDay.__slots__
        await conn.execute(insert(WorkingDayRow), [{name: getattr(one, name) for name in names} for one in given])

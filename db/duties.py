"""Duties: what each tier answers for. Loaded from files, never deleted; public, for they are posted on walls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Integer, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.areas  # noqa: F401  (its table is pointed at below)
from db.base import AREA_LEVEL, Base


class DutyRow(Base):
    __tablename__ = "duty"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    #: COUNTY: the centre; TOWNSHIP: a station; VILLAGE: a room.
    level: Mapped[str] = mapped_column(AREA_LEVEL)
    #: Where it holds, with all below; null: everywhere.
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    text_zh: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    since_on: Mapped[date | None] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)

    __table_args__ = (CheckConstraint("until_on >= since_on", name="dates_in_order"),)


@dataclass(frozen=True, slots=True)
class Duty:
    """A row of `duty`."""

    id: int
    code: str
    level: str
    area_id: int | None
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    since_on: date | None
    until_on: date | None
    source: str
    position: int


_NAMES = [one.name for one in fields(Duty)]


async def duties(conn: AsyncConnection) -> list[Duty]:
    """Every duty, in order."""
    table = DutyRow.__table__
    found = await conn.execute(select(*(table.c[name] for name in _NAMES)).order_by(table.c.position, table.c.id))
    return [Duty(*row) for row in found]


async def write(conn: AsyncConnection, rows: Sequence[Duty]) -> None:
    """Inserts duties, or brings those of the same id up to date."""
    if not rows:
        return
    made = insert(DutyRow)
    await conn.execute(
        made.on_conflict_do_update(
            index_elements=["id"], set_={name: made.excluded[name] for name in _NAMES if name != "id"}
        ),
        [{name: getattr(row, name) for name in _NAMES} for row in rows],
    )

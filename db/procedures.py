"""Procedures: by which steps work is done. Loaded from files, never deleted; public, for they are posted on walls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Integer, Text, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.areas  # noqa: F401  (its table is pointed at below)
from db.base import Base


class ProcedureRow(Base):
    __tablename__ = "procedure"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    #: Where it holds, with all below; null: everywhere.
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    since_on: Mapped[date | None] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    position: Mapped[int] = mapped_column(Integer)
    #: [{code, title_zh, title_en, text_zh, text_en, society, level, referral_steps, source}], in order: they are only
    #: ever read and replaced together with their procedure.
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    __table_args__ = (CheckConstraint("until_on >= since_on", name="dates_in_order"),)


@dataclass(frozen=True, slots=True)
class Procedure:
    """A row of `procedure`."""

    id: int
    code: str
    area_id: int | None
    title_zh: str
    title_en: str
    since_on: date | None
    until_on: date | None
    position: int
    steps: tuple[Mapping[str, Any], ...]


_NAMES = ("id", "code", "area_id", "title_zh", "title_en", "since_on", "until_on", "position", "steps")


async def procedures(conn: AsyncConnection) -> list[Procedure]:
    """Every procedure, in order."""
    table = ProcedureRow.__table__
    found = await conn.execute(select(*(table.c[name] for name in _NAMES)).order_by(table.c.position, table.c.id))
    return [Procedure(**{**row._mapping, "steps": tuple(row.steps)}) for row in found]


async def write(conn: AsyncConnection, rows: Sequence[Procedure]) -> None:
    """Inserts procedures, or brings those of the same id up to date."""
    if not rows:
        return
    made = insert(ProcedureRow)
    await conn.execute(
        made.on_conflict_do_update(
            index_elements=["id"], set_={name: made.excluded[name] for name in _NAMES if name != "id"}
        ),
        [{name: getattr(row, name) for name in _NAMES[:-1]} | {"steps": [*map(dict, row.steps)]} for row in rows],
    )

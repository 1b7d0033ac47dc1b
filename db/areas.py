"""Places: a tree of GB/T 2260 codes, and zones (functional areas) that have no code of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    any_,
    bindparam,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.base import AREA_LEVEL, Base, Ids, ids_column

#: Rows of one statement when whole tables are loaded: bounds memory, not the transaction.
WRITE_BLOCK = 5_000


class AreaRow(Base):
    __tablename__ = "area"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(AREA_LEVEL)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    #: From the province down to the area itself, so `ancestor_ids @> {x}` is "in x or below".
    ancestor_ids: Ids = ids_column()
    #: The county it lies in (itself for a county, and for a zone that stands beside counties); null above counties.
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    longitude: Mapped[float | None] = mapped_column(Float)
    latitude: Mapped[float | None] = mapped_column(Float)

    __table_args__ = (
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="location_whole"),
        Index("ix_area_ancestor_ids", "ancestor_ids", postgresql_using="gin"),
        Index("ix_area_level_code", "level", "code"),
    )


@dataclass(frozen=True, slots=True)
class Area:
    """A row of `area`; `ancestor_ids` ends with the area itself."""

    id: int
    code: str
    name: str
    full_name: str
    level: str
    parent_id: int | None
    ancestor_ids: tuple[int, ...]
    county_id: int | None
    longitude: float | None
    latitude: float | None


_COLUMNS = (
    AreaRow.id,
    AreaRow.code,
    AreaRow.name,
    AreaRow.full_name,
    AreaRow.level,
    AreaRow.parent_id,
    AreaRow.ancestor_ids,
    AreaRow.county_id,
    AreaRow.longitude,
    AreaRow.latitude,
)


async def _areas(conn: AsyncConnection, where: ColumnElement[bool], limit: int | None = None) -> list[Area]:
    rows = await conn.execute(select(*_COLUMNS).where(where).order_by(AreaRow.code).limit(limit))
    whole: list[list[Any]] = [[tuple(v) if isinstance(v, list) else v for v in row] for row in rows]
    return [Area(*row) for row in whole]


async def by_codes(conn: AsyncConnection, codes: Collection[str]) -> list[Area]:
    return await _areas(conn, AreaRow.code == any_(bindparam("codes", list(codes), ARRAY(Text))))


async def by_ids(conn: AsyncConnection, ids: Collection[int]) -> list[Area]:
    return await _areas(conn, AreaRow.id == any_(bindparam("ids", list(ids), ARRAY(Integer))))


async def by_name(conn: AsyncConnection, name: str, limit: int) -> list[Area]:
    """Areas of exactly this name or full name, by code."""
    return await _areas(conn, or_(AreaRow.name == name, AreaRow.full_name == name), limit)


async def existing(conn: AsyncConnection) -> dict[str, Area]:
    """Every area by code: hundreds of thousands in a national table; used by loading only."""
    return {area.code: area for area in await _areas(conn, true())}


async def new_ids(conn: AsyncConnection, table: str, count: int) -> list[int]:
    """Takes ids from a table's sequence, so that rows which point at each other can be built before any is written."""
    drawn = await conn.execute(
        select(func.nextval(func.pg_get_serial_sequence(table, "id"))).select_from(func.generate_series(1, count))
    )
    return [int(row[0]) for row in drawn]


async def write(conn: AsyncConnection, rows: Sequence[Area]) -> None:
    """Inserts areas, or brings those of the same id up to date; parents stand before children."""
    columns = [column.key for column in _COLUMNS]
    for start in range(0, len(rows), WRITE_BLOCK):
        values = [
            {name: list(v) if isinstance(v := getattr(row, name), tuple) else v for name in columns}
            for row in rows[start : start + WRITE_BLOCK]
        ]
        made = insert(AreaRow)
        await conn.execute(
            made.on_conflict_do_update(
                index_elements=["id"], set_={name: made.excluded[name] for name in columns if name != "id"}
            ),
            values,
        )


async def recopy_counties(conn: AsyncConnection) -> None:
    """Brings every `county_id` that is copied from an area beside it up to date after areas moved."""
    area = Base.metadata.tables["area"]
    for table in Base.metadata.sorted_tables:
        if {"area_id", "county_id"} <= set(table.c.keys()):
            stale = table.c.county_id.is_distinct_from(area.c.county_id)
            await conn.execute(
                update(table).where(table.c.area_id == area.c.id, stale).values(county_id=area.c.county_id)
            )

"""Records found by what people call them: by name, by key, by everything a row says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Text, and_, bindparam, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.records import Declared
from db.viewer import Viewer
from db.visibility import shape, values, visible

#: So many rows of one name are told apart; nobody reads more.
MOST = 50


def _standing(kind: Declared, viewer: Viewer) -> Any:
    table = kind.table
    return and_(table.c.withdrawn_at.is_(None), visible(kind.name, table, shape(viewer)))


async def called(conn: AsyncConnection, viewer: Viewer, kind: Declared, name: str) -> Sequence[Any]:
    """Standing rows whose searched column is exactly this text, as far as the viewer sees them; by id, at most MOST."""
    if kind.kind.search is None:
        return []
    table = kind.table
    query = (
        select(table)
        .where(table.c[kind.kind.search] == bindparam("called", name, Text), _standing(kind, viewer))
        .order_by(table.c.id)
        .limit(MOST)
    )
    return (await conn.execute(query, values(viewer))).all()


async def same(conn: AsyncConnection, viewer: Viewer, kind: Declared, row: Mapping[str, Any]) -> Sequence[Any]:
    """Standing rows that have these values in these columns (None: empty), as far as they are seen; by id."""
    table = kind.table
    conditions = [
        table.c[name].is_(None)
        if value is None
        else table.c[name] == bindparam(f"same_{name}", value, table.c[name].type)
        for name, value in row.items()
    ]
    query = select(table).where(*conditions, _standing(kind, viewer)).order_by(table.c.id)
    return (await conn.execute(query, values(viewer))).all()


async def numbered(conn: AsyncConnection, viewer: Viewer, kind: Declared, id: int) -> Any:
    """A standing row by id, None where it is not seen."""
    table = kind.table
    query = select(table).where(table.c.id == id, _standing(kind, viewer))
    return (await conn.execute(query, values(viewer))).first()


async def coded(conn: AsyncConnection, name: str, code: str) -> Sequence[int]:
    """Ids of rows of a table with codes (duties, procedures) that have this one."""
    table = Base.metadata.tables[name]
    if "code" not in table.c:
        return []
    return list((await conn.execute(select(table.c.id).where(table.c.code == code).limit(2))).scalars())


async def label(conn: AsyncConnection, name: str, column: str, id: int) -> str | None:
    """What a row is called, by the column that says so."""
    table = Base.metadata.tables[name]
    found = await conn.execute(select(cast(table.c[column], Text)).where(table.c.id == id))
    text = found.scalar()
    return None if text is None else str(text)

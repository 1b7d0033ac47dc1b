"""The row an act is about, as far as the viewer may see it."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.viewer import Viewer
from db.visibility import shape, values, visible

MAX_ID = 2**63 - 1


async def seen(
    conn: AsyncConnection,
    viewer: Viewer,
    name: Literal["party", "need", "offer"],
    id: int | None,
    *,
    lock: bool = False,
) -> Row[Any] | None:
    """The whole row, or None where there is none or the viewer may not see it.

    With `lock` no other act changes the row before this transaction ends; matches may still point at it.
    """
    if id is None or not 0 < id <= MAX_ID:
        return None
    table = Base.metadata.tables[name]
    query = select(table).where(table.c.id == id, visible(name, table, shape(viewer)))
    if lock:
        query = query.with_for_update(key_share=True, of=table)
    return (await conn.execute(query, values(viewer))).first()

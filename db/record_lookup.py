"""Records found by what people call them: by name, by key, by everything a row says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, Text, and_, any_, bindparam, cast, exists, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.records import Declared
from db.viewer import Viewer
from db.visibility import areas_within, shape, values, visible

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


async def under(conn: AsyncConnection, kind: Declared, id: int) -> Sequence[int]:
    """Ids of all rows, withdrawn ones too, that stand under a row of the kind above, locked; in order."""
    table = kind.table
    query = select(table.c.id).where(table.c[kind.kind.under] == id).order_by(table.c.id)
    return list((await conn.execute(query.with_for_update(key_share=True))).scalars())


async def label(conn: AsyncConnection, name: str, column: str, id: int) -> str | None:
    """What a row is called, by the column that says so."""
    table = Base.metadata.tables[name]
    found = await conn.execute(select(cast(table.c[column], Text)).where(table.c.id == id))
    text = found.scalar()
    return None if text is None else str(text)


async def every(conn: AsyncConnection, viewer: Viewer, kind: Declared, area_id: int | None) -> Sequence[Any]:
    """Standing rows of a kind, in an area and all below it (None: everywhere), as far as they are seen; by id."""
    table, conditions = kind.table, []
    if area_id is not None:
        inside = areas_within(bindparam("inside", area_id, Integer))
        conditions.append(table.c.area_id.in_(inside))
    query = select(table).where(_standing(kind, viewer), *conditions).order_by(table.c.id)
    return (await conn.execute(query, values(viewer))).all()


async def sole_names(conn: AsyncConnection, name: str, column: str, ids: Collection[int]) -> dict[int, str]:
    """Of these rows of a table, what each is called whose name no other standing row has."""
    table = Base.metadata.tables[name]
    other = table.alias()
    twice = [other.c[column] == table.c[column], other.c.id != table.c.id]
    if "withdrawn_at" in table.c:
        twice.append(other.c.withdrawn_at.is_(None))
    query = select(table.c.id, table.c[column]).where(
        table.c.id == any_(bindparam("ids", list(ids), ARRAY(BigInteger))), ~exists().where(*twice)
    )
    if "withdrawn_at" in table.c:
        query = query.where(table.c.withdrawn_at.is_(None))
    return {row[0]: row[1] for row in await conn.execute(query)}


async def kinds_of_parties(conn: AsyncConnection, ids: Collection[int]) -> Sequence[Any]:
    """(id, kind) of parties."""
    table = Base.metadata.tables["party"]
    query = select(table.c.id, table.c.kind).where(table.c.id == any_(bindparam("ids", list(ids), ARRAY(BigInteger))))
    return (await conn.execute(query)).all()

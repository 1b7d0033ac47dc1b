"""What an export reads: whole lists of an area, with the rows they point at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import any_, bindparam, select, true
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import AreaRow
from db.needs import NeedRow
from db.offers import OfferRow
from db.parties import PartyRow
from db.visibility import areas_within


def _in(table: Any, area_id: int | None) -> Any:
    return true() if area_id is None else table.c.area_id.in_(areas_within(bindparam("area", area_id)))


async def needs(conn: AsyncConnection, area_id: int | None) -> Sequence[Any]:
    """Needs that still stand, by id."""
    t = NeedRow.__table__
    standing = t.c.status.in_(("OPEN", "MET"))
    return (await conn.execute(select(t).where(standing, _in(t, area_id)).order_by(t.c.id))).all()


async def offers(conn: AsyncConnection, area_id: int | None) -> Sequence[Any]:
    """Offers that were not withdrawn, by id."""
    t = OfferRow.__table__
    return (await conn.execute(select(t).where(t.c.status != "WITHDRAWN", _in(t, area_id)).order_by(t.c.id))).all()


async def parties(conn: AsyncConnection, area_id: int | None, also: Collection[int]) -> Sequence[Any]:
    """Parties at home in the area, and these ones, by id."""
    t = PartyRow.__table__
    named = t.c.id == any_(bindparam("also", list(also), ARRAY(BIGINT)))
    return (await conn.execute(select(t).where(_in(t, area_id) | named).order_by(t.c.id))).all()


async def townships(conn: AsyncConnection) -> dict[int, str]:
    """Area id -> name of the township or zone it lies in."""
    own, above = AreaRow.__table__.alias(), AreaRow.__table__.alias()
    query = select(own.c.id, above.c.name).where(
        above.c.id == any_(own.c.ancestor_ids), above.c.level.in_(("TOWNSHIP", "ZONE"))
    )
    return {row.id: row.name for row in await conn.execute(query)}

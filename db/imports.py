"""What an import asks of the database: many names at once, rows found again by their keys, one import at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Text, any_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import Area, AreaRow
from db.areas import _areas as areas_where
from db.base import Base
from db.needs import NeedRow
from db.offers import OfferRow
from db.parties import PartyRow

#: The advisory lock of imports.
IMPORT_LOCK = 5100


def _texts(name: str, values: Collection[str]) -> Any:
    return any_(bindparam(name, list(values), ARRAY(Text)))


def _ids(name: str, values: Collection[int]) -> Any:
    return any_(bindparam(name, list(values), ARRAY(BIGINT)))


async def take_turn(conn: AsyncConnection) -> bool:
    """False while another import runs; else the turn is held to the end of the transaction."""
    found = await conn.execute(select(func.pg_try_advisory_xact_lock(IMPORT_LOCK, 0)))
    return bool(found.scalar())


async def areas_called(conn: AsyncConnection, texts: Collection[str]) -> list[Area]:
    """Areas of which one of the texts is the code, the name or the full name, by code."""
    where = or_(
        AreaRow.code == _texts("codes", texts),
        AreaRow.name == _texts("names", texts),
        AreaRow.full_name == _texts("full", texts),
    )
    return await areas_where(conn, where)


async def areas_named(conn: AsyncConnection, names: Collection[str]) -> list[Area]:
    """Areas of exactly these names, by code."""
    return await areas_where(conn, AreaRow.name == _texts("names", names))


async def areas_in(conn: AsyncConnection, county_id: int) -> list[Area]:
    """The areas of a county, by code."""
    return await areas_where(conn, AreaRow.county_id == county_id)


async def roots(conn: AsyncConnection) -> list[Area]:
    """Areas that stand below no other: the provinces. By code."""
    return await areas_where(conn, AreaRow.parent_id.is_(None))


async def parties_called(
    conn: AsyncConnection, names: Collection[str], codes: Collection[str], references: Collection[str]
) -> Sequence[Any]:
    """Party rows of one of the names, credit codes or references, by id."""
    table = PartyRow.__table__
    where = or_(
        table.c.name == _texts("names", names),
        table.c.credit_code == _texts("codes", codes),
        table.c.reference == _texts("refs", references),
    )
    return (await conn.execute(select(table).where(where).order_by(table.c.id))).all()


async def communities_in(conn: AsyncConnection, area_ids: Collection[int]) -> Sequence[Any]:
    """Party rows of the communities at home in these areas, by id."""
    table = PartyRow.__table__
    where = (table.c.kind == "COMMUNITY") & (table.c.area_id == _ids("areas", area_ids))
    return (await conn.execute(select(table).where(where).order_by(table.c.id))).all()


async def rows_by(
    conn: AsyncConnection, row: type[Base], ids: Collection[int], references: Collection[str]
) -> Sequence[Any]:
    """Rows of needs, offers or parties by id or reference, locked until the import ends."""
    table = row.__table__
    where = or_(table.c.id == _ids("ids", ids), table.c.reference == _texts("refs", references))
    return (await conn.execute(select(table).where(where).order_by(table.c.id).with_for_update())).all()


async def offers_of(conn: AsyncConnection, provider_ids: Collection[int]) -> Sequence[Any]:
    """Offer rows of these parties, locked until the import ends, by id."""
    table = OfferRow.__table__
    where = table.c.provider_id == _ids("providers", provider_ids)
    return (await conn.execute(select(table).where(where).order_by(table.c.id).with_for_update())).all()


async def home_counties(conn: AsyncConnection) -> list[int]:
    """The counties in which communities are registered; two suffice to know that there is not just one."""
    column = PartyRow.county_id
    query = select(column).where(PartyRow.kind == "COMMUNITY", column.is_not(None)).distinct().limit(2)
    return [id for id in (await conn.execute(query)).scalars() if id is not None]


async def add_many(conn: AsyncConnection, row: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Inserts rows; their ids, in the order given."""
    if not rows:
        return []
    table: Any = row.__table__
    made = await conn.execute(
        insert(table).returning(table.c.id, sort_by_parameter_order=True), [dict(r) for r in rows]
    )
    return [int(id) for id in made.scalars()]


async def change_party(conn: AsyncConnection, id: int, values: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    """Sets columns of one party. A party that moves takes its needs and offers along; their ids."""
    await conn.execute(update(PartyRow).where(PartyRow.id == id).values(**values))
    place = {name: values[name] for name in ("area_id", "county_id") if name in values}
    if not place:
        return [], []
    moved = update(NeedRow).where(NeedRow.community_id == id).values(**place).returning(NeedRow.id)
    need_ids = [int(row[0]) for row in await conn.execute(moved)]
    moved_too = update(OfferRow).where(OfferRow.provider_id == id).values(**place).returning(OfferRow.id)
    return need_ids, [int(row[0]) for row in await conn.execute(moved_too)]


NEED, OFFER, PARTY = NeedRow, OfferRow, PartyRow

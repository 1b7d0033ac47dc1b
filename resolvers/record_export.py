"""Records out as sheets: what is written and imported again changes nothing. Identities are no records and stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import record_lookup
from db.cursors import global_id
from db.entities import PARTY_TYPES, TYPE_OF
from db.kinds import KINDS
from db.records import Declared, Field
from exchange import record_writing
from exchange.record_sheets import SheetKind
from exchange.record_writing import Given, Table
from resolvers.acts import require_role
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.record_sheets import AREA, sheet_kinds
from resolvers.vocabulary import Vocabulary, vocabulary

ID = "平台编号"


async def run(context: Context, path: Path, *, area: str | None = None) -> dict[str, int]:
    """Writes every standing record of every kind that a sheet may hold (of an area and below) to .xlsx or .csv.

    Returns how many rows of each kind. Raises InvalidInput for an unknown area, NotAllowed, ValueError for another
    extension. O(records).
    """
    require_role(context.viewer)
    async with context.engine.connect() as conn:
        await conn.execution_options(isolation_level="REPEATABLE READ")
        words = await vocabulary(context.engine, conn)
        area_id: int | None = None
        if area is not None:
            problems = Problems()
            place = await words.check_area(conn, problems, "area", area)
            problems.stop()
            assert place is not None
            area_id = place.id
        tables = [await _table(context, conn, words, kind, area_id) for kind in sheet_kinds()]
    record_writing.write(path, tables)
    return {table.kind.name: len(table.rows) for table in tables if table.rows}


async def _table(
    context: Context, conn: AsyncConnection, words: Vocabulary, sheet: SheetKind, area_id: int | None
) -> Table:
    kind = KINDS[sheet.name]
    fields = [one for one in kind.fields if not one.fixed]
    rows = await record_lookup.every(conn, context.viewer, kind, area_id)
    places = {row.area_id for row in rows}
    for one in fields:
        if one.target == "area":
            places |= {getattr(row, one.column) for row in rows} - {None}
    areas = await words.areas_by_id(conn, places)
    names = {one.name: await _names(conn, one, rows) for one in fields if one.form == "to"}
    types = {
        row.id: PARTY_TYPES[row.kind] for row in await record_lookup.kinds_of_parties(conn, _parties(fields, rows))
    }
    shown = [AREA.zh] if kind.under is None else []
    table = Table(sheet, (ID, *shown, *(one.zh for one in fields)))
    for row in rows:
        cells: list[Given] = [global_id(f"{kind.kind.typename}:{row.id}".encode())]
        if kind.under is None:
            cells.append(areas[row.area_id].code)
        cells += [_cell(words, one, getattr(row, one.column), areas, names.get(one.name, {}), types) for one in fields]
        table.rows.append(cells)
    return table


def _parties(fields: list[Field], rows: Any) -> set[int]:
    columns = [one.column for one in fields if one.target == "party"]
    return {getattr(row, column) for row in rows for column in columns} - {None}


async def _names(conn: AsyncConnection, one: Field, rows: Any) -> dict[int, str]:
    """What the rows pointed at are called, those that nothing else is called."""
    target = one.target or ""
    column = "name" if target == "party" else _searched(KINDS.get(target))
    ids = {getattr(row, one.column) for row in rows} - {None}
    if column is None or not ids:
        return {}
    return await record_lookup.sole_names(conn, target, column, ids)


def _searched(kind: Declared | None) -> str | None:
    return kind.kind.search if kind is not None else None


def _cell(
    words: Vocabulary, one: Field, value: Any, areas: Any, names: dict[int, str], parties: dict[int, str]
) -> Given:
    """A value as a sheet says it: labels where they mean it alone, else codes and ids."""
    if value is None:
        return None
    match one.form:
        case "code":
            assert one.codes is not None
            return one.codes.values[value][1]
        case "term":
            return words.terms_by_id[value].code
        case "terms":
            return tuple(words.terms_by_id[id].code for id in value)
        case "named":
            return areas[value].code if one.target == "area" else words.types_by_id[value].code
        case "to":
            typename = parties[value] if one.target == "party" else TYPE_OF[one.target or ""]
            return names.get(value) or global_id(f"{typename}:{value}".encode())
    written: Given = value
    return written

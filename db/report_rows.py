"""The rows behind a figure: those that its fragments sum, as far as a viewer may see them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from db.measures import Fragment, Scope, Span, elements, parts, run, sql, values_of
from db.viewer import Viewer
from db.visibility import shape, values, visible

START = (0, 0)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Found:
    """`rows` are (table, id, value, day, area id)."""

    rows: Sequence[tuple[str, int, Decimal, Any, int]]
    count: int
    value: Decimal
    has_next: bool
    end_cursor: str | None


def cursor(fragment: int, id: int) -> str:
    return base64.b64encode(f"counted:{fragment}:{id}".encode()).decode()


def parsed(text: str | None) -> tuple[int, int] | None:
    """(fragment, id) that a page continues after; the beginning without one, None for what is no cursor."""
    if text is None:
        return START
    try:
        name, fragment, id = base64.b64decode(text, validate=True).decode().split(":")
        place = (int(fragment), int(id))
    except (ValueError, binascii.Error, UnicodeDecodeError):
        return None
    return place if name == "counted" and 0 <= place[0] < 100 and 0 <= place[1] < 2**63 else None


async def page(
    conn: AsyncConnection,
    viewer: Viewer,
    fragments: Sequence[Fragment],
    scope: Scope,
    span: Span,
    *,
    own: bool,
    part: str | None,
    after: tuple[int, int],
    limit: int,
) -> Found:
    """Rows in the order of the fragments, then of their ids. Two statements a fragment.

    `part`: codes of the part, divided by commas. `own`: only of areas that stand in no row of the report.
    """
    count, total, has_next = 0, ZERO, False
    rows: list[tuple[str, int, Decimal, Any, int]] = []
    end = None
    for n, fragment in enumerate(fragments):
        total_of, listing = _statements(fragment, viewer, scope, span, own=own, part=part)
        given = {
            **values_of(scope, span),
            **values(viewer),
            "codes": (part or "").split(","),
            "after_id": after[1] if n == after[0] else 0,
        }
        (row,) = await run(conn, total_of, given)
        count, total = count + row[0], total + Decimal(row[1] or 0)
        left = limit + 1 - len(rows)
        if row[0] and n >= after[0] and left > 0:
            for id, amount, on, area_id in await run(conn, listing.limit(left), given):
                if len(rows) == limit:
                    has_next = True
                    break
                rows.append((fragment.table, int(id), Decimal(amount), on, area_id))
                end = cursor(n, id)
    return Found(rows, count, total, has_next, end)


def _statements(
    fragment: Fragment, viewer: Viewer, scope: Scope, span: Span, *, own: bool, part: str | None
) -> tuple[Any, Any]:
    """(how many and their sum, the list) of what a viewer may see."""
    if part is None:
        fragment = replace(fragment, each=None)
    place, rows, source, conditions = parts(fragment, scope, span)
    code = fragment.by or "NULL"
    if fragment.each is not None:
        source, code = source.join(elements(fragment.each), true()), "elements.element"
    conditions = [
        *conditions,
        *([sql(fragment.where)] if fragment.where else []),
        sql(f"({fragment.value}) IS NOT NULL"),
        visible(fragment.table, rows, shape(viewer)),
    ]
    if part is not None:
        conditions.append(sql(f"({code})::text = ANY (:codes)"))
    if own:
        conditions.append(place.c.row_id == bindparam("root", type_=Integer))
    local = f"({fragment.on} AT TIME ZONE 'Asia/Shanghai')::date" if fragment.moment else f"({fragment.on})::date"
    counted = (
        select(rows.c.id, sql(f"({fragment.value})::numeric AS value"), sql(f"{local} AS counted_on"), place.c.area_id)
        .select_from(place.join(source, sql(f"place.area_id = {fragment.place}")))
        .where(*conditions)
    )
    listing = counted.where(rows.c.id > bindparam("after_id", type_=BigInteger)).order_by(rows.c.id)
    return select(sql("count(*)"), sql("sum(counted.value)")).select_from(counted.subquery("counted")), listing

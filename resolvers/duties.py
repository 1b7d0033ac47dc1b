"""The duty list: from files into the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from db import areas, duties
from db.duties import Duty
from exchange.duties import DutyRecord


async def load(conn: AsyncConnection, given: Sequence[DutyRecord]) -> int:
    """Inserts what is new, updates what differs, removes nothing; how many. Raises KeyError for an unknown area."""
    if not given:
        return 0
    known = {one.code: one for one in await duties.duties(conn)}
    places = {one.code: one.id for one in await areas.by_codes(conn, {one.area for one in given if one.area})}
    fresh = [one.code for one in given if one.code not in known]
    ids = {code: one.id for code, one in known.items()}
    ids |= dict(zip(fresh, await areas.new_ids(conn, "duty", len(fresh)), strict=True))
    rows = [
        Duty(
            ids[one.code],
            one.code,
            one.level,
            places[one.area] if one.area else None,
            one.title_zh,
            one.title_en,
            one.text_zh,
            one.text_en,
            one.since_on,
            one.until_on,
            one.source,
            position,
        )
        for position, one in enumerate(given)
    ]
    changed = [row for row in rows if row != known.get(row.code)]
    await duties.write(conn, changed)
    return len(changed)

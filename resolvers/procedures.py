"""The procedure list: from files into the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from db import areas, procedures
from db.procedures import Procedure
from exchange.procedures import ProcedureStepRecord


async def load(conn: AsyncConnection, given: Sequence[ProcedureStepRecord]) -> int:
    """Inserts what is new, updates what differs, removes nothing; how many. Raises KeyError for an unknown area."""
    if not given:
        return 0
    known = {one.code: one for one in await procedures.procedures(conn)}
    places = {one.code: one.id for one in await areas.by_codes(conn, {one.area for one in given if one.area})}
    steps: dict[str, list[ProcedureStepRecord]] = {}
    for one in given:
        steps.setdefault(one.code, []).append(one)
    fresh = [code for code in steps if code not in known]
    ids = {code: one.id for code, one in known.items()}
    ids |= dict(zip(fresh, await areas.new_ids(conn, "procedure", len(fresh)), strict=True))
    changed = []
    for position, (code, rows) in enumerate(steps.items()):
        first = rows[0]
        described = tuple(
            {
                "code": one.step,
                "title_zh": one.step_title_zh,
                "title_en": one.step_title_en,
                "text_zh": one.text_zh,
                "text_en": one.text_en,
                "society": one.society,
                "level": one.level,
                "referral_steps": list(one.referral_steps),
                "source": one.source,
            }
            for one in rows
        )
        place = places[first.area] if first.area else None
        row = Procedure(
            ids[code], code, place, first.title_zh, first.title_en, first.since_on, first.until_on, position, described
        )
        if row != known.get(code):
            changed.append(row)
    await procedures.write(conn, changed)
    return len(changed)

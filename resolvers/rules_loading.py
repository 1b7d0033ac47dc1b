"""Rules from files into the database: new ones are added, those a file says anew are changed, others left alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db import areas, events, fund_rules
from exchange.rules import RuleRecord
from resolvers import records
from resolvers.context import Context
from resolvers.vocabulary import vocabulary

#: One loader at a time.
LOADING_LOCK = 5001
_SAME = (
    "subject", "measure", "bound", "threshold", "years_back", "scope", "severity", "until_on", "citation_zh",
    "citation_en", "source",
)  # fmt: skip


async def load(context: Context, given: Sequence[RuleRecord]) -> int:
    """How many rules were written. A rule that somebody changed or withdrew stays as they left it.

    All in one transaction. Raises KeyError for an unknown area or term. One statement where nothing is new.
    """
    if not given:
        return 0
    async with context.engine.begin() as conn:
        await events.lock(conn, LOADING_LOCK)
        words = await vocabulary(context.engine, conn)
        places = {one.code: one.id for one in await areas.by_codes(conn, {one.area for one in given})}
        known = {(row.area_id, row.code, row.from_on): row for row in await fund_rules.every(conn)}
        changed = 0
        for one in given:
            old = known.get((places[one.area], one.code, one.from_on))
            base = words.terms["rule_base", one.base].id if one.base else None
            sources = sorted(words.terms["fund_source", code].id for code in one.fund_sources)
            if old is not None:
                same = all(getattr(old, name) == getattr(one, name) for name in _SAME)
                kept = old.actor_id is not None or old.withdrawn_at is not None
                if kept or (same and old.base_id == base and sorted(old.fund_source_ids) == sources):
                    continue
            values: dict[str, Any] = {name: getattr(one, name) for name in (*_SAME, "code", "area", "from_on", "base")}
            values["fund_sources"] = list(one.fund_sources)
            await records.write(context, conn, "fund_rule", id=None if old is None else old.id, given=values)
            changed += 1
    return changed

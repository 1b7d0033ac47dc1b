"""A handover pack as a workbook."""

from __future__ import annotations

import asyncio

from db import handover_names
from db.cursors import global_id
from db.handovers import HANDED_OVER
from resolvers.context import Context
from resolvers.coordination import Item, Pack

#: Types of the contract of what an item is about.
_TYPES = {
    "REFERRAL": "Referral",
    "CASE_FILE": "CaseFile",
    "CONSENT": "Consent",
    "AGREEMENT": "Agreement",
    "POST": "Post",
    "COMMITMENT": "Commitment",
    "EVALUATION": "Evaluation",
    "FOLLOW_UP": "Client",
    "MILESTONE": "Milestone",
}


def _id(one: Item) -> str:
    return "" if one.id is None else global_id(f"{_TYPES[one.what]}:{one.id}".encode())


async def workbook(context: Context, pack: Pack) -> tuple[str, bytes]:
    """(name without ending, .xlsx) of a pack that was asked for. O(items)."""
    from exchange.handover_sheets import HandoverLine
    from exchange.handover_sheets import workbook as write

    async with context.engine.connect() as conn:
        project, operator = await handover_names.headings(conn, pack.scope)
    words = {what: (zh, en) for what, (en, zh) in HANDED_OVER.values.items()}
    lines = [
        HandoverLine(words[one.what], one.name, one.due_on, one.late, (one.text_zh, one.text_en), _id(one))
        for one in pack.items
    ]
    facts = [
        ("所属地区 Area", pack.area.full_name),
        ("项目 Project", project),
        ("主承接机构 Operator", operator),
        ("社工站 Stations", str(len(pack.scope.station_ids))),
        ("基准日期 By the dates of", pack.on.isoformat()),
    ]
    counts = [(words[what], pack.count(what)) for what in HANDED_OVER.values]
    content = await asyncio.to_thread(write, ("交接包", "What passes over to a new operator"), facts, counts, lines)
    return f"交接包-{project or pack.area.name}-{pack.on}", content

"""A plan computed here and now, with the file that proves it: every eligible pair and the prices of every node.

The queue keeps no prices, and what a later plan rests on may have changed: so a plan that is to be audited is computed
by whoever asks for the file, and written with its lines in one transaction, or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from db import events, plans
from resolvers import plans as planning
from resolvers.acts import record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.vocabulary import vocabulary

#: Eligible pairs one file holds: some 500 MB of JSON, 5 GB while it is made.
MOST_PAIRS = 5_000_000


async def compute(
    context: Context, *, area: str, order: str | None, tell: Callable[[float], None]
) -> tuple[int, dict[str, Any]]:
    """The id of a newly computed plan of the area, and its audit document (docs/audit.md).

    The older computed plans are superseded, as by `resolvers.plans.compute`. `tell` hears 0..1, from another thread.
    Raises InvalidInput, NotAllowed, Conflict (AUDIT_TOO_LARGE beyond `MOST_PAIRS`), having written nothing.
    """
    require_role(context.viewer, "COORDINATOR")
    order, began = order or planning.URGENT_FIRST, context.clock()
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        problems.stop()
        assert place is not None
        require_within(context.viewer, place)
        instance = await planning.read(context, conn, place.id)
    tell(0.05)
    plan, why, document = await asyncio.to_thread(_document, instance, order, tell)
    async with context.engine.begin() as conn:
        actor = context.viewer.key_id
        id = await plans.queue(conn, area_id=place.id, order=order, at=began, actor_id=actor)
        await record(conn, context.viewer, "plan.queued", "plan", id, place.id, {"order": order})
        await plans.begin(conn, id, began)
        stored = await planning._store(context, conn, id, 1, instance, plan, why)
        assert stored, "nobody else has seen this plan"
        detail = {"demand": plan.demand, "met": plan.met, "optimal": plan.certificate.optimal}
        await events.add(
            conn,
            kind="plan.computed",
            entity="plan",
            entity_id=id,
            area_id=place.id,
            actor_id=actor,
            detail=detail,
        )
    return id, document


def _document(instance: planning.Instance, order: str, tell: Callable[[float], None]) -> Any:
    from graph.audit import document
    from graph.candidates import pairs
    from graph.checker import Instance
    from graph.choices import choices
    from graph.columns import columns
    from graph.eligible import TooManyPairs, eligible
    from graph.score import weight_vector

    needs, offers, around = instance.needs, instance.offers, instance.around
    try:
        # Counted before anything is held.
        if needs and offers:
            eligible(columns(needs, offers, around), weight_vector(around.weights), MOST_PAIRS)
    except TooManyPairs:
        raise Conflict(
            "AUDIT_TOO_LARGE",
            f"可行配对超过 {MOST_PAIRS} 个,审计文件放不下;请按下级地区分别写出",
            f"over {MOST_PAIRS} eligible pairs do not fit an audit file; write one for each area below",
        ) from None
    plan = planning.mathematics(instance, order, lambda share: tell(0.05 + 0.75 * share))
    why = choices(plan, needs, offers, around)
    body = document(Instance(needs, offers, around, pairs(needs, offers, around), tuple(instance.caps)), plan)
    tell(0.95)
    return plan, why, body

"""Plans: the optimal allocation of an area's open needs, with its certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import matches, plans
from db.areas import Area
from graph.allocation import compute_plan
from graph.values import Need, Obstacle, Offer, Plan, World
from resolvers.acts import act, busy_is_conflict, claim, record, require_role, require_within, usable_key
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict
from resolvers.vocabulary import Vocabulary, vocabulary
from resolvers.world import need_value, offer_values, world

#: A plan takes a core for seconds: one at a time in a process. Kept by engine, and by the loop that runs it.
_turns: WeakKeyDictionary[AsyncEngine, tuple[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()


async def compute(context: Context, *, area: str, idempotency_key: str | None = None) -> Done:
    """Computes and stores the plan of an area (and everything below it); older computed ones are superseded.

    It rests on one moment's needs and offers; what changes while it is computed is for the next plan. No connection
    is held meanwhile. An area without needs gets an empty plan. Raises InvalidInput, NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")
    operation, inputs = "planCompute", {"area": area}
    async with _turn(context.engine):
        with busy_is_conflict():
            if idempotency_key is not None and usable_key(idempotency_key):
                earlier = await _answered(context, operation, idempotency_key, inputs)
                if earlier is not None:
                    return earlier
            place, needs, offers, around = await _instance(context, area, idempotency_key)
        plan = await asyncio.to_thread(compute_plan, needs, offers, around)

    async def work(conn: AsyncConnection) -> Done:
        id = await _store(context, conn, place, plan)
        await record(
            conn,
            context.viewer,
            "plan.computed",
            "plan",
            id,
            place.id,
            {"demand": plan.demand, "met": plan.met, "optimal": plan.certificate.optimal},
        )
        return Done("plan", id)

    return await act(context, operation, idempotency_key, inputs, work)


def _turn(engine: AsyncEngine) -> asyncio.Lock:
    loop = asyncio.get_running_loop()
    held = _turns.get(engine)
    if held is None or held[0] is not loop:
        held = _turns[engine] = (loop, asyncio.Lock())
    return held[1]


async def _answered(context: Context, operation: str, key: str, inputs: dict[str, Any]) -> Done | None:
    """The answer this key got before; the claim itself is made when the plan is written."""
    async with context.engine.connect() as conn:
        earlier = await claim(conn, context, operation, key, inputs)
        await conn.rollback()
    return earlier


async def _instance(context: Context, code: str, key: str | None) -> tuple[Area, list[Need], list[Offer], World]:
    """What the plan is computed from, read in one snapshot."""
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", code)
        problems.key(key)
        problems.stop()
        assert place is not None
        require_within(context.viewer, place)
        state = await matches.state(conn)
        if state is None:
            raise Conflict(
                "NOTHING_LOADED",
                "系统还没有载入评分权重;请先启动服务",
                "no weights are loaded yet: start the server once first",
            )
        needs = [need_value(row) for row in await matches.open_needs(conn, area_id=place.id)]
        offers = await _offers(conn, words, needs, place)
        return place, needs, offers, await world(conn, words, state.weight_set, context.today, needs, offers)


async def _offers(conn: AsyncConnection, words: Vocabulary, needs: Sequence[Need], place: Area) -> list[Offer]:
    types = {id for need in needs for id in words.type_ancestors[need.type_id]}
    # The narrower ones too: a shortfall names the offers that nearly fit.
    types |= {below for need in needs for below in words.types_below(need.type_id)}
    return offer_values(await plans.offers_covering(conn, types, place.id), words) if types else []


async def _store(context: Context, conn: AsyncConnection, place: Area, plan: Plan) -> int:
    proof = plan.certificate
    return await plans.add(
        conn,
        {
            "area_id": place.id,
            "created_at": context.clock(),
            "demand": plan.demand,
            "met": plan.met,
            "optimal": proof.optimal,
            "primal": str(proof.primal),
            "dual": str(proof.dual),
            "violations": proof.violations,
            "solver": proof.solver,
            "seconds": proof.seconds,
        },
        [
            {"need_id": one.need_id, "offer_id": one.offer_id, "quantity": one.quantity, "score": one.score}
            for one in plan.allocations
        ],
        [
            {"need_id": one.need_id, "quantity": one.quantity, "reasons": [_reason(o) for o in one.obstacles]}
            for one in plan.shortfalls
        ],
    )


def _reason(one: Obstacle) -> dict[str, Any]:
    return {
        "code": one.code,
        "text_zh": one.text_zh,
        "text_en": one.text_en,
        "remedy_zh": one.remedy_zh,
        "remedy_en": one.remedy_en,
    }

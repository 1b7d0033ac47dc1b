"""Plans: the optimal allocation of an area's open needs, with its certificate.

Asking queues the plan and waits a while for it (`ask`, `resolvers.plan_jobs`); `carry_out` computes one that is queued,
in whatever process the queue has handed it to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, events, jobs, matches, plans
from db.areas import Area
from graph.choices import Choice, choices
from graph.values import Cap, Need, Offer, Plan, World
from resolvers import fund_caps, plan_jobs, plan_rows
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict, NotFound
from resolvers.vocabulary import Vocabulary, vocabulary
from resolvers.world import need_value, offer_values, world

URGENT_FIRST = "URGENT_FIRST"
WAIT_SECONDS, LONGEST_WAIT_SECONDS = 30, 60


async def compute(
    context: Context,
    *,
    area: str,
    order: str | None = None,
    wait_seconds: int | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Asks for the plan of an area (and everything below it) and waits for it, at most `wait_seconds` (0..60).

    It rests on one moment's needs and offers, not before this was asked; what changes while it is computed is for the
    next plan. When it is computed the older computed ones are superseded. Whoever asks again before it has begun gets
    the same plan. An area without needs gets an empty plan. Raises InvalidInput, NotAllowed, Conflict.
    """
    seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
    done = await ask(context, area=area, order=order, wait_seconds=seconds, idempotency_key=idempotency_key)
    await plan_jobs.follow(context, done.id, seconds)
    return done


async def ask(
    context: Context,
    *,
    area: str,
    order: str | None = None,
    wait_seconds: int = 0,
    idempotency_key: str | None = None,
) -> Done:
    """Queues the plan of an area, or finds the one that waits already; see `compute`. The job is in the transaction."""
    require_role(context.viewer, "COORDINATOR")
    order = order or URGENT_FIRST

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        if not 0 <= wait_seconds <= LONGEST_WAIT_SECONDS:
            problems.add("waitSeconds", "OUT_OF_RANGE", "应为 0 到 60 秒", "0 to 60 seconds are expected")
        problems.key(idempotency_key)
        problems.stop()
        assert place is not None
        require_within(context.viewer, place)
        await weights_now(conn)
        await plans.take_turn(conn, place.id)
        id = await plans.waiting(conn, place.id, order)
        if id is None:
            actor = context.viewer.key_id
            id = await plans.queue(conn, area_id=place.id, order=order, at=context.clock(), actor_id=actor)
            await plans.set_job(conn, id, await jobs.defer(conn, plan_id=id, area_id=place.id))
            await record(conn, context.viewer, "plan.queued", "plan", id, place.id, {"order": order})
        return Done("plan", id)

    return await act(context, "planCompute", idempotency_key, {"area": area, "order": order}, work)


async def cancel(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Gives up a plan that waits or is being computed; the last computed plan stands.

    For the coordinator of its area, whoever asked for it. Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        problems = Problems()
        problems.key(idempotency_key)
        problems.stop()
        row = await acting.seen(conn, context.viewer, "plan", id, lock=True)
        if row is None:
            raise NotFound("这个方案", "plan")
        if row.status not in plans.UNSETTLED:
            raise _settled(row.status)
        await plans.end(conn, row.id, "CANCELLED", context.clock(), None)
        if row.job_id is not None:
            await jobs.withdraw(conn, row.job_id)
        await record(conn, context.viewer, "plan.cancelled", "plan", row.id, row.area_id)
        return Done("plan", row.id)

    return await act(context, "planCancel", idempotency_key, {"id": id}, work)


def _settled(status: str) -> Conflict:
    if status in ("CANCELLED", "FAILED"):
        return Conflict(
            "PLAN_SETTLED",
            "这个方案已经停止,不用取消;需要时可重新计算",
            "this plan has stopped already; compute a new one if you need it",
        )
    return Conflict(
        "PLAN_COMPUTED",
        "这个方案已经算完,不能取消;重新计算会得到新方案并取代它",
        "this plan is computed and cannot be cancelled; computing a new one takes its place",
    )


async def carry_out(context: Context, id: int, attempt: int, tell: Callable[[float], None]) -> int:
    """Computes and stores a plan whose `attempt` has begun; how many needs it considered.

    No connection is held while it is computed. Nothing is stored where the plan was cancelled meanwhile, or begun
    anew elsewhere. `tell` is called with 0..1, from another thread too. Raises what the database raises.
    """
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        row = await plans.asked(conn, id)
        instance = await read(context, conn, row.area_id)
    tell(0.1)
    plan, why = await asyncio.to_thread(explained, instance, row.plan_order, lambda share: tell(0.1 + 0.8 * share))
    tell(0.9)
    place = instance.place
    async with context.engine.connect() as conn, conn.begin() as transaction:
        if not await _store(context, conn, id, attempt, instance, plan, why):
            await transaction.rollback()
            return plan.demand
        detail = {"demand": plan.demand, "met": plan.met, "optimal": plan.certificate.optimal}
        await events.add(
            conn,
            kind="plan.computed",
            entity="plan",
            entity_id=id,
            area_id=place.id,
            actor_id=row.actor_id,
            detail=detail,
        )
    return plan.demand


@dataclass(frozen=True, slots=True)
class Instance:
    """What a plan is computed from, read in one snapshot."""

    place: Area
    needs: list[Need]
    offers: list[Offer]
    around: World
    weights: matches.WeightSet
    #: What rules on money let offers give together, and the limits that follows from.
    caps: Sequence[Cap] = ()
    limits: fund_caps.Limits = ()


def mathematics(instance: Instance, order: str, progress: Callable[[float], None] | None = None) -> Plan:
    """The one place where the engine is called."""
    from graph.allocation import compute_plan

    return compute_plan(
        instance.needs, instance.offers, instance.around, order=order, caps=instance.caps, progress=progress
    )


def explained(
    instance: Instance, order: str, progress: Callable[[float], None] | None = None
) -> tuple[Plan, list[Choice]]:
    plan = mathematics(instance, order, progress)
    return plan, choices(plan, instance.needs, instance.offers, instance.around)


async def weights_now(conn: AsyncConnection) -> matches.WeightSet:
    state = await matches.state(conn)
    if state is None:
        raise Conflict(
            "NOTHING_LOADED",
            "系统还没有载入评分权重;请先启动服务",
            "no weights are loaded yet: start the server once first",
        )
    return state.weight_set


async def read(context: Context, conn: AsyncConnection, area_id: int, more: Sequence[Offer] = ()) -> Instance:
    """What a plan of the area is computed from, in the snapshot of this transaction; and `more` offers beside."""
    words = await vocabulary(context.engine, conn)
    place = (await words.areas_by_id(conn, [area_id]))[area_id]
    weights = await weights_now(conn)
    needs = [need_value(row) for row in await matches.open_needs(conn, area_id=place.id)]
    given = [*await _offers(conn, words, needs, place), *more]
    offers, caps, limits = await fund_caps.capped(conn, words, context.today, needs, given)
    around = await world(conn, words, weights, context.today, needs, offers, place)
    return Instance(place, needs, offers, around, weights, caps, limits)


async def _offers(conn: AsyncConnection, words: Vocabulary, needs: Sequence[Need], place: Area) -> list[Offer]:
    types = {id for need in needs for id in words.type_ancestors[need.type_id]}
    # The narrower ones too: a shortfall names the offers that nearly fit.
    types |= {below for need in needs for below in words.types_below(need.type_id)}
    return offer_values(await plans.offers_covering(conn, types, place.id), words) if types else []


async def _store(
    context: Context,
    conn: AsyncConnection,
    id: int,
    attempt: int,
    instance: Instance,
    plan: Plan,
    why: Sequence[Choice],
) -> bool:
    weights = instance.weights
    return await plans.settle(
        conn,
        id,
        attempt,
        instance.place.id,
        {
            "finished_at": context.clock(),
            "demand": plan.demand,
            "met": plan.met,
            **plan_rows.certificate(plan.certificate),
        },
        [plan_rows.allocation(one, choice, weights) for one, choice in zip(plan.allocations, why, strict=True)],
        [plan_rows.shortfall(one) for one in plan.shortfalls],
        [plan_rows.coverage(one) for one in plan.coverage],
        [
            {
                "position": position,
                "area_id": one.district_id,
                "resource_type_id": one.type_id,
                "shortfall": one.shortfall,
                "worth": one.worth,
                "met_by_one": one.met_by_one,
                "met_by_all": one.met_by_all,
            }
            for position, one in enumerate(plan.bottlenecks)
        ],
    )

"""Approving a plan: every line of it becomes an order, all of them or none."""

from __future__ import annotations

from collections import Counter

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, plans, referrals
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict, NotFound
from resolvers.referral_ledger import Placing, failed_rules, place
from resolvers.referral_steps import STEPS
from resolvers.vocabulary import vocabulary

#: How many lines that hold no longer a refusal names.
NAMED = 5


async def approve(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Orders every allocation of a computed plan in one transaction; the plan is APPROVED and no longer kept.

    Raises NotFound, NotAllowed, Conflict: PLAN_NOT_COMPUTED, PLAN_EMPTY, or PLAN_OUTDATED where any line holds no
    longer (a need withdrawn, an offer used otherwise since): it names the first of them, and nothing is ordered.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        problems = Problems()
        problems.key(idempotency_key)
        problems.stop()
        plan = await acting.seen(conn, context.viewer, "plan", id)
        if plan is None:
            raise NotFound("这个方案", "plan")
        words = await vocabulary(context.engine, conn)
        areas = await words.areas_by_id(conn, [plan.area_id])
        require_within(context.viewer, areas[plan.area_id])
        # No newer plan takes its place, and no keeper writes lines of it, while it is carried out.
        await plans.take_turn(conn, plan.area_id)
        plan = await acting.seen(conn, context.viewer, "plan", id, lock=True)
        assert plan is not None
        if plan.status != "COMPUTED":
            raise _not_computed(plan.status)
        lines = await plans.allocations(conn, plan.id)
        if not lines:
            raise Conflict(
                "PLAN_EMPTY", "这个方案没有任何分配,无可批准", "this plan allocates nothing: nothing to approve"
            )
        offers = await referrals.lock(conn, "offer", {line.offer_id for line in lines})
        needs = await referrals.lock(conn, "need", {line.need_id for line in lines})
        by_offer: Counter[int] = Counter()
        by_need: Counter[int] = Counter()
        for line in lines:
            by_offer[line.offer_id] += line.quantity
            by_need[line.need_id] += line.quantity
        pairs = [(needs[line.need_id], offers[line.offer_id]) for line in lines]
        failed = await failed_rules(context, conn, words, pairs)
        broken: list[tuple[str, str, str]] = []
        for line, (need, offer), rules in zip(lines, pairs, failed, strict=True):
            if rules:
                broken.append((need.title, rules[0].text_zh, rules[0].text_en))
            elif by_need[need.id] > need.quantity - need.committed:
                broken.append((need.title, "需求已由别的点单落实", "the need is promised elsewhere since"))
            elif by_offer[offer.id] > offer.available:
                broken.append((need.title, "资源余量不足", "too little is left of the offer"))
            elif line.quantity < offer.minimum_per_need:
                broken.append((need.title, "低于起供数量", "less than the offer's minimum"))
        if broken:
            raise _outdated(broken)
        at_home = await words.areas_by_id(conn, {need.area_id for need in needs.values()})
        placings = [
            Placing(need, offer, line.quantity, at_home[need.area_id])
            for line, (need, offer) in zip(lines, pairs, strict=True)
        ]
        await place(context, conn, words, STEPS["request"], placings, side="COORDINATOR", note=None, plan_id=plan.id)
        await plans.approve(conn, plan.id, context.clock())
        await record(conn, context.viewer, "plan.approved", "plan", plan.id, plan.area_id, {"referrals": len(placings)})
        return Done("plan", plan.id)

    return await act(context, "planApprove", idempotency_key, {"id": id}, work)


def _not_computed(status: str) -> Conflict:
    says = {
        "APPROVED": ("这个方案已经批准", "this plan is approved already"),
        "SUPERSEDED": ("这个方案已被新的方案取代,请批准新的方案", "a newer plan took its place: approve that one"),
        "QUEUED": ("这个方案还没有算完", "this plan is not computed yet"),
        "COMPUTING": ("这个方案还没有算完", "this plan is not computed yet"),
    }
    zh, en = says.get(status, ("这个方案没有算出,请重新计算", "this plan was not computed: compute a new one"))
    return Conflict("PLAN_NOT_COMPUTED" if status != "APPROVED" else "PLAN_APPROVED", zh, en)


def _outdated(broken: list[tuple[str, str, str]]) -> Conflict:
    first = broken[:NAMED]
    zh = ";".join(f"“{title}”:{text}" for title, text, _ in first)
    en = "; ".join(f'"{title}": {text}' for title, _, text in first)
    more_zh = f"等 {len(broken)} 项" if len(broken) > NAMED else ""
    more_en = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    return Conflict(
        "PLAN_OUTDATED",
        f"方案计算之后情况有变,没有下任何订单。{zh}{more_zh};请重新计算后再批准",
        f"things have changed since it was computed; nothing was ordered. {en}{more_en}; compute anew, then approve",
    )

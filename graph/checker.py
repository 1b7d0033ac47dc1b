"""Accepts or rejects a plan, with no part of the solver: every plan is looked at twice, by different eyes.

A plan is right when (1) it does nothing that is not allowed and loses nothing, and (2) the prices it carries prove
that nothing better exists, over all eligible pairs and for all aims in their order (`graph.proof` states the rule).
Parts that were searched for the sake of minimum quantities or whole needs carry no such proof: their needs are named in
`Plan.searched`, and they are only checked for (1) and for standing apart from the rest.
O(pairs), in whole numbers that do not overflow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graph.candidates import Pairs
from graph.market import Market
from graph.proof import AIMS, BEST_SCORE, PARTS, Flags, Ints, Reach, Verdict, check_market, reach
from graph.rules import obstacles
from graph.score import parts, weight_vector
from graph.values import Cap, Need, Offer, Plan, Prices, World

__all__ = ["Instance", "Placed", "Verdict", "check", "check_lines", "check_market", "placed"]


@dataclass(frozen=True, slots=True)
class Instance:
    """What was asked: the needs considered, the offers, all eligible pairs (positions in the lists), and the caps."""

    needs: Sequence[Need]
    offers: Sequence[Offer]
    world: World
    eligible: Pairs
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """An instance on arrays: nodes in the order of its lists, caps with those below first, groups ascending by key."""

    market: Market
    cap_ids: list[int]
    group_keys: list[tuple[int, int]]


def check(instance: Instance, plan: Plan) -> list[str]:
    """Everything that is wrong with the plan, as 中文 / English; empty when it is right."""
    faults = check_lines(instance, plan)
    if faults:
        return faults
    try:
        where = placed(instance)
    except ValueError as error:
        return [str(error)]
    return list(_not_proven(instance, plan, where))


def check_lines(instance: Instance, plan: Plan) -> list[str]:
    """What the lines of a plan do that is not allowed, and what they lose; looks at no pair that is not used.

    `instance.eligible` may be empty. O(allocations + needs + offers).
    """
    return [*_not_allowed(instance, plan), *_lost(instance, plan)]


def placed(instance: Instance) -> Placed:
    """The instance as the arrays of `graph.market`. Raises ValueError (中文 / English) where caps are not nested."""
    needs, offers, eligible = instance.needs, instance.offers, instance.eligible
    caps = _inner_first(instance.caps)
    place = {cap.id: position for position, cap in enumerate(caps)} | {None: -1}
    unknown = [o.id for o in offers if o.cap_id not in place]
    if unknown:
        raise ValueError(f"供给所属的额度不存在 / an offer draws on an unknown cap: offer {unknown[0]}")
    key = [group_key(need, instance.world) for need in needs]
    group_keys = sorted(set(key))
    group = {found: position for position, found in enumerate(group_keys)}
    market = Market(
        demand=_whole([max(0, n.remaining) for n in needs]),
        tier=_whole([n.priority for n in needs]),
        group=_whole([group[k] for k in key]),
        supply=_whole([max(0, o.available) if o.is_active else 0 for o in offers]),
        parent=_whole([place[o.cap_id] for o in offers]),
        cap_limit=_whole([cap.limit for cap in caps]),
        cap_parent=_whole([place[cap.parent_id] for cap in caps]),
        need=eligible.need_index,
        offer=eligible.offer_index,
        limit=eligible.quantity,
        score=eligible.score_e8,
        need_ids=_whole([n.id for n in needs]),
        offer_ids=_whole([o.id for o in offers]),
        groups=len(group_keys),
    )
    return Placed(market, [cap.id for cap in caps], group_keys)


def group_key(need: Need, world: World) -> tuple[int, int]:
    """(district, resource type): with whom the need shares shortage."""
    return world.districts.get(need.area_id, need.area_id), need.type_id


def _inner_first(caps: Sequence[Cap]) -> list[Cap]:
    """Every cap before the one it lies within."""
    known = {cap.id: cap for cap in caps}
    if len(known) != len(caps) or any(cap.limit < 0 for cap in caps):
        raise ValueError("额度编号重复或为负 / a cap occurs twice or is below zero")
    depth: dict[int | None, int] = {None: 0}
    for cap in caps:
        path: list[Cap] = []
        at: int | None = cap.id
        while at not in depth:
            if at not in known or len(path) > len(caps):
                raise ValueError(f"额度未逐级嵌套 / caps are not nested: cap {cap.id}")
            path.append(known[at])
            at = known[at].parent_id
        for inner in reversed(path):
            depth[inner.id] = depth[inner.parent_id] + 1
    return sorted(caps, key=lambda cap: (-depth[cap.id], cap.id))


def _not_allowed(instance: Instance, plan: Plan) -> Iterator[str]:
    needs, offers = {n.id: n for n in instance.needs}, {o.id: o for o in instance.offers}
    got: Counter[int] = Counter()
    given: Counter[int] = Counter()
    seen = set()
    weights = weight_vector(instance.world.weights)
    for a in plan.allocations:
        pair = f"need {a.need_id}, offer {a.offer_id}"
        if a.need_id not in needs or a.offer_id not in offers or (a.need_id, a.offer_id) in seen:
            yield f"不存在或重复 / unknown or twice: {pair}"
            continue
        seen.add((a.need_id, a.offer_id))
        need, offer = needs[a.need_id], offers[a.offer_id]
        got[need.id] += a.quantity
        given[offer.id] += a.quantity
        if a.quantity < max(1, offer.minimum) or (offer.maximum is not None and a.quantity > offer.maximum):
            yield f"数量不在起供与上限之间 / outside the minimum and maximum: {pair}: {a.quantity}"
        for found in obstacles(need, offer, instance.world):
            yield f"违反规则 {found.code} / breaks the rule {found.code}: {pair}"
        values = parts(need, offer, instance.world)
        if round(a.score * BEST_SCORE) != sum(w * v for w, v in zip(weights, values, strict=True)):
            yield f"得分不符 / not the pair's score: {pair}: {a.score}"
    for i, units in got.items():
        if units > needs[i].remaining:
            yield f"需求得到的超过所需 / a need gets more than it asks for: need {i}"
        if needs[i].whole and units != needs[i].remaining:
            yield f"须整体满足的需求只得到一部分 / a need that wants all or nothing gets a part: need {i}"
    for i, units in given.items():
        if units > offers[i].available:
            yield f"供给给出的超过余量 / an offer gives more than it has: offer {i}"


def _lost(instance: Instance, plan: Plan) -> Iterator[str]:
    got: Counter[int] = Counter()
    for a in plan.allocations:
        got[a.need_id] += a.quantity
    short = {n.id: n.remaining - got[n.id] for n in instance.needs if got[n.id] < n.remaining}
    if {s.need_id: s.quantity for s in plan.shortfalls} != short or len(plan.shortfalls) != len(short):
        yield "缺口与分配不符 / the shortfalls are not what the allocations leave unmet"
    if any(not s.obstacles for s in plan.shortfalls):
        yield "有缺口未说明原因 / a shortfall has no reason"
    if (plan.demand, plan.met) != (len(instance.needs), len(instance.needs) - len(short)):
        yield "需求数或满足数有误 / demand or met is miscounted"


def _not_proven(instance: Instance, plan: Plan, where: Placed) -> Iterator[str]:
    market, eligible = where.market, instance.eligible
    order = plan.order
    if [p.stage for p in plan.prices] != list(AIMS.get(order, ())) or order not in AIMS:
        yield "缺少某一阶段的价格,或顺序不符 / prices of a stage are missing, or in another order"
        return
    need_at = {n.id: p for p, n in enumerate(instance.needs)}
    offer_at = {o.id: p for p, o in enumerate(instance.offers)}
    size = len(instance.offers)
    keys = eligible.need_index.astype(np.int64) * size + eligible.offer_index
    wanted = _whole([need_at[a.need_id] * size + offer_at[a.offer_id] for a in plan.allocations])
    at = np.searchsorted(keys, wanted)
    if len(wanted) and (not len(keys) or (keys[np.minimum(at, len(keys) - 1)] != wanted).any()):
        yield "分配不在可行配对之中 / an allocation is not among the eligible pairs"
        return
    flow = np.zeros(len(keys), dtype=np.int64)
    flow[at] = _whole([a.quantity for a in plan.allocations])
    reached = reach(market, np.ones(len(market.demand), dtype=np.bool_))
    try:
        prices = [_by_node(p, instance, where, reached) for p in plan.prices]
    except ValueError as error:
        yield str(error)
        return
    if not plan.searched <= need_at.keys():
        yield "搜索过的需求不存在 / a searched need is unknown"
    searched = np.array([n.id in plan.searched for n in instance.needs], dtype=np.bool_)
    verdict = check_market(market, order, flow, prices, searched)
    yield from verdict.faults
    if verdict.costs:
        yield from _misstated(instance, plan, verdict)


def _misstated(instance: Instance, plan: Plan, verdict: Verdict) -> Iterator[str]:
    costs = dict(zip(AIMS[plan.order], verdict.costs, strict=True))
    total = sum(max(0, n.remaining) for n in instance.needs)
    tier = {n.id: n.priority for n in instance.needs}
    met = [0, 0, 0, 0]
    for a in plan.allocations:
        met[3 - tier[a.need_id]] += a.quantity
    fair, score = verdict.fair_cost_of_nothing - costs["FAIR"], BEST_SCORE * total - costs["SCORE"]
    primal, stated = _number(plan.order, met, fair, score, total), plan.certificate
    if stated.primal != primal:
        yield "证明中的数值与分配不符 / the certificate states other figures than the allocations"
    if stated.dual < primal or ((stated.optimal or not plan.searched) and stated.dual != primal):
        yield "证明中的上界不成立 / the certificate states a bound that does not hold"


def _number(order: str, met: Sequence[int], fair: int, score: int, total: int) -> int:
    """The aims as digits, most important first, each digit's base one more than it can be."""
    units = [(value, total + 1) for value in met]
    saved = [(fair, (2 * PARTS) * total + 1)]
    digits = saved + units if order == "FAIR_FIRST" else units + saved
    number = 0
    for value, base in [*digits, (score, BEST_SCORE * total + 1)]:
        number = number * base + value
    return number


def _by_node(stage: Prices, instance: Instance, where: Placed, reached: Reach) -> Ints:
    """Prices in the order of the market's nodes, the root's 0 at the end."""
    found: list[int] = []
    columns: tuple[tuple[Mapping[Any, int], Iterable[Any], Flags], ...] = (
        (stage.needs, (n.id for n in instance.needs), reached.needs),
        (stage.offers, (o.id for o in instance.offers), reached.offers),
        (stage.caps, where.cap_ids, reached.caps),
        (stage.groups, where.group_keys, reached.groups),
    )
    for prices, keys, wanted in columns:
        some = [*map(prices.get, keys)]
        if any(price is None and needed for price, needed in zip(some, wanted.tolist(), strict=True)):
            raise ValueError(f"{stage.stage}:缺少价格 / {stage.stage}: a price is missing")
        found.extend(0 if price is None else price for price in some)
    column = np.array([*found, 0])
    if column.dtype.kind != "i":
        raise ValueError(f"{stage.stage}:价格过大或不是整数 / {stage.stage}: a price is too large or not whole")
    return column.astype(np.int64)


def _whole(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)

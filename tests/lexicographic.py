"""A second solver, slow and plain: all aims at once, as the digits of one whole number, by networkx.

Python's integers hold any number of digits, so nothing is frozen and nothing is rounded. Prices are shortest ways to
the root in what the flow leaves free, as tuples, which Python compares digit by digit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx

from graph.checker import Instance
from graph.values import Allocation, Certificate, Obstacle, Plan, Prices, Shortfall

ORDERS = {"URGENT_FIRST": ("TIER", "FAIR", "SCORE", "TIE"), "FAIR_FIRST": ("FAIR", "TIER", "SCORE", "TIE")}
ROOT = ("root",)


@dataclass(frozen=True)
class Arc:
    """`capacity` None: without end; `costs` by stage, those not named 0."""

    tail: Hashable
    head: Hashable
    capacity: int | None
    costs: dict[str, int]


Change = Callable[[list[Arc]], list[Arc]]


def tie_hash(need_id: int, offer_id: int) -> int:
    word = 2**64 - 1
    x = (need_id * 0x9E3779B97F4A7C15 + offer_id) & word
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & word
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & word
    return (x ^ (x >> 31)) >> 32


def group_of(instance: Instance, position: int) -> tuple[int, int]:
    need = instance.needs[position]
    return instance.world.districts.get(need.area_id, need.area_id), need.type_id


def arcs(instance: Instance) -> list[Arc]:
    """The flow problem of a plan, as `graph.market` states it."""
    found, asked = [], Counter[tuple[int, int]]()
    eligible = instance.eligible
    rows = zip(
        eligible.need_index.tolist(),
        eligible.offer_index.tolist(),
        eligible.quantity.tolist(),
        eligible.score_e8.tolist(),
        strict=True,
    )
    for n, o, limit, score in rows:
        need, offer = instance.needs[n], instance.offers[o]
        costs = {"SCORE": 10**8 - score, "TIE": 2**32 - tie_hash(need.id, offer.id)}
        found.append(Arc(("need", need.id), ("offer", offer.id), limit, costs))
    for position, need in enumerate(instance.needs):
        group = group_of(instance, position)
        asked[group] += need.remaining
        costs = {"TIER": 1 + need.priority, "SCORE": 10**8, "TIE": 2**32}
        found.append(Arc(("need", need.id), ("group", *group), None, costs))
    for group, units in asked.items():
        for k in range(20):
            size = units * (k + 1) // 20 - units * k // 20
            found.append(Arc(("group", *group), ROOT, None if k == 19 else size, {"FAIR": 2 * k + 1}))
    for offer in instance.offers:
        above = ROOT if offer.cap_id is None else ("cap", offer.cap_id)
        found.append(Arc(("offer", offer.id), above, max(0, offer.available), {}))
    for cap in instance.caps:
        above = ROOT if cap.parent_id is None else ("cap", cap.parent_id)
        found.append(Arc(("cap", cap.id), above, cap.limit, {}))
    return found


def solve(
    instance: Instance, order: str, change: Change = list, stages: tuple[str, ...] = ()
) -> tuple[dict[tuple[int, int], int], tuple[Prices, ...]]:
    """(units by need and offer id, prices by stage). `change` alters the problem: what a wrong solver would solve."""
    stages = stages or ORDERS[order]
    network = change(arcs(instance))
    total = sum(need.remaining for need in instance.needs)
    base = total * 2**33 + 1
    graph = nx.MultiDiGraph()
    graph.add_node(ROOT, demand=total)
    for need in instance.needs:
        graph.add_node(("need", need.id), demand=-need.remaining)
    for key, arc in enumerate(network):
        weight = 0
        for stage in stages:
            weight = weight * base + arc.costs.get(stage, 0)
        room = {} if arc.capacity is None else {"capacity": arc.capacity}
        graph.add_edge(arc.tail, arc.head, key, weight=weight, **room)
    _, flow = nx.network_simplex(graph, backend="networkx")
    sent = [flow[arc.tail][arc.head][key] for key, arc in enumerate(network)]
    met = {(a.tail[1], a.head[1]): x for a, x in zip(network, sent, strict=True) if x and a.head[0] == "offer"}
    return met, _prices(instance, network, sent, stages)


def _prices(instance: Instance, network: list[Arc], sent: list[int], stages: tuple[str, ...]) -> tuple[Prices, ...]:
    free = []
    for arc, units in zip(network, sent, strict=True):
        cost = tuple(arc.costs.get(stage, 0) for stage in stages)
        if arc.capacity is None or units < arc.capacity:
            free.append((arc.tail, arc.head, cost))
        if units:
            free.append((arc.head, arc.tail, tuple(-c for c in cost)))
    far = (10**15,) + (0,) * (len(stages) - 1)
    way = {node: far for arc in network for node in (arc.tail, arc.head)} | {ROOT: (0,) * len(stages)}
    for _ in range(len(way) + 1):
        moved = False
        for tail, head, cost in free:
            there = tuple(a + b for a, b in zip(way[head], cost, strict=True))
            if there < way[tail]:
                way[tail], moved = there, True
        if not moved:
            break
    else:
        raise AssertionError("the flow is not the best one")

    def column(kind: str, place: int) -> dict[Any, int]:
        return {(n[1] if len(n) == 2 else n[1:]): w[place] for n, w in way.items() if n[0] == kind}

    kinds = ("need", "offer", "cap", "group")
    return tuple(Prices(stage, *(column(kind, s) for kind in kinds)) for s, stage in enumerate(stages))


def aims(instance: Instance, given: dict[tuple[int, int], int], order: str) -> tuple[int, ...]:
    """Units met of tier 3, 2, 1, 0; fair cost saved; score_e8 x units. FAIR_FIRST has the fair cost first."""
    tier = {n.id: n.priority for n in instance.needs}
    met = tuple(sum(q for (n, _), q in given.items() if tier[n] == level) for level in (3, 2, 1, 0))
    asked, missing = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for position, need in enumerate(instance.needs):
        group = group_of(instance, position)
        asked[group] += need.remaining
        missing[group] += need.remaining - sum(q for (n, _), q in given.items() if n == need.id)
    saved = sum(fair_cost(asked[g], asked[g]) - fair_cost(asked[g], missing[g]) for g in asked)
    eligible = instance.eligible
    ends = zip(eligible.need_index.tolist(), eligible.offer_index.tolist(), eligible.score_e8.tolist(), strict=True)
    score = {(instance.needs[n].id, instance.offers[o].id): s for n, o, s in ends}
    worth = sum(q * score[pair] for pair, q in given.items())
    return (saved, *met, worth) if order == "FAIR_FIRST" else (*met, saved, worth)


def fair_cost(asked: int, missing: int) -> int:
    """Unit by unit: the u-th missing one lies in the twentieth whose end it does not pass."""
    return sum(2 * next(k for k in range(20) if unit < asked * (k + 1) // 20) + 1 for unit in range(missing))


def plan_of(instance: Instance, given: dict[tuple[int, int], int], prices: tuple[Prices, ...], order: str) -> Plan:
    """A plan as the engine would describe it; its certificate says what the allocation reaches."""
    eligible = instance.eligible
    ends = zip(eligible.need_index.tolist(), eligible.offer_index.tolist(), eligible.score_e8.tolist(), strict=True)
    score = {(instance.needs[n].id, instance.offers[o].id): s / 10**8 for n, o, s in ends}
    plan = Plan(
        demand=len(instance.needs),
        met=0,
        allocations=[Allocation(n, o, q, score[n, o]) for (n, o), q in sorted(given.items())],
        shortfalls=[],
        certificate=Certificate(True, 0, 0, 0, "networkx", 0.0),
        order=order,
        prices=prices,
    )
    return restated(instance, plan)


def restated(instance: Instance, plan: Plan) -> Plan:
    """The plan with figures that fit its allocations, as an honest but mistaken solver would state them."""
    given = {(a.need_id, a.offer_id): a.quantity for a in plan.allocations}
    got = Counter[int]()
    for (need_id, _), units in given.items():
        got[need_id] += units
    why = [Obstacle("AVAILABILITY", "供给已无余量", "Nothing is left.", None, None)]
    short = [Shortfall(n.id, n.remaining - got[n.id], why) for n in instance.needs if got[n.id] < n.remaining]
    total = sum(need.remaining for need in instance.needs)
    number = 0
    fair_digit = 0 if plan.order == "FAIR_FIRST" else 4
    for place, value in enumerate(aims(instance, given, plan.order)):
        most = 40 * total if place == fair_digit else 10**8 * total if place == 5 else total
        number = number * (most + 1) + value
    return replace(
        plan,
        met=len(instance.needs) - len(short),
        shortfalls=short,
        certificate=replace(plan.certificate, primal=number, dual=number),
    )

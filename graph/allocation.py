"""The plan of an area: who gets what, best for all, proven.

    max lexicographically  (units met of STAT, of ASAP, of URGENT, of ROUTINE, sum of score_e8 x units)
    s.t.  a need gets at most what remains, an offer gives at most what is available, a pair at most the maximum,
          nothing outside graph.rules, whole units, a pair nothing or at least the minimum

Stages TIER, SCORE and TIE are minimum cost flows (`graph.stages`); TIE settles what is left by a hash of ids, so that
the answer depends on what is asked and offered, never on the order of the lists. Minimum quantities that the flow
breaks are searched in the connected parts they touch (`graph.search`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from graph.candidates import pairs
from graph.checker import Instance, check
from graph.old_stages import Market, Stage, solve_in_order
from graph.search import Aims, Goals, explore
from graph.shortfalls import explain
from graph.solver import SOLVER, Ints
from graph.ties import tie_values
from graph.values import (
    WHOLE,
    Allocation,
    Certificate,
    Duals,
    Need,
    Offer,
    Plan,
    Shortfall,
    World,
    aims_as_number,
)

__all__ = ["Allocation", "Certificate", "Duals", "Plan", "Shortfall", "aims_as_number", "compute_plan"]

STAGES = ("TIER", "SCORE", "TIE")

#: Pairs that may be solved for the sake of minimum quantities before the best plan so far has to do (some 5 s).
WORK_LIMIT = 10_000_000


def compute_plan(needs: Sequence[Need], offers: Sequence[Offer], world: World, *, work_limit: int = WORK_LIMIT) -> Plan:
    """The optimal allocation of `offers` to `needs`.

    When minimum quantities cannot be settled within `work_limit`, the plan is feasible, `certificate.optimal` is False
    and `certificate.dual` bounds what any plan could reach.

    Raises ValueError for bad weights, ids that occur twice, a priority outside 0..3 or quantities outside 32 bits;
    KeyError for a type or area that the world does not know.
    """
    began = perf_counter()
    needs = sorted((n for n in needs if n.is_open and n.remaining > 0), key=lambda n: n.id)
    offers = sorted(offers, key=lambda o: o.id)
    _refuse_bad(needs, offers)
    eligible = pairs(needs, offers, world)
    instance = Instance(needs, offers, world, eligible)
    market, goals = _market(instance)
    stages = solve_in_order(market, goals.values())
    flow, bound, searched = _honour_minimums(market, goals, stages, work_limit)
    primal = goals.aims(flow)
    total = sum(need.remaining for need in needs)
    plan = _described(instance, flow, stages, searched)
    certificate = Certificate(
        optimal=primal == bound,
        primal=aims_as_number(primal, total),
        dual=aims_as_number(bound, total),
        violations=0,
        solver=SOLVER,
        seconds=perf_counter() - began,
    )
    plan = replace(plan, certificate=certificate)
    violations = len(check(instance, plan))
    return replace(
        plan,
        certificate=replace(
            certificate,
            optimal=certificate.optimal and not violations,
            violations=violations,
            seconds=perf_counter() - began,
        ),
    )


def _market(instance: Instance) -> tuple[Market, Goals]:
    needs, offers, eligible = instance.needs, instance.offers, instance.eligible
    need, offer = eligible.need_index.astype(np.int64), eligible.offer_index.astype(np.int64)
    market = Market(
        np.array([n.remaining for n in needs], dtype=np.int64),
        np.array([max(0, o.available) for o in offers], dtype=np.int64),
        need,
        offer,
        eligible.quantity,
    )
    need_ids = np.array([n.id for n in needs], dtype=np.int64)
    offer_ids = np.array([o.id for o in offers], dtype=np.int64)
    goals = Goals(
        np.array([n.priority for n in needs], dtype=np.int64)[need],
        eligible.score_e8,
        tie_values(need_ids[need], offer_ids[offer]),
        np.array([max(1, o.minimum) for o in offers], dtype=np.int64)[offer],
    )
    return market, goals


def _honour_minimums(market: Market, goals: Goals, stages: list[Stage], work_limit: int) -> tuple[Ints, Aims, Ints]:
    """The flow with minimums kept, a bound of the aims, and the needs (positions) whose part was searched."""
    flow = stages[-1].flow
    bound = goals.aims(flow)
    if not len(goals.too_little(flow)):
        return flow, bound, np.zeros(0, dtype=np.int64)
    flow, bound, pairs_searched = explore(market, goals, flow, stages[0].face, work_limit)
    return flow, bound, np.unique(market.need[pairs_searched])


def _described(instance: Instance, flow: Ints, stages: list[Stage], searched: Ints) -> Plan:
    needs, offers, eligible = instance.needs, instance.offers, instance.eligible
    used = np.flatnonzero(flow)
    rows = zip(
        eligible.need_index[used].tolist(),
        eligible.offer_index[used].tolist(),
        flow[used].tolist(),
        eligible.score_e8[used].tolist(),
        strict=True,
    )
    allocations = [Allocation(needs[n].id, offers[o].id, q, s / WHOLE**2) for n, o, q, s in rows]
    shortfalls = explain(needs, offers, instance.world, eligible, flow)
    need_ids, offer_ids = [n.id for n in needs], [o.id for o in offers]
    duals = tuple(
        Duals(
            name,
            dict(zip(need_ids, stage.need_price.tolist(), strict=True)),
            dict(zip(offer_ids, stage.offer_price.tolist(), strict=True)),
        )
        for name, stage in zip(STAGES, stages, strict=True)
    )
    return Plan(
        demand=len(needs),
        met=len(needs) - len(shortfalls),
        allocations=allocations,
        shortfalls=shortfalls,
        certificate=Certificate(False, 0, 0, 0, SOLVER, 0.0),
        duals=duals,
        searched=frozenset(needs[n].id for n in searched.tolist()),
    )


def _refuse_bad(needs: Sequence[Need], offers: Sequence[Offer]) -> None:
    if len({n.id for n in needs}) != len(needs) or len({o.id for o in offers}) != len(offers):
        raise ValueError("an id occurs twice")
    if any(not 0 <= n.priority <= 3 for n in needs):
        raise ValueError("a priority lies in 0..3")
    top = 2**31
    if any(n.remaining >= top for n in needs) or any(o.available >= top or o.minimum >= top for o in offers):
        raise ValueError("quantities fit 32 bits")

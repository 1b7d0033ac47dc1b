"""Laws of minimum quantities and whole-or-nothing needs, against every plan there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.market import ORDERS, Flags, Market, aims, frame, frame_flow
from graph.milp import by_highs, fits
from graph.minimums import Honoured, honour, network
from graph.semicontinuous import relaxed, tightened
from graph.solver import Ints
from graph.stages import solve

_ORDERS = st.sampled_from(sorted(ORDERS))


@dataclass(frozen=True)
class Case:
    market: Market
    minimum: Ints
    whole: Flags


@st.composite
def cases(draw: st.DrawFn, units: int = 4, scale: int = 1) -> Case:
    """Up to 3 needs, 3 offers and 5 pairs, with caps in two levels, groups, minimums and whole needs."""
    few = st.integers(0, units).map(lambda q: q * scale)
    n, m = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    demand = [max(1, draw(few)) for _ in range(n)]
    supply = [draw(few) for _ in range(m)]
    ends = sorted(draw(st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), min_size=1, max_size=5)))
    caps = draw(st.sampled_from([[], [-1], [-1, -1], [1, -1], [2, 2, -1]]))
    ints = np.int64
    market = Market(
        np.array(demand, ints),
        np.array([draw(st.integers(0, 3)) for _ in range(n)], ints),
        np.array([draw(st.integers(0, 1)) for _ in range(n)], ints),
        np.array(supply, ints),
        np.array([draw(st.integers(-1, len(caps) - 1)) for _ in range(m)], ints),
        np.array([draw(few) for _ in caps], ints),
        np.array(caps, ints),
        np.array([end[0] for end in ends], ints),
        np.array([end[1] for end in ends], ints),
        np.array([max(1, draw(few)) for _ in ends], ints),
        np.array([draw(st.sampled_from([0, 1, 50_000_000, 100_000_000])) for _ in ends], ints),
        np.array([10 + 3 * i for i in range(n)], ints),
        np.array([7 + 2 * i for i in range(m)], ints),
        2,
    )
    minimum = np.array([draw(st.sampled_from([1, 1, 2 * scale, 3 * scale])) for _ in ends], ints)
    return Case(market, minimum, np.array([draw(st.booleans()) for _ in range(n)], np.bool_))


def kept(case: Case, flow: Ints) -> bool:
    """Whether a flow of pairs breaks nothing at all."""
    market = case.market
    got = np.bincount(market.need, flow, len(market.demand)).astype(np.int64)
    through = np.bincount(market.offer, flow, len(market.supply)).astype(np.int64)
    if (got > market.demand).any() or (through > market.supply).any() or (flow > market.limit).any():
        return False
    if ((flow != 0) & (flow < case.minimum)).any() or (case.whole & (got != 0) & (got != market.demand)).any():
        return False
    caps = [0] * len(market.cap_limit)
    for offer, units in enumerate(through.tolist()):
        cap = int(market.parent[offer])
        while cap >= 0:
            caps[cap] += units
            cap = int(market.cap_parent[cap])
    return all(used <= limit for used, limit in zip(caps, market.cap_limit.tolist(), strict=True))


def every_plan(case: Case) -> Iterator[Ints]:
    choices = [
        [0, *range(least, most + 1)]
        for least, most in zip(case.minimum.tolist(), case.market.limit.tolist(), strict=True)
    ]
    for amounts in product(*choices):
        flow = np.array(amounts, dtype=np.int64)
        if kept(case, flow):
            yield flow


def run(case: Case, order: str, work_limit: int = 10_000_000) -> Honoured:
    stages = ORDERS[order]
    return honour(case.market, stages, solve(case.market, stages).flow, case.minimum, case.whole, work_limit=work_limit)


@settings(max_examples=400, deadline=None)
@given(cases(), _ORDERS)
def test_no_plan_that_keeps_every_minimum_is_better(case: Case, order: str) -> None:
    found = run(case, order)
    reached = aims(case.market, ORDERS[order], found.flow)
    assert kept(case, found.flow)
    assert reached == max(aims(case.market, ORDERS[order], flow) for flow in every_plan(case))
    assert found.bound == reached


@settings(max_examples=200, deadline=None)
@given(cases(), _ORDERS, st.sampled_from([0, 1, 5_000, 12_000]))
def test_a_stopped_search_has_a_plan_that_keeps_all_and_a_bound_that_holds(
    case: Case, order: str, work_limit: int
) -> None:
    found = run(case, order, work_limit)
    assert kept(case, found.flow)
    best = max(aims(case.market, ORDERS[order], flow) for flow in every_plan(case))
    assert aims(case.market, ORDERS[order], found.flow) <= best <= found.bound


@settings(max_examples=200, deadline=None)
@given(cases(), _ORDERS, st.randoms(use_true_random=False))
def test_the_order_of_needs_and_offers_does_not_matter(case: Case, order: str, random: Random) -> None:
    market = case.market
    needs = np.array(random.sample(range(len(market.demand)), len(market.demand)))
    offers = np.array(random.sample(range(len(market.supply)), len(market.supply)))
    need_at, offer_at = np.argsort(needs), np.argsort(offers)
    pairs = np.lexsort((offer_at[market.offer], need_at[market.need]))
    other = replace(
        market,
        demand=market.demand[needs],
        tier=market.tier[needs],
        group=1 - market.group[needs],
        supply=market.supply[offers],
        parent=market.parent[offers],
        need=need_at[market.need[pairs]],
        offer=offer_at[market.offer[pairs]],
        limit=market.limit[pairs],
        score=market.score[pairs],
        need_ids=market.need_ids[needs],
        offer_ids=market.offer_ids[offers],
    )
    again = run(Case(other, case.minimum[pairs], case.whole[needs]), order)
    assert again.flow.tolist() == run(case, order).flow[pairs].tolist()


@settings(max_examples=200, deadline=None)
@given(cases(), _ORDERS)
def test_a_plan_that_breaks_nothing_stays_as_it_is(case: Case, order: str) -> None:
    plain = solve(case.market, ORDERS[order]).flow
    found = run(case, order)
    if kept(case, plain):
        assert found.flow.tolist() == plain.tolist()
        assert found.bound == aims(case.market, ORDERS[order], plain)
        assert (len(found.searched), found.flows) == (0, 0)
    else:
        assert len(found.searched)


@settings(max_examples=100, deadline=None)
@given(cases(scale=500_000_000), _ORDERS)
def test_two_thousand_million_units_stay_exact(case: Case, order: str) -> None:
    found = run(case, order)
    assert kept(case, found.flow)
    assert aims(case.market, ORDERS[order], found.flow) == found.bound


@settings(max_examples=100, deadline=None)
@given(cases(), _ORDERS)
def test_highs_proves_the_same_optimum_from_a_plan_that_gives_nothing(case: Case, order: str) -> None:
    market, nothing = case.market, np.zeros(len(case.market.need), dtype=np.int64)
    net, _ = network(market, ORDERS[order], case.minimum, case.whole)
    net = tightened(net)
    start, best = (
        np.append(flow, frame_flow(market, frame(market), flow)) for flow in (nothing, run(case, order).flow)
    )
    plan, bound = by_highs(net, relaxed(net), start)
    assert fits(net)
    assert kept(case, plan[: len(nothing)])
    assert net.cost(plan) == net.cost(best) == bound


def test_highs_proves_what_it_settles_without_a_search() -> None:
    none, one = np.zeros(0, dtype=np.int64), np.ones(3, dtype=np.int64)
    market = Market(
        np.array([2, 2, 4]), one * 0, np.array([0, 1, 0]), np.array([3]), np.array([-1]), none, none,
        np.arange(3), one * 0, np.array([1, 2, 2]), one * 0, np.array([10, 13, 16]), np.array([7]), 2,
    )  # fmt: skip
    net, _ = network(market, ORDERS["FAIR_FIRST"], one, np.array([False, True, False]))
    net = tightened(net)
    nothing = np.zeros(3, dtype=np.int64)
    plan, bound = by_highs(net, relaxed(net), np.append(nothing, frame_flow(market, frame(market), nothing)))
    assert net.cost(plan) == bound

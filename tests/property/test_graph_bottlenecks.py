"""What prices say about one more unit, and about the second choice, is what solving again says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import markets

from graph.alternatives import alternatives
from graph.bottlenecks import scarce, with_offer
from graph.market import ORDERS, TIE, Market, sums
from graph.proof import check_market
from graph.stages import solve

orders = st.sampled_from(sorted(ORDERS))


def cost_of(market: Market, order: str) -> list[int]:
    solved = solve(market, ORDERS[order])
    verdict = check_market(market, order, solved.flow, solved.prices)
    return [c for stage, c in zip(ORDERS[order], verdict.costs, strict=True) if stage in ("TIER", "FAIR")]


@settings(max_examples=150, deadline=None)
@given(markets(caps=0), orders)
def test_one_recruited_unit_is_worth_no_more_than_its_price_says(market: Market, order: str) -> None:
    solved = solve(market, ORDERS[order])
    before = cost_of(market, order)
    for found in scarce(market, solved, 5):
        after = cost_of(with_offer(market, found.group, 1), order)
        gain = tuple(b - a for b, a in zip(before, after, strict=True))
        assert (0, 0) < gain <= found.worth


@settings(max_examples=100, deadline=None)
@given(markets(), orders)
def test_scarce_groups_are_those_that_miss_something_best_first(market: Market, order: str) -> None:
    solved = solve(market, ORDERS[order])
    found = scarce(market, solved, 99)
    missing = market.demand - sums(market.need, solved.flow, len(market.demand))
    by_group = sums(market.group, missing, market.groups)
    assert {f.group: f.shortfall for f in found} == {g: int(by_group[g]) for g in np.flatnonzero(by_group).tolist()}
    assert [f.worth for f in found] == sorted((f.worth for f in found), reverse=True)


@settings(max_examples=150, deadline=None)
@given(markets(), orders)
def test_the_next_choice_is_the_cheapest_pair_that_is_not_used(market: Market, order: str) -> None:
    solved = solve(market, ORDERS[order])
    found = alternatives(market, solved.flow, solved.order, solved.prices)
    short = sums(market.need, solved.flow, len(market.demand)) < market.demand
    left = market.supply - sums(market.offer, solved.flow, len(market.supply))

    def loss(pair: int) -> tuple[int, ...]:
        n, o = int(market.need[pair]), market.first_offer() + int(market.offer[pair])
        cost = {"SCORE": 100_000_000 - int(market.score[pair])}
        return tuple(
            cost.get(stage, 0) - int(price[n]) + int(price[o])
            for stage, price in zip(solved.order, solved.prices, strict=True)
            if stage != TIE
        )

    unused = np.flatnonzero(solved.flow == 0).tolist()
    for need in range(len(market.demand)):
        own = [p for p in unused if market.need[p] == need]
        assert found.of_need[need] == min(own, key=lambda p: (loss(p), p), default=-1)
    for offer in range(len(market.supply)):
        own = [p for p in unused if market.offer[p] == offer and left[offer] == 0 and short[market.need[p]]]
        assert found.of_offer[offer] == min(own, key=lambda p: (loss(p), p), default=-1)

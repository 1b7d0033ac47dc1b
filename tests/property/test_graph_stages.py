"""Laws of the stages: proven over every pair, the same by column generation, equal to one flow with big weights."""

from __future__ import annotations

from unittest.mock import patch

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import markets
from patience import patience

from graph import stages
from graph.market import ORDERS, Market, frame, frame_costs, frame_flow, pair_costs
from graph.proof import check_market
from graph.solver import INFINITE
from graph.stages import Solved, solve

orders = st.sampled_from(sorted(ORDERS))


def costs(market: Market, solved: Solved) -> list[int]:
    """What the flow costs in each stage, in Python integers."""
    arcs = frame(market)
    over = frame_flow(market, arcs, solved.flow)
    return [
        int((frame_costs(market, arcs, s) * over).sum()) + int((pair_costs(market, s) * solved.flow).sum())
        for s in solved.order
    ]


@settings(max_examples=300, deadline=None)
@given(markets(), orders)
def test_every_flow_is_proven_by_its_prices(market: Market, order: str) -> None:
    solved = solve(market, ORDERS[order])
    assert check_market(market, order, solved.flow, solved.prices).faults == []


@settings(max_examples=300, deadline=None)
@given(markets(), orders)
def test_seeing_some_pairs_first_finds_the_same_flow(market: Market, order: str) -> None:
    solved = solve(market, ORDERS[order])
    with patch.multiple(stages, DENSE=0, FIRST_BEST=1, FIRST_ANY=0, JOIN=1):
        again = solve(market, ORDERS[order])
    assert again.flow.tolist() == solved.flow.tolist()
    assert check_market(market, order, again.flow, again.prices).faults == []


@settings(max_examples=150, deadline=None)
@given(markets(5, 4), orders)
def test_one_flow_with_weights_of_any_size_costs_the_same(market: Market, order: str) -> None:
    solved = solve(market, ORDERS[order])
    arcs = frame(market)
    # Each aim outweighs all that comes after it; networkx computes in Python integers, which do not overflow.
    radix = int(market.demand.sum()) * (1 << 33) + 1
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(market.root + 1), demand=0)
    for node, units in enumerate(market.demand.tolist()):
        graph.nodes[node]["demand"] = -units
    graph.nodes[market.root]["demand"] = int(market.demand.sum())

    def weigh(by_stage: list[list[int]], place: int) -> int:
        weight = 0
        for column in by_stage:
            weight = weight * radix + column[place]
        return weight

    pair = [pair_costs(market, s).tolist() for s in ORDERS[order]]
    ends = zip(market.need.tolist(), market.offer.tolist(), market.limit.tolist(), strict=True)
    for place, (n, o, limit) in enumerate(ends):
        graph.add_edge(n, market.first_offer() + o, capacity=limit, weight=weigh(pair, place))
    over = [frame_costs(market, arcs, s).tolist() for s in ORDERS[order]]
    rows = zip(arcs.tail.tolist(), arcs.head.tolist(), arcs.capacity.tolist(), strict=True)
    for place, (tail, head, room) in enumerate(rows):
        capacity = {} if room == INFINITE else {"capacity": room}
        graph.add_edge(tail, head, weight=weigh(over, place), **capacity)
    with patience():
        cost, _ = nx.network_simplex(graph, backend="networkx")
    assert cost == weigh([[c] for c in costs(market, solved)], 0)


@settings(max_examples=100, deadline=None)
@given(markets(6, 2_000_000_000), orders)
def test_large_quantities_stay_exact(market: Market, order: str) -> None:
    solved = solve(market, ORDERS[order])
    assert check_market(market, order, solved.flow, solved.prices).faults == []


def test_progress_is_told_until_all_is_done() -> None:
    told: list[float] = []
    empty = np.zeros(0, dtype=np.int64)
    one = np.ones(1, dtype=np.int64)
    market = Market(one, one, one - 1, one, one - 2, empty, empty, one - 1, one - 1, one, one, one, one, 1)
    solve(market, ORDERS["URGENT_FIRST"], told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]

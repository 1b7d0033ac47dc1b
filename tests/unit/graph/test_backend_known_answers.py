"""Instances whose optimum is known or proved here."""

from __future__ import annotations

import bz2
import pickle
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from dimacs import netgen, read

INSTANCES = Path(nx.__file__).parent / "algorithms" / "flow" / "tests"

TINY = """c a problem with a lower bound, two parallel arcs and an arc that gains
p min 4 6
n 1 4
n 4 -4
a 1 2 0 4 2
a 1 3 1 2 2
a 2 3 0 2 1
a 2 4 0 3 3
a 3 4 0 5 1
a 2 4 0 1 -1
"""


def shipped(name: str) -> Any:
    with bz2.BZ2File(INSTANCES / f"{name}.gpickle.bz2") as file:
        return pickle.load(file)


def is_cheapest(graph: nx.MultiDiGraph, flow: Any) -> bool:
    """Whether a flow is one, and no circle of what could change gains: then it is optimal (Klein 1967)."""
    place = {name: position for position, name in enumerate(graph)}
    balance = np.zeros(len(graph), dtype=np.int64)
    residual = []
    for u, v, key, data in graph.edges(keys=True, data=True):
        units = flow[u][v][key]
        if not 0 <= units <= data["capacity"]:
            return False
        balance[place[u]] -= units
        balance[place[v]] += units
        if units < data["capacity"]:
            residual.append((place[u], place[v], data["weight"]))
        if units > 0:
            residual.append((place[v], place[u], -data["weight"]))
    if balance.tolist() != [demand for _, demand in graph.nodes(data="demand")]:
        return False
    tails, heads, costs = np.array(residual, dtype=np.int64).T
    distance = np.zeros(len(graph), dtype=np.int64)
    for _ in range(len(graph) + 1):
        nearer = distance.copy()
        np.minimum.at(nearer, heads, distance[tails] + costs)
        if np.array_equal(nearer, distance):
            return True
        distance = nearer
    return False


def test_netgen_2_costs_what_networkx_publishes() -> None:
    graph = shipped("netgen-2")
    cost, flow = nx.network_simplex(graph, backend="fivelink")
    assert cost == 6_749_969_302
    assert nx.cost_of_flow(graph, flow, backend="fivelink") == 6_749_969_302
    assert nx.min_cost_flow_cost(graph, backend="fivelink") == 6_749_969_302


@pytest.mark.parametrize(("name", "value"), [("gl1", 156_545), ("gw1", 1_202_018), ("wlm3", 11_875_108)])
def test_the_largest_flows_that_networkx_ships_have_the_published_values(name: str, value: int) -> None:
    graph = shipped(name)
    s, t = 1, len(graph)
    flow = nx.max_flow_min_cost(graph, s, t, backend="fivelink")
    assert sum(flow[s].values()) - sum(flow[u][s] for u in graph.predecessors(s)) == value
    assert all(0 <= flow[u][v] <= room for u, v, room in graph.edges(data="capacity"))


def test_a_problem_in_the_dimacs_format_is_read_with_its_lower_bounds() -> None:
    graph = read(TINY)
    # By hand: one unit by the arc that gains for 2 - 1, two over 3 for 2 + 1 each, one over 2 and 3 for 2 + 1 + 1.
    assert nx.min_cost_flow_cost(graph, backend="fivelink") + graph.graph["fixed"] == 11
    assert nx.min_cost_flow_cost(graph, backend="networkx") + graph.graph["fixed"] == 11


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lowest_cost", [1, -20])
def test_small_netgen_problems_cost_what_networkx_says(seed: int, lowest_cost: int) -> None:
    graph = read(netgen(60, 400, 500, seed, lowest_cost))
    cost, flow = nx.network_simplex(graph, backend="fivelink")
    assert cost == nx.network_simplex(graph, backend="networkx")[0]
    assert is_cheapest(graph, flow)


@pytest.mark.parametrize(("nodes", "arcs", "supply"), [(1_000, 8_000, 20_000), (2_000, 20_000, 100_000)])
@pytest.mark.parametrize("lowest_cost", [1, -50])
def test_larger_netgen_problems_have_no_circle_that_gains(nodes: int, arcs: int, supply: int, lowest_cost: int) -> None:
    graph = read(netgen(nodes, arcs, supply, 7, lowest_cost))
    _, flow = nx.network_simplex(graph, backend="fivelink")
    assert is_cheapest(graph, flow)
    u, v, key = next((u, v, k) for u, v, k in graph.edges(keys=True) if flow[u][v][k] > 0)
    flow[u][v][key] -= 1
    assert not is_cheapest(graph, flow)

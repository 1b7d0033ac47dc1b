"""`network_simplex` through the backend answers as networkx does, on graphs of every kind."""

from __future__ import annotations

from typing import Any

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import patience


def answer(graph: nx.DiGraph, backend: str) -> tuple[str, Any]:
    try:
        with patience():
            cost, flow = nx.network_simplex(graph, backend=backend)
    except (nx.NetworkXError, nx.NetworkXUnfeasible, nx.NetworkXUnbounded) as error:
        return type(error).__name__, None
    return "optimal", (cost, flow)


@st.composite
def graphs(draw: st.DrawFn) -> nx.DiGraph:
    graph = draw(st.sampled_from([nx.DiGraph, nx.MultiDiGraph]))()
    nodes = draw(st.integers(1, 5))
    demands = draw(st.lists(st.integers(-5, 5), min_size=nodes, max_size=nodes))
    if draw(st.integers(0, 9)):
        demands[0] -= sum(demands)
    for node, demand in enumerate(demands):
        graph.add_node(node, **({"demand": demand} if demand else {}))
    ends = st.integers(0, nodes - 1)
    for _ in range(draw(st.integers(0, 12))):
        data = {}
        if draw(st.integers(0, 3)):
            data["capacity"] = draw(st.integers(0, 6) | st.just(float("inf")) | st.sampled_from([-1, 3, 4, 5]))
        if draw(st.booleans()):
            data["weight"] = draw(st.integers(-4, 9))
        graph.add_edge(draw(ends), draw(ends), **data)
    return graph


@settings(max_examples=500, deadline=None)
@given(graphs())
def test_cost_and_errors_are_those_of_networkx(graph: nx.DiGraph) -> None:
    theirs, ours = answer(graph, "networkx"), answer(graph, "fivelink")
    assert ours[0] == theirs[0]
    if ours[1] is None:
        return
    (cost, flow), (their_cost, their_flow) = ours[1], theirs[1]
    assert cost == their_cost
    assert {u: {v: set(f) if graph.is_multigraph() else None for v, f in fs.items()} for u, fs in flow.items()} == {
        u: {v: set(f) if graph.is_multigraph() else None for v, f in fs.items()} for u, fs in their_flow.items()
    }
    balance = dict.fromkeys(graph, 0)
    spent = 0
    for u, v, *key, data in graph.edges(data=True, **({"keys": True} if graph.is_multigraph() else {})):
        units = flow[u][v][key[0]] if key else flow[u][v]
        assert 0 <= units <= data.get("capacity", float("inf"))
        balance[u] -= units
        balance[v] += units
        spent += units * data.get("weight", 0)
    assert spent == cost
    assert balance == {node: data.get("demand", 0) for node, data in graph.nodes(data=True)}

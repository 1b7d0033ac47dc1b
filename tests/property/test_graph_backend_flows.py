"""Flows through the backend answer as networkx does: the cheapest of the largest, and numbers that are no integers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import patience

KINDS = [nx.DiGraph, nx.MultiDiGraph, nx.Graph, nx.MultiGraph]


def answer(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The answer, or the kind of error."""
    try:
        with patience():
            return function(*args, **kwargs)
    except (nx.NetworkXException, TypeError, KeyError) as error:
        return type(error)


@st.composite
def networks(draw: st.DrawFn, kinds: list[Any], numbers: Any) -> nx.Graph:
    graph = draw(st.sampled_from(kinds))()
    nodes = draw(st.integers(2, 6))
    names = [("place", node) if node % 2 else node for node in range(nodes)]
    demands = draw(st.lists(st.integers(-3, 3), min_size=nodes, max_size=nodes))
    demands[0] -= sum(demands)
    wants = draw(st.booleans())
    for name, demand in zip(names, demands, strict=True):
        graph.add_node(name, **({"demand": demand} if wants and demand else {}))
    ends = st.sampled_from(names)
    for _ in range(draw(st.integers(0, 14))):
        data = {}
        if draw(st.integers(0, 5)):
            data["capacity"] = draw(st.integers(0, 6) | st.sampled_from([0, 3, -1, float("inf")]))
        if draw(st.booleans()):
            data["weight"] = draw(numbers)
        graph.add_edge(draw(ends), draw(ends), **data)
    return graph


def value(flow: Any, source: Any) -> Any:
    return sum(flow[source].values()) - sum(row.get(source, 0) for row in flow.values())


@settings(max_examples=400, deadline=None)
@given(networks(KINDS, st.integers(-3, 9)), st.data())
def test_the_cheapest_largest_flow_costs_what_networkx_says(graph: nx.Graph, data: st.DataObject) -> None:
    s, t = data.draw(st.sampled_from(list(graph))), data.draw(st.sampled_from([*graph, "nowhere"]))
    theirs = answer(nx.max_flow_min_cost, graph, s, t, backend="networkx")
    ours = answer(nx.max_flow_min_cost, graph, s, t, backend="fivelink")
    if isinstance(theirs, type):
        assert ours is theirs
        return
    assert {u: set(row) for u, row in ours.items()} == {u: set(row) for u, row in theirs.items()}
    directed = nx.DiGraph(graph)
    assert value(ours, s) == value(theirs, s)
    assert nx.cost_of_flow(directed, ours, backend="networkx") == nx.cost_of_flow(directed, theirs, backend="networkx")
    for u, v, attributes in directed.edges(data=True):
        assert 0 <= ours[u][v] <= attributes.get("capacity", float("inf"))


@settings(max_examples=400, deadline=None)
@given(networks(KINDS, st.integers(-4, 9)))
def test_the_three_names_of_the_cheapest_flow_agree_with_networkx(graph: nx.Graph) -> None:
    theirs = answer(nx.min_cost_flow_cost, graph, backend="networkx")
    ours = answer(nx.min_cost_flow_cost, graph, backend="fivelink")
    assert ours == theirs
    flow = answer(nx.min_cost_flow, graph, backend="fivelink")
    if isinstance(theirs, type):
        assert flow is theirs
        return
    assert answer(nx.cost_of_flow, graph, flow, backend="fivelink") == answer(
        nx.cost_of_flow, graph, flow, backend="networkx"
    )
    if not graph.is_multigraph():
        assert nx.cost_of_flow(graph, flow, backend="fivelink") == ours


@settings(max_examples=200, deadline=None)
@given(
    networks(
        [nx.DiGraph, nx.MultiDiGraph],
        st.integers(-4, 4).map(float)
        | st.integers(-8, 8).map(lambda n: n / 4)
        | st.integers(-9, 9).map(lambda n: Fraction(n, 3))
        | st.sampled_from([2**61, -(2**62), 2**70, float("inf")]),
    )
)
def test_weights_that_are_no_machine_integers_change_nothing(graph: nx.DiGraph) -> None:
    theirs = answer(nx.network_simplex, graph, backend="networkx")
    ours = answer(nx.network_simplex, graph, backend="fivelink")
    assert (ours if isinstance(ours, type) else ours[0]) == (theirs if isinstance(theirs, type) else theirs[0])

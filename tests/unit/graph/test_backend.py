from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
from small import COUNTY, WORLD, need, offer

from graph.backend import interface
from graph.network import FlowGraph, flow_graph


def path(**data: Any) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_node("a", demand=-2)
    graph.add_node("b", demand=2)
    graph.add_edge("a", "b", **data)
    return graph


def simplex(graph: nx.DiGraph, **names: str) -> tuple[int, dict[Any, Any]]:
    found: tuple[int, dict[Any, Any]] = nx.network_simplex(graph, backend="fivelink", **names)
    return found


def test_networkx_knows_the_backend() -> None:
    assert "fivelink" in nx.network_simplex.backends
    assert nx.config.backends.fivelink is not None


def test_missing_attributes_mean_no_demand_no_limit_no_cost() -> None:
    graph = nx.DiGraph([(1, 2), (2, 3)])
    assert simplex(graph) == (0, {1: {2: 0}, 2: {3: 0}, 3: {}})
    assert simplex(path()) == (0, {"a": {"b": 2}, "b": {}})


def test_attributes_may_have_other_names() -> None:
    graph = nx.DiGraph()
    graph.add_node(1, wants=-1)
    graph.add_node(2, wants=1)
    graph.add_edge(1, 2, room=1, price=7)
    assert simplex(graph, demand="wants", capacity="room", weight="price") == (7, {1: {2: 1}, 2: {}})


def test_parallel_edges_and_loops() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("a", demand=-3)
    graph.add_node("b", demand=3)
    graph.add_edge("a", "b", key="dear", weight=5)
    graph.add_edge("a", "b", key="cheap", weight=1, capacity=2)
    graph.add_edge("b", "b", key="gain", weight=-2, capacity=4)
    assert simplex(graph) == (-1, {"a": {"b": {"dear": 1, "cheap": 2}}, "b": {"b": {"gain": 4}}})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"weight": 0.5}, "constant factor"),
        ({"weight": float("nan")}, "not a whole number"),
        ({"weight": float("inf")}, "infinite"),
        ({"weight": "3"}, "not a whole number"),
        ({"capacity": 2.5}, "constant factor"),
        ({"weight": 2**61}, "too large"),
        ({"weight": 2**70}, "too large"),
        ({"weight": 2**60}, "too large"),
        ({"weight": -1, "capacity": 2**59}, None),
    ],
)
def test_what_exact_arithmetic_cannot_do_is_refused_or_right(data: dict[str, Any], words: str | None) -> None:
    if words is None:
        assert simplex(path(**data)) == nx.network_simplex(path(**data), backend="networkx")
        return
    with pytest.raises(nx.NetworkXError, match=words):
        simplex(path(**data))


def test_quantities_that_overflow_are_refused() -> None:
    graph = nx.DiGraph()
    graph.add_node(1, demand=-(2**60))
    graph.add_node(2, demand=-(2**60))
    graph.add_node(3, demand=2**61)
    graph.add_edges_from([(1, 3), (2, 3)])
    with pytest.raises(nx.NetworkXError, match="too large"):
        simplex(graph)


def test_the_faults_of_a_problem_have_networkx_names() -> None:
    with pytest.raises(nx.NetworkXError, match="no nodes"):
        simplex(nx.DiGraph())
    with pytest.raises(nx.NetworkXUnfeasible, match="total node demand"):
        simplex(_unbalanced())
    with pytest.raises(nx.NetworkXUnfeasible, match="no flow"):
        simplex(path(capacity=1))
    with pytest.raises(nx.NetworkXUnfeasible, match="negative capacity"):
        simplex(path(capacity=-1))
    ring = nx.DiGraph()
    ring.add_weighted_edges_from([(1, 2, 3), (2, 1, -4)])
    with pytest.raises(nx.NetworkXUnbounded, match="infinite capacity"):
        simplex(ring)
    with pytest.raises(nx.NetworkXNotImplemented):
        simplex(nx.Graph([(1, 2)]))


def _unbalanced() -> nx.DiGraph:
    graph = path()
    graph.nodes["b"]["demand"] = 1
    return graph


def test_an_array_graph_is_solved_as_it_is_and_says_the_same_as_networkx() -> None:
    wanted = [need(1, priority=2), need(2, remaining=4)]
    offered = [offer(1, coverage_ids=(COUNTY,), available=2), offer(2, maximum=3)]
    arrays = flow_graph(wanted, offered, WORLD)
    graph = arrays.to_networkx()
    assert isinstance(arrays, FlowGraph)
    assert graph.nodes["need", 2] == {"demand": -4}
    assert set(graph.edges[("need", 1), ("offer", 2)]) == {
        "capacity",
        "weight",
        "score_cost",
    }
    assert "capacity" not in graph.edges[("need", 1), "root"]
    for weight in ("weight", "score_cost"):
        cost, flow = nx.network_simplex(arrays, weight=weight)
        their_cost, _ = nx.network_simplex(graph, weight=weight, backend="networkx")
        assert cost == their_cost
        assert nx.cost_of_flow(graph, flow, weight=weight) == cost
    again = interface.convert_to_nx(interface.convert_from_nx(graph, node_attrs={"demand": None}, edge_attrs={}))
    assert set(again.edges) == set(graph.edges)


def test_small_graphs_are_left_to_networkx_when_nobody_asks() -> None:
    assert interface.should_run("network_simplex", (path(),), {}) is not True

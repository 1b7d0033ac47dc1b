from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
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
    "data",
    [
        {"weight": 0.5},
        {"capacity": 2.5},
        {"weight": Fraction(1, 3), "capacity": Fraction(7, 3)},
        {"weight": np.int64(3), "capacity": np.int32(2)},
        {"weight": 3.0, "capacity": float("inf")},
        {"weight": True},
        {"weight": 2.0**54, "capacity": 2.0**60},
        {"weight": 1e300},
        {"weight": 2**63 - 1},
        {"weight": 2**63},
        {"weight": 2**61},
        {"weight": 2**70},
        {"weight": -(2**60), "capacity": 2**60},
        {"weight": -1, "capacity": 2**59},
        {"weight": -1, "capacity": 2**63 - 1},
        {"weight": "3"},
        {"weight": float("inf")},
        {"capacity": float("-inf")},
    ],
)
def test_numbers_of_every_kind_give_the_answer_or_the_error_of_networkx(data: dict[str, Any]) -> None:
    def answer(backend: str) -> Any:
        try:
            return nx.network_simplex(path(**data), backend=backend)
        except (nx.NetworkXException, TypeError) as error:
            return type(error), str(error)

    assert answer("fivelink") == answer("networkx")


def test_quantities_beyond_machine_integers_are_still_right() -> None:
    graph = nx.DiGraph()
    graph.add_node(1, demand=-(2**60))
    graph.add_node(2, demand=-(2**60))
    graph.add_node(3, demand=2**61)
    graph.add_weighted_edges_from([(1, 3, 5), (2, 3, 7)])
    assert simplex(graph) == (12 * 2**60, {1: {3: 2**60}, 2: {3: 2**60}, 3: {}})
    many = nx.DiGraph()
    many.add_node(0, demand=-300 * 2**53)
    many.add_node(1, demand=300 * 2**53)
    for middle in range(2, 302):
        many.add_edge(0, middle, capacity=2**53, weight=2**53 + middle)
        many.add_edge(middle, 1, capacity=2**53)
    assert simplex(many)[0] == sum(2**53 * (2**53 + middle) for middle in range(2, 302))


def test_the_largest_machine_integer_is_a_capacity_and_not_infinity() -> None:
    ring = nx.DiGraph()
    ring.add_edge(1, 2, capacity=2**63 - 1, weight=3)
    ring.add_edge(2, 1, capacity=2**63 - 1, weight=-4)
    assert simplex(ring)[0] == nx.network_simplex(ring, backend="networkx")[0] == -(2**63 - 1)
    del ring[1][2]["capacity"]
    assert simplex(ring)[0] == -(2**63 - 1)
    del ring[2][1]["capacity"]
    with pytest.raises(nx.NetworkXUnbounded):
        simplex(ring)


def test_one_attribute_for_capacity_and_weight_is_left_to_networkx() -> None:
    with pytest.raises(NotImplementedError):
        simplex(path(both=3), capacity="both", weight="both")


@pytest.mark.parametrize("name", ["capacity", "weight"])
def test_what_is_no_number_is_refused(name: str) -> None:
    with pytest.raises(nx.NetworkXError, match=f"{name}.*nan"):
        simplex(path(**{name: float("nan")}))


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
    for function in (nx.network_simplex, nx.min_cost_flow, nx.min_cost_flow_cost):
        with pytest.raises(nx.NetworkXNotImplemented):
            function(nx.Graph([(1, 2)]), backend="fivelink")


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
        assert nx.min_cost_flow_cost(arrays, weight=weight) == cost
        assert nx.cost_of_flow(arrays, nx.min_cost_flow(arrays, weight=weight), weight=weight) == cost
    again = interface.convert_to_nx(interface.convert_from_nx(graph, node_attrs={"demand": None}, edge_attrs={}))
    assert set(again.edges) == set(graph.edges)


def test_small_questions_are_left_to_networkx_when_nobody_asks() -> None:
    ring, club = nx.cycle_graph(2_000), nx.karate_club_graph()
    assert "edges" in str(interface.should_run("network_simplex", (path(),), {}))
    assert interface.should_run("pagerank", (), {"G": ring}) is True
    assert "edges" in str(interface.should_run("resource_allocation_index", (club,), {}))
    assert "pairs" in str(interface.should_run("resource_allocation_index", (ring, [(0, 2)]), {}))
    assert interface.should_run("resource_allocation_index", (ring,), {"ebunch": [(0, 2)] * 50}) is True
    assert interface.should_run("adamic_adar_index", (ring,), {}) is True


def test_the_largest_flow_is_the_cheapest_of_its_size() -> None:
    graph = nx.DiGraph()
    graph.add_edge("s", "a", capacity=3, weight=4)
    graph.add_edge("s", "b", capacity=2, weight=1)
    graph.add_edge("a", "t", capacity=4)
    graph.add_edge("b", "a", weight=1)
    graph.add_edge("b", "t", capacity=2, weight=5)
    found = nx.max_flow_min_cost(graph, "s", "t", backend="fivelink")
    assert found == nx.max_flow_min_cost(graph, "s", "t", backend="networkx")
    assert nx.cost_of_flow(graph, found, backend="fivelink") == nx.cost_of_flow(graph, found, backend="networkx")


@pytest.mark.parametrize(
    ("s", "t", "words"), [("a", "z", "node z not in graph"), ("z", "b", "node z not"), ("a", "a", "are the same")]
)
def test_the_largest_flow_needs_two_nodes_of_the_graph(s: str, t: str, words: str) -> None:
    with pytest.raises(nx.NetworkXError, match=words):
        nx.max_flow_min_cost(path(), s, t, backend="fivelink")


def test_the_largest_flow_may_have_no_end_and_no_parallel_edges() -> None:
    with pytest.raises(nx.NetworkXUnbounded, match="Infinite capacity path"):
        nx.max_flow_min_cost(path(), "a", "b", backend="fivelink")
    with pytest.raises(nx.NetworkXError, match="not supported"):
        nx.max_flow_min_cost(nx.MultiDiGraph(path(capacity=1)), "a", "b", backend="fivelink")

"""What networkx keeps of a converted graph must never answer for one that has changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx
import pytest


@pytest.fixture(params=["asked for", "by priority"])
def options(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Both ways a call gets to the backend; by priority even a small graph."""
    assert nx.config.cache_converted_graphs
    if request.param == "asked for":
        yield {"backend": "fivelink"}
        return
    monkeypatch.setattr("graph.backend.WORTHWHILE", {})
    monkeypatch.setattr("graph.backend.WORTHWHILE_PAIRS", 0)
    before = nx.config.backend_priority.algos
    nx.config.backend_priority.algos = ["fivelink"]
    yield {}
    nx.config.backend_priority.algos = before


def river() -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_node("a", demand=-2)
    graph.add_node("b", demand=2)
    graph.add_edge("a", "b", capacity=5, weight=3)
    return graph


def reweigh(graph: nx.DiGraph) -> None:
    graph["a"]["b"]["weight"] = 7


def demand(graph: nx.DiGraph) -> None:
    graph.nodes["a"]["demand"], graph.nodes["b"]["demand"] = -4, 4


def through_iteration(graph: nx.DiGraph) -> None:
    for *_, data in graph.edges(data=True):
        data["weight"] = 11


@pytest.mark.parametrize(("change", "cost"), [(reweigh, 14), (demand, 12), (through_iteration, 22)])
def test_an_edge_changed_in_place_counts_at_once(
    options: dict[str, str], change: Callable[[nx.DiGraph], None], cost: int
) -> None:
    graph = river()
    assert nx.min_cost_flow_cost(graph, **options) == 6
    change(graph)
    assert nx.min_cost_flow_cost(graph, **options) == cost
    assert nx.network_simplex(graph, **options)[0] == cost


def test_a_failure_is_not_remembered_either(options: dict[str, str]) -> None:
    graph = river()
    graph["a"]["b"]["capacity"] = 1
    with pytest.raises(nx.NetworkXUnfeasible):
        nx.min_cost_flow(graph, **options)
    graph["a"]["b"]["capacity"] = 2
    assert nx.min_cost_flow(graph, **options) == {"a": {"b": 2}, "b": {}}


def test_a_view_shows_what_became_of_its_graph(options: dict[str, str]) -> None:
    graph = nx.path_graph(4)
    view = nx.subgraph_view(graph)

    def parts(of: nx.Graph) -> list[set[Any]]:
        return list(nx.connected_components(of, **options))

    def between(of: nx.Graph) -> list[tuple[Any, Any, float]]:
        return list(nx.resource_allocation_index(of, [(0, 2)], **options))

    assert parts(view) == [{0, 1, 2, 3}]
    assert between(view) == [(0, 2, 0.5)]
    assert nx.pagerank(view, **options)[0] > 0.15
    graph.remove_edge(0, 1)
    assert parts(view) == [{0}, {1, 2, 3}]
    assert between(view) == [(0, 2, 0)]
    assert nx.pagerank(view, **options)[0] == pytest.approx(0.05, abs=0.01)


def test_ranks_follow_a_weight_changed_in_place(options: dict[str, str]) -> None:
    graph = nx.DiGraph([(0, 1), (0, 2), (1, 0), (2, 0)])
    assert nx.pagerank(graph, **options)[1] == pytest.approx(nx.pagerank(graph, **options)[2])
    graph[0][1]["weight"] = 9
    assert nx.pagerank(graph, **options)[1] > 2 * nx.pagerank(graph, **options)[2]


def test_nothing_is_kept_and_nothing_is_warned_of(options: dict[str, str]) -> None:
    graph = river()
    for _ in range(3):
        nx.network_simplex(graph, **options)
    assert not graph.__networkx_cache__.get("backends", {}).get("fivelink")

from __future__ import annotations

from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
import pytest
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

from graph.links import LinkGraph, component_labels

INDICES = [nx.adamic_adar_index, nx.resource_allocation_index]


def club() -> nx.Graph:
    graph = nx.karate_club_graph()
    graph.add_edge(3, 3)
    graph.add_node("alone")
    return graph


def arrays(graph: nx.Graph) -> LinkGraph:
    names = list(graph)
    place = {name: position for position, name in enumerate(names)}
    ends = np.array([(place[u], place[v]) for u, v in graph.edges], dtype=np.int64).reshape(-1, 2)
    weight = np.array([data.get("weight", 1) for *_, data in graph.edges(data=True)], dtype=np.float64)
    return LinkGraph.from_links(names, ends[:, 0], ends[:, 1], {"weight": weight})


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("form", [lambda graph: graph, arrays])
def test_all_pairs_that_are_not_linked_come_in_the_order_of_networkx(index: Any, form: Any) -> None:
    graph = club()
    theirs = list(index(graph, backend="networkx"))
    ours = list(index(form(graph), backend="fivelink"))
    assert [pair[:2] for pair in ours] == [pair[:2] for pair in theirs]
    assert [pair[2] for pair in ours] == pytest.approx([pair[2] for pair in theirs], rel=1e-12)


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("form", [lambda graph: graph, arrays])
def test_asked_pairs_are_checked_at_once_and_answered_one_by_one(index: Any, form: Any) -> None:
    graph = form(club())
    with pytest.raises(nx.NodeNotFound, match="Node 99 not in G"):
        index(graph, [(0, 1), (0, 99)], backend="fivelink")
    answers = index(graph, [(0, 33), (33, 0), (0, 0)], backend="fivelink")
    first, second = next(answers), next(answers)
    assert first[:2] == (0, 33)
    assert first[2] == pytest.approx(second[2])
    if index is nx.adamic_adar_index:  # 11 knows only 0, and the logarithm of 1 divides nothing
        with pytest.raises(ZeroDivisionError):
            next(answers)


def test_many_pairs_are_answered_in_batches_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    links = arrays(club())
    left, right = np.divmod(np.arange(35 * 35), 35)
    together = links.resource_allocation(left, right)
    assert (together > 0).sum() > 500
    for batch in (1, 7, 100):
        monkeypatch.setattr("graph.links.BATCH", batch)
        assert links.resource_allocation(left, right).tolist() == together.tolist()


def test_an_iterator_of_pairs_is_used_up_by_the_check_as_in_networkx() -> None:
    for backend in ("networkx", "fivelink"):
        assert list(nx.resource_allocation_index(club(), iter([(0, 2)]), backend=backend)) == []


@pytest.mark.parametrize("kind", [nx.DiGraph, nx.MultiGraph])
@pytest.mark.parametrize("index", INDICES)
def test_directed_and_parallel_links_are_not_implemented(index: Any, kind: Any) -> None:
    with pytest.raises(nx.NetworkXNotImplemented):
        index(kind([(0, 1)]), backend="fivelink")


def test_components_come_in_the_order_of_their_first_nodes() -> None:
    graph = nx.disjoint_union_all([nx.path_graph(40), nx.star_graph(30), nx.empty_graph(2), nx.complete_graph(20)])
    theirs = list(nx.connected_components(graph, backend="networkx"))
    for form in (graph, arrays(graph)):
        assert list(nx.connected_components(form, backend="fivelink")) == theirs
    with pytest.raises(nx.NetworkXNotImplemented):
        nx.connected_components(nx.DiGraph(), backend="fivelink")
    assert list(nx.connected_components(nx.Graph(), backend="fivelink")) == []
    assert list(nx.connected_components(arrays(nx.Graph()))) == []


def test_a_component_that_is_given_away_may_be_changed() -> None:
    graph = nx.disjoint_union(nx.path_graph(5), nx.path_graph(4))
    sizes = []
    for part in nx.connected_components(graph, backend="fivelink"):
        sizes.append(len(part))
        part.clear()
    assert sizes == [5, 4]


def test_a_long_chain_is_one_component_in_any_order_of_its_nodes() -> None:
    order = np.random.default_rng(3).permutation(5_000)
    assert not component_labels(5_000, order[:-1], order[1:]).any()


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
@pytest.mark.parametrize("weight", ["weight", "other", None])
def test_ranks_are_those_of_networkx(kind: Any, weight: str | None) -> None:
    graph = kind(club())
    for u, v in combinations(range(9, 20), 2):
        graph.add_edge(u, v, weight=u % 3, other=v / 7)
    options: dict[str, Any] = {
        "personalization": {0: 2, 5: 1},
        "dangling": {2: 1, "alone": 3},
        "nstart": {name: 1 + place for place, name in enumerate(graph)},
    }
    # networkx's implementation without scipy reads a weight of None as an attribute of that name: 1 for every edge.
    for some in ({}, options, {"dangling": {3: 1}, "alpha": 0.5}):
        ours = nx.pagerank(graph, weight=weight, backend="fivelink", **some)
        assert ours == pytest.approx(_pagerank_python(graph, weight=weight, **some), rel=1e-9)
        assert list(ours) == list(graph)
        assert all(type(rank) is float for rank in ours.values())
        if kind is nx.Graph and weight == "weight":
            assert nx.pagerank(arrays(graph), **some) == pytest.approx(ours, rel=1e-12)


def test_ranks_that_do_not_settle_and_vectors_of_nothing_raise() -> None:
    with pytest.raises(nx.PowerIterationFailedConvergence):
        nx.pagerank(club(), max_iter=3, backend="fivelink")
    with pytest.raises(ZeroDivisionError):
        nx.pagerank(club(), personalization={0: 0}, backend="fivelink")
    assert nx.pagerank(nx.DiGraph(), backend="fivelink") == {}


def test_a_graph_of_links_says_what_networkx_says() -> None:
    graph = club()
    links = arrays(graph)
    again = links.to_networkx()
    assert {frozenset(edge) for edge in again.edges} == {frozenset(edge) for edge in graph.edges}
    assert links.number_of_edges() == graph.number_of_edges()
    assert links.degrees().tolist() == [degree for _, degree in graph.degree]
    assert all(again.edges[u, v]["weight"] == data.get("weight", 1) for u, v, data in graph.edges(data=True))
    with pytest.raises(ValueError, match="twice"):
        LinkGraph.from_links([1, 2], np.array([0, 1]), np.array([1, 0]))

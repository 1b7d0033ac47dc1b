"""Link prediction, components and ranks through the backend are networkx's, from its graphs and from arrays."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

from graph.links import LinkGraph, component_labels


@st.composite
def graphs(draw: st.DrawFn, kinds: tuple[Any, ...] = (nx.Graph,)) -> nx.Graph:
    graph = draw(st.sampled_from(kinds))()
    names = draw(st.sampled_from([list(range(40)), [f"p{n}" for n in range(40)], [(n % 3, n) for n in range(40)]]))
    names = draw(st.permutations(names[: draw(st.integers(1, 40))]))
    graph.add_nodes_from(names)
    ends = st.sampled_from(names)
    for _ in range(draw(st.integers(0, 120))):
        graph.add_edge(draw(ends), draw(ends), **({"weight": draw(st.integers(0, 5))} if draw(st.booleans()) else {}))
    return graph


def arrays(graph: nx.Graph) -> LinkGraph:
    place = {name: position for position, name in enumerate(graph)}
    ends = np.array([(place[u], place[v]) for u, v in graph.edges], dtype=np.int64).reshape(-1, 2)
    weight = np.array([data.get("weight", 1) for *_, data in graph.edges(data=True)], dtype=np.float64)
    return LinkGraph.from_links(list(graph), ends[:, 0], ends[:, 1], {"weight": weight})


def scores(answers: Any) -> tuple[list[Any], list[float], bool]:
    """Pairs, indices, and whether it ended in a division by 0."""
    pairs, found = [], []
    try:
        for u, v, index in answers:
            pairs.append((u, v))
            found.append(index)
    except ZeroDivisionError:
        return pairs, found, True
    return pairs, found, False


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_every_pair_has_the_index_of_networkx(graph: nx.Graph, data: st.DataObject) -> None:
    ends = st.sampled_from(list(graph))
    ebunch = data.draw(st.none() | st.lists(st.tuples(ends, ends), max_size=20))
    for index in (nx.adamic_adar_index, nx.resource_allocation_index):
        pairs, found, ended = scores(index(graph, ebunch, backend="networkx"))
        for form in (graph, arrays(graph)):
            our_pairs, ours, our_end = scores(index(form, ebunch, backend="fivelink"))
            assert (our_pairs, our_end) == (pairs, ended)
            assert ours == pytest.approx(found, rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(graphs((nx.Graph, nx.MultiGraph)))
def test_components_are_those_of_networkx_in_their_order(graph: nx.Graph) -> None:
    theirs = list(nx.connected_components(graph, backend="networkx"))
    assert list(nx.connected_components(graph, backend="fivelink")) == theirs
    if not graph.is_multigraph():
        assert list(nx.connected_components(arrays(graph), backend="fivelink")) == theirs
    place = {name: position for position, name in enumerate(graph)}
    ends = np.array([(place[u], place[v]) for u, v, *_ in graph.edges], dtype=np.int64).reshape(-1, 2)
    labels = component_labels(len(graph), ends[:, 0], ends[:, 1])
    assert [
        {name for name, label in zip(graph, labels, strict=True) if label == part} for part in range(len(theirs))
    ] == (theirs)


@settings(max_examples=150, deadline=None)
@given(graphs((nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)), st.data())
def test_ranks_are_those_of_networkx(graph: nx.Graph, data: st.DataObject) -> None:
    ends = st.sampled_from(list(graph))
    some = st.none() | st.dictionaries(ends, st.integers(1, 5), min_size=1)
    options: dict[str, Any] = {"personalization": data.draw(some), "dangling": data.draw(some)}
    options["alpha"] = data.draw(st.sampled_from([0.0, 0.5, 0.85, 0.99]))
    options["max_iter"] = data.draw(st.sampled_from([2, 30, 2_000]))
    options["tol"] = data.draw(st.sampled_from([1e-4, 1e-9]))
    if data.draw(st.booleans()):
        options["nstart"] = {name: 1 + place % 3 for place, name in enumerate(graph)}
    try:
        theirs = _pagerank_python(graph, **options)
    except nx.PowerIterationFailedConvergence:
        with pytest.raises(nx.PowerIterationFailedConvergence):
            nx.pagerank(graph, backend="fivelink", **options)
        return
    assert nx.pagerank(graph, backend="fivelink", **options) == pytest.approx(theirs, rel=1e-9, abs=1e-15)
    if type(graph) is nx.Graph:
        assert nx.pagerank(arrays(graph), **options) == pytest.approx(theirs, rel=1e-9, abs=1e-15)

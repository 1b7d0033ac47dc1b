"""The linkage network: one definition, as a networkx graph and on arrays."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.linkage import STRENGTH, Linkage, Links, Member, Tie, linkage, links

COMMUNITIES, PROVIDERS = range(1, 6), range(10, 20)
MEMBERS = [
    *(Member(id, "COMMUNITY", 100 + id) for id in COMMUNITIES),
    *(Member(id, "SOCIAL_ORGANIZATION", 100) for id in PROVIDERS),
]
TIES = st.lists(
    st.builds(
        Tie,
        st.sampled_from(sorted(STRENGTH)),
        st.sampled_from(list(COMMUNITIES)),
        st.sampled_from(list(PROVIDERS)),
        st.floats(0.01, 5),
    ),
    max_size=40,
)
EDGES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=60)


def same(a: Linkage, b: Linkage) -> None:
    assert a.ids.tolist() == b.ids.tolist()
    assert a.links.ends.tolist() == b.links.ends.tolist()
    assert a.links.weights.tolist() == b.links.weights.tolist()


def arrays(edges: list[tuple[int, int]], n: int = 15) -> Links:
    return links(n, [a for a, _ in edges], [b for _, b in edges])


@given(TIES, st.randoms())
def test_the_order_of_parties_and_ties_does_not_matter(ties: list[Tie], chance: Any) -> None:
    shuffled, members = list(ties), list(MEMBERS)
    chance.shuffle(shuffled)
    chance.shuffle(members)
    same(linkage(MEMBERS, ties), linkage(members, shuffled))


@given(TIES)
def test_the_graph_for_notebooks_says_what_the_arrays_say(ties: list[Tie]) -> None:
    network = linkage(MEMBERS, ties)
    graph = network.to_networkx()
    assert graph.nodes[1] == {"society": "COMMUNITY", "area": 101}
    assert sorted(graph) == network.ids.tolist()
    expected: dict[tuple[int, int], float] = {}
    for tie in ties:
        pair = (tie.community_id, tie.provider_id)
        expected[pair] = expected.get(pair, 0.0) + STRENGTH[tie.kind] * tie.value
    assert {(min(e), max(e)): pytest.approx(d["weight"]) for *e, d in graph.edges(data=True)} == expected
    for at, id in enumerate(network.ids.tolist()):
        assert network.ids[network.links.neighbours(at)].tolist() == sorted(graph[id])
        assert network.links.degrees[at] == graph.degree(id)
        assert network.links.strengths[at] == pytest.approx(graph.degree(id, weight="weight"))


@given(TIES)
def test_providers_are_linked_by_their_resource_allocation_index(ties: list[Tie]) -> None:
    network = linkage(MEMBERS, ties)
    serves = network.to_networkx()
    pairs = [(a, b) for a in PROVIDERS for b in PROVIDERS if a < b]
    expected = {(a, b): pytest.approx(v) for a, b, v in nx.resource_allocation_index(serves, pairs) if v > 0}
    tails, heads, weights = network.together()
    found = zip(network.ids[tails].tolist(), network.ids[heads].tolist(), weights.tolist(), strict=True)
    assert {(a, b): w for a, b, w in found} == expected
    both = network.to_networkx(together=True)
    assert {d["kind"] for *_, d in both.edges(data=True)} <= {"SERVES", "TOGETHER"}
    assert both.number_of_edges() == serves.number_of_edges() + len(expected)


@given(EDGES, st.integers(0, 14), st.integers(0, 5))
def test_what_is_reached_is_what_lies_within_that_many_steps(
    edges: list[tuple[int, int]], node: int, steps: int
) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(15))
    graph.add_edges_from((a, b) for a, b in edges if a != b)
    assert arrays(edges).reached(node, steps).tolist() == sorted(nx.ego_graph(graph, node, radius=steps))


def test_ties_with_whoever_is_not_there_leave_no_trace() -> None:
    network = linkage(MEMBERS[:6], [Tie("MATCH", 1, 10, 1.0), Tie("MATCH", 1, 11, 1.0), Tie("MATCH", 99, 10, 1.0)])
    assert network.links.degrees.sum() == 2
    assert network.position(11) is None
    assert network.position(10) == 5


def test_a_party_is_no_partner_of_itself() -> None:
    assert linkage(MEMBERS, [Tie("MATCH", 1, 1, 1.0)]).links.degrees.sum() == 0


def test_an_allocation_counts_more_than_a_match() -> None:
    network = linkage(MEMBERS, [Tie("MATCH", 1, 10, 1.0), Tie("ALLOCATION", 1, 11, 1.0)])
    assert network.links.weights[network.links.starts[0] : network.links.starts[1]].tolist() == [0.25, 1.0]


def test_a_kind_of_tie_that_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError):
        linkage(MEMBERS, [Tie("HEARSAY", 1, 10, 1.0)])


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan")])
def test_an_edge_without_weight_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        links(2, [0], [1], [weight])


def test_nothing_makes_an_empty_network() -> None:
    network = linkage([], [])
    assert len(network) == 0
    assert [len(part) for part in network.together()] == [0, 0, 0]
    assert network.to_networkx().number_of_nodes() == 0
    assert np.array_equal(network.links.starts, [0])

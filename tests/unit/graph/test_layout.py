"""Places of a drawing: the same for the same network, apart, inside the square, groups together."""

from __future__ import annotations

import random
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from graph.layout import components, layout
from graph.linkage import Links, Member, Tie, linkage, links
from graph.picture import NODES, SERVES, TOGETHER, picture


def townships(towns: int = 5, size: int = 12) -> tuple[Links, np.ndarray, np.ndarray]:
    """Towns with links inside and a few between; keys and groups."""
    dice = random.Random(5)
    n = towns * size
    edges = [
        (t * size + dice.randrange(size), t * size + dice.randrange(size)) for t in range(towns) for _ in range(24)
    ]
    edges += [(t * size, (t + 1) * size % n) for t in range(towns)]
    keys = np.array(dice.sample(range(10_000), n))
    return links(n, *zip(*edges, strict=True)), keys, np.arange(n) // size


def test_the_same_network_in_another_order_gives_the_same_places() -> None:
    graph, keys, groups = townships()
    expected = layout(graph, keys, groups)
    order = np.random.default_rng(1).permutation(len(graph))
    place = np.argsort(order)
    tails, heads, weights = graph.pairs()
    mixed = links(len(graph), place[heads], place[tails], weights)
    assert layout(mixed, keys[order], groups[order]).tolist() == expected[order].tolist()
    assert layout(graph, keys, groups).tolist() == expected.tolist()


def test_places_lie_in_the_square_and_no_two_are_near() -> None:
    graph, keys, groups = townships()
    places = layout(graph, keys, groups)
    assert places.min() >= 0
    assert places.max() <= 1
    assert (places.max(axis=0) - places.min(axis=0)).max() == pytest.approx(0.96, abs=1e-3)
    assert nearest(places) > 0.25 / np.sqrt(len(graph))


def nearest(places: np.ndarray) -> float:
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=-1))
    np.fill_diagonal(apart, np.inf)
    return float(apart.min())


def test_those_of_one_group_stand_together_and_linked_ones_near() -> None:
    graph, keys, groups = townships()
    places = layout(graph, keys, groups)
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=-1))
    same = groups[:, None] == groups[None]
    assert apart[same].mean() < 0.5 * apart[~same].mean()
    tails, heads, _ = graph.pairs()
    assert apart[tails, heads].mean() < apart.mean()


def test_components_are_those_of_networkx_and_do_not_overlap_in_the_drawing() -> None:
    dice = random.Random(2)
    graph = nx.gnm_random_graph(80, 60, seed=3)
    network = links(80, *zip(*graph.edges, strict=True))
    found = components(network)
    assert sorted(map(set, found), key=min) == sorted(map(set, nx.connected_components(graph)), key=min)
    assert all(len(a) >= len(b) for a, b in pairwise(found))
    places = layout(network, np.array(dice.sample(range(999), 80)))
    boxes = [(places[part].min(axis=0), places[part].max(axis=0)) for part in found]
    for i, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:i]:
            assert (high < other_low).any() or (other_high < low).any()


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_small_networks_have_places_too(n: int) -> None:
    places = layout(links(n, [0] if n > 1 else [], [1] if n > 1 else []), np.arange(n))
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert len({tuple(one) for one in places.tolist()}) == n


def test_a_hundred_that_are_linked_with_one_only_do_not_fall_on_each_other() -> None:
    places = layout(links(101, [0] * 100, range(1, 101)), np.arange(101))
    assert nearest(places) > 0.2 / np.sqrt(101)


# ------------------------------------------------------------------------------------------------ what is drawn


def crowd(communities: int, providers: int, each: int) -> tuple[list[Member], list[Tie]]:
    dice = random.Random(7)
    members = [Member(n, "COMMUNITY", 1, n % 7) for n in range(communities)]
    members += [Member(10_000 + n, "VOLUNTEER", 1, -1) for n in range(providers)]
    ties = [
        Tie("MATCH", community, 10_000 + n, dice.uniform(0.1, 1))
        for n in range(providers)
        for community in dice.sample(range(communities), min(each, communities))
    ]
    return members, ties


def test_a_large_network_is_cut_to_the_most_connected_and_says_what_is_left_out() -> None:
    members, ties = crowd(500, 700, 9)
    network = linkage(members, ties)
    drawn = picture(network)
    assert len(drawn.nodes) == NODES
    assert drawn.omitted_nodes == 1_200 - NODES
    left = np.setdiff1d(np.arange(1_200), drawn.nodes)
    assert network.links.degrees[left].max() <= network.links.degrees[drawn.nodes].min()
    assert drawn.kinds.count("SERVES") == SERVES
    assert drawn.kinds.count("TOGETHER") == TOGETHER
    inside = np.isin(network.links.pairs()[0], drawn.nodes) & np.isin(network.links.pairs()[1], drawn.nodes)
    together = network.together(drawn.nodes)[0]
    assert drawn.omitted_edges == inside.sum() + len(together) - SERVES - TOGETHER
    assert drawn.degrees.sum() == 2 * (SERVES + TOGETHER)


def test_a_small_network_is_drawn_whole_and_parties_without_links_are_not_in_it() -> None:
    members, ties = crowd(6, 8, 6)
    drawn = picture(linkage([*members, Member(77_777, "VOLUNTEER", 1)], ties))
    assert (len(drawn.nodes), drawn.omitted_nodes, drawn.omitted_edges) == (14, 0, 0)
    assert drawn.kinds.count("SERVES") == 48


def test_what_lies_around_a_party_is_chosen_by_steps() -> None:
    members, ties = crowd(40, 60, 2)
    network = linkage(members, ties)
    graph = network.to_networkx()
    for depth in (1, 2):
        drawn = picture(network, around=10_000, depth=depth)
        assert set(network.ids[drawn.nodes].tolist()) == set(nx.ego_graph(graph, 10_000, radius=depth))
    alone = picture(linkage([*members, Member(77_777, "VOLUNTEER", 1)], ties), around=77_777, depth=3)
    assert (len(alone.nodes), len(alone.tails), alone.degrees.tolist()) == (1, 0, [0])
    with pytest.raises(KeyError):
        picture(network, around=5_555_555)


def test_the_picture_does_not_depend_on_the_order_of_the_rows() -> None:
    members, ties = crowd(60, 90, 4)
    expected = picture(linkage(members, ties))
    again = picture(linkage(members[::-1], ties[::-1]))
    assert again.places.tolist() == expected.places.tolist()
    assert (again.tails.tolist(), again.heads.tolist()) == (expected.tails.tolist(), expected.heads.tolist())


def test_nothing_is_drawn_of_nothing() -> None:
    drawn = picture(linkage([], []))
    assert (len(drawn.nodes), len(drawn.tails), drawn.omitted_nodes) == (0, 0, 0)

"""The compiled pairs are the pairs of the rules, one by one, and no pair crosses a part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, product
from random import Random

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_worlds import TODAY, needs, offers, worlds

from bench.counties import WEIGHTS, region
from graph.columns import Columns, columns
from graph.eligible import TooManyPairs, eligible, parts_of
from graph.parts import parts
from graph.rules import obstacles
from graph.score import pair_quantity, score_e8, weight_vector
from graph.score import parts as parts_by_law
from graph.values import Cap, Need, Offer, World

#: Both ways of computing, whatever the size.
WAYS = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "arrays"])


def by_law(wanted: list[Need], given_: list[Offer], world: World) -> list[tuple[int, int, int, int]]:
    return [
        (n, o, pair_quantity(need, offer), score_e8(need, offer, world))
        for n, need in enumerate(wanted)
        for o, offer in enumerate(given_)
        if not obstacles(need, offer, world)
    ]


@WAYS
@settings(max_examples=300, deadline=None)
@given(
    needs(6) | needs(6, quantity=2**31 - 1),
    offers(8) | offers(8, quantity=2**31 - 1, minimum=2**31 - 1),
    worlds() | worlds(located=False),
)
def test_columns_hold_the_pairs_without_obstacle_with_the_same_limit_and_score(
    compiled: bool, wanted: list[Need], given_: list[Offer], world: World
) -> None:
    encoded = columns(wanted, given_, world)
    found = eligible(encoded, weight_vector(world.weights), compiled=compiled)
    rows = (found.need, found.offer, found.limit, found.score)
    assert {row.dtype for row in rows} == {np.dtype(np.int32)}
    assert list(zip(*(row.tolist() for row in rows), strict=True)) == by_law(wanted, given_, world)
    told = parts_of(encoded, found.need, found.offer)
    assert [tuple(row) for row in told.tolist()] == [
        parts_by_law(wanted[n], given_[o], world) for n, o in zip(found.need, found.offer, strict=True)
    ]


@WAYS
def test_every_window_and_quantity_that_touches_is_judged_as_by_law(compiled: bool) -> None:
    world = World(TODAY, {1: (1,)}, {1: (1,)}, WEIGHTS)
    days = [None, *(TODAY + timedelta(days=d) for d in (-1, 0, 1, 3))]
    amounts = [(available, *limits) for available in (1, 2, 3) for limits in ((1, None), (2, None), (2, 2), (3, 2))]
    wanted = [
        Need(i, 1, 1, (i % 3,), remaining, 0, start, end)
        for i, (remaining, start, end) in enumerate(product((1, 2, 3), days, days), 1)
    ]
    given_ = [
        Offer(
            i,
            1,
            1,
            1,
            (1,),
            (1,) if i % 2 else (),
            (1, 2) if i % 5 else None,
            available,
            least,
            most,
            start,
            end,
            TODAY,
        )
        for i, ((available, least, most), start, end) in enumerate(product(amounts, days, days), 1)
    ]
    found = eligible(columns(wanted, given_, world), weight_vector(WEIGHTS), compiled=compiled)
    rows = (found.need, found.offer, found.limit, found.score)
    assert list(zip(*(row.tolist() for row in rows), strict=True)) == by_law(wanted, given_, world)


@WAYS
def test_a_made_up_county_is_the_same_as_columns_and_as_values(compiled: bool) -> None:
    made = region(800, seed=5, minimums=0.2, whole=0.2, funded=0.3)
    wanted, given_, world, caps = made.lists()
    weights = weight_vector(world.weights)
    by_columns = eligible(made.columns(), weights, compiled=compiled)
    by_values = eligible(columns(wanted, given_, world, caps), weights, compiled=compiled)
    assert len(by_columns) > 1_000
    for name in ("need", "offer", "limit", "score"):
        assert np.array_equal(getattr(by_columns, name), getattr(by_values, name))
    assert ids_by_part(made.columns()) == ids_by_part(columns(wanted, given_, world, caps))


@WAYS
def test_more_pairs_than_allowed_are_refused_and_as_many_are_not(compiled: bool) -> None:
    made = region(100)
    weights = weight_vector(made.lists()[2].weights)
    many = len(eligible(made.columns(), weights, compiled=compiled))
    assert len(eligible(made.columns(), weights, most=many, compiled=compiled)) == many
    with pytest.raises(TooManyPairs):
        eligible(made.columns(), weights, most=many - 1, compiled=compiled)


@settings(max_examples=300, deadline=None)
@given(needs(8), offers(8), worlds(), st.data())
def test_parts_are_what_pairs_groups_and_caps_hold_together(
    wanted: list[Need], given_: list[Offer], world: World, data: st.DataObject
) -> None:
    caps = [Cap(1, 3, 2), Cap(2, 5, None), Cap(3, 4, None)]
    drawn = st.none() | st.none() | st.none() | st.sampled_from([1, 2, 3])
    given_ = [replace(offer, cap_id=data.draw(drawn)) for offer in given_]
    world = replace(world, districts=data.draw(st.sampled_from([{}, {4: 2, 5: 2, 6: 3}])))
    encoded = columns(wanted, given_, world, caps)
    split = parts(encoded)
    held = nx.Graph()
    held.add_nodes_from(("need", n) for n in range(len(wanted)))
    held.add_nodes_from(("offer", o) for o in range(len(given_)))
    held.add_edges_from(ties(wanted, given_, world, caps))
    expected = {frozenset(node for node in found if node[0] != "cap") for found in nx.connected_components(held)}
    met = {frozenset(ends) for ends in candidates(wanted, given_, world)}
    found = [
        frozenset({*(("need", n) for n in part.needs.tolist()), *(("offer", o) for o in part.offers.tolist())})
        for part in split.parts
    ]
    assert len(set(found)) == len(found)
    assert set(found) == {nodes for nodes in expected if any(ends <= nodes for ends in met)}
    inside = {node for nodes in found for node in nodes}
    assert split.alone.tolist() == [n for n in range(len(wanted)) if ("need", n) not in inside]
    assert split.idle.tolist() == [o for o in range(len(given_)) if ("offer", o) not in inside]
    sizes = [part.candidates for part in split.parts]
    assert sizes == [sum(ends <= nodes for ends in met) for nodes in found]
    assert all(a >= b for a, b in pairwise(sizes))


@settings(max_examples=200, deadline=None)
@given(needs(8), offers(8), worlds())
def test_pairs_of_the_parts_together_are_the_pairs_of_the_whole(
    wanted: list[Need], given_: list[Offer], world: World
) -> None:
    encoded, weights = columns(wanted, given_, world), weight_vector(world.weights)
    rows = []
    for part in parts(encoded).parts:
        found = eligible(encoded.part(part.needs, part.offers), weights, compiled=True)
        places = part.needs[found.need], part.offers[found.offer], found.limit, found.score
        rows += list(zip(*(row.tolist() for row in places), strict=True))
    assert sorted(rows) == by_law(wanted, given_, world)


@settings(max_examples=200, deadline=None)
@given(needs(8), offers(8), worlds(), st.randoms(use_true_random=False))
def test_parts_do_not_depend_on_the_order_of_the_lists(
    wanted: list[Need], given_: list[Offer], world: World, chance: Random
) -> None:
    first = ids_by_part(columns(wanted, given_, world))
    chance.shuffle(wanted)
    chance.shuffle(given_)
    assert ids_by_part(columns(wanted, given_, world)) == first


def ids_by_part(encoded: Columns) -> list[tuple[list[int], list[int]]]:
    return [
        (sorted(encoded.need.ids[part.needs].tolist()), sorted(encoded.offer.ids[part.offers].tolist()))
        for part in parts(encoded).parts
    ]


Node = tuple[str, int]


def candidates(wanted: list[Need], given_: list[Offer], world: World) -> Iterator[tuple[Node, Node]]:
    """Pairs of fitting type and place whose sides could each be in some pair."""
    for n, need in enumerate(wanted):
        for o, offer in enumerate(given_):
            twin = replace(
                offer,
                group_ids=(),
                earmark_ids=None,
                minimum=1,
                maximum=None,
                available_from=None,
                available_until=None,
            )
            open_need = replace(need, needed_from=None, needed_by=None)
            late = need.needed_by is not None and need.needed_by < max(world.today, need.needed_from or world.today)
            ended = offer.available_until is not None and offer.available_until < max(
                world.today, offer.available_from or world.today
            )
            if not obstacles(open_need, twin, world) and not late and not ended:
                yield ("need", n), ("offer", o)


def ties(wanted: list[Need], given_: list[Offer], world: World, caps: list[Cap]) -> Iterator[tuple[Node, Node]]:
    yield from candidates(wanted, given_, world)
    for n, need in enumerate(wanted):
        for k, other in enumerate(wanted[:n]):
            district = [world.districts.get(area, area) for area in (need.area_id, other.area_id)]
            if need.type_id == other.type_id and district[0] == district[1]:
                yield ("need", n), ("need", k)
    yield from ((("offer", o), ("cap", offer.cap_id)) for o, offer in enumerate(given_) if offer.cap_id is not None)
    yield from ((("cap", cap.id), ("cap", cap.parent_id)) for cap in caps if cap.parent_id is not None)

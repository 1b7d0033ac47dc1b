"""The compiled pairs are the pairs of the rules, one by one, and no pair crosses a part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from test_graph_worlds import needs, offers, worlds

from graph.columns import columns
from graph.eligible import eligible, parts_of
from graph.rules import obstacles
from graph.score import pair_quantity, score_e8, weight_vector
from graph.score import parts as parts_by_law
from graph.values import Need, Offer, World

#: Both ways of computing, whatever the size.
WAYS = pytest.mark.parametrize("compiled_from", [0, 1 << 40], ids=["compiled", "arrays"])


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
    compiled_from: int, wanted: list[Need], given_: list[Offer], world: World
) -> None:
    encoded = columns(wanted, given_, world)
    found = eligible(encoded, weight_vector(world.weights), compiled_from=compiled_from)
    rows = (found.need, found.offer, found.limit, found.score)
    assert {row.dtype for row in rows} == {np.dtype(np.int32)}
    assert list(zip(*(row.tolist() for row in rows), strict=True)) == by_law(wanted, given_, world)
    told = parts_of(encoded, found.need, found.offer)
    assert [tuple(row) for row in told.tolist()] == [
        parts_by_law(wanted[n], given_[o], world) for n, o in zip(found.need, found.offer, strict=True)
    ]

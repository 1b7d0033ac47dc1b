"""Caps of a plan over several counties: whatever is given within them, no rule's room is passed anywhere."""

from __future__ import annotations

from types import SimpleNamespace as Offer
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graph.caps import laminar
from resolvers.fund_caps import _shares

PLACES = range(3)
OFFERS = st.lists(st.tuples(st.integers(1, 50), st.sets(st.sampled_from(PLACES))), min_size=1, max_size=6)
ROOMS = st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=1, max_size=2)


@given(OFFERS, ROOMS)
def test_no_place_can_be_given_more_than_any_rule_leaves_there(
    drawn: list[tuple[int, set[int]]], rules: list[list[int]]
) -> None:
    offers: list[Any] = [Offer(id=at + 1, available=available) for at, (available, _) in enumerate(drawn)]
    reach = {at + 1: frozenset(places) for at, (_, places) in enumerate(drawn)}
    sets = []
    for rooms in rules:
        where = {place: frozenset((place,)) for place in PLACES}
        sets += _shares(offers, reach, where, dict(enumerate(rooms)))
    caps, drawn_on = laminar(sets)
    assert all(one.limit >= 0 for one in caps)
    above = {one.id: one.parent_id for one in caps}

    def most(ids: set[int]) -> int:
        """What offers can give together at most: the tree of caps from the leaves up."""
        given_by = {one.id: 0 for one in caps}
        free = 0
        for one in offers:
            if one.id in ids:
                cap = drawn_on.get(one.id)
                if cap is None:
                    free += one.available
                else:
                    given_by[cap] += one.available
        for one in caps:  # the inner stand before the outer
            kept = min(one.limit, given_by[one.id])
            outer = above[one.id]
            if outer is None:
                free += kept
            else:
                given_by[outer] += kept
        return free

    for rooms in rules:
        for place, room in enumerate(rooms):
            assert most({id for id, places in reach.items() if place in places}) <= room

"""Caps made laminar: nested or apart, and whoever keeps them keeps every limit that was given."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from graph.caps import laminar

SETS = st.lists(st.tuples(st.frozensets(st.integers(1, 8), max_size=6), st.integers(0, 100)), max_size=6)


def members(limits: list[tuple[frozenset[int], int]]) -> dict[int, set[int]]:
    """The offers below each cap, by cap."""
    caps, drawn = laminar(limits)
    above = {cap.id: cap.parent_id for cap in caps}
    inside: dict[int, set[int]] = {cap.id: set() for cap in caps}
    for offer, at in drawn.items():
        place: int | None = at
        while place is not None:
            inside[place].add(offer)
            place = above[place]
    return inside


@given(SETS)
def test_caps_never_cross_and_every_limit_is_held(limits: list[tuple[frozenset[int], int]]) -> None:
    caps, _ = laminar(limits)
    inside = members(limits)
    for one, other in combinations(inside.values(), 2):
        assert one <= other or other <= one or one.isdisjoint(other)
    for ids, limit in limits:
        # Some cap holds all of them and passes no more.
        assert not ids or any(ids <= inside[cap.id] and cap.limit <= limit for cap in caps)


@given(SETS, st.randoms())
def test_the_order_of_limits_does_not_matter(limits: list[tuple[frozenset[int], int]], random: object) -> None:
    mixed = list(limits)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert laminar(mixed) == laminar(limits)


def test_what_does_not_cross_stays_as_it_is() -> None:
    limits = [(frozenset({1, 2}), 5), (frozenset({1, 2, 3}), 9), (frozenset({4}), 0)]
    caps, drawn = laminar(limits)
    assert sorted((cap.limit, cap.parent_id is not None) for cap in caps) == [(0, False), (5, True), (9, False)]
    assert set(drawn) == {1, 2, 3, 4}

"""The laws of the smallest cover, against every set there is."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.cover import Row, greedy_cover, short, smallest_cover

Instance = tuple[list[Row], list[int]]


@st.composite
def instances(draw: st.DrawFn, most: int = 7) -> Instance:
    """Rows that all candidates together reach; quantities from single units to two thousand million."""
    n = draw(st.integers(1, most))
    top = draw(st.sampled_from([1, 3, 2_000_000_000]))
    rows = []
    for _ in range(draw(st.integers(0, 5))):
        gains = draw(st.dictionaries(st.integers(0, n - 1), st.integers(1, top), min_size=1))
        total = sum(gains.values())
        rows.append(Row(draw(st.integers(1, total) | st.integers(max(1, total - 2), total)), gains))
    return rows, draw(st.lists(st.sampled_from([0, 1, 4_999, 10_000]), min_size=n, max_size=n))


def key(members: tuple[int, ...], values: list[int]) -> tuple[int, int, int]:
    return len(members), -sum(values[j] for j in members), sum(members)


def best_of_all(rows: list[Row], values: list[int], forbidden: frozenset[int] = frozenset()) -> tuple[int, int, int]:
    """By trying every set; one that lies within `forbidden` is not enough."""
    everybody = range(len(values))
    return min(
        key(chosen, values)
        for size in range(len(values) + 1)
        for chosen in combinations(everybody, size)
        if not short(rows, chosen) and (not forbidden or not forbidden.issuperset(chosen))
    )


@settings(deadline=None, max_examples=150)
@given(instances())
def test_no_set_is_smaller_or_as_small_and_better(instance: Instance) -> None:
    rows, values = instance
    found = smallest_cover(rows, values)
    assert not short(rows, found.members)
    assert found.optimal
    assert key(found.members, values) == best_of_all(rows, values)
    assert found.at_least == len(found.members)


@settings(deadline=None, max_examples=80)
@given(instances(), st.data())
def test_what_the_rows_do_not_say_is_asked_of_the_caller(instance: Instance, data: st.DataObject) -> None:
    rows, values = instance
    n = len(values)
    forbidden = frozenset(data.draw(st.sets(st.integers(0, n - 1), max_size=n - 1)))
    outside = Row(1, {j: 1 for j in range(n) if j not in forbidden})
    found = smallest_cover(
        rows,
        values,
        lacks=lambda members: outside if forbidden and forbidden.issuperset(members) else None,
        untold=frozenset(range(n)),
    )
    assert found.optimal
    assert key(found.members, values) == best_of_all(rows, values, forbidden)


@settings(deadline=None, max_examples=100)
@given(instances())
def test_greedy_covers_can_spare_nobody_and_lies_between_its_bounds(instance: Instance) -> None:
    rows, values = instance
    chosen = greedy_cover(rows, values)
    assert not short(rows, chosen)
    assert all(short(rows, [j for j in chosen if j != one]) for one in chosen)
    told = smallest_cover(rows, values, exact_up_to=0)
    size = best_of_all(rows, values)[0]
    assert told.at_least <= size <= len(told.members)


@settings(deadline=None, max_examples=50)
@given(instances(5), st.integers(1, 40))
def test_many_who_are_no_better_change_nothing(instance: Instance, crowd: int) -> None:
    """What makes it exact among thousands: who could be replaced by any of many is left out beforehand."""
    rows, values = instance
    n = len(values)
    crowded = [Row(row.demand, row.gains | {n + i: min(row.gains.values()) for i in range(crowd)}) for row in rows]
    plain, among = smallest_cover(rows, values), smallest_cover(crowded, values + [0] * crowd)
    assert among.optimal
    assert len(among.members) <= len(plain.members)
    if all(len(row.gains) == n for row in rows):
        assert len(among.members) == len(plain.members)


def test_one_unit_short_of_two_thousand_million_is_short() -> None:
    rows = [Row(2_000_000_001, {0: 1_000_000_000, 1: 1_000_000_000, 2: 1_000_000_001})]
    assert smallest_cover(rows, [10_000, 10_000, 0]).members == (0, 2)


def test_what_cannot_be_covered_is_refused() -> None:
    with pytest.raises(ValueError, match="do not cover"):
        smallest_cover([Row(3, {0: 1, 1: 1})], [0, 0])


def test_nothing_asked_needs_nobody() -> None:
    assert smallest_cover([], [5, 5]).members == ()


def test_beyond_what_fits_the_bound_stands_beside_the_answer() -> None:
    rows = [Row(1, {j: 1 for j in range(30) if (j * 7 + i) % 5 == 0 or j % 11 == i}) for i in range(9)]
    found = smallest_cover(rows, [0] * 30, exact_up_to=3)
    exact = smallest_cover(rows, [0] * 30)
    assert (found.method, found.optimal) == ("GREEDY", False)
    assert found.at_least <= len(exact.members) <= len(found.members)

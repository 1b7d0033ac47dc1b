"""Small worlds for the laws of graph/, and the law that keeps them honest."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.rules import obstacles
from graph.score import PART_CODES
from graph.values import Need, Offer, World

TODAY = date(2026, 11, 1)
#: Two trees of types; a county (1) with townships 2 and 3 and villages 4, 5, 6.
TYPES = {1: (1,), 2: (1, 2), 3: (1, 3), 4: (1, 2, 4), 5: (5,)}
AREAS = {1: (1,), 2: (1, 2), 3: (1, 3), 4: (1, 2, 4), 5: (1, 2, 5), 6: (1, 3, 6)}
PLACES = {2: (116.1, 35.8), 4: (116.11, 35.79), 6: (116.3, 35.6)}

days = st.none() | (st.integers(-3, 3) | st.integers(-40, 40)).map(lambda n: TODAY + timedelta(days=n))
groups = st.lists(st.integers(1, 4), max_size=2, unique=True).map(tuple)
weights = st.permutations((5_000, 2_500, 1_500, 1_000, 0, 0)).map(lambda w: dict(zip(PART_CODES, w, strict=True)))


def worlds(located: bool = True) -> st.SearchStrategy[World]:
    return weights.map(lambda w: World(TODAY, TYPES, AREAS, w, PLACES if located else {}))


def needs(most: int, quantity: int = 6, least: int = 0) -> st.SearchStrategy[list[Need]]:
    one = st.builds(
        Need,
        id=st.integers(1, 99),
        type_id=st.sampled_from([1, 2, 3, 4, 4, 4, 5]),
        area_id=st.sampled_from([2, 4, 4, 5, 6]),
        group_ids=groups,
        remaining=st.integers(0, quantity),
        priority=st.integers(0, 3),
        needed_from=days,
        needed_by=days,
        is_open=st.sampled_from([True, True, True, False]),
    )
    return st.lists(one, min_size=least, max_size=most, unique_by=lambda n: n.id)


def offers(most: int, quantity: int = 6, minimum: int = 3, least: int = 0) -> st.SearchStrategy[list[Offer]]:
    one = st.builds(
        Offer,
        id=st.integers(1, 99),
        provider_id=st.integers(1, 9),
        type_id=st.sampled_from([1, 1, 2, 2, 3, 4, 5]),
        area_id=st.sampled_from([1, 2, 4, 6]),
        coverage_ids=st.lists(st.sampled_from([1, 2, 3, 4, 5, 6]), min_size=1, max_size=3).map(tuple),
        group_ids=st.just(()) | groups,
        earmark_ids=st.none() | st.none() | groups,
        available=st.integers(0, quantity),
        minimum=st.integers(1, minimum),
        maximum=st.none() | st.integers(1, quantity),
        available_from=st.none() | days,
        available_until=st.none() | days,
        confirmed_on=st.integers(-300, 5).map(lambda n: TODAY + timedelta(days=n)),
        track_record=st.floats(0, 1),
        is_active=st.sampled_from([True, True, True, False]),
    )
    return st.lists(one, min_size=least, max_size=most, unique_by=lambda o: o.id)


def easy_needs(most: int, quantity: int = 4, least: int = 0) -> st.SearchStrategy[list[Need]]:
    """Needs that most easy offers fit, so that capacities decide."""
    one = st.builds(
        Need,
        id=st.integers(1, 99),
        type_id=st.sampled_from([2, 3, 4]),
        area_id=st.sampled_from([4, 5, 6]),
        group_ids=st.just(()),
        remaining=st.integers(1, quantity),
        priority=st.integers(0, 3),
        needed_from=st.none(),
        needed_by=st.none(),
    )
    return st.lists(one, min_size=least, max_size=most, unique_by=lambda n: n.id)


def easy_offers(most: int, quantity: int = 4, minimum: int = 1, least: int = 0) -> st.SearchStrategy[list[Offer]]:
    one = st.builds(
        Offer,
        id=st.integers(1, 99),
        provider_id=st.just(1),
        type_id=st.sampled_from([1, 2, 3]),
        area_id=st.sampled_from([1, 4]),
        coverage_ids=st.sampled_from([(1,), (1,), (2,), (4, 6)]),
        group_ids=st.just(()),
        earmark_ids=st.none(),
        available=st.integers(1, quantity),
        minimum=st.integers(1, minimum),
        maximum=st.none() | st.integers(minimum, quantity),
        available_from=st.none(),
        available_until=st.none(),
        confirmed_on=st.integers(-300, 0).map(lambda n: TODAY + timedelta(days=n)),
        track_record=st.sampled_from([0.0, 0.5, 1.0]),
    )
    return st.lists(one, min_size=least, max_size=most, unique_by=lambda o: o.id)


@settings(deadline=None)
@given(easy_needs(4, least=1), easy_offers(4, least=1), worlds())
def test_easy_worlds_fail_only_by_type_place_and_minimum(wanted: list[Need], given_: list[Offer], world: World) -> None:
    codes = {found.code for n in wanted for o in given_ for found in obstacles(n, o, world)}
    assert codes <= {"RESOURCE_TYPE", "COVERAGE", "MINIMUM"}

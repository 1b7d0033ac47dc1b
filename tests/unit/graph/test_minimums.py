"""Minimum quantities and whole-or-nothing needs, on markets small enough to think about."""

from __future__ import annotations

import numpy as np

from graph.market import ORDERS, Market, aims
from graph.minimums import Honoured, honour
from graph.stages import solve

URGENT_FIRST = ORDERS["URGENT_FIRST"]


def market(
    demand: list[int],
    supply: list[int],
    pairs: list[tuple[int, int, int]],
    *,
    tier: list[int] | None = None,
    parent: list[int] | None = None,
    caps: list[int] | None = None,
) -> Market:
    """Pairs are (need, offer, score_e8); each need is its own group."""

    def ints(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(values, dtype=np.int64)

    n, m = len(demand), len(supply)
    return Market(
        ints(demand),
        ints(tier or [0] * n),
        np.arange(n),
        ints(supply),
        ints(parent or [-1] * m),
        ints(caps or []),
        np.full(len(caps or []), -1),
        ints([p[0] for p in pairs]),
        ints([p[1] for p in pairs]),
        ints([max(1, min(demand[p[0]], supply[p[1]])) for p in pairs]),
        ints([p[2] for p in pairs]),
        np.arange(n) + 1,
        np.arange(m) + 1,
        n,
    )


def kept(of: Market, minimum: list[int], whole: list[bool], work_limit: int = 1_000_000) -> Honoured:
    relaxed = solve(of, URGENT_FIRST).flow
    return honour(of, URGENT_FIRST, relaxed, np.array(minimum), np.array(whole), work_limit=work_limit)


def test_two_offers_with_a_minimum_of_three_do_not_share_five_units() -> None:
    # 2 + 3 breaks a minimum, 3 + 3 is too much: the larger offer serves alone, one unit stays unmet.
    of = market([5], [3, 4], [(0, 0, 10), (0, 1, 5)])
    found = kept(of, [3, 3], [False])
    assert found.flow.tolist() == [0, 4]
    assert found.bound == aims(of, URGENT_FIRST, found.flow)
    assert found.searched.tolist() == [0]


def test_a_whole_need_larger_than_everything_gets_nothing_and_the_others_get_what_there_is() -> None:
    of = market([2_000_000_000, 3], [5], [(0, 0, 10), (1, 0, 1)], tier=[3, 0])
    found = kept(of, [1, 1], [True, False])
    assert found.flow.tolist() == [0, 3]
    assert found.bound == aims(of, URGENT_FIRST, found.flow)


def test_a_whole_need_that_fits_gets_all_from_several_offers() -> None:
    of = market([6, 2], [3, 4], [(0, 0, 1), (0, 1, 1), (1, 0, 9), (1, 1, 9)])
    found = kept(of, [1, 1, 1, 1], [True, False])
    assert found.flow[:2].sum() == 6
    assert found.flow[2:].sum() == 1


def test_the_more_urgent_keep_a_unit_rather_than_others_two() -> None:
    # Offer 1 can give 3 to the urgent need, or 4 to the routine one; not both.
    of = market([3, 4], [4], [(0, 0, 1), (1, 0, 1)], tier=[3, 0])
    found = kept(of, [3, 2], [False, False])
    assert found.flow.tolist() == [3, 0]
    assert aims(of, URGENT_FIRST, found.flow)[:4] == (3, 0, 0, 0)


def test_a_cap_that_leaves_less_than_the_minimum_leaves_nothing() -> None:
    of = market([4, 4], [9, 9], [(0, 0, 1), (1, 1, 1)], parent=[0, -1], caps=[2])
    found = kept(of, [3, 3], [False, False])
    assert found.flow.tolist() == [0, 4]
    assert found.searched.tolist() == [0]


def test_an_offer_without_capacity_gives_nothing() -> None:
    of = market([4], [0, 4], [(0, 0, 9), (0, 1, 1)])
    found = kept(of, [2, 3], [True])
    assert found.flow.tolist() == [0, 4]


def test_two_thousand_million_units_with_minimums_as_large() -> None:
    top = 2_000_000_000
    of = market([top, top], [top], [(0, 0, 5), (1, 0, 9)])
    found = kept(of, [top - 1, top], [False, False])
    assert found.flow.tolist() == [0, top]
    assert found.bound == aims(of, URGENT_FIRST, found.flow)


def test_without_work_the_plan_is_allowed_and_the_bound_is_that_of_the_flow() -> None:
    of = market([5, 5, 5], [7, 7], [(n, o, 10 * n + o) for n in range(3) for o in range(2)])
    found, best = kept(of, [3] * 6, [False] * 3, work_limit=0), kept(of, [3] * 6, [False] * 3)
    assert all(units == 0 or units >= 3 for units in found.flow.tolist())
    assert aims(of, URGENT_FIRST, found.flow) <= best.bound <= found.bound
    assert best.bound == aims(of, URGENT_FIRST, best.flow)


def test_parts_without_a_fault_are_not_looked_at() -> None:
    of = market([5, 2], [3, 4, 2], [(0, 0, 10), (0, 1, 5), (1, 2, 7)])
    found = kept(of, [3, 3, 1], [False, False])
    assert found.searched.tolist() == [0]
    assert found.flow[2] == 2

"""What falls apart and what does not, on counties small enough to think about."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from small import COUNSELLING, COUNTY, FAR, GOODS, HANGANG, NEAR, QUANPU, WORLD, need, offer

from graph.columns import columns
from graph.eligible import eligible, parts_of
from graph.parts import parts
from graph.score import weight_vector
from graph.values import Cap, Need, Offer

TOWNSHIPS = replace(WORLD, districts={NEAR: QUANPU, FAR: HANGANG})


def ids(needs: Sequence[Need], offers: Sequence[Offer], caps: Sequence[Cap] = ()) -> list[tuple[list[int], list[int]]]:
    encoded = columns(needs, offers, TOWNSHIPS, caps)
    return [
        (encoded.need.ids[part.needs].tolist(), encoded.offer.ids[part.offers].tolist())
        for part in parts(encoded).parts
    ]


def two_townships() -> tuple[list[Need], list[Offer]]:
    """Each township has a need for wheelchairs and an offer of its own; Quanpu has two of each."""
    needs = [need(1, area_id=FAR), need(2, area_id=NEAR), need(3, area_id=NEAR)]
    return needs, [offer(1, coverage_ids=(HANGANG,)), offer(2), offer(3)]


def test_townships_served_apart_are_parts_the_larger_one_first() -> None:
    assert ids(*two_townships()) == [([2, 3], [2, 3]), ([1], [1])]


def test_parts_of_equal_size_come_in_the_order_of_their_smallest_need() -> None:
    needs = [need(9, area_id=NEAR), need(4, area_id=FAR)]
    offers = [offer(1), offer(2, coverage_ids=(HANGANG,))]
    assert ids(needs, offers) == [([4], [2]), ([9], [1])]


@pytest.mark.parametrize(
    "joining",
    [offer(9, coverage_ids=(COUNTY,)), offer(9, coverage_ids=(QUANPU, HANGANG)), offer(9, coverage_ids=(NEAR, FAR))],
)
def test_an_offer_for_both_townships_makes_them_one_part(joining: Offer) -> None:
    needs, offers = two_townships()
    assert ids(needs, [*offers, joining]) == [([1, 2, 3], [1, 2, 3, 9])]


def test_an_offer_that_has_nothing_left_joins_nothing() -> None:
    needs, offers = two_townships()
    spent = offer(9, coverage_ids=(COUNTY,), available=0)
    assert len(ids(needs, [*offers, spent])) == 2


def test_types_are_apart_until_somebody_offers_what_is_above_both() -> None:
    needs = [need(1), need(2, type_id=GOODS), need(3, type_id=COUNSELLING)]
    offers = [offer(1), offer(3, type_id=COUNSELLING)]
    assert ids(needs, offers) == [([1], [1]), ([3], [3])]
    assert ids(needs, [*offers, offer(4, type_id=GOODS)]) == [([1, 2], [1, 4]), ([3], [3])]


def test_a_fund_or_the_pool_above_it_holds_its_offers_together() -> None:
    needs, offers = two_townships()
    apart = [replace(o, cap_id=o.id) for o in offers]
    assert len(ids(needs, apart, [Cap(1, 9), Cap(2, 9), Cap(3, 9)])) == 2
    assert len(ids(needs, apart, [Cap(1, 9, 7), Cap(2, 9, 7), Cap(3, 9), Cap(7, 9)])) == 1
    assert len(ids(needs, [replace(o, cap_id=1) for o in offers], [Cap(1, 9)])) == 1


def test_needs_that_share_a_shortage_stay_together_met_or_not() -> None:
    needs = [need(1), need(2, area_id=QUANPU), need(3, area_id=HANGANG), need(4, is_open=False)]
    offers = [offer(1, coverage_ids=(NEAR,)), offer(2, coverage_ids=(FAR,))]
    split = parts(columns(needs, offers, replace(TOWNSHIPS, districts={NEAR: QUANPU})))
    assert [part.needs.tolist() for part in split.parts] == [[0, 1, 3]]
    assert (split.alone.tolist(), split.idle.tolist()) == ([2], [1])


def test_nothing_makes_no_parts() -> None:
    for needs, offers in (([], []), ([need()], []), ([], [offer()])):
        split = parts(columns(needs, offers, WORLD))
        assert split.parts == ()
        assert (len(split.alone), len(split.idle)) == (len(needs), len(offers))


def test_a_part_is_an_instance_of_its_own() -> None:
    needs, offers = two_townships()
    whole, weights = columns(needs, offers, TOWNSHIPS), weight_vector(WORLD.weights)
    part = parts(whole).parts[1]
    alone = columns(needs[:1], offers[:1], TOWNSHIPS)
    for compiled in (False, True):
        cut, own = (eligible(c, weights, compiled=compiled) for c in (whole.part(part.needs, part.offers), alone))
        assert (len(cut), cut.limit.tolist(), cut.score.tolist()) == (1, own.limit.tolist(), own.score.tolist())
    told = parts_of(whole, part.needs, part.offers)
    assert np.dot(told.astype(np.int64), weights).tolist() == own.score.tolist()


def test_quantities_beyond_32_bits_are_refused() -> None:
    for wanted, given in ((need(remaining=2**31), offer()), (need(), offer(available=2**31))):
        with pytest.raises(ValueError, match="32 bits"):
            eligible(columns([wanted], [given], WORLD), weight_vector(WORLD.weights))


def test_a_small_county_never_loads_the_compiler() -> None:
    script = """
import sys
from datetime import date
from graph.candidates import best
from graph.columns import columns
from graph.eligible import eligible
from graph.score import weight_vector
from graph.values import Need, Offer, World
day = date(2026, 11, 1)
world = World(day, {1: (1,)}, {1: (1,)}, {"ROOM": 10_000})
need, offer = Need(7, 1, 1, (), 3, 3, None, None), Offer(8, 1, 1, 1, (1,), (), None, 2, 1, None, None, None, day)
assert len(best([need], [offer], world, 1)) == 1
assert len(eligible(columns([need], [offer], world), weight_vector(world.weights))) == 1
print("numba" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

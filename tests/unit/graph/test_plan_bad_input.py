"""What nobody should ask, asked: a right plan or a clear refusal, whatever the size."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from small import CHILD, COUNSELLING, COUNTY, ELDER, FAR, HANGANG, NEAR, TODAY, WHEELCHAIR, WORLD, need, offer

from graph.allocation import compute_plan
from graph.candidates import pairs
from graph.checker import Instance, check
from graph.columns import columns
from graph.eligible import TooManyPairs, eligible
from graph.market import ORDERS
from graph.score import weight_vector
from graph.values import Cap, Coverage, Need, Offer, Plan, World

MOST = 2_000_000_000
HUGE = 2**53
WIDE = {"coverage_ids": (COUNTY,)}


def planned(
    needs: list[Need], offers: list[Offer], world: World = WORLD, caps: tuple[Cap, ...] = (), order: str = "FAIR_FIRST"
) -> Plan:
    """The plan, once the checker has found nothing against it, and it is the same in the other order of lists."""
    plan = compute_plan(needs, offers, world, caps=caps, order=order)
    kept = [n for n in sorted(needs, key=lambda n: n.id) if n.remaining > 0]
    offered = sorted(offers, key=lambda o: o.id)
    assert check(Instance(kept, offered, world, pairs(kept, offered, world), caps), plan) == []
    assert plan.certificate.optimal
    again = compute_plan(needs[::-1], offers[::-1], world, caps=caps[::-1], order=order)
    seconds = plan.certificate.seconds
    assert replace(again, certificate=replace(again.certificate, seconds=seconds)) == plan
    return plan


def given(plan: Plan) -> dict[tuple[int, int], int]:
    return {(a.need_id, a.offer_id): a.quantity for a in plan.allocations}


def units(plan: Plan) -> int:
    return sum(a.quantity for a in plan.allocations)


def missing(plan: Plan) -> dict[int, int]:
    assert all(s.obstacles for s in plan.shortfalls)
    return {s.need_id: s.quantity for s in plan.shortfalls}


@pytest.mark.parametrize("offers", [[], [offer()]], ids=["no offers", "an offer"])
def test_an_area_without_needs_has_an_empty_plan_that_is_proven(offers: list[Offer]) -> None:
    for needs in ([], [need(remaining=0)], [need(is_open=False)]):
        plan = compute_plan(needs, offers, WORLD)
        assert (plan.demand, plan.met, plan.allocations, plan.shortfalls, plan.coverage) == (0, 0, [], [], ())
        assert plan.certificate == replace(plan.certificate, optimal=True, primal=0, dual=0, violations=0)


def test_without_offers_every_need_is_short_and_told_so() -> None:
    plan = planned([need(1), need(2, area_id=FAR, remaining=MOST)], [])
    assert missing(plan) == {1: 3, 2: MOST}
    assert {o.code for s in plan.shortfalls for o in s.obstacles} == {"NO_OFFER"}
    assert [(b.worth, b.met_by_all) for b in plan.bottlenecks] == [(1, 1), (1, 1)]


def test_a_need_larger_than_everything_takes_everything() -> None:
    plan = planned([need(remaining=MOST)], [offer(1), offer(2, available=7)])
    assert given(plan) == {(1, 1): 5, (1, 2): 7}
    assert missing(plan) == {1: MOST - 12}


@pytest.mark.parametrize("order", ORDERS)
def test_capacities_of_nothing_and_of_two_thousand_million(order: str) -> None:
    needs = [need(i, remaining=MOST, area_id=(NEAR, FAR)[i % 2], priority=i % 4) for i in range(1, 7)]
    offers = [offer(i, available=(0, MOST)[i % 2], **WIDE) for i in range(1, 7)]
    plan = planned(needs, offers, order=order)
    assert units(plan) == 3 * MOST
    assert not {a.offer_id for a in plan.allocations} & {2, 4, 6}
    assert sum(missing(plan).values()) == 3 * MOST


def test_contradictory_dates_meet_nothing_and_are_told() -> None:
    day = timedelta(days=1)
    past, never = date(2020, 1, 1), (TODAY + 9 * day, TODAY + 3 * day)
    needs = [
        need(1, needed_from=never[0], needed_by=never[1]),
        need(2, needed_by=past),
        need(3, needed_from=date.max, needed_by=date.min),
    ]
    offers = [
        offer(1),
        offer(2, available_from=never[0], available_until=never[1]),
        offer(3, available_until=past),
        offer(4, available_from=date.max, available_until=date.min),
    ]
    assert missing(planned(needs, offers)) == {1: 3, 2: 3, 3: 3}
    # Who asks sensibly gets what is offered sensibly, and nothing of the rest.
    assert given(planned([*needs, need(4, remaining=9)], offers)) == {(4, 1): 5}


def test_pairs_that_can_carry_nothing_are_no_pairs() -> None:
    plan = planned([need(1, remaining=0), need(2)], [offer(1, available=0), offer(2, available=0, minimum=3)])
    assert (plan.demand, given(plan), missing(plan)) == (1, {}, {2: 3})


def test_a_thousand_districts_that_ask_for_one_unit_each_are_served_one_by_one() -> None:
    areas = {COUNTY: (COUNTY,)} | {i: (COUNTY, i) for i in range(100, 1_100)}
    world = replace(WORLD, area_ancestors=areas | dict(WORLD.area_ancestors), area_labels={}, locations={})
    needs = [need(i, area_id=i, remaining=1) for i in range(100, 1_100)]
    plan = planned(needs, [offer(available=400, **WIDE)], world)
    assert units(plan) == 400
    assert len(plan.coverage) == 1_000
    assert {c.requested for c in plan.coverage} == {1}
    assert sum(c.allocated for c in plan.coverage) == 400


@pytest.mark.parametrize("first", [1, HUGE - 40])
def test_equal_scores_and_ids_of_53_bits_are_settled_by_ties(first: int) -> None:
    needs = [need(first + i, remaining=2) for i in range(12)]
    offers = [offer(first + i, available=1) for i in range(20)]
    plan = planned(needs, offers, replace(WORLD, weights={"FRESHNESS": 10_000}))
    assert len({a.score for a in plan.allocations}) == 1
    assert (units(plan), sum(missing(plan).values())) == (20, 4)


def test_ids_of_53_bits_that_differ_in_the_last_are_not_taken_for_one_another() -> None:
    needs = [need(HUGE - 1, remaining=2), need(HUGE, remaining=3, priority=1)]
    offers = [offer(HUGE - 1, available=1, cap_id=HUGE), offer(HUGE, available=3, cap_id=HUGE - 1)]
    plan = planned(needs, offers, caps=(Cap(HUGE, 1), Cap(HUGE - 1, 3)))
    assert units(plan) == 4
    assert set(missing(plan)) == {HUGE - 1}


def test_an_offer_that_covers_ten_thousand_areas_serves_any_of_them() -> None:
    areas = {i: (COUNTY, i) for i in range(100, 10_100)}
    world = replace(WORLD, area_ancestors=areas | dict(WORLD.area_ancestors), area_labels={}, locations={})
    needs = [need(i, area_id=i, remaining=1) for i in range(100, 10_100, 100)]
    offers = [offer(1, coverage_ids=tuple(areas), available=60), offer(2, coverage_ids=(100, 200), available=9)]
    plan = planned(needs, offers, world)
    assert units(plan) == 62
    assert {n for n, o in given(plan) if o == 2} == {100, 200}


def test_what_draws_on_a_cap_of_nothing_gives_nothing() -> None:
    caps = (Cap(7, 0), Cap(8, 5, parent_id=7), Cap(9, 2))
    plan = planned([need(remaining=9)], [offer(1, cap_id=7), offer(2, cap_id=8), offer(3, cap_id=9)], caps=caps)
    assert given(plan) == {(1, 3): 2}
    assert {o.code for o in plan.shortfalls[0].obstacles} == {"CAP_USED"}


@pytest.mark.parametrize("order", ORDERS)
def test_a_cap_of_nothing_between_what_is_searched_and_what_is_not(order: str) -> None:
    """No unit passes the cap, and still it is one cap: found by drawing plans at random."""
    fund = {"available": 1, **WIDE}
    offers = [offer(1, cap_id=7, **fund), offer(2, type_id=COUNSELLING, cap_id=8, **fund)]
    needs = [need(1, remaining=1), need(2, type_id=COUNSELLING, remaining=2, whole=True)]
    plan = planned(needs, offers, caps=(Cap(7, 0, parent_id=8), Cap(8, 1)), order=order)
    assert (given(plan), missing(plan)) == ({}, {1: 1, 2: 2})
    assert plan.searched >= {2}


def test_caps_sixty_deep_hold_at_every_depth() -> None:
    limits = [100] * 60
    limits[37] = 4
    caps = tuple(Cap(i + 1, limit, parent_id=i + 2 if i < 59 else None) for i, limit in enumerate(limits))
    plan = planned([need(1, remaining=30)], [offer(i, available=9, cap_id=i * 20) for i in (1, 2, 3)], caps=caps)
    assert sum(q for (_, o), q in given(plan).items() if o == 1) <= 4
    assert units(plan) == 4 + 9 + 9


def test_which_of_two_caps_is_named_first_changes_nothing() -> None:
    """Not even what is said to be worth recruiting: prices of caps may have a choice."""
    offers = [
        offer(1, coverage_ids=(FAR,), available=6),
        offer(2, group_ids=(ELDER,), available=1, cap_id=3),
        offer(3, available=9, **WIDE),
        offer(4, group_ids=(ELDER,), available=1, cap_id=5, **WIDE),
        offer(5, coverage_ids=(HANGANG,), group_ids=(CHILD,), available=1, cap_id=3),
    ]
    needs = [need(1, remaining=5, area_id=FAR), need(2, remaining=1, group_ids=()), need(3, remaining=9, group_ids=())]
    planned(needs, offers, caps=(Cap(3, 18), Cap(5, 9)))


def test_a_cap_over_everything_and_one_need_more_than_32_bits_of_shortage() -> None:
    """A part so large that recruiting is asked of a standing plan, if it can hold the quantities."""
    needs = [need(i, remaining=MOST) for i in range(1, 501)]
    offers = [offer(i, available=1, cap_id=7) for i in range(1, 402)]
    plan = compute_plan(needs, offers, WORLD, caps=[Cap(7, 1 << 60)])
    assert (units(plan), plan.certificate.optimal, plan.certificate.violations) == (401, True, 0)
    assert [(b.shortfall, b.met_by_one, b.met_by_all) for b in plan.bottlenecks] == [(500 * MOST - 401, 0, 500)]


def test_whole_needs_larger_than_any_supply_take_nothing_and_minimums_above_what_is_there_give_nothing() -> None:
    needs = [need(1, remaining=MOST, whole=True, priority=3), need(2, remaining=4)]
    plan = planned(needs, [offer(1), offer(2, available=2, minimum=3), offer(3, available=9, minimum=MOST)])
    assert given(plan) == {(2, 1): 4}
    assert missing(plan) == {1: MOST}
    assert "WHOLE" in {o.code for o in plan.shortfalls[0].obstacles}


def test_quantities_that_do_not_fit_are_refused() -> None:
    for needs, offers, caps in (
        ([need(remaining=2**31)], [offer()], []),
        ([need()], [offer(available=2**31)], []),
        ([need()], [offer(minimum=2**31)], []),
        ([need()], [offer()], [Cap(7, 2**61)]),
    ):
        with pytest.raises(ValueError, match=r"32 bits|cap"):
            compute_plan(needs, offers, WORLD, caps=caps)


def test_many_needs_of_one_type_at_one_place_share_what_few_offers_have() -> None:
    needs = [need(i, remaining=1 + i % 3, priority=i % 4) for i in range(1, 8_001)]
    plan = compute_plan(needs, [offer(i, available=800) for i in range(1, 9)], WORLD)
    asked = sum(n.remaining for n in needs)
    # 6,400 units: the 2,000 most urgent needs ask for 4,000, those next in line get the rest.
    assert units(plan) == 6_400
    assert {n.priority for n in needs if n.id in {a.need_id for a in plan.allocations}} == {2, 3}
    assert plan.coverage == (Coverage(NEAR, WHEELCHAIR, asked, 6_400),)
    assert plan.certificate == replace(plan.certificate, optimal=True, violations=0)
    assert len(plan.shortfalls) == plan.demand - plan.met


def test_a_hundred_thousand_needs_that_fit_a_hundred_thousand_offers_are_too_many_pairs() -> None:
    """All of them have one look: nobody waits until ten thousand million pairs are counted."""
    needs = [need(i) for i in range(1, 100_001)]
    offers = [offer(i) for i in range(1, 100_001)]
    with pytest.raises(TooManyPairs):
        compute_plan(needs, offers, WORLD)


def test_as_many_pairs_as_are_allowed_are_not_too_many() -> None:
    table = columns([need(i) for i in range(1, 11)], [offer(i) for i in range(1, 8)], WORLD)
    weights = weight_vector(WORLD.weights)
    for compiled in (False, True):
        assert len(eligible(table, weights, 70, compiled)) == 70
        with pytest.raises(TooManyPairs):
            eligible(table, weights, 69, compiled)

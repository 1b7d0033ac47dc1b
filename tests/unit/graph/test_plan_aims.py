"""What a plan aims at, as a coordinator would see it: urgency, fairness, funds, whole needs, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small import COUNSELLING, COUNTY, FAR, HANGANG, NEAR, QUANPU, WHEELCHAIR, WORLD, need, offer

from graph.allocation import compute_plan
from graph.values import Bottleneck, Cap, Coverage, Plan, World

DISTRICTS: World = replace(WORLD, districts={NEAR: QUANPU, FAR: HANGANG})
WIDE = {"coverage_ids": (COUNTY,)}


def given(plan: Plan) -> dict[tuple[int, int], int]:
    return {(a.need_id, a.offer_id): a.quantity for a in plan.allocations}


def codes(plan: Plan, need_id: int) -> list[str]:
    return [o.code for s in plan.shortfalls if s.need_id == need_id for o in s.obstacles]


def test_equally_urgent_townships_share_a_shortage_though_one_is_nearer() -> None:
    wanted = [need(1, area_id=NEAR, remaining=10), need(2, area_id=FAR, remaining=10)]
    plan = compute_plan(wanted, [offer(area_id=NEAR, available=10, **WIDE)], DISTRICTS)
    assert given(plan) == {(1, 1): 5, (2, 1): 5}


def test_a_township_that_asked_for_more_misses_the_same_share() -> None:
    wanted = [need(1, area_id=NEAR, remaining=40), need(2, area_id=FAR, remaining=20)]
    plan = compute_plan(wanted, [offer(available=30, **WIDE)], DISTRICTS)
    assert given(plan) == {(1, 1): 20, (2, 1): 10}
    assert plan.coverage == (Coverage(QUANPU, WHEELCHAIR, 40, 20), Coverage(HANGANG, WHEELCHAIR, 20, 10))


def test_urgent_first_serves_the_urgent_township_fair_first_both() -> None:
    wanted = [need(1, area_id=NEAR, remaining=10, priority=3), need(2, area_id=FAR, remaining=10)]
    offered = [offer(available=10, **WIDE)]
    assert given(compute_plan(wanted, offered, DISTRICTS)) == {(1, 1): 10}
    fair = compute_plan(wanted, offered, DISTRICTS, order="FAIR_FIRST")
    assert given(fair) == {(1, 1): 5, (2, 1): 5}
    assert fair.order == "FAIR_FIRST"
    assert fair.certificate.optimal


def test_fair_first_is_urgent_within_a_township() -> None:
    wanted = [need(1, remaining=4), need(2, remaining=4, priority=2), need(3, area_id=FAR, remaining=8)]
    plan = compute_plan(wanted, [offer(available=8, **WIDE)], DISTRICTS, order="FAIR_FIRST")
    assert given(plan) == {(2, 1): 4, (3, 1): 4}


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="URGENT_FIRST"):
        compute_plan([need()], [offer()], WORLD, order="NEAREST_FIRST")


def test_offers_of_a_fund_give_no_more_than_the_fund_and_its_pool_allow() -> None:
    wanted = [need(n, remaining=5, priority=n % 3) for n in range(1, 4)]
    offered = [offer(1, cap_id=7), offer(2, cap_id=7), offer(3, cap_id=8)]
    caps = [Cap(9, 6), Cap(7, 4, parent_id=9), Cap(8, 5, parent_id=9)]
    plan = compute_plan(wanted, offered, WORLD, caps=caps)
    assert sum(a.quantity for a in plan.allocations if a.offer_id in (1, 2)) <= 4
    assert sum(a.quantity for a in plan.allocations) == 6
    assert plan.certificate.optimal
    # The most urgent, need 2, is whole; who goes without is told which limit was reached.
    assert sum(a.quantity for a in plan.allocations if a.need_id == 2) == 5
    assert "CAP_USED" in codes(plan, 3)


def test_a_need_that_is_whole_or_nothing_takes_nothing_of_what_others_can_use() -> None:
    wanted = [need(1, remaining=6, priority=3, whole=True), need(2, remaining=5)]
    plan = compute_plan(wanted, [offer(available=5)], WORLD)
    assert given(plan) == {(2, 1): 5}
    assert codes(plan, 1)[0] == "WHOLE"
    assert plan.certificate.optimal
    both = compute_plan(wanted, [offer(1, available=5), offer(2, available=1)], WORLD)
    assert sum(a.quantity for a in both.allocations if a.need_id == 1) == 6


@pytest.mark.parametrize(
    "caps",
    [
        [Cap(7, 4), Cap(7, 5)],
        [Cap(7, -1)],
        [Cap(7, 4, parent_id=8)],
        [Cap(7, 4, parent_id=8), Cap(8, 4, parent_id=7)],
        [Cap(8, 4)],
    ],
    ids=["twice", "negative", "below an unknown one", "in a circle", "not the offer's"],
)
def test_caps_that_are_not_nested_are_refused(caps: list[Cap]) -> None:
    with pytest.raises(ValueError, match=r"cap|twice"):
        compute_plan([need()], [offer(cap_id=7)], WORLD, caps=caps)


def test_each_choice_names_who_would_step_in_and_whom_it_went_past() -> None:
    wanted = [need(1, priority=3), need(2), need(3, priority=1)]
    plan = compute_plan(wanted, [offer(1, available=3), offer(2, available=3, area_id=HANGANG)], WORLD)
    assert [a.need_id for a in plan.allocations] == [1, 3]
    for chosen in plan.allocations:
        # The other offer went to the other urgent need; need 2, the least urgent, is next in line for both.
        assert {chosen.offer_id, chosen.next_offer_id} == {1, 2}
        assert chosen.next_need_id == 2
        assert chosen.next_score == {1: 0.88, 2: 0.82}[chosen.next_offer_id or 0]


def test_what_nobody_else_wants_goes_past_nobody() -> None:
    (only,) = compute_plan([need()], [offer()], WORLD).allocations
    assert (only.next_offer_id, only.next_score, only.next_need_id) == (None, None, None)


def test_bottlenecks_say_what_recruiting_would_bring() -> None:
    wanted = [need(1, remaining=2, priority=3), need(2, area_id=FAR, remaining=4), need(3, type_id=COUNSELLING)]
    plan = compute_plan(wanted, [offer(available=1), offer(2, type_id=COUNSELLING)], DISTRICTS)
    assert plan.bottlenecks == (
        Bottleneck(WHEELCHAIR, QUANPU, shortfall=1, worth=4, met_by_one=1, met_by_all=1),
        Bottleneck(WHEELCHAIR, HANGANG, shortfall=4, worth=1, met_by_one=0, met_by_all=1),
    )


def test_what_moves_up_counts_too() -> None:
    # The wide offer serves the urgent need far away; one recruited there would free it for two others at home.
    wanted = [need(1, area_id=FAR, remaining=1, priority=3), need(2, remaining=1, priority=1)]
    plan = compute_plan(wanted, [offer(available=1, **WIDE)], DISTRICTS)
    assert given(plan) == {(1, 1): 1}
    assert [(b.district_id, b.met_by_one) for b in plan.bottlenecks] == [(QUANPU, 1)]
    assert plan.bottlenecks[0].worth == 2


def test_progress_is_told_up_to_the_end() -> None:
    told: list[float] = []
    compute_plan(
        [need(1), need(2, type_id=COUNSELLING)], [offer(1), offer(2, type_id=COUNSELLING)], WORLD, progress=told.append
    )
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_parts_solved_in_processes_of_their_own_are_the_same_plan() -> None:
    kinds = [WHEELCHAIR, COUNSELLING]
    wanted = [need(n, type_id=kinds[n % 2], remaining=n % 5 + 1, priority=n % 4) for n in range(1, 40)]
    offered = [offer(o, type_id=kinds[o % 2], available=o % 7) for o in range(1, 20)]
    alone = compute_plan(wanted, offered, WORLD)
    spread = compute_plan(wanted, offered, WORLD, processes=2)
    assert replace(spread, certificate=alone.certificate) == alone

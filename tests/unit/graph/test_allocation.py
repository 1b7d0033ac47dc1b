from __future__ import annotations

from dataclasses import replace

import pytest
from small import COUNSELLING, COUNTY, FAR, GOODS, HANGANG, NEAR, QUANPU, WORLD, need, offer

from graph.allocation import compute_plan
from graph.values import Plan

TOP = 2_000_000_000


def given(plan: Plan) -> dict[tuple[int, int], int]:
    return {(a.need_id, a.offer_id): a.quantity for a in plan.allocations}


def codes(plan: Plan, need_id: int) -> list[str]:
    return [o.code for s in plan.shortfalls if s.need_id == need_id for o in s.obstacles]


def test_nothing_asked_or_nothing_offered_is_a_plan_too() -> None:
    empty = compute_plan([], [], WORLD)
    assert (empty.demand, empty.met, empty.allocations, empty.shortfalls) == (0, 0, [], [])
    assert empty.certificate.optimal
    assert compute_plan([], [offer()], WORLD).certificate.optimal
    lonely = compute_plan([need()], [], WORLD)
    assert (lonely.demand, lonely.met, lonely.certificate.optimal) == (1, 0, True)
    assert codes(lonely, 1) == ["NO_OFFER"]


def test_closed_and_met_needs_are_not_considered() -> None:
    plan = compute_plan([need(1, is_open=False), need(2, remaining=0)], [offer()], WORLD)
    assert (plan.demand, plan.allocations, plan.shortfalls) == (0, [], [])


def test_the_most_urgent_is_served_first_even_from_further_away() -> None:
    wanted = [need(1, priority=0, area_id=NEAR), need(2, priority=3, area_id=FAR)]
    plan = compute_plan(wanted, [offer(area_id=NEAR, coverage_ids=(COUNTY,), available=3)], WORLD)
    assert given(plan) == {(2, 1): 3}
    assert codes(plan, 1) == ["CAPACITY_USED"]
    (reason,) = plan.shortfalls[0].obstacles
    assert "更紧急的1项,3台" in reason.text_zh
    assert reason.remedy_en == "Raise the capacity by 3 台."
    assert reason.offer_id == 1


def test_one_urgent_unit_outweighs_any_number_of_others() -> None:
    # The wide offer could meet five routine units or, with the narrow one elsewhere, one urgent unit.
    wanted = [need(1, priority=3, remaining=1, area_id=FAR), need(2, priority=0, remaining=TOP)]
    plan = compute_plan(wanted, [offer(1, coverage_ids=(COUNTY,), available=1)], WORLD)
    assert given(plan) == {(1, 1): 1}


def test_urgent_needs_take_what_only_they_can_use_so_that_more_is_met() -> None:
    wanted = [need(1, priority=3), need(2, priority=0, area_id=FAR)]
    offered = [offer(1, available=3, coverage_ids=(COUNTY,), area_id=NEAR), offer(2, available=3, area_id=HANGANG)]
    plan = compute_plan(wanted, offered, WORLD)
    assert given(plan) == {(1, 2): 3, (2, 1): 3}
    assert plan.met == 2


def test_among_equally_full_plans_the_best_score_wins() -> None:
    plan = compute_plan([need()], [offer(1, area_id=HANGANG), offer(2, area_id=NEAR)], WORLD)
    assert given(plan) == {(1, 2): 3}


def test_equal_offers_are_told_apart_alike_in_any_order() -> None:
    wanted = [need(n) for n in range(1, 6)]
    offered = [offer(o, available=3) for o in range(1, 6)]
    plan = compute_plan(wanted, offered, WORLD)
    assert compute_plan(wanted[::-1], offered[::-1], WORLD).allocations == plan.allocations
    assert plan.met == 5


def test_a_minimum_is_kept_or_nothing_is_given() -> None:
    # By flow alone both needs would get a part; each part must be 4 or nothing.
    wanted = [need(1, remaining=4, priority=1), need(2, remaining=4)]
    plan = compute_plan(wanted, [offer(1, available=6, minimum=4)], WORLD)
    assert given(plan) == {(1, 1): 4}
    assert plan.certificate.optimal
    assert codes(plan, 2) == ["MINIMUM"]
    assert plan.searched == {1, 2}


def test_minimums_bend_the_split_between_offers() -> None:
    # 2 + 3 breaks a minimum and 3 + 3 is more than asked, so one offer serves and a unit stays unmet.
    plan = compute_plan(
        [need(remaining=5)], [offer(1, available=3, minimum=3), offer(2, available=4, minimum=3)], WORLD
    )
    assert given(plan) == {(1, 2): 4}
    assert plan.certificate.optimal


def test_a_maximum_says_so_when_it_keeps_something_back() -> None:
    plan = compute_plan([need(remaining=4)], [offer(1, maximum=3)], WORLD)
    assert given(plan) == {(1, 1): 3}
    (reason,) = plan.shortfalls[0].obstacles
    assert (reason.code, reason.remedy_en, reason.offer_id) == ("MAXIMUM", "Raise the maximum to 4 台.", 1)


def test_a_need_larger_than_everything_gets_everything() -> None:
    offered = [offer(o, available=TOP) for o in range(1, 6)]
    plan = compute_plan([need(remaining=2**31 - 1)], offered[:1], WORLD)
    assert given(plan) == {(1, 1): TOP}
    assert plan.shortfalls[0].quantity == 2**31 - 1 - TOP
    many = compute_plan([need(n, remaining=2**31 - 1, priority=n % 4) for n in range(1, 9)], offered, WORLD)
    assert sum(a.quantity for a in many.allocations) == 5 * TOP
    assert many.certificate.optimal


def test_near_misses_name_the_offer_and_the_smallest_change() -> None:
    offered = [
        offer(1, coverage_ids=(HANGANG,), group_ids=(2,)),
        offer(2, coverage_ids=(HANGANG,), area_id=HANGANG),
        offer(3, coverage_ids=(FAR,), area_id=QUANPU),
        offer(4, type_id=COUNSELLING),
    ]
    plan = compute_plan([need()], offered, WORLD)
    (reason,) = plan.shortfalls[0].obstacles
    # Offer 3 fails one rule only, as 2 does, and its provider is nearer.
    assert (reason.code, reason.offer_id, reason.remedy_zh) == ("COVERAGE", 3, "将甲村加入服务区域")


def test_a_general_offer_is_a_near_miss_of_a_special_need() -> None:
    plan = compute_plan([need(remaining=2)], [offer(1, type_id=GOODS, minimum=4)], WORLD)
    assert codes(plan, 1) == ["MINIMUM"]
    assert compute_plan([need(type_id=GOODS)], [offer(1)], WORLD).shortfalls[0].obstacles[0].code == "NO_OFFER"


def said(plan: Plan, need_id: int) -> list[tuple[str, str]]:
    return [(o.text_zh, o.text_en) for s in plan.shortfalls if s.need_id == need_id for o in s.obstacles]


def test_one_offer_and_one_need_are_spoken_of_as_one_and_every_quantity_has_its_unit() -> None:
    plan = compute_plan([need(1), need(2, priority=2, remaining=1)], [offer(available=1)], WORLD)
    assert said(plan, 1) == [
        (
            "1项相符的供给已分完:1台分给了其他1项需求(其中更紧急的1项,1台),还差3台",
            "1 fitting offer is used up: 1 台 went to 1 other need (1 more urgent, 1 台); still short by 3 台.",
        )
    ]
    plan = compute_plan(
        [need(1, remaining=1, area_id=FAR), need(2, remaining=3), need(3, remaining=2)],
        [offer(1, available=3, coverage_ids=(COUNTY,)), offer(2, available=2, coverage_ids=(COUNTY,))],
        replace(WORLD, districts={NEAR: COUNTY, FAR: COUNTY}),
    )
    assert said(plan, 1) == [
        (
            "2项相符的供给已分完:5台分给了其他2项需求,还差1台",
            "2 fitting offers are used up: 5 台 went to 2 other needs; still short by 1 台.",
        )
    ]


def test_a_need_that_got_everything_there_is_is_told_so() -> None:
    plan = compute_plan([need(remaining=4)], [offer(1, available=1)], WORLD)
    assert said(plan, 1) == [
        (
            "1项相符的供给已全部分给本需求,还差3台",
            "1 fitting offer gives this need everything there is; still short by 3 台.",
        )
    ]
    plan = compute_plan([need(remaining=4)], [offer(1, available=1), offer(2, available=1)], WORLD)
    assert said(plan, 1)[0][1] == "2 fitting offers give this need everything there is; still short by 2 台."


def test_a_rest_that_is_left_has_its_unit() -> None:
    held = compute_plan([need(remaining=4)], [offer(1, maximum=3)], WORLD)
    assert said(held, 1)[0][1] == "The offer gives one need at most 3 台; it has 2 台 left."
    many = compute_plan(
        [need(1, priority=1, remaining=3), need(2, remaining=4)], [offer(1, available=5, minimum=3)], WORLD
    )
    assert said(many, 2)[0][1] == "The offer gives at least 3 台; only 2 台 can still go here."


def test_a_type_without_a_unit_has_the_number_alone() -> None:
    plan = compute_plan([need(type_id=COUNSELLING)], [offer(type_id=COUNSELLING, available=1)], WORLD)
    assert said(plan, 1)[0][1].endswith("; still short by 2.")


def test_no_offer_is_advised_to_grow_beyond_what_an_offer_can_hold() -> None:
    plan = compute_plan([need(remaining=2**31 - 1)], [offer(1, available=22)], WORLD)
    (reason,) = plan.shortfalls[0].obstacles
    assert (reason.remedy_zh, reason.remedy_en) == (
        "增加供给量2147483625台",
        "Raise the capacity by 2147483625 台.",
    )
    wanted = [need(1, priority=1, remaining=22), need(2, remaining=2**31 - 1)]
    (reason,) = compute_plan(wanted, [offer(1, available=22)], WORLD).shortfalls[0].obstacles
    assert (reason.remedy_zh, reason.remedy_en) == (
        "另行征集2147483647台的供给",
        "Recruit another offer of 2147483647 台.",
    )


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        compute_plan([need(1), need(1)], [], WORLD)
    with pytest.raises(ValueError, match="priority"):
        compute_plan([need(priority=4)], [], WORLD)
    with pytest.raises(ValueError, match="32 bits"):
        compute_plan([need(remaining=2**31)], [offer()], WORLD)

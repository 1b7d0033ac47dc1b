"""Faults planted into a right plan, one at a time: the checker must see each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from small import COUNTY, FAR, HANGANG, NEAR, WORLD, need, offer

from graph.allocation import compute_plan
from graph.candidates import pairs
from graph.checker import Instance, check
from graph.values import Allocation, Duals, Plan

NEEDS = [
    need(1, priority=3, remaining=4),
    need(2, remaining=4, area_id=FAR),
    need(3, remaining=2, priority=1),
    need(4, remaining=5),
]
OFFERS = [
    offer(1, coverage_ids=(COUNTY,), available=5, maximum=3),
    offer(2, area_id=NEAR, available=3),
    offer(3, coverage_ids=(HANGANG,), area_id=HANGANG, available=2),
]
INSTANCE = Instance(NEEDS, OFFERS, WORLD, pairs(NEEDS, OFFERS, WORLD))
PLAN = compute_plan(NEEDS, OFFERS, WORLD)


def with_first(plan: Plan, change: Callable[[Allocation], Allocation]) -> Plan:
    return replace(plan, allocations=[change(plan.allocations[0]), *plan.allocations[1:]])


def with_price(plan: Plan, stage: int, side: str, key: int, change: Callable[[int], int]) -> Plan:
    duals = list(plan.duals)
    prices = dict(getattr(duals[stage], side))
    prices[key] = change(prices[key])
    duals[stage] = replace(duals[stage], **{side: prices})
    return replace(plan, duals=tuple(duals))


def priced(side: str) -> list[tuple[int, str, int]]:
    return [(s, side, key) for s, d in enumerate(PLAN.duals) for key, price in getattr(d, side).items() if price]


def test_the_right_plan_passes() -> None:
    assert check(INSTANCE, PLAN) == []
    assert PLAN.certificate.optimal
    assert PLAN.shortfalls


FAULTS: dict[str, Callable[[Plan], Plan]] = {
    "one unit too many": lambda p: with_first(p, lambda a: replace(a, quantity=a.quantity + 1)),
    "one unit lost": lambda p: with_first(p, lambda a: replace(a, quantity=a.quantity - 1)),
    "nothing given": lambda p: with_first(p, lambda a: replace(a, quantity=0)),
    "an allocation lost": lambda p: replace(p, allocations=p.allocations[1:]),
    "an allocation twice": lambda p: replace(p, allocations=[*p.allocations, p.allocations[0]]),
    "an unknown offer": lambda p: with_first(p, lambda a: replace(a, offer_id=77)),
    "outside the coverage": lambda p: with_first(p, lambda a: replace(a, offer_id=3)),
    "another score": lambda p: with_first(p, lambda a: replace(a, score=a.score / 2)),
    "a shortfall hidden": lambda p: replace(p, shortfalls=p.shortfalls[1:]),
    "a shortfall without reason": lambda p: replace(
        p, shortfalls=[replace(p.shortfalls[0], obstacles=[]), *p.shortfalls[1:]]
    ),
    "met miscounted": lambda p: replace(p, met=p.met + 1),
    "a value overstated": lambda p: replace(
        p, certificate=replace(p.certificate, primal=p.certificate.primal + 1, dual=p.certificate.dual + 1)
    ),
    "no prices": lambda p: replace(p, duals=()),
    "a stage left out": lambda p: replace(p, duals=p.duals[:2]),
    "a price missing": lambda p: replace(p, duals=(Duals("TIER", {}, {}), *p.duals[1:])),
    "one searched need among others": lambda p: replace(p, searched=frozenset({1})),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault: str) -> None:
    assert check(INSTANCE, FAULTS[fault](PLAN))


@pytest.mark.parametrize(("stage", "side", "key"), [*priced("needs"), *priced("offers")])
def test_a_price_that_is_off_is_seen(stage: int, side: str, key: int) -> None:
    assert check(INSTANCE, with_price(PLAN, stage, side, key, lambda p: p + 1))


@pytest.mark.parametrize(("stage", "side", "key"), [p for p in [*priced("needs"), *priced("offers")] if p[0] == 0])
def test_a_price_of_the_wrong_sign_is_seen(stage: int, side: str, key: int) -> None:
    # Only the first stage: later on what is used up may have a price of either sign.
    assert any("sign" in fault for fault in check(INSTANCE, with_price(PLAN, stage, side, key, lambda p: -p)))


def test_a_capacity_off_by_one_is_seen() -> None:
    for place, value in enumerate(OFFERS):
        if sum(a.quantity for a in PLAN.allocations if a.offer_id == value.id) != value.available:
            continue
        for change in (-1, 1):
            offers = [*OFFERS]
            offers[place] = replace(value, available=value.available + change)
            assert check(Instance(NEEDS, offers, WORLD, pairs(NEEDS, offers, WORLD)), PLAN)


def test_a_feasible_but_worse_plan_is_seen() -> None:
    # Everything is allowed and counted right, but an urgent unit was moved to a routine need.
    worse = compute_plan([replace(n, priority=3 - n.priority) for n in NEEDS], OFFERS, WORLD)
    assert worse.allocations != PLAN.allocations
    assert check(INSTANCE, replace(worse, duals=PLAN.duals))


def test_less_than_the_minimum_is_seen() -> None:
    offers = [replace(OFFERS[0], minimum=3), *OFFERS[1:]]
    plan = compute_plan(NEEDS, offers, WORLD)
    instance = Instance(NEEDS, offers, WORLD, pairs(NEEDS, offers, WORLD))
    assert check(instance, plan) == []
    place = next(i for i, a in enumerate(plan.allocations) if a.offer_id == 1)
    changed = [*plan.allocations]
    changed[place] = replace(changed[place], quantity=2)
    assert any("minimum" in fault for fault in check(instance, replace(plan, allocations=changed)))

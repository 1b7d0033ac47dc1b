"""What the checker accepts and rejects, on markets small enough to see why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from lexicographic import ORDERS, plan_of, restated, solve, tie_hash
from planted import CAPS, NEEDS, OFFERS, TOWNSHIPS, instance
from small import COUNSELLING, COUNTY, FAR, HANGANG, NEAR, WHEELCHAIR, need, offer

from graph import proof
from graph.audit import document, recheck
from graph.checker import Instance, check, check_market, placed
from graph.market import Market
from graph.solver import Ints
from graph.values import Allocation, Cap, Offer, Plan

INSTANCE = instance()
PLAN = plan_of(INSTANCE, *solve(INSTANCE, "URGENT_FIRST"), "URGENT_FIRST")


@pytest.mark.parametrize("order", ORDERS)
def test_the_right_plan_passes(order: str) -> None:
    plan = plan_of(INSTANCE, *solve(INSTANCE, order), order)
    assert plan.allocations
    assert plan.shortfalls
    assert check(INSTANCE, plan) == []


def with_first(plan: Plan, **changes: object) -> Plan:
    return replace(plan, allocations=[replace(plan.allocations[0], **changes), *plan.allocations[1:]])


FAULTS: dict[str, Callable[[Plan], Plan]] = {
    "nothing given": lambda p: with_first(p, quantity=0),
    "an allocation lost": lambda p: replace(p, allocations=p.allocations[1:]),
    "outside the coverage": lambda p: with_first(p, offer_id=3),
    "another score": lambda p: with_first(p, score=p.allocations[0].score / 2),
    "a shortfall hidden": lambda p: replace(p, shortfalls=p.shortfalls[1:]),
    "a shortfall twice": lambda p: replace(p, shortfalls=[p.shortfalls[0], *p.shortfalls]),
    "a shortfall without reason": lambda p: replace(
        p, shortfalls=[replace(p.shortfalls[0], obstacles=[]), *p.shortfalls[1:]]
    ),
    "met miscounted": lambda p: replace(p, met=p.met + 1),
    "demand miscounted": lambda p: replace(p, demand=p.demand - 1),
    "a value overstated": lambda p: replace(
        p, certificate=replace(p.certificate, primal=p.certificate.primal + 1, dual=p.certificate.dual + 1)
    ),
    "an order nobody knows": lambda p: replace(p, order="NEAREST_FIRST"),
    "a price missing": lambda p: replace(p, prices=(replace(p.prices[0], needs={}), *p.prices[1:])),
    "a price of a group missing": lambda p: replace(p, prices=(replace(p.prices[0], groups={}), *p.prices[1:])),
    "a price that is not whole": lambda p: replace(
        p,
        prices=(replace(p.prices[0], caps={i: v + 0.5 for i, v in p.prices[0].caps.items()}), *p.prices[1:]),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_plan_that_says_something_wrong_is_rejected_in_both_languages(fault: str) -> None:
    faults = check(INSTANCE, FAULTS[fault](PLAN))
    assert faults
    assert all(" / " in found and not found.isascii() for found in faults)


def test_rules_are_looked_up_pair_by_pair_not_taken_from_the_list_of_pairs() -> None:
    """A pair that the list holds against the rules is still refused."""
    forbidden = [replace(o, is_active=False) if o.id == 2 else o for o in OFFERS]
    assert any("STATUS" in found for found in check(replace(INSTANCE, offers=forbidden), PLAN))


@pytest.mark.parametrize(
    "caps",
    [
        (CAPS[0], CAPS[1]),  # an offer draws on SPARE
        (CAPS[1], CAPS[2]),  # the pool of the funds is gone
        (*CAPS, CAPS[0]),
        (replace(CAPS[0], parent_id=CAPS[1].id), *CAPS[1:]),  # a circle
        (replace(CAPS[0], limit=-1), *CAPS[1:]),
    ],
)
def test_caps_that_are_not_nested_are_named(caps: tuple[Cap, ...]) -> None:
    faults = check(replace(INSTANCE, caps=caps), PLAN)
    assert len(faults) == 1
    assert "cap" in faults[0]


def test_caps_may_stand_in_any_order() -> None:
    for caps in (CAPS, CAPS[::-1]):
        assert check(replace(INSTANCE, caps=caps), PLAN) == []


# ---- searched parts --------------------------------------------------------------------------------------------------

#: Two villages that share nothing. In the near one, 4 units for two needs of 3, at least 2 each: a flow gives 3 and 1.
APART_NEEDS = [need(1, remaining=3), need(2, remaining=3), need(3, area_id=FAR, remaining=2)]
APART_OFFERS = [
    offer(1, coverage_ids=(NEAR,), area_id=NEAR, available=4, minimum=2),
    offer(2, coverage_ids=(HANGANG,), area_id=HANGANG, available=1),
]


def searched_plan(offers: list[Offer], caps: tuple[Cap, ...] = ()) -> tuple[Instance, Plan]:
    asked = instance(APART_NEEDS, offers, caps)
    given, prices = solve(asked, "URGENT_FIRST")
    relaxed = plan_of(asked, given, prices, "URGENT_FIRST")
    assert sorted(q for (_, o), q in given.items() if o == 1) == [1, 3]
    score = {(a.need_id, a.offer_id): a.score for a in relaxed.allocations}
    amounts = {(1, 1): 2, (2, 1): 2} | {pair: q for pair, q in given.items() if pair[1] == 2}
    rows = [Allocation(n, o, q, score[n, o]) for (n, o), q in amounts.items()]
    return asked, replace(restated(asked, replace(relaxed, allocations=rows)), searched=frozenset({1, 2}))


def test_a_searched_part_that_stands_apart_is_taken_as_it_is() -> None:
    asked, plan = searched_plan(APART_OFFERS)
    assert check(asked, plan) == []
    # The search has nothing to say about the others, and without it the part is not proven.
    idle = restated(asked, replace(plan, allocations=plan.allocations[:2]))
    assert any("not proven" in fault for fault in check(asked, idle))
    assert any("not proven" in fault for fault in check(asked, replace(plan, searched=frozenset())))


def test_a_searched_part_may_not_share_a_cap_an_offer_or_a_group_with_the_rest() -> None:
    in_one_fund = [replace(o, cap_id=7) for o in APART_OFFERS]
    asked, plan = searched_plan(in_one_fund, (Cap(7, 100),))
    assert check(asked, plan) == ["经过搜索的部分与其余部分相连 / a searched part is connected with the rest: cap 0"]
    apart, plan = searched_plan(APART_OFFERS)
    faults = check(apart, replace(plan, searched=frozenset({1})))
    assert any("offer 1" in fault for fault in faults)
    together = replace(TOWNSHIPS, districts={NEAR: COUNTY, FAR: COUNTY})
    asked = replace(apart, world=together)
    faults = check(asked, replace(plan, prices=solve(asked, plan.order)[1]))
    assert any("connected" in fault and "group" in fault for fault in faults)


def test_an_unfinished_search_may_leave_a_gap_but_not_call_itself_optimal() -> None:
    asked, plan = searched_plan(APART_OFFERS)
    open_end = replace(plan.certificate, dual=plan.certificate.dual + 5, optimal=False)
    assert check(asked, replace(plan, certificate=open_end)) == []
    assert check(asked, replace(plan, certificate=replace(open_end, optimal=True)))
    assert check(asked, replace(plan, certificate=replace(open_end, dual=plan.certificate.primal - 1)))


# ---- arrays ----------------------------------------------------------------------------------------------------------


def arrays() -> tuple[Market, Ints, list[Ints]]:
    where = placed(INSTANCE)
    market = where.market
    amounts = {(a.need_id, a.offer_id): a.quantity for a in PLAN.allocations}
    ends = zip(market.need_ids[market.need].tolist(), market.offer_ids[market.offer].tolist(), strict=True)
    flow = np.array([amounts.get(pair, 0) for pair in ends])
    prices = [
        np.array(
            [p.needs[n.id] for n in NEEDS]
            + [p.offers[o.id] for o in OFFERS]
            + [p.caps[i] for i in where.cap_ids]
            + [p.groups[key] for key in where.group_keys]
            + [0]
        )
        for p in PLAN.prices
    ]
    return market, flow, prices


def test_arrays_of_32_bits_are_judged_alike() -> None:
    market, flow, prices = arrays()
    columns = ("need", "offer", "limit", "score")
    small = replace(market, **{name: getattr(market, name).astype(np.int32) for name in columns})
    for one in (market, small):
        assert check_market(one, "URGENT_FIRST", flow.astype(one.need.dtype), prices).violations == 0
        assert check_market(one, "URGENT_FIRST", flow * 0, prices).violations > 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("demand", 2**31),
        ("demand", -1),
        ("tier", 4),
        ("group", 3),
        ("supply", -1),
        ("parent", 3),
        ("cap_parent", 0),
        ("cap_limit", -1),
        ("need", 7),
        ("offer", 8),
        ("limit", -1),
        ("score", 10**8 + 1),
    ],
)
def test_arrays_that_are_no_market_are_named_not_computed_with(column: str, value: int) -> None:
    market, flow, prices = arrays()
    broken = getattr(market, column).astype(np.int64)
    broken[-1] = value
    verdict = check_market(replace(market, **{column: broken}), "URGENT_FIRST", flow, prices)
    assert verdict.violations
    assert verdict.costs == ()


def test_pairs_out_of_order_or_twice_are_named() -> None:
    market, flow, prices = arrays()
    for order in (slice(None, None, -1), [0, 0, *range(2, len(flow))]):
        columns = {name: getattr(market, name)[order] for name in ("need", "offer", "limit", "score")}
        assert check_market(replace(market, **columns), "URGENT_FIRST", flow[order], prices).violations


@pytest.mark.parametrize("value", [2**61, -(2**61), np.iinfo(np.int64).min])
def test_a_price_too_large_to_be_compared_is_refused(value: int) -> None:
    market, flow, prices = arrays()
    prices[3][0] = value
    assert any("too large" in fault for fault in check_market(market, "URGENT_FIRST", flow, prices).faults)


def test_the_root_has_no_price() -> None:
    market, flow, prices = arrays()
    raised = [price + 1 for price in prices]
    assert any("root" in fault for fault in check_market(market, "URGENT_FIRST", flow, raised).faults)


def test_sums_of_the_largest_quantities_are_exact() -> None:
    units = np.full(5_000, 2**31 - 1)
    worth = np.full(5_000, 2**32 - 1)
    assert proof.exact_dot(units, worth) == 5_000 * (2**31 - 1) * (2**32 - 1)


def test_a_market_of_the_largest_quantities_is_proven_without_overflow() -> None:
    most = 2**31 - 1
    needs = [need(i, remaining=most, priority=i % 4) for i in range(1, 9)]
    offers = [offer(i, coverage_ids=(COUNTY,), available=most - i) for i in range(1, 7)]
    asked = instance(needs, offers, ())
    given, prices = solve(asked, "URGENT_FIRST")
    market = placed(asked).market
    flow = np.array([given.get((n + 1, o + 1), 0) for n, o in zip(market.need, market.offer, strict=True)])
    keys = placed(asked).group_keys
    nodes = [
        np.array([*(p.needs[n.id] for n in needs), *(p.offers[o.id] for o in offers), *(p.groups[k] for k in keys), 0])
        for p in prices
    ]
    verdict = check_market(market, "URGENT_FIRST", flow, nodes)
    assert verdict.violations == 0
    gain = sum(q * tie_hash(*pair) for pair, q in given.items())
    assert verdict.costs[3] == 2**32 * 8 * most - gain


def test_ids_of_64_bits_settle_ties_alike() -> None:
    market, _, _ = arrays()
    far = replace(market, need_ids=market.need_ids + 2**62, offer_ids=market.offer_ids + 2**61)
    ties = proof._ties(far, np.arange(len(far.need)))
    ends = zip(far.need_ids[far.need].tolist(), far.offer_ids[far.offer].tolist(), strict=True)
    assert ties.tolist() == [tie_hash(n, o) for n, o in ends]


def test_an_empty_market_is_proven_by_nothing() -> None:
    for needs, offers in (([], []), (NEEDS[:1], []), ([], [replace(o, cap_id=None) for o in OFFERS])):
        asked = instance(needs, offers, ())
        assert check(asked, plan_of(asked, *solve(asked, "FAIR_FIRST"), "FAIR_FIRST")) == []


def test_the_kind_of_help_is_what_shortage_is_shared_by() -> None:
    assert placed(INSTANCE).group_keys[1:] == [(2, WHEELCHAIR), (3, WHEELCHAIR)]


def test_prices_of_what_no_pair_leads_to_mean_nothing_and_may_be_missing() -> None:
    """An offer nobody can use, alone in a fund nobody draws on, beside one that is not active."""
    offers = [
        *OFFERS,
        offer(20, type_id=COUNSELLING, available=9, cap_id=30),
        offer(21, coverage_ids=(COUNTY,), available=9, cap_id=CAPS[0].id, is_active=False),
    ]
    asked = instance(offers=offers, caps=(*CAPS, Cap(30, 0, CAPS[0].id)))
    plan = plan_of(asked, *solve(asked, "FAIR_FIRST"), "FAIR_FIRST")
    for change in (lambda column: {**column, 20: -7, 21: 10**12, 30: -5}, lambda column: without(column, 20, 21, 30)):
        prices = tuple(replace(p, offers=change(p.offers), caps=change(p.caps)) for p in plan.prices)
        assert check(asked, replace(plan, prices=prices)) == []
        assert recheck(document(asked, replace(plan, prices=prices))) == []


def without(column: Mapping[int, int], *keys: int) -> dict[int, int]:
    return {key: price for key, price in column.items() if key not in keys}

"""Laws of every plan: allowed, whole, best, the same in any order, never worse for one more offer."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_worlds import easy_needs, easy_offers, needs, offers, worlds

from graph.allocation import compute_plan
from graph.candidates import pairs
from graph.checker import Instance, check
from graph.rules import obstacles
from graph.values import Need, Offer, Plan, World, aims_as_number

Aims = tuple[int, ...]


def spared(wanted: list[Need], got: dict[int, int]) -> int:
    """What FAIR spares against giving nothing; each twentieth of a group's demand costs two more than the last."""
    total = 0
    for group in {(n.area_id, n.type_id) for n in wanted}:
        members = [n for n in wanted if (n.area_id, n.type_id) == group]
        asked = sum(n.remaining for n in members)
        unmet = asked - sum(got.get(n.id, 0) for n in members)
        ends = [asked * k // 20 for k in range(21)]
        total += sum((2 * k + 1) * (ends[k + 1] - max(ends[k], min(ends[k + 1], unmet))) for k in range(20))
    return total


def aims(plan: Plan, wanted: list[Need]) -> Aims:
    wanted = [n for n in wanted if n.is_open and n.remaining > 0]
    got = {n.id: sum(a.quantity for a in plan.allocations if a.need_id == n.id) for n in wanted}
    met = [sum(got[n.id] for n in wanted if n.priority == t) for t in (3, 2, 1, 0)]
    return (*met, spared(wanted, got), sum(round(a.score * 1e8) * a.quantity for a in plan.allocations))


def brute_force(wanted: list[Need], given_: list[Offer], world: World) -> Aims:
    """The best aims over all whole allocations, by trying each."""
    found = pairs(wanted, given_, world)
    choices = [
        [0, *range(given_[o].minimum, q + 1)]
        for o, q in zip(found.offer_index.tolist(), found.quantity.tolist(), strict=True)
    ]
    best: Aims = (0, 0, 0, 0, 0, 0)
    for amounts in product(*choices):
        left, used = [n.remaining for n in wanted], [o.available for o in given_]
        value = [0, 0, 0, 0, 0]
        ends = zip(found.need_index.tolist(), found.offer_index.tolist(), found.score_e8.tolist(), strict=True)
        for amount, (n, o, score) in zip(amounts, ends, strict=True):
            left[n] -= amount
            used[o] -= amount
            value[3 - wanted[n].priority] += amount
            value[4] += amount * score
        part = [n.remaining for n, rest in zip(wanted, left, strict=True) if n.whole and 0 < rest < n.remaining]
        if min([*left, *used, 0]) >= 0 and not part:
            got = {n.id: n.remaining - rest for n, rest in zip(wanted, left, strict=True)}
            best = max(best, (*value[:4], spared(wanted, got), value[4]))
    return best


@settings(max_examples=200, deadline=None)
@given(needs(5), offers(6), worlds())
def test_nothing_outside_the_rules_and_the_checker_agrees(
    wanted: list[Need], given_: list[Offer], world: World
) -> None:
    plan = compute_plan(wanted, given_, world)
    by_need, by_offer = {n.id: n for n in wanted}, {o.id: o for o in given_}
    for a in plan.allocations:
        offer = by_offer[a.offer_id]
        assert not obstacles(by_need[a.need_id], offer, world)
        assert offer.minimum <= a.quantity <= (offer.maximum or a.quantity)
        assert type(a.quantity) is int
    for offer in given_:
        assert sum(a.quantity for a in plan.allocations if a.offer_id == offer.id) <= offer.available
    considered = [n for n in wanted if n.is_open and n.remaining > 0]
    for need in considered:
        got = sum(a.quantity for a in plan.allocations if a.need_id == need.id)
        missing = [s.quantity for s in plan.shortfalls if s.need_id == need.id]
        assert missing == ([need.remaining - got] if got < need.remaining else [])
    assert plan.demand == len(considered)
    assert plan.met == len(considered) - len(plan.shortfalls)
    assert all(s.obstacles for s in plan.shortfalls)
    assert plan.certificate.optimal
    assert plan.certificate.violations == 0
    assert plan.certificate.primal == plan.certificate.dual


@settings(max_examples=150, deadline=None)
@given(easy_needs(3, 3), st.sets(st.integers(0, 2)), easy_offers(2, 4, minimum=3), worlds())
def test_no_allocation_whatever_is_better(
    wanted: list[Need], whole: set[int], given_: list[Offer], world: World
) -> None:
    wanted = [replace(n, whole=position in whole) for position, n in enumerate(wanted)]
    plan = compute_plan(wanted, given_, world)
    assert aims(plan, wanted) == brute_force(wanted, given_, world)


@settings(max_examples=150, deadline=None)
@given(easy_needs(6), easy_offers(6, minimum=2), worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_lists_does_not_matter(
    wanted: list[Need], given_: list[Offer], world: World, random: Random
) -> None:
    plan = compute_plan(wanted, given_, world)
    again = compute_plan(random.sample(wanted, len(wanted)), random.sample(given_, len(given_)), world)
    assert again.allocations == plan.allocations
    assert again.shortfalls == plan.shortfalls
    assert again.certificate.primal == plan.certificate.primal


@settings(max_examples=150, deadline=None)
@given(easy_needs(6), easy_offers(6), worlds())
def test_needs_nobody_can_serve_change_nothing_for_the_others(
    wanted: list[Need], given_: list[Offer], world: World
) -> None:
    plan = compute_plan(wanted, given_, world)
    stranger = Need(1_000, 5, 6, (), 3, 3, None, None)
    assert compute_plan([stranger, *wanted], given_, world).allocations == plan.allocations


@settings(max_examples=150, deadline=None)
@given(easy_needs(6), easy_offers(6, minimum=2, least=1), worlds())
def test_one_more_offer_never_lowers_what_is_met(wanted: list[Need], given_: list[Offer], world: World) -> None:
    fewer, more = compute_plan(wanted, given_[1:], world), compute_plan(wanted, given_, world)
    assert aims(more, wanted)[:4] >= aims(fewer, wanted)[:4]
    if all(o.minimum == 1 for o in given_):
        assert all(a >= b for a, b in zip(_met(more, wanted), _met(fewer, wanted), strict=True))


def _met(plan: Plan, wanted: list[Need]) -> list[int]:
    """Units met of each tier and those above it: without minimums, none of these sums can fall."""
    met = aims(plan, wanted)[:4]
    return [sum(met[: k + 1]) for k in range(4)]


@settings(max_examples=60, deadline=None)
@given(easy_needs(8), easy_offers(5, minimum=3), worlds(), st.integers(0, 3) | st.just(50_000))
def test_a_stopped_search_still_gives_a_plan_and_an_honest_bound(
    wanted: list[Need], given_: list[Offer], world: World, work_limit: int
) -> None:
    plan = compute_plan(wanted, given_, world, work_limit=work_limit)
    best = aims(compute_plan(wanted, given_, world), wanted)
    total = sum(n.remaining for n in wanted)
    assert plan.certificate.violations == 0
    assert plan.certificate.primal <= aims_as_number(best, total) <= plan.certificate.dual
    assert plan.certificate.optimal == (plan.certificate.primal == plan.certificate.dual)


@settings(max_examples=60, deadline=None)
@given(easy_needs(6, 2_000_000_000), easy_offers(6, 2_000_000_000, minimum=1_000_000), worlds())
def test_large_quantities_stay_exact(wanted: list[Need], given_: list[Offer], world: World) -> None:
    given_ = [o for o in given_ if o.available >= o.minimum]
    plan = compute_plan(wanted, given_, world)
    wanted = sorted((n for n in wanted if n.is_open), key=lambda n: n.id)
    given_ = sorted(given_, key=lambda o: o.id)
    assert check(Instance(wanted, given_, world, pairs(wanted, given_, world)), plan) == []

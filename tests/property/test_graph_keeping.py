"""Laws of a plan that is kept: after whatever changed, its lines and figures are those of a plan computed afresh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_worlds import easy_needs, easy_offers, needs, offers, worlds

from graph.allocation import compute_plan
from graph.keeping import Kept, SearchNeeded, Update
from graph.values import Need, Offer, Plan, World

Figures = dict[str, Any]


def considered(wanted: dict[int, Need]) -> list[Need]:
    return [need for need in wanted.values() if need.is_open and need.remaining > 0]


def usable(given_: dict[int, Offer]) -> list[Offer]:
    return [offer for offer in given_.values() if offer.is_active and offer.available > 0]


def figures(plan: Plan) -> Figures:
    return {
        "demand": plan.demand,
        "met": plan.met,
        "primal": plan.certificate.primal,
        "lines": {(a.need_id, a.offer_id): (a.quantity, a.score) for a in plan.allocations},
        "short": {s.need_id: s.quantity for s in plan.shortfalls},
        "coverage": {(c.district_id, c.type_id): (c.requested, c.allocated) for c in plan.coverage},
    }


def follow(held: Figures, update: Update, kept: Kept) -> None:
    """What a reader of the stored plan sees after the update."""
    for pair in update.gone:
        del held["lines"][pair]
    for line in update.lines:
        one = line.allocation
        held["lines"][one.need_id, one.offer_id] = one.quantity, one.score
    for need_id, offer_id, score, _ in update.rescored:
        held["lines"][need_id, offer_id] = held["lines"][need_id, offer_id][0], score
    for need_id in update.met:
        del held["short"][need_id]
    held["short"] |= {one.need_id: one.quantity for one in update.shortfalls}
    for share in update.coverage:
        held["coverage"].pop((share.district_id, share.type_id), None)
        if share.requested:
            held["coverage"][share.district_id, share.type_id] = share.requested, share.allocated
    held |= {"demand": kept.demand, "met": kept.met, "primal": kept.primal}


def play(data: st.DataObject, wanted: list[Need], given_: list[Offer], world: World, plain: bool, order: str) -> None:
    """`plain`: without minimums, which are for a search."""
    some_needs = st.one_of(needs(3), easy_needs(3))
    some_offers = st.one_of(offers(3), easy_offers(3, minimum=3))
    wanted = [replace(need, id=place) for place, need in enumerate(wanted, 1)]
    given_ = [replace(offer, id=place) for place, offer in enumerate(given_, 1)]
    now_needs = {need.id: replace(need, whole=False) if plain else need for need in wanted}
    now_offers = {offer.id: replace(offer, minimum=1) if plain else offer for offer in given_}
    kept: Kept | None = None
    held: Figures = {}
    for _ in range(data.draw(st.integers(2, 6))):
        plan = compute_plan(considered(now_needs), usable(now_offers), world, order=order)
        if kept is None and not plan.searched:
            kept = Kept(plan, considered(now_needs), usable(now_offers), world)
            held = figures(plan)
        ids = st.integers(1, 8)
        changed_needs: dict[int, Need] = {}
        for one in data.draw(some_needs):
            id = data.draw(ids)
            old = now_needs.get(id, one)
            # Some are others, some are who they were and ask for more or less.
            one = one if data.draw(st.booleans()) else replace(old, remaining=one.remaining)
            changed_needs[id] = replace(one, id=id, whole=one.whole and not plain)
        changed_offers: dict[int, Offer] = {}
        for other in data.draw(some_offers):
            id = data.draw(ids)
            before = now_offers.get(id, other)
            other = other if data.draw(st.booleans()) else replace(before, available=other.available)
            changed_offers[id] = replace(other, id=id, minimum=1 if plain else other.minimum)
        gone = data.draw(st.sets(ids, max_size=2))
        now_needs = {id: one for id, one in (now_needs | changed_needs).items() if id not in gone}
        now_offers = {id: one for id, one in (now_offers | changed_offers).items() if id + 1 not in gone}
        if kept is None:
            continue
        open_needs = {one.id: one for one in considered(now_needs)}
        open_offers = {one.id: one for one in usable(now_offers)}
        again = compute_plan(considered(now_needs), usable(now_offers), world, order=order)
        try:
            update = kept.apply(
                {id: open_needs.get(id) for id in {*changed_needs, *gone}},
                {id: open_offers.get(id) for id in {*changed_offers, *(id - 1 for id in gone)}},
            )
        except SearchNeeded:
            assert again.searched
            kept = None
            continue
        assert not again.searched
        follow(held, update, kept)
        assert kept.check() == []
        assert held == figures(again)
        texts = {s.need_id: s for s in again.shortfalls}
        for shortfall in update.shortfalls:
            assert shortfall.obstacles == texts[shortfall.need_id].obstacles
        lines = {(a.need_id, a.offer_id): a for a in again.allocations}
        for line in update.lines:
            one = line.allocation
            assert (one.next_offer_id is None) == (lines[one.need_id, one.offer_id].next_offer_id is None)
            assert (one.next_need_id is None) == (lines[one.need_id, one.offer_id].next_need_id is None)


@settings(max_examples=150, deadline=None)
@given(
    st.data(),
    needs(5) | easy_needs(5),
    offers(6) | easy_offers(6),
    worlds(),
    st.sampled_from(["URGENT_FIRST", "FAIR_FIRST"]),
)
def test_a_kept_plan_is_the_plan_computed_afresh(
    data: st.DataObject, wanted: list[Need], given_: list[Offer], world: World, order: str
) -> None:
    play(data, wanted, given_, world, True, order)


@settings(max_examples=100, deadline=None)
@given(st.data(), easy_needs(5), easy_offers(6, minimum=3), worlds())
def test_a_minimum_that_would_be_broken_is_told(
    data: st.DataObject, wanted: list[Need], given_: list[Offer], world: World
) -> None:
    play(data, wanted, given_, world, False, "URGENT_FIRST")

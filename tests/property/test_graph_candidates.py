"""The arrays judge every pair as the rules do, one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_worlds import needs, offers, worlds

from graph.candidates import best, pairs
from graph.rules import obstacles
from graph.score import PART_CODES, pair_quantity, parts, reasons, score_e8, weight_vector
from graph.values import Need, Offer, World


@settings(max_examples=300, deadline=None)
@given(needs(6), offers(8), worlds() | worlds(located=False))
def test_pairs_are_the_pairs_without_obstacle_with_the_same_score(
    wanted: list[Need], given_: list[Offer], world: World
) -> None:
    expected = [
        (n, o, score_e8(need, offer, world), pair_quantity(need, offer), parts(need, offer, world))
        for n, need in enumerate(wanted)
        for o, offer in enumerate(given_)
        if not obstacles(need, offer, world)
    ]
    found = pairs(wanted, given_, world)
    columns = (found.need_index, found.offer_index, found.score_e8, found.quantity, found.parts)
    assert [(n, o, s, q, tuple(p)) for n, o, s, q, p in zip(*(c.tolist() for c in columns), strict=True)] == expected


@settings(max_examples=200, deadline=None)
@given(needs(6), offers(8), worlds(), st.integers(1, 4))
def test_best_are_the_first_of_each_need_by_score_then_offer_id(
    wanted: list[Need], given_: list[Offer], world: World, limit: int
) -> None:
    expected = []
    for n, need in enumerate(wanted):
        rank = sorted(
            (-score_e8(need, offer, world), offer.id, o)
            for o, offer in enumerate(given_)
            if not obstacles(need, offer, world)
        )
        expected += [(n, o, -score) for score, _, o in rank[:limit]]
    found = best(wanted, given_, world, limit)
    columns = (found.need_index, found.offer_index, found.score_e8)
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == expected
    for row in range(len(found)):
        need, offer = wanted[found.need_index[row]], given_[found.offer_index[row]]
        assert tuple(found.parts[row]) == parts(need, offer, world)


@settings(max_examples=200, deadline=None)
@given(needs(1, least=1), offers(1, least=1), worlds())
def test_reasons_add_up_to_the_score(wanted: list[Need], given_: list[Offer], world: World) -> None:
    need, offer = wanted[0], given_[0]
    if obstacles(need, offer, world):
        return
    values = parts(need, offer, world)
    assert all(0 <= value <= 10_000 for value in values)
    told = reasons(PART_CODES, weight_vector(world.weights), values)
    assert abs(sum(r.weight * r.value for r in told) - score_e8(need, offer, world) / 1e8) < 1e-9
    assert all(r.text_zh and r.text_en for r in told)


@settings(max_examples=300, deadline=None)
@given(needs(1, least=1), offers(1, least=1), worlds())
def test_every_obstacle_says_what_failed_in_both_languages(
    wanted: list[Need], given_: list[Offer], world: World
) -> None:
    for found in obstacles(wanted[0], given_[0], world):
        assert found.text_zh
        assert found.text_en.endswith(".")
        assert (found.remedy_zh is None) == (found.remedy_en is None)

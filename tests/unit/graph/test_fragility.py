from __future__ import annotations

from dataclasses import replace

import networkx as nx
from small import COUNTY, FAR, HANGANG, NEAR, QUANPU, WORLD, need, offer

from graph.candidates import pairs
from graph.fragility import Fragile, fragile, provider_graph
from graph.values import Need, Offer

TOWNSHIPS = {NEAR: QUANPU, FAR: HANGANG}


def found(needs: list[Need], offers: list[Offer]) -> list[Fragile]:
    eligible = pairs(needs, offers, WORLD)
    return fragile(needs, offers, eligible.need_index, eligible.offer_index, TOWNSHIPS)


def by(provider: int, id: int, **fields: object) -> Offer:
    return replace(offer(id), provider_id=provider, **fields)  # type: ignore[arg-type]


def test_a_need_that_two_providers_could_serve_hangs_on_neither() -> None:
    assert found([need(1)], [by(1, 1), by(2, 2)]) == []


def test_two_offers_of_one_provider_are_one_support() -> None:
    assert found([need(1)], [by(7, 1), by(7, 2)]) == [Fragile(7, (1,), (QUANPU,))]


def test_a_need_nobody_serves_hangs_on_nobody() -> None:
    assert found([need(1)], []) == []


def test_who_alone_ties_a_township_to_the_others_is_named() -> None:
    # Provider 1 works in both townships, 2 and 3 in one each: without 1 the smaller piece is cut off.
    wide = {"coverage_ids": (COUNTY,)}
    needs = [need(1, area_id=NEAR), need(2, area_id=FAR), need(3, area_id=HANGANG)]
    offers = [by(1, 1, **wide), by(2, 2, coverage_ids=(QUANPU,)), by(3, 3, coverage_ids=(HANGANG,))]
    assert found(needs, offers) == [Fragile(1, (), (HANGANG,))]


def test_most_districts_come_first_then_most_needs() -> None:
    needs = [need(1, area_id=NEAR), need(2, area_id=NEAR), need(3, area_id=HANGANG)]
    offers = [by(5, 1, coverage_ids=(HANGANG,)), by(4, 2, coverage_ids=(QUANPU,))]
    assert found(needs, offers) == [Fragile(4, (1, 2), (QUANPU,)), Fragile(5, (3,), (HANGANG,))]


def test_the_graph_is_a_networkx_graph_an_analyst_can_take() -> None:
    needs, offers = [need(1), need(2)], [by(1, 1), by(1, 2)]
    eligible = pairs(needs, offers, WORLD)
    graph = provider_graph(needs, offers, eligible.need_index, eligible.offer_index, TOWNSHIPS)
    assert isinstance(graph, nx.Graph)
    assert graph["district", QUANPU]["party", 1] == {"needs": 2}

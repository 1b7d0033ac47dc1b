"""Partners: each part against networkx or by hand, the score as their sum, and what those get who have nothing."""

from __future__ import annotations

import random
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python  # networkx.pagerank itself needs scipy

from exchange.vocabulary import read_weights, shipped
from graph.linkage import Member, Tie, linkage, links
from graph.partners import (
    PART_CODES,
    Ask,
    Gift,
    Partnership,
    part_weights,
    partnership,
    suggest,
    values,
)
from graph.walks import pagerank, resource_allocation

EVEN = {
    "COMPLEMENT": 2_000,
    "COVERAGE": 2_000,
    "SHARED_CLIENTS": 2_000,
    "RESOURCE_ALLOCATION": 2_000,
    "PAGERANK": 2_000,
}
N = 12
EDGES = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.floats(0.01, 9)), max_size=40)


def both(edges: list[tuple[int, int, float]]) -> tuple[Any, Any]:
    graph = nx.Graph()
    graph.add_nodes_from(range(N))
    for a, b, weight in edges:
        if a != b:
            graph.add_edge(a, b, weight=weight + (graph.edges[a, b]["weight"] if graph.has_edge(a, b) else 0))
    return links(N, [a for a, *_ in edges], [b for _, b, _ in edges], [w for *_, w in edges]), graph


@given(EDGES, st.integers(0, N - 1))
def test_the_resource_allocation_index_is_that_of_networkx(edges: list[tuple[int, int, float]], node: int) -> None:
    ours, graph = both(edges)
    found = resource_allocation(ours, node)
    for _, other, expected in nx.resource_allocation_index(graph, [(node, other) for other in graph if other != node]):
        assert found[other] == pytest.approx(expected, abs=1e-12)


@given(EDGES, st.integers(0, N - 1), st.sampled_from([0, 3, 60_000]))
def test_pagerank_is_that_of_networkx_within_what_it_says_is_missing(
    edges: list[tuple[int, int, float]], node: int, volume: int
) -> None:
    ours, graph = both(edges)
    expected = _pagerank_python(graph, personalization={node: 1}, tol=1e-12, max_iter=1_000)
    ball, ranks, missing = pagerank(ours, node, volume)
    found = dict(zip(ball.tolist(), ranks.tolist(), strict=True))
    short = [expected[one] - found.get(one, 0.0) for one in graph]
    assert min(short) > -1e-9
    assert sum(short) == pytest.approx(missing, abs=1e-9)


@given(EDGES, st.integers(0, N - 1))
def test_pagerank_followed_far_misses_next_to_nothing(edges: list[tuple[int, int, float]], node: int) -> None:
    ours, _ = both(edges)
    assert pagerank(ours, node)[2] < 0.85**32 + 1e-9


# ------------------------------------------------------------------------------------------------ a small county

COUNTY, TOWN, OTHER_TOWN, VILLAGE, SECOND, FAR = 1, 2, 3, 4, 5, 6
PATHS = {1: (1,), 2: (1, 2), 3: (1, 3), 4: (1, 2, 4), 5: (1, 2, 5), 6: (1, 3, 6)}
GOODS, WHEELCHAIR, CARE, MONEY = 10, 11, 20, 30
TYPES = {GOODS: (GOODS,), WHEELCHAIR: (GOODS, WHEELCHAIR), CARE: (CARE,), MONEY: (MONEY,)}
LABELS = {
    GOODS: ("物资", "goods"),
    WHEELCHAIR: ("轮椅", "wheelchairs"),
    CARE: ("照料", "care"),
    MONEY: ("资金", "money"),
}
A, B, C = 101, 102, 103
CARER, GIVER, FUND, STRANGER, NEWCOMER = 201, 202, 203, 204, 205
MEMBERS = [
    Member(A, "COMMUNITY", VILLAGE),
    Member(B, "COMMUNITY", SECOND),
    Member(C, "COMMUNITY", FAR),
    Member(CARER, "SOCIAL_ORGANIZATION", TOWN),
    Member(GIVER, "CHARITABLE_RESOURCE", TOWN),
    Member(FUND, "CHARITABLE_RESOURCE", COUNTY),
    Member(STRANGER, "VOLUNTEER", FAR),
    Member(NEWCOMER, "VOLUNTEER", VILLAGE),
]
TIES = [
    Tie("MATCH", A, CARER, 1.0),
    Tie("MATCH", B, CARER, 1.0),
    Tie("MATCH", A, GIVER, 1.0),
    Tie("MATCH", A, FUND, 1.0),
    Tie("MATCH", C, FUND, 1.0),
]
GIFTS = [
    Gift(CARER, CARE, (TOWN,)),
    Gift(GIVER, GOODS, (VILLAGE,)),
    Gift(FUND, MONEY, (COUNTY,)),
    Gift(STRANGER, WHEELCHAIR, (FAR,)),
]
ASKS = [Ask(A, CARE, 1), Ask(A, WHEELCHAIR, 2), Ask(B, CARE, 1), Ask(B, MONEY, 1), Ask(C, MONEY, 4)]


def county(members: list[Member] = MEMBERS, ties: list[Tie] = TIES, asks: list[Ask] = ASKS) -> Partnership:
    return partnership(linkage(members, ties), GIFTS, asks, TYPES, PATHS)


def parts_of(party: int, other: int, of: Partnership | None = None) -> dict[str, float]:
    ids, parts = values(of or county(), party)
    at = ids.tolist().index(other)
    return {code: float(parts[code][at]) for code in PART_CODES}


def test_the_parts_by_hand() -> None:
    # The carer serves A and B; they ask for two wheelchairs and for money once that it does not give.
    giver = parts_of(CARER, GIVER)
    assert giver["COMPLEMENT"] == pytest.approx(2 / 3)
    # Of the township and its two villages the giver covers one.
    assert giver["COVERAGE"] == pytest.approx(1 / 3)
    assert giver["SHARED_CLIENTS"] == pytest.approx(1 / np.sqrt(2))
    # A has three providers, B one: 1/3 of 1/3 + 1.
    assert giver["RESOURCE_ALLOCATION"] == pytest.approx((1 / 3) / (1 / 3 + 1))
    fund = parts_of(CARER, FUND)
    assert (fund["COMPLEMENT"], fund["COVERAGE"]) == (pytest.approx(1 / 3), 1.0)
    assert fund["SHARED_CLIENTS"] == pytest.approx(1 / 2)
    assert (fund["POPULARITY"], giver["POPULARITY"]) == (1.0, pytest.approx(np.log(2) / np.log(3)))


def test_a_community_is_its_own_client() -> None:
    found = suggest(county(), B, EVEN, 10, LABELS)
    assert found[0].party_id == CARER
    assert parts_of(B, CARER)["COMPLEMENT"] == pytest.approx(1 / 2)
    assert parts_of(B, FUND)["COMPLEMENT"] == pytest.approx(1 / 2)


def test_who_shares_neither_a_place_nor_a_client_is_no_partner() -> None:
    assert STRANGER not in values(county(), CARER)[0].tolist()
    assert STRANGER in values(county(), FUND)[0].tolist()


@pytest.mark.parametrize("party", [A, B, C, CARER, GIVER, FUND, STRANGER, NEWCOMER])
def test_the_score_is_the_sum_of_its_reasons_best_first_and_nobody_is_their_own_partner(party: int) -> None:
    found = suggest(county(), party, EVEN, 10, LABELS)
    assert party not in [one.party_id for one in found]
    assert [(-one.score, one.party_id) for one in found] == sorted((-one.score, one.party_id) for one in found)
    for one in found:
        assert 0 < one.score <= 1
        assert one.score == pytest.approx(sum(r.weight * r.value for r in one.reasons), abs=1e-12)
        assert [r.code for r in one.reasons if r.weight] == [r.code for r in one.reasons]
        assert sum(r.weight for r in one.reasons) == pytest.approx(1)
        weighty = [r.weight * r.value for r in one.reasons]
        assert weighty == sorted(weighty, reverse=True)
        assert all(r.text_zh and r.text_en and r.text_zh != r.text_en for r in one.reasons)


def test_who_gives_the_same_is_a_competitor_and_no_partner() -> None:
    twin = 206
    members = [*MEMBERS, Member(twin, "SOCIAL_ORGANIZATION", TOWN)]
    ties = [*TIES, Tie("MATCH", A, twin, 1.0), Tie("MATCH", B, twin, 1.0)]
    of = partnership(linkage(members, ties), [*GIFTS, Gift(twin, CARE, (TOWN,))], ASKS, TYPES, PATHS)
    assert parts_of(CARER, twin, of)["RESOURCE_ALLOCATION"] == 1
    assert {one.party_id for one in suggest(of, CARER, EVEN, 10, LABELS)} == {GIVER, FUND}


def test_where_nothing_is_lacking_the_network_alone_speaks() -> None:
    gifts = [Gift(CARER, GOODS, (TOWN,)), Gift(GIVER, GOODS, (TOWN,))]
    of = partnership(linkage(MEMBERS, TIES), gifts, [Ask(A, WHEELCHAIR, 1)], TYPES, PATHS)
    (one,) = suggest(of, CARER, EVEN, 10, LABELS)
    assert one.party_id == GIVER
    assert any("nothing that is missing" in reason.text_en for reason in one.reasons)


def test_fewer_are_the_first_of_more() -> None:
    whole = suggest(county(), CARER, EVEN, 10, LABELS)
    assert suggest(county(), CARER, EVEN, 1, LABELS) == whole[:1]


def test_reasons_name_what_is_missing() -> None:
    (giver,) = [one for one in suggest(county(), CARER, EVEN, 10, LABELS) if one.party_id == GIVER]
    (reason,) = [one for one in giver.reasons if one.code == "COMPLEMENT"]
    assert "轮椅" in reason.text_zh
    assert "wheelchairs" in reason.text_en
    assert "67%" in reason.text_en


def test_a_newcomer_without_offers_and_ties_is_told_who_is_at_work_around_its_home_and_no_more() -> None:
    found = suggest(county(), NEWCOMER, EVEN, 10, LABELS)
    assert [one.party_id for one in found] == [GIVER, CARER, FUND]
    for one in found:
        by_code = {reason.code: reason for reason in one.reasons}
        assert by_code["COVERAGE"].value == 1
        assert by_code["SHARED_CLIENTS"].value == by_code["RESOURCE_ALLOCATION"].value == by_code["PAGERANK"].value == 0
        assert "serves nobody yet" in by_code["SHARED_CLIENTS"].text_en


def test_where_no_need_is_known_what_others_offer_is_what_is_missing() -> None:
    of = county(asks=[], ties=[])
    assert parts_of(CARER, GIVER, of)["COMPLEMENT"] == pytest.approx(2 / 3)
    (one, *_) = suggest(of, CARER, EVEN, 10, LABELS)
    assert any("does not" in reason.text_en for reason in one.reasons if reason.code == "COMPLEMENT")


def test_a_party_the_network_does_not_know_has_no_partners() -> None:
    assert suggest(county(), 999, EVEN) == []
    assert suggest(partnership(linkage([], []), [], [], {}, {}), 1, EVEN) == []
    with pytest.raises(KeyError):
        values(county(), 999)


def test_alone_there_is_nobody_to_suggest() -> None:
    alone = partnership(linkage(MEMBERS[3:4], []), GIFTS[:1], [], TYPES, PATHS)
    assert suggest(alone, CARER, EVEN) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    dice = random.Random(seed)
    members, ties, gifts, asks = (dice.sample(rows, len(rows)) for rows in (MEMBERS, TIES, GIFTS, ASKS))
    other = partnership(linkage(members, ties), gifts, asks, TYPES, PATHS)
    for party in (A, CARER, FUND):
        assert suggest(other, party, EVEN, 10, LABELS) == suggest(county(), party, EVEN, 10, LABELS)


def test_overlapping_coverage_counts_once() -> None:
    of = partnership(
        linkage(MEMBERS, TIES),
        [*GIFTS, Gift(FUND, CARE, (TOWN, VILLAGE)), Gift(FUND, CARE, (COUNTY,))],
        ASKS,
        TYPES,
        PATHS,
    )
    assert parts_of(CARER, FUND, of)["COVERAGE"] == 1.0
    assert parts_of(FUND, CARER, of)["COVERAGE"] == pytest.approx(
        3 / 5
    )  # OTHER_TOWN is nobody's home and in no coverage


# ------------------------------------------------------------------------------------------------ weights


def test_the_shipped_weights_are_whole_and_of_known_parts() -> None:
    read = read_weights([shipped("partner_weights.csv")])
    assert read.faults == ()
    assert list(part_weights({one.code: one.weight for one in read.records})) == list(PART_CODES)
    assert {one.code for one in read.records} == set(PART_CODES)


@pytest.mark.parametrize(
    "weights", [{"COMPLEMENT": 9_999}, {"LUCK": 10_000}, {"COMPLEMENT": 10_001, "COVERAGE": -1}, {}]
)
def test_weights_that_cannot_be_are_refused(weights: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"weights|unknown"):
        suggest(county(), CARER, weights)


def test_a_part_that_weighs_nothing_is_no_reason() -> None:
    found = suggest(county(), CARER, {"COVERAGE": 10_000})
    assert [reason.code for one in found for reason in one.reasons] == ["COVERAGE"] * len(found)

"""What a coordinator picks out of the needs list and the resource list: by channel, by industry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from reading import World, filled
from test_visibility import PUBLIC


@pytest.fixture(scope="module")
def small(server_url: str, template_url: str) -> Iterator[World]:
    with filled(server_url, template_url, "test_list_filters") as one:
        yield one


def test_needs_are_picked_by_the_channel_they_came_by(small: World) -> None:
    found = small.ask(
        '{ needs(where: {channel: "HOTLINE_12345"}, first: 100) { totalCount edges { node { channel { code } } } } }'
    )["needs"]
    assert found["totalCount"] == 6
    assert {edge["node"]["channel"]["code"] for edge in found["edges"]} == {"HOTLINE_12345"}


def test_a_channel_holds_what_came_by_those_below_it(small: World) -> None:
    small.write(
        "INSERT INTO term (id, scheme, code, label_zh, label_en, position, ancestor_ids, group_ids)"
        " VALUES (90, 'channel', 'PHONE', '电话', 'Telephone', 90, '{90}', '{}')"
    )
    small.write("UPDATE term SET parent_id = 90, ancestor_ids = '{90,7}' WHERE id = 7")
    assert small.ask('{ needs(where: {channel: "PHONE"}) { totalCount } }')["needs"]["totalCount"] == 6


def test_firms_and_what_they_offer_are_picked_by_industry(small: World) -> None:
    query = (
        '{ parties(where: {industry: "EDUCATION"}) { edges { node { id } } }'
        ' offers(where: {industry: "EDUCATION"}, first: 100) { edges { node { provider { id } } } } }'
    )
    found = small.ask(query)
    (firm,) = (edge["node"]["id"] for edge in found["parties"]["edges"])
    assert {edge["node"]["provider"]["id"] for edge in found["offers"]["edges"]} == {firm}
    # Its only offer is a draft, which the public does not see.
    found = small.ask(query, PUBLIC)
    assert (len(found["parties"]["edges"]), found["offers"]["edges"]) == (1, [])


@pytest.mark.parametrize(
    "query",
    [
        '{ needs(where: {channel: "EDUCATION"}) { totalCount } }',
        '{ offers(where: {industry: "HOTLINE_12345"}) { totalCount } }',
        '{ parties(where: {industry: "TEXTILES"}) { totalCount } }',
    ],
)
def test_a_code_of_another_scheme_is_no_channel_and_no_industry(small: World, query: str) -> None:
    assert small.codes(query) == ["UNKNOWN_TERM"]

"""Reading as clients meet it: statements counted, pages in both directions, searches, and hostile values."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from reading import World, filled, gid

from db.cursors import encode

MATCHING_VIEW = """query($first: Int!) { needs(first: $first, where: {area: "370832", status: [OPEN]}) { edges { node {
    id title community { name } resourceType { label } channel { label }
    matches(first: 5) { edges { node { score quantity offer { title available provider { name } } } } } } } } }"""

#: Query, and how many statements it takes: one for the root, one for each list below, each count and each facet.
COUNTED = [
    ('{ node(id: "TmVlZDox") { ... on Need { title status community { name area { name parent { name } } } } } }', 1),
    ("{ offers(first: 100) { edges { cursor node { title provider { name } resourceType { label } } } } }", 1),
    ("{ needs { pageInfo { hasNextPage endCursor } edges { node { title } } } }", 1),
    ("{ needs { totalCount } }", 1),
    ("{ needs { totalCount edges { node { title } } byPriority { count } byArea { count } } }", 4),
    ("{ needs { edges { node { clientGroups { label } matches { totalCount edges { node { score } } } } } } }", 4),
    (
        "{ parties(first: 90) { edges { node { offers { edges { node { matches { edges { node { id } } } } } } } } } }",
        3,
    ),
    ("{ plans { edges { node { allocations { edges { node { need { title } offer { title } } } } } } } }", 2),
    ('{ a: node(id: "TmVlZDox") { id } b: node(id: "TmVlZDoy") { id } __typename }', 2),
]


@pytest.fixture(scope="module")
def small(server_url: str, template_url: str) -> Iterator[World]:
    """For tests that only read."""
    with filled(server_url, template_url, "test_reader") as one:
        yield one


@pytest.fixture
def own(server_url: str, template_url: str) -> Iterator[World]:
    """For a test that writes."""
    with filled(server_url, template_url, "test_reader_own") as one:
        yield one


def statements(small: World, query: str, **variables: Any) -> int:
    before = small.executor.reader.statements
    small.ask(query, **variables)
    return small.executor.reader.statements - before


# ---------------------------------------------------------------------------------------- statements


@pytest.mark.parametrize(("query", "count"), COUNTED)
def test_one_statement_for_the_root_and_one_for_each_list_below(small: World, query: str, count: int) -> None:
    assert statements(small, query) == count


def test_statements_do_not_depend_on_the_data(own: World) -> None:
    one, many = statements(own, MATCHING_VIEW, first=1), statements(own, MATCHING_VIEW, first=100)
    own.write(
        "INSERT INTO need (title, community_id, area_id, county_id, resource_type_id, quantity)"
        " SELECT title || n, community_id, area_id, county_id, resource_type_id, quantity"
        " FROM need CROSS JOIN generate_series(1, 10) n WHERE status = 'OPEN'"
    )
    own.write(
        "INSERT INTO match (need_id, offer_id, score, quantity, parts, weight_set_id)"
        " SELECT need.id, offer.id, 0.5, 1, '{1,2,3,4,5,6}', 1 FROM need, offer WHERE need.id > 24 AND offer.id < 7"
    )
    edges = own.ask(MATCHING_VIEW, first=100)["needs"]["edges"]
    assert len(edges) == 100
    assert sum(len(edge["node"]["matches"]["edges"]) for edge in edges) > 400
    assert one == many == statements(own, MATCHING_VIEW, first=100) == 2


def test_a_refused_request_sends_no_statement(small: World) -> None:
    before = small.executor.reader.statements
    assert small.codes("{ needs(first: 1000000) { totalCount } }") == ["BAD_PAGE"]
    assert small.codes('{ needs(after: "?") { totalCount } }') == ["BAD_CURSOR"]
    assert small.executor.reader.statements == before


def test_a_row_that_several_rows_point_at_has_its_page_once_under_each(small: World) -> None:
    data = small.ask(
        "{ plans { edges { node { allocations { edges { node { offer { id"
        " matches(first: 50) { totalCount edges { node { id } } } } } } } } } } }"
    )
    offers = [edge["node"]["offer"] for plan in data["plans"]["edges"] for edge in plan["node"]["allocations"]["edges"]]
    assert len({one["id"] for one in offers}) < len(offers)
    for one in offers:
        ids = [edge["node"]["id"] for edge in one["matches"]["edges"]]
        assert len(ids) == len(set(ids)) == one["matches"]["totalCount"]


# ---------------------------------------------------------------------------------------- pages


def titles(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in page["edges"]]


def test_a_backward_page_is_the_end_of_the_list_in_the_order_of_the_list(small: World) -> None:
    page = "{ edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
    whole = small.ask(f"{{ needs(first: 100) {page} }}")["needs"]
    last = small.ask(f"{{ needs(last: 5) {page} }}")["needs"]
    assert titles(last) == titles(whole)[-5:]
    assert last["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": last["edges"][0]["cursor"],
        "endCursor": last["edges"][-1]["cursor"],
    }
    query = f"query($b: String) {{ needs(last: 100, before: $b) {page} }}"
    rest = small.ask(query, b=last["pageInfo"]["startCursor"])["needs"]
    assert titles(rest) == titles(whole)[:-5]
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (True, False)


def test_a_page_between_two_cursors_holds_what_is_between_them(small: World) -> None:
    whole = small.ask("{ offers(first: 100) { edges { cursor node { id } } } }")["offers"]["edges"]
    query = "query($a: String, $b: String) { offers(after: $a, before: $b) { totalCount edges { node { id } } } }"
    page = small.ask(query, a=whole[3]["cursor"], b=whole[9]["cursor"])["offers"]
    assert titles(page) == [edge["node"]["id"] for edge in whole[4:9]]
    assert page["totalCount"] == 24
    assert titles(small.ask(query, a=whole[9]["cursor"], b=whole[3]["cursor"])["offers"]) == []


def test_most_urgent_first_then_oldest(small: World) -> None:
    rows = small.ask("{ needs(first: 100) { edges { node { priority createdAt } } } }")["needs"]["edges"]
    order = ["STAT", "ASAP", "URGENT", "ROUTINE"]
    keys = [(order.index(one["node"]["priority"]), one["node"]["createdAt"]) for one in rows]
    assert keys == sorted(keys)


def test_what_is_inserted_between_two_pages_moves_no_row_from_one_to_the_other(own: World) -> None:
    query = "query($a: String) { needs(first: 12, after: $a) { edges { cursor node { id } } } }"
    first = own.ask(query)["needs"]["edges"]
    expected = titles(own.ask(query, a=first[-1]["cursor"])["needs"])
    insert = (
        "INSERT INTO need (title, community_id, area_id, county_id, resource_type_id, quantity, priority, created_at)"
        " SELECT 'new', community_id, area_id, county_id, resource_type_id, 1, $1::priority, '2020-01-01'"
        " FROM need WHERE id = 1"
    )
    own.write(insert, "STAT")
    assert titles(own.ask(query, a=first[-1]["cursor"])["needs"]) == expected
    own.write(insert, "ROUTINE")
    after = titles(own.ask(query, a=first[-1]["cursor"])["needs"])
    assert set(expected[:-1]) <= set(after) | {gid("Need", 26)}
    assert not set(after) & {edge["node"]["id"] for edge in first}
    own.write("DELETE FROM need WHERE id = (SELECT id FROM need WHERE title = 'new' AND priority = 'ROUTINE')")
    # The row a cursor was taken from may go: the place stays.
    own.write("DELETE FROM match")
    own.write("DELETE FROM plan")
    own.write("DELETE FROM need WHERE id = $1", _number(first[-1]["node"]["id"]))
    assert titles(own.ask(query, a=first[-1]["cursor"])["needs"]) == expected


def _number(id: str) -> int:
    from db.cursors import parse_id

    parsed = parse_id(id)
    assert parsed is not None
    return parsed[1]


# ---------------------------------------------------------------------------------------- search

TITLES = {
    1: "轮椅一辆",
    2: "儿童轮椅和助行器",
    3: "Wheelchair 轮 椅",
    4: "100%_of f",
    5: 'O\'Neil said "so" \\ & | ! ( :*',
    6: "心愿🙂🙃",
    7: "ÉCOLE École",
    8: "椅轮",
}
SEARCHES: list[tuple[str, set[int]]] = [
    ("椅", {1, 2, 3, 8}),
    ("轮椅", {1, 2}),
    ("轮椅一", {1}),
    ("轮椅和助行器", {2}),
    ("椅轮", {8}),
    ("轮 椅", {3}),
    ("  轮椅  ", {1, 2}),
    ("wheelCHAIR", {3}),
    ("w", {3}),
    ("%", {4}),
    ("_", {4}),
    ("0%_o", {4}),
    ("f f", {4}),
    ("'", {5}),
    ('"so"', {5}),
    ("\\", {5}),
    ("& | !", {5}),
    (":*", {5}),
    ("🙂", {6}),
    ("愿🙂🙃", {6}),
    ("école", {7}),
    ("不存在", set()),
    ("轮椅" * 200, set()),
    ("; DROP TABLE need", set()),
]


@pytest.fixture(scope="module")
def titled(server_url: str, template_url: str) -> Iterator[World]:
    with filled(server_url, template_url, "test_reader_search") as one:
        one.write("UPDATE need SET title = 'x'")
        for number, title in TITLES.items():
            one.write("UPDATE need SET title = $2 WHERE id = $1", number, title)
        yield one


@pytest.mark.parametrize(("text", "found"), SEARCHES, ids=[text[:12] for text, _ in SEARCHES])
def test_a_search_finds_every_title_that_holds_the_text_and_no_other(titled: World, text: str, found: set[int]) -> None:
    query = "query($s: String) { needs(first: 100, where: {search: $s}) { totalCount edges { node { id } } } }"
    page = titled.ask(query, s=text)["needs"]
    assert {_number(id) for id in titles(page)} == found
    assert page["totalCount"] == len(found)


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000", None])
def test_a_blank_search_asks_for_nothing(titled: World, text: str | None) -> None:
    query = "query($s: String) { needs(where: {search: $s}) { totalCount } }"
    assert titled.ask(query, s=text)["needs"]["totalCount"] == 24


# ---------------------------------------------------------------------------------------- hostile values


def cursor(value: Any) -> str:
    return b64encode(json.dumps(value).encode()).decode()


CURSORS = [
    "",
    "?",
    "AAAA",
    "=" * 100,
    cursor(None),
    cursor([]),
    cursor({}),
    cursor([1]),
    cursor(["STAT", "2026-03-01T04:00:00+00:00"]),
    cursor(["STAT", "2026-03-01T04:00:00+00:00", 1, 1]),
    cursor(["NOTHING", "2026-03-01T04:00:00+00:00", 1]),
    cursor(["STAT", "2026-03-01T04:00:00", 1]),
    cursor(["STAT", "yesterday", 1]),
    cursor(["STAT", 5, 1]),
    cursor(["STAT", "2026-03-01T04:00:00+00:00", "1"]),
    cursor(["STAT", "2026-03-01T04:00:00+00:00", True]),
    cursor(["STAT", "2026-03-01T04:00:00+00:00", 1.5]),
    cursor(["STAT", "2026-03-01T04:00:00+00:00", 2**63]),
    cursor(["STAT", "2026-03-01T04:00:00+00:00", -(2**200)]),
    cursor(["STAT\u0000", "2026-03-01T04:00:00+00:00", 1]),
    cursor([["STAT"], "2026-03-01T04:00:00+00:00", 1]),
    cursor([[[[[[[[[[]]]]]]]]]]),
    "A" * 90_000,
]


@pytest.mark.parametrize("text", CURSORS, ids=range(len(CURSORS)))
def test_what_is_no_cursor_of_the_list_is_refused_as_one(small: World, text: str) -> None:
    assert small.codes("query($c: String) { needs(after: $c) { totalCount } }", c=text) == ["BAD_CURSOR"]


@pytest.mark.parametrize(
    ("order", "name"),
    [
        (["STAT", "0001-01-01T00:00:00+14:00", 1], "needs"),
        (["STAT", "9999-12-31T23:59:59-14:00", 1], "needs"),
        (["STAT", "2026-03-01T04:00:00+00:00", 2**63 - 1], "needs"),
        (["0001-01-01T00:00:00+00:00", 0], "offers"),
        ([2**31, 1], "resourceTypes"),
        ([2**31 - 1, -(2**31)], "resourceTypes"),
        (["\udcff" * 0 + "🙂" * 1000], "areas"),
    ],
)
def test_a_cursor_beyond_every_row_gives_a_page_or_a_refusal_never_a_fault(
    small: World, order: list[Any], name: str
) -> None:
    query = f"query($c: String) {{ {name}(after: $c) {{ edges {{ cursor }} }} }}"
    assert small.codes(query, c=cursor(order)) in ([], ["BAD_CURSOR"])


def test_a_cursor_of_another_list_is_refused(small: World) -> None:
    taken = small.ask("{ offers(first: 1) { pageInfo { endCursor } } }")["offers"]["pageInfo"]["endCursor"]
    assert small.codes("query($c: String) { needs(after: $c) { totalCount } }", c=taken) == ["BAD_CURSOR"]
    assert small.codes("query($c: String) { areas(after: $c) { totalCount } }", c=encode([1])) == ["BAD_CURSOR"]


@pytest.mark.parametrize(
    "id",
    [
        "",
        "Need:1",
        "TmVlZDox\n",
        "TmVlZDowMQ==",
        gid("Need", 0),
        gid("Need", 2**63 - 1),
        gid("Need", 2**63),
        gid("Need", 10**40),
        gid("Area", 2**31),
        gid("Term", 2**62),
        gid("Organization", 1),
        gid("Party", 1),
        gid("Shortfall", 1),
        gid("Query", 1),
        gid("Facet", 1),
        gid("need", 1),
        b64encode("Need:１".encode()).decode(),
        b64encode(b"Need:-1").decode(),
        "🙂",
        "A" * 50_000,
    ],
)
def test_an_id_that_names_nothing_is_null_through_both_doors(small: World, id: str) -> None:
    query = "query($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { id } }"
    good = gid("Need", 1)
    data = small.ask(query, id=id, ids=[id, good, id, good])
    assert data == {"node": None, "nodes": [None, {"id": good}, None, {"id": good}]}


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        ({"availableAtLeast": 2**31 - 1}, []),
        ({"availableAtLeast": 2**31}, ["BAD_VARIABLES"]),
        ({"availableAtLeast": 1.5}, ["BAD_VARIABLES"]),
        ({"confirmedSince": "0001-01-01T00:00:00+14:00"}, ["BAD_TIME"]),
        ({"confirmedSince": "9999-12-31T23:59:59-14:00"}, ["BAD_TIME"]),
        ({"confirmedSince": "2026-03-01T04:00:00"}, ["BAD_VARIABLES"]),
        ({"confirmedSince": "2026-02-31T00:00:00Z"}, ["BAD_VARIABLES"]),
        ({"area": "1" * 5_000}, ["UNKNOWN_AREA"]),
        ({"area": ""}, ["UNKNOWN_AREA"]),
        ({"clientGroup": "HOTLINE_12345"}, ["UNKNOWN_TERM"]),
        ({"resourceType": "wheelchair"}, ["UNKNOWN_RESOURCE_TYPE"]),
        ({"search": "a\u0000b"}, ["BAD_TEXT"]),
        ({"status": ["NOTHING"]}, ["BAD_VARIABLES"]),
        ({"status": []}, []),
        ({"nothing": 1}, ["BAD_VARIABLES"]),
    ],
)
def test_a_filter_is_answered_or_refused_with_a_code(small: World, where: dict[str, Any], codes: list[str]) -> None:
    found = small.codes("query($w: OfferFilter) { offers(where: $w) { totalCount } }", w=where)
    assert found == codes


def test_an_act_asked_again_finds_what_was_compiled_for_its_answer(own: World) -> None:
    query = (
        'mutation { offerConfirm(id: "T2ZmZXI6MQ==") { ... on OfferConfirmed { offer { title provider { name } } } } }'
    )
    own.ask(query)
    programs = len(own.executor.reader._programs)
    own.ask(query)
    assert len(own.executor.reader._programs) == programs


def test_places_can_be_followed_up_as_far_as_a_query_may_nest(small: World) -> None:
    deep = "parent { " * 14 + "name" + " }" * 14
    small.ask(f"{{ areas(first: 3) {{ edges {{ node {{ {deep} }} }} }} }}")

"""Partners as they are asked for: of whom, by whom, with how many statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from reading import ADMIN, World, filled, gid
from sqlalchemy import event
from test_visibility import (
    COUNTY,
    DONOR,
    ORGANIZATION,
    PARTIES,
    PARTY_TYPE,
    PUBLIC,
    READER,
    TOWNSHIP,
    VIEWERS,
    sees_party,
)

from bench.ordinary import run_ordinary
from db.cursors import parse_id
from db.viewer import LOCAL, Viewer
from exchange.records import Place
from exchange.vocabulary import WeightRecord, read_weights, shipped
from graph.partners import PART_CODES
from resolvers.context import Context
from resolvers.loading import load
from schema.execution.limits import Limits

PARTNERS = """query($first: Int) { parties(first: 100) { edges { node { id society
    partners(first: $first) { score party { id name society area { name } }
        reasons { code weight value text en: text(lang: EN) } } } } } }"""
ONE = (
    "query($id: ID!, $first: Int) { node(id: $id) { ... on Party { partners(first: $first) { score party { id } } } } }"
)


@pytest.fixture(scope="module")
def small(server_url: str, template_url: str) -> Iterator[World]:
    with filled(server_url, template_url, "test_partners", Limits(cost=10**7)) as one:
        yield one


def number(id: str) -> int:
    parsed = parse_id(id)
    assert parsed is not None
    return parsed[1]


def asked(small: World, viewer: Viewer = ADMIN, first: int = 10) -> dict[int, list[dict[str, Any]]]:
    edges = small.ask(PARTNERS, viewer, first=first)["parties"]["edges"]
    return {number(edge["node"]["id"]): edge["node"]["partners"] for edge in edges}


@contextmanager
def statements(small: World) -> Iterator[list[str]]:
    """What is sent by use cases and by the reader while this lasts (the reader's as blanks)."""
    sent: list[str] = []
    engine = small.executor.database.engine.sync_engine

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    before = small.executor.reader.statements
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
        sent.extend("" for _ in range(small.executor.reader.statements - before))


def test_every_kind_of_party_has_partners_with_reasons_that_add_up(small: World) -> None:
    found = asked(small)
    assert len(found) == len(PARTIES)
    for id, partners in found.items():
        assert partners, PARTIES[id - 1]
        assert [-one["score"] for one in partners] == sorted(-one["score"] for one in partners)
        assert id not in [number(one["party"]["id"]) for one in partners]
        for one in partners:
            assert 0 < one["score"] <= 1
            assert one["score"] == pytest.approx(sum(r["weight"] * r["value"] for r in one["reasons"]), abs=1e-9)
            assert {r["code"] for r in one["reasons"]} <= set(PART_CODES)
            assert all(r["text"] and r["en"] and r["text"] != r["en"] for r in one["reasons"])


@pytest.mark.parametrize("name", VIEWERS)
def test_nobody_is_suggested_whom_the_viewer_may_not_see(small: World, name: str) -> None:
    viewer = VIEWERS[name]
    found = asked(small, viewer, 100)
    assert set(found) == {one["id"] for one in PARTIES if sees_party(viewer, one)}
    for partners in found.values():
        assert all(sees_party(viewer, PARTIES[number(one["party"]["id"]) - 1]) for one in partners)


@pytest.mark.parametrize("viewer", [TOWNSHIP, ORGANIZATION, PUBLIC], ids=["township", "organization", "public"])
def test_what_is_hidden_changes_no_score_and_no_word(server_url: str, template_url: str, viewer: Viewer) -> None:
    """The answers are those of a database in which nothing is that the viewer may not see."""
    within = "SELECT id FROM area WHERE ancestor_ids @> '{4}'"
    own = "SELECT m.id FROM match m JOIN offer o ON o.id = m.offer_id WHERE o.provider_id = 2"
    with filled(server_url, template_url, "test_partners_hidden") as one:
        before = asked(one, viewer)
        everything = asked(one, ADMIN)
        one.write("DELETE FROM plan")
        if viewer is TOWNSHIP:
            one.write(f"DELETE FROM need WHERE area_id NOT IN ({within})")  # noqa: S608
        else:
            kept = own if viewer is ORGANIZATION else "SELECT 0"
            one.write(f"DELETE FROM match WHERE id NOT IN ({kept})")  # noqa: S608
            one.write(
                "DELETE FROM need n WHERE status <> 'OPEN' OR NOT EXISTS (SELECT FROM match WHERE need_id = n.id)"
            )
        if viewer is not TOWNSHIP:
            hidden = (
                "DELETE FROM offer o USING party p WHERE p.id = o.provider_id"
                " AND NOT (o.status = 'ACTIVE' AND NOT p.is_person)"
            )
            one.write(hidden if viewer is PUBLIC else f"{hidden} AND o.provider_id <> 2")
        assert asked(one, viewer) == before
        assert before != everything


def test_a_plan_of_another_area_is_not_read_through_partners(small: World) -> None:
    assert asked(small, TOWNSHIP) != asked(small, COUNTY)


def test_many_parties_are_answered_with_the_statements_of_one(server_url: str, template_url: str) -> None:
    with filled(server_url, template_url, "test_partners_counted") as one:
        with statements(one) as single:
            one.ask(ONE, READER, id=gid("Organization", 2))
        with statements(one) as many:
            asked(one, READER)
        # Parties of three counties against one: areas of the others are looked up, nothing else is sent more often.
        assert len(single) <= 14
        assert len(many) <= len(single) + 2


def test_asked_again_the_network_is_not_read_again_until_something_changes(server_url: str, template_url: str) -> None:
    with filled(server_url, template_url, "test_partners_again") as one:
        with statements(one) as first:
            before = asked(one)
        with statements(one) as second:
            assert asked(one) == before
        assert len(second) <= len(first) - 4
        one.write("UPDATE offer SET status = 'PAUSED' WHERE provider_id = 2")
        after = asked(one)
        assert after != before
        assert 2 in {number(p["party"]["id"]) for partners in before.values() for p in partners}
        assert 2 not in {number(p["party"]["id"]) for partners in after.values() for p in partners}


def test_how_many_is_obeyed_and_null_is_ten(small: World) -> None:
    whole = asked(small, first=100)
    assert asked(small, first=3) == {id: partners[:3] for id, partners in whole.items()}
    id = gid(PARTY_TYPE[PARTIES[1]["kind"]], 2)
    assert small.ask(ONE, id=id, first=None) == small.ask(ONE, id=id, first=10) == small.ask(ONE, id=id)


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
def test_a_number_out_of_bounds_is_refused(small: World, first: int) -> None:
    assert set(small.codes(ONE, id=gid("Organization", 2), first=first)) == {"BAD_PAGE"}


def test_ordinary_execution_answers_the_same(small: World) -> None:
    for viewer in (ADMIN, TOWNSHIP, DONOR, ORGANIZATION, PUBLIC):
        ordinary = small.do(run_ordinary(small.executor, PARTNERS, None, {"first": 5}, viewer))
        assert ordinary == small.do(small.executor.run(PARTNERS, None, {"first": 5}, viewer=viewer)).body


def test_partners_of_partners_may_be_asked(small: World) -> None:
    again = ONE.replace("party { id }", "party { partners(first: 2) { party { name } } }")
    answer = small.ask(again, id=gid("Community", 1), first=2)
    assert all(one["party"]["partners"] for one in answer["node"]["partners"])


def test_a_county_may_weigh_the_parts_otherwise(server_url: str, template_url: str) -> None:
    with filled(server_url, template_url, "test_partners_weights") as one:
        one.write("SELECT setval(pg_get_serial_sequence('weight_set', 'id'), 9)")  # the world numbers its rows itself
        context = Context(one.executor.database, LOCAL)
        assert one.do(load(context, partner_weights=read_weights([shipped("partner_weights.csv")]).records))
        before = asked(one)
        only = [WeightRecord(Place("own"), "COVERAGE", 10_000, "", "", "", "")]
        loaded = one.do(load(context, partner_weights=only))
        assert loaded.partner_weights
        assert not loaded.moves_matches
        assert not one.do(load(context, partner_weights=only))
        reasons = [reason for partners in asked(one).values() for p in partners for reason in p["reasons"]]
        assert {(reason["code"], reason["weight"]) for reason in reasons} == {("COVERAGE", 1.0)}
        faulty = [WeightRecord(Place("own"), "LUCK", 10_000, "", "", "", "")]
        with pytest.raises(ValueError, match="LUCK"):
            one.do(load(context, partner_weights=faulty))
        one.do(load(context, partner_weights=read_weights([shipped("partner_weights.csv")]).records))
        assert asked(one) == before


def test_a_new_party_without_offers_hears_who_is_at_work_at_its_home(server_url: str, template_url: str) -> None:
    with filled(server_url, template_url, "test_partners_new") as one:
        one.write("INSERT INTO party (kind, name, area_id, county_id) VALUES ('ORGANIZATION', '新来的', 6, 3)")
        found = one.ask(ONE.replace("party { id }", "party { id } reasons { code value }"), id=gid("Organization", 22))
        assert found["node"]["partners"]
        for partner in found["node"]["partners"]:
            values = {reason["code"]: reason["value"] for reason in partner["reasons"]}
            assert values["SHARED_CLIENTS"] == values["RESOURCE_ALLOCATION"] == values["PAGERANK"] == 0


def test_where_there_is_nothing_there_is_nobody_to_suggest(server_url: str, template_url: str) -> None:
    with filled(server_url, template_url, "test_partners_nothing") as one:
        one.write("UPDATE offer SET status = 'WITHDRAWN'")
        one.write("DELETE FROM match")
        assert set(map(len, asked(one).values())) == {0}

"""Every act of the contract as a client sends it: what is done comes back as selected, what is not says why."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
from acts import DONE, MUTATION, NEED, NEED_NOW, OFFER, OFFER_NOW, PARTY, PAUSED_NOW, Stage, gid
from graphql import get_named_type
from scenery import built
from small_county import COUNTY, NOON, OTHER_COUNTY, TOWN, VILLAGE, County
from sqlalchemy import make_url

from db.database import Database
from db.kinds import KINDS
from db.records import camel
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import needs
from resolvers.context import Context
from schema.execution.executor import Executor


@pytest.fixture(scope="module")
def scenery(server_url: str, template_url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The database that each test's own is cloned from, and what stands in it."""
    name = "scenery_of_acts"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, clone(server_url, make_url(template_url).database or "", name)).result()
        url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
        yield name, thread.submit(asyncio.run, built(url)).result()
        thread.submit(asyncio.run, dropped(server_url, name)).result()


async def clone(server_url: str, of: str, name: str) -> None:
    raw = await asyncpg.connect(server_url)
    await raw.execute(f"CREATE DATABASE {name} TEMPLATE {of}")
    await raw.close()


async def dropped(server_url: str, name: str) -> None:
    raw = await asyncpg.connect(server_url)
    await raw.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await raw.close()


@pytest.fixture
async def stage(server_url: str, scenery: tuple[str, dict[str, Any]]) -> AsyncIterator[Stage]:
    of, things = scenery
    name = "stage_of_acts"
    await clone(server_url, of, name)
    database = Database(make_url(server_url).set(database=name).render_as_string(hide_password=False))
    county = County(Context(database, LOCAL, lambda: NOON), database.engine)
    yield Stage(county, Executor(database, clock=lambda: NOON), **things)
    await database.close()
    await dropped(server_url, name)


def test_every_act_of_the_contract_is_sent() -> None:
    # Acts on records are drawn from declarations, and sent by tests/postgres/test_records.py.
    of_records = {camel(f"{name}_save") for name in KINDS} | {"recordWithdraw", "recordRestore"}
    assert set(DONE) == set(MUTATION.fields) - of_records  # type: ignore[union-attr]


@pytest.mark.parametrize("act", DONE)
async def test_what_is_done_comes_back_as_it_was_selected(stage: Stage, act: str) -> None:
    given, answers, selection, expected = DONE[act]
    said = await stage.send(act, given(stage), f"... on {answers} {{ {selection} }}")
    assert said == {"__typename": answers} | expected


@pytest.mark.parametrize("act", DONE)
async def test_a_key_sent_again_gets_the_same_thing_once(stage: Stage, act: str) -> None:
    given, answers, selection, _ = DONE[act]
    thing = selection.split()[0]
    values = given(stage) | {"idempotencyKey": "k-1"}
    first = await stage.send(act, values, f"... on {answers} {{ {thing} {{ id }} }}")
    before, state = await stage.county.counts(), await stage.county.state()
    assert first["__typename"] == answers
    assert await stage.send(act, values, f"... on {answers} {{ {thing} {{ id }} }}") == first
    assert (await stage.county.counts(), await stage.county.state()) == (before, state)


async def refused(stage: Stage, act: str, given: dict[str, Any], viewer: Viewer = LOCAL) -> Any:
    """The Problem an act answers: worded in both languages, nothing of the inside, and nothing changed."""
    before, state = await stage.county.counts(), await stage.county.state()
    said = await stage.send(act, given, viewer=viewer)
    assert (await stage.county.counts(), await stage.county.state()) == (before, state)
    for one in (said, *said.get("fields", ())):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one["zh"])
        assert one["en"].strip()
        assert "\n" not in one["zh"] + one["en"]
    return said


@pytest.mark.parametrize("act", DONE)
async def test_who_has_no_key_may_do_nothing(stage: Stage, act: str) -> None:
    said = await refused(stage, act, DONE[act][0](stage), PUBLIC)
    assert (said["__typename"], said["code"]) == ("NotAllowed", "NOT_ALLOWED")


@pytest.mark.parametrize("act", DONE)
async def test_a_key_that_cannot_be_one_is_a_faulty_field(stage: Stage, act: str) -> None:
    said = await refused(stage, act, DONE[act][0](stage) | {"idempotencyKey": "\u0007"})
    assert (said["__typename"], said["code"]) == ("InvalidInput", "INVALID_INPUT")
    assert [(one["path"], one["code"]) for one in said["fields"]] == [(["idempotencyKey"], "INVALID_KEY")]


@pytest.mark.parametrize("act", DONE)
async def test_a_key_used_for_something_else_is_a_conflict(stage: Stage, act: str) -> None:
    given = DONE[act][0](stage) | {"idempotencyKey": "k"}
    assert (await stage.send(act, given))["__typename"] == DONE[act][1]
    other = {"id": gid("Offer", 99)} if set(given) == {"id", "idempotencyKey"} else {}
    for field, value in (
        ("name", "另一个"),
        ("title", "另一项"),
        ("quantity", 9),
        ("capacity", 9),
        ("area", TOWN),
        ("amount", "7.00"),
        ("monthOn", "2026-09-01"),
        ("earmark", "CHILD"),
        ("keep", False),
        ("note", "另一句"),
        ("furtherNeed", "别的"),
        ("after", "别处"),
        ("reason", "另一个原因"),
        ("until", "2026-11-21"),
        ("ids", [gid("Offer", 99)]),
        ("code", "另一号"),
        ("purpose", "SHARE"),
        ("scores", [{"code": "2", "points": "1"}]),
    ):
        other |= {field: value} if field in given else {}
    assert other
    said = await refused(stage, act, given | other)
    assert (said["__typename"], said["code"]) == ("Conflict", "IDEMPOTENCY_KEY_REUSED")


IDS = ("id", "communityId", "providerId", "needId", "referralId", "volunteerId", "clientId")


def reference(act: str) -> str | None:
    """The field by which an act names what is there already."""
    arguments = MUTATION.fields[act].args  # type: ignore[union-attr]
    given = get_named_type(arguments["input"].type).fields if "input" in arguments else arguments
    return next(
        (
            name
            for name in ("id", "communityId", "providerId", "needId", "referralId", "volunteerId", "clientId")
            if name in given
        ),
        None,
    )


REFERENCES = {act: field for act in DONE if (field := reference(act))}


NOWHERE = (
    *("", "1", "not an id", "不是编号", "\u0000", "TmVlZDox\n", "A" * 5_000),
    *(gid("Need", 0), gid("Need", -1), gid("Offer", 404), gid("Community", 404), gid("Area", 1), gid("Term", 1)),
    *(gid("Need", 10**18), gid("Offer", 2**63), gid("Plan", 404), gid("party", 1)),
)


@pytest.mark.parametrize("act", REFERENCES)
async def test_what_is_not_there_is_not_found(stage: Stage, act: str) -> None:
    for wrong in NOWHERE:
        said = await refused(stage, act, DONE[act][0](stage) | {REFERENCES[act]: wrong})
        assert (said["__typename"], said["code"]) == ("NotFound", "NOT_FOUND"), ascii(wrong)[:40]


@pytest.mark.parametrize("act", REFERENCES)
async def test_an_id_of_another_type_is_not_found_though_its_number_is_there(stage: Stage, act: str) -> None:
    given = DONE[act][0](stage)
    own = base64.b64decode(given[REFERENCES[act]]).decode()
    typename, number = own.split(":")
    others = {"Need", "Offer", "Community", "Organization", "Plan", "Match", "Area"} - {typename}
    if REFERENCES[act] == "providerId":
        # Whatever its society, the number is that of a party.
        others -= {"Community", "Organization"}
    for other in sorted(others):
        said = await refused(stage, act, given | {REFERENCES[act]: gid(other, int(number))})
        assert said["__typename"] == "NotFound", other


async def test_every_faulty_field_of_a_need_is_told_by_the_name_the_client_gave_it(stage: Stage) -> None:
    said = await refused(
        stage,
        "needSubmit",
        {
            "title": "\u200b",
            "communityId": "x",
            "resourceType": "外星人",
            "quantity": 0,
            "clientGroups": ["ORPHAN", "?"],
            "neededFrom": "2026-12-02",
            "neededBy": "2026-12-01",
            "channel": "?",
        },
    )
    assert said["code"] == "INVALID_INPUT"
    assert {".".join(one["path"]): one["code"] for one in said["fields"]} == {
        "title": "REQUIRED",
        "communityId": "NOT_FOUND",
        "resourceType": "UNKNOWN_RESOURCE_TYPE",
        "quantity": "OUT_OF_RANGE",
        "clientGroups.1": "UNKNOWN_TERM",
        "neededBy": "DATES_REVERSED",
        "channel": "UNKNOWN_TERM",
    }


async def test_what_is_left_out_or_null_is_what_is_least_said(stage: Stage) -> None:
    least = {"title": "轮椅", "communityId": stage.community, "resourceType": "WHEELCHAIR", "quantity": 1}
    empty = ("priority", "clientGroups", "neededFrom", "neededBy", "channel", "idempotencyKey")
    for given in (least, least | dict.fromkeys(empty)):
        said = await stage.send("needSubmit", given, f"... on NeedSubmitted {{ {NEED} }}")
        assert said["need"] == NEED_NOW | {"title": "轮椅", "quantity": 1, "clientGroups": [], "channel": None}
    least = {
        "title": "轮椅",
        "providerId": stage.provider,
        "resourceType": "WHEELCHAIR",
        "capacity": 1,
        "coverage": [COUNTY],
    }
    empty = ("clientGroups", "minimumPerNeed", "maximumPerNeed", "availableFrom", "availableUntil", "earmark")
    for given in (least, least | dict.fromkeys(empty)):
        said = await stage.send("offerPublish", given, f"... on OfferPublished {{ {OFFER} }}")
        assert said["offer"] == OFFER_NOW | {"title": "轮椅", "capacity": 1, "available": 1}
    said = await stage.send(
        "volunteerRegister", PARTY | {"headcount": None}, "...on VolunteerRegistered{volunteer{headcount}}"
    )
    assert said["volunteer"] == {"headcount": 1}


@pytest.mark.parametrize(
    ("act", "id", "selection", "now"),
    [("needChange", "need", NEED, NEED_NOW), ("offerChange", "paused", OFFER, PAUSED_NOW)],
)
async def test_a_change_of_nothing_changes_nothing(
    stage: Stage, act: str, id: str, selection: str, now: dict[str, Any]
) -> None:
    before, state = await stage.county.counts(), await stage.county.state()
    said = await stage.send(act, {"id": getattr(stage, id)}, f"... on {DONE[act][1]} {{ {selection} }}")
    assert said[selection.split()[0]] == now
    assert (await stage.county.counts(), await stage.county.state()) == (before, state)


async def test_each_field_of_a_change_keeps_the_others(stage: Stage) -> None:
    changes: dict[str, Any] = {
        "title": "新名称",
        "quantity": 4,
        "priority": "ASAP",
        "clientGroups": [],
        "neededBy": "2026-12-24",
        "channel": None,
    }
    now: dict[str, Any] = dict(NEED_NOW)
    for field, value in changes.items():
        now[field] = value
        said = await stage.send("needChange", {"id": stage.need, field: value}, f"... on NeedChanged {{ {NEED} }}")
        assert said == {"__typename": "NeedChanged", "need": now}
    changes = {
        "title": "新名称",
        "minimumPerNeed": None,
        "maximumPerNeed": None,
        "earmark": None,
        "coverage": [TOWN],
    }
    now = dict(PAUSED_NOW)
    for field, value in changes.items():
        now[field] = {"minimumPerNeed": 1, "coverage": [{"code": TOWN}]}.get(field, value)
        said = await stage.send("offerChange", {"id": stage.paused, field: value}, f"... on OfferChanged {{ {OFFER} }}")
        assert said == {"__typename": "OfferChanged", "offer": now}


async def test_null_empties_what_may_be_empty_and_is_refused_elsewhere(stage: Stage) -> None:
    fields = ("title", "resourceType", "quantity", "priority", "clientGroups", "neededFrom", "neededBy", "channel")
    said = await refused(stage, "needChange", {"id": stage.need} | dict.fromkeys(fields))
    assert [(*one["path"], one["code"]) for one in said["fields"]] == [(name, "REQUIRED") for name in fields[:4]]
    fields = ("title", "resourceType", "capacity", "coverage", "minimumPerNeed", "maximumPerNeed", "earmark")
    said = await refused(stage, "offerChange", {"id": stage.paused} | dict.fromkeys(fields))
    assert [(*one["path"], one["code"]) for one in said["fields"]] == [(name, "REQUIRED") for name in fields[:4]]


async def test_states_that_do_not_allow_an_act_are_conflicts(stage: Stage) -> None:
    await needs.withdraw(stage.county.context, 1)
    for act, given, code in (
        ("needChange", {"id": stage.need, "quantity": 3}, "NEED_WITHDRAWN"),
        ("needWithdraw", {"id": stage.need}, "NEED_WITHDRAWN"),
        ("offerResume", {"id": stage.offer}, "OFFER_ACTIVE"),
        ("offerPause", {"id": stage.paused}, "OFFER_PAUSED"),
        ("communityRegister", {"name": "甲村社区", "area": VILLAGE}, "ALREADY_REGISTERED"),
    ):
        said = await refused(stage, act, given)
        assert (said["__typename"], said["code"]) == ("Conflict", code)


async def test_who_sees_a_thing_and_may_not_touch_it_is_told_who_may(stage: Stage) -> None:
    elsewhere = await stage.county.coordinator(OTHER_COUNTY)
    partner = Viewer("PARTNER", 9, party_id=1)
    for viewer, act, typename in (
        (elsewhere, "offerPause", "NotAllowed"),
        (elsewhere, "needWithdraw", "NotFound"),
        (elsewhere, "needSubmit", "NotAllowed"),
        (elsewhere, "communityRegister", "NotAllowed"),
        (elsewhere, "planCompute", "NotAllowed"),
        (partner, "offerPause", "NotAllowed"),
        (partner, "planCompute", "NotAllowed"),
    ):
        said = await refused(stage, act, DONE[act][0](stage), viewer)
        assert said["__typename"] == typename, act
        if typename == "NotAllowed":
            assert "管理员" in said["zh"]
            assert "administrator" in said["en"]


async def test_a_partner_that_covers_too_much_is_told_so_through_every_door(stage: Stage) -> None:
    partner = Viewer("PARTNER", 9, party_id=2)
    for act, given in (
        ("offerPublish", DONE["offerPublish"][0](stage)),
        ("offerChange", {"id": stage.offer, "coverage": [COUNTY, OTHER_COUNTY]}),
    ):
        said = await refused(stage, act, given, partner)
        assert [(one["path"], one["code"]) for one in said["fields"]] == [(["coverage", "1"], "COVERAGE_TOO_WIDE")]


async def test_a_problem_can_be_asked_for_by_its_interface_its_name_or_a_named_fragment(stage: Stage) -> None:
    said = await stage.answer(
        """
        mutation($bad: ID!) {
          byInterface: offerPause(id: $bad) { ... on Problem { __typename code } }
          byName: offerPause(id: $bad) { ... on NotFound { message(lang: EN) } ... on Conflict { code } }
          byFragment: offerPause(id: $bad) { ...Why ... on OfferPaused { offer { id } } }
          another: offerPause(id: $bad) { ... on InvalidInput { fields { code } } }
          skipped: offerPause(id: $bad) { __typename ... on Problem @skip(if: true) { code } }
        }
        fragment Why on Problem { __typename message ... on NotFound { code } }
        """,
        {"bad": "nothing"},
    )
    assert said == {
        "data": {
            "byInterface": {"__typename": "NotFound", "code": "NOT_FOUND"},
            "byName": {"message": "no such offer"},
            "byFragment": {"__typename": "NotFound", "message": "没有找到这个资源供给", "code": "NOT_FOUND"},
            "another": {},
            "skipped": {"__typename": "NotFound"},
        }
    }


async def test_acts_of_one_request_are_done_in_order_and_each_answers_for_itself(stage: Stage) -> None:
    said = await stage.answer(
        """
        mutation($id: ID!) {
          first: offerPause(id: $id) { ... on OfferPaused { offer { status } } }
          second: offerPause(id: $id) { ... on Conflict { code } }
          third: offerResume(id: $id) { ... on OfferResumed { offer { status } } }
        }
        """,
        {"id": stage.offer},
    )
    assert said == {
        "data": {
            "first": {"offer": {"status": "PAUSED"}},
            "second": {"code": "OFFER_PAUSED"},
            "third": {"offer": {"status": "ACTIVE"}},
        }
    }


@pytest.mark.parametrize(
    ("act", "field", "value"),
    [
        ("needSubmit", "quantity", 2**31),
        ("needSubmit", "quantity", 2.5),
        ("needSubmit", "quantity", "3"),
        ("needSubmit", "quantity", None),
        ("needSubmit", "priority", "SOON"),
        ("needSubmit", "neededBy", "2026-02-30"),
        ("needSubmit", "neededBy", 20261122),
        ("needSubmit", "clientGroups", [None]),
        ("offerPublish", "coverage", None),
        ("offerPublish", "title", 5),
        ("organizationRegister", "foundedOn", "yesterday"),
        ("planCompute", "nonsense", 1),
    ],
)
async def test_what_is_not_of_its_type_is_refused_before_anything_is_done(
    stage: Stage, act: str, field: str, value: object
) -> None:
    before, state = await stage.county.counts(), await stage.county.state()
    of = MUTATION.fields[act].args["input"].type  # type: ignore[union-attr]
    said = await stage.answer(
        f"mutation($given: {of}) {{ {act}(input: $given) {{ __typename }} }}",
        {"given": DONE[act][0](stage) | {field: value}},
    )
    assert "data" not in said
    assert [one["extensions"]["code"] for one in said["errors"]] == ["BAD_VARIABLES"]
    assert (await stage.county.counts(), await stage.county.state()) == (before, state)


@pytest.mark.parametrize("act", DONE)
async def test_prepared_or_executed_an_act_answers_the_same(stage: Stage, act: str) -> None:
    """An answer that holds a computed field is executed by the GraphQL library; every other one is made ready once."""
    given, answers, selection, _ = DONE[act]
    by_library = stage.executor.__class__(stage.executor.database, clock=lambda: NOON)
    by_library._acts = lambda *_: None  # type: ignore[method-assign]
    other = Stage(**{**vars(stage), "executor": by_library})
    bad = given(stage) | {"idempotencyKey": "\u0007"}
    assert await stage.send(act, bad) == await other.send(act, bad)
    values = given(stage) | {"idempotencyKey": "k-1"}
    wanted = f"... on {answers} {{ {selection} }}"
    assert await stage.send(act, values, wanted) == await other.send(act, values, wanted)

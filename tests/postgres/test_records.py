"""Every kind of record through the contract: saved, read, changed, told, withdrawn and restored; or refused."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

sys.path.append(str(Path(__file__).parents[1] / "contract"))

from acts import MUTATION, Stage, gid
from record_samples import CHANGES, MADE, SAMPLES
from scenery import built
from small_county import COUNTY, NOON, OTHER_COUNTY, TERMS, TODAY, VILLAGE, County

from db.database import Database
from db.kinds import KINDS
from db.records import Declared, Field, camel
from db.viewer import LOCAL, PUBLIC, Viewer
from exchange.procedures import read_procedures
from exchange.vocabulary import read_terms, shipped
from resolvers import parties
from resolvers.context import Context
from resolvers.referral_steps import STEPS
from resolvers.vocabulary import load
from schema.execution.executor import Executor

SAVED = [name for name, kind in KINDS.items() if kind.kind.saved]
PARTY = {"COMMUNITY": "community", "DONOR_FIRM": "provider", "SOCIAL_WORKER": "worker", "ORGANIZATION": "organization"}


def act(name: str) -> str:
    return camel(f"{name}_save")


def given_name(one: Field) -> str:
    return camel(f"{one.name}_id" if one.form == "to" else one.name)


@dataclass
class Book:
    """A county in which one record of every kind was saved, in an order in which they can point at each other."""

    loop: asyncio.AbstractEventLoop
    stage: Stage
    elsewhere: Viewer
    things: dict[str, str]
    inputs: dict[str, dict[str, Any]]
    #: Kinds whose record could not be saved, and what was said.
    faults: dict[str, str]

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def send(self, name: str, given: dict[str, Any], selection: str = "", viewer: Viewer = LOCAL) -> Any:
        return self.do(self.stage.send(act(name), given, selection, viewer))

    def save(self, name: str, given: dict[str, Any], selection: str = "id") -> Any:
        """The record as it is after a save that is done."""
        typename = f"{KINDS[name].kind.typename}Saved"
        said = self.send(name, given, f"... on {typename} {{ {camel(name)} {{ {selection} }} }}")
        assert said["__typename"] == typename, said
        return said[camel(name)]

    def ask(self, query: str, viewer: Viewer = LOCAL, **variables: Any) -> Any:
        said = self.do(self.stage.answer(query, variables, viewer))
        assert "errors" not in said, said
        return said["data"]

    def node(self, name: str, selection: str, viewer: Viewer = LOCAL) -> Any:
        asked = f"query($id: ID!) {{ node(id: $id) {{ ... on {KINDS[name].kind.typename} {{ {selection} }} }} }}"
        return self.ask(asked, viewer, id=self.things[name])["node"]

    def rows(self) -> list[Any]:
        """Every record of every kind, and how many events: what a refusal leaves as it was."""

        async def read() -> list[Any]:
            found: list[Any] = []
            for name in KINDS:
                found += await self.stage.county.rows(f"SELECT to_jsonb(t) FROM {name} t ORDER BY id")  # noqa: S608
            return [*found, await self.stage.county.one("SELECT count(*) FROM event")]

        found: list[Any] = self.do(read())
        return found


def sample(name: str, things: dict[str, str], codes: dict[str, str]) -> dict[str, Any]:
    """An input that a record of a kind can be made of, every field filled that can be."""
    kind = KINDS[name]
    given: dict[str, Any] = {} if kind.kind.under else {"area": VILLAGE}
    for n, one in enumerate(kind.fields):
        value = _value(kind, one, n, things, codes)
        if value is not None and not one.fixed:
            given[given_name(one)] = value
    given |= SAMPLES.get(name, {})
    return {key: value for key, value in given.items() if value is not None}


def _value(kind: Declared, one: Field, n: int, things: dict[str, str], codes: dict[str, str]) -> Any:
    match one.form:
        case "text" | "prose":
            return f"示例{kind.kind.zh}{n}"
        case "whole":
            return max(one.least or 0, 1)
        case "money":
            return "100.50"
        case "decimal":
            return "1.25"
        case "day":
            late = one.column == kind.kind.until or "until" in one.name or "to_on" in one.name
            return (TODAY + timedelta(days=30 if late else 0)).isoformat()
        case "flag":
            return True
        case "code":
            assert one.codes is not None
            return next(iter(one.codes.values))
        case "term":
            return codes.get(one.scheme or "")
        case "terms":
            return [codes[one.scheme]] if one.scheme in codes else None
        case "named":
            return VILLAGE if one.target == "area" else "WHEELCHAIR"
        case "to":
            if one.target == "party":
                return things[PARTY[one.of[0] if one.of else "DONOR_FIRM"]]
            return things.get(one.target or "") if one.target != kind.name else None


@pytest.fixture(scope="module")
def book(server_url: str, template_url: str) -> Iterator[Book]:
    loop = asyncio.new_event_loop()
    name = "book_of_records"
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)

    async def start() -> tuple[Stage, Viewer, dict[str, str], dict[str, str]]:
        raw = await asyncpg.connect(server_url)
        await raw.execute(f"CREATE DATABASE {name} TEMPLATE {make_url(template_url).database}")
        await raw.close()
        stood = await built(url)
        database = Database(url)
        county = County(Context(database, LOCAL, lambda: NOON), database.engine)
        stage = Stage(county, Executor(database, clock=lambda: NOON), **stood)
        known = {one.scheme for one in TERMS}
        steps = read_procedures([shipped("procedures.csv")], set(), STEPS).records
        terms = [one for one in read_terms().records if one.scheme not in known]
        await load(county.context, terms=terms, procedures=steps)
        worker = await parties.register_social_worker(county.context, name="示例社工", area=VILLAGE)
        carrier = await parties.register_organization(county.context, name="示例社会组织", area=VILLAGE)
        things = {
            "community": stage.community,
            "provider": stage.provider,
            "worker": gid("SocialWorker", worker.id),
            "organization": gid("Organization", carrier.id),
            "need": stage.need,
            "offer": stage.offer,
            "referral": stage.referrals["COMPLETED"],
            "service_record": stage.service,
            "plan": stage.computed,
        }
        found = await county.rows("SELECT DISTINCT ON (scheme) scheme, code FROM term ORDER BY scheme, position, id")
        return stage, await county.coordinator(OTHER_COUNTY, 7), things, {row[0]: row[1] for row in found}

    async def stop(stage: Stage) -> None:
        await stage.executor.database.close()
        raw = await asyncpg.connect(server_url)
        await raw.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await raw.close()

    stage, elsewhere, things, codes = loop.run_until_complete(start())
    made = Book(loop, stage, elsewhere, things, {}, {})
    for kind in KINDS:
        if kind in SAVED:
            made.inputs[kind] = sample(kind, things, codes)
            try:
                things[kind] = made.save(kind, made.inputs[kind])["id"]
            except AssertionError as error:
                made.faults[kind] = str(error)
        elif kind in MADE:
            how, given, path = MADE[kind]
            said = loop.run_until_complete(stage.send(how, given(things), path_selection(path)))
            things[kind] = dug(said, path)
    yield made
    loop.run_until_complete(stop(stage))
    loop.close()


def path_selection(path: str) -> str:
    """ "PoolOpened.pool" -> "... on PoolOpened { pool { id } }"."""
    typename, field = path.split(".")
    return f"... on {typename} {{ {field} {{ id }} }}"


def dug(said: Any, path: str) -> str:
    typename, field = path.split(".")
    assert said["__typename"] == typename, said
    return str(said[field]["id"])


def test_every_act_on_records_is_sent() -> None:
    wanted = {act(name) for name in SAVED} | {"recordWithdraw", "recordRestore"}
    assert wanted <= set(MUTATION.fields)  # type: ignore[union-attr]


def test_one_of_every_kind_was_saved(book: Book) -> None:
    assert book.faults == {}


@pytest.mark.parametrize("name", SAVED)
def test_what_was_saved_reads_back(book: Book, name: str) -> None:
    kind, given = KINDS[name], book.inputs[name]
    parts = {"named": "{ code }", "term": "{ code }", "terms": "{ code }", "to": "{ id }"}
    asked = [one for one in kind.fields if not one.fixed and given_name(one) in given]
    selection = " ".join(f"{camel(one.name)} {parts.get(one.form, '')}" for one in asked)
    said = book.node(name, f"{selection} area {{ code }} recordedAt changedAt")
    for one in asked:
        wanted, got = given[given_name(one)], said[camel(one.name)]
        match one.form:
            case "named" | "term":
                got = got["code"]
            case "terms":
                got = [term["code"] for term in got]
            case "to":
                got = got["id"]
            case "money" | "decimal":
                places = 2 if one.form == "money" else 4
                wanted = f"{wanted}".ljust(str(wanted).index(".") + 1 + places, "0") if "." in str(wanted) else wanted
        assert got == wanted, one.name
    assert said["recordedAt"] == said["changedAt"]


@pytest.mark.parametrize("name", SAVED)
def test_it_stands_in_its_list_and_below_its_area_only(book: Book, name: str) -> None:
    kind = KINDS[name].kind
    page = f"{kind.plural}(where: {{ area: $area }}, first: 100) {{ edges {{ node {{ id }} }} }}"
    asked = f"query($area: String) {{ {page} }}"
    here = [edge["node"]["id"] for edge in book.ask(asked, area=COUNTY)[kind.plural]["edges"]]
    assert book.things[name] in here
    assert book.ask(asked, area=OTHER_COUNTY)[kind.plural]["edges"] == []
    public = [edge["node"]["id"] for edge in book.ask(asked, PUBLIC, area=COUNTY)[kind.plural]["edges"]]
    assert public == (here if kind.seen == "PUBLIC" else [])
    theirs = [edge["node"]["id"] for edge in book.ask(asked, book.elsewhere, area=COUNTY)[kind.plural]["edges"]]
    assert theirs == (here if kind.seen == "PUBLIC" else [])


def changed(name: str) -> dict[str, Any]:
    """One field to change, and what to."""
    if name in CHANGES:
        return CHANGES[name]
    kind = KINDS[name]
    for one in kind.fields:
        if not one.fixed and one.form in ("text", "prose") and one.column not in (kind.kind.key or ()):
            return {given_name(one): "改过的文字"}
    return {"source": "改过的出处"}


@pytest.mark.parametrize("name", SAVED)
def test_a_change_keeps_the_rest_and_its_history_tells_what_was(book: Book, name: str) -> None:
    id, turn = book.things[name], changed(name)
    before = book.node(name, " ".join(turn))
    versions = len(book.ask("query($id: ID!) { recordHistory(id: $id) { act } }", id=id)["recordHistory"])
    assert book.save(name, {"id": id, **turn}, " ".join(turn)) == turn
    assert book.save(name, {"id": id, **turn}, " ".join(turn)) == turn
    said = book.ask(
        "query($id: ID!) { recordHistory(id: $id) { act at changes { field label(lang: EN) before after } } }", id=id
    )["recordHistory"]
    assert len(said) == versions + 1
    assert {one["field"]: one["before"] for one in said[0]["changes"]} == before
    assert {one["field"]: one["after"] for one in said[0]["changes"]} == turn
    assert book.ask("query($id: ID!) { recordHistory(id: $id) { act } }", PUBLIC, id=id)["recordHistory"] == []
    book.save(name, {"id": id, **before})


@pytest.mark.parametrize("name", SAVED)
def test_who_may_not_save_changes_nothing(book: Book, name: str) -> None:
    before = book.rows()
    given = changed(name)
    new = book.inputs[name]
    assert book.send(name, new, viewer=PUBLIC)["__typename"] == "NotAllowed"
    reader = Viewer("READER", 8)
    assert book.send(name, {"id": book.things[name], **given}, viewer=reader)["__typename"] == "NotAllowed"
    for one in (new, {"id": book.things[name], **given}):
        said = book.send(name, one, viewer=book.elsewhere)
        # Of several rows it points at, none is seen.
        nowhere = {field["code"] for field in said.get("fields", ())} == {"NOT_FOUND"}
        assert nowhere or said["__typename"] in ("NotAllowed", "NotFound"), said
    assert book.rows() == before


@pytest.mark.parametrize("name", SAVED)
def test_what_is_missing_or_nowhere_is_told_field_by_field(book: Book, name: str) -> None:
    before, kind = book.rows(), KINDS[name]
    needed = [given_name(one) for one in kind.fields if one.must]
    said = book.send(name, {"idempotencyKey": "\u0007"})
    told = {one["path"][0]: one["code"] for one in said["fields"]}
    wanted = dict.fromkeys(needed, "REQUIRED") | ({} if kind.kind.under else {"area": "REQUIRED"})
    assert told == wanted | {"idempotencyKey": "INVALID_KEY"}
    for id in ("", "nothing", gid("Need", 1), gid(kind.kind.typename, 2**62), gid(kind.kind.typename, 2**70)):
        assert book.send(name, {"id": id})["__typename"] == "NotFound"
    assert book.rows() == before


@pytest.mark.parametrize("name", SAVED)
def test_a_record_is_withdrawn_restored_and_the_same_again(book: Book, name: str) -> None:
    id = book.things[name]
    scalars = " ".join(
        camel(one.name) for one in KINDS[name].fields if one.form not in ("to", "named", "term", "terms")
    )
    was = book.node(name, scalars)
    before = book.rows()
    answer = "{ __typename ... on Problem { code } }"
    withdraw = f"mutation($id: ID!, $why: String!) {{ recordWithdraw(id: $id, reason: $why) {answer} }}"
    restore = f"mutation($id: ID!) {{ recordRestore(id: $id) {answer} }}"
    assert book.ask(withdraw, id=id, why=" ")["recordWithdraw"]["__typename"] == "InvalidInput"
    assert book.ask(restore, id=id)["recordRestore"]["__typename"] == "NotFound"
    assert book.ask(withdraw, PUBLIC, id=id, why="试")["recordWithdraw"]["__typename"] == "NotAllowed"
    assert book.rows() == before
    said = book.ask(withdraw, id=id, why="登记错了")["recordWithdraw"]
    if said["__typename"] == "Conflict":
        assert said["code"] in ("STILL_USED", "IN_USE"), said
        assert book.rows() == before
        return
    assert said["__typename"] == "RecordWithdrawn", said
    assert book.node(name, "id") is None
    assert book.ask(restore, id=id)["recordRestore"]["__typename"] == "RecordRestored"
    assert book.node(name, scalars) == was
    told = book.ask("query($id: ID!) { recordHistory(id: $id) { act reason } }", id=id)["recordHistory"]
    assert [one["act"] for one in told[:2]] == ["restore", "withdraw"]
    assert told[1]["reason"] == "登记错了"


KEYED = [name for name in SAVED if KINDS[name].kind.key is not None]


@pytest.mark.parametrize("name", KEYED)
def test_the_same_record_a_second_time_is_a_conflict(book: Book, name: str) -> None:
    before = book.rows()
    said = book.send(name, book.inputs[name])
    assert said["__typename"] == "Conflict", said
    assert book.rows() == before


def test_an_act_sent_again_with_its_key_is_done_once(book: Book) -> None:
    name = SAVED[0]
    given = {"id": book.things[name], **changed(name), "idempotencyKey": "k-1"}
    first = book.save(name, given)
    before = book.rows()
    assert book.save(name, given) == first
    assert book.rows() == before
    said = book.send(name, given | {"source": "另一处"})
    assert (said["__typename"], said["code"]) == ("Conflict", "IDEMPOTENCY_KEY_REUSED")


def test_a_table_is_asked_as_it_stood(book: Book) -> None:
    """As of a moment: what was recorded later is not there, what was changed later is as it was."""
    from sqlalchemy import func, literal, select

    from db.records import as_of

    row = KINDS[SAVED[0]].row

    async def count(day: date) -> int:
        moment = NOON.replace(year=day.year, month=day.month, day=day.day)
        async with book.stage.county.engine.connect() as conn:
            found = await conn.execute(select(func.count()).select_from(as_of(row, literal(moment))))
            return int(found.scalar_one())

    assert book.do(count(TODAY - timedelta(days=1))) == 0
    assert book.do(count(TODAY + timedelta(days=1))) >= 1

"""Around the rules of identities: a child's without a guardian, a closed case opened again, a seal that is broken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from case_stage import CHILD, GUARDIAN, Stage, gid, staged
from persons import number
from small_county import FAR_VILLAGE, OTHER_COUNTY, TODAY, VILLAGE

from db.viewer import LOCAL
from resolvers import cases, identities, identity_keys, sealing
from resolvers.errors import Conflict, InvalidInput, NotAllowed

ADULT = date(1980, 5, 6)
CHILD_NUMBER = number(date(2016, 5, 6))
SHOWN = "query($id: ID!) { node(id: $id) { ... on Client { code isMinor identity { name phone } } } }"


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as one:
        yield one


async def state(stage: Stage) -> list[Any]:
    found: list[Any] = [await stage.county.counts()]
    for name in ("client", "consent", "case_file", "visit"):
        found += await stage.county.rows(f"SELECT to_jsonb(t) FROM {name} t ORDER BY id")  # noqa: S608
    return [*found, await stage.county.rows("SELECT to_jsonb(t) FROM identity t ORDER BY client_id")]


@pytest.mark.parametrize("first", ["born_on", "identity_number"])
async def test_a_birthday_that_is_not_that_of_the_number_makes_nobody_older(stage: Stage, first: str) -> None:
    """One after the other as little as both at once."""
    values = {"born_on": ADULT, "identity_number": CHILD_NUMBER}
    consent = None if first == "born_on" else GUARDIAN
    client = await stage.client(identity={"name": "陈小草", first: values[first]}, consent=consent)
    (second,) = set(values) - {first}
    before = await state(stage)
    with pytest.raises(InvalidInput) as refused:
        await cases.change_client(stage.county.context, client, identity={second: values[second]})
    assert {one.code for one in refused.value.fields} == {"BORN_ON_DIFFERS"}
    assert await state(stage) == before


async def test_who_is_put_among_children_later_must_say_how_old_too(stage: Stage) -> None:
    client = await stage.client(identity={"name": "陈小草"}, consent=None)
    before = await state(stage)
    with pytest.raises(InvalidInput) as refused:
        await cases.change_client(stage.county.context, client, groups=["ORPHAN"])
    assert {".".join(one.path): one.code for one in refused.value.fields} == {"identity.bornOn": "REQUIRED"}
    assert await state(stage) == before
    nameless = await stage.client(code="甲-2", identity=None, consent=None)
    await cases.change_client(stage.county.context, nameless, groups=["ORPHAN"])


async def test_a_childs_own_consent_keeps_nothing_once_the_guardians_is_taken_back(stage: Stage) -> None:
    own = {"purpose": "STORE", "given_on": TODAY, "evidence": "同意书", "given_by": "CLIENT"}
    client = await stage.client(identity={"name": "陈小草"}, consent=own)
    await cases.change_client(stage.county.context, client, identity={"born_on": date(2016, 1, 1)}, consent=GUARDIAN)
    (guardians,) = await stage.county.rows("SELECT id FROM consent WHERE given_by = 'GUARDIAN'")
    await cases.revoke_consent(stage.county.context, guardians[0], reason="监护人撤回")
    assert (await stage.county.one("SELECT count(*) FROM identity"))[0] == 0


async def test_nothing_that_tells_the_age_is_emptied_to_get_round_the_guardian(stage: Stage) -> None:
    client = await stage.client()
    before = await state(stage)
    with pytest.raises(InvalidInput):
        await cases.change_client(stage.county.context, client, identity={"identity_number": None})
    assert await state(stage) == before


async def test_a_worker_does_not_open_its_closed_case_again_to_read_on(stage: Stage) -> None:
    worker, own = await stage.worker()
    client = await stage.client(worker=worker)
    case = await stage.case(client, worker)
    await stage.save("CaseFile", own, id=case, closedOn="2026-11-22", outcome="GOT_HELP", closeReason="迁出")
    before = await state(stage)
    for given in ({"closedOn": None, "outcome": None}, {"title": "改"}):
        said = await stage.act("caseFileSave", {"id": case, **given}, viewer=own)
        assert said["__typename"] == "NotAllowed", said
    assert await state(stage) == before
    with pytest.raises(NotAllowed):
        await identities.read(stage.county.by(own), client, purpose="家访")
    await stage.save("CaseFile", await stage.county.coordinator(), id=case, closedOn=None, outcome=None)


async def test_a_worker_records_nothing_in_another_county(stage: Stage) -> None:
    worker, own = await stage.worker()
    given = {"visitedOn": "2026-11-22", "workerId": gid("SocialWorker", worker)}
    visit = await stage.save("Visit", own, area=FAR_VILLAGE, **given)
    before = await state(stage)
    for more in (given | {"area": OTHER_COUNTY}, {"id": visit, "area": OTHER_COUNTY}):
        said = await stage.act("visitSave", more, viewer=own)
        assert said["__typename"] == "NotAllowed", said
    assert await state(stage) == before


async def test_a_name_of_one_letter_is_not_shown(stage: Stage) -> None:
    client = await stage.client(identity={"name": "丁", "phone": "6543210"}, consent=None)
    said = (await stage.ask(SHOWN, await stage.county.coordinator(), id=gid("Client", client)))["node"]["identity"]
    assert said == {"name": "*", "phone": "****10"}


async def test_one_broken_seal_hides_one_person_and_no_other(stage: Stage) -> None:
    first = await stage.client(identity={"name": "王一"}, consent=None)
    await stage.client(code="甲-2", identity={"name": "李二"}, consent=None)
    async with stage.county.engine.begin() as conn:
        await conn.exec_driver_sql(
            "UPDATE identity SET name = (SELECT name FROM identity WHERE client_id <> $1) WHERE client_id = $1",
            (first,),
        )
    coordinator = await stage.county.coordinator()
    said = await stage.answer("{ clients { edges { node { code identity { name } } } } }", coordinator)
    shown = {one["node"]["code"]: one["node"]["identity"] for one in said["data"]["clients"]["edges"]}
    assert shown == {"甲-1": None, "甲-2": {"name": "李*"}}
    assert [one["extensions"]["code"] for one in said["errors"]] == ["IDENTITY_BROKEN"]
    before = await state(stage)
    with pytest.raises(Conflict) as refused:
        await identities.read(stage.county.by(coordinator), first, purpose="家访")
    assert refused.value.code == "IDENTITY_BROKEN"
    assert await state(stage) == before
    sealing.use(sealing.ring(stage.county.engine).with_key(*sealing.new_key()), engine=stage.county.engine)
    told = [one async for one in identity_keys.rotate(stage.county.context)][-1]
    assert (told.done, told.total, told.closed) == (1, 2, 1)


@pytest.mark.parametrize("field", ["code", "source", "evidence", "title", "findings", "reason", "purpose"])
async def test_an_identity_number_is_refused_wherever_it_would_stand_in_plain(stage: Stage, field: str) -> None:
    typed = f"身份证{CHILD['identity_number'][:6]} {CHILD['identity_number'][6:]}。"
    client = await stage.client()
    before = await state(stage)
    (consent,) = await stage.county.rows("SELECT id FROM consent")
    coordinator = await stage.county.coordinator()
    sent: dict[str, tuple[str, dict[str, Any]]] = {
        "code": ("clientChange", {"id": gid("Client", client)}),
        "source": ("clientChange", {"id": gid("Client", client)}),
        "evidence": (
            "consentGive",
            {"clientId": gid("Client", client), "purpose": "SHARE", "givenBy": "GUARDIAN", "givenOn": "2026-11-22"},
        ),
        "title": ("caseFileSave", {"area": VILLAGE, "code": "个-1", "method": "GROUP_WORK", "openedOn": "2026-11-01"}),
        "findings": ("visitSave", {"area": VILLAGE, "visitedOn": "2026-11-22"}),
        "reason": ("consentRevoke", {"id": gid("Consent", consent[0])}),
        "purpose": ("identityRead", {"clientId": gid("Client", client)}),
    }
    name, given = sent[field]
    said = await stage.act(name, {**given, field: typed}, viewer=coordinator)
    assert {(one["path"][-1], one["code"]) for one in said["fields"]} >= {(field, "IDENTITY_NUMBER")}
    assert CHILD["identity_number"][6:] not in repr(said)
    assert await state(stage) == before


async def test_what_looks_like_a_number_of_a_person_and_is_none_is_let_through(stage: Stage) -> None:
    for n, text in enumerate(("370832202600000001", "表 91370832MA3C000000", CHILD["identity_number"][:-1] + "A")):
        await stage.save(
            "Visit", LOCAL, area=VILLAGE, visitedOn="2026-11-22", findings=text, persons=n + 1, personTimes=9
        )


async def test_a_viewer_of_another_area_learns_nothing_of_a_client(stage: Stage) -> None:
    """Whatever act names a client that one may not see answers as for one that is not there."""
    client = gid("Client", await stage.client())
    (consent,) = await stage.county.rows("SELECT id FROM consent")
    worker, partner = await stage.worker("外人")
    nobody = {"Client": gid("Client", 9_999), "Consent": gid("Consent", 9_999)}
    before = await state(stage)
    for viewer in (
        await stage.county.coordinator(OTHER_COUNTY, 7),
        await stage.county.coordinator(FAR_VILLAGE, 8),
        partner,
    ):
        for name, of in {
            "clientChange": lambda id: {"id": id, "code": "改"},
            "identityRead": lambda id: {"clientId": id, "purpose": "看"},
            "consentGive": lambda id: {
                "clientId": id, "purpose": "SHARE", "givenBy": "GUARDIAN", "givenOn": "2026-11-22", "evidence": "表",
            },
            "assessmentSave": lambda id: {
                "clientId": id, "assessedOn": "2026-11-22", "material": "SOME", "mental": "SOME",
                "psychological": "SOME", "grade": "RED",
            },
            "visitSave": lambda id: {
                "clientId": id, "area": FAR_VILLAGE, "visitedOn": "2026-11-22", "workerId": gid("SocialWorker", worker),
            },
        }.items():  # fmt: skip
            there, nowhere = [await stage.act(name, of(id), viewer=viewer) for id in (client, nobody["Client"])]
            assert there == nowhere, (name, viewer)
        theirs = await stage.act("consentRevoke", {"id": gid("Consent", consent[0]), "reason": "试"}, viewer=viewer)
        assert theirs == await stage.act("consentRevoke", {"id": nobody["Consent"], "reason": "试"}, viewer=viewer)
        said = await stage.ask("query($id: ID!) { recordHistory(id: $id) { act } }", viewer, id=client)
        assert said == {"recordHistory": []}
        said = await stage.ask(
            "query($id: ID!) { identityReadings(where: { client: $id }) { totalCount } }", viewer, id=client
        )
        assert said["identityReadings"]["totalCount"] == 0
    assert await state(stage) == before


@pytest.mark.parametrize(
    "identity",
    [
        {"name": "陈小娜", "phone": 13912345678},
        {"name": "陈小娜", "telephone": "13912345678"},
        {"name": ["陈小娜\n", "13912345678"]},
        "陈小娜 13912345678",
    ],
)
async def test_what_does_not_even_have_the_form_of_an_identity_is_not_repeated(stage: Stage, identity: Any) -> None:
    document = "mutation($given: ClientOpenInput!) { clientOpen(input: $given) { __typename } }"
    said = await stage.answer(document, LOCAL, given={"area": VILLAGE, "code": "甲-1", "identity": identity})
    (error,) = said["errors"]
    assert error["extensions"]["code"] == "BAD_VARIABLES"
    assert "identity" in error["message"]
    assert not any(part in repr(said) for part in ("陈小娜", "13912345678"))
    written = (
        'mutation { clientOpen(input: {area: "1", code: "1", identity: {name: "陈小娜", phone: 13912345678, x: "y"}})'
    )
    said = await stage.answer(written + " { __typename } }", LOCAL)
    assert {one["extensions"]["code"] for one in said["errors"]} == {"VALIDATION_FAILED"}
    assert not any(part in repr(said) for part in ("陈小娜", "13912345678"))


async def test_what_is_saved_after_another_process_rotated_is_sealed_with_the_new_key(stage: Stage) -> None:
    """Else the former key, taken out of the file once nothing needs it, would take a person with it."""
    engine = stage.county.engine
    old = sealing.ring(engine)
    both = old.with_key(*sealing.new_key())
    sealing.use(old, lambda: both, engine=engine)
    await stage.client(identity={"name": "王一"}, consent=None)
    assert await identity_keys.sealed_by_key(stage.county.context) == {both.newest: 1}

    def unreadable() -> sealing.KeyRing:
        raise FileNotFoundError

    sealing.use(both, unreadable, engine=engine)
    await stage.client(code="甲-2", identity={"name": "李二"}, consent=None)
    assert await identity_keys.sealed_by_key(stage.county.context) == {both.newest: 2}

"""Who a client is: shown masked, in plain to few and on record; stored for a child only with a guardian's consent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from case_stage import CHILD, GUARDIAN, Stage, gid, staged
from persons import number
from small_county import COUNTY, OTHER_COUNTY, OTHER_TOWN, TODAY, TOWN, VILLAGE

from db.viewer import PUBLIC, Viewer
from resolvers import cases, identities, identity_keys, referrals, sealing
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound

MASKED = {
    "name": "陈**",
    "phone": "139****2468",
    "address": "拳铺镇****",
    "identityNumber": "*" * 14 + CHILD["identity_number"][-4:],
    "guardianName": "陈**",
    "guardianPhone": "137****8642",
    "bornOn": None,
}
IDENTITY = "identity { name phone address identityNumber guardianName guardianPhone bornOn }"
SHOWN = f"query($id: ID!) {{ node(id: $id) {{ ... on Client {{ code isMinor {IDENTITY} }} }} }}"


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as one:
        yield one


async def shown(stage: Stage, client: int, viewer: Viewer) -> Any:
    return (await stage.ask(SHOWN, viewer, id=gid("Client", client)))["node"]


async def test_whoever_looks_after_the_area_sees_it_masked_and_nobody_else_at_all(stage: Stage) -> None:
    client = await stage.client()
    wanted = {"code": "甲-1", "isMinor": True, "identity": MASKED}
    for viewer in (
        await stage.county.coordinator(),
        await stage.county.coordinator(TOWN),
        Viewer("READER", 3, await stage.county.area_id(VILLAGE)),
    ):
        assert await shown(stage, client, viewer) == wanted
    _, partner = await stage.worker()
    for viewer in (
        PUBLIC,
        partner,
        await stage.county.coordinator(OTHER_COUNTY),
        await stage.county.coordinator(OTHER_TOWN),
    ):
        assert await shown(stage, client, viewer) is None


async def read(stage: Stage, client: int, viewer: Viewer, key: str | None = None) -> identities.Identity | None:
    context = stage.county.by(viewer)
    return (await identities.read(context, client, purpose="核对住址", idempotency_key=key))[1]


async def readings(stage: Stage, viewer: Viewer) -> list[Any]:
    document = """{ identityReadings { edges { node {
        readerRole purpose shown readAt client { code } reader { name } referral { status } } } } }"""
    return [edge["node"] for edge in (await stage.ask(document, viewer))["identityReadings"]["edges"]]


async def test_a_reading_in_plain_is_on_record_for_coordinators_and_not_for_readers(stage: Stage) -> None:
    client = await stage.client()
    coordinator = await stage.county.coordinator()
    plain = await read(stage, client, coordinator)
    assert plain is not None
    assert {name: getattr(plain, name) for name in CHILD} == CHILD
    assert repr(plain) == "Identity()"
    (one,) = await readings(stage, coordinator)
    assert one == {
        "readerRole": "COORDINATOR",
        "purpose": "核对住址",
        "shown": sorted(CHILD),
        "readAt": "2026-11-22T04:00:00+00:00",
        "client": {"code": "甲-1"},
        "reader": None,
        "referral": None,
    }
    for viewer in (PUBLIC, Viewer("READER", 3), await stage.county.coordinator(OTHER_COUNTY)):
        assert await readings(stage, viewer) == []


async def test_asked_again_with_the_same_key_the_record_comes_without_the_person(stage: Stage) -> None:
    client = await stage.client()
    coordinator = await stage.county.coordinator()
    document = (
        "mutation($given: IdentityReadInput!) { identityRead(input: $given) {"
        " ... on IdentityRead { reading { id } identity { name bornOn } } } }"
    )
    given = {"clientId": gid("Client", client), "purpose": "家访", "idempotencyKey": "k"}
    first = (await stage.ask(document, coordinator, given=given))["identityRead"]
    again = (await stage.ask(document, coordinator, given=given))["identityRead"]
    assert first["identity"] == {"name": "陈小娜", "bornOn": None}
    assert again == {"reading": first["reading"], "identity": None}
    assert len(await readings(stage, coordinator)) == 1
    # Without a key each reading is one more.
    await read(stage, client, coordinator)
    assert len(await readings(stage, coordinator)) == 2


async def test_the_worker_reads_it_while_the_case_is_open_and_no_other_worker(stage: Stage) -> None:
    client = await stage.client(worker=None)
    worker, own = await stage.worker()
    other, theirs = await stage.worker("王社工")
    await cases.change_client(stage.county.context, client, worker=worker)
    before = await stage.county.counts()
    with pytest.raises(NotAllowed, match="worker of an open case"):
        await read(stage, client, own)
    assert await stage.county.counts() == before
    case = await stage.case(client, worker)
    plain = await read(stage, client, own)
    assert plain is not None
    assert plain.name == "陈小娜"
    with pytest.raises(NotFound):
        await read(stage, client, theirs)
    assert [one["reader"] for one in await readings(stage, own)] == [{"name": "李社工"}]
    assert await readings(stage, theirs) == []
    await stage.save("CaseFile", id=case, closedOn="2026-11-22", outcome="GOT_HELP", closeReason="转介外县")
    with pytest.raises(NotAllowed):
        await read(stage, client, own)
    assert other != worker


@pytest.mark.parametrize("role", ["READER", "PUBLIC"])
async def test_who_only_reads_lists_does_not_read_people(stage: Stage, role: Any) -> None:
    client = await stage.client()
    before = await stage.county.counts()
    with pytest.raises(NotAllowed):
        await read(stage, client, Viewer(role, 3))
    with pytest.raises(InvalidInput):
        await identities.read(stage.county.context, client, purpose=" ")
    assert await stage.county.counts() == before


# ------------------------------------------------------------------------------------------------ under 14


@pytest.mark.parametrize(
    "consent",
    [
        None,
        GUARDIAN | {"given_by": "CLIENT"},
        GUARDIAN | {"purpose": "SHARE"},
        GUARDIAN | {"given_on": date(2025, 1, 1), "until_on": date(2025, 12, 31)},
    ],
)
async def test_a_child_under_fourteen_is_not_stored_without_a_guardian(stage: Stage, consent: Any) -> None:
    before, state = await stage.county.counts(), await stage.county.state()
    with pytest.raises(Conflict) as refused:
        await stage.client(consent=consent, idempotency_key="k")
    assert refused.value.code == "CONSENT_REQUIRED"
    with pytest.raises(Conflict):
        await stage.client(consent=consent, identity={"name": "小草", "born_on": date(2013, 1, 1)})
    assert (await stage.county.counts(), await stage.county.state()) == (before, state)
    # The same key still does what was meant.
    assert await stage.client(idempotency_key="k")


async def test_who_is_fourteen_needs_no_guardian_and_who_turns_out_younger_does(stage: Stage) -> None:
    client = await stage.client(identity={"name": "陈小草", "born_on": date(2012, 11, 21)}, consent=None)
    before = await stage.county.counts()
    with pytest.raises(Conflict) as refused:
        await cases.change_client(stage.county.context, client, identity={"born_on": date(2012, 11, 23)})
    assert refused.value.code == "CONSENT_REQUIRED"
    assert await stage.county.counts() == before
    await cases.change_client(stage.county.context, client, identity={"born_on": date(2012, 11, 23)}, consent=GUARDIAN)
    assert (await shown(stage, client, await stage.county.coordinator()))["isMinor"]
    # Two years later the next change finds it out.
    later = stage.on(date(2028, 11, 22))
    await cases.change_client(later.county.context, client, code="甲-2")
    assert not (await shown(stage, client, await stage.county.coordinator()))["isMinor"]


async def test_of_a_child_without_a_birthday_the_birthday_is_asked(stage: Stage) -> None:
    before = await stage.county.counts()
    with pytest.raises(InvalidInput) as refused:
        await stage.client(groups=["ORPHAN"], identity={"name": "陈小草", "phone": "1"})
    assert {".".join(one.path) for one in refused.value.fields} == {"identity.phone"}
    with pytest.raises(InvalidInput) as refused:
        await stage.client(groups=["ORPHAN", "?"], identity={"name": "陈小草"})
    assert {".".join(one.path): one.code for one in refused.value.fields} == {
        "groups": "UNKNOWN_TERM",
        "identity.bornOn": "REQUIRED",
    }
    assert await stage.county.counts() == before


async def test_one_person_has_one_file_in_a_county(stage: Stage) -> None:
    await stage.client()
    before = await stage.county.counts()
    with pytest.raises(Conflict) as refused:
        await stage.client(code="甲-2")
    assert refused.value.code == "ALREADY_THERE"
    assert await stage.county.counts() == before
    assert await stage.client(code="乙-1", area=OTHER_COUNTY)
    ring = sealing.ring(stage.county.engine)
    sealing.use(ring.with_key(*sealing.new_key()), engine=stage.county.engine)
    with pytest.raises(Conflict):
        await stage.client(code="甲-3")


async def test_who_takes_the_consent_back_is_forgotten(stage: Stage) -> None:
    client = await stage.client()
    (consent,) = await stage.county.rows("SELECT id FROM consent")
    await cases.revoke_consent(stage.county.context, consent[0], reason="监护人来站撤回")
    assert (await shown(stage, client, await stage.county.coordinator()))["identity"] is None
    assert (await stage.county.one("SELECT count(*) FROM identity"))[0] == 0
    with pytest.raises(Conflict) as refused:
        await cases.revoke_consent(stage.county.context, consent[0], reason="再一次")
    assert refused.value.code == "CONSENT_REVOKED"
    with pytest.raises(Conflict) as refused:
        await cases.change_client(stage.county.context, client, identity=CHILD)
    assert refused.value.code == "CONSENT_REQUIRED"


# ------------------------------------------------------------------------------------------------ for providers


async def ordered(stage: Stage, client: int) -> tuple[int, Viewer]:
    """An order for a need of the client's case, and its provider."""
    county = stage.county
    need, provider = await county.need(await county.community()), await county.provider()
    case = await stage.case(client)
    await stage.save("CaseNeed", caseFileId=case, needId=gid("Need", need))
    done = await referrals.request(county.context, need_id=need, offer_id=await county.offer(provider), quantity=1)
    return done.id, Viewer("PARTNER", 70, party_id=provider)


async def test_a_provider_learns_whom_it_helps_once_it_accepted_and_a_consent_to_share_stands(stage: Stage) -> None:
    county = stage.county
    client = await stage.client()
    order, provider = await ordered(stage, client)
    masked = f"""query {{ referralClient(referralId: "{gid("Referral", order)}") {{ __typename
        ... on ReferralClient {{ identity {{ name phone address identityNumber guardianName }} }}
        ... on Problem {{ code zh: message en: message(lang: EN) }} }} }}"""

    async def refused(code: str) -> None:
        before = await county.counts()
        with pytest.raises(Conflict) as said:
            await identities.read_for_referral(county.by(provider), order, purpose="送货")
        assert said.value.code == code
        told = (await stage.ask(masked, provider))["referralClient"]
        assert (told["__typename"], told["code"]) == ("Conflict", code)
        assert told["zh"]
        assert told["en"]
        assert await county.counts() == before

    await refused("REFERRAL_REQUESTED")
    await referrals.advance(county.by(provider), "accept", order)
    await refused("CONSENT_REQUIRED")
    given = {"client": client, "purpose": "SHARE", "given_on": TODAY, "evidence": "同意书"}
    with pytest.raises(InvalidInput):
        await cases.give_consent(county.context, **given, given_by="CLIENT")
    other = await county.provider(name="别的公司")
    await cases.give_consent(county.context, **given, given_by="GUARDIAN", party=other)
    await refused("CONSENT_REQUIRED")
    share = await cases.give_consent(
        county.context, **given, given_by="GUARDIAN", party=provider.party_id, until_on=date(2026, 11, 25)
    )
    told = (await stage.ask(masked, provider))["referralClient"]
    assert told["identity"] == {
        **{name: MASKED[name] for name in ("name", "phone", "address")},
        "identityNumber": None,
        "guardianName": None,
    }
    _, plain = await identities.read_for_referral(county.by(provider), order, purpose="送货")
    assert plain == identities.Identity(name=CHILD["name"], phone=CHILD["phone"], address=CHILD["address"])
    (reading,) = await readings(stage, await county.coordinator())
    assert (reading["reader"], reading["referral"]) == ({"name": "拳铺爱心公司"}, {"status": "ACCEPTED"})
    with pytest.raises(NotFound):
        await identities.read_for_referral(county.by(Viewer("PARTNER", 9, party_id=other)), order, purpose="送货")
    late = stage.on(date(2026, 11, 26))
    with pytest.raises(Conflict):
        await identities.read_for_referral(late.county.by(provider), order, purpose="送货")
    await cases.revoke_consent(county.context, share.id, reason="不再同意")
    await refused("CONSENT_REQUIRED")


async def test_a_need_of_no_case_leads_to_nobody(stage: Stage) -> None:
    county = stage.county
    need, provider = await county.need(await county.community()), await county.provider()
    order = await referrals.request(county.context, need_id=need, offer_id=await county.offer(provider), quantity=1)
    await referrals.advance(county.context, "accept", order.id)
    with pytest.raises(Conflict) as refused:
        await identities.read_for_referral(county.context, order.id, purpose="送货")
    assert refused.value.code == "NO_CLIENT"


# ------------------------------------------------------------------------------------------------ keys


async def test_everything_is_sealed_anew_and_opens_with_the_new_key_alone(stage: Stage, monkeypatch: Any) -> None:
    county, engine = stage.county, stage.county.engine
    monkeypatch.setattr(identity_keys, "AT_ONCE", 2)
    clients = [await stage.client()]
    for n in range(4):
        own = {"name": f"成年{n}", "identity_number": number(date(1950 + n, 1, 1))}
        clients.append(await stage.client(code=f"成-{n}", identity=own, consent=None))
    old = sealing.ring(engine)
    both = old.with_key(*sealing.new_key())
    sealing.use(both, engine=engine)
    # Interrupted after the first batch, it goes on where it was.
    async for progress in identity_keys.rotate(county.context):
        if progress.done:
            break
    assert (progress.done, progress.total) == (2, 5)
    assert await identity_keys.sealed_by_key(county.context) == {old.newest: 3, both.newest: 2}
    told = [(one.done, one.total, one.closed) async for one in identity_keys.rotate(county.context)]
    assert told == [(0, 3, 0), (2, 3, 0), (3, 3, 0)]
    sealing.use(sealing.KeyRing({both.newest: both.keys[both.newest]}), engine=engine)
    for client in clients:
        plain = await read(stage, client, await county.coordinator())
        assert plain is not None
        assert plain.name
    with pytest.raises(Conflict) as refused:
        await stage.client(code="甲-9")
    assert refused.value.code == "ALREADY_THERE"


async def test_without_its_key_an_identity_is_closed_and_everything_else_goes_on(stage: Stage) -> None:
    county = stage.county
    client = await stage.client()
    coordinator = await county.coordinator()
    sealing.use(sealing.made(), engine=county.engine)
    said = await stage.answer(SHOWN, coordinator, id=gid("Client", client))
    assert said["data"]["node"]["identity"] is None
    assert said["data"]["node"]["code"] == "甲-1"
    assert [one["extensions"]["code"] for one in said["errors"]] == ["IDENTITY_KEY_MISSING"]
    before = await county.counts()
    with pytest.raises(Conflict) as refused:
        await read(stage, client, coordinator)
    assert refused.value.code == "IDENTITY_KEY_MISSING"
    with pytest.raises(Conflict):
        await cases.change_client(county.context, client, identity={"phone": "13900001111"})
    assert await county.counts() == before
    assert [one async for one in identity_keys.rotate(county.context)][-1].closed == 1
    await cases.change_client(county.context, client, code="甲-1 改")
    assert (await stage.client(code="乙", identity={"name": "别人"}, consent=None)) > client
    # Who types everything anew has it again.
    full = {**dict.fromkeys(("born_on",)), **CHILD}
    await cases.change_client(county.context, client, identity=full)
    assert (await shown(stage, client, coordinator))["identity"] == MASKED


async def test_a_key_that_another_process_added_is_found(stage: Stage) -> None:
    county = stage.county
    client = await stage.client()
    old = sealing.ring(county.engine)
    both = old.with_key(*sealing.new_key())
    sealing.use(both, engine=county.engine)
    assert [one async for one in identity_keys.rotate(county.context)][-1].done == 1
    sealing.use(old, lambda: both, engine=county.engine)
    assert await read(stage, client, await county.coordinator())


async def test_without_any_ring_files_open_but_nobody_is_named(stage: Stage, monkeypatch: Any) -> None:
    monkeypatch.setattr(sealing, "_here", [])
    before = await stage.county.counts()
    with pytest.raises(Conflict) as refused:
        await stage.client()
    assert refused.value.code == "IDENTITY_KEY_MISSING"
    assert await stage.county.counts() == before
    assert await stage.client(identity=None, consent=None)


def test_the_county_of_the_tests_is_that_of_the_numbers() -> None:
    assert CHILD["identity_number"].startswith(COUNTY)

"""Publishing, changing, confirming, pausing, resuming and withdrawing offers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from small_county import COUNTY, FAR_VILLAGE, NOON, OTHER_COUNTY, OTHER_TOWN, TODAY, TOWN, VILLAGE, County, found

from db.viewer import PUBLIC, Viewer
from resolvers import offers, parties
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound

ACTS = (offers.confirm, offers.pause, offers.resume, offers.withdraw)


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


def codes(refusal: InvalidInput) -> dict[tuple[str, ...], str]:
    return {problem.path: problem.code for problem in refusal.fields}


async def test_a_published_offer_is_active_and_fresh_and_copies_its_providers_place(county: County) -> None:
    provider = await county.provider()
    done = await offers.publish(
        county.context,
        title="轮椅十台",
        provider_id=provider,
        resource_type="WHEELCHAIR",
        capacity=10,
        coverage=[COUNTY, TOWN, COUNTY],
        client_groups=["ELDER"],
        minimum_per_need=None,
        maximum_per_need=2,
        available_from=TODAY,
        available_until=TODAY,
        earmark="CHILD_PROTECTION",
    )
    row = await county.one("SELECT * FROM offer")
    assert (done.entity, done.id) == ("offer", row.id)
    assert (row.status, row.confirmed_at, row.available) == ("ACTIVE", NOON, 10)
    assert (row.minimum_per_need, row.maximum_per_need) == (1, 2)
    assert row.coverage_ids == [await county.area_id(COUNTY), await county.area_id(TOWN)]
    assert row.area_id == await county.area_id(TOWN)
    assert row.county_id == await county.area_id(COUNTY)
    event = await county.one("SELECT * FROM event WHERE entity = 'offer'")
    assert (event.kind, event.entity_id, event.area_id) == ("offer.published", row.id, row.area_id)


async def test_every_faulty_field_is_reported_at_once_and_nothing_is_written(county: County) -> None:
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await offers.publish(
            county.context,
            title=" ",
            provider_id=None,
            resource_type="轮以",
            capacity=3,
            coverage=[COUNTY, "370832999", "梁山县"],
            client_groups=["X"],
            minimum_per_need=5,
            maximum_per_need=4,
            available_from=date(2026, 11, 20),
            available_until=date(2026, 11, 19),
            earmark="ORPHANS",
        )
    assert codes(refusal.value) == {
        ("title",): "REQUIRED",
        ("providerId",): "NOT_FOUND",
        ("resourceType",): "UNKNOWN_RESOURCE_TYPE",
        ("coverage", "1"): "UNKNOWN_AREA",
        ("coverage", "2"): "UNKNOWN_AREA",
        ("clientGroups", "0"): "UNKNOWN_TERM",
        ("maximumPerNeed",): "BELOW_MINIMUM",
        ("minimumPerNeed",): "ABOVE_CAPACITY",
        ("availableUntil",): "IN_THE_PAST",
        ("earmark",): "UNKNOWN_TERM",
    }
    reversed_too = [p.code for p in refusal.value.fields if p.path == ("availableUntil",)]
    assert reversed_too == ["DATES_REVERSED", "IN_THE_PAST"]
    said = {problem.path: problem.message_zh for problem in refusal.value.fields}
    # The nearest: by the beginning of the code, by name, by likeness.
    assert "370832 山东省济宁市梁山县" in said["coverage", "1"]
    assert "370832 山东省济宁市梁山县" in said["coverage", "2"]
    assert "WHEELCHAIR" in said["resourceType",]
    assert "ORPHAN" in said["earmark",]
    assert await county.counts() == before


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("coverage", [], "REQUIRED"),
        ("coverage", [str(n) for n in range(1_001)], "TOO_MANY"),
        ("coverage", ["\x00"], "UNKNOWN_AREA"),
        ("coverage", ["3" * 100_000], "UNKNOWN_AREA"),
        ("capacity", 0, "OUT_OF_RANGE"),
        ("capacity", 2_147_483_648, "OUT_OF_RANGE"),
        ("minimum_per_need", 0, "OUT_OF_RANGE"),
        ("maximum_per_need", -3, "OUT_OF_RANGE"),
        ("available_until", date(2026, 11, 21), "IN_THE_PAST"),
    ],
)
async def test_one_faulty_field_changes_nothing(county: County, field: str, value: object, code: str) -> None:
    provider = await county.provider()
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await county.offer(provider, **{field: value})
    assert [problem.code for problem in refusal.value.fields] == [code]
    assert await county.counts() == before


async def test_a_community_may_offer_its_room(county: County) -> None:
    assert await county.offer(await county.community(), title="活动室", coverage=[VILLAGE])


async def test_an_unknown_provider_is_not_found(county: County) -> None:
    before = await county.counts()
    with pytest.raises(NotFound):
        await county.offer(404)
    assert await county.counts() == before


async def test_an_offer_goes_through_its_life_with_an_event_for_each_step(county: County) -> None:
    offer = await county.offer(await county.provider())
    statuses = []
    for act in (offers.pause, offers.confirm, offers.resume, offers.withdraw):
        assert (await act(county.on(TODAY + timedelta(days=3)), offer)).id == offer
        statuses.append((await county.one("SELECT status FROM offer")).status)
    assert statuses == ["PAUSED", "PAUSED", "ACTIVE", "WITHDRAWN"]
    row = await county.one("SELECT confirmed_at FROM offer")
    assert row.confirmed_at == NOON + timedelta(days=3)
    kinds = await county.rows("SELECT kind FROM event WHERE entity = 'offer' ORDER BY id")
    assert [kind for (kind,) in kinds] == [
        "offer.published",
        "offer.paused",
        "offer.confirmed",
        "offer.resumed",
        "offer.withdrawn",
    ]


async def test_what_is_not_possible_now_says_what_is_and_changes_nothing(county: County) -> None:
    offer = await county.offer(await county.provider())
    with pytest.raises(Conflict) as refusal:
        await offers.resume(county.context, offer)
    assert refusal.value.code == "OFFER_ACTIVE"
    assert "暂停" in refusal.value.message_zh
    assert "pause" in refusal.value.message_en
    await offers.pause(county.context, offer)
    with pytest.raises(Conflict, match="OFFER_PAUSED"):
        await offers.pause(county.context, offer)
    await offers.withdraw(county.context, offer)
    before, state = await county.counts(), await county.state()
    for act in ACTS:
        with pytest.raises(Conflict, match="OFFER_WITHDRAWN"):
            await act(county.context, offer)
    with pytest.raises(Conflict, match="OFFER_WITHDRAWN"):
        await offers.change(county.context, offer, capacity=5)
    assert (await county.counts(), await county.state()) == (before, state)


@pytest.mark.parametrize("viewer", [PUBLIC, Viewer("READER", 3)])
async def test_readers_and_the_public_act_on_no_offer(county: County, viewer: Viewer) -> None:
    provider = await county.provider()
    offer = await county.offer(provider)
    before, state = await county.counts(), await county.state()
    context = county.by(viewer)
    for act in ACTS:
        with pytest.raises(NotAllowed):
            await act(context, offer)
    with pytest.raises(NotAllowed):
        await offers.publish(
            context, title="x", provider_id=provider, resource_type="GOODS", capacity=1, coverage=[COUNTY]
        )
    with pytest.raises(NotAllowed):
        await offers.change(context, offer, title="x")
    assert (await county.counts(), await county.state()) == (before, state)


async def test_a_partner_acts_on_its_own_offers_only(county: County) -> None:
    own, other = await county.provider(), await county.provider(name="别家")
    partner = county.by(Viewer("PARTNER", 9, party_id=own))
    foreign = await county.offer(other)
    hidden = await county.offer(other, title="暂停的")
    await offers.pause(county.context, hidden)
    mine = (
        await offers.publish(
            partner, title="轮椅", provider_id=own, resource_type="GOODS", capacity=3, coverage=[COUNTY]
        )
    ).id
    await offers.change(partner, mine, capacity=4)
    for act in (offers.confirm, offers.pause, offers.resume):
        await act(partner, mine)
    before, state = await county.counts(), await county.state()
    for act in ACTS:
        with pytest.raises(NotAllowed):
            await act(partner, foreign)
        # An offer of others that is not active is none of its business.
        with pytest.raises(NotFound):
            await act(partner, hidden)
    with pytest.raises(NotAllowed):
        await offers.publish(
            partner, title="x", provider_id=other, resource_type="GOODS", capacity=1, coverage=[COUNTY]
        )
    assert (await county.counts(), await county.state()) == (before, state)
    await offers.withdraw(partner, mine)


async def test_a_coordinator_acts_for_providers_of_its_area(county: County) -> None:
    near, far = await county.provider(), await county.provider(OTHER_TOWN, "杨营公司")
    context = county.by(await county.coordinator(TOWN))
    other = await county.offer(far)
    mine = (
        await offers.publish(
            context, title="轮椅", provider_id=near, resource_type="GOODS", capacity=3, coverage=[COUNTY]
        )
    ).id
    before, state = await county.counts(), await county.state()
    for act in ACTS:
        with pytest.raises(NotAllowed):
            await act(context, other)
    with pytest.raises(NotAllowed):
        await offers.publish(context, title="x", provider_id=far, resource_type="GOODS", capacity=1, coverage=[COUNTY])
    assert (await county.counts(), await county.state()) == (before, state)
    await offers.pause(context, mine)


@pytest.mark.parametrize("id", [None, 0, -5, 2**80, 77])
async def test_an_offer_that_is_not_there_is_not_found(county: County, id: int | None) -> None:
    for act in ACTS:
        with pytest.raises(NotFound):
            await act(county.context, id)


async def test_a_change_is_checked_against_what_stays_and_what_is_promised(county: County) -> None:
    offer = await county.offer(await county.provider(), minimum_per_need=3, maximum_per_need=6)
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE offer SET committed = 4")
    state, before = await county.state(), await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await offers.change(county.context, offer, capacity=2, maximum_per_need=2, resource_type="GOODS")
    assert codes(refusal.value) == {
        ("resourceType",): "COMMITTED",
        ("capacity",): "BELOW_COMMITTED",
        ("maximumPerNeed",): "BELOW_MINIMUM",
        ("minimumPerNeed",): "ABOVE_CAPACITY",
    }
    assert (await county.state(), await county.counts()) == (state, before)
    await offers.change(county.context, offer, capacity=5, maximum_per_need=None, title="轮椅")
    row = await county.one("SELECT * FROM offer")
    assert (row.capacity, row.maximum_per_need, row.minimum_per_need, row.title) == (5, None, 3, "轮椅")


async def test_pausing_twice_with_one_key_is_one_pause(county: County) -> None:
    offer = await county.offer(await county.provider())
    first = await offers.pause(county.context, offer, idempotency_key="p")
    assert await offers.pause(county.context, offer, idempotency_key="p") == first
    assert len(await county.rows("SELECT 1 FROM event WHERE kind = 'offer.paused'")) == 1
    # A key belongs to one operation.
    await offers.resume(county.context, offer, idempotency_key="p")


async def test_a_single_volunteers_offer_is_hidden_from_partners(county: County) -> None:
    person = (await parties.register_volunteer(county.context, name="志愿者甲", area=FAR_VILLAGE)).id
    offer = await county.offer(person)
    partner = county.by(Viewer("PARTNER", 9, party_id=await county.provider()))
    with pytest.raises(NotFound):
        await offers.pause(partner, offer)


async def test_a_partner_may_not_widen_what_it_sees_by_covering_more_than_its_county(county: County) -> None:
    own = await county.provider()
    await county.community()
    partner = county.by(Viewer("PARTNER", 9, party_id=own))
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await offers.publish(
            partner,
            title="轮椅",
            provider_id=own,
            resource_type="GOODS",
            capacity=0,
            coverage=[TOWN, "37", TOWN, OTHER_COUNTY, "3708"],
        )
    assert codes(refusal.value) == {
        ("capacity",): "OUT_OF_RANGE",
        ("coverage", "1"): "COVERAGE_TOO_WIDE",
        ("coverage", "3"): "COVERAGE_TOO_WIDE",
        ("coverage", "4"): "COVERAGE_TOO_WIDE",
    }
    wide = refusal.value.fields[-1]
    assert "梁山县的统筹员或管理员" in wide.message_zh
    assert "a coordinator of 山东省济宁市梁山县 or an administrator" in wide.message_en
    assert await county.counts() == before


async def test_a_partner_may_not_widen_an_offer_it_has(county: County) -> None:
    own = await county.provider()
    partner = county.by(Viewer("PARTNER", 9, party_id=own))
    offer = await county.offer(own)
    before, state = await county.counts(), await county.state()
    with pytest.raises(InvalidInput) as refusal:
        await offers.change(partner, offer, coverage=[COUNTY, "37"])
    assert codes(refusal.value) == {("coverage", "1"): "COVERAGE_TOO_WIDE"}
    assert (await county.counts(), await county.state()) == (before, state)
    await offers.change(partner, offer, coverage=[OTHER_TOWN, VILLAGE])


async def test_a_partner_keeps_what_a_coordinator_widened_but_not_for_another_purpose(county: County) -> None:
    own = await county.provider()
    partner = county.by(Viewer("PARTNER", 9, party_id=own))
    offer = await county.offer(own, coverage=["37"], client_groups=["ORPHAN"], earmark="ORPHAN")
    await offers.change(partner, offer, coverage=[OTHER_COUNTY, "37"], capacity=4, resource_type="WHEELCHAIR")
    before, state = await county.counts(), await county.state()
    with pytest.raises(InvalidInput) as refusal:
        await offers.change(partner, offer, resource_type="FUNDS", client_groups=None, earmark=None)
    assert codes(refusal.value) == {
        ("resourceType",): "COVERAGE_TOO_WIDE",
        ("clientGroups",): "COVERAGE_TOO_WIDE",
        ("earmark",): "COVERAGE_TOO_WIDE",
    }
    assert (await county.counts(), await county.state()) == (before, state)
    await offers.change(partner, offer, resource_type="FUNDS", earmark=None, coverage=[TOWN])
    # What was given up is not there to be taken back.
    with pytest.raises(InvalidInput):
        await offers.change(partner, offer, coverage=["37"])


async def test_a_partner_above_counties_reaches_its_own_area_and_a_key_with_an_area_no_further(county: County) -> None:
    city = await county.provider("3708", "济宁基金会公司")
    values = {"title": "轮椅", "provider_id": city, "resource_type": "GOODS", "capacity": 3}
    partner = Viewer("PARTNER", 9, party_id=city)
    await offers.publish(county.by(partner), coverage=["3708"], **values)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="coverage"):
        await offers.publish(county.by(partner), coverage=["37"], **values)  # type: ignore[arg-type]
    bounded = county.by(Viewer("PARTNER", 9, area_id=await county.area_id(TOWN), party_id=city))
    await offers.publish(bounded, coverage=[TOWN, VILLAGE], **values)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="coverage"):
        await offers.publish(bounded, coverage=[COUNTY], **values)  # type: ignore[arg-type]


async def test_a_coordinator_may_send_help_anywhere(county: County) -> None:
    own = await county.provider()
    context = county.by(await county.coordinator(TOWN))
    done = await offers.publish(
        context, title="轮椅", provider_id=own, resource_type="GOODS", capacity=3, coverage=["37"]
    )
    await offers.change(context, done.id, coverage=[OTHER_COUNTY])


async def test_what_an_offer_cannot_be_without_cannot_be_emptied(county: County) -> None:
    offer = await county.offer(await county.provider(), minimum_per_need=2, maximum_per_need=4)
    before, state = await county.counts(), await county.state()
    with pytest.raises(InvalidInput) as refusal:
        await offers.change(county.context, offer, title=None, resource_type=None, capacity=None, coverage=None)
    assert codes(refusal.value) == {
        ("title",): "REQUIRED",
        ("resourceType",): "REQUIRED",
        ("capacity",): "REQUIRED",
        ("coverage",): "REQUIRED",
    }
    assert (await county.counts(), await county.state()) == (before, state)
    await offers.change(county.context, offer, minimum_per_need=None, maximum_per_need=None)
    row = await county.one("SELECT * FROM offer")
    assert (row.minimum_per_need, row.maximum_per_need) == (1, None)

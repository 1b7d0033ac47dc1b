"""Submitting, changing and withdrawing needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, TODAY, TOWN, VILLAGE, County, found

from db.viewer import PUBLIC, Viewer
from resolvers import needs
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


def codes(refusal: InvalidInput) -> dict[tuple[str, ...], str]:
    return {problem.path: problem.code for problem in refusal.fields}


async def test_a_submitted_need_stands_in_its_community_with_its_event(county: County) -> None:
    community = await county.community()
    done = await needs.submit(
        county.context,
        title="  轮椅一台 ",
        community_id=community,
        resource_type="WHEELCHAIR",
        quantity=1,
        priority="STAT",
        client_groups=["ORPHAN", "ORPHAN"],
        needed_from=TODAY,
        needed_by=TODAY,
        channel="HOTLINE",
    )
    assert done.entity == "need"
    row = await county.one("SELECT * FROM need")
    assert (row.id, row.title, row.status, row.priority, row.quantity) == (done.id, "轮椅一台", "OPEN", "STAT", 1)
    assert row.area_id == await county.area_id(VILLAGE)
    assert row.county_id == await county.area_id(COUNTY)
    assert len(row.client_group_ids) == 1
    event = await county.one("SELECT * FROM event WHERE kind LIKE 'need.%'")
    assert (event.kind, event.entity, event.entity_id, event.area_id) == (
        "need.submitted",
        "need",
        done.id,
        row.area_id,
    )


async def test_every_faulty_field_is_reported_at_once_and_nothing_is_written(county: County) -> None:
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await needs.submit(
            county.context,
            title="换\n行",
            community_id=99,
            resource_type="WHEELCHAR",
            quantity=0,
            priority="SOON",
            client_groups=["ORPHAN", "ORFAN"],
            needed_from=date(2026, 12, 2),
            needed_by=date(2026, 12, 1),
            channel="PHONE",
            idempotency_key="",
        )
    assert codes(refusal.value) == {
        ("title",): "CONTROL_CHARACTER",
        ("communityId",): "NOT_FOUND",
        ("resourceType",): "UNKNOWN_RESOURCE_TYPE",
        ("quantity",): "OUT_OF_RANGE",
        ("priority",): "NOT_ONE_OF",
        ("clientGroups", "1"): "UNKNOWN_TERM",
        ("neededBy",): "DATES_REVERSED",
        ("channel",): "UNKNOWN_TERM",
        ("idempotencyKey",): "INVALID_KEY",
    }
    near = {problem.path[0]: problem.message_en for problem in refusal.value.fields}
    assert "WHEELCHAIR" in near["resourceType"]
    assert "ORPHAN" in near["clientGroups"]
    assert await county.counts() == before


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", "", "REQUIRED"),
        ("title", " \u3000 ", "REQUIRED"),
        ("title", "长" * 201, "TOO_LONG"),
        ("title", "长" * 1_000_000, "TOO_LONG"),
        ("title", "a\x00b", "CONTROL_CHARACTER"),
        ("title", "a\ud800", "CONTROL_CHARACTER"),
        ("title", "a\u202eb", "CONTROL_CHARACTER"),
        ("quantity", -1, "OUT_OF_RANGE"),
        ("quantity", 2_147_483_648, "OUT_OF_RANGE"),
        ("needed_by", date(2026, 11, 21), "IN_THE_PAST"),
        ("resource_type", "\x00", "UNKNOWN_RESOURCE_TYPE"),
        ("idempotency_key", "k" * 201, "INVALID_KEY"),
    ],
)
async def test_one_faulty_field_changes_nothing(county: County, field: str, value: object, code: str) -> None:
    community = await county.community()
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await county.need(community, **{field: value})
    assert [problem.code for problem in refusal.value.fields] == [code]
    assert all(len(problem.message_zh) < 200 for problem in refusal.value.fields)
    assert await county.counts() == before


@pytest.mark.parametrize("community_id", [None, 0, -1, 10**30, 12345])
async def test_a_community_that_is_not_there_is_not_found(county: County, community_id: int | None) -> None:
    with pytest.raises(NotFound):
        await needs.submit(
            county.context, title="轮椅", community_id=community_id, resource_type="WHEELCHAIR", quantity=1
        )


async def test_a_party_that_is_no_community_is_not_found(county: County) -> None:
    provider = await county.provider()
    before = await county.counts()
    with pytest.raises(NotFound):
        await county.need(provider)
    assert await county.counts() == before


@pytest.mark.parametrize("viewer", [PUBLIC, Viewer("READER", 7), Viewer("PARTNER", 8, party_id=1)])
async def test_only_coordinators_and_administrators_submit(county: County, viewer: Viewer) -> None:
    community = await county.community()
    need = await county.need(community)
    before = await county.counts()
    context = county.by(viewer)
    with pytest.raises(NotAllowed) as refusal:
        await needs.submit(context, title="轮椅", community_id=community, resource_type="WHEELCHAIR", quantity=1)
    assert "统筹员" in refusal.value.message_zh
    assert "coordinator" in refusal.value.message_en
    with pytest.raises(NotAllowed):
        await needs.withdraw(context, need)
    with pytest.raises(NotAllowed):
        await needs.change(context, need, quantity=3)
    assert await county.counts() == before


async def test_a_coordinator_acts_in_its_area_and_does_not_see_the_needs_of_others(county: County) -> None:
    near, far = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    other = await county.need(far)
    context = county.by(await county.coordinator(TOWN))
    mine = await needs.submit(
        context, title="轮椅", community_id=near, resource_type="WHEELCHAIR", quantity=1, idempotency_key="a"
    )
    before = await county.counts()
    with pytest.raises(NotAllowed):
        await needs.submit(context, title="轮椅", community_id=far, resource_type="WHEELCHAIR", quantity=1)
    with pytest.raises(NotFound):
        await needs.withdraw(context, other)
    with pytest.raises(NotFound):
        await needs.change(context, other, quantity=5)
    assert await county.counts() == before
    await needs.withdraw(context, mine.id)
    event = await county.one("SELECT actor_id FROM event WHERE kind = 'need.withdrawn'")
    assert event.actor_id == 1


async def test_a_coordinator_of_another_county_may_not_submit_here(county: County) -> None:
    community = await county.community()
    with pytest.raises(NotAllowed):
        await needs.submit(
            county.by(await county.coordinator(OTHER_COUNTY)),
            title="轮椅",
            community_id=community,
            resource_type="WHEELCHAIR",
            quantity=1,
        )


async def test_withdrawing_ends_a_need_once(county: County) -> None:
    need = await county.need(await county.community())
    await needs.withdraw(county.context, need)
    assert (await county.one("SELECT status FROM need")).status == "WITHDRAWN"
    before, state = await county.counts(), await county.state()
    for act in (
        needs.withdraw(county.context, need),
        needs.change(county.context, need, quantity=5),
    ):
        with pytest.raises(Conflict) as refusal:
            await act
        assert refusal.value.code == "NEED_WITHDRAWN"
    with pytest.raises(NotFound):
        await needs.withdraw(county.context, None)
    assert (await county.counts(), await county.state()) == (before, state)


async def test_a_change_sets_what_is_given_and_keeps_the_rest(county: County) -> None:
    need = await county.need(await county.community(), needed_by=TODAY, channel="HOTLINE")
    await needs.change(county.context, need, quantity=7, channel=None, client_groups=["ELDER"])
    row = await county.one("SELECT * FROM need")
    assert (row.quantity, row.channel_id, row.needed_by, row.title) == (7, None, TODAY, "轮椅一台")
    assert len(row.client_group_ids) == 1
    event = await county.one("SELECT detail FROM event WHERE kind = 'need.changed'")
    assert event.detail == {"fields": ["channel_id", "client_group_ids", "quantity"]}


async def test_a_change_to_the_same_values_leaves_no_event(county: County) -> None:
    need = await county.need(await county.community())
    before, state = await county.counts(), await county.state()
    await needs.change(county.context, need, quantity=2, title="轮椅一台")
    assert (await county.counts(), await county.state()) == (before, state)


async def test_a_change_is_checked_against_what_stays(county: County) -> None:
    need = await county.need(await county.community(), needed_from=date(2026, 12, 10))
    state = await county.state()
    with pytest.raises(InvalidInput) as refusal:
        await needs.change(county.context, need, needed_by=date(2026, 12, 1), quantity=0, resource_type="X")
    assert codes(refusal.value) == {
        ("resourceType",): "UNKNOWN_RESOURCE_TYPE",
        ("quantity",): "OUT_OF_RANGE",
        ("neededBy",): "DATES_REVERSED",
    }
    assert await county.state() == state


async def test_twenty_at_once_with_one_key_are_one_need(county: County) -> None:
    community = await county.community()
    answers = await asyncio.gather(*(county.need(community, idempotency_key="小娜-1") for _ in range(20)))
    assert len(set(answers)) == 1
    counts = await county.counts()
    assert (counts["need"], counts["idempotency"]) == (1, 1)
    assert len(await county.rows("SELECT 1 FROM event WHERE kind = 'need.submitted'")) == 1


async def test_a_key_used_with_another_input_is_a_conflict(county: County) -> None:
    community = await county.community()
    need = await county.need(community, idempotency_key="k")
    before = await county.counts()
    with pytest.raises(Conflict) as refusal:
        await county.need(community, idempotency_key="k", quantity=3)
    assert refusal.value.code == "IDEMPOTENCY_KEY_REUSED"
    assert await county.counts() == before
    assert await county.need(community, idempotency_key="k") == need


async def test_a_key_is_free_again_after_a_refusal_and_belongs_to_its_caller(county: County) -> None:
    community = await county.community()
    with pytest.raises(InvalidInput):
        await county.need(community, idempotency_key="k", quantity=0)
    mine = await county.need(community, idempotency_key="k")
    other = await needs.submit(
        county.by(await county.coordinator()),
        title="轮椅",
        community_id=community,
        resource_type="WHEELCHAIR",
        quantity=1,
        idempotency_key="k",
    )
    assert other.id != mine


async def test_the_same_answer_comes_back_after_the_date_has_passed(county: County) -> None:
    community = await county.community()
    values = {
        "title": "轮椅",
        "community_id": community,
        "resource_type": "WHEELCHAIR",
        "quantity": 1,
        "needed_by": TODAY,
        "idempotency_key": "k",
    }
    first = await needs.submit(county.context, **values)  # type: ignore[arg-type]
    assert await needs.submit(county.on(date(2026, 12, 1)), **values) == first  # type: ignore[arg-type]


async def test_what_a_need_cannot_be_without_cannot_be_emptied(county: County) -> None:
    need = await county.need(await county.community())
    before, state = await county.counts(), await county.state()
    with pytest.raises(InvalidInput) as refusal:
        await needs.change(county.context, need, title=None, resource_type=None, quantity=None, priority=None)
    assert codes(refusal.value) == {
        ("title",): "REQUIRED",
        ("resourceType",): "REQUIRED",
        ("quantity",): "REQUIRED",
        ("priority",): "REQUIRED",
    }
    assert (await county.counts(), await county.state()) == (before, state)


@pytest.mark.parametrize(
    "blank",
    [
        *("\u200b", "\u3164", "\ufeff", "\u00ad", "\U000e0041\U000e007f", "\u2800", "\u115f", "\u1160", "\uffa0"),
        *("\u2060\u2063", "\u200d\u200c", "\ufe0f", " \u200b\u3000\u2800 ", "\u034f", "\u180b\U000e0100"),
    ],
    ids=ascii,
)
async def test_a_title_of_nothing_that_can_be_seen_is_empty(county: County, blank: str) -> None:
    community = await county.community()
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await county.need(community, title=blank)
    assert codes(refusal.value) == {("title",): "REQUIRED"}
    assert await county.counts() == before


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\ufeff轮\u200b椅\u00ad一台\u2800", "轮椅一台"),
        ("轮椅\u3164一台", "轮椅 一台"),
        # Shapes of letters that their writers mean.
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("ᠮᠣᠩᠭᠣᠯ\u180bᠤ", "ᠮᠣᠩᠭᠣᠯ\u180bᠤ"),
    ],
)
async def test_what_cannot_be_seen_in_a_title_is_taken_out(county: County, typed: str, kept: str) -> None:
    await county.need(await county.community(), title=typed)
    assert (await county.one("SELECT title FROM need")).title == kept

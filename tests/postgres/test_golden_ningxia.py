"""Ningxia's four combinations as published: money, classes, kinds of trainees, and how experience was shared."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from golden import Golden, golden, number
from lists import desk_url, words_url  # noqa: F401

REGION = "64"


@pytest.fixture
async def world(desk_url: str) -> AsyncIterator[Golden]:  # noqa: F811
    async with golden(desk_url) as one:
        await one.take("ningxia.csv", REGION)
        yield one


async def test_a_million_and_a_half_for_20_classes_of_five_kinds_of_trainees(world: Golden) -> None:
    said = await world.ask(
        f'{{ trainingTotals(area: "{REGION}", from: "2021-01-01", until: "2021-12-31") {{'
        " classes funding sessions onlineSessions offlineSessions } }"
    )
    found = said["trainingTotals"]
    assert number(found["funding"]) == 1_500_000
    assert (found["classes"], found["onlineSessions"], found["offlineSessions"]) == (20, 10, 20)
    assert found["sessions"] == 30
    courses = await world.rows("courses", "traineeKinds { code }", f'area: "{REGION}"')
    assert len({kind["code"] for one in courses for kind in one["traineeKinds"]}) == 5
    assert (await world.report(REGION, "2021", "CLASSES"))["CLASSES"][0] == 20


async def test_inspections_talks_exchanges_shows_and_50_cases(world: Golden) -> None:
    found = await world.report(REGION, "2021", "ACTIVITIES", "SESSIONS")
    assert found["ACTIVITIES"][1] == {"INSPECTION": 6, "TALK": 6, "EXCHANGE": 20, "CASE_SHOW": 8}
    assert found["SESSIONS"][0] == 40
    assert await world.behind(REGION, "2021", "ACTIVITIES") == (4, 40)
    assert await world.public("practiceCases", f'area: "{REGION}"') == 50


async def test_a_withdrawn_case_is_no_longer_counted(world: Golden) -> None:
    (one, *_) = await world.rows("practiceCases", "id", f'area: "{REGION}"')
    await world.ask(
        'mutation($id: ID!) { recordWithdraw(id: $id, reason: "重复登记") { __typename } }',
        id=one["id"],
    )
    assert await world.public("practiceCases", f'area: "{REGION}"') == 49

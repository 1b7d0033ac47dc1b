"""Kaili's linkage of three societies as published: the ledger, visits, cases, organizations and activities."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from golden import Golden, golden
from lists import desk_url, words_url  # noqa: F401

CITY = "522601"


@pytest.fixture
async def world(desk_url: str) -> AsyncIterator[Golden]:  # noqa: F811
    async with golden(desk_url) as one:
        await one.take("kaili.csv", CITY)
        for n in range(1, 15):
            given = {"area": CITY, "code": f"KL-{n:02d}", "groups": ["SAFETY_NET"], "openedOn": "2021-12-31"}
            assert (await one.do("clientOpen", given))["__typename"] == "ClientOpened"
        await one.take("kaili_cases.csv", CITY)
        yield one


async def test_963_in_the_ledger_412_visited_and_14_case_files(world: Golden) -> None:
    found = await world.report(CITY, "2021", "LEDGER_PERSONS", "CASES_OPENED", "CASES_OPEN", "CLIENTS", "PERSONS")
    assert found["LEDGER_PERSONS"][:2] == (963, {"SAFETY_NET": 963})
    assert (found["CASES_OPENED"][0], found["CASES_OPENED"][1]) == (14, {"CASEWORK": 14})
    assert (found["CASES_OPEN"][0], found["CLIENTS"][0]) == (14, 14)
    assert found["PERSONS"][1]["VISIT"] == 412
    assert await world.behind(CITY, "2021", "CASES_OPENED") == (14, 14)
    visits = await world.rows("visits", "persons kind", f'area: "{CITY}"')
    assert sum(one["persons"] for one in visits if one["kind"] == "HOME") == 412


async def test_four_villages_17_organizations_founded_and_17_workers_trained(world: Golden) -> None:
    found = await world.report(CITY, "2021", "STATIONS", "INCUBATED", "TRAINED")
    assert found["STATIONS"][1] == {"ROOM": 4}
    assert (found["INCUBATED"][0], found["TRAINED"][0]) == (17, 17)
    said = await world.ask(f'{{ trainingTotals(area: "{CITY}") {{ completed }} }}')
    assert said["trainingTotals"]["completed"] == 17
    committees = await world.rows("committees", "name kind { code }", f'area: "{CITY}"')
    assert [one["kind"]["code"] for one in committees] == ["CHILDREN_COMMITTEE"]


async def test_activities_and_volunteer_actions_with_who_came(world: Golden) -> None:
    found = await world.report(CITY, "2021", "ACTIVITIES", "PERSON_TIMES")
    assert found["ACTIVITIES"][1] == {"THEME_ACTIVITY": 100, "VOLUNTEER_ACTION": 35}
    assert found["PERSON_TIMES"][1]["ACTIVITY"] == 20_000 + 5_000
    rows = await world.rows("activities", "kind { code } count personTimes partyMembers", f'area: "{CITY}"')
    by_kind = {one["kind"]["code"]: one for one in rows}
    assert by_kind["THEME_ACTIVITY"]["personTimes"] == 20_000
    action = by_kind["VOLUNTEER_ACTION"]
    assert (action["partyMembers"], action["personTimes"]) == (1_408, 5_000)


async def test_who_is_in_the_ledger_is_not_told_in_public(world: Golden) -> None:
    assert await world.public("groupLedgers", f'area: "{CITY}"') == 0
    assert await world.public("caseFiles", f'area: "{CITY}"') == 0
    assert await world.public("activities", f'area: "{CITY}"') == 2

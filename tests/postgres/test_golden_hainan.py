"""Hainan's first 66 stations as published: counted and added up again; what the report does not divide stays whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from golden import Golden, golden, number
from lists import desk_url, words_url  # noqa: F401

PROVINCE, LINGAO = "46", "469024"
PILOT = "海南省首批社工站试点"


@pytest.fixture
async def world(desk_url: str) -> AsyncIterator[Golden]:  # noqa: F811
    async with golden(desk_url) as one:
        await one.take("hainan.csv", PROVINCE)
        yield one


async def test_66_stations_of_the_pilot_and_the_three_tiers_of_lingao(world: Golden) -> None:
    rows = await world.rows("stations", "units tier setting area { code } project { name }", f'area: "{PROVINCE}"')
    assert sum(one["units"] for one in rows if one["project"]["name"] == PILOT) == 66
    # Which of the three settings each is of, and how many a county has, the source does not say: nothing is divided.
    assert [(one["area"]["code"], one["setting"]) for one in rows if one["units"] == 66] == [("46", None)]
    stations = (await world.report(PROVINCE, "2021", "STATIONS"))["STATIONS"]
    assert stations[1] == {"CENTRE": 1, "STATION": 66 + 11, "ROOM": 22}
    lingao = (await world.report(LINGAO, "2021", "STATIONS"))["STATIONS"]
    assert (lingao[0], lingao[1]) == (34, {"CENTRE": 1, "STATION": 11, "ROOM": 22})
    assert await world.behind(PROVINCE, "2021", "STATIONS") == (4, 100)


async def test_six_counties_by_their_own_codes_were_built_by_june(world: Golden) -> None:
    rows = await world.rows("milestones", "done doneOn area { code name }", f'area: "{PROVINCE}"')
    assert {one["area"]["code"] for one in rows} == {"4601", "4602", "469001", "469002", "469028", "469030"}
    assert all(one["done"] and one["doneOn"] == "2021-06-30" for one in rows)


async def test_three_workers_a_station_are_198(world: Golden) -> None:
    said = await world.ask(
        f'{{ staffing(area: "{PROVINCE}", on: "2021-12-31") {{ workers under over stations {{ workers state'
        " station { units project { name } } } } }"
    )
    (pilot,) = (one for one in said["staffing"]["stations"] if one["station"]["project"]["name"] == PILOT)
    assert (said["staffing"]["workers"], pilot["workers"], pilot["state"]) == (198, 198, "WITHIN")
    assert pilot["workers"] == pilot["station"]["units"] * 3
    groups = await world.rows("programmeGroups", "name persons", f'area: "{PROVINCE}"')
    key_clients = sum(one["persons"] for one in groups)
    assert key_clients == 1735
    # How many key clients of a township come to each of its workers.
    load = Decimal(key_clients) * pilot["station"]["units"] / pilot["workers"]
    assert round(load, 2) == Decimal("578.33")


async def test_two_rooms_two_centres_and_the_five_domains_of_1_1_5_x(world: Golden) -> None:
    (pilot,) = await world.rows(
        "stations",
        "id facilities(first: 50) { edges { node { count item { code } } } }",
        f'area: "{PROVINCE}", search: "首批"',
    )
    held = {edge["node"]["item"]["code"]: edge["node"]["count"] for edge in pilot["facilities"]["edges"]}
    rooms = ("SOCIAL_WORK_OFFICE", "CASEWORK_ROOM", "SERVICE_CENTRE", "VOLUNTEER_CENTRE")
    assert {one: held[one] for one in rooms} == dict.fromkeys(rooms, 66)
    said = await world.ask(
        "query($id: ID!) { stationProfile(id: $id) { parts { part least count items { domain { code } } } } }",
        id=pilot["id"],
    )
    parts = {one["part"]: one for one in said["stationProfile"]["parts"]}
    assert {name: one["count"] for name, one in parts.items()} == {
        "PLATFORM": 1,
        "KEY_PROJECT": 1,
        "DOMAIN": 5,
        "SPECIAL": 0,
    }
    assert len({one["domain"]["code"] for one in parts["DOMAIN"]["items"]}) == 5


async def test_sessions_visits_help_and_reach_stay_four_figures(world: Golden) -> None:
    found = await world.report(PROVINCE, "2021", "SESSIONS", "PERSON_TIMES", "REACH", "PERSONS")
    assert found["SESSIONS"][0] == 3380
    assert found["REACH"][0] == 100_000
    assert found["PERSON_TIMES"][0] == 20_000 + 5_000
    assert not found["PERSONS"][0]
    rows = await world.rows("activities", "kind { code } personTimes sessions reach", f'area: "{PROVINCE}"')
    by_kind = {one["kind"]["code"]: one for one in rows}
    assert by_kind["VISIT_ROUND"]["personTimes"] == 20_000
    assert by_kind["OTHER_ACTIVITY"]["personTimes"] == 5_000
    assert by_kind["SERVICE_SESSION"]["sessions"] == 3380


async def test_training_online_and_offline_and_the_money_for_supervision(world: Golden) -> None:
    said = await world.ask(
        f'{{ trainingTotals(area: "{PROVINCE}", from: "2021-01-01", until: "2021-12-31") {{'
        " courses onlinePersonTimes offlinePersonTimes personTimes } }"
    )
    assert said["trainingTotals"] == {
        "courses": 2,
        "onlinePersonTimes": 6500,
        "offlinePersonTimes": 760,
        "personTimes": 7260,
    }
    money = await world.rows("trainingFundings", "amount purpose fundSource { code }", f'area: "{PROVINCE}"')
    assert Counter((one["purpose"], one["fundSource"]["code"], one["amount"]) for one in money) == {
        ("SUPERVISION", "WELFARE_LOTTERY", "500000.00"): 1
    }
    assert (await world.report(PROVINCE, "2021", "TRAINING_MONEY"))["TRAINING_MONEY"][0] == number("500000")

"""Liangshan's 3456 as published: every figure comes back by counting or adding up what was taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from golden import Golden, golden, number
from lists import desk_url, words_url  # noqa: F401

COUNTY = "370832"


@pytest.fixture
async def world(desk_url: str) -> AsyncIterator[Golden]:  # noqa: F811
    async with golden(desk_url) as one:
        await one.take("liangshan_parties.csv", COUNTY)
        await one.take("liangshan.csv", COUNTY)
        yield one


async def test_one_centre_a_station_in_each_of_14_townships_and_423_rooms(world: Golden) -> None:
    stations = (await world.report(COUNTY, "2022", "STATIONS"))["STATIONS"]
    assert stations[1] == {"CENTRE": 1, "STATION": 14, "ROOM": 423}
    assert await world.behind(COUNTY, "2022", "STATIONS") == (16, 438)
    said = await world.ask(
        f'{{ coverage(area: "{COUNTY}", level: TOWNSHIP, asOf: "2022-12-31", tier: STATION) {{'
        " of covered percent missing { name } places { stations { parent { tier } } } } }"
    )
    found = said["coverage"]
    assert (found["of"], found["covered"], number(found["percent"]), found["missing"]) == (14, 14, 100, [])
    assert {one["parent"]["tier"] for place in found["places"] for one in place["stations"]} == {"CENTRE"}
    before = await world.report(COUNTY, "2021", "STATIONS")
    assert before["STATIONS"][0] == 0


async def test_two_full_time_and_two_part_time_workers_a_station_and_an_assistant_at_100_yuan_a_room(
    world: Golden,
) -> None:
    said = await world.ask(
        f'{{ staffing(area: "{COUNTY}", on: "2022-12-31") {{ kinds {{ kind persons }} workers assistants rooms'
        " roomsWithoutAssistant stipends stations { workers station { name } } } }"
    )
    found = said["staffing"]
    assert {one["kind"]: one["persons"] for one in found["kinds"]} == {
        "FULL_TIME": 28,
        "PART_TIME": 28,
        "ASSISTANT": 423,
    }
    assert [one["workers"] for one in found["stations"]] == [4] * 14
    assert (found["rooms"], found["roomsWithoutAssistant"]) == (423, 0)
    assert number(found["stipends"]) == 423 * 100


async def test_five_stations_are_one_in_every_township(world: Golden) -> None:
    rows = await world.rows("colocations", "purpose { code } station { name }", f'area: "{COUNTY}"')
    assert Counter(one["purpose"]["code"] for one in rows) == dict.fromkeys(
        (
            "SOCIAL_WORK_STATION",
            "CHILD_PROTECTION_STATION",
            "ELDERLY_CARE_STATION",
            "SOCIAL_ASSISTANCE_STATION",
            "SOCIAL_ORGANIZATION_STATION",
        ),
        14,
    )
    assert set(Counter(one["station"]["name"] for one in rows).values()) == {5}


async def test_the_programmes_count_their_elders_and_children(world: Golden) -> None:
    rows = await world.rows(
        "programmeGroups", "persons clientGroup { code } programme { name domain { code } }", f'area: "{COUNTY}"'
    )
    sums: Counter[str] = Counter()
    for one in rows:
        sums[one["programme"]["name"]] += one["persons"]
    assert sums == {"孝润水泊安养梁山": 310 + 132 + 218, "小树苗成长": 1078 + 970}
    persons = (await world.report(COUNTY, "2022", "PROGRAMME_PERSONS"))["PROGRAMME_PERSONS"]
    assert persons[0] == 2708
    assert persons[1] == {
        "DISPERSED_DESTITUTE_ELDER": 310,
        "VETERAN": 132,
        "DEMENTIA_ELDER": 218,
        "CHILD_IN_DIFFICULTY": 1078,
        "LEFT_BEHIND_CHILD": 970,
    }
    assert await world.behind(COUNTY, "2022", "PROGRAMME_PERSONS") == (5, 2708)
    assert await world.public("programmes", f'area: "{COUNTY}"') == 4
    assert await world.public("awards", f'area: "{COUNTY}"') == 4


async def test_the_two_libraries_hold_69_firms_and_120_000_volunteers(world: Golden) -> None:
    parties = "__typename ... on Volunteer { headcount }"
    firms = await world.rows("parties", parties, f'area: "{COUNTY}", society: [CHARITABLE_RESOURCE]')
    assert Counter(one["__typename"] for one in firms) == {"DonorFirm": 69}
    volunteers = await world.rows("parties", parties, f'area: "{COUNTY}", society: [VOLUNTEER]')
    assert sum(one["headcount"] for one in volunteers) == 120_000


async def test_eight_rules_are_written_down(world: Golden) -> None:
    rows = await world.rows("ruleDocuments", "kind { code }", f'area: "{COUNTY}"')
    assert len({one["kind"]["code"] for one in rows}) == 8


async def test_a_figure_follows_its_rows(world: Golden) -> None:
    (room,) = await world.rows("stations", "id units", f'area: "{COUNTY}", tier: [ROOM]')
    done = await world.do("stationSave", {"id": room["id"], "units": 400}, "... on StationSaved { station { units } }")
    assert done["station"] == {"units": 400}
    assert (await world.report(COUNTY, "2022", "STATIONS"))["STATIONS"][1]["ROOM"] == 400

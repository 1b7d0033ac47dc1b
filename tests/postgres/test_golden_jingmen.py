"""Jingmen's plan of 60 stations as printed: by county and year, with the two totals that do not add up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from golden import FOLDER, Golden, golden, number
from lists import desk_url, words_url  # noqa: F401

CITY = "4208"
#: The annex by its real codes; 漳河新区 has a local one.
TABLE = {
    "420822": [4, 3, 3, 3],
    "420881": [6, 3, 3, 5],
    "420882": [5, 3, 3, 4],
    "420802": [3, 1, 2, 2],
    "420804": [2, 1, 1, 1],
    "4208Z01": [1, 0, 1, 0],
}


@pytest.fixture
async def world(desk_url: str) -> AsyncIterator[Golden]:  # noqa: F811
    async with golden(desk_url) as one:
        yield one


async def imported(world: Golden) -> Any:
    shares = ((2021, "30"), (2022, "50"), (2023, "70"), (2024, "100"))
    given = {
        "area": CITY,
        "title": "荆门市乡镇(街道)社会工作站建设年度任务",
        "table": (FOLDER / "jingmen_buildout.csv").read_text("utf-8"),
        "goals": [{"year": year, "leastPercent": least} for year, least in shares],
    }
    selection = "... on BuildTargetsImported { plan { id } printedTotals { axis heading printed computed agrees } }"
    return await world.do("buildTargetsImport", given, selection)


async def plan(world: Golden, on: str) -> Any:
    said = await world.ask(
        f'{{ buildout(area: "{CITY}", asOf: "{on}") {{ places {{ area {{ code }} planned years {{ year planned actual'
        " missing } } total { planned years { year planned cumulative actual missing } }"
        " goals { year leastPercent plannedPercent actual met } } }"
    )
    return said["buildout"]


async def test_60_stations_by_county_and_year_and_the_two_wrong_sums_are_told(world: Golden) -> None:
    said = await imported(world)
    wrong = [(one["heading"], one["printed"], one["computed"]) for one in said["printedTotals"] if not one["agrees"]]
    assert wrong == [("2022年", 12, 11), ("2024年", 14, 15)]
    targets = await world.rows("buildTargets", "year stations place { code }", f'area: "{CITY}"')
    assert sum(one["stations"] for one in targets) == 60
    by_place: dict[str, list[int]] = {}
    for one in sorted(targets, key=lambda one: int(one["year"])):
        by_place.setdefault(one["place"]["code"], []).append(one["stations"])
    assert by_place == TABLE
    found = await plan(world, "2022-12-31")
    assert found["total"]["planned"] == 60
    assert [one["planned"] for one in found["total"]["years"]] == [21, 11, 13, 15]
    assert [one["cumulative"] for one in found["total"]["years"]] == [21, 32, 45, 60]
    assert [number(one["plannedPercent"]) for one in found["goals"]] == [
        35,
        number("53.33"),
        75,
        100,
    ]


async def test_what_was_built_stands_beside_what_was_planned(world: Golden) -> None:
    await imported(world)
    said = await world.ask('{ areas(under: "420822", level: TOWNSHIP, first: 5) { edges { node { code name } } } }')
    towns = [edge["node"] for edge in said["areas"]["edges"]][:3]
    for town in towns:
        given = {
            "area": town["code"],
            "name": f"沙洋县{town['name']}社会工作站",
            "tier": "STATION",
            "openedOn": "2021-06-30",
        }
        assert (await world.do("stationSave", given))["__typename"] == "StationSaved"
    found = await plan(world, "2021-12-31")
    (shayang,) = (one for one in found["places"] if one["area"]["code"] == "420822")
    first = shayang["years"][0]
    assert (first["planned"], first["actual"], first["missing"]) == (4, 3, 1)
    (goal, *_) = found["goals"]
    assert (goal["actual"], goal["met"]) == (3, False)
    stations = (await world.report(CITY, "2021", "STATIONS"))["STATIONS"]
    assert (stations[0], stations[2]) == (3, {"420822": 3})
    # A name of another form is refused there, as the plan asks.
    other = {"area": towns[0]["code"], "name": "社工驿站", "tier": "STATION"}
    said = await world.do("stationSave", other)
    assert [one["code"] for one in said["fields"]] == ["NAME_FORMAT"]


async def test_the_steps_of_the_plan_are_milestones_that_become_overdue(world: Golden) -> None:
    await world.take("jingmen.csv", CITY)
    undone = f'area: "{CITY}", done: false'
    assert await world.public("milestones", f'{undone}, until: "2021-04-30"') == 2
    assert await world.public("milestones", f'{undone}, until: "2021-07-31"') == 4
    rows = await world.rows("milestones", "id dueOn", f'{undone}, until: "2021-12-31"')
    assert [one["dueOn"] for one in rows] == ["2021-04-30"] * 2 + ["2021-07-31"] * 2 + ["2021-12-31"]
    await world.do("milestoneSave", {"id": rows[0]["id"], "doneOn": "2021-04-20"})
    assert await world.public("milestones", f'{undone}, until: "2021-04-30"') == 1

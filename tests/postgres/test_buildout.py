"""Coverage and build-out: counted from stations, day by day; printed plans are kept as printed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from importlib import resources
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from station_stage import (
    CITY,
    DEVELOPMENT_ZONE,
    DONGBAO,
    HOUGANG,
    SHAYANG,
    WULIPU,
    ZHONGXIANG,
    ZONE,
    City,
    gid,
    jingmen,
)

from db.viewer import LOCAL, PUBLIC, Viewer
from fivelink.commands.printed_plans import printed_plan, take
from resolvers.coverage import spread

ANNEX = (resources.files("data") / "golden" / "jingmen_buildout.csv").read_text("utf-8")
TITLE = "荆门市乡镇(街道)社会工作站建设计划"
GOALS = [
    {"year": year, "leastPercent": str(share)} for year, share in ((2021, 30), (2022, 50), (2023, 70), (2024, 100))
]
IMPORT = """mutation($input: BuildTargetsImportInput!) { buildTargetsImport(input: $input) { __typename
    ... on BuildTargetsImported { plan { id title targets(first: 100) { totalCount } }
        printedTotals { axis heading printed computed agrees text en: text(lang: EN) } }
    ... on Problem { code } ... on InvalidInput { fields { path code message } } } }"""
BUILDOUT = """query($id: ID, $area: String, $day: Date) { buildout(planId: $id, area: $area, asOf: $day) {
    places { name area { code } planned years { year planned cumulative actual percent due behind missing } }
    total { planned years { year cumulative actual behind } }
    goals { year leastPercent planned plannedPercent actual percent met due }
    printedTotals { axis heading agrees } } }"""


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    async with jingmen(database_url) as made:
        yield made


async def printed(city: City, viewer: Viewer = LOCAL, **given: Any) -> Any:
    values = {"area": CITY, "title": TITLE, "table": ANNEX, "goals": GOALS} | given
    return (await city.ask(IMPORT, viewer, input=values))["buildTargetsImport"]


# ------------------------------------------------------------------------------------------------ printed plans


async def test_the_annex_is_written_as_printed_and_the_wrong_totals_are_told(city: City) -> None:
    said = await printed(city)
    assert said["plan"]["targets"]["totalCount"] == 24
    wrong = [one for one in said["printedTotals"] if not one["agrees"]]
    assert [(one["axis"], one["heading"], one["printed"], one["computed"]) for one in wrong] == [
        ("COLUMN", "2022年", 12, 11),
        ("COLUMN", "2024年", 14, 15),
    ]
    assert len(said["printedTotals"]) == 11
    assert "所印合计为 12,各格相加为 11" in wrong[0]["text"]
    assert "printed as 12 but its cells add up to 11" in wrong[0]["en"]
    plan = (await city.ask(BUILDOUT, area=CITY))["buildout"]
    assert {one["name"]: (one["area"] or {}).get("code") for one in plan["places"]} == {
        "沙洋县": SHAYANG,
        "钟祥市": ZHONGXIANG,
        "京山市": "420882",
        "东宝区": DONGBAO,
        "掇刀区": "420804",
        "漳河新区": ZONE,
    }
    assert [[year["planned"] for year in one["years"]] for one in plan["places"]] == [
        [4, 3, 3, 3], [6, 3, 3, 5], [5, 3, 3, 4], [3, 1, 2, 2], [2, 1, 1, 1], [1, 0, 1, 0]
    ]  # fmt: skip
    assert plan["total"]["planned"] == 60


async def test_a_total_that_was_wrong_agrees_once_the_cell_is_mended(city: City) -> None:
    said = await printed(city)
    target = await city.county.one("SELECT id FROM build_target WHERE place_name = '漳河新区' AND year = 2022")
    await city.save("build_target", id=target[0], stations=1)
    plan = (await city.ask(BUILDOUT, id=said["plan"]["id"]))["buildout"]
    wrong = [(one["axis"], one["heading"]) for one in plan["printedTotals"] if not one["agrees"]]
    assert wrong == [("ROW", "漳河新区"), ("COLUMN", "2024年"), ("GRAND", "总计")]


@pytest.mark.parametrize(
    ("given", "answer", "code"),
    [
        ({"table": ANNEX.replace("沙洋县,4", "沙洋县,若干")}, "InvalidInput", "NOT_A_NUMBER"),
        ({"table": ANNEX.replace("420822", "370832")}, "InvalidInput", "UNKNOWN_AREA"),
        ({"table": "没有年度"}, "InvalidInput", "NO_YEARS"),
        ({"table": None}, "InvalidInput", "TABLE_OR_ROWS"),
        ({"rows": [["县", "2021"], ["甲县", "1"]]}, "InvalidInput", "TABLE_OR_ROWS"),
        ({"area": "999999"}, "InvalidInput", "UNKNOWN_AREA"),
        ({"goals": [{"year": 2024, "leastPercent": "100.5"}]}, "InvalidInput", "OUT_OF_RANGE"),
    ],
)
async def test_a_table_that_is_none_writes_nothing(city: City, given: dict[str, Any], answer: str, code: str) -> None:
    before = await city.books()
    said = await printed(city, **given)
    assert (said["__typename"], [one["code"] for one in said["fields"]][:1]) == (answer, [code])
    assert await city.books() == before


async def test_a_plan_is_imported_once_and_by_those_who_look_after_the_area(city: City) -> None:
    shayang = await city.county.area_id(SHAYANG)
    before = await city.books()
    for viewer in (PUBLIC, Viewer("READER", 4), Viewer("COORDINATOR", 5, shayang, True)):
        assert (await printed(city, viewer))["__typename"] == "NotAllowed"
    assert await city.books() == before
    first = await printed(city, idempotencyKey="annex-1")
    before = await city.books()
    assert await printed(city, idempotencyKey="annex-1") == first
    assert (await printed(city))["code"] == "ALREADY_THERE"
    assert await city.books() == before


async def test_a_table_of_rows_says_the_same_as_its_text(city: City) -> None:
    import csv

    rows = list(csv.reader(ANNEX.splitlines()))
    said = await printed(city, table=None, rows=rows)
    assert [one["agrees"] for one in said["printedTotals"]].count(False) == 2


async def test_the_file_is_imported_from_the_command_line(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "annex.csv"
    path.write_text(ANNEX, "utf-8")
    needs = tmp_path / "needs.csv"
    needs.write_text("需求名称,村(社区),数量\n轮椅,甲村,1\n", "utf-8")
    assert printed_plan(needs) is None
    table = printed_plan(path)
    assert table is not None
    before = await city.books()
    assert await take(city.context, path, table, CITY, True)
    assert not await take(city.context, path, table, None, False)
    assert await city.books() == before
    assert await take(city.context, path, table, CITY, False)
    said = capsys.readouterr()
    assert "合计 totals 11, 不一致 wrong 2" in said.out
    assert "所印合计为 12,各格相加为 11" in said.out
    assert "--area" in said.err
    assert (await city.ask(BUILDOUT, area=CITY))["buildout"]["total"]["planned"] == 60
    assert not await take(city.context, path, table, CITY, False)
    assert "ALREADY_THERE" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------ plan and actual


async def test_what_stands_is_counted_beside_what_was_planned_year_by_year(city: City) -> None:
    await printed(city)
    await city.station(area=SHAYANG, name="沙洋县首批", units=4, opened_on=date(2021, 12, 31))
    await city.station(area=SHAYANG, name="沙洋县第二批", units=2, opened_on=date(2022, 6, 30))
    await city.station(
        area=ZONE, name="漳河新区甲街道社会工作站", opened_on=date(2021, 5, 1), closed_on=date(2022, 5, 1)
    )
    await city.station(area=SHAYANG, name="沙洋县甲镇社会工作站", opened_on=None)
    plan = (await city.ask(BUILDOUT, area=CITY, day="2022-12-31"))["buildout"]
    shayang, zone = plan["places"][0], plan["places"][5]
    assert [(one["actual"], one["cumulative"], one["due"], one["behind"]) for one in shayang["years"]] == [
        (4, 4, True, False),
        (6, 7, True, True),
        (None, 10, False, False),
        (None, 13, False, False),
    ]
    assert (shayang["years"][1]["percent"], shayang["years"][1]["missing"]) == ("46.15", 1)
    assert [one["actual"] for one in zone["years"]][:2] == [1, 0]
    assert [(one["year"], one["actual"]) for one in plan["total"]["years"]][:2] == [(2021, 5), (2022, 6)]
    # By the day before the year ends nothing is late yet.
    early = (await city.ask(BUILDOUT, area=CITY, day="2022-12-30"))["buildout"]
    assert early["places"][0]["years"][1]["behind"] is False


async def test_the_least_shares_are_judged_by_the_counts(city: City) -> None:
    await printed(city)
    await city.station(area=CITY, name="全市首批", units=18, opened_on=date(2021, 7, 31))
    await city.station(area=CITY, name="全市第二批", units=11, opened_on=date(2022, 7, 31))
    plan = (await city.ask(BUILDOUT, area=CITY, day="2023-01-01"))["buildout"]
    assert [(one["plannedPercent"], one["percent"], one["met"], one["due"]) for one in plan["goals"]] == [
        ("35.00", "30.00", True, True),
        ("53.33", "48.33", False, True),
        ("75.00", "48.33", False, False),
        ("100.00", "48.33", False, False),
    ]


async def test_a_county_sees_its_own_part_of_the_plan_above_it(city: City) -> None:
    await printed(city)
    plan = (await city.ask(BUILDOUT, area=ZHONGXIANG))["buildout"]
    assert ([one["name"] for one in plan["places"]], plan["total"]["planned"]) == (["钟祥市"], 17)
    said = await city.said(BUILDOUT, area="370832")
    assert said["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    said = await city.said(BUILDOUT, id=gid("Station", 1))
    assert said["errors"][0]["extensions"]["code"] == "NOT_FOUND"


# ------------------------------------------------------------------------------------------------ coverage

COVERAGE = """query($area: String!, $level: AreaLevel!, $day: Date, $tier: StationTier) {
    coverage(area: $area, level: $level, asOf: $day, tier: $tier) {
        of covered placed unplaced percent stations exempted tier
        places { area { code } stations { name } } missing { code } unplacedStations { name } } }"""


async def test_coverage_names_the_places_with_and_without_a_station(city: City) -> None:
    await city.station()
    await city.station(area=HOUGANG, name="沙洋县后港镇社会工作站", opened_on=date(2026, 11, 22))
    asked = {"area": SHAYANG, "level": "TOWNSHIP"}
    said = (await city.ask(COVERAGE, **asked))["coverage"]
    assert (said["of"], said["covered"], said["percent"]) == (17, 2, "11.76")
    assert [(one["area"]["code"], one["stations"][0]["name"]) for one in said["places"]] == [
        (WULIPU, "沙洋县五里铺镇社会工作站"),
        (HOUGANG, "沙洋县后港镇社会工作站"),
    ]
    assert len(said["missing"]) == 15
    before = (await city.ask(COVERAGE, **asked, day="2026-11-21"))["coverage"]
    assert (before["covered"], before["stations"]) == (1, 1)


async def test_places_that_need_no_station_are_left_out_of_the_whole(city: City) -> None:
    plan = (await printed(city))["plan"]["id"]
    number = await city.county.one("SELECT id FROM build_plan")
    assert plan == gid("BuildPlan", number[0])
    for code in (DEVELOPMENT_ZONE, "420822401", "420822402", "420822450"):
        await city.save("build_exemption", plan=number[0], place=code, reason="开发区、农场")
    said = (await city.ask(COVERAGE, area=SHAYANG, level="TOWNSHIP"))["coverage"]
    assert (said["of"], said["exempted"]) == (13, 4)
    assert DEVELOPMENT_ZONE not in [one["code"] for one in said["missing"]]


async def test_a_row_for_several_stations_covers_as_many_places_but_never_more_than_there_are(city: City) -> None:
    await city.station(area=SHAYANG, name="沙洋县首批", units=10)
    await city.station()
    said = (await city.ask(COVERAGE, area=SHAYANG, level="TOWNSHIP"))["coverage"]
    assert (said["placed"], said["unplaced"], said["covered"], said["stations"]) == (1, 10, 11, 11)
    assert [one["name"] for one in said["unplacedStations"]] == ["沙洋县首批"]
    await city.station(area=CITY, name="全市", units=1000)
    said = (await city.ask(COVERAGE, area=CITY, level="TOWNSHIP"))["coverage"]
    assert (said["covered"], said["percent"]) == (said["of"], "100.00")
    said = (await city.ask(COVERAGE, area=CITY, level="COUNTY"))["coverage"]
    assert (said["placed"], said["covered"], said["of"]) == (1, 5, 5)


async def test_rooms_cover_villages_and_centres_counties(city: City) -> None:
    await city.station(area=SHAYANG, name="沙洋县社会工作服务中心", tier="CENTRE")
    said = (await city.ask(COVERAGE, area=CITY, level="COUNTY", tier="CENTRE"))["coverage"]
    assert (said["covered"], said["of"], said["percent"]) == (1, 5, "20.00")
    said = (await city.ask(COVERAGE, area=CITY, level="VILLAGE"))["coverage"]
    assert (said["tier"], said["of"], said["percent"]) == ("ROOM", 0, None)


# ------------------------------------------------------------------------------------------------ laws

PATHS = st.sampled_from([(1,), (1, 2), (1, 3), (1, 2, 4), (1, 2, 5), (1, 3, 6)])


@given(
    st.lists(st.tuples(st.integers(1, 3), PATHS), max_size=4),
    st.sets(st.sampled_from([10, 11, 12, 13, 14])),
)
def test_rows_of_several_cover_as_many_places_as_any_choice_could(
    rows: list[tuple[int, tuple[int, ...]]], free: set[int]
) -> None:
    above = {10: (1, 2, 4, 10), 11: (1, 2, 4, 11), 12: (1, 2, 5, 12), 13: (1, 3, 6, 13), 14: (1, 3, 14)}
    places = {id: above[id] for id in free}

    def most(left: frozenset[int], at: int) -> int:
        if at == len(rows):
            return 0
        count, path = rows[at]
        mine = [id for id in left if path[-1] in places[id]]
        return max(
            size + most(left - set(some), at + 1)
            for size in range(min(count, len(mine)) + 1)
            for some in combinations(mine, size)
        )

    assert spread(rows, places) == most(frozenset(free), 0)

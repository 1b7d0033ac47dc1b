"""Reports: figures from rows, for any area and period, beside the period before; hidden where they are small."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from report_world import LATER, Reported, reporting, told
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_TOWN, TOWN, VILLAGE

from db.viewer import PUBLIC, Viewer
from resolvers.errors import InvalidInput, NotAllowed
from resolvers.measures import MEASURES

NOVEMBER = date(2026, 11, 10)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[Reported]:
    async with reporting(database_url) as one:
        yield one


@pytest.mark.parametrize("cadence", ["DAY", "WEEK", "MONTH", "QUARTER", "HALF_YEAR", "YEAR"])
async def test_every_measure_is_told_in_every_cadence_to_everybody(world: Reported, cadence: str) -> None:
    for viewer in (Viewer("ADMIN"), PUBLIC):
        for area in ("37", COUNTY, TOWN, VILLAGE):
            found = await world.report(area, viewer, cadence, on=NOVEMBER)
            assert set(found.total.figures) == set(MEASURES)
    found = await world.report(COUNTY, cadence=cadence, on=NOVEMBER, as_of=LATER, rows="VILLAGE", against="YEAR_BEFORE")
    assert set(found.total.figures) == set(MEASURES)


async def test_every_figure_is_what_its_rows_add_up_to(world: Reported) -> None:
    await world.serve(VILLAGE, NOVEMBER, persons=3, person_times=5, reach=9)
    await world.serve(FAR_VILLAGE, NOVEMBER, kind="HOURS", minutes=90)
    await world.serve(COUNTY, NOVEMBER, kind="MONEY_PAID", amount=Decimal("12.50"), persons=2)
    await world.serve(OTHER_COUNTY, NOVEMBER, persons=50, person_times=50)
    await world.serve(VILLAGE, date(2026, 12, 1), persons=60, person_times=60)
    await world.put("visit", TOWN, visited_on=date(2026, 11, 30), persons=4, person_times=6, kind="HOME")
    group = (await world.county.one("SELECT min(id) FROM term WHERE scheme = 'client_group'"))[0]
    await world.put("client", VILLAGE, opened_on=NOVEMBER, code="甲1", group_ids=[group, group + 1])
    await world.put("station", TOWN, opened_on=date(2026, 9, 1), tier="STATION", name="拳铺镇社会工作站", units=2)
    for area in (COUNTY, TOWN, VILLAGE, "3708"):
        report = await world.report(area)
        for code, figure in report.total.figures.items():
            if MEASURES[code].aggregate == "SUM" and MEASURES[code].ratio is None:
                behind = await world.rows(code, area)
                assert behind.value == figure.value == sum(row.value for row in behind.rows), (area, code)
                for part in figure.parts:
                    assert (await world.rows(code, area, part=part.code)).value == part.value, (area, code, part)
        for code in MEASURES:
            if MEASURES[code].aggregate == "SUM" and MEASURES[code].ratio is None:
                rows = sum(row.figures[code].value or 0 for row in report.rows)
                assert rows == report.total.figures[code].value, (area, code)
    found = told(await world.report())
    assert found["TOTAL", "PERSONS"][0] == "9"
    assert found["TOTAL", "PERSON_TIMES"][1] == {"SERVICE": (5, None), "VISIT": (6, None)}
    assert found[TOWN, "REACH"][0] == "13"
    assert found["370832 own", "MONEY_PAID"][0] == "12.5"
    assert found[OTHER_TOWN, "VOLUNTEER_HOURS"][0] == "1.5"
    assert found["TOTAL", "STATIONS"][0] == "2"
    assert found["TOTAL", "CLIENTS"][0] == "1"
    assert len(found["TOTAL", "CLIENTS"][1]) == 2


async def test_a_page_of_rows_goes_on_where_the_last_one_ended(world: Reported) -> None:
    for day in range(1, 8):
        await world.serve(VILLAGE, date(2026, 11, day), persons=1, person_times=1)
        await world.put("visit", VILLAGE, visited_on=date(2026, 11, day), persons=2, person_times=2, kind="HOME")
    seen, after = [], None
    while True:
        page = await world.rows("PERSONS", first=3, after=after)
        assert (page.count, page.value) == (14, 21)
        seen += [(row.entity, row.id) for row in page.rows]
        if not page.has_next:
            break
        after = page.end_cursor
    assert len(seen) == len(set(seen)) == 14


async def test_a_report_compares_with_the_period_before_and_the_year_before(world: Reported) -> None:
    for on, persons in ((date(2025, 11, 3), 40), (date(2026, 10, 31), 10), (date(2026, 11, 1), 12)):
        await world.serve(VILLAGE, on, persons=persons, person_times=persons)
    assert told(await world.report())["TOTAL", "PERSONS"][2:4] == (2, 20)
    assert told(await world.report(against="YEAR_BEFORE"))["TOTAL", "PERSONS"][2:4] == (-28, -70)
    assert told(await world.report(against="NOTHING"))["TOTAL", "PERSONS"][2:4] == (None, None)


async def test_coverage_is_compared_with_what_was_planned_for_the_year(world: Reported) -> None:
    home = await world.county.area_id(TOWN)
    plan = await world.put("build_plan", COUNTY, title="三年计划")
    for year, stations in ((2025, 2), (2026, 3), (2027, 9)):
        place = {"place_id": home, "place_name": f"拳铺镇{year}"}
        await world.put("build_target", COUNTY, plan_id=plan, year=year, stations=stations, **place)
    await world.put("station", VILLAGE, opened_on=NOVEMBER, tier="STATION", name="甲站", units=4)
    await world.put("station", VILLAGE, opened_on=date(2026, 12, 1), tier="STATION", name="乙站")
    await world.put("station", VILLAGE, opened_on=NOVEMBER, closed_on=date(2026, 11, 29), tier="ROOM", name="丙室")
    report = await world.report()
    assert (report.total.figures["STATIONS"].value, report.total.figures["STATIONS"].planned) == (4, 5)
    assert report.total.figures["STATIONS"].plan_percent == 80
    assert [row.figures["STATIONS"].planned for row in report.rows] == [5, None]


async def test_times_to_act_are_medians_of_hours_and_of_working_days(world: Reported) -> None:
    async with world.county.engine.begin() as conn:
        # Asked on a Friday at noon, taken on the Monday at ten: 70 hours, one working day.
        await conn.exec_driver_sql(
            "UPDATE referral SET requested_at = '2026-11-06 04:00Z', accepted_at = '2026-11-09 02:00Z',"
            " started_at = '2026-11-09 03:00Z'"
        )
    found = (await world.report()).total.figures
    assert found["ACCEPT_MEDIAN_HOURS"].value == found["ACCEPT_MEAN_HOURS"].value == 70
    assert (found["ACCEPT_MEDIAN_DAYS"].value, found["START_MEDIAN_HOURS"].value) == (1, 1)
    assert found["COMPLETE_MEDIAN_HOURS"].value is None
    assert (found["REQUESTED"].value, found["ACCEPTED"].value, found["CLOSED"].value) == (2, 2, 0)


async def test_a_report_of_a_period_to_come_is_refused_and_one_under_way_is_provisional(world: Reported) -> None:
    futures: list[tuple[str, str]] = [
        ("DAY", "2026-12-04"),
        ("WEEK", "2026-W50"),
        ("MONTH", "2027-01"),
        ("QUARTER", "2027-Q1"),
        ("HALF_YEAR", "2027-H1"),
        ("YEAR", "2027"),
    ]
    for cadence, period in futures:
        with pytest.raises(InvalidInput) as refused:
            await world.report(COUNTY, cadence=cadence, period=period)
        (problem,) = refused.value.fields
        assert (problem.path, problem.code) == (("period",), "FUTURE_PERIOD")
        assert problem.message_zh
        assert problem.message_en
    with pytest.raises(InvalidInput) as refused:
        await world.report(COUNTY, on=date(2027, 1, 1))
    assert refused.value.fields[0].path == ("on",)
    # A moment before November knew no November.
    with pytest.raises(InvalidInput):
        await world.report(as_of=datetime(2026, 10, 30, tzinfo=UTC))
    assert (await world.report(period="2026-12")).provisional
    assert (await world.report(as_of=datetime(2026, 11, 20, tzinfo=UTC))).provisional
    assert not (await world.report()).provisional
    # In the county the last moments of November are over before they are in London.
    assert not (await world.report(as_of=datetime(2026, 11, 30, 16, tzinfo=UTC))).provisional
    assert (await world.report(as_of=datetime(2026, 11, 30, 15, 59, tzinfo=UTC))).provisional


async def test_every_faulty_argument_is_named(world: Reported) -> None:
    with pytest.raises(InvalidInput) as refused:
        await world.report(
            "999999", cadence="MONTH", period="November", as_of=datetime(2027, 1, 1, tzinfo=UTC), measures=["LUCK"]
        )
    codes = {".".join(one.path): one.code for one in refused.value.fields}
    assert codes == {
        "area": "UNKNOWN_AREA",
        "asOf": "FUTURE_MOMENT",
        "period": "PERIOD_FORMAT",
        "measures.0": "UNKNOWN_MEASURE",
    }
    for measure, code in (("LOAD", "NO_ROWS"), ("LUCK", "UNKNOWN_MEASURE")):
        with pytest.raises(InvalidInput) as refused:
            await world.rows(measure, first=0, after="x")
        assert {one.code for one in refused.value.fields} == {"OUT_OF_RANGE", "BAD_CURSOR", code}


async def test_a_past_moment_is_told_to_staff_of_the_area_only(world: Reported) -> None:
    home, above = await world.county.coordinator(COUNTY), await world.county.coordinator("3708")
    for viewer in (home, above):
        assert (await world.report(viewer=viewer, as_of=LATER)).past
    for viewer in (PUBLIC, await world.county.coordinator(OTHER_COUNTY), await world.county.coordinator(TOWN)):
        with pytest.raises(NotAllowed):
            await world.report(viewer=viewer, as_of=LATER)
        assert not (await world.report(viewer=viewer)).inside


async def test_who_may_not_see_the_records_behind_a_figure_is_shown_none(world: Reported) -> None:
    await world.serve(VILLAGE, NOVEMBER, persons=30, person_times=30)
    await world.put("activity", VILLAGE, held_on=NOVEMBER, persons=9, person_times=9, name="腊八节", kind_id=1)
    for viewer in (PUBLIC, await world.county.coordinator(OTHER_COUNTY)):
        assert [row.entity for row in (await world.rows("PERSONS", viewer=viewer)).rows] == ["activity"]
    assert (await world.rows("PERSONS", viewer=await world.county.coordinator(TOWN))).value == 39

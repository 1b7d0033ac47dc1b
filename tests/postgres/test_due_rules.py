"""Due times and working days: loaded like other words, the nearest area wins, the newest set counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from small_county import COUNTY, FAR_VILLAGE, NOON, TOWN, VILLAGE, County, found

from exchange.records import Fault
from exchange.times import read_due_times, read_working_days
from exchange.vocabulary import shipped
from fivelink.runtime import VocabularyFaulty, load_words
from resolvers import due
from resolvers.vocabulary import load, vocabulary

HEAD = "step,priority,area,days,again_days,source\n"


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


def file(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


async def due_on(county: County, step: Any, priority: str, area: str, at: datetime = NOON) -> date:
    async with county.engine.connect() as conn:
        words = await vocabulary(county.engine, conn)
        area_id = await county.area_id(area)
        return (await due.due(conn, words, step=step, priority=priority, area_id=area_id, at=at)).date()


def codes(faults: tuple[Fault, ...]) -> list[tuple[str, int | None]]:
    return [(fault.code, fault.place.row) for fault in faults]


async def test_the_shipped_rules_know_every_step_and_priority_and_name_their_source(county: County) -> None:
    records = read_due_times(None, ()).records
    cases = {(one.step, one.priority) for one in records}
    steps = {
        (step, priority) for step in set(due.STEP_OF.values()) for priority in ("ROUTINE", "URGENT", "ASAP", "STAT")
    }
    assert cases == steps | {("STILL_TRUE", None), ("AGREEMENT_ENDS", None)}
    assert all(one.source for one in records)
    assert not read_due_times(None, ()).faults
    by_step = {(one.step, one.priority): one.days for one in records}
    for step in set(due.STEP_OF.values()):
        days = [by_step[step, priority] for priority in ("ROUTINE", "URGENT", "ASAP", "STAT")]
        assert days == sorted(days, reverse=True), step


async def test_the_rule_of_the_nearest_area_wins(county: County, tmp_path: Path) -> None:
    assert await due_on(county, "ACCEPT", "ROUTINE", VILLAGE) == date(2026, 11, 25)
    own = file(
        tmp_path,
        "due_times.csv",
        HEAD + f"ACCEPT,ROUTINE,{COUNTY},2,1,县里的规定\nACCEPT,ROUTINE,{TOWN},1,1,镇里的规定\n",
    )
    given = read_due_times([shipped("due_times.csv"), own], {COUNTY, TOWN})
    assert not given.faults
    assert (await load(county.context, due_times=given.records)).times
    assert await due_on(county, "ACCEPT", "ROUTINE", VILLAGE) == date(2026, 11, 23)
    assert await due_on(county, "ACCEPT", "ROUTINE", FAR_VILLAGE) == date(2026, 11, 24)
    assert await due_on(county, "ACCEPT", "ROUTINE", "3708") == date(2026, 11, 25)
    assert await due_on(county, "ACCEPT", "URGENT", VILLAGE) == date(2026, 11, 23)


async def test_a_row_of_the_county_takes_the_place_of_the_shipped_one_and_the_newest_set_counts(
    county: County, tmp_path: Path
) -> None:
    own = file(tmp_path, "due_times.csv", HEAD + "ACCEPT,ROUTINE,,10,2,本县规定\n")
    given = read_due_times([shipped("due_times.csv"), own], ())
    assert len(given.records) == len(read_due_times(None, ()).records)
    await load(county.context, due_times=given.records)
    assert await due_on(county, "ACCEPT", "ROUTINE", VILLAGE) == date(2026, 12, 4)
    assert not (await load(county.context, due_times=given.records)).times
    await load(county.context, due_times=read_due_times(None, ()).records)
    assert await due_on(county, "ACCEPT", "ROUTINE", VILLAGE) == date(2026, 11, 25)


async def test_days_a_county_loads_go_before_the_calendar_of_the_program(county: County, tmp_path: Path) -> None:
    eve = datetime(2026, 12, 31, 4, tzinfo=UTC)
    assert await due_on(county, "ACCEPT", "URGENT", VILLAGE, eve) == date(2027, 1, 1)
    own = file(tmp_path, "working_days.csv", "day,works,source\n2027-01-01,NO,国务院办公厅通知\n2027-01-02,yes,同上\n")
    given = read_working_days([shipped("working_days.csv"), own])
    assert not given.faults
    await load(county.context, working_days=given.records)
    assert await due_on(county, "ACCEPT", "URGENT", VILLAGE, eve) == date(2027, 1, 2)
    await load(county.context, working_days=())
    assert await due_on(county, "ACCEPT", "URGENT", VILLAGE, eve) == date(2027, 1, 1)


async def test_the_county_s_folder_brings_both_and_nothing_is_loaded_while_one_line_is_wrong(
    county: County, tmp_path: Path
) -> None:
    file(tmp_path, "due_times.csv", HEAD + "COMPLETE,STAT,370832,7,1,本县规定\n")
    file(tmp_path, "working_days.csv", "day,works,source\n2027-01-01,NO,通知\n")
    await load_words(county.context, tmp_path)
    assert (await county.one("SELECT days FROM due_rule WHERE area_id IS NOT NULL"))[0] == 7
    assert [row[0] for row in await county.rows("SELECT day FROM working_day")] == [date(2027, 1, 1)]
    before = await county.rows("SELECT * FROM due_rule ORDER BY id")
    file(tmp_path, "due_times.csv", HEAD + "COMPLETE,STAT,370832,many,1,本县规定\n")
    with pytest.raises(VocabularyFaulty) as refused:
        await load_words(county.context, tmp_path)
    assert [fault.code for fault in refused.value.faults] == ["DAYS_OUT_OF_RANGE"]
    assert await county.rows("SELECT * FROM due_rule ORDER BY id") == before


def test_every_fault_of_a_file_is_told_with_its_row(tmp_path: Path) -> None:
    times = file(
        tmp_path,
        "due_times.csv",
        HEAD
        + "WAIT,ROUTINE,,1,1,x\nACCEPT,SOON,,1,1,x\nACCEPT,STAT,999999,1,1,x\nACCEPT,ASAP,,-1,1,x\n"
        + "ACCEPT,URGENT,,1,0,x\nACCEPT,URGENT,,1,1,x\nSTILL_TRUE,STAT,,90,14,x\nSTART,STAT,,1,1,\n",
    )
    assert codes(read_due_times([times], {COUNTY}).faults) == [
        ("UNKNOWN_STEP", 2),
        ("UNKNOWN_PRIORITY", 3),
        ("UNKNOWN_AREA", 4),
        ("DAYS_OUT_OF_RANGE", 5),
        ("DAYS_OUT_OF_RANGE", 6),
        ("DUPLICATE_CODE", 7),
        ("DAYS_OUT_OF_RANGE", 8),
        ("MISSING_VALUE", 9),
    ]
    days = file(
        tmp_path,
        "working_days.csv",
        "day,works,source\n2027-02-30,NO,x\n2027-01-01,maybe,x\n2027-01-04,NO,x\n2027-01-04,YES,x\n2027-01-05,NO,\n",
    )
    assert codes(read_working_days([days]).faults) == [
        ("BAD_DATE", 2),
        ("NOT_YES_OR_NO", 3),
        ("DUPLICATE_CODE", 5),
        ("MISSING_VALUE", 6),
    ]

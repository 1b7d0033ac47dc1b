"""A coordinator's day: four lists and their figures, at the county's own time, for whoever works there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import pytest_asyncio
from loop import Loop, looped
from small_county import COUNTY, NOON, OTHER_COUNTY, OTHER_TOWN, TOWN, VILLAGE
from sqlalchemy import text

from db.cursors import parse_id
from db.viewer import PUBLIC, Viewer
from resolvers import referrals
from schema.execution.executor import Executor

LISTS = ("waitingForAcceptance", "overdue", "toFollowUp", "closedThisMonth")
DAY = """query($area: String!) { day(area: $area) { area { code }
    waitingForAcceptance { totalCount edges { node { id status } } }
    overdue { totalCount edges { node { id } } }
    toFollowUp { totalCount edges { node { id } } }
    closedThisMonth { totalCount edges { node { id closedAt } } }
    figures { waitingForAcceptance overdue toFollowUp closedThisMonth needs { status count } hoursUntilNextDue } } }"""


@pytest_asyncio.fixture
async def loop(database_url: str) -> AsyncIterator[Loop]:
    async with looped(database_url, need=50, capacity=100) as found:
        yield found


async def answer(
    loop: Loop, query: str = DAY, viewer: Viewer | None = None, at: datetime = NOON, **variables: Any
) -> dict[str, Any]:
    executor = Executor(loop.county.context.database, clock=lambda: at)  # type: ignore[arg-type]
    run = await executor.run(query, None, variables or {"area": COUNTY}, viewer=viewer or loop.coordinator)
    found: dict[str, Any] = orjson.loads(run.body)
    return found


async def day(loop: Loop, viewer: Viewer | None = None, at: datetime = NOON, area: str = COUNTY) -> dict[str, Any]:
    found = await answer(loop, DAY, viewer, at, area=area)
    assert "errors" not in found, found["errors"]
    one: dict[str, Any] = found["data"]["day"]
    return one


def ids(found: dict[str, Any]) -> dict[str, list[int]]:
    """The ids of each list, in order."""
    listed = {}
    for name in LISTS:
        parsed = [parse_id(edge["node"]["id"]) for edge in found[name]["edges"]]
        listed[name] = [one[1] for one in parsed if one is not None]
        assert found[name]["totalCount"] == len(listed[name])
    return listed


async def test_each_referral_stands_in_the_lists_it_belongs_to(loop: Loop) -> None:
    made = {
        status: await loop.led_to(status)
        for status in (
            "REQUESTED",
            "ACCEPTED",
            "IN_PROGRESS",
            "ON_HOLD",
            "COMPLETED",
            "FAILED",
            "REJECTED",
            "CANCELLED",
        )
    }
    found = await day(loop)
    listed = ids(found)
    assert listed["waitingForAcceptance"] == [made["REQUESTED"]]
    assert listed["overdue"] == []
    assert set(listed["toFollowUp"]) == {made["COMPLETED"], made["FAILED"]}
    assert set(listed["closedThisMonth"]) == {made[one] for one in ("COMPLETED", "FAILED", "REJECTED", "CANCELLED")}
    figures = found["figures"]
    assert [figures[name] for name in LISTS] == [1, 0, 2, 4]
    assert {one["status"]: one["count"] for one in figures["needs"]} == {
        "OPEN": 1,
        "MET": 0,
        "CLOSED": 0,
        "WITHDRAWN": 0,
    }


async def test_what_is_late_comes_first_and_is_late_by_the_clock(loop: Loop) -> None:
    first, second = await loop.order(1), await loop.order(2)
    due = (await loop.row(first)).due_at
    async with loop.county.engine.begin() as conn:
        await conn.execute(
            text("UPDATE referral SET due_at = due_at + interval '1 hour' WHERE id = :id"), {"id": first}
        )
    hours = (await day(loop))["figures"]["hoursUntilNextDue"]
    assert hours == pytest.approx((due - NOON) / timedelta(hours=1))
    later = await day(loop, at=due + timedelta(minutes=30))
    assert ids(later)["overdue"] == [second]
    assert later["figures"]["hoursUntilNextDue"] == pytest.approx(0.5)
    much_later = await day(loop, at=due + timedelta(days=9))
    assert ids(much_later)["overdue"] == ids(much_later)["waitingForAcceptance"] == [second, first]
    assert (much_later["figures"]["overdue"], much_later["figures"]["hoursUntilNextDue"]) == (2, None)


async def test_a_follow_up_takes_it_off_the_list_and_leaves_it_among_the_closed(loop: Loop) -> None:
    id = await loop.led_to("COMPLETED")
    await referrals.follow_up(loop.context(), id, satisfaction=5)
    listed = ids(await day(loop))
    assert (listed["toFollowUp"], listed["closedThisMonth"]) == ([], [id])


async def test_a_month_begins_at_midnight_of_the_county_and_the_newest_comes_first(loop: Loop) -> None:
    made = [await loop.led_to("COMPLETED", 1) for _ in range(3)]
    moments = [
        datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC),  # the last second of October in the county
        datetime(2026, 10, 31, 16, 0, tzinfo=UTC),
        datetime(2026, 11, 20, tzinfo=UTC),
    ]
    async with loop.county.engine.begin() as conn:
        for id, moment in zip(made, moments, strict=True):
            await conn.execute(text("UPDATE referral SET closed_at = :at WHERE id = :id"), {"at": moment, "id": id})
    found = await day(loop)
    assert ids(found)["closedThisMonth"] == [made[2], made[1]]
    assert found["figures"]["closedThisMonth"] == 2
    assert ids(await day(loop, at=moments[0]))["closedThisMonth"] == made[::-1]


async def test_a_list_is_paged_with_cursors(loop: Loop) -> None:
    made = [await loop.led_to("CANCELLED", 1) for _ in range(5)]
    query = """query($area: String!, $after: String) { day(area: $area) {
        closedThisMonth(first: 2, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { node { id } } }
        } }"""
    seen, after = [], None
    for _ in range(3):
        page = (await answer(loop, query, area=COUNTY, after=after))["data"]["day"]["closedThisMonth"]
        seen += [parse_id(edge["node"]["id"]) for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 5
    assert seen == [("Referral", id) for id in reversed(made)]
    assert not page["pageInfo"]["hasNextPage"]
    wrong = await answer(loop, query.replace("first: 2", "first: 0"), area=COUNTY)
    assert [one["extensions"]["code"] for one in wrong["errors"]] == ["BAD_PAGE"]


async def test_a_day_holds_what_lies_below_its_area_and_nothing_beside_it(loop: Loop) -> None:
    id = await loop.order(1)
    for area in (COUNTY, TOWN, VILLAGE):
        found = await day(loop, area=area)
        assert (found["area"], ids(found)["waitingForAcceptance"]) == ({"code": area}, [id])
        assert found["figures"]["waitingForAcceptance"] == 1
    beside = await day(loop, area=OTHER_TOWN)
    assert ids(beside)["waitingForAcceptance"] == []
    assert beside["figures"]["waitingForAcceptance"] == sum(one["count"] for one in beside["figures"]["needs"]) == 0


async def test_a_reader_sees_the_day_and_a_township_its_own(loop: Loop) -> None:
    id = await loop.order(1)
    assert ids(await day(loop, Viewer("READER")))["waitingForAcceptance"] == [id]
    town = await loop.county.coordinator(TOWN)
    assert ids(await day(loop, town, area=TOWN))["waitingForAcceptance"] == [id]
    refused = await answer(loop, viewer=town, area=COUNTY)
    assert [one["extensions"]["code"] for one in refused["errors"]] == ["NOT_ALLOWED"]


async def test_who_does_not_work_there_is_refused(loop: Loop) -> None:
    await loop.order(1)
    other = await loop.county.coordinator(OTHER_COUNTY)
    reader = Viewer("READER", 9, other.area_id, True)
    for viewer in (PUBLIC, loop.provider, loop.community, other, reader):
        found = await answer(loop, viewer=viewer)
        assert found["data"] is None
        assert [one["extensions"]["code"] for one in found["errors"]] == ["NOT_ALLOWED"]
    unknown = await answer(loop, area="370899")
    (error,) = unknown["errors"]
    assert error["extensions"]["fields"][0]["code"] == "UNKNOWN_AREA"


async def test_a_list_costs_one_statement_however_long_it_is(loop: Loop) -> None:
    for _ in range(6):
        await loop.order(1)
    executor = Executor(loop.county.context.database, clock=lambda: NOON)  # type: ignore[arg-type]
    query = """{ day(area: "%s") { waitingForAcceptance { edges { node { need { title } provider { name }
        offer { title } } } } } }"""
    await executor.run(query % COUNTY, None, {}, viewer=loop.coordinator)
    before = executor.reader.statements
    run = await executor.run(query % COUNTY, None, {}, viewer=loop.coordinator)
    assert len(orjson.loads(run.body)["data"]["day"]["waitingForAcceptance"]["edges"]) == 6
    assert executor.reader.statements - before == 1

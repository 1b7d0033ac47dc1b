"""Submitted reports stay as they are; what was corrected since shows as a difference; what is owed is told."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from report_world import LATER, Reported, reporting
from small_county import COUNTY, OTHER_COUNTY, TOWN, VILLAGE
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import records, report_submissions
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound
from resolvers.periods import containing
from resolvers.report_submissions import Difference, due_on

NOVEMBER = date(2026, 11, 10)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[Reported]:
    async with reporting(database_url) as one:
        await one.serve(VILLAGE, NOVEMBER, persons=3, person_times=5)
        yield one


async def submit(world: Reported, viewer: Viewer = LOCAL, **changed: Any) -> int:
    asked = {"area": COUNTY, "cadence": "MONTH", "period": "2026-11"} | changed
    return (await report_submissions.submit(world.context(viewer), **asked)).id


async def refused(world: Reported, viewer: Viewer = LOCAL, **changed: Any) -> Any:
    before = [await world.county.counts(), (await world.county.one("SELECT count(*) FROM report"))[0]]
    with pytest.raises((InvalidInput, NotAllowed, Conflict)) as refusal:
        await submit(world, viewer, **changed)
    assert [await world.county.counts(), (await world.county.one("SELECT count(*) FROM report"))[0]] == before
    return refusal.value


async def test_a_report_is_kept_with_its_figures_and_a_digest_that_anybody_can_compute_again(world: Reported) -> None:
    id = await submit(world, await world.county.coordinator(COUNTY, 5), note=" 十一月情况正常 ")
    row = await world.county.one("SELECT * FROM report WHERE id = :id", id=id)
    assert (row.cadence, row.period, row.from_on, row.until_on) == (
        "MONTH",
        "2026-11",
        date(2026, 11, 1),
        date(2026, 11, 30),
    )
    assert (row.note, row.actor_id, row.recorded_at) == ("十一月情况正常", 5, LATER)
    assert row.figures["total"]["figures"]["PERSONS"] == {"value": "3", "parts": {"SERVICE": "3"}}
    whole = {"area": COUNTY, "cadence": "MONTH", "period": "2026-11", "figures": row.figures}
    assert row.digest == hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()
    (event,) = await world.county.rows("SELECT detail FROM event WHERE kind = 'report.submitted'")
    assert event[0] == {"cadence": "MONTH", "period": "2026-11", "digest": row.digest}


async def test_the_same_key_submits_once_and_another_finds_it_submitted(world: Reported) -> None:
    first = await submit(world, idempotency_key="k")
    assert await submit(world, idempotency_key="k") == first
    assert (await refused(world)).code == "ALREADY_SUBMITTED"


async def test_what_may_not_be_submitted_changes_nothing(world: Reported) -> None:
    home = await world.county.coordinator(COUNTY)
    assert (await refused(world, home, period="2026-12")).code == "PERIOD_NOT_OVER"
    future = await refused(world, home, period="2027-01", idempotency_key="")
    assert {one.path[0] for one in future.fields} == {"idempotencyKey", "period"}
    assert "FUTURE_PERIOD" in {one.code for one in future.fields}
    for viewer in (PUBLIC, Viewer("READER", 4), Viewer("PARTNER", 2, party_id=1)):
        assert isinstance(await refused(world, viewer), NotAllowed)
    assert isinstance(await refused(world, await world.county.coordinator(OTHER_COUNTY)), NotAllowed)
    assert isinstance(await refused(world, await world.county.coordinator(TOWN)), NotAllowed)


async def test_what_is_corrected_later_shows_as_a_difference_and_the_report_stays(world: Reported) -> None:
    id = await submit(world)
    kept = await world.county.one("SELECT to_jsonb(t) FROM report t")
    same = report_submissions.Submitted(id, [])
    assert await report_submissions.submitted(world.context(), await world.report()) == same
    world.now += timedelta(days=1)
    await world.serve(VILLAGE, NOVEMBER, persons=4, person_times=4)
    found = await report_submissions.submitted(world.context(), await world.report(measures=["PERSONS"]))
    assert found is not None
    places = {(one.area_code, one.part): (one.submitted, one.now) for one in found.differences}
    assert places == {
        (COUNTY, None): (Decimal(3), Decimal(7)),
        (COUNTY, "SERVICE"): (Decimal(3), Decimal(7)),
        (TOWN, None): (Decimal(3), Decimal(7)),
        (TOWN, "SERVICE"): (Decimal(3), Decimal(7)),
    }
    then = await world.report(as_of=LATER)
    assert await report_submissions.submitted(world.context(), then) == same
    assert await world.county.one("SELECT to_jsonb(t) FROM report t") == kept
    assert await report_submissions.submitted(world.context(PUBLIC), await world.report(viewer=PUBLIC)) is None
    assert isinstance(found.differences[0], Difference)


async def test_nobody_changes_withdraws_or_deletes_a_submitted_report(world: Reported) -> None:
    id = await submit(world)
    with pytest.raises(NotFound):
        await records.withdraw(world.context(), "report", id, reason="填错了")
    for statement in (
        "UPDATE report SET figures = '{}'",
        "UPDATE report SET withdrawn_at = now()",
        "UPDATE report SET note = 'x'",
        "DELETE FROM report",
    ):
        with pytest.raises(IntegrityError):
            async with world.county.engine.begin() as conn:
                await conn.execute(text(statement))


async def owed(
    world: Reported, on: date, viewer: Viewer = LOCAL, area: str = COUNTY, **asked: Any
) -> list[tuple[str, str, int]]:
    context = replace(world.context(viewer), clock=lambda: datetime(on.year, on.month, on.day, 4, tzinfo=UTC))
    found = await report_submissions.overdue(context, area=area, **asked)
    return [(one.area.code, one.period.code, one.days_late) for one in found]


async def test_a_report_is_owed_from_the_day_after_it_was_due_until_it_is_submitted(world: Reported) -> None:
    november = containing("MONTH", NOVEMBER)
    # 30 November is a Monday; the third working day after it is Thursday.
    assert due_on(november, 3, {}) == date(2026, 12, 3)
    assert (COUNTY, "2026-11", 0) not in await owed(world, date(2026, 12, 3), cadences=["MONTH"])
    late = await owed(world, date(2026, 12, 7), cadences=["MONTH"])
    assert late[-1] == (COUNTY, "2026-11", 2)
    assert late[0][:2] == (COUNTY, "2026-06")
    await submit(world)
    assert (COUNTY, "2026-11", 2) not in await owed(world, date(2026, 12, 7), cadences=["MONTH"])
    assert {code for code, _, _ in await owed(world, date(2026, 12, 7), area="3708")} == {"3708", COUNTY, OTHER_COUNTY}
    for viewer in (PUBLIC, await world.county.coordinator(OTHER_COUNTY)):
        with pytest.raises(NotAllowed):
            await owed(world, date(2026, 12, 7), viewer)


async def test_an_area_says_itself_who_owes_what(world: Reported) -> None:
    duty = {"level": "TOWNSHIP", "cadence": "MONTH", "working_days": 0, "owed": True, "from_on": date(2026, 10, 1)}
    await world.put("report_duty", COUNTY, **duty)
    freed = {"level": "COUNTY", "cadence": "MONTH", "working_days": 0, "owed": False, "from_on": date(2026, 1, 1)}
    await world.put("report_duty", "3708", **freed)
    late = await owed(world, date(2026, 12, 1), cadences=["MONTH"])
    assert [(code, period) for code, period, _ in late if code == TOWN] == [(TOWN, "2026-10"), (TOWN, "2026-11")]
    assert COUNTY not in {code for code, _, _ in late}

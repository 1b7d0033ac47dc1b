"""What time brings, with the clock moved by hand: handed upward, given back, reminded, asked; once, whoever does it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from plan_stage import until
from small_county import COUNTY, FAR_VILLAGE, NOON, TOWN, VILLAGE, County, found
from sqlalchemy import text

from db import jobs, workers
from db.cursors import global_id
from resolvers import offers, referrals, upkeep
from resolvers.context import Context
from resolvers.plan_jobs import url_of

WEDNESDAY, THURSDAY, SATURDAY = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 28)
DECEMBER, LATER = date(2026, 12, 1), date(2026, 12, 8)


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


async def ordered(county: County, priority: str = "ROUTINE", area: str = VILLAGE) -> int:
    """An order of two wheelchairs, made on Sunday the 22nd: routine ones are to be answered by Wednesday, 17:30."""
    home = VILLAGE if area == COUNTY else area
    need = await county.need(await county.community(home, f"{area}社区"), priority=priority)
    offer = await county.offer(await county.provider(name=f"{area}公司"))
    id = (await referrals.request(county.context, need_id=need, offer_id=offer, quantity=2)).id
    if area == COUNTY:
        # No community is registered there; a referral of the county itself is one whose area was dissolved into it.
        async with county.engine.begin() as conn:
            await conn.execute(
                text("UPDATE referral SET area_id = county_id, owner_area_id = county_id WHERE id = :id"), {"id": id}
            )
    return id


async def stands(county: County, id: int) -> tuple[str, str, int, datetime]:
    """(status, code of the owner's area, times handed upward, due)."""
    row = await county.one(
        "SELECT r.status, a.code, r.escalations, r.due_at FROM referral r JOIN area a ON a.id = r.owner_area_id"
        " WHERE r.id = :id",
        id=id,
    )
    return row.status, row.code, row.escalations, row.due_at


async def told(county: County, *kinds: str) -> Counter[tuple[str, str]]:
    """(kind, to whom) of the notices of these kinds: "provider" or the code of an area."""
    rows = await county.rows(
        "SELECT n.kind, coalesce(a.code, 'provider') FROM notice n LEFT JOIN area a ON a.id = n.area_id"
    )
    return Counter((row[0], row[1]) for row in rows if row[0] in kinds)


def closing(day: date) -> datetime:
    """17:30 in the county."""
    return datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)


async def test_what_nobody_answers_goes_from_village_to_township_to_county_and_is_given_back(county: County) -> None:
    id = await ordered(county)
    assert await stands(county, id) == ("REQUESTED", VILLAGE, 0, closing(WEDNESDAY))

    assert (await upkeep.sweep(county.on(WEDNESDAY)))["escalated"] == 0
    assert await stands(county, id) == ("REQUESTED", VILLAGE, 0, closing(WEDNESDAY))

    assert (await upkeep.sweep(county.on(THURSDAY)))["escalated"] == 1
    assert await stands(county, id) == ("REQUESTED", TOWN, 1, closing(date(2026, 11, 27)))

    assert (await upkeep.sweep(county.on(SATURDAY)))["escalated"] == 1
    assert await stands(county, id) == ("REQUESTED", COUNTY, 2, closing(date(2026, 11, 30)))

    done = await upkeep.sweep(county.on(DECEMBER))
    assert (done["escalated"], done["released"]) == (0, 1)
    assert (await stands(county, id))[0] == "CANCELLED"
    assert (await county.one("SELECT committed FROM offer"))[0] == 0
    assert (await county.one("SELECT committed FROM need"))[0] == 0
    kinds = [row[0] for row in await county.rows("SELECT kind FROM event WHERE entity = 'referral' ORDER BY id")]
    assert kinds == ["referral.requested", "referral.escalated", "referral.escalated", "referral.released"]
    assert await told(county, "ESCALATED", "OVERDUE") == {
        ("ESCALATED", TOWN): 1,
        ("ESCALATED", COUNTY): 1,
        ("OVERDUE", "provider"): 2,
    }

    quiet = await upkeep.sweep(county.on(LATER))
    assert (quiet["escalated"], quiet["released"], quiet["reminded"]) == (0, 0, 0)


async def test_an_answer_in_time_or_late_brings_it_back_to_its_own_village(county: County) -> None:
    id = await ordered(county)
    await upkeep.sweep(county.on(THURSDAY))
    await referrals.advance(county.on(THURSDAY), "accept", id)
    status, owner, times, due = await stands(county, id)
    assert (status, owner, times) == ("ACCEPTED", VILLAGE, 0)
    assert due == closing(date(2026, 12, 3))
    assert (await upkeep.sweep(county.on(date(2026, 12, 3))))["escalated"] == 0


async def test_a_level_that_is_not_there_is_passed_over_and_the_county_is_reminded_before_it_loses_it(
    county: County,
) -> None:
    town, top = await ordered(county, area=TOWN), await ordered(county, area=COUNTY)
    await upkeep.sweep(county.on(THURSDAY))
    assert (await stands(county, town))[1:3] == (COUNTY, 1)
    assert (await stands(county, top))[:3] == ("REQUESTED", COUNTY, 1)
    done = await upkeep.sweep(county.on(SATURDAY))
    assert done["released"] == 2
    assert {(await stands(county, one))[0] for one in (town, top)} == {"CANCELLED"}


async def test_what_has_begun_is_never_given_back_but_the_county_is_reminded_of_it(county: County) -> None:
    id = await ordered(county, "STAT")
    for step in ("accept", "start"):
        await referrals.advance(county.context, step, id)
    day, held = date(2026, 11, 26), (await county.one("SELECT committed FROM offer"))[0]
    reminders = 0
    while day < date(2026, 12, 31):
        before = (await told(county, "OVERDUE"))[("OVERDUE", COUNTY)]
        await upkeep.sweep(county.on(day))
        await upkeep.sweep(county.on(day))
        now = (await told(county, "OVERDUE"))[("OVERDUE", COUNTY)]
        assert now - before <= 1, day
        reminders += now - before
        day += timedelta(days=1)
    assert (await stands(county, id))[:3] == ("IN_PROGRESS", COUNTY, 2)
    assert (await county.one("SELECT committed FROM offer"))[0] == held == 2
    # STAT: a day more each time; 24 working days from the first of December to the end.
    assert 20 <= reminders <= 24


async def test_a_follow_up_that_nobody_makes_is_handed_upward_to_coordinators_only(county: County) -> None:
    id = await ordered(county, "STAT")
    await referrals.advance(county.context, "accept", id)
    await referrals.advance(county.context, "start", id)
    async with county.engine.begin() as conn:
        await conn.execute(
            text(
                "UPDATE referral SET status = 'COMPLETED', delivered = 2, held = 2, awaited = true, due_at = :due,"
                " closed_at = :due, closed_by = 'PROVIDER' WHERE id = :id"
            ),
            {"due": closing(WEDNESDAY), "id": id},
        )
    before = await told(county, "OVERDUE", "DUE_TOMORROW")
    assert (await upkeep.sweep(county.on(THURSDAY)))["escalated"] == 1
    assert (await stands(county, id))[:2] == ("COMPLETED", TOWN)
    assert await told(county, "OVERDUE", "DUE_TOMORROW") == before
    assert await told(county, "ESCALATED") == {("ESCALATED", TOWN): 1}


async def test_the_provider_hears_on_the_working_day_before_once_for_each_due_time(county: County) -> None:
    await ordered(county)
    assert (await upkeep.sweep(county.context))["due_soon"] == 0
    tuesday = county.on(date(2026, 11, 24))
    assert [(await upkeep.sweep(tuesday))["due_soon"] for _ in range(2)] == [1, 0]
    assert (await upkeep.sweep(county.on(WEDNESDAY)))["due_soon"] == 0
    assert await told(county, "DUE_TOMORROW") == {("DUE_TOMORROW", "provider"): 1}
    body = await county.one("SELECT body_zh, body_en FROM notice WHERE kind = 'DUE_TOMORROW'")
    assert body[0] == "山东省济宁市梁山县拳铺镇甲村:轮椅 2 件。2026-11-25 17:30 到期,请及时办理。"
    assert body[1] == "Wheelchair (2 件), 山东省济宁市梁山县拳铺镇甲村. It is due at 2026-11-25 17:30."


async def test_a_weekend_between_is_no_working_day_before(county: County) -> None:
    """Due on Monday: told on Friday, and nothing more on Saturday or Sunday."""
    id = await ordered(county)
    async with county.engine.begin() as conn:
        due = closing(date(2026, 11, 30))
        await conn.execute(text("UPDATE referral SET due_at = :due WHERE id = :id"), {"due": due, "id": id})
    days = (THURSDAY, date(2026, 11, 27), SATURDAY, date(2026, 11, 29))
    assert [(await upkeep.sweep(county.on(day)))["due_soon"] for day in days] == [0, 1, 0, 0]


async def test_old_offers_are_asked_about_in_one_notice_and_not_again_for_a_while(county: County) -> None:
    provider = await county.provider()
    old = [await county.offer(provider, title=f"旧的{n}") for n in range(3)]
    await offers.pause(county.context, old[2])
    other = await county.provider(name="另一家公司")
    fresh = await county.offer(other)
    late = county.on(date(2027, 2, 21))
    await offers.confirm(county.on(date(2027, 2, 1)), fresh)

    assert (await upkeep.sweep(county.on(date(2027, 2, 20))))["asked"] == 0
    assert (await upkeep.sweep(late))["asked"] == 1
    row = await county.one("SELECT party_id, about, body_zh FROM notice WHERE kind = 'STILL_TRUE'")
    assert (row.party_id, row.about) == (provider, [global_id(f"Offer:{id}".encode()) for id in old[:2]])
    assert "2 项" in row.body_zh
    assert (await upkeep.sweep(county.on(date(2027, 3, 6))))["asked"] == 0
    assert (await upkeep.sweep(county.on(date(2027, 3, 7))))["asked"] == 1
    await offers.confirm(county.on(date(2027, 3, 8)), old[0])
    await offers.withdraw(county.on(date(2027, 3, 8)), old[1])
    assert (await upkeep.sweep(county.on(date(2027, 4, 8))))["asked"] == 0


def shifted(context: Context, seconds: float) -> Context:
    now = context.clock() + timedelta(seconds=seconds)
    return replace(context, clock=lambda: now)


async def test_two_sweeps_at_once_do_it_once(county: County) -> None:
    ids = [await ordered(county, area=area) for area in (VILLAGE, FAR_VILLAGE, TOWN, COUNTY)]
    await county.offer(await county.provider())
    for day in (THURSDAY, SATURDAY, DECEMBER, LATER, date(2027, 2, 25)):
        # Their clocks differ by a little, as those of machines do.
        done = await asyncio.gather(*(upkeep.sweep(shifted(county.on(day), seconds)) for seconds in range(4)))
        again = await upkeep.sweep(county.on(day))
        assert again == dict.fromkeys(again, 0), day
        assert sum(one["escalated"] for one in done) == {THURSDAY: 4, SATURDAY: 2}.get(day, 0)
        assert sum(one["released"] for one in done) == {SATURDAY: 2, DECEMBER: 2}.get(day, 0)
        assert sum(one["asked"] for one in done) == (5 if day == date(2027, 2, 25) else 0)
    assert {(await stands(county, id))[0] for id in ids} == {"CANCELLED"}
    events = await county.rows("SELECT entity_id, kind, count(*) FROM event WHERE entity = 'referral' GROUP BY 1, 2")
    times = {(row[0], row[1]): row[2] for row in events}
    assert [times[id, "referral.escalated"] for id in ids] == [2, 2, 1, 1]
    assert [times[id, "referral.released"] for id in ids] == [1, 1, 1, 1]
    assert (await county.one("SELECT count(*) FROM offer WHERE committed <> 0"))[0] == 0


async def test_what_somebody_works_on_is_passed_over_and_done_the_next_time(county: County) -> None:
    first, second = await ordered(county), await ordered(county, area=FAR_VILLAGE)
    async with county.engine.begin() as busy:
        await busy.execute(text("SELECT 1 FROM referral WHERE id = :id FOR UPDATE"), {"id": first})
        assert (await upkeep.sweep(county.on(THURSDAY)))["escalated"] == 1
        assert (await stands(county, first))[2] == 0
        assert (await stands(county, second))[2] == 1
    assert (await upkeep.sweep(county.on(THURSDAY)))["escalated"] == 1


async def test_one_kind_that_fails_keeps_no_other_from_its_turn(county: County) -> None:
    await ordered(county)
    async with county.engine.begin() as conn:
        await conn.execute(text("ALTER TABLE offer RENAME COLUMN confirmed_at TO gone"))
    with pytest.raises(Exception, match="confirmed_at"):
        await upkeep.sweep(county.on(THURSDAY))
    assert (await county.one("SELECT escalations FROM referral"))[0] == 1
    assert (await county.one("SELECT count(*) FROM notice WHERE delivered_at IS NULL"))[0] == 0


async def test_a_tick_is_done_by_one_of_all_the_workers(county: County) -> None:
    """Two workers of one database, each on a session of its own; a tick is a minute of the clock."""
    ticks: list[int] = []

    async def nothing(_: int) -> None:
        return None

    def working(name: int) -> asyncio.Task[Any]:
        async def tick() -> None:
            ticks.append(name)

        return asyncio.create_task(workers.work(url_of(county.engine), nothing, stay=True, tick=tick))

    began = int(time.time() // 60)
    tasks = [working(1), working(2)]

    async def settled() -> bool:
        living = await county.one(f"SELECT count(*) FROM ({jobs.LIVING}) l")  # noqa: S608
        # A worker defers the tick before it looks for jobs: both have tried once they take turns at the queue.
        return living[0] == 4 and bool(ticks)

    try:
        await until(settled)
        minutes = int(time.time() // 60) - began + 1
        assert 1 <= len(ticks) <= minutes
        assert (await county.one("SELECT count(*) FROM procrastinate_periodic_defers"))[0] == 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def worker(url: str) -> subprocess.Popen[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIVELINK_")}
    return subprocess.Popen(
        [sys.executable, "-m", "fivelink.cli", "worker"],
        env=clean | {"FIVELINK_DATABASE_URL": url},
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by signals")
async def test_two_worker_processes_do_what_time_brings_once_and_deliver_it(database_url: str, county: County) -> None:
    id = await ordered(county)
    async with county.engine.begin() as conn:
        # The clock of those processes is that of the machine: long after any day of these tests.
        long_ago = closing(date(2020, 1, 2))
        await conn.execute(text("UPDATE referral SET due_at = :due WHERE id = :id"), {"due": long_ago, "id": id})
        await conn.execute(text("UPDATE notice SET try_at = :then"), {"then": long_ago})
    processes = [worker(database_url) for _ in range(2)]

    async def settled() -> bool:
        living = await county.one(f"SELECT count(*) FROM ({jobs.LIVING}) l")  # noqa: S608
        waiting = await county.one("SELECT count(*) FROM notice WHERE delivered_at IS NULL")
        left = await county.one("SELECT count(*) FROM procrastinate_jobs")
        return (living[0], waiting[0], left[0]) == (4, 0, 0) and (await stands(county, id))[2] == 1

    try:
        await until(settled)
        assert (await stands(county, id))[1:3] == (TOWN, 1)
        assert (await county.one("SELECT count(*) FROM event WHERE kind = 'referral.escalated'"))[0] == 1
        assert await told(county, "ESCALATED", "OVERDUE") == {("ESCALATED", TOWN): 1, ("OVERDUE", "provider"): 1}
    finally:
        for process in processes:
            process.terminate()
        assert [process.wait(20) for process in processes] == [0, 0]


async def test_a_round_that_a_dead_worker_left_keeps_nobody_from_the_next(county: County) -> None:
    async with county.engine.begin() as conn:
        for status in ("doing", "todo"):
            await conn.execute(
                text(
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status)"
                    " VALUES ('upkeep', 'upkeep.sweep', 'upkeep', 'upkeep',"
                    " jsonb_build_object('timestamp', 0), CAST(:status AS procrastinate_job_status))"
                ),
                {"status": status},
            )
    assert (jobs.UPKEEP, jobs.UPKEEP_TASK) == ("upkeep", "upkeep.sweep")
    done = asyncio.Event()

    async def tick() -> None:
        done.set()

    async def nothing(_: int) -> None:
        return None

    task = asyncio.create_task(workers.work(url_of(county.engine), nothing, stay=True, tick=tick))
    try:
        async with asyncio.timeout(20):
            await done.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_round_that_fails_is_said_by_its_code_and_nothing_more(
    county: County, caplog: pytest.LogCaptureFixture
) -> None:
    async with county.engine.begin() as conn:
        await conn.execute(text("ALTER TABLE notice RENAME TO gone"))
    await upkeep.tick(replace(county.context, clock=lambda: NOON))
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["upkeep was not finished"]
    assert "SELECT" not in caplog.text

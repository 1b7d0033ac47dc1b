"""Webhooks when something breaks: the other side, the network, the database, a worker of several."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from small_county import COUNTY, NOON
from webhook_receiver import CUT, ENDLESS, HANG, receiving
from webhook_stage import LATER, Stage, staged

from db import feed
from db import webhooks as rows
from db.cursors import global_id
from db.database import Database
from db.viewer import LOCAL
from resolvers import feed as feeds
from resolvers import webhook_delivery, webhook_posting, webhooks
from resolvers.context import Context


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as one:
        yield one


@pytest.mark.parametrize(
    ("answer", "error", "status"),
    [
        *((500, "STATUS", 500), (404, "STATUS", 404), (302, "REDIRECT", 302), (307, "REDIRECT", 307)),
        *((CUT, "UNREACHABLE", None), (HANG, "TIMEOUT", None)),
    ],
)
async def test_what_fails_is_tried_again_after_a_pause(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: int | str, error: str, status: int | None
) -> None:
    if answer == HANG:
        monkeypatch.setattr(webhook_posting, "SECONDS", 0.3)
    id, _ = await stage.hook()
    stage.receiver.answers += [204, answer, answer]
    for _ in range(3):
        await stage.need()
    assert await stage.deliver() == 1
    row = await stage.row(id)
    assert (row.status, row.failures, row.last_error, row.last_status) == ("FAILING", 1, error, status)
    first, last = webhook_delivery.PAUSES[0], webhook_delivery.PAUSES[0] * 1.2
    assert stage.clock.now + first <= row.next_try_at <= stage.clock.now + last
    assert await stage.deliver() == 0
    assert len(stage.receiver.received) == 2
    stage.clock.now += last
    assert await stage.deliver() == 0
    row = await stage.row(id)
    assert row.failures == 2
    assert row.next_try_at >= stage.clock.now + webhook_delivery.PAUSES[1]
    stage.clock.now = row.next_try_at
    assert await stage.deliver() == 2
    row = await stage.row(id)
    assert (row.status, row.failures, row.last_error, row.failing_since) == ("ACTIVE", 0, None, None)
    ids = stage.receiver.ids
    assert [ids[1]] * 3 == ids[1:4]
    assert len(set(ids)) == 3
    # The same event, whenever it is sent.
    assert len({one.body for one in stage.receiver.received[1:4]}) == 1


async def test_pauses_grow_and_after_days_it_is_given_up_and_said(stage: Stage) -> None:
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    id, _ = await stage.hook(own)
    stage.receiver.answers += [503] * 100
    await stage.need()
    pauses = []
    while (row := await stage.row(id)).status != "DISABLED":
        stage.clock.now = row.next_try_at or stage.clock.now
        await stage.deliver()
        pauses.append(((await stage.row(id)).next_try_at or stage.clock.now) - stage.clock.now)
    for pause, least in zip(pauses, webhook_delivery.PAUSES, strict=False):
        assert least <= pause <= least * 1.2
    assert webhook_delivery.GIVEN_UP <= stage.clock.now - NOON <= webhook_delivery.GIVEN_UP + timedelta(hours=15)
    notice = await stage.loop.county.one("SELECT kind, party_id, about FROM notice WHERE kind = 'WEBHOOK_DISABLED'")
    assert (notice.party_id, notice.about) == (stage.loop.provider_id, [global_id(f"Webhook:{id}".encode())])
    sent = len(stage.receiver.received)
    stage.receiver.answers.clear()
    stage.clock.now += timedelta(days=1)
    assert await stage.deliver() == 0
    assert len(stage.receiver.received) == sent
    await webhooks.resume(replace(stage.context, viewer=own), id)
    assert await stage.deliver() == 1
    assert len(set(stage.receiver.ids)) == 1


async def test_who_says_gone_hears_no_more(stage: Stage) -> None:
    county = await stage.key("COORDINATOR", area=COUNTY)
    id, _ = await stage.hook(county)
    stage.receiver.answers.append(410)
    await stage.need()
    await stage.need()
    assert await stage.deliver() == 0
    row = await stage.row(id)
    assert (row.status, row.last_error, row.last_status) == ("DISABLED", "GONE", 410)
    assert len(stage.receiver.received) == 1
    told = await stage.loop.county.one("SELECT area_id FROM notice WHERE kind = 'WEBHOOK_DISABLED'")
    assert told.area_id == county.area_id


async def test_after_an_outage_exactly_what_was_missed_arrives(stage: Stage) -> None:
    await stage.hook()
    before = [await stage.need() for _ in range(3)]
    await stage.deliver()
    elsewhere = f"http://127.0.0.1:{stage.receiver.port}/hook?token=t0ken"
    async with receiving() as gone:
        id, _ = await stage.hook(url=gone.url)
        port = gone.port
    missed = [await stage.need() for _ in range(45)]
    await stage.deliver()
    assert (await stage.row(id)).last_error == "UNREACHABLE"
    assert len(stage.receiver.received) == len(before) + len(missed)
    stage.clock.now += LATER
    async with receiving(port) as back:
        assert await stage.deliver() == 45
        wanted = [global_id(f"Need:{need}".encode()) for need in missed]
        assert [one.event["data"]["id"] for one in back.received] == wanted
    assert elsewhere == stage.receiver.url


async def test_one_that_hangs_keeps_nobody_waiting(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_posting, "SECONDS", 2.0)
    async with receiving() as slow:
        slow.answers.append(HANG)
        await stage.hook(url=slow.url)
        await stage.hook()
        await stage.need()
        await stage.place()
        task = asyncio.create_task(webhook_delivery.attend(stage.context))
        await stage.receiver.until(1)
        await slow.until(1)
        await stage.need()
        await stage.place()
        await stage.receiver.until(2)
        assert len(slow.received) == 1
        task.cancel()
        await asyncio.wait([task])


async def test_a_body_without_end_is_not_read(stage: Stage) -> None:
    await stage.hook()
    stage.receiver.answers.append(ENDLESS)
    await stage.need()
    async with asyncio.timeout(10):
        assert await stage.deliver() == 1


@asynccontextmanager
async def worker(url: str, *, sequencer: bool = False) -> AsyncIterator[None]:
    database = Database(url)
    webhooks.allow_local(database.engine)
    context = Context(database, LOCAL)
    tasks = [asyncio.create_task(webhook_delivery.attend(context))]
    if sequencer:
        tasks.append(asyncio.create_task(feeds.attend(context)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await database.close()


async def test_two_workers_send_every_event_once_in_order(stage: Stage, database_url: str) -> None:
    async with receiving() as other:
        receivers = (stage.receiver, other)
        for receiver in receivers:
            await stage.hook(url=receiver.url)
        async with worker(database_url, sequencer=True), worker(database_url, sequencer=True), worker(database_url):
            made = []
            for _ in range(10):
                made += await asyncio.gather(*(stage.need() for _ in range(5)))
            for receiver in receivers:
                await receiver.until(50)
        for receiver in receivers:
            ids = [int(one.id.removeprefix("evt_")) for one in receiver.received]
            assert len(ids) == len(set(ids)) == 50
            positions = [feed.position_of(one.event["cursor"]) for one in receiver.received]
            assert positions == sorted(positions)


async def test_who_dies_between_the_answer_and_the_cursor_repeats_one(stage: Stage) -> None:
    id, _ = await stage.hook()
    for _ in range(3):
        await stage.need()
    await stage.place()
    # It takes the webhook, one event arrives, and it is gone: no position, and nobody gives the lease back.
    async with stage.loop.county.engine.begin() as conn:
        now = stage.clock()
        (hook,) = await rows.take(conn, now=now, until=now + webhook_delivery.LEASE, limit=1)
    turn = webhook_delivery._Turn(stage.context, hook)
    stage.receiver.answers += [204, HANG]
    dying = asyncio.create_task(turn.run())
    await stage.receiver.until(2)
    dying.cancel()
    await asyncio.wait([dying])
    assert await stage.deliver() == 0
    stage.clock.now += webhook_delivery.LEASE
    assert await stage.deliver() == 2
    ids = stage.receiver.ids
    assert ids[1] == ids[2]
    assert len(ids) == 4
    assert len(set(ids)) == 3
    async with stage.loop.county.engine.begin() as conn:
        late: dict[str, Any] = {"position": 10**6, "now": stage.clock.now, "until": stage.clock.now}
        assert not await rows.arrived(conn, id, hook.lease, **late)
    assert (await stage.row(id)).position < 10**6


async def test_it_comes_back_when_the_database_was_away(stage: Stage, database_url: str) -> None:
    await stage.hook()
    async with worker(database_url, sequencer=True):
        await stage.need()
        await stage.receiver.until(1)
        await stage.loop.county.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await stage.need()
        await stage.receiver.until(2)
    assert len(set(stage.receiver.ids)) == 2

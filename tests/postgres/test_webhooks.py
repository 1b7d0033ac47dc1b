"""Webhooks: who asked for events gets those it may see, in order, and again when asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from small_county import FAR_VILLAGE, NOON, OTHER_COUNTY, OTHER_TOWN, TOWN
from webhook_receiver import HANG, receiving
from webhook_stage import LATER, Stage, staged

from db import feed
from db.cursors import global_id
from resolvers import feed as feeds
from resolvers import keys, needs, webhook_posting, webhooks
from resolvers.errors import Conflict, InvalidInput


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as one:
        yield one


async def test_events_arrive_one_by_one_in_order_signed(stage: Stage) -> None:
    _, secret = await stage.hook()
    first, second = await stage.need(quantity=3), await stage.need()
    await needs.withdraw(stage.context, first)
    assert await stage.deliver() == 3
    assert stage.receiver.kinds == ["need.submitted", "need.submitted", "need.withdrawn"]
    assert all(one.signatures(secret) == [True] for one in stage.receiver.received)
    assert stage.receiver.received[0].signatures(webhook_posting.shown(b"x" * 32)) == [False]
    told = stage.receiver.received[1]
    assert told.head["content-type"] == "application/json"
    assert told.head["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert told.head["host"] == f"127.0.0.1:{stage.receiver.port}"
    row = await stage.loop.county.one("SELECT id, at FROM event WHERE entity = 'need' AND entity_id = :id", id=second)
    at = told.event["at"]
    assert datetime.fromisoformat(at) == row.at
    assert told.event == {
        "id": f"evt_{row.id}",
        "cursor": told.event["cursor"],
        "event": "need.submitted",
        "at": at,
        "data": {
            "typename": "Need",
            "id": global_id(f"Need:{second}".encode()),
            "area": "370832101201",
            "status": "OPEN",
            "priority": "ROUTINE",
            "quantity": 2,
            "committed": 0,
            "delivered": 0,
        },
    }
    assert stage.receiver.connections == 1
    assert await stage.deliver() == 0


async def test_every_kind_is_sent_with_figures_and_without_names(stage: Stage) -> None:
    await stage.hook(kinds=("*",))
    await stage.loop.led_to("COMPLETED")
    await stage.loop.county.provider(name="王小明的公司")
    await stage.deliver()
    assert stage.receiver.kinds == [
        *("referral.requested", "referral.accepted", "referral.started", "referral.completed", "party.registered")
    ]
    referral = stage.receiver.received[3].event["data"]
    assert (referral["status"], referral["quantity"], referral["delivered"]) == ("COMPLETED", 5, 5)
    assert "王小明" not in "".join(one.body.decode() for one in stage.receiver.received)


async def test_only_what_was_asked_for_is_sent(stage: Stage) -> None:
    id, _ = await stage.hook(kinds=("need.withdrawn", "referral.*"), area=TOWN)
    far = await stage.loop.county.community(FAR_VILLAGE, "丙村社区")
    for need in (await stage.need(), await stage.loop.county.need(far)):
        await needs.withdraw(stage.context, need)
    assert await stage.deliver() == 1
    assert stage.receiver.kinds == ["need.withdrawn"]
    # What is not sent is passed: it is not looked through again.
    assert (await stage.row(id)).position == (await stage.loop.county.one("SELECT position FROM feed_state"))[0]


async def test_what_the_owner_may_not_see_is_not_sent(stage: Stage) -> None:
    county = stage.loop.county
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    stranger = await stage.key("PARTNER", party=await county.provider(OTHER_COUNTY, "任城的公司"))
    near, far = await stage.key("COORDINATOR", area=TOWN), await stage.key("COORDINATOR", area=OTHER_TOWN)
    heard = {}
    async with receiving() as one, receiving() as two, receiving() as three, receiving() as four:
        for viewer, receiver in ((own, one), (stranger, two), (near, three), (far, four)):
            await stage.hook(viewer, ("*",), url=receiver.url)
        matched, unmatched = await stage.need(), await stage.need(resource_type="FUNDS", title="资金")
        await stage.loop.led_to("ACCEPTED", 1)
        await stage.deliver()
        heard = {
            name: set(r.kinds)
            for name, r in zip(("own", "stranger", "near", "far"), (one, two, three, four), strict=True)
        }
        ids = {one_.event["data"]["id"] for one_ in one.received}
    assert heard["own"] == {"need.submitted", "referral.requested", "referral.accepted"}
    assert global_id(f"Need:{matched}".encode()) in ids
    assert global_id(f"Need:{unmatched}".encode()) not in ids
    assert heard["stranger"] == heard["far"] == set()
    assert heard["near"] == {"need.submitted", "referral.requested", "referral.accepted"}


async def test_what_may_not_be_seen_any_more_is_not_sent(stage: Stage) -> None:
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    id, _ = await stage.hook(own, ("*",))
    need = await stage.need()
    await needs.withdraw(stage.context, need)
    assert await stage.deliver() == 0
    assert stage.receiver.received == []
    assert (await stage.row(id)).status == "ACTIVE"


async def test_a_replay_sends_the_same_events_under_the_same_ids(stage: Stage) -> None:
    id, _ = await stage.hook()
    for _ in range(4):
        await stage.need()
    await stage.deliver()
    cursor = stage.receiver.received[1].event["cursor"]
    await webhooks.replay(stage.context, id=id, after=cursor)
    assert (await webhooks.progress(stage.context, id)).cursor == cursor
    assert await stage.deliver() == 2
    assert stage.receiver.ids[4:] == stage.receiver.ids[2:4]
    assert [one.body for one in stage.receiver.received[4:]] == [one.body for one in stage.receiver.received[2:4]]
    await stage.need()
    await stage.need()
    await stage.place()
    await webhooks.replay(stage.context, id=id, after=await _end(stage))
    assert await stage.deliver() == 0
    before = await stage.row(id)
    for bad in ("", "x", feed.cursor_of(10**6), stage.receiver.ids[0]):
        with pytest.raises(InvalidInput):
            await webhooks.replay(stage.context, id=id, after=bad)
    assert await stage.row(id) == before


async def _end(stage: Stage) -> str:
    return feed.cursor_of(await feeds.end(stage.context))


async def test_a_replay_wins_over_who_delivers_meanwhile(stage: Stage) -> None:
    id, _ = await stage.hook()
    start = await _end(stage)
    for _ in range(3):
        await stage.need()
    stage.receiver.answers += [204, 204, HANG]
    await stage.place()
    sending = asyncio.create_task(stage.deliver())
    await stage.receiver.until(3)
    await webhooks.replay(stage.context, id=id, after=start)
    stage.clock.now += LATER
    assert await stage.deliver() == 3
    assert stage.receiver.ids[3:] == stage.receiver.ids[:3]
    sending.cancel()
    await asyncio.wait([sending])
    assert await stage.deliver() == 0


async def test_while_it_is_paused_events_wait(stage: Stage) -> None:
    id, _ = await stage.hook()
    await webhooks.pause(stage.context, id)
    await stage.need()
    assert await stage.deliver() == 0
    progress = await webhooks.progress(stage.context, id)
    assert progress.behind >= 1
    with pytest.raises(Conflict, match="WEBHOOK_PAUSED"):
        await webhooks.pause(stage.context, id)
    with pytest.raises(Conflict, match="WEBHOOK_PAUSED"):
        await webhooks.ping(stage.context, id)
    await webhooks.resume(stage.context, id)
    assert await stage.deliver() == 1
    assert (await webhooks.progress(stage.context, id)).behind == 0


async def test_for_a_day_after_a_rotation_both_secrets_sign(stage: Stage) -> None:
    id, old = await stage.hook()
    _, new = await webhooks.rotate(stage.context, id)
    assert new is not None
    assert new != old
    for hours, both in ((0, [True, True]), (23, [True, True]), (24, [False, True])):
        stage.clock.now = NOON + timedelta(hours=hours)
        await stage.need()
        await stage.deliver()
        assert stage.receiver.received[-1].signatures(old, new) == both


async def test_a_ping_reaches_the_webhook_that_is_tested_and_no_other(stage: Stage) -> None:
    id, secret = await stage.hook(kinds=("plan.approved",))
    async with receiving() as other:
        await stage.hook(kinds=("*",), url=other.url)
        await webhooks.ping(stage.context, id)
        assert await stage.deliver() == 1
        assert other.received == []
    (ping,) = stage.receiver.received
    assert ping.signatures(secret) == [True]
    assert ping.event["event"] == "webhook.ping"
    assert ping.event["data"] == {"typename": "Webhook", "id": global_id(f"Webhook:{id}".encode())}


async def test_what_is_removed_is_forgotten(stage: Stage) -> None:
    id, _ = await stage.hook()
    await webhooks.rotate(stage.context, id)
    await stage.need()
    await webhooks.remove(stage.context, id)
    assert await stage.deliver() == 0
    row = await stage.row(id)
    assert (row.secret, row.former_secret, row.url) == (None, None, f"http://127.0.0.1:{stage.receiver.port}")
    for act in (webhooks.resume, webhooks.pause, webhooks.remove, webhooks.rotate, webhooks.ping):
        with pytest.raises(Conflict, match="WEBHOOK_REMOVED"):
            await act(stage.context, id)


async def test_when_its_key_ends_nothing_is_sent_any_more(stage: Stage) -> None:
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    id, _ = await stage.hook(own)
    prefix = (await stage.loop.county.one("SELECT prefix FROM api_key WHERE id = :id", id=own.key_id))[0]
    await stage.need()
    await keys.revoke(stage.context, prefix)
    assert await stage.deliver() == 0
    assert stage.receiver.received == []
    row = await stage.row(id)
    assert (row.status, row.last_error) == ("DISABLED", "KEY_ENDED")
    with pytest.raises(Conflict, match="KEY_ENDED"):
        await webhooks.resume(stage.context, id)

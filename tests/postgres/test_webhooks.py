"""Webhooks: who asked for events gets those it may see, in order, once as far as that can be, whatever breaks."""

from __future__ import annotations

import asyncio
import base64
import logging
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from loop import Loop, looped
from small_county import COUNTY, FAR_VILLAGE, NOON, OTHER_COUNTY, OTHER_TOWN, TOWN
from webhook_receiver import CUT, ENDLESS, HANG, Receiver, receiving

from db import feed
from db import webhooks as rows
from db.cursors import global_id
from db.database import Database
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import feed as feeds
from resolvers import keys, needs, webhook_delivery, webhook_posting, webhooks
from resolvers.context import Context
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound
from schema.execution.executor import Executor

LATER = timedelta(minutes=10)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Stage:
    loop: Loop
    receiver: Receiver
    clock: Clock = field(default_factory=Clock)

    @property
    def context(self) -> Context:
        return replace(self.loop.county.context, clock=self.clock)

    async def key(self, role: str, **bound: Any) -> Viewer:
        """A viewer with a real key."""
        await keys.create(self.context, role=role, **bound)
        id = (await self.loop.county.one("SELECT max(id) FROM api_key"))[0]
        area = bound.get("area")
        area_id = None if area is None else await self.loop.county.area_id(area)
        return Viewer(role, id, area_id, len(area or "") == 6, bound.get("party"))  # type: ignore[arg-type]

    async def hook(self, viewer: Viewer = LOCAL, kinds: tuple[str, ...] = ("need.*",), **given: Any) -> tuple[int, str]:
        """Registers one; its id and secret."""
        given = {"url": self.receiver.url} | given
        await self.place()
        done, secret = await webhooks.register(replace(self.context, viewer=viewer), kinds=kinds, **given)
        assert secret is not None
        return done.id, secret

    async def need(self, **changed: Any) -> int:
        return await self.loop.county.need(self.loop.community_id, **changed)

    async def place(self) -> None:
        """Gives what was committed its position, as every process that serves does."""
        async with self.loop.county.engine.begin() as conn:
            await feed.advance(conn)

    async def deliver(self) -> int:
        await self.place()
        return await webhook_delivery.deliver(self.context)

    async def row(self, id: int) -> Any:
        return await self.loop.county.one("SELECT * FROM webhook WHERE id = :id", id=id)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with looped(database_url) as loop, receiving() as receiver:
        webhooks.allow_local(loop.county.engine)
        yield Stage(loop, receiver)


# ---------------------------------------------------------------------------------------- what arrives


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


# ---------------------------------------------------------------------------------------- what fails


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


# ---------------------------------------------------------------------------------------- replay, pause, rotation


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


# ---------------------------------------------------------------------------------------- several processes


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


# ---------------------------------------------------------------------------------------- where it may lead


async def test_no_webhook_leads_into_the_house(stage: Stage) -> None:
    id, _ = await stage.hook()
    database = Database(stage.loop.county.engine.url.render_as_string(hide_password=False).replace("+asyncpg", ""))
    strict = replace(stage.context, database=database)
    before = await stage.loop.county.counts()
    for url in (
        *(
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
        ),
        *("https://2130706433/", "https://0x7f.1/", "https://[::ffff:10.0.0.1]/", stage.receiver.url),
    ):
        with pytest.raises(InvalidInput) as refused:
            await webhooks.register(strict, url=url, kinds=["*"])
        assert [one.path for one in refused.value.fields] == [("url",)]
        assert refused.value.fields[0].code in ("ADDRESS_NOT_ALLOWED", "HTTPS_REQUIRED")
    assert await stage.loop.county.counts() == before
    # What its name leads to is asked again whenever something is sent.
    await stage.need()
    await stage.place()
    assert await webhook_delivery.deliver(strict) == 0
    assert stage.receiver.received == []
    assert (await stage.row(id)).last_error == "ADDRESS"
    await database.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of `localhost` by nobody in particular, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate with")
    path = tmp_path / "localhost.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", path, "-out", tmp_path / "cert.pem", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:TRUE"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "cert.pem").read_text())
    return path


async def test_a_certificate_is_checked_against_the_name_though_the_address_is_dialled(
    stage: Stage, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    names: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: names.append(name)
    webhook_posting._trusted.cache_clear()
    async with receiving(context=serving, host="localhost") as receiver:
        id, _ = await stage.hook(url=receiver.url)
        await stage.need()
        assert await stage.deliver() == 0
        assert (await stage.row(id)).last_error == "TLS"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        webhook_posting._trusted.cache_clear()
        stage.clock.now += LATER
        assert await stage.deliver() == 1
        assert receiver.received[0].head["host"] == f"localhost:{receiver.port}"
        assert set(names) == {"localhost"}
        # The same machine under a name that its certificate does not bear.
        other, _ = await stage.hook(url=receiver.url.replace("localhost", "127.0.0.1"))
        await stage.need()
        await stage.deliver()
        assert (await stage.row(other)).last_error == "TLS"
    webhook_posting._trusted.cache_clear()


# ---------------------------------------------------------------------------------------- who may, and what is told


async def test_every_faulty_field_is_told_at_once(stage: Stage) -> None:
    before = await stage.loop.county.counts()
    with pytest.raises(InvalidInput) as refused:
        await webhooks.register(
            stage.context, url="ftp://x", kinds=["need.*", "need.eaten", "?"], area="000", idempotency_key=""
        )
    assert [(".".join(one.path), one.code) for one in refused.value.fields] == [
        ("url", "INVALID_URL"),
        ("kinds.1", "UNKNOWN_EVENT"),
        ("kinds.2", "UNKNOWN_EVENT"),
        ("area", "UNKNOWN_AREA"),
        ("idempotencyKey", "INVALID_KEY"),
    ]
    assert await stage.loop.county.counts() == before


async def test_who_may_not_register_and_whose_it_is_not(stage: Stage) -> None:
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    other = await stage.key("PARTNER", party=stage.loop.community_id)
    id, _ = await stage.hook(own)
    before = await stage.loop.county.state()
    for viewer in (PUBLIC, Viewer("READER", 1)):
        context = replace(stage.context, viewer=viewer)
        with pytest.raises(NotAllowed):
            await webhooks.register(context, url=stage.receiver.url, kinds=["*"])
        with pytest.raises(NotAllowed):
            await webhooks.pause(context, id)
    for viewer in (other, await stage.loop.county.coordinator()):
        for act in (webhooks.pause, webhooks.rotate, webhooks.remove, webhooks.ping):
            with pytest.raises(NotFound):
                await act(replace(stage.context, viewer=viewer), id)
    assert await stage.loop.county.state() == before


async def test_an_owner_registers_so_many_and_no_more(stage: Stage) -> None:
    hooks = [(await stage.hook())[0] for _ in range(webhooks.MOST)]
    with pytest.raises(Conflict, match="TOO_MANY_WEBHOOKS"):
        await stage.hook()
    await webhooks.remove(stage.context, hooks[0])
    await stage.hook()


async def test_the_list_shows_its_owner_how_far_it_is_and_never_the_secret(stage: Stage, database_url: str) -> None:
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    other = await stage.key("PARTNER", party=stage.loop.community_id)
    id, _ = await stage.hook(own)
    stage.receiver.answers += [204, 500]
    for _ in range(3):
        await stage.need()
    await stage.deliver()
    gone, _ = await stage.hook(own)
    await webhooks.remove(replace(stage.context, viewer=own), gone)
    await stage.place()
    database = Database(database_url)
    executor = Executor(database)
    query = "{ webhooks { edges { node { id url status failures lastError lastStatus progress { behind } } } } }"
    shown: dict[str, Any] = {
        "id": global_id(f"Webhook:{id}".encode()),
        "url": stage.receiver.url,
        "status": "FAILING",
        "failures": 1,
        "lastError": "STATUS",
        "lastStatus": 500,
        "progress": {"behind": (await webhooks.progress(stage.context, id)).behind},
    }
    assert shown["progress"]["behind"] >= 2
    for viewer, expected in ((own, [shown]), (other, []), (PUBLIC, []), (Viewer("READER", 1), []), (LOCAL, [shown])):
        answer = await executor.run(query, None, None, viewer=viewer)
        nodes = [edge["node"] for edge in _data(answer)["webhooks"]["edges"]]
        assert nodes == expected, viewer.role
    answer = await executor.run('{ __type(name: "Webhook") { fields { name } } }', None, None, viewer=LOCAL)
    assert not [one for one in _data(answer)["__type"]["fields"] if "secret" in one["name"].lower()]
    await database.close()


def _data(outcome: Any) -> Any:
    import orjson

    body = orjson.loads(outcome.body)
    assert "errors" not in body, body
    return body["data"]


async def test_secrets_and_tokens_stand_in_no_event_no_notice_and_no_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    own = await stage.key("PARTNER", party=stage.loop.provider_id)
    id, secret = await stage.hook(own)
    _, new = await webhooks.rotate(stage.context, id)
    assert new is not None
    stage.receiver.answers += [204, 500, 410]
    for _ in range(3):
        await stage.need()
    for _ in range(3):
        await stage.deliver()
        stage.clock.now += LATER
    assert (await stage.row(id)).status == "DISABLED"
    stored = [str(row) for name in ("event", "notice", "idempotency") for row in await _texts(stage, name)]
    hexes = [base64.b64decode(one[6:]).hex() for one in (secret, new)]
    for hidden in (secret, new, secret[6:], new[6:], "t0ken", *hexes):
        assert not any(hidden in text for text in stored)
        assert not [one for one in caplog.records if one.name != "sqlalchemy.engine" and hidden in one.getMessage()]


async def _texts(stage: Stage, table: str) -> list[Any]:
    return await stage.loop.county.rows(f"SELECT to_jsonb(t)::text FROM {table} t")  # noqa: S608

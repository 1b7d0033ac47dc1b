"""The inbox and the way out of it: who reads what, told once, delivered at least once."""

from __future__ import annotations

import asyncio
import re
import socketserver
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from small_county import COUNTY, FAR_VILLAGE, NOON, OTHER_COUNTY, TOWN, VILLAGE, County, found
from sqlalchemy import text

from db.cursors import global_id
from db.viewer import PUBLIC, Viewer
from fivelink.carrier import carrier
from fivelink.settings import Settings, SettingsError
from resolvers import delivery, notices, offers, offers_confirm, referrals
from resolvers.context import Context
from resolvers.delivery import Notice, Recipient
from resolvers.errors import InvalidInput, NotAllowed, NotFound
from schema.execution.executor import Executor

DOCUMENT = Path(__file__).parents[2] / "docs" / "notices.md"
INBOX = """{ notices(unread: true) { totalCount edges { node {
    id kind title title_en: title(lang: EN) body about readAt } } } }"""


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


async def partner(county: County, party_id: int) -> Viewer:
    return Viewer("PARTNER", 7, None, False, party_id)


async def ordered(county: County, area: str = VILLAGE) -> tuple[int, int]:
    """(provider, referral)."""
    need = await county.need(await county.community(area, f"{area}社区"))
    provider = await county.provider(name=f"{area}公司")
    offer = await county.offer(provider)
    done = await referrals.request(county.context, need_id=need, offer_id=offer, quantity=2)
    return provider, done.id


async def inbox(county: County, viewer: Viewer, document: str = INBOX) -> Any:
    executor = Executor(county.context.database, clock=lambda: NOON)  # type: ignore[arg-type]
    answer = orjson.loads((await executor.run(document, None, None, viewer=viewer)).body)
    assert "errors" not in answer, answer
    return answer["data"]["notices"]


class Remembers:
    """A transport that fails the first `failures` times and keeps what it was given."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.given = failures, list[tuple[Notice, Recipient]]()

    def send(self, notice: Notice, recipient: Recipient) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no route to somebody@example.org")
        self.given.append((notice, recipient))


def later(context: Context, delta: timedelta) -> Context:
    now = context.clock() + delta
    return replace(context, clock=lambda: now)


async def test_a_party_finds_its_order_in_its_inbox_and_nobody_else_does(county: County) -> None:
    provider, id = await ordered(county)
    stranger, _ = await ordered(county, FAR_VILLAGE)
    seen = await inbox(county, await partner(county, provider))
    assert seen["totalCount"] == 1
    node = seen["edges"][0]["node"]
    assert (node["kind"], node["title"], node["title_en"]) == ("NEW_ORDER", "新的点单", "A new order")
    assert node["about"] == [global_id(f"Referral:{id}".encode())]
    assert "轮椅 2 件" in node["body"]
    assert (await inbox(county, await partner(county, stranger)))["edges"][0]["node"]["about"] != node["about"]
    for viewer in (PUBLIC, Viewer("READER", 1, None, False), await county.coordinator()):
        assert (await inbox(county, viewer))["totalCount"] == 0


async def test_coordinators_read_what_their_area_and_those_below_were_told(county: County) -> None:
    _, id = await ordered(county)
    async with county.engine.begin() as conn:
        for code in (VILLAGE, TOWN, COUNTY):
            await notices.tell(conn, county.context, kind="ESCALATED", area_id=await county.area_id(code), entity_id=id)
    counts = dict.fromkeys((COUNTY, TOWN, FAR_VILLAGE, OTHER_COUNTY), 0)
    for code in counts:
        counts[code] = (await inbox(county, await county.coordinator(code)))["totalCount"]
    assert counts == {COUNTY: 3, TOWN: 2, FAR_VILLAGE: 0, OTHER_COUNTY: 0}


async def test_the_same_is_told_once_for_each_occasion(county: County) -> None:
    provider, id = await ordered(county)
    told = []
    async with county.engine.begin() as conn:
        for occasion in ("", "", "1", "1"):
            told.append(
                await notices.tell(
                    conn, county.context, kind="OVERDUE", party_id=provider, entity_id=id, occasion=occasion
                )
            )
    assert told == [True, False, True, False]


async def test_the_same_told_by_many_at_once_is_told_once(county: County) -> None:
    provider, id = await ordered(county)

    async def tell() -> bool:
        async with county.engine.begin() as conn:
            return await notices.tell(conn, county.context, kind="OVERDUE", party_id=provider, entity_id=id)

    assert sorted(await asyncio.gather(*(tell() for _ in range(6)))) == [False] * 5 + [True]


async def test_who_may_read_it_marks_it_as_read_once_and_others_find_nothing(county: County) -> None:
    provider, _ = await ordered(county)
    stranger, _ = await ordered(county, FAR_VILLAGE)
    notice = (await county.one("SELECT id FROM notice WHERE party_id = :p", p=provider))[0]
    before = await county.rows("SELECT * FROM notice ORDER BY id")
    for viewer in (await partner(county, stranger), await county.coordinator(OTHER_COUNTY)):
        with pytest.raises(NotFound):
            await notices.read(county.by(viewer), notice)
    with pytest.raises(NotAllowed):
        await notices.read(county.by(PUBLIC), notice)
    assert await county.rows("SELECT * FROM notice ORDER BY id") == before

    own = county.by(await partner(county, provider))
    await notices.read(own, notice)
    await notices.read(later(own, timedelta(hours=1)), notice)
    assert (await county.one("SELECT read_at FROM notice WHERE id = :id", id=notice))[0] == NOON
    assert (await inbox(county, own.viewer))["totalCount"] == 0
    assert (await inbox(county, own.viewer, INBOX.replace("true", "false")))["totalCount"] == 1


async def test_one_tap_confirms_all_or_none(county: County) -> None:
    provider = await county.provider()
    mine = [await county.offer(provider, title=f"第{n}项") for n in range(3)]
    stranger = await county.provider(FAR_VILLAGE, "另一家公司")
    theirs = await county.offer(stranger)
    await offers.withdraw(county.context, mine[2])
    own = later(county.by(await partner(county, provider)), timedelta(days=100))
    before, counts = await county.state(), await county.counts()
    with pytest.raises(InvalidInput) as refused:
        await offers_confirm.confirm_all(own, [mine[0], theirs, None, mine[2], 404], idempotency_key="k")
    assert sorted((one.path, one.code) for one in refused.value.fields) == [
        (("ids", "1"), "NOT_YOURS"),
        (("ids", "2"), "NOT_FOUND"),
        (("ids", "3"), "OFFER_WITHDRAWN"),
        (("ids", "4"), "NOT_FOUND"),
    ]
    for wrong in ([], [mine[0]] * 101):
        with pytest.raises(InvalidInput):
            await offers_confirm.confirm_all(own, wrong)
    with pytest.raises(NotAllowed):
        await offers_confirm.confirm_all(county.by(PUBLIC), mine)
    assert (await county.state(), await county.counts()) == (before, counts)

    need = await county.need(await county.community())
    stale = (await county.rows("SELECT score FROM match WHERE need_id = :id ORDER BY offer_id", id=need))[0][0]
    for _ in range(2):
        await offers_confirm.confirm_all(own, [mine[1], mine[0], mine[1]], idempotency_key="k")
    dates = [
        row[0] for row in await county.rows("SELECT confirmed_at FROM offer WHERE id <= :id ORDER BY id", id=mine[1])
    ]
    assert dates == [own.clock()] * 2
    said = await county.rows("SELECT entity_id FROM event WHERE kind = 'offer.confirmed' ORDER BY entity_id")
    assert [row[0] for row in said] == mine[:2]
    fresh = (await county.rows("SELECT score FROM match WHERE need_id = :id ORDER BY offer_id", id=need))[0][0]
    assert fresh >= stale


async def test_a_notice_is_delivered_once_by_many_at_once_and_says_who_it_is_for(county: County) -> None:
    provider, id = await ordered(county)
    async with county.engine.begin() as conn:
        await notices.tell(conn, county.context, kind="ESCALATED", area_id=await county.area_id(TOWN), entity_id=id)
    post = Remembers()
    delivery.use(county.engine, post)
    assert sum(await asyncio.gather(*(delivery.deliver(county.context) for _ in range(4)))) == 2
    assert await delivery.deliver(later(county.context, timedelta(days=1))) == 0
    assert [(one.kind, to) for one, to in sorted(post.given, key=lambda one: one[0].kind)] == [
        ("ESCALATED", Recipient(None, TOWN)),
        ("NEW_ORDER", Recipient(global_id(f"DonorFirm:{provider}".encode()), None)),
    ]
    assert (await county.one("SELECT count(*) FROM notice WHERE delivered_at IS NULL OR try_at IS NOT NULL"))[0] == 0


async def test_what_fails_is_tried_later_and_less_and_less_often_until_it_is_given_up(
    county: County, caplog: pytest.LogCaptureFixture
) -> None:
    await ordered(county)
    post = Remembers(failures=2)
    delivery.use(county.engine, post)
    at = county.context
    assert await delivery.deliver(at) == 0
    assert await delivery.deliver(later(at, timedelta(seconds=59))) == 0
    assert post.failures == 1
    assert await delivery.deliver(later(at, timedelta(seconds=60))) == 0
    assert await delivery.deliver(later(at, timedelta(seconds=179))) == 0
    assert await delivery.deliver(later(at, timedelta(seconds=180))) == 1
    assert len(post.given) == 1
    assert "example.org" not in caplog.text

    await ordered(county, FAR_VILLAGE)
    post.failures = 1_000
    for _ in range(delivery.TRIES + 5):
        at = later(at, delivery.LONGEST_PAUSE)
        await delivery.deliver(at)
    assert post.failures == 1_000 - delivery.TRIES
    assert (await county.one("SELECT tries, try_at FROM notice WHERE delivered_at IS NULL"))[:2] == (
        delivery.TRIES,
        None,
    )


async def test_what_a_dead_process_took_is_delivered_by_the_next_with_the_same_number(county: County) -> None:
    """At least once: it was sent, and nobody wrote that down."""
    await ordered(county)
    post = Remembers()
    delivery.use(county.engine, post)
    async with county.engine.begin() as conn:
        await conn.execute(
            text("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'")
        )
        await conn.execute(
            text(
                "CREATE TRIGGER dies BEFORE UPDATE ON notice FOR EACH ROW WHEN (NEW.delivered_at IS NOT NULL)"
                " EXECUTE FUNCTION refuse()"
            )
        )
    with pytest.raises(Exception, match="no"):
        await delivery.deliver(county.context)
    async with county.engine.begin() as conn:
        await conn.execute(text("DROP TRIGGER dies ON notice"))
    assert await delivery.deliver(later(county.context, timedelta(minutes=1))) == 0
    assert await delivery.deliver(later(county.context, delivery.LEASE)) == 1
    assert len({one.id for one, _ in post.given}) == 1
    assert len(post.given) == 2


async def test_by_default_a_line_in_the_log_says_who_should_hear_of_what(
    county: County, caplog: pytest.LogCaptureFixture
) -> None:
    await ordered(county)
    with caplog.at_level("INFO", "fivelink.notices"):
        assert await delivery.deliver(county.context) == 1
    (line,) = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(r"notice \S+ NEW_ORDER to \S+", line)


@pytest.mark.parametrize(
    "name", ["nowhere:there", "db.notices:nothing", "db.notices:NoticeRow.x", "json:dumps", "os:getcwd"]
)
def test_a_transport_that_is_none_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(SettingsError, match="NOTICE_TRANSPORT"):
        carrier(Settings.from_environment({"FIVELINK_NOTICE_TRANSPORT": name}))


class _Post(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs."""

    def handle(self) -> None:
        letters: list[str] = self.server.letters  # type: ignore[attr-defined]
        self.wfile.write(b"220 post\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                letter = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    letter += part
                letters.append(letter.decode())
            self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 fine\r\n")


@contextmanager
def post_office() -> Iterator[tuple[int, list[str]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Post) as server:
        letters: list[str] = []
        server.letters = letters  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1], letters
        finally:
            server.shutdown()
            thread.join()


async def test_the_transport_of_the_document_sends_letters(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, _ = await ordered(county)
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    (tmp_path / "county_post.py").write_text(found[1], encoding="utf-8")
    addresses = tmp_path / "addresses.csv"
    addresses.write_text(f"{global_id(f'DonorFirm:{provider}'.encode())},office@example.org\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with post_office() as (port, letters):
        for name, value in (("PORT", port), ("ADDRESSES", addresses), ("SENDER", "fivelink@example.org")):
            monkeypatch.setenv(f"COUNTY_POST_{name}", str(value))
        delivery.use(
            county.engine, carrier(Settings.from_environment({"FIVELINK_NOTICE_TRANSPORT": "county_post:post"}))
        )
        assert await delivery.deliver(county.context) == 1
    (letter,) = letters
    assert "To: office@example.org" in letter
    assert re.search(r"Message-ID: <\S+@fivelink>", letter)

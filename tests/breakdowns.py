"""What can break under load, staged on real processes: one function a breakdown, quick or long by its numbers.

Each asserts what a user would notice. The quick ones stand in tests/postgres/test_breakdowns.py, the long ones in
tests/soak. Timings are asserted by those alone, through what is returned.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import asyncpg
import httpx
from busy_clients import READ, Attempt, Crowd, lost_or_doubled
from ledger import contradictions
from proxy import Proxy
from served import Served, admin_key

#: What a client may be told while the database is away; all else is a fault of ours.
TOLD = ("", "DATABASE_UNAVAILABLE", "OUTCOME_UNKNOWN", "UNAVAILABLE", "BUSY")


@asynccontextmanager
async def serving(url: str, count: int, *, through: str | None = None) -> AsyncIterator[tuple[list[Served], Crowd]]:
    """`count` servers of the database `url` (reached by the URL `through`, if given) and their clients."""
    servers = [Served(url=through or url) for _ in range(count)]
    crowd: Crowd | None = None
    try:
        # One after the other: the first brings the tables and the words.
        for one in servers:
            one.start()
            await one.ready()
        crowd = Crowd([one.address for one in servers], await admin_key(url))
        yield servers, crowd
    finally:
        if crowd is not None:
            await crowd.close()
        for one in servers:
            one.stop()


async def in_order(url: str, crowd: Crowd) -> None:
    """Everything acknowledged is there once, and the ledger holds."""
    assert crowd.acknowledged
    found = [*await lost_or_doubled(url, crowd), *await contradictions(url)]
    assert not found, found[:10]


def back_after(crowd: Crowd, at: float) -> float:
    """Seconds from `at` to the first act done of those asked for after it."""
    return min(one.ended for one in crowd.attempts if one.began > at and not one.code and one.what != "read") - at


# -------------------------------------------------------------------------------------------- kill -9


async def servers_killed(url: str, times: int, clients: int, between: float) -> list[float]:
    """kill -9 of one of two servers in full load, started again by its supervisor; how long each was away."""
    away: list[float] = []
    async with serving(url, 2) as (servers, crowd):

        async def kill() -> None:
            for turn in range(times):
                await asyncio.sleep(between)
                one = servers[turn % 2]
                began = time.monotonic()
                one.kill()
                one.start()
                await one.ready()
                away.append(time.monotonic() - began)
            await asyncio.sleep(between / 2)

        await crowd.load(clients, kill)
        assert set(crowd.codes()) <= {*TOLD, "REFUSED", "BROKEN"}, crowd.codes()
        await in_order(url, crowd)
    return away


async def postgres_killed(url: str, folder: Path, victims: Sequence[str], clients: int, between: float) -> list[float]:
    """kill -9 of the embedded PostgreSQL ("postmaster", "backend") under load; seconds until acts were done again.

    `url` is that of the server in `folder`, which the server process keeps up itself.
    """
    back: list[float] = []
    one = Served(folder=folder)
    one.start()
    crowd: Crowd | None = None
    try:
        await one.ready()
        crowd = Crowd([one.address], await admin_key(url))

        async def kill() -> None:
            for victim in victims:
                await asyncio.sleep(between)
                pid = await (_postmaster(folder) if victim == "postmaster" else _backend(url))
                at = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                while not any(a.began > at + 0.2 and not a.code and a.what != "read" for a in crowd.attempts):
                    assert time.monotonic() < at + 30, "it never came back"
                    await asyncio.sleep(0.05)
                back.append(back_after(crowd, at + 0.2) + 0.2)
            await asyncio.sleep(between / 2)

        await crowd.load(clients, kill)
        assert set(crowd.codes()) <= set(TOLD), crowd.codes()
        await in_order(url, crowd)
    finally:
        if crowd is not None:
            await crowd.close()
        one.stop()
    return back


async def _postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


async def _backend(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        pid = await connection.fetchval("SELECT pid FROM pg_stat_activity WHERE application_name = 'fivelink' LIMIT 1")
        return int(pid)
    finally:
        await connection.close()


# -------------------------------------------------------------------------------------------- the network

Fault = Literal["cut", "resumed", "dead", "cut after silence", "restarted"]


class Watch:
    """Asks /healthz and /readyz all the time; when which status came."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.health: list[tuple[float, int]] = []
        self.ready: list[tuple[float, int]] = []

    async def look(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:

            async def ask(path: str, seen: list[tuple[float, int]]) -> None:
                while True:
                    answer = await client.get(self._address + path, timeout=10)
                    seen.append((time.monotonic(), answer.status_code))
                    await asyncio.sleep(0.1)

            await asyncio.gather(ask("/healthz", self.health), ask("/readyz", self.ready))


async def network_broken(url: str, faults: Sequence[Fault], clients: int, seconds: float) -> list[dict[str, Any]]:
    """Each fault for `seconds` under load. One row a fault: what was told, the longest wait, the last failure after
    the repair, when /readyz said no. (Seconds.)"""
    rows: list[dict[str, Any]] = []
    async with Proxy(url) as proxy, serving(url, 1, through=proxy.url) as (servers, crowd):
        watch = Watch(servers[0].address)
        watching = asyncio.ensure_future(watch.look())

        async def break_it() -> None:
            for fault in faults:
                await asyncio.sleep(1.5)
                began = time.monotonic()
                if fault in ("cut", "restarted"):
                    await proxy.cut()
                    if fault == "restarted":
                        await _ended(url)
                else:
                    proxy.swallow()
                await asyncio.sleep(seconds)
                mended = time.monotonic()
                await proxy.mend("dead" if fault == "dead" else "cut" if fault == "cut after silence" else "resumed")
                await asyncio.sleep(3)
                rows.append(_report(fault, crowd.attempts, watch, began, mended))

        try:
            await crowd.load(clients, break_it)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        assert {status for _, status in watch.health} == {200}
        assert set(crowd.codes()) <= set(TOLD), (crowd.codes(), [a for a in crowd.attempts if a.code not in TOLD][:3])
        assert not any("asyncpg" in str(a.said) or "Traceback" in str(a.said) for a in crowd.attempts if a.code)
        await in_order(url, crowd)
    return rows


async def _ended(url: str) -> None:
    """Every session of the application, as when the server is started again."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'fivelink%' AND datname = current_database()"
        )
    finally:
        await connection.close()


def _report(fault: str, attempts: Sequence[Attempt], watch: Watch, began: float, mended: float) -> dict[str, Any]:
    met = [one for one in attempts if one.ended > began]
    failed = [one for one in met if one.code]
    unready = [at for at, status in watch.ready if at > began and status == 503]
    return {
        "fault": fault,
        "failed": len(failed),
        "codes": sorted({one.code for one in failed}),
        "longest": round(max(one.seconds for one in met), 2),
        "last_failure": round(max((one.ended for one in failed), default=mended) - mended, 2),
        "unready_after": round(unready[0] - began, 2) if unready else None,
    }


# -------------------------------------------------------------------------------------------- SIGTERM


async def servers_ended(url: str, times: int, clients: int, between: float) -> None:
    """SIGTERM to one of two servers under load: every request gets an answer, or is not taken in the first place."""
    async with serving(url, 2) as (servers, crowd):
        talkers = [Talker(one.port, lasting=n % 3 > 0) for one in servers for n in range(clients)]
        talks = [asyncio.ensure_future(one.talk()) for one in talkers]

        async def end() -> None:
            for turn in range(times):
                await asyncio.sleep(between)
                one = servers[turn % 2]
                one.send(signal.SIGTERM)
                assert await asyncio.to_thread(one.ended) == 0, one.said()
                # The last one may stay away: the other serves.
                if turn < times - 1:
                    one.start()
                    await one.ready()

        try:
            await crowd.load(clients, end)
        finally:
            for talk in talks:
                talk.cancel()
            await asyncio.gather(*talks, return_exceptions=True)
        assert set(crowd.codes()) <= {"", "REFUSED"}, crowd.codes()
        assert sum(one.answered for one in talkers) > 100
        assert sum(one.cut for one in talkers) == 0, [(one.lasting, one.cut) for one in talkers if one.cut]
        await in_order(url, crowd)


class Talker:
    """Asks the smallest question as fast as it is answered, on one connection after the other; counts bytes only."""

    def __init__(self, port: int, *, lasting: bool) -> None:
        #: Whether a connection is used until the server says that it was the last time.
        self.lasting = lasting
        self.answered = self.cut = 0
        body = b'{"query": "{ __typename }"}'
        self._port = port
        head = b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        self._asked = head + b"content-length: %d\r\n\r\n%b" % (len(body), body)

    async def talk(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            try:
                while True:
                    writer.write(self._asked)
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
                    self.answered += 1
                    # As people do it: the next question comes a moment after the answer.
                    await asyncio.sleep(0.01)
                    if not self.lasting or b"connection: close" in head:
                        break
            except (asyncio.IncompleteReadError, ConnectionError):
                self.cut += 1
            finally:
                writer.close()


# -------------------------------------------------------------------------------------------- the last units


async def last_units(url: str, rounds: int, clients: int) -> int:
    """Clients of two servers want the last units of an offer and of a need, some give theirs back; then all want them
    again. Everything is promised in the end, nothing twice. How many orders were made."""
    dice = random.Random(clients)
    made = 0
    async with serving(url, 2) as (_, crowd):
        community, provider = await crowd.parties()
        for _ in range(rounds):
            units = max(2, clients // 3)
            # In turn the offer is what is short, and the need.
            offer, other = await crowd.offer(provider, units), await crowd.offer(provider, 10 * clients)
            needs = [await crowd.need(community, clients) for _ in range(2)]
            short = await crowd.need(community, units)
            pairs = [(needs[0], offer), (needs[1], offer), (short, other)]

            async def wants(at: int, gives_back: bool, pairs: Sequence[tuple[str, str]] = tuple(pairs)) -> int:
                got = 0
                need, offer = pairs[at % len(pairs)]
                while True:
                    ordered = await crowd.order(need, offer, 1, at)
                    if ordered.code:
                        assert ordered.code == "NOT_ENOUGH_LEFT" or ordered.code.startswith("NOT_A_MATCH"), ordered
                        return got
                    got += 1
                    if not gives_back:
                        continue
                    if dice.random() < 0.5:
                        await crowd.act("referralReject", id=ordered.id, reason="NO_CAPACITY", at=at)
                    else:
                        await crowd.act("referralCancel", id=ordered.id, at=at)
                    return got

            made += sum(await asyncio.gather(*(wants(n, n % 2 == 0) for n in range(clients))))
            # Those who gave back came in between: what they left is wanted again.
            made += sum(await asyncio.gather(*(wants(n, False) for n in range(clients))))
            for _, id in (("offer", offer), ("need", short)):
                assert await _left(url, *_named(id)) == 0
            found = await contradictions(url)
            assert not found, found
        await in_order(url, crowd)
    return made


def _named(gid: str) -> tuple[str, int]:
    import base64

    name, _, id = base64.b64decode(gid).decode().partition(":")
    return name.lower(), int(id)


async def _left(url: str, table: str, id: int) -> int:
    connection = await asyncpg.connect(url)
    try:
        whole = {"offer": "capacity", "need": "quantity"}[table]
        return int(await connection.fetchval(f"SELECT {whole} - committed FROM {table} WHERE id = $1", id))  # noqa: S608
    finally:
        await connection.close()


# -------------------------------------------------------------------------------------------- a full disk


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path | str]:
    """A folder on a disk of its own; or, where this machine gives none, why not."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        yield "only root mounts a small disk"
        return
    folder = Path(tempfile.mkdtemp(prefix="fivelink-tests-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        yield folder if made.returncode == 0 else f"this machine mounts nothing: {made.stderr.strip()}"
    finally:
        if made.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=False)
        folder.rmdir()


async def disk_full(url: str, disk: Path, server: Served, clients: int, seconds: float) -> dict[str, Any]:
    """Fills the disk under load, waits, makes room. Acts are refused with a code, reads go on, acts come back."""
    crowd = Crowd([server.address], await admin_key(url))
    filler = disk / "filler"
    figures: dict[str, Any] = {}
    try:

        async def fill() -> None:
            await asyncio.sleep(2)
            with filler.open("wb") as file, suppress(OSError):
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            full = time.monotonic()
            assert shutil.disk_usage(disk).free < 65536
            await until(lambda: any(a.code == "STORAGE_FULL" and a.began > full for a in crowd.attempts))
            figures["refused_after"] = round(time.monotonic() - full, 2)
            while time.monotonic() < full + seconds:
                seen = await crowd.once("read", READ)
                assert not seen.code, seen
                await asyncio.sleep(0.05)
            filler.unlink()
            room = time.monotonic()
            await until(lambda: any(a.began > room and not a.code and a.what != "read" for a in crowd.attempts))
            figures["back_after"] = round(back_after(crowd, room), 2)

        await crowd.load(clients, fill)
        assert set(crowd.codes()) <= {*TOLD, "STORAGE_FULL"}, crowd.codes()
        figures["codes"] = dict(crowd.codes())
        await in_order(url, crowd)
    finally:
        filler.unlink(missing_ok=True)
        await crowd.close()
    return figures


async def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never happened"
        await asyncio.sleep(0.02)


# -------------------------------------------------------------------------------------------- one key


async def same_key(url: str, at_once: int) -> None:
    """The same act with the same key at once, of two servers: one effect, equal answers; another input is refused."""
    async with serving(url, 2) as (_, crowd):
        community, _ = await crowd.parties()
        given = {"title": "一个轮椅", "communityId": community, "resourceType": "WHEELCHAIR", "quantity": 1}
        asked: list[Awaitable[Attempt]] = [crowd.act("needSubmit", "one", n, **given) for n in range(at_once)]
        answers = await asyncio.gather(*asked)
        assert {one.code for one in answers} == {""}
        assert len({str(one.said) for one in answers}) == 1
        other = await crowd.act("needSubmit", "one", **given | {"quantity": 2})
        assert other.code == "IDEMPOTENCY_KEY_REUSED"
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("SELECT count(*) FROM need") == 1
            assert await connection.fetchval("SELECT count(*) FROM event WHERE kind = 'need.submitted'") == 1
        finally:
            await connection.close()

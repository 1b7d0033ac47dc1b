"""Whether the database can be reached, known at every moment; and every connection that must not outlive the answer.

A network that swallows packets says nothing: a statement waits until somebody loses patience, and so does the next.
One connection of its own asks every half second; when it hears nothing for `SILENCE_SECONDS` all connections are ended
at once, so that whoever waits on one gets a coded error now. From then on nobody tries: who wants a connection waits
for a short outage to pass, and is refused at once in a long one. When the database answers again, sessions that were
given up on and still stand over there (and hold locks) are ended first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

import asyncpg

T = TypeVar("T")

log = logging.getLogger("fivelink.database")

INTERVAL_SECONDS = 0.5
#: Silence is counted in slices in which this process itself was awake: one that was kept busy has not been listening.
SILENCE_SECONDS, SLICE_SECONDS = 1.5, 0.1
#: One attempt to connect, and how long an outage is waited out.
ATTEMPT_SECONDS, PATIENCE_SECONDS, RETRY_SECONDS = 1.5, 2.0, 0.1

_NOT_YET = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
_END_SESSIONS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = ANY($1::int[]) AND application_name LIKE 'fivelink%' AND usename = current_user"""


class Unreachable(ConnectionError):
    """Nobody could be asked: nothing was done."""


class Lifeline:
    """The state of one database and its connections, for one event loop.

    Without `attend` running it stands always, and `connect` only tries for `PATIENCE_SECONDS`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: WeakSet[Any] = WeakSet()
        self._given_up: list[int] = []
        self._stands, self._fallen = asyncio.Event(), asyncio.Event()
        self._stands.set()
        self._fell_at = 0.0
        self._doubt = asyncio.Event()
        #: Called when an outage has lasted longer than anybody is kept waiting.
        self.when_long: list[Callable[[], None]] = []

    @property
    def stands(self) -> bool:
        """False from the moment an outage is noticed until the database answers again."""
        return self._stands.is_set()

    async def connect(self, **options: Any) -> Any:
        """An asyncpg connection that is ended with the others when the database falls silent.

        `options` are those of `asyncpg.connect`. Short outages are waited out. Raises Unreachable after
        `PATIENCE_SECONDS` (at once, where the outage has lasted that long already), and what PostgreSQL refuses with.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            await self._wait_out()
            try:
                made = await asyncpg.connect(self._url, timeout=ATTEMPT_SECONDS, **options)
            except _NOT_YET as error:
                self._doubt.set()
                if loop.time() - began > PATIENCE_SECONDS:
                    raise Unreachable(type(error).__name__) from error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._open.add(made)
                return made

    async def _wait_out(self) -> None:
        if self._stands.is_set():
            return
        left = self._fell_at + PATIENCE_SECONDS - asyncio.get_running_loop().time()
        if left > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._stands.wait()
                    return
        raise Unreachable("the database has been out of reach for a while")

    async def while_it_stands(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns or raises; Unreachable as soon as the database is known to be out of reach."""
        if not self.stands:
            work.close()
            raise Unreachable("the database is out of reach")
        task = asyncio.ensure_future(work)
        fall = asyncio.ensure_future(self._fallen.wait())
        try:
            await asyncio.wait({task, fall}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Unreachable("the database fell silent")
        finally:
            fall.cancel()
            task.cancel()

    async def attend(self) -> None:
        """Watches until cancelled."""
        while True:
            self._doubt.clear()
            try:
                own = await asyncpg.connect(
                    self._url, timeout=ATTEMPT_SECONDS, server_settings={"application_name": "fivelink-lifeline"}
                )
            except asyncpg.TooManyConnectionsError:
                # It lives; there is only no room for one who asks whether it does.
                await asyncio.sleep(INTERVAL_SECONDS)
                continue
            except Exception as error:
                self._fall(type(error).__name__)
                self._end_all()
                if asyncio.get_running_loop().time() - self._fell_at > PATIENCE_SECONDS:
                    for call in self.when_long:
                        call()
                await asyncio.sleep(RETRY_SECONDS)
                continue
            try:
                own.add_termination_listener(lambda _: self._doubt.set())
                await self._rise(own)
                while await self._answers(own, "SELECT 1"):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(INTERVAL_SECONDS):
                            await self._doubt.wait()
                    self._doubt.clear()
                if not own.is_closed():
                    self._fall("silence")
                    self._end_all()
            finally:
                own.terminate()

    async def _answers(self, own: Any, sql: str, *values: Any) -> bool:
        """False when the session was ended or nothing was heard; the session is of no use then."""
        asking = asyncio.ensure_future(own.fetch(sql, *values))
        try:
            for _ in range(round(SILENCE_SECONDS / SLICE_SECONDS)):
                await asyncio.wait({asking}, timeout=SLICE_SECONDS)
                if asking.done():
                    return asking.exception() is None
            return False
        finally:
            if not asking.done():
                asking.add_done_callback(lambda one: one.cancelled() or one.exception())
                asking.cancel()

    async def _rise(self, own: Any) -> None:
        if self._given_up:
            # They stand as if their owner would come back, and everything they locked stays locked.
            if not await self._answers(own, _END_SESSIONS, self._given_up):
                return
            self._given_up.clear()
        if not self._stands.is_set():
            seconds = asyncio.get_running_loop().time() - self._fell_at
            log.warning("the database answers again after %.1f s", seconds)
        self._stands.set()
        self._fallen.clear()

    def _fall(self, why: str) -> None:
        if self._stands.is_set():
            log.warning("the database does not answer: %s", why)
            self._fell_at = asyncio.get_running_loop().time()
        self._stands.clear()
        self._fallen.set()

    def _end_all(self) -> None:
        """Ends every connection; whoever waits on one gets an error of a lost connection."""
        for one in list(self._open):
            if not one.is_closed():
                self._given_up.append(one.get_server_pid())
                one.terminate()
        self._open.clear()

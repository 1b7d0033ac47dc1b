"""The feed of events in this process: who gives committed events their positions, and who hears of them.

`attend` runs in every process that serves. It gives positions when an act of this process wakes it, and every
`POLL_SECONDS` to what processes without a sequencer committed (the command line, children). Any number may run at once.
The hub beside it reads each position once, however many follow the feed here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import feed
from db.faults import classify
from db.feed import FeedEvent
from resolvers.context import Context

#: How long an event of a process without a sequencer waits at most.
POLL_SECONDS = 0.25
#: Between the beginnings of two steps: under load a step takes the events of this long together.
STEP_SECONDS = 0.05
#: After this long a session that does not answer is given up; a step that places a million events takes longer.
ANSWER_SECONDS, PLACING_SECONDS = 5.0, 60.0
#: A sequencer that lost its session tries again, a little less often; one that worked this long begins at the first.
FIRST_RETURN_SECONDS, LAST_RETURN_SECONDS, WORKED_SECONDS = 0.1, 0.5, 15.0
#: Events that a process keeps for those who follow; who is further behind reads pages of the table.
HELD, PAGE = 10_000, 500
#: Pages of the table read at once, for all who are behind: acts need connections too.
READERS = 2

log = logging.getLogger("fivelink")


class _Hub:
    """The newest events, once for all who follow; each of them holds only a position."""

    def __init__(self) -> None:
        self.followers = 0
        #: The last position it knows of; `held` ends there.
        self.last = 0
        self.held: list[FeedEvent] = []
        self.reading = asyncio.Semaphore(READERS)
        self._news = asyncio.Event()

    async def catch_up(self, conn: AsyncConnection, position: int) -> None:
        if not self.followers or not 0 <= position - self.last <= HELD:
            # Nobody listens, or nothing near is held: who is behind reads the table up to here.
            if position != self.last:
                self.held, self.last = [], position
                self._tell()
            return
        while self.last < position:
            async with asyncio.timeout(ANSWER_SECONDS), conn.begin():
                found = await feed.read(conn, self.last, PAGE)
            if not found:
                return
            self.held += found
            self.last = found[-1].position
            if len(self.held) > 2 * HELD:
                del self.held[:-HELD]
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def after(self, position: int) -> Sequence[FeedEvent] | None:
        """What is held after a position, at most a page; None where that begins before what is held."""
        if position >= self.last:
            return ()
        start = position + 1 - (self.last + 1 - len(self.held))
        return self.held[start : start + PAGE] if start >= 0 else None

    async def wait(self, position: int) -> None:
        while self.last <= position:
            await self._news.wait()


class _Feed:
    def __init__(self) -> None:
        self.hub = _Hub()
        #: Set by acts of this process and by sequencers of others.
        self.called = asyncio.Event()
        self.attended = False

    async def run(self, conn: AsyncConnection) -> None:
        """Steps for as long as the session lives. Raises what the database raises."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PLACING_SECONDS), conn.begin():
            await feed.take_up(conn)
        async with asyncio.timeout(ANSWER_SECONDS):
            await feed.listen(conn, self.called.set)
        while True:
            began = loop.time()
            self.called.clear()
            async with asyncio.timeout(ANSWER_SECONDS), conn.begin():
                position, behind = await feed.look(conn)
            if behind:
                async with asyncio.timeout(PLACING_SECONDS), conn.begin():
                    await feed.advance(conn)
                    position = await feed.last(conn)
            await self.hub.catch_up(conn, position)
            # Not wait_for, which in Python 3.11 may swallow a cancellation.
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self.called.wait()
            await asyncio.sleep(began + STEP_SECONDS - loop.time())


_feeds: WeakKeyDictionary[AsyncEngine, _Feed] = WeakKeyDictionary()


def _of(engine: AsyncEngine) -> _Feed:
    found = _feeds.get(engine)
    if found is None:
        found = _feeds[engine] = _Feed()
    return found


def wake(engine: AsyncEngine) -> None:
    """Says that this process has committed events; nothing happens where it does not attend to the feed."""
    found = _feeds.get(engine)
    if found is not None and found.attended:
        found.called.set()


def followers(engine: AsyncEngine) -> int:
    """How many follow the feed in this process now."""
    found = _feeds.get(engine)
    return found.hub.followers if found is not None else 0


async def attend(context: Context) -> None:
    """Gives positions and hears of them for as long as it is not cancelled; comes back when the database was away."""
    own, task, pause = _of(context.engine), asyncio.current_task(), FIRST_RETURN_SECONDS
    loop = asyncio.get_running_loop()
    own.attended = True
    try:
        while True:
            began = loop.time()
            try:
                async with context.engine.connect() as conn:
                    try:
                        await own.run(conn)
                    finally:
                        # It listens: it is not lent to others.
                        await conn.invalidate()
            except Exception as error:
                if task is not None and task.cancelling():
                    # A commit that is cut short is said to be of unknown outcome: the reason is that we are to end.
                    raise asyncio.CancelledError from error
                log.warning("the feed begins again in a while: %s", classify(error)[0])
            if loop.time() - began > WORKED_SECONDS:
                pause = FIRST_RETURN_SECONDS
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_RETURN_SECONDS)
    finally:
        own.attended = False


async def end(context: Context) -> int:
    """The last position of the feed now: who follows from there misses nothing that is committed from now on."""
    async with context.engine.connect() as conn:
        return await feed.last(conn)


async def news(context: Context, position: int) -> None:
    """Waits until this process hears of a position after that one; for ever where `attend` does not run in it."""
    await _of(context.engine).hub.wait(position)


async def follow(context: Context, after: int) -> AsyncGenerator[Sequence[FeedEvent], None]:
    """Every event after a position, in order, in batches of at most `PAGE`; never ends.

    Only where `attend` runs in this process. While the database is away it waits; raises what the database raises
    where events that are not held any more cannot be read. Holds one position and one batch.
    """
    hub = _of(context.engine).hub
    hub.followers += 1
    try:
        position = after
        while True:
            found = hub.after(position)
            if found is None:
                async with hub.reading, context.engine.connect() as conn:
                    found = await feed.read(conn, position, PAGE)
            if found:
                position = found[-1].position
                yield found
            else:
                await hub.wait(position)
    finally:
        hub.followers -= 1

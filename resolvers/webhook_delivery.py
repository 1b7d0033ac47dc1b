"""Webhooks on their way: who is due gets a turn, one event after the other, until it fails or nothing waits.

At least once: an event counts as delivered when the other side said 2xx and that was written down, so a process that
dies in between sends this one again, under the same id. Any number of processes may deliver at once: a webhook is
leased to one of them, and no transaction is open while something is sent.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from db import feed as positions
from db import webhooks as rows
from db.faults import classify
from resolvers import feed, sealing
from resolvers.acts import record
from resolvers.context import Context
from resolvers.notices import tell
from resolvers.webhook_addresses import AddressRefused, parse
from resolvers.webhook_events import Message, pending
from resolvers.webhook_posting import Outcome, Poster, headers, posting
from resolvers.webhooks import is_local

#: After the first failure, the second, ...; the last one again and again.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 2 * 60, 10 * 60, 3600, 6 * 3600, 6 * 3600, 12 * 3600))
#: A pause is up to this much longer, so that those who failed together do not come back together.
JITTER = 0.2
#: Who failed for this long is disabled.
GIVEN_UP = timedelta(days=5)
#: How long a turn is another's business after its last sign of life. A post takes 6 s at most.
LEASE = timedelta(seconds=30)
#: How long we insist on writing down what arrived, so that it is not sent again; and where the process ends.
WRITTEN_SECONDS, ENDING_SECONDS = 8.0, 1.0
#: After a fault of our own.
AWAY = timedelta(seconds=2)
#: Webhooks served at once, events of one turn, and how old what was read for them may be.
TURNS, EVENTS_A_TURN, FRESH_SECONDS = 16, 20, 2.0
#: Between two looks for who is due: at most, where nothing woke us; at least; for keys that ended.
POLL_SECONDS, LEAST_SECONDS, KEYS_SECONDS = 1.0, 0.1, 30.0

log = logging.getLogger("fivelink")
Written = TypeVar("Written")


async def deliver(context: Context) -> int:
    """Delivers until nobody is due; how many events arrived. What failed is tried again in a later round."""
    total = 0
    async with context.engine.begin() as conn:
        await rows.close_ended(conn, context.clock())
    while True:
        hooks = await _take(context, TURNS)
        if not hooks:
            return total
        total += sum(await asyncio.gather(*(_turn(context, hook) for hook in hooks)))


async def attend(context: Context) -> None:
    """Delivers for as long as it is not cancelled; comes back when the database was away.

    Woken by the feed of this process, where it is attended to, else looks every `POLL_SECONDS`.
    """
    loop = asyncio.get_running_loop()
    turns: set[asyncio.Task[int]] = set()
    news: asyncio.Task[None] | None = None
    keys_at = 0.0
    try:
        while True:
            began, position = loop.time(), None
            try:
                if began >= keys_at:
                    keys_at = began + KEYS_SECONDS
                    async with context.engine.begin() as conn:
                        await rows.close_ended(conn, context.clock())
                async with context.engine.connect() as conn:
                    position = await positions.last(conn)
                if len(turns) < TURNS:
                    hooks = await _take(context, TURNS - len(turns))
                    turns |= {loop.create_task(_turn(context, hook)) for hook in hooks}
            except Exception as error:
                log.warning("webhooks are looked for again in a while: %s", classify(error)[0])
            waited: set[asyncio.Task[Any]] = set(turns)
            if position is not None:
                news = loop.create_task(feed.news(context, position))
                waited.add(news)
            if waited:
                await asyncio.wait(waited, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(POLL_SECONDS)
            if news is not None:
                news.cancel()
            turns = {one for one in turns if not one.done()}
            await asyncio.sleep(began + LEAST_SECONDS - loop.time())
    finally:
        ending = [*turns, *([news] if news is not None else [])]
        for one in ending:
            one.cancel()
        await asyncio.gather(*ending, return_exceptions=True)


async def _take(context: Context, limit: int) -> Sequence[Any]:
    now = context.clock()
    async with context.engine.begin() as conn:
        return await rows.take(conn, now=now, until=now + LEASE, limit=limit)


async def _turn(context: Context, hook: Any) -> int:
    """One webhook's turn; how many events arrived. Raises nothing but cancellation."""
    turn, pause, insist = _Turn(context, hook), timedelta(), WRITTEN_SECONDS
    try:
        await turn.run()
    except asyncio.CancelledError:
        insist = ENDING_SECONDS
        raise
    except Exception as error:
        # The database, most of the time: others would meet the same now.
        pause = AWAY
        log.warning("webhook %s was not served: %s", hook.id, classify(error)[0])
    finally:
        # Where this fails, too, the lease runs out.
        with suppress(Exception):
            again = context.clock() + pause
            await _written(
                context,
                lambda conn: rows.release(conn, hook.id, hook.lease, again=again, position=turn.position),
                insist,
            )
    return turn.sent


async def _written(
    context: Context, work: Callable[[AsyncConnection], Awaitable[Written]], seconds: float = WRITTEN_SECONDS
) -> Written:
    """Writes in a transaction, again and again for a while where the database is away: doing it twice does no harm."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with context.engine.begin() as conn:
                return await work(conn)
        except Exception:
            if asyncio.get_running_loop().time() > end:
                raise
        await asyncio.sleep(LEAST_SECONDS)


class _Turn:
    def __init__(self, context: Context, hook: Any) -> None:
        self.context, self.hook = context, hook
        #: Up to here everything arrived or is not for this webhook.
        self.position: int = hook.position
        self.sent = 0

    async def run(self) -> None:
        local, loop = is_local(self.context.engine), asyncio.get_running_loop()
        try:
            target = parse(self.hook.url)
        except AddressRefused:
            await self._failed(Outcome("ADDRESS"))
            return
        async with posting(target, local=local) as poster:
            while self.sent < EVENTS_A_TURN:
                async with self.context.engine.connect() as conn:
                    messages, reached, end = await pending(conn, self.hook, self.position, EVENTS_A_TURN - self.sent)
                read_at = loop.time()
                for message in messages:
                    if loop.time() > read_at + FRESH_SECONDS:
                        # What its owner may see is asked again.
                        break
                    if not await self._send(poster, message):
                        return
                else:
                    self.position = reached
                    if end:
                        return
                    if not messages and not await self._still():
                        return

    async def _send(self, poster: Poster, message: Message) -> bool:
        """Whether the next may follow."""
        now = self.context.clock()
        outcome = await poster.post(message.body, headers(message.id, now, message.body, self._keys(now)))
        if outcome.error is not None:
            await self._failed(outcome)
            return False
        now = self.context.clock()
        goes_on = await _written(
            self.context,
            lambda conn: rows.arrived(
                conn, self.hook.id, self.hook.lease, position=message.position, now=now, until=now + LEASE
            ),
        )
        self.position = message.position
        self.sent += 1
        return goes_on

    def _keys(self, now: datetime) -> list[bytes]:
        hook, engine = self.hook, self.context.engine
        former = hook.former_secret is not None and hook.former_until > now
        sealed = [hook.secret, hook.former_secret] if former else [hook.secret]
        return [sealing.unpacked(engine, one, "webhook", hook.id) for one in sealed]

    async def _still(self) -> bool:
        """Renews the lease while pages of the feed that hold nothing for this webhook are passed; False if lost."""
        now = self.context.clock()
        async with self.context.engine.begin() as conn:
            return await rows.passed(conn, self.hook.id, self.hook.lease, position=self.position, until=now + LEASE)

    async def _failed(self, outcome: Outcome) -> None:
        now = self.context.clock()
        async with self.context.engine.begin() as conn:
            row = await rows.failed(
                conn, self.hook.id, self.hook.lease, now=now, error=outcome.error or "", http_status=outcome.status
            )
            if row is None:
                return
            if outcome.error == "GONE" or now - row.failing_since >= GIVEN_UP:
                await _give_up(conn, self.context, row)
            else:
                await rows.change(conn, row.id, {"next_try_at": now + _pause(row.failures)})
        log.warning("webhook %s: %s, failure %s in a row", row.id, outcome.error, row.failures)


def _pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    pause = PAUSES[min(failures, len(PAUSES)) - 1]
    return pause * (1 + JITTER * random.random())


async def _give_up(conn: AsyncConnection, context: Context, row: Any) -> None:
    """Disables a webhook and tells its owner."""
    await rows.change(conn, row.id, {"status": "DISABLED", "next_try_at": None})
    await record(conn, context.viewer, "webhook.disabled", "webhook", row.id, row.area_id)
    if row.party_id is not None or row.area_id is not None:
        await tell(
            conn,
            context,
            kind="WEBHOOK_DISABLED",
            party_id=row.party_id,
            area_id=row.area_id,
            entity="webhook",
            entity_id=row.id,
            occasion=context.clock().isoformat(),
        )


def pauses_markdown() -> str:
    """The table of docs/webhooks.md."""
    lines = ["| failure | next try after |", "|---|---|"]
    for number, pause in enumerate(PAUSES, 1):
        more = " and later" if number == len(PAUSES) else ""
        lines.append(f"| {number}{more} | {pause} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(pauses_markdown())

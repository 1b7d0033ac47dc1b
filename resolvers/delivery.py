"""Notices on their way out of the inbox: a transport that a county brings, or a line in the log.

At least once: a notice counts as delivered when `send` returned and that was written down, so a process that dies in
between sends it again; its id tells the receiver that it is the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine

from db import notices
from db.cursors import global_id
from db.entities import PARTY_TYPES
from resolvers.context import Context

#: How many are taken at once, for how long nobody else takes them, how long one may take, how long a round may.
AT_ONCE, LEASE, SEND_SECONDS, ROUND_SECONDS = 20, timedelta(minutes=15), 30.0, 40.0
#: After a failure: twice as long each time, and how often in all (three days).
FIRST_PAUSE, LONGEST_PAUSE, TRIES = timedelta(minutes=1), timedelta(hours=6), 20

log = logging.getLogger("fivelink.notices")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said. `id` is a global id, the same at every attempt; `about` are global ids; `created_at` aware UTC."""

    id: str
    kind: str
    title_zh: str
    title_en: str
    body_zh: str
    body_en: str
    about: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom: the global id of a party, or the code of the area whose coordinators are meant. The other is None.

    Addresses are the transport's affair: the platform keeps none.
    """

    party: str | None
    area: str | None


class Transport(Protocol):
    """Carries a notice somewhere. Called in a thread; may be called again for the same id; raises where it failed."""

    def send(self, notice: Notice, recipient: Recipient) -> None: ...


class LogTransport:
    """Writes who should hear of what, and nothing of the content."""

    def send(self, notice: Notice, recipient: Recipient) -> None:
        log.info("notice %s %s to %s", notice.id, notice.kind, recipient.party or recipient.area)


_LOG = LogTransport()
_used: WeakKeyDictionary[AsyncEngine, Transport] = WeakKeyDictionary()


def transport(name: str) -> Transport:
    """The transport a setting names: "log", or "module:factory" of an installed package, called without arguments.

    Raises ValueError, saying what is wrong, where there is no such thing.
    """
    if name == "log":
        return _LOG
    module, _, factory = name.partition(":")
    try:
        made: Transport = getattr(import_module(module), factory)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f'"{name}" is not log, nor the module:factory of an installed transport') from error
    if not callable(getattr(made, "send", None)):
        raise ValueError(f'what "{name}" makes has no method send')
    return made


def use(engine: AsyncEngine, carrier: Transport) -> None:
    """This process delivers the notices of this database by that transport."""
    _used[engine] = carrier


async def deliver(context: Context) -> int:
    """Delivers what waits, for at most `ROUND_SECONDS`; how many arrived. What failed is tried later, ever less often.

    No transaction is open while something is sent.
    """
    loop = asyncio.get_running_loop()
    end, total = loop.time() + ROUND_SECONDS, 0
    carrier = _used.get(context.engine, _LOG)
    while loop.time() < end:
        now = context.clock()
        async with context.engine.begin() as conn:
            rows = await notices.take(conn, now=now, until=now + LEASE, limit=AT_ONCE)
        arrived: list[Any] = []
        failed: list[Any] = []
        for row in rows:
            (arrived if await _sent(carrier, row) else failed).append(row)
        if rows:
            async with context.engine.begin() as conn:
                await notices.delivered(conn, [row.id for row in arrived], context.clock())
                for row in failed:
                    await notices.try_again(conn, row.id, _next_try(row.tries, context.clock()))
        total += len(arrived)
        if len(rows) < AT_ONCE:
            break
    return total


def _next_try(tries: int, now: datetime) -> datetime | None:
    if tries >= TRIES:
        return None
    pause: timedelta = FIRST_PAUSE * 2 ** (tries - 1)
    return now + min(pause, LONGEST_PAUSE)


async def _sent(carrier: Transport, row: Any) -> bool:
    said = Notice(
        global_id(f"Notice:{row.id}".encode()),
        row.kind,
        row.title_zh,
        row.title_en,
        row.body_zh,
        row.body_en,
        tuple(row.about),
        row.created_at,
    )
    party = None if row.party_id is None else global_id(f"{PARTY_TYPES[row.party_kind]}:{row.party_id}".encode())
    send: Callable[[Notice, Recipient], None] = carrier.send
    try:
        if carrier is _LOG:
            send(said, Recipient(party, row.area_code))
        else:
            async with asyncio.timeout(SEND_SECONDS):
                await asyncio.to_thread(send, said, Recipient(party, row.area_code))
    except Exception as error:
        # A transport may fail in any way; its message may hold an address.
        log.warning("notice %s was not delivered: %s", said.id, type(error).__name__)
        return False
    return True

"""Connections for reading: last in, first out, each holding its prepared statements.

asyncpg's own pool resets a connection after every use and hands them out in turn, so a small query pays for one more
round trip and finds its statement unprepared on most connections. Here the warmest connection is reused first and
nothing needs a reset, because readers never change session state.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from db.faults import lost
from db.lifeline import Lifeline, Unreachable

STATEMENTS_HELD = 400
#: Longer than any wait under ordinary load; a client that waits longer has given up.
WAIT_SECONDS = 5


class ReadConnection:
    """An asyncpg connection and its prepared statements, least recently used dropped first."""

    __slots__ = ("prepared", "raw", "statements")

    def __init__(self, raw: asyncpg.Connection) -> None:
        self.raw = raw
        #: Statements prepared so far.
        self.prepared = 0
        self.statements: OrderedDict[str, Any] = OrderedDict()

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        statement = self.statements.get(sql)
        if statement is None:
            self.prepared += 1
            # Without asyncpg's own cache a statement without a name is parsed and planned again at every use.
            statement = await self.raw.prepare(sql, name=f"read_{self.prepared}")
            self.statements[sql] = statement
            if len(self.statements) > STATEMENTS_HELD:
                self.statements.popitem(last=False)
        else:
            self.statements.move_to_end(sql)
        try:
            rows: list[Any] = await statement.fetch(*values)
        except asyncpg.InvalidCachedStatementError:
            # A migration changed a table under us: prepare again, once.
            self.statements.clear()
            rows = await self.raw.fetch(sql, *values)
        return rows


class ReadPool:
    """Waits when all `size` connections are busy; opens them as needed. For one event loop."""

    def __init__(self, lifeline: Lifeline, size: int, statement_timeout_seconds: float) -> None:
        self._lifeline, self._size = lifeline, size
        lifeline.when_long.append(self._send_away)
        self._timeout_seconds = statement_timeout_seconds
        self._idle: list[ReadConnection] = []
        self._open = 0
        #: A waiter is handed a connection, or None for the place of one that was lost.
        self._waiting: deque[asyncio.Future[ReadConnection | None]] = deque()
        self._closed = False

    async def _connect(self) -> ReadConnection:
        raw = await self._lifeline.connect(
            # PostgreSQL ends a slow statement itself; this is for a server that does not answer at all.
            command_timeout=self._timeout_seconds + 1,
            statement_cache_size=0,
            server_settings={
                "application_name": "fivelink-read",
                "default_transaction_read_only": "on",
                "statement_timeout": str(int(self._timeout_seconds * 1000)),
                "jit": "off",
                "timezone": "UTC",
            },
        )
        await raw.set_type_codec("jsonb", schema="pg_catalog", encoder=orjson.dumps, decoder=orjson.loads)
        return ReadConnection(raw)

    def take(self) -> ReadConnection | None:
        """A connection that lies ready, without waiting."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.raw.is_closed():
                return connection
            self._open -= 1
        return None

    async def acquire(self) -> ReadConnection:
        """A connection, opened or waited for.

        Raises TooManyConnectionsError after `WAIT_SECONDS`, Unreachable where the database is out of reach for long.
        """
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await self._next()
        except TimeoutError:
            raise asyncpg.TooManyConnectionsError("all connections are in use") from None

    async def _next(self) -> ReadConnection:
        while True:
            if self._closed:
                raise asyncpg.InterfaceError("the pool is closed")
            ready = self.take()
            if ready is not None:
                return ready
            if self._open < self._size:
                self._open += 1
                try:
                    return await self._connect()
                except BaseException:
                    self._open -= 1
                    self._hand_on(None)
                    raise
            turn: asyncio.Future[ReadConnection | None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                handed = await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._hand_on(turn.result())
                raise
            if handed is not None:
                return handed

    def release(self, connection: ReadConnection, *, broken: bool = False) -> None:
        """Gives a connection back. One whose use was interrupted in the middle of a statement is not handed on."""
        if broken or self._closed or connection.raw.is_closed():
            connection.raw.terminate()
            self._open -= 1
            self._hand_on(None)
        else:
            self._hand_on(connection)

    def _send_away(self) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(Unreachable("the database has been out of reach for a while"))
        self._waiting.clear()

    def _hand_on(self, connection: ReadConnection | None) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is not None:
            self._idle.append(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[ReadConnection]:
        """`async with pool.connection() as c`; the hot path takes and releases by itself."""
        connection = self.take() or await self.acquire()
        broken = True
        try:
            yield connection
            broken = False
        except Exception as error:
            broken = isinstance(error, TimeoutError)
            raise
        finally:
            self.release(connection, broken=broken)

    async def read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of one statement; asked again, once, where the connection turns out to be lost."""
        try:
            async with self.connection() as connection:
                return await connection.fetch(sql, values)
        except Exception as error:
            if not lost(error):
                raise
        async with self.connection() as connection:
            return await connection.fetch(sql, values)

    async def close(self) -> None:
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.raw.close(timeout=2)
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)

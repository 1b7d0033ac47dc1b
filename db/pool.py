"""Connections for reading: last in, first out, each holding its prepared statements.

asyncpg's own pool resets a connection after every use and hands them out in turn, so a small query pays for one more
round trip and finds its statement unprepared on most connections. Here the warmest connection is reused first and
nothing needs a reset, because readers never change session state.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson

STATEMENTS_HELD = 400


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
    """`async with pool.connection() as c`. Waits when all `size` connections are busy; opens them as needed."""

    def __init__(self, url: str, size: int, statement_timeout_seconds: float) -> None:
        self._url, self._size = url, size
        self._timeout_ms = int(statement_timeout_seconds * 1000)
        self._idle: list[ReadConnection] = []
        self._open = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def _connect(self) -> ReadConnection:
        raw = await asyncpg.connect(
            self._url,
            timeout=5,
            statement_cache_size=0,
            server_settings={
                "application_name": "fivelink-read",
                "default_transaction_read_only": "on",
                "statement_timeout": str(self._timeout_ms),
                "jit": "off",
                "timezone": "UTC",
            },
        )
        await raw.set_type_codec("jsonb", schema="pg_catalog", encoder=orjson.dumps, decoder=orjson.loads)
        return ReadConnection(raw)

    async def acquire(self) -> ReadConnection:
        while True:
            if self._closed:
                raise asyncpg.InterfaceError("the pool is closed")
            while self._idle:
                connection = self._idle.pop()
                if not connection.raw.is_closed():
                    return connection
                self._open -= 1
            if self._open < self._size:
                self._open += 1
                try:
                    return await self._connect()
                except BaseException:
                    self._open -= 1
                    self._wake()
                    raise
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise

    def release(self, connection: ReadConnection, *, broken: bool = False) -> None:
        if broken or self._closed or connection.raw.is_closed():
            connection.raw.terminate()
            self._open -= 1
        else:
            self._idle.append(connection)
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def connection(self) -> _Lease:
        return _Lease(self)

    async def close(self) -> None:
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.raw.close(timeout=2)
        while self._waiting:
            self._wake()


class _Lease:
    """One use of a connection. A connection whose use was interrupted mid-statement is not handed on."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def __aenter__(self) -> ReadConnection:
        self._connection = await self._pool.acquire()
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        interrupted = kind is not None and not issubclass(kind, Exception)
        self._pool.release(self._connection, broken=interrupted)

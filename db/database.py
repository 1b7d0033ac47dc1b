"""The database as the application holds it: an engine for writing, a pool for reading."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from db.faults import OutcomeUnknown, StorageFull, lost
from db.lifeline import Lifeline
from db.pool import ReadPool
from db.prepared import guard

#: Two more segments of the write-ahead log (16 MB each) and what they describe: without room for those PostgreSQL
#: does not refuse, it breaks down.
ROOM_BYTES = 48 * 1024 * 1024
ROOM_INTERVAL_SECONDS = 0.5
WRITES = ("INSERT", "UPDATE", "DELETE")


def sqlalchemy_url(url: str) -> str:
    """postgresql://... as SQLAlchemy wants it named."""
    return "postgresql+asyncpg://" + url.split("://", 1)[1]


def _refuse_lost(connection: Any, record: Any, proxy: Any) -> None:
    """A connection that broke while it lay idle is replaced before anybody meets it; asyncpg knows without asking."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _begins(connection: Connection) -> None:
    connection.info.pop("committing", None)


def _commits(connection: Connection) -> None:
    connection.info["committing"] = True


def _unanswered_commit(context: ExceptionContext) -> BaseException | None:
    """A commit that got no answer is told apart: it may stand or not, everything before it surely does not."""
    connection, error = context.connection, context.original_exception
    cause = error.__cause__ or error
    # Where the connection is invalid already, the answer to the commit was what broke it.
    committing = connection is not None and not connection.invalidated and connection.info.pop("committing", False)
    return OutcomeUnknown() if committing and (context.is_disconnect or lost(cause)) else None


class Database:
    """`engine` writes (SQLAlchemy Core, one transaction a use case); `reader` reads (prepared statements).

    An act waits at most 2 s for a connection and `lock_seconds` for a lock (then BUSY); a transaction that does nothing
    for `idle_seconds` is ended by the server, for its owner may be a machine that is gone. `lifeline` ends what waits
    on a database that fell silent, once `attend` runs.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        statement_timeout_seconds: float = 10.0,
        lock_seconds: float = 10.0,
        idle_seconds: float = 300.0,
    ) -> None:
        self.url = url
        self.lifeline = Lifeline(url)
        self.reader = ReadPool(self.lifeline, pool_size, statement_timeout_seconds)
        self._is_full = False

        async def connect(*_: Any, **__: Any) -> Any:
            return await self.lifeline.connect(
                server_settings={
                    "application_name": "fivelink",
                    "timezone": "UTC",
                    "lock_timeout": f"{lock_seconds * 1000:.0f}",
                    "idle_in_transaction_session_timeout": f"{idle_seconds * 1000:.0f}",
                }
            )

        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            async_creator=connect,
            # All of them are kept: one that is opened for one act costs more than the act.
            pool_size=10,
            # Values of a statement that failed are for no log: people type them, and secrets are among them.
            hide_parameters=True,
            max_overflow=0,
            pool_timeout=2,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        engine = self.engine.sync_engine
        event.listen(engine, "checkout", _refuse_lost)
        event.listen(engine, "begin", _begins)
        event.listen(engine, "commit", _commits)
        event.listen(engine, "handle_error", _unanswered_commit)
        event.listen(engine, "before_cursor_execute", self._refuse_full)
        guard(engine, self._refuse_if_full)

    def _refuse_full(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip()[:6].upper() in WRITES:
            self._refuse_if_full()

    def _refuse_if_full(self) -> None:
        if self._is_full:
            raise StorageFull

    async def attend(self, data_dir: Path | None = None) -> None:
        """Watches until cancelled whether the database answers, and (`data_dir`) whether its disk has room to write."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.lifeline.attend())
            if data_dir is not None:
                tasks.create_task(self._attend_room(data_dir))

    async def _attend_room(self, data_dir: Path) -> None:
        while True:
            # A disk that does not even say how full it is will be met by whoever writes to it.
            with suppress(OSError):
                self._is_full = (await asyncio.to_thread(shutil.disk_usage, data_dir)).free < ROOM_BYTES
            await asyncio.sleep(ROOM_INTERVAL_SECONDS)

    async def ping(self) -> None:
        """Raises when the database does not answer within two seconds."""
        async with asyncio.timeout(2):
            await self.lifeline.while_it_stands(self.reader.read("SELECT 1", ()))

    async def close(self) -> None:
        await self.reader.close()
        await self.engine.dispose()

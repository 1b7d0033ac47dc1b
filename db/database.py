"""The database as the application holds it: an engine for writing, a pool for reading."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from db.pool import ReadPool


def sqlalchemy_url(url: str) -> str:
    """postgresql://... as SQLAlchemy wants it named."""
    return "postgresql+asyncpg://" + url.split("://", 1)[1]


def _refuse_lost(connection: Any, record: Any, proxy: Any) -> None:
    """A connection that broke while it lay idle is replaced before anybody meets it; asyncpg knows without asking."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Database:
    """`engine` writes (SQLAlchemy Core, one transaction a use case); `reader` reads (prepared statements)."""

    def __init__(self, url: str, *, pool_size: int = 8, statement_timeout_seconds: float = 10.0) -> None:
        self.url = url
        self.reader = ReadPool(url, pool_size, statement_timeout_seconds)
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=5,
            max_overflow=5,
            pool_timeout=5,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={
                "timeout": 5,
                "server_settings": {"application_name": "fivelink", "timezone": "UTC", "lock_timeout": "10s"},
            },
        )

        event.listen(self.engine.sync_engine, "checkout", _refuse_lost)

    async def ping(self) -> None:
        """Raises when the database does not answer within two seconds."""
        async with asyncio.timeout(2):
            await self.reader.read("SELECT 1", ())

    async def close(self) -> None:
        await self.reader.close()
        await self.engine.dispose()

"""The database as the application holds it: an engine for writing, a pool for reading."""

from __future__ import annotations

import asyncio

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from db.pool import ReadPool


def sqlalchemy_url(url: str) -> str:
    """postgresql://... as SQLAlchemy wants it named."""
    return "postgresql+asyncpg://" + url.split("://", 1)[1]


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

    async def ping(self) -> None:
        """Raises when the database does not answer within two seconds."""
        async with asyncio.timeout(2), self.reader.connection() as connection:
            await connection.fetch("SELECT 1", ())

    async def close(self) -> None:
        await self.reader.close()
        await self.engine.dispose()

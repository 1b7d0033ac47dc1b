"""The small world in a database, and an executor to ask: what tests of reading share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import orjson
import world
from sqlalchemy import make_url

from db.cursors import global_id
from db.database import Database
from db.viewer import Viewer
from resolvers.context import utc_now
from schema.execution.executor import Executor
from schema.execution.limits import Limits

T = TypeVar("T")

ADMIN = Viewer(role="ADMIN")


@dataclass
class World:
    """Lives on a loop of its own, so that tests stay plain functions and may be driven by hypothesis."""

    loop: asyncio.AbstractEventLoop
    executor: Executor

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def answer(self, query: str, viewer: Viewer = ADMIN, **variables: Any) -> dict[str, Any]:
        """The whole answer, errors and all."""
        outcome = self.do(self.executor.run(query, None, variables, viewer=viewer))
        found: dict[str, Any] = orjson.loads(outcome.body)
        return found

    def ask(self, query: str, viewer: Viewer = ADMIN, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = self.answer(query, viewer, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def codes(self, query: str, viewer: Viewer = ADMIN, **variables: Any) -> list[str]:
        """The codes of an answer's errors."""
        answer = self.answer(query, viewer, **variables)
        return [error["extensions"]["code"] for error in answer.get("errors", [])]

    def write(self, sql: str, *values: Any) -> None:
        """Changes the database beneath, as another program would."""

        async def run() -> None:
            connection = await asyncpg.connect(self.executor.database.url)
            await connection.execute(sql, *values)
            await connection.close()

        self.do(run())


@contextmanager
def filled(
    server_url: str,
    template_url: str,
    name: str,
    limits: Limits | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[World]:
    """A database with the small world in it, dropped afterwards."""
    loop = asyncio.new_event_loop()
    template = make_url(template_url)

    async def start() -> Executor:
        raw = await asyncpg.connect(server_url)
        await raw.execute(f"CREATE DATABASE {name} TEMPLATE {template.database}")
        await raw.close()
        database = Database(template.set(database=name).render_as_string(hide_password=False), pool_size=4)
        async with database.engine.begin() as connection:
            await world.write(connection)
            await connection.exec_driver_sql("ANALYZE")
        return Executor(database, limits, clock=clock)

    async def stop(executor: Executor) -> None:
        await executor.database.close()
        raw = await asyncpg.connect(server_url)
        await raw.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await raw.close()

    executor = loop.run_until_complete(start())
    try:
        yield World(loop, executor)
    finally:
        loop.run_until_complete(stop(executor))
        loop.close()


def gid(typename: str, number: int) -> str:
    return global_id(f"{typename}:{number}".encode())

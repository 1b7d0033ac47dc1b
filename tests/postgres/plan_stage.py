"""Workers, plans held at their last step, and what can be seen of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import psutil
from small_county import COUNTY, NOON, County

from db.database import Database
from db.plans import PLAN_LOCK
from db.viewer import LOCAL
from resolvers import plan_jobs
from resolvers.context import Context


@asynccontextmanager
async def working(county: County) -> AsyncIterator[asyncio.Task[None]]:
    """A worker as `fivelink serve` has one, with connections of its own."""
    database = Database(plan_jobs.url_of(county.engine))
    task = asyncio.create_task(plan_jobs.attend(Context(database, LOCAL, lambda: NOON)))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        await database.close()


@asynccontextmanager
async def held(county: County, area: str = COUNTY) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Plans of the area stop at the last step: their lines are written, their transaction is open.

    Asking for one stops, too. Yields what lets them go.
    """
    connection = await asyncpg.connect(plan_jobs.url_of(county.engine))
    await connection.execute("SELECT pg_advisory_lock($1, $2)", PLAN_LOCK, await county.area_id(area))
    try:
        yield connection.close
    finally:
        await connection.close()


async def until(holds: Callable[[], Any], seconds: float = 150) -> None:
    """Asks again and again until it holds.

    So long, because the first plan on a fresh clone waits for the engine to be compiled, by two workers at once.
    """
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def is_at(county: County, id: int, status: str, progress: float, attempt: int = 1) -> Callable[[], Any]:
    """Whether a plan has come that far, in that attempt."""

    async def holds() -> bool:
        row = await county.one("SELECT status, progress, attempts FROM plan WHERE id = :id", id=id)
        return bool(row.status == status and row.progress >= progress and row.attempts == attempt)

    return holds


async def settled(county: County, id: int) -> str:
    return await plan_jobs.follow(county.context, id, 40)


async def states(county: County) -> list[tuple[int, str]]:
    return [tuple(row) for row in await county.rows("SELECT id, status FROM plan ORDER BY id")]


def children() -> list[psutil.Process]:
    """The processes that compute for this one."""
    found = []
    for child in psutil.Process().children():
        try:
            if "plan_child" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.NoSuchProcess:
            pass
    return found


async def lines_of(county: County, id: int) -> int:
    """How many allocations and shortfalls of a plan are seen."""
    lines = "SELECT plan_id FROM allocation UNION ALL SELECT plan_id FROM shortfall"
    return int((await county.one(f"SELECT count(*) FROM ({lines}) WHERE plan_id = :id", id=id))[0])  # noqa: S608


async def none_of(processes: list[psutil.Process]) -> bool:
    return not [one for one in children() if one in processes]

"""Plans on their way: who waits for one, who computes it, and what happens when either is cut short.

A worker (in `fivelink serve`, in `fivelink worker`, on any machine) takes the job of a plan and has a child process
compute it (`resolvers.plan_child`): the process that serves never computes, and to cancel is to end the child.
Where no worker lives, who waits for a plan becomes one for as long as it takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy.ext.asyncio import AsyncEngine

from db import events, jobs, plans
from db.faults import classify
from resolvers import plan_child
from resolvers.context import Context
from resolvers.errors import Conflict

#: How often the computing of a plan may begin before it counts as failed: a child that dies takes its machine's memory.
ATTEMPTS = 3
#: Between two looks at a plan somebody waits for.
FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.01, 0.5
#: Between two questions whether any worker lives.
ATTENDANCE_SECONDS = 2.0
#: A worker that lost its database tries again, less and less often; one that worked this long begins at the first.
FIRST_RETURN_SECONDS, LAST_RETURN_SECONDS, WORKED_SECONDS = 1.0, 30.0, 60.0
#: Time for a temporary worker to put away its things once its plan is there.
LEAVE_SECONDS = 2.0

LOST = (
    "COMPUTING_LOST",
    f"计算进程 {ATTEMPTS} 次意外终止(可能内存不足),方案没有算出;上一个方案仍然有效",
    f"the computing process ended {ATTEMPTS} times unexpectedly (perhaps for want of memory); the last plan stands",
)

log = logging.getLogger("fivelink")

#: Temporary workers of this process, by database; and databases whose plans are left to workers elsewhere.
_helpers: WeakKeyDictionary[AsyncEngine, asyncio.Task[None]] = WeakKeyDictionary()
_elsewhere: WeakSet[AsyncEngine] = WeakSet()


def leave_to_others(engine: AsyncEngine) -> None:
    """This process never computes plans of this database, not even where no worker lives."""
    _elsewhere.add(engine)


async def follow(context: Context, id: int, seconds: float, tell: Callable[[float], None] | None = None) -> str:
    """Waits until a plan is settled, at most `seconds`; its status then. `tell` hears of its progress, 0..1.

    No connection is held between two looks. Where no worker lives this process becomes one until none is needed.
    """
    loop = asyncio.get_running_loop()
    end, pause, ask_again = loop.time() + seconds, FIRST_LOOK_SECONDS, 0.0
    while True:
        now = loop.time()
        alone = False
        async with context.engine.connect() as conn:
            status, progress = await plans.state(conn, id)
            if status in plans.UNSETTLED and now >= ask_again:
                alone, ask_again = not await jobs.attended(conn), now + ATTENDANCE_SECONDS
        if tell is not None:
            tell(progress)
        if status not in plans.UNSETTLED or now >= end:
            break
        if alone:
            _help(context)
        await asyncio.sleep(min(pause, max(0.0, end - now)))
        pause = min(1.5 * pause, LAST_LOOK_SECONDS)
    helper = _helpers.get(context.engine)
    if helper is not None and status not in plans.UNSETTLED:
        with suppress(RuntimeError):  # a task of another loop that is gone
            await asyncio.wait([helper], timeout=LEAVE_SECONDS)
    return str(status)


def _help(context: Context) -> None:
    helper = _helpers.get(context.engine)
    if context.engine in _elsewhere or (helper is not None and not helper.done() and _runs_here(helper)):
        return
    _helpers[context.engine] = asyncio.get_running_loop().create_task(_lend_a_hand(context))


def _runs_here(task: asyncio.Task[None]) -> bool:
    return task.get_loop() is asyncio.get_running_loop()


async def _lend_a_hand(context: Context) -> None:
    try:
        await _work(context, stay=False)
    except Exception as error:
        # Who waits looks again and finds nobody: another one is sent.
        log.warning("plans were not computed: %s", classify(error)[0])


async def dismiss(engine: AsyncEngine) -> None:
    """Ends the temporary worker of a database, if there is one; what it was at goes back to the queue."""
    helper = _helpers.pop(engine, None)
    if helper is not None and _runs_here(helper):
        helper.cancel()
        await asyncio.wait([helper])


async def attend(context: Context) -> None:
    """A worker for as long as it is not cancelled; comes back when the database was away.

    Cancelling ends the child, and its plan goes back to the queue.
    """
    loop, pause = asyncio.get_running_loop(), FIRST_RETURN_SECONDS
    while True:
        began = loop.time()
        try:
            await _work(context, stay=True)
        except Exception as error:
            log.warning("the worker of plans begins again in a while: %s", classify(error)[0])
        if loop.time() - began > WORKED_SECONDS:
            pause = FIRST_RETURN_SECONDS
        await asyncio.sleep(pause)
        pause = min(2 * pause, LAST_RETURN_SECONDS)


async def _work(context: Context, *, stay: bool) -> None:
    # In a thread: whoever is served meanwhile does not wait for the import.
    workers: Any = await asyncio.to_thread(import_module, "db.workers")

    async def compute(id: int) -> None:
        if not await _perform(context, id):
            raise workers.Again

    # Whoever stays also does what time brings (imported here: its use cases rest on this one).
    upkeep: Any = import_module("resolvers.upkeep") if stay else None
    tick = partial(upkeep.tick, context) if stay else None
    await workers.work(url_of(context.engine), compute, stay=stay, tick=tick)


def url_of(engine: AsyncEngine) -> str:
    """postgresql://, the password in it."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def _perform(context: Context, id: int) -> bool:
    """Computes a plan in a child process; False where that is still to be done, by whoever takes the job next."""
    async with context.engine.begin() as conn:
        row = await plans.locked(conn, id)
        if row is None or row.status not in plans.UNSETTLED:
            return True
        if row.attempts >= ATTEMPTS:
            await fail(context, conn, id, row, LOST)
            return True
        attempt = row.attempts + 1
        await plans.begin(conn, id, context.clock())
    try:
        return await plan_child.compute(url_of(context.engine), id, attempt, context.clock())
    except asyncio.CancelledError:
        with suppress(Exception):
            async with asyncio.timeout(LEAVE_SECONDS), context.engine.begin() as conn:
                await plans.put_back(conn, id, attempt)
        raise


async def require_computed(context: Context, id: int) -> None:
    """Raises Conflict, with why, where a plan that is no longer awaited was not computed."""
    async with context.engine.connect() as conn:
        status, failure = await plans.outcome(conn, id)
    if status == "FAILED":
        raise Conflict(*failure)
    if status == "CANCELLED":
        raise Conflict("PLAN_CANCELLED", "这个方案已被取消", "this plan was cancelled")


async def fail(context: Context, conn: Any, id: int, row: Any, failure: tuple[str, str, str]) -> None:
    """Ends an unsettled plan, whose row is locked, with (code, 中文, English)."""
    await plans.end(conn, id, "FAILED", context.clock(), failure)
    await events.add(
        conn,
        kind="plan.failed",
        entity="plan",
        entity_id=id,
        area_id=row.area_id,
        actor_id=row.actor_id,
        detail={"code": failure[0]},
    )

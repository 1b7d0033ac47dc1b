"""Whoever takes jobs from the queue: procrastinate's worker on one connection of asyncpg.

That one session carries the worker's statements, hears the notifications, and holds an advisory lock that says the
worker lives. A process that is killed loses the lock at once, and the next look of any worker puts its job back; a
machine that is cut off loses its life by a heartbeat that stays out. Imported only where a worker runs: procrastinate
takes 0.4 s to import.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Any

import asyncpg
from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.exceptions import JobAborted, UniqueViolation
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from db.jobs import LIFE, LIVING, QUEUE, TASK, UPKEEP, UPKEEP_TASK

#: How often a worker looks for jobs of the dead, how often it says it lives, and when a silent one counts as dead.
LOOK_SECONDS, HEARTBEAT_SECONDS, SILENT_SECONDS = 5.0, 10.0, 30.0
#: Notifications wake a worker; this is for one that was missed.
POLL_SECONDS = 30.0

# A worker's row is only seen when its lock is held.
_REGISTER = f"""SELECT worker_id, pg_advisory_lock({LIFE}, worker_id::int)
    FROM procrastinate_register_worker_v1()"""  # noqa: S608
_BURY = f"""DELETE FROM procrastinate_workers w
    WHERE w.id NOT IN ({LIVING})
       OR w.last_heartbeat < now() - interval '{SILENT_SECONDS} s'
          AND w.id NOT IN ({LIVING} AND l.pid = pg_backend_pid())"""  # noqa: S608
_TAKE_BACK = f"""SELECT procrastinate_retry_job_v2(j.id, NULL, NULL, NULL, NULL),
        pg_notify('procrastinate_queue_v1#{QUEUE}', json_build_object('type', 'job_inserted', 'job_id', j.id)::text)
    FROM (SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL AND queue_name = '{QUEUE}'
          FOR UPDATE SKIP LOCKED) j"""  # noqa: S608
_TIDY = f"""DELETE FROM procrastinate_jobs
    WHERE queue_name = '{QUEUE}' AND status NOT IN ('todo', 'doing')"""  # noqa: S608

# Upkeep is never taken back: the next tick does what was left, and two rounds waiting would block one another.
_LEAVE = f"""DELETE FROM procrastinate_jobs
    WHERE queue_name = '{UPKEEP}' AND (status = 'doing' AND worker_id IS NULL OR status NOT IN ('todo', 'doing'))"""  # noqa: S608
#: When a round of upkeep is due: every minute, counted by the clock of each worker's machine.
EVERY_MINUTE = "* * * * *"


class Again(Exception):
    """Raised by the work of a job that should be taken again: nothing is settled yet."""


async def work(
    url: str,
    compute: Callable[[int], Awaitable[None]],
    *,
    stay: bool,
    tick: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Takes the jobs of plans, one at a time, and awaits `compute(plan_id)` for each; `url` is postgresql://.

    With `stay` until cancelled, else until none is left to take. A job whose work raises Again, or that is cut short by
    cancelling this, goes back to the queue; one that is withdrawn meanwhile is cancelled and leaves it. `tick` is
    awaited once a minute by one of all the workers of the database that were given one, beside the plans. Raises what
    asyncpg raises when the database cannot be reached, and ConnectionError when the session is lost.
    """
    # What is worth saying is said by the use case; procrastinate would print tracebacks.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    session = _Session(url)
    app = App(connector=session)
    app.job_manager = _Manager(session)

    async def plan(context: JobContext, plan_id: int) -> None:
        try:
            await compute(plan_id)
        except asyncio.CancelledError:
            if context.abort_reason() is AbortReason.USER_REQUEST:
                raise JobAborted from None
            raise

    app.task(name=TASK, queue=QUEUE, pass_context=True, retry=_Return())(plan)
    await session.open_async()
    tasks: list[asyncio.Task[Any]] = []
    try:
        await session.take_back()
        tasks = [
            asyncio.create_task(_run(app, QUEUE, stay=stay)),
            asyncio.create_task(_look_after(session)),
            asyncio.create_task(session.lost()),
        ]
        if tick is not None:
            tasks.append(asyncio.create_task(_run(_upkeep(session, tick), UPKEEP, stay=stay)))
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await session.close_async()


async def _run(app: App, queue: str, *, stay: bool) -> None:
    await app.run_worker_async(
        queues=[queue],
        wait=stay,
        fetch_job_polling_interval=POLL_SECONDS,
        abort_job_polling_interval=LOOK_SECONDS,
        shutdown_graceful_timeout=0,
        delete_jobs="always",
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=SILENT_SECONDS,
    )


def _upkeep(session: _Session, tick: Callable[[], Awaitable[None]]) -> App:
    """Another taker on the same session, so that a long plan keeps no round of upkeep waiting."""
    app = App(connector=session)
    app.job_manager = _Manager(session)

    async def upkeep(timestamp: int) -> None:
        await tick()

    # One waits and one runs, at most: a round that takes longer than a minute is not followed by a heap of others.
    task = app.task(name=UPKEEP_TASK, queue=UPKEEP, lock=UPKEEP, queueing_lock=UPKEEP)(upkeep)
    app.periodic(cron=EVERY_MINUTE)(task)
    return app


async def _look_after(session: _Session) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await session.take_back()


class _Return(BaseRetryStrategy):
    """Back to the queue, to be taken at once; how often is counted with the plan."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        return RetryDecision() if isinstance(exception, Again | asyncio.CancelledError) else None


class _Manager(JobManager):
    async def register_worker(self) -> int:
        row = await self.connector.execute_query_one_async(_REGISTER)
        return int(row["worker_id"])


@lru_cache(maxsize=64)
def _numbered(query: str) -> tuple[str, tuple[str, ...]]:
    """`%(name)s` as `$1`, and the names in order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return re.sub(r"%\((\w+)\)s", number, query).replace("%%", "%"), tuple(names)


class _Session(BaseAsyncConnector):
    """One asyncpg connection as procrastinate wants it; statements take turns."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = asyncio.Lock()
        self._gone = asyncio.Event()
        self._connection: Any = None

    async def open_async(self, pool: Any = None) -> None:
        self._connection = await asyncpg.connect(
            self._url,
            timeout=5,
            command_timeout=30,
            server_settings={"application_name": "fivelink-worker", "timezone": "UTC"},
        )
        self._connection.add_termination_listener(lambda _: self._gone.set())
        await self._connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)

    async def close_async(self) -> None:
        if self._gone.is_set():
            self._connection.terminate()
        else:
            await self._connection.close(timeout=2)

    async def lost(self) -> None:
        await self._gone.wait()
        raise ConnectionError("the worker's session ended")

    async def take_back(self) -> None:
        """Puts the jobs of dead workers back into the queue and removes what is over. A few small statements."""
        for statement in (_BURY, _TAKE_BACK, _TIDY, _LEAVE):
            await self.execute_query_async(statement)

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        sql, names = _numbered(query)
        async with self._turn:
            try:
                rows = await self._connection.fetch(sql, *(arguments[name] for name in names))
            except asyncpg.UniqueViolationError as error:
                name = error.constraint_name
                raise UniqueViolation(str(error), constraint_name=name, queueing_lock=None) from error
        return [dict(row) for row in rows]

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        return (await self.execute_query_all_async(query, **arguments))[0]

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        await self.execute_query_all_async(query, **arguments)

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

        def hear(_: Any, __: int, channel: str, payload: str) -> None:
            heard.put_nowait((channel, payload))

        for channel in channels:
            async with self._turn:
                await self._connection.add_listener(channel, hear)
        while True:
            channel, payload = await heard.get()
            await on_notification(channel=channel, payload=payload)

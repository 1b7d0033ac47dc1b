"""The queue of work that outlives a request: procrastinate's tables, reached through our own transactions.

A job is written with the row it is about, in one transaction: what was acknowledged is done, or still waits, whatever
dies. Who takes jobs is in db/workers.py; nothing here imports procrastinate, whose functions stand in the database.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

QUEUE = "plans"
TASK = "plan.compute"
#: What time brings, once a minute.
UPKEEP = "upkeep"
UPKEEP_TASK = "upkeep.sweep"
#: A worker holds the advisory lock (LIFE, its number) for as long as its session lives: PostgreSQL knows who does.
LIFE = 5003

LIVING = f"""SELECT l.objid::bigint FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid = {LIFE} AND l.objsubid = 2 AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""  # noqa: S608


async def defer(conn: AsyncConnection, *, plan_id: int, area_id: int) -> int:
    """Puts the computing of a plan into the queue, as part of this transaction; the job's number.

    Jobs of one area are taken one at a time, in the order they were deferred. Workers hear of it when it is committed.
    """
    found = await conn.execute(
        text(
            """SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, :lock, NULL,
                jsonb_build_object('plan_id', CAST(:plan_id AS bigint)), NULL)::procrastinate_job_to_defer_v1]))"""
        ),
        {"queue": QUEUE, "task": TASK, "lock": f"plan:{area_id}", "plan_id": plan_id},
    )
    return int(found.scalar_one())


async def withdraw(conn: AsyncConnection, job_id: int) -> None:
    """Takes a job out of the queue; the worker that is at it is told, when this is committed, to leave it."""
    await conn.execute(text("SELECT procrastinate_cancel_job_v1(:id, true, true)"), {"id": job_id})


async def attended(conn: AsyncConnection) -> bool:
    """True while some worker of this database lives, on whichever machine."""
    return bool((await conn.execute(text(f"SELECT EXISTS ({LIVING})"))).scalar_one())

"""Plans that are kept up to date: who asks for that, and the processes that do it.

One process an area (`resolvers.plan_keeper`), beside the worker that computes plans, on any number of machines.

Who works here looks for plans that are to be kept and that nobody keeps, and starts a process for each; in the database
only one of them gets the right to (`db.plan_keeping`). A keeper that dies is missed at the next look, and the next one
begins with a plan computed afresh. Nothing heavy is imported at the top: the parent reads this file too.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting
from db import plan_keeping as rows
from db.faults import classify
from resolvers.acts import act, record, require_role
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict, NotFound
from resolvers.plan_jobs import url_of

#: Between two looks for plans that nobody keeps.
LOOK_SECONDS = 2.0
#: A keeper that died is replaced at once, the next ones less and less often; who lived this long begins anew.
FIRST_RETURN_SECONDS, LAST_RETURN_SECONDS, LIVED_SECONDS = 1.0, 300.0, 60.0

_PROGRAM = "import sys; sys.path.insert(0, {root!r}); from resolvers.plan_keeping import main; main()"

log = logging.getLogger("fivelink")


async def keep(context: Context, id: int | None, *, keep: bool, idempotency_key: str | None = None) -> Done:
    """Says whether a computed plan is to be kept up to date; saying it again changes nothing.

    For the coordinator of its area. The plan that supersedes a kept one is kept. Raises InvalidInput, NotFound,
    NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        problems = Problems()
        problems.key(idempotency_key)
        problems.stop()
        row = await acting.seen(conn, context.viewer, "plan", id, lock=True)
        if row is None:
            raise NotFound("这个方案", "plan")
        if row.status != "COMPUTED":
            raise Conflict(
                "PLAN_NOT_CURRENT",
                "只有已算完、未被取代的方案可以保持更新",
                "only a plan that is computed and not superseded can be kept up to date",
            )
        if row.kept != keep:
            await rows.set_kept(conn, row.id, keep)
            kind = "plan.kept" if keep else "plan.released"
            await record(conn, context.viewer, kind, "plan", row.id, row.area_id)
        return Done("plan", row.id)

    return await act(context, "planKeep", idempotency_key, {"id": id, "keep": keep}, work)


# ------------------------------------------------------------------------------------------------ the parent's side


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[str]
    began: float
    pause: float


async def attend(context: Context) -> None:
    """Sees to it that every plan that is to be kept is kept, until cancelled; then its keepers end."""
    loop, children = asyncio.get_running_loop(), dict[int, _Child]()
    not_before: dict[int, tuple[float, float]] = {}
    try:
        while True:
            for area_id, child in list(children.items()):
                if child.process.poll() is not None:
                    del children[area_id]
                    _close(child.process)
                    lived = loop.time() - child.began
                    pause = FIRST_RETURN_SECONDS if lived > LIVED_SECONDS else min(2 * child.pause, LAST_RETURN_SECONDS)
                    not_before[area_id] = loop.time() + (pause if child.process.returncode else 0.0), pause
            for area_id in await _unattended(context):
                when, pause = not_before.get(area_id, (0.0, FIRST_RETURN_SECONDS))
                if area_id not in children and loop.time() >= when:
                    children[area_id] = _Child(_start(context, area_id), loop.time(), pause)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        for child in children.values():
            child.process.kill()
            child.process.wait()
            _close(child.process)


async def _unattended(context: Context) -> list[int]:
    try:
        async with context.engine.connect() as conn:
            return await rows.unattended(conn)
    except Exception as error:
        # Looked for again; a database that is away keeps its keepers away, too.
        log.warning("plans to keep were not looked for: %s", classify(error)[0])
        return []


def _start(context: Context, area_id: int) -> subprocess.Popen[str]:
    program = _PROGRAM.format(root=str(Path(__file__).parents[1]))
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    order = {"url": url_of(context.engine), "area_id": area_id, "now": context.clock().isoformat()}
    with suppress(BrokenPipeError):
        child.stdin.write(json.dumps(order) + "\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
    return child


def _close(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        process.stdin.close()  # type: ignore[union-attr]


# ------------------------------------------------------------------------------------------------ the child's side


def main() -> None:
    """Keeps the plan that the first line of stdin names, until it is to be kept no more or stdin closes."""
    # Ctrl-C and a service manager's SIGTERM reach the whole group; the parent decides what becomes of us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        # The solver keeps the interpreter to itself for seconds: only the kernel can end us in the middle of that.
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_pipe, daemon=True).start()
    asyncio.run(_keep(**order))
    # The reader of stdin never ends by itself.
    os._exit(0)


def _end_with_the_pipe() -> None:
    sys.stdin.read()
    os._exit(0)


async def _keep(url: str, area_id: int, now: str) -> None:
    from db.database import Database
    from db.viewer import LOCAL
    from resolvers import plan_keeper

    began, moment = datetime.now().astimezone(), datetime.fromisoformat(now)
    database = Database(url, pool_size=1)
    context = Context(database, LOCAL, lambda: moment + (datetime.now().astimezone() - began))
    await plan_keeper.attend(context, area_id)

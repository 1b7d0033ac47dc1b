"""The process that computes plans: started by a worker, told over a pipe what to compute, ended to cancel.

It reads what a plan rests on, computes and writes by itself, so that the process that serves carries none of it. It
waits a while for more, since starting costs a second, and ends with its parent: the pipe closes, and on Linux the
kernel ends it even in the middle of a long computation. Nothing heavy is imported at the top: the parent reads this
file too.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from graph.processes import end_with_parent

#: How long a child waits for more; one that held a large plan leaves at once, for the memory.
IDLE_SECONDS = 60.0
LARGE = 20_000
PROGRESS_SECONDS = 0.25
#: "taken" is said before anything is done: a child that ends before it has left nothing behind.
TAKEN, SETTLED, SETTLED_AND_LEAVING, UNSETTLED = "taken", "settled", "settled, leaving", "unsettled"
ANSWERS = ANSWER, LAST_ANSWER = "answer ", "leaving, answer "

FAILED = (
    "COMPUTING_FAILED",
    "计算方案时出错,详情已记录;上一个方案仍然有效",
    "computing the plan failed, the details are logged; the last plan stands",
)
NO_MEMORY = (
    "OUT_OF_MEMORY",
    "计算方案所需的内存不足;可按乡镇分别计算。上一个方案仍然有效",
    "there is not enough memory for this plan; compute it by township. The last plan stands",
)
TOO_LARGE = (
    "PLAN_TOO_LARGE",
    "这个区域的需求与供给两两可配的组合太多,一次算不完;请按乡镇分别计算。上一个方案仍然有效",
    "too many needs and offers of this area fit each other to be planned at once; compute it by township."
    " The last plan stands",
)

_PROGRAM = "import sys; sys.path.insert(0, {root!r}); from resolvers.plan_child import main; main()"
_idle: list[subprocess.Popen[str]] = []


# ------------------------------------------------------------------------------------------------ the parent's side


async def compute(url: str, id: int, attempt: int, now: datetime) -> bool:
    """Has a child carry out an attempt at a plan; False where the child died or lost its database.

    Cancelling this kills the child. `url` is postgresql://, `now` the moment that counts as today.
    """
    said = await _carried_out({"url": url, "plan": id, "attempt": attempt, "now": now.isoformat()})
    return said in (SETTLED, SETTLED_AND_LEAVING)


async def ask(url: str, question: dict[str, Any], now: datetime) -> Any:
    """Has a child answer a question (`resolvers.questions`) that changes nothing; None where it could not.

    Cancelling this kills the child. Question and answer are JSON.
    """
    said = await _carried_out({"url": url, "question": question, "now": now.isoformat()})
    return json.loads(said.removeprefix(ANSWER).removeprefix(LAST_ANSWER)) if said.startswith(ANSWERS) else None


async def _carried_out(given: dict[str, Any]) -> str:
    """What a child says once it has done what it was given; "" where it died."""
    order = json.dumps(given)
    while True:
        child, fresh = _child()
        try:
            with suppress(BrokenPipeError):
                child.stdin.write(order + "\n")  # type: ignore[union-attr]
                child.stdin.flush()  # type: ignore[union-attr]
            said = await _reply(child)
            if said != TAKEN and not fresh:
                # It had just left when we wrote: nothing has happened.
                _end(child)
                continue
            said = await _reply(child) if said == TAKEN else ""
        except BaseException:
            _end(child)
            raise
        if said in (SETTLED, UNSETTLED) or said.startswith(ANSWER):
            _idle.append(child)
        else:
            _end(child)
        return said


async def _reply(child: subprocess.Popen[str]) -> str:
    """The child's next word; "" where it has died. The thread that reads ends with the child."""
    assert child.stdout is not None
    return (await asyncio.to_thread(child.stdout.readline)).strip()


def _child() -> tuple[subprocess.Popen[str], bool]:
    """A child that waits, or a new one (True)."""
    while _idle:
        child = _idle.pop()
        if child.poll() is None:
            return child, False
        _end(child)
    program = _PROGRAM.format(root=str(Path(__file__).parents[1]))
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    return child, True


def _end(child: subprocess.Popen[str]) -> None:
    """Kills a child, buries it and closes its pipes."""
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        with suppress(OSError):
            pipe.close()  # type: ignore[union-attr]


@atexit.register
def end_idle() -> None:
    """Ends the children that wait for more."""
    while _idle:
        _end(_idle.pop())


# ------------------------------------------------------------------------------------------------ the child's side


def main() -> None:
    """Computes what stdin says, one line a plan, until it closes or nothing comes for a while."""
    # Whatever a library prints must not look like a reply.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # Ctrl-C and a service manager's SIGTERM reach the whole group; the parent decides what becomes of us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # The solver keeps the interpreter to itself for seconds: nothing but the kernel ends us in the middle of that.
    end_with_parent()
    asyncio.run(_serve(replies))
    # The reader of stdin never ends by itself.
    os._exit(0)


async def _serve(replies: IO[str]) -> None:
    loop, orders = asyncio.get_running_loop(), asyncio.Queue[str]()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(orders.put_nowait, line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    here = _Here()
    with suppress(TimeoutError):
        while True:
            order = await asyncio.wait_for(orders.get(), IDLE_SECONDS)
            print(TAKEN, file=replies, flush=True)
            given = json.loads(order)
            said = await (here.answer if "question" in given else here.carry_out)(**given)
            print(said, file=replies, flush=True)
            if said == SETTLED_AND_LEAVING or said.startswith(LAST_ANSWER):
                return


class _Here:
    """The database of the last plan, kept for its vocabulary; without a connection while nothing is computed."""

    def __init__(self) -> None:
        self._url: str | None = None
        self._database: Any = None

    def _context(self, url: str, now: str) -> Any:
        from db.database import Database
        from db.viewer import LOCAL
        from resolvers.context import Context

        if url != self._url:
            self._url, self._database = url, Database(url, pool_size=1)
        began, moment = datetime.now().astimezone(), datetime.fromisoformat(now)
        return Context(self._database, LOCAL, lambda: moment + (datetime.now().astimezone() - began))

    async def answer(self, url: str, question: dict[str, Any], now: str) -> str:
        from db.faults import classify
        from resolvers import questions

        try:
            answer, large = await questions.answer(self._context(url, now), question)
            return (LAST_ANSWER if large else ANSWER) + json.dumps(answer)
        except Exception as error:
            traceback.print_exc()
            print(f"a question was not answered: {classify(error)[0]}", file=sys.stderr, flush=True)
            return UNSETTLED
        finally:
            await self._database.engine.dispose()

    async def carry_out(self, url: str, plan: int, attempt: int, now: str) -> str:
        from db.faults import BUSY, OUTCOME_UNKNOWN, UNAVAILABLE, classify
        from graph.eligible import TooManyPairs
        from resolvers.errors import Refusal

        context = self._context(url, now)
        try:
            demand = await _told(context, plan, attempt)
            return SETTLED_AND_LEAVING if demand > LARGE else SETTLED
        except Exception as error:
            if classify(error) in (UNAVAILABLE, OUTCOME_UNKNOWN, BUSY):
                print(f"the computing of plan {plan} was cut short: {classify(error)[0]}", file=sys.stderr, flush=True)
                return UNSETTLED
            if not isinstance(error, Refusal | TooManyPairs):
                traceback.print_exc()
            await _fail(context, plan, attempt, error)
            return SETTLED_AND_LEAVING if isinstance(error, MemoryError | TooManyPairs) else SETTLED
        finally:
            await self._database.engine.dispose()


async def _told(context: Any, id: int, attempt: int) -> int:
    """Carries a plan out and writes its progress down as it goes."""
    from db import plans as rows
    from resolvers import plans

    progress = 0.0

    def tell(share: float) -> None:
        nonlocal progress
        progress = max(progress, min(1.0, share))

    async def write_down() -> None:
        written = 0.0
        while True:
            if progress > written:
                written = progress
                async with context.engine.begin() as conn:
                    await rows.advance(conn, id, attempt, written)
            await asyncio.sleep(PROGRESS_SECONDS)

    writing = asyncio.create_task(write_down())
    try:
        return await plans.carry_out(context, id, attempt, tell)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _fail(context: Any, id: int, attempt: int, error: Exception) -> None:
    from db import plans as rows
    from graph.eligible import TooManyPairs
    from resolvers import plan_jobs
    from resolvers.errors import Refusal

    failure = NO_MEMORY if isinstance(error, MemoryError) else FAILED
    if isinstance(error, TooManyPairs):
        failure = TOO_LARGE
    if isinstance(error, Refusal):
        failure = (error.code, error.message_zh, error.message_en)
    async with context.engine.begin() as conn:
        row = await rows.locked(conn, id)
        if row is not None and (row.status, row.attempts) == ("COMPUTING", attempt):
            await plan_jobs.fail(context, conn, id, row, failure)

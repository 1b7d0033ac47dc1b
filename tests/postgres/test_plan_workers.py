"""`fivelink worker` as its users meet it: a real process, killed in the middle of a plan."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pytest
from plan_stage import held, is_at, lines_of, settled, states, until
from small_county import COUNTY, VILLAGE, County

from db.database import Database
from db.viewer import LOCAL
from fivelink.runtime import load_words
from resolvers import plan_jobs, plans
from resolvers.context import Context

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

ROOT = Path(__file__).parents[2]
#: Every plan with the number of its lines, as one moment shows them.
SEEN = """SELECT p.status, (SELECT count(*) FROM allocation a WHERE a.plan_id = p.id)
    + (SELECT count(*) FROM shortfall s WHERE s.plan_id = p.id) AS lines FROM plan p"""


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    """The shipped vocabulary, one offer and one need that it cannot wholly meet; nobody here computes."""
    database = Database(database_url)
    context = Context(database, LOCAL)
    await load_words(context)
    county = County(context, database.engine)
    plan_jobs.leave_to_others(database.engine)
    await county.need(await county.community(VILLAGE), quantity=3)
    await county.offer(await county.provider(), capacity=2)
    yield county
    await database.close()


@contextmanager
def worker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIVELINK_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "fivelink.cli", "worker"],
        env=clean | {"FIVELINK_DATABASE_URL": url},
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def watched(county: County) -> AsyncIterator[list[int]]:
    """A reader who never stops looking, and fails the test at the first half plan; how many looks there were."""
    looks = [0]

    async def look() -> None:
        while True:
            rows = await county.rows(SEEN)
            assert all((row.lines == 2) == (row.status in ("COMPUTED", "SUPERSEDED")) for row in rows), rows
            assert sum(row.status == "COMPUTED" for row in rows) == 1, rows
            looks[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(look())
    try:
        yield looks
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_plan_of_a_killed_worker_is_computed_by_another_and_no_half_of_it_is_seen(
    county: County, database_url: str
) -> None:
    last = (await plans.ask(county.context, area=COUNTY)).id
    with worker(database_url):
        assert await settled(county, last) == "COMPUTED"
    id = (await plans.ask(county.context, area=COUNTY)).id
    async with watched(county) as looks, held(county) as release:
        with worker(database_url) as first:
            await until(is_at(county, id, "COMPUTING", 0.9))
            (child,) = psutil.Process(first.pid).children()
            first.send_signal(signal.SIGKILL)
            first.wait()
            # Nobody is left who could finish it; it still says that it is being computed.
            await asyncio.to_thread(psutil.wait_procs, [child], timeout=20)
            assert not child.is_running()
            assert await states(county) == [(last, "COMPUTED"), (id, "COMPUTING")]
            assert await lines_of(county, id) == 0
        with worker(database_url):
            await until(is_at(county, id, "COMPUTING", 0.9, attempt=2))
            await release()
            assert await settled(county, id) == "COMPUTED"
    assert looks[0] > 10
    assert await states(county) == [(last, "SUPERSEDED"), (id, "COMPUTED")]
    assert await lines_of(county, id) == 2


def test_what_serves_imports_neither_a_solver_nor_the_queue() -> None:
    heavy = ("numba", "pylmcf", "highspy", "procrastinate", "psycopg")
    program = f"import sys, fivelink.app\nprint(*[name for name in {heavy} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""


async def test_a_worker_that_is_stopped_leaves_in_order(county: County, database_url: str) -> None:
    id = (await plans.ask(county.context, area=COUNTY)).id
    async with held(county):
        with worker(database_url) as process:
            await until(is_at(county, id, "COMPUTING", 0.9))
            (child,) = psutil.Process(process.pid).children()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 20) == 0
        assert not child.is_running()
    assert await states(county) == [(id, "QUEUED")]
    assert await county.rows("SELECT 1 FROM procrastinate_workers") == []
    assert (await county.one("SELECT status::text FROM procrastinate_jobs"))[0] == "todo"

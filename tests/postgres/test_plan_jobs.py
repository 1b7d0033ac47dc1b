"""Plans on their way: what is seen of them, who may stop them, and what a worker's death leaves behind."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from plan_stage import children, held, is_at, lines_of, none_of, settled, states, until, working
from small_county import COUNTY, NOON, OTHER_COUNTY, TOWN, County, found

from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import plan_child, plan_jobs, plans
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound
from schema.execution.executor import Executor


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    plan_child.end_idle()
    database, county = await found(database_url)
    community = await county.community()
    await county.need(community, quantity=3)
    await county.offer(await county.provider(), capacity=2)
    yield county
    await plan_jobs.dismiss(database.engine)
    await database.close()


async def test_who_does_not_wait_sees_how_far_a_plan_is(county: County) -> None:
    executor = Executor(county.context.database, clock=lambda: NOON)  # type: ignore[arg-type]

    async def ask(document: str) -> Any:
        outcome = await executor.run(document, None, None, viewer=LOCAL)
        return orjson.loads(outcome.body)["data"]

    asked = await ask(
        'mutation { planCompute(input: {area: "370832", order: FAIR_FIRST, waitSeconds: 0}) { ... on PlanComputed {'
        " plan { id status order progress startedAt finishedAt demand allocations { totalCount } } } } }"
    )
    plan = asked["planCompute"]["plan"]
    id = plan.pop("id")
    assert plan == {
        "status": "QUEUED",
        "order": "FAIR_FIRST",
        "progress": 0.0,
        "startedAt": None,
        "finishedAt": None,
        "demand": 0,
        "allocations": {"totalCount": 0},
    }
    assert (await ask("{ plans { totalCount } all: plans(status: null) { totalCount } }")) == {
        "plans": {"totalCount": 0},
        "all": {"totalCount": 1},
    }
    computing = "{ plans(status: [COMPUTING]) { edges { node { id progress startedAt finishedAt } } } }"
    async with held(county) as release, working(county):

        async def nearly_there() -> bool:
            nodes = [edge["node"] for edge in (await ask(computing))["plans"]["edges"]]
            return any(one["id"] == id and 0 < one["progress"] < 1 and one["startedAt"] for one in nodes)

        await until(nearly_there)
        await release()
        again = "{ plans { edges { node { id status order progress finishedAt allocations { totalCount } } } } }"
        await until(lambda: _has_edges(ask, again))
    (edge,) = (await ask(again))["plans"]["edges"]
    assert edge["node"].pop("finishedAt") is not None
    assert edge["node"] == {
        "id": id,
        "status": "COMPUTED",
        "order": "FAIR_FIRST",
        "progress": 1.0,
        "allocations": {"totalCount": 1},
    }


async def _has_edges(ask: Callable[[str], Any], document: str) -> bool:
    return bool((await ask(document))["plans"]["edges"])


async def test_asking_again_finds_the_plan_that_waits_but_not_the_one_that_reads_already(county: County) -> None:
    first = await plans.ask(county.context, area=COUNTY)
    assert await plans.ask(county.context, area=COUNTY) == first
    fair = await plans.ask(county.context, area=COUNTY, order="FAIR_FIRST")
    town = await plans.ask(county.context, area=TOWN)
    assert len({first.id, fair.id, town.id}) == 3
    assert len(await county.rows("SELECT 1 FROM procrastinate_jobs WHERE status = 'todo'")) == 3
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE plan SET status = 'COMPUTING' WHERE id = $1", (first.id,))
    assert await plans.ask(county.context, area=COUNTY) not in (first, fair)


async def test_a_plan_being_computed_is_cancelled_and_the_last_one_stands(county: County) -> None:
    last = await plans.compute(county.context, area=COUNTY)
    id = (await plans.ask(county.context, area=COUNTY)).id
    async with held(county) as release, working(county):
        await until(is_at(county, id, "COMPUTING", 0.9))
        at_it = children()
        assert at_it
        await plans.cancel(county.context, id)
        # Before the lock is let go: the child is ended, not asked.
        await until(lambda: none_of(at_it))
        await release()
        assert await settled(county, id) == "CANCELLED"
        following = await plans.compute(county.context, area=TOWN)
    assert await states(county) == [(last.id, "COMPUTED"), (id, "CANCELLED"), (following.id, "COMPUTED")]
    assert await lines_of(county, id) == 0
    assert await lines_of(county, last.id) > 0
    assert await county.rows("SELECT 1 FROM procrastinate_jobs") == []
    assert (await county.one("SELECT entity_id FROM event WHERE kind = 'plan.cancelled'"))[0] == id


async def test_a_plan_that_waits_is_cancelled_and_never_begun(county: County) -> None:
    id = (await plans.ask(county.context, area=COUNTY)).id
    await plans.cancel(county.context, id)
    assert await settled(county, id) == "CANCELLED"
    row = await county.one("SELECT started_at, attempts, finished_at FROM plan")
    assert (row.started_at, row.attempts, row.finished_at) == (None, 0, NOON)
    assert await county.rows("SELECT 1 FROM procrastinate_jobs") == []


async def test_what_is_settled_cannot_be_cancelled(county: County) -> None:
    computed = (await plans.compute(county.context, area=COUNTY)).id
    cancelled = await county.waiting_plan(OTHER_COUNTY)
    await plans.cancel(county.context, cancelled)
    before, state = await county.counts(), await county.state()
    for id, code in ((computed, "PLAN_COMPUTED"), (cancelled, "PLAN_SETTLED")):
        with pytest.raises(Conflict) as refusal:
            await plans.cancel(county.context, id)
        assert refusal.value.code == code
    assert (await county.counts(), await county.state()) == (before, state)


async def test_who_may_cancel_what(county: County) -> None:
    id = await county.waiting_plan(COUNTY)
    before, state = await county.counts(), await county.state()
    for viewer in (PUBLIC, Viewer("READER", 1), Viewer("PARTNER", 2, party_id=1)):
        with pytest.raises(NotAllowed):
            await plans.cancel(county.by(viewer), id)
    for code in (OTHER_COUNTY, TOWN):
        with pytest.raises(NotFound):
            await plans.cancel(county.by(await county.coordinator(code)), id)
    assert (await county.counts(), await county.state()) == (before, state)
    await plans.cancel(county.by(await county.coordinator()), id)
    assert await states(county) == [(id, "CANCELLED")]


async def test_a_plan_that_fails_says_why_and_leaves_the_last_one(county: County) -> None:
    last = await plans.compute(county.context, area=COUNTY)
    id = (await plans.ask(county.context, area=COUNTY)).id
    async with county.engine.begin() as conn:
        # The weights are gone between asking and computing.
        await conn.exec_driver_sql("DELETE FROM matching_state")
    assert await settled(county, id) == "FAILED"
    row = await county.one("SELECT * FROM plan WHERE id = :id", id=id)
    assert (row.failure_code, row.job_id, row.finished_at is not None) == ("NOTHING_LOADED", None, True)
    assert row.failure_zh
    assert row.failure_en
    assert await states(county) == [(last.id, "COMPUTED"), (id, "FAILED")]
    assert await lines_of(county, id) == 0
    assert (await county.one("SELECT detail FROM event WHERE kind = 'plan.failed'")).detail == {
        "code": "NOTHING_LOADED"
    }
    with pytest.raises(Conflict, match="NOTHING_LOADED"):
        await plan_jobs.require_computed(county.context, id)


async def test_a_child_that_dies_again_and_again_fails_the_plan_in_the_end(county: County) -> None:
    last = await plans.compute(county.context, area=COUNTY)
    id = (await plans.ask(county.context, area=COUNTY)).id
    async with held(county), working(county):
        for attempt in range(1, plan_jobs.ATTEMPTS + 1):
            await until(is_at(county, id, "COMPUTING", 0.9, attempt))
            for child in children():
                child.send_signal(signal.SIGKILL)
        assert await settled(county, id) == "FAILED"
    row = await county.one("SELECT failure_code FROM plan WHERE id = :id", id=id)
    assert row.failure_code == "COMPUTING_LOST"
    assert await lines_of(county, id) == 0
    assert (await states(county))[0] == (last.id, "COMPUTED")


@pytest.mark.parametrize("now", [("COMPUTING", 2), ("CANCELLED", 1)])
async def test_an_attempt_that_no_longer_counts_writes_nothing(county: County, now: tuple[str, int]) -> None:
    last = await plans.compute(county.context, area=COUNTY)
    id = await county.waiting_plan(COUNTY)
    async with county.engine.begin() as conn:
        # Begun anew by another worker, or given up, while the first attempt was still at it.
        await conn.exec_driver_sql("UPDATE plan SET status = $1, attempts = $2 WHERE id = $3", (*now, id))
    before, state = await county.counts(), await county.state()
    await plans.carry_out(county.context, id, 1, lambda share: None)
    assert (await county.counts(), await county.state()) == (before, state)
    assert (await states(county))[0] == (last.id, "COMPUTED")


async def test_a_worker_that_is_stopped_in_order_gives_its_plan_back_whole(county: County) -> None:
    id = (await plans.ask(county.context, area=COUNTY)).id
    async with held(county):
        async with working(county):
            await until(is_at(county, id, "COMPUTING", 0.9))
            at_it = children()
        assert await none_of(at_it)
        row = await county.one("SELECT status, progress, attempts FROM plan")
        assert tuple(row) == ("QUEUED", 0.0, 0)
    assert await settled(county, id) == "COMPUTED"
    assert await lines_of(county, id) == 2


async def test_a_worker_whose_session_is_cut_begins_again_and_the_plan_is_computed_once(county: County) -> None:
    id = (await plans.ask(county.context, area=COUNTY)).id
    async with held(county) as release, working(county):
        await until(is_at(county, id, "COMPUTING", 0.9))
        doing = "SELECT worker_id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NOT NULL"
        before = await county.rows(doing)
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fivelink-worker'"
        assert len(await county.rows(f"{cut} AND datname = current_database()")) == 1

        async def taken_again() -> bool:
            return (await county.rows(doing)) not in ([], before)

        await until(taken_again)
        await release()
        assert await settled(county, id) == "COMPUTED"
    assert await states(county) == [(id, "COMPUTED")]
    assert await lines_of(county, id) == 2
    assert len(await county.rows("SELECT 1 FROM event WHERE kind = 'plan.computed'")) == 1


async def test_two_workers_compute_one_plan_of_an_area_at_a_time(county: County) -> None:
    first = (await plans.ask(county.context, area=COUNTY)).id
    second = (await plans.ask(county.context, area=COUNTY, order="FAIR_FIRST")).id
    elsewhere = (await plans.ask(county.context, area=OTHER_COUNTY)).id
    async with held(county), working(county), working(county):
        assert await settled(county, elsewhere) == "COMPUTED"
        await until(is_at(county, first, "COMPUTING", 0.9))
        assert await states(county) == [(first, "COMPUTING"), (second, "QUEUED"), (elsewhere, "COMPUTED")]
    async with working(county):
        assert await settled(county, second) == "COMPUTED"
    assert await states(county) == [(first, "SUPERSEDED"), (second, "COMPUTED"), (elsewhere, "COMPUTED")]
    assert await county.rows("SELECT 1 FROM procrastinate_workers") == []


async def test_a_server_that_leaves_plans_to_others_waits_for_a_worker(county: County) -> None:
    plan_jobs.leave_to_others(county.engine)
    done = await plans.compute(county.context, area=COUNTY, wait_seconds=1)
    assert await states(county) == [(done.id, "QUEUED")]
    async with working(county):
        assert await settled(county, done.id) == "COMPUTED"


@pytest.mark.parametrize("seconds", [-1, 61])
async def test_nobody_waits_longer_than_a_minute(county: County, seconds: int) -> None:
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await plans.compute(county.context, area="370899", wait_seconds=seconds)
    assert {one.path[0]: one.code for one in refusal.value.fields} == {
        "area": "UNKNOWN_AREA",
        "waitSeconds": "OUT_OF_RANGE",
    }
    assert await county.counts() == before

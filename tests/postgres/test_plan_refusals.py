"""Plans of what nobody should ask, over the database: a plan, or a code and words a coordinator understands."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from small_county import COUNTY, TOWN, VILLAGE, County, found
from sqlalchemy import text

from graph.solving import MOST_PAIRS
from resolvers import plan_child, plan_jobs, plans

MOST = 2_000_000_000


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    plan_child.end_idle()
    database, county = await found(database_url)
    yield county
    await plan_jobs.dismiss(database.engine)
    await database.close()


async def copied(county: County, table: str, many: int) -> None:
    """So many rows like the first one."""
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = :name AND is_generated = 'NEVER'"
    names = ", ".join(name for (name,) in await county.rows(columns, name=table) if name != "id")
    async with county.engine.begin() as conn:
        await conn.execute(
            text(
                f"INSERT INTO {table} (id, {names}) OVERRIDING SYSTEM VALUE "  # noqa: S608
                f"SELECT 1000 + k, {names} FROM (SELECT * FROM {table} ORDER BY id LIMIT 1) AS one, "
                "generate_series(1, :many) AS k"
            ),
            {"many": many},
        )


async def test_more_pairs_than_fit_are_a_failed_plan_that_says_what_to_do(county: County) -> None:
    community = await county.community()
    await county.need(community)
    await county.offer(await county.provider())
    last = await plans.compute(county.context, area=COUNTY)
    side = int(MOST_PAIRS**0.5) + 1
    await copied(county, "need", side)
    await copied(county, "offer", side)
    plan = await plans.compute(county.context, area=COUNTY, wait_seconds=60)
    row = await county.one("SELECT * FROM plan WHERE id = :id", id=plan.id)
    assert (row.status, row.failure_code) == ("FAILED", "PLAN_TOO_LARGE")
    assert "按乡镇" in row.failure_zh
    assert "by township" in row.failure_en
    # The last plan stands, and nothing of the failed one is seen.
    assert (await county.one("SELECT status FROM plan WHERE id = :id", id=last.id)).status == "COMPUTED"
    assert [r.plan_id for r in await county.rows("SELECT DISTINCT plan_id FROM allocation")] == [last.id]


@pytest.mark.parametrize("area", [COUNTY, TOWN, VILLAGE])
async def test_an_area_without_needs_or_without_offers_has_a_plan(county: County, area: str) -> None:
    empty = await plans.compute(county.context, area=area)
    await county.need(await county.community(), quantity=MOST)
    lonely = await plans.compute(county.context, area=area)
    rows = await county.rows("SELECT id, status, demand, met, optimal FROM plan ORDER BY id")
    assert [tuple(row) for row in rows] == [(empty.id, "SUPERSEDED", 0, 0, True), (lonely.id, "COMPUTED", 1, 0, True)]
    assert [row.quantity for row in await county.rows("SELECT quantity FROM shortfall")] == [MOST]


async def test_quantities_of_two_thousand_million_are_planned_and_stored(county: County) -> None:
    community, provider = await county.community(), await county.provider()
    for _ in range(3):
        await county.need(community, quantity=MOST)
    for _ in range(2):
        await county.offer(provider, capacity=MOST)
    plan = await plans.compute(county.context, area=COUNTY)
    row = await county.one("SELECT status, met, optimal, failure_code FROM plan WHERE id = :id", id=plan.id)
    assert tuple(row) == ("COMPUTED", 2, True, None)
    assert (await county.one("SELECT sum(quantity) FROM allocation"))[0] == 2 * MOST

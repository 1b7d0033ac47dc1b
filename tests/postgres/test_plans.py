"""Computing the plan of an area."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_TOWN, TOWN, County, found

from db.viewer import PUBLIC, Viewer
from resolvers import needs, plans
from resolvers.errors import Conflict, InvalidInput, NotAllowed


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


async def test_a_plan_gives_the_most_urgent_first_and_says_why_the_rest_is_unmet(county: County) -> None:
    community = await county.community()
    offer = await county.offer(await county.provider(), capacity=3)
    calm = await county.need(community, quantity=2)
    urgent = await county.need(community, quantity=2, priority="STAT")
    alone = await county.need(community, quantity=1, resource_type="FUNDS")
    done = await plans.compute(county.context, area=COUNTY)
    plan = await county.one("SELECT * FROM plan")
    assert (done.entity, done.id) == ("plan", plan.id)
    assert (plan.status, plan.demand, plan.met) == ("COMPUTED", 3, 1)
    assert (plan.optimal, plan.violations, plan.primal) == (True, 0, plan.dual)
    given = await county.rows("SELECT need_id, offer_id, quantity FROM allocation ORDER BY need_id")
    assert given == [(calm, offer, 1), (urgent, offer, 2)]
    short = await county.rows("SELECT need_id, quantity, reasons FROM shortfall ORDER BY need_id")
    assert [(row.need_id, row.quantity) for row in short] == [(calm, 1), (alone, 1)]
    for row in short:
        assert row.reasons
        for reason in row.reasons:
            assert set(reason) == {"code", "text_zh", "text_en", "remedy_zh", "remedy_en"}
            assert reason["text_zh"]
            assert reason["text_en"]
    event = await county.one("SELECT * FROM event WHERE kind = 'plan.computed'")
    assert event.detail == {"demand": 3, "met": 1, "optimal": True}
    # A plan proposes; it promises nothing yet.
    assert (await county.one("SELECT committed FROM offer")).committed == 0


async def test_the_plan_of_an_area_holds_its_own_needs_and_every_offer_that_reaches_them(county: County) -> None:
    near, far = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    provider = await county.provider(OTHER_COUNTY, "任城公司")
    whole = await county.offer(provider, coverage=["3708"], capacity=1)
    inside = await county.offer(provider, coverage=[TOWN], capacity=1)
    await county.offer(provider, coverage=[OTHER_TOWN])
    need = await county.need(near, quantity=5)
    await county.need(far)
    await plans.compute(county.context, area=TOWN)
    assert (await county.one("SELECT demand FROM plan")).demand == 1
    given = await county.rows("SELECT need_id, offer_id FROM allocation ORDER BY offer_id")
    assert given == [(need, whole), (need, inside)]


async def test_an_area_without_needs_has_an_empty_plan(county: County) -> None:
    await county.offer(await county.provider())
    await plans.compute(county.context, area=OTHER_COUNTY)
    plan = await county.one("SELECT * FROM plan")
    assert (plan.demand, plan.met, plan.optimal, plan.violations) == (0, 0, True, 0)
    counts = await county.counts()
    assert (counts["allocation"], counts["shortfall"]) == (0, 0)


async def test_a_newer_plan_supersedes_the_computed_ones_of_its_area_only(county: County) -> None:
    other = await plans.compute(county.context, area=TOWN)
    first = await plans.compute(county.context, area=COUNTY)
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE plan SET status = 'APPROVED' WHERE area_id = 4")
    second = await plans.compute(county.context, area=COUNTY)
    found = await county.rows("SELECT id, status FROM plan ORDER BY id")
    assert (await county.area_id(TOWN)) == 4
    assert found == [(other.id, "APPROVED"), (first.id, "SUPERSEDED"), (second.id, "COMPUTED")]


async def test_many_at_once_leave_one_current_plan(county: County) -> None:
    await county.need(await county.community())
    asked = await asyncio.gather(*(plans.compute(county.context, area=COUNTY) for _ in range(8)))
    # Who asks before a plan has begun to read shares it.
    plan = await county.rows("SELECT id, status FROM plan ORDER BY id")
    assert {done.id for done in asked} == {id for id, _ in plan}
    assert [status for _, status in plan] == ["SUPERSEDED"] * (len(plan) - 1) + ["COMPUTED"]


async def test_twenty_at_once_with_one_key_are_one_plan(county: County) -> None:
    await county.need(await county.community())
    answers = await asyncio.gather(
        *(plans.compute(county.context, area=COUNTY, idempotency_key="k") for _ in range(20))
    )
    assert len(set(answers)) == 1
    assert (await county.counts())["plan"] == 1
    before = await county.counts()
    with pytest.raises(Conflict, match="IDEMPOTENCY_KEY_REUSED"):
        await plans.compute(county.context, area=TOWN, idempotency_key="k")
    assert await county.counts() == before


async def test_who_may_plan_what(county: County) -> None:
    before = await county.counts()
    for viewer in (PUBLIC, Viewer("READER", 1), Viewer("PARTNER", 2, party_id=1), await county.coordinator(TOWN)):
        with pytest.raises(NotAllowed):
            await plans.compute(county.by(viewer), area=COUNTY)
    assert await county.counts() == before
    await plans.compute(county.by(await county.coordinator()), area=TOWN)


async def test_an_unknown_area_and_a_bad_key_are_reported_together(county: County) -> None:
    before = await county.counts()
    with pytest.raises(InvalidInput) as refusal:
        await plans.compute(county.context, area="370899", idempotency_key="")
    assert {problem.path[0]: problem.code for problem in refusal.value.fields} == {
        "area": "UNKNOWN_AREA",
        "idempotencyKey": "INVALID_KEY",
    }
    assert await county.counts() == before


async def test_the_server_goes_on_while_a_plan_is_computed(county: County) -> None:
    community = await county.community()
    await county.offer(await county.provider(), capacity=100)
    for _ in range(30):
        await county.need(community)
    plan, need = await asyncio.gather(plans.compute(county.context, area=COUNTY), county.need(community))
    await needs.withdraw(county.context, need)
    assert (await county.one("SELECT id FROM plan")).id == plan.id

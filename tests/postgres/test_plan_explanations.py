"""What a plan says about itself: why this offer, how evenly it serves, what is worth recruiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from small_county import COUNTY, FAR_VILLAGE, OTHER_TOWN, SECOND_VILLAGE, TOWN, VILLAGE, County, found
from sqlalchemy import event

from db.cursors import global_id
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import needs, plans
from schema.execution.executor import Executor


def gid(typename: str, number: int) -> str:
    return global_id(f"{typename}:{number}".encode())


@dataclass
class Stage:
    county: County
    executor: Executor

    async def answer(self, document: str, viewer: Viewer = LOCAL) -> Any:
        outcome = await self.executor.run(document, None, None, viewer=viewer)
        return orjson.loads(outcome.body)

    async def planned(self, what: str, area: str = COUNTY, order: str | None = None, viewer: Viewer = LOCAL) -> Any:
        """What the contract says of a plan made now."""
        done = await plans.compute(self.county.context, area=area, order=order)
        said = await self.answer(f'{{ node(id: "{gid("Plan", done.id)}") {{ ... on Plan {{ {what} }} }} }}', viewer)
        assert "errors" not in said, said
        return said["data"]["node"]


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    database, county = await found(database_url)
    yield Stage(county, Executor(database))
    await database.close()


GIVEN = """allocations { edges { node { need { id } quantity score
    reasons { code weight value text(lang: EN) }
    nextOffer { id provider { name } } nextScore passedOver { id community { name } }
    explanation { code zh: text en: text(lang: EN) } } } }"""


async def test_an_allocation_says_who_would_step_in_and_whom_it_went_past(stage: Stage) -> None:
    county = stage.county
    here = await county.community()
    near = await county.offer(await county.provider(), capacity=2)
    far = await county.offer(await county.provider("370811", "任城公司"), capacity=1)
    calm = await county.need(here, quantity=2)
    urgent = await county.need(here, quantity=2, priority="STAT")
    said = await stage.planned(GIVEN)
    given = {edge["node"]["need"]["id"]: edge["node"] for edge in said["allocations"]["edges"]}
    one = given[gid("Need", urgent)]
    assert one["quantity"] == 2
    assert sum(r["weight"] * r["value"] for r in one["reasons"]) == pytest.approx(one["score"])
    assert "NEARNESS" in {r["code"] for r in one["reasons"]}
    assert one["nextOffer"] == {"id": gid("Offer", far), "provider": {"name": "任城公司"}}
    assert 0 < one["nextScore"] < one["score"]
    assert one["passedOver"] == {"id": gid("Need", calm), "community": {"name": "甲村社区"}}
    assert [e["code"] for e in one["explanation"]] == ["NEXT_USED_UP", "LESS_URGENT"]
    assert "“一般”,低于本需求的“特急”" in one["explanation"][1]["zh"]
    assert one["explanation"][1]["en"].endswith("is less urgent: routine, against at once here")
    # Who got the far offer would have liked the near one, which others use up.
    other = given[gid("Need", calm)]
    assert (other["quantity"], other["nextOffer"]["id"]) == (1, gid("Offer", near))
    assert other["passedOver"] is None
    assert [e["code"] for e in other["explanation"]] == ["NEXT_USED_UP"]


async def test_a_lone_offer_has_no_substitute_and_free_ones_are_said_to_be_worse(stage: Stage) -> None:
    county = stage.county
    here = await county.community()
    await county.offer(await county.provider("370811", "任城公司"), capacity=9)
    near = await county.provider()
    await county.offer(near, capacity=9)
    await county.offer(near, title="一万元", resource_type="FUNDS", capacity=10_000)
    await county.need(here)
    await county.need(here, title="学费", resource_type="FUNDS")
    said = await stage.planned(GIVEN)
    first, second = (edge["node"] for edge in said["allocations"]["edges"])
    assert [e["code"] for e in first["explanation"]] == ["NEXT_LOWER"]
    assert first["explanation"][0]["zh"].endswith("还余 9")
    assert (second["nextOffer"], second["nextScore"], second["passedOver"]) == (None, None, None)
    assert [e["code"] for e in second["explanation"]] == ["NO_OTHER_OFFER"]


async def test_between_equal_urgency_the_place_that_misses_more_goes_first_and_says_so(stage: Stage) -> None:
    county = stage.county
    here, there = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    provider = await county.provider()
    await county.offer(provider, capacity=4)
    # Only the other town: it is half served already.
    await county.offer(provider, title="杨营专用", coverage=[OTHER_TOWN], capacity=10)
    for place in (here, there):
        for _ in range(4):
            await county.need(place, quantity=5)
    said = await stage.planned(f"fairness {{ area {{ name }} requested allocated ratio }} {GIVEN}")
    assert said["fairness"] == [
        {"area": {"name": "拳铺镇"}, "requested": 20, "allocated": 4, "ratio": 0.2},
        {"area": {"name": "杨营镇"}, "requested": 20, "allocated": 10, "ratio": 0.5},
    ]
    passed = [
        (edge["node"]["passedOver"]["community"]["name"], edge["node"]["explanation"][1])
        for edge in said["allocations"]["edges"]
        if edge["node"]["passedOver"] and edge["node"]["quantity"] == 4
    ]
    for community, why in passed:
        if community == "丙村社区":
            assert why["code"] == "LESS_SHORT"
            assert "50%" in why["zh"]
            assert "50%" in why["en"]
    assert passed


async def test_fairness_is_by_township_and_type_and_by_village_in_a_township(stage: Stage) -> None:
    county = stage.county
    provider = await county.provider()
    await county.offer(provider, capacity=3, coverage=[TOWN])
    for village, name in ((VILLAGE, "甲村社区"), (SECOND_VILLAGE, "乙村社区"), (FAR_VILLAGE, "丙村社区")):
        community = await county.community(village, name)
        await county.need(community, quantity=3, priority="STAT" if village == VILLAGE else "ROUTINE")
    await county.need(community, title="学费", resource_type="FUNDS", quantity=1_000)
    what = """fairness { area { name } requested allocated ratio
        byResourceType { resourceType { code unit } requested allocated ratio } }"""
    wheelchairs = {"code": "WHEELCHAIR", "unit": "件"}
    assert (await stage.planned(what))["fairness"] == [
        {
            "area": {"name": "拳铺镇"},
            "requested": 6,
            "allocated": 3,
            "ratio": 0.5,
            "byResourceType": [{"resourceType": wheelchairs, "requested": 6, "allocated": 3, "ratio": 0.5}],
        },
        {
            "area": {"name": "杨营镇"},
            "requested": 1003,
            "allocated": 0,
            "ratio": 0.0,
            "byResourceType": [
                {"resourceType": wheelchairs, "requested": 3, "allocated": 0, "ratio": 0.0},
                {"resourceType": {"code": "FUNDS", "unit": "元"}, "requested": 1000, "allocated": 0, "ratio": 0.0},
            ],
        },
    ]
    said = (await stage.planned(what, TOWN))["fairness"]
    assert {one["area"]["name"]: one["ratio"] for one in said} == {"甲村": 1.0, "乙村": 0.0}


async def test_the_order_decides_between_the_most_urgent_and_the_least_served(stage: Stage) -> None:
    county = stage.county
    urgent, calm = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    await county.offer(await county.provider(), capacity=4)
    await county.need(urgent, quantity=4, priority="STAT")
    await county.need(calm, quantity=4)
    what = "order met fairness { ratio }"
    assert await stage.planned(what) == {
        "order": "URGENT_FIRST",
        "met": 1,
        "fairness": [{"ratio": 1.0}, {"ratio": 0.0}],
    }
    fair = await stage.planned(what, order="FAIR_FIRST")
    assert fair == {"order": "FAIR_FIRST", "met": 0, "fairness": [{"ratio": 0.5}, {"ratio": 0.5}]}


async def test_a_whole_need_gets_all_or_nothing_and_can_be_changed_back(stage: Stage) -> None:
    county = stage.county
    await county.offer(await county.provider(), capacity=3)
    need = await county.need(await county.community(), quantity=4, whole_or_nothing=True)
    what = """allocations { totalCount } certificate { optimal violations }
        shortfalls { edges { node { quantity need { wholeOrNothing } } } }"""
    none = {
        "allocations": {"totalCount": 0},
        "certificate": {"optimal": True, "violations": 0},
        "shortfalls": {"edges": [{"node": {"quantity": 4, "need": {"wholeOrNothing": True}}}]},
    }
    assert await stage.planned(what) == none
    await needs.change(county.context, need, whole_or_nothing=None)
    some = await stage.planned(what)
    assert some["allocations"] == {"totalCount": 1}
    assert some["shortfalls"]["edges"] == [{"node": {"quantity": 1, "need": {"wholeOrNothing": False}}}]


async def test_bottlenecks_say_what_recruiting_would_bring(stage: Stage) -> None:
    county = stage.county
    here, there = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    await county.need(here, quantity=1, priority="STAT")
    await county.need(there, quantity=3)
    await county.need(there, quantity=2)
    what = """bottlenecks%s { resourceType { label } area { name } shortfall shadowPrice metByOne metByAll
        zh: text en: text(lang: EN) }"""
    first, second = (await stage.planned(what % ""))["bottlenecks"]
    assert (first["resourceType"], first["area"]) == ({"label": "轮椅"}, {"name": "拳铺镇"})
    assert (first["shortfall"], first["shadowPrice"], first["metByOne"], first["metByAll"]) == (1, 4.0, 1, 1)
    assert (second["shortfall"], second["shadowPrice"], second["metByOne"], second["metByAll"]) == (5, 1.0, 0, 2)
    assert second["zh"].startswith("山东省济宁市梁山县杨营镇的轮椅还缺 5 件")
    assert "补足全部缺口可再满足 2 项" in second["zh"]
    assert "recruiting all that is missing 2" in second["en"]
    assert (await stage.planned(what % "(first: 1)"))["bottlenecks"] == [first]
    plan = gid("Plan", (await county.one("SELECT max(id) FROM plan"))[0])
    said = await stage.answer(f'{{ node(id: "{plan}") {{ ... on Plan {{ bottlenecks(first: 0) {{ text }} }} }} }}')
    assert said["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


async def test_sums_beyond_what_the_contract_can_say_do_not_break_a_plan(stage: Stage) -> None:
    here = await stage.county.community()
    for _ in range(2):
        await stage.county.need(here, title="资金", resource_type="FUNDS", quantity=2_000_000_000)
    said = await stage.planned("fairness { requested allocated ratio } bottlenecks { shortfall metByAll }")
    assert said["fairness"] == [{"requested": 2_147_483_647, "allocated": 0, "ratio": 0.0}]
    assert said["bottlenecks"][0]["shortfall"] == 2_147_483_647


async def test_a_plan_of_nothing_and_one_that_waits_say_nothing(stage: Stage) -> None:
    assert await stage.planned("fairness { ratio } bottlenecks { text }") == {"fairness": [], "bottlenecks": []}
    waiting = gid("Plan", await stage.county.waiting_plan())
    said = await stage.answer(f'{{ node(id: "{waiting}") {{ ... on Plan {{ fairness {{ ratio }} }} }} }}')
    assert said["data"]["node"] == {"fairness": []}


async def test_who_does_not_see_the_plan_sees_nothing_of_what_it_says(stage: Stage) -> None:
    county = stage.county
    await county.need(await county.community())
    provider = await county.provider()
    outsider = await county.coordinator("370811")
    for viewer in (PUBLIC, Viewer("PARTNER", 2, party_id=provider), outsider):
        assert await stage.planned("fairness { ratio } bottlenecks { text }", viewer=viewer) is None
    inside = await stage.planned("fairness { area { name } }", viewer=await county.coordinator())
    assert inside == {"fairness": [{"area": {"name": "拳铺镇"}}]}


async def test_many_plans_are_explained_with_a_handful_of_statements(stage: Stage) -> None:
    county = stage.county
    await county.need(await county.community())
    for area in (COUNTY, TOWN, VILLAGE, "3708"):
        await plans.compute(county.context, area=area)
    reader = stage.executor.reader
    asked: list[str] = []

    def count(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(county.engine.sync_engine, "before_cursor_execute", count)
    before = reader.statements
    try:
        said = await stage.answer(
            "{ plans { edges { node { fairness { area { name } byResourceType { resourceType { code } } }"
            " bottlenecks { area { name } resourceType { code } } } } } }"
        )
    finally:
        event.remove(county.engine.sync_engine, "before_cursor_execute", count)
    assert len(said["data"]["plans"]["edges"]) == 4
    assert all(edge["node"]["fairness"] and edge["node"]["bottlenecks"] for edge in said["data"]["plans"]["edges"])
    # Two tables of plans here; the page, then areas and types of each kind of entry there.
    assert len(asked) == 2
    assert reader.statements - before <= 5

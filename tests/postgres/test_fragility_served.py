"""What hangs on one party, as asked over the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_TOWN, SECOND_VILLAGE, TOWN, County, found

from db.cursors import global_id
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import offers, questions
from schema.execution.executor import Executor

WHAT = """party { id name } needsAlone needs { id community { name } } districts { name }
    zh: text en: text(lang: EN)"""


def gid(typename: str, number: int) -> str:
    return global_id(f"{typename}:{number}".encode())


@dataclass
class Stage:
    county: County
    executor: Executor

    async def answer(self, arguments: str, viewer: Viewer = LOCAL) -> Any:
        outcome = await self.executor.run(f"{{ fragility({arguments}) {{ {WHAT} }} }}", None, None, viewer=viewer)
        return orjson.loads(outcome.body)

    async def fragile(self, arguments: str, viewer: Viewer = LOCAL) -> Any:
        said = await self.answer(arguments, viewer)
        assert "errors" not in said, said
        return said["data"]["fragility"]


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    database, county = await found(database_url)
    yield Stage(county, Executor(database))
    await database.close()


async def test_a_party_that_alone_serves_is_named_with_what_would_be_lost(stage: Stage) -> None:
    county = stage.county
    here, there = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    wide, near = await county.provider(), await county.provider(name="拳铺合作社")
    await county.offer(wide)
    second = await county.offer(near, coverage=[TOWN])
    calm = await county.need(there)
    urgent = await county.need(there, priority="STAT")
    served = await county.need(here)
    before = await county.counts()
    (one,) = await stage.fragile(f'area: "{COUNTY}"')
    assert one["party"] == {"id": gid("DonorFirm", wide), "name": "拳铺爱心公司"}
    assert (one["needsAlone"], one["districts"]) == (2, [{"name": "杨营镇"}])
    assert [need["id"] for need in one["needs"]] == [gid("Need", urgent), gid("Need", calm)]
    assert one["needs"][0]["community"] == {"name": "丙村社区"}
    assert one["zh"] == "如其停止服务,2 项需求再无其他资源可以承接;杨营镇与其余乡镇失去联系或再无资源"
    assert one["en"].startswith("If it stopped, 2 needs have nobody else who could serve them; ")
    assert await county.counts() == before
    # Once the other pauses, everything hangs on the one.
    await offers.pause(county.context, second)
    (one,) = await stage.fragile(f'area: "{COUNTY}"')
    assert (one["needsAlone"], [area["name"] for area in one["districts"]]) == (3, ["拳铺镇", "杨营镇"])
    assert gid("Need", served) in [need["id"] for need in one["needs"]]


async def test_most_districts_come_first_and_no_more_than_asked_for(stage: Stage) -> None:
    county = stage.county
    here, there = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    small, large = await county.provider(), await county.provider(OTHER_TOWN, "杨营公司")
    await county.offer(large, coverage=[OTHER_TOWN])
    await county.offer(small, coverage=[TOWN])
    await county.need(here)
    for _ in range(7):
        await county.need(there)
    found = await stage.fragile(f'area: "{COUNTY}"')
    assert [(one["party"]["name"], one["needsAlone"], len(one["needs"])) for one in found] == [
        ("杨营公司", 7, 5),
        ("拳铺爱心公司", 1, 1),
    ]
    assert await stage.fragile(f'area: "{COUNTY}", first: 1') == found[:1]


async def test_in_a_township_its_villages_are_the_districts(stage: Stage) -> None:
    county = stage.county
    for village, name in (("370832101201", "甲村社区"), (SECOND_VILLAGE, "乙村社区")):
        await county.need(await county.community(village, name))
    await county.offer(await county.provider())
    (one,) = await stage.fragile(f'area: "{TOWN}"', await county.coordinator(TOWN))
    assert [area["name"] for area in one["districts"]] == ["甲村", "乙村"]


async def test_where_nothing_is_asked_or_everyone_has_a_second_nothing_is_fragile(stage: Stage) -> None:
    county = stage.county
    assert await stage.fragile(f'area: "{COUNTY}"') == []
    await county.need(await county.community())
    assert await stage.fragile(f'area: "{COUNTY}"') == []
    for name in ("甲公司", "乙公司"):
        await county.offer(await county.provider(name=name))
    assert await stage.fragile(f'area: "{COUNTY}"') == []


async def test_who_may_not_ask_and_what_cannot_be_asked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    county = stage.county
    provider = await county.provider()
    await county.need(await county.community())
    outside = (await county.coordinator(TOWN), await county.coordinator(OTHER_COUNTY))

    async def code(arguments: str, viewer: Viewer = LOCAL) -> str:
        (error,) = (await stage.answer(arguments, viewer))["errors"]
        return str(error["extensions"]["code"])

    for viewer in (PUBLIC, Viewer("READER", 1), Viewer("PARTNER", 2, party_id=provider), *outside):
        assert await code(f'area: "{COUNTY}"', viewer) == "NOT_ALLOWED"
    assert await code('area: "370899"') == "INVALID_INPUT"
    for first in (0, 101, -1):
        assert await code(f'area: "{COUNTY}", first: {first}') == "INVALID_INPUT"
    monkeypatch.setattr(questions, "MOST_NEEDS", 0)
    assert await code(f'area: "{COUNTY}"') == "AREA_TOO_LARGE"

"""What if: a party stops, an offer comes; nothing is changed by asking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_TOWN, TODAY, TOWN, County, found
from sqlalchemy import event

from db.cursors import global_id
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import plans, questions
from schema.execution.executor import Executor

FIGURES = "demand met optimal unmet { priority needs units } fairness { area { name } ratio }"
EVERYTHING = f"""before {{ {FIGURES} }} after {{ {FIGURES} }} gained {{ id }} gainedCount
    lost {{ id community {{ name }} }} lostCount zh: text en: text(lang: EN)"""


def gid(typename: str, number: int) -> str:
    return global_id(f"{typename}:{number}".encode())


@dataclass
class Stage:
    county: County
    executor: Executor

    async def answer(self, arguments: str, viewer: Viewer = LOCAL, what: str = EVERYTHING) -> Any:
        outcome = await self.executor.run(f"{{ planSimulate({arguments}) {{ {what} }} }}", None, None, viewer=viewer)
        return orjson.loads(outcome.body)

    async def compared(self, arguments: str, viewer: Viewer = LOCAL) -> Any:
        said = await self.answer(arguments, viewer)
        assert "errors" not in said, said
        return said["data"]["planSimulate"]

    async def everything(self) -> list[Any]:
        """Every row of every table, except what the vocabulary holds."""
        tables = await self.county.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version')"
        )
        return [await self.county.rows(f"SELECT md5(string_agg(t::text, ',')) FROM {name} t") for (name,) in tables]  # noqa: S608


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    database, county = await found(database_url)
    yield Stage(county, Executor(database))
    await database.close()


async def test_a_party_that_stops_costs_what_only_it_gave_and_nothing_is_changed(stage: Stage) -> None:
    county = stage.county
    here, there = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    staying, leaving = await county.provider(), await county.provider(OTHER_TOWN, "杨营公司")
    await county.offer(staying, capacity=2, coverage=[TOWN])
    await county.offer(leaving, capacity=2, coverage=[OTHER_TOWN])
    await county.need(here)
    lost = await county.need(there, priority="STAT")
    await plans.compute(county.context, area=COUNTY)
    before = await stage.everything()
    said = await stage.compared(f'area: "{COUNTY}", withdraw: ["{gid("DonorFirm", leaving)}"]')
    assert (said["before"]["demand"], said["before"]["met"], said["after"]["met"]) == (2, 2, 1)
    assert said["before"]["optimal"]
    assert said["after"]["optimal"]
    assert said["after"]["unmet"] == [
        {"priority": "STAT", "needs": 1, "units": 2},
        {"priority": "ASAP", "needs": 0, "units": 0},
        {"priority": "URGENT", "needs": 0, "units": 0},
        {"priority": "ROUTINE", "needs": 0, "units": 0},
    ]
    assert said["before"]["fairness"] == [
        {"area": {"name": "拳铺镇"}, "ratio": 1.0},
        {"area": {"name": "杨营镇"}, "ratio": 1.0},
    ]
    assert [one["ratio"] for one in said["after"]["fairness"]] == [1.0, 0.0]
    assert (said["gained"], said["gainedCount"], said["lostCount"]) == ([], 0, 1)
    assert said["lost"] == [{"id": gid("Need", lost), "community": {"name": "丙村社区"}}]
    assert said["zh"] == "完全满足的需求由 2 项变为 1 项:新满足 0 项,不再满足 1 项"
    assert said["en"] == "Fully met needs go from 2 to 1: 0 gained, 1 lost"
    assert await stage.everything() == before


async def test_an_offer_that_is_thought_of_meets_what_it_would_meet(stage: Stage) -> None:
    county = stage.county
    child = await county.need(await county.community(), client_groups=["ORPHAN"], quantity=5)
    elder = await county.need(await county.community(FAR_VILLAGE, "丙村社区"), client_groups=["ELDER"])
    offer = '{resourceType: "AIDS", capacity: 9, clientGroups: ["CHILD"], maximumPerNeed: 5}'
    said = await stage.compared(f'area: "{COUNTY}", add: [{offer}]')
    assert [one["id"] for one in said["gained"]] == [gid("Need", child)]
    everyone = f'{{resourceType: "WHEELCHAIR", capacity: 2, coverage: ["{OTHER_TOWN}"], area: "{OTHER_COUNTY}"}}'
    said = await stage.compared(f'area: "{COUNTY}", add: [{offer}, {everyone}]')
    assert [one["id"] for one in said["gained"]] == [gid("Need", child), gid("Need", elder)]
    assert (said["before"]["met"], said["after"]["met"], said["lostCount"]) == (0, 2, 0)
    # Too little for the first need, of which it may not give a part.
    small = '{resourceType: "WHEELCHAIR", capacity: 9, minimumPerNeed: 6}'
    said = await stage.compared(f'area: "{COUNTY}", add: [{small}]')
    assert said["gainedCount"] == 0
    assert (await county.counts())["offer"] == 0


async def test_what_goes_and_what_comes_are_weighed_together_by_the_order_asked_for(stage: Stage) -> None:
    county = stage.county
    urgent, calm = await county.community(), await county.community(FAR_VILLAGE, "丙村社区")
    provider = await county.provider()
    await county.offer(provider, capacity=8)
    first, second = await county.need(urgent, quantity=4, priority="STAT"), await county.need(calm, quantity=4)
    swap = f'withdraw: ["{gid("DonorFirm", provider)}"], add: [{{resourceType: "WHEELCHAIR", capacity: 4}}]'
    said = await stage.compared(f'area: "{COUNTY}", {swap}')
    assert [one["id"] for one in said["lost"]] == [gid("Need", second)]
    said = await stage.compared(f'area: "{COUNTY}", {swap}, order: FAIR_FIRST')
    assert {one["id"] for one in said["lost"]} == {gid("Need", first), gid("Need", second)}
    assert [one["ratio"] for one in said["after"]["fairness"]] == [0.5, 0.5]


async def test_every_faulty_field_is_named_and_nothing_computed(stage: Stage) -> None:
    party = await stage.county.community()
    before = await stage.everything()
    past = TODAY.replace(year=2020).isoformat()
    said = await stage.answer(
        f'area: "{COUNTY}", withdraw: ["{gid("Community", party)}", "{gid("Fund", 99)}", "x"], add: ['
        f'{{resourceType: "WHEELCHAIRS", capacity: 0, coverage: ["370899"], availableUntil: "{past}", area: "1"}},'
        '{resourceType: "FUNDS", capacity: 3, minimumPerNeed: 4}]'
    )
    (error,) = said["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert said["data"] is None
    assert {(tuple(one["path"]), one["code"]) for one in error["extensions"]["fields"]} == {
        (("withdraw", "1"), "NOT_FOUND"),
        (("withdraw", "2"), "NOT_FOUND"),
        (("add", "0", "resourceType"), "UNKNOWN_RESOURCE_TYPE"),
        (("add", "0", "capacity"), "OUT_OF_RANGE"),
        (("add", "0", "coverage", "0"), "UNKNOWN_AREA"),
        (("add", "0", "availableUntil"), "IN_THE_PAST"),
        (("add", "0", "area"), "UNKNOWN_AREA"),
        (("add", "1", "minimumPerNeed"), "ABOVE_CAPACITY"),
    }
    assert all(one["text_zh"] and one["text_en"] for one in error["extensions"]["fields"])
    many = ", ".join([f'"{gid("Fund", 1)}"'] * 101)
    said = await stage.answer(f'area: "9", withdraw: [{many}], add: [{{resourceType: "FUNDS", capacity: 1}}]')
    found = {(one["path"][0], one["code"]) for one in said["errors"][0]["extensions"]["fields"]}
    assert found == {("area", "UNKNOWN_AREA"), ("withdraw", "TOO_MANY")}
    assert await stage.everything() == before


async def test_only_who_coordinates_the_area_may_ask(stage: Stage) -> None:
    county = stage.county
    provider = await county.provider()
    await county.need(await county.community())
    outside = (await county.coordinator(TOWN), await county.coordinator(OTHER_COUNTY))
    for viewer in (PUBLIC, Viewer("READER", 1), Viewer("PARTNER", 2, party_id=provider), *outside):
        said = await stage.answer(f'area: "{COUNTY}"', viewer)
        assert [error["extensions"]["code"] for error in said["errors"]] == ["NOT_ALLOWED"]
    said = await stage.compared(f'area: "{TOWN}"', await county.coordinator())
    assert (said["before"], said["gainedCount"]) == (said["after"], 0)


async def test_an_empty_area_is_compared_with_itself_and_too_large_a_one_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await stage.compared(f'area: "{OTHER_COUNTY}", add: [{{resourceType: "FUNDS", capacity: 1}}]')
    assert (said["before"]["demand"], said["after"]["met"], said["before"]["fairness"]) == (0, 0, [])
    await stage.county.need(await stage.county.community())
    monkeypatch.setattr(questions, "MOST_NEEDS", 0)
    said = await stage.answer(f'area: "{COUNTY}"')
    assert said["errors"][0]["extensions"]["code"] == "AREA_TOO_LARGE"


async def test_a_comparison_that_takes_too_long_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.county.need(await stage.county.community())
    monkeypatch.setattr(questions, "SECONDS", 0.001)
    said = await stage.answer(f'area: "{COUNTY}"')
    assert said["errors"][0]["extensions"]["code"] == "TAKES_TOO_LONG"
    monkeypatch.setattr(questions, "SECONDS", 60.0)
    assert (await stage.compared(f'area: "{COUNTY}"'))["before"]["demand"] == 1


async def test_the_serving_process_asks_a_handful_of_statements(stage: Stage) -> None:
    county = stage.county
    community = await county.community()
    parties = [await county.provider(name=f"公司{n}") for n in range(5)]
    for party in parties:
        await county.offer(party, capacity=2)
        await county.need(community)
    asked: list[str] = []

    def count(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    before = stage.executor.reader.statements
    event.listen(county.engine.sync_engine, "before_cursor_execute", count)
    try:
        gone = ", ".join(f'"{gid("DonorFirm", party)}"' for party in parties)
        said = await stage.compared(f'area: "{COUNTY}", withdraw: [{gone}]')
    finally:
        event.remove(county.engine.sync_engine, "before_cursor_execute", count)
    assert said["lostCount"] == 5
    assert len(asked) <= 5
    assert stage.executor.reader.statements - before <= 3

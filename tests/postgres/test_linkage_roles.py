"""The linkage model of an area on a day, and what each kind of party is in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import orjson
import pytest
from small_county import COUNTY, NOON, OTHER_COUNTY, TODAY, TOWN, VILLAGE, County, found

from db.viewer import LOCAL, PUBLIC, Viewer
from exchange.teams import read_linkage_models
from resolvers import linkage_roles, teams
from resolvers.errors import Conflict, InvalidInput
from resolvers.vocabulary import load
from schema.execution.executor import Executor

SIX = {
    "Community": "平台",
    "Organization": "载体",
    "SocialWorker": "支撑",
    "Assistant": "纽带",
    "Volunteer": "辅助",
    "DonorFirm": "补充",
    "Fund": "补充",
}


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


async def asked(county: County, area: str, on: date, viewer: Viewer = PUBLIC) -> dict[str, Any]:
    query = (
        f'{{ linkageInForce(area: "{area}", on: "{on}") {{ template {{ code }} said {{ citation area {{ code }} }}'
        " roles { kind society role parties english: role(lang: EN) } } }"
    )
    executor = Executor(county.context.database, clock=lambda: NOON)  # type: ignore[arg-type]
    answer: dict[str, Any] = orjson.loads((await executor.run(query, None, {}, viewer=viewer)).body)
    assert "errors" not in answer, answer["errors"]
    told: dict[str, Any] = answer["data"]["linkageInForce"]
    return told


async def test_every_kind_has_its_role_in_the_model_of_the_nearest_area_that_says_one(county: County) -> None:
    await load(county.context, team_roles=read_linkage_models().records)
    context = county.by(LOCAL)
    await teams.set_model(context, area="37", model="THREE", since=date(2021, 1, 1), citation="试点")
    await teams.set_model(context, area=COUNTY, model="SIX", since=date(2022, 1, 1), citation="3456")
    before = await asked(county, VILLAGE, date(2021, 12, 31))
    assert (before["template"]["code"], before["said"]["citation"]) == ("THREE", "试点")
    assert {one["kind"]: one["role"] for one in before["roles"]} == {
        kind: role if kind in ("Community", "Organization", "SocialWorker") else None for kind, role in SIX.items()
    }
    told = await asked(county, VILLAGE, date(2022, 1, 1))
    assert (told["template"]["code"], told["said"]["area"]["code"]) == ("SIX", COUNTY)
    assert {one["kind"]: one["role"] for one in told["roles"]} == SIX
    assert {one["kind"]: one["english"] for one in told["roles"]}["Assistant"] == "Tie"
    assert (await asked(county, OTHER_COUNTY, TODAY))["template"]["code"] == "THREE"
    unsaid = await asked(county, VILLAGE, date(2020, 12, 31))
    assert (unsaid["template"]["code"], unsaid["said"]) == ("FIVE", None)


async def test_parties_are_counted_where_they_are_at_home_as_far_as_they_are_seen(county: County) -> None:
    await load(county.context, team_roles=read_linkage_models().records)
    await county.community()
    await county.provider()
    for area, communities, firms in ((COUNTY, 1, 1), (TOWN, 1, 1), (VILLAGE, 1, 0), (OTHER_COUNTY, 0, 0)):
        counts = {one["kind"]: one["parties"] for one in (await asked(county, area, TODAY))["roles"]}
        assert (counts["Community"], counts["DonorFirm"], counts["Volunteer"]) == (communities, firms, 0)


async def test_an_unknown_area_and_a_county_without_models_are_told(county: County) -> None:
    with pytest.raises(InvalidInput):
        await linkage_roles.in_force(county.by(PUBLIC), "999999")
    async with county.context.engine.begin() as conn:
        await conn.exec_driver_sql("DELETE FROM linkage_model")
        await conn.exec_driver_sql("DELETE FROM team_template")
    with pytest.raises(Conflict) as refused:
        await linkage_roles.in_force(county.by(PUBLIC), COUNTY)
    assert refused.value.code == "NOTHING_LOADED"

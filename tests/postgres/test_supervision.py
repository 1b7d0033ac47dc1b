"""Supervision: what may be recorded, and who went without in a month."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from learning_stage import Learning, learning
from small_county import COUNTY, OTHER_COUNTY, TOWN

from db.viewer import PUBLIC, Viewer
from resolvers import records
from resolvers.errors import InvalidInput, NotAllowed

ASKED = (
    "query($area: String!, $month: Date!, $kind: SupervisionKind!) {"
    " unsupervised(area: $area, month: $month, kind: $kind, workers: true) { fromOn untilOn stations supervised"
    " missed { station { name } lastOn } posts postsSupervised missedPosts { post { worker { name } } lastOn }"
    " supervisions { totalCount edges { node { supervisedOn } } } } }"
)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Learning]:
    async with learning(database_url) as made:
        yield made


def given(stage: Learning, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "station": stage.station, "kind": "PROFESSIONAL", "supervisor_name": "示例督导",
        "supervised_on": date(2026, 10, 12), "findings": "个案记录须补全",
    }  # fmt: skip
    return values | more


async def post(stage: Learning, **more: Any) -> int:
    values = {"station": stage.station, "worker": stage.worker, "kind": "FULL_TIME", "from_on": date(2026, 3, 1)}
    return await stage.save("post", **(values | more))


async def asked(stage: Learning, month: str, kind: str = "PROFESSIONAL", area: str = COUNTY) -> Any:
    return (await stage.ask(ASKED, area=area, month=month, kind=kind))["unsupervised"]


async def test_a_station_without_one_in_the_month_is_told_with_the_last_day_it_had_one(stage: Learning) -> None:
    await stage.save("supervision", **given(stage))
    await stage.save("supervision", **given(stage, station=stage.other, supervised_on=date(2026, 9, 30)))
    october = await asked(stage, "2026-10-31")
    assert (october["fromOn"], october["untilOn"]) == ("2026-10-01", "2026-10-31")
    assert (october["stations"], october["supervised"]) == (2, 1)
    assert october["missed"] == [{"station": {"name": "梁山县杨营镇社会工作站"}, "lastOn": "2026-09-30"}]
    assert october["supervisions"] == {"totalCount": 1, "edges": [{"node": {"supervisedOn": "2026-10-12"}}]}
    november = await asked(stage, "2026-11-01")
    assert [one["lastOn"] for one in november["missed"]] == ["2026-09-30", "2026-10-12"]
    assert (await asked(stage, "2026-10-05", area=TOWN))["missed"] == []


async def test_the_two_kinds_do_not_stand_for_each_other(stage: Learning) -> None:
    await stage.save("supervision", **given(stage, kind="ADMINISTRATIVE", level="PREFECTURE"))
    assert (await asked(stage, "2026-10-01"))["supervised"] == 0
    assert (await asked(stage, "2026-10-01", "ADMINISTRATIVE"))["supervised"] == 1


async def test_a_station_counts_in_the_months_in_which_it_works(stage: Learning) -> None:
    await records.save(stage.context, "station", {"closed_on": date(2026, 9, 30)}, id=stage.other)
    assert (await asked(stage, "2026-02-28"))["stations"] == 0
    assert (await asked(stage, "2026-03-31"))["stations"] == 2
    assert (await asked(stage, "2026-09-01"))["stations"] == 2
    assert (await asked(stage, "2026-10-01"))["stations"] == 1


async def test_a_withdrawn_supervision_is_none(stage: Learning) -> None:
    id = await stage.save("supervision", **given(stage))
    await records.withdraw(stage.context, "supervision", id, reason="重复登记")
    assert (await asked(stage, "2026-10-01"))["supervised"] == 0


async def test_workers_are_asked_about_one_by_one(stage: Learning) -> None:
    await post(stage)
    await stage.save("supervision", **given(stage))
    october = await asked(stage, "2026-10-01")
    assert (october["supervised"], october["posts"], october["postsSupervised"]) == (1, 1, 0)
    assert october["missedPosts"] == [{"post": {"worker": {"name": "示例社工"}}, "lastOn": None}]
    await stage.save("supervision", **given(stage, worker=stage.worker))
    assert (await asked(stage, "2026-10-01"))["missedPosts"] == []


async def test_what_is_faulty_is_told_field_by_field(stage: Learning) -> None:
    before = await stage.counts()

    async def faults(**more: Any) -> list[tuple[str, str]]:
        with pytest.raises(InvalidInput) as refused:
            await stage.save("supervision", **given(stage, **more))
        return [(one.path[0], one.code) for one in refused.value.fields]

    assert await faults(kind="ADMINISTRATIVE") == [("level", "REQUIRED")]
    assert await faults(level="COUNTY") == [("level", "NOT_FOR_PROFESSIONAL")]
    assert await faults(supervisor_name=None, supervised_on=date(2026, 11, 23), next_on=date(2026, 11, 23)) == [
        ("supervisorName", "REQUIRED"),
        ("supervisedOn", "IN_THE_FUTURE"),
        ("nextOn", "DATES_REVERSED"),
    ]
    assert await faults(supervisor=stage.worker, worker=stage.worker) == [("workerId", "OWN_SUPERVISOR")]
    assert await stage.counts() == before


async def test_what_is_only_odd_is_marked(stage: Learning) -> None:
    await stage.save("supervision", **given(stage, supervised_on=date(2026, 2, 1), worker=stage.worker))
    said = await stage.ask("{ supervisions { edges { node { marks { code message } } } } }")
    (node,) = [edge["node"] for edge in said["supervisions"]["edges"]]
    assert [one["code"] for one in node["marks"]] == ["STATION_NOT_OPEN", "NOT_ON_POST"]


async def test_an_operator_records_its_own_professional_supervision_only(stage: Learning) -> None:
    partner = stage.county.by(Viewer("PARTNER", 5, None, False, stage.operator))
    own = given(stage, supervisor=stage.operator)
    before = await stage.counts()
    with pytest.raises(NotAllowed):
        await stage.save("supervision", partner, **own)
    assert await stage.counts() == before
    await post(stage, employer=stage.operator)
    await stage.save("supervision", partner, **own)
    for other in ({"kind": "ADMINISTRATIVE", "level": "COUNTY"}, {"station": stage.other}, {"supervisor": None}):
        with pytest.raises(NotAllowed):
            await stage.save("supervision", partner, **(own | other))


async def test_which_cities_have_a_team(stage: Learning) -> None:
    counties = '{ supervisionTeamCoverage(area: "3708", level: COUNTY) { areas withTeam without { code } } }'
    found = (await stage.ask(counties, PUBLIC))["supervisionTeamCoverage"]
    assert (found["areas"], found["withTeam"]) == (2, 0)
    team = {"kind": "ADMINISTRATIVE", "from_on": date(2026, 1, 1)}
    await stage.save("supervision_team", area=COUNTY, name="县督导团队", **team)
    await stage.save("supervision_team", area=OTHER_COUNTY, established=False, **team)
    found = (await stage.ask(counties, PUBLIC))["supervisionTeamCoverage"]
    assert found == {"areas": 2, "withTeam": 1, "without": [{"code": OTHER_COUNTY}]}
    assert (await stage.ask(counties.replace("COUNTY)", 'COUNTY, on: "2025-12-31")'), PUBLIC))[
        "supervisionTeamCoverage"
    ]["withTeam"] == 0


async def test_only_who_works_for_the_area_asks_who_went_without(stage: Learning) -> None:
    for viewer in (PUBLIC, await stage.county.coordinator(OTHER_COUNTY, 7)):
        variables = {"area": COUNTY, "month": "2026-10-01", "kind": "PROFESSIONAL"}
        said = await stage.executor.run(ASKED, None, variables, viewer=viewer)
        assert b"NOT_ALLOWED" in said.body

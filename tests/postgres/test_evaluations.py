"""Evaluations: scored leaf by leaf, submitted in the order of the chain, deciding what a gate asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from learning_stage import FULL, GRADES, TREE, Learning, learning
from small_county import COUNTY, OTHER_COUNTY, OTHER_TOWN, TOWN

from db.cursors import global_id
from db.viewer import Viewer
from resolvers import evaluation_views, evaluations, records
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound
from resolvers.evaluations import Points


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Learning]:
    async with learning(database_url) as made:
        yield made


async def paths(work: Any) -> list[tuple[tuple[str, ...], str]]:
    with pytest.raises(InvalidInput) as refused:
        await work
    return [(one.path, one.code) for one in refused.value.fields]


async def refused(work: Any) -> str:
    with pytest.raises(Conflict) as found:
        await work
    return found.value.code


async def test_points_are_summed_and_graded_when_submitted(stage: Learning) -> None:
    id = await stage.evaluation(await stage.standard())
    await stage.score(id, {"1.1": "20.25", "1.2": "10"})
    await stage.score(id, {"2": "59.75", "1.2": "10.5"})
    await evaluations.submit(stage.context, id)
    row = await stage.county.one(
        "SELECT e.status, e.score, g.name, e.submitted_on FROM evaluation e"
        " JOIN evaluation_grade g ON g.id = e.grade_id"
    )
    assert tuple(row) == ("SUBMITTED", Decimal("90.5"), "优", date(2026, 11, 22))
    said = await stage.ask(
        "query($id: ID!) { evaluationSheet(id: $id) { indicator { code children { totalCount } } weight points } }",
        id=global_id(b"Evaluation:%d" % id),
    )
    assert [(one["indicator"]["code"], one["points"]) for one in said["evaluationSheet"]] == [
        ("1", "30.7500"),
        ("1.1", "20.2500"),
        ("1.2", "10.5000"),
        ("2", "59.7500"),
    ]


async def test_an_evaluation_with_a_leaf_unscored_is_not_submitted(stage: Learning) -> None:
    id = await stage.evaluation(await stage.standard())
    await stage.score(id, {"1.1": "20"})
    before = await stage.counts()
    with pytest.raises(Conflict) as found:
        await evaluations.submit(stage.context, id)
    assert found.value.code == "LEAVES_UNSCORED"
    assert "1.2、2" in found.value.message_zh
    assert await stage.counts() == before


async def test_every_faulty_score_is_told_and_none_is_kept(stage: Learning) -> None:
    id = await stage.evaluation(await stage.standard())
    before = await stage.counts()
    scores = [
        Points("1", Decimal(1)),
        Points("9", Decimal(1)),
        Points("1.1", Decimal("25.6"), "照片"),
        Points("1.2", Decimal("-1")),
        Points("2", Decimal("0.00001")),
        Points("2", Decimal(1)),
        Points("1.1", Decimal(1)),
    ]
    assert await paths(evaluations.score(stage.context, id, scores=scores)) == [
        (("scores", "0", "code"), "NOT_A_LEAF"),
        (("scores", "1", "code"), "UNKNOWN_INDICATOR"),
        (("scores", "2", "points"), "OUT_OF_RANGE"),
        (("scores", "3", "points"), "OUT_OF_RANGE"),
        (("scores", "4", "points"), "OUT_OF_RANGE"),
        (("scores", "5", "code"), "TWICE"),
        (("scores", "6", "code"), "TWICE"),
        (("scores", "6", "evidence"), "EVIDENCE_REQUIRED"),
    ]
    assert await stage.counts() == before


async def test_self_first_then_third_party_then_the_inspection(stage: Learning) -> None:
    standard = await stage.standard()
    third, inspected = [await stage.evaluation(standard, kind) for kind in ("THIRD_PARTY", "INSPECTION")]
    for id in (third, inspected):
        await stage.score(id)
    assert await refused(evaluations.submit(stage.context, third)) == "SELF_FIRST"
    assert await refused(evaluations.submit(stage.context, inspected)) == "THIRD_PARTY_FIRST"
    await stage.submitted(standard, "SELF")
    assert await refused(evaluations.submit(stage.context, inspected)) == "THIRD_PARTY_FIRST"
    await evaluations.submit(stage.context, third)
    await evaluations.submit(stage.context, inspected)


async def test_what_was_submitted_stands_until_a_coordinator_reopens_it(stage: Learning) -> None:
    standard = await stage.standard()
    own = await stage.submitted(standard, "SELF")
    assert await refused(stage.score(own, {"2": "1"})) == "SUBMITTED"
    assert await refused(evaluations.submit(stage.context, own)) == "SUBMITTED"
    changing = records.save(stage.context, "evaluation", {"done_on": date(2026, 11, 1)}, id=own)
    assert await refused(changing) == "SUBMITTED"
    third = await stage.submitted(standard, "THIRD_PARTY")
    assert await refused(evaluations.reopen(stage.context, own, reason="打错一项")) == "LATER_STANDS"
    await evaluations.reopen(stage.context, third, reason="打错一项")
    assert tuple(await stage.county.one("SELECT status, score, grade_id FROM evaluation WHERE id = :id", id=third)) == (
        "DRAFT",
        None,
        None,
    )
    kept = await stage.county.one("SELECT row->>'score', reason FROM record_version WHERE act = 'reopen'")
    assert tuple(kept) == ("100.0000", "打错一项")
    # Points taken back leave nothing that points at it, so that it can be withdrawn.
    taken = [Points(code, None) for code in FULL]
    await evaluations.score(stage.context, third, scores=taken)
    await records.withdraw(stage.context, "evaluation", third, reason="站点写错")
    assert await stage.county.rows("SELECT 1 FROM evaluation WHERE withdrawn_at IS NULL AND kind = 'THIRD_PARTY'") == []


async def test_a_gate_opens_only_when_every_station_of_an_area_passed(stage: Learning) -> None:
    standard = await stage.standard()
    county = await stage.county.area_id(COUNTY)

    async def passed(**which: int) -> bool:
        async with stage.county.engine.connect() as conn:
            return await evaluations.passed(conn, year=2026, **which)

    await stage.submitted(standard, "SELF")
    assert not await passed(station_id=stage.station), "a self-evaluation decides nothing"
    await stage.submitted(standard, "THIRD_PARTY")
    assert await passed(station_id=stage.station)
    assert not await passed(area_id=county), "the other station was not evaluated"
    poor = FULL | {"2": "10"}
    await stage.submitted(standard, "SELF", station=stage.other)
    await stage.submitted(standard, "THIRD_PARTY", poor, station=stage.other)
    assert not await passed(area_id=county)
    said = (await stage.ask(f'{{ evaluationPassed(area: "{COUNTY}", year: 2026) {{ passed stations passing'
                            " failed { name } missing { name } } }"))["evaluationPassed"]  # fmt: skip
    assert said == {
        "passed": False,
        "stations": 2,
        "passing": 1,
        "failed": [{"name": "梁山县杨营镇社会工作站"}],
        "missing": [],
    }
    await stage.submitted(standard, "INSPECTION", station=stage.other)
    assert await passed(area_id=county), "the inspection is the last word"
    assert not await passed(area_id=await stage.county.area_id(OTHER_COUNTY)), "no station there"


async def test_a_station_that_closed_before_the_year_ended_keeps_no_gate_shut(stage: Learning) -> None:
    standard = await stage.standard()
    await stage.submitted(standard, "SELF")
    await stage.submitted(standard, "THIRD_PARTY")
    await records.save(stage.context, "station", {"closed_on": date(2026, 11, 20)}, id=stage.other)
    async with stage.county.engine.connect() as conn:
        assert await evaluations.passed(conn, year=2026, area_id=await stage.county.area_id(COUNTY))


async def test_a_standard_without_grades_lets_nobody_pass(stage: Learning) -> None:
    standard = await stage.standard(grades=())
    await stage.submitted(standard, "SELF")
    await stage.submitted(standard, "THIRD_PARTY")
    async with stage.county.engine.connect() as conn:
        assert not await evaluations.passed(conn, year=2026, station_id=stage.station)


async def test_where_self_and_third_party_differ(stage: Learning) -> None:
    standard = await stage.standard()
    await stage.submitted(standard, "SELF")
    await stage.submitted(standard, "THIRD_PARTY", FULL | {"2": "50.5", "1.2": "14"})
    await stage.submitted(standard, "SELF", station=stage.other)
    await stage.submitted(standard, "THIRD_PARTY", station=stage.other)
    far, near = await evaluation_views.differences(stage.context, COUNTY, 2026)
    assert (far.station_id, far.first, far.second, far.difference) == (
        stage.station,
        Decimal(100),
        Decimal(90),
        Decimal(-10),
    )
    assert [one.difference for one in far.leaves] == [Decimal("-0.5"), Decimal("-9.5")]
    assert (near.station_id, near.difference, near.leaves) == (stage.other, Decimal(0), [])
    said = await stage.ask(
        f'{{ evaluationDifferences(area: "{TOWN}", year: 2026)'
        " { station { name } difference indicators { indicator { code } first second } } }"
    )
    assert said["evaluationDifferences"] == [
        {
            "station": {"name": "梁山县拳铺镇社会工作站"},
            "difference": "-10.0000",
            "indicators": [
                {"indicator": {"code": "1.2"}, "first": "14.5000", "second": "14.0000"},
                {"indicator": {"code": "2"}, "first": "60.0000", "second": "50.5000"},
            ],
        }
    ]


async def test_an_evaluation_fits_its_station_its_standard_and_the_calendar(stage: Learning) -> None:
    standard = await stage.standard(from_on=date(2026, 6, 1))
    elsewhere = await stage.standard(area=OTHER_TOWN, code="DL")
    before = await stage.counts()
    assert await paths(stage.evaluation(standard, done_on=date(2026, 5, 31))) == [
        (("standardId",), "STANDARD_NOT_IN_FORCE")
    ]
    assert await paths(stage.evaluation(elsewhere)) == [(("standardId",), "STANDARD_ELSEWHERE")]
    assert await paths(stage.evaluation(standard, done_on=date(2026, 11, 23), evaluator_name=None, year=2027)) == [
        (("evaluatorName",), "REQUIRED"),
        (("doneOn",), "IN_THE_FUTURE"),
        (("year",), "OUT_OF_RANGE"),
    ]
    assert await stage.counts() == before
    await stage.evaluation(standard)
    assert await refused(stage.evaluation(standard)) == "ALREADY_THERE"


async def test_who_runs_a_station_is_no_third_party(stage: Learning) -> None:
    standard = await stage.standard()
    project = await stage.save("project", area=COUNTY, name="示例项目")
    await stage.save("project_role", project=project, party=stage.operator, role="OPERATOR")
    await records.save(stage.context, "station", {"project": project}, id=stage.station)
    given = {"evaluator": stage.operator, "evaluator_name": None}
    assert await paths(stage.evaluation(standard, "THIRD_PARTY", **given)) == [(("evaluatorId",), "NOT_INDEPENDENT")]
    await stage.evaluation(standard, "THIRD_PARTY", evaluator=stage.outsider)


async def test_the_partner_who_evaluates_scores_and_submits_and_nobody_else_does(stage: Learning) -> None:
    standard = await stage.standard()
    await stage.submitted(standard, "SELF")
    id = await stage.evaluation(standard, "THIRD_PARTY", evaluator=stage.outsider)
    own = stage.county.by(Viewer("PARTNER", 5, None, False, stage.outsider))
    other = stage.county.by(Viewer("PARTNER", 6, None, False, stage.operator))
    neighbour = stage.county.by(await stage.county.coordinator(OTHER_COUNTY, 7))
    before = await stage.counts()
    for context in (other, neighbour):
        with pytest.raises(NotFound):
            await stage.score(id, context=context)
    with pytest.raises(NotAllowed):
        await evaluations.reopen(own, id, reason="再看看")
    assert await stage.counts() == before
    await stage.score(id, context=own)
    await evaluations.submit(own, id)
    said = await stage.ask("{ evaluations { edges { node { kind scores { totalCount } } } } }", own.viewer)
    assert said["evaluations"]["edges"] == [{"node": {"kind": "THIRD_PARTY", "scores": {"totalCount": 3}}}]


async def test_the_tree_of_the_stage_is_one(stage: Learning) -> None:
    await stage.standard(tree=TREE, grades=GRADES)
    said = await stage.ask(
        "{ evaluationStandards { edges { node { title version levels leaves fullScore"
        " grades { edges { node { name passes } } } indicators { edges { node { code level leaf } } } } } } }"
    )
    (node,) = [edge["node"] for edge in said["evaluationStandards"]["edges"]]
    assert (node["version"], node["levels"], node["leaves"], node["fullScore"]) == (1, 2, 3, "100.0000")
    assert [edge["node"]["name"] for edge in node["grades"]["edges"]] == ["优", "合格", "不合格"]
    assert [edge["node"]["code"] for edge in node["indicators"]["edges"]] == ["1", "1.1", "1.2", "2"]

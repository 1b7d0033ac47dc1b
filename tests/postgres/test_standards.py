"""Standards of evaluation: loaded whole or not at all, frozen once used; samples that anybody can draw again."""

from __future__ import annotations

import asyncio
import hashlib
from argparse import Namespace
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from learning_stage import GRADES, TREE, Learning, learning
from small_county import COUNTY, OTHER_COUNTY

from exchange.indicator_tree import GradeRecord, IndicatorRecord
from fivelink.commands.lists import _take
from resolvers import evaluations, indicators, samples
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "indicators.csv"
CRUMBLED = (replace(TREE[0], weight=Decimal(41)), *TREE[1:3], replace(TREE[3], parent="9"))


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Learning]:
    async with learning(database_url) as made:
        yield made


async def test_a_tree_that_does_not_add_up_is_refused_as_a_whole_and_every_place_is_told(stage: Learning) -> None:
    before = await stage.counts()
    with pytest.raises(InvalidInput) as refused:
        await stage.standard(tree=CRUMBLED, grades=(GradeRecord("合格", Decimal(60), True),), citation="")
    told = [(one.path, one.code) for one in refused.value.fields]
    assert told == [
        (("citation",), "REQUIRED"),
        (("rows", "3", "parent"), "UNKNOWN_PARENT"),
        (("rows",), "SUM_OFF"),
        (("rows", "0", "weight"), "SUM_OFF"),
        (("grades",), "GRADES_FROM_0"),
    ]
    assert refused.value.fields[3].message_zh == "“1 阵地”的下级分值合计 40,应为 41"
    assert refused.value.fields[2].message_en == "the weights of the first level sum to 41, not to the full score 100"
    assert await stage.counts() == before


async def test_the_contract_says_the_same_in_both_languages(stage: Learning) -> None:
    rows = [{"code": "1", "title": "阵地", "weight": "99.5"}]
    facts = {"area": COUNTY, "code": "X", "title": "示例(虚构)", "citation": "虚构"}
    said = await stage.ask(
        "mutation($input: IndicatorsLoadInput!) { act: indicatorsLoad(input: $input) { __typename"
        " ... on InvalidInput { fields { path code message en: message(lang: EN) } } } }",
        input={**facts, "rows": rows},
    )
    assert said["act"]["fields"] == [
        {
            "path": ["rows"],
            "code": "SUM_OFF",
            "message": "第一级指标的分值合计 99.5,应为满分 100",
            "en": "the weights of the first level sum to 99.5, not to the full score 100",
        }
    ]


async def test_the_same_again_changes_nothing_and_another_tree_replaces_an_unused_one(stage: Learning) -> None:
    first = await stage.standard()
    before = await stage.counts()
    assert await stage.standard() == first
    assert await stage.counts() == before
    second = await stage.standard(tree=(IndicatorRecord("A", None, "总分", Decimal(100)),))
    standing = await stage.county.rows(
        "SELECT s.id, s.version, (SELECT count(*) FROM indicator i WHERE i.standard_id = s.id AND withdrawn_at IS NULL)"
        " FROM evaluation_standard s WHERE withdrawn_at IS NULL"
    )
    assert [tuple(row) for row in standing] == [(second, 1, 1)]
    kept = await stage.county.rows("SELECT entity, count(*) FROM record_version GROUP BY entity ORDER BY entity")
    assert [tuple(row) for row in kept] == [("evaluation_grade", 3), ("evaluation_standard", 1), ("indicator", 4)]


async def test_a_standard_in_use_is_frozen_and_a_change_is_a_new_version(stage: Learning) -> None:
    first = await stage.standard()
    evaluation = await stage.evaluation(first)
    second = await stage.standard(tree=(IndicatorRecord("A", None, "总分", Decimal(100)),))
    rows = await stage.county.rows("SELECT id, version, withdrawn_at FROM evaluation_standard ORDER BY version")
    assert [tuple(row) for row in rows] == [(first, 1, None), (second, 2, None)]
    await stage.score(evaluation)
    await evaluations.submit(stage.context, evaluation)
    assert (await stage.county.one("SELECT score FROM evaluation"))[0] == 100


async def test_an_evaluation_begun_while_its_standard_is_replaced_stands_on_one_that_does(stage: Learning) -> None:
    for turn in range(6):
        code = f"SL-{turn}"
        first = await stage.standard(code=code)
        other = (IndicatorRecord("A", None, "总分", Decimal(100)),)
        begun = stage.evaluation(first, year=2010 + turn)
        works = [begun, stage.standard(code=code, tree=other)]
        for found in await asyncio.gather(*works[:: -1 if turn % 2 else 1], return_exceptions=True):
            assert isinstance(found, int | NotFound), found
    rows = await stage.county.rows(
        "SELECT 1 FROM evaluation e JOIN evaluation_standard s ON s.id = e.standard_id WHERE s.withdrawn_at IS NOT NULL"
    )
    assert rows == []


async def test_two_who_draw_at_once_do_not_both_draw_first(stage: Learning) -> None:
    work = [samples.sample_draw(stage.context, area=COUNTY, year=2026, count=1) for _ in range(4)]
    done = await asyncio.gather(*work, return_exceptions=True)
    assert sum(isinstance(one, InvalidInput) for one in done) == 3
    assert [row[0] for row in await stage.county.rows("SELECT number FROM evaluation_sample")] == [1]


async def test_four_levels_and_37_leaves_come_in_from_a_sheet(stage: Learning) -> None:
    read = indicators.sheet_of(EXAMPLE)
    assert read is not None
    before = await stage.counts()
    assert not await indicators.load_list(stage.context, read, area=COUNTY, dry_run=True)
    assert await stage.counts() == before
    assert await indicators.load_list(stage.context, read, area=COUNTY)
    said = await stage.ask(
        "{ evaluationStandards { edges { node { code levels leaves indicators { totalCount } } } } }"
    )
    assert said["evaluationStandards"]["edges"] == [
        {"node": {"code": "EXAMPLE-37", "levels": 4, "leaves": 37, "indicators": {"totalCount": 68}}}
    ]


async def test_a_sheet_that_does_not_add_up_leaves_everything_alone(stage: Learning, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(
        EXAMPLE.read_text(encoding="utf-8").replace("1.1.1.1,1.1.1,4,独立用房,3", "1.1.1.1,1.1.1,4,独立用房,4")
    )
    read = indicators.sheet_of(path)
    assert read is not None
    before = await stage.counts()
    assert not await indicators.load_list(stage.context, read, area=COUNTY)
    assert [(fault.code, fault.place.row) for fault in read.faults] == [("SUM_OFF", 13)]
    assert "合计 7,应为 6" in read.faults[0].text_zh
    assert await stage.counts() == before


async def test_the_import_command_knows_a_tree_among_its_files(
    stage: Learning, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(path: Path, **more: object) -> Namespace:
        return Namespace(**({"files": [path], "dry_run": False, "area": COUNTY} | more))

    wrong = tmp_path / "wrong.csv"
    wrong.write_text(EXAMPLE.read_text(encoding="utf-8").replace("满分,100", "满分,101"), encoding="utf-8")
    before = await stage.counts()
    for refused in (asked(wrong), asked(EXAMPLE, area=None)):
        assert (await _take(stage.context, refused))[1]
    said = capsys.readouterr().out
    assert "第一级指标的分值合计 100,应为满分 101" in said
    assert "say with --area for which area the standard is" in said
    assert not (await _take(stage.context, asked(EXAMPLE, dry_run=True)))[1]
    assert await stage.counts() == before
    assert not (await _take(stage.context, asked(EXAMPLE)))[1]
    assert "已写入" in capsys.readouterr().out
    assert (await stage.county.one("SELECT leaves FROM evaluation_standard"))[0] == 37


async def test_only_who_looks_after_the_area_loads_and_draws(stage: Learning) -> None:
    neighbour = stage.county.by(await stage.county.coordinator(OTHER_COUNTY, 7))
    before = await stage.counts()
    with pytest.raises(NotAllowed):
        await indicators.load(neighbour, area=COUNTY, code="X", title="X", citation="X", rows=TREE, grades=GRADES)
    with pytest.raises(NotAllowed):
        await samples.sample_draw(neighbour, area=COUNTY, year=2026, count=1)
    assert await stage.counts() == before


async def test_a_stranger_draws_the_same_sample_from_what_is_published(stage: Learning) -> None:
    id = (await samples.sample_draw(stage.context, area=COUNTY, year=2026, share=Decimal("0.3"))).id
    said = await stage.ask(
        "{ evaluationSamples { edges { node { seed seedGiven algorithm frameSize drawnCount number"
        " members { edges { node { station { id } hash place drawn } } } } } } }"
    )
    (sample,) = [edge["node"] for edge in said["evaluationSamples"]["edges"]]
    assert (sample["algorithm"], sample["frameSize"], sample["drawnCount"]) == ("SHA256-RANK-1", 2, 1)
    assert (sample["seedGiven"], len(sample["seed"]), sample["number"], id) == (False, 32, 1, id)
    ranked = []
    for edge in sample["members"]["edges"]:
        station = edge["node"]["station"]["id"]
        digest = hashlib.sha256(f"{sample['seed']}\n{station}".encode()).hexdigest()
        assert digest == edge["node"]["hash"]
        ranked.append((digest, station, edge["node"]["drawn"]))
    assert [drawn for _, _, drawn in sorted(ranked)] == [True, False]


async def test_nobody_draws_again_in_silence(stage: Learning) -> None:
    await samples.sample_draw(stage.context, area=COUNTY, year=2026, count=1, seed="抽签日")
    before = await stage.counts()
    with pytest.raises(InvalidInput) as refused:
        await samples.sample_draw(stage.context, area=COUNTY, year=2026, count=1)
    assert [(one.path, one.code) for one in refused.value.fields] == [(("reason",), "REQUIRED")]
    assert await stage.counts() == before
    await samples.sample_draw(stage.context, area=COUNTY, year=2026, everything=True, reason="改为全面检查")
    rows = await stage.county.rows("SELECT number, seed_given, drawn_count, reason FROM evaluation_sample ORDER BY id")
    assert [tuple(row) for row in rows] == [(1, True, 1, None), (2, False, 2, "改为全面检查")]


async def test_what_cannot_be_drawn_is_refused(stage: Learning) -> None:
    before = await stage.counts()

    async def codes(**given: object) -> list[tuple[str, str]]:
        with pytest.raises(InvalidInput) as refused:
            await samples.sample_draw(stage.context, area=COUNTY, **{"year": 2026, **given})  # type: ignore[arg-type]
        return [(one.path[0], one.code) for one in refused.value.fields]

    assert await codes() == [("count", "ONE_OF_THREE")]
    assert await codes(count=1, share=Decimal("0.5")) == [("count", "ONE_OF_THREE")]
    assert await codes(share=Decimal("1.5"), year=1999) == [("year", "OUT_OF_RANGE"), ("share", "OUT_OF_RANGE")]
    assert await codes(count=3) == [("count", "OUT_OF_RANGE")]
    with pytest.raises(Conflict) as none:
        await samples.sample_draw(stage.context, area=OTHER_COUNTY, year=2026, count=1)
    assert none.value.code == "NO_STATIONS"
    assert await stage.counts() == before


async def test_an_inspection_beside_the_sample_is_marked(stage: Learning) -> None:
    standard = await stage.standard()
    await samples.sample_draw(stage.context, area=COUNTY, year=2026, count=1)
    (drawn, left) = [
        row[0] for row in await stage.county.rows("SELECT station_id FROM sample_member ORDER BY drawn DESC, place")
    ]
    for station in (drawn, left):
        await stage.evaluation(standard, "INSPECTION", station=station)
    rows = await stage.county.rows("SELECT station_id, jsonb_path_query_array(marks, '$[*].code') FROM evaluation")
    assert dict([tuple(row) for row in rows]) == {drawn: [], left: ["NOT_DRAWN"]}
    assert (await stage.county.one("SELECT count(*) FROM sample_member WHERE drawn"))[0] == 1

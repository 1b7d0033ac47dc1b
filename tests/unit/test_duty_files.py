"""The files of duties and procedures: what is shipped is whole, and a county's own is told its mistakes."""

from __future__ import annotations

from pathlib import Path

from exchange.duties import read_duties
from exchange.procedures import read_procedures
from exchange.vocabulary import read_areas, shipped
from resolvers.referral_steps import STEPS

AREAS = {one.code for one in read_areas().records}
DUTIES = "code,level,area,title_zh,title_en,text_zh,text_en,valid_from,valid_until,source\n"
PROCEDURES = (
    "code,title_zh,title_en,area,valid_from,valid_until,step,step_title_zh,step_title_en,text_zh,text_en,"
    "society,level,referral_steps,source\n"
)


def test_the_shipped_files_have_no_fault_and_name_their_sources() -> None:
    duties, procedures = read_duties(None, AREAS), read_procedures(None, AREAS, STEPS)
    assert duties.faults == procedures.faults == ()
    assert {one.level for one in duties.records} == {"PREFECTURE", "COUNTY", "TOWNSHIP", "VILLAGE"}
    assert all(one.source for one in (*duties.records, *procedures.records))


def test_casework_and_group_work_have_the_steps_of_their_standards() -> None:
    steps: dict[str, list[str]] = {}
    for one in read_procedures(None, AREAS, STEPS).records:
        steps.setdefault(one.code, []).append(one.step_title_zh)
    assert steps["CASEWORK"] == ["接案", "预估", "计划", "介入", "评估", "结案"]
    assert steps["GROUP_WORK"] == ["筹备", "形成", "转折", "成熟", "结束"]
    assert steps["ORDER_LOOP"] == ["点单", "接单", "服务", "回访", "结案"]
    assert steps["FIVE_STEPS"] == ["深度家访", "评估情况", "制定计划", "介入调解", "综合治理"]


def test_every_step_that_somebody_takes_with_a_referral_stands_in_the_order_loop() -> None:
    told = {
        name
        for one in read_procedures(None, AREAS, STEPS).records
        if one.code == "ORDER_LOOP"
        for name in one.referral_steps
    }
    assert told == {name for name, step in STEPS.items() if step.sides != ("SYSTEM",)}


def test_a_county_adds_duties_and_replaces_one_of_the_same_code(tmp_path: Path) -> None:
    own = tmp_path / "duties.csv"
    own.write_text(
        DUTIES + "COORDINATE,COUNTY,370832,统筹,Plan,本县统筹,Plan here,2026-01-01,,县文件\n"
        "NIGHT,VILLAGE,,夜访,Night visits,夜间走访,Visit at night,,2026-12-31,县文件\n",
        encoding="utf-8",
    )
    reading = read_duties([shipped("duties.csv"), own], AREAS)
    assert reading.faults == ()
    by_code = {one.code: one for one in reading.records}
    assert len(by_code) == len(reading.records) == len(read_duties(None, AREAS).records) + 1
    assert (by_code["COORDINATE"].area, by_code["COORDINATE"].text_zh) == ("370832", "本县统筹")
    assert reading.records[0].code == "COORDINATE"


def test_a_county_replaces_a_procedure_as_a_whole(tmp_path: Path) -> None:
    own = tmp_path / "procedures.csv"
    own.write_text(PROCEDURES + "CASEWORK,个案,Cases,,,,OPEN,开案,Open,开案,Open,,,,县文件\n", encoding="utf-8")
    reading = read_procedures([shipped("procedures.csv"), own], AREAS, STEPS)
    assert reading.faults == ()
    assert [one.step for one in reading.records if one.code == "CASEWORK"] == ["OPEN"]


def test_everything_that_is_wrong_with_duties_is_said_at_once(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        DUTIES
        + "visit,COUNTY,,访,Visit,访,Visit,,,县文件\n"
        + "A,PROVINCE,,甲,A,甲,A,,,县文件\n"
        + "B,COUNTY,999999,乙,B,乙,B,,,县文件\n"
        + "C,COUNTY,,丙,C,丙,C,2026-02-30,,县文件\n"
        + "D,COUNTY,,丁,D,丁,D,2026-02-02,2026-02-01,县文件\n"
        + "D,COUNTY,,丁,D,丁,D,,,县文件\n"
        + "E,COUNTY,,戊,E,戊,E,,,\n",
        encoding="utf-8",
    )
    reading = read_duties([own], AREAS)
    assert [(one.place.row, one.code) for one in reading.faults] == [
        (2, "BAD_CODE"),
        (3, "UNKNOWN_LEVEL"),
        (4, "UNKNOWN_AREA"),
        (5, "BAD_DATE"),
        (6, "DATES_REVERSED"),
        (7, "DUPLICATE_CODE"),
        (8, "MISSING_VALUE"),
    ]
    assert all(one.text_zh and one.text_en for one in reading.faults)


def test_everything_that_is_wrong_with_procedures_is_said_at_once(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        PROCEDURES
        + "A,甲,A,,,,ONE,一,One,做一,Do one,DRAGON,,,县文件\n"
        + "A,甲,A,,,,TWO,二,Two,做二,Do two,,PROVINCE,,县文件\n"
        + "A,甲,A,,,,THREE,三,Three,做三,Do three,,,accept;fly,县文件\n"
        + "A,乙,B,,,,FOUR,四,Four,做四,Do four,,,,县文件\n"
        + "A,甲,A,,,,ONE,一,One,做一,Do one,,,,县文件\n",
        encoding="utf-8",
    )
    reading = read_procedures([own], AREAS, STEPS)
    assert [(one.place.row, one.code) for one in reading.faults] == [
        (2, "UNKNOWN_SOCIETY"),
        (3, "UNKNOWN_LEVEL"),
        (4, "UNKNOWN_REFERRAL_STEP"),
        (5, "TITLE_DIFFERS"),
        (6, "DUPLICATE_STEP"),
    ]
    assert all(one.text_zh and one.text_en for one in reading.faults)

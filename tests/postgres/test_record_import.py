"""Sheets of records in: taken whole, found again, told what is wrong with them, or left out altogether."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lists import COUNTY, Desk, codes, counts, desk, desk_url, words_url  # noqa: F401
from openpyxl import Workbook

from db.cursors import global_id
from db.kinds import KINDS
from exchange.record_sheets import RecordSheet
from resolvers import catalogue, parties
from resolvers.imports import FileReport

CATALOGUE = Path(__file__).parents[2] / "data" / "catalogues" / "jingmen.csv"
TOWN = "拳铺镇"

LIANGSHAN: list[tuple[str, list[list[Any]]]] = [
    ("服务项目", [
        ["所在区域", "项目名称", "服务领域", "联动模式", "出处"],
        ["梁山县", "孝润水泊安养梁山", "养老服务", "NURSE", "梁山县(2022)"],
        ["梁山县", "小树苗成长", "儿童关爱", "CHILD_DIRECTOR", "梁山县(2022)"],
    ]),
    ("项目服务人群", [
        ["服务项目", "服务人群", "人数", "服务内容"],
        ["孝润水泊安养梁山", "分散供养特困老人", 310, "知心话疗、居家医护、个案管理"],
        ["孝润水泊安养梁山", "老复员军人", 132, "情感陪伴、收集参战资料、拍摄全家福"],
        ["孝润水泊安养梁山", "失智老人", 218, "预防、搜救、回访机制"],
        ["小树苗成长", "孤困儿童", 1078, "成长营地、心灵窗口、爱心姐姐"],
        ["小树苗成长", "农村留守儿童", 970, "大学生志愿者分享学习经验"],
    ]),
    ("荣誉", [
        ["所在区域", "荣誉名称", "服务项目", "授予单位", "级别"],
        ["梁山县", "全省最佳志愿服务项目", "孝润水泊安养梁山", "山东省", "省级"],
        ["梁山县", "全国农村留守儿童关爱服务和权益保护示范项目", "小树苗成长", "团中央和民政部", "国家级"],
    ]),
    ("活动", [
        ["所在区域", "活动名称", "活动类型", "日期", "活动次数", "场次", "人数", "人次", "覆盖人数", "服务项目"],
        [TOWN, "成长营地", "主题活动", date(2022, 7, 1), 1, 4, 30, 96, 120, "小树苗成长"],
        [370832, "大走访", "入户走访", "2022年3月", None, None, None, 2000, None, None],
    ]),
]  # fmt: skip


def book(desk: Desk, sheets: list[tuple[str, list[list[Any]]]], name: str = "册.xlsx") -> Path:  # noqa: F811
    made = Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets:
        page = made.create_sheet(title)
        for row in rows:
            page.append(row)
    made.save(desk.folder / name)
    return desk.folder / name


def right() -> list[tuple[str, list[list[Any]]]]:
    """The sheets with the one ambiguous day made plain."""
    sheets = [(title, [list(row) for row in rows]) for title, rows in LIANGSHAN]
    sheets[3][1][2][3] = "2022年3月底"
    return sheets


def places(report: FileReport) -> list[tuple[str | None, str | None, str]]:
    return [(one.place.sheet, one.place.cell, one.code) for one in report.faults]


async def everything(desk: Desk) -> list[Any]:  # noqa: F811
    names = [*KINDS, "record_version", "event"]
    union = " UNION ALL ".join(f"SELECT '{name}', to_jsonb(t) FROM {name} t" for name in names)  # noqa: S608
    return sorted(await desk.rows(union), key=repr)


async def test_one_faulty_cell_and_nothing_of_the_file_is_written(desk: Desk) -> None:  # noqa: F811
    before = await everything(desk)
    report = await desk.take(book(desk, LIANGSHAN))
    assert places(report) == [("活动", "D3", "AMBIGUOUS_DATE")]
    assert (report.written, report.refused) == (False, True)
    assert await everything(desk) == before


async def test_programmes_with_their_own_counts_come_in_and_the_same_file_again_changes_nothing(
    desk: Desk,  # noqa: F811
) -> None:
    path = book(desk, right())
    told = await desk.take(path, dry_run=True)
    assert not told.written
    assert await desk.rows("SELECT id FROM programme") == []
    report = await desk.take(path)
    assert counts(told) == counts(report) == (11, 0, 0, 0)
    assert report.new == {"programme": 2, "programme_group": 5, "award": 2, "activity": 2}
    sums = await desk.rows(
        "SELECT p.name, sum(g.persons), min(a.full_name) FROM programme p JOIN programme_group g"
        " ON g.programme_id = p.id JOIN area a ON a.id = g.area_id GROUP BY p.name ORDER BY 1"
    )
    assert [tuple(row) for row in sums] == [
        ("孝润水泊安养梁山", 660, "山东省济宁市梁山县"),
        ("小树苗成长", 2048, "山东省济宁市梁山县"),
    ]
    figures = await desk.rows("SELECT name, held_on, count, sessions, persons, person_times, reach FROM activity")
    assert {tuple(row) for row in figures} == {
        ("成长营地", date(2022, 7, 1), 1, 4, 30, 96, 120),
        ("大走访", date(2022, 3, 31), 1, None, None, 2000, None),
    }
    before = await everything(desk)
    again = await desk.take(path)
    assert (counts(again), again.written) == ((0, 0, 11, 0), True)
    assert await everything(desk) == before


async def test_a_changed_cell_is_a_change_with_what_was_before_and_the_former_row_is_kept(
    desk: Desk,  # noqa: F811
) -> None:
    await desk.take(book(desk, right()))
    sheets = right()
    sheets[1][1][1][2] = 325
    sheets[0][1][1][2] = "社会救助"
    report = await desk.take(book(desk, sheets))
    assert counts(report) == (0, 2, 9, 0)
    assert [(one.title, one.fields) for one in report.changes] == [
        ("孝润水泊安养梁山", {"服务领域 domain": ("养老服务", "社会救助")}),
        ("分散供养特困老人", {"人数 persons": (310, 325)}),
    ]
    kept = await desk.rows("SELECT row->>'persons' FROM record_version WHERE entity = 'programme_group'")
    assert [row[0] for row in kept] == ["310"]


async def test_every_faulty_cell_is_told_in_both_languages(desk: Desk) -> None:  # noqa: F811
    sheets = right()
    sheets[0][1][1][2] = "养殖业"
    sheets[0][1][2][3] = "NOBODY"
    sheets[1][1][1][2] = 3.5
    sheets[1][1][2][0] = "没有的项目"
    sheets[3][1][1][2:4] = ["散步", "6月"]
    sheets[3][1][2][0] = "没有的镇"
    before = await everything(desk)
    report = await desk.take(book(desk, sheets))
    assert sorted(places(report), key=repr) == sorted(
        [
            ("服务项目", "C2", "UNKNOWN_TERM"),
            ("服务项目", "D3", "UNKNOWN_TEMPLATE"),
            ("项目服务人群", "C2", "FRACTIONAL"),
            ("项目服务人群", "A3", "UNKNOWN_RECORD"),
            ("活动", "C2", "UNKNOWN_TERM"),
            ("活动", "D2", "AMBIGUOUS_DATE"),
            ("活动", "A3", "UNKNOWN_AREA"),
        ],
        key=repr,
    )
    assert all(one.text_zh and one.text_en and one.original for one in report.faults)
    assert await everything(desk) == before


async def test_figures_that_cannot_both_be_true_are_refused_with_their_cell(desk: Desk) -> None:  # noqa: F811
    sheets = right()
    sheets[3][1][1][6:9] = [97, 96, 90]
    report = await desk.take(book(desk, sheets))
    assert places(report) == [("活动", "H2", "UNDER_PERSONS"), ("活动", "I2", "UNDER_PERSONS")]
    assert await desk.rows("SELECT id FROM activity") == []


async def test_the_same_key_twice_in_a_file_is_a_fault(desk: Desk) -> None:  # noqa: F811
    sheets = right()
    sheets[0][1].append(["梁山县", "小树苗成长", "养老服务", None, None])
    report = await desk.take(book(desk, sheets))
    assert codes(report) == ["ROW_TWICE"]


async def test_a_sheet_of_no_kind_beside_records_keeps_the_file_out(desk: Desk) -> None:  # noqa: F811
    report = await desk.take(
        book(desk, [*right(), ("需求清单", [["需求名称", "村(社区)", "数量"], ["轮椅", "拳西村", 1]])])
    )
    assert (codes(report), report.refused) == (["OTHER_SHEET"], True)
    assert await desk.rows("SELECT id FROM need") == []


async def test_parties_are_named_by_name_or_credit_code_of_the_kinds_allowed(desk: Desk) -> None:  # noqa: F811
    await parties.register_organization(desk.context, name="梁山县社会组织服务站", area=COUNTY)
    await parties.register_volunteer(desk.context, name="梁山县志愿服务队", area=COUNTY, headcount=30)
    heading = "所在区域,项目名称,服务领域,牵头单位\n"
    good = desk.csv(heading + "梁山县,和为贵,社区治理,梁山县社会组织服务站\n", "服务项目.csv")
    assert counts(await desk.take(good)) == (1, 0, 0, 0)
    bad = desk.csv(heading + "梁山县,水浒故里新风尚,社会事务,梁山县志愿服务队\n", "服务项目-2.csv")
    assert [(one.place.cell, one.code) for one in (await desk.take(bad)).faults] == [("D2", "UNKNOWN_RECORD")]


async def test_a_list_of_the_older_sort_is_read_as_before(desk: Desk) -> None:  # noqa: F811
    report = await desk.take(desk.csv("需求名称,村(社区),数量\n轮椅,拳西村,1\n"))
    assert not any(isinstance(sheet, RecordSheet) for sheet in report.sheets)
    assert report.new["needs"] == 1


async def test_the_catalogue_of_jingmen_comes_in_as_one_version(desk: Desk) -> None:  # noqa: F811
    report = await desk.take(CATALOGUE, area=None)
    assert report.faults == []
    assert counts(report) == (24, 0, 0, 0)
    domains = await desk.rows(
        "SELECT t.code, count(*) FROM catalogue_service s LEFT JOIN term t ON t.id = s.domain_id GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in domains] == [
        ("CHILD_PROTECTION", 4),
        ("COMMUNITY_GOVERNANCE", 4),
        ("ELDERLY_CARE", 4),
        ("SOCIAL_ASSISTANCE", 9),
        (None, 2),
    ]
    assert counts(await desk.take(CATALOGUE, area=None)) == (0, 0, 24, 0)


async def test_a_sheet_makes_a_new_version_and_the_former_can_still_be_asked_for(desk: Desk) -> None:  # noqa: F811
    head = "服务清单,,,,\n"
    head += "所在区域,清单名称,版本,生效日期,示例\n370832,示例清单,{version},{since},{example}\n清单服务,,,,\n"
    rows = "服务清单,服务领域,服务编码,服务名称\n示例清单/{version},社会救助,1,{name},\n"
    for version, since, name in (("一", "2022-01-01", "入户探访"), ("二", "2023-01-01", "入户探访与建档")):
        text = (head + rows).format(version=version, since=since, name=name, example="否")
        assert counts(await desk.take(desk.csv(text, "example.csv"))) == (2, 0, 0, 0)
    kept = await desk.rows("SELECT version, from_on, until_on FROM catalogue ORDER BY from_on")
    assert [tuple(row) for row in kept] == [
        ("一", date(2022, 1, 1), date(2022, 12, 31)),
        ("二", date(2023, 1, 1), None),
    ]
    services = dict(map(tuple, await desk.rows("SELECT catalogue_id, name_zh FROM catalogue_service")))

    async def on(day: date) -> list[str]:
        return [services[id] for id in await catalogue.in_force(desk.context, "370832", day)]

    assert await on(date(2021, 12, 31)) == []
    assert await on(date(2022, 12, 31)) == ["入户探访"]
    assert await on(date(2023, 1, 1)) == ["入户探访与建档"]
    clash = (head + rows).format(version="三", since="2023-01-01", name="某", example="否")
    assert codes(await desk.take(desk.csv(clash, "example.csv"))) == ["SAME_DAY"]
    example = (
        (head + rows).format(version="例", since="2024-01-01", name="示例", example="是").replace("示例清单", "样表")
    )
    assert counts(await desk.take(desk.csv(example, "example.csv"))) == (2, 0, 0, 0)
    assert await on(date(2024, 1, 1)) == ["入户探访与建档"]


@pytest.mark.parametrize("name", [one.name for one in KINDS.values() if one.kind.saved])
def test_every_kind_that_can_be_saved_has_a_sheet_with_headings_that_tell_its_columns_apart(name: str) -> None:
    from resolvers.record_sheets import sheet_kinds

    (kind,) = [one for one in sheet_kinds() if one.name == name]
    headings = [one.zh for one in kind.columns]
    assert all(headings)
    assert len(set(headings)) == len(headings), headings
    others = {label for one in sheet_kinds() if one is not kind for label in (one.zh, one.en, one.name, *one.names)}
    assert {kind.name, *kind.names}.isdisjoint(others)


async def test_rows_of_a_kind_without_a_key_are_found_again_by_all_they_say(desk: Desk) -> None:  # noqa: F811
    head, row = "所在区域,成立日期,名称\n", "梁山县,2021-05-01,文艺队\n"
    kept = KINDS["incubation"]
    assert kept.kind.key is None
    assert counts(await desk.take(desk.csv(head + 2 * row, "incubation.csv"))) == (2, 0, 0, 0)
    assert counts(await desk.take(desk.csv(head + 2 * row, "incubation.csv"))) == (0, 0, 2, 0)
    assert counts(await desk.take(desk.csv(head + 3 * row, "incubation.csv"))) == (1, 0, 2, 0)
    assert await desk.rows("SELECT count(*) FROM incubation") == [(3,)]


async def test_a_row_may_point_at_one_further_down_of_its_own_kind(desk: Desk) -> None:  # noqa: F811
    text = (
        "所在区域,全称,层级,上级站点\n"
        "拳铺镇,梁山县拳铺镇社会工作站,STATION,梁山县社会工作服务中心\n"
        "370832,梁山县社会工作服务中心,centre,\n"
        "杨营镇,梁山县杨营镇社会工作站,station,没有的中心\n"
    )
    lines = text.splitlines(keepends=True)
    path = desk.csv("".join(lines), "station.csv")
    assert [(one.place.cell, one.code) for one in (await desk.take(path)).faults] == [("D4", "UNKNOWN_RECORD")]
    report = await desk.take(desk.csv("".join(lines[:3]), "station.csv"))
    assert (counts(report), codes(report)) == ((2, 0, 0, 0), [])
    found = await desk.rows("SELECT s.name, p.name FROM station s JOIN station p ON p.id = s.parent_id")
    assert [tuple(row) for row in found] == [("梁山县拳铺镇社会工作站", "梁山县社会工作服务中心")]


async def test_the_number_the_platform_gave_finds_a_row_whose_name_changed(desk: Desk) -> None:  # noqa: F811
    await desk.take(book(desk, right()))
    ((id,),) = await desk.rows("SELECT id FROM programme WHERE name = '小树苗成长'")
    number = global_id(b"Programme:%d" % id)
    named = desk.csv(f"平台编号,项目名称\n{number},小树苗成长计划\n", "programme.csv")
    report = await desk.take(named)
    assert [one.fields for one in report.changes] == [{"项目名称 name": ("小树苗成长", "小树苗成长计划")}]
    other = global_id(b"Station:%d" % id)
    for unknown in (other, global_id(b"Programme:999999"), "小树苗"):
        report = await desk.take(desk.csv(f"平台编号,项目名称\n{unknown},某\n", "programme.csv"))
        assert codes(report) == ["UNKNOWN_PLATFORM_ID"]

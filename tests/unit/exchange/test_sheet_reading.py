"""Sheets as counties keep them: titles, merges, two-row headings, totals, and rows that cannot be taken."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from exchange.errors import Unreadable
from exchange.grid import CellError
from exchange.headings import plain, vocabulary
from exchange.reading import read
from exchange.records import NeedRecord, OfferRecord, PartyRecord, Sheet
from exchange.workbook import grids
from exchange.writing import write_rejects

Make = Callable[..., Sheet]
NEEDS = ["需求名称", "村(社区)", "数量"]


def codes(sheet: Sheet) -> list[tuple[str | None, str]]:
    return [(fault.place.cell, fault.code) for fault in sheet.faults]


def test_a_list_as_a_county_keeps_it(sheet: Make) -> None:
    found = sheet(
        [
            ["拳铺镇2026年微心愿汇总表"],
            ["填报时间:2026年11月20日"],
            ["序号", "基本情况", None, "微心愿", None, "服务对象\n（类别）", "紧急程度", "截止日期", "联系人"],
            [None, "乡镇(街道)", "村（社区）", "内容", "数量"],
            [1, "拳铺镇", "王庄村", "冰箱", "３台", "低保对象、困境儿童", "急", datetime(2026, 12, 1), "甲"],
            [2, None, "李庄村", "助学金", "0.5万元", "孤儿", "特急", "2026.12.1", "乙"],
            [3],
            [None, "合 计", None, None, 2],
            ["注:数量以村里上报为准"],
        ],
        ["A1:I1", "B3:C3", "D3:E3", "A3:A4", "F3:F4", "G3:G4", "H3:H4", "I3:I4", "B5:B6"],
    )
    assert found.kind == "needs"
    assert not found.faults
    fridge, fund = found.records
    assert isinstance(fridge, NeedRecord)
    assert isinstance(fund, NeedRecord)
    assert (fridge.title, fridge.community, fridge.township, fridge.quantity, fridge.unit) == (
        "冰箱", "王庄村", "拳铺镇", 3, "台",
    )  # fmt: skip
    assert fridge.client_groups == ("低保对象", "困境儿童")
    assert (fridge.priority, fridge.needed_by) == ("URGENT", date(2026, 12, 1))
    assert (fund.township, fund.quantity, fund.unit, fund.priority) == ("拳铺镇", 5000, "元", "STAT")
    assert fridge.reference is None
    assert (fridge.place.sheet, fridge.place.row) == ("Sheet1", 5)
    assert [(notice.code, notice.place.row) for notice in found.notices] == [
        ("COLUMN_NOT_USED", 4), ("TOTAL_ROW", 8), ("NOTE_ROW", 9),
    ]  # fmt: skip


def test_rejects_of_a_heading_in_two_rows_are_understood_again(sheet: Make, tmp_path: Path) -> None:
    found = sheet(
        [["微心愿", None, "地点", None], ["内容", "数量", "镇", "村"], ["冰箱", 0, "拳铺镇", "王庄村"]],
        ["A1:B1", "C1:D1"],
    )
    assert codes(found) == [("B3", "ZERO")]
    (again,) = read(write_rejects(tmp_path / "rejects.xlsx", [found])[0])
    assert codes(again) == [("B2", "ZERO")]
    assert again.faults[0].original == ("冰箱", "0", "拳铺镇", "王庄村")


def test_rows_above_a_second_wider_list_are_not_lost(sheet: Make) -> None:
    wider = [*NEEDS, "单位", "紧急程度"]
    found = sheet([NEEDS, ["冰箱", "王庄村", 1], wider, ["棉衣", "王庄村", 2, "件", "急"]])
    assert [record.place.row for record in found.records] == [2, 4]
    assert {fault.place.row for fault in found.faults} == {3}


def test_dates_of_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append([*NEEDS, "截止日期"])
    book.active.append(["冰箱", "王庄村", 1, datetime(2026, 12, 1)])
    book.save(tmp_path / "mac.xlsx")
    (need,) = read(tmp_path / "mac.xlsx")[0].records
    assert isinstance(need, NeedRecord)
    assert need.needed_by == date(2026, 12, 1)


@pytest.mark.parametrize("kind", ["needs", "offers", "parties"])
def test_every_heading_of_the_data_file_is_known_whatever_its_width_case_and_breaks(kind: str) -> None:
    fields = vocabulary().fields[kind]  # type: ignore[index]
    for heading, name in vocabulary().canonical[kind].items():  # type: ignore[index]
        for written in (name, f" *{name}: ", "\n".join(name), name.upper(), name.replace("(", "（").replace(")", "）")):
            assert fields[plain(written)] == heading


def test_english_headings(sheet: Make) -> None:
    found = sheet(
        [["Need", "Village", "Qty (pcs)", "Needed By", "Priority"], ["Fridge", "王庄村", 2, "2026-12-01", "asap"]]
    )
    assert [(r.title, r.quantity, r.unit, r.priority) for r in found.records if isinstance(r, NeedRecord)] == [
        ("Fridge", 2, "pcs", "ASAP")
    ]


def test_the_unit_may_stand_in_the_heading(sheet: Make) -> None:
    found = sheet([["资源名称", "爱心企业", "捐赠金额（万元）"], ["助学金", "甲公司", 2]])
    (offer,) = found.records
    assert isinstance(offer, OfferRecord)
    assert (offer.capacity, offer.unit, offer.provider) == (20000, "元", "甲公司")


def test_a_running_number_is_no_reference_but_a_number_of_the_county_is(sheet: Make) -> None:
    (running,) = sheet([["序号", *NEEDS], [1, "冰箱", "王庄村", 1]]).records
    (numbered,) = sheet([["编号", *NEEDS], [1001, "冰箱", "王庄村", 1]]).records
    assert running.reference is None
    assert numbered.reference == "1001"


def test_a_resource_list_with_every_column(sheet: Make) -> None:
    columns = {
        "资源名称": "轮椅", "提供方": "甲公司", "提供方类别": "爱心企业", "统一社会信用代码": "91370832MA0000000X",
        "可提供数量": "20辆", "服务区域": "拳铺镇、韩岗镇", "每户最少": 1, "每户最多": 2, "开始日期": "2026-01-01",
        "有效期": "长期", "捐赠意向": "残疾人",
    }  # fmt: skip
    found = sheet([list(columns), list(columns.values())])
    (offer,) = found.records
    assert isinstance(offer, OfferRecord)
    assert (offer.provider_kind, offer.coverage, offer.maximum_per_need) == ("DONOR_FIRM", ("拳铺镇", "韩岗镇"), 2)
    assert (offer.available_from, offer.available_until, offer.earmark) == (date(2026, 1, 1), None, "残疾人")


def test_a_party_list_may_say_the_kind_in_its_heading_or_its_title(sheet: Make) -> None:
    by_heading = sheet([["爱心企业名称", "所在区域"], ["甲公司", "拳铺镇"]])
    by_title = sheet([["梁山县社会组织名录"], ["名称", "所在区域"], ["乙中心", "拳铺镇"]])
    assert [(r.kind, r.name) for r in by_heading.records if isinstance(r, PartyRecord)] == [("DONOR_FIRM", "甲公司")]
    assert [(r.kind, r.name) for r in by_title.records if isinstance(r, PartyRecord)] == [("ORGANIZATION", "乙中心")]


def test_a_faulty_row_names_all_its_faults_and_is_kept(sheet: Make) -> None:
    heading = ["需求名称", "村(社区)", "数量", "紧急程度", "开始日期", "截止日期"]
    found = sheet([heading, [None, "王庄村", -3, "尽快吧", "2026-12-02", "2026-12-01"], ["冰箱", "李庄村", 1]])
    assert codes(found) == [
        ("A2", "MISSING"),
        ("C2", "NEGATIVE"),
        ("F2", "END_BEFORE_START"),
        ("D2", "UNKNOWN_PRIORITY"),
    ]
    assert {fault.original for fault in found.faults} == {("", "王庄村", "-3", "尽快吧", "2026-12-02", "2026-12-01")}
    assert all(fault.text_zh and fault.text_en for fault in found.faults)
    assert [record.place.row for record in found.records] == [3]


def test_a_title_of_a_megabyte_is_refused_without_being_echoed(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("需求名称,村(社区),数量\n" + "长" * 1_000_000 + ",王庄村,1\n", encoding="utf-8")
    (fault,) = read(path)[0].faults
    assert (fault.code, fault.place.cell) == ("TEXT_TOO_LONG", "A2")
    assert len(fault.text_zh) < 200
    assert len(fault.text_en) < 200


def test_an_amount_merged_over_rows_is_not_multiplied(sheet: Make) -> None:
    found = sheet([NEEDS, ["冰箱", "王庄村", 3], ["冰箱", "李庄村", None], ["棉衣", "李庄村", 1]], ["C2:C3"])
    assert codes(found) == [("C2", "MERGED_QUANTITY"), ("C3", "MERGED_QUANTITY")]
    assert [record.place.row for record in found.records] == [4]


def test_errors_and_formulas_without_a_result_are_faults(sheet: Make) -> None:
    found = sheet([NEEDS, ["冰箱", "王庄村", "#N/A"], ["棉衣", "王庄村", "=1+2"]])
    assert codes(found) == [("C2", "CELL_ERROR"), ("C3", "FORMULA_NOT_CALCULATED")]
    assert not found.records


def test_the_stored_result_of_a_formula_is_used(book: Callable[..., Path]) -> None:
    path = book([NEEDS, ["冰箱", "王庄村", "=1+2"]])
    changed = path.with_name("calculated.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            data = source.read(name).replace(b"<v></v>", b"<v>3</v>").replace(b"<v />", b"<v>3</v>")
            target.writestr(name, data)
    (need,) = read(changed)[0].records
    assert isinstance(need, NeedRecord)
    assert need.quantity == 3


def test_a_credit_code_that_excel_rounded_is_refused(sheet: Make) -> None:
    found = sheet([["组织名称", "组织类别", "统一社会信用代码"], ["甲", "社会组织", 523708320000000000]])
    assert codes(found) == [("C2", "DAMAGED_NUMBER")]


def test_a_heading_printed_again_is_no_row(sheet: Make) -> None:
    found = sheet([NEEDS, ["冰箱", "王庄村", 1], NEEDS, ["棉衣", "王庄村", 2]])
    assert len(found.records) == 2
    assert [notice.code for notice in found.notices] == ["HEADING_REPEATED"]


def test_no_sheet_of_a_workbook_is_passed_over_in_silence(tmp_path: Path) -> None:
    book = Workbook()
    needs = book.active
    needs.title = "需求"
    needs.append(NEEDS)
    needs.append(["冰箱", "王庄村", 1])
    book.create_sheet("说明").append(["请如实填写"])
    book.create_sheet("资源").append(["资源名称", "提供方"])
    book.create_sheet("Sheet4")
    hidden = book.create_sheet("旧表")
    hidden.append(NEEDS)
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "many.xlsx")
    sheets = {sheet.name: sheet for sheet in read(tmp_path / "many.xlsx")}
    assert len(sheets["需求"].records) == 1
    assert [fault.code for fault in sheets["说明"].faults] == ["SHEET_NOT_RECOGNISED"]
    assert [fault.code for fault in sheets["资源"].faults] == ["SHEET_HEADING_INCOMPLETE"]
    assert "可提供数量" in sheets["资源"].faults[0].text_zh
    assert [notice.code for notice in sheets["Sheet4"].notices] == ["SHEET_EMPTY"]
    assert [notice.code for notice in sheets["旧表"].notices] == ["SHEET_HIDDEN"]
    assert not sheets["旧表"].records


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_as_excel_saves_it(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [["梁山县需求清单"], ["需求名称", "村(社区)", "数量", "服务对象"], ["冰箱", "王庄村", "3台", '"低保,孤儿"']]
    path = tmp_path / "list.csv"
    path.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    (need,) = read(path)[0].records
    assert isinstance(need, NeedRecord)
    assert (need.title, need.quantity, need.client_groups, need.place.row) == ("冰箱", 3, ("低保", "孤儿"), 3)


def test_progress_ends_at_the_last_row(book: Callable[..., Path]) -> None:
    seen: list[tuple[int, int | None]] = []
    read(book([NEEDS, *[["冰箱", "王庄村", 1]] * 1200]), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (1201, 1201)
    assert len(seen) > 2


def test_cells_are_read_as_openpyxl_reads_them(book: Callable[..., Path]) -> None:
    rows = [
        ["文字", 1, 2.5, True, datetime(2026, 12, 1, 8), date(1900, 3, 5), None, "#N/A", "a\nb", " x ", "<&>"],
        [None, None, "隔列", -1e-7, 10**12],
    ]
    path = book(rows, ["A2:B3"])
    (grid,) = grids(path, 100)
    oracle = load_workbook(path, data_only=True).active
    for number, cells in grid.rows:
        for index, cell in enumerate(cells, start=1):
            expected = oracle.cell(number, index).value
            assert (cell.text if isinstance(cell, CellError) else cell) == expected
    assert grid.merges == [(2, 1, 3, 2)]


def test_a_million_styled_empty_rows_cost_nothing(book: Callable[..., Path]) -> None:
    path = book([NEEDS, ["冰箱", "王庄村", 1]])
    changed = path.with_name("tall.xlsx")
    empty = b"".join(b'<row r="%d" s="1"><c r="A%d" s="1"/></row>' % (n, n) for n in range(4, 200_004))
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"').replace(
                    b"</sheetData>", empty + b"</sheetData>"
                )
            target.writestr(name, data)
    found = read(changed, limit_rows=10)[0]
    assert len(found.records) == 1
    assert not found.faults


def refused(path: Path, **more: int) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(path, **more)
    assert caught.value.text_zh
    assert str(path.parent) not in caught.value.text_en
    return caught.value


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"", "EMPTY"),
        ("a.csv", b" \r\n ", "EMPTY"),
        ("a.csv", "\ufeff".encode(), "EMPTY"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "ENCRYPTED"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "OLD_WORKBOOK"),
        ("a.xlsx", b"needs,community", "NOT_A_WORKBOOK"),
        ("a.xlsx", b"PK\x03\x04 cut off", "NOT_A_WORKBOOK"),
        ("a.pdf", b"%PDF-1.7", "UNKNOWN_FORMAT"),
        ("a.csv", b"<html>", "UNKNOWN_FORMAT"),
        ("a.csv", "需求名称,村(社区),数量\n\"冰箱,王庄村,1\n棉衣,王庄村,2\n".encode(), "BROKEN_CSV"),
        ("a.csv", "需求名称,乡镇,电话\n冰箱,甲镇,1\n".encode(), "NO_HEADING"),
        ("a.csv", b"x,y\n1,2\n", "NO_HEADING_AT_ALL"),
        ("a.csv", b"\xff\x81\x00\x01\x02", "ENCODING"),
        ("a.json", b"{", "NOT_JSON"),
        ("a.json", b"[]", "EMPTY"),
        ("a.json", b'{"a": 1}', "NOT_HSDS"),
        ("a.json", b"3", "NOT_HSDS"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_code(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path).code == code


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.xlsx").code == "NOT_FOUND"


def test_an_incomplete_heading_names_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("需求名称,村(社区),紧急程度\n冰箱,王庄村,急\n", encoding="utf-8")
    problem = refused(path)
    assert problem.code == "NO_HEADING"
    assert "数量" in problem.text_zh
    assert "quantity" in problem.text_en


def test_too_many_rows_are_refused_before_they_are_kept(book: Callable[..., Path], tmp_path: Path) -> None:
    path = book([NEEDS, *[["冰箱", "王庄村", 1]] * 60])
    assert refused(path, limit_rows=10).code == "TOO_MANY_ROWS"
    assert len(read(path, limit_rows=60)[0].records) == 60
    text = tmp_path / "list.csv"
    text.write_text("需求名称,村(社区),数量\n" + "冰箱,王庄村,1\n" * 60, encoding="utf-8")
    assert refused(text, limit_rows=59).code == "TOO_MANY_ROWS"


def test_a_bomb_is_refused_by_what_it_would_unpack_to(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/workbook.xml", "w") as member:
        for _ in range(257):
            member.write(b" " * 1024 * 1024)
    assert refused(path).code == "TOO_LARGE"


def test_a_workbook_with_a_broken_part_is_refused(book: Callable[..., Path]) -> None:
    path = book([NEEDS, ["冰箱", "王庄村", 1]])
    broken = path.with_name("broken.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) // 2] if name.endswith("sheet1.xml") else data)
    assert refused(broken).code == "NOT_A_WORKBOOK"

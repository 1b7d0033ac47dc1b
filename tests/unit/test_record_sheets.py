"""Sheets of records: which kind a sheet is of, and what a cell says, exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from exchange import delimited, record_sheets, workbook
from exchange.grid import Cell, CellError, Grid
from exchange.record_sheets import SheetColumn, SheetKind, exact
from exchange.values import ValueFault

ACTIVITY = SheetKind(
    "activity",
    "活动",
    "activity",
    ("Activity", "activities"),
    (
        SheetColumn("name", "text", "活动名称"),
        SheetColumn("held_on", "day", "日期"),
        SheetColumn("person_times", "whole", "人次", scale=0),
        SheetColumn("cost", "money", "金额", scale=2),
        SheetColumn("open", "flag", "公开"),
        SheetColumn(
            "level",
            "code",
            "级别",
            words={"county": "COUNTY", "县级": "COUNTY", "市级": "CITY"},
            labels=("县级", "市级"),
        ),
        SheetColumn("groups", "terms", "服务对象"),
        SheetColumn("programme", "to", "服务项目"),
    ),
)
STATION = SheetKind("station", "社工站", "station", ("Station", "stations"), (SheetColumn("name", "text", "名称"),))
KINDS = (ACTIVITY, STATION)


def grid(*rows: list[Cell], sheet: str | None = "活动") -> Grid:
    return Grid("某表.xlsx", sheet, [(number, row) for number, row in enumerate(rows, 1) if row])


@pytest.mark.parametrize("name", ["活动", "Activity", "activities", "ACTIVITY", "2022年活动", "活动 (2)"])
def test_a_sheet_is_of_the_kind_its_name_says(name: str) -> None:
    assert record_sheets.named(grid(["活动名称"], sheet=name), KINDS) is ACTIVITY


def test_the_only_cell_above_the_heading_names_the_kind_too() -> None:
    assert record_sheets.named(grid(["活动"], ["活动名称", "日期"], sheet="Sheet1"), KINDS) is ACTIVITY


@pytest.mark.parametrize("name", ["需求清单", "Sheet1", "活动安排", ""])
def test_other_names_name_no_kind(name: str) -> None:
    assert record_sheets.named(grid(["活动名称", "日期"], sheet=name), KINDS) is None


def test_kinds_one_below_the_other_are_read_apart_with_their_own_rows() -> None:
    sheet = grid(
        ["社工站"], ["名称"], ["甲站"], [], ["活动"], ["活动名称", "人次"], ["端午节", 3], ["坏", "x"], sheet="一页"
    )
    sheets = record_sheets.of([sheet], KINDS)
    assert sheets is not None
    stations, activities = sheets
    assert isinstance(stations, record_sheets.RecordSheet)
    assert isinstance(activities, record_sheets.RecordSheet)
    assert [(one.of.name, [row.values["name"] for row in one.rows]) for one in (stations, activities)] == [
        ("station", ["甲站"]),
        ("activity", ["端午节"]),
    ]
    assert [one.place.cell for one in activities.faults] == ["B8"]


def test_a_sheet_of_no_kind_beside_others_is_told_and_not_passed_over() -> None:
    sheets = record_sheets.of([grid(["活动名称"], ["甲"]), grid(["需求名称"], ["乙"], sheet="需求清单")], KINDS)
    assert sheets is not None
    assert [[one.code for one in sheet.faults] for sheet in sheets] == [[], ["OTHER_SHEET"]]
    assert record_sheets.of([grid(["需求名称"], ["乙"], sheet="需求清单")], KINDS) is None


def test_a_name_that_two_kinds_share_names_neither() -> None:
    twin = SheetKind("other", "活动", "other", (), ())
    assert record_sheets.named(grid(["活动名称"]), (*KINDS, twin)) is None
    assert record_sheets.named(grid(["活动名称"], sheet="activity"), (*KINDS, twin)) is ACTIVITY


def test_headings_are_field_names_or_the_chinese_ones_in_any_order_below_titles() -> None:
    found = record_sheets.read(
        grid(
            ["某县2022年活动"],
            [],
            ["人次(次)", "name", "held on", "服务对象", "备注"],
            [120, "端午节", date(2022, 6, 3), "老年人、儿童"],
            ["合计 120"],
        ),
        ACTIVITY,
    )
    assert [row.values for row in found.rows] == [
        {"person_times": 120, "name": "端午节", "held_on": date(2022, 6, 3), "groups": ("老年人", "儿童")}
    ]
    assert [one.code for one in found.notices] == ["COLUMN_NOT_USED", "TOTAL_ROW"]
    assert found.columns == {"person_times": "A", "name": "B", "held_on": "C", "groups": "D"}
    assert found.faults == []


def test_every_faulty_cell_is_told_with_its_place_and_the_row_is_not_taken() -> None:
    found = record_sheets.read(
        grid(
            ["活动名称", "日期", "人次", "级别", "公开", "金额"],
            ["好", "2022-06-03", 3, "县级", "是", "12.30"],
            ["坏", "6月底", 1.5, "国际级", "也许", 1.005],
            ["错", CellError("#N/A"), "约三十", "", None, CellError("")],
        ),
        ACTIVITY,
    )
    assert [row.values["name"] for row in found.rows] == ["好"]
    assert found.rows[0].values["cost"] == Decimal("12.30")
    assert [(one.place.cell, one.code) for one in found.faults] == [
        ("B3", "AMBIGUOUS_DATE"),
        ("C3", "FRACTIONAL"),
        ("D3", "NOT_ONE_OF"),
        ("E3", "NOT_YES_OR_NO"),
        ("F3", "NOT_EXACT"),
        ("B4", "CELL_ERROR"),
        ("C4", "NOT_A_NUMBER"),
        ("F4", "FORMULA_NOT_CALCULATED"),
    ]
    assert all(one.place.sheet == "活动" and one.text_zh and one.text_en for one in found.faults)
    assert "县级、市级" in found.faults[2].text_zh


def test_a_sheet_without_a_known_column_says_which_there_are() -> None:
    found = record_sheets.read(grid(["甲", "乙"], [1, 2]), ACTIVITY)
    assert [one.code for one in found.faults] == ["NO_KNOWN_COLUMN"]
    assert "活动名称" in found.faults[0].text_zh
    assert found.rows == []


def test_a_heading_that_two_columns_share_is_neither() -> None:
    twins = SheetKind("x", "某", "x", (), (SheetColumn("one", "text", "名称"), SheetColumn("two", "text", "名称")))
    found = record_sheets.read(grid(["名称", "one"], ["a", "b"]), twins)
    assert [row.values for row in found.rows] == [{"one": "b"}]
    assert [one.code for one in found.notices] == ["COLUMN_NOT_USED"]


def test_a_merged_text_holds_in_each_row_but_a_merged_number_in_none() -> None:
    sheet = grid(["活动名称", "服务项目", "人次"], ["甲", "孝润水泊", 30], ["乙", None, None])
    sheet.merges.append((2, 2, 3, 2))
    assert [row.values["programme"] for row in record_sheets.read(sheet, ACTIVITY).rows] == ["孝润水泊"] * 2
    sheet.merges.append((2, 3, 3, 3))
    faults = record_sheets.read(sheet, ACTIVITY).faults
    assert [(one.place.cell, one.code) for one in faults] == [("C2", "MERGED_NUMBER"), ("C3", "MERGED_NUMBER")]


def test_a_unit_in_the_heading_scales_numbers_unless_the_cell_has_its_own() -> None:
    found = record_sheets.read(
        grid(["活动名称", "金额(万元)"], ["甲", 0.5], ["乙", "450万元"], ["丙", "80元"]), ACTIVITY
    )
    assert [row.values["cost"] for row in found.rows] == [Decimal(5000), Decimal(4_500_000), Decimal(80)]


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_what_was_typed_with_two_decimals_is_read_to_the_fen(number: Decimal) -> None:
    assert exact(float(number), 2) == number
    assert exact(f"{number:,f}", 2) == number


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=3).filter(lambda one: one * 100 % 1 != 0))
def test_what_has_more_decimals_is_refused_and_never_rounded(number: Decimal) -> None:
    for cell in (float(number), str(number)):
        with pytest.raises(ValueFault):
            exact(cell, 2)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (0.1 + 0.2, "not_exact"),
        (1e15, "too_many_digits"),
        (10**15, "too_many_digits"),
        (float("inf"), "not_a_number"),
        (True, "not_a_number"),
        (date(2022, 1, 1), "not_a_number"),
        ("12%", "not_a_number"),
        ("3-5", "not_a_number"),
        ("1,00", "not_a_number"),
        ("30余", "not_a_number"),
        ("9" * 40, "not_exact"),
    ],
)
def test_a_number_that_is_none_or_not_exact_is_refused(cell: Cell, code: str) -> None:
    with pytest.raises(ValueFault) as refused:
        exact(cell, 2)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("cell", "number"), [("1,408人次", 1408), ("２０", 20), (0, 0), ("5000", 5000), ("1.2万", 12000)]
)
def test_counts_are_read_as_people_write_them(cell: Cell, number: int) -> None:
    assert exact(cell, 0) == number


def test_a_workbook_and_a_csv_file_say_the_same(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["活动名称", "日期", "人次", "金额"], ["端午节", date(2022, 6, 3), 30, 1234.56]]
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "活动"
    for row in rows:
        page.append(row)
    book.save(tmp_path / "册.xlsx")
    text = "\n".join(",".join(map(str, row)) for row in rows)
    (tmp_path / "活动.csv").write_text(text, encoding="gb18030")
    grids = [*workbook.grids(tmp_path / "册.xlsx", 100), *delimited.grids(tmp_path / "活动.csv", 100)]
    assert [record_sheets.named(one, KINDS) for one in grids] == [ACTIVITY, ACTIVITY]
    first, second = ([row.values for row in record_sheets.read(one, ACTIVITY).rows] for one in grids)
    assert first == second
    assert first[0]["cost"] == Decimal("1234.56")

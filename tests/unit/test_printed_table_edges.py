"""Printed tables as people type them: separators, full width, merged and missing cells, totals anywhere or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.printed_tables import PrintedTable, read_file, read_rows, read_text

HEAD = ["县市区", "2021年", "2022年", "合计"]


def codes(table: PrintedTable) -> list[str]:
    return sorted(one.code for one in table.faults)


def test_without_totals_there_is_nothing_to_compare() -> None:
    table = read_rows([HEAD[:3], ["甲", "1", "2"], ["乙", "3", "4"]])
    assert (codes(table), table.totals) == ([], ())


def test_full_width_digits_and_thousands_are_numbers() -> None:
    table = read_rows([["县市区", "2021年", "2022年", "合 计"], ["甲", "1,234", "\uff12", "\uff11\uff0c236"]])
    assert codes(table) == []
    assert [row.cells for row in table.rows] == [(1234, 2)]
    assert [one.agrees for one in table.totals] == [True]


@pytest.mark.parametrize(
    "cell", ["-1", "1,2", "12,34", "1.5", "十二", "约3", "3个", "", "1e3", "0x1", "\u00b2", "12\u00b2", "1 2"]
)
def test_what_is_no_whole_number_is_told_and_never_guessed(cell: str) -> None:
    table = read_rows([HEAD[:3], ["甲", cell, "2"]])
    assert codes(table) == ["NOT_A_NUMBER"]


def test_a_number_split_by_its_own_comma_does_not_shift_the_rest() -> None:
    table = read_text("县市区,2021年,2022年\n甲,1,234,5\n")
    assert codes(table) == ["MORE_CELLS"]
    quoted = read_text('县市区,2021年,2022年\n甲,"1,234",5\n')
    assert (codes(quoted), quoted.rows[0].cells) == ([], (1234, 5))
    tabs = read_text("县市区\t2021年\t2022年\n甲\t1,234\t5\n")
    assert (codes(tabs), tabs.rows[0].cells) == ([], (1234, 5))


def test_remarks_beside_the_table_are_none_of_its_cells() -> None:
    assert codes(read_rows([HEAD[:3], ["甲", "1", "2", "含农场"]])) == []


def test_a_place_with_no_number_at_all_is_told_and_a_note_below_is_not() -> None:
    table = read_rows([HEAD, ["甲", "", "", ""], ["乙", "3", "4", "7"], ["注:不含漳河新区"]])
    assert codes(table) == ["NOT_A_NUMBER", "NOT_A_NUMBER"]


def test_merged_names_twofold_years_and_totals_are_told() -> None:
    assert codes(read_rows([HEAD[:3], ["甲", "1", "2"], ["", "3", "4"]])) == ["NO_PLACE"]
    assert codes(read_rows([HEAD[:3], ["甲", "1", "2"], ["甲", "3", "4"]])) == ["PLACE_TWICE"]
    assert codes(read_rows([["县市区", "2021年", "2021"], ["甲", "1", "2"]])) == ["YEAR_TWICE"]
    assert codes(read_rows([HEAD[:3], ["甲", "1", "2"], ["合计", "1", "2"], ["总计", "1", "2"]])) == ["TOTAL_TWICE"]


def test_one_place_written_two_ways_is_one() -> None:
    assert codes(read_rows([HEAD[:3], ["甲县\uff08A\uff09", "1", "2"], ["甲县(A)", "3", "4"]])) == ["PLACE_TWICE"]
    rows = [["县市区", "区划代码", "2021年"], ["甲", "420822", "1"], ["甲县", "420822", "2"]]
    assert codes(read_rows(rows)) == ["PLACE_TWICE"]


def test_a_total_row_above_the_places_is_compared_all_the_same() -> None:
    table = read_rows([HEAD, ["合计", "4", "6", "11"], ["甲", "1", "2", "3"], ["乙", "3", "4", "7"]])
    assert [(one.axis, one.printed, one.computed) for one in table.wrong] == [("GRAND", 11, 10)]


def test_a_workbooks_numbers_are_whole_or_told(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["县市区", 2021, 2022], ["甲", 3.0, 4], ["乙", 1.5, True]):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    table = read_file(tmp_path / "t.xlsx")
    assert table.rows[0].cells == (3, 4)
    assert codes(table) == ["NOT_A_NUMBER", "NOT_A_NUMBER"]

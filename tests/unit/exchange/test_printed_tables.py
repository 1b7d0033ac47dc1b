"""Printed tables are taken as printed, and every total that does not add up is told."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import Unreadable
from exchange.printed_tables import read_file, read_rows, read_text

JINGMEN = (resources.files("data") / "golden" / "jingmen_buildout.csv").read_text("utf-8")


def test_the_annex_of_jingmen_has_two_columns_that_do_not_add_up() -> None:
    table = read_text(JINGMEN)
    assert not table.faults
    assert table.years == (2021, 2022, 2023, 2024)
    assert [(total.axis, total.label, total.printed, total.computed) for total in table.wrong] == [
        ("COLUMN", "2022年", 12, 11),
        ("COLUMN", "2024年", 14, 15),
    ]
    # Six places, four years and the grand total: the other nine add up.
    assert len(table.totals) == 11


def test_the_cells_are_kept_as_printed_whatever_the_totals_say() -> None:
    table = read_text(JINGMEN)
    assert {row.name: (row.code, row.cells) for row in table.rows} == {
        "沙洋县": ("420822", (4, 3, 3, 3)),
        "钟祥市": ("420881", (6, 3, 3, 5)),
        "京山市": ("420882", (5, 3, 3, 4)),
        "东宝区": ("420802", (3, 1, 2, 2)),
        "掇刀区": ("420804", (2, 1, 1, 1)),
        "漳河新区": (None, (1, 0, 1, 0)),
    }
    assert table.title is not None
    assert "荆民政发〔2021〕号" in table.title


def test_what_does_not_add_up_is_told_in_both_languages() -> None:
    wrong, _ = read_text(JINGMEN).wrong
    assert "所印合计为 12,各格相加为 11" in wrong.zh
    assert "is printed as 12 but its cells add up to 11" in wrong.en


def test_a_workbook_says_the_same_as_the_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in read_lines(JINGMEN):
        book.active.append([int(cell) if cell.isdigit() else cell or None for cell in row])
    book.save(tmp_path / "annex.xlsx")
    from_book, from_text = read_file(tmp_path / "annex.xlsx"), read_text(JINGMEN)
    assert [(row.name, row.code, row.cells) for row in from_book.rows] == [
        (row.name, row.code, row.cells) for row in from_text.rows
    ]
    assert from_book.totals == from_text.totals


def read_lines(text: str) -> list[list[str]]:
    import csv

    return list(csv.reader(text.splitlines()))


def test_a_table_typed_by_hand_with_spaces_and_old_characters_is_understood() -> None:
    table = read_rows([["縣區", "2021 年", "２０２２年", "總 計"], ["甲縣", "1", "2", "3"], ["總 計", "1", "2", "4"]])
    assert table.years == (2021, 2022)
    assert [(total.axis, total.printed, total.computed) for total in table.wrong] == [("GRAND", 4, 3)]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["县", "一月"], ["甲县", "1"]], "NO_YEARS"),
        ([["县", "2021"]], "NO_ROWS"),
        ([["县", "2021"], ["甲县", "若干"]], "NOT_A_NUMBER"),
        ([["县", "2021", "2022"], ["甲县", "1", ""]], "NOT_A_NUMBER"),
        ([["县", "2021", "合计"], ["甲县", "1", "约1"]], "NOT_A_NUMBER"),
        ([["县", "2021"], ["甲县", "-1"]], "NOT_A_NUMBER"),
        ([["县", "2021"], ["甲县", "1"], ["甲县", "2"]], "PLACE_TWICE"),
        ([["县", "2021"], ["", "1"]], "NO_PLACE"),
        ([["县", "2021", "2021"], ["甲县", "1", "2"]], "YEAR_TWICE"),
        ([["县", "2021"], ["甲县", "1"], ["合计", "1"], ["总计", "1"]], "TOTAL_TWICE"),
    ],
)
def test_what_is_no_table_is_told(rows: list[list[str]], code: str) -> None:
    assert code in [fault.code for fault in read_rows(rows).faults]


def test_no_text_is_no_table() -> None:
    with pytest.raises(Unreadable):
        read_text(" \n ")


@given(
    st.lists(st.lists(st.integers(0, 999), min_size=3, max_size=3), min_size=1, max_size=8),
    st.integers(-3, 3),
    st.integers(0, 3),
)
def test_exactly_the_total_that_was_changed_is_told(cells: list[list[int]], by: int, column: int) -> None:
    """`column` 3 is the grand total."""
    columns = [sum(row[at] for row in cells) for at in range(3)]
    totals = [*columns, sum(columns)]
    totals[column] = max(0, totals[column] + by)
    rows = [["县", "2021", "2022", "2023", "合计"]]
    rows += [[f"县{at}", *map(str, row), str(sum(row))] for at, row in enumerate(cells)]
    table = read_rows([*rows, ["合计", *map(str, totals)]])
    changed = totals[column] != [*columns, sum(columns)][column]
    assert [total.label for total in table.wrong] == ([["2021", "2022", "2023", "合计"][column]] if changed else [])
    assert [list(row.cells) for row in table.rows] == cells

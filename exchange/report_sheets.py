"""A report as a workbook: title, who fills it in for which period, areas as rows, measures as columns, and totals."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from exchange.report_forms import (
    AREA,
    COLUMNS,
    COMPARISON,
    FILLED,
    MADE,
    NOTES,
    PERIOD,
    PROVISIONAL,
    TOTAL,
    UNIT,
    Form,
    Table,
    Value,
    Words,
)

_THIN = Side(style="thin", color="FF9AA396")
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_HEAD = PatternFill("solid", fgColor="FFE9EEE6")
_LONGEST_NAME = 31


def both(words: Words) -> str:
    return f"{words[0]}\n{words[1]}"


def workbook(form: Form) -> bytes:
    """An .xlsx: a sheet for each section, one that compares, each with its title rows, ready to print. O(cells)."""
    book = Workbook()
    book.remove(book.active)
    for table in form.tables:
        _section(_sheet(book, table.name[0]), form, table)
    _comparison(_sheet(book, COMPARISON[0]), form)
    held = BytesIO()
    book.save(held)
    return held.getvalue()


def _sheet(book: Any, name: str) -> Worksheet:
    sheet: Worksheet = book.create_sheet(name[:_LONGEST_NAME])
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    return sheet


def _text(sheet: Worksheet, row: int, column: int, text: str) -> Any:
    """A cell of text, which no spreadsheet takes for a formula."""
    cell = sheet.cell(row, column, text)
    cell.data_type = "s"
    return cell


def _top(sheet: Worksheet, form: Form, width: int, name: Words) -> int:
    """Title, unit, period and who filled it in; the number of the next row."""
    width = max(width, 6)
    provisional = f"({PROVISIONAL[0]})" if form.provisional else ""
    said = f" ({PROVISIONAL[1]})" if form.provisional else ""
    for row, text, size in (
        (1, f"{form.title[0]}{provisional}", 16),
        (2, f"{form.title[1]}{said} · {name[1]}", 10),
    ):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)
        cell = _text(sheet, row, 1, text)
        cell.font, cell.alignment = Font(bold=True, size=size), _MIDDLE
    third = width // 3
    texts = (
        f"{' '.join(UNIT)}: {form.unit}",
        f"{' '.join(PERIOD)}: {form.period[0]} {form.period[1]}",
        f"{' '.join(FILLED)}: {form.filled_by}",
    )
    for n, text in enumerate(texts):
        first, last = 1 + n * third, width if n == 2 else (n + 1) * third
        if last > first:
            sheet.merge_cells(start_row=3, start_column=first, end_row=3, end_column=last)
        _text(sheet, 3, first, text).alignment = Alignment(wrap_text=True, vertical="center")
    sheet.row_dimensions[1].height, sheet.row_dimensions[3].height = 26, 32
    return 4


def _head(sheet: Worksheet, row: int, texts: Iterable[str]) -> None:
    for n, text in enumerate(texts, 1):
        cell = _text(sheet, row, n, text)
        cell.font, cell.fill, cell.alignment, cell.border = Font(bold=True), _HEAD, _MIDDLE, _GRID
        sheet.column_dimensions[get_column_letter(n)].width = 24 if n == 1 else 14
    sheet.row_dimensions[row].height = 64


def _line(sheet: Worksheet, row: int, name: str, values: Iterable[Value], *, bold: bool = False) -> None:
    for n, value in enumerate((name, *values), 1):
        cell = sheet.cell(row, n, value) if isinstance(value, Decimal) else _text(sheet, row, n, value)
        cell.border = _GRID
        cell.font = Font(bold=bold)
        cell.alignment = Alignment(horizontal="right" if n > 1 else "left", vertical="center", wrap_text=True)
        if isinstance(value, Decimal):
            cell.number_format = "#,##0.##" if value != value.to_integral_value() else "#,##0"


def _notes(sheet: Worksheet, form: Form, row: int, width: int) -> None:
    sheet.cell(row, 1, " ".join(NOTES)).font = Font(bold=True)
    made = (f"{MADE[0]}:{form.made_at}", f"{MADE[1]} {form.made_at}")
    for n, words in enumerate((made, *form.notes), row + 1):
        sheet.merge_cells(start_row=n, start_column=1, end_row=n, end_column=max(width, 6))
        cell = _text(sheet, n, 1, f"{words[0]} {words[1]}")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.row_dimensions[n].height = 32


def _section(sheet: Worksheet, form: Form, table: Table) -> None:
    width = 1 + len(table.headings)
    row = _top(sheet, form, width, table.name)
    _head(sheet, row, (both(AREA), *(f"{both(one.name)}\n({one.unit[0]})" for one in table.headings)))
    sheet.freeze_panes = sheet.cell(row + 1, 2)
    sheet.print_title_rows = f"{row}:{row}"
    for row, line in enumerate(table.lines, row + 1):  # noqa: B020
        _line(sheet, row, line.name[0], line.values)
    _line(sheet, row + 1, " ".join(TOTAL), table.total.values, bold=True)
    _notes(sheet, form, row + 3, width)


def _comparison(sheet: Worksheet, form: Form) -> None:
    row = _top(sheet, form, len(COLUMNS), COMPARISON)
    _head(sheet, row, (both(one) for one in COLUMNS))
    sheet.freeze_panes = sheet.cell(row + 1, 2)
    sheet.print_title_rows = f"{row}:{row}"
    for one in form.compared:
        row += 1
        values = (one.now, one.former, one.difference, one.percent, one.planned, one.done)
        _line(sheet, row, both(one.heading.name), (one.heading.unit[0], *values), bold=True)
        sheet.row_dimensions[row].height = 30
        for words, value in one.parts:
            row += 1
            _line(sheet, row, f"    {words[0]} {words[1]}", (one.heading.unit[0], value, "", "", "", "", ""))
    sheet.column_dimensions["A"].width = 44
    _notes(sheet, form, row + 2, len(COLUMNS))

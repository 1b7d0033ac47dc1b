"""What passes over to a new operator as a workbook: a sheet that counts, and one that names each thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

_HEAD = PatternFill("solid", fgColor="FFE9EEE6")
_WRAP = Alignment(vertical="top", wrap_text=True)
HEADINGS = ("序号 No.", "类别 What", "编号或名称 Name", "期限或到期 Due", "逾期 Late", "说明 In words", "平台编号 Id")
WIDTHS = (8, 24, 36, 14, 10, 48, 28)


@dataclass(frozen=True, slots=True)
class HandoverLine:
    """A row: (中文, English) of its kind and of what there is to say, its name, the day it is due, its global id."""

    what: tuple[str, str]
    name: str
    due_on: date | None
    late: bool
    text: tuple[str, str]
    id: str


def workbook(
    title: tuple[str, str],
    facts: Sequence[tuple[str, str]],
    counts: Sequence[tuple[tuple[str, str], int]],
    lines: Sequence[HandoverLine],
) -> bytes:
    """An .xlsx: 概要 with `facts` (heading, text) and what there is of each kind, 移交清单 with every line."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "概要"
    _text(sheet, 1, 1, title[0]).font = Font(bold=True, size=16)
    _text(sheet, 2, 1, title[1])
    row = 4
    for heading, fact in facts:
        _text(sheet, row, 1, heading).font = Font(bold=True)
        _text(sheet, row, 2, fact)
        row += 1
    row += 1
    for at, heading in enumerate(("类别 What", "数量 How many"), 1):
        cell = _text(sheet, row, at, heading)
        cell.font, cell.fill = Font(bold=True), _HEAD
    for (zh, en), count in counts:
        row += 1
        _text(sheet, row, 1, f"{zh}\n{en}").alignment = _WRAP
        sheet.cell(row, 2, count)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 44, 48
    _lines(book.create_sheet("移交清单"), lines)
    held = BytesIO()
    book.save(held)
    return held.getvalue()


def _text(sheet: Any, row: int, column: int, text: str) -> Any:
    """A cell of text, which no spreadsheet takes for a formula."""
    cell = sheet.cell(row, column, text)
    cell.data_type = "s"
    return cell


def _lines(sheet: Any, lines: Sequence[HandoverLine]) -> None:
    for at, (heading, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True), 1):
        cell = _text(sheet, 1, at, heading)
        cell.font, cell.fill = Font(bold=True), _HEAD
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for number, one in enumerate(lines, 1):
        row = number + 1
        sheet.cell(row, 1, number)
        _text(sheet, row, 2, f"{one.what[0]}\n{one.what[1]}").alignment = _WRAP
        _text(sheet, row, 3, one.name).alignment = _WRAP
        if one.due_on is not None:
            sheet.cell(row, 4, one.due_on).number_format = "yyyy-mm-dd"
        _text(sheet, row, 5, "是 yes" if one.late else "")
        _text(sheet, row, 6, f"{one.text[0]}\n{one.text[1]}").alignment = _WRAP
        _text(sheet, row, 7, one.id)

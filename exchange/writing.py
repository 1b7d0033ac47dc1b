"""Records as sheets: what is written here is read back by `reading.read` as the same records."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from exchange.headings import NAMES, vocabulary
from exchange.records import Fault, Kind, NeedRecord, OfferRecord, PartyKind, PartyRecord, Priority, Record, Sheet
from exchange.text import guard, join_list, tidy

#: Fields in the order of their columns; the headings are the first variants of data/headings.toml.
COLUMNS: dict[Kind, tuple[str, ...]] = {
    "needs": ("platform_id", "reference", "title", "resource_type", "quantity", "unit", "township", "community",
              "client_groups", "priority", "whole_or_nothing", "needed_from", "needed_by", "channel"),
    "offers": ("platform_id", "reference", "title", "resource_type", "capacity", "unit", "provider", "provider_kind",
               "provider_area", "credit_code", "provider_reference", "coverage", "client_groups", "minimum_per_need",
               "maximum_per_need", "available_from", "available_until", "earmark"),
    "parties": ("platform_id", "reference", "name", "kind", "area", "credit_code", "founded_on", "headcount",
                "industry", "source"),
}  # fmt: skip
_KINDS: dict[type, Kind] = {NeedRecord: "needs", OfferRecord: "offers", PartyRecord: "parties"}
_WIDE = {
    "title": 36,
    "name": 30,
    "provider": 30,
    "coverage": 30,
    "client_groups": 24,
    "platform_id": 20,
    "credit_code": 22,
}
_CELL_LIMIT = 32_767
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_UNSAFE_NAME = re.compile(r"[\[\]:*?/\\]")

Value = str | int | date | None


def write(path: str | Path, sheets: Iterable[Sheet]) -> list[Path]:
    """Writes the records of `sheets` (their faults are not looked at); returns the files written.

    An .xlsx holds 需求清单, 资源清单 and 组织名录, empty ones with their heading. A .csv holds one list: with records
    of several kinds there is one file for each, `name-需求清单.csv` and so on. Files appear whole or not at all.
    Text that a spreadsheet would run as a formula is written so that it stays text. `type_hints` are not written.
    Raises ValueError for another extension. O(records).
    """
    path = Path(path)
    lists: dict[Kind, list[Record]] = {"needs": [], "offers": [], "parties": []}
    for sheet in sheets:
        for record in sheet.records:
            lists[_KINDS[type(record)]].append(record)
    tables: dict[str, tuple[tuple[str, ...], Iterable[Sequence[Value]]]] = {
        NAMES[kind][0]: (_headings(kind), _rows(kind, records)) for kind, records in lists.items()
    }
    if path.suffix.lower() == ".xlsx":
        _xlsx(path, [(title, *table) for title, table in tables.items()], [_widths(kind) for kind in lists])
        return [path]
    if path.suffix.lower() != ".csv":
        raise ValueError("sheets are written as .xlsx or .csv")
    filled = [kind for kind, records in lists.items() if records] or ["needs"]
    written: list[Path] = []
    for kind in lists:
        if kind in filled:
            title = NAMES[kind][0]
            target = path if len(filled) == 1 else path.with_name(f"{path.stem}-{title}{path.suffix}")
            _csv(target, *tables[title])
            written.append(target)
    return written


def write_rejects(path: str | Path, sheets: Iterable[Sheet]) -> list[Path]:
    """Writes the faulty rows in their own columns with a column 退回原因 that names every fault; returns the files.

    Corrected, the file can be imported as it is: the reason column is ignored on reading. One worksheet (or CSV file)
    for each sheet with faulty rows; a sheet refused as a whole has none. Nothing is written when no row is faulty.
    """
    path = Path(path)
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise ValueError("sheets are written as .xlsx or .csv")
    tables: list[tuple[str, tuple[str, ...], list[Sequence[Value]]]] = []
    for sheet in sheets:
        rows: dict[tuple[int | None, str, tuple[str, ...]], list[Fault]] = {}
        for fault in sheet.faults:
            if fault.original:
                rows.setdefault((fault.place.row, fault.place.file, fault.original), []).append(fault)
        if rows:
            heading = (*sheet.heading, vocabulary().reason)
            listed = [(*faults[0].original, _reasons(faults)) for faults in rows.values()]
            tables.append((_title(sheet, [name for name, *_ in tables]), heading, list(listed)))
    if not tables:
        return []
    if path.suffix.lower() == ".xlsx":
        _xlsx(path, tables, [[18] * (len(heading) - 1) + [60] for _title, heading, _rows in tables])
        return [path]
    written: list[Path] = []
    for title, heading, rows_ in tables:
        target = path if len(tables) == 1 else path.with_name(f"{path.stem}-{title}{path.suffix}")
        _csv(target, heading, rows_)
        written.append(target)
    return written


def _reasons(faults: Sequence[Fault]) -> str:
    return ";".join(f"{fault.place.cell or ''} {fault.text_zh} ({fault.text_en})".strip() for fault in faults)


def _title(sheet: Sheet, taken: Sequence[str]) -> str:
    base = _UNSAFE_NAME.sub("_", sheet.name or Path(sheet.file).stem)[:25].strip("' ") or "退回"
    title, number = base, 2
    while title.casefold() in (name.casefold() for name in taken):
        title, number = f"{base}-{number}", number + 1
    return title


def _headings(kind: Kind) -> tuple[str, ...]:
    canonical = vocabulary().canonical[kind]
    return tuple(canonical[name] for name in COLUMNS[kind])


def _widths(kind: Kind) -> list[int]:
    return [_WIDE.get(name, 14) for name in COLUMNS[kind]]


def _values(kind: Kind, record: Record) -> list[Value]:
    return [_value(name, getattr(record, name)) for name in COLUMNS[kind]]


def _rows(kind: Kind, records: Iterable[Record]) -> Iterator[list[Value]]:
    for record in records:
        yield _values(kind, record)


def _value(name: str, value: object) -> Value:
    if isinstance(value, tuple):
        return join_list(value)
    if name == "priority":
        return vocabulary().priority_labels[cast("Priority", value)]
    if name in ("kind", "provider_kind") and value is not None:
        return vocabulary().party_labels[cast("PartyKind", value)]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return tidy(value)
    return value if isinstance(value, int | date) else None


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when all went well."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(name)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _csv(path: Path, heading: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    with _whole(path) as target, target.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([guard(tidy(text)) for text in heading])
        for row in rows:
            writer.writerow([guard(tidy(value)) if isinstance(value, str) else value for value in row])


def _xlsx(
    path: Path,
    tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Value]]]],
    widths: Sequence[Sequence[int]],
) -> None:
    book = Workbook(write_only=True)
    for (title, heading, rows), columns in zip(tables, widths, strict=True):
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for index, width in enumerate(columns, start=1):
            sheet.column_dimensions[get_column_letter(index)].width = width
        sheet.append([_heading_cell(sheet, text) for text in heading])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    with _whole(path) as target:
        book.save(target)


def _heading_cell(sheet: Any, text: str) -> Any:
    cell = _cell(sheet, text)
    if cell is None or isinstance(cell, str):
        cell = WriteOnlyCell(sheet, cell)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", start_color="DDEBF7")
    cell.alignment = Alignment(wrap_text=True, vertical="center")
    return cell


def _cell(sheet: Any, value: Value) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        text = _ESCAPE.sub("_x005F_", tidy(value))[:_CELL_LIMIT]
        if not guard(text).startswith("'") and not text.startswith("#"):
            return text
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"  # openpyxl took it for a formula or an error
        cell.quotePrefix = True  # so that it stays text when somebody edits the cell
        return cell
    if isinstance(value, date):
        if value < date(1900, 3, 1):  # Excel counts a 29th of February 1900
            return value.isoformat()
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd"
        return cell
    return value

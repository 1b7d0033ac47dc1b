"""Records out, as sheets that `record_sheets` reads back as the same records."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from exchange.record_sheets import EXACT_DIGITS, SheetKind
from exchange.text import guard, join_list, tidy
from exchange.writing import _UNSAFE_NAME, Value, _whole, _xlsx

#: What a cell may be given: what `record_sheets.cell_value` makes of one.
Given = str | int | bool | Decimal | date | tuple[str, ...] | None


@dataclass(slots=True)
class Table:
    """Rows of one kind: headings, and under each what its cell says."""

    kind: SheetKind
    headings: tuple[str, ...]
    rows: list[list[Given]] = field(default_factory=list)


def write(path: Path, tables: Sequence[Table]) -> Path:
    """Writes tables that have rows: to .xlsx a sheet each, to .csv one below the other. The file appears whole or not.

    Raises ValueError for another extension. O(cells).
    """
    filled = [table for table in tables if table.rows]
    if path.suffix.lower() == ".xlsx":
        titles = [one.kind.zh for one in tables]
        sheets = [
            # A name of two kinds would name neither when the sheet is read.
            (
                one.kind.zh
                if titles.count(one.kind.zh) == 1 and not _UNSAFE_NAME.search(one.kind.zh)
                else one.kind.name,
                one.headings,
                [[_value(cell) for cell in row] for row in one.rows],
            )
            for one in filled
        ]
        if not sheets:
            sheets = [("平台记录", ("平台编号",), [])]
        _xlsx(path, sheets, [[18] * len(headings) for _title, headings, _rows in sheets])
    elif path.suffix.lower() == ".csv":
        with _whole(path) as target, target.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            for one in filled:
                writer.writerow([one.kind.name])
                writer.writerow(one.headings)
                writer.writerows([_text(_value(cell)) for cell in row] for row in one.rows)
    else:
        raise ValueError("records are written as .xlsx or .csv")
    return path


def _text(value: Value) -> Value:
    return guard(value) if isinstance(value, str) else value


def _value(cell: Given) -> Value:
    """A cell as a sheet keeps it; numbers of more digits than Excel keeps are text."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, tuple):
        return join_list(cell)
    if isinstance(cell, str):
        return tidy(cell)
    if isinstance(cell, Decimal):
        text = f"{cell:f}"
        short = len(cell.as_tuple().digits) <= EXACT_DIGITS
        return float(text) if short else text  # type: ignore[return-value]
    return cell

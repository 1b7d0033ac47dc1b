"""Tables as they are printed in plans: places down, years across, totals at both ends that may not add up.

The cells are kept as printed. Every total is added up again beside what is printed; which of the two is wrong, the
table cannot say, so nothing is corrected.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from exchange import delimited
from exchange.errors import Unreadable
from exchange.grid import Cell, CellError, Grid, as_text
from exchange.messages import refusal
from exchange.records import Fault, Place
from exchange.text import fold, tidy

Axis = Literal["ROW", "COLUMN", "GRAND"]

#: Headings, folded (half width, no white space), of totals and of the column of codes.
TOTALS = frozenset(("合计", "总计", "小计", "共计", "合計", "總計", "小計", "共計", "total", "sum"))
CODES = frozenset(("区划代码", "行政区划代码", "代码", "區劃代碼", "code", "areacode"))
IGNORED = frozenset(("来源", "出处", "备注", "source", "note"))
_YEAR = re.compile(r"((?:19|20)\d\d)年?度?")
_NUMBER = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(,[0-9]{3}){1,2}")
#: Full-width signs; nothing else is taken for a digit: a raised ² is the mark of a note.
_HALF = {0xFEE0 + code: code for code in range(0x21, 0x7F)}
#: Printed tables are a page; what is longer is another kind of list.
MOST_ROWS = 5_000
LONGEST_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """A place with its number for each year of the table, in order; `code` as printed, None where there is none."""

    place: Place
    name: str
    code: str | None
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """A printed total: of a place (ROW), of a year (COLUMN), or of everything (GRAND), beside the sum of its cells."""

    axis: Axis
    label: str
    year: int | None
    printed: int
    computed: int

    @property
    def agrees(self) -> bool:
        return self.printed == self.computed

    @property
    def zh(self) -> str:
        what = {"ROW": "“{}”一行", "COLUMN": "“{}”一列", "GRAND": "“{}”"}[self.axis].format(self.label)
        if self.agrees:
            return f"{what}合计 {self.printed},与各格相加一致"
        return (
            f"{what}所印合计为 {self.printed},各格相加为 {self.computed},相差 {self.printed - self.computed:+d}"
            ";请核对原表,各格已照印件保留"
        )

    @property
    def en(self) -> str:
        what = {"ROW": "row", "COLUMN": "column", "GRAND": "grand total"}[self.axis]
        if self.agrees:
            return f"{what} “{self.label}”: {self.printed}, as its cells add up"
        return (
            f"{what} “{self.label}” is printed as {self.printed} but its cells add up to {self.computed}"
            f" ({self.printed - self.computed:+d}); compare the original, the cells are kept as printed"
        )


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """Rows in printed order, and every printed total: of rows, then of columns, then the grand total."""

    title: str | None
    years: tuple[int, ...]
    rows: tuple[TableRow, ...]
    totals: tuple[Total, ...]
    faults: tuple[Fault, ...]

    @property
    def wrong(self) -> tuple[Total, ...]:
        """The totals that do not add up."""
        return tuple(total for total in self.totals if not total.agrees)


def read_text(text: str) -> PrintedTable:
    """A table pasted as text: comma, tab or semicolon between cells, a line each row. See `table_of`.

    Raises Unreadable (empty, broken_csv, too_large).
    """
    if not text.strip():
        raise refusal("empty")
    if len(text) > LONGEST_TEXT:
        raise refusal("too_large", limit=1)
    best: PrintedTable | None = None
    for separator in (",", "\t", ";", "\uff0c"):
        try:
            made = table_of(delimited.grid("table", text, separator, MOST_ROWS))
        except csv.Error:
            continue
        if best is None or (len(made.years), -len(made.faults)) > (len(best.years), -len(best.faults)):
            best = made
    if best is None:
        raise refusal("broken_csv", line=1)
    return best


def read_rows(rows: Sequence[Sequence[str]]) -> PrintedTable:
    """A table given cell by cell."""
    grid = Grid("table", None)
    for number, cells in enumerate(rows[: MOST_ROWS + 1], start=1):
        if any(cell.strip() for cell in cells):
            grid.rows.append((number, list(cells)))
    return table_of(grid)


def read_file(path: Path) -> PrintedTable:
    """The first sheet of an .xlsx, or a .csv, that holds a table of years. Raises Unreadable."""
    from exchange import workbook  # what reads workbooks is heavy, and a server rarely does

    with path.open("rb") as stream:
        archive = stream.read(2) == b"PK"
    if archive:
        made = [table_of(grid) for grid in workbook.grids(path, MOST_ROWS) if grid.rows]
    else:
        made = [table_of(grid) for grid in delimited.grids(path, MOST_ROWS)]
    if not made:
        raise refusal("empty")
    return max(made, key=lambda one: (len(one.years), -len(one.faults)))


def table_of(grid: Grid) -> PrintedTable:
    """The printed table of a sheet: its heading is the first row with a year.

    The place is named in the first column that is headed otherwise; columns headed as totals or codes may stand
    anywhere. A row named as a total holds the totals of the columns. O(cells).

    Faults: NO_YEARS, NO_ROWS, YEAR_TWICE, NOT_A_NUMBER (an empty cell is one too), MORE_CELLS (a number right of the
    heading: another was split at its comma), NO_PLACE, PLACE_TWICE (by name or code), TOTAL_TWICE.
    """
    found = next((at for at, (_, cells) in enumerate(grid.rows) if _years(cells)), None)
    if found is None:
        nothing = _fault(
            Place(grid.file, grid.sheet),
            "NO_YEARS",
            "没有找到年度的表头(如“2021年”)",
            "no heading with years, such as “2021”, was found",
        )
        return PrintedTable(None, (), (), (), (nothing,))
    title = next((tidy(as_text(cells[0])) for _, cells in grid.rows[:found] if cells and cells[0]), None)
    return _Table(grid, found).read(title)


class _Table:
    """A table below its heading."""

    def __init__(self, grid: Grid, found: int) -> None:
        self.grid, self.found = grid, found
        self.line, self.heading = grid.rows[found]
        self.years = _years(self.heading)
        named = [(at, fold(as_text(cell))) for at, cell in enumerate(self.heading)]
        self.total_at = next((at for at, name in named if name in TOTALS), None)
        self.code_at = next((at for at, name in named if name in CODES), None)
        taken = (*self.years, self.total_at, self.code_at)
        self.name_at = next((at for at, name in named if at not in taken and name not in IGNORED), 0)
        self.rows: list[TableRow] = []
        self.row_totals: list[Total] = []
        self.bottom: tuple[str, dict[int, int], int | None] | None = None
        self.faults: list[Fault] = []

    def read(self, title: str | None) -> PrintedTable:
        if len(set(self.years.values())) < len(self.years):
            self._fault(self.line, "YEAR_TWICE", "同一年度出现了两列", "a year has two columns")
        below = self.grid.rows[self.found + 1 :]
        last = max((at for at, (_, cells) in enumerate(below) if self._counts(cells)), default=-1)
        for line, cells in below[: last + 1]:  # what stands below has no numbers: notes
            self._row(line, cells)
        if not self.rows:
            self._fault(self.line, "NO_ROWS", "表头下面没有任何地区", "no place stands below the heading")
        totals = (*self.row_totals, *self._bottom())
        return PrintedTable(title, tuple(self.years.values()), tuple(self.rows), totals, tuple(self.faults))

    def _row(self, line: int, cells: Sequence[Cell]) -> None:
        name = tidy(as_text(_at(cells, self.name_at)))
        total = self._number(line, name, "合计", "total", _at(cells, self.total_at)) if self._has_total(cells) else None
        if not any(as_text(cell).strip() for cell in cells):
            return
        beyond = next((cell for cell in cells[len(self.heading) :] if _number(cell) is not None), None)
        if beyond is not None:
            self._fault(
                line,
                "MORE_CELLS",
                f"第 {line} 行“{_short(name)}”比表头多出数字“{as_text(beyond)}”;带千位逗号的数请加引号或去掉逗号",
                f"row {line}, “{_short(name)}”, has a number “{as_text(beyond)}” right of the heading; quote numbers"
                " that hold a comma, or leave it out",
            )
        if fold(name) in TOTALS:
            if self.bottom is not None:
                self._fault(line, "TOTAL_TWICE", "合计行出现了两次", "there are two rows of totals")
            sums = {
                at: self._number(line, name, str(year), str(year), _at(cells, at)) for at, year in self.years.items()
            }
            self.bottom = (name, {at: value for at, value in sums.items() if value is not None}, total)
            return
        if not name:
            self._fault(line, "NO_PLACE", f"第 {line} 行没有地区名称", f"row {line} names no place")
            return
        code = tidy(as_text(_at(cells, self.code_at))) if self.code_at is not None else ""
        if any(fold(name) == fold(row.name) or (code and code == row.code) for row in self.rows):
            zh, en = f"“{_short(name)}”出现了两次", f"“{_short(name)}” stands there twice"
            self._fault(line, "PLACE_TWICE", zh, en)
        values = tuple(
            self._number(line, name, f"{year} 年", str(year), _at(cells, at)) or 0 for at, year in self.years.items()
        )
        self.rows.append(TableRow(Place(self.grid.file, self.grid.sheet, line), name, code or None, values))
        if total is not None:
            self.row_totals.append(Total("ROW", name, None, total, sum(values)))

    def _counts(self, cells: Sequence[Cell]) -> bool:
        return self._has_total(cells) or any(as_text(_at(cells, at)).strip() for at in self.years)

    def _has_total(self, cells: Sequence[Cell]) -> bool:
        return self.total_at is not None and as_text(_at(cells, self.total_at)).strip() != ""

    def _bottom(self) -> list[Total]:
        if self.bottom is None:
            return []
        label, sums, grand = self.bottom
        found = []
        for position, (at, year) in enumerate(self.years.items()):
            if at in sums:
                heading = tidy(as_text(self.heading[at]))
                computed = sum(row.cells[position] for row in self.rows)
                found.append(Total("COLUMN", heading, year, sums[at], computed))
        if grand is not None:
            found.append(Total("GRAND", label, None, grand, sum(sum(row.cells) for row in self.rows)))
        return found

    def _number(self, line: int, name: str, zh: str, en: str, cell: Cell) -> int | None:
        if (found := _number(cell)) is not None:
            return found
        shown = _short(tidy(as_text(cell)))
        what_zh, what_en = (f"“{shown}”不是整数", f"“{shown}” is no whole number") if shown else ("是空的", "is empty")
        self._fault(
            line,
            "NOT_A_NUMBER",
            f"第 {line} 行“{_short(name)}”{zh}一格{what_zh};没有建站任务请填 0",
            f"row {line}, “{_short(name)}”, {en}: the cell {what_en}; write 0 where nothing is to be built",
        )
        return None

    def _fault(self, line: int, code: str, zh: str, en: str) -> None:
        self.faults.append(_fault(Place(self.grid.file, self.grid.sheet, line), code, zh, en))


def _years(cells: Sequence[Cell]) -> dict[int, int]:
    """The columns headed by a year, in order."""
    found = {}
    for at, cell in enumerate(cells):
        match = _YEAR.fullmatch(fold(as_text(cell)))
        if match is not None:
            found[at] = int(match[1])
    return found


def _number(cell: Cell) -> int | None:
    """A whole number as it is written, with commas between thousands or without; None for anything else."""
    written = as_text(cell).strip().translate(_HALF)
    return int(written.replace(",", "")) if not isinstance(cell, CellError) and _NUMBER.fullmatch(written) else None


def _at(cells: Sequence[Cell], at: int | None) -> Cell:
    return cells[at] if at is not None and at < len(cells) else None


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:30] + "…"


def _fault(place: Place, code: str, zh: str, en: str) -> Fault:
    return Fault(place, code, zh, en)


__all__ = ["PrintedTable", "TableRow", "Total", "Unreadable", "read_file", "read_rows", "read_text", "table_of"]

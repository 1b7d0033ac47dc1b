"""A sheet before it is understood: rows of cells with their merges, the same for workbooks and CSV."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell without a usable value: an error like #N/A, or a formula that was never calculated (text is empty)."""

    text: str

    def __str__(self) -> str:
        return self.text


Cell = str | int | float | bool | date | datetime | CellError | None

#: Columns beyond this are not read; the widest county lists have some sixty.
COLUMNS = 512
#: Rows that may stand above a heading (titles, dates, notes), not counted among the rows of the list.
ABOVE = 30


@dataclass(slots=True)
class Grid:
    """Rows that hold something, as (row number from 1, cells from column A), in file order.

    `merges` are (first row, first column, last row, last column), rows and columns from 1.
    """

    file: str
    sheet: str | None
    rows: list[tuple[int, list[Cell]]] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: bool = False
    cut: bool = False


def as_text(cell: Cell) -> str:
    """The cell as a person would type it; "" for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)

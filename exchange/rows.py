"""From the rows of a recognised sheet to records and faults; every fault of a row is found, none stops the others."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime

from openpyxl.utils import get_column_letter

from exchange import values
from exchange.grid import COLUMNS, Cell, CellError, Grid, as_text
from exchange.headings import Heading, nearest, repeats, vocabulary
from exchange.messages import fault, refusal, shorten
from exchange.records import (
    Fault,
    Kind,
    NeedRecord,
    OfferRecord,
    PartyKind,
    PartyRecord,
    Place,
    Priority,
    Record,
    Sheet,
)
from exchange.text import fold, split_list, tidy

#: Characters in a title, a name or any other single text.
LONGEST_TEXT = 200
LONGEST_LIST = 1_000
_MOST_FILLED = 5_000_000
_NEVER_REPEATED = {"platform_id", "reference"}
_FLAGS = {
    **dict.fromkeys(("是", "须", "对", "√", "✓", "yes", "y", "true", "1"), True),
    **dict.fromkeys(("否", "不", "×", "no", "n", "false", "0"), False),
}
_AMOUNTS = {"quantity", "capacity", "headcount", "minimum_per_need", "maximum_per_need"}
_TOTAL = re.compile(r"(合计|总计|小计|共计|总数|总和|total|subtotal|grandtotal)[:：]?(\d.*)?")
_NOTE = re.compile(r"(注|备注|说明|填表|制表|审核|填报|联系|note|remark)[^、]{0,10}[::].*", re.DOTALL)

Progress = Callable[[int, "int | None"], None]


class Row:
    """One row being read: typed access to its fields, collecting faults."""

    def __init__(self, heading: Heading, place: Place, cells: Sequence[Cell], original: tuple[str, ...]) -> None:
        self.heading = heading
        self.place = place
        self.cells = cells
        self.original = original
        self.faults: list[Fault] = []

    def _cell(self, name: str) -> Cell:
        index = self.heading.columns.get(name)
        cell = self.cells[index] if index is not None and index < len(self.cells) else None
        return cell.strip() or None if isinstance(cell, str) else cell

    def where(self, name: str) -> Place:
        index = self.heading.columns.get(name)
        cell = None if index is None else f"{get_column_letter(index + 1)}{self.place.row}"
        return Place(self.place.file, self.place.sheet, self.place.row, cell)

    def fail(self, name: str, code: str, **more: object) -> None:
        more = {"field": self.heading.label(name), "field_en": name.replace("_", " "), "limit": LONGEST_TEXT, **more}
        self.faults.append(fault(self.where(name), code, self.original, **more))

    def _usable(self, name: str) -> Cell:
        cell = self._cell(name)
        if isinstance(cell, CellError):
            if cell.text:
                self.fail(name, "cell_error", value=cell.text)
            else:
                self.fail(name, "formula_not_calculated")
        return cell

    def text(self, name: str, *, may_be_blank: bool = False) -> str | None:
        """A text; numbers are written as typed. `may_be_blank`: 无 and dashes mean nothing."""
        cell = self._usable(name)
        if cell is None or isinstance(cell, CellError):
            return None
        written = tidy(as_text(cell))
        if len(written) > LONGEST_TEXT:
            self.fail(name, "text_too_long", value=written)
            return None
        return None if may_be_blank and values.is_blank(written) else written or None

    def required(self, name: str) -> str:
        before = len(self.faults)
        written = self.text(name)
        if written is None and len(self.faults) == before:
            self.fail(name, "missing")
        return written or ""

    def code(self, name: str) -> str | None:
        """A number that is a name: credit codes and references, which Excel damages beyond 15 digits."""
        cell = self._cell(name)
        if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 1e15:
            self.fail(name, "damaged_number", value=as_text(cell))
            return None
        written = self.text(name, may_be_blank=True)
        if self._cell("platform_id") is not None:
            return written  # written by an export, as text
        if written is not None and re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", written):
            self.fail(name, "damaged_number", value=written)
            return None
        return written

    def quantity(self, name: str, unit: str | None = None) -> tuple[int | None, str | None]:
        """A whole number above 0 and its unit; (None, unit) when empty or faulty."""
        cell = self._usable(name)
        if cell is None or isinstance(cell, CellError):
            return None, unit
        if isinstance(cell, str) and values.is_blank(cell):
            return None, unit
        try:
            return values.quantity(cell, unit)
        except values.ValueFault as problem:
            self.fail(name, problem.code, value=as_text(cell), other=unit or "")
            return None, unit

    def count(self, name: str) -> int | None:
        return self.quantity(name)[0]

    def day(self, name: str) -> date | None:
        cell = self._usable(name)
        if cell is None or isinstance(cell, CellError) or (isinstance(cell, str) and values.is_blank(cell)):
            return None
        try:
            return values.day(cell)
        except values.ValueFault as problem:
            self.fail(name, problem.code, value=as_text(cell))
            return None

    def period(self, start: str, end: str) -> tuple[date | None, date | None]:
        first, last = self.day(start), self.day(end)
        if first and last and last < first:
            self.fail(end, "end_before_start")
        return first, last

    def entries(self, name: str) -> tuple[str, ...]:
        """The entries of a list in one cell; 无 and 不限 are no entry."""
        cell = self._usable(name)
        if cell is None or isinstance(cell, CellError):
            return ()
        written = tidy(as_text(cell))
        if len(written) > LONGEST_TEXT * LONGEST_LIST:
            self.fail(name, "text_too_long", value=written, limit=LONGEST_TEXT * LONGEST_LIST)
            return ()
        found = tuple(entry for entry in split_list(written) if not values.is_blank(entry) and entry != "不限")
        if len(found) > LONGEST_LIST:
            self.fail(name, "list_too_long", limit=LONGEST_LIST)
        for entry in found:
            if len(entry) > LONGEST_TEXT:
                self.fail(name, "text_too_long", value=entry)
        return found

    def flag(self, name: str) -> bool | None:
        """Yes or no; None where nothing is written."""
        cell = self._usable(name)
        if isinstance(cell, bool):
            return cell
        written = self.text(name, may_be_blank=True)
        if written is None:
            return None
        found = _FLAGS.get(fold(written))
        if found is None:
            self.fail(name, "not_yes_or_no", value=written)
        return found

    def priority(self) -> Priority:
        written = self.text("priority", may_be_blank=True)
        if written is None:
            return "ROUTINE"
        found = vocabulary().priorities.get(fold(written))
        if found is None:
            self.fail("priority", "unknown_priority", value=written)
        return found or "ROUTINE"

    def party_kind(self, name: str) -> PartyKind | None:
        written = self.text(name, may_be_blank=True)
        if written is None:
            return None
        found = vocabulary().party_kinds.get(fold(written))
        if found is None:
            self.fail(name, "unknown_kind", value=written, allowed="、".join(vocabulary().party_labels.values()))
        return found

    def amount(self, name: str) -> tuple[int, str | None]:
        """The required amount of a need or offer with the unit of its cell, column or heading."""
        before = len(self.faults)
        unit = self.text("unit", may_be_blank=True) or self.heading.unit
        number, unit = self.quantity(name, unit)
        if number is None and len(self.faults) == before:
            self.fail(name, "missing")
        return number or 0, unit


def _need(row: Row) -> NeedRecord:
    title, community = row.required("title"), row.required("community")
    quantity, unit = row.amount("quantity")
    start, end = row.period("needed_from", "needed_by")
    return NeedRecord(
        place=row.place,
        title=title,
        community=community,
        quantity=quantity,
        unit=unit,
        resource_type=row.text("resource_type", may_be_blank=True),
        township=row.text("township", may_be_blank=True),
        client_groups=row.entries("client_groups"),
        priority=row.priority(),
        whole_or_nothing=row.flag("whole_or_nothing"),
        needed_from=start,
        needed_by=end,
        channel=row.text("channel", may_be_blank=True),
        platform_id=row.text("platform_id"),
        reference=row.code("reference"),
    )


def _offer(row: Row) -> OfferRecord:
    title, provider = row.required("title"), row.required("provider")
    capacity, unit = row.amount("capacity")
    start, end = row.period("available_from", "available_until")
    minimum, maximum = row.count("minimum_per_need") or 1, row.count("maximum_per_need")
    if maximum is not None and maximum < minimum:
        row.fail("maximum_per_need", "maximum_under_minimum")
    return OfferRecord(
        place=row.place,
        title=title,
        provider=provider,
        capacity=capacity,
        unit=unit,
        resource_type=row.text("resource_type", may_be_blank=True),
        provider_kind=row.party_kind("provider_kind"),
        provider_area=row.text("provider_area", may_be_blank=True),
        credit_code=row.code("credit_code"),
        coverage=row.entries("coverage"),
        client_groups=row.entries("client_groups"),
        minimum_per_need=minimum,
        maximum_per_need=maximum,
        available_from=start,
        available_until=end,
        earmark=row.text("earmark", may_be_blank=True),
        platform_id=row.text("platform_id"),
        reference=row.code("reference"),
        provider_reference=row.code("provider_reference"),
    )


def _party(row: Row) -> PartyRecord:
    name = row.required("name")
    before = len(row.faults)
    kind = row.party_kind("kind") or row.heading.party_kind
    if kind is None and len(row.faults) == before:
        row.fail("kind", "missing")
    return PartyRecord(
        place=row.place,
        kind=kind or "ORGANIZATION",
        name=name,
        area=row.text("area", may_be_blank=True),
        credit_code=row.code("credit_code"),
        founded_on=row.day("founded_on"),
        headcount=row.count("headcount"),
        industry=row.text("industry", may_be_blank=True),
        source=row.text("source", may_be_blank=True),
        platform_id=row.text("platform_id"),
        reference=row.code("reference"),
    )


_BUILDERS: dict[Kind, Callable[[Row], Record]] = {"needs": _need, "offers": _offer, "parties": _party}


def sheet_of(grid: Grid, heading: Heading, progress: Progress | None = None) -> Sheet:
    """The records and faults of the rows below `heading`; `progress(rows done, rows in all)` every 500 rows."""
    kept = [index for index in range(len(heading.texts)) if index not in heading.reasons]
    sheet = Sheet(grid.file, grid.sheet, tuple(heading.texts[index] for index in kept), kind=heading.kind)
    sheet.columns = {name: get_column_letter(index + 1) for name, index in heading.columns.items()}
    _say_columns(grid, heading, sheet)
    fills = _fills(grid, heading)
    known = set(heading.columns.values())
    build = _BUILDERS[heading.kind]
    total = len(grid.rows)
    for done, (number, cells) in enumerate(grid.rows[heading.last + 1 :], start=heading.last + 2):
        place = Place(grid.file, grid.sheet, number)
        if progress is not None and (done % 500 == 0 or done == total):
            progress(done, total)
        if not any(_filled(cells[index]) for index in known if index < len(cells)):
            if any(isinstance(cell, str) and cell.strip() for cell in cells):
                _aside(sheet, place, heading, cells)
            continue
        if _aside(sheet, place, heading, cells):
            continue
        cells, merged = _fill(cells, fills.get(number))
        original = tuple(as_text(cells[index]) if index < len(cells) else "" for index in kept)
        row = Row(heading, place, cells, original)
        record = build(row)
        for index in merged:
            name = next(name for name, column in heading.columns.items() if column == index)
            row.fail(name, "merged_quantity")
        if row.faults:
            sheet.faults.extend(row.faults)
        else:
            sheet.records.append(record)
            sheet.originals.append(original)
    return sheet


def _filled(cell: Cell) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _say_columns(grid: Grid, heading: Heading, sheet: Sheet) -> None:
    for index in heading.unused:
        place = Place(grid.file, grid.sheet, heading.row, f"{get_column_letter(index + 1)}{heading.row}")
        text = heading.texts[index]
        like = nearest(heading.kind, text)
        sheet.notices.append(fault(place, "column_not_used", value=shorten(text) + (f" (~{like})" if like else "")))
    for name, index in heading.twice:
        place = Place(grid.file, grid.sheet, heading.row, f"{get_column_letter(index + 1)}{heading.row}")
        label, text = heading.label(name), heading.texts[index]
        more = {"field": label, "field_en": name.replace("_", " ")}
        sheet.notices.append(fault(place, "column_twice", (), value=text, **more))
    if grid.cut:
        sheet.notices.append(fault(Place(grid.file, grid.sheet), "columns_cut", limit=COLUMNS))


def _aside(sheet: Sheet, place: Place, heading: Heading, cells: Sequence[Cell]) -> bool:
    """Whether the row is a total, a note or the heading again; each is said."""
    filled = [cell for cell in cells if _filled(cell)]
    index = heading.columns.get("platform_id")
    if not filled or (index is not None and index < len(cells) and _filled(cells[index])):
        return False
    first = fold(as_text(filled[0])[:200])
    # A running number or a merged township may stand before the word.
    words = [fold(as_text(cell)[:40]) for cell in filled[:3]]
    title = heading.columns.get("title", heading.columns.get("name", 0))
    subject = as_text(cells[title]) if title < len(cells) else ""
    if any(_TOTAL.fullmatch(word) for word in words) and (not subject.strip() or _TOTAL.fullmatch(fold(subject[:40]))):
        sheet.notices.append(fault(place, "total_row"))
        return True
    if len(filled) <= 2 and _NOTE.fullmatch(first):
        sheet.notices.append(fault(place, "note_row", value=as_text(filled[0])))
        return True
    if first and repeats(heading, cells):
        sheet.notices.append(fault(place, "heading_repeated"))
        return True
    return False


def _fills(grid: Grid, heading: Heading) -> dict[int, list[tuple[int, Cell, str]]]:
    """For the data rows under a vertical merge: (column, value, field) each takes from the merge's first row.

    O(merges + cells filled); raises Unreadable for merges that overlap each other many times over.
    """
    names = {index: name for name, index in heading.columns.items()}
    starts = dict(grid.rows[heading.last + 1 :])
    numbers = sorted(starts)
    fills: dict[int, list[tuple[int, Cell, str]]] = {}
    filled = 0
    for top, left, bottom, _right in grid.merges:
        name = names.get(left - 1, "")
        if bottom == top or top not in starts or name in _NEVER_REPEATED or left > COLUMNS:
            continue
        first = starts[top]
        value = first[left - 1] if left <= len(first) else None
        if not _filled(value):
            continue
        start = top if name in _AMOUNTS else top + 1
        covered = numbers[bisect_left(numbers, start) : bisect_right(numbers, bottom)]
        filled += len(covered)
        if filled > _MOST_FILLED:
            raise refusal("not_a_workbook")
        for number in covered:
            fills.setdefault(number, []).append((left - 1, value, name))
    return fills


def _fill(cells: list[Cell], fills: list[tuple[int, Cell, str]] | None) -> tuple[list[Cell], list[int]]:
    """The row with merged values repeated, and the columns whose amount is one cell over several rows."""
    if not fills:
        return cells, []
    merged: list[int] = []
    cells = list(cells)
    for column, value, name in fills:
        if name in _AMOUNTS:
            merged.append(column)
        cells.extend([None] * (column + 1 - len(cells)))
        cells[column] = value.date() if isinstance(value, datetime) else value
    return cells, merged

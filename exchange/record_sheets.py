"""Sheets of records: any kind, named by the sheet, its headings the kind's fields, every cell read exactly.

What a kind is comes as plain data (`SheetKind`), so nothing here knows which kinds there are. Names and codes stay as
written; `resolvers/record_import.py` finds what they mean.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter

from exchange import values
from exchange.grid import ABOVE, Cell, CellError, Grid, as_text
from exchange.headings import _unit, bare, plain
from exchange.messages import fault, shorten
from exchange.records import Fault, Place, Sheet
from exchange.rows import _FLAGS, _NOTE, _TOTAL
from exchange.text import fold, split_list, tidy

#: Characters of a cell that holds one line, and of one that holds several.
LONGEST_LINE, LONGEST_PROSE = 200, 4_000
#: Excel keeps no more digits of a number than these.
EXACT_DIGITS = 15
#: Digits of a number written as text.
MOST_DIGITS = 19
_NUMBER = re.compile(r"([+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?|[+-]?\.\d+)([^\d.,]*)")
_BESIDE = re.compile(r"[\d年度月日._\-—()()\s]+")
#: How a column with the number that the platform gave a row is headed.
_ID = ("id", "平台编号", "platform id")

#: Codes of faults of this file alone; the others are those of `exchange.messages`.
FAULTS: dict[str, tuple[str, str]] = {
    "not_one_of": ("{field}应为 {allowed} 之一,不是“{value}”", '{field_en} is one of {allowed_en}, not "{value}"'),
    "not_exact": (
        "{field}最多 {places} 位小数,无法准确记下:{value}",
        "{field_en} keeps at most {places} decimals; this cannot be kept exactly: {value}",
    ),
    "too_many_digits": (
        "{field}超过 15 位,Excel 已无法准确保存,请按文本填写:{value}",
        "{field_en} has more than the 15 digits that Excel keeps; enter it as text: {value}",
    ),
    "merged_number": (
        "{field}合并了多行,不知每行各是多少,请分别填写",
        "{field_en} is one merged cell over several rows; write the number of each row",
    ),
    "no_known_column": (
        "“{kind}”的表没有认出任何列;可用的列:{known}",
        "no column of a sheet of {kind_en} was recognised; there are: {known_en}",
    ),
    "other_sheet": (
        "同一文件里有记录表,这一张不是,没有导入;请另存为单独的文件",
        "this file holds sheets of records and this is none of them; put it into a file of its own",
    ),
}


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column a sheet of a kind may have. `form` is that of `db.records`; `words` gives the code of each choice.

    `scale` is how many decimals a number keeps; None for forms that are no numbers.
    """

    name: str
    form: str
    zh: str
    headings: tuple[str, ...] = ()
    scale: int | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetKind:
    """A kind of record as a sheet names it: by any of `names`, in any case."""

    name: str
    zh: str
    en: str
    names: tuple[str, ...]
    columns: tuple[SheetColumn, ...]


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row: the values of the cells that hold something, by the name of their column."""

    place: Place
    values: Mapping[str, Any]
    original: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class RecordSheet(Sheet):
    """A sheet of one kind of record, with its rows in file order; `records` stays empty.

    `faulty` are rows with what was sound in them, so that their names can be judged too.
    """

    of: SheetKind
    rows: list[RecordRow] = field(default_factory=list)
    faulty: list[RecordRow] = field(default_factory=list)


def of(grids: Sequence[Grid], kinds: Sequence[SheetKind]) -> list[Sheet] | None:
    """The sheets of a file of which at least one is of a kind of record; None where none is.

    A sheet may hold several kinds, one below the other, each begun by a row with nothing but its name. A sheet beside
    them that is of no kind is a fault: what is in one file is written together or not at all.
    """
    parts = [(grid, part, named(part, kinds)) for grid in grids for part in _parts(grid, kinds)]
    if not any(kind for _grid, _part, kind in parts):
        return None
    sheets: list[Sheet] = []
    for grid, part, kind in parts:
        if kind is not None:
            sheets.append(read(part, kind))
            continue
        place = Place(grid.file, grid.sheet)
        sheet = Sheet(grid.file, grid.sheet)
        if grid.hidden or not grid.rows:
            sheet.notices.append(fault(place, "sheet_hidden" if grid.hidden else "sheet_empty"))
        else:
            sheet.faults.append(_fault(place, "other_sheet", ()))
        sheets.append(sheet)
    return sheets


def _parts(grid: Grid, kinds: Sequence[SheetKind]) -> list[Grid]:
    """A grid cut before each row that holds the name of a kind alone; whole where there is none."""
    names = {_joined(name) for kind in kinds for name in (kind.name, kind.zh, kind.en, *kind.names)}
    cuts = [at for at, (_number, cells) in enumerate(grid.rows) if _joined(_alone(cells)) in names]
    if len(cuts) < 2 or grid.hidden:
        return [grid]
    starts = [*([0] if cuts[0] > 0 and len(grid.rows[0][1]) > 1 else []), *cuts]
    ends = [*starts[1:], len(grid.rows)]
    return [replace(grid, rows=grid.rows[start:end]) for start, end in zip(starts, ends, strict=True)]


def _alone(cells: Sequence[Cell]) -> str:
    """The text of the only cell of a row that holds something; "" for another row."""
    written = [cell for cell in cells if cell is not None and as_text(cell).strip()]
    return written[0] if len(written) == 1 and isinstance(written[0], str) else ""


def best(grids: Sequence[Grid], kinds: Sequence[SheetKind]) -> list[Sheet] | None:
    """As `of`, for a CSV file read with several separators: the one by which most columns are known."""
    found = [sheets for grid in grids if (sheets := of([grid], kinds)) is not None]
    return max(found, key=lambda sheets: sum(len(sheet.columns) for sheet in sheets), default=None)


def _joined(name: str) -> str:
    return fold(name).replace("_", "").replace("-", "")


def named(grid: Grid, kinds: Sequence[SheetKind]) -> SheetKind | None:
    """The kind that a sheet, its file, or the only cell of a row above its heading names; None where none does.

    A name that two kinds share names neither. Years and numbers beside the name do not matter: 2022年活动. O(kinds).
    """
    known: dict[str, SheetKind | None] = {}
    for kind in kinds:
        for name in {_joined(one) for one in (kind.name, kind.zh, kind.en, *kind.names)}:
            known[name] = None if known.get(name, kind) is not kind else kind
    titles = [text for _number, cells in grid.rows[:ABOVE] if (text := _alone(cells))]
    for text in (*titles, grid.sheet or Path(grid.file).stem):
        for form in (text, _BESIDE.sub("", text)):
            found = known.get(_joined(form))
            if found is not None:
                return found
    return None


def read(grid: Grid, kind: SheetKind) -> RecordSheet:
    """The rows of a sheet of this kind; every faulty cell is a fault, and a faulty row is not among `rows`.

    The heading is the row among the first ones that names most columns. An empty cell says nothing. O(cells).
    """
    found = sheet = RecordSheet(grid.file, grid.sheet, of=kind)
    at, columns = _heading(grid, kind)
    if not columns:
        known = "、".join(one.zh for one in kind.columns)
        known_en = ", ".join(one.name for one in kind.columns)
        more = {"kind": kind.zh, "kind_en": kind.en, "known": known, "known_en": known_en}
        sheet.faults.append(_fault(Place(grid.file, grid.sheet), "no_known_column", (), **more))
        return found
    heading = tuple(as_text(cell) for cell in grid.rows[at][1])
    sheet.heading = heading
    sheet.columns = {one.name: get_column_letter(index + 1) for index, (one, _factor) in columns.items()}
    _tell_unused(grid, sheet, at, columns)
    merged = _merged(grid)
    for number, cells in grid.rows[at + 1 :]:
        place = Place(grid.file, grid.sheet, number)
        written = [cell for cell in cells if cell is not None and as_text(cell).strip()]
        if not written:
            continue
        first = as_text(written[0]).strip()
        if _TOTAL.fullmatch(fold(first)):
            sheet.notices.append(fault(place, "total_row"))
        elif len(written) == 1 and _NOTE.fullmatch(first):
            sheet.notices.append(fault(place, "note_row", value=first))
        elif [as_text(cell).strip() for cell in cells] == [text.strip() for text in heading]:
            sheet.notices.append(fault(place, "heading_repeated"))
        else:
            _row(found, number, cells, columns, merged)
    return found


def _heading(grid: Grid, kind: SheetKind) -> tuple[int, dict[int, tuple[SheetColumn, int]]]:
    """The index of the heading in grid.rows, and by index of column what it holds and by what factor."""
    exact, loose = _spellings(kind)
    best: tuple[int, dict[int, tuple[SheetColumn, int]]] = (0, {})
    for at, (_number, cells) in enumerate(grid.rows[: ABOVE + 1]):
        columns: dict[int, tuple[SheetColumn, int]] = {}
        for index, cell in enumerate(cells):
            if not isinstance(cell, str) or len(cell) > LONGEST_LINE:
                continue
            one = exact.get(plain(cell)) or loose.get(bare(cell))
            if one is not None and all(one is not other for other, _ in columns.values()):
                unit = _unit(cell) if one.scale is not None else None
                columns[index] = (one, values.split_unit(unit)[0] if unit else 1)
        if len(columns) > len(best[1]):
            best = (at, columns)
    return best


def _spellings(kind: SheetKind) -> tuple[dict[str, SheetColumn], dict[str, SheetColumn]]:
    """Columns by their headings as written, and without what stands in brackets; a shared heading names none."""
    exact: dict[str, SheetColumn | None] = {}
    loose: dict[str, SheetColumn | None] = {}
    id_column = SheetColumn("id", "text", _ID[1], _ID)
    for one in (*kind.columns, id_column):
        for text in {one.name, one.name.replace("_", " "), one.zh, *one.headings}:
            for known, form in ((exact, plain(text)), (loose, bare(text))):
                known[form] = None if known.get(form, one) is not one else one
    return tuple({key: one for key, one in known.items() if one and key} for known in (exact, loose))  # type: ignore[return-value]


def _tell_unused(grid: Grid, sheet: Sheet, at: int, columns: Mapping[int, Any]) -> None:
    number, cells = grid.rows[at]
    for index, cell in enumerate(cells):
        text = as_text(cell).strip()
        if text and index not in columns and plain(text) not in ("序号", "退回原因"):
            place = Place(grid.file, grid.sheet, number, f"{get_column_letter(index + 1)}{number}")
            sheet.notices.append(fault(place, "column_not_used", value=text))
    if grid.cut:
        sheet.notices.append(fault(Place(grid.file, grid.sheet), "columns_cut", limit=512))


def _merged(grid: Grid) -> dict[tuple[int, int], tuple[Cell, bool]]:
    """By (row, index of column): the value of a merged cell there, and whether the cell spans several rows."""
    rows = dict(grid.rows)
    found: dict[tuple[int, int], tuple[Cell, bool]] = {}
    for top, left, bottom, _right in grid.merges:
        source = rows.get(top, [])
        value = source[left - 1] if len(source) >= left else None
        for number in range(top, min(bottom, top + 100_000) + 1):
            if number in rows:
                found[number, left - 1] = (value, bottom > top)
    return found


def _row(
    found: RecordSheet,
    number: int,
    cells: Sequence[Cell],
    columns: Mapping[int, tuple[SheetColumn, int]],
    merged: Mapping[tuple[int, int], tuple[Cell, bool]],
) -> None:
    sheet = found
    width = len(sheet.heading)
    original = tuple(as_text(cell) for cell in [*cells, *[None] * (width - len(cells))][:width])
    given: dict[str, Any] = {}
    faults: list[Fault] = []
    for index, (one, factor) in columns.items():
        value, spans = merged.get((number, index), (cells[index] if index < len(cells) else None, False))
        place = Place(sheet.file, sheet.name, number, f"{get_column_letter(index + 1)}{number}")
        named_as = {"field": one.zh, "field_en": one.name.replace("_", " ")}
        try:
            if spans and one.scale is not None and value is not None:
                raise values.ValueFault("merged_number")
            kept = cell_value(value, one, factor)
        except values.ValueFault as problem:
            more = {"value": as_text(value), "places": one.scale, "limit": _limit(one)}
            allowed = {"allowed": "、".join(one.labels), "allowed_en": ", ".join(dict.fromkeys(one.words.values()))}
            faults.append(_fault(place, problem.code, original, **named_as, **more, **allowed))
            continue
        if kept is not None:
            given[one.name] = kept
    sheet.faults.extend(faults)
    if given:
        (found.faulty if faults else found.rows).append(
            RecordRow(Place(sheet.file, sheet.name, number), given, original)
        )


def _limit(one: SheetColumn) -> int:
    return LONGEST_PROSE if one.form == "prose" else LONGEST_LINE


def cell_value(cell: Cell, one: SheetColumn, factor: int = 1) -> Any:
    """What a cell says in this column: text, int, Decimal, date, bool, a code or a tuple of texts; None for nothing.

    Numbers are multiplied by `factor` (10,000 under 万元) and never rounded. Raises ValueFault with a code of `FAULTS`
    or of `exchange.messages.FAULTS`.
    """
    if isinstance(cell, CellError):
        raise values.ValueFault("cell_error" if cell.text else "formula_not_calculated")
    text = tidy(as_text(cell))
    if not text or (one.form != "prose" and values.is_blank(text)):
        return None
    if one.scale is not None:
        return exact(cell, one.scale, factor)
    if one.form == "day":
        return values.day(cell)
    if one.form == "flag":
        said = cell if isinstance(cell, bool) else _FLAGS.get(fold(text))
        if said is None:
            raise values.ValueFault("not_yes_or_no")
        return said
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 10**EXACT_DIGITS:
        raise values.ValueFault("damaged_number")
    if len(text) > _limit(one):
        raise values.ValueFault("text_too_long")
    if one.form == "code":
        code = one.words.get(fold(text))
        if code is None:
            raise values.ValueFault("not_one_of")
        return code
    return split_list(text) if one.form == "terms" else text


def exact(cell: Cell, scale: int, factor: int = 1) -> int | Decimal:
    """The number in a cell: an int where `scale` is 0, else a Decimal of at most so many decimals.

    A workbook stores binary fractions, so what counts is the shortest decimal that is stored as the same fraction: the
    number that was typed, while it has at most 15 digits. Texts are read as they stand, with 1,000 and 0.5万.
    Raises ValueFault: not_a_number, not_exact (fractional where scale is 0), too_many_digits.
    """
    if isinstance(cell, bool | date | datetime) or cell is None:
        raise values.ValueFault("not_a_number")
    if isinstance(cell, int | float):
        number = Decimal(repr(cell))
        if not number.is_finite():
            raise values.ValueFault("not_a_number")
        if isinstance(cell, float) and len(number.as_tuple().digits) > EXACT_DIGITS:
            raise values.ValueFault("too_many_digits" if abs(number) >= 10**EXACT_DIGITS else "not_exact")
        if abs(number) >= 10**EXACT_DIGITS:
            raise values.ValueFault("too_many_digits")
    else:
        text = "".join(unicodedata.normalize("NFKC", str(cell)).split()).replace("−", "-").removeprefix("¥")
        found = _NUMBER.fullmatch(text) if len(text) <= 60 else None
        if found is None:
            raise values.ValueFault("not_a_number")
        number = Decimal(found[1].replace(",", ""))
        if found[2]:
            own, rest = values.split_unit(found[2])
            if len(rest) > 4 or values._VAGUE.search(found[2]) or rest in ("%", "‰"):
                raise values.ValueFault("not_a_number")
            factor = own if own != 1 or rest else factor
    if len(number.as_tuple().digits) > MOST_DIGITS:
        raise values.ValueFault("not_exact")  # beyond what Decimal multiplies without rounding
    scaled = number * factor
    if scaled != round(scaled, scale):
        raise values.ValueFault("fractional" if scale == 0 else "not_exact")
    return int(scaled) if scale == 0 else round(scaled, scale)


def _fault(place: Place, code: str, original: tuple[str, ...], **more: object) -> Fault:
    if code not in FAULTS:
        return fault(place, code, original, **more)
    zh, en = FAULTS[code]
    if "value" in more:
        more["value"] = shorten(more["value"])
    return Fault(place, code.upper(), zh.format(**more), en.format(**more), original)

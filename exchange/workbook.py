"""Reading .xlsx into grids: one pass over each sheet's XML, memory bounded by the rows that hold something.

openpyxl's read-only mode forgets merged cells and cannot tell an empty cell from a formula that was never
calculated; its ordinary mode keeps an object for every styled empty cell. ECMA-376 Part 1 (SpreadsheetML) is
small enough to be read directly; openpyxl lends the rules for date formats and serial numbers.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from exchange.grid import ABOVE, COLUMNS, Cell, CellError, Grid
from exchange.messages import refusal, shorten

#: The whole archive unpacked, in bytes; an exported list of 100,000 rows unpacks to some 70 MB.
UNPACKED = 256 * 1024 * 1024
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATION_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_BROKEN = (ElementTree.ParseError, zipfile.BadZipFile, zlib.error, KeyError, ValueError, IndexError, EOFError,
           NotImplementedError, RuntimeError, OverflowError, OSError, TypeError, AttributeError)  # fmt: skip

Progress = Callable[[int, "int | None"], None]


def check_size(archive: zipfile.ZipFile) -> None:
    """Raises Unreadable("too_large") for an archive that unpacks to more than UNPACKED bytes.

    The declared sizes are a true bound: zipfile never yields more than a member declares.
    """
    if sum(member.file_size for member in archive.infolist()) > UNPACKED:
        raise refusal("too_large", limit=UNPACKED // 1024 // 1024)


def grids(path: Path, limit_rows: int, progress: Progress | None = None) -> list[Grid]:
    """The worksheets of a workbook in order; hidden ones are named but not read.

    Raises Unreadable: not_a_workbook, encrypted, too_large, too_many_rows (rows that hold something).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_size(archive)
            book = _Book(archive)
            return [_sheet(book, path.name, *entry, limit_rows, progress) for entry in book.sheets]
    except _BROKEN:
        raise refusal("not_a_workbook") from None


class _Book:
    """What the sheets share: names, strings, which styles are dates, and the calendar."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        main = "xl/workbook.xml"
        tree = self._tree(main)
        relations = {
            relation.get("Id"): _target(relation.get("Target", ""))
            for relation in self._tree("xl/_rels/workbook.xml.rels")
        }
        kinds = {
            relation.get("Type", "").rsplit("/", 1)[-1]: _target(relation.get("Target", ""))
            for relation in self._tree("xl/_rels/workbook.xml.rels")
        }
        self.epoch = CALENDAR_WINDOWS_1900
        self.sheets: list[tuple[str, str, bool]] = []
        for element in tree.iter():
            tag = _local(element.tag)
            if tag == "workbookPr" and element.get("date1904") in ("1", "true"):
                self.epoch = CALENDAR_MAC_1904
            elif tag == "sheet":
                target = relations[element.get(_RELATION) or element.get(_RELATION_STRICT)]
                if "worksheets/" in target:  # a chart sheet has no cells
                    self.sheets.append((element.get("name", ""), target, element.get("state", "visible") != "visible"))
        self.strings = list(self._strings(kinds.get("sharedStrings")))
        self.dates = self._dates(kinds.get("styles"))

    def _tree(self, name: str) -> ElementTree.Element:
        return ElementTree.fromstring(self.archive.read(name))

    def _strings(self, name: str | None) -> Iterator[str]:
        if name is None or name not in self.archive.namelist():
            return
        with self.archive.open(name) as stream:
            table: ElementTree.Element | None = None
            for event, element in ElementTree.iterparse(stream, events=("start", "end")):
                if table is None:
                    table = element
                elif event == "end" and _local(element.tag) == "si":
                    yield _rich(element)
                    table.clear()

    def _dates(self, name: str | None) -> frozenset[str]:
        if name is None or name not in self.archive.namelist():
            return frozenset()
        tree = self._tree(name)
        custom = {e.get("numFmtId"): e.get("formatCode") for e in tree.iter() if _local(e.tag) == "numFmt"}
        found: set[str] = set()
        for part in tree:
            if _local(part.tag) == "cellXfs":
                for index, style in enumerate(part):
                    number = style.get("numFmtId", "0")
                    code = custom.get(number) or BUILTIN_FORMATS.get(int(number))
                    # 27-31, 36, 50-58 are dates in Chinese Excel and have no code in the file.
                    if int(number) in _CHINESE_DATES or (code and is_date_format(code)):
                        found.add(str(index))
        return frozenset(found)


_CHINESE_DATES = frozenset([27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58])


def _target(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else "xl/" + target


@cache
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _rich(element: ElementTree.Element) -> str:
    """The text of a string item: plain or in runs, without the phonetic guides."""
    parts: list[str] = []
    for child in element:
        tag = _local(child.tag)
        if tag == "t":
            parts.append(child.text or "")
        elif tag == "r":
            parts.extend(t.text or "" for t in child if _local(t.tag) == "t")
    return _unescape("".join(parts))


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _sheet(
    book: _Book, file: str, name: str, member: str, hidden: bool, limit_rows: int, progress: Progress | None
) -> Grid:
    grid = Grid(file, name, hidden=hidden)
    if hidden:
        return grid
    with book.archive.open(member) as stream:
        for number, cells in _rows(stream, book, grid):
            if len(grid.rows) >= limit_rows + ABOVE:
                raise refusal("too_many_rows", sheet=f"“{shorten(name)}” ", limit=limit_rows)
            grid.rows.append((number, cells))
            if progress is not None and len(grid.rows) % 1_000 == 0:
                progress(len(grid.rows), None)
    return grid


def _rows(stream: IO[bytes], book: _Book, grid: Grid) -> Iterator[tuple[int, list[Cell]]]:
    """The rows that hold something; merges are added to the grid when the end of the sheet names them."""
    number = 0
    parent: ElementTree.Element | None = None
    for event, element in ElementTree.iterparse(stream, events=("start", "end")):
        tag = _local(element.tag)
        if event == "start":
            if tag == "sheetData":
                parent = element
            continue
        if tag == "row":
            number = int(element.get("r") or number + 1)
            cells = _cells(element, book, grid)
            if parent is not None:
                parent.clear()  # a million styled empty rows leave nothing behind
            if cells:
                yield number, cells
        elif tag == "mergeCell":
            left, top, right, bottom = range_boundaries(element.get("ref"))
            grid.merges.append((top, left, bottom, right))


def _cells(row: ElementTree.Element, book: _Book, grid: Grid) -> list[Cell]:
    cells: list[Cell] = []
    column = 0
    for element in row:
        reference = element.get("r")
        column = _column(reference) if reference else column + 1
        if len(element) == 0:
            continue
        value = _value(element, book)
        if value is None or value == "":
            continue
        if column > COLUMNS:
            grid.cut = True
            continue
        if column > len(cells) + 1:
            cells.extend([None] * (column - len(cells) - 1))
        cells.append(value)
    return cells


_columns: dict[str, int] = {}


def _column(reference: str) -> int:
    letters = reference.rstrip("0123456789")
    column = _columns.get(letters)
    if column is None:
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - 64
        if 0 < column <= 16_384:
            _columns[letters] = column
    return column


def _value(element: ElementTree.Element, book: _Book) -> Cell:
    kind = element.get("t", "n")
    written: str | None = None
    formula = False
    for child in element:
        tag = _local(child.tag)
        if tag == "v":
            written = child.text
        elif tag == "f":
            formula = True
        elif tag == "is":
            return _rich(child)
    if written is None:
        return CellError("") if formula and kind != "str" else None
    if kind == "s":
        return book.strings[int(written)]
    if kind == "n":
        return _number(written, element.get("s") in book.dates, book)
    if kind == "b":
        return written == "1"
    if kind == "e":
        return CellError(written)
    if kind == "d":
        return datetime.fromisoformat(written)
    return _unescape(written)


def _number(written: str, dated: bool, book: _Book) -> Cell:
    value = float(written) if "." in written or "e" in written or "E" in written else int(written)
    if not dated:
        return value
    try:
        found = from_excel(value, book.epoch)
    except (OverflowError, ValueError):
        return CellError("####")
    if isinstance(found, datetime):
        return found
    return found if isinstance(found, date) else CellError(written)

"""Reading .csv into grids, one for each separator it could have been written with."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from exchange.grid import ABOVE, COLUMNS, Cell, Grid
from exchange.messages import refusal
from exchange.text import unguard

#: A CSV file, in bytes; 100,000 rows are some 30 MB.
LARGEST_FILE = 128 * 1024 * 1024
_SEPARATORS = (",", "\t", ";", "，")

# The default of 131,072 would refuse the file for one long cell, which is a fault of its row.
csv.field_size_limit(max(csv.field_size_limit(), LARGEST_FILE))


def decode(data: bytes) -> str:
    """The text of a file as Excel saves it: UTF-8 or UTF-16 with mark, UTF-8, or GB18030. Raises Unreadable."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ["utf-8-sig"]
    else:
        encodings = ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise refusal("encoding")


def grids(path: Path, limit_rows: int) -> list[Grid]:
    """The file read with every separator that occurs in it, commas first, as one grid each; the caller keeps the best.

    Raises Unreadable: empty, encoding, too_large, too_many_rows, broken_csv (when no separator gives whole rows).
    """
    if path.stat().st_size > LARGEST_FILE:
        raise refusal("too_large", limit=LARGEST_FILE // 1024 // 1024)
    text = decode(path.read_bytes())
    if not text.strip():
        raise refusal("empty")
    found: list[Grid] = []
    broken: int | None = None
    for separator in _SEPARATORS:
        if separator != "," and separator not in text[:20_000]:
            continue
        try:
            found.append(grid(path.name, text, separator, limit_rows))
        except csv.Error as error:
            broken = broken or int(str(error.args[-1]))
    if not found:
        raise refusal("broken_csv", line=broken or 1)
    return found


def grid(file: str, text: str, separator: str, limit_rows: int) -> Grid:
    """`text` as rows. Raises csv.Error with the line, Unreadable("too_many_rows").

    Quotes are read strictly: a forgiving reader swallows the rest of the file after one stray quote.
    """
    result = Grid(file, None)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, fields in enumerate(reader, start=1):
            cells: list[Cell] = [unguard(field) if field else None for field in fields[:COLUMNS]]
            if any(field.strip() for field in fields[COLUMNS:]):
                result.cut = True
            while cells and (cells[-1] is None or not str(cells[-1]).strip()):
                cells.pop()
            if not cells:
                continue
            if len(result.rows) >= limit_rows + ABOVE:
                raise refusal("too_many_rows", sheet="", limit=limit_rows)
            result.rows.append((number, cells))
    except csv.Error as error:
        raise csv.Error(str(error), reader.line_num) from None
    return result

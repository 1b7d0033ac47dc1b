"""HSDS 3.0 directories in and out: organizations become parties, services become offers.

Read are JSON (a service, an organization, an array of either, a list page with `contents`) and the tabular package
(a folder or zip of CSV files). Not every element of the standard has a place here; docs/import.md says what is used.
Source: Human Services Data Specification 3.0 (docs.openreferral.org), and `service_capacity` and `unit` of 3.1.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from exchange import delimited
from exchange.hsds_records import Collector, looks_like, wrong_shape
from exchange.hsds_tables import Tables, assemble
from exchange.hsds_writing import service_id, write
from exchange.messages import fault, refusal
from exchange.records import Place, Sheet
from exchange.workbook import check_size

__all__ = ["read_folder", "read_json", "read_zip", "service_id", "write"]

Progress = Callable[[int, "int | None"], None]
_NEEDED = ("services.csv", "organizations.csv")


def read_json(path: Path, limit_rows: int, progress: Progress | None = None) -> list[Sheet]:
    """One Sheet with the parties and offers of a JSON file, in its order.

    Raises Unreadable: too_large, not_json, not_hsds, too_many_rows, empty (a list without entries).
    """
    if path.stat().st_size > delimited.LARGEST_FILE:
        raise refusal("too_large", limit=delimited.LARGEST_FILE // 1024 // 1024)
    try:
        document: Any = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise refusal("not_json", line=error.lineno) from None
    base, pages = "", 1
    if isinstance(document, dict) and isinstance(document.get("contents"), list):
        base, pages, document = "/contents", document.get("total_pages", 1), document["contents"]
    single = isinstance(document, dict)
    items: list[Any] = [document] if single else document if isinstance(document, list) else []
    if not items:
        raise refusal("empty") if document == [] else refusal("not_hsds", missing="id, name, status")
    if len(items) > limit_rows:
        raise refusal("too_many_rows", sheet="", limit=limit_rows)
    if not any(looks_like(item) for item in items):
        raise refusal("not_hsds", missing=wrong_shape(items[0]))
    collector = Collector(Sheet(path.name, None))
    for index, item in enumerate(items):
        pointer = base if single else f"{base}/{index}"
        row = index + 1

        def where(name: str = "", pointer: str = pointer, row: int = row) -> Place:
            return Place(path.name, None, row, f"{pointer}/{name}" if name else pointer or "/")

        collector.take(item, where)
        if progress is not None and (row % 500 == 0 or row == len(items)):
            progress(row, len(items))
    if isinstance(pages, int) and pages > 1:
        collector.sheet.notices.append(fault(Place(path.name), "hsds_more_pages", value=pages))
    return [collector.sheet]


def read_folder(folder: Path, limit_rows: int, progress: Progress | None = None) -> list[Sheet]:
    """One Sheet with the parties and offers of a tabular package unpacked in `folder`. Raises Unreadable."""
    found = {path.name: path for path in sorted(folder.glob("*.csv"))}
    if not any(name in found for name in _NEEDED):
        raise refusal("broken_package", missing=", ".join(_NEEDED))
    if sum(path.stat().st_size for path in found.values()) > 4 * delimited.LARGEST_FILE:
        raise refusal("too_large", limit=4 * delimited.LARGEST_FILE // 1024 // 1024)
    return _tables({name: path.read_bytes() for name, path in found.items()}, folder.name, limit_rows, progress)


def read_zip(path: Path, limit_rows: int, progress: Progress | None = None) -> list[Sheet]:
    """One Sheet with the parties and offers of a zipped tabular package. Raises Unreadable."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_size(archive)
            contents = {
                name.rsplit("/", 1)[-1]: archive.read(name)
                for name in archive.namelist()
                if name.endswith(".csv") and not name.startswith("__MACOSX")
            }
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise refusal("unknown_format") from None
    if not any(name in contents for name in _NEEDED):
        raise refusal("broken_package", missing=", ".join(_NEEDED))
    return _tables(contents, path.name, limit_rows, progress)


def _tables(contents: dict[str, bytes], name: str, limit_rows: int, progress: Progress | None) -> list[Sheet]:
    tables: Tables = {file: _rows(file, data, limit_rows) for file, data in contents.items()}
    collector = Collector(Sheet(name, None))
    documents = assemble(tables)
    for done, (item, where) in enumerate(documents, start=1):
        collector.take(item, where)
        if progress is not None and (done % 500 == 0 or done == len(documents)):
            progress(done, len(documents))
    return [collector.sheet]


def _rows(file: str, data: bytes, limit_rows: int) -> list[tuple[int, dict[str, str]]]:
    """The rows of one table as dicts of its filled columns, with their row numbers."""
    text = delimited.decode(data)
    try:
        grid = delimited.grid(file, text, ",", limit_rows * 4)
    except csv.Error as error:
        raise refusal("broken_csv", line=error.args[-1]) from None
    if not grid.rows:
        return []
    names = [str(cell or "").strip() for cell in grid.rows[0][1]]
    return [
        (number, {name: str(cell) for name, cell in zip(names, cells, strict=False) if cell is not None})
        for number, cells in grid.rows[1:]
    ]

"""The door for files: which kind a file is, and its sheets as records."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from exchange import delimited, hsds, record_sheets, workbook
from exchange.grid import Grid
from exchange.headings import NAMES, Heading, fields_text, find
from exchange.messages import fault, refusal, shorten
from exchange.record_sheets import SheetKind
from exchange.records import Place, Sheet
from exchange.rows import sheet_of

#: Rows below the heading that hold something, in one sheet.
LIMIT_ROWS = 100_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Progress = Callable[[int, "int | None"], None]


def read(
    path: str | Path,
    *,
    progress: Progress | None = None,
    limit_rows: int = LIMIT_ROWS,
    records: Sequence[SheetKind] = (),
) -> list[Sheet]:
    """The sheets of a file in file order, by its content first and its extension second.

    An .xlsx gives one Sheet for each worksheet, those not taken included, with a fault or notice that says why; a
    .csv gives one; HSDS (a .json, a folder or zip of CSV tables, its datapackage.json) gives one. Nothing is dropped
    in silence: what is no record is a fault or a notice. `progress(rows done, rows in all or None)` is called
    about every 500 rows. O(cells); memory grows with the rows that hold something. A sheet that bears the name of one
    of the kinds in `records` is a `RecordSheet`.

    Raises Unreadable when nothing of the file can be taken; its codes are listed in docs/import.md.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return hsds.read_folder(path, limit_rows, progress)
        with path.open("rb") as stream:
            start = stream.read(4096)
        if not start.strip():
            raise refusal("empty")
        if start.startswith(_OLE):
            raise refusal("encrypted" if _is_encrypted(path) else "old_workbook")
        if start.startswith(b"PK"):
            return _archive(path, limit_rows, progress, records)
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            raise refusal("not_a_workbook")
        if path.name == "datapackage.json":
            return hsds.read_folder(path.parent, limit_rows, progress)
        if path.suffix.lower() == ".json" or start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
            return hsds.read_json(path, limit_rows, progress)
        if path.suffix.lower() not in (".csv", ".txt", ".tsv") or start.startswith((b"%PDF", b"<")):
            raise refusal("unknown_format")
        grids = delimited.grids(path, limit_rows)
        return record_sheets.best(grids, records) or [_best(grids, limit_rows, progress)]
    except OSError:
        raise refusal("not_found") from None


def _is_encrypted(path: Path) -> bool:
    """Office wraps an encrypted package in an OLE file; the stream's name stands in its directory (MS-OFFCRYPTO)."""
    name = "EncryptedPackage".encode("utf-16-le")
    kept = b""
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            if name in kept + block:
                return True
            kept = block[-len(name) :]
    return False


def _archive(path: Path, limit_rows: int, progress: Progress | None, records: Sequence[SheetKind]) -> list[Sheet]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if any(member.flag_bits & 1 for member in archive.infolist()):
                raise refusal("encrypted")
    except zipfile.BadZipFile:
        raise refusal("not_a_workbook") from None
    if "xl/workbook.xml" in names:
        grids = workbook.grids(path, limit_rows, progress)
        return record_sheets.of(grids, records) or _workbook(grids, limit_rows, progress)
    if any(name.rsplit("/", 1)[-1] in ("services.csv", "organizations.csv", "datapackage.json") for name in names):
        return hsds.read_zip(path, limit_rows, progress)
    raise refusal("not_a_workbook" if path.suffix.lower() != ".zip" else "unknown_format")


def _workbook(grids: list[Grid], limit_rows: int, progress: Progress | None) -> list[Sheet]:
    sheets: list[Sheet] = []
    seen: list[tuple[Grid, Heading | None]] = []
    for grid in grids:
        place = Place(grid.file, grid.sheet)
        sheet = Sheet(grid.file, grid.sheet)
        if grid.hidden:
            sheet.notices.append(fault(place, "sheet_hidden"))
        elif not grid.rows:
            sheet.notices.append(fault(place, "sheet_empty"))
        else:
            heading = find(grid)
            seen.append((grid, heading))
            if heading is not None and not heading.missing:
                sheet = _taken(grid, heading, limit_rows, progress)
            elif heading is None:
                sheet.faults.append(fault(place, "sheet_not_recognised"))
            else:
                zh, en = NAMES[heading.kind]
                lack, lack_en = fields_text(heading.kind, heading.missing)
                more = {"kind": zh, "kind_en": en, "row": heading.row, "missing": lack, "missing_en": lack_en}
                sheet.faults.append(fault(place, "sheet_heading_incomplete", (), **more))
        sheets.append(sheet)
    if not seen and not any(grid.hidden for grid in grids):
        raise refusal("empty")
    if not any(sheet.kind for sheet in sheets):
        _refuse([heading for _grid, heading in seen])
    return sheets


def _best(grids: list[Grid], limit_rows: int, progress: Progress | None) -> Sheet:
    """The grid whose heading knows most columns: that was the separator."""
    headings = [(find(grid), grid) for grid in grids]
    complete = [(heading, grid) for heading, grid in headings if heading is not None and not heading.missing]
    if not complete:
        _refuse([heading for heading, _grid in headings])
    heading, grid = max(complete, key=lambda pair: len(pair[0].columns))
    return _taken(grid, heading, limit_rows, progress)


def _taken(grid: Grid, heading: Heading, limit_rows: int, progress: Progress | None) -> Sheet:
    if len(grid.rows) - heading.last - 1 > limit_rows:
        sheet = f"“{shorten(grid.sheet)}” " if grid.sheet else ""
        raise refusal("too_many_rows", sheet=sheet, limit=limit_rows)
    return sheet_of(grid, heading, progress)


def _refuse(headings: list[Heading | None]) -> None:
    """Raises Unreadable for a file without a heading, naming the nearest and what it lacks."""
    found = [heading for heading in headings if heading is not None]
    if not found:
        raise refusal("no_heading_at_all")
    best = max(found, key=lambda heading: (-len(heading.missing), len(heading.columns)))
    zh, en = NAMES[best.kind]
    missing, missing_en = fields_text(best.kind, best.missing)
    known = "、".join(shorten(best.texts[index]) for index in best.columns.values())
    raise refusal("no_heading", kind=zh, kind_en=en, row=best.row, found=known, missing=missing, missing_en=missing_en)

"""Records out as sheets: what is written and imported again changes nothing, of whatever kind; identities stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_county import COUNTY, OTHER_COUNTY
from test_records import SAVED, Book, book  # noqa: F401

from db.viewer import Viewer
from exchange import record_writing
from exchange.record_sheets import SheetColumn, SheetKind
from exchange.record_writing import Table
from resolvers import imports, record_export
from resolvers.errors import InvalidInput, NotAllowed


@pytest.mark.parametrize("name", ["台账.xlsx", "台账.csv"])
def test_records_of_every_kind_come_back_unchanged(book: Book, tmp_path: Path, name: str) -> None:  # noqa: F811
    context, path = book.stage.county.context, tmp_path / name
    counts = book.do(record_export.run(context, path))
    assert set(counts) == {name for name in SAVED if name in book.things}
    before = _records(book)
    report = book.do(imports.run(context, path))
    assert [(one.place, one.code, one.text_en) for one in report.faults] == []
    assert report.changes == []
    assert (dict(report.new), dict(report.unchanged)) == ({}, counts)
    assert report.written
    assert _records(book) == before


def _records(book: Book) -> list[Any]:  # noqa: F811
    """Every record, and the events about records: matches may be renewed beside."""
    told = "SELECT count(*) FROM event WHERE kind LIKE '%.saved'"
    return [*book.rows()[:-1], book.do(book.stage.county.one(told))]


def test_nothing_of_an_identity_is_written(book: Book, tmp_path: Path) -> None:  # noqa: F811
    book.do(record_export.run(book.stage.county.context, tmp_path / "台账.csv"))
    text = (tmp_path / "台账.csv").read_text(encoding="utf-8-sig")
    headings = {cell for line in text.splitlines() for cell in line.split(",")}
    assert headings.isdisjoint({"identity", "身份", "身份证号", "手机号"})


def test_an_area_is_exported_with_what_lies_below_it(book: Book, tmp_path: Path) -> None:  # noqa: F811
    context = book.stage.county.context
    whole = book.do(record_export.run(context, tmp_path / "all.csv"))
    assert book.do(record_export.run(context, tmp_path / "here.csv", area=COUNTY)) == whole
    elsewhere = book.do(record_export.run(context, tmp_path / "there.csv", area=OTHER_COUNTY))
    assert elsewhere == {}
    with pytest.raises(InvalidInput):
        book.do(record_export.run(context, tmp_path / "no.csv", area="999999"))
    assert not (tmp_path / "no.csv").exists()


def test_only_administrators_may_take_everything_out(book: Book, tmp_path: Path) -> None:  # noqa: F811
    viewers: list[Viewer] = [Viewer(), book.do(book.stage.county.coordinator())]
    for viewer in viewers:
        with pytest.raises(NotAllowed):
            book.do(record_export.run(book.stage.county.by(viewer), tmp_path / "no.xlsx"))
    assert not (tmp_path / "no.xlsx").exists()


def test_an_extension_that_is_none_of_ours_writes_nothing(tmp_path: Path) -> None:
    kind = SheetKind("x", "某", "x", (), (SheetColumn("name", "text", "名称"),))
    rows: list[list[Any]] = [["甲"]]
    with pytest.raises(ValueError, match=r"\.xlsx or \.csv"):
        record_writing.write(tmp_path / "x.json", [Table(kind, ("名称",), rows)])
    assert list(tmp_path.iterdir()) == []

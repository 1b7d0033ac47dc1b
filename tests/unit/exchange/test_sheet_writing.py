"""Lists and rejected rows as files."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from exchange.reading import read
from exchange.records import NeedRecord, PartyRecord, Place, Sheet
from exchange.writing import write, write_rejects

HERE = Place("list")
NEED = NeedRecord(HERE, "=HYPERLINK(1)", "王庄村", 2, unit="台", platform_id="TmVlZDox")


def test_an_exported_workbook_has_three_lists_with_frozen_headings_and_no_formula(tmp_path: Path) -> None:
    write(tmp_path / "out.xlsx", [Sheet("x", None, records=[NEED])])
    book = load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["需求清单", "资源清单", "组织名录"]
    assert all(sheet.freeze_panes == "A2" for sheet in book)
    cell = book["需求清单"]["C2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=HYPERLINK(1)", "s", True)


def test_a_csv_of_several_lists_is_several_files_that_excel_opens(tmp_path: Path) -> None:
    party = PartyRecord(HERE, "ORGANIZATION", "甲中心")
    written = write(tmp_path / "out.csv", [Sheet("x", None, records=[NEED, party])])
    assert [path.name for path in written] == ["out-需求清单.csv", "out-组织名录.csv"]
    assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in written)
    assert ",'=HYPERLINK(1)," in written[0].read_text(encoding="utf-8-sig")


def test_an_unknown_extension_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.xlsx or \.csv"):
        write(tmp_path / "out.ods", [Sheet("x", None, records=[NEED])])
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    broken = NeedRecord(HERE, "冰箱", "王庄村", 1, priority="NEVER")  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        write(path, [Sheet("x", None, records=[broken])])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("extension", [".xlsx", ".csv"])
def test_rejected_rows_come_back_with_their_reasons_and_can_be_corrected(tmp_path: Path, extension: str) -> None:
    source = tmp_path / "in.csv"
    source.write_text("梁山县\n编号,需求名称,村(社区),数量\nA1,冰箱,王庄村,1\n'=A2,棉衣,,-2\n", encoding="utf-8")
    sheets = read(source)
    (path,) = write_rejects(tmp_path / f"rejects{extension}", sheets)
    (again,) = read(path)
    assert again.heading == ("编号", "需求名称", "村(社区)", "数量")
    assert sorted(fault.code for fault in again.faults) == ["MISSING", "NEGATIVE"]
    assert again.faults[0].original == ("=A2", "棉衣", "", "-2")
    if extension == ".csv":
        text = path.read_text(encoding="utf-8-sig")
        assert "C4 缺少村(社区)" in text
        assert "D4 数量不能是负数" in text
        path.write_text(text.replace("棉衣,,'-2", "棉衣,李庄村,2"), encoding="utf-8-sig")
    else:
        book = load_workbook(path)
        book.active["C2"], book.active["D2"] = "李庄村", 2
        book.save(path)
    (corrected,) = read(path)
    assert not corrected.faults
    assert not corrected.notices
    assert [(r.title, r.quantity, r.reference) for r in corrected.records if isinstance(r, NeedRecord)] == [
        ("棉衣", 2, "=A2")
    ]


def test_without_a_faulty_row_no_rejects_are_written(tmp_path: Path) -> None:
    assert write_rejects(tmp_path / "rejects.xlsx", [Sheet("x", None, records=[NEED])]) == []
    assert not list(tmp_path.iterdir())

"""Workbooks and CSV files as tests need them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from exchange.reading import read
from exchange.records import Sheet

NEEDS = ["需求名称", "村(社区)", "数量"]


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Makes an .xlsx of one sheet: rows of cells, and ranges to merge."""

    def make(rows: Sequence[Sequence[Any]], merges: Sequence[str] = (), title: str = "Sheet1") -> Path:
        workbook = Workbook()
        sheet = workbook.active
        sheet.title = title
        for row in rows:
            sheet.append(list(row))
        for merge in merges:
            sheet.merge_cells(merge)
        path = tmp_path / "list.xlsx"
        workbook.save(path)
        return path

    return make


@pytest.fixture
def sheet(book: Callable[..., Path]) -> Callable[..., Sheet]:
    """Reads an .xlsx of one sheet made of rows."""

    def make(rows: Sequence[Sequence[Any]], merges: Sequence[str] = (), title: str = "Sheet1") -> Sheet:
        return read(book(rows, merges, title))[0]

    return make

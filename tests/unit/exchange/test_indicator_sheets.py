"""A standard's tree is read from a sheet in either layout, whole, or told where it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange.errors import Unreadable
from exchange.indicator_tree import GradeRecord, leaves, levels
from exchange.indicators import read

Book = Callable[..., Path]
FACTS: list[list[Any]] = [
    ["标准编号", "SL-1"],
    ["标准名称", "示例标准(虚构)"],
    ["满分", 100],
    ["依据", "示例,非任何地方的真实标准"],
    ["启用日期", "2026-01-01"],
    ["等级", "合格", 60, "是"],
    ["等级", "不合格", 0, "否"],
]
ROWS: list[list[Any]] = [
    ["编号", "上级编号", "指标名称", "分值", "级别", "佐证材料", "评分标准"],
    ["1", None, "场地", 40, 1, None, None],
    ["1.1", "1", "两室", 25.5, 2, "照片", "缺一室扣 5 分"],
    ["1.2", "1", "两中心", 14.5, "二级", None, None],
    ["2", None, "服务", "60分", "一", None, None],
    ["合计", None, None, 100, None, None, None],
]


def test_a_row_for_each_indicator(book: Book) -> None:
    found = read(book([*FACTS, *ROWS]))
    assert found is not None
    assert found.faults == []
    assert (found.code, found.title, found.full, found.from_on) == ("SL-1", "示例标准(虚构)", 100, date(2026, 1, 1))
    assert found.grades == [GradeRecord("合格", Decimal(60), True), GradeRecord("不合格", Decimal(0), False)]
    assert [(one.code, one.parent, one.weight, one.evidence) for one in found.records] == [
        ("1", None, Decimal(40), None),
        ("1.1", "1", Decimal("25.5"), "照片"),
        ("1.2", "1", Decimal("14.5"), None),
        ("2", None, Decimal(60), None),
    ]


def test_levels_side_by_side_with_merged_cells(book: Book) -> None:
    rows = [
        *FACTS,
        ["一级指标", "二级指标", "三级指标", "分值", "佐证材料"],
        ["场地(40分)", "两室", "社工办公室", 10, "照片"],
        [None, None, "个案工作室", 10, None],
        [None, "两中心(20分)", "社工服务中心", 20, None],
        ["服务", "个案", None, 60, "档案"],
        [None, None, None, None, "满意度表"],
    ]
    found = read(book(rows, ["A9:A11", "B9:B10"]))
    assert found is not None
    assert found.faults == []
    assert [(one.code, one.title, one.weight) for one in found.records] == [
        ("1", "场地", Decimal(40)),
        ("1.1", "两室", Decimal(20)),
        ("1.1.1", "社工办公室", Decimal(10)),
        ("1.1.2", "个案工作室", Decimal(10)),
        ("1.2", "两中心", Decimal(20)),
        ("1.2.1", "社工服务中心", Decimal(20)),
        ("2", "服务", Decimal(60)),
        ("2.1", "个案", Decimal(60)),
    ]
    assert found.records[-1].evidence == "档案\n满意度表"


def test_a_column_of_weights_for_each_level(book: Book) -> None:
    rows = [
        *FACTS,
        ["一级指标", "分值", "二级指标", "分值"],
        ["场地", 50, "两室", 20],
        [None, None, "两中心", 20],
        ["服务", 50, "个案", 50],
    ]
    found = read(book(rows))
    assert found is not None
    (fault,) = found.faults
    assert (fault.code, fault.place.row) == ("SUM_OFF", 9)
    assert "合计 40,应为 50" in fault.text_zh


def test_every_place_where_the_sum_is_off_is_told_by_its_row(book: Book) -> None:
    rows = [*FACTS, *ROWS[:1], ["1", None, "场地", 41], ["1.1", "1", "两室", 25.5], ["1.2", "1", "两中心", 14.5]]
    found = read(book(rows))
    assert found is not None
    assert [(fault.code, fault.place.row) for fault in found.faults] == [("SUM_OFF", None), ("SUM_OFF", 9)]
    assert "41, not to the full score 100" in found.faults[0].text_en
    assert "sum to 40, not to its own 41" in found.faults[1].text_en


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([["依据", "无"], *ROWS], ["MISSING", "MISSING"]),
        ([*FACTS, ["等级", "优", "很高", "是"], *ROWS], ["NOT_A_NUMBER"]),
        ([*FACTS, ["等级", "优", 90, "也许"], *ROWS], ["NOT_YES_OR_NO"]),
        ([*FACTS, ["启用日期", "某日"], *ROWS], ["NOT_A_DATE"]),
        ([*FACTS, ROWS[0], ["1", None, None, 100]], ["MISSING"]),
        ([*FACTS, ROWS[0], ["1", None, "场地", "一半"]], ["NOT_A_NUMBER"]),
        ([*FACTS, ROWS[0], ["1", "9", "场地", 100]], ["UNKNOWN_PARENT", "SUM_OFF"]),
        ([*FACTS, ["一级指标", "二级指标", "分值"], ["场地", "两室", None]], ["MISSING"]),
        ([*FACTS, ["一级指标", "二级指标", "分值"], [None, "两室", 100]], ["UNKNOWN_PARENT"]),
    ],
)
def test_what_is_wrong_is_told(book: Book, rows: Sequence[Sequence[Any]], codes: list[str]) -> None:
    found = read(book(rows))
    assert found is not None
    assert [fault.code for fault in found.faults] == codes
    assert all(fault.text_zh and fault.text_en for fault in found.faults)


def test_another_list_is_none_of_ours(book: Book, tmp_path: Path) -> None:
    assert read(book([["需求名称", "村(社区)", "数量"], ["轮椅", "甲村", 1]])) is None
    assert read(tmp_path / "missing.xlsx") is None
    other = tmp_path / "list.json"
    other.write_text("[]")
    assert read(other) is None


def test_the_shipped_example_has_four_levels_and_37_leaves_and_says_that_it_is_one() -> None:
    path = Path(__file__).parents[3] / "docs" / "examples" / "indicators.csv"
    found = read(path)
    assert found is not None
    assert found.faults == []
    assert (max(level or 0 for level in levels(found.records)), len(leaves(found.records))) == (4, 37)
    assert "示例" in found.title
    assert "虚构" in found.citation


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_text('编号,指标名称,分值\n1,"场地,100\n')
    with pytest.raises(Unreadable):
        read(path)

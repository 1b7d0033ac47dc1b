"""Reading a standard's indicator tree from a sheet (.xlsx or .csv).

Above the heading stand the facts of the standard, each in a row of its own: 标准编号, 标准名称, 满分, 依据, 启用日期,
停用日期, and for each grade a row 等级, its name, its least score, 是 or 否 for whether it passes. Below the heading
stand the indicators, in one of two layouts: a row each with 编号, 上级编号, 指标名称, 分值; or the levels side by side
(一级指标, 二级指标, ...) with 分值, cells left empty (or merged) where the one above still holds.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from exchange import delimited, values, workbook
from exchange.grid import Cell, Grid, as_text
from exchange.indicator_tree import MOST_INDICATORS, GradeRecord, IndicatorRecord, TreeFault, faults, grade_faults
from exchange.messages import shorten
from exchange.records import Fault, Place
from exchange.text import fold, tidy

FULL = Decimal(100)
_ROWS = 20 * MOST_INDICATORS
_HEADINGS = {
    "code": ("编号", "指标编号", "指标代码", "代码", "code"),
    "parent": ("上级编号", "上级", "上级指标", "parent"),
    "title": ("指标名称", "指标", "评估指标", "名称", "title", "indicator"),
    "weight": ("分值", "权重", "分数", "标准分", "weight", "points"),
    "level": ("级别", "层级", "level"),
    "evidence": ("佐证材料", "证明材料", "评估材料", "需查看的材料", "evidence"),
    "scoring": ("评分标准", "评分细则", "评分办法", "计分方法", "scoring"),
}
_FIELDS = {fold(word): name for name, words in _HEADINGS.items() for word in words}
_LEVELS = {f"{digit}级指标": level for level, digit in enumerate("一二三四五六七八九", start=1)}
_FACTS = {
    "code": ("标准编号", "标准代码", "standard"),
    "title": ("标准名称", "title"),
    "full": ("满分", "总分", "fullscore"),
    "citation": ("依据", "出处", "citation"),
    "from_on": ("启用日期", "施行日期", "from"),
    "until_on": ("停用日期", "失效日期", "until"),
    "grade": ("等级", "grade"),
}
_KEYS = {fold(word): name for name, words in _FACTS.items() for word in words}
_NAMES = {"code": "标准编号", "title": "标准名称", "citation": "依据"}
_IN_BRACKETS = re.compile(r"^(.*?)[(（]\s*(\d+(?:\.\d+)?)\s*分?\s*[)）]$", re.DOTALL)
_YES, _NO = ("是", "yes", "true", "1"), ("否", "no", "false", "0")


@dataclass(slots=True)
class IndicatorList:
    """What a sheet says: the standard's facts, its grades and its indicators, with `places` beside them; all faults."""

    file: str
    sheet: str | None
    code: str = ""
    title: str = ""
    full: Decimal = FULL
    citation: str = ""
    from_on: date | None = None
    until_on: date | None = None
    grades: list[GradeRecord] = field(default_factory=list)
    records: list[IndicatorRecord] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    originals: list[tuple[str, ...]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class _Heading:
    index: int
    fields: dict[str, int]
    #: Level by column, and which level a column of weights is about (None: whichever a row ends with).
    levels: dict[int, int]
    weights: dict[int, int | None]


def read(path: str | Path) -> IndicatorList | None:
    """The first indicator tree of a file, None where it holds none (it may hold lists of another kind).

    Faults of the sheet (MISSING, NOT_A_NUMBER, NOT_A_DATE, NOT_YES_OR_NO), else those of the tree
    (`indicator_tree.faults`): a list with any is not to be taken. Raises Unreadable for a damaged file. O(cells).
    """
    path = Path(path)
    for grid in _grids(path):
        heading = _heading(grid)
        if heading is not None:
            return _read(grid, heading)
    return None


def _grids(path: Path) -> list[Grid]:
    try:
        with path.open("rb") as stream:
            start = stream.read(2)
    except OSError:
        return []
    if start == b"PK":
        try:
            with zipfile.ZipFile(path) as archive:
                if "xl/workbook.xml" not in archive.namelist():
                    return []
        except zipfile.BadZipFile:
            return []
        return [grid for grid in workbook.grids(path, _ROWS) if not grid.hidden]
    return delimited.grids(path, _ROWS) if start.strip() and path.suffix.lower() in (".csv", ".txt", ".tsv") else []


def _heading(grid: Grid) -> _Heading | None:
    for index, (_, cells) in enumerate(grid.rows[:30]):
        found, depth, weights = dict[str, int](), dict[int, int](), dict[int, int | None]()
        for column, cell in enumerate(cells):
            word = fold(as_text(cell))
            if word in _LEVELS:
                depth[column] = _LEVELS[word]
            elif _FIELDS.get(word) == "weight":
                weights[column] = None
            elif word in _FIELDS:
                found.setdefault(_FIELDS[word], column)
        if weights and ((1 in depth.values()) or {"code", "title"} <= set(found)):
            if len(weights) > 1:
                weights = {at: max((depth[c] for c in depth if c < at), default=None) for at in weights}
            return _Heading(index, found, depth, weights)
    return None


def _read(grid: Grid, heading: _Heading) -> IndicatorList:
    read = IndicatorList(grid.file, grid.sheet)
    for number, cells in grid.rows[: heading.index]:
        _fact(read, number, cells)
    for name, zh in _NAMES.items():
        if not getattr(read, name):
            _fault(read, None, "MISSING", f"表头上方缺少“{zh}”", f"“{zh}” ({name}) is missing above the heading")
    before = len(read.faults)
    if heading.levels:
        _side_by_side(read, grid, heading)
    else:
        _one_a_row(read, grid, heading)
    whole = len(read.faults) == before
    for found in (*(faults(read.records, read.full) if whole else ()), *grade_faults(read.grades, read.full)):
        _tree_fault(read, found)
    return read


def _fault(read: IndicatorList, row: int | None, code: str, zh: str, en: str, original: tuple[str, ...] = ()) -> None:
    read.faults.append(Fault(Place(read.file, read.sheet, row), code, zh, en, original))


def _tree_fault(read: IndicatorList, found: TreeFault) -> None:
    row = read.places[found.row].row if found.row is not None else None
    original = read.originals[found.row] if found.row is not None else ()
    _fault(read, row, found.code, found.text_zh, found.text_en, original)


def _fact(read: IndicatorList, number: int, cells: list[Cell]) -> None:
    """A row above the heading: a fact of the standard, or its title, or nothing to us."""
    said = [tidy(as_text(cell)) for cell in cells]
    filled = [one for one in said if one]
    if len(filled) == 1:
        first, mark, rest = re.sub("[：]", ":", filled[0], count=1).partition(":")
        if mark and fold(first) in _KEYS and rest.strip():
            filled = [first, rest.strip()]
        else:
            read.title = read.title or filled[0]
            return
    name = _KEYS.get(fold(filled[0].rstrip(":："))) if filled else None
    if name is None or len(filled) < 2:
        return
    if name == "grade":
        _grade(read, number, filled[1:])
    elif name == "full":
        read.full = _number(read, number, filled[1], "满分") or read.full
    elif name in ("from_on", "until_on"):
        _day(read, number, name, cells[said.index(filled[1])] if filled[1] in said else filled[1])
    else:
        setattr(read, name, filled[1])


def _day(read: IndicatorList, number: int, name: str, cell: Cell) -> None:
    try:
        setattr(read, name, values.day(cell))
    except values.ValueFault:
        shown = shorten(as_text(cell))
        _fault(read, number, "NOT_A_DATE", f"不是日期:{shown}", f"not a date: {shown}")


def _grade(read: IndicatorList, number: int, said: list[str]) -> None:
    if len(said) < 3:
        zh, en = "等级一行应有名称、最低分、是否合格", "a grade has a name, a least score, and 是 or 否 for passing"
        _fault(read, number, "MISSING", zh, en)
        return
    least = _number(read, number, said[1], "最低分")
    passes = fold(said[2])
    if passes not in (*_YES, *_NO):
        shown = shorten(said[2])
        zh, en = f"是否合格应填“是”或“否”:{shown}", f"whether it passes is 是 or 否, not {shown}"
        _fault(read, number, "NOT_YES_OR_NO", zh, en)
    elif least is not None:
        read.grades.append(GradeRecord(said[0], least, passes in _YES))


def _number(read: IndicatorList, row: int, text: str, zh: str, original: tuple[str, ...] = ()) -> Decimal | None:
    plain = fold(text).removesuffix("分").removesuffix("%")
    try:
        number = Decimal(plain) if len(plain) <= 20 and plain.isascii() else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        shown = shorten(text)
        _fault(read, row, "NOT_A_NUMBER", f"{zh}不是数:{shown}", f"{zh} is not a number: {shown}", original)
        return None
    return number


def _at(cells: list[Cell], column: int | None) -> str:
    return tidy(as_text(cells[column])) if column is not None and column < len(cells) else ""


def _add(read: IndicatorList, number: int, original: tuple[str, ...], record: IndicatorRecord) -> None:
    read.records.append(record)
    read.places.append(Place(read.file, read.sheet, number))
    read.originals.append(original)


def _one_a_row(read: IndicatorList, grid: Grid, heading: _Heading) -> None:
    columns = heading.fields
    weight_at = next(iter(heading.weights))
    for number, cells in grid.rows[heading.index + 1 :]:
        original = tuple(as_text(cell) for cell in cells)
        code, title = _at(cells, columns["code"]), _at(cells, columns["title"])
        if fold(code or title) in ("合计", "总计", "total"):
            continue
        for zh, value in (("编号", code), ("指标名称", title), ("分值", _at(cells, weight_at))):
            if not value:
                _fault(read, number, "MISSING", f"缺少{zh}", f"{zh} is missing", original)
        weight = _at(cells, weight_at)
        points = _number(read, number, weight, "分值", original) if weight else None
        level = _at(cells, columns.get("level"))
        depth = _level(read, number, level, original) if level else None
        if code and title and points is not None:
            _add(
                read,
                number,
                original,
                IndicatorRecord(
                    code,
                    _at(cells, columns.get("parent")) or None,
                    title,
                    points,
                    depth,
                    _at(cells, columns.get("evidence")) or None,
                    _at(cells, columns.get("scoring")) or None,
                ),
            )


def _level(read: IndicatorList, number: int, text: str, original: tuple[str, ...]) -> int | None:
    word = fold(text).removesuffix("指标").removesuffix("级")
    if word.isdecimal() and len(word) == 1:
        return int(word)
    found = "一二三四五六七八九".find(word) + 1 if len(word) == 1 else 0
    if not found:
        zh, en = f"级别应为 1 到 9:{shorten(text)}", f"a level is 1 to 9, not {shorten(text)}"
        _fault(read, number, "NOT_A_NUMBER", zh, en, original)
    return found or None


@dataclass(slots=True)
class _Node:
    number: int
    original: tuple[str, ...]
    code: str
    parent: _Node | None
    title: str
    weight: Decimal | None
    evidence: str = ""
    scoring: str = ""
    below: list[_Node] = field(default_factory=list)

    def weigh(self) -> Decimal:
        """Its weight, or where none is stated what stands below it sums to."""
        if self.weight is None:
            self.weight = sum((one.weigh() for one in self.below), Decimal(0))
        return self.weight


def _side_by_side(read: IndicatorList, grid: Grid, heading: _Heading) -> None:
    """Codes follow from where an indicator stands: 1, 1.1, 1.2, 2."""
    nodes: list[_Node] = []
    tops: list[_Node] = []
    path: dict[int, _Node] = {}
    for number, cells in grid.rows[heading.index + 1 :]:
        original = tuple(as_text(cell) for cell in cells)
        titles = {level: _at(cells, column) for column, level in heading.levels.items() if _at(cells, column)}
        if any(fold(title) in ("合计", "总计", "total") for title in titles.values()):
            continue
        weights = _weights(read, number, cells, heading, titles, original)
        texts = (_at(cells, heading.fields.get("evidence")), _at(cells, heading.fields.get("scoring")))
        made = False
        for level in sorted(titles):
            title, stated = titles[level], weights.get(level)
            inside = _IN_BRACKETS.match(title)
            if inside and stated is None:
                title, stated = inside[1].strip(), Decimal(inside[2])
            if level in path and path[level].title == title and level != max(titles):
                continue
            if level > 1 and level - 1 not in path:
                zh, en = f"“{shorten(title)}”没有上一级指标", f"nothing stands above “{shorten(title)}”"
                _fault(read, number, "UNKNOWN_PARENT", zh, en, original)
                break
            above = path.get(level - 1)
            siblings = tops if above is None else above.below
            code = f"{above.code}.{len(siblings) + 1}" if above else str(len(siblings) + 1)
            node = _Node(number, original, code, above, title, stated)
            siblings.append(node)
            nodes.append(node)
            path = {at: one for at, one in path.items() if at < level} | {level: node}
            made = True
        if made or not titles:
            _texts(read, number, path, texts, made, weights, original)
    for node in nodes:
        if not node.below and node.weight is None:
            zh, en = f"“{shorten(node.title)}”缺少分值", f"“{shorten(node.title)}” has no weight"
            _fault(read, node.number, "MISSING", zh, en, node.original)
    for node in nodes:
        parent = node.parent.code if node.parent else None
        record = IndicatorRecord(
            node.code, parent, node.title, node.weigh(), None, node.evidence or None, node.scoring or None
        )
        _add(read, node.number, node.original, record)


def _weights(
    read: IndicatorList,
    number: int,
    cells: list[Cell],
    heading: _Heading,
    titles: dict[int, str],
    original: tuple[str, ...],
) -> dict[int, Decimal]:
    """The weights a row states, by level; level 0 where the row has no title that one could be of."""
    found: dict[int, Decimal] = {}
    for column, level in heading.weights.items():
        text = _at(cells, column)
        points = _number(read, number, text, "分值", original) if text else None
        if points is not None:
            found[level if level is not None else max(titles, default=0)] = points
    return found


def _texts(
    read: IndicatorList,
    number: int,
    path: dict[int, _Node],
    texts: tuple[str, str],
    made: bool,
    weights: dict[int, Decimal],
    original: tuple[str, ...],
) -> None:
    """Evidence and scoring belong to the deepest indicator; a row of these alone goes on with the one above."""
    if not made and (weights or not path):
        _fault(read, number, "MISSING", "缺少指标名称", "the name of the indicator is missing", original)
        return
    node = path[max(path)]
    node.evidence = "\n".join(one for one in (node.evidence, texts[0]) if one)
    node.scoring = "\n".join(one for one in (node.scoring, texts[1]) if one)

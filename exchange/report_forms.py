"""What a report says, in the table form that counties use: the same for a sheet and for a page.

Every text is in both languages; values are what is shown already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

#: A text in 中文 and in English.
Words = tuple[str, str]
#: A number, or what stands in its place: "<5", "≥12", "*", "—".
Value = Decimal | str


@dataclass(frozen=True, slots=True)
class Heading:
    """A measure as a column."""

    name: Words
    unit: Words


@dataclass(frozen=True, slots=True)
class Line:
    """An area and its values, one a heading."""

    name: Words
    values: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Table:
    """One section: measures as columns, areas as rows, the whole area last."""

    name: Words
    headings: Sequence[Heading]
    lines: Sequence[Line]
    total: Line


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure of the whole area: now, before, what changed (and by how many percent), planned, done in percent."""

    heading: Heading
    now: Value
    former: Value
    difference: Value
    percent: Value
    planned: Value
    done: Value
    parts: Sequence[tuple[Words, Value]]


@dataclass(frozen=True, slots=True)
class Form:
    """A whole report."""

    title: Words
    unit: str
    period: Words
    filled_by: str
    made_at: str
    against: Words | None
    provisional: bool
    tables: Sequence[Table]
    compared: Sequence[Compared]
    notes: Sequence[Words]


#: What is printed on every form: 中文, English.
AREA: Words = ("地区", "Area")
TOTAL: Words = ("合计", "Total")
UNIT: Words = ("填报单位", "Reporting unit")
PERIOD: Words = ("统计期间", "Period")
FILLED: Words = ("填表人", "Filled in by")
MADE: Words = ("数据时点", "As known at")
PROVISIONAL: Words = ("初步数(期间未满)", "provisional: the period is not over")
NOTES: Words = ("说明", "Notes")
COMPARISON: Words = ("对比与分项", "Comparison and parts")
COLUMNS: tuple[Words, ...] = (
    ("指标", "Measure"),
    ("单位", "Unit"),
    ("本期", "This period"),
    ("对比期", "Compared with"),
    ("增减", "Change"),
    ("增减幅%", "Change in %"),
    ("计划", "Planned"),
    ("完成%", "Done in %"),
)

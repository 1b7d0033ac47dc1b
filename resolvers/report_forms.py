"""A report as a form in both languages: what sheets and pages show, from figures to words."""

from __future__ import annotations

from decimal import Decimal

from exchange.report_forms import Compared, Form, Heading, Line, Table, Value
from resolvers.context import COUNTY_TIME
from resolvers.measure_kinds import SECTIONS, Measure
from resolvers.periods import CADENCES
from resolvers.report_figures import Figure, Row, shown
from resolvers.report_guard import Hidden
from resolvers.reports import Report

#: More measures than this beside each other are no longer read on a sheet of A4.
WIDEST = 10
SMALL_NOTE = (
    "涉及个人的人数在 1 至 4 之间的记为“<5”,不计入合计,合计记为“≥”;乡镇以下、不足一月或未满期的人数记为“*”,不公开。",
    'Counts of 1 to 4 persons are told as "<5" and left out of totals, which are then told as "≥"; counts of persons '
    'finer than a township or a month, or of a period that is not over, are withheld ("*").',
)
SUM_NOTE = (
    "人数、人次、覆盖人数按记录累加,同一人在两条记录中计两次;场次、人数、人次、覆盖人数是四项不同的数。",
    "Persons, person-times and reach are added up over records: who stands in two counts twice. Sessions, persons, "
    "person-times and reach are four figures.",
)
EMPTY_NOTE = ("“—”表示没有可计算的数。", '"—": there is nothing to compute it from.')


def form(report: Report, *, filled_by: str = "") -> Form:
    """The form of a report; sections without any measure are left out. O(figures)."""
    cadence_zh, cadence_en, _ = CADENCES[report.period.cadence]
    area, period = report.area, report.period
    tables = []
    for section, name in SECTIONS.items():
        every = [one for one in report.measures if one.section == section]
        parts = [every[n : n + WIDEST] for n in range(0, len(every), WIDEST)]
        for n, measures in enumerate(parts, 1):
            named = name if len(parts) == 1 else (f"{name[0]} {n}", f"{name[1]} {n}")
            lines = [_line(row, measures) for row in report.rows]
            tables.append(Table(named, [_heading(one) for one in measures], lines, _line(report.total, measures)))
    local = report.at.astimezone(COUNTY_TIME)
    return Form(
        (
            f"{area.full_name}社会工作服务{cadence_zh}({period.zh})",
            f"{cadence_en.capitalize()} of social work in {area.full_name}, {period.en}",
        ),
        area.full_name,
        (f"{period.from_on} 至 {period.until_on}", f"({period.en})"),
        filled_by,
        f"{local:%Y-%m-%d %H:%M}",
        None if report.against is None else (report.against.zh, report.against.en),
        report.provisional,
        tables,
        [_compared(report.total.figures[one.code]) for one in report.measures],
        [SUM_NOTE, EMPTY_NOTE, *(() if report.inside else (SMALL_NOTE,))],
    )


def _heading(one: Measure) -> Heading:
    return Heading((one.zh, one.en), one.unit)


def _line(row: Row, measures: list[Measure]) -> Line:
    name = (f"{row.area.name}(本级)", f"{row.area.name} (itself)") if row.own else (row.area.name, row.area.name)
    return Line(name, [_value(row.figures[one.code].value, row.figures[one.code].hidden) for one in measures])


def _value(value: Decimal | None, hidden: Hidden | None = None) -> Value:
    return value if hidden is None and value is not None else shown(value, hidden)


def _compared(figure: Figure) -> Compared:
    return Compared(
        _heading(figure.measure),
        _value(figure.value, figure.hidden),
        _or_empty(figure.former),
        _or_empty(figure.difference),
        _or_empty(figure.percent),
        _or_empty(figure.planned),
        _or_empty(figure.plan_percent),
        [((part.text_zh, part.text_en), _value(part.value, part.hidden)) for part in figure.parts],
    )


def _or_empty(value: Decimal | None) -> Value:
    return "" if value is None else value

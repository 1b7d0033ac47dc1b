"""Reports: asked for, drilled into, submitted, overdue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from db.cursors import global_id
from db.entities import ENTITIES
from resolvers import report_submissions, reports
from resolvers.measure_kinds import SECTIONS, Measure
from resolvers.periods import Period
from resolvers.report_figures import Figure, Part, Row, shown
from resolvers.reports import CountedRow, Report
from schema import inputs
from schema.acting import act_of, plain
from schema.areas import Area
from schema.enums import AreaLevel
from schema.mapping import entry, given, label, part, required
from schema.records import ENUMS, TYPES
from schema.results import Done, result

Info = strawberry.Info[Any, Any]
if TYPE_CHECKING:
    ReportCadence = Any
    SubmittedReport = Any
else:
    ReportCadence, SubmittedReport = ENUMS["report_cadence"], TYPES["report"]


@strawberry.enum(
    description="Why a count of persons is not told exactly to readers outside the area. 人数未公开的原因。"
)
class ReportHidden(Enum):
    SMALL = strawberry.enum_value("SMALL", description="1 to 4. 小于 5。")
    PARTLY = strawberry.enum_value(
        "PARTLY", description="At least so many: small counts are left out of it. 不少于此数,小于 5 的未计入。"
    )
    WITHHELD = strawberry.enum_value(
        "WITHHELD", description="Finer than what is told: below townships, under a month, or not over. 不公开。"
    )


@strawberry.enum(description="What a report is compared with. 对比期。")
class ReportAgainst(Enum):
    PREVIOUS = strawberry.enum_value("PREVIOUS", description="The period before. 环比。")
    YEAR_BEFORE = strawberry.enum_value("YEAR_BEFORE", description="The same period of the year before. 同比。")
    NOTHING = strawberry.enum_value("NOTHING", description="Nothing. 不对比。")


def _hidden(why: str | None) -> ReportHidden | None:
    return None if why is None else ReportHidden[why]


@strawberry.type(description="A measure of reports. 指标。")
class ReportMeasure:
    code: str = part("Its code. 代码。", "code")
    name: str = label("Its name. 名称。", "name")
    section: str = label("The section it stands in. 所属板块。", "section")
    unit: str = label("Its unit. 单位。", "unit")


@strawberry.type(description="A part of a figure: one code by which it is broken down. 指标分项。")
class ReportPart:
    code: str = part("Its code. 代码。", "code")
    name: str = label("Its name. 名称。", "text")
    value: Decimal | None = part("Its value; null where it is hidden. 数值。", "value")
    hidden: ReportHidden | None = part("Why it is not told exactly; null: it is. 未公开原因。", "hidden")
    shown: str = part("As tables show it: 12, <5, ≥12, *. 显示。", "shown")


@strawberry.type(description="A measure of one area. 指标数值。")
class ReportFigure:
    measure: ReportMeasure = part("Of which measure. 指标。", "measure")
    value: Decimal | None = part(
        "Its value; null where there is none (no mean of nothing) or it is hidden. 数值。", "value"
    )
    hidden: ReportHidden | None = part("Why it is not told exactly; null: it is. 未公开原因。", "hidden")
    shown: str = part("As tables show it: 12, <5, ≥12, *, —. 显示。", "shown")
    parts: list[ReportPart] = part(
        "By what it is broken down; parts exceed the whole where a row has several codes. 分项。", "parts"
    )
    former: Decimal | None = part("In the period compared with. 对比期数值。", "former")
    difference: Decimal | None = part("What changed since. 增减。", "difference")
    percent: Decimal | None = part("The difference in percent of the former. 增减幅(%)。", "percent")
    planned: Decimal | None = part("What plans want by the end of the year; null: no plan. 计划数。", "planned")
    plan_percent: Decimal | None = part("How much of it is there, in percent. 完成计划(%)。", "plan_percent")


@strawberry.type(description="The figures of one area. 报告的一行。")
class ReportRow:
    area: Area = entry("area", "Which area. 地区。", "area_id")
    own: bool = part("Only what was recorded at the area itself, in none of the other rows. 是否仅为本级。", "own")
    figures: list[ReportFigure] = part("Every measure asked for, in the order of the report. 各项指标。", "figures")


@strawberry.type(description="A period of a cadence, in days of the county. 统计期间。")
class ReportPeriod:
    cadence: ReportCadence = part("Which report it has. 报告周期。", "cadence")
    code: str = part("As it is asked for: 2026-11, 2026-W47, 2026-Q4, 2026-H2, 2026. 代码。", "code")
    name: str = label("In words. 名称。", "name")
    from_on: date = part("Its first day. 起始日期。", "from_on")
    until_on: date = part("Its last day. 截止日期。", "until_on")


@strawberry.type(description="A figure that is not what was submitted. 与报送数的差异。")
class ReportDifference:
    area: str = part("Code of the row's area. 地区代码。", "area_code")
    own: bool = part("Whether it is the area's own row. 是否本级。", "own")
    measure: str = part("Code of the measure. 指标代码。", "measure")
    part_code: str | None = part("Code of the part; null: the whole. 分项代码。", "part")
    submitted: Decimal | None = part("What was submitted; null: nothing. 报送数。", "submitted")
    now: Decimal | None = part("What is known now (or at asOf). 现数。", "now")


@strawberry.type(description="What was submitted for the period, and what differs from it. 已报送情况。")
class ReportSubmission:
    report: SubmittedReport | None = entry("report", "What was submitted. 已报送报告。", "id")
    differences: list[ReportDifference] = part(
        "Where figures differ from what was submitted; empty: nowhere. 与报送数的差异。", "differences"
    )


@strawberry.type(description="A report of an area for a period: every figure computed from records. 报告。")
class AreaReport:
    area: Area = entry("area", "Of which area. 地区。", "area_id")
    period: ReportPeriod = part("For which period. 统计期间。", "period")
    against: ReportPeriod | None = part("What it is compared with. 对比期。", "against")
    as_of: datetime = part("As known at this moment. 数据时点。", "at")
    provisional: bool = part("The period is not over: figures still change. 是否为未满期的初步数。", "provisional")
    exact: bool = part(
        "Whether small counts of persons are told: to staff of the area and of areas above it. 是否含小于 5 的人数。",
        "inside",
    )
    measures: list[ReportMeasure] = part("Its measures, in order. 指标。", "measures")
    rows: list[ReportRow] = part("The areas below, by code; last what belongs to none of them. 各地区。", "rows")
    total: ReportRow = part("The whole area. 合计。", "total")

    @strawberry.field(
        description="What was submitted for this period; null: nothing, or not for you to see. 已报送情况。"
    )
    @staticmethod
    async def submitted(root: strawberry.Parent[Any], info: Info) -> ReportSubmission | None:
        return await report_submissions.submitted(info.context.acts, root.report)  # type: ignore[return-value]


@strawberry.type(description="A row behind a figure. 指标背后的一条记录。")
class ReportSource:
    id: strawberry.ID = part("Global id of the record: ask node or nodes for it. 记录编号。", "id")
    value: Decimal = part("What it adds to the figure. 计入数值。", "value")
    on: date = part("The day it counts for. 计入日期。", "on")
    area: Area = entry("area", "Where it counts. 计入地区。", "area_id")


@strawberry.type(description="Rows behind a figure that you may see. 指标背后的记录。")
class ReportSources:
    rows: list[ReportSource] = part("A page of them. 本页记录。", "rows")
    count: int = part("How many there are. 记录数。", "count")
    value: Decimal = part("What all of them add up to: the figure, where you may see them all. 合计。", "value")
    has_next_page: bool = part("Whether more follow. 后面是否还有。", "has_next")
    end_cursor: str | None = part("Continue after this. 末条游标。", "end_cursor")


@strawberry.type(description="A report that should have been submitted by now. 逾期未报的报告。")
class OverdueReport:
    area: Area = entry("area", "Who owes it. 应报送地区。", "area_id")
    period: ReportPeriod = part("For which period. 统计期间。", "period")
    due_on: date = part("The last day on which it was in time. 报送期限。", "due_on")
    days_late: int = part("Working days since. 逾期工作日数。", "days_late")


@strawberry.input(description="A report to submit, of a period that is over. 报送报告。")
class ReportSubmitInput:
    area: str = required("Area code. 地区代码。")
    cadence: ReportCadence = required("Which report. 报告周期。")
    period: str | None = given("2026-11, 2026-W47, ...; left out with on: the last that is over. 统计期间。")
    on: date | None = given("A day in the period, instead. 期间内的一天。")
    note: str | None = given("What to say with it, at most 2,000 characters, without names. 说明。")
    idempotency_key: str | None = inputs.key()


@strawberry.type(description="The report is submitted and stays as it is. 报告已报送。")
class ReportSubmitted(Done):
    report: SubmittedReport = entry("report", "What was submitted. 已报送报告。")


# ------------------------------------------------------------------------------------------------ from the use cases


class _Measure:
    def __init__(self, one: Measure) -> None:
        self.code, self.name_zh, self.name_en = one.code, one.zh, one.en
        self.section_zh, self.section_en = SECTIONS[one.section]
        self.unit_zh, self.unit_en = one.unit


class _Part:
    def __init__(self, one: Part) -> None:
        self.code, self.text_zh, self.text_en, self.value = one.code, one.text_zh, one.text_en, one.value
        self.hidden = _hidden(one.hidden)
        self.shown = shown(one.value, one.hidden)


class _Figure:
    def __init__(self, one: Figure) -> None:
        self.measure, self.parts = _Measure(one.measure), [_Part(each) for each in one.parts]
        self.value, self.hidden, self.shown = one.value, _hidden(one.hidden), one.text
        self.former, self.difference, self.percent = one.former, one.difference, one.percent
        self.planned, self.plan_percent = one.planned, one.plan_percent


class _Row:
    def __init__(self, one: Row, measures: Sequence[Measure]) -> None:
        self.area_id, self.own = one.area.id, one.own
        self.figures = [_Figure(one.figures[each.code]) for each in measures]


class _Period:
    def __init__(self, one: Period) -> None:
        self.cadence = ENUMS["report_cadence"][one.cadence]
        self.code, self.name_zh, self.name_en = one.code, one.zh, one.en
        self.from_on, self.until_on = one.from_on, one.until_on


class _Report:
    def __init__(self, one: Report) -> None:
        self.report = one
        self.area_id, self.at, self.provisional, self.inside = one.area.id, one.at, one.provisional, one.inside
        self.period = _Period(one.period)
        self.against = None if one.against is None else _Period(one.against)
        self.measures = [_Measure(each) for each in one.measures]
        self.rows = [_Row(each, one.measures) for each in one.rows]
        self.total = _Row(one.total, one.measures)


class _Source:
    def __init__(self, one: CountedRow) -> None:
        (typename, *_) = ENTITIES[one.entity].types.values()
        self.id = global_id(f"{typename}:{one.id}".encode())
        self.value, self.on, self.area_id = one.value, one.on, one.area_id


class _Sources:
    def __init__(self, found: reports.CountedRows) -> None:
        self.rows = [_Source(one) for one in found.rows]
        self.count, self.value = found.count, found.value
        self.has_next, self.end_cursor = found.has_next, found.end_cursor


class _Overdue:
    def __init__(self, one: report_submissions.Overdue) -> None:
        self.area_id, self.period = one.area.id, _Period(one.period)
        self.due_on, self.days_late = one.due_on, one.days_late


def _says(text: str) -> Any:
    return strawberry.argument(description=text)


_AreaCode = Annotated[str, _says("Area code, everything below it included. 区划代码(含下级)。")]
_Cadence = Annotated[ReportCadence, _says("Which report. 报告周期。")]
_PeriodCode = Annotated[
    str | None,
    _says(
        "2026-11-22, 2026-W47, 2026-11, 2026-Q4, 2026-H2 or 2026, by the cadence. Left out with on: the last that is "
        "over. 统计期间。"
    ),
]
_On = Annotated[date | None, _says("A day in the period, instead. 期间内的一天。")]
_AsOf = Annotated[
    datetime | None, _says("As it was known at this moment: for staff of the area. 数据时点(过去的时刻)。")
]


@strawberry.type(description="Questions about reports. 报告查询。")
class Queries:
    @strawberry.field(
        description="The report of an area for a period, open to everybody: six cadences, any area, any period "
        "that has begun. 报告。"
    )
    async def report(
        self,
        info: Info,
        area: _AreaCode,
        cadence: _Cadence,
        period: _PeriodCode = None,
        on: _On = None,
        as_of: _AsOf = None,
        against: Annotated[ReportAgainst, _says("What to compare it with. 对比期。")] = ReportAgainst.PREVIOUS,
        rows: Annotated[
            AreaLevel | None, _says("Areas of this level as rows; left out: the areas right below. 按哪一级分行。")
        ] = None,
        measures: Annotated[list[str] | None, _says("Codes of measures; left out: all. 指标代码。")] = None,
    ) -> AreaReport:
        found = await reports.report(
            info.context.acts,
            area=area,
            cadence=cadence.name,
            period=period,
            on=on,
            as_of=as_of,
            against=against.name,
            rows=None if rows is None else rows.name,
            measures=measures,
        )
        return _Report(found)  # type: ignore[return-value]

    @strawberry.field(description="The records behind a figure, as far as you may see them. 指标背后的记录。")
    async def report_rows(
        self,
        info: Info,
        area: _AreaCode,
        cadence: _Cadence,
        measure: Annotated[str, _says("Code of the measure. 指标代码。")],
        period: _PeriodCode = None,
        on: _On = None,
        as_of: _AsOf = None,
        own: Annotated[bool, _says("Only what belongs to no area below. 仅本级。")] = False,
        part: Annotated[str | None, _says("Only one part, by its code. 分项代码。")] = None,
        first: Annotated[int | None, _says("How many, 1 to 100. 取前多少条。")] = 20,
        after: Annotated[str | None, _says("Cursor: continue after this row. 从此游标之后继续。")] = None,
    ) -> ReportSources:
        found = await reports.counted_rows(
            info.context.acts,
            area=area,
            cadence=cadence.name,
            measure=measure,
            period=period,
            on=on,
            as_of=as_of,
            own=own,
            part=part,
            first=first,
            after=after,
        )
        return _Sources(found)  # type: ignore[return-value]

    @strawberry.field(
        description="Reports that areas should have submitted by now, the longest due first; for staff. "
        "逾期未报的报告。"
    )
    async def reports_overdue(
        self,
        info: Info,
        area: _AreaCode,
        on: Annotated[date | None, _says("As it stood on this day; left out: today. 截至哪一天。")] = None,
        cadences: Annotated[list[ReportCadence] | None, _says("Only these reports. 报告周期。")] = None,
    ) -> list[OverdueReport]:
        wanted = None if cadences is None else [one.name for one in cadences]
        found = await report_submissions.overdue(info.context.acts, area=area, on=on, cadences=wanted)
        return [_Overdue(one) for one in found]  # type: ignore[misc]


@strawberry.type(description="Acts on reports. 报告办理。")
class Mutations:
    @strawberry.field(description="Submit a report; its figures stay as they are. 报送报告。")
    async def report_submit(
        self,
        info: Info,
        input: Annotated[ReportSubmitInput, _says("Of which area, for which period. 内容。")],
    ) -> result("ReportSubmitResult", ReportSubmitted):  # type: ignore[valid-type]
        values = plain(input)
        return await act_of(ReportSubmitted, report_submissions.submit, info.context.acts, **values)

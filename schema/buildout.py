"""Build-out plans: planned beside built, and printed tables taken as they are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from resolvers import buildout
from schema import inputs
from schema.acting import act_of, plain
from schema.areas import Area
from schema.mapping import entry, given, id_of, label, part, required
from schema.records import ENUMS, TYPES
from schema.results import Done, result

if TYPE_CHECKING:
    BuildPlan: TypeAlias = Any
    PrintedAxis: TypeAlias = Any
else:
    BuildPlan, PrintedAxis = TYPES["build_plan"], ENUMS["printed_axis"]

Info = strawberry.Info[Any, Any]


@strawberry.type(description="A place of a plan in one year. 一地一年的建站情况。")
class BuildYear:
    year: int = part("Which year. 年度。", "year")
    planned: int = part("To be built in that year. 当年计划。", "planned")
    cumulative: int = part("To be built up to its end. 累计计划。", "cumulative")
    actual: int | None = part(
        "Standing at its end, or by the day asked about; null without a code, and of a year to come. 实际累计。",
        "actual",
    )
    percent: Decimal | None = part("actual of all that is planned there, to two places. 完成率(%)。", "percent")
    due: bool = part("Whether the year is over. 是否到期。", "due")
    behind: bool = part("Whether it is over and fewer stand than were planned. 是否滞后。", "behind")
    missing: int | None = part("How many fewer. 差额。", "missing")


@strawberry.type(description="A place of a plan over its years. 一地的建站情况。")
class BuildPlace:
    name: str = part("As the plan calls it; empty for the total. 地区名称。", "name")
    area: Area | None = entry("area", "The place; null where it has no code. 地区。", "area_id")
    planned: int = part("To be built there in all. 计划总数。", "planned")
    years: list[BuildYear] = part("Year by year. 各年度。", "years")


@strawberry.type(description="The share of all stations a plan wants by the end of a year, at least. 比例目标。")
class BuildGoalState:
    year: int = part("By the end of which year. 年度。", "year")
    least_percent: Decimal = part("At least, in percent of all. 比例下限(%)。", "least_percent")
    of: int = part("All stations planned. 计划总数。", "of")
    planned: int = part("Planned up to then. 累计计划。", "planned")
    planned_percent: Decimal | None = part("The same in percent, to two places. 计划比例(%)。", "planned_percent")
    actual: int = part("Standing at the end of the year, or by the day asked about. 实际。", "actual")
    percent: Decimal | None = part("The same in percent, to two places. 实际比例(%)。", "percent")
    met: bool = part("Whether that is enough, exactly. 是否达到。", "met")
    due: bool = part("Whether the year is over. 是否到期。", "due")


@strawberry.type(description="A total as it was printed, beside the sum of its cells. 表列合计核对。")
class PrintedSum:
    axis: PrintedAxis = part("What it adds up. 方向。", "axis")
    heading: str = part("Its row or column as printed. 行列名称。", "heading")
    printed: int = part("What is printed. 所印数字。", "printed")
    computed: int = part("What its cells add up to. 各格相加。", "computed")
    agrees: bool = part("Whether these are the same. 是否一致。", "agrees")
    text: str = label("In words. 说明。", "text")


@strawberry.type(description="A build-out plan beside what stands. 建站计划与实际。")
class Buildout:
    plan: BuildPlan = entry("build_plan", "The plan. 计划。", "plan_id")
    as_of: date = part("By which day. 截止日期。", "as_of")
    places: list[BuildPlace] = part("Place by place, as printed. 各地情况。", "places")
    total: BuildPlace = part("All of them together. 合计。", "total")
    goals: list[BuildGoalState] = part("Shares of all, year by year. 比例目标。", "goals")
    printed_totals: list[PrintedSum] = part("The totals as printed. 表列合计。", "printed_totals")


async def _buildout(
    info: Info,
    plan_id: Annotated[strawberry.ID | None, strawberry.argument(description="Which plan. 计划编号。")] = None,
    area: Annotated[
        str | None,
        strawberry.argument(
            description="Area code: only places there; without planId, of the newest plan there or above. 区划代码。"
        ),
    ] = None,
    as_of: Annotated[
        date | None, strawberry.argument(description="By which day; today where left out. 截止日期,默认今天。")
    ] = None,
) -> Buildout:
    # An id that is none names a plan that is not there.
    number = None if plan_id is None else id_of(plan_id, "BuildPlan") or 0
    return await buildout.buildout(info.context.acts, number, area, as_of)  # type: ignore[return-value]


@strawberry.type(description="Questions about build-out plans. 建站计划查询。")
class BuildoutQueries:
    buildout: Buildout = strawberry.field(
        resolver=_buildout, description="A build-out plan beside what stands. Open to everybody. 建站计划与实际。"
    )


# ------------------------------------------------------------------------------------------------ importing


@strawberry.input(description="A least share of all stations by the end of a year. 比例目标。")
class BuildGoalInput:
    year: int = required("By the end of which year. 年度。")
    least_percent: Decimal = required("At least, in percent of all. 比例下限(%)。")


@strawberry.input(description="A plan as it was printed: places down, years across, totals at both ends. 表格导入。")
class BuildTargetsImportInput:
    area: str = required("Of which area: code. 区划代码。")
    title: str = required("The plan's title. 计划名称。")
    document: str | None = given("The document it stands in. 文件。")
    table: str | None = given(
        "The table as text: a line each row, cells between commas, tabs or semicolons, totals in a row and a column "
        "named 合计 or 总计; or give rows. 表格文字。"
    )
    rows: list[list[str]] | None = given("The table cell by cell, with its heading; or give table. 表格各行。")
    goals: list[BuildGoalInput] | None = given("Least shares by year. 比例目标。")
    idempotency_key: str | None = inputs.key()


@strawberry.type(description="The plan is written as printed, the totals that do not add up too. 建站计划已导入。")
class BuildTargetsImported(Done):
    plan: BuildPlan = entry("build_plan", "The plan. 计划。")
    printed_totals: list[PrintedSum] = part(
        "The totals as printed, beside the sums of their cells. 表列合计核对。", "printed_totals"
    )


async def _import(info: Info, input: Any) -> Any:
    values = plain(input)
    goals = [(one.year, one.least_percent) for one in values.pop("goals") or ()]
    text = values.pop("table")
    context = info.context.acts
    answer = await act_of(BuildTargetsImported, buildout.import_targets, context, text=text, goals=goals, **values)
    if isinstance(answer, BuildTargetsImported):
        written: Any = answer
        written.printed_totals = (await buildout.buildout(context, written.id)).printed_totals
    return answer


_import.__annotations__ = {
    "info": Info,
    "input": Annotated[BuildTargetsImportInput, strawberry.argument(description="The plan. 计划。")],
    "return": result("BuildTargetsImportResult", BuildTargetsImported),
}


@strawberry.type(description="Acts on build-out plans. 建站计划办理。")
class BuildoutMutations:
    build_targets_import = strawberry.field(
        resolver=_import,
        description="Write a build-out plan from its table, cells and totals kept as printed. 导入建站计划表。",
    )

"""Plans to build stations: targets by place and year, least shares by year, and totals as they were printed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped

from db.areas import AreaRow
from db.records import Kind, Record, codes, decimal, one_of, text, to, whole

PRINTED_AXIS = codes(
    "printed_axis",
    "PrintedAxis",
    "What a printed total adds up. 合计的方向。",
    ROW=("A place over all years.", "行合计"),
    COLUMN=("A year over all places.", "列合计"),
    GRAND=("Everything.", "总计"),
)


class BuildPlanRow(Record):
    """A plan that says how many stations are built where, year by year."""

    __tablename__ = "build_plan"
    record = Kind(
        "BuildPlan", "buildPlans", "建站计划", "build-out plan", seen="PUBLIC", search="title", key=("title",)
    )

    title: Mapped[str] = text("Its title. 名称。")
    document: Mapped[str | None] = text("The document it stands in. 文件。", optional=True)


class BuildTargetRow(Record):
    """How many stations a plan wants built in a place in a year."""

    __tablename__ = "build_target"
    record = Kind(
        "BuildTarget",
        "buildTargets",
        "建站任务",
        "target of a build-out plan",
        seen="PUBLIC",
        under="plan_id",
        key=("place_name", "year"),
        order=(("id", False),),
    )

    plan_id: Mapped[int] = to("build_plan", "Of which plan. 计划。", back="targets")
    place_id: Mapped[int | None] = to("area", "Where; null for a place without a code. 地区。", optional=True)
    place_name: Mapped[str] = text("The place as the plan calls it. 地区名称。")
    year: Mapped[int] = whole("In which year. 年度。", least=1949)
    stations: Mapped[int] = whole("How many are to be built in that year. 建站个数。")


class BuildGoalRow(Record):
    """Which share of all stations a plan wants by the end of a year, at least."""

    __tablename__ = "build_goal"
    record = Kind(
        "BuildGoal",
        "buildGoals",
        "建站比例目标",
        "goal of a build-out plan",
        seen="PUBLIC",
        under="plan_id",
        key=("year",),
        args=(CheckConstraint("least_percent <= 100", name="percent_of_all"),),
    )

    plan_id: Mapped[int] = to("build_plan", "Of which plan. 计划。", back="goals")
    year: Mapped[int] = whole("By the end of which year. 年度。", least=1949)
    least_percent: Mapped[Decimal] = decimal("At least this many percent of all. 比例下限(%)。")


class BuildExemptionRow(Record):
    """A place that needs no station: a farm, a development zone, a reservoir."""

    __tablename__ = "build_exemption"
    record = Kind(
        "BuildExemption",
        "buildExemptions",
        "不设站地区",
        "place without need of a station",
        seen="PUBLIC",
        under="plan_id",
        key=("place_id",),
    )

    plan_id: Mapped[int] = to("build_plan", "Of which plan. 计划。", back="exemptions")
    place_id: Mapped[int] = to("area", "Which place. 地区。")
    reason: Mapped[str | None] = text("Why. 原因。", optional=True)


class PrintedTotalRow(Record):
    """A total as a plan's table was printed, right or wrong; `buildout` adds the cells up again beside it."""

    __tablename__ = "printed_total"
    record = Kind(
        "PrintedTotal",
        "printedTotals",
        "表列合计",
        "printed total",
        seen="PUBLIC",
        under="plan_id",
        key=("axis", "heading"),
        order=(("id", False),),
    )

    plan_id: Mapped[int] = to("build_plan", "Of which plan. 计划。", back="totals_as_printed")
    axis: Mapped[str] = one_of(PRINTED_AXIS, "What it adds up. 方向。")
    heading: Mapped[str] = text("Its row or column as printed. 行列名称。")
    printed: Mapped[int] = whole("What is printed. 所印数字。")


# ------------------------------------------------------------------------------------------------ reads


async def plan_for(conn: AsyncConnection, area_ids: Sequence[int]) -> int | None:
    """The newest plan of the nearest of these areas (an area and all above it, the highest first) that has one."""
    found = await conn.execute(
        select(BuildPlanRow.area_id, func.max(BuildPlanRow.id))
        .where(BuildPlanRow.area_id.in_(list(area_ids)), BuildPlanRow.withdrawn_at.is_(None))
        .group_by(BuildPlanRow.area_id)
    )
    newest = {row[0]: int(row[1]) for row in found}
    return next((newest[id] for id in reversed(area_ids) if id in newest), None)


async def of_plan(conn: AsyncConnection, row: type[Record], plan_id: int) -> Sequence[Any]:
    """The standing rows of a kind under a plan, in the order they were written."""
    table: Any = row.__table__
    found = await conn.execute(
        select(table).where(table.c.plan_id == plan_id, table.c.withdrawn_at.is_(None)).order_by(table.c.id)
    )
    return found.all()


async def exempt(conn: AsyncConnection, area_id: int) -> set[int]:
    """The places in or below an area that some plan says need no station."""
    row = BuildExemptionRow
    found = await conn.execute(
        select(row.place_id)
        .join(AreaRow, AreaRow.id == row.place_id)
        .where(AreaRow.ancestor_ids.contains([area_id]), row.withdrawn_at.is_(None))
    )
    return {int(one[0]) for one in found}


async def place_named(conn: AsyncConnection, area_id: int, names: Collection[str]) -> dict[str, int]:
    """The places below an area of exactly these names, where a name belongs to one place right below it."""
    found = await conn.execute(
        select(AreaRow.name, func.min(AreaRow.id))
        .where(AreaRow.parent_id == area_id, AreaRow.name.in_(list(names)))
        .group_by(AreaRow.name)
        .having(func.count() == 1)
    )
    return {row[0]: int(row[1]) for row in found}

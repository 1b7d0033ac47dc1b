"""Plans to build stations beside what was built; and printed plans, taken as printed with every sum that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, station_counts
from db import buildout as plans
from db.areas import Area
from exchange.errors import Unreadable
from exchange.printed_tables import PrintedTable, TableRow, Total, read_rows, read_text
from exchange.text import fold
from resolvers import records
from resolvers.acts import act, require_role, require_within
from resolvers.checks import Problems, clipped
from resolvers.context import KEEP, Context, Done
from resolvers.errors import InvalidInput, NotFound
from resolvers.projects import percent
from resolvers.records import Check, check
from resolvers.vocabulary import Vocabulary, vocabulary

#: A printed table is a page.
MOST_PLACES = 500


@check("build_target", "build_goal")
async def _year(given: Check) -> None:
    if not 1949 <= given.row["year"] <= 2999:
        given.problems.add("year", "OUT_OF_RANGE", "年份应在 1949 到 2999 之间", "the year must be from 1949 to 2999")


@check("build_goal")
async def _goal(given: Check) -> None:
    if given.row["least_percent"] > 100:
        given.problems.add("leastPercent", "OUT_OF_RANGE", "百分比应在 0 到 100 之间", "a percentage is from 0 to 100")


# ------------------------------------------------------------------------------------------------ plan and actual


@dataclass(frozen=True, slots=True)
class BuildYear:
    """A place by the end of a year, or by the day asked about where that comes first.

    `planned` in the year, `cumulative` up to it, `actual` standing then (None for a place without a code), `percent`
    of all that the plan wants there. `due`: the year is over. `behind`: it is due and fewer stand than were planned.
    """

    year: int
    planned: int
    cumulative: int
    actual: int | None
    percent: Decimal | None
    due: bool

    @property
    def behind(self) -> bool:
        return self.due and self.actual is not None and self.actual < self.cumulative

    @property
    def missing(self) -> int | None:
        return None if self.actual is None else max(0, self.cumulative - self.actual)


@dataclass(frozen=True, slots=True)
class BuildPlace:
    """A place of a plan; `area_id` None where it has no code."""

    name: str
    area_id: int | None
    planned: int
    years: list[BuildYear]


@dataclass(frozen=True, slots=True)
class BuildGoal:
    """The least share of all by the end of a year, and the share that stands (`percent`) or is planned."""

    year: int
    least_percent: Decimal
    actual: int
    planned: int
    of: int
    due: bool

    @property
    def percent(self) -> Decimal | None:
        return percent(self.actual, self.of)

    @property
    def planned_percent(self) -> Decimal | None:
        return percent(self.planned, self.of)

    @property
    def met(self) -> bool:
        """Exactly: not by the rounded percentage."""
        return Decimal(self.actual) * 100 >= self.least_percent * self.of


@dataclass(frozen=True, slots=True)
class PrintedSum:
    """A total as printed beside the sum of its cells as they stand in the plan now."""

    axis: str
    heading: str
    printed: int
    computed: int
    text_zh: str
    text_en: str

    @property
    def agrees(self) -> bool:
        return self.printed == self.computed


@dataclass(frozen=True, slots=True)
class Buildout:
    plan_id: int
    as_of: date
    places: list[BuildPlace]
    total: BuildPlace
    goals: list[BuildGoal]
    printed_totals: list[PrintedSum]


async def buildout(
    context: Context, plan_id: int | None = None, area: str | None = None, as_of: date | None = None
) -> Buildout:
    """A plan beside what stands by a day (today); open to everybody.

    The plan of that id, or the newest one of the area or the nearest above it; with an area only its places in or
    below it are told, and the total is theirs. Stations are those of tier STATION that stand in or below a place.
    Raises NotFound, InvalidInput (unknown area). O(targets x stations).
    """
    day = as_of or context.today
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area) if area is not None else None
        problems.stop()
        if plan_id is None and place is not None:
            plan_id = await plans.plan_for(conn, place.ancestor_ids)
        plan = await acting.seen(conn, context.viewer, "build_plan", plan_id)
        if plan is None:
            raise NotFound("这个建站计划", "build-out plan")
        targets = list(await plans.of_plan(conn, plans.BuildTargetRow, plan.id))
        goals = await plans.of_plan(conn, plans.BuildGoalRow, plan.id)
        printed = await plans.of_plan(conn, plans.PrintedTotalRow, plan.id)
        sums = [_sum(one, targets) for one in printed]
        whole = plan.area_id
        if place is not None and place.id != plan.area_id and place.id not in await _above(words, conn, plan.area_id):
            whole = place.id
            areas = await words.areas_by_id(conn, {one.place_id for one in targets if one.place_id is not None})
            targets = [one for one in targets if one.place_id and place.id in areas[one.place_id].ancestor_ids]
        stations = await station_counts.openings(conn, whole, "STATION")
    years = sorted({one.year for one in targets} | {one.year for one in goals})
    by_place: dict[tuple[str, int | None], list[Any]] = {}
    for one in targets:
        by_place.setdefault((one.place_name, one.place_id), []).append(one)
    places = [_place(name, id, rows, years, stations, day) for (name, id), rows in by_place.items()]
    total = _place("", whole, targets, years, stations, day)
    standing = _standing(stations, whole, day)
    return Buildout(plan.id, day, places, total, [_goal_of(one, total, standing) for one in goals], sums)


async def _above(words: Vocabulary, conn: AsyncConnection, area_id: int) -> tuple[int, ...]:
    return (await words.areas_by_id(conn, [area_id]))[area_id].ancestor_ids


def _standing(stations: Sequence[Any], area_id: int, on: date) -> int:
    return sum(
        one.units
        for one in stations
        if area_id in one.ancestor_ids and one.opened_on <= on and (one.closed_on is None or one.closed_on >= on)
    )


def _place(
    name: str, area_id: int | None, targets: Sequence[Any], years: Sequence[int], stations: Sequence[Any], day: date
) -> BuildPlace:
    planned, told, so_far = sum(one.stations for one in targets), [], 0
    for year in years:
        wanted = sum(one.stations for one in targets if one.year == year)
        so_far += wanted
        end = date(year, 12, 31)
        actual = None if area_id is None else _standing(stations, area_id, min(end, day))
        share = None if actual is None else percent(actual, planned)
        # A year that has not begun has nothing to show yet.
        if day < date(year, 1, 1):
            actual = share = None
        told.append(BuildYear(year, wanted, so_far, actual, share, day >= end))
    return BuildPlace(name, area_id, planned, told)


def _goal_of(goal: Any, total: BuildPlace, standing: int) -> BuildGoal:
    """A goal of a year to come is measured by what stands already."""
    year = next(one for one in total.years if one.year == goal.year)
    actual = standing if year.actual is None else year.actual
    return BuildGoal(goal.year, goal.least_percent, actual, year.cumulative, total.planned, year.due)


def _sum(row: Any, targets: Sequence[Any]) -> PrintedSum:
    """A printed total beside the cells of the plan as they stand."""
    digits = "".join(c for c in fold(row.heading) if c.isdigit())
    computed = sum(
        one.stations
        for one in targets
        if row.axis == "GRAND"
        or (row.axis == "ROW" and one.place_name == row.heading)
        or (row.axis == "COLUMN" and str(one.year) == digits)
    )
    total = Total(row.axis, row.heading, None, row.printed, computed)
    return PrintedSum(row.axis, row.heading, row.printed, computed, total.zh, total.en)


# ------------------------------------------------------------------------------------------------ printed plans


async def import_targets(
    context: Context,
    *,
    area: str,
    title: str,
    text: str | None = None,
    rows: Sequence[Sequence[str]] | None = None,
    table: PrintedTable | None = None,
    document: str | None = None,
    goals: Sequence[tuple[int, Decimal]] = (),
    idempotency_key: str | None = None,
) -> Done:
    """Writes a plan from its printed table, the cells and totals as printed, right or wrong.

    One of `text` (lines of cells between commas, tabs or semicolons), `rows` and a `table` that was read. A place is
    known by its code, else by its name right below the area; one that is neither is kept by its name. What does not add
    up is told by `buildout(...).printed_totals`. Raises InvalidInput (a table with faults), NotAllowed, Conflict
    (ALREADY_THERE).
    """
    require_role(context.viewer, "COORDINATOR")
    read = _read(text, rows) if table is None else table

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        problems.text("title", title)
        problems.key(idempotency_key)
        if isinstance(read, Unreadable):
            problems.add("table", read.code.upper(), read.text_zh, read.text_en)
        elif read.faults:
            for at, one in enumerate(read.faults[:100]):
                problems.add(("table", str(at)), one.code, one.text_zh, one.text_en)
        elif len(read.rows) > MOST_PLACES:
            problems.add("table", "TOO_MANY", f"最多 {MOST_PLACES} 个地区", f"at most {MOST_PLACES} places")
        problems.stop()
        assert place is not None
        assert isinstance(read, PrintedTable)
        require_within(context.viewer, place)
        plan_id = await records.write(
            context, conn, "build_plan", id=None, given={"area": area, "title": title, "document": document or KEEP}
        )
        codes = await _codes(words, conn, place, read.rows)
        for row in read.rows:
            for year, stations in zip(read.years, row.cells, strict=True):
                target = {"plan": plan_id, "place_name": row.name, "year": year, "stations": stations}
                code = codes.get(row.name)
                await records.write(
                    context, conn, "build_target", id=None, given=target | ({"place": code} if code else {})
                )
        for total in read.totals:
            kept = {"plan": plan_id, "axis": total.axis, "heading": total.label, "printed": total.printed}
            await records.write(context, conn, "printed_total", id=None, given=kept)
        for year, least in goals:
            goal = {"plan": plan_id, "year": year, "least_percent": least}
            await records.write(context, conn, "build_goal", id=None, given=goal)
        return Done("build_plan", plan_id)

    inputs = {
        "area": area,
        "title": title,
        "text": text,
        "rows": rows,
        "table": repr(table),
        "document": document,
        "goals": goals,
    }
    return await act(context, "buildTargetsImport", idempotency_key, inputs, work)


def _read(text: str | None, rows: Sequence[Sequence[str]] | None) -> PrintedTable | Unreadable:
    if (text is None) == (rows is None):
        return _neither()
    try:
        return read_text(text) if text is not None else read_rows(rows or ())
    except Unreadable as refusal:
        return refusal


def _neither() -> Unreadable:
    return Unreadable(
        "TABLE_OR_ROWS", "请给出表格文字或表格各行,二者之一", "give the table as text or as rows, one of them"
    )


async def _codes(words: Vocabulary, conn: AsyncConnection, area: Area, rows: Sequence[TableRow]) -> dict[str, str]:
    """The codes of places by their printed names. Raises InvalidInput for a printed code that does not lie there."""
    problems = Problems()
    found: dict[str, str] = {}
    known = await words.areas(conn, [row.code for row in rows if row.code is not None])
    for row in rows:
        if row.code is None:
            continue
        place = known.get(row.code)
        if place is None or area.id not in place.ancestor_ids:
            problems.add(
                ("table", row.name),
                "UNKNOWN_AREA",
                f"“{clipped(row.name)}”的区划代码 {clipped(row.code)} 不在{area.full_name}内",
                f"the code {clipped(row.code)} of “{clipped(row.name)}” does not lie in {area.full_name}",
            )
        else:
            found[row.name] = place.code
    if problems.fields:
        raise InvalidInput(problems.fields)
    named = await plans.place_named(conn, area.id, [row.name for row in rows if row.code is None])
    by_id = await words.areas_by_id(conn, set(named.values()))
    return found | {name: by_id[id].code for name, id in named.items()}

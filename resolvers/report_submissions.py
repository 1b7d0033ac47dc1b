"""Reports submitted: frozen with their figures, compared with what is known since, and those that are overdue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from db import records
from db import reports as rows
from db.areas import Area
from db.reports import ReportRow
from db.visibility import STAFF
from exchange.report_duties import ReportDutyRecord, read_report_duties
from resolvers import due
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import COUNTY_TIME, Context, Done
from resolvers.errors import Conflict, NotAllowed
from resolvers.periods import Period, containing
from resolvers.report_figures import plain
from resolvers.reports import Report, check, computed, is_inside, turn
from resolvers.vocabulary import Vocabulary, vocabulary
from resolvers.working_days import Days, county_day, due_at, working_days_between

LONGEST_NOTE = 2_000
#: How many periods back a report that was never submitted is still asked for.
LOOK_BACK = {"DAY": 7, "WEEK": 4, "MONTH": 6, "QUARTER": 4, "HALF_YEAR": 2, "YEAR": 1}
MOST_OVERDUE = 1_000
NOON = time(12)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure, or a part of one, that is not what was submitted. None: there was, or is, nothing to tell."""

    area_code: str
    own: bool
    measure: str
    part: str | None
    submitted: Decimal | None
    now: Decimal | None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What was submitted for the period of a report, and where the report differs from it now."""

    id: int
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A report that an area owes: due at the end of `due_on`, so many working days ago."""

    area: Area
    period: Period
    due_on: date
    days_late: int


def frozen(report: Report) -> dict[str, Any]:
    """The figures of a report as they are kept: numbers as texts, what is nothing left out."""

    def told(row: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for code, figure in row.figures.items():
            parts = {part.code: plain(part.value) for part in figure.parts if part.value}
            if figure.value or parts:
                found[code] = {"value": None if figure.value is None else plain(figure.value)}
                found[code] |= {"parts": parts} if parts else {}
        return {"area": row.area.code, "own": row.own, "figures": found}

    return {"rows": [told(row) for row in report.rows], "total": told(report.total)}


def digest(area: Area, period: Period, figures: Mapping[str, Any]) -> str:
    """SHA-256 of what was submitted, the same wherever it is computed again."""
    whole = {"area": area.code, "cadence": period.cadence, "period": period.code, "figures": figures}
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def submit(
    context: Context,
    *,
    area: str | None,
    cadence: str,
    period: str | None = None,
    on: date | None = None,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Submits the report of a period that is over, with its figures as they are known now. It never changes again.

    By a coordinator of the area. Raises InvalidInput, NotAllowed; Conflict PERIOD_NOT_OVER, ALREADY_SUBMITTED.
    """
    require_role(context.viewer, "COORDINATOR")
    given = {"area": area, "cadence": cadence, "period": period, "on": on, "note": note}

    async def work(conn: AsyncConnection) -> Done:
        problems = Problems()
        said = None if note is None else problems.prose("note", note, LONGEST_NOTE)
        problems.key(idempotency_key)
        asked = await check(context, conn, area=area, cadence=cadence, period=period, on=on, problems=problems)
        place, time_ = asked.area, asked.period
        require_within(context.viewer, place)
        if not asked.over:
            raise Conflict(
                "PERIOD_NOT_OVER",
                f"{time_.zh}尚未结束,数据仍会变动;请在期满后报送",
                f"{time_.en} is not over, its figures still change; submit it afterwards",
            )
        if await rows.submitted(conn, place.id, cadence, time_.from_on) is not None:
            raise Conflict(
                "ALREADY_SUBMITTED",
                f"{place.full_name}{time_.zh}的报告已报送,不能改动;之后的更正会显示为与报送数不同",
                f"the report of {place.full_name} for {time_.en} was submitted and stays as it is; "
                "what is corrected later shows as a difference",
            )
        figures = frozen(await computed(conn, asked, against="NOTHING"))
        now = context.clock()
        mark = digest(place, time_, figures)
        row = {
            "area_id": place.id,
            "county_id": place.county_id,
            "recorded_at": now,
            "changed_at": now,
            "actor_id": context.viewer.key_id,
            "cadence": cadence,
            "period": time_.code,
            "from_on": time_.from_on,
            "until_on": time_.until_on,
            "note": said,
            "digest": mark,
            "figures": figures,
        }
        id = await records.insert(conn, ReportRow, row)
        told = {"cadence": cadence, "period": time_.code, "digest": mark}
        await record(conn, context.viewer, "report.submitted", "report", id, place.id, told)
        return Done("report", id)

    async with turn(context):
        return await act(context, "reportSubmit", idempotency_key, given, work)


async def submitted(context: Context, report: Report) -> Submitted | None:
    """What was submitted for a report's period; None where nothing was, or for readers outside its area."""
    if not report.inside:
        return None
    async with context.engine.connect() as conn:
        found = await rows.submitted(conn, report.area.id, report.period.cadence, report.period.from_on)
    if found is None:
        return None
    known = {one.code for one in report.measures}
    before, now = dict(_flat(found.figures, known)), dict(_flat(frozen(report), known))
    differences = [
        Difference(*place, before.get(place), now.get(place))
        for place in sorted({*before, *now}, key=lambda place: (place[0], place[1], place[2], place[3] or ""))
        if (before.get(place) or 0) != (now.get(place) or 0)
    ]
    return Submitted(found.id, differences)


def _flat(
    figures: Mapping[str, Any], measures: set[str]
) -> Iterator[tuple[tuple[str, bool, str, str | None], Decimal | None]]:
    for row in (*figures["rows"], figures["total"]):
        for code, one in row["figures"].items():
            if code in measures:
                yield (row["area"], row["own"], code, None), None if one["value"] is None else Decimal(one["value"])
                for part, value in one.get("parts", {}).items():
                    yield (row["area"], row["own"], code, part), Decimal(value)


# ------------------------------------------------------------------------------------------------ overdue


@cache
def _shipped() -> tuple[ReportDutyRecord, ...]:
    return tuple(read_report_duties().records)


@dataclass(frozen=True, slots=True)
class _Duty:
    days: int
    from_on: date
    until_on: date | None


def _duty(set_here: Sequence[Any], area: Area, cadence: str, on: date) -> _Duty | None:
    """What an area owes: the newest duty of the nearest area that says anything, else what is shipped."""
    for near in reversed(area.ancestor_ids):
        said = [
            one
            for one in set_here
            if (one.area_id, one.level, one.cadence) == (near, area.level, cadence)
            and one.from_on <= on
            and (one.until_on is None or one.until_on >= on)
        ]
        if said:
            last = said[-1]
            return _Duty(last.working_days, last.from_on, last.until_on) if last.owed else None
    for shipped in _shipped():
        if (shipped.level, shipped.cadence) == (area.level, cadence):
            return _Duty(shipped.working_days, date.min, None)
    return None


def due_on(period: Period, days: int, own: Days) -> date:
    """The last day on which a report of a period is in time: so many working days after it."""
    return county_day(due_at(datetime.combine(period.until_on, NOON, COUNTY_TIME), days, own))


async def overdue(
    context: Context, *, area: str, on: date | None = None, cadences: Sequence[str] | None = None
) -> list[Overdue]:
    """Reports that an area and those below it should have submitted before a day (today), the longest due first.

    Reports are asked for `LOOK_BACK` periods back, and no more than `MOST_OVERDUE` are told. For staff of the area and
    of areas above it. Raises InvalidInput, NotAllowed. O(areas that owe, times periods).
    """
    viewer = context.viewer
    if viewer.role not in STAFF:
        require_role(viewer, "COORDINATOR")
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        today = context.today
        if on is not None and on > today:
            problems.add("on", "FUTURE_DAY", "日期不能晚于今天", "the day must not lie in the future")
        problems.stop()
        assert place is not None
        if not is_inside(viewer, place):
            raise NotAllowed(
                f"{place.full_name}不在您负责的区域内;请查看您负责的地区",
                f"{place.full_name} lies outside your area; ask for the area you work for",
            )
        set_here = await rows.duties(conn)
        levels = {one.level for one in (*_shipped(), *set_here)}
        ids = await rows.areas_of(conn, place.id, levels)
        places = await words.areas_by_id(conn, ids)
        since = min(_back(cadence, on or today).from_on for cadence in LOOK_BACK)
        done = await rows.submitted_since(conn, ids, since)
        return _overdue(places, ids, set_here, done, on or today, await _own(conn, words), cadences or tuple(LOOK_BACK))


async def _own(conn: AsyncConnection, words: Vocabulary) -> Days:
    return (await due.rules(conn, words)).days


def _back(cadence: str, on: date) -> Period:
    """The first period that is still asked for on a day."""
    period = containing(cadence, on)
    for _ in range(LOOK_BACK[cadence]):
        period = period.before()
    return period


def _overdue(
    places: Mapping[int, Area],
    ids: Sequence[int],
    set_here: Sequence[Any],
    done: set[tuple[int, str, date]],
    on: date,
    own: Days,
    cadences: Sequence[str],
) -> list[Overdue]:
    found = []
    dues: dict[tuple[Period, int], date] = {}
    for cadence in cadences:
        periods = [_back(cadence, on)]
        while periods[-1].after().until_on < on:
            periods.append(periods[-1].after())
        for id in ids:
            duty = _duty(set_here, places[id], cadence, on)
            if duty is None:
                continue
            for period in periods:
                if period.until_on < duty.from_on or (id, cadence, period.from_on) in done:
                    continue
                day = dues.setdefault((period, duty.days), due_on(period, duty.days, own))
                if day < on:
                    noon = [datetime.combine(one, NOON, COUNTY_TIME) for one in (day, on)]
                    found.append(Overdue(places[id], period, day, working_days_between(noon[0], noon[1], own)))
    found.sort(key=lambda one: (one.due_on, one.area.code, one.period.cadence))
    return found[:MOST_OVERDUE]

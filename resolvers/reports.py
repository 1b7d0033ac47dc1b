"""Reports: one engine for six cadences, any area, any period, as known now or at a moment before; and their rows."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import measures as statements
from db import report_rows
from db.areas import Area
from db.viewer import Viewer
from db.visibility import STAFF
from resolvers import due
from resolvers.checks import Problems, clipped
from resolvers.context import Context
from resolvers.errors import Conflict, NotAllowed
from resolvers.measure_kinds import Measure
from resolvers.measures import MEASURES
from resolvers.periods import CADENCES, FIRST_YEAR, FORMS, LAST_YEAR, Period, containing, written
from resolvers.report_figures import Row, Table, laid_out, span, summed
from resolvers.vocabulary import Vocabulary, vocabulary
from resolvers.working_days import county_day

#: What a report is compared with.
AGAINST = ("PREVIOUS", "YEAR_BEFORE", "NOTHING")
#: Reports that are computed at once in a process; others wait their turn, at most so many seconds.
AT_ONCE, WAIT_SECONDS = 2, 20.0
MOST_ROWS = 100
_turns: WeakKeyDictionary[AsyncEngine, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Report:
    """`at`: now, or the moment whose knowledge was asked for (`past`). `inside`: small counts are told.

    `rows` in the order of their codes, last what was recorded at the area itself where anything was; `total` is the
    whole area. `provisional`: the period is not over at that moment.
    """

    area: Area
    period: Period
    against: Period | None
    at: datetime
    past: bool
    provisional: bool
    inside: bool
    measures: Sequence[Measure]
    rows: Sequence[Row]
    total: Row


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was checked."""

    area: Area
    period: Period
    at: datetime
    past: bool
    measures: tuple[Measure, ...]
    words: Vocabulary
    inside: bool

    @property
    def over(self) -> bool:
        return self.period.end <= self.at


@dataclass(frozen=True, slots=True)
class CountedRow:
    """One row behind a figure: its table and id, what it adds, on which day, in which area."""

    entity: str
    id: int
    value: Decimal
    on: date
    area_id: int


@dataclass(frozen=True, slots=True)
class CountedRows:
    """A page of the rows behind a figure that the viewer may see; `count` and `value` are of all of them."""

    rows: Sequence[CountedRow]
    count: int
    value: Decimal
    has_next: bool
    end_cursor: str | None


def is_inside(viewer: Viewer, area: Area) -> bool:
    """Whether small counts of this area are told: to its staff, to that of areas above it, to administrators."""
    if viewer.role == "ADMIN":
        return True
    return viewer.role in STAFF and (viewer.area_id is None or viewer.area_id in area.ancestor_ids)


def _chosen(problems: Problems, codes: Sequence[str] | None) -> tuple[Measure, ...]:
    """Measures by their codes, all for None; a ratio brings its parts with it."""
    if codes is None:
        return tuple(MEASURES.values())
    for n, code in enumerate(codes):
        if code not in MEASURES:
            name = clipped(code)
            problems.add(("measures", str(n)), "UNKNOWN_MEASURE", f"没有指标“{name}”", f"there is no measure “{name}”")
    wanted = {code for code in codes if code in MEASURES}
    wanted |= {part for code in wanted for part in MEASURES[code].ratio or ()}
    return tuple(one for code, one in MEASURES.items() if code in wanted)


def _period(problems: Problems, cadence: str, text: str | None, on: date | None, today: date) -> Period | None:
    if text is not None and on is not None:
        problems.add("on", "ONE_OF", "period 与 on 只填一项", "give period or on, not both")
        return None
    if text is not None:
        found = written(cadence, text)
        if found is None:
            form = FORMS[cadence]
            problems.add("period", "PERIOD_FORMAT", f"期间应写作 {form} 的形式", f"a period is written like {form}")
    elif on is not None and not FIRST_YEAR <= on.year <= LAST_YEAR:
        problems.add("on", "DATE_OUT_OF_RANGE", f"日期应在 {FIRST_YEAR} 年之后", f"a date from {FIRST_YEAR} on")
        return None
    else:
        found = containing(cadence, today).before() if on is None else containing(cadence, on)
    if found is not None and found.from_on > today:
        path = "period" if text is not None else "on"
        problems.add(
            path,
            "FUTURE_PERIOD",
            f"{found.zh}尚未开始,不能出报告",
            f"{found.en} has not begun; there is no report of it",
        )
        return None
    return found


async def check(
    context: Context,
    conn: AsyncConnection,
    *,
    area: str | None,
    cadence: str,
    period: str | None = None,
    on: date | None = None,
    as_of: datetime | None = None,
    measures: Sequence[str] | None = None,
    problems: Problems | None = None,
) -> Asked:
    """What is asked for. Raises InvalidInput with every faulty field, NotAllowed for a moment where it is not told.

    Without `period` and `on`: the last period that is over. A period that has not begun at that moment is refused.
    """
    words = await vocabulary(context.engine, conn)
    problems = problems or Problems()
    place = await words.check_area(conn, problems, "area", area or "")
    now = context.clock()
    if as_of is not None and as_of > now:
        problems.add("asOf", "FUTURE_MOMENT", "asOf 不能是将来的时刻", "asOf must not lie in the future")
        as_of = None
    at = as_of or now
    found = None
    if cadence not in CADENCES:
        problems.add("cadence", "UNKNOWN_CADENCE", "没有这种报告周期", "there is no such cadence")
    else:
        found = _period(problems, cadence, period, on, county_day(at))
    chosen = _chosen(problems, measures)
    problems.stop()
    assert place is not None
    assert found is not None
    inside = is_inside(context.viewer, place)
    if as_of is not None and not inside:
        raise NotAllowed(
            f"只有{place.full_name}及其上级的工作人员可以查看过去时点的报告",
            f"only the staff of {place.full_name} and of areas above it may ask for a report as of a moment",
        )
    return Asked(place, found, at, as_of is not None, chosen, words, inside)


async def report(
    context: Context,
    *,
    area: str | None,
    cadence: str,
    period: str | None = None,
    on: date | None = None,
    as_of: datetime | None = None,
    against: str = "PREVIOUS",
    rows: str | None = None,
    measures: Sequence[str] | None = None,
) -> Report:
    """The report of an area (a code) for a period, open to everybody; small counts of persons as `report_guard` says.

    `rows`: a level whose areas are the rows instead of the area's children. Raises InvalidInput, NotAllowed, and
    Conflict BUSY where too many reports are computed already.
    """
    async with turn(context), context.engine.connect() as conn:
        asked = await check(
            context, conn, area=area, cadence=cadence, period=period, on=on, as_of=as_of, measures=measures
        )
        return await computed(conn, asked, against=against, level=rows)


def turn(context: Context) -> _Turn:
    """Waits until few enough reports are being computed. Raises Conflict BUSY after `WAIT_SECONDS`."""
    return _Turn(_turns.setdefault(context.engine, asyncio.Semaphore(AT_ONCE)))


class _Turn:
    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._semaphore.acquire()
        except TimeoutError:
            raise Conflict(
                "BUSY", "正在计算的报告太多,请稍后再试", "too many reports are being computed; try again shortly"
            ) from None

    async def __aexit__(self, *_: object) -> None:
        self._semaphore.release()


async def computed(
    conn: AsyncConnection, asked: Asked, *, against: str = "PREVIOUS", level: str | None = None
) -> Report:
    """The figures, on the caller's connection, in which nothing was done yet but reading."""
    await statements.begin(conn)
    area, period, words = asked.area, asked.period, asked.words
    own = (await due.rules(conn, words)).days
    scope = await statements.scope(conn, area.id, len(area.ancestor_ids) + 1, area.county_id, level)
    places = await words.areas_by_id(conn, set(scope.rows) - {area.id})
    ids = sorted(places, key=lambda id: places[id].code)
    above = {id for one in (area, *places.values()) for id in one.ancestor_ids}
    townships = {id for id, one in (await words.areas_by_id(conn, above)).items() if one.level == "TOWNSHIP"}
    finer = {one.id for one in (area, *places.values()) if townships & set(one.ancestor_ids[:-1])}
    # Rows of a township are villages and the township's own: all finer than a township.
    below = set(ids) | {area.id} if area.level == "TOWNSHIP" or area.id in finer else finer
    former = {"PREVIOUS": period.before, "YEAR_BEFORE": period.year_before}.get(against)
    compared = None if former is None else former()

    async def of(one: Period, *, plans: bool) -> Table:
        return await summed(
            conn,
            asked.measures,
            scope,
            span(one, asked.at, past=asked.past, own=own),
            inside=asked.inside,
            guardable=asked.over and one.of_months,
            finer=below,
            plans=plans,
        )

    now = await of(period, plans=True)
    then = None if compared is None else await of(compared, plans=False)
    exact = asked.inside
    rows = [
        Row(places[id], False, laid_out(asked.measures, words, now, then, id, finer=id in below and not exact))
        for id in ids
    ]
    if now.holds(area.id):
        own_figures = laid_out(asked.measures, words, now, then, area.id, finer=area.id in below and not exact)
        rows.append(Row(area, True, own_figures))
    whole = laid_out(asked.measures, words, now, then, None, finer=area.id in finer and not exact)
    return Report(
        area,
        period,
        compared,
        asked.at,
        asked.past,
        not asked.over,
        asked.inside,
        asked.measures,
        rows,
        Row(area, False, whole),
    )


async def counted_rows(
    context: Context,
    *,
    area: str | None,
    cadence: str,
    measure: str,
    period: str | None = None,
    on: date | None = None,
    as_of: datetime | None = None,
    own: bool = False,
    part: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> CountedRows:
    """The rows that a figure was summed from, as far as the viewer may see them, in an order that stays the same.

    For a reader of the area their values sum up to the figure. `own`: only what was recorded at the area itself or at
    an area that is no row of the report. `part`: only those of one part. Raises as `report`; InvalidInput for a ratio,
    whose parts have rows.
    """
    async with context.engine.connect() as conn:
        problems = Problems()
        size = 20 if first is None else first
        if not 1 <= size <= MOST_ROWS:
            problems.add("first", "OUT_OF_RANGE", f"应为 1 到 {MOST_ROWS}", f"from 1 to {MOST_ROWS}")
        start = report_rows.parsed(after)
        if start is None:
            problems.add("after", "BAD_CURSOR", "不是此列表的游标", "no cursor of this list")
        one = MEASURES.get(measure)
        if one is not None and one.ratio is not None:
            problems.add(
                "measure",
                "NO_ROWS",
                f"“{one.zh}”由另外两项相除得出:{'、'.join(one.ratio)}",
                f"it is a share of two others, which have rows: {', '.join(one.ratio)}",
            )
        asked = await check(
            context,
            conn,
            area=area,
            cadence=cadence,
            period=period,
            on=on,
            as_of=as_of,
            measures=[measure],
            problems=problems,
        )
        assert one is not None
        assert start is not None
        await statements.begin(conn)
        place = asked.area
        found = await report_rows.page(
            conn,
            context.viewer,
            one.fragments,
            await statements.scope(conn, place.id, len(place.ancestor_ids) + 1, place.county_id, None),
            span(asked.period, asked.at, past=asked.past, own=(await due.rules(conn, asked.words)).days),
            own=own,
            part=None if part is None else _stored(one, asked.words, part),
            after=start,
            limit=size,
        )
    rows = [CountedRow(*row) for row in found.rows]
    return CountedRows(rows, found.count, found.value, found.has_next, found.end_cursor)


def _stored(one: Measure, words: Vocabulary, part: str) -> str:
    """The code of a part as the statements know it: a term's id."""
    if one.labels != "TERMS":
        return part
    known: Collection[int] = [id for id, term in words.terms_by_id.items() if term.code == part]
    return ",".join(str(id) for id in known) or "-"

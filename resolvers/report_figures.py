"""The figures of a report: measures summed by area, broken down, beside the period before and what was planned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from db import measures as statements
from db.areas import Area
from db.measures import BEFORE, Fragment, Grain, Scope, Span, Sum
from resolvers.measure_kinds import TERMS, Measure
from resolvers.periods import DAY, Period
from resolvers.report_guard import Hidden, Total, Totals, exact, guarded
from resolvers.vocabulary import Vocabulary
from resolvers.working_days import NO_DAYS, Days, county_day, is_working_day

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a figure; a figure of whom a row has several codes has parts that exceed it."""

    code: str
    text_zh: str
    text_en: str
    value: Decimal | None
    hidden: Hidden | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure of an area: `value` is None where there is nothing to tell (no mean of nothing), or it is hidden.

    With `hidden` PARTLY the value is the least it can be. `former` is that of the period compared with, `planned` what
    a plan says for the end of the year, None where there is none.
    """

    measure: Measure
    value: Decimal | None
    hidden: Hidden | None = None
    parts: tuple[Part, ...] = ()
    former: Decimal | None = None
    planned: Decimal | None = None

    @property
    def difference(self) -> Decimal | None:
        """From the period compared with; None unless both are known exactly."""
        known = self.hidden is None and self.value is not None and self.former is not None
        return self.value - self.former if known and self.value is not None and self.former is not None else None

    @property
    def percent(self) -> Decimal | None:
        """The difference in percent of the former; None where that was nothing."""
        return None if self.difference is None or not self.former else rounded(self.difference * HUNDRED / self.former)

    @property
    def plan_percent(self) -> Decimal | None:
        """How much of what was planned is there."""
        known = self.hidden is None and self.value is not None
        return (
            rounded(self.value * HUNDRED / self.planned) if known and self.value is not None and self.planned else None
        )

    @property
    def text(self) -> str:
        """As tables show it: a number, "<5", "≥N", "*" for what is withheld, "—" for nothing."""
        return shown(self.value, self.hidden)


def shown(value: Decimal | None, hidden: Hidden | None) -> str:
    if hidden is not None and hidden != "PARTLY":
        return {"SMALL": "<5", "WITHHELD": "*"}[hidden]
    if value is None:
        return "—"
    number = plain(value)
    return f"≥{number}" if hidden else number


def plain(value: Decimal) -> str:
    """Without zeros behind the point that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Row:
    """Figures by code. `own`: of what was recorded at the area itself and lies in none of the rows."""

    area: Area
    own: bool
    figures: Mapping[str, Figure]


@dataclass(slots=True)
class Table:
    """Sums by measure, each by (row or None for all, part or None for the whole)."""

    totals: dict[str, Totals] = field(default_factory=dict)
    parts: dict[str, Totals] = field(default_factory=dict)
    middles: dict[str, dict[int | None, Decimal]] = field(default_factory=dict)
    planned: dict[str, Totals] = field(default_factory=dict)
    withheld: set[str] = field(default_factory=set)

    def holds(self, row_id: int) -> bool:
        """Whether anything was counted in a row."""
        totals = (of.get((row_id, None)) for of in self.totals.values())
        return any(one is not None and (one.count or one.left_out) for one in totals)


@lru_cache(maxsize=64)
def _counted_days(base: date, until: date, own: tuple[tuple[date, bool], ...]) -> tuple[int, ...]:
    days, found, total = dict(own), [], 0
    for n in range((until - base).days + 1):
        total += is_working_day(base + n * DAY, days)
        found.append(total)
    return tuple(found)


def span(period: Period, at: datetime, *, past: bool, own: Days = NO_DAYS) -> Span:
    """What a period means to the statements at a moment (aware UTC)."""
    base = period.from_on - timedelta(days=BEFORE)
    return Span(
        period.from_on,
        period.until_on,
        period.since,
        period.end,
        min(period.until_on, county_day(at)),
        at,
        past,
        _counted_days(base, period.until_on, tuple(sorted(own.items()))),
        base,
    )


async def summed(
    conn: AsyncConnection,
    measures: Sequence[Measure],
    scope: Scope,
    asked: Span,
    *,
    inside: bool,
    guardable: bool,
    finer: Collection[int] = (),
    plans: bool = False,
) -> Table:
    """All measures of one period. One statement for each way to read a table, one for each median.

    `inside`: the reader may know small counts. Otherwise, with `guardable` (the period is over and of whole months),
    counts of persons are guarded, and withheld without.
    """
    table = Table()
    middles: dict[Fragment, list[Measure]] = {}
    wanted: dict[tuple[Fragment, Grain], list[tuple[str, Fragment]]] = {}
    parted: dict[tuple[Fragment, Grain], list[tuple[str, Fragment]]] = {}
    for one in measures:
        careful = one.guard != "OPEN" and not inside
        if careful and (one.guard == "INSIDE" or not guardable):
            table.withheld.add(one.code)
            continue
        grain: Grain = "ATOMS" if careful else "EXACT"
        if one.aggregate == "MEDIAN":
            middles.setdefault(one.fragments[0].scan, []).append(one)
            continue
        for fragment in one.fragments:
            whole = replace(fragment, each=None)
            wanted.setdefault((whole.scan, grain), []).append((one.code, whole))
            if fragment.each is not None and not careful:
                parted.setdefault((fragment.scan, grain), []).append((one.code, fragment))
    for alike in middles.values():
        found = await statements.medians(conn, [one.fragments[0] for one in alike], scope, asked)
        table.middles |= {one.code: by_row for one, by_row in zip(alike, found, strict=True)}
    careful_codes = {one.code for one in measures if one.guard == "PERSONS" and not inside}
    table.totals = await _read(conn, wanted, scope, asked, careful_codes, finer)
    table.parts = await _read(conn, parted, scope, asked, set(), finer)
    if plans:
        planning: dict[tuple[Fragment, Grain], list[tuple[str, Fragment]]] = {}
        for one in measures:
            for fragment in one.plan:
                planning.setdefault((fragment.scan, "EXACT"), []).append((one.code, fragment))
        table.planned = await _read(conn, planning, scope, asked, set(), finer)
    return table


async def _read(
    conn: AsyncConnection,
    scans: Mapping[tuple[Fragment, Grain], Sequence[tuple[str, Fragment]]],
    scope: Scope,
    asked: Span,
    careful: Collection[str],
    finer: Collection[int],
) -> dict[str, Totals]:
    groups: dict[str, list[tuple[Sum, int]]] = {}
    for (_, grain), entries in scans.items():
        fragments = list(dict.fromkeys(fragment for _, fragment in entries))
        found = await statements.sums(conn, fragments, scope, asked, grain)
        for code, fragment in entries:
            n = fragments.index(fragment)
            groups.setdefault(code, []).extend((group, n) for group in found if group.counts[n])
    return {code: guarded(of, finer) if code in careful else exact(of) for code, of in groups.items()}


def laid_out(
    measures: Sequence[Measure],
    words: Vocabulary,
    now: Table,
    former: Table | None,
    row_id: int | None,
    *,
    finer: bool = False,
) -> dict[str, Figure]:
    """The figures of one row (None: of all). `finer`: its area lies below what small counts are guarded by."""
    found: dict[str, Figure] = {}
    for one in measures:
        withheld = one.code in now.withheld or (finer and one.guard == "PERSONS")
        if withheld:
            found[one.code] = Figure(one, None, "WITHHELD")
            continue
        if one.ratio is not None:
            over, under = (found.get(code) for code in one.ratio)
            found[one.code] = _ratio(one, over, under)
            continue
        value, hidden = _value(one, now, row_id)
        earlier = None
        if former is not None and one.code not in former.withheld:
            was, was_hidden = _value(one, former, row_id)
            earlier = was if was_hidden is None else None
        planned = now.planned.get(one.code, {}).get((row_id, None)) if one.plan else None
        found[one.code] = Figure(
            one,
            value,
            hidden,
            _parts(one, words, now, row_id),
            earlier,
            None if planned is None else planned.value,
        )
    return found


def _value(one: Measure, table: Table, row_id: int | None) -> tuple[Decimal | None, Hidden | None]:
    if one.aggregate == "MEDIAN":
        middle = table.middles.get(one.code, {}).get(row_id)
        return (None if middle is None else rounded(middle), None)
    total = table.totals.get(one.code, {}).get((row_id, None), Total())
    if one.aggregate == "MEAN":
        return (rounded(total.value / total.count) if total.count else None, None)
    return total.shown, total.hidden


def _ratio(one: Measure, over: Figure | None, under: Figure | None) -> Figure:
    if over is None or under is None or over.hidden or under.hidden:
        return Figure(one, None, "WITHHELD" if over is not None and over.hidden else None)
    former = _share(one, over.former, under.former)
    return Figure(one, _share(one, over.value, under.value), None, (), former)


def _share(one: Measure, over: Decimal | None, under: Decimal | None) -> Decimal | None:
    if over is None or not under:
        return None
    return rounded(over * (HUNDRED if one.unit[0] == "%" else 1) / under)


def _parts(one: Measure, words: Vocabulary, table: Table, row_id: int | None) -> tuple[Part, ...]:
    if not one.broken_down or one.aggregate != "SUM":
        return ()
    many = any(fragment.each is not None for fragment in one.fragments)
    totals = (table.parts if many else table.totals).get(one.code, {})
    found = []
    for (row, code), total in totals.items():
        if row == row_id and code is not None:
            found.append((*_named(one, words, code), total))
    if one.labels is not TERMS and one.labels is not None:
        order = list(one.labels)
        found.sort(key=lambda part: order.index(part[0]) if part[0] in order else len(order))
    else:
        found.sort(key=lambda part: (part[3].hidden is not None, -part[3].value, part[0]))
    return tuple(Part(code, zh, en, total.shown, total.hidden) for code, zh, en, total in found)


def _named(one: Measure, words: Vocabulary, code: str) -> tuple[str, str, str]:
    """(code, 中文, English); a term is told by its code, not its id."""
    if one.labels is TERMS:
        term = words.terms_by_id.get(int(code)) if code.isdigit() else None
        return (code, code, code) if term is None else (term.code, term.label_zh, term.label_en)
    labels = one.labels
    assert labels is not None
    assert not isinstance(labels, str)
    return (code, *labels.get(code, (code, code)))

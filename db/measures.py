"""Measures as statements: what is counted, of which rows, on which day; one statement a scan for a whole tree of areas.

A `Fragment` says in SQL what one table gives to a measure, its rows named t. Fragments that read the same rows the same
way are one scan: they are summed beside each other in one statement, grouped by the row of the report that an area
stands in. Sums over rows of areas are additive, so totals are added up by whoever asks; medians are not, and have a
statement of their own with both groupings.

Parameters that a fragment may use: from_on, until_on (days, both included), from_at, until_at (moments, the second not
included), last_on (the day on which a stock is counted), at (what happened later is not known), years, cum and base
(`working_days` below).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Date, DateTime, Integer, Text, bindparam, column, func, literal_column, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.kinds import KINDS
from db.records import as_of
from db.services import ServiceRecordRow

Aggregate = Literal["SUM", "MEAN", "MEDIAN"]
#: EXACT: by row; ATOMS: by township and month too, so that small counts can be left out of every sum.
Grain = Literal["EXACT", "ATOMS"]

#: When a row was known, of tables whose rows never change what is counted.
KNOWN_SINCE = {
    "need": "created_at",
    "offer": "created_at",
    "party": "created_at",
    "referral": "requested_at",
    "follow_up": "at",
    "certificate": "issued_on",
}
#: A report waits this long for one statement.
STATEMENT_SECONDS = 55
#: Days before the period for which working days are counted.
BEFORE = 1_100


@dataclass(frozen=True, slots=True)
class Fragment:
    """What one table gives to a measure: `value` of each row for which `when` and `where` hold.

    `on` is the day (or, with `moment`, the moment) it counts for; `by` a code that breaks it down; `each` an array
    whose every element is such a code, so that the parts may exceed the whole. `place`: where it counts. `latest`:
    only the newest row (by `on`) counts of those that are alike in these columns.
    """

    table: str
    on: str
    when: str
    value: str = "1"
    where: str | None = None
    moment: bool = False
    by: str | None = None
    each: str | None = None
    joins: tuple[tuple[str, str, str], ...] = ()
    place: str = "t.area_id"
    latest: tuple[str, ...] = ()

    @property
    def scan(self) -> Fragment:
        """The same for all that are summed in one statement."""
        return replace(self, value="1", where=None)


#: Whether a moment is asked for, and whether all lies in one county.
Shape = tuple[bool, bool]


def day(name: str, **rest: Any) -> dict[str, Any]:
    """A flow by a column that holds a day."""
    return {"on": f"t.{name}", "when": f"t.{name} BETWEEN :from_on AND :until_on", **rest}


def moment(name: str, **rest: Any) -> dict[str, Any]:
    """A flow by a column that holds a moment."""
    when = f"t.{name} >= :from_at AND t.{name} < :until_at AND t.{name} <= :at"
    return {"on": f"t.{name}", "when": when, "moment": True, **rest}


def stock(since: str, until: str | None, **rest: Any) -> dict[str, Any]:
    """What stands on the last day of a period."""
    ended = "" if until is None else f" AND (t.{until} IS NULL OR t.{until} >= :last_on)"
    return {"on": f"t.{since}", "when": f"t.{since} <= :last_on{ended}", **rest}


def hours(since: str, until: str) -> str:
    """SQL of the hours from one moment to another."""
    return f"round(extract(epoch FROM {until} - {since}) / 3600.0, 4)"


def working_days(since: str, until: str) -> str:
    """SQL of the working days after the day of one moment to the day of another; exact for `BEFORE` days back.

    `cum[n]` is how many working days lie in the first n days from `base` on.
    """

    def index(name: str) -> str:
        local = f"({name} AT TIME ZONE 'Asia/Shanghai')::date"
        return f"(:cum)[least(greatest({local} - :base + 1, 1), array_length(:cum, 1))]"

    return f"({index(until)} - {index(since)})"


def available(fragment: Fragment) -> bool:
    """Whether its tables are declared."""
    return all(name in Base.metadata.tables for name in (fragment.table, *(join[0] for join in fragment.joins)))


def is_record(table: str) -> bool:
    return table in KINDS


_TYPES: dict[str, Any] = {
    "from_on": Date,
    "until_on": Date,
    "last_on": Date,
    "base": Date,
    "from_at": DateTime(timezone=True),
    "until_at": DateTime(timezone=True),
    "at": DateTime(timezone=True),
    "cum": ARRAY(Integer),
    "root": Integer,
    "depth": Integer,
    "level": Text,
    "county": Integer,
    "year": Integer,
    "codes": ARRAY(Text),
    "areas": ARRAY(Integer),
    "rows": ARRAY(Integer),
    "atoms": ARRAY(Integer),
}


@dataclass(frozen=True, slots=True)
class Span:
    """What a statement is asked about. `at`: now, or the moment whose knowledge is wanted (`past`)."""

    from_on: date
    until_on: date
    from_at: datetime
    until_at: datetime
    last_on: date
    at: datetime
    past: bool
    cum: tuple[int, ...]
    base: date


@dataclass(frozen=True, slots=True)
class Scope:
    """An area, and all it holds: ids of areas, each with the row of the report and the township it stands in."""

    area_id: int
    county_id: int | None
    areas: Sequence[int]
    rows: Sequence[int]
    atoms: Sequence[int]


@dataclass(frozen=True, slots=True)
class Sum:
    """One group: `values` are sums in the order of the fragments, None where no row counted; `counts` how many did."""

    row_id: int
    atom_id: int
    month: date | None
    code: str | None
    values: tuple[Decimal | None, ...]
    counts: tuple[int, ...]


def sql(expression: str) -> Any:
    """An expression in SQL with the parameters it mentions, each of its type."""
    made = text(expression)
    return made.bindparams(*(bindparam(name, type_=_TYPES[name]) for name in made._bindparams if name in _TYPES))


#: Every area of a report, the row it stands in, and the township it lies in (itself where it lies in none).
_PLACES = """
    SELECT a.id,
        coalesce(CASE WHEN CAST(:level AS text) IS NULL THEN a.ancestor_ids[:depth] ELSE
            (SELECT b.id FROM area b WHERE b.id = ANY (a.ancestor_ids) AND b.level::text = :level LIMIT 1) END, :root),
        coalesce((SELECT b.id FROM area b WHERE b.id = ANY (a.ancestor_ids) AND b.level = 'TOWNSHIP' LIMIT 1), a.id)
    FROM area a WHERE a.ancestor_ids @> ARRAY[CAST(:root AS integer)]"""
#: They are looked up once a report and handed to each statement.
_PLACE = """
    SELECT area_id, row_id, atom_id FROM unnest(CAST(:areas AS integer[]), CAST(:rows AS integer[]),
        CAST(:atoms AS integer[])) AS of_report (area_id, row_id, atom_id)"""


def _place() -> Any:
    return sql(_PLACE).columns(*(column(name, Integer) for name in ("area_id", "row_id", "atom_id"))).cte("place")


def _rows(table: str, alias: str, past: bool) -> tuple[Any, list[Any]]:
    """A table to select from under an alias, and what makes its rows count."""
    whole = Base.metadata.tables[table]
    if is_record(table):
        if past:
            return as_of(KINDS[table].row, bindparam("at", type_=DateTime(timezone=True))).alias(alias), []
        named = whole.alias(alias)
        return named, [named.c.withdrawn_at.is_(None)]
    named = whole.alias(alias)
    if table == ServiceRecordRow.__tablename__:
        if not past:
            return named, [named.c.replaced_by_id.is_(None), ~named.c.withdrawn]
        known = f"{alias}.recorded_at <= :at AND NOT {alias}.withdrawn AND NOT EXISTS (SELECT FROM service_record later"
        return named, [sql(f"{known} WHERE later.id = {alias}.replaced_by_id AND later.recorded_at <= :at)")]
    since = KNOWN_SINCE.get(table)
    if past and since is not None and isinstance(whole.c[since].type, DateTime):
        return named, [sql(f"{alias}.{since} <= :at")]
    return named, []


def _from(fragment: Fragment, past: bool, in_county: bool) -> tuple[Any, Any, list[Any]]:
    """(rows named t, all that is joined to them, conditions)."""
    rows, conditions = _rows(fragment.table, "t", past)
    if in_county and "county_id" in rows.c and fragment.place == "t.area_id":
        conditions.append(rows.c.county_id == bindparam("county", type_=Integer))
    conditions.append(sql(fragment.when))
    if fragment.latest:
        keys = [rows.c[name] for name in fragment.latest]
        newest = select(*rows.c).where(*conditions).ext(distinct_on(*keys))
        newest = newest.order_by(*keys, literal_column(fragment.on).desc(), rows.c.id.desc())
        rows, conditions = newest.subquery("t"), []
    source = rows
    for table, alias, on in fragment.joins:
        joined, more = _rows(table, alias, past)
        source, conditions = source.join(joined, sql(on)), conditions + more
    return rows, source, conditions


def elements(array: str) -> Any:
    """A row elements.element for each of an array of the row beside it."""
    return func.unnest(literal_column(array)).table_valued("element").render_derived(name="elements")


@lru_cache(maxsize=1_000)
def _summing(fragments: tuple[Fragment, ...], grain: Grain, shape: Shape) -> Any:
    """The sums of fragments of one scan. Columns: row, atom, month, code, then sum and count of each."""
    first = fragments[0]
    place = _place()
    _, source, conditions = _from(first, *shape)
    if all(one.where is not None for one in fragments):
        conditions.append(sql(" OR ".join(f"({one.where})" for one in dict.fromkeys(fragments))))
    code = first.by or "NULL"
    if first.each is not None:
        source, code = source.join(elements(first.each), true()), "elements.element"
    local = f"({first.on} AT TIME ZONE 'Asia/Shanghai')" if first.moment else first.on
    keys = ["place.row_id", f"({code})::text"]
    if grain == "ATOMS":
        # By the month in which a row began to count, so that stocks of two months differ by atoms too.
        keys += ["place.atom_id", f"date_trunc('month', {local})::date"]
    sums = []
    for one in fragments:
        holds = f" FILTER (WHERE {one.where})" if one.where else ""
        sums += [f"sum({one.value}){holds}", f"count({one.value}){holds}"]
    return (
        select(*(sql(expression) for expression in (*keys, *sums)))
        .select_from(place.join(source, sql(f"place.area_id = {first.place}")))
        .where(*conditions)
        .group_by(*(text(str(n + 1)) for n in range(len(keys))))
    )


@lru_cache(maxsize=200)
def _middles(fragments: tuple[Fragment, ...], shape: Shape) -> Any:
    """Columns: row (null: all), then the median of each."""
    first = fragments[0]
    _, source, conditions = _from(first, *shape)
    place = _place()
    middles = []
    for one in fragments:
        holds = f" FILTER (WHERE {one.where})" if one.where else ""
        middle = f"percentile_cont(0.5) WITHIN GROUP (ORDER BY ({one.value})::float8){holds}"
        middles.append(f"round(({middle})::numeric, 4)")
    return (
        select(*(sql(expression) for expression in ("place.row_id", *middles)))
        .select_from(place.join(source, sql(f"place.area_id = {first.place}")))
        .where(*conditions)
        .group_by(text("GROUPING SETS ((place.row_id), ())"))
    )


def parts(fragment: Fragment, scope: Scope, span: Span) -> tuple[Any, Any, Any, list[Any]]:
    """(place, rows named t, rows with all that is joined to them, conditions): what a list of the rows is made of."""
    return (_place(), *_from(fragment, *_shape(scope, span)))


def values_of(scope: Scope, span: Span) -> dict[str, Any]:
    """The parameters of all statements here."""
    return {
        "root": scope.area_id,
        "areas": scope.areas,
        "rows": scope.rows,
        "atoms": scope.atoms,
        "county": scope.county_id,
        "from_on": span.from_on,
        "until_on": span.until_on,
        "last_on": span.last_on,
        "from_at": span.from_at,
        "until_at": span.until_at,
        "at": span.at,
        "cum": list(span.cum),
        "base": span.base,
        "year": span.until_on.year,
    }


def _shape(scope: Scope, span: Span) -> Shape:
    return (span.past, scope.county_id is not None)


@lru_cache(maxsize=2_000)
def _mentioned(query: Any) -> frozenset[str]:
    return frozenset(query.compile().params)


async def run(conn: AsyncConnection, query: Any, values: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a statement, given those of the parameters that it mentions."""
    mentioned = _mentioned(query)
    return (await conn.execute(query, {name: value for name, value in values.items() if name in mentioned})).all()


async def begin(conn: AsyncConnection) -> None:
    """Bounds the statements of this transaction in time."""
    await conn.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
    # Compiling a statement costs more than it saves on all but the largest.
    await conn.execute(text("SET LOCAL jit = off"))
    # A plan for any area would be one for a small area.
    await conn.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


async def sums(
    conn: AsyncConnection, fragments: Sequence[Fragment], scope: Scope, span: Span, grain: Grain = "EXACT"
) -> list[Sum]:
    """The groups of fragments of one scan that hold anything. One statement."""
    found = await run(conn, _summing(tuple(fragments), grain, _shape(scope, span)), values_of(scope, span))
    groups = []
    for row in found:
        row_id, code, *rest = row
        atom_id, month = (rest[0], rest[1]) if grain == "ATOMS" else (row_id, None)
        numbers = rest[2:] if grain == "ATOMS" else rest
        values = tuple(None if one is None else Decimal(one) for one in numbers[::2])
        groups.append(Sum(row_id, atom_id, month, code, values, tuple(numbers[1::2])))
    return groups


async def medians(
    conn: AsyncConnection, fragments: Sequence[Fragment], scope: Scope, span: Span
) -> list[dict[int | None, Decimal]]:
    """The median of each of these fragments of one scan by row, and of all under None. One statement."""
    found = await run(conn, _middles(tuple(fragments), _shape(scope, span)), values_of(scope, span))
    return [{row[0]: Decimal(row[n + 1]) for row in found if row[n + 1] is not None} for n in range(len(fragments))]


async def scope(conn: AsyncConnection, area_id: int, depth: int, county_id: int | None, level: str | None) -> Scope:
    """What an area holds; rows are the areas of a level, else those right below it (at `depth` of its ancestors)."""
    values = {"root": area_id, "depth": depth, "level": level}
    found = (await conn.execute(sql(_PLACES), values)).all()
    areas, rows, atoms = ([row[n] for row in found] for n in range(3))
    return Scope(area_id, county_id, areas, rows, atoms)

"""The file of rules: shares and numbers that a region's documents name, as plain records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from exchange.records import Place
from exchange.vocabulary import File, Reading, _Row, _Table, shipped

COLUMNS = (
    "code", "area", "subject", "measure", "bound", "threshold", "base", "years_back", "scope", "fund_sources",
    "severity", "from_on", "until_on", "citation_zh", "citation_en", "source",
)  # fmt: skip
#: Digits of a threshold before and behind the point.
WHOLE_DIGITS, PLACES = 8, 4
MOST_YEARS_BACK = 10


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """One rule from one day on; codes as they are written. `threshold` is exact, a share is 0.02 for 2%."""

    place: Place
    code: str
    area: str
    subject: str
    measure: str
    bound: str
    threshold: Decimal
    base: str | None
    years_back: int | None
    scope: str
    fund_sources: tuple[str, ...]
    severity: str
    from_on: date
    until_on: date | None
    citation_zh: str
    citation_en: str
    source: str

    @property
    def case(self) -> tuple[str, str, date]:
        return (self.area, self.code, self.from_on)


def read_rules(
    files: Sequence[File] | None,
    area_codes: Collection[str],
    codes: Mapping[str, Collection[str]],
    term_codes: Collection[tuple[str, str]],
) -> Reading[RuleRecord]:
    """One record an area, code and first day; a row of a later file takes the place of an earlier file's.

    `codes`: what may stand in the columns subject, measure, bound, scope and severity; `term_codes`: (scheme, code) of
    the terms there are. Faults: BAD_CODE, DUPLICATE_CODE (in one file), UNKNOWN_AREA, UNKNOWN_VALUE, UNKNOWN_TERM,
    BAD_NUMBER, BAD_DATE, DATES_REVERSED.
    """
    table = _Table(files or (shipped("rules.csv"),), COLUMNS)
    found: dict[tuple[str, str, date], RuleRecord] = {}
    for row in table.rows(required=[one for one in COLUMNS if one not in _OPTIONAL]):
        row.check_code()
        for column, allowed in codes.items():
            if row[column] not in allowed:
                row.fault(
                    "UNKNOWN_VALUE",
                    column,
                    f"应为 {'、'.join(allowed)} 之一,不是“{row[column]}”",
                    f"one of {', '.join(allowed)} is expected, not “{row[column]}”",
                )
        if row["area"] not in area_codes:
            row.fault("UNKNOWN_AREA", "area", f"没有区划代码“{row['area']}”", f"no area has the code “{row['area']}”")
        named = [("rule_base", "base", row["base"])] if row["base"] else []
        named += [("fund_source", "fund_sources", one) for one in row.several("fund_sources")]
        for scheme, column, code in named:
            if (scheme, code) not in term_codes:
                row.fault("UNKNOWN_TERM", column, f"没有代码“{code}”", f"no term of {scheme} has the code “{code}”")
        since, until = _day(row, "from_on"), _day(row, "until_on")
        if since and until and until < since:
            row.fault("DATES_REVERSED", "until_on", "结束日期早于开始日期", "the end lies before the start")
        one = RuleRecord(
            row.place(),
            row["code"],
            row["area"],
            row["subject"],
            row["measure"],
            row["bound"],
            _number(row),
            row["base"] or None,
            _years(row),
            row["scope"],
            row.several("fund_sources"),
            row["severity"],
            since or date.min,
            until,
            row["citation_zh"],
            row["citation_en"],
            row["source"],
        )
        before = found.get(one.case)
        if before is not None and before.place.file == one.place.file:
            first = before.place.row
            row.fault("DUPLICATE_CODE", "code", f"{one.code} 在第 {first} 行已有", f"{one.code} stands in row {first}")
        found[one.case] = one
    return table.reading(found.values())


_OPTIONAL = ("base", "years_back", "fund_sources", "until_on")


def _number(row: _Row) -> Decimal:
    try:
        number = Decimal(row["threshold"]) if row["threshold"].isascii() and "_" not in row["threshold"] else None
    except InvalidOperation:
        number = None
    if (
        number is None
        or not number.is_finite()
        or not 0 <= number < 10**WHOLE_DIGITS
        or number != round(number, PLACES)
    ):
        row.fault(
            "BAD_NUMBER",
            "threshold",
            f"应为不小于 0 的数,最多 {PLACES} 位小数",
            f"a number of at least 0 with at most {PLACES} decimal places is expected",
        )
        return Decimal(0)
    return number


def _years(row: _Row) -> int | None:
    written = row["years_back"]
    if not written:
        return None
    years = int(written) if written.isascii() and written.isdigit() and len(written) < 3 else -1
    if not 0 <= years <= MOST_YEARS_BACK or not row["base"]:
        row.fault(
            "BAD_NUMBER",
            "years_back",
            f"只在有基数时填写,应为 0 到 {MOST_YEARS_BACK} 的整数",
            f"only with a base, a whole number from 0 to {MOST_YEARS_BACK}",
        )
        return None
    return years


def _day(row: _Row, column: str) -> date | None:
    if not row[column]:
        return None
    try:
        return date.fromisoformat(row[column])
    except ValueError:
        row.fault("BAD_DATE", column, f"“{row[column]}”不是 2027-01-01 这样的日期", f"“{row[column]}” is no date")
        return None

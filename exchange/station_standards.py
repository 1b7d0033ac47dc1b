"""The file of standards of stations, as plain records: names, rooms and equipment, profile, yearly indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from exchange.records import Place
from exchange.vocabulary import File, Reading, _Row, _Table, shipped

COLUMNS = ("area", "aspect", "tier", "form", "item", "least", "above_m2", "hard", "from_on", "until_on", "source")


@dataclass(frozen=True, slots=True)
class StandardRecord:
    """What stations of a tier must be like in an area (a code; None: everywhere) on these days; null days are open.

    `form` of names; `item` of facilities (scheme facility) and rules (scheme rule_document_kind); `least` of all that
    is counted; `above_m2`: only for stations of at least this floor area.
    """

    place: Place
    area: str | None
    aspect: str
    tier: str
    form: str | None
    item: str | None
    least: int
    above_m2: Decimal | None
    hard: bool
    from_on: date | None
    until_on: date | None
    source: str

    def holds(self, on: date) -> bool:
        return (self.from_on is None or self.from_on <= on) and (self.until_on is None or self.until_on >= on)


def read_station_standards(files: Sequence[File] | None = None) -> Reading[StandardRecord]:
    """Standards in file order. Faults: BAD_NUMBER, BAD_DATE, NOT_YES_OR_NO, FORM_OF_NAMES (a NAME without form)."""
    table = _Table(files or (shipped("station_standards.csv"),), COLUMNS)
    found = []
    for row in table.rows(required=("aspect", "tier", "source")):
        if row["hard"].upper() not in ("", "YES", "NO"):
            row.fault("NOT_YES_OR_NO", "hard", "请填 YES(强制)或 NO(提示)", "write YES (refused) or NO (marked)")
        if (row["aspect"] == "NAME") != bool(row["form"]):
            row.fault("FORM_OF_NAMES", "form", "名称格式只用于 NAME,且必填", "NAME, and nothing else, has a form")
        found.append(
            StandardRecord(
                row.place(),
                row["area"] or None,
                row["aspect"],
                row["tier"],
                row["form"] or None,
                row["item"] or None,
                int(_number(row, "least") or 0) if row["least"] else 1,
                _number(row, "above_m2"),
                row["hard"].upper() == "YES",
                _day(row, "from_on"),
                _day(row, "until_on"),
                row["source"],
            )
        )
    return table.reading(found)


def _number(row: _Row, column: str) -> Decimal | None:
    if not row[column]:
        return None
    try:
        number = Decimal(row[column])
        if number.is_finite() and number >= 0:
            return number
    except InvalidOperation:
        pass
    row.fault("BAD_NUMBER", column, f"“{row[column]}”不是数字", f"“{row[column]}” is no number")
    return None


def _day(row: _Row, column: str) -> date | None:
    if not row[column]:
        return None
    try:
        return date.fromisoformat(row[column])
    except ValueError:
        row.fault("BAD_DATE", column, f"“{row[column]}”不是 2027-01-01 这样的日期", f"“{row[column]}” is no date")
        return None

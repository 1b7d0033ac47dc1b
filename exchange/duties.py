"""The file of duties: what the county centre, a station and a village room answer for, as plain records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from exchange.records import Place
from exchange.vocabulary import File, Reading, _Row, _Table, shipped

#: County centre, station of a township or street, room of a village.
Tier = Literal["PREFECTURE", "COUNTY", "TOWNSHIP", "VILLAGE"]


@dataclass(frozen=True, slots=True)
class DutyRecord:
    """One duty of one tier. `area` is a code; None: everywhere. From `since_on` to `until_on`, both included."""

    place: Place
    code: str
    level: Tier
    area: str | None
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    since_on: date | None
    until_on: date | None
    source: str


def read_duties(files: Sequence[File] | None, area_codes: Collection[str]) -> Reading[DutyRecord]:
    """The duties in order. `area_codes` are the areas there are.

    A row in a later file takes the place of one of the same code. Faults: BAD_CODE, DUPLICATE_CODE (in one file),
    UNKNOWN_LEVEL, UNKNOWN_AREA, BAD_DATE, DATES_REVERSED.
    """
    columns = ("code", "level", "area", "title_zh", "title_en", "text_zh", "text_en")
    table = _Table(files or (shipped("duties.csv"),), (*columns, "valid_from", "valid_until", "source"))
    found: dict[str, DutyRecord] = {}
    for row in table.rows(required=("code", "level", *columns[3:], "source")):
        row.check_code()
        level = tier_of(row)
        area, since_on, until_on = where_and_when(row, area_codes)
        duty = DutyRecord(
            row.place(),
            row["code"],
            level or "COUNTY",
            area,
            row["title_zh"],
            row["title_en"],
            row["text_zh"],
            row["text_en"],
            since_on,
            until_on,
            row["source"],
        )
        before = found.get(duty.code)
        if before is not None and before.place.file == duty.place.file:
            first = before.place.row
            row.fault(
                "DUPLICATE_CODE", "code", f"{duty.code} 在第 {first} 行已有", f"{duty.code} stands in row {first}"
            )
        found[duty.code] = duty
    return table.reading(found.values())


def tier_of(row: _Row) -> Tier | None:
    """The tier a row names; None for an empty cell. Fault: UNKNOWN_LEVEL."""
    level = row["level"]
    if level and level not in get_args(Tier):
        row.fault("UNKNOWN_LEVEL", "level", f"没有“{level}”这一级", f"there is no level “{level}”")
        return None
    return level or None  # type: ignore[return-value]


def where_and_when(row: _Row, area_codes: Collection[str]) -> tuple[str | None, date | None, date | None]:
    """Area, first and last day of a row, None for what is empty. Faults: UNKNOWN_AREA, BAD_DATE, DATES_REVERSED."""
    area = row["area"] or None
    if area is not None and area not in area_codes:
        row.fault("UNKNOWN_AREA", "area", f"没有区划代码“{area}”", f"there is no area “{area}”")
    days: list[date | None] = []
    for column in ("valid_from", "valid_until"):
        written = row[column]
        try:
            days.append(date.fromisoformat(written) if written else None)
        except ValueError:
            days.append(None)
            row.fault(
                "BAD_DATE", column, f"日期“{written}”应写作 2026-01-31", f"date “{written}” must be written 2026-01-31"
            )
    if days[0] is not None and days[1] is not None and days[1] < days[0]:
        row.fault("DATES_REVERSED", "valid_until", "截止日期早于起始日期", "it ends before it begins")
    return area, days[0], days[1]

"""The file of who owes which report by when, as plain records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.records import Place
from exchange.vocabulary import File, Reading, _Table, _unique, shipped

LEVELS = ("PROVINCE", "PREFECTURE", "COUNTY", "TOWNSHIP")
CADENCES = ("DAY", "WEEK", "MONTH", "QUARTER", "HALF_YEAR", "YEAR")
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class ReportDutyRecord:
    """Areas of a level owe a report by the end of so many working days after its period."""

    place: Place
    level: str
    cadence: str
    working_days: int
    source: str


def read_report_duties(files: Sequence[File] | None = None) -> Reading[ReportDutyRecord]:
    """One record a case (level, cadence). Faults: UNKNOWN_LEVEL, UNKNOWN_CADENCE, DAYS_OUT_OF_RANGE, DUPLICATE_CODE."""
    columns = ("level", "cadence", "working_days", "source")
    table = _Table(files or (shipped("report_duties.csv"),), columns)
    found: dict[tuple[str, str], ReportDutyRecord] = {}
    every: list[ReportDutyRecord] = []
    for row in table.rows(required=columns):
        level, cadence, days = row["level"], row["cadence"], row["working_days"]
        if level not in LEVELS:
            row.fault("UNKNOWN_LEVEL", "level", f"没有层级“{level}”", f"there is no level “{level}”")
        if cadence not in CADENCES:
            row.fault("UNKNOWN_CADENCE", "cadence", f"没有周期“{cadence}”", f"there is no cadence “{cadence}”")
        number = int(days) if days.isascii() and days.isdigit() and len(days) <= 3 else -1
        if not 0 <= number <= MOST_DAYS:
            zh, en = f"天数应是 0 到 {MOST_DAYS} 的整数", f"days are a whole number from 0 to {MOST_DAYS}"
            row.fault("DAYS_OUT_OF_RANGE", "working_days", zh, en)
        one = ReportDutyRecord(row.place(), level, cadence, number, row["source"])
        every.append(one)
        found[level, cadence] = one
    _unique(table, every, key=lambda one: f"{one.place.file}/{one.level} {one.cadence}")
    return table.reading(found.values())

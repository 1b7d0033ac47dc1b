"""The files of due times and of working days, as plain records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from exchange.records import Place
from exchange.vocabulary import File, Reading, _Row, _Table, _unique, shipped

#: Steps of a referral that are due by its priority.
STEPS = ("ACCEPT", "START", "COMPLETE", "FOLLOW_UP")
#: Counted in calendar days: how long an offer is believed without being confirmed, how long before its end an
#: agreement is told of.
STILL_TRUE, AGREEMENT_ENDS = "STILL_TRUE", "AGREEMENT_ENDS"
PRIORITIES = ("ROUTINE", "URGENT", "ASAP", "STAT")
MOST_DAYS = 366
WORKS = {"YES": True, "NO": False}


@dataclass(frozen=True, slots=True)
class DueTimeRecord:
    """After how many working days a step is due, and again each time it stays undone.

    STILL_TRUE: after so many calendar days; AGREEMENT_ENDS: so many before the last day. `area` is a code;
    None where it holds everywhere.
    """

    place: Place
    step: str
    priority: str | None
    area: str | None
    days: int
    again_days: int
    source: str

    @property
    def case(self) -> tuple[str, str | None, str | None]:
        return (self.step, self.priority, self.area)


@dataclass(frozen=True, slots=True)
class WorkingDayRecord:
    """One day that is worked or free, whatever the weekday says."""

    place: Place
    day: date
    works: bool
    source: str


def read_due_times(files: Sequence[File] | None, area_codes: Collection[str]) -> Reading[DueTimeRecord]:
    """One record a case (step, priority, area); a row of a later file takes the place of an earlier file's.

    Faults: UNKNOWN_STEP, UNKNOWN_PRIORITY, UNKNOWN_AREA, DAYS_OUT_OF_RANGE (days 0..366, again_days 1..366),
    DUPLICATE_CODE (a case twice in one file).
    """
    columns = ("step", "priority", "area", "days", "again_days", "source")
    table = _Table(files or (shipped("due_times.csv"),), columns)
    found: dict[tuple[str, str | None, str | None], DueTimeRecord] = {}
    every: list[DueTimeRecord] = []
    for row in table.rows(required=("step", "days", "again_days", "source")):
        step, priority, area = row["step"], row["priority"], row["area"]
        if step not in (*STEPS, STILL_TRUE, AGREEMENT_ENDS):
            row.fault("UNKNOWN_STEP", "step", f"没有“{step}”这一步", f"there is no step “{step}”")
        elif step not in STEPS and (priority or (area and step == STILL_TRUE)):
            column = "priority" if priority else "area"
            row.fault("DAYS_OUT_OF_RANGE", column, "这一步不分优先级和地区", "this step knows no priority and no area")
        elif step in STEPS and priority not in PRIORITIES:
            row.fault("UNKNOWN_PRIORITY", "priority", f"没有优先级“{priority}”", f"there is no priority “{priority}”")
        if area and area not in area_codes:
            row.fault("UNKNOWN_AREA", "area", f"没有区划代码“{area}”", f"no area has the code “{area}”")
        one = DueTimeRecord(
            row.place(),
            step,
            priority or None,
            area or None,
            _days(row, "days", 0),
            _days(row, "again_days", 1),
            row["source"],
        )
        every.append(one)
        found[one.case] = one
    _unique(table, every, key=lambda one: f"{one.place.file}/{one.step} {one.priority or ''} {one.area or ''}".strip())
    return table.reading(found.values())


def read_working_days(files: Sequence[File] | None = None) -> Reading[WorkingDayRecord]:
    """One record a day; a row of a later file takes the place of an earlier file's.

    Columns: day (YYYY-MM-DD), works (YES or NO), source. Faults: BAD_DATE, NOT_YES_OR_NO, DUPLICATE_CODE.
    """
    columns = ("day", "works", "source")
    table = _Table(files or (shipped("working_days.csv"),), columns)
    found: dict[date, WorkingDayRecord] = {}
    every: list[WorkingDayRecord] = []
    for row in table.rows(required=columns):
        try:
            day = date.fromisoformat(row["day"])
        except ValueError:
            row.fault("BAD_DATE", "day", f"“{row['day']}”不是 2027-01-01 这样的日期", f"“{row['day']}” is no date")
            continue
        works = WORKS.get(row["works"].upper())
        if works is None:
            row.fault("NOT_YES_OR_NO", "works", "请填 YES(上班)或 NO(放假)", "write YES (worked) or NO (free)")
        one = WorkingDayRecord(row.place(), day, bool(works), row["source"])
        every.append(one)
        found[day] = one
    _unique(table, every, key=lambda one: f"{one.place.file}/{one.day}")
    return table.reading(found.values())


def _days(row: _Row, column: str, least: int) -> int:
    written = row[column]
    number = int(written) if written.isascii() and written.isdigit() and len(written) <= 3 else -1
    if not least <= number <= MOST_DAYS:
        row.fault(
            "DAYS_OUT_OF_RANGE",
            column,
            f"天数应是 {least} 到 {MOST_DAYS} 的整数",
            f"days are a whole number from {least} to {MOST_DAYS}",
        )
    return number

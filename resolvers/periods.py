"""Periods that reports are about: six cadences (日监测 周总结 月报告 季调度 半年通报 年终考核), in county days.

Every day lies in exactly one period of each cadence, and periods of a cadence follow one another without a gap. Weeks
run from Monday and are numbered by ISO 8601: those around New Year belong to the year of their Thursday.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from resolvers.context import COUNTY_TIME

DAY = timedelta(days=1)
#: code: (what its report is called, English, months of a period or None)
CADENCES: Final[dict[str, tuple[str, str, int | None]]] = {
    "DAY": ("日监测", "daily monitoring", None),
    "WEEK": ("周总结", "weekly summary", None),
    "MONTH": ("月报告", "monthly report", 1),
    "QUARTER": ("季调度", "quarterly review", 3),
    "HALF_YEAR": ("半年通报", "half-year bulletin", 6),
    "YEAR": ("年终考核", "year-end assessment", 12),
}
#: How a period of each cadence is written.
FORMS = {
    "DAY": "2026-11-22",
    "WEEK": "2026-W47",
    "MONTH": "2026-11",
    "QUARTER": "2026-Q4",
    "HALF_YEAR": "2026-H2",
    "YEAR": "2026",
}
_PART = {"MONTH": r"-(0[1-9]|1[0-2])", "QUARTER": r"-Q([1-4])", "HALF_YEAR": r"-H([12])", "YEAR": ""}
_ENGLISH = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
#: Periods are asked for from this year on; before, nobody kept such records.
FIRST_YEAR, LAST_YEAR = 1949, 9998


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From `from_on` to `until_on`, both days included, in county time."""

    from_on: date
    until_on: date
    cadence: str

    @property
    def since(self) -> datetime:
        """Its first moment, aware UTC."""
        return _midnight(self.from_on)

    @property
    def end(self) -> datetime:
        """The first moment after it, aware UTC."""
        return _midnight(self.until_on + DAY)

    @property
    def code(self) -> str:
        """As `FORMS` writes it."""
        day = self.from_on
        if self.cadence == "DAY":
            return day.isoformat()
        if self.cadence == "WEEK":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        number = _number(self)
        return {
            "MONTH": f"{day.year}-{number:02}",
            "QUARTER": f"{day.year}-Q{number}",
            "HALF_YEAR": f"{day.year}-H{number}",
            "YEAR": f"{day.year}",
        }[self.cadence]

    @property
    def zh(self) -> str:
        day = self.from_on
        if self.cadence == "DAY":
            return f"{day.year}年{day.month}月{day.day}日"
        if self.cadence == "WEEK":
            year, week, _ = day.isocalendar()
            return f"{year}年第{week}周"
        number = _number(self)
        half = "上半年" if number == 1 else "下半年"
        return {
            "MONTH": f"{day.year}年{number}月",
            "QUARTER": f"{day.year}年第{number}季度",
            "HALF_YEAR": f"{day.year}年{half}",
            "YEAR": f"{day.year}年度",
        }[self.cadence]

    @property
    def en(self) -> str:
        day = self.from_on
        if self.cadence == "DAY":
            return f"{day.day} {_ENGLISH[day.month - 1]} {day.year}"
        if self.cadence == "WEEK":
            year, week, _ = day.isocalendar()
            return f"week {week} of {year}"
        number = _number(self)
        return {
            "MONTH": f"{_ENGLISH[number - 1]} {day.year}",
            "QUARTER": f"quarter {number} of {day.year}",
            "HALF_YEAR": f"{'first' if number == 1 else 'second'} half of {day.year}",
            "YEAR": f"{day.year}",
        }[self.cadence]

    @property
    def of_months(self) -> bool:
        """Whether it is made of whole months."""
        return CADENCES[self.cadence][2] is not None

    def before(self) -> Period:
        """The period of the same cadence that ends the day before this one begins."""
        return containing(self.cadence, self.from_on - DAY)

    def after(self) -> Period:
        """The one that begins the day after this one ends."""
        return containing(self.cadence, self.until_on + DAY)

    def year_before(self) -> Period:
        """The same period of the year before: the week of the same number, or the last one where there is none."""
        if self.cadence == "WEEK":
            year, week, _ = self.from_on.isocalendar()
            last = date(year - 1, 12, 28).isocalendar().week
            return containing("WEEK", date.fromisocalendar(year - 1, min(week, last), 1))
        day = self.from_on
        leap = (day.month, day.day) == (2, 29)
        return containing(self.cadence, day.replace(year=day.year - 1, day=28 if leap else day.day))


def containing(cadence: str, day: date) -> Period:
    """The period of a cadence that a county day lies in."""
    months = CADENCES[cadence][2]
    if cadence == "DAY":
        return Period(day, day, cadence)
    if months is None:
        monday = day - DAY * day.weekday()
        return Period(monday, monday + 6 * DAY, cadence)
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    behind = first.month - 1 + months
    return Period(first, date(first.year + behind // 12, behind % 12 + 1, 1) - DAY, cadence)


def written(cadence: str, text: str) -> Period | None:
    """The period that a text names in the form of its cadence (`FORMS`); None for any other text."""
    try:
        if cadence == "DAY":
            found = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
        elif cadence == "WEEK":
            week = re.fullmatch(r"(\d{4})-W(\d\d)", text, re.ASCII)
            found = date.fromisocalendar(int(week[1]), int(week[2]), 1) if week else None
        else:
            part = re.fullmatch(r"(\d{4})" + _PART[cadence], text, re.ASCII)
            months = CADENCES[cadence][2] or 1
            number = int(part[2]) if part and part.lastindex == 2 else 1
            found = date(int(part[1]), (number - 1) * months + 1, 1) if part else None
    except ValueError:
        return None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    return containing(cadence, found)


def months(period: Period) -> list[Period]:
    """The months that a period is made of, in order."""
    return list(_walk(containing("MONTH", period.from_on), period.until_on))


def _walk(first: Period, until: date) -> Iterator[Period]:
    while first.from_on <= until:
        yield first
        first = first.after()


def _number(period: Period) -> int:
    step = CADENCES[period.cadence][2] or 1
    return (period.from_on.month - 1) // step + 1


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), COUNTY_TIME).astimezone(UTC)

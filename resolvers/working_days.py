"""Working days and office hours of the county: China's holidays and make-up days, and what a county says itself.

Holidays and the working weekends that make up for them are those the State Council publishes for each year, as the
PyPI package `chinesecalendar` holds them (2004-2026). Beyond, weekends are free and the rest works: such a day is
provisional until the county loads it (data/working_days.csv). What a county loaded goes before the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from resolvers.context import COUNTY_TIME

#: When the office closes, in county time: what is due on a day is due then.
OFFICE_CLOSES = time(17, 30)
SATURDAY = 5
DAY = timedelta(days=1)
#: {day: whether it is worked}, of days a county said something about.
Days = Mapping[date, bool]
NO_DAYS: Days = {}


@lru_cache(maxsize=4096)
def _published(day: date) -> bool | None:
    """Whether the package says that the day is worked; None for a year it does not know."""
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def is_working_day(day: date, own: Days = NO_DAYS) -> bool:
    """Whether the offices of the county are open that day."""
    if day in own:
        return own[day]
    published = _published(day)
    return day.weekday() < SATURDAY if published is None else published


def is_provisional(day: date, own: Days = NO_DAYS) -> bool:
    """True where nobody published yet which days of that year are free: the weekend is all that is known."""
    return day not in own and _published(day) is None


def county_day(at: datetime) -> date:
    """The date in the county at a moment (aware)."""
    return at.astimezone(COUNTY_TIME).date()


def end_of(day: date) -> datetime:
    """The end of office hours of a day, aware UTC."""
    return datetime.combine(day, OFFICE_CLOSES, COUNTY_TIME).astimezone(UTC)


def due_at(start: datetime, days: int, own: Days = NO_DAYS) -> datetime:
    """The end of office hours of the `days`-th working day after the day of `start`, aware UTC. O(days).

    0 days: the end of the same day, or of the next working day when it is none or its hours are over. Never before
    `start`, and never earlier for a later start or for more days. Raises ValueError for a negative number of days or a
    `start` without time zone.
    """
    if days < 0:
        raise ValueError("a number of working days is not negative")
    if start.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    day = county_day(start)
    if days == 0:
        while not is_working_day(day, own) or end_of(day) <= start:
            day += DAY
        return end_of(day)
    while days:
        day += DAY
        days -= is_working_day(day, own)
    return end_of(day)


def working_days_between(a: datetime, b: datetime, own: Days = NO_DAYS) -> int:
    """How many working days lie after the day of `a`, up to and with the day of `b`; negative where `b` is earlier.

    So `working_days_between(a, due_at(a, n)) == n` for every n from 1 on. O(days between).
    """
    if county_day(b) < county_day(a):
        return -working_days_between(b, a, own)
    day, end, count = county_day(a), county_day(b), 0
    while day < end:
        day += DAY
        count += is_working_day(day, own)
    return count

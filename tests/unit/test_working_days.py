"""Working days: the holidays China publishes, the weekends that make up for them, and what a county says itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.context import COUNTY_TIME
from resolvers.working_days import due_at, end_of, is_provisional, is_working_day, working_days_between

moments = st.datetimes(datetime(2003, 6, 1), datetime(2030, 6, 1), timezones=st.just(UTC))
near_moments = st.datetimes(datetime(2025, 12, 1), datetime(2027, 3, 1), timezones=st.just(UTC))
counts = st.integers(0, 40)
own_days = st.dictionaries(st.dates(date(2025, 9, 1), date(2027, 3, 1)), st.booleans(), max_size=20)


def county(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=COUNTY_TIME)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 10, 1), False),  # National Day, a Thursday
        (date(2025, 10, 8), False),  # still the holiday, a Wednesday
        (date(2025, 10, 11), True),  # a Saturday that makes up for it
        (date(2024, 2, 4), True),  # the Sunday before the Spring Festival
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
    ],
)
def test_holidays_and_make_up_days_are_those_published(day: date, works: bool) -> None:
    assert is_working_day(day) is works
    assert not is_provisional(day)


def test_beyond_what_was_published_weekends_are_free_and_that_is_said() -> None:
    new_year, saturday = date(2027, 1, 1), date(2027, 1, 2)
    assert is_working_day(new_year)
    assert is_provisional(new_year)
    assert not is_working_day(saturday)
    assert is_provisional(saturday)
    assert not is_working_day(date(2003, 1, 4))


def test_what_a_county_says_goes_before_the_package() -> None:
    own = {date(2027, 1, 1): False, date(2026, 11, 21): True}
    assert not is_working_day(date(2027, 1, 1), own)
    assert not is_provisional(date(2027, 1, 1), own)
    assert is_working_day(date(2026, 11, 21), own)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (county(2026, 11, 20), 1, county(2026, 11, 23, 17, 30)),  # Friday -> Monday
        (county(2026, 11, 20), 0, county(2026, 11, 20, 17, 30)),
        (county(2026, 11, 20, 17, 29), 0, county(2026, 11, 20, 17, 30)),
        (county(2026, 11, 20, 17, 30), 0, county(2026, 11, 23, 17, 30)),  # the office has closed
        (county(2026, 11, 21), 0, county(2026, 11, 23, 17, 30)),  # Saturday
        (county(2026, 11, 21), 1, county(2026, 11, 23, 17, 30)),
        (county(2025, 9, 30), 1, county(2025, 10, 9, 17, 30)),  # over the eight days of National Day
        (county(2025, 10, 10), 1, county(2025, 10, 11, 17, 30)),  # a Saturday that is worked
        # Friday evening in UTC is Saturday morning in the county.
        (datetime(2026, 11, 20, 17, tzinfo=UTC), 1, county(2026, 11, 23, 17, 30)),
    ],
)
def test_what_is_due_is_due_when_the_office_closes(start: datetime, days: int, due: datetime) -> None:
    found = due_at(start, days)
    assert found == due
    assert found.tzinfo is UTC


def test_a_moment_without_time_zone_and_negative_days_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due_at(datetime(2026, 11, 20), 1)
    with pytest.raises(ValueError, match="negative"):
        due_at(county(2026, 11, 20), -1)


@given(moments, counts, own_days)
def test_it_is_due_on_a_working_day_not_before_its_start(start: datetime, days: int, own: dict[date, bool]) -> None:
    due = due_at(start, days, own)
    day = due.astimezone(COUNTY_TIME).date()
    assert due > start
    assert is_working_day(day, own)
    assert due == end_of(day)


@given(moments, st.integers(1, 40), own_days)
def test_as_many_working_days_lie_between_as_were_given(start: datetime, days: int, own: dict[date, bool]) -> None:
    assert working_days_between(start, due_at(start, days, own), own) == days


@given(moments, counts, st.timedeltas(timedelta(0), timedelta(30)), st.integers(0, 5), own_days)
def test_a_later_start_or_more_days_is_never_due_earlier(
    start: datetime, days: int, later: timedelta, more: int, own: dict[date, bool]
) -> None:
    assert due_at(start + later, days, own) >= due_at(start, days, own)
    assert due_at(start, days + more, own) >= due_at(start, days, own)


@given(near_moments, near_moments, near_moments)
def test_working_days_add_up_and_turn_their_sign(a: datetime, b: datetime, c: datetime) -> None:
    assert working_days_between(a, b) == -working_days_between(b, a)
    assert working_days_between(a, c) == working_days_between(a, b) + working_days_between(b, c)

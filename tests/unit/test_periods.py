"""Periods: every day lies in one of each cadence, and is written in one way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.report_duties import CADENCES as WRITTEN
from exchange.report_duties import read_report_duties
from resolvers.periods import CADENCES, FORMS, containing, months, written

DAYS = st.dates(date(1950, 1, 1), date(2200, 12, 31))
CADENCE = st.sampled_from(sorted(CADENCES))


@given(cadence=CADENCE, day=DAYS)
def test_every_day_lies_in_one_period_and_its_neighbours_touch_it(cadence: str, day: date) -> None:
    period = containing(cadence, day)
    assert period.from_on <= day <= period.until_on
    assert containing(cadence, period.from_on) == containing(cadence, period.until_on) == period
    assert period.before().until_on == period.from_on - timedelta(days=1)
    assert period.after().from_on == period.until_on + timedelta(days=1)
    assert period.after().before() == period
    assert written(cadence, period.code) == period


@given(cadence=CADENCE, day=DAYS)
def test_a_period_lasts_from_midnight_to_midnight_in_the_county(cadence: str, day: date) -> None:
    period = containing(cadence, day)
    assert period.end == period.after().since
    assert (period.end - period.since).days in range((period.until_on - period.from_on).days, 367)


@given(day=DAYS)
def test_longer_periods_are_made_of_months(day: date) -> None:
    for cadence, number in (("MONTH", 1), ("QUARTER", 3), ("HALF_YEAR", 6), ("YEAR", 12)):
        period = containing(cadence, day)
        parts = months(period)
        assert len(parts) == number
        assert (parts[0].from_on, parts[-1].until_on) == (period.from_on, period.until_on)


@pytest.mark.parametrize(
    ("cadence", "text"),
    [
        ("DAY", "2026-02-30"),
        ("DAY", "20260201"),
        ("WEEK", "2026-W54"),
        ("WEEK", "2026-W00"),
        ("MONTH", "2026-13"),
        ("MONTH", "2026-1"),
        ("QUARTER", "2026-Q5"),
        ("HALF_YEAR", "2026-H3"),
        ("YEAR", "26"),
        ("MONTH", ""),
        ("YEAR", "0000"),
    ],
)
def test_what_is_no_period_is_none(cadence: str, text: str) -> None:
    assert written(cadence, text) is None


def test_periods_are_told_in_both_languages() -> None:
    told = {cadence: (written(cadence, form).zh, written(cadence, form).en) for cadence, form in FORMS.items()}  # type: ignore[union-attr]
    assert told == {
        "DAY": ("2026年11月22日", "22 November 2026"),
        "WEEK": ("2026年第47周", "week 47 of 2026"),
        "MONTH": ("2026年11月", "November 2026"),
        "QUARTER": ("2026年第4季度", "quarter 4 of 2026"),
        "HALF_YEAR": ("2026年下半年", "second half of 2026"),
        "YEAR": ("2026年度", "2026"),
    }


def test_weeks_around_new_year_belong_to_the_year_of_their_thursday() -> None:
    assert containing("WEEK", date(2027, 1, 1)).code == "2026-W53"
    assert containing("WEEK", date(2027, 1, 1)).year_before().code == "2025-W52"
    assert containing("DAY", date(2024, 2, 29)).year_before().from_on == date(2023, 2, 28)


def test_the_shipped_duties_name_levels_cadences_and_their_source() -> None:
    reading = read_report_duties()
    assert not reading.faults
    assert all(one.source for one in reading.records)
    assert {one.cadence for one in reading.records if one.level == "COUNTY"} == set(CADENCES) == set(WRITTEN)

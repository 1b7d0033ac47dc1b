"""The table of measures: told in both languages, drawn into the documentation, of tables that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from db.base import Base
from db.entities import ENTITIES
from resolvers.measure_kinds import SECTIONS
from resolvers.measures import MEASURES, markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "reports.md"


def test_the_documentation_shows_the_table_as_it_is() -> None:
    assert markdown() in DOCUMENT.read_text("utf-8")


@pytest.mark.parametrize("code", MEASURES)
def test_a_measure_is_told_in_both_languages_and_reads_rows_that_can_be_shown(code: str) -> None:
    one = MEASURES[code]
    assert re.search("[一-鿿]", one.zh)
    assert not re.search("[一-鿿]", one.en)
    assert one.section in SECTIONS
    assert bool(one.fragments) != bool(one.ratio)
    for fragment in (*one.fragments, *one.plan):
        assert fragment.table in Base.metadata.tables
        assert fragment.table in ENTITIES
    if one.aggregate != "SUM":
        assert len(one.fragments) == 1


@pytest.mark.parametrize(
    "what",
    [
        "STATIONS",
        "CLIENTS",
        "HOUSEHOLDS",
        "VISITS",
        "SESSIONS",
        "PERSONS",
        "PERSON_TIMES",
        "REACH",
        "CLOSED",
        "OUTCOMES",
        "ACCEPT_MEDIAN_HOURS",
        "FIND_TO_REPORT_MEDIAN_DAYS",
        "REPORT_TO_DELIVER_MEAN_HOURS",
        "FIND_TO_DELIVER_MEDIAN_HOURS",
        "VOLUNTEER_HOURS",
        "SPENT",
        "POOLED",
        "COMMITTED",
        "DONATED",
        "POSTS",
        "CERTIFIED_SHARE",
        "LOAD",
        "SUPERVISIONS",
        "CLASSES",
        "TRAINED_TIMES",
        "TRAINED_HOURS",
        "EVALUATIONS",
        "GRADES",
        "INCUBATED",
        "ACTIVITIES",
        "PROGRAMMES",
        "PROGRAMME_PERSONS",
    ],
)
def test_what_counties_report_is_measured(what: str) -> None:
    assert what in MEASURES

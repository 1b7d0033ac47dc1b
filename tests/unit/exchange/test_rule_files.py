"""The file of rules: what is shipped is sound and says what the sources say; what is wrong is told by cell."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from db.fund_rules import COLUMN_CODES
from exchange.rules import COLUMNS, read_rules
from exchange.vocabulary import read_areas, read_terms

AREAS = {one.code for one in read_areas().records}
TERMS = {(one.scheme, one.code) for one in read_terms().records}
SOUND = {
    "code": "SHARE", "area": "45", "subject": "FUND_SPENDING", "measure": "AMOUNT", "bound": "AT_MOST",
    "threshold": "0.02", "base": "SOCIAL_ASSISTANCE_SPENDING", "years_back": "0", "scope": "COUNTY",
    "fund_sources": "HARDSHIP_SUBSIDY", "severity": "HARD", "from_on": "2021-01-01", "until_on": "",
    "citation_zh": "某办法", "citation_en": "Some measures", "source": "某处",
}  # fmt: skip


def test_the_shipped_rules_are_sound_and_each_says_where_it_is_written() -> None:
    read = read_rules(None, AREAS, COLUMN_CODES, TERMS)
    assert not read.faults
    found = {(one.area, one.code): one for one in read.records}
    assert found["45", "SPECIAL_FUNDS_SHARE"].threshold == Decimal("0.02")
    jingmen = found["4208", "HARDSHIP_SUBSIDY_SHARE"]
    assert (jingmen.threshold, jingmen.base, jingmen.years_back) == (Decimal("0.05"), "SOCIAL_ASSISTANCE_SPENDING", 1)
    assert found["4208", "STAFF_COST_SHARE"].threshold == Decimal("0.70")
    assert (found["4208", "STATION_WORKERS_MOST"].threshold, found["4208", "STATION_WORKERS_MOST"].severity) == (
        4,
        "HARD",
    )
    assert found["4208", "WORKER_AGE"].severity == "SOFT"
    assert found["370832", "ASSISTANT_STIPEND"].threshold == 100
    assert {area for area, code in found if code == "CITY_SUBSIDY_AFTER_EVALUATION"} == {"420802", "420804", "4208Z01"}
    assert all(one.citation_zh and one.citation_en and one.source for one in read.records)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("area", "99", "UNKNOWN_AREA"),
        ("subject", "ANYTHING", "UNKNOWN_VALUE"),
        ("severity", "LATER", "UNKNOWN_VALUE"),
        ("threshold", "2%", "BAD_NUMBER"),
        ("threshold", "-0.02", "BAD_NUMBER"),
        ("threshold", "0.00001", "BAD_NUMBER"),
        ("threshold", "NaN", "BAD_NUMBER"),
        ("base", "NOTHING", "UNKNOWN_TERM"),
        ("years_back", "11", "BAD_NUMBER"),
        ("fund_sources", "HARDSHIP_SUBSIDY;NOTHING", "UNKNOWN_TERM"),
        ("from_on", "2021/1/1", "BAD_DATE"),
        ("until_on", "2020-12-31", "DATES_REVERSED"),
        ("code", "share", "BAD_CODE"),
    ],
)
def test_a_faulty_cell_is_told(tmp_path: Path, column: str, value: str, code: str) -> None:
    row = SOUND | {column: value}
    file = tmp_path / "rules.csv"
    file.write_text(",".join(COLUMNS) + "\n" + ",".join(row[one] for one in COLUMNS) + "\n", encoding="utf-8")
    read = read_rules([file], AREAS, COLUMN_CODES, TERMS)
    assert [fault.code for fault in read.faults] == [code]


def test_a_row_of_the_countys_own_file_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    row = SOUND | {"code": "SPECIAL_FUNDS_SHARE", "threshold": "0.03"}
    file = tmp_path / "own.csv"
    file.write_text(",".join(COLUMNS) + "\n" + ",".join(row[one] for one in COLUMNS) + "\n", encoding="utf-8")
    from exchange.vocabulary import shipped

    read = read_rules([shipped("rules.csv"), file], AREAS, COLUMN_CODES, TERMS)
    assert not read.faults
    (one,) = [one for one in read.records if one.code == "SPECIAL_FUNDS_SHARE"]
    assert one.threshold == Decimal("0.03")

"""docs/systems.md: whatever it names is there, and no row is without a place and a test."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from resolvers.measures import MEASURES
from schema.contract import CONTRACT

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "systems.md").read_text("utf-8")
NAME = re.compile(r"`([^`]+)`")
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| 怎么办", "| 要什么"))
]


def known() -> set[str]:
    """Types, acts and questions of the contract, measures of reports, codes of rules."""
    contract = CONTRACT._schema
    names = set(contract.type_map) | set(MEASURES)
    for root in (contract.query_type, contract.mutation_type):
        assert root is not None
        names |= set(root.fields)
    with (ROOT / "data" / "rules.csv").open(encoding="utf-8", newline="") as file:
        return names | {row["code"] for row in csv.DictReader(file)}


def missing(name: str) -> str | None:
    """What is not there of a path, or of path::test."""
    path, _, test = name.partition("::")
    if not (ROOT / path).exists():
        return path
    if test and not re.search(rf"^(async )?def {re.escape(test)}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE):
        return name
    return None


def test_every_name_of_the_page_is_there() -> None:
    there = known()
    wrong = []
    for name in NAME.findall(PAGE):
        if "/" in name or name.endswith(".graphql"):
            wrong += [one for one in [missing(name)] if one]
        elif name not in there:
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:20] for row in ROWS])
def test_every_system_has_a_place_and_a_test(row: list[str]) -> None:
    what, here, where, shown = row
    assert what
    assert here
    assert NAME.findall(where)
    tests = NAME.findall(shown)
    assert tests
    assert all(one.startswith("tests/") for one in tests)


def test_a_name_that_is_not_there_would_be_told() -> None:
    assert missing("tests/nowhere.py") == "tests/nowhere.py"
    assert missing("tests/unit/test_systems.py::test_nothing") == "tests/unit/test_systems.py::test_nothing"
    assert not {"stationSaved", "NO_SUCH_MEASURE"} & known()


def test_the_systems_of_all_sources_are_there() -> None:
    assert len(ROWS) == 8 + 11 + 7 + 8 + 4 + 7

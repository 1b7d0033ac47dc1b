"""Small counts of persons: hidden from readers outside, and not to be worked out from anything else they are told."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import Reported, reporting, told
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_TOWN, SECOND_VILLAGE, TOWN, VILLAGE
from sqlalchemy import text

from db.measures import Sum
from db.viewer import PUBLIC, Viewer
from resolvers.measures import MEASURES
from resolvers.report_guard import SMALL, guarded

#: All that a reader outside may ask for about these months.
ASKED = [
    (area, cadence, period, rows)
    for area in ("3708", COUNTY, TOWN, OTHER_TOWN, VILLAGE)
    for cadence, period in (
        ("DAY", "2026-11-10"),
        ("WEEK", "2026-W46"),
        ("MONTH", "2026-10"),
        ("MONTH", "2026-11"),
        ("QUARTER", "2026-Q3"),
        ("HALF_YEAR", "2026-H1"),
        ("YEAR", "2025"),
    )
    for rows in (None, "TOWNSHIP", "VILLAGE")
]
MONTHS = {month: date(2026, month, 10) for month in (9, 10, 11)}


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[Reported]:
    async with reporting(database_url) as one:
        yield one


async def everything(world: Reported, viewer: Viewer) -> list[Any]:
    found = []
    for area, cadence, period, rows in ASKED:
        asked = {"period": period, "rows": rows, "measures": ["PERSONS", "PERSON_TIMES", "SERVICES"]}
        found.append(told(await world.report(area, viewer, cadence, **asked)))
    return found


async def test_whatever_a_small_count_is_all_reports_read_the_same_to_readers_outside(world: Reported) -> None:
    # Neighbours, months and totals are all there to subtract from.
    for place, month in itertools.product((SECOND_VILLAGE, FAR_VILLAGE, COUNTY), MONTHS.values()):
        await world.serve(place, month, persons=7 if place != SECOND_VILLAGE else 1, person_times=30)
    secret = await world.serve(FAR_VILLAGE, date(2026, 7, 10), persons=1, person_times=2)
    hidden = await world.serve(VILLAGE, date(2026, 11, 10), persons=1, person_times=30)
    outside = (PUBLIC, await world.county.coordinator(OTHER_COUNTY), Viewer("PARTNER", 2, party_id=1))
    seen = []
    for first, second in ((1, 1), (2, 2), (3, 3), (3, 4)):
        async with world.county.engine.begin() as conn:
            for id, persons in ((hidden, first), (secret, second)):
                await conn.execute(text("UPDATE service_record SET persons = :n, person_times = 30 WHERE id = :id"), {
                    "n": persons, "id": id,
                })  # fmt: skip
        seen.append([await everything(world, viewer) for viewer in outside])
    assert seen[0] == seen[1] == seen[2] == seen[3]
    inside = await everything(world, await world.county.coordinator(COUNTY))
    assert inside != seen[0][0]


async def test_a_small_count_is_marked_and_totals_say_at_least(world: Reported) -> None:
    await world.serve(VILLAGE, MONTHS[11], persons=3, person_times=3)
    await world.serve(FAR_VILLAGE, MONTHS[11], persons=40, person_times=40)
    found = told(await world.report(COUNTY, PUBLIC))
    assert (found[TOWN, "PERSONS"][0], found[OTHER_TOWN, "PERSONS"][0]) == ("<5", "40")
    assert found["TOTAL", "PERSONS"][:3] == ("≥41", {"SERVICE": (41, "PARTLY")}, None)
    assert found["TOTAL", "SERVICES"][0] == "2"
    exact = told(await world.report(COUNTY, await world.county.coordinator(COUNTY)))
    assert (exact[TOWN, "PERSONS"][0], exact["TOTAL", "PERSONS"][0]) == ("3", "43")


async def test_what_is_finer_than_a_township_or_a_month_or_not_over_is_withheld(world: Reported) -> None:
    for place in (VILLAGE, FAR_VILLAGE):
        await world.serve(place, MONTHS[11], persons=40, person_times=40)
    await world.serve(VILLAGE, date(2026, 12, 2), persons=40, person_times=40)
    villages = told(await world.report(TOWN, PUBLIC))
    assert (villages[VILLAGE, "PERSONS"][0], villages["TOTAL", "PERSONS"][0]) == ("*", "40")
    for cadence, period in (("DAY", "2026-11-10"), ("WEEK", "2026-W46"), ("MONTH", "2026-12"), ("YEAR", "2026")):
        found = told(await world.report(COUNTY, PUBLIC, cadence, period=period))
        assert found["TOTAL", "PERSONS"][0] == "*", (cadence, period)
        assert found["TOTAL", "PERSONS"][1] == {}
        assert found["TOTAL", "SERVICES"][0] != "*"
    assert told(await world.report(VILLAGE, PUBLIC))["TOTAL", "PERSONS"][0] == "*"


async def test_a_stock_does_not_tell_the_small_flow_between_two_months(world: Reported) -> None:
    for n in range(30):
        await world.put("client", VILLAGE, opened_on=MONTHS[10], code=f"旧{n}", group_ids=[])
    seen = []
    for n in range(1, 5):
        await world.put("client", VILLAGE, opened_on=MONTHS[11], code=f"新{n}", group_ids=[])
        found = []
        for area, period in itertools.product(("3708", COUNTY, TOWN), ("2026-10", "2026-11")):
            asked = {"period": period, "measures": ["CLIENTS", "CLIENTS_OPENED"]}
            found.append(told(await world.report(area, PUBLIC, **asked)))
        seen.append(found)
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert [seen[0][n]["TOTAL", "CLIENTS"][0] for n in (2, 3)] == ["30", "≥31"]
    assert seen[0][3]["TOTAL", "CLIENTS_OPENED"][0] == "<5"


def test_the_same_persons_are_guarded_by_the_same_atoms_wherever_they_are_told() -> None:
    """Else one breakdown would tell what another hides."""
    atoms: dict[Any, set[Any]] = {}
    for one in MEASURES.values():
        if one.guard == "PERSONS":
            assert one.aggregate == "SUM"
            for of in one.fragments:
                atoms.setdefault((of.table, of.value), set()).add((of.on, of.by, of.where, of.place))
    assert all(len(ways) == 1 for ways in atoms.values()), atoms


ATOMS = st.dictionaries(
    st.tuples(st.integers(1, 4), st.integers(9, 11), st.sampled_from("AB")), st.integers(0, 12), max_size=14
)


def sums(atoms: dict[Any, int]) -> list[tuple[Sum, int]]:
    return [
        (Sum(area % 2, area, date(2026, month, 1), code, (value,), (1,)), 0)  # type: ignore[arg-type]
        for (area, month, code), value in atoms.items()
    ]


@given(atoms=ATOMS, shift=st.integers(0, 3))
def test_nothing_shown_depends_on_what_is_hidden(atoms: dict[Any, int], shift: int) -> None:
    other = {place: (value + shift - 1) % 4 + 1 if 0 < value < SMALL else value for place, value in atoms.items()}

    def shown(of: dict[Any, int]) -> Any:
        return {where: (one.shown, one.hidden) for where, one in guarded(sums(of), ()).items()}

    assert shown(atoms) == shown(other)


@given(atoms=ATOMS)
def test_what_is_shown_never_exceeds_the_truth(atoms: dict[Any, int]) -> None:
    found = guarded(sums(atoms), ())
    for (row, code), one in found.items():
        truth = sum(v for (area, _, c), v in atoms.items() if row in (None, area % 2) and code in (None, c))
        if one.hidden is None:
            assert one.shown == truth
        elif one.hidden == "PARTLY":
            assert one.shown is not None
            assert one.shown <= truth
        else:
            assert 0 < truth < SMALL

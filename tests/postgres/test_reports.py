"""Reports: figures from rows, for any area and period, beside the period before; hidden where they are small."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest
from report_world import LATER, Reported, reporting
from small_county import COUNTY, TOWN, VILLAGE

from db.viewer import PUBLIC, Viewer
from resolvers.measures import MEASURES

NOVEMBER = date(2026, 11, 10)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[Reported]:
    async with reporting(database_url) as one:
        yield one


@pytest.mark.parametrize("cadence", ["DAY", "WEEK", "MONTH", "QUARTER", "HALF_YEAR", "YEAR"])
async def test_every_measure_is_told_in_every_cadence_to_everybody(world: Reported, cadence: str) -> None:
    for viewer in (Viewer("ADMIN"), PUBLIC):
        for area in ("37", COUNTY, TOWN, VILLAGE):
            found = await world.report(area, viewer, cadence, on=NOVEMBER)
            assert set(found.total.figures) == set(MEASURES)
    found = await world.report(COUNTY, cadence=cadence, on=NOVEMBER, as_of=LATER, rows="VILLAGE", against="YEAR_BEFORE")
    assert set(found.total.figures) == set(MEASURES)

"""A coordinator's day: what waits, what is late, whom to call back, what was closed this month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from db import day
from db.areas import Area
from db.day import Figures
from db.visibility import STAFF
from resolvers.acts import require_role
from resolvers.checks import Problems
from resolvers.context import COUNTY_TIME, Context
from resolvers.errors import NotAllowed
from resolvers.vocabulary import vocabulary

__all__ = ["Day", "Figures", "figures", "of"]


@dataclass(frozen=True, slots=True)
class Day:
    """`now` is the moment asked at; `month` when the county's month began."""

    area: Area
    now: datetime
    month: datetime


async def of(context: Context, area: str) -> Day:
    """The day of an area and all below it, now.

    Raises InvalidInput for an unknown area, NotAllowed for whoever does not work for the county, or not there.
    """
    viewer = context.viewer
    if viewer.role not in STAFF:
        require_role(viewer, "COORDINATOR")
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
    problems.stop()
    assert place is not None
    if viewer.role != "ADMIN" and viewer.area_id is not None and viewer.area_id not in place.ancestor_ids:
        raise NotAllowed(
            f"{place.full_name}不在您负责的区域内;请查看您负责的地区",
            f"{place.full_name} lies outside your area; ask for the area you work for",
        )
    now = context.clock()
    month = now.astimezone(COUNTY_TIME).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Day(place, now, month)


async def figures(context: Context, one: Day) -> Figures:
    """The figures of a day, as far as the viewer may see them."""
    async with context.engine.connect() as conn:
        return await day.figures(
            conn,
            context.viewer,
            one.area.id,
            is_county=one.area.county_id == one.area.id,
            now=one.now,
            month=one.month,
        )

"""Service catalogues: a new version ends the former, and the one that holds on a day can be asked for."""

from __future__ import annotations

from datetime import date, timedelta

from db import catalogue
from db import records as rows
from db.catalogue import CatalogueRow
from resolvers.acts import record
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.records import Check, Saved, after, check
from resolvers.vocabulary import vocabulary


@check("catalogue")
async def _one_at_a_time(given: Check) -> None:
    """No two versions begin on the same day: which of them held could not be told."""
    if given.old is not None and not {"area_id", "title", "from_on"} & given.changed:
        return
    row = given.row
    own = None if given.old is None else int(given.old.id)
    for other in await catalogue.versions(given.conn, row["area_id"], row["title"]):
        if other.id != own and other.from_on == row["from_on"]:
            raise Conflict(
                "SAME_DAY",
                f"《{row['title']}》{other.version}也从 {row['from_on'].isoformat()} 起生效;请改用另一天",
                f"version {other.version} begins on {row['from_on'].isoformat()} too; use another day",
            )


@after("catalogue")
async def _follow(saved: Saved) -> None:
    """The version before this one ends on the day before it, where it was to hold longer."""
    earlier = [
        one
        for one in await catalogue.versions(saved.conn, saved.row["area_id"], saved.row["title"])
        if one.id != saved.id and one.from_on < saved.row["from_on"]
    ]
    if not earlier:
        return
    former = max(earlier, key=lambda one: one.from_on)
    last = saved.row["from_on"] - timedelta(days=1)
    if former.until_on is not None and former.until_on <= last:
        return
    viewer = saved.context.viewer
    await rows.update(
        saved.conn, CatalogueRow, former.id, {"until_on": last}, at=saved.context.clock(), actor_id=viewer.key_id
    )
    told = {"created": False, "fields": ["until_on"]}
    await record(saved.conn, viewer, "catalogue.saved", "catalogue", former.id, saved.area.id, told)


async def in_force(context: Context, area: str, on: date | None = None) -> list[int]:
    """Ids of the catalogues that hold in an area on a day (None: today), by title.

    They are those of the area itself; where it has none, those of the nearest area above it that has some. Examples are
    nobody's. Raises InvalidInput for an unknown area. Three statements.
    """
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        problems.stop()
        assert place is not None
        found = await catalogue.holding(conn, place.ancestor_ids, on or context.today)
    depth = {id: at for at, id in enumerate(place.ancestor_ids)}
    nearest = max((depth[one.area_id] for one in found), default=None)
    return [one.id for one in found if depth[one.area_id] == nearest]

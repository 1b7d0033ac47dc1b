"""Supervision: what may be recorded, and which stations and workers went without in a month."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import evaluation_rows, supervision_rows
from resolvers import day
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import NotAllowed
from resolvers.records import Check, check, withdrawal
from resolvers.vocabulary import vocabulary


@check("supervision")
async def _supervision(given: Check) -> None:
    row, problems, today = given.row, given.problems, given.context.today
    if row["kind"] == "ADMINISTRATIVE" and row["level"] is None:
        problems.add("level", "REQUIRED", "行政督导须写明层级", "an administrative supervision is of a level")
    if row["kind"] == "PROFESSIONAL" and row["level"] is not None:
        zh, en = "专业督导由承接机构进行,没有层级", "a professional supervision is the operator's and of no level"
        problems.add("level", "NOT_FOR_PROFESSIONAL", zh, en)
    if row["supervisor_id"] is None and row["supervisor_name"] is None:
        problems.add("supervisorName", "REQUIRED", "请填写督导者,或其姓名", "name who supervised, by id or in words")
    if row["supervisor_id"] is not None and row["supervisor_id"] == row["worker_id"]:
        problems.add("workerId", "OWN_SUPERVISOR", "不能督导自己", "nobody supervises himself")
    on = row["supervised_on"]
    if on > today:
        zh, en = f"还没有到这一天;今天是 {today}", f"lies in the future; today is {today}"
        problems.add("supervisedOn", "IN_THE_FUTURE", zh, en)
    if row["next_on"] is not None and row["next_on"] <= on:
        problems.add("nextOn", "DATES_REVERSED", "下次督导应在本次之后", "the next one lies after this one")
    viewer = given.context.viewer
    if viewer.role == "PARTNER":
        own = row["supervisor_id"] == viewer.party_id and row["kind"] == "PROFESSIONAL"
        if not own or not await evaluation_rows.runs(given.conn, row["station_id"], viewer.party_id or 0):
            raise NotAllowed(
                "承接机构只能登记自己对所承接站点的专业督导",
                "an operator records only its own professional supervision of stations it runs",
            )
    if not await supervision_rows.is_open(given.conn, row["station_id"], on):
        given.mark("STATION_NOT_OPEN", "该站当日未在运行", "the station does not work on that day")
    worker = row["worker_id"]
    if worker is not None and not await supervision_rows.holds_post(given.conn, row["station_id"], worker, on):
        given.mark("NOT_ON_POST", "被督导者当日不在该站岗位上", "who was supervised holds no post there on that day")


@withdrawal("supervision")
async def _own_only(context: Context, conn: AsyncConnection, row: Any) -> None:
    """Who was supervised stands in the record too, and does not take it away."""
    own = row.kind == "PROFESSIONAL" and row.supervisor_id == context.viewer.party_id
    if context.viewer.role == "PARTNER" and not own:
        raise NotAllowed(
            "承接机构只能撤回自己登记的专业督导;其他由本区域的统筹员办理",
            "an operator withdraws only its own professional supervision; a coordinator of the area withdraws others",
        )


@dataclass(frozen=True, slots=True)
class Missed:
    """What went without: the id of a station or post, and when it was last supervised before the month."""

    id: int
    last_on: date | None


@dataclass(frozen=True, slots=True)
class Unsupervised:
    """A month of one kind of supervision. `posts` and the figures of posts are None where they were not asked for."""

    area_id: int
    code: str
    from_on: date
    until_on: date
    kind: str
    stations: int
    supervised: int
    missed: list[Missed]
    posts: int | None
    posts_supervised: int | None
    missed_posts: list[Missed] | None


async def unsupervised(
    context: Context, area: str, month: date, kind: str, *, tiers: Sequence[str] = ("STATION",), workers: bool = False
) -> Unsupervised:
    """Which stations of an area and below that work in the month of a day went without, the longest first.

    With `workers` also which posts that a registered worker holds. Raises InvalidInput for an unknown area, NotAllowed
    for whoever does not work for it. One statement, with `workers` two; O(stations + posts).
    """
    place = (await day.of(context, area)).area
    first = month.replace(day=1)
    last = month.replace(day=monthrange(month.year, month.month)[1])
    async with context.engine.connect() as conn:
        found: Sequence[Any] = await supervision_rows.stations(conn, place.id, first, last, kind, tiers)
        posts: Sequence[Any] = []
        if workers:
            posts = await supervision_rows.posts(conn, place.id, first, last, kind, tiers)
    missed = [Missed(one.id, one.former) for one in found if not one.this]
    lone = [Missed(one.id, one.former) for one in posts if not one.this]
    return Unsupervised(
        place.id,
        place.code,
        first,
        last,
        kind,
        len(found),
        len(found) - len(missed),
        missed,
        len(posts) if workers else None,
        len(posts) - len(lone) if workers else None,
        lone if workers else None,
    )


@dataclass(frozen=True, slots=True)
class TeamCoverage:
    """How many areas of a level have a team of supervisors; `without_ids` are those that have none, by code."""

    area_id: int
    areas: int
    with_team: int
    without_ids: list[int]


async def team_coverage(
    context: Context, area: str, level: str, kind: str = "ADMINISTRATIVE", on: date | None = None
) -> TeamCoverage:
    """Which areas of a level below an area have a team on a day (today). Open to everybody.

    Raises InvalidInput for an unknown area. O(areas of the level).
    """
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        problems.stop()
        assert place is not None
        found: Sequence[Any] = await supervision_rows.teams(conn, place.id, level, kind, on or context.today)
    without = [one.id for one in found if not one.has]
    return TeamCoverage(place.id, len(found), len(found) - len(without), without)

"""A report as of a moment is the report that was asked for then, whatever was saved, corrected or withdrawn since."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_world import Reported, reporting, told
from small_county import COUNTY, FAR_VILLAGE, TOWN, VILLAGE
from sqlalchemy import text

from resolvers import referrals

START = datetime(2026, 12, 1, 1, tzinfo=UTC)
MEASURES = ["SERVICES", "PERSONS", "REACH", "VISITS", "CLIENTS", "LEDGER_PERSONS", "STATIONS", "POSTS", "CERTIFIED"]
PLACES = (VILLAGE, FAR_VILLAGE, TOWN, COUNTY)
DAYS = (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1))
CHANGED = ("service_record", "visit", "client", "station", "build_target", "group_ledger", "record_version")

ACT = st.tuples(
    st.sampled_from(["add", "change", "move", "withdraw", "restore"]),
    st.sampled_from(["service_record", "visit", "client", "station", "group_ledger"]),
    st.integers(0, 5),
    st.sampled_from(PLACES),
    st.sampled_from(DAYS),
    st.integers(1, 9),
)


@dataclass
class History:
    """Rows added in one run of acts, by table."""

    world: Reported
    rows: dict[str, list[int]]

    async def act(self, at: datetime, what: str, table: str, n: int, place: str, day: date, number: int) -> None:
        of = self.rows.setdefault(table, [])
        if what == "add" or not of:
            of.append(await self.add(table, at, place, day, number, len(of)))
        elif table == "service_record":
            await self.replace(of, n % len(of), at, place, day, number, withdraw=what == "withdraw")
        else:
            id = of[n % len(of)]
            on = {"visit": "visited_on", "client": "opened_on", "station": "opened_on", "group_ledger": "counted_on"}
            figure = {"visit": "person_times", "client": "is_minor", "station": "units", "group_ledger": "persons"}
            values: dict[str, Any] = {
                "change": {figure[table]: number + 9 if table != "client" else number > 4},
                "move": {on[table]: day, "area_id": await self.world.county.area_id(place)},
                "withdraw": {"withdrawn_at": at},
                "restore": {"withdrawn_at": None},
            }[what]
            if table == "group_ledger":
                values.pop("area_id", None)
                values = {name: value for name, value in values.items() if name != "counted_on"} or {"persons": number}
            await self.world.change(table, id, at, **values)

    async def add(self, table: str, at: datetime, place: str, day: date, number: int, n: int) -> int:
        if table == "service_record":
            return await self.world.serve(place, day, at, persons=number, person_times=number + 1, kind="VISIT")
        group = (await self.world.county.one("SELECT min(id) FROM term WHERE scheme = 'client_group'"))[0]
        values: dict[str, dict[str, Any]] = {
            "visit": {"visited_on": day, "persons": number, "person_times": number + 1, "kind": "HOME"},
            "client": {"opened_on": day, "code": f"甲{n}", "group_ids": [group]},
            "station": {"opened_on": day, "name": f"站{n}", "tier": "STATION"},
            "group_ledger": {"group_id": group, "persons": number, "counted_on": date(2026, 11, 1 + n)},
        }
        return await self.world.put(table, place, at, **values[table])

    async def replace(
        self, of: list[int], n: int, at: datetime, place: str, day: date, number: int, *, withdraw: bool
    ) -> None:
        given = {} if withdraw else {"persons": number, "person_times": number}
        new = await self.world.serve(place, day, at, kind="VISIT", withdrawn=withdraw, replaces_id=of[n], **given)
        async with self.world.county.engine.begin() as conn:
            statement = text("UPDATE service_record SET replaced_by_id = :new WHERE id = :old")
            await conn.execute(statement, {"new": new, "old": of[n]})
        if withdraw:
            of.pop(n)
        else:
            of[n] = new


@pytest.fixture
def runner(database_url: str) -> Iterator[tuple[asyncio.Runner, Reported]]:
    with asyncio.Runner() as runner:
        stage = reporting(database_url)
        world = runner.run(stage.__aenter__())
        yield runner, world
        runner.run(stage.__aexit__(None, None, None))


async def then_and_now(world: Reported, acts: list[Any]) -> None:
    async with world.county.engine.begin() as conn:
        await conn.execute(text(f"TRUNCATE {', '.join(CHANGED)} CASCADE"))
    history, asked = History(world, {}), []
    for n, one in enumerate(acts):
        at = START + timedelta(hours=n)
        await history.act(at, *one)
        for area in (COUNTY, TOWN):
            moment = at + timedelta(minutes=1)
            world.now = moment
            asked.append((area, moment, told(await world.report(area, measures=MEASURES))))
    world.now = START + timedelta(days=9)
    for area, moment, then in asked:
        now = await world.report(area, measures=MEASURES, as_of=moment)
        assert told(now) == then, (area, moment)
        figure = now.total.figures["PERSONS"]
        assert (await world.rows("PERSONS", area, as_of=moment)).value == figure.value


@settings(
    max_examples=60 if os.environ.get("FIVELINK_SOAK") else 8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=st.lists(ACT, min_size=2, max_size=7))
def test_a_report_as_of_a_moment_is_the_one_asked_for_then(
    runner: tuple[asyncio.Runner, Reported], acts: list[Any]
) -> None:
    runner[0].run(then_and_now(runner[1], acts))


async def test_orders_are_told_as_they_stood(database_url: str) -> None:
    measures = ["NEEDS", "REQUESTED", "ACCEPTED", "STARTED", "CLOSED", "OUTCOMES", "OPEN", "COMPLETE_MEDIAN_HOURS"]
    async with reporting(database_url) as world:
        loop, asked = world.served.loop, []
        community = loop.community_id
        need = await world.county.need(community, title="再要一台", quantity=1)
        order = await loop.order(1, need_id=need)
        steps: list[tuple[str, dict[str, Any]]] = [
            ("accept", {}),
            ("start", {}),
            ("hold", {}),
            ("start", {}),
            ("complete", {"delivered": 1, "outcome": "GOT_HELP"}),
        ]
        for n, (step, given_) in enumerate(steps):
            at = datetime(2026, 11, 23 + n, 2, tzinfo=UTC)
            await referrals.advance(loop.context(at=at), step, order, **given_)
            world.now = at + timedelta(hours=1)
            asked.append((world.now, told(await world.report(measures=measures))))
        world.now = datetime(2026, 12, 9, tzinfo=UTC)
        for moment, then in asked:
            assert told(await world.report(measures=measures, as_of=moment)) == then
        states = [set(then["TOTAL", "OPEN"][1]) for _, then in asked]
        assert states == [
            {"ACCEPTED", "IN_PROGRESS"},
            {"IN_PROGRESS"},
            {"IN_PROGRESS", "ON_HOLD"},
            {"IN_PROGRESS"},
            {"IN_PROGRESS"},
        ]
        last = asked[-1][1]
        assert last["TOTAL", "CLOSED"][:2] == ("1", {"COMPLETED": (1, None)})
        assert last["TOTAL", "OUTCOMES"][1] == {"GOT_HELP": (1, None)}
        assert last["TOTAL", "COMPLETE_MEDIAN_HOURS"][0] == "72"

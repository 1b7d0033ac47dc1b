"""A plan that is kept: after every act it is the plan that computing afresh would give, and never half of one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import asyncpg
import psutil
import pytest
from plan_stage import until
from small_county import (
    COUNTY,
    FAR_VILLAGE,
    NOON,
    OTHER_COUNTY,
    OTHER_TOWN,
    SECOND_VILLAGE,
    TODAY,
    TOWN,
    VILLAGE,
    County,
    found,
)

from db import plan_keeping as rows
from db.database import Database
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import needs, offers, plan_child, plan_jobs, plan_keeping, plan_rows, plans
from resolvers.context import Context
from resolvers.errors import Conflict, NotAllowed, NotFound
from resolvers.plan_keeper import Keeper

#: Whether the kept plan was written after everything that happened to needs and offers.
FOLLOWED = """SELECT bool_and(pg_visible_in_snapshot(e.xid::text::xid8, p.kept_to::pg_snapshot))
    FROM plan p LEFT JOIN event e ON e.entity IN ('need', 'offer') WHERE p.kept"""
FIGURES = "SELECT demand, met, optimal, primal, dual, violations FROM plan WHERE id = :id"
LINES = "SELECT need_id, offer_id, quantity, score, parts FROM allocation WHERE plan_id = :id ORDER BY 1, 2"
SHORT = "SELECT need_id, quantity FROM shortfall WHERE plan_id = :id ORDER BY 1"
SHARES = "SELECT area_id, resource_type_id, requested, allocated FROM plan_coverage WHERE plan_id = :id ORDER BY 1, 2"
#: A plan whose parts fit each other, as one moment shows it.
WHOLE = """SELECT (SELECT count(*) FROM shortfall s WHERE s.plan_id = p.id) = p.demand - p.met
    AND coalesce((SELECT sum(quantity) FROM allocation a WHERE a.plan_id = p.id), 0)
        = coalesce((SELECT sum(allocated) FROM plan_coverage c WHERE c.plan_id = p.id), 0)
    AND p.primal = p.dual FROM plan p WHERE p.kept"""
TYPES = ("GOODS", "AIDS", "WHEELCHAIR", "FUNDS")
GROUPS: tuple[list[str], ...] = ([], [], ["CHILD"], ["ORPHAN"], ["ELDER"])


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    plan_child.end_idle()
    database, county = await found(database_url)
    yield county
    await plan_jobs.dismiss(database.engine)
    await database.close()


async def kept_plan(county: County, order: str = "URGENT_FIRST") -> int:
    id = (await plans.compute(county.context, area=COUNTY, order=order)).id
    await plan_keeping.keep(county.context, id, keep=True)
    return id


@asynccontextmanager
async def keeping(county: County) -> AsyncIterator[asyncio.Task[None]]:
    """Somebody who keeps plans, each in a process of its own, as in `fivelink serve`."""
    database = Database(plan_jobs.url_of(county.engine))
    task = asyncio.create_task(plan_keeping.attend(Context(database, LOCAL, lambda: NOON)))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        await database.close()


@asynccontextmanager
async def watched(county: County) -> AsyncIterator[list[int]]:
    """A reader who never stops looking, and fails the test at the first half plan; how many looks there were."""
    looks = [0]

    async def look() -> None:
        while True:
            assert await county.rows(WHOLE) == [(True,)]
            looks[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(look())
    try:
        yield looks
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def keepers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        try:
            if "plan_keeping" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.NoSuchProcess:
            pass
    return found


async def followed(county: County) -> bool:
    return bool((await county.one(FOLLOWED))[0])


async def said(county: County, id: int) -> list[list[tuple[Any, ...]]]:
    """What a plan says, as far as there is one right answer."""
    return [[tuple(row) for row in await county.rows(sql, id=id)] for sql in (FIGURES, LINES, SHORT, SHARES)]


async def afresh(county: County, id: int) -> list[list[tuple[Any, ...]]]:
    """The same of a plan computed now."""
    async with county.engine.connect() as conn:
        row = await plans.plans.asked(conn, id)
        instance = await plans.read(county.context, conn, row.area_id)
    plan, why = plans.explained(instance, row.plan_order)
    proof = plan.certificate
    lines = [plan_rows.allocation(a, c, instance.weights) for a, c in zip(plan.allocations, why, strict=True)]
    return [
        [(plan.demand, plan.met, proof.optimal, str(proof.primal), str(proof.dual), proof.violations)],
        [tuple(line[name] for name in ("need_id", "offer_id", "quantity", "score", "parts")) for line in lines],
        [(one.need_id, one.quantity) for one in plan.shortfalls],
        [(one.district_id, one.type_id, one.requested, one.allocated) for one in plan.coverage],
    ]


async def is_true(county: County, id: int) -> None:
    await until(lambda: followed(county))
    assert await said(county, id) == await afresh(county, id)


class Clients:
    """Acts drawn from a seed: needs and offers come, change and go."""

    def __init__(self, county: County, seed: int, minimums: bool = False) -> None:
        self.county, self.chance, self.minimums = county, random.Random(seed), minimums
        self.parties: list[int] = []
        self.providers: list[int] = []

    async def settle_in(self) -> None:
        for village in (VILLAGE, SECOND_VILLAGE, FAR_VILLAGE):
            self.parties.append(await self.county.community(village, f"{village}社区"))
        for town in (TOWN, OTHER_TOWN, OTHER_COUNTY):
            self.providers.append(await self.county.provider(town, f"{town}公司"))
        for _ in range(6):
            await self.submit()
            await self.publish()

    async def act(self) -> None:
        acts = (self.submit, self.submit, self.change_need, self.withdraw_need, self.publish, self.change_offer)
        await self.chance.choice((*acts, self.change_offer, self.pause_or_resume, self.withdraw_offer))()

    def _day(self, first: int, last: int) -> date | None:
        return self.chance.choice([None, TODAY + timedelta(days=self.chance.randint(first, last))])

    async def submit(self) -> None:
        await self.county.need(
            self.chance.choice(self.parties),
            resource_type=self.chance.choice(TYPES),
            quantity=self.chance.randint(1, 6),
            priority=self.chance.choice(("ROUTINE", "URGENT", "ASAP", "STAT")),
            client_groups=self.chance.choice(GROUPS),
            whole_or_nothing=self.minimums and self.chance.random() < 0.3,
            needed_by=self._day(0, 40),
        )

    async def publish(self) -> None:
        least = self.chance.randint(1, 3) if self.minimums else 1
        await self.county.offer(
            self.chance.choice(self.providers),
            resource_type=self.chance.choice(TYPES),
            capacity=self.chance.randint(3, 9),
            coverage=self.chance.choice([[COUNTY], [TOWN], [OTHER_TOWN], [VILLAGE, FAR_VILLAGE], ["3708"]]),
            client_groups=self.chance.choice(GROUPS),
            minimum_per_need=least,
            maximum_per_need=self.chance.choice([None, least + 1]),
            available_until=self._day(5, 60),
        )

    async def _one(self, table: str, *states: str) -> int | None:
        sql = f"SELECT id FROM {table} WHERE status::text = ANY(:states) ORDER BY id"  # noqa: S608
        found = await self.county.rows(sql, states=list(states))
        return self.chance.choice(found)[0] if found else None

    async def change_need(self) -> None:
        if (id := await self._one("need", "OPEN")) is not None:
            changed: dict[str, Any] = self.chance.choice(
                [
                    {"quantity": self.chance.randint(1, 9)},
                    {"priority": self.chance.choice(("ROUTINE", "STAT"))},
                    {"resource_type": self.chance.choice(TYPES)},
                    {"client_groups": self.chance.choice(GROUPS), "needed_by": self._day(0, 30)},
                ]
            )
            await needs.change(self.county.context, id, **changed)

    async def withdraw_need(self) -> None:
        if (id := await self._one("need", "OPEN")) is not None:
            await needs.withdraw(self.county.context, id)

    async def change_offer(self) -> None:
        if (id := await self._one("offer", "ACTIVE")) is not None:
            changed: dict[str, Any] = self.chance.choice(
                [
                    {"capacity": self.chance.randint(1, 12)},
                    {"coverage": self.chance.choice([[COUNTY], [OTHER_TOWN], [OTHER_COUNTY]])},
                    {"resource_type": self.chance.choice(TYPES)},
                    {"client_groups": self.chance.choice(GROUPS)},
                ]
            )
            await offers.change(self.county.context, id, **changed)

    async def pause_or_resume(self) -> None:
        if (id := await self._one("offer", "PAUSED")) is not None:
            await offers.resume(self.county.context, id)
        elif (id := await self._one("offer", "ACTIVE")) is not None:
            await offers.pause(self.county.context, id)

    async def withdraw_offer(self) -> None:
        if (id := await self._one("offer", "ACTIVE", "PAUSED")) is not None:
            await offers.withdraw(self.county.context, id)


@pytest.mark.parametrize(
    ("seed", "order", "minimums"),
    [(1, "URGENT_FIRST", False), (2, "FAIR_FIRST", False), (3, "URGENT_FIRST", True)],
)
async def test_after_every_act_it_is_the_plan_computed_afresh(
    county: County, seed: int, order: str, minimums: bool
) -> None:
    clients = Clients(county, seed, minimums)
    await clients.settle_in()
    id = await kept_plan(county, order)
    async with keeping(county), watched(county) as looks:
        await is_true(county, id)
        for _ in range(30):
            await clients.act()
            await is_true(county, id)
    assert looks[0] > 30
    row = await county.one("SELECT status, kept, current_at FROM plan WHERE id = :id", id=id)
    assert (row.status, row.kept) == ("COMPUTED", True)
    assert row.current_at >= NOON
    assert await county.rows("SELECT 1 FROM event WHERE kind = 'plan.updated' LIMIT 1")


async def test_many_clients_at_once_and_a_keeper_killed_in_between(county: County) -> None:
    clients = [Clients(county, seed) for seed in range(4)]
    await clients[0].settle_in()
    for one in clients[1:]:
        one.parties, one.providers = clients[0].parties, clients[0].providers
    id = await kept_plan(county)

    async def busy(one: Clients) -> None:
        for _ in range(6):
            try:
                await one.act()
            except (Conflict, NotFound):
                continue  # somebody else was first

    async with keeping(county), watched(county):
        await is_true(county, id)
        (first,) = keepers()
        work = [asyncio.create_task(busy(one)) for one in clients]
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        first.kill()
        await asyncio.gather(*work)
        await clients[0].submit()
        await is_true(county, id)
        (second,) = keepers()
        assert second.pid != first.pid
        work = [asyncio.create_task(busy(one)) for one in clients]
        await asyncio.gather(*work)
        await is_true(county, id)


async def test_what_commits_late_is_not_lost(county: County) -> None:
    community = await county.community()
    await county.offer(await county.provider(), capacity=5)
    need = await county.need(community, quantity=1)
    id = await kept_plan(county)
    slow = await asyncpg.connect(plan_jobs.url_of(county.engine))
    async with keeping(county):
        await is_true(county, id)
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute("UPDATE need SET quantity = 4 WHERE id = $1", need)
        await slow.execute("INSERT INTO event (kind, entity, entity_id) VALUES ('need.changed', 'need', $1)", need)
        await slow.execute("SELECT pg_notify('fivelink_changed', '')")
        later = await county.need(community, quantity=2)
        await is_true(county, id)
        assert (await said(county, id))[1][0][:3] == (need, 1, 1)
        await transaction.commit()
        await is_true(county, id)
        assert [line[:3] for line in (await said(county, id))[1]] == [(need, 1, 3), (later, 1, 2)]
    await slow.close()


async def test_the_newest_plan_of_the_area_goes_on_being_kept(county: County) -> None:
    community = await county.community()
    await county.offer(await county.provider(), capacity=5)
    await county.need(community)
    first = await kept_plan(county)
    async with keeping(county):
        await is_true(county, first)
        second = (await plans.compute(county.context, area=COUNTY)).id
        stood = await said(county, first)
        await county.need(community)
        await is_true(county, second)
        assert await said(county, first) == stood
        held = await county.rows("SELECT id, status, kept FROM plan ORDER BY id")
        assert held == [(first, "SUPERSEDED", False), (second, "COMPUTED", True)]


@pytest.mark.parametrize("end", ["released", "approved"])
async def test_a_plan_that_is_kept_no_more_stays_as_it_is(county: County, end: str) -> None:
    community = await county.community()
    await county.need(community)
    id = await kept_plan(county)
    async with keeping(county):
        await is_true(county, id)
        if end == "released":
            await plan_keeping.keep(county.context, id, keep=False)
        else:
            async with county.engine.begin() as conn:
                await conn.exec_driver_sql("UPDATE plan SET status = 'APPROVED' WHERE id = $1", (id,))
        before = await said(county, id)
        await county.need(community)

        async def all_gone() -> bool:
            return not keepers()

        await until(all_gone)
    assert await said(county, id) == before


async def test_the_next_day_it_is_computed_afresh(county: County) -> None:
    community = await county.community()
    await county.offer(await county.provider(), capacity=5, available_until=TODAY)
    await county.need(community)
    id = await kept_plan(county)
    moment = [NOON]
    context = replace(county.context, clock=lambda: moment[0])
    async with county.engine.connect() as conn:
        keeper = Keeper(context, conn, await county.area_id(COUNTY))
        assert await keeper.follow()
        assert (await said(county, id))[0][0][:2] == (1, 1)
        moment[0] += timedelta(days=1)
        assert await keeper.follow()
    assert (await said(county, id))[0][0][:2] == (1, 0)
    assert await said(county, id) == await afresh(replace(county, context=context), id)


async def test_one_session_keeps_an_area(county: County) -> None:
    area = await county.area_id(COUNTY)
    await kept_plan(county)
    async with county.engine.connect() as one, county.engine.connect() as other:
        assert await rows.unattended(one) == [area]
        assert await rows.take(one, area)
        assert not await rows.take(other, area)
        assert await rows.unattended(other) == []
        await one.invalidate()


async def test_who_may_keep_what(county: County) -> None:
    waiting = await county.waiting_plan(OTHER_COUNTY)
    id = (await plans.compute(county.context, area=COUNTY)).id
    before, counts = await county.state(), await county.counts()
    for viewer in (PUBLIC, Viewer("READER", 1), Viewer("PARTNER", 2, party_id=1)):
        with pytest.raises(NotAllowed):
            await plan_keeping.keep(county.by(viewer), id, keep=True)
    with pytest.raises(NotFound):
        await plan_keeping.keep(county.context, 99, keep=True)
    with pytest.raises(Conflict, match="PLAN_NOT_CURRENT"):
        await plan_keeping.keep(county.context, waiting, keep=True)
    assert (await county.state(), await county.counts()) == (before, counts)
    coordinator = county.by(await county.coordinator())
    for _ in range(2):
        await plan_keeping.keep(coordinator, id, keep=True)
    assert [row.kind for row in await county.rows("SELECT kind FROM event WHERE entity = 'plan' ORDER BY id")][-1:] == [
        "plan.kept"
    ]
    assert (await county.one("SELECT count(*) FROM event WHERE kind = 'plan.kept'"))[0] == 1

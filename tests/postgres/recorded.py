"""A need that a volunteer serves, begun on 1 November: where services and hours are recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from loop import Loop, looped
from small_county import VILLAGE, County
from sqlalchemy import text

from db.viewer import Viewer
from resolvers import parties, services
from resolvers.context import Context

FIRST = date(2026, 11, 1)
LAST_WEEK = date(2026, 11, 15)


@dataclass
class Served:
    """A firm's referral of 5 wheelchairs and a volunteer's of 1, both in progress; the volunteer is alone."""

    loop: Loop
    goods: int
    hours: int
    volunteer_id: int
    volunteer: Viewer

    @property
    def county(self) -> County:
        return self.loop.county

    def context(self, viewer: Viewer | None = None, at: datetime | None = None) -> Context:
        return self.loop.context(viewer, at)

    async def record(self, referral_id: int | None = None, viewer: Viewer | None = None, **changed: Any) -> int:
        given: dict[str, Any] = {"kind": "VISIT", "served_on": LAST_WEEK, "persons": 2, "person_times": 3}
        if "kind" in changed:
            given = {"served_on": LAST_WEEK}
        target = self.goods if referral_id is None else referral_id
        return (await services.record_service(self.context(viewer), referral_id=target, **given | changed)).id

    async def serve(self, minutes: int, on: date = LAST_WEEK, **changed: Any) -> int:
        """Hours of the volunteer."""
        return await self.record(self.hours, kind="HOURS", minutes=minutes, served_on=on, **changed)

    async def correct(self, id: int, viewer: Viewer | None = None, **given: Any) -> int:
        return (await services.correct(self.context(viewer), id, **given)).id

    async def crowd(self) -> None:
        """Opens connections for several at once: else the first is done before the second has one."""
        held = await asyncio.gather(*(self.county.engine.connect() for _ in range(6)))
        await asyncio.gather(*(one.execute(text("SELECT 1")) for one in held))
        await asyncio.gather(*(one.close() for one in held))

    async def everything(self) -> dict[str, list[Any]]:
        """All that an act could change."""
        found = await self.loop.everything()
        for name in ("service_record", "certificate", "certified"):
            found[name] = await self.county.rows(f"SELECT to_jsonb(t)::text FROM {name} t ORDER BY 1")  # noqa: S608
        return found


async def volunteer_of(loop: Loop, name: str = "王小明", headcount: int = 1, area: str = VILLAGE) -> tuple[int, int]:
    """(party, referral in progress) of a volunteer who serves a need of its own."""
    county = loop.county
    party = (await parties.register_volunteer(county.context, name=name, area=area, headcount=headcount)).id
    need = await county.need(loop.community_id, title=f"{name}的一台", quantity=1)
    offer = await county.offer(party, title=f"{name}的轮椅", capacity=1)
    referral = await loop.order(1, need_id=need, offer_id=offer)
    for step in ("accept", "start"):
        await loop.step(step, referral)
    await ordered_on(county, FIRST)
    return party, referral


async def ordered_on(county: County, day: date) -> None:
    """As if everything had been ordered on this day."""
    moment = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE referral SET requested_at = $1", (moment,))


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[Served]:
    async with looped(url) as loop:
        goods = await loop.led_to("IN_PROGRESS")
        party, hours = await volunteer_of(loop)
        yield Served(loop, goods, hours, party, replace(loop.provider, key_id=7, party_id=party))

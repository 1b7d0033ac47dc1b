"""A village that needs wheelchairs, a firm that has some, and the acts between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from small_county import County, found

from db.viewer import Viewer
from resolvers import referrals
from resolvers.context import Context


@dataclass
class Loop:
    """One need of 5, one offer of 10, and who has a say; acts as the county's coordinator unless told otherwise."""

    county: County
    community_id: int
    provider_id: int
    need_id: int
    offer_id: int
    coordinator: Viewer
    provider: Viewer
    community: Viewer

    def context(self, viewer: Viewer | None = None, at: datetime | None = None) -> Context:
        context = self.county.by(viewer or self.coordinator)
        return context if at is None else replace(context, clock=lambda: at)

    async def order(self, quantity: int = 5, **changed: Any) -> int:
        given = {"need_id": self.need_id, "offer_id": self.offer_id, "quantity": quantity} | changed
        return (await referrals.request(self.context(), **given)).id

    async def step(self, name: str, id: int, viewer: Viewer | None = None, **given: Any) -> None:
        await referrals.advance(self.context(viewer), name, id, **given)

    async def led_to(self, status: str, quantity: int = 5) -> int:
        """A referral in this state."""
        id = await self.order(quantity)
        steps: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "REQUESTED": [],
            "ACCEPTED": [("accept", {})],
            "REJECTED": [("reject", {"reason": "NO_CAPACITY"})],
            "IN_PROGRESS": [("accept", {}), ("start", {})],
            "ON_HOLD": [("accept", {}), ("start", {}), ("hold", {})],
            "COMPLETED": [
                ("accept", {}),
                ("start", {}),
                ("complete", {"delivered": quantity, "outcome": "GOT_HELP"}),
            ],
            "FAILED": [("accept", {}), ("fail", {"outcome": "NO_LONGER_INTERESTED"})],
            "CANCELLED": [("cancel", {})],
        }
        for name, given in steps[status]:
            await self.step(name, id, **given)
        return id

    async def row(self, id: int) -> Any:
        return await self.county.one("SELECT * FROM referral WHERE id = :id", id=id)

    async def need(self) -> Any:
        return await self.county.one(
            "SELECT quantity, committed, delivered, status FROM need WHERE id = :id", id=self.need_id
        )

    async def offer(self) -> Any:
        return await self.county.one(
            "SELECT capacity, committed, available FROM offer WHERE id = :id", id=self.offer_id
        )

    async def kinds(self, after: int = 0) -> list[str]:
        """Kinds of the events after an id, in order."""
        return [row[0] for row in await self.county.rows("SELECT kind FROM event WHERE id > :id ORDER BY id", id=after)]

    async def everything(self) -> dict[str, list[Any]]:
        """All that an act could change."""
        tables = ("need", "offer", "match", "referral", "follow_up", "plan", "notice", "event", "idempotency")
        return {name: await self.county.rows(f"SELECT to_jsonb(t)::text FROM {name} t ORDER BY 1") for name in tables}  # noqa: S608


@asynccontextmanager
async def looped(url: str, *, need: int = 5, capacity: int = 10) -> AsyncIterator[Loop]:
    database, county = await found(url)
    try:
        community_id, provider_id = await county.community(), await county.provider()
        need_id = await county.need(community_id, quantity=need)
        offer_id = await county.offer(provider_id, capacity=capacity)
        yield Loop(
            county,
            community_id,
            provider_id,
            need_id,
            offer_id,
            await county.coordinator(),
            Viewer("PARTNER", 2, party_id=provider_id),
            Viewer("PARTNER", 3, party_id=community_id),
        )
    finally:
        await database.close()

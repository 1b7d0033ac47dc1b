"""A county with a partner that listens, and a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from loop import Loop, looped
from small_county import NOON
from webhook_receiver import Receiver, receiving

from db import feed
from db.viewer import LOCAL, Viewer
from resolvers import keys, webhook_delivery, webhooks
from resolvers.context import Context

LATER = timedelta(minutes=10)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Stage:
    loop: Loop
    receiver: Receiver
    clock: Clock = field(default_factory=Clock)

    @property
    def context(self) -> Context:
        return replace(self.loop.county.context, clock=self.clock)

    async def key(self, role: str, **bound: Any) -> Viewer:
        """A viewer with a real key."""
        await keys.create(self.context, role=role, **bound)
        id = (await self.loop.county.one("SELECT max(id) FROM api_key"))[0]
        area = bound.get("area")
        area_id = None if area is None else await self.loop.county.area_id(area)
        return Viewer(role, id, area_id, len(area or "") == 6, bound.get("party"))  # type: ignore[arg-type]

    async def hook(self, viewer: Viewer = LOCAL, kinds: tuple[str, ...] = ("need.*",), **given: Any) -> tuple[int, str]:
        """Registers one; its id and secret."""
        given = {"url": self.receiver.url} | given
        await self.place()
        done, secret = await webhooks.register(replace(self.context, viewer=viewer), kinds=kinds, **given)
        assert secret is not None
        return done.id, secret

    async def need(self, **changed: Any) -> int:
        return await self.loop.county.need(self.loop.community_id, **changed)

    async def place(self) -> None:
        """Gives what was committed its position, as every process that serves does."""
        async with self.loop.county.engine.begin() as conn:
            await feed.advance(conn)

    async def deliver(self) -> int:
        await self.place()
        return await webhook_delivery.deliver(self.context)

    async def row(self, id: int) -> Any:
        return await self.loop.county.one("SELECT * FROM webhook WHERE id = :id", id=id)


@asynccontextmanager
async def staged(url: str) -> AsyncIterator[Stage]:
    async with looped(url) as loop, receiving() as receiver:
        webhooks.allow_local(loop.county.engine)
        yield Stage(loop, receiver)

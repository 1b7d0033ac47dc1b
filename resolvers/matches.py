"""Matches: the best offers of every open need, kept true inside the transaction that changes anything they rest on."""

from __future__ import annotations

from dataclasses import dataclass

from resolvers.context import Context

#: How many offers are stored for a need.
BEST = 20


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A failed rule and the smallest change that mends it (None where nothing the parties do would)."""

    code: str
    text_zh: str
    text_en: str
    remedy_zh: str | None
    remedy_en: str | None


async def why_not(context: Context, need_id: int | None, offer_id: int | None) -> list[Obstacle]:
    raise NotImplementedError

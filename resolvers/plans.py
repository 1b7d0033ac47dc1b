"""Plans: the optimal allocation of an area's open needs, with its certificate."""

from __future__ import annotations

from resolvers.context import Context, Done


async def compute(context: Context, *, area: str, idempotency_key: str | None = None) -> Done:
    raise NotImplementedError

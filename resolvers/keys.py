"""API keys: made, listed, revoked. The text of a key exists once, in the answer of `create`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class Key:
    """A stored key, without its secret. Times are aware UTC."""

    id: int
    prefix: str
    role: str
    area_code: str | None
    party_id: int | None
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def create(
    context: Context,
    *,
    role: str,
    area: str | None = None,
    party: int | None = None,
    label: str = "",
    expires: datetime | None = None,
) -> str:
    raise NotImplementedError


async def listed(context: Context) -> list[Key]:
    raise NotImplementedError


async def revoke(context: Context, prefix: str) -> None:
    raise NotImplementedError

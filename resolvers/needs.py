"""Needs: submitted for a community, changed, withdrawn; their matches are true when the call returns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from resolvers.context import KEEP, Context, Done, KeepType


async def submit(
    context: Context,
    *,
    title: str,
    community_id: int | None,
    resource_type: str,
    quantity: int,
    priority: str | None = "ROUTINE",
    client_groups: Sequence[str] | None = None,
    needed_from: date | None = None,
    needed_by: date | None = None,
    channel: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    raise NotImplementedError


async def change(
    context: Context,
    id: int | None,
    *,
    title: str | KeepType = KEEP,
    resource_type: str | KeepType = KEEP,
    quantity: int | KeepType = KEEP,
    priority: str | KeepType = KEEP,
    client_groups: Sequence[str] | None | KeepType = KEEP,
    needed_from: date | None | KeepType = KEEP,
    needed_by: date | None | KeepType = KEEP,
    channel: str | None | KeepType = KEEP,
    idempotency_key: str | None = None,
) -> Done:
    raise NotImplementedError


async def withdraw(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    raise NotImplementedError

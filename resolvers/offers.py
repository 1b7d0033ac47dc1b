"""Offers: published by a provider, changed, confirmed, paused, resumed, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from resolvers.context import KEEP, Context, Done, KeepType


async def publish(
    context: Context,
    *,
    title: str,
    provider_id: int | None,
    resource_type: str,
    capacity: int,
    coverage: Sequence[str],
    client_groups: Sequence[str] | None = None,
    minimum_per_need: int | None = 1,
    maximum_per_need: int | None = None,
    available_from: date | None = None,
    available_until: date | None = None,
    earmark: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    raise NotImplementedError


async def change(
    context: Context,
    id: int | None,
    *,
    title: str | KeepType = KEEP,
    resource_type: str | KeepType = KEEP,
    capacity: int | KeepType = KEEP,
    coverage: Sequence[str] | KeepType = KEEP,
    client_groups: Sequence[str] | KeepType | None = KEEP,
    minimum_per_need: int | KeepType | None = KEEP,
    maximum_per_need: int | KeepType | None = KEEP,
    available_from: date | KeepType | None = KEEP,
    available_until: date | KeepType | None = KEEP,
    earmark: str | KeepType | None = KEEP,
    idempotency_key: str | None = None,
) -> Done:
    raise NotImplementedError


async def confirm(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    raise NotImplementedError


async def pause(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    raise NotImplementedError


async def resume(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    raise NotImplementedError


async def withdraw(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    raise NotImplementedError

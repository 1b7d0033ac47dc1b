"""Registering the five societies and the assistants of the six."""

from __future__ import annotations

from datetime import date

from resolvers.context import Context, Done


async def register_organization(
    context: Context,
    *,
    name: str,
    area: str,
    credit_code: str | None = None,
    founded_on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    raise NotImplementedError


async def register_volunteer(
    context: Context, *, name: str, area: str, headcount: int | None = 1, idempotency_key: str | None = None
) -> Done:
    raise NotImplementedError


async def register_donor_firm(
    context: Context,
    *,
    name: str,
    area: str,
    credit_code: str | None = None,
    industry: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    raise NotImplementedError


async def register_fund(
    context: Context, *, name: str, area: str, source: str | None = None, idempotency_key: str | None = None
) -> Done:
    raise NotImplementedError


async def register_social_worker(
    context: Context, *, name: str, area: str, idempotency_key: str | None = None
) -> Done:
    raise NotImplementedError


async def register_community(
    context: Context, *, name: str, area: str, idempotency_key: str | None = None
) -> Done:
    raise NotImplementedError


async def register_assistant(
    context: Context, *, name: str, area: str, idempotency_key: str | None = None
) -> Done:
    raise NotImplementedError

"""From an input to a use case, and from what it did to an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

import strawberry

from resolvers.context import Done
from resolvers.errors import Refusal
from schema.problems import problem


def plain(given: Any, absent: Any = None) -> dict[str, Any]:
    """Fields of an input as keyword arguments; enums by name, what was left out as `absent`."""
    values = {}
    for field in dataclasses.fields(given):
        value = getattr(given, field.name)
        if value is strawberry.UNSET:
            value = None if field.name == "idempotency_key" else absent
        values[field.name] = value.name if isinstance(value, Enum) and value is not absent else value
    return values


async def act_of(done: Any, act: Callable[..., Awaitable[Done]], *arguments: Any, **values: Any) -> Any:
    """What an act answers: `done.of` the id of what it did it to, or the problem that refused it."""
    try:
        outcome = await act(*arguments, **values)
    except Refusal as refusal:
        return problem(refusal)
    return done.of(outcome.id)

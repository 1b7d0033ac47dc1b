"""One transaction for one act: the claim on its idempotency key, the work, the event, one commit."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.ext.asyncio import AsyncConnection

from db import areas, events
from db.prepared import transaction
from db.viewer import Viewer
from resolvers import feed
from resolvers.context import KEEP, Context, Done
from resolvers.errors import Conflict, NotAllowed

#: PostgreSQL's lock_not_available and deadlock_detected: somebody else holds what this act needs.
BUSY_STATES = ("55P03", "40P01")
#: How long the answer to an idempotency key is kept, and how many are forgotten in one transaction.
KEYS_KEPT = timedelta(days=7)
FORGOTTEN_AT_ONCE = 1_000


def digest(inputs: Mapping[str, Any]) -> str:
    """SHA-256 of an input, the same for the same values whatever order they came in."""
    given = {name: value for name, value in inputs.items() if value is not KEEP}
    text = orjson.dumps(given, default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


def usable_key(key: str) -> bool:
    """1 to 200 printable characters."""
    return 1 <= len(key) <= 200 and key.isprintable()


async def claim(
    conn: AsyncConnection,
    context: Context,
    operation: str,
    key: str,
    inputs: Mapping[str, Any],
    about: Done | None = None,
) -> Done | None:
    """Takes the key for this transaction, or returns the answer it got before. `about` is the answer to come, if known.

    Of several at once the first inserts and the others wait on the unique index until it commits (they answer the
    same) or rolls back (one of them goes on). Raises Conflict where the key was used with another input.
    """
    mark = digest(inputs)
    caller = context.viewer.caller
    entity, entity_id = ("", 0) if about is None else (about.entity, about.id)
    if await events.claim(
        conn,
        caller=caller,
        operation=operation,
        key=key,
        digest=mark,
        at=context.clock(),
        entity=entity,
        entity_id=entity_id,
    ):
        return None
    kept = await events.answer(conn, caller=caller, operation=operation, key=key)
    if kept is None or kept.digest != mark:
        raise Conflict(
            "IDEMPOTENCY_KEY_REUSED",
            "这个 idempotencyKey 已用于另一份内容;请换一个新的",
            "this idempotencyKey was used with another input; use a new one",
        )
    return Done(kept.entity, kept.entity_id)


async def act(
    context: Context,
    operation: str,
    key: str | None,
    inputs: Mapping[str, Any],
    work: Callable[[AsyncConnection], Awaitable[Done]],
    about: Done | None = None,
) -> Done:
    """Runs `work` in one transaction, once for each (caller, operation, key), and commits once.

    `about` is what `work` will answer, where that is known: one statement less.

    A refusal raised by `work` rolls everything back, the claim included. An unusable key is not claimed: `work`
    reports it among the other faulty fields. Raises Conflict BUSY when a lock or a connection is not
    granted in time.
    """
    with busy_is_conflict():
        async with transaction(context.engine) as conn:
            claimed = key is not None and usable_key(key)
            if claimed and key is not None:
                earlier = await claim(conn, context, operation, key, inputs, about)
                if earlier is not None:
                    return earlier
            done = await work(conn)
            if claimed and key is not None and done != about:
                await events.settle(
                    conn,
                    caller=context.viewer.caller,
                    operation=operation,
                    key=key,
                    entity=done.entity,
                    entity_id=done.id,
                )
    feed.wake(context.engine)
    return done


@contextmanager
def busy_is_conflict() -> Iterator[None]:
    """Raises Conflict BUSY where a lock or a connection is not granted in time."""
    try:
        yield
    except NoConnectionLeft as error:
        raise _busy() from error
    except (DBAPIError, asyncpg.PostgresError) as error:
        if getattr(getattr(error, "orig", error), "sqlstate", None) in BUSY_STATES:
            raise _busy() from error
        raise


def _busy() -> Conflict:
    return Conflict(
        "BUSY",
        "别人正占用办理这件事所需的内容,这次没有改动任何内容;请稍后再试",
        "somebody else holds what this act needs; nothing was changed, try again shortly",
    )


async def forget_keys(context: Context) -> int:
    """Deletes the answers kept for idempotency keys longer than `KEYS_KEPT`; how many.

    A transaction for each `FORGOTTEN_AT_ONCE` rows, the oldest first, so that no act waits for it. A key that is
    forgotten may be used again. Running it twice at once is harmless.
    """
    before, total = context.clock() - KEYS_KEPT, 0
    while True:
        async with context.engine.begin() as conn:
            gone = await events.forget(conn, before=before, limit=FORGOTTEN_AT_ONCE)
        total += gone
        if gone < FORGOTTEN_AT_ONCE:
            return total


async def record(
    conn: AsyncConnection,
    viewer: Viewer,
    kind: str,
    entity: str,
    entity_id: int,
    area_id: int | None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Writes the event of a change."""
    await events.add(
        conn,
        kind=kind,
        entity=entity,
        entity_id=entity_id,
        area_id=area_id,
        actor_id=viewer.key_id,
        detail=dict(detail or {}),
    )


def require_role(viewer: Viewer, *roles: str) -> None:
    """Raises NotAllowed unless the viewer has one of the roles; ADMIN always has."""
    if viewer.role == "ADMIN" or viewer.role in roles:
        return
    names_zh = {"COORDINATOR": "本区域的统筹员", "PARTNER": "资源提供方自己", "ADMIN": "管理员"}
    names_en = {
        "COORDINATOR": "a coordinator of the area",
        "PARTNER": "the provider itself",
        "ADMIN": "an administrator",
    }
    who = [*roles, "ADMIN"]
    raise NotAllowed(
        f"只有{'、'.join(names_zh[role] for role in who)}可以这样做;请用相应的密钥登录",
        f"only {' or '.join(names_en[role] for role in who)} may do this; sign in with such a key",
    )


def within(viewer: Viewer, area: areas.Area) -> bool:
    """True for ADMIN, and for a COORDINATOR whose area is this one or above it."""
    if viewer.role == "ADMIN":
        return True
    return viewer.role == "COORDINATOR" and viewer.area_id in area.ancestor_ids


def require_within(viewer: Viewer, area: areas.Area) -> None:
    """Raises NotAllowed unless the viewer coordinates this area."""
    if not within(viewer, area):
        raise NotAllowed(
            f"{area.full_name}不在您负责的区域内;请由该区域的统筹员或管理员办理",
            f"{area.full_name} lies outside your area; a coordinator of that area or an administrator may do this",
        )

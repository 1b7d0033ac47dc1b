"""Webhooks: registered, paused, replayed, tested, removed. What is sent, and how, stands in `webhook_delivery`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import acting, feed
from db import webhooks as rows
from db.cursors import BadCursor
from db.viewer import Viewer
from resolvers import sealing
from resolvers.acts import act, record, require_role
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict, NotFound
from resolvers.vocabulary import vocabulary
from resolvers.webhook_addresses import AddressRefused, parse, resolved
from resolvers.webhook_events import TESTED, unknown
from resolvers.webhook_posting import SECONDS, new_secret, shown

#: Of one owner (a party, an area, the administrators).
MOST = 20
#: How long the secret before a rotation is signed with, too.
FORMER_KEPT = timedelta(days=1)
ROLES = ("COORDINATOR", "PARTNER")

_local: WeakSet[AsyncEngine] = WeakSet()


def allow_local(engine: AsyncEngine) -> None:
    """This process sends the webhooks of this database to private addresses, too (FIVELINK_WEBHOOK_LOCAL)."""
    _local.add(engine)


def is_local(engine: AsyncEngine) -> bool:
    return engine in _local


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a webhook has heard: the cursor of the last event it has, and how many of the feed follow."""

    cursor: str
    behind: int


async def register(
    context: Context, *, url: str, kinds: Sequence[str], area: str | None = None, idempotency_key: str | None = None
) -> tuple[Done, str | None]:
    """Registers a webhook that hears of events from now on; its secret, which is shown this once.

    Asked again with the same key the answer is the same webhook without its secret: who lost it rotates it.
    Raises InvalidInput, NotAllowed, Conflict.
    """
    require_role(context.viewer, *ROLES)
    refused = await _refused(context, url)
    secret: bytes | None = None

    async def work(conn: AsyncConnection) -> Done:
        nonlocal secret
        problems = Problems()
        if refused is not None:
            problems.add("url", refused.code, refused.zh, refused.en)
        chosen = _kinds(problems, kinds)
        words = await vocabulary(context.engine, conn)
        place = None if area is None else await words.check_area(conn, problems, "area", area)
        problems.key(idempotency_key)
        problems.stop()
        mine = _owned(context.viewer)
        if await rows.how_many(conn, mine["role"], mine["area_id"], mine["party_id"]) >= MOST:
            raise Conflict(
                "TOO_MANY_WEBHOOKS",
                f"最多可登记 {MOST} 个推送地址;请先移除不用的",
                f"at most {MOST} webhooks can be registered; remove one that is not used",
            )
        secret, id = new_secret(), await rows.next_id(conn)
        values = mine | {
            "id": id,
            "url": url,
            "secret": sealing.packed(context.engine, secret, "webhook", id),
            "kinds": chosen,
            "scope_id": place.id if place else None,
            "position": await feed.last(conn),
            "created_at": context.clock(),
        }
        await rows.add(conn, values)
        await record(conn, context.viewer, "webhook.registered", "webhook", id, mine["area_id"])
        return Done("webhook", id)

    inputs = {"url": url, "kinds": list(kinds), "area": area}
    done = await act(context, "webhookRegister", idempotency_key, inputs, work)
    return done, shown(secret) if secret is not None else None


async def rotate(context: Context, id: int | None, *, idempotency_key: str | None = None) -> tuple[Done, str | None]:
    """Gives a webhook a new secret, shown this once; for a day bodies are signed with the old one, too."""
    secret: bytes | None = None

    async def change(conn: AsyncConnection, row: Any) -> dict[str, Any]:
        nonlocal secret
        secret = new_secret()
        kept = sealing.packed(context.engine, secret, "webhook", row.id)
        return {"secret": kept, "former_secret": row.secret, "former_until": context.clock() + FORMER_KEPT}

    done = await _change(context, "webhookRotateSecret", "webhook.rotated", id, idempotency_key, change)
    return done, shown(secret) if secret is not None else None


async def pause(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Sends nothing until it is resumed; what happens meanwhile waits. Raises NotFound, NotAllowed, Conflict."""

    async def change(conn: AsyncConnection, row: Any) -> dict[str, Any]:
        if row.status not in rows.SENDING:
            raise _state(row.status)
        return {"status": "PAUSED", "next_try_at": None}

    return await _change(context, "webhookPause", "webhook.paused", id, idempotency_key, change)


async def resume(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Sends again, at once, from where it stood. Raises NotFound, NotAllowed, Conflict."""

    async def change(conn: AsyncConnection, row: Any) -> dict[str, Any]:
        if row.status == "ACTIVE":
            raise _state(row.status)
        if await rows.key_ended(conn, row.id, context.clock()):
            raise Conflict(
                "KEY_ENDED",
                "登记它的密钥已失效;请用新的密钥重新登记",
                "the key it was registered with opens no more; register it anew with another",
            )
        return {"status": "ACTIVE", "failures": 0, "failing_since": None, "next_try_at": None}

    return await _change(context, "webhookResume", "webhook.resumed", id, idempotency_key, change)


async def remove(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Ends a webhook for good; its secrets and all of its address but the host are forgotten."""

    async def change(conn: AsyncConnection, row: Any) -> dict[str, Any]:
        parts = urlsplit(row.url)
        return {
            "status": "REMOVED",
            "url": f"{parts.scheme}://{parts.netloc}",
            "secret": None,
            "former_secret": None,
            "former_until": None,
            "next_try_at": None,
        }

    return await _change(context, "webhookRemove", "webhook.removed", id, idempotency_key, change, fence=True)


async def replay(context: Context, *, id: int | None, after: str, idempotency_key: str | None = None) -> Done:
    """Sends everything after a cursor, again where it was sent before (with the ids it had); or skips to there.

    Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """

    async def change(conn: AsyncConnection, row: Any) -> dict[str, Any]:
        problems = Problems()
        try:
            position = feed.position_of(after)
        except BadCursor:
            position = -1
        if not 0 <= position <= await feed.last(conn):
            problems.add("after", "BAD_CURSOR", "不是变更流的游标", "is not a cursor of the feed of changes")
        problems.key(idempotency_key)
        problems.stop()
        return {"position": position, "next_try_at": None}

    inputs = {"id": id, "after": after}
    return await _change(
        context, "webhookReplay", "webhook.replayed", id, idempotency_key, change, fence=True, inputs=inputs
    )


async def ping(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Has a ping sent, after what waits already; what failed is tried at once. Raises as `pause`."""

    async def change(conn: AsyncConnection, row: Any) -> dict[str, Any]:
        if row.status not in rows.SENDING:
            raise _state(row.status)
        return {"next_try_at": None}

    return await _change(context, "webhookTest", TESTED, id, idempotency_key, change)


async def progress(context: Context, id: int) -> Progress:
    """How far a webhook has heard. The caller has seen it."""
    async with context.engine.connect() as conn:
        position, behind = await rows.progress(conn, id)
    return Progress(feed.cursor_of(position), behind)


async def _change(
    context: Context,
    operation: str,
    kind: str,
    id: int | None,
    key: str | None,
    change: Any,
    *,
    fence: bool = False,
    inputs: dict[str, Any] | None = None,
) -> Done:
    """One change of one webhook that the caller may see; `change(conn, row)` gives the columns, or refuses."""
    require_role(context.viewer, *ROLES)

    async def work(conn: AsyncConnection) -> Done:
        row = await acting.seen(conn, context.viewer, "webhook", id, lock=True)
        if row is None:
            raise NotFound("这个推送地址", "webhook")
        problems = Problems()
        problems.key(key)
        problems.stop()
        if row.status == "REMOVED":
            raise _state(row.status)
        await rows.change(conn, row.id, await change(conn, row), fence=fence)
        await record(conn, context.viewer, kind, "webhook", row.id, row.area_id)
        return Done("webhook", row.id)

    return await act(context, operation, key, inputs or {"id": id}, work)


async def _refused(context: Context, url: str) -> AddressRefused | None:
    """Why no webhook may lead there, asked before any transaction is open: name servers are slow."""
    try:
        target = parse(url)
        async with asyncio.timeout(SECONDS):
            await resolved(target, local=is_local(context.engine))
    except AddressRefused as refused:
        return refused
    except TimeoutError:
        return AddressRefused("HOST_NOT_FOUND", "没有及时解析到这个主机", "the host was not found in time")
    return None


def _kinds(problems: Problems, kinds: Sequence[str]) -> list[str]:
    chosen = problems.codes("kinds", kinds)
    if not kinds:
        problems.required("kinds", None)
    for place in unknown(chosen):
        problems.add(
            ("kinds", str(place)),
            "UNKNOWN_EVENT",
            "没有这种事件;可用的见 docs/webhooks.md",
            "there is no such event; docs/webhooks.md lists them",
        )
    return chosen


def _owned(viewer: Viewer) -> dict[str, Any]:
    """The columns that say who a webhook belongs to."""
    return {
        "key_id": viewer.key_id,
        "role": viewer.role,
        "area_id": viewer.area_id if viewer.role == "COORDINATOR" else None,
        "party_id": viewer.party_id if viewer.role == "PARTNER" else None,
    }


def _state(status: str) -> Conflict:
    texts = {
        "ACTIVE": ("已在推送", "it is active already"),
        "FAILING": ("已在推送(正在重试)", "it is active already, and retried"),
        "PAUSED": ("已暂停;可以恢复", "it is paused; it can be resumed"),
        "DISABLED": ("已停用;可以恢复", "it is disabled; it can be resumed"),
        "REMOVED": ("已移除;请重新登记", "it is removed; register it anew"),
    }
    return Conflict(f"WEBHOOK_{status}", *texts[status])

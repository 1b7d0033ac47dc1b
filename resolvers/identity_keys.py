"""Other keys: identities and webhook secrets sealed anew, and what cannot be opened for want of its key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from db import identities as rows
from db import webhooks
from resolvers import sealing
from resolvers.context import Context
from resolvers.identities import opened, sealed

#: Rows sealed anew in one transaction.
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of `total` sealed values were sealed anew; `closed` do not open: broken, or their key is missing."""

    done: int
    total: int
    closed: int


async def rotate(context: Context) -> AsyncIterator[Progress]:
    """Seals every identity and webhook secret with the newest key, a batch at a time.

    Each batch is a transaction: whoever is interrupted calls it again and goes on. Rows that somebody else changes
    meanwhile are sealed with the newest key by them.
    """
    ring = sealing.ring(context.engine)
    async with context.engine.connect() as conn:
        counted = await rows.by_key(conn)
        secrets = await webhooks.sealed_secrets(conn)
    others = [id for id, secret in secrets if sealing.key_of(secret) != ring.newest]
    total = sum(count for key_id, count in counted.items() if key_id != ring.newest) + len(others)
    closed = sum(count for key_id, count in counted.items() if key_id not in ring.keys)
    done = after = 0
    yield Progress(done, total, closed)
    while True:
        async with context.engine.begin() as conn:
            found = await rows.sealed_otherwise(conn, ring.newest, ring.ids, after, AT_ONCE)
            for row in found:
                try:
                    values = sealed(ring, row.client_id, opened(context, row))
                except sealing.SealBroken:
                    # It stays as it is, and in the log; all others go on.
                    closed, done = closed + 1, done - 1
                    continue
                await rows.reseal(conn, row.client_id, {k: v for k, v in values.items() if k != "client_id"})
        if not found:
            break
        done, after = done + len(found), found[-1].client_id
        yield Progress(done, total, closed)
    for id in others:
        async with context.engine.begin() as conn:
            try:
                await _reseal_secret(context, conn, id)
                done += 1
            except (sealing.KeyMissing, sealing.SealBroken):
                closed += 1
    if others:
        yield Progress(done, total, closed)


async def _reseal_secret(context: Context, conn: AsyncConnection, id: int) -> None:
    hook = await webhooks.secrets_of(conn, id)
    if hook is None:
        return
    values = {}
    for column in ("secret", "former_secret"):
        kept = getattr(hook, column)
        if kept is not None:
            plain = sealing.unpacked(context.engine, kept, "webhook", id)
            values[column] = sealing.packed(context.engine, plain, "webhook", id)
    if values:
        await webhooks.change(conn, id, values)


async def sealed_by_key(context: Context) -> dict[str, int]:
    """How many identities and webhooks are sealed with each key."""
    async with context.engine.connect() as conn:
        counted = await rows.by_key(conn)
        for _, secret in await webhooks.sealed_secrets(conn):
            key_id = sealing.key_of(secret)
            counted[key_id] = counted.get(key_id, 0) + 1
    return counted

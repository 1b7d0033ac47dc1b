"""What happened, append-only; and the answers kept for clients that ask twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, Row, Select, Text, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, now_column, primary_key

#: What plans that are kept rest on; where their keepers listen. A wake-up only: what happened stands in the table.
WATCHED = ("need", "offer", "vocabulary")
CHANNEL = "fivelink_changed"
_WAKE = text("SELECT pg_notify(:channel, '') FROM plan WHERE kept LIMIT 1")


class EventRow(Base):
    """One change. Audit trail, and what figures are counted from."""

    __tablename__ = "event"

    id: Mapped[int] = primary_key()
    at: Mapped[datetime] = now_column()
    #: "need.submitted", "offer.paused", ...
    kind: Mapped[str] = mapped_column(Text)
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[int] = mapped_column(BigInteger)
    area_id: Mapped[int | None] = mapped_column(Integer)
    #: The key that asked; null for the command line.
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    #: The transaction that wrote it: ids are given before commit, so only this tells what a reader has not seen yet.
    xid: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"))

    __table_args__ = (Index("ix_event_entity", "entity", "entity_id", "id"), Index("ix_event_xid", "xid"))


class IdempotencyRow(Base):
    """The answer a key got, scoped to caller and operation, written in the same transaction as the effect."""

    __tablename__ = "idempotency"

    caller: Mapped[str] = mapped_column(Text, primary_key=True)
    operation: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    #: SHA-256 of the input, so that another input under the same key is refused.
    digest: Mapped[str] = mapped_column(Text)
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = now_column(index=True)


async def claim(conn: AsyncConnection, *, caller: str, operation: str, key: str, digest: str, at: datetime) -> bool:
    """Inserts the record of an act about to happen (`at`, aware UTC); False where a committed one exists.

    Waits for a transaction that holds the same key to end.
    """
    made = await conn.execute(
        insert(IdempotencyRow)
        .values(caller=caller, operation=operation, key=key, digest=digest, entity="", entity_id=0, created_at=at)
        .on_conflict_do_nothing()
        .returning(IdempotencyRow.entity_id)
    )
    return made.first() is not None


async def settle(conn: AsyncConnection, *, caller: str, operation: str, key: str, entity: str, entity_id: int) -> None:
    """Fills the claimed record with the answer."""
    await conn.execute(
        update(IdempotencyRow)
        .where(IdempotencyRow.caller == caller, IdempotencyRow.operation == operation, IdempotencyRow.key == key)
        .values(entity=entity, entity_id=entity_id)
    )


async def answer(conn: AsyncConnection, *, caller: str, operation: str, key: str) -> Row[str, str, int] | None:
    """(digest, entity, entity_id) kept for a key, or None."""
    found = await conn.execute(
        select(IdempotencyRow.digest, IdempotencyRow.entity, IdempotencyRow.entity_id).where(
            IdempotencyRow.caller == caller, IdempotencyRow.operation == operation, IdempotencyRow.key == key
        )
    )
    return found.first()


async def forget(conn: AsyncConnection, *, before: datetime, limit: int) -> int:
    """Deletes the oldest `limit` answers from before a moment, passing over those in use; how many. One index scan."""
    key = (IdempotencyRow.caller, IdempotencyRow.operation, IdempotencyRow.key)
    old = (
        select(*key)
        .where(IdempotencyRow.created_at < before)
        .order_by(IdempotencyRow.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = await conn.execute(delete(IdempotencyRow).where(tuple_(*key).in_(old)))
    return gone.rowcount


async def add(
    conn: AsyncConnection,
    *,
    kind: str,
    entity: str,
    entity_id: int,
    area_id: int | None,
    actor_id: int | None,
    detail: dict[str, Any],
) -> None:
    """Appends one event."""
    await add_many(
        conn,
        [
            {
                "kind": kind,
                "entity": entity,
                "entity_id": entity_id,
                "area_id": area_id,
                "actor_id": actor_id,
                "detail": detail,
            }
        ],
    )


async def add_many(conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Appends events; each row has kind, entity, entity_id, area_id, actor_id, detail."""
    if not rows:
        return
    await conn.execute(insert(EventRow), list(rows))
    if any(row["entity"] in WATCHED for row in rows):
        # Only where somebody listens: a commit that notifies waits for every other such commit of the server.
        await conn.execute(_WAKE, {"channel": CHANNEL})


def last_of_query(entity: str) -> Select[int | None]:
    """The statement of `last_of`, to stand inside another; null before the first."""
    return select(func.max(EventRow.id)).where(EventRow.entity == entity, EventRow.entity_id == 0)


async def last_of(conn: AsyncConnection, entity: str) -> int:
    """Id of the newest event of an entity kind without rows of its own (entity_id 0); 0 before the first."""
    return (await conn.execute(last_of_query(entity))).scalar() or 0


async def lock(conn: AsyncConnection, kind: int, number: int = 0) -> None:
    """Waits for everybody else who takes this lock; held to the end of the transaction."""
    await conn.execute(select(func.pg_advisory_xact_lock(kind, number)))

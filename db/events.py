"""What happened, append-only; and the answers kept for clients that ask twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Index,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal_column,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, now_column, primary_key
from db.prepared import Prepared

#: What plans that are kept rest on; where their keepers listen. A wake-up only: what happened stands in the table.
WATCHED = ("need", "offer", "vocabulary")
CHANNEL = "fivelink_changed"


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


_CLAIMED = (
    insert(IdempotencyRow)
    .values(
        caller=bindparam("caller"),
        operation=bindparam("operation"),
        key=bindparam("key"),
        digest=bindparam("digest"),
        entity=bindparam("entity"),
        entity_id=bindparam("entity_id"),
        created_at=bindparam("at"),
    )
    .on_conflict_do_nothing()
    .returning(IdempotencyRow.entity_id)
    .cte("claimed")
)
#: Every act asks for the version of the vocabulary too: it comes along.
_CLAIM = Prepared(
    select(
        exists(select(_CLAIMED.c.entity_id)).label("claimed"),
        select(func.max(EventRow.id))
        .where(EventRow.entity == literal_column("'vocabulary'"), EventRow.entity_id == literal_column("0"))
        .scalar_subquery()
        .label("version"),
    )
)
_versions: WeakKeyDictionary[AsyncConnection, int] = WeakKeyDictionary()
_OF_KEY = (
    IdempotencyRow.caller == bindparam("of_caller", type_=Text),
    IdempotencyRow.operation == bindparam("of_operation", type_=Text),
    IdempotencyRow.key == bindparam("of_key", type_=Text),
)
_SETTLE = Prepared(
    update(IdempotencyRow).where(*_OF_KEY).values(entity=bindparam("entity"), entity_id=bindparam("entity_id"))
)
_ANSWER = Prepared(
    select(IdempotencyRow.digest, IdempotencyRow.entity, IdempotencyRow.entity_id).where(*_OF_KEY), writes=False
)


async def claim(
    conn: AsyncConnection,
    *,
    caller: str,
    operation: str,
    key: str,
    digest: str,
    at: datetime,
    entity: str = "",
    entity_id: int = 0,
) -> bool:
    """Inserts the record of an act about to happen (`at`, aware UTC); False where a committed one exists.

    Waits for a transaction that holds the same key to end. The answer, where it is known beforehand, goes along.
    """
    made = await _CLAIM.first(
        conn,
        caller=caller,
        operation=operation,
        key=key,
        digest=digest,
        at=at,
        entity=entity,
        entity_id=entity_id,
    )
    _versions[conn] = made.version or 0
    return bool(made.claimed)


async def settle(conn: AsyncConnection, *, caller: str, operation: str, key: str, entity: str, entity_id: int) -> None:
    """Fills the claimed record with the answer."""
    await _SETTLE.fetch(conn, of_caller=caller, of_operation=operation, of_key=key, entity=entity, entity_id=entity_id)


async def answer(conn: AsyncConnection, *, caller: str, operation: str, key: str) -> Any:
    """(digest, entity, entity_id) kept for a key, or None."""
    return await _ANSWER.first(conn, of_caller=caller, of_operation=operation, of_key=key)


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


_GIVEN = (
    func.unnest(
        bindparam("kinds", type_=ARRAY(Text)),
        bindparam("entities", type_=ARRAY(Text)),
        bindparam("entity_ids", type_=ARRAY(BigInteger)),
        bindparam("area_ids", type_=ARRAY(Integer)),
        bindparam("actor_ids", type_=ARRAY(BigInteger)),
        bindparam("details", type_=ARRAY(Text)),
    )
    .table_valued("kind", "entity", "entity_id", "area_id", "actor_id", "detail", with_ordinality="place")
    .render_derived()
)
_ADDED = (
    insert(EventRow)
    .from_select(
        ["kind", "entity", "entity_id", "area_id", "actor_id", "detail"],
        select(
            _GIVEN.c.kind,
            _GIVEN.c.entity,
            _GIVEN.c.entity_id,
            _GIVEN.c.area_id,
            _GIVEN.c.actor_id,
            cast(_GIVEN.c.detail, JSONB),
        ).order_by(_GIVEN.c.place),
    )
    .cte("added")
)
_KEPT: Any = text("plan")
#: Wakes the keepers of plans, where somebody listens: a commit that notifies waits for every other such commit.
_ADD = Prepared(
    select(func.pg_notify(bindparam("channel", type_=Text), literal_column("''")))
    .select_from(_KEPT)
    .where(text("kept"), bindparam("watched", type_=Boolean))
    .limit(literal_column("1"))
    .add_cte(_ADDED)
)


async def add_many(conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Appends events in the order given; each row has kind, entity, entity_id, area_id, actor_id, detail."""
    if not rows:
        return
    await _ADD.fetch(
        conn,
        kinds=[row["kind"] for row in rows],
        entities=[row["entity"] for row in rows],
        entity_ids=[row["entity_id"] for row in rows],
        area_ids=[row["area_id"] for row in rows],
        actor_ids=[row["actor_id"] for row in rows],
        details=[orjson.dumps(row["detail"]).decode() for row in rows],
        channel=CHANNEL,
        watched=any(row["entity"] in WATCHED for row in rows),
    )


def last_of_query(entity: str) -> Select[int | None]:
    """The statement of `last_of`, to stand inside another; null before the first."""
    return select(func.max(EventRow.id)).where(EventRow.entity == entity, EventRow.entity_id == 0)


_LAST_OF = Prepared(
    select(func.max(EventRow.id).label("id")).where(
        EventRow.entity == bindparam("of_entity", type_=Text), EventRow.entity_id == text("0")
    ),
    writes=False,
)


async def last_of(conn: AsyncConnection, entity: str) -> int:
    """Id of the newest event of an entity kind without rows of its own (entity_id 0); 0 before the first."""
    if entity == "vocabulary" and (told := _versions.pop(conn, None)) is not None:
        return told
    return (await _LAST_OF.first(conn, of_entity=entity)).id or 0


async def lock(conn: AsyncConnection, kind: int, number: int = 0) -> None:
    """Waits for everybody else who takes this lock; held to the end of the transaction."""
    await conn.execute(select(func.pg_advisory_xact_lock(kind, number)))

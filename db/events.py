"""What happened, append-only; and the answers kept for clients that ask twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, now_column, primary_key


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

    __table_args__ = (Index("ix_event_entity", "entity", "entity_id", "id"),)


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

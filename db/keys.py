"""API keys: random, shown once, stored as a hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    Text,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.base import ROLE, Base, now_column, primary_key
from db.pool import ReadPool


class ApiKeyRow(Base):
    __tablename__ = "api_key"

    id: Mapped[int] = primary_key()
    prefix: Mapped[str] = mapped_column(Text, unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    role: Mapped[str] = mapped_column(ROLE)
    area_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("area.id"))
    party_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("party.id"))
    label: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = now_column()
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("(role = 'PARTNER'::role) = (party_id IS NOT NULL)", name="party_of_partner"),
        CheckConstraint("role <> 'COORDINATOR'::role OR area_id IS NOT NULL", name="area_of_coordinator"),
    )


_BY_PREFIX = """
    SELECT k.id, k.digest, k.role::text AS role, k.area_id, k.party_id, k.expires_at, k.revoked_at,
           a.level::text AS area_level
    FROM api_key AS k LEFT JOIN area AS a ON a.id = k.area_id
    WHERE k.prefix = $1"""


async def by_prefix(reader: ReadPool, prefix: str) -> Any | None:
    """The key that begins so, with the level of its area; None where there is none."""
    rows = await reader.read(_BY_PREFIX, (prefix,))
    return rows[0] if rows else None


_CLOSED = "SELECT 1 FROM api_key WHERE id = $1 AND (revoked_at IS NOT NULL OR expires_at <= $2)"


async def closed(reader: ReadPool, id: int, at: datetime) -> bool:
    """Whether a key that opened once opens no more: revoked, or expired at this moment."""
    return bool(await reader.read(_CLOSED, (id, at)))


async def add(conn: AsyncConnection, values: Mapping[str, Any]) -> int | None:
    """Stores a key; its id, or None where the prefix is taken."""
    made = await conn.execute(insert(ApiKeyRow).values(**values).on_conflict_do_nothing().returning(ApiKeyRow.id))
    return made.scalar()


async def every(conn: AsyncConnection) -> Sequence[Any]:
    """Rows of `resolvers.keys.Key`, newest first."""
    area = Base.metadata.tables["area"]
    found = await conn.execute(
        select(
            ApiKeyRow.id,
            ApiKeyRow.prefix,
            ApiKeyRow.role,
            area.c.code,
            ApiKeyRow.party_id,
            ApiKeyRow.label,
            ApiKeyRow.created_at,
            ApiKeyRow.expires_at,
            ApiKeyRow.revoked_at,
        )
        .join(area, area.c.id == ApiKeyRow.area_id, isouter=True)
        .order_by(ApiKeyRow.id.desc())
    )
    return found.all()


async def revoke(conn: AsyncConnection, prefix: str, at: datetime) -> int | None:
    """Marks the key revoked; its id, or None where there is none that is not revoked yet."""
    done = await conn.execute(
        update(ApiKeyRow)
        .where(ApiKeyRow.prefix == prefix, ApiKeyRow.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(ApiKeyRow.id)
    )
    return done.scalar()


async def exists(conn: AsyncConnection, prefix: str) -> bool:
    found = await conn.execute(select(ApiKeyRow.id).where(ApiKeyRow.prefix == prefix))
    return found.first() is not None

"""API keys: random, shown once, stored as a hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import ROLE, Base, now_column, primary_key


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

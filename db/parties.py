"""The five societies and the assistants of the six: one table, one row a party, `kind` says which."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Computed, Date, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import PARTY_KIND, SOCIETY, Base, now_column, primary_key

_SOCIETY_OF_KIND = """CASE kind
    WHEN 'COMMUNITY'::party_kind THEN 'COMMUNITY'::society
    WHEN 'ORGANIZATION'::party_kind THEN 'SOCIAL_ORGANIZATION'::society
    WHEN 'SOCIAL_WORKER'::party_kind THEN 'SOCIAL_WORKER'::society
    WHEN 'VOLUNTEER'::party_kind THEN 'VOLUNTEER'::society
    WHEN 'ASSISTANT'::party_kind THEN 'ASSISTANT'::society
    ELSE 'CHARITABLE_RESOURCE'::society END"""


class PartyRow(Base):
    __tablename__ = "party"

    id: Mapped[int] = primary_key()
    kind: Mapped[str] = mapped_column(PARTY_KIND)
    society: Mapped[str] = mapped_column(SOCIETY, Computed(_SOCIETY_OF_KIND, persisted=True))
    name: Mapped[str] = mapped_column(Text)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    credit_code: Mapped[str | None] = mapped_column(Text, unique=True)
    founded_on: Mapped[date | None] = mapped_column(Date)
    headcount: Mapped[int | None] = mapped_column(Integer)
    industry_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    source_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    #: A single person, whose name only signed-in staff may see.
    is_person: Mapped[bool] = mapped_column(
        Boolean,
        Computed(
            "kind IN ('SOCIAL_WORKER'::party_kind, 'ASSISTANT'::party_kind)"
            " OR (kind = 'VOLUNTEER'::party_kind AND headcount = 1)",
            persisted=True,
        ),
    )
    #: What the list or directory it came from calls it; an import finds it again by this.
    reference: Mapped[str | None] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = now_column()

    __table_args__ = (
        CheckConstraint("headcount > 0", name="headcount_positive"),
        CheckConstraint("(kind = 'VOLUNTEER'::party_kind) = (headcount IS NOT NULL)", name="headcount_of_volunteers"),
        Index("uq_party_kind_area_name", "kind", "area_id", "name", unique=True),
        Index("ix_party_name", "name"),
    )

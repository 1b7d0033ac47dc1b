"""The five societies and the assistants of the six: one table, one row a party, `kind` says which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    Row,
    SmallInteger,
    Text,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
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
    #: How its orders came out, in ten-thousandths (`db.track_records`, counted once a day); a half for a newcomer. It
    #: weighs in the score of its offers and is shown there only: no list puts a volunteer in the pillory.
    track_record: Mapped[int] = mapped_column(SmallInteger, server_default="5000")
    #: What the list or directory it came from calls it; an import finds it again by this.
    reference: Mapped[str | None] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = now_column()

    __table_args__ = (
        CheckConstraint("track_record BETWEEN 0 AND 10000", name="track_record_in_range"),
        CheckConstraint("headcount > 0", name="headcount_positive"),
        CheckConstraint("(kind = 'VOLUNTEER'::party_kind) = (headcount IS NOT NULL)", name="headcount_of_volunteers"),
        Index("uq_party_kind_area_name", "kind", "area_id", "name", unique=True),
        Index("ix_party_name", "name"),
    )


async def add(conn: AsyncConnection, values: Mapping[str, Any]) -> int | None:
    """Inserts a party; its id, or None where one of the same kind, area and name or credit code exists."""
    made = await conn.execute(insert(PartyRow).values(**values).on_conflict_do_nothing().returning(PartyRow.id))
    return made.scalar()


async def like(
    conn: AsyncConnection, *, kind: str, area_id: int, name: str, credit_code: str | None
) -> Row[int, str, bool] | None:
    """(id, name, same_code) of the party that stands in the way of another: of the same credit code first."""
    same_code = func.coalesce(PartyRow.credit_code == (credit_code or ""), False)
    same_name = and_(PartyRow.kind == kind, PartyRow.area_id == area_id, PartyRow.name == name)
    found = await conn.execute(
        select(PartyRow.id, PartyRow.name, same_code.label("same_code"))
        .where(or_(same_code, same_name))
        .order_by(same_code.desc(), PartyRow.id)
        .limit(1)
    )
    return found.first()

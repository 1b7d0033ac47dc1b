"""Places: a tree of GB/T 2260 codes, and zones (functional areas) that have no code of their own."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import AREA_LEVEL, Base, Ids, ids_column


class AreaRow(Base):
    __tablename__ = "area"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(AREA_LEVEL)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    #: From the province down to the area itself, so `ancestor_ids @> {x}` is "in x or below".
    ancestor_ids: Ids = ids_column()
    #: The county it lies in (itself for a county, and for a zone that stands beside counties); null above counties.
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    longitude: Mapped[float | None] = mapped_column(Float)
    latitude: Mapped[float | None] = mapped_column(Float)

    __table_args__ = (
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="location_whole"),
        Index("ix_area_ancestor_ids", "ancestor_ids", postgresql_using="gin"),
        Index("ix_area_level_code", "level", "code"),
    )

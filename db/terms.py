"""Codes a county can extend: terms (client groups, industries, channels, ...) and the tree of resource types."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.base import RESOURCE_KIND, Base, Ids, ids_column


class TermRow(Base):
    __tablename__ = "term"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    scheme: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    position: Mapped[int] = mapped_column(Integer)
    ancestor_ids: Ids = ids_column()
    #: The client groups a term stands for: itself and those below for a group, the groups of a domain for a domain.
    group_ids: Ids = ids_column()
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")

    __table_args__ = (
        UniqueConstraint("scheme", "code"),
        Index("ix_term_scheme_position", "scheme", "position", "id"),
        Index("ix_term_ancestor_ids", "ancestor_ids", postgresql_using="gin"),
    )


class ResourceTypeRow(Base):
    __tablename__ = "resource_type"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(RESOURCE_KIND)
    unit: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("resource_type.id"))
    position: Mapped[int] = mapped_column(Integer)
    ancestor_ids: Ids = ids_column()
    #: The top of its tree: matches never cross it, so writers of one tree wait for each other and for nobody else.
    root_id: Mapped[int] = mapped_column(Integer)
    #: Words in a title that mean this type, and units written for it; used by the import of sheets without types.
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")

    __table_args__ = (
        Index("ix_resource_type_position", "position", "id"),
        Index("ix_resource_type_ancestor_ids", "ancestor_ids", postgresql_using="gin"),
    )

"""Codes a county can extend: terms (client groups, industries, channels, ...) and the tree of resource types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, Text, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
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
    #: Words in a title that mean this type, and other ways to write its unit; for lists without a type column.
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    other_units: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")

    __table_args__ = (
        Index("ix_resource_type_position", "position", "id"),
        Index("ix_resource_type_ancestor_ids", "ancestor_ids", postgresql_using="gin"),
    )


@dataclass(frozen=True, slots=True)
class Term:
    """A row of `term`; `ancestor_ids` ends with the term itself."""

    id: int
    scheme: str
    code: str
    label_zh: str
    label_en: str
    parent_id: int | None
    position: int
    ancestor_ids: tuple[int, ...]
    group_ids: tuple[int, ...]
    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A row of `resource_type`; `ancestor_ids` begins with `root_id` and ends with the type itself."""

    id: int
    code: str
    label_zh: str
    label_en: str
    kind: str
    unit: str
    parent_id: int | None
    position: int
    ancestor_ids: tuple[int, ...]
    root_id: int
    synonyms: tuple[str, ...]
    other_units: tuple[str, ...] = ()


async def _whole(conn: AsyncConnection, row: type[Base], names: Sequence[str]) -> list[list[Any]]:
    table = row.__table__
    found = await conn.execute(select(*(table.c[name] for name in names)).order_by(table.c.position, table.c.id))
    return [[tuple(value) if isinstance(value, list) else value for value in one] for one in found]


async def terms(conn: AsyncConnection) -> list[Term]:
    """Every term, in the order of its scheme."""
    return [Term(*row) for row in await _whole(conn, TermRow, [f.name for f in fields(Term)])]


async def resource_types(conn: AsyncConnection) -> list[ResourceType]:
    """Every resource type, in order."""
    names = [f.name for f in fields(ResourceType)]
    return [ResourceType(*row) for row in await _whole(conn, ResourceTypeRow, names)]


async def write(conn: AsyncConnection, rows: Sequence[Term] | Sequence[ResourceType]) -> None:
    """Inserts terms or types, or brings those of the same id up to date; parents stand before children."""
    if not rows:
        return
    made = insert(TermRow if isinstance(rows[0], Term) else ResourceTypeRow)
    names = [f.name for f in fields(rows[0])]
    await conn.execute(
        made.on_conflict_do_update(
            index_elements=["id"], set_={name: made.excluded[name] for name in names if name != "id"}
        ),
        [{name: list(v) if isinstance(v := getattr(row, name), tuple) else v for name in names} for row in rows],
    )

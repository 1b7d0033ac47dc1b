"""Kinds of records: declared once, read, saved, listed, imported and remembered alike.

A kind is a class of columns below `Record`. From the declaration follow its table and indexes here, what can be read
(`db.entities`), who sees it (`db.visibility`), its type, list and act in the contract (`schema.records`), how it is
saved (`resolvers.records`) and how a sheet of it is read. Whoever wants another kind writes one class.

Rows are never deleted: a mistaken one is withdrawn, and what a row was before a change is kept in `record_version`, so
that a table can be asked for as it stood at any moment (`as_of`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, ClassVar, Literal

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    bindparam,
    column,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy import insert as insert_into
from sqlalchemy import text as sql
from sqlalchemy import update as update_of
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, MappedColumn, declared_attr, mapped_column

from db.base import Base, enum, ids_column, now_column, primary_key
from db.keys import ApiKeyRow

Seen = Literal["PUBLIC", "STAFF", "PARTY"]
Form = Literal["text", "prose", "whole", "money", "decimal", "day", "flag", "code", "term", "terms", "to", "named"]

#: Tables that are pointed at by a code in an input: areas and resource types; all others by a global id.
NAMED = ("area", "resource_type")
#: Digits behind the point that a number of each form keeps.
SCALE = {"money": 2, "decimal": 4}
#: GraphQL types of what records may point at beside records.
OTHERS = {
    "area": "Area",
    "resource_type": "ResourceType",
    "party": "Party",
    "need": "Need",
    "offer": "Offer",
    "plan": "Plan",
    "referral": "Referral",
    "service_record": "ServiceRecord",
    "duty": "Duty",
    "procedure": "Procedure",
}


@dataclass(frozen=True, slots=True)
class Codes:
    """A closed set of codes: a type of the database and an enum of the contract; (English, 中文) by code."""

    name: str
    typename: str
    doc: str
    values: Mapping[str, tuple[str, str]]
    type: ENUM


def codes(name: str, typename: str, doc: str, **values: tuple[str, str]) -> Codes:
    """A closed set that rules of this product tell apart; a set that a county extends is a scheme of terms."""
    return Codes(name, typename, doc, values, enum(name, *values))


@dataclass(frozen=True, slots=True)
class Kind:
    """What holds for all rows of a kind; `tests/postgres/test_records.py` tells what each choice means.

    seen: PUBLIC everybody, STAFF whoever looks after the area, PARTY these and the partner who stands in a row.
    under: the column of the row whose area it takes over and which is locked while one is saved.
    on, until: the dates from and to which a row counts. key: what tells rows apart within their area (or parent).
    """

    typename: str
    plural: str
    zh: str
    en: str
    _: KW_ONLY
    seen: Seen = "STAFF"
    under: str | None = None
    search: str | None = None
    on: str | None = None
    until: str | None = None
    key: tuple[str, ...] | None = None
    order: tuple[tuple[str, bool], ...] = (("id", True),)
    written: tuple[str, ...] = ("COORDINATOR",)
    saved: bool = True
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A column as the world sees it. `name` is the contract's in snake case, `column` the table's."""

    name: str
    column: str
    form: Form
    doc: str
    optional: bool
    fixed: bool
    least: int | None = None
    default: Any = None
    codes: Codes | None = None
    scheme: str | None = None
    target: str | None = None
    of: tuple[str, ...] = ()
    back: str | None = None

    @property
    def zh(self) -> str:
        """The 中文 heading of the column: the last sentence of its description."""
        return self.doc.rstrip("。").rsplit(". ", 1)[-1].rsplit("? ", 1)[-1]

    @property
    def must(self) -> bool:
        """Whether a new row needs it given."""
        return not self.optional and not self.fixed and self.default is None and self.form != "terms"


class Record(Base):
    """A kind of record: a class with `record = Kind(...)` and its columns."""

    __abstract__ = True
    record: ClassVar[Kind]

    id: Mapped[int] = primary_key()
    #: Where it belongs, and the county that lies in.
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True, sort_order=100)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True, sort_order=100)
    source: Mapped[str | None] = mapped_column(Text, sort_order=100)
    #: Soft rules it breaks: [{code, text_zh, text_en}].
    marks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]", sort_order=100)
    recorded_at: Mapped[datetime] = now_column(sort_order=100)
    #: Since when it is as it is.
    changed_at: Mapped[datetime] = now_column(sort_order=100)
    actor_id: Mapped[int | None] = mapped_column(BigInteger, sort_order=100)
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), sort_order=100)

    @declared_attr.directive
    def __table_args__(cls) -> Any:
        return table_args(cls)


def table_args(cls: Any) -> tuple[Any, ...]:
    """Indexes and checks that follow from a kind's declaration."""
    kind: Kind = cls.record
    table = cls.__tablename__
    made: list[Any] = list(kind.args)
    if kind.key is not None:
        within = kind.under or "area_id"
        made.append(
            Index(
                f"uq_{table}_key",
                within,
                *kind.key,
                unique=True,
                postgresql_where=sql("withdrawn_at IS NULL"),
                postgresql_nulls_not_distinct=True,
            )
        )
    if kind.on is not None:
        made.append(Index(f"ix_{table}_{kind.on}", kind.on))
    if kind.on is not None and kind.until is not None:
        made.append(CheckConstraint(f"{kind.until} >= {kind.on}", name="dates_in_order"))
    for name, one in vars(cls).items():
        least = one.column.info.get("least") if isinstance(one, MappedColumn) else None
        if least is not None:
            made.append(CheckConstraint(f"{name} >= {least}", name=f"{name}_least"))
    return tuple(made)


class VersionRow(Base):
    """What a record was before it was changed or withdrawn, until when; written with the change."""

    __tablename__ = "record_version"

    id: Mapped[int] = primary_key()
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[int] = mapped_column(BigInteger)
    #: The whole row; from its changed_at on it was so.
    row: Mapped[dict[str, Any]] = mapped_column(JSONB)
    since_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    until_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: Who ended it, by which act ("save", "withdraw", "restore", ...), and why where that was said.
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    act: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_record_version_entity", "entity", "entity_id"),
        Index("ix_record_version_until", "entity", "until_at"),
    )


# ------------------------------------------------------------------------------------------------ columns


def _column(type_: Any, doc: str, form: Form, *, optional: bool, default: Any = None, **rest: Any) -> MappedColumn[Any]:
    constraint = rest.pop("key", None)
    fixed = bool(rest.pop("fixed", False))
    info = {"form": form, "optional": optional, "fixed": fixed, "default": default, **rest}
    stored: dict[str, Any] = {} if default is None else {"server_default": _stored(default)}
    given = [constraint] if constraint is not None else []
    index: dict[str, Any] = {"index": True} if form in ("to", "named") else {}
    return mapped_column(type_, *given, doc=doc, info=info, nullable=optional, **stored, **index)


def _stored(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def text(doc: str, *, prose: bool = False, optional: bool = False, fixed: bool = False) -> MappedColumn[Any]:
    """One line of at most 200 characters; with `prose` up to 4,000 with line breaks."""
    return _column(Text, doc, "prose" if prose else "text", optional=optional, fixed=fixed)


def whole(
    doc: str, *, least: int = 0, default: int | None = None, optional: bool = False, fixed: bool = False
) -> MappedColumn[Any]:
    return _column(Integer, doc, "whole", optional=optional, default=default, least=least, fixed=fixed)


def money(doc: str, *, optional: bool = False, fixed: bool = False) -> MappedColumn[Any]:
    """Yuan, to the fen; never negative."""
    return _column(Numeric(16, 2), doc, "money", optional=optional, least=0, fixed=fixed)


def decimal(doc: str, *, least: int | None = 0, optional: bool = False, fixed: bool = False) -> MappedColumn[Any]:
    """An exact number with at most four digits behind the point."""
    return _column(Numeric(12, 4), doc, "decimal", optional=optional, least=least, fixed=fixed)


def day(doc: str, *, optional: bool = False, fixed: bool = False) -> MappedColumn[Any]:
    return _column(Date, doc, "day", optional=optional, fixed=fixed)


def flag(doc: str, *, default: bool | None = False, optional: bool = False, fixed: bool = False) -> MappedColumn[Any]:
    return _column(Boolean, doc, "flag", optional=optional, default=default, fixed=fixed)


def one_of(
    values: Codes, doc: str, *, default: str | None = None, optional: bool = False, fixed: bool = False
) -> MappedColumn[Any]:
    return _column(values.type, doc, "code", optional=optional, default=default, codes=values, fixed=fixed)


def term(scheme: str, doc: str, *, optional: bool = False, fixed: bool = False) -> MappedColumn[Any]:
    """A term of a scheme, told by its code; the column's name ends with _id."""
    return _column(
        Integer, doc, "term", optional=optional, scheme=scheme, key=ForeignKey("term.id"), fixed=fixed
    )  # fmt: skip


def terms(scheme: str, doc: str, *, fixed: bool = False) -> MappedColumn[Any]:
    """Terms of a scheme, told by their codes; the column's name ends with _ids."""
    info = {"form": "terms", "optional": False, "fixed": fixed, "default": None, "scheme": scheme}
    return ids_column(doc=doc, info=info)


def to(
    target: str,
    doc: str,
    *,
    optional: bool = False,
    back: str | None = None,
    of: tuple[str, ...] = (),
    fixed: bool = False,
) -> MappedColumn[Any]:
    """A row of another table; the column's name ends with _id. `back` names the page of these rows on that kind."""
    form: Form = "named" if target in NAMED else "to"
    type_ = Integer if target in (*NAMED, "duty", "procedure") else BigInteger
    key = ForeignKey(f"{target}.id", use_alter=False)
    return _column(type_, doc, form, optional=optional, target=target, back=back, of=of, key=key, fixed=fixed)


def camel(name: str) -> str:
    """A name as the contract spells it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@dataclass(frozen=True, slots=True)
class Declared:
    """A kind with its table and its fields in the order they were declared."""

    name: str
    kind: Kind
    row: type[Record]
    fields: tuple[Field, ...] = field(default=())

    @property
    def table(self) -> Any:
        return self.row.__table__

    @property
    def under(self) -> Field | None:
        return next((one for one in self.fields if one.column == self.kind.under), None)


def declared(row: type[Record]) -> Declared:
    """What a class declares. Raises ValueError where its columns are not named as their form asks."""
    fields = []
    for one in row.__table__.columns:
        if "form" not in one.info:
            continue
        info = dict(one.info)
        form = info.pop("form")
        ending = {"term": "_id", "to": "_id", "named": "_id", "terms": "_ids"}.get(form, "")
        if not one.key.endswith(ending):
            raise ValueError(f"{row.__tablename__}.{one.key} must end with {ending}")
        name = one.key[: len(one.key) - len(ending)] + ("s" if form == "terms" else "")
        fields.append(Field(name, one.key, form, one.doc or "", **info))
    for one_column, _ in row.record.order:
        if row.__table__.c[one_column].nullable:
            raise ValueError(f"{row.__tablename__} cannot be ordered by {one_column}, which may be null")
    fields.append(Field("source", "source", "text", "Where it is written. 出处。", True, False))
    return Declared(row.__tablename__, row.record, row, tuple(fields))


# ------------------------------------------------------------------------------------------------ rows


def as_of(row: type[Record], at: ColumnElement[datetime]) -> Any:
    """The standing rows of a table as they stood at a moment, with the table's columns, to select from.

    A row stands at a moment when it was recorded by then and not withdrawn by then. O(rows + versions since then).
    """
    table: Any = row.__table__
    version: Any = VersionRow.__table__
    former = func.jsonb_populate_record(literal_column(f"NULL::{table.name}"), version.c.row).table_valued(
        *[column(one.name, one.type) for one in table.columns], name="former"
    )
    now = select(*table.columns).where(table.c.changed_at <= at)
    then = (
        select(*[former.c[one.name] for one in table.columns])
        .select_from(version.join(former, true()))
        .where(version.c.entity == table.name, version.c.since_at <= at, version.c.until_at > at)
    )
    every = union_all(now, then).subquery()
    return (
        select(*every.c)
        .where(every.c.recorded_at <= at, every.c.withdrawn_at.is_(None))
        .subquery(f"{table.name}_as_of")
    )


async def insert(conn: AsyncConnection, row: type[Record], values: Mapping[str, Any]) -> int:
    """Writes a new row; its id. `values` holds every column that has no default, area_id and recorded_at among them."""
    made = await conn.execute(insert_into(row).values(**values).returning(row.id))
    return int(made.scalar_one())


async def update(
    conn: AsyncConnection,
    row: type[Record],
    id: int,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor_id: int | None,
    act: str = "save",
    reason: str | None = None,
) -> None:
    """Changes a row that the caller locked; what it was is kept. `at`: aware UTC, never before its changed_at."""
    table: Any = row.__table__
    was: Any = select(
        literal_column(f"'{table.name}'"),
        table.c.id,
        func.to_jsonb(literal_column(f'"{table.name}"')),
        table.c.changed_at,
        func.greatest(bindparam("until_at", at, DateTime(timezone=True)), table.c.changed_at),
        bindparam("actor", actor_id, BigInteger),
        bindparam("act", act, Text),
        bindparam("reason", reason, Text),
    ).where(table.c.id == id)
    names = ["entity", "entity_id", "row", "since_at", "until_at", "actor_id", "act", "reason"]
    await conn.execute(insert_into(VersionRow).from_select(names, was))
    then = func.greatest(bindparam("changed", at, DateTime(timezone=True)), table.c.changed_at)
    await conn.execute(update_of(row).where(row.id == id).values(**values, changed_at=then))


async def standing(conn: AsyncConnection, declared_kind: Declared, column_: str, id: int) -> int:
    """How many standing rows of a kind point at `id` by a column."""
    table = declared_kind.table
    found = await conn.execute(
        select(func.count()).select_from(table).where(table.c[column_] == id, table.c.withdrawn_at.is_(None))
    )
    return int(found.scalar_one())


async def versions(conn: AsyncConnection, entity: str, id: int) -> Sequence[Any]:
    """Rows of `record_version` of a record, the newest first."""
    found = await conn.execute(
        select(VersionRow.__table__)
        .where(VersionRow.entity == entity, VersionRow.entity_id == id)
        .order_by(VersionRow.until_at.desc(), VersionRow.id.desc())
    )
    return found.all()


async def withdrawn(conn: AsyncConnection, kind: Declared, id: int) -> Any:
    """A withdrawn row, locked; None where there is none."""
    table = kind.table
    one = select(table).where(table.c.id == id, table.c.withdrawn_at.is_not(None))
    found = await conn.execute(one.with_for_update())
    return found.first()


def decoded(kind: Declared, row: Any) -> SimpleNamespace:
    """A row of a prepared statement, in which documents came as their text, by attribute."""
    values = dict(row._mapping)
    for one in kind.table.columns:
        if isinstance(one.type, JSONB) and isinstance(values[one.key], str):
            values[one.key] = orjson.loads(values[one.key])
    return SimpleNamespace(**values)


async def any_row(conn: AsyncConnection, kind: Declared, id: int) -> Any:
    """A row, standing or withdrawn; None where there is none."""
    return (await conn.execute(select(kind.table).where(kind.table.c.id == id))).first()


async def as_document(conn: AsyncConnection, kind: Declared, id: int) -> Mapping[str, Any]:
    """A row as `record_version` keeps rows."""
    name: Any = literal_column(f'"{kind.name}"')
    found = await conn.execute(select(func.to_jsonb(name)).select_from(kind.table).where(kind.table.c.id == id))
    document: Mapping[str, Any] = found.scalar_one()
    return document


async def key_labels(conn: AsyncConnection, ids: Collection[int]) -> dict[int, str]:
    """What the keys of these ids are called."""
    key = ApiKeyRow.__table__.c
    found = await conn.execute(select(key.id, key.label).where(key.id.in_(ids)))
    return {row[0]: row[1] for row in found}

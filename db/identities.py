"""Identities of clients, sealed, in a table apart from everything else about them; and who has read which.

Nothing of a person stands here in plain: names, numbers and addresses are bytes that only a ring of keys opens
(`resolvers.sealing`), and no other table, event or record repeats them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.cases  # noqa: F401  (its tables are pointed at below)
from db.base import ROLE, Base, now_column, primary_key

#: The sealed columns; each is bound to ("identity", client id, its name).
FIELDS = ("name", "phone", "address", "identity_number", "guardian_name", "guardian_phone", "born_on")
#: Held while the number of a file is compared with those of the county and stored: two files of one person, opened at
#: the same moment, must see each other.
NUMBERS_LOCK = 5_170_001


class IdentityRow(Base):
    __tablename__ = "identity"

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True, autoincrement=False)
    #: Which key all columns of this row are sealed with.
    key_id: Mapped[str] = mapped_column(Text, index=True)
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    identity_number: Mapped[bytes | None] = mapped_column(LargeBinary)
    guardian_name: Mapped[bytes | None] = mapped_column(LargeBinary)
    guardian_phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    born_on: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: A keyed fingerprint of the identity number: one person has one file in a county.
    number_mark: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    changed_at: Mapped[datetime] = now_column()


class IdentityReadingRow(Base):
    """That somebody was shown an identity in plain: written with the showing, never changed."""

    __tablename__ = "identity_reading"

    id: Mapped[int] = primary_key()
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    #: The client's, copied: whose coordinators answer for it.
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    #: Who: the key is null for the command line, the party for who speaks for none.
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    role: Mapped[str] = mapped_column(ROLE)
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    #: The order for which a provider read it.
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"), index=True)
    purpose: Mapped[str] = mapped_column(Text)
    #: Which fields were shown: those that were there.
    shown: Mapped[list[str]] = mapped_column(ARRAY(Text))
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        Index("ix_identity_reading_county", "county_id", text("read_at DESC"), text("id DESC")),
        Index("ix_identity_reading_order", text("read_at DESC"), text("id DESC")),
    )


async def of_clients(conn: AsyncConnection, ids: Collection[int]) -> dict[int, Any]:
    """The sealed rows of these clients, those that have one."""
    found = await conn.execute(select(IdentityRow.__table__).where(IdentityRow.client_id.in_(list(ids))))
    return {row.client_id: row for row in found}


async def keep(conn: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Stores the sealed row of a client, in the place of the one before."""
    given = dict(values)
    others = {name: value for name, value in given.items() if name != "client_id"}
    await conn.execute(
        upsert(IdentityRow).values(**given).on_conflict_do_update(index_elements=["client_id"], set_=others)
    )


async def erase(conn: AsyncConnection, client_id: int) -> bool:
    """Deletes what identifies a client; False where nothing was there."""
    gone = await conn.execute(delete(IdentityRow).where(IdentityRow.client_id == client_id))
    return bool(gone.rowcount)


async def with_number(
    conn: AsyncConnection, marks: Sequence[bytes], county_id: int | None, but: int | None
) -> int | None:
    """A client of the county with one of these fingerprints, but for one; others that store a number wait.

    To be asked in the transaction that stores it.
    """
    from db.cases import ClientRow

    await conn.execute(select(func.pg_advisory_xact_lock(NUMBERS_LOCK)))
    query = (
        select(IdentityRow.client_id)
        .join(ClientRow, ClientRow.id == IdentityRow.client_id)
        .where(
            IdentityRow.number_mark.in_(list(marks)),
            ClientRow.county_id.is_not_distinct_from(county_id),
            ClientRow.withdrawn_at.is_(None),
        )
        .limit(1)
    )
    if but is not None:
        query = query.where(IdentityRow.client_id != but)
    found = (await conn.execute(query)).scalar()
    return None if found is None else int(found)


async def note_reading(conn: AsyncConnection, values: Mapping[str, Any]) -> int:
    """Writes that an identity was read; the id of the record."""
    made = await conn.execute(insert(IdentityReadingRow).values(**values).returning(IdentityReadingRow.id))
    return int(made.scalar_one())


# ------------------------------------------------------------------------------------------------ other keys


async def by_key(conn: AsyncConnection) -> dict[str, int]:
    """How many identities are sealed with each key."""
    found = await conn.execute(select(IdentityRow.key_id, func.count()).group_by(IdentityRow.key_id))
    return {key_id: int(count) for key_id, count in found.all()}


async def sealed_otherwise(
    conn: AsyncConnection, newest: str, openable: Collection[str], after: int, limit: int
) -> Sequence[Any]:
    """Rows that other keys of these seal, by client id, locked; those that somebody else changes are passed over."""
    found = await conn.execute(
        select(IdentityRow.__table__)
        .where(IdentityRow.key_id != newest, IdentityRow.key_id.in_(list(openable)), IdentityRow.client_id > after)
        .order_by(IdentityRow.client_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def reseal(conn: AsyncConnection, client_id: int, values: Mapping[str, Any]) -> None:
    """Puts the same content sealed with another key; when it was changed stays."""
    await conn.execute(update(IdentityRow).where(IdentityRow.client_id == client_id).values(**values))

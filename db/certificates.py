"""Certificates of volunteer hours: facts frozen on the day of issue, and the service records they rest on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Row,
    Text,
    bindparam,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db import events
from db.base import CERTIFICATE_STATUS, Base, now_column, primary_key
from db.services import ServiceRecordRow, standing
from db.visibility import areas_within

#: One at a time counts, corrects or certifies the hours of a volunteer (`events.lock`, second number: the party's).
HOURS_LOCK = 5003


class CertificateRow(Base):
    __tablename__ = "certificate"

    id: Mapped[int] = primary_key()
    #: As it is printed: XXXX-XXXX-XXXX-XXXX.
    number: Mapped[str] = mapped_column(Text, unique=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    #: Who organized: the smallest area that holds all the communities served.
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    #: Whose coordinator issued it; the same as `area_id` where an administrator did.
    issuer_area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    #: Names as they were registered on the day of issue.
    volunteer_name: Mapped[str] = mapped_column(Text)
    is_person: Mapped[bool] = mapped_column(Boolean)
    organizer: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    minutes: Mapped[int] = mapped_column(Integer)
    hours: Mapped[Decimal] = mapped_column(Numeric(14, 2), Computed("round(minutes / 60.0, 2)", persisted=True))
    services: Mapped[int] = mapped_column(Integer)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    issued_on: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(CERTIFICATE_STATUS, server_default="VALID")
    #: When it stopped being VALID, and why where somebody revoked it.
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = now_column()

    __table_args__ = (
        CheckConstraint("minutes > 0 AND services > 0", name="hours_above_0"),
        CheckConstraint("from_on <= until_on", name="dates_in_order"),
        CheckConstraint("(status = 'VALID'::certificate_status) = (ended_at IS NULL)", name="ended_unless_valid"),
        CheckConstraint("(status = 'REVOKED'::certificate_status) = (reason IS NOT NULL)", name="reason_where_revoked"),
    )


class CertifiedRow(Base):
    """A service record that a certificate rests on. `standing` ends with the certificate's validity."""

    __tablename__ = "certified"

    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("service_record.id"), primary_key=True)
    standing: Mapped[bool] = mapped_column(Boolean, server_default="true")

    __table_args__ = (Index("uq_certified_record", "record_id", unique=True, postgresql_where=text("standing")),)


_C: Any = CertificateRow.__table__
_R: Any = ServiceRecordRow.__table__


async def lock(conn: AsyncConnection, volunteer_id: int) -> None:
    """Waits for whoever counts, corrects or certifies hours of the same volunteer; until the transaction ends."""
    await events.lock(conn, HOURS_LOCK, volunteer_id % 2**31)


async def hours(
    conn: AsyncConnection, volunteer_id: int, from_on: date, until_on: date, *, within_area_id: int | None
) -> Sequence[Row[int, int, int, int, str | None]]:
    """(id, minutes, area_id, community_id, number) of standing records of hours, both days included, oldest first.

    `number` is that of the valid certificate which holds the record already. `within_area_id`: only services in this
    area and below.
    """
    held = (
        select(CertifiedRow.record_id, _C.c.number)
        .join(_C, _C.c.id == CertifiedRow.certificate_id)
        .where(CertifiedRow.standing)
        .subquery()
    )
    query = (
        select(_R.c.id, _R.c.minutes, _R.c.area_id, _R.c.community_id, held.c.number)
        .outerjoin(held, held.c.record_id == _R.c.id)
        .where(
            _R.c.provider_id == volunteer_id,
            _R.c.kind == "HOURS",
            standing(_R),
            _R.c.served_on.between(from_on, until_on),
        )
        .order_by(_R.c.served_on, _R.c.id)
    )
    if within_area_id is not None:
        query = query.where(_R.c.area_id.in_(areas_within(bindparam("within", within_area_id, Integer))))
    return (await conn.execute(query)).all()


async def add(conn: AsyncConnection, row: Mapping[str, Any], record_ids: Collection[int]) -> int:
    """Inserts a certificate and what it rests on; its id. A record that stands under another violates an index."""
    id = int((await conn.execute(insert(CertificateRow).values(**row).returning(_C.c.id))).scalar_one())
    await conn.execute(
        insert(CertifiedRow), [{"certificate_id": id, "record_id": record_id} for record_id in record_ids]
    )
    return id


async def holding(conn: AsyncConnection, record_id: int) -> Row[int, int] | None:
    """(id, area_id) of the valid certificate that rests on a record, or None."""
    found = await conn.execute(
        select(_C.c.id, _C.c.area_id)
        .join(CertifiedRow, CertifiedRow.certificate_id == _C.c.id)
        .where(CertifiedRow.record_id == record_id, CertifiedRow.standing)
    )
    return found.first()


async def end(conn: AsyncConnection, id: int, status: str, at: datetime, reason: str | None = None) -> None:
    """The certificate is not valid any more; its records are free for another."""
    await conn.execute(update(_C).where(_C.c.id == id).values(status=status, ended_at=at, reason=reason))
    await conn.execute(update(CertifiedRow).where(CertifiedRow.certificate_id == id).values(standing=False))


async def by_number(conn: AsyncConnection, number: str) -> Row[Any] | None:
    """The row of a number as it is printed; whoever holds the number may verify it, so no viewer is asked for."""
    return (await conn.execute(select(_C).where(_C.c.number == number))).first()

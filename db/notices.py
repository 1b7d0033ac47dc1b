"""Notices: what a party, or the coordinators of an area, should hear of; and how far each got on its way out.

A notice is a row of the inbox first. Its delivery elsewhere (e-mail, SMS) is a state beside it: who takes it to deliver
moves `try_at` ahead, so that nobody else does meanwhile, and a process that dies leaves it to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.areas
import db.parties  # noqa: F401  (their tables are pointed at below)
from db.base import NOTICE_KIND, Base, now_column, primary_key
from db.prepared import Prepared


class NoticeRow(Base):
    __tablename__ = "notice"

    id: Mapped[int] = primary_key()
    kind: Mapped[str] = mapped_column(NOTICE_KIND)
    #: Who should hear of it: a party, or the coordinators of an area.
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    #: What it is about, and which time it was said of that: the same is said once.
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[int] = mapped_column(BigInteger)
    occasion: Mapped[str] = mapped_column(Text, server_default="")
    #: Global ids of the things it is about.
    about: Mapped[list[str]] = mapped_column(ARRAY(Text))
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    body_zh: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = now_column()
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: When delivery is tried next; null once it was delivered, or given up.
    try_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("(party_id IS NULL) <> (area_id IS NULL)", name="one_recipient"),
        UniqueConstraint(
            "entity", "entity_id", "kind", "party_id", "area_id", "occasion", postgresql_nulls_not_distinct=True
        ),
        Index("ix_notice_party", "party_id", text("created_at DESC"), text("id DESC")),
        Index("ix_notice_area", "area_id", text("created_at DESC"), text("id DESC")),
        Index("ix_notice_order", text("created_at DESC"), text("id DESC")),
        Index("ix_notice_try", "try_at", "id", postgresql_where=text("try_at IS NOT NULL")),
    )


_KEY = ("entity", "entity_id", "kind", "party_id", "area_id", "occasion")
_GIVEN = (*_KEY, "about", "title_zh", "title_en", "body_zh", "body_en", "created_at", "try_at")
_ADD = Prepared(
    insert(NoticeRow)
    .values({name: bindparam(name, type_=NoticeRow.__table__.c[name].type) for name in _GIVEN})
    .on_conflict_do_nothing(index_elements=list(_KEY))
    .returning(NoticeRow.id)
)
ONE_BY_ONE = 5


async def add(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Writes notices, each once: one that was written before stays as it is. How many are new.

    A handful go one by one, prepared; more in one statement.
    """
    if not rows:
        return 0
    if len(rows) <= ONE_BY_ONE:
        return sum([len(await _ADD.fetch(conn, **row)) for row in rows])
    made = insert(NoticeRow).on_conflict_do_nothing(index_elements=list(_KEY)).returning(NoticeRow.id)
    return len((await conn.execute(made, [dict(row) for row in rows])).all())


async def mark_read(conn: AsyncConnection, id: int, at: datetime) -> None:
    """Says when it was read, the first time."""
    await conn.execute(update(NoticeRow).where(NoticeRow.id == id, NoticeRow.read_at.is_(None)).values(read_at=at))


async def take(conn: AsyncConnection, *, now: datetime, until: datetime, limit: int) -> Sequence[Any]:
    """The next notices to deliver, with `party_kind` and `area_code`; nobody else takes them before `until`.

    `tries` counts this one. Rows that somebody else is taking are passed over.
    """
    row, party, area = NoticeRow.__table__, Base.metadata.tables["party"], Base.metadata.tables["area"]
    due = (
        select(row.c.id)
        .where(row.c.try_at <= now)
        .order_by(row.c.try_at, row.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        update(NoticeRow)
        .where(row.c.id.in_(select(due.c.id)))
        .values(try_at=until, tries=row.c.tries + 1)
        .returning(*row.c)
        .cte("taken")
    )
    found = await conn.execute(
        select(*taken.c, party.c.kind.label("party_kind"), area.c.code.label("area_code"))
        .select_from(
            taken.outerjoin(party, party.c.id == taken.c.party_id).outerjoin(area, area.c.id == taken.c.area_id)
        )
        .order_by(taken.c.id)
    )
    return found.all()


async def delivered(conn: AsyncConnection, ids: Collection[int], at: datetime) -> None:
    """These arrived."""
    await conn.execute(
        update(NoticeRow)
        .where(NoticeRow.id == func.any(bindparam("ids", list(ids), ARRAY(BigInteger))))
        .values(delivered_at=at, try_at=None)
    )


async def try_again(conn: AsyncConnection, id: int, at: datetime | None) -> None:
    """This one did not arrive: again at that time, or not at all."""
    await conn.execute(update(NoticeRow).where(NoticeRow.id == id, NoticeRow.delivered_at.is_(None)).values(try_at=at))

"""Webhooks: where partner systems want to hear of events, and how far each has heard.

Who delivers holds a lease: `lease` is its number and `leased_until` its end. It is written in the same statement as
the position, so that who was away for too long, or overtaken by a replay, writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.parties  # noqa: F401  (its table is pointed at below)
from db.areas import AreaRow
from db.base import ROLE, WEBHOOK_ERROR, WEBHOOK_STATUS, Base, now_column, primary_key
from db.feed import FeedStateRow
from db.keys import ApiKeyRow
from db.viewer import Viewer
from db.visibility import shape, values, visible

#: States in which events are sent.
SENDING = ("ACTIVE", "FAILING")


class WebhookRow(Base):
    __tablename__ = "webhook"

    id: Mapped[int] = primary_key()
    #: Who registered it: what is sent is what this viewer may see. The key is null for the command line.
    key_id: Mapped[int | None] = mapped_column(ForeignKey("api_key.id"), index=True)
    role: Mapped[str] = mapped_column(ROLE)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    #: What bodies are signed with, sealed (`resolvers.sealing.packed`); null once the webhook is removed.
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: The one before the last rotation, good until then.
    former_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: "need.submitted", "referral.*", "*".
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    #: Only events there and below; null: wherever.
    scope_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    #: Everything up to here in the feed was delivered, or is not for this webhook.
    position: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(WEBHOOK_STATUS, server_default="ACTIVE")
    #: In a row.
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    failing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    next_try_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(WEBHOOK_ERROR)
    last_status: Mapped[int | None] = mapped_column(SmallInteger)
    last_delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = now_column()
    lease: Mapped[int] = mapped_column(BigInteger, server_default="0")
    leased_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("(role = 'PARTNER'::role) = (party_id IS NOT NULL)", name="party_of_partner"),
        CheckConstraint("(role = 'COORDINATOR'::role) = (area_id IS NOT NULL)", name="area_of_coordinator"),
        CheckConstraint("role <> 'READER'::role", name="role"),
        CheckConstraint("secret IS NOT NULL OR status = 'REMOVED'::webhook_status", name="secret"),
        CheckConstraint("(former_secret IS NULL) = (former_until IS NULL)", name="former"),
    )


def _ended(now: datetime) -> ColumnElement[bool]:
    """The key it was registered with opens no more."""
    return exists().where(
        ApiKeyRow.id == WebhookRow.key_id, or_(ApiKeyRow.revoked_at.is_not(None), ApiKeyRow.expires_at <= now)
    )


async def next_id(conn: AsyncConnection) -> int:
    """The id of a webhook to come: its secret is bound to it."""
    found = await conn.execute(select(func.nextval(func.pg_get_serial_sequence("webhook", "id"))))
    return int(found.scalar_one())


async def sealed_secrets(conn: AsyncConnection) -> list[tuple[int, bytes]]:
    """(id, sealed secret) of all that have one, by id."""
    found = await conn.execute(
        select(WebhookRow.id, WebhookRow.secret).where(WebhookRow.secret.is_not(None)).order_by(WebhookRow.id)
    )
    return [(row.id, row.secret) for row in found]


async def secrets_of(conn: AsyncConnection, id: int) -> Any:
    """secret and former_secret of a webhook, sealed and locked; None where it has none any more."""
    query = select(WebhookRow.secret, WebhookRow.former_secret).where(WebhookRow.id == id)
    return (await conn.execute(query.where(WebhookRow.secret.is_not(None)).with_for_update())).first()


async def add(conn: AsyncConnection, given: Mapping[str, Any]) -> int:
    """Stores a webhook; its id."""
    made = await conn.execute(insert(WebhookRow).values(**given).returning(WebhookRow.id))
    return int(made.scalar_one())


async def change(conn: AsyncConnection, id: int, given: Mapping[str, Any], *, fence: bool = False) -> None:
    """Changes a webhook; with `fence` whoever delivers now will not write its position any more."""
    changed = dict(given)
    if fence:
        changed |= {"lease": WebhookRow.lease + 1, "leased_until": None}
    await conn.execute(update(WebhookRow).where(WebhookRow.id == id).values(**changed))


async def how_many(conn: AsyncConnection, role: str, area_id: int | None, party_id: int | None) -> int:
    """Webhooks of an owner that were not removed."""
    mine = (
        WebhookRow.role == role,
        WebhookRow.area_id.is_not_distinct_from(area_id),
        WebhookRow.party_id.is_not_distinct_from(party_id),
        WebhookRow.status != "REMOVED",
    )
    return (await conn.execute(select(func.count()).select_from(WebhookRow).where(*mine))).scalar_one()


async def key_ended(conn: AsyncConnection, id: int, now: datetime) -> bool:
    """Whether the key a webhook was registered with opens no more."""
    found = await conn.execute(select(WebhookRow.id).where(WebhookRow.id == id, _ended(now)))
    return found.first() is not None


async def close_ended(conn: AsyncConnection, now: datetime) -> int:
    """Disables those whose key opens no more; how many."""
    done = await conn.execute(
        update(WebhookRow)
        .where(WebhookRow.status.in_((*SENDING, "PAUSED")), _ended(now))
        .values(status="DISABLED", last_error="KEY_ENDED", last_status=None, next_try_at=None)
    )
    return done.rowcount


async def take(conn: AsyncConnection, *, now: datetime, until: datetime, limit: int) -> Sequence[Any]:
    """Webhooks with events that wait and whose time has come, longest not served first; leased until then.

    Whole rows and `area_is_county`. Those that somebody else is taking are passed over.
    """
    end = select(FeedStateRow.position).limit(1).scalar_subquery()
    due = (
        select(WebhookRow.id)
        .where(
            WebhookRow.status.in_(SENDING),
            or_(WebhookRow.next_try_at.is_(None), WebhookRow.next_try_at <= now),
            or_(WebhookRow.leased_until.is_(None), WebhookRow.leased_until <= now),
            WebhookRow.position < end,
            ~_ended(now),
        )
        .order_by(WebhookRow.leased_until.nulls_first(), WebhookRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=WebhookRow.__table__)
        .cte("due")
    )
    table = WebhookRow.__table__
    taken = (
        update(WebhookRow)
        .where(table.c.id.in_(select(due.c.id)))
        .values(lease=table.c.lease + 1, leased_until=until)
        .returning(*table.c)
        .cte("taken")
    )
    county = (AreaRow.level == "COUNTY").label("area_is_county")
    found = await conn.execute(
        select(*taken.c, func.coalesce(county, False).label("area_is_county"))
        .select_from(taken.outerjoin(AreaRow, AreaRow.id == taken.c.area_id))
        .order_by(taken.c.id)
    )
    return found.all()


async def arrived(conn: AsyncConnection, id: int, lease: int, *, position: int, now: datetime, until: datetime) -> bool:
    """An event arrived: the position moves and the lease is renewed. False where there is nothing more to send now.

    Where the lease is lost the position stays.
    """
    done = await conn.execute(
        update(WebhookRow)
        .where(WebhookRow.id == id, WebhookRow.lease == lease)
        .values(
            position=func.greatest(WebhookRow.position, literal(position, BigInteger)),
            leased_until=until,
            last_delivered_at=now,
            status=_recovered(),
            failures=0,
            failing_since=None,
            next_try_at=None,
            last_error=None,
            last_status=None,
        )
        .returning(WebhookRow.status)
    )
    return done.scalar() == "ACTIVE"


def _recovered() -> Any:
    return case((WebhookRow.status == "FAILING", literal("ACTIVE", WEBHOOK_STATUS)), else_=WebhookRow.status)


async def failed(
    conn: AsyncConnection, id: int, lease: int, *, now: datetime, error: str, http_status: int | None
) -> Any | None:
    """An event did not arrive; the whole row as it is now, or None where the lease is lost or nothing is sent now."""
    done = await conn.execute(
        update(WebhookRow)
        .where(WebhookRow.id == id, WebhookRow.lease == lease, WebhookRow.status.in_(SENDING))
        .values(
            status="FAILING",
            failures=WebhookRow.failures + 1,
            failing_since=func.coalesce(WebhookRow.failing_since, now),
            last_error=error,
            last_status=http_status,
        )
        .returning(*WebhookRow.__table__.c)
    )
    return done.first()


async def passed(conn: AsyncConnection, id: int, lease: int, *, position: int, until: datetime) -> bool:
    """Up to `position` nothing waits; the lease is renewed. False where it is lost or nothing is to be sent now."""
    done = await conn.execute(
        update(WebhookRow)
        .where(WebhookRow.id == id, WebhookRow.lease == lease)
        .values(position=func.greatest(WebhookRow.position, literal(position, BigInteger)), leased_until=until)
        .returning(WebhookRow.status)
    )
    return done.scalar() in SENDING


async def release(conn: AsyncConnection, id: int, lease: int, *, again: datetime, position: int) -> None:
    """The turn is over; up to `position` nothing waits for this webhook, and its next turn is then at the earliest."""
    await conn.execute(
        update(WebhookRow)
        .where(WebhookRow.id == id, WebhookRow.lease == lease)
        .values(leased_until=again, position=func.greatest(WebhookRow.position, literal(position, BigInteger)))
    )


async def progress(conn: AsyncConnection, id: int) -> tuple[int, int]:
    """(position, how many events of the feed follow it)."""
    end = select(FeedStateRow.position).limit(1).scalar_subquery()
    row = (
        await conn.execute(select(WebhookRow.position, func.coalesce(end, 0).label("end")).where(WebhookRow.id == id))
    ).one()
    return row.position, max(row.end - row.position, 0)


async def areas(conn: AsyncConnection, ids: Collection[int], scope_id: int | None) -> dict[int, str]:
    """{id: code} of these areas, of those only that lie in `scope_id` where that is given."""
    if not ids:
        return {}
    inside = [] if scope_id is None else [AreaRow.ancestor_ids.contains([scope_id])]
    found = await conn.execute(select(AreaRow.id, AreaRow.code).where(AreaRow.id.in_(ids), *inside))
    return {row.id: row.code for row in found}


async def facts(
    conn: AsyncConnection, viewer: Viewer, entity: str, ids: Collection[int], columns: Sequence[str]
) -> dict[int, dict[str, Any]]:
    """{id: {column: value}} of those rows of an entity that the viewer may see now; `__kind` where it has types."""
    # The catalogue of entities names this table, too.
    from db.entities import ENTITIES

    one = ENTITIES[entity]
    table = one.table
    kind = [table.c[one.kind].label("__kind")] if one.kind else []
    query = select(table.c.id, *(table.c[name] for name in columns), *kind).where(
        table.c.id == func.any(bindparam("ids", list(ids), ARRAY(BigInteger))), visible(entity, table, shape(viewer))
    )
    found = await conn.execute(query, values(viewer))
    return {row["id"]: dict(row) for row in found.mappings()}

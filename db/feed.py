"""The feed: every committed event at a dense position 1, 2, 3, ..., the same for every reader of every process.

Ids of events are given before commit, so who reads "id > last" loses what commits late. Positions are given after it,
by one session at a time (`advance`), so a reader sees a prefix of the feed and never a gap. Of one entity's events the
earlier stands first: a step takes all that is visible, in order of id.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, SmallInteger, Text, TextClause, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.cursors import LARGEST_ID, BadCursor, encode
from db.events import EventRow
from db.pool import ReadPool

#: Where the positions that were given are called out. A wake-up only.
CHANNEL = "fivelink_feed"
#: Before any transaction: everything is new to it.
NOTHING_SEEN = "1:1:"


class FeedStateRow(Base):
    """One row: how far the feed goes. Locked by whoever gives positions."""

    __tablename__ = "feed_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)
    #: The pg_snapshot of the last step, as text: what was visible in it has its position.
    snapshot: Mapped[str] = mapped_column(Text)


class EventPositionRow(Base):
    """Where an event stands. No foreign key: it would write to every event once more."""

    __tablename__ = "event_position"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger, unique=True)


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event of the feed; `id` is that of its row in `event`, `at` aware UTC."""

    position: int
    id: int
    at: datetime
    kind: str
    entity: str
    entity_id: int
    area_id: int | None
    actor_id: int | None
    detail: Mapping[str, Any]


_READ = (
    select(
        EventPositionRow.position,
        EventRow.id,
        EventRow.at,
        EventRow.kind,
        EventRow.entity,
        EventRow.entity_id,
        EventRow.area_id,
        EventRow.actor_id,
        EventRow.detail,
    )
    .join(EventRow, EventRow.id == EventPositionRow.event_id)
    .where(EventPositionRow.position > bindparam("after", type_=BigInteger))
    .order_by(EventPositionRow.position)
    .limit(bindparam("most", type_=BigInteger))
)
_LAST = text("SELECT position FROM feed_state")
_STATE = text("SELECT position, snapshot FROM feed_state WHERE id = 1 FOR UPDATE")
# What a database restored from a dump brought has numbers of other transactions, from the present's future.
_OF_HERE = "e.xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
# The newest first by index: an EXISTS might read the whole table to find that there is none.
_LOOK = text(
    f"""SELECT position, snapshot = :nothing OR (SELECT e.xid FROM event e
        WHERE e.xid >= pg_snapshot_xmin(s.snapshot::pg_snapshot)::text::bigint AND {_OF_HERE}
            AND NOT pg_visible_in_snapshot(e.xid::text::xid8, s.snapshot::pg_snapshot)
        ORDER BY e.xid DESC LIMIT 1) IS NOT NULL AS behind
    FROM feed_state s"""  # noqa: S608
)


def _step(which: str) -> TextClause:
    return text(
        f"""WITH placed AS (
            INSERT INTO event_position (position, event_id)
            SELECT CAST(:position AS bigint) + row_number() OVER (ORDER BY e.id), e.id FROM event e
            WHERE {which} AND NOT EXISTS (SELECT FROM event_position p WHERE p.event_id = e.id)
            RETURNING position
        ), moved AS (
            UPDATE feed_state SET snapshot = pg_current_snapshot()::text,
                position = coalesce((SELECT max(position) FROM placed), position)
            WHERE id = 1 AND (snapshot = :nothing OR EXISTS (SELECT FROM placed)) RETURNING position
        )
        SELECT position, pg_notify(:channel, position::text) FROM moved"""  # noqa: S608
    )


_STEP = _step(
    f"e.xid >= :oldest AND {_OF_HERE}"
    " AND NOT pg_visible_in_snapshot(e.xid::text::xid8, CAST(:last AS text)::pg_snapshot)"
)
_FIRST_STEP = _step("true")
_BEGIN = text("INSERT INTO feed_state (id, position, snapshot) VALUES (1, 0, :nothing) ON CONFLICT DO NOTHING")
_ELSEWHERE = text(
    """UPDATE feed_state SET snapshot = :nothing
    WHERE pg_snapshot_xmax(snapshot::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())"""
)


async def read(conn: AsyncConnection, after: int, limit: int) -> Sequence[FeedEvent]:
    """The `limit` events that follow position `after`, in order of position; O(limit)."""
    found = await conn.execute(_READ, {"after": after, "most": limit})
    return [FeedEvent(*row) for row in found]


async def last(conn: AsyncConnection) -> int:
    """The last position that was given; 0 before the first."""
    return (await conn.execute(_LAST)).scalar() or 0


async def look(conn: AsyncConnection) -> tuple[int, bool]:
    """(the last position, whether events wait for theirs). One statement, O(1) where none wait and none is held up by
    a long transaction."""
    row = (await conn.execute(_LOOK, {"nothing": NOTHING_SEEN})).first()
    return (row.position, row.behind) if row else (0, True)


async def advance(conn: AsyncConnection) -> int:
    """Gives every event committed so far its position, and calls it out; how many there were.

    In a transaction of its own, READ COMMITTED; waits for another one that does the same. Events of transactions that
    are still open come after them, whenever those end. O(events since the oldest open transaction).
    """
    state = (await conn.execute(_STATE)).first()
    if state is None:
        await take_up(conn)
        state = (await conn.execute(_STATE)).one()
    # A statement of its own: what it sees was committed after the step before, whose lock we have waited for.
    values = {"position": state.position, "channel": CHANNEL, "nothing": NOTHING_SEEN}
    if state.snapshot == NOTHING_SEEN:
        moved = await conn.execute(_FIRST_STEP, values)
    else:
        seen = {"last": state.snapshot, "oldest": int(state.snapshot.split(":")[0])}
        moved = await conn.execute(_STEP, values | seen)
    row = moved.first()
    return row.position - state.position if row else 0


async def take_up(conn: AsyncConnection) -> None:
    """What a sequencer begins with: the state exists, and its snapshot is of this server.

    In a database restored from a dump the numbers of transactions begin again: the next step then looks at every event,
    and gives a position to those that have none.
    """
    await conn.execute(_BEGIN, {"nothing": NOTHING_SEEN})
    await conn.execute(_STATE)
    await conn.execute(_ELSEWHERE, {"nothing": NOTHING_SEEN})


async def listen(conn: AsyncConnection, heard: Callable[[], None]) -> None:
    """Calls `heard()` whenever another session has given positions, while the connection lives."""
    raw = await conn.get_raw_connection()
    driver: Any = raw.driver_connection
    own = driver.get_server_pid()

    def called(_: Any, pid: int, *__: Any) -> None:
        if pid != own:
            heard()

    await driver.add_listener(CHANNEL, called)


def cursor_of(position: int) -> str:
    """What a client resumes with: opaque, and the same for every subscription."""
    return encode(["feed", position])


def position_of(cursor: str) -> int:
    """The position of a cursor; raises BadCursor for what was never one."""
    try:
        values = orjson.loads(binascii.a2b_base64(cursor[:100], strict_mode=True))
    except ValueError:
        raise BadCursor from None
    match values:
        case ["feed", position] if (
            type(position) is int and 0 <= position <= LARGEST_ID and cursor_of(position) == cursor
        ):
            return position
    raise BadCursor


async def areas_above(reader: ReadPool, area_id: int) -> frozenset[int]:
    """Ids of an area and of all it lies in; empty where there is none of that id."""
    rows = await reader.read("SELECT ancestor_ids FROM area WHERE id = $1", (area_id,))
    return frozenset(rows[0][0]) if rows else frozenset()


async def sides_of(reader: ReadPool, referral_id: int) -> frozenset[int]:
    """Ids of the two parties of a referral."""
    rows = await reader.read("SELECT provider_id, community_id FROM referral WHERE id = $1", (referral_id,))
    return frozenset(rows[0]) if rows else frozenset()

"""Matches: the best offers of every open need, stored with the parts of their score."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    and_,
    any_,
    bindparam,
    column,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
    text,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, SMALLINT, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import NullType

import db.areas
import db.needs
import db.offers  # noqa: F401  (their tables are named below)
from db.base import Base, now_column, primary_key
from db.prepared import Prepared

#: More rows than this are copied instead of inserted.
COPY_FROM = 200


class WeightSetRow(Base):
    """The weights a score was made with: `codes[i]` counts `weights[i]` ten-thousandths. Rows are never changed."""

    __tablename__ = "weight_set"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    weights: Mapped[list[int]] = mapped_column(ARRAY(SMALLINT))
    #: What is scored: MATCH, or PARTNER (the newest of those is in use).
    scheme: Mapped[str] = mapped_column(Text, server_default="MATCH")
    created_at: Mapped[datetime] = now_column()


class MatchRow(Base):
    __tablename__ = "match"

    id: Mapped[int] = primary_key()
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id", ondelete="CASCADE"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"))
    score: Mapped[float] = mapped_column(Float)
    quantity: Mapped[int] = mapped_column(Integer)
    #: The value of each part, in ten-thousandths, in the order of the weight set's codes.
    parts: Mapped[list[int]] = mapped_column(ARRAY(SMALLINT))
    weight_set_id: Mapped[int] = mapped_column(ForeignKey("weight_set.id"))

    __table_args__ = (
        UniqueConstraint("need_id", "offer_id"),
        CheckConstraint("score >= 0 AND score <= 1", name="score_in_range"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_match_need", "need_id", text("score DESC"), "offer_id", postgresql_include=["id", "quantity"]),
        Index("ix_match_offer", "offer_id", text("score DESC"), "need_id"),
    )


class MatchingStateRow(Base):
    """One row: the day the stored matches are true for (freshness and dates move the score every day)."""

    __tablename__ = "matching_state"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    matched_on: Mapped[date] = mapped_column(Date)
    weight_set_id: Mapped[int] = mapped_column(ForeignKey("weight_set.id"))


#: First key of the advisory locks that writers of one tree of resource types wait on.
TREE_LOCK = 5001

_NEED = Base.metadata.tables["need"]
_OFFER = Base.metadata.tables["offer"]
_MATCH = Base.metadata.tables["match"]
_AREA = Base.metadata.tables["area"]


def _plain(column: Any) -> Any:
    """The value as the driver gives it: arrays and enums need no work on each of thousands of rows."""
    return type_coerce(column, NullType()).label(column.key)


NEED_COLUMNS = (
    _NEED.c.id,
    _NEED.c.resource_type_id,
    _NEED.c.area_id,
    _plain(_NEED.c.client_group_ids),
    (_NEED.c.quantity - _NEED.c.committed).label("remaining"),
    _plain(_NEED.c.priority),
    _NEED.c.needed_from,
    _NEED.c.needed_by,
    _plain(_NEED.c.status),
    _NEED.c.whole_or_nothing,
)
OFFER_COLUMNS = (
    _OFFER.c.id,
    _OFFER.c.provider_id,
    _OFFER.c.resource_type_id,
    _OFFER.c.area_id,
    _plain(_OFFER.c.coverage_ids),
    _plain(_OFFER.c.client_group_ids),
    _OFFER.c.earmark_id,
    _OFFER.c.available,
    _OFFER.c.minimum_per_need,
    _OFFER.c.maximum_per_need,
    _OFFER.c.available_from,
    _OFFER.c.available_until,
    _OFFER.c.confirmed_at,
    _plain(_OFFER.c.status),
    _OFFER.c.track_record,
)
Rows = Sequence[Any]


def _ints(name: str, values: Iterable[int]) -> Any:
    return any_(bindparam(name, list(values), ARRAY(BigInteger)))


_LOCK_TREE = Prepared(
    select(func.pg_advisory_xact_lock(bindparam("kind", type_=Integer), bindparam("root", type_=Integer))), writes=False
)


async def lock_trees(conn: AsyncConnection, root_ids: Collection[int]) -> None:
    """Waits until no other writer is at work in these trees; held to the end of the transaction.

    Everything read after it is what those writers committed. Call it once, after locking rows and before reading
    the other side: always taken in ascending order, so two callers cannot wait for each other.
    """
    for root in sorted(set(root_ids)):
        await _LOCK_TREE.fetch(conn, kind=TREE_LOCK, root=root)


#: The part ROOM of `graph.score` (0.8 x share of the need covered + 0.2 x share of the offer left free, in whole
#: ten-thousandths; no part where it has no weight), the quantity and the rules AVAILABILITY and MINIMUM, of every
#: stored match of an offer or a need.
_SHRINK = Prepared(
    text(
        """
        WITH touched AS (
            SELECT m.id, m.need_id, m.parts, w.weights, array_position(w.codes, 'ROOM') AS place,
                n.quantity - n.committed AS remaining, o.available, greatest(1, o.minimum_per_need) AS least,
                least(n.quantity - n.committed, o.available, o.maximum_per_need) AS most
            FROM match m
            JOIN need n ON n.id = m.need_id
            JOIN offer o ON o.id = m.offer_id
            JOIN weight_set w ON w.id = m.weight_set_id
            WHERE m.offer_id = :offer_id OR m.need_id = :need_id
        ), roomed AS (
            SELECT *, 8000::bigint * most / remaining + 2000::bigint * (available - most) / available AS room
            FROM touched WHERE most >= least AND most > 0
        ), gone AS (
            DELETE FROM match USING touched t WHERE match.id = t.id AND (t.most < t.least OR t.most <= 0)
        ), kept AS (
            UPDATE match SET quantity = r.most,
                parts = CASE WHEN r.place IS NULL THEN r.parts
                    ELSE r.parts[1 \\: r.place - 1] || r.room::smallint || r.parts[r.place + 1 \\: 99] END,
                score = CASE WHEN r.place IS NULL THEN score ELSE (round(score * 1e8)::bigint
                    + r.weights[r.place]::bigint * (r.room - r.parts[r.place]))::float8 / 1e8 END
            FROM roomed r WHERE match.id = r.id AND (match.quantity <> r.most OR r.parts[r.place] <> r.room)
        )
        SELECT need_id FROM match WHERE need_id IN (SELECT need_id FROM touched)
        GROUP BY need_id HAVING count(*) >= :most ORDER BY need_id
        """
    ).bindparams(
        bindparam("offer_id", type_=BigInteger),
        bindparam("need_id", type_=BigInteger),
        bindparam("most", type_=Integer),
    )
)


async def shrink(conn: AsyncConnection, need_id: int, offer_id: int, most: int) -> list[int]:
    """Brings the stored matches of a need and an offer in line after less is left of both, and nothing else changed.

    Their tree is locked. Returns the needs whose list held `most` matches or more before: there an offer that is not
    stored may be better now, and they are to be matched anew; everywhere else the lists hold all there is, and are
    true. One statement.
    """
    return [row.need_id for row in await _SHRINK.fetch(conn, need_id=need_id, offer_id=offer_id, most=most)]


def _open() -> ColumnElement[bool]:
    return and_(_NEED.c.status == literal_column("'OPEN'::need_status"), _NEED.c.committed < _NEED.c.quantity)


def _active(today: date) -> ColumnElement[bool]:
    return and_(
        _OFFER.c.status == literal_column("'ACTIVE'::offer_status"),
        _OFFER.c.available > 0,
        or_(_OFFER.c.available_until.is_(None), _OFFER.c.available_until >= today),
    )


async def needs_by_ids(conn: AsyncConnection, ids: Collection[int]) -> Rows:
    """Needs of any status, in order of id."""
    found = await conn.execute(select(*NEED_COLUMNS).where(_NEED.c.id == _ints("ids", ids)).order_by(_NEED.c.id))
    return found.all()


async def offers_by_ids(conn: AsyncConnection, ids: Collection[int]) -> Rows:
    """Offers of any status, in order of id."""
    found = await conn.execute(select(*OFFER_COLUMNS).where(_OFFER.c.id == _ints("ids", ids)).order_by(_OFFER.c.id))
    return found.all()


async def offers_for(
    conn: AsyncConnection, type_ids: Collection[int], area_ids: Collection[int] | None, today: date
) -> Rows:
    """Active offers with something left of these types (a need's type and those above it), whose coverage touches
    these areas (an area and those above it; None: anywhere)."""
    query = select(*OFFER_COLUMNS).where(_active(today), _OFFER.c.resource_type_id == _ints("types", type_ids))
    if area_ids is not None:
        query = query.where(_OFFER.c.coverage_ids.overlap(bindparam("areas", list(area_ids), ARRAY(Integer))))
    return (await conn.execute(query)).all()


async def needs_for(conn: AsyncConnection, type_ids: Collection[int], coverage_ids: Collection[int]) -> Rows:
    """Open needs with something left of these types (an offer's type and those below it), in or below these areas."""
    found = await conn.execute(
        select(*NEED_COLUMNS)
        .join(_AREA, _AREA.c.id == _NEED.c.area_id)
        .where(
            _open(),
            _NEED.c.resource_type_id == _ints("types", type_ids),
            _AREA.c.ancestor_ids.overlap(bindparam("areas", list(coverage_ids), ARRAY(Integer))),
        )
        .order_by(_NEED.c.id)
    )
    return found.all()


async def open_needs(
    conn: AsyncConnection,
    *,
    type_ids: Collection[int] | None = None,
    area_id: int | None = None,
    after: int = 0,
    limit: int | None = None,
) -> Rows:
    """Open needs with something left, in order of id: of these types, in or below an area, above an id."""
    query = select(*NEED_COLUMNS).where(_open(), _NEED.c.id > after)
    if type_ids is not None:
        query = query.where(_NEED.c.resource_type_id == _ints("types", type_ids))
    if area_id is not None:
        query = query.join(_AREA, _AREA.c.id == _NEED.c.area_id).where(
            _AREA.c.ancestor_ids.contains(bindparam("area", [area_id], ARRAY(Integer)))
        )
    return (await conn.execute(query.order_by(_NEED.c.id).limit(limit))).all()


async def held_by_offers(conn: AsyncConnection, offer_ids: Collection[int]) -> Rows:
    """(need_id, offer_id, score) of the stored matches of these offers."""
    found = await conn.execute(
        select(_MATCH.c.need_id, _MATCH.c.offer_id, _MATCH.c.score).where(
            _MATCH.c.offer_id == _ints("offers", offer_ids)
        )
    )
    return found.all()


async def lists(conn: AsyncConnection, need_ids: Collection[int]) -> Rows:
    """(need_id, held, worst): how many matches a need has stored and the lowest score among them."""
    found = await conn.execute(
        select(_MATCH.c.need_id, func.count().label("held"), func.min(_MATCH.c.score).label("worst"))
        .where(_MATCH.c.need_id == _ints("needs", need_ids))
        .group_by(_MATCH.c.need_id)
    )
    return found.all()


async def put(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores matches, keeping the id of a pair that is stored already.

    Each row has need_id, offer_id, score, quantity, parts, weight_set_id. A handful goes as statements, a list by
    COPY into a table of this transaction.
    """
    names = ("need_id", "offer_id", "score", "quantity", "parts", "weight_set_id")
    if not rows:
        return
    made = insert(_MATCH)
    if len(rows) > COPY_FROM:
        raw = await conn.get_raw_connection()
        driver: Any = raw.driver_connection
        await conn.execute(
            text(
                "CREATE TEMPORARY TABLE IF NOT EXISTS fresh_match (need_id bigint, offer_id bigint,"
                " score double precision, quantity integer, parts smallint[], weight_set_id integer)"
                " ON COMMIT DELETE ROWS"
            )
        )
        await conn.execute(text("TRUNCATE fresh_match"))
        await driver.copy_records_to_table(
            "fresh_match", records=[tuple(row[name] for name in names) for row in rows], columns=names
        )
        fresh = table("fresh_match", *(column(name) for name in names))
        made = made.from_select(list(names), select(*fresh.c))
    kept = {name: made.excluded[name] for name in names[2:]}
    made = made.on_conflict_do_update(
        index_elements=["need_id", "offer_id"],
        set_=kept,
        where=tuple_(*(_MATCH.c[name] for name in kept)) != tuple_(*kept.values()),
    )
    if len(rows) > COPY_FROM:
        await conn.execute(made)
    else:
        await conn.execute(made, [dict(row) for row in rows])


async def keep_only(conn: AsyncConnection, need_ids: Collection[int], pairs: Collection[tuple[int, int]]) -> None:
    """Removes every match of these needs that is not among the (need_id, offer_id) given."""
    kept = select(
        func.unnest(bindparam("kept_needs", [n for n, _ in pairs], ARRAY(BigInteger))).label("need_id"),
        func.unnest(bindparam("kept_offers", [o for _, o in pairs], ARRAY(BigInteger))).label("offer_id"),
    ).cte("kept")
    await conn.execute(
        delete(_MATCH).where(
            _MATCH.c.need_id == _ints("needs", need_ids),
            ~exists().where(kept.c.need_id == _MATCH.c.need_id, kept.c.offer_id == _MATCH.c.offer_id),
        )
    )


async def remove(conn: AsyncConnection, pairs: Collection[tuple[int, int]]) -> None:
    """Removes the matches of these (need_id, offer_id)."""
    if not pairs:
        return
    gone = select(
        func.unnest(bindparam("gone_needs", [n for n, _ in pairs], ARRAY(BigInteger))).label("need_id"),
        func.unnest(bindparam("gone_offers", [o for _, o in pairs], ARRAY(BigInteger))).label("offer_id"),
    ).cte("gone")
    await conn.execute(delete(_MATCH).where(_MATCH.c.need_id == gone.c.need_id, _MATCH.c.offer_id == gone.c.offer_id))


async def trim(conn: AsyncConnection, need_ids: Collection[int], most: int) -> None:
    """Keeps the best `most` matches of each of these needs: by score, then the lower offer id."""
    place = func.row_number().over(partition_by=_MATCH.c.need_id, order_by=(_MATCH.c.score.desc(), _MATCH.c.offer_id))
    ranked = select(_MATCH.c.id, place.label("place")).where(_MATCH.c.need_id == _ints("needs", need_ids)).subquery()
    await conn.execute(delete(_MATCH).where(_MATCH.c.id.in_(select(ranked.c.id).where(ranked.c.place > most))))


async def remove_unwanted(conn: AsyncConnection, type_ids: Collection[int], area_id: int | None) -> None:
    """Removes the matches of needs of these types (in or below an area) that ask for nothing any more."""
    unwanted = select(_NEED.c.id).where(~_open(), _NEED.c.resource_type_id == _ints("types", type_ids))
    if area_id is not None:
        unwanted = unwanted.join(_AREA, _AREA.c.id == _NEED.c.area_id).where(
            _AREA.c.ancestor_ids.contains(bindparam("area", [area_id], ARRAY(Integer)))
        )
    await conn.execute(delete(_MATCH).where(_MATCH.c.need_id.in_(unwanted)))


@dataclass(frozen=True, slots=True)
class WeightSet:
    """`weights` in ten-thousandths, in the order of `codes`."""

    id: int
    codes: tuple[str, ...]
    weights: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MatchingState:
    matched_on: date
    weight_set: WeightSet


async def state(conn: AsyncConnection) -> MatchingState | None:
    """What the stored matches are true for; None before weights were loaded."""
    found = await conn.execute(
        select(
            MatchingStateRow.matched_on,
            WeightSetRow.id,
            WeightSetRow.codes,
            WeightSetRow.weights,
        ).join(WeightSetRow, WeightSetRow.id == MatchingStateRow.weight_set_id)
    )
    row = found.first()
    return None if row is None else MatchingState(row[0], WeightSet(row[1], tuple(row[2]), tuple(row[3])))


async def add_weights(
    conn: AsyncConnection, codes: Sequence[str], weights: Sequence[int], scheme: str = "MATCH"
) -> int:
    """Stores a set of weights; its id."""
    values = {"codes": list(codes), "weights": list(weights), "scheme": scheme}
    made = await conn.execute(insert(WeightSetRow).values(values).returning(WeightSetRow.id))
    return int(made.scalar_one())


async def set_state(conn: AsyncConnection, matched_on: date, weight_set_id: int) -> None:
    """Says which day and which weights the stored matches are true for."""
    made = insert(MatchingStateRow).values(id=1, matched_on=matched_on, weight_set_id=weight_set_id)
    await conn.execute(
        made.on_conflict_do_update(
            index_elements=["id"],
            set_={"matched_on": made.excluded.matched_on, "weight_set_id": made.excluded.weight_set_id},
        )
    )

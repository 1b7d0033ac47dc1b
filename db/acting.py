"""The row an act is about, as far as the viewer may see it; and pairs of a need and an offer that are asked about."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import BigInteger, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.events import last_of_query
from db.matches import NEED_COLUMNS, OFFER_COLUMNS
from db.prepared import Prepared
from db.viewer import Viewer
from db.visibility import Shape, shape, values, visible

MAX_ID = 2**63 - 1
#: How a row is held until the transaction ends. True: nobody else changes it. STAYS: nobody withdraws it, others may
#: change it. GOES: it is about to be withdrawn, which waits for all to whom it STAYS.
Lock = bool | Literal["STAYS", "GOES"]
_LOCKS: dict[Lock, dict[str, bool]] = {
    True: {"key_share": True},
    "STAYS": {"key_share": True, "read": True},
    "GOES": {},
}


async def seen(
    conn: AsyncConnection,
    viewer: Viewer,
    name: str,
    id: int | None,
    *,
    lock: Lock = False,
) -> Any:
    """The whole row, or None where there is none or the viewer may not see it.

    With `lock` no other act changes the row before this transaction ends; matches may still point at it.
    """
    if id is None or not 0 < id <= MAX_ID:
        return None
    return await _seen(name, shape(viewer), lock).first(conn, seen_id=id, **values(viewer))


@lru_cache(maxsize=200)
def _seen(name: str, who: Shape, lock: Lock) -> Prepared:
    table = Base.metadata.tables[name]
    query = select(table).where(table.c.id == bindparam("seen_id", type_=BigInteger), visible(name, table, who))
    return Prepared(query.with_for_update(**_LOCKS[lock], of=table) if lock else query, writes=False)


async def which_seen(
    conn: AsyncConnection, viewer: Viewer, name: Literal["party", "need", "offer"], ids: Collection[int]
) -> set[int]:
    """Those of these ids (1..MAX_ID) that are there and that the viewer may see. One statement."""
    table = Base.metadata.tables[name]
    query = select(table.c.id).where(
        table.c.id == func.any(bindparam("ids", list(ids), ARRAY(BigInteger))), visible(name, table, shape(viewer))
    )
    return set((await conn.execute(query, values(viewer))).scalars())


_Need = namedtuple("_Need", [one.key for one in NEED_COLUMNS])  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows of `db.matches.NEED_COLUMNS` and `OFFER_COLUMNS` by id, those that are seen; the vocabulary's version."""

    version: int
    needs: dict[int, Any]
    offers: dict[int, Any]


async def seen_pairs(conn: AsyncConnection, viewer: Viewer, pairs: Collection[tuple[int, int]]) -> Pairs:
    """What pairs of (need_id, offer_id) are judged by, as far as the viewer may see either. One statement.

    Ids lie in 1..MAX_ID; there is at least one pair.
    """
    need, offer = Base.metadata.tables["need"], Base.metadata.tables["offer"]
    asked = select(
        func.unnest(bindparam("need_ids", [n for n, _ in pairs], ARRAY(BigInteger))).label("need_id"),
        func.unnest(bindparam("offer_ids", [o for _, o in pairs], ARRAY(BigInteger))).label("offer_id"),
    ).subquery("asked")
    who = shape(viewer)
    rows = await conn.execute(
        select(last_of_query("vocabulary").scalar_subquery(), *NEED_COLUMNS, *OFFER_COLUMNS).select_from(
            asked.outerjoin(need, and_(need.c.id == asked.c.need_id, visible("need", need, who))).outerjoin(
                offer, and_(offer.c.id == asked.c.offer_id, visible("offer", offer, who))
            )
        ),
        values(viewer),
    )
    version, middle = 0, 1 + len(NEED_COLUMNS)
    needs: dict[int, Any] = {}
    offers: dict[int, Any] = {}
    for row in rows:
        version = row[0] or 0
        if row[1] is not None:
            needs[row[1]] = _Need(*row[1:middle])
        if row[middle] is not None:
            offers[row[middle]] = row[middle:]
    return Pairs(version, needs, offers)

"""Plans that are kept: who keeps that of an area, what happened since it was last brought up to date, what it is now.

One session on whichever machine holds the advisory lock (KEEP_LOCK, area) and does all the writing: when it is lost, so
is the right to write. What happened is read from `event` by snapshots: whatever is visible now and was not visible in
the snapshot before, however late a transaction committed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, any_, bindparam, delete, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import WRITE_BLOCK
from db.base import Base
from db.events import CHANNEL
from db.plans import AllocationRow, CoverageRow, PlanRow, ShortfallRow

KEEP_LOCK = 5004

_TAKE = text("SELECT pg_try_advisory_lock(:kind, :area)")
_UNATTENDED = text(
    """SELECT area_id FROM plan WHERE kept AND status = 'COMPUTED' AND NOT EXISTS (
        SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = :kind AND l.objid = area_id
            AND l.objsubid = 2 AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY area_id"""
)
_SNAPSHOT = text("SELECT pg_current_snapshot()::text")
_SINCE = text(
    """SELECT DISTINCT pg_current_snapshot()::text AS now,
        (SELECT id FROM plan WHERE area_id = :area AND kept AND status = 'COMPUTED') AS plan_id, e.entity, e.entity_id
    FROM (VALUES (1)) AS one LEFT JOIN event e
        ON e.xid >= :oldest AND e.entity IN ('need', 'offer', 'vocabulary')
        AND NOT pg_visible_in_snapshot(e.xid::text::xid8, CAST(:last AS text)::pg_snapshot)
        AND pg_visible_in_snapshot(e.xid::text::xid8, pg_current_snapshot())"""
)


@dataclass(frozen=True, slots=True)
class Since:
    """The snapshot now, as text; the plan that is to be kept; ids of needs and offers that something happened to since;
    whether words changed."""

    snapshot: str
    plan_id: int | None
    need_ids: list[int]
    offer_ids: list[int]
    words: bool


async def listen(conn: AsyncConnection, heard: Any) -> None:
    """Calls `heard()` whenever something that plans rest on is committed, while the connection lives."""
    raw = await conn.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.add_listener(CHANNEL, lambda *_: heard())


async def take(conn: AsyncConnection, area_id: int) -> bool:
    """Makes this session the keeper of an area until it ends; False where another one is."""
    return bool((await conn.execute(_TAKE, {"kind": KEEP_LOCK, "area": area_id})).scalar_one())


async def unattended(conn: AsyncConnection) -> list[int]:
    """Ids of areas whose plan is to be kept and that nobody keeps."""
    return list((await conn.execute(_UNATTENDED, {"kind": KEEP_LOCK})).scalars())


async def one_moment(conn: AsyncConnection) -> None:
    """All statements of this transaction see the same; call it first. Nothing is written in it."""
    await conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


async def kept_plan(conn: AsyncConnection, area_id: int) -> Row[int, str] | None:
    """(id, plan_order) of the plan that is to be kept."""
    found = await conn.execute(
        select(PlanRow.id, PlanRow.plan_order).where(
            PlanRow.area_id == area_id, PlanRow.kept, PlanRow.status == "COMPUTED"
        )
    )
    return found.first()


async def snapshot(conn: AsyncConnection) -> str:
    return str((await conn.execute(_SNAPSHOT)).scalar_one())


async def since(conn: AsyncConnection, area_id: int, last: str) -> Since:
    """What happened to needs and offers between that snapshot and this transaction's. O(events since)."""
    rows = (await conn.execute(_SINCE, {"area": area_id, "last": last, "oldest": int(last.split(":")[0])})).all()
    ids: dict[str, list[int]] = {"need": [], "offer": [], "vocabulary": []}
    for _, _, entity, id in rows:
        if entity is not None:
            ids[entity].append(id)
    return Since(rows[0].now, rows[0].plan_id, sorted(ids["need"]), sorted(ids["offer"]), bool(ids["vocabulary"]))


async def lines(conn: AsyncConnection, plan_id: int) -> dict[tuple[int, int], Row[Any]]:
    """The allocations that are stored, by (need_id, offer_id)."""
    found = await conn.execute(select(*AllocationRow.__table__.c).where(AllocationRow.plan_id == plan_id))
    return {(row.need_id, row.offer_id): row for row in found}


async def shortfalls(conn: AsyncConnection, plan_id: int) -> dict[int, Row[Any]]:
    """The shortfalls that are stored, by need_id."""
    found = await conn.execute(select(*ShortfallRow.__table__.c).where(ShortfallRow.plan_id == plan_id))
    return {row.need_id: row for row in found}


async def hold(conn: AsyncConnection, plan_id: int, values: Mapping[str, Any]) -> bool:
    """Writes figures of a plan, which is locked then; False where it is not to be kept any more: write nothing."""
    done = await conn.execute(
        update(PlanRow).where(PlanRow.id == plan_id, PlanRow.kept, PlanRow.status == "COMPUTED").values(**values)
    )
    return bool(done.rowcount)


async def set_kept(conn: AsyncConnection, plan_id: int, kept: bool) -> None:
    await conn.execute(update(PlanRow).where(PlanRow.id == plan_id).values(kept=kept))


async def write(
    conn: AsyncConnection,
    plan_id: int,
    *,
    gone: Sequence[tuple[int, int]] = (),
    allocations: Sequence[Mapping[str, Any]] = (),
    rescored: Sequence[Mapping[str, Any]] = (),
    met: Collection[int] = (),
    shortfalls: Sequence[Mapping[str, Any]] = (),
    coverage: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Writes what changed of a plan that is `hold`: rows of allocations, of (need_id, offer_id, score, parts,
    weight_set_id), of shortfalls and of coverage (removed where nothing is requested any more)."""
    if gone:
        await conn.execute(
            delete(AllocationRow).where(
                AllocationRow.plan_id == plan_id,
                tuple_(AllocationRow.need_id, AllocationRow.offer_id).in_(
                    select(
                        text("n"),
                        text("o"),
                    ).select_from(
                        text("unnest(CAST(:needs AS bigint[]), CAST(:offers AS bigint[])) AS gone(n, o)").bindparams(
                            bindparam("needs", [n for n, _ in gone], ARRAY(BIGINT)),
                            bindparam("offers", [o for _, o in gone], ARRAY(BIGINT)),
                        )
                    )
                ),
            )
        )
    if met:
        await conn.execute(
            delete(ShortfallRow).where(
                ShortfallRow.plan_id == plan_id,
                ShortfallRow.need_id == any_(bindparam("met", list(met), ARRAY(BIGINT))),
            )
        )
    await _put(conn, AllocationRow, plan_id, allocations, ("plan_id", "need_id", "offer_id"))
    await _put(conn, ShortfallRow, plan_id, shortfalls, ("plan_id", "need_id"))
    asked = [row for row in coverage if row["requested"]]
    await _put(conn, CoverageRow, plan_id, asked, ("plan_id", "area_id", "resource_type_id"))
    if rescored:
        table = Base.metadata.tables["allocation"]
        await conn.execute(
            update(table)
            .where(
                table.c.plan_id == plan_id,
                table.c.need_id == bindparam("the_need"),
                table.c.offer_id == bindparam("the_offer"),
            )
            .values(
                score=bindparam("the_score"), parts=bindparam("the_parts"), weight_set_id=bindparam("the_weight_set")
            ),
            [{f"the_{name}": value for name, value in row.items()} for row in rescored],
        )
    for row in coverage:
        if not row["requested"]:
            await conn.execute(
                delete(CoverageRow).where(
                    CoverageRow.plan_id == plan_id,
                    CoverageRow.area_id == row["area_id"],
                    CoverageRow.resource_type_id == row["resource_type_id"],
                )
            )


async def _put(
    conn: AsyncConnection, row: type[Base], plan_id: int, rows: Sequence[Mapping[str, Any]], key: tuple[str, ...]
) -> None:
    """Inserts, or changes what is there under the same key."""
    for start in range(0, len(rows), WRITE_BLOCK):
        block = [{"plan_id": plan_id, **one} for one in rows[start : start + WRITE_BLOCK]]
        await conn.execute(_putting(row, tuple(block[0]), key), block)


@lru_cache(maxsize=16)
def _putting(row: type[Base], names: tuple[str, ...], key: tuple[str, ...]) -> Any:
    made = insert(row)
    changed = {name: made.excluded[name] for name in names if name not in key}
    return made.on_conflict_do_update(index_elements=list(key), set_=changed)

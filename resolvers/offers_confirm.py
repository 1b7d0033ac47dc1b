"""Many offers confirmed at once: the answer to "still true?", all or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, events, offers
from resolvers import matches
from resolvers.acts import act, require_role, within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.offers import ACTORS
from resolvers.vocabulary import vocabulary

#: As many as one notice lists.
MOST = 100
CONFIRMED_FROM = ("ACTIVE", "PAUSED")


async def confirm_all(context: Context, ids: Sequence[int | None], *, idempotency_key: str | None = None) -> Done:
    """Says "still true" of 1 to `MOST` offers; the answer's id is the first's.

    Raises InvalidInput, with each offer that is unknown, another's or not to be confirmed named at its place, where
    anything is wrong; NotAllowed where the role may confirm none.
    """
    require_role(context.viewer, *ACTORS)

    async def work(conn: AsyncConnection) -> Done:
        problems = Problems()
        problems.key(idempotency_key)
        if not ids:
            problems.required("ids", None)
        if len(ids) > MOST:
            problems.add("ids", "TOO_MANY", f"一次最多确认 {MOST} 项", f"confirm at most {MOST} at once")
            problems.stop()
        rows = await _checked(context, conn, problems, ids)
        problems.stop()
        now = context.clock()
        for row in rows:
            await offers.change(conn, row.id, {"confirmed_at": now}, now)
        await events.add_many(
            conn,
            [
                {
                    "kind": "offer.confirmed",
                    "entity": "offer",
                    "entity_id": row.id,
                    "area_id": row.area_id,
                    "actor_id": context.viewer.key_id,
                    "detail": {"committed": row.committed},
                }
                for row in rows
            ],
        )
        await matches.renew(
            context, conn, offer_ids=[row.id for row in rows], left_type_ids=[row.resource_type_id for row in rows]
        )
        first = ids[0]
        assert first is not None
        return Done("offer", first)

    return await act(context, "offersConfirm", idempotency_key, {"ids": list(ids)}, work)


async def _checked(context: Context, conn: AsyncConnection, problems: Problems, ids: Sequence[int | None]) -> list[Any]:
    """The rows, locked in order of id; what is wrong with each is added at the first place it is named at."""
    places: dict[int | None, int] = {}
    for place, id in enumerate(ids):
        places.setdefault(id, place)
    rows: list[Any] = []
    words = await vocabulary(context.engine, conn)
    for id in sorted(places, key=lambda one: one or 0):
        path = ("ids", str(places[id]))
        row = await acting.seen(conn, context.viewer, "offer", id, lock=True)
        if row is None:
            problems.add(path, "NOT_FOUND", "没有这个资源供给", "there is no such offer")
            continue
        area = (await words.areas_by_id(conn, [row.area_id]))[row.area_id]
        own = context.viewer.role == "PARTNER" and context.viewer.party_id == row.provider_id
        if not own and not within(context.viewer, area):
            problems.add(path, "NOT_YOURS", "这个供给不归您管理", "this offer is not yours to confirm")
        elif row.status not in CONFIRMED_FROM:
            problems.add(
                path,
                f"OFFER_{row.status}",
                "这个供给已撤回或还是草稿,不能确认;请从名单中去掉",
                "this offer is withdrawn or a draft; leave it out",
            )
        rows.append(row)
    return rows

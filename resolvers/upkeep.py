"""What time brings: the overdue is handed upward and at last given back, who must act is told, old offers doubted.

`sweep` is one round. Each kind of work is a few statements on sets of rows in transactions of its own, passes over what
others work on, and finds nothing where it was just done: running it twice, or in two processes at once, does it once.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import coordination, events, notices, upkeep
from db.areas import Area
from db.cursors import global_id
from db.faults import classify
from resolvers import delivery, due, referrals, working_days
from resolvers.context import COUNTY_TIME, Context
from resolvers.notices import Kind, notice
from resolvers.referral_steps import STEPS
from resolvers.vocabulary import Vocabulary, vocabulary

#: How many referrals one transaction moves: who is served by the same process does not wait for long.
AT_ONCE = 200
#: How many are given back in one round; each in its own transaction.
RELEASED_AT_ONCE = 500
#: Offers listed in one question.
LISTED = 100
#: How long before its end an agreement may be told of, at most.
MOST_DAYS = 366
#: A reminder is never followed by another within less.
QUIET = timedelta(hours=20)
#: Levels of the areas that answer for a referral; the top of its county answers whatever its level.
LEVELS = ("TOWNSHIP", "COUNTY")

log = logging.getLogger("fivelink")


async def tick(context: Context) -> None:
    """One round for the job engine: what fails is said, and comes again with the next."""
    try:
        await sweep(context)
    except Exception as error:
        log.warning("upkeep was not finished: %s", classify(error)[0])


async def sweep(context: Context) -> dict[str, int]:
    """One round; how many referrals were escalated and released, how many notices were made of each kind and delivered.

    A kind that fails does not keep the others from their turn; the first failure is raised in the end.
    """
    kinds: dict[str, Callable[[Context], Awaitable[int]]] = {
        "escalated": escalate,
        "released": release,
        "reminded": remind,
        "due_soon": warn,
        "asked": ask,
        "ending": ending,
        "delivered": delivery.deliver,
    }
    done: dict[str, int] = {}
    failure: Exception | None = None
    for name, work in kinds.items():
        try:
            done[name] = await work(context)
        except Exception as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return done


async def escalate(context: Context) -> int:
    """Hands what is overdue to the next level above, with a new due time."""
    total = 0
    while True:
        async with context.engine.begin() as conn:
            words = await vocabulary(context.engine, conn)
            now = context.clock()
            rows = await upkeep.to_hand_up(conn, now, AT_ONCE)
            if rows:
                await _hand_up(context, conn, words, rows, now)
        total += len(rows)
        if len(rows) < AT_ONCE:
            return total


async def _hand_up(
    context: Context, conn: AsyncConnection, words: Vocabulary, rows: Sequence[Any], now: datetime
) -> None:
    areas = await words.areas_by_id(conn, {id for row in rows for id in (row.area_id, row.owner_area_id)})
    above = await words.areas_by_id(conn, {id for area in areas.values() for id in area.ancestor_ids})
    moves: dict[int, tuple[int, datetime]] = {}
    told: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for row in rows:
        owner = _next_owner(areas[row.owner_area_id], row.county_id, above)
        again = await due.due_again(
            conn, words, step=due.STEP_OF[row.status], priority=row.priority, area_id=row.area_id, at=now
        )
        moves[row.id] = (owner, again)
        which = f"{upkeep.occasion(row.due_at)}/{row.escalations + 1}"
        if row.status in due.BY_PROVIDER:
            told.append(_about(context, words, above, row, "OVERDUE", which, row.due_at, party_id=row.provider_id))
        told.append(_about(context, words, above, row, "ESCALATED", which, again, area_id=owner))
        said.append(
            {
                "kind": "referral.escalated",
                "entity": "referral",
                "entity_id": row.id,
                "area_id": row.area_id,
                "actor_id": None,
                "detail": {
                    "status": row.status,
                    "provider": row.provider_id,
                    "community": row.community_id,
                    "owner": owner,
                    "from": row.owner_area_id,
                    "escalations": row.escalations + 1,
                },
            }
        )
    await upkeep.hand_up(conn, moves, now)
    await events.add_many(conn, said)
    await notices.add(conn, told)


def _next_owner(owner: Area, county_id: int | None, areas: Mapping[int, Area]) -> int:
    """The next area upward that has coordinators, up to the county; the owner itself where there is none."""
    if owner.id == county_id:
        return owner.id
    for id in reversed(owner.ancestor_ids[:-1]):
        if id == county_id or areas[id].level in LEVELS:
            return id
    return owner.id


async def release(context: Context) -> int:
    """Gives back what nobody answered or began at any level, one transaction each."""
    async with context.engine.connect() as conn:
        rows = await upkeep.to_release(conn, context.clock(), STEPS["release"].sources, RELEASED_AT_ONCE)
    failure: Exception | None = None
    total = 0
    for row in rows:
        try:
            async with context.engine.begin() as conn:
                total += await referrals.release(context, conn, row)
        except Exception as error:
            # Somebody works on it, or it is broken: the others must not wait for it.
            failure = failure or error
    if failure is not None:
        raise failure
    return total


async def remind(context: Context) -> int:
    """Tells of what has begun, or waits for its follow-up, and stays overdue at the top: once in each due period."""

    async def some(conn: AsyncConnection, words: Vocabulary, after: int) -> tuple[list[dict[str, Any]], int, int]:
        now = context.clock()
        rows = await upkeep.to_remind(conn, now, STEPS["release"].sources, now - QUIET, after, AT_ONCE)
        areas = await words.areas_by_id(conn, {row.area_id for row in rows})
        rules = await due.rules(conn, words)
        made: list[dict[str, Any]] = []
        for row in rows:
            rule = rules.of(due.STEP_OF[row.status], row.priority, areas[row.area_id].ancestor_ids)
            last = row.reminded_at if row.reminded_at is not None and row.reminded_at > row.due_at else None
            if last is not None and working_days.working_days_between(last, now, rules.days) < rule.again_days:
                continue
            which = f"{upkeep.occasion(row.due_at)}+{upkeep.occasion(last) if last else ''}"
            made.append(_about(context, words, areas, row, "OVERDUE", which, row.due_at, area_id=row.owner_area_id))
            if row.status in due.BY_PROVIDER:
                made.append(_about(context, words, areas, row, "OVERDUE", which, row.due_at, party_id=row.provider_id))
        return made, len(rows), rows[-1].id if rows else after

    return await _page_by_page(context, some)


async def warn(context: Context) -> int:
    """Tells who must act of what is due on the next working day, once for each due time."""

    async def some(conn: AsyncConnection, words: Vocabulary, after: int) -> tuple[list[dict[str, Any]], int, int]:
        now = context.clock()
        days = (await due.rules(conn, words)).days
        midnight = datetime.combine(context.today, time(), COUNTY_TIME)
        rows = await upkeep.soon_due(
            conn,
            after=max(now, midnight + timedelta(days=1)),
            until=working_days.due_at(now, 1, days),
            moved_before=midnight,
            above=after,
            limit=AT_ONCE,
        )
        areas = await words.areas_by_id(conn, {row.area_id for row in rows})
        made = []
        for row in rows:
            to = {"party_id": row.provider_id} if row.status in due.BY_PROVIDER else {"area_id": row.owner_area_id}
            which = upkeep.occasion(row.due_at)
            made.append(_about(context, words, areas, row, "DUE_TOMORROW", which, row.due_at, **to))
        return made, len(rows), rows[-1].id if rows else after

    return await _page_by_page(context, some)


async def ask(context: Context) -> int:
    """Asks providers whether their offers that nobody confirmed for long still hold: one notice for all of them."""

    async def some(conn: AsyncConnection, words: Vocabulary, after: int) -> tuple[list[dict[str, Any]], int, int]:
        now = context.clock()
        rule = (await due.rules(conn, words)).of("STILL_TRUE", None)
        if rule is due.UNTOLD:
            return [], 0, after
        rows = await upkeep.unconfirmed(
            conn,
            before=now - timedelta(days=rule.days),
            asked_before=now - timedelta(days=rule.again_days),
            today=context.today,
            above=after,
            limit=AT_ONCE,
        )
        made = [
            notice(
                context,
                kind="STILL_TRUE",
                party_id=row.provider_id,
                entity="party",
                entity_id=row.provider_id,
                # Two rounds at once know the same last one, so only one of them writes the next.
                occasion=str(row.last or ""),
                about=[global_id(f"Offer:{id}".encode()) for id in row.offer_ids[:LISTED]],
                count=len(row.offer_ids),
            )
            for row in rows
        ]
        return made, len(rows), rows[-1].provider_id if rows else after

    return await _page_by_page(context, some)


async def ending(context: Context) -> int:
    """Tells coordinators of agreements that end soon and that nothing follows: once for each end."""

    async def some(conn: AsyncConnection, words: Vocabulary, after: int) -> tuple[list[dict[str, Any]], int, int]:
        today = context.today
        rows = await coordination.agreements_to_tell(conn, today, today + timedelta(days=MOST_DAYS), after, AT_ONCE)
        areas = await words.areas_by_id(conn, {row.area_id for row in rows})
        rules = await due.rules(conn, words)
        made = []
        for row in rows:
            area = areas[row.area_id]
            rule = rules.of("AGREEMENT_ENDS", None, area.ancestor_ids)
            if rule is due.UNTOLD or row.until_on > today + timedelta(days=rule.days):
                continue
            made.append(
                notice(
                    context,
                    kind="AGREEMENT_ENDS",
                    area_id=row.area_id,
                    entity="agreement",
                    entity_id=row.id,
                    occasion=row.until_on.isoformat(),
                    what=("一份服务协议", "A service agreement"),
                    where=area.full_name,
                    on=row.until_on,
                )
            )
        return made, len(rows), rows[-1].id if rows else after

    return await _page_by_page(context, some)


async def _page_by_page(
    context: Context,
    some: Callable[[AsyncConnection, Vocabulary, int], Awaitable[tuple[list[dict[str, Any]], int, int]]],
) -> int:
    """Writes the notices that `some` makes of the rows above an id, a transaction for each page; how many are new."""
    total, after = 0, 0
    while True:
        async with context.engine.begin() as conn:
            words = await vocabulary(context.engine, conn)
            made, looked_at, after = await some(conn, words, after)
            total += await notices.add(conn, made)
        if looked_at < AT_ONCE:
            return total


def _about(
    context: Context,
    words: Vocabulary,
    areas: Mapping[int, Area],
    row: Any,
    kind: Kind,
    which: str,
    due_at: datetime,
    *,
    party_id: int | None = None,
    area_id: int | None = None,
) -> dict[str, Any]:
    what = words.types_by_id[row.resource_type_id]
    return notice(
        context,
        kind=kind,
        party_id=party_id,
        area_id=area_id,
        entity="referral",
        entity_id=row.id,
        occasion=which,
        what=(what.label_zh, what.label_en),
        quantity=row.quantity,
        unit=what.unit,
        where=areas[row.area_id].full_name,
        due_at=due_at,
    )

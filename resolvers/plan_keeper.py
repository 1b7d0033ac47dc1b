"""A plan that is kept: whenever a need or an offer of its area changes, it is brought up to date.

One keeper an area (`resolvers.plan_keeping` runs it) holds the plan in memory (`graph.keeping`). What changed is read
in one snapshot, what that changes of the plan is written in one transaction: a reader sees the plan before or after.
Whatever goes wrong, the keeper forgets what it holds and begins with a plan computed afresh.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import events, fund_rules, matches, plan_keeping, plans
from db.areas import Area
from graph.keeping import Kept, SearchNeeded, Update
from graph.values import Need, Offer
from resolvers import fund_caps, plan_rows
from resolvers.context import Context
from resolvers.plans import Instance, explained, weights_now
from resolvers.vocabulary import Vocabulary, vocabulary
from resolvers.world import need_value, offer_values, world

log = logging.getLogger("fivelink")

#: Between two looks where nobody calls: whether the day has turned, whether the plan is to be kept at all.
LOOK_SECONDS = 5.0
#: More changes at once than this are cheaper to follow by computing afresh.
AFRESH_FROM = 500
#: After so many updates everything that stands is proven once more, from the beginning.
PROVE_EVERY = 1_000


async def attend(context: Context, area_id: int, told: Callable[[str], None] = lambda _: None) -> None:
    """Keeps the plan of an area until it is to be kept no more; returns at once where another session keeps it.

    `told` hears "keeping" when the plan is up to date for the first time. Raises what the database raises.
    """
    async with context.engine.connect() as conn:
        try:
            async with conn.begin():
                if not await plan_keeping.take(conn, area_id):
                    return
            called = asyncio.Event()
            await plan_keeping.listen(conn, called.set)
            keeper = Keeper(context, conn, area_id)
            rested = False
            while await keeper.follow(rested):
                told("keeping")
                try:
                    await asyncio.wait_for(called.wait(), LOOK_SECONDS)
                    rested = False
                except TimeoutError:
                    rested = True
                called.clear()
        finally:
            # The session holds the right to keep: it ends here, and is not lent to others.
            await conn.invalidate()


@dataclass(slots=True)
class _Stand:
    """What a keeper knows: of which plan, as of which snapshot and day."""

    plan_id: int
    snapshot: str
    today: date
    place: Area
    words: Vocabulary
    weights: matches.WeightSet
    #: None where the plan has parts that were searched: any change computes it afresh.
    kept: Kept | None
    #: What rules left of the money that is offered, and for needs of which areas; () where no money is offered.
    limits: fund_caps.Limits = ()
    money_areas: frozenset[int] = frozenset()
    updates: int = 0
    #: Something happened since that does not concern the plan.
    behind: bool = False


class Keeper:
    """Brings the plan of an area up to date, on a session of its own that holds the right to."""

    def __init__(self, context: Context, conn: AsyncConnection, area_id: int) -> None:
        self._context, self._conn, self._area_id = context, conn, area_id
        self._stand: _Stand | None = None

    async def follow(self, rested: bool = False) -> bool:
        """Brings the plan up to date with this moment; False where no plan is to be kept.

        What does not concern the plan is written down (as the moment it reflects) only when everything has `rested`,
        so that a province's acts do not touch every county's plan. What it holds is worth nothing after an exception.
        """
        if self._stand is None:
            return await self._afresh()
        stand, self._stand = self._stand, None
        at = self._context.clock()
        async with self._conn.begin():
            await plan_keeping.one_moment(self._conn)
            now = await plan_keeping.since(self._conn, self._area_id, stand.snapshot)
            stale = now.plan_id != stand.plan_id or now.words or self._context.today != stand.today
            stale = stale or await self._other_limits(stand)
            many = len(now.need_ids) + len(now.offer_ids)
            if stale or many > AFRESH_FROM:
                changed = None
            else:
                changed = await self._changed(stand, now.need_ids, now.offer_ids) if many else ({}, {})
                if await self._under_rules(stand, changed[1]):
                    changed = None
        if changed is None:
            return await self._afresh()
        stand.snapshot = now.snapshot
        stand.behind |= bool(many)
        if changed == ({}, {}):
            if rested and stand.behind:
                async with self._conn.begin():
                    values = {"current_at": at, "kept_to": now.snapshot}
                    await plan_keeping.hold(self._conn, stand.plan_id, values)
                stand.behind = False
        else:
            if stand.kept is None:
                return await self._afresh()
            began = perf_counter()
            try:
                told = stand.kept.apply(*changed)
            except (SearchNeeded, OverflowError):
                return await self._afresh()
            if not await self._write(stand, told, at, perf_counter() - began):
                return await self._afresh()
            stand.updates += 1
            stand.behind = False
            if stand.updates % PROVE_EVERY == 0 and stand.kept.check():
                return await self._afresh()
        self._stand = stand
        return True

    # --- little by little

    async def _changed(
        self, stand: _Stand, need_ids: Sequence[int], offer_ids: Sequence[int]
    ) -> tuple[dict[int, Need | None], dict[int, Offer | None]]:
        """Those that concern the plan, as they are now; None for who is not considered any more."""
        conn, place, kept = self._conn, stand.place, stand.kept
        need_rows = await matches.needs_by_ids(conn, need_ids) if need_ids else ()
        offer_rows = await matches.offers_by_ids(conn, offer_ids) if offer_ids else ()
        ids = {row.area_id for row in need_rows} | {id for row in offer_rows for id in (row.area_id, *row.coverage_ids)}
        areas = await stand.words.areas_by_id(conn, ids)
        needs: dict[int, Need | None] = {}
        for row in need_rows:
            inside = place.id in areas[row.area_id].ancestor_ids
            if inside and row.status == "OPEN" and row.remaining > 0:
                needs[row.id] = need_value(row)
            elif inside and (kept is None or kept.holds(need=row.id)):
                needs[row.id] = None
        offers: dict[int, Offer | None] = {}
        for row, offer in zip(offer_rows, offer_values(offer_rows, stand.words), strict=True):
            touches = any(id in place.ancestor_ids or place.id in areas[id].ancestor_ids for id in row.coverage_ids)
            if touches and offer.is_active and offer.available > 0:
                offers[row.id] = offer
            elif kept is None or kept.holds(offer=row.id):
                offers[row.id] = None
        if kept is not None:
            here = [one for one in needs.values() if one is not None]
            there = [one for one in offers.values() if one is not None]
            new = {one.area_id for one in here} | {id for one in there for id in (one.area_id, *one.coverage_ids)}
            if not all(map(kept.knows, new)) or not all(kept.knows(one.area_id, of_need=True) for one in here):
                kept.learn(await world(conn, stand.words, stand.weights, stand.today, here, there, place))
        return needs, offers

    async def _other_limits(self, stand: _Stand) -> bool:
        """Whether rules leave more or less of the money than when the plan was computed: spending tells nobody."""
        if not stand.money_areas:
            return False
        limits, _, _ = await fund_caps.limits(self._conn, stand.words, stand.today, stand.money_areas)
        return limits != stand.limits

    async def _under_rules(self, stand: _Stand, offers: Mapping[int, Offer | None]) -> bool:
        """Whether money is offered that rules may limit: what it draws on is found from the beginning."""
        if not any(one is not None and fund_caps.of_money(stand.words, one.type_id) for one in offers.values()):
            return False
        return await fund_rules.limits_money(self._conn, stand.today)

    async def _write(self, stand: _Stand, told: Update, at: datetime, seconds: float) -> bool:
        assert stand.kept is not None
        kept, weights, primal = stand.kept, stand.weights, str(stand.kept.primal)
        rows = {
            "gone": told.gone,
            "allocations": [plan_rows.allocation(line.allocation, line.choice, weights) for line in told.lines],
            "rescored": [
                {
                    "need": need_id,
                    "offer": offer_id,
                    "score": score,
                    "parts": plan_rows.parts(parts, weights),
                    "weight_set": weights.id,
                }
                for need_id, offer_id, score, parts in told.rescored
            ],
            "met": told.met,
            "shortfalls": [plan_rows.shortfall(one) for one in told.shortfalls],
            "coverage": [plan_rows.coverage(one) for one in told.coverage],
        }
        figures = {"demand": kept.demand, "met": kept.met, "primal": primal, "dual": primal, "seconds": seconds}
        return await self._store(stand.plan_id, stand.snapshot, at, figures, rows)

    async def _store(
        self, plan_id: int, snapshot: str, at: datetime, figures: Mapping[str, Any], rows: Mapping[str, Any]
    ) -> bool:
        """One transaction; False, and nothing written, where the plan is not to be kept any more."""
        conn = self._conn
        async with conn.begin():
            values = {**figures, "current_at": at, "kept_to": snapshot}
            if not await plan_keeping.hold(conn, plan_id, values):
                return False
            await plan_keeping.write(conn, plan_id, **rows)
            if any(rows.values()):
                await events.add(
                    conn,
                    kind="plan.updated",
                    entity="plan",
                    entity_id=plan_id,
                    area_id=self._area_id,
                    actor_id=None,
                    detail={"demand": figures["demand"], "met": figures["met"], "lines": len(rows["allocations"])},
                )
        return True

    # --- from the beginning

    async def _afresh(self) -> bool:
        """Computes the plan and writes what differs from what is stored; False where no plan is to be kept."""
        conn, context = self._conn, self._context
        self._stand = None
        while True:
            at, today = context.clock(), context.today
            async with conn.begin():
                await plan_keeping.one_moment(conn)
                plan_row = await plan_keeping.kept_plan(conn, self._area_id)
                if plan_row is None:
                    return False
                snapshot = await plan_keeping.snapshot(conn)
                instance, words = await self._read()
                lines = await plan_keeping.lines(conn, plan_row.id)
                short = await plan_keeping.shortfalls(conn, plan_row.id)
                shares = await plans.coverage(conn, [plan_row.id])
            # In a thread, so that the session is heard meanwhile.
            plan, why = await asyncio.to_thread(explained, instance, plan_row.plan_order)
            kept = None
            if plan.certificate.optimal and not plan.searched and not instance.caps:
                try:
                    kept = await asyncio.to_thread(Kept, plan, instance.needs, instance.offers, instance.around)
                except (ValueError, OverflowError) as error:
                    # Too many pairs to hold at once, for one: each change computes it as a whole.
                    log.warning("the plan of area %s is not followed act by act: %s", self._area_id, error)
            now_lines = [
                plan_rows.allocation(one, choice, instance.weights)
                for one, choice in zip(plan.allocations, why, strict=True)
            ]
            now_short = [plan_rows.shortfall(one) for one in plan.shortfalls]
            now_shares = [plan_rows.coverage(one) for one in plan.coverage]
            stored_shares = {(row.area_id, row.resource_type_id): row for row in shares}
            rows = {
                "gone": sorted(lines.keys() - {(row["need_id"], row["offer_id"]) for row in now_lines}),
                "allocations": _other(now_lines, lines, ("need_id", "offer_id")),
                "met": sorted(short.keys() - {row["need_id"] for row in now_short}),
                "shortfalls": _other(now_short, {(id,): row for id, row in short.items()}, ("need_id",)),
                "coverage": [
                    *_other(now_shares, stored_shares, ("area_id", "resource_type_id")),
                    *(
                        {"area_id": area, "resource_type_id": kind, "requested": 0}
                        for area, kind in sorted(
                            stored_shares.keys() - {(row["area_id"], row["resource_type_id"]) for row in now_shares}
                        )
                    ),
                ],
            }
            figures = {"demand": plan.demand, "met": plan.met, **plan_rows.certificate(plan.certificate)}
            if await self._store(plan_row.id, snapshot, at, figures, rows):
                break
        money = any(fund_caps.of_money(words, one.type_id) for one in instance.offers)
        asked = {one.area_id for one in instance.needs if fund_caps.of_money(words, one.type_id)} if money else ()
        self._stand = _Stand(
            plan_row.id, snapshot, today, instance.place, words, instance.weights, kept, instance.limits,
            frozenset(asked),
        )  # fmt: skip
        return True

    async def _read(self) -> tuple[Instance, Vocabulary]:
        """What the plan rests on, with the offers of every type: a need of another type may come."""
        conn, context = self._conn, self._context
        words = await vocabulary(context.engine, conn)
        place = (await words.areas_by_id(conn, [self._area_id]))[self._area_id]
        weights = await weights_now(conn)
        needs = [need_value(row) for row in await matches.open_needs(conn, area_id=place.id)]
        given = offer_values(await plans.offers_covering(conn, set(words.types_by_id), place.id), words)
        offers, caps, limits = await fund_caps.capped(conn, words, context.today, needs, given)
        around = await world(conn, words, weights, context.today, needs, offers, place)
        return Instance(place, needs, offers, around, weights, caps, limits), words


def _other(rows: Iterable[dict[str, Any]], stored: Mapping[Any, Any], key: Sequence[str]) -> list[dict[str, Any]]:
    """Rows that are not stored just so."""
    found = []
    for row in rows:
        old = stored.get(tuple(row[name] for name in key))
        if old is None or any(getattr(old, name) != value for name, value in row.items()):
            found.append(row)
    return found

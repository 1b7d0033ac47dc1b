"""Matches: the best offers of every open need, kept true inside the transaction that changes what they rest on.

The law: after every act the stored matches of a need are the first `BEST` eligible offers by (score descending,
offer id), and a need that is not open, or has nothing left to ask for, has none. An act locks its rows, then the
trees of resource types it touches (`db.matches.lock_trees`), then reads the other side: whoever comes second in a
tree reads what the first committed, so a need and an offer that arrive at once cannot miss each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, matches, track_records
from db.matches import WeightSet
from graph import candidates
from graph.rules import obstacles
from graph.score import PART_CODES
from graph.values import Need, Obstacle, Offer
from resolvers.acts import record
from resolvers.context import Context
from resolvers.errors import NotFound
from resolvers.together import Asked, Together
from resolvers.vocabulary import Vocabulary, vocabulary
from resolvers.world import need_value, offer_values, world

__all__ = ["BEST", "Obstacle", "renew", "renew_all", "renew_daily", "renew_trees", "roots", "shrink", "why_not"]

#: How many offers are stored for a need.
BEST = 20
#: Needs matched at a time when a whole tree is renewed.
BLOCK = 5_000
#: Changes beyond this are cheaper to make by renewing their trees as a whole.
ONE_BY_ONE = 50
#: Offers times needs worth a thread of their own, so that the server goes on serving.
WORTH_A_THREAD = 20_000


@dataclass(frozen=True, slots=True)
class _Matching:
    """What one renewal works with."""

    conn: AsyncConnection
    words: Vocabulary
    today: date
    weights: WeightSet

    def row(self, need_id: int, offer_id: int, score_e8: int, quantity: int, parts: Sequence[int]) -> dict[str, Any]:
        values = dict(zip(PART_CODES, parts, strict=True))
        return {
            "need_id": need_id,
            "offer_id": offer_id,
            "score": score_e8 / 1e8,
            "quantity": quantity,
            "parts": [values[code] for code in self.weights.codes],
            "weight_set_id": self.weights.id,
        }

    def rows(self, needs: Sequence[Need], offers: Sequence[Offer], found: candidates.Pairs) -> list[dict[str, Any]]:
        return [
            self.row(needs[n].id, offers[o].id, score, quantity, parts)
            for n, o, score, quantity, parts in zip(
                found.need_index.tolist(),
                found.offer_index.tolist(),
                found.score_e8.tolist(),
                found.quantity.tolist(),
                found.parts.tolist(),
                strict=True,
            )
        ]


async def _matching(context: Context, conn: AsyncConnection) -> _Matching:
    state = await matches.state(conn)
    if state is None:
        raise RuntimeError("no weights are loaded: run `fivelink serve` or `resolvers.vocabulary.load` first")
    return _Matching(conn, await vocabulary(context.engine, conn), context.today, state.weight_set)


async def renew(
    context: Context,
    conn: AsyncConnection,
    *,
    need_ids: Collection[int] = (),
    offer_ids: Collection[int] = (),
    left_type_ids: Collection[int] = (),
) -> None:
    """Makes the law hold again after these needs and offers were inserted or changed in this transaction.

    `left_type_ids` are resource types they had before. Few changes cost O(candidates of each); many renew their
    trees as a whole. Waits for other writers of the same trees; call it last, once in a transaction.
    """
    m = await _matching(context, conn)
    needs = await matches.needs_by_ids(conn, need_ids) if need_ids else ()
    offers = await matches.offers_by_ids(conn, offer_ids) if offer_ids else ()
    type_ids = {row.resource_type_id for row in (*needs, *offers)} | set(left_type_ids)
    roots = {m.words.types_by_id[id].root_id for id in type_ids}
    await matches.lock_trees(conn, roots)
    if len(needs) + len(offers) > ONE_BY_ONE:
        await _renew_trees(m, roots, None)
        return
    for row in offers:
        await _renew_offer(m, row)
    if needs:
        await _renew_needs(m, needs)


def roots(words: Vocabulary, *rows: Any) -> set[int]:
    """The trees of resource types that rows of needs or offers stand in."""
    return {words.types_by_id[row.resource_type_id].root_id for row in rows}


async def shrink(context: Context, conn: AsyncConnection, need: Any, offer: Any) -> None:
    """Makes the law hold again after a referral took of a need and an offer: less is left, nothing else has changed.

    `need` and `offer` are their rows, their trees (`roots`) are locked. One statement, where no list of matches is
    full; the same outcome as `renew`.
    """
    full = await matches.shrink(conn, need.id, offer.id, BEST)
    if full:
        await _renew_needs(await _matching(context, conn), await matches.needs_by_ids(conn, full))


async def renew_trees(context: Context, conn: AsyncConnection, root_ids: Collection[int]) -> None:
    """Computes the matches of every need of these trees from scratch, `BLOCK` needs at a time."""
    m = await _matching(context, conn)
    await matches.lock_trees(conn, root_ids)
    await _renew_trees(m, root_ids, None)


async def renew_all(context: Context, area_id: int | None = None) -> None:
    """Computes all matches (of needs in or below an area) from scratch; a transaction for each tree of types.

    Between two trees others write: each tree is true when its transaction ends.
    """
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
    for root in sorted({one.root_id for one in words.types.values()}):
        async with context.engine.begin() as conn:
            m = await _matching(context, conn)
            await matches.lock_trees(conn, [root])
            await _renew_trees(m, [root], area_id)


async def renew_daily(context: Context) -> bool:
    """Renews everything where the stored matches are those of another day or other weights; says whether it did.

    Freshness, deadlines and time left move with the date, track records are counted anew. Running it twice at once is
    harmless.
    """
    async with context.engine.connect() as conn:
        state = await matches.state(conn)
    today = context.today
    if state is None or state.matched_on == today:
        return False
    await _count_records(context)
    await renew_all(context)
    async with context.engine.begin() as conn:
        now = await matches.state(conn)
        # Weights that were loaded meanwhile mark everything as old again: leave the mark.
        if now is not None and now.matched_on == state.matched_on and now.weight_set == state.weight_set:
            await matches.set_state(conn, today, now.weight_set.id)
    return True


async def _count_records(context: Context) -> None:
    """Track records as they stand today. Kept plans rest on them too: they are told as of new words."""
    async with context.engine.begin() as conn:
        changed = await track_records.count(conn, context.clock())
        if changed:
            await record(conn, context.viewer, "trackRecords.counted", "vocabulary", 0, None, {"offers": len(changed)})


async def _renew_needs(m: _Matching, rows: Sequence[Any]) -> None:
    """The matches of these needs from scratch. Their trees are locked."""
    wanted = [row for row in rows if row.status == "OPEN" and row.remaining > 0]
    pairs: list[dict[str, Any]] = []
    if wanted:
        paths = await m.words.areas_by_id(m.conn, {row.area_id for row in wanted})
        offers = await matches.offers_for(
            m.conn,
            {id for row in wanted for id in m.words.type_ancestors[row.resource_type_id]},
            {id for area in paths.values() for id in area.ancestor_ids},
            m.today,
        )
        pairs = await _best(m, wanted, offer_values(offers, m.words))
    await matches.put(m.conn, pairs)
    await matches.keep_only(m.conn, [row.id for row in rows], [(pair["need_id"], pair["offer_id"]) for pair in pairs])


async def _best(m: _Matching, rows: Sequence[Any], offers: Sequence[Offer]) -> list[dict[str, Any]]:
    needs = [need_value(row) for row in rows]
    around = await world(m.conn, m.words, m.weights, m.today, needs, offers)
    if len(needs) * len(offers) > WORTH_A_THREAD:
        found = await asyncio.to_thread(candidates.best, needs, offers, around, BEST)
    else:
        found = candidates.best(needs, offers, around, BEST)
    return m.rows(needs, offers, found)


async def _renew_offer(m: _Matching, row: Any) -> None:
    """Brings one offer into, up, down or out of the lists of needs. Its tree is locked.

    A full list in which it fell may have room for an offer that was not stored: those needs are matched anew.
    Everywhere else the lists hold all there is, and only this offer's rows change.
    """
    held = {one.need_id: one.score for one in await matches.held_by_offers(m.conn, [row.id])}
    fresh: dict[int, dict[str, Any]] = {}
    if row.status == "ACTIVE" and row.available > 0:
        rows = await matches.needs_for(m.conn, m.words.types_below(row.resource_type_id), row.coverage_ids)
        needs, offers = [need_value(one) for one in rows], offer_values([row], m.words)
        around = await world(m.conn, m.words, m.weights, m.today, needs, offers)
        found = candidates.pairs(needs, offers, around)
        fresh = {pair["need_id"]: pair for pair in m.rows(needs, offers, found)}
    fallen = [id for id, score in held.items() if id not in fresh or fresh[id]["score"] < score]
    stored = {one.need_id: one for one in await matches.lists(m.conn, {*fresh, *fallen})}
    refill = {id for id in fallen if stored[id].held >= BEST}
    better = [
        pair
        for id, pair in fresh.items()
        if id not in refill
        and (id in held or id not in stored or stored[id].held < BEST or pair["score"] >= stored[id].worst)
    ]
    await matches.put(m.conn, better)
    await matches.remove(m.conn, [(id, row.id) for id in fallen if id not in fresh and id not in refill])
    entered = [pair["need_id"] for pair in better if pair["need_id"] not in held]
    full = [id for id in entered if id in stored and stored[id].held >= BEST]
    if full:
        await matches.trim(m.conn, full, BEST)
    if refill:
        await _renew_needs(m, await matches.needs_by_ids(m.conn, refill))


async def _renew_trees(m: _Matching, root_ids: Collection[int], area_id: int | None) -> None:
    for root in sorted(root_ids):
        type_ids = m.words.types_below(root)
        offers = offer_values(await matches.offers_for(m.conn, type_ids, None, m.today), m.words)
        await matches.remove_unwanted(m.conn, type_ids, area_id)
        last = 0
        while rows := await matches.open_needs(m.conn, type_ids=type_ids, area_id=area_id, after=last, limit=BLOCK):
            pairs = await _best(m, rows, offers)
            await matches.put(m.conn, pairs)
            await matches.keep_only(
                m.conn, [row.id for row in rows], [(pair["need_id"], pair["offer_id"]) for pair in pairs]
            )
            last = rows[-1].id


async def why_not(context: Context, need_id: int | None, offer_id: int | None) -> list[Obstacle]:
    """Every rule the pair fails, with the smallest change that mends it; empty when they do match.

    All pairs that are asked about at once (a request may ask for thousands) are read with one statement. Raises
    NotFound where the viewer may not see the need or the offer.
    """
    if need_id is None or not 0 < need_id <= acting.MAX_ID:
        raise NotFound("这个需求", "need")
    # Whether the need is there is said first, whatever the offer.
    return await _pairs.ask(
        context, (need_id, offer_id if offer_id is not None and 0 < offer_id <= acting.MAX_ID else _NOBODY)
    )


#: Stands for an offer that cannot be there; no id is as large.
_NOBODY = acting.MAX_ID


async def _obstacles(
    context: Context, asked: Asked[tuple[int, int], list[Obstacle]]
) -> Sequence[list[Obstacle] | Exception]:
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="AUTOCOMMIT")
        pairs = asked.closed()
        found = await acting.seen_pairs(conn, context.viewer, set(pairs))
        words = await vocabulary(context.engine, conn, found.version)
        needs = {id: need_value(row) for id, row in found.needs.items()}
        offers = {one.id: one for one in offer_values(list(found.offers.values()), words)}
        # The rules weigh nothing.
        unweighed = WeightSet(0, (), ())
        around = await world(conn, words, unweighed, context.today, list(needs.values()), list(offers.values()))
    answers: list[list[Obstacle] | Exception] = []
    for need_id, offer_id in pairs:
        need, offer = needs.get(need_id), offers.get(offer_id)
        if need is None:
            answers.append(NotFound("这个需求", "need"))
        elif offer is None:
            answers.append(NotFound("这个资源供给", "offer"))
        else:
            answers.append(obstacles(need, offer, around))
    return answers


_pairs = Together(_obstacles)

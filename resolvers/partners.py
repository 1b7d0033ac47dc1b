"""Partners: whom parties should team up with, from what the viewer may see of the county where they are at work.

A party's network is that of the county where most of its ties are (its home where it has none), so an answer does not
depend on what else was asked. All parties that are asked about at once are answered together: nine statements at
most, four of them only after a change, however many they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from db import linkage as stored
from exchange.vocabulary import read_weights, shipped
from graph.linkage import Tie, linkage
from graph.partners import Ask, Gift, Partnership, Suggestion, part_weights, partnership, suggest
from resolvers.context import Context
from resolvers.errors import Refusal
from resolvers.linkage import Reading, area_paths, held, hold, level_below, members, reading
from resolvers.together import Asked, Together

__all__ = ["LARGEST", "Suggestion", "partners"]

LARGEST = 100


@lru_cache(maxsize=1)
def shipped_weights() -> Mapping[str, int]:
    """Weights by part, as data/partner_weights.csv has them: in use before any are loaded.

    Raises ValueError where the file is faulty.
    """
    read = read_weights([shipped("partner_weights.csv")])
    if read.faults:
        raise ValueError("; ".join(fault.text_en for fault in read.faults))
    return part_weights({one.code: one.weight for one in read.records})


async def partners(context: Context, party_id: int, first: int = 10) -> list[Suggestion]:
    """The best partners of a party that the viewer may see, best first; empty where nobody shares its ground.

    Raises Refusal (BAD_PAGE) for a `first` outside 1..100.
    """
    if not 1 <= first <= LARGEST:
        raise Refusal(
            "BAD_PAGE",
            f"first 应在 1 到 {LARGEST} 之间,现为 {first}。",
            f"first must be from 1 to {LARGEST}, not {first}.",
        )
    return await _questions.ask(context, (party_id, first))


async def _answer(
    context: Context, asked: Asked[tuple[int, int], list[Suggestion]]
) -> Sequence[list[Suggestion] | Exception]:
    async with reading(context) as read:
        wanted = asked.closed()
        grounds, markets = await _markets(context, read, {id for id, _ in wanted})
        weights = await stored.partner_weights(read.conn) or shipped_weights()
        labels = read.words.type_labels
    found = await asyncio.to_thread(_suggested, set(wanted), grounds, markets, weights, labels)
    return [found[question] for question in wanted]


_questions = Together(_answer)


def _suggested(
    wanted: Iterable[tuple[int, int]],
    grounds: Mapping[int, int],
    markets: Mapping[int, Partnership],
    weights: Mapping[str, int],
    labels: Mapping[int, tuple[str, str]],
) -> dict[tuple[int, int], list[Suggestion]]:
    return {
        (id, first): suggest(markets[grounds[id]], id, weights, first, labels) if id in grounds else []
        for id, first in wanted
    }


async def _markets(
    context: Context, read: Reading, party_ids: Collection[int]
) -> tuple[dict[int, int], dict[int, Partnership]]:
    """The area where each party (that is seen) is at work, and what suggestions there are made from."""
    grounds: dict[int, int] = {}
    for row in await stored.grounds(read.conn, context.viewer, party_ids):
        grounds.setdefault(row.party_id, row.area_id)
    found: dict[int, Partnership] = {}
    for area_id in sorted(set(grounds.values())):
        own = sorted(id for id, ground in grounds.items() if ground == area_id)
        kept = held(context, read.snapshot, ("market", area_id))
        if kept is not None and all(kept.linkage.position(id) is not None for id in own):
            found[area_id] = kept
    missing = sorted(set(grounds.values()) - set(found))
    if missing:
        asked = {area_id: [id for id, ground in grounds.items() if ground == area_id] for area_id in missing}
        for area_id, made in (await _read(context, read, asked)).items():
            found[area_id] = hold(context, read.snapshot, ("market", area_id), made)
    return grounds, found


async def _read(context: Context, read: Reading, asked: Mapping[int, Sequence[int]]) -> dict[int, Partnership]:
    """What suggestions in each area are made from, for the parties asked about there; as many statements for one."""
    conn, viewer, area_ids = read.conn, context.viewer, list(asked)
    ties = await stored.ties(conn, viewer, area_ids)
    gifts = await stored.gifts(conn, viewer, area_ids, context.today)
    asks = await stored.asks(conn, viewer, area_ids)
    wanted = {
        *(id for ids in asked.values() for id in ids),
        *(row.provider_id for row in gifts),
        *(row.community_id for row in ties),
        *(row.provider_id for row in ties),
    }
    rows = await stored.members(conn, viewer, wanted, area_ids)
    nodes = await members(read, rows, level_below(0))
    named = {*area_ids, *(node.area_id for node in nodes), *(id for row in gifts for id in row.coverage_ids)}
    paths = await area_paths(read, named)
    home = {node.id: paths[node.area_id] for node in nodes}
    found = {}
    for area_id in area_ids:
        above = set(paths[area_id])
        own_ties = [Tie(*row) for row in ties if area_id in home.get(row.community_id, ())]
        own_gifts = [
            Gift(row.provider_id, row.resource_type_id, tuple(row.coverage_ids))
            for row in gifts
            if any(id in above or area_id in paths[id] for id in row.coverage_ids)
        ]
        own_asks = [Ask(*row) for row in asks if area_id in home.get(row.community_id, ())]
        inside = {
            *asked[area_id],
            *(gift.provider_id for gift in own_gifts),
            *(id for tie in own_ties for id in (tie.community_id, tie.provider_id)),
            *(node.id for node in nodes if node.society == "COMMUNITY" and area_id in home[node.id]),
        }
        network = linkage([node for node in nodes if node.id in inside], own_ties)
        found[area_id] = partnership(network, own_gifts, own_asks, read.words.type_ancestors, paths)
    return found

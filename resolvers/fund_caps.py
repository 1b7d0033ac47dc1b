"""What rules on money leave of it, as caps of a plan: a plan never gives out money that a rule forbids.

An offer of money counts under a rule where its provider is a fund of one of the rule's sources. What counts is where
the money goes, the need's area. Within one county, or one area of a rule, that is one cap over all such offers: exact.
In a plan over several counties an offer that reaches more than one of them is held to a share that no county's room is
passed by, whichever it goes to: sound, and perhaps less than could be given.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from db import fund_rules, spending
from db.areas import Area
from graph.caps import laminar
from graph.values import Cap, Need, Offer
from resolvers import rules
from resolvers.vocabulary import Vocabulary

#: (rule id, area id, whole yuan left) of every limit that holds for some needs.
Limits = tuple[tuple[int, int, int], ...]
#: A limit of a plan fits 31 bits with room to add; no plan gives out so much.
MOST = 2**31 - 1


def of_money(words: Vocabulary, type_id: int) -> bool:
    """Whether a resource type is money: whole units of it are yuan."""
    return words.types_by_id[type_id].kind == "FUNDS"


async def limits(
    conn: AsyncConnection, words: Vocabulary, on: date, area_ids: Collection[int]
) -> tuple[Limits, dict[tuple[int, int], frozenset[int]], dict[int, frozenset[int]]]:
    """What is left under the rules for needs in these areas.

    (limits, areas of the needs by (rule, area of the limit), sources by rule). A rule whose base nobody entered leaves
    nothing. Two statements, and three for each limit.
    """
    areas = await words.areas_by_id(conn, area_ids)
    above = {id for area in areas.values() for id in area.ancestor_ids}
    found = await fund_rules.spending_rules(conn, above, on) if above else []
    counted: dict[tuple[int, int], list[Area]] = {}
    for rule in found:
        for area in areas.values():
            if rule.area_id in area.ancestor_ids:
                counted.setdefault((rule.id, rules.scope_of(rule, area)), []).append(area)
    by_id = {rule.id: rule for rule in found}
    told = []
    for (rule_id, scope), places in sorted(counted.items()):
        room = await rules.room_of(conn, by_id[rule_id], places[0], on)
        told.append((rule_id, scope, min(MOST, int(room.left or 0))))
    where = {key: frozenset(area.id for area in places) for key, places in counted.items()}
    return tuple(told), where, {rule.id: rule.sources for rule in found}


async def capped(
    conn: AsyncConnection, words: Vocabulary, on: date, needs: Sequence[Need], offers: Sequence[Offer]
) -> tuple[list[Offer], list[Cap], Limits]:
    """The offers with the caps they draw on, the caps, and the limits these follow from.

    Nothing is asked of the database where no money is offered.
    """
    asked = {need.area_id for need in needs if of_money(words, need.type_id)}
    money = [offer for offer in offers if of_money(words, offer.type_id)]
    if not asked or not money:
        return list(offers), [], ()
    told, where, sources = await limits(conn, words, on, asked)
    if not told:
        return list(offers), [], told
    source_of = await spending.sources(conn, {offer.provider_id for offer in money})
    areas = await words.areas_by_id(conn, asked)
    reach = {
        offer.id: frozenset(id for id in asked if not set(offer.coverage_ids).isdisjoint(areas[id].ancestor_ids))
        for offer in money
    }
    sets: list[tuple[Collection[int], int]] = []
    for rule_id in sorted(sources):
        counted = [
            one
            for one in money
            if one.provider_id in source_of and (not sources[rule_id] or source_of[one.provider_id] in sources[rule_id])
        ]
        rooms = {scope: left for id, scope, left in told if id == rule_id}
        sets += _shares(counted, reach, {scope: where[rule_id, scope] for scope in rooms}, rooms)
    caps, drawn = laminar(sets)
    return [replace(one, cap_id=drawn[one.id]) if one.id in drawn else one for one in offers], caps, told


def _shares(
    offers: Sequence[Offer],
    reach: dict[int, frozenset[int]],
    places: dict[int, frozenset[int]],
    rooms: dict[int, int],
) -> list[tuple[Collection[int], int]]:
    """Sets of offers with their limits, so that no place is given more than its room whatever the plan.

    Offers that reach needs of one place only are held to its room less a share `wide` that is set aside for those that
    reach several; these together are held to that share. Where the rooms are larger than what their own offers have,
    the share costs them nothing.
    """
    own: dict[int, list[Offer]] = {place: [] for place in rooms}
    wide: list[Offer] = []
    for one in offers:
        touched = [place for place, inside in places.items() if not inside.isdisjoint(reach[one.id])]
        if len(touched) == 1:
            own[touched[0]].append(one)
        elif touched:
            wide.append(one)
    share = 0
    if wide:
        spare = min(rooms[place] - sum(one.available for one in own[place]) for place in rooms)
        share = max(spare, min(rooms.values()) // 2)
    found: list[tuple[Collection[int], int]] = [
        ([one.id for one in theirs], rooms[place] - share) for place, theirs in own.items()
    ]
    return [*found, ([one.id for one in wide], share)]

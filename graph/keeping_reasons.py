"""Why the lines of a kept plan (`graph.keeping`) are as they are: the same facts as for a plan computed afresh."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from graph.choices import Choice, choices
from graph.keeping_lists import Account, Lists, Pair
from graph.market import FAIR, ORDERS, SCORE, SEGMENTS, TIER
from graph.shortfalls import Given, explain
from graph.values import WHOLE, Allocation, Coverage, Need, Plan, Shortfall


@dataclass(frozen=True, slots=True)
class Line:
    """An allocation as it is now, with the facts behind it."""

    allocation: Allocation
    choice: Choice


class Reasons:
    """Looks at what a kept plan knows; changes nothing."""

    def __init__(self, lists: Lists, now: Account, order: str) -> None:
        self._lists, self._now, self._order = lists, now, order

    def lines(self, moved: Sequence[Pair], standing: Any) -> list[Line]:
        """The facts behind these lines, as `graph.alternatives` and `graph.choices` find them for a whole plan."""
        if not moved:
            return []
        now = self._now
        steps = {need_id: self._next_offers(need_id, standing) for need_id in {n for n, _ in moved}}
        lines = {offer_id: self._next_need(offer_id) for offer_id in {o for _, o in moved} if not now.left[offer_id]}
        found = []
        for need_id, offer_id in moved:
            after, score = steps[need_id]
            found.append(
                Allocation(
                    need_id,
                    offer_id,
                    now.given[need_id][offer_id],
                    now.scores[need_id, offer_id] / WHOLE**2,
                    after,
                    score,
                    lines.get(offer_id),
                )
            )
        needs = {one.need_id for one in found} | {one.next_need_id for one in found if one.next_need_id is not None}
        offers = {one.offer_id for one in found}
        groups = {self._lists.group(self._lists.needs[id]) for id in needs}
        little = Plan(
            len(needs),
            0,
            found,
            [Shortfall(id, now.unmet[id], []) for id in sorted(needs) if now.unmet[id]],
            cast("Any", None),
            order=self._order,
            coverage=tuple(
                Coverage(*group, now.asked[group], now.asked[group] - now.missing[group]) for group in groups
            ),
        )
        inside = [self._lists.needs[id] for id in sorted(needs)], [self._lists.offers[id] for id in sorted(offers)]
        # Only the lines that moved are in this plan: what is left of an offer is known here.
        beside = [replace(one, next_offer_id=None) for one in found]
        why = choices(replace(little, allocations=beside), *inside, self._lists.world)
        return [
            Line(
                one,
                choice if one.next_offer_id is None else replace(choice, next_left=now.left[one.next_offer_id]),
            )
            for one, choice in zip(found, why, strict=True)
        ]

    def _next_offers(self, need_id: int, standing: Any) -> tuple[int | None, float | None]:
        """The best offer that the need does not use, by reduced cost, and its score."""
        offers, found = self._lists.pairs_of_need(self._lists.needs[need_id])
        best: tuple[tuple[int, ...], int, int] | None = None
        for place, score in zip(found.offer_index.tolist(), found.score_e8.tolist(), strict=True):
            id = offers[place].id
            if id in self._now.given[need_id]:
                continue
            price = standing.offer_price(standing.offer_position(id))
            cost = (price[0], price[1], price[2] - score)
            if best is None or (cost, id) < best[:2]:
                best = cost, id, score
        return (None, None) if best is None else (best[1], best[2] / WHOLE**2)

    def _next_need(self, offer_id: int) -> int | None:
        """Of an offer that is used up: the short need that would be next, aim by aim."""
        offer = self._lists.offers[offer_id]
        takers = self._now.takers[offer_id]
        needs, found = self._lists.pairs_of_offer(offer, self._now.short - takers.keys())
        worth = []
        for place, score in zip(found.need_index.tolist(), found.score_e8.tolist(), strict=True):
            need = needs[place]
            group = self._lists.group(need)
            share = (self._now.missing[group] * SEGMENTS - 1) // self._now.asked[group]
            aims = {TIER: need.priority, FAIR: share, SCORE: score}
            worth.append(([-aims[aim] for aim in ORDERS[self._order] if aim in aims], need.id))
        return min(worth)[1] if worth else None

    def shortfall(self, need: Need) -> Shortfall:
        offers, found = self._lists.pairs_of_need(need)
        if not len(found):
            types = set(self._lists.world.type_ancestors[need.type_id])
            offers = sorted((o for o in self._lists.offers.values() if o.type_id in types), key=lambda o: o.id)
        served: dict[int, dict[int, int]] = defaultdict(dict)
        for place, offer in enumerate(offers):
            for need_id, units in self._now.takers[offer.id].items():
                served[need_id][place] = units
        # Others stand here for what they take from these offers.
        others = [
            replace(self._lists.needs[id], remaining=sum(of.values())) for id, of in served.items() if id != need.id
        ]
        rows = [(0, place, units) for place, units in served.get(need.id, {}).items()]
        for position, other in enumerate(others, 1):
            rows += [(position, place, units) for place, units in served[other.id].items()]
        at = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
        (told,) = explain([need, *others], offers, self._lists.world, Given(at[:, 0], at[:, 1], at[:, 2]))
        return told

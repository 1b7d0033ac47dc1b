"""Why the lines of a kept plan (`graph.keeping`) are as they are: the same facts as for a plan computed afresh."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from graph.choices import Choice, choices
from graph.keeping_lists import Account, Lists, Pair
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
        lines = {
            offer_id: self._next_need(offer_id, standing)
            for offer_id in {o for _, o in moved}
            if not now.left[offer_id]
        }
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
        from graph.standing_lines import offers_of

        given, lines = self._now.given[need_id], offers_of(standing, need_id)
        for id, score in zip(lines.ids.tolist(), lines.score.tolist(), strict=True):
            if id not in given:
                return id, score / WHOLE**2
        return None, None

    def _next_need(self, offer_id: int, standing: Any) -> int | None:
        """Of an offer that is used up: the short need that would be next, aim by aim."""
        from graph.standing_lines import short_needs_of

        takers = self._now.takers[offer_id]
        return next((id for id in short_needs_of(standing, offer_id).ids.tolist() if id not in takers), None)

    def shortfalls(self, needs: Sequence[Need], standing: Any) -> list[Shortfall]:
        """Why these short needs miss what they miss, in their order: the offers they could have, and who has them."""
        from graph.standing_lines import offers_of

        if not needs:
            return []
        every, ids = self._lists.offers, set[int]()
        for need in needs:
            own = offers_of(standing, need.id).ids.tolist()
            types = self._lists.world.type_ancestors[need.type_id]
            ids.update(own or (offer.id for offer in every.values() if offer.type_id in types))
        offers = [every[id] for id in sorted(ids)]
        short = {need.id: place for place, need in enumerate(needs)}
        # Others stand here for what they take from these offers.
        others: dict[int, int] = {}
        taken: dict[int, int] = defaultdict(int)
        rows = []
        for place, offer in enumerate(offers):
            for need_id, units in self._now.takers[offer.id].items():
                at = short.get(need_id)
                if at is None:
                    at = others.setdefault(need_id, len(short) + len(others))
                    taken[need_id] += units
                rows.append((at, place, units))
        served = [replace(self._lists.needs[id], remaining=taken[id]) for id in others]
        columns = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3).T
        return explain([*needs, *served], offers, self._lists.world, Given(*columns))

"""Who asks and who offers, found by type and place; and what each gets: what a kept plan (`graph.keeping`) looks up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from graph.candidates import Evaluator, Pairs, pairs
from graph.score import weight_vector
from graph.values import Need, Offer, World

Pair = tuple[int, int]
Group = tuple[int, int]


class Lists:
    """Open needs and usable offers by id, and by where they look and stand (`graph.parts`)."""

    def __init__(self, world: World) -> None:
        self.world = replace(
            world,
            area_ancestors=dict(world.area_ancestors),
            locations=dict(world.locations),
            area_labels=dict(world.area_labels),
            districts=dict(world.districts),
        )
        self.weights = weight_vector(world.weights)
        self.needs: dict[int, Need] = {}
        self.offers: dict[int, Offer] = {}
        self._looks: dict[tuple[int, int], set[int]] = defaultdict(set)
        self._stands: dict[tuple[int, int], set[int]] = defaultdict(set)
        self._types_below: dict[int, set[int]] = defaultdict(set)
        self._areas_below: dict[int, set[int]] = defaultdict(set)

    def learn(self, world: World) -> None:
        """Areas not met before."""
        for name in ("area_ancestors", "locations", "area_labels", "districts"):
            cast("dict[int, Any]", getattr(self.world, name)).update(getattr(world, name))

    def add_need(self, need: Need) -> None:
        self.needs[need.id] = need
        self._looks[need.type_id, need.area_id].add(need.id)
        for id in self.world.type_ancestors[need.type_id]:
            self._types_below[id].add(need.type_id)
        for id in self.world.area_ancestors[need.area_id]:
            self._areas_below[id].add(need.area_id)

    def drop_need(self, id: int) -> Need:
        need = self.needs.pop(id)
        self._looks[need.type_id, need.area_id].discard(id)
        return need

    def add_offer(self, offer: Offer) -> None:
        self.offers[offer.id] = offer
        for area_id in offer.coverage_ids:
            self._stands[offer.type_id, area_id].add(offer.id)

    def drop_offer(self, id: int) -> None:
        offer = self.offers.pop(id)
        for area_id in offer.coverage_ids:
            self._stands[offer.type_id, area_id].discard(id)

    def group(self, need: Need) -> Group:
        """(district, type): whose share of shortage it counts for."""
        return self.world.districts.get(need.area_id, need.area_id), need.type_id

    def pairs_of_need(self, need: Need) -> tuple[list[Offer], Pairs]:
        """Offers of fitting type and coverage, by id, and the eligible pairs with them."""
        ids = {
            id
            for type_id in self.world.type_ancestors[need.type_id]
            for area_id in self.world.area_ancestors[need.area_id]
            for id in self._stands.get((type_id, area_id), ())
        }
        offers = [self.offers[id] for id in sorted(ids)]
        return offers, pairs([need], offers, self.world)

    def pairs_of_offer(self, offer: Offer) -> tuple[list[Need], Pairs]:
        """Needs of fitting type and place, by id, and the eligible pairs with them."""
        ids = [
            id
            for type_id in self._types_below.get(offer.type_id, ())
            for area_id in {a for c in offer.coverage_ids for a in self._areas_below.get(c, ())}
            for id in self._looks.get((type_id, area_id), ())
        ]
        needs = [self.needs[id] for id in sorted(ids)]
        return needs, pairs(needs, [offer], self.world)

    def evaluated(self, rows: Sequence[Pair]) -> Pairs:
        """Score and parts of eligible pairs (need id, offer id), in the order given."""
        needs, need_at = _numbered(n for n, _ in rows)
        offers, offer_at = _numbered(o for _, o in rows)
        rules = Evaluator([self.needs[id] for id in needs], [self.offers[id] for id in offers], self.world)
        ni = np.array([need_at[n] for n, _ in rows], dtype=np.int64)
        oi = np.array([offer_at[o] for _, o in rows], dtype=np.int64)
        return rules.finish(ni, oi, self.weights)


@dataclass(slots=True)
class Account:
    """What flows, by ids: units given by need and offer, what is left and unmet, score_e8 of what is given.

    `asked` and `missing` are units of the needs of a group.
    """

    given: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    takers: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    scores: dict[Pair, int] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    unmet: dict[int, int] = field(default_factory=dict)
    asked: dict[Group, int] = field(default_factory=lambda: defaultdict(int))
    missing: dict[Group, int] = field(default_factory=lambda: defaultdict(int))
    #: Needs that miss something.
    short: set[int] = field(default_factory=set)

    def miss(self, need_id: int, units: int) -> None:
        self.unmet[need_id] = units
        if units:
            self.short.add(need_id)
        else:
            self.short.discard(need_id)


def _numbered(ids: Iterable[int]) -> tuple[list[int], dict[int, int]]:
    every = sorted(set(ids))
    return every, {id: place for place, id in enumerate(every)}

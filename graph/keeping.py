"""A plan kept up to date: the needs and offers that changed go in, the lines of the plan that changed come out.

    plan(after) = argmax of the aims over what is asked and offered now         the plan `compute_plan` would find

A standing plan (`graph.standing`) finds the flow; here are the values it stands for: who can meet whom is looked up for
the changed need or offer only, and figures, scores, reasons and shares are brought up to date where they are touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from graph.columns import columns
from graph.eligible import eligible
from graph.keeping_lists import Account, Group, Lists, Pair
from graph.keeping_reasons import Line, Reasons
from graph.market import FAIR, ORDERS, SCORE, SEGMENTS, TIER
from graph.solving import MOST_PAIRS, market_of
from graph.values import (
    WHOLE,
    Coverage,
    Need,
    Offer,
    Plan,
    Shortfall,
    World,
    aims_as_number,
)

#: A limit of a pair that never binds.
UNLIMITED = 2**31 - 1


class SearchNeeded(Exception):
    """The best plan would break a minimum or divide a whole need: it has to be searched for, from the beginning.

    Whoever raised it stands for nothing any more.
    """


@dataclass(frozen=True, slots=True)
class Update:
    """What changed of a plan, ordered by id.

    gone        pairs (need id, offer id) that get nothing any more
    lines       allocations that are new or of another quantity
    rescored    (need id, offer id, score 0..1, parts): the same quantity, another score
    met         needs that are short no more, or not considered any more
    shortfalls  of needs that miss something else than before, or that changed themselves
    coverage    shares that changed; nobody is left who asks where `requested` is 0
    """

    gone: list[Pair]
    lines: list[Line]
    rescored: list[tuple[int, int, float, tuple[int, ...]]]
    met: list[int]
    shortfalls: list[Shortfall]
    coverage: list[Coverage]


class Kept:
    """A plan that follows its needs and offers."""

    def __init__(self, plan: Plan, needs: Sequence[Need], offers: Sequence[Offer], world: World) -> None:
        """Of a proven plan without searched parts, and what it was computed from (open needs with something left).

        Raises ValueError for a plan that is not proven by its prices, OverflowError as `graph.standing`, TooManyPairs
        as `graph.eligible`. O(pairs) time and memory.
        """
        if plan.searched or not plan.certificate.optimal:
            raise ValueError("only a plan that its prices prove can be kept")
        self.order = plan.order
        self._lists, self._now = Lists(world), Account()
        self._reasons = Reasons(self._lists, self._now, self.order)
        self._spared: dict[Group, int] = {}
        self._number: dict[Group, int] = {}
        self._by_tier = [0] * 4
        self._score = 0
        self._before: dict[Pair, int] = {}
        self._was_unmet: dict[int, int] = {}
        self._moved_groups: set[Group] = set()
        for need in needs:
            self._enter(need)
        for offer in offers:
            self._open(offer)
        self._standing = self._stood(plan, sorted(needs, key=lambda n: n.id), sorted(offers, key=lambda o: o.id))
        for one in plan.allocations:
            self._put(one.need_id, one.offer_id, one.quantity)
        self._settle_lines()
        self._settle_groups()
        self._forget()

    # --- what stands

    @property
    def demand(self) -> int:
        return len(self._lists.needs)

    @property
    def met(self) -> int:
        return len(self._lists.needs) - len(self._now.short)

    @property
    def primal(self) -> int:
        """What the plan reaches, as `Certificate.primal`; what no plan passes too, by the prices that stand."""
        total = sum(self._now.asked.values())
        tiers, fair = self._by_tier[::-1], sum(self._spared.values())
        aims = (fair, *tiers) if ORDERS[self.order][0] == FAIR else (*tiers, fair)
        return aims_as_number((*aims, self._score), total, self.order)

    def knows(self, area_id: int, of_need: bool = False) -> bool:
        """Whether it can judge what is there; of a need, also which district it counts for."""
        world = self._lists.world
        return area_id in world.area_ancestors and (not of_need or area_id in world.districts)

    def learn(self, world: World) -> None:
        """Areas not met before."""
        self._lists.learn(world)

    def holds(self, *, need: int | None = None, offer: int | None = None) -> bool:
        return need in self._lists.needs or offer in self._lists.offers

    def check(self) -> list[str]:
        """What is wrong, in English; empty where the plan is proven optimal and its figures are those of its flow."""
        faults: list[str] = self._standing.check()
        every = self._standing.allocations()
        rows = zip(every.need_ids.tolist(), every.offer_ids.tolist(), every.after.tolist(), strict=True)
        if {(n, o): q for n, o, q in rows} != {(n, o): q for n, of in self._now.given.items() for o, q in of.items()}:
            faults.append("the lines are not those of the flow")
        for stage, cost in zip(ORDERS[self.order], self._standing.aims(), strict=False):
            worst = sum(_fair_cost(asked, asked) for asked in self._now.asked.values())
            unmet = sum(self._now.unmet.values())
            mine = {
                TIER: sum((need.priority + 1) * self._now.unmet[need.id] for need in self._lists.needs.values()),
                FAIR: worst - sum(self._spared.values()),
                SCORE: WHOLE**2 * (unmet + sum(sum(of.values()) for of in self._now.given.values())) - self._score,
            }
            if stage in mine and mine[stage] != cost:
                faults.append(f"{stage} costs {cost}, not {mine[stage]}")
        return faults

    # --- events

    def apply(self, needs: Mapping[int, Need | None], offers: Mapping[int, Offer | None]) -> Update:
        """These are so from now on; None is not considered any more. Nobody else changed.

        Raises SearchNeeded, OverflowError; the plan stands for nothing then. O(candidates of what changed + what the
        standing plan passes).
        """
        needs = {id: one for id, one in needs.items() if self._lists.needs.get(id) != one}
        offers = {id: one for id, one in offers.items() if self._lists.offers.get(id) != one}
        for id in needs:
            self._note(id)
        for id, need in needs.items():
            if id in self._lists.needs and (need is None or not self._in_place(self._lists.needs[id], need)):
                self._take(self._standing.need_leaves(self._standing.need_position(id)))
                self._leave(id)
        for id, offer in offers.items():
            if id in self._lists.offers and offer is None:
                self._take(self._standing.offer_goes(self._standing.offer_position(id)))
                self._close(id)
        staying = {id for id in needs if id in self._lists.needs}
        known = {id for id, offer in offers.items() if id in self._lists.offers}
        for id in staying:
            self._leave(id, keep=True)
        for id in known:
            self._close(id, keep=True)
        arriving = [need for id, need in sorted(needs.items()) if need is not None and id not in staying]
        for id in staying:
            self._enter(cast("Need", needs[id]))
        for offer in offers.values():
            if offer is not None:
                self._open(offer)
        for id, offer in sorted(offers.items()):
            if offer is not None:
                self._offer(offer, id in known)
        for need in arriving:
            self._enter(need)
            self._need(need, False)
        for id in sorted(staying):
            self._need(self._lists.needs[id], True)
        return self._update(needs, offers)

    def _in_place(self, old: Need, new: Need) -> bool:
        return old.priority == new.priority and self._lists.group(old) == self._lists.group(new)

    def _need(self, need: Need, known: bool) -> None:
        offers, found = self._lists.pairs_of_need(need)
        ids = [offers[place].id for place in found.offer_index.tolist()]
        at = np.array([self._standing.offer_position(id) for id in ids], dtype=np.int64)
        limits = np.array([_own(self._lists.offers[id]) for id in ids], dtype=np.int64)
        if known:
            position = self._standing.need_position(need.id)
            self._take(self._standing.need_pairs_change(position, at, limits, found.score_e8))
            self._take(self._standing.demand_changes(position, need.remaining))
            for offer_id in self._now.given[need.id]:
                self._touch((need.id, offer_id))
        else:
            group = self._number.setdefault(self._lists.group(need), len(self._number))
            self._take(
                self._standing.need_arrives(need.remaining, need.priority, group, need.id, at, limits, found.score_e8)
            )

    def _offer(self, offer: Offer, known: bool) -> None:
        needs, found = self._lists.pairs_of_offer(offer)
        kept = [needs[place].id for place in found.need_index.tolist()]
        at = np.array([self._standing.need_position(id) for id in kept], dtype=np.int64)
        limits = np.full(len(kept), _own(offer), dtype=np.int64)
        if known:
            position = self._standing.offer_position(offer.id)
            self._take(self._standing.offer_pairs_change(position, at, limits, found.score_e8))
            self._take(self._standing.capacity_changes(position, offer.available))
            for need_id in self._now.takers[offer.id]:
                self._touch((need_id, offer.id))
        else:
            self._take(self._standing.offer_arrives(offer.available, -1, offer.id, at, limits, found.score_e8))

    # --- who is there

    def _enter(self, need: Need) -> None:
        fresh = need.id not in self._now.unmet
        got = 0 if fresh else sum(self._now.given[need.id].values())
        self._lists.add_need(need)
        self._now.miss(need.id, need.remaining - got)
        group = self._lists.group(need)
        self._now.asked[group] += need.remaining
        self._now.missing[group] += need.remaining - got
        self._moved_groups.add(group)

    def _leave(self, id: int, keep: bool = False) -> None:
        """Out of the lists; with `keep` its lines stay, because it comes back in the same place."""
        need = self._lists.drop_need(id)
        group = self._lists.group(need)
        self._now.asked[group] -= need.remaining
        self._now.missing[group] -= self._now.unmet[id]
        self._moved_groups.add(group)
        if not keep:
            self._now.miss(id, 0)
            del self._now.unmet[id]
            self._now.given.pop(id, None)

    def _open(self, offer: Offer) -> None:
        self._lists.add_offer(offer)
        self._now.left[offer.id] = offer.available - sum(self._now.takers[offer.id].values())

    def _close(self, id: int, keep: bool = False) -> None:
        self._lists.drop_offer(id)
        if not keep:
            del self._now.left[id]
            self._now.takers.pop(id, None)

    def _stood(self, plan: Plan, needs: Sequence[Need], offers: Sequence[Offer]) -> Any:
        from graph.standing import Standing

        table = columns(needs, offers, self._lists.world)
        found = eligible(table, self._lists.weights, MOST_PAIRS)
        market, _, groups = market_of(table, found)
        self._number = {(int(a), int(b)): number for number, (a, b) in enumerate(groups.tolist())}
        width = max(1, len(offers))
        need_at = {need.id: position for position, need in enumerate(needs)}
        offer_at = {offer.id: position for position, offer in enumerate(offers)}
        flow = np.zeros(len(found), dtype=np.int64)
        if plan.allocations:
            wanted = np.array([need_at[a.need_id] * width + offer_at[a.offer_id] for a in plan.allocations])
            key = found.need.astype(np.int64) * width + found.offer
            flow[np.searchsorted(key, wanted)] = [a.quantity for a in plan.allocations]
        prices = [
            np.array(
                [
                    *(one.needs.get(need.id, 0) for need in needs),
                    *(one.offers.get(offer.id, 0) for offer in offers),
                    *(one.groups.get(key, 0) for key in self._number),
                    0,
                ],
                dtype=np.int64,
            )
            for one in plan.prices
        ]
        own = np.array([_own(offer) for offer in offers], dtype=np.int64)[found.offer]
        standing = Standing.from_market(market, ORDERS[self.order], flow, prices, own)
        if len(standing.loaded):
            raise ValueError("the plan that was handed over is not the best")
        return standing

    # --- what they get

    def _note(self, need_id: int) -> None:
        """What the need missed before, the first time it is touched; None for a newcomer."""
        if need_id not in self._was_unmet:
            self._was_unmet[need_id] = self._now.unmet.get(need_id, 0)

    def _touch(self, pair: Pair) -> None:
        if pair not in self._before:
            self._before[pair] = quantity = self._now.given[pair[0]].get(pair[1], 0)
            self._score -= quantity * self._now.scores.pop(pair, 0)

    def _take(self, changes: Any) -> None:
        for need_id, offer_id, units in zip(
            changes.need_ids.tolist(), changes.offer_ids.tolist(), changes.after.tolist(), strict=True
        ):
            self._put(need_id, offer_id, units)

    def _put(self, need_id: int, offer_id: int, units: int) -> None:
        self._touch((need_id, offer_id))
        self._note(need_id)
        need, more = self._lists.needs[need_id], units - self._now.given[need_id].get(offer_id, 0)
        self._by_tier[need.priority] += more
        self._now.miss(need_id, self._now.unmet[need_id] - more)
        self._now.left[offer_id] -= more
        group = self._lists.group(need)
        self._now.missing[group] -= more
        self._moved_groups.add(group)
        if units:
            self._now.given[need_id][offer_id] = self._now.takers[offer_id][need_id] = units
        else:
            self._now.given[need_id].pop(offer_id, None)
            self._now.takers[offer_id].pop(need_id, None)

    def _forget(self) -> None:
        self._before.clear()
        self._was_unmet.clear()
        self._moved_groups.clear()

    # --- what changed

    def _update(self, needs: Mapping[int, Need | None], offers: Mapping[int, Offer | None]) -> Update:
        parts = self._settle_lines()
        was, short, given = self._was_unmet, self._now.unmet, self._now.given
        touched = sorted(id for id in was if id in needs or was[id] != short.get(id, 0))
        groups = self._settle_groups()
        now = {pair: given.get(pair[0], {}).get(pair[1], 0) for pair in self._before}
        moved = [pair for pair, before in sorted(self._before.items()) if now[pair] and now[pair] != before]
        update = Update(
            gone=[pair for pair, before in sorted(self._before.items()) if before and not now[pair]],
            lines=self._reasons.lines(moved, self._standing),
            rescored=[
                (*pair, self._now.scores[pair] / WHOLE**2, parts[pair])
                for pair, before in sorted(self._before.items())
                if now[pair] and now[pair] == before
            ],
            met=[id for id in touched if was[id] and not short.get(id, 0)],
            shortfalls=self._reasons.shortfalls(
                [self._lists.needs[id] for id in touched if short.get(id, 0)], self._standing
            ),
            coverage=groups,
        )
        self._forget()
        return update

    def _settle_lines(self) -> dict[Pair, tuple[int, ...]]:
        """Scores of the lines that were touched, in one go; their parts. Raises SearchNeeded."""
        rows = [pair for pair in self._before if self._now.given.get(pair[0], {}).get(pair[1])]
        for need_id, offer_id in rows:
            if self._now.given[need_id][offer_id] < self._lists.offers[offer_id].minimum:
                raise SearchNeeded
        for id in self._was_unmet:
            if (
                id in self._lists.needs
                and self._lists.needs[id].whole
                and 0 < self._now.unmet[id] < self._lists.needs[id].remaining
            ):
                raise SearchNeeded
        if not rows:
            return {}
        found = self._lists.evaluated(rows)
        parts = {}
        for pair, score, values in zip(rows, found.score_e8.tolist(), found.parts.tolist(), strict=True):
            self._now.scores[pair] = score
            self._score += score * self._now.given[pair[0]][pair[1]]
            parts[pair] = tuple(values)
        return parts

    def _settle_groups(self) -> list[Coverage]:
        found = []
        for group in sorted(self._moved_groups):
            asked, missing = self._now.asked[group], self._now.missing[group]
            if asked:
                self._spared[group] = _fair_cost(asked, asked) - _fair_cost(asked, missing)
            else:
                del self._now.asked[group], self._now.missing[group]
                self._spared.pop(group, None)
            found.append(Coverage(*group, asked, asked - missing))
        return found


def _own(offer: Offer) -> int:
    return UNLIMITED if offer.maximum is None else min(offer.maximum, UNLIMITED)


def _fair_cost(asked: int, missing: int) -> int:
    """What it costs FAIR that so many of the units asked for stay unmet (`graph.market`)."""
    cost = 0
    for step in range(SEGMENTS):
        first, last = asked * step // SEGMENTS, asked * (step + 1) // SEGMENTS
        if missing <= first:
            break
        cost += (2 * step + 1) * (min(missing, last) - first)
    return cost

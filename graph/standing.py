"""A plan that stands, kept optimal while needs and offers come, go and change.

    lexmin (cost_1 . x, ..., cost_4 . x)   over the whole flows x of the market as it is after each event

The aims in order (`graph.market.ORDERS`) are one minimum cost flow whose costs are tuples, compared from the left; the
prices of nodes are such tuples too. An event empties or fills the arcs that now contradict the prices; what is left at
their ends goes along shortest paths of residual arcs, found by a search around the event only. So the answer is the one
a fresh solve gives, and the prices go on proving it (docs/decisions/graph-standing.md).

Searches see the near pairs, some of each need; before an event ends all other pairs of the nodes whose price moved are
looked at, and those that would improve the plan become near. O(nodes passed x near pairs x log + their pairs) an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph import standing_state as state
from graph.market import (
    FAIR,
    ORDERS,
    SEGMENTS,
    TIER,
    TOP_SCORE,
    TOP_TIE,
    Market,
    Whole,
    tie_values,
)
from graph.proof import check_market, exact_dot
from graph.solver import Ints
from graph.standing_load import check_pairs, check_quantity, loaded
from graph.standing_state import Shorts, State


@dataclass(frozen=True, slots=True)
class Changes:
    """The pairs whose flow an event changed, as columns: ids, units before and after; in no particular order."""

    need_ids: Ints
    offer_ids: Ints
    before: Ints
    after: Ints

    def __len__(self) -> int:
        return len(self.need_ids)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The market as it is now with its flow and prices, in the conventions of `graph.market`.

    `needs` and `offers` are the positions in the standing plan of the market's needs and offers. A pair without a limit
    of its own has 2**31 - 1.
    """

    market: Market
    flow: Ints
    prices: tuple[Ints, ...]
    needs: Ints
    offers: Ints


class Standing:
    """A standing plan. Needs, offers and caps are addressed by position.

    Those of the market it was made of keep theirs, newcomers are told theirs by `need_position` and `offer_position`;
    places of who left are used again.

    Every operation raises ValueError for what is out of range or unknown, OverflowError for what does not fit exact
    arithmetic, and changes nothing then.
    """

    def __init__(self, s: State, order: tuple[str, ...], needs: Ints, offers: Ints, caps: int) -> None:
        """Use `from_market`."""
        self._s, self.order, self._caps = s, order, caps
        self._need_at = {i: p for p, i in enumerate(needs.tolist())}
        self._offer_at = {i: p for p, i in enumerate(offers.tolist())}
        self._free_needs = list(range(int(s.n[state.NEEDS]) - 1, len(needs) - 1, -1))
        self._free_offers = list(range(int(s.n[state.OFFERS]) - 1, len(offers) - 1, -1))
        self._broken = ""
        self.loaded = Changes(*(np.zeros(0, dtype=np.int64) for _ in range(4)))

    @classmethod
    def from_market(
        cls,
        market: Market,
        order: Sequence[str] = ORDERS["URGENT_FIRST"],
        flow: Ints | None = None,
        prices: Sequence[Ints] | None = None,
        own_limits: Whole | None = None,
    ) -> Standing:
        """The standing plan of a market, optimal; from a solution (`graph.stages.solve`) or, much slower, from nothing.

        own_limits  the most each pair allows by itself, whatever is asked and left (the offer's maximum a need); by
                    default the market's limits where they are below both demand and supply
        A solution that is not optimal is made so; `loaded` tells what changed. Memory: about 22 bytes a pair.
        Raises ValueError for values out of range and for a flow that breaks demand, a capacity or a limit.
        """
        from graph.standing_rehearsal import rehearsed

        rehearsed()
        return cls._made(market, tuple(order), flow, prices, own_limits)

    @classmethod
    def _made(
        cls,
        market: Market,
        order: tuple[str, ...],
        flow: Ints | None = None,
        prices: Sequence[Ints] | None = None,
        own_limits: Whole | None = None,
    ) -> Standing:
        from graph import standing_repair

        s = loaded(market, order, flow, prices, own_limits)
        standing = cls(s, order, market.need_ids, market.offer_ids, len(market.cap_limit))
        if len(standing._need_at) < len(market.need_ids) or len(standing._offer_at) < len(market.offer_ids):
            raise ValueError("two needs or two offers have the same id")
        standing_repair.repair_all(s, prices is None)
        standing.loaded = standing._settled()
        return standing

    # --- events

    def need_arrives(
        self,
        demand: int,
        tier: int,
        group: int,
        need_id: int,
        offers: Ints,
        limits: Ints,
        scores: Ints,
    ) -> Changes:
        """A new need and its eligible pairs: positions of offers, own limits (2**31 - 1 for none), score_e8."""
        from graph import standing_repair, standing_rows

        if need_id in self._need_at:
            raise ValueError(f"need {need_id} is here already")
        columns = self._pairs(self._offer_at, offers, limits, scores)
        check_quantity(demand)
        if not 0 <= tier <= 3 or group < 0:
            raise ValueError(f"tier {tier} or group {group} is out of range")
        self._make_places(groups=group + 1)
        self._make_room(columns[0], self._s.up, state.COL)
        s, i = self._s, self._free_needs.pop()
        self._need_at[need_id] = i
        s.need[i, [state.NEED_ID, state.UNMET_COST, state.DEMAND]] = need_id, self._units(tier), 0
        standing_rows.join_group(s, i, group)
        standing_rows.pairs_of_need(s, i, *columns)
        standing_repair.near_of_need(s, i)
        standing_repair.set_demand(s, i, demand)
        return self._settled()

    def need_leaves(self, need: int) -> Changes:
        from graph import standing_repair, standing_rows

        s, none = self._s, np.zeros(0, dtype=np.int32)
        need_id = int(s.need[self._known(need, self._need_at, state.NEED_ID), state.NEED_ID])
        standing_repair.set_demand(s, need, 0)
        standing_rows.pairs_of_need(s, need, none, none, none)
        standing_rows.leave_group(s, need)
        del self._need_at[need_id]
        changes = self._settled()
        self._free_needs.append(need)
        return changes

    def demand_changes(self, need: int, units: int) -> Changes:
        """A need asks for so many units from now on; 0 lets it sleep, and it may wake again."""
        from graph import standing_repair

        check_quantity(units)
        standing_repair.set_demand(self._s, self._known(need, self._need_at, state.NEED_ID), units)
        return self._settled()

    def offer_arrives(
        self, supply: int, parent: int, offer_id: int, needs: Ints, limits: Ints, scores: Ints
    ) -> Changes:
        """A new offer under a cap (-1 for none) and its eligible pairs, as in `need_arrives`."""
        from graph import standing_repair, standing_rows

        if offer_id in self._offer_at:
            raise ValueError(f"offer {offer_id} is here already")
        columns = self._pairs(self._need_at, needs, limits, scores)
        check_quantity(supply)
        if not -1 <= parent < self._caps:
            raise ValueError(f"no cap {parent}")
        self._make_places()
        self._make_room(columns[0], self._s.need, state.ROW)
        s, o = self._s, self._free_offers.pop()
        self._offer_at[offer_id] = o
        s.up[o, [state.OFFER_ID, state.CAPACITY]] = offer_id, supply
        above = len(s.node) - 1 if parent < 0 else int(s.n[state.NEEDS] + s.n[state.OFFERS]) + parent
        standing_rows.join_cap(s, o, above)
        standing_rows.pairs_of_offer(s, o, *columns)
        standing_repair.near_of_offer(s, o)
        standing_repair.repair_offer(s, o, True)
        return self._settled()

    def offer_goes(self, offer: int) -> Changes:
        from graph import standing_kernels, standing_rows

        s, none = self._s, np.zeros(0, dtype=np.int32)
        offer_id = int(s.up[self._known(offer, self._offer_at, state.OFFER_ID), state.OFFER_ID])
        standing_rows.pairs_of_offer(s, offer, none, none, none)
        standing_kernels.set_sent(s, offer, 0)
        standing_rows.leave_cap(s, offer)
        del self._offer_at[offer_id]
        changes = self._settled()
        s.up[offer, state.CAPACITY] = 0
        self._free_offers.append(offer)
        return changes

    def capacity_changes(self, offer: int, units: int) -> Changes:
        """An offer can give so many units from now on; 0 closes it, and it may open again."""
        from graph import standing_repair

        check_quantity(units)
        standing_repair.set_capacity(self._s, self._known(offer, self._offer_at, state.OFFER_ID), units)
        return self._settled()

    def cap_changes(self, cap: int, units: int) -> Changes:
        from graph import standing_repair

        check_quantity(units)
        if not 0 <= cap < self._caps:
            raise ValueError(f"no cap {cap}")
        standing_repair.set_capacity(self._s, int(self._s.n[state.OFFERS]) + cap, units)
        return self._settled()

    def need_pairs_change(self, need: int, offers: Ints, limits: Ints, scores: Ints) -> Changes:
        """The eligible pairs of a need are these from now on: scores, limits, and which there are."""
        from graph import standing_repair, standing_rows

        self._known(need, self._need_at, state.NEED_ID)
        columns = self._pairs(self._offer_at, offers, limits, scores)
        self._make_room(columns[0], self._s.up, state.COL)
        standing_rows.pairs_of_need(self._s, need, *columns)
        standing_repair.near_of_need(self._s, need)
        if self._s.need[need, state.DEMAND]:
            standing_repair.repair_need(self._s, need, False)
        return self._settled()

    def offer_pairs_change(self, offer: int, needs: Ints, limits: Ints, scores: Ints) -> Changes:
        """The eligible pairs of an offer are these from now on."""
        from graph import standing_repair, standing_rows

        self._known(offer, self._offer_at, state.OFFER_ID)
        columns = self._pairs(self._need_at, needs, limits, scores)
        self._make_room(columns[0], self._s.need, state.ROW)
        standing_rows.pairs_of_offer(self._s, offer, *columns)
        standing_repair.near_of_offer(self._s, offer)
        standing_repair.repair_offer(self._s, offer, False)
        return self._settled()

    # --- what stands

    def need_position(self, need_id: int) -> int:
        """Raises KeyError for an id that is not here."""
        return self._need_at[need_id]

    def offer_position(self, offer_id: int) -> int:
        """Raises KeyError for an id that is not here."""
        return self._offer_at[offer_id]

    def allocations(self) -> Changes:
        """Everything that flows, as if it had just begun."""
        rec = self._flowing()
        need, offer = rec[:, state.R_NEED], rec[:, state.R_OFFER]
        flow = rec[:, state.R_FLOW].copy()
        ids = self._s.need[need, state.NEED_ID], self._s.up[offer, state.OFFER_ID]
        return Changes(*ids, np.zeros_like(flow), flow)

    def aims(self) -> tuple[int, ...]:
        """The cost of the plan in each stage of `order`, exact; less is better. O(needs + flows)."""
        s, rec = self._s, self._flowing()
        flow, unmet = rec[:, state.R_FLOW], s.need[:, state.UNMET]
        asked, missing = s.group[:, [state.ASKED]], s.group[:, [state.MISSING]]
        bounds = asked * np.arange(SEGMENTS + 1) // SEGMENTS
        filled = np.clip(missing - bounds[:, :-1], 0, np.diff(bounds, axis=1))
        ids = s.need[rec[:, state.R_NEED], state.NEED_ID], s.up[rec[:, state.R_OFFER], state.OFFER_ID]
        lost = int(unmet.sum())
        cost = {
            TIER: exact_dot(unmet, s.need[:, state.UNMET_COST] // self._units(0)),
            FAIR: exact_dot(filled, np.broadcast_to(2 * np.arange(SEGMENTS) + 1, filled.shape)),
        }
        score = exact_dot(flow, TOP_SCORE - rec[:, state.R_SCORE]) + lost * TOP_SCORE
        return (
            cost[self.order[0]],
            cost[self.order[1]],
            score,
            exact_dot(flow, TOP_TIE - tie_values(*ids)) + lost * TOP_TIE,
        )

    def offer_price(self, offer: int) -> tuple[int, ...]:
        """By how much the aims improve, a stage each, when the offer's last unit is there: what it is worth."""
        node = int(self._s.n[state.NEEDS]) + self._known(offer, self._offer_at, state.OFFER_ID)
        return tuple(int(price[0]) for price in state.stages(self._s.node[node : node + 1, :3]))

    def snapshot(self) -> Snapshot:
        """Everything in one place, for a checker, an audit or another solver. O(pairs)."""
        from graph import standing_repair

        s = self._s
        standing_repair.price_sleepers(s)
        needs = np.sort(np.fromiter(self._need_at.values(), dtype=np.int64, count=len(self._need_at)))
        offers = np.sort(np.fromiter(self._offer_at.values(), dtype=np.int64, count=len(self._offer_at)))
        caps = int(s.n[state.OFFERS]) + np.arange(self._caps)
        first_cap = int(s.n[state.NEEDS] + s.n[state.OFFERS])
        groups = len(s.group)
        above = [s.up[rows, state.ABOVE] - first_cap for rows in (offers, caps)]
        above = [np.where(a < self._caps, a, -1) for a in above]
        need, offer, limit, score = self._rows(needs, offers)
        rec, flow = self._flowing(), np.zeros(len(need), dtype=np.int64)
        key = need.astype(np.int64) * max(len(offers), 1) + offer
        ends = np.searchsorted(needs, rec[:, state.R_NEED]), np.searchsorted(offers, rec[:, state.R_OFFER])
        flow[np.searchsorted(key, ends[0] * max(len(offers), 1) + ends[1])] = rec[:, state.R_FLOW]
        row = s.need[needs]
        market = Market(
            row[:, state.DEMAND],
            row[:, state.UNMET_COST] // self._units(0) - 1,
            row[:, state.GROUP],
            s.up[offers, state.CAPACITY],
            above[0],
            s.up[caps, state.CAPACITY],
            above[1],
            need,
            offer,
            limit,
            score,
            row[:, state.NEED_ID],
            s.up[offers, state.OFFER_ID],
            groups,
        )
        nodes = np.concatenate([needs, int(s.n[state.NEEDS]) + offers, np.arange(first_cap, len(s.node))])
        return Snapshot(market, flow, state.stages(s.node[nodes, :3]), needs, offers)

    def check(self) -> list[str]:
        """What is wrong with the plan or its prices, in English; empty when it is proven optimal. O(pairs)."""
        now = self.snapshot()
        name = next(name for name, order in ORDERS.items() if order == self.order)
        return check_market(now.market, name, now.flow, now.prices).faults

    # --- within

    def _settled(self) -> Changes:
        from graph import standing_kernels, standing_repair, standing_rows

        while True:
            while not standing_kernels.settle(self._s):
                self._s = state.more_records(self._s)
            if self._s.n[state.WIDE] or not standing_repair.sweep(self._s):
                break
        s = self._s
        if s.n[state.WIDE]:
            self._broken = "prices left the range of exact arithmetic: the plan has to be solved afresh"
            raise OverflowError(self._broken)
        changed = np.empty((int(s.n[state.TOUCHED]), 4), dtype=np.int64)
        columns = changed[: standing_rows.close(s, changed)].T
        return Changes(*columns)

    def _units(self, tier: int) -> int:
        return (tier + 1) * state.units(self.order)[0]

    def _flowing(self) -> Ints:
        rec = self._s.rec[: self._s.n[state.RECORDS]]
        return rec[rec[:, state.R_FLOW] > 0]

    def _known(self, position: int, at: dict[int, int], column: int) -> int:
        if self._broken:
            raise OverflowError(self._broken)
        table, size = (
            (self._s.need, len(self._s.need)) if at is self._need_at else (self._s.up, int(self._s.n[state.OFFERS]))
        )
        if not 0 <= position < size or at.get(int(table[position, column])) != position:
            raise ValueError(f"nothing stands at position {position}")
        return position

    def _pairs(self, at: dict[int, int], others: Ints, limits: Ints, scores: Ints) -> tuple[Shorts, Shorts, Shorts]:
        if self._broken:
            raise OverflowError(self._broken)
        others, limits, scores = (np.asarray(column, dtype=np.int64) for column in (others, limits, scores))
        table, size, column = (
            (self._s.need, len(self._s.need), state.NEED_ID)
            if at is self._need_at
            else (self._s.up, int(self._s.n[state.OFFERS]), state.OFFER_ID)
        )
        if not len(others) == len(limits) == len(scores) or len(np.unique(others)) < len(others):
            raise ValueError("columns of pairs differ in length, or a pair comes twice")
        if len(others) and (others.min() < 0 or others.max() >= size):
            raise ValueError("a pair leads nowhere")
        if any(at.get(i) != p for p, i in zip(others.tolist(), table[others, column].tolist(), strict=True)):
            raise ValueError("a pair leads to one who left")
        check_pairs(limits, scores)
        return others.astype(np.int32), limits.astype(np.int32), scores.astype(np.int32)

    def _make_places(self, groups: int = 0) -> None:
        needs, offers, _, old_groups = self._s.n[:4].tolist()
        if self._free_needs and self._free_offers and groups <= old_groups:
            return
        more_needs = needs if self._free_needs else needs + needs // 4 + 64
        more_offers = offers if self._free_offers else offers + offers // 4 + 64
        self._s = state.more_nodes(self._s, more_needs, more_offers, max(groups + groups // 4, old_groups))
        self._free_needs[:0] = range(more_needs - 1, needs - 1, -1)
        self._free_offers[:0] = range(more_offers - 1, offers - 1, -1)

    def _make_room(self, others: Shorts, lines: Ints, first: int) -> None:
        """Room for a new line and for one more pair in each of the lines it meets."""
        from graph import standing_rows

        s = self._s
        length, room = lines[others, first + 1], lines[others, first + 2]
        widened = int((length + (length >> 2) + 8)[length == room].sum())
        own = len(others)
        rows, cols = (widened, own) if first == state.ROW else (own, widened)
        if s.n[state.ROW_TOP] + rows <= len(s.row_offer) and s.n[state.COL_TOP] + cols <= len(s.col_need):
            return
        size = int(s.need[:, state.ROW_LEN].sum())
        new = state.more_pairs(s, size + rows, size + cols)
        standing_rows.pack(s, new)
        self._s = new

    def _rows(self, needs: Ints, offers: Ints) -> tuple[Shorts, Shorts, Shorts, Shorts]:
        """All pairs, by place among these needs and offers, in order."""
        s = self._s
        start, length = s.need[needs, state.ROW], s.need[needs, state.ROW_LEN]
        entries = np.repeat(start - np.cumsum(length) + length, length) + np.arange(int(length.sum()))
        need = np.repeat(np.arange(len(needs), dtype=np.int32), length)
        offer = s.row_offer[entries]
        offer = np.where(offer < 0, -1 - offer, offer)
        place = np.zeros(int(s.n[state.OFFERS]) + 1, dtype=np.int32)
        place[offers] = np.arange(len(offers))
        offer = place[offer]
        columns = need, offer, s.row_limit[entries], s.row_score[entries]
        if len(need) and bool(((np.diff(offer) <= 0) & (np.diff(need) == 0)).any()):
            order = np.argsort(need.astype(np.int64) * max(len(offers), 1) + offer, kind="stable")
            columns = need[order], offer[order], columns[2][order], columns[3][order]
        return columns

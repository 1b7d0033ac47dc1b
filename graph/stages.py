"""Aims in order, exactly, over every eligible pair: each aim a minimum cost flow on the optimal face of those before.

    lexmin (cost_1 . x, cost_2 . x, ...)   over the whole flows x of a market (`graph.market`)

After a stage its prices say what the next one may still move: an arc with rc > 0 stays at 0, one with rc < 0 at its
capacity, the others are free. No large factor joins the aims, so nothing overflows and nothing is rounded.

Large markets are solved by column generation: the flow sees some of the pairs, then all others are priced; those with
rc < 0 join, until none is left. What is proven then holds over every pair. Pairs outside whose rc > 0 are settled for
good, pairs with rc = 0 wait for the next stage.
Complexity: a few flows a stage, each about O(pairs seen x sqrt(nodes)) in practice, and a pass over all pairs a round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.market import Market, Whole, frame, frame_costs, pair_costs
from graph.solver import INFINITE, Ints, min_cost_flow

#: Up to so many pairs all are seen at once: rounds would cost more than they save.
DENSE = 60_000
#: Pairs of a need that are seen at first (the best, and some from anywhere), and that join it in a round.
FIRST_BEST, FIRST_ANY, JOIN = 14, 2, 10

#: Pairs that are priced at a time.
BLOCK = 1 << 18

#: LEMON prices an isolated part of a network by this; it says nothing.
_NOWHERE = 1 << 62

_WAITING, _FREE, _FULL, _OUT = 0, 1, 2, -1

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Solved:
    """The best flow by pair, and for each stage of `order` the price of every node (`graph.market`), the root's 0."""

    order: tuple[str, ...]
    flow: Ints
    prices: tuple[Ints, ...]


def solve(market: Market, order: Sequence[str], progress: Progress | None = None) -> Solved:
    """The flow that is best for all aims of `order`, one after the other, with its prices.

    `progress` hears how much is done, 0..1. Raises OverflowError as `graph.solver.min_cost_flow`.
    """
    found = _Search(market)
    for done, stage in enumerate(order):
        found.settle(stage, last=done == len(order) - 1)
        if progress is not None:
            progress((done + 1) / len(order))
    return Solved(tuple(order), found.flow, tuple(found.prices))


class _Search:
    """The state between stages: which pairs are seen, what is settled, the flow and the prices so far."""

    def __init__(self, market: Market) -> None:
        self.market, self.arcs = market, frame(market)
        self.flow = np.zeros(len(market.need), dtype=np.int64)
        self.prices: list[Ints] = []
        self.settled = np.zeros(len(self.arcs), dtype=np.int8)  # -1 at 0, 1 at capacity, 0 free
        self.state = np.full(len(market.need), _WAITING, dtype=np.int8)
        self.state[_seen_first(market)] = _FREE
        self.waiting = np.flatnonzero(self.state == _WAITING).astype(np.int32)

    def settle(self, stage: str, *, last: bool) -> None:
        market = self.market
        frame_cost = frame_costs(market, self.arcs, stage)
        while True:
            free = np.flatnonzero(self.state == _FREE)
            cost = pair_costs(market, stage, free)
            price = self._flow(free, cost, frame_cost)
            sign, better, by = self._outside(stage, price)
            if not len(better):
                break
            joining = better[_lowest_joining(market, self.waiting[better], by)]
            self.state[self.waiting[joining]] = _FREE
            keep = np.ones(len(self.waiting), dtype=np.bool_)
            keep[joining] = False
            self.waiting = self.waiting[keep]
        self.prices.append(price)
        if last:
            return
        rc = _reduced(market, free, cost, price)
        self.state[free[rc > 0]] = _OUT
        self.state[free[rc < 0]] = _FULL
        self.waiting = self.waiting[sign == 0]
        rc = frame_cost - price[self.arcs.tail] + price[self.arcs.head]
        self.settled = np.where(self.settled == 0, -np.sign(rc), self.settled).astype(np.int8)

    def _outside(self, stage: str, price: Ints) -> tuple[npt.NDArray[np.int8], Ints, Ints]:
        """Prices the waiting pairs: signs of their rc, places of those below 0, and those rc. A block at a time."""
        sign = np.empty(len(self.waiting), dtype=np.int8)
        better, by = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(self.waiting), BLOCK):
            pairs = self.waiting[start : start + BLOCK]
            rc = _reduced(self.market, pairs, pair_costs(self.market, stage, pairs), price)
            sign[start : start + BLOCK] = np.sign(rc)
            below = np.flatnonzero(rc < 0)
            better.append(start + below)
            by.append(rc[below])
        return sign, np.concatenate(better), np.concatenate(by)

    def _flow(self, free: Ints, cost: Ints, frame_cost: Ints) -> Ints:
        """Solves what is free; keeps the flow, returns the prices."""
        market, arcs = self.market, self.arcs
        supply = np.zeros(market.root + 1, dtype=np.int64)
        supply[: len(market.demand)] = market.demand
        full = np.flatnonzero(self.state == _FULL)
        limit = market.limit[full]
        np.subtract.at(supply, market.need[full], limit)
        np.add.at(supply, market.first_offer() + market.offer[full], limit)
        held = np.flatnonzero(self.settled > 0)
        np.subtract.at(supply, arcs.tail[held], arcs.capacity[held])
        np.add.at(supply, arcs.head[held], arcs.capacity[held])
        supply[market.root] -= int(supply.sum())
        moving = np.flatnonzero(self.settled == 0)
        need, offer = market.need[free].astype(np.int64), market.offer[free].astype(np.int64)
        # A capacity that cannot bind is left out, so that it earns no price.
        most = np.minimum(market.demand[need], market.supply[offer])
        limits = market.limit[free].astype(np.int64)
        room = np.where(limits < most, limits, INFINITE)
        solved = min_cost_flow(
            supply,
            np.concatenate([need, arcs.tail[moving]]),
            np.concatenate([market.first_offer() + offer, arcs.head[moving]]),
            np.concatenate([room, arcs.capacity[moving]]),
            np.concatenate([cost, frame_cost[moving]]),
        )
        self.flow[:] = 0
        self.flow[full] = limit
        self.flow[free] = solved.flow[: len(free)]
        price: Ints = solved.potentials[market.root] - solved.potentials
        price -= np.rint(price / _NOWHERE).astype(np.int64) * _NOWHERE
        return price


def _seen_first(market: Market) -> Ints:
    """Pairs to begin with: all where they are few, else the best and some others of every need."""
    size = len(market.need)
    if size <= DENSE:
        return np.arange(size)
    first = np.searchsorted(market.need, np.arange(len(market.demand) + 1))
    start, length = first[:-1], np.diff(first)
    has = np.flatnonzero(length)
    chosen = []
    rows = np.searchsorted(first, np.arange(0, size, 4 * BLOCK), side="right") - 1
    for a, b in zip(first[rows].tolist(), [*first[rows[1:]].tolist(), size], strict=True):
        chosen.append(a + _lowest(market.need[a:b], -market.score[a:b].astype(np.int64), FIRST_BEST))
    for turn in range(FIRST_ANY):
        chosen.append(start[has] + _scattered(market.need_ids[has], turn) % length[has])
    return np.unique(np.concatenate(chosen))


def _reduced(market: Market, pairs: Whole, cost: Ints, price: Ints) -> Ints:
    reduced: Ints = cost - price[market.need[pairs]] + price[market.first_offer() + market.offer[pairs]]
    return reduced


def _lowest_joining(market: Market, pairs: Whole, rc: Ints) -> Ints:
    """Positions among pairs whose rc is below 0 of those that improve most, some a need."""
    need = market.need[pairs].astype(np.int64)
    # Equal ones are spread, or every need would ask the same offers.
    return _lowest(need, rc, JOIN, _scattered(need * 1_000_003 + market.offer[pairs], 0))


def _lowest(row: Whole, value: Ints, most: int, spread: Ints | None = None) -> Ints:
    """Positions of the `most` lowest values of each row, in any order; rows ascend.

    One key holds row (22 bits), value (cut at 33) and some bits of `spread`: faster to sort than columns. A choice that
    a cut or a larger row makes worse costs a round, never the optimum.
    """
    low = value - value.min() if len(value) else value
    key = (row.astype(np.int64) << 41) | (np.minimum(low, (1 << 33) - 1) << 8)
    if spread is not None:
        key |= spread & 0xFF
    order = np.argsort(key)
    sorted_row = key[order] >> 41
    place = np.arange(len(order)) - np.searchsorted(sorted_row, sorted_row)
    lowest: Ints = order[place < most]
    return lowest


def _scattered(ids: Ints, turn: int) -> Ints:
    """A number of 31 bits for each id, the same on every machine."""
    mixed = (ids.astype(np.uint64) + np.uint64(turn + 1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    scattered: Ints = (mixed >> np.uint64(33)).astype(np.int64)
    return scattered

"""Aims in order, each a flow on the optimal face of the ones before: lexicographic without big-M.

    max sum_p value_p x_p   s.t.   sum over a need's pairs  <= demand,   sum over an offer's pairs <= supply,
                                   0 <= x_p <= limit_p,      x whole,    and what earlier stages froze

Dual prices y (of a unit of demand) and z (of a unit of supply) prove a stage: with reduced cost rc = y + z - value,

    primal = sum demand y + sum supply z + sum limit max(0, -rc) over free pairs
                                         + sum limit (-rc)       over pairs frozen at their limit

where y >= 0 unless the need is tight and z >= 0 unless the offer is tight. What the next stage may not change follows
from complementary slackness: y > 0 makes a need tight (fully met), z > 0 an offer tight (used up), rc > 0 freezes a
pair at 0, rc < 0 at its limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.solver import INFINITE, Ints, min_cost_flow

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Market:
    """Arrays of a transportation problem: `need` and `offer` are positions into `demand` and `supply`.

    Pairs are distinct and ordered by need, then offer; limits are positive.
    """

    demand: Ints
    supply: Ints
    need: Ints
    offer: Ints
    limit: Ints


@dataclass(frozen=True, slots=True)
class Face:
    """Where the next stage may move: `frozen` is -1 for pairs held at 0, 1 at their limit, 0 free."""

    need_tight: Flags
    offer_tight: Flags
    frozen: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Stage:
    """One solved stage: flow by pair, prices by need and by offer, the face it leaves."""

    flow: Ints
    need_price: Ints
    offer_price: Ints
    face: Face


def whole_face(market: Market) -> Face:
    return Face(
        np.zeros(len(market.demand), dtype=np.bool_),
        np.zeros(len(market.supply), dtype=np.bool_),
        np.zeros(len(market.need), dtype=np.int8),
    )


def solve_in_order(market: Market, values: Sequence[Ints]) -> list[Stage]:
    """Solve for the first value, then the second among its optima, and so on; one Stage for each.

    Values are int64 by pair, not negative. Raises OverflowError as `graph.solver.min_cost_flow`.
    """
    face, stages = whole_face(market), []
    for value in values:
        stages.append(solve_stage(market, value, face))
        face = stages[-1].face
    return stages


def solve_stage(market: Market, value: Ints, face: Face) -> Stage:
    """Best flow on a face that is not empty.

    The network: a node for each need (supplies its demand), each offer, and a root that takes what stays unmet (at
    the price of the best value) and what was given. A capacity that cannot bind is left out, so that it earns no price.
    """
    needs, offers = len(market.demand), len(market.supply)
    root = needs + offers
    full = face.frozen > 0
    demand = market.demand - sums(market.need[full], market.limit[full], needs)
    supply = market.supply - sums(market.offer[full], market.limit[full], offers)
    free = np.flatnonzero(face.frozen == 0)
    need, offer, limit = market.need[free], market.offer[free], market.limit[free]
    top = int(value[free].max()) if len(free) else 0
    loose_need, loose_offer = np.flatnonzero(~face.need_tight), np.flatnonzero(~face.offer_tight)
    binding = limit < np.minimum(demand[need], supply[offer])
    node_supply = np.zeros(root + 1, dtype=np.int64)
    node_supply[:needs] = demand
    node_supply[needs:root] = np.where(face.offer_tight, -supply, 0)
    node_supply[root] = -int(node_supply.sum())
    solved = min_cost_flow(
        node_supply,
        np.concatenate([need, loose_need, needs + loose_offer]),
        np.concatenate([needs + offer, np.full(len(loose_need) + len(loose_offer), root)]),
        np.concatenate([np.where(binding, limit, INFINITE), np.full(len(loose_need), INFINITE), supply[loose_offer]]),
        np.concatenate([top - value[free], np.full(len(loose_need), top), np.zeros(len(loose_offer), np.int64)]),
    )
    flow = np.where(full, market.limit, 0)
    flow[free] = solved.flow[: len(free)]
    price = solved.potentials - solved.potentials[root]
    need_price = price[:needs] + top
    offer_price = -price[needs:root]
    # An offer nobody wants may carry a price below zero; zero proves as much and has the right sign.
    offer_price[loose_offer] = np.maximum(offer_price[loose_offer], 0)
    reduced = need_price[need] + offer_price[offer] - value[free]
    frozen = face.frozen.copy()
    frozen[free] = -np.sign(reduced).astype(np.int8)
    return Stage(
        flow,
        need_price,
        offer_price,
        Face(face.need_tight | (need_price > 0), face.offer_tight | (offer_price > 0), frozen),
    )


def components(market: Market) -> Ints:
    """A label for each need, equal exactly when two needs are connected through pairs; O(pairs x log) in practice."""
    needs = len(market.demand)
    label = np.arange(needs + len(market.supply))
    ends = market.need, market.offer + needs
    while True:
        least = np.minimum(label[ends[0]], label[ends[1]])
        merged = label.copy()
        for end in ends:
            np.minimum.at(merged, label[end], least)
            np.minimum.at(merged, end, least)
        while not np.array_equal(shorter := merged[merged], merged):
            merged = shorter
        if np.array_equal(merged, label):
            return label[:needs]
        label = merged


def sums(index: Ints, amount: Ints, size: int) -> Ints:
    """Total amount by index, `size` entries."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, index, amount)
    return total

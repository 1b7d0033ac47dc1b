"""What stood behind each choice of a plan: the next best offer of a need, the short need next in line for an offer.

Moving one unit onto a pair that the plan leaves at 0 costs the aims, in their order, its reduced costs
(rc_TIER, rc_FAIR, rc_SCORE; `graph.market`): it could not be had for less. So the next best offer of a need is the
unused pair with the least tuple, and the next need in line for an offer likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.market import TIE, Market, Whole, pair_costs, sums
from graph.solver import Ints

#: Bits of each packed reduced cost, sign included: tiers, fairness steps, hundred-millionths of score. Larger is cut.
_BITS = {"TIER": 6, "FAIR": 12, "SCORE": 45}

#: Pairs that are looked at together.
BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Positions of pairs, -1 where there is none.

    of_need   (n) the best pair of the need that the plan does not use
    of_offer  (m) of an offer that is used up, the best pair that the plan does not use, of a need that stays short
    """

    of_need: Ints
    of_offer: Ints


def alternatives(market: Market, flow: Ints, order: Sequence[str], prices: Sequence[Ints]) -> Alternatives:
    """The best unused pair of every need, and of short needs with offers that are used up; ties by id. O(pairs)."""
    unused = np.flatnonzero(flow == 0)
    cost = _packed(market, unused, order, prices)
    need, offer = market.need[unused], market.offer[unused]
    left = market.supply.copy()
    np.subtract.at(left, market.offer, flow)
    short = sums(market.need, flow, len(market.demand)) < market.demand
    wanted = (left[offer] == 0) & short[need]
    by_offer = np.argsort(offer[wanted], kind="stable")
    return Alternatives(
        _least(unused, need, cost, len(market.demand)),
        _least(unused[wanted][by_offer], offer[wanted][by_offer], cost[wanted][by_offer], len(market.supply)),
    )


def _packed(market: Market, pairs: Ints, order: Sequence[str], prices: Sequence[Ints]) -> Ints:
    packed = np.zeros(len(pairs), dtype=np.int64)
    for start in range(0, len(pairs), BLOCK):
        some = pairs[start : start + BLOCK]
        need, offer = market.need[some], market.first_offer() + market.offer[some]
        word = packed[start : start + BLOCK]
        for stage, price in zip(order, prices, strict=True):
            if stage != TIE:
                rc = pair_costs(market, stage, some) - price[need] + price[offer]
                half = 1 << (_BITS[stage] - 1)
                word *= 2 * half
                word += np.clip(rc, 1 - half, half - 1)
    return packed


def _least(pairs: Ints, row: Whole, cost: Ints, size: int) -> Ints:
    """For each row the first of its pairs with the least cost; rows ascend."""
    found = np.full(size, -1, dtype=np.int64)
    if not len(row):
        return found
    starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
    least = np.minimum.reduceat(cost, starts)
    lengths = np.diff(np.append(starts, len(row)))
    at_least = np.flatnonzero(cost == np.repeat(least, lengths))[::-1]
    found[row[at_least]] = pairs[at_least]
    return found

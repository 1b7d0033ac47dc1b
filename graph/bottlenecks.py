"""What is worth most to recruit, and where: read off the prices of a plan, then verified by solving again.

    price(n) = what one more unit for need n is worth to each aim, in their order        (`graph.market`)

A group is a district and a resource type. Its best need says what one recruited unit is worth there; the largest tuples
come first. For the few that are shown, the market is solved again with one more offer of one unit for that group, and
once more with one as large as the whole shortage (`graph.solving.recruited`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from graph.market import FAIR, TIER, Market, Whole, sums
from graph.solver import Ints
from graph.stages import Solved

#: The score is left out: it would be that of an offer nobody knows yet.
_COUNTED = (TIER, FAIR)


@dataclass(frozen=True, slots=True)
class Scarce:
    """A group that misses something.

    group      position in the market
    shortfall  units that stay unmet
    worth      what one more unit is worth to TIER and FAIR, in their order
    """

    group: int
    shortfall: int
    worth: tuple[int, ...]


def scarce(market: Market, solved: Solved, most: int) -> list[Scarce]:
    """The groups where one more unit is worth most, best first; ties by shortage, then position. O(needs log needs)."""
    missing = market.demand - sums(market.need, solved.flow, len(market.demand))
    total = sums(market.group, missing, market.groups)
    # Needs that are met count too: what they no longer take may be worth more elsewhere.
    there = np.flatnonzero(total[market.group])
    worth = [p[there] for s, p in zip(solved.order, solved.prices, strict=True) if s in _COUNTED]
    group = market.group[there]
    rank = np.lexsort((there, group, -total[group], *(-w for w in reversed(worth))))
    _, first = np.unique(group[rank], return_index=True)
    best = rank[np.sort(first)][:most]
    return [
        Scarce(g, int(total[g]), tuple(int(w[i]) for w in worth))
        for i, g in zip(best.tolist(), group[best].tolist(), strict=True)
    ]


def with_offer(market: Market, group: int, units: int) -> Market:
    """The market with one more offer (the last) of so many units that fits every need of the group, at score 0."""
    needs = np.flatnonzero(market.group == group)
    ends = np.searchsorted(market.need, needs, side="right")
    limit = np.minimum(market.demand[needs], units)
    return replace(
        market,
        supply=np.append(market.supply, units),
        parent=np.append(market.parent, -1),
        offer_ids=np.append(market.offer_ids, 0),
        need=_inserted(market.need, ends, needs),
        offer=_inserted(market.offer, ends, len(market.supply)),
        limit=_inserted(market.limit, ends, limit),
        score=_inserted(market.score, ends, 0),
    )


def _inserted(values: Whole, places: Ints, more: Ints | int) -> Ints:
    inserted: Ints = np.insert(values.astype(np.int64), places, more)
    return inserted

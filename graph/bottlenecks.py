"""What is worth most to recruit, and where: read off the prices of a plan, then verified by solving again.

    price(n) = what one more unit for need n is worth to each aim, in their order        (`graph.market`)

A group is a district and a resource type. Its best need says what one recruited unit is worth there; the largest tuples
come first. For the few that are shown, the market is solved again with one more offer of one unit for that group, and
once more with one as large as the whole shortage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.market import FAIR, TIER, Market, Whole, frame, frame_costs, frame_flow, pair_costs, sums
from graph.solver import Ints
from graph.stages import Solved, solve

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


@dataclass(frozen=True, slots=True)
class Recruited:
    """What solving again with more units said: `gain` of TIER and FAIR in their order, how many more needs are met."""

    units: int
    gain: tuple[int, ...]
    met: int


def scarce(market: Market, solved: Solved, most: int) -> list[Scarce]:
    """The groups where one more unit is worth most, best first; ties by shortage, then position. O(needs log needs)."""
    missing = market.demand - sums(market.need, solved.flow, len(market.demand))
    short = np.flatnonzero(missing)
    worth = [p[short] for s, p in zip(solved.order, solved.prices, strict=True) if s in _COUNTED]
    group, total = market.group[short], sums(market.group, missing, market.groups)
    rank = np.lexsort((short, group, -total[group], *(-w for w in reversed(worth))))
    _, first = np.unique(group[rank], return_index=True)
    best = rank[np.sort(first)][:most]
    return [
        Scarce(g, int(total[g]), tuple(int(w[i]) for w in worth))
        for i, g in zip(best.tolist(), group[best].tolist(), strict=True)
    ]


def recruit(market: Market, solved: Solved, group: int, units: int) -> Recruited:
    """Solve again with one more offer of so many units that fits every need of the group, at score 0."""
    more = _with_offer(market, group, units)
    again = solve(more, solved.order)
    before, after = costs(market, solved), costs(more, again)
    return Recruited(
        units,
        tuple(b - a for b, a, stage in zip(before, after, solved.order, strict=True) if stage in _COUNTED),
        fully_met(more, again.flow) - fully_met(market, solved.flow),
    )


def costs(market: Market, solved: Solved) -> tuple[int, ...]:
    """What a flow costs each aim of its order, exact."""
    arcs = frame(market)
    over = frame_flow(market, arcs, solved.flow)
    used = np.flatnonzero(solved.flow)
    return tuple(
        _dot(frame_costs(market, arcs, stage), over) + _dot(pair_costs(market, stage, used), solved.flow[used])
        for stage in solved.order
    )


def fully_met(market: Market, flow: Ints) -> int:
    """Number of needs that get all they ask for."""
    return int((sums(market.need, flow, len(market.demand)) == market.demand).sum())


def tier_worth(order: Sequence[str], worth: Sequence[int]) -> int:
    """The part of a worth that the aim TIER counts: 0..4 a unit."""
    return worth[[stage for stage in order if stage in _COUNTED].index(TIER)]


def _with_offer(market: Market, group: int, units: int) -> Market:
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


def _dot(a: Ints, b: Ints) -> int:
    """Exact inner product: a product fits 64 bits, the sum may not."""
    used = np.flatnonzero(b)
    return sum((a[used] * b[used]).tolist())

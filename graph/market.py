"""The flow problem behind a plan, on arrays: who can give to whom, and the frame that holds it.

    need --pair--> offer --given--> cap --...--> root          what is given, within funds within pools
    need --unmet--> group --segment--> root                    what is not, by district and resource type

One unit of flow is one unit of a need; every need sends its whole demand, the root takes everything. A plan is a whole
flow; the aims are costs on the arcs, minimised one after the other (`STAGES`, `ORDERS`):

    TIER    an unmet unit costs 1 + its need's tier (0..3)
    FAIR    the (k+1)-th twentieth of a group's demand that stays unmet costs 2k + 1 a unit: convex, so that shortage
            is spread until every group misses the same share
    SCORE   a unit given costs TOP_SCORE - score_e8, an unmet one TOP_SCORE
    TIE     a unit given costs TOP_TIE - hash of (need id, offer id), an unmet one TOP_TIE

Nodes stand in the order needs, offers, caps, groups, root. A price of a node is what it costs the aim to bring one more
unit from there to the root; the root's is 0. With the reduced cost of an arc

    rc = cost - price[tail] + price[head]                      (one number a stage, in the order of the aims)

a flow is optimal for all aims in order exactly when for every arc the first rc that is not 0 is positive only where the
flow is 0, and negative only where the flow fills the capacity. Prices are what proves a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.solver import INFINITE, Ints
from graph.values import WHOLE

Flags = npt.NDArray[np.bool_]
#: int64 or int32: large instances keep their pairs in 32 bits.
Whole = npt.NDArray[np.int64] | npt.NDArray[np.int32]

TIER, FAIR, SCORE, TIE = "TIER", "FAIR", "SCORE", "TIE"

#: What a coordinator can ask for: the most urgent first, or every community its share first.
ORDERS = {
    "URGENT_FIRST": (TIER, FAIR, SCORE, TIE),
    "FAIR_FIRST": (FAIR, TIER, SCORE, TIE),
}
#: What a plan reaches, the more the better: TIER is four numbers, the units met of tier 3, 2, 1 and 0; TIE is none.
Aims = tuple[int, ...]
AIMS = 6
SEGMENTS = 20
TOP_SCORE = WHOLE * WHOLE
TOP_TIE = 1 << 32


@dataclass(frozen=True, slots=True)
class Market:
    """n needs, m offers, c caps, g groups, p eligible pairs; quantities are whole and below 2**31.

    demand, tier, group   (n) units, 0..3, position of the group
    supply, parent        (m) units, position of the cap the offer draws on, -1 for none
    cap_limit, cap_parent (c) units, position of the cap above, -1 for none; a cap comes before the one above it
    need, offer           (p) positions; ordered by need, then offer; no pair twice
    limit, score          (p) most units of the pair (>= 1), score_e8
    need_ids, offer_ids   (n), (m) what ties are settled by
    groups                g
    """

    demand: Ints
    tier: Ints
    group: Ints
    supply: Ints
    parent: Ints
    cap_limit: Ints
    cap_parent: Ints
    need: Whole
    offer: Whole
    limit: Whole
    score: Whole
    need_ids: Ints
    offer_ids: Ints
    groups: int

    @property
    def root(self) -> int:
        """Position of the root, the last node."""
        return len(self.demand) + len(self.supply) + len(self.cap_limit) + self.groups

    def first_offer(self) -> int:
        return len(self.demand)

    def first_cap(self) -> int:
        return len(self.demand) + len(self.supply)

    def first_group(self) -> int:
        return self.first_cap() + len(self.cap_limit)


@dataclass(frozen=True, slots=True)
class Frame:
    """The arcs that are not pairs, in the order unmet (one a need), segments, given (one an offer), caps.

    `capacity` INFINITE means none. `step` is k of a segment (see FAIR), -1 for other arcs.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    step: Ints

    def __len__(self) -> int:
        return len(self.tail)


def frame(market: Market) -> Frame:
    """The frame of a market. O(needs + offers + caps + SEGMENTS x groups)."""
    n, m, c = len(market.demand), len(market.supply), len(market.cap_limit)
    needs, offers, caps = np.arange(n), market.first_offer() + np.arange(m), market.first_cap() + np.arange(c)
    asked = sums(market.group, market.demand, market.groups)
    bounds = asked[:, None] * np.arange(SEGMENTS + 1) // SEGMENTS
    sizes = np.diff(bounds, axis=1)
    group, step = np.nonzero(sizes)
    # The last twentieth needs no capacity: a group never misses more than it asked for.
    segment = np.where(step == SEGMENTS - 1, INFINITE, sizes[group, step])
    above = [np.where(p < 0, market.root, market.first_cap() + p) for p in (market.parent, market.cap_parent)]
    return Frame(
        tail=np.concatenate([needs, market.first_group() + group, offers, caps]),
        head=np.concatenate([market.first_group() + market.group, np.full(len(group), market.root), *above]),
        capacity=np.concatenate([np.full(n, INFINITE), segment, market.supply, market.cap_limit]),
        step=np.concatenate([np.full(n, -1), step, np.full(m + c, -1)]),
    )


def frame_costs(market: Market, arcs: Frame, stage: str) -> Ints:
    """Cost of each arc of the frame in a stage."""
    cost = np.zeros(len(arcs), dtype=np.int64)
    n = len(market.demand)
    if stage == TIER:
        cost[:n] = market.tier + 1
    elif stage == FAIR:
        cost = np.where(arcs.step >= 0, 2 * arcs.step + 1, 0)
    else:
        cost[:n] = TOP_SCORE if stage == SCORE else TOP_TIE
    return cost


def pair_costs(market: Market, stage: str, pairs: Whole | slice = slice(None)) -> Ints:
    """Cost of each of these pairs in a stage, int64."""
    if stage == SCORE:
        return TOP_SCORE - market.score[pairs].astype(np.int64)
    if stage == TIE:
        return TOP_TIE - tie_values(market.need_ids[market.need[pairs]], market.offer_ids[market.offer[pairs]])
    return np.zeros(len(market.need[pairs]), dtype=np.int64)


def frame_flow(market: Market, arcs: Frame, flow: Ints) -> Ints:
    """What a flow of pairs sends over the frame; a group's cheapest segments fill first. O(pairs + frame)."""
    n, m = len(market.demand), len(market.supply)
    given = sums(market.offer, flow, m)
    unmet = market.demand - sums(market.need, flow, n)
    missing = sums(market.group, unmet, market.groups)
    through = np.zeros(len(market.cap_limit), dtype=np.int64)
    inside = market.parent >= 0
    np.add.at(through, market.parent[inside], given[inside])
    for cap, above in enumerate(market.cap_parent.tolist()):
        if above >= 0:
            through[above] += through[cap]
    segments = np.flatnonzero(arcs.step >= 0)
    group, size = arcs.tail[segments] - market.first_group(), arcs.capacity[segments]
    bounded = np.where(size == INFINITE, 0, size)
    before = np.cumsum(bounded) - bounded
    first = np.searchsorted(group, np.arange(market.groups))
    before -= before[np.minimum(first, max(len(before) - 1, 0))][group] if len(before) else 0
    filled = np.clip(missing[group] - before, 0, size)
    return np.concatenate([unmet, filled, given, through])


def aims(market: Market, order: Sequence[str], flow: Ints) -> Aims:
    """What a flow reaches, more is better, in the order of the aims; TIER is four: units met of tier 3, 2, 1, 0.

    FAIR is minus its cost, SCORE the sum of score_e8 x units; TIE is no aim. Exact.
    """
    met, arcs = sums(market.need, flow, len(market.demand)), frame(market)
    by_tier = sums(market.tier, met, 4)
    used = np.flatnonzero(flow)
    reached = {
        TIER: by_tier[::-1].tolist(),
        FAIR: [-dot(frame_costs(market, arcs, FAIR), frame_flow(market, arcs, flow))],
        SCORE: [dot(market.score[used].astype(np.int64), flow[used])],
        TIE: [],
    }
    return tuple(aim for stage in order for aim in reached[stage])


def dot(a: Ints, b: Ints) -> int:
    """Exact inner product of whole numbers that are not negative: a product fits 64 bits, the sum may not."""
    products = a * b
    return (int((products >> 32).sum()) << 32) + int((products & 0xFFFFFFFF).sum())


def tie_values(need_ids: Ints, offer_ids: Ints) -> Ints:
    """A 32-bit hash of each pair of ids: the finalizer of splitmix64 (doi:10.1145/2660193.2660195), its upper half.

    Among plans equal in all other aims the one with the larger sum of tie value x units is taken: the same on every
    machine and in every order of the lists.
    """
    mixed = need_ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + offer_ids.astype(np.uint64)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(32)).astype(np.int64)


def sums(index: Whole, amount: Whole, size: int) -> Ints:
    """Total amount by index, `size` entries, exact."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, index, amount)
    return total


def part_of(market: Market, needs: Ints, offers: Ints, caps: Ints, groups: Ints, pairs: Ints) -> Market:
    """The market of some of the nodes (ascending positions) and the pairs between them."""
    place = [_places(kept, size) for kept, size in zip((needs, offers, caps, groups), _sizes(market), strict=True)]
    return Market(
        market.demand[needs],
        market.tier[needs],
        place[3][market.group[needs]],
        market.supply[offers],
        _moved(market.parent[offers], place[2]),
        market.cap_limit[caps],
        _moved(market.cap_parent[caps], place[2]),
        place[0][market.need[pairs]],
        place[1][market.offer[pairs]],
        market.limit[pairs],
        market.score[pairs],
        market.need_ids[needs],
        market.offer_ids[offers],
        len(groups),
    )


def _sizes(market: Market) -> Sequence[int]:
    return len(market.demand), len(market.supply), len(market.cap_limit), market.groups


def _places(kept: Ints, size: int) -> Ints:
    place = np.full(size, -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    return place


def _moved(above: Ints, place: Ints) -> Ints:
    return np.where(above < 0, -1, place[above]) if len(place) else above

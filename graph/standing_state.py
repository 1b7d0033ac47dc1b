"""What a standing plan keeps in memory: flat arrays that the kernels of `graph.standing_kernels` work on.

Nodes are numbered needs, offers, caps, groups, root, with room for new needs and offers; a free place has no pairs and
no demand. Every pair is written twice, in the row of its need and in the column of its offer, because a search runs
along arcs in either direction; the sign tells whether the pair is full (position p is written -1 - p), and the near
pairs, those that searches see, stand first. Flow is kept in records, one a pair that carries some, chained by need and
by offer: in an optimal plan there are about as many as nodes.

What belongs to a node stands side by side, and in few arrays: a search is bound by memory, and compiled functions pay
for every array they are handed.

The four aims of a price stand in three words: the two unit aims share the first, `first << 32 + second`; sums of such
words are the words of the sums as long as each half stays below 2**31.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graph.market import FAIR, ORDERS, TIER
from graph.solver import Ints

Shorts = npt.NDArray[np.int32]

#: A limit of a pair that never binds; limits are 32-bit.
UNLIMITED = (1 << 31) - 1
#: Parts of a price grow by at most 2 x (cost of an arc) an arc of a path; with fewer nodes none reaches 2**31 or 2**62.
MOST_NODES = 1 << 22
HALF = 32
#: Pairs of a need, and of an offer, that are near at first.
NEAR = 12
UNIT_BOUND, WORD_BOUND = 1 << 29, 1 << 60

# Columns of `need`; of `up`, one row an offer or cap and the arc above it; of `group`; of `rec`.
DEMAND, UNMET, UNMET_COST, GROUP, NEED_ID, ROW, ROW_LEN, ROW_ROOM, ROW_NEAR, NEED_REC, GROUP_NEXT, GROUP_PREV = range(
    12
)
CAPACITY, SENT, ABOVE, SIBLING_NEXT, SIBLING_PREV, CHILD, OFFER_ID, COL, COL_LEN, COL_ROOM, COL_NEAR, OFFER_REC = range(
    12
)
# Further columns of `need` and `up`: what was learnt of the far pairs of a need or offer when all were last looked at,
# the first word of its price then, and the epoch (see `graph.standing_repair.sweep`).
FAR, FAR_PRICE, FAR_EPOCH = 12, 13, 14
ASKED, MISSING, MEMBER = range(3)
R_NEED, R_OFFER, R_FLOW, R_LIMIT, R_SCORE, R_BEFORE, R_EVENT, R_NEED_NEXT, R_NEED_PREV, R_OFFER_NEXT, R_OFFER_PREV = (
    range(11)
)
# Columns of `node` after the price: distance in the search that runs (three words), the number of that search (2 x it,
# and 1 when the distance is final), the node before, the place in the heap, units too many or too few, whether it is
# queued for that, the sweep it was noted for and its price then (three words).
L, SEEN, PRED, PLACE, BALANCE, WAITS, SWEPT, BEFORE = 3, 6, 7, 8, 9, 10, 11, 12
HEAP_AT, DONE_AT, QUEUE_AT, MOVED_AT = range(4)
# Places in `n`. BEST is the distance of the nearest goal found, three words; RADIUS how far a search looks in score, -1
# for everywhere, USUAL how far goals were of late; RISEN and FALLEN by how much any price may have risen and fallen in
# score during the epoch, in which the first words of prices do not move.
(
    NEEDS,
    OFFERS,
    CAPS,
    GROUPS,
    FREE,
    FREED,
    RECORDS,
    TOUCHED,
    EVENT,
    SEARCH,
    QUEUED,
    HEAP,
    DONE,
    TARGET,
    ROW_TOP,
    COL_TOP,
    WIDE,
    FAIR_UNIT,
    VISITED,
    SEARCHES,
    MOVED,
    SWEEP,
    WRONG,
    EPOCH,
    RISEN,
    FALLEN,
    RADIUS,
    USUAL,
    BEST,
) = range(29)


class State(NamedTuple):
    """The arrays; those of length `nodes` go by node, `need` by need, `up` by offer then cap, `group` by group."""

    node: Ints  # (nodes, 16), see L
    work: Ints  # (nodes, 4) lists of nodes: HEAP_AT, DONE_AT, QUEUE_AT, MOVED_AT
    need: Ints
    up: Ints
    group: Ints
    rec: Ints
    touched: Ints
    row_offer: Shorts
    row_score: Shorts
    row_limit: Shorts
    col_need: Shorts
    col_score: Shorts
    n: Ints


def units(order: tuple[str, ...]) -> tuple[int, int]:
    """What one of TIER and one of FAIR count in the first word. Raises ValueError for an order that is not known."""
    if order not in ORDERS.values():
        raise ValueError(f"not an order of aims: {', '.join(order)}")
    scale = {order[0]: 1 << HALF, order[1]: 1}
    return scale[TIER], scale[FAIR]


def words(prices: tuple[Ints, ...]) -> Ints:
    """Prices of four stages as (nodes, 3). Raises OverflowError where one leaves no room for a sum."""
    for price, bound in zip(prices, (UNIT_BOUND, UNIT_BOUND, WORD_BOUND, WORD_BOUND), strict=True):
        if len(price) and (int(price.max()) >= bound or int(price.min()) <= -bound):
            raise OverflowError("a price is too large for exact 64-bit arithmetic")
    return np.stack([(prices[0] << HALF) + prices[1], prices[2], prices[3]], axis=1)


def stages(price: Ints) -> tuple[Ints, ...]:
    """The inverse of `words`."""
    second = ((price[:, 0] + (1 << (HALF - 1))) & ((1 << HALF) - 1)) - (1 << (HALF - 1))
    return (price[:, 0] - second) >> HALF, second, price[:, 1].copy(), price[:, 2].copy()


def empty(needs: int, offers: int, caps: int, groups: int, records: int, rows: int, cols: int) -> State:
    """A state with so many places, all free. Untouched places of an array cost no memory.

    Raises OverflowError beyond `MOST_NODES`.
    """
    nodes = needs + offers + caps + groups + 1
    if nodes > MOST_NODES:
        raise OverflowError(f"a standing plan holds at most {MOST_NODES} needs, offers, caps and groups")
    n = np.zeros(BEST + 3, dtype=np.int64)
    n[[NEEDS, OFFERS, CAPS, GROUPS, FREE, SWEEP, EPOCH]] = needs, offers, caps, groups, -1, 1, 1
    need, up = (np.zeros((size, 16), dtype=np.int64) for size in (needs, offers + caps))
    group = np.zeros((groups, 3), dtype=np.int64)
    need[:, [NEED_REC, GROUP_NEXT, GROUP_PREV]] = -1
    up[:, [SIBLING_NEXT, SIBLING_PREV, CHILD, OFFER_REC]] = -1
    up[:, ABOVE] = nodes - 1
    group[:, MEMBER] = -1
    return State(
        np.zeros((nodes, 16), dtype=np.int64),
        np.zeros((nodes, 4), dtype=np.int64),
        need,
        up,
        group,
        np.zeros((records, 11), dtype=np.int64),
        np.zeros(records, dtype=np.int64),
        np.empty(rows, dtype=np.int32),
        np.empty(rows, dtype=np.int32),
        np.empty(rows, dtype=np.int32),
        np.empty(cols, dtype=np.int32),
        np.empty(cols, dtype=np.int32),
        n,
    )


def more_records(s: State) -> State:
    """The same with twice the room for flows."""
    size = len(s.touched)
    rec, touched = np.zeros((2 * size + 1024, 11), dtype=np.int64), np.zeros(2 * size + 1024, dtype=np.int64)
    rec[:size], touched[:size] = s.rec, s.touched
    return s._replace(rec=rec, touched=touched)


def more_nodes(s: State, needs: int, offers: int, groups: int) -> State:
    """The same with places for so many needs, offers and groups, none fewer than before."""
    old_needs, old_offers, caps, old_groups = s.n[:4].tolist()
    new = empty(needs, offers, caps, groups, 0, 0, 0)
    before, after = _firsts(old_needs, old_offers, caps), _firsts(needs, offers, caps)
    for start, to, size in zip(before, after, (old_needs, old_offers, caps, old_groups, 1), strict=False):
        new.node[to : to + size, :3] = s.node[start : start + size, :3]
    new.node[-1, :3] = s.node[-1, :3]
    new.need[:old_needs], new.group[:old_groups] = s.need, s.group
    new.up[:old_offers], new.up[offers:] = s.up[:old_offers], s.up[old_offers:]
    moved = new.up[:, ABOVE]
    top = old_needs + old_offers + caps + old_groups
    in_use = np.r_[0:old_offers, offers : offers + caps]
    above = moved[in_use]
    moved[in_use] = np.where(above == top, len(new.node) - 1, above + after[2] - before[2])
    for column in (SIBLING_NEXT, SIBLING_PREV, CHILD):
        link = new.up[:, column]
        link[link >= old_offers] += offers - old_offers
    n = s.n.copy()
    n[[NEEDS, OFFERS, GROUPS, SEARCH, MOVED, SWEEP]] = needs, offers, groups, 0, 0, 1
    return s._replace(node=new.node, work=new.work, need=new.need, up=new.up, group=new.group, n=n)


def _firsts(needs: int, offers: int, caps: int) -> tuple[int, int, int, int]:
    return 0, needs, needs + offers, needs + offers + caps


def more_pairs(s: State, rows: int, cols: int) -> State:
    """The same with empty rows and columns, room for half as many pairs more than these."""
    sizes = (3 * rows) // 2 + 2 * len(s.need) + (1 << 20), (3 * cols) // 2 + 2 * len(s.up) + (1 << 20)
    return s._replace(
        row_offer=np.empty(sizes[0], dtype=np.int32),
        row_score=np.empty(sizes[0], dtype=np.int32),
        row_limit=np.empty(sizes[0], dtype=np.int32),
        col_need=np.empty(sizes[1], dtype=np.int32),
        col_score=np.empty(sizes[1], dtype=np.int32),
    )

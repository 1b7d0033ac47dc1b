"""The compiled part of a standing plan that searches: shortest paths on residual arcs, by reduced cost.

Reduced costs of residual arcs are lexicographically not negative, so Dijkstra's method applies. A search stops at the
root or at the first node whose balance is the opposite of its source's, and moves the prices of the nodes it passed and
of no other. The root is never passed: nearly everything hangs on it.

A search looks no farther than a radius: what lies beyond is not even labelled. Where no goal is within, the prices of
the nodes passed move by the radius, which keeps all reduced costs as they must be, and the next search looks farther.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numba import njit

from graph.market import SEGMENTS, TOP_SCORE, TOP_TIE
from graph.standing_state import (
    ABOVE,
    ASKED,
    BALANCE,
    BEFORE,
    BEST,
    CAPACITY,
    CAPS,
    CHILD,
    COL,
    COL_NEAR,
    DEMAND,
    DONE,
    DONE_AT,
    EPOCH,
    FAIR_UNIT,
    FALLEN,
    GROUP,
    GROUP_NEXT,
    GROUPS,
    HEAP,
    HEAP_AT,
    MEMBER,
    MISSING,
    MOVED,
    MOVED_AT,
    NEED_ID,
    NEED_REC,
    NEEDS,
    OFFER_ID,
    OFFER_REC,
    OFFERS,
    PLACE,
    PRED,
    R_FLOW,
    R_NEED,
    R_NEED_NEXT,
    R_OFFER,
    R_OFFER_NEXT,
    R_SCORE,
    RADIUS,
    RISEN,
    ROW,
    ROW_NEAR,
    SEARCH,
    SEARCHES,
    SEEN,
    SENT,
    SIBLING_NEXT,
    SWEEP,
    SWEPT,
    TARGET,
    UNIT_BOUND,
    UNMET,
    UNMET_COST,
    VISITED,
    WIDE,
    WORD_BOUND,
    L,
)

if TYPE_CHECKING:
    from graph.solver import Ints
    from graph.standing_state import State

F = TypeVar("F", bound=Callable[..., Any])

_FAR = 1 << 62
_FILES = ["market", "state", "search", "kernels", "repair", "rows"]
#: Name, size and time of every file the compiled code of a standing plan is made of.
SOURCES = tuple(
    (path.name, path.stat().st_size, path.stat().st_mtime)
    for path in (Path(__file__).with_name(f"{'' if name == 'market' else 'standing_'}{name}.py") for name in _FILES)
)


def compiled(function: F) -> F:
    """Compiled on first use and kept on disk, for exactly these sources."""
    done: Any = njit(cache=True)(function)
    # numba looks at the file of a function alone, but what it calls and the columns it reads are in others too.
    done._cache._cache_file._source_stamp = SOURCES
    return cast(F, done)


@compiled
def less(u: int, c: int, t: int, v: int, d: int, e: int) -> bool:
    return u < v or (u == v and (c < d or (c == d and t < e)))


@compiled
def tie_cost(need_id: int, offer_id: int) -> int:
    """TOP_TIE - `graph.market.tie_values`."""
    mixed = np.uint64(need_id) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(offer_id)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return TOP_TIE - np.int64(mixed >> np.uint64(32))  # type: ignore[return-value]


@compiled
def next_step(asked: int, missing: int) -> int:
    """The segment of one more unit, 0 <= missing < asked."""
    return (SEGMENTS * (missing + 1) + asked - 1) // asked - 1


@compiled
def rise(node: Ints, work: Ints, v: int) -> None:
    at = node[v, PLACE]
    u, c, t = node[v, L], node[v, L + 1], node[v, L + 2]
    while at > 0:
        above = work[(at - 1) >> 1, HEAP_AT]
        if not less(u, c, t, node[above, L], node[above, L + 1], node[above, L + 2]):
            break
        work[at, HEAP_AT] = above
        node[above, PLACE] = at
        at = (at - 1) >> 1
    work[at, HEAP_AT] = v
    node[v, PLACE] = at


@compiled
def lowest(node: Ints, work: Ints, n: Ints) -> int:
    """Takes the nearest node out of the heap."""
    top = work[0, HEAP_AT]
    n[HEAP] -= 1
    size = n[HEAP]
    if size:
        v = work[size, HEAP_AT]
        u, c, t = node[v, L], node[v, L + 1], node[v, L + 2]
        at = 0
        while 2 * at + 1 < size:
            child = 2 * at + 1
            w = work[child, HEAP_AT]
            if child + 1 < size:
                x = work[child + 1, HEAP_AT]
                if less(node[x, L], node[x, L + 1], node[x, L + 2], node[w, L], node[w, L + 1], node[w, L + 2]):
                    child, w = child + 1, x
            if not less(node[w, L], node[w, L + 1], node[w, L + 2], u, c, t):
                break
            work[at, HEAP_AT] = w
            node[w, PLACE] = at
            at = child
        work[at, HEAP_AT] = v
        node[v, PLACE] = at
    return int(top)


@compiled
def reach(node: Ints, work: Ints, n: Ints, sign: int, v: int, w: int, u: int, c: int, t: int) -> None:
    """The distance (u, c, t) of w by way of v, taken when it is less than what is known."""
    if not less(u, c, t, n[BEST], n[BEST + 1], n[BEST + 2]):
        return
    fresh = 2 * n[SEARCH]
    if w == len(node) - 1 or node[w, BALANCE] * sign < 0:
        n[BEST], n[BEST + 1], n[BEST + 2] = u, c, t
        n[TARGET] = w
        node[w, PRED] = v
        return
    if node[w, SEEN] > fresh:
        return
    if node[w, SEEN] == fresh:
        if less(u, c, t, node[w, L], node[w, L + 1], node[w, L + 2]):
            node[w, L], node[w, L + 1], node[w, L + 2] = u, c, t
            node[w, PRED] = v
            rise(node, work, w)
        return
    node[w, L], node[w, L + 1], node[w, L + 2] = u, c, t
    node[w, PRED] = v
    if u == node[v, L] and c == node[v, L + 1] and t == node[v, L + 2]:
        # No farther than where the search stands: final at once, past the heap.
        node[w, SEEN] = fresh + 1
        work[n[DONE], DONE_AT] = w
        n[DONE] += 1
        return
    node[w, SEEN] = fresh
    node[w, PLACE] = n[HEAP]
    work[n[HEAP], HEAP_AT] = w
    n[HEAP] += 1
    rise(node, work, w)


@compiled
def begin(s: State, source: int) -> None:
    n, node = s.n, s.node
    n[SEARCH] += 1
    n[SEARCHES] += 1
    n[HEAP], n[DONE], n[TARGET] = 0, 1, -1
    n[BEST], n[BEST + 1], n[BEST + 2] = 0, n[RADIUS], 0
    if n[RADIUS] < 0:
        n[BEST], n[BEST + 1] = _FAR, 0
    node[source, L], node[source, L + 1], node[source, L + 2] = 0, 0, 0
    s.node[source, SEEN] = 2 * n[SEARCH] + 1
    s.work[0, DONE_AT] = source


@compiled
def following(node: Ints, work: Ints, n: Ints, at: int) -> int:
    """The node to go on from, its distance final; -1 when the goal is no farther."""
    if at == n[DONE]:
        if not n[HEAP]:
            return -1
        v = work[0, HEAP_AT]
        if not less(node[v, L], node[v, L + 1], node[v, L + 2], n[BEST], n[BEST + 1], n[BEST + 2]):
            return -1
        v = lowest(node, work, n)
        node[v, SEEN] = 2 * n[SEARCH] + 1
        work[at, DONE_AT] = v
        n[DONE] += 1
        return v
    v = work[at, DONE_AT]
    return v if less(node[v, L], node[v, L + 1], node[v, L + 2], n[BEST], n[BEST + 1], n[BEST + 2]) else -1


@compiled
def move_prices(s: State, sign: int) -> None:
    """Every node the search passed comes as near as the goal; all arcs of the path have rc 0 then."""
    node, work, n = s.node, s.work, s.n
    n[VISITED] += n[DONE]
    way = RISEN if sign > 0 else FALLEN
    n[way] += n[BEST + 1]
    if n[BEST] != 0 or n[way] >= WORD_BOUND:
        n[EPOCH] += 1
        n[RISEN], n[FALLEN] = 0, 0
    for i in range(n[DONE]):
        v = work[i, DONE_AT]
        if node[v, SWEPT] != n[SWEEP]:
            node[v, SWEPT] = n[SWEEP]
            work[n[MOVED], MOVED_AT] = v
            n[MOVED] += 1
            node[v, BEFORE], node[v, BEFORE + 1], node[v, BEFORE + 2] = node[v, 0], node[v, 1], node[v, 2]
        node[v, 0] += sign * (n[BEST] - node[v, L])
        node[v, 1] += sign * (n[BEST + 1] - node[v, L + 1])
        node[v, 2] += sign * (n[BEST + 2] - node[v, L + 2])
        second = ((node[v, 0] + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        high = (node[v, 0] - second) >> 32
        if abs(second) >= UNIT_BOUND or abs(high) >= UNIT_BOUND:
            n[WIDE] = 1
        if abs(node[v, 1]) >= WORD_BOUND or abs(node[v, 2]) >= WORD_BOUND:
            n[WIDE] = 1


@compiled
def search_on(s: State, source: int) -> None:
    """From a node with units too many along residual arcs to the nearest goal."""
    begin(s, source)
    node, work, need, up, rec, group, n = s.node, s.work, s.need, s.up, s.rec, s.group, s.n
    row_offer, row_score = s.row_offer, s.row_score
    fresh = 2 * n[SEARCH]
    first_offer = n[NEEDS]
    first_cap = first_offer + n[OFFERS]
    first_group = first_cap + n[CAPS]
    root = first_group + n[GROUPS]
    at = 0
    while True:
        v = following(node, work, n, at)
        if v < 0:
            break
        at += 1
        pu, pc, pt = node[v, L] - node[v, 0], node[v, L + 1] - node[v, 1], node[v, L + 2] - node[v, 2]
        if v < first_offer:
            w = first_group + need[v, GROUP]
            u, c, t = pu + node[w, 0] + need[v, UNMET_COST], pc + node[w, 1] + TOP_SCORE, pt + node[w, 2] + TOP_TIE
            reach(node, work, n, 1, v, w, u, c, t)
            for e in range(need[v, ROW], need[v, ROW] + need[v, ROW_NEAR]):
                o = row_offer[e]
                if o < 0:
                    continue
                w = first_offer + o
                u = pu + node[w, 0]
                if u > n[BEST]:
                    continue
                c = pc + node[w, 1] + TOP_SCORE - row_score[e]
                if u == n[BEST] and c > n[BEST + 1]:
                    continue
                if node[w, SEEN] >= fresh and (
                    node[w, SEEN] > fresh or u > node[w, L] or (u == node[w, L] and c > node[w, L + 1])
                ):
                    continue
                t = pt + node[w, 2] + tie_cost(need[v, NEED_ID], up[o, OFFER_ID])
                reach(node, work, n, 1, v, w, u, c, t)
        elif v < first_group:
            k = v - first_offer
            if up[k, SENT] < up[k, CAPACITY]:
                w = up[k, ABOVE]
                u, c, t = pu + node[w, 0], pc + node[w, 1], pt + node[w, 2]
                reach(node, work, n, 1, v, w, u, c, t)
            if v < first_cap:
                r = up[k, OFFER_REC]
                while r >= 0:
                    if rec[r, R_FLOW] > 0:
                        w = rec[r, R_NEED]
                        u, c = pu + node[w, 0], pc + node[w, 1] - TOP_SCORE + rec[r, R_SCORE]
                        t = pt + node[w, 2] - tie_cost(need[w, NEED_ID], up[k, OFFER_ID])
                        reach(node, work, n, 1, v, w, u, c, t)
                    r = rec[r, R_OFFER_NEXT]
            else:
                j = up[k, CHILD]
                while j >= 0:
                    if up[j, SENT] > 0:
                        w = first_offer + j
                        u, c, t = pu + node[w, 0], pc + node[w, 1], pt + node[w, 2]
                        reach(node, work, n, 1, v, w, u, c, t)
                    j = up[j, SIBLING_NEXT]
        else:
            g = v - first_group
            asked, missing = group[g, ASKED], group[g, MISSING]
            if missing < asked:
                u = pu + node[root, 0] + n[FAIR_UNIT] * (2 * next_step(asked, missing) + 1)
                c, t = pc + node[root, 1], pt + node[root, 2]
                reach(node, work, n, 1, v, root, u, c, t)
            w = group[g, MEMBER]
            while w >= 0:
                if need[w, UNMET] > 0:
                    u, c = pu + node[w, 0] - need[w, UNMET_COST], pc + node[w, 1] - TOP_SCORE
                    t = pt + node[w, 2] - TOP_TIE
                    reach(node, work, n, 1, v, w, u, c, t)
                w = need[w, GROUP_NEXT]
    move_prices(s, 1)


@compiled
def search_back(s: State, source: int) -> None:
    """From a node with units too few against residual arcs to the nearest goal."""
    begin(s, source)
    node, work, need, up, rec, group, n = s.node, s.work, s.need, s.up, s.rec, s.group, s.n
    col_need, col_score = s.col_need, s.col_score
    fresh = 2 * n[SEARCH]
    first_offer = n[NEEDS]
    first_cap = first_offer + n[OFFERS]
    first_group = first_cap + n[CAPS]
    root = first_group + n[GROUPS]
    at = 0
    while True:
        v = following(node, work, n, at)
        if v < 0:
            break
        at += 1
        pu, pc, pt = node[v, L] + node[v, 0], node[v, L + 1] + node[v, 1], node[v, L + 2] + node[v, 2]
        if v < first_offer:
            r = need[v, NEED_REC]
            while r >= 0:
                if rec[r, R_FLOW] > 0:
                    w = first_offer + rec[r, R_OFFER]
                    u, c = pu - node[w, 0], pc - node[w, 1] - TOP_SCORE + rec[r, R_SCORE]
                    t = pt - node[w, 2] - tie_cost(need[v, NEED_ID], up[rec[r, R_OFFER], OFFER_ID])
                    reach(node, work, n, -1, v, w, u, c, t)
                r = rec[r, R_NEED_NEXT]
            if need[v, UNMET] > 0:
                w = first_group + need[v, GROUP]
                u, c = pu - node[w, 0] - need[v, UNMET_COST], pc - node[w, 1] - TOP_SCORE
                t = pt - node[w, 2] - TOP_TIE
                reach(node, work, n, -1, v, w, u, c, t)
        elif v < first_group:
            k = v - first_offer
            if up[k, SENT] > 0:
                w = up[k, ABOVE]
                u, c, t = pu - node[w, 0], pc - node[w, 1], pt - node[w, 2]
                reach(node, work, n, -1, v, w, u, c, t)
            if v < first_cap:
                for e in range(up[k, COL], up[k, COL] + up[k, COL_NEAR]):
                    w = col_need[e]
                    if w < 0:
                        continue
                    u = pu - node[w, 0]
                    if u > n[BEST]:
                        continue
                    c = pc - node[w, 1] + TOP_SCORE - col_score[e]
                    if u == n[BEST] and c > n[BEST + 1]:
                        continue
                    if node[w, SEEN] >= fresh and (
                        node[w, SEEN] > fresh or u > node[w, L] or (u == node[w, L] and c > node[w, L + 1])
                    ):
                        continue
                    if need[w, DEMAND] == 0:
                        continue
                    t = pt - node[w, 2] + tie_cost(need[w, NEED_ID], up[k, OFFER_ID])
                    reach(node, work, n, -1, v, w, u, c, t)
            else:
                j = up[k, CHILD]
                while j >= 0:
                    if up[j, SENT] < up[j, CAPACITY]:
                        w = first_offer + j
                        u, c, t = pu - node[w, 0], pc - node[w, 1], pt - node[w, 2]
                        reach(node, work, n, -1, v, w, u, c, t)
                    j = up[j, SIBLING_NEXT]
        else:
            g = v - first_group
            asked, missing = group[g, ASKED], group[g, MISSING]
            if missing > 0:
                u = pu - node[root, 0] - n[FAIR_UNIT] * (2 * next_step(asked, missing - 1) + 1)
                c, t = pc - node[root, 1], pt - node[root, 2]
                reach(node, work, n, -1, v, root, u, c, t)
            w = group[g, MEMBER]
            while w >= 0:
                if need[w, DEMAND] > 0:
                    u, c = pu - node[w, 0] + need[w, UNMET_COST], pc - node[w, 1] + TOP_SCORE
                    t = pt - node[w, 2] + TOP_TIE
                    reach(node, work, n, -1, v, w, u, c, t)
                w = need[w, GROUP_NEXT]
    move_prices(s, -1)

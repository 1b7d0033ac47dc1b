"""Compiled: how a change breaks complementary slackness, put right by emptying or filling the arcs that break it.

What is taken from an arc or put on it stays behind as a balance at its ends, for `graph.standing_kernels.settle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph.market import SEGMENTS, TOP_SCORE, TOP_TIE
from graph.standing_kernels import add_balance, promote, set_flow, set_sent, set_unmet
from graph.standing_search import compiled, less, next_step, tie_cost
from graph.standing_state import (
    ABOVE,
    ASKED,
    BEFORE,
    CAPACITY,
    CAPS,
    COL,
    COL_LEN,
    COL_NEAR,
    DEMAND,
    EPOCH,
    FAIR_UNIT,
    FALLEN,
    FAR,
    FAR_EPOCH,
    FAR_PRICE,
    GROUP,
    GROUPS,
    MISSING,
    MOVED,
    MOVED_AT,
    NEAR,
    NEED_ID,
    NEED_REC,
    NEEDS,
    OFFER_ID,
    OFFER_REC,
    OFFERS,
    R_FLOW,
    R_LIMIT,
    R_NEED,
    R_NEED_NEXT,
    R_OFFER,
    R_OFFER_NEXT,
    R_SCORE,
    RISEN,
    ROW,
    ROW_LEN,
    ROW_NEAR,
    SENT,
    SWEEP,
    UNMET,
    UNMET_COST,
    WRONG,
)

if TYPE_CHECKING:
    from graph.standing_state import State

_NONE = 1 << 60


@compiled
def repair_need(s: State, i: int, fresh: bool) -> None:
    """The price of a need is at most that of its cheapest way on; what flows elsewhere is taken back."""
    need, node, rec = s.need, s.node, s.rec
    w = s.n[NEEDS] + s.n[OFFERS] + s.n[CAPS] + need[i, GROUP]
    gu, gc, gt = node[w, 0] + need[i, UNMET_COST], node[w, 1] + TOP_SCORE, node[w, 2] + TOP_TIE
    u, c, t = node[i, 0], node[i, 1], node[i, 2]
    if fresh or less(gu, gc, gt, u, c, t):
        u, c, t = gu, gc, gt
    for e in range(need[i, ROW], need[i, ROW] + need[i, ROW_LEN]):
        o = s.row_offer[e]
        if o < 0:
            continue
        w = s.n[NEEDS] + o
        if node[w, 0] > u:
            continue
        wc = node[w, 1] + TOP_SCORE - s.row_score[e]
        if node[w, 0] == u and wc > c:
            continue
        wt = node[w, 2] + tie_cost(need[i, NEED_ID], s.up[o, OFFER_ID])
        if less(node[w, 0], wc, wt, u, c, t):
            u, c, t = node[w, 0], wc, wt
    node[i, 0], node[i, 1], node[i, 2] = u, c, t
    if fresh and need[i, DEMAND]:
        # While it slept nobody counted it.
        for e in range(need[i, ROW], need[i, ROW] + need[i, ROW_LEN]):
            o = s.row_offer[e]
            s.up[o if o >= 0 else -1 - o, FAR_EPOCH] = 0
    if need[i, UNMET] and less(u, c, t, gu, gc, gt):
        set_unmet(s, i, 0)
    r = need[i, NEED_REC]
    while r >= 0:
        if rec[r, R_FLOW] > 0:
            w = s.n[NEEDS] + rec[r, R_OFFER]
            wt = node[w, 2] + tie_cost(need[i, NEED_ID], s.up[rec[r, R_OFFER], OFFER_ID])
            if less(u, c, t, node[w, 0], node[w, 1] + TOP_SCORE - rec[r, R_SCORE], wt):
                set_flow(s, r, 0)
        r = rec[r, R_NEED_NEXT]


@compiled
def repair_offer(s: State, o: int, fresh: bool) -> None:
    """The price of an offer is at least what its best taker would give; what flows for less is taken back."""
    need, node, rec = s.need, s.node, s.rec
    v = s.n[NEEDS] + o
    u, c, t = node[v, 0], node[v, 1], node[v, 2]
    if fresh:
        w = s.up[o, ABOVE]
        u, c, t = node[w, 0], node[w, 1], node[w, 2]
    for e in range(s.up[o, COL], s.up[o, COL] + s.up[o, COL_LEN]):
        i = s.col_need[e]
        if i < 0 or node[i, 0] < u:
            continue
        ic = node[i, 1] - TOP_SCORE + s.col_score[e]
        if (node[i, 0] == u and ic < c) or need[i, DEMAND] == 0:
            continue
        it = node[i, 2] - tie_cost(need[i, NEED_ID], s.up[o, OFFER_ID])
        if less(u, c, t, node[i, 0], ic, it):
            u, c, t = node[i, 0], ic, it
    node[v, 0], node[v, 1], node[v, 2] = u, c, t
    r = s.up[o, OFFER_REC]
    while r >= 0:
        if rec[r, R_FLOW] > 0:
            i = rec[r, R_NEED]
            it = node[i, 2] - tie_cost(need[i, NEED_ID], s.up[o, OFFER_ID])
            if less(node[i, 0], node[i, 1] - TOP_SCORE + rec[r, R_SCORE], it, u, c, t):
                set_flow(s, r, 0)
        r = rec[r, R_OFFER_NEXT]
    repair_up(s, o)


@compiled
def repair_up(s: State, k: int) -> None:
    """The arc above an offer or a cap."""
    node, up = s.node, s.up
    v, w = s.n[NEEDS] + k, up[k, ABOVE]
    capacity = up[k, CAPACITY]
    if less(node[w, 0], node[w, 1], node[w, 2], node[v, 0], node[v, 1], node[v, 2]):
        set_sent(s, k, capacity)
    elif up[k, SENT] and less(node[v, 0], node[v, 1], node[v, 2], node[w, 0], node[w, 1], node[w, 2]):
        set_sent(s, k, 0)
    elif up[k, SENT] > capacity:
        set_sent(s, k, capacity)


@compiled
def repair_group(s: State, g: int) -> None:
    """Segments below the price of a group are full, those above it empty."""
    v = s.n[NEEDS] + s.n[OFFERS] + s.n[CAPS] + g
    asked = s.group[g, ASKED]
    missing = min(s.group[g, MISSING], asked)
    u, c, t = s.node[v, 0], s.node[v, 1], s.node[v, 2]
    while missing < asked:
        k = next_step(asked, missing)
        if not less(s.n[FAIR_UNIT] * (2 * k + 1), 0, 0, u, c, t):
            break
        missing = asked * (k + 1) // SEGMENTS
    while missing > 0:
        k = next_step(asked, missing - 1)
        if not less(u, c, t, s.n[FAIR_UNIT] * (2 * k + 1), 0, 0):
            break
        missing = asked * k // SEGMENTS
    add_balance(s, v, s.group[g, MISSING] - missing)
    s.group[g, MISSING] = missing


@compiled
def set_demand(s: State, i: int, demand: int) -> None:
    need = s.need
    g = need[i, GROUP]
    old = need[i, DEMAND]
    need[i, DEMAND] = demand
    add_balance(s, i, demand - old)
    if not demand:
        r = need[i, NEED_REC]
        while r >= 0:
            if s.rec[r, R_FLOW] > 0:
                set_flow(s, r, 0)
            r = s.rec[r, R_NEED_NEXT]
        set_unmet(s, i, 0)
    if not s.group[g, ASKED]:
        v = s.n[NEEDS] + s.n[OFFERS] + s.n[CAPS] + g
        s.node[v, 0], s.node[v, 1], s.node[v, 2] = 0, 0, 0
        if demand:
            s.node[v, 0] = s.n[FAIR_UNIT] * (2 * next_step(demand, 0) + 1)
    s.group[g, ASKED] += demand - old
    repair_group(s, g)
    if demand and not old:
        repair_need(s, i, True)


@compiled
def set_capacity(s: State, k: int, capacity: int) -> None:
    s.up[k, CAPACITY] = capacity
    repair_up(s, k)


@compiled
def repair_all(s: State, fresh: bool) -> None:
    """After loading: prices may come from elsewhere, with capacities on pairs that are not kept here, or be none."""
    n = s.n
    for i in range(n[NEEDS]):
        near_of_need(s, i)
    if fresh:
        for g in range(n[GROUPS]):
            if s.group[g, ASKED]:
                s.node[n[NEEDS] + n[OFFERS] + n[CAPS] + g, 0] = n[FAIR_UNIT] * (2 * next_step(s.group[g, ASKED], 0) + 1)
        for i in range(n[NEEDS]):
            if s.need[i, DEMAND]:
                repair_need(s, i, True)
    first_group = n[NEEDS] + n[OFFERS] + n[CAPS]
    for g in range(n[GROUPS]):
        repair_group(s, g)
    for i in range(n[NEEDS]):
        r = s.need[i, NEED_REC]
        if r >= 0 and s.rec[r, R_FLOW] == s.need[i, DEMAND] and s.rec[r, R_FLOW] != s.rec[r, R_LIMIT]:
            repair_need(s, i, False)
    for o in range(n[OFFERS]):
        repair_offer(s, o, False)
    for k in range(n[OFFERS], first_group - n[NEEDS]):
        repair_up(s, k)
    for i in range(n[NEEDS]):
        if s.need[i, DEMAND]:
            repair_need(s, i, False)


@compiled
def price_sleepers(s: State) -> None:
    """Needs without demand take no part in searches; their prices are made when somebody looks."""
    for i in range(s.n[NEEDS]):
        if not s.need[i, DEMAND]:
            repair_need(s, i, True)


# --- near pairs


@compiled
def near_of_need(s: State, i: int) -> None:
    """The pairs of a need with the lowest reduced costs become near ones."""
    need, node = s.need, s.node
    start, many = need[i, ROW], min(need[i, ROW_LEN], NEAR)
    low = np.empty((NEAR, 3), dtype=np.int64)
    found = 0
    for e in range(start, start + need[i, ROW_LEN]):
        o = s.row_offer[e]
        if o < 0:
            continue
        u, c = node[s.n[NEEDS] + o, 0], node[s.n[NEEDS] + o, 1] - s.row_score[e]
        if found == many and not less(u, c, 0, low[found - 1, 0], low[found - 1, 1], 0):
            continue
        at = found if found < many else many - 1
        while at > 0 and less(u, c, 0, low[at - 1, 0], low[at - 1, 1], 0):
            low[at, :] = low[at - 1, :]
            at -= 1
        low[at, 0], low[at, 1], low[at, 2] = u, c, o
        found = min(found + 1, many)
    for at in range(found):
        promote(s, i, low[at, 2])


@compiled
def near_of_offer(s: State, o: int) -> None:
    """The pairs of an offer with the lowest reduced costs become near ones."""
    node = s.node
    start, many = s.up[o, COL], min(s.up[o, COL_LEN], NEAR)
    low = np.empty((NEAR, 3), dtype=np.int64)
    found = 0
    for e in range(start, start + s.up[o, COL_LEN]):
        i = s.col_need[e]
        if i < 0 or s.need[i, DEMAND] == 0:
            continue
        u, c = -node[i, 0], -node[i, 1] - s.col_score[e]
        if found == many and not less(u, c, 0, low[found - 1, 0], low[found - 1, 1], 0):
            continue
        at = found if found < many else many - 1
        while at > 0 and less(u, c, 0, low[at - 1, 0], low[at - 1, 1], 0):
            low[at, :] = low[at - 1, :]
            at -= 1
        low[at, 0], low[at, 1], low[at, 2] = u, c, i
        found = min(found + 1, many)
    for at in range(found):
        promote(s, low[at, 2], o)


@compiled
def sweep(s: State) -> int:
    """Looks at the far pairs whose reduced cost may have fallen; those below 0 become near ones, their needs are put
    right. How many there were.

    A line is passed over where the least reduced cost it had can not have gone since: by how much its own price moved
    is known exactly, and no other fell (or rose) by more than all searches together let prices fall (or rise).
    """
    n, need, up, node = s.n, s.need, s.up, s.node
    first_offer = n[NEEDS]
    many = n[MOVED]
    wrong = 0
    for x in range(many):
        v = s.work[x, MOVED_AT]
        if v >= first_offer + n[OFFERS]:
            continue
        u, c, t = node[v, 0], node[v, 1], node[v, 2]
        rose = less(node[v, BEFORE], node[v, BEFORE + 1], node[v, BEFORE + 2], u, c, t)
        least = _NONE
        if v < first_offer and rose and need[v, DEMAND]:
            if need[v, FAR_EPOCH] == n[EPOCH] and need[v, FAR_PRICE] == u and need[v, FAR] - c > n[FALLEN]:
                continue
            high = c - TOP_SCORE
            hit = False
            for e in range(need[v, ROW] + need[v, ROW_NEAR], need[v, ROW] + need[v, ROW_LEN]):
                o = s.row_offer[e]
                w = first_offer + o
                if node[w, 0] > u:
                    continue
                over = node[w, 1] - s.row_score[e] - high
                if node[w, 0] == u and over > 0:
                    least = min(least, over)
                    continue
                wt = node[w, 2] + tie_cost(need[v, NEED_ID], up[o, OFFER_ID])
                if less(node[w, 0], over, wt, u, 0, t):
                    promote(s, v, o)
                    hit = True
                    wrong += 1
                else:
                    least = 0
            need[v, FAR_EPOCH], need[v, FAR_PRICE], need[v, FAR] = n[EPOCH], u, least + c + n[FALLEN]
            if hit:
                repair_need(s, v, False)
        elif v >= first_offer and less(u, c, t, node[v, BEFORE], node[v, BEFORE + 1], node[v, BEFORE + 2]):
            o = v - first_offer
            if up[o, FAR_EPOCH] == n[EPOCH] and up[o, FAR_PRICE] == u and up[o, FAR] + c > n[RISEN]:
                continue
            low = c + TOP_SCORE
            for e in range(up[o, COL] + up[o, COL_NEAR], up[o, COL] + up[o, COL_LEN]):
                i = s.col_need[e]
                if node[i, 0] < u:
                    continue
                over = low - node[i, 1] - s.col_score[e]
                if node[i, 0] == u and over >= least:
                    continue
                if need[i, DEMAND] == 0:
                    continue
                if node[i, 0] == u and over > 0:
                    least = over
                    continue
                it = node[i, 2] - tie_cost(need[i, NEED_ID], up[o, OFFER_ID])
                if less(u, over, t, node[i, 0], 0, it):
                    promote(s, i, o)
                    repair_need(s, i, False)
                    wrong += 1
                else:
                    least = 0
            up[o, FAR_EPOCH], up[o, FAR_PRICE], up[o, FAR] = n[EPOCH], u, least - c + n[RISEN]
    n[MOVED] = 0
    n[SWEEP] += 1
    n[WRONG] += wrong
    return wrong

"""The compiled part of a standing plan that moves flow: along the path a search found, until every balance is 0.

A node whose balance is not 0 has units too many (they must go on to the root) or too few (they must come from it).
Successive shortest paths: J. Edmonds and R. M. Karp, doi:10.1145/321694.321699.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph.market import SEGMENTS
from graph.standing_search import compiled, next_step, search_back, search_on
from graph.standing_state import (
    ABOVE,
    ASKED,
    BALANCE,
    BEST,
    CAPACITY,
    CAPS,
    COL,
    COL_LEN,
    COL_NEAR,
    EVENT,
    FREE,
    FREED,
    GROUP,
    GROUPS,
    MISSING,
    NEED_REC,
    NEEDS,
    OFFER_REC,
    OFFERS,
    PRED,
    QUEUE_AT,
    QUEUED,
    R_BEFORE,
    R_EVENT,
    R_FLOW,
    R_LIMIT,
    R_NEED,
    R_NEED_NEXT,
    R_NEED_PREV,
    R_OFFER,
    R_OFFER_NEXT,
    R_OFFER_PREV,
    R_SCORE,
    RADIUS,
    RECORDS,
    ROW,
    ROW_LEN,
    ROW_NEAR,
    SENT,
    TARGET,
    TOUCHED,
    UNLIMITED,
    UNMET,
    USUAL,
    WAITS,
    WIDE,
)

if TYPE_CHECKING:
    from graph.standing_state import Shorts, State

_ENDLESS = 1 << 62
_MANY = 1000
# Of score: 10 ** 8 is a whole one.
_STEP, _MOST_USUAL, _WHOLE_RADIUS = 20_000, 1 << 30, 1 << 32


@compiled
def add_balance(s: State, v: int, amount: int) -> None:
    if v == len(s.node) - 1 or not amount:
        return
    s.node[v, BALANCE] += amount
    if not s.node[v, WAITS]:
        s.node[v, WAITS] = True
        s.work[s.n[QUEUED], QUEUE_AT] = v
        s.n[QUEUED] += 1


@compiled
def record(s: State, i: int, o: int) -> int:
    """The record of a pair, -1 when it carries nothing."""
    r = s.need[i, NEED_REC]
    while r >= 0 and s.rec[r, R_OFFER] != o:
        r = s.rec[r, R_NEED_NEXT]
    return int(r)


@compiled
def entry(line: Shorts, start: int, length: int, position: int) -> int:
    """Where a position stands in a row or column, full or not."""
    for e in range(start, start + length):
        if line[e] == position or line[e] == -1 - position:
            return e
    return -1


@compiled
def promote(s: State, i: int, o: int) -> int:
    """Puts a pair among the near ones of its row and its column; where it stands in the row."""
    first = s.up[o, COL] + s.up[o, COL_NEAR]
    e = entry(s.col_need, s.up[o, COL], s.up[o, COL_LEN], i)
    if e >= first:
        s.col_need[e], s.col_need[first] = s.col_need[first], s.col_need[e]
        s.col_score[e], s.col_score[first] = s.col_score[first], s.col_score[e]
        s.up[o, COL_NEAR] += 1
    first = s.need[i, ROW] + s.need[i, ROW_NEAR]
    e = entry(s.row_offer, s.need[i, ROW], s.need[i, ROW_LEN], o)
    if e < first:
        return e
    s.row_offer[e], s.row_offer[first] = s.row_offer[first], s.row_offer[e]
    s.row_score[e], s.row_score[first] = s.row_score[first], s.row_score[e]
    s.row_limit[e], s.row_limit[first] = s.row_limit[first], s.row_limit[e]
    s.need[i, ROW_NEAR] += 1
    return int(first)


@compiled
def new_record(s: State, i: int, o: int) -> int:
    n, rec = s.n, s.rec
    r = n[FREE]
    if r >= 0:
        n[FREE] = rec[r, R_NEED_NEXT]
        n[FREED] -= 1
    else:
        r = n[RECORDS]
        n[RECORDS] += 1
    e = promote(s, i, o)
    rec[r, R_NEED], rec[r, R_OFFER], rec[r, R_FLOW] = i, o, 0
    rec[r, R_LIMIT], rec[r, R_SCORE], rec[r, R_EVENT] = s.row_limit[e], s.row_score[e], -1
    after, below = s.need[i, NEED_REC], s.up[o, OFFER_REC]
    rec[r, R_NEED_NEXT], rec[r, R_NEED_PREV], rec[r, R_OFFER_NEXT], rec[r, R_OFFER_PREV] = after, -1, below, -1
    if after >= 0:
        rec[after, R_NEED_PREV] = r
    if below >= 0:
        rec[below, R_OFFER_PREV] = r
    s.need[i, NEED_REC] = r
    s.up[o, OFFER_REC] = r
    return int(r)


@compiled
def mark(s: State, r: int, full: bool) -> None:
    """Notes in row and column whether the pair is full."""
    i, o = s.rec[r, R_NEED], s.rec[r, R_OFFER]
    e = entry(s.row_offer, s.need[i, ROW], s.need[i, ROW_LEN], o)
    s.row_offer[e] = -1 - o if full else o
    e = entry(s.col_need, s.up[o, COL], s.up[o, COL_LEN], i)
    s.col_need[e] = -1 - i if full else i


@compiled
def write_flow(s: State, r: int, flow: int) -> None:
    n, rec = s.n, s.rec
    if rec[r, R_EVENT] != n[EVENT]:
        rec[r, R_EVENT], rec[r, R_BEFORE] = n[EVENT], rec[r, R_FLOW]
        s.touched[n[TOUCHED]] = r
        n[TOUCHED] += 1
    limit = rec[r, R_LIMIT]
    was, full = rec[r, R_FLOW] == limit, flow == limit
    rec[r, R_FLOW] = flow
    if was != full and limit != UNLIMITED:
        mark(s, r, full)


@compiled
def set_flow(s: State, r: int, flow: int) -> None:
    change = s.rec[r, R_FLOW] - flow
    write_flow(s, r, flow)
    add_balance(s, s.rec[r, R_NEED], change)
    add_balance(s, s.n[NEEDS] + s.rec[r, R_OFFER], -change)


@compiled
def set_unmet(s: State, i: int, unmet: int) -> None:
    change = s.need[i, UNMET] - unmet
    s.need[i, UNMET] = unmet
    add_balance(s, i, change)
    add_balance(s, s.n[NEEDS] + s.n[OFFERS] + s.n[CAPS] + s.need[i, GROUP], -change)


@compiled
def set_sent(s: State, k: int, sent: int) -> None:
    change = s.up[k, SENT] - sent
    s.up[k, SENT] = sent
    add_balance(s, s.n[NEEDS] + k, change)
    add_balance(s, s.up[k, ABOVE], -change)


@compiled
def room_of(s: State, a: int, b: int) -> int:
    """What the residual arc a -> b of a path can still take."""
    first_offer = s.n[NEEDS]
    first_group = first_offer + s.n[OFFERS] + s.n[CAPS]
    root = first_group + s.n[GROUPS]
    if a < first_offer:
        if b >= first_group:
            return _ENDLESS
        r = record(s, a, b - first_offer)
        if r >= 0:
            limit = s.rec[r, R_LIMIT]
            return _ENDLESS if limit == UNLIMITED else limit - s.rec[r, R_FLOW]
        limit = s.row_limit[entry(s.row_offer, s.need[a, ROW], s.need[a, ROW_LEN], b - first_offer)]
        return _ENDLESS if limit == UNLIMITED else int(limit)
    if b < first_offer:
        return int(s.need[b, UNMET] if a >= first_group else s.rec[record(s, b, a - first_offer), R_FLOW])
    if b == root and a >= first_group:
        asked, missing = s.group[a - first_group, ASKED], s.group[a - first_group, MISSING]
        return int(asked * (next_step(asked, missing) + 1) // SEGMENTS - missing)
    if a == root and b >= first_group:
        asked, missing = s.group[b - first_group, ASKED], s.group[b - first_group, MISSING]
        return int(missing - asked * next_step(asked, missing - 1) // SEGMENTS)
    if s.up[a - first_offer, ABOVE] == b if a < first_group else False:
        return int(s.up[a - first_offer, CAPACITY] - s.up[a - first_offer, SENT])
    return int(s.up[b - first_offer, SENT])


@compiled
def push(s: State, a: int, b: int, amount: int) -> None:
    first_offer = s.n[NEEDS]
    first_group = first_offer + s.n[OFFERS] + s.n[CAPS]
    root = first_group + s.n[GROUPS]
    if a < first_offer:
        if b >= first_group:
            s.need[a, UNMET] += amount
            return
        r = record(s, a, b - first_offer)
        if r < 0:
            r = new_record(s, a, b - first_offer)
        write_flow(s, r, s.rec[r, R_FLOW] + amount)
    elif b < first_offer:
        if a >= first_group:
            s.need[b, UNMET] -= amount
        else:
            r = record(s, b, a - first_offer)
            write_flow(s, r, s.rec[r, R_FLOW] - amount)
    elif b == root and a >= first_group:
        s.group[a - first_group, MISSING] += amount
    elif a == root and b >= first_group:
        s.group[b - first_group, MISSING] -= amount
    elif s.up[a - first_offer, ABOVE] == b if a < first_group else False:
        s.up[a - first_offer, SENT] += amount
    else:
        s.up[b - first_offer, SENT] -= amount


@compiled
def augment(s: State, source: int) -> bool:
    """Sends what fits along the path just found. False, and nothing done, when there may be no record left for it."""
    n, node = s.n, s.node
    target = n[TARGET]
    if target < 0:
        n[WIDE] = 2
        return True
    forward = node[source, BALANCE] > 0
    most = abs(node[source, BALANCE])
    if target != len(node) - 1:
        most = min(most, abs(node[target, BALANCE]))
    steps = 0
    w = target
    while w != source:
        v = node[w, PRED]
        most = min(most, room_of(s, v, w) if forward else room_of(s, w, v))
        steps += 1
        w = v
    if len(s.touched) - n[RECORDS] + n[FREED] < steps:
        return False
    w = target
    while w != source:
        v = node[w, PRED]
        if forward:
            push(s, v, w, most)
        else:
            push(s, w, v, most)
        w = v
    signed = most if forward else -most
    node[source, BALANCE] -= signed
    if target != len(node) - 1:
        node[target, BALANCE] += signed
    return True


@compiled
def find(s: State, source: int) -> None:
    """The nearest goal, looked for as far as goals were of late, then farther and farther."""
    n = s.n
    n[RADIUS] = max(2 * n[USUAL], 1)
    n[TARGET] = -1
    while True:
        if s.node[source, BALANCE] > 0:
            search_on(s, source)
        else:
            search_back(s, source)
        if n[TARGET] >= 0 or n[RADIUS] < 0:
            break
        n[RADIUS] = -1 if n[RADIUS] > _WHOLE_RADIUS else 8 * n[RADIUS] + _STEP
    if n[BEST] == 0:
        n[USUAL] = (3 * n[USUAL] + min(n[BEST + 1], _MOST_USUAL)) // 4


@compiled
def first_waiting(s: State) -> int:
    """Needs before offers before caps and groups: what is left over at a cap or group is the goal of the others then,
    and need not go to the root and come back. Of many that wait (a plan made from nothing) the last."""
    last = s.n[QUEUED] - 1
    for x in range(last if last < _MANY else 0):
        if s.work[x, QUEUE_AT] < s.work[last, QUEUE_AT]:
            s.work[x, QUEUE_AT], s.work[last, QUEUE_AT] = s.work[last, QUEUE_AT], s.work[x, QUEUE_AT]
    return int(s.work[last, QUEUE_AT])


@compiled
def settle(s: State) -> bool:
    """Until every balance is 0. False when more records are needed first."""
    n = s.n
    while n[QUEUED]:
        v = first_waiting(s)
        while s.node[v, BALANCE] != 0 and not n[WIDE]:
            find(s, v)
            if not augment(s, v):
                return False
        if n[WIDE]:
            return True
        s.node[v, WAITS] = False
        n[QUEUED] -= 1
    return True

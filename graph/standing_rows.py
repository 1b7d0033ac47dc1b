"""Compiled: the lists of a standing plan. Pairs in rows and columns, members of groups and caps, what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph.standing_kernels import entry, mark, new_record, promote, set_flow, write_flow
from graph.standing_search import compiled
from graph.standing_state import (
    ABOVE,
    CHILD,
    COL,
    COL_LEN,
    COL_NEAR,
    COL_ROOM,
    COL_TOP,
    EVENT,
    FAR_EPOCH,
    FREE,
    FREED,
    GROUP,
    GROUP_NEXT,
    GROUP_PREV,
    MEMBER,
    NEED_ID,
    NEED_REC,
    NEEDS,
    OFFER_ID,
    OFFER_REC,
    OFFERS,
    R_BEFORE,
    R_FLOW,
    R_LIMIT,
    R_NEED,
    R_NEED_NEXT,
    R_NEED_PREV,
    R_OFFER,
    R_OFFER_NEXT,
    R_OFFER_PREV,
    R_SCORE,
    ROW,
    ROW_LEN,
    ROW_NEAR,
    ROW_ROOM,
    ROW_TOP,
    SIBLING_NEXT,
    SIBLING_PREV,
    TOUCHED,
    UNLIMITED,
)

if TYPE_CHECKING:
    from graph.solver import Ints
    from graph.standing_state import Shorts, State


@compiled
def widen(s: State, line: Ints, at: int, first: int, top: int, column: bool) -> None:
    """Moves a row or column to the end of its array, with a quarter more room. `first` is its column ROW or COL."""
    start, length = line[at, first], line[at, first + 1]
    to = s.n[top]
    room = length + (length >> 2) + 8
    s.n[top] += room
    for e in range(length):
        if column:
            s.col_need[to + e] = s.col_need[start + e]
            s.col_score[to + e] = s.col_score[start + e]
        else:
            s.row_offer[to + e] = s.row_offer[start + e]
            s.row_score[to + e] = s.row_score[start + e]
            s.row_limit[to + e] = s.row_limit[start + e]
    line[at, first], line[at, first + 2] = to, room


@compiled
def add_pair(s: State, i: int, o: int, limit: int, score: int, row: bool, column: bool) -> None:
    """Room in the arrays is there; what is full is not asked."""
    if row:
        if s.need[i, ROW_LEN] == s.need[i, ROW_ROOM]:
            widen(s, s.need, i, ROW, ROW_TOP, False)
        e = s.need[i, ROW] + s.need[i, ROW_LEN]
        s.row_offer[e], s.row_score[e], s.row_limit[e] = o, score, limit
        s.need[i, ROW_LEN] += 1
        s.need[i, FAR_EPOCH] = 0
    if column:
        if s.up[o, COL_LEN] == s.up[o, COL_ROOM]:
            widen(s, s.up, o, COL, COL_TOP, True)
        e = s.up[o, COL] + s.up[o, COL_LEN]
        s.col_need[e], s.col_score[e] = i, score
        s.up[o, COL_LEN] += 1
        s.up[o, FAR_EPOCH] = 0


@compiled
def drop_from_column(s: State, i: int, o: int) -> None:
    s.up[o, COL_LEN] -= 1
    last = s.up[o, COL] + s.up[o, COL_LEN]
    e = entry(s.col_need, s.up[o, COL], s.up[o, COL_LEN] + 1, i)
    if e < s.up[o, COL] + s.up[o, COL_NEAR]:
        s.up[o, COL_NEAR] -= 1
        near = s.up[o, COL] + s.up[o, COL_NEAR]
        s.col_need[e], s.col_score[e] = s.col_need[near], s.col_score[near]
        e = near
    s.col_need[e], s.col_score[e] = s.col_need[last], s.col_score[last]


@compiled
def drop_from_row(s: State, i: int, o: int) -> None:
    s.need[i, ROW_LEN] -= 1
    last = s.need[i, ROW] + s.need[i, ROW_LEN]
    e = entry(s.row_offer, s.need[i, ROW], s.need[i, ROW_LEN] + 1, o)
    if e < s.need[i, ROW] + s.need[i, ROW_NEAR]:
        s.need[i, ROW_NEAR] -= 1
        near = s.need[i, ROW] + s.need[i, ROW_NEAR]
        s.row_offer[e], s.row_score[e], s.row_limit[e] = s.row_offer[near], s.row_score[near], s.row_limit[near]
        e = near
    s.row_offer[e], s.row_score[e], s.row_limit[e] = s.row_offer[last], s.row_score[last], s.row_limit[last]


@compiled
def reset_records(s: State, first: int, link: int) -> None:
    """Limits and scores of pairs that carry flow are read anew; a flow above its limit is cut."""
    r = first
    while r >= 0:
        if s.rec[r, R_FLOW] > 0:
            i, o = s.rec[r, R_NEED], s.rec[r, R_OFFER]
            e = promote(s, i, o)
            flow, limit = s.rec[r, R_FLOW], s.row_limit[e]
            s.rec[r, R_SCORE], s.rec[r, R_LIMIT] = s.row_score[e], UNLIMITED
            if flow > limit:
                set_flow(s, r, limit)
            s.rec[r, R_LIMIT] = limit
            if flow >= limit and limit != UNLIMITED:
                mark(s, r, True)
        r = s.rec[r, link]


@compiled
def pairs_of_need(s: State, i: int, offers: Shorts, limits: Shorts, scores: Shorts) -> None:
    """The pairs of a need are these from now on."""
    need = s.need
    r = need[i, NEED_REC]
    while r >= 0:
        if s.rec[r, R_FLOW] > 0:
            kept = False
            for o in offers:
                kept = kept or o == s.rec[r, R_OFFER]
            if not kept:
                set_flow(s, r, 0)
        r = s.rec[r, R_NEED_NEXT]
    for e in range(need[i, ROW], need[i, ROW] + need[i, ROW_LEN]):
        o = s.row_offer[e]
        drop_from_column(s, i, o if o >= 0 else -1 - o)
    need[i, ROW_LEN], need[i, ROW_NEAR] = 0, 0
    if len(offers) > need[i, ROW_ROOM]:
        need[i, ROW], need[i, ROW_ROOM] = s.n[ROW_TOP], len(offers)
        s.n[ROW_TOP] += len(offers)
    for e in range(len(offers)):
        add_pair(s, i, offers[e], limits[e], scores[e], True, True)
    reset_records(s, need[i, NEED_REC], R_NEED_NEXT)


@compiled
def pairs_of_offer(s: State, o: int, needs: Shorts, limits: Shorts, scores: Shorts) -> None:
    """The pairs of an offer are these from now on."""
    up = s.up
    r = up[o, OFFER_REC]
    while r >= 0:
        if s.rec[r, R_FLOW] > 0:
            kept = False
            for i in needs:
                kept = kept or i == s.rec[r, R_NEED]
            if not kept:
                set_flow(s, r, 0)
        r = s.rec[r, R_OFFER_NEXT]
    for e in range(up[o, COL], up[o, COL] + up[o, COL_LEN]):
        i = s.col_need[e]
        drop_from_row(s, i if i >= 0 else -1 - i, o)
    up[o, COL_LEN], up[o, COL_NEAR] = 0, 0
    if len(needs) > up[o, COL_ROOM]:
        up[o, COL], up[o, COL_ROOM] = s.n[COL_TOP], len(needs)
        s.n[COL_TOP] += len(needs)
    for e in range(len(needs)):
        add_pair(s, needs[e], o, limits[e], scores[e], True, True)
    reset_records(s, up[o, OFFER_REC], R_OFFER_NEXT)


@compiled
def join_group(s: State, i: int, g: int) -> None:
    first = s.group[g, MEMBER]
    s.need[i, GROUP], s.need[i, GROUP_NEXT], s.need[i, GROUP_PREV] = g, first, -1
    if first >= 0:
        s.need[first, GROUP_PREV] = i
    s.group[g, MEMBER] = i


@compiled
def leave_group(s: State, i: int) -> None:
    after, before = s.need[i, GROUP_NEXT], s.need[i, GROUP_PREV]
    if after >= 0:
        s.need[after, GROUP_PREV] = before
    if before >= 0:
        s.need[before, GROUP_NEXT] = after
    else:
        s.group[s.need[i, GROUP], MEMBER] = after


@compiled
def join_cap(s: State, k: int, above: int) -> None:
    """Puts an offer or cap under the node above it; the root keeps no list."""
    s.up[k, ABOVE], s.up[k, SIBLING_NEXT], s.up[k, SIBLING_PREV] = above, -1, -1
    if above == len(s.node) - 1:
        return
    cap = above - s.n[NEEDS]
    first = s.up[cap, CHILD]
    s.up[k, SIBLING_NEXT] = first
    if first >= 0:
        s.up[first, SIBLING_PREV] = k
    s.up[cap, CHILD] = k


@compiled
def leave_cap(s: State, k: int) -> None:
    after, before, above = s.up[k, SIBLING_NEXT], s.up[k, SIBLING_PREV], s.up[k, ABOVE]
    if above == len(s.node) - 1:
        return
    if after >= 0:
        s.up[after, SIBLING_PREV] = before
    if before >= 0:
        s.up[before, SIBLING_NEXT] = after
    else:
        s.up[above - s.n[NEEDS], CHILD] = after


@compiled
def load(s: State, need: Shorts, offer: Shorts, limit: Shorts, score: Shorts, flow: Ints, carrying: Ints) -> None:
    """Rows and columns of all pairs, each with a sixteenth more room, and the flow of those at `carrying`."""
    n = s.n
    for p in range(len(need)):
        s.need[need[p], ROW_ROOM] += 1
        s.up[offer[p], COL_ROOM] += 1
    for i in range(n[NEEDS]):
        s.need[i, ROW], s.need[i, ROW_ROOM] = n[ROW_TOP], s.need[i, ROW_ROOM] + (s.need[i, ROW_ROOM] >> 4) + 2
        n[ROW_TOP] += s.need[i, ROW_ROOM]
    for o in range(n[OFFERS]):
        s.up[o, COL], s.up[o, COL_ROOM] = n[COL_TOP], s.up[o, COL_ROOM] + (s.up[o, COL_ROOM] >> 4) + 2
        n[COL_TOP] += s.up[o, COL_ROOM]
    for p in range(len(need)):
        add_pair(s, need[p], offer[p], limit[p], score[p], True, True)
    for x in range(len(carrying)):
        p = carrying[x]
        write_flow(s, new_record(s, need[p], offer[p]), flow[p])
    n[TOUCHED] = 0
    n[EVENT] += 1


@compiled
def pack(s: State, t: State) -> None:
    """Copies rows and columns of s into the larger arrays of t without the holes between them."""
    n = s.n
    n[ROW_TOP], n[COL_TOP] = 0, 0
    for i in range(n[NEEDS]):
        start, to, length = s.need[i, ROW], n[ROW_TOP], s.need[i, ROW_LEN]
        for e in range(length):
            t.row_offer[to + e] = s.row_offer[start + e]
            t.row_score[to + e] = s.row_score[start + e]
            t.row_limit[to + e] = s.row_limit[start + e]
        s.need[i, ROW], s.need[i, ROW_ROOM] = to, length + (length >> 4) + 2
        n[ROW_TOP] += s.need[i, ROW_ROOM]
    for o in range(n[OFFERS]):
        start, to, length = s.up[o, COL], n[COL_TOP], s.up[o, COL_LEN]
        for e in range(length):
            t.col_need[to + e] = s.col_need[start + e]
            t.col_score[to + e] = s.col_score[start + e]
        s.up[o, COL], s.up[o, COL_ROOM] = to, length + (length >> 4) + 2
        n[COL_TOP] += s.up[o, COL_ROOM]


@compiled
def close(s: State, changes: Ints) -> int:
    """Writes (need id, offer id, before, after) of what changed into rows of `changes`; frees empty records."""
    n, rec = s.n, s.rec
    count = 0
    for x in range(n[TOUCHED]):
        r = s.touched[x]
        i, o = rec[r, R_NEED], rec[r, R_OFFER]
        if rec[r, R_BEFORE] != rec[r, R_FLOW]:
            changes[count, 0], changes[count, 1] = s.need[i, NEED_ID], s.up[o, OFFER_ID]
            changes[count, 2], changes[count, 3] = rec[r, R_BEFORE], rec[r, R_FLOW]
            count += 1
        if rec[r, R_FLOW] == 0:
            after, before = rec[r, R_NEED_NEXT], rec[r, R_NEED_PREV]
            if after >= 0:
                rec[after, R_NEED_PREV] = before
            if before >= 0:
                rec[before, R_NEED_NEXT] = after
            else:
                s.need[i, NEED_REC] = after
            after, before = rec[r, R_OFFER_NEXT], rec[r, R_OFFER_PREV]
            if after >= 0:
                rec[after, R_OFFER_PREV] = before
            if before >= 0:
                rec[before, R_OFFER_NEXT] = after
            else:
                s.up[o, OFFER_REC] = after
            rec[r, R_NEED_NEXT] = n[FREE]
            n[FREE] = r
            n[FREED] += 1
    n[TOUCHED] = 0
    n[EVENT] += 1
    return count

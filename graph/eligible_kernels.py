"""Compiled loops of `graph.eligible`; importing this module loads numba.

Serial on purpose: the threads of a parallel kernel do not survive in forked workers. No fastmath: scores are exact.

A look (resource type and area of a need) is worked on as one: its candidates are merged once, and what only look and
offer decide (type, distance, freshness, record) is summed once for all needs that share it.
"""

# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"

from __future__ import annotations

import numpy as np
from numba import njit

from graph import score as law
from graph.columns import NEVER
from graph.values import WHOLE

HALF_NEAR_M, HALF_FRESH_DAYS, HALF_PATIENCE_DAYS = law.HALF_NEAR_M, law.HALF_FRESH_DAYS, law.HALF_PATIENCE_DAYS
STEP_TYPE, STEP_AREA, COVER_SHARE = law.STEP_TYPE, law.STEP_AREA, law.COVER_SHARE


@njit(cache=True)
def count(met, need, offer, most_candidates):
    """Eligible pairs of each need. The arguments are those of `fill`."""
    needs_start, needs_of = met[0], met[1]
    counts = np.zeros(len(need[0]), dtype=np.int64)
    own = np.empty(most_candidates, dtype=np.int32)
    heads = np.empty((2, _widest(met)), dtype=np.int64)
    start, end, least, able = np.empty((4, most_candidates), dtype=np.int64)
    for look in range(len(needs_start) - 1):
        size = _merged(met, look, heads, own)
        for place in range(size):
            o = own[place]
            start[place], end[place] = offer[0][o], offer[1][o]
            least[place], able[place] = offer[2][o], offer[3][o]
        for row in range(needs_start[look], needs_start[look + 1]):
            n = needs_of[row]
            remaining, wanted, until = need[0][n], need[1][n], need[2][n]
            total = 0
            for place in range(size):
                if (
                    start[place] <= until
                    and wanted <= end[place]
                    and min(remaining, able[place]) >= least[place]
                    and _welcome(need[3], n, offer, own[place])
                ):
                    total += 1
            counts[n] = total
    return counts


@njit(cache=True)
def fill(met, need, offer, most_candidates, areas, types, weights, place_of, out):
    """Write the eligible pairs of each need, offers ascending, from `place_of[need]` on.

    met      needs by look (start, needs), buckets by look (start, buckets), offers by bucket (start, offers)
    need     remaining, start, end, groups
    offer    start, end, least, min(available, most), restricted, earmarked, groups, earmarks,
             available, type depth, area, freshness, track
    areas    for each look its area, then path, depth, metres, located of every place
    types    for each look the depth of its type
    weights  six, in the order of PART_CODES
    out      offer, limit, score: int32, one entry a pair
    """
    needs_start, needs_of = met[0], met[1]
    own = np.empty(most_candidates, dtype=np.int32)
    heads = np.empty((2, _widest(met)), dtype=np.int64)
    start, end, least, able, given, fixed = np.empty((6, most_candidates), dtype=np.int64)
    out_offer, out_limit, out_score = out
    for look in range(len(needs_start) - 1):
        size = _merged(met, look, heads, own)
        for place in range(size):
            o = own[place]
            start[place], end[place] = offer[0][o], offer[1][o]
            least[place], able[place], given[place] = offer[2][o], offer[3][o], offer[8][o]
            fit = max(STEP_TYPE, WHOLE - STEP_TYPE * (types[look] - offer[9][o]))
            fresh = WHOLE * HALF_FRESH_DAYS // (HALF_FRESH_DAYS + offer[11][o])
            near = _nearness(areas, areas[0][look], offer[10][o])
            fixed[place] = weights[0] * fit + weights[1] * near + weights[3] * fresh + weights[5] * offer[12][o]
        for row in range(needs_start[look], needs_start[look + 1]):
            n = needs_of[row]
            remaining, wanted, until = need[0][n], need[1][n], need[2][n]
            days = until - wanted + 1
            at = place_of[n]
            for place in range(size):
                quantity = min(remaining, able[place])
                if not (
                    start[place] <= until
                    and wanted <= end[place]
                    and quantity >= least[place]
                    and _welcome(need[3], n, offer, own[place])
                ):
                    continue
                delay = max(start[place] - wanted, 0)
                timely = WHOLE
                if delay:
                    if until == NEVER:
                        timely = WHOLE * HALF_PATIENCE_DAYS // (HALF_PATIENCE_DAYS + delay)
                    else:
                        timely = WHOLE * (days - delay) // days
                room = COVER_SHARE * quantity // remaining
                room += (WHOLE - COVER_SHARE) * (given[place] - quantity) // given[place]
                out_offer[at] = own[place]
                out_limit[at] = quantity
                out_score[at] = fixed[place] + weights[2] * timely + weights[4] * room
                at += 1


@njit(cache=True)
def _welcome(groups, n, offer, o):
    """Client groups and earmark."""
    if offer[4][o]:
        common = False
        for word in range(groups.shape[1]):
            common |= (groups[n, word] & offer[6][o, word]) != 0
        if not common:
            return False
    if offer[5][o]:
        common = False
        for word in range(groups.shape[1]):
            common |= (groups[n, word] & offer[7][o, word]) != 0
        return common
    return True


@njit(cache=True)
def _nearness(areas, a, b):
    path, depth, metres, located = areas[1], areas[2], areas[3], areas[4]
    if located[a] and located[b]:
        apart = 0
        for axis in range(3):
            apart += (metres[a, axis] - metres[b, axis]) ** 2
        return WHOLE * HALF_NEAR_M // (HALF_NEAR_M + np.int64(np.sqrt(np.float64(apart))))
    common = 0
    for level in range(path.shape[1]):
        if path[a, level] >= 0 and path[a, level] == path[b, level]:
            common += 1
    if common == 0:
        return 0
    return max(0, WHOLE - STEP_AREA * (depth[a] - common))


@njit(cache=True)
def _widest(met):
    most = 1
    for look in range(len(met[2]) - 1):
        most = max(most, met[2][look + 1] - met[2][look])
    return most


@njit(cache=True)
def _merged(met, look, heads, own):
    """Offers in the buckets of a look, ascending, into `own`; returns how many."""
    seen_start, seen, standing_start, standing = met[2], met[3], met[4], met[5]
    many = 0
    for row in range(seen_start[look], seen_start[look + 1]):
        heads[0, many], heads[1, many] = standing_start[seen[row]], standing_start[seen[row] + 1]
        many += 1
    size = 0
    while many:
        least, at = standing[heads[0, 0]], 0
        for k in range(1, many):
            if standing[heads[0, k]] < least:
                least, at = standing[heads[0, k]], k
        own[size] = least
        size += 1
        heads[0, at] += 1
        if heads[0, at] == heads[1, at]:
            many -= 1
            heads[0, at], heads[1, at] = heads[0, many], heads[1, many]
    return size

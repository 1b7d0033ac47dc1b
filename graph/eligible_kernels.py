"""Compiled loops of `graph.eligible`; importing this module loads numba.

Serial on purpose: the threads of a parallel kernel do not survive in forked workers. No fastmath: scores are exact.

A look (resource type and area of a need) is worked on as one: its candidates are merged once, and what only look and
offer decide (type, distance, freshness, record) is summed once for all needs that share it. The loops over candidates
have no branches, so that the compiler makes vector code of them.
"""

# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"

from __future__ import annotations

import numpy as np
from numba import njit

from graph import score as law
from graph.columns import NEVER
from graph.values import WHOLE

HALF_NEAR_M, HALF_PATIENCE_DAYS = law.HALF_NEAR_M, law.HALF_PATIENCE_DAYS
STEP_TYPE, STEP_AREA, COVER_SHARE = law.STEP_TYPE, law.STEP_AREA, law.COVER_SHARE

#: Division by zero gives infinity as in numpy; a check on every quotient would forbid vector code.
compiled = njit(cache=True, error_model="numpy")


@compiled
def count(met, need, offer, longest, most):
    """Eligible pairs of each need, int64; stops when they are more than `most`. The arguments are those of `fill`."""
    needs_start, needs_of = met[0], met[1]
    counts = np.zeros(len(need[0]), dtype=np.int64)
    own, heads, whole, bits, fits, _ = _scratch(met, offer, longest)
    for look in range(len(needs_start) - 1):
        size = _gathered(met, look, heads, own, offer, whole, bits)
        for row in range(needs_start[look], needs_start[look + 1]):
            n = needs_of[row]
            _judge(need, n, size, whole, bits, fits)
            total = 0
            for place in range(size):
                total += fits[place]
            counts[n] = total
            most -= total
            if most < 0:
                # Here and not after the look: a hundred thousand needs may share one.
                return counts
    return counts


@compiled
def fill(met, need, offer, longest, areas, types, weights, place_of, out):
    """Write the eligible pairs of each need, offers ascending, from `place_of[need]` on.

    met      needs by look (start, needs), buckets by look (start, buckets), offers by bucket (start, offers)
    need     remaining, start, end: int32, groups: bitset
    offer    start, end, least, min(available, most), available: int32, open to all, without earmark: 0 or 1,
             groups, earmarks: bitsets, type depth, area, share of the score that is the offer's own
    longest  candidates of one need at most
    areas    for each look its area, then path, depth, metres, located of every place
    types    for each look the depth of its type
    weights  six, in the order of PART_CODES
    out      offer, limit, score: int32, one entry a pair

    Quotients are taken in doubles: for whole a < 2**53 and b the rounded a / b has the floor of the exact one, because
    the next whole number above is at least 1 / b away and rounding moves by less.
    """
    needs_start, needs_of = met[0], met[1]
    own, heads, whole, bits, fits, kept = _scratch(met, offer, longest)
    fixed, score = np.empty((2, longest), dtype=np.int32)
    start, able, given = whole[0], whole[3], whole[4]
    out_offer, out_limit, out_score = out
    for look in range(len(needs_start) - 1):
        size = _gathered(met, look, heads, own, offer, whole, bits)
        for place in range(size):
            o = own[place]
            fit = max(STEP_TYPE, WHOLE - STEP_TYPE * (types[look] - offer[9][o]))
            near = _nearness(areas, areas[0][look], offer[10][o])
            fixed[place] = weights[0] * fit + weights[1] * near + offer[11][o]
        for row in range(needs_start[look], needs_start[look + 1]):
            n = needs_of[row]
            _judge(need, n, size, whole, bits, fits)
            _score(need, n, size, start, able, given, weights, fixed, score)
            many = 0
            for place in range(size):
                kept[many] = place
                many += fits[place]
            at, remaining = place_of[n], need[0][n]
            for k in range(many):
                place = kept[k]
                out_offer[at + k] = own[place]
                out_limit[at + k] = min(remaining, able[place])
                out_score[at + k] = score[place]


@compiled
def _scratch(met, offer, longest):
    most = 1
    for look in range(len(met[2]) - 1):
        most = max(most, met[2][look + 1] - met[2][look])
    return (
        np.empty(longest, dtype=np.int32),
        np.empty((2, most), dtype=np.int64),
        np.empty((5, longest), dtype=np.int32),
        np.empty((2, 1 + offer[7].shape[1], longest), dtype=np.uint64),
        np.empty(longest, dtype=np.uint8),
        np.empty(longest, dtype=np.int32),
    )


@compiled
def _gathered(met, look, heads, own, offer, whole, bits):
    """The candidates of a look side by side; returns how many."""
    size = _merged(met, look, heads, own)
    words = offer[7].shape[1]
    for place in range(size):
        o = own[place]
        whole[0, place], whole[1, place] = offer[0][o], offer[1][o]
        whole[2, place], whole[3, place], whole[4, place] = offer[2][o], offer[3][o], offer[4][o]
        bits[0, 0, place], bits[1, 0, place] = offer[5][o], offer[6][o]
        for word in range(words):
            bits[0, 1 + word, place], bits[1, 1 + word, place] = offer[7][o, word], offer[8][o, word]
    return size


@compiled
def _judge(need, n, size, whole, bits, fits):
    """DATES, MINIMUM, CLIENT_GROUPS and EARMARK of one need: 1 where the pair is eligible, else 0."""
    remaining, wanted, until = need[0][n], need[1][n], need[2][n]
    start, end, least, able = whole[0], whole[1], whole[2], whole[3]
    for place in range(size):
        on_time = (start[place] <= until) & (wanted <= end[place])
        fits[place] = on_time & (able[place] >= least[place]) & (remaining >= least[place])
    for side in range(2):
        if bits.shape[1] == 2:
            free, held, asked = bits[side, 0], bits[side, 1], need[3][n, 0]
            for place in range(size):
                fits[place] &= (free[place] | (held[place] & asked)) != 0
            continue
        for place in range(size):
            common = bits[side, 0, place]
            for word in range(bits.shape[1] - 1):
                common |= bits[side, 1 + word, place] & need[3][n, word]
            fits[place] &= common != 0


@compiled
def _score(need, n, size, start, able, given, weights, fixed, score):
    """score_e8 of one need with each of its candidates, eligible or not."""
    remaining, wanted, until = need[0][n], np.float64(need[1][n]), need[2][n]
    days = np.float64(until) - wanted + 1.0
    # Timeliness is (top - fall x delay) // (base + rise x delay), with and without an end.
    top, fall, base, rise = WHOLE * days, np.float64(WHOLE), days, np.float64(0)
    if until == NEVER:
        top, fall, base, rise = (
            np.float64(WHOLE * HALF_PATIENCE_DAYS),
            np.float64(0),
            np.float64(HALF_PATIENCE_DAYS),
            np.float64(1),
        )
    by_time, by_room, asked = np.int32(weights[2]), np.int32(weights[4]), np.float64(remaining)
    for place in range(size):
        delay = max(np.float64(start[place]) - wanted, 0.0)
        timely = np.int32(max(top - fall * delay, 0.0) / (base + rise * delay))
        quantity, all_given = np.float64(min(remaining, able[place])), np.float64(given[place])
        cover = np.int32(np.float64(COVER_SHARE) * quantity / asked)
        free = np.int32(np.float64(WHOLE - COVER_SHARE) * (all_given - quantity) / all_given)
        score[place] = fixed[place] + by_time * timely + by_room * (cover + free)


@compiled
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


@compiled
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

"""Every eligible pair of needs and offers, or the best few of each need, computed on arrays.

    pairs = {(n, o) : no rule of graph.rules finds an obstacle},   score as in graph.score, both exact

Offers of fitting type and coverage are the candidates (`graph.parts`); the other rules and the score are evaluated on
flat arrays of pairs, at most `CHUNK` at a time, so memory does not grow with the product of the lists.
O(needs + offers + candidate pairs), where candidates are the pairs of fitting type and coverage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph import score as law
from graph.columns import NEVER, Columns, Ints, columns, spread
from graph.parts import Meetings, meetings
from graph.score import PART_CODES, weight_vector
from graph.values import WHOLE, Need, Offer, World

#: Pairs evaluated at a time: about 100 bytes each while they are worked on.
CHUNK = 1 << 18
_RANK_BITS = 24
_SCORE_BITS = 27  # a score is at most 100_000_000
_SCORE_TOP = 100_000_000
_SPAN = 1 << (63 - _RANK_BITS - _SCORE_BITS)  # need positions a sort key can tell apart


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs as columns of equal length.

    need_index, offer_index  int32: positions in the lists the caller gave
    score_e8                 int64: 0..100_000_000
    quantity                 int64: the most the pair can do now, at least 1
    parts                    int16, one row a pair, one column a part in the order of `PART_CODES`
    """

    need_index: npt.NDArray[np.int32]
    offer_index: npt.NDArray[np.int32]
    score_e8: Ints
    quantity: Ints
    parts: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.need_index)


def pairs(needs: Sequence[Need], offers: Sequence[Offer], world: World) -> Pairs:
    """All eligible pairs, ordered by need position, then offer position.

    Raises ValueError for bad weights, KeyError for a need's type or an area that the world does not know.
    """
    weights = weight_vector(world.weights)
    kept, offers = _within_reach(needs, offers, world)
    found = Evaluator(needs, offers, world)
    return _joined([found.finish(ni, oi, weights) for ni, oi in found.eligible()], kept)


def best(needs: Sequence[Need], offers: Sequence[Offer], world: World, limit: int) -> Pairs:
    """The best `limit` pairs of each need, ordered by need position, score descending, offer id ascending.

    Raises ValueError for bad weights or a limit below 1, KeyError for a type or area that the world does not know.
    """
    if limit < 1:
        raise ValueError(f"a limit is at least 1, not {limit}")
    weights = weight_vector(world.weights)
    kept, offers = _within_reach(needs, offers, world)
    found = Evaluator(needs, offers, world)
    by_id = np.argsort(found.offer.ids, kind="stable")
    rank = np.empty_like(by_id)
    rank[by_id] = np.arange(len(by_id))
    blocks = []
    for ni, oi in found.eligible():
        # One integer a pair sorts need, score and offer id at once; the parts are computed for the kept pairs only.
        first = ni.min() if len(ni) else 0
        score = found.score(ni, oi, weights)
        key = ((ni - first) << (_RANK_BITS + _SCORE_BITS)) | ((_SCORE_TOP - score) << _RANK_BITS) | rank[oi]
        key.sort()
        need_of = key >> (_RANK_BITS + _SCORE_BITS)
        place = np.arange(len(key)) - np.searchsorted(need_of, need_of)
        key, need_of = key[place < limit], need_of[place < limit]
        blocks.append(found.finish(need_of + first, by_id[key & ((1 << _RANK_BITS) - 1)], weights))
    return _joined(blocks, kept)


class Evaluator:
    """Both lists as columns, and the functions of a pair on them."""

    def __init__(self, needs: Sequence[Need], offers: Sequence[Offer], world: World) -> None:
        self._hold(columns(needs, offers, world))

    @classmethod
    def of(cls, given: Columns, known: Meetings | None = None) -> Evaluator:
        """The same on columns that are there already."""
        found = cls.__new__(cls)
        found._hold(given, known)
        return found

    def _hold(self, given: Columns, known: Meetings | None = None) -> None:
        if len(given.offer.ids) >= 1 << _RANK_BITS:
            raise ValueError(f"at most {1 << _RANK_BITS} offers at a time")
        self.need, self.offer, self.types, self.places = given.need, given.offer, given.types, given.places
        self._columns, self._known = given, known

    def eligible(self) -> Iterator[tuple[Ints, Ints]]:
        """Eligible pairs as (need positions, offer positions), needs ascending from block to block."""
        for ni, oi in self._candidates():
            keep = self._passes(ni, oi)
            yield ni[keep], oi[keep]

    def finish(self, ni: Ints, oi: Ints, weights: tuple[int, ...]) -> Pairs:
        values = self.parts(ni, oi)
        score = np.zeros(len(ni), dtype=np.int64)
        for weight, value in zip(weights, values, strict=True):
            score += weight * value
        return Pairs(
            ni.astype(np.int32),
            oi.astype(np.int32),
            score,
            self.quantity(ni, oi),
            np.stack(values, axis=1).astype(np.int16),
        )

    def score(self, ni: Ints, oi: Ints, weights: tuple[int, ...]) -> Ints:
        score = np.zeros(len(ni), dtype=np.int64)
        for weight, value in zip(weights, self.parts(ni, oi), strict=True):
            score += weight * value
        return score

    def quantity(self, ni: Ints, oi: Ints) -> Ints:
        most = np.minimum(self.need.remaining[ni], self.offer.available[oi])
        return np.minimum(most, self.offer.most[oi])

    def parts(self, ni: Ints, oi: Ints) -> tuple[Ints, ...]:
        """Values in the order of `PART_CODES`; only for eligible pairs."""
        need, offer = self.need, self.offer
        steps = self.types.depth[need.type[ni]] - offer.type_depth[oi]
        wanted, end = need.start[ni], need.end[ni]
        delay = np.maximum(offer.start[oi], wanted) - wanted
        days = end - wanted + 1
        ended = WHOLE * (days - delay) // np.maximum(days, 1)
        endless = WHOLE * law.HALF_PATIENCE_DAYS // (law.HALF_PATIENCE_DAYS + delay)
        quantity, available = self.quantity(ni, oi), offer.available[oi]
        cover = law.COVER_SHARE * quantity // need.remaining[ni]
        free = (WHOLE - law.COVER_SHARE) * (available - quantity) // available
        return (
            np.maximum(law.STEP_TYPE, WHOLE - law.STEP_TYPE * steps),
            self._nearness(need.area[ni], offer.area[oi]),
            np.where(end == NEVER, endless, ended),
            WHOLE * law.HALF_FRESH_DAYS // (law.HALF_FRESH_DAYS + offer.freshness_days[oi]),
            cover + free,
            offer.track[oi],
        )

    def failures(self, position: int, oi: Ints) -> dict[str, tuple[npt.NDArray[np.bool_], Ints]]:
        """What stands between one need and offers of fitting type: by rule, which offers fail, and by how much.

        How much is in the rule's own measure (days, units, farness in ten-thousandths) and ranks offers within a rule.
        """
        need, offer = self.need, self.offer
        ni = np.full(len(oi), position, dtype=np.int64)
        above = self.places.path[need.area[position]]
        covers = offer.cover_start[oi + 1] - offer.cover_start[oi]
        holds = np.isin(offer.cover[spread(offer.cover_start[oi], covers)], above)
        uncovered = np.ones(len(oi), dtype=np.bool_)
        uncovered[np.repeat(np.arange(len(oi)), covers)[holds]] = False
        start = np.maximum(need.start[ni], offer.start[oi])
        late = start - np.minimum(need.end[ni], offer.end[oi])
        quantity, spent = self.quantity(ni, oi), offer.available[oi] <= 0
        none = np.zeros(len(oi), dtype=np.int64)
        return {
            "STATUS": (~offer.is_active[oi], none),
            "COVERAGE": (uncovered, WHOLE - self._nearness(need.area[ni], offer.area[oi])),
            "DATES": (late > 0, late),
            "CLIENT_GROUPS": (offer.restricted[oi] & ~(need.groups[ni] & offer.groups[oi]).any(axis=1), none),
            "EARMARK": (offer.earmarked[oi] & ~(need.groups[ni] & offer.earmarks[oi]).any(axis=1), none),
            "AVAILABILITY": (spent, offer.least[oi]),
            "MINIMUM": (~spent & (quantity < offer.least[oi]), offer.least[oi] - quantity),
        }

    def _passes(self, ni: Ints, oi: Ints) -> npt.NDArray[np.bool_]:
        """STATUS and AVAILABILITY are settled by `_candidates`, RESOURCE_TYPE and COVERAGE by the buckets."""
        need, offer = self.need, self.offer
        start = np.maximum(need.start[ni], offer.start[oi])
        ok = (start <= need.end[ni]) & (start <= offer.end[oi])
        ok &= self.quantity(ni, oi) >= offer.least[oi]
        if offer.restricted.any():
            ok &= ~offer.restricted[oi] | (need.groups[ni] & offer.groups[oi]).any(axis=1)
        if offer.earmarked.any():
            ok &= ~offer.earmarked[oi] | (need.groups[ni] & offer.earmarks[oi]).any(axis=1)
        return ok

    def _nearness(self, a: Ints, b: Ints) -> Ints:
        size = len(self.places.depth)
        if size * size > 4 * len(a):
            return self._nearness_of(a, b)
        every = np.arange(size)
        table = self._nearness_of(np.repeat(every, size), np.tile(every, size))
        near: Ints = table[a * size + b]
        return near

    def _nearness_of(self, a: Ints, b: Ints) -> Ints:
        places = self.places
        depth = places.depth[a]
        common = ((places.path[a] == places.path[b]) & (places.path[a] >= 0)).sum(axis=1)
        by_level = np.where(common > 0, np.maximum(0, WHOLE - law.STEP_AREA * (depth - common)), 0)
        apart = ((places.metres[a] - places.metres[b]) ** 2).sum(axis=1)
        metres = np.sqrt(apart.astype(np.float64)).astype(np.int64)
        by_distance = WHOLE * law.HALF_NEAR_M // (law.HALF_NEAR_M + metres)
        return np.where(places.located[a] & places.located[b], by_distance, by_level)

    def _candidates(self) -> Iterator[tuple[Ints, Ints]]:
        """Pairs of fitting type and coverage, offers ascending within a need, at most CHUNK at a time (or one need)."""
        met = self._known or meetings(self._columns)
        sizes = met.candidates()
        rows: dict[int, Ints] = {}
        batch: list[int] = []
        total = 0
        for position in np.flatnonzero(sizes).tolist():
            size = int(sizes[position])
            if batch and (total + size > CHUNK or position - batch[0] >= _SPAN):
                yield _flat(batch, met, rows)
                batch, total = [], 0
            batch.append(position)
            total += size
        if batch:
            yield _flat(batch, met, rows)


def _flat(batch: list[int], met: Meetings, rows: dict[int, Ints]) -> tuple[Ints, Ints]:
    looks = met.look[batch].tolist()
    for look in looks:
        if look not in rows:
            rows[look] = met.offers_seen(look)
    found = [rows[look] for look in looks]
    return np.repeat(np.array(batch, dtype=np.int64), [len(r) for r in found]), np.concatenate(found)


def _within_reach(needs: Sequence[Need], offers: Sequence[Offer], world: World) -> tuple[Ints, list[Offer]]:
    """Offers that some need's type and area lead to, and their positions: one need reads few of thousands."""
    types = {t for n in needs for t in world.type_ancestors[n.type_id]}
    areas = {a for n in needs for a in world.area_ancestors[n.area_id]}
    kept = [
        place
        for place, offer in enumerate(offers)
        if offer.available > 0 and offer.type_id in types and not areas.isdisjoint(offer.coverage_ids)
    ]
    return np.array(kept, dtype=np.int64), [offers[place] for place in kept]


def _joined(blocks: list[Pairs], kept: Ints) -> Pairs:
    if not blocks:
        none = np.zeros(0, dtype=np.int64)
        short = none.astype(np.int32)
        return Pairs(short, short.copy(), none, none.copy(), np.zeros((0, len(PART_CODES)), dtype=np.int16))
    return Pairs(
        np.concatenate([b.need_index for b in blocks]),
        kept[np.concatenate([b.offer_index for b in blocks])].astype(np.int32),
        np.concatenate([b.score_e8 for b in blocks]),
        np.concatenate([b.quantity for b in blocks]),
        np.concatenate([b.parts for b in blocks]),
    )

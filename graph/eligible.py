"""All eligible pairs of an instance as four columns: what a plan over every pair is computed on.

    pairs = {(n, o) : no rule of graph.rules finds an obstacle},   limit and score as in graph.score, both exact

The same integers as `graph.candidates`, for instances that would not fit there: a compiled kernel counts first and then
fills, so memory is what the result needs, 16 bytes a pair. Parts of a large instance (`graph.parts`) are best taken one
at a time. Small instances are evaluated on arrays and never load the compiler.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.candidates import Evaluator
from graph.columns import Columns, Ints, starts
from graph.parts import Meetings, meetings
from graph.score import HALF_FRESH_DAYS
from graph.values import WHOLE

Short = npt.NDArray[np.int32]

#: Fewer candidates than this are not worth loading the compiler for.
COMPILED_FROM = 200_000
#: Pairs one call may return: 8 GB.
MOST = 1 << 29
_KERNELS = "graph.eligible_kernels"


class TooManyPairs(ValueError):
    """The pairs would not fit the memory allowed for them."""


@dataclass(frozen=True, slots=True)
class Eligible:
    """Eligible pairs as int32 columns, ordered by need, then offer (positions in the columns given).

    limit  the most the pair can do now: min(remaining, available, maximum), at least 1
    score  score_e8, 0..100_000_000
    """

    need: Short
    offer: Short
    limit: Short
    score: Short

    def __len__(self) -> int:
        return len(self.need)


def eligible(columns: Columns, weights: tuple[int, ...], most: int = MOST, compiled: bool | None = None) -> Eligible:
    """All eligible pairs; `weights` as from `graph.score.weight_vector`, quantities below 2**31.

    Raises TooManyPairs beyond `most` pairs, ValueError for larger quantities. O(candidates of `graph.parts`); one costs
    about 30 ns compiled, 300 ns on arrays. `compiled` says which; by default what is quicker from here, the answer is
    the same.
    """
    need, offer = columns.need, columns.offer
    if any(int(q.max(initial=0)) >= 1 << 31 for q in (need.remaining, offer.available, offer.least, offer.most)):
        raise ValueError("quantities fit 32 bits")
    met = meetings(columns)
    if compiled is None:
        compiled = int(met.candidates().sum()) >= COMPILED_FROM or _KERNELS in sys.modules
    if compiled:
        return _compiled(columns, met, weights, most)
    found = Evaluator.of(columns, met)
    blocks = [(ni, oi, found.quantity(ni, oi), found.score(ni, oi, weights)) for ni, oi in found.eligible()]
    pairs = sum(len(block[0]) for block in blocks)
    if pairs > most:
        raise TooManyPairs(f"more than {most} eligible pairs")
    return Eligible(*(_joined([block[k] for block in blocks]) for k in range(4)))


def parts_of(columns: Columns, need: Ints | Short, offer: Ints | Short) -> npt.NDArray[np.int16]:
    """The parts of the score of these eligible pairs: one row a pair, one column a part as in `PART_CODES`."""
    values = Evaluator.of(columns).parts(need.astype(np.int64), offer.astype(np.int64))
    return np.stack(values, axis=1).astype(np.int16)


def _joined(blocks: list[Ints]) -> Short:
    return np.concatenate(blocks).astype(np.int32) if blocks else np.zeros(0, dtype=np.int32)


def _short(values: Ints) -> Short:
    return values.astype(np.int32)


def _compiled(columns: Columns, met: Meetings, weights: tuple[int, ...], most: int) -> Eligible:
    from graph import eligible_kernels as kernels  # loads the compiler

    need, offer, places = columns.need, columns.offer, columns.places
    asking = np.flatnonzero(met.look >= 0)
    asking = asking[np.argsort(met.look[asking], kind="stable")]
    needs_start = starts(np.bincount(met.look[asking], minlength=len(met.types)))
    lookups = (needs_start, asking, met.seen_start, met.seen, met.standing_start, met.standing)
    wanted = (_short(need.remaining), _short(need.start), _short(need.end), need.groups)
    able = np.minimum(offer.available, offer.most)
    fresh = WHOLE * HALF_FRESH_DAYS // (HALF_FRESH_DAYS + offer.freshness_days)
    given = (
        *map(_short, (offer.start, offer.end, offer.least, able, offer.available)),
        *(~offer.restricted, ~offer.earmarked, offer.groups, offer.earmarks),
        *(offer.type_depth, offer.area, weights[3] * fresh + weights[5] * offer.track),
    )
    longest = int(met.sizes().max(initial=0))
    counts = kernels.count(lookups, wanted, given, longest, most)
    place_of = starts(counts)
    total = int(place_of[-1])
    if total > most:
        raise TooManyPairs(f"more than {most} eligible pairs")
    out = tuple(np.empty(total, dtype=np.int32) for _ in range(3))
    areas = (met.areas, places.path, places.depth, places.metres, places.located)
    depths = columns.types.depth[met.types]
    kernels.fill(lookups, wanted, given, longest, areas, depths, np.array(weights, dtype=np.int64), place_of, out)
    return Eligible(np.repeat(np.arange(len(counts), dtype=np.int32), counts), *out)

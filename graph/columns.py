"""Needs and offers as columns: what `graph.candidates` computes on. One pass over the values, O(n)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from graph.score import position_m
from graph.values import WHOLE, Need, Offer, World

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

NEVER = np.iinfo(np.int32).max  # an open end, later than every ordinal of a date
EVER = 0  # an open beginning, earlier than every ordinal

_NEED = attrgetter("id", "type_id", "area_id", "remaining", "needed_from", "needed_by", "is_open", "group_ids")
_OFFER = attrgetter(
    "id", "type_id", "area_id", "available", "minimum", "maximum", "available_from", "available_until",
    "is_active", "confirmed_on", "track_record", "group_ids", "earmark_ids",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NeedColumns:
    """One entry a need, in the caller's order; dates are ordinals; `groups` is a bitset of `words` columns."""

    ids: Ints
    type_depth: Ints
    area: Ints  # position in `Places`
    remaining: Ints
    start: Ints  # max(today, needed_from): when it is wanted
    end: Ints
    is_open: npt.NDArray[np.bool_]
    groups: Bits


@dataclass(frozen=True, slots=True)
class OfferColumns:
    """One entry an offer, in the caller's order; `restricted` marks those with client groups, `earmarked` likewise."""

    ids: Ints
    type_depth: Ints
    area: Ints
    available: Ints
    least: Ints  # max(1, minimum)
    most: Ints  # maximum, or more than anything
    start: Ints
    end: Ints
    is_active: npt.NDArray[np.bool_]
    freshness_days: Ints
    track: Ints
    restricted: npt.NDArray[np.bool_]
    earmarked: npt.NDArray[np.bool_]
    groups: Bits
    earmarks: Bits


@dataclass(frozen=True, slots=True)
class Places:
    """The areas in use: path of ids (-1 beyond its end), depth, position in metres where located."""

    path: Ints
    depth: Ints
    metres: Ints
    located: npt.NDArray[np.bool_]


def columns(needs: Sequence[Need], offers: Sequence[Offer], world: World) -> tuple[NeedColumns, OfferColumns, Places]:
    """Encode both lists. Raises KeyError for a type or area of a need that the world does not know."""
    n_cols = list(zip(*map(_NEED, needs), strict=True)) or [()] * 8
    o_cols = list(zip(*map(_OFFER, offers), strict=True)) or [()] * 13
    places, where = _places([*n_cols[2], *o_cols[2]], world)
    bit_of = _shared_bits(n_cols[7], o_cols[11], o_cols[12])
    today = world.today.toordinal()
    type_depth = {t: len(world.type_ancestors[t]) for t in set(n_cols[1])}
    type_depth |= {t: len(world.type_ancestors.get(t, ())) for t in set(o_cols[1])}
    need = NeedColumns(
        ids=_ints(n_cols[0]),
        type_depth=_ints([type_depth[t] for t in n_cols[1]]),
        area=_ints([where[a] for a in n_cols[2]]),
        remaining=_ints(n_cols[3]),
        start=np.maximum(_days(n_cols[4], EVER), today),
        end=_days(n_cols[5], NEVER),
        is_open=np.array(n_cols[6], dtype=np.bool_),
        groups=_bitset(n_cols[7], bit_of),
    )
    offer = OfferColumns(
        ids=_ints(o_cols[0]),
        type_depth=_ints([type_depth[t] for t in o_cols[1]]),
        area=_ints([where[a] for a in o_cols[2]]),
        available=_ints(o_cols[3]),
        least=np.maximum(_ints(o_cols[4]), 1),
        most=_ints([NEVER if m is None else m for m in o_cols[5]]),
        start=np.maximum(_days(o_cols[6], EVER), today),
        end=_days(o_cols[7], NEVER),
        is_active=np.array(o_cols[8], dtype=np.bool_),
        freshness_days=np.maximum(today - _days(o_cols[9], EVER), 0),
        track=_tracks(o_cols[10]),
        restricted=np.array([len(g) > 0 for g in o_cols[11]], dtype=np.bool_),
        earmarked=np.array([e is not None for e in o_cols[12]], dtype=np.bool_),
        groups=_bitset(o_cols[11], bit_of),
        earmarks=_bitset([e or () for e in o_cols[12]], bit_of),
    )
    return need, offer, places


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _days(values: Sequence[date | None], missing: int) -> Ints:
    known = {day: missing if day is None else day.toordinal() for day in set(values)}
    return _ints([known[day] for day in values])


def _tracks(values: Sequence[float]) -> Ints:
    """`graph.score.track_value` of each; rounding is half to even in both."""
    share = np.array(values, dtype=np.float64)
    if not ((share >= 0) & (share <= 1)).all():
        raise ValueError("a track record lies in 0..1")
    return np.rint(share * WHOLE).astype(np.int64)


def _shared_bits(
    asked: Iterable[tuple[int, ...]],
    served: Iterable[tuple[int, ...]],
    earmarks: Iterable[tuple[int, ...] | None],
) -> dict[int, int]:
    """Number the groups that stand on both sides: the others can never decide a pair."""
    right = {g for groups in set(served) for g in groups}
    right |= {g for groups in set(earmarks) for g in groups or ()}
    both = {g for groups in set(asked) for g in groups} & right
    return {group: bit for bit, group in enumerate(sorted(both))}


def _bitset(rows: Sequence[tuple[int, ...]], bit_of: Mapping[int, int]) -> Bits:
    words = max(1, -(-len(bit_of) // 64))
    if not bit_of:
        return np.zeros((len(rows), words), dtype=np.uint64)
    seen: dict[tuple[int, ...], list[int]] = {}
    for groups in set(rows):
        line = [0] * words
        for bit in {bit_of[g] for g in groups if g in bit_of}:
            line[bit // 64] |= 1 << (bit % 64)
        seen[groups] = line
    return np.array([seen[groups] for groups in rows], dtype=np.uint64).reshape(len(rows), words)


def _places(area_ids: Iterable[int], world: World) -> tuple[Places, dict[int, int]]:
    used = sorted(set(area_ids))
    paths = [world.area_ancestors[a] for a in used]
    deep = max((len(p) for p in paths), default=1)
    path = np.full((len(used), deep), -1, dtype=np.int64)
    for row, ids in enumerate(paths):
        path[row, : len(ids)] = ids
    known = [world.locations.get(a) for a in used]
    metres = [position_m(*at) if at is not None else (0, 0, 0) for at in known]
    return (
        Places(
            path=path,
            depth=_ints([len(p) for p in paths]),
            metres=_ints(np.array(metres, dtype=np.int64).reshape(len(used), 3)),  # type: ignore[arg-type]
            located=np.array([at is not None for at in known], dtype=np.bool_),
        ),
        {area: row for row, area in enumerate(used)},
    )

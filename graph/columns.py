"""Needs and offers as columns: what `graph.candidates`, `graph.parts` and `graph.eligible` compute on.

`columns` encodes lists of values in one pass, O(n). A large instance is built from arrays directly: every class here
takes plain arrays, and no value of it ever becomes a Python object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from graph.score import position_m
from graph.values import WHOLE, Cap, Need, Offer, World

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint64]

NEVER = np.iinfo(np.int32).max  # an open end, later than every ordinal of a date
EVER = 0  # an open beginning, earlier than every ordinal
NO_CAP = -1  # ids are positive

_NEED = attrgetter(
    "id", "type_id", "area_id", "remaining", "needed_from", "needed_by", "is_open", "group_ids", "priority", "whole",
)  # fmt: skip
_OFFER = attrgetter(
    "id", "type_id", "area_id", "available", "minimum", "maximum", "available_from", "available_until",
    "is_active", "confirmed_on", "track_record", "group_ids", "earmark_ids", "coverage_ids", "cap_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NeedColumns:
    """One entry a need, in the caller's order; dates are ordinals; `groups` is a bitset of `words` columns."""

    ids: Ints
    type: Ints  # row in `Columns.types`
    area: Ints  # row in `Columns.places`
    remaining: Ints
    start: Ints  # max(today, needed_from): when it is wanted
    end: Ints  # NEVER where open
    is_open: Flags
    groups: Bits
    priority: Ints
    whole: Flags
    district: Ints  # id of the area whose share of shortage it counts for

    def usable(self) -> Flags:
        """Needs that some offer could meet: open, something left to ask for, and a time to ask it for."""
        return self.is_open & (self.remaining > 0) & (self.start <= self.end)


@dataclass(frozen=True, slots=True)
class OfferColumns:
    """One entry an offer, in the caller's order; `restricted` marks those with client groups, `earmarked` likewise.

    Offer o covers the areas `cover[cover_start[o]:cover_start[o + 1]]` (ids), each once and none below another.
    """

    ids: Ints
    type_id: Ints
    type_depth: Ints  # length of the type's path, 0 of a type outside the tree
    area: Ints  # row in `Columns.places`
    available: Ints
    least: Ints  # max(1, minimum)
    most: Ints  # maximum, or more than anything
    start: Ints  # max(today, available_from)
    end: Ints  # NEVER where open
    is_active: Flags
    freshness_days: Ints
    track: Ints  # 0..10000
    restricted: Flags
    earmarked: Flags
    groups: Bits
    earmarks: Bits
    cap_id: Ints  # NO_CAP where none
    cover_start: Ints
    cover: Ints

    def usable(self) -> Flags:
        """Offers that some need could take from: active, something left, and a time to give it at."""
        return self.is_active & (self.available > 0) & (self.start <= self.end)


@dataclass(frozen=True, slots=True)
class Types:
    """The resource types of needs: path of ids (root first, -1 beyond its end), depth."""

    path: Ints
    depth: Ints


@dataclass(frozen=True, slots=True)
class Places:
    """The areas in use: path of ids (-1 beyond its end), depth, position in metres where located."""

    path: Ints
    depth: Ints
    metres: Ints
    located: Flags


@dataclass(frozen=True, slots=True)
class CapColumns:
    """One entry a cap: id, limit, id of the cap above (`NO_CAP` where none)."""

    ids: Ints
    limit: Ints
    parent_id: Ints


@dataclass(frozen=True, slots=True)
class Columns:
    """An instance: both sides, the tables they point into, the caps. Bitsets of groups are numbered alike on all."""

    need: NeedColumns
    offer: OfferColumns
    types: Types
    places: Places
    caps: CapColumns

    def part(self, needs: Ints, offers: Ints) -> Columns:
        """These needs and offers (positions) alone; positions count from 0 again, tables and caps are shared."""
        offer = self.offer
        length = offer.cover_start[offers + 1] - offer.cover_start[offers]
        start = starts(length)
        return Columns(
            _rows(self.need, needs),
            _rows(offer, offers, cover_start=start, cover=offer.cover[spread(offer.cover_start[offers], length)]),
            self.types,
            self.places,
            self.caps,
        )


def columns(needs: Sequence[Need], offers: Sequence[Offer], world: World, caps: Sequence[Cap] = ()) -> Columns:
    """Encode the lists. Raises KeyError for an area, or a type of a need, that the world does not know."""
    n_cols = list(zip(*map(_NEED, needs), strict=True)) or [()] * 10
    o_cols = list(zip(*map(_OFFER, offers), strict=True)) or [()] * 15
    places, where = _places([*n_cols[2], *o_cols[2]], world)
    types, kind = _types(n_cols[1], world)
    depth = {t: len(world.type_ancestors.get(t, ())) for t in set(o_cols[1])}
    bit_of = _shared_bits(n_cols[7], o_cols[11], o_cols[12])
    today = world.today.toordinal()
    covered = _covered(o_cols[13], world)
    need = NeedColumns(
        ids=_ints(n_cols[0]),
        type=_ints([kind[t] for t in n_cols[1]]),
        area=_ints([where[a] for a in n_cols[2]]),
        remaining=_ints(n_cols[3]),
        start=np.maximum(_days(n_cols[4], EVER), today),
        end=_days(n_cols[5], NEVER),
        is_open=np.array(n_cols[6], dtype=np.bool_),
        groups=_bitset(n_cols[7], bit_of),
        priority=_ints(n_cols[8]),
        whole=np.array(n_cols[9], dtype=np.bool_),
        district=_ints([world.districts.get(a, a) for a in n_cols[2]]),
    )
    offer = OfferColumns(
        ids=_ints(o_cols[0]),
        type_id=_ints(o_cols[1]),
        type_depth=_ints([depth[t] for t in o_cols[1]]),
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
        cap_id=_ints([NO_CAP if c is None else c for c in o_cols[14]]),
        cover_start=starts(_ints([len(c) for c in covered])),
        cover=_ints([a for c in covered for a in c]),
    )
    limits = CapColumns(
        _ints([c.id for c in caps]),
        _ints([c.limit for c in caps]),
        _ints([NO_CAP if c.parent_id is None else c.parent_id for c in caps]),
    )
    return Columns(need, offer, types, places, limits)


def starts(length: Ints) -> Ints:
    """Where rows of these lengths start when they stand one after the other; one entry more for the end."""
    start = np.zeros(len(length) + 1, dtype=np.int64)
    np.cumsum(length, out=start[1:])
    return start


def spread(start: Ints, length: Ints) -> Ints:
    """Positions of rows in a flat array: start[0], start[0] + 1, ..., start[1], ... O(sum of lengths).

    >>> spread(np.array([7, 2]), np.array([2, 3])).tolist()
    [7, 8, 2, 3, 4]
    """
    first = starts(length)
    return np.repeat(start - first[:-1], length) + np.arange(first[-1])


_Table = TypeVar("_Table", NeedColumns, OfferColumns)


def _rows(table: _Table, rows: Ints, **other: Any) -> _Table:
    kept = {f.name: getattr(table, f.name)[rows] for f in fields(table) if f.name not in other}
    return type(table)(**kept, **other)


def _covered(coverage: Sequence[tuple[int, ...]], world: World) -> list[list[int]]:
    """Without areas below another covered one, which would offer the same pair twice."""
    above, known = world.area_ancestors, {}
    for ids in set(coverage):
        every = set(ids)
        known[ids] = [a for a in sorted(every) if len(every) == 1 or every.isdisjoint(above.get(a, (a,))[:-1])]
    return [known[ids] for ids in coverage]


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


def _paths(paths: Sequence[tuple[int, ...]]) -> tuple[Ints, Ints]:
    path = np.full((len(paths), max((len(p) for p in paths), default=1)), -1, dtype=np.int64)
    for row, ids in enumerate(paths):
        path[row, : len(ids)] = ids
    return path, _ints([len(p) for p in paths])


def _types(type_ids: Iterable[int], world: World) -> tuple[Types, dict[int, int]]:
    used = sorted(set(type_ids))
    return Types(*_paths([world.type_ancestors[t] for t in used])), {t: row for row, t in enumerate(used)}


def _places(area_ids: Iterable[int], world: World) -> tuple[Places, dict[int, int]]:
    used = sorted(set(area_ids))
    path, depth = _paths([world.area_ancestors[a] for a in used])
    known = [world.locations.get(a) for a in used]
    metres = [position_m(*at) if at is not None else (0, 0, 0) for at in known]
    return (
        Places(
            path=path,
            depth=depth,
            metres=_ints(np.array(metres, dtype=np.int64).reshape(len(used), 3)),  # type: ignore[arg-type]
            located=np.array([at is not None for at in known], dtype=np.bool_),
        ),
        {area: row for row, area in enumerate(used)},
    )

"""Limits on what sets of offers give together, made laminar: nested or apart, never crossing.

    sum of what the offers of S give <= limit(S)      for every given set S

Two sets that cross are replaced by their union with the lower of their limits. That is sound: what the union may not
pass, neither of the two passes. Where nothing crosses the answer is exact.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graph.values import Cap


def laminar(limits: Sequence[tuple[Collection[int], int]]) -> tuple[list[Cap], dict[int, int]]:
    """Caps that hold every limit, the inner before the outer, and by offer the cap it draws on.

    `limits` are (ids of offers, units >= 0); empty sets are left out, equal sets keep the lower limit. The answer does
    not depend on their order. O(k^2 n) for k sets of n offers, once more for each pair that crosses.

    >>> caps, drawn = laminar([({1, 2, 3}, 100), ({1, 2}, 40)])
    >>> [(cap.id, cap.limit, cap.parent_id) for cap in caps], drawn
    ([(1, 40, 2), (2, 100, None)], {1: 1, 2: 1, 3: 2})
    """
    least: dict[frozenset[int], int] = {}
    for ids, limit in limits:
        _take(least, frozenset(ids), limit)
    while (pair := _crossing(least)) is not None:
        one, other = pair
        limit = min(least.pop(one), least.pop(other))
        _take(least, one | other, limit)
    ordered = sorted(least, key=lambda ids: (len(ids), sorted(ids)))
    caps: list[Cap] = []
    drawn: dict[int, int] = {}
    for place, ids in enumerate(ordered):
        above = next((at for at in range(place + 1, len(ordered)) if ids < ordered[at]), None)
        caps.append(Cap(place + 1, least[ids], None if above is None else above + 1))
        for id in ids:
            drawn.setdefault(id, place + 1)
    return caps, drawn


def _take(least: dict[frozenset[int], int], ids: frozenset[int], limit: int) -> None:
    if ids:
        least[ids] = min(limit, least.get(ids, limit))


def _crossing(least: dict[frozenset[int], int]) -> tuple[frozenset[int], frozenset[int]] | None:
    """Two sets that share an offer without one holding the other, the first by their ids."""
    ordered = sorted(least, key=lambda ids: (len(ids), sorted(ids)))
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if not one <= other and not one.isdisjoint(other):
                return one, other
    return None

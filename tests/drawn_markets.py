"""Markets as arrays, written by hand or drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graph.market import Market


def market(
    demand: Sequence[int],
    supply: Sequence[int],
    pairs: Sequence[tuple[int, int, int, int]],
    *,
    tier: Sequence[int] = (),
    group: Sequence[int] = (),
    parent: Sequence[int] = (),
    caps: Sequence[tuple[int, int]] = (),
) -> Market:
    """`pairs` of (need, offer, limit, score_e8), `caps` of (limit, parent)."""

    def column(values: Sequence[int] | Iterator[int], size: int = 0, fill: int = 0) -> Any:
        return np.array([*values] or [fill] * size, dtype=np.int64)

    rows = sorted(pairs)
    return Market(
        column(demand),
        column(tier, len(demand)),
        column(group, len(demand)),
        column(supply),
        column(parent, len(supply), -1),
        column(cap[0] for cap in caps),
        column(cap[1] for cap in caps),
        *(column(row[place] for row in rows) for place in range(4)),
        column(range(1, len(demand) + 1)),
        column(range(1, len(supply) + 1)),
        max(group, default=0) + 1,
    )


def random_market(seed: int, needs: int, offers: int, pairs: int, caps: int, groups: int) -> Market:
    random = np.random.default_rng(seed)
    ends = {
        (int(i), int(j))
        for i, j in zip(random.integers(0, needs, pairs), random.integers(0, offers, pairs), strict=True)
    }
    return market(
        random.integers(1, 12, needs).tolist(),
        random.integers(0, 15, offers).tolist(),
        [(i, j, int(random.integers(1, 9)), int(random.integers(0, 40)) * 2_500_000) for i, j in sorted(ends)],
        tier=random.integers(0, 4, needs).tolist(),
        group=random.integers(0, groups, needs).tolist(),
        parent=random.integers(-1, caps, offers).tolist(),
        caps=[(int(random.integers(0, 90)), int(random.choice([-1, *range(k + 1, caps)]))) for k in range(caps)],
    )

"""Small markets for the laws of stages, alternatives and bottlenecks."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from graph.market import Market


@st.composite
def markets(draw: st.DrawFn, most: int = 7, units: int = 6, caps: int = 2) -> Market:
    """Up to `most` needs and offers, any pairs, up to `caps` caps, each possibly under the next."""
    n, m = draw(st.integers(1, most)), draw(st.integers(1, most))
    c = draw(st.integers(0, caps))
    kept = draw(st.lists(st.booleans(), min_size=n * m, max_size=n * m))
    pair = np.flatnonzero(np.array(kept, dtype=np.bool_))
    groups = draw(st.integers(1, 3))

    def ints(size: int, low: int, high: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), dtype=np.int64)

    return Market(
        demand=ints(n, 1, units),
        tier=ints(n, 0, 3),
        group=ints(n, 0, groups - 1),
        supply=ints(m, 0, units),
        parent=ints(m, -1, c - 1),
        cap_limit=ints(c, 0, 2 * units),
        cap_parent=np.array([k + 1 if k + 1 < c and draw(st.booleans()) else -1 for k in range(c)], dtype=np.int64),
        need=(pair // m).astype(np.int64),
        offer=(pair % m).astype(np.int64),
        limit=ints(len(pair), 1, units),
        # Few different scores, so that ties are common.
        score=ints(len(pair), 0, 3) * 25_000_000,
        need_ids=np.arange(1, n + 1),
        offer_ids=np.arange(1, m + 1),
        groups=groups,
    )

"""Nobody waits for the compiler in the middle of an event."""

from __future__ import annotations

from functools import cache

import numpy as np

from graph import standing_rows
from graph import standing_state as state
from graph.market import ORDERS, Market
from graph.standing import Standing


@cache
def rehearsed() -> None:
    """Every event once on a tiny plan: what is compiled, is compiled before anybody waits for an event."""
    none, one, zero = (np.array(values, dtype=np.int64) for values in ([], [1], [0]))
    top = np.array([-1])
    plan = Standing._made(
        Market(one, zero, zero, one, zero, one, top, zero, zero, one, one, one, one, 1), ORDERS["URGENT_FIRST"]
    )
    plan.need_arrives(2, 1, 0, 2, zero, one, one)
    plan.offer_arrives(1, 0, 2, zero, one, one)
    plan.demand_changes(0, 3)
    plan.capacity_changes(0, 4)
    plan.cap_changes(0, 2)
    plan.need_pairs_change(0, zero, one, zero)
    plan.offer_pairs_change(0, zero, one, one)
    plan.snapshot()
    plan.need_leaves(0)
    plan.offer_goes(0)
    standing_rows.pack(plan._s, state.more_pairs(plan._s, 4, 4))
    plan.need_arrives(1, 0, 0, 3, none, none, none)

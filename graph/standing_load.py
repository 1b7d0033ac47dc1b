"""How a solved market becomes the arrays of a standing plan (`graph.standing_state`), and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph import standing_state as state
from graph.market import TOP_SCORE, Market, Whole, frame, frame_flow, sums
from graph.solver import Ints
from graph.standing_state import UNLIMITED, Shorts, State


def loaded(
    market: Market, order: tuple[str, ...], flow: Ints | None, prices: Sequence[Ints] | None, own: Whole | None
) -> State:
    """A market and a solution in the arrays of a standing plan; errors as in `Standing.from_market`."""
    from graph import standing_rows

    n, m, c, p = len(market.demand), len(market.supply), len(market.cap_limit), len(market.need)
    tier, fair = state.units(order)
    for quantities in (market.demand, market.supply, market.cap_limit):
        if len(quantities):
            check_quantity(int(quantities.min()))
            check_quantity(int(quantities.max()))
    if n and (market.tier.min() < 0 or market.tier.max() > 3):
        raise ValueError("tiers are 0..3")
    check_pairs(market.limit, market.score)
    limit = _own_limits(market) if own is None else own.astype(np.int32)
    check_pairs(limit, market.score)
    flow = np.zeros(p, dtype=np.int64) if flow is None else flow
    arcs = frame(market)
    over = frame_flow(market, arcs, flow)
    if (p and (flow.min() < 0 or (flow > limit).any())) or (over < 0).any() or (over > arcs.capacity).any():
        raise ValueError("the flow breaks demand, a capacity or a limit")
    needs, offers = n + n // 4 + 64, m + m // 4 + 64
    room = (p * 3) // 2 + 2 * (needs + offers) + (1 << 20)
    s = state.empty(needs, offers, c, market.groups, 2 * (n + m) + 1024, room, room)
    if prices is not None:
        word = state.words(tuple(prices))
        price = s.node[:, :3]
        price[:n], price[needs : needs + m], price[needs + offers :] = word[:n], word[n : n + m], word[n + m :]
        if s.node[-1, :3].any():
            raise ValueError("the price of the root is 0")
    s.n[state.FAIR_UNIT] = fair
    s.need[:n, state.DEMAND], s.need[:n, state.UNMET] = market.demand, over[:n]
    s.need[:n, state.UNMET_COST], s.need[:n, state.NEED_ID] = (market.tier + 1) * tier, market.need_ids
    s.up[:m, state.CAPACITY], s.up[:m, state.OFFER_ID] = market.supply, market.offer_ids
    s.up[offers:, state.CAPACITY] = market.cap_limit
    s.up[:m, state.SENT], s.up[offers:, state.SENT] = over[len(arcs) - m - c : len(arcs) - c], over[len(arcs) - c :]
    s.group[:, state.ASKED] = sums(market.group, market.demand, market.groups)
    s.group[:, state.MISSING] = sums(market.group, over[:n], market.groups)
    for i, g in enumerate(market.group.tolist()):
        standing_rows.join_group(s, i, g)
    for k, parent in zip([*range(m), *range(offers, offers + c)], [*market.parent, *market.cap_parent], strict=True):
        standing_rows.join_cap(s, k, len(s.node) - 1 if parent < 0 else needs + offers + int(parent))
    need, offer, limit, score = (
        np.ascontiguousarray(column, dtype=np.int32) for column in (market.need, market.offer, limit, market.score)
    )
    standing_rows.load(s, need, offer, limit, score, flow.astype(np.int64), np.flatnonzero(flow))
    return s


def _own_limits(market: Market) -> Shorts:
    demand, supply = market.demand.astype(np.int32), market.supply.astype(np.int32)
    most = np.minimum(demand[market.need], supply[market.offer])
    return np.where(market.limit < most, market.limit, UNLIMITED).astype(np.int32)


def check_quantity(units: int) -> None:
    """ValueError below 0, OverflowError from 2**31 on."""
    if units < 0:
        raise ValueError(f"a quantity is 0 or more, not {units}")
    if units > UNLIMITED:
        raise OverflowError(f"a quantity is at most {UNLIMITED}, not {units}")


def check_pairs(limits: Whole, scores: Whole) -> None:
    """ValueError for limits and scores that are out of range."""
    if len(limits) and (int(limits.min()) < 1 or int(limits.max()) > UNLIMITED):
        raise ValueError("a limit of a pair is at least 1 and below 2**31")
    if len(scores) and (int(scores.min()) < 0 or int(scores.max()) > TOP_SCORE):
        raise ValueError(f"a score is 0..{TOP_SCORE}")

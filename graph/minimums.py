"""Minimum quantities and whole-or-nothing needs, exactly.

    lexmax aims(x)   over the whole flows x of a market (`graph.market`) in which
                     a pair carries 0 or at least its minimum, and a need that is whole gets all it asks or nothing

A need that is whole is an arc with a minimum too: what it leaves unmet is 0 or everything. So the problem is a flow
with minimums on some arcs (`graph.semicontinuous`). The plain flow is right wherever it breaks none; only the
connected parts where it does are searched (`graph.branching`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.branching import Budget, minus, plan_of, plus
from graph.market import TIE, TIER, Flags, Market, Whole, aims, frame, frame_costs, frame_flow, pair_costs, sums
from graph.semicontinuous import Cost, Net, connected, part, relaxed
from graph.solver import Ints

#: Arcs that may be solved for the sake of minimums before the best plan so far has to do (some 20 s).
WORK_LIMIT = 10_000_000

_TIERS = (3, 2, 1, 0)


@dataclass(frozen=True, slots=True)
class Honoured:
    """A plan that keeps every minimum.

    flow      int64 by pair
    bound     what no such plan's aims exceed; those of `flow` themselves exactly when it is proven best
    searched  positions of the needs whose connected part was searched; prices of the plain flow prove nothing there
    flows     how many flows it took
    """

    flow: Ints
    bound: Cost
    searched: Ints
    flows: int


def honour(
    market: Market,
    order: Sequence[str],
    flow: Ints,
    minimum: Whole,
    whole: Flags,
    work_limit: int = WORK_LIMIT,
) -> Honoured:
    """The best plan that keeps all minimums, or the best found after about `work_limit` arcs were solved.

    flow      the optimum of `order` without minimums, by pair
    minimum   (pairs) >= 1; whole (needs)

    The answer depends on the ids of needs and offers, never on their order. Ties are settled by TIE among the plans
    that use the same pairs. Exponential at worst, hence the limit; at the limit the plan is allowed, the bound true.
    """
    sorted_market, needs, pairs = _in_order(market)
    net, tie = network(sorted_market, order, minimum[pairs], whole[needs])
    everything = np.concatenate([flow[pairs], frame_flow(sorted_market, frame(sorted_market), flow[pairs])])
    faults = net.faults(everything)
    if not len(faults):
        return Honoured(flow, aims(market, order, flow), np.zeros(0, dtype=np.int64), 0)
    parts = _parts(net, faults)
    budget, gap = Budget(work_limit), (0,) * len(net.costs)
    for done, (nodes, arcs) in enumerate(parts):
        apart = part(net, nodes, arcs)
        own = budget.share(len(parts) - done)
        found = plan_of(apart, own)
        budget.take(own)
        everything[arcs] = _tied(apart, found.flow, tie[arcs])
        gap = plus(gap, minus(apart.cost(everything[arcs]), found.bound))
    mended = np.empty_like(flow)
    mended[pairs] = everything[: len(flow)]
    searched = np.concatenate([nodes[nodes < len(needs)] for nodes, _ in parts])
    return Honoured(mended, plus(aims(market, order, mended), gap), np.sort(needs[searched]), budget.flows)


def _stages(market: Market, order: Sequence[str]) -> list[tuple[str, list[Ints]]]:
    """Costs of all arcs, pairs first, for each aim of each stage."""
    arcs, p = frame(market), len(market.need)
    found: list[tuple[str, list[Ints]]] = []
    for stage in order:
        if stage == TIER:
            unmet = np.append(market.tier, np.full(len(arcs) - len(market.tier), -1))
            rows = [np.concatenate([np.zeros(p, dtype=np.int64), (unmet == tier).astype(np.int64)]) for tier in _TIERS]
        else:
            rows = [np.concatenate([pair_costs(market, stage), frame_costs(market, arcs, stage)])]
        found.append((stage, rows))
    return found


def network(market: Market, order: Sequence[str], minimum: Whole, whole: Flags) -> tuple[Net, Ints]:
    """The whole market as a network, and the cost of every arc for TIE."""
    arcs, n, p = frame(market), len(market.demand), len(market.need)
    supply = np.zeros(market.root + 1, dtype=np.int64)
    supply[:n] = market.demand
    supply[-1] = -int(market.demand.sum())
    asked = np.append(sums(market.group, market.demand, market.groups), int(market.demand.sum()))
    of = np.where(arcs.step >= 0, arcs.tail - market.first_group(), market.groups)
    capacity = np.minimum(arcs.capacity, asked[of])
    capacity[:n] = market.demand
    least = np.ones(p + len(arcs), dtype=np.int64)
    least[:p] = minimum
    least[p : p + n] = np.where(whole, np.maximum(market.demand, 1), 1)
    stages = dict(_stages(market, [*(stage for stage in order if stage != TIE), TIE]))
    tie = stages.pop(TIE)[0]
    net = Net(
        supply,
        np.concatenate([market.need.astype(np.int64), arcs.tail]),
        np.concatenate([market.first_offer() + market.offer.astype(np.int64), arcs.head]),
        np.zeros(p + len(arcs), dtype=np.int64),
        np.concatenate([market.limit.astype(np.int64), capacity]),
        least,
        np.array([row for rows in stages.values() for row in rows]),
        np.arange(p + len(arcs)) < p,
    )
    return net, tie


def _parts(net: Net, faults: Ints) -> list[tuple[Ints, Ints]]:
    """Nodes and arcs of the connected parts that hold a fault, small ones first."""
    # An arc without room ties too: a cap of 0 is one cap to who draws on it, and to the checker.
    inner = np.flatnonzero(net.head != net.root)
    label = connected(len(net.supply), net.tail[inner], net.head[inner])
    by_node, by_arc = np.argsort(label[:-1], kind="stable"), np.argsort(label[net.tail], kind="stable")
    labels = label[:-1][by_node], label[net.tail][by_arc]
    found = []
    for one in np.unique(label[net.tail[faults]]).tolist():
        (a, b), (c, d) = (np.searchsorted(kept, (one, one + 1)) for kept in labels)
        found.append((by_node[a:b], by_arc[c:d]))
    return sorted(found, key=lambda one: len(one[1]))


def _tied(net: Net, flow: Ints, tie: Ints) -> Ints:
    """Of the plans that use the same arcs with a minimum, the best, and among equals the one TIE prefers."""
    semi = net.least > 1
    low = np.where(semi & (flow > 0), net.least, 0)
    high = np.where(semi & (flow == 0), 0, net.high)
    return relaxed(replace(net, low=low, high=high, costs=np.vstack([net.costs, tie]))).flow


def _in_order(market: Market) -> tuple[Market, Ints, Ints]:
    """The same market in the order of ids, and where its needs and pairs stood."""
    needs, offers = np.argsort(market.need_ids, kind="stable"), np.argsort(market.offer_ids, kind="stable")
    need_at, offer_at = np.argsort(needs), np.argsort(offers)
    pairs = np.lexsort((offer_at[market.offer], need_at[market.need]))
    first = np.full(market.groups, len(needs), dtype=np.int64)
    np.minimum.at(first, market.group, need_at)
    groups = np.argsort(np.argsort(first, kind="stable"))
    caps = _cap_order(market, offer_at)
    cap_at = np.append(np.argsort(caps), -1)  # -1 stays -1
    sorted_market = Market(
        market.demand[needs],
        market.tier[needs],
        groups[market.group[needs]],
        market.supply[offers],
        cap_at[market.parent[offers]],
        market.cap_limit[caps],
        cap_at[market.cap_parent[caps]],
        need_at[market.need[pairs]],
        offer_at[market.offer[pairs]],
        market.limit[pairs],
        market.score[pairs],
        market.need_ids[needs],
        market.offer_ids[offers],
        market.groups,
    )
    return sorted_market, needs, pairs


def _cap_order(market: Market, offer_at: Ints) -> Ints:
    """Caps by height, so that each comes before the one above it, then by the first offer below."""
    height = np.zeros(len(market.cap_limit), dtype=np.int64)
    first = np.full(len(market.cap_limit), len(offer_at), dtype=np.int64)
    inside = market.parent >= 0
    np.minimum.at(first, market.parent[inside], offer_at[inside])
    for cap, above in enumerate(market.cap_parent.tolist()):
        if above >= 0:
            height[above] = max(height[above], height[cap] + 1)
            first[above] = min(first[above], first[cap])
    return np.lexsort((first, height))

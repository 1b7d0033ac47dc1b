"""networkx's `network_simplex` on a `FlowGraph`: same arguments, same answers, same errors, exact integers only.

    min sum_e weight_e x_e   s.t.   in(v) - out(v) = demand_v,   0 <= x_e <= capacity_e

Edges of negative weight are turned round (x = capacity - x'), which needs a finite capacity. Where there is none, no
cheapest flow needs more on an edge than all supplies and all finite capacities together, unless a cycle of negative
weight has no capacity at all, and then there is no cheapest flow.
"""

from __future__ import annotations

from collections.abc import Hashable
from math import inf, isnan
from numbers import Integral
from typing import Any

import networkx as nx
import numpy as np

from graph.network import FlowGraph, Values
from graph.solver import INFINITE, LIMIT, Infeasible, Ints, min_cost_flow


class Fractional(nx.NetworkXError):  # type: ignore[misc]  # networkx ships no types
    """A number that is finite but not whole."""


FlowDict = dict[Hashable, dict[Hashable, Any]]


def network_simplex(
    graph: FlowGraph, demand: str = "demand", capacity: str = "capacity", weight: str = "weight"
) -> tuple[int, FlowDict]:
    """(cost, flow by tail and head; for a multigraph also by key), as `networkx.network_simplex`.

    Raises NetworkXError for a graph without nodes, an infinite demand or weight, numbers that are not whole or that
    exact 64-bit arithmetic cannot hold; NetworkXUnfeasible when demands do not sum to 0, a capacity is negative or no
    flow fits; NetworkXUnbounded for a cycle of negative weight and infinite capacity.
    """
    if not len(graph):
        raise nx.NetworkXError("graph has no nodes")
    edges = len(graph.tails)
    want = _whole(graph.node_attributes.get(demand), len(graph), 0, f"node attribute {demand!r}")
    room = _whole(graph.edge_attributes.get(capacity), edges, INFINITE, f"edge attribute {capacity!r}", endless=True)
    loop = graph.tails == graph.heads
    real = ~loop & (room != 0)
    fraction = None
    try:
        cost = _whole(graph.edge_attributes.get(weight), edges, 0, f"edge attribute {weight!r}", used=real | loop)
    except Fractional as error:
        # networkx calls a problem without any flow unfeasible whatever its weights are: look before refusing.
        fraction, cost = error, np.zeros(edges, dtype=np.int64)
    if sum(want.tolist()) != 0:
        raise nx.NetworkXUnfeasible("total node demand is not zero")
    if (room < 0).any():
        place = int(np.argmax(room < 0))
        ends = graph.names[graph.tails[place]], graph.names[graph.heads[place]]
        raise nx.NetworkXUnfeasible(f"edge {ends!r} has negative capacity")
    flow = np.zeros(edges, dtype=np.int64)
    flow[real] = _solve(want, graph.tails[real], graph.heads[real], room[real], cost[real])
    if fraction is not None:
        raise fraction
    gaining = loop & (cost < 0)
    if (gaining & (room == INFINITE)).any():
        raise nx.NetworkXUnbounded("negative cycle with infinite capacity found")
    flow[gaining] = room[gaining]
    used = np.flatnonzero(flow)
    total = sum(w * x for w, x in zip(cost[used].tolist(), flow[used].tolist(), strict=True))
    return total, _flow_dict(graph, flow)


def _solve(want: Ints, tails: Ints, heads: Ints, room: Ints, cost: Ints) -> Ints:
    turned = cost < 0
    if (turned & (room == INFINITE)).any():
        endless = room == INFINITE
        enough = sum(np.abs(want).tolist()) + sum(room[~endless].tolist())
        if _has_negative_cycle(len(want), tails[endless], heads[endless], cost[endless]):
            _solve(want, tails, heads, room, np.zeros_like(cost))  # no flow at all is the graver fault
            raise nx.NetworkXUnbounded("negative cycle with infinite capacity found")
        if enough >= LIMIT:
            raise nx.NetworkXError("demands and capacities are too large for exact 64-bit arithmetic")
        room = np.where(endless, enough, room)
    if sum(room[turned].tolist()) >= LIMIT:
        raise nx.NetworkXError("capacities of edges with negative weight are too large for exact 64-bit arithmetic")
    supply = -want
    np.subtract.at(supply, tails[turned], room[turned])
    np.add.at(supply, heads[turned], room[turned])
    try:
        solved = min_cost_flow(
            supply, np.where(turned, heads, tails), np.where(turned, tails, heads), room, np.abs(cost)
        )
    except Infeasible:
        raise nx.NetworkXUnfeasible("no flow satisfies all node demands") from None
    except OverflowError as error:
        raise nx.NetworkXError(str(error)) from None
    return np.where(turned, room - solved.flow, solved.flow)


def _has_negative_cycle(nodes: int, tails: Ints, heads: Ints, cost: Ints) -> bool:
    """Bellman and Ford on arrays: distances that fall below every path's sum, or for ever, go in a circle."""
    distance = np.zeros(nodes, dtype=np.int64)
    lowest = sum(cost[cost < 0].tolist())
    if -lowest >= LIMIT:
        raise nx.NetworkXError("weights are too large for exact 64-bit arithmetic")
    for _ in range(nodes + 1):
        nearer = distance.copy()
        np.minimum.at(nearer, heads, distance[tails] + cost)
        if np.array_equal(nearer, distance):
            return False
        if int(nearer.min()) < lowest:
            return True
        distance = nearer
    return True


def _whole(
    values: Values | None,
    size: int,
    missing: int,
    what: str,
    *,
    endless: bool = False,
    used: Any = None,
) -> Ints:
    """Exact integers, or an error that names what is wrong; `endless` allows infinity, `used` marks what counts."""
    if values is None:
        return np.full(size, missing, dtype=np.int64)
    if not isinstance(values, list):
        whole = values
    else:
        counted = [True] * size if used is None else used.tolist()
        whole = np.array(
            [_one(v, what, endless) if keep else 0 for v, keep in zip(values, counted, strict=True)], dtype=np.int64
        )
    bounded = whole if not endless else np.where(whole == INFINITE, 0, whole)
    if len(whole) and (int(bounded.max()) >= LIMIT or int(bounded.min()) <= -LIMIT):
        raise nx.NetworkXError(f"{what} is too large for exact 64-bit arithmetic")
    return whole


def _one(value: Any, what: str, endless: bool) -> int:
    if isinstance(value, Integral):
        if int(value) == INFINITE and endless:
            return INFINITE
        if abs(int(value)) >= LIMIT:
            raise nx.NetworkXError(f"{what} is too large for exact 64-bit arithmetic")
        return int(value)
    if endless and value == inf:
        return INFINITE
    if not isinstance(value, float) or isnan(value):
        raise nx.NetworkXError(f"{what} has {value!r}, which is not a whole number")
    if abs(value) == inf:
        raise nx.NetworkXError(f"{what} has infinite values")
    if value != int(value) or abs(value) > 2**53:
        raise Fractional(f"{what} has {value!r}; multiply by a constant factor to get whole numbers")
    return int(value)


def _flow_dict(graph: FlowGraph, flow: Ints) -> FlowDict:
    order = np.argsort(graph.tails, kind="stable")
    cuts = np.searchsorted(graph.tails[order], np.arange(len(graph) + 1)).tolist()
    heads, units = graph.heads[order].tolist(), flow[order].tolist()
    names = graph.names
    if graph.keys is None:
        targets = [names[head] for head in heads]
        return {
            name: dict(zip(targets[a:b], units[a:b], strict=True))
            for name, a, b in zip(names, cuts, cuts[1:], strict=False)
        }
    keys = [graph.keys[place] for place in order.tolist()]
    found: FlowDict = {name: {} for name in names}
    for place, (head, key, amount) in enumerate(zip(heads, keys, units, strict=True)):
        tail = names[graph.tails[order[place]]]
        found[tail].setdefault(names[head], {})[key] = amount
    return found

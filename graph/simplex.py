"""networkx's minimum cost flows on a `FlowGraph`: same arguments, same answers, same errors.

    min sum_e weight_e x_e   s.t.   in(v) - out(v) = demand_v,   0 <= x_e <= capacity_e

Edges of negative weight are turned round (x = capacity - x'), which needs a finite capacity. Where there is none, no
cheapest flow needs more on an edge than all supplies and all finite capacities together, unless a cycle of negative
weight has no capacity at all, and then there is no cheapest flow.

Machine integers are exact or not used: a problem with fractions, or whose sums could pass 2**61, is handed to
networkx's own implementation, which computes with Python's numbers. It is slow there, and never wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from itertools import pairwise
from operator import mul
from typing import Any

import networkx as nx
import numpy as np

from graph.exact import Inexact, whole
from graph.network import FlowGraph
from graph.solver import INFINITE, LIMIT, Infeasible, Ints, min_cost_flow

FlowDict = dict[Hashable, dict[Hashable, Any]]

_logger = logging.getLogger(__name__)


def network_simplex(
    graph: FlowGraph, demand: str = "demand", capacity: str = "capacity", weight: str = "weight"
) -> tuple[int, FlowDict]:
    """(cost, flow by tail and head; for a multigraph also by key), as `networkx.network_simplex`.

    Raises NetworkXError for a graph without nodes, an infinite demand or weight, a weight or capacity that is nan;
    NetworkXUnfeasible when demands do not sum to 0, a capacity is negative or no flow fits; NetworkXUnbounded for a
    cycle of negative weight and infinite capacity.
    """
    if not len(graph):
        raise nx.NetworkXError("graph has no nodes")
    try:
        want = whole(graph.node_attributes.get(demand), len(graph), 0, f"node attribute {demand!r}")
        return _cheapest(graph, want, capacity, weight)
    except Inexact as reason:
        _logger.info("networkx itself computes network_simplex: %s", reason)
        found: tuple[int, FlowDict] = nx.network_simplex(
            graph.to_networkx(), demand, capacity, weight, backend="networkx"
        )
        return found


def max_flow_min_cost(
    graph: FlowGraph, s: Hashable, t: Hashable, capacity: str = "capacity", weight: str = "weight"
) -> FlowDict:
    """The cheapest of the largest flows from s to t, as `networkx.max_flow_min_cost`.

    Two solves: the largest flow is what a dear edge beside the network need not carry. As in networkx, other nodes
    keep what they have of an attribute "demand". Raises as `network_simplex`, and NetworkXError when s or t is not in
    the graph, or they are the same, or for a multigraph; NetworkXUnbounded for a path of infinite capacity.
    """
    place = {name: position for position, name in enumerate(graph.names)}
    for node in (s, t):
        if node not in place:
            raise nx.NetworkXError(f"node {node!s} not in graph")
    if s == t:
        raise nx.NetworkXError("source and sink are the same node")
    if graph.is_multigraph():
        raise nx.NetworkXError("MultiGraph and MultiDiGraph not supported (yet).")
    source, sink = place[s], place[t]
    try:
        room = whole(graph.edge_attributes.get(capacity), len(graph.tails), INFINITE, "capacity", endless=True)
        value = _largest(len(graph), graph.tails, graph.heads, room, source, sink)
        demands = graph.node_attributes.get("demand")
        others = list(demands) if demands is not None else [0] * len(graph)
        others[source], others[sink] = -value, value
        want = whole(others, len(graph), 0, "node attribute 'demand'")
        return _cheapest(graph, want, capacity, weight)[1]
    except Inexact as reason:
        _logger.info("networkx itself computes max_flow_min_cost: %s", reason)
        found: FlowDict = nx.max_flow_min_cost(graph.to_networkx(), s, t, capacity, weight, backend="networkx")
        return found


def cost_of_flow(
    graph: nx.Graph | FlowGraph, flow: Mapping[Hashable, Mapping[Hashable, Any]], weight: str = "weight"
) -> Any:
    """The sum of weight times flow over all edges, as `networkx.cost_of_flow`. O(edges).

    Raises KeyError for an edge that the flow does not have.
    """
    if isinstance(graph, FlowGraph):
        names, given = graph.names, graph.edge_attributes.get(weight)
        each: list[Any] = [0] * len(graph.tails) if given is None else list(given)
        ends = zip(graph.tails.tolist(), graph.heads.tolist(), each, strict=True)
        return sum([flow[names[tail]][names[head]] * cost for tail, head, cost in ends])
    if not graph.is_directed() or graph.is_multigraph():
        return sum([flow[u][v] * data.get(weight, 0) for u, v, data in graph.edges(data=True)])
    total: Any = 0
    for u, row in graph._adj.items():
        if row:
            units = flow[u]
            # Names are hashed again only where the flow lists a node's edges in another order than the graph.
            amounts = units.values() if list(units) == list(row) else map(units.__getitem__, row)
            total = sum(map(mul, amounts, [data.get(weight, 0) for data in row.values()]), total)
    return total


def _cheapest(graph: FlowGraph, want: Ints, capacity: str, weight: str) -> tuple[int, FlowDict]:
    edges = len(graph.tails)
    room = whole(graph.edge_attributes.get(capacity), edges, INFINITE, f"edge attribute {capacity!r}", endless=True)
    loop = graph.tails == graph.heads
    real = ~loop & (room != 0)
    cost = whole(graph.edge_attributes.get(weight), edges, 0, f"edge attribute {weight!r}", used=real | loop)
    if sum(want.tolist()) != 0:
        raise nx.NetworkXUnfeasible("total node demand is not zero")
    if (room < 0).any():
        place = int(np.argmax(room < 0))
        ends = graph.names[graph.tails[place]], graph.names[graph.heads[place]]
        raise nx.NetworkXUnfeasible(f"edge {ends!r} has negative capacity")
    if real.all():
        flow = _solve(want, graph.tails, graph.heads, room, cost)
    else:
        flow = np.zeros(edges, dtype=np.int64)
        flow[real] = _solve(want, graph.tails[real], graph.heads[real], room[real], cost[real])
    gaining = loop & (cost < 0)
    if (gaining & (room == INFINITE)).any():
        raise nx.NetworkXUnbounded("negative cycle with infinite capacity found")
    flow[gaining] = room[gaining]
    used = np.flatnonzero(flow)
    total = sum(w * x for w, x in zip(cost[used].tolist(), flow[used].tolist(), strict=True))
    return total, _flow_dict(graph, flow)


def _solve(want: Ints, tails: Ints, heads: Ints, room: Ints, cost: Ints) -> Ints:
    turned = cost < 0
    supply = -want
    if turned.any():
        room = _ends_where_turned(want, tails, heads, room, cost)
        if sum(room[turned].tolist()) >= LIMIT:
            raise Inexact("capacities of edges with negative weight are too large for exact 64-bit arithmetic")
        np.subtract.at(supply, tails[turned], room[turned])
        np.add.at(supply, heads[turned], room[turned])
        tails, heads, cost = np.where(turned, heads, tails), np.where(turned, tails, heads), np.abs(cost)
    try:
        solved = min_cost_flow(supply, tails, heads, room, cost)
    except Infeasible:
        raise nx.NetworkXUnfeasible("no flow satisfies all node demands") from None
    except OverflowError as error:
        raise Inexact(str(error)) from None
    return np.where(turned, room - solved.flow, solved.flow)


def _ends_where_turned(want: Ints, tails: Ints, heads: Ints, room: Ints, cost: Ints) -> Ints:
    """The capacities, with what no cheapest flow exceeds in place of infinity when a negative edge has none."""
    endless = room == INFINITE
    if not (endless & (cost < 0)).any():
        return room
    if _has_negative_cycle(len(want), tails[endless], heads[endless], cost[endless]):
        _solve(want, tails, heads, room, np.zeros_like(cost))  # no flow at all is the graver fault
        raise nx.NetworkXUnbounded("negative cycle with infinite capacity found")
    enough = sum(np.abs(want).tolist()) + sum(room[~endless].tolist())
    if enough >= LIMIT:
        raise Inexact("demands and capacities are too large for exact 64-bit arithmetic")
    return np.where(endless, enough, room)


def _has_negative_cycle(nodes: int, tails: Ints, heads: Ints, cost: Ints) -> bool:
    """Bellman and Ford on arrays: distances that fall below every path's sum, or for ever, go in a circle."""
    distance = np.zeros(nodes, dtype=np.int64)
    lowest = sum(cost[cost < 0].tolist())
    if -lowest >= LIMIT:
        raise Inexact("weights are too large for exact 64-bit arithmetic")
    for _ in range(nodes + 1):
        nearer = distance.copy()
        np.minimum.at(nearer, heads, distance[tails] + cost)
        if np.array_equal(nearer, distance):
            return False
        if int(nearer.min()) < lowest:
            return True
        distance = nearer
    return True


def _largest(nodes: int, tails: Ints, heads: Ints, room: Ints, source: int, sink: int) -> int:
    """The value of a largest flow; edges without room, and of less than none, carry nothing."""
    open_ = (room > 0) & (tails != heads)
    tails, heads, room = tails[open_], heads[open_], room[open_]
    endless = room == INFINITE
    if _reaches(tails[endless], heads[endless], source, sink):
        raise nx.NetworkXUnbounded("Infinite capacity path, flow unbounded above.")
    enough: int = sum(room[~endless].tolist())
    for side in (tails == source, heads == sink):
        if not (side & endless).any():
            enough = min(enough, sum(room[side].tolist()))
    if enough >= LIMIT:
        raise Inexact("capacities are too large for exact 64-bit arithmetic")
    supply = np.zeros(nodes, dtype=np.int64)
    supply[source], supply[sink] = enough, -enough
    beside = np.zeros(len(tails) + 1, dtype=np.int64)
    beside[-1] = 1
    solved = min_cost_flow(
        supply, np.append(tails, source), np.append(heads, sink), np.append(np.minimum(room, enough), enough), beside
    )
    return enough - int(solved.flow[-1])


def _reaches(tails: Ints, heads: Ints, source: int, sink: int) -> bool:
    ahead: dict[int, list[int]] = {}
    for tail, head in zip(tails.tolist(), heads.tolist(), strict=True):
        ahead.setdefault(tail, []).append(head)
    seen, todo = {source}, [source]
    while todo:
        new = set(ahead.get(todo.pop(), ())) - seen
        seen |= new
        todo += new
    return sink in seen


def _flow_dict(graph: FlowGraph, flow: Ints) -> FlowDict:
    found: FlowDict
    tails, heads, keys, names = graph.tails, graph.heads, graph.keys, graph.names
    if graph.rows is not None:
        # Most edges carry nothing, and a row copied from a row needs no hash of any name.
        found = {name: dict.fromkeys(row, 0) for name, row in zip(names, graph.rows, strict=True)}
        used = np.flatnonzero(flow)
        for tail, head, amount in zip(tails[used].tolist(), heads[used].tolist(), flow[used].tolist(), strict=True):
            found[names[tail]][names[head]] = amount
        return found
    if len(tails) and (tails[1:] < tails[:-1]).any():
        order = np.argsort(tails, kind="stable")
        tails, heads, flow = tails[order], heads[order], flow[order]
        keys = None if keys is None else [keys[place] for place in order.tolist()]
    cuts = np.searchsorted(tails, np.arange(len(names) + 1)).tolist()
    targets, units = [names[head] for head in heads.tolist()], flow.tolist()
    rows = pairwise(cuts)
    if keys is None:
        return {n: dict(zip(targets[a:b], units[a:b], strict=True)) for n, (a, b) in zip(names, rows, strict=True)}
    found = {name: {} for name in names}
    for name, (a, b) in zip(names, rows, strict=True):
        row = found[name]
        for target, key, amount in zip(targets[a:b], keys[a:b], units[a:b], strict=True):
            row.setdefault(target, {})[key] = amount
    return found

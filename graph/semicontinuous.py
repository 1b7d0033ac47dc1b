"""Minimum cost flow with minimums: an arc carries nothing or at least so much. Branch and bound in whole numbers.

    lexmin (cost_1 . x, cost_2 . x, ...)   s.t.   out(v) - in(v) = supply_v,   low <= x <= high,
                                                  x_a = 0 or x_a >= least_a,   x whole

Without the last line it is a flow, aim after aim; its prices bound every plan. What makes proofs short:

- a node that takes at least m from each neighbour takes from at most capacity / m of them, often less than it could;
- an arc whose reduced cost exceeds what a better plan may still lose stays where it is (reduced-cost fixing);
- what is fixed cuts the network into components, and each is searched alone, against its own share of the loss.

Costs are compared as tuples, all numbers are integers: nothing is proven by floating point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from graph.market import Flags
from graph.solver import Infeasible, Ints, min_cost_flow

Cost = tuple[int, ...]

#: LEMON prices an isolated part of a network by this; it says nothing.
_NOWHERE = 1 << 62


@dataclass(frozen=True, slots=True)
class Net:
    """A network whose last node, the root, takes whatever arrives.

    supply            (nodes)
    tail, head        (arcs)
    low, high, least  (arcs) bounds; `least` > 1 and `low` = 0 < `high`: nothing or at least so much, still open
    costs             (aims, arcs), not negative
    pair              (arcs) from a need to an offer; each need and each offer has one other arc, which leaves it
    """

    supply: Ints
    tail: Ints
    head: Ints
    low: Ints
    high: Ints
    least: Ints
    costs: Ints
    pair: Flags

    @property
    def root(self) -> int:
        return len(self.supply) - 1

    def faults(self, flow: Ints) -> Ints:
        return np.flatnonzero((flow > 0) & (flow < self.least))

    def cost(self, flow: Ints) -> Cost:
        """Exact: a product fits 64 bits, the sum may not."""
        used = np.flatnonzero(flow)
        return tuple(sum((row[used] * flow[used]).tolist()) for row in self.costs)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The best flow without minimums and the reduced cost of every arc for every aim."""

    flow: Ints
    reduced: Ints
    cost: Cost


def relaxed(net: Net) -> Relaxed:
    """Aim after aim, each on the optimal face of those before. Raises Infeasible."""
    if (net.low > net.high).any():
        raise Infeasible("a bound crosses another")
    flow, supply = net.low.copy(), _shifted(net, net.low)
    free = np.flatnonzero(net.low < net.high)
    rest = np.zeros(len(free), dtype=np.int64)
    reduced = net.costs.copy()
    solved = False
    for aim, cost in enumerate(net.costs):
        if solved and not cost[free].any():
            continue
        width = net.high[free] - net.low[free]
        found = min_cost_flow(supply, net.tail[free], net.head[free], width, cost[free])
        solved = True
        price = found.potentials - found.potentials[-1]
        price -= np.rint(price / _NOWHERE).astype(np.int64) * _NOWHERE
        reduced[aim] = cost + price[net.tail] - price[net.head]
        sign = np.sign(reduced[aim][free])
        full = free[sign < 0]
        flow[full] = net.high[full]
        np.subtract.at(supply, net.tail[full], width[sign < 0])
        np.add.at(supply, net.head[full], width[sign < 0])
        free, rest = free[sign == 0], found.flow[sign == 0]
    if not solved and supply.any():
        raise Infeasible("nothing is free")
    flow[free] += rest
    return Relaxed(flow, reduced, net.cost(flow))


def tightened(net: Net) -> Net:
    """Bounds that no plan passes, from what the pairs of each node can add up to. Raises Infeasible. O(p log p).

    Pairs that are open give at least m each, so of a room r no more than r // m of them share; the widest so many bound
    the sum, and with it what an offer gives and what a need must leave unmet.
    """
    low, high = net.low.copy(), net.high.copy()
    pairs = np.flatnonzero(net.pair & (high > 0))
    side = np.flatnonzero(~net.pair)
    for node, sign in ((net.head, 1), (net.tail, -1)):
        # What passes is arc - sign * supply at an offer (sign 1), supply - arc at a need (sign -1).
        ends = _flagged(len(net.supply), node[pairs])
        arc = side[ends[net.tail[side]]]
        at = net.tail[arc]
        room, must = -sign * net.supply, -sign * net.supply
        np.add.at(room, at, high[arc] if sign > 0 else -low[arc])
        np.add.at(must, at, low[arc] if sign > 0 else -high[arc])
        spare = room - _sum(net, node[pairs], low[pairs])
        width = np.minimum(high[pairs] - low[pairs], spare[node[pairs]])
        if len(width) and int(width.min()) < 0:
            raise Infeasible("what is given already is too much")
        high[pairs] = low[pairs] + width
        high[pairs[(low[pairs] == 0) & (high[pairs] < net.least[pairs])]] = 0
        most = _most(net, node[pairs], pairs, low, high, spare)
        if (ends & (most < must)).any():
            raise Infeasible("a node cannot pass what it must")
        if sign > 0:
            high[arc] = np.minimum(high[arc], most[at] + net.supply[at])
        else:
            low[arc] = np.maximum(low[arc], net.supply[at] - most[at])
    return _decided(net, low, high)


def _most(net: Net, at: Ints, pairs: Ints, low: Ints, high: Ints, spare: Ints) -> Ints:
    """The most that the pairs of each node can add up to, or more."""
    given = _sum(net, at, low[pairs])
    least = np.where(low[pairs] > 0, 1, net.least[pairs])
    width = high[pairs] - low[pairs]
    smallest = np.full(len(net.supply), _NOWHERE, dtype=np.int64)
    semi = (width > 0) & (least > 1)
    np.minimum.at(smallest, at[semi], least[semi])
    order = np.lexsort((-width, least > 1, at))
    # Pairs that have their minimum already take part in any case; of the others the widest that fit.
    at, width, counted = at[order], width[order], (least[order] > 1) & (width[order] > 0)
    turn: Ints = np.cumsum(counted) - counted
    first = np.searchsorted(at, at)
    turn -= turn[first]
    taken = np.where(~counted | (turn < spare[at] // smallest[at]), width, 0)
    return given + np.minimum(spare, _sum(net, at, taken))


def _decided(net: Net, low: Ints, high: Ints) -> Net:
    """Open arcs whose bounds leave one choice take it."""
    low = np.where((net.least > 1) & (low > 0), np.maximum(low, net.least), low)
    high = np.where((low == 0) & (high < net.least), 0, high)
    if (low > high).any():
        raise Infeasible("a minimum does not fit")
    return replace(net, low=low, high=high)


def narrowed(net: Net, found: Relaxed, loss: Cost) -> Net:
    """Bounds for every plan that loses at most `loss` against the relaxed optimum.

    A plan loses |rc| for each unit that an arc departs from its bound, and the sum of all is what it loses.
    """
    low, high = net.low.copy(), net.high.copy()
    rest = np.flatnonzero(low < high)
    for aim, spare in enumerate(loss):
        rc = found.reduced[aim][rest]
        most = min(spare, _NOWHERE) // np.maximum(np.abs(rc), 1)
        up, down = rest[rc > 0], rest[rc < 0]
        high[up] = np.minimum(high[up], low[up] + most[rc > 0])
        low[down] = np.maximum(low[down], high[down] - most[rc < 0])
        rest = rest[rc == 0]
        if spare:
            break
    return _decided(net, low, high)


def components(net: Net) -> list[tuple[Ints, Ints]]:
    """(nodes without the root, arcs) of each connected part of what is free; arcs ascend, as do nodes."""
    free = np.flatnonzero(net.low < net.high)
    inner = free[net.head[free] != net.root]
    label = connected(len(net.supply), net.tail[inner], net.head[inner])
    of = label[net.tail[free]]
    order = np.argsort(of, kind="stable")
    nodes = np.argsort(label[:-1], kind="stable")
    found = []
    for part in np.unique(of).tolist():
        a, b = np.searchsorted(of[order], (part, part + 1))
        c, d = np.searchsorted(label[nodes], (part, part + 1))
        found.append((nodes[c:d], free[order[a:b]]))
    return found


def connected(nodes: int, tail: Ints, head: Ints) -> Ints:
    """A label for each node, equal exactly when two are connected."""
    label = np.arange(nodes)
    while True:
        least = np.minimum(label[tail], label[head])
        merged = label.copy()
        for end in (tail, head):
            np.minimum.at(merged, label[end], least)
            np.minimum.at(merged, end, least)
        while not np.array_equal(shorter := merged[merged], merged):
            merged = shorter
        if np.array_equal(merged, label):
            return label
        label = merged


def part(net: Net, nodes: Ints, arcs: Ints) -> Net:
    """The network of one component; what is fixed around it has become supply."""
    fixed = np.where(net.low == net.high, net.low, 0)
    place = np.full(len(net.supply), len(nodes), dtype=np.int64)
    place[nodes] = np.arange(len(nodes))
    supply = np.append(_shifted(net, fixed)[nodes], 0)
    supply[-1] = -int(supply.sum())
    return Net(
        supply, place[net.tail[arcs]], place[net.head[arcs]], net.low[arcs], net.high[arcs], net.least[arcs],
        net.costs[:, arcs], net.pair[arcs],
    )  # fmt: skip


def _flagged(size: int, at: Ints) -> Flags:
    flags = np.zeros(size, dtype=np.bool_)
    flags[at] = True
    return flags


def _sum(net: Net, at: Ints, amount: Ints) -> Ints:
    total = np.zeros(len(net.supply), dtype=np.int64)
    np.add.at(total, at, amount)
    return total


def _shifted(net: Net, amount: Ints) -> Ints:
    """Supplies when so much already flows."""
    supply = net.supply - _sum(net, net.tail, amount)
    np.add.at(supply, net.head, amount)
    return supply

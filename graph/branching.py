"""Branch and bound on top of flows with minimums: finds the best plan, or how much better one could be at most.

A network is tightened and relaxed; what a better plan can no longer change is fixed; the components that remain are
searched one by one, each against its own share of the loss; a component that stays whole is branched on an arc that
carries too little. Work is counted in arcs solved, so that the same input ends at the same plan everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from graph.market import Flags
from graph.milp import by_highs, fits
from graph.semicontinuous import Cost, Net, Relaxed, components, narrowed, part, relaxed, tightened
from graph.solver import Infeasible, Ints

#: What a flow costs beside its arcs.
FLOW_WORK = 2_000
#: Pairs of a node that a first plan may use beside those of the relaxed optimum.
NEAREST = 6
#: Where HiGHS can take over, the search by flows may use this part of the work; HiGHS counts as so many flows.
SEARCHED_FIRST, MILP_FLOWS = 3, 100
#: No proof is this long: deeper choices are left open.
DEPTH = 250
#: The part of the faulty arcs that is decided at once on the way to a first plan.
DECIDED_AT_ONCE = 1 / 3

Part = tuple[Ints, Ints]


@dataclass(slots=True)
class Budget:
    """Work left, and the flows solved so far."""

    work: int
    flows: int = 0
    used: int = 0

    def relaxed(self, net: Net) -> Relaxed:
        self.charge(len(net.tail) + FLOW_WORK)
        self.flows += 1
        return relaxed(net)

    def charge(self, work: int) -> None:
        self.work -= work
        self.used += work

    @property
    def spent(self) -> bool:
        return self.work <= 0

    def share(self, of: int) -> Budget:
        """What one of so many tasks may use; `take` it back when the task is done."""
        return Budget(max(0, self.work) // of)

    def take(self, own: Budget) -> None:
        self.work -= own.used
        self.flows += own.flows
        self.used += own.used


@dataclass(frozen=True, slots=True)
class Found:
    """The best flow known, None if none is, and a cost that no plan is below."""

    flow: Ints | None
    bound: Cost


@dataclass(frozen=True, slots=True)
class Plan:
    """A flow that keeps all minimums, and a cost that no such flow is below: its own when it is proven best."""

    flow: Ints
    bound: Cost


def plus(a: Cost, b: Cost) -> Cost:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def minus(a: Cost, b: Cost) -> Cost:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def search(net: Net, cutoff: Cost, floor: Cost, budget: Budget, depth: int = 0) -> Found:
    """The best plan that costs less than `cutoff`; flow None if there is none, or none was found within the budget.

    `floor` is what no plan of the network is below, by what the caller knows. The bound is `cutoff` if no plan is
    better.
    """
    if budget.spent or depth > DEPTH:
        return Found(None, floor)
    try:
        net = tightened(net)
        found = budget.relaxed(net)
        if found.cost >= cutoff:
            return Found(None, cutoff)
        if not len(net.faults(found.flow)):
            return Found(found.flow, found.cost)
        *loss, last = minus(cutoff, found.cost)
        inner = narrowed(net, found, (*loss, last - 1))
    except Infeasible:
        return Found(None, cutoff)
    parts = components(inner)
    if len(parts) == 1 and 4 * len(parts[0][1]) > 3 * int((net.low < net.high).sum()):
        return _branched(inner, found, cutoff, budget, depth)
    return _apart(inner, parts, found, cutoff, budget, depth)


def _apart(net: Net, parts: list[Part], found: Relaxed, cutoff: Cost, budget: Budget, depth: int) -> Found:
    """Component by component, the small ones first: what they lose is no longer there for the large ones to lose."""
    flow, bound = found.flow.copy(), found.cost
    for nodes, arcs in sorted(_faulty(net, parts, found.flow), key=lambda one: len(one[1])):
        inner = part(net, nodes, arcs)
        base = inner.cost(found.flow[arcs])
        rest = minus(bound, base)
        sub = search(inner, minus(cutoff, rest), base, budget, depth + 1)
        bound = plus(rest, sub.bound)
        if sub.flow is None:
            return Found(None, min(bound, cutoff))
        flow[arcs] = sub.flow
    return Found(flow if net.cost(flow) < cutoff else None, bound)


def _branched(net: Net, found: Relaxed, cutoff: Cost, budget: Budget, depth: int) -> Found:
    faults = net.faults(found.flow)
    short = np.minimum(found.flow[faults], net.least[faults] - found.flow[faults])
    arc = int(faults[np.argmax(short)])
    best, bounds = None, []
    for on in (True, False) if 2 * found.flow[arc] >= net.least[arc] else (False, True):
        sub = search(_choice(net, np.array([arc]), np.array([on])), cutoff, found.cost, budget, depth + 1)
        bounds.append(sub.bound)
        if sub.flow is not None:
            best, cutoff = sub.flow, net.cost(sub.flow)
    return Found(best, min([*bounds, cutoff]))


def _choice(net: Net, arcs: Ints, on: Flags) -> Net:
    """The network in which these arcs carry their minimum at least, or nothing."""
    low, high = net.low.copy(), net.high.copy()
    low[arcs[on]] = net.least[arcs[on]]
    high[arcs[~on]] = 0
    return replace(net, low=low, high=high)


def _faulty(net: Net, parts: list[Part], flow: Ints) -> list[Part]:
    fault = (flow > 0) & (flow < net.least)
    return [one for one in parts if fault[one[1]].any()]


def plan_of(net: Net, budget: Budget) -> Plan:
    """The best plan of a network, within the budget; a plan in any case."""
    net = tightened(tightened(net))
    found = budget.relaxed(net)
    if not len(net.faults(found.flow)):
        return Plan(found.flow, found.cost)
    start = _first_plan(net, found, budget)
    if start is None:
        start = _cautious_plan(net, found, budget)
    return _improved(net, start, budget)


def _improved(net: Net, start: Ints, budget: Budget) -> Plan:
    """A plan at least as good as `start`. What `start` loses says which arcs may still change."""
    net = tightened(net)
    found = budget.relaxed(net)
    cost = net.cost(start)
    if not len(net.faults(found.flow)):
        return Plan(found.flow, found.cost)
    if cost == found.cost or budget.spent:
        return Plan(start, found.cost)
    inner = narrowed(net, found, minus(cost, found.cost))
    parts = components(inner)
    if len(parts) == 1 and 4 * len(parts[0][1]) > 3 * int((net.low < net.high).sum()):
        return _searched(inner, found, start, budget)
    flow, bound = found.flow.copy(), found.cost
    todo = sorted(_faulty(net, parts, found.flow), key=lambda one: len(one[1]))
    for done, (nodes, arcs) in enumerate(todo):
        apart, own = part(inner, nodes, arcs), budget.share(len(todo) - done)
        best = _improved(apart, start[arcs], own)
        budget.take(own)
        flow[arcs] = best.flow
        bound = plus(minus(bound, apart.cost(found.flow[arcs])), best.bound)
    return Plan(flow, bound)


def _searched(net: Net, found: Relaxed, start: Ints, budget: Budget) -> Plan:
    own = budget.share(SEARCHED_FIRST if fits(net) else 1)
    sub = search(net, net.cost(start), found.cost, own)
    budget.take(own)
    best = start if sub.flow is None else sub.flow
    # HiGHS knows no work but its own: it is asked only where what is left would pay for it.
    if sub.bound == net.cost(best) or not fits(net) or budget.work < MILP_FLOWS * len(net.tail):
        return Plan(best, sub.bound)
    best, bound = by_highs(net, found, best)
    budget.charge(MILP_FLOWS * (len(net.tail) + FLOW_WORK))
    return Plan(best, max(bound, sub.bound))


def _first_plan(net: Net, found: Relaxed, budget: Budget) -> Ints | None:
    """A plan near the relaxed optimum: the clearest of the faulty arcs are rounded, the rest flows again, and so on.

    None when the roundings contradict each other or the budget is spent.
    """
    arcs = _near(net, found)
    small = replace(
        net, tail=net.tail[arcs], head=net.head[arcs], low=net.low[arcs], high=net.high[arcs], least=net.least[arcs],
        costs=net.costs[:, arcs], pair=net.pair[arcs],
    )  # fmt: skip
    now = Relaxed(found.flow[arcs], found.reduced[:, arcs], found.cost)
    at_once = DECIDED_AT_ONCE
    while len(faults := small.faults(now.flow)):
        if budget.spent:
            return None
        ratio = now.flow[faults] / small.least[faults]
        chosen = np.argsort(-np.abs(ratio - 0.5), kind="stable")[: max(1, int(len(faults) * at_once))]
        rounded = ratio[chosen] >= 0.5
        for on in (rounded, ~rounded)[: 1 if len(chosen) > 1 else 2]:
            try:
                tried = tightened(_choice(small, faults[chosen], on))
                now, small, at_once = budget.relaxed(tried), tried, DECIDED_AT_ONCE
                break
            except Infeasible:
                at_once /= 4
        else:
            if len(chosen) == 1:
                return None
    flow = net.low.copy()
    flow[arcs] = now.flow
    return flow


def _cautious_plan(net: Net, found: Relaxed, budget: Budget) -> Ints:
    """A plan that always exists: who would get too little of a pair, or of a whole need, gets nothing."""
    while len(faults := net.faults(found.flow)):
        net = _choice(net, faults, ~net.pair[faults])
        found = budget.relaxed(net)
    return found.flow


def _near(net: Net, found: Relaxed) -> Ints:
    """Arcs of a first plan: all that are not pairs, all in use, and the pairs of each node that cost least."""
    keep = ~net.pair | (found.flow > 0)
    pairs = np.flatnonzero(net.pair & (net.high > 0))
    for end in (net.tail[pairs], net.head[pairs]):
        order = np.lexsort((*found.reduced[::-1, pairs], end))
        keep[pairs[order[np.arange(len(order)) - np.searchsorted(end[order], end[order]) < NEAREST]]] = True
    return np.flatnonzero(keep)

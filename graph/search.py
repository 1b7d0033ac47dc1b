"""Minimum quantities, exactly: a pair gets nothing or at least its minimum.

Branch and bound on top of the flow. A node forces some pairs to their minimum and bans others; what remains is again a
plain flow (subtract the forced amounts), whose optimum bounds every plan below the node. Branch on a pair that got
something but too little. Best bound first, so that the first plan without such a pair is the best one.
Bounds are tuples of aims, compared lexicographically. Exponential at worst: the number of nodes is limited, and then
the best plan found and the best bound still open are the answer.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.old_stages import Face, Market, components, solve_in_order, sums
from graph.solver import Ints

Aims = tuple[int, ...]
States = npt.NDArray[np.int8]

#: Of how many opened nodes one is rounded to a plan.
REPAIR_EVERY = 16

_OPEN, _FORCED, _BANNED = 0, 1, -1


@dataclass(frozen=True, slots=True)
class Goals:
    """What a plan is judged by: tier of each pair (0..3), its score, a number to settle ties, its minimum."""

    tier: Ints
    score: Ints
    tie: Ints
    minimum: Ints

    def aims(self, flow: Ints) -> Aims:
        """Units met of tier 3, 2, 1, 0, then score x units; exact."""
        used = np.flatnonzero(flow)
        units, tier = flow[used], self.tier[used]
        met = [int(units[tier == level].sum()) for level in (3, 2, 1, 0)]
        return (*met, dot(self.score[used], units))

    def values(self) -> list[Ints]:
        """Stage values. Met demand forms a polymatroid, so any rising tier values serve the tiers in order."""
        return [self.tier + 1, self.score, self.tie]

    def of(self, pairs: Ints) -> Goals:
        return Goals(self.tier[pairs], self.score[pairs], self.tie[pairs], self.minimum[pairs])

    def too_little(self, flow: Ints) -> Ints:
        return np.flatnonzero((flow > 0) & (flow < self.minimum))


@dataclass(frozen=True, slots=True)
class Found:
    """The best flow found, an upper bound of any plan's aims (its own when the search came to its end), solves used."""

    flow: Ints
    bound: Aims
    solves: int


def dot(a: Ints, b: Ints) -> int:
    """Exact inner product: a product fits 64 bits, the sum may not."""
    return sum((a * b).tolist())


def search(market: Market, goals: Goals, solve_limit: int, start: Ints | None = None) -> Found:
    """Best flow in which no pair gets less than its minimum; at least one solve is made, whatever the limit.

    `start` is a flow that keeps all minimums, if one is known: the answer is at least as good.
    Ties in the aims are settled by the order of the search, which depends on the order of pairs only.
    """
    tree = _Tree(market, goals)
    root = tree.solve(np.zeros(len(market.need), dtype=np.int8))
    if root.aims == (known := None if start is None else goals.aims(start)) and start is not None:
        return Found(start, root.aims, tree.solves)
    best_flow, best = tree.repaired(root)
    if start is not None and known is not None and known > best:
        best_flow, best = start, known
    opened = 0
    heap = [(tree.key(root), 0, opened, root)]
    while heap and tree.solves < solve_limit:
        node = heapq.heappop(heap)[3]
        if node.aims <= best:
            heap.clear()
            break
        if opened % REPAIR_EVERY == REPAIR_EVERY - 1:
            # Best bound first proves well but meets whole plans late: look for one from where the bound is best.
            flow, aims = tree.repaired(node)
            if aims > best:
                best_flow, best = flow, aims
        if not len(node.faulty):
            best_flow, best = node.flow, node.aims
            continue
        pair = node.faulty[np.argmax(goals.minimum[node.faulty])]
        for state in (_FORCED, _BANNED):
            child = tree.child(node, int(pair), state)
            if child.aims > best:
                opened += 1
                # Among equal bounds the deepest first: it is nearest to a plan.
                heapq.heappush(heap, (tree.key(child), -child.depth, opened, child))
    bound = max([best, *(node.aims for *_, node in heap)])
    return Found(best_flow, bound, tree.solves)


@dataclass(slots=True)
class _Node:
    states: States
    flow: Ints
    aims: Aims
    faulty: Ints
    depth: int = 0


class _Tree:
    def __init__(self, market: Market, goals: Goals) -> None:
        self.market, self.goals, self.solves = market, goals, 0

    def key(self, node: _Node) -> Aims:
        return tuple(-aim for aim in node.aims)

    def child(self, node: _Node, pair: int, state: int) -> _Node:
        states = node.states.copy()
        states[pair] = state
        child = self.solve(states)
        child.depth = node.depth + 1
        return child

    def solve(self, states: States) -> _Node:
        """Optimum under the decisions.

        Pairs that can no longer reach their minimum are banned on the way, so a pair that got something always has room
        for its minimum, and forcing it fits.
        """
        market, goals = self.market, self.goals
        forced = states == _FORCED
        given = np.where(forced, goals.minimum, 0)
        demand = market.demand - sums(market.need, given, len(market.demand))
        supply = market.supply - sums(market.offer, given, len(market.supply))
        reach = np.minimum(market.limit, np.minimum(demand[market.need], supply[market.offer]))
        states = np.where((states == _OPEN) & (reach < goals.minimum), _BANNED, states).astype(np.int8)
        keep = np.flatnonzero((states != _BANNED) & (market.limit > given))
        reduced = Market(demand, supply, market.need[keep], market.offer[keep], market.limit[keep] - given[keep])
        self.solves += 1
        flow = given.copy()
        flow[keep] += solve_in_order(reduced, goals.of(keep).values()[:-1])[-1].flow
        return _Node(states, flow, goals.aims(flow), goals.too_little(flow))

    def repaired(self, node: _Node) -> tuple[Ints, Aims]:
        """A first plan: force the faulty pairs past half their minimum where they fit, ban the rest, repeat."""
        market, goals = self.market, self.goals
        while len(node.faulty):
            states = node.states.copy()
            given = np.where(states == _FORCED, goals.minimum, 0)
            demand = market.demand - sums(market.need, given, len(market.demand))
            supply = market.supply - sums(market.offer, given, len(market.supply))
            rank = np.lexsort((node.faulty, -node.flow[node.faulty], -goals.tier[node.faulty]))
            for pair in node.faulty[rank].tolist():
                n, o, least = market.need[pair], market.offer[pair], goals.minimum[pair]
                fits = 2 * node.flow[pair] >= least and demand[n] >= least and supply[o] >= least
                states[pair] = _FORCED if fits else _BANNED
                if fits:
                    demand[n] -= least
                    supply[o] -= least
            node = self.solve(states)
        return node.flow, node.aims


@dataclass(slots=True)
class _Budget:
    """Pairs that may still be solved; a solve of a small part costs about as much as 2,000 pairs."""

    pairs: int

    def search(self, market: Market, goals: Goals, parts_left: int, start: Ints | None = None) -> Found:
        cost = len(market.need) + 2_000
        found = search(market, goals, self.pairs // parts_left // cost, start)
        self.pairs = max(0, self.pairs - found.solves * cost)
        return found


def explore(market: Market, goals: Goals, flow: Ints, face: Face, work_limit: int) -> tuple[Ints, Aims, Ints]:
    """Mend a flow that breaks minimums: the flow, a bound of its aims, and the pairs of the connected parts looked at.

    `face` is what the stage TIER left: every plan that meets as much of each tier as the flow lies on it. It falls into
    many more parts than the market does, and a part mended on it is best of all. Only where that costs a unit of some
    tier is the whole connected part searched. At most about `work_limit` pairs are solved.
    """
    budget = _Budget(work_limit)
    relaxed, flow = flow, flow.copy()
    whole = components(market)[market.need]
    faulty = goals.too_little(relaxed)
    looked_at = np.flatnonzero(np.isin(whole, whole[faulty]))
    # 1. On the face, part by part.
    free = np.flatnonzero(face.frozen == 0)
    full = np.where(face.frozen > 0, market.limit, 0)
    rest = Market(
        market.demand - sums(market.need, full, len(market.demand)),
        market.supply - sums(market.offer, full, len(market.supply)),
        market.need[free],
        market.offer[free],
        market.limit[free],
    )
    mended: list[tuple[int, Aims]] = []  # connected part, what its bound changes by
    lost = []
    parts = _parts(components(rest)[rest.need], np.isin(free, faulty))
    for done, pairs in enumerate(parts):
        of = free[pairs]
        # Half of the work is kept for the second step; what a part leaves goes to the larger ones after it.
        found = budget.search(_part(rest, pairs), goals.of(of), 2 * (len(parts) - done))
        before = goals.of(of).aims(relaxed[of])
        mended.append((int(whole[of[0]]), _minus(found.bound, before)))
        flow[of] = found.flow
        if goals.of(of).aims(found.flow)[:-1] != before[:-1]:
            lost.append(int(whole[of[0]]))
    # 2. Where a tier lost units, everything connected, starting from what the face gave.
    again = np.isin(whole, lost)
    bound = goals.of(np.flatnonzero(~again)).aims(relaxed[~again])
    for part, change in mended:
        if part not in lost:
            bound = _plus(bound, change)
    parts = _parts(whole, again)
    for done, of in enumerate(parts):
        found = budget.search(_part(market, of), goals.of(of), len(parts) - done, flow[of])
        flow[of] = found.flow
        bound = _plus(bound, found.bound)
    return flow, bound, looked_at


def _parts(label: Ints, flagged: npt.NDArray[np.bool_]) -> list[Ints]:
    """Positions by label, for labels with a flagged position, smallest part first."""
    order = np.argsort(label, kind="stable")
    wanted = np.unique(label[flagged])
    first, last = (np.searchsorted(label[order], wanted, side) for side in ("left", "right"))
    return sorted((order[a:b] for a, b in zip(first, last, strict=True)), key=len)


def _part(market: Market, pairs: Ints) -> Market:
    needs, need = np.unique(market.need[pairs], return_inverse=True)
    offers, offer = np.unique(market.offer[pairs], return_inverse=True)
    return Market(market.demand[needs], market.supply[offers], need, offer, market.limit[pairs])


def _plus(a: Aims, b: Aims) -> Aims:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _minus(a: Aims, b: Aims) -> Aims:
    return tuple(x - y for x, y in zip(a, b, strict=True))

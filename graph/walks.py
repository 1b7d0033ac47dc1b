"""Nearness in a network, from one node: the resource allocation index and the personalised PageRank, locally."""

from __future__ import annotations

import numpy as np

from graph.linkage import Floats, Ints, Links

DAMPING = 0.85
#: PageRank is followed among the nodes around that have this many edges, for this many steps (0.85 ** 32 = 0.006).
VOLUME = 60_000
ROUNDS = 32


def resource_allocation(graph: Links, node: int) -> Floats:
    """(n) sum over common neighbours c of 1 / degree(c): `nx.resource_allocation_index` of every pair with `node`.

    The node itself gets the sum over its neighbours. O(edges within two steps + n).
    """
    near = graph.neighbours(node)
    source, at = graph.around(near)
    shares = 1.0 / graph.degrees[near]
    found: Floats = np.bincount(graph.ends[at], weights=shares[source], minlength=len(graph)).astype(np.float64)
    return found


def pagerank(graph: Links, node: int, volume: int = VOLUME, rounds: int = ROUNDS) -> tuple[Ints, Floats, float]:
    """Personalised PageRank from `node`: (positions, ascending; their values; how much of the whole, 1, is missing).

        x = (1 - DAMPING) e_node + DAMPING x W        W the weights, each row divided by its sum

    The series of x is followed for `rounds` steps among the nodes around that have `volume` edges; what goes further
    is let go. No value is too high, and together they are too low by exactly the third number, so none by more. Other
    nodes are taken as 0. O(rounds x volume), whatever the size of the network.
    """
    ball = graph.reached(node, rounds, volume)
    local = np.full(len(graph), -1, np.int64)
    local[ball] = np.arange(len(ball))
    source, at = graph.around(ball)
    target = local[graph.ends[at]]
    inside = target >= 0
    source, target = source[inside], target[inside]
    share = DAMPING * graph.weights[at[inside]] / graph.strengths[ball[source]]
    start = int(local[node])
    found, held = np.zeros(len(ball)), np.zeros(len(ball))
    held[start] = 1.0 - DAMPING
    if not len(source):
        # Nowhere to go: networkx sends what dangles back to the start.
        return ball, held / (1.0 - DAMPING), 0.0
    for _ in range(rounds):
        found += held
        held = np.bincount(target, weights=held[source] * share, minlength=len(ball)).astype(np.float64)
    return ball, found, max(0.0, 1.0 - float(found.sum()))

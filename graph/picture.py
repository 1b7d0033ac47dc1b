"""What of a linkage network is drawn: a bounded choice of its nodes and edges, with places.

    nodes   those with most links first (then by id), at most NODES; around a party: itself, then the nearest first
    edges   all of them among the nodes where they are at most SERVES and TOGETHER; else the strongest few of each node

Links among providers (TOGETHER) follow from those with communities; they are drawn, but do not move the nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.layout import layout
from graph.linkage import Floats, Ints, Linkage, links

NODES = 1_000
SERVES = 2_500
TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of k nodes and m edges.

    nodes (k) positions in the linkage, ascending; places (k, 2) in 0..1; degrees (k): edges drawn at the node.
    tails, heads (m) places in `nodes`; weights, kinds (m). omitted_*: what the bounds left out.
    """

    nodes: Ints
    places: Floats
    degrees: Ints
    tails: Ints
    heads: Ints
    weights: Floats
    kinds: list[str]
    omitted_nodes: int
    omitted_edges: int


def picture(network: Linkage, around: int | None = None, depth: int = 1) -> Picture:
    """What is drawn of the network, or of what lies at most `depth` SERVES edges from the party `around`.

    Nodes without edges are left out, except that party. Raises KeyError where the network does not hold it.
    The same whatever the order of the input. About a second for 1,000 nodes.
    """
    graph = network.links
    if around is None:
        chosen = np.flatnonzero(graph.degrees > 0)
        first = np.lexsort((chosen, -graph.degrees[chosen]))
    else:
        start = network.position(around)
        if start is None:
            raise KeyError(around)
        chosen = graph.reached(start, depth)
        steps = np.full(len(graph), depth, np.int64)
        for step in range(depth - 1, -1, -1):
            steps[graph.reached(start, step)] = step
        first = np.lexsort((chosen, -graph.degrees[chosen], steps[chosen]))
    nodes = np.sort(chosen[first[:NODES]])
    served = _among(graph.pairs(), nodes, len(graph))
    shared = _among(network.together(nodes), nodes, len(graph))
    kept = _strongest(served, len(nodes), SERVES)
    ties = _strongest(shared, len(nodes), TOGETHER)
    tails, heads = np.r_[kept[0], ties[0]], np.r_[kept[1], ties[1]]
    weights: Floats = np.r_[kept[2], ties[2]]
    return Picture(
        nodes,
        layout(links(len(nodes), *kept), network.ids[nodes], network.groups[nodes]),
        np.bincount(np.r_[tails, heads], minlength=len(nodes)),
        tails,
        heads,
        weights.round(6),
        ["SERVES"] * len(kept[0]) + ["TOGETHER"] * len(ties[0]),
        len(chosen) - len(nodes),
        len(served[0]) - len(kept[0]) + len(shared[0]) - len(ties[0]),
    )


Edges = tuple[Ints, Ints, Floats]


def _among(edges: Edges, nodes: Ints, n: int) -> Edges:
    local = np.full(n, -1, np.int64)
    local[nodes] = np.arange(len(nodes))
    tails, heads, weights = edges
    inside = (local[tails] >= 0) & (local[heads] >= 0)
    return local[tails[inside]], local[heads[inside]], weights[inside]


def _strongest(edges: Edges, n: int, most: int) -> Edges:
    """All edges, or at most `most`: first the strongest of every node, then their second strongest, and so on.

    Equal weights are settled by the ends, equal ranks by weight, so the choice does not depend on order.
    """
    tails, heads, weights = edges
    if len(tails) <= most:
        return edges
    rounded = np.round(weights, 9)
    ends, at = np.r_[tails, heads], np.tile(np.arange(len(tails)), 2)
    others = np.r_[heads, tails]
    order = np.lexsort((others, -rounded[at], ends))
    counts = np.bincount(ends, minlength=n)
    rank = np.empty(len(ends), np.int64)
    rank[order] = np.arange(len(ends)) - np.repeat(np.cumsum(counts) - counts, counts)
    best = np.minimum(rank[: len(tails)], rank[len(tails) :])
    kept = np.sort(np.lexsort((heads, tails, -rounded, best))[:most])
    return tails[kept], heads[kept], weights[kept]


__all__ = ["NODES", "SERVES", "TOGETHER", "Picture", "picture"]

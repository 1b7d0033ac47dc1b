"""PageRank by power iteration, as networkx computes it, without scipy.

    x <- alpha (x A + (sum over dangling v of x_v) d) + (1 - alpha) p,   until  |x - last|_1 < n tol

A has the weights of a node's edges divided by their sum; p is the personalization, d what dangling nodes go to.

Reference: A. Langville, C. Meyer, "A survey of eigenvector methods of web information retrieval", SIAM Review 47 (2005)
135-161.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import networkx as nx
import numpy as np

from graph.links import Floats, LinkGraph
from graph.network import FlowGraph
from graph.solver import Ints

Vector = Mapping[Hashable, float] | None


def pagerank(
    graph: FlowGraph | LinkGraph,
    alpha: float = 0.85,
    personalization: Vector = None,
    max_iter: int = 100,
    tol: float = 1.0e-6,
    nstart: Vector = None,
    weight: str | None = "weight",
    dangling: Vector = None,
) -> dict[Hashable, float]:
    """The rank of each node; ranks sum to 1. Arguments and answers are those of `networkx.pagerank`.

    Raises PowerIterationFailedConvergence after `max_iter` rounds, ZeroDivisionError for a personalization that sums
    to 0. O(edges) a round.
    """
    if not len(graph):
        return {}
    tails, heads, weights = _arcs(graph, weight)
    start = _share(graph.names, nstart) if nstart is not None else None
    to = _share(graph.names, personalization, zero=ZeroDivisionError) if personalization is not None else None
    fall = _share(graph.names, dangling) if dangling is not None else None
    ranks = power_iteration(len(graph), tails, heads, weights, alpha, to, max_iter, tol, start, fall)
    return dict(zip(graph.names, ranks.tolist(), strict=True))


def power_iteration(
    nodes: int,
    tails: Ints,
    heads: Ints,
    weights: Floats,
    alpha: float = 0.85,
    personalization: Floats | None = None,
    max_iter: int = 100,
    tol: float = 1.0e-6,
    start: Floats | None = None,
    dangling: Floats | None = None,
) -> Floats:
    """float64, one rank a node, of arcs in any order (an undirected link is two). Vectors sum to 1.

    Raises PowerIterationFailedConvergence.
    """
    total = np.bincount(tails, weights=weights, minlength=nodes)
    ends = total == 0
    each = weights * (1.0 / np.where(ends, 1.0, total))[tails]
    uniform = np.repeat(1.0 / nodes, nodes)
    rank = uniform if start is None else start
    to = uniform if personalization is None else personalization
    fall = to if dangling is None else dangling
    lost = np.flatnonzero(ends)
    for _ in range(max_iter):
        last = rank
        carried = np.bincount(heads, weights=last[tails] * each, minlength=nodes)
        rank = alpha * (carried + last[lost].sum() * fall) + (1 - alpha) * to
        if np.absolute(rank - last).sum() < nodes * tol:
            found: Floats = rank
            return found
    raise nx.PowerIterationFailedConvergence(max_iter)


def _arcs(graph: FlowGraph | LinkGraph, weight: str | None) -> tuple[Ints, Ints, Floats]:
    if isinstance(graph, LinkGraph):
        tails, heads = graph.rows(), graph.neighbours
        found: Any = graph.attributes.get(weight) if weight is not None else None
    else:
        tails, heads = graph.tails, graph.heads
        found = graph.edge_attributes.get(weight) if weight is not None else None
    return tails, heads, np.ones(len(tails)) if found is None else np.asarray(found, dtype=np.float64)


def _share(names: Any, given: Mapping[Hashable, float], zero: type[Exception] | None = None) -> Floats:
    vector = np.array([given.get(name, 0) for name in names], dtype=np.float64)
    total = vector.sum()
    if zero is not None and total == 0:
        raise zero
    shared: Floats = vector / total
    return shared

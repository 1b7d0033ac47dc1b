"""Minimum cost flow on arrays, by the compiled network simplex of LEMON (PyPI `pylmcf`).

    min sum_a cost_a x_a   s.t.   out(v) - in(v) = supply_v,   0 <= x_a <= capacity_a,   x whole

Reference: Z. Király and P. Kovács, "Efficient implementations of minimum-cost flow algorithms", Acta Univ.
Sapientiae, Informatica 4 (2012) 67-118.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

SOLVER = "LEMON network simplex (pylmcf)"

#: A capacity that never binds.
INFINITE = int(np.iinfo(np.int64).max)

#: The simplex prices its artificial arcs at 2**62; every path and every flow must stay clear of that.
LIMIT = 1 << 61


class Infeasible(Exception):
    """No flow satisfies the supplies."""


@dataclass(frozen=True, slots=True)
class Flow:
    """An optimal flow and its proof.

    flow        int64, one entry an arc
    potentials  int64, one entry a node: with reduced cost rc = cost + potential[tail] - potential[head],
                rc > 0 implies flow 0 and rc < 0 implies flow = capacity
    """

    flow: Ints
    potentials: Ints


def min_cost_flow(supply: Ints, tails: Ints, heads: Ints, capacity: Ints, cost: Ints) -> Flow:
    """Solve on int64 arrays; arcs in any order, parallel arcs allowed, costs and capacities not negative.

    Raises Infeasible when no flow fits, OverflowError when a path's cost or the total flow could pass 2**61,
    ValueError for negative costs or capacities or supplies that do not sum to 0.
    Complexity: pseudo-polynomial in theory, about O(arcs x sqrt(nodes)) in practice.
    """
    nodes = len(supply)
    _check(supply, capacity, cost)
    if not len(tails):
        if supply.any():
            raise Infeasible("supplies without arcs")
        return Flow(np.zeros(0, dtype=np.int64), np.zeros(nodes, dtype=np.int64))
    import pylmcf  # heavy, and needed only when something is solved

    key = tails * nodes + heads
    order = None if bool((key[1:] >= key[:-1]).all()) else np.argsort(key, kind="stable")
    if order is not None:
        tails, heads, capacity, cost = tails[order], heads[order], capacity[order], cost[order]
    graph = pylmcf.Graph(nodes, np.ascontiguousarray(tails), np.ascontiguousarray(heads))
    graph.set_node_supply(np.ascontiguousarray(supply))
    graph.set_edge_capacities(np.ascontiguousarray(capacity))
    graph.set_edge_costs(np.ascontiguousarray(cost))
    try:
        graph.solve()
    except RuntimeError as error:
        if "INFEASIBLE" in str(error):
            raise Infeasible("no flow satisfies the supplies") from None
        raise
    flow = np.asarray(graph.result(), dtype=np.int64)
    if order is not None:
        flow, sorted_flow = np.empty_like(flow), flow
        flow[order] = sorted_flow
    return Flow(flow, np.asarray(graph.raw_potentials(), dtype=np.int64))


def _check(supply: Ints, capacity: Ints, cost: Ints) -> None:
    if len(cost) and (int(cost.min()) < 0 or int(capacity.min()) < 0):
        raise ValueError("costs and capacities are not negative")
    # Sums of doubles cannot overflow, and a relative error of 1e-9 is nothing beside the margin.
    if float(supply.sum(dtype=np.float64)) != 0 or int(supply.sum()) != 0:
        raise ValueError("supplies sum to 0")
    moved = float(np.abs(supply.astype(np.float64)).sum())
    dearest = float(cost.max()) if len(cost) else 0.0
    if moved >= LIMIT or dearest * (len(supply) + 1) >= LIMIT:
        raise OverflowError("costs or quantities are too large for exact 64-bit arithmetic")

"""What a search by flows leaves open, by HiGHS: a mixed integer program aim by aim, the plan solved again exactly.

    min r_s . x   s.t.   x a flow within its bounds, x_a = 0 or x_a >= least_a, earlier aims as good as reached

r_s are reduced costs: on flows they differ from the costs of aim s by a constant, and they are small where it matters.
HiGHS computes in doubles. Its choice of arcs is taken, never its amounts: the flow on these arcs is solved in integers.
Its bound counts only where doubles are far from their limits: quantities up to 10,000, whole coefficients divided by
what they share, sums under 10**9, tolerances of 1e-9; it is rounded up after 0.01 is taken off. One thread, one seed
and a limit of nodes make the answer the same everywhere.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from graph.semicontinuous import Cost, Net, Relaxed, relaxed
from graph.solver import Infeasible, Ints

#: Larger networks, and larger quantities, are left to the search by flows.
MOST_ARCS, MOST_UNITS, MOST_LOSS = 6_000, 10_000, 10**9
NODES = 400
_MARGIN = 0.01


def fits(net: Net) -> bool:
    """Whether HiGHS is asked at all."""
    return len(net.tail) <= MOST_ARCS and int(net.high.max()) <= MOST_UNITS


def by_highs(net: Net, found: Relaxed, start: Ints) -> tuple[Ints, Cost]:
    """A plan at least as good as `start`, and a cost that no plan is below; `found` is the relaxed optimum."""
    import highspy

    semi = np.flatnonzero((net.least > 1) & (net.low == 0) & (net.high > 0))
    matrix = _matrix(net, semi)
    held: list[tuple[Ints, int]] = []
    for aim, row in enumerate(found.reduced):
        scale = math.gcd(*np.abs(row).tolist()) or 1
        row = row // scale
        worth = int((row * start).sum())
        if float(np.abs(row).astype(np.float64) @ (net.high - net.low)) == 0:
            held.append((row, worth))
            continue
        solver = _solver(highspy)
        solver.passModel(_model(highspy, net, semi, matrix, row, held))
        solver.setSolution(_solution(highspy, start, semi))
        solver.run()
        info = solver.getInfo()
        if info.primal_solution_status == 2:
            chosen = np.array(solver.getSolution().col_value[len(net.tail) :]) > 0.5
            tried = _exact(net, semi, chosen)
            if tried is not None and net.cost(tried) < net.cost(start):
                start = tried
        now = int((row * start).sum())
        lower = info.mip_dual_bound
        if math.isinf(lower) and solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            # What is settled before any search has no bound of its own: it is the optimum.
            lower = info.objective_function_value
        if not abs(lower) < MOST_LOSS or math.ceil(lower - _MARGIN) < now:
            reached = net.cost(start)
            if not abs(lower) < MOST_LOSS:
                return start, max(found.cost, (*reached[:aim], *[0] * (len(reached) - aim)))
            missing = (now - math.ceil(lower - _MARGIN)) * scale
            return start, max(found.cost, (*reached[:aim], reached[aim] - missing, *[0] * (len(reached) - aim - 1)))
        held.append((row, now))
    return start, net.cost(start)


def _exact(net: Net, semi: Ints, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> Ints | None:
    low, high = net.low.copy(), net.high.copy()
    low[semi[chosen]] = net.least[semi[chosen]]
    high[semi[~chosen]] = 0
    try:
        return relaxed(replace(net, low=low, high=high)).flow
    except Infeasible:
        return None


def _solver(highspy: Any) -> Any:
    solver = highspy.Highs()
    for name, value in (
        ("output_flag", False), ("threads", 1), ("random_seed", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 1e-6),
        ("mip_feasibility_tolerance", 1e-9), ("primal_feasibility_tolerance", 1e-9),
        ("dual_feasibility_tolerance", 1e-9), ("mip_max_nodes", NODES),
    ):  # fmt: skip
        solver.setOptionValue(name, value)
    return solver


def _matrix(net: Net, semi: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows, columns and values: balance of each node, then x - high y <= 0 and x - least y >= 0 of each open arc."""
    arcs, nodes, k = np.arange(len(net.tail)), len(net.supply), np.arange(len(semi))
    one = np.ones(len(semi), dtype=np.int64)
    rows = [net.tail, net.head, nodes + k, nodes + k, nodes + len(k) + k, nodes + len(k) + k]
    columns = [arcs, arcs, semi, len(arcs) + k, semi, len(arcs) + k]
    values = [np.ones_like(arcs), -np.ones_like(arcs), one, -net.high[semi], one, -net.least[semi]]
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)


def _model(
    highspy: Any, net: Net, semi: Ints, matrix: tuple[Ints, Ints, Ints], cost: Ints, held: list[tuple[Ints, int]]
) -> Any:
    rows, columns, values = matrix
    first = len(net.supply) + 2 * len(semi)
    for extra, (coefficients, _) in enumerate(held):
        used = np.flatnonzero(coefficients)
        rows = np.concatenate([rows, np.full(len(used), first + extra)])
        columns, values = np.concatenate([columns, used]), np.concatenate([values, coefficients[used]])
    order = np.lexsort((rows, columns))
    size = len(net.tail) + len(semi)
    nothing, endless = np.zeros(len(semi)), np.full(len(semi), np.inf)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = size, first + len(held)
    model.col_cost_ = np.concatenate([cost, nothing]).astype(np.float64)
    model.col_lower_ = np.concatenate([net.low, nothing]).astype(np.float64)
    model.col_upper_ = np.concatenate([net.high, nothing + 1]).astype(np.float64)
    model.row_lower_ = np.concatenate([net.supply, -endless, nothing, np.full(len(held), -np.inf)]).astype(np.float64)
    model.row_upper_ = np.concatenate([net.supply, nothing, endless, [most for _, most in held]]).astype(np.float64)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.searchsorted(columns[order], np.arange(size + 1)).astype(np.int32)
    model.a_matrix_.index_ = rows[order].astype(np.int32)
    model.a_matrix_.value_ = values[order].astype(np.float64)
    whole, free = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    model.integrality_ = [free] * len(net.tail) + [whole] * len(semi)
    return model


def _solution(highspy: Any, start: Ints, semi: Ints) -> Any:
    solution = highspy.HighsSolution()
    solution.col_value = np.concatenate([start, start[semi] > 0]).astype(np.float64).tolist()
    return solution

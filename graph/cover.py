"""The smallest set that covers every demand, then the best of these: integer set cover with lexicographic aims.

    minimise    (|S|, -sum of value_j, sum of place_j)      lexicographically, over sets S of candidates 0..n-1
    subject to  sum over j in S of gain_ij >= demand_i       for every row i          (all whole numbers)
                lacks(S) is None                             rows the caller finds when asked, where there are too many

`place_j` is the position of j: the caller lists candidates in the order in which equals are preferred.

Exact for what fits: a candidate that K others are better than (K: the size greedy found) is in no answer, since one of
the K is free to take its place. What remains goes to HiGHS as three small binary programs, built anew for each aim. Its
arithmetic is floating: every answer is checked in whole numbers, and one that only seems to cover is cut off by

    sum over j outside S that gain in row i of x_j >= 1      (valid: what S cannot, no part of S can)

Beyond `EXACT_UP_TO` candidates: the greedy of doi:10.1007/BF02579435 (at most H(d) times the smallest, d the largest
sum of a candidate's gains), cleaned of members it can spare, with the bound of the linear relaxation beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Members = tuple[int, ...]

#: Candidates that go to the exact search once those that cannot matter are out.
EXACT_UP_TO = 200
#: Candidates that are compared with one another to find those that cannot matter: quadratic.
COMPARED = 3_000
#: Nodes of one branch and bound, and rounds of rows found on the way, before the best so far has to do. Counted, not
#: timed: the same input gives the same answer on every machine.
NODES = 1_000
ROUNDS = 80
#: A bound of the relaxation is rounded up, but for its own rounding error.
SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """What must be reached: the gains of a set's members sum to at least `demand` (over 0). Gains are over 0."""

    demand: int
    gains: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Cover:
    """`members` ascending; no set smaller than `at_least` covers; `optimal`: all three aims are proven."""

    members: Members
    at_least: int
    optimal: bool
    method: Literal["EXACT", "GREEDY"]


#: A row that this set does not reach and every cover does; None where it covers.
Lacks = Callable[[Members], Row | None]


def _nothing(_: Members) -> Row | None:
    return None


def smallest_cover(
    rows: Sequence[Row],
    values: Sequence[int],
    *,
    lacks: Lacks = _nothing,
    untold: frozenset[int] = frozenset(),
    exact_up_to: int = EXACT_UP_TO,
) -> Cover:
    """The smallest cover, then the most valuable, then the one of the earliest candidates.

    `values` are 0..10_000, one a candidate. `lacks` is asked about sets that reach all rows so far. `untold` are the
    candidates that rows found later may hold: they are never left out beforehand.

    Exact in the worst case exponential, bounded by `NODES` and `ROUNDS` (then `optimal` is False); greedy
    O(members x gains). Raises ValueError where all candidates together do not cover.

    >>> rows = [Row(1, {0: 1, 2: 1}), Row(1, {1: 1, 2: 1})]
    >>> smallest_cover(rows, [10_000, 10_000, 1]).members
    (2,)
    >>> smallest_cover([*rows, Row(1, {0: 1, 1: 1})], [5, 7, 1]).members
    (0, 1)
    """
    everybody = tuple(range(len(values)))
    if short(rows, everybody) or lacks(everybody) is not None:
        raise ValueError("the candidates together do not cover")
    rows = list(rows)
    greedy = _greedy(rows, values, lacks)
    if not greedy:
        return Cover((), 0, True, "EXACT")
    kept = _undominated(rows, values, len(greedy), untold)
    if len(kept) > exact_up_to:
        at_least = max(1, _relaxed(rows, len(values)))
        return Cover(greedy, min(at_least, len(greedy)), False, "GREEDY")
    return _Search(rows, values, kept, lacks).run(greedy)


def short(rows: Sequence[Row], members: Iterable[int]) -> list[Row]:
    """The rows that these members do not reach, in whole numbers."""
    chosen = set(members)
    return [row for row in rows if sum(gain for j, gain in row.gains.items() if j in chosen) < row.demand]


def greedy_cover(rows: Sequence[Row], values: Sequence[int], *, lacks: Lacks = _nothing) -> Members:
    """Always the candidate that brings the largest share of what is still missing, of equals the more valuable.

    Members that the rest can do without are taken out at the end, the least valuable first.
    """
    return _greedy(list(rows), values, lacks)


def _greedy(rows: list[Row], values: Sequence[int], lacks: Lacks) -> Members:
    """As `greedy_cover`; rows that are found on the way are added to `rows`."""
    chosen: set[int] = set()
    _take(rows, values, chosen)
    while (row := lacks(tuple(sorted(chosen)))) is not None:
        rows.append(row)
        _take(rows, values, chosen)
    for j in sorted(chosen, key=lambda j: (values[j], -j)):
        rest = tuple(sorted(chosen - {j}))
        if short(rows, rest):
            continue
        row = lacks(rest)
        if row is None:
            chosen.remove(j)
        else:
            rows.append(row)
    return tuple(sorted(chosen))


def _take(rows: Sequence[Row], values: Sequence[int], chosen: set[int]) -> None:
    """Adds candidates until all rows are reached."""
    missing = [max(0, row.demand - sum(gain for j, gain in row.gains.items() if j in chosen)) for row in rows]
    of: dict[int, list[tuple[int, int]]] = {}
    for i, row in enumerate(rows):
        for j, gain in row.gains.items():
            of.setdefault(j, []).append((i, gain))

    def brings(j: int) -> tuple[float, int, int]:
        share = sum(min(gain, missing[i]) / rows[i].demand for i, gain in of[j])
        return (round(share, 9), values[j], -j)

    while any(missing):
        best = max((j for j in of if j not in chosen), key=brings)
        chosen.add(best)
        for i, gain in of[best]:
            missing[i] = max(0, missing[i] - gain)


def _undominated(rows: Sequence[Row], values: Sequence[int], size: int, bound: frozenset[int]) -> list[int]:
    """Those whom fewer than `size` others could replace: as good in every row, and more valuable or else earlier."""
    if len(values) > COMPARED:
        return list(range(len(values)))
    gains = np.zeros((len(values), len(rows)))
    for i, row in enumerate(rows):
        for j, gain in row.gains.items():
            gains[j, i] = min(gain, row.demand)
    worth = np.array(values, dtype=np.int64)
    place = np.arange(len(values))
    kept = []
    for j in range(len(values)):
        if not gains[j].any() and j not in bound:
            continue
        if j not in bound:
            preferred = (worth > worth[j]) | ((worth == worth[j]) & (place < j))
            if int((preferred & (gains >= gains[j]).all(axis=1)).sum()) >= size:
                continue
        kept.append(j)
    return kept


def _relaxed(rows: Sequence[Row], n: int) -> int:
    """The least number of members that the linear relaxation allows, rounded up."""
    model = _Model(rows, list(range(n)), integral=False)
    found = model.solve([1.0] * n)
    return 0 if found is None else int(np.ceil(found.bound - SLACK))


@dataclass(frozen=True, slots=True)
class _Found:
    members: Members
    bound: float
    proven: bool


@dataclass(frozen=True, slots=True)
class _Side:
    """One more row: least <= sum of weight_j x_j <= most."""

    weights: Mapping[int, float]
    least: float
    most: float


class _Model:
    """One binary program; a fresh one for HiGHS each time, since changed ones have been answered wrongly (1.14)."""

    def __init__(self, rows: Sequence[Row], kept: Sequence[int], *, integral: bool = True) -> None:
        self.kept, self.integral = kept, integral
        self.column = {j: place for place, j in enumerate(kept)}
        self.sides: list[_Side] = []
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Shares of the demand, so that two thousand million units are no harder than two."""
        shares = {j: min(gain, row.demand) / row.demand for j, gain in row.gains.items()}
        self.sides.append(_Side(shares, 1.0, float("inf")))

    def solve(self, cost: Sequence[float]) -> _Found | None:
        """Minimises; None where nothing was found."""
        import highspy

        lp: Any = highspy.HighsLp()
        n = len(self.kept)
        lp.num_col_, lp.num_row_ = n, len(self.sides)
        lp.col_cost_ = np.array(cost, dtype=np.float64)
        lp.col_lower_, lp.col_upper_ = np.zeros(n), np.ones(n)
        lp.row_lower_ = np.array([side.least for side in self.sides])
        lp.row_upper_ = np.array([side.most for side in self.sides])
        cells = [
            sorted((self.column[j], weight) for j, weight in side.weights.items() if j in self.column)
            for side in self.sides
        ]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *map(len, cells)], dtype=np.int32)
        lp.a_matrix_.index_ = np.array([c for row in cells for c, _ in row], dtype=np.int32)
        lp.a_matrix_.value_ = np.array([w for row in cells for _, w in row], dtype=np.float64)
        if self.integral:
            lp.integrality_ = [highspy.HighsVarType.kInteger] * n
        make: Any = highspy.Highs
        solver = make()
        for name, value in (
            ("output_flag", False),
            ("parallel", "off"),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", 0.5),  # every aim is a whole number
            ("mip_feasibility_tolerance", 1e-9),
            ("primal_feasibility_tolerance", 1e-9),
            ("mip_max_nodes", NODES),
        ):
            solver.setOptionValue(name, value)
        solver.passModel(lp)
        solver.run()
        solution, status = solver.getSolution(), solver.getModelStatus()
        proven = status == highspy.HighsModelStatus.kOptimal
        if not solution.value_valid:
            return None
        members = tuple(self.kept[c] for c, x in enumerate(solution.col_value) if x > 0.5)
        info = solver.getInfo()
        return _Found(members, info.mip_dual_bound if self.integral else info.objective_function_value, proven)


class _Search:
    """The three aims, one after the other."""

    def __init__(self, rows: list[Row], values: Sequence[int], kept: list[int], lacks: Lacks) -> None:
        self.rows, self.values, self.kept, self.lacks = rows, values, kept, lacks
        self.model = _Model(rows, kept)
        self.rounds = 0
        self.proven = True

    def run(self, greedy: Members) -> Cover:
        best = greedy
        at_least = max(1, _relaxed(self.rows, len(self.values)))
        if at_least < len(greedy):
            found = self._covered([1.0] * len(self.kept))
            if found is None:
                return Cover(greedy, at_least, False, "EXACT")
            if len(found.members) < len(best):
                best = found.members
            if found.proven:
                at_least = len(best)
            else:
                return Cover(best, max(at_least, int(np.ceil(found.bound - SLACK))), False, "EXACT")
        size = float(len(best))
        self.model.sides.append(_Side(dict.fromkeys(self.kept, 1.0), size, size))
        worth = {j: float(self.values[j]) for j in self.kept}
        best = self._improved(best, [-worth[j] for j in self.kept])
        reached = float(sum(self.values[j] for j in best))
        self.model.sides.append(_Side(worth, reached, float("inf")))
        best = self._improved(best, [float(place) for place in range(len(self.kept))])
        return Cover(best, len(best), self.proven, "EXACT")

    def _improved(self, best: Members, cost: list[float]) -> Members:
        price = dict(zip(self.kept, cost, strict=True))
        found = self._covered(cost) if self.proven else None
        self.proven = self.proven and found is not None and found.proven
        if found is None:
            return best
        # The best so far may hold somebody who was left out beforehand; then something at least as good was found.
        known = sum(price[j] for j in best) if all(j in price for j in best) else float("inf")
        return found.members if sum(price[j] for j in found.members) < known else best

    def _covered(self, cost: list[float]) -> _Found | None:
        """The cheapest set that covers in whole numbers; one that only seems to gives a row more."""
        while self.rounds < ROUNDS:
            found = self.model.solve(cost)
            if found is None:
                return None
            chosen = set(found.members)
            unmet = [Row(1, {j: 1 for j in row.gains if j not in chosen}) for row in short(self.rows, chosen)]
            row = None if unmet else self.lacks(found.members)
            if not unmet and row is None:
                return found
            self.rounds += 1
            for one in unmet if row is None else [row]:
                self.rows.append(one)
                self.model.add(one)
        return None

"""The plan of an area: who gets what, best for all, proven.

    max lexicographically  the aims of the order (`graph.market`): urgency, fairness between communities, score
    s.t.  a need gets at most what remains, an offer gives at most what is available, a pair at most the maximum, offers
          of a cap together at most its limit, nothing outside graph.rules, whole units, a pair nothing or at least the
          minimum, a whole need nothing or everything

What is left equal is settled by a hash of ids, so that the answer depends on what is asked and offered, never on the
order of the lists. `graph.solving` computes it part by part; here lists of values become columns and back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from time import perf_counter
from typing import Any, cast

import numpy as np

from graph.bottlenecks import Scarce
from graph.candidates import pairs
from graph.checker import Instance, check_lines
from graph.columns import Columns, Ints, columns
from graph.market import ORDERS, sums
from graph.parts import Part
from graph.score import weight_vector
from graph.shortfalls import Given, explain
from graph.solver import LIMIT, SOLVER
from graph.solving import Found, Recruited, Task, groups_of, recruited, solve_parts
from graph.values import (
    WHOLE,
    Allocation,
    Bottleneck,
    Cap,
    Certificate,
    Coverage,
    Need,
    Offer,
    Plan,
    Prices,
    World,
    aims_as_number,
)

#: Pairs that may be solved for the sake of minimum quantities before the best plan so far has to do (some 5 s).
WORK_LIMIT = 10_000_000

#: Bottlenecks named by a plan, each verified by solving its part again.
BOTTLENECKS = 10

Progress = Callable[[float], None]


def compute_plan(
    needs: Sequence[Need],
    offers: Sequence[Offer],
    world: World,
    *,
    order: str = "URGENT_FIRST",
    caps: Sequence[Cap] = (),
    work_limit: int = WORK_LIMIT,
    processes: int | None = None,
    progress: Progress | None = None,
    bottlenecks: int = BOTTLENECKS,
) -> Plan:
    """The optimal allocation of `offers` to `needs`.

    order        URGENT_FIRST or FAIR_FIRST
    caps         limits of what offers give together, nested
    processes    None: as many as there are cores where the instance is large
    progress     hears how much is done, 0..1
    bottlenecks  how many to name at most; each is verified by solving again

    When minimum quantities cannot be settled within `work_limit`, the plan is feasible, `certificate.optimal` is False
    and `certificate.dual` bounds what any plan could reach.

    Raises ValueError for bad weights, an unknown order, ids that occur twice, a priority outside 0..3, quantities
    outside 32 bits, or caps that are not nested; KeyError for a type or area that the world does not know.
    """
    began = perf_counter()
    needs = sorted((n for n in needs if n.is_open and n.remaining > 0), key=lambda n: n.id)
    offers = sorted(offers, key=lambda o: o.id)
    caps = sorted(caps, key=lambda c: c.id)
    _refuse_bad(needs, offers, caps, order)
    weights = weight_vector(world.weights)
    table = columns(needs, offers, world, caps)
    whole = _Whole(table, order)
    for part, found in solve_parts(table, weights, order, work_limit, processes=processes, progress=progress):
        whole.add(part, found)
    allocations = whole.allocations()
    shortfalls = explain(needs, offers, world, whole.given, caps)
    total = sum(need.remaining for need in needs)
    primal, bound = (aims_as_number(aims, total, order) for aims in whole.aims())
    plan = Plan(
        demand=len(needs),
        met=len(needs) - len(shortfalls),
        allocations=allocations,
        shortfalls=shortfalls,
        certificate=Certificate(optimal=False, primal=primal, dual=bound, violations=0, solver=SOLVER, seconds=0.0),
        searched=frozenset(table.need.ids[whole.searched()].tolist()),
        order=order,
        prices=whole.prices(),
        coverage=tuple(whole.coverage()),
        bottlenecks=tuple(whole.bottlenecks(weights, work_limit, bottlenecks)),
    )
    # The parts were judged as they were solved; here what was made of them, against the rules one by one.
    violations = whole.violations + len(check_lines(Instance(needs, offers, world, pairs([], [], world)), plan))
    certificate = replace(
        plan.certificate,
        optimal=primal == bound and not violations,
        violations=violations,
        seconds=perf_counter() - began,
    )
    return replace(plan, certificate=certificate)


class _Whole:
    """The parts of a plan put together; positions become ids here."""

    def __init__(self, table: Columns, order: str) -> None:
        self.table, self.order = table, order
        self.pieces: list[tuple[Part, Found]] = []
        self.violations = 0

    def add(self, part: Part, found: Found) -> None:
        self.pieces.append((part, found))
        self.violations += len(found.faults)

    @cached_property
    def given(self) -> Given:
        """Who gets how much of what, in positions, ordered by need, then offer; once all parts are in."""
        need = self._joined([part.needs[f.need] for part, f in self.pieces])
        offer = self._joined([part.offers[f.offer] for part, f in self.pieces])
        quantity = self._joined([f.quantity for _, f in self.pieces])
        rank = np.lexsort((offer, need))
        return Given(need[rank], offer[rank], quantity[rank])

    def allocations(self) -> list[Allocation]:
        need_ids, offer_ids = self.table.need.ids, self.table.offer.ids
        found = []
        for part, f in self.pieces:
            rows = zip(
                need_ids[part.needs[f.need]].tolist(),
                offer_ids[part.offers[f.offer]].tolist(),
                f.quantity.tolist(),
                f.score.tolist(),
                _ids(offer_ids[part.offers], f.next_offer),
                f.next_score.tolist(),
                _ids(need_ids[part.needs], f.next_need),
                strict=True,
            )
            found += [
                Allocation(n, o, q, s / WHOLE**2, o2, None if o2 is None else s2 / WHOLE**2, n2)
                for n, o, q, s, o2, s2, n2 in rows
            ]
        found.sort(key=lambda a: (a.need_id, a.offer_id))
        return found

    def searched(self) -> Ints:
        return self._joined([part.needs[f.searched] for part, f in self.pieces])

    def aims(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What is reached and what no plan passes; FAIR as what it spares against giving nothing."""
        at = 0 if self.order == "FAIR_FIRST" else 4
        totals = []
        for name in ("aims", "bound"):
            reached = [0] * 6
            for _, f in self.pieces:
                reached = [a + b for a, b in zip(reached, getattr(f, name), strict=True)]
            reached[at] += sum(f.fair_worst for _, f in self.pieces)
            totals.append(tuple(reached))
        return totals[0], totals[1]

    def prices(self) -> tuple[Prices, ...]:
        need, offer, caps = self.table.need, self.table.offer, self.table.caps
        found = []
        for place, stage in enumerate(ORDERS[self.order]):
            prices = Prices(stage, {}, {}, dict.fromkeys(caps.ids.tolist(), 0), {})
            for part, f in self.pieces:
                cuts = np.cumsum([len(part.needs), len(part.offers), len(f.caps)])
                of_needs, of_offers, of_caps, of_groups = np.split(f.prices[place][:-1], cuts)
                for into, keys, values in (
                    (prices.needs, need.ids[part.needs].tolist(), of_needs),
                    (prices.offers, offer.ids[part.offers].tolist(), of_offers),
                    (prices.caps, caps.ids[f.caps].tolist(), of_caps),
                    (prices.groups, map(tuple, f.groups.tolist()), of_groups),
                ):
                    cast("dict[Any, int]", into).update(zip(keys, values.tolist(), strict=True))
            found.append(prices)
        return tuple(found)

    def coverage(self) -> list[Coverage]:
        keys, group = groups_of(self.table)
        got = sums(self.given.need, self.given.quantity, len(group))
        requested, allocated = (sums(group, units, len(keys)) for units in (self.table.need.remaining, got))
        rows = zip(keys.tolist(), requested.tolist(), allocated.tolist(), strict=True)
        return [Coverage(district, kind, asked, gave) for (district, kind), asked, gave in rows]

    def bottlenecks(self, weights: tuple[int, ...], work_limit: int, most: int) -> Iterator[Bottleneck]:
        """Where one more unit is worth most, over all parts; each verified by solving its part again."""
        ranked = [(place, scarce) for place, (_, f) in enumerate(self.pieces) for scarce in f.scarce]
        ranked.sort(key=lambda r: ([-w for w in r[1].worth], -r[1].shortfall, self._group(*r)))
        ranked = ranked[:most]
        told: dict[tuple[int, int], Recruited] = {}
        # All that is asked here together may search for minimums as long as the plan itself.
        work_limit //= 2 * max(1, len(ranked))
        for place in sorted({place for place, _ in ranked}):
            part, found = self.pieces[place]
            task = Task(self.table.part(part.needs, part.offers), weights, self.order, work_limit)
            groups = [scarce for at, scarce in ranked if at == place]
            answers = recruited(task, found, groups)
            told |= {(place, scarce.group): answer for scarce, answer in zip(groups, answers, strict=True)}
        for place, scarce in ranked:
            district, kind = self._group(place, scarce)
            brings = told[place, scarce.group]
            yield Bottleneck(kind, district, scarce.shortfall, brings.worth, brings.met_by_one, brings.met_by_all)

    def _group(self, place: int, scarce: Scarce) -> tuple[int, int]:
        """District and type."""
        district, kind = self.pieces[place][1].groups[scarce.group].tolist()
        return district, kind

    def _joined(self, blocks: list[Ints]) -> Ints:
        return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int64)


def _ids(ids: Ints, places: Ints) -> list[int | None]:
    return [None if place < 0 else int(ids[place]) for place in places.tolist()]


def _refuse_bad(needs: Sequence[Need], offers: Sequence[Offer], caps: Sequence[Cap], order: str) -> None:
    if order not in ORDERS:
        raise ValueError(f"an order is one of {', '.join(ORDERS)}, not {order}")
    for values in (needs, offers, caps):
        if len({value.id for value in values}) != len(values):
            raise ValueError("an id occurs twice")
    if any(not 0 <= n.priority <= 3 for n in needs):
        raise ValueError("a priority lies in 0..3")
    top = 2**31
    if any(n.remaining >= top for n in needs) or any(o.available >= top or o.minimum >= top for o in offers):
        raise ValueError("quantities fit 32 bits")
    above = {cap.id: cap.parent_id for cap in caps}
    if any(not 0 <= cap.limit < LIMIT for cap in caps):
        raise ValueError("a cap is not negative")
    if any(o.cap_id is not None and o.cap_id not in above for o in offers):
        raise ValueError("an offer draws on a cap that is not given")
    for cap in above:
        at, steps = above[cap], 0
        while at is not None:
            if at not in above or steps > len(above):
                raise ValueError("caps are nested: the one above is given, and none is above itself")
            at, steps = above[at], steps + 1

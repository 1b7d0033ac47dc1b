"""How plans of the former stages (`graph.old_stages`) are checked, until the plan has moved.

A plan is right when (1) it does nothing that is not allowed and loses nothing, and (2) the prices it carries prove
that nothing better exists: for each stage every price has its sign, and value of the plan = value of the prices
(weak duality does the rest). The formula is that of `graph.stages`, written once more. Parts that were searched for the
sake of minimum quantities carry no such proof; they are only checked for (1) and for standing apart.
O(pairs), in whole numbers that do not overflow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from graph.candidates import Pairs
from graph.rules import obstacles
from graph.score import score_e8
from graph.ties import tie_values
from graph.values import Duals, Plan, aims_as_number

if TYPE_CHECKING:
    from graph.checker import Instance

Numbers = npt.NDArray[Any]  # int64, or Python integers where those could overflow
_STAGES = ("TIER", "SCORE", "TIE")


def check(instance: Instance, plan: Plan) -> list[str]:
    """Everything that is wrong with the plan, in English; empty when it is right."""
    faults = list(_not_allowed(instance, plan))
    return faults or [*_lost(instance, plan), *_not_proven(instance, plan)]


def _not_allowed(instance: Instance, plan: Plan) -> Iterator[str]:
    needs, offers = {n.id: n for n in instance.needs}, {o.id: o for o in instance.offers}
    got: Counter[int] = Counter()
    given: Counter[int] = Counter()
    seen = set()
    for a in plan.allocations:
        pair = f"need {a.need_id}, offer {a.offer_id}"
        if a.need_id not in needs or a.offer_id not in offers or (a.need_id, a.offer_id) in seen:
            yield f"{pair}: unknown or twice"
            continue
        seen.add((a.need_id, a.offer_id))
        need, offer = needs[a.need_id], offers[a.offer_id]
        got[need.id] += a.quantity
        given[offer.id] += a.quantity
        if a.quantity < max(1, offer.minimum) or (offer.maximum is not None and a.quantity > offer.maximum):
            yield f"{pair}: {a.quantity} is outside the minimum and maximum"
        yield from (f"{pair}: {found.code}" for found in obstacles(need, offer, instance.world))
        if round(a.score * 1e8) != score_e8(need, offer, instance.world):
            yield f"{pair}: the score is not {a.score}"
    yield from (f"need {i}: {q} is more than remains" for i, q in got.items() if q > needs[i].remaining)
    yield from (f"offer {i}: {q} is more than is available" for i, q in given.items() if q > offers[i].available)


def _lost(instance: Instance, plan: Plan) -> Iterator[str]:
    got: Counter[int] = Counter()
    for a in plan.allocations:
        got[a.need_id] += a.quantity
    short = {n.id: n.remaining - got[n.id] for n in instance.needs if got[n.id] < n.remaining}
    if {s.need_id: s.quantity for s in plan.shortfalls} != short or len(plan.shortfalls) != len(short):
        yield "the shortfalls are not what the allocations leave unmet"
    if any(not s.obstacles for s in plan.shortfalls):
        yield "a shortfall has no reason"
    if (plan.demand, plan.met) != (len(instance.needs), len(instance.needs) - len(short)):
        yield "demand or met is miscounted"
    tier = {n.id: n.priority for n in instance.needs}
    met = [sum(q for i, q in got.items() if tier[i] == level) for level in (3, 2, 1, 0)]
    score = sum(round(a.score * 1e8) * a.quantity for a in plan.allocations)
    primal = aims_as_number((*met, score), sum(n.remaining for n in instance.needs))
    if plan.certificate.primal != primal or plan.certificate.dual < primal:
        yield "the certificate states other figures than the allocations"


def _not_proven(instance: Instance, plan: Plan) -> Iterator[str]:
    needs, offers, eligible = instance.needs, instance.offers, instance.eligible
    if [d.stage for d in plan.duals] != list(_STAGES):
        yield "prices of a stage are missing"
        return
    place = {(needs[n].id, offers[o].id): p for p, (n, o) in enumerate(_ends(eligible))}
    flow = np.zeros(len(place), dtype=np.int64)
    for a in plan.allocations:
        flow[place[a.need_id, a.offer_id]] = a.quantity
    # 1. Leave out what was searched; it must not share an offer with the rest.
    need_in = np.array([n.id not in plan.searched for n in needs], dtype=np.bool_)
    pair_in = need_in[eligible.need_index]
    offer_in = np.ones(len(offers), dtype=np.bool_)
    offer_in[eligible.offer_index[~pair_in]] = False
    if not offer_in[eligible.offer_index[pair_in]].all():
        yield "a searched part is connected with the rest"
    need, offer = eligible.need_index[pair_in], eligible.offer_index[pair_in]
    flow, limit = flow[pair_in], eligible.quantity[pair_in]
    demand = np.array([n.remaining for n in needs], dtype=np.int64)[need_in]
    supply = np.array([max(0, o.available) for o in offers], dtype=np.int64)[offer_in]
    ids = np.array([n.id for n in needs], dtype=np.int64), np.array([o.id for o in offers], dtype=np.int64)
    tier = np.array([n.priority + 1 for n in needs], dtype=np.int64)
    values = (tier[need], eligible.score_e8[pair_in], tie_values(ids[0][need], ids[1][offer]))
    # 2. Stage by stage; slack decides what the next one may still move.
    need_tight, offer_tight = np.zeros(len(needs), dtype=np.bool_), np.zeros(len(offers), dtype=np.bool_)
    frozen = np.zeros(len(need), dtype=np.int8)
    for duals, value in zip(plan.duals, values, strict=True):
        y, z = _prices(duals, duals.needs, ids[0]), _prices(duals, duals.offers, ids[1])
        if y is None or z is None:
            yield f"{duals.stage}: a price is missing"
            return
        if ((y < 0) & ~need_tight & need_in).any() or ((z < 0) & ~offer_tight & offer_in).any():
            yield f"{duals.stage}: a price has the wrong sign"
        gain = value - y[need] - z[offer]
        counted = ((frozen == 0) & (gain > 0)) | (frozen > 0)
        dual = _dot(demand, y[need_in]) + _dot(supply, z[offer_in]) + _dot(limit[counted], gain[counted])
        if (primal := _dot(flow, value)) != dual:
            yield f"{duals.stage}: the plan is worth {primal}, its prices {dual}"
        need_tight |= (y > 0).astype(np.bool_)
        offer_tight |= (z > 0).astype(np.bool_)
        frozen = np.where(frozen == 0, (gain > 0).astype(np.int8) - (gain < 0).astype(np.int8), frozen)


def _ends(eligible: Pairs) -> Iterator[tuple[int, int]]:
    return zip(eligible.need_index.tolist(), eligible.offer_index.tolist(), strict=True)


def _prices(duals: Duals, prices: Mapping[int, int], ids: Numbers) -> Numbers | None:
    found = [prices.get(i) for i in ids.tolist()]
    if any(p is None for p in found):
        return None
    largest = max((abs(p) for p in [*duals.needs.values(), *duals.offers.values()]), default=0)
    return np.array(found, dtype=np.int64 if largest < 1 << 60 else object)


def _dot(a: Numbers, b: Numbers) -> int:
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True) if x and y)

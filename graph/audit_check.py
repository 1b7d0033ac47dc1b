"""Judges an audit file from the file alone: no database, no rules, no line shared with the solver or `graph.proof`.

Arc by arc, in Python's whole numbers:

    rc = cost - price[tail] + price[head], stage after stage;  the first that is not 0 is
    > 0 only on arcs without flow,  < 0 only on arcs that are full

What a file cannot show is that its eligible pairs are the ones the rules allow. O(pairs).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graph.audit_file import AIMS, SEGMENTS, TOP_SCORE, TOP_TIE, File, read

_TIERS = ("STAT", "ASAP", "URGENT", "ROUTINE")

Found = Iterator[tuple[str, str, str]]  # 中文, English, where


def recheck(body: Any) -> list[str]:
    """Everything wrong with a document, as 中文 / English by kind; empty when it proves what it says.

    Raises NotAnAudit when it is no such document: parts missing, columns of unequal length, numbers out of range.
    """
    file = read(body)
    faults = _grouped([*_costs_differ(file), *_not_allowed(file)])
    return faults or _grouped([*_not_proven(file), *_misstated(file)])


def tie(need_id: int, offer_id: int) -> int:
    """What settles ties: upper half of the finalizer of splitmix64 over both ids (doi:10.1145/2660193.2660195)."""
    x = (need_id * 0x9E3779B97F4A7C15 + offer_id) % 2**64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return (x ^ x >> 31) >> 32


def twentieths(units: int) -> list[int]:
    """What a group asks for in 20 parts that differ by 1 at most.

    >>> twentieths(30)[:4], sum(twentieths(30))
    ([1, 2, 1, 2], 30)
    """
    return [units * (k + 1) // SEGMENTS - units * k // SEGMENTS for k in range(SEGMENTS)]


def _grouped(found: list[tuple[str, str, str]], shown: int = 3) -> list[str]:
    kinds: dict[tuple[str, str], list[str]] = {}
    for zh, en, where in found:
        kinds.setdefault((zh, en), []).append(where)
    return [
        f"{zh} / {en}: {'; '.join(where[:shown])}" + (f" (+{len(where) - shown})" if len(where) > shown else "")
        for (zh, en), where in kinds.items()
    ]


def _costs_differ(file: File) -> Found:
    """A proof of other aims than the documented ones proves nothing."""
    asked = [0] * len(file.segments)
    for group, units in zip(file.group, file.quantity, strict=True):
        asked[group] += units
    for place, units in enumerate(asked):
        if file.segments[place] != twentieths(units):
            yield "分段与需求总量不符", "segments are not twentieths of the group's demand", f"group {place}"
    tiers, pairs = [t + 1 for t in file.tier], list(zip(file.pair_need, file.pair_offer, strict=True))
    rising = [2 * k + 1 for k in range(SEGMENTS)]
    for stage in file.stages:
        n, p, name = len(file.need_ids), len(pairs), stage.name
        unmet = {"TIER": tiers, "FAIR": [0] * n, "SCORE": [TOP_SCORE] * n, "TIE": [TOP_TIE] * n}[name]
        segment = rising if name == "FAIR" else [0] * SEGMENTS
        right = stage.unmet == unmet and stage.segment == segment
        if name == "SCORE":
            right = right and all(0 <= cost <= TOP_SCORE for cost in stage.pair)
        elif name == "TIE":
            right = right and all(c == TOP_TIE - tie(*ids) for c, ids in zip(stage.pair, pairs, strict=True))
        else:
            right = right and stage.pair == [0] * p
        if not right:
            yield "成本与约定不符", "costs are not those of the stage", name


def _not_allowed(file: File) -> Found:
    for (need, offer), units in file.allocated.items():
        at, pair = file.pair_at.get((need, offer)), f"need {need}, offer {offer}"
        if at is None:
            yield "分配不在可行配对之中", "an allocation is not among the eligible pairs", pair
        elif not file.minimum[file.offer_at[offer]] <= units <= file.limit[at]:
            yield "数量不在起供与上限之间", "outside the minimum and the limit", f"{pair}: {units}"
    for name, asked, whole, unmet in zip(file.need_ids, file.quantity, file.whole, file.unmet, strict=True):
        if unmet < 0:
            yield "需求得到的超过所需", "a need gets more than it asks for", f"need {name}"
        if whole and unmet not in (0, asked):
            yield "须整体满足的需求只得到一部分", "a need that wants all or nothing gets a part", f"need {name}"
    for name, given, capacity in zip(file.offer_ids, file.given, file.capacity, strict=True):
        if given > capacity:
            yield "供给给出的超过余量", "an offer gives more than it has", f"offer {name}"
    for name, through, most in zip(file.cap_ids, file.through, file.cap_limit, strict=True):
        if through > most:
            yield "超出额度", "a cap is exceeded", f"cap {name}"


def _touched(file: File, *, searched: bool) -> set[tuple[str, int]]:
    found = {("group", g) for n, g in zip(file.need_ids, file.group, strict=True) if (n in file.searched) == searched}
    for need, offer in file.pair_at:
        if (need in file.searched) == searched and ("offer", offer) not in found:
            found.add(("offer", offer))
            cap = file.cap[file.offer_at[offer]]
            while cap is not None:
                found.add(("cap", cap))
                cap = file.parent[file.cap_at[cap]]
    return found


def _not_proven(file: File) -> Found:
    prices, skipped = [stage.prices for stage in file.stages], set[int]()
    if file.searched:
        # Such a part may share nothing with the rest, or the prices of the rest would prove nothing.
        here, there = _touched(file, searched=True), _touched(file, searched=False)
        for kind, shared in sorted(here & there):
            yield "经过搜索的部分与其余部分相连", "a searched part is connected with the rest", f"{kind} {shared}"
        skipped = {file.node[key] for key in here} | {file.node["need", n] for n in file.searched}
    for name, tail, head, flow, capacity, costs, at in file.arcs():
        if tail in skipped:
            continue
        for price, cost in zip(prices, costs, strict=True):
            reduced = cost[at] - price[tail] + price[head]
            if reduced:
                if flow if reduced > 0 else flow != capacity:
                    yield "未证明最优", "not proven optimal", " ".join(map(str, name))
                break


def costs_of(file: File) -> list[int]:
    """What the allocation costs in each stage."""
    total = [0] * len(file.stages)
    for _, _, _, flow, _, costs, at in file.arcs():
        if flow:
            total = [sum_ + flow * cost[at] for sum_, cost in zip(total, costs, strict=True)]
    return total


def aims_of(file: File, costs: list[int]) -> Iterator[tuple[str, int]]:
    """What a plan of these `costs_of` reaches, most important first; more is better."""
    cost = dict(zip(AIMS[file.order], costs, strict=True))
    met = [0, 0, 0, 0]
    for tier, asked, unmet in zip(file.tier, file.quantity, file.unmet, strict=True):
        met[3 - tier] += asked - unmet
    nothing = sum((2 * k + 1) * size for sizes in file.segments for k, size in enumerate(sizes))
    units, fair = list(zip(_TIERS, met, strict=True)), [("FAIR", nothing - cost["FAIR"])]
    yield from units + fair if file.order == "URGENT_FIRST" else fair + units
    yield "SCORE", TOP_SCORE * sum(file.quantity) - cost["SCORE"]


def _misstated(file: File) -> Found:
    costs = costs_of(file)
    for stage, cost in zip(file.stages, costs, strict=True):
        if stage.cost != cost:
            yield "所述成本与分配不符", "the allocation costs something else than stated", f"{stage.name}: {cost}"
    aims, stated = list(aims_of(file, costs)), file.certificate
    if stated["aims"] != dict(aims) or stated["primal"] != (primal := number(aims, sum(file.quantity))):
        yield "证明中的数值与分配不符", "the certificate states other figures than the allocations", "primal"
    elif stated["dual"] < primal or ((stated["optimal"] or not file.searched) and stated["dual"] != primal):
        yield "证明中的上界不成立", "the certificate states a bound that does not hold", "dual"
    if (stated["proof"] == "PRICES") == bool(file.searched):
        yield "证明方式与所述不符", "the proof is not of the kind stated", stated["proof"]


def number(aims: list[tuple[str, int]], total: int) -> int:
    """The aims as digits of one number, each digit's base one more than it can be."""
    base = {"FAIR": 2 * SEGMENTS * total + 1, "SCORE": TOP_SCORE * total + 1}
    written = 0
    for name, value in aims:
        written = written * base.get(name, total + 1) + value
    return written

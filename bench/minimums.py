"""Minimum quantities and whole needs: what is proven, in what time, beside HiGHS alone on the same network.

    python -m bench.minimums [SIZE ...]      sizes are numbers of needs, by default 1000 and 10000

The county is that of `bench.county`; three offers in ten have a minimum of 2 to 6 units a need, and in a second run
three needs in ten are whole or nothing as well. The peer (`--peer`, the first size only) is HiGHS alone on the whole
network, aim by aim, begun from the empty plan.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace

import numpy as np

from bench.county import county
from graph.candidates import pairs
from graph.market import ORDERS, Flags, Market, aims, frame, frame_flow
from graph.milp import by_highs
from graph.minimums import WORK_LIMIT, honour, network
from graph.semicontinuous import relaxed, tightened
from graph.solver import Ints
from graph.stages import solve

SHARE = 0.3
ORDER = ORDERS["URGENT_FIRST"]


def market(size: int, whole: float, seed: int = 1, share: float = SHARE) -> tuple[Market, Ints, Flags]:
    asked, offered, world = county(size, size // 2, seed)
    chance = random.Random(seed + 99)
    for place, offer in enumerate(offered):
        if chance.random() < share:
            most = min(offer.available, offer.maximum or offer.available)
            offered[place] = replace(offer, minimum=min(most, chance.randint(2, 6)))
    found = pairs(asked, offered, world)
    groups: dict[tuple[int, int], int] = {}
    group = [groups.setdefault((world.area_ancestors[n.area_id][1], n.type_id), len(groups)) for n in asked]
    nobody = np.zeros(0, dtype=np.int64)
    made = Market(
        np.array([n.remaining for n in asked]),
        np.array([n.priority for n in asked]),
        np.array(group),
        np.array([o.available for o in offered]),
        np.full(len(offered), -1),
        nobody,
        nobody,
        found.need_index.astype(np.int64),
        found.offer_index.astype(np.int64),
        found.quantity.astype(np.int64),
        found.score_e8.astype(np.int64),
        np.array([n.id for n in asked]),
        np.array([o.id for o in offered]),
        len(groups),
    )
    minimum = np.array([max(1, o.minimum) for o in offered])[made.offer]
    return made, minimum, np.array([chance.random() < whole for _ in asked])


def row(size: int, whole: float, seed: int, work_limit: int) -> str:
    of, minimum, flags = market(size, whole, seed)
    began = time.perf_counter()
    plain = solve(of, ORDER).flow
    flow_seconds = time.perf_counter() - began
    broken = int(((plain > 0) & (plain < minimum)).sum())
    began = time.perf_counter()
    found = honour(of, ORDER, plain, minimum, flags, work_limit=work_limit)
    seconds = time.perf_counter() - began
    reached = aims(of, ORDER, found.flow)
    gap = tuple(b - a for a, b in zip(reached, found.bound, strict=True))
    said = "proven" if not any(gap) else f"open by {gap[:4]} units of tier 3, 2, 1, 0"
    met = sum(reached[i] for i in range(4))
    return (
        f"| {size:,} | {whole:.0%} | {seed} | {len(of.need):,} | {broken} | {flow_seconds:.2f} | {seconds:.2f} "
        f"| {found.flows} | {met:,} of {int(plain.sum()):,} | {said} |"
    )


def alone(size: int, whole: float) -> str:
    """HiGHS on the whole network: seconds, and whether it proves the same optimum."""
    of, minimum, flags = market(size, whole)
    net = tightened(network(of, ORDER, minimum, flags)[0])
    ours = honour(of, ORDER, solve(of, ORDER).flow, minimum, flags)
    empty, best = (
        np.append(flow, frame_flow(of, frame(of), flow)) for flow in (np.zeros(len(of.need), dtype=np.int64), ours.flow)
    )
    began = time.perf_counter()
    plan, bound = by_highs(net, relaxed(net), empty)
    seconds = time.perf_counter() - began
    said = "proven" if net.cost(plan) == bound else "not proven"
    return f"HiGHS alone: {seconds:.1f} s, {said}; same plan value: {net.cost(plan) == net.cost(best)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--work-limit", type=int, default=WORK_LIMIT)
    options = parser.parse_args()
    print("| needs | whole | seed | pairs | pairs too small | flow, s | minimums, s | flows | units met | |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|")
    for size in options.sizes:
        for whole in (0.0, SHARE):
            for seed in range(1, options.seeds + 1):
                print(row(size, whole, seed, options.work_limit), flush=True)
    if options.peer:
        print(f"\n{options.sizes[0]:,} needs, minimums only: {alone(options.sizes[0], 0.0)}")


if __name__ == "__main__":
    main()

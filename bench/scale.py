"""The engine against size, and against OR-tools on the same arcs.

    python -m bench.scale [SIZE ...]         whole plans over every eligible pair: 1,000 to 100,000 by default
    python -m bench.scale --arcs [SIZE ...]  one flow on the best 24 pairs of each need: our solver, OR-tools

A plan: parts, pairs, four stages, minimums, verdict of the checker (`graph.solving`), from columns to positions, on
every core. Each size runs in a process of its own; memory is the peak of that process plus that of its workers.
OR-tools (a peer, `pip install ortools`) runs beside in another process, for it cannot be imported next to HiGHS.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

BEST = 24
RUNS = 3


def plan(size: int) -> dict[str, Any]:
    from bench.counties import WEIGHTS, region
    from graph.score import weight_vector
    from graph.solving import solve_parts

    columns, weights = region(size).columns(), weight_vector(WEIGHTS)
    seconds = []
    for _ in range(RUNS if size < 50_000 else 1):
        began = time.perf_counter()
        parts = given = faults = 0
        gap = False
        for _, found in solve_parts(columns, weights, "URGENT_FIRST", 10_000_000):
            parts, given, faults = parts + 1, given + int(found.quantity.sum()), faults + len(found.faults)
            gap |= found.aims != found.bound
        seconds.append(time.perf_counter() - began)
    if faults or gap:
        raise SystemExit(f"{faults} faults, {'not ' if gap else ''}proven")
    here, workers = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cores = (os.cpu_count() or 1) if workers else 0
    return {
        "parts": parts,
        "asked": int(columns.need.remaining.sum()),
        "given": given,
        "seconds": sorted(seconds)[len(seconds) // 2],
        "megabytes": (here + cores * workers) // 1024,
    }


def _arcs(size: int) -> tuple[Any, ...]:
    from bench.counties import WEIGHTS, region
    from graph.eligible import eligible
    from graph.market import TOP_SCORE
    from graph.parts import parts
    from graph.score import weight_vector

    columns, weights = region(size).columns(), weight_vector(WEIGHTS)
    need, offer, limit, cost = [], [], [], []
    for part in parts(columns).parts:
        found = eligible(columns.part(part.needs, part.offers), weights)
        order = np.lexsort((-found.score, found.need))
        row = found.need[order]
        kept = np.sort(order[np.arange(len(row)) - np.searchsorted(row, row) < BEST])
        need.append(part.needs[found.need[kept]])
        offer.append(part.offers[found.offer[kept]])
        limit.append(found.limit[kept].astype(np.int64))
        cost.append(TOP_SCORE - found.score[kept].astype(np.int64))
    n, m = len(columns.need.ids), len(columns.offer.ids)
    asked, has = columns.need.remaining, columns.offer.available
    tails = np.concatenate([*need, np.arange(n + m)])
    heads = np.concatenate([np.concatenate(offer) + n, np.full(n + m, n + m)])
    capacity = np.concatenate([*limit, asked, has])
    costs = np.concatenate([*cost, np.full(n, TOP_SCORE), np.zeros(m, dtype=np.int64)])
    supply = np.concatenate([asked, np.zeros(m, dtype=np.int64), [-int(asked.sum())]])
    return supply, tails, heads, capacity, costs


def ours(size: int) -> dict[str, Any]:
    from graph.solver import min_cost_flow

    supply, tails, heads, capacity, cost = _arcs(size)
    return _timed(lambda: int((min_cost_flow(supply, tails, heads, capacity, cost).flow * cost).sum()), len(tails))


def ortools(size: int) -> dict[str, Any]:
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    supply, tails, heads, capacity, cost = _arcs(size)

    def solve() -> int:
        flow = SimpleMinCostFlow()
        flow.add_arcs_with_capacity_and_unit_cost(tails, heads, capacity, cost)
        flow.set_nodes_supplies(np.arange(len(supply)), supply)
        if flow.solve() != flow.OPTIMAL:
            raise SystemExit("OR-tools found no optimum")
        return int(flow.optimal_cost())

    return _timed(solve, len(tails))


def _timed(solve: Callable[[], int], arcs: int) -> dict[str, Any]:
    seconds, cost = [], 0
    for _ in range(RUNS):
        began = time.perf_counter()
        cost = solve()
        seconds.append(time.perf_counter() - began)
    return {"arcs": arcs, "cost": cost, "seconds": sorted(seconds)[RUNS // 2]}


JOBS: dict[str, Callable[[int], dict[str, Any]]] = {"plan": plan, "ours": ours, "ortools": ortools}


def apart(job: str, size: int) -> dict[str, Any]:
    """Run a job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.scale", "--job", job, str(size)], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--arcs", action="store_true", help="our solver against OR-tools on the same arcs")
    parser.add_argument("--job", choices=sorted(JOBS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(JOBS[options.job](options.sizes[0])))
    elif options.arcs:
        print("| needs | arcs | ours s | OR-tools s | ratio |\n|---:|---:|---:|---:|---:|")
        for size in options.sizes or [10_000, 100_000]:
            mine, peer = apart("ours", size), apart("ortools", size)
            if mine["cost"] != peer["cost"]:
                raise SystemExit(f"the optima differ: {mine['cost']}, {peer['cost']}")
            ratio = peer["seconds"] / mine["seconds"]
            print(f"| {size:,} | {mine['arcs']:,} | {mine['seconds']:.3f} | {peer['seconds']:.3f} | {ratio:.1f} |")
    else:
        print("| needs = offers | parts | asked | given | s | peak MB |\n|---:|---:|---:|---:|---:|---:|")
        for size in options.sizes or [1_000, 10_000, 100_000]:
            got = apart("plan", size)
            print(
                f"| {size:,} | {got['parts']} | {got['asked']:,} | {got['given']:,} "
                f"| {got['seconds']:.2f} | {got['megabytes']:,} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

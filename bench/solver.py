"""Minimum cost flow three ways on the same network: networkx alone, networkx through the backend, the engine's arrays.

    python bench/solver.py [SIZE ...]        sizes are numbers of needs, by default 1000 and 10000

The county is made up from a fixed seed: half as many offers as needs, 35 kinds of help, 14 townships of 31 villages.
networkx alone is run up to 1,000 needs unless `--peer` is given: it needs about a minute at 10,000.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import networkx as nx
import numpy as np

from graph.allocation import compute_plan
from graph.candidates import best, pairs
from graph.network import flow_graph
from graph.score import PART_CODES
from graph.solver import min_cost_flow
from graph.values import Need, Offer, World

TODAY = date(2026, 11, 1)
PEER_NEEDS = 1_000


def county(needs: int, offers: int, seed: int = 1) -> tuple[list[Need], list[Offer], World]:
    """A reproducible county with skewed supply, three levels of coverage, some earmarks, windows and maximums."""
    chance = random.Random(seed)
    types: dict[int, tuple[int, ...]] = {t: (t,) for t in range(1, 8)}
    kinds = list(range(8, 43))
    types |= {t: (1 + t % 7, t) for t in kinds}
    areas: dict[int, tuple[int, ...]] = {1: (1,)}
    townships, villages = list(range(2, 16)), list(range(16, 16 + 14 * 31))
    areas |= {t: (1, t) for t in townships} | {v: (1, 2 + v % 14, v) for v in villages}
    places = {a: (116 + chance.random() / 2, 35.5 + chance.random() / 2) for a in [*townships, *villages]}

    def groups(most: int) -> tuple[int, ...]:
        return tuple(sorted(chance.sample(range(1, 17), chance.randint(0, most))))

    def day(low: int, high: int) -> date | None:
        return TODAY + timedelta(days=chance.randint(low, high)) if chance.random() < 0.5 else None

    asked = [
        Need(
            i + 1,
            chance.choice(kinds),
            chance.choice(villages),
            groups(2),
            chance.randint(1, 20),
            chance.choices([0, 1, 2, 3], [6, 3, 2, 1])[0],
            day(-10, 30),
            day(31, 90),
        )
        for i in range(needs)
    ]
    offered = [
        Offer(
            i + 1,
            i % 500,
            chance.choice(kinds) if chance.random() < 0.9 else chance.randint(1, 7),
            chance.choice([*townships, *villages]),
            (chance.choices([1, chance.choice(townships), chance.choice(villages)], [2, 5, 3])[0],),
            () if chance.random() < 0.7 else groups(5),
            None if chance.random() < 0.9 else groups(6),
            chance.randint(1, 40),
            1,
            chance.randint(3, 10) if chance.random() < 0.3 else None,
            day(-100, 30),
            day(31, 200),
            TODAY - timedelta(days=chance.randint(0, 200)),
            chance.random(),
        )
        for i in range(offers)
    ]
    weights = dict(zip(PART_CODES, (2500, 2500, 1500, 1000, 1500, 1000), strict=True))
    return asked, offered, World(TODAY, types, areas, weights, places)


def timed(job: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """Median seconds and the last answer."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        answer = job()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[runs // 2], answer


def table(size: int, peer: bool) -> list[tuple[str, float, str]]:
    asked, offered, world = county(size, size // 2)
    arrays = flow_graph(asked, offered, world)
    graph = arrays.to_networkx()
    weights = np.asarray(arrays.edge_attributes["score_cost"])
    supply, capacity = -np.asarray(arrays.node_attributes["demand"]), np.asarray(arrays.edge_attributes["capacity"])
    rows: list[tuple[str, float, str]] = []
    costs = set()
    if peer:
        seconds, (cost, _) = timed(lambda: nx.network_simplex(graph, weight="score_cost", backend="networkx"), 1)
        rows.append(("network_simplex, networkx alone", seconds, "integers"))
        costs.add(cost)

    def converted() -> Any:
        graph.__networkx_cache__.clear()
        return nx.network_simplex(graph, weight="score_cost", backend="fivelink")

    seconds, (cost, _) = timed(converted)
    rows.append(("network_simplex, backend, conversion included", seconds, "same graph"))
    costs.add(cost)
    seconds, (cost, _) = timed(lambda: nx.network_simplex(arrays, weight="score_cost"))
    rows.append(("network_simplex, backend, array graph", seconds, "no conversion"))
    costs.add(cost)
    seconds, flow = timed(lambda: min_cost_flow(supply, arrays.tails, arrays.heads, capacity, weights))
    rows.append(("engine, arrays to flow and potentials", seconds, ""))
    costs.add(sum((flow.flow * weights).tolist()))
    if len(costs) != 1:
        raise SystemExit(f"the optima differ: {costs}")
    seconds, found = timed(lambda: pairs(asked, offered, world))
    rows.append(("all eligible pairs with scores", seconds, f"{len(found):,} pairs"))
    seconds, _ = timed(lambda: best(asked, offered, world, 10))
    rows.append(("best 10 of each need", seconds, ""))
    seconds, plan = timed(lambda: compute_plan(asked, offered, world), 1)
    proof = "optimal" if plan.certificate.optimal else "not proven"
    rows.append(("whole plan: three stages, reasons, checked", seconds, f"{plan.met} of {plan.demand} met, {proof}"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--peer", action="store_true", help="run networkx alone at every size")
    options = parser.parse_args()
    for size in options.sizes:
        print(f"\n{size:,} needs, {size // 2:,} offers")
        print("| what | seconds | |\n|---|---:|---|")
        for name, seconds, note in table(size, options.peer or size <= PEER_NEEDS):
            print(f"| {name} | {seconds:.4f} | {note} |")


if __name__ == "__main__":
    main()

"""`python -m bench.partners [speed] [quality] [drawing]`: Markdown tables on stdout. About a minute on a quiet machine.

speed: suggestions for a party in a network of 100,000 parties, beside networkx's own functions on the same network.
quality: what is found of hidden links (bench/partners_evaluation.py). drawing: a picture of 1,000 nodes.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python  # networkx.pagerank itself needs scipy

from bench.partners_evaluation import Question, blend, everything, found
from graph.layout import STEPS
from graph.linkage import Linkage, Member, Tie, linkage
from graph.partners import Ask, Gift, Partnership, partnership, suggest
from graph.picture import picture
from graph.walks import pagerank, resource_allocation
from resolvers.partners import shipped_weights

PARTIES, COMMUNITIES, COUNTIES, TYPES = 100_000, 20_000, 200, 150
ASKED = 300


def province(dice: random.Random) -> Partnership:
    """200 counties of 100 villages; 80,000 providers tied to about four villages each, a few to a whole county."""
    towns = 10
    paths: dict[int, tuple[int, ...]] = {1: (1,)}
    villages = []
    for county in range(COUNTIES):
        top = 10_000 + county
        paths[top] = (1, top)
        for town in range(towns):
            middle = 100_000 + county * towns + town
            paths[middle] = (1, top, middle)
            for _ in range(COMMUNITIES // COUNTIES // towns):
                id = 1_000_000 + len(villages)
                paths[id] = (1, top, middle, id)
                villages.append(id)
    members = [Member(n, "COMMUNITY", villages[n]) for n in range(COMMUNITIES)]
    ties, gifts = [], []
    size = COMMUNITIES // COUNTIES
    for n in range(COMMUNITIES, PARTIES):
        home = dice.randrange(COMMUNITIES)
        path = paths[villages[home]]
        reach = dice.choices([1, 2, 3], [3, 9, 8])[0]
        members.append(Member(n, "VOLUNTEER", path[reach]))
        gifts += [Gift(n, dice.randrange(TYPES), (path[reach],)) for _ in range(dice.choice([1, 1, 2, 3]))]
        whole = range(home - home % size, home - home % size + size)
        served = dice.sample(whole, min(size, max(1, int(dice.paretovariate(1.1)))))
        ties += [Tie("MATCH", community, n, dice.uniform(0.2, 3)) for community in served]
    asks = [Ask(n, dice.randrange(TYPES), dice.randint(1, 3)) for n in range(COMMUNITIES) for _ in range(6)]
    types = {kind: (kind,) if kind < 20 else (kind % 20, kind) for kind in range(TYPES)}
    return partnership(linkage(members, ties), gifts, asks, types, paths)


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def speed() -> None:
    dice = random.Random(2026)
    began = time.perf_counter()
    made = province(dice)
    built = time.perf_counter() - began
    network, weights = made.linkage, shipped_weights()
    asked = dice.sample(range(COMMUNITIES, PARTIES), ASKED)
    whole = sorted(timed(lambda id=id: suggest(made, id, weights)) for id in asked)  # type: ignore[misc]
    index = np.median([timed(lambda id=id: resource_allocation(network.links, id)) for id in asked])  # type: ignore[misc]
    ranks = np.median([timed(lambda id=id: pagerank(network.links, id)) for id in asked])  # type: ignore[misc]
    missing = max(pagerank(network.links, id)[2] for id in asked)
    graph = network.to_networkx()
    pairs = {id: [(id, q) for c in graph[id] for q in graph[c] if q != id] for id in asked[:50]}
    peer_index = np.median([timed(lambda p=p: list(nx.resource_allocation_index(graph, p))) for p in pairs.values()])  # type: ignore[misc]
    # The whole network takes networkx a minute: it is given the part that the party can reach.
    parts = {id: graph.subgraph(nx.node_connected_component(graph, id)) for id in asked[:5]}
    peer_ranks = np.median(
        [timed(lambda p=p, id=id: _pagerank_python(p, personalization={id: 1}, tol=1e-5)) for id, p in parts.items()]  # type: ignore[misc]
    )
    print(f"\n{PARTIES:,} parties, {len(network.links.ends) // 2:,} links; made from lists in {built:.1f} s\n")
    print("| one party | ms, median | networkx, ms | ratio |\n|---|---:|---:|---:|")
    print(f"| ten suggestions with reasons | {whole[len(whole) // 2] * 1e3:.1f} (p99 {whole[-3] * 1e3:.1f}) | | |")
    row = "| {} | {:.2f} | {:.2f} | {:.0f} |"
    print(row.format("resource allocation index", index * 1e3, peer_index * 1e3, peer_index / index))
    print(
        row.format(
            f"personalised PageRank (missing at most {missing:.3f})", ranks * 1e3, peer_ranks * 1e3, peer_ranks / ranks
        )
    )


METHODS = {
    "chance": "chance",
    "degree": "degree",
    "common neighbours": "common neighbours",
    "resource allocation": "RESOURCE_ALLOCATION",
    "PageRank": "PAGERANK",
}


def quality() -> None:
    score = blend(shipped_weights())
    print("\nrecall@k (precision@k) of hidden links; equal scores drawn by lot\n")
    print("| network | k | " + " | ".join([*METHODS, "**partners**"]) + " |")
    print("|---|---:|" + "---:|" * (len(METHODS) + 1))
    for name, (questions, k) in everything(second_half=True).items():
        cells = []
        for code in METHODS.values():
            by_code: Callable[[Question], Any] = lambda one, code=code: one.scores[code]  # type: ignore[misc]  # noqa: E731
            cells.append("{:.3f} ({:.3f})".format(*found(questions, by_code, k)))
        cells.append("{:.3f} ({:.3f})".format(*found(questions, score, k)))
        print(f"| {name} | {k} | " + " | ".join(cells) + " |")


def crowd(dice: random.Random) -> Linkage:
    members = [Member(n, "COMMUNITY" if n < 400 else "VOLUNTEER", 1, n % 20) for n in range(1_000)]
    ties = [Tie("MATCH", dice.randrange(400), n, dice.uniform(0.1, 1)) for n in range(400, 1_000) for _ in range(8)]
    return linkage(members, ties)


def drawing() -> None:
    network = crowd(random.Random(1))
    ours = sorted(timed(lambda: picture(network)) for _ in range(3))[1]
    graph = network.to_networkx()
    peer = timed(lambda: nx.forceatlas2_layout(graph, max_iter=STEPS, seed=1))
    print("\n| a picture of 1,000 nodes | seconds |\n|---|---:|")
    print(f"| ours: choice, {STEPS} steps, nothing overlaps, packed | {ours:.2f} |")
    print(f"| networkx.forceatlas2_layout, {STEPS} steps, overlaps left | {peer:.2f} |")


PARTS = {"speed": speed, "quality": quality, "drawing": drawing}


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    if not set(wanted) <= set(PARTS):
        print(f"usage: python -m bench.partners [{'] ['.join(PARTS)}]", file=sys.stderr)
        return 64
    for name in wanted:
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())

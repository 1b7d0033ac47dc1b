"""networkx's functions through the backend `fivelink` beside networkx's own, conversion included, answers compared.

The last column is the same call on a graph that is made of arrays already.

    python -m bench.networks [EDGES ...] [--long] [--county]

EDGES are 1000, 10000 and 100000 by default. networkx's own flows are run up to 10,000 edges, with --long at every size
(minutes). --county adds the flow of a county of 10,000 needs, where networkx alone takes about a minute. Without
scipy networkx has no dispatched PageRank; its implementation in plain Python takes its place.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from statistics import median
from typing import Any

import networkx as nx
import numpy as np
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

from bench.county import county
from graph.links import LinkGraph
from graph.network import FlowGraph, flow_graph
from graph.solver import min_cost_flow

SIZES = [1_000, 10_000, 100_000]
PEER_FLOWS = 10_000
ASKED_PAIRS = 1_000


def flow_network(edges: int, seed: int = 1) -> nx.DiGraph:
    """A network in which every demand can be met: a ring without limits, and chords with capacities and costs."""
    chance = random.Random(seed)
    nodes = edges // 10
    graph = nx.DiGraph()
    for node in range(nodes):
        graph.add_edge(("place", node), ("place", (node + 1) % nodes), weight=1_000)
    for _ in range(edges - nodes):
        u, v = chance.randrange(nodes), chance.randrange(nodes)
        if u != v and not graph.has_edge(("place", u), ("place", v)):
            graph.add_edge(("place", u), ("place", v), capacity=chance.randint(1, 50), weight=chance.randint(1, 100))
    for _ in range(nodes // 4):
        units = chance.randint(1, 40)
        for change in (-units, units):
            data = graph.nodes["place", chance.randrange(nodes)]
            data["demand"] = data.get("demand", 0) + change
    return graph


def limited(graph: nx.DiGraph) -> nx.DiGraph:
    """The same with a capacity on every edge and no demands: for the largest flow."""
    found = nx.DiGraph()
    found.add_edges_from((u, v, {"capacity": 60, **data}) for u, v, data in graph.edges(data=True))
    return found


def link_network(edges: int, seed: int = 1) -> nx.Graph:
    chance = random.Random(seed)
    graph = nx.relabel_nodes(nx.gnm_random_graph(edges // 5, edges, seed), lambda node: f"party {node}")
    for *_, data in graph.edges(data=True):
        data["weight"] = chance.randint(1, 9)
    return graph


def as_arrays(graph: nx.Graph) -> LinkGraph:
    names = list(graph)
    place = {name: position for position, name in enumerate(names)}
    ends = np.array([(place[u], place[v]) for u, v in graph.edges], dtype=np.int64)
    weight = np.array([weight for *_, weight in graph.edges(data="weight")], dtype=np.float64)
    return LinkGraph.from_links(names, ends[:, 0], ends[:, 1], {"weight": weight})


def in_turns(jobs: list[Callable[[], Any] | None], runs: int) -> tuple[list[float], list[Any]]:
    """Median seconds of processor time (nan for what is not run) and the last answers; nothing here has threads."""
    taken: list[list[float]] = [[] for _ in jobs]
    answers: list[Any] = [None] * len(jobs)
    for _ in range(runs):
        for place, job in enumerate(jobs):
            if job is not None:
                answers[place] = None
                gc.collect()
                began = time.process_time()
                answers[place] = job()
                taken[place].append(time.process_time() - began)
    return [median(each) if each else nan for each in taken], answers


def same(ours: Any, theirs: Any) -> bool:
    """Equal, and numbers with a fraction to twelve digits."""
    if isinstance(theirs, dict):
        return bool(ours.keys() == theirs.keys()) and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return bool(abs(ours - theirs) <= 1e-12 * max(1, abs(theirs)) if isinstance(theirs, float) else ours == theirs)


@dataclass(frozen=True)
class Question:
    """`ask` takes a graph and a backend; what `essence` takes from the answers must be equal."""

    ask: Callable[[Any, str | None], Any]
    graph: nx.Graph
    arrays: Any
    essence: Callable[[Any], Any] = lambda found: found
    slow: bool = False


def questions(edges: int) -> dict[str, Question]:
    rivers, links = flow_network(edges), link_network(edges)
    dams = limited(rivers)
    numbers = {"capacity": float("inf"), "weight": 0}
    river, dam = (FlowGraph.from_networkx(graph, ["demand"], numbers) for graph in (rivers, dams))
    link = as_arrays(links)
    chance = random.Random(2)
    names = list(links)
    pairs = [(chance.choice(names), chance.choice(names)) for _ in range(ASKED_PAIRS)]
    flow = nx.min_cost_flow(rivers, backend="fivelink")
    s, t = ("place", 0), ("place", len(rivers) // 2)

    def ranks(graph: Any, backend: str | None) -> Any:
        if backend == "networkx" and importlib.util.find_spec("scipy") is None:
            return _pagerank_python(graph)
        return nx.pagerank(graph, backend=backend)

    def largest(found: Any) -> tuple[Any, Any]:
        value = sum(found[s].values()) - sum(row.get(s, 0) for row in found.values())
        return value, nx.cost_of_flow(dams, found, backend="networkx")

    return {
        "network_simplex": Question(
            lambda graph, backend: nx.network_simplex(graph, backend=backend),
            rivers,
            river,
            lambda found: (found[0], nx.cost_of_flow(rivers, found[1], backend="networkx")),
            True,
        ),
        "min_cost_flow": Question(
            lambda graph, backend: nx.min_cost_flow(graph, backend=backend),
            rivers,
            river,
            lambda found: nx.cost_of_flow(rivers, found, backend="networkx"),
            True,
        ),
        "max_flow_min_cost": Question(
            lambda graph, backend: nx.max_flow_min_cost(graph, s, t, backend=backend), dams, dam, largest, True
        ),
        "cost_of_flow": Question(lambda graph, backend: nx.cost_of_flow(graph, flow, backend=backend), rivers, river),
        "adamic_adar_index": Question(
            lambda graph, backend: list(nx.adamic_adar_index(graph, pairs, backend=backend)), links, link
        ),
        "resource_allocation_index": Question(
            lambda graph, backend: list(nx.resource_allocation_index(graph, pairs, backend=backend)), links, link
        ),
        "pagerank": Question(ranks, links, link),
        "connected_components": Question(
            lambda graph, backend: list(nx.connected_components(graph, backend=backend)), links, link
        ),
    }


def row(name: str, question: Question, runs: int, peer: bool) -> None:
    ask, graph = question.ask, question.graph
    seconds, answers = in_turns(
        [
            lambda: ask(graph, "fivelink"),
            (lambda: ask(graph, "networkx")) if peer else None,
            lambda: ask(question.arrays, None),
        ],
        runs,
    )
    found = [question.essence(answer) for answer in answers if answer is not None]
    if not all(same(other, found[-2 if peer else 0]) for other in found):
        raise SystemExit(f"{name}, {graph}: the answers differ")
    ours, theirs, arrays = (f"{1000 * each:,.2f}" if each == each else "" for each in seconds)
    ratio = f"{seconds[1] / seconds[0]:,.1f}" if peer else ""
    print(f"| {name} | {graph.number_of_edges():,} | {ours} | {theirs} | {ratio} | {arrays} |", flush=True)


def of_county(needs: int = 10_000) -> None:
    """One flow of a county, four ways; networkx alone is run once."""
    arrays = flow_graph(*county(needs, needs // 2))
    graph = arrays.to_networkx()
    weights = np.asarray(arrays.edge_attributes["score_cost"])
    supply, capacity = -np.asarray(arrays.node_attributes["demand"]), np.asarray(arrays.edge_attributes["capacity"])

    def simplex(given: Any, backend: str | None) -> Callable[[], Any]:
        return lambda: nx.network_simplex(given, weight="score_cost", backend=backend)[0]

    def engine() -> Any:
        return sum((min_cost_flow(supply, arrays.tails, arrays.heads, capacity, weights).flow * weights).tolist())

    (alone,), costs = in_turns([simplex(graph, "networkx")], 1)
    ours, more = in_turns([simplex(graph, "fivelink"), simplex(arrays, None), engine], 5)
    if {*costs, *more} != {costs[0]}:
        raise SystemExit(f"the optima differ: {costs + more}")
    print(f"{needs:,} needs, {len(arrays.tails) - needs - needs // 2:,} pairs, the same optimum\n")
    print("| network simplex | CPU s | times networkx |\n|---|---:|---:|")
    names = ("backend, conversion included", "backend, array graph", "engine, arrays to flow and potentials")
    for name, seconds in zip(("networkx alone", *names), (alone, *ours), strict=True):
        print(f"| {name} | {seconds:.3f} | {alone / seconds:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--long", action="store_true", help="run networkx's own flows at every size")
    parser.add_argument("--county", action="store_true", help="add a county of 10,000 needs")
    options = parser.parse_args()
    scipy = importlib.util.find_spec("scipy") is not None
    print(f"networkx {nx.__version__}, its PageRank {'by scipy' if scipy else 'in plain Python: scipy is missing'}\n")
    print("| function | edges | backend, CPU ms | networkx | ratio | array graph |\n|---|---:|---:|---:|---:|---:|")
    for edges in options.sizes:
        for name, question in questions(edges).items():
            peer = not question.slow or edges <= PEER_FLOWS or options.long
            runs = 9 if not question.slow or edges <= SIZES[0] else 1 if peer and edges > PEER_FLOWS else 3
            row(name, question, runs, peer)
    if options.county:
        print()
        of_county()


if __name__ == "__main__":
    main()

"""Minimum cost flow problems in the DIMACS format, and problems made as NETGEN makes them.

    p min NODES ARCS | n ID SUPPLY | a FROM TO LOWER CAPACITY COST

Nodes count from 1. NETGEN lays chains from sources to sinks that can carry all supplies, at the top cost, then adds
arcs at random. Reference: D. Klingman, A. Napier, J. Stutz, "NETGEN", Management Science 20 (1974) 814-821; the format
is that of the first DIMACS challenge (1991).
"""

from __future__ import annotations

import random
from itertools import pairwise

import networkx as nx


def read(text: str) -> nx.MultiDiGraph:
    """Lower bounds become demands; `graph.graph["fixed"]` is what they cost."""
    graph = nx.MultiDiGraph(fixed=0)
    for line in text.splitlines():
        kind, *rest = line.split() or [""]
        if kind == "p":
            graph.add_nodes_from(range(1, int(rest[1]) + 1), demand=0)
        elif kind == "n":
            graph.nodes[int(rest[0])]["demand"] -= int(rest[1])
        elif kind == "a":
            tail, head, lower, capacity, cost = map(int, rest)
            graph.add_edge(tail, head, capacity=capacity - lower, weight=cost)
            graph.nodes[tail]["demand"] += lower
            graph.nodes[head]["demand"] -= lower
            graph.graph["fixed"] += lower * cost
    return graph


def netgen(nodes: int, arcs: int, supply: int, seed: int, lowest_cost: int = 1, parallel: bool = True) -> str:
    """A feasible problem: a tenth of the nodes send, a tenth receive; costs up to 100, capacities up to 1000."""
    chance = random.Random(seed)
    ends = max(1, nodes // 10)
    sources, between, sinks = (
        range(1, ends + 1),
        list(range(ends + 1, nodes - ends + 1)),
        range(nodes - ends + 1, nodes + 1),
    )
    cuts = sorted(chance.randrange(supply + 1) for _ in range(ends - 1))
    units = [b - a for a, b in pairwise([0, *cuts, supply])]
    chance.shuffle(between)
    lines, received, seen = [], dict.fromkeys(sinks, 0), set()
    for place, (source, sent) in enumerate(zip(sources, units, strict=True)):
        sink = chance.choice(sinks)
        received[sink] += sent
        for tail, head in pairwise([source, *between[place::ends], sink]):
            lines.append(f"a {tail} {head} 0 {max(sent, 1)} 100")
            seen.add((tail, head))
    while len(lines) < arcs:
        tail, head = chance.randint(1, nodes), chance.randint(1, nodes)
        if tail != head and (parallel or (tail, head) not in seen):
            seen.add((tail, head))
            lower = chance.choice([0, 0, 0, 1]) if parallel else 0
            lines.append(f"a {tail} {head} {lower} {chance.randint(1, 1000)} {chance.randint(lowest_cost, 100)}")
            if lower:  # a unit must go round: the way back keeps the problem feasible
                lines.append(f"a {head} {tail} 0 1 100")
    supplies = [f"n {node} {sent}" for node, sent in zip(sources, units, strict=True)]
    demands = [f"n {node} {-taken}" for node, taken in received.items()]
    return "\n".join([f"p min {nodes} {len(lines)}", *supplies, *demands, *lines])

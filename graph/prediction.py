"""networkx's link prediction and connected components, on networkx's own rows or on a `LinkGraph`.

A networkx graph is read where it stands: its rows are hash tables already, and turning them into arrays costs more than
most questions. Every share is computed once a node instead of once a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from math import log
from typing import Any

import networkx as nx
import numpy as np

from graph.links import LinkGraph, component_labels

Pair = tuple[Hashable, Hashable]
Scored = tuple[Hashable, Hashable, float]

#: From this many nodes on, a level of a search is merged as sets; below, its nodes are looked at one by one.
WIDE = 16

#: Pairs answered in one go on arrays.
PAIRS = 1 << 16


def resource_allocation(degree: int) -> float:
    return 1 / degree


def adamic_adar(degree: int) -> float:
    return 1 / log(degree)


def predict(
    graph: nx.Graph | LinkGraph, share: Callable[[int], float], ebunch: Iterable[Pair] | None
) -> Iterator[Scored]:
    """(u, v, index) for each pair of `ebunch`, by default for each that is not linked, in networkx's order.

    Raises NodeNotFound at once; ZeroDivisionError when the pair's turn comes and the index of a neighbour has none.
    Sums are added up in an order of their own: the last digits may differ from networkx's.
    """
    if isinstance(graph, LinkGraph):
        place = {name: position for position, name in enumerate(graph.names)}
        if ebunch is None:
            return _all_unlinked(_rows(graph), graph.names, share)
        return _on_arrays(graph, place, share, _checked(place, ebunch))
    if ebunch is None:
        return _all_unlinked(graph._adj, list(graph), share)
    return _in_place(graph._adj, share, _checked(graph._adj, ebunch))


def components(graph: nx.Graph | LinkGraph) -> Iterator[set[Hashable]]:
    """The sets of nodes that hang together, in the order of their first nodes. O(nodes + edges)."""
    if isinstance(graph, LinkGraph):
        names = graph.names
        labels = component_labels(len(names), graph.rows(), graph.neighbours)
        order = np.argsort(labels, kind="stable")
        for part in np.split(order, np.cumsum(np.bincount(labels))[:-1]) if len(names) else []:
            yield {names[place] for place in part.tolist()}
        return
    rows, left = graph._adj, len(graph)
    seen: set[Hashable] = set()
    for node in graph:
        if node in seen:
            continue
        found = _reached(rows, node, left)
        left -= len(found)
        if not left:
            yield found
            return
        seen |= found
        yield found


def _reached(rows: Mapping[Hashable, Iterable[Hashable]], node: Hashable, most: int) -> set[Hashable]:
    found = {node}
    level: Iterable[Hashable] = [node]
    size = 1
    while size and len(found) < most:
        before = len(found)
        if size < WIDE:
            ahead = []
            for near in level:
                for far in rows[near]:
                    if far not in found:
                        found.add(far)
                        ahead.append(far)
            level = ahead
        else:
            level = set().union(*[rows[near] for near in level]) - found
            found |= level
        size = len(found) - before
    return found


class _Shares(dict[Hashable, float]):
    """The share of each node, computed when it is first asked for."""

    def __init__(self, rows: Mapping[Hashable, Any], share: Callable[[int], float]) -> None:
        self.rows, self.share = rows, share

    def __missing__(self, node: Hashable) -> float:
        row = self.rows[node]
        found = self[node] = self.share(len(row) + (node in row))
        return found


def _checked(known: Mapping[Hashable, Any], ebunch: Iterable[Pair]) -> Iterable[Pair]:
    # As in networkx, an iterator is used up here and has no pairs left to answer.
    for u, v in ebunch:
        for node in (u, v):
            if node not in known:
                raise nx.NodeNotFound(f"Node {node} not in G.")
    return ebunch


def _in_place(rows: Mapping[Hashable, Any], share: Callable[[int], float], ebunch: Iterable[Pair]) -> Iterator[Scored]:
    shares = _Shares(rows, share).__getitem__
    for u, v in ebunch:
        common = rows[u].keys() & rows[v].keys()
        common.discard(u)
        common.discard(v)
        yield u, v, sum(map(shares, common))


def _all_unlinked(
    rows: Mapping[Hashable, Any], names: Sequence[Hashable], share: Callable[[int], float]
) -> Iterator[Scored]:
    shares = _Shares(rows, share)
    nodes = set(names)
    while nodes:
        u = nodes.pop()
        scores: dict[Hashable, float] = {}
        for between in rows[u]:
            if between != u and len(row := rows[between]) > 1:
                part = shares[between]
                for v in row:
                    scores[v] = scores.get(v, 0) + part
        for v in nodes - set(rows[u]):
            yield u, v, scores.get(v, 0)


def _on_arrays(
    graph: LinkGraph, place: Mapping[Hashable, int], share: Callable[[int], float], ebunch: Iterable[Pair]
) -> Iterator[Scored]:
    index = graph.adamic_adar if share is adamic_adar else graph.resource_allocation
    pairs = list(ebunch)
    for start in range(0, len(pairs), PAIRS):
        part = pairs[start : start + PAIRS]
        ends = np.array([(place[u], place[v]) for u, v in part], dtype=np.int64).reshape(len(part), 2)
        for (u, v), found in zip(part, index(ends[:, 0], ends[:, 1]).tolist(), strict=True):
            if found == float("inf"):
                raise ZeroDivisionError("float division by zero")
            yield u, v, found


def _rows(graph: LinkGraph) -> dict[Hashable, dict[Hashable, None]]:
    cuts, names = graph.starts.tolist(), graph.names
    near = [names[place] for place in graph.neighbours.tolist()]
    return {name: dict.fromkeys(near[a:b]) for name, a, b in zip(names, cuts, cuts[1:], strict=False)}

"""The linkage as a flow network: a documented networkx graph, and the same on arrays.

    need  --(what the pair can do, at a cost)-->  offer  --(what is available, free)-->  root
    need  --(what stays unmet, at the top cost)-------------------------------------->   root

Nodes are ("need", id), ("offer", id) and "root". Node attribute
    demand      -remaining of a need, 0 of an offer, the total at the root (networkx's sign: negative sends)
Edge attributes
    capacity    units; missing from need to root, where nothing limits what stays unmet
    weight      4 - (priority + 1) to an offer, 4 to the root, 0 from an offer: cheapest is most urgent first
    score_cost  100_000_000 - score_e8 to an offer, 100_000_000 to the root, 0 from an offer: for the best sum of scores

>>> import networkx as nx
>>> from datetime import date
>>> from graph.values import Need, Offer, World
>>> day = date(2026, 11, 1)
>>> world = World(day, {1: (1,)}, {1: (1,)}, {"ROOM": 10_000})
>>> need = Need(7, 1, 1, (), 3, 3, None, None)
>>> offer = Offer(8, 1, 1, 1, (1,), (), None, 2, 1, None, None, None, day)
>>> cost, flow = nx.network_simplex(flow_graph([need], [offer], world).to_networkx())
>>> cost, flow["need", 7]
(4, {('offer', 8): 2, 'root': 1})
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graph.candidates import pairs
from graph.solver import INFINITE, Ints
from graph.values import WHOLE, Need, Offer, World

if TYPE_CHECKING:
    import networkx as nx

#: What one unit of a need left unmet costs, in `weight` and in `score_cost`.
TOP_TIER = 4
TOP_SCORE = WHOLE * WHOLE

#: Integers where they fit 64 bits; else the values as they came, so that an algorithm can say which is bad.
Values = Ints | list[Any]


_MISSING = object()


@dataclass(frozen=True, slots=True)
class FlowGraph:
    """A directed graph on arrays that networkx hands to the backend `fivelink` as it is.

    `names` are the nodes; `tails` and `heads` their positions, one entry an edge; `keys` tells parallel edges apart
    (None: no multigraph). An attribute has one value a node or edge; a capacity of `INFINITE` is one that is missing.
    `rows` are the heads of each node once more, by name and in the order of the edges, where networkx had them.
    """

    names: Sequence[Hashable]
    tails: Ints
    heads: Ints
    node_attributes: Mapping[str, Values]
    edge_attributes: Mapping[str, Values]
    keys: Sequence[Hashable] | None = None
    rows: Sequence[Mapping[Hashable, Any]] | None = None

    __networkx_backend__: ClassVar[str] = "fivelink"

    def __len__(self) -> int:
        return len(self.names)

    def number_of_nodes(self) -> int:
        return len(self.names)

    def number_of_edges(self) -> int:
        return len(self.tails)

    def is_directed(self) -> bool:
        return True

    def is_multigraph(self) -> bool:
        return self.keys is not None

    def to_networkx(self) -> nx.DiGraph:
        """The same as nx.DiGraph or nx.MultiDiGraph, with plain Python integers."""
        import networkx as nx

        graph = nx.DiGraph() if self.keys is None else nx.MultiDiGraph()
        columns = {name: _plain(values) for name, values in self.node_attributes.items()}
        for place, name in enumerate(self.names):
            graph.add_node(name, **_present(columns, place))
        edges = {name: _plain(values) for name, values in self.edge_attributes.items()}
        ends = zip(self.tails.tolist(), self.heads.tolist(), self.keys or repeat(None), strict=False)
        for place, (tail, head, key) in enumerate(ends):
            found = _present(edges, place)
            if self.keys is None:
                graph.add_edge(self.names[tail], self.names[head], **found)
            else:
                graph.add_edge(self.names[tail], self.names[head], key, **found)
        return graph

    @classmethod
    def from_networkx(
        cls, graph: nx.Graph, node_attributes: Iterable[str], edge_attributes: Mapping[str, Any]
    ) -> FlowGraph:
        """Read the named attributes off a networkx graph; a missing one is 0 on a node, its default on an edge.

        An undirected graph gives an edge each way, a loop once. O(nodes + edges), one pass over the rows and one over
        the edges for each attribute. An infinite default or value becomes `INFINITE` where the others are integers.
        """
        adjacency = graph._adj  # as networkx's own algorithms do; `graph.adj` makes a view for every row
        names = list(graph)
        rows = [adjacency[name] for name in names]
        tails = np.repeat(np.arange(len(names)), _lengths(rows))
        heads = _places(names, rows, len(tails))
        keys: list[Hashable] | None = None
        if graph.is_multigraph():
            rows = [parallel for row in rows for parallel in row.values()]
            counts = _lengths(rows)
            tails, heads, keys = np.repeat(tails, counts), np.repeat(heads, counts), list(chain.from_iterable(rows))
        data: list[Mapping[str, Any]] = list(chain.from_iterable([row.values() for row in rows]))
        nodes = [graph.nodes[name] for name in names] if (wanted := list(node_attributes)) else []
        return cls(
            names,
            tails,
            heads,
            {key: column(nodes, key, 0) for key in wanted},
            {key: column(data, key, default) for key, default in edge_attributes.items()},
            keys,
            rows if keys is None else None,
        )


def flow_graph(needs: Sequence[Need], offers: Sequence[Offer], world: World) -> FlowGraph:
    """The network of all eligible pairs, with the attributes above. Closed and met needs are left out.

    Raises as `graph.candidates.pairs`.
    """
    needs = [n for n in needs if n.is_open and n.remaining > 0]
    eligible = pairs(needs, offers, world)
    n, m = len(needs), len(offers)
    need, offer = eligible.need_index.astype(np.int64), eligible.offer_index.astype(np.int64)
    remaining = np.array([x.remaining for x in needs], dtype=np.int64)
    tier = np.array([x.priority + 1 for x in needs], dtype=np.int64)
    available = np.array([max(0, x.available) for x in offers], dtype=np.int64)
    free = np.zeros(m, dtype=np.int64)
    return FlowGraph(
        names=[*(("need", x.id) for x in needs), *(("offer", x.id) for x in offers), "root"],
        tails=np.concatenate([need, np.arange(n), n + np.arange(m)]),
        heads=np.concatenate([n + offer, np.full(n + m, n + m)]),
        node_attributes={"demand": np.concatenate([-remaining, free, [int(remaining.sum())]])},
        edge_attributes={
            "capacity": np.concatenate([eligible.quantity, np.full(n, INFINITE), available]),
            "weight": np.concatenate([TOP_TIER - tier[need], np.full(n, TOP_TIER), free]),
            "score_cost": np.concatenate([TOP_SCORE - eligible.score_e8, np.full(n, TOP_SCORE), free]),
        },
    )


def column(data: Sequence[Mapping[str, Any]], key: str, default: Any) -> Values:
    """One attribute of many nodes or edges; with an infinite default `INFINITE` stands for what has no end.

    An array when all values are integers of 64 bits, else the values as they came for the algorithm to judge.
    """
    missing = INFINITE if default == inf else default
    try:
        values = list(map(itemgetter(key), data))
    except KeyError:
        values = [found.get(key, missing) for found in data]
    whole = _integers(values)
    if whole is None and default == inf:
        whole = _integers([INFINITE if value == inf else value for value in values])
    if whole is None:
        return [found.get(key, default) for found in data]
    numbers = np.frombuffer(whole, dtype=np.int64)
    # 2**63 - 1 itself is a number like any other, and not what stands for infinity.
    if any(data[place].get(key, default) != inf for place in np.flatnonzero(numbers == INFINITE).tolist()):
        return [found.get(key, default) for found in data]
    return numbers


def _integers(values: list[Any]) -> array[int] | None:
    """Machine integers, nothing rounded: unlike numpy, `array` refuses a fraction."""
    try:
        return array("q", values)
    except (TypeError, OverflowError):
        return None


def _lengths(rows: Sequence[Mapping[Hashable, Any]]) -> Ints:
    return np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))


def _places(names: list[Hashable], rows: Sequence[Mapping[Hashable, Any]], count: int) -> Ints:
    """The position of every neighbour in `names`, row by row."""
    targets: Iterable[Any] = chain.from_iterable(rows)
    if names != list(range(len(names))):  # else the names are the positions
        targets = map({name: position for position, name in enumerate(names)}.__getitem__, targets)
    return np.fromiter(targets, dtype=np.int64, count=count)


def _plain(values: Values) -> list[Any]:
    # In a list 2**63 - 1 is a number.
    return values if isinstance(values, list) else [_MISSING if v == INFINITE else v for v in values.tolist()]


def _present(columns: Mapping[str, list[Any]], place: int) -> dict[str, Any]:
    return {key: values[place] for key, values in columns.items() if values[place] is not _MISSING}

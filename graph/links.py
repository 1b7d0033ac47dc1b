"""The linkage network on arrays, and what it says about pairs: who are likely partners, who hangs together.

    resource allocation   sum over w in N(u) & N(v) of 1 / degree(w)
    Adamic and Adar       sum over w in N(u) & N(v) of 1 / log(degree(w))

References: T. Zhou, L. Lü, Y.-C. Zhang, "Predicting missing links via local information", Eur. Phys. J. B 71 (2009)
623-630; L. A. Adamic, E. Adar, "Friends and neighbors on the Web", Social Networks 25 (2003) 211-230.

>>> import numpy as np
>>> square = LinkGraph.from_links("abcd", np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0]))
>>> square.resource_allocation(np.array([0, 0]), np.array([2, 1])).tolist()
[1.0, 0.0]
>>> component_labels(5, np.array([1, 3]), np.array([4, 0])).tolist()
[0, 1, 2, 0, 1]
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from graph.solver import Ints

if TYPE_CHECKING:
    import networkx as nx

Floats = npt.NDArray[np.float64]

#: Neighbours looked at in one go; bounds the memory of a question about many pairs to some 100 MB.
BATCH = 1 << 21


@dataclass(frozen=True, slots=True)
class LinkGraph:
    """An undirected simple graph on arrays that networkx hands to the backend `fivelink` as it is.

    names       the nodes; everything else speaks of their positions
    starts      int64, one more than nodes: the neighbours of v are neighbours[starts[v]:starts[v + 1]], ascending
    neighbours  int64, every link twice (a loop once)
    attributes  one value an entry of `neighbours`, such as "weight"
    loops       int, how many links join a node to itself
    """

    names: Sequence[Hashable]
    starts: Ints
    neighbours: Ints
    attributes: Mapping[str, Floats]
    loops: int = 0

    __networkx_backend__: ClassVar[str] = "fivelink"

    @classmethod
    def from_links(
        cls, names: Sequence[Hashable], tails: Ints, heads: Ints, attributes: Mapping[str, Floats] | None = None
    ) -> LinkGraph:
        """From each link once, its ends in any order. O(links log links). Raises ValueError for a link given twice."""
        loop = tails == heads
        rows, columns = np.concatenate([tails, heads[~loop]]), np.concatenate([heads, tails[~loop]])
        order = np.lexsort((columns, rows))
        rows, columns = rows[order], columns[order]
        if ((rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1])).any():
            raise ValueError("a link is given twice")
        return cls(
            names,
            np.searchsorted(rows, np.arange(len(names) + 1)).astype(np.int64),
            columns.astype(np.int64),
            {key: np.concatenate([each, each[~loop]])[order] for key, each in (attributes or {}).items()},
            int(loop.sum()),
        )

    def __len__(self) -> int:
        return len(self.names)

    def number_of_nodes(self) -> int:
        return len(self.names)

    def number_of_edges(self) -> int:
        return (len(self.neighbours) + self.loops) // 2

    def is_directed(self) -> bool:
        return False

    def is_multigraph(self) -> bool:
        return False

    def rows(self) -> Ints:
        """int64, the node whose neighbour an entry of `neighbours` is."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def degrees(self) -> Ints:
        """int64, one a node; as in networkx a loop counts twice."""
        rows = self.rows()
        return np.diff(self.starts) + np.bincount(rows[rows == self.neighbours], minlength=len(self))

    def to_networkx(self) -> nx.Graph:
        """The same as nx.Graph, with plain Python numbers."""
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from(self.names)
        columns = {key: values.tolist() for key, values in self.attributes.items()}
        for place, (u, v) in enumerate(zip(self.rows().tolist(), self.neighbours.tolist(), strict=True)):
            if u <= v:
                graph.add_edge(self.names[u], self.names[v], **{key: each[place] for key, each in columns.items()})
        return graph

    def resource_allocation(self, left: Ints, right: Ints) -> Floats:
        """float64, one index a pair of positions. Cost of `common_shares`."""
        return self.common_shares(left, right, 1 / np.maximum(self.degrees(), 1))

    def adamic_adar(self, left: Ints, right: Ints) -> Floats:
        """float64, one index a pair of positions; infinite where a node is asked about itself and has a neighbour of
        degree 1, whose logarithm is 0. Cost of `common_shares`."""
        with np.errstate(divide="ignore"):
            return self.common_shares(left, right, 1 / np.log(np.maximum(self.degrees(), 1)))

    def common_shares(self, left: Ints, right: Ints, shares: Floats) -> Floats:
        """float64: the sum of `shares` over the nodes, other than the two, that both of a pair know.

        O(sum over pairs of the smaller degree x log(links)).
        """
        counts = np.diff(self.starts)
        swap = counts[left] > counts[right]
        few, many = np.where(swap, right, left), np.where(swap, left, right)
        known = self.rows() * len(self) + self.neighbours
        found = np.zeros(len(few), dtype=np.float64)
        for part in _batches(counts[few]):
            pair = np.repeat(np.arange(part.start, part.stop), counts[few[part]])
            within = np.arange(len(pair)) - np.repeat(
                np.cumsum(counts[few[part]]) - counts[few[part]], counts[few[part]]
            )
            between = self.neighbours[self.starts[few[pair]] + within]
            link = many[pair] * len(self) + between
            place = np.minimum(np.searchsorted(known, link), len(known) - 1)
            shared = (known[place] == link) & (between != few[pair]) & (between != many[pair])
            found += np.bincount(pair[shared], weights=shares[between[shared]], minlength=len(few))
        return found


def component_labels(nodes: int, tails: Ints, heads: Ints) -> Ints:
    """int64, one a node: 0 for the component of the first node, 1 for the next that is not in it, and so on.

    Every node takes the least label across its links, then the label of its label; O(links log nodes) as a rule.
    """
    label = np.arange(nodes)
    while True:
        least = np.minimum(label[tails], label[heads])
        lower = label.copy()
        np.minimum.at(lower, label[tails], least)
        np.minimum.at(lower, label[heads], least)
        while not np.array_equal(jumped := lower[lower], lower):
            lower = jumped
        if np.array_equal(lower, label):
            return np.unique(label, return_inverse=True)[1].astype(np.int64)
        label = lower


def _batches(counts: Ints) -> Iterator[slice]:
    """Stretches of pairs with about `BATCH` neighbours to look at, at least one pair each."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + BATCH, side="right")))
        yield slice(start, stop)
        start = stop

"""The linkage network: which parties are tied to one another through what is needed and what is offered.

    weight(community, provider) = sum over their ties of STRENGTH[kind] x value        an edge SERVES where it is > 0
    weight(provider, provider') = sum over communities both serve of 1 / degree(community)           an edge TOGETHER

A tie says that an offer of the provider matches needs of the community, or is allocated to them in a plan that stands.
Two providers that serve one community are linked the more, the fewer serve it: that weight is their resource
allocation index in the graph of SERVES edges (Zhou, Lü and Zhang 2009, doi:10.1140/epjb/e2009-00335-8).

For notebooks the network is a networkx graph (`Linkage.to_networkx`), for speed the same on arrays (`Links`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import networkx as nx

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: What one tie counts. MATCH: its value is the sum of the scores of the pair's matches; ALLOCATION: the number of
#: needs allocated. Referrals join here (and in `db.linkage.TIES`) with their number delivered as value.
STRENGTH = {"MATCH": 0.25, "ALLOCATION": 1.0}

COMMUNITY = "COMMUNITY"


@dataclass(frozen=True, slots=True)
class Member:
    """A party as a node: `society` as in the contract, `area_id` where it is at home, `group` what it is drawn with."""

    id: int
    society: str
    area_id: int
    group: int = 0


@dataclass(frozen=True, slots=True)
class Tie:
    """What ties a community to a provider: one of `STRENGTH` and how much of it."""

    kind: str
    community_id: int
    provider_id: int
    value: float


@dataclass(frozen=True, slots=True)
class Links:
    """A simple undirected graph on arrays: the neighbours of node v are `ends[starts[v]:starts[v + 1]]`, ascending.

    starts (n + 1) int64; ends (2m) int64; weights (2m) float64, positive, equal both ways; degrees (n) int64, the
    numbers of neighbours; strengths (n) float64, the sums of their weights
    """

    starts: Ints
    ends: Ints
    weights: Floats
    degrees: Ints
    strengths: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def neighbours(self, node: int) -> Ints:
        return self.ends[self.starts[node] : self.starts[node + 1]]

    def around(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Every step from these nodes: (place in `nodes`, place in `ends`), in order. O(their degrees)."""
        counts = self.starts[nodes + 1] - self.starts[nodes]
        source = np.repeat(np.arange(len(nodes)), counts)
        first = np.repeat(self.starts[nodes] - np.cumsum(counts) + counts, counts)
        return source, first + np.arange(len(source))

    def reached(self, node: int, steps: int, volume: int | None = None) -> Ints:
        """Positions at most `steps` steps away, the node itself included, ascending.

        With `volume`, no step beyond the second is taken once the nodes have more edges than that together.
        """
        seen = np.zeros(len(self), np.bool_)
        seen[node] = True
        edge, held = np.array([node]), int(self.degrees[node])
        for step in range(steps):
            if not len(edge) or (volume is not None and step >= 2 and held > volume):
                break
            near = self.ends[self.around(edge)[1]]
            fresh = np.zeros(len(self), np.bool_)
            fresh[near] = True
            edge = np.flatnonzero(fresh & ~seen)
            seen[edge] = True
            held += int(self.degrees[edge].sum())
        return np.flatnonzero(seen)

    def pairs(self) -> tuple[Ints, Ints, Floats]:
        """(tail, head, weight) of each edge once, tail < head, in that order."""
        tails = np.repeat(np.arange(len(self)), self.degrees)
        once = tails < self.ends
        return tails[once], self.ends[once], self.weights[once]


def links(n: int, tails: npt.ArrayLike, heads: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Links:
    """The graph of these edges on nodes 0..n-1: parallel ones add up, loops are left out. O(n + m log m).

    The same edges in any order give the same arrays. Raises ValueError for a weight that is not positive.

    >>> links(3, [2, 1, 1], [1, 0, 1], [0.5, 2, 9]).ends.tolist()
    [1, 0, 2, 1]
    """
    a, b = np.asarray(tails, np.int64), np.asarray(heads, np.int64)
    w = np.ones(len(a)) if weights is None else np.asarray(weights, np.float64)
    if len(w) and not (w > 0).all():
        raise ValueError("the weight of an edge is positive")
    # Sums of floats depend on the order: parallel edges are added in order of weight.
    order = np.lexsort((w, np.maximum(a, b), np.minimum(a, b)))
    order = order[(a != b)[order]]
    low, high, w = np.minimum(a, b)[order], np.maximum(a, b)[order], w[order]
    first = np.flatnonzero(np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])][: len(low)])
    low, high, w = low[first], high[first], np.add.reduceat(w, first) if len(first) else w
    source, ends, both = np.r_[low, high], np.r_[high, low], np.r_[w, w]
    order = np.lexsort((ends, source))
    starts, degrees = np.zeros(n + 1, np.int64), np.bincount(source, minlength=n)
    np.cumsum(degrees, out=starts[1:])
    strengths: Floats = np.bincount(source[order], weights=both[order], minlength=n).astype(np.float64)
    return Links(starts, ends[order], both[order], degrees, strengths)


@dataclass(frozen=True, slots=True)
class Linkage:
    """The network of some parties. Positions follow ascending ids.

    ids, area_ids, groups (n) int64; societies (n); is_community (n); links: the SERVES edges
    """

    ids: Ints
    societies: Sequence[str]
    area_ids: Ints
    groups: Ints
    is_community: Flags
    links: Links

    def __len__(self) -> int:
        return len(self.ids)

    def position(self, id: int) -> int | None:
        """The node of a party, None where it is none of the network. O(log n)."""
        at = int(np.searchsorted(self.ids, id))
        return at if at < len(self.ids) and self.ids[at] == id else None

    def together(self, providers: Ints | None = None) -> tuple[Ints, Ints, Floats]:
        """TOGETHER edges (tail, head, weight) among these providers (ascending positions; all by default).

        One edge a pair, tail < head. Takes memory for the square of the providers of each community: choose some
        where communities have thousands.
        """
        chosen = np.zeros(len(self), np.bool_)
        chosen[slice(None) if providers is None else providers] = True
        chosen &= ~self.is_community
        tails, heads, shares = [], [], []
        degrees = self.links.degrees
        for community in np.flatnonzero(self.is_community).tolist():
            near = self.links.neighbours(community)
            near = near[chosen[near]]
            i, j = np.triu_indices(len(near), 1)
            tails.append(near[i])
            heads.append(near[j])
            shares.append(np.full(len(i), 1.0 / max(1, degrees[community])))
        if not tails:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        return links(len(self), np.concatenate(tails), np.concatenate(heads), np.concatenate(shares)).pairs()

    def to_networkx(self, together: bool = False) -> nx.Graph:
        """The network with party ids as nodes.

        Node attributes: society, area. Edge attributes: weight, kind (SERVES, and TOGETHER where asked for). An edge
        between two parties is of one kind; SERVES stays where both would be.
        """
        import networkx as nx

        graph = nx.Graph()
        for id, society, area in zip(self.ids.tolist(), self.societies, self.area_ids.tolist(), strict=True):
            graph.add_node(id, society=society, area=area)
        if together:
            graph.add_weighted_edges_from(_named(self.ids, self.together()), kind="TOGETHER")
        graph.add_weighted_edges_from(_named(self.ids, self.links.pairs()), kind="SERVES")
        return graph


def _named(ids: Ints, edges: tuple[Ints, Ints, Floats]) -> Iterable[tuple[int, int, float]]:
    tails, heads, weights = edges
    return zip(ids[tails].tolist(), ids[heads].tolist(), weights.tolist(), strict=True)


def linkage(members: Iterable[Member], ties: Iterable[Tie]) -> Linkage:
    """The network of these parties. Ties of a party with itself, or with one that is no member, are left out.

    Members and ties may come in any order; a member named twice counts once. Raises KeyError for a kind of tie that
    `STRENGTH` does not know.

    >>> members = [Member(7, "COMMUNITY", 1), Member(9, "VOLUNTEER", 1)]
    >>> linkage(members, [Tie("MATCH", 7, 9, 2.0)]).to_networkx().edges[7, 9]
    {'kind': 'SERVES', 'weight': 0.5}
    """
    by_id = {one.id: one for one in members}
    nodes = [by_id[id] for id in sorted(by_id)]
    place = {one.id: at for at, one in enumerate(nodes)}
    rows = [
        (place[one.community_id], place[one.provider_id], STRENGTH[one.kind] * one.value)
        for one in ties
        if one.value > 0 and one.community_id in place and one.provider_id in place
    ]
    tails, heads, weights = zip(*rows, strict=True) if rows else ((), (), ())
    return Linkage(
        np.array([one.id for one in nodes], np.int64),
        tuple(one.society for one in nodes),
        np.array([one.area_id for one in nodes], np.int64),
        np.array([one.group for one in nodes], np.int64),
        np.array([one.society == COMMUNITY for one in nodes], np.bool_),
        links(len(nodes), tails, heads, weights),
    )

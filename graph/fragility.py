"""What hangs on one party: needs that nobody else could serve, districts that only it ties to the others.

    alone(party)  = {need : every eligible offer for it is the party's}
    cut(party)    = the districts that fall off the largest part of G without the party
    G             = districts and providers, joined where the provider has an eligible offer for a need there

A district that nobody but the party serves falls off too. Articulation points: Hopcroft and Tarjan,
doi:10.1145/362248.362272.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graph.market import Whole
from graph.values import Need, Offer

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Fragile:
    """A party that much hangs on.

    alone      ids of the needs only it could serve, ascending
    districts  ids of the districts its loss cuts off, ascending
    """

    provider_id: int
    alone: tuple[int, ...]
    districts: tuple[int, ...]


def provider_graph(
    needs: Sequence[Need], offers: Sequence[Offer], need: Whole, offer: Whole, districts: Mapping[int, int]
) -> nx.Graph:
    """G: nodes ("district", area id) and ("party", provider id); edge attribute `needs`: how many could be served.

    `need` and `offer` are the positions of the eligible pairs. O(pairs).
    """
    import networkx as nx

    providers, provider = np.unique([o.provider_id for o in offers], return_inverse=True)
    places, place = np.unique([districts.get(n.area_id, n.area_id) for n in needs], return_inverse=True)
    graph = nx.Graph()
    graph.add_nodes_from(("district", p) for p in places.tolist())
    if len(need):
        served = np.unique(np.stack([need.astype(np.int64), provider[offer]]), axis=1)
        links, count = np.unique(np.stack([place[served[0]], served[1]]), axis=1, return_counts=True)
        graph.add_edges_from(
            (("district", int(places[d])), ("party", int(providers[p])), {"needs": c})
            for d, p, c in zip(*links.tolist(), count.tolist(), strict=True)
        )
    return graph


def fragile(
    needs: Sequence[Need], offers: Sequence[Offer], need: Whole, offer: Whole, districts: Mapping[int, int]
) -> list[Fragile]:
    """Parties that something hangs on: most districts first, then most needs, then id.

    `need` and `offer` are the positions of the eligible pairs. O(pairs + articulation points x edges).
    """
    alone = _alone(needs, offers, need, offer)
    cut = _cut(provider_graph(needs, offers, need, offer, districts))
    found = [Fragile(p, tuple(sorted(alone.get(p, ()))), tuple(sorted(cut.get(p, ())))) for p in {*alone, *cut}]
    return sorted(found, key=lambda f: (-len(f.districts), -len(f.alone), f.provider_id))


def _alone(needs: Sequence[Need], offers: Sequence[Offer], need: Whole, offer: Whole) -> dict[int, list[int]]:
    provider = np.array([o.provider_id for o in offers], dtype=np.int64)
    low = np.full(len(needs), np.iinfo(np.int64).max)
    high = np.zeros(len(needs), dtype=np.int64)
    np.minimum.at(low, need, provider[offer])
    np.maximum.at(high, need, provider[offer])
    alone: dict[int, list[int]] = {}
    for position in np.flatnonzero(low == high).tolist():
        alone.setdefault(int(low[position]), []).append(needs[position].id)
    return alone


def _cut(graph: nx.Graph) -> dict[int, list[int]]:
    import networkx as nx

    cut: dict[int, list[int]] = {}
    for component in nx.connected_components(graph):
        part = graph.subgraph(component)
        for node in [n for n in nx.articulation_points(part) if n[0] == "party"]:
            rest = part.copy()
            rest.remove_node(node)
            pieces = [sorted(i for kind, i in piece if kind == "district") for piece in nx.connected_components(rest)]
            pieces.sort(key=lambda piece: (-len(piece), piece))
            cut[node[1]] = [district for piece in pieces[1:] for district in piece]
        parties = [n for n in component if n[0] == "party"]
        if len(parties) == 1:
            # Without it nothing at all is left there.
            cut[parties[0][1]] = [i for kind, i in component if kind == "district"]
    return {party: districts for party, districts in cut.items() if districts}

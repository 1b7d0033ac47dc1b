"""Whom a party should team up with: a weighted sum of named parts, over the linkage network and what all can give.

    score(p, q) = sum over parts of weight x value(p, q)        weights in ten-thousandths, values 0..1

The clients C(p) are the communities p is tied to (a community is its own client; a party without ties is given the
communities of the areas it covers), G(p) the resource types p gives, closed downward in the tree of types, A(p) the
areas it covers (its home where it gives nothing).

    COMPLEMENT           of the needs of C(p) whose type is not in G(p), the share whose type is in G(q); where none is
                         known, of the types others offer and p does not
    COVERAGE             |A(p) & A(q)| / |A(p)|, counted in known areas
    SHARED_CLIENTS       |C(p) & C(q)| / sqrt(|C(p)| |C(q)|), of the communities they are tied to
    RESOURCE_ALLOCATION  sum over common neighbours c of 1 / degree(c), divided by that sum over all neighbours of p
    PAGERANK             personalised PageRank of q from p, divided by the best candidate's
    POPULARITY           log(1 + degree(q)) / log(1 + the largest degree of a candidate)

A candidate gives something, is not p, and shares an area or a client with p. Who gives nothing that p does not give is
no partner while others do: those that give the same serve the same communities, and the network alone would send
competitors to one another. Sources: Zhou, Lü and Zhang 2009
(doi:10.1140/epjb/e2009-00335-8) for the index, Andersen, Chung and Lang 2006 (doi:10.1109/FOCS.2006.44) for the local
PageRank. What each part is worth was measured: docs/partners.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph.linkage import Flags, Floats, Ints, Linkage
from graph.values import WHOLE, Reason, label
from graph.walks import pagerank, resource_allocation

PART_CODES = ("COMPLEMENT", "COVERAGE", "SHARED_CLIENTS", "RESOURCE_ALLOCATION", "PAGERANK", "POPULARITY")

#: Resource types named in a reason.
NAMED = 3

Labels = Mapping[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Gift:
    """An active offer as partners see it: who gives what where."""

    provider_id: int
    type_id: int
    coverage_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """How many open needs of one type a community has."""

    community_id: int
    type_id: int
    needs: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A party to team up with; `score` is the sum of weight x value of its reasons, 0..1."""

    party_id: int
    score: float
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class Resources:
    """What the n parties of a linkage give, ask for and cover, on arrays of positions.

    givers[t], ascending, are those who give type t (T types, closed downward); offered lists the types that some
    offer names itself. asks_(who, type, needs) are triples in order of party. A party covers the areas
    lows[i] <= place < highs[i] of its intervals i, which do not overlap; places number the m known areas from the
    root down, so that an area and all below it are one interval. home_low, home_high (n) are those of the home.
    """

    type_ids: Ints
    givers: tuple[Ints, ...]
    offered: Ints
    asking: Ints
    asked: Ints
    needs: Ints
    covering: Ints
    lows: Ints
    highs: Ints
    home_low: Ints
    home_high: Ints
    places: int
    gives: Flags


@dataclass(frozen=True, slots=True)
class Partnership:
    """A linkage and the resources of its parties: what suggestions are made from. Built once, asked often."""

    linkage: Linkage
    resources: Resources
    #: (n) how many clients a party has.
    clients: Ints


@dataclass(frozen=True, slots=True)
class _Found:
    """The candidates (k positions, ascending), the value of every part for each, and the facts its words need."""

    candidates: Ints
    values: dict[str, Floats]
    wanted: Floats
    known: bool
    clients: int
    shared: Ints
    #: (k) whether it gives a type that the party does not.
    adds: Flags


def part_weights(weights: Mapping[str, int]) -> dict[str, int]:
    """Weights by part, in the order of `PART_CODES`; a part that is missing weighs 0.

    Raises ValueError for an unknown part, a weight that is no whole number of 0 or more, or a sum other than 10000.
    """
    unknown = sorted(set(weights) - set(PART_CODES))
    if unknown:
        raise ValueError(f"unknown parts of a partner's score: {', '.join(unknown)}")
    if any(isinstance(w, bool) or not isinstance(w, int) or w < 0 for w in weights.values()):
        raise ValueError("weights are whole numbers of 0 or more")
    if sum(weights.values()) != WHOLE:
        raise ValueError(f"weights sum to {sum(weights.values())}, not to {WHOLE}")
    return {code: weights.get(code, 0) for code in PART_CODES}


# ------------------------------------------------------------------------------------------------ resources


def partnership(
    network: Linkage,
    gifts: Iterable[Gift],
    asks: Iterable[Ask],
    type_ancestors: Mapping[int, tuple[int, ...]],
    area_ancestors: Mapping[int, tuple[int, ...]],
) -> Partnership:
    """What suggestions are made from. Gifts and asks of parties outside the network are left out.

    Paths run from the root to the node itself. Raises KeyError for a type or an area without path.
    O(n log n + gifts x types below).
    """
    place = {id: at for at, id in enumerate(network.ids.tolist())}
    below: dict[int, list[int]] = {}
    for id, path in type_ancestors.items():
        for above in path:
            below.setdefault(above, []).append(id)
    type_ids = np.array(sorted(type_ancestors), np.int64)
    type_at = {id: at for at, id in enumerate(type_ids.tolist())}
    pairs: set[tuple[int, int]] = set()
    offered: set[int] = set()
    covers: dict[int, set[int]] = {}
    for gift in gifts:
        at = place.get(gift.provider_id)
        if at is None:
            continue
        offered.add(type_at[gift.type_id])
        pairs.update((type_at[id], at) for id in below[gift.type_id])
        covers.setdefault(at, set()).update(gift.coverage_ids)
    homes = network.area_ids.tolist()
    spans = _spans({*homes, *(id for ids in covers.values() for id in ids)}, area_ancestors)
    given = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    cuts = np.searchsorted(given[:, 0], np.arange(1, len(type_ids)))
    asked = sorted((place[a.community_id], type_at[a.type_id], a.needs) for a in asks if a.community_id in place)
    triples = np.array(asked, np.int64).reshape(-1, 3)
    rows = [(at, low, high) for at, ids in sorted(covers.items()) for low, high in _outermost(spans[id] for id in ids)]
    intervals = np.array(rows, np.int64).reshape(-1, 3)
    home = np.array([spans[id] for id in homes], np.int64).reshape(-1, 2)
    gives = np.zeros(len(network), np.bool_)
    gives[list(covers)] = True
    return Partnership(
        network,
        Resources(
            type_ids,
            tuple(np.split(given[:, 1], cuts)) if len(type_ids) else (),
            np.array(sorted(offered), np.int64),
            triples[:, 0],
            triples[:, 1],
            triples[:, 2],
            intervals[:, 0],
            intervals[:, 1],
            intervals[:, 2],
            home[:, 0],
            home[:, 1],
            len(spans),
            gives,
        ),
        _clients(network),
    )


def _clients(network: Linkage) -> Ints:
    graph, n = network.links, len(network)
    source, at = graph.around(np.arange(n))
    counts = np.bincount(source[network.is_community[graph.ends[at]]], minlength=n)
    return counts + network.is_community


def _spans(ids: Iterable[int], paths: Mapping[int, tuple[int, ...]]) -> dict[int, tuple[int, int]]:
    """[low, high) of each area among these, numbered so that what lies below an area follows it."""
    ordered = sorted(paths[id] for id in set(ids))
    found: dict[int, tuple[int, int]] = {}
    open_: list[tuple[tuple[int, ...], int]] = []
    for at, path in enumerate(ordered):
        while open_ and path[: len(open_[-1][0])] != open_[-1][0]:
            closed, low = open_.pop()
            found[closed[-1]] = (low, at)
        open_.append((path, at))
    for closed, low in open_:
        found[closed[-1]] = (low, len(ordered))
    return found


def _outermost(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that lie in no other: of two areas one holds the other or they have nothing in common."""
    kept: list[tuple[int, int]] = []
    for low, high in sorted(spans, key=lambda one: (one[0], -one[1])):
        if not kept or low >= kept[-1][1]:
            kept.append((low, high))
    return kept


# ------------------------------------------------------------------------------------------------ suggestions


def suggest(
    of: Partnership,
    party_id: int,
    weights: Mapping[str, int],
    first: int = 10,
    type_labels: Labels | None = None,
) -> list[Suggestion]:
    """The best `first` partners of a party, best first, then by id; fewer where fewer have a score above 0.

    Empty for a party the network does not hold. Values are rounded to ten-thousandths before they are added, so
    equal ones are equal on every machine. O(n + gifts + edges within two steps + the local PageRank).
    Raises ValueError for bad weights.
    """
    weighed = part_weights(weights)
    node = of.linkage.position(party_id)
    if node is None:
        return []
    found = _parts(of, node)
    whole = {code: np.rint(found.values[code] * WHOLE).astype(np.int64) for code in PART_CODES}
    score = sum((weighed[code] * whole[code] for code in PART_CODES), np.zeros(len(found.candidates), np.int64))
    if found.adds.any():
        score[~found.adds] = 0
    ids = of.linkage.ids[found.candidates]
    best = np.lexsort((ids, -score))[:first]
    return [
        Suggestion(
            int(ids[at]),
            int(score[at]) / (WHOLE * WHOLE),
            _reasons(of, found, at, {code: (weighed[code], int(whole[code][at])) for code in PART_CODES}, type_labels),
        )
        for at in best[score[best] > 0].tolist()
    ]


def values(of: Partnership, party_id: int) -> tuple[Ints, dict[str, Floats]]:
    """Ids of the candidates and the value of every part for each (0..1), unrounded: what weights are chosen from.

    Raises KeyError for a party the network does not hold.
    """
    node = of.linkage.position(party_id)
    if node is None:
        raise KeyError(party_id)
    found = _parts(of, node)
    return of.linkage.ids[found.candidates], found.values


def _parts(of: Partnership, node: int) -> _Found:
    network, have = of.linkage, of.resources
    graph, n = network.links, len(network)
    own = np.flatnonzero(have.covering == node)
    lows, highs = have.lows[own], have.highs[own]
    if not len(own):
        lows, highs = have.home_low[[node]], have.home_high[[node]]
    mine = np.zeros(have.places + 1, np.int64)
    np.add.at(mine, lows, 1)
    np.add.at(mine, highs, -1)
    upto = np.r_[0, np.cumsum(np.cumsum(mine)[:-1])]
    common_areas = np.bincount(have.covering, weights=upto[have.highs] - upto[have.lows], minlength=n)

    near = graph.neighbours(node)
    clients = near[network.is_community[near]]
    if network.is_community[node]:
        clients = np.union1d(clients, [node])
    shared = np.bincount(graph.ends[graph.around(clients)[1]], minlength=n)
    shared[clients] += 1
    served = len(clients)
    if not served:
        inside = network.is_community & (upto[have.home_high] > upto[have.home_low])
        clients = np.flatnonzero(inside)

    able = have.gives & ((common_areas > 0) | (shared > 0))
    able[node] = False
    candidates = np.flatnonzero(able)
    shared = shared[candidates]
    lacking, known = _lacking(have, node, clients)
    complement = np.zeros(n)
    for kind in np.flatnonzero(lacking).tolist():
        complement[have.givers[kind]] += lacking[kind]
    adds = np.zeros(n, np.bool_)
    for givers in have.givers:
        if not _holds(givers, node):
            adds[givers] = True
    allocated = resource_allocation(graph, node)
    ball, ranks, _ = pagerank(graph, node)
    followed = np.zeros(n)
    followed[ball] = ranks
    popular = np.log1p(graph.degrees[candidates])
    return _Found(
        candidates,
        {
            "COMPLEMENT": complement[candidates] / max(1.0, float(lacking.sum())),
            "COVERAGE": common_areas[candidates] / upto[-1],
            "SHARED_CLIENTS": shared / np.sqrt(np.maximum(1, of.clients[candidates] * served)),
            "RESOURCE_ALLOCATION": allocated[candidates] / (allocated[node] or 1.0),
            "PAGERANK": _of_best(followed[candidates]),
            "POPULARITY": _of_best(popular),
        },
        lacking,
        known,
        served,
        shared,
        adds[candidates],
    )


def _holds(ordered: Ints, node: int) -> bool:
    at = int(np.searchsorted(ordered, node))
    return at < len(ordered) and bool(ordered[at] == node)


def _of_best(values: Floats) -> Floats:
    return values / (float(values.max(initial=0.0)) or 1.0)


def _lacking(have: Resources, node: int, clients: Ints) -> tuple[Floats, bool]:
    """(T) how much is asked of each type that the node does not give; and whether clients ask for any of it.

    Where they do not, every type that is offered and that it does not give counts 1.
    """
    is_client = np.zeros(len(have.gives), np.bool_)
    is_client[clients] = True
    among = is_client[have.asking]
    asked = np.bincount(have.asked[among], weights=have.needs[among], minlength=len(have.type_ids)).astype(np.float64)
    offered = np.zeros(len(have.type_ids))
    offered[have.offered] = 1.0
    for kind, givers in enumerate(have.givers):
        if _holds(givers, node):
            asked[kind] = offered[kind] = 0.0
    return (asked, True) if asked.any() else (offered, False)


def _reasons(
    of: Partnership, found: _Found, at: int, parts: Mapping[str, tuple[int, int]], labels: Labels | None
) -> list[Reason]:
    """Every part that weighs something, heaviest contribution first; those of value 0 say what is not there."""
    told = [
        Reason(code, weight / WHOLE, value / WHOLE, *_words(of, found, at, code, value, labels))
        for code, (weight, value) in parts.items()
        if weight
    ]
    return sorted(told, key=lambda one: -one.weight * one.value)


def _words(of: Partnership, found: _Found, at: int, code: str, value: int, labels: Labels | None) -> tuple[str, str]:
    share = f"{value / 100:.0f}%"
    if code == "COMPLEMENT":
        kinds = _given(of, found, at, labels)
        if not kinds:
            return "没有可互补的资源", "Gives nothing that is missing"
        zh, en = "、".join(one[0] for one in kinds), ", ".join(one[1] for one in kinds)
        if found.known:
            return f"能补上所缺的{zh}等,占所缺需求的{share}", f"Gives what is missing ({en}): {share} of those needs"
        return f"有本方没有的{zh}等,占{share}", f"Gives what this party does not ({en}): {share} of the other types"
    if code == "COVERAGE":
        return f"服务区域重合:{share}", f"Areas in common: {share}"
    if code == "SHARED_CLIENTS":
        if not found.clients:
            return "本方尚无服务关联", "This party serves nobody yet"
        count = int(found.shared[at])
        return (
            f"共同的服务社区:{count} 个,共 {found.clients} 个",
            f"Communities both serve: {count} of {found.clients}",
        )
    if code == "RESOURCE_ALLOCATION":
        return f"共同社区中的独特联系:{share}", f"Ties through communities that few others serve: {share}"
    if code == "PAGERANK":
        return f"在联动网络中的接近程度:{share}", f"Closeness in the linkage network: {share}"
    degree = int(of.linkage.links.degrees[found.candidates[at]])
    return f"已联动 {degree} 方", f"Linked with {degree} {'party' if degree == 1 else 'parties'} so far"


def _given(of: Partnership, found: _Found, at: int, labels: Labels | None) -> Sequence[tuple[str, str]]:
    """Names of the most asked types that this candidate gives."""
    have = of.resources
    order, node = np.argsort(-found.wanted, kind="stable"), found.candidates[at]
    named: list[tuple[str, str]] = []
    for kind in order[found.wanted[order] > 0].tolist():
        if _holds(have.givers[kind], int(node)):
            named.append(label(labels or {}, int(have.type_ids[kind])))
            if len(named) == NAMED:
                break
    return named

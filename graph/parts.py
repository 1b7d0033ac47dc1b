"""Who can meet whom, told before any pair is looked at, and the independent parts an instance falls into.

Offers stand in buckets keyed (type, covered area). A need looks from its own (type, area) into the buckets of the
ancestors of both, which settles two rules, RESOURCE_TYPE and COVERAGE, for every need with that look at once.

    candidates = {(n, o) : o stands in a bucket that n looks into}          every eligible pair is one

A part is a connected component of the graph whose nodes are looks, buckets, fairness groups (district x resource type)
and caps: looks hold to the buckets they look into and to the groups of their needs, offers tie together the buckets
they are seen in and the cap they draw on, caps hold to the cap above. So nothing that a plan weighs crosses parts, and
plans of parts together are a plan of the whole. Counties whose providers keep to them fall apart, and so do trees of
types, and types of one tree wherever nobody offers something more general.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.columns import NO_CAP, Columns, Ints, spread, starts


@dataclass(frozen=True, slots=True)
class Meetings:
    """Looks and buckets of an instance, as rows one after the other.

    look            for each need the look it has, -1 where no offer could meet it whatever it offers
    types, areas    for each look the rows of `Columns.types` and `Columns.places`
    seen            look l sees the buckets seen[seen_start[l]:seen_start[l + 1]]
    standing        bucket b holds the offers standing[standing_start[b]:standing_start[b + 1]], ascending;
                    only offers that can give something stand anywhere
    """

    look: Ints
    types: Ints
    areas: Ints
    seen_start: Ints
    seen: Ints
    standing_start: Ints
    standing: Ints

    def sizes(self) -> Ints:
        """Candidates of one need, by look."""
        inside = np.diff(self.standing_start)[self.seen]
        return np.diff(starts(inside)[self.seen_start])

    def candidates(self) -> Ints:
        """Candidates of each need; their sum bounds the number of eligible pairs."""
        sizes = np.append(self.sizes(), 0)
        return sizes[self.look]

    def offers_seen(self, look: int) -> Ints:
        """Candidates of a need with this look: offers, ascending."""
        buckets = self.seen[self.seen_start[look] : self.seen_start[look + 1]]
        first = self.standing_start[buckets]
        found = self.standing[spread(first, self.standing_start[buckets + 1] - first)]
        found.sort()
        return found


@dataclass(frozen=True, slots=True)
class Part:
    """Needs and offers (ascending positions) that nothing ties to any other part; `candidates` bounds its pairs."""

    needs: Ints
    offers: Ints
    candidates: int


@dataclass(frozen=True, slots=True)
class Parts:
    """All of an instance: every need is in one part or alone, every offer in one part or idle (positions, ascending).

    parts   with at least one candidate pair each; most candidates first, then by the smallest id of a need
    alone   needs that no offer can meet, nor any need of their fairness group
    idle    offers that no need looks at, nor at any offer of their cap
    """

    parts: tuple[Part, ...]
    alone: Ints
    idle: Ints


def meetings(columns: Columns) -> Meetings:
    """Looks and buckets. O(n log n) in needs, covered areas and looks x depths of both trees."""
    need, offer = columns.need, columns.offer
    usable = np.flatnonzero(offer.usable())
    covers = offer.cover_start[usable + 1] - offer.cover_start[usable]
    entry = np.repeat(usable, covers)
    area_ids, area = np.unique(offer.cover[spread(offer.cover_start[usable], covers)], return_inverse=True)
    type_ids, kind = np.unique(offer.type_id[entry], return_inverse=True)
    buckets, bucket = np.unique(kind * len(area_ids) + area, return_inverse=True)
    order = np.argsort(bucket, kind="stable")

    asking = np.flatnonzero(need.usable())
    width = max(1, len(columns.places.depth))
    looks, seen_by = np.unique(need.type[asking] * width + need.area[asking], return_inverse=True)
    look = np.full(len(need.ids), -1, dtype=np.int64)
    look[asking] = seen_by
    types, areas = looks // width, looks % width
    above_type = _places_of(type_ids, columns.types.path[types])
    above_area = _places_of(area_ids, columns.places.path[areas])
    known = (above_type[:, :, None] >= 0) & (above_area[:, None, :] >= 0)
    key = np.where(known, above_type[:, :, None] * len(area_ids) + above_area[:, None, :], -1)
    found = _places_of(buckets, key)
    return Meetings(
        look,
        types,
        areas,
        starts((found >= 0).sum(axis=(1, 2))),
        found[found >= 0],
        starts(np.bincount(bucket, minlength=len(buckets))),
        entry[order],
    )


def parts(columns: Columns, known: Meetings | None = None) -> Parts:
    """Split an instance into independent parts. O((needs + covered areas + looks) log n), no pair is formed."""
    met = known or meetings(columns)
    need, offer, caps = columns.need, columns.offer, columns.caps
    looks, buckets = len(met.types), len(met.standing_start) - 1
    group = _numbered(need.district, need.type)
    groups = int(group.max(initial=-1)) + 1
    cap_ids = np.unique(np.concatenate([offer.cap_id, caps.ids, caps.parent_id]))
    cap_ids = cap_ids[cap_ids != NO_CAP]
    # Nodes: buckets, looks, groups, caps, offers that stand somewhere or draw on a cap.
    first_look, first_group = buckets, buckets + looks
    first_cap = first_group + groups
    first_offer = first_cap + len(cap_ids)

    asking = np.flatnonzero(met.look >= 0)
    standing_in = np.repeat(np.arange(buckets), np.diff(met.standing_start))
    looked_at = np.zeros(buckets, dtype=np.bool_)
    looked_at[met.seen] = True
    visible = looked_at[standing_in]
    funded = np.flatnonzero(offer.cap_id != NO_CAP)
    below = np.flatnonzero(caps.parent_id != NO_CAP)
    edges = (
        (first_look + np.repeat(np.arange(looks), np.diff(met.seen_start)), met.seen),
        (first_group + group[asking], first_look + met.look[asking]),
        (first_offer + met.standing[visible], standing_in[visible]),
        (first_offer + funded, first_cap + np.searchsorted(cap_ids, offer.cap_id[funded])),
        (
            first_cap + np.searchsorted(cap_ids, caps.ids[below]),
            first_cap + np.searchsorted(cap_ids, caps.parent_id[below]),
        ),
    )
    label = _components(
        first_offer + len(offer.ids), np.concatenate([a for a, _ in edges]), np.concatenate([b for _, b in edges])
    )
    # A need that cannot be met is where its group is: it counts for the group's share.
    return _gathered(need.ids, met.candidates(), label[first_group + group], label[first_offer:])


def _gathered(ids: Ints, candidates: Ints, need_label: Ints, offer_label: Ints) -> Parts:
    many = int(max(need_label.max(initial=-1), offer_label.max(initial=-1))) + 1
    total = np.zeros(many, dtype=np.int64)
    np.add.at(total, need_label, candidates)
    smallest = np.full(many, np.iinfo(np.int64).max)
    np.minimum.at(smallest, need_label, ids)
    kept = np.flatnonzero(total)
    kept = kept[np.lexsort((smallest[kept], -total[kept]))]
    needs, offers = _split(need_label, kept), _split(offer_label, kept)
    return Parts(
        tuple(Part(n, o, int(total[k])) for n, o, k in zip(needs, offers, kept.tolist(), strict=True)),
        np.flatnonzero(total[need_label] == 0),
        np.flatnonzero(total[offer_label] == 0),
    )


def _split(label: Ints, wanted: Ints) -> list[Ints]:
    """For each wanted label the positions that carry it, ascending."""
    order = np.argsort(label, kind="stable")
    first, last = (np.searchsorted(label[order], wanted, side) for side in ("left", "right"))
    return [order[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True)]


def _components(nodes: int, tail: Ints, head: Ints) -> Ints:
    """For each node the smallest node of its component: hooking and pointer jumping. O((nodes + edges) log nodes).

    Y. Shiloach and U. Vishkin, "An O(log n) parallel connectivity algorithm", J. Algorithms 3 (1982), as array
    operations: each root hooks below the smallest root beside it, then every path is flattened.
    """
    label = np.arange(nodes, dtype=np.int64)
    while True:
        a, b = label[tail], label[head]
        apart = a != b
        if not apart.any():
            return label
        tail, head, a, b = tail[apart], head[apart], a[apart], b[apart]
        np.minimum.at(label, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(label, above := label[label]):
            label = above


def _numbered(a: Ints, b: Ints) -> Ints:
    """Number the distinct pairs (a, b) from 0 on."""
    _, first = np.unique(a, return_inverse=True)
    values, second = np.unique(b, return_inverse=True)
    _, number = np.unique(first * len(values) + second, return_inverse=True)
    return np.asarray(number, dtype=np.int64)


def _places_of(values: Ints, wanted: Ints) -> Ints:
    """Positions of `wanted` in ascending `values`, -1 where missing."""
    if not len(values):
        return np.full(wanted.shape, -1, dtype=np.int64)
    place = np.searchsorted(values, wanted)
    place[place == len(values)] = 0
    return np.where(values[place] == wanted, place, -1)

"""Coordinates for drawing a network: the same input gives the same picture, in whatever order it comes.

    move(v) = sum over others u of  repulsion(u, v)        mass(u) mass(v) / distance, away
            + sum over neighbours u of  weight x distance  toward, shared out among the links of the lesser end
            + COHESION toward the middle of the nodes of its group

until the steps, which shrink, are used up: ForceAtlas2 (Jacomy et al. 2014, doi:10.1371/journal.pone.0098679) with
groups, on arrays. Each connected component is laid out alone from a start that depends on groups and keys only; nodes
that overlap are pushed apart; components are packed in rows, the largest first, into the unit square.
O(steps x n**2) for the largest component: a second for 1,000 nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.linkage import Floats, Ints, Links

STEPS = 60
SETTLE_STEPS = 24
COHESION = 0.8
GRAVITY = 0.05
#: Two nodes of a picture of n are at least GAP / sqrt(n) apart, where the square holds them all so.
GAP = 0.55
GOLDEN = 2.399963229728653


@dataclass(frozen=True, slots=True)
class _Box:
    """A component where it was laid out: positions of its nodes, their places from (0, 0), width and height."""

    nodes: Ints
    places: Floats
    width: float
    height: float


def layout(graph: Links, keys: Ints, groups: Ints | None = None) -> Floats:
    """(n, 2) places in 0..1 x 0..1, rounded to 1e-5; no two the same.

    keys    (n) what orders the nodes: unique, e.g. ids. A node's place depends on keys, groups and edges, not on its
            position in the arrays.
    groups  (n) nodes of one group are drawn together; negative: of none.
    """
    n = len(graph)
    if n == 0:
        return np.empty((0, 2))
    order = np.argsort(keys, kind="stable")
    sorted_graph = _permuted(graph, order)
    own = np.full(n, -1, np.int64) if groups is None else np.asarray(groups, np.int64)[order]
    boxes = [_laid_out(sorted_graph, nodes, own[nodes]) for nodes in components(sorted_graph)]
    places = np.empty((n, 2))
    places[order] = _packed(boxes, n)
    return places


def components(graph: Links) -> list[Ints]:
    """Positions of the nodes of each connected component, the largest first, then by the first node. O(n + m)."""
    tails, heads, _ = graph.pairs()
    name = np.arange(len(graph))
    while len(tails):
        # Every node takes the least name around it, then the name of its name, until nothing changes.
        least = name.copy()
        np.minimum.at(least, tails, name[heads])
        np.minimum.at(least, heads, name[tails])
        while (least[least] != least).any():
            least = least[least]
        if (least == name).all():
            break
        name = least
    order = np.argsort(name, kind="stable")
    cuts = np.flatnonzero(np.diff(name[order])) + 1
    return sorted(np.split(order, cuts), key=lambda nodes: (-len(nodes), int(nodes[0]))) if len(graph) else []


def _permuted(graph: Links, order: Ints) -> Links:
    from graph.linkage import links

    place = np.empty(len(graph), np.int64)
    place[order] = np.arange(len(graph))
    tails, heads, weights = graph.pairs()
    return links(len(graph), place[tails], place[heads], weights)


def _laid_out(graph: Links, nodes: Ints, groups: Ints) -> _Box:
    n = len(nodes)
    if n == 1:
        return _Box(nodes, np.zeros((1, 2)), 0.0, 0.0)
    local = np.full(len(graph), -1, np.int64)
    local[nodes] = np.arange(n)
    source, at = graph.around(nodes)
    target = local[graph.ends[at]]
    at_once = source < target
    tails, heads, weights = source[at_once], target[at_once], graph.weights[at][at_once]
    degrees = graph.degrees[nodes].astype(np.float64)
    places = _start(n, groups)
    _pull(places, tails, heads, _pulls(weights, degrees, tails, heads), 1.0 + degrees, groups)
    places /= max(_typical_gap(places), 1e-12)
    _settle(places)
    low = places.min(axis=0)
    width, height = (places.max(axis=0) - low).tolist()
    return _Box(nodes, places - low, width, height)


def _pulls(weights: Floats, degrees: Floats, tails: Ints, heads: Ints) -> Floats:
    """A link pulls by the root of its weight (relative to the mean), less where both ends have many."""
    root = np.sqrt(weights)
    found: Floats = root / root.mean() / np.sqrt(np.minimum(degrees[tails], degrees[heads]))
    return found


def _start(n: int, groups: Ints) -> Floats:
    """Groups stand on a sunflower in order of size, their nodes on a small one around."""
    names, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    rank = np.empty(len(names), np.int64)
    rank[np.lexsort((names, -counts))] = np.arange(len(names))
    middle = _sunflower(rank[inverse].astype(np.float64)) * np.sqrt(n / len(names))
    order = np.argsort(inverse, kind="stable")
    within = np.empty(n)
    within[order] = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    found: Floats = middle + _sunflower(within) * 0.7
    return found


def _sunflower(at: Floats) -> Floats:
    """The at-th seed of a sunflower: evenly spread, nothing random."""
    radius, angle = np.sqrt(at + 0.5), at * GOLDEN
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _pull(places: Floats, tails: Ints, heads: Ints, pulls: Floats, mass: Floats, groups: Ints) -> None:
    """Moves the nodes, each step no further than the temperature, which falls from a tenth of the picture to little."""
    n = len(places)
    member = groups >= 0
    _, inverse = np.unique(groups, return_inverse=True)
    sizes = np.maximum(np.bincount(inverse), 1)[:, None]
    push = np.sqrt(mass[:, None] * mass[None, :]).astype(np.float32)
    np.fill_diagonal(push, 0.0)
    extent = np.sqrt(n)
    for step in range(STEPS):
        here = places.astype(np.float32)
        dx = here[:, 0, None] - here[None, :, 0]
        dy = here[:, 1, None] - here[None, :, 1]
        away = dx * dx
        away += dy * dy
        away += np.float32(1e-2)
        np.divide(push, away, out=away)
        move = np.stack([np.einsum("ij,ij->i", dx, away), np.einsum("ij,ij->i", dy, away)], axis=1).astype(np.float64)
        along = (places[heads] - places[tails]) * pulls[:, None]
        for axis in (0, 1):
            move[:, axis] += np.bincount(tails, weights=along[:, axis], minlength=n)
            move[:, axis] -= np.bincount(heads, weights=along[:, axis], minlength=n)
        middles = np.stack([np.bincount(inverse, weights=places[:, axis]) for axis in (0, 1)], axis=1) / sizes
        move += np.where(member[:, None], COHESION * (middles[inverse] - places), 0.0)
        move -= GRAVITY * mass[:, None] * (places - places.mean(axis=0))
        length = np.sqrt((move * move).sum(axis=1))
        heat = extent * 0.1 * (1.0 - step / STEPS) ** 1.5 + 0.01
        places += move * np.minimum(1.0, heat / np.maximum(length, 1e-9))[:, None] * 0.5


def _typical_gap(places: Floats) -> float:
    """The side of a square for each node, were the picture shared out evenly."""
    spread = places.max(axis=0) - places.min(axis=0)
    return float(np.sqrt(max(float(spread[0] * spread[1]), 1e-12) / len(places)))


def _settle(places: Floats) -> None:
    """Pushes apart nodes nearer than a gap, in units of the typical gap; what cannot be settled stays near."""
    n = len(places)
    # Nodes on one spot have no direction to part in: each has its own, by its position.
    places += _sunflower(np.arange(n, dtype=np.float64)) / np.sqrt(n) * 1e-3
    for _ in range(SETTLE_STEPS):
        dx = places[:, 0, None] - places[None, :, 0]
        dy = places[:, 1, None] - places[None, :, 1]
        distance = np.sqrt(dx * dx + dy * dy)
        np.fill_diagonal(distance, np.inf)
        near = distance < GAP * 1.02
        if not near.any():
            return
        i, j = np.nonzero(near)
        share = 0.5 * (GAP * 1.05 - distance[i, j]) / np.maximum(distance[i, j], 1e-9)
        places[:, 0] += np.bincount(i, weights=dx[i, j] * share, minlength=n)
        places[:, 1] += np.bincount(i, weights=dy[i, j] * share, minlength=n)


def _packed(boxes: list[_Box], n: int) -> Floats:
    """Boxes in rows, as they come, about as wide as high together, then scaled into the unit square."""
    margin = 1.0
    places = np.empty((n, 2))
    area = sum((box.width + margin) * (box.height + margin) for box in boxes)
    wide = max(np.sqrt(area) * 1.05, max(box.width for box in boxes) + margin)
    x = y = row = 0.0
    for box in boxes:
        if x > 0 and x + box.width + margin > wide:
            x, y, row = 0.0, y + row, 0.0
        places[box.nodes] = box.places + np.array([x, y]) + margin / 2
        x += box.width + margin
        row = max(row, box.height + margin)
    low = places.min(axis=0)
    spread = float((places.max(axis=0) - low).max())
    middle = (places.max(axis=0) + low) / 2
    scaled: Floats = np.round(0.5 + 0.96 * (places - middle) / max(spread, 1e-9), 5)
    return scaled

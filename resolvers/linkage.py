"""The linkage network of an area, as far as the viewer may see it: read, held while nothing changes, laid out.

A network is read in one REPEATABLE READ transaction and held under its snapshot: whoever asks again sees the same rows
and is spared reading them. Any change in the database makes it anew.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import linkage as stored
from db.acting import MAX_ID
from db.visibility import shape, values
from graph.linkage import Linkage, Member, Tie, linkage
from graph.picture import Picture, picture
from resolvers.context import Context
from resolvers.errors import NotFound, Refusal
from resolvers.vocabulary import Vocabulary, vocabulary

__all__ = ["DEEPEST", "Drawn", "Node", "drawn", "held", "members", "reading"]

DEEPEST = 4
#: Networks and pictures held for each database.
HELD = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """A transaction that reads one state of things."""

    conn: AsyncConnection
    snapshot: str
    words: Vocabulary


@dataclass(frozen=True, slots=True)
class Node:
    """A party of a picture. `kind` as stored (COMMUNITY, ORGANIZATION, ...)."""

    id: int
    kind: str
    x: float
    y: float
    degree: int


@dataclass(frozen=True, slots=True)
class Edge:
    source: Node
    target: Node
    weight: float
    kind: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A network ready to draw; what was left out is counted."""

    nodes: list[Node]
    edges: list[Edge]
    omitted_nodes: int
    omitted_edges: int


@asynccontextmanager
async def reading(context: Context) -> AsyncIterator[Reading]:
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="REPEATABLE READ")
        async with conn.begin():
            snapshot, version = await stored.begin(conn)
            yield Reading(conn, snapshot, await vocabulary(context.engine, conn, version))


_held: WeakKeyDictionary[AsyncEngine, OrderedDict[tuple[Any, ...], Any]] = WeakKeyDictionary()


def held(context: Context, snapshot: str, what: tuple[Any, ...]) -> Any | None:
    """What was made of this state of things for a viewer who may see the same; None where nothing was."""
    kept = _held.setdefault(context.engine, OrderedDict())
    key = _key(context, snapshot, what)
    if key in kept:
        kept.move_to_end(key)
    return kept.get(key)


def hold(context: Context, snapshot: str, what: tuple[Any, ...], made: T) -> T:
    kept = _held.setdefault(context.engine, OrderedDict())
    kept[_key(context, snapshot, what)] = made
    while len(kept) > HELD:
        kept.popitem(last=False)
    return made


def _key(context: Context, snapshot: str, what: tuple[Any, ...]) -> tuple[Any, ...]:
    who = values(context.viewer)
    return (snapshot, context.today, shape(context.viewer), *who.values(), *what)


async def members(read: Reading, rows: Any, scope: Callable[[tuple[int, ...]], int]) -> list[Member]:
    """Rows of `db.linkage.members` as nodes; `scope` gives the group of a path of areas."""
    paths = await area_paths(read, {row.area_id for row in rows})
    return [Member(row.id, row.society, row.area_id, scope(paths[row.area_id])) for row in rows]


async def area_paths(read: Reading, ids: set[int]) -> Mapping[int, tuple[int, ...]]:
    found = await read.words.areas_by_id(read.conn, ids)
    return {id: area.ancestor_ids for id, area in found.items()}


def level_below(area_id: int) -> Callable[[tuple[int, ...]], int]:
    """The area one level below this one that a path goes through; -1 for paths that go through none."""

    def group(path: tuple[int, ...]) -> int:
        at = path.index(area_id) + 1 if area_id in path else len(path)
        return path[at] if at < len(path) else -1

    return group


async def drawn(context: Context, area: str, around: int | None, depth: int, *, named: bool = False) -> Drawn:
    """The network of the needs in and below an area; with `named`, only what is at most `depth` ties from `around`.

    Raises Refusal (UNKNOWN_AREA, BAD_DEPTH), NotFound where the viewer may not see the party. At most four
    statements; none but the first two while nothing changed.
    """
    if not 1 <= depth <= DEEPEST:
        raise Refusal(
            "BAD_DEPTH",
            f"depth 应在 1 到 {DEEPEST} 之间,现为 {depth}",
            f"depth must be from 1 to {DEEPEST}, not {depth}",
        )
    if named and (around is None or not 0 < around <= MAX_ID):
        raise NotFound("这个主体", "party")
    async with reading(context) as read:
        place = (await read.words.areas(read.conn, [area])).get(area)
        if place is None:
            raise Refusal("UNKNOWN_AREA", f"没有代码为 {area[:40]!r} 的地区", f"no area has the code {area[:40]!r}")
        what = ("drawn", place.id, around, depth if named else None)
        kept = held(context, read.snapshot, what)
        if kept is not None:
            return cast(Drawn, kept)
        ties = await stored.ties(read.conn, context.viewer, [place.id])
        wanted = {row.community_id for row in ties} | {row.provider_id for row in ties}
        if around is not None:
            wanted.add(around)
        rows = await stored.members(read.conn, context.viewer, wanted) if wanted else ()
        if around is not None and around not in {row.id for row in rows}:
            raise NotFound("这个主体", "party")
        parties = await members(read, rows, level_below(place.id))
    kinds = {row.id: row.kind for row in rows}
    network = linkage(parties, [Tie(*row) for row in ties])
    made = await asyncio.to_thread(picture, network, around, depth)
    return hold(context, read.snapshot, what, _drawn(network, made, kinds))


def _drawn(network: Linkage, made: Picture, kinds: Mapping[int, str]) -> Drawn:
    ids = network.ids[made.nodes].tolist()
    nodes = [
        Node(id, kinds[id], x, y, degree)
        for id, (x, y), degree in zip(ids, made.places.tolist(), made.degrees.tolist(), strict=True)
    ]
    edges = [
        Edge(nodes[tail], nodes[head], weight, kind)
        for tail, head, weight, kind in zip(
            made.tails.tolist(), made.heads.tolist(), made.weights.tolist(), made.kinds, strict=True
        )
    ]
    return Drawn(nodes, edges, made.omitted_nodes, made.omitted_edges)

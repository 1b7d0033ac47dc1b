"""What a reader asks for: a plain tree, made by `schema/execution` from a document, turned into SQL by `db/reader`.

Entities and fields are named as in `db/entities.py`. Keys are the names the answer uses (aliases included), in answer
order. Arguments are not in the tree: a `Page` names its slot, and the values of the slots come with each request, so
one tree serves every request of the same document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Leaf:
    """One column. Field names beginning with two underscores are hidden helpers: `__typename`, `__id` (the number)."""

    key: str
    field: str


@dataclass(slots=True, eq=False)
class Value:
    """An object made of columns of its parent: a location, a certificate. Null where `null_if` is null."""

    key: str
    typename: str
    items: Sequence[Leaf]
    null_if: str | None = None


@dataclass(slots=True, eq=False)
class ValueList:
    """A list of objects that `expand` makes of columns: the reasons of a match. Item fields are keys of its dicts."""

    key: str
    typename: str
    columns: tuple[str, ...]
    expand: Callable[..., list[dict[str, Any]]]
    items: Sequence[Leaf]


@dataclass(slots=True, eq=False)
class One:
    """The one row a foreign key points at."""

    key: str
    relation: str
    select: Select


@dataclass(slots=True, eq=False)
class Many:
    """All rows of a short list (an array of ids), in the order of the array."""

    key: str
    relation: str
    select: Select


@dataclass(slots=True, eq=False)
class Edges:
    key: str
    items: Sequence[Leaf | EdgeNode]  # leaves: cursor, __typename


@dataclass(slots=True, eq=False)
class EdgeNode:
    key: str
    select: Select


@dataclass(slots=True, eq=False)
class PageInfo:
    key: str
    items: Sequence[Leaf]


@dataclass(slots=True, eq=False)
class Facet:
    """Counts by one property of a root page; `labels` gives (中文, English) of codes the database has no row for."""

    key: str
    facet: str
    items: Sequence[Leaf]  # code, label_zh, label_en, count, __typename
    labels: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Page:
    """A Relay connection: of the root (`relation` is the entity's name) or of a parent row."""

    key: str
    relation: str
    typename: str
    slot: int
    items: Sequence[Leaf | Edges | PageInfo | Facet]  # leaves: totalCount, __typename


Item = Leaf | Value | ValueList | One | Many | Page


@dataclass(slots=True, eq=False)
class Select:
    """What to take of one entity, by concrete type (one for most, seven for parties)."""

    entity: str
    types: dict[str, list[Item]]


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The arguments of one page, checked. `shape` decides the SQL, `values` fill its parameters (`s{slot}_{name}`).

    `filters` holds (name, variant) in a fixed order; a variant changes the SQL (the area is a county or not).
    """

    count: int
    backward: bool
    after: bool
    before: bool
    filters: tuple[tuple[str, str], ...]
    values: Mapping[str, Any]

    @property
    def shape(self) -> tuple[Any, ...]:
        return (self.count, self.backward, self.after, self.before, self.filters)

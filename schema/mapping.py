"""How a field of the contract is read: declared once, beside the field.

A mapped field names a column, a relation or a page of `db/entities.py`; nothing is resolved one value at a time.
`schema/execution/selecting.py` turns a document's mapped fields into a Selection. Where an operation is executed by
Strawberry (a mutation's answer, a computed field), the same reader has already put the answer's parts under their
response keys, and a mapped field only picks its own up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from db.cursors import parse_id
from schema.enums import Lang


@dataclass(frozen=True, slots=True)
class Column:
    """The column named as the field, or `name`."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """`{base}_zh` or `{base}_en`, by the argument `lang`."""

    base: str


@dataclass(frozen=True, slots=True)
class ToOne:
    pass


@dataclass(frozen=True, slots=True)
class ToMany:
    pass


@dataclass(frozen=True, slots=True)
class ToPage:
    """A connection; `default` is its size where the client names none."""

    default: int


@dataclass(frozen=True, slots=True)
class ToValue:
    null_if: str | None


@dataclass(frozen=True, slots=True)
class ToValueList:
    columns: tuple[str, ...]
    expand: Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class FacetBy:
    labels: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RootPage:
    entity: str
    default: int


@dataclass(frozen=True, slots=True)
class ListedPage(RootPage):
    """A page below a computed object: `where` gives the filters that hold for all of it, out of the source."""

    where: Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RootCode:
    entity: str


@dataclass(frozen=True, slots=True)
class RootNode:
    pass


@dataclass(frozen=True, slots=True)
class RootNodes:
    pass


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an executed operation steps into rows: the row of `entity` whose id is the source's `by`; null for None."""

    entity: str
    by: str = "id"


@dataclass(frozen=True, slots=True)
class Entries:
    """The same for a list: the rows whose ids are the source's `by`, those that the viewer may see, in that order."""

    entity: str
    by: str


@dataclass(frozen=True, slots=True)
class Changes:
    """A subscription: the events of an entity, each with its row as the viewer may see it then."""

    entity: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a connection or value object: edges, node, cursor, pageInfo, totalCount, or a plain value."""

    name: str


Kind = (
    Column | Label | ToOne | ToMany | ToPage | ToValue | ToValueList | FacetBy | RootPage | RootCode | RootNode
    | RootNodes | Entry | Entries | Changes | Part
)  # fmt: skip
ROOTS = (RootPage, RootCode, RootNode, RootNodes, Entry, Entries)


class MappedField(StrawberryField):
    """A field without a resolver of its own. The context says where its value comes from."""

    def __init__(
        self, kind: Kind | None = None, *, arguments: Sequence[StrawberryArgument] = (), **options: Any
    ) -> None:
        super().__init__(**options)
        self.kind = kind
        self.init = self.compare = self.repr = False
        self.arguments = list(arguments)

    def __copy__(self) -> MappedField:
        copy: Any = super().__copy__()
        copy.kind = self.kind
        copy.init = copy.compare = copy.repr = False
        return copy  # type: ignore[no-any-return]

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        return info.context.rows.resolve(self, source, info, kwargs)


def argument(name: str, type_: Any, description: str, default: Any = strawberry.UNSET) -> StrawberryArgument:
    options: dict[str, Any] = {} if default is strawberry.UNSET else {"default": default}
    return StrawberryArgument(name, None, StrawberryAnnotation(type_), description=description, **options)


FIRST = "How many from the beginning (or after the cursor), 1 to 100. 取前多少条。"
AFTER = "Cursor: continue after this edge. 从此游标之后继续。"
LAST = "How many from the end (or before the cursor), 1 to 100. 取后多少条。"
BEFORE = "Cursor: only what comes before this edge. 只取此游标之前的。"
LANG = "Language of the text: ZH (default) or EN. 文字的语言。"


def lang_argument() -> StrawberryArgument:
    return argument("lang", Lang | None, LANG, Lang.ZH)


def forward(default: int | None = None) -> list[StrawberryArgument]:
    first = argument("first", int | None, FIRST, default) if default else argument("first", int | None, FIRST)
    return [first, argument("after", str | None, AFTER)]


def both_ways() -> list[StrawberryArgument]:
    return [*forward(), argument("last", int | None, LAST), argument("before", str | None, BEFORE)]


def column(description: str, name: str | None = None) -> Any:
    return MappedField(Column(name), description=description)


def label(description: str, base: str = "label") -> Any:
    return MappedField(Label(base), description=description, arguments=[lang_argument()])


def one(description: str) -> Any:
    return MappedField(ToOne(), description=description)


def many(description: str) -> Any:
    return MappedField(ToMany(), description=description)


def page(description: str, first: int | None = None) -> Any:
    """`first` is a default the contract shows; where it shows none, a page has 20."""
    return MappedField(ToPage(first or 20), description=description, arguments=forward(first))


def value(description: str, null_if: str | None = None) -> Any:
    return MappedField(ToValue(null_if), description=description)


def value_list(description: str, columns: tuple[str, ...], expand: Callable[..., list[dict[str, Any]]]) -> Any:
    return MappedField(ToValueList(columns, expand), description=description)


def part(description: str, name: str) -> Any:
    return MappedField(Part(name), description=description)


def facet(description: str, labels: Mapping[str, tuple[str, str]] | None = None) -> Any:
    return MappedField(FacetBy(labels or {}), description=description)


def root(kind: Kind, description: str, arguments: Sequence[StrawberryArgument]) -> Any:
    return MappedField(kind, description=description, arguments=arguments)


def root_page(entity: str, description: str, arguments: Sequence[StrawberryArgument]) -> Any:
    return MappedField(RootPage(entity, 20), description=description, arguments=arguments)


def listed(entity: str, description: str, where: Callable[[Any], dict[str, Any]]) -> Any:
    return MappedField(ListedPage(entity, 20, where), description=description, arguments=forward())


def entry(entity: str, description: str, by: str = "id") -> Any:
    return MappedField(Entry(entity, by), description=description)


def entries(entity: str, description: str, by: str) -> Any:
    return MappedField(Entries(entity, by), description=description)


def given(description: str, default: Any = strawberry.UNSET) -> Any:
    """A field of an input that may be left out; `default` is one the contract shows."""
    return strawberry.field(description=description, default=default)


def required(description: str) -> Any:
    return strawberry.field(description=description)


def id_of(text: str, *typenames: str) -> int | None:
    """The number of a global id of one of these types; None for any other text."""
    parsed = parse_id(text)
    return parsed[1] if parsed and parsed[0] in typenames else None

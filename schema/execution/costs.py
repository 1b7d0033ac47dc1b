"""The cost of a selection in values, as a number or, where page sizes are variables, as a small expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)
from graphql.utilities.coerce_input_value import coerce_default_value

#: Pages hold at most this many items, whatever is asked for: the reader refuses more with a code of its own.
LARGEST_PAGE = 100
#: Items of a page whose size nobody gave, where the schema names no default.
DEFAULT_PAGE = 20
#: Items of a list without pages, unless named below.
DEFAULT_LIST = 5
#: A document of more fields is refused before anything but counting looks at it.
OPEN_ENDED = 5_000

#: Usual sizes of lists that have no pages, "Type.field" or "field". Introspection: this schema's own proportions.
LISTS: Mapping[str, int] = {
    "__Schema.types": 100,
    "__Schema.directives": 6,
    "__Type.fields": 7,
    "__Type.inputFields": 2,
    "__Type.enumValues": 2,
    "__Type.interfaces": 1,
    "__Type.possibleTypes": 1,
    "__Field.args": 1,
    "__Directive.args": 1,
    "__Directive.locations": 3,
    "byPriority": 4,
    "byArea": 20,
    "byResourceType": 20,
    "bySociety": 6,
    "clientGroups": 3,
    "coverage": 3,
    "fairness": 20,
    "fields": 7,
    "reasons": 6,
    "members": 7,
    "gives": 2,
    "explanation": 2,
    "missing": 2,
}

#: Values that take more work than one column: counts and groupings over whole tables, rules evaluated on the spot.
WEIGHTS: Mapping[str, int] = {
    "totalCount": 10,
    "byPriority": 20,
    "byArea": 20,
    "byResourceType": 20,
    "bySociety": 20,
    "whyNot": 200,
    "partners": 200,
    "team": 1_000,
    "linkageNetwork": 20_000,
    "fragility": 20_000,
    "figures": 50,
    "planSimulate": 40_000,
}

_PAGE_ARGUMENTS = ("first", "last")
_ITEMS_OF_A_PAGE = frozenset({"edges", "nodes"})
_MOST = 10**9


@dataclass(frozen=True, slots=True)
class Page:
    """A size that a variable gives: a number, or a list whose length counts."""

    variable: str
    default: int


Size = int | Page


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """`constant + sum(size x cost)`. Shared between fragments, so a value is found once for each `Open`."""

    constant: int
    terms: tuple[tuple[Size, Open | int], ...]


Cost = int | Open


def plus(a: Cost, b: Cost) -> Cost:
    if isinstance(a, int) and isinstance(b, int):
        return min(a + b, _MOST)
    if isinstance(b, int):
        a, b = b, a
    if isinstance(a, int):
        return b if a == 0 else Open(a, ((1, b),))
    return Open(0, ((1, a), (1, b)))


def times(size: Size, of: Cost) -> Cost:
    if isinstance(of, int):
        if of == 0:
            return 0
        if isinstance(size, int):
            return min(size * of, _MOST)
    elif size == 1:
        return of
    return Open(0, ((size, of),))


def evaluate(cost: Open, variables: Mapping[str, Any]) -> int:
    """The number, at most 10**9. O(distinct parts); without recursion, since fragments nest deeper than calls may."""
    known: dict[int, int] = {}
    stack = [cost]
    while stack:
        top = stack[-1]
        missing = [of for _, of in top.terms if isinstance(of, Open) and id(of) not in known]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        total = top.constant
        for size, of in top.terms:
            items = size if isinstance(size, int) else _given(variables.get(size.variable), size.default)
            total += items * (of if isinstance(of, int) else known[id(of)])
        known[id(top)] = min(total, _MOST)
    return known[id(cost)]


def _given(value: Any, default: int) -> int:
    if isinstance(value, list):
        return len(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return max(0, min(value, LARGEST_PAGE))
    if isinstance(value, float):
        return max(0, min(int(value), LARGEST_PAGE)) if value == value and abs(value) < _MOST else LARGEST_PAGE
    return default


@dataclass(frozen=True, slots=True)
class FieldSize:
    """`items` of the field itself, `page` handed to `edges` below it, `paged` when the field is such `edges`."""

    type: Any
    items: Size = 1
    page: Size = 1
    paged: bool = False
    weight: int = 0


class Sizes:
    """How many items a field gives, from its arguments, the schema's defaults and the lists documented above."""

    def __init__(self, schema: GraphQLSchema | None) -> None:
        self._schema = schema

    def root(self, operation: OperationType) -> Any:
        return self._schema.get_root_type(operation) if self._schema else None

    def named(self, name: str) -> Any:
        return self._schema.get_type(name) if self._schema else None

    def defaults(self, operation: OperationDefinitionNode) -> Mapping[str, Any]:
        """Default values of the operation's variables, untyped."""
        return {
            v.variable.name.value: value_from_ast_untyped(v.default_value)
            for v in operation.variable_definitions or ()
            if isinstance(v.default_value, IntValueNode | ListValueNode)
        }

    def of(self, node: FieldNode, parent: Any) -> FieldSize:
        name = node.name.value
        definition = self._schema.get_field(parent, name) if self._schema and parent is not None else None
        weight = WEIGHTS.get(name, 0)
        if definition is None:
            asked = self._asked(node, {})
            page = DEFAULT_PAGE if asked is None else asked
            return FieldSize(None, page=page, paged=name in _ITEMS_OF_A_PAGE and asked is None, weight=weight)
        kind = get_named_type(definition.type)
        if not is_list_type(get_nullable_type(definition.type)):
            if "first" not in definition.args:
                return FieldSize(kind, weight=weight)
            asked = self._asked(node, definition.args)
            return FieldSize(kind, page=DEFAULT_PAGE if asked is None else asked, weight=weight)
        if name in _ITEMS_OF_A_PAGE and "ids" not in definition.args:
            return FieldSize(kind, paged=True, weight=weight)
        asked = self._asked(node, definition.args)
        if asked is None:
            asked = LISTS.get(f"{parent.name}.{name}", LISTS.get(name, DEFAULT_LIST))
        return FieldSize(kind, items=asked, weight=weight)

    def _asked(self, node: FieldNode, arguments: Mapping[str, Any]) -> Size | None:
        """The page or list that the field's arguments ask for; None where they say nothing."""
        default: Size | None = None
        for name in _PAGE_ARGUMENTS:
            argument = arguments.get(name)
            if argument is not None:
                shown = coerce_default_value(argument)
                default = shown if isinstance(shown, int) else default
        found: Size | None = None
        for given in node.arguments or ():
            name, value = given.name.value, given.value
            if name != "ids" and name not in _PAGE_ARGUMENTS:
                continue
            size: Size | None = None
            if isinstance(value, VariableNode):
                size = Page(value.name.value, default if isinstance(default, int) else DEFAULT_PAGE)
            elif isinstance(value, ListValueNode):
                size = len(value.values)
            elif isinstance(value, IntValueNode):
                # Counted by length first: converting a number of a million digits is quadratic.
                size = _given(int(value.value), 0) if len(value.value) < 10 else LARGEST_PAGE
            if isinstance(size, int) and isinstance(found, int):
                found = max(found, size)
            elif size is not None:
                found = size
        return default if found is None else found

"""Makes operations over the whole schema, from the schema: valid documents with values for their variables.

A choice is a number below another, so the same code serves hypothesis (which shrinks) and a seeded random. What an
argument may hold is told by its name and type; one that this file has not heard of fails loudly, so that a new
argument cannot be forgotten.
"""

from __future__ import annotations

import json
import re
from binascii import b2a_base64
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from db.entities import ENTITY_OF_TYPE
from db.reader import order_of
from schema import mapping
from schema.execution.selecting import mapped_field

T = TypeVar("T")

#: (type, field), (type, field, argument) or (input type, field): something an operation can reach.
Goal = tuple[str, ...]

ABSENT: Any = object()
DEEPEST = 9


@dataclass(frozen=True)
class Pool:
    """Values that mean something in the database: global ids by type, cursors by (entity, order columns)."""

    ids: Sequence[str]
    offer_ids: Sequence[str]
    cursors: Mapping[tuple[str, tuple[str, ...]], Sequence[str]]
    codes: Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Made:
    """An operation and the values of its variables."""

    query: str
    variables: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.query}\n{json.dumps(self.variables, ensure_ascii=False)}"


@dataclass
class _Key:
    """A response key in one place of the answer: by parent type, what it stands for; its type; the keys below it."""

    type: str
    meanings: dict[str, tuple[str, str]] = field(default_factory=dict)
    below: dict[str, _Key] = field(default_factory=dict)


Scope = dict[str, _Key]

#: What an argument of a computed question may hold that no name is taught for.
_BY_TYPE: dict[str, list[Any]] = {
    "ID": [],
    "Int": [2026, 1, 0, -1],
    "Boolean": [True, False],
    "String": ["370832", "2026-03", "NOTHING"],
    "Date": ["2026-03-01", "2020-01-01"],
    "DateTime": ["2026-03-01T04:00:00Z"],
    "Decimal": ["1.50", "0"],
}


def goals(schema: GraphQLSchema, computed: bool = False) -> list[Goal]:
    """Every field and argument that a query can reach, and every field of the inputs of its arguments."""
    found: list[Goal] = []
    for name in _paths(schema):
        of: Any = schema.type_map[name]
        for field_name, definition in of.fields.items():
            if mapped_field(definition) is None and not computed:
                continue
            found.append((name, field_name))
            for argument, declared in definition.args.items():
                found.append((name, field_name, argument))
                inner = get_named_type(declared.type)
                if isinstance(inner, GraphQLInputObjectType):
                    found += [(name, field_name, argument, own) for own in inner.fields]
    return found


@lru_cache
def _paths(schema: GraphQLSchema, by_id: bool = True) -> dict[str, list[tuple[str, str]]]:
    """Type -> the shortest way there from Query: (parent type, field) steps; by its id, or else through lists."""
    assert schema.query_type is not None
    ways: dict[str, list[tuple[str, str]]] = {schema.query_type.name: []}
    waiting = deque([schema.query_type.name])
    while waiting:
        name = waiting.popleft()
        of: Any = schema.type_map[name]
        steps: list[tuple[str, list[tuple[str, str]]]] = []
        if isinstance(of, GraphQLInterfaceType):
            # Reached without a step: an inline fragment narrows it.
            steps += [(one.name, ways[name]) for one in schema.get_possible_types(of)]
        for field_name, definition in of.fields.items():
            target = get_named_type(definition.type)
            if not by_id and field_name in ("node", "nodes") and name == "Query":
                continue
            if not is_leaf_type(target) and mapped_field(definition) is not None:
                steps.append((target.name, [*ways[name], (name, field_name)]))
        for target_name, way in steps:
            if target_name not in ways:
                ways[target_name] = way
                waiting.append(target_name)
    return ways


class Maker:
    """`below(n)` chooses a number from 0 to n - 1; 0 is the plainest choice."""

    def __init__(
        self, schema: GraphQLSchema, pool: Pool, below: Callable[[int], int], *, computed: bool = False, size: int = 25
    ) -> None:
        self.schema, self.pool, self.below, self.computed = schema, pool, below, computed
        self.budget = size
        #: How the ids begin of what the goal is in.
        self.hint = ""
        self.counter = 0
        self.definitions: dict[str, str] = {}
        self.variables: dict[str, Any] = {}
        self.fragments: list[str] = []
        self.reusable: list[tuple[str, str]] = []

    def operation(self, goal: Goal | None = None) -> Made:
        """An operation that reaches `goal`, and whatever chance adds."""
        query = self.schema.query_type
        assert query is not None
        ways = _paths(self.schema, self._chance(40))
        # Node itself is reached by an id only.
        way = [*(ways if goal[0] in ways else _paths(self.schema))[goal[0]], goal[:2]] if goal else []
        if len(way) > 1 and way[0][1] in ("node", "nodes"):
            # Three letters of the type are four of base64: enough to take an id of that kind.
            self.hint = b2a_base64(f"{way[1][0]}:".encode()[:3], newline=False).decode()
        body = self._set(query, {}, 0, way, goal)  # type: ignore[arg-type]
        text = "\n".join([body, *self.fragments])
        # A choice may have been taken back after its variable was named.
        used = {name: declared for name, declared in self.definitions.items() if re.search(rf"\${name}\b", text)}
        head = ", ".join(f"${name}: {declared}" for name, declared in used.items())
        variables = {name: value for name, value in self.variables.items() if name in used}
        return Made(f"query Made{f'({head})' if head else ''} {text}", variables)

    # -------------------------------------------------------------------------------- choosing

    def _chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent

    def _pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def _new(self, prefix: str) -> str:
        self.counter += 1
        return f"{prefix}{self.counter}"

    # -------------------------------------------------------------------------------- selections

    def _set(self, of: Any, scope: Scope, depth: int, way: Sequence[tuple[str, str]], goal: Goal | None) -> str:
        parts: list[str] = []
        if way:
            parent: Any = self.schema.type_map[way[0][0]]
            wanted = self._field(parent, way[0][1], scope, depth, way[1:], goal)
            parts.append(wanted if parent is of else f"... on {parent.name} {{ {wanted} }}")
        for _ in range(1 + self.below(5)):
            if self.budget > 0:
                parts.append(self._selection(of, scope, depth))
        if not parts:
            parts.append("__typename")
        return "{ " + " ".join(parts) + " }"

    def _selection(self, of: Any, scope: Scope, depth: int) -> str:
        self.budget -= 1
        choice = self.below(20)
        if choice >= 17 and of is not self.schema.query_type:
            return self._inline(of, scope, depth)
        if choice >= 15:
            return self._spread(of, scope, depth)
        if choice == 14:
            return "__typename" + self._directives() if self._chance(50) else f"{self._new('t')}: __typename"
        fields = list(of.fields)
        if depth >= DEEPEST or self.budget <= 0:
            fields = [name for name in fields if is_leaf_type(get_named_type(of.fields[name].type))]
        if not self.computed:
            fields = [name for name in fields if mapped_field(of.fields[name]) is not None]
        return self._field(of, self._pick(fields), scope, depth, (), None) if fields else "__typename"

    def _inline(self, of: Any, scope: Scope, depth: int) -> str:
        target = self._pick([of, *self._narrower(of)])
        condition = "" if target is of and self._chance(50) else f"on {target.name} "
        return f"... {condition}{self._directives()} {self._set(target, scope, depth, (), None)}"

    def _narrower(self, of: Any) -> list[Any]:
        """Types and interfaces that a fragment inside `of` may name."""
        if isinstance(of, GraphQLInterfaceType):
            return [*self.schema.get_possible_types(of), *of.interfaces]
        return list(of.interfaces) if isinstance(of, GraphQLObjectType) else []

    def _spread(self, of: Any, scope: Scope, depth: int) -> str:
        again = [name for name, on in self.reusable if on == of.name]
        if again and self._chance(50):
            return f"...{self._pick(again)}{self._directives()}"
        name = self._new("F")
        target = self._pick([of, *self._narrower(of)])
        content = self._set(target, scope, depth, (), None)
        self.fragments.append(f"fragment {name} on {target.name} {content}")
        self.reusable.append((name, of.name))
        return f"...{name}{self._directives()}"

    def _field(
        self, of: Any, name: str, scope: Scope, depth: int, way: Sequence[tuple[str, str]], goal: Goal | None
    ) -> str:
        definition: GraphQLField = of.fields[name]
        last = goal if goal and not way else None
        arguments = self._arguments(of, name, definition, last)
        key = name if self._chance(70) else self._pick(["same", self._new("a")])
        entry = self._entry(scope, key, of, name, arguments, str(definition.type))
        if entry is None:
            # The key is taken here: ask for the very same again where that can be, else under a name of its own.
            held = scope.get(name)
            meant = held.meanings.get(of.name) if held else None
            if held and meant and meant[0] == name and last is None and set(held.meanings) == {of.name}:
                key, arguments, entry = name, meant[1], held
            else:
                key = self._new("a")
                entry = self._entry(scope, key, of, name, arguments, str(definition.type))
        assert entry is not None
        alias = "" if key == name else f"{key}: "
        text = f"{alias}{name}{arguments}{'' if goal else self._directives()}"
        target = get_named_type(definition.type)
        if is_leaf_type(target):
            return text
        return f"{text} {self._set(target, entry.below, depth + 1, way, goal if way else None)}"

    def _entry(self, scope: Scope, key: str, of: Any, name: str, arguments: str, type_: str) -> _Key | None:
        """The key's place in the answer; None where it would mean two things."""
        entry = scope.setdefault(key, _Key(type_))
        if entry.type != type_:
            return None
        for other, meaning in entry.meanings.items():
            apart = other != of.name and all(
                isinstance(self.schema.type_map[one], GraphQLObjectType) for one in (other, of.name)
            )
            if meaning != (name, arguments) and not apart:
                return None
        entry.meanings[of.name] = (name, arguments)
        return entry

    def _directives(self) -> str:
        text = ""
        for name in ("skip", "include"):
            if self._chance(8):
                value = self._chance(50)
                text += f" @{name}(if: {self._written('Boolean!', value, json.dumps(value))})"
        return text

    # -------------------------------------------------------------------------------- arguments

    def _arguments(self, of: Any, name: str, definition: GraphQLField, goal: Goal | None) -> str:
        wanted = goal[2] if goal and len(goal) > 2 else None
        given = []
        for argument, declared in definition.args.items():
            if wanted in ("first", "last") and argument in ("first", "last") and argument != wanted:
                continue
            forced = argument == wanted
            if argument == "last" and any(one.startswith("first") for one in given) and self._chance(95):
                continue
            if (
                not forced
                and not is_non_null_type(declared.type)
                and not self._chance(20 if argument in ("after", "before") else 40)
            ):
                continue
            inner = goal[3] if forced and goal and len(goal) > 3 else None
            nullable = not is_non_null_type(declared.type)
            if nullable and not forced and self._chance(12):
                given.append(f"{argument}: {self._null(str(declared.type))}")
                continue
            value = self._value(declared.type, argument, (of, name), inner)
            given.append(f"{argument}: {self._written(str(declared.type), value, self._literal(declared.type, value))}")
        return f"({', '.join(given)})" if given else ""

    def _null(self, type_: str) -> str:
        """Null in its three ways: written, sent, and never sent."""
        way = self.below(3)
        if way == 0:
            return "null"
        name = self._new("v")
        self.definitions[name] = type_
        if way == 1:
            self.variables[name] = None
        return f"${name}"

    def _written(self, type_: str, value: Any, literal: str) -> str:
        """The literal, or a variable that brings the value: sent, or as its default."""
        way = self.below(4)
        if way < 2 or (way == 3 and "$" in literal):
            return literal
        name = self._new("v")
        if way == 2:
            self.definitions[name] = type_
            self.variables[name] = value
        else:
            self.definitions[name] = f"{type_} = {literal}"
        return f"${name}"

    def _literal(self, of: Any, value: Any) -> str:
        """As GraphQL writes it; parts of lists and objects may be variables."""
        of = get_nullable_type(of)
        if value is None:
            return "null"
        if is_list_type(of):
            return f"[{', '.join(self._literal(of.of_type, one) for one in value)}]"
        if isinstance(of, GraphQLInputObjectType):
            parts = []
            for name, one in value.items():
                declared = of.fields[name].type
                text = self._literal(declared, one)
                if one is not None and self._chance(15):
                    variable = self._new("v")
                    self.definitions[variable] = str(declared)
                    self.variables[variable] = one
                    text = f"${variable}"
                parts.append(f"{name}: {text}")
            return f"{{{', '.join(parts)}}}"
        return str(value) if isinstance(of, GraphQLEnumType) else json.dumps(value, ensure_ascii=False)

    def _value(self, of: Any, name: str, where: tuple[Any, str], inner: str | None = None) -> Any:
        of = get_nullable_type(of)
        if is_list_type(of):
            if self._chance(10):
                return []
            return [self._value(of.of_type, name, where) for _ in range(1 + self.below(6 if name == "ids" else 3))]
        if isinstance(of, GraphQLInputObjectType):
            made = {}
            for own, declared in of.fields.items():
                if own == inner or self._chance(25):
                    null = own != inner and self._chance(15)
                    made[own] = None if null else self._value(declared.type, own, (of, own))
            return made
        if isinstance(of, GraphQLEnumType):
            return self._pick(list(of.values))
        if name in ("first", "last"):
            return self._pick([1, 2, 3, 5, 100]) if self._chance(97) else self._pick([0, -1, 101])
        if name in ("after", "before"):
            return self._cursor(*where)
        if name in ("needs", "withdraw"):
            return self._pick(self.pool.ids)
        if name in ("id", "ids"):
            likely = [one for one in self.pool.ids if self.hint and one.startswith(self.hint)]
            return self._pick(likely) if likely and self._chance(85) else self._pick(self.pool.ids)
        if name == "offerId":
            return self._pick(self.pool.offer_ids)
        if name in self.pool.codes:
            return self._pick(self.pool.codes[name])
        if isinstance(where[0], GraphQLInputObjectType) and where[0].name.endswith("Filter"):
            # Filters of records, by what they are: an id, a yes or no, the code of a term.
            return self._pick(
                {"ID": self.pool.ids, "Boolean": [True, False], "String": self.pool.codes["term"]}[str(of)]
            )
        if self.computed and str(of) in _BY_TYPE:
            # Arguments of computed questions, which both ways of executing hand to the same resolver.
            return self._pick(self.pool.ids if str(of) == "ID" else _BY_TYPE[str(of)])
        raise AssertionError(f"teach tests/property what {name}: {of} may hold")

    def _cursor(self, of: Any, name: str) -> str:
        found = mapped_field(of.fields[name])
        assert found is not None
        if isinstance(found.kind, mapping.RootPage):
            entity, order = order_of(None, found.kind.entity)
        else:
            entity, order = order_of(ENTITY_OF_TYPE.get(of.name, "party"), found.python_name)
        if self._chance(2):
            return self._pick(["", "xx", "W10=", "WzFd", "🙂"])
        return self._pick(self.pool.cursors[entity, tuple(column for column, _ in order)])

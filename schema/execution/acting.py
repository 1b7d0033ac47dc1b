"""Acts without an executor: the use case is called, and what it did is read, as a compiled read is.

A mutation whose answers hold mapped fields only is made ready once: each act's function, and for every type that its
result may be, what to read or say of it. A request of it costs its variables, the act and one statement. Everything
else (an answer with a computed field) goes the general way; a test compares the two, act by act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import strawberry
from graphql import FieldNode, GraphQLError, GraphQLSchema, get_named_type, get_nullable_type, is_list_type
from graphql.execution.values import VariableValues
from strawberry.types.arguments import convert_arguments

from db import selection
from db.reader import Reader
from db.viewer import Viewer
from schema import mapping
from schema.contract import CONTRACT
from schema.execution.errors import fault
from schema.execution.pages import Arguments, resolved
from schema.execution.selecting import NotMapped, Selector, Slot, mapped_field

_CONFIG = CONTRACT.config
_SCALARS: Mapping[object, Any] = CONTRACT.schema_converter.scalar_registry


@dataclass(frozen=True, slots=True)
class Info:
    """What an act's function sees of the request."""

    context: Any


@dataclass(slots=True, eq=False)
class _Said:
    """What is said of one type of answer: (key, how, what) in answer order, and the pages of its rows."""

    items: list[tuple[str, str, Any]] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Act:
    """One root field of a mutation."""

    key: str
    node: FieldNode
    definition: Any
    arguments: Arguments
    answers: dict[str, _Said]

    async def do(self, info: Any, variables: VariableValues) -> Any:
        """What the use case answers. Raises GraphQLError for arguments that cannot be."""
        strawberry_field: Any = self.definition.extensions["strawberry-definition"]
        resolver = strawberry_field.base_resolver
        given = _converted(strawberry_field.arguments, self.arguments.values(variables))
        if resolver.info_parameter is not None:
            given[resolver.info_parameter.name] = info
        first = [None] if resolver.self_parameter is not None else []
        return await resolver.wrapped_func(*first, **given)


#: What GraphQL hands over as it is wanted, alone or in lists.
_PLAIN = frozenset((str, int, float, bool, strawberry.ID, date, datetime, Decimal))


def _converted(arguments: list[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the function wants them; an input of plain fields is made without looking at each value."""
    if len(arguments) == 1 and (names := _plain_fields(arguments[0])) is not None:
        (given,) = values.values()
        return {arguments[0].python_name: _bare(arguments[0].type)(**{names[key]: one for key, one in given.items()})}
    return convert_arguments(dict(values), arguments, _SCALARS, _CONFIG)


def _bare(type_: Any) -> Any:
    return getattr(type_, "of_type", type_)


@lru_cache(maxsize=200)
def _plain_fields(argument: Any) -> dict[str, str] | None:
    """Names of an input's fields in Python by their GraphQL names; None where one is more than a plain value."""
    definition = getattr(_bare(argument.type), "__strawberry_definition__", None)
    if definition is None:
        return None
    names = {}
    for one in definition.fields:
        inner = one.type
        while hasattr(inner, "of_type"):
            inner = inner.of_type
        if inner not in _PLAIN:
            return None
        names[_CONFIG.name_converter.from_field(one)] = one.python_name
    return names


def prepare(
    schema: GraphQLSchema, fragments: Any, variables: Mapping[str, Any], fields: dict[str, list[FieldNode]]
) -> list[Act]:
    """The acts of a mutation; `fields` are its root fields by key. Raises NotMapped where one answer is computed."""
    root = schema.mutation_type
    assert root is not None
    acts = []
    for key, nodes in fields.items():
        if nodes[0].name.value not in root.fields:
            raise NotMapped(key)
        definition = root.fields[nodes[0].name.value]
        answers = {}
        for of in schema.get_possible_types(get_named_type(definition.type)):
            selector = Selector(schema, fragments, variables)
            said = answers[of.name] = _Said()
            for own_key, found in selector.collect(of, [node.selection_set for node in nodes]).items():
                said.items.append((own_key, *_item(selector, of, found)))
            said.slots = selector.slots
        acts.append(Act(key, nodes[0], definition, Arguments(definition, nodes[0]), answers))
    return acts


def _item(selector: Selector, of: Any, nodes: list[FieldNode]) -> tuple[str, Any]:
    name = nodes[0].name.value
    if name == "__typename":
        return "constant", of.name
    definition = of.fields[name]
    mapped = mapped_field(definition)
    kind = mapped.kind if mapped else None
    target: Any = get_named_type(definition.type)
    if isinstance(kind, mapping.Entry):
        return "entry", (kind.by, selector.select(kind.entity, target, nodes))
    if isinstance(kind, mapping.Label):
        return "attribute", f"{kind.base}_{selector.language(nodes[0])}"
    if isinstance(kind, mapping.Part):
        if nodes[0].selection_set is None:
            return "attribute", kind.name
        how = "list" if is_list_type(get_nullable_type(definition.type)) else "object"
        return how, (kind.name, target.name, selector.leaves(target, nodes))
    raise NotMapped(name)


async def answered(acts: list[Act], reader: Reader, viewer: Viewer, info: Any, variables: VariableValues) -> Any:
    """(data, errors): the acts done one after the other, each read before the next begins, as GraphQL wants it.

    Raises GraphQLError, before anything is done, where a page of an answer cannot be. An act that fails unexpectedly
    ends the request: what was done before it stands, and the answer is null.
    """
    pages: list[dict[str, Any]] = []
    for act in acts:
        pages.append({name: await resolved(said.slots, variables, reader.codes) for name, said in act.answers.items()})
    data: dict[str, Any] = {}
    for act, slots in zip(acts, pages, strict=True):
        path: list[str | int] = [act.key]
        try:
            answer = await act.do(info, variables)
            name = type(answer).__strawberry_definition__.name
            said: dict[str, Any] = {}
            for key, how, what in act.answers[name].items:
                path = [act.key, key]
                said[key] = await _said(answer, how, what, reader, viewer, slots[name])
            data[act.key] = said
        except GraphQLError as error:
            return None, [error]
        except Exception as error:
            return None, [fault(error, act.node, path)]
    return data, []


async def _said(answer: Any, how: str, what: Any, reader: Reader, viewer: Viewer, slots: Any) -> Any:
    if how == "constant":
        return what
    if how == "attribute":
        return getattr(answer, what)
    if how == "object":
        name, typename, leaves = what
        part = getattr(answer, name)
        return None if part is None else {leaf.key: _leaf(part, typename, leaf) for leaf in leaves}
    if how == "list":
        name, typename, leaves = what
        return [{leaf.key: _leaf(one, typename, leaf) for leaf in leaves} for one in getattr(answer, name)]
    by, select = what
    row = await reader.one(select, viewer, slots, "id", getattr(answer, by))
    if row is None:
        raise RuntimeError("what was done cannot be read by who did it")
    return row


def _leaf(one: Any, typename: str, leaf: selection.Leaf) -> Any:
    if leaf.field == "__typename":
        return typename
    value = getattr(one, leaf.field)
    return list(value) if isinstance(value, tuple) else value

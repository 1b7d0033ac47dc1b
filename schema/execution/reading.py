"""Compiled reads: a query of mapped fields only becomes Selections once; a request of it is a few statements.

Each request costs its variables, its statements and one assembly (`db.reader`). Pages are checked before anything is
read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLSchema, is_non_null_type
from graphql.execution.values import VariableValues

from db.cursors import parse_id
from db.entities import ENTITIES, ENTITY_OF_TYPE
from db.reader import Reader
from db.viewer import Viewer
from schema import mapping
from schema.execution.errors import fault
from schema.execution.limits import coded
from schema.execution.pages import Arguments, is_constant, refuse_many_ids, resolved
from schema.execution.selecting import NotMapped, Selector, Slot, mapped_field, node_types

_NONE = VariableValues({}, {})


@dataclass(slots=True, eq=False)
class Root:
    """One root field, ready to be read. For `node` and `nodes`, `variants` fill by the types that ids name."""

    key: str
    kind: Any
    definition: Any
    node: FieldNode
    nodes: list[FieldNode]
    target: Any = None
    slots: list[Slot] = field(default_factory=list)
    variants: dict[str, tuple[Any, list[Slot]]] = field(default_factory=dict)
    #: How its arguments are read; None for `__typename`.
    arguments: Arguments | None = None
    #: The arguments, where they are the same for every request.
    constant: dict[str, Any] | None = None


def prepare(
    schema: GraphQLSchema, fragments: Any, variables: Mapping[str, Any], fields: dict[str, list[FieldNode]]
) -> list[Root]:
    """The roots of a query; `fields` are its root fields by key. Raises NotMapped where one is computed."""
    query = schema.query_type
    assert query is not None
    roots = []
    for key, nodes in fields.items():
        name = nodes[0].name.value
        if name == "__typename":
            roots.append(Root(key, "__typename", None, nodes[0], nodes))
            continue
        definition = query.fields.get(name)
        mapped = mapped_field(definition) if definition else None
        if mapped is None or definition is None:
            raise NotMapped(name)
        root = Root(key, mapped.kind, definition, nodes[0], nodes)
        selector = Selector(schema, fragments, variables)
        if isinstance(mapped.kind, mapping.RootPage):
            root.target = selector.page(key, None, mapped.kind.entity, definition, nodes, mapped.kind.default)
        elif isinstance(mapped.kind, mapping.RootCode):
            of = schema.get_type(next(iter(ENTITIES[mapped.kind.entity].types.values())))
            root.target = selector.select(mapped.kind.entity, of, nodes)
        else:
            # Every type an id can name must be mapped, or none is: decided now, not by the ids of a request.
            for typename in node_types(schema):
                own = Selector(schema, fragments, variables)
                select = own.select(ENTITY_OF_TYPE[typename], schema.get_type(typename), nodes)
                root.variants[typename] = (select, own.slots)
        root.slots = selector.slots
        root.arguments = Arguments(definition, root.node)
        if is_constant(root.node):
            root.constant = root.arguments.values(_NONE)
        roots.append(root)
    return roots


async def answered(
    roots: list[Root], reader: Reader, viewer: Viewer, variables: VariableValues
) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """(data, errors). Raises GraphQLError, before anything is read, where a page or an id cannot be."""
    codes = reader.codes
    pages: list[tuple[list[Any], dict[str, Any]]] = []
    for root in roots:
        if root.kind == "__typename":
            pages.append(([], {}))
            continue
        arguments = root.constant
        if arguments is None:
            # The arguments of a page are those of its first slot, and checked there.
            is_page = isinstance(root.kind, mapping.RootPage)
            arguments = {} if is_page or not root.arguments else root.arguments.values(variables)
        _check_ids(root, arguments)
        slots = await resolved(root.slots, variables, codes) if root.slots else []
        for _, own in root.variants.values():
            if own:
                await resolved(own, variables, codes)
        pages.append((slots, arguments))
    data: dict[str, Any] = {}
    errors: list[GraphQLError] = []
    for root, (slots, arguments) in zip(roots, pages, strict=True):
        try:
            data[root.key] = await _read(root, reader, slots, arguments, viewer, variables)
        except Exception as error:
            errors.append(fault(error, root.node, [root.key]))
            if is_non_null_type(root.definition.type):
                return None, errors
            data[root.key] = None
    return data, errors


async def _read(
    root: Root,
    reader: Reader,
    slots: list[Any],
    arguments: dict[str, Any],
    viewer: Viewer,
    variables: VariableValues,
) -> Any:
    kind = root.kind
    if kind == "__typename":
        return "Query"
    if isinstance(kind, mapping.RootPage):
        return await reader.page(root.target, viewer, slots)
    if isinstance(kind, mapping.RootCode):
        return await reader.one(root.target, viewer, slots, "code", arguments["code"])
    if isinstance(kind, mapping.RootNode):
        parsed = parse_id(arguments["id"])
        if parsed is None or parsed[0] not in root.variants:
            return None
        select, own = root.variants[parsed[0]]
        pages = await resolved(own, variables, reader.codes) if own else []
        return await reader.one(select, viewer, pages, "id", parsed[1])
    wanted = [parse_id(one) for one in arguments["ids"]]
    found: dict[tuple[str, int], Any] = {}
    for typename in dict.fromkeys(one[0] for one in wanted if one and one[0] in root.variants):
        select, own = root.variants[typename]
        pages = await resolved(own, variables, reader.codes) if own else []
        numbers = [one[1] for one in wanted if one and one[0] == typename]
        rows = await reader.by_ids(select, viewer, pages, numbers)
        found.update({(typename, number): row for number, row in rows.items()})
    return [found.get(one) if one else None for one in wanted]


def _check_ids(root: Root, arguments: dict[str, Any]) -> None:
    if isinstance(root.kind, mapping.RootNodes):
        refuse_many_ids(len(arguments["ids"]), root.node)
    code = arguments.get("code")
    if isinstance(root.kind, mapping.RootCode) and isinstance(code, str) and "\x00" in code:
        raise coded("BAD_TEXT", "code holds a NUL character", "代码含有空字符", nodes=root.node)

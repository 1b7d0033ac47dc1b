"""Arguments of pages, for every way an operation is executed: checked before anything is read or done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    Undefined,
    VariableNode,
    Visitor,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution.values import VariableValues, get_argument_values

from db.codes import Codes, UnknownCode
from db.entities import ENTITY_OF_TYPE
from db.reader import LARGEST_PAGE, BadArguments, order_of, page_arguments
from db.selection import PageArguments
from schema import mapping
from schema.execution.limits import coded
from schema.execution.selecting import Slot, mapped_field

_NO_VARIABLES = VariableValues({}, {})
_UNKNOWN = {
    "area": ("UNKNOWN_AREA", "no area has the code {!r}", "没有代码为 {!r} 的地区"),
    "resource_type": ("UNKNOWN_RESOURCE_TYPE", "no resource type has the code {!r}", "没有代码为 {!r} 的资源类型"),
    "client_group": ("UNKNOWN_TERM", "no client group has the code {!r}", "没有代码为 {!r} 的服务对象"),
    "channel": ("UNKNOWN_TERM", "no channel has the code {!r}", "没有代码为 {!r} 的需求来源"),
    "industry": ("UNKNOWN_TERM", "no industry has the code {!r}", "没有代码为 {!r} 的行业"),
}


def holds_variable(value: Any) -> bool:
    if isinstance(value, VariableNode):
        return True
    if isinstance(value, ObjectValueNode):
        return any(holds_variable(field.value) for field in value.fields)
    return isinstance(value, ListValueNode) and any(holds_variable(one) for one in value.values)


def is_constant(node: FieldNode) -> bool:
    return not any(holds_variable(one.value) for one in node.arguments or ())


class Arguments:
    """The arguments of one field, worked out as far as they can be before a request.

    Most fields take constants and whole variables; then a request costs one look-up an argument. A variable inside a
    literal, or a null where none may be, goes the general way.
    """

    __slots__ = ("_base", "_given", "definition", "is_simple", "node")

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        self.definition, self.node = definition, node
        direct: dict[str, str] = {}
        rest = []
        for one in node.arguments or ():
            if isinstance(one.value, VariableNode):
                direct[one.name.value] = one.value.name.value
            else:
                rest.append(one)
        self.is_simple = not any(holds_variable(one.value) for one in rest)
        self._base: dict[str, Any] = {}
        self._given: tuple[tuple[str, str, bool, Any], ...] = ()
        if not self.is_simple:
            return
        kept = {name: one for name, one in definition.args.items() if name not in direct}
        constants = FieldNode(name=node.name, arguments=tuple(rest))
        self._base = get_argument_values(GraphQLField(definition.type, args=kept), constants, _NO_VARIABLES)
        given = []
        for name, variable in direct.items():
            argument = definition.args[name]
            absent = Undefined
            if not is_required_argument(argument):
                only = GraphQLField(definition.type, args={name: argument})
                absent = get_argument_values(only, FieldNode(name=node.name), _NO_VARIABLES).get(name, Undefined)
            given.append((name, variable, is_non_null_type(argument.type), absent))
        self._given = tuple(given)

    def values(self, variables: VariableValues) -> dict[str, Any]:
        """What `get_argument_values` gives. Raises its GraphQLError."""
        if self.is_simple:
            found = dict(self._base)
            coerced = variables.coerced
            for name, variable, never_null, absent in self._given:
                value = coerced.get(variable, Undefined)
                if value is Undefined:
                    if absent is not Undefined:
                        found[name] = absent
                    elif never_null:
                        break
                elif value is None and never_null:
                    break
                else:
                    found[name] = value
            else:
                return found
        return get_argument_values(self.definition, self.node, variables)


_INT_LEAST, _INT_MOST = -(2**31), 2**31 - 1
#: Kinds of variables whose plain JSON value is their value.
_PLAIN = {"ID": str, "String": str, "Int": int, "Boolean": bool}


def plain_variables(operation: OperationDefinitionNode) -> tuple[tuple[str, type, bool], ...] | None:
    """(name, Python type, required) of every variable, where all are plain scalars without default; else None."""
    plain = []
    for one in operation.variable_definitions or ():
        required = isinstance(one.type, NonNullTypeNode)
        named: Any = one.type.type if isinstance(one.type, NonNullTypeNode) else one.type
        kind = _PLAIN.get(named.name.value) if isinstance(named, NamedTypeNode) else None
        if kind is None or one.default_value is not None:
            return None
        plain.append((one.variable.name.value, kind, required))
    return tuple(plain)


def coerced_plainly(
    plain: tuple[tuple[str, type, bool], ...], variables: dict[str, Any] | None
) -> VariableValues | None:
    """The values where each is of the very type asked for; None where a value needs a closer look."""
    given = variables or {}
    coerced: dict[str, Any] = {}
    for name, kind, required in plain:
        value = given.get(name, Undefined)
        if value is Undefined:
            if required:
                return None
        elif type(value) is not kind or (isinstance(value, int) and not _INT_LEAST <= value <= _INT_MOST):
            return None
        else:
            coerced[name] = value
    return VariableValues({}, coerced)


def arguments_of(
    slots: Sequence[Slot], variables: VariableValues, codes: Codes, held: Mapping[str, Any] | None = None
) -> list[PageArguments]:
    """The checked arguments of each slot. Raises UnknownCode for codes not in memory, else a coded GraphQLError.

    `held` are filters of the first page that no client names.
    """
    return [
        _arguments(slot, index, variables, codes, held)
        if held and index == 0
        else slot.constant or _arguments(slot, index, variables, codes)
        for index, slot in enumerate(slots)
    ]


def _arguments(
    slot: Slot, index: int, variables: VariableValues, codes: Codes, held: Mapping[str, Any] | None = None
) -> PageArguments:
    if slot.arguments is None:
        slot.arguments = Arguments(slot.definition, slot.node)
    given = {**slot.arguments.values(variables), **(held or {})}
    entity, order = order_of(slot.parent, slot.relation)
    try:
        checked = page_arguments(codes, entity, order, given, index, slot.default, root=slot.parent is None)
    except BadArguments as bad:
        raise coded(bad.code, bad.text_en, bad.text_zh, nodes=slot.node) from None
    if not held and is_constant(slot.node):
        slot.constant = checked
    return checked


def refuse_many_ids(count: int, node: FieldNode) -> None:
    """Raises a coded GraphQLError where `nodes` is asked for more than a page of ids."""
    if count > LARGEST_PAGE:
        raise coded(
            "BAD_PAGE",
            f"at most {LARGEST_PAGE} ids at once, not {count}",
            f"一次最多 {LARGEST_PAGE} 个编号",
            nodes=node,
        )


async def resolved(
    slots: Sequence[Slot], variables: VariableValues, codes: Codes, held: Mapping[str, Any] | None = None
) -> list[PageArguments]:
    """As `arguments_of`, with codes that are not in memory looked up; unknown ones are a coded GraphQLError."""
    while True:
        try:
            return arguments_of(slots, variables, codes, held)
        except UnknownCode as unknown:
            if not await codes.load(unknown.kind, unknown.code):
                code, text_en, text_zh = _UNKNOWN[unknown.kind]
                shown = unknown.code[:40]
                raise coded(code, text_en.format(shown), text_zh.format(shown)) from None


class Pages(Visitor):
    """Finds every page of a document, and every `nodes`, wherever they stand."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.slots: list[Slot] = []
        self.nodes: list[tuple[GraphQLField, FieldNode]] = []
        #: No variable stands inside a literal, in no field of any kind.
        self.are_simple = True

    async def check(self, variables: VariableValues, codes: Codes) -> None:
        """Raises a coded GraphQLError for the first page that cannot be asked for."""
        await resolved(self.slots, variables, codes)
        for definition, node in self.nodes:
            refuse_many_ids(len(get_argument_values(definition, node, variables)["ids"]), node)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if any(holds_variable(one.value) for one in node.arguments or () if not isinstance(one.value, VariableNode)):
            self.are_simple = False
        definition, parent = self.info.get_field_def(), self.info.get_parent_type()
        mapped = mapped_field(definition) if definition else None
        if mapped is None or definition is None or parent is None:
            return
        if isinstance(mapped.kind, mapping.RootNodes):
            self.nodes.append((definition, node))
        elif isinstance(mapped.kind, mapping.RootPage):
            self.slots.append(Slot(definition, node, None, mapped.kind.entity, mapped.kind.default))
        elif isinstance(mapped.kind, mapping.ToPage):
            entity = ENTITY_OF_TYPE.get(parent.name, "party")
            self.slots.append(Slot(definition, node, entity, mapped.python_name, mapped.kind.default))

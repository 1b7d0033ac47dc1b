"""Arguments of pages, for every way an operation is executed: checked before anything is read or done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import FieldNode, GraphQLField, ListValueNode, ObjectValueNode, TypeInfo, VariableNode, Visitor
from graphql.execution.values import VariableValues, get_argument_values

from db.codes import Codes, UnknownCode
from db.entities import ENTITY_OF_TYPE
from db.reader import LARGEST_PAGE, BadArguments, order_of, page_arguments
from db.selection import PageArguments
from schema import mapping
from schema.execution.limits import coded
from schema.execution.selecting import Slot, mapped_field

_UNKNOWN = {
    "area": ("UNKNOWN_AREA", "no area has the code {!r}", "没有代码为 {!r} 的地区"),
    "resource_type": ("UNKNOWN_RESOURCE_TYPE", "no resource type has the code {!r}", "没有代码为 {!r} 的资源类型"),
    "client_group": ("UNKNOWN_TERM", "no client group has the code {!r}", "没有代码为 {!r} 的服务对象"),
}


def holds_variable(value: Any) -> bool:
    if isinstance(value, VariableNode):
        return True
    if isinstance(value, ObjectValueNode):
        return any(holds_variable(field.value) for field in value.fields)
    return isinstance(value, ListValueNode) and any(holds_variable(one) for one in value.values)


def is_constant(node: FieldNode) -> bool:
    return not any(holds_variable(one.value) for one in node.arguments or ())


def arguments_of(slots: Sequence[Slot], variables: VariableValues, codes: Codes) -> list[PageArguments]:
    """The checked arguments of each slot. Raises UnknownCode for codes not in memory, else a coded GraphQLError."""
    return [slot.constant or _arguments(slot, index, variables, codes) for index, slot in enumerate(slots)]


def _arguments(slot: Slot, index: int, variables: VariableValues, codes: Codes) -> PageArguments:
    given = get_argument_values(slot.definition, slot.node, variables)
    entity, order = order_of(slot.parent, slot.relation)
    try:
        checked = page_arguments(codes, entity, order, given, index, slot.default, root=slot.parent is None)
    except BadArguments as bad:
        raise coded(bad.code, bad.text_en, bad.text_zh, nodes=slot.node) from None
    if is_constant(slot.node):
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


async def resolved(slots: Sequence[Slot], variables: VariableValues, codes: Codes) -> list[PageArguments]:
    """As `arguments_of`, with codes that are not in memory looked up; unknown ones are a coded GraphQLError."""
    while True:
        try:
            return arguments_of(slots, variables, codes)
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

    async def check(self, variables: VariableValues, codes: Codes) -> None:
        """Raises a coded GraphQLError for the first page that cannot be asked for."""
        await resolved(self.slots, variables, codes)
        for definition, node in self.nodes:
            refuse_many_ids(len(get_argument_values(definition, node, variables)["ids"]), node)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
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

"""From a validated document to Selections: fragments spread, directives obeyed, fields of one key merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from db import selection
from db.entities import ENTITIES
from schema import mapping
from schema.mapping import MappedField


class NotMapped(Exception):
    """The operation holds a field that is computed: it is for Strawberry to execute."""


@dataclass(slots=True, eq=False)
class Slot:
    """One page whose arguments come with the request."""

    definition: GraphQLField
    node: FieldNode
    parent: str | None
    relation: str
    default: int
    #: How its arguments are read; made at the first request.
    arguments: Any = None
    #: The checked arguments, where they are the same for every request.
    constant: selection.PageArguments | None = None


def mapped_field(definition: GraphQLField) -> MappedField | None:
    field = definition.extensions.get("strawberry-definition")
    return field if isinstance(field, MappedField) else None


class Selector:
    """Makes the Selection of one root field. `slots` are its pages, in the order of `Page.slot`.

    `variables` are coerced; only those of @skip, @include and `lang` are looked at (see `shape_variables`).
    With `hidden`, every object also gets its `__type` and `__id`, and computed fields are left for Strawberry.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
        *,
        hidden: bool = False,
    ) -> None:
        self.schema, self.fragments, self.variables, self.hidden = schema, fragments, variables, hidden
        self.slots: list[Slot] = []
        self._pages: dict[tuple[Any, ...], selection.Page] = {}

    # ---------------------------------------------------------------------------------------- collecting

    def collect(self, of: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> dict[str, list[FieldNode]]:
        """Response key -> its field nodes, in answer order."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for one in sets:
            if one is not None:
                self._collect(of, one, found, seen)
        return found

    def _collect(
        self, of: GraphQLObjectType, one: SelectionSetNode, found: dict[str, list[FieldNode]], seen: set[str]
    ) -> None:
        for node in one.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or self._applies(condition.name.value, of):
                    self._collect(of, node.selection_set, found, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, of):
                    self._collect(of, fragment.selection_set, found, seen)

    def _applies(self, condition: str, of: GraphQLObjectType) -> bool:
        if condition == of.name:
            return True
        abstract: Any = self.schema.get_type(condition)
        return not isinstance(abstract, GraphQLObjectType) and self.schema.is_sub_type(abstract, of)

    def _included(self, node: Any) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name in ("skip", "include"):
                value = directive.arguments[0].value
                truth = self.variables[value.name.value] if isinstance(value, VariableNode) else value.value
                if truth is None:
                    # Null sent for a variable that has a default: graphql-core says what is wrong with it.
                    raise NotMapped(name)
                if bool(truth) == (name == "skip"):
                    return False
        return True

    # ---------------------------------------------------------------------------------------- objects

    def select(self, entity: str, of: Any, nodes: list[FieldNode]) -> selection.Select:
        """What `nodes` ask of a row of `entity` whose GraphQL type is `of`."""
        types: Iterable[GraphQLObjectType]
        types = self.schema.get_possible_types(of) if isinstance(of, GraphQLInterfaceType) else [of]
        sets = [node.selection_set for node in nodes]
        return selection.Select(entity, {one.name: self._items(entity, one, sets) for one in types})

    def _items(self, entity: str, of: GraphQLObjectType, sets: list[SelectionSetNode | None]) -> list[selection.Item]:
        items: list[selection.Item] = []
        for key, nodes in self.collect(of, sets).items():
            name = nodes[0].name.value
            if name == "__typename":
                items.append(selection.Leaf(key, "__typename"))
                continue
            definition = of.fields[name]
            field = mapped_field(definition)
            if field is None:
                if not self.hidden:
                    raise NotMapped(name)
                continue
            items.append(self._item(entity, key, definition, field, nodes))
        if self.hidden:
            items += [selection.Leaf("__type", "__typename"), selection.Leaf("__id", "__id")]
        return items

    def _item(
        self, entity: str, key: str, definition: GraphQLField, field: MappedField, nodes: list[FieldNode]
    ) -> selection.Item:
        kind = field.kind
        target: Any = get_named_type(definition.type)
        if isinstance(kind, mapping.Column):
            return selection.Leaf(key, kind.name or field.python_name)
        if isinstance(kind, mapping.Label):
            return selection.Leaf(key, f"{kind.base}_{self.language(nodes[0])}")
        if isinstance(kind, mapping.ToOne | mapping.ToMany):
            relation = ENTITIES[entity].relations[field.python_name]
            item = selection.One if isinstance(kind, mapping.ToOne) else selection.Many
            return item(key, field.python_name, self.select(relation.entity, target, nodes))
        if isinstance(kind, mapping.ToPage):
            return self.page(key, entity, field.python_name, definition, nodes, kind.default)
        if isinstance(kind, mapping.ToValue):
            return selection.Value(key, target.name, self.leaves(target, nodes), kind.null_if)
        if isinstance(kind, mapping.ToValueList):
            leaves = self.leaves(target, nodes)
            return selection.ValueList(key, target.name, kind.columns, kind.expand, leaves)
        raise NotMapped(field.python_name)

    def leaves(self, of: GraphQLObjectType, nodes: list[FieldNode]) -> list[selection.Leaf]:
        """The plain fields of a value object: page information, a facet, a reason."""
        leaves = []
        for key, found in self.collect(of, [node.selection_set for node in nodes]).items():
            name = found[0].name.value
            if name == "__typename":
                leaves.append(selection.Leaf(key, "__typename"))
                continue
            field = mapped_field(of.fields[name])
            kind = field.kind if field else None
            if isinstance(kind, mapping.Part):
                leaves.append(selection.Leaf(key, kind.name))
            elif isinstance(kind, mapping.Label):
                leaves.append(selection.Leaf(key, f"{kind.base}_{self.language(found[0])}"))
            else:
                raise NotMapped(name)
        return leaves

    def language(self, node: FieldNode) -> str:
        """ "zh" or "en"; null means the default, as for any argument that is not given."""
        value: Any = node.arguments[0].value if node.arguments else None
        if isinstance(value, VariableNode):
            lang = self.variables.get(value.name.value, "ZH")
            return "en" if getattr(lang, "name", lang) == "EN" else "zh"
        return "en" if getattr(value, "value", None) == "EN" else "zh"

    # ---------------------------------------------------------------------------------------- pages

    def page(
        self,
        key: str,
        parent: str | None,
        relation: str,
        definition: GraphQLField,
        nodes: list[FieldNode],
        default: int,
    ) -> selection.Page:
        """A connection: of the root (parent None, relation an entity) or of a row of `parent`."""
        same = (parent, relation, *map(id, nodes))
        if same in self._pages:
            # Asked for by another type of the same rows, in the very same words: read once for all of them.
            return self._pages[same]
        slot = len(self.slots)
        self.slots.append(Slot(definition, nodes[0], parent, relation, default))
        entity = relation if parent is None else ENTITIES[parent].relations[relation].entity
        connection: Any = get_named_type(definition.type)
        items: list[Any] = []
        for own_key, found in self.collect(connection, [node.selection_set for node in nodes]).items():
            name = found[0].name.value
            if name == "__typename":
                items.append(selection.Leaf(own_key, "__typename"))
                continue
            inner = connection.fields[name]
            field = mapped_field(inner)
            assert field is not None
            target: Any = get_named_type(inner.type)
            if isinstance(field.kind, mapping.FacetBy):
                items.append(selection.Facet(own_key, name, self.leaves(target, found), field.kind.labels))
            elif name == "edges":
                items.append(selection.Edges(own_key, self._edges(entity, target, found)))
            elif name == "pageInfo":
                items.append(selection.PageInfo(own_key, self.leaves(target, found)))
            else:
                items.append(selection.Leaf(own_key, "total_count"))
        self._pages[same] = selection.Page(key, relation, connection.name, slot, items)
        return self._pages[same]

    def _edges(self, entity: str, of: GraphQLObjectType, nodes: list[FieldNode]) -> list[Any]:
        items: list[Any] = []
        for key, found in self.collect(of, [node.selection_set for node in nodes]).items():
            name = found[0].name.value
            if name == "node":
                target: Any = get_named_type(of.fields[name].type)
                items.append(selection.EdgeNode(key, self.select(entity, target, found)))
            else:
                items.append(selection.Leaf(key, name))
        return items


def shape_variables(nodes: Iterable[Any]) -> tuple[str, ...]:
    """Names of variables that decide the selection itself: in @skip, @include and `lang`. In document order."""
    names: dict[str, None] = {}
    stack: list[Any] = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        for directive in getattr(node, "directives", None) or ():
            for one in directive.arguments or ():
                if isinstance(one.value, VariableNode):
                    names[one.value.name.value] = None
        for one in getattr(node, "arguments", None) or ():
            if one.name.value == "lang" and isinstance(one.value, VariableNode):
                names[one.value.name.value] = None
        inner = getattr(node, "selection_set", None)
        if inner is not None:
            stack.extend(reversed(inner.selections))
    return tuple(names)


def node_types(schema: GraphQLSchema) -> list[str]:
    """Names of the types that a global id can name."""
    node: Any = schema.get_type("Node")
    return [one.name for one in schema.get_possible_types(node)]

"""Where a mapped field's value comes from while Strawberry executes: from the reader, one selection an entry.

At the root, and where an act's answer or a computed field steps into rows, everything mapped below is read at once; the
fields below pick their part up by response key.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphql import GraphQLResolveInfo, get_named_type

from db.cursors import parse_id
from db.entities import ENTITY_OF_TYPE
from db.reader import Reader
from db.viewer import Viewer
from schema import mapping
from schema.execution.pages import refuse_many_ids, resolved
from schema.execution.selecting import Selector, node_types, shape_variables
from schema.mapping import MappedField

#: Selections kept for executed operations.
SELECTIONS_HELD = 500


def _select_type(info: GraphQLResolveInfo[Any], typename: str, selector: Selector) -> Any:
    return selector.select(ENTITY_OF_TYPE[typename], info.schema.get_type(typename), info.field_nodes)


class Selections:
    """Selections of executed operations, kept so that the same act asked again finds its program compiled.

    The key names nodes by identity; they are kept with what was made of them, so an identity is not used again.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[Any, ...], tuple[Any, ...]] = OrderedDict()

    def made(self, info: GraphQLResolveInfo[Any], what: str, make: Callable[[Selector], Any]) -> tuple[Selector, Any]:
        """The selector and what `make` made with it; `what` tells several makings for one field apart."""
        values = info.variable_values.coerced
        shape = [values.get(name) for name in self._shape(info)]
        key = (what, *map(id, info.field_nodes), *shape)
        held = self._held.get(key)
        if held is None:
            selector = Selector(info.schema, info.fragments, values, hidden=True)
            held = (selector, make(selector), info.field_nodes)
            self._keep(key, held)
        return held[0], held[1]

    def _shape(self, info: GraphQLResolveInfo[Any]) -> tuple[str, ...]:
        key = ("shape", id(info.operation))
        held = self._held.get(key)
        if held is None:
            held = (shape_variables([info.operation, *info.fragments.values()]), info.operation)
            self._keep(key, held)
        names: tuple[str, ...] = held[0]
        return names

    def _keep(self, key: tuple[Any, ...], held: tuple[Any, ...]) -> None:
        self._held[key] = held
        if len(self._held) > SELECTIONS_HELD:
            self._held.popitem(last=False)


class ReaderRows:
    """Rows for one request."""

    def __init__(self, reader: Reader, viewer: Viewer, selections: Selections) -> None:
        self.reader, self.viewer, self.selections = reader, viewer, selections
        #: By selection: ids that wait for one statement, and what will have read them.
        self._waiting: dict[Any, tuple[list[int], asyncio.Future[Any]]] = {}

    def resolve(self, field: MappedField, source: Any, info: Any, arguments: dict[str, Any]) -> Any:
        if isinstance(field.kind, mapping.ROOTS):
            return self._enter(field.kind, source, info._raw_info, arguments)
        if isinstance(field.kind, mapping.Changes):
            return source
        if type(source) is dict:
            return source[info._raw_info.path.key]
        if isinstance(field.kind, mapping.Label):
            lang = arguments.get("lang")
            return getattr(source, f"{field.kind.base}_{'en' if getattr(lang, 'name', 'ZH') == 'EN' else 'zh'}")
        assert isinstance(field.kind, mapping.Part)
        return getattr(source, field.kind.name)

    async def _enter(self, kind: Any, source: Any, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Any:
        definition = info.parent_type.fields[info.field_name]
        target = get_named_type(definition.type)
        if isinstance(kind, mapping.RootPage):
            selector, page = self.selections.made(
                info,
                "page",
                lambda one: one.page(info.field_name, None, kind.entity, definition, info.field_nodes, kind.default),
            )
            held = kind.where(source) if isinstance(kind, mapping.ListedPage) else None
            return await self.reader.page(page, self.viewer, await self._pages(selector, info, held))
        if isinstance(kind, mapping.RootNode):
            return (await self._nodes(info, [arguments["id"]]))[0]
        if isinstance(kind, mapping.RootNodes):
            return await self._nodes(info, arguments["ids"])
        selector, select = self.selections.made(
            info, "entry", lambda one: one.select(kind.entity, target, info.field_nodes)
        )
        pages = await self._pages(selector, info)
        if isinstance(kind, mapping.Entry):
            id = getattr(source, kind.by)
            return None if id is None else await self._entered(select, pages, id)
        if isinstance(kind, mapping.Entries):
            rows = await asyncio.gather(*(self._entered(select, pages, id) for id in getattr(source, kind.by)))
            return [row for row in rows if row is not None]
        return await self.reader.one(select, self.viewer, pages, "code", arguments["code"])

    async def _entered(self, select: Any, pages: Any, id: int) -> Any:
        """The row of an id. Those that one field of the document enters at once (the nodes of a network, the members
        of teams) are read together."""
        waiting = self._waiting.get(select)
        if waiting is None:
            ids: list[int] = []

            async def read() -> Any:
                del self._waiting[select]
                if len(ids) == 1:
                    return {ids[0]: await self.reader.one(select, self.viewer, pages, "id", ids[0])}
                return await self.reader.by_ids(select, self.viewer, pages, list(dict.fromkeys(ids)))

            # It begins after everything that is ready now: by then the others have added their ids.
            waiting = self._waiting[select] = (ids, asyncio.ensure_future(read()))
        waiting[0].append(id)
        return (await waiting[1]).get(id)

    async def _pages(
        self, selector: Selector, info: GraphQLResolveInfo[Any], held: Mapping[str, Any] | None = None
    ) -> Any:
        return await resolved(selector.slots, info.variable_values, self.reader.codes, held)

    async def _nodes(self, info: GraphQLResolveInfo[Any], ids: list[str]) -> list[Any]:
        refuse_many_ids(len(ids), info.field_nodes[0])
        wanted = [parse_id(one) for one in ids]
        found: dict[tuple[str, int], Any] = {}
        for typename in OrderedDict.fromkeys(one[0] for one in wanted if one):
            if typename not in node_types(info.schema):
                continue
            selector, select = self.selections.made(info, typename, partial(_select_type, info, typename))
            numbers = [one[1] for one in wanted if one and one[0] == typename]
            rows = await self.reader.by_ids(select, self.viewer, await self._pages(selector, info), numbers)
            found.update({(typename, number): row for number, row in rows.items()})
        return [found.get(one) if one else None for one in wanted]

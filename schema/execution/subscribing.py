"""Runs a subscription: the events of the feed that concern it, each answered once for all who ask the same.

A subscriber holds a position of the feed, its filters and its group. A group is who asks the same document as the same
viewer, whatever area or cursor: it reads an event's row once, and all of them send the same bytes.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import orjson
from graphql import SKIP, FieldNode, GraphQLError, OperationDefinitionNode, VariableNode, Visitor, visit
from graphql.execution.values import VariableValues, get_argument_values

from db import feed as rows
from db import keys
from db.codes import UnknownCode
from db.cursors import BadCursor, parse_id
from db.entities import PARTY_TYPES
from db.feed import FeedEvent
from db.selection import Leaf, Select
from db.viewer import Viewer
from resolvers import feed
from resolvers.context import Context
from schema import mapping
from schema.execution.errors import fault, formatted, told
from schema.execution.limits import coded
from schema.execution.pages import resolved
from schema.execution.parsing import Refused
from schema.execution.selecting import NotMapped, Selector, Slot, mapped_field, shape_variables

if TYPE_CHECKING:
    from schema.execution.executor import Executor

#: How old an answer may be that one subscriber takes over from another: what a viewer may see is as of then.
SHARED_SECONDS = 0.5
#: How often it is asked whether the key of those who follow still opens; a revocation is heard of at once.
KEY_SECONDS = 5.0
#: Places and referrals whose areas and parties are remembered.
REMEMBERED = 20_000

NOT_HERE = coded(
    "SUBSCRIPTION_NOT_HERE",
    "subscriptions are served over a websocket (graphql-transport-ws) at /graphql, and as server-sent events at "
    "/graphql/stream",
    "订阅请通过 /graphql 的 WebSocket(graphql-transport-ws)或 /graphql/stream 的 SSE 进行",
)


@dataclass(frozen=True, slots=True)
class _Change:
    """An event as the payload's fields read it."""

    cursor: str
    event: str
    at: datetime
    entity_id: int


@dataclass(frozen=True, slots=True)
class _Filter:
    """Which events concern a subscriber."""

    entity: str
    area_id: int | None
    party_id: int | None
    key_id: int | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One operation of a document, with variables; `nodes` are those of its one root field."""

    prepared: Any
    operation: OperationDefinitionNode
    operation_name: str | None
    raw: dict[str, Any] | None
    variables: VariableValues
    nodes: list[FieldNode]


class _SignedOut(Exception):
    """The key of the viewer opens no more."""


class Live:
    """The subscriptions of one executor."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._groups: WeakValueDictionary[Any, _Group] = WeakValueDictionary()
        self._areas: OrderedDict[int, frozenset[int]] = OrderedDict()
        self._sides: OrderedDict[int, frozenset[int]] = OrderedDict()

    async def open(
        self,
        prepared: Any,
        operation: OperationDefinitionNode,
        operation_name: str | None,
        raw: dict[str, Any] | None,
        variables: VariableValues,
        viewer: Viewer,
    ) -> AsyncGenerator[bytes, None]:
        """An endless iterator of answers, each a whole ExecutionResult; to be closed by who does not want more.

        It ends by itself only with an answer that holds an error: SIGNED_OUT, or what kept an event from being read
        (then `extensions.cursor` is where to resume). Raises Refused for what cannot be subscribed to.
        """
        executor = self._executor
        if viewer.role == "PUBLIC":
            text = "changes are told to those who sign in: send an API key"
            raise Refused([coded("SIGN_IN_REQUIRED", text, "订阅变更须先登录:请携带 API 密钥")])
        nodes = _root(prepared, operation, variables, executor)
        root, of = nodes[0], executor.schema.subscription_type
        assert of is not None
        definition = of.fields[root.name.value]
        field = mapped_field(definition)
        assert field is not None
        assert isinstance(field.kind, mapping.Changes)
        try:
            arguments = get_argument_values(definition, root, variables)
            await executor.all_pages(prepared, operation).check(variables, executor.reader.codes)
            filter_ = await self._filter(field.kind.entity, arguments, viewer)
            after = await self._start(arguments.get("after"), viewer)
        except GraphQLError as error:
            raise Refused([told(error)]) from None
        except Exception as error:
            raise Refused([fault(error, root, None)]) from None
        below = _Below(of.fields)
        for one in (operation, *prepared.fragments.values()):
            visit(one.selection_set, below)
        used = {name: value for name, value in variables.coerced.items() if name in below.names}
        key = (prepared, operation_name, orjson.dumps(used, default=str, option=orjson.OPT_SORT_KEYS), viewer)
        group = self._groups.get(key)
        if group is None:
            asked = _Asked(prepared, operation, operation_name, raw, variables, nodes)
            group = self._groups[key] = _Group(executor, asked, viewer, field.kind.entity)
        return self._answers(group, filter_, after)

    async def _filter(self, entity: str, arguments: dict[str, Any], viewer: Viewer) -> _Filter:
        codes, area, party = self._executor.reader.codes, arguments.get("area"), arguments.get("party")
        area_id = party_id = None
        if area is not None:
            try:
                area_id = codes.area(area)[1]
            except UnknownCode:
                if not await codes.load("area", area):
                    shown = area[:40]
                    raise coded(
                        "UNKNOWN_AREA", f"no area has the code {shown!r}", f"没有代码为 {shown!r} 的地区"
                    ) from None
                area_id = codes.area(area)[1]
        if party is not None:
            typename, party_id = parse_id(party) or ("", None)
            if typename not in PARTY_TYPES.values():
                raise coded("UNKNOWN_PARTY", "party is no id of a party", "party 不是主体的编号")
        return _Filter(entity, area_id, party_id, viewer.key_id)

    async def _start(self, after: str | None, viewer: Viewer) -> int:
        end = await feed.end(Context(self._executor.database, viewer, self._executor.clock))
        if after is None:
            return end
        try:
            position = rows.position_of(after)
        except BadCursor:
            raise coded("BAD_CURSOR", "after is no cursor of the feed", "after 不是变更流的游标") from None
        if position > end:
            raise coded(
                "CURSOR_AHEAD", "after lies behind the end of the feed: begin anew", "after 超出变更流末尾,请重新开始"
            )
        return position

    async def _answers(self, group: _Group, filter_: _Filter, after: int) -> AsyncGenerator[bytes, None]:
        executor = self._executor
        context = Context(executor.database, group.viewer, executor.clock)
        done = after
        try:
            async with aclosing(feed.follow(context, after)) as batches:
                async for batch in batches:
                    for event in batch:
                        if event.kind == "key.revoked" and event.entity_id == filter_.key_id:
                            raise _SignedOut
                        if event.entity == "vocabulary":
                            self._areas.clear()
                        if event.entity == filter_.entity and await self._concerns(filter_, event):
                            body = await group.body(event)
                            if body is not None:
                                yield body
                        done = event.position
        except _SignedOut:
            text = "the API key opens no more"
            yield _ended(coded("SIGNED_OUT", text, "API 密钥已失效", path=[group.path]), done)
        except Exception as error:
            yield _ended(error if isinstance(error, GraphQLError) else fault(error, group.root, [group.path]), done)

    async def _concerns(self, filter_: _Filter, event: FeedEvent) -> bool:
        reader = self._executor.reader.pool
        if filter_.area_id is not None:
            if event.area_id is None:
                return False
            above = self._areas.get(event.area_id)
            if above is None:
                above = await rows.areas_above(reader, event.area_id)
                _remember(self._areas, event.area_id, above)
            if filter_.area_id not in above:
                return False
        if filter_.party_id is not None:
            sides = self._sides.get(event.entity_id)
            if sides is None:
                sides = await rows.sides_of(reader, event.entity_id)
                _remember(self._sides, event.entity_id, sides)
            return filter_.party_id in sides
        return True


class _Group:
    """Who asks the same as the same viewer: an event's answer is made once, and held for `SHARED_SECONDS`."""

    def __init__(self, executor: Executor, asked: _Asked, viewer: Viewer, entity: str) -> None:
        self._executor, self._asked, self.viewer, self._entity = executor, asked, viewer, entity
        self.root = asked.nodes[0]
        self.path = self.root.alias.value if self.root.alias else self.root.name.value
        self._row_type: Any = executor.schema.get_type(entity.capitalize())
        self._of: Any = executor.schema.get_type(f"{entity.capitalize()}Change")
        #: Reads nothing but whether the row may be seen.
        self._seen = Select(entity, {entity.capitalize(): [Leaf("id", "id")]})
        #: None where the payload holds a computed field: Strawberry executes it.
        self._parts: list[tuple[str, str, Any, list[Slot]]] | None
        try:
            self._parts = self._mapped()
        except NotMapped:
            self._parts = None
        self._made: dict[int, asyncio.Task[bytes | None]] = {}
        self._key_asked = float("-inf")

    def _mapped(self) -> list[tuple[str, str, Any, list[Slot]]]:
        """(response key, field, what to select, its pages) of each part of the payload; raises NotMapped."""
        schema, asked = self._executor.schema, self._asked
        fragments = asked.prepared.fragments
        shape = shape_variables([asked.operation, *fragments.values()])
        chosen = {name: asked.variables.coerced.get(name, "ZH") for name in shape}
        found = Selector(schema, fragments, chosen).collect(self._of, [node.selection_set for node in asked.nodes])
        parts: list[tuple[str, str, Any, list[Slot]]] = []
        for key, nodes in found.items():
            name = nodes[0].name.value
            field = None if name == "__typename" else mapped_field(self._of.fields[name])
            if field is not None and isinstance(field.kind, mapping.Entry):
                own = Selector(schema, fragments, chosen)
                parts.append((key, name, own.select(self._entity, self._row_type, nodes), own.slots))
            else:
                parts.append((key, name, None, []))
        return parts

    async def body(self, event: FeedEvent) -> bytes | None:
        """The answer for an event; None where the viewer may not see its row. Raises what reading raises."""
        task = self._made.get(event.position)
        if task is None:
            loop = asyncio.get_running_loop()
            task = self._made[event.position] = loop.create_task(self._make(event))
            task.add_done_callback(lambda done: self._forget(event.position, done))
            loop.call_later(SHARED_SECONDS, self._made.pop, event.position, None)
        return await asyncio.shield(task)

    def _forget(self, position: int, done: asyncio.Task[bytes | None]) -> None:
        if done.cancelled() or done.exception() is not None:
            # Who comes next reads anew.
            self._made.pop(position, None)

    async def _make(self, event: FeedEvent) -> bytes | None:
        executor, viewer = self._executor, self.viewer
        now = asyncio.get_running_loop().time()
        if viewer.key_id is not None and now > self._key_asked + KEY_SECONDS:
            if await keys.closed(executor.reader.pool, viewer.key_id, executor.clock()):
                raise _SignedOut
            self._key_asked = now
        change = _Change(rows.cursor_of(event.position), event.kind, event.at, event.entity_id)
        if self._parts is None:
            return await self._executed(change)
        data: dict[str, Any] = {}
        read = False
        for key, name, select, slots in self._parts:
            if name == "__typename":
                data[key] = self._of.name
            elif select is None:
                data[key] = getattr(change, name)
            else:
                pages = await resolved(slots, self._asked.variables, executor.reader.codes) if slots else []
                data[key] = await executor.reader.one(select, viewer, pages, "id", change.entity_id)
                if data[key] is None:
                    return None
                read = True
        if not read and not await self._visible(change):
            return None
        return orjson.dumps({"data": {self.path: data}})

    async def _visible(self, change: _Change) -> bool:
        found = await self._executor.reader.one(self._seen, self.viewer, [], "id", change.entity_id)
        return found is not None

    async def _executed(self, change: _Change) -> bytes | None:
        if not await self._visible(change):
            return None
        asked = self._asked
        result = await self._executor.execute(
            asked.prepared.parsed.document, asked.operation_name, asked.raw, self.viewer, change
        )
        if result.errors and not await self._visible(change):
            return None
        if result.errors and result.data is None:
            raise told(result.errors[0])
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [formatted(told(error)) for error in result.errors]
        return orjson.dumps(body)


def _remember(held: OrderedDict[int, frozenset[int]], id: int, found: frozenset[int]) -> None:
    held[id] = found
    if len(held) > REMEMBERED:
        held.popitem(last=False)


def _ended(error: GraphQLError, position: int) -> bytes:
    """The last answer of a subscription: what ended it, and where to resume."""
    told_ = formatted(error)
    told_["extensions"] = {**told_.get("extensions", {}), "cursor": rows.cursor_of(position)}
    return orjson.dumps({"data": None, "errors": [told_]})


def _root(
    prepared: Any, operation: OperationDefinitionNode, variables: VariableValues, executor: Executor
) -> list[FieldNode]:
    """The nodes of the one field of a subscription: validation has seen to it that there is one."""
    selector = Selector(executor.schema, prepared.fragments, variables.coerced)
    try:
        fields = selector.collect(executor.schema.subscription_type, [operation.selection_set])  # type: ignore[arg-type]
    except NotMapped:
        fields = {}
    if len(fields) != 1:
        text = "a subscription has one root field, and neither @skip nor @include on it"
        raise Refused([coded("ONE_ROOT_FIELD", text, "订阅只能有一个根字段,且不能带 @skip 或 @include")])
    return next(iter(fields.values()))


class _Below(Visitor):
    """Variables that the answer depends on: all but those in the root field's own arguments."""

    def __init__(self, roots: Collection[str]) -> None:
        super().__init__()
        self.roots = roots
        self.names: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        if node.name.value not in self.roots:
            return None
        if node.selection_set is not None:
            visit(node.selection_set, self)
        return SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)

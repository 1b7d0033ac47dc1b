"""The ordinary server: Strawberry executes the same types behind its own view, the ORM reads, dataloaders batch.

Written as the documentation of Strawberry and SQLAlchemy shows it: parsing and validation cached by Strawberry's
extensions, whole entities selected, one AsyncSession a request that an extension closes, one DataLoader a relation.
Where there was a choice the cheaper way was taken: plain columns and ids are read without Strawberry's wrapper, cursors
are made only when asked for, JSON is orjson's, and the predicate that a match inherits from its need is left out.
It serves pages of needs and offers, nodes, and what hangs on them; no facets, totals or cursors given by a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import orjson
from cross_web import HTTPException
from graphql import GraphQLInterfaceType, GraphQLObjectType
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import aliased
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache

from db.areas import AreaRow
from db.cursors import encode, global_id, parse_id
from db.database import Database, sqlalchemy_url
from db.entities import ENTITIES, ENTITY_OF_TYPE, Entity, OneOf, PageOf
from db.viewer import Viewer
from db.visibility import implied, shape, values, visible
from fivelink.http_answers import HttpFault
from fivelink.sign_in import SignIn
from schema import mapping
from schema.contract import CONTRACT
from schema.execution.selecting import mapped_field

Order = Sequence[tuple[str, bool]]

# ------------------------------------------------------------------------------------------------ pages


@dataclass(slots=True, eq=False)
class Edge:
    node: Any
    order: Order

    @property
    def cursor(self) -> str:
        return encode([getattr(self.node, column) for column, _ in self.order])


@dataclass(eq=False)
class Connection:
    """A page from the beginning of its list; `more`: whether something follows."""

    edges: list[Edge]
    more: bool

    @cached_property
    def page_info(self) -> PageInfo:
        ends = [self.edges[0].cursor, self.edges[-1].cursor] if self.edges else [None, None]
        return PageInfo(self.more, False, *ends)


@dataclass(slots=True, eq=False)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


def connection(rows: Sequence[Any], count: int, order: Order) -> Connection:
    """Of one row more than `count`, where there is one."""
    return Connection([Edge(row, order) for row in rows[:count]], len(rows) > count)


# ------------------------------------------------------------------------------------------------ rows


class OrmRows:
    """Rows for one request; stands where `schema.execution.rows.ReaderRows` stands."""

    def __init__(self, session: AsyncSession, viewer: Viewer) -> None:
        self.session = session
        self._shape, self._values = shape(viewer), values(viewer)
        #: A session runs one statement at a time, and dataloaders of one level are sent together.
        self._turn = asyncio.Lock()
        self._loaders: dict[tuple[Any, ...], DataLoader[int, Any]] = {}

    def resolve(self, field: mapping.MappedField, source: Any, info: Any, arguments: dict[str, Any]) -> Any:
        """A row, a Connection, or something to await for one. Raises NotImplementedError for what no question asks."""
        kind, name = field.kind, field.python_name
        if isinstance(kind, mapping.ToOne):
            relation = ENTITIES[source.__tablename__].relations[name]
            assert isinstance(relation, OneOf)
            key = getattr(source, relation.column)
            return None if key is None else self._loader(self._by_id, relation.entity).load(key)
        if isinstance(kind, mapping.ToPage):
            return self._page_below(source, name, _count(arguments, kind.default))
        if isinstance(kind, mapping.RootPage):
            return self._page(kind.entity, arguments, kind.default)
        if isinstance(kind, mapping.RootNode):
            return self._node(arguments["id"])
        raise NotImplementedError(name)

    async def _node(self, id: str) -> Any:
        parsed = parse_id(id)
        if parsed is None or parsed[0] not in ENTITY_OF_TYPE:
            return None
        row = ENTITIES[ENTITY_OF_TYPE[parsed[0]]].row
        found = await self._scalars(select(row).where(row.__table__.c.id == parsed[1], self._seen(row.__tablename__)))
        return found[0] if found and typename(found[0]) == parsed[0] else None

    async def _page(self, name: str, arguments: dict[str, Any], default: int) -> Connection:
        entity, count = ENTITIES[name], _count(arguments, default)
        chosen = [FILTERS[name][key](value) for key, value in _given(arguments.get("where"))]
        wanted = select(entity.row).where(self._seen(name), *chosen).order_by(*_order(entity.table, entity.order))
        return connection(await self._scalars(wanted.limit(count + 1)), count, entity.order)

    async def _page_below(self, source: Any, name: str, count: int) -> Connection:
        parent = source.__tablename__
        relation = ENTITIES[parent].relations[name]
        assert isinstance(relation, PageOf)
        order = relation.order or ENTITIES[relation.entity].order
        rows = await self._loader(self._children, parent, relation, order, count).load(source.id)
        return connection(rows, count, order)

    # -------------------------------------------------------------------------------- loading

    def _loader(self, load: Callable[..., Any], *options: Any) -> DataLoader[int, Any]:
        key = (load.__name__, *options)
        loader = self._loaders.get(key)
        if loader is None:
            loader = self._loaders[key] = DataLoader(load_fn=partial(load, *options))
        return loader

    async def _by_id(self, name: str, keys: list[int]) -> list[Any]:
        row: Any = ENTITIES[name].row
        found = {one.id: one for one in await self._scalars(select(row).where(row.id.in_(keys), self._seen(name)))}
        return [found.get(key) for key in keys]

    async def _children(
        self, parent: str, relation: PageOf, order: Order, count: int, keys: list[int]
    ) -> list[list[Any]]:
        entity: Entity = ENTITIES[relation.entity]
        column = entity.table.c[relation.column]
        place = func.row_number().over(partition_by=column, order_by=_order(entity.table, order)).label("place")
        own = select(entity.row, place).where(column.in_(keys))
        if not implied(parent, relation.entity, self._shape):
            own = own.where(self._seen(relation.entity))
        ranked = own.subquery()
        child = aliased(entity.row, ranked)
        pages: dict[int, list[Any]] = {key: [] for key in keys}
        for row in await self._scalars(select(child).where(ranked.c.place <= count + 1).order_by(ranked.c.place)):
            pages[getattr(row, relation.column)].append(row)
        return [pages[key] for key in keys]

    def _seen(self, name: str) -> ColumnElement[bool]:
        return visible(name, ENTITIES[name].table, self._shape)

    async def _scalars(self, statement: Select[Any]) -> Sequence[Any]:
        async with self._turn:
            return (await self.session.scalars(statement, self._values)).all()


#: Of a county only: that is what is asked, and a county's rows know it.
FILTERS: dict[str, dict[str, Callable[[Any], ColumnElement[bool]]]] = {
    "need": {
        "area": lambda code: (
            ENTITIES["need"].table.c.county_id == select(AreaRow.id).where(AreaRow.code == code).scalar_subquery()
        ),
        "status": lambda members: ENTITIES["need"].table.c.status.in_([one.name for one in members]),
    },
    "offer": {},
}


def _given(where: Any) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in vars(where).items() if value] if where else []


def _count(arguments: dict[str, Any], default: int) -> int:
    if any(arguments.get(name) is not None for name in ("after", "before", "last")):
        raise NotImplementedError("only pages from the beginning")
    first = arguments.get("first")
    return default if first is None else int(first)


def _order(table: Any, order: Order) -> list[ColumnElement[Any]]:
    return [table.c[column].desc() if descending else table.c[column] for column, descending in order]


# ------------------------------------------------------------------------------------------------ types


def typename(row: Any) -> str:
    return ENTITIES[row.__tablename__].types[getattr(row, "kind", "")]


def _read_attributes() -> None:
    """Makes the contract of this process read ORM entities and parts of pages: columns as Strawberry's basic fields."""
    for of in CONTRACT._schema.type_map.values():
        if isinstance(of, GraphQLInterfaceType):
            of.resolve_type = lambda row, info, abstract: typename(row)
        for definition in of.fields.values() if isinstance(of, GraphQLObjectType) else ():
            mapped = mapped_field(definition)
            if mapped is not None and isinstance(mapped.kind, mapping.Column | mapping.Part):
                definition.resolve = _attribute(mapped.kind.name or mapped.python_name)


def _attribute(name: str) -> Callable[..., Any]:
    if name == "id":
        return lambda source, info: global_id(f"{typename(source)}:{source.id}".encode())
    return lambda source, info: getattr(source, name)


# ------------------------------------------------------------------------------------------------ serving


@dataclass(slots=True)
class OrmContext:
    """What Strawberry's resolvers see as `info.context`."""

    rows: OrmRows


class ClosesSession(SchemaExtension):
    async def on_operation(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self.execution_context.context.rows.session.close()


class View(GraphQL[OrmContext, None]):
    def __init__(self, engine: AsyncEngine, sign_in: SignIn) -> None:
        super().__init__(CONTRACT, graphql_ide=None)
        self._engine, self._sign_in = engine, sign_in

    async def get_context(self, request: Any, response: Any) -> OrmContext:
        authorization = request.headers.get("authorization")
        try:
            viewer = await self._sign_in.viewer(authorization.encode() if authorization is not None else None)
        except HttpFault as fault:
            raise HTTPException(fault.status, fault.body.decode()) from None
        return OrmContext(OrmRows(AsyncSession(self._engine, expire_on_commit=False), viewer))

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


def build(url: str, connections: int) -> View:
    """An ASGI application for `http` scopes; uvicorn runs it with lifespan off. Changes this process's CONTRACT."""
    CONTRACT.extensions = (ParserCache, ValidationCache, ClosesSession)
    _read_attributes()
    engine = create_async_engine(
        sqlalchemy_url(url),
        pool_size=connections,
        max_overflow=0,
        connect_args={"server_settings": {"jit": "off", "timezone": "UTC"}},
    )
    return View(engine, SignIn(Database(url)))

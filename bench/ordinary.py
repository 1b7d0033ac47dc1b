"""The same Strawberry types executed the ordinary way: a resolver for every field, a dataloader for every relation.

It is the peer that the compiled reader is measured with, and the oracle that it is compared with: statements, filters
and visibility are written a second time, in plain SQL (`bench/ordinary_sql.py`), and share nothing with the compiler.
It is meant to be a good server of its kind: documents prepared once, the same pool of held statements, whole batches.
"""
# The names put into statements are those of these two files; whatever a client sends is a parameter.
# ruff: noqa: S608

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    MiddlewareManager,
    execute,
)
from strawberry.dataloader import DataLoader

from bench.ordinary_records import RECORD_MANY, RECORD_ONE
from bench.ordinary_sql import (
    BELOW,
    COLUMN_OF,
    FILTERS,
    ORDERS,
    TABLE_OF_LIST,
    TABLE_OF_TYPE,
    TO_MANY,
    TO_ONE,
    TO_PAGE,
    TYPE_OF_KIND,
    TYPE_OF_TABLE,
    Order,
    Parameters,
    chosen,
    facet_of,
    ordered,
    past,
    seen,
)
from db.cursors import encode, global_id, parse_id
from db.pool import ReadPool
from db.viewer import Viewer
from resolvers.context import Context
from schema import mapping
from schema.execution import reading
from schema.execution.errors import formatted, refusal, told
from schema.execution.executor import Executor, RequestContext, _operation
from schema.execution.limits import check_cost
from schema.execution.pages import refuse_many_ids, resolved
from schema.execution.parsing import Refused
from schema.execution.reading import _check_ids
from schema.execution.selecting import mapped_field
from schema.mapping import MappedField

Row = dict[str, Any]
_SNAKE = re.compile("([A-Z])")

# ------------------------------------------------------------------------------------------------ pages


@dataclass(slots=True, eq=False)
class Page:
    """A connection: `rows`, `total` and `facet` ask when their part is asked for."""

    order: Order
    count: int
    backward: bool
    after: str | None
    before: str | None
    rows: Callable[[], Awaitable[list[Row]]]
    total: Callable[[], Awaitable[int]]
    facet: Callable[[str], Awaitable[list[Row]]]

    def __getitem__(self, name: str) -> Awaitable[Any]:
        return self.total() if name == "total_count" else self._part(name)

    async def _part(self, name: str) -> Any:
        found = await self.rows()
        more, rows = len(found) > self.count, found[: self.count]
        if self.backward:
            rows = rows[::-1]
        if name == "edges":
            return [Edge(row, self.order) for row in rows]
        backward, after, before = self.backward, self.after is not None, self.before is not None
        return {
            "has_next_page": before if backward else more,
            "has_previous_page": more if backward else after,
            "start_cursor": _cursor(rows[0], self.order) if rows else None,
            "end_cursor": _cursor(rows[-1], self.order) if rows else None,
        }


@dataclass(slots=True, eq=False)
class Edge:
    row: Row
    order: Order

    def __getitem__(self, name: str) -> Any:
        return self.row if name == "node" else _cursor(self.row, self.order)


def _cursor(row: Row, order: Order) -> str:
    return encode([row[column] for column, _ in order])


# ------------------------------------------------------------------------------------------------ resolving


class OrdinaryRows:
    """Rows for one request; stands where `schema.execution.rows.ReaderRows` stands."""

    def __init__(self, pool: ReadPool, viewer: Viewer, now: datetime) -> None:
        self.pool, self.viewer, self.now = pool, viewer, now
        self._loaders: dict[tuple[Any, ...], DataLoader[Any, Any]] = {}

    def resolve(self, field: MappedField, source: Any, info: Any, arguments: dict[str, Any]) -> Any:
        kind, name = field.kind, field.python_name
        if isinstance(kind, mapping.Label):
            lang = arguments.get("lang")
            return _value(source, f"{kind.base}_{'en' if lang is not None and lang.name == 'EN' else 'zh'}")
        if isinstance(kind, mapping.ToOne):
            if (of := (source["__type"], name)) in RECORD_ONE:
                table, column = RECORD_ONE[of]
                return None if source[column] is None else self._by_id(table).load(source[column])
            key = source[COLUMN_OF.get((source["__type"], name), f"{name}_id")]
            table = TABLE_OF_TYPE[source["__type"]] if name == "parent" else TO_ONE[name]
            return None if key is None else self._by_id(table).load(key)
        if isinstance(kind, mapping.ToMany):
            if (of := (source["__type"], name)) in RECORD_MANY:
                return self._listed("term", source[RECORD_MANY[of]])
            table, column = TO_MANY[name]
            return self._listed(table, source[column])
        if isinstance(kind, mapping.ToPage):
            return self._page_below(source, name, arguments, kind.default)
        if isinstance(kind, mapping.ToValue):
            return None if kind.null_if and source[kind.null_if] is None else source
        if isinstance(kind, mapping.ToValueList):
            return self._values(kind, source)
        if isinstance(kind, mapping.FacetBy):
            return self._facet(source, name, kind.labels)
        if isinstance(kind, mapping.Entry):
            id = getattr(source, kind.by)
            return None if id is None else self._by_id(kind.entity).load(id)
        if isinstance(kind, mapping.Entries):
            return self._listed(kind.entity, getattr(source, kind.by))
        if isinstance(kind, mapping.ListedPage):
            given = {_SNAKE.sub(r"_\1", one).lower(): value for one, value in kind.where(source).items()}
            return self._root_page(kind.entity, {**arguments, **given}, kind.default)
        return self._root(kind, info._raw_info, arguments)

    async def _listed(self, table: str, ids: Sequence[int]) -> list[Row]:
        return [row for row in await self._by_id(table).load_many(ids) if row is not None]

    async def _values(self, kind: mapping.ToValueList, source: Row) -> list[Row]:
        known = source
        if "weight_set_id" in source:
            id = source["weight_set_id"]
            weights = None if id is None else await self._by_id("weight_set").load(id)
            known = {**(weights or {"codes": None, "weights": None}), **source}
        return kind.expand(*[known[column] for column in kind.columns])

    async def _facet(self, page: Page, name: str, labels: Any) -> list[Row]:
        rows = await page.facet(name)
        if labels:
            return [{**row, "label_zh": labels[row["code"]][0], "label_en": labels[row["code"]][1]} for row in rows]
        return rows

    # -------------------------------------------------------------------------------- roots

    def _root(self, kind: Any, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Any:
        if isinstance(kind, mapping.RootPage):
            return self._root_page(kind.entity, arguments, kind.default)
        if isinstance(kind, mapping.RootCode):
            return self._by_code(kind.entity, arguments["code"])
        if isinstance(kind, mapping.RootNode):
            return self._node(arguments["id"])
        assert isinstance(kind, mapping.RootNodes)
        refuse_many_ids(len(arguments["ids"]), info.field_nodes[0])
        return asyncio.gather(*[self._node(one) for one in arguments["ids"]])

    async def _by_code(self, table: str, code: str) -> Row | None:
        p = Parameters(self.now)
        sql = f"SELECT {table}.* FROM {table} WHERE {table}.code = {p(code)} AND {seen(table, self.viewer, p)}"
        return next(iter(await self._fetch(table, sql, p)), None)

    async def _node(self, id: str) -> Row | None:
        parsed = parse_id(id)
        if parsed is None or parsed[0] not in TABLE_OF_TYPE or parsed[0] == "Shortfall":
            return None
        row = await self._by_id(TABLE_OF_TYPE[parsed[0]]).load(parsed[1])
        return row if row is not None and row["__type"] == parsed[0] else None

    def _root_page(self, entity: str, arguments: dict[str, Any], default: int) -> Page:
        table, given = TABLE_OF_LIST.get(entity, entity), chosen(entity, arguments)
        count, backward = _size(arguments, default)
        after, before = arguments.get("after"), arguments.get("before")
        order = ORDERS[entity]

        def conditions(p: Parameters, without: str = "") -> str:
            found = [FILTERS[entity][name](table, value, p) for name, value in given.items() if name != without]
            return " AND ".join([seen(table, self.viewer, p), *found])

        async def rows(keys: list[Any]) -> list[list[Row]]:
            p = Parameters(self.now)
            where = conditions(p)
            for cursor, is_after in ((after, True), (before, False)):
                if cursor is not None:
                    where += f" AND {past(table, order, cursor, is_after, p)}"
            by = ordered(table, order, backward)
            sql = f"SELECT {table}.* FROM {table} WHERE {where} ORDER BY {by} LIMIT {count + 1}"
            return [await self._fetch(table, sql, p)]

        async def total() -> int:
            p = Parameters(self.now)
            async with self.pool.connection() as connection:
                sql = f"SELECT count(*) FROM {table} WHERE {conditions(p)}"
                counted: int = (await connection.fetch(sql, p))[0][0]
            return counted

        async def facet(name: str) -> list[Row]:
            level = "TOWNSHIP"
            if name == "by_area" and given.get("area") is not None:
                area = await self._by_code("area", given["area"])
                level = BELOW.get(area["level"] if area else "", "TOWNSHIP")
            p = Parameters(self.now)
            joined, columns = facet_of(table, name, level, p)
            where = conditions(p, name.removeprefix("by_"))
            sql = (
                f"SELECT {columns}, count(*) AS count FROM {table} {joined} WHERE {where}"
                " GROUP BY 1, 2, 3 ORDER BY count DESC, code LIMIT 100"
            )
            async with self.pool.connection() as connection:
                return [dict(row) for row in await connection.fetch(sql, p)]

        once: DataLoader[Any, list[Row]] = DataLoader(load_fn=rows)
        return Page(order, count, backward, after, before, lambda: once.load(0), total, facet)

    # -------------------------------------------------------------------------------- below

    def _page_below(self, source: Row, name: str, arguments: dict[str, Any], default: int) -> Page:
        table, column, order = TO_PAGE[TABLE_OF_TYPE[source["__type"]], name]
        count, _ = _size(arguments, default)
        after, key = arguments.get("after"), source["id"]
        rows = self._loader(("page", table, column, count, after), self._children, table, column, order, count, after)
        total = self._loader(("total", table, column), self._totals, table, column)

        def facet(by: str) -> Awaitable[list[Row]]:
            return self._loader(("facet", table, column, by), self._facets, table, column, by).load(key)

        return Page(order, count, False, after, None, lambda: rows.load(key), lambda: total.load(key), facet)

    async def _children(
        self, table: str, column: str, order: Order, count: int, after: str | None, keys: list[int]
    ) -> list[list[Row]]:
        p = Parameters(self.now)
        where = f"{table}.{column} = ANY({p(keys)}) AND {seen(table, self.viewer, p)}"
        if after is not None:
            where += f" AND {past(table, order, after, True, p)}"
        by = ordered(table, order, False)
        ranked = f"row_number() OVER (PARTITION BY {table}.{column} ORDER BY {by}) AS place_in_page"
        sql = (
            f"SELECT * FROM (SELECT {table}.*, {ranked} FROM {table} WHERE {where}) page"
            f" WHERE place_in_page <= {count + 1} ORDER BY place_in_page"
        )
        pages: dict[int, list[Row]] = {key: [] for key in keys}
        for row in await self._fetch(table, sql, p):
            pages[row[column]].append(row)
        return [pages[key] for key in keys]

    async def _totals(self, table: str, column: str, keys: list[int]) -> list[int]:
        p = Parameters(self.now)
        where = f"{table}.{column} = ANY({p(keys)}) AND {seen(table, self.viewer, p)}"
        async with self.pool.connection() as connection:
            sql = f"SELECT {table}.{column}, count(*) FROM {table} WHERE {where} GROUP BY 1"
            found = dict(await connection.fetch(sql, p))
        return [found.get(key, 0) for key in keys]

    async def _facets(self, table: str, column: str, by: str, keys: list[int]) -> list[list[Row]]:
        p = Parameters(self.now)
        joined, columns = facet_of(table, by, "TOWNSHIP", p)
        where = f"{table}.{column} = ANY({p(keys)}) AND {seen(table, self.viewer, p)}"
        sql = (
            f"SELECT {table}.{column} AS parent, {columns}, count(*) AS count FROM {table} {joined} WHERE {where}"
            " GROUP BY 1, 2, 3, 4 ORDER BY count DESC, code"
        )
        counted: dict[int, list[Row]] = {key: [] for key in keys}
        async with self.pool.connection() as connection:
            for row in await connection.fetch(sql, p):
                counted[row["parent"]].append(dict(row))
        return [counted[key] for key in keys]

    # -------------------------------------------------------------------------------- loading

    def _loader(
        self, key: tuple[Any, ...], load: Callable[..., Awaitable[list[Any]]], *options: Any
    ) -> DataLoader[Any, Any]:
        loader = self._loaders.get(key)
        if loader is None:

            async def batch(keys: list[Any]) -> list[Any]:
                return await load(*options, keys)

            loader = self._loaders[key] = DataLoader(load_fn=batch)
        return loader

    def _by_id(self, table: str) -> DataLoader[int, Row | None]:
        return self._loader(("id", table), self._rows_by_id, table)

    async def _rows_by_id(self, table: str, keys: list[int]) -> list[Row | None]:
        p = Parameters(self.now)
        where = f"{table}.id = ANY({p(keys)}::bigint[]) AND {seen(table, self.viewer, p)}"
        rows = await self._fetch(table, f"SELECT {table}.* FROM {table} WHERE {where}", p)
        found = {row["id"]: row for row in rows}
        return [found.get(key) for key in keys]

    async def _fetch(self, table: str, sql: str, p: Parameters) -> list[Row]:
        """Rows as dicts that know their GraphQL type."""
        async with self.pool.connection() as connection:
            found = await connection.fetch(sql, p)
        rows = []
        for one in found:
            row = dict(one)
            row["__type"] = TYPE_OF_KIND[row["kind"]] if table == "party" else TYPE_OF_TABLE.get(table)
            row["__id"] = row["id"]
            rows.append(row)
        return rows


def _size(arguments: dict[str, Any], default: int) -> tuple[int, bool]:
    last = arguments.get("last")
    if last is not None:
        return last, True
    first = arguments.get("first")
    return (default if first is None else first), False


class PlainFields(MiddlewareManager):
    """Columns and parts of connections are read as Strawberry reads fields without a resolver: by one plain call."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self._plain: dict[Any, Callable[..., Any]] = {}
        for of in schema.type_map.values():
            for definition in of.fields.values() if isinstance(of, GraphQLObjectType) else ():
                mapped = mapped_field(definition)
                if mapped is not None and isinstance(mapped.kind, mapping.Column | mapping.Part):
                    self._plain[definition.resolve] = _plain(mapped.kind.name or mapped.python_name)

    def get_field_resolver(self, field_resolver: Any) -> Any:
        return self._plain.get(field_resolver, field_resolver)


def _plain(name: str) -> Callable[..., Any]:
    if name == "id":
        return lambda source, info: global_id(f"{source['__type']}:{source['id']}".encode())
    return lambda source, info: source[name] if type(source) is dict else _value(source, name)


def _value(source: Any, name: str) -> Any:
    """Of a row or a part of a page; of what a use case answers."""
    return source[name] if isinstance(source, dict | Page | Edge) else getattr(source, name)


# ------------------------------------------------------------------------------------------------ running


_plain_fields = lru_cache(PlainFields)


async def run_ordinary(
    executor: Executor,
    query: str,
    operation_name: str | None,
    variables: dict[str, Any] | None,
    viewer: Viewer,
) -> bytes:
    """The answer to one request: refused as `Executor.run` refuses, executed by graphql-core field by field."""
    try:
        prepared = executor._prepared.get(query) or executor._prepare(query)
        operation = _operation(prepared, operation_name)
        too_costly = check_cost(prepared.parsed.measure, executor.limits, operation_name, variables)
        if too_costly is not None:
            raise Refused([too_costly])
        coerced = executor._coerce(prepared, operation, variables)
        await _checked(executor, prepared, operation, coerced)
    except Refused as refused:
        return refusal(refused.errors)
    except GraphQLError as error:
        return refusal([error])
    context = RequestContext(
        rows=OrdinaryRows(executor.database.reader, viewer, executor.clock()),
        acts=Context(database=executor.database, viewer=viewer, clock=executor.clock),
    )
    answer: Any = execute(
        executor.schema,
        prepared.parsed.document,
        context_value=context,
        variable_values=variables or {},
        operation_name=operation_name,
        middleware=_plain_fields(executor.schema),
        hide_suggestions=True,
    )
    result: ExecutionResult = answer if isinstance(answer, ExecutionResult) else await answer
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [formatted(told(error)) for error in result.errors]
    return orjson.dumps(body)


async def _checked(executor: Executor, prepared: Any, operation: Any, coerced: Any) -> None:
    """Refuses bad pages before anything is read, whichever way the operation would have been executed."""
    codes = executor.reader.codes
    roots = executor._ready(prepared, operation, coerced, reading, executor.schema.query_type)
    if roots is None:
        await executor.all_pages(prepared, operation).check(coerced, codes)
        return
    for root in roots:
        if root.kind == "__typename":
            continue
        assert root.arguments is not None
        arguments = root.arguments.values(coerced)
        _check_ids(root, arguments)
        for slots in (root.slots, *[own for _, own in root.variants.values()]):
            await resolved(slots, coerced, codes)

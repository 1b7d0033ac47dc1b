"""A Selection becomes SQL statements and one generated function that builds the answer's dicts.

One statement reads the root, one each to-many level below it; to-one relations are joins. The generated function is
ordinary Python source made of dict displays over row tuples: no loop over fields, no call per value. It is kept on
`Program.source` for whoever wants to read it.

Two laws hold for every statement: each mention of a table carries its visibility predicate (`db.visibility`), and every
value that came from outside is a parameter. Page sizes are literals, because PostgreSQL plans a bound LIMIT badly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.visitors import replacement_traverse

from db import cursors, selection, visibility
from db.entities import ENTITIES, Entity, ListOf, OneOf, PageOf
from db.prepared import DIALECT
from db.program import Keys, Level, Program, Statement, as_told, beyond, exactly, written_out

#: The most codes a facet of a whole list names, the most frequent first.
FACET_ROWS = 100

#: (count, backward, after, before, ((filter, variant), ...))
PageShape = tuple[int, bool, bool, bool, tuple[tuple[str, str], ...]]


class Compiler:
    """Compiles one root field. `shapes[slot]` are the shapes of its pages' arguments."""

    def __init__(self, viewer: visibility.Shape, shapes: Sequence[PageShape]) -> None:
        self.viewer = viewer
        self.shapes = shapes
        self.pending: list[tuple[Select[Any] | None, Keys | None]] = []
        self.prelude: list[str] = []
        #: What is read already, and under which name: types of a party that ask for the very same share it.
        self.shared: dict[tuple[int, ...], tuple[str, Keys]] = {}
        self.names: dict[str, Any] = {
            "gid": cursors.global_id,
            "cursor": cursors.encode,
            "exactly": exactly,
            "NONE": (),
        }

    # -------------------------------------------------------------------------------- roots

    def one(self, select_: selection.Select, by: str) -> Program:
        """The row whose `by` column equals the parameter `by`, or null."""
        level = self._level(select_.entity)
        body = self._object(select_, level, level.table, level.entity)
        # An id names any 64-bit number, also of tables whose own ids are 32-bit.
        kind = BigInteger() if by == "id" else level.table.c[by].type
        statement = self._select(level).where(
            level.table.c[by] == bindparam("by", type_=kind),
            visibility.visible(level.name, level.table, self.viewer),
        )
        self._finish(level, statement)
        return self._program(f"for r in R[{level.index}]:\n        return {body}\n    return None")

    def by_ids(self, select_: selection.Select) -> Program:
        """{id: object} of the rows whose id is in the parameter `by`."""
        level = self._level(select_.entity)
        body = self._object(select_, level, level.table, level.entity)
        key = level.column(level.table, "id")
        statement = self._select(level).where(
            level.table.c.id == any_(bindparam("by", type_=ARRAY(BigInteger))),
            visibility.visible(level.name, level.table, self.viewer),
        )
        self._finish(level, statement)
        return self._program(f"return {{{key}: {body} for r in R[{level.index}]}}")

    def page(self, page: selection.Page) -> Program:
        entity = ENTITIES[page.relation]
        body = self._connection(page, page.relation, entity.order, None, None)
        return self._program(f"return {body}()")

    # -------------------------------------------------------------------------------- pages

    def _connection(
        self,
        page: selection.Page,
        name: str,
        order: Sequence[tuple[str, bool]],
        parent: tuple[str, PageOf] | None,
        keys: Keys | None,
    ) -> str:
        """Emits a function that builds the connection (of one key, or of the root) and gives its name."""
        count, backward, after, before, _ = self.shapes[page.slot]
        own = f"page{len(self.prelude)}_{page.slot}"
        self.prelude.append("")  # reserves the place of this function; children are emitted before it
        at = len(self.prelude) - 1
        wants_rows = any(isinstance(item, selection.Edges | selection.PageInfo) for item in page.items)
        # One row more than asked for tells whether there are more; whoever does not ask is spared its joins.
        ahead = any(isinstance(item, selection.PageInfo) for item in page.items)
        wants_total = any(isinstance(item, selection.Leaf) and item.field == "total_count" for item in page.items)

        rows = "NONE"
        setup: list[str] = []
        parts: list[str] = []
        level: Level | None = None
        if wants_rows:
            level = self._level(name, offset=1 if parent else 0)
            cursor_columns: list[str] = []
            for item in page.items:
                if isinstance(item, selection.Edges) or (
                    isinstance(item, selection.PageInfo) and any(leaf.field.endswith("cursor") for leaf in item.items)
                ):
                    cursor_columns = [level.column(level.table, column) for column, _ in order]
            if not level.columns:
                level.column(level.table, order[-1][0])
            cursor = f"cursor(({', '.join(cursor_columns)},))"
            if parent:
                setup += [
                    f"g{at} = {{}}",
                    f"for r in R[{level.index}]:",
                    "    k = r[0]",
                    f"    if k in g{at}: g{at}[k].append(r)",
                    f"    else: g{at}[k] = [r]",
                ]
                rows = f"g{at}.get(key, NONE)"
            else:
                rows = f"R[{level.index}]"
        totals = ""
        if wants_total:
            index = self._count(name, page, parent, keys)
            if parent:
                setup.append(f"n{at} = dict(R[{index}])")
                totals = f"n{at}.get(key, 0)"
            else:
                totals = f"R[{index}][0][0]"

        for item in page.items:
            key = repr(item.key)
            if isinstance(item, selection.Leaf):
                parts.append(f"{key}: {repr(page.typename) if item.field == '__typename' else totals}")
            elif isinstance(item, selection.Edges):
                assert level is not None
                parts.append(f"{key}: [{self._edge(item, level, cursor, page.typename)} for r in rows]")
            elif isinstance(item, selection.PageInfo):
                parts.append(f"{key}: {self._page_info(item, cursor, backward, after, before)}")
            elif isinstance(item, selection.Facet):
                parts.append(f"{key}: {self._facet(item, page, name, parent, keys, setup)}")

        if level is not None:
            self._finish(level, self._page_statement(level, page, order, parent, ahead), keys)
        lines = [*setup, f"def {own}({'key' if parent else ''}):"]
        if wants_rows:
            lines.append(f"    rows = {rows}")
            if ahead:
                lines += [f"    more = len(rows) > {count}", f"    if more: rows = rows[:{count}]"]
            if backward:
                lines.append("    rows = rows[::-1]")
        lines.append(f"    return {{{', '.join(parts)}}}")
        self.prelude[at] = "\n".join("    " + line for line in lines)
        return own

    def _page_statement(
        self,
        level: Level,
        page: selection.Page,
        order: Sequence[tuple[str, bool]],
        parent: tuple[str, PageOf] | None,
        ahead: bool,
    ) -> Select[Any]:
        count, backward, after, before, _ = self.shapes[page.slot]
        table = level.table
        inner = self._select(level).where(*self._conditions(page, level.name, table, parent))
        if after:
            inner = inner.where(beyond(table, order, f"s{page.slot}_after", forward=True))
        if before:
            inner = inner.where(beyond(table, order, f"s{page.slot}_before", forward=False))
        inner = inner.order_by(*(table.c[c].desc() if desc != backward else table.c[c] for c, desc in order))
        inner = inner.limit(literal_column(str(count + ahead), Integer))
        if parent is None:
            return inner
        keys = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).table_valued("key", name="keys").render_derived()
        below = inner.where(table.c[parent[1].column] == keys.c.key).lateral("page")
        return select(keys.c.key, *below.c).select_from(keys.join(below, true()))

    def _conditions(
        self, page: selection.Page, name: str, table: Any, parent: tuple[str, PageOf] | None, without: str = ""
    ) -> list[Any]:
        conditions = []
        if parent is None or not visibility.implied(parent[0], name, self.viewer):
            conditions.append(visibility.visible(name, table, self.viewer))
        if parent is None:
            filters = ENTITIES[name].filters
            for filter_name, variant in self.shapes[page.slot][4]:
                if filter_name != without:
                    conditions.append(filters[filter_name].build(table, f"s{page.slot}_{filter_name}", variant))
        return conditions

    def _count(
        self,
        name: str,
        page: selection.Page,
        parent: tuple[str, PageOf] | None,
        keys: Keys | None,
    ) -> int:
        table = ENTITIES[name].table.alias(f"t{len(self.pending)}")
        conditions = self._conditions(page, name, table, parent)
        if parent is None:
            statement: Any = select(func.count()).select_from(table).where(*conditions)
        else:
            column = table.c[parent[1].column]
            statement = (
                select(column, func.count())
                .where(column == any_(bindparam("keys", type_=ARRAY(BigInteger))), *conditions)
                .group_by(column)
            )
        self.pending.append((statement, keys))
        return len(self.pending) - 1

    def _facet(
        self,
        item: selection.Facet,
        page: selection.Page,
        name: str,
        parent: tuple[str, PageOf] | None,
        keys: Keys | None,
        setup: list[str],
    ) -> str:
        entity = ENTITIES[name]
        facet = entity.facets[item.facet]
        index = len(self.pending)
        table = entity.table.alias(f"t{index}")
        chosen = dict(self.shapes[page.slot][4]).get(facet.own, "")
        source, code, zh, en = facet.build(table, chosen)
        counted = [code.label("code"), zh.label("zh"), en.label("en"), func.count().label("n")]
        statement = select(*counted).select_from(source).where(*self._conditions(page, name, table, parent, facet.own))
        statement = statement.group_by(code, zh, en).order_by(func.count().desc(), code)
        rows = f"R[{index}]"
        if parent is None:
            statement = statement.limit(literal_column(str(FACET_ROWS), Integer))
        else:
            column = table.c[parent[1].column]
            statement = statement.add_columns(column).group_by(column)
            statement = statement.where(column == any_(bindparam("keys", type_=ARRAY(BigInteger))))
            setup += [f"f{index} = {{}}", f"for r in {rows}: f{index}.setdefault(r[4], []).append(r)"]
            rows = f"f{index}.get(key, NONE)"
        self.pending.append((statement, keys))
        labels = self._constant(dict(item.labels))
        columns = {
            "code": "r[0]",
            "label_zh": f"{labels}[r[0]][0]" if item.labels else "r[1]",
            "label_en": f"{labels}[r[0]][1]" if item.labels else "r[2]",
            "count": "r[3]",
            "__typename": "'Facet'",
        }
        body = ", ".join(f"{leaf.key!r}: {columns[leaf.field]}" for leaf in item.items)
        return f"[{{{body}}} for r in {rows}]"

    def _edge(self, edges: selection.Edges, level: Level, cursor: str, connection: str) -> str:
        parts = []
        for item in edges.items:
            if isinstance(item, selection.EdgeNode):
                parts.append(f"{item.key!r}: {self._object(item.select, level, level.table, level.entity)}")
            elif item.field == "cursor":
                parts.append(f"{item.key!r}: {cursor}")
            else:
                parts.append(f"{item.key!r}: {connection.removesuffix('Connection') + 'Edge'!r}")
        return f"{{{', '.join(parts)}}}"

    def _page_info(self, info: selection.PageInfo, cursor: str, backward: bool, after: bool, before: bool) -> str:
        """Exact in the direction of travel; the other way a page has neighbours if it was reached by a cursor."""
        values = {
            "has_next_page": str(before) if backward else "more",
            "has_previous_page": "more" if backward else str(after),
            "start_cursor": f"next(({cursor} for r in rows[:1]), None)",
            "end_cursor": f"next(({cursor} for r in rows[-1:]), None)",
            "__typename": "'PageInfo'",
        }
        return f"{{{', '.join(f'{leaf.key!r}: {values[leaf.field]}' for leaf in info.items)}}}"

    # -------------------------------------------------------------------------------- objects

    def _object(self, select_: selection.Select, level: Level, table: Any, entity: Entity, guard: str = "") -> str:
        """A Python expression over `r` for one row. `guard` is true where a left-joined row is there."""
        if not entity.kind:
            ((typename, items),) = select_.types.items()
            return self._dict(typename, items, level, table, entity, guard)
        kind = level.column(table, entity.kind)
        if _alike(select_, entity):
            # Every type takes the same columns: one dict, without asking seven times which type it is.
            return self._dict(f"{kind}:", next(iter(select_.types.values())), level, table, entity, guard)
        by_type = {name: value for value, name in entity.types.items()}
        expression = "None"
        for typename, items in select_.types.items():
            is_type = f"{kind} == {by_type[typename]!r}"
            here = f"{guard} and {is_type}" if guard else is_type
            expression = f"({self._dict(typename, items, level, table, entity, here)} if {is_type} else {expression})"
        return expression

    def _dict(
        self, typename: str, items: Sequence[selection.Item], level: Level, table: Any, entity: Entity, guard: str
    ) -> str:
        parts = [f"{item.key!r}: {self._item(typename, item, level, table, entity, guard)}" for item in items]
        return f"{{{', '.join(parts)}}}"

    def _field(self, typename: str, name: str, level: Level, table: Any, entity: Entity) -> str:
        """`typename` is a type's name, or the expression of the row's kind and a colon where it is any type's row."""
        kind, is_kind, _ = typename.partition(":")
        if name == "__typename":
            return f"{self._constant(dict(entity.types))}[{kind}]" if is_kind else repr(typename)
        if name == "id":
            if is_kind:
                prefixes = {value: (one + ":%d").encode() for value, one in entity.types.items()}
                prefix = f"{self._constant(prefixes)}[{kind}]"
            else:
                prefix = self._constant((typename + ":%d").encode())
            return f"gid({prefix} % {level.column(table, 'id')})"
        if name == "__id":
            return level.column(table, "id")
        if name in entity.through:
            relation, column = entity.through[name]
            return level.column(self._join(level, table, entity, relation), column)
        return as_told(level.column(table, name), table.c[name].type)

    def _item(self, typename: str, item: selection.Item, level: Level, table: Any, entity: Entity, guard: str) -> str:
        if isinstance(item, selection.Leaf):
            return self._field(typename, item.field, level, table, entity)
        if isinstance(item, selection.Value):
            body = ", ".join(
                f"{leaf.key!r}: {self._field(item.typename, leaf.field, level, table, entity)}" for leaf in item.items
            )
            if item.null_if is None:
                return f"{{{body}}}"
            return f"(None if {level.column(table, item.null_if)} is None else {{{body}}})"
        if isinstance(item, selection.ValueList):
            columns = [self._field(typename, column, level, table, entity) for column in item.columns]
            body = ", ".join(
                f"{leaf.key!r}: {repr(item.typename) if leaf.field == '__typename' else f'v[{leaf.field!r}]'}"
                for leaf in item.items
            )
            return f"[{{{body}}} for v in {self._constant(item.expand)}({', '.join(columns)})]"
        relation = entity.relations[item.relation]
        if isinstance(item, selection.One):
            assert isinstance(relation, OneOf)
            target = ENTITIES[relation.entity]
            joined = self._join(level, table, entity, item.relation)
            if not relation.nullable:
                return self._object(item.select, level, joined, target, guard)
            there = f"{level.column(joined, 'id')} is not None"
            inner = f"{guard} and {there}" if guard else there
            return f"({self._object(item.select, level, joined, target, inner)} if {there} else None)"
        if isinstance(item, selection.Many):
            assert isinstance(relation, ListOf)
            return self._many(item, relation, level, table, guard)
        assert isinstance(relation, PageOf)
        key = level.column(table, "id")
        place = (id(item), level.index, id(table))
        if place not in self.shared:
            # Several rows may point at one joined row, whose page is read once.
            before, after = ("[", "]") if table is level.table else ("list({", "})")
            keys = Keys(f"{before}{key} for r in R[{level.index}]", after, [])
            order = relation.order or ENTITIES[relation.entity].order
            parent = next(name for name, one in ENTITIES.items() if one is entity)
            self.shared[place] = (self._connection(item, relation.entity, order, (parent, relation), keys), keys)
        own, keys = self.shared[place]
        keys.guards.append(guard)
        return f"{own}({key})"

    def _many(self, item: selection.Many, relation: ListOf, level: Level, table: Any, guard: str) -> str:
        """Rows are read once for all parents and shared between them, since their content is the same."""
        array = level.column(table, relation.column)
        keys = Keys(f"list({{k for r in R[{level.index}]", f" for k in {array}}})", [guard])
        child = self._level(relation.entity)
        body = self._object(item.select, child, child.table, child.entity)
        key = child.column(child.table, "id")
        statement = self._select(child).where(
            child.table.c.id == any_(bindparam("keys", type_=ARRAY(Integer))),
            visibility.visible(child.name, child.table, self.viewer),
        )
        self._finish(child, statement, keys)
        name = f"m{child.index}"
        self.prelude.append(f"    {name} = {{{key}: {body} for r in R[{child.index}]}}")
        return f"[{name}[k] for k in {array} if k in {name}]"

    # -------------------------------------------------------------------------------- statements

    def _level(self, name: str, offset: int = 0) -> Level:
        entity = ENTITIES[name]
        table = entity.table.alias(f"t{len(self.pending)}")
        level = Level(len(self.pending), entity, name, table, table, offset)
        self.pending.append((None, None))
        return level

    def _join(self, level: Level, table: Any, entity: Entity, relation: str) -> Any:
        place = (id(table), relation)
        if place not in level.joins:
            one = entity.relations[relation]
            assert isinstance(one, OneOf)
            target = ENTITIES[one.entity].table.alias(f"{level.table.name}_{len(level.joins) + 1}")
            on = and_(target.c.id == table.c[one.column], visibility.visible(one.entity, target, self.viewer))
            # An inner join below a left join would undo it.
            outer = one.nullable or id(table) in level.left
            level.source = level.source.join(target, on, isouter=outer)
            level.joins[place] = target
            if outer:
                level.left.add(id(target))
        return level.joins[place]

    def _select(self, level: Level) -> Select[Any]:
        return select(*level.columns).select_from(level.source)

    def _finish(self, level: Level, statement: Any, keys: Keys | None = None) -> None:
        self.pending[level.index] = (statement, keys)

    def _constant(self, value: Any) -> str:
        name = f"K{len(self.names)}"
        self.names[name] = value
        return name

    def _program(self, body: str) -> Program:
        statements = []
        for statement, keys in self.pending:
            assert statement is not None
            written: Any = replacement_traverse(statement, {}, written_out)
            compiled: Any = written.compile(dialect=DIALECT)
            names = tuple(compiled.positiontup or ())
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            wanted = keys.function(self.names) if keys else None
            statements.append(Statement(compiled.string, names, constants, wanted))
        source = "\n".join(["def assemble(R, V):", *self.prelude, "    " + body])
        scope = dict(self.names)
        exec(compile(source, "<assembler>", "exec"), scope)
        return Program(tuple(statements), scope["assemble"], source)


def _alike(select_: selection.Select, entity: Entity) -> bool:
    """True where all types of an entity are selected, and of each the same leaves in the same order."""
    wanted = {
        tuple((item.key, item.field) if isinstance(item, selection.Leaf) else None for item in items)
        for items in select_.types.values()
    }
    return len(wanted) == 1 and None not in next(iter(wanted)) and set(select_.types) == set(entity.types.values())

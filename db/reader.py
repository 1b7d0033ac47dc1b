"""Reads selections: arguments checked, programs compiled once a shape, statements run, the answer assembled."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from db import visibility
from db.codes import Codes, UnknownCode
from db.compiler import Compiler
from db.cursors import BadCursor, decode
from db.entities import ENTITIES, PageOf
from db.faults import lost
from db.pool import ReadPool
from db.program import Program
from db.selection import Page, PageArguments, Select
from db.viewer import Viewer

LARGEST_PAGE = 100
DEFAULT_PAGE = 20
PROGRAMS_HELD = 2_000


class BadArguments(ValueError):
    """Arguments of a page that no request can be made of; `code` is stable, texts are for people."""

    def __init__(self, code: str, text_en: str, text_zh: str) -> None:
        super().__init__(text_en)
        self.code, self.text_en, self.text_zh = code, text_en, text_zh


def page_arguments(
    codes: Codes,
    entity_name: str,
    order: Sequence[tuple[str, bool]],
    arguments: Mapping[str, Any],
    slot: int,
    default_count: int = DEFAULT_PAGE,
    *,
    root: bool = True,
) -> PageArguments:
    """Checks first/last/after/before and the filters. Raises BadArguments, or UnknownCode for codes not in memory."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise BadArguments("BAD_PAGE", "Give first or last, not both.", "first 与 last 只能给一个。")
    name = "first" if last is None else "last"
    count = last if last is not None else first if first is not None else default_count
    if not 1 <= count <= LARGEST_PAGE:
        raise BadArguments(
            "BAD_PAGE",
            f"{name} must be from 1 to {LARGEST_PAGE}, not {count}.",
            f"{name} 应在 1 到 {LARGEST_PAGE} 之间，现为 {count}。",
        )
    entity = ENTITIES[entity_name]
    values: dict[str, Any] = {}
    present = {"after": False, "before": False}
    for side in present:
        text = arguments.get(side)
        if text is not None:
            present[side] = True
            try:
                bounds = decode(text, [entity.table.c[column] for column, _ in order])
            except BadCursor:
                raise BadArguments(
                    "BAD_CURSOR", f"{side} is not a cursor of this list.", f"{side} 不是本列表的游标。"
                ) from None
            for position, bound in enumerate(bounds):
                values[f"s{slot}_{side}_{position}"] = bound
    chosen = []
    where = arguments.get("where")
    given = {**arguments, **where} if where else arguments
    for filter_name, one in entity.filters.items() if root else ():
        argument = given.get(filter_name)
        if argument is None or (filter_name == "search" and not argument.strip()):
            continue
        if isinstance(argument, str) and "\x00" in argument:
            raise BadArguments("BAD_TEXT", f"{filter_name} holds a NUL character.", f"{filter_name} 含有空字符。")
        try:
            variant, value = one.prepare(codes, argument)
        except (ValueError, OverflowError):
            raise BadArguments(
                "BAD_TIME",
                f"{filter_name} must be a time with its offset, within the calendar.",
                f"{filter_name} 应为带时区的时间，且不超出历法范围。",
            ) from None
        chosen.append((filter_name, variant))
        if value is not None:
            values[f"s{slot}_{filter_name}"] = value
    return PageArguments(count, last is not None, present["after"], present["before"], tuple(chosen), values)


def order_of(parent: str | None, relation: str) -> tuple[str, Sequence[tuple[str, bool]]]:
    """(entity, order) of a root page (parent None, relation an entity's name) or of a relation."""
    if parent is None:
        return relation, ENTITIES[relation].order
    page = ENTITIES[parent].relations[relation]
    assert isinstance(page, PageOf)
    return page.entity, page.order or ENTITIES[page.entity].order


class Reader:
    """`one`, `by_ids` and `page` answer with plain dicts and lists, ready for JSON."""

    def __init__(self, pool: ReadPool) -> None:
        self.pool = pool
        self.codes = Codes(pool)
        self._programs: OrderedDict[Any, Program] = OrderedDict()
        #: Statements sent since the start: what tests count.
        self.statements = 0

    def _program(
        self, kind: str, root: Select | Page, viewer: Viewer, arguments: Sequence[PageArguments], by: str = "id"
    ) -> Program:
        shape = visibility.shape(viewer)
        # Keeping the selection itself in the key keeps its identity from being used again.
        key = (root, kind, by, shape, tuple([a.shape for a in arguments]))
        program = self._programs.get(key)
        if program is None:
            compiler = Compiler(shape, [a.shape for a in arguments])
            if isinstance(root, Page):
                program = compiler.page(root)
            elif kind == "one":
                program = compiler.one(root, by)
            else:
                program = compiler.by_ids(root)
            self._programs[key] = program
            if len(self._programs) > PROGRAMS_HELD:
                self._programs.popitem(last=False)
        else:
            self._programs.move_to_end(key)
        return program

    async def _run(self, program: Program, viewer: Viewer, arguments: Sequence[PageArguments], by: Any) -> Any:
        values: dict[str, Any] = visibility.values(viewer)
        values["by"] = by
        for one in arguments:
            values.update(one.values)
        try:
            rows = await self._rows(program, values)
        except Exception as error:
            if not lost(error):
                raise
            # PostgreSQL was started again: nothing was changed by asking, so it is asked again, once.
            rows = await self._rows(program, values)
        return program.assemble(rows, values)

    async def _rows(self, program: Program, values: dict[str, Any]) -> list[Any]:
        """The rows of each statement in turn, on one connection."""
        rows: list[Any] = []
        pool = self.pool
        connection = pool.take() or await pool.acquire()
        broken = True
        try:
            for statement in program.statements:
                if statement.keys is not None:
                    keys = statement.keys(rows)
                    if not keys:
                        rows.append(())
                        continue
                    values["keys"] = keys
                self.statements += 1
                if statement.constants:
                    values.update(statement.constants)
                rows.append(await connection.fetch(statement.sql, [values[name] for name in statement.names]))
            broken = False
        except Exception as error:
            broken = isinstance(error, TimeoutError)
            raise
        finally:
            pool.release(connection, broken=broken)
        return rows

    async def one(
        self, root: Select, viewer: Viewer, arguments: Sequence[PageArguments], by: str, value: Any
    ) -> dict[str, Any] | None:
        """The object whose `by` is `value`, or None where there is none that the viewer may see."""
        program = self._program("one", root, viewer, arguments, by)
        answer: dict[str, Any] | None = await self._run(program, viewer, arguments, value)
        return answer

    async def by_ids(
        self, root: Select, viewer: Viewer, arguments: Sequence[PageArguments], ids: Sequence[int]
    ) -> dict[int, dict[str, Any]]:
        """{id: object} of those the viewer may see."""
        program = self._program("by_ids", root, viewer, arguments)
        answer: dict[int, dict[str, Any]] = await self._run(program, viewer, arguments, list(ids))
        return answer

    async def page(self, root: Page, viewer: Viewer, arguments: Sequence[PageArguments]) -> dict[str, Any]:
        answer: dict[str, Any] = await self._run(
            self._program("page", root, viewer, arguments), viewer, arguments, None
        )
        return answer


__all__ = ["BadArguments", "PageArguments", "Reader", "UnknownCode", "order_of", "page_arguments"]

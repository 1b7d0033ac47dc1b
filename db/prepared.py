"""Statements of the acts that are done most, prepared: built by SQLAlchemy once, run on the driver itself.

Executing a Core statement costs ten times what asyncpg needs for it (0.20 ms against 0.02): the statement is built, its
cache key made, its result wrapped. Reading was freed of that first (`db.compiler`); here are writes, on SQLAlchemy's
connection, in the transaction that `transaction` or SQLAlchemy itself began there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg
import orjson
from sqlalchemy import Engine, Executable, Pool
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.faults import OutcomeUnknown, lost

DIALECT: Any = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


class Record(asyncpg.Record):  # type: ignore[misc]
    """A row with its columns as attributes, as SQLAlchemy's rows have them."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def _mapping(self) -> Mapping[str, Any]:
        return dict(self)


#: What is asked before a write: raises where this database takes none now.
_guards: WeakKeyDictionary[Pool, Callable[[], None]] = WeakKeyDictionary()
#: Engines whose connections begin nothing by themselves, by the engine whose connections they share.
_plain: WeakKeyDictionary[AsyncEngine, AsyncEngine] = WeakKeyDictionary()


def guard(engine: Engine, check: Callable[[], None]) -> None:
    """Has `check` called before every prepared statement that writes by this engine."""
    _guards[engine.pool] = check


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """`engine.begin()` at half its price: a transaction that ends with the block, committed or, if it raises, undone.

    Raises OutcomeUnknown where the connection is lost while it commits: it may stand or not.
    """
    if engine not in _plain:
        _plain[engine] = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with _plain[engine].connect() as conn:
        plain: Any = conn.sync_connection
        driver = plain.connection.driver_connection
        try:
            await driver.execute("BEGIN")
            yield conn
            try:
                await driver.execute("COMMIT")
            except Exception as error:
                if lost(error):
                    raise OutcomeUnknown from error
                raise
        finally:
            await _undo(driver)


async def _undo(driver: Any) -> None:
    """Ends a transaction that is still open; a connection that cannot even do that is ended itself."""
    if driver.is_closed() or not driver.is_in_transaction():
        return
    try:
        await driver.execute("ROLLBACK")
    except BaseException:
        driver.terminate()
        raise


class Prepared:
    """One statement, its parameters by name.

    A condition on several constants is written with `or_`, not `in_`. A list goes where an array is expected, a dict or
    list where JSON is (`json` names those). Rows are `Record`s: enums come as text, JSON as the text of it.
    """

    def __init__(self, statement: Executable, *, json: tuple[str, ...] = (), writes: bool = True) -> None:
        self._statement, self._json, self._writes = statement, json, writes
        self._sql = ""
        self._names: tuple[str, ...] = ()
        self._constants: dict[str, Any] = {}

    def _compile(self) -> None:
        compiled: Any = self._statement.compile(dialect=DIALECT)  # type: ignore[attr-defined]
        self._names = tuple(compiled.positiontup or ())
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._sql = compiled.string

    async def fetch(self, conn: AsyncConnection, **values: Any) -> list[Any]:
        """The rows, in the transaction of `conn`, which this begins where nothing did yet.

        What the driver raises is raised as it is.
        """
        if not self._sql:
            self._compile()
        for name in self._json:
            values[name] = orjson.dumps(values[name]).decode()
        constants = self._constants
        given = [values[name] if name in values else constants.get(name) for name in self._names]
        plain: Any = conn.sync_connection
        if self._writes and (check := _guards.get(plain.engine.pool)) is not None:
            check()
        driver = plain.connection.driver_connection
        if driver.is_in_transaction():
            rows: list[Any] = await driver.fetch(self._sql, *given, record_class=Record)
            return rows
        # Transactions begin with what SQLAlchemy executes itself.
        result = await conn.exec_driver_sql(self._sql, tuple(given))
        return list(result.all()) if result.returns_rows else []

    async def first(self, conn: AsyncConnection, **values: Any) -> Any:
        """The first row, or None."""
        rows = await self.fetch(conn, **values)
        return rows[0] if rows else None

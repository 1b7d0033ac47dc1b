"""Brings a database to the newest revision: `await upgrade(url)`.

For who works on the tables:

    python -m db.migrate freeze            before the first release: writes revision 0001 anew from the declarations
    python -m db.migrate revision MESSAGE  after it: a new revision from what has changed, to be read and edited
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_mock_engine, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from db.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
FROZEN = MIGRATIONS / "versions" / "0001_foundation.sql"
#: One migrator at a time in a database; the number is arbitrary and ours.
ADVISORY_LOCK = 0x4649_5645
#: A migration that waits longer than this for a table blocks everybody who queues behind it: better to fail and retry.
LOCK_TIMEOUT = "10s"
STATEMENT_TIMEOUT = "15min"


async def upgrade(url: str) -> None:
    """Runs the missing revisions, each in its own transaction. `url` is postgresql://.

    Safe from several processes: they wait for each other under an advisory lock and the later ones find nothing to do.
    Raises what PostgreSQL raises when a lock is not given within 10 s; the revision is then rolled back whole.
    """
    async with _connection(url) as connection:
        # Before the timeouts: whoever waits for another migrator may wait for as long as that takes.
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        await connection.execute(
            text("SELECT set_config('lock_timeout', :lock, false), set_config('statement_timeout', :statement, false)"),
            {"lock": LOCK_TIMEOUT, "statement": STATEMENT_TIMEOUT},
        )
        await connection.commit()
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), "head"))


async def current(url: str) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    async with _connection(url) as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def head() -> str:
    """The newest revision this installation knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def known() -> set[str]:
    """All revisions this installation knows; a database at any other was migrated by a newer one."""
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def freeze() -> None:
    """Writes revision 0001's tables from the declarations. Existing databases of developers must be made anew."""
    FROZEN.write_text("".join(f"{statement};\n\n" for statement in declared()), encoding="utf-8")


def declared() -> list[str]:
    """The statements that make every declared enum, table and index, in an order that works."""
    statements: list[str] = []

    def take(statement: Any, *_: Any, **__: Any) -> None:
        lines = str(statement.compile(dialect=engine.dialect)).strip().splitlines()
        statements.append("\n".join(line.rstrip() for line in lines).replace("\t", "    "))

    engine = create_mock_engine("postgresql+asyncpg://", take)
    metadata.create_all(engine, checkfirst=False)
    # A table's indexes are a set: sorted, so that the same declarations always give the same file.
    runs = groupby(statements, lambda statement: statement.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX")))
    return [statement for indexes, run in runs for statement in (sorted(run) if indexes else run)]


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _revision(url: str, message: str) -> None:
    await upgrade(url)
    async with _connection(url) as connection:
        number = f"{len(known()) + 1:04d}"
        await connection.run_sync(
            lambda sync: command.revision(_config(sync), message, autogenerate=True, rev_id=number)
        )


def main(arguments: list[str]) -> None:
    """The two commands of the module's docstring."""
    from db.server import database

    match arguments:
        case ["freeze"]:
            freeze()
        case ["revision", message]:
            with tempfile.TemporaryDirectory() as folder, database(None, Path(folder)) as url:
                asyncio.run(_revision(url, message))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

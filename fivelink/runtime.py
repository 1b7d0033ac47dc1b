"""A database ready for use: server up, durable, migrated, its words loaded. What every command begins with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from db import health, migrate
from db.database import Database
from db.server import database as postgres
from db.viewer import LOCAL
from exchange import vocabulary as files
from exchange.records import Fault
from fivelink.settings import Settings
from resolvers import vocabulary
from resolvers.context import Context

T = TypeVar("T")


class VocabularyFaulty(Exception):
    """The vocabulary files cannot be loaded; `faults` says where."""

    def __init__(self, faults: list[Fault]) -> None:
        lines = [f"  {f.place.file}:{f.place.row or ''} {f.text_zh} / {f.text_en}" for f in faults]
        super().__init__("\n".join(["词表文件有误 / The vocabulary files are faulty:", *lines]))
        self.faults = faults


@contextmanager
def server(settings: Settings) -> Iterator[str]:
    """The URL of a PostgreSQL that runs, keeps what it acknowledges, and has the newest tables."""
    with postgres(settings.database_url, settings.data_dir) as url:
        asyncio.run(_make_ready(url))
        yield url


async def _make_ready(url: str) -> None:
    health.require(await health.inspect(url))
    await migrate.upgrade(url)
    db = Database(url)
    try:
        await load_words(Context(database=db, viewer=LOCAL))
    finally:
        await db.close()


async def load_words(context: Context) -> vocabulary.Loaded:
    """Areas, terms, resource types and weights as they are shipped; changes nothing where nothing is new."""
    areas, terms = files.read_areas(), files.read_terms()
    types, weights = files.read_resource_types(), files.read_weights()
    faults = [*areas.faults, *terms.faults, *types.faults, *weights.faults]
    if faults:
        raise VocabularyFaulty(faults)
    return await vocabulary.load(
        context, areas=areas.records, terms=terms.records, resource_types=types.records, weights=weights.records
    )


@asynccontextmanager
async def local(url: str) -> AsyncIterator[Context]:
    """A context of the command line: whoever can read the data folder may do everything."""
    db = Database(url, pool_size=2)
    try:
        yield Context(database=db, viewer=LOCAL)
    finally:
        await db.close()


def with_context(settings: Settings, work: Callable[[Context], Coroutine[Any, Any, T]]) -> T:
    """Runs one piece of work of a command from start to end."""

    async def run(url: str) -> T:
        async with local(url) as context:
            return await work(context)

    with server(settings) as url:
        return asyncio.run(run(url))

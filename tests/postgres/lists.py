"""A county with the words that are shipped, lists written for it, and a look at all it holds."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from small_county import NOON
from sqlalchemy import make_url, text

from db.database import Database
from db.viewer import LOCAL
from exchange import writing
from exchange.records import Record, Sheet
from fivelink.runtime import load_words
from resolvers import imports, matches
from resolvers.context import Context
from resolvers.imports import FileReport

COUNTY = "370832"
TEMPLATE = "fivelink_words"
_numbers = itertools.count(1)

#: Everything an import may write, without the ids that a dry run may use up.
_EVERYTHING = (
    "SELECT 'party', to_jsonb(t) FROM party t UNION ALL SELECT 'need', to_jsonb(t) FROM need t"
    " UNION ALL SELECT 'offer', to_jsonb(t) FROM offer t UNION ALL SELECT 'event', to_jsonb(t) FROM event t"
    " UNION ALL SELECT 'match', to_jsonb(t) - 'id' FROM match t"
)
_MATCHES = "SELECT need_id, offer_id, score, quantity, parts, weight_set_id FROM match ORDER BY need_id, offer_id"


def in_thread(work: Any) -> Any:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _load(url: str) -> None:
    database = Database(url)
    try:
        await load_words(Context(database, LOCAL, lambda: NOON))
    finally:
        await database.close()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def words_url(server_url: str, template_url: str) -> Iterator[str]:
    """A database with the shipped words and nothing else, only ever cloned."""
    name = f"{TEMPLATE}_{next(_numbers)}"
    in_thread(_execute(server_url, f"CREATE DATABASE {name} TEMPLATE {make_url(template_url).database}"))
    in_thread(_load(_named(server_url, name)))
    yield _named(server_url, name)
    in_thread(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


@dataclass(frozen=True)
class Desk:
    """Where lists are taken in: one database, one folder."""

    context: Context
    folder: Path

    async def take(self, path: Path, **more: Any) -> FileReport:
        return await imports.run(self.context, path, **{"area": COUNTY} | more)

    def written(self, records: Sequence[Record], name: str = "list.xlsx") -> Path:
        """The file these records make (the only one)."""
        (path,) = writing.write(self.folder / name, [Sheet(name, None, records=list(records))])
        return path

    def csv(self, text: str, name: str = "list.csv") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        async with self.context.engine.connect() as conn:
            return list((await conn.execute(text(sql), values)).all())

    async def everything(self) -> list[Any]:
        return sorted(await self.rows(_EVERYTHING), key=repr)

    async def matches(self) -> list[Any]:
        return await self.rows(_MATCHES)

    async def matches_are_true(self) -> bool:
        """Whether the stored matches are those that computing all of them again gives."""
        stored = await self.matches()
        await matches.renew_all(self.context)
        return stored == await self.matches()


@pytest.fixture
def desk_url(server_url: str, words_url: str) -> Iterator[str]:
    """A database of this test alone with the shipped words."""
    name = f"desk_{next(_numbers)}"
    in_thread(_execute(server_url, f"CREATE DATABASE {name} TEMPLATE {make_url(words_url).database}"))
    yield _named(server_url, name)
    in_thread(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def desk(desk_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(desk_url, pool_size=2)
    yield Desk(Context(database, LOCAL, lambda: NOON), tmp_path)
    await database.close()


def codes(report: FileReport) -> list[str]:
    return [fault.code for fault in report.faults]


def counts(report: FileReport) -> tuple[int, int, int, int]:
    """(new, changed, unchanged, faults) of all kinds of rows."""
    return report.new.total(), report.changed.total(), report.unchanged.total(), len(report.faults)

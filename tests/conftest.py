"""One embedded PostgreSQL for the whole run, and a database of its own for every test that asks for one.

With pytest-xdist each worker is a run of its own, with its own server.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy import make_url

from db.migrate import upgrade
from db.server import database
from resolvers import sealing

T = TypeVar("T")

TEMPLATE = "fivelink_template"
#: Bytes that must be free in memory for the run's server to live there: its log of changes alone may take a gigabyte.
ROOM = 6 * 2**30
_numbers = itertools.count(1)
# Every process of the suite seals with a key of its own.
sealing.use(sealing.made())


def _in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Runs it on a loop of its own, so that a fixture works with and without a running loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, alone in a private folder that is removed afterwards.

    Not below pytest's own folder: each run of pytest closes that to the account that root lends the server.
    """
    with tempfile.TemporaryDirectory(prefix="fivelink-tests-") as folder:
        yield Path(folder) / "data"


def _quick_folder() -> str | None:
    """Where files are memory, if there is enough of it: each test makes a database, synced to what it lies on.

    The server's settings stay those of the product; tests that break disks and processes have folders of their own.
    """
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK | os.X_OK)):
        return None
    return str(memory) if shutil.disk_usage(memory).free >= ROOM else None


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The run's server: the URL of a database in it that tests leave alone."""
    with (
        tempfile.TemporaryDirectory(prefix="fivelink-tests-", dir=_quick_folder()) as folder,
        database(None, Path(folder)) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def template_url(server_url: str) -> str:
    """A migrated, empty database that is only ever cloned."""
    url = _named(server_url, TEMPLATE)
    _in_thread(_execute(server_url, f"CREATE DATABASE {TEMPLATE}"))
    _in_thread(upgrade(url))
    return url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database of this test alone, without any table."""
    name = f"test_{next(_numbers)}"
    _in_thread(_execute(server_url, f"CREATE DATABASE {name}"))
    yield _named(server_url, name)
    _in_thread(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database_url(server_url: str, template_url: str) -> Iterator[str]:
    """A migrated database of this test alone, empty of rows. postgresql://, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    _in_thread(_execute(server_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield _named(server_url, name)
    _in_thread(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))

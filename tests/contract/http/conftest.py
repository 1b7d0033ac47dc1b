"""The application on a database of the test's own, spoken to over ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import insert

from db.areas import AreaRow
from db.database import Database
from db.viewer import LOCAL
from fivelink.app import App, build
from fivelink.settings import Settings
from resolvers.context import Context


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, max_body_bytes=10_000)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The test's own view of the same rows, with one county (id 1, 370832) and a neighbour (id 2, 370830)."""
    database = Database(database_url, pool_size=2)
    counties = [
        {"id": n, "code": code, "name": name, "full_name": name, "level": "COUNTY", "ancestor_ids": [n]}
        for n, code, name in ((1, "370832", "梁山县"), (2, "370830", "汶上县"))
    ]
    async with database.engine.begin() as connection:
        await connection.execute(insert(AreaRow), counties)
    yield database
    await database.close()


@pytest.fixture
async def app(settings: Settings, database: Database) -> AsyncIterator[App]:
    app = build(settings)
    yield app
    await app.close()


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fivelink.test") as client:
        yield client


@pytest.fixture
def local(database: Database) -> Context:
    """Acts as whoever sits at the server."""
    return Context(database=database, viewer=LOCAL)

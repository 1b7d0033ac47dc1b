"""What lies around the endpoint: the page, its files, and the answers for who watches the service."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from speaking import code_of

from fivelink.app import STATIC, App, build
from fivelink.settings import Settings

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app: App = build(settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fivelink.test") as client:
        yield client
    await app.close()


async def test_a_browser_gets_the_page_and_every_file_it_names(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers=BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    files = [address for address in addresses if address != "data:,"]
    assert len(files) == 2
    for address in files:
        assert address.startswith("/static/graphiql/")
        file = await client.get(address)
        assert file.status_code == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_the_page_may_load_and_ask_nothing_elsewhere(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/graphql", headers=BROWSER)).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    style = (STATIC / "graphiql" / "graphiql.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(['\"]?(https?:)?//|@import", style)


async def test_files_without_a_version_are_checked_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/static/graphiql/graphiql.css")
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get("/static/graphiql/graphiql.css", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


async def test_files_outside_the_folder_are_not_served(client: httpx.AsyncClient) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"):
        assert (await client.get(path)).status_code == 404


async def test_where_the_page_is_switched_off_a_browser_gets_json(settings: Settings) -> None:
    async with opened(replace(settings, graphiql=False)) as client:
        response = await client.get("/graphql", headers=BROWSER)
    assert response.status_code == 400
    assert code_of(response) == "MISSING_QUERY"


async def test_introspection_can_be_switched_off(settings: Settings, client: httpx.AsyncClient) -> None:
    query = {"query": '{ __type(name: "Need") { name } }'}
    assert (await client.post("/graphql", json=query)).json() == {"data": {"__type": {"name": "Need"}}}
    async with opened(replace(settings, introspection=False)) as closed:
        assert code_of(await closed.post("/graphql", json=query)) == "VALIDATION_FAILED"


async def test_home_leads_to_the_page(client: httpx.AsyncClient) -> None:
    response = await client.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/graphql")


async def test_unknown_addresses_are_404_and_say_where_the_api_is(client: httpx.AsyncClient) -> None:
    response = await client.get("/graph")
    assert response.status_code == 404
    assert code_of(response) == "NOT_FOUND"


async def test_alive_and_ready_on_a_migrated_database(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_alive_but_not_ready_without_a_database(settings: Settings) -> None:
    async with opened(replace(settings, database_url="postgresql://nobody:secret@127.0.0.1:1/none")) as client:
        assert (await client.get("/healthz")).status_code == 200
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert code_of(response) == "DATABASE_UNAVAILABLE"
    assert "secret" not in response.text


async def test_not_ready_before_the_migrations(settings: Settings, empty_database_url: str) -> None:
    async with opened(replace(settings, database_url=empty_database_url)) as client:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert code_of(response) == "MIGRATIONS_BEHIND"


async def test_without_any_database_it_is_not_built() -> None:
    with pytest.raises(ValueError, match="no database"):
        build(Settings())

"""What a client of /graphql sees of HTTP: status, media type, refusals."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx
import pytest
from speaking import code_of, parties

from db.database import Database
from fivelink.app import App
from fivelink.endpoint import Endpoint
from fivelink.sign_in import SignIn
from resolvers import keys
from resolvers.context import Context
from schema.execution.executor import Executor

GRAPHQL = "application/graphql-response+json"
TYPENAME = {"query": "{ __typename }"}
REGISTER = 'mutation { volunteerRegister(input: {name: "拳铺志愿服务队", area: "370832"}) { __typename } }'


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"application/json, {GRAPHQL};q=0.5", "application/json"),
        (f"application/json;q=0, {GRAPHQL};q=0.1", GRAPHQL),
        (f"text/event-stream, {GRAPHQL}", GRAPHQL),
        ("text/html, */*;q=0.1", "application/json"),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
    ],
)
async def test_answers_in_the_type_asked_for(client: httpx.AsyncClient, accept: str | None, answered: str) -> None:
    if accept is None:
        del client.headers["accept"]
    else:
        client.headers["accept"] = accept
    response = await client.post("/graphql", json=TYPENAME)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "text/html", f"{GRAPHQL}; charset=gbk"])
async def test_types_that_it_cannot_answer_in_are_refused(client: httpx.AsyncClient, accept: str) -> None:
    response = await client.post("/graphql", json=TYPENAME, headers={"accept": accept})
    assert response.status_code == 406
    assert code_of(response) == "NOT_ACCEPTABLE"


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        (None, "UNSUPPORTED_MEDIA_TYPE"),
        ("text/plain", "UNSUPPORTED_MEDIA_TYPE"),
        ("application/x-www-form-urlencoded", "UNSUPPORTED_MEDIA_TYPE"),
        ("application/jsonx", "UNSUPPORTED_MEDIA_TYPE"),
        ("application/json; charset=gbk", "UNSUPPORTED_CHARSET"),
    ],
)
async def test_bodies_of_another_type_are_refused(
    client: httpx.AsyncClient, content_type: str | None, code: str
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    response = await client.post("/graphql", content=json.dumps(TYPENAME), headers=headers)
    assert response.status_code == 415
    assert code_of(response) == code


async def test_a_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=TYPENAME, headers={"content-encoding": "gzip"})
    assert response.status_code == 415
    assert code_of(response) == "UNSUPPORTED_ENCODING"


@pytest.mark.parametrize("content_type", ['application/json; charset="UTF-8"', "Application/JSON;charset=utf8"])
async def test_utf8_may_be_named_in_any_spelling(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post("/graphql", content=json.dumps(TYPENAME), headers={"content-type": content_type})
    assert response.status_code == 200


MALFORMED: list[tuple[bytes, str]] = [
    (b"", "EMPTY_BODY"),
    (b"{", "MALFORMED_JSON"),
    (b'{"query": "{ __typename }", "variables": {"n": NaN}}', "MALFORMED_JSON"),
    (b'{"query": "\xff"}', "MALFORMED_JSON"),
    (b'{"query": "\\ud800"}', "MALFORMED_JSON"),
    (b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 1500 + b"1" + b"}" * 1500 + b"}", "MALFORMED_JSON"),
    (b'{"query": "{ __typename }", "variables": {"n": 1e999}}', "MALFORMED_JSON"),
    (b"null", "MALFORMED_REQUEST"),
    (b'"{ __typename }"', "MALFORMED_REQUEST"),
    (b'[{"query": "{ __typename }"}]', "BATCHING_NOT_SUPPORTED"),
    (b"{}", "MISSING_QUERY"),
    (b'{"query": null}', "MISSING_QUERY"),
    (b'{"query": ["{ __typename }"]}', "MALFORMED_REQUEST"),
    (b'{"query": "{ __typename }", "operationName": 1}', "MALFORMED_REQUEST"),
    (b'{"query": "{ __typename }", "variables": []}', "MALFORMED_REQUEST"),
    (b'{"query": "{ __typename }", "variables": "{}"}', "MALFORMED_REQUEST"),
    (b'{"query": "{ __typename }", "extensions": 0}', "MALFORMED_REQUEST"),
    (b'{"query": "{ __typename }", "variables": {"a": ["x\\u0000"]}}', "NUL_CHARACTER"),
    (b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}}', "PERSISTED_QUERY_NOT_SUPPORTED"),
]


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL])
@pytest.mark.parametrize(("body", "code"), MALFORMED)
async def test_malformed_requests_are_400_in_either_type(
    client: httpx.AsyncClient, body: bytes, code: str, accept: str
) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    response = await client.post("/graphql", content=body, headers=headers)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith(accept)
    assert code_of(response) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "SYNTAX_ERROR"),
        ("", "EMPTY_QUERY"),
        ("{ nothingOfTheKind }", "VALIDATION_FAILED"),
        ("{" + "needs{edges{node{community{" * 5 + "id" + "}}}}" * 5 + "}", "QUERY_TOO_DEEP"),
        ("{" + "a{" * 3000 + "b" + "}" * 3000 + "}", "QUERY_TOO_DEEP"),
        ('{ node(id: "\\u0000") { id } }', "NUL_CHARACTER"),
        ("query A { __typename } query B { __typename }", "OPERATION_NAME_NEEDED"),
    ],
)
async def test_a_refused_operation_is_400_or_200_by_type(client: httpx.AsyncClient, query: str, code: str) -> None:
    new = await client.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL})
    old = await client.post("/graphql", json={"query": query}, headers={"accept": "application/json"})
    assert (new.status_code, old.status_code) == (400, 200)
    assert code_of(new) == code_of(old) == code


async def test_a_persisted_query_beside_its_text_is_just_the_text(client: httpx.AsyncClient) -> None:
    request = {**TYPENAME, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}}
    assert (await client.post("/graphql", json=request)).json() == {"data": {"__typename": "Query"}}


async def test_queries_may_be_sent_with_get(client: httpx.AsyncClient) -> None:
    parameters = {
        "query": "query A($n: Int) { __typename needs(first: $n) { totalCount } } query B { b: __typename }",
        "operationName": "A",
        "variables": '{"n": 3}',
        "extensions": "{}",
    }
    response = await client.get("/graphql", params=parameters)
    assert response.json() == {"data": {"__typename": "Query", "needs": {"totalCount": 0}}}


@pytest.mark.parametrize(
    ("query_string", "code"),
    [
        ("", "MISSING_QUERY"),
        ("query=%ff", "MALFORMED_PARAMETERS"),
        ("query=%7B__typename%7D&query=x", "MALFORMED_PARAMETERS"),
        ("query=%7B__typename%7D&" + "&".join(f"a{n}=1" for n in range(30)), "MALFORMED_PARAMETERS"),
        ("query=%7B__typename%7D&variables=%7B", "MALFORMED_JSON"),
        ("query=%7B__typename%7D&variables=[]", "MALFORMED_REQUEST"),
    ],
)
async def test_malformed_gets_are_400(client: httpx.AsyncClient, query_string: str, code: str) -> None:
    response = await client.get("/graphql?" + query_string)
    assert response.status_code == 400
    assert code_of(response) == code


async def test_an_act_over_get_is_refused_and_not_done(
    client: httpx.AsyncClient, database: Database, local: Context
) -> None:
    client.headers["authorization"] = "Bearer " + await keys.create(local, role="ADMIN")
    response = await client.get("/graphql", params={"query": REGISTER})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert code_of(response) == "MUTATION_OVER_GET"
    assert await parties(database) == 0

    response = await client.post("/graphql", json={"query": REGISTER})
    assert response.json() == {"data": {"volunteerRegister": {"__typename": "VolunteerRegistered"}}}
    assert await parties(database) == 1


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    get = await client.get("/graphql", params=TYPENAME)
    head = await client.head("/graphql", params=TYPENAME)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_options_names_the_methods_and_opens_no_other_origin(client: httpx.AsyncClient) -> None:
    headers = {"origin": "https://elsewhere.test", "access-control-request-method": "POST"}
    response = await client.options("/graphql", headers=headers)
    assert response.status_code == 204
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_405(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql", json=TYPENAME)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert code_of(response) == "METHOD_NOT_ALLOWED"


async def test_a_body_over_the_limit_is_refused_by_its_length(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ __typename }" + " " * 10_000})
    assert response.status_code == 413
    assert code_of(response) == "BODY_TOO_LARGE"


async def test_a_body_without_length_is_read_no_further_than_the_limit(app: App) -> None:
    taken = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b" " * 4_000, "more_body": True}

    sent = await _post(app, receive)
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]
    assert taken == 3


async def test_a_body_in_pieces_is_one_body(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"query": "{ __ty', b"", b'pename }"}'):
            yield piece

    response = await client.post("/graphql", content=pieces(), headers={"content-type": "application/json"})
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_a_body_that_never_ends_is_given_up(database: Database) -> None:
    endpoint = Endpoint(Executor(database), SignIn(database), body_seconds=0.05)
    first = True

    async def receive() -> MutableMapping[str, Any]:
        nonlocal first
        if not first:
            await asyncio.Event().wait()
        first = False
        return {"type": "http.request", "body": b"{", "more_body": True}

    sent = await _post(endpoint, receive)
    assert sent[0]["status"] == 408


async def test_a_client_that_leaves_makes_no_noise(app: App, caplog: pytest.LogCaptureFixture) -> None:
    async def gone() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def whole() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b'{"query": "{ __typename }"}'}

    async def broken(_: MutableMapping[str, Any]) -> None:
        raise OSError("the other end has closed")

    with caplog.at_level(logging.WARNING):
        assert await _post(app, gone) == []
        await app(_scope(), whole, broken)
    assert caplog.records == []


async def test_a_fault_of_ours_is_500_without_its_text(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def run(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("password=hunter2")

    endpoint = Endpoint(Broken(), SignIn(database))

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b'{"query": "{ __typename }"}'}

    sent = await _post(endpoint, receive)
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert b"hunter2" not in sent[1]["body"]
    assert "hunter2" in caplog.text


def _scope() -> dict[str, Any]:
    headers = [(b"content-type", b"application/json")]
    return {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}


async def _post(app: Any, receive: Any) -> list[MutableMapping[str, Any]]:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(_scope(), receive, send)
    return sent

"""GraphQL over server-sent events: what is streamed, what is refused before, how one resumes, and who does not read."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from live_stage import COUNT, Source, Stage, eventually, staged
from speaking import code_of

from fivelink.http_answers import HttpFault
from fivelink.live import is_subscription, resumed

EVENTS = {"accept": "text/event-stream"}
QUERY = {"query": "{ __typename }"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers=EVENTS, timeout=20, trust_env=False) as client:
        yield client


def count(**variables: Any) -> dict[str, Any]:
    return {"query": COUNT, "variables": variables}


def events(text: str) -> list[dict[str, str]]:
    """The events as a browser reads them; comments and retry lines left out."""
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(":") for line in block.split("\n") if line and not line.startswith((":", "retry"))]
        if lines:
            found.append({name: value.removeprefix(" ") for name, _, value in lines})
    return found


async def next_event(lines: AsyncIterator[str]) -> dict[str, str]:
    block = ""
    async with asyncio.timeout(20):
        async for line in lines:
            block += line + "\n"
            if not line:
                found = events(block)
                if found:
                    return found[0]
                block = ""
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_is_streamed_to_its_end(stage: Stage, client: httpx.AsyncClient, method: str) -> None:
    if method == "POST":
        response = await client.post(stage.stream, json=count(n=2))
    else:
        response = await client.get(stage.stream, params={"query": COUNT, "variables": '{"n": 2}'})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store, no-transform"
    assert response.headers["x-accel-buffering"] == "no"
    one, two, last = events(response.text)
    assert (one["event"], one["id"], two["id"]) == ("next", "1", "2")
    assert json.loads(two["data"]) == {"data": {"count": {"cursor": "2", "padding": ""}}}
    # Browsers dispatch no event without a data line.
    assert last == {"event": "complete", "data": ""}
    assert stage.source.closed == 1


@pytest.mark.parametrize("operation", ["{ __typename }", "mutation { act }"])
async def test_queries_and_acts_are_answered_too(stage: Stage, client: httpx.AsyncClient, operation: str) -> None:
    response = await client.post(stage.stream, json={"query": operation})
    assert events(response.text) == [
        {"event": "next", "data": '{"data":{"__typename":"Query"}}'},
        {"event": "complete", "data": ""},
    ]


async def test_an_act_over_get_is_refused(stage: Stage, client: httpx.AsyncClient) -> None:
    response = await client.get(stage.stream, params={"query": "mutation { act }"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert stage.source.asked == []
    assert (await client.get(stage.stream, params=QUERY)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "EMPTY_BODY"),
        (b"[]", 400, "BATCHING_NOT_SUPPORTED"),
        (b"null", 400, "MALFORMED_REQUEST"),
        (b"{}", 400, "MISSING_QUERY"),
        (b'{"query":"{ refused }"}', 400, "REFUSED_HERE"),
        (b'{"query":"subscription { refused }"}', 400, "REFUSED_HERE"),
        (b'{"query":"{ broken }"}', 500, "INTERNAL"),
        (b" " * 20_000, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_what_cannot_begin_is_refused_with_a_body(
    stage: Stage, client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    response = await client.post(stage.stream, content=body, headers={"content-type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert code_of(response) == code
    assert "hunter2" not in response.text


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "text/event-stream;q=0"])
async def test_who_takes_no_events_is_sent_elsewhere(stage: Stage, client: httpx.AsyncClient, accept: str) -> None:
    response = await client.post(stage.stream, json=QUERY, headers={"accept": accept})
    assert (response.status_code, code_of(response)) == (406, "NOT_ACCEPTABLE")
    assert stage.source.asked == []


async def test_methods_types_and_keys_are_checked_as_at_the_endpoint(stage: Stage, client: httpx.AsyncClient) -> None:
    assert (await client.options(stage.stream)).headers["allow"] == "GET, POST, OPTIONS"
    assert (await client.put(stage.stream, json=QUERY)).status_code == 405
    assert (await client.post(stage.stream, content="{}")).status_code == 415
    response = await client.post(stage.stream, json=QUERY, headers={"authorization": "Bearer bad"})
    assert (response.status_code, code_of(response)) == (401, "INVALID_KEY")
    await client.post(stage.stream, json=QUERY, headers={"authorization": "Bearer good"})
    assert [viewer.key_id for viewer in stage.source.viewers] == [7]


async def test_a_browser_that_comes_back_goes_on_where_it_was(stage: Stage, client: httpx.AsyncClient) -> None:
    """EventSource asks the same address again, and says what it saw last."""
    parameters = {"query": COUNT, "variables": '{"n": 2, "after": "10"}'}
    first = await client.get(stage.stream, params=parameters)
    seen = events(first.text)[1]["id"]
    again = await client.get(stage.stream, params=parameters, headers={"last-event-id": seen})
    assert [one.get("id") for one in events(again.text)] == ["13", "14", None]


async def test_a_cursor_of_the_clients_own_is_kept_when_it_posts(stage: Stage, client: httpx.AsyncClient) -> None:
    headers = {"last-event-id": "70"}
    own = await client.post(stage.stream, json=count(n=1, after="10"), headers=headers)
    none = await client.post(stage.stream, json=count(n=1), headers=headers)
    assert [events(one.text)[0]["id"] for one in (own, none)] == ["11", "71"]


FIELD = "count(after: $fivelinkLastEventId"
OWN = "$fivelinkLastEventId: String"


@pytest.mark.parametrize(
    ("query", "name", "text"),
    [
        ("subscription { count { a } }", None, f"subscription({OWN}) {{ {FIELD}) {{ a }} }}"),
        ("subscription S @a { x: count { a } }", "S", f"subscription S({OWN}) @a {{ x: {FIELD}) {{ a }} }}"),
        ("subscription { count(n: 2) { a } }", None, f"subscription({OWN}) {{ {FIELD} n: 2) {{ a }} }}"),
        ("subscription { count(after: null) { a } }", None, f"subscription({OWN}) {{ {FIELD}) {{ a }} }}"),
        (
            "# 订阅 subscription\nsubscription S($n: Int) { count(n: $n) }",
            None,
            f"# 订阅 subscription\nsubscription S({OWN} $n: Int) {{ {FIELD} n: $n) }}",
        ),
        ('subscription { count(after: "3") }', None, 'subscription { count(after: "3") }'),
        ("{ subscriptions }", None, "{ subscriptions }"),
        ("query A { a } subscription B { count }", "A", "query A { a } subscription B { count }"),
        ("subscription {", None, "subscription {"),
    ],
)
async def test_where_a_subscription_takes_no_cursor_one_is_put_in(query: str, name: str | None, text: str) -> None:
    changed, variables = resumed(query, name, None, "9", override=False)
    assert changed == text
    assert (variables or {}).get("fivelinkLastEventId") == (None if text == query else "9")


async def test_a_cursor_given_as_a_variable_is_filled_in_and_a_literal_one_overridden() -> None:
    query = "subscription($a: String) { count(after: $a) }"
    assert resumed(query, None, {"a": None}, "9", override=False) == (query, {"a": "9"})
    assert resumed(query, None, {"a": "3"}, "9", override=False) == (query, {"a": "3"})
    assert resumed(query, None, {"a": "3"}, "9", override=True) == (query, {"a": "9"})
    literal = 'subscription { count(after: "3") }'
    assert resumed(literal, None, None, "9", override=True)[0] == f"subscription({OWN}) {{ {FIELD}) }}"


async def test_what_cannot_be_resumed_is_refused_rather_than_begun_anew() -> None:
    query = "subscription { ...F } fragment F on Subscription { count }"
    assert is_subscription(query, None)
    with pytest.raises(HttpFault) as caught:
        resumed(query, None, None, "9", override=True)
    assert (caught.value.status, caught.value.code) == (400, "CANNOT_RESUME")


async def test_a_quiet_stream_says_that_it_lives_and_a_leaver_frees_it(client: httpx.AsyncClient) -> None:
    source = Source()
    source.gate.clear()
    async with staged(source, attend_seconds=0.02) as stage:
        async with client.stream("POST", stage.stream, json=count()) as response:
            lines = response.aiter_lines()
            beats = 0
            async with asyncio.timeout(20):
                async for line in lines:
                    beats += line == ":"
                    if beats == 3:
                        break
        await eventually(lambda: source.closed == 1 and len(stage.connections) == 0)


async def test_a_key_that_is_revoked_ends_the_stream_in_words(client: httpx.AsyncClient) -> None:
    source = Source()
    source.gate.clear()
    async with staged(source, attend_seconds=0.02) as stage:
        headers = {"authorization": "Bearer good"}
        async with client.stream("POST", stage.stream, json=count(), headers=headers) as response:
            await eventually(lambda: source.begun == 1)
            stage.door.shut = True  # type: ignore[attr-defined]
            got = events((await response.aread()).decode())
        assert json.loads(got[0]["data"])["errors"][0]["extensions"]["code"] == "INVALID_KEY"
        assert got[1]["event"] == "complete"
        await eventually(lambda: source.closed == 1)


async def test_a_fault_on_the_way_is_coded_and_says_where_to_resume(stage: Stage, client: httpx.AsyncClient) -> None:
    response = await client.post(stage.stream, json={"query": COUNT + " # late", "variables": {"n": 2}})
    got = events(response.text)
    assert [one["event"] for one in got] == ["next", "next", "next"]
    [error] = json.loads(got[2]["data"])["errors"]
    assert (error["extensions"]["code"], error["extensions"]["cursor"]) == ("INTERNAL", "2")
    assert "hunter2" not in response.text


async def test_streams_beyond_the_limit_are_refused_in_words(client: httpx.AsyncClient) -> None:
    source = Source()
    source.gate.clear()
    async with staged(source, most=1) as stage, client.stream("POST", stage.stream, json=count()) as first:
        assert first.status_code == 200
        second = await client.post(stage.stream, json=count())
        assert (second.status_code, code_of(second)) == (503, "TOO_MANY_CONNECTIONS")
        assert second.headers["retry-after"]


async def test_who_does_not_read_costs_little_and_is_told_why_it_was_cut_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ten thousand answers of 10 kB are there for a socket that reads none of them."""
    source = Source(padding=10_000)
    async with staged(source, send_seconds=0.3) as stage:
        raw = socket.create_connection(("127.0.0.1", stage.port))
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        body = json.dumps(count(n=10_000)).encode()
        head = (
            b"POST /graphql/stream HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        )
        with caplog.at_level(logging.ERROR):
            await loop.sock_sendall(raw, head % len(body) + body)
            await eventually(lambda: source.closed == 1)
            # What the kernel takes (a few MB at most on loopback) and one buffer of ours; not the 100 MB there are.
            assert source.made < 1_500
            read = bytearray()
            async with asyncio.timeout(20):
                while piece := await loop.sock_recv(raw, 1 << 20):
                    read += piece
            raw.close()
            await eventually(lambda: len(stage.connections) == 0)
    last = events(read[-2_000:].decode())[-2]
    [error] = json.loads(last["data"])["errors"]
    assert error["extensions"]["code"] == "SLOW_READER"
    # The one that could not be sent is made again for who resumes there.
    assert error["extensions"]["cursor"] == str(source.made - 1) == last["id"]
    # The answer has its proper end all the same.
    assert read.endswith(b"\r\n0\r\n\r\n")
    assert caplog.records == []


async def test_told_to_stop_answers_what_runs_and_ends_streams_so_that_clients_come_back(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source()
    source.gate.clear()
    with caplog.at_level(logging.ERROR):
        async with staged(source) as stage:
            act = asyncio.create_task(client.post(stage.stream, json={"query": "mutation { act }"}))
            async with client.stream("POST", stage.stream, json=count()) as response:
                await eventually(lambda: source.begun == 2)
                stage.stop()
                # A proper end, or httpx raises; no `complete`, or clients would not come back.
                assert events((await response.aread()).decode()) == []
            source.gate.set()
            assert [one["event"] for one in events((await act).text)] == ["next", "complete"]
    assert caplog.records == []

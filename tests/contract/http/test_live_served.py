"""Subscriptions as their users meet them: `fivelink serve` as a process, both transports, a server that is ended."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from live_stage import subscribe
from test_stream import events, next_event
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from db.database import Database
from db.viewer import LOCAL
from fivelink.live import STREAM_PATH
from resolvers import keys
from resolvers.context import Context

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NODE = shutil.which("node")
CHANGES = 'subscription($after: String) { needChanged(area: "370832", after: $after) { cursor event need { title } } }'
REGISTER = """mutation { communityRegister(input: { name: "凤山社区", area: "370832001" }) {
    ... on CommunityRegistered { community { id } } ... on Problem { code message } } }"""
SUBMIT = """mutation($community: ID!, $title: String!) { needSubmit(input: {
    title: $title, communityId: $community, resourceType: "WHEELCHAIR", quantity: 1 }) {
    __typename ... on NeedSubmitted { need { id } } } }"""


class Served:
    """`fivelink serve` on a database, and an administrator who speaks to it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, key: str) -> None:
        self.process, self.port, self.key = process, port, key
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {key}"},
            timeout=20,
            trust_env=False,
        )

    async def ask(self, query: str, **variables: Any) -> Any:
        response = await self.http.post("/graphql", json={"query": query, "variables": variables})
        answer = response.json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def community(self) -> str:
        done = (await self.ask(REGISTER))["communityRegister"]
        assert "community" in done, done
        found: str = done["community"]["id"]
        return found

    async def submit(self, community: str, title: str) -> None:
        done = await self.ask(SUBMIT, community=community, title=title)
        assert done["needSubmit"]["__typename"] == "NeedSubmitted"

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[ClientConnection]:
        url = f"ws://127.0.0.1:{self.port}/graphql"
        headers = {"authorization": f"Bearer {self.key}"}
        async with connect(url, subprotocols=["graphql-transport-ws"], additional_headers=headers, proxy=None) as one:  # type: ignore[list-item]
            await one.send('{"type":"connection_init"}')
            assert await one.recv() == '{"type":"connection_ack"}'
            yield one

    async def stop(self) -> int:
        await self.http.aclose()
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            return await self.process.wait()


async def serve(database_url: str, port: int = 0) -> Served:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIVELINK_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fivelink.cli",
        "serve",
        cwd=ROOT,
        env=clean | {"FIVELINK_DATABASE_URL": database_url, "FIVELINK_PORT": str(port)},
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while True:
            line = (await process.stderr.readline()).decode()
            assert line, "the server did not start"
            if found := re.search(r"http://\S+:(\d+)", line):
                break
    database = Database(database_url, pool_size=1)
    try:
        key = await keys.create(Context(database=database, viewer=LOCAL), role="ADMIN")
    finally:
        await database.close()
    return Served(process, int(found[1]), key)


@asynccontextmanager
async def serving(database_url: str, port: int = 0) -> AsyncIterator[Served]:
    own = await serve(database_url, port)
    try:
        yield own
    finally:
        await own.stop()


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url) as own:
        yield own


async def test_what_happens_to_a_need_is_told_over_both_transports_until_the_server_stops(served: Served) -> None:
    community, cursor = await served.community(), (await served.ask("{ changesCursor }"))["changesCursor"]
    asked = {"query": CHANGES, "variables": {"after": cursor}}
    async with (
        served.socket() as socket,
        served.http.stream("POST", STREAM_PATH, json=asked, headers={"accept": "text/event-stream"}) as stream,
    ):
        lines = stream.aiter_lines()
        await socket.send(subscribe("1", CHANGES, after=cursor))
        await served.submit(community, "轮椅一台")
        over_socket = json.loads(await socket.recv())["payload"]
        event = await next_event(lines)
        assert json.loads(event["data"]) == over_socket
        change = over_socket["data"]["needChanged"]
        assert (change["event"], change["need"]["title"]) == ("need.submitted", "轮椅一台")
        assert event["id"] == change["cursor"]
        served.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        # The body ends as it should, or httpx raises; and nothing says that the subscription is over.
        assert events("\n".join([line async for line in lines])) == []
    assert await served.stop() == 0


async def test_a_browser_resumes_by_last_event_id_with_nothing_missed_or_doubled(served: Served) -> None:
    community, cursor = await served.community(), (await served.ask("{ changesCursor }"))["changesCursor"]
    address = {"query": CHANGES, "variables": json.dumps({"after": cursor})}
    headers = {"accept": "text/event-stream"}
    titles = []
    for number in range(3):
        await served.submit(community, f"第 {number} 项")
        async with served.http.stream("GET", STREAM_PATH, params=address, headers=headers) as stream:
            event = await next_event(stream.aiter_lines())
        titles.append(json.loads(event["data"])["data"]["needChanged"]["need"]["title"])
        headers["last-event-id"] = event["id"]
    assert titles == ["第 0 项", "第 1 项", "第 2 项"]


async def test_what_was_accepted_before_the_signal_is_done_and_answered(served: Served, database_url: str) -> None:
    community = await served.community()
    answered = 0
    async with served.socket() as socket:
        for number in range(40):
            await socket.send(subscribe(str(number), SUBMIT, community=community, title=f"第 {number} 项"))
        try:
            while True:
                said = json.loads(await socket.recv())
                if said["type"] == "next":
                    assert said["payload"]["data"]["needSubmit"]["__typename"] == "NeedSubmitted"
                    answered += 1
                    if answered == 1:
                        served.process.send_signal(signal.SIGTERM)
        except ConnectionClosed as closing:
            closed = closing.rcvd
    assert closed is not None
    assert closed.code == 1012
    assert await served.stop() == 0
    async with serving(database_url) as again:
        assert (await again.ask("{ needs { totalCount } }"))["needs"]["totalCount"] == answered > 0


async def test_the_endpoint_itself_never_answers_with_events(served: Served) -> None:
    urql = {"accept": "application/graphql-response+json, text/event-stream, multipart/mixed"}
    response = await served.http.post("/graphql", json={"query": "{ __typename }"}, headers=urql)
    assert response.headers["content-type"].startswith("application/graphql-response+json")
    response = await served.http.post("/graphql", json={"query": CHANGES}, headers=urql)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_NOT_HERE"


@pytest.mark.skipif(NODE is None, reason="node is not installed: the reference clients were not run")
@pytest.mark.skipif(
    not (HERE / "node_modules" / "graphql-ws").is_dir(),
    reason="run `npm ci` in tests/contract/http: the reference clients were not run",
)
@pytest.mark.parametrize("transport", ["ws", "sse"])
async def test_the_reference_clients_resume_after_the_server_was_ended(
    served: Served, database_url: str, transport: str
) -> None:
    assert NODE is not None
    community, cursor = await served.community(), (await served.ask("{ changesCursor }"))["changesCursor"]
    client = await asyncio.create_subprocess_exec(
        NODE,
        "live.mjs",
        transport,
        str(served.port),
        served.key,
        cursor,
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert client.stdout is not None
    assert client.stdin is not None

    async def said() -> Any:
        assert client.stdout is not None
        async with asyncio.timeout(30):
            return json.loads(await client.stdout.readline())

    async def title() -> Any:
        return (await said())["data"]["needChanged"]["need"]["title"]

    try:
        await served.submit(community, "中断之前")
        assert await title() == "中断之前"
        assert await served.stop() == 0
        if transport == "ws":
            assert await said() == {"closed": 1012}
        assert await said() == {"broken": True}
        async with serving(database_url, served.port) as again:
            await again.submit(community, "中断之中")
            client.stdin.write(b"\n")
            assert await title() == "中断之中"
            await again.submit(community, "恢复之后")
            assert await title() == "恢复之后"
    finally:
        with suppress(ProcessLookupError):
            client.kill()
        await client.wait()

"""A real server in this process for tests of the live transports, and an honest source of answers behind it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from db.viewer import PUBLIC, Viewer
from fivelink.endpoint import SignIn
from fivelink.http_answers import HttpFault
from fivelink.live import Connections
from fivelink.serving import server_of
from fivelink.stream import Stream
from fivelink.websocket import SUBPROTOCOL, WebSocket
from schema.execution.executor import Outcome

COUNT = "subscription($n: Int, $after: String) { count(n: $n, after: $after) { cursor } }"
REFUSED = b'{"errors":[{"message":"no","extensions":{"code":"REFUSED_HERE","text_zh":"\xe4\xb8\x8d"}}]}'


@dataclass
class Source:
    """Counts from `after` to `after` + n, as fast as it is read; waits for `gate` first. `padding`: bytes an answer."""

    padding: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    made: int = 0
    begun: int = 0
    closed: int = 0
    finished: int = 0
    asked: list[tuple[str, str | None, dict[str, Any] | None]] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    async def run(
        self, query: str, name: str | None, variables: dict[str, Any] | None, *, viewer: Viewer, allow_mutation: bool
    ) -> Outcome:
        if query.startswith("mutation") and not allow_mutation:
            return Outcome(REFUSED, executed=False, mutation_refused=True)
        found = await self.subscribe(query, name, variables, viewer=viewer)
        assert isinstance(found, Outcome)
        return found

    async def subscribe(
        self, query: str, name: str | None, variables: dict[str, Any] | None, *, viewer: Viewer
    ) -> Outcome | AsyncGenerator[bytes, None]:
        self.asked.append((query, name, variables))
        self.viewers.append(viewer)
        if "broken" in query:
            raise RuntimeError("password=hunter2")
        if "refused" in query:
            return Outcome(REFUSED, executed=False)
        if not query.startswith("subscription"):
            self.begun += 1
            await self.gate.wait()
            self.finished += 1
            return Outcome(b'{"data":{"__typename":"Query"}}', executed=True)
        given = variables or {}
        after = given.get("after") or given.get("fivelinkLastEventId") or "0"
        return self._answers(int(after), given.get("n", 10**9), "late" in query)

    async def _answers(self, after: int, n: int, late: bool) -> AsyncGenerator[bytes, None]:
        self.begun += 1
        try:
            await self.gate.wait()
            for number in range(after + 1, after + n + 1):
                self.made += 1
                payload = {"cursor": str(number), "padding": "x" * self.padding}
                yield orjson.dumps({"data": {"count": payload}})
            if late:
                raise RuntimeError("password=hunter2")
        finally:
            self.closed += 1


class Everyone:
    """A door that opens for "Bearer good" until it is shut; without a key one is the public."""

    def __init__(self) -> None:
        self.shut = False

    async def viewer(self, authorization: bytes | None) -> Viewer:
        if authorization is None:
            return PUBLIC
        if authorization != b"Bearer good" or self.shut:
            raise HttpFault(401, "INVALID_KEY", "no", "不")
        return Viewer("READER", key_id=7)


@dataclass
class Stage:
    source: Source
    door: SignIn
    connections: Connections
    port: int
    stop: Callable[[], None]

    def open(self, **more: Any) -> connect:
        more = {"subprotocols": [SUBPROTOCOL], "proxy": None} | more
        return connect(f"ws://127.0.0.1:{self.port}/graphql", **more)

    @asynccontextmanager
    async def acknowledged(self, **more: Any) -> AsyncIterator[ClientConnection]:
        async with self.open(**more) as client:
            await client.send('{"type":"connection_init"}')
            assert await client.recv() == '{"type":"connection_ack"}'
            yield client

    @property
    def stream(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql/stream"


@asynccontextmanager
async def staged(
    source: Source | None = None,
    *,
    most: int = 100,
    send_seconds: float = 20.0,
    init_seconds: float = 5.0,
    attend_seconds: float = 15.0,
    operations: int = 5,
) -> AsyncIterator[Stage]:
    source, door, connections = source or Source(), Everyone(), Connections(most)
    live = {"send_seconds": send_seconds, "attend_seconds": attend_seconds}
    socket_app = WebSocket(source, door, connections, operations=operations, init_seconds=init_seconds, **live)
    stream_app = Stream(source, door, connections, max_body_bytes=10_000, **live)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # As without a lifespan: uvicorn takes that for an answer.
        assert scope["type"] != "lifespan"
        await (socket_app if scope["type"] == "websocket" else stream_app)(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0))
    server = server_of(app, connections.drain, largest_message=10_000)

    def stop() -> None:
        server.should_exit = True

    port = listening.getsockname()[1]
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield Stage(source, door, connections, port, stop)
    finally:
        stop()
        await serving


async def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits until it holds; fails when it does not in time."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 -- what is waited for sets no event
            await asyncio.sleep(0.01)


def subscribe(id_: str, query: str, **variables: Any) -> str:
    return orjson.dumps({"id": id_, "type": "subscribe", "payload": {"query": query, "variables": variables}}).decode()

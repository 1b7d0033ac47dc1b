"""A partner's side of webhooks: an HTTP server on loopback that answers as it is told, and checks signatures itself."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

#: What is answered instead of a status.
HANG, CUT, ENDLESS = "hang", "cut", "endless"


@dataclass(frozen=True)
class Received:
    head: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.head["webhook-id"]

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    def signatures(self, *secrets: str) -> list[bool]:
        """For each secret whether one of the signatures is its own."""
        content = f"{self.id}.{self.head['webhook-timestamp']}.".encode() + self.body
        given = self.head["webhook-signature"].split(" ")
        keys = (base64.b64decode(one.removeprefix("whsec_")) for one in secrets)
        return ["v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() in given for key in keys]


@dataclass
class Receiver:
    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    #: Answers to the next requests, then 204 for good.
    answers: deque[int | str] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook?token=t0ken"

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.received]

    @property
    def kinds(self) -> list[str]:
        return [one.event["event"] for one in self.received]

    async def until(self, count: int, seconds: float = 30.0) -> None:
        """Waits until so many requests came."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self.news.clear()
                await self.news.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        assert lines[0] == "POST /hook?token=t0ken HTTP/1.1"
        named = (line.split(": ", 1) for line in lines[1:] if line)
        head = {name.lower(): value for name, value in named}
        body = await reader.readexactly(int(head["content-length"]))
        self.received.append(Received(head, body))
        self.news.set()
        answer = self.answers.popleft() if self.answers else 204
        if answer == HANG:
            await reader.read()
            return False
        if answer == CUT:
            return False
        if answer == ENDLESS:
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
                await writer.drain()
        assert isinstance(answer, int)
        location = b"location: /elsewhere\r\n" if answer in (301, 302, 307) else b""
        writer.write(b"HTTP/1.1 %d Answer\r\n%scontent-length: 0\r\n\r\n" % (answer, location))
        await writer.drain()
        return True


@asynccontextmanager
async def receiving(
    port: int = 0, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Receiver]:
    receiver = Receiver(scheme="https" if context else "http", host=host)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()

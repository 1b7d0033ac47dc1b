"""A network between server and database that can be cut, go silent, grow slow and be mended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Stands before the PostgreSQL of `url` (its Unix socket or its port); `self.url` leads through it.

    Use it as a context; for one event loop.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        given = parse_qs(parts.query)
        self._socket = f"{given['host'][0]}/.s.PGSQL.{given.get('port', ['5432'])[0]}" if "host" in given else None
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 5432
        self._who, self._database = parts.netloc.rpartition("@")[0] or "postgres", parts.path
        self._server: asyncio.Server | None = None
        self._own_port = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._links: set[asyncio.Task[None]] = set()
        #: Seconds that each piece is held back, in each direction.
        self.delay = 0.0

    async def __aenter__(self) -> Proxy:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    @property
    def url(self) -> str:
        return f"postgresql://{self._who}@127.0.0.1:{self._own_port}{self._database}"

    async def cut(self) -> None:
        """Ends every connection, and refuses new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._drop()

    def swallow(self) -> None:
        """From now on nothing comes through in either direction, and nobody is told."""
        self._flows.clear()

    async def mend(self, old: Literal["resumed", "dead", "cut"] = "resumed") -> None:
        """Lets everything through again. Old connections go on where they were, stay silent for ever, or are ended."""
        if old == "dead":
            # Those that wait keep waiting on the event that never comes.
            self._flows = asyncio.Event()
        elif old == "cut":
            await self._drop()
        self._flows.set()
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self._own_port)
        self._own_port = self._server.sockets[0].getsockname()[1]

    async def _drop(self) -> None:
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        flows, beyond = self._flows, None
        try:
            await flows.wait()
            if self._socket is not None:
                beyond = await asyncio.open_unix_connection(self._socket)
            else:
                beyond = await asyncio.open_connection(self._host, self._port)
            ways = [
                asyncio.ensure_future(self._carry(flows, *way)) for way in ((reader, beyond[1]), (beyond[0], writer))
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._links.discard(task)
            for one in (writer, beyond[1] if beyond else None):
                if one is not None:
                    one.transport.abort()

    async def _carry(self, flows: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await flows.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
            await flows.wait()

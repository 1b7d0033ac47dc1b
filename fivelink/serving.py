"""The application under uvicorn: how connections are cut off, and how a server stops.

uvicorn lets an application wait until its client has read, but not end a connection whose client does not: the two
protocols here offer that. Told to stop, uvicorn closes websockets at once and waits for streams that never end: here
the application finishes them first.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from fivelink.leaving import answer_the_last, let_in
from fivelink.live import CUT, FAREWELL_SECONDS, STREAM_PATH

#: From the signal to the end: what was accepted is finished within it.
SHUTDOWN_SECONDS = 10
#: Of them for what goes over live connections.
DRAIN_SECONDS = 8.0
#: Ping frames find peers that are gone; who does not answer one in time is closed (1011).
PING_SECONDS = 20.0


class Requests(HttpToolsProtocol):
    """HTTP, whose event streams can be cut off."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # The task that answers has not begun yet.
        if self.scope.get("path") == STREAM_PATH:
            self.scope["extensions"] = {CUT: self.cut}  # type: ignore[dict-item]

    def cut(self, last: bytes) -> None:
        """Sends `last` behind what the client has not read, and ends the connection within FAREWELL_SECONDS."""
        if not self.transport.is_closing():
            self.transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last))
            self.transport.close()
        self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)


class Sockets(WebSocketsSansIOProtocol):
    """Websockets that can be cut off, and that do not wait for ever for a peer to take its closing frame."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][CUT] = self.cut  # type: ignore[assignment]

    def cut(self, code: int, reason: str) -> None:
        """Sends a closing frame behind what the client has not read, and ends it within FAREWELL_SECONDS."""
        if not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
            self.transport.close()
        self._abort_later()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._abort_later()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._abort_later()

    def _abort_later(self) -> None:
        self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)


class Server(uvicorn.Server):
    """uvicorn, that asks `drain` to finish the live connections before it closes any."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        began = asyncio.get_running_loop().time()
        # Who comes after those is refused at once, and goes to another server or comes back.
        await let_in(sockets or [])
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        draining = asyncio.gather(self._drain(), answer_the_last(self))
        while not draining.done() and not self.force_exit:
            spent = asyncio.get_running_loop().time() - began
            if spent >= DRAIN_SECONDS:
                break
            await asyncio.wait({draining}, timeout=min(0.1, DRAIN_SECONDS - spent))
        draining.cancel()
        spent = asyncio.get_running_loop().time() - began
        self.config.timeout_graceful_shutdown = max(1, round(SHUTDOWN_SECONDS - spent))
        await super().shutdown(sockets)


def server_of(app: Any, drain: Callable[[], Awaitable[None]], *, largest_message: int) -> Server:
    """A server for the application. `largest_message`: of a websocket, in bytes; a longer one closes it (1009)."""
    config = uvicorn.Config(
        app,
        loop="auto",
        http=Requests,
        ws=Sockets,
        ws_max_size=largest_message,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        # Packing each message again for each of a thousand subscribers would cost more than sending it.
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return Server(config, drain)

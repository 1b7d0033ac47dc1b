"""Leaving without cutting anybody off who only asks.

uvicorn closes every connection that carries no request at the moment of the signal. The next request may be on its way
by then, or lie unread in the connection, and would be answered by a reset. Here each connection is told with its next
answer that it was the last; only those that stay silent for a while are closed as they lie.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterable

import uvicorn

#: How long an idle connection may still bring the request that was on its way.
LINGER_SECONDS = 1.0
_LAST = (b"connection", b"close")


async def let_in(sockets: Iterable[socket.socket]) -> None:
    """Returns when nobody waits before the door any more: who has connected may have sent a request already."""
    for one in sockets:
        while one.fileno() >= 0 and select.select([one], [], [], 0)[0]:  # noqa: ASYNC110  (nothing else would tell)
            await asyncio.sleep(0)


async def answer_the_last(server: uvicorn.Server) -> None:
    """Answers what arrives within `LINGER_SECONDS`, and ends each connection with its answer."""
    state = server.server_state
    state.default_headers = [*state.default_headers, _LAST]
    loop = asyncio.get_running_loop()
    until = loop.time() + LINGER_SECONDS
    while state.connections and loop.time() < until and not server.force_exit:  # noqa: ASYNC110  (nor here)
        await asyncio.sleep(0.02)

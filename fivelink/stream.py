"""GraphQL over server-sent events, each operation a connection of its own, as a plain ASGI application.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md (distinct connections mode), but that what is refused
before it runs is answered with a status and a body, as at /graphql. A stream that ends without `complete` was ended by
us: its client comes back, and says with Last-Event-ID where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import lru_cache
from typing import Any

import orjson

from db.viewer import Viewer
from fivelink.endpoint import (
    BODY_SECONDS,
    Gone,
    Outcome,
    Receive,
    Scope,
    Send,
    SignIn,
    asked,
    checked,
    faulted,
    posted,
    whole_body,
)
from fivelink.http_answers import JSON, HttpFault, error_body, not_allowed
from fivelink.live import (
    ATTEND_SECONDS,
    CUT,
    FAREWELL_SECONDS,
    RETRY_MS,
    SEND_SECONDS,
    Connections,
    Executor,
    SlowReader,
    finish,
    is_subscription,
    resumed,
)
from fivelink.negotiation import WRONG_ENCODING, body_fault

ALLOW = b"GET, POST, OPTIONS"
EVENTS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    # nginx would keep events until a buffer is full.
    (b"x-accel-buffering", b"no"),
    (b"vary", b"accept, authorization"),
    (b"x-content-type-options", b"nosniff"),
)
PLAIN = (
    (b"content-type", JSON),
    (b"cache-control", b"no-store"),
    (b"vary", b"accept, authorization"),
    (b"x-content-type-options", b"nosniff"),
)
OPENING = b"retry: %d\n:\n\n" % RETRY_MS
ALIVE = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
LONGEST_CURSOR = 200

NOT_ACCEPTABLE = HttpFault(
    406,
    "NOT_ACCEPTABLE",
    "this address answers text/event-stream; other answers are given at /graphql",
    "此地址只返回 text/event-stream,其他格式请使用 /graphql",
)


class Stream:
    """Answers `http` scopes; raises nothing but cancellation.

    Where the server offers `scope["extensions"]["fivelink.cut"](last)`, who reads nothing is cut off by it: `last` is
    sent should there be room yet.
    """

    def __init__(
        self,
        executor: Executor,
        sign_in: SignIn,
        connections: Connections,
        *,
        max_body_bytes: int = 1_000_000,
        send_seconds: float = SEND_SECONDS,
        attend_seconds: float = ATTEND_SECONDS,
    ) -> None:
        self.executor = executor
        self.sign_in = sign_in
        self.connections = connections
        self.max_body_bytes = max_body_bytes
        self.send_seconds = send_seconds
        self.attend_seconds = attend_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await _Connection(self, scope, receive, send).run()
        except (Gone, OSError):
            return


class _Connection:
    def __init__(self, own: Stream, scope: Scope, receive: Receive, send: Send) -> None:
        self._own = own
        self._scope = scope
        self._receive = receive
        self._send = send
        self._turn = asyncio.Lock()
        self._authorization: bytes | None = None
        self._viewer: Viewer | None = None
        self._cursor: str | None = None
        self._quiet = False
        #: Set with the last bytes when we end the stream: b"" where the client is to come back.
        self._ending: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        if self._scope["method"] == "OPTIONS":
            await self._plain(204, b"", ((b"allow", ALLOW),))
            return
        try:
            await self._answered()
        except HttpFault as fault:
            await self._plain(fault.status, fault.body, fault.headers)
        finally:
            self._own.connections.leave(self)
            self._ended.set()

    async def drain(self) -> None:
        """Ends a stream without `complete`, so that its client resumes elsewhere; what else runs is answered."""
        if not self._ending.done():
            self._ending.set_result(b"")
        await self._ended.wait()

    async def _answered(self) -> None:
        query, name, variables, reading = await self._asked()
        own = self._own
        own.connections.admit(self)
        try:
            # Over GET nothing but a subscription goes where acts are done.
            answer: Outcome | AsyncGenerator[bytes, None]
            if reading and not is_subscription(query, name):
                assert self._viewer is not None
                answer = await own.executor.run(query, name, variables, viewer=self._viewer, allow_mutation=False)
            else:
                assert self._viewer is not None
                answer = await own.executor.subscribe(query, name, variables, viewer=self._viewer)
        except Exception as error:
            raise faulted(error) from None
        if isinstance(answer, AsyncGenerator):
            await self._stream(answer)
        elif answer.mutation_refused:
            await self._plain(405, answer.body, ((b"allow", b"POST"),))
        elif not answer.executed:
            await self._plain(400, answer.body)
        else:
            await self._send({"type": "http.response.start", "status": 200, "headers": list(EVENTS)})
            await self._send({"type": "http.response.body", "body": _event(answer.body)[0] + COMPLETE})

    async def _asked(self) -> tuple[str, str | None, dict[str, Any] | None, bool]:
        accept = content_type = b""
        length = encoding = last_event_id = None
        for header, value in self._scope["headers"]:
            if header == b"accept":
                accept = accept + b"," + value if accept else value
            elif header == b"content-type":
                content_type = value
            elif header == b"content-length":
                length = value
            elif header == b"content-encoding":
                encoding = value
            elif header == b"authorization":
                self._authorization = value
            elif header == b"last-event-id":
                last_event_id = value
        method: str = self._scope["method"]
        if method not in ("GET", "POST"):
            raise not_allowed(ALLOW, f"the method {method[:20]} is not supported", "不支持该请求方法")
        if not _takes_events(accept):
            raise NOT_ACCEPTABLE
        if method == "POST":
            fault = body_fault(content_type)
            if fault is not None:
                raise fault
            if encoding is not None and encoding.lower() != b"identity":
                raise WRONG_ENCODING
        self._viewer = await self._own.sign_in.viewer(self._authorization)
        if method == "POST":
            given = posted(await whole_body(self._receive, length, self._own.max_body_bytes, BODY_SECONDS))
        else:
            given = asked(self._scope["query_string"])
        query, name, variables = checked(given)
        if last_event_id:
            # A browser comes back with the address it began with, whatever cursor stands in it. Who posts says
            # itself where it was.
            cursor = last_event_id.decode("latin-1")[:LONGEST_CURSOR]
            query, variables = resumed(query, name, variables, cursor, override=method == "GET")
        return query, name, variables, method == "GET"

    # ---------------------------------------------------------------------------------------- streaming

    async def _stream(self, answers: AsyncGenerator[bytes, None]) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": list(EVENTS)})
        pump, watch = asyncio.create_task(self._pump(answers)), asyncio.create_task(self._watch())
        attend = asyncio.create_task(self._attend())
        try:
            first: set[asyncio.Future[Any]] = {pump, watch, self._ending}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            error = pump.exception() if pump.done() else None
            await finish(pump, attend)
            if watch.done() or isinstance(error, Gone):
                return
            if isinstance(error, SlowReader):
                await self._cut(_failed(self._cursor, SLOW_READER), watch)
            elif isinstance(error, Exception):
                await self._end(_failed(self._cursor, faulted(error).body), watch)
            else:
                await self._end(self._ending.result() if self._ending.done() else COMPLETE, watch)
        finally:
            await finish(pump, attend, watch)

    async def _end(self, last: bytes, watch: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._send({"type": "http.response.body", "body": last})
        except TimeoutError:
            await self._cut(last, watch)

    async def _cut(self, last: bytes, watch: asyncio.Task[None]) -> None:
        cut = self._scope.get("extensions", {}).get(CUT)
        if cut is not None:
            cut(last)
            # Only when the connection is gone is the answer over for the server.
            await asyncio.wait({watch}, timeout=2 * FAREWELL_SECONDS)

    async def _pump(self, answers: AsyncGenerator[bytes, None]) -> None:
        # Freed as soon as no more is wanted, while the farewell may still wait for its client.
        async with aclosing(answers):
            await self._write(OPENING)
            async for body in answers:
                event, cursor = _event(body)
                await self._write(event)
                self._cursor = cursor or self._cursor

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _attend(self) -> None:
        while True:
            self._quiet = True
            await asyncio.sleep(self._own.attend_seconds)
            try:
                same = await self._own.sign_in.viewer(self._authorization) == self._viewer
                body = _RIGHTS_CHANGED
            except HttpFault as fault:
                # While nobody can be asked, nothing is known against the key.
                same, body = fault.status != 401, fault.body
            if not same:
                if not self._ending.done():
                    self._ending.set_result(_event(body)[0] + COMPLETE)
                return
            if self._quiet:
                try:
                    await self._write(ALIVE)
                except SlowReader:
                    if not self._ending.done():
                        self._ending.set_result(_failed(self._cursor, SLOW_READER))
                    return

    async def _write(self, event: bytes) -> None:
        """Raises SlowReader when the client does not make room for it in time."""
        self._quiet = False
        async with self._turn:
            try:
                async with asyncio.timeout(self._own.send_seconds):
                    await self._send({"type": "http.response.body", "body": event, "more_body": True})
            except TimeoutError:
                raise SlowReader from None
            except OSError:
                raise Gone from None

    async def _plain(self, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        own = [(b"content-length", b"%d" % len(body)), *PLAIN] if status != 204 else []
        await self._send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
        await self._send({"type": "http.response.body", "body": body})


#: Subscribers that ask the same are sent the same bytes.
@lru_cache(16)
def _event(body: bytes) -> tuple[bytes, str | None]:
    """An answer as an event, and its cursor: that of its payload, or of the error that ended it; None without one."""
    answer = orjson.loads(body)
    payloads = list((answer.get("data") or {}).values())
    cursor = payloads[0].get("cursor") if len(payloads) == 1 and isinstance(payloads[0], dict) else None
    for error in answer.get("errors", ()):
        cursor = cursor or error.get("extensions", {}).get("cursor")
    if type(cursor) is not str or not cursor.isprintable() or not cursor.isascii() or len(cursor) > LONGEST_CURSOR:
        return b"event: next\ndata: " + body + b"\n\n", None
    return b"event: next\nid: " + cursor.encode() + b"\ndata: " + body + b"\n\n", cursor


def _failed(cursor: str | None, body: bytes) -> bytes:
    """What is said last when a stream breaks off: why, and after which cursor to resume."""
    answer = orjson.loads(body)
    if cursor is not None:
        answer["errors"][0]["extensions"]["cursor"] = cursor
    return _event(orjson.dumps(answer))[0]


SLOW_READER = error_body(
    "SLOW_READER", "what was sent was not read in time; resume from the cursor", "读取过慢,请从游标处继续"
)
_RIGHTS_CHANGED = error_body(
    "RIGHTS_CHANGED", "what this key opens has changed; connect again", "密钥权限已变更,请重新连接"
)


def _takes_events(accept: bytes) -> bool:
    """Whether text/event-stream may be answered; an empty header takes everything."""
    if not accept.strip():
        return True
    for part in accept.decode("latin-1").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ("text/event-stream", "text/*", "*/*"):
            return not any(one.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for one in parameters)
    return False

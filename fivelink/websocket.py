"""GraphQL over websockets (graphql-transport-ws) as a plain ASGI application.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. One task reads; each operation has one of its own,
which takes the next answer only when the client has taken the last one. One answer is sent at a time.

Origin is not checked. That check guards against pages that make a browser use what it keeps for us, and it keeps
nothing: there is no cookie, and a page of another origin knows no key. Without a key one sees what is public.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import orjson

from db.viewer import Viewer
from fivelink.endpoint import Outcome, Receive, Scope, Send, SignIn, checked, faulted
from fivelink.http_answers import HttpFault, malformed
from fivelink.live import ATTEND_SECONDS, CUT, FAREWELL_SECONDS, SEND_SECONDS, Connections, Executor, SlowReader

log = logging.getLogger("fivelink.websocket")

SUBPROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 5.0
LONGEST_ID = 1_000
#: What a closing frame has room for.
LONGEST_REASON = 123

ACK = '{"type":"connection_ack"}'
PONG = '{"type":"pong"}'


class _Close(Exception):
    """The socket is to be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class _Gone(Exception):
    """The socket is closed: there is nobody to tell."""


def _invalid(reason: str) -> _Close:
    return _Close(4400, f"Invalid message: {reason}")


def _busy(most: int) -> HttpFault:
    return malformed(
        "TOO_MANY_OPERATIONS",
        f"at most {most} operations run at once on a connection",
        f"一个连接最多同时执行 {most} 个操作",
    )


class WebSocket:
    """`operations`: how many run at once on a connection. Answers `websocket` scopes; raises nothing but cancellation.

    Where the server offers `scope["extensions"]["fivelink.cut"](code, reason)`, who reads nothing is cut off by it.
    """

    def __init__(
        self,
        executor: Executor,
        sign_in: SignIn,
        connections: Connections,
        *,
        operations: int = 50,
        send_seconds: float = SEND_SECONDS,
        init_seconds: float = INIT_SECONDS,
        attend_seconds: float = ATTEND_SECONDS,
    ) -> None:
        self.executor = executor
        self.sign_in = sign_in
        self.connections = connections
        self.operations = operations
        self.send_seconds = send_seconds
        self.init_seconds = init_seconds
        self.attend_seconds = attend_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _Connection(self, scope, receive, send).run()


class _Operation:
    """`over`: its client wants no more of it."""

    __slots__ = ("head", "id", "over", "streams", "task")

    def __init__(self, id: str) -> None:
        self.id = id
        self.head = '{"id":' + orjson.dumps(id).decode() + ',"type":"'
        self.over = False
        self.streams = False
        self.task: asyncio.Task[None] | None = None


class _Connection:
    def __init__(self, own: WebSocket, scope: Scope, receive: Receive, send: Send) -> None:
        self._own = own
        self._scope = scope
        self._receive = receive
        self._asgi_send = send
        self._turn = asyncio.Lock()
        self._closed = False
        self._draining = False
        self._initialised = False
        self._acknowledged = False
        self._authorization: bytes | None = None
        self._viewer: Viewer | None = None
        #: Those that the client may end, by id; and all whose task still runs.
        self._operations: dict[str, _Operation] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        await self._receive()
        fits = SUBPROTOCOL in self._scope.get("subprotocols", ())
        try:
            await self._asgi_send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if fits else None})
            if not fits:
                await self._close(4406, "Subprotocol not acceptable: graphql-transport-ws is spoken here")
                return
            self._own.connections.admit(self)
        except OSError:
            return
        except HttpFault as fault:
            await self._close(1013, f"{fault.code}: try again later")
            return
        attending = asyncio.create_task(self._attend())
        try:
            await self._listen()
        finally:
            self._closed = True
            attending.cancel()
            for operation in list(self._operations.values()):
                self._end(operation)
            # An act that has begun is done; only its answer reaches nobody.
            await asyncio.gather(attending, *self._tasks, return_exceptions=True)
            self._own.connections.leave(self)

    async def drain(self) -> None:
        """Subscriptions stop without a Complete, so that clients resume elsewhere; what else runs is answered."""
        self._draining = True
        for operation in self._operations.values():
            if operation.streams and operation.task is not None:
                operation.task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._close(1012, "SERVER_STOPPING: connect again")

    # ---------------------------------------------------------------------------------------- from the client

    async def _listen(self) -> None:
        try:
            while True:
                message = await self._receive()
                if message["type"] == "websocket.disconnect":
                    return
                if self._closed:
                    continue
                text = message.get("text")
                if text is None:
                    raise _invalid("text frames only")
                await self._take(text)
        except _Close as close:
            await self._close(close.code, close.reason)
        except SlowReader:
            self._cut()
        except _Gone:
            return
        except Exception:
            log.exception("a websocket failed unexpectedly")
            await self._close(4500, "INTERNAL: something went wrong here; it has been logged")

    async def _take(self, text: str) -> None:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _invalid("not JSON") from None
        if type(message) is not dict:
            raise _invalid("a JSON object is expected")
        kind = message.get("type")
        payload = message.get("payload")
        if kind == "subscribe":
            await self._subscribe(self._id(message), payload)
        elif kind == "complete":
            operation = self._operations.get(self._id(message))
            if operation is not None:
                self._end(operation)
        elif kind == "connection_init":
            await self._initialise(payload)
        elif kind == "ping" or kind == "pong":
            if payload is not None and type(payload) is not dict:
                raise _invalid("payload must be an object")
            if kind == "ping":
                answer = PONG if payload is None else orjson.dumps({"type": "pong", "payload": payload}).decode()
                await self._send(answer)
        elif kind is None:
            raise _invalid("type is missing")
        else:
            raise _invalid("unknown type")

    @staticmethod
    def _id(message: dict[str, Any]) -> str:
        id_ = message.get("id")
        if type(id_) is not str or not id_ or len(id_) > LONGEST_ID:
            raise _invalid(f"id must be a text of 1 to {LONGEST_ID} characters")
        return id_

    async def _initialise(self, payload: Any) -> None:
        if self._initialised:
            raise _Close(4429, "Too many initialisation requests")
        self._initialised = True
        if payload is not None and type(payload) is not dict:
            raise _invalid("payload must be an object")
        given = (payload or {}).get("authorization", (payload or {}).get("Authorization"))
        if given is not None and type(given) is not str:
            raise _invalid("authorization must be a text")
        if given is not None:
            self._authorization = given.encode("utf-8", "replace")
        else:
            self._authorization = next((v for n, v in self._scope["headers"] if n == b"authorization"), None)
        try:
            self._viewer = await self._own.sign_in.viewer(self._authorization)
        except HttpFault as fault:
            if fault.status == 401:
                raise _Close(4403, f"Forbidden: {fault.code}") from None
            raise _Close(1013, f"{fault.code}: try again later") from None
        self._acknowledged = True
        await self._send(ACK)

    async def _subscribe(self, id_: str, payload: Any) -> None:
        if not self._acknowledged:
            raise _Close(4401, "Unauthorized")
        if type(payload) is not dict or type(payload.get("query")) is not str:
            raise _invalid("payload must be an object with a query")
        for name, kinds in (("operationName", str), ("variables", dict), ("extensions", dict)):
            value = payload.get(name)
            if value is not None and type(value) is not kinds:
                raise _invalid(f"{name} is of the wrong type")
        if id_ in self._operations:
            raise _Close(4409, f"Subscriber for {id_} already exists")
        if self._draining:
            return
        operation = _Operation(id_)
        # Those that have been ended count until they have: else ending them would be a way round the limit.
        if len(self._tasks) >= self._own.operations:
            # Said by the one task that reads, so that who asks on and on is not read on and on.
            await self._send_errors(operation, _busy(self._own.operations).body)
            return
        self._operations[id_] = operation
        operation.task = asyncio.create_task(self._operate(operation, payload))
        self._tasks.add(operation.task)
        operation.task.add_done_callback(self._tasks.discard)

    def _end(self, operation: _Operation) -> None:
        self._operations.pop(operation.id, None)
        operation.over = True
        if operation.streams and operation.task is not None:
            operation.task.cancel()

    # ---------------------------------------------------------------------------------------- operations

    async def _operate(self, operation: _Operation, payload: dict[str, Any]) -> None:
        own = self._own
        try:
            query, name, variables = checked(payload)
            viewer = await own.sign_in.viewer(self._authorization)
            answer = await own.executor.subscribe(query, name, variables, viewer=viewer)
            del query, name, variables
            payload.clear()
            if isinstance(answer, AsyncGenerator):
                async with aclosing(answer) as answers:
                    await self._stream(operation, answers)
            else:
                await self._answer(operation, answer)
        except HttpFault as fault:
            if fault.status == 401:
                await self._close(4403, f"Forbidden: {fault.code}")
            else:
                await self._refuse(operation, fault)
        except SlowReader:
            self._cut()
        except _Gone:
            return
        except Exception as error:
            await self._refuse(operation, faulted(error))
        finally:
            self._forget(operation)

    async def _stream(self, operation: _Operation, answers: AsyncGenerator[bytes, None]) -> None:
        if operation.over or self._draining:
            return
        operation.streams = True
        head = operation.head + 'next","payload":'
        async for body in answers:
            await self._send(head + body.decode() + "}")
        operation.streams = False
        self._forget(operation)
        await self._send(operation.head + 'complete"}')

    async def _answer(self, operation: _Operation, outcome: Outcome) -> None:
        if operation.over:
            return
        if not outcome.executed:
            self._forget(operation)
            await self._send_errors(operation, outcome.body)
            return
        await self._send(operation.head + 'next","payload":' + outcome.body.decode() + "}")
        self._forget(operation)
        if not operation.over:
            await self._send(operation.head + 'complete"}')

    async def _refuse(self, operation: _Operation, fault: HttpFault) -> None:
        self._forget(operation)
        try:
            if not operation.over:
                await self._send_errors(operation, fault.body)
        except SlowReader:
            self._cut()
        except _Gone:
            return

    async def _send_errors(self, operation: _Operation, body: bytes) -> None:
        errors = orjson.dumps(orjson.loads(body)["errors"]).decode()
        await self._send(operation.head + 'error","payload":' + errors + "}")

    def _forget(self, operation: _Operation) -> None:
        if self._operations.get(operation.id) is operation:
            del self._operations[operation.id]

    # ---------------------------------------------------------------------------------------- to the client

    async def _attend(self) -> None:
        await asyncio.sleep(self._own.init_seconds)
        if not self._initialised:
            await self._close(4408, "Connection initialisation timeout")
            return
        while True:
            await asyncio.sleep(self._own.attend_seconds)
            if self._authorization is None or not self._acknowledged:
                continue
            try:
                same = await self._own.sign_in.viewer(self._authorization) == self._viewer
                code = "RIGHTS_CHANGED"
            except HttpFault as fault:
                # While nobody can be asked, nothing is known against the key.
                same, code = fault.status != 401, fault.code
            if not same:
                await self._close(4403, f"Forbidden: {code}")
                return

    async def _send(self, text: str) -> None:
        """Raises SlowReader when the client does not make room for it in time, _Gone when it has left."""
        async with self._turn:
            if self._closed:
                raise _Gone
            try:
                async with asyncio.timeout(self._own.send_seconds):
                    await self._asgi_send({"type": "websocket.send", "text": text})
            except TimeoutError:
                raise SlowReader from None
            except OSError:
                raise _Gone from None

    async def _close(self, code: int, reason: str) -> None:
        if self._closed:
            return
        self._closed = True
        reason = reason.encode()[:LONGEST_REASON].decode("utf-8", "ignore")
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                # In turn: what is being sent stays whole.
                async with self._turn:
                    await self._asgi_send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            self._cut(code, reason)
        except (OSError, RuntimeError):
            # It was closed from the other side meanwhile.
            return

    def _cut(self, code: int = 4513, reason: str = "SLOW_READER: read faster, or resume from your last cursor") -> None:
        self._closed = True
        cut = self._scope.get("extensions", {}).get(CUT)
        if cut is not None:
            with suppress(OSError):
                cut(code, reason)

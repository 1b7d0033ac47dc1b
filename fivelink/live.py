"""What the two live transports (websocket, event stream) share: how many there are, how they end, what is run.

A connection that is open for hours is ended by us: when the server stops, when its key opens no more, and when its
client does not read. Nothing here knows of frames or events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from typing import Any, Protocol

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    Node,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
)

from db.viewer import Viewer
from fivelink.endpoint import Executor as Executing
from fivelink.endpoint import Outcome
from fivelink.http_answers import HttpFault, malformed
from schema.execution.limits import Limits
from schema.execution.parsing import LONGEST_KEPT, parse_bounded

#: The address of event streams. /graphql itself never answers with one: its clients send the Accept header of both.
STREAM_PATH = "/graphql/stream"
#: In `scope["extensions"]`: ends the connection although its client reads nothing. Called as each transport says.
CUT = "fivelink.cut"
#: How often it is asked whether a key still opens, and a stream without news says that it lives.
ATTEND_SECONDS = 15.0
#: How long an answer that is ready may wait for its client to read.
SEND_SECONDS = 20.0
#: How long a closing frame may wait.
FAREWELL_SECONDS = 3.0
#: What browsers wait before they come back to a stream that has ended.
RETRY_MS = 2_000
#: The argument of subscriptions that says where to resume, and the variable that we add for it.
CURSOR_ARGUMENT, CURSOR_VARIABLE = "after", "fivelinkLastEventId"

TOO_MANY = HttpFault(
    503,
    "TOO_MANY_CONNECTIONS",
    "too many live connections are open here; try again later",
    "实时连接数已达上限,请稍后再试",
    [(b"retry-after", b"10")],
)
STOPPING = HttpFault(
    503,
    "SERVER_STOPPING",
    "the server is stopping; connect again",
    "服务器正在停止,请重新连接",
    [(b"retry-after", b"2")],
)


class Executor(Executing, Protocol):
    async def subscribe(
        self, query: str, operation_name: str | None, variables: dict[str, Any] | None, *, viewer: Viewer
    ) -> Outcome | AsyncGenerator[bytes, None]: ...


class SlowReader(Exception):
    """A client did not read what was ready for it."""


class Drained(Protocol):
    async def drain(self) -> None:
        """Finishes what was accepted, then ends the connection so that its client comes back."""


class Connections:
    """The live connections of this process, at most `most`."""

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._open: set[Drained] = set()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Drained) -> None:
        """Raises HttpFault (503): TOO_MANY_CONNECTIONS, SERVER_STOPPING."""
        if self._stopping:
            raise STOPPING
        if len(self._open) >= self._most:
            raise TOO_MANY
        self._open.add(connection)

    def leave(self, connection: Drained) -> None:
        self._open.discard(connection)

    async def drain(self) -> None:
        """Ends all of them, once what they were asked is answered; nobody is admitted any more."""
        self._stopping = True
        await asyncio.gather(*[one.drain() for one in self._open], return_exceptions=True)


async def finish(*tasks: asyncio.Task[Any]) -> None:
    """Cancels them and waits until they have ended. What they raised is no matter any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# ------------------------------------------------------------------------------------------------ what is asked


@lru_cache(64)
def _parsed(query: str) -> DocumentNode | None:
    limits = Limits()
    try:
        return parse_bounded(query, limits.tokens, limits.characters)
    except (GraphQLError, RecursionError):
        # The executor says what is wrong with it.
        return None


def _operation(query: str, name: str | None) -> OperationDefinitionNode | None:
    """The subscription meant; None where another operation is meant, or none."""
    # Nearly everything asked over HTTP is told by this alone.
    if "subscription" not in query:
        return None
    document = _parsed(query) if len(query) <= LONGEST_KEPT else _parsed.__wrapped__(query)
    found = [
        one
        for one in (document.definitions if document is not None else ())
        if isinstance(one, OperationDefinitionNode) and (name is None or (one.name and one.name.value == name))
    ]
    return found[0] if len(found) == 1 and found[0].operation is OperationType.SUBSCRIPTION else None


def _field(operation: OperationDefinitionNode) -> tuple[FieldNode, ArgumentNode | None]:
    """The root field, and its cursor. Raises HttpFault (400) where a fragment holds it."""
    field = next((one for one in operation.selection_set.selections if isinstance(one, FieldNode)), None)
    if field is None:
        raise malformed(
            "CANNOT_RESUME",
            "Last-Event-ID is understood where the root field stands in the operation itself, not in a fragment",
            "断点续传(Last-Event-ID)要求根字段直接写在操作中,而不是片段中",
        )
    return field, next((one for one in field.arguments or () if one.name.value == CURSOR_ARGUMENT), None)


def is_subscription(query: str, name: str | None) -> bool:
    """Whether the operation meant is a subscription; False too where the text is none or names no operation."""
    return _operation(query, name) is not None


def resumed(
    query: str, name: str | None, variables: Mapping[str, Any] | None, cursor: str, *, override: bool
) -> tuple[str, dict[str, Any] | None]:
    """The same subscription after `cursor`: (query, variables). What is no subscription is given back as it is.

    A cursor of the client's own stays, unless `override`. The changed text depends on the text given alone, so that
    it is parsed and validated once however many come back. Raises HttpFault (400 CANNOT_RESUME).
    """
    own = dict(variables) if variables is not None else None
    operation = _operation(query, name)
    if operation is None:
        return query, own
    given = _field(operation)[1]
    own = own or {}
    if given is not None and isinstance(given.value, VariableNode):
        if override or own.get(given.value.name.value) is None:
            own[given.value.name.value] = cursor
        return query, own
    if given is not None and not isinstance(given.value, NullValueNode) and not override:
        return query, own
    changed = _with_variable if len(query) <= LONGEST_KEPT else _with_variable.__wrapped__
    return changed(query, name), {**own, CURSOR_VARIABLE: cursor}


@lru_cache(64)
def _with_variable(query: str, name: str | None) -> str:
    """The text with the cursor of its one root field taken from a variable of ours."""
    operation = _operation(query, name)
    assert operation is not None
    field, given = _field(operation)
    #: (from, to, what takes its place), in characters of the text.
    if given is not None:
        changes = [(*_place(given), f"{CURSOR_ARGUMENT}: ${CURSOR_VARIABLE}")]
    elif field.arguments:
        start = _place(field.arguments[0])[0]
        changes = [(start, start, f"{CURSOR_ARGUMENT}: ${CURSOR_VARIABLE} ")]
    else:
        end = _place(field.name)[1]
        changes = [(end, end, f"({CURSOR_ARGUMENT}: ${CURSOR_VARIABLE})")]
    if operation.variable_definitions:
        start = _place(operation.variable_definitions[0])[0]
        changes.append((start, start, f"${CURSOR_VARIABLE}: String "))
    else:
        end = _place(operation.name)[1] if operation.name else query.index("subscription", _place(operation)[0]) + 12
        changes.append((end, end, f"(${CURSOR_VARIABLE}: String)"))
    for start, end, text in sorted(changes, reverse=True):
        query = query[:start] + text + query[end:]
    return query


def _place(node: Node) -> tuple[int, int]:
    assert node.loc is not None
    return node.loc.start, node.loc.end

"""GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/) as a plain ASGI application.

Nothing is built per request but the answer: no Request object, no middleware, header and media types looked up by
their bytes. Status codes: a request that never became an operation has 400 (or 401, 405, 406, 408, 413, 415) in either
media type; a refused operation has 400 in application/graphql-response+json and 200 in application/json; whatever was
executed has 200. Every error carries `extensions.code`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson

from db import faults
from db.viewer import Viewer
from fivelink.http_answers import INTERNAL, HttpFault, malformed, not_allowed, too_large, too_slow
from fivelink.negotiation import NOT_ACCEPTABLE, WRONG_ENCODING, Answer, body_fault, media_type, preferred

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("fivelink.endpoint")

ALLOW = b"GET, HEAD, POST, OPTIONS"
HTML = b"text/html; charset=utf-8"
MOST_PARAMETERS = 20
BODY_SECONDS = 30.0


class Outcome(Protocol):
    """What an operation came to. `executed` is False for request errors: the body then has no `data`."""

    body: bytes
    executed: bool
    mutation_refused: bool


class Executor(Protocol):
    async def run(
        self,
        query: str,
        operation_name: str | None,
        variables: dict[str, Any] | None,
        *,
        viewer: Viewer,
        allow_mutation: bool,
    ) -> Outcome: ...


class SignIn(Protocol):
    async def viewer(self, authorization: bytes | None) -> Viewer:
        """Who asks. Raises HttpFault (401) for a key that does not open, (503) when nobody can be asked."""


class Gone(Exception):
    """The client left before its request was complete."""


class Endpoint:
    """`page`: GraphiQL, answered to GETs that prefer HTML; None: there is no page. `page_headers` go with it."""

    def __init__(
        self,
        executor: Executor,
        sign_in: SignIn,
        *,
        max_body_bytes: int = 1_000_000,
        body_seconds: float = BODY_SECONDS,
        page: bytes | None = None,
        page_headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        self._executor = executor
        self._sign_in = sign_in
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._page = page
        self._page_headers = page_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one `http` scope. Raises nothing but cancellation."""
        answer: Answer = "json"
        method: str = scope["method"]
        try:
            accept = content_type = b""
            length = authorization = encoding = None
            for name, value in scope["headers"]:
                if name == b"accept":
                    accept = accept + b"," + value if accept else value
                elif name == b"content-type":
                    content_type = value
                elif name == b"content-length":
                    length = value
                elif name == b"authorization":
                    authorization = value
                elif name == b"content-encoding":
                    encoding = value
            if method == "OPTIONS":
                await _send(send, 204, b"", None, ((b"allow", ALLOW),))
                return
            wanted = preferred(accept)
            reading = method == "GET" or method == "HEAD"
            if wanted == "html":
                if reading and self._page is not None:
                    await _send(
                        send, 200, self._page, b"text/html; charset=utf-8", self._page_headers, method == "HEAD"
                    )
                    return
                wanted = preferred(accept + b",text/html;q=0")
            if wanted is None:
                raise NOT_ACCEPTABLE
            answer = wanted
            if method == "POST":
                fault = body_fault(content_type)
                if fault is not None:
                    raise fault
                if encoding is not None and encoding.lower() != b"identity":
                    raise WRONG_ENCODING
                viewer = await self._sign_in.viewer(authorization)
                given = posted(await whole_body(receive, length, self._max_body_bytes, self._body_seconds))
            elif reading:
                viewer = await self._sign_in.viewer(authorization)
                given = asked(scope["query_string"])
            else:
                raise not_allowed(ALLOW, f"the method {method[:20]} is not supported", "不支持该请求方法")
            query, operation_name, variables = checked(given)
            outcome = await self._executor.run(
                query, operation_name, variables, viewer=viewer, allow_mutation=not reading
            )
        except HttpFault as fault:
            await _send(send, fault.status, fault.body, media_type(answer), fault.headers, method == "HEAD")
            return
        except Gone:
            return
        except Exception as error:
            said = faulted(error)
            await _send(send, said.status, said.body, media_type(answer), said.headers, method == "HEAD")
            return
        if outcome.mutation_refused:
            await _send(send, 405, outcome.body, media_type(answer), ((b"allow", b"POST"),), method == "HEAD")
            return
        status = 200 if outcome.executed or answer == "json" else 400
        await _send(send, status, outcome.body, media_type(answer), (), method == "HEAD")


async def whole_body(receive: Receive, length: bytes | None, limit: int, seconds: float) -> bytes:
    """The whole body, at most `limit` bytes: refused by its declared length, or as soon as it grows past.

    Raises HttpFault (413, and 408 after `seconds`) and Gone.
    """
    if length is not None and len(length) < 20 and length.isdigit() and int(length) > limit:
        raise too_large(limit)
    message = await receive() if length == b"0" else await _next(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise too_large(limit)
        return body
    parts, size = [body], len(body)
    try:
        async with asyncio.timeout(seconds):
            while message.get("more_body") and size <= limit:
                message = await _next(receive)
                parts.append(message.get("body", b""))
                size += len(parts[-1])
    except TimeoutError:
        raise too_slow(seconds) from None
    if size > limit:
        raise too_large(limit)
    return b"".join(parts)


async def _next(receive: Receive) -> MutableMapping[str, Any]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message


def faulted(error: Exception) -> HttpFault:
    """What is said of a fault before anything was executed: codes had to be looked up, and nobody answered."""
    known = faults.classify(error)
    if known == faults.INTERNAL:
        log.error("a request failed unexpectedly", exc_info=error)
        return INTERNAL
    code, text_zh, text_en = known
    log.warning("%s before anything was executed: %s", code, type(error).__name__)
    return HttpFault(503, code, text_en, text_zh, [(b"retry-after", b"2")])


def posted(body: bytes) -> Any:
    """The JSON of a body. Raises HttpFault (400)."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if not body:
            raise malformed("EMPTY_BODY", "the request has no body", "请求体为空") from None
        # The parser's own words name the place and quote nothing of the body.
        raise malformed("MALFORMED_JSON", f"the body is not JSON: {error}", "请求体不是有效的 JSON") from None


def asked(query_string: bytes) -> dict[str, Any]:
    """What the parameters of a URL ask, as `posted` would give it. Raises HttpFault (400)."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise malformed(
            "MALFORMED_PARAMETERS", "the URL's parameters cannot be read as UTF-8", "网址参数无法按 UTF-8 读取"
        ) from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given:
            raise malformed("MALFORMED_PARAMETERS", f"parameter {name[:40]!r} is given twice", "网址参数重复")
        given[name] = value
    for name in ("variables", "extensions"):
        text = given.get(name)
        if text is None:
            continue
        try:
            given[name] = orjson.loads(text) if text else None
        except orjson.JSONDecodeError as error:
            raise malformed("MALFORMED_JSON", f"{name} is not JSON: {error}", f"{name} 不是有效的 JSON") from None
    if given.get("operationName") == "":
        given["operationName"] = None
    return given


def checked(given: Any) -> tuple[str, str | None, dict[str, Any] | None]:
    """(query, operation name, variables) of what was given. Raises HttpFault (400)."""
    if type(given) is not dict:
        if type(given) is list:
            raise malformed(
                "BATCHING_NOT_SUPPORTED",
                "send one operation a request; several fields of one operation can be asked for together",
                "每个请求只能包含一个操作;可以在一个操作中同时查询多个字段",
            )
        raise malformed("MALFORMED_REQUEST", "the body must be a JSON object", "请求体必须是一个 JSON 对象")
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if extensions is not None and type(extensions) is not dict:
        raise _mistyped("extensions", "an object", "对象")
    if type(query) is not str:
        if query is not None:
            raise _mistyped("query", "a string", "字符串")
        if extensions is not None and "persistedQuery" in extensions:
            # The words that clients of automatic persisted queries wait for before they send the text.
            raise malformed(
                "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported", "不支持持久化查询,请发送完整的查询文本"
            )
        raise malformed("MISSING_QUERY", "the parameter query is missing", "缺少参数 query")
    if name is not None and type(name) is not str:
        raise _mistyped("operationName", "a string", "字符串")
    if variables is not None and type(variables) is not dict:
        raise _mistyped("variables", "an object", "对象")
    if variables:
        refuse_nul(variables)
    return query, name, variables


def _mistyped(name: str, kind_en: str, kind_zh: str) -> HttpFault:
    return malformed("MALFORMED_REQUEST", f"{name} must be {kind_en}", f"{name} 必须是{kind_zh}")


def refuse_nul(value: Any) -> None:
    """Raises HttpFault (400) for U+0000, the one character that text of PostgreSQL cannot hold.

    O(size of the variables); JSON nests 1,024 deep at most.
    """
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is str:
            if "\0" in item:
                raise malformed("NUL_CHARACTER", "text may not contain U+0000", "文本中不能含有空字符 U+0000")
        elif type(item) is dict:
            waiting.extend(item)
            waiting.extend(item.values())
        elif type(item) is list:
            waiting.extend(item)


async def _send(
    send: Send,
    status: int,
    body: bytes,
    content_type: bytes | None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    without_body: bool = False,
) -> None:
    own = [(b"content-length", b"%d" % len(body))] if content_type is not None else []
    if content_type is not None:
        own += [(b"content-type", content_type), *EVERY]
    own.extend(headers)
    try:
        await send({"type": "http.response.start", "status": status, "headers": own})
        await send({"type": "http.response.body", "body": b"" if without_body else body})
    except OSError:
        # The client left. There is nobody to tell.
        return


#: What is seen depends on the key and on Accept; nothing between us and the client may keep it.
EVERY = ((b"cache-control", b"no-store"), (b"vary", b"accept, authorization"), (b"x-content-type-options", b"nosniff"))

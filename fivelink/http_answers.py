"""Answers of the HTTP layer itself: coded, in both languages, and the same bytes whoever asks."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

Header = tuple[bytes, bytes]

GRAPHQL = b"application/graphql-response+json; charset=utf-8"
JSON = b"application/json; charset=utf-8"


class HttpFault(Exception):
    """A request that never becomes an operation: `status`, a stable `code`, texts in both languages, extra headers."""

    def __init__(
        self, status: int, code: str, text_en: str, text_zh: str, headers: Sequence[Header] = (), *, close: bool = False
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        #: Where part of the body was never read, the connection cannot carry another request.
        self.headers = (*headers, (b"connection", b"close")) if close else tuple(headers)
        self.body = error_body(code, text_en, text_zh)


def error_body(code: str, text_en: str, text_zh: str) -> bytes:
    """{"errors": [{"message", "extensions": {"code", "text_zh"}}]} and no `data`."""
    return orjson.dumps({"errors": [{"message": text_en, "extensions": {"code": code, "text_zh": text_zh}}]})


def malformed(code: str, text_en: str, text_zh: str) -> HttpFault:
    return HttpFault(400, code, text_en, text_zh)


def not_allowed(allow: bytes, text_en: str, text_zh: str, code: str = "METHOD_NOT_ALLOWED") -> HttpFault:
    return HttpFault(405, code, text_en, text_zh, [(b"allow", allow)])


def too_large(limit: int) -> HttpFault:
    return HttpFault(
        413,
        "BODY_TOO_LARGE",
        f"the request body is larger than {limit:,} bytes",
        f"请求体超过 {limit:,} 字节",
        close=True,
    )


def too_slow(seconds: float) -> HttpFault:
    return HttpFault(
        408,
        "REQUEST_TIMEOUT",
        f"the request body did not arrive within {seconds:g} seconds",
        f"请求体未能在 {seconds:g} 秒内收完",
        close=True,
    )


INTERNAL = HttpFault(500, "INTERNAL", "something went wrong here; it has been logged", "服务器内部出错,已记录")
UNAVAILABLE = HttpFault(
    503,
    "UNAVAILABLE",
    "the database does not answer; try again soon",
    "数据库暂时没有响应,请稍后再试",
    [(b"retry-after", b"2")],
)

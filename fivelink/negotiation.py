"""Which media type to answer in, and whether a body can be read: Accept and Content-Type after RFC 9110.

Both are remembered by their exact bytes, because a client sends the same ones with every request.
"""

from __future__ import annotations

from typing import Literal

from fivelink.http_answers import GRAPHQL, JSON, HttpFault

Answer = Literal["graphql", "json", "html"]

_TYPES: dict[str, Answer] = {
    "application/graphql-response+json": "graphql",
    "application/json": "json",
    "text/html": "html",
}
#: On equal weight GraphQL clients list both; a browser lists HTML and never names a JSON type.
_ORDER: tuple[Answer, ...] = ("graphql", "json", "html")
_REMEMBERED = 256
_LONGEST = 1_000

_accepts: dict[bytes, Answer | None] = {}
_bodies: dict[bytes, HttpFault | None] = {}

NOT_ACCEPTABLE = HttpFault(
    406,
    "NOT_ACCEPTABLE",
    "this endpoint answers application/graphql-response+json or application/json",
    "本接口只返回 application/graphql-response+json 或 application/json",
)
WRONG_TYPE = HttpFault(
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "send the request as Content-Type: application/json",
    "请以 Content-Type: application/json 发送请求",
)
WRONG_CHARSET = HttpFault(415, "UNSUPPORTED_CHARSET", "send the request encoded in UTF-8", "请以 UTF-8 编码发送请求")
WRONG_ENCODING = HttpFault(
    415, "UNSUPPORTED_ENCODING", "send the request without Content-Encoding", "请不要压缩请求体(Content-Encoding)"
)


def media_type(answer: Answer) -> bytes:
    return GRAPHQL if answer == "graphql" else JSON


def preferred(accept: bytes) -> Answer | None:
    """The best of ours for an Accept header; None where it accepts none. `*/*` and an empty header mean JSON."""
    try:
        return _accepts[accept]
    except KeyError:
        answer = _weigh(accept.decode("latin-1"))
        if len(accept) <= _LONGEST:
            if len(_accepts) >= _REMEMBERED:
                _accepts.clear()
            _accepts[accept] = answer
        return answer


def body_fault(content_type: bytes) -> HttpFault | None:
    """Why a body of this Content-Type is not read; None for application/json in UTF-8."""
    try:
        return _bodies[content_type]
    except KeyError:
        fault = _read_type(content_type.decode("latin-1"))
        if len(content_type) <= _LONGEST:
            if len(_bodies) >= _REMEMBERED:
                _bodies.clear()
            _bodies[content_type] = fault
        return fault


def _weigh(accept: str) -> Answer | None:
    if not accept.strip():
        return "json"
    #: answer -> (how specific the range is, its weight): the most specific range decides.
    weights: dict[Answer, tuple[int, float]] = {}
    for part in accept[: 4 * _LONGEST].split(","):
        name, *parameters = (piece.strip() for piece in part.lower().split(";"))
        weight = _weight(parameters)
        if weight is None or any(p.startswith("charset=") and not _is_utf8(p[8:]) for p in parameters):
            continue
        if name == "*/*":
            _set(weights, "json", 0, weight)
            # A wildcard asks for JSON; the newer type must be named, or be asked for with application/*.
        elif name == "application/*":
            _set(weights, "json", 1, weight)
        elif name == "text/*":
            _set(weights, "html", 1, weight)
        elif name in _TYPES:
            _set(weights, _TYPES[name], 2, weight)
    offered = [(weights[answer][1], -index, answer) for index, answer in enumerate(_ORDER) if answer in weights]
    best = max(offered, default=None)
    return best[2] if best is not None and best[0] > 0 else None


def _set(weights: dict[Answer, tuple[int, float]], answer: Answer, specific: int, weight: float) -> None:
    if answer not in weights or weights[answer][0] <= specific:
        weights[answer] = (specific, weight)


def _weight(parameters: list[str]) -> float | None:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                return None
            return weight if 0 <= weight <= 1 else None
    return 1.0


def _read_type(content_type: str) -> HttpFault | None:
    name, *parameters = (piece.strip() for piece in content_type.lower().split(";"))
    if name != "application/json":
        return WRONG_TYPE
    for parameter in parameters:
        if parameter.startswith("charset=") and not _is_utf8(parameter[8:]):
            return WRONG_CHARSET
    return None


def _is_utf8(charset: str) -> bool:
    return charset.strip(' "') in ("utf-8", "utf8")

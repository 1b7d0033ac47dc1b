"""Errors as clients see them: each with a code, a text in both languages, and nothing of the inside."""

from __future__ import annotations

import logging
import re
from typing import Any

import orjson
from graphql import GraphQLError

from db import faults
from resolvers.errors import InvalidInput, Refusal

log = logging.getLogger("fivelink.schema")
#: How a message repeats what was sent where something else is expected: it may be who somebody is.
_REPEATED = re.compile(r"(?:, found| value): .*", re.DOTALL)


def with_code(error: GraphQLError, code: str, text_zh: str) -> GraphQLError:
    if error.extensions and "code" in error.extensions:
        return error
    return GraphQLError(
        _REPEATED.sub(lambda found: " value." if found[0].startswith(" v") else ".", error.message),
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code, "text_zh": text_zh},
    )


def fault(error: BaseException, node: Any, path: list[str | int] | None) -> GraphQLError:
    code, text_zh, text_en = faults.classify(error)
    if code == "INTERNAL":
        log.error("fault while reading %s", path, exc_info=error)
    else:
        log.warning("%s while reading %s: %s", code, path, type(error).__name__)
    return GraphQLError(text_en, nodes=node, path=path, extensions={"code": code, "text_zh": text_zh})


def told(error: GraphQLError) -> GraphQLError:
    """An execution error as a client may see it."""
    if error.extensions and "code" in error.extensions:
        return error
    if error.original_error is None:
        return with_code(error, "EXECUTION_FAILED", "执行失败")
    nodes = list(error.nodes) if error.nodes else None
    cause = error.original_error
    if isinstance(cause, Refusal):
        # A question about what is not there: said as an act would say it.
        extensions: dict[str, Any] = {"code": cause.code, "text_zh": cause.message_zh}
        if isinstance(cause, InvalidInput):
            extensions["fields"] = [
                {"path": list(one.path), "code": one.code, "text_zh": one.message_zh, "text_en": one.message_en}
                for one in cause.fields
            ]
        return GraphQLError(cause.message_en, nodes=nodes, path=error.path, extensions=extensions)
    return fault(cause, nodes, list(error.path) if error.path else None)


def formatted(error: GraphQLError) -> dict[str, Any]:
    return dict(error.formatted)


def refusal(errors: list[GraphQLError]) -> bytes:
    return orjson.dumps({"errors": [formatted(error) for error in errors]})

"""From text to document: bounded, cached, and with errors that say what is wrong without saying how it works inside."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FloatValueNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    IntValueNode,
    OperationDefinitionNode,
    Source,
    StringValueNode,
    Visitor,
    parse,
    visit,
)

from schema.execution.limits import Limits, Measure, check, coded, measure

#: Texts longer than this are parsed each time: a cache of a thousand must not become a cache of a gigabyte.
LONGEST_KEPT = 20_000
KEPT = 1_000
FAILURES_KEPT = 100

LONGEST_NUMBER = 100

#: What only a walk can tell from harmless text: an escaped U+0000, and a run of digits that may be a number.
_SUSPECT = re.compile(rf"\\u(?:0000|\{{0+\}})|[0-9]{{{LONGEST_NUMBER}}}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document that keeps the structural limits, and its measure for `limits.check_cost`."""

    document: DocumentNode
    measure: Measure


@dataclass(frozen=True, slots=True)
class _Failure:
    """What an error said, kept without its traceback."""

    errors: tuple[tuple[str, dict[str, Any], Source | None, tuple[int, ...] | None], ...]


class Refused(Exception):
    """The text is no document that may be validated. `errors` are coded and new for each raise."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class Documents:
    """Parsed and measured documents by their text, least recently used dropped first. Not for several threads."""

    def __init__(self, schema: GraphQLSchema | None, limits: Limits, *, kept: int = KEPT) -> None:
        self._schema = schema
        self._limits = limits
        self._kept = kept
        self._parsed: OrderedDict[str, Parsed] = OrderedDict()
        self._failed: OrderedDict[str, _Failure] = OrderedDict()

    def __len__(self) -> int:
        return len(self._parsed) + len(self._failed)

    def get(self, text: str) -> Parsed:
        """The document of `text`. Raises Refused with all limits that it breaks, or the one fault of its syntax."""
        parsed = self._parsed.get(text)
        if parsed is not None:
            self._parsed.move_to_end(text)
            return parsed
        failure = self._failed.get(text)
        if failure is not None:
            raise Refused([_error(*each) for each in failure.errors])
        try:
            document = parse_bounded(text, self._limits.tokens, self._limits.characters)
            measured = measure(document, self._schema)
            errors = check(measured, self._limits)
        except GraphQLError as error:
            errors = [error]
        except RecursionError:
            errors = [_too_deep()]
        if errors:
            # Failures often carry text of an attacker's choosing: few are kept, and short ones only.
            if len(text) <= LONGEST_KEPT // 10:
                kept = tuple(
                    (e.message, e.extensions or {}, e.source, tuple(e.positions) if e.positions else None)
                    for e in errors
                )
                self._failed[text] = _Failure(kept)
                _shorten(self._failed, FAILURES_KEPT)
            raise Refused(errors)
        parsed = Parsed(document, measured)
        if len(text) <= LONGEST_KEPT:
            self._parsed[text] = parsed
            _shorten(self._parsed, self._kept)
        return parsed


def parse_bounded(text: str, tokens: int, characters: int) -> DocumentNode:
    """Parse an executable document of at most `tokens` tokens, comments included. O(length of the text).

    Raises GraphQLError with the code EMPTY_QUERY, SYNTAX_ERROR, QUERY_TOO_LONG, TOO_MANY_TOKENS, QUERY_TOO_DEEP,
    NUL_CHARACTER, NUMBER_TOO_LONG or NOT_EXECUTABLE (a document of type definitions).
    """
    if len(text) > characters:
        # The lexer reads a long string character by character: a megabyte would hold everybody up for 0.15 s.
        raise coded(
            "QUERY_TOO_LONG",
            f"the document has {len(text):,} characters, at most {characters:,} are accepted: use variables",
            f"查询有 {len(text):,} 个字符,最多接受 {characters:,} 个;较长的文本请放在变量中",
        )
    if not text.strip(" \t\r\n,\ufeff"):
        raise coded("EMPTY_QUERY", "the query is empty", "查询为空")
    try:
        document = parse(text, max_tokens=tokens, allow_empty_selection_sets=False)
    except GraphQLSyntaxError as error:
        raise _syntax(error, tokens) from None
    except RecursionError:
        raise _too_deep() from None
    if not all(d.kind in ("operation_definition", "fragment_definition") for d in document.definitions):
        raise coded(
            "NOT_EXECUTABLE",
            "the document defines types; only operations and fragments can be executed",
            "文档中含有类型定义,只能执行操作和片段",
        )
    if not any(isinstance(d, OperationDefinitionNode) for d in document.definitions):
        raise coded("EMPTY_QUERY", "the document holds no operation", "文档中没有可执行的操作")
    if _SUSPECT.search(text):
        visit(document, _RefuseValues())
    return document


class _RefuseValues(Visitor):
    """PostgreSQL text holds every character but U+0000, and Python names its own limit when a number is too long."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        if "\0" in node.value:
            raise coded("NUL_CHARACTER", "text may not contain U+0000", "文本中不能含有空字符 U+0000", nodes=node)

    def enter_int_value(self, node: IntValueNode, *_: Any) -> None:
        self._refuse_long(node)

    def enter_float_value(self, node: FloatValueNode, *_: Any) -> None:
        self._refuse_long(node)

    @staticmethod
    def _refuse_long(node: IntValueNode | FloatValueNode) -> None:
        if len(node.value) > LONGEST_NUMBER:
            raise coded(
                "NUMBER_TOO_LONG",
                f"a number has more than {LONGEST_NUMBER} digits",
                f"数字超过 {LONGEST_NUMBER} 位",
                nodes=node,
            )


def _syntax(error: GraphQLSyntaxError, tokens: int) -> GraphQLError:
    message = error.message
    where = {"source": error.source, "positions": error.positions}
    if "nested too deeply" in message:
        return _too_deep()
    if "Parsing aborted" in message or "Lexing aborted" in message:
        return coded(
            "TOO_MANY_TOKENS",
            f"the document has more than {tokens:,} tokens",
            f"查询过长,最多接受 {tokens:,} 个词元",
            **where,
        )
    at = error.locations[0] if error.locations else None
    place = f"第 {at.line} 行第 {at.column} 列附近" if at else ""
    return coded("SYNTAX_ERROR", message, f"查询语法有误,{place}" if place else "查询语法有误", **where)


def _too_deep() -> GraphQLError:
    return coded("QUERY_TOO_DEEP", "the document is nested too deeply to be parsed", "查询嵌套过深,无法解析")


def _error(message: str, extensions: dict[str, Any], source: Source | None, positions: Any) -> GraphQLError:
    return GraphQLError(message, source=source, positions=positions, extensions=dict(extensions))


def _shorten(kept: OrderedDict[str, Any], most: int) -> None:
    if len(kept) > most:
        kept.popitem(last=False)

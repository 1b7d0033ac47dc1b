"""Global ids and cursors: opaque to clients, checked when they come back.

An id is base64 of `Type:number`; a cursor is base64 of the JSON list of a row's order columns. Both are public values,
never secrets: what a viewer may not see stays unseen whatever id is sent.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

LARGEST_ID = 2**63 - 1


def global_id(plain: bytes) -> str:
    """b"Need:12" -> "TmVlZDoxMg==" """
    return binascii.b2a_base64(plain, newline=False).decode()


def parse_id(text: str) -> tuple[str, int] | None:
    """("Need", 12), or None for what was never one of our ids. Accepts only the one canonical spelling."""
    if len(text) > 60:
        return None
    try:
        typename, _, number = binascii.a2b_base64(text, strict_mode=True).decode("ascii").partition(":")
    except ValueError:
        return None
    if not number.isdecimal() or number != str(int(number)) or int(number) > LARGEST_ID:
        return None
    return typename, int(number)


def encode(values: Sequence[Any]) -> str:
    return binascii.b2a_base64(orjson.dumps(values, default=_exactly), newline=False).decode()


def _exactly(value: Any) -> str:
    """A decimal as its digits."""
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)


_DIGITS = re.compile(r"-?\d{1,20}(\.\d{1,10})?", re.ASCII)


class BadCursor(ValueError):
    """The text is no cursor of this list."""


def decode(text: str, columns: Sequence[Any]) -> list[Any]:
    """The order values of a cursor, each of its column's Python type; raises BadCursor."""
    try:
        values = orjson.loads(binascii.a2b_base64(text, strict_mode=True))
    except ValueError:
        raise BadCursor from None
    if not isinstance(values, list) or len(values) != len(columns):
        raise BadCursor
    return [_typed(value, column) for value, column in zip(values, columns, strict=True)]


def _typed(value: Any, column: Any) -> Any:
    kind = column.type.python_type
    if kind is datetime and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise BadCursor
            # The ends of the calendar have no counterpart in UTC.
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise BadCursor from None
    if kind is date and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise BadCursor from None
    if (
        kind is int
        and type(value) is int
        and abs(value) <= (2**31 - 1 if column.type.__visit_name__ == "integer" else LARGEST_ID)
    ):
        return value
    if kind is Decimal and isinstance(value, str) and _DIGITS.fullmatch(value):
        return Decimal(value)
    if kind is bool and type(value) is bool:
        return value
    if kind is float and type(value) in (int, float):
        return float(value)
    if kind is str and isinstance(value, str) and "\x00" not in value:
        allowed = getattr(column.type, "enums", None)
        if not allowed or value in allowed:
            return value
    raise BadCursor

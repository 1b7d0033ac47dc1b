"""Dates and times as the contract spells them, and no other way that a parser might let pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from graphql import GraphQLError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


_DECIMAL = re.compile(r"-?(?=[\d.]{1,31}$)\d+(\.\d+)?", re.ASCII)


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError("a Date is written YYYY-MM-DD and exists in the calendar")


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            pass
    raise GraphQLError("a DateTime is written YYYY-MM-DDThh:mm:ss with an offset (RFC 3339) and exists in the calendar")


def _decimal(value: Any) -> Decimal:
    """A number in a request was a float before anybody could look, so only its text is exact (whole ones are)."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise GraphQLError('a Decimal is written as a string of at most 30 digits, like "12.50"')


def _exactly(value: Any) -> str:
    return value if isinstance(value, str) else format(value, "f")


def _spelled(value: datetime | str) -> str:
    # A moment that is kept inside a document (the history of a referral) is kept as it is spelled.
    return value if isinstance(value, str) else value.isoformat()


SCALARS: Mapping[object, Any] = {
    date: strawberry.scalar(
        name="Date",
        description="A day, YYYY-MM-DD. 日期。",
        serialize=date.isoformat,
        parse_value=_day,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment with offset, RFC 3339. 日期时间(含时区)。",
        serialize=_spelled,
        parse_value=_moment,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as a string, like "12.50"; never a float. 精确小数(字符串)。',
        serialize=_exactly,
        parse_value=_decimal,
    ),
}

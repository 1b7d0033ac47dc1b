"""The fields of a record: from what a client gives to what is stored, every faulty one told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, records
from db.entities import TYPE_OF
from db.kinds import KINDS
from db.records import Declared, Field, camel
from resolvers.checks import MAX_INT, Problems
from resolvers.context import KEEP, Context
from resolvers.identity_checks import refuse_number
from resolvers.vocabulary import Vocabulary

#: Characters of a long text.
MAX_PROSE = 4_000
#: Numbers with a point have at most this many digits before it.
MAX_WHOLE_DIGITS = {"money": 14, "decimal": 8}


def path_of(one: Field) -> str:
    """The name of a field in an input of the contract."""
    return camel(f"{one.name}_id" if one.form == "to" else one.name)


@dataclass(slots=True)
class Reading:
    """One save: what is given, beside the row as it is (None for a new one)."""

    context: Context
    conn: AsyncConnection
    words: Vocabulary
    problems: Problems
    kind: Declared
    old: Any

    async def row(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every column that a client decides, and area_id; sound only if no problem was found.

        O(fields) look-ups in memory, and one statement for each row that is pointed at anew.
        """
        row: dict[str, Any] = {}
        for one in self.kind.fields:
            if one.fixed:
                row[one.column] = self._before(one)
                continue
            value = given.get(one.name, KEEP)
            if value is KEEP or (value is None and one.default is not None):
                row[one.column] = self._before(one)
                if one.must and row[one.column] is None:
                    self.problems.required(path_of(one), None)
            elif value is None:
                row[one.column] = [] if one.form == "terms" else None
                if not one.optional and one.form != "terms":
                    self.problems.required(path_of(one), None)
            else:
                row[one.column] = await self._value(one, value)
        row["area_id"] = await self._area(given.get("area", KEEP), row)
        self._in_order(row)
        return row

    def _before(self, one: Field) -> Any:
        if self.old is not None:
            return getattr(self.old, one.column)
        return [] if one.form == "terms" else one.default

    def _in_order(self, row: Mapping[str, Any]) -> None:
        start, end = self.kind.kind.on, self.kind.kind.until
        if start and end and row.get(start) and row.get(end) and row[end] < row[start]:
            (until,) = [one for one in self.kind.fields if one.column == end]
            self.problems.add(path_of(until), "DATES_REVERSED", "结束日期早于开始日期", "the end lies before the start")

    async def _area(self, given: Any, row: Mapping[str, Any]) -> int:
        """The area's id: of the row it stands under, or of the code given; 0 where that is faulty."""
        under = self.kind.under
        if under is not None:
            above = row.get(under.column)
            found = await self._pointed(under, above, lock=True) if above else None
            if above and found is None:
                self.problems.missing(path_of(under), under.zh, TYPE_OF[under.target or ""].lower())
            return int(found.area_id) if found is not None else 0
        if given is KEEP and self.old is not None:
            return int(self.old.area_id)
        if given is KEEP or given is None:
            self.problems.required("area", None)
            return 0
        found = await self.words.check_area(self.conn, self.problems, "area", given)
        return found.id if found else 0

    async def _value(self, one: Field, value: Any) -> Any:
        path, problems = path_of(one), self.problems
        match one.form:
            case "text":
                line = problems.text(path, value)
                refuse_number(problems, path, line)
                return line
            case "prose":
                text = problems.prose(path, value, MAX_PROSE)
                refuse_number(problems, path, text)
                if text is None and not one.optional:
                    problems.required(path, None)
                return text
            case "whole":
                return self._whole(path, one, value)
            case "money" | "decimal":
                return self._exact(path, one, value)
            case "day":
                return value if isinstance(value, date) else problems.required(path, None)
            case "flag":
                return bool(value)
            case "code":
                assert one.codes is not None
                return problems.one_of(path, getattr(value, "name", value), tuple(one.codes.values))
            case "term":
                return self._term(path, one, value)
            case "terms":
                kept = [self._term(path, one, code) for code in problems.codes(path, value)]
                return sorted({id for id in kept if id is not None})
            case "named":
                return await self._named(path, one, value)
            case "to":
                return await self._to(path, one, value)

    def _whole(self, path: str, one: Field, value: Any) -> int:
        least = one.least if one.least is not None else -MAX_INT
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MAX_INT:
            self.problems.add(
                path,
                "OUT_OF_RANGE",
                f"应为 {least} 到 {MAX_INT} 的整数",
                f"must be a whole number from {least} to {MAX_INT}",
            )
            return 0
        return value

    def _exact(self, path: str, one: Field, value: Any) -> Decimal:
        places, digits = records.SCALE[one.form], MAX_WHOLE_DIGITS[one.form]
        least = one.least if one.least is not None else -(10**digits)
        fits = (
            isinstance(value, Decimal)
            and value.is_finite()
            and least <= value < 10**digits
            and value == round(value, places)
        )
        if not fits:
            self.problems.add(
                path,
                "OUT_OF_RANGE",
                f"应为不小于 {least} 的数,最多 {places} 位小数、{digits} 位整数",
                f"must be a number of at least {least} with at most {places} decimals and {digits} digits before them",
            )
            return Decimal(0)
        exact: Decimal = round(value, places)
        return exact

    def _term(self, path: str, one: Field, code: str) -> int | None:
        found = self.words.check_term(self.problems, path, [one.scheme or ""], code)
        return found.id if found else None

    async def _named(self, path: str, one: Field, code: str) -> int | None:
        if one.target == "area":
            area = await self.words.check_area(self.conn, self.problems, path, code)
            return area.id if area else None
        found = self.words.check_type(self.problems, path, code)
        return found.id if found else None

    async def _to(self, path: str, one: Field, id: int) -> int | None:
        if self.old is not None and getattr(self.old, one.column) == id:
            return id
        found = await self._pointed(one, id, lock="STAYS")
        if found is None or (one.of and found.kind not in one.of):
            self.problems.missing(path, one.zh, TYPE_OF[one.target or ""].lower())
            return None
        return int(found.id)

    async def _pointed(self, one: Field, id: int, lock: acting.Lock) -> Any:
        """The row; of other things than records no lock is needed, for they are never withdrawn."""
        assert one.target is not None
        held = lock if one.target in KINDS else False
        if one.target in ("duty", "procedure") and not 0 < id <= MAX_INT:
            return None
        return await acting.seen(self.conn, self.context.viewer, one.target, id, lock=held)

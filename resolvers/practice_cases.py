"""The case library: a case is told without numbers by which somebody could be found."""

from __future__ import annotations

import re

from resolvers.record_fields import path_of
from resolvers.records import Check, check

#: An identity number, or a telephone number of a person.
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])(\d{17}[\dXx]|1[3-9]\d{9})(?![0-9A-Za-z])")


@check("practice_case")
async def _nameless(given: Check) -> None:
    for one in given.kind.fields:
        text = given.row[one.column]
        if one.form in ("text", "prose") and isinstance(text, str) and _NUMBERS.search(text):
            given.problems.add(
                path_of(one),
                "PERSON_TO_BE_FOUND",
                "写有身份证号或手机号;案例人人可读,请删去",
                "holds an identity or telephone number; everybody reads cases, take it out",
            )

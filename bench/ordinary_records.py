"""Records of every kind in the SQL of ordinary execution: what they point at and how their lists are filtered.

Drawn from the declarations, for they are what is said of a kind; the conditions are those of `bench/ordinary_sql.py`.
"""
# The names put into statements are those of the declarations; whatever a client sends is a parameter.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.ordinary_sql import (
    FILTERS,
    ORDERS,
    TABLE_OF_TYPE,
    TO_PAGE,
    Parameters,
    compared,
    contains,
    id_of,
    is_,
    one_of,
    scheme_below,
    within_area,
)
from db.kinds import KINDS
from db.records import Declared

#: What a record points at: (type, field) -> (table, column).
RECORD_ONE = {
    (kind.kind.typename, one.name): (one.target or "term", one.column)
    for kind in KINDS.values()
    for one in kind.fields
    if one.form in ("to", "named", "term")
}
RECORD_MANY = {
    (kind.kind.typename, one.name): one.column for kind in KINDS.values() for one in kind.fields if one.form == "terms"
}
TO_PAGE |= {
    (one.target or "", one.back): (name, one.column, ORDERS[name])
    for name, kind in KINDS.items()
    for one in kind.fields
    if one.back is not None
}


def _term_of(scheme: str, column: str, listed: bool) -> Callable[[str, Any, Parameters], str]:
    def condition(table: str, value: Any, p: Parameters) -> str:
        below = scheme_below(scheme, value, p)
        return f"{table}.{column} && ARRAY({below})" if listed else f"{table}.{column} IN ({below})"

    return condition


def _of_kind(declared: Declared) -> dict[str, Callable[[str, Any, Parameters], str]]:
    """The filters of a kind of record."""
    found = {"area": within_area}
    for one in declared.fields:
        if one.form == "code":
            found[one.name] = one_of(one.column)
        elif one.form == "flag":
            found[one.name] = is_(one.column)
        elif one.form in ("term", "terms"):
            found[one.name] = _term_of(one.scheme or "", one.column, one.form == "terms")
        elif one.form == "to":
            of = [name for name, table in TABLE_OF_TYPE.items() if table == one.target]
            found[one.name] = id_of(tuple(of), one.column)
    if declared.kind.search is not None:
        found["search"] = contains(declared.kind.search)
    if declared.kind.on is not None:
        found |= {"from_on": compared(declared.kind.on, ">="), "until": compared(declared.kind.on, "<=")}
    return found


FILTERS |= {name: _of_kind(declared) for name, declared in KINDS.items()}

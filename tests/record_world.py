"""Records of every kind in the small world of `world.py`, drawn from their declarations.

Rows are written as they are stored. Row n of a kind lies in village `HOMES[n]` and points at row n of other kinds, so
that who sees one sees the other. Every column that may be empty is empty in some row and filled in another.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import loop_world
import world
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.identities import IdentityReadingRow
from db.kinds import KINDS
from db.needs import NeedRow
from db.records import Declared, Field
from db.referrals import ReferralRow
from db.terms import TermRow

HOMES = (6, 7, 9, 6)
#: The first party of a kind that stands in `world.PARTY_KINDS` at n is n + 1.
PARTIES = {kind: n for n, kind in enumerate(world.PARTY_KINDS, 1)}
FIRST_TERM = 101


def schemes() -> list[str]:
    """Schemes of terms that only records use, in order."""
    known = {"client_group", "domain", "industry", "fund_source", "channel"}
    return sorted({one.scheme for kind in KINDS.values() for one in kind.fields if one.scheme} - known)


def codes() -> list[str]:
    """Codes of terms of these schemes: of each the one above."""
    return [f"{scheme.upper()}_0" for scheme in schemes()]


async def write(connection: AsyncConnection) -> None:
    """Four rows of every kind, the last of them withdrawn; after the small world and its loop.

    Reading is tested apart from saving: what a table checks of a row is checked there.
    """
    for n, scheme in enumerate(schemes()):
        above = FIRST_TERM + 2 * n
        for id, parent, ancestors in ((above, None, [above]), (above + 1, above, [above, above + 1])):
            row = {"id": id, "scheme": scheme, "code": f"{scheme.upper()}_{id - above}", "parent_id": parent}
            row |= {"label_zh": f"分类{id}", "label_en": f"Term {id}", "ancestor_ids": ancestors, "group_ids": []}
            await connection.execute(insert(TermRow).values(**row, position=id))
    for name, kind in KINDS.items():
        # Documents of the ledger and the like, which a row has beside its fields, are not made here.
        known = [f"fk_{name}_{one.column}" for one in kind.fields] + [f"fk_{name}_area_id", f"fk_{name}_county_id"]
        checks = await connection.execute(
            text(
                "SELECT conname FROM pg_constraint WHERE conrelid = CAST(:name AS regclass)"
                " AND (contype = 'c' OR contype = 'f' AND conname <> ALL (:known))"
            ),
            {"name": name, "known": known},
        )
        for (check,) in checks.all():
            await connection.exec_driver_sql(f"ALTER TABLE {name} DROP CONSTRAINT {check}")
        await connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        for n in range(len(HOMES)):
            await connection.execute(insert(kind.row).values(**row_of(kind, n)))
    for n, (role, reader) in enumerate((("COORDINATOR", None), ("PARTNER", 3), ("ADMIN", None))):
        seen = {"client_id": n + 1, "area_id": HOMES[n], "county_id": world.AREAS[HOMES[n] - 1][6], "role": role}
        seen |= {"reader_id": reader, "purpose": f"家访{n}", "shown": ["name", "phone"][:n], "read_at": world.NOON}
        await connection.execute(insert(IdentityReadingRow).values(**seen))


def row_of(kind: Declared, n: int) -> dict[str, Any]:
    """The n-th row of a kind, numbered n + 1 by the database."""
    home = HOMES[n]
    row: dict[str, Any] = {
        "area_id": home,
        "county_id": world.AREAS[home - 1][6],
        "source": f"出处{n}" if n else None,
        "marks": [{"code": "OVER_AGE", "text_zh": "年龄偏大", "text_en": "over age"}] if n == 1 else [],
        "recorded_at": world.NOON + timedelta(days=n),
        "changed_at": world.NOON + timedelta(days=n, microseconds=n),
        "withdrawn_at": world.NOON if n == 3 else None,
    }
    for m, one in enumerate(kind.fields):
        if one.column != "source":
            empty = one.optional and (n + m) % 3 == 0
            row[one.column] = None if empty else _value(kind, one, n)
    for column in kind.table.columns:
        if column.key not in row and not column.nullable and column.server_default is None and column.key != "id":
            row[column.key] = _plain(column, n)
    return row


def _plain(column: Any, n: int) -> Any:
    """A column that a kind declares beside its fields."""
    kind = column.type.python_type
    return {str: f"值{n}", int: n + 1, Decimal: Decimal(n), dict: {}, bytes: b"x"}.get(kind, world.NOON)


def _value(kind: Declared, one: Field, n: int) -> Any:
    match one.form:
        case "text" | "prose":
            return f"{kind.kind.zh} {one.name}{n}"
        case "whole":
            return (one.least or 0) + n + 1
        case "money":
            return Decimal("100.50") + n
        case "decimal":
            return Decimal("0.1250") * (n + 1)
        case "day":
            late = 30 if "until" in one.name or one.column == kind.kind.until else 0
            return world.NOON.date() + timedelta(days=n + late)
        case "flag":
            return n % 2 == 0
        case "code":
            assert one.codes is not None
            return list(one.codes.values)[n % len(one.codes.values)]
        case "term":
            return _terms(one)[n % 2]
        case "terms":
            return _terms(one)[: n % 3]
        case "named":
            return HOMES[n] if one.target == "area" else 1 + n % 4
        case "to":
            return _pointed(kind, one, n)


def _terms(one: Field) -> list[int]:
    own = {"client_group": [1, 2], "domain": [4, 4], "industry": [5, 5], "fund_source": [6, 6], "channel": [7, 7]}
    above = FIRST_TERM + 2 * schemes().index(one.scheme or "") if one.scheme not in own else 0
    return own.get(one.scheme or "", [above, above + 1])


def _pointed(kind: Declared, one: Field, n: int) -> int:
    """The number of a row that whoever sees the pointing row sees too."""
    match one.target:
        case "party":
            public = kind.kind.seen == "PUBLIC"
            return PARTIES[one.of[0] if one.of else "ORGANIZATION" if public or n % 2 else "SOCIAL_WORKER"]
        case "need":
            return _at(world.rows()[NeedRow], HOMES[n])
        case "referral":
            return _at(loop_world.rows()[ReferralRow], HOMES[n])
        case "offer" | "plan":
            return 1
        case "service_record":
            return 1
        case "duty" | "procedure":
            return 1
    return n + 1


def _at(rows: list[dict[str, Any]], home: int) -> int:
    return next(n for n, one in enumerate(rows, 1) if one["area_id"] == home)

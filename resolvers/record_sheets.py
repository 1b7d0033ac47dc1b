"""How the sheet of each kind of record looks: its columns follow from the declaration of the kind."""

from __future__ import annotations

from functools import cache

from db.kinds import KINDS
from db.records import SCALE, Field
from exchange.record_sheets import SheetColumn, SheetKind
from exchange.text import fold

#: The column that says where a record belongs, of kinds that stand under nothing.
AREA = SheetColumn("area", "named", "所在区域", ("区域", "地区", "区划代码", "所属区域", "area code"))


def sheet_column(one: Field) -> SheetColumn:
    """How a field is headed and read in a sheet."""
    words: dict[str, str] = {}
    labels: list[str] = []
    for code, (_en, zh) in (one.codes.values if one.codes else {}).items():
        words |= {fold(code): code, fold(zh): code}
        labels.append(zh)
    scale = 0 if one.form == "whole" else SCALE.get(one.form)
    return SheetColumn(one.name, one.form, one.zh, (), scale, words, tuple(labels))


@cache
def sheet_kinds() -> tuple[SheetKind, ...]:
    """Every kind that a sheet may hold: those with an act to save them."""
    made = []
    for one in KINDS.values():
        if not one.kind.saved:
            continue
        columns = [sheet_column(each) for each in one.fields if not each.fixed]
        if one.under is None:
            columns.append(AREA)
        kind = one.kind
        made.append(SheetKind(one.name, kind.zh, kind.en, (kind.typename, kind.plural), tuple(columns)))
    return tuple(made)

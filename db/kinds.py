"""Every kind of record, by the name of its table, in an order in which rows can be written.

A new module of kinds is one line in MODULES.
"""

from __future__ import annotations

from importlib import import_module

from db.base import Base
from db.records import Declared, Record, declared

MODULES: tuple[str, ...] = ()


def _found() -> dict[str, Declared]:
    for name in MODULES:
        import_module(f"db.{name}")
    rows = {row.__tablename__: row for row in Record.__subclasses__()}
    return {table.name: declared(rows[table.name]) for table in Base.metadata.sorted_tables if table.name in rows}


KINDS: dict[str, Declared] = _found()

"""Every kind of record, by the name of its table, in an order in which rows can be written.

A new module of kinds is one line in MODULES.
"""

from __future__ import annotations

from importlib import import_module

from db.base import Base
from db.records import Declared, Record, declared
from db.visibility import PREDICATES, of_record

MODULES: tuple[str, ...] = (
    "activities",
    "buildout",
    "cases",
    "catalogue",
    "committees",
    "documents",
    "evaluations",
    "fund_rules",
    "funds",
    "handovers",
    "posts",
    "practice_cases",
    "programmes",
    "projects",
    "reports",
    "stations",
    "supervision",
    "training",
)
#: Modules of tables that records point at.
OLDER = ("areas", "terms", "parties", "needs", "offers", "plans", "referrals", "services", "duties", "procedures")


def _found() -> dict[str, Declared]:
    for name in (*OLDER, *MODULES):
        import_module(f"db.{name}")
    rows = {row.__tablename__: row for row in Record.__subclasses__()}
    return {table.name: declared(rows[table.name]) for table in Base.metadata.sorted_tables if table.name in rows}


KINDS: dict[str, Declared] = _found()
PREDICATES.update({name: of_record(one) for name, one in KINDS.items()})

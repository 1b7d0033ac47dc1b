"""What the compiler works with: statements, programs, and the parts of SQL that stand by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import BindParameter, Numeric, and_, bindparam, literal_column, or_

from db.entities import Entity
from db.prepared import DIALECT


@dataclass(slots=True, eq=False)
class Statement:
    """`keys(rows)` gives the `keys` parameter from the rows of the statements before; `names` are the parameters."""

    sql: str
    names: tuple[str, ...]
    constants: dict[str, Any]
    keys: Callable[[list[Any]], Any] | None


@dataclass(slots=True, eq=False)
class Program:
    statements: tuple[Statement, ...]
    assemble: Callable[[list[Any], dict[str, Any]], Any]
    source: str


@dataclass(slots=True, eq=False)
class Level:
    """One statement being built: its columns, its joins, and where its rows will stand (`R[index]`)."""

    index: int
    entity: Entity
    name: str
    table: Any
    source: Any
    offset: int = 0
    columns: list[Any] = field(default_factory=list)
    places: dict[tuple[int, str], int] = field(default_factory=dict)
    joins: dict[tuple[int, str], Any] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)

    def column(self, table: Any, name: str) -> str:
        place = (id(table), name)
        if place not in self.places:
            self.places[place] = len(self.columns) + self.offset
            self.columns.append(table.c[name].label(f"c{len(self.columns)}"))
        return f"r[{self.places[place]}]"


@dataclass(slots=True, eq=False)
class Keys:
    """Which rows below are wanted: `before` and `after` are the comprehension around its condition.

    Each type of the parent that asks for the very same adds its guard; "" means every row.
    """

    before: str
    after: str
    guards: list[str]

    def function(self, names: dict[str, Any]) -> Callable[[list[Any]], Any]:
        condition = "" if "" in self.guards else f" if {' or '.join(f'({guard})' for guard in self.guards)}"
        made: Callable[[list[Any]], Any] = eval(f"lambda R: {self.before}{condition}{self.after}", dict(names))
        return made


def written_out(element: Any, **_: Any) -> Any:
    """A constant of our own as a literal: the planner counts with it, and nobody has to send it.

    What comes from outside is a parameter without a value here.
    """
    if isinstance(element, BindParameter) and type(element.value) is str:
        render = element.type.literal_processor(DIALECT)
        assert render is not None
        return literal_column(render(element.value), element.type)
    return None


def beyond(table: Any, order: Sequence[tuple[str, bool]], prefix: str, *, forward: bool) -> Any:
    """Rows after (before) a cursor: (a, b, c) > (x, y, z) written out, because directions differ by column."""
    condition: Any = None
    for position in range(len(order) - 1, -1, -1):
        column, descending = order[position]
        bound = bindparam(f"{prefix}_{position}", type_=table.c[column].type)
        further = table.c[column] < bound if descending == forward else table.c[column] > bound
        condition = further if condition is None else or_(further, and_(table.c[column] == bound, condition))
    return condition


def as_told(value: str, kind: Any) -> str:
    """The expression of a column's value in an answer. (A Float is a Numeric too, but no decimal.)"""
    return f"exactly({value})" if isinstance(kind, Numeric) and kind.asdecimal else value


def exactly(value: Decimal | None) -> str | None:
    """JSON has no exact decimals: they are text."""
    return None if value is None else format(value, "f")

"""Small counts of persons, for readers outside the area: what is hidden, and why nothing shown gives it away.

Everything such a reader is told about persons is a function of ATOMS: the sum for one township (or for what lies above
townships and in none) in one month (that in which a row
began to count), and one part of the measure. An atom of 1 to 4 is left out of every sum, in every
report of every area, period and cadence alike; a sum that an atom was left out of is told as "at least". So whatever
reports are laid beside each other, all of them would read the same had each hidden atom been another number from 1 to
4: differences reveal nothing. What is finer than an atom (villages, days, weeks, what is not over) is withheld.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from db.measures import Sum

#: Counts of persons below this one, and above none, are small.
SMALL: Final = 5
#: SMALL: 1 to 4; PARTLY: at least so many, for small counts are left out; WITHHELD: not told at all.
Hidden = Literal["SMALL", "PARTLY", "WITHHELD"]


@dataclass(slots=True)
class Total:
    """A sum and how many rows stand behind it; `left_out` counts the atoms that are not in it."""

    value: Decimal = Decimal(0)
    count: int = 0
    left_out: int = 0

    def add(self, value: Decimal | None, count: int) -> None:
        self.value += value or 0
        self.count += count

    @property
    def hidden(self) -> Hidden | None:
        if not self.left_out:
            return None
        return "SMALL" if self.left_out == 1 and not self.value else "PARTLY"

    @property
    def shown(self) -> Decimal | None:
        """The sum, or the least it can be; None where all that is told is that it is small."""
        return None if self.hidden == "SMALL" else self.value + self.left_out


Totals = dict[tuple[int | None, str | None], Total]
#: (area, month, code)
Atom = tuple[int, "date | None", "str | None"]


def exact(groups: Iterable[tuple[Sum, int]]) -> Totals:
    """Sums by (row, code), (row, None), (None, code) and (None, None); each group with the place of its value."""
    found: Totals = defaultdict(Total)
    for group, n in groups:
        for row in (group.row_id, None):
            found[row, None].add(group.values[n], group.counts[n])
            if group.code is not None:
                found[row, group.code].add(group.values[n], group.counts[n])
    return found


def guarded(groups: Iterable[tuple[Sum, int]], finer: Collection[int]) -> Totals:
    """The same from atoms, without the small ones; rows of areas in `finer` lie below an atom and are left out."""
    atoms: dict[Atom, Total] = defaultdict(Total)
    stands_in: dict[Atom, int] = {}
    for group, n in groups:
        atom = (group.atom_id, group.month, group.code)
        atoms[atom].add(group.values[n], group.counts[n])
        stands_in[atom] = group.row_id
    found: Totals = defaultdict(Total)
    for atom, total in atoms.items():
        code, row = atom[2], stands_in[atom]
        small = 0 < total.value < SMALL
        for where in {None} if row in finer else {row, None}:
            for part in {None, code}:
                if small:
                    found[where, part].left_out += 1
                else:
                    found[where, part].add(total.value, total.count)
    return found

"""Numbers of a problem as machine integers, or a clear word that they are not."""

from __future__ import annotations

from math import inf, isnan
from numbers import Integral
from typing import Any

import networkx as nx
import numpy as np

from graph.network import Values
from graph.solver import INFINITE, LIMIT, Ints


class Inexact(Exception):
    """A number that 64-bit integers cannot hold exactly: a fraction, an infinity where none is allowed, too much."""


def whole(
    values: Values | None, size: int, missing: int, what: str, *, endless: bool = False, used: Any = None
) -> Ints:
    """int64, one entry a node or edge; `endless` allows infinity (`INFINITE`), `used` masks what is looked at.

    Raises Inexact, and NetworkXError for what is no number at all where it would silently spoil a flow.
    """
    if values is None:
        return np.full(size, missing, dtype=np.int64)
    if isinstance(values, list):
        counted = [True] * size if used is None else used.tolist()
        found = np.array(
            [_one(v, what, endless) if keep else 0 for v, keep in zip(values, counted, strict=True)], dtype=np.int64
        )
    else:
        found = values
    bounded = np.where(found == INFINITE, 0, found) if endless else found
    if len(found) and (int(bounded.max()) >= LIMIT or int(bounded.min()) <= -LIMIT):
        raise Inexact(f"{what} is too large for exact 64-bit arithmetic")
    return found


def _one(value: Any, what: str, endless: bool) -> int:
    if isinstance(value, Integral):
        if abs(int(value)) >= LIMIT:
            raise Inexact(f"{what} is too large for exact 64-bit arithmetic")
        return int(value)
    if not isinstance(value, float):
        raise Inexact(f"{what} has {value!r}")
    if isnan(value):
        raise nx.NetworkXError(f"{what} has nan, which is not a number")
    if value == inf and endless:
        return INFINITE
    if abs(value) >= LIMIT or value != int(value):
        raise Inexact(f"{what} has {value!r}")
    return int(value)

"""Invented people: their identity numbers have the serial 000, which nobody was given."""

from __future__ import annotations

from datetime import date

from stdnum.cn import ric


def number(born_on: date, area: str = "370832") -> str:
    """A valid identity number of nobody."""
    digits = f"{area}{born_on:%Y%m%d}000"
    return digits + str(ric.calc_check_digit(digits + "0"))

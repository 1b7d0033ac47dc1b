"""What one cell means: quantities with units, dates, choices. Pure functions; a ValueFault carries the code."""

from __future__ import annotations

import calendar
import math
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from exchange.grid import Cell

#: PostgreSQL's integer, and GraphQL's Int.
LARGEST = 2_147_483_647
_LONGEST_UNIT = 10

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟萬兩", "一二三四五六七八九十百千万两")
_NUMERAL = re.compile("[零〇一二两三四五六七八九十百千万亿]+")
_SECTION = re.compile(
    "(?:([一二两三四五六七八九])千)?(零?)(?:([一二两三四五六七八九])百)?(零?)"
    "(?:([一二三四五六七八九]?)(十))?(零?)([一二两三四五六七八九])?"
)
_NUMBER = re.compile(r"([+-]?)(\d+(?:,\d+)*(?:\.\d+)?|\.\d+)(.*)", re.DOTALL)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_VAGUE = re.compile("约|左右|大概|若干|以上|以内|不等|多|余|几|数十|数百|一些|适量|不限|待定|半|[~-]|至|到|±|[?]")
_SCALED = re.compile("(万|亿|千(?=元)|百(?=元))(.*)", re.DOTALL)
_SCALES = {"万": 10_000, "亿": 100_000_000, "千": 1_000, "百": 100}
_BLANK = frozenset(["", "-", "--", "—", "——", "/", "\\", "无", "暂无", "无要求", "n/a", "none", "null"])


class ValueFault(ValueError):
    """A cell that cannot be read as what its column holds; `code` is one of `messages.FAULTS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_blank(text: str) -> bool:
    """Whether `text` is one of the ways of saying "nothing" in a cell that may stay empty."""
    return len(text) <= 4 and text.casefold() in _BLANK


def split_unit(unit: str) -> tuple[int, str]:
    """The factor and base of a unit: 万元 is (10000, 元), 件 is (1, 件); 千 and 百 scale money only."""
    unit = re.sub(r"\(.*?\)", "", unicodedata.normalize("NFKC", unit)).strip(" \n:") or unit
    scaled = _SCALED.fullmatch(unit)
    return (_SCALES[scaled[1]], scaled[2].strip()) if scaled else (1, unit)


def quantity(cell: Cell, column_unit: str | None = None) -> tuple[int, str | None]:
    """The whole number a cell holds and the unit written in it (else the column's), money in 元.

    Read are 3, "３", "1,000", "3台", "三台", "十", "0.5万元" (5000 元); `column_unit` 万元 scales a bare number.
    Raises ValueFault: not_a_number, vague, negative, zero, fractional, out_of_range, unit_conflict.
    """
    factor, unit = split_unit(column_unit) if column_unit else (1, None)
    if isinstance(cell, bool | date):
        raise ValueFault("not_a_number")
    if isinstance(cell, int | float):
        if isinstance(cell, float) and not math.isfinite(cell):
            raise ValueFault("not_a_number")
        amount = Decimal(cell) if isinstance(cell, int) else Decimal(repr(cell))
    else:
        amount, own_factor, own_unit = _amount(str(cell))
        if own_unit is not None:
            if unit is not None and own_unit.casefold() not in [unit.casefold(), *unit.casefold().split("/")]:
                raise ValueFault("unit_conflict")
            factor, unit = own_factor, own_unit
        elif own_factor != 1:
            factor = own_factor
    return _whole(amount * factor), unit or None


def _whole(amount: Decimal) -> int:
    if amount < 0:
        raise ValueFault("negative")
    if amount == 0:
        raise ValueFault("zero")
    if amount > LARGEST:
        raise ValueFault("out_of_range")
    if amount != amount.to_integral_value():
        raise ValueFault("fractional")
    return int(amount)


def _amount(text: str) -> tuple[Decimal, int, str | None]:
    """The number, factor and unit written in one cell."""
    if len(text) > 100:
        raise ValueFault("not_a_number")
    text = "".join(unicodedata.normalize("NFKC", text).split()).replace("−", "-")
    text = text.translate(_FORMAL).removeprefix("人民币").removeprefix("共")
    money = text[:1] == "¥"
    text = text[1:] if money else text
    if (found := _NUMBER.fullmatch(text)) is not None:
        sign, digits, rest = found.groups()
        if "," in digits and not _GROUPED.fullmatch(digits):
            raise ValueFault("not_a_number")
        try:
            number = Decimal(sign + digits.replace(",", ""))
        except InvalidOperation:  # pragma: no cover - the pattern admits decimals only
            raise ValueFault("not_a_number") from None
    elif (numeral := _NUMERAL.match(text)) is not None:
        written, rest = numeral[0], text[numeral.end() :]
        if written.endswith("千") and rest[:1] in ("克", "瓦", "米"):
            written, rest = written[:-1], "千" + rest
        if written.endswith("万") and rest:
            written, rest = written[:-1], "万" + rest
        number = Decimal(chinese_number(written))
    else:
        raise ValueFault("vague" if _VAGUE.search(text) else "not_a_number")
    if _VAGUE.search(rest):
        raise ValueFault("vague")
    factor, unit = split_unit(rest.removesuffix("整")) if rest else (1, "")
    if any(character.isdigit() for character in rest) or len(rest) > _LONGEST_UNIT or unit[:1] in ("万", "亿"):
        raise ValueFault("not_a_number")
    return number, factor, unit or ("元" if money else None)


def chinese_number(written: str) -> int:
    """The value of a numeral below 一亿亿: 十五, 一百零二, 两万. Raises ValueFault("vague") for 三四 and 一百二."""
    total = 0
    rest = written
    for mark, factor in (("亿", 100_000_000), ("万", 10_000)):
        if mark in rest:
            head, rest = rest.split(mark, 1)
            total += _section(head) * factor
            if rest and rest[0] not in "零" and len(rest) == 1:
                raise ValueFault("vague")
    if rest:
        total += _section(rest)
    return total


def _section(written: str) -> int:
    found = _SECTION.fullmatch(written)
    if not written or found is None:
        if written in ("零", "〇"):
            return 0
        raise ValueFault("vague")
    thousands, zero_1, hundreds, zero_2, tens, ten, zero_3, ones = found.groups()
    if ones and not ten and (hundreds or thousands) and not (zero_1 or zero_2 or zero_3):
        raise ValueFault("vague")  # 一百二: 102 to some, 120 to most
    value = 1_000 * _DIGITS.get(thousands or "零", 0) + 100 * _DIGITS.get(hundreds or "零", 0)
    return value + (10 * _DIGITS.get(tens or "一", 1) if ten else 0) + _DIGITS.get(ones or "零", 0)


_YMD = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?(?:[T ]?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?Z?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH_END = re.compile(r"(\d{4})年(\d{1,2})月(?:底|末)(?:前)?|(\d{4})年(?:底|末)(?:前)?")
_AMBIGUOUS = re.compile(r"\d{1,4}[-/.年]\d{1,2}([-/.月](\d{1,4}[日号]?)?)?|\d{1,2}月.*|\d{4}年?.*|.*[底末初旬季]前?")
_OPEN = frozenset(["长期", "长期有效", "永久", "不限", "无限期", "常年", "持续"])


def day(cell: Cell) -> date | None:
    """The date a cell holds; None for "no limit" (长期, 不限). Excel's serial numbers and 20261201 count as dates.

    2026年12月底 is its last day; without a year or a day the text is ambiguous. Years 1900 to 2199.
    Raises ValueFault: not_a_date, ambiguous_date.
    """
    if isinstance(cell, datetime):
        return _in_reach(cell.date())
    if isinstance(cell, date):
        return _in_reach(cell)
    if isinstance(cell, bool):
        raise ValueFault("not_a_date")
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int) and 36_526 <= cell <= 73_050:  # 2000-01-01 to 2099-12-31 in a column formatted as numbers
        return date.fromordinal(date(1899, 12, 30).toordinal() + cell)
    text = str(cell)
    if len(text) > 40:
        raise ValueFault("not_a_date")
    text = unicodedata.normalize("NFKC", text).strip()
    text = re.sub(r"\s*([-/.年月日])\s*", r"\1", text)
    if text in _OPEN:
        return None
    if (found := _YMD.fullmatch(text) or _COMPACT.fullmatch(text)) is not None:
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if (ending := _MONTH_END.fullmatch(text)) is not None:
        year, month = (int(ending[1]), int(ending[2])) if ending[1] else (int(ending[3]), 12)
        if not 1 <= month <= 12:
            raise ValueFault("not_a_date")
        return _date(year, month, calendar.monthrange(year, month)[1] if year else 0)
    raise ValueFault("ambiguous_date" if _AMBIGUOUS.fullmatch(text) else "not_a_date")


def _date(year: int, month: int, number: int) -> date:
    try:
        return _in_reach(date(year, month, number))
    except ValueFault:
        raise
    except ValueError:
        raise ValueFault("not_a_date") from None


def _in_reach(found: date) -> date:
    if not 1900 <= found.year <= 2199:
        raise ValueFault("not_a_date")
    return found

"""What identifies a person, as it is typed and as it is shown: checked, brought into one form, masked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from stdnum import numdb
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from db.records import camel
from resolvers.checks import Problems
from resolvers.context import KEEP

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{9,11}|[2-9]\d{6,7}")
_TRUNK = re.compile(r"^(\+|00)86")
_EIGHTEEN = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[\s-]?[0-9]){16}[\s-]?[0-9Xx](?![0-9A-Za-z])")
#: Residence permits of people from Hong Kong, Macao and Taiwan begin so; no county is written in them.
_NO_COUNTY = ("81", "82", "83")
#: Below this age a guardian consents (Personal Information Protection Law, article 31).
CONSENT_AGE = 14


def checked(problems: Problems, given: Mapping[str, Any], today: date, path: str = "identity") -> dict[str, str | None]:
    """The fields of an identity in the form they are kept in, those only that are given; None empties a field.

    `given`: by the names of `db.identities.FIELDS`; born_on is a date, all others are text; KEEP leaves a field out.
    What is wrong is added to `problems`, below `path`; no message repeats anything of it.
    """
    kept: dict[str, str | None] = {}
    for name, value in given.items():
        if value is KEEP:
            continue
        here = (path, camel(name))
        if value is None or (isinstance(value, str) and not value.strip()):
            kept[name] = None
        elif name in ("phone", "guardian_phone"):
            kept[name] = _phone(problems, here, value)
        elif name == "identity_number":
            kept[name] = _number(problems, here, value, today)
        elif name == "born_on":
            kept[name] = value.isoformat()
            if not date(1900, 1, 1) <= value <= today:
                problems.add(here, "OUT_OF_RANGE", "应为 1900 年至今的日期", "must lie between 1900 and today")
        else:
            own = Problems()
            kept[name] = own.text("", value) or None
            problems.fields += [type(one)(here, one.code, one.message_zh, one.message_en) for one in own.fields]
    if not problems.fields:
        check_birthday(problems, kept, path)
    return kept


def check_birthday(problems: Problems, values: Mapping[str, str | None], path: str = "identity") -> None:
    """The birthday, where there is one, is that of the identity number: else either could make a child older."""
    number, born = values.get("identity_number"), values.get("born_on")
    if number and born and birthday_of(number).isoformat() != born:
        problems.add(
            (path, "bornOn"),
            "BORN_ON_DIFFERS",
            "与身份证号中的出生日期不一致",
            "is not the birthday in the identity number",
        )


def refuse_number(problems: Problems, path: str, text: str | None) -> None:
    """A text that is kept in plain holds nobody's identity number, however it is spaced. O(length)."""
    if not text:
        return
    for found in _EIGHTEEN.finditer(unicodedata.normalize("NFKC", text)):
        number = re.sub(r"[^0-9X]", "", found[0].upper())
        try:
            fits = number[-1] == ric.calc_check_digit(number) and 1900 <= ric.get_birth_date(number).year <= 2100
        except ValidationError:
            fits = False
        if fits:
            problems.add(
                path,
                "IDENTITY_NUMBER",
                "含有身份证号;这里的文字不加密,身份信息请填在“身份信息”中",
                "holds an identity number; this text is not sealed, say who somebody is in the identity only",
            )
            return


def _phone(problems: Problems, path: tuple[str, str], value: str) -> str:
    digits = _TRUNK.sub("", re.sub(r"[\s\-()()]", "", value)) if len(value) <= 40 else ""
    if not digits.isascii() or not (_MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits)):
        problems.add(
            path,
            "INVALID_PHONE",
            "应为 11 位手机号,或带区号的固定电话",
            "must be a mobile number of 11 digits, or a landline with its area code",
        )
    return digits


def _number(problems: Problems, path: tuple[str, str], value: str, today: date) -> str:
    number = ric.compact(value).upper() if len(value) <= 40 else ""
    fits = (
        len(number) == 18 and number.isascii() and number[:-1].isdigit() and number[-1] == ric.calc_check_digit(number)
    )
    try:
        fits = fits and date(1900, 1, 1) <= ric.get_birth_date(number) <= today and _is_of_a_county(number)
    except ValidationError:
        fits = False
    if not fits:
        problems.add(
            path,
            "INVALID_IDENTITY_NUMBER",
            "不是有效的 18 位身份证号,请与证件核对",
            "is no valid identity number of 18 characters; compare it with the card",
        )
    return number


def _is_of_a_county(number: str) -> bool:
    """Whether its first six digits are, or were, those of a county.

    stdnum's own check asks whether the county had them in the year of birth. Numbers were given out from the 1980s on,
    by the county people lived in then: those of their parents' generation would be refused.
    """
    return number[:2] in _NO_COUNTY or any("county" in one for _, one in numdb.get("cn/loc").info(number[:6]))


def birthday_of(number: str) -> date:
    """The birthday in a valid identity number."""
    born: date = ric.get_birth_date(number)
    return born


def born(values: Mapping[str, str | None]) -> date | None:
    """The birthday: as given, else as the identity number says; None where neither is there."""
    if values.get("born_on"):
        return date.fromisoformat(values["born_on"] or "")
    number = values.get("identity_number")
    return birthday_of(number) if number else None


def is_minor(born_on: date, today: date) -> bool:
    """Whether somebody is under 14: until the end of the fourteenth birthday, as 周岁 is counted in law."""
    year = born_on.year + CONSENT_AGE
    try:
        birthday = born_on.replace(year=year)
    except ValueError:
        # Born on 29 February.
        birthday = date(year, 2, 28)
    return today <= birthday


def masked(name: str, value: str) -> str:
    """A field as it is shown to who need not know it: 王*, 138****1234, the last four of an identity number."""
    if name in ("name", "guardian_name"):
        return value[: len(value) > 1] + "*" * max(len(value) - 1, 1)
    if name in ("phone", "guardian_phone"):
        return f"{value[:3]}****{value[-4:]}" if len(value) >= 11 else f"****{value[-2:]}"
    if name == "identity_number":
        return "*" * (len(value) - 4) + value[-4:]
    if name == "born_on":
        return f"{value[:4]}-**-**"
    return value[: min(6, len(value) // 3)] + "****"

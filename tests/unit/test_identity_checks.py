"""Names, telephones and identity numbers as typed, as kept and as shown; and who is under 14."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persons import number

from resolvers.checks import Problems
from resolvers.context import KEEP
from resolvers.identity_checks import born, checked, is_minor, masked

TODAY = date(2026, 11, 22)
BIRTHDAYS = st.dates(date(1900, 1, 1), TODAY)


def kept(**given_: Any) -> tuple[dict[str, str | None], dict[str, str]]:
    problems = Problems()
    found = checked(problems, given_, TODAY)
    for one in problems.fields:
        for value in given_.values():
            assert not isinstance(value, str) or len(value) < 3 or value not in one.message_zh + one.message_en
    return found, {".".join(one.path): one.code for one in problems.fields}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("13800001234", "13800001234"),
        (" +86 138-0000-1234 ", "13800001234"),
        ("008613800001234", "13800001234"),
        ("(0537)7320000", "05377320000"),
        ("7320000", "7320000"),
    ],
)
def test_a_telephone_is_kept_as_its_digits(typed: str, stored: str) -> None:
    assert kept(phone=typed) == ({"phone": stored}, {})


@pytest.mark.parametrize("typed", ["12345", "23800001234x", "12800001234", "一三八", "1" * 500])
def test_what_is_no_telephone_is_refused(typed: str) -> None:
    assert kept(guardian_phone=typed)[1] == {"identity.guardianPhone": "INVALID_PHONE"}


@given(BIRTHDAYS)
def test_a_number_is_valid_with_its_check_digit_and_tells_the_birthday(day: date) -> None:
    own = number(day)
    found, problems = kept(identity_number=f" {own.lower()} ")
    assert (found, problems) == ({"identity_number": own}, {})
    assert born(found) == day
    wrong = own[:-1] + ("0" if own[-1] != "0" else "1")
    assert kept(identity_number=wrong)[1] == {"identity.identityNumber": "INVALID_IDENTITY_NUMBER"}


@pytest.mark.parametrize(
    "typed",
    [
        number(TODAY + timedelta(1)),
        number(date(1899, 12, 31)),
        number(date(2000, 1, 1), "999999"),
        number(date(2000, 1, 1))[:-1],
        "X" * 500,
    ],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    assert kept(identity_number=typed)[1] == {"identity.identityNumber": "INVALID_IDENTITY_NUMBER"}


def test_a_residence_permit_of_hong_kong_has_a_number_too() -> None:
    assert kept(identity_number=number(date(1990, 3, 3), "810000"))[1] == {}


def test_a_birthday_beside_a_number_must_be_the_same() -> None:
    own = number(date(2015, 5, 4))
    assert kept(identity_number=own, born_on=date(2015, 5, 4))[1] == {}
    assert kept(identity_number=own, born_on=date(2015, 5, 5))[1] == {"identity.bornOn": "BORN_ON_DIFFERS"}
    assert kept(born_on=date(2027, 1, 1))[1] == {"identity.bornOn": "OUT_OF_RANGE"}


def test_what_is_left_out_stays_out_and_what_is_empty_is_none() -> None:
    assert kept(name=" 王大海 ", phone=KEEP, address="", guardian_name=None) == (
        {"name": "王大海", "address": None, "guardian_name": None},
        {},
    )
    assert kept(name="甲\n乙")[1] == {"identity.name": "CONTROL_CHARACTER"}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "王五", "王*"),
        ("guardian_name", "欧阳建国", "欧***"),
        ("name", "王", "*"),
        ("phone", "13800001234", "138****1234"),
        ("guardian_phone", "7320000", "****00"),
        ("identity_number", number(date(2015, 5, 4)), "*" * 14 + number(date(2015, 5, 4))[-4:]),
        ("address", "山东省济宁市梁山县拳铺镇甲村 1 号", "山东省济宁市****"),
        ("born_on", "2015-05-04", "2015-**-**"),
    ],
)
def test_what_is_shown_of_it(field: str, value: str, shown: str) -> None:
    assert masked(field, value) == shown


@given(
    st.sampled_from(["name", "guardian_phone", "address"]),
    st.text("王大海0123456789", min_size=2, max_size=40),
)
def test_a_mask_never_shows_everything(field: str, value: str) -> None:
    assert masked(field, value) != value
    assert "*" in masked(field, value)


def test_who_is_fourteen_from_the_day_after_the_birthday_on() -> None:
    assert is_minor(date(2012, 11, 22), TODAY)
    assert not is_minor(date(2012, 11, 21), TODAY)
    # Born on 29 February: 28 February of a year that has none.
    assert is_minor(date(2012, 2, 29), date(2026, 2, 28))
    assert not is_minor(date(2012, 2, 29), date(2026, 3, 1))


def test_no_age_without_a_birthday() -> None:
    assert born({"name": "王五"}) is None
    assert born({"born_on": "2015-05-04", "identity_number": None}) == date(2015, 5, 4)

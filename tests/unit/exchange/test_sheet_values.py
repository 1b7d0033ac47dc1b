"""What is read out of one cell."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from exchange.text import guard, join_list, split_list, unguard
from exchange.values import ValueFault, chinese_number, day, quantity, split_unit


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (3, (3, None)),
        (3.0, (3, None)),
        ("3", (3, None)),
        ("３", (3, None)),
        ("1,000", (1000, None)),
        ("１，０００", (1000, None)),
        ("3台", (3, "台")),
        ("3 台", (3, "台")),
        ("三台", (3, "台")),
        ("两名", (2, "名")),
        ("十", (10, None)),
        ("十五张", (15, "张")),
        ("一百零二件", (102, "件")),
        ("叁拾件", (30, "件")),
        ("两千克", (2, "千克")),
        ("2千克", (2, "千克")),
        ("5000元", (5000, "元")),
        ("5,000.00元", (5000, "元")),
        ("￥5000", (5000, "元")),
        ("人民币5000元整", (5000, "元")),
        ("0.5万元", (5000, "元")),
        ("2万元", (20000, "元")),
        ("三万元", (30000, "元")),
        ("1.2万人次", (12000, "人次")),
        ("2台(套)", (2, "台")),
        ("2147483647", (2147483647, None)),
    ],
)
def test_an_amount_is_read_with_its_unit(written: object, expected: tuple[int, str | None]) -> None:
    assert quantity(written) == expected  # type: ignore[arg-type]


def test_the_unit_of_the_column_counts_where_the_cell_has_none() -> None:
    assert quantity(0.5, "万元") == (5000, "元")
    assert quantity("2", "台") == (2, "台")
    assert quantity("5000元", "万元") == (5000, "元")
    assert quantity("3套", "台/套") == (3, "套")


@pytest.mark.parametrize(
    ("written", "unit", "code"),
    [
        (0, None, "zero"),
        ("0件", None, "zero"),
        (-3, None, "negative"),
        ("－3", None, "negative"),
        (1.5, None, "fractional"),
        ("2.5台", None, "fractional"),
        (2147483648, None, "out_of_range"),
        ("30万亿", None, "not_a_number"),
        ("1e400", None, "not_a_number"),
        (float("inf"), None, "not_a_number"),
        (float("nan"), None, "not_a_number"),
        ("约3台", None, "vague"),
        ("3-5台", None, "vague"),
        ("三四台", None, "vague"),
        ("一百二", None, "vague"),
        ("若干", None, "vague"),
        ("冰箱", None, "not_a_number"),
        ("3台5件", None, "not_a_number"),
        ("1,00", None, "not_a_number"),
        ("9" * 5000, None, "not_a_number"),
        (True, None, "not_a_number"),
        (datetime(2026, 12, 1), None, "not_a_number"),
        ("3台", "件", "unit_conflict"),
    ],
)
def test_an_amount_that_is_none_is_refused_with_its_reason(written: object, unit: str | None, code: str) -> None:
    with pytest.raises(ValueFault) as refused:
        quantity(written, unit)  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize("number", [1, 9, 10, 11, 20, 99, 100, 101, 110, 111, 999, 1001, 1010, 10001, 20000, 105000])
def test_chinese_numerals(number: int) -> None:
    digits = "零一二三四五六七八九"

    def under_ten_thousand(value: int) -> str:
        written, gap = "", False
        for place, mark in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit = value // place % 10
            if digit:
                written += ("零" if gap and written else "") + digits[digit] + mark
                gap = False
            elif written:
                gap = True
        return written

    high, low = divmod(number, 10_000)
    text = (under_ten_thousand(high) + "万" if high else "") + ("零" if high and 0 < low < 1000 else "")
    assert chinese_number(text + under_ten_thousand(low)) == number


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-01", "2026/12/1", "2026.12.1", "2026年12月1日", "２０２６年１２月１日", "20261201", 20261201,
        "2026-12-01 00:00:00", "2026 年 12 月 1 日", datetime(2026, 12, 1, 8, 30), date(2026, 12, 1), 46357,
    ],
)  # fmt: skip
def test_dates_as_people_write_them(written: object) -> None:
    assert day(written) == date(2026, 12, 1)  # type: ignore[arg-type]


def test_the_end_of_a_month_is_its_last_day_when_the_year_is_written() -> None:
    assert day("2026年12月底") == date(2026, 12, 31)
    assert day("2028年2月底前") == date(2028, 2, 29)
    assert day("2026年底") == date(2026, 12, 31)


def test_no_limit_is_no_date() -> None:
    assert day("长期有效") is None


@pytest.mark.parametrize(
    "written", ["12月底", "2026年12月", "2026-12", "2026", "1/12/26", "12/1/2026", "春节前后年底前"]
)
def test_a_date_with_several_readings_is_ambiguous(written: str) -> None:
    with pytest.raises(ValueFault, match="ambiguous_date"):
        day(written)


@pytest.mark.parametrize(
    "written", ["2026-02-30", "2026年13月1日", "尽快", 3, True, "9999-01-01", "2026年13月底", "0000年2月底"]
)
def test_what_is_no_date_is_refused(written: object) -> None:
    with pytest.raises(ValueFault, match="not_a_date"):
        day(written)  # type: ignore[arg-type]


def test_units_scale_money_and_leave_kilograms_alone() -> None:
    assert split_unit("万元") == (10_000, "元")
    assert split_unit("千元") == (1_000, "元")
    assert split_unit("千克") == (1, "千克")
    assert split_unit("台（套）") == (1, "台")


def test_lists_in_one_cell_are_split_at_every_usual_mark() -> None:
    assert split_list("低保对象、孤儿,残疾人；空巢老人/退役军人\n低保对象") == (
        "低保对象", "孤儿", "残疾人", "空巢老人", "退役军人",
    )  # fmt: skip
    assert split_list("困难家庭(低保、特困)、孤儿") == ("困难家庭(低保、特困)", "孤儿")


def test_an_entry_with_a_separator_survives_its_list() -> None:
    entries = ("甲、乙", "「丙」", "(丁", "戊)", "己/庚")
    assert split_list(join_list(entries)) == entries


@pytest.mark.parametrize("text", ["=1+1", "+86", "-3", "@SUM(A1)", "'=1", "''@", "＝1", "'tis", "plain", "", "'"])
def test_text_that_would_run_is_guarded_and_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(("=", "+", "-", "@"))

"""What is written is read back as the same records, whatever people typed; no row vanishes."""

from __future__ import annotations

import dataclasses
import string
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from exchange.reading import read
from exchange.records import NeedRecord, OfferRecord, PartyRecord, Place, Record, Sheet
from exchange.text import guard, join_list, split_list, tidy, unguard
from exchange.values import LARGEST, is_blank
from exchange.writing import write, write_rejects

HERE = Place("list")
NASTY = st.sampled_from(
    ["=1+1", "+86 139", "-", "@cmd", "'=x", "_x0041_", "#N/A", "a\nb", "甲、乙", "「", "」", "(", "001", "1e5", "\t=x",
     "合计费用", "注", "TRUE", "2026-12-01", '"', ",", "<&>", "𠮷", "＝1", "'", "序号"]
)  # fmt: skip
TEXT = st.one_of(NASTY, st.text(max_size=20), st.tuples(NASTY, st.text(max_size=5)).map("".join)).map(tidy)
NAMES = TEXT.filter(bool)
OPTIONAL = st.none() | NAMES.filter(lambda text: not is_blank(text))
# A reference that reads like a damaged number is refused on purpose.
CODES = st.none() | st.text(string.ascii_letters + "一二=+", min_size=1, max_size=12).filter(lambda t: not is_blank(t))
LISTS = st.lists(NAMES.filter(lambda t: not is_blank(t) and t != "不限"), max_size=4, unique=True).map(tuple)
AMOUNTS = st.integers(1, LARGEST)
UNITS = st.none() | st.sampled_from(["元", "台", "人次", "小时", "千克", "pcs"])
DATES = st.dates(date(1900, 1, 1), date(2199, 12, 31))
PERIODS = st.tuples(st.none() | DATES, st.none() | DATES).map(
    lambda p: (min(p), max(p)) if p[0] and p[1] else p  # type: ignore[type-var]
)
KINDS = st.sampled_from(["COMMUNITY", "ORGANIZATION", "SOCIAL_WORKER", "VOLUNTEER", "DONOR_FIRM", "FUND", "ASSISTANT"])
PRIORITIES = st.sampled_from(["ROUTINE", "URGENT", "ASAP", "STAT"])
# A total row has no id of this platform; a record always has one when it was exported.
IDS = st.text(string.ascii_letters + string.digits + "=", min_size=1, max_size=20)


@st.composite
def needs(draw: Any) -> NeedRecord:
    start, end = draw(PERIODS)
    return NeedRecord(
        HERE, draw(NAMES), draw(NAMES), draw(AMOUNTS), draw(OPTIONAL), draw(UNITS), draw(OPTIONAL), draw(LISTS),
        draw(PRIORITIES), draw(st.none() | st.booleans()), start, end, draw(OPTIONAL), draw(IDS), draw(CODES),
    )  # fmt: skip


@st.composite
def offers(draw: Any) -> OfferRecord:
    start, end = draw(PERIODS)
    low, high = sorted(draw(st.tuples(AMOUNTS, AMOUNTS)))
    return OfferRecord(
        HERE, draw(NAMES), draw(NAMES), draw(AMOUNTS), draw(OPTIONAL), draw(UNITS), draw(st.none() | KINDS),
        draw(OPTIONAL), draw(CODES), draw(LISTS), draw(LISTS), low, draw(st.none() | st.just(high)), start, end,
        draw(OPTIONAL), draw(IDS), draw(CODES), draw(CODES),
    )  # fmt: skip


@st.composite
def parties(draw: Any) -> PartyRecord:
    return PartyRecord(
        HERE, draw(KINDS), draw(NAMES), draw(OPTIONAL), draw(CODES), draw(st.none() | DATES), draw(st.none() | AMOUNTS),
        draw(OPTIONAL), draw(OPTIONAL), draw(IDS), draw(CODES),
    )  # fmt: skip


def anywhere(records: list[Record]) -> list[Record]:
    return [dataclasses.replace(record, place=HERE) for record in records]


@settings(max_examples=60, deadline=None)
@given(st.lists(needs(), max_size=4), st.lists(offers(), max_size=4), st.lists(parties(), max_size=4))
def test_a_written_workbook_is_read_back_as_the_same_records(
    some_needs: list[NeedRecord], some_offers: list[OfferRecord], some_parties: list[PartyRecord]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        records: list[Record] = [*some_needs, *some_offers, *some_parties]
        (path,) = write(Path(folder) / "out.xlsx", [Sheet("x", None, records=records)])
        sheets = read(path)
    assert [sheet.name for sheet in sheets] == ["需求清单", "资源清单", "组织名录"]
    assert not [fault for sheet in sheets for fault in (*sheet.faults, *sheet.notices)]
    assert anywhere([record for sheet in sheets for record in sheet.records]) == records


@settings(max_examples=60, deadline=None)
@given(st.one_of(*[st.lists(kind, min_size=1, max_size=4) for kind in (needs(), offers(), parties())]))
def test_a_written_csv_is_read_back_as_the_same_records(records: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (path,) = write(Path(folder) / "out.csv", [Sheet("x", None, records=records)])
        raw = path.read_text(encoding="utf-8-sig")
        (sheet,) = read(path)
    assert not sheet.faults
    assert anywhere(sheet.records) == records
    assert not any(line.startswith(("=", "+", "-", "@")) for line in raw.splitlines()[1:2])


@given(st.text(max_size=30))
def test_guarding_is_undone_by_unguarding(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(("=", "+", "-", "@", "\t"))


@given(st.lists(NAMES, max_size=6, unique=True).map(tuple))
def test_a_joined_list_is_split_into_the_same_entries(entries: tuple[str, ...]) -> None:
    assert split_list(join_list(entries)) == entries


CELLS = st.one_of(
    st.none(),
    st.integers(-10, 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.dates(date(1901, 1, 1), date(2200, 1, 1)),
    st.sampled_from(["冰箱", "王庄村", "3台", "三", "12月底", "#N/A", "合计", "急", "注:x", "x" * 300, "-", "无"]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=6))
def test_every_row_is_a_record_a_fault_or_a_notice_and_corrected_rejects_read_the_same(rows: list[list[Any]]) -> None:
    heading = ["需求名称", "村(社区)", "数量", "截止日期", "紧急程度"]
    with tempfile.TemporaryDirectory() as folder:
        book = Workbook()
        for row in [heading, *rows]:
            book.active.append(row)
        path = Path(folder) / "in.xlsx"
        book.save(path)
        (sheet,) = read(path)
        said = {entry.place.row for entry in (*sheet.records, *sheet.faults, *sheet.notices)}
        filled = {
            number for number, row in enumerate(rows, start=2) if any(c is not None and str(c).strip() for c in row)
        }
        assert said == filled
        refused = {fault.place.row: fault for fault in sheet.faults}
        assert refused.keys().isdisjoint({record.place.row for record in sheet.records})
        written = write_rejects(Path(folder) / "rejects.xlsx", [sheet])
        assert bool(written) == bool(refused)
        if written:
            (again,) = read(written[0])
            assert again.heading == sheet.heading
            assert len({fault.place.row for fault in again.faults}) == len(refused)
            assert not again.records

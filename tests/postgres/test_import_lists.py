"""Lists in: what a county hands over is taken whole, found again, and told what is wrong with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lists import COUNTY, Desk, codes, counts, desk, desk_url, words_url  # noqa: F401
from openpyxl import load_workbook
from stdnum.cn import uscc

from db import imports as import_rows
from db.viewer import Viewer
from exchange import reading, writing
from exchange.errors import Unreadable
from exchange.records import NeedRecord, OfferRecord, PartyRecord, Place
from resolvers import matches, plans
from resolvers.errors import Conflict, InvalidInput, NotAllowed

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
HERE = Place("list")
WHEELCHAIRS = OfferRecord(HERE, "捐赠轮椅", "梁山甲乙有限公司", 5, provider_kind="DONOR_FIRM", coverage=("梁山县",))
WHEELCHAIR = NeedRecord(HERE, "轮椅", "拳西村", 2, township="拳铺镇", client_groups=("残疾人",))
HEADING = "需求名称,村(社区),数量,单位,资源类型,开始日期,截止日期,服务对象\n"


async def test_the_sample_lists_are_taken_on_an_empty_start(desk: Desk) -> None:  # noqa: F811
    needs = await desk.take(SAMPLES / "needs.csv")
    offers = await desk.take(SAMPLES / "offers.csv")
    assert (counts(needs), codes(needs)) == ((11, 0, 0, 1), ["VAGUE"])
    assert counts(offers) == (12, 0, 0, 0)
    kinds = await desk.rows("SELECT kind::text, count(*) FROM party GROUP BY kind ORDER BY 1")
    assert dict(map(tuple, kinds)) == {  # type: ignore[arg-type]
        "COMMUNITY": 11, "DONOR_FIRM": 5, "FUND": 1, "ORGANIZATION": 2, "VOLUNTEER": 3,
    }  # fmt: skip
    ((area, quantity),) = await desk.rows(
        "SELECT a.full_name, n.quantity FROM need n JOIN area a ON a.id = n.area_id WHERE n.title = '轮椅'"
    )
    assert (area, quantity) == ("山东省济宁市梁山县拳铺镇拳西村", 2)
    matched = await desk.rows(
        "SELECT n.title, o.title FROM match m JOIN need n ON n.id = need_id JOIN offer o ON o.id = offer_id"
    )
    assert ("轮椅", "轮椅捐赠") in set(map(tuple, matched))
    assert await desk.matches_are_true()
    plan = await plans.compute(desk.context, area=COUNTY)
    ((met,),) = await desk.rows("SELECT met FROM plan WHERE id = :id", id=plan.id)
    assert met >= 9


async def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:  # noqa: F811
    for name in ("needs.csv", "offers.csv"):
        await desk.take(SAMPLES / name)
    before = await desk.everything()
    again = [
        await desk.take(SAMPLES / name, area=area) for name in ("needs.csv", "offers.csv") for area in (COUNTY, None)
    ]
    assert [counts(one)[:3] for one in again] == [(0, 0, 11), (0, 0, 11), (0, 0, 12), (0, 0, 12)]
    assert await desk.everything() == before


async def test_a_dry_run_tells_the_same_and_leaves_nothing(desk: Desk) -> None:  # noqa: F811
    before = await desk.everything()
    told = await desk.take(SAMPLES / "needs.csv", dry_run=True)
    assert not told.written
    assert await desk.everything() == before
    done = await desk.take(SAMPLES / "needs.csv")
    assert done.written
    assert (counts(told), told.registered) == (counts(done), done.registered)


async def test_changed_cells_are_changes_with_what_was_before(desk: Desk) -> None:  # noqa: F811
    await desk.take(desk.written([WHEELCHAIR, WHEELCHAIRS]))
    changed = [
        replace(WHEELCHAIR, quantity=4, priority="URGENT", needed_by=date(2030, 1, 1), client_groups=()),
        replace(WHEELCHAIRS, capacity=9, coverage=("拳铺镇", "杨营镇")),
    ]
    report = await desk.take(desk.written(changed))
    assert counts(report) == (0, 2, 0, 0)
    assert [change.fields for change in report.changes] == [
        {
            "client_groups": ("残疾人", None),
            "quantity": (2, 4),
            "priority": ("ROUTINE", "URGENT"),
            "needed_by": (None, date(2030, 1, 1)),
        },
        {
            "capacity": (5, 9),
            "coverage": ("山东省济宁市梁山县", "山东省济宁市梁山县拳铺镇、山东省济宁市梁山县杨营镇"),
        },
    ]
    kinds = await desk.rows("SELECT kind, detail->'fields' FROM event WHERE kind LIKE '%.changed' ORDER BY id")
    assert [tuple(row) for row in kinds] == [
        ("need.changed", ["client_group_ids", "needed_by", "priority", "quantity"]),
        ("offer.changed", ["capacity", "coverage_ids"]),
    ]
    ((quantity,),) = await desk.rows("SELECT quantity FROM match")
    assert quantity == 4
    assert await desk.matches_are_true()


async def test_a_list_of_many_changes_leaves_true_matches(desk: Desk) -> None:  # noqa: F811
    villages = ("拳东村", "拳西村", "李乡村")
    needs = [
        replace(WHEELCHAIR, community=one, title=f"轮椅{n}", quantity=n % 5 + 1) for one in villages for n in range(20)
    ]
    offers = [replace(WHEELCHAIRS, title=f"轮椅{n}号", capacity=n + 1, coverage=(villages[n % 3],)) for n in range(12)]
    await desk.take(desk.written([*needs, *offers]))
    assert len(await desk.matches()) == 60 * 4
    few = [replace(one, capacity=one.capacity + 1, coverage=("拳东村",)) for one in offers[:5]]
    assert counts(await desk.take(desk.written(few))) == (0, 5, 0, 0)
    assert await desk.matches_are_true()
    assert counts(await desk.take(desk.written([replace(one, quantity=7) for one in needs])))[1] == 60
    assert await desk.matches_are_true()


async def test_an_import_after_midnight_leaves_no_match_of_yesterday(desk: Desk) -> None:  # noqa: F811
    ending = replace(WHEELCHAIRS, title="轮椅借用", available_until=date(2026, 11, 22))
    await desk.take(desk.written([WHEELCHAIR, WHEELCHAIRS, ending]))
    assert len(await desk.matches()) == 2
    tomorrow = replace(desk, context=replace(desk.context, clock=lambda: datetime(2026, 11, 22, 17, tzinfo=UTC)))
    quilts = replace(WHEELCHAIR, title="棉被", client_groups=())
    await tomorrow.take(desk.written([quilts]))
    assert len(await desk.matches()) == 1
    assert await tomorrow.matches_are_true()


@pytest.mark.parametrize(
    ("row", "code", "nearest"),
    [
        ("轮椅,拳西庄,2,,,,,", "UNKNOWN_COMMUNITY", "拳西村"),
        ("轮椅,拳西村,2,,轮奇椅,,,", "UNKNOWN_RESOURCE_TYPE", "轮椅"),
        ("飞船,拳西村,2,,,,,", "UNTYPED", None),
        ("轮椅,拳西村,2,人次,,,,", "UNKNOWN_UNIT", "辆"),
        ("轮椅,拳西村,-2,,,,,", "NEGATIVE", None),
        ("轮椅,拳西村,2.5,,,,,", "FRACTIONAL", None),
        ("轮椅,拳西村,2147483648,,,,,", "OUT_OF_RANGE", None),
        ("轮椅,拳西村,2,,,2030-02-01,2030-01-01,", "END_BEFORE_START", None),
        ("轮椅,拳西村,2,,,,2020-01-01,", "IN_THE_PAST", None),
        ("轮椅,拳西村,2,,,,,残积人", "UNKNOWN_TERM", "残疾人"),
        ("轮" * 400_000 + ",拳西村,2,,,,,", "TEXT_TOO_LONG", None),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_faulty_row_is_listed_and_leaves_the_others_alone(
    desk: Desk,  # noqa: F811
    row: str,
    code: str,
    nearest: str | None,
) -> None:
    report = await desk.take(desk.csv(f"{HEADING}{row}\n棉被,李乡村,3,,,,,\n"))
    assert codes(report) == [code]
    (fault,) = report.faults
    assert fault.place.row == 2
    assert fault.original[1].startswith("拳西")
    assert nearest is None or nearest in fault.text_zh
    assert len(fault.text_zh) < 400
    assert [tuple(one) for one in await desk.rows("SELECT title FROM need")] == [("棉被",)]
    # Nobody is registered for the sake of a row that was not taken.
    assert [tuple(one) for one in await desk.rows("SELECT name FROM party")] == [("李乡村",)]


async def test_a_credit_code_with_a_wrong_check_digit_is_a_fault_of_every_row_that_has_it(desk: Desk) -> None:  # noqa: F811
    digits = "91370832MA3C8H8X2"
    wrong = digits + next(one for one in "0123456789" if one != uscc.calc_check_digit(digits))
    before = await desk.everything()
    party = PartyRecord(HERE, "DONOR_FIRM", "梁山丙公司", "梁山县", credit_code=wrong)
    offer = replace(WHEELCHAIRS, provider="梁山丁公司", credit_code=wrong)
    report = await desk.take(desk.written([party, offer]))
    assert codes(report) == ["INVALID_CREDIT_CODE", "INVALID_CREDIT_CODE"]
    assert await desk.everything() == before
    party = replace(party, credit_code=(digits + uscc.calc_check_digit(digits)).lower())
    offer = replace(offer, provider="梁山丙公司", credit_code=party.credit_code)
    assert counts(await desk.take(desk.written([party, offer]))) == (2, 0, 0, 0)
    assert counts(await desk.take(desk.written([party, offer]))) == (0, 0, 2, 0)


async def test_faulty_rows_are_written_back_and_import_once_corrected(desk: Desk) -> None:  # noqa: F811
    text = HEADING + "轮椅,拳西庄,2,,,,,\n轮椅,拳西村,-1,,,,,\n棉被,李乡村,3,,,,,\n"
    report = await desk.take(desk.csv(text))
    assert counts(report) == (1, 0, 0, 2)
    (rejects,) = writing.write_rejects(desk.folder / "rejects.xlsx", report.sheets)
    book = load_workbook(rejects)
    sheet = book.worksheets[0]
    assert [[cell.value for cell in row][:3] for row in sheet.iter_rows(min_row=2)] == [
        ["轮椅", "拳西庄", "2"],
        ["轮椅", "拳西村", "-1"],
    ]
    assert "拳西村" in str(sheet.cell(2, sheet.max_column).value)
    sheet.cell(2, 2).value = "拳东村"
    sheet.cell(3, 3).value = "1"
    book.save(rejects)
    assert counts(await desk.take(rejects)) == (2, 0, 0, 0)


async def test_one_row_tells_all_its_faults(desk: Desk) -> None:  # noqa: F811
    report = await desk.take(desk.csv(HEADING + "飞船,拳西庄,2,,,,,外星人\n"))
    assert sorted(codes(report)) == ["UNKNOWN_COMMUNITY", "UNKNOWN_TERM", "UNTYPED"]


async def test_a_second_import_while_one_runs_is_refused(desk: Desk) -> None:  # noqa: F811
    async with desk.context.engine.begin() as conn:
        assert await import_rows.take_turn(conn)
        before = await desk.everything()
        with pytest.raises(Conflict) as refused:
            await desk.take(SAMPLES / "needs.csv")
        assert refused.value.code == "IMPORT_RUNNING"
        assert await desk.everything() == before
    assert counts(await desk.take(SAMPLES / "needs.csv"))[0] == 11


async def test_two_imports_at_once_are_one_after_the_other_or_refused(desk: Desk) -> None:  # noqa: F811
    results = await asyncio.gather(*(desk.take(SAMPLES / "needs.csv") for _ in range(4)), return_exceptions=True)
    refused = [one for one in results if isinstance(one, Conflict)]
    assert len(refused) < 4
    assert {one.code for one in refused} <= {"IMPORT_RUNNING"}
    assert await desk.rows("SELECT count(*) FROM need") == [(11,)]


async def test_only_an_administrator_imports(desk: Desk) -> None:  # noqa: F811
    before = await desk.everything()
    reader = replace(desk, context=replace(desk.context, viewer=Viewer("READER", 1, None, False)))
    with pytest.raises(NotAllowed):
        await reader.take(SAMPLES / "needs.csv")
    assert await desk.everything() == before


async def test_an_unknown_county_is_refused(desk: Desk) -> None:  # noqa: F811
    before = await desk.everything()
    with pytest.raises(InvalidInput):
        await desk.take(SAMPLES / "needs.csv", area="999999")
    assert await desk.everything() == before


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"PK\x03\x04 broken", "NOT_A_WORKBOOK"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "ENCRYPTED"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "NO_HEADING_AT_ALL"),
        ("a.json", b'{"type": "FeatureCollection", "features": []}', "NOT_HSDS"),
        ("a.json", b"{", "NOT_JSON"),
        ("a.csv", b"", "EMPTY"),
        ("a.csv", (HEADING + "轮椅,拳西村,2,,,,,\n" * 200_000).encode(), "TOO_MANY_ROWS"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_file_that_holds_no_list_is_refused_and_changes_nothing(
    desk: Desk,  # noqa: F811
    name: str,
    content: bytes,
    code: str,
) -> None:
    before = await desk.everything()
    (desk.folder / name).write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        await desk.take(desk.folder / name)
    assert refused.value.code == code
    assert await desk.everything() == before


async def test_rows_alike_stay_apart_and_keep_their_order(desk: Desk) -> None:  # noqa: F811
    rows = [replace(WHEELCHAIR, quantity=n) for n in (1, 2, 3)]
    assert counts(await desk.take(desk.written(rows))) == (3, 0, 0, 0)
    assert counts(await desk.take(desk.written(rows))) == (0, 0, 3, 0)


async def test_a_number_of_the_list_finds_a_row_whose_title_changed(desk: Desk) -> None:  # noqa: F811
    await desk.take(desk.written([replace(WHEELCHAIR, reference="A-1")]))
    report = await desk.take(desk.written([replace(WHEELCHAIR, reference="A-1", title="电动轮椅")]))
    assert report.changes[0].fields == {"title": ("轮椅", "电动轮椅")}
    twice = await desk.take(desk.written([replace(WHEELCHAIR, reference="B", quantity=n) for n in (1, 2)]))
    assert (counts(twice), codes(twice)) == ((1, 0, 0, 1), ["ROW_TWICE"])


async def test_parties_are_registered_found_changed_and_moved(desk: Desk) -> None:  # noqa: F811
    team = PartyRecord(HERE, "VOLUNTEER", "红马甲志愿队", "拳铺镇", headcount=12)
    assert counts(await desk.take(desk.written([team]))) == (1, 0, 0, 0)
    offer = replace(WHEELCHAIRS, provider="红马甲志愿队", provider_kind=None, provider_area=None)
    assert (await desk.take(desk.written([offer]))).registered == []
    ((id,),) = await desk.rows("SELECT id FROM party WHERE name = '红马甲志愿队'")
    out = replace(team, platform_id=_platform_id("Volunteer", id), area="杨营镇", headcount=15)
    changes = (await desk.take(desk.written([out]))).changes
    assert changes[0].fields == {
        "area": ("山东省济宁市梁山县拳铺镇", "山东省济宁市梁山县杨营镇"),
        "headcount": (12, 15),
    }
    ((name,),) = await desk.rows("SELECT a.name FROM offer o JOIN area a ON a.id = o.area_id")
    assert name == "杨营镇"
    assert await desk.matches_are_true()
    wrong = await desk.take(desk.written([replace(out, kind="FUND", headcount=None)]))
    assert codes(wrong) == ["KIND_FIXED"]


async def test_a_list_cannot_give_a_row_to_another_party(desk: Desk) -> None:  # noqa: F811
    await desk.take(desk.written([WHEELCHAIR, WHEELCHAIRS]))
    ((need_id,),) = await desk.rows("SELECT id FROM need")
    ((offer_id,),) = await desk.rows("SELECT id FROM offer")
    before = await desk.everything()
    moved = [
        replace(WHEELCHAIR, platform_id=_platform_id("Need", need_id), community="拳东村"),
        replace(WHEELCHAIRS, platform_id=_platform_id("Offer", offer_id), provider="另一家公司"),
        replace(WHEELCHAIRS, platform_id=_platform_id("Offer", 999_999)),
        replace(WHEELCHAIR, platform_id=_platform_id("Offer", need_id)),
    ]
    report = await desk.take(desk.written(moved))
    assert sorted(codes(report)) == ["OWNER_FIXED", "OWNER_FIXED", "UNKNOWN_PLATFORM_ID", "UNKNOWN_PLATFORM_ID"]
    assert await desk.everything() == before


async def test_what_is_over_cannot_be_changed_by_a_list(desk: Desk) -> None:  # noqa: F811
    await desk.take(desk.written([WHEELCHAIR]))
    async with desk.context.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE need SET status = 'WITHDRAWN'")
    before = await desk.everything()
    assert codes(await desk.take(desk.written([replace(WHEELCHAIR, quantity=9)]))) == ["NOT_OPEN"]
    assert counts(await desk.take(desk.written([WHEELCHAIR]))) == (0, 0, 1, 0)
    assert await desk.everything() == before


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("全县", ["梁山县"]),
        ("全镇", ["拳铺镇"]),
        ("全市", ["济宁市"]),
        ("拳铺镇拳西村", ["拳西村"]),
        ("拳铺", ["拳铺镇"]),
        ("", ["梁山县"]),
    ],
)
async def test_places_are_understood_as_people_write_them(desk: Desk, word: str, expected: list[str]) -> None:  # noqa: F811
    offer = replace(WHEELCHAIRS, provider_area="拳铺镇", coverage=(word,) if word else ())
    assert codes(await desk.take(desk.written([offer]))) == []
    names = await desk.rows("SELECT a.name FROM offer o JOIN area a ON a.id = ANY(o.coverage_ids)")
    assert [name for (name,) in names] == expected


async def test_the_whole_country_is_every_province(desk: Desk) -> None:  # noqa: F811
    await desk.take(desk.written([replace(WHEELCHAIRS, coverage=("全国",))]))
    ((served, provinces),) = await desk.rows(
        "SELECT cardinality(coverage_ids), (SELECT count(*) FROM area WHERE parent_id IS NULL) FROM offer"
    )
    assert served == provinces > 30


async def test_two_places_of_one_name_need_the_township(desk: Desk) -> None:  # noqa: F811
    twins = await desk.rows(
        "SELECT v.name, array_agg(t.name ORDER BY t.code) FROM area v JOIN area t ON t.id = v.parent_id"
        " JOIN area c ON c.id = v.county_id WHERE v.level = 'VILLAGE' AND c.code = :county"
        " GROUP BY v.name HAVING count(DISTINCT t.id) > 1 ORDER BY 1 LIMIT 1",
        county=COUNTY,
    )
    name, townships = twins[0]
    bare = replace(WHEELCHAIR, community=name, township=None)
    assert codes(await desk.take(desk.written([bare]))) == ["AMBIGUOUS_COMMUNITY"]
    rows = [replace(bare, township=one) for one in townships[:2]]
    assert counts(await desk.take(desk.written(rows))) == (2, 0, 0, 0)
    assert counts(await desk.take(desk.written(rows))) == (0, 0, 2, 0)
    assert len(await desk.rows("SELECT id FROM party")) == 2


async def test_matches_are_renewed_by_the_day_only_once(desk: Desk) -> None:  # noqa: F811
    await desk.take(desk.written([WHEELCHAIR, WHEELCHAIRS]))
    assert not await matches.renew_daily(desk.context)


def _platform_id(kind: str, number: int) -> str:
    from db.cursors import global_id

    return global_id(f"{kind}:{number}".encode())


def test_the_samples_hold_what_the_guide_says() -> None:
    sheets = [sheet for name in ("needs.csv", "offers.csv") for sheet in reading.read(SAMPLES / name)]
    assert [len(sheet.records) for sheet in sheets] == [11, 12]


async def test_a_fault_found_among_names_stands_in_its_cell(desk: Desk) -> None:  # noqa: F811
    path = desk.csv(
        "需求名称,村(社区),数量,单位,服务对象,截止日期\n"
        "轮椅,拳西村,2,吨,外星人,2030-1-1\n"
        "轮椅,无此村,2,辆,,\n"
        "大米,拳西村,2,袋,,2020-1-1\n"
    )
    report = await desk.take(path)
    found = [(fault.place.cell, fault.code) for fault in report.faults]
    assert found == [("D2", "UNKNOWN_UNIT"), ("E2", "UNKNOWN_TERM"), ("B3", "UNKNOWN_COMMUNITY"), ("F4", "IN_THE_PAST")]

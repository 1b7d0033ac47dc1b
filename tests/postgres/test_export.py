"""Lists out: what is exported and imported again changes nothing, whatever the county holds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lists import COUNTY, Desk, codes, counts, desk, desk_url, words_url  # noqa: F401
from small_county import NOON

from db.database import Database
from db.viewer import LOCAL, Viewer
from exchange import reading
from exchange.records import NeedRecord, OfferRecord, PartyRecord, Place, Sheet
from exchange.vocabulary import AreaRecord
from fivelink import demo_county
from resolvers import exports, imports, needs, offers, parties
from resolvers.checks import seen_text
from resolvers.context import Context
from resolvers.errors import InvalidInput, NotAllowed
from resolvers.imports import FileReport
from resolvers.vocabulary import load

HERE = Place("list")
TYPES = ("WHEELCHAIR", "ASSISTIVE_DEVICES", "QUILT", "STUDY_GRANT", "FOOD")


async def changed_by(context: Context, path: Path, **more: Any) -> tuple[int, list[str]]:
    """Exports, imports every file written, and says how many rows were anything but unchanged."""
    written, figures = await exports.run(context, path, **more)
    different, faults = 0, []
    for file in written:
        report = await imports.run(context, file)
        different += report.new.total() + report.changed.total() + len(report.registered)
        faults += codes(report)
        if path.suffix == ".xlsx":
            assert report.unchanged.total() == sum(figures.values())
    return different, faults


async def test_the_demo_county_comes_back_unchanged(desk: Desk) -> None:  # noqa: F811
    people, asked, given_ = demo_county.records(desk.context.today)
    sheet = Sheet("demo", "梁山县", records=[*people, *asked, *given_])
    await imports.take(desk.context, FileReport("demo", [sheet]), area=COUNTY)
    before = await desk.everything()
    for name in ("county.xlsx", "county.csv", "county.json"):
        assert await changed_by(desk.context, desk.folder / name) == (0, [])
    assert await desk.everything() == before


async def test_an_area_is_exported_with_all_below_it_and_the_parties_of_its_rows(desk: Desk) -> None:  # noqa: F811
    firm = PartyRecord(HERE, "DONOR_FIRM", "县城公司", "水泊街道")
    asked = [
        NeedRecord(HERE, "轮椅", village, 1, township=town)
        for town, village in (("拳铺镇", "拳西村"), ("韩岗镇", "三合村"))
    ]
    await desk.take(desk.written([firm, *asked, OfferRecord(HERE, "轮椅", "县城公司", 3)]))
    path = desk.folder / "part.xlsx"
    _, figures = await exports.run(desk.context, path, area=await _code(desk, "拳铺镇"))
    assert figures == {"needs": 1, "offers": 0, "parties": 1}
    titles = [
        record.community for sheet in reading.read(path) for record in sheet.records if isinstance(record, NeedRecord)
    ]
    assert titles == ["拳西村"]
    with pytest.raises(InvalidInput):
        await exports.run(desk.context, path, area="999999")


async def _code(desk: Desk, name: str) -> str:  # noqa: F811
    ((code,),) = await desk.rows("SELECT code FROM area WHERE name = :name AND code LIKE '370832%'", name=name)
    return str(code)


async def test_paused_and_withdrawn_things_stay_as_they_are(desk: Desk) -> None:  # noqa: F811
    chairs = [OfferRecord(HERE, f"轮椅{n}", "甲公司", n + 1, reference=f"N{n}") for n in range(4)]
    asked = [NeedRecord(HERE, f"轮椅{n}", "拳西村", n + 1) for n in range(2)]
    await desk.take(desk.written([*chairs, *asked]))
    ids = [id for (id,) in await desk.rows("SELECT id FROM offer ORDER BY id")]
    await offers.pause(desk.context, ids[0])
    await offers.withdraw(desk.context, ids[1])
    ((need_id,),) = await desk.rows("SELECT min(id) FROM need")
    await needs.withdraw(desk.context, need_id)
    before = await desk.everything()
    for name, rows in (("all.xlsx", 1 + 3 + 2), ("all.json", 2 + 1)):
        written, figures = await exports.run(desk.context, desk.folder / name)
        assert sum(figures.values()) == rows
        assert counts(await imports.run(desk.context, written[0])) == (0, 0, rows, 0)
    assert await desk.everything() == before


async def test_namesakes_in_one_township_keep_their_own_rows(desk: Desk) -> None:  # noqa: F811
    town = await _code(desk, "拳铺镇")
    twins = [
        AreaRecord(HERE, f"{town}99{n}", "双生村", "VILLAGE", town, "山东省济宁市梁山县拳铺镇双生村") for n in (1, 2)
    ]
    await load(desk.context, areas=twins)
    ids = [(await parties.register_community(desk.context, name="双生村", area=one.code)).id for one in twins]
    firms = [(await parties.register_donor_firm(desk.context, name="同名公司", area=one.code)).id for one in twins]
    for number, (community, firm) in enumerate(zip(ids, firms, strict=True), start=1):
        await needs.submit(
            desk.context, title="轮椅", community_id=community, resource_type="WHEELCHAIR", quantity=number
        )
        await offers.publish(
            desk.context,
            title="轮椅",
            provider_id=firm,
            resource_type="WHEELCHAIR",
            capacity=number,
            coverage=[twins[number - 1].code],
        )
    before = await desk.everything()
    for name in ("twins.xlsx", "twins.csv", "twins.json"):
        assert await changed_by(desk.context, desk.folder / name) == (0, [])
    assert await desk.everything() == before


async def test_only_an_administrator_exports(desk: Desk) -> None:  # noqa: F811
    public = replace(desk.context, viewer=Viewer("READER", 1, None, False))
    with pytest.raises(NotAllowed):
        await exports.run(public, desk.folder / "all.xlsx")
    assert list(desk.folder.iterdir()) == []


#: What people type, and what breaks sheets: separators, quotes, formulas, escapes, brackets, blanks, other scripts.
_NASTY = """=1+1|'轮椅|-|无|合计|a、b|「甲」|_x0041_|３台|1e5|注:甲|#N/A|@甲|"|甲\u3000乙|😀
(轮椅|a,b;c/d|拳西村|0012|+86|\ufeff甲
甲\u200b|ＡＢ|，|true|2026-01-01|序号|轮椅坡道|电动轮椅"""
_text = st.one_of(
    st.sampled_from(_NASTY.replace("\n", "|").split("|")),
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")), min_size=1, max_size=12
    ),
).filter(
    lambda text: bool(seen_text(text)) and not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)
_day = st.one_of(st.none(), st.dates(date(2027, 1, 1), date(2040, 1, 1)))
_whole = st.integers(1, 2**31 - 1)


@st.composite
def _counties(draw: Any) -> dict[str, Any]:
    groups = st.lists(st.sampled_from(["DISABLED", "ORPHAN", "VETERAN"]), unique=True, max_size=2)
    one_need = st.fixed_dictionaries(
        {
            "title": _text,
            "resource_type": st.sampled_from(TYPES),
            "quantity": _whole,
            "priority": st.sampled_from(["ROUTINE", "URGENT", "ASAP", "STAT"]),
            "client_groups": groups,
            "needed_by": _day,
            "channel": st.sampled_from([None, "HOME_VISIT"]),
        }
    )
    one_offer = st.fixed_dictionaries(
        {
            "title": _text,
            "resource_type": st.sampled_from(TYPES),
            "capacity": st.integers(50, 2**31 - 1),
            "coverage": st.sampled_from([["370832"], ["37", "11", "12"], ["3708"], ["PROVINCES"]]),
            "client_groups": groups,
            "minimum_per_need": st.integers(1, 50),
            "maximum_per_need": st.one_of(st.none(), st.integers(50, 99)),
            "available_until": _day,
            "earmark": st.sampled_from([None, "ORPHAN", "CHILD_PROTECTION"]),
        }
    )
    suffix = draw(st.sampled_from([".xlsx", ".csv", ".json"]))
    return {
        "firms": draw(st.lists(_text, min_size=1, max_size=3, unique_by=seen_text)),
        "needs": draw(st.lists(one_need, max_size=4)),
        "offers": draw(st.lists(one_offer, min_size=int(suffix == ".json"), max_size=4)),
        "suffix": suffix,
    }


def test_whatever_was_registered_comes_back_unchanged(desk_url: str, tmp_path: Path) -> None:  # noqa: F811
    with asyncio.Runner() as runner:
        database = Database(desk_url, pool_size=1)
        context = Context(database, LOCAL, lambda: NOON)

        @settings(max_examples=25, deadline=None)
        @given(county=_counties())
        def law(county: dict[str, Any]) -> None:
            runner.run(_round_trip(context, tmp_path, county))

        try:
            law()
        finally:
            runner.run(database.close())


async def _round_trip(context: Context, folder: Path, county: dict[str, Any]) -> None:
    async with context.engine.begin() as conn:
        await conn.exec_driver_sql("TRUNCATE match, need, offer, party CASCADE")
        provinces = [code for (code,) in await conn.exec_driver_sql("SELECT code FROM area WHERE parent_id IS NULL")]
        village = (await conn.exec_driver_sql("SELECT min(code) FROM area WHERE level = 'VILLAGE'")).scalar()
    community = (await parties.register_community(context, name=county["firms"][0], area=village)).id
    firms = [(await parties.register_donor_firm(context, name=name, area=COUNTY)).id for name in county["firms"]]
    for one in county["needs"]:
        await needs.submit(context, community_id=community, **one)
    for number, one in enumerate(county["offers"]):
        coverage = provinces if one["coverage"] == ["PROVINCES"] else one["coverage"]
        done = await offers.publish(context, provider_id=firms[number % len(firms)], **one | {"coverage": coverage})
        if number == 1:
            await offers.pause(context, done.id)
    probe = Desk(context, folder)
    before = await probe.everything()
    assert await changed_by(context, folder / f"all{county['suffix']}") == (0, [])
    assert await probe.everything() == before

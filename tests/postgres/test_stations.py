"""Stations: names, tiers, the five haves, 1+1+5+X, a year; projects with one primary operator at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import pytest
from station_stage import CITY, DONGBAO, SHAYANG, WULIPU, ZHONGXIANG, City, gid, jingmen

from db.viewer import LOCAL, PUBLIC
from resolvers import records
from resolvers.errors import Conflict, InvalidInput

EQUIPMENT = ("DESKS", "COMPUTER", "PRINTER", "FILING_CABINET", "OFFICE_SUPPLIES", "SIGN")
RULES = ("STAFF_RULE", "PROJECT_RULE", "SUPERVISION_RULE", "VOLUNTEER_RULE", "PREMISES_RULE", "ARCHIVES_RULE")


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    async with jingmen(database_url) as made:
        yield made


def codes(refusal: InvalidInput) -> dict[str, str]:
    return {one.path[0]: one.code for one in refusal.fields}


# ------------------------------------------------------------------------------------------------ names and tiers


async def test_a_name_of_another_form_is_refused_where_the_form_is_binding(city: City) -> None:
    before = await city.books()
    with pytest.raises(InvalidInput) as refused:
        await city.station(name="五里铺社工站")
    assert codes(refused.value) == {"name": "NAME_FORMAT"}
    (fault,) = refused.value.fields
    for hint in ("缺少县(市、区)名“沙洋县”", "不写“社工站”", "应为“沙洋县五里铺镇社会工作站”", "荆民政发"):
        assert hint in fault.message_zh
    assert "it should be “沙洋县五里铺镇社会工作站”" in fault.message_en
    assert await city.books() == before
    assert await city.marks("station", await city.station(name="沙洋县 五里铺镇社会工作站")) == []


async def test_where_a_county_only_advises_a_form_another_name_is_marked(city: City) -> None:
    form = "{county}{township}社会工作站"
    await city.save("station_standard", area=SHAYANG, aspect="NAME", form=form, hard=False)
    station = await city.station(name="五里铺社工站")
    assert await city.marks("station", station) == ["NAME_FORMAT"]
    await city.save("station", id=station, name="沙洋县五里铺镇社会工作站")
    assert await city.marks("station", station) == []


async def test_a_row_for_several_stations_needs_no_name_of_the_form(city: City) -> None:
    assert await city.marks("station", await city.station(area=CITY, name="首批社工站", units=21)) == []


async def test_each_tier_stands_below_the_next_of_its_own_county(city: City) -> None:
    centre = await city.station(area=SHAYANG, name="沙洋县社会工作服务中心", tier="CENTRE")
    station = await city.station(parent=centre)
    elsewhere = await city.station(area=DONGBAO, name="东宝区社会工作服务中心", tier="CENTRE")
    before = await city.books()
    for given, code in (
        ({"id": station, "parent": elsewhere}, "PARENT_ELSEWHERE"),
        ({"id": station, "parent": station}, "PARENT_TIER"),
        ({"id": centre, "parent": elsewhere}, "PARENT_TIER"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await city.save("station", **given)
        assert codes(refused.value) == {"parentId": code}
    with pytest.raises(Conflict) as kept:
        await city.save("station", id=centre, tier="ROOM")
    assert kept.value.code == "HAS_CHILDREN"
    assert await city.books() == before
    asked = "query($id: ID!) { node(id: $id) { ... on Station { children { edges { node { name } } } } } }"
    said = await city.ask(asked, id=gid("Station", centre))
    assert [one["node"]["name"] for one in said["node"]["children"]["edges"]] == ["沙洋县五里铺镇社会工作站"]


async def test_a_setting_is_of_stations_and_a_form_is_of_names(city: City) -> None:
    with pytest.raises(InvalidInput) as refused:
        await city.station(area=SHAYANG, name="沙洋县社会工作服务中心", tier="CENTRE", setting="STREET")
    assert codes(refused.value) == {"setting": "NOT_OF_TIER"}
    with pytest.raises(InvalidInput) as refused:
        await city.save("station_standard", area=SHAYANG, aspect="NAME", form="{street}社工站", item="DESKS")
    assert codes(refused.value) == {"item": "NOT_OF_ASPECT", "form": "NAME_FORM"}


# ------------------------------------------------------------------------------------------------ five haves

ACCEPTANCE = """query($id: ID!, $on: Date) { stationAcceptance(id: $id, on: $on) {
    accepted station { name } haves { have held text zh: text(lang: ZH) missing { text en: text(lang: EN) } } } }"""


async def test_an_empty_station_has_none_of_the_five_and_is_told_what_it_lacks(city: City) -> None:
    await city.two_to_four()
    station = await city.station()
    said = (await city.ask(ACCEPTANCE, id=gid("Station", station)))["stationAcceptance"]
    assert said["accepted"] is False
    assert said["station"]["name"] == "沙洋县五里铺镇社会工作站"
    held = {one["have"]: one["held"] for one in said["haves"]}
    assert held == dict.fromkeys(("SITE", "PEOPLE", "FUNCTION", "RULES", "SERVICE"), False)
    missing = {one["have"]: [text["text"] for text in one["missing"]] for one in said["haves"]}
    assert missing["SITE"] == [f"缺少{name}" for name in ("桌椅", "电脑", "打印机", "档案柜", "用品", "标识标牌")]
    assert missing["PEOPLE"] == ["驻站社工 0 人,少于每站 2 人(依据:荆门市方案四(三))"]
    assert len(missing["RULES"]) == 6
    english = {one["have"]: [text["en"] for text in one["missing"]] for one in said["haves"]}
    assert english["SITE"][1] == "Computer is missing"


async def test_a_station_with_all_five_is_accepted_from_the_day_it_has_them(city: City) -> None:
    await city.two_to_four()
    station = await city.station(functions="社会救助、为老服务、儿童关爱、社区治理")
    for item in EQUIPMENT:
        await city.save("facility", station=station, item=item)
    for kind in RULES:
        await city.save(
            "rule_document", area=SHAYANG, kind=kind, title=kind, version="1", body="内容", from_on=date(2024, 1, 1)
        )
    await city.post(station, persons=2)
    await city.save(
        "activity", area=WULIPU, kind="THEME_ACTIVITY", name="重阳活动", held_on=date(2024, 10, 11), persons=30
    )
    asked = {"id": gid("Station", station)}
    assert (await city.ask(ACCEPTANCE, **asked))["stationAcceptance"]["accepted"] is True
    before = (await city.ask(ACCEPTANCE, **asked, on="2023-12-31"))["stationAcceptance"]
    assert [one["have"] for one in before["haves"] if not one["held"]] == ["PEOPLE", "RULES", "SERVICE"]


async def test_a_large_station_needs_its_rooms_a_small_one_does_not(city: City) -> None:
    station = await city.station(floor_m2=Decimal("299.9999"))
    for item in EQUIPMENT:
        await city.save("facility", station=station, item=item)
    asked = {"id": gid("Station", station)}

    async def site() -> list[str]:
        said = (await city.ask(ACCEPTANCE, **asked))["stationAcceptance"]["haves"][0]
        return [one["text"] for one in said["missing"]]

    assert await site() == []
    await city.save("station", id=station, floor_m2=Decimal(300))
    assert await site() == [f"缺少{one}" for one in ("社工办公室", "个案工作室", "小组活动室", "多功能室", "档案室")]


async def test_what_a_county_asks_itself_takes_the_place_of_what_is_shipped(city: City) -> None:
    await city.save("station_standard", area=SHAYANG, aspect="FACILITY", item="COMPUTER", least=3)
    station = await city.station()
    await city.save("facility", station=station, item="COMPUTER", count=2)
    said = await city.ask(ACCEPTANCE, id=gid("Station", station))
    assert [one["text"] for one in said["stationAcceptance"]["haves"][0]["missing"]] == ["缺少电脑(需 3,有 2)"]


# ------------------------------------------------------------------------------------------------ 1+1+5+X

PROFILE = """query($id: ID!) { stationProfile(id: $id) { complete form
    parts { part least count items { title } missing { text en: text(lang: EN) } } } }"""


async def test_a_profile_names_the_domains_it_lacks(city: City) -> None:
    station = await city.station()
    for part, domain, title in (
        ("PLATFORM", None, "资源链接平台"),
        ("KEY_PROJECT", None, "乡村振兴"),
        ("DOMAIN", "SOCIAL_ASSISTANCE", "社会救助"),
        ("DOMAIN", "SOCIAL_ASSISTANCE", "临时救助"),
        ("SPECIAL", None, "候鸟服务"),
    ):
        await city.save("profile_item", station=station, part=part, domain=domain, title=title)
    asked = {"id": gid("Station", station)}
    said = (await city.ask(PROFILE, **asked))["stationProfile"]
    assert (said["complete"], said["form"]) == (False, "1+1+1+1")
    by_part = {one["part"]: one for one in said["parts"]}
    lacks = ["基础领域还缺 4 个(需 5,有 1)", "缺少“养老服务”", "缺少“儿童关爱保护”", "缺少“社区治理”", "缺少“社会事务”"]
    assert [one["text"] for one in by_part["DOMAIN"]["missing"]] == lacks
    assert by_part["DOMAIN"]["missing"][1]["en"] == "“Elderly care” is missing"
    assert [one["title"] for one in by_part["DOMAIN"]["items"]] == ["社会救助", "临时救助"]
    assert by_part["SPECIAL"]["missing"] == []
    with pytest.raises(InvalidInput) as refused:
        await city.save("profile_item", station=station, part="PLATFORM", domain="ELDERLY_CARE", title="平台")
    assert codes(refused.value) == {"domain": "DOMAIN_OF_DOMAINS"}


async def test_five_domains_make_it_complete(city: City) -> None:
    station = await city.station()
    await city.save("profile_item", station=station, part="PLATFORM", title="平台")
    await city.save("profile_item", station=station, part="KEY_PROJECT", title="项目")
    for code in ("SOCIAL_ASSISTANCE", "ELDERLY_CARE", "CHILD_PROTECTION", "COMMUNITY_GOVERNANCE", "SOCIAL_AFFAIRS"):
        await city.save("profile_item", station=station, part="DOMAIN", domain=code, title=code)
    said = (await city.ask(PROFILE, id=gid("Station", station)))["stationProfile"]
    assert (said["complete"], said["form"]) == (True, "1+1+5+0")


# ------------------------------------------------------------------------------------------------ a year


async def test_a_year_is_counted_from_what_was_founded_and_found_in_it(city: City) -> None:
    await city.save("station_standard", area=SHAYANG, aspect="INCUBATED_A_YEAR", least=1)
    await city.save("station_standard", area=SHAYANG, aspect="VOLUNTEERS_A_YEAR", least=30)
    station = await city.station()
    first, second = date(2025, 12, 31), date(2026, 1, 1)
    await city.save("incubation", area=WULIPU, station=station, name="夕阳红互助会", founded_on=second)
    for day, persons in ((first, 30), (second, 20), (date(2026, 12, 31), 9)):
        await city.save("mobilisation", station=station, counted_on=day, persons=persons)
    asked = """query($id: ID!, $year: Int) { stationIndicators(id: $id, year: $year) { year
        indicators { aspect least reached met text(lang: EN) } incubations { name } } }"""

    async def year(number: int | None) -> list[tuple[int, bool]]:
        said = (await city.ask(asked, id=gid("Station", station), year=number))["stationIndicators"]
        return [(one["reached"], one["met"]) for one in said["indicators"]]

    assert await year(None) == [(1, True), (29, False)]
    assert await year(2025) == [(0, False), (30, True)]
    said = await city.said(asked, id=gid("Station", station), year=1)
    assert said["errors"][0]["extensions"]["code"] == "BAD_YEAR"


async def test_five_stations_stand_under_one_roof(city: City) -> None:
    station = await city.station()
    purposes = ("SOCIAL_WORK", "CHILD_PROTECTION", "ELDERLY_CARE", "SOCIAL_ASSISTANCE", "SOCIAL_ORGANIZATION")
    for purpose in purposes:
        await city.save("colocation", station=station, purpose=f"{purpose}_STATION")
    asked = (
        "query($id: ID!) { node(id: $id) { ... on Station { colocations { edges { node { purpose { code } } } } } } }"
    )
    said = await city.ask(asked, id=gid("Station", station))
    assert {one["node"]["purpose"]["code"] for one in said["node"]["colocations"]["edges"]} == {
        f"{one}_STATION" for one in purposes
    }


# ------------------------------------------------------------------------------------------------ projects


async def project(city: City, name: str = "沙洋县社工站项目") -> int:
    return await city.save("project", area=SHAYANG, name=name)


async def test_several_parties_play_several_parts_but_one_operator_is_primary(city: City) -> None:
    it = await project(city)
    bureau, first, second = [await city.organization(name) for name in ("县民政局", "甲社工机构", "乙社工机构")]
    for role in ("LEAD", "PURCHASER", "SUPERVISOR"):
        await city.save("project_role", project=it, party=bureau, role=role)
    await city.save(
        "project_role", project=it, party=first, role="OPERATOR", is_primary=True, until_on=date(2026, 6, 30)
    )
    await city.save("project_role", project=it, party=second, role="OPERATOR")
    before = await city.books()
    with pytest.raises(Conflict) as refused:
        await city.save(
            "project_role", project=it, party=second, role="OPERATOR", is_primary=True, from_on=date(2026, 6, 30)
        )
    assert refused.value.code == "SECOND_PRIMARY_OPERATOR"
    assert "甲社工机构" in refused.value.message_zh
    assert "甲社工机构" in refused.value.message_en
    with pytest.raises(InvalidInput) as wrong:
        await city.save("project_role", project=it, party=bureau, role="LEAD", is_primary=True)
    assert codes(wrong.value) == {"isPrimary": "PRIMARY_OPERATES"}
    assert await city.books() == before
    # From the day after the first one's last, the next may be.
    await city.save(
        "project_role", project=it, party=second, role="OPERATOR", is_primary=True, from_on=date(2026, 7, 1)
    )


async def test_of_many_who_become_primary_operator_at_once_one_does(city: City) -> None:
    it = await project(city)
    parties = [await city.organization(f"机构{at}") for at in range(6)]

    async def become(party: int) -> str:
        try:
            await city.save("project_role", project=it, party=party, role="OPERATOR", is_primary=True)
        except Conflict as refusal:
            return refusal.code
        return "DONE"

    said = sorted(await asyncio.gather(*map(become, parties)))
    assert said == ["DONE", *["SECOND_PRIMARY_OPERATOR"] * 5]
    (row,) = await city.county.rows("SELECT count(*) FROM project_role WHERE is_primary")
    assert row[0] == 1


async def test_a_primary_operator_that_was_withdrawn_does_not_come_back_beside_another(city: City) -> None:
    it = await project(city)
    first, second = await city.organization("甲"), await city.organization("乙")
    old = await city.save("project_role", project=it, party=first, role="OPERATOR", is_primary=True)
    await records.withdraw(city.context, "project_role", old, reason="登记错了")
    await city.save("project_role", project=it, party=second, role="OPERATOR", is_primary=True)
    before = await city.books()
    with pytest.raises(Conflict) as refused:
        await records.restore(city.context, "project_role", old)
    assert refused.value.code == "SECOND_PRIMARY_OPERATOR"
    assert await city.books() == before


async def test_the_share_of_operators_within_party_building_is_counted(city: City) -> None:
    it, other = await project(city), await project(city, "另一项目")
    first, second, third = [await city.organization(name) for name in ("甲", "乙", "丙")]
    for where, party, included in ((it, first, True), (other, first, True), (it, second, True), (other, second, False)):
        await city.save(
            "project_role", project=where, party=party, role="OPERATOR", in_party_building=included,
            from_on=date(2025, 1, 1),
        )  # fmt: skip
    await city.save("project_role", project=it, party=third, role="HOST")
    asked = """query($area: String!, $on: Date) { partyBuilding(area: $area, on: $on) {
        of included percent operators { included party { name } } } }"""
    said = (await city.ask(asked, area=CITY))["partyBuilding"]
    assert (said["of"], said["included"], said["percent"]) == (2, 1, "50.00")
    assert [(one["party"]["name"], one["included"]) for one in said["operators"]] == [("乙", False), ("甲", True)]
    assert (await city.ask(asked, area=CITY, on="2024-12-31"))["partyBuilding"]["percent"] is None
    assert (await city.ask(asked, area=ZHONGXIANG))["partyBuilding"]["of"] == 0


async def test_agreements_that_end_are_told_until_they_are_renewed(city: City) -> None:
    it = await project(city)
    bureau, operator = await city.organization("县民政局"), await city.organization("甲社工机构")
    given = {"project": it, "purchaser": bureau, "operator": operator, "title": "协议", "amount": Decimal(1)}
    ends = date(2026, 12, 31)
    await city.save("agreement", **given, from_on=date(2026, 1, 1), until_on=ends)
    asked = """query($days: Int!) { agreementsExpiring(area: "420822", withinDays: $days) {
        days agreement { untilOn operator { name } } } }"""
    said = (await city.ask(asked, LOCAL, days=39))["agreementsExpiring"]
    assert said == [{"days": 39, "agreement": {"untilOn": "2026-12-31", "operator": {"name": "甲社工机构"}}}]
    assert (await city.ask(asked, LOCAL, days=38))["agreementsExpiring"] == []
    assert (await city.ask(asked, PUBLIC, days=39))["agreementsExpiring"] == []
    await city.save("agreement", **given, from_on=date(2027, 1, 1), until_on=date(2027, 12, 31))
    assert (await city.ask(asked, LOCAL, days=60))["agreementsExpiring"] == []


async def test_an_agreement_longer_than_the_rule_lets_is_marked_and_nobody_agrees_with_itself(city: City) -> None:
    it = await project(city)
    await city.rule("MONTHS", "AT_MOST", 12, subject="AGREEMENT", severity="SOFT")
    bureau, operator = await city.organization("县民政局"), await city.organization("甲社工机构")
    await city.save("project_role", project=it, party=operator, role="OPERATOR")
    given = {"project": it, "purchaser": bureau, "title": "协议", "amount": Decimal(1), "from_on": date(2026, 1, 1)}
    year = await city.save("agreement", **given, operator=operator, until_on=date(2026, 12, 31))
    longer = await city.save("agreement", **given, operator=operator, until_on=date(2027, 1, 1))
    assert await city.marks("agreement", year) == []
    assert await city.marks("agreement", longer) == ["MONTHS_AT_MOST"]
    with pytest.raises(InvalidInput) as refused:
        await city.save("agreement", **given, operator=bureau, until_on=date(2026, 12, 31))
    assert codes(refused.value) == {"operatorId": "SAME_PARTY"}

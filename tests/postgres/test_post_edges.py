"""The fifth worker again, by ways around: units, a move, a past post, a restored one; by the shipped rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from station_stage import CITY, DONGBAO, HOUGANG, SHAYANG, WULIPU, City, gid, jingmen

from db.fund_rules import COLUMN_CODES
from db.viewer import LOCAL
from exchange.rules import read_rules
from exchange.vocabulary import read_areas, read_terms
from resolvers import records, rules_loading
from resolvers.errors import Conflict

THERE = "东宝区栗溪镇社会工作站"
SAVE = """mutation($input: PostSaveInput!) { postSave(input: $input) {
    __typename
    ... on PostSaved { post { persons bornYear marks { code zh: message(lang: ZH) } } }
    ... on Conflict { code message } } }"""


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    async with jingmen(database_url) as made:
        yield made


async def shipped(city: City) -> None:
    """The rules on workers as data/rules.csv has them."""
    areas, terms = read_areas().records, read_terms().records
    known = {(one.scheme, one.code) for one in terms}
    rows = read_rules(None, {one.code for one in areas}, COLUMN_CODES, known).records
    about = [one for one in rows if one.area == CITY and one.subject in ("STATION", "POST")]
    await rules_loading.load(city.context, about)


async def refused(city: City, work: Any) -> Conflict:
    before = await city.books()
    with pytest.raises(Conflict) as said:
        await work
    assert await city.books() == before
    return said.value


async def test_a_client_who_saves_a_fifth_worker_is_told_the_clause_and_one_over_age_is_marked(city: City) -> None:
    await shipped(city)
    station = await city.station()
    await city.post(station, persons=3)
    given: dict[str, Any] = {"stationId": gid("Station", station), "kind": "FULL_TIME", "fromOn": "2026-01-01"}
    said = await city.ask(SAVE, LOCAL, input=given | {"bornYear": 1985})
    marks = said["postSave"]["post"]["marks"]
    assert [one["code"] for one in marks] == ["WORKER_AGE"]
    assert "40岁以下" in marks[0]["zh"]
    before = await city.books()
    said = (await city.ask(SAVE, LOCAL, input=given))["postSave"]
    assert (said["__typename"], said["code"]) == ("Conflict", "RULE_BROKEN")
    assert "2-4人" in said["message"]
    assert await city.books() == before


async def test_two_fifths_at_once_one_leaves_and_one_takes_the_place(city: City) -> None:
    await shipped(city)
    station = await city.station()
    leaves = await city.post(station)
    await city.post(station, persons=2)

    async def come() -> str:
        try:
            await city.post(station)
        except Conflict as refusal:
            return refusal.code
        return "CAME"

    assert sorted(await asyncio.gather(*(come() for _ in range(3)))) == ["CAME", "RULE_BROKEN", "RULE_BROKEN"]
    await city.save("post", id=leaves, until_on=date(2024, 1, 31))
    await refused(city, city.post(station, from_on=date(2024, 1, 31)))
    await city.post(station, from_on=date(2024, 2, 1))
    # The one who left cannot come back by a later last day.
    await refused(city, city.save("post", id=leaves, until_on=date(2024, 2, 1)))
    await refused(city, city.save("post", id=leaves, until_on=None))


async def test_a_post_moved_from_another_station_or_made_of_an_assistant_is_a_fifth_too(city: City) -> None:
    await shipped(city)
    full, other = await city.station(), await city.station(area=HOUGANG, name="沙洋县后港镇社会工作站")
    await city.post(full, persons=4)
    helper = await city.post(full, kind="ASSISTANT")
    there = await city.post(other)
    await refused(city, city.save("post", id=there, station=full))
    await refused(city, city.save("post", id=helper, kind="PART_TIME"))
    await refused(city, city.save("post", id=there, persons=5))


async def test_fewer_units_or_a_move_under_a_rule_do_not_make_a_station_overfull(city: City) -> None:
    await shipped(city)
    several = await city.station(area=CITY, name="首批", units=2)
    await city.post(several, persons=8)
    said = await refused(city, city.save("station", id=several, units=1))
    assert said.code == "RULE_BROKEN"
    assert "2-4人" in said.message_zh
    await city.save("station", id=several, units=3)


async def test_a_station_moves_with_its_posts(city: City) -> None:
    await city.rule("WORKERS", "AT_MOST", 2, area=DONGBAO)
    station = await city.station()
    await city.post(station, persons=3)
    said = await refused(city, city.save("station", id=station, area=DONGBAO + "100", name=THERE))
    assert said.code == "RULE_BROKEN"
    small = await city.station(area=HOUGANG, name="沙洋县后港镇社会工作站")
    post = await city.post(small)
    await city.save("station", id=small, area=DONGBAO + "100", name=THERE)
    row = await city.county.one(
        "SELECT p.area_id = s.area_id, p.county_id = s.county_id FROM post p JOIN station s ON s.id = p.station_id"
        " WHERE p.id = :id",
        id=post,
    )
    assert tuple(row) == (True, True)


async def test_a_post_of_the_past_is_judged_by_the_rules_of_its_time(city: City) -> None:
    await city.rule("WORKERS", "AT_MOST", 4, from_on=date(2021, 1, 1))
    await city.rule("WORKERS", "AT_MOST", 2, code="THEN", from_on=date(2015, 1, 1), until_on=date(2018, 12, 31))
    station = await city.station(opened_on=date(2015, 1, 1))
    await city.post(station, persons=6, from_on=date(2019, 1, 1), until_on=date(2020, 12, 31))
    await refused(city, city.post(station, persons=3, from_on=date(2016, 1, 1), until_on=date(2016, 12, 31)))
    await refused(city, city.post(station, persons=5, from_on=date(2019, 1, 1), until_on=date(2021, 1, 1)))


async def test_a_withdrawn_fourth_comes_back_and_a_fifth_does_not_of_two_at_once(city: City) -> None:
    await shipped(city)
    station = await city.station()
    gone = [await city.post(station) for _ in range(2)]
    for one in gone:
        await records.withdraw(city.context, "post", one, reason="登记错了")
    await city.post(station, persons=3)

    async def back(id: int) -> str:
        try:
            await records.restore(city.context, "post", id)
        except Conflict as refusal:
            return refusal.code
        return "CAME"

    assert sorted(await asyncio.gather(*map(back, gone))) == ["CAME", "RULE_BROKEN"]


async def test_the_number_of_workers_of_a_station_is_not_that_of_a_centre(city: City) -> None:
    await shipped(city)
    centre = await city.station(area=SHAYANG, name="沙洋县社会工作服务中心", tier="CENTRE")
    await city.post(centre, persons=5)
    # But as a station it would be overfull.
    said = await refused(
        city, city.save("station", id=centre, tier="STATION", area=WULIPU, name="沙洋县五里铺镇社会工作站")
    )
    assert said.code == "RULE_BROKEN"

"""Posts of stations: a fifth worker is refused, one too old is marked, and staffing is counted from posts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from station_stage import CITY, DONGBAO, HOUGANG, SHAYANG, WULIPU, City, jingmen

from db.fund_rules import COLUMN_CODES
from db.viewer import LOCAL, PUBLIC, Viewer
from exchange.rules import read_rules
from exchange.vocabulary import read_areas, read_terms
from resolvers import parties, records, rules_loading
from resolvers.errors import Conflict, InvalidInput
from resolvers.posts import most


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    async with jingmen(database_url) as made:
        yield made


async def test_a_fifth_worker_is_refused_and_nothing_is_written(city: City) -> None:
    await city.two_to_four()
    station = await city.station()
    await city.post(station, persons=2)
    fourth = await city.post(station, persons=2)
    await city.post(station, kind="ASSISTANT", persons=9)
    before = await city.books()
    with pytest.raises(Conflict) as refused:
        await city.post(station, kind="PART_TIME")
    assert refused.value.code == "RULE_BROKEN"
    for text in ("驻站人数", "不超过 4", "本次合计 5", "依据:荆门市方案四(三)"):
        assert text in refused.value.message_zh
    assert "at most 4, with this 5" in refused.value.message_en
    with pytest.raises(Conflict):
        await city.save("post", id=fourth, persons=3)
    assert await city.books() == before
    # Whoever follows somebody who leaves is no fifth; and a remark is no worker more.
    await city.save("post", id=fourth, until_on=date(2024, 6, 30))
    await city.post(station, persons=2, from_on=date(2024, 7, 1))
    await city.save("post", id=fourth, note="调离")


async def test_of_two_who_would_both_be_the_fourth_one_comes(city: City) -> None:
    await city.two_to_four()
    station = await city.station()
    await city.post(station, persons=3)

    async def come(_: int) -> str:
        try:
            await city.post(station)
        except Conflict as refusal:
            return refusal.code
        return "CAME"

    assert sorted(await asyncio.gather(*map(come, range(4)))) == ["CAME", *["RULE_BROKEN"] * 3]


async def test_a_worker_who_was_withdrawn_does_not_come_back_as_the_fifth(city: City) -> None:
    await city.two_to_four()
    station = await city.station()
    gone = await city.post(station)
    await records.withdraw(city.context, "post", gone, reason="登记错了")
    await city.post(station, persons=4)
    before = await city.books()
    with pytest.raises(Conflict) as refused:
        await records.restore(city.context, "post", gone)
    assert refused.value.code == "RULE_BROKEN"
    assert await city.books() == before


async def test_a_row_for_several_stations_has_as_many_times_the_workers(city: City) -> None:
    await city.two_to_four()
    several = await city.station(area=CITY, name="首批", units=66)
    await city.post(several, persons=198)
    with pytest.raises(Conflict):
        await city.post(several, persons=67)


async def test_other_regions_have_other_numbers_and_places_without_a_rule_have_none(city: City) -> None:
    await city.rule("WORKERS", "AT_MOST", 3, area=SHAYANG)
    here, elsewhere = await city.station(), await city.station(area=DONGBAO + "100", name="东宝区栗溪镇社会工作站")
    with pytest.raises(Conflict):
        await city.post(here, persons=4)
    await city.post(elsewhere, persons=40)


async def test_who_is_over_age_or_without_degree_is_taken_and_marked(city: City) -> None:
    soft = {"severity": "SOFT"}
    await city.rule("AGE", "AT_MOST", 40, **soft)
    await city.rule("COLLEGE_DEGREE", "AT_LEAST", 1, **soft)
    await city.rule("CERTIFIED_LOCAL", "AT_LEAST", 1, **soft)
    station = await city.station()
    right = {"degree": "COLLEGE", "grade": "ASSISTANT_SOCIAL_WORKER", "local": True, "born_year": 1984}
    assert await city.marks("post", await city.post(station, **right)) == []
    old = await city.post(station, **right | {"born_year": 1983, "degree": "BELOW_COLLEGE", "local": False})
    assert await city.marks("post", old) == ["AGE_AT_MOST", "CERTIFIED_LOCAL_AT_LEAST", "COLLEGE_DEGREE_AT_LEAST"]
    # What nobody knows is not held against anybody.
    assert await city.marks("post", await city.post(station)) == []
    await city.save("post", id=old, born_year=1990)
    assert "AGE_AT_MOST" not in await city.marks("post", old)


async def test_what_cannot_be_is_told_field_by_field(city: City) -> None:
    station = await city.station()
    worker = (await parties.register_social_worker(city.context, name="示例社工", area=WULIPU)).id
    wrong: dict[str, Any] = {
        "worker": worker, "persons": 2, "season_from": 13, "born_year": 2020, "stipend": Decimal(100)
    }  # fmt: skip
    before = await city.books()
    with pytest.raises(InvalidInput) as refused:
        await city.post(station, **wrong)
    assert {one.path[0] for one in refused.value.fields} == {
        "persons", "seasonFrom", "seasonUntil", "bornYear", "stipend"
    }  # fmt: skip
    assert await city.books() == before


async def test_one_person_in_two_full_time_posts_is_marked(city: City) -> None:
    first, second = await city.station(), await city.station(area=HOUGANG, name="沙洋县后港镇社会工作站")
    worker = (await parties.register_social_worker(city.context, name="示例社工", area=WULIPU)).id
    await city.post(first, worker=worker, until_on=date(2024, 12, 31))
    assert await city.marks("post", await city.post(second, worker=worker)) == ["FULL_TIME_TWICE"]
    later = await city.post(second, worker=worker, from_on=date(2025, 1, 1), until_on=date(2025, 1, 31))
    assert await city.marks("post", later) == ["FULL_TIME_TWICE"]  # beside the one that has no end
    third = (await parties.register_social_worker(city.context, name="另一社工", area=WULIPU)).id
    assert await city.marks("post", await city.post(first, worker=third)) == []


async def test_by_the_shipped_rules_of_the_city_a_fifth_is_refused_and_a_forty_one_year_old_marked(city: City) -> None:
    areas, terms = read_areas().records, read_terms().records
    known = {(one.scheme, one.code) for one in terms}
    shipped = read_rules(None, {one.code for one in areas}, COLUMN_CODES, known)
    about = [one for one in shipped.records if one.area == CITY and one.subject in ("STATION", "POST")]
    await rules_loading.load(city.context, about)
    station = await city.station()
    old = await city.post(station, born_year=1983)
    assert "WORKER_AGE" in await city.marks("post", old)
    await city.post(station, persons=3, from_on=date(2024, 1, 1))
    before = await city.books()
    with pytest.raises(Conflict) as refused:
        await city.post(station)
    assert refused.value.code == "RULE_BROKEN"
    assert "2-4人" in refused.value.message_zh
    assert await city.books() == before


# ------------------------------------------------------------------------------------------------ staffing

STAFFING = """query($area: String!, $on: Date) { staffing(area: $area, on: $on) {
    workers certified certifiedPercent college local contracts insured under40 ageKnown assistants stipends
    rooms roomsWithoutAssistant under over kinds { kind posts persons }
    stations { workers state text station { name } } } }"""


async def staffed(city: City) -> None:
    await city.two_to_four()
    centre = await city.station(area=SHAYANG, name="沙洋县社会工作服务中心", tier="CENTRE")
    full = await city.station(parent=centre)
    await city.station(area=HOUGANG, name="沙洋县后港镇社会工作站", parent=centre)
    await city.post(full, persons=2, grade="SOCIAL_WORKER", degree="BACHELOR", local=True, contract=True, insured=True)
    await city.post(full, kind="PART_TIME", born_year=1980)
    rooms = await city.station(name="首批社工室", tier="ROOM", units=10, parent=full)
    await city.post(rooms, kind="ASSISTANT", persons=7, stipend=Decimal(100))


async def test_staffing_is_counted_from_posts_with_who_has_too_few(city: City) -> None:
    await staffed(city)
    said = (await city.ask(STAFFING, LOCAL, area=CITY))["staffing"]
    counted = {name: said[name] for name in ("workers", "certified", "certifiedPercent", "college", "local")}
    assert counted == {"workers": 3, "certified": 2, "certifiedPercent": "66.67", "college": 2, "local": 2}
    counted = {name: said[name] for name in ("contracts", "insured", "under40", "ageKnown", "assistants", "stipends")}
    assert counted == {
        "contracts": 2, "insured": 2, "under40": 0, "ageKnown": 1, "assistants": 7, "stipends": "700.00"
    }  # fmt: skip
    assert (said["rooms"], said["roomsWithoutAssistant"], said["under"], said["over"]) == (10, 3, 1, 0)
    assert [(one["kind"], one["persons"]) for one in said["kinds"]] == [
        ("FULL_TIME", 2), ("PART_TIME", 1), ("ASSISTANT", 7)
    ]  # fmt: skip
    assert [(one["station"]["name"], one["workers"], one["state"]) for one in said["stations"]] == [
        ("沙洋县五里铺镇社会工作站", 3, "WITHIN"),
        ("沙洋县后港镇社会工作站", 0, "UNDER"),
    ]
    assert "少于每站 2 人" in said["stations"][1]["text"]
    early = (await city.ask(STAFFING, LOCAL, area=CITY, on="2023-12-31"))["staffing"]
    assert (early["workers"], early["certifiedPercent"]) == (0, None)


async def test_who_comes_for_the_winter_counts_in_winter_only(city: City) -> None:
    station = await city.station()
    await city.post(station, persons=2, season_from=11, season_until=3)

    async def workers(day: str) -> int:
        said = await city.ask(STAFFING, LOCAL, area=CITY, on=day)
        return int(said["staffing"]["workers"])

    assert [await workers(f"2025-{month:02}-15") for month in (1, 3, 4, 10, 11, 12)] == [2, 2, 0, 0, 2, 2]


async def test_staffing_is_for_those_who_look_after_the_area(city: City) -> None:
    await staffed(city)
    shayang, dongbao = await city.county.area_id(SHAYANG), await city.county.area_id(DONGBAO)
    for viewer in (PUBLIC, Viewer("COORDINATOR", 5, dongbao, True), Viewer("READER", 6, dongbao, True)):
        said = await city.said(STAFFING, viewer, area=SHAYANG)
        assert said["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
        assert said["data"] is None
    said = await city.ask(STAFFING, Viewer("COORDINATOR", 5, shayang, True), area=SHAYANG)
    assert said["staffing"]["workers"] == 3


# ------------------------------------------------------------------------------------------------ laws

DAYS = st.dates(date(2024, 1, 1), date(2024, 1, 20))
SPANS = st.lists(st.tuples(DAYS, st.none() | DAYS, st.integers(1, 5)), max_size=8)


@given(SPANS, DAYS, st.none() | DAYS)
def test_the_fullest_day_is_that_of_looking_at_each_day(
    spans: list[tuple[date, date | None, int]], since: date, until: date | None
) -> None:
    assume(until is None or until >= since)
    spans = [(first, last, count) for first, last, count in spans if last is None or last >= first]
    days = [date(2024, 1, day) for day in range(1, 32)]
    seen = [day for day in days if since <= day and (until is None or day <= until)]
    counts = [
        sum(count for first, last, count in spans if first <= day and (last is None or day <= last)) for day in seen
    ]
    assert most(spans, since, until) == max(counts, default=0)

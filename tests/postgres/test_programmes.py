"""Programmes and what belongs to them: figures that must fit, things that must be said, catalogues on a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from small_county import COUNTY, NOON, OTHER_COUNTY, TODAY, TOWN, VILLAGE, County, found

from db.cursors import global_id
from db.viewer import LOCAL, PUBLIC, Viewer
from exchange.vocabulary import read_terms
from resolvers import catalogue, records
from resolvers.errors import Conflict, InvalidInput
from resolvers.vocabulary import load, vocabulary
from schema.execution.executor import Executor


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    async with county.context.engine.connect() as conn:
        known = {scheme for scheme, _code in (await vocabulary(county.context.engine, conn)).terms}
    await load(county.context, terms=[one for one in read_terms().records if one.scheme not in known])
    yield county
    await database.close()


async def asked(county: County, query: str, viewer: Viewer = PUBLIC) -> dict[str, Any]:
    executor = Executor(county.context.database, clock=lambda: NOON)  # type: ignore[arg-type]
    answer: dict[str, Any] = orjson.loads((await executor.run(query, None, {}, viewer=viewer)).body)
    assert "errors" not in answer, answer["errors"]
    data: dict[str, Any] = answer["data"]
    return data


async def saved(county: County, kind: str, /, **given: Any) -> int:
    return (await records.save(county.by(LOCAL), kind, id=given.pop("id", None), given=given)).id


async def refused(county: County, kind: str, /, **given: Any) -> list[tuple[str, str]]:
    """(field, code) of every faulty field of a save that is refused; nothing of it is written."""
    before = await county.rows(f"SELECT to_jsonb(t) FROM {kind} t")  # noqa: S608
    with pytest.raises(InvalidInput) as refusal:
        await saved(county, kind, **given)
    assert await county.rows(f"SELECT to_jsonb(t) FROM {kind} t") == before  # noqa: S608
    return [(one.path[0], one.code) for one in refusal.value.fields]


ACTIVITY = {"area": TOWN, "name": "端午节", "kind": "THEME_ACTIVITY", "held_on": date(2026, 6, 19)}


async def test_persons_person_times_reach_and_sessions_are_four_figures(county: County) -> None:
    id = await saved(county, "activity", **ACTIVITY, sessions=3, persons=20, person_times=45, reach=200)
    found = await asked(
        county,
        '{ activities(where: {kind: "THEME_ACTIVITY"}) { edges { node { sessions persons personTimes reach } } } }',
    )
    assert [edge["node"] for edge in found["activities"]["edges"]] == [
        {"sessions": 3, "persons": 20, "personTimes": 45, "reach": 200}
    ]
    assert await refused(county, "activity", id=id, persons=46) == [("personTimes", "UNDER_PERSONS")]
    assert await refused(county, "activity", id=id, reach=19) == [("reach", "UNDER_PERSONS")]
    assert await refused(county, "activity", id=id, count=4) == [("sessions", "UNDER_COUNT")]
    await saved(county, "activity", id=id, persons=45)


async def test_a_published_total_is_one_row_that_says_of_how_many_activities(county: County) -> None:
    await saved(
        county,
        "activity",
        **ACTIVITY | {"name": "主题活动"},
        count=100,
        sessions=100,
        person_times=20_000,
        source="公开报道",
    )
    (row,) = await county.rows("SELECT count, sessions, persons, person_times, reach FROM activity")
    assert tuple(row) == (100, 100, None, 20_000, None)


async def test_figures_of_an_activity_still_to_come_are_marked_as_expected(county: County) -> None:
    await saved(county, "activity", **ACTIVITY | {"held_on": TODAY + timedelta(days=1)}, persons=30)
    found = await asked(county, "{ activities { edges { node { marks { code message(lang: EN) } } } } }")
    ((mark,),) = [edge["node"]["marks"] for edge in found["activities"]["edges"]]
    assert mark["code"] == "FIGURES_AHEAD"


async def test_an_award_is_of_one_winner_and_a_sponsor_supports_one(county: County) -> None:
    provider = await county.provider()
    award = {"area": COUNTY, "title": "示范项目", "given_by": "民政部", "level": "NATIONAL"}
    assert await refused(county, "award", **award) == [("programmeId", "ONE_OF_TWO")]
    programme = await saved(county, "programme", area=COUNTY, name="小树苗成长", domain="CHILD_PROTECTION")
    await saved(county, "award", **award, programme=programme)
    assert await refused(county, "sponsorship", area=COUNTY, sponsor=provider) == [("programmeId", "ONE_OF_TWO")]
    await saved(county, "sponsorship", area=COUNTY, sponsor=provider, programme=programme)
    found = await asked(
        county,
        "{ programmes { edges { node { name awards { edges { node { title level } } }"
        " sponsorships { edges { node { sponsor { id } } } } } } } }",
    )
    (edge,) = found["programmes"]["edges"]
    assert edge["node"]["awards"]["edges"] == [{"node": {"title": "示范项目", "level": "NATIONAL"}}]
    assert edge["node"]["sponsorships"]["edges"] == [
        {"node": {"sponsor": {"id": global_id(b"DonorFirm:%d" % provider)}}}
    ]


async def test_a_programme_works_by_a_template_there_is(county: County) -> None:
    given = {"area": COUNTY, "name": "和为贵", "domain": "CHILD_PROTECTION"}
    assert await refused(county, "programme", **given, team="NOBODY") == [("team", "UNKNOWN_TEMPLATE")]


async def test_a_programme_is_counted_up_to_today(county: County) -> None:
    programme = await saved(county, "programme", area=COUNTY, name="孝润水泊", domain="CHILD_PROTECTION")
    tomorrow = TODAY + timedelta(days=1)
    group = {"programme": programme, "name": "失智老人", "persons": 218}
    assert await refused(county, "programme_group", **group, counted_on=tomorrow) == [("countedOn", "IN_THE_FUTURE")]
    await saved(county, "programme_group", **group, counted_on=TODAY)


async def test_a_seat_in_a_committee_is_somebodys(county: County) -> None:
    committee = await saved(
        county, "committee", area=VILLAGE, name="社区儿童委员会", kind="CHILDREN_COMMITTEE", members=9
    )
    assert await refused(county, "committee_member", committee=committee) == [("partyId", "SOMEBODY")]
    await saved(county, "committee_member", committee=committee, whom="党员、村民骨干", persons=8)
    shown = "{ committees { edges { node { members seats { totalCount } } } } }"
    for viewer, seats in ((PUBLIC, 0), (await county.coordinator(), 1)):
        (edge,) = (await asked(county, shown, viewer))["committees"]["edges"]
        assert edge["node"] == {"members": 9, "seats": {"totalCount": seats}}


@pytest.mark.parametrize("number", ["13812345678", "电话13812345678。", "11010119900307100X"])
async def test_a_case_that_everybody_reads_holds_no_number_of_a_person(county: County, number: str) -> None:
    case = {"area": COUNTY, "title": "返校", "domain": "CHILD_PROTECTION", "problem": "辍学", "outcome": "复学"}
    given = case | {"process": f"走访后联系 {number}" if number.isalnum() else number}
    assert await refused(county, "practice_case", **given) == [("process", "PERSON_TO_BE_FOUND")]
    await saved(county, "practice_case", **case, process="走访、劝导、链接就医资源,2021-2022 年共 12 次")
    found = await asked(county, '{ practiceCases(where: {search: "返", published: false}) { totalCount } }')
    assert found["practiceCases"]["totalCount"] == 1


async def test_a_rule_is_to_be_read_here_or_at_an_address(county: County) -> None:
    rule = {"area": COUNTY, "kind": "STAFF_RULE", "title": "驻站社工管理", "version": "1", "from_on": date(2021, 7, 1)}
    assert await refused(county, "rule_document", **rule) == [("body", "TO_BE_READ")]
    for address in ("javascript:alert(1)", "档案柜", "http://", "https://["):
        assert await refused(county, "rule_document", **rule, address=address) == [("address", "NO_ADDRESS")]
    await saved(county, "rule_document", **rule, body="一、…\n二、…")
    await saved(
        county, "rule_document", **rule | {"version": "2", "from_on": date(2022, 7, 1)}, address="https://example.org/2"
    )


async def test_overdue_milestones_are_those_not_done_and_due_until_yesterday(county: County) -> None:
    yesterday = TODAY - timedelta(days=1)
    late = await saved(county, "milestone", area=COUNTY, title="制定本地实施方案", due_on=yesterday)
    await saved(county, "milestone", area=COUNTY, title="启动运行", due_on=TODAY)
    await saved(county, "milestone", area=COUNTY, title="动员部署", due_on=yesterday, done_on=yesterday)
    overdue = f'{{ milestones(where: {{done: false, until: "{yesterday}"}}) {{ edges {{ node {{ title }} }} }} }}'
    found = await asked(county, overdue)
    assert [edge["node"]["title"] for edge in found["milestones"]["edges"]] == ["制定本地实施方案"]
    assert await refused(county, "milestone", id=late, done_on=TODAY + timedelta(days=1)) == [
        ("doneOn", "IN_THE_FUTURE")
    ]
    await saved(county, "milestone", id=late, done_on=TODAY)
    assert (await asked(county, overdue))["milestones"]["edges"] == []


async def test_the_catalogue_of_the_nearest_area_holds_and_the_former_version_on_its_days(county: County) -> None:
    province, first, second = "37", date(2021, 1, 1), date(2022, 1, 1)
    old = await saved(county, "catalogue", area=province, title="清单", version="一", from_on=first)
    new = await saved(county, "catalogue", area=province, title="清单", version="二", from_on=second)
    own = await saved(county, "catalogue", area=COUNTY, title="本县清单", version="一", from_on=second)
    context = county.by(PUBLIC)
    assert await catalogue.in_force(context, VILLAGE, date(2020, 12, 31)) == []
    assert await catalogue.in_force(context, VILLAGE, date(2021, 12, 31)) == [old]
    assert await catalogue.in_force(context, VILLAGE, second) == [own]
    assert await catalogue.in_force(context, OTHER_COUNTY, second) == [new]
    with pytest.raises(Conflict) as refusal:
        await saved(county, "catalogue", area=province, title="清单", version="三", from_on=second)
    assert refusal.value.code == "SAME_DAY"
    query = f'{{ cataloguesInForce(area: "{TOWN}") {{ catalogue {{ title version services {{ totalCount }} }} }} }}'
    assert (await asked(county, query))["cataloguesInForce"] == [
        {"catalogue": {"title": "本县清单", "version": "一", "services": {"totalCount": 0}}}
    ]
    with pytest.raises(InvalidInput):
        await catalogue.in_force(context, "999999")

"""Training: figures that are sums of records, and plans whose reached number is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from learning_stage import Learning, learning
from small_county import COUNTY, OTHER_COUNTY, TOWN

from resolvers import records
from resolvers.errors import Conflict, InvalidInput
from resolvers.training import talent_progress

TOTALS = (
    "query($area: String!, $from: Date, $until: Date, $by: TrainingBy!) {"
    " trainingTotals(area: $area, from: $from, until: $until, by: $by) { courses classes cost funding sessions"
    " onlineSessions offlineSessions hours persons personTimes onlinePersonTimes offlinePersonTimes personHours"
    " completed shares { code label persons personTimes enrolments { totalCount } }"
    " courseList { totalCount } sessionList { totalCount } enrolmentList { totalCount } } }"
)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Learning]:
    async with learning(database_url) as made:
        yield made


async def course(stage: Learning, **more: Any) -> int:
    values = {"area": COUNTY, "title": "示例班", "mode": "BLENDED", "from_on": date(2026, 5, 1)}
    return await stage.save("course", **(values | more))


async def enrolled(stage: Learning, course_id: int, **more: Any) -> int:
    values = {"course": course_id, "enrolled_on": date(2026, 5, 2), "trainee_kind": "SOCIAL_WORKER", "mode": "OFFLINE"}
    return await stage.save("enrolment", **(values | more))


async def totals(stage: Learning, **more: Any) -> Any:
    given = {"area": COUNTY, "by": "TRAINEE_KIND"} | more
    return (await stage.ask(TOTALS, **given))["trainingTotals"]


async def test_the_published_figures_of_a_region_are_sums_of_its_records(stage: Learning) -> None:
    """1.5 million yuan, 20 classes, online 10 and offline 20 sessions; 6,500 person-times online, 760 offline."""
    id = await course(stage, classes=20, cost=None)
    for mode, sessions, times in (("ONLINE", 10, 6_500), ("OFFLINE", 20, 760)):
        await stage.save("course_session", course=id, held_on=date(2026, 6, 1), mode=mode, sessions=sessions)
        await enrolled(stage, id, mode=mode, persons=700, person_times=times)
    money = Decimal("1500000")
    await stage.save("training_funding", area=COUNTY, course=id, amount=money, given_on=date(2026, 3, 1))
    found = await totals(stage)
    assert (found["classes"], found["funding"]) == (20, "1500000.00")
    assert (found["sessions"], found["onlineSessions"], found["offlineSessions"]) == (30, 10, 20)
    assert (found["onlinePersonTimes"], found["offlinePersonTimes"]) == (6_500, 760)
    assert (found["personTimes"], found["persons"]) == (7_260, 1_400)


async def test_every_share_drills_down_to_its_enrolments(stage: Learning) -> None:
    first, second = await course(stage), await course(stage, title="另一班")
    await enrolled(stage, first, persons=30, hours=Decimal("1.5"), completed=True)
    await enrolled(stage, first, persons=5, mode="ONLINE", trainee_kind="BUREAU_HEAD", person_times=15)
    await enrolled(stage, second, persons=10)
    found = await totals(stage)
    assert (found["personHours"], found["completed"]) == ("45.0000", 30)
    assert [(one["code"], one["label"], one["persons"], one["enrolments"]) for one in found["shares"]] == [
        ("SOCIAL_WORKER", "社会工作者", 40, {"totalCount": 2}),
        ("BUREAU_HEAD", "民政局分管负责同志", 5, {"totalCount": 1}),
    ]
    for by, times in (("MODE", [40, 15]), ("COURSE", [45, 10])):
        split = (await totals(stage, by=by))["shares"]
        assert [one["personTimes"] for one in split] == times
        assert sum(one["enrolments"]["totalCount"] for one in split) == 3


async def test_a_period_and_an_area_hold_what_lies_in_them(stage: Learning) -> None:
    id = await course(stage, from_on=date(2026, 4, 30), until_on=date(2026, 6, 30))
    await enrolled(stage, id, enrolled_on=date(2026, 5, 1))
    gone = await enrolled(stage, id, enrolled_on=date(2026, 5, 31), persons=9)
    await enrolled(stage, id, enrolled_on=date(2026, 6, 1), persons=100)
    may = {"from": "2026-05-01", "until": "2026-05-31"}
    found = await totals(stage, **may)
    assert (found["courses"], found["persons"], found["enrolmentList"]) == (0, 10, {"totalCount": 2})
    await records.withdraw(stage.context, "enrolment", gone, reason="重复登记")
    assert (await totals(stage, **may))["persons"] == 1
    assert (await totals(stage, area=TOWN))["persons"] == 0
    assert (await totals(stage, area=OTHER_COUNTY))["enrolmentList"] == {"totalCount": 0}


async def test_person_times_are_those_of_persons_and_a_name_is_one_person_once(stage: Learning) -> None:
    id = await course(stage)
    await enrolled(stage, id, persons=7)
    assert (await stage.county.one("SELECT person_times FROM enrolment"))[0] == 7
    await enrolled(stage, id, worker=stage.worker)
    before = await stage.counts()

    async def faults(**more: Any) -> list[tuple[str, str]]:
        with pytest.raises(InvalidInput) as refused:
            await enrolled(stage, id, **more)
        return [(one.path[0], one.code) for one in refused.value.fields]

    assert await faults(persons=7, person_times=6) == [("personTimes", "FEWER_THAN_PERSONS")]
    assert await faults(worker=stage.worker, persons=2) == [("persons", "ONE_PERSON")]
    assert await faults(mode="BLENDED") == [("mode", "ONE_MODE")]
    assert await faults(enrolled_on=date(2026, 11, 23)) == [("enrolledOn", "IN_THE_FUTURE")]
    with pytest.raises(Conflict) as twice:
        await enrolled(stage, id, worker=stage.worker)
    assert twice.value.code == "ALREADY_ENROLLED"
    assert await stage.counts() == before


async def test_a_session_and_its_enrolments_fit_the_course(stage: Learning) -> None:
    online, other = await course(stage, mode="ONLINE"), await course(stage, title="另一班")
    session = await stage.save("course_session", course=other, held_on=date(2026, 5, 1), mode="ONLINE")
    before = await stage.counts()
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"course_id": online, "mode": "OFFLINE"}, ("mode", "MODE_DIFFERS")),
        ({"course_id": online, "mode": "ONLINE", "session": session}, ("sessionId", "OTHER_COURSE")),
        ({"course_id": other, "mode": "OFFLINE", "session": session}, ("mode", "MODE_DIFFERS")),
    ]
    for given, fault in cases:
        with pytest.raises(InvalidInput) as refused:
            await enrolled(stage, **given)
        assert [(one.path[0], one.code) for one in refused.value.fields] == [fault]
    assert await stage.counts() == before


async def test_what_a_talent_plan_reached_is_counted_by_the_end_of_each_year(stage: Learning) -> None:
    plan = await stage.save("talent_plan", area=COUNTY, name="持证计划", measure="CERTIFICATES")
    for year, number in ((2025, 1), (2026, 12)):
        await stage.save("talent_target", plan=plan, year=year, number=number)
    holds = {"kind": "FULL_TIME", "from_on": date(2026, 3, 1), "grade": "ASSISTANT_SOCIAL_WORKER"}
    await stage.save("post", station=stage.station, worker=stage.worker, **holds)
    await stage.save("post", station=stage.other, worker=stage.worker, **(holds | {"kind": "PART_TIME"}))
    await stage.save("post", station=stage.other, persons=5, **holds)
    await stage.save("post", station=stage.other, persons=50, kind="ASSISTANT", from_on=date(2026, 3, 1))
    found = await talent_progress(stage.context, COUNTY)
    assert [(one.year, one.target, one.reached, one.missing) for one in found] == [(2025, 1, 0, 1), (2026, 12, 6, 6)]
    assert found[1].counted_on == date(2026, 11, 22)


async def test_a_plan_by_trainees_counts_who_completed_a_course_once(stage: Learning) -> None:
    plan = await stage.save(
        "talent_plan", area=COUNTY, name="轮训计划", measure="ENROLMENTS", trainee_kind="SOCIAL_WORKER"
    )
    await stage.save("talent_target", plan=plan, year=2026, number=40)
    for title in ("甲班", "乙班"):
        id = await course(stage, title=title)
        await enrolled(stage, id, worker=stage.worker, completed=True)
        await enrolled(stage, id, persons=20, completed=title == "甲班")
        await enrolled(stage, id, persons=3, completed=True, trainee_kind="BUREAU_HEAD")
    said = await stage.ask(
        f'{{ talentProgress(area: "{COUNTY}", year: 2026) {{ number reached missing plan {{ name }} }} }}'
    )
    assert said["talentProgress"] == [{"number": 40, "reached": 21, "missing": 19, "plan": {"name": "轮训计划"}}]


async def test_a_plan_is_of_what_it_measures(stage: Learning) -> None:
    for given in (
        {"measure": "CERTIFICATES", "trainee_kind": "SOCIAL_WORKER"},
        {"measure": "ENROLMENTS", "grade": "ASSISTANT_SOCIAL_WORKER"},
    ):
        with pytest.raises(InvalidInput) as refused:
            await stage.save("talent_plan", area=COUNTY, name="计划", **given)
        assert [one.code for one in refused.value.fields] == ["NOT_FOR_MEASURE"]
    assert await stage.county.rows("SELECT 1 FROM talent_plan") == []

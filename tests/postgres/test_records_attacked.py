"""Records against who means ill, and against two at once: nothing is taken over, nothing hangs, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from case_stage import Stage, gid, staged
from small_county import FAR_VILLAGE, NOON, OTHER_COUNTY, OTHER_TOWN, VILLAGE

from db.viewer import LOCAL, Viewer
from schema.execution.executor import Executor

ANSWER = "{ __typename ... on Problem { code en: message(lang: EN) } }"
WITHDRAW = f'mutation($id: ID!) {{ act: recordWithdraw(id: $id, reason: "错") {ANSWER} }}'
RESTORE = f"mutation($id: ID!) {{ act: recordRestore(id: $id) {ANSWER} }}"
HISTORY = "query($id: ID!) { recordHistory(id: $id) { act at changes { field before after } } }"


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as one:
        yield one


async def state(stage: Stage, *names: str) -> list[Any]:
    found: list[Any] = []
    for name in (*names, "event", "record_version"):
        found += await stage.county.rows(f"SELECT to_jsonb(t) FROM {name} t ORDER BY id")  # noqa: S608
    return found


async def withdraw(stage: Stage, id: str, viewer: Viewer = LOCAL) -> Any:
    return (await stage.ask(WITHDRAW, viewer, id=id))["act"]


async def restore(stage: Stage, id: str, viewer: Viewer = LOCAL) -> Any:
    return (await stage.ask(RESTORE, viewer, id=id))["act"]


async def project(stage: Stage, **given: Any) -> str:
    return await stage.save("Project", **{"area": VILLAGE, "name": "社工站项目", **given})


async def test_nobody_takes_a_public_record_out_of_another_county(stage: Stage) -> None:
    mine = await stage.save("Milestone", area=VILLAGE, title="启用", dueOn="2026-12-01")
    other = await stage.county.coordinator(OTHER_COUNTY, 7)
    before = await state(stage, "milestone")
    for given in ({"area": OTHER_COUNTY}, {"area": OTHER_TOWN, "title": "抢来的"}):
        said = await stage.act("milestoneSave", {"id": mine, **given}, viewer=other)
        assert said["__typename"] == "NotAllowed", said
    assert await state(stage, "milestone") == before


async def test_nobody_takes_over_what_stands_under_another_countys_record(stage: Stage) -> None:
    theirs = await stage.save("Programme", area=OTHER_COUNTY, name="外县项目", domain="CHILD_PROTECTION")
    mine = await stage.save("Programme", area=VILLAGE, name="本县项目", domain="CHILD_PROTECTION")
    group = await stage.save("ProgrammeGroup", programmeId=mine, name="老人", persons=132)
    other = await stage.county.coordinator(OTHER_COUNTY, 7)
    before = await state(stage, "programme_group")
    said = await stage.act("programmeGroupSave", {"id": group, "programmeId": theirs}, viewer=other)
    assert said["__typename"] == "NotAllowed", said
    assert await state(stage, "programme_group") == before


async def test_what_stands_under_a_record_goes_where_it_goes(stage: Stage) -> None:
    """Else it would be counted, and seen, where its record is not."""
    near, far = await stage.county.coordinator(VILLAGE), await stage.county.coordinator(FAR_VILLAGE, 4)
    station = await stage.save("Station", area=VILLAGE, name="甲村社会工作室", tier="ROOM")
    given = {"stationId": station, "kind": "FULL_TIME", "fromOn": "2026-11-01"}
    said = await stage.act("postSave", given, "... on PostSaved { post { id } }")
    post = said["post"]["id"]
    read = "query($id: ID!) { node(id: $id) { ... on Post { area { code } station { area { code } } } } }"
    assert (await stage.ask(read, near, id=post))["node"]
    await stage.save("Station", id=station, area=FAR_VILLAGE)
    there = {"code": FAR_VILLAGE}
    assert (await stage.ask(read, far, id=post))["node"] == {"area": there, "station": {"area": there}}
    assert (await stage.ask(read, near, id=post))["node"] is None
    moved = (await stage.ask(HISTORY, id=post))["recordHistory"]
    assert [one["act"] for one in moved] == ["move"]
    assert [(one["field"], one["before"][-2:], one["after"][-2:]) for one in moved[0]["changes"]] == [
        ("area", "甲村", "丙村")
    ]


async def test_a_withdrawn_record_is_not_even_there_for_who_could_not_see_it(stage: Stage) -> None:
    id = await stage.save("Household", area=VILLAGE, code="户-1")
    await withdraw(stage, id)
    other = await stage.county.coordinator(OTHER_COUNTY, 7)
    before = await state(stage, "household")
    said = await restore(stage, id, other)
    assert said == await restore(stage, gid("Household", 999), other)
    assert said["__typename"] == "NotFound"
    for number in (2**62, 2**63 - 1):
        assert (await restore(stage, gid("Household", number)))["__typename"] == "NotFound"
        assert (await stage.ask(HISTORY, id=gid("Household", number)))["recordHistory"] == []
    assert await state(stage, "household") == before
    assert (await stage.ask(HISTORY, other, id=id))["recordHistory"] == []


async def waiting(stage: Stage) -> int:
    """How many statements wait for a lock."""
    found = await stage.county.one(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(found[0])


async def until(stage: Stage, count: int, done: asyncio.Task[Any] | None = None) -> None:
    async with asyncio.timeout(20):
        while await waiting(stage) < count and not (done is not None and done.done()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("again", [False, True])
async def test_nothing_is_left_pointing_at_a_record_that_is_withdrawn_meanwhile(stage: Stage, again: bool) -> None:
    """A new row, or one that is restored: either it comes too late, or the withdrawal does."""
    parent = await project(stage)
    station = {"area": VILLAGE, "name": "甲村社会工作室", "tier": "ROOM", "projectId": parent}
    old = await stage.save("Station", **station) if again else ""
    if again:
        await withdraw(stage, old)
    async with stage.county.engine.begin() as conn:
        # The withdrawal gets as far as writing what the row was.
        await conn.exec_driver_sql("LOCK TABLE record_version IN SHARE MODE")
        withdrawing = asyncio.create_task(withdraw(stage, parent))
        await until(stage, 1)
        if again:
            saving = asyncio.create_task(restore(stage, old))
        else:
            saving = asyncio.create_task(stage.act("stationSave", station))
        await until(stage, 2, saving)
    first, second = await withdrawing, await saving
    assert first["__typename"] == "RecordWithdrawn"
    assert second["__typename"] in ("NotFound", "Conflict"), second
    (dangling,) = await stage.county.one(
        "SELECT count(*) FROM station s JOIN project p ON p.id = s.project_id"
        " WHERE s.withdrawn_at IS NULL AND p.withdrawn_at IS NOT NULL"
    )
    assert dangling == 0


async def test_two_who_save_the_same_at_once_make_one(stage: Stage) -> None:
    given = {"area": VILLAGE, "code": "户-9"}
    said = await asyncio.gather(*(stage.act("householdSave", given) for _ in range(6)))
    assert sorted(one["__typename"] for one in said) == ["Conflict"] * 5 + ["HouseholdSaved"]
    assert {one["code"] for one in said if "code" in one} == {"ALREADY_THERE"}


async def test_a_day_of_changes_at_one_moment_is_asked_for_as_it_ended(stage: Stage) -> None:
    """Saved, changed, withdrawn and restored while the clock stands still, then set back: no row twice, none lost."""
    from sqlalchemy import literal, select

    from db.cases import HouseholdRow
    from db.records import as_of

    async def standing(minutes: int) -> list[Any]:
        there = as_of(HouseholdRow, literal(NOON + timedelta(minutes=minutes)))
        async with stage.county.engine.connect() as conn:
            return list((await conn.execute(select(there.c.code, there.c.persons))).all())

    def at(minutes: int) -> Stage:
        moment = NOON + timedelta(minutes=minutes)
        return Stage(stage.county, Executor(stage.executor.database, clock=lambda: moment))

    id = await stage.save("Household", area=VILLAGE, code="户-1", persons=1)
    await stage.save("Household", id=id, persons=2)
    await stage.save("Household", id=id, persons=3)
    assert await standing(-1) == []
    assert await standing(0) == [("户-1", 3)]
    await withdraw(at(10), id)
    await restore(at(10), id)
    assert await standing(9) == await standing(10) == [("户-1", 3)]
    await withdraw(at(20), id)
    assert await standing(20) == []
    assert await standing(19) == [("户-1", 3)]
    # The clock was set back.
    await restore(at(15), id)
    await at(15).save("Household", id=id, persons=5)
    assert await standing(19) == [("户-1", 3)]
    assert await standing(20) == [("户-1", 5)]


NONSENSE = ("\u0000", "a\u202eb", "字" * 30_000, "\ufdd0", "👩‍👩‍👧", "", " ")


async def test_nonsense_is_told_field_by_field_and_never_a_fault(stage: Stage) -> None:
    before = await state(stage, "household", "training_funding")
    for one in NONSENSE:
        given = {"area": one, "code": one, "situation": one, "groups": [one] * 3, "idempotencyKey": one, "source": one}
        said = await stage.act("householdSave", given)
        assert said["__typename"] == "InvalidInput", (one[:5], said)
        said = await stage.answer(
            "query($s: String) { households(where: {search: $s, area: $s}) { totalCount } }", s=one
        )
        assert {each["extensions"]["code"] for each in said.get("errors", [])} <= {"UNKNOWN_AREA", "BAD_TEXT"}, said
    for groups in ([], ["CHILD"] * 10_000, [f"X{n}" for n in range(900)]):
        said = await stage.act("householdSave", {"area": "?", "code": "户-1", "groups": groups})
        assert said["__typename"] == "InvalidInput", said
    assert await state(stage, "household", "training_funding") == before


async def test_who_was_supervised_does_not_take_the_record_away(stage: Stage) -> None:
    worker, own = await stage.worker()
    station = await stage.save("Station", area=VILLAGE, name="甲村社会工作室", tier="ROOM")
    given = {"stationId": station, "kind": "ADMINISTRATIVE", "level": "COUNTY", "supervisorName": "民政局"}
    given |= {"workerId": gid("SocialWorker", worker), "supervisedOn": "2026-11-20", "findings": "未按期走访"}
    said = await stage.act("supervisionSave", given, "... on SupervisionSaved { supervision { id } }")
    before = await state(stage, "supervision")
    assert (await withdraw(stage, said["supervision"]["id"], own))["__typename"] == "NotAllowed"
    assert await state(stage, "supervision") == before


async def test_what_is_restored_is_marked_by_what_holds_now(stage: Stage) -> None:
    station = await stage.save("Station", area=VILLAGE, name="甲村社会工作室", tier="ROOM")
    given = {"stationId": station, "kind": "ADMINISTRATIVE", "level": "COUNTY", "supervisorName": "民政局"}
    given |= {"supervisedOn": "2026-11-20", "findings": "尚未挂牌"}
    marked = "supervision { id marks { code } }"
    said = await stage.act("supervisionSave", given, f"... on SupervisionSaved {{ {marked} }}")
    assert said["supervision"]["marks"] == [{"code": "STATION_NOT_OPEN"}]
    id = said["supervision"]["id"]
    await withdraw(stage, id)
    await stage.save("Station", id=station, openedOn="2026-01-01")
    assert (await restore(stage, id))["__typename"] == "RecordRestored"
    read = "query($id: ID!) { node(id: $id) { ... on Supervision { marks { code } } } }"
    assert (await stage.ask(read, id=id))["node"]["marks"] == []

"""Rules of client files: steps in order, one case to a need, the grade of the latest assessment."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, case_questions, records
from db.cases import ClientRow
from db.procedures import procedures
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict, NotAllowed
from resolvers.records import Check, check, withdrawal

#: Methods whose cases follow the procedure of the same code; community work has none that all stations share.
WITH_STEPS = ("CASEWORK", "GROUP_WORK")


def not_future(problems: Problems, path: str, value: Any, context: Context) -> None:
    if value is not None and value > context.today:
        problems.add(
            path,
            "IN_THE_FUTURE",
            f"不能晚于今天({context.today.isoformat()})",
            f"must not lie after today ({context.today.isoformat()})",
        )


@check("client", "case_file")
async def _stays_where_it_is(given: Check) -> None:
    """What stands below a file has its area: moving the file would hide the rest from who reads it."""
    if given.old is not None and given.old.area_id != given.row["area_id"]:
        raise Conflict(
            "AREA_FIXED",
            "档案的所属地区不能更改;如已迁居,请在新地区另建档案",
            "a file stays in its area; open another where the client lives now",
        )


@check("household", "client", "case_file")
async def _opened(given: Check) -> None:
    not_future(given.problems, "openedOn", given.row["opened_on"], given.context)


@check("group_ledger")
async def _counted(given: Check) -> None:
    not_future(given.problems, "countedOn", given.row["counted_on"], given.context)


# ------------------------------------------------------------------------------------------------ consents


@check("consent")
async def _consent(given: Check) -> None:
    row, problems = given.row, given.problems
    not_future(problems, "givenOn", row["given_on"], given.context)
    if row["purpose"] == "STORE" and row["party_id"] is not None:
        problems.add(
            "partyId",
            "NOT_FOR_STORE",
            "登记保存的同意不针对某个提供方",
            "a consent to store is not for one party",
        )
    client = await acting.seen(given.conn, given.context.viewer, "client", row["client_id"])
    if client is not None and client.is_minor and row["given_by"] != "GUARDIAN" and given.old is None:
        problems.add(
            "givenBy",
            "GUARDIAN_REQUIRED",
            "未满十四周岁的,须由监护人同意",
            "for a child under 14 a guardian consents",
        )


@withdrawal("consent")
async def _still_needed(context: Context, conn: AsyncConnection, row: Any) -> None:
    client = await acting.seen(conn, context.viewer, "client", row.client_id, lock=True)
    if client is None or row.purpose != "STORE" or row.revoked_on is not None or not client.is_minor:
        return
    if not await case_questions.stores(conn, row.client_id, context.today, by_guardian=True, but=row.id):
        raise Conflict(
            "CONSENT_REQUIRED",
            "未满十四周岁的服务对象的身份信息以这份同意为依据;如监护人撤回同意,请办理“撤回同意”",
            "the identity of a child under 14 rests on this consent; if the guardian takes it back, revoke it",
        )


# ------------------------------------------------------------------------------------------------ assessments


@check("assessment")
async def _assessed(given: Check) -> None:
    row = given.row
    not_future(given.problems, "assessedOn", row["assessed_on"], given.context)
    if given.problems.fields:
        return
    id = None if given.old is None else int(given.old.id)
    last = await case_questions.latest_assessment(given.conn, row["client_id"], id)
    # Who is written or restored last goes before others of the same day.
    newer = last is None or row["assessed_on"] >= last.assessed_on
    await _grade(given.context, given.conn, row["client_id"], row["grade"] if newer else last.grade)


@withdrawal("assessment")
async def _no_longer_assessed(context: Context, conn: AsyncConnection, row: Any) -> None:
    last = await case_questions.latest_assessment(conn, row.client_id, row.id)
    await _grade(context, conn, row.client_id, None if last is None else last.grade)


async def _grade(context: Context, conn: AsyncConnection, client_id: int, grade: str | None) -> None:
    client = await acting.seen(conn, context.viewer, "client", client_id, lock=True)
    if client is not None and client.grade != grade:
        await records.update(
            conn,
            ClientRow,
            client_id,
            {"grade": grade, "actor_id": context.viewer.key_id},
            at=context.clock(),
            actor_id=context.viewer.key_id,
        )


# ------------------------------------------------------------------------------------------------ cases


@check("case_file")
async def _case(given: Check) -> None:
    row, problems = given.row, given.problems
    partner = given.context.viewer.role == "PARTNER"
    if partner and given.old is not None and given.old.closed_on is not None and given.changed:
        # Who leads an open case reads who the client is: a worker does not give itself that back.
        raise NotAllowed(
            "个案已结案;更改或重新开案请由本区域的统筹员办理",
            "the case is closed; a coordinator of the area may change it or open it again",
        )
    if row["method"] == "CASEWORK" and row["client_id"] is None and row["household_id"] is None:
        problems.add(
            "clientId",
            "REQUIRED",
            "个案须指明服务对象或家庭",
            "a case of casework is of a client or a household",
        )
    if given.old is not None and "method" in given.changed and await case_questions.steps(given.conn, given.old.id):
        problems.add(
            "method",
            "STEPS_RECORDED",
            "已登记步骤,不能更换工作方法",
            "its steps are recorded already, so the method stays",
        )
    if row["closed_on"] is None:
        row["close_reason"] = None
        if row["outcome_id"] is not None:
            problems.add("outcome", "NOT_CLOSED", "结案时才填写成效", "an outcome comes with the close")
        return
    not_future(problems, "closedOn", row["closed_on"], given.context)
    problems.required("outcome", row["outcome_id"])
    if problems.fields or row["close_reason"]:
        return
    done = {one.step for one in await case_questions.steps(given.conn, given.old.id)} if given.old else set()
    missing = [one for one in await _steps(given.conn, row["method"]) if one["code"] not in done]
    if missing:
        raise Conflict(
            "STEPS_MISSING",
            f"还有步骤没有完成:{'、'.join(one['title_zh'] for one in missing)};请先登记,或写明提前结案原因",
            f"steps are not done yet: {', '.join(one['title_en'] for one in missing)}; record them, or say in"
            " closeReason why it ends before",
        )


async def _steps(conn: AsyncConnection, method: str) -> list[Any]:
    """The steps of the procedure of a method, in order; none where it has none."""
    if method not in WITH_STEPS:
        return []
    return [step for one in await procedures(conn) if one.code == method for step in one.steps]


@check("case_step")
async def _step(given: Check) -> None:
    row, problems = given.row, given.problems
    case = await acting.seen(given.conn, given.context.viewer, "case_file", row["case_file_id"])
    assert case is not None
    _require_open(case)
    if given.old is not None and (given.changed & {"step", "case_file_id"}):
        problems.add("step", "FIXED", "步骤登记后不能换成另一步", "another step is another record")
        return
    ordered = await _steps(given.conn, case.method)
    codes = [one["code"] for one in ordered]
    if row["step"] not in codes:
        problems.add(
            "step",
            "UNKNOWN_STEP",
            f"应为 {'、'.join(codes)} 之一" if codes else "这种工作方法没有规定步骤",
            f"must be one of {', '.join(codes)}" if codes else "this method has no steps of its own",
        )
        return
    not_future(problems, "doneOn", row["done_on"], given.context)
    place = codes.index(row["step"])
    others = {one.step: one.done_on for one in await case_questions.steps(given.conn, case.id)}
    others.pop(row["step"], None)
    before = codes[place - 1] if place else None
    if before is not None and before not in others:
        raise Conflict(
            "STEP_TOO_EARLY",
            f"请先完成“{ordered[place - 1]['title_zh']}”",
            f'"{ordered[place - 1]["title_en"]}" comes first',
        )
    after = codes[place + 1] if place + 1 < len(codes) else None
    if row["done_on"] < case.opened_on:
        problems.add("doneOn", "BEFORE_OPENED", "早于立案日期", "lies before the case was opened")
    elif (before and row["done_on"] < others[before]) or (after in others and row["done_on"] > others[after]):
        problems.add(
            "doneOn", "OUT_OF_ORDER", "与前后步骤的日期顺序不符", "does not fit the days of the steps beside it"
        )


@withdrawal("case_step")
async def _last_step(context: Context, conn: AsyncConnection, row: Any) -> None:
    case = await acting.seen(conn, context.viewer, "case_file", row.case_file_id, lock=True)
    if case is None:
        return
    _require_open(case)
    codes = [one["code"] for one in await _steps(conn, case.method)]
    done = {one.step for one in await case_questions.steps(conn, case.id)}
    if row.step in codes and done & set(codes[codes.index(row.step) + 1 :]):
        raise Conflict(
            "STEP_FOLLOWED", "之后的步骤已完成;请先撤回之后的步骤", "later steps are done; withdraw those first"
        )


def _require_open(case: Any) -> None:
    if case.closed_on is not None:
        raise Conflict("CASE_CLOSED", "这个个案已经结案", "the case is closed")


@check("case_need")
async def _need(given: Check) -> None:
    row, conn, viewer = given.row, given.conn, given.context.viewer
    case = await acting.seen(conn, viewer, "case_file", row["case_file_id"])
    assert case is not None
    if case.closed_on is not None and given.changed:
        _require_open(case)
    # Locked: of two cases that claim a need at once the second hears of the first.
    need = await acting.seen(conn, viewer, "need", row["need_id"], lock=True)
    if need is None:
        return
    if await case_questions.case_of_need(conn, need.id, None if given.old is None else given.old.id) is not None:
        raise Conflict(
            "NEED_IN_A_CASE",
            "这项需求已属于一个个案;一项需求只属于一个个案",
            "this need belongs to a case already: a need belongs to one case",
        )
    place = (await given.words.areas_by_id(conn, [need.area_id]))[need.area_id]
    if given.area.id not in place.ancestor_ids:
        given.problems.add(
            "needId",
            "ELSEWHERE",
            f"这项需求在{place.full_name},不在个案所属的{given.area.full_name}",
            f"this need is of {place.full_name}, not of {given.area.full_name}, where the case is",
        )


# ------------------------------------------------------------------------------------------------ visits


@check("visit")
async def _visited(given: Check) -> None:
    not_future(given.problems, "visitedOn", given.row["visited_on"], given.context)
    if given.row["person_times"] < given.row["persons"]:
        given.problems.add(
            "personTimes", "FEWER_THAN_PERSONS", "人次不能少于人数", "must not be less than the number of persons"
        )


@check("visit_plan")
async def _follow_up(given: Check) -> None:
    if (given.row["client_id"] is None) == (given.row["grade"] is None):
        given.problems.add(
            "clientId",
            "CLIENT_OR_GRADE",
            "请填写服务对象或关注等级中的一项",
            "is for one client or for a grade: give one of the two",
        )

"""Client files at work: the first story of the source texts, end to end, and the rules a file keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from case_stage import CHILD, Stage, gid, staged
from small_county import COUNTY, FAR_VILLAGE, OTHER_COUNTY, TODAY, TOWN, VILLAGE

from db.cursors import parse_id
from db.viewer import PUBLIC, Viewer

STEPS = ("INTAKE", "ASSESS", "PLAN", "INTERVENE", "EVALUATE", "CLOSE")


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as one:
        yield one


def the_number(id: str) -> int:
    parsed = parse_id(id)
    assert parsed is not None
    return parsed[1]


# ------------------------------------------------------------------------------------------------ the story


async def test_a_girl_who_left_school_is_back_and_each_of_her_needs_was_met_by_another(stage: Stage) -> None:
    """小娜: mother ill, school left. Home visit, file, assessment, case, three needs, three helpers, outcomes."""
    county = stage.county
    township = await county.coordinator(TOWN)
    worker, worker_key = await stage.worker()
    community = await county.community()

    async def done(name: str, given: dict[str, Any], selection: str, viewer: Viewer = township) -> Any:
        typename = {"clientOpen": "ClientOpened", "needSubmit": "NeedSubmitted", "referralRequest": "ReferralRequested"}
        steps = {"Accept": "Accepted", "Start": "Started", "Complete": "Completed"}
        answers = typename.get(name) or f"Referral{steps[name.removeprefix('referral')]}"
        document = f"... on {answers} {{ {selection} }}"
        given_type = {"Accept", "Start", "Complete"} & {name.removeprefix("referral")}
        kind = "ReferralStepInput" if given_type else f"{name[0].upper()}{name[1:]}Input"
        said = await stage.ask(
            f"mutation($given: {kind}!) {{ act: {name}(input: $given) {{ __typename {document}"
            " ... on Problem { code en: message(lang: EN) } } }",
            viewer,
            given=given,
        )
        assert said["act"]["__typename"] == answers, said
        return said["act"]

    household = await stage.save(
        "Household", township, area=VILLAGE, code="户-17", persons=3, groups=["CHILD"],
        situation="母亲患病,女儿辍学在家",
    )  # fmt: skip
    identity = {
        "name": CHILD["name"],
        "identityNumber": CHILD["identity_number"],
        "guardianName": CHILD["guardian_name"],
        "guardianPhone": CHILD["guardian_phone"],
        "address": CHILD["address"],
    }
    consent = {"purpose": "STORE", "givenBy": "GUARDIAN", "givenOn": "2026-11-20", "evidence": "同意书第 7 号"}
    client = (
        await done(
            "clientOpen",
            {
                "area": VILLAGE, "code": "童-1", "householdId": household, "groups": ["CHILD"],
                "workerId": gid("SocialWorker", worker), "identity": identity, "consent": consent,
            },
            "client { id }",
        )
    )["client"]["id"]  # fmt: skip
    await stage.save(
        "Visit", worker_key, area=VILLAGE, clientId=client, visitedOn="2026-11-21",
        workerId=gid("SocialWorker", worker), persons=2, personTimes=2, findings="入户了解情况",
    )  # fmt: skip
    await stage.save(
        "Assessment", township, clientId=client, assessedOn="2026-11-21", material="SEVERE", mental="SOME",
        psychological="SEVERE", grade="RED",
    )  # fmt: skip
    case = await stage.save(
        "CaseFile", township, area=VILLAGE, code="个-7", title="复学与家庭支持", method="CASEWORK",
        clientId=client, householdId=household, workerId=gid("SocialWorker", worker), openedOn="2026-11-21",
    )  # fmt: skip
    await stage.save(
        "CarePlan", township, clientId=client, goals="本学期内复学", services="每周家访一次;联系学校;联系医院",
        targetGrade="GREEN", fromOn="2026-11-22",
    )  # fmt: skip
    for step in STEPS[:3]:
        await stage.save("CaseStep", township, caseFileId=case, step=step, doneOn="2026-11-22")

    helpers = {}
    for title, kind, quantity, helper in (
        ("住院费用补助", "FUNDS", 5_000, "县慈善公司"),
        ("轮椅一台", "WHEELCHAIR", 1, "辅具公司"),
        ("书包文具", "GOODS", 2, "爱心书店"),
    ):
        provider = await county.provider(name=helper)
        offer = await county.offer(provider, title=title, resource_type=kind, capacity=10_000)
        need = (
            await done(
                "needSubmit",
                {
                    "title": title, "communityId": gid("Community", community), "resourceType": kind,
                    "quantity": quantity, "channel": "HOTLINE",
                },
                "need { id matches { edges { node { offer { id } } } } }",
            )
        )["need"]  # fmt: skip
        # Matched: the offer stands among those proposed for it.
        assert gid("Offer", offer) in [one["node"]["offer"]["id"] for one in need["matches"]["edges"]]
        await stage.save("CaseNeed", township, caseFileId=case, needId=need["id"])
        order = {"needId": need["id"], "offerId": gid("Offer", offer), "quantity": quantity}
        referral = (await done("referralRequest", order, "referral { id }"))["referral"]["id"]
        helpers[title] = (referral, quantity, Viewer("PARTNER", 90 + provider, party_id=provider))
    for referral, quantity, provider_key in helpers.values():
        await done("referralAccept", {"id": referral}, "referral { id }", provider_key)
        await done("referralStart", {"id": referral}, "referral { id }", provider_key)
        finish = {"id": referral, "delivered": quantity, "outcome": "GOT_HELP"}
        await done("referralComplete", finish, "referral { id }", provider_key)

    for step in STEPS[3:]:
        await stage.save("CaseStep", township, caseFileId=case, step=step, doneOn="2026-11-22")
    await stage.save("CaseFile", township, id=case, closedOn="2026-11-22", outcome="GOT_HELP")
    await stage.save(
        "Assessment", township, clientId=client, assessedOn="2026-11-22", material="SOME", mental="NONE",
        psychological="SOME", grade="YELLOW",
    )  # fmt: skip

    told = await stage.ask(
        """query($id: ID!) { node(id: $id) { ... on CaseFile { closedOn outcome { code } worker { name }
            client { code grade isMinor identity { name } household { code } carePlans { totalCount } }
            steps(first: 10) { totalCount }
            needs(first: 10) { edges { node { need { title status
                referrals { edges { node { status provider { name } outcome { code } delivered } } } } } } } } } }""",
        township,
        id=case,
    )
    needs = told["node"].pop("needs")["edges"]
    assert told["node"] == {
        "closedOn": "2026-11-22",
        "outcome": {"code": "GOT_HELP"},
        "worker": {"name": "李社工"},
        "client": {
            "code": "童-1",
            "grade": "YELLOW",
            "isMinor": True,
            "identity": {"name": "陈**"},
            "household": {"code": "户-17"},
            "carePlans": {"totalCount": 1},
        },
        "steps": {"totalCount": 6},
    }
    met = {
        one["node"]["need"]["title"]: (
            one["node"]["need"]["status"],
            [order["node"] for order in one["node"]["need"]["referrals"]["edges"]],
        )
        for one in needs
    }
    got = {"status": "COMPLETED", "outcome": {"code": "GOT_HELP"}}
    assert met == {
        "住院费用补助": ("MET", [got | {"provider": {"name": "县慈善公司"}, "delivered": 5_000}]),
        "轮椅一台": ("MET", [got | {"provider": {"name": "辅具公司"}, "delivered": 1}]),
        "书包文具": ("MET", [got | {"provider": {"name": "爱心书店"}, "delivered": 2}]),
    }


# ------------------------------------------------------------------------------------------------ rules


async def refused(stage: Stage, kind: str, viewer: Viewer | None = None, **given: Any) -> Any:
    """What a save is refused with: a code, or codes by field. Nothing changed."""
    before, rows = await stage.county.counts(), await case_rows(stage)
    name = kind[0].lower() + kind[1:]
    said = await stage.act(f"{name}Save", given, viewer=viewer or await stage.county.coordinator())
    assert (await stage.county.counts(), await case_rows(stage)) == (before, rows)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said["zh"]), said
    return {".".join(one["path"]): one["code"] for one in said["fields"]} if "fields" in said else said["code"]


async def case_rows(stage: Stage) -> list[Any]:
    found: list[Any] = []
    for name in ("client", "assessment", "case_file", "case_step", "case_need", "visit", "visit_plan"):
        found += await stage.county.rows(f"SELECT to_jsonb(t) FROM {name} t ORDER BY id")  # noqa: S608
    return found


async def test_steps_come_in_their_order_and_none_is_skipped_at_the_close(stage: Stage) -> None:
    case = await stage.case(await stage.client())
    assert await refused(stage, "CaseStep", caseFileId=case, step="PLAN", doneOn="2026-11-20") == "STEP_TOO_EARLY"
    assert await refused(stage, "CaseStep", caseFileId=case, step="TREAT", doneOn="2026-11-20") == {
        "step": "UNKNOWN_STEP"
    }
    first = await stage.save("CaseStep", caseFileId=case, step="INTAKE", doneOn="2026-11-10")
    for wrong, code in (
        ("2026-11-09", "OUT_OF_ORDER"),
        ("2026-11-23", "IN_THE_FUTURE"),
        ("2026-10-31", "BEFORE_OPENED"),
    ):
        told = await refused(stage, "CaseStep", caseFileId=case, step="ASSESS", doneOn=wrong)
        assert told["doneOn"] == code
    await stage.save("CaseStep", caseFileId=case, step="ASSESS", doneOn="2026-11-12")
    assert await refused(stage, "CaseStep", id=first, doneOn="2026-11-13") == {"doneOn": "OUT_OF_ORDER"}
    withdraw = 'mutation($id: ID!) { recordWithdraw(id: $id, reason: "错") { __typename ... on Problem { code } } }'
    assert (await stage.ask(withdraw, id=first))["recordWithdraw"]["code"] == "STEP_FOLLOWED"
    close = {"id": case, "closedOn": "2026-11-22"}
    assert await refused(stage, "CaseFile", **close) == {"outcome": "REQUIRED"}
    assert await refused(stage, "CaseFile", **close, outcome="GOT_HELP") == "STEPS_MISSING"
    await stage.save("CaseFile", **close, outcome="GOT_HELP", closeReason="全家迁往外省")
    assert await refused(stage, "CaseStep", caseFileId=case, step="PLAN", doneOn="2026-11-22") == "CASE_CLOSED"
    # Opened again, it is not closed for a reason any more.
    await stage.save("CaseFile", id=case, closedOn=None, outcome=None)
    await stage.save("CaseStep", caseFileId=case, step="PLAN", doneOn="2026-11-22")
    assert await refused(stage, "CaseFile", **close, outcome="GOT_HELP") == "STEPS_MISSING"


async def test_group_work_has_steps_of_its_own_and_community_work_none(stage: Stage) -> None:
    group = await stage.save(
        "CaseFile", area=TOWN, code="组-1", title="亲子小组", method="GROUP_WORK", openedOn="2026-11-01"
    )
    for step in ("PREPARE", "FORM", "TURN", "MATURE", "END"):
        await stage.save("CaseStep", caseFileId=group, step=step, doneOn="2026-11-22")
    await stage.save("CaseFile", id=group, closedOn="2026-11-22", outcome="GOT_HELP")
    whole = {"area": TOWN, "code": "社-1", "title": "邻里节", "method": "COMMUNITY_WORK", "openedOn": "2026-11-01"}
    await stage.save("CaseFile", **whole, closedOn="2026-11-22", outcome="GOT_HELP")
    assert await refused(stage, "CaseFile", **whole | {"code": "个-9", "method": "CASEWORK"}) == {
        "clientId": "REQUIRED"
    }


async def test_a_need_belongs_to_one_case_of_its_place(stage: Stage) -> None:
    county = stage.county
    client = await stage.client()
    case = await stage.case(client)
    need = await county.need(await county.community())
    far = await county.need(await county.community(FAR_VILLAGE, "丙村社区"))
    assert await refused(stage, "CaseNeed", caseFileId=case, needId=gid("Need", far)) == {"needId": "ELSEWHERE"}
    await stage.save("CaseNeed", caseFileId=case, needId=gid("Need", need))
    other = await stage.case(client, code="个-2")
    assert await refused(stage, "CaseNeed", caseFileId=other, needId=gid("Need", need)) == "NEED_IN_A_CASE"


async def test_the_file_shows_the_grade_of_the_latest_assessment_whatever_happens_to_others(stage: Stage) -> None:
    client = gid("Client", await stage.client())
    levels = {"material": "SOME", "mental": "SOME", "psychological": "NONE"}

    async def grade() -> Any:
        said = await stage.ask("query($id: ID!) { node(id: $id) { ... on Client { grade } } }", id=client)
        return said["node"]["grade"]

    assert await grade() is None
    await stage.save("Assessment", clientId=client, assessedOn="2026-10-01", grade="YELLOW", **levels)
    late = await stage.save("Assessment", clientId=client, assessedOn="2026-11-01", grade="RED", **levels)
    await stage.save("Assessment", clientId=client, assessedOn="2026-09-01", grade="GREEN", **levels)
    assert await grade() == "RED"
    act = "{ __typename ... on Problem { code } }"
    withdraw = f'mutation($id: ID!) {{ recordWithdraw(id: $id, reason: "错") {act} }}'
    assert (await stage.ask(withdraw, id=late))["recordWithdraw"]["__typename"] == "RecordWithdrawn"
    assert await grade() == "YELLOW"
    assert (await stage.ask(f"mutation($id: ID!) {{ recordRestore(id: $id) {act} }}", id=late))["recordRestore"]
    assert await grade() == "RED"
    await stage.save("Assessment", id=late, assessedOn="2026-08-01")
    assert await grade() == "YELLOW"
    assert await refused(stage, "Assessment", clientId=client, assessedOn="2026-11-23", grade="RED", **levels) == {
        "assessedOn": "IN_THE_FUTURE"
    }


async def test_a_worker_records_its_own_visits_and_sees_its_own_clients(stage: Stage) -> None:
    worker, own = await stage.worker()
    client = await stage.client(worker=worker)
    visit = {"area": VILLAGE, "visitedOn": "2026-11-22", "clientId": gid("Client", client)}
    by_worker = {"workerId": gid("SocialWorker", worker)}
    await stage.save("Visit", own, **visit, **by_worker)
    _, other = await stage.worker("王社工")
    assert await refused(stage, "Visit", other, **visit) == "NOT_FOUND"
    assert await refused(stage, "Visit", own, area=VILLAGE, visitedOn="2026-11-22") == "NOT_ALLOWED"
    assert await refused(stage, "Visit", **visit, persons=3, personTimes=2) == {"personTimes": "FEWER_THAN_PERSONS"}
    clients = "{ clients { edges { node { code } } } }"
    assert (await stage.ask(clients, own))["clients"]["edges"] == [{"node": {"code": "甲-1"}}]
    for viewer in (other, PUBLIC):
        assert (await stage.ask(clients, viewer))["clients"]["edges"] == []


async def test_a_file_stays_in_its_area(stage: Stage) -> None:
    client = gid("Client", await stage.client())
    said = await stage.act("clientChange", {"id": client, "code": "甲-9"}, "... on ClientChanged { client { code } }")
    assert said["client"] == {"code": "甲-9"}
    case = await stage.case(the_number(client))
    assert await refused(stage, "CaseFile", id=case, area=FAR_VILLAGE) == "AREA_FIXED"


# ------------------------------------------------------------------------------------------------ who is due

OVERDUE = """query($area: String!) { followUpsOverdue(area: $area) { total clients {
    client { code } visitPlan { everyDays } everyDays lastVisitedOn dueOn lateDays } } }"""


async def overdue(stage: Stage, area: str = COUNTY, viewer: Viewer | None = None) -> Any:
    said = await stage.ask(OVERDUE, viewer or await stage.county.coordinator(), area=area)
    found = said["followUpsOverdue"]
    assert found["total"] == len(found["clients"])
    return {one["client"]["code"]: (one["dueOn"], one["lateDays"], one["lastVisitedOn"]) for one in found["clients"]}


async def test_who_was_not_visited_in_time_is_listed_and_a_visit_takes_them_off(stage: Stage) -> None:
    adult = {"identity": None, "consent": None, "opened_on": date(2026, 10, 1)}
    clients = {code: await stage.client(code=code, **adult) for code in ("红", "黄", "无")}
    levels = {"material": "SOME", "mental": "SOME", "psychological": "NONE", "assessedOn": "2026-10-01"}
    for code, grade in (("红", "RED"), ("黄", "YELLOW")):
        await stage.save("Assessment", clientId=gid("Client", clients[code]), grade=grade, **levels)
    assert await overdue(stage) == {}
    for grade, days in (("RED", 7), ("YELLOW", 30)):
        await stage.save("VisitPlan", area=COUNTY, grade=grade, everyDays=days, fromOn="2026-09-01")
    due = {"红": ("2026-10-08", 45, None), "黄": ("2026-10-31", 22, None)}
    assert await overdue(stage) == due
    assert await overdue(stage, VILLAGE) == due
    assert await overdue(stage, FAR_VILLAGE) == {}
    # Nearer comes first, and the client's own before all.
    await stage.save("VisitPlan", area=TOWN, grade="YELLOW", everyDays=60, fromOn="2026-09-01")
    assert await overdue(stage) == {"红": due["红"]}
    own = {"area": VILLAGE, "clientId": gid("Client", clients["无"]), "everyDays": 10, "fromOn": "2026-11-01"}
    await stage.save("VisitPlan", **own)
    assert await overdue(stage) == {"红": due["红"], "无": ("2026-11-11", 11, None)}
    visit = {"area": VILLAGE, "clientId": gid("Client", clients["红"])}
    await stage.save("Visit", **visit, visitedOn="2026-11-14")
    assert (await overdue(stage))["红"] == ("2026-11-21", 1, "2026-11-14")
    await stage.save("Visit", **visit, visitedOn="2026-11-15")
    assert set(await overdue(stage)) == {"无"}
    # On the due day itself nobody is late; the next morning everybody hears of it.
    assert set(await overdue(stage.on(TODAY + timedelta(1)))) == {"红", "无"}
    assert await overdue(stage, viewer=await stage.county.coordinator(OTHER_COUNTY)) == {}
    said = await stage.answer(OVERDUE, PUBLIC, area=COUNTY)
    assert said["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
    assert await refused(stage, "VisitPlan", **own, grade="RED") == {"clientId": "CLIENT_OR_GRADE"}


async def test_consents_that_end_soon_are_listed_in_the_order_they_end(stage: Stage) -> None:
    client = gid("Client", await stage.client())
    for until in ("2026-12-01", "2026-11-25", "2027-06-01"):
        given = {"clientId": client, "purpose": "SHARE", "givenBy": "GUARDIAN", "givenOn": "2026-11-01"}
        said = await stage.act("consentGive", given | {"untilOn": until, "evidence": "同意书"})
        assert said["__typename"] == "ConsentGiven"
    document = (
        'query($days: Int!) { consentsExpiring(area: "370832", days: $days) { consents { untilOn client { code } } } }'
    )
    for days, expected in ((30, ["2026-11-25", "2026-12-01"]), (3, ["2026-11-25"]), (2, [])):
        found = (await stage.ask(document, await stage.county.coordinator(), days=days))["consentsExpiring"]["consents"]
        assert [one["untilOn"] for one in found] == expected

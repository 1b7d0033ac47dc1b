"""An operator changes and nothing is lost; what ends is told in time; what a township hangs on is named."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import httpx
import orjson
import pytest
from openpyxl import load_workbook
from small_county import COUNTY, FAR_VILLAGE, NOON, OTHER_COUNTY, OTHER_TOWN, TODAY, TOWN, VILLAGE, County, found
from sqlalchemy import text

from db.cursors import global_id
from db.viewer import LOCAL, PUBLIC, Viewer
from exchange.vocabulary import read_terms
from fivelink.app import build
from fivelink.settings import Settings
from resolvers import cases, donations, keys, parties, payments, records, referrals, upkeep
from resolvers.vocabulary import load
from schema.execution.executor import Executor

PACK = """query($project: ID, $station: ID, $on: Date) {
    handoverPack(projectId: $project, stationId: $station, on: $on) {
        on operator { name } stations { name } counts { what count }
        items { what name dueOn late zh: text en: text(lang: EN) referral { status } caseFile { code } consent { id }
            agreement { title } post { station { name } } commitment { amount } client { code }
            milestone { title } } } }"""
CHANGE = """mutation($given: OperatorChangeInput!) { operatorChange(input: $given) { __typename
    ... on OperatorChanged { handover { count fromOn reason former { name } operator { name }
        items(first: 100) { edges { node { what dueOn noteZh caseFile { code } consent { id } } } } } }
    ... on Problem { code } ... on InvalidInput { fields { path code } } } }"""
ROLES = """query($id: ID!) { node(id: $id) { ... on Project { roles { edges { node {
    isPrimary fromOn untilOn party { name } } } } } } }"""
DECEMBER = date(2026, 12, 1)
#: Everything a change of the operator may write.
BOOKS = ("project_role", "handover", "handover_item", "event", "idempotency", "record_version")


def gid(typename: str, id: int) -> str:
    return global_id(f"{typename}:{id}".encode())


@dataclass
class Desk:
    """A station of a township run by one operator, with something of everything open."""

    county: County
    executor: Executor
    project: int
    station: int
    former: int
    other: int
    consent: int

    async def answer(self, query: str, viewer: Viewer = LOCAL, **variables: Any) -> Any:
        return orjson.loads((await self.executor.run(query, None, variables, viewer=viewer)).body)

    async def ask(self, query: str, viewer: Viewer = LOCAL, **variables: Any) -> Any:
        said = await self.answer(query, viewer, **variables)
        assert "errors" not in said, said
        return said["data"]

    async def pack(self, viewer: Viewer = LOCAL, **given: Any) -> Any:
        wanted = {"project": gid("Project", self.project)} if "station" not in given else {}
        return (await self.ask(PACK, viewer, **wanted, **given))["handoverPack"]

    async def change(self, viewer: Viewer = LOCAL, **given: Any) -> Any:
        values = {
            "projectId": gid("Project", self.project),
            "operatorId": gid("Organization", self.other),
            "fromOn": "2026-12-01",
            "reason": "合同期满",
        }
        return (await self.ask(CHANGE, viewer, given=values | given))["operatorChange"]

    async def save(self, name: str, **given: Any) -> int:
        return (await records.save(self.county.context, name, given, id=None)).id

    async def books(self) -> list[Any]:
        found: list[Any] = []
        for name in BOOKS:
            found += await self.county.rows(f"SELECT to_jsonb(t) FROM {name} t ORDER BY 1")  # noqa: S608
        return found


async def opened(county: County, station: int, project: int, former: int) -> int:
    """Something of every kind that a new operator takes over; the id of the consent given to the former alone."""
    context = county.context
    community, provider = await county.community(), await county.provider()
    order = await referrals.request(
        context, need_id=await county.need(community), offer_id=await county.offer(provider), quantity=1
    )
    assert order.id
    client = (await cases.open_client(context, area=VILLAGE, code="档案-1", opened_on=date(2026, 10, 1))).id
    consent = {"client": client, "purpose": "SHARE", "given_by": "CLIENT", "given_on": TODAY, "evidence": "同意书"}
    only = await cases.give_consent(context, **consent, party=former)
    await cases.give_consent(context, **consent, until_on=TODAY + timedelta(days=30))
    await cases.give_consent(context, **consent, until_on=TODAY + timedelta(days=300))
    given: dict[str, dict[str, Any]] = {
        "case_file": {
            "area": VILLAGE, "code": "个-1", "title": "出行", "method": "CASEWORK", "client": client,
            "opened_on": date(2026, 11, 2),
        },
        "visit_plan": {"area": VILLAGE, "client": client, "every_days": 7, "from_on": date(2026, 10, 1)},
        "agreement": {
            "project": project, "title": "2026 年协议", "purchaser": provider, "operator": former,
            "amount": Decimal(1000), "from_on": date(2026, 1, 1), "until_on": date(2026, 12, 31),
        },
        "post": {"station": station, "kind": "FULL_TIME", "persons": 1, "from_on": date(2026, 1, 1)},
        "milestone": {"area": TOWN, "title": "签订来年协议", "due_on": date(2026, 11, 1)},
    }  # fmt: skip
    for name, values in given.items():
        await records.save(context, name, values, id=None)
    gift = await donations.record_donation(context, area=COUNTY, donor_id=provider, amount=Decimal("300.00"))
    await payments.commit(context, holder=("donation", gift.id), target=("station", station), amount=Decimal("120.50"))
    return only.id


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    database, county = await found(database_url)
    known = {"domain", "client_group", "channel", "industry", "fund_source", "outcome", "referral_reason"}
    await load(county.context, terms=[one for one in read_terms().records if one.scheme not in known])
    context = county.context
    former = (await parties.register_organization(context, name="原承接机构", area=COUNTY)).id
    other = (await parties.register_organization(context, name="新承接机构", area=COUNTY)).id
    project = (await records.save(context, "project", {"area": COUNTY, "name": "拳铺镇社工服务"}, id=None)).id
    role = {"project": project, "party": former, "role": "OPERATOR", "is_primary": True}
    await records.save(context, "project_role", role | {"from_on": date(2026, 1, 1)}, id=None)
    station = await records.save(
        context,
        "station",
        {"area": TOWN, "name": "梁山县拳铺镇社会工作站", "tier": "STATION", "project": project,
         "opened_on": date(2026, 1, 1)},
        id=None,
    )  # fmt: skip
    consent = await opened(county, station.id, project, former)
    executor = Executor(database, clock=lambda: NOON)
    yield Desk(county, executor, project, station.id, former, other, consent)
    await database.close()


# ------------------------------------------------------------------------------------------------ the pack


async def test_the_pack_names_everything_that_is_open_and_nobody(desk: Desk) -> None:
    found = await desk.pack()
    assert (found["on"], found["operator"]) == ("2026-11-22", {"name": "原承接机构"})
    assert [one["name"] for one in found["stations"]] == ["梁山县拳铺镇社会工作站"]
    items = {(one["what"], one["zh"]): one for one in found["items"] if one["what"] != "REPORT"}
    told = {what: zh for what, zh in items if what != "CONSENT"}
    assert told["CASE_FILE"] == "在办,尚未结案"
    assert told["AGREEMENT"] == "2026-12-31 到期"
    assert told["COMMITMENT"] == "尚有 120.50 元未付"
    assert told["FOLLOW_UP"] == "应在 2026-10-08 前走访"
    assert told["MILESTONE"] == "应在 2026-11-01 前完成"
    assert {zh for what, zh in items if what == "CONSENT"} == {
        "只同意向原承接机构出示,须重新取得",
        "2026-12-22 到期,须续签",
    }
    by = {what: one for (what, _), one in items.items()}
    assert by["REFERRAL"]["referral"] == {"status": "REQUESTED"}
    assert by["REFERRAL"]["name"] == "轮椅 1 件"
    assert (by["CASE_FILE"]["caseFile"], by["CASE_FILE"]["name"]) == ({"code": "个-1"}, "个-1 出行")
    assert by["FOLLOW_UP"]["client"] == {"code": "档案-1"}
    assert by["POST"]["post"] == {"station": {"name": "梁山县拳铺镇社会工作站"}}
    assert {one["what"] for one in found["items"] if one["late"]} >= {"FOLLOW_UP", "MILESTONE"}
    assert {one["what"]: one["count"] for one in found["counts"]} == {
        "EVALUATION": 0,
        "REPORT": 0,
        **Counter(one["what"] for one in found["items"]),
    }


async def test_a_station_has_a_pack_of_its_own_and_other_places_are_not_in_it(desk: Desk) -> None:
    far = await desk.county.community(FAR_VILLAGE, "丙村社区")
    provider = await desk.county.provider(OTHER_TOWN, "杨营公司")
    await referrals.request(
        desk.county.context,
        need_id=await desk.county.need(far),
        offer_id=await desk.county.offer(provider),
        quantity=1,
    )
    whole, own = await desk.pack(), await desk.pack(station=gid("Station", desk.station))
    assert [one["what"] for one in whole["items"]].count("REFERRAL") == 1
    assert own["items"] == whole["items"]


async def test_what_is_settled_passes_over_no_more(desk: Desk) -> None:
    (case,) = await desk.county.rows("SELECT id FROM case_file")
    closing = {"closed_on": TODAY, "outcome": "GOT_HELP", "close_reason": "搬走"}
    await records.save(desk.county.context, "case_file", closing, id=case[0])
    await cases.revoke_consent(desk.county.context, desk.consent, reason="本人撤回")
    counts = {one["what"]: one["count"] for one in (await desk.pack())["counts"]}
    assert (counts["CASE_FILE"], counts["CONSENT"]) == (0, 1)
    later = await desk.pack(on="2027-01-01")
    assert {one["what"]: one["count"] for one in later["counts"]}["AGREEMENT"] == 0


async def test_a_pack_is_for_staff_of_the_area_and_of_one_thing(desk: Desk) -> None:
    other = await desk.county.coordinator(OTHER_COUNTY, 7)
    project = gid("Project", desk.project)
    for viewer in (PUBLIC, other, Viewer("PARTNER", 9, party_id=desk.former)):
        said = await desk.answer(PACK, viewer, project=project)
        assert said["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
    assert (await desk.pack(Viewer("READER", 8)))["items"]
    for given in ({}, {"project": project, "station": gid("Station", desk.station)}):
        assert "errors" in await desk.answer(PACK, **given)
    assert "errors" in await desk.answer(PACK, project=gid("Project", 999))


# ------------------------------------------------------------------------------------------------ the change


async def test_the_former_ends_the_new_one_begins_and_what_passes_over_is_written_down(desk: Desk) -> None:
    expected = (await desk.pack(on="2026-11-30"))["items"]
    viewer = await desk.county.coordinator()
    said = await desk.change(viewer, idempotencyKey="change-1")
    made = said["handover"]
    assert (made["former"]["name"], made["operator"]["name"]) == ("原承接机构", "新承接机构")
    assert (made["fromOn"], made["reason"], made["count"]) == ("2026-12-01", "合同期满", len(expected))
    kept = [edge["node"] for edge in made["items"]["edges"]]
    assert Counter(one["what"] for one in kept) == Counter(one["what"] for one in expected)
    assert gid("Consent", desk.consent) in [one["consent"]["id"] for one in kept if one["consent"]]
    roles = await desk.ask(ROLES, id=gid("Project", desk.project))
    spans = {
        edge["node"]["party"]["name"]: (edge["node"]["fromOn"], edge["node"]["untilOn"])
        for edge in roles["node"]["roles"]["edges"]
    }
    assert spans == {"原承接机构": ("2026-01-01", "2026-11-30"), "新承接机构": ("2026-12-01", None)}
    before = await desk.books()
    assert await desk.change(viewer, idempotencyKey="change-1") == said
    assert await desk.books() == before
    assert (await desk.pack(on="2026-12-01"))["operator"] == {"name": "新承接机构"}


@pytest.mark.parametrize(
    ("given", "answer", "code"),
    [
        ({"reason": " "}, "InvalidInput", "REQUIRED"),
        ({"fromOn": "1999-12-31"}, "InvalidInput", "OUT_OF_RANGE"),
        ({"idempotencyKey": "\u0007"}, "InvalidInput", "INVALID_KEY"),
        ({"operatorId": gid("Organization", 10**9)}, "NotFound", "NOT_FOUND"),
        ({"operatorId": "nothing"}, "NotFound", "NOT_FOUND"),
        ({"projectId": gid("Project", 10**9)}, "NotFound", "NOT_FOUND"),
        ({"fromOn": "2026-01-01"}, "Conflict", "BEFORE_THE_FORMER"),
        ({"fromOn": "2025-06-01"}, "Conflict", "NO_PRIMARY_OPERATOR"),
    ],
)
async def test_what_cannot_be_changes_nothing(desk: Desk, given: dict[str, Any], answer: str, code: str) -> None:
    before = await desk.books()
    said = await desk.change(**given)
    codes = [one["code"] for one in said["fields"]] if "fields" in said else [said["code"]]
    assert (said["__typename"], codes) == (answer, [code])
    assert await desk.books() == before


async def test_the_same_operator_a_person_and_who_looks_after_another_area_are_refused(desk: Desk) -> None:
    worker = (await parties.register_social_worker(desk.county.context, name="社工甲", area=VILLAGE)).id
    before = await desk.books()
    assert (await desk.change(operatorId=gid("Organization", desk.former)))["code"] == "SAME_OPERATOR"
    said = await desk.change(operatorId=gid("SocialWorker", worker))
    assert [one["code"] for one in said["fields"]] == ["NOT_OF_KIND"]
    for viewer in (PUBLIC, Viewer("READER", 8), await desk.county.coordinator(OTHER_COUNTY, 7)):
        assert (await desk.change(viewer))["__typename"] == "NotAllowed"
    assert await desk.books() == before


async def test_another_already_planned_for_later_keeps_both_as_they_are(desk: Desk) -> None:
    (role,) = await desk.county.rows("SELECT id FROM project_role")
    await records.save(desk.county.context, "project_role", {"until_on": date(2026, 12, 31)}, id=role[0])
    later = {"project": desk.project, "party": desk.other, "role": "OPERATOR", "is_primary": True}
    await desk.save("project_role", **later, from_on=date(2027, 1, 1))
    third = (await parties.register_organization(desk.county.context, name="第三家", area=COUNTY)).id
    before = await desk.books()
    said = await desk.change(operatorId=gid("Organization", third))
    assert said["code"] == "SECOND_PRIMARY_OPERATOR"
    assert await desk.books() == before


async def test_of_two_who_take_over_at_once_one_does(desk: Desk) -> None:
    third = (await parties.register_organization(desk.county.context, name="第三家", area=COUNTY)).id
    said = await asyncio.gather(*(desk.change(operatorId=gid("Organization", one)) for one in (desk.other, third)))
    assert sorted(one["__typename"] for one in said) == ["Conflict", "OperatorChanged"]
    standing = await desk.county.rows("SELECT id FROM project_role WHERE is_primary AND until_on IS NULL")
    assert len(standing) == 1
    assert (await desk.county.one("SELECT count(*) FROM handover"))[0] == 1


# ------------------------------------------------------------------------------------------------ what ends

EXPIRING = """query($area: String!, $days: Int!) { expiring(area: $area, withinDays: $days) {
    kind endsOn days agreement { title } consent { purpose } post { kind } pool { name } } }"""


async def test_agreements_consents_posts_and_cycles_end_in_order(desk: Desk) -> None:
    until = {"station": desk.station, "kind": "PART_TIME", "from_on": date(2026, 1, 1), "until_on": date(2026, 12, 24)}
    await desk.save("post", **until)
    found = (await desk.ask(EXPIRING, area=COUNTY, days=60))["expiring"]
    assert [(one["kind"], one["endsOn"], one["days"]) for one in found] == [
        ("CONSENT", "2026-12-22", 30),
        ("POST", "2026-12-24", 32),
        ("AGREEMENT", "2026-12-31", 39),
    ]
    assert found[2]["agreement"] == {"title": "2026 年协议"}
    assert (await desk.ask(EXPIRING, area=COUNTY, days=38))["expiring"] == found[:2]
    assert (await desk.ask(EXPIRING, area=OTHER_TOWN, days=60))["expiring"] == []
    # Once another agreement follows, the first is no more something to see to.
    following = {
        "project": desk.project, "title": "2027 年协议", "operator": desk.former, "amount": Decimal(1),
        "purchaser": desk.other, "from_on": date(2027, 1, 1), "until_on": date(2027, 12, 31),
    }  # fmt: skip
    await desk.save("agreement", **following)
    assert (await desk.ask(EXPIRING, area=COUNTY, days=60))["expiring"] == found[:2]


async def test_what_ends_is_told_to_staff_only(desk: Desk) -> None:
    for viewer in (PUBLIC, await desk.county.coordinator(OTHER_COUNTY, 7)):
        said = await desk.answer(EXPIRING, viewer, area=COUNTY, days=60)
        assert said["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
    assert "errors" in await desk.answer(EXPIRING, area=COUNTY, days=-1)
    assert "errors" in await desk.answer(EXPIRING, area="999999", days=1)


async def test_of_an_agreement_that_another_follows_nobody_hears(desk: Desk) -> None:
    following = {
        "project": desk.project, "title": "2027 年协议", "operator": desk.former, "amount": Decimal(1),
        "purchaser": desk.other, "from_on": date(2027, 1, 1), "until_on": date(2027, 12, 31),
    }  # fmt: skip
    await desk.save("agreement", **following)
    assert (await upkeep.sweep(desk.county.on(date(2026, 12, 20))))["ending"] == 0
    assert (await upkeep.sweep(desk.county.on(date(2027, 12, 20))))["ending"] == 1


async def test_coordinators_hear_of_an_agreement_once_as_early_as_their_rule_says(desk: Desk) -> None:
    async def swept(day: date) -> int:
        return (await upkeep.sweep(desk.county.on(day)))["ending"]

    assert await swept(date(2026, 11, 1)) == 1
    assert await swept(date(2026, 11, 2)) == 0
    told = await desk.county.one("SELECT area_id, body_zh, body_en FROM notice WHERE kind = 'AGREEMENT_ENDS'")
    assert told[0] == await desk.county.area_id(COUNTY)
    assert "2026-12-31" in told[1]
    assert "2026-12-31" in told[2]
    # Renewed with a later end, it is told of again only as that one comes near.
    (agreement,) = await desk.county.rows("SELECT id FROM agreement")
    await records.save(desk.county.context, "agreement", {"until_on": date(2027, 3, 31)}, id=agreement[0])
    assert await swept(date(2027, 1, 29)) == 0
    async with desk.county.engine.begin() as conn:
        await conn.execute(text("UPDATE due_rule SET days = 90 WHERE step = 'AGREEMENT_ENDS'"))
    assert await swept(date(2027, 1, 31)) == 1
    viewer = await desk.county.coordinator()
    asked = "{ notices { edges { node { kind title } } } }"
    seen = [edge["node"] for edge in (await desk.ask(asked, viewer))["notices"]["edges"]]
    assert [one["title"] for one in seen if one["kind"] == "AGREEMENT_ENDS"] == ["服务协议即将到期"] * 2


# ------------------------------------------------------------------------------------------------ townships

FRAGILE = """query($area: String!) { townshipFragility(area: $area) { area { name } workers clients clientsPerWorker
    reasons { code zh: text en: text(lang: EN) } alone { count resourceType { code } party { name } needs { title } }
    singleWorkerStations { name } stationsWithoutWorker { name } agreements { title } } }"""


async def test_a_township_tells_what_it_hangs_on_with_the_rows_behind(desk: Desk) -> None:
    far = await desk.county.community(FAR_VILLAGE, "丙村社区")
    await desk.county.need(far)
    found = (await desk.ask(FRAGILE, area=COUNTY))["townshipFragility"]
    assert [one["area"]["name"] for one in found] == ["拳铺镇", "杨营镇"]
    first, second = found
    assert [one["code"] for one in first["reasons"]] == ["SOLE_PROVIDER", "SINGLE_WORKER", "AGREEMENT_ENDS"]
    assert first["reasons"][1]["zh"] == "1 个社工站只有 1 名社工"
    assert first["reasons"][1]["en"] == "1 station(s) with one worker"
    assert (first["workers"], first["clients"], first["clientsPerWorker"]) == (1, 1, "1.00")
    assert first["singleWorkerStations"] == [{"name": "梁山县拳铺镇社会工作站"}]
    assert first["agreements"] == [{"title": "2026 年协议"}]
    (alone,) = first["alone"]
    assert (alone["count"], alone["party"]) == (1, {"name": "拳铺爱心公司"})
    assert alone["resourceType"] == {"code": "WHEELCHAIR"}
    assert [one["code"] for one in second["reasons"]] == ["SOLE_PROVIDER"]
    assert (second["workers"], second["clientsPerWorker"]) == (0, None)
    # Another provider, another worker: nothing hangs on one any more.
    await desk.county.offer(await desk.county.provider(name="另一家"), coverage=[COUNTY])
    await desk.save("post", station=desk.station, kind="PART_TIME", from_on=date(2026, 1, 1))
    (again, _) = sorted(
        (await desk.ask(FRAGILE, area=COUNTY))["townshipFragility"], key=lambda one: one["area"]["name"] != "拳铺镇"
    )
    assert [one["code"] for one in again["reasons"]] == ["AGREEMENT_ENDS"]
    assert again["clientsPerWorker"] == "0.50"


async def test_townships_are_told_to_their_coordinators(desk: Desk) -> None:
    for viewer in (PUBLIC, Viewer("READER", 8), await desk.county.coordinator(OTHER_COUNTY, 7)):
        said = await desk.answer(FRAGILE, viewer, area=COUNTY)
        assert said["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
    assert len((await desk.ask(FRAGILE, await desk.county.coordinator(), area=COUNTY))["townshipFragility"]) == 2


# ------------------------------------------------------------------------------------------------ the workbook


async def test_the_pack_is_a_workbook_for_whom_signs_in_for_the_area(desk: Desk, database_url: str) -> None:
    context = replace(desk.county.context, viewer=LOCAL)
    key = await keys.create(context, role="COORDINATOR", area=COUNTY)
    secret = str(getattr(key, "key", key))
    app = build(Settings(database_url=database_url))
    address = f"/handovers/{gid('Project', desk.project)}.xlsx"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fivelink.test") as client:
        signed = {"authorization": f"Bearer {secret}"}
        answer = await client.get(f"{address}?on=2026-11-22", headers=signed)
        refused = [
            (await client.get(address)).status_code,
            (await client.get(address, headers={"authorization": "Bearer nothing"})).status_code,
            (await client.get(f"/handovers/{gid('Project', 10**9)}.xlsx", headers=signed)).status_code,
            (await client.get("/handovers/nothing.xlsx", headers=signed)).status_code,
            (await client.get(f"{address}?on=soon", headers=signed)).status_code,
        ]
    await app.close()
    assert refused == [403, 401, 404, 404, 400]
    assert answer.status_code == 200
    assert "spreadsheetml" in answer.headers["content-type"]
    book = load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["概要", "移交清单"]
    rows = [[cell.value for cell in row] for row in book["移交清单"].iter_rows(min_row=2)]
    names = [str(row[2]) for row in rows]
    assert "个-1 出行" in names
    assert "2026 年协议" in names
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    facts = [str(row[1].value) for row in book["概要"].iter_rows(min_row=4, max_row=8)]
    assert facts[1:3] == ["拳铺镇社工服务", "原承接机构"]

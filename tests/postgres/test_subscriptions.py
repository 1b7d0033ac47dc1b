"""Subscriptions: what changes reaches whom it concerns and who may see it, once, whatever breaks in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from loop import looped
from small_county import COUNTY, FAR_VILLAGE, NOON, OTHER_COUNTY, OTHER_TOWN, TOWN, VILLAGE, County, found
from sqlalchemy import text

from db import events
from db.cursors import encode, global_id
from db.database import Database
from db.feed import cursor_of
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import feed, keys, needs
from schema.execution.executor import Executor, Outcome
from schema.execution.limits import Limits

NEEDS = """subscription ($area: String!, $after: String) {
    needChanged(area: $area, after: $after) { cursor event at need { title status quantity } } }"""
PLANS = """subscription ($area: String!, $after: String) {
    planChanged(area: $area, after: $after) { cursor event plan { status } } }"""
REFERRALS = """subscription ($area: String, $party: ID, $after: String) {
    referralChanged(area: $area, party: $party, after: $after) { cursor event referral { status quantity } } }"""
SECONDS = 20.0


@dataclass
class Listener:
    """One subscription; `cursor` is that of the last answer."""

    answers: AsyncGenerator[bytes, None]
    cursor: str | None = None
    seen: list[Any] = field(default_factory=list)

    async def answer(self) -> Any:
        async with asyncio.timeout(SECONDS):
            return orjson.loads(await anext(self.answers))

    async def next(self) -> Any:
        """The next payload."""
        body = await self.answer()
        assert "errors" not in body, body
        (payload,) = body["data"].values()
        self.cursor = payload.get("cursor")
        self.seen.append(payload)
        return payload

    async def events(self, count: int) -> list[str]:
        return [(await self.next())["event"] for _ in range(count)]

    async def ends(self) -> None:
        with pytest.raises(StopAsyncIteration):
            async with asyncio.timeout(SECONDS):
                await anext(self.answers)


@dataclass
class Stage:
    county: County
    executor: Executor
    open: list[Listener] = field(default_factory=list)

    async def subscribe(self, query: str = NEEDS, viewer: Viewer = LOCAL, **variables: Any) -> Listener:
        given = {"area": COUNTY} | variables
        answers = await self.executor.subscribe(query, None, given, viewer=viewer)
        assert not isinstance(answers, Outcome), answers.body
        self.open.append(Listener(answers))
        return self.open[-1]

    async def refused(self, query: str = NEEDS, viewer: Viewer = LOCAL, **variables: Any) -> str:
        answer = await self.executor.subscribe(query, None, {"area": COUNTY} | variables, viewer=viewer)
        assert isinstance(answer, Outcome)
        assert not answer.executed
        (error,) = orjson.loads(answer.body)["errors"]
        assert error["message"]
        assert error["extensions"]["text_zh"]
        return str(error["extensions"]["code"])

    async def plan_event(self, kind: str, plan_id: int, area: str = COUNTY) -> None:
        area_id = await self.county.area_id(area)
        async with self.county.engine.begin() as conn:
            await events.add(
                conn, kind=kind, entity="plan", entity_id=plan_id, area_id=area_id, actor_id=None, detail={}
            )


@asynccontextmanager
async def staged(county: County, database: Database, limits: Limits | None = None) -> AsyncIterator[Stage]:
    stage = Stage(county, Executor(database, limits, clock=county.context.clock))
    attending = asyncio.create_task(feed.attend(county.context))
    try:
        yield stage
    finally:
        for one in stage.open:
            await one.answers.aclose()
        attending.cancel()
        await asyncio.wait([attending])


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    database, county = await found(database_url)
    async with staged(county, database) as stage:
        yield stage
    await database.close()


async def test_what_happens_to_a_need_is_told_as_it_happens(stage: Stage) -> None:
    listener = await stage.subscribe()
    need = await stage.county.need(await stage.county.community())
    told = await listener.next()
    assert told["event"] == "need.submitted"
    assert told["need"] == {"title": "轮椅一台", "status": "OPEN", "quantity": 2}
    assert told["at"].endswith("+00:00")
    await needs.withdraw(stage.county.context, need)
    assert (await listener.next())["need"]["status"] == "WITHDRAWN"


async def test_a_late_reader_is_shown_the_row_as_it_is_now(stage: Stage) -> None:
    start = cursor_of(0)
    need = await stage.county.need(await stage.county.community())
    await needs.withdraw(stage.county.context, need)
    listener = await stage.subscribe(after=start)
    assert await listener.events(2) == ["need.submitted", "need.withdrawn"]
    assert [one["need"]["status"] for one in listener.seen] == ["WITHDRAWN", "WITHDRAWN"]


async def test_an_area_covers_everything_below_it_and_nothing_else(stage: Stage) -> None:
    here = await stage.county.community()
    there = await stage.county.community(FAR_VILLAGE, "丙村社区")
    listeners = {area: await stage.subscribe(area=area) for area in (COUNTY, TOWN, OTHER_TOWN, VILLAGE)}
    await stage.county.need(here, title="甲")
    await stage.county.need(there, title="丙")
    await stage.county.need(here, title="甲二")
    await stage.county.need(there, title="丙二")
    for area, titles in {
        COUNTY: ["甲", "丙", "甲二", "丙二"],
        TOWN: ["甲", "甲二"],
        OTHER_TOWN: ["丙", "丙二"],
        VILLAGE: ["甲", "甲二"],
    }.items():
        assert [(await listeners[area].next())["need"]["title"] for _ in titles] == titles


async def test_who_may_not_see_a_row_is_not_told_of_it(stage: Stage) -> None:
    county = stage.county
    here = await county.community()
    far = await county.community(FAR_VILLAGE, "丙村社区")
    provider = await county.provider()
    town = replace(await county.coordinator(OTHER_TOWN, 7), area_is_county=False)
    listeners = [
        await stage.subscribe(viewer=town),
        await stage.subscribe(viewer=Viewer("PARTNER", 8, party_id=provider)),
        await stage.subscribe(viewer=Viewer("PARTNER", 9, party_id=here)),
    ]
    await county.offer(provider)
    await county.need(here, title="未匹配", resource_type="FUNDS")
    await county.need(here, title="甲")
    await county.need(far, title="丙")
    for listener, titles in zip(listeners, (["丙"], ["甲", "丙"], ["未匹配", "甲"]), strict=True):
        assert [(await listener.next())["need"]["title"] for _ in titles] == titles


async def test_an_event_is_checked_even_where_nothing_of_the_row_is_asked_for(stage: Stage) -> None:
    county = stage.county
    bare = "subscription ($area: String!) { needChanged(area: $area) { event cursor } }"
    other = await county.coordinator(OTHER_TOWN, 7)
    listener = await stage.subscribe(bare, viewer=other)
    await county.need(await county.community())
    await county.need(await county.community(FAR_VILLAGE, "丙村社区"))
    told = await listener.next()
    (last,) = await county.rows("SELECT max(position) FROM event_position")
    assert told == {"event": "need.submitted", "cursor": cursor_of(last[0])}


async def test_what_one_loses_sight_of_is_told_no_more(stage: Stage) -> None:
    """A matched need is a provider's to see while it is open."""
    county = stage.county
    here, provider = await county.community(), await county.provider()
    await county.offer(provider)
    listener = await stage.subscribe(viewer=Viewer("PARTNER", 8, party_id=provider))
    need = await county.need(here, title="一")
    assert (await listener.next())["need"]["title"] == "一"
    await needs.withdraw(county.context, need)
    await county.need(here, title="二")
    assert (await listener.next())["need"]["title"] == "二"
    assert [one["event"] for one in listener.seen] == ["need.submitted", "need.submitted"]


async def test_after_a_break_nothing_is_missed_or_doubled(stage: Stage) -> None:
    county = stage.county
    here = await county.community()
    listener = await stage.subscribe()
    titles: list[str] = []
    for number in range(20):
        await county.need(here, title=f"需求 {number}")
        if number % 3 == 1:
            titles.append((await listener.next())["need"]["title"])
        if number % 5 == 4:
            await listener.answers.aclose()
            listener = await stage.subscribe(after=listener.cursor)
    while len(titles) < 20:
        titles.append((await listener.next())["need"]["title"])
    assert titles == [f"需求 {number}" for number in range(20)]
    assert feed.followers(county.engine) == 1


async def test_who_asks_for_the_end_first_and_reads_then_misses_nothing(stage: Stage) -> None:
    county = stage.county
    here = await county.community()
    await county.need(here, title="先前")
    asked = await stage.executor.run("{ changesCursor }", None, None, viewer=LOCAL)
    cursor = orjson.loads(asked.body)["data"]["changesCursor"]
    await county.need(here, title="其间")
    listener = await stage.subscribe(after=cursor)
    await county.need(here, title="其后")
    titles = []
    while titles[-1:] != ["其后"]:
        titles.append((await listener.next())["need"]["title"])
    assert [one for one in titles if one != "先前"] == ["其间", "其后"]


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"after": ""}, "BAD_CURSOR"),
        ({"after": "nonsense"}, "BAD_CURSOR"),
        ({"after": "\x00"}, "BAD_CURSOR"),
        ({"after": encode(["need", 1])}, "BAD_CURSOR"),
        ({"after": encode(["feed", -1])}, "BAD_CURSOR"),
        ({"after": cursor_of(10**9)}, "CURSOR_AHEAD"),
        ({"area": "999999"}, "UNKNOWN_AREA"),
        ({"area": "\x00"}, "UNKNOWN_AREA"),
        ({"area": None}, "BAD_VARIABLES"),
    ],
)
async def test_nonsense_is_refused_with_a_code(stage: Stage, variables: dict[str, Any], code: str) -> None:
    assert await stage.refused(**variables) == code
    assert feed.followers(stage.county.engine) == 0


async def test_documents_that_cannot_be_subscribed_to_are_refused(stage: Stage) -> None:
    assert await stage.refused(viewer=PUBLIC) == "SIGN_IN_REQUIRED"
    assert await stage.refused(REFERRALS, party="nobody") == "UNKNOWN_PARTY"
    assert await stage.refused("subscription { needChanged(area: 1) { event } }") == "VALIDATION_FAILED"
    two = 'subscription { a: needChanged(area: "37") { event } b: needChanged(area: "37") { event } }'
    assert await stage.refused(two) == "VALIDATION_FAILED"
    many = 'subscription { needChanged(area: "37") { need { matches(first: 101) { totalCount } } } }'
    assert await stage.refused(many) == "BAD_PAGE"


async def test_the_limits_of_queries_hold(database_url: str) -> None:
    database, county = await found(database_url)
    async with staged(county, database, Limits(cost=2)) as stage:
        assert await stage.refused() == "QUERY_TOO_COSTLY"
    async with staged(county, database, Limits(depth=2)) as stage:
        assert await stage.refused() == "QUERY_TOO_DEEP"
    await database.close()


async def test_a_plain_request_is_told_where_subscriptions_are_served(stage: Stage) -> None:
    answer = await stage.executor.run(NEEDS, None, {"area": COUNTY}, viewer=LOCAL)
    (error,) = orjson.loads(answer.body)["errors"]
    assert error["extensions"]["code"] == "SUBSCRIPTION_NOT_HERE"
    assert "/graphql/stream" in error["message"]


async def test_other_operations_have_their_one_answer(stage: Stage) -> None:
    answer = await stage.executor.subscribe('{ area(code: "37") { name } }', None, None, viewer=LOCAL)
    assert isinstance(answer, Outcome)
    assert orjson.loads(answer.body) == {"data": {"area": {"name": "山东省"}}}


async def test_computed_fields_are_told_too(stage: Stage) -> None:
    listener = await stage.subscribe(
        """subscription ($area: String!) { told: needChanged(area: $area) {
            __typename cursor what: event need { title team { covered missing } } } }"""
    )
    await stage.county.need(await stage.county.community())
    told = await listener.next()
    assert told["__typename"] == "NeedChange"
    assert told["what"] == "need.submitted"
    assert told["need"]["team"]["covered"] == 0


async def test_plans_are_told_of_to_staff_only(stage: Stage) -> None:
    county = stage.county
    partner = Viewer("PARTNER", 8, party_id=await county.provider())
    staff, nobody = await stage.subscribe(PLANS), await stage.subscribe(PLANS, viewer=partner)
    other = await stage.subscribe(PLANS, area=OTHER_COUNTY)
    plan = await county.waiting_plan()
    await stage.plan_event("plan.queued", plan)
    await stage.plan_event("plan.updated", plan)
    elsewhere = await county.waiting_plan(OTHER_COUNTY)
    await stage.plan_event("plan.queued", elsewhere, OTHER_COUNTY)
    assert await staff.events(2) == ["plan.queued", "plan.updated"]
    assert staff.seen[0]["plan"] == {"status": "QUEUED"}
    assert await other.events(1) == ["plan.queued"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await anext(nobody.answers)


async def test_a_referral_is_told_of_to_both_sides_and_by_party(database_url: str) -> None:
    async with looped(database_url) as loop:
        database = Database(database_url)
        county = County(replace(loop.county.context, database=database), database.engine)
        async with staged(county, database) as stage:
            stranger = await county.provider(name="别的公司")
            listeners = [
                await stage.subscribe(REFERRALS, viewer=viewer, area=None, party=party)
                for viewer, party in (
                    (loop.coordinator, None),
                    (loop.provider, None),
                    (loop.community, None),
                    (loop.coordinator, global_id(b"DonorFirm:%d" % loop.provider_id)),
                    (loop.coordinator, global_id(b"Community:%d" % loop.community_id)),
                )
            ]
            away = [
                await stage.subscribe(
                    REFERRALS, viewer=loop.coordinator, area=None, party=global_id(b"DonorFirm:%d" % stranger)
                ),
                await stage.subscribe(REFERRALS, viewer=Viewer("PARTNER", 9, party_id=stranger), area=None),
                await stage.subscribe(REFERRALS, viewer=loop.coordinator, area=OTHER_TOWN),
            ]
            await loop.led_to("ACCEPTED", 3)
            for listener in listeners:
                told = [await listener.next(), await listener.next()]
                assert [one["event"] for one in told] == ["referral.requested", "referral.accepted"]
                assert told[1]["referral"] == {"status": "ACCEPTED", "quantity": 3}
            for listener in away:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await anext(listener.answers)
        await database.close()


async def test_a_row_is_read_once_for_all_who_ask_the_same(stage: Stage) -> None:
    county = stage.county
    here = await county.community()
    starts = [cursor_of(number % 2) for number in range(50)]
    many = [await stage.subscribe(after=start) for start in starts]
    waiting = [asyncio.create_task(one.next()) for one in many]
    before = stage.executor.reader.statements
    await county.need(here)
    told = await asyncio.gather(*waiting)
    assert all(one == told[0] for one in told)
    assert stage.executor.reader.statements == before + 1


async def test_two_viewers_never_share_an_answer(stage: Stage) -> None:
    county = stage.county
    here = await county.community()
    offer_query = NEEDS.replace("{ title status quantity }", "{ title matches { totalCount } }")
    mine = await stage.subscribe(offer_query, viewer=Viewer("PARTNER", 5, party_id=here))
    everything = await stage.subscribe(offer_query)
    await county.offer(await county.provider())
    await county.need(here)
    assert (await everything.next())["need"]["matches"]["totalCount"] == 1
    assert (await mine.next())["need"]["matches"]["totalCount"] == 0


async def test_a_revoked_key_hears_no_more(stage: Stage) -> None:
    county = stage.county
    here = await county.community()
    key = await keys.create(county.context, role="COORDINATOR", area=COUNTY)
    (id,) = await county.one("SELECT id FROM api_key")
    viewer = await county.coordinator(COUNTY, id)
    listener = await stage.subscribe(viewer=viewer)
    await county.need(here)
    await listener.next()
    await keys.revoke(county.context, key)
    body = await listener.answer()
    assert body["data"] is None
    assert body["errors"][0]["extensions"]["code"] == "SIGNED_OUT"
    await listener.ends()
    assert feed.followers(county.engine) == 0


async def test_an_expired_key_hears_no_more(database_url: str) -> None:
    database, county = await found(database_url)
    here = await county.community()
    await keys.create(county.context, role="READER", expires=NOON + timedelta(hours=1))
    (id,) = await county.one("SELECT id FROM api_key")
    later = replace(county.context, clock=lambda: NOON + timedelta(hours=2))
    async with staged(County(later, county.engine), database) as stage:
        listener = await stage.subscribe(viewer=Viewer("READER", id))
        await county.need(here)
        body = await listener.answer()
        assert body["errors"][0]["extensions"]["code"] == "SIGNED_OUT"
        await listener.ends()
    await database.close()


async def test_an_event_that_cannot_be_read_ends_the_stream_and_is_there_when_one_resumes(database_url: str) -> None:
    first, county = await found(database_url)
    here = await county.community()
    database = Database(database_url, statement_timeout_seconds=0.3)
    context = replace(county.context, database=database)
    async with staged(County(context, database.engine), database) as stage:
        listener = await stage.subscribe()
        await county.need(here, title="一")
        await listener.next()
        async with county.engine.connect() as conn:
            need = await county.need(here, title="二")
            await conn.execute(text("LOCK TABLE need IN ACCESS EXCLUSIVE MODE"))
            body = await listener.answer()
            await conn.rollback()
        assert body["data"] is None
        assert body["errors"][0]["path"] == ["needChanged"]
        extensions = body["errors"][0]["extensions"]
        assert extensions["code"] == "TIMEOUT"
        await listener.ends()
        await needs.withdraw(county.context, need)
        for cursor in (listener.cursor, extensions["cursor"]):
            again = await stage.subscribe(after=cursor)
            assert await again.events(2) == ["need.submitted", "need.withdrawn"]
            assert again.seen[0]["need"]["title"] == "二"
    await database.close()
    await first.close()


async def test_who_leaves_holds_nothing_any_more(stage: Stage) -> None:
    many = [await stage.subscribe() for _ in range(20)]
    waiting = [asyncio.create_task(one.next()) for one in many]
    await stage.county.need(await stage.county.community())
    await asyncio.gather(*waiting)
    assert feed.followers(stage.county.engine) == 20
    waiting = [asyncio.create_task(one.next()) for one in many[:10]]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    for one in many[10:]:
        await one.answers.aclose()
    assert feed.followers(stage.county.engine) == 0

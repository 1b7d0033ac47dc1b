"""What every act has in common: the answer kept for a key, and what is said where it cannot go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from small_county import COUNTY, NOON, OTHER_COUNTY, TODAY, County, found
from sqlalchemy import event
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.ext.asyncio import create_async_engine

from db.database import sqlalchemy_url
from fivelink import app
from resolvers import acts, matches, needs, plans
from resolvers.context import Context
from resolvers.errors import Conflict


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


@contextmanager
def statements(county: County) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    said: list[str] = []

    def hear(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(county.engine.sync_engine, "before_cursor_execute", hear)
    yield said
    event.remove(county.engine.sync_engine, "before_cursor_execute", hear)


async def submit(context: Context, community: int, key: str, **changed: Any) -> int:
    values: dict[str, Any] = {"title": "轮椅", "resource_type": "WHEELCHAIR", "quantity": 1}
    return (await needs.submit(context, community_id=community, idempotency_key=key, **values | changed)).id


async def test_answers_to_keys_are_kept_for_seven_days_and_then_forgotten(county: County) -> None:
    community = await county.community()
    first = await submit(county.on(TODAY), community, "old")
    await submit(county.on(TODAY + timedelta(days=3)), community, "young")
    on_the_day = replace(county.context, clock=lambda: NOON + timedelta(days=7))
    assert await acts.forget_keys(on_the_day) == 0
    assert await submit(on_the_day, community, "old") == first
    before = await county.counts()
    assert await acts.forget_keys(replace(county.context, clock=lambda: NOON + timedelta(days=7, seconds=1))) == 1
    # Nothing but the answer is gone.
    assert await county.counts() == before | {"idempotency": 1}
    assert (await county.one("SELECT key FROM idempotency")).key == "young"
    assert await submit(county.on(date(2026, 12, 1)), community, "old") != first


async def test_however_many_there_are_they_are_forgotten_a_bounded_number_at_a_time(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "FORGOTTEN_AT_ONCE", 4)
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql(
            "INSERT INTO idempotency SELECT 'key:1', 'needSubmit', n::text, '', 'need', n, '2026-11-01Z'"
            " FROM generate_series(1, 10) n"
        )
    with statements(county) as said:
        assert await acts.forget_keys(county.context) == 10
    assert len([one for one in said if one.startswith("DELETE")]) == 3
    assert (await county.counts())["idempotency"] == 0


async def test_keys_are_forgotten_on_the_round_that_renews_matches(county: County) -> None:
    community = await county.community()
    await submit(county.context, community, "old")
    later = county.on(TODAY + timedelta(days=8))
    keeping = asyncio.create_task(app._keep_matches_true(later))
    try:
        async with asyncio.timeout(20):
            while (await county.counts())["idempotency"]:
                pass
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
    state = await county.one("SELECT matched_on FROM matching_state")
    assert state.matched_on == TODAY + timedelta(days=8)


async def test_who_gets_no_connection_is_told_so_and_changes_nothing(county: County, database_url: str) -> None:
    community = await county.community()
    before = await county.counts()
    narrow = create_async_engine(sqlalchemy_url(database_url), pool_size=1, max_overflow=0, pool_timeout=0.05)
    context = replace(county.context, database=SimpleNamespace(engine=narrow))
    async with narrow.connect():
        for act in (submit(context, community, "k"), plans.compute(context, area=COUNTY, idempotency_key="k")):
            with pytest.raises(Conflict) as refusal:
                await act
            assert refusal.value.code == "BUSY"
            assert "没有改动" in refusal.value.message_zh
            assert "nothing was changed" in refusal.value.message_en
            # What keeps it is not known: it need not be a bulk operation.
            assert "批量" not in refusal.value.message_zh
            assert "bulk" not in refusal.value.message_en
    assert await county.counts() == before
    assert await submit(context, community, "k")
    await plans.compute(context, area=COUNTY, idempotency_key="k")
    await narrow.dispose()


async def test_pairs_asked_about_at_once_take_one_statement_and_one_connection(county: County) -> None:
    provider, community = await county.provider(), await county.community()
    asked = [await county.need(community) for _ in range(3)]
    wrong, right = await county.offer(provider, resource_type="FUNDS"), await county.offer(provider)
    await matches.why_not(county.context, asked[0], wrong)
    pairs = [(need, offer) for need in asked for offer in (wrong, right)] * 100
    with statements(county) as said:
        answers = await asyncio.gather(*(matches.why_not(county.context, *pair) for pair in pairs))
    assert [[one.code for one in obstacles] for obstacles in answers] == [["RESOURCE_TYPE"], []] * 300
    assert len(said) == 1


async def test_pairs_asked_about_at_once_are_answered_each_for_itself(county: County) -> None:
    offer = await county.offer(await county.provider(), resource_type="FUNDS")
    need = await county.need(await county.community())
    there, no_need, no_offer, unseen, again = await asyncio.gather(
        matches.why_not(county.context, need, offer),
        matches.why_not(county.context, need + 1, offer),
        matches.why_not(county.context, need, offer + 1),
        matches.why_not(county.by(await county.coordinator(OTHER_COUNTY)), need, offer),
        matches.why_not(county.by(await county.coordinator(COUNTY)), need, offer),
        return_exceptions=True,
    )
    assert isinstance(there, list)
    assert [one.code for one in there] == ["RESOURCE_TYPE"]
    assert again == there
    assert [str(one) for one in (no_need, no_offer, unseen)] == [
        "NOT_FOUND: no such need",
        "NOT_FOUND: no such offer",
        "NOT_FOUND: no such need",
    ]
    assert await matches.why_not(county.context, need, offer) == there


async def test_who_stops_asking_does_not_take_the_answer_from_others(county: County) -> None:
    offer = await county.offer(await county.provider(), resource_type="FUNDS")
    need = await county.need(await county.community())
    first, second = (asyncio.ensure_future(matches.why_not(county.context, need, offer)) for _ in range(2))
    await asyncio.wait([first, second], timeout=0)
    first.cancel()
    assert [one.code for one in await second] == ["RESOURCE_TYPE"]
    assert first.cancelled()


async def test_a_question_that_cannot_be_answered_fails_everybody_and_the_next_may_ask_again(
    county: County, database_url: str
) -> None:
    offer = await county.offer(await county.provider(), resource_type="FUNDS")
    need = await county.need(await county.community())
    narrow = create_async_engine(sqlalchemy_url(database_url), pool_size=1, max_overflow=0, pool_timeout=0.05)
    context = replace(county.context, database=SimpleNamespace(engine=narrow))
    async with narrow.connect():
        answers = await asyncio.gather(
            *(matches.why_not(context, need, offer) for _ in range(3)), return_exceptions=True
        )
    assert [type(one) for one in answers] == [NoConnectionLeft] * 3
    assert await matches.why_not(context, need, offer)
    await narrow.dispose()

"""Track records: who completes rises, who lets orders lapse falls, and the score says so the next day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from loop import Loop, looped
from small_county import HERE, NOON, TODAY, TOWN
from sqlalchemy import text

from db import matches as stored_matches
from db import track_records
from db.base import Base
from exchange.vocabulary import TermRecord, read_weights
from graph.candidates import pairs
from graph.score import PART_CODES
from resolvers import matches, offers, referrals
from resolvers.vocabulary import load, vocabulary
from resolvers.world import need_value, offer_values, world


@pytest_asyncio.fixture
async def loop(database_url: str) -> AsyncIterator[Loop]:
    async with looped(database_url, need=50, capacity=100) as found:
        yield found


async def counted(loop: Loop, at: datetime = NOON) -> int:
    """The provider's record in ten-thousandths, counted now."""
    async with loop.county.engine.begin() as conn:
        await track_records.count(conn, at)
    row = await loop.county.one("SELECT track_record FROM party WHERE id = :id", id=loop.provider_id)
    copied = await loop.county.rows("SELECT track_record FROM offer WHERE provider_id = :id", id=loop.provider_id)
    assert {one[0] for one in copied} == {row[0]}
    return int(row[0])


def of(good: float, weight: float) -> int:
    """The formula in plain words, of whole orders: a newcomer has one good and one bad one."""
    return round(10_000 * (good + 1) / (weight + 2))


async def lapsed(loop: Loop, quantity: int = 1) -> int:
    """An order that nobody answered through every level."""
    id = await loop.order(quantity)
    late = replace(loop.county.context, clock=lambda: NOON + timedelta(days=60))
    async with loop.county.engine.begin() as conn:
        await referrals.release(late, conn, await loop.row(id))
    return id


async def changed(loop: Loop, sql: str, **values: Any) -> None:
    async with loop.county.engine.begin() as conn:
        await conn.execute(text(sql), values)


async def test_a_newcomer_stands_at_a_half(loop: Loop) -> None:
    assert await counted(loop) == 5_000
    await loop.led_to("IN_PROGRESS", 1)
    assert await counted(loop) == 5_000


async def test_who_completes_rises_with_every_order(loop: Loop) -> None:
    found = [await counted(loop)]
    for _ in range(3):
        await loop.led_to("COMPLETED", 1)
        found.append(await counted(loop))
    assert found == [5_000, of(1, 1), of(2, 2), of(3, 3)]


async def test_who_lets_an_order_lapse_falls_and_a_quick_no_costs_less(loop: Loop) -> None:
    await loop.led_to("REJECTED", 1)
    declined = await counted(loop)
    assert declined == of(0, 0.25)
    await lapsed(loop)
    assert await counted(loop, NOON + timedelta(days=61)) == of(0, 1.25) < declined < 5_000


async def test_half_of_an_order_is_half_a_success(loop: Loop) -> None:
    id = await loop.led_to("IN_PROGRESS", 10)
    await loop.step("complete", id, delivered=5, outcome="GOT_HELP")
    assert await counted(loop) == of(0.5, 1)


async def test_help_after_the_day_it_was_needed_by_counts_half(loop: Loop) -> None:
    await loop.led_to("COMPLETED", 1)
    await changed(loop, "UPDATE need SET needed_by = :day", day=TODAY)
    assert await counted(loop) == of(1, 1)
    # Half past midnight in the county is the day before in UTC.
    await changed(loop, "UPDATE referral SET closed_at = :at", at=datetime(2026, 11, 22, 16, 30, tzinfo=UTC))
    assert await counted(loop, NOON + timedelta(days=1)) == of(0.5, 1)


async def test_what_had_to_be_handed_upward_first_counts_half(loop: Loop) -> None:
    id = await loop.led_to("COMPLETED", 1)
    note = "INSERT INTO event (at, kind, entity, entity_id) VALUES (:at, 'referral.escalated', 'referral', :id)"
    # A follow-up that came late is not the provider's.
    await changed(loop, note, at=NOON + timedelta(days=9), id=id)
    assert await counted(loop) == of(1, 1)
    await changed(loop, note, at=NOON - timedelta(hours=1), id=id)
    assert await counted(loop) == of(0.5, 1)


@pytest.mark.parametrize(
    ("outcome", "weight"),
    [("COULD_NOT_GET_HELP", 1), ("NO_CAPACITY", 1), ("NO_LONGER_INTERESTED", 0), ("COULD_NOT_CONTACT", 0)],
)
async def test_a_failure_counts_where_the_provider_failed(loop: Loop, outcome: str, weight: int) -> None:
    known = await loop.county.rows("SELECT id FROM term WHERE scheme = 'outcome' AND code = :code", code=outcome)
    if not known:
        await changed(
            loop,
            "INSERT INTO term (id, scheme, code, label_zh, label_en, position, ancestor_ids, group_ids)"
            " VALUES (900, 'outcome', :code, '某', 'some', 900, '{900}', '{}')",
            code=outcome,
        )
        known = [(900,)]
    id = await loop.led_to("FAILED", 1)
    await changed(loop, "UPDATE referral SET outcome_id = :outcome WHERE id = :id", outcome=known[0][0], id=id)
    assert await counted(loop) == of(0, weight)


async def test_what_the_other_side_calls_off_does_not_count(loop: Loop) -> None:
    await loop.led_to("CANCELLED", 1)
    assert await counted(loop) == 5_000


async def test_a_promise_taken_back_with_the_offer_counts(loop: Loop) -> None:
    words = [TermRecord(HERE, "referral_reason", "OFFER_WITHDRAWN", None, "资源已撤回", "The offer was withdrawn")]
    await load(loop.county.context, terms=words)
    await loop.led_to("ACCEPTED", 1)
    await offers.withdraw(loop.county.context, loop.offer_id)
    assert await counted(loop) == of(0, 0.5)


async def test_what_is_long_ago_is_forgiven(loop: Loop) -> None:
    await loop.led_to("REJECTED", 1)
    assert await counted(loop) < 5_000
    assert await counted(loop, NOON + timedelta(days=track_records.DAYS, seconds=1)) == 5_000


async def test_the_next_day_the_score_shows_it_and_the_stored_matches_are_what_the_columns_say(loop: Loop) -> None:
    newcomer = await loop.county.provider(TOWN, "新来的公司")
    fresh_offer = await loop.county.offer(newcomer, capacity=100)
    assert await loop.county.matched(loop.need_id) == [loop.offer_id, fresh_offer]
    await loop.led_to("REJECTED", 1)
    await lapsed(loop)
    # One day, one moment: the two offers are alike in everything but the record.
    await changed(loop, "UPDATE offer SET confirmed_at = :at, committed = 0", at=NOON)
    before = await loop.county.rows("SELECT parts FROM match WHERE need_id = :id ORDER BY offer_id", id=loop.need_id)
    at = PART_CODES.index("TRACK_RECORD")
    codes = (await loop.county.one("SELECT codes FROM weight_set WHERE scheme = 'MATCH'"))[0]
    place = codes.index("TRACK_RECORD")
    assert [row.parts[place] for row in before] == [5_000, 5_000]

    later = loop.county.on(TODAY + timedelta(days=61))
    assert await matches.renew_daily(later)
    assert await loop.county.matched(loop.need_id) == [fresh_offer, loop.offer_id]
    stored = {
        row.offer_id: (row.parts[place], row.score)
        for row in await loop.county.rows("SELECT * FROM match WHERE need_id = :id", id=loop.need_id)
    }
    assert (stored[fresh_offer][0], stored[loop.offer_id][0]) == (5_000, of(0, 1.25))

    # Why, a plan and the stored matches judge by the same columns.
    async with loop.county.engine.connect() as conn:
        words = await vocabulary(loop.county.engine, conn)
        state = await stored_matches.state(conn)
        assert state is not None
        needs = [need_value(row) for row in await stored_matches.needs_by_ids(conn, [loop.need_id])]
        rows = await stored_matches.offers_by_ids(conn, [loop.offer_id, fresh_offer])
        given = offer_values(rows, words)
        around = await world(conn, words, state.weight_set, later.today, needs, given)
    found = pairs(needs, given, around)
    judged = {
        given[o].id: (int(parts[at]), score / 1e8)
        for o, parts, score in zip(
            found.offer_index.tolist(), found.parts.tolist(), found.score_e8.tolist(), strict=True
        )
    }
    assert judged == stored
    assert await matches.why_not(loop.context(), loop.need_id, loop.offer_id) == []


async def test_a_new_offer_begins_with_what_its_provider_is_known_for(loop: Loop) -> None:
    await loop.led_to("COMPLETED", 1)
    known = await counted(loop)
    again = await loop.county.offer(loop.provider_id, title="又一批")
    assert (await loop.county.one("SELECT track_record FROM offer WHERE id = :id", id=again))[0] == known


async def test_counting_twice_changes_nothing_more(loop: Loop) -> None:
    await loop.led_to("COMPLETED", 1)
    await counted(loop)
    tables = [await loop.county.rows(f"SELECT xmin::text, * FROM {name}") for name in ("party", "offer")]  # noqa: S608
    await counted(loop)
    again = [await loop.county.rows(f"SELECT xmin::text, * FROM {name}") for name in ("party", "offer")]  # noqa: S608
    assert again == tables


async def test_nobody_is_shown_the_record_of_a_party() -> None:
    from schema.contract import sdl

    assert "trackRecord" not in sdl()
    assert "track_record" in Base.metadata.tables["party"].c


async def test_with_no_weight_on_it_nothing_moves(loop: Loop) -> None:
    weights = {one.code: one for one in read_weights().records}
    moved = weights["TRACK_RECORD"].weight
    weights["TYPE_FIT"] = replace(weights["TYPE_FIT"], weight=weights["TYPE_FIT"].weight + moved)
    weights["TRACK_RECORD"] = replace(weights["TRACK_RECORD"], weight=0)
    await load(loop.county.context, weights=list(weights.values()))
    await matches.renew_daily(loop.county.context)
    await loop.led_to("REJECTED", 1)
    # The same moment, so that only the record could move the score.
    before = await loop.county.one("SELECT score FROM match")
    await counted(loop)
    await matches.renew_all(loop.county.context)
    assert await loop.county.one("SELECT score FROM match") == before
    assert await counted(loop) < 5_000

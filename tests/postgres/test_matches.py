"""The stored matches are the best of all eligible pairs, at every moment an act returns."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from small_county import (
    COUNTY,
    FAR_VILLAGE,
    OTHER_COUNTY,
    OTHER_TOWN,
    SECOND_VILLAGE,
    TODAY,
    TOWN,
    VILLAGE,
    County,
    found,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from db import matches as stored
from db.database import sqlalchemy_url
from db.viewer import PUBLIC, Viewer
from resolvers import matches, needs, offers
from resolvers.errors import Conflict, NotFound, Refusal


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


async def truth(county: County) -> list[Any]:
    """The matches as they stand, without their ids; then as they are after computing them from nothing."""
    sql = "SELECT need_id, offer_id, score, quantity, parts FROM match ORDER BY 1, 2"
    now = await county.rows(sql)
    async with county.engine.connect() as conn, conn.begin() as undone:
        await conn.exec_driver_sql("DELETE FROM match")
        roots = [row[0] for row in await conn.exec_driver_sql("SELECT DISTINCT root_id FROM resource_type")]
        await matches.renew_trees(county.context, conn, roots)
        fresh = list((await conn.exec_driver_sql(sql)).all())
        await undone.rollback()
    assert now == fresh
    return now


async def test_a_need_finds_the_offers_that_are_there(county: County) -> None:
    offer = await county.offer(await county.provider())
    need = await county.need(await county.community())
    assert await county.matched(need) == [offer]
    row = await county.one("SELECT * FROM match")
    assert row.quantity == 2
    weights = await county.one("SELECT codes, weights FROM weight_set")
    assert sum(w * v for w, v in zip(weights.weights, row.parts, strict=True)) / 1e8 == row.score


async def test_an_offer_finds_the_needs_that_are_there(county: County) -> None:
    community = await county.community()
    first, second = await county.need(community), await county.need(community, resource_type="AIDS")
    general = await county.offer(await county.provider(), resource_type="GOODS")
    special = await county.offer(await county.provider(name="第二家"))
    assert await county.matched(first) == [special, general]
    # An offer of wheelchairs does not serve a need of any aids.
    assert await county.matched(second) == [general]


async def test_what_is_outside_the_coverage_does_not_match(county: County) -> None:
    need = await county.need(await county.community())
    await county.offer(await county.provider(), coverage=[OTHER_TOWN, OTHER_COUNTY])
    assert await county.matched(need) == []


async def test_a_paused_offer_leaves_every_list_and_comes_back_when_resumed(county: County) -> None:
    offer = await county.offer(await county.provider())
    need = await county.need(await county.community())
    await offers.pause(county.context, offer)
    assert await county.matched(need) == []
    await offers.resume(county.context, offer)
    assert await county.matched(need) == [offer]
    await offers.withdraw(county.context, offer)
    assert await county.matched(need) == []


async def test_a_withdrawn_need_has_no_matches(county: County) -> None:
    await county.offer(await county.provider())
    need = await county.need(await county.community())
    await needs.withdraw(county.context, need)
    assert await county.matched(need) == []


async def test_a_need_that_becomes_another_thing_changes_lists_across_trees(county: County) -> None:
    provider = await county.provider()
    goods, money = await county.offer(provider), await county.offer(provider, resource_type="FUNDS")
    need = await county.need(await county.community())
    assert await county.matched(need) == [goods]
    await needs.change(county.context, need, resource_type="FUNDS")
    assert await county.matched(need) == [money]
    await offers.change(county.context, money, resource_type="GOODS")
    assert await county.matched(need) == []
    await truth(county)


async def test_a_used_up_offer_is_gone_and_the_list_is_refilled(county: County) -> None:
    provider, community = await county.provider(), await county.community()
    many = [await county.offer(provider, title=f"第{i}份", capacity=2 + i) for i in range(matches.BEST + 3)]
    need = await county.need(community)
    listed = await county.matched(need)
    assert len(listed) == matches.BEST
    async with county.engine.begin() as conn:
        await conn.execute(text("UPDATE offer SET committed = capacity WHERE id = :id"), {"id": listed[0]})
        await matches.renew(county.context, conn, offer_ids=[listed[0]])
    after = await county.matched(need)
    assert len(after) == matches.BEST
    assert listed[0] not in after
    assert set(after) <= set(many)
    await truth(county)


async def test_a_match_keeps_its_id_while_it_lasts(county: County) -> None:
    offer = await county.offer(await county.provider())
    await county.need(await county.community())
    before = await county.one("SELECT id, score, quantity FROM match")
    await offers.change(county.context, offer, capacity=1)
    after = await county.one("SELECT id, score, quantity FROM match")
    assert after.id == before.id
    assert after.quantity == 1
    assert after.score != before.score


async def test_matches_of_yesterday_are_renewed_once(county: County) -> None:
    provider = await county.provider()
    await county.offer(provider, available_until=TODAY)
    lasting = await county.offer(provider, title="长期")
    need = await county.need(await county.community())
    assert len(await county.matched(need)) == 2
    tomorrow = county.on(TODAY + timedelta(days=1))
    assert await matches.renew_daily(county.context) is False
    assert await matches.renew_daily(tomorrow) is True
    assert await county.matched(need) == [lasting]
    assert await matches.renew_daily(tomorrow) is False


async def test_renewing_an_area_mends_it_and_leaves_the_rest(county: County) -> None:
    await county.offer(await county.provider())
    near = await county.need(await county.community())
    far = await county.need(await county.community(FAR_VILLAGE, "丙村社区"))
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("DELETE FROM match")
    await matches.renew_all(county.context, await county.area_id(TOWN))
    assert (len(await county.matched(near)), len(await county.matched(far))) == (1, 0)
    await matches.renew_all(county.context)
    assert len(await county.matched(far)) == 1


async def test_why_not_names_the_rules_that_failed(county: County) -> None:
    provider = await county.provider()
    wrong = await county.offer(provider, resource_type="FUNDS", coverage=[OTHER_TOWN], client_groups=["ELDER"])
    right = await county.offer(provider)
    need = await county.need(await county.community(), client_groups=["ORPHAN"])
    found = await matches.why_not(county.context, need, wrong)
    assert [one.code for one in found] == ["RESOURCE_TYPE", "COVERAGE", "CLIENT_GROUPS"]
    assert "梁山县" in found[1].text_zh
    assert await matches.why_not(county.context, need, right) == []


async def test_why_not_reveals_nothing_the_viewer_may_not_see(county: County) -> None:
    offer = await county.offer(await county.provider())
    need = await county.need(await county.community())
    for context in (county.by(PUBLIC), county.by(await county.coordinator(OTHER_COUNTY))):
        with pytest.raises(NotFound):
            await matches.why_not(context, need, offer)
    for pair in ((None, offer), (need, None), (need, 999), (2**70, offer)):
        with pytest.raises(NotFound):
            await matches.why_not(county.context, *pair)
    partner = county.by(Viewer("PARTNER", 5, party_id=(await county.one("SELECT provider_id FROM offer"))[0]))
    assert await matches.why_not(partner, need, offer) == []


async def test_groups_domains_and_earmarks_reach_what_lies_below_them(county: County) -> None:
    provider, community = await county.provider(), await county.community()
    need = await county.need(community, client_groups=["ORPHAN"])
    above = await county.offer(provider, title="困境儿童", client_groups=["CHILD"])
    domain = await county.offer(provider, title="儿童领域", earmark="CHILD_PROTECTION")
    await county.offer(provider, title="老人", earmark="ELDER")
    assert sorted(await county.matched(need)) == [above, domain]


async def test_need_and_offer_that_arrive_at_once_never_miss_each_other(county: County) -> None:
    provider, community = await county.provider(), await county.community()
    for _ in range(5):
        await asyncio.gather(*(county.need(community) for _ in range(4)), *(county.offer(provider) for _ in range(4)))
    assert len(await truth(county)) == 20 * 20


async def test_acts_of_every_kind_at_once_end_in_the_truth_without_a_deadlock(county: County) -> None:
    provider, community = await county.provider(), await county.community()
    chance = random.Random(7)
    types = ["GOODS", "WHEELCHAIR", "FUNDS"]
    asked = [await county.need(community, resource_type=chance.choice(types)) for _ in range(8)]
    given = [await county.offer(provider, resource_type=chance.choice(types)) for _ in range(8)]
    for _ in range(4):
        answers = await asyncio.gather(
            *(needs.change(county.context, id, resource_type=chance.choice(types)) for id in asked[:4]),
            *(offers.change(county.context, id, resource_type=chance.choice(types)) for id in given[:4]),
            *(offers.pause(county.context, id) for id in chance.sample(given, 3)),
            *(offers.resume(county.context, id) for id in chance.sample(given, 3)),
            county.need(community, resource_type=chance.choice(types)),
            county.offer(provider, resource_type=chance.choice(types)),
            needs.withdraw(county.context, asked.pop()),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if isinstance(answer, BaseException)]
        assert all(isinstance(one, Refusal) and one.code.startswith("OFFER_") for one in refused)
        await truth(county)


async def test_whoever_cannot_wait_is_told_so_and_changes_nothing(county: County, database_url: str) -> None:
    community = await county.community()
    before = await county.counts()
    hurried = create_async_engine(
        sqlalchemy_url(database_url), connect_args={"server_settings": {"lock_timeout": "50ms"}}
    )
    root = (await county.one("SELECT root_id FROM resource_type WHERE code = 'WHEELCHAIR'")).root_id
    async with county.engine.begin() as bulk:
        await stored.lock_trees(bulk, [root])
        context = replace(county.context, database=SimpleNamespace(engine=hurried))
        with pytest.raises(Conflict) as refusal:
            await needs.submit(context, title="轮椅", community_id=community, resource_type="WHEELCHAIR", quantity=1)
        assert refusal.value.code == "BUSY"
        # Another tree is nobody's business.
        await needs.submit(context, title="钱", community_id=community, resource_type="FUNDS", quantity=1)
    await hurried.dispose()
    after = await county.counts()
    assert (after["need"], after["event"]) == (before["need"] + 1, before["event"] + 1)


ACTS = {"submit": 4, "publish": 6, "change need": 2, "change offer": 2, "pause": 3, "resume": 3, "commit": 2, "end": 1}


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_sequence_of_acts_the_matches_are_those_of_a_fresh_computation(
    county: County, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short lists, so that full ones, overflow and refilling occur all the time."""
    monkeypatch.setattr(matches, "BEST", 3)
    chance = random.Random(seed)
    villages = [VILLAGE, SECOND_VILLAGE, FAR_VILLAGE]
    communities = [await county.community(code, f"社区{code}") for code in villages]
    providers = [await county.provider(code, f"公司{code}") for code in (TOWN, OTHER_TOWN, OTHER_COUNTY)]
    asked: list[int] = []
    given: list[int] = []
    types = ["GOODS", "AIDS", "WHEELCHAIR", "FUNDS"]
    groups: list[list[str]] = [[], ["CHILD"], ["ORPHAN"], ["ELDER"]]

    def terms_of_offer() -> dict[str, Any]:
        least = chance.choice([1, 1, 3])
        return {
            "resource_type": chance.choice(types),
            "capacity": chance.randint(3, 20),
            "coverage": chance.sample([COUNTY, COUNTY, TOWN, OTHER_TOWN, *villages], chance.choice([1, 2])),
            "client_groups": chance.choice([[], [], ["CHILD"], ["ELDER"]]),
            "minimum_per_need": least,
            "maximum_per_need": chance.choice([None, 3, 8]),
            "available_from": chance.choice([None, date(2026, 12, 1)]),
            "earmark": chance.choice([None, None, None, None, "CHILD_PROTECTION"]),
        }

    def terms_of_need() -> dict[str, Any]:
        return {
            "resource_type": chance.choice(types),
            "quantity": chance.randint(1, 12),
            "client_groups": chance.choice(groups),
            "needed_by": chance.choice([None, date(2026, 11, 25), date(2026, 12, 20)]),
        }

    seen = full = 0
    for step in range(100):
        (act,) = chance.choices(list(ACTS), list(ACTS.values()))
        try:
            if act == "submit" or not asked:
                asked.append(await county.need(chance.choice(communities), **terms_of_need()))
            elif act == "publish" or not given:
                given.append(await county.offer(chance.choice(providers), **terms_of_offer()))
            elif act == "change need":
                await needs.change(county.context, chance.choice(asked), **terms_of_need())
            elif act == "change offer":
                await offers.change(county.context, chance.choice(given), **terms_of_offer())
            elif act == "pause":
                await offers.pause(county.context, chance.choice(given))
            elif act == "resume":
                await offers.resume(county.context, chance.choice(given))
            elif act == "commit":
                async with county.engine.begin() as conn:
                    id = chance.choice(given)
                    await conn.execute(
                        text("UPDATE offer SET committed = least(capacity, committed + 2) WHERE id = :id"),
                        {"id": id},
                    )
                    await matches.renew(county.context, conn, offer_ids=[id])
            elif chance.random() < 0.3:
                await needs.withdraw(county.context, asked.pop(chance.randrange(len(asked))))
            else:
                await offers.withdraw(county.context, given.pop(chance.randrange(len(given))))
        except Refusal:
            continue  # an act that is not possible now is part of the sequence
        if step % 5 == 4:
            now = await truth(county)
            seen += len(now)
            full += sum(n == 3 for n in Counter(row.need_id for row in now).values())
    # The law was not tested on empty lists.
    assert seen > 100
    assert full > 15


async def test_many_changes_in_one_transaction_are_renewed_as_one(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches, "ONE_BY_ONE", 3)
    monkeypatch.setattr(matches, "BLOCK", 4)
    monkeypatch.setattr(stored, "COPY_FROM", 5)
    provider, community = await county.provider(), await county.community()
    asked = [await county.need(community) for _ in range(6)]
    given = [await county.offer(provider) for _ in range(5)]
    async with county.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE offer SET capacity = 20 + id")
        await conn.execute(text("UPDATE need SET status = 'CLOSED' WHERE id = :id"), {"id": asked[0]})
        await matches.renew(county.context, conn, need_ids=asked, offer_ids=given)
    assert await county.matched(asked[0]) == []
    assert len(await truth(county)) == 25

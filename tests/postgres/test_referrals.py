"""Referrals: from the order to the follow-up; what each step changes, and what it leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from loop import Loop, looped
from small_county import NOON, OTHER_COUNTY

from db.viewer import Viewer
from resolvers import needs, offers, referrals
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refusal
from resolvers.referral_steps import STEPS, possible


@pytest_asyncio.fixture
async def loop(database_url: str) -> AsyncIterator[Loop]:
    async with looped(database_url) as found:
        yield found


async def test_an_order_holds_its_quantity_of_offer_and_need(loop: Loop) -> None:
    id = await loop.order(3)
    row = await loop.row(id)
    assert (row.status, row.quantity, row.held, row.delivered) == ("REQUESTED", 3, 3, None)
    assert row.due_at > NOON
    assert tuple(await loop.need()) == (5, 3, 0, "OPEN")
    assert tuple(await loop.offer()) == (10, 3, 7)


async def test_the_whole_loop_closes_the_need(loop: Loop) -> None:
    id = await loop.order(5)
    await loop.step("accept", id, loop.provider)
    await loop.step("start", id, loop.provider)
    await loop.step("complete", id, loop.provider, delivered=5, outcome="GOT_HELP")
    assert tuple(await loop.need()) == (5, 5, 5, "MET")
    await referrals.follow_up(loop.context(), id, satisfaction=5)
    assert (await loop.need()).status == "CLOSED"
    row = await loop.row(id)
    assert (row.closed_by, row.awaited) == ("PROVIDER", False)
    assert [entry["status"] for entry in row.history] == [
        "REQUESTED",
        "ACCEPTED",
        "IN_PROGRESS",
        "COMPLETED",
        "COMPLETED",
    ]


async def test_what_was_not_delivered_goes_back_to_the_need_and_the_offer(loop: Loop) -> None:
    id = await loop.led_to("IN_PROGRESS")
    assert await loop.county.matched(loop.need_id) == []
    await loop.step("complete", id, delivered=2, outcome="GOT_HELP")
    assert tuple(await loop.need()) == (5, 2, 2, "OPEN")
    assert tuple(await loop.offer()) == (10, 2, 8)
    assert await loop.county.matched(loop.need_id) == [loop.offer_id]
    await referrals.follow_up(loop.context(), id, satisfaction=4, further_need="还差三台")
    assert (await loop.need()).status == "OPEN"


@pytest.mark.parametrize("status", ["REJECTED", "FAILED", "CANCELLED"])
async def test_what_comes_to_nothing_holds_nothing(loop: Loop, status: str) -> None:
    before = await loop.need(), await loop.offer(), await loop.county.matched(loop.need_id)
    id = await loop.led_to(status)
    assert (await loop.row(id)).held == 0
    assert (await loop.need(), await loop.offer(), await loop.county.matched(loop.need_id)) == before


@pytest.mark.parametrize("status", ["REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD", "COMPLETED", "REJECTED"])
@pytest.mark.parametrize("name", [name for name, step in STEPS.items() if step.sources and name != "release"])
async def test_a_step_out_of_order_changes_nothing_and_says_what_is_possible(
    loop: Loop, status: str, name: str
) -> None:
    if status in STEPS[name].sources:
        return
    id = await loop.led_to(status)
    before = await loop.everything()
    given = {"complete": {"delivered": 1, "outcome": "GOT_HELP"}, "fail": {"outcome": "NO_LONGER_INTERESTED"}}.get(
        name, {}
    )
    if name == "reject":
        given = {"reason": "NO_CAPACITY"}
    tried = referrals.follow_up(loop.context(), id, satisfaction=3)
    if name != "followUp":
        tried.close()
        tried = referrals.advance(loop.context(), name, id, **given)
    with pytest.raises(Conflict) as refused:
        await tried
    assert refused.value.code == f"REFERRAL_{status}"
    for step in possible(status, frozenset(["COORDINATOR"])):
        assert step.zh in refused.value.message_zh
        assert step.en in refused.value.message_en
    assert await loop.everything() == before


async def test_each_side_takes_its_own_steps(loop: Loop) -> None:
    id = await loop.order()
    before = await loop.everything()
    with pytest.raises(NotAllowed, match="the provider"):
        await loop.step("accept", id, loop.community)
    with pytest.raises(NotAllowed, match="the community"):
        await loop.step("cancel", id, loop.provider)
    stranger = Viewer("PARTNER", 9, party_id=await loop.county.provider(name="另一家公司"))
    before = await loop.everything()
    for viewer in (stranger, await loop.county.coordinator(OTHER_COUNTY)):
        with pytest.raises(NotFound):
            await loop.step("accept", id, viewer)
    with pytest.raises(NotAllowed):
        await loop.step("accept", id, Viewer("READER", 8))
    assert await loop.everything() == before
    await loop.step("cancel", id, loop.community)
    assert (await loop.row(id)).closed_by == "COMMUNITY"


async def test_what_a_step_requires_is_asked_for_all_at_once(loop: Loop) -> None:
    id = await loop.led_to("IN_PROGRESS")
    before = await loop.everything()
    with pytest.raises(InvalidInput) as refused:
        await loop.step("complete", id, delivered=0)
    assert {(field.path, field.code) for field in refused.value.fields} == {
        (("delivered",), "OUT_OF_RANGE"),
        (("outcome",), "REQUIRED"),
    }
    with pytest.raises(InvalidInput):
        await loop.step("complete", id, delivered=6, outcome="GOT_HELP")
    with pytest.raises(InvalidInput, match="reason"):
        await loop.step("complete", id, delivered=5, outcome="GOT_HELP", reason="OTHER")
    with pytest.raises(InvalidInput, match="outcome"):
        await loop.step("fail", id, outcome="WONDERFUL")
    assert await loop.everything() == before


async def test_a_rejection_needs_its_reason(loop: Loop) -> None:
    id = await loop.order()
    before = await loop.everything()
    with pytest.raises(InvalidInput, match="reason"):
        await loop.step("reject", id, loop.provider)
    assert await loop.everything() == before


async def test_no_more_is_ordered_than_is_left(loop: Loop) -> None:
    await loop.order(4)
    before = await loop.everything()
    with pytest.raises(Conflict, match="at most 1") as refused:
        await loop.order(2)
    assert refused.value.code == "NOT_ENOUGH_LEFT"
    with pytest.raises(InvalidInput):
        await loop.order(0)
    assert await loop.everything() == before


async def test_what_does_not_match_is_not_ordered(loop: Loop) -> None:
    money = await loop.county.offer(loop.provider_id, title="助学金", resource_type="FUNDS")
    before = await loop.everything()
    with pytest.raises(Conflict) as refused:
        await loop.order(1, offer_id=money)
    assert refused.value.code == "NOT_A_MATCH_RESOURCE_TYPE"
    assert await loop.everything() == before


async def test_a_vanished_need_is_not_served(loop: Loop) -> None:
    await needs.withdraw(loop.context(), loop.need_id)
    before = await loop.everything()
    with pytest.raises(Conflict, match="not open"):
        await loop.order(1)
    with pytest.raises(NotFound):
        await loop.order(1, need_id=999)
    assert await loop.everything() == before


async def test_a_provider_takes_an_open_need_itself(loop: Loop) -> None:
    done = await referrals.take(loop.context(loop.provider), need_id=loop.need_id, offer_id=loop.offer_id, quantity=2)
    row = await loop.row(done.id)
    assert (row.status, row.taken, row.held) == ("ACCEPTED", True, 2)
    stranger = Viewer("PARTNER", 9, party_id=await loop.county.provider(name="另一家公司"))
    before = await loop.everything()
    with pytest.raises(Refusal):
        await referrals.take(loop.context(stranger), need_id=loop.need_id, offer_id=loop.offer_id, quantity=1)
    with pytest.raises(NotAllowed):
        await referrals.request(loop.context(loop.provider), need_id=loop.need_id, offer_id=loop.offer_id, quantity=1)
    assert await loop.everything() == before


async def test_a_race_for_the_last_units_commits_them_all_and_not_one_more(loop: Loop) -> None:
    async def one() -> bool:
        try:
            await loop.order(2)
        except Conflict as refused:
            codes.append(refused.code)
            return False
        return True

    codes: list[str] = []
    done = await asyncio.gather(*(one() for _ in range(8)))
    assert sum(done) == 2
    assert codes == 6 * ["NOT_ENOUGH_LEFT"]
    assert (await loop.need()).committed == 4
    await loop.order(1)
    assert tuple(await loop.need()) == (5, 5, 0, "OPEN")


async def test_the_database_itself_refuses_to_promise_too_much(loop: Loop) -> None:
    for table in ("need", "offer"):
        with pytest.raises(Exception, match="committed_within"):
            await loop.county.rows(f"UPDATE {table} SET committed = 1000 RETURNING id")  # noqa: S608


async def test_an_offer_that_is_paused_keeps_its_promises_and_drops_unanswered_orders(loop: Loop) -> None:
    promised, unanswered = await loop.led_to("ACCEPTED", 2), await loop.order(3)
    await offers.pause(loop.context(loop.provider), loop.offer_id)
    assert (await loop.row(promised)).status == "ACCEPTED"
    row = await loop.row(unanswered)
    assert (row.status, row.closed_by) == ("CANCELLED", "PROVIDER")
    assert tuple(await loop.need()) == (5, 2, 0, "OPEN")
    await loop.step("start", promised, loop.provider)
    await loop.step("complete", promised, loop.provider, delivered=2, outcome="GOT_HELP")


async def test_an_offer_that_is_withdrawn_ends_what_has_not_begun(loop: Loop) -> None:
    begun, promised = await loop.led_to("IN_PROGRESS", 2), await loop.led_to("ACCEPTED", 2)
    await offers.withdraw(loop.context(loop.provider), loop.offer_id)
    assert (await loop.row(begun)).status == "IN_PROGRESS"
    assert (await loop.row(promised)).status == "CANCELLED"
    assert (await loop.offer()).committed == 2


async def test_a_need_is_not_withdrawn_under_a_service(loop: Loop) -> None:
    id = await loop.led_to("IN_PROGRESS", 2)
    other = await loop.order(1)
    before = await loop.everything()
    with pytest.raises(Conflict) as refused:
        await needs.withdraw(loop.context(), loop.need_id)
    assert refused.value.code == "REFERRALS_STAND"
    assert await loop.everything() == before
    await loop.step("fail", id, outcome="NO_LONGER_INTERESTED")
    await needs.withdraw(loop.context(), loop.need_id)
    assert (await loop.row(other)).status == "CANCELLED"
    assert tuple(await loop.need()) == (5, 0, 0, "WITHDRAWN")


async def test_nobody_reached_is_not_followed_up(loop: Loop) -> None:
    id = await loop.led_to("COMPLETED")
    with pytest.raises(InvalidInput, match="satisfaction"):
        await referrals.follow_up(loop.context(), id)
    await referrals.follow_up(loop.context(), id, reached=False)
    row = await loop.row(id)
    assert (row.awaited, row.followed_up_at) == (True, None)
    await referrals.follow_up(loop.context(loop.community), id, satisfaction=2)
    before = await loop.everything()
    with pytest.raises(Conflict, match="already"):
        await referrals.follow_up(loop.context(), id, satisfaction=5)
    with pytest.raises(NotAllowed):
        await referrals.follow_up(loop.context(loop.provider), id, satisfaction=5)
    assert await loop.everything() == before


async def test_a_need_that_asks_for_no_more_than_was_delivered_and_followed_up_is_closed(loop: Loop) -> None:
    id = await loop.led_to("COMPLETED", 2)
    await needs.change(loop.context(), loop.need_id, quantity=2)
    assert (await loop.need()).status == "MET"
    await needs.change(loop.context(), loop.need_id, quantity=3)
    await referrals.follow_up(loop.context(), id, satisfaction=4)
    assert (await loop.need()).status == "OPEN"
    last = (await loop.county.one("SELECT max(id) FROM event"))[0]
    await needs.change(loop.context(), loop.need_id, quantity=2)
    assert (await loop.need()).status == "CLOSED"
    assert await loop.kinds(last) == ["need.changed", "need.closed"]


async def test_twenty_at_once_with_one_key_make_one_referral(loop: Loop) -> None:
    async def one() -> int:
        return await loop.order(1, idempotency_key="once")

    assert len(set(await asyncio.gather(*(one() for _ in range(20))))) == 1
    assert (await loop.need()).committed == 1
    with pytest.raises(Conflict) as refused:
        await loop.order(2, idempotency_key="once")
    assert refused.value.code == "IDEMPOTENCY_KEY_REUSED"
    assert (await loop.need()).committed == 1


async def test_every_change_is_told_once_in_the_order_it_happened(loop: Loop) -> None:
    last = (await loop.county.one("SELECT max(id) FROM event"))[0]
    await loop.led_to("COMPLETED")
    assert await loop.kinds(last) == [
        "referral.requested",
        "offer.committed",
        "need.committed",
        "referral.accepted",
        "referral.started",
        "referral.completed",
        "need.committed",
    ]

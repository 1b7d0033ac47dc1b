"""Approving a plan: one order for each line, or none at all."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from loop import Loop, looped
from small_county import COUNTY, OTHER_COUNTY

from resolvers import needs, offers, plan_approval, plan_keeping, plans
from resolvers.errors import Conflict, NotAllowed, NotFound


@pytest_asyncio.fixture
async def loop(database_url: str) -> AsyncIterator[Loop]:
    async with looped(database_url, need=4, capacity=6) as found:
        yield found


async def planned(loop: Loop) -> int:
    return (await plans.compute(loop.context(), area=COUNTY)).id


async def test_every_line_becomes_an_order(loop: Loop) -> None:
    second = await loop.county.need(loop.community_id, title="轮椅两台", quantity=2)
    id = await planned(loop)
    await plan_approval.approve(loop.context(), id)
    rows = await loop.county.rows("SELECT need_id, offer_id, quantity, status, plan_id FROM referral ORDER BY need_id")
    assert [tuple(row) for row in rows] == [
        (loop.need_id, loop.offer_id, 4, "REQUESTED", id),
        (second, loop.offer_id, 2, "REQUESTED", id),
    ]
    assert tuple(await loop.offer()) == (6, 6, 0)
    assert (await loop.county.one("SELECT status FROM plan WHERE id = :id", id=id)).status == "APPROVED"
    told = await loop.county.rows("SELECT kind FROM notice WHERE party_id = :id", id=loop.provider_id)
    assert [row.kind for row in told] == ["NEW_ORDER", "NEW_ORDER"]
    before = await loop.everything()
    with pytest.raises(Conflict, match="approved already"):
        await plan_approval.approve(loop.context(), id)
    assert await loop.everything() == before


async def test_a_line_that_holds_no_longer_stops_all_of_it(loop: Loop) -> None:
    second = await loop.county.need(loop.community_id, title="轮椅两台", quantity=2)
    id = await planned(loop)
    await needs.withdraw(loop.context(), second)
    before = await loop.everything()
    with pytest.raises(Conflict, match="轮椅两台") as refused:
        await plan_approval.approve(loop.context(), id)
    assert refused.value.code == "PLAN_OUTDATED"
    assert await loop.everything() == before


async def test_an_offer_that_was_used_since_stops_all_of_it(loop: Loop) -> None:
    id = await planned(loop)
    other = await loop.county.need(loop.community_id, title="另一台", quantity=3)
    await loop.order(3, need_id=other)
    before = await loop.everything()
    with pytest.raises(Conflict) as refused:
        await plan_approval.approve(loop.context(), id)
    assert refused.value.code == "PLAN_OUTDATED"
    assert await loop.everything() == before
    await offers.change(loop.context(), loop.offer_id, capacity=7)
    await plan_approval.approve(loop.context(), id)
    assert tuple(await loop.offer()) == (7, 7, 0)


async def test_a_newer_plan_is_the_one_to_approve(loop: Loop) -> None:
    old, new = await planned(loop), await planned(loop)
    with pytest.raises(Conflict, match="newer plan"):
        await plan_approval.approve(loop.context(), old)
    await plan_approval.approve(loop.context(), new)
    empty = await planned(loop)
    with pytest.raises(Conflict, match="allocates nothing"):
        await plan_approval.approve(loop.context(), empty)


async def test_an_approved_plan_is_not_kept_any_more(loop: Loop) -> None:
    id = await planned(loop)
    await plan_keeping.keep(loop.context(), id, keep=True)
    await plan_approval.approve(loop.context(), id)
    assert (await loop.county.one("SELECT kept FROM plan WHERE id = :id", id=id)).kept is False


async def test_only_the_areas_coordinator_approves(loop: Loop) -> None:
    id = await planned(loop)
    before = await loop.everything()
    with pytest.raises(NotFound):
        await plan_approval.approve(loop.context(await loop.county.coordinator(OTHER_COUNTY)), id)
    with pytest.raises(NotAllowed):
        await plan_approval.approve(loop.context(loop.provider), id)
    assert await loop.everything() == before

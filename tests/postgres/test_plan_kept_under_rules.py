"""A kept plan of money: what rules leave changes without a need or an offer changing, and the plan follows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fund_stage import COUNTY, Money, with_money, yuan
from test_fund_rules import fund_with_offer

from resolvers import payments, plan_keeping, plans, records
from resolvers.plan_keeper import Keeper


@pytest.fixture
async def money(database_url: str) -> AsyncIterator[Money]:
    async with with_money(database_url) as one:
        yield one


async def test_a_kept_plan_follows_what_rules_leave(money: Money) -> None:
    county = money.county
    community = await county.community()
    await county.need(community, title="救助", resource_type="FUNDS", quantity=400)
    await fund_with_offer(money, 300)
    await county.offer(money.firm, title="物资", capacity=5)
    await county.need(community, title="物资", quantity=2)
    id = (await plans.compute(county.context, area=COUNTY)).id
    await plan_keeping.keep(county.context, id, keep=True)

    async with county.engine.connect() as conn:
        keeper = Keeper(county.context, conn, await county.area_id(COUNTY))

        async def given() -> tuple[int, int, int]:
            """(yuan, goods, rules broken) of the plan as it is kept, which is what computing afresh says."""
            assert await keeper.follow()
            told = []
            for plan in (id, None):
                if plan is None:
                    fresh = Keeper(county.context, conn, await county.area_id(COUNTY))
                    assert await fresh.follow()
                row = await county.one(
                    "SELECT coalesce(sum(a.quantity) FILTER (WHERE t.kind = 'FUNDS'), 0),"
                    " coalesce(sum(a.quantity) FILTER (WHERE t.kind <> 'FUNDS'), 0), max(p.violations)"
                    " FROM plan p LEFT JOIN allocation a ON a.plan_id = p.id LEFT JOIN need n ON n.id = a.need_id"
                    " LEFT JOIN resource_type t ON t.id = n.resource_type_id WHERE p.id = :id",
                    id=id,
                )
                told.append((int(row[0]), int(row[1]), int(row[2])))
            assert told[0] == told[1]
            return told[0]

        assert await given() == (300, 2, 0)
        rule = await money.rule()
        assert await given() == (0, 2, 0)
        base = await money.base("10000.00")
        assert await given() == (200, 2, 0)
        line = await money.line("1000.00")
        commitment = await money.commit(("budget_line", line), "50.01")
        assert await given() == (149, 2, 0)
        await county.need(community, title="又一", resource_type="FUNDS", quantity=10)
        await county.need(community, title="又一物资", quantity=2)
        assert await given() == (149, 4, 0)
        await payments.release(money.context, commitment, amount=yuan("0.01"))
        assert await given() == (150, 4, 0)
        await fund_with_offer(money, 5, "福彩", "WELFARE_LOTTERY")
        assert await given() == (155, 4, 0)
        await money.base("0.00", id=base)
        assert await given() == (5, 4, 0)
        await records.withdraw(money.context, "fund_rule", rule, reason="废止")
        assert await given() == (305, 4, 0)

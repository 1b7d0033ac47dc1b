"""Rules as data: a fen over a cap is refused, two at once cannot pass it together, what is missing is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fund_stage import COUNTY, STREET, TODAY, TOWN, Money, with_money, yuan
from small_county import OTHER_COUNTY
from test_funds import refused

from db import plans as plan_rows
from resolvers import ledger, parties, payments, plans, records, referrals, services
from resolvers.errors import Conflict, InvalidInput, NotAllowed


@pytest.fixture
async def money(database_url: str) -> AsyncIterator[Money]:
    async with with_money(database_url) as one:
        yield one


async def test_a_commitment_over_the_cap_by_one_fen_is_refused_with_the_clause_and_what_is_left(money: Money) -> None:
    await money.rule()
    await money.base("1000000.50")
    line = await money.line("50000.00")
    await money.commit(("budget_line", line), "15000.00")
    said = await refused(money, money.commit(("budget_line", line), "5000.02"))
    assert said.code == "RULE_BROKEN"
    for told in ("某办法第三条", "20000.01", "5000.01"):
        assert told in said.message_zh
    assert "Some measures, art. 3" in said.message_en
    await money.commit(("budget_line", line), "5000.01")
    assert (await refused(money, money.commit(("budget_line", line), "0.01"))).code == "RULE_BROKEN"


async def test_a_payment_over_the_cap_by_one_fen_is_refused(money: Money) -> None:
    await money.rule()
    base = await money.base("1000000.00")
    line = await money.line("50000.00")
    commitment = await money.commit(("budget_line", line), "20000.00")
    # The base was entered wrongly and is put right: what was promised stays, what is paid is judged again.
    await money.base("900000.00", id=base)
    said = await refused(money, money.pay(commitment, "18000.01"))
    assert said.code == "RULE_BROKEN"
    await money.pay(commitment, "18000.00")
    assert (await refused(money, money.pay(commitment, "0.01"))).code == "RULE_BROKEN"


async def test_money_of_another_source_or_county_or_year_is_not_counted(money: Money) -> None:
    await money.rule()
    await money.base("100.00")
    lottery = await money.line("1000.00", "WELFARE_LOTTERY")
    await money.commit(("budget_line", lottery), "1000.00")
    line = await money.line("1000.00", name="其他")
    await money.commit(("budget_line", line), "2.00")
    (room,) = await ledger.headroom(money.context, area=TOWN)
    assert (room.limit, room.committed, room.left) == (yuan("2.00"), yuan("2.00"), 0)
    last_year = await ledger.headroom(money.context, area=COUNTY, on=date(2025, 5, 5))
    assert [(one.base, one.base_year, one.left, one.used) for one in last_year] == [(None, 2025, None, 0)]
    assert await ledger.headroom(money.context, area=OTHER_COUNTY) == []


async def test_a_missing_base_is_refused_and_says_what_to_enter(money: Money) -> None:
    await money.rule(years_back=1)
    line = await money.line("10.00")
    said = await refused(money, money.commit(("budget_line", line), "0.01"))
    assert said.code == "BASE_MISSING"
    for told in ("梁山县", "2025", "社会救助专项经费"):
        assert told in said.message_zh
    assert "Special funds for social assistance" in said.message_en
    await money.base("1.00", 2025)
    await money.commit(("budget_line", line), "0.02")


async def test_a_soft_rule_is_passed_and_marked(money: Money) -> None:
    await money.rule(severity="SOFT")
    await money.base("100.00")
    line = await money.line("10.00")
    await money.commit(("budget_line", line), "3.00")
    (mark,) = (await money.county.one("SELECT marks FROM commitment"))[0]
    assert mark["code"] == "SHARE"
    assert "某办法第三条" in mark["text_zh"]


async def test_a_rule_holds_in_its_area_and_days_only(money: Money) -> None:
    rule = await money.rule(from_on=date(2026, 6, 1), until_on=date(2026, 6, 30))
    await money.base("100.00")
    line = await money.line("100.00")
    for day in (date(2026, 5, 31), date(2026, 7, 1)):
        await money.commit(("budget_line", line), "10.00", on=day)
    # The year's promises count, whenever the rule began.
    june = money.commit(("budget_line", line), "0.01", on=date(2026, 6, 1))
    assert (await refused(money, june)).code == "RULE_BROKEN"
    await records.withdraw(money.context, "fund_rule", rule, reason="登记有误")
    await money.commit(("budget_line", line), "10.00", on=date(2026, 6, 1))


async def test_what_is_given_back_can_be_promised_again(money: Money) -> None:
    await money.rule()
    await money.base("100.00")
    line = await money.line("100.00")
    commitment = await money.commit(("budget_line", line), "2.00")
    assert (await refused(money, money.commit(("budget_line", line), "0.50"))).code == "RULE_BROKEN"
    await payments.release(money.context, commitment, amount=yuan("0.50"))
    await money.commit(("budget_line", line), "0.50")


async def test_of_many_who_spend_at_once_only_as_many_as_the_cap_bears(money: Money) -> None:
    await money.rule()
    await money.base("500.00")
    lines = [await money.line("100.00", name=f"预算{place}") for place in range(6)]
    said = await asyncio.gather(
        *(money.commit(("budget_line", line), "3.00") for line in lines), return_exceptions=True
    )
    done = [one for one in said if isinstance(one, int)]
    assert len(done) == 3
    assert {one.code for one in said if isinstance(one, Conflict)} == {"RULE_BROKEN"}
    assert (await money.county.one("SELECT sum(amount) FROM commitment"))[0] == yuan("9.00")


async def test_payments_of_two_commitments_at_once_cannot_pass_the_cap_together(money: Money) -> None:
    await money.rule()
    base = await money.base("1000.00")
    lines = [await money.line("100.00", name=f"预算{place}") for place in range(2)]
    commitments = [await money.commit(("budget_line", line), "10.00") for line in lines]
    await money.base("600.00", id=base)
    said = await asyncio.gather(*(money.pay(one, "10.00") for one in commitments), return_exceptions=True)
    assert sorted(isinstance(one, Conflict) for one in said) == [False, True]


async def test_staff_cost_is_a_share_of_what_the_project_has(money: Money) -> None:
    await money.rule(
        code="STAFF", subject="PROJECT_COST", measure="STAFF_COST", threshold=Decimal("0.7"), base="PROJECT_TOTAL",
        years_back=None, scope="EACH", fund_sources=[],
    )  # fmt: skip
    line = await money.line("1000.00")
    commitment = await money.commit(("budget_line", line), "100.01")
    assert (await refused(money, money.pay(commitment, "70.01", pays_for="STAFF"))).code == "RULE_BROKEN"
    await money.pay(commitment, "70.00", pays_for="STAFF")
    await money.pay(commitment, "20.00")
    # Giving back what is left would make the staff too large a share.
    assert (await refused(money, payments.release(money.context, commitment))).code == "RULE_BROKEN"
    await payments.release(money.context, commitment, amount=yuan("0.01"))


async def test_money_from_above_needs_a_passed_evaluation(money: Money) -> None:
    await money.rule(
        code="SUBSIDY", subject="SUBSIDY", measure="EVALUATION_PASSED", bound="AT_LEAST", threshold=Decimal(1),
        base=None, years_back=None, scope="EACH", fund_sources=[],
    )  # fmt: skip
    station = await records.save(
        money.context,
        "station",
        {"area": TOWN, "name": "山东省济宁市梁山县拳铺镇社会工作站", "tier": "STATION"},
        id=None,
    )
    city = await money.line("100.00", area="3708", name="市级补助")
    for_station: dict[str, Any] = {"target": ("station", station.id)}
    said = await refused(money, money.commit(("budget_line", city), "1.00", **for_station))
    assert said.code == "RULE_BROKEN"
    assert "某办法第三条" in said.message_zh
    own = await money.line("100.00", name="本级")
    await money.commit(("budget_line", own), "1.00", **for_station)


async def test_an_act_is_tried_without_being_done(money: Money) -> None:
    await money.rule()
    await money.base("100.00")
    before = await money.books()
    asked: dict[str, Any] = {"area": COUNTY, "subject": "FUND_SPENDING", "fund_source": "HARDSHIP_SUBSIDY"}
    assert await ledger.try_rules(money.context, **asked, facts={"AMOUNT": yuan("2.00")}) == []
    (breach,) = await ledger.try_rules(money.context, **asked, facts={"AMOUNT": yuan("2.01")})
    assert (breach.severity, breach.limit, breach.used, breach.room) == ("HARD", yuan("2"), yuan("2.01"), yuan("2.00"))
    with pytest.raises(InvalidInput):
        await ledger.try_rules(money.context, **asked, facts={})
    elsewhere = money.county.by(await money.county.coordinator(OTHER_COUNTY))
    with pytest.raises(NotAllowed):
        await ledger.headroom(elsewhere, area=COUNTY)
    assert await money.books() == before


# ------------------------------------------------------------------------------------------------ plans


async def fund_with_offer(money: Money, capacity: int, name: str = "补助资金", source: str = "HARDSHIP_SUBSIDY") -> int:
    fund = (await parties.register_fund(money.context, name=name, area=COUNTY, source=source)).id
    return await money.county.offer(fund, title=name, resource_type="FUNDS", capacity=capacity)


async def allocated(money: Money, area: str = COUNTY) -> tuple[int, bool, int]:
    """(yuan given out by a plan, whether it is proven, rules it breaks)."""
    row = await plans.ask(money.context, area=area)
    async with money.county.engine.begin() as conn:
        await plan_rows.begin(conn, row.id, money.context.clock())
    await plans.carry_out(money.context, row.id, 1, lambda _: None)
    got = await money.county.one(
        "SELECT coalesce(sum(quantity), 0), p.optimal, p.violations FROM plan p LEFT JOIN allocation a"
        " ON a.plan_id = p.id WHERE p.id = :id GROUP BY p.id",
        id=row.id,
    )
    return int(got[0]), got[1], got[2]


async def test_a_plan_never_gives_out_money_that_a_rule_forbids(money: Money) -> None:
    community = await money.county.community()
    for place in range(3):
        await money.county.need(community, title=f"救助{place}", resource_type="FUNDS", quantity=400)
    await fund_with_offer(money, 500)
    await fund_with_offer(money, 500, "补助资金二")
    assert await allocated(money) == (1000, True, 0)
    await money.rule()
    assert await allocated(money) == (0, True, 0)
    base = await money.base("30050.00")
    assert await allocated(money) == (601, True, 0)
    # What is promised elsewhere is gone for the plan; money of another source is free.
    line = await money.line("1000.00")
    await money.commit(("budget_line", line), "100.50")
    assert await allocated(money) == (500, True, 0)
    await fund_with_offer(money, 50, "福彩", "WELFARE_LOTTERY")
    assert await allocated(money) == (550, True, 0)
    await money.base("10000000.00", id=base)
    assert await allocated(money) == (1050, True, 0)


async def test_a_plan_over_two_counties_passes_the_room_of_neither(money: Money) -> None:
    here = await money.county.community()
    there = await money.county.community(STREET.code, "任城社区")
    for community in (here, there):
        await money.county.need(community, title="救助", resource_type="FUNDS", quantity=1000)
    await money.rule(area="3708")
    for area, amount in ((COUNTY, "5000.00"), (OTHER_COUNTY, "10000.00")):
        values = {"area": area, "base": "SPECIAL", "year": 2026, "amount": yuan(amount)}
        await records.save(money.context, "base_amount", values, id=None)
    fund = (await parties.register_fund(money.context, name="市级", area="3708", source="HARDSHIP_SUBSIDY")).id
    for place, coverage in enumerate(([COUNTY], [OTHER_COUNTY], [COUNTY, OTHER_COUNTY])):
        title = f"资金{place}"
        await money.county.offer(fund, title=title, resource_type="FUNDS", capacity=900, coverage=coverage)
    total, optimal, violations = await allocated(money, "3708")
    assert (optimal, violations) == (True, 0)
    rows = await money.county.rows(
        "SELECT n.county_id, sum(a.quantity) FROM allocation a JOIN need n ON n.id = a.need_id GROUP BY 1"
    )
    rooms = {await money.county.area_id(COUNTY): 100, await money.county.area_id(OTHER_COUNTY): 200}
    assert 0 < total <= 300
    assert all(given <= rooms[county] for county, given in rows)


async def test_orders_of_such_money_count_until_a_commitment_covers_them(money: Money) -> None:
    await money.rule()
    await money.base("10000.00")
    community = await money.county.community()
    need = await money.county.need(community, title="救助", resource_type="FUNDS", quantity=500)
    offer = await fund_with_offer(money, 500)
    order = (await referrals.request(money.context, need_id=need, offer_id=offer, quantity=150)).id
    (room,) = await ledger.headroom(money.context, area=COUNTY)
    assert (room.promised, room.left) == (150, yuan("50.00"))
    line = await money.line("1000.00")
    assert (await refused(money, money.commit(("budget_line", line), "50.01"))).code == "RULE_BROKEN"
    await money.commit(("budget_line", line), "150.00", target=("referral", order))
    (room,) = await ledger.headroom(money.context, area=COUNTY)
    assert (room.promised, room.committed, room.left) == (0, yuan("150.00"), yuan("50.00"))


async def test_no_more_money_is_recorded_as_paid_than_an_order_is_for(money: Money) -> None:
    community = await money.county.community()
    need = await money.county.need(community, title="救助", resource_type="FUNDS", quantity=500)
    offer = await fund_with_offer(money, 500)
    order = (await referrals.request(money.context, need_id=need, offer_id=offer, quantity=150)).id
    for step in ("accept", "start"):
        await referrals.advance(money.context, step, order)
    values: dict[str, Any] = {"referral_id": order, "kind": "MONEY_PAID", "served_on": TODAY, "persons": 1}
    first = await services.record_service(money.context, amount=yuan("100.00"), **values)
    with pytest.raises(InvalidInput) as refusal:
        await services.record_service(money.context, amount=yuan("50.01"), **values)
    assert [one.code for one in refusal.value.fields] == ["MORE_THAN_PROMISED"]
    assert "50.00" in refusal.value.fields[0].message_zh
    await services.record_service(money.context, amount=yuan("50.00"), **values)
    # A correction is judged without what it replaces.
    del values["referral_id"]
    await services.correct(money.context, first.id, amount=yuan("99.99"), **values)
    assert (await money.county.one("SELECT count(*) FROM service_record"))[0] == 3

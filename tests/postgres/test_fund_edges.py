"""Money at its edges: held up half way, undone twice, out of its cycle, by rules that begin and end, to the odd fen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fund_stage import COUNTY, STREET, TODAY, TOWN, VILLAGE, Money, with_money, yuan
from plan_stage import until
from small_county import OTHER_COUNTY
from sqlalchemy import text
from test_fund_rules import allocated, fund_with_offer
from test_funds import refused

from resolvers import donations, funds, ledger, parties, payments, plan_approval, records, referrals, stipends
from resolvers.errors import InvalidInput, NotAllowed, NotFound


@pytest.fixture
async def money(database_url: str) -> AsyncIterator[Money]:
    async with with_money(database_url) as one:
        yield one


async def together(money: Money, acts: list[Awaitable[Any]]) -> list[Any]:
    """Their answers, where each is held up as it is about to move money until all of them wait for something."""
    async with money.county.engine.connect() as conn:
        held = await conn.begin()
        await conn.execute(text("LOCK TABLE posting, journal IN SHARE MODE"))
        await conn.execute(text("SELECT id FROM account FOR UPDATE"))
        own = (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        asked = [asyncio.ensure_future(one) for one in acts]

        async def all_wait() -> bool:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> :own"
            row = await money.county.one(sql + " AND datname = current_database()", own=own)
            return bool(row[0] >= len(acts))

        await until(all_wait)
        await held.rollback()
        return await asyncio.gather(*asked, return_exceptions=True)


async def test_two_payments_that_both_saw_the_room_do_not_both_pass_the_cap(money: Money) -> None:
    await money.rule()
    base = await money.base("1000.00")
    lines = [await money.line("100.00", name=f"预算{place}") for place in range(2)]
    commitments = [await money.commit(("budget_line", line), "10.00") for line in lines]
    await money.base("600.00", id=base)
    said = await together(money, [money.pay(one, "10.00") for one in commitments])
    assert sorted(getattr(one, "code", "") for one in said) == ["", "RULE_BROKEN"]
    assert (await money.county.one("SELECT sum(amount) FROM payment"))[0] == yuan("10.00")


async def test_two_commitments_that_both_saw_the_room_do_not_both_pass_the_cap(money: Money) -> None:
    await money.rule()
    await money.base("500.00")
    lines = [await money.line("100.00", name=f"预算{place}") for place in range(2)]
    said = await together(money, [money.commit(("budget_line", one), "10.00") for one in lines])
    assert sorted(getattr(one, "code", "") for one in said) == ["", "RULE_BROKEN"]


async def test_one_payment_is_undone_once(money: Money) -> None:
    line = await money.line("100.00")
    commitment = await money.commit(("budget_line", line), "50.00")
    payment = await money.pay(commitment, "20.00")
    said = await asyncio.gather(*(payments.reverse(money.context, payment) for _ in range(3)), return_exceptions=True)
    assert sorted(getattr(one, "code", "") for one in said) == ["", "ALREADY_REVERSED", "ALREADY_REVERSED"]
    assert (await refused(money, payments.reverse(money.context, payment))).code == "ALREADY_REVERSED"
    assert await money.balance("COMMITMENT", commitment) == yuan("50.00")


async def test_nothing_is_paid_out_of_a_promise_that_was_given_back(money: Money) -> None:
    line = await money.line("100.00")
    commitment = await money.commit(("budget_line", line), "50.00")
    await payments.release(money.context, commitment)
    assert (await refused(money, money.pay(commitment, "0.01"))).code == "NOT_ENOUGH_MONEY"
    assert (await refused(money, payments.release(money.context, commitment))).code == "NOTHING_LEFT"
    assert await money.balance("LINE", line) == yuan("100.00")


async def test_a_gift_is_not_put_to_another_use_twice_nor_on_anybodys_word(money: Money) -> None:
    gift = (
        await donations.record_donation(
            money.context, area=COUNTY, donor_id=money.firm, amount=yuan("100.00"), earmark="EMPTY_NEST",
            donated_on=date(2026, 1, 10),
        )
    ).id  # fmt: skip
    consent: dict[str, Any] = {
        "amount": yuan("100.00"), "earmark": None, "consent_by_id": money.firm, "consented_on": date(2026, 1, 11),
        "consent_reference": "2026-1",
    }  # fmt: skip
    before = await money.books()
    for wrong in ({"consent_by_id": None}, {"consent_by_id": money.office}, {"consented_on": None},
                  {"consent_reference": None}, {"consented_on": date(2026, 1, 9)}):  # fmt: skip
        with pytest.raises(InvalidInput):
            await donations.redirect(money.context, gift, **(consent | wrong))
    assert await money.books() == before
    said = await asyncio.gather(
        *(donations.redirect(money.context, gift, **consent) for _ in range(3)), return_exceptions=True
    )
    assert sorted(getattr(one, "code", "") for one in said) == ["", "NOT_ENOUGH_MONEY", "NOT_ENOUGH_MONEY"]


async def test_a_pool_without_shares_and_a_pool_out_of_its_cycle_give_nothing(money: Money) -> None:
    empty = await money.pool(name="空")
    assert (await refused(money, money.commit(("fund_pool", empty), "0.01"))).code == "NOT_ENOUGH_MONEY"
    given = {
        "contributor_id": money.office, "fund_source": "HARDSHIP_SUBSIDY", "amount": yuan("10.00"),
        "given_on": date(2025, 1, 5),
    }  # fmt: skip
    done = await funds.open_pool(
        money.context, area=COUNTY, name="旧", from_on=date(2025, 1, 1), until_on=date(2025, 12, 31), shares=[given]
    )
    assert (await refused(money, money.commit(("fund_pool", done.id), "1.00"))).code == "OUTSIDE_CYCLE"
    for day in (date(2024, 12, 31), date(2026, 1, 1)):
        assert (await refused(money, money.commit(("fund_pool", done.id), "1.00", on=day))).code == "OUTSIDE_CYCLE"
    await money.commit(("fund_pool", done.id), "1.00", on=date(2025, 12, 31))


@pytest.mark.parametrize("amount", ["0", "0.00", "-0.01", "0.001", "1.005", "NaN", "Infinity", "1E+40", "1E-40"])
async def test_every_act_takes_whole_fen_above_nothing_only(money: Money, amount: str) -> None:
    line = await money.line("100.00")
    commitment = await money.commit(("budget_line", line), "50.00")
    pool = await money.pool(("HARDSHIP_SUBSIDY", "10.00"))
    before = await money.books()
    for work in (
        money.line(amount, name="另一"),
        money.commit(("budget_line", line), amount),
        money.pay(commitment, amount),
        payments.release(money.context, commitment, amount=yuan(amount)),
        funds.set_line(money.context, id=line, amount=yuan(amount)),
        funds.add_share(
            money.context, pool_id=pool, contributor_id=money.office, fund_source="HARDSHIP_SUBSIDY",
            amount=yuan(amount), given_on=date(2026, 1, 5),
        ),
        donations.record_donation(money.context, area=COUNTY, donor_id=money.firm, amount=yuan(amount)),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as said:
            await work
        assert {one.path[-1] for one in said.value.fields} == {"amount"}
    assert await money.books() == before


async def test_a_rule_holds_on_its_first_and_on_its_last_day(money: Money) -> None:
    await money.base("0.00")
    line = await money.line("100.00")
    begins = await money.rule(from_on=TODAY)
    assert (await refused(money, money.commit(("budget_line", line), "0.01"))).code == "RULE_BROKEN"
    await money.commit(("budget_line", line), "0.01", on=TODAY - timedelta(days=1))
    await records.save(money.context, "fund_rule", {"until_on": TODAY}, id=begins)
    assert (await refused(money, money.commit(("budget_line", line), "0.01"))).code == "RULE_BROKEN"
    day = TODAY - timedelta(days=1)
    await records.save(money.context, "fund_rule", {"from_on": day, "until_on": day}, id=begins)
    await money.commit(("budget_line", line), "0.01")


async def test_two_percent_of_an_odd_amount_is_never_rounded_up(money: Money) -> None:
    await money.rule()
    await money.base("333.99")  # 2% is 6.6798
    line = await money.line("100.00")
    assert (await refused(money, money.commit(("budget_line", line), "6.68"))).code == "RULE_BROKEN"
    (room,) = await ledger.headroom(money.context, area=COUNTY)
    assert room.left == yuan("6.67")
    await money.commit(("budget_line", line), "6.67")


async def test_last_years_base_is_last_years(money: Money) -> None:
    await money.rule(years_back=1, threshold=Decimal("0.05"))
    await money.base("999999.00", 2026)
    line = await money.line("100.00")
    said = await refused(money, money.commit(("budget_line", line), "0.01"))
    assert (said.code, "2025" in said.message_zh) == ("BASE_MISSING", True)
    await money.base("100.00", 2025)
    assert (await refused(money, money.commit(("budget_line", line), "5.01"))).code == "RULE_BROKEN"
    await money.commit(("budget_line", line), "5.00")


async def test_of_rules_of_the_city_the_county_and_a_township_the_strictest_holds_where_it_does(money: Money) -> None:
    none: dict[str, Any] = {"base": None, "years_back": None, "scope": "AREA"}
    await money.rule(area="3708", threshold=yuan("10"), code="CITY", citation_zh="市", **none)
    await money.rule(area=COUNTY, threshold=yuan("6"), code="COUNTY", citation_zh="县", **none)
    await money.rule(area=STREET.code, threshold=yuan("0"), code="BELOW", **none)
    await money.rule(area=TOWN, threshold=yuan("4"), code="TOWN", citation_zh="镇", **none)
    line = await money.line("100.00")
    assert "镇" in (await refused(money, money.commit(("budget_line", line), "4.01"))).message_zh
    await money.commit(("budget_line", line), "4.00")
    whole = {"target": None, "area": COUNTY}
    said = await refused(money, money.commit(("budget_line", line), "2.01", **whole))
    assert ("县" in said.message_zh, "市" in said.message_zh) == (True, False)
    await money.commit(("budget_line", line), "2.00", **whole)
    said = await refused(money, money.commit(("budget_line", line), "4.01", **whole))
    assert ("县" in said.message_zh, "市" in said.message_zh) == (True, True)


async def test_who_looks_after_another_county_promises_nothing_there_or_here(money: Money) -> None:
    line = await money.line("100.00")
    commitment = await money.commit(("budget_line", line), "10.00")
    elsewhere = money.county.by(await money.county.coordinator(OTHER_COUNTY))
    theirs = await money.line("100.00", area=OTHER_COUNTY)
    before = await money.books()
    for work in (
        payments.commit(elsewhere, holder=("budget_line", line), target=("project", money.project), amount=yuan("1")),
        payments.commit(elsewhere, holder=("budget_line", theirs), target=("project", money.project), amount=yuan("1")),
        payments.commit(elsewhere, holder=("budget_line", theirs), target=None, area=COUNTY, amount=yuan("1")),
        payments.pay(elsewhere, commitment, amount=yuan("1"), pays_for="SERVICE"),
        payments.release(elsewhere, commitment),
    ):
        with pytest.raises((NotAllowed, NotFound, InvalidInput)):
            await work
    assert await money.books() == before


async def test_the_books_of_a_past_day_do_not_know_what_was_undone_later(money: Money) -> None:
    line = await money.line("100.00")
    commitment = await money.commit(("budget_line", line), "50.00", on=date(2026, 2, 1))
    payment = await money.pay(commitment, "20.00", paid_on=date(2026, 2, 2))
    await payments.reverse(money.context, payment, on=date(2026, 2, 5))
    await payments.release(money.context, commitment, on=date(2026, 2, 6))

    async def at(day: date) -> tuple[Decimal, Decimal, Decimal]:
        told = await ledger.balances(money.context, area=COUNTY, as_of=day, fund=("budget_line", line))
        assert told.difference == 0
        (one,) = told.funds
        return one.left, one.reserved, one.spent

    assert await at(date(2026, 2, 1)) == (yuan("50"), yuan("50"), yuan("0"))
    assert await at(date(2026, 2, 4)) == (yuan("50"), yuan("30"), yuan("20"))
    assert await at(date(2026, 2, 5)) == (yuan("50"), yuan("50"), yuan("0"))
    assert await at(date(2026, 2, 6)) == (yuan("100"), yuan("0"), yuan("0"))
    told: list[str] = []
    after = None
    while True:
        page = await ledger.statement(money.context, of=("commitment", commitment), first=1, after=after)
        told += [f"{one.kind} {one.amount} {one.balance}" for one in page.entries]
        after = page.entries[-1].cursor
        if not page.has_next:
            break
    assert told == ["COMMITMENT 50.00 50.00", "PAYMENT -20.00 30.00", "REVERSAL 20.00 50.00", "RELEASE -50.00 0.00"]


async def test_a_fen_promised_for_an_order_does_not_free_the_rest_of_it(money: Money) -> None:
    await money.rule()
    await money.base("10000.00")
    community = await money.county.community()
    need = await money.county.need(community, title="救助", resource_type="FUNDS", quantity=500)
    offer = await fund_with_offer(money, 500)
    order = (await referrals.request(money.context, need_id=need, offer_id=offer, quantity=150)).id
    line = await money.line("1000.00")
    await money.commit(("budget_line", line), "0.01", target=("referral", order))
    (room,) = await ledger.headroom(money.context, area=COUNTY)
    assert (room.promised, room.committed, room.left) == (yuan("149.99"), yuan("0.01"), yuan("50.00"))
    assert (await refused(money, money.commit(("budget_line", line), "50.01"))).code == "RULE_BROKEN"
    await money.commit(("budget_line", line), "149.99", target=("referral", order))
    assert (await ledger.headroom(money.context, area=COUNTY))[0].left == yuan("50.00")


@pytest.mark.parametrize(
    "wrong",
    [
        {"bound": "AT_LEAST"},
        {"bound": "EXACTLY"},
        {"measure": "WORKERS", "scope": "EACH"},
        {"subject": "STATION", "measure": "AGE", "scope": "EACH", "base": None, "years_back": None},
        {"years_back": None},
    ],
)
async def test_a_rule_that_nothing_could_be_judged_by_is_not_written(money: Money, wrong: dict[str, Any]) -> None:
    before = await money.books()
    with pytest.raises(InvalidInput):
        await money.rule(**wrong)
    assert await money.books() == before


async def test_a_plan_is_not_approved_where_a_rule_leaves_less_by_now(money: Money) -> None:
    community = await money.county.community()
    await money.county.need(community, title="救助", resource_type="FUNDS", quantity=400)
    await fund_with_offer(money, 500)
    await money.rule()
    base = await money.base("20000.00")
    assert await allocated(money) == (400, True, 0)
    plan = (await money.county.one("SELECT max(id) FROM plan"))[0]
    await money.base("19999.00", id=base)
    said = await refused(money, plan_approval.approve(money.context, plan))
    assert said.code == "RULE_BROKEN"
    assert "某办法第三条" in said.message_zh
    assert (await money.county.one("SELECT count(*) FROM referral"))[0] == 0
    await money.base("20000.00", id=base)
    await plan_approval.approve(money.context, plan)
    assert (await ledger.headroom(money.context, area=COUNTY))[0].left == yuan("0.00")


async def test_orders_of_such_money_are_refused_beyond_the_room_however_many_at_once(money: Money) -> None:
    community = await money.county.community()
    need = await money.county.need(community, title="救助", resource_type="FUNDS", quantity=500)
    offer = await fund_with_offer(money, 500)
    await money.rule()
    order: dict[str, Any] = {"need_id": need, "offer_id": offer, "quantity": 60}
    assert (await refused(money, referrals.request(money.context, **order))).code == "BASE_MISSING"
    base = await money.base("2999.99")
    assert (await refused(money, referrals.request(money.context, **order))).code == "RULE_BROKEN"
    await money.base("5999.99", id=base)
    said = await asyncio.gather(*(referrals.request(money.context, **order) for _ in range(4)), return_exceptions=True)
    assert sorted(getattr(one, "code", "") for one in said) == ["", *["RULE_BROKEN"] * 3]
    assert (await money.county.one("SELECT sum(held) FROM referral"))[0] == 60


async def test_the_stipend_of_a_month_is_paid_once_out_of_two_promises_at_once(money: Money) -> None:
    await money.rule(
        code="STIPEND", subject="STIPEND", measure="AMOUNT_A_MONTH", bound="EXACTLY", threshold=Decimal(100),
        base=None, years_back=None, scope="EACH", fund_sources=[],
    )  # fmt: skip
    await parties.register_assistant(money.context, name="示例助理员", area=VILLAGE)
    lines = [await money.line("1000.00", name=f"津贴{place}") for place in range(2)]
    promises = [await money.commit(("budget_line", line), "500.00", target=None) for line in lines]
    month = date(2026, 1, 1)
    said = await together(money, [stipends.pay_stipends(money.context, one, month_on=month) for one in promises])
    assert sorted(getattr(one, "code", "") for one in said) == ["", "ALREADY_PAID"]
    assert (await money.county.one("SELECT count(*), sum(amount) FROM payment"))[0:2] == (1, yuan("100.00"))

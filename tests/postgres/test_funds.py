"""Money: put together, promised, paid, given back, undone; and what is not allowed changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fund_stage import COUNTY, TODAY, TOWN, VILLAGE, Money, with_money, yuan
from small_county import OTHER_COUNTY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.viewer import Viewer
from resolvers import donations, funds, parties, payments, referrals, stipends
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refusal


@pytest.fixture
async def money(database_url: str) -> AsyncIterator[Money]:
    async with with_money(database_url) as one:
        yield one


async def refused(money: Money, work: Any) -> Refusal:
    """The refusal of an act; nothing was changed."""
    before = await money.books()
    with pytest.raises(Refusal) as refusal:
        await work
    assert await money.books() == before
    return refusal.value


# ------------------------------------------------------------------------------------------------ in and out


async def test_money_goes_from_contributors_to_what_it_is_for(money: Money) -> None:
    pool = await money.pool(("WELFARE_LOTTERY", "4500000.00"))
    commitment = await money.commit(("fund_pool", pool), "1000.10")
    payment = await money.pay(commitment, "300.03")
    assert await money.balance("CONTRIBUTOR", money.office) == yuan("-4500000.00")
    assert await money.balance("POOL", pool) == yuan("4498999.90")
    assert await money.balance("COMMITMENT", commitment) == yuan("700.07")
    assert await money.balance("PROJECT", money.project) == yuan("300.03")
    await payments.release(money.context, commitment, amount=yuan("0.07"))
    await payments.reverse(money.context, payment)
    await payments.release(money.context, commitment)
    assert await money.balance("POOL", pool) == yuan("4500000.00")
    assert await money.balance("PROJECT", money.project) == 0
    row = await money.county.one("SELECT amount, paid, released FROM commitment")
    assert tuple(row) == (yuan("1000.10"), 0, yuan("1000.10"))


async def test_a_fen_more_than_there_is_cannot_be_promised_nor_paid(money: Money) -> None:
    pool = await money.pool(("WELFARE_LOTTERY", "100.00"))
    assert (await refused(money, money.commit(("fund_pool", pool), "100.01"))).code == "NOT_ENOUGH_OF_SOURCE"
    commitment = await money.commit(("fund_pool", pool), "100.00")
    said = await refused(money, money.pay(commitment, "100.01"))
    assert said.code == "NOT_ENOUGH_MONEY"
    assert "100.00" in said.message_zh
    await money.pay(commitment, "100.00")
    assert (await refused(money, money.pay(commitment, "0.01"))).code == "NOT_ENOUGH_MONEY"
    assert (await refused(money, payments.release(money.context, commitment))).code == "NOTHING_LEFT"


async def test_money_cannot_be_spent_on_a_day_before_it_came(money: Money) -> None:
    line = await money.line("50.00", on=date(2026, 3, 1))
    early = money.commit(("budget_line", line), "50.00", on=date(2026, 2, 28))
    assert (await refused(money, early)).code == "NOT_ENOUGH_MONEY"
    late = await money.commit(("budget_line", line), "30.00", on=date(2026, 6, 1))
    # On the first of March there are 50, but 30 of them are gone in June.
    between = money.commit(("budget_line", line), "20.01", on=date(2026, 3, 1))
    assert (await refused(money, between)).code == "NOT_ENOUGH_MONEY"
    await money.commit(("budget_line", line), "20.00", on=date(2026, 3, 1))
    assert await money.balance("COMMITMENT", late) == yuan("30.00")


async def test_a_line_cannot_be_set_below_what_is_promised_of_it(money: Money) -> None:
    line = await money.line("500.00")
    await money.commit(("budget_line", line), "300.00")
    less = funds.set_line(money.context, id=line, amount=yuan("299.99"))
    assert (await refused(money, less)).code == "NOT_ENOUGH_MONEY"
    await funds.set_line(money.context, id=line, amount=yuan("300.00"))
    assert await money.balance("LINE", line) == 0
    assert (await money.county.one("SELECT amount FROM budget_line"))[0] == yuan("300.00")


async def test_a_line_of_a_pool_takes_its_money_and_its_earmark(money: Money) -> None:
    pool = await money.pool(("WELFARE_LOTTERY", "100.00"), earmark="CHILD_PROTECTION")
    other = money.line("10.00", "WELFARE_LOTTERY", area=None, pool_id=pool, earmark="ELDER")
    assert (await refused(money, other)).code == "AGAINST_EARMARK"
    assert (await refused(money, money.line("10.00", area=None, pool_id=pool))).code == "NOT_ENOUGH_OF_SOURCE"
    line = await money.line("40.00", "WELFARE_LOTTERY", area=None, pool_id=pool)
    assert await money.balance("POOL", pool) == yuan("60.00")
    assert (
        await refused(money, money.commit(("budget_line", line), "1.00", benefit="ELDER"))
    ).code == "AGAINST_EARMARK"
    await money.commit(("budget_line", line), "1.00", benefit="ORPHAN")


async def test_a_pool_of_several_sources_gives_of_each_what_it_brought(money: Money) -> None:
    pool = await money.pool(("WELFARE_LOTTERY", "100.00"), ("HARDSHIP_SUBSIDY", "50.00"))
    assert isinstance(await refused(money, money.commit(("fund_pool", pool), "1.00")), InvalidInput)
    most = money.commit(("fund_pool", pool), "50.01", fund_source="HARDSHIP_SUBSIDY")
    assert (await refused(money, most)).code == "NOT_ENOUGH_OF_SOURCE"
    await money.commit(("fund_pool", pool), "50.00", fund_source="HARDSHIP_SUBSIDY")
    share = (await money.county.one("SELECT id FROM pool_share WHERE amount = 50"))[0]
    assert (await refused(money, funds.reverse_share(money.context, share))).code == "NOT_ENOUGH_OF_SOURCE"
    share = (await money.county.one("SELECT id FROM pool_share WHERE amount = 100"))[0]
    await funds.reverse_share(money.context, share)
    assert await money.balance("POOL", pool) == 0


# ------------------------------------------------------------------------------------------------ donations


async def given(money: Money, amount: str = "1000.00", earmark: str | None = "CHILD") -> int:
    done = await donations.record_donation(
        money.context, area=COUNTY, donor_id=money.firm, amount=yuan(amount), earmark=earmark, donated_on=TODAY
    )
    return done.id


async def test_a_directed_donation_is_used_as_the_donor_means(money: Money) -> None:
    gift = await given(money)
    said = await refused(money, money.commit(("donation", gift), "1.00", benefit="ELDER"))
    assert said.code == "AGAINST_EARMARK"
    assert "困境儿童" in said.message_zh
    assert isinstance(await refused(money, money.commit(("donation", gift), "1.00")), InvalidInput)
    # A domain holds more than the group the donor meant.
    wide = money.commit(("donation", gift), "1.00", benefit="CHILD_PROTECTION")
    assert (await refused(money, wide)).code == "AGAINST_EARMARK"
    await money.commit(("donation", gift), "1.00", benefit="ORPHAN")


async def order_of(money: Money, groups: list[str], quantity: int = 100) -> int:
    """An order of money for a need of these client groups."""
    community = await money.county.community(name=f"{groups[0]}社区")
    need = await money.county.need(
        community, title="助学金", resource_type="FUNDS", quantity=quantity, client_groups=groups
    )
    offer = await money.county.offer(money.firm, title="助学", resource_type="FUNDS", capacity=quantity)
    return (await referrals.request(money.context, need_id=need, offer_id=offer, quantity=quantity)).id


async def test_an_order_is_paid_by_a_gift_for_whom_its_need_is(money: Money) -> None:
    gift = await given(money)
    order = await order_of(money, ["ELDER"])
    target = {"target": ("referral", order)}
    assert (await refused(money, money.commit(("donation", gift), "100.00", **target))).code == "AGAINST_EARMARK"
    order = await order_of(money, ["ORPHAN"])
    commitment = await money.commit(("donation", gift), "100.00", target=("referral", order))
    await money.pay(commitment, "100.00", pays_for="RELIEF")
    assert await money.balance("REFERRAL", order) == yuan("100.00")


CONSENT: dict[str, Any] = {"consented_on": TODAY, "consent_reference": "〔2026〕第17号"}


async def test_another_use_needs_the_donors_own_recorded_consent(money: Money) -> None:
    gift = await given(money)
    asked = {"amount": yuan("400.00"), "earmark": "ELDER"}
    for missing in ("consent_by_id", "consented_on", "consent_reference"):
        consent = {"consent_by_id": money.firm} | CONSENT | {missing: None}
        assert isinstance(
            await refused(money, donations.redirect(money.context, gift, **asked, **consent)), InvalidInput
        )
    other = donations.redirect(money.context, gift, **asked, consent_by_id=money.office, **CONSENT)
    said = await refused(money, other)
    assert isinstance(said, InvalidInput)
    assert [one.code for one in said.fields] == ["NOT_THE_DONOR"]
    new = (await donations.redirect(money.context, gift, **asked, consent_by_id=money.firm, **CONSENT)).id
    await money.commit(("donation", new), "400.00", benefit="ELDER")
    assert await money.balance("DONATION", gift) == yuan("600.00")
    assert await money.balance("CONTRIBUTOR", money.firm) == yuan("-1000.00")


@pytest.mark.parametrize("shown", ["张三的同意书", "110105194912310021", "", "同意 1 号", "x" * 41])
async def test_names_and_identity_numbers_do_not_get_into_the_books(money: Money, shown: str) -> None:
    gift = await given(money)
    consent = CONSENT | {"consent_reference": shown}
    said = await refused(
        money,
        donations.redirect(money.context, gift, amount=yuan("1.00"), earmark=None, consent_by_id=money.firm, **consent),
    )
    assert isinstance(said, InvalidInput)
    assert [one.code for one in said.fields] == ["INVALID_REFERENCE"]


async def test_what_is_left_of_a_gift_goes_to_a_similar_purpose(money: Money) -> None:
    gift = await given(money)
    commitment = await money.commit(("donation", gift), "900.00", benefit="CHILD")
    close = {"on": TODAY}
    assert (await refused(money, donations.close_surplus(money.context, gift, earmark="ELDER", **close))).code == (
        "PURPOSE_NOT_SIMILAR"
    )
    assert (
        await refused(money, donations.close_surplus(money.context, gift, earmark="ORPHAN"))
    ).code == "STILL_COMMITTED"
    await money.pay(commitment, "900.00")
    new = (await donations.close_surplus(money.context, gift, earmark="CHILD_PROTECTION")).id
    assert await money.balance("DONATION", gift) == 0
    assert await money.balance("DONATION", new) == yuan("100.00")
    assert (
        await refused(money, donations.close_surplus(money.context, gift, earmark="CHILD"))
    ).code == "DONATION_CLOSED"
    free = await given(money, earmark=None)
    assert (await refused(money, donations.close_surplus(money.context, free, earmark="CHILD"))).code == "NOT_DIRECTED"


async def test_a_gift_recorded_by_mistake_is_undone_unless_it_is_used(money: Money) -> None:
    gift = await given(money)
    await money.commit(("donation", gift), "0.01", benefit="CHILD")
    assert (await refused(money, funds.reverse_donation(money.context, gift))).code == "NOT_ENOUGH_MONEY"
    other = await given(money, "5.00")
    await funds.reverse_donation(money.context, other)
    assert (await refused(money, funds.reverse_donation(money.context, other))).code == "ALREADY_REVERSED"
    gone = money.commit(("donation", other), "1.00", benefit="CHILD")
    assert (await refused(money, gone)).code == "ALREADY_REVERSED"


# ------------------------------------------------------------------------------------------------ stipends


async def assistants(money: Money, *areas: str) -> list[int]:
    return [
        (await parties.register_assistant(money.context, name=f"助理员{place}", area=area)).id
        for place, area in enumerate(areas)
    ]


STIPEND: dict[str, Any] = {
    "code": "STIPEND", "subject": "STIPEND", "measure": "AMOUNT_A_MONTH", "bound": "EXACTLY",
    "threshold": Decimal(100), "base": None, "years_back": None, "scope": "EACH", "fund_sources": [],
}  # fmt: skip


async def test_the_stipends_of_a_month_are_one_journal_with_a_line_each(money: Money) -> None:
    ids = await assistants(money, VILLAGE, VILLAGE, OTHER_COUNTY)
    line = await money.line("1000.00", "WELFARE_LOTTERY")
    commitment = await money.commit(("budget_line", line), "1000.00", target=None)
    october: dict[str, Any] = {"month_on": date(2026, 10, 1)}
    none = stipends.pay_stipends(money.context, commitment, **october)
    assert (await refused(money, none)).code == "NO_STIPEND_RULE"
    await money.rule(**STIPEND)
    await stipends.pay_stipends(money.context, commitment, **october)
    journals = await money.county.rows("SELECT lines FROM journal WHERE kind = 'STIPENDS'")
    assert [row[0] for row in journals] == [3]
    assert [await money.balance("PAYEE", id) for id in ids[:2]] == [yuan("100.00")] * 2
    again = stipends.pay_stipends(money.context, commitment, **october)
    assert (await refused(money, again)).code == "NOBODY_DUE"
    named = stipends.pay_stipends(money.context, commitment, **october, assistant_ids=[ids[0]])
    assert (await refused(money, named)).code == "ALREADY_PAID"
    elsewhere = stipends.pay_stipends(money.context, commitment, **october, assistant_ids=[ids[2]])
    assert isinstance(await refused(money, elsewhere), NotFound)
    # One of them was a mistake: undone alone, and paid again.
    payment = (await money.county.one("SELECT id FROM payment WHERE payee_id = :id", id=ids[0]))[0]
    await payments.reverse(money.context, payment)
    assert await money.balance("PAYEE", ids[0]) == 0
    await stipends.pay_stipends(money.context, commitment, **october)
    assert await money.balance("COMMITMENT", commitment) == yuan("800.00")


# ------------------------------------------------------------------------------------------------ who, and guards


async def test_only_who_coordinates_the_area_moves_its_money(money: Money) -> None:
    line = await money.line("10.00")
    elsewhere = money.county.by(await money.county.coordinator(OTHER_COUNTY))
    partner = money.county.by(Viewer("PARTNER", 9, party_id=money.firm))
    asked: dict[str, Any] = {"holder": ("budget_line", line), "target": ("project", money.project), "amount": yuan("1")}
    assert isinstance(await refused(money, payments.commit(elsewhere, **asked)), NotFound)
    assert isinstance(await refused(money, payments.commit(partner, **asked)), NotAllowed)
    town = money.county.by(await money.county.coordinator(TOWN))
    assert isinstance(await refused(money, payments.commit(town, **asked)), NotFound)


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity", "100000000000000"])
async def test_an_amount_is_exact_to_the_fen(money: Money, amount: str) -> None:
    line = await money.line("10.00")
    said = await refused(money, money.commit(("budget_line", line), amount))
    assert isinstance(said, InvalidInput)
    assert [one.code for one in said.fields] == ["INVALID_AMOUNT"]


GUARDED = (
    "UPDATE posting SET amount = amount + 1",
    "DELETE FROM posting",
    "TRUNCATE posting",
    "UPDATE journal SET day = day + 1",
    "DELETE FROM journal",
    "TRUNCATE journal CASCADE",
    "UPDATE account SET balance = balance + 1",
    "DELETE FROM account",
    "INSERT INTO account (kind, subject_id, area_id, balance) VALUES ('POOL', 99, 1, 5)",
    "INSERT INTO posting (journal_id, account_id, amount) SELECT 1, id, 1 FROM account WHERE kind = 'COMMITMENT'",
    "INSERT INTO journal (kind, day, area_id, entity, entity_id, lines) VALUES ('SHARE', now(), 1, 'x', 1, 2)",
    "WITH j AS (INSERT INTO journal (kind, day, area_id, entity, entity_id, lines)"
    " VALUES ('SHARE', now(), 1, 'x', 1, 2) RETURNING id) INSERT INTO posting (journal_id, account_id, amount)"
    " SELECT j.id, a.id, CASE a.kind WHEN 'LINE' THEN 1 ELSE -1.01 END FROM j, account a"
    " WHERE a.kind IN ('LINE', 'BUDGET')",
    "WITH j AS (INSERT INTO journal (kind, day, area_id, entity, entity_id, lines)"
    " VALUES ('SHARE', now(), 1, 'x', 1, 2) RETURNING id) INSERT INTO posting (journal_id, account_id, amount)"
    " SELECT j.id, a.id, CASE a.kind WHEN 'LINE' THEN -10 ELSE 10 END FROM j, account a"
    " WHERE a.kind IN ('LINE', 'BUDGET')",
)


@pytest.mark.parametrize("statement", GUARDED)
async def test_the_database_itself_keeps_the_books(money: Money, statement: str) -> None:
    line = await money.line("10.00")
    await money.commit(("budget_line", line), "1.00")
    before = await money.books()
    with pytest.raises(DBAPIError):
        async with money.county.engine.begin() as conn:
            await conn.execute(text(statement))
    assert await money.books() == before


async def test_two_who_pay_the_last_money_at_once_do_not_both(money: Money) -> None:
    line = await money.line("100.00")
    commitment = await money.commit(("budget_line", line), "100.00")
    said = await asyncio.gather(*(money.pay(commitment, "60.00") for _ in range(4)), return_exceptions=True)
    assert sorted(isinstance(one, Conflict) for one in said) == [False, True, True, True]
    assert await money.balance("PROJECT", money.project) == yuan("60.00")

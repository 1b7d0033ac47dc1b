"""Whatever is done with money, one after the other or at once, the books balance and are what a few sums say."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

sys.path.append(str(Path(__file__).parents[1] / "postgres"))

from fund_stage import COUNTY, Money, with_money

from resolvers import funds, ledger, payments
from resolvers.errors import Refusal

LIMIT = Decimal("0.02") * Decimal("150000.00")
AMOUNT = st.decimals("0.01", "2000.00", places=2)
STEP = st.one_of(
    st.tuples(st.just("commit"), st.integers(0, 1), AMOUNT),
    st.tuples(st.just("pay"), st.integers(0, 5), AMOUNT),
    st.tuples(st.just("release"), st.integers(0, 5), AMOUNT),
    st.tuples(st.just("reverse"), st.integers(0, 5), AMOUNT),
    st.tuples(st.just("set"), st.integers(0, 1), st.decimals("1000.00", "4000.00", places=2)),
)
#: Several steps at once, then the next several.
ROUNDS = st.lists(st.lists(STEP, min_size=1, max_size=4), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def books(server_url: str, template_url: str) -> Iterator[tuple[asyncio.AbstractEventLoop, Money]]:
    """One database for all examples; each begins with budget lines of its own."""
    loop, name = asyncio.new_event_loop(), "books_of_funds"
    template = make_url(template_url).database

    async def made(*statements: str) -> None:
        raw = await asyncpg.connect(server_url)
        for statement in statements:
            await raw.execute(statement)
        await raw.close()

    loop.run_until_complete(made(f"CREATE DATABASE {name} TEMPLATE {template}"))
    stage = with_money(make_url(server_url).set(database=name).render_as_string(hide_password=False))
    yield loop, loop.run_until_complete(stage.__aenter__())
    loop.run_until_complete(stage.__aexit__(None, None, None))
    loop.run_until_complete(made(f"DROP DATABASE {name} WITH (FORCE)"))
    loop.close()


class Model:
    """What must come of steps that were done, in sums of a few lines; a step that was refused is not told."""

    def __init__(self, lines: list[int]) -> None:
        self.lines = dict.fromkeys(lines, Decimal("3000.00"))
        self.commitments: dict[int, dict[str, Any]] = {}
        self.payments: dict[int, tuple[int, Decimal]] = {}

    def left(self, line: int) -> Decimal:
        taken = sum(one["amount"] - one["released"] for one in self.commitments.values() if one["line"] == line)
        return self.lines[line] - taken

    def paid(self, commitment: int) -> Decimal:
        return sum((amount for of, amount in self.payments.values() if of == commitment), Decimal(0))


async def done(money: Money, model: Model, step: tuple[str, int, Decimal]) -> None:
    """One step, told to the model where it is done."""
    name, at, amount = step
    context = money.context
    lines, commitments, paid = list(model.lines), list(model.commitments), list(model.payments)
    try:
        if name == "commit":
            line = lines[at]
            made = await money.commit(("budget_line", line), str(amount))
            model.commitments[made] = {"line": line, "amount": amount, "released": Decimal(0)}
        elif name == "set":
            await funds.set_line(context, id=lines[at], amount=amount)
            model.lines[lines[at]] = amount
        elif name == "reverse" and paid:
            await payments.reverse(context, paid[at % len(paid)])
            del model.payments[paid[at % len(paid)]]
        elif name in ("pay", "release") and commitments:
            chosen = commitments[at % len(commitments)]
            if name == "pay":
                model.payments[await money.pay(chosen, str(amount))] = (chosen, amount)
            else:
                await payments.release(context, chosen, amount=amount)
                model.commitments[chosen]["released"] += amount
    except Refusal:
        pass


async def lived(money: Money, rounds: list[list[tuple[str, int, Decimal]]], example: int) -> None:
    names = (f"甲{example}", f"乙{example}")
    # A year of its own, so that examples do not use up each other's room.
    lines = [await money.line("3000.00", name=name) for name in names]
    model = Model(lines)
    before = await ledger.headroom(money.context, area=COUNTY)
    for together in rounds:
        await asyncio.gather(*(done(money, model, step) for step in together))
    found = {
        one.budget_line_id: one
        for one in (await ledger.balances(money.context, area=COUNTY)).funds
        if one.budget_line_id in lines
    }
    for line in lines:
        of = [id for id, one in model.commitments.items() if one["line"] == line]
        spent = sum((model.paid(id) for id in of), Decimal(0))
        assert found[line].left == model.left(line) >= 0
        assert found[line].spent == spent
        assert found[line].received == model.lines[line]
        assert await money.balance("LINE", line) == model.left(line)
    for id, one in model.commitments.items():
        row = await money.county.one("SELECT amount, paid, released FROM commitment WHERE id = :id", id=id)
        assert tuple(row) == (one["amount"], model.paid(id), one["released"])
        assert await money.balance("COMMITMENT", id) == one["amount"] - one["released"] - model.paid(id) >= 0
    whole = await ledger.balances(money.context, area=COUNTY)
    assert whole.difference == 0
    assert (await money.county.one("SELECT count(*) FROM account WHERE balance < 0 AND kind <> 'BUDGET'"))[0] == 0
    (room,) = await ledger.headroom(money.context, area=COUNTY)
    told = sum((one["amount"] - one["released"] for one in model.commitments.values()), Decimal(0))
    assert room.committed - before[0].committed == told
    assert room.limit is not None
    assert room.committed <= room.limit
    # Room for the next example.
    for id, one in model.commitments.items():
        for payment, (of_commitment, _) in list(model.payments.items()):
            if of_commitment == id:
                await payments.reverse(money.context, payment)
        if one["amount"] > one["released"]:
            await payments.release(money.context, id)


def test_the_books_balance_after_any_interleaving_and_are_what_the_model_says(
    books: tuple[asyncio.AbstractEventLoop, Money],
) -> None:
    loop, money = books
    numbers = iter(range(10_000))

    async def ruled() -> None:
        await money.rule(from_on=date(2021, 1, 1))
        await money.base("150000.00")

    loop.run_until_complete(ruled())

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ROUNDS)
    def examples(rounds: list[list[tuple[str, int, Decimal]]]) -> None:
        loop.run_until_complete(lived(money, rounds, next(numbers)))

    examples()

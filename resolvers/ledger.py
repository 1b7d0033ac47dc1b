"""What the books say: balances on a day, the statement of an account, and rules tried without doing anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, funds, ledger
from db.areas import Area
from db.funds import HOLDERS
from resolvers import rules
from resolvers.acts import require_role
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import NotAllowed, NotFound
from resolvers.rules import Breach, Room
from resolvers.vocabulary import Vocabulary, vocabulary

ZERO = Decimal("0.00")
MOST_ROWS = 100
_CURSOR = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d{1,18})")


@dataclass(frozen=True, slots=True)
class FundBalance:
    """A holder of money at the end of a day: received = left + reserved + spent, all out of its postings."""

    pool_id: int | None
    budget_line_id: int | None
    donation_id: int | None
    left: Decimal
    reserved: Decimal
    spent: Decimal

    @property
    def received(self) -> Decimal:
        return self.left + self.reserved + self.spent


@dataclass(frozen=True, slots=True)
class AccountTotal:
    kind: str
    came: Decimal
    gone: Decimal

    @property
    def balance(self) -> Decimal:
        return self.came - self.gone


@dataclass(frozen=True, slots=True)
class Balances:
    """Of an area and all below it; `difference` is 0 where the books balance, as they always do."""

    area_id: int
    as_of: date
    funds: list[FundBalance]
    accounts: list[AccountTotal]

    @property
    def difference(self) -> Decimal:
        return sum((one.balance for one in self.accounts), ZERO)


async def balances(
    context: Context, *, area: str, as_of: date | None = None, fund: tuple[str, int] | None = None
) -> Balances:
    """Every pool, budget line and donation of an area (or one of them) and the trial balance, at the end of a day.

    Money of a pool that went to its budget lines is theirs. Raises InvalidInput, NotAllowed. Five statements.
    """
    async with context.engine.connect() as conn:
        _, place = await _place(context, conn, area)
        day = as_of or context.today
        holders = await funds.holders_in(conn, place.id)
        if fund is not None:
            holders = [one for one in holders if one == fund]
        found = await funds.balances(conn, holders, day)
        totals = await ledger.trial_balance(conn, place.id, day)
    rows = []
    for name, id in holders:
        row = found.get((name, id))
        if row is not None or fund is not None:
            pool, line, gift = (id if name == one else None for one in HOLDERS)
            left, reserved, spent = (ZERO, ZERO, ZERO) if row is None else (row.left, row.reserved, row.spent)
            rows.append(FundBalance(pool, line, gift, _fen(left), _fen(reserved), _fen(spent)))
    accounts = [AccountTotal(row.kind, _fen(row.came), _fen(row.gone)) for row in totals]
    return Balances(place.id, day, rows, accounts)


def _fen(amount: Decimal) -> Decimal:
    return Decimal(amount).quantize(rules.FEN)


async def _place(context: Context, conn: AsyncConnection, area: str) -> tuple[Vocabulary, Area]:
    """The area asked about, for who looks after it or all. Raises InvalidInput, NotAllowed."""
    require_role(context.viewer, "COORDINATOR", "READER")
    words = await vocabulary(context.engine, conn)
    problems = Problems()
    place = await words.check_area(conn, problems, "area", area)
    problems.stop()
    assert place is not None
    bound = context.viewer.area_id
    if context.viewer.role != "ADMIN" and bound is not None and bound not in place.ancestor_ids:
        raise NotAllowed(
            f"{place.full_name}不在您负责的区域内",
            f"{place.full_name} lies outside your area",
        )
    return words, place


# ------------------------------------------------------------------------------------------------ statement


@dataclass(frozen=True, slots=True)
class Line:
    """One posting of a journal: which account, and what came to it (negative: what left it)."""

    kind: str
    subject_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal on the statement of an account; the ids name the record it came of, one of them is set."""

    id: int
    kind: str
    day: date
    recorded_at: datetime
    amount: Decimal
    balance: Decimal
    lines: list[Line]
    cursor: str
    about: Mapping[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> int | None:
        if name.endswith("_id"):
            return self.about.get(name.removesuffix("_id"))
        raise AttributeError(name)


@dataclass(frozen=True, slots=True)
class Statement:
    entries: list[Entry]
    has_next: bool


async def statement(
    context: Context,
    *,
    of: tuple[str, int],
    since: date | None = None,
    until: date | None = None,
    first: int = 50,
    after: str | None = None,
) -> Statement:
    """What moved in and out of a pool, a budget line, a donation or a commitment, oldest first, with every line.

    At most 100 at once. Raises NotFound, InvalidInput. Four statements.
    """
    name, id = of
    kinds = {one: kind for one, (_, kind) in HOLDERS.items()} | {"commitment": "COMMITMENT"}
    problems = Problems()
    if not 1 <= first <= MOST_ROWS:
        problems.add("first", "OUT_OF_RANGE", f"应为 1 到 {MOST_ROWS}", f"must be from 1 to {MOST_ROWS}")
    behind = None
    if after is not None:
        match = _CURSOR.fullmatch(after)
        try:
            behind = None if match is None else (date.fromisoformat(match[1]), int(match[2]))
        except ValueError:
            behind = None
        if behind is None:
            problems.add("after", "INVALID_CURSOR", "不是本列表的游标", "is no cursor of this list")
    problems.stop()
    async with context.engine.connect() as conn:
        seen = await acting.seen(conn, context.viewer, name, id) if name in kinds else None
        if seen is None:
            raise NotFound("这笔资金", "fund")
        account_id = await ledger.found(conn, kinds[name], seen.id)
        if account_id is None:
            return Statement([], False)
        rows = await ledger.statement(conn, account_id, since, until, behind, first + 1)
        lines: dict[int, list[Line]] = {}
        for row in await ledger.lines_of(conn, [row.id for row in rows[:first]]):
            lines.setdefault(row.journal_id, []).append(Line(row.kind, row.subject_id, row.amount))
    entries = [
        Entry(
            row.id,
            row.kind,
            row.day,
            row.recorded_at,
            row.amount,
            Decimal(row.balance),
            lines[row.id],
            f"{row.day.isoformat()}.{row.id}",
            {row.entity: row.entity_id},
        )
        for row in rows[:first]
    ]
    return Statement(entries, len(rows) > first)


# ------------------------------------------------------------------------------------------------ rules


async def headroom(context: Context, *, area: str, on: date | None = None, code: str | None = None) -> Sequence[Room]:
    """How much is left under each rule on money in an area; see `resolvers.rules.headroom`."""
    async with context.engine.connect() as conn:
        _, place = await _place(context, conn, area)
        return await rules.headroom(conn, place, on or context.today, code)


async def try_rules(
    context: Context,
    *,
    area: str,
    subject: str,
    on: date | None = None,
    facts: Mapping[str, Decimal],
    fund_source: str | None = None,
) -> list[Breach]:
    """The rules that an act would break, without doing it. `facts` by measure or by code of a base.

    FUND_SPENDING needs AMOUNT and a source. Raises InvalidInput, NotAllowed.
    """
    async with context.engine.connect() as conn:
        words, place = await _place(context, conn, area)
        problems = Problems()
        source: Any = None
        if fund_source is not None:
            source = words.check_term(problems, "fundSource", ["fund_source"], fund_source)
        if subject == "FUND_SPENDING" and "AMOUNT" not in facts:
            problems.add("facts", "REQUIRED", "请给出金额(AMOUNT)", "tell the AMOUNT")
        problems.stop()
        day = on or context.today
        if subject == "FUND_SPENDING":
            return await rules.check_spending(
                conn,
                words,
                amount=facts["AMOUNT"],
                source_id=None if source is None else source.id,
                area=place,
                on=day,
                lock=False,
            )
        return await rules.check(conn, words, subject, facts, place, day, lock=False)

"""Balances and statements: what the books say on a day, down to every posting."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from db.ledger import ACCOUNT_KIND, JOURNAL_KIND
from resolvers import ledger
from schema.areas import Area
from schema.funds import fund_of
from schema.mapping import entry, part
from schema.records import TYPES
from schema.records import _enum as code_enum

if TYPE_CHECKING:
    FundPool: TypeAlias = Any
    PoolShare: TypeAlias = Any
    BudgetLine: TypeAlias = Any
    Donation: TypeAlias = Any
    Commitment: TypeAlias = Any
    Payment: TypeAlias = Any
    AccountKind: TypeAlias = Any
    JournalKind: TypeAlias = Any
else:
    FundPool, PoolShare, BudgetLine = TYPES["fund_pool"], TYPES["pool_share"], TYPES["budget_line"]
    Donation, Commitment, Payment = TYPES["donation"], TYPES["commitment"], TYPES["payment"]
    AccountKind, JournalKind = code_enum(ACCOUNT_KIND), code_enum(JOURNAL_KIND)
Info = strawberry.Info[Any, Any]


@strawberry.type(description="What a pool, budget line or donation has on a day; one of the three is set. 资金余额。")
class FundBalance:
    pool: FundPool | None = entry("fund_pool", "The pool. 资金池。", "pool_id")
    budget_line: BudgetLine | None = entry("budget_line", "The budget line. 预算项。", "budget_line_id")
    donation: Donation | None = entry("donation", "The donation. 捐赠。", "donation_id")
    received: Decimal = part("Came in and stayed: left, reserved and spent together. 到账(元)。", "received")
    left: Decimal = part("Can be promised, in yuan. 可用(元)。", "left")
    reserved: Decimal = part("Promised and not paid, in yuan. 已承诺未支付(元)。", "reserved")
    spent: Decimal = part("Paid, in yuan. 已支付(元)。", "spent")


@strawberry.type(description="One kind of account in a trial balance. 试算表的一行。")
class AccountTotal:
    kind: AccountKind = part("Which kind. 账户类别。", "kind")
    came: Decimal = part("What came in, in yuan. 借方合计(元)。", "came")
    gone: Decimal = part("What went out, in yuan. 贷方合计(元)。", "gone")
    balance: Decimal = part("The one less the other. 余额(元)。", "balance")


@strawberry.type(description="The books of an area and all below it at the end of a day. 资金余额表。")
class FundBalances:
    area: Area = entry("area", "Of which area. 地区。", "area_id")
    as_of: date = part("At the end of which day. 日期。", "as_of")
    funds: list[FundBalance] = part("Pools, budget lines, donations. 各项资金。", "funds")
    accounts: list[AccountTotal] = part("The trial balance. 试算平衡表。", "accounts")
    difference: Decimal = part("The sum of all balances: 0, always. 差额(应为 0)。", "difference")


@strawberry.type(description="One posting: what came to an account. 分录。")
class LedgerLine:
    kind: AccountKind = part("Which kind of account. 账户类别。", "kind")
    number: int = part("Number of what the account is of, as in its id. 账户编号。", "subject_id")
    amount: Decimal = part("Yuan that came to it; negative: left it. 金额(元)。", "amount")


@strawberry.type(description="A journal on a statement; one of the records it may come of is set. 记账凭证。")
class LedgerEntry:
    number: int = part("Its number. 凭证序号。", "id")
    kind: JournalKind = part("What moved money. 事由。", "kind")
    day: date = part("When. 日期。", "day")
    recorded_at: datetime = part("When it was recorded. 登记时间。", "recorded_at")
    amount: Decimal = part("What came to the account; negative: left it. 金额(元)。", "amount")
    balance: Decimal = part("What is there after it. 余额(元)。", "balance")
    lines: list[LedgerLine] = part("Both sides, what leaves first. 全部分录。", "lines")
    pool_share: PoolShare | None = entry("pool_share", "The share it came of. 出资。", "pool_share_id")
    budget_line: BudgetLine | None = entry("budget_line", "The line it came of. 预算项。", "budget_line_id")
    donation: Donation | None = entry("donation", "The donation it came of. 捐赠。", "donation_id")
    commitment: Commitment | None = entry("commitment", "The commitment it came of. 承诺。", "commitment_id")
    payment: Payment | None = entry("payment", "The payment it undoes. 支付。", "payment_id")
    cursor: str = part("Ask for what follows it by `after`. 游标。", "cursor")


@strawberry.type(description="What moved in and out, oldest first. 资金明细账。")
class FundStatement:
    entries: list[LedgerEntry] = part("At most as many as asked for. 明细。", "entries")
    has_next: bool = part("Whether more follow. 是否还有。", "has_next")


async def _balances(
    info: Info,
    area: Annotated[str, strawberry.argument(description="Area code, everything below it included. 区划代码。")],
    as_of: Annotated[date | None, strawberry.argument(description="End of this day; today. 截止日期。")] = None,
    fund: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only this pool, line or donation. 资金编号。")
    ] = None,
) -> FundBalances:
    one = None if fund is None else fund_of(fund)
    found = await ledger.balances(info.context.acts, area=area, as_of=as_of, fund=one)
    return found  # type: ignore[return-value]


async def _statement(
    info: Info,
    of: Annotated[strawberry.ID, strawberry.argument(description="Pool, line, donation or commitment. 资金编号。")],
    since: Annotated[
        date | None, strawberry.argument(name="from", description="On this day or later. 起始日期。")
    ] = None,
    until: Annotated[date | None, strawberry.argument(description="On this day or earlier. 截止日期。")] = None,
    first: Annotated[int, strawberry.argument(description="At most 100. 条数。")] = 50,
    after: Annotated[str | None, strawberry.argument(description="What follows this cursor. 游标。")] = None,
) -> FundStatement:
    found = await ledger.statement(
        info.context.acts, of=fund_of(of), since=since, until=until, first=first, after=after
    )  # fmt: skip
    return found  # type: ignore[return-value]


@strawberry.type(description="Questions about money. 资金查询。")
class Queries:
    fund_balances: FundBalances = strawberry.field(
        resolver=_balances,
        description="What pools, lines and donations have on a day, and the trial balance; for staff. 资金余额。",
    )
    fund_statement: FundStatement = strawberry.field(
        resolver=_statement, description="The statement of a pool, line, donation or commitment. 资金明细账。"
    )

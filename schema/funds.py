"""Money in the contract: the acts that move it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from db.cursors import parse_id
from db.entities import PARTY_TYPES
from resolvers import donations, funds, payments, stipends
from schema import inputs
from schema.acting import act_of, plain
from schema.mapping import entry, given, id_of, required
from schema.records import ENUMS, TYPES
from schema.results import Done, result

if TYPE_CHECKING:
    FundPool: TypeAlias = Any
    PoolShare: TypeAlias = Any
    BudgetLine: TypeAlias = Any
    Donation: TypeAlias = Any
    Commitment: TypeAlias = Any
    Payment: TypeAlias = Any
    PaymentFor: TypeAlias = Any
else:
    FundPool, PoolShare, BudgetLine = TYPES["fund_pool"], TYPES["pool_share"], TYPES["budget_line"]
    Donation, Commitment, Payment = TYPES["donation"], TYPES["commitment"], TYPES["payment"]
    PaymentFor = ENUMS["payment_for"]
Info = strawberry.Info[Any, Any]
TABLE_OF = {
    "FundPool": "fund_pool", "BudgetLine": "budget_line", "Donation": "donation", "Commitment": "commitment",
    "Project": "project", "Station": "station", "Referral": "referral",
}  # fmt: skip


def fund_of(id: str | None) -> tuple[str, int]:
    """(kind of table, number) of a global id; ("", 0) for any other text."""
    typename, number = parse_id(str(id)) or ("", None)
    return TABLE_OF.get(typename, ""), number or 0


def _party(id: Any) -> int:
    return id_of(str(id), *PARTY_TYPES.values()) or 0


# ------------------------------------------------------------------------------------------------ inputs


@strawberry.input(description="What one contributor gives to a pool. 出资。")
class ShareInput:
    contributor_id: strawberry.ID = required("Who gives it: an organization, community, firm or fund. 出资方编号。")
    fund_source: str = required("From which money: term code of scheme fund_source. 资金来源。")
    amount: Decimal = required("Yuan. 金额(元)。")
    given_on: date | None = given("When; today where it is left out. 出资日期。")
    from_on: date | None = given("For the time from this day. 出资期间起。")
    until_on: date | None = given("For the time to this day. 出资期间止。")


@strawberry.input(description="A pool to open. 资金池。")
class PoolOpenInput:
    area: str = required("Whose it is: area code. 区划代码。")
    name: str = required("Its name, one of its own in the area. 名称。")
    from_on: date = required("First day of its cycle. 周期起。")
    until_on: date = required("Last day of its cycle. 周期止。")
    earmark: str | None = given("Only for this client group or domain (term code). 指定用途。")
    shares: list[ShareInput] | None = given("What contributors give at once. 出资。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="A share of a pool. 出资。")
class PoolShareAddInput(ShareInput):
    pool_id: strawberry.ID = required("Of which pool. 资金池编号。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="A budget line, new or with another amount. 预算项。")
class BudgetLineSetInput:
    id: strawberry.ID | None = given("Which one's amount to change; left out for a new one. 编号。")
    area: str | None = given("Of a new one: area code; not with a pool. 区划代码。")
    name: str | None = given("Of a new one: its name. 名称。")
    year: int | None = given("Of a new one: of which year. 年度。")
    fund_source: str | None = given("Of a new one: from which money (term code). 资金来源。")
    pool_id: strawberry.ID | None = given("Of a new one: out of which pool. 资金池编号。")
    earmark: str | None = given("Of a new one: only for this client group or domain. 指定用途。")
    amount: Decimal = required("Yuan it holds from now on. 金额(元)。")
    on: date | None = given("When; today where it is left out. 日期。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="A donation of money. 捐赠。")
class DonationRecordInput:
    area: str = required("To whom: area code. 区划代码。")
    donor_id: strawberry.ID = required("Who gave it. 捐赠人编号。")
    amount: Decimal = required("Yuan. 金额(元)。")
    donated_on: date | None = given("When; today where it is left out. 捐赠日期。")
    earmark: str | None = given("For which client group or domain the donor means it; null: for any. 指定用途。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="Another use of a donation, with its donor's consent. 改变用途。")
class DonationRedirectInput:
    id: strawberry.ID = required("Which donation. 捐赠编号。")
    amount: Decimal = required("Yuan that are put to the other use. 金额(元)。")
    earmark: str | None = given("For which client group or domain now; null: for any. 新用途。")
    consent_by_id: strawberry.ID = required("Who consented: the donor. 同意人编号。")
    consented_on: date = required("When. 同意日期。")
    consent_reference: str = required("Number of the document that shows it; no names. 同意文件编号。")
    on: date | None = given("When it is put there; today where it is left out. 日期。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="What is left of a directed donation, for a similar purpose. 结余转用。")
class SurplusCloseInput:
    id: strawberry.ID = required("Which donation. 捐赠编号。")
    earmark: str = required("For which client group or domain, one of the same domain. 相近用途。")
    on: date | None = given("When; today where it is left out. 日期。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="Money to promise. 资金承诺。")
class FundCommitInput:
    from_id: strawberry.ID = required("Out of which pool, budget line or donation. 资金编号。")
    for_id: strawberry.ID | None = given(
        "For which project, station or order; left out: for stipends of assistants. 对象编号,津贴不填。"
    )
    area: str | None = given("Stipends only: of the assistants in this area. 津贴发放地区。")
    amount: Decimal = required("Yuan. 金额(元)。")
    benefit: str | None = given("Whom it is used for: client group or domain (term code). 受益对象或领域。")
    fund_source: str | None = given("Out of a pool of several sources: of which. 资金来源。")
    on: date | None = given("When; today where it is left out. 日期。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="A promise to give back. 解除承诺。")
class CommitmentReleaseInput:
    id: strawberry.ID = required("Which commitment. 承诺编号。")
    amount: Decimal | None = given("Yuan; all that is left where it is left out. 金额(元)。")
    on: date | None = given("When; today where it is left out. 日期。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="A payment out of a commitment. 支付。")
class FundPayInput:
    commitment_id: strawberry.ID = required("Out of which commitment. 承诺编号。")
    amount: Decimal = required("Yuan. 金额(元)。")
    pays_for: PaymentFor = required("For what; not STIPEND, which has an act of its own. 支出类别。")
    paid_on: date | None = given("When; today where it is left out. 支付日期。")
    payee_id: strawberry.ID | None = given("To whom. 收款方编号。")
    voucher: str | None = given("Number of the voucher; no names. 凭证号。")
    idempotency_key: str | None = inputs.key()


@strawberry.input(description="The stipends of a month. 津贴发放。")
class StipendPayInput:
    commitment_id: strawberry.ID = required("Out of which commitment for stipends. 承诺编号。")
    month_on: date = required("The first day of the month. 月份首日。")
    assistant_ids: list[strawberry.ID] | None = given(
        "To whom; left out: all assistants of the area who did not have theirs. 助理员编号。"
    )
    paid_on: date | None = given("When; today where it is left out. 支付日期。")
    idempotency_key: str | None = inputs.key()


class _Reverse:
    id: strawberry.ID = required("What to undo. 编号。")
    on: date | None = given("When; today where it is left out. 日期。")
    idempotency_key: str | None = inputs.key()


def _reversal(name: str, description: str) -> Any:
    body = {**vars(_Reverse), "__annotations__": dict(_Reverse.__annotations__), "__module__": __name__}
    return strawberry.input(type(name, (), body), description=description)


PoolShareReverseInput = _reversal("PoolShareReverseInput", "A share to undo by a counter-entry. 冲销出资。")
DonationReverseInput = _reversal("DonationReverseInput", "A donation to undo by a counter-entry. 冲销捐赠。")
PaymentReverseInput = _reversal("PaymentReverseInput", "A payment to undo by a counter-entry. 冲销支付。")


# ------------------------------------------------------------------------------------------------ results


def _done(name: str, description: str, field: str, type_: Any, doc: str) -> Any:
    made = type(name, (Done,), {field: entry(field, doc), "__annotations__": {field: type_}, "__module__": __name__})
    return strawberry.type(made, description=description)


PoolOpened = _done("PoolOpened", "The pool is open. 资金池已设立。", "fund_pool", FundPool, "The pool. 资金池。")
PoolShareAdded = _done("PoolShareAdded", "The share is in. 出资已登记。", "pool_share", PoolShare, "The share. 出资。")
PoolShareReversed = _done(
    "PoolShareReversed", "The share is undone. 出资已冲销。", "pool_share", PoolShare, "The share. 出资。"
)
LineSet = _done("BudgetLineSet", "The line is set. 预算项已设定。", "budget_line", BudgetLine, "The line. 预算项。")
DonationRecorded = _done(
    "DonationRecorded", "The donation is in. 捐赠已登记。", "donation", Donation, "The donation. 捐赠。"
)
DonationReversed = _done(
    "DonationReversed", "The donation is undone. 捐赠已冲销。", "donation", Donation, "The donation. 捐赠。"
)
DonationRedirected = _done(
    "DonationRedirected",
    "It is put to another use. 用途已改变。",
    "donation",
    Donation,
    "What is. 捐赠。",
)
SurplusClosed = _done(
    "SurplusClosed",
    "What was left is put to a similar use. 结余已转用。",
    "donation",
    Donation,
    "What was left. 捐赠。",
)
FundCommitted = _done(
    "FundCommitted", "The money is promised. 资金已承诺。", "commitment", Commitment, "The commitment. 承诺。"
)
CommitmentReleased = _done(
    "CommitmentReleased", "The money is given back. 承诺已解除。", "commitment", Commitment, "The commitment. 承诺。"
)
FundPaid = _done("FundPaid", "It is paid. 已支付。", "payment", Payment, "The payment. 支付。")
StipendsPaid = _done(
    "StipendsPaid", "The stipends are paid. 津贴已发放。", "commitment", Commitment, "The commitment. 承诺。"
)
PaymentReversed = _done("PaymentReversed", "It is undone. 支付已冲销。", "payment", Payment, "The payment. 支付。")


# ------------------------------------------------------------------------------------------------ acts


def _act(
    name: str,
    input_type: Any,
    done: Any,
    act: Callable[..., Awaitable[Any]],
    description: str,
    ids: dict[str, Callable[[Any], Any]],
    first: str | None = None,
) -> Any:
    """An act: ids of the input become numbers, `first` is handed over in front."""

    async def do(info: Info, input: Any) -> Any:
        values = plain(input)
        for key, number in ids.items():
            if values[key] is not None:
                values[key] = number(values[key])
        leading = [] if first is None else [values.pop(first)]
        return await act_of(done, act, info.context.acts, *leading, **values)

    do.__annotations__ = {
        "info": Info,
        "input": Annotated[input_type, strawberry.argument(description="What to do. 内容。")],
        "return": result(f"{name}Result", done),
    }
    return strawberry.field(resolver=do, description=description)


def _of(typename: str) -> Callable[[Any], int]:
    return lambda id: id_of(str(id), typename) or 0


def _shares(given_: list[Any]) -> list[dict[str, Any]]:
    return [{**plain(one), "contributor_id": _party(one.contributor_id)} for one in given_]


async def _commit(context: Any, *, from_id: tuple[str, int], for_id: tuple[str, int] | None, **values: Any) -> Any:
    return await payments.commit(context, holder=from_id, target=for_id, **values)


def _parties(ids: list[Any]) -> list[int]:
    return [_party(id) for id in ids]


@strawberry.type(description="Acts on money. 资金办理。")
class Mutations:
    pool_open = _act(
        "PoolOpen", PoolOpenInput, PoolOpened, funds.open_pool,
        "Open a pool of funds for a cycle of years. 设立资金池。", {"shares": _shares},
    )  # fmt: skip
    pool_share_add = _act(
        "PoolShareAdd", PoolShareAddInput, PoolShareAdded, funds.add_share,
        "Record a contributor's share of a pool. 登记出资。", {"pool_id": _of("FundPool"), "contributor_id": _party},
    )  # fmt: skip
    pool_share_reverse = _act(
        "PoolShareReverse", PoolShareReverseInput, PoolShareReversed, funds.reverse_share,
        "Undo a share that was recorded by mistake. 冲销出资。", {"id": _of("PoolShare")}, "id",
    )  # fmt: skip
    budget_line_set = _act(
        "BudgetLineSet", BudgetLineSetInput, LineSet, funds.set_line,
        "Set a budget line of a year, or another amount of it. 设定预算项。",
        {"id": _of("BudgetLine"), "pool_id": _of("FundPool")},
    )  # fmt: skip
    donation_record = _act(
        "DonationRecord", DonationRecordInput, DonationRecorded, donations.record_donation,
        "Record a donation of money and what the donor means it for. 登记捐赠。", {"donor_id": _party},
    )  # fmt: skip
    donation_redirect = _act(
        "DonationRedirect", DonationRedirectInput, DonationRedirected, donations.redirect,
        "Put a donation, or a part, to another use with the donor's consent. 经同意改变捐赠用途。",
        {"id": _of("Donation"), "consent_by_id": _party}, "id",
    )  # fmt: skip
    donation_reverse = _act(
        "DonationReverse", DonationReverseInput, DonationReversed, funds.reverse_donation,
        "Undo a donation that was recorded by mistake. 冲销捐赠。", {"id": _of("Donation")}, "id",
    )  # fmt: skip
    surplus_close = _act(
        "SurplusClose", SurplusCloseInput, SurplusClosed, donations.close_surplus,
        "Put what is left of a directed donation to a similar purpose. 结余转用。", {"id": _of("Donation")}, "id",
    )  # fmt: skip
    fund_commit = _act(
        "FundCommit", FundCommitInput, FundCommitted, _commit,
        "Promise money to a project, station, order or for stipends. 承诺资金。",
        {"from_id": fund_of, "for_id": fund_of},
    )  # fmt: skip
    commitment_release = _act(
        "CommitmentRelease", CommitmentReleaseInput, CommitmentReleased, payments.release,
        "Give back what is left of a promise. 解除承诺。", {"id": _of("Commitment")}, "id",
    )  # fmt: skip
    fund_pay = _act(
        "FundPay", FundPayInput, FundPaid, payments.pay,
        "Pay out of a promise. 支付。", {"commitment_id": _of("Commitment"), "payee_id": _party}, "commitment_id",
    )  # fmt: skip
    stipend_pay = _act(
        "StipendPay", StipendPayInput, StipendsPaid, stipends.pay_stipends,
        "Pay the stipends of a month to assistants, as much each as the rule says. 发放助理员津贴。",
        {"commitment_id": _of("Commitment"), "assistant_ids": _parties}, "commitment_id",
    )  # fmt: skip
    payment_reverse = _act(
        "PaymentReverse", PaymentReverseInput, PaymentReversed, payments.reverse,
        "Undo a payment by a counter-entry. 冲销支付。", {"id": _of("Payment")}, "id",
    )  # fmt: skip

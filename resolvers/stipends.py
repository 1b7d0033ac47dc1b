"""Stipends of assistants: a month's in one journal, a line each, as much as the rule of the place says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db import fund_rules, funds, ledger
from db.areas import Area
from resolvers import rules
from resolvers.acts import act, require_role
from resolvers.context import Context, Done
from resolvers.errors import Conflict
from resolvers.fund_checks import Act
from resolvers.payments import judged, marks, paid

MOST_STIPENDS = 5_000


async def pay_stipends(
    context: Context,
    commitment_id: int | None,
    *,
    month_on: date | None,
    assistant_ids: Sequence[int] | None = None,
    paid_on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Pays the stipends of a month to the assistants of a commitment's area, or to some: one journal, a line each.

    How much each gets is the rule of the area (STIPEND, AMOUNT_A_MONTH, EXACTLY) on the first day of the month. Whoever
    had it already is left out; named ones who had it are refused. Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        row, place = await one.held("commitment", commitment_id)
        day = one.day("paidOn", paid_on, least=row.committed_on)
        if one.problems.required("month", month_on) and month_on is not None and (month_on.day != 1 or month_on > day):
            one.problems.add(
                "month",
                "NOT_A_MONTH",
                "应为某月的第一天,不晚于支付日",
                "the first day of a month, not after the payment",
            )
        chosen = None if assistant_ids is None else list(dict.fromkeys(assistant_ids))
        if chosen is not None and len(chosen) > MOST_STIPENDS:
            one.problems.add("assistants", "TOO_MANY", f"最多 {MOST_STIPENDS} 人", f"at most {MOST_STIPENDS}")
        one.problems.key(idempotency_key)
        one.problems.stop()
        assert month_on is not None
        if row.purpose != "STIPENDS":
            raise Conflict("NOT_FOR_STIPENDS", "这笔承诺不是用于津贴", "this commitment is not for stipends")
        each = await _stipend(one, place, month_on)
        found = await funds.assistants(conn, place.id, month_on, chosen)
        if chosen is not None and len(found) < len(chosen):
            one.problems.missing("assistants", "这些助理员(须属于该地区)", "assistant of this area")
            one.problems.stop()
        if chosen is not None and any(each_one.paid for each_one in found):
            raise _already_paid()
        due = [each_one.id for each_one in found if not each_one.paid]
        if not due:
            raise Conflict("NOBODY_DUE", "该月津贴已全部发放,或没有助理员", "nobody is due a stipend of this month")
        soft = await judged(one, row, place, day, each * len(due), staff=False)
        accounts = await ledger.accounts(conn, "PAYEE", dict.fromkeys(due, place.id))
        shared = {"pays_for": "STIPEND", "month_on": month_on, "marks": marks(soft)}
        lines = [(accounts[id], each, shared | {"payee_id": id}) for id in due]
        try:
            await paid(one, row, place, day, "STIPENDS", lines)
        except IntegrityError as error:
            # Somebody paid them out of another commitment since we looked.
            if getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) != "uq_payment_stipend":
                raise
            raise _already_paid() from error
        return Done("commitment", row.id)

    inputs = {
        "commitment_id": commitment_id, "month_on": month_on, "paid_on": paid_on,
        "assistant_ids": None if assistant_ids is None else list(assistant_ids),
    }  # fmt: skip
    return await act(context, "stipendPay", idempotency_key, inputs, work)


def _already_paid() -> Conflict:
    return Conflict("ALREADY_PAID", "其中有人已领过该月津贴", "some of them had the stipend of this month already")


async def _stipend(one: Act, place: Area, month_on: date) -> Decimal:
    """Yuan a person a month, by the rule nearest to the place."""
    found = [
        rule
        for rule in await fund_rules.in_force(one.conn, place.ancestor_ids, month_on, subject="STIPEND", lock=True)
        if rule.measure == "AMOUNT_A_MONTH" and rule.bound == "EXACTLY" and rule.base_id is None
    ]
    if not found:
        raise Conflict(
            "NO_STIPEND_RULE",
            f"{place.full_name}没有规定助理员津贴标准;请先登记规则",
            f"no rule says what an assistant gets in {place.full_name}; enter one first",
        )
    each = rules.floor(found[-1].threshold)
    facts = {"AMOUNT_A_MONTH": each}
    rules.refuse(await rules.check(one.conn, one.words, "STIPEND", facts, place, month_on))
    return each

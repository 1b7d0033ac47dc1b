"""Money goes out: promised out of a pool, a budget line or a donation, paid, given back, undone by a counter-entry.

Before anything moves the rules of the place and day are judged, in the same transaction and with what they count held
(`resolvers.rules`): two who spend at once cannot pass a cap together. What breaks a soft rule is done and marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, funds, ledger
from db.areas import Area
from db.funds import HOLDERS, PAYMENT_FOR
from resolvers import rules
from resolvers.acts import act, require_role
from resolvers.context import Context, Done
from resolvers.errors import Conflict, NotFound
from resolvers.fund_checks import ZERO, Act, against_earmark, serves, within_earmark
from resolvers.funds import already_reversed, source_short

#: What a commitment may be for: kind of table -> (purpose, column).
TARGETS = {
    "project": ("PROJECT", "project_id"),
    "station": ("STATION", "station_id"),
    "referral": ("REFERRAL", "referral_id"),
}
_TARGET_NAMES = {
    "project": ("这个项目", "project"),
    "station": ("这个社工站", "station"),
    "referral": ("这个点单", "referral"),
}
_STANDING = ("REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD", "COMPLETED")


async def commit(
    context: Context,
    *,
    holder: tuple[str, int],
    target: tuple[str, int] | None,
    amount: Decimal | None,
    area: str | None = None,
    benefit: str | None = None,
    fund_source: str | None = None,
    on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Promises money of a holder (kind of table, id: fund_pool, budget_line, donation) to a project, station or order.

    Without `target` it is for stipends of assistants in `area`, the holder's where none is given. What it is for lies
    in or below the holder's area. `benefit`, a client group or domain, says whom it is used for: required where the
    money has an earmark, but for an order, whose need says it. `fund_source`: required out of a pool of several.

    Raises InvalidInput, NotFound (of the holder), NotAllowed, Conflict: AGAINST_EARMARK, RULE_BROKEN, BASE_MISSING,
    NOT_ENOUGH_MONEY, NOT_ENOUGH_OF_SOURCE.
    """
    require_role(context.viewer, "COORDINATOR")
    inputs = {
        "holder": list(holder), "target": None if target is None else list(target), "amount": amount, "area": area,
        "benefit": benefit, "fund_source": fund_source, "on": on,
    }  # fmt: skip

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        if holder[0] not in HOLDERS:
            raise NotFound("这笔资金", "fund")
        column, account_kind = HOLDERS[holder[0]]
        held, home = await one.held(*holder)
        yuan = one.amount("amount", amount)
        day = one.day("on", on)
        place, row = await _target(one, target, area, home)
        used_for = one.earmark("benefit", benefit)
        source_id = await _source(one, holder[0], held, fund_source)
        earmark_id = held.earmark_id
        if earmark_id is not None and used_for is None and row["referral_id"] is None:
            one.problems.add(
                "benefit",
                "REQUIRED",
                "这笔资金有指定用途,请填写受益对象或领域",
                "this money has an earmark: say whom it is used for",
            )
        one.problems.key(idempotency_key)
        one.problems.stop()
        assert place is not None
        _require_usable(holder[0], held, day)
        if earmark_id is not None:
            await _require_earmark(one, earmark_id, used_for, row["referral_id"])
        breaches = await _subsidy(one, home, place, row, day)
        breaches += await rules.check_spending(
            conn, one.words, amount=yuan, source_id=source_id, area=place, on=day, referral_id=row["referral_id"]
        )
        values = {
            column: held.id,
            **row,
            "benefit_id": used_for,
            "fund_source_id": source_id,
            "amount": yuan,
            "committed_on": day,
            "paid": ZERO,
            "released": ZERO,
            "marks": marks(rules.refuse(breaches)),
        }
        if holder[0] == "fund_pool" and source_id is not None:
            left = await funds.left_of_source(conn, held.id, source_id)
            if yuan > left:
                raise source_short(one, source_id, left, yuan)
        id = await one.insert("commitment", place, values)
        out = await one.account(account_kind, held.id, home.id)
        promised = await one.account("COMMITMENT", id, place.id)
        await one.move(
            "COMMITMENT", day, place.id, "commitment", id, [(out, -yuan), (promised, yuan)], out_of=out
        )  # fmt: skip
        return Done("commitment", id)

    return await act(context, "fundCommit", idempotency_key, inputs, work)


async def _target(
    one: Act, target: tuple[str, int] | None, area: str | None, home: Area
) -> tuple[Area | None, dict[str, Any]]:
    """Where the money goes, and the columns that say what it is for."""
    row: dict[str, Any] = {"purpose": "STIPENDS", **dict.fromkeys(("project_id", "station_id", "referral_id"))}
    place: Area | None
    if target is None:
        place = home if area is None else await one.area("area", area)
    else:
        if area is not None:
            one.problems.add("area", "NOT_WITH_TARGET", "已指明对象,不填地区", "left out where what it is for is named")
        name, id = target
        found = await acting.seen(one.conn, one.context.viewer, name, id) if name in TARGETS else None
        if found is None:
            one.problems.missing("forId", *_TARGET_NAMES.get(name, ("这个对象", "project, station or order")))
            return None, row
        row["purpose"], column = TARGETS[name]
        row[column] = found.id
        if name == "referral" and found.status not in _STANDING:
            raise Conflict(f"REFERRAL_{found.status}", "这个点单已不再进行", "this order does not stand any more")
        place = (await one.words.areas_by_id(one.conn, [found.area_id]))[found.area_id]
    if place is not None and home.id not in place.ancestor_ids:
        one.problems.add(
            "area" if target is None else "forId",
            "OUTSIDE_AREA",
            f"不在资金所属地区({home.full_name})内",
            f"does not lie in the area of the money, {home.full_name}",
        )
    return place, row


async def _source(one: Act, name: str, held: Any, given: str | None) -> int | None:
    """The id of the source the money is of."""
    told = one.source("fundSource", given) if given is not None else None
    if name == "budget_line":
        known: list[int] = [held.fund_source_id]
    elif name == "donation":
        term = one.words.terms.get(("fund_source", "CHARITY"))
        known = [term.id] if term is not None else []
    else:
        known = await funds.sources_of_pool(one.conn, held.id)
    if told is None and len(known) > 1:
        one.problems.add(
            "fundSource",
            "REQUIRED",
            "资金池有多个来源,请填写资金来源",
            "the pool has several sources: say of which the money is",
        )
    elif told and told not in known:
        one.problems.add("fundSource", "NOT_OF_THE_FUND", "这笔资金没有这个来源", "the money is of another source")
    return told or (known[0] if known else None)


def _require_usable(name: str, held: Any, day: date) -> None:
    """Raises Conflict for money outside its cycle or year, or of a donation that is undone or closed."""
    if name == "fund_pool" and not held.from_on <= day <= held.until_on:
        raise Conflict(
            "OUTSIDE_CYCLE",
            f"资金池的周期为 {held.from_on} 至 {held.until_on}",
            f"the cycle of the pool is {held.from_on} to {held.until_on}",
        )
    if name == "budget_line" and held.year != day.year:
        raise Conflict("OUTSIDE_YEAR", f"这是 {held.year} 年的预算", f"this is a budget of {held.year}")
    if name == "donation" and held.reversed_on is not None:
        raise already_reversed(held.reversed_on)


async def _require_earmark(one: Act, earmark_id: int, benefit_id: int | None, referral_id: int | None) -> None:
    if benefit_id is not None:
        fits = within_earmark(one.words, earmark_id, benefit_id)
    else:
        groups = await funds.groups_of_referral(one.conn, referral_id or 0)
        fits = serves(one.words, earmark_id, groups)
    if not fits:
        raise against_earmark(one.words, earmark_id)


async def _subsidy(one: Act, home: Area, place: Area, row: Mapping[str, Any], day: date) -> list[rules.Breach]:
    """The rules on money of a higher area than the county of what it is for."""
    county = place.county_id or place.id
    if home.id == county or home.id not in place.ancestor_ids or home.county_id is not None:
        return []
    if row["station_id"] is None and row["project_id"] is None:
        return []
    passed = await funds.passed(one.conn, station_id=row["station_id"], project_id=row["project_id"])
    return await rules.check(one.conn, one.words, "SUBSIDY", {"EVALUATION_PASSED": passed}, place, day)


def marks(soft: Sequence[rules.Breach]) -> list[dict[str, str]]:
    return [{"code": one.rule.code, "text_zh": one.text_zh, "text_en": one.text_en} for one in soft]


# ------------------------------------------------------------------------------------------------ release


async def release(
    context: Context,
    id: int | None,
    *,
    amount: Decimal | None = None,
    on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Gives back what is left of a commitment, or a part of it, to where it came from.

    Raises InvalidInput, NotFound, NotAllowed, Conflict (NOT_ENOUGH_MONEY, or RULE_BROKEN: staff cost that was paid
    would be too large a share of what then is the project's).
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        row, place = await one.held("commitment", id)
        day = one.day("on", on, least=row.committed_on)
        left = row.amount - row.paid - row.released
        yuan = left if amount is None else one.amount("amount", amount)
        one.problems.key(idempotency_key)
        one.problems.stop()
        if yuan <= 0:
            raise Conflict("NOTHING_LEFT", "这笔承诺没有余额", "nothing of this commitment is left")
        if row.project_id is not None:
            await funds.hold_project(conn, row.project_id)
            total, staff = await funds.of_project(conn, row.project_id)
            facts = {"STAFF_COST": staff, "PROJECT_TOTAL": total - yuan}
            if staff:
                rules.refuse(await rules.check(conn, one.words, "PROJECT_COST", facts, place, day))
        name, holder_id = _holder(row)
        home = await ledger.account_area(conn, HOLDERS[name][1], holder_id)
        out = await one.account("COMMITMENT", row.id, place.id)
        back = await one.account(HOLDERS[name][1], holder_id, home)
        lines = [(out, -yuan), (back, yuan)]
        await one.move("RELEASE", day, place.id, "commitment", row.id, lines, out_of=out)
        await one.update("commitment", row.id, place.id, {"released": row.released + yuan}, "release")
        return Done("commitment", row.id)

    return await act(context, "commitmentRelease", idempotency_key, {"id": id, "amount": amount, "on": on}, work)


def _holder(row: Any) -> tuple[str, int]:
    return next((name, getattr(row, column)) for name, (column, _) in HOLDERS.items() if getattr(row, column))


# ------------------------------------------------------------------------------------------------ pay


async def pay(
    context: Context,
    commitment_id: int | None,
    *,
    amount: Decimal | None,
    pays_for: str | None,
    paid_on: date | None = None,
    payee_id: int | None = None,
    voucher: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Pays out of a commitment. Raises InvalidInput, NotFound, NotAllowed, Conflict (RULE_BROKEN, NOT_ENOUGH_MONEY)."""
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        row, place = await one.held("commitment", commitment_id)
        yuan = one.amount("amount", amount)
        day = one.day("paidOn", paid_on, least=row.committed_on)
        kinds = [kind for kind in PAYMENT_FOR.values if kind != "STIPEND"]
        kind = one.problems.one_of("paysFor", pays_for, kinds)
        payee = None if payee_id is None else await one.party("payeeId", payee_id)
        number = one.reference("voucher", voucher)
        one.problems.key(idempotency_key)
        one.problems.stop()
        if row.purpose == "STIPENDS":
            raise Conflict("FOR_STIPENDS", "这笔承诺用于津贴,请用津贴发放", "this is for stipends: pay those instead")
        soft = await judged(one, row, place, day, yuan, staff=kind == "STAFF")
        spent = await one.account(row.purpose, _subject(row), place.id)
        values = {"pays_for": kind, "payee_id": payee.id if payee is not None else None, "voucher": number}
        (id,) = await paid(one, row, place, day, "PAYMENT", [(spent, yuan, values | {"marks": marks(soft)})])
        return Done("payment", id)

    inputs = {
        "commitment_id": commitment_id, "amount": amount, "pays_for": pays_for, "paid_on": paid_on,
        "payee_id": payee_id, "voucher": voucher,
    }  # fmt: skip
    return await act(context, "fundPay", idempotency_key, inputs, work)


def _subject(row: Any) -> int:
    return int(row.project_id or row.station_id or row.referral_id)


async def judged(one: Act, row: Any, place: Area, day: date, yuan: Decimal, *, staff: bool) -> list[rules.Breach]:
    """The soft rules that paying so much out of a locked commitment breaks; raises Conflict for hard ones."""
    breaches: list[rules.Breach] = []
    if staff and row.project_id is not None:
        await funds.hold_project(one.conn, row.project_id)
        total, paid = await funds.of_project(one.conn, row.project_id)
        facts = {"STAFF_COST": paid + yuan, "PROJECT_TOTAL": total}
        breaches += await rules.check(one.conn, one.words, "PROJECT_COST", facts, place, day)
    name, holder_id = _holder(row)
    home_id = await ledger.account_area(one.conn, HOLDERS[name][1], holder_id)
    home = (await one.words.areas_by_id(one.conn, [home_id]))[home_id]
    breaches += await _subsidy(one, home, place, row._mapping, day)
    breaches += await rules.check_spending(
        one.conn,
        one.words,
        amount=yuan,
        source_id=row.fund_source_id,
        area=place,
        on=day,
        committed_on=row.committed_on,
        referral_id=row.referral_id,
    )
    return rules.refuse(breaches)


async def paid(
    one: Act, row: Any, place: Area, day: date, kind: str, lines: Sequence[tuple[int, Decimal, Mapping[str, Any]]]
) -> list[int]:
    """One journal out of a commitment to (account, yuan, columns of the payment); ids of the payments."""
    total = sum((yuan for _, yuan, _ in lines), ZERO)
    out = await one.account("COMMITMENT", row.id, place.id)
    moved = [(out, -total), *((account_id, yuan) for account_id, yuan, _ in lines)]
    journal_id = await one.move(kind, day, place.id, "commitment", row.id, moved, out_of=out)
    ids = [
        await one.insert(
            "payment",
            place,
            {"commitment_id": row.id, "amount": yuan, "paid_on": day, "journal_id": journal_id, **values},
        )
        for _, yuan, values in lines
    ]
    await one.update("commitment", row.id, place.id, {"paid": row.paid + total}, "pay")
    return ids


async def reverse(
    context: Context, id: int | None, *, on: date | None = None, idempotency_key: str | None = None
) -> Done:
    """Undoes a payment: a counter-entry brings the money back to its commitment; the payment stays and says so.

    Raises InvalidInput, NotFound, NotAllowed, Conflict (ALREADY_REVERSED).
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        found = await acting.seen(conn, context.viewer, "payment", id)
        if found is None:
            raise NotFound("这笔支付", "payment")
        commitment, place = await one.held("commitment", found.commitment_id)
        # Read again: whoever undid it while we waited for the commitment has been heard first.
        row, _ = await one.held("payment", found.id)
        day = one.day("on", on, least=row.paid_on)
        one.problems.key(idempotency_key)
        one.problems.stop()
        if row.reversed_on is not None:
            raise already_reversed(row.reversed_on)
        back = await one.account("COMMITMENT", commitment.id, place.id)
        stipend = commitment.purpose == "STIPENDS"
        spent = await one.account(
            "PAYEE" if stipend else commitment.purpose, row.payee_id if stipend else _subject(commitment), place.id
        )
        lines = [(back, row.amount), (spent, -row.amount)]
        await one.move(
            "REVERSAL", day, place.id, "payment", row.id, lines, out_of=spent, reverses_id=row.journal_id
        )  # fmt: skip
        await one.update("payment", row.id, place.id, {"reversed_on": day}, "reverse")
        await one.update("commitment", commitment.id, place.id, {"paid": commitment.paid - row.amount}, "reverse")
        return Done("payment", row.id)

    return await act(context, "paymentReverse", idempotency_key, {"id": id, "on": on}, work)

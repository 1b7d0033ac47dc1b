"""Donations: what donors mean them for, another use with their consent, what is left for a similar purpose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import funds
from db.areas import Area
from resolvers.acts import act, require_role, require_within
from resolvers.context import Context, Done
from resolvers.errors import Conflict
from resolvers.fund_checks import Act, similar
from resolvers.funds import already_reversed


async def record_donation(
    context: Context,
    *,
    area: str | None,
    donor_id: int | None,
    amount: Decimal | None,
    donated_on: date | None = None,
    earmark: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """A donation of money to an area, with what the donor means it for (None: for any use).

    Raises InvalidInput, NotAllowed.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        place = await one.area("area", area)
        donor = await one.party("donorId", donor_id)
        row: dict[str, Any] = {
            "amount": one.amount("amount", amount),
            "donated_on": one.day("donatedOn", donated_on),
            "earmark_id": one.earmark("earmark", earmark),
        }
        one.problems.key(idempotency_key)
        one.problems.stop()
        assert place is not None
        require_within(context.viewer, place)
        id = await one.insert("donation", place, {"donor_id": donor.id, **row})
        giver = await one.account("CONTRIBUTOR", donor.id, place.id)
        gift = await one.account("DONATION", id, place.id)
        lines = [(giver, -row["amount"]), (gift, row["amount"])]
        await one.move("DONATION", row["donated_on"], place.id, "donation", id, lines)
        return Done("donation", id)

    inputs = {"area": area, "donor_id": donor_id, "amount": amount, "donated_on": donated_on, "earmark": earmark}
    return await act(context, "donationRecord", idempotency_key, inputs, work)


async def redirect(
    context: Context,
    id: int | None,
    *,
    amount: Decimal | None,
    earmark: str | None,
    consent_by_id: int | None,
    consented_on: date | None,
    consent_reference: str | None,
    on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Puts what is left of a donation, or a part, to another use that its donor consented to: a donation of its own.

    Who consented (the donor and nobody else), when, and the number of the document that shows it are all required
    (charity law, art. 55). `earmark` None: for any use. Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")
    inputs = {
        "id": id, "amount": amount, "earmark": earmark, "consent_by_id": consent_by_id, "on": on,
        "consented_on": consented_on, "consent_reference": consent_reference,
    }  # fmt: skip

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        gift, place = await one.held("donation", id)
        moved = one.amount("amount", amount)
        meant = one.earmark("earmark", earmark)
        if one.problems.required("consentById", consent_by_id) and consent_by_id != gift.donor_id:
            one.problems.add(
                "consentById", "NOT_THE_DONOR", "只有捐赠人本人可以同意改变用途", "only the donor can consent"
            )
        if one.problems.required("consentedOn", consented_on):
            one.day("consentedOn", consented_on, least=gift.donated_on)
        shown = one.reference("consentReference", consent_reference, required=True)
        day = one.day("on", on, least=consented_on or gift.donated_on)
        one.problems.key(idempotency_key)
        one.problems.stop()
        _require_open(gift)
        consent = {"consent_by_id": gift.donor_id, "consented_on": consented_on, "consent_reference": shown}
        return Done("donation", await _made_of(one, gift, place, moved, meant, day, "REDIRECTED", consent))

    return await act(context, "donationRedirect", idempotency_key, inputs, work)


async def close_surplus(
    context: Context,
    id: int | None,
    *,
    earmark: str | None,
    on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Closes a directed donation: all that is left of it goes to a similar purpose (charity law, art. 57).

    Similar is the same client group, or one of the same domain. Refused while money of it is promised and not paid.
    Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        one = await Act.begun(context, conn)
        gift, place = await one.held("donation", id)
        one.problems.required("earmark", earmark)
        meant = one.earmark("earmark", earmark)
        day = one.day("on", on, least=gift.donated_on)
        one.problems.key(idempotency_key)
        one.problems.stop()
        assert meant is not None
        _require_open(gift)
        if gift.earmark_id is None:
            raise Conflict(
                "NOT_DIRECTED", "这笔捐赠没有指定用途,可直接使用", "this donation is for any use: just use it"
            )
        if not similar(one.words, gift.earmark_id, meant):
            (zh, en), (zh2, en2) = one.words.term_labels[gift.earmark_id], one.words.term_labels[meant]
            raise Conflict(
                "PURPOSE_NOT_SIMILAR",
                f"“{zh2}”与捐赠人指定的“{zh}”不属相近用途(慈善法第五十七条);请选同一领域的用途",
                f"{en2} is not similar to {en}, which the donor meant (charity law, art. 57); choose one of its domain",
            )
        own = (await funds.balances(conn, [("donation", gift.id)], day)).get(("donation", gift.id))
        if own is None or own.left <= 0:
            raise Conflict("NOTHING_LEFT", "这笔捐赠没有结余", "nothing of this donation is left")
        if own.reserved:
            raise Conflict(
                "STILL_COMMITTED",
                f"还有 {own.reserved:.2f} 元已承诺未支付;请先支付或解除承诺",
                f"{own.reserved:.2f} yuan of it are promised and not paid; pay or release them first",
            )
        new = await _made_of(one, gift, place, Decimal(own.left), meant, day, "SURPLUS", {})
        await one.update("donation", gift.id, place.id, {"closed_on": day}, "close")
        return Done("donation", new)

    return await act(context, "surplusClose", idempotency_key, {"id": id, "earmark": earmark, "on": on}, work)


async def _made_of(
    one: Act, gift: Any, place: Area, amount: Decimal, earmark_id: int | None, day: date, origin: str,
    more: Mapping[str, Any],
) -> int:  # fmt: skip
    """A donation made of a part of another, with the money."""
    row = {
        "donor_id": gift.donor_id,
        "amount": amount,
        "donated_on": day,
        "earmark_id": earmark_id,
        "origin": origin,
        "origin_donation_id": gift.id,
        **more,
    }
    id = await one.insert("donation", place, row)
    old = await one.account("DONATION", gift.id, place.id)
    new = await one.account("DONATION", id, place.id)
    kind = "REDIRECT" if origin == "REDIRECTED" else "SURPLUS"
    await one.move(kind, day, place.id, "donation", id, [(old, -amount), (new, amount)], out_of=old)
    return id


def _require_open(gift: Any) -> None:
    if gift.reversed_on is not None:
        raise already_reversed(gift.reversed_on)
    if gift.closed_on is not None:
        raise Conflict(
            "DONATION_CLOSED",
            f"这笔捐赠已于 {gift.closed_on.isoformat()} 结转",
            f"this donation was closed on {gift.closed_on.isoformat()}",
        )

"""Referrals: ordered (点单), taken (抢单), and led step by step to an outcome and a follow-up.

Which step follows which, by whom and with what, stands in `resolvers.referral_steps`; this module carries it out. Rows
are locked in the order of `db.referrals`: offers, needs, referrals, then trees of matches.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, referrals
from resolvers.acts import act, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict, NotAllowed, NotFound
from resolvers.referral_ledger import Placing, check_pair, place, settle, sides_of
from resolvers.referral_steps import OUTCOME, REASON, SIDE_TEXT, STATUS_TEXT, STEPS, Side, Step, possible
from resolvers.vocabulary import Vocabulary, vocabulary

#: A note is a few sentences, not a file.
MAX_NOTE = 1_000
#: What the satisfaction of a follow-up may be.
SATISFACTION = (1, 5)


async def request(
    context: Context,
    *,
    need_id: int | None,
    offer_id: int | None,
    quantity: int,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Orders so much of an offer for a need (点单), in the need's unit; held from now on.

    Raises InvalidInput, NotFound, NotAllowed (not the need's area), Conflict (the pair does not match, or too little is
    left: the message says how much).
    """
    require_role(context.viewer, "COORDINATOR")
    return await _make(context, STEPS["request"], "referralRequest", need_id, offer_id, quantity, note, idempotency_key)


async def take(
    context: Context,
    *,
    need_id: int | None,
    offer_id: int | None,
    quantity: int,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """A provider takes an open need itself (抢单) with an offer of its own: accepted at once. Raises as `request`."""
    require_role(context.viewer, "PARTNER", "COORDINATOR")
    return await _make(context, STEPS["take"], "referralTake", need_id, offer_id, quantity, note, idempotency_key)


async def _make(
    context: Context,
    step: Step,
    operation: str,
    need_id: int | None,
    offer_id: int | None,
    quantity: int,
    note: str | None,
    key: str | None,
) -> Done:
    inputs = {"need_id": need_id, "offer_id": offer_id, "quantity": quantity, "note": note}

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        offer = await acting.seen(conn, context.viewer, "offer", offer_id, lock=True)
        need = await acting.seen(conn, context.viewer, "need", need_id, lock=True)
        if need is None:
            problems.missing("needId", "这个需求", "need")
        if offer is None:
            problems.missing("offerId", "这个资源供给", "offer")
        fine = not problems.fails_count("quantity", quantity)
        if fine and offer is not None and quantity < offer.minimum_per_need:
            problems.add(
                "quantity",
                "BELOW_MINIMUM",
                f"这个供给每项需求至少 {offer.minimum_per_need}",
                f"this offer gives at least {offer.minimum_per_need} to one need",
            )
        text = _note(problems, note)
        problems.key(key)
        problems.stop()
        assert need is not None
        assert offer is not None
        area = (await words.areas_by_id(conn, [need.area_id]))[need.area_id]
        own = context.viewer.role == "PARTNER" and context.viewer.party_id == offer.provider_id
        if step.name == "take" and context.viewer.role == "PARTNER":
            if not own:
                raise NotAllowed(
                    "只能用自己的资源接单;点单请联系本区域的统筹员",
                    "a need is taken with an offer of your own; a coordinator of the area may order others",
                )
        else:
            require_within(context.viewer, area)
        await check_pair(context, conn, words, need, offer, quantity)
        side: Side = "PROVIDER" if own else "COORDINATOR"
        (id,) = await place(context, conn, words, step, [Placing(need, offer, quantity, area)], side=side, note=text)
        return Done("referral", id)

    return await act(context, operation, key, inputs, work)


async def advance(
    context: Context,
    name: str,
    id: int | None,
    *,
    note: str | None = None,
    reason: str | None = None,
    delivered: int | None = None,
    outcome: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Takes one step of the table on a referral. `delivered` is in the need's unit, reason and outcome are term codes.

    Raises InvalidInput (what the step requires is missing or wrong, or what it has no use for is given), NotFound,
    NotAllowed (the other side's step: the message says whose), Conflict (not from this state: it says what is).
    """
    require_role(context.viewer, "PARTNER", "COORDINATOR")
    step = STEPS[name]
    inputs = {"id": id, "note": note, "reason": reason, "delivered": delivered, "outcome": outcome}

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        row = await _locked(context, conn, step, id, delivered)
        side = _side(context, step, row, (await words.areas_by_id(conn, [row.area_id]))[row.area_id])
        problems = Problems()
        values = _required(words, problems, step, row, reason=reason, delivered=delivered, outcome=outcome)
        text = _note(problems, note)
        problems.key(idempotency_key)
        _require_possible(step, row, frozenset([side]))
        problems.stop()
        await settle(context, conn, words, step, row, values, side=side, note=text)
        return Done("referral", row.id)

    return await act(context, f"referral{name[0].upper()}{name[1:]}", idempotency_key, inputs, work, _known(id))


async def follow_up(
    context: Context,
    id: int | None,
    *,
    reached: bool | None = True,
    satisfaction: int | None = None,
    further_need: str | None = None,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Records a call back (回访) on a completed or failed referral; the need closes once all of it is followed up.

    `satisfaction` is 1..5; with `reached` False nothing is known yet, and another attempt stays due. Raises as
    `advance`.
    """
    require_role(context.viewer, "PARTNER", "COORDINATOR")
    step = STEPS["followUp"]
    reached = True if reached is None else reached
    inputs = {
        "id": id,
        "reached": reached,
        "satisfaction": satisfaction,
        "further_need": further_need,
        "note": note,
    }

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        row = await _locked(context, conn, step, id)
        side = _side(context, step, row, (await words.areas_by_id(conn, [row.area_id]))[row.area_id])
        problems = Problems()
        low, high = SATISFACTION
        if reached and satisfaction is None:
            problems.required("satisfaction", None)
        elif not reached and satisfaction is not None:
            problems.add("satisfaction", "NOT_EXPECTED", "没有联系上,不填满意度", "nobody was reached: leave it out")
        elif satisfaction is not None and not low <= satisfaction <= high:
            problems.add("satisfaction", "OUT_OF_RANGE", f"应为 {low} 到 {high}", f"must be {low} to {high}")
        further = None if further_need is None else problems.text("furtherNeed", further_need)
        if further is not None and not reached:
            problems.add("furtherNeed", "NOT_EXPECTED", "没有联系上,不填新需求", "nobody was reached: leave it out")
        text = _note(problems, note)
        problems.key(idempotency_key)
        _require_possible(step, row, frozenset([side]))
        problems.stop()
        call = {"reached": reached, "satisfaction": satisfaction, "further_need": further}
        await referrals.add_follow_up(
            conn,
            {
                **call,
                "referral_id": row.id,
                "at": context.clock(),
                "note": text,
                "side": side,
                "actor_id": context.viewer.key_id,
            },
        )
        await settle(context, conn, words, step, row, call, side=side, note=text)
        return Done("referral", row.id)

    return await act(context, "followUpRecord", idempotency_key, inputs, work, _known(id))


async def release(context: Context, conn: AsyncConnection, row: Any) -> bool:
    """Ends a referral that nobody answered through every level, in the caller's transaction; what it held is free.

    `row` is a whole row of `referral` as it was read. False, and nothing happens, where it moved meanwhile.
    """
    step = STEPS["release"]
    words = await vocabulary(context.engine, conn)
    await referrals.lock(conn, "offer", [row.offer_id])
    now = await referrals.lock_with_need(conn, row.id)
    if now.status not in step.sources or now.due_at != row.due_at or now.due_at > context.clock():
        return False
    reason = words.terms.get((REASON, "NO_ANSWER"))
    values = {"reason_id": reason.id if reason else None}
    await settle(context, conn, words, step, now, values, side="SYSTEM", note=None)
    return True


def _known(id: int | None) -> Done | None:
    return Done("referral", id) if id is not None and 0 < id <= acting.MAX_ID else None


async def _locked(
    context: Context, conn: AsyncConnection, step: Step, id: int | None, delivered: int | None = None
) -> Any:
    """The referral as the viewer sees it, locked; before it, what the step changes of the ledger.

    Where all of it is `delivered` the offer gets nothing back, and is left alone.
    """
    if step.held == "ALL" and step.name != "followUp":
        row = await acting.seen(conn, context.viewer, "referral", id, lock=True)
        if row is None:
            raise NotFound("这个点单", "referral")
        return row
    row = await acting.seen(conn, context.viewer, "referral", id)
    if row is None:
        raise NotFound("这个点单", "referral")
    if step.held != "ALL" and not (step.held == "DELIVERED" and delivered == row.quantity):
        await referrals.lock(conn, "offer", [row.offer_id])
    return await referrals.lock_with_need(conn, row.id)


def _side(context: Context, step: Step, row: Any, area: Any) -> Any:
    """On whose behalf the viewer takes the step. Raises NotAllowed where it is another's."""
    sides = sides_of(context.viewer, row, area)
    for side in step.sides:
        if side in sides:
            return side
    who_zh = "、".join(SIDE_TEXT[side][0] for side in step.sides)
    who_en = " or ".join(SIDE_TEXT[side][1] for side in step.sides)
    now_zh, now_en = _possible_now(row.status, sides)
    raise NotAllowed(
        f"“{step.zh}”由{who_zh}办理;{now_zh}",
        f"to {step.en} is for {who_en}; {now_en}",
    )


def _possible_now(status: str, sides: frozenset[str]) -> tuple[str, str]:
    steps = possible(status, sides)
    if steps:
        return (
            f"您现在可以:{'、'.join(step.zh for step in steps)}",
            f"possible for you now: {', '.join(step.en for step in steps)}",
        )
    others = possible(status)
    if others:
        who_zh = "、".join(dict.fromkeys(SIDE_TEXT[side][0] for step in others for side in step.sides))
        who_en = ", ".join(dict.fromkeys(SIDE_TEXT[side][1] for step in others for side in step.sides))
        return (f"现在由{who_zh}办理", f"it is up to {who_en} now")
    return "这个点单已经结束,如仍有需要请重新点单", "it is over; order again if it is still needed"


def _require_possible(step: Step, row: Any, sides: frozenset[str]) -> None:
    """Raises Conflict where the step does not lead on from here."""
    if row.status in step.sources and not (step.name == "followUp" and row.followed_up_at is not None):
        return
    zh, en = STATUS_TEXT[row.status]
    if step.name == "followUp" and row.followed_up_at is not None:
        raise Conflict("FOLLOWED_UP", "这个点单已经回访结案", "this referral is followed up already")
    now_zh, now_en = _possible_now(row.status, sides)
    raise Conflict(
        f"REFERRAL_{row.status}",
        f"这个点单{zh},不能{step.zh};{now_zh}",
        f"the referral is {en}: to {step.en} is not possible; {now_en}",
    )


def _required(
    words: Vocabulary,
    problems: Problems,
    step: Step,
    row: Any,
    *,
    reason: str | None,
    delivered: int | None,
    outcome: str | None,
) -> dict[str, Any]:
    """The columns that the inputs of a step set; what is missing, wrong or out of place is added to `problems`."""
    values: dict[str, Any] = {}
    given = {"reason": reason, "delivered": delivered, "outcome": outcome}
    for name, value in given.items():
        if name not in (*step.requires, *step.allows):
            if value is not None:
                problems.add(name, "NOT_EXPECTED", f"“{step.zh}”不填这一项", f"to {step.en} takes no {name}")
            continue
        if value is None:
            if name in step.requires:
                problems.required(name, value)
            continue
        if name == "delivered":
            if isinstance(value, bool) or not 1 <= int(value) <= row.quantity:
                problems.add(
                    name,
                    "OUT_OF_RANGE",
                    f"应为 1 到 {row.quantity};一点都没有提供请用“报告未成功”",
                    f"must be 1 to {row.quantity}; where nothing was delivered, report failure",
                )
            values["delivered"] = value
        else:
            term = words.check_term(problems, name, [REASON if name == "reason" else OUTCOME], str(value))
            values[f"{name}_id"] = term.id if term else None
    return values


def _note(problems: Problems, note: str | None) -> str | None:
    """A note of at most `MAX_NOTE` characters, line breaks allowed; None where it is empty."""
    if note is None:
        return None
    return problems.prose("note", note, MAX_NOTE)

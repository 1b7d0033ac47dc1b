"""What becomes of standing referrals when their offer is paused or withdrawn, or their need withdrawn: by rule.

The rules stand in `resolvers.referral_steps.STANDING_RULES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import referrals
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.referral_ledger import offers_and_needs, settle
from resolvers.referral_steps import REASON, STANDING_RULES, STATUS_TEXT, STEPS
from resolvers.vocabulary import Vocabulary


async def lock_offers_of(conn: AsyncConnection, need_id: int) -> None:
    """Locks the offers of a need's standing referrals; call it before the need itself is locked."""
    rows = await referrals.standing(conn, need_id=need_id)
    if rows:
        await referrals.lock(conn, "offer", offers_and_needs(rows)[0])


async def treat(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    act: str,
    *,
    offer_id: int | None = None,
    need_id: int | None = None,
) -> tuple[list[int], list[int]]:
    """Applies the rule of `act` ("offer.pause", ...) to the standing referrals of a locked offer or need.

    Returns the ids of (offers, needs) whose ledger changed: the caller renews their matches with its own. Raises
    Conflict where a referral stands in the way; nothing is changed then.
    """
    rule = STANDING_RULES[act]
    found = await referrals.standing(conn, offer_id=offer_id, need_id=need_id)
    if not found:
        return [], []
    offer_ids, need_ids = offers_and_needs(found)
    if offer_id is None:
        await referrals.lock(conn, "offer", offer_ids)
    await referrals.lock(conn, "need", need_ids)
    rows = list((await referrals.lock(conn, "referral", [row.id for row in found])).values())
    _refuse(rule.zh, rule.en, [row for row in rows if row.status in rule.refuses])
    ended = [row for row in rows if row.status in rule.cancels]
    reason = words.terms.get((REASON, rule.reason))
    for row in ended:
        await settle(
            context,
            conn,
            words,
            STEPS["cancel"],
            row,
            {"reason_id": reason.id if reason else None},
            side="PROVIDER" if context.viewer.role == "PARTNER" else "COORDINATOR",
            note=None,
            renew=False,
        )
    return offers_and_needs(ended)


def _refuse(zh: str, en: str, rows: Sequence[Any]) -> None:
    if not rows:
        return
    status_zh, status_en = STATUS_TEXT[rows[0].status]
    raise Conflict(
        "REFERRALS_STAND",
        f"还有 {len(rows)} 个点单{status_zh},不能{zh};请先完成、报告未成功或取消这些点单",
        f"{len(rows)} referral(s) are {status_en}: {en} is not possible; complete, fail or cancel them first",
    )

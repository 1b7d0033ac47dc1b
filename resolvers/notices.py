"""Notices: what a party or the coordinators of an area should hear of, in words that name nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, notices
from db.cursors import global_id
from resolvers.acts import act, require_role
from resolvers.checks import Problems
from resolvers.context import COUNTY_TIME, Context, Done
from resolvers.errors import NotFound

Kind = Literal[
    "NEW_ORDER",
    "TAKEN",
    "DUE_TOMORROW",
    "OVERDUE",
    "ESCALATED",
    "RELEASED",
    "CANCELLED",
    "REJECTED",
    "FAILED",
    "TO_FOLLOW_UP",
    "STILL_TRUE",
    "WEBHOOK_DISABLED",
    "AGREEMENT_ENDS",
]
#: Title and body of each kind in 中文 and English; {what} is what is asked or offered, {due} when it is due.
TEXTS: Mapping[str, tuple[str, str, str, str]] = {
    "NEW_ORDER": (
        "新的点单",
        "A new order",
        "{what}。请在 {due} 前接单或退回。",
        "{what}. Accept or reject it by {due}.",
    ),
    "DUE_TOMORROW": (
        "即将到期",
        "Due soon",
        "{what}。{due} 到期,请及时办理。",
        "{what}. It is due at {due}.",
    ),
    "OVERDUE": (
        "已逾期",
        "Overdue",
        "{what}。{due} 已到期,还没有办理。",
        "{what}. It was due at {due} and is still open.",
    ),
    "ESCALATED": (
        "逾期上报",
        "Overdue, handed to you",
        "{what}。逾期未办,现由您所在层级负责,请在 {due} 前处理。",
        "{what}. It is overdue and you answer for it now; see to it by {due}.",
    ),
    "RELEASED": (
        "点单已释放",
        "Order released",
        "{what}。多次逾期,占用的数量已退回。",
        "{what}. It was overdue for too long; what it held is free again.",
    ),
    "CANCELLED": ("点单已取消", "Order cancelled", "{what}。这份点单已取消。", "{what}. This order was cancelled."),
    "REJECTED": (
        "点单被退回",
        "Order rejected",
        "{what}。提供方已退回,请另行安排。",
        "{what}. The provider rejected it; find another way.",
    ),
    "TAKEN": (
        "有人主动接单",
        "A need was taken",
        "{what}。提供方已主动接单,请在 {due} 前跟进开始服务。",
        "{what}. A provider took it; the service should begin by {due}.",
    ),
    "FAILED": (
        "服务未成功",
        "Not delivered",
        "{what}。这份点单未能提供,占用的数量已退回。",
        "{what}. Nothing was delivered; what it held is free again.",
    ),
    "TO_FOLLOW_UP": (
        "待回访",
        "To follow up",
        "{what}。服务已完成,请在 {due} 前回访。",
        "{what}. The service is done; call back by {due}.",
    ),
    "STILL_TRUE": (
        "这些资源还有效吗?",
        "Is this still true?",
        "您有 {count} 项资源很久没有确认,请逐项核对:仍有效的一次确认即可,有变的请修改或撤回。",
        "{count} of your offers were not confirmed for long: confirm in one go those that hold, change or withdraw the "
        "others.",
    ),
    "WEBHOOK_DISABLED": (
        "推送已停用",
        "A webhook was disabled",
        "您登记的一个推送地址长时间无法送达或已声明不再接收,已停用。请检查后恢复;错过的事件会从断点补发。",
        "One of your webhooks failed for long, or said that it wants no more, and was disabled. Look into it and "
        "resume it; what it missed is sent then.",
    ),
    "AGREEMENT_ENDS": (
        "服务协议即将到期",
        "An agreement ends soon",
        "{what}。{due} 到期,还没有续签;请及时办理续签或交接。",
        "{what}. Its last day is {due} and nothing follows it; renew it, or hand over.",
    ),
}
TYPENAMES = {
    "referral": "Referral",
    "need": "Need",
    "offer": "Offer",
    "party": "Party",
    "webhook": "Webhook",
    "agreement": "Agreement",
}


def notice(
    context: Context,
    *,
    kind: Kind,
    party_id: int | None = None,
    area_id: int | None = None,
    entity: str,
    entity_id: int,
    occasion: str = "",
    about: Sequence[str] | None = None,
    what: tuple[str, str] = ("", ""),
    quantity: int | None = None,
    unit: str = "",
    where: str = "",
    due_at: datetime | None = None,
    on: date | None = None,
    count: int = 0,
) -> dict[str, Any]:
    """The row of a notice, for `db.notices.add`; arguments as of `tell`, and `on`, where it is about a day."""
    amount_zh = f" {quantity} {unit}".rstrip() if quantity is not None else ""
    amount_en = f" ({quantity} {unit})".replace(" )", ")") if quantity is not None else ""
    due = f"{on or ''}" if due_at is None else f"{due_at.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}"
    values_zh = {"what": f"{where}:{what[0]}{amount_zh}" if where else what[0] + amount_zh, "due": due, "count": count}
    values_en = values_zh | {"what": f"{what[1]}{amount_en}" + (f", {where}" if where else "")}
    title_zh, title_en, body_zh, body_en = TEXTS[kind]
    now = context.clock()
    return {
        "kind": kind,
        "party_id": party_id,
        "area_id": area_id,
        "entity": entity,
        "entity_id": entity_id,
        "occasion": occasion,
        "about": list(about) if about is not None else [global_id(f"{TYPENAMES[entity]}:{entity_id}".encode())],
        "title_zh": title_zh,
        "title_en": title_en,
        "body_zh": body_zh.format(**values_zh),
        "body_en": body_en.format(**values_en),
        "created_at": now,
        "try_at": now,
    }


async def tell(
    conn: AsyncConnection,
    context: Context,
    *,
    kind: Kind,
    party_id: int | None = None,
    area_id: int | None = None,
    entity: str = "referral",
    entity_id: int,
    occasion: str = "",
    about: Sequence[str] | None = None,
    what: tuple[str, str] = ("", ""),
    quantity: int | None = None,
    unit: str = "",
    where: str = "",
    due_at: datetime | None = None,
    count: int = 0,
) -> bool:
    """Writes a notice to a party, or to the coordinators of an area, in the caller's transaction; False if told before.

    The same kind about the same thing is told the same recipient once for each `occasion`. Facts of the text: `what` is
    (中文, English), the label of a resource type; `quantity` in `unit`; `where` the full name of an area; `due_at`
    aware; nothing that people typed. `about` is global ids of what it concerns (default: the entity itself).
    """
    row = notice(
        context,
        kind=kind,
        party_id=party_id,
        area_id=area_id,
        entity=entity,
        entity_id=entity_id,
        occasion=occasion,
        about=about,
        what=what,
        quantity=quantity,
        unit=unit,
        where=where,
        due_at=due_at,
        count=count,
    )
    return await notices.add(conn, [row]) == 1


async def read(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Says that a notice was read; the first time counts. Raises NotFound, NotAllowed."""
    require_role(context.viewer, "PARTNER", "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        row = await acting.seen(conn, context.viewer, "notice", id, lock=True)
        if row is None:
            raise NotFound("这条通知", "notice")
        problems = Problems()
        problems.key(idempotency_key)
        problems.stop()
        await notices.mark_read(conn, row.id, context.clock())
        return Done("notice", row.id)

    return await act(context, "noticeRead", idempotency_key, {"id": id}, work)

"""Needs: submitted for a community, changed, withdrawn; their matches are true when the call returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, needs
from graph.values import PRIORITIES
from resolvers import matches, referral_ledger, standing
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import KEEP, Context, Done, KeepType
from resolvers.errors import Conflict, NotFound
from resolvers.vocabulary import CHANNEL, Vocabulary, vocabulary

_STATUS_ZH = {"OPEN": "待解决", "MET": "已落实", "CLOSED": "已关闭", "WITHDRAWN": "已撤回"}


async def submit(
    context: Context,
    *,
    title: str,
    community_id: int | None,
    resource_type: str,
    quantity: int,
    priority: str | None = "ROUTINE",
    client_groups: Sequence[str] | None = None,
    whole_or_nothing: bool | None = False,
    needed_from: date | None = None,
    needed_by: date | None = None,
    channel: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Submits a need of a community; `quantity` is in the unit of the resource type.

    Raises InvalidInput, NotFound (of the community, where nothing else is wrong), NotAllowed, Conflict.
    """
    require_role(context.viewer, "COORDINATOR")
    inputs: dict[str, Any] = {
        "title": title,
        "community_id": community_id,
        "resource_type": resource_type,
        "quantity": quantity,
        "priority": priority or "ROUTINE",
        "client_groups": list(client_groups or ()),
        "whole_or_nothing": bool(whole_or_nothing),
        "needed_from": needed_from,
        "needed_by": needed_by,
        "channel": channel,
    }

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        row = checked(context, words, problems, inputs)
        community = await acting.seen(conn, context.viewer, "party", community_id)
        if community is None or community.kind != "COMMUNITY":
            problems.missing("communityId", "这个社区", "community")
        problems.key(idempotency_key)
        problems.stop()
        assert community is not None
        area = (await words.areas_by_id(conn, [community.area_id]))[community.area_id]
        require_within(context.viewer, area)
        now = context.clock()
        row |= {
            "community_id": community.id,
            "area_id": area.id,
            "county_id": area.county_id,
            "created_at": now,
            "updated_at": now,
        }
        (id,) = await needs.add(conn, [row])
        await record(conn, context.viewer, "need.submitted", "need", id, area.id)
        await matches.renew(context, conn, need_ids=[id])
        return Done("need", id)

    return await act(context, "needSubmit", idempotency_key, inputs, work)


async def change(
    context: Context,
    id: int | None,
    *,
    title: str | KeepType | None = KEEP,
    resource_type: str | KeepType | None = KEEP,
    quantity: int | KeepType | None = KEEP,
    priority: str | KeepType | None = KEEP,
    client_groups: Sequence[str] | KeepType | None = KEEP,
    whole_or_nothing: bool | KeepType | None = KEEP,
    needed_from: date | KeepType | None = KEEP,
    needed_by: date | KeepType | None = KEEP,
    channel: str | KeepType | None = KEEP,
    idempotency_key: str | None = None,
) -> Done:
    """Changes the fields that are given; a change that changes nothing leaves no event.

    None empties a field (whole_or_nothing: no); title, type, quantity and priority cannot be empty (REQUIRED). Raises
    as `submit` does; Conflict for a need that is closed or withdrawn.
    """
    require_role(context.viewer, "COORDINATOR")
    given: dict[str, Any] = {
        "title": title,
        "resource_type": resource_type,
        "quantity": quantity,
        "priority": priority,
        "client_groups": client_groups,
        "whole_or_nothing": False if whole_or_nothing is None else whole_or_nothing,
        "needed_from": needed_from,
        "needed_by": needed_by,
        "channel": channel,
    }
    inputs = {name: value for name, value in given.items() if value is not KEEP}

    async def work(conn: AsyncConnection) -> Done:
        old = await _own(context, conn, id)
        if old.status not in ("OPEN", "MET"):
            raise _not_now(old.status)
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        row = checked(context, words, problems, inputs, old)
        problems.key(idempotency_key)
        problems.stop()
        row["status"] = "OPEN" if row.get("quantity", old.quantity) > old.delivered else "MET"
        changed = {name: value for name, value in row.items() if getattr(old, name) != value}
        if changed:
            await needs.change(conn, old.id, changed, context.clock())
            await record(
                conn,
                context.viewer,
                "need.changed",
                "need",
                old.id,
                old.area_id,
                {"fields": sorted(changed)},
            )
            if changed.get("status") == "MET":
                # What was asked for less of may have been followed up long ago: no step will come to close it.
                await referral_ledger.close_need(context, conn, old.id)
            await matches.renew(context, conn, need_ids=[old.id], left_type_ids=[old.resource_type_id])
        return Done("need", old.id)

    return await act(context, "needChange", idempotency_key, {"id": id, **inputs}, work)


async def withdraw(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Takes a need back; its matches are gone, and its referrals go by rule (`resolvers.standing`).

    Raises NotFound, NotAllowed, Conflict (it is not open any more, or a service is under way).
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        if id is not None and 0 < id <= acting.MAX_ID:
            await standing.lock_offers_of(conn, id)
        old = await _own(context, conn, id)
        problems = Problems()
        problems.key(idempotency_key)
        problems.stop()
        if old.status != "OPEN":
            raise _not_now(old.status)
        words = await vocabulary(context.engine, conn)
        freed, _ = await standing.treat(context, conn, words, "need.withdraw", need_id=old.id)
        await needs.change(conn, old.id, {"status": "WITHDRAWN"}, context.clock())
        await record(conn, context.viewer, "need.withdrawn", "need", old.id, old.area_id)
        await matches.renew(context, conn, need_ids=[old.id], offer_ids=freed)
        return Done("need", old.id)

    return await act(context, "needWithdraw", idempotency_key, {"id": id}, work)


def checked(
    context: Context, words: Vocabulary, problems: Problems, inputs: Mapping[str, Any], old: Any = None
) -> dict[str, Any]:
    """The columns that the inputs set, every faulty field added to `problems`; use after `problems.stop()`.

    `old` is the row to be changed; without it the inputs must hold every field.
    """
    row: dict[str, Any] = {}
    if "title" in inputs:
        row["title"] = problems.text("title", inputs["title"])
    if "resource_type" in inputs:
        kind = words.check_type(problems, "resourceType", inputs["resource_type"])
        row["resource_type_id"] = kind.id if kind else None
        if kind and old is not None and old.committed and kind.id != old.resource_type_id:
            problems.add(
                "resourceType",
                "COMMITTED",
                f"已有 {old.committed} 落实,不能再改类型;请撤回后重新提交",
                f"{old.committed} are promised already: withdraw it and submit another",
            )
    if "quantity" in inputs:
        row["quantity"] = problems.count("quantity", inputs["quantity"])
        if old is not None and 0 < row["quantity"] < old.committed:
            problems.add(
                "quantity",
                "BELOW_COMMITTED",
                f"不能少于已落实的 {old.committed}",
                f"must not be less than the {old.committed} promised already",
            )
    if "priority" in inputs:
        row["priority"] = problems.one_of("priority", inputs["priority"], PRIORITIES)
    if "client_groups" in inputs:
        row["client_group_ids"] = words.check_groups(problems, "clientGroups", inputs["client_groups"] or ())
    for name in ("whole_or_nothing", "needed_from", "needed_by"):
        if name in inputs:
            row[name] = inputs[name]
    if "needed_from" in inputs or "needed_by" in inputs:
        start = row.get("needed_from", getattr(old, "needed_from", None))
        end = row.get("needed_by", getattr(old, "needed_by", None))
        problems.period("neededFrom", start, "neededBy", end, context.today, past="needed_by" in inputs)
    if "channel" in inputs:
        code = inputs["channel"]
        term = None if code is None else words.check_term(problems, "channel", [CHANNEL], code)
        row["channel_id"] = term.id if term else None
    return row


async def _own(context: Context, conn: AsyncConnection, id: int | None) -> Any:
    """The need, locked. Raises NotFound where the viewer may not see it."""
    old = await acting.seen(conn, context.viewer, "need", id, lock=True)
    if old is None:
        raise NotFound("这个需求", "need")
    return old


def _not_now(status: str) -> Conflict:
    return Conflict(
        f"NEED_{status}",
        f"这个需求{_STATUS_ZH[status]},不能再改动或撤回;如仍有需要,请重新提交",
        f"the need is {status.lower()} and cannot be changed or withdrawn; submit another if it is still needed",
    )

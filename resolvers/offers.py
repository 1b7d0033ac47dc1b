"""Offers: published by a provider, changed, confirmed, paused, resumed, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, offers
from db.areas import Area
from resolvers import matches, standing
from resolvers.acts import act, record, require_role, within
from resolvers.checks import Problems
from resolvers.context import KEEP, Context, Done, KeepType
from resolvers.errors import Conflict, NotAllowed, NotFound
from resolvers.referral_steps import STANDING_RULES
from resolvers.vocabulary import CLIENT_GROUP, DOMAIN, Vocabulary, vocabulary

ACTORS = ("PARTNER", "COORDINATOR")
_STATUS = {
    "DRAFT": ("草稿", "a draft"),
    "ACTIVE": ("启用中", "active"),
    "PAUSED": ("已暂停", "paused"),
    "WITHDRAWN": ("已撤回", "withdrawn"),
}
#: From which statuses an act is possible, and what it is called.
_FROM = {
    "change": ("DRAFT", "ACTIVE", "PAUSED"),
    "confirm": ("ACTIVE", "PAUSED"),
    "pause": ("ACTIVE",),
    "resume": ("PAUSED",),
    "withdraw": ("DRAFT", "ACTIVE", "PAUSED"),
}
#: What an offer is for, and so which needs its provider sees.
_PURPOSE = {"resource_type_id": "resourceType", "client_group_ids": "clientGroups", "earmark_id": "earmark"}
_ACT_ZH = {"change": "修改", "confirm": "确认", "pause": "暂停", "resume": "恢复", "withdraw": "撤回"}


async def publish(
    context: Context,
    *,
    title: str,
    provider_id: int | None,
    provider_kind: str | None = None,
    resource_type: str,
    capacity: int,
    coverage: Sequence[str],
    client_groups: Sequence[str] | None = None,
    minimum_per_need: int | None = 1,
    maximum_per_need: int | None = None,
    available_from: date | None = None,
    available_until: date | None = None,
    earmark: str | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Publishes an offer of a party; quantities are in the unit of the resource type, coverage holds area codes.

    `earmark` is the code of a client group or a domain; a minimum of None is 1. A PARTNER sees the needs its offers
    match, so its coverage stays within its reach (`_check_reach`). Raises InvalidInput, NotFound (of the provider,
    where nothing else is wrong), NotAllowed, Conflict.
    """
    require_role(context.viewer, *ACTORS)
    inputs: dict[str, Any] = {
        "title": title,
        "provider_id": provider_id,
        "resource_type": resource_type,
        "capacity": capacity,
        "coverage": list(coverage),
        "client_groups": list(client_groups or ()),
        "minimum_per_need": 1 if minimum_per_need is None else minimum_per_need,
        "maximum_per_need": maximum_per_need,
        "available_from": available_from,
        "available_until": available_until,
        "earmark": earmark,
    }

    async def work(conn: AsyncConnection) -> Done:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        row = await checked(context, conn, words, problems, inputs)
        provider = await acting.seen(conn, context.viewer, "party", provider_id)
        if provider is None or (provider_kind is not None and provider.kind != provider_kind):
            problems.missing("providerId", "这个提供方", "provider")
        else:
            await _check_reach(context, conn, words, problems, provider.id, provider, row, inputs["coverage"])
        problems.key(idempotency_key)
        problems.stop()
        assert provider is not None
        area = (await words.areas_by_id(conn, [provider.area_id]))[provider.area_id]
        _require_own(context, provider.id, area)
        now = context.clock()
        row |= {
            "provider_id": provider.id,
            "area_id": area.id,
            "county_id": area.county_id,
            "track_record": provider.track_record,
            "confirmed_at": now,
            "created_at": now,
            "updated_at": now,
        }
        (id,) = await offers.add(conn, [row])
        await record(conn, context.viewer, "offer.published", "offer", id, area.id)
        await matches.renew(context, conn, offer_ids=[id])
        return Done("offer", id)

    return await act(context, "offerPublish", idempotency_key, inputs, work)


async def change(
    context: Context,
    id: int | None,
    *,
    title: str | KeepType | None = KEEP,
    resource_type: str | KeepType | None = KEEP,
    capacity: int | KeepType | None = KEEP,
    coverage: Sequence[str] | KeepType | None = KEEP,
    client_groups: Sequence[str] | KeepType | None = KEEP,
    minimum_per_need: int | KeepType | None = KEEP,
    maximum_per_need: int | KeepType | None = KEEP,
    available_from: date | KeepType | None = KEEP,
    available_until: date | KeepType | None = KEEP,
    earmark: str | KeepType | None = KEEP,
    idempotency_key: str | None = None,
) -> Done:
    """Changes the fields that are given; a change that changes nothing leaves no event.

    None empties a field; title, type, capacity and coverage cannot be empty (REQUIRED), a minimum of None is 1. Raises
    as `publish` does; Conflict for an offer that is withdrawn.
    """
    given: dict[str, Any] = {
        "title": title,
        "resource_type": resource_type,
        "capacity": capacity,
        "coverage": coverage,
        "client_groups": client_groups,
        "minimum_per_need": 1 if minimum_per_need is None else minimum_per_need,
        "maximum_per_need": maximum_per_need,
        "available_from": available_from,
        "available_until": available_until,
        "earmark": earmark,
    }
    inputs = {name: value for name, value in given.items() if value is not KEEP}

    async def effect(conn: AsyncConnection, old: Any) -> dict[str, Any]:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        row = await checked(context, conn, words, problems, inputs, old)
        await _check_reach(context, conn, words, problems, old.provider_id, old, row, coverage, old)
        problems.stop()
        return row

    return await _step(context, "change", "offer.changed", id, idempotency_key, inputs, effect)


async def confirm(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Says "still true": the offer is fresh from now on. Raises NotFound, NotAllowed, Conflict."""
    return await _step(
        context, "confirm", "offer.confirmed", id, idempotency_key, {}, {"confirmed_at": context.clock()}
    )


async def pause(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Takes an active offer out of matching until it is resumed; unanswered orders are cancelled, promises kept.

    Raises NotFound, NotAllowed, Conflict.
    """
    return await _step(context, "pause", "offer.paused", id, idempotency_key, {}, {"status": "PAUSED"})


async def resume(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Brings a paused offer back. Raises NotFound, NotAllowed, Conflict."""
    return await _step(context, "resume", "offer.resumed", id, idempotency_key, {}, {"status": "ACTIVE"})


async def withdraw(context: Context, id: int | None, *, idempotency_key: str | None = None) -> Done:
    """Takes an offer back for good: its matches are gone, orders not begun are cancelled, services under way go on.

    Raises NotFound, NotAllowed, Conflict.
    """
    return await _step(context, "withdraw", "offer.withdrawn", id, idempotency_key, {}, {"status": "WITHDRAWN"})


async def checked(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    problems: Problems,
    inputs: Mapping[str, Any],
    old: Any = None,
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
                f"已有 {old.committed} 承诺出去,不能再改类型;请另行发布",
                f"{old.committed} are promised already: publish another offer",
            )
    _check_quantities(problems, inputs, row, old)
    if "coverage" in inputs:
        row["coverage_ids"] = await words.check_coverage(conn, problems, "coverage", inputs["coverage"])
    if "client_groups" in inputs:
        row["client_group_ids"] = words.check_groups(problems, "clientGroups", inputs["client_groups"] or ())
    for name in ("available_from", "available_until"):
        if name in inputs:
            row[name] = inputs[name]
    if "available_from" in inputs or "available_until" in inputs:
        start = row.get("available_from", getattr(old, "available_from", None))
        end = row.get("available_until", getattr(old, "available_until", None))
        problems.period("availableFrom", start, "availableUntil", end, context.today, past="available_until" in inputs)
    if "earmark" in inputs:
        code = inputs["earmark"]
        term = None if code is None else words.check_term(problems, "earmark", [CLIENT_GROUP, DOMAIN], code)
        row["earmark_id"] = term.id if term else None
    return row


def _check_quantities(problems: Problems, inputs: Mapping[str, Any], row: dict[str, Any], old: Any) -> None:
    """Capacity, minimum and maximum, each for itself and against the others."""
    paths = {"capacity": "capacity", "minimum_per_need": "minimumPerNeed", "maximum_per_need": "maximumPerNeed"}
    now: dict[str, int | None] = {}
    for name, path in paths.items():
        if name in inputs:
            row[name] = inputs[name]
            # Only the maximum may be empty: then there is none.
            if (inputs[name] is not None or name != "maximum_per_need") and problems.fails_count(path, inputs[name]):
                continue
        now[name] = row.get(name, getattr(old, name, None))
    capacity, least, most = (now.get(name) for name in paths)
    given = {name for name in paths if name in inputs}
    if not given:
        return
    if old is not None and capacity is not None and capacity < old.committed:
        problems.add(
            "capacity",
            "BELOW_COMMITTED",
            f"不能少于已承诺的 {old.committed}",
            f"must not be less than the {old.committed} promised already",
        )
    if least is not None and most is not None and most < least:
        problems.add(
            "maximumPerNeed", "BELOW_MINIMUM", f"不能小于起供数量 {least}", f"must not be less than the minimum {least}"
        )
    if least is not None and capacity is not None and least > capacity:
        problems.add(
            "minimumPerNeed",
            "ABOVE_CAPACITY",
            f"不能大于供给总量 {capacity}",
            f"must not exceed the capacity {capacity}",
        )


async def _check_reach(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    problems: Problems,
    provider_id: int,
    home: Any,
    row: Mapping[str, Any],
    codes: Sequence[str] | KeepType | None,
    old: Any = None,
) -> None:
    """Keeps a PARTNER's own offer within its key's area, else its county, else (above counties) its own area.

    `home` is a row with the provider's place, `codes` the coverage as it was given. Areas that a coordinator let the
    offer have before may stay; but then what it is for stays too, or the partner would read in all of them what nobody
    let it see. Offers of others are refused elsewhere.
    """
    viewer = context.viewer
    if viewer.role != "PARTNER" or viewer.party_id != provider_id:
        return
    bound_id = viewer.area_id or home.county_id or home.area_id
    held = list(old.coverage_ids) if old is not None else []
    served = row.get("coverage_ids", held)
    areas = await words.areas_by_id(conn, {bound_id, *held, *served})
    bound = areas[bound_id]

    def too_wide(path: str | tuple[str, ...], zh: str, en: str) -> None:
        problems.add(
            path,
            "COVERAGE_TOO_WIDE",
            f"{zh};范围更大的供给请由{bound.full_name}的统筹员或管理员办理",
            f"{en}; a coordinator of {bound.full_name} or an administrator may widen it",
        )

    reach = {bound_id, *held}
    for area in [areas[id] for id in served]:
        if isinstance(codes, Sequence) and reach.isdisjoint(area.ancestor_ids):
            too_wide(
                ("coverage", str(codes.index(area.code))),
                f"{area.full_name}超出了{bound.full_name}",
                f"{area.full_name} reaches beyond {bound.full_name}",
            )
    if old is None or all(bound_id in areas[id].ancestor_ids for id in served):
        return
    for column, path in _PURPOSE.items():
        if column in row and row[column] != getattr(old, column):
            too_wide(
                path,
                f"这个供给的服务区域超出了{bound.full_name},它的用途不能改变",
                f"the coverage reaches beyond {bound.full_name}, so what it is for stays",
            )


def _require_own(context: Context, provider_id: int, area: Area) -> None:
    viewer = context.viewer
    if viewer.role == "PARTNER" and viewer.party_id == provider_id:
        return
    if not within(viewer, area):
        raise NotAllowed(
            f"这个供给不归您管理:它属于{area.full_name}的提供方;请由提供方自己、该区域的统筹员或管理员办理",
            f"not yours: its provider is in {area.full_name};"
            " the provider itself, a coordinator of that area or an administrator may do this",
        )


async def _step(
    context: Context,
    name: str,
    event: str,
    id: int | None,
    key: str | None,
    inputs: Mapping[str, Any],
    effect: Any,
) -> Done:
    """One act on a published offer. `effect` is the columns to set, or a function of (conn, old row) that says so."""
    require_role(context.viewer, *ACTORS)

    async def work(conn: AsyncConnection) -> Done:
        old = await acting.seen(conn, context.viewer, "offer", id, lock=True)
        if old is None:
            raise NotFound("这个资源供给", "offer")
        words = await vocabulary(context.engine, conn)
        area = (await words.areas_by_id(conn, [old.area_id]))[old.area_id]
        _require_own(context, old.provider_id, area)
        problems = Problems()
        problems.key(key)
        problems.stop()
        if old.status not in _FROM[name]:
            raise _not_now(name, old.status)
        row = await effect(conn, old) if callable(effect) else effect
        changed = {column: value for column, value in row.items() if getattr(old, column) != value}
        if changed:
            await offers.change(conn, old.id, changed, context.clock())
            detail = {"fields": sorted(changed)} if name == "change" else None
            await record(conn, context.viewer, event, "offer", old.id, old.area_id, detail)
            freed: list[int] = []
            if f"offer.{name}" in STANDING_RULES:
                _, freed = await standing.treat(context, conn, words, f"offer.{name}", offer_id=old.id)
            await matches.renew(context, conn, need_ids=freed, offer_ids=[old.id], left_type_ids=[old.resource_type_id])
        return Done("offer", old.id)

    return await act(context, f"offer{name.capitalize()}", key, {"id": id, **inputs}, work)


def _not_now(name: str, status: str) -> Conflict:
    possible = [other for other, statuses in _FROM.items() if status in statuses]
    zh, en = _STATUS[status]
    if possible:
        now_zh = f"现在可以:{'、'.join(_ACT_ZH[other] for other in possible)}"
        now_en = f"possible now: {', '.join(possible)}"
    else:
        now_zh, now_en = "如需再次提供,请重新发布", "publish another to offer it again"
    return Conflict(
        f"OFFER_{status}",
        f"这个供给{zh},不能{_ACT_ZH[name]};{now_zh}",
        f"the offer is {en}: {name} is not possible; {now_en}",
    )

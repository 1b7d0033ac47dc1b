"""What a referral holds: the one place where `committed` of needs and offers changes.

Every change of a referral goes through `place` (new ones) or `settle` (one step), each inside the caller's transaction:
the referral, the ledger of its offer and need, the events of all three, the renewed matches and the notices are written
together or not at all. The law, which tests/ledger.py checks on any database: `offer.committed` and `need.committed`
are the sums of `referral.held`, `need.delivered` that of the completed ones, and the last event of each row says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import events, needs, referrals, spending
from db import notices as notice_rows
from db.areas import Area
from db.matches import OFFER_COLUMNS, WeightSet
from db.viewer import Viewer
from graph.rules import obstacles
from graph.values import Need, Obstacle, Offer
from resolvers import due, matches, notices, rules
from resolvers.acts import within
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.referral_steps import Side, Step
from resolvers.vocabulary import Vocabulary
from resolvers.world import need_value, offer_values, world

#: A statement takes 32,767 parameters.
NOTICES_AT_ONCE = 1_000
#: Which column says when a referral came to a status.
_REACHED = {"ACCEPTED": "accepted_at", "IN_PROGRESS": "started_at"}
#: Who is told of a step, unless it took the step itself, and how the notice is called.
_TOLD: dict[str, tuple[tuple[Side, notices.Kind], ...]] = {
    "request": (("PROVIDER", "NEW_ORDER"),),
    "take": (("COORDINATOR", "TAKEN"),),
    "reject": (("COORDINATOR", "REJECTED"),),
    "fail": (("COORDINATOR", "FAILED"), ("PROVIDER", "FAILED")),
    "complete": (("COORDINATOR", "TO_FOLLOW_UP"),),
    "cancel": (("PROVIDER", "CANCELLED"),),
    "release": (("PROVIDER", "RELEASED"), ("COORDINATOR", "RELEASED")),
}


@dataclass(frozen=True, slots=True)
class Placing:
    """A referral to be made: whole, locked rows of its need and offer, the quantity, the need's area."""

    need: Any
    offer: Any
    quantity: int
    area: Area


def sides_of(viewer: Viewer, row: Any, area: Area) -> frozenset[str]:
    """On whose behalf a viewer may act on a referral; `area` is the referral's."""
    sides = set()
    if viewer.role == "PARTNER" and viewer.party_id is not None:
        if viewer.party_id == row.provider_id:
            sides.add("PROVIDER")
        if viewer.party_id == row.community_id:
            sides.add("COMMUNITY")
    if within(viewer, area):
        sides.add("COORDINATOR")
    return frozenset(sides)


def need_of(row: Any) -> Need:
    """A whole row of `need` as the graph layer knows it."""
    return need_value(_Remaining(row))


class _Remaining:
    """A row of `need` with what it still asks for beside."""

    def __init__(self, row: Any) -> None:
        self._row = row
        self.remaining = row.quantity - row.committed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def offers_of(rows: Sequence[Any], words: Vocabulary) -> list[Offer]:
    """Whole rows of `offer` as the graph layer knows them."""
    return offer_values([tuple(getattr(row, one.key) for one in OFFER_COLUMNS) for row in rows], words)


async def failed_rules(
    context: Context, conn: AsyncConnection, words: Vocabulary, pairs: Sequence[tuple[Any, Any]]
) -> list[list[Obstacle]]:
    """For each (need row, offer row) the rules of matching it fails, empty where none."""
    needs_now = {need.id: need_of(need) for need, _ in pairs}
    offer_rows = {offer.id: offer for _, offer in pairs}
    offers_now = dict(zip(offer_rows, offers_of(list(offer_rows.values()), words), strict=True))
    # The rules weigh nothing.
    unweighed = WeightSet(0, (), ())
    around = await world(conn, words, unweighed, context.today, list(needs_now.values()), list(offers_now.values()))
    return [obstacles(needs_now[need.id], offers_now[offer.id], around) for need, offer in pairs]


async def check_pair(
    context: Context, conn: AsyncConnection, words: Vocabulary, need: Any, offer: Any, quantity: int
) -> None:
    """Raises Conflict where the pair does not match (why, and what mends it) or less than `quantity` is left."""
    most = min(need.quantity - need.committed, offer.available)
    if offer.maximum_per_need is not None and most > 0:
        held = await referrals.held_by_pair(conn, need.id, offer.id)
        most = min(most, offer.maximum_per_need - held)
    if need.status == "OPEN" and offer.status == "ACTIVE" and quantity > most:
        raise not_enough(most, need, offer)
    (failed,) = await failed_rules(context, conn, words, [(need, offer)])
    for first in failed:
        raise Conflict(
            f"NOT_A_MATCH_{first.code}",
            f"{first.text_zh}{';' + first.remedy_zh if first.remedy_zh else ''}",
            f"{first.text_en}{' Possible: ' + first.remedy_en if first.remedy_en else ''}",
        )


def not_enough(most: int, need: Any, offer: Any) -> Conflict:
    """The refusal of a quantity that is not there any more."""
    lacking, left = need.quantity - need.committed, offer.available
    now_zh = f"现在最多可以点 {most}" if most > 0 else "现在一点也不能点"
    now_en = f"at most {most} can be ordered now" if most > 0 else "nothing can be ordered now"
    return Conflict(
        "NOT_ENOUGH_LEFT",
        f"余量不足:需求还缺 {lacking},资源还有 {left};{now_zh}",
        f"not enough is left: the need lacks {lacking}, the offer has {left}; {now_en}",
    )


async def place(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    step: Step,
    placings: Sequence[Placing],
    *,
    side: Side,
    note: str | None,
    plan_id: int | None = None,
) -> list[int]:
    """Makes referrals that were checked; their ids in the order given. Rows of offers and needs are locked already.

    Raises Conflict (RULE_BROKEN, BASE_MISSING) where a hard rule leaves less of the money that is ordered.
    """
    now = context.clock()
    await _within_rules(context, conn, words, placings)
    assert step.awaits is not None
    rows = []
    for one in placings:
        due_at = await due.due(conn, words, step=step.awaits, priority=one.need.priority, area_id=one.area.id, at=now)
        rows.append(
            {
                "need_id": one.need.id,
                "offer_id": one.offer.id,
                "community_id": one.need.community_id,
                "provider_id": one.offer.provider_id,
                "area_id": one.area.id,
                "county_id": one.area.county_id,
                "resource_type_id": one.need.resource_type_id,
                "priority": one.need.priority,
                "plan_id": plan_id,
                "taken": step.name == "take",
                "quantity": one.quantity,
                "held": one.quantity,
                "status": step.target,
                "note": note,
                "due_at": due_at,
                "owner_area_id": one.area.id,
                "requested_at": now,
                "accepted_at": now if step.target == "ACCEPTED" else None,
                "updated_at": now,
                "history": [_entry(words, step.target, now, note, side, None)],
            }
        )
    ids = await referrals.add(conn, rows)
    by_offer: Counter[int] = Counter()
    by_need: Counter[int] = Counter()
    for one in placings:
        by_offer[one.offer.id] += one.quantity
        by_need[one.need.id] += one.quantity
    told = [_event(context, step, id, row, row["held"], 0, side) for id, row in zip(ids, rows, strict=True)]
    one_pair = placings[0] if len(placings) == 1 else None
    roots = matches.roots(words, one_pair.need, one_pair.offer) if one_pair is not None else set()
    promised = {id: (held, 0) for id, held in by_need.items()}
    await _book(context, conn, told, by_offer, promised, renew=one_pair is None, roots=roots)
    if one_pair is not None:
        await matches.shrink(context, conn, one_pair.need, one_pair.offer)
    told_of = [(id, row, row["due_at"]) for id, row in zip(ids, rows, strict=True)]
    await _tell(context, conn, words, step, told_of, side)
    return ids


async def _within_rules(
    context: Context, conn: AsyncConnection, words: Vocabulary, placings: Sequence[Placing]
) -> None:
    money = [one for one in placings if words.types_by_id[one.offer.resource_type_id].kind == "FUNDS"]
    if not money:
        return
    source_of = await spending.sources(conn, {one.offer.provider_id for one in money})
    orders = [
        (source_of[one.offer.provider_id], one.area, one.quantity)
        for one in money
        if one.offer.provider_id in source_of
    ]
    rules.refuse(await rules.check_orders(conn, words, orders, context.today))


async def settle(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    step: Step,
    row: Any,
    values: Mapping[str, Any],
    *,
    side: Side,
    note: str | None,
    renew: bool = True,
) -> None:
    """Takes a step that was checked on a locked referral, and books what it frees or delivers.

    `values` are the columns the inputs set (reason_id, outcome_id, delivered), for a follow-up what was learnt. Where
    the step changes the ledger, offer and need are locked too. Without `renew` the caller renews the matches itself.
    """
    now = context.clock()
    status = step.target or row.status
    held = {"ALL": row.held, "DELIVERED": values.get("delivered", 0), "NOTHING": 0}[step.held]
    moved: dict[str, Any] = {"updated_at": now, "owner_area_id": row.area_id, "escalations": 0}
    if step.name == "followUp":
        if values["reached"]:
            moved |= {"followed_up_at": now, "awaited": False}
    else:
        moved |= {**values, "status": status, "held": held}
    if status in _REACHED and getattr(row, _REACHED[status]) is None:
        moved[_REACHED[status]] = now
    if step.closes:
        moved |= {"closed_at": now, "closed_by": side, "awaited": step.awaits is not None}
    awaits = step.awaits or ("FOLLOW_UP" if step.name == "followUp" and not values["reached"] else None)
    if awaits is not None:
        moved["due_at"] = await due.due(conn, words, step=awaits, priority=row.priority, area_id=row.area_id, at=now)
    await referrals.move(conn, row.id, moved, _entry(words, status, now, note, side, values.get("reason_id")))
    freed, delivered = held - row.held, values.get("delivered", 0) if step.held == "DELIVERED" else 0
    event = _event(context, step, row.id, {**row._mapping, **moved}, held, row.held, side)
    if step.name == "followUp":
        event["detail"] |= {"reached": values["reached"], "satisfaction": values["satisfaction"]}
    await _book(
        context,
        conn,
        [event],
        {row.offer_id: freed} if freed else {},
        {row.need_id: (freed, delivered)} if freed or delivered else {},
        renew=renew,
    )
    if step.name == "followUp" and values["reached"]:
        await close_need(context, conn, row.need_id)
    await _tell(context, conn, words, step, [(row.id, row._mapping, moved.get("due_at", row.due_at))], side)


async def close_need(context: Context, conn: AsyncConnection, need_id: int) -> None:
    """Closes a need that is met and all of it followed up, in the caller's transaction. Its row is locked."""
    need = (await referrals.lock(conn, "need", [need_id]))[need_id]
    if need.status != "MET" or await referrals.unfollowed(conn, need_id):
        return
    await needs.change(conn, need_id, {"status": "CLOSED"}, context.clock())
    await events.add(
        conn,
        kind="need.closed",
        entity="need",
        entity_id=need_id,
        area_id=need.area_id,
        actor_id=context.viewer.key_id,
        detail={"committed": need.committed, "delivered": need.delivered, "status": "CLOSED"},
    )


async def _book(
    context: Context,
    conn: AsyncConnection,
    told: list[dict[str, Any]],
    by_offer: Mapping[int, int],
    by_need: Mapping[int, tuple[int, int]],
    *,
    renew: bool = True,
    roots: Collection[int] = (),
) -> None:
    """Writes the ledger, all events at once, and the matches that rest on what changed."""
    offer_rows: Mapping[int, Any] = {}
    need_rows: Mapping[int, Any] = {}
    if by_offer or by_need:
        offer_rows, need_rows = await referrals.hold(conn, context.clock(), offers=by_offer, needs=by_need, roots=roots)
    actor = context.viewer.key_id
    for entity, rows in (("offer", offer_rows), ("need", need_rows)):
        for row in rows.values():
            detail = {"committed": row.committed}
            if entity == "need":
                detail |= {"delivered": row.delivered, "status": row.status}
            told.append(
                {
                    "kind": f"{entity}.committed",
                    "entity": entity,
                    "entity_id": row.id,
                    "area_id": row.area_id,
                    "actor_id": actor,
                    "detail": detail,
                }
            )
    await events.add_many(conn, told)
    promised = [id for id, (committed, _) in by_need.items() if committed]
    if renew and (promised or by_offer):
        await matches.renew(context, conn, need_ids=promised, offer_ids=list(by_offer))


def _event(
    context: Context, step: Step, id: int, row: Mapping[str, Any], held: int, was_held: int, side: Side
) -> dict[str, Any]:
    return {
        "kind": step.event,
        "entity": "referral",
        "entity_id": id,
        "area_id": row["area_id"],
        "actor_id": context.viewer.key_id,
        "detail": {
            "need": row["need_id"],
            "offer": row["offer_id"],
            "provider": row["provider_id"],
            "community": row["community_id"],
            "status": row["status"],
            "quantity": row["quantity"],
            "held": held,
            "change": held - was_held,
            "side": side,
        },
    }


def _entry(
    words: Vocabulary, status: str | None, at: Any, note: str | None, side: Side, reason_id: int | None
) -> dict[str, Any]:
    reason = words.terms_by_id.get(reason_id) if reason_id is not None else None
    return {
        "status": status,
        "at": at.isoformat(),
        "note": note,
        "side": side,
        "reason_zh": reason.label_zh if reason else None,
        "reason_en": reason.label_en if reason else None,
    }


async def _tell(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    step: Step,
    told_of: Sequence[tuple[int, Mapping[str, Any], datetime]],
    side: Side,
) -> None:
    """Notices of a step to those who did not take it themselves; (id, row, due time) of each referral."""
    kinds = [(whom, kind) for whom, kind in _TOLD.get(step.name, ()) if whom != side]
    if not kinds:
        return
    areas = await words.areas_by_id(conn, {row["area_id"] for _, row, _ in told_of})
    rows = []
    for id, row, due_at in told_of:
        what = words.types_by_id[row["resource_type_id"]]
        for whom, kind in kinds:
            to_area = whom == "COORDINATOR"
            rows.append(
                notices.notice(
                    context,
                    kind=kind,
                    party_id=None if to_area else row["provider_id"],
                    area_id=row["area_id"] if to_area else None,
                    entity="referral",
                    entity_id=id,
                    what=(what.label_zh, what.label_en),
                    quantity=row["quantity"],
                    unit=what.unit,
                    where=areas[row["area_id"]].full_name,
                    due_at=due_at,
                )
            )
    for start in range(0, len(rows), NOTICES_AT_ONCE):
        await notice_rows.add(conn, rows[start : start + NOTICES_AT_ONCE])


def offers_and_needs(rows: Collection[Any]) -> tuple[list[int], list[int]]:
    """Ids of the offers and of the needs of referrals, each ascending: the order in which they are locked."""
    return sorted({row.offer_id for row in rows}), sorted({row.need_id for row in rows})

"""What if: an area's plan as things are, and as it would be without some parties or with more offers.

Nothing is written: no row, no event. Both plans are computed from one snapshot, in a plan child.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting
from db.areas import Area
from graph.values import PRIORITIES, Offer, Plan
from resolvers import offers, plans, questions
from resolvers.acts import require_role
from resolvers.checks import MAX_INT, Problems
from resolvers.context import Context
from resolvers.plan_reports import AreaShare, shares
from resolvers.vocabulary import Vocabulary, vocabulary

#: Parties that are taken away, offers that are added, needs named of those that gain or lose.
MOST_PARTIES, MOST_OFFERS, NAMED = 100, 100, 100
#: Ids of offers that are only thought of begin here, above every stored one.
_IMAGINED = 1 << 62
_DATES = ("available_from", "available_until", "confirmed_on")


@dataclass(frozen=True, slots=True)
class Unmet:
    """Of one priority: how many needs are not fully met, and how many units they miss (at most 2,147,483,647)."""

    priority: str
    needs: int
    units: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A plan in figures. `unmet` of every priority, most urgent first."""

    demand: int
    met: int
    optimal: bool
    unmet: list[Unmet]
    fairness: list[AreaShare]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Needs that are fully met only after (`gained`) or only before (`lost`): how many, and the most urgent of them."""

    before: Figures
    after: Figures
    gained_count: int
    gained_ids: list[int]
    lost_count: int
    lost_ids: list[int]
    text_zh: str
    text_en: str


async def simulate(
    context: Context,
    *,
    area: str,
    withdraw: Sequence[int | None] | None = None,
    add: Sequence[Mapping[str, Any]] | None = None,
    order: str | None = None,
) -> Comparison:
    """Compares the plan of an area with the one it would have if the parties `withdraw` gave nothing any more and the
    offers `add` were there. For coordinators of the area.

    An offer to add has the inputs of `resolvers.offers.publish` without title and provider; `area` is where its
    provider is at home (None: the area asked about), as is what `coverage` None stands for.
    Raises NotAllowed, InvalidInput with every faulty field, and Conflict as `resolvers.questions`.
    """
    require_role(context.viewer, "COORDINATOR")
    parties, more = list(withdraw or ()), list(add or ())
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await questions.place_of(context, conn, words, problems, area)
        await _check_parties(context, conn, problems, parties)
        added = await _check_offers(context, conn, words, problems, more, place)
        problems.stop()
        assert place is not None
    question = {
        "about": "simulate",
        "area_id": place.id,
        "order": order or plans.URGENT_FIRST,
        "withdraw": parties,
        "add": [_as_json(one) for one in added],
    }
    return _told(await questions.ask(context, question))


async def _check_parties(
    context: Context, conn: AsyncConnection, problems: Problems, ids: Sequence[int | None]
) -> None:
    if len(ids) > MOST_PARTIES:
        problems.add("withdraw", "TOO_MANY", f"最多 {MOST_PARTIES} 个主体", f"at most {MOST_PARTIES} parties")
        return
    usable = {id for id in ids if id is not None and 0 < id <= acting.MAX_ID}
    seen = await acting.which_seen(conn, context.viewer, "party", usable) if usable else set()
    for position, id in enumerate(ids):
        if id not in seen:
            problems.add(("withdraw", str(position)), "NOT_FOUND", "没有找到这个主体", "no such party")


async def _check_offers(
    context: Context,
    conn: AsyncConnection,
    words: Vocabulary,
    problems: Problems,
    given: Sequence[Mapping[str, Any]],
    place: Area | None,
) -> list[Offer]:
    """The offers that are thought of; every faulty field is a problem at [add, position, field]."""
    if len(given) > MOST_OFFERS:
        problems.add("add", "TOO_MANY", f"最多 {MOST_OFFERS} 项资源", f"at most {MOST_OFFERS} offers")
        return []
    found = []
    for position, one in enumerate(given):
        own, home = Problems(), place
        inputs = {name: value for name, value in one.items() if name != "area"}
        if inputs["coverage"] is None:
            del inputs["coverage"]
            inputs |= {"coverage": [place.code]} if place else {}
        if inputs["minimum_per_need"] is None:
            inputs["minimum_per_need"] = 1
        row = await offers.checked(context, conn, words, own, inputs)
        if one["area"] is not None:
            home = await words.check_area(conn, own, "area", one["area"])
        for fault in own.fields:
            path = ("add", str(position), *fault.path)
            problems.add(path, fault.code, fault.message_zh, fault.message_en)
        if not own.fields and place is not None and home is not None:
            found.append(_offer(_IMAGINED + position, home, row, words, context.today))
    return found


def _offer(id: int, home: Area, row: Mapping[str, Any], words: Vocabulary, today: date) -> Offer:
    groups, earmark = row["client_group_ids"], row["earmark_id"]
    return Offer(
        id=id,
        provider_id=id,
        type_id=row["resource_type_id"],
        area_id=home.id,
        coverage_ids=tuple(row["coverage_ids"]),
        group_ids=words.groups_closed(groups) if groups else (),
        earmark_ids=None if earmark is None else words.groups_closed((earmark,)),
        available=row["capacity"],
        minimum=row["minimum_per_need"],
        maximum=row["maximum_per_need"],
        available_from=row["available_from"],
        available_until=row["available_until"],
        confirmed_on=today,
    )


def _as_json(offer: Offer) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(offer).items()}


def _from_json(given: Mapping[str, Any]) -> Offer:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if name in {one.name for one in fields(Offer)}
    }
    for name in _DATES:
        values[name] = None if values[name] is None else date.fromisoformat(values[name])
    return Offer(**values)


# ------------------------------------------------------------------------------------------------ the child's side


async def answer(context: Context, question: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """In the child: both plans in figures, who gains, who loses; and how many needs were looked at."""
    added = [_from_json(one) for one in question["add"]]
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        instance = await plans.read(context, conn, question["area_id"], added)
        words = await vocabulary(context.engine, conn)
        areas = await words.areas_by_id(conn, set(instance.around.districts.values()))
    codes = {id: area.code for id, area in areas.items()}
    gone, order = frozenset(question["withdraw"]), question["order"]
    return await asyncio.to_thread(_compared, instance, gone, order, codes), len(instance.needs)


def _compared(instance: plans.Instance, gone: frozenset[int], order: str, codes: Mapping[int, str]) -> dict[str, Any]:
    stored = [one for one in instance.offers if one.id < _IMAGINED]
    left = [one for one in instance.offers if one.provider_id not in gone]
    before, after = (plans.mathematics(replace(instance, offers=each), order) for each in (stored, left))
    urgency = {need.id: need.priority for need in instance.needs}
    short, still = ({one.need_id for one in plan.shortfalls} for plan in (before, after))
    found: dict[str, Any] = {
        "before": _figures(before, urgency, codes),
        "after": _figures(after, urgency, codes),
    }
    for name, ids in (("gained", short - still), ("lost", still - short)):
        found[f"{name}_count"] = len(ids)
        found[f"{name}_ids"] = sorted(ids, key=lambda id: (-urgency[id], id))[:NAMED]
    return found


def _figures(plan: Plan, urgency: Mapping[int, int], codes: Mapping[int, str]) -> dict[str, Any]:
    unmet = {priority: [0, 0] for priority in range(len(PRIORITIES))}
    for one in plan.shortfalls:
        of = unmet[urgency[one.need_id]]
        of[0] += 1
        of[1] += one.quantity
    coverage = sorted(plan.coverage, key=lambda one: (codes[one.district_id], one.type_id))
    return {
        "demand": plan.demand,
        "met": plan.met,
        "optimal": plan.certificate.optimal,
        "unmet": [[PRIORITIES[priority], *unmet[priority]] for priority in sorted(unmet, reverse=True)],
        "coverage": [[one.district_id, one.type_id, one.requested, one.allocated] for one in coverage],
    }


# ------------------------------------------------------------------------------------------------ in words


def _told(found: Mapping[str, Any]) -> Comparison:
    before, after = _read(found["before"]), _read(found["after"])
    gained, lost = found["gained_count"], found["lost_count"]
    return Comparison(
        before,
        after,
        gained,
        found["gained_ids"],
        lost,
        found["lost_ids"],
        f"完全满足的需求由 {before.met} 项变为 {after.met} 项:新满足 {gained} 项,不再满足 {lost} 项",
        f"Fully met needs go from {before.met} to {after.met}: {gained} gained, {lost} lost",
    )


def _read(given: Mapping[str, Any]) -> Figures:
    return Figures(
        given["demand"],
        given["met"],
        given["optimal"],
        [Unmet(priority, needs, min(units, MAX_INT)) for priority, needs, units in given["unmet"]],
        shares((area, kind, asked, gave) for area, kind, asked, gave in given["coverage"]),
    )

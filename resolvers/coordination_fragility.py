"""Fragility of townships: what there hangs on one provider, one worker, or an agreement that ends soon."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from db import coordination
from db.areas import Area
from resolvers import due, plans, questions
from resolvers.acts import require_role
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.vocabulary import Vocabulary, vocabulary

#: Needs named of one provider.
NEEDS = 5
ABOUT = "township_fragility"


@dataclass(frozen=True, slots=True)
class SoleProvider:
    """Open needs of a kind that only one provider could serve; `need_ids` the first of them, most urgent first."""

    resource_type_id: int
    party_id: int
    needs: int
    need_ids: list[int]


@dataclass(slots=True)
class Township:
    """A township with what is fragile in it. `clients_per_worker` None without a worker."""

    area: Area
    workers: int = 0
    clients: int = 0
    alone: list[SoleProvider] = field(default_factory=list)
    single_worker_ids: list[int] = field(default_factory=list)
    no_worker_ids: list[int] = field(default_factory=list)
    agreement_ids: list[int] = field(default_factory=list)
    reasons: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def area_id(self) -> int:
        return self.area.id

    @property
    def clients_per_worker(self) -> Decimal | None:
        if not self.workers:
            return None
        return (Decimal(self.clients) / self.workers).quantize(Decimal("0.01"), ROUND_HALF_UP)


async def townships(context: Context, area: str) -> list[Township]:
    """Every township of an area with what is fragile there, most reasons first, then by code. For its coordinators.

    Raises NotAllowed, InvalidInput, and Conflict as `resolvers.questions`. Needs and offers are read as a plan of the
    area reads them; O(eligible pairs), in a child.
    """
    require_role(context.viewer, "COORDINATOR")
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await questions.place_of(context, conn, words, problems, area)
        problems.stop()
        assert place is not None
        ids = await coordination.townships(conn, place.id)
        places = await words.areas_by_id(conn, ids)
        found = {id: Township(places[id]) for id in ids}
        today = context.today
        for row in await coordination.staff(conn, place.id, today):
            one = found[row.township_id]
            one.workers += row.workers
            if row.workers < row.units:
                one.no_worker_ids.append(row.station_id)
            elif row.workers == row.units:
                one.single_worker_ids.append(row.station_id)
        for id, clients in (await coordination.clients(conn, place.id)).items():
            found[id].clients = clients
        days = (await due.rules(conn, words)).of("AGREEMENT_ENDS", None, place.ancestor_ids).days
        last = today + timedelta(days=days)
        for row in await coordination.agreements_of_townships(conn, place.id, today, last):
            found[row.township_id].agreement_ids.append(row.id)
    said = await questions.ask(context, {"about": ABOUT, "area_id": place.id})
    for town, type_id, party_id, count, needs in said["alone"]:
        if town in found:
            found[town].alone.append(SoleProvider(type_id, party_id, count, needs))
    for one in found.values():
        _tell(one, words, days)
    return sorted(found.values(), key=lambda one: (-len(one.reasons), one.area.code))


def _tell(one: Township, words: Vocabulary, days: int) -> None:
    if one.alone:
        needs = sum(each.needs for each in one.alone)
        named = [words.types_by_id[each.resource_type_id] for each in one.alone]
        kinds = list(dict.fromkeys(named))
        zh, en = "、".join(each.label_zh for each in kinds[:5]), ", ".join(each.label_en for each in kinds[:5])
        one.reasons.append(
            (
                "SOLE_PROVIDER",
                f"{needs} 项需求各只有一家可以承接({zh})",
                f"{needs} need(s) could be served by one provider only ({en})",
            )
        )
    if one.no_worker_ids:
        many = len(one.no_worker_ids)
        one.reasons.append(("NO_WORKER", f"{many} 个社工站没有社工", f"{many} station(s) without a worker"))
    if one.single_worker_ids:
        many = len(one.single_worker_ids)
        one.reasons.append(("SINGLE_WORKER", f"{many} 个社工站只有 1 名社工", f"{many} station(s) with one worker"))
    if one.clients and not one.workers:
        one.reasons.append(
            (
                "CLIENTS_WITHOUT_WORKER",
                f"{one.clients} 名服务对象而没有社工",
                f"{one.clients} client(s) and no worker",
            )
        )
    if one.agreement_ids:
        many = len(one.agreement_ids)
        one.reasons.append(
            (
                "AGREEMENT_ENDS",
                f"{many} 份服务协议 {days} 天内到期且未续签",
                f"{many} agreement(s) end within {days} days and are not renewed",
            )
        )


async def answer(context: Context, question: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """In the child: {alone: [[township, resource type, party, needs, first need ids]]}, how many needs there were."""
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        instance = await plans.read(context, conn, question["area_id"])
        towns = await _towns(context, conn, {need.area_id for need in instance.needs})
    return await asyncio.to_thread(_found, instance, towns), len(instance.needs)


async def _towns(context: Context, conn: Any, area_ids: set[int]) -> dict[int, int]:
    """The township of each of these areas; those that lie in none are left out."""
    words = await vocabulary(context.engine, conn)
    areas = await words.areas_by_id(conn, area_ids)
    above = await words.areas_by_id(conn, {id for one in areas.values() for id in one.ancestor_ids})
    found = {}
    for id, one in areas.items():
        for each in one.ancestor_ids:
            if above[each].level == "TOWNSHIP":
                found[id] = each
    return found


def _found(instance: plans.Instance, towns: Mapping[int, int]) -> dict[str, Any]:
    from graph.columns import columns
    from graph.eligible import eligible
    from graph.fragility import fragile
    from graph.score import weight_vector

    needs, offers, around = instance.needs, instance.offers, instance.around
    if not needs or not offers:
        return {"alone": []}
    pairs = eligible(columns(needs, offers, around), weight_vector(around.weights), questions.MOST_PAIRS)
    of = {need.id: need for need in needs}
    groups: dict[tuple[int, int, int], list[int]] = {}
    for one in fragile(needs, offers, pairs.need, pairs.offer, around.districts):
        for id in one.alone:
            town = towns.get(of[id].area_id)
            if town is not None:
                groups.setdefault((town, of[id].type_id, one.provider_id), []).append(id)
    return {"alone": _ordered(groups, {id: need.priority for id, need in of.items()})}


def _ordered(groups: Mapping[tuple[int, int, int], Sequence[int]], urgency: Mapping[int, int]) -> list[list[Any]]:
    """Most needs first, then by ids; of each group the most urgent needs."""
    counts = Counter({key: len(ids) for key, ids in groups.items()})
    return [
        [*key, counts[key], sorted(groups[key], key=lambda id: (-urgency[id], id))[:NEEDS]]
        for key in sorted(groups, key=lambda key: (-counts[key], key))
    ]

"""Fragility: what hangs on one party: needs that nobody else could serve, districts that only it ties to the others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from resolvers import plans, questions
from resolvers.acts import require_role
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.plan_reports import check_first
from resolvers.vocabulary import vocabulary

#: Needs named of one party, and districts named in a text.
NEEDS, DISTRICTS = 5, 5


@dataclass(frozen=True, slots=True)
class Fragility:
    """A party that much hangs on. `need_ids` are the first few of `needs_alone`, most urgent first."""

    party_id: int
    needs_alone: int
    need_ids: list[int]
    district_ids: list[int]
    text_zh: str
    text_en: str


async def fragility(context: Context, area: str, first: int) -> list[Fragility]:
    """The parties of an area that most hangs on: most districts first, then most needs.

    Over the open needs and active offers as a plan of the area reads them. For coordinators of the area.
    Raises NotAllowed, InvalidInput, and Conflict as `resolvers.questions`.
    """
    require_role(context.viewer, "COORDINATOR")
    check_first(first)
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await questions.place_of(context, conn, words, problems, area)
        problems.stop()
        assert place is not None
    found = await questions.ask(context, {"about": "fragility", "area_id": place.id, "first": first})
    async with context.engine.connect() as conn:
        known = await words.areas_by_id(conn, {id for one in found["parties"] for id in one["districts"]})
    told = []
    for one in found["parties"]:
        districts = sorted((known[id] for id in one["districts"]), key=lambda area: area.code)
        zh, en = [], []
        if one["alone"]:
            zh.append(f"{one['alone']} 项需求再无其他资源可以承接")
            en.append(f"{one['alone']} needs have nobody else who could serve them")
        if districts:
            names = questions.named(districts, DISTRICTS)
            zh.append(f"{names}与其余乡镇失去联系或再无资源")
            en.append(f"{names} lose their tie to the other places, or all offers")
        told.append(
            Fragility(
                one["party_id"],
                one["alone"],
                one["needs"],
                [area.id for area in districts],
                "如其停止服务," + ";".join(zh),
                "If it stopped, " + "; ".join(en),
            )
        )
    return told


async def answer(context: Context, question: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """In the child: {parties: [{party_id, alone, needs, districts}]}, and how many needs were looked at."""
    async with context.engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        instance = await plans.read(context, conn, question["area_id"])
    return await asyncio.to_thread(_found, instance, question["first"]), len(instance.needs)


def _found(instance: plans.Instance, first: int) -> dict[str, Any]:
    from graph.columns import columns
    from graph.eligible import eligible
    from graph.fragility import fragile
    from graph.score import weight_vector

    needs, offers, around = instance.needs, instance.offers, instance.around
    if not needs or not offers:
        return {"parties": []}
    pairs = eligible(columns(needs, offers, around), weight_vector(around.weights), questions.MOST_PAIRS)
    urgency = {need.id: need.priority for need in needs}
    return {
        "parties": [
            {
                "party_id": one.provider_id,
                "alone": len(one.alone),
                "needs": sorted(one.alone, key=lambda id: (-urgency[id], id))[:NEEDS],
                "districts": list(one.districts),
            }
            for one in fragile(needs, offers, pairs.need, pairs.offer, around.districts)[:first]
        ]
    }

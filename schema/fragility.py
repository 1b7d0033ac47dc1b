"""Fragility: parties that much hangs on."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from resolvers import fragility
from schema.areas import Area
from schema.mapping import entries, entry, label, part
from schema.needs import Need
from schema.parties import Party


@strawberry.type(description="A party that much hangs on: what would be lost if it stopped. 脆弱环节。")
class Fragility:
    party: Party = entry("party", "Who. 主体。", "party_id")
    needs_alone: int = part("Open needs that nobody else could serve. 仅其能承接的需求数。", "needs_alone")
    needs: list[Need] = entries("need", "The first five of them, most urgent first. 其中前五项。", "need_ids")
    districts: list[Area] = entries(
        "area",
        "Townships (in a township villages) that no other party ties to the rest, or serves at all. 将失去联系的地区。",
        "district_ids",
    )
    text: str = label("In words. 说明。", "text")


async def found(
    info: strawberry.Info[Any, Any],
    area: Annotated[
        str,
        strawberry.argument(
            description="Area code, everything below it included; at most 50,000 open needs. 区划代码(含下级)。"
        ),
    ],
    first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100. 取前多少条。")] = 20,
) -> list[Fragility]:
    parties = await fragility.fragility(info.context.acts, area, 20 if first is None else first)
    return parties  # type: ignore[return-value]

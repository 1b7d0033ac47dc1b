"""Which service catalogue holds in an area on a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry

from resolvers import catalogue
from schema.mapping import entry
from schema.records import TYPES
from schema.results import Done

Catalogue = TYPES["catalogue"]


@strawberry.type(description="A catalogue that holds in an area on the day asked about. 当日有效的服务清单。")
class CatalogueInForce(Done):
    catalogue: Catalogue = entry(  # type: ignore[valid-type]
        "catalogue", "The catalogue, with its services. 服务清单。"
    )


async def _in_force(
    info: strawberry.Info[Any, Any],
    area: Annotated[str, strawberry.argument(description="Area code. 区划代码。")],
    on: Annotated[date | None, strawberry.argument(description="On this day; null: today. 日期。")] = None,
) -> list[CatalogueInForce]:
    return [CatalogueInForce.of(id) for id in await catalogue.in_force(info.context.acts, area, on)]


@strawberry.type(description="Questions about catalogues. 服务清单查询。")
class CatalogueQueries:
    catalogues_in_force: list[CatalogueInForce] = strawberry.field(
        resolver=_in_force,
        description="The catalogues of an area on a day; where it has none, those of the nearest area above it. "
        "某地某日有效的服务清单。",
    )

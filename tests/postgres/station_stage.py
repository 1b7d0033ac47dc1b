"""荆门市 with its counties and townships, every term, and a way to save records of stations and to ask about them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
from small_county import NOON, TERMS, County, found

from db.viewer import PUBLIC, Viewer
from exchange.vocabulary import read_areas, read_terms
from resolvers import parties, records
from resolvers.context import Context
from resolvers.vocabulary import load
from schema.execution.executor import Executor

CITY, SHAYANG, ZHONGXIANG, DONGBAO, ZONE = "4208", "420822", "420881", "420802", "4208Z01"
WULIPU, HOUGANG, DEVELOPMENT_ZONE = "420822101", "420822105", "420822400"
#: Every table that a save of these may write.
BOOKS = (
    "station", "post", "project_role", "agreement", "station_standard", "build_plan", "build_target", "build_goal",
    "printed_total", "event", "idempotency", "record_version",
)  # fmt: skip


def gid(typename: str, number: int) -> str:
    return base64.b64encode(f"{typename}:{number}".encode()).decode()


@dataclass
class City:
    """荆门市; acts as the administrator of this machine unless told otherwise."""

    county: County
    executor: Executor

    @property
    def context(self) -> Context:
        return self.county.context

    def on(self, day: date) -> Context:
        moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        return replace(self.county.context, clock=lambda: moment)

    async def save(self, name_: str, /, id: int | None = None, context: Context | None = None, **given: Any) -> int:
        return (await records.save(context or self.context, name_, given, id=id)).id

    async def station(self, area: str = WULIPU, name: str = "沙洋县五里铺镇社会工作站", **given: Any) -> int:
        values: dict[str, Any] = {"tier": "STATION", "opened_on": date(2022, 3, 1)} | given
        return await self.save("station", area=area, name=name, **values)

    async def post(self, station: int, **given: Any) -> int:
        values: dict[str, Any] = {"kind": "FULL_TIME", "from_on": date(2024, 1, 1)} | given
        return await self.save("post", station=station, **values)

    async def rule(self, measure: str, bound: str, threshold: int, **given: Any) -> int:
        values: dict[str, Any] = {
            "area": CITY, "code": f"{measure}_{bound}", "subject": "STATION" if measure == "WORKERS" else "POST",
            "measure": measure, "bound": bound, "threshold": Decimal(threshold), "severity": "HARD",
            "from_on": date(2021, 1, 1), "citation_zh": "荆门市方案四(三)", "citation_en": "Jingmen's plan, 4 (3)",
        }  # fmt: skip
        return await self.save("fund_rule", **(values | given))

    async def two_to_four(self) -> None:
        await self.rule("WORKERS", "AT_LEAST", 2)
        await self.rule("WORKERS", "AT_MOST", 4)

    async def organization(self, name: str, area: str = SHAYANG) -> int:
        return (await parties.register_organization(self.context, name=name, area=area)).id

    async def marks(self, kind: str, id: int) -> list[str]:
        row = await self.county.one(f"SELECT marks FROM {kind} WHERE id = :id", id=id)  # noqa: S608
        return [one["code"] for one in row[0]]

    async def books(self) -> list[Any]:
        return [
            await self.county.rows(f"SELECT to_jsonb(t)::text FROM {name} t ORDER BY 1")  # noqa: S608
            for name in BOOKS
        ]

    async def said(self, text: str, viewer: Viewer = PUBLIC, **variables: Any) -> Any:
        """The whole answer to a client, errors and all."""
        outcome = await self.executor.run(text, None, variables or None, viewer=viewer)
        return orjson.loads(outcome.body)

    async def ask(self, text: str, viewer: Viewer = PUBLIC, **variables: Any) -> Any:
        said = await self.said(text, viewer, **variables)
        assert "errors" not in said, said
        return said["data"]


@asynccontextmanager
async def jingmen(url: str) -> AsyncIterator[City]:
    database, county = await found(url)
    known = {one.scheme for one in TERMS} - {"domain"}
    await load(
        county.context,
        areas=[one for one in read_areas().records if one.code == "42" or one.code.startswith("4208")],
        terms=[one for one in read_terms().records if one.scheme not in known],
    )
    try:
        yield City(county, Executor(database, clock=lambda: NOON))
    finally:
        await database.close()

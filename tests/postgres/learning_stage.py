"""A county with two stations, workers on posts and a standard of evaluation; all of it made up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from small_county import COUNTY, HERE, NOON, OTHER_TOWN, TOWN, VILLAGE, County, found

from db.viewer import LOCAL, Viewer
from exchange.indicator_tree import GradeRecord, IndicatorRecord
from exchange.vocabulary import TermRecord
from resolvers import evaluations, indicators, parties, records
from resolvers.vocabulary import load
from schema.execution.executor import Executor

TERMS = (
    TermRecord(HERE, "trainee_kind", "SOCIAL_WORKER", None, "社会工作者", "Social workers"),
    TermRecord(HERE, "trainee_kind", "BUREAU_HEAD", None, "民政局分管负责同志", "Heads of bureaus"),
    TermRecord(HERE, "worker_grade", "ASSISTANT_SOCIAL_WORKER", None, "助理社会工作师", "Assistant social worker"),
    TermRecord(HERE, "worker_grade", "CERTIFIED_SOCIAL_WORKER", None, "社会工作师", "Social worker"),
)
TREE = (
    IndicatorRecord("1", None, "阵地", Decimal(40)),
    IndicatorRecord("1.1", "1", "用房", Decimal("25.5"), evidence="照片"),
    IndicatorRecord("1.2", "1", "制度", Decimal("14.5")),
    IndicatorRecord("2", None, "服务", Decimal(60)),
)
GRADES = (
    GradeRecord("优", Decimal(90), True),
    GradeRecord("合格", Decimal(60), True),
    GradeRecord("不合格", Decimal(0), False),
)
FULL = {"1.1": "25.5", "1.2": "14.5", "2": "60"}
WRITTEN = (
    "evaluation_standard", "evaluation_grade", "indicator", "evaluation", "indicator_score", "evaluation_sample",
    "sample_member", "supervision", "course", "course_session", "enrolment", "record_version", "event", "idempotency",
)  # fmt: skip


@dataclass
class Learning:
    """The county, and ids of what stands in it."""

    county: County
    executor: Executor
    station: int
    other: int
    worker: int
    operator: int
    outsider: int
    more: dict[str, int] = field(default_factory=dict)

    @property
    def context(self) -> Any:
        return self.county.context

    async def counts(self) -> dict[str, int]:
        return {name: (await self.county.one(f"SELECT count(*) FROM {name}"))[0] for name in WRITTEN}  # noqa: S608

    async def save(self, kind: str, context: Any = None, /, **given: Any) -> int:
        return (await records.save(context or self.context, kind, given, id=None)).id

    async def standard(self, tree: Any = TREE, grades: Any = GRADES, **given: Any) -> int:
        values: dict[str, Any] = {"area": COUNTY, "code": "SL", "title": "示例标准(虚构)", "citation": "虚构示例"}
        return (await indicators.load(self.context, rows=tree, grades=grades, **(values | given))).id

    async def evaluation(self, standard: int, kind: str = "SELF", **given: Any) -> int:
        values: dict[str, Any] = {
            "station": self.station, "standard": standard, "year": 2026, "kind": kind, "evaluator_name": "示例评估方",
            "done_on": date(2026, 11, 20),
        }  # fmt: skip
        return await self.save("evaluation", **(values | given))

    async def score(self, evaluation: int, points: dict[str, str] | None = None, context: Any = None) -> None:
        given = [evaluations.Points(code, Decimal(value), "照片") for code, value in (points or FULL).items()]
        await evaluations.score(context or self.context, evaluation, scores=given)

    async def submitted(self, standard: int, kind: str, points: dict[str, str] | None = None, **given: Any) -> int:
        id = await self.evaluation(standard, kind, **given)
        await self.score(id, points)
        await evaluations.submit(self.context, id)
        return id

    async def ask(self, query: str, viewer: Viewer = LOCAL, **variables: Any) -> Any:
        said = orjson.loads((await self.executor.run(query, None, variables, viewer=viewer)).body)
        assert "errors" not in said, said
        return said["data"]


@asynccontextmanager
async def learning(url: str) -> AsyncIterator[Learning]:
    database, county = await found(url)
    await load(county.context, terms=TERMS)
    context = county.context
    worker = await parties.register_social_worker(context, name="示例社工", area=VILLAGE)
    operator = await parties.register_organization(context, name="示例承接机构", area=COUNTY)
    outsider = await parties.register_organization(context, name="示例评估机构", area=COUNTY)

    async def station(area: str, name: str) -> int:
        opened = date(2026, 3, 1)
        given = {"area": area, "name": name, "tier": "STATION", "opened_on": opened}
        return (await records.save(context, "station", given, id=None)).id

    stage = Learning(
        county,
        Executor(database, clock=lambda: NOON),
        await station(TOWN, "梁山县拳铺镇社会工作站"),
        await station(OTHER_TOWN, "梁山县杨营镇社会工作站"),
        worker.id,
        operator.id,
        outsider.id,
    )
    yield stage
    await database.close()

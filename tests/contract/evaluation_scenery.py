"""A station with evaluations of it in several states, for acts on evaluations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from acts import gid
from small_county import COUNTY, OTHER_TOWN, County

from exchange.indicator_tree import GradeRecord, IndicatorRecord
from resolvers import evaluations, indicators, records

STATION = "梁山县杨营镇社会工作站"
TREE = (
    IndicatorRecord("1", None, "阵地", Decimal(40), evidence="照片"),
    IndicatorRecord("2", None, "服务", Decimal(60)),
)
GRADES = (GradeRecord("合格", Decimal(60), True), GradeRecord("不合格", Decimal(0), False))


async def evaluated(county: County) -> dict[str, str]:
    """Global ids of evaluations: SCORED (every leaf has points), SUBMITTED, EMPTY."""
    context = county.context
    given = {"area": OTHER_TOWN, "name": STATION, "tier": "STATION", "opened_on": date(2026, 1, 5)}
    station = await records.save(context, "station", given, id=None)
    facts = {"area": COUNTY, "code": "SL-STAGE", "title": "示例标准(虚构)", "citation": "虚构示例"}
    standard = await indicators.load(context, **facts, rows=TREE, grades=GRADES)
    found = {}
    for status, year in (("SCORED", 2026), ("SUBMITTED", 2025), ("EMPTY", 2024)):
        values = {
            "station": station.id,
            "standard": standard.id,
            "year": year,
            "kind": "SELF",
            "evaluator_name": "示例承接机构",
            "done_on": date(2026, 11, 20),
        }
        id = (await records.save(context, "evaluation", values, id=None)).id
        found[status] = gid("Evaluation", id)
        if status != "EMPTY":
            scores = [
                evaluations.Points("1", Decimal("30.5"), "照片"),
                evaluations.Points("2", Decimal(40)),
            ]
            await evaluations.score(context, id, scores=scores)
        if status == "SUBMITTED":
            await evaluations.submit(context, id)
    return found

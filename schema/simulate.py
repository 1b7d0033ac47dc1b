"""What if: an area's plan with and without some parties and offers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry

from db.entities import PARTY_TYPES
from resolvers import simulate
from schema.enums import PlanOrder, Priority
from schema.mapping import entries, given, id_of, label, part, required
from schema.needs import Need
from schema.plans import AreaCoverage


@strawberry.input(description="An offer that is only thought of. 设想的资源。")
class SimulatedOfferInput:
    resource_type: str = required("Resource type code. 资源类型代码。")
    capacity: int = required("How much in all, in the type's unit, at least 1. 总量。")
    area: str | None = given("Where its provider is at home; null: the area asked about. 提供方所在地代码。")
    coverage: list[str] | None = given("Area codes it serves; null: the area asked about. 服务区域代码。")
    client_groups: list[str] | None = given("Serves only these client groups; none: everyone. 限定服务对象代码。")
    minimum_per_need: int | None = given("The least it gives to one need. 每项需求至少。", 1)
    maximum_per_need: int | None = given("The most it gives to one need. 每项需求至多。")
    available_from: date | None = given("Not before this day. 可用自。")
    available_until: date | None = given("Not after this day. 可用至。")
    earmark: str | None = given("The donor's intent: code of a client group or domain. 定向用途代码。")


@strawberry.type(description="What stays unmet of one priority. 某一紧急程度的缺口。")
class PriorityShortfall:
    priority: Priority = part("How soon. 紧急程度。", "priority")
    needs: int = part("Needs not fully met. 未完全满足的需求数。", "needs")
    units: int = part(
        "Units they miss, of all types together, at most 2,147,483,647. 缺口数量合计。",
        "units",
    )


@strawberry.type(description="A plan in figures. 方案概要。")
class PlanFigures:
    demand: int = part("Number of open needs considered. 纳入的需求数。", "demand")
    met: int = part("Of them fully met. 其中完全满足的需求数。", "met")
    optimal: bool = part("Whether it is proven to be the best. 是否已证明最优。", "optimal")
    unmet: list[PriorityShortfall] = part("What stays unmet, most urgent first. 各紧急程度的缺口。", "unmet")
    fairness: list[AreaCoverage] = part(
        "How much each township (in a township each village) gets, by code. 各乡镇的满足程度。", "fairness"
    )


@strawberry.type(description="A plan as things are and as they would be. 方案对比。")
class PlanComparison:
    before: PlanFigures = part("As things are. 现状。", "before")
    after: PlanFigures = part("As they would be. 设想。", "after")
    gained: list[Need] = entries(
        "need", "Needs fully met only afterwards: the 100 most urgent. 新满足的需求(前 100 项)。", "gained_ids"
    )
    gained_count: int = part("How many there are. 新满足的需求数。", "gained_count")
    lost: list[Need] = entries(
        "need", "Needs fully met only before: the 100 most urgent. 不再满足的需求(前 100 项)。", "lost_ids"
    )
    lost_count: int = part("How many there are. 不再满足的需求数。", "lost_count")
    text: str = label("In words. 说明。", "text")


class _Unmet:
    """With the priority as the contract names it."""

    def __init__(self, one: simulate.Unmet) -> None:
        self.priority, self.needs, self.units = Priority[one.priority], one.needs, one.units


class _Figures:
    def __init__(self, figures: simulate.Figures) -> None:
        self.demand, self.met, self.optimal = figures.demand, figures.met, figures.optimal
        self.unmet, self.fairness = [_Unmet(one) for one in figures.unmet], figures.fairness


class _Comparison:
    def __init__(self, found: simulate.Comparison) -> None:
        self.before, self.after = _Figures(found.before), _Figures(found.after)
        self.gained_ids, self.gained_count = found.gained_ids, found.gained_count
        self.lost_ids, self.lost_count = found.lost_ids, found.lost_count
        self.text_zh, self.text_en = found.text_zh, found.text_en


async def compared(
    info: strawberry.Info[Any, Any],
    area: Annotated[
        str,
        strawberry.argument(
            description="Area code, everything below it included; at most 50,000 open needs. 区划代码(含下级)。"
        ),
    ],
    withdraw: Annotated[
        list[strawberry.ID] | None,
        strawberry.argument(description="Parties that would give nothing any more, at most 100. 停止供给的主体编号。"),
    ] = None,
    add: Annotated[
        list[SimulatedOfferInput] | None,
        strawberry.argument(description="Offers there would be, at most 100. 新增的资源。"),
    ] = None,
    order: Annotated[
        PlanOrder | None, strawberry.argument(description="Which aim comes first, in both plans. 目标的先后。")
    ] = PlanOrder.URGENT_FIRST,
) -> PlanComparison:
    found = await simulate.simulate(
        info.context.acts,
        area=area,
        withdraw=[id_of(str(one), *PARTY_TYPES.values()) for one in withdraw or ()],
        add=[_inputs(one) for one in add or ()],
        order=order.value if order else None,
    )
    return _Comparison(found)  # type: ignore[return-value]


def _inputs(offer: SimulatedOfferInput) -> dict[str, Any]:
    values = dict(vars(offer))
    return {name: None if value is strawberry.UNSET else value for name, value in values.items()} | {
        "client_groups": values["client_groups"] or [],
    }

"""Plans: the best allocation of an area, proven."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry

from graph.choices import told
from resolvers import plan_reports
from schema.areas import Area
from schema.enums import PlanOrder, PlanStatus
from schema.mapping import column, entry, label, one, page, part, value, value_list
from schema.matches import Obstacle, Reason, expand_reasons
from schema.needs import Need
from schema.nodes import Connection, Node
from schema.offers import Offer
from schema.terms import ResourceType


@strawberry.type(description="Why a plan chose as it did, in one respect. 选择说明。")
class Choice:
    code: str = part(
        "Next offer: NO_OTHER_OFFER, NEXT_USED_UP, NEXT_LOWER, NEXT_BEST_FOR_ALL. Next need: FULLY_MET, LESS_URGENT, "
        "LESS_SHORT, LOWER_SCORE, EQUAL, BEST_FOR_ALL. 代码。",
        "code",
    )
    text: str = label("In words. 说明。", "text")


def _choices(*facts: Any) -> list[dict[str, Any]]:
    return [{"code": one.code, "text_zh": one.text_zh, "text_en": one.text_en} for one in told(*facts)]


def _reasons(codes: list[str] | None, weights: list[int] | None, parts: list[int]) -> list[dict[str, Any]]:
    return expand_reasons(codes, weights, parts) if codes and weights and parts else []


@strawberry.type(description="So much of an offer for a need, under a plan. 分配。")
class Allocation(Node):
    need: Need = one("Who gets it. 需求。")
    offer: Offer = one("Who gives it. 资源。")
    quantity: int = column("How much, in the need's unit. 数量。")
    score: float = column("The match's score when the plan was computed. 匹配度。")
    reasons: list[Reason] = value_list(
        "Why it scored as it did, heaviest part first. 评分理由。", ("codes", "weights", "parts"), _reasons
    )
    next_offer: Offer | None = one(
        "The best offer that the need does not use: who would step in. Null where no other fits. 次优资源。"
    )
    next_score: float | None = column("The score of nextOffer. 次优资源的匹配度。")
    passed_over: Need | None = one(
        "The need next in line where the offer is used up: whom this choice went past. 排在其后的需求。"
    )
    explanation: list[Choice] = value_list(
        "Why not the next best offer; why not the need next in line. As true when the plan was computed. 选择说明。",
        ("score", "next_score", "next_left", "passed_code", "passed_own", "passed_other"),
        _choices,
    )


def _as_stored(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return reasons


@strawberry.type(description="What a plan could not meet, and why. 缺口。")
class Shortfall:
    need: Need = one("The need. 需求。")
    quantity: int = column("How much is missing, in the need's unit. 缺口数量。")
    reasons: list[Obstacle] = value_list(
        "What stood in the way when the plan was computed. 原因。", ("reasons",), _as_stored
    )


@strawberry.type(description="Proof that a plan is the best there is. 最优性证明。")
class Certificate:
    optimal: bool = part("True when primal equals dual and nothing is violated. 是否最优。", "optimal")
    primal: str = part("What the plan achieves, an exact integer. 原问题目标值。", "primal")
    dual: str = part("What no plan can exceed, an exact integer. 对偶上界。", "dual")
    violations: int = part("Rules broken, found by a checker of its own: 0. 违反约束数。", "violations")
    solver: str = part("Which solver found it. 求解器。", "solver")
    seconds: float = part("How long it took. 用时(秒)。", "seconds")


@strawberry.type(description="How much of one resource type an area gets. 某类资源的满足程度。")
class TypeCoverage:
    resource_type: ResourceType = entry("resource_type", "Of what. 资源类型。", "resource_type_id")
    requested: int = part("Units its needs still asked for, at most 2,147,483,647. 需求数量。", "requested")
    allocated: int = part("Units the plan gives, at most 2,147,483,647. 分配数量。", "allocated")
    ratio: float = part("allocated / requested, 1 where nothing was asked for. 满足比例。", "ratio")


@strawberry.type(
    description="How much an area gets of what it asked for. The units of different types are added up here, "
    "which says little where types differ: byResourceType compares like with like. 地区的满足程度。"
)
class AreaCoverage:
    area: Area = entry("area", "Where. 地区。", "area_id")
    requested: int = part("Units asked for, of all types together, at most 2,147,483,647. 需求数量合计。", "requested")
    allocated: int = part("Units given, of all types together, at most 2,147,483,647. 分配数量合计。", "allocated")
    ratio: float = part("allocated / requested, 1 where nothing was asked for. 满足比例。", "ratio")
    by_resource_type: list[TypeCoverage] = part("The same type by type. 按资源类型。", "by_resource_type")


@strawberry.type(description="What is worth recruiting, verified by solving again. 瓶颈。")
class Bottleneck:
    resource_type: ResourceType = entry("resource_type", "What is scarce. 资源类型。", "resource_type_id")
    area: Area = entry("area", "Where. 地区。", "area_id")
    shortfall: int = part("Units that stay unmet there, at most 2,147,483,647. 缺口数量。", "shortfall")
    shadow_price: float = part(
        "What one more unit is worth to the aim of urgency: 1 for a ROUTINE unit it meets .. 4 for STAT. 影子价格。",
        "shadow_price",
    )
    met_by_one: int = part(
        "How many more needs are fully met by one more unit. 多一单位可再满足的需求数。", "met_by_one"
    )
    met_by_all: int = part(
        "How many more needs are fully met by as many units as are missing. 补足缺口可再满足的需求数。", "met_by_all"
    )
    text: str = label("What recruiting would bring, in words. 说明。", "text")


async def _fairness(root: strawberry.Parent[Any], info: strawberry.Info[Any, Any]) -> list[AreaCoverage]:
    return await plan_reports.fairness(info.context.acts, root["__id"])  # type: ignore[return-value]


async def _bottlenecks(
    root: strawberry.Parent[Any],
    info: strawberry.Info[Any, Any],
    first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100. 取前多少条。")] = 10,
) -> list[Bottleneck]:
    found = await plan_reports.bottlenecks(info.context.acts, root["__id"], 10 if first is None else first)
    return found  # type: ignore[return-value]


@strawberry.type(description="The optimal allocation of an area's offers to its open needs. 联动方案。")
class Plan(Node):
    area: Area = one("The area it is for. 地区。")
    status: PlanStatus = column("Its state. 状态。")
    order: PlanOrder = column("Which aim came first. 目标的先后。", "plan_order")
    progress: float = column("How far the computing has come, 0 to 1. 计算进度(0 到 1)。")
    created_at: datetime = column("When it was asked for; it holds what was true then, or later. 提出时间。")
    started_at: datetime | None = column("When its computing last began. 开始计算时间。")
    finished_at: datetime | None = column("When it was computed, cancelled or failed. 结束时间。")
    approved_at: datetime | None = column("When it was approved and its lines became orders. 批准时间。")
    kept: bool = column("Whether it is kept up to date while it is COMPUTED. 是否保持更新。")
    current_at: datetime | None = column(
        "The moment whose needs and offers it reflects; null until it is computed. 方案所反映的时刻。"
    )
    failure_code: str | None = column("Stable code of why it failed. 失败代码。")
    failure: str | None = label("Why it failed, in words. 失败原因。", "failure")
    demand: int = column("Number of open needs considered; 0 until it is computed. 纳入的需求数。")
    met: int = column("Of them fully met. 其中完全满足的需求数。")
    allocations: Connection[Allocation] = page("Who gives what to whom. 分配明细。")
    shortfalls: Connection[Annotated[Shortfall, strawberry.lazy("schema.plans")]] = page("What stays unmet. 缺口明细。")
    fairness: list[AreaCoverage] = strawberry.field(
        resolver=_fairness,
        description="How much each township gets of what it asked for (in a township's plan each village), by code; "
        "empty until it is computed. 各乡镇的满足程度。",
    )
    bottlenecks: list[Bottleneck] = strawberry.field(
        resolver=_bottlenecks, description="What is worth most to recruit, and where; best first. 瓶颈。"
    )
    certificate: Certificate = value("Why no other plan is better; proves nothing until it is computed. 最优性证明。")

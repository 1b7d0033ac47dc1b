"""Rules on money and stations in the contract: how much is left, and whether an act would be let pass."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from resolvers import ledger
from schema.areas import Area
from schema.mapping import entry, given, label, part, required
from schema.records import ENUMS, TYPES

if TYPE_CHECKING:
    FundRule: TypeAlias = Any
    RuleSubject: TypeAlias = Any
    RuleMeasure: TypeAlias = Any
    RuleSeverity: TypeAlias = Any
else:
    FundRule, RuleSubject = TYPES["fund_rule"], ENUMS["rule_subject"]
    RuleMeasure, RuleSeverity = ENUMS["rule_measure"], ENUMS["rule_severity"]
Info = strawberry.Info[Any, Any]


@strawberry.type(
    description="How much of some money can still be spent in a year under one rule, and from which numbers. 剩余额度。"
)
class Headroom:
    rule: FundRule = entry("fund_rule", "Which rule. 规则。", "rule_id")
    area: Area = entry("area", "For which area it is counted. 计算地区。", "area_id")
    year: int = part("Of which year. 年度。", "year")
    base: Decimal | None = part("Of what it is a share, in yuan; null where nobody entered it. 基数(元)。", "base")
    base_year: int | None = part("Of which year that is. 基数年度。", "base_year")
    limit: Decimal | None = part("What the rule lets pass, in yuan; null without a base. 上限(元)。", "limit")
    committed: Decimal = part("Promised in the year and not given back, in yuan. 当年承诺(元)。", "committed")
    carried: Decimal = part("Paid in the year out of promises of earlier years. 往年承诺当年支付(元)。", "carried")
    promised: Decimal = part("Orders of such money that no commitment covers. 未列承诺的点单(元)。", "promised")
    used: Decimal = part("These three together. 已用合计(元)。", "used")
    paid: Decimal = part("Paid in the year in all, in yuan. 当年支付(元)。", "paid")
    left: Decimal | None = part("What is left, whole fen; null without a base. 剩余(元)。", "left")


@strawberry.type(description="A rule that an act breaks, or cannot be judged by. 不符合的规则。")
class RuleBreach:
    rule: FundRule = entry("fund_rule", "Which rule. 规则。", "rule_id")
    code: str = part("RULE_BROKEN, or BASE_MISSING: an amount has to be entered first. 代码。", "code")
    severity: RuleSeverity = part("Whether the act is refused or marked. 约束力。", "severity")
    limit: Decimal = part("What the rule lets pass. 上限或下限。", "limit")
    used: Decimal = part("What the act comes to, with all that is counted with it. 本次合计。", "used")
    room: Decimal = part("What was left before it, never below 0. 此前剩余。", "room")
    text: str = label("In words, with the sentence it comes from. 说明。", "text")


@strawberry.type(description="What the rules say of an act that is not done. 规则试算。")
class RuleCheck:
    allowed: bool = part("Whether no hard rule stands against it. 是否允许。", "allowed")
    breaches: list[RuleBreach] = part("Rules that it breaks, the highest area's first. 不符合的规则。", "breaches")


@strawberry.input(description="A number that a rule measures. 度量值。")
class RuleFactInput:
    measure: RuleMeasure = required("What it measures. 度量。")
    value: Decimal = required("How much; 1 and 0 for yes and no. 数值。")


@strawberry.input(description="An act to try by the rules. 试算内容。")
class RuleCheckInput:
    area: str = required("Where: area code. 区划代码。")
    subject: RuleSubject = required("What it is about. 规则对象。")
    facts: list[RuleFactInput] = required("What it comes to. 度量值。")
    on: date | None = given("On which day; today where none is given. 日期。")
    fund_source: str | None = given("Of which source the money is (term code). 资金来源。")
    project_total: Decimal | None = given("The total of the project, in yuan. 项目总经费(元)。")


class _Row:
    def __init__(self, found: Any) -> None:
        self.found = found

    @property
    def rule_id(self) -> int:
        return int(self.found.rule.id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.found, name)


class _Check:
    def __init__(self, breaches: list[Any]) -> None:
        self.breaches = [_Row(one) for one in breaches]
        self.allowed = all(one.severity != "HARD" for one in breaches)


async def _headroom(
    info: Info,
    area: Annotated[str, strawberry.argument(description="Area code. 区划代码。")],
    code: Annotated[str | None, strawberry.argument(description="Of the rule with this code. 规则代码。")] = None,
    on: Annotated[date | None, strawberry.argument(description="In the year of this day; today. 日期。")] = None,
) -> list[Headroom]:
    found = await ledger.headroom(info.context.acts, area=area, on=on, code=code)
    return [_Row(one) for one in found]  # type: ignore[misc]


async def _tried(
    info: Info, input: Annotated[RuleCheckInput, strawberry.argument(description="The act to try. 试算内容。")]
) -> RuleCheck:
    def plain(value: Any) -> Any:
        return None if value is strawberry.UNSET else value

    facts = {one.measure.name: one.value for one in input.facts}
    total = plain(input.project_total)
    if total is not None:
        facts["PROJECT_TOTAL"] = total
    found = await ledger.try_rules(
        info.context.acts,
        area=input.area,
        subject=input.subject.name,
        on=plain(input.on),
        facts=facts,
        fund_source=plain(input.fund_source),
    )
    return _Check(found)  # type: ignore[return-value]


@strawberry.type(description="Questions about rules. 规则查询。")
class Queries:
    headroom: list[Headroom] = strawberry.field(
        resolver=_headroom,
        description="How much is left under each rule on money that holds in an area; for its staff. 剩余额度。",
    )
    rule_check: RuleCheck = strawberry.field(
        resolver=_tried, description="Try an act by the rules; nothing is done. For staff of the area. 规则试算。"
    )

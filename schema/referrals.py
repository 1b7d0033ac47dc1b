"""Referrals: so much of an offer for a need, from the order to the follow-up (FHIR Task)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers.referral_steps import possible
from schema.areas import Area
from schema.enums import Priority, ReferralSide, ReferralStatus
from schema.mapping import column, given, label, one, page, part, value_list
from schema.needs import Need
from schema.nodes import Connection, Node
from schema.offers import Offer
from schema.parties import Community, Party
from schema.plans import Plan
from schema.terms import Term

if TYPE_CHECKING:
    from schema.services import ServiceRecord


@strawberry.type(description="What happened to a referral. 办理记录。")
class ReferralEvent:
    status: ReferralStatus = part("The state it came to. 状态。", "status")
    at: datetime = part("When. 时间。", "at")
    note: str | None = part("What was noted. 备注。", "note")
    side: ReferralSide = part("On whose behalf it was done. 办理方。", "side")
    reason: str | None = label("Why, where a reason was given. 原因。", "reason")


@strawberry.type(description="A step that is possible now. 可办理的步骤。")
class ReferralStep:
    name: str = part(
        "accept, reject, start, hold, complete, fail, cancel or followUp: the act is referralAccept and so on, or "
        "followUpRecord. 代码。",
        "name",
    )
    label: str = label("In words. 名称。")
    sides: list[ReferralSide] = part("Who may take it. 可由谁办理。", "sides")
    requires: list[str] = part("Input fields that must be given. 必填项。", "requires")


@strawberry.type(description="One call back after a service. 回访记录。")
class FollowUp(Node):
    at: datetime = column("When. 时间。")
    reached: bool = column("Whether somebody was reached; if not, it stays to be done. 是否联系上。")
    satisfaction: int | None = column("1 (not at all) to 5 (very); null where nobody was reached. 满意度。")
    further_need: str | None = column("What is still missing, in words. 新的需求。")
    note: str | None = column("What was noted. 备注。")
    side: ReferralSide = column("On whose behalf. 回访方。")


def _history(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return entries


def _steps(status: str, followed_up_at: datetime | None) -> list[dict[str, Any]]:
    return [
        {
            "name": step.name,
            "label_zh": step.zh,
            "label_en": step.en,
            "sides": [side for side in step.sides if side != "SYSTEM"],
            "requires": list(step.requires),
        }
        for step in possible(status)
        if step.name != "followUp" or followed_up_at is None
    ]


@strawberry.type(description="So much of an offer, ordered or taken for a need. 点单。")
class Referral(Node):
    need: Need = one("What is asked for. 需求。")
    offer: Offer = one("What is given. 资源。")
    community: Community = one("Who asked. 提出需求的社区。")
    provider: Party = one("Who gives. 资源提供方。")
    area: Area = one("Where: the need's area. 所在地。")
    quantity: int = column("How much, in the need's unit. 数量。")
    delivered: int | None = column("How much was delivered; null until it is COMPLETED. 实际提供数量。")
    status: ReferralStatus = column("Its state. 状态。")
    priority: Priority = column("The need's, when it was ordered. 紧急程度。")
    taken: bool = column("Whether the provider took it itself instead of being asked. 是否主动接单。")
    plan: Plan | None = one("The approved plan it carries out. 所属方案。")
    due_at: datetime = column("When what comes next is due; of a closed one, when it last was. 办理期限。")
    awaited: bool = column("Whether something is still to come: a step, or the follow-up. 是否仍待办理。")
    owner: Area = one("The area whose coordinator answers for it now. 当前负责的地区。")
    escalations: int = column("How often it was handed upward since its last step. 逐级上报次数。")
    reason: Term | None = one("Why it was rejected, held or cancelled. 原因。")
    outcome: Term | None = one("What came of it. 成效。")
    note: str | None = column("The note of the order. 备注。")
    requested_at: datetime = column("When it was ordered or taken. 点单时间。")
    accepted_at: datetime | None = column("When it was accepted. 接单时间。")
    started_at: datetime | None = column("When the service began. 开始时间。")
    closed_at: datetime | None = column("When it was completed, failed, rejected or cancelled. 结束时间。")
    closed_by: ReferralSide | None = column("Which side closed it. 由谁结束。")
    followed_up_at: datetime | None = column("When it was followed up. 回访时间。")
    steps: list[ReferralStep] = value_list(
        "The steps that are possible now, for whomever. 现在可办理的步骤。", ("status", "followed_up_at"), _steps
    )
    history: list[ReferralEvent] = value_list("All that happened, oldest first. 全部办理记录。", ("history",), _history)
    follow_ups: Connection[Annotated[FollowUp, strawberry.lazy("schema.referrals")]] = page(
        "The calls back, newest first. 回访记录。"
    )
    services: Connection[Annotated[ServiceRecord, strawberry.lazy("schema.services")]] = page(
        "What was done, newest day first. 服务记录。"
    )


@strawberry.input(description="Which referrals. All conditions hold together. 点单筛选条件。")
class ReferralFilter:
    area: str | None = given("Code of the need's area, everything below it included. 区划代码(含下级)。")
    party: strawberry.ID | None = given("Given by this party, or asked for by this community. 提供方或社区编号。")
    need: strawberry.ID | None = given("For this need. 需求编号。")
    offer: strawberry.ID | None = given("Of this offer. 资源编号。")
    plan: strawberry.ID | None = given("Carrying out this plan. 方案编号。")
    status: list[ReferralStatus] | None = given("In one of these states. 状态之一。")
    overdue: bool | None = given("True: what comes next is past its due time. 是否逾期。")
    to_follow_up: bool | None = given("True: closed, and waiting for the follow-up. 是否待回访。")

"""What acts take. Every act accepts an idempotencyKey: the same key and input get the same answer, once done."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import strawberry

from schema.enums import PlanOrder, Priority, ServiceKind
from schema.mapping import given, required

KEY = "Your own key for this act, at most 200 characters; sending it again does nothing twice. 幂等键。"


def key() -> Any:
    return given(KEY)


@strawberry.input(description="A social organization to register. 登记社会组织。")
class OrganizationRegisterInput:
    name: str = required("Its full name, 1 to 200 characters. 名称。")
    area: str = required("Area code of its home. 所在地代码。")
    credit_code: str | None = given("Unified social credit code, 18 characters. 统一社会信用代码。")
    founded_on: date | None = given("When it was founded. 成立日期。")
    idempotency_key: str | None = key()


@strawberry.input(description="A volunteer or team to register. 登记志愿者(队)。")
class VolunteerRegisterInput:
    name: str = required("The person's or team's name. 名称。")
    area: str = required("Area code of its home. 所在地代码。")
    headcount: int | None = given("1 for a person, more for a team. 人数。", 1)
    idempotency_key: str | None = key()


@strawberry.input(description="A donor firm to register. 登记爱心企业。")
class DonorFirmRegisterInput:
    name: str = required("Its full name. 名称。")
    area: str = required("Area code of its home. 所在地代码。")
    credit_code: str | None = given("Unified social credit code, 18 characters. 统一社会信用代码。")
    industry: str | None = given("Term code of scheme industry. 行业代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="A fund to register. 登记资金。")
class FundRegisterInput:
    name: str = required("Its name. 名称。")
    area: str = required("Area code of its home. 所在地代码。")
    source: str | None = given("Term code of scheme fund_source. 资金来源代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="A social worker to register. 登记社会工作者。")
class SocialWorkerRegisterInput:
    name: str = required("The worker's name. 姓名。")
    area: str = required("Area code of the station. 所在地代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="A community to register. 登记社区。")
class CommunityRegisterInput:
    name: str = required("Its name. 名称。")
    area: str = required("Area code: a village, township or zone. 所在地代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="An assistant to register. 登记社工助理员。")
class AssistantRegisterInput:
    name: str = required("The assistant's name. 姓名。")
    area: str = required("Area code of the village room. 所在地代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="A need to submit. 提交需求。")
class NeedSubmitInput:
    title: str = required("In a few words, without anybody's name; 1 to 200 characters. 名称(不写姓名)。")
    community_id: strawberry.ID = required("Id of the community that asks. 社区编号。")
    resource_type: str = required("Resource type code. 资源类型代码。")
    quantity: int = required("How much, in the type's unit, at least 1. 数量。")
    priority: Priority | None = given("How soon. 紧急程度。", Priority.ROUTINE)
    client_groups: list[str] | None = given("Codes of scheme client_group. 服务对象代码。")
    whole_or_nothing: bool | None = given("Part of it would help nobody: a plan gives all or none. 须整体满足。", False)
    needed_from: date | None = given("Not before this day. 最早日期。")
    needed_by: date | None = given("Not after this day. 截止日期。")
    channel: str | None = given("Term code of scheme channel. 需求来源代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="What to change of a need; what is left out stays. 修改需求。")
class NeedChangeInput:
    id: strawberry.ID = required("Id of the need. 需求编号。")
    title: str | None = given("New title. 名称。")
    resource_type: str | None = given("New resource type code. 资源类型代码。")
    quantity: int | None = given("New quantity, not below what is committed. 数量。")
    priority: Priority | None = given("New priority. 紧急程度。")
    client_groups: list[str] | None = given("New client groups; null or [] for none. 服务对象代码。")
    whole_or_nothing: bool | None = given("Whether a plan must give all or none; null: no. 须整体满足。")
    needed_from: date | None = given("New first day; null for none. 最早日期。")
    needed_by: date | None = given("New last day; null for none. 截止日期。")
    channel: str | None = given("New channel; null for none. 需求来源代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="An offer to publish. 发布资源。")
class OfferPublishInput:
    title: str = required("In a few words; 1 to 200 characters. 名称。")
    provider_id: strawberry.ID = required("Id of the party that gives. 提供方编号。")
    resource_type: str = required("Resource type code. 资源类型代码。")
    capacity: int = required("How much in all, in the type's unit, at least 1. 总量。")
    coverage: list[str] = required("Area codes it serves, each with all below; at least one. 服务区域代码。")
    client_groups: list[str] | None = given("Serves only these client groups; none: everyone. 限定服务对象代码。")
    minimum_per_need: int | None = given("The least it gives to one need. 每项需求至少。", 1)
    maximum_per_need: int | None = given("The most it gives to one need. 每项需求至多。")
    available_from: date | None = given("Not before this day. 可用自。")
    available_until: date | None = given("Not after this day. 可用至。")
    earmark: str | None = given("The donor's intent: code of a client group or domain. 定向用途代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="What to change of an offer; what is left out stays. 修改资源。")
class OfferChangeInput:
    id: strawberry.ID = required("Id of the offer. 资源编号。")
    title: str | None = given("New title. 名称。")
    resource_type: str | None = given("New resource type code. 资源类型代码。")
    capacity: int | None = given("New capacity, not below what is committed. 总量。")
    coverage: list[str] | None = given("New coverage. 服务区域代码。")
    client_groups: list[str] | None = given("New client groups; null or [] for everyone. 限定服务对象代码。")
    minimum_per_need: int | None = given("New minimum per need. 每项需求至少。")
    maximum_per_need: int | None = given("New maximum per need; null for none. 每项需求至多。")
    available_from: date | None = given("New first day; null for none. 可用自。")
    available_until: date | None = given("New last day; null for none. 可用至。")
    earmark: str | None = given("New earmark; null for none. 定向用途代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="Which linkage model holds in an area. 设定联动模式。")
class LinkageModelSetInput:
    area: str = required("Area code; it holds below too, where nothing else is set. 区划代码(含下级)。")
    model: str = required("Code of the model: THREE, FIVE, SIX, or the county's own. 联动模式代码。")
    since: date | None = given("From this day on; null: from today. 起始日期。")
    citation: str | None = given("The document that says so. 依据。")
    idempotency_key: str | None = key()


@strawberry.input(description="A plan to compute. 计算联动方案。")
class PlanComputeInput:
    area: str = required("Area code; the area and all below it. 区划代码(含下级)。")
    order: PlanOrder | None = given("Which aim comes first. 目标的先后。", PlanOrder.URGENT_FIRST)
    wait_seconds: int | None = given(
        "How long to wait for it, 0 to 60; what takes longer comes back QUEUED or COMPUTING. 最多等待秒数。", 30
    )
    idempotency_key: str | None = key()


@strawberry.input(description="Whether a plan is kept up to date. 方案是否保持更新。")
class PlanKeepInput:
    id: strawberry.ID = required("Id of the plan, which is computed and not superseded. 方案编号。")
    keep: bool = required("Whether to keep it up to date while needs and offers change. 是否保持更新。")
    idempotency_key: str | None = key()


@strawberry.input(description="What to order of an offer for a need. 点单内容。")
class ReferralRequestInput:
    need_id: strawberry.ID = required("For this need. 需求编号。")
    offer_id: strawberry.ID = required("Of this offer. 资源编号。")
    quantity: int = required("How much, in the need's unit. 数量。")
    note: str | None = given("A note for the other side, at most 1,000 characters; no personal data. 备注。")
    idempotency_key: str | None = key()


@strawberry.input(description="An open need to take, and the offer to take it with. 抢单内容。")
class ReferralTakeInput(ReferralRequestInput):
    pass


@strawberry.input(description="A step of a referral. What a step requires stands in Referral.steps. 办理步骤。")
class ReferralStepInput:
    id: strawberry.ID = required("The referral. 点单编号。")
    note: str | None = given("A note, at most 1,000 characters; no personal data. 备注。")
    reason: str | None = given(
        "Term code of scheme referral_reason: to reject; may be given to hold, fail, cancel. 原因。"
    )
    delivered: int | None = given("To complete: how much was delivered, 1 to quantity. 实际提供数量。")
    outcome: str | None = given("Term code of scheme outcome: to complete or fail. 成效代码。")
    idempotency_key: str | None = key()


@strawberry.input(description="A call back after a service. 回访内容。")
class FollowUpRecordInput:
    id: strawberry.ID = required("The referral that was completed or failed. 点单编号。")
    reached: bool | None = given("False: nobody was reached, and it stays to be done. 是否联系上。", True)
    satisfaction: int | None = given("1 (not at all) to 5 (very); required where somebody was reached. 满意度。")
    further_need: str | None = given("What is still missing, in words; submit a need for it. 新的需求。")
    note: str | None = given("A note, at most 1,000 characters; no personal data. 备注。")
    idempotency_key: str | None = key()


@strawberry.input(description="What was done; which figures a kind requires stands in docs/services.md. 服务记录内容。")
class ServiceRecordInput:
    referral_id: strawberry.ID = required("For this referral, in progress or completed 30 days ago at most. 点单编号。")
    kind: ServiceKind = required("What kind of service. 服务类别。")
    served_on: date = required("On which day. 服务日期。")
    sessions: int | None = given("Sessions held. 场次。")
    persons: int | None = given("Different persons served. 人数。")
    person_times: int | None = given("Times a person was served, at least persons. 人次。")
    reach: int | None = given("People reached, at least persons. 覆盖人数。")
    quantity: int | None = given("Goods delivered, in the need's unit. 数量。")
    amount: Decimal | None = given("Money paid, in yuan, as a string with at most two decimal places. 金额(元)。")
    minutes: int | None = given("Minutes of all who served, added up. 服务分钟数(各人合计)。")
    note: str | None = given("A note, at most 1,000 characters; no personal data. 备注。")
    idempotency_key: str | None = key()


@strawberry.input(description="What takes the place of a service record, as a whole. 更正内容(整条重填)。")
class ServiceCorrectInput:
    id: strawberry.ID = required("The record that is wrong. 服务记录编号。")
    withdraw: bool | None = given(
        "True: it was made by mistake; then give only a note that says why. 是否撤销。", False
    )
    kind: ServiceKind | None = given("What kind of service. 服务类别。")
    served_on: date | None = given("On which day. 服务日期。")
    sessions: int | None = given("Sessions held. 场次。")
    persons: int | None = given("Different persons served. 人数。")
    person_times: int | None = given("Times a person was served, at least persons. 人次。")
    reach: int | None = given("People reached, at least persons. 覆盖人数。")
    quantity: int | None = given("Goods delivered, in the need's unit. 数量。")
    amount: Decimal | None = given("Money paid, in yuan, as a string with at most two decimal places. 金额(元)。")
    minutes: int | None = given("Minutes of all who served, added up. 服务分钟数(各人合计)。")
    note: str | None = given("A note, at most 1,000 characters; no personal data. 备注。")
    idempotency_key: str | None = key()


@strawberry.input(description="Hours to certify. 出具志愿服务记录证明。")
class CertificateIssueInput:
    volunteer_id: strawberry.ID = required("Whose hours. 志愿者(队)编号。")
    from_on: date = strawberry.field(name="from", description="First day. 起始日期。")
    until_on: date = strawberry.field(name="until", description="Last day, not in the future. 截止日期。")
    idempotency_key: str | None = key()


@strawberry.input(description="An address to send events to. 登记推送地址。")
class WebhookRegisterInput:
    url: str = required("Where to: https, a public host, at most 1,000 characters, no user in it. 网址。")
    kinds: list[str] = required('Which events: "need.submitted", "referral.*", "*". 事件类别。')
    area: str | None = given("Only events in this area (code) and below. 限定地区(区划代码,含下级)。")
    idempotency_key: str | None = key()


@strawberry.input(description="From where to send again. 重新推送的起点。")
class WebhookReplayInput:
    id: strawberry.ID = required("The webhook. 推送地址编号。")
    after: str = required("Cursor of an event: what follows it is sent, again or skipping what lies between. 游标。")
    idempotency_key: str | None = key()


@strawberry.input(description="A certificate to take back. 撤销证明。")
class CertificateRevokeInput:
    id: strawberry.ID = required("The certificate. 证明编号(全局编号)。")
    reason: str = required("Why, 1 to 200 characters; only who may see the certificate reads it. 撤销原因。")
    idempotency_key: str | None = key()


@strawberry.input(description="Offers that still hold. 确认仍有效的资源。")
class OffersConfirmInput:
    ids: list[strawberry.ID] = required("The offers, 1 to 100. 资源编号。")
    idempotency_key: str | None = key()

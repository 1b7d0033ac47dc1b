"""What acts answer: the thing done, or a Problem."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import strawberry

from schema.certificates import VolunteerCertificate
from schema.mapping import entries, entry, part
from schema.needs import Need
from schema.notices import Notice
from schema.offers import Offer
from schema.parties import Assistant, Community, DonorFirm, Fund, Organization, SocialWorker, Volunteer
from schema.plans import Plan
from schema.problems import Conflict, InvalidInput, NotAllowed, NotFound
from schema.referrals import Referral
from schema.services import ServiceRecord
from schema.teams import LinkageModel
from schema.webhooks import Webhook


class Done:
    """Holds the id of what was done; the row is read back through the reader, in the selection asked for."""

    id: ClassVar[int]

    @classmethod
    def of(cls, id: int) -> Any:
        # Strawberry writes an __init__ of mapped fields only, that is of none.
        done: Any = cls()
        done.id = id
        return done


@strawberry.type(description="The organization is registered. 社会组织已登记。")
class OrganizationRegistered(Done):
    organization: Organization = entry("party", "The organization. 社会组织。")


@strawberry.type(description="The volunteer is registered. 志愿者已登记。")
class VolunteerRegistered(Done):
    volunteer: Volunteer = entry("party", "The volunteer or team. 志愿者(队)。")


@strawberry.type(description="The donor firm is registered. 爱心企业已登记。")
class DonorFirmRegistered(Done):
    donor_firm: DonorFirm = entry("party", "The firm. 爱心企业。")


@strawberry.type(description="The fund is registered. 资金已登记。")
class FundRegistered(Done):
    fund: Fund = entry("party", "The fund. 资金。")


@strawberry.type(description="The social worker is registered. 社会工作者已登记。")
class SocialWorkerRegistered(Done):
    social_worker: SocialWorker = entry("party", "The social worker. 社会工作者。")


@strawberry.type(description="The community is registered. 社区已登记。")
class CommunityRegistered(Done):
    community: Community = entry("party", "The community. 社区。")


@strawberry.type(description="The assistant is registered. 社工助理员已登记。")
class AssistantRegistered(Done):
    assistant: Assistant = entry("party", "The assistant. 社工助理员。")


@strawberry.type(description="The need is open; its matches are stored. 需求已提交。")
class NeedSubmitted(Done):
    need: Need = entry("need", "The need. 需求。")


@strawberry.type(description="The need is changed; its matches are renewed. 需求已修改。")
class NeedChanged(Done):
    need: Need = entry("need", "The need. 需求。")


@strawberry.type(description="The need is taken back. 需求已撤回。")
class NeedWithdrawn(Done):
    need: Need = entry("need", "The need. 需求。")


@strawberry.type(description="The offer is active; affected matches are renewed. 资源已发布。")
class OfferPublished(Done):
    offer: Offer = entry("offer", "The offer. 资源。")


@strawberry.type(description="The offer is changed; affected matches are renewed. 资源已修改。")
class OfferChanged(Done):
    offer: Offer = entry("offer", "The offer. 资源。")


@strawberry.type(description="The offer still holds, said the provider. 资源已确认。")
class OfferConfirmed(Done):
    offer: Offer = entry("offer", "The offer. 资源。")


@strawberry.type(description="The offer is not matched for now. 资源已暂停。")
class OfferPaused(Done):
    offer: Offer = entry("offer", "The offer. 资源。")


@strawberry.type(description="The offer is matched again. 资源已恢复。")
class OfferResumed(Done):
    offer: Offer = entry("offer", "The offer. 资源。")


@strawberry.type(description="The offer is taken back. 资源已撤回。")
class OfferWithdrawn(Done):
    offer: Offer = entry("offer", "The offer. 资源。")


@strawberry.type(
    description="The plan, computed and proven; or on its way, where it takes longer than one waits. 方案。"
)
class PlanComputed(Done):
    plan: Plan = entry("plan", "The plan; its status says how far it is. 方案。")


@strawberry.type(description="The plan is given up; the last computed one stands. 方案已取消。")
class PlanCancelled(Done):
    plan: Plan = entry("plan", "The plan. 方案。")


@strawberry.type(description="The plan is kept up to date from now on, or no more. 方案保持更新的设定已生效。")
class PlanKept(Done):
    plan: Plan = entry("plan", "The plan. 方案。")


@strawberry.type(description="The linkage model holds from that day on. 联动模式已设定。")
class LinkageModelSet(Done):
    linkage_model: LinkageModel = entry("linkage_model", "What holds. 联动模式。")


@strawberry.type(description="The order is made and holds its quantity. 已点单。")
class ReferralRequested(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The need is taken and the quantity held. 已抢单。")
class ReferralTaken(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The order is accepted. 已接单。")
class ReferralAccepted(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The order is refused; what it held is free. 已拒单。")
class ReferralRejected(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The service is under way. 服务已开始。")
class ReferralStarted(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The service is interrupted. 服务已暂停。")
class ReferralHeld(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The service is done; what was not delivered is free. 服务已完成。")
class ReferralCompleted(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="Nothing was delivered; what it held is free. 已报告未成功。")
class ReferralFailed(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The order is called off; what it held is free. 已取消。")
class ReferralCancelled(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The call back is recorded; a need that is met and followed up is closed. 回访已记录。")
class FollowUpRecorded(Done):
    referral: Referral = entry("referral", "The referral. 点单。")


@strawberry.type(description="The plan is approved; each of its lines is an order. 方案已批准。")
class PlanApproved(Done):
    plan: Plan = entry("plan", "The plan. 方案。")


@strawberry.type(description="The service is recorded. 服务已登记。")
class ServiceRecorded(Done):
    service: ServiceRecord = entry("service_record", "The record. 服务记录。")


@strawberry.type(description="The record is corrected: another took its place. 服务记录已更正。")
class ServiceCorrected(Done):
    service: ServiceRecord = entry("service_record", "The correcting record. 更正后的记录。")


@strawberry.type(description="The hours are certified. 已出具志愿服务记录证明。")
class CertificateIssued(Done):
    certificate: VolunteerCertificate = entry("certificate", "The certificate. 证明。")


@strawberry.type(description="The certificate does not hold any more. 证明已撤销。")
class CertificateRevoked(Done):
    certificate: VolunteerCertificate = entry("certificate", "The certificate. 证明。")


@strawberry.type(description="The offers still hold, said the provider. 这些资源已确认。")
class OffersConfirmed(Done):
    ids: ClassVar[list[int]]
    offers: list[Offer] = entries("offer", "The offers, in the order given. 资源。", "ids")

    @classmethod
    def of_all(cls, ids: list[int]) -> Any:
        done = cls.of(ids[0])
        done.ids = ids
        return done


@strawberry.type(description="The notice was read. 通知已读。")
class NoticeRead(Done):
    notice: Notice = entry("notice", "The notice. 通知。")


SHOWN_ONCE = (
    "What its requests are signed with: whsec_ and base64 (Standard Webhooks). Shown this once: null where the same "
    "idempotencyKey asks again; who lost it rotates it. 签名密钥,仅显示一次。"
)


@strawberry.type(description="Events are sent there from now on. 推送地址已登记。")
class WebhookRegistered(Done):
    webhook: Webhook = entry("webhook", "The webhook. 推送地址。")
    secret: str | None = part(SHOWN_ONCE, "secret")


@strawberry.type(description="It has a new secret; for a day the former one is signed with, too. 签名密钥已更换。")
class WebhookSecretRotated(Done):
    webhook: Webhook = entry("webhook", "The webhook. 推送地址。")
    secret: str | None = part(SHOWN_ONCE, "secret")


@strawberry.type(description="Nothing is sent until it is resumed. 推送已暂停。")
class WebhookPaused(Done):
    webhook: Webhook = entry("webhook", "The webhook. 推送地址。")


@strawberry.type(description="Events are sent again, from where it stood. 推送已恢复。")
class WebhookResumed(Done):
    webhook: Webhook = entry("webhook", "The webhook. 推送地址。")


@strawberry.type(description="Nothing is sent there any more; its secret is forgotten. 推送地址已移除。")
class WebhookRemoved(Done):
    webhook: Webhook = entry("webhook", "What is left of it. 推送地址。")


@strawberry.type(description="What follows the cursor is sent. 将从游标之后重新推送。")
class WebhookReplayed(Done):
    webhook: Webhook = entry("webhook", "The webhook. 推送地址。")


@strawberry.type(description="A ping is on its way, after what waits already. 测试消息已安排。")
class WebhookTested(Done):
    webhook: Webhook = entry("webhook", "The webhook. 推送地址。")


def result(name: str, done: Any) -> Any:
    return Annotated[
        done | InvalidInput | NotFound | NotAllowed | Conflict,
        strawberry.union(name=name, description=f"{done.__name__}, or why not. 结果或未能办理的原因。"),
    ]

"""Sets of codes fixed by a standard or by this model, each value described; sets a county can extend are Terms."""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry


def _value(name: str, description: str) -> Any:
    return strawberry.enum_value(name, description=description)


@strawberry.enum(description="Language of labels and messages. 标签与提示的语言。")
class Lang(Enum):
    ZH = _value("ZH", "中文 (Chinese)")
    EN = _value("EN", "English 英文")


@strawberry.enum(description="Level of an area in the administrative tree. 行政层级。")
class AreaLevel(Enum):
    PROVINCE = _value("PROVINCE", "Province, 2-digit code. 省级")
    PREFECTURE = _value("PREFECTURE", "Prefecture, 4-digit code. 地级")
    COUNTY = _value("COUNTY", "County, 6-digit code. 县级")
    TOWNSHIP = _value("TOWNSHIP", "Township or street, 9-digit code. 乡镇(街道)")
    VILLAGE = _value("VILLAGE", "Village or residents' committee, 12-digit code. 村(居)")
    ZONE = _value("ZONE", "Functional area without a code of its own; its code is local. 功能区")


@strawberry.enum(description="The five societies, and the assistants of the six. 五社(六社)。")
class Society(Enum):
    COMMUNITY = _value("COMMUNITY", "Community: the platform. 社区")
    SOCIAL_ORGANIZATION = _value("SOCIAL_ORGANIZATION", "Social organization: the carrier. 社会组织")
    SOCIAL_WORKER = _value("SOCIAL_WORKER", "Social worker: the support. 社会工作者")
    VOLUNTEER = _value("VOLUNTEER", "Volunteer: the helper. 社区志愿者")
    CHARITABLE_RESOURCE = _value("CHARITABLE_RESOURCE", "Charitable resource: the supplement. 社会慈善资源")
    ASSISTANT = _value("ASSISTANT", "Social work assistant: the tie, in the linkage of six. 社工助理员")


@strawberry.enum(description="Kind of resource. 资源种类。")
class ResourceKind(Enum):
    FUNDS = _value("FUNDS", "Money. 资金")
    GOODS = _value("GOODS", "Goods. 物资")
    SERVICE = _value("SERVICE", "A service. 服务")
    VENUE = _value("VENUE", "A place to use. 场地")
    VOLUNTEER_TIME = _value("VOLUNTEER_TIME", "Hours of volunteers. 志愿时间")


@strawberry.enum(description="How soon a need must be met (FHIR request priority). 紧急程度。")
class Priority(Enum):
    ROUTINE = _value("ROUTINE", "In the ordinary course. 一般")
    URGENT = _value("URGENT", "Before the ordinary. 较急")
    ASAP = _value("ASAP", "As soon as possible. 紧急")
    STAT = _value("STAT", "At once. 特急")


@strawberry.enum(description="State of a need. 需求状态。")
class NeedStatus(Enum):
    OPEN = _value("OPEN", "Waiting for what is missing. 待满足")
    MET = _value("MET", "All of it is delivered. 已满足")
    CLOSED = _value("CLOSED", "Closed after follow-up. 已结案")
    WITHDRAWN = _value("WITHDRAWN", "Taken back. 已撤回")


@strawberry.enum(description="State of an offer. 资源状态。")
class OfferStatus(Enum):
    DRAFT = _value("DRAFT", "Not published yet. 草稿")
    ACTIVE = _value("ACTIVE", "Can be matched. 可匹配")
    PAUSED = _value("PAUSED", "Not to be matched for now. 暂停")
    WITHDRAWN = _value("WITHDRAWN", "Taken back. 已撤回")


@strawberry.enum(description="State of a plan. 方案状态。")
class PlanStatus(Enum):
    COMPUTED = _value("COMPUTED", "The newest computed plan of its area. 已计算")
    APPROVED = _value("APPROVED", "Approved by a coordinator. 已批准")
    SUPERSEDED = _value("SUPERSEDED", "A newer plan took its place. 已被取代")
    QUEUED = _value("QUEUED", "Waiting for a worker; nothing is read yet. 排队中")
    COMPUTING = _value("COMPUTING", "Being computed; see progress. 计算中")
    CANCELLED = _value("CANCELLED", "Given up before it was computed. 已取消")
    FAILED = _value("FAILED", "Could not be computed; see failure. 计算失败")


@strawberry.enum(description="Which aim of a plan comes first. 方案目标的先后。")
class PlanOrder(Enum):
    URGENT_FIRST = _value("URGENT_FIRST", "The most urgent needs, then fairness between places. 紧急优先")
    FAIR_FIRST = _value("FAIR_FIRST", "Fairness between places, then the most urgent needs. 公平优先")


@strawberry.enum(description="State of a referral (FHIR Task). 点单状态。")
class ReferralStatus(Enum):
    REQUESTED = _value("REQUESTED", "Ordered, waiting for an answer. 已点单")
    ACCEPTED = _value("ACCEPTED", "Accepted, not begun. 已接单")
    REJECTED = _value("REJECTED", "Refused by the provider. 已拒绝")
    IN_PROGRESS = _value("IN_PROGRESS", "The service is under way. 服务中")
    ON_HOLD = _value("ON_HOLD", "Interrupted. 暂停")
    COMPLETED = _value("COMPLETED", "Delivered, wholly or in part. 已完成")
    FAILED = _value("FAILED", "Ended without delivery. 未成功")
    CANCELLED = _value("CANCELLED", "Called off. 已取消")


@strawberry.enum(description="On whose behalf a step of a referral is taken. 办理方。")
class ReferralSide(Enum):
    PROVIDER = _value("PROVIDER", "Who gives. 资源提供方")
    COMMUNITY = _value("COMMUNITY", "Who asked. 提出需求的社区")
    COORDINATOR = _value("COORDINATOR", "The area's coordinator. 统筹员")
    SYSTEM = _value("SYSTEM", "Time, by rule. 系统")


@strawberry.enum(description="Kind of a service record; which figures each has stands in docs/services.md. 服务类别。")
class ServiceKind(Enum):
    VISIT = _value("VISIT", "A visit to a home. 走访")
    CASEWORK = _value("CASEWORK", "Casework (MZ/T 094). 个案工作")
    GROUP_WORK = _value("GROUP_WORK", "Group work (MZ/T 095). 小组工作")
    COMMUNITY_ACTIVITY = _value("COMMUNITY_ACTIVITY", "An activity open to the community. 社区活动")
    GOODS_DELIVERED = _value("GOODS_DELIVERED", "Goods handed over. 物资发放")
    MONEY_PAID = _value("MONEY_PAID", "Money paid out. 资金发放")
    HOURS = _value("HOURS", "Time served; a volunteer's makes its certificate. 服务时长")


@strawberry.enum(description="State of a certificate of volunteer hours. 志愿服务记录证明的状态。")
class CertificateStatus(Enum):
    VALID = _value("VALID", "It holds. 有效")
    OUTDATED = _value("OUTDATED", "A record it rests on was corrected: ask for a new one. 需换发")
    REVOKED = _value("REVOKED", "It was taken back. 已撤销")


@strawberry.enum(description="What came of verifying a certificate's number. 查验结果。")
class CertificateFinding(Enum):
    FOUND = _value("FOUND", "There is such a certificate; see its status. 查到")
    UNKNOWN = _value("UNKNOWN", "Well written, but never issued. 未出具过")
    MISTYPED = _value("MISTYPED", "The check character or the length is wrong. 编号有误")


@strawberry.enum(description="What a notice says. 通知种类。")
class NoticeKind(Enum):
    NEW_ORDER = _value("NEW_ORDER", "An order to accept or reject. 新的点单")
    TAKEN = _value("TAKEN", "A provider took a need itself. 主动接单")
    DUE_TOMORROW = _value("DUE_TOMORROW", "Due on the next working day. 即将到期")
    OVERDUE = _value("OVERDUE", "Its due time has passed. 已逾期")
    ESCALATED = _value("ESCALATED", "Overdue, and now the recipient answers for it. 逾期上报")
    RELEASED = _value("RELEASED", "Overdue at every level; what it held is free again. 逾期释放")
    CANCELLED = _value("CANCELLED", "The order was cancelled. 已取消")
    REJECTED = _value("REJECTED", "The provider rejected the order. 被退回")
    FAILED = _value("FAILED", "Nothing was delivered. 未成功")
    TO_FOLLOW_UP = _value("TO_FOLLOW_UP", "The service is done; call back. 待回访")
    STILL_TRUE = _value("STILL_TRUE", "Offers that nobody confirmed for long. 资源是否仍有效")
    WEBHOOK_DISABLED = _value("WEBHOOK_DISABLED", "A webhook was given up. 推送已停用")
    AGREEMENT_ENDS = _value("AGREEMENT_ENDS", "An agreement ends soon and nothing follows it. 服务协议即将到期")


PRIORITY_LABELS = {
    "ROUTINE": ("一般", "Routine"),
    "URGENT": ("较急", "Urgent"),
    "ASAP": ("紧急", "As soon as possible"),
    "STAT": ("特急", "At once"),
}
SOCIETY_LABELS = {
    "COMMUNITY": ("社区", "Community"),
    "SOCIAL_ORGANIZATION": ("社会组织", "Social organization"),
    "SOCIAL_WORKER": ("社会工作者", "Social worker"),
    "VOLUNTEER": ("社区志愿者", "Volunteer"),
    "CHARITABLE_RESOURCE": ("社会慈善资源", "Charitable resource"),
    "ASSISTANT": ("社工助理员", "Social work assistant"),
}

"""Webhooks: where events are sent, and how far that has come."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from resolvers import webhooks
from schema.areas import Area
from schema.enums import _value
from schema.mapping import column, one, part
from schema.nodes import Node


@strawberry.enum(description="State of a webhook. 推送地址的状态。")
class WebhookStatus(Enum):
    ACTIVE = _value("ACTIVE", "Events are sent. 推送中")
    PAUSED = _value("PAUSED", "Nothing is sent until it is resumed. 已暂停")
    FAILING = _value("FAILING", "The last attempt failed; it is tried again. 推送失败,正在重试")
    DISABLED = _value("DISABLED", "Given up: it failed for days, said 410, or its key ended. 已停用")
    REMOVED = _value("REMOVED", "Ended for good. 已移除")


@strawberry.enum(description="Why an event did not arrive. 推送失败的原因。")
class WebhookError(Enum):
    STATUS = _value("STATUS", "Another status than 2xx, see lastStatus. 对方返回了错误状态码")
    REDIRECT = _value("REDIRECT", "A redirect; those are not followed. 对方要求跳转(不跟随)")
    TIMEOUT = _value("TIMEOUT", "No answer within 5 seconds. 5 秒内没有应答")
    UNREACHABLE = _value("UNREACHABLE", "No connection, or it broke. 无法连接")
    TLS = _value("TLS", "No trusted certificate for this host. 证书不受信任")
    ADDRESS = _value("ADDRESS", "The host leads to no public address now. 主机没有解析到公网地址")
    GONE = _value("GONE", "The receiver said 410: it wants no more. 对方声明不再接收(410)")
    KEY_ENDED = _value("KEY_ENDED", "The key it was registered with opens no more. 登记所用密钥已失效")


@strawberry.type(description="How far a webhook has heard. 推送进度。")
class WebhookProgress:
    cursor: str = part("Cursor of the feed up to where everything was sent. 已推送到的游标。", "cursor")
    behind: int = part("How many events of the feed follow, wanted or not. 落后的事件数。", "behind")


@strawberry.type(description="An address that events are sent to, as its owner may see them. 推送地址(webhook)。")
class Webhook(Node):
    url: str = column("Where to; once removed, the host alone. 网址。")
    kinds: list[str] = column('Which events: "need.submitted", "referral.*", "*". 事件类别。')
    area: Area | None = one("Only events there and below; null: wherever the owner may see. 限定地区。")
    status: WebhookStatus = column("Its state. 状态。")
    failures: int = column("Failures in a row. 连续失败次数。")
    failing_since: datetime | None = column("When the first of them was. 从何时开始失败。")
    next_try_at: datetime | None = column("When it is tried again. 下次重试时间。")
    last_error: WebhookError | None = column("Why the last attempt failed; null where it did not. 最近一次失败的原因。")
    last_status: int | None = column("The HTTP status of that failure. 当时的状态码。")
    last_delivered_at: datetime | None = column("When an event last arrived. 最近一次送达时间。")
    created_at: datetime = column("When it was registered. 登记时间。")
    former_until: datetime | None = column("Until when the secret before the last rotation is valid. 旧密钥有效至。")

    @strawberry.field(description="How far it has come. 推送进度。")
    @staticmethod
    async def progress(root: strawberry.Parent[Any], info: strawberry.Info[Any, Any]) -> WebhookProgress:
        found = await webhooks.progress(info.context.acts, root["__id"])
        return found  # type: ignore[return-value]

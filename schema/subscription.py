"""Subscriptions: what changes, as it changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from db.feed import cursor_of
from resolvers import feed
from schema.mapping import Changes, argument, entry, part, root
from schema.needs import Need
from schema.nodes import Mapped
from schema.plans import Plan
from schema.referrals import Referral

AREA = "Area code, everything below it included. 区划代码(含下级)。"


def _after() -> Any:
    text = (
        "Cursor of a payload or of changesCursor: what follows it. Null: from now on. 从此游标之后继续;留空则从现在起。"
    )
    return argument("after", str | None, text)


async def changes_cursor(info: strawberry.Info[Any, Any]) -> str:
    return cursor_of(await feed.end(info.context.acts))


@strawberry.interface(description="One event of the feed of changes. 一次变更。")
class Change(Mapped):
    cursor: str = part("Where this event stands in the feed, to resume after. 游标。", "cursor")
    event: str = part('What happened: "need.submitted", "plan.updated", ... 事件类别。', "event")
    at: datetime = part("When. 时间。", "at")


@strawberry.type(description="Something happened to a need. 需求变更。")
class NeedChange(Change):
    need: Need = entry("need", "The need as it is now. 需求现状。", "entity_id")


@strawberry.type(description="Something happened to a referral. 点单变更。")
class ReferralChange(Change):
    referral: Referral = entry("referral", "The referral as it is now. 点单现状。", "entity_id")


@strawberry.type(description="Something happened to a plan. 方案变更。")
class PlanChange(Change):
    plan: Plan = entry("plan", "The plan as it is now. 方案现状。", "entity_id")


@strawberry.type(
    description="What changes, as it changes: each event that you may see, once, in the one order of the feed. 订阅。"
)
class Subscription:
    need_changed: NeedChange = root(
        Changes("need"), "What happens to the needs of an area. 需求变更。", [argument("area", str, AREA), _after()]
    )
    referral_changed: ReferralChange = root(
        Changes("referral"),
        "What happens to referrals; without area and party, to all that you may see. 点单变更。",
        [
            argument("area", str | None, AREA),
            argument("party", strawberry.ID | None, "The provider or the community of the referral. 提供方或社区。"),
            _after(),
        ],
    )
    plan_changed: PlanChange = root(
        Changes("plan"), "What happens to the plans of an area. 方案变更。", [argument("area", str, AREA), _after()]
    )

"""A coordinator's day: the lists to look through in the morning, and their figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import strawberry

from resolvers import day
from schema.areas import Area
from schema.enums import NeedStatus, ReferralStatus
from schema.mapping import entry, listed, part
from schema.nodes import Connection
from schema.referrals import Referral


@strawberry.type(description="How many needs are in a state. 某状态的需求数。")
class NeedCount:
    status: NeedStatus = part("The state. 状态。", "status")
    count: int = part("How many. 数量。", "count")


@strawberry.type(description="A coordinator's day in figures. 今日工作数字。")
class DayFigures:
    waiting_for_acceptance: int = part("Orders that nobody has accepted yet. 待接单数。", "waiting")
    overdue: int = part("Of all that is awaited, past its due time. 逾期数。", "overdue")
    to_follow_up: int = part("Closed, and waiting for the call back. 待回访数。", "to_follow_up")
    closed_this_month: int = part("Closed in the county's current month. 本月办结数。", "closed")
    needs: list[NeedCount] = part("Needs by state, every state. 各状态的需求数。", "needs")
    hours_until_next_due: float | None = part(
        "Hours from now until the next of what is awaited is due; null where nothing is still to fall due. "
        "距下一个期限的小时数。",
        "hours",
    )


class _Figures:
    def __init__(self, one: day.Day, found: day.Figures) -> None:
        self.waiting, self.overdue, self.closed = found.waiting, found.overdue, found.closed
        self.to_follow_up = found.to_follow_up
        self.needs = [_Count(status, found.needs.get(status.name, 0)) for status in NeedStatus]
        self.hours = None if found.next_due_at is None else (found.next_due_at - one.now) / timedelta(hours=1)


class _Count:
    def __init__(self, status: NeedStatus, count: int) -> None:
        self.status, self.count = status, count


class _Day:
    """What `resolvers.day` answers, with the names that fields step into it by."""

    def __init__(self, one: day.Day) -> None:
        self.day, self.area_id, self.code = one, one.area.id, one.area.code


@strawberry.type(description="What is to be seen to in an area and all below it, as far as you may see it. 今日工作。")
class CoordinatorDay:
    area: Area = entry("area", "Where. 地区。", "area_id")
    waiting_for_acceptance: Connection[Referral] = listed(
        "referral",
        "Orders that nobody has accepted yet, the most overdue first. 待接单。",
        lambda one: {"area": one.code, "status": [ReferralStatus.REQUESTED]},
    )
    overdue: Connection[Referral] = listed(
        "referral",
        "Whatever is awaited and past its due time, the most overdue first. 逾期。",
        lambda one: {"area": one.code, "overdue": True},
    )
    to_follow_up: Connection[Referral] = listed(
        "referral",
        "Closed, and waiting for the call back; the most overdue first. 待回访。",
        lambda one: {"area": one.code, "toFollowUp": True},
    )
    closed_this_month: Connection[Referral] = listed(
        "closed_referral",
        "Completed, failed, rejected or cancelled in the county's current month, newest first. 本月办结。",
        lambda one: {"area": one.code, "closedSince": one.day.month},
    )

    @strawberry.field(description="How many there are of each. 数字。")
    @staticmethod
    async def figures(root: strawberry.Parent[Any], info: strawberry.Info[Any, Any]) -> DayFigures:
        return _Figures(root.day, await day.figures(info.context.acts, root.day))  # type: ignore[return-value]


async def today(
    info: strawberry.Info[Any, Any],
    area: Annotated[
        str, strawberry.argument(description="Area code, everything below it included. 区划代码(含下级)。")
    ],
) -> CoordinatorDay:
    return _Day(await day.of(info.context.acts, area))  # type: ignore[return-value]

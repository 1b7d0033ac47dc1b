"""Needs: what communities ask for."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from resolvers import matches as match_acts
from schema.areas import Area
from schema.enums import PRIORITY_LABELS, NeedStatus, Priority
from schema.mapping import column, facet, given, id_of, many, one, page
from schema.matches import Match, Obstacle
from schema.nodes import Connection, Facet, Node
from schema.parties import Community
from schema.teams import TeamSuggestion
from schema.teams import of_need as team_of_need
from schema.terms import ResourceType, Term

if TYPE_CHECKING:
    from schema.referrals import Referral


@strawberry.type(description="Something a community asks for. 需求。")
class Need(Node):
    title: str = column("In a few words. 名称。")
    community: Community = one("Who asks. 提出的社区。")
    area: Area = one("Where: the community's area. 所在地。")
    resource_type: ResourceType = one("What is needed. 资源类型。")
    client_groups: list[Term] = many("For whom. 服务对象。")
    quantity: int = column("How much, in resourceType.unit. 数量。")
    committed: int = column("Promised by referrals that still stand, delivered included. 已承诺数量。")
    delivered: int = column("Delivered by completed referrals. 已提供数量。")
    priority: Priority = column("How soon. 紧急程度。")
    whole_or_nothing: bool = column("Whether part of it would help nobody: a plan gives all or none. 是否须整体满足。")
    needed_from: date | None = column("Not before this day. 最早日期。")
    needed_by: date | None = column("Not after this day. 截止日期。")
    channel: Term | None = one("How it reached the station. 需求来源。")
    status: NeedStatus = column("Its state. 状态。")
    created_at: datetime = column("When it was submitted. 提交时间。")
    matches: Connection[Match] = page("The best offers, best first. 最佳匹配。", first=5)
    referrals: Connection[Annotated[Referral, strawberry.lazy("schema.referrals")]] = page(
        "The orders for it, newest first. 点单记录。"
    )
    team: TeamSuggestion = strawberry.field(
        resolver=team_of_need,
        description="The smallest, then best set of parties that meets it and fills every role. 团队建议。",
    )

    @strawberry.field(description="Why an offer does not match: every failed rule. Empty when it does. 为何不匹配。")
    @staticmethod
    async def why_not(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Any, Any],
        offer_id: Annotated[strawberry.ID, strawberry.argument(description="The offer in question. 资源编号。")],
    ) -> list[Obstacle]:
        obstacles = await match_acts.why_not(info.context.acts, root["__id"], id_of(offer_id, "Offer"))
        return cast("list[Obstacle]", obstacles)


@strawberry.type(description="A page of needs, with counts. 需求列表。")
class NeedConnection(Connection[Need]):
    by_priority: list[Facet] = facet("By priority, ignoring the filter by priority. 按紧急程度计数。", PRIORITY_LABELS)
    by_resource_type: list[Facet] = facet("By resource type, ignoring that filter. 按资源类型计数。")
    by_area: list[Facet] = facet(
        "By township, or by the level below the area asked for; ignoring that filter. 按地区计数。"
    )


@strawberry.input(description="Which needs. All conditions hold together. 需求筛选条件。")
class NeedFilter:
    area: str | None = given("Area code, everything below it included. 区划代码(含下级)。")
    resource_type: str | None = given("Resource type code, everything below it included. 资源类型代码(含下级)。")
    client_group: str | None = given("Client group or domain code, everything below included. 服务对象代码(含下级)。")
    status: list[NeedStatus] | None = given("In one of these states. 状态之一。")
    priority: list[Priority] | None = given("Of one of these priorities. 紧急程度之一。")
    channel: str | None = given(
        "Reached the station by this channel (term code) or one below it. 需求来源代码(含下级)。"
    )
    search: str | None = given("Part of the title. 名称包含。")
    needed_before: date | None = given("Needed by a day before this one. 截止日期早于。")
    unmatched: bool | None = given("True: no offer matches; false: some does. 是否尚无匹配。")

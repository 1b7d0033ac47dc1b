"""Offers: what parties can give."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.areas import Area
from schema.enums import SOCIETY_LABELS, OfferStatus, Society
from schema.mapping import column, facet, given, many, one, page
from schema.matches import Match
from schema.nodes import Connection, Facet, Node
from schema.parties import Party
from schema.terms import ResourceType, Term

if TYPE_CHECKING:
    from schema.referrals import Referral


@strawberry.type(description="Something a party can give. 资源供给。")
class Offer(Node):
    title: str = column("In a few words. 名称。")
    provider: Party = one("Who gives. 提供方。")
    resource_type: ResourceType = one("What it is; serves needs of this type and below. 资源类型。")
    capacity: int = column("How much in all, in resourceType.unit. 总量。")
    committed: int = column("Promised by referrals that still stand, delivered included. 已承诺数量。")
    available: int = column("capacity - committed. 余量。")
    coverage: list[Area] = many("Serves these areas and all below them. 服务区域(含下级)。")
    client_groups: list[Term] = many("Serves only these; empty: everyone. 限定服务对象。")
    minimum_per_need: int = column("The least it gives to one need. 每项需求至少。")
    maximum_per_need: int | None = column("The most it gives to one need. 每项需求至多。")
    available_from: date | None = column("Not before this day. 可用自。")
    available_until: date | None = column("Not after this day. 可用至。")
    earmark: Term | None = one("The donor's intent, enforced. 定向用途。")
    status: OfferStatus = column("Its state. 状态。")
    confirmed_at: datetime = column('Last time the provider said "still true". 最近确认时间。')
    matches: Connection[Match] = page("The needs it serves best, best first. 最佳匹配。", first=5)
    referrals: Connection[Annotated[Referral, strawberry.lazy("schema.referrals")]] = page(
        "The orders of it, newest first. 点单记录。"
    )


@strawberry.type(description="A page of offers, with counts. 资源列表。")
class OfferConnection(Connection[Offer]):
    by_society: list[Facet] = facet("By the provider's society, ignoring that filter. 按社会力量计数。", SOCIETY_LABELS)
    by_resource_type: list[Facet] = facet("By resource type, ignoring that filter. 按资源类型计数。")
    by_area: list[Facet] = facet(
        "By the provider's township, or the level below the area asked for; ignoring that filter. 按地区计数。"
    )


@strawberry.input(description="Which offers. All conditions hold together. 资源筛选条件。")
class OfferFilter:
    area: str | None = given("Area code: offers that serve it, a place below it, or all around it. 服务区域代码。")
    resource_type: str | None = given("Resource type code, everything below it included. 资源类型代码(含下级)。")
    client_group: str | None = given("Client group code: offers that serve it, those for all too. 服务对象代码。")
    society: list[Society] | None = given("Provided by one of these societies. 提供方所属社会力量之一。")
    industry: str | None = given("Provided by firms of this industry (term code) or one below it. 提供企业的行业代码。")
    status: list[OfferStatus] | None = given("In one of these states. 状态之一。")
    search: str | None = given("Part of the title. 名称包含。")
    available_at_least: int | None = given("With at least this much left. 余量不少于。")
    confirmed_since: datetime | None = given("Confirmed at this time or later. 最近确认不早于。")

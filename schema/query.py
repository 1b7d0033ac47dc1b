"""Questions."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from schema import cases, coordination, fund_books, identities, linkage, reports, rules, simulate, subscription, teams
from schema.areas import Area
from schema.buildout import BuildoutQueries
from schema.catalogue import CatalogueQueries
from schema.certificates import CertificateVerification, verification
from schema.day import CoordinatorDay, today
from schema.duties import Duty
from schema.enums import AreaLevel, PlanStatus, ResourceKind, Society
from schema.evaluations import EvaluationQueries
from schema.fragility import Fragility
from schema.fragility import found as fragile_parties
from schema.linkage_roles import LinkageQueries
from schema.mapping import (
    RootCode,
    RootNode,
    RootNodes,
    argument,
    both_ways,
    forward,
    given,
    root,
    root_page,
)
from schema.needs import NeedConnection, NeedFilter
from schema.nodes import Connection, Node
from schema.notices import Notice
from schema.offers import OfferConnection, OfferFilter
from schema.parties import Party
from schema.plans import Plan
from schema.procedures import Procedure
from schema.records import RecordQueries
from schema.referrals import Referral, ReferralFilter
from schema.services import ServiceFilter, ServiceRecord, ServiceTotals
from schema.services import totals as service_totals
from schema.stations import StationQueries
from schema.supervision import SupervisionQueries
from schema.terms import ResourceType, Term
from schema.training import TrainingQueries
from schema.webhooks import Webhook, WebhookStatus


@strawberry.input(description="Which parties. All conditions hold together. 主体筛选条件。")
class PartyFilter:
    area: str | None = given("Area code, everything below it included. 区划代码(含下级)。")
    society: list[Society] | None = given("Of one of these societies. 所属社会力量之一。")
    industry: str | None = given("Firms of this industry (term code) or one below it. 企业行业代码(含下级)。")
    search: str | None = given("Part of the name. 名称包含。")


def _where(filter_type: Any) -> Any:
    return argument("where", filter_type | None, "Only those that fulfil this. 筛选条件。")


@strawberry.type(description="Questions. 查询。")
class Query:
    node: Node | None = root(
        RootNode(),
        "One thing by its id; null where there is none that you may see. 按编号取一项。",
        [argument("id", strawberry.ID, "Global id. 全局编号。")],
    )
    nodes: list[Node | None] = root(
        RootNodes(),
        "Up to 100 things by id, in the order asked, null for each that is not there. 按编号取多项。",
        [argument("ids", list[strawberry.ID], "Global ids, at most 100. 全局编号。")],
    )
    area: Area | None = root(
        RootCode("area"),
        "An area by its code. 按代码取地区。",
        [argument("code", str, "GB/T 2260 code, or a zone's local code. 区划代码。")],
    )
    areas: Connection[Area] = root_page(
        "area",
        "Areas by code. 地区列表。",
        [
            argument("level", AreaLevel | None, "Of this level. 层级。"),
            argument("under", str | None, "Below the area with this code. 在此代码之下。"),
            argument("search", str | None, "Part of the name. 名称包含。"),
            *forward(),
        ],
    )
    resource_types: Connection[ResourceType] = root_page(
        "resource_type",
        "Resource types, in their own order. 资源类型列表。",
        [argument("kind", ResourceKind | None, "Of this kind. 种类。"), *forward()],
    )
    terms: Connection[Term] = root_page(
        "term",
        "The terms of a scheme, in their own order. 分类项列表。",
        [argument("scheme", str, "client_group, domain, industry, channel, fund_source, ... 所属分类。"), *forward()],
    )
    parties: Connection[Party] = root_page(
        "party", "Parties, oldest registration first. 主体列表。", [_where(PartyFilter), *forward()]
    )
    needs: NeedConnection = root_page(
        "need", "Needs, most urgent first, then oldest. 需求清单。", [_where(NeedFilter), *both_ways()]
    )
    offers: OfferConnection = root_page(
        "offer", "Offers, freshest first. 资源清单。", [_where(OfferFilter), *both_ways()]
    )
    plans: Connection[Plan] = root_page(
        "plan",
        "Plans, newest first. 方案列表。",
        [
            argument("area", str | None, "Area code, everything below it included. 区划代码(含下级)。"),
            argument(
                "status",
                list[PlanStatus] | None,
                "In one of these states; null for all. 状态之一。",
                [PlanStatus.COMPUTED, PlanStatus.APPROVED, PlanStatus.SUPERSEDED],
            ),
            *forward(),
        ],
    )
    referrals: Connection[Referral] = root_page(
        "referral",
        "Referrals: those that wait for something first, by their due time. 点单列表。",
        [_where(ReferralFilter), *forward()],
    )
    linkage_network: linkage.LinkageNetwork = strawberry.field(
        resolver=linkage.network, description="Who is linked with whom in an area, ready to draw. 联动网络。"
    )
    team: teams.TeamSuggestion = strawberry.field(
        resolver=teams.of_needs, description="The team for several needs, or for what an area asks. 团队建议。"
    )
    fragility: list[Fragility] = strawberry.field(
        resolver=fragile_parties, description="The parties of an area that most hangs on. 脆弱环节。"
    )
    plan_simulate: simulate.PlanComparison = strawberry.field(
        resolver=simulate.compared,
        description="What if: an area's plan as it is and as it would be. Changes nothing. 方案模拟。",
    )
    team_templates: Connection[teams.TeamTemplate] = root_page(
        "team_template", "Linkage models, then templates of teams. 联动模式与团队模板。", forward()
    )
    linkage_models: Connection[teams.LinkageModel] = root_page(
        "linkage_model",
        "Which linkage model holds where, newest first. 各地的联动模式。",
        [argument("area", str | None, "Area code, everything below it included. 区划代码(含下级)。"), *forward()],
    )
    day: CoordinatorDay = strawberry.field(
        resolver=today,
        description="What a coordinator has to see to today, in an area and all below it. 今日工作。",
    )
    duties: Connection[Duty] = root_page(
        "duty",
        "The duty list: what each level answers for. Open to everybody. 责任清单。",
        [
            argument("area", str | None, "Area code: those that hold there. 适用于此地区(区划代码)。"),
            argument("level", AreaLevel | None, "Of this level. 哪一级。"),
            argument("on", date | None, "Those that hold on this day. 在此日有效。"),
            *forward(),
        ],
    )
    procedures: Connection[Procedure] = root_page(
        "procedure",
        "The procedure list: by which steps work is done. Open to everybody. 工作程序清单。",
        [
            argument("area", str | None, "Area code: those that hold there. 适用于此地区(区划代码)。"),
            argument("on", date | None, "Those that hold on this day. 在此日有效。"),
            *forward(),
        ],
    )
    notices: Connection[Notice] = root_page(
        "notice",
        "Your inbox, newest first: what your party, or the coordinators of your area, should know. 通知列表。",
        [
            argument("unread", bool | None, "true: only what nobody read yet; false: only what was read. 是否未读。"),
            *forward(),
        ],
    )
    webhooks: Connection[Webhook] = root_page(
        "webhook",
        "Where events are sent for your party, or for your area and those below it; newest first. 推送地址列表。",
        [
            argument(
                "status",
                list[WebhookStatus] | None,
                "In one of these states; null for all. 状态之一。",
                [WebhookStatus.ACTIVE, WebhookStatus.PAUSED, WebhookStatus.FAILING, WebhookStatus.DISABLED],
            ),
            *forward(),
        ],
    )
    changes_cursor: str = strawberry.field(
        resolver=subscription.changes_cursor,
        description="The present end of the feed of changes: ask for it, read, then subscribe after it, and nothing is "
        "missed. 变更流当前末尾的游标。",
    )
    services: Connection[ServiceRecord] = root_page(
        "service_record", "Service records, newest day first. 服务记录列表。", [_where(ServiceFilter), *forward()]
    )
    service_totals: ServiceTotals = strawberry.field(
        resolver=service_totals, description="Sums over the service records that count. 服务记录汇总。"
    )
    certificate: CertificateVerification = strawberry.field(
        resolver=verification,
        description="Verify a certificate of volunteer hours by its number; open to everybody. 查验志愿服务记录证明。",
    )


#: What `schema.contract` puts together; a concept with questions of its own adds its class.
QUESTIONS = (
    Query,
    RecordQueries,
    cases.Queries,
    CatalogueQueries,
    LinkageQueries,
    EvaluationQueries,
    SupervisionQueries,
    TrainingQueries,
    identities.Queries,
    BuildoutQueries,
    StationQueries,
    fund_books.Queries,
    rules.Queries,
    reports.Queries,
    coordination.Queries,
)

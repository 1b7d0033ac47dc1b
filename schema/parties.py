"""The five societies, and the assistants of the six."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from resolvers import partners as partner_acts
from resolvers import services as service_acts
from schema.areas import Area
from schema.enums import Society
from schema.mapping import column, one, page
from schema.nodes import Connection, Node
from schema.partners import PartnerSuggestion, SuggestedParty
from schema.terms import Term

if TYPE_CHECKING:
    from schema.certificates import VolunteerCertificate
    from schema.needs import NeedConnection
    from schema.offers import OfferConnection

Offers = Annotated["OfferConnection", strawberry.lazy("schema.offers")]
Certificate = Annotated["VolunteerCertificate", strawberry.lazy("schema.certificates")]
Needs = Annotated["NeedConnection", strawberry.lazy("schema.needs")]


@strawberry.interface(description="Whoever takes part: a member of one of the societies. 联动主体。")
class Party(Node):
    name: str = column("Its name. 名称。")
    society: Society = column("The society it belongs to. 所属社会力量。")
    area: Area = one("Where it is at home. 所在地。")
    offers: Offers = page("What it offers, freshest first. 其资源供给。")

    @strawberry.field(description="Whom to team up with, best first, among those you may see. 合作建议。")
    @staticmethod
    async def partners(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Any, Any],
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100. 取前多少条。")] = 10,
    ) -> list[PartnerSuggestion]:
        found = await partner_acts.partners(info.context.acts, root["__id"], 10 if first is None else first)
        return cast("list[PartnerSuggestion]", [SuggestedParty(one) for one in found])


@strawberry.type(description="A village or residents' community. 社区(村居)。")
class Community(Party):
    needs: Needs = page("What it asks for, most urgent first, then oldest. 其需求。")


@strawberry.type(description="A social organization. 社会组织。")
class Organization(Party):
    credit_code: str | None = column("Unified social credit code (GB 32100). 统一社会信用代码。")
    founded_on: date | None = column("When it was founded. 成立日期。")


@strawberry.type(description="A social worker. 社会工作者。")
class SocialWorker(Party):
    pass


@strawberry.type(description="A volunteer, or a team of them. 社区志愿者(队)。")
class Volunteer(Party):
    headcount: int = column("1 for a person, more for a team. 人数。")
    certificates: Connection[Certificate] = page("Certificates of its hours, newest first. 志愿服务记录证明。")

    @strawberry.field(
        description="Hours of all its service records that count, rounded to two places; null for who is neither "
        "staff nor the volunteer. 服务小时数。"
    )
    @staticmethod
    async def hours(root: strawberry.Parent[Any], info: strawberry.Info[Any, Any]) -> Decimal | None:
        return await service_acts.volunteer_hours(info.context.acts, root["__id"])


@strawberry.type(description="A firm that gives. 爱心企业。")
class DonorFirm(Party):
    credit_code: str | None = column("Unified social credit code (GB 32100). 统一社会信用代码。")
    industry: Term | None = one("Its industry. 行业。")


@strawberry.type(description="A fund: money with a source. 资金。")
class Fund(Party):
    source: Term | None = one("Where the money comes from. 资金来源。")


@strawberry.type(description="A social work assistant of a village room. 社工助理员。")
class Assistant(Party):
    pass

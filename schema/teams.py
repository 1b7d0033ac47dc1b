"""Teams: who together can meet a need, and the linkage models that say which roles there are."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers import teams
from schema.areas import Area
from schema.enums import Society
from schema.mapping import column, entry, id_of, label, one, part, value_list
from schema.matches import Reason
from schema.nodes import Node
from schema.offers import Offer
from schema.parties import Party

if TYPE_CHECKING:
    from schema.needs import Need

ANeed = Annotated["Need", strawberry.lazy("schema.needs")]


def _as_stored(roles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return roles


@strawberry.type(description="A role in a team. 团队中的角色。")
class TeamRole:
    society: Society | None = part("Whose role it is; null: of any society. 所属社会力量。", "society")
    resource_type: str | None = part(
        "Code of what whoever fills it has to offer; null: it does not matter. 须提供的资源类型代码。", "resource_type"
    )
    label: str = label("Its name. 名称。")
    source: str = part("Where it is written. 出处。", "source")


@strawberry.type(
    description="A linkage model (three, five, six societies) or a template of a team. 联动模式或团队模板。"
)
class TeamTemplate(Node):
    code: str = column("Unique: THREE, FIVE, SIX, NURSE, ... 代码。")
    label: str = label("Its name. 名称。")
    is_linkage_model: bool = column("Whether it is a model that holds for an area. 是否为联动模式。")
    roles: list[TeamRole] = value_list("Its roles, in order. 角色。", ("roles",), _as_stored)


@strawberry.type(description="Which linkage model holds in an area and below, from a day on. 地区的联动模式。")
class LinkageModel(Node):
    area: Area = one("Where. 地区。")
    template: TeamTemplate = one("Which model. 模式。")
    since_on: date = column("From this day on. 起始日期。")
    citation: str | None = column("The document that says so. 依据。")
    created_at: datetime = column("When it was recorded. 登记时间。")


@strawberry.type(description="What a member gives to one need. 成员提供的一项。")
class TeamGift:
    need: ANeed = entry("need", "To which need. 需求。", "need_id")
    offer: Offer = entry("offer", "Out of which offer. 资源。", "offer_id")
    quantity: int = part("How much, in the need's unit. 数量。", "quantity")
    score: float = part("The score of the pair, 0 to 1. 匹配度。", "score")


@strawberry.type(description="A party of a team. 团队成员。")
class TeamMember:
    party: Party = entry("party", "Who. 主体。", "party_id")
    society: Society = part("The society it belongs to. 所属社会力量。", "society")
    offer: Offer | None = entry(
        "offer", "The best of what it gives; null for who only fills a role. 主要提供的资源。", "offer_id"
    )
    quantity: int = part("How much of that offer, 0 without one. 该资源的数量。", "quantity")
    role: str = label("What it is in the team: platform, carrier, support, ... 角色。", "role")
    gives: list[TeamGift] = part("All it gives, best pair first. 全部提供内容。", "gives")
    text: str = label("Why it is in the team. 入选理由。", "text")
    reasons: list[Reason] = part(
        "The score of its best pair, part by part; its nearness where it only fills a role. 评分理由。", "reasons"
    )


@strawberry.type(description="A role that nobody can fill. 空缺的角色。")
class MissingRole:
    society: Society | None = part("Whose role it is; null: of any society. 所属社会力量。", "society")
    role: str = label("Its name. 名称。", "role")
    text: str = label("In words. 说明。", "text")


@strawberry.type(description="What nobody can give. 无人能提供的资源。")
class MissingResource:
    need: ANeed = entry("need", "To which need. 需求。", "need_id")
    quantity: int = part("How much is missing, in the need's unit. 缺少的数量。", "quantity")
    text: str = label("In words. 说明。", "text")


@strawberry.type(
    description="The smallest set of parties that gives what can be given and fills every role, then the best of "
    "them; out of what you may see. 团队建议。"
)
class TeamSuggestion:
    members: list[TeamMember] = part("Nobody of them can be spared; oldest registration first. 成员。", "members")
    missing: list[Society] = part("Societies whose role nobody can fill. 缺少的社会力量。", "missing")
    covered: int = part("How many of the needs asked about the team meets in full. 可全部满足的需求数。", "covered")
    reasons: list[Reason] = part(
        "How far each aim is reached, in their order: RESOURCES, ROLES, SIZE, FIT. 各项目标的达成情况。", "reasons"
    )
    missing_roles: list[MissingRole] = part("Every role that nobody can fill. 空缺的角色。", "missing_roles")
    missing_resources: list[MissingResource] = part("What nobody can give. 缺少的资源。", "missing_resources")
    asked: int = part("How many needs were considered. 纳入的需求数。", "asked")
    waiting: int = part(
        "How many wait: more than asked where an area has over 100 open needs; the most urgent were considered. "
        "等待中的需求数。",
        "waiting",
    )
    template: TeamTemplate = entry("team_template", "By which model or template. 所用模式或模板。", "template_id")
    optimal: bool = part("Proven: no team is smaller, none as small is better. 是否已证明最优。", "optimal")
    lower_bound: int = part("No smaller team gives as much, proven. 最少成员数的下界。", "lower_bound")


def _society(name: str | None) -> Society | None:
    return Society[name] if name is not None else None


class _Member:
    def __init__(self, member: Any) -> None:
        self.party_id, self.offer_id, self.quantity = member.party_id, member.offer_id, member.quantity
        self.society = _society(member.society)
        self.role_zh, self.role_en, self.text_zh, self.text_en = (
            member.role_zh,
            member.role_en,
            member.text_zh,
            member.text_en,
        )
        self.gives, self.reasons = member.gifts, member.reasons


class _MissingRole:
    def __init__(self, role: Any) -> None:
        self.society = _society(role.society)
        self.role_zh, self.role_en, self.text_zh, self.text_en = role.role_zh, role.role_en, role.text_zh, role.text_en


class _Suggestion:
    """What `resolvers.teams` answers, with societies as the contract names them."""

    def __init__(self, found: teams.Suggestion) -> None:
        team = found.team
        self.template_id, self.waiting = found.template_id, found.waiting
        self.members = [_Member(one) for one in team.members]
        self.missing_roles = [_MissingRole(one) for one in team.missing_roles]
        self.missing = list(dict.fromkeys(one.society for one in self.missing_roles if one.society is not None))
        self.missing_resources, self.reasons = team.missing_resources, team.reasons
        self.covered, self.asked = team.covered, team.asked
        self.optimal, self.lower_bound = team.optimal, team.lower_bound


TEMPLATE = "Code of a linkage model or template; null: the model of the area. 联动模式或团队模板的代码。"
Template = Annotated[str | None, strawberry.argument(description=TEMPLATE)]


async def of_need(
    root: strawberry.Parent[Any], info: strawberry.Info[Any, Any], template: Template = None
) -> TeamSuggestion:
    return _Suggestion(await teams.of_need(info.context.acts, root["__id"], template))  # type: ignore[return-value]


async def of_needs(
    info: strawberry.Info[Any, Any],
    needs: Annotated[
        list[strawberry.ID] | None,
        strawberry.argument(description="Needs that the team is for, at most 100: a household's. 需求编号。"),
    ] = None,
    area: Annotated[
        str | None,
        strawberry.argument(
            description="Or an area code: the 100 most urgent open needs there and below. 区划代码(含下级)。"
        ),
    ] = None,
    template: Template = None,
) -> TeamSuggestion:
    ids = None if needs is None else [id_of(str(one), "Need") for one in needs]
    return _Suggestion(await teams.of_needs(info.context.acts, ids, area, template))  # type: ignore[return-value]

"""The linkage model of an area, and a role for each kind of party."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry

from resolvers import linkage_roles
from schema.enums import Lang, Society
from schema.mapping import entry
from schema.teams import LinkageModel, TeamTemplate


@strawberry.type(description="What parties of a kind are in a linkage model. 一类主体在联动模式中的角色。")
class KindRole:
    kind: str = strawberry.field(description="Type of the parties: Community, DonorFirm, ... 主体类型。")
    society: Society = strawberry.field(description="The society they belong to. 所属社会力量。")
    parties: int = strawberry.field(description="How many are at home in the area, of those you may see. 当地数量。")
    _zh: strawberry.Private[str | None]
    _en: strawberry.Private[str | None]

    @strawberry.field(description="Platform, carrier, support, tie, ...; null: the model has none for it. 角色。")
    def role(self, lang: Annotated[Lang, strawberry.argument(description="Language. 语言。")] = Lang.ZH) -> str | None:
        return self._zh if lang is Lang.ZH else self._en


@strawberry.type(description="The linkage model that holds in an area on a day. 某地某日的联动模式。")
class LinkageInForce:
    template: TeamTemplate = entry("team_template", "Which model: three, five or six societies. 模式。", "template_id")
    said: LinkageModel | None = entry(
        "linkage_model", "By what it holds; null: nothing was said here or above. 依据。", "said_id"
    )
    roles: list[KindRole] = strawberry.field(description="A role for each kind of party. 各类主体的角色。")


async def _in_force(
    info: strawberry.Info[Any, Any],
    area: Annotated[str, strawberry.argument(description="Area code. 区划代码。")],
    on: Annotated[date | None, strawberry.argument(description="On this day; null: today. 日期。")] = None,
) -> LinkageInForce:
    found = await linkage_roles.in_force(info.context.acts, area, on)
    roles = [
        KindRole(kind=one.typename, society=Society[one.society], parties=one.parties, _zh=one.role_zh, _en=one.role_en)
        for one in found.roles
    ]
    made: Any = LinkageInForce(roles=roles)
    made.template_id, made.said_id = found.template_id, found.said_id
    return made  # type: ignore[no-any-return]


@strawberry.type(description="Questions about linkage models. 联动模式查询。")
class LinkageQueries:
    linkage_in_force: LinkageInForce = strawberry.field(
        resolver=_in_force,
        description="The linkage model of an area: said for it, else for the nearest area above, else five societies; "
        "with a role for each kind of party. 某地的联动模式与各类主体的角色。",
    )

"""Which stations and workers went without supervision, and which areas have a team of supervisors."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from resolvers import supervision
from schema.areas import Area
from schema.enums import AreaLevel
from schema.mapping import entries, entry, listed, part
from schema.nodes import Connection
from schema.records import ENUMS, TYPES

_KIND = ENUMS["supervision_kind"]
Info = strawberry.Info[Any, Any]
if TYPE_CHECKING:
    Station: TypeAlias = Any
    Post: TypeAlias = Any
    Supervision: TypeAlias = Any
    SupervisionKind: TypeAlias = Any
    StationTier: TypeAlias = Any
else:
    Station = TYPES["station"]
    Post = TYPES["post"]
    Supervision = TYPES["supervision"]
    SupervisionKind = ENUMS["supervision_kind"]
    StationTier = ENUMS["station_tier"]
#: Of a list in one answer.
MOST = 1_000


@strawberry.type(description="A station that nobody supervised in the month. 当月未被督导的社工站。")
class UnsupervisedStation:
    station: Station = entry("station", "The station. 社工站。", "id")
    last_on: date | None = part("When it last was, before the month; null: never. 上次督导日期。", "last_on")


@strawberry.type(description="A post whose worker nobody supervised in the month. 当月未被督导的岗位。")
class UnsupervisedPost:
    post: Post = entry("post", "The post; its worker is registered. 岗位。", "id")
    last_on: date | None = part("When the worker last was, before the month. 上次督导日期。", "last_on")


@strawberry.type(description="Who went without one kind of supervision in a month. 当月督导缺漏。")
class Unsupervised:
    area: Area = entry("area", "Where, everything below it included. 地区(含下级)。", "area_id")
    from_on: date = part("First day of the month. 起始日期。", "from_on")
    until_on: date = part("Last day of the month. 截止日期。", "until_on")
    stations: int = part("Stations that work on any day of it. 在运行站数。", "stations")
    supervised: int = part("Of them, supervised in it. 已督导站数。", "supervised")
    missed: list[UnsupervisedStation] = part("The others, longest without one first. 未督导的站。", "missed")
    posts: int | None = part("Posts of registered workers; null unless asked for. 有登记社工的岗位数。", "posts")
    posts_supervised: int | None = part("Of them, whose worker was supervised. 已督导岗位数。", "posts_supervised")
    missed_posts: list[UnsupervisedPost] | None = part("The others. 未督导的岗位。", "missed_posts")
    supervisions: Connection[Supervision] = listed(
        "supervision",
        "The supervisions behind these figures. 当月督导记录。",
        lambda one: {
            "area": one.code,
            "kind": [_KIND[one.kind]],
            "from": one.from_on,
            "until": one.until_on,
        },
    )


class _Unsupervised:
    """What `resolvers.supervision` answers, its lists cut."""

    def __init__(self, found: supervision.Unsupervised, first: int) -> None:
        for name in ("area_id", "code", "from_on", "until_on", "kind", "stations", "supervised", "posts"):
            setattr(self, name, getattr(found, name))
        self.posts_supervised = found.posts_supervised
        self.missed = found.missed[:first]
        self.missed_posts = found.missed_posts[:first] if found.missed_posts is not None else None


async def _unsupervised(
    info: Info,
    area: Annotated[str, strawberry.argument(description="Area code, everything below it included. 区划代码。")],
    month: Annotated[date, strawberry.argument(description="Any day of the month. 当月任一日。")],
    kind: Annotated[SupervisionKind, strawberry.argument(description="Which supervision. 督导类别。")],
    tier: Annotated[
        list[StationTier] | None,
        strawberry.argument(description="Stations of these tiers; null: STATION. 层级。"),
    ] = None,
    workers: Annotated[bool, strawberry.argument(description="Posts, too. 是否同时查岗位。")] = False,
    first: Annotated[
        int, strawberry.argument(description="How many of each list, at most 1000; the figures count all. 最多列出。")
    ] = 100,
) -> Unsupervised:
    tiers = [one.name for one in tier] if tier else ["STATION"]
    found = await supervision.unsupervised(
        info.context.acts,
        area,
        month,
        kind.name,
        tiers=tiers,
        workers=workers,
    )
    return _Unsupervised(found, max(0, min(first, MOST)))  # type: ignore[return-value]


@strawberry.type(description="Which areas of a level have a team of supervisors. 督导团队覆盖情况。")
class SupervisionTeamCoverage:
    area: Area = entry("area", "Below which area. 地区。", "area_id")
    areas: int = part("Areas of the level. 地区数。", "areas")
    with_team: int = part("Of them, with a team. 已建督导团队数。", "with_team")
    without: list[Area] = entries("area", "Those without one, by code. 未建督导团队的地区。", "without_ids")


async def _coverage(
    info: Info,
    area: Annotated[str, strawberry.argument(description="Area code. 区划代码。")],
    level: Annotated[AreaLevel, strawberry.argument(description="Areas of this level below it. 层级。")],
    kind: Annotated[
        SupervisionKind | None,
        strawberry.argument(description="For which supervision; null: ADMINISTRATIVE. 督导类别。"),
    ] = None,
    on: Annotated[date | None, strawberry.argument(description="On this day; null: today. 日期。")] = None,
) -> SupervisionTeamCoverage:
    name = kind.name if kind is not None else "ADMINISTRATIVE"
    found = await supervision.team_coverage(info.context.acts, area, level.name, name, on)
    return found  # type: ignore[return-value]


@strawberry.type(description="Questions about supervision. 督导查询。")
class SupervisionQueries:
    unsupervised: Unsupervised = strawberry.field(
        resolver=_unsupervised,
        description="Which stations (and workers) of an area nobody supervised in a month. 当月未被督导的社工站。",
    )
    supervision_team_coverage: SupervisionTeamCoverage = strawberry.field(
        resolver=_coverage,
        description="Which areas of a level have a team of supervisors. Open to everybody. 督导团队覆盖情况。",
    )

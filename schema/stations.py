"""Questions about stations: are they complete, who works there, how much of an area has one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from resolvers import coverage as covering
from resolvers import posts, projects, station_acceptance
from schema.areas import Area
from schema.enums import AreaLevel
from schema.mapping import entries, entry, id_of, label, part
from schema.mapping import part as told
from schema.parties import Party
from schema.records import ENUMS, TYPES

if TYPE_CHECKING:
    Station: TypeAlias = Any
    Agreement: TypeAlias = Any
    ProfileItem: TypeAlias = Any
    Incubation: TypeAlias = Any
    PostKind: TypeAlias = Any
    ProfilePart: TypeAlias = Any
    StandardAspect: TypeAlias = Any
    StationTier: TypeAlias = Any
else:
    Station, Agreement = TYPES["station"], TYPES["agreement"]
    ProfileItem, Incubation = TYPES["profile_item"], TYPES["incubation"]
    PostKind, ProfilePart = ENUMS["post_kind"], ENUMS["profile_part"]
    StandardAspect, StationTier = ENUMS["standard_aspect"], ENUMS["station_tier"]

Info = strawberry.Info[Any, Any]
AREA = "Area code, everything below it included. 区划代码(含下级)。"
DAY = "On which day; today where left out. 日期,默认今天。"
STATION = "The station's id. 社工站编号。"


def _argument(description: str, name: str | None = None) -> Any:
    return strawberry.argument(description=description, name=name)


@strawberry.enum(description="One of the five haves of a station. 五有标准。")
class StationHave(Enum):
    SITE = strawberry.enum_value("SITE", description="A site with what is asked for. 有场地")
    PEOPLE = strawberry.enum_value("PEOPLE", description="People, as many as the rules ask for. 有人员")
    FUNCTION = strawberry.enum_value("FUNCTION", description="Functions or domains of service. 有功能")
    RULES = strawberry.enum_value("RULES", description="Rules in writing. 有制度")
    SERVICE = strawberry.enum_value("SERVICE", description="Work that is written down. 有服务")


@strawberry.enum(description="How many workers a station has beside its rules. 人员配备情况。")
class StaffingState(Enum):
    UNDER = strawberry.enum_value("UNDER", description="Fewer than asked for. 不足")
    WITHIN = strawberry.enum_value("WITHIN", description="As asked for. 符合")
    OVER = strawberry.enum_value("OVER", description="More than let pass. 超出")


@strawberry.type(description="Something that is missing. 缺少的一项。")
class MissingPart:
    text: str = label("In words. 说明。", "text")


# ------------------------------------------------------------------------------------------------ acceptance


@strawberry.type(description="One of the five haves, why it is held or not. 五有中的一项。")
class AcceptanceItem:
    have: StationHave = part("Which. 项目。", "have")
    held: bool = part("Whether the station has it. 是否具备。", "held")
    text: str = label("What there is. 现状。", "text")
    missing: list[MissingPart] = part("What is missing for it. 缺少的内容。", "missing")


@strawberry.type(description="Whether a station can be accepted: the five haves on a day. 社工站验收情况。")
class StationAcceptance:
    station: Station = entry("station", "Which station. 社工站。", "station_id")
    on: date = part("On which day. 日期。", "on")
    accepted: bool = part("Whether it has all five. 是否五有齐全。", "accepted")
    haves: list[AcceptanceItem] = part("The five, in their order. 各项情况。", "haves")


@strawberry.type(description="A part of a station's 1+1+5+X. 服务体系的一部分。")
class ProfilePartCount:
    part: ProfilePart = told("Which part. 组成部分。", "part")
    least: int = told("How many are asked for. 至少应有。", "least")
    count: int = told("How many rows there are. 已有。", "count")
    items: list[ProfileItem] = entries("profile_item", "What there is. 已有内容。", "item_ids")
    missing: list[MissingPart] = told("What is missing. 缺少的内容。", "missing")


@strawberry.type(description="A station's 1+1+5+X and how far it is complete. 社工站服务体系完整度。")
class StationProfile:
    station: Station = entry("station", "Which station. 社工站。", "station_id")
    complete: bool = part("Whether nothing is missing. 是否完整。", "complete")
    form: str = part("What there is, as 1+1+5+X; a domain counts once. 现有体系。", "form")
    parts: list[ProfilePartCount] = part("Platform, key project, domains, own services. 各部分。", "parts")


@strawberry.type(description="What a station reached in a year beside what it should. 年度指标。")
class StationIndicator:
    aspect: StandardAspect = part("Which indicator. 指标。", "aspect")
    least: int | None = part("At least; null where nothing is asked for here. 要求至少。", "least")
    reached: int = part("Reached, counted from records. 完成。", "reached")
    met: bool | None = part("Whether that is enough; null where nothing is asked for. 是否达标。", "met")
    text: str = label("In words, with what asks for it. 说明。", "text")


@strawberry.type(description="A station's indicators of a year. 社工站年度指标。")
class StationIndicators:
    station: Station = entry("station", "Which station. 社工站。", "station_id")
    year: int = part("Which year. 年度。", "year")
    indicators: list[StationIndicator] = part("Organizations founded, volunteers found. 各项指标。", "indicators")
    incubations: list[Incubation] = entries("incubation", "The organizations counted. 计入的组织。", "incubation_ids")


# ------------------------------------------------------------------------------------------------ staffing


@strawberry.type(description="Posts of one kind and the persons in them. 某类岗位的人数。")
class PostKindCount:
    kind: PostKind = part("Which kind. 岗位类别。", "kind")
    posts: int = part("Rows of posts. 岗位数。", "posts")
    persons: int = part("Persons. 人数。", "persons")


@strawberry.type(description="Who works at a station, beside its rules. 单个社工站的人员配备。")
class StationStaffing:
    station: Station = entry("station", "Which station. 社工站。", "station_id")
    workers: int = part("Social workers, full and part time. 社工人数。", "workers")
    assistants: int = part("Assistants. 助理员人数。", "assistants")
    state: StaffingState | None = part("Beside its rules; null where none holds. 配备情况。", "state")
    text: str = label("In words, with the rule. 说明。", "text")


@strawberry.type(
    description="Who works at the stations of an area on a day. Shares are of workers, assistants stand apart; who "
    "comes for a season counts in it only. 人员配备情况。"
)
class Staffing:
    on: date = part("On which day. 日期。", "on")
    kinds: list[PostKindCount] = part("By kind of post. 按岗位类别。", "kinds")
    workers: int = part("Social workers, full and part time. 社工人数。", "workers")
    certified: int = part("Of them with a certificate. 持证人数。", "certified")
    certified_percent: Decimal | None = part(
        "The same in percent, to two places; null without workers. 持证率(%)。", "certified_percent"
    )
    college: int = part("Of them with a college degree or higher. 大专以上人数。", "college")
    local: int = part("Of them from the place. 本地人数。", "local")
    contracts: int = part("Of them with a contract of labour. 签订合同人数。", "contracts")
    insured: int = part("Of them insured. 参保人数。", "insured")
    under_40: int = part("Of them not yet forty, where the year of birth is known. 不满40岁人数。", "under_40")
    age_known: int = part("Of them with a known year of birth. 出生年份已知人数。", "age_known")
    assistants: int = part("Assistants. 助理员人数。", "assistants")
    stipends: Decimal = part("Stipends of assistants a month, in yuan. 每月津贴合计(元)。", "stipends")
    rooms: int = part("Rooms of villages. 社工室数。", "rooms")
    rooms_without_assistant: int = part("Rooms without an assistant. 未配助理员的社工室数。", "rooms_without_assistant")
    under: int = part("Stations with fewer workers than asked for. 人员不足的站点数。", "under")
    over: int = part("Stations with more than let pass. 人员超出的站点数。", "over")
    stations: list[StationStaffing] = part("Station by station, the oldest first. 各站情况。", "stations")


# ------------------------------------------------------------------------------------------------ coverage


@strawberry.type(description="A place and the stations in or below it. 已设站地区。")
class CoveredPlace:
    area: Area = entry("area", "The place. 地区。", "area_id")
    stations: list[Station] = entries("station", "Stations there. 站点。", "station_ids")


@strawberry.type(
    description="How many places of a level have a station on a day, counted from the stations that stand. 覆盖情况。"
)
class Coverage:
    area: Area = entry("area", "In which area. 地区。", "area_id")
    level: AreaLevel = part("Places of which level. 层级。", "level")
    tier: StationTier = part("Stations of which tier. 站点层级。", "tier")
    on: date = part("On which day. 日期。", "on")
    of: int = part("Places of that level, without those that need no station. 应覆盖数。", "of")
    covered: int = part("Of them with a station: placed and unplaced. 已覆盖数。", "covered")
    placed: int = part("Of them, those named in places. 已落到具体地区的。", "placed")
    unplaced: int = part(
        "Of them, those that records standing for several stations cover without saying which. 未落到具体地区的。",
        "unplaced",
    )
    percent: Decimal | None = part(
        "covered of all in percent, to two places; null where there is no such place. 覆盖率(%)。", "percent"
    )
    stations: int = part("Stations that stand; a record counts as many as it stands for. 站点数。", "stations")
    exempted: int = part("Places that a build-out plan says need none. 不需设站的地区数。", "exempted")
    places: list[CoveredPlace] = part("Places with a station, at most 1,000. 已设站地区。", "places")
    missing: list[Area] = entries("area", "Places without one, at most 1,000. 未设站地区。", "missing_ids")
    unplaced_stations: list[Station] = entries(
        "station", "Records of stations that stand above that level. 未落到具体地区的站点。", "station_ids"
    )


@strawberry.type(description="An operator at work. 承接机构。")
class OperatorInclusion:
    party: Party = entry("party", "Who. 机构。", "party_id")
    included: bool = part("Whether each of its parts lies within party building. 是否纳入。", "included")


@strawberry.type(description="How many operators lie within party-building work on a day. 党建纳入情况。")
class PartyBuilding:
    on: date = part("On which day. 日期。", "on")
    of: int = part("Operators at work. 承接机构数。", "of")
    included: int = part("Of them within party-building work. 已纳入数。", "included")
    percent: Decimal | None = part("In percent, to two places; null without operators. 纳入率(%)。", "percent")
    operators: list[OperatorInclusion] = part("Each of them, by name. 各机构。", "operators")


@strawberry.type(description="An agreement that ends and was not renewed. 到期未续的协议。")
class AgreementExpiry:
    agreement: Agreement = entry("agreement", "Which agreement. 协议。", "agreement_id")
    days: int = part("Days until its last one; below zero: it ended so long ago. 剩余天数。", "days")


# ------------------------------------------------------------------------------------------------ questions


async def _acceptance(
    info: Info,
    id: Annotated[strawberry.ID, _argument(STATION)],
    on: Annotated[date | None, _argument(DAY)] = None,
) -> StationAcceptance:
    found = await station_acceptance.acceptance(info.context.acts, id_of(id, "Station"), on)
    return found  # type: ignore[return-value]


async def _profile(info: Info, id: Annotated[strawberry.ID, _argument(STATION)]) -> StationProfile:
    found = await station_acceptance.profile(info.context.acts, id_of(id, "Station"))
    return found  # type: ignore[return-value]


async def _indicators(
    info: Info,
    id: Annotated[strawberry.ID, _argument(STATION)],
    year: Annotated[int | None, _argument("Which year; this one where left out. 年度,默认今年。")] = None,
) -> StationIndicators:
    found = await station_acceptance.indicators(info.context.acts, id_of(id, "Station"), year)
    return found  # type: ignore[return-value]


async def _staffing(
    info: Info,
    area: Annotated[str, _argument(AREA)],
    on: Annotated[date | None, _argument(DAY)] = None,
) -> Staffing:
    return await posts.staffing(info.context.acts, area, on)  # type: ignore[return-value]


async def _coverage(
    info: Info,
    area: Annotated[str, _argument(AREA)],
    level: Annotated[AreaLevel, _argument("Places of which level. 层级。")] = AreaLevel.TOWNSHIP,
    as_of: Annotated[date | None, _argument(DAY)] = None,
    tier: Annotated[
        StationTier | None,
        _argument("Stations of which tier; rooms for villages, else stations where left out. 站点层级。"),
    ] = None,
) -> Coverage:
    wanted = None if tier is None else tier.name
    found = await covering.coverage(info.context.acts, area, level.name, as_of, wanted)
    return found  # type: ignore[return-value]


async def _party_building(
    info: Info,
    area: Annotated[str, _argument(AREA)],
    on: Annotated[date | None, _argument(DAY)] = None,
) -> PartyBuilding:
    return await projects.inclusion(info.context.acts, area, on)  # type: ignore[return-value]


async def _expiring(
    info: Info,
    area: Annotated[str, _argument(AREA)],
    within_days: Annotated[
        int, _argument("That end within so many days, or ended within as many. 前后多少天内。")
    ] = 60,
) -> list[AgreementExpiry]:
    return await projects.expiring(info.context.acts, area, within_days)  # type: ignore[return-value]


@strawberry.type(description="Questions about stations. 社工站查询。")
class StationQueries:
    station_acceptance: StationAcceptance = strawberry.field(
        resolver=_acceptance, description="Can a station be accepted? Open to everybody. 社工站验收。"
    )
    station_profile: StationProfile = strawberry.field(
        resolver=_profile, description="Is a station's 1+1+5+X complete? Open to everybody. 社工站服务体系。"
    )
    station_indicators: StationIndicators = strawberry.field(
        resolver=_indicators, description="What a station reached in a year. Open to everybody. 社工站年度指标。"
    )
    staffing: Staffing = strawberry.field(
        resolver=_staffing, description="Who works at stations; for staff of the area. 人员配备。"
    )
    coverage: Coverage = strawberry.field(
        resolver=_coverage, description="How much of an area has a station. Open to everybody. 覆盖率。"
    )
    party_building: PartyBuilding = strawberry.field(
        resolver=_party_building,
        description="How many operators lie within party-building work. Open to everybody. 党建纳入率。",
    )
    agreements_expiring: list[AgreementExpiry] = strawberry.field(
        resolver=_expiring, description="Agreements that end and were not renewed, that you may see. 到期提醒。"
    )

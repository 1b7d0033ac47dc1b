"""Stations of social work: county centres, stations of townships, rooms of villages, and what belongs to one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, decimal, flag, one_of, term, text, to, whole

STATION_TIER = codes(
    "station_tier",
    "StationTier",
    "Of which tier a station is. 站点层级。",
    CENTRE=("Centre of a county: plans, monitors, dispatches, evaluates.", "县社会工作服务中心"),
    STATION=("Station of a township, street or large community.", "乡镇(街道)社会工作站"),
    ROOM=("Room of a village or community.", "村(居)社会工作室"),
)
STATION_SETTING = codes(
    "station_setting",
    "StationSetting",
    "For what kind of place a station is. 建设模式。",
    TOWNSHIP=("For a township.", "乡镇"),
    STREET=("For a street.", "街道"),
    LARGE_COMMUNITY=("For a large community.", "大社区"),
)
PROFILE_PART = codes(
    "profile_part",
    "ProfilePart",
    "A part of the 1+1+5+X of a station. 服务体系的组成。",
    PLATFORM=("The resource platform.", "资源平台"),
    KEY_PROJECT=("The key project.", "重点项目"),
    DOMAIN=("A domain of service.", "基础领域"),
    SPECIAL=("A service of its own.", "特色服务"),
)
STANDARD_ASPECT = codes(
    "standard_aspect",
    "StandardAspect",
    "What a standard of stations is about. 建站标准的方面。",
    NAME=("How a station is called.", "名称"),
    FACILITY=("A room or a piece of equipment it needs.", "场地设施"),
    RULE_DOCUMENT=("A rule it must have in writing.", "制度"),
    PLATFORM=("Resource platforms of its profile.", "资源平台"),
    KEY_PROJECT=("Key projects of its profile.", "重点项目"),
    DOMAIN=("Domains of its profile.", "基础领域"),
    SPECIAL=("Services of its own in its profile.", "特色服务"),
    INCUBATED_A_YEAR=("Community organizations it helps to found in a year.", "年度孵化社区社会组织数"),
    VOLUNTEERS_A_YEAR=("Volunteers it finds in a year.", "年度发动志愿者人数"),
)


class StationRow(Record):
    """A centre, station or room; with `units` above one, as many of the same that a published row stands for."""

    __tablename__ = "station"
    record = Kind(
        "Station",
        "stations",
        "社工站",
        "station",
        seen="PUBLIC",
        search="name",
        on="opened_on",
        until="closed_on",
        key=("name",),
        args=(
            CheckConstraint("parent_id <> id", name="not_its_own_parent"),
            CheckConstraint("units >= 1", name="units_positive"),
        ),
    )

    name: Mapped[str] = text("Its full name. 全称。")
    tier: Mapped[str] = one_of(STATION_TIER, "Of which tier it is. 层级。")
    setting: Mapped[str | None] = one_of(STATION_SETTING, "For what kind of place. 建设模式。", optional=True)
    parent_id: Mapped[int | None] = to(
        "station", "The centre a station belongs to, the station a room belongs to. 上级站点。",
        optional=True, back="children",
    )  # fmt: skip
    project_id: Mapped[int | None] = to("project", "By which project it is run. 项目。", optional=True, back="stations")
    units: Mapped[int] = whole("How many of the same this row stands for. 站点个数。", least=1, default=1)
    opened_on: Mapped[date | None] = day(
        "Since when it works; null while it is being built: then it does not count. 启用日期。", optional=True
    )
    closed_on: Mapped[date | None] = day("Its last day. 停用日期。", optional=True)
    floor_m2: Mapped[Decimal | None] = decimal("Floor area in square metres. 面积(平方米)。", optional=True)
    address: Mapped[str | None] = text("Where it is. 地址。", optional=True)
    functions: Mapped[str | None] = text("What it is there for. 功能定位。", prose=True, optional=True)


class FacilityRow(Record):
    """A room or a piece of equipment that a station has."""

    __tablename__ = "facility"
    record = Kind("Facility", "facilities", "场地设施", "facility", seen="PUBLIC", under="station_id")

    station_id: Mapped[int] = to("station", "Of which station. 社工站。", back="facilities")
    item_id: Mapped[int] = term("facility", "What it is. 设施。")
    count: Mapped[int] = whole("How many. 数量。", least=1, default=1)
    floor_m2: Mapped[Decimal | None] = decimal("Floor area in square metres. 面积(平方米)。", optional=True)
    shared: Mapped[bool] = flag("Shared with others (一室多用). 是否一室多用。")
    note: Mapped[str | None] = text("A note. 备注。", optional=True)


class ProfileItemRow(Record):
    """What a station has for its 1+1+5+X: a platform, a key project, a domain, a service of its own."""

    __tablename__ = "profile_item"
    record = Kind(
        "ProfileItem",
        "profileItems",
        "服务体系项",
        "item of a profile",
        seen="PUBLIC",
        under="station_id",
        key=("part", "title"),
        args=(CheckConstraint("(part = 'DOMAIN') = (domain_id IS NOT NULL)", name="domain_of_domains"),),
    )

    station_id: Mapped[int] = to("station", "Of which station. 社工站。", back="profile_items")
    part: Mapped[str] = one_of(PROFILE_PART, "Which part of 1+1+5+X. 组成部分。")
    domain_id: Mapped[int | None] = term("domain", "Which domain, for a domain only. 服务领域。", optional=True)
    title: Mapped[str] = text("What it is. 名称。")


class ColocationRow(Record):
    """Another station under the same roof, run together with it (five stations in one)."""

    __tablename__ = "colocation"
    record = Kind(
        "Colocation",
        "colocations",
        "共建站点",
        "co-located station",
        seen="PUBLIC",
        under="station_id",
        on="from_on",
        until="until_on",
        key=("purpose_id", "from_on"),
    )

    station_id: Mapped[int] = to("station", "With which station. 社工站。", back="colocations")
    purpose_id: Mapped[int] = term("station_purpose", "What kind of station it is. 站点类别。")
    from_on: Mapped[date | None] = day("Since when. 开始日期。", optional=True)
    until_on: Mapped[date | None] = day("Last day. 结束日期。", optional=True)


class IncubationRow(Record):
    """A community organization that was founded with a station's help; with `count`, as many as a report says."""

    __tablename__ = "incubation"
    record = Kind(
        "Incubation",
        "incubations",
        "孵化的社区社会组织",
        "incubated organization",
        seen="PUBLIC",
        search="name",
        on="founded_on",
    )

    station_id: Mapped[int | None] = to("station", "By which station. 社工站。", optional=True, back="incubations")
    organization_id: Mapped[int | None] = to(
        "party", "The organization, where it is registered here. 社会组织。", optional=True, of=("ORGANIZATION",)
    )
    name: Mapped[str | None] = text("Its name, where it is not. 名称。", optional=True)
    founded_on: Mapped[date] = day("When it was founded. 成立日期。")
    count: Mapped[int] = whole("How many this row stands for. 个数。", least=1, default=1)


class MobilisationRow(Record):
    """Volunteers whom a station found."""

    __tablename__ = "mobilisation"
    record = Kind(
        "Mobilisation",
        "mobilisations",
        "志愿者发动",
        "mobilisation of volunteers",
        seen="PUBLIC",
        under="station_id",
        on="counted_on",
    )

    station_id: Mapped[int] = to("station", "By which station. 社工站。", back="mobilisations")
    counted_on: Mapped[date] = day("On which day. 日期。")
    persons: Mapped[int] = whole("How many new volunteers. 新增志愿者人数。", least=1)
    note: Mapped[str | None] = text("For what. 说明。", optional=True)


class StationStandardRow(Record):
    """What stations of an area must be like; takes the place of the shipped standards of the same aspect there."""

    __tablename__ = "station_standard"
    record = Kind(
        "StationStandard",
        "stationStandards",
        "建站标准",
        "standard of stations",
        seen="PUBLIC",
        on="from_on",
        until="until_on",
    )

    aspect: Mapped[str] = one_of(STANDARD_ASPECT, "What it is about. 方面。")
    tier: Mapped[str] = one_of(STATION_TIER, "For stations of which tier. 层级。", default="STATION")
    form: Mapped[str | None] = text(
        "NAME only: how they are called, with {county}, {township}, {village}. 名称格式。", optional=True
    )
    item_id: Mapped[int | None] = term("facility", "FACILITY only: what they need. 设施。", optional=True)
    rule_kind_id: Mapped[int | None] = term(
        "rule_document_kind", "RULE_DOCUMENT only: which rule. 制度类别。", optional=True
    )
    least: Mapped[int] = whole("How many at least. 最少数量。", default=1)
    above_m2: Mapped[Decimal | None] = decimal(
        "Only for stations of at least this floor area, in square metres. 适用面积下限(平方米)。", optional=True
    )
    hard: Mapped[bool] = flag("What breaks it is refused, not only marked. 是否强制。")
    from_on: Mapped[date | None] = day("Since when it holds. 生效日期。", optional=True)
    until_on: Mapped[date | None] = day("Last day it holds. 失效日期。", optional=True)

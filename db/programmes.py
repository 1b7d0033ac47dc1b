"""Programmes (服务项目) with what they count themselves, their sponsors, and the awards they or stations won."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, money, one_of, term, text, to, whole

AWARD_LEVEL = codes(
    "award_level",
    "AwardLevel",
    "Of which level whoever gives an award is. 授奖单位的级别。",
    NATIONAL=("National.", "国家级"),
    PROVINCIAL=("Of the province.", "省级"),
    CITY=("Of the city.", "市级"),
    COUNTY=("Of the county.", "县级"),
    TOWNSHIP=("Of the township.", "乡级"),
)


class ProgrammeRow(Record):
    """A programme with a name of its own, run over years: 孝润水泊安养梁山."""

    __tablename__ = "programme"
    record = Kind(
        "Programme",
        "programmes",
        "服务项目",
        "programme",
        seen="PUBLIC",
        search="name",
        on="from_on",
        until="until_on",
        key=("name",),
    )

    name: Mapped[str] = text("Its name. 项目名称。")
    domain_id: Mapped[int] = term("domain", "Of which domain of service it is. 服务领域。")
    lead_id: Mapped[int | None] = to(
        "party", "Who leads it. 牵头单位。", optional=True, of=("COMMUNITY", "ORGANIZATION", "DONOR_FIRM", "FUND")
    )
    team: Mapped[str | None] = text("Code of the team template it works by. 联动模式。", optional=True)
    purpose: Mapped[str | None] = text("What it is for. 项目内容。", prose=True, optional=True)
    from_on: Mapped[date | None] = day("Its first day. 开始日期。", optional=True)
    until_on: Mapped[date | None] = day("Its last day. 结束日期。", optional=True)


class ProgrammeGroupRow(Record):
    """Whom a programme serves, how many there were on a day, and what was done for them."""

    __tablename__ = "programme_group"
    record = Kind(
        "ProgrammeGroup",
        "programmeGroups",
        "项目服务人群",
        "programme group",
        seen="PUBLIC",
        under="programme_id",
        search="name",
        on="counted_on",
        key=("name", "counted_on"),
    )

    programme_id: Mapped[int] = to("programme", "Which programme. 服务项目。", back="groups")
    name: Mapped[str] = text("Who they are, as the programme calls them. 服务人群。")
    client_group_id: Mapped[int | None] = term(
        "client_group", "The client group they belong to. 服务对象。", optional=True
    )
    persons: Mapped[int] = whole("How many persons, each counted once. 人数。")
    counted_on: Mapped[date | None] = day("The day of the count. 统计日期。", optional=True)
    what: Mapped[str | None] = text("What was done for them. 服务内容。", prose=True, optional=True)


class AwardRow(Record):
    """An award given to a programme or to a station."""

    __tablename__ = "award"
    record = Kind(
        "Award",
        "awards",
        "荣誉",
        "award",
        seen="PUBLIC",
        search="title",
        on="given_on",
        key=("title", "programme_id", "station_id"),
        args=(CheckConstraint("num_nonnulls(programme_id, station_id) = 1", name="one_winner"),),
    )

    title: Mapped[str] = text("Its title. 荣誉名称。")
    programme_id: Mapped[int | None] = to(
        "programme", "Which programme won it. 服务项目。", optional=True, back="awards"
    )
    station_id: Mapped[int | None] = to("station", "Which station won it. 社工站。", optional=True, back="awards")
    given_by: Mapped[str] = text("Who gave it. 授予单位。")
    given_on: Mapped[date | None] = day("When. 授予日期。", optional=True)
    level: Mapped[str] = one_of(AWARD_LEVEL, "Of which level the giver is. 级别。")


class SponsorshipRow(Record):
    """A foundation, firm or organization that supports the workers and volunteers of a programme or of a station."""

    __tablename__ = "sponsorship"
    record = Kind(
        "Sponsorship",
        "sponsorships",
        "资助支持",
        "sponsorship",
        seen="PUBLIC",
        on="from_on",
        until="until_on",
        key=("sponsor_id", "programme_id", "station_id", "from_on"),
        args=(CheckConstraint("num_nonnulls(programme_id, station_id) = 1", name="one_sponsored"),),
    )

    sponsor_id: Mapped[int] = to("party", "Who gives the support. 支持方。", of=("DONOR_FIRM", "FUND", "ORGANIZATION"))
    programme_id: Mapped[int | None] = to(
        "programme", "The programme supported. 服务项目。", optional=True, back="sponsorships"
    )
    station_id: Mapped[int | None] = to(
        "station", "The station supported. 社工站。", optional=True, back="sponsorships"
    )
    team: Mapped[str | None] = text("Code of the team template of those supported. 团队模式。", optional=True)
    amount: Mapped[Decimal | None] = money("With how much, where it is money. 金额。", optional=True)
    what: Mapped[str | None] = text("With what else. 支持内容。", prose=True, optional=True)
    from_on: Mapped[date | None] = day("Its first day. 开始日期。", optional=True)
    until_on: Mapped[date | None] = day("Its last day. 结束日期。", optional=True)

"""The five societies of the demo county, and the assistants of the six. Counts are the source's, names are invented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from exchange.records import PartyRecord, Place
from fivelink.demo.county import COUNTY, COUNTY_NAME, STORY_TOWN, Town
from fivelink.demo.dice import Dice

FILE = "demo"
VOLUNTEERS, VOLUNTEER_TEAMS = 120_000, 140
FIRMS = 69

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜戚谢邹喻章苏潘葛范彭鲁韦马苗方俞任袁"

#: Parts of brand names nobody bears; a firm's name is 梁山, a brand of two such parts, and its trade.
BRAND_FIRST = ("澄屿", "砚禾", "朔朗", "云渚", "棠屹", "岚栖", "沐珩", "曦渡", "楠溯", "霁川", "聿恒", "漪澜")
BRAND_LAST = ("拓", "衡", "渊", "芃", "璞", "骁")

#: Industry, how many of the 69 firms, and how such firms call themselves.
INDUSTRIES = (
    ("SPECIAL_VEHICLE_MANUFACTURING", 24, "专用车制造有限公司"),
    ("EDUCATION_SERVICES", 13, "教育服务有限公司"),
    ("REAL_ESTATE_DEVELOPMENT", 9, "房地产开发有限公司"),
    ("PRINTING_AND_PUBLISHING", 5, "印务有限公司"),
    ("FOOD_PROCESSING", 4, "粮油食品有限公司"),
    ("RETAIL", 4, "商贸有限公司"),
    ("HEALTH_AND_MEDICINE", 3, "医药有限公司"),
    ("TEXTILES_AND_CLOTHING", 2, "服饰有限公司"),
    ("CONSTRUCTION", 2, "建筑安装有限公司"),
    ("TRANSPORT_AND_LOGISTICS", 1, "物流有限公司"),
    ("INFORMATION_SERVICES", 1, "信息技术有限公司"),
    ("FINANCE", 1, "融资担保有限公司"),
)

#: County-wide social organizations: name and the trade that decides what they offer (see offers.py).
COUNTY_ORGANIZATIONS = (
    ("晨露社会工作服务中心", "casework"),
    ("同舟社会工作服务中心", "casework"),
    ("水泊微光社会工作服务中心", "casework"),
    ("暖巢养老护理服务中心", "care"),
    ("夕照居家养老服务中心", "care"),
    ("常青藤养老服务中心", "care"),
    ("萤火儿童关爱服务中心", "children"),
    ("小树苗成长服务中心", "children"),
    ("纸鸢青少年服务中心", "children"),
    ("晴窗心理服务中心", "mind"),
    ("听雨心理健康协会", "mind"),
    ("同行康复服务中心", "rehabilitation"),
    ("善邻调解服务中心", "governance"),
    ("新风尚移风易俗促进会", "governance"),
    ("明灯法律服务志愿者协会", "law"),
    ("巧手便民服务队联合会", "handy"),
    ("安居适老化改造服务中心", "handy"),
    ("走失老人守护协会", "search"),
)
TOWN_ORGANIZATIONS = (("邻里互助会", "neighbours"), ("银龄帮扶社", "care"))

#: County-wide funds: name, source. Every township has a community charity fund besides.
COUNTY_FUNDS = (
    ("困难群众救助补助资金", "HARDSHIP_SUBSIDY"),
    ("社会救助工作经费", "SOCIAL_ASSISTANCE_WORK"),
    ("福彩公益金", "WELFARE_LOTTERY"),
    ("一般公共预算社工站专项", "GENERAL_BUDGET"),
    ("社会组织培育引导资金", "SOCIAL_ORG_CULTIVATION"),
    ("助医帮扶慈善基金", "CHARITY"),
    ("助学帮扶慈善基金", "CHARITY"),
    ("老有所安慈善基金", "CHARITY"),
)

TEAM_KINDS = (
    ("夕阳红敬老志愿服务队", "elders"),
    ("爱心姐姐志愿服务队", "children"),
    ("邻里守望志愿服务队", "neighbours"),
    ("红马甲巧手志愿服务队", "handy"),
    ("和为贵志愿服务队", "governance"),
    ("水泊健康志愿服务队", "health"),
    ("绿书签助学志愿服务队", "pupils"),
    ("平安守护志愿服务队", "search"),
    ("暖阳助残志愿服务队", "disabled"),
)
COUNTY_TEAMS = (
    ("大学生志愿服务总队", "pupils"),
    ("退役军人志愿服务队", "elders"),
    ("医护志愿服务队", "health"),
    ("教师志愿服务队", "pupils"),
    ("法律志愿服务队", "law"),
    ("文艺志愿服务队", "events"),
    ("爱心车队", "drivers"),
    ("巾帼志愿服务队", "children"),
    ("青年志愿服务队", "neighbours"),
    ("消防应急志愿服务队", "search"),
    ("心理志愿服务队", "mind"),
    ("家电维修志愿服务队", "handy"),
    ("移风易俗志愿服务队", "governance"),
    ("机关党员志愿服务队", "neighbours"),
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A party of the demo with what the lists need to know of it."""

    record: PartyRecord
    trade: str
    town: str | None  # code of its township; None for the county's


def parties(county: Sequence[Town], today: date) -> list[Provider]:
    """Every party once, references unique. 437 communities, 56 workers, 423 assistants, 46 organizations, 140 teams
    of 120,000 volunteers, 69 firms, 22 funds. O(n)."""
    dice = Dice(370832)
    found: list[Provider] = []
    for number, (record, trade, town) in enumerate(_all(county, today, dice), start=1):
        place = Place(FILE, row=number)
        found.append(Provider(_placed(record, place), trade, town))
    return found


def _placed(record: PartyRecord, place: Place) -> PartyRecord:
    return PartyRecord(
        place,
        record.kind,
        record.name,
        record.area,
        founded_on=record.founded_on,
        headcount=record.headcount,
        industry=record.industry,
        source=record.source,
        reference=record.reference,
    )


Draft = tuple[PartyRecord, str, str | None]
_NOWHERE = Place(FILE)


def _all(county: Sequence[Town], today: date, dice: Dice) -> Iterator[Draft]:
    yield from _communities(county)
    yield from _workers(county, dice)
    yield from _assistants(county, dice)
    yield from _organizations(county, today, dice)
    yield from _teams(county, dice)
    yield from _firms(county, dice)
    yield from _funds(county)


def _communities(county: Sequence[Town]) -> Iterator[Draft]:
    for town in county:
        for village in town.villages:
            yield (
                PartyRecord(_NOWHERE, "COMMUNITY", village.name, village.code, reference=f"LS-C-{village.code}"),
                "community",
                town.code,
            )


def _workers(county: Sequence[Town], dice: Dice) -> Iterator[Draft]:
    """Two full-time and two part-time workers a station, named by surname and station as on a duty roster."""
    for town in county:
        for at, surname in enumerate(dice.some(SURNAMES, 4), start=1):
            post = "专职" if at <= 2 else "兼职"
            name = f"{surname}社工（{town.name}社工站{post}）"
            record = PartyRecord(_NOWHERE, "SOCIAL_WORKER", name, town.code, reference=f"LS-W-{town.code}-{at}")
            yield record, f"worker{at}", town.code


def _assistants(county: Sequence[Town], dice: Dice) -> Iterator[Draft]:
    """One in each of the 423 village rooms the source counts: one village of every township has none yet."""
    for town in county:
        without = dice.one(town.villages[1:]).code
        for village in town.villages:
            if village.code != without:
                name = f"{dice.one(SURNAMES)}助理员（{town.name}{village.name}）"
                record = PartyRecord(_NOWHERE, "ASSISTANT", name, village.code, reference=f"LS-A-{village.code}")
                yield record, "assistant", town.code


def _organizations(county: Sequence[Town], today: date, dice: Dice) -> Iterator[Draft]:
    for at, (name, trade) in enumerate(COUNTY_ORGANIZATIONS, start=1):
        founded = today - timedelta(days=dice.between(500, 3_600))
        record = PartyRecord(
            _NOWHERE,
            "ORGANIZATION",
            f"{COUNTY_NAME}{name}",
            COUNTY,
            founded_on=founded,
            reference=f"LS-S-{at:03}",
        )
        yield record, trade, None
    for town in county:
        for at, (name, trade) in enumerate(TOWN_ORGANIZATIONS, start=1):
            founded = today - timedelta(days=dice.between(60, 1_400))
            reference = f"LS-S-{town.code}-{at}"
            record = PartyRecord(
                _NOWHERE, "ORGANIZATION", f"{town.name}{name}", town.code, founded_on=founded, reference=reference
            )
            yield record, trade, town.code


def _teams(county: Sequence[Town], dice: Dice) -> Iterator[Draft]:
    sizes = iter(dice.shares(VOLUNTEERS, VOLUNTEER_TEAMS, spread=24))
    for at, (name, trade) in enumerate(COUNTY_TEAMS, start=1):
        yield (
            PartyRecord(
                _NOWHERE,
                "VOLUNTEER",
                f"{COUNTY_NAME}{name}",
                COUNTY,
                headcount=next(sizes),
                reference=f"LS-V-{at:03}",
            ),
            trade,
            None,
        )
    for town in county:
        for at, (name, trade) in enumerate(TEAM_KINDS, start=1):
            record = PartyRecord(
                _NOWHERE,
                "VOLUNTEER",
                f"{town.name}{name}",
                town.code,
                headcount=next(sizes),
                reference=f"LS-V-{town.code}-{at}",
            )
            yield record, trade, town.code


def _firms(county: Sequence[Town], dice: Dice) -> Iterator[Draft]:
    brands = dice.some([first + last for first in BRAND_FIRST for last in BRAND_LAST], FIRMS)
    number = 0
    for industry, count, ending in INDUSTRIES:
        for _ in range(count):
            # The special-vehicle trade of this county gathers in one township.
            hub = industry == "SPECIAL_VEHICLE_MANUFACTURING" and dice.chance(50)
            first_school = industry == "EDUCATION_SERVICES" and number == INDUSTRIES[0][1]
            town = STORY_TOWN if hub or first_school else dice.one(county).code
            number += 1
            record = PartyRecord(
                _NOWHERE,
                "DONOR_FIRM",
                f"梁山{brands[number - 1]}{ending}",
                town,
                industry=industry,
                reference=f"LS-F-{number:03}",
            )
            yield record, industry, town


def _funds(county: Sequence[Town]) -> Iterator[Draft]:
    for at, (name, source) in enumerate(COUNTY_FUNDS, start=1):
        record = PartyRecord(_NOWHERE, "FUND", f"{COUNTY_NAME}{name}", COUNTY, source=source, reference=f"LS-M-{at:03}")
        yield record, name, None
    for town in county:
        record = PartyRecord(
            _NOWHERE,
            "FUND",
            f"{town.name}社区慈善基金",
            town.code,
            source="CHARITY",
            reference=f"LS-M-{town.code}",
        )
        yield record, "town fund", town.code

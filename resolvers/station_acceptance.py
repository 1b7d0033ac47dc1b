"""Is a station complete: the five haves of its acceptance, its 1+1+5+X, and what it promised for a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, fund_rules, station_counts
from db.areas import Area
from resolvers.context import Context
from resolvers.errors import NotFound, Refusal
from resolvers.posts import WORKERS, in_season, judged
from resolvers.station_standards import Standard, first, standards
from resolvers.vocabulary import Vocabulary, vocabulary

#: The five haves: 有场地、有人员、有功能、有制度、有服务.
HAVES = ("SITE", "PEOPLE", "FUNCTION", "RULES", "SERVICE")
PARTS = ("PLATFORM", "KEY_PROJECT", "DOMAIN", "SPECIAL")
PARTS_SAID = {
    "PLATFORM": ("资源平台", "resource platform"),
    "KEY_PROJECT": ("重点项目", "key project"),
    "DOMAIN": ("基础领域", "domain"),
    "SPECIAL": ("特色服务", "service of its own"),
}
WORK_SAID = {
    "service_record": ("服务记录", "service record(s)"),
    "visit": ("走访", "visit(s)"),
    "case_file": ("个案", "case(s)"),
    "activity": ("活动", "activity(ies)"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A text in both languages."""

    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Have:
    """One of the five haves: held or not, what it rests on, and what is missing for it."""

    have: str
    held: bool
    text_zh: str
    text_en: str
    missing: list[Said]


@dataclass(frozen=True, slots=True)
class Acceptance:
    station_id: int
    on: date
    haves: list[Have]

    @property
    def accepted(self) -> bool:
        return all(one.held for one in self.haves)


@dataclass(frozen=True, slots=True)
class _Station:
    """A station with all that its questions need."""

    conn: AsyncConnection
    words: Vocabulary
    row: Any
    area: Area
    on: date
    standards: Mapping[str, list[Standard]]

    def asked(self, aspect: str) -> list[Standard]:
        return [one for one in self.standards.get(aspect, ()) if one.concerns(self.row.floor_m2)]

    def label(self, term_id: int | None) -> Said:
        zh, en = self.words.term_labels[term_id] if term_id is not None else ("", "")
        return Said(zh, en)

    def lacking(self, aspect: str, there: Mapping[int, int]) -> list[Said]:
        """What of an aspect is asked for and not there, or not as often."""
        found = []
        for one in self.asked(aspect):
            count, name = there.get(one.item_id or 0, 0), self.label(one.item_id)
            if count < one.least:
                of_zh = f"(需 {one.least},有 {count})" if one.least > 1 else ""
                of_en = f" ({count} of {one.least})" if one.least > 1 else ""
                found.append(Said(f"缺少{name.text_zh}{of_zh}", f"{name.text_en} is missing{of_en}"))
        return found


async def _station(context: Context, conn: AsyncConnection, id: int | None, on: date) -> _Station:
    row = await acting.seen(conn, context.viewer, "station", id)
    if row is None:
        raise NotFound("这个社工站", "station")
    words = await vocabulary(context.engine, conn)
    area = (await words.areas_by_id(conn, [row.area_id]))[row.area_id]
    return _Station(conn, words, row, area, on, await standards(conn, words, area, row.tier, on))


# ------------------------------------------------------------------------------------------------ five haves


async def acceptance(context: Context, id: int | None, on: date | None = None) -> Acceptance:
    """Which of the five haves a station holds on a day (today), why, and what is missing; open to everybody.

    SITE: every facility the standards ask for at its size; without a standard a room or a floor area.
    PEOPLE: as many workers as the rules ask for (an assistant for a room); without a rule one.
    FUNCTION: what it is there for, or a domain of its profile. RULES: every kind the standards ask for; without a
    standard one. SERVICE: some work of it, or in or below its area, written down by that day.
    Raises NotFound. At most 13 statements.
    """
    day = on or context.today
    async with context.engine.connect() as conn:
        station = await _station(context, conn, id, day)
        haves = [
            await _site(station),
            await _people(station),
            await _function(station),
            await _rules(station),
            await _service(station),
        ]
    return Acceptance(station.row.id, day, haves)


def _have(have: str, missing: list[Said], zh: str, en: str) -> Have:
    return Have(have, not missing, zh, en, missing)


async def _site(station: _Station) -> Have:
    there = await station_counts.facilities(station.conn, station.row.id)
    missing = station.lacking("FACILITY", there)
    floor = station.row.floor_m2
    rooms = [id for id in there if _is_room(station.words, id)]
    if not station.asked("FACILITY") and floor is None and not rooms:
        missing = [Said("没有登记用房或面积", "neither a room nor a floor area is recorded")]
    size_zh = "" if floor is None else f",面积 {floor.normalize():f} 平方米"
    size_en = "" if floor is None else f", {floor.normalize():f} m²"
    return _have(
        "SITE",
        missing,
        f"已登记设施 {len(there)} 类{size_zh}",
        f"{len(there)} kind(s) of facility recorded{size_en}",
    )


def _is_room(words: Vocabulary, term_id: int) -> bool:
    rooms = words.terms.get(("facility", "ROOMS"))
    return rooms is not None and rooms.id in words.terms_by_id[term_id].ancestor_ids


async def _people(station: _Station) -> Have:
    posts = await station_counts.posts_of(station.conn, station.row.id, station.on)
    posts = [one for one in posts if in_season(one, station.on)]
    workers = sum(one.persons for one in posts if one.kind in WORKERS)
    assistants = sum(one.persons for one in posts if one.kind == "ASSISTANT")
    if station.row.tier == "ROOM":
        missing = [] if workers + assistants else [Said("没有社工助理员", "there is no assistant")]
        return _have(
            "PEOPLE",
            missing,
            f"助理员 {assistants} 人、社工 {workers} 人",
            f"{assistants} assistant(s), {workers} worker(s)",
        )
    rules = await fund_rules.in_force(station.conn, station.area.ancestor_ids, station.on, subject="STATION")
    state, zh, en = judged(workers, station.row.units, rules if station.row.tier == "STATION" else [])
    short = state == "UNDER" or (state is None and not workers)
    return _have("PEOPLE", [Said(zh, en)] if short else [], zh, en)


async def _function(station: _Station) -> Have:
    domains = [one for one in await station_counts.profile(station.conn, station.row.id) if one.part == "DOMAIN"]
    missing = []
    if not domains and not station.row.functions:
        missing = [
            Said("没有写明功能定位,也没有登记服务领域", "neither its functions nor a domain of service is recorded")
        ]
    has_zh = "功能定位已写明" if station.row.functions else "未写功能定位"
    has_en = "its functions are written down" if station.row.functions else "its functions are not written down"
    return _have("FUNCTION", missing, f"{has_zh},服务领域 {len(domains)} 个", f"{has_en}, {len(domains)} domain(s)")


async def _rules(station: _Station) -> Have:
    there = await station_counts.rule_kinds(station.conn, station.row.id, station.area.ancestor_ids, station.on)
    missing = station.lacking("RULE_DOCUMENT", there)
    if not station.asked("RULE_DOCUMENT") and not there:
        missing = [Said("没有登记任何制度", "no rule is recorded")]
    return _have("RULES", missing, f"适用制度 {sum(there.values())} 份", f"{sum(there.values())} rule(s) hold here")


async def _service(station: _Station) -> Have:
    done = await station_counts.work(station.conn, station.row.id, station.area.id, station.on)
    missing = [] if any(done.values()) else [Said("本地还没有任何服务记录", "no work is recorded here yet")]
    zh = "、".join(f"{WORK_SAID[name][0]} {count}" for name, count in done.items())
    en = ", ".join(f"{count} {WORK_SAID[name][1]}" for name, count in done.items())
    return _have("SERVICE", missing, zh, en)


# ------------------------------------------------------------------------------------------------ 1+1+5+X


@dataclass(frozen=True, slots=True)
class ProfilePartCount:
    """A part of 1+1+5+X: how many are asked for, and the rows there are."""

    part: str
    least: int
    item_ids: list[int]
    missing: list[Said]

    @property
    def count(self) -> int:
        return len(self.item_ids)


@dataclass(frozen=True, slots=True)
class Profile:
    station_id: int
    parts: list[ProfilePartCount]
    #: "1+1+5+2": what is there.
    form: str

    @property
    def complete(self) -> bool:
        return not any(one.missing for one in self.parts)


async def profile(context: Context, id: int | None) -> Profile:
    """How far a station's 1+1+5+X is complete today; open to everybody. Raises NotFound.

    Where all domains there are belong to it (as many as the scheme has, or fewer than are asked for), each that is
    missing is named. A domain given twice counts once.
    """
    async with context.engine.connect() as conn:
        station = await _station(context, conn, id, context.today)
        rows = await station_counts.profile(conn, station.row.id)
    parts = [_part(station, part, [one for one in rows if one.part == part]) for part in PARTS]
    return Profile(station.row.id, parts, "+".join(str(_different(part, rows)) for part in PARTS))


def _different(part: str, rows: Sequence[Any]) -> int:
    """How many of a part there are; a domain once."""
    kept = [one for one in rows if one.part == part]
    return len({one.domain_id for one in kept}) if part == "DOMAIN" else len(kept)


def _part(station: _Station, part: str, rows: Sequence[Any]) -> ProfilePartCount:
    standard = first(dict(station.standards), part)
    least = standard.least if standard is not None else 0
    count, (zh, en) = _different(part, rows), PARTS_SAID[part]
    missing: list[Said] = []
    if count < least:
        missing.append(Said(f"{zh}还缺 {least - count} 个(需 {least},有 {count})", f"{en}: {count} of {least}"))
    if part == "DOMAIN" and count < least:
        domains = sorted(
            (one for one in station.words.terms.values() if one.scheme == "domain" and one.parent_id is None),
            key=lambda one: one.position,
        )
        there = {one.domain_id for one in rows}
        if len(domains) <= least:
            missing += [
                Said(f"缺少“{one.label_zh}”", f"“{one.label_en}” is missing") for one in domains if one.id not in there
            ]
    return ProfilePartCount(part, least, [one.id for one in rows], missing)


# ------------------------------------------------------------------------------------------------ a year


@dataclass(frozen=True, slots=True)
class YearlyIndicator:
    """What a station reached in a year beside what it should; `met` None where nothing is asked."""

    aspect: str
    least: int | None
    reached: int
    met: bool | None
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Indicators:
    station_id: int
    year: int
    indicators: list[YearlyIndicator]
    incubation_ids: list[int]


async def indicators(context: Context, id: int | None, year: int | None = None) -> Indicators:
    """Organizations a station helped to found and volunteers it found in a year (this one), beside the least.

    Each station a row stands for has to reach the least. Soft: nothing is refused. Raises NotFound, Refusal
    (BAD_YEAR).
    """
    asked = context.today.year if year is None else year
    if not 1949 <= asked <= 9999:
        raise Refusal("BAD_YEAR", "年份应在 1949 到 9999 之间", "the year must be from 1949 to 9999")
    start, end = date(asked, 1, 1), date(asked, 12, 31)
    async with context.engine.connect() as conn:
        # What was asked at the end of the year, or is asked today while it lasts.
        station = await _station(context, conn, id, min(end, max(start, context.today)))
        founded = await station_counts.founded(conn, station.row.id, start, end)
        volunteers = await station_counts.volunteers(conn, station.row.id, start, end)
    reached = {"INCUBATED_A_YEAR": sum(one.count for one in founded), "VOLUNTEERS_A_YEAR": volunteers}
    found = [_indicator(station, aspect, value) for aspect, value in reached.items()]
    return Indicators(station.row.id, asked, found, [one.id for one in founded])


def _indicator(station: _Station, aspect: str, reached: int) -> YearlyIndicator:
    zh, en = {
        "INCUBATED_A_YEAR": ("孵化社区社会组织 {} 个", "{} community organization(s) founded"),
        "VOLUNTEERS_A_YEAR": ("发动志愿者 {} 人", "{} volunteer(s) found"),
    }[aspect]
    zh, en = zh.format(reached), en.format(reached)
    standard = first(dict(station.standards), aspect)
    if standard is None:
        return YearlyIndicator(aspect, None, reached, None, zh, en)
    least = standard.least * station.row.units
    met = reached >= least
    source_zh = f"(依据:{standard.source})" if standard.source else ""
    source_en = f" (by: {standard.source})" if standard.source else ""
    zh = f"{zh},要求每年至少 {least}{'' if met else f',还差 {least - reached}'}{source_zh}"
    en = f"{en}, at least {least} a year are asked for{'' if met else f', {least - reached} to go'}{source_en}"
    return YearlyIndicator(aspect, least, reached, met, zh, en)

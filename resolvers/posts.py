"""Posts at stations: who may hold one, how many there may be, and who works where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from db import acting, fund_rules, station_counts
from db.areas import Area
from db.viewer import Viewer
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import NotAllowed
from resolvers.projects import percent
from resolvers.records import Check, check
from resolvers.rules import Breach, judge
from resolvers.rules import broken as breaks
from resolvers.rules import check as broken_rules
from resolvers.vocabulary import Vocabulary, vocabulary

#: Posts that count as workers of a station; assistants of rooms do not.
WORKERS = ("FULL_TIME", "PART_TIME")
#: Degrees that do not reach college.
BELOW_COLLEGE = "BELOW_COLLEGE"
ZERO = Decimal("0.00")


def in_season(row: Any, on: date) -> bool:
    """Whether a post is there in the month of a day: always, or in its season, which may go over the new year."""
    if row.season_from is None:
        return True
    if row.season_from <= row.season_until:
        return bool(row.season_from <= on.month <= row.season_until)
    return bool(on.month >= row.season_from or on.month <= row.season_until)


def most(spans: Iterable[tuple[date, date | None, int]], since: date, until: date | None) -> int:
    """How many persons there are at most on a day between two, by (first day, last day, persons). O(n log n).

    >>> d = date.fromisoformat
    >>> most([(d("2024-01-01"), d("2024-06-30"), 2), (d("2024-07-01"), None, 3)], d("2024-01-01"), None)
    3
    """
    turns: list[tuple[date, int]] = []
    for first, last, persons in spans:
        if (last is not None and last < since) or (until is not None and first > until):
            continue
        turns.append((max(first, since), persons))
        if last is not None and last < date.max:
            turns.append((last + timedelta(days=1), -persons))
    highest = now = 0
    for _, change in sorted(turns):  # who leaves on a day has left before another comes
        now += change
        highest = max(highest, now)
    return highest


@check("post")
async def _post(given: Check) -> None:
    row, problems = given.row, given.problems
    if (row["season_from"] is None) != (row["season_until"] is None):
        missing = "seasonFrom" if row["season_from"] is None else "seasonUntil"
        problems.add(missing, "REQUIRED", "在岗月份须写起止两项", "a season has a first and a last month")
    for name, field in (("season_from", "seasonFrom"), ("season_until", "seasonUntil")):
        if row[name] is not None and row[name] > 12:
            problems.add(field, "OUT_OF_RANGE", "应为 1 到 12 的月份", "must be a month from 1 to 12")
    if row["worker_id"] is not None and row["persons"] != 1:
        problems.add("persons", "OUT_OF_RANGE", "指明了任职者时人数应为 1", "one person who is named counts as 1")
    if row["born_year"] is not None and row["born_year"] > row["from_on"].year - 16:
        problems.add("bornYear", "OUT_OF_RANGE", "到岗时未满 16 周岁", "younger than 16 on the first day")
    if row["stipend"] is not None and row["kind"] != "ASSISTANT":
        problems.add("stipend", "NOT_OF_KIND", "津贴只发给社工助理员", "only assistants are given a stipend")
    if problems.fields:
        return
    judge(given, await _broken(given))
    if row["worker_id"] is not None and row["kind"] == "FULL_TIME":
        other = await station_counts.other_full_time(
            given.conn, row["worker_id"], row["from_on"], row["until_on"], given.old.id if given.old else None
        )
        if other is not None:
            given.mark(
                "FULL_TIME_TWICE",
                f"同一人同时在“{other}”任专职",
                f"the same person holds a full-time post at “{other}” in this time",
            )


async def _broken(given: Check) -> list[Breach]:
    """The rules on who holds a post, and the upper bounds on how many work there, that the post breaks."""
    row = given.row
    if row["kind"] not in WORKERS:
        return []
    facts: dict[str, int | bool] = {}
    if row["born_year"] is not None:
        facts["AGE"] = row["from_on"].year - row["born_year"]
    terms = given.words.terms_by_id
    if row["degree_id"] is not None:
        facts["COLLEGE_DEGREE"] = terms[row["degree_id"]].code != BELOW_COLLEGE
    if row["grade_id"] is not None or row["local"] is not None:
        facts["CERTIFIED_LOCAL"] = row["grade_id"] is not None and bool(row["local"])
    found = await broken_rules(given.conn, given.words, "POST", facts, given.area, row["from_on"])
    if given.old is None or given.changed & {"station_id", "kind", "persons", "from_on", "until_on"}:
        # Locked by a save already; not by the restoring of a post.
        station = await acting.seen(given.conn, given.context.viewer, "station", row["station_id"], lock=True)
        if station is not None and station.tier == "STATION":
            spans = await _spans(given, station.id, None if given.old is None else given.old.id)
            spans.append((row["from_on"], row["until_on"], row["persons"]))
            fullest = Decimal(most(spans, row["from_on"], row["until_on"])) / station.units
            # What is over was under the rules of its own time.
            day = min(max(row["from_on"], given.context.today), row["until_on"] or date.max)
            found += await _too_many(given, fullest, day)
    return found


async def _spans(given: Check, station_id: int, without: int | None) -> list[tuple[date, date | None, int]]:
    return [
        (one.from_on, one.until_on, one.persons)
        for one in await station_counts.posts_of(given.conn, station_id)
        if one.kind in WORKERS and one.id != without
    ]


async def _too_many(given: Check, workers: Decimal, day: date) -> list[Breach]:
    """Too few is no reason against one more, so only upper bounds; `staffing` tells who has too few."""
    rules = await broken_rules(given.conn, given.words, "STATION", {"WORKERS": workers}, given.area, day)
    return [one for one in rules if one.used > one.limit]


@check("station")
async def _station_of_workers(given: Check) -> None:
    """A row that stands for fewer stations, or moves to a place with other rules, does not become overfull by that."""
    row, today = given.row, given.context.today
    if given.old is None or row["tier"] != "STATION" or not given.changed & {"units", "tier", "area_id"}:
        return
    # A row of no station is refused by its own check.
    workers = Decimal(most(await _spans(given, given.old.id, None), today, None)) / max(1, row["units"])
    judge(given, await _too_many(given, workers, today))


# ------------------------------------------------------------------------------------------------ questions


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    posts: int
    persons: int


@dataclass(frozen=True, slots=True)
class StationStaff:
    """A station with its workers on a day; `state` UNDER, WITHIN or OVER its rules, None where no rule holds."""

    station_id: int
    workers: int
    assistants: int
    units: int
    state: str | None
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who works at the stations of an area on a day. Counts are of persons; percentages are of workers."""

    on: date
    kinds: list[KindCount]
    workers: int
    certified: int
    college: int
    local: int
    contracts: int
    insured: int
    under_40: int
    age_known: int
    assistants: int
    rooms: int
    rooms_without_assistant: int
    stipends: Decimal
    stations: list[StationStaff]

    @property
    def certified_percent(self) -> Decimal | None:
        return percent(self.certified, self.workers)

    @property
    def under(self) -> int:
        return sum(one.state == "UNDER" for one in self.stations)

    @property
    def over(self) -> int:
        return sum(one.state == "OVER" for one in self.stations)


def require_staff(viewer: Viewer, area: Area) -> None:
    """Raises NotAllowed unless the viewer is an administrator, or reads or coordinates the area or one above it."""
    if viewer.role == "ADMIN":
        return
    if viewer.role in ("READER", "COORDINATOR") and (
        viewer.area_id in area.ancestor_ids or (viewer.role == "READER" and viewer.area_id is None)
    ):
        return
    raise NotAllowed(
        f"只有{area.full_name}的统筹员和查阅者可以看人员情况;请用相应的密钥登录",
        f"only coordinators and readers of {area.full_name} may see who works there; sign in with such a key",
    )


async def staffing(context: Context, area: str, on: date | None = None) -> Staffing:
    """Posts and workers of the stations of an area on a day (today).

    Raises InvalidInput (unknown area), NotAllowed. O(stations + posts); four statements and one for each area that has
    stations.
    """
    day = on or context.today
    async with context.engine.connect() as conn:
        words = await vocabulary(context.engine, conn)
        problems = Problems()
        place = await words.check_area(conn, problems, "area", area)
        problems.stop()
        assert place is not None
        require_staff(context.viewer, place)
        stations = await station_counts.standing(conn, place.id, day, ("CENTRE", "STATION", "ROOM"))
        posts = [one for one in await station_counts.posts_below(conn, place.id, day) if in_season(one, day)]
        areas = await words.areas_by_id(conn, {one.area_id for one in stations})
        rules = await fund_rules.in_force(
            conn,
            sorted({id for one in areas.values() for id in one.ancestor_ids} or {place.id}),
            day,
            subject="STATION",
        )
    return _staffing(words, day, stations, posts, areas, rules)


def _staffing(
    words: Vocabulary, day: date, stations: Sequence[Any], posts: Sequence[Any], areas: Any, rules: Sequence[Any]
) -> Staffing:
    standing = {one.id for one in stations}
    posts = [one for one in posts if one.station_id in standing]
    workers = [one for one in posts if one.kind in WORKERS]

    def persons(rows: Iterable[Any]) -> int:
        return sum(one.persons for one in rows)

    by_station: dict[int, list[Any]] = {}
    for one in posts:
        by_station.setdefault(one.station_id, []).append(one)
    college = {id for id, term in words.terms_by_id.items() if term.scheme == "degree" and term.code != BELOW_COLLEGE}
    told = [
        _station_staff(one, by_station.get(one.id, []), areas[one.area_id], rules)
        for one in stations
        if one.tier == "STATION"
    ]
    rooms = [one for one in stations if one.tier == "ROOM"]
    helped = {
        one.id: min(one.units, persons(post for post in by_station.get(one.id, []) if post.kind == "ASSISTANT"))
        for one in rooms
    }
    return Staffing(
        on=day,
        kinds=[
            KindCount(kind, len(rows), persons(rows))
            for kind in (*WORKERS, "ASSISTANT")
            for rows in [[one for one in posts if one.kind == kind]]
        ],
        workers=persons(workers),
        certified=persons(one for one in workers if one.grade_id is not None),
        college=persons(one for one in workers if one.degree_id in college),
        local=persons(one for one in workers if one.local),
        contracts=persons(one for one in workers if one.contract),
        insured=persons(one for one in workers if one.insured),
        under_40=persons(one for one in workers if one.born_year is not None and day.year - one.born_year < 40),
        age_known=persons(one for one in workers if one.born_year is not None),
        assistants=persons(one for one in posts if one.kind == "ASSISTANT"),
        rooms=sum(one.units for one in rooms),
        rooms_without_assistant=sum(one.units - helped[one.id] for one in rooms),
        stipends=sum(((one.stipend or ZERO) * one.persons for one in posts if one.kind == "ASSISTANT"), ZERO),
        stations=told,
    )


def _station_staff(station: Any, posts: Sequence[Any], area: Area, rules: Sequence[Any]) -> StationStaff:
    workers = sum(one.persons for one in posts if one.kind in WORKERS)
    state, zh, en = judged(workers, station.units, [one for one in rules if one.area_id in area.ancestor_ids])
    assistants = sum(one.persons for one in posts if one.kind == "ASSISTANT")
    return StationStaff(station.id, workers, assistants, station.units, state, zh, en)


def judged(workers: int, units: int, rules: Sequence[Any]) -> tuple[str | None, str, str]:
    """(UNDER, WITHIN, OVER or None without a rule; 中文, English) of the workers of a station by rules on WORKERS."""
    rules = [one for one in rules if one.measure == "WORKERS" and one.base_id is None]
    measured = Decimal(workers) / units
    zh, en = f"驻站社工 {workers} 人", f"{workers} worker(s)"
    if units > 1:
        zh, en = f"{zh}({units} 个站点)", f"{en} for {units} stations"
    for rule in rules:
        if breaks(rule, measured, rule.threshold):
            bound = f"{rule.threshold.normalize():f}"
            under = measured < rule.threshold
            return (
                "UNDER" if under else "OVER",
                f"{zh},{'少于' if under else '多于'}每站 {bound} 人(依据:{rule.citation_zh})",
                f"{en}, {'fewer' if under else 'more'} than {bound} a station (by: {rule.citation_en})",
            )
    return ("WITHIN" if rules else None), zh, en

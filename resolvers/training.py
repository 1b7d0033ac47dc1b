"""Training: what may be recorded of courses, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from db import acting, training_rows
from db.areas import Area
from db.training_rows import Share, Totals
from resolvers import day
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.records import Check, check

__all__ = ["Progress", "Share", "Totals", "Training", "talent_progress", "totals"]

#: Nobody plans further.
LAST_YEAR = 2100
MODES = {"ONLINE": ("线上", "online"), "OFFLINE": ("线下", "in one room")}


@check("course_session")
async def _session(given: Check) -> None:
    course = await _fits_course(given, "held_on", "heldOn")
    if course is not None:
        _mode_fits(given, course)


@check("enrolment")
async def _enrolment(given: Check) -> None:
    row, problems = given.row, given.problems
    course = await _fits_course(given, "enrolled_on", "enrolledOn")
    if course is not None:
        _mode_fits(given, course)
    if row["session_id"] is not None:
        session = await acting.seen(given.conn, given.context.viewer, "course_session", row["session_id"])
        if session is not None and session.course_id != row["course_id"]:
            problems.add("sessionId", "OTHER_COURSE", "这一课次不属于该培训班", "the session is of another course")
        elif session is not None and session.mode != row["mode"]:
            zh, en = "与课次的方式不同", "the session is held the other way"
            problems.add("mode", "MODE_DIFFERS", zh, en)
    if row["worker_id"] is not None and row["persons"] != 1:
        problems.add("persons", "ONE_PERSON", "写明参训者的一条只能是 1 人", "a row with a name is one person")
    if row["persons"] < 1:
        problems.add("persons", "OUT_OF_RANGE", "至少 1 人", "at least one person")
    if row["person_times"] is None:
        row["person_times"] = row["persons"]
    elif row["person_times"] < row["persons"]:
        zh, en = "人次不会少于人数", "person-times are no fewer than persons"
        problems.add("personTimes", "FEWER_THAN_PERSONS", zh, en)
    if row["worker_id"] is not None and not problems.fields:
        but = given.old.id if given.old is not None else None
        where = (row["course_id"], row["worker_id"], row["session_id"])
        if await training_rows.enrolled(given.conn, *where, but):
            raise Conflict(
                "ALREADY_ENROLLED",
                "此人在该班(课次)已有参训记录;请修改那一条",
                "there is an enrolment of this person in the course (session) already; change that one",
            )


async def _fits_course(given: Check, column: str, path: str) -> Any:
    """The course of a row; a day outside of it is marked, one in the future of an enrolment refused."""
    row = given.row
    course = await acting.seen(given.conn, given.context.viewer, "course", row["course_id"])
    if course is None:
        return None
    on = row[column]
    if on < course.from_on or (course.until_on is not None and on > course.until_on):
        given.mark("OUTSIDE_COURSE", "不在培训班的起止日期之内", "the day lies outside of the course")
    if on > given.context.today and given.kind.name == "enrolment":
        today = given.context.today
        given.problems.add(
            path, "IN_THE_FUTURE", f"还没有到这一天;今天是 {today}", f"lies in the future; today is {today}"
        )
    return course


def _mode_fits(given: Check, course: Any) -> None:
    mode = given.row["mode"]
    if mode == "BLENDED":
        zh, en = "请写明线上还是线下", "say whether online or in one room"
        given.problems.add("mode", "ONE_MODE", zh, en)
    elif course.mode not in ("BLENDED", mode):
        zh, en = MODES[course.mode]
        given.problems.add("mode", "MODE_DIFFERS", f"该培训班只有{zh}", f"the course is held {en} only")


@check("talent_plan")
async def _talent_plan(given: Check) -> None:
    row = given.row
    if row["measure"] == "CERTIFICATES" and row["trainee_kind_id"] is not None:
        zh, en = "按持证人数计的计划不分培训对象", "a plan that counts certificates is not of a kind of trainee"
        given.problems.add("traineeKind", "NOT_FOR_MEASURE", zh, en)
    if row["measure"] == "ENROLMENTS" and row["grade_id"] is not None:
        zh, en = "按结业人数计的计划不分证书等级", "a plan that counts trainees is not of a grade"
        given.problems.add("grade", "NOT_FOR_MEASURE", zh, en)


@check("talent_target")
async def _talent_target(given: Check) -> None:
    if given.row["year"] > LAST_YEAR:
        zh, en = f"年度应不晚于 {LAST_YEAR}", f"a year is at most {LAST_YEAR}"
        given.problems.add("year", "OUT_OF_RANGE", zh, en)


@dataclass(frozen=True, slots=True)
class Training:
    """What training came to in an area and below, and its enrolments split one way."""

    area: Area
    from_on: date | None
    until_on: date | None
    by: str
    totals: Totals
    shares: list[Share]


async def totals(
    context: Context, area: str, from_on: date | None, until_on: date | None, by: str = "TRAINEE_KIND"
) -> Training:
    """Figures of an area and below, from `from_on` to `until_on` (None: without bound), both days included.

    `by`: TRAINEE_KIND, MODE or COURSE. Raises InvalidInput (unknown area, dates reversed), NotAllowed. Five statements.
    """
    problems = Problems()
    problems.period("from", from_on, "until", until_on, context.today, past=False)
    problems.stop()
    place = (await day.of(context, area)).area
    async with context.engine.connect() as conn:
        found = await training_rows.totals(conn, place.id, from_on, until_on)
        split = await training_rows.shares(conn, place.id, from_on, until_on, by)
    if by == "MODE":
        split = [_labelled(one) for one in split]
    return Training(place, from_on, until_on, by, found, split)


def _labelled(one: Share) -> Share:
    zh, en = MODES[one.code]
    rest = (one.enrolments, one.persons, one.person_times, one.person_hours, one.completed)
    return Share(one.code, zh, en, *rest)


@dataclass(frozen=True, slots=True)
class Progress:
    """A target of a talent plan and how many it has reached: by the end of its year, or by today in a year that has not
    ended."""

    target_id: int
    plan_id: int
    year: int
    target: int
    reached: int
    counted_on: date

    @property
    def missing(self) -> int:
        return max(0, self.target - self.reached)


async def talent_progress(context: Context, area: str, year: int | None = None) -> list[Progress]:
    """Each target of the plans of an area and below (of one year), by plan and year.

    Raises InvalidInput, NotAllowed as `resolvers.day.of` does. One statement, and one for each target.
    """
    place = (await day.of(context, area)).area
    found: list[Progress] = []
    async with context.engine.connect() as conn:
        targets: Sequence[Any] = await training_rows.targets(conn, place.id, year)
        for one in targets:
            on = min(date(one.year, 12, 31), context.today)
            if one.measure == "CERTIFICATES":
                reached = await training_rows.certified(conn, one.area_id, on, one.grade_id)
            else:
                reached = await training_rows.completed(conn, one.area_id, on, one.trainee_kind_id)
            found.append(Progress(one.id, one.plan_id, one.year, one.number, reached, on))
    return found

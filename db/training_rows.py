"""Figures of training, and whom a talent plan has reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, and_, case, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.evaluation_rows import in_operation, within
from db.posts import PostRow
from db.stations import StationRow
from db.terms import TermRow
from db.training import (
    CourseRow,
    CourseSessionRow,
    EnrolmentRow,
    TalentPlanRow,
    TalentTargetRow,
    TrainingFundingRow,
)

_COURSE: Any = CourseRow.__table__
_SESSION: Any = CourseSessionRow.__table__
_ENROLMENT: Any = EnrolmentRow.__table__
_FUNDING: Any = TrainingFundingRow.__table__
_PLAN: Any = TalentPlanRow.__table__
_TARGET: Any = TalentTargetRow.__table__
_POST: Any = PostRow.__table__
_STATION: Any = StationRow.__table__
_TERM: Any = TermRow.__table__


@dataclass(frozen=True, slots=True)
class Totals:
    """Exact figures. Courses count by their first day, sessions by theirs, money by the day it was given.

    `hours` are those of sessions, `person_hours` those of persons. `funding` is what was given for training, `cost`
    what courses cost.
    """

    courses: int
    classes: int
    cost: Decimal
    sessions: int
    online_sessions: int
    offline_sessions: int
    hours: Decimal
    persons: int
    person_times: int
    online_person_times: int
    offline_person_times: int
    person_hours: Decimal
    completed: int
    funding: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """Enrolments of one kind of trainee, one mode or one course. `code` is a term's, a mode's or a course's id."""

    code: str
    label_zh: str
    label_en: str
    enrolments: int
    persons: int
    person_times: int
    person_hours: Decimal
    completed: int


def _of(table: Any, column: str, area_id: int, since: date | None, until: date | None) -> ColumnElement[bool]:
    day = table.c[column]
    conditions = [table.c.withdrawn_at.is_(None), within(table, area_id)]
    if since is not None:
        conditions.append(day >= since)
    if until is not None:
        conditions.append(day <= until)
    return and_(*conditions)


def _sum(value: Any) -> Any:
    return func.coalesce(func.sum(value), 0)


def _persons() -> list[Any]:
    one = _ENROLMENT.c
    times = func.coalesce(one.person_times, one.persons)
    return [
        func.count(),
        _sum(one.persons),
        _sum(times),
        _sum(one.persons * func.coalesce(one.hours, 0)),
        _sum(case((one.completed, one.persons), else_=0)),
        _sum(case((one.mode == "ONLINE", times), else_=0)),
        _sum(case((one.mode == "OFFLINE", times), else_=0)),
    ]


async def totals(conn: AsyncConnection, area_id: int, since: date | None, until: date | None) -> Totals:
    """The figures of an area and below from `since` to `until`, both included; None: without bound. Four statements."""
    courses: Any = select(func.count(), _sum(_COURSE.c.classes), _sum(_COURSE.c.cost)).where(
        _of(_COURSE, "from_on", area_id, since, until)
    )
    one = _SESSION.c
    sessions: Any = select(
        _sum(one.sessions),
        _sum(case((one.mode == "ONLINE", one.sessions), else_=0)),
        _sum(case((one.mode == "OFFLINE", one.sessions), else_=0)),
        _sum(one.sessions * func.coalesce(one.hours, 0)),
    ).where(_of(_SESSION, "held_on", area_id, since, until))
    enrolments: Any = select(*_persons()).where(_of(_ENROLMENT, "enrolled_on", area_id, since, until))
    money: Any = select(_sum(_FUNDING.c.amount)).where(
        _of(_FUNDING, "given_on", area_id, since, until), _FUNDING.c.purpose == "TRAINING"
    )
    course = (await conn.execute(courses)).one()
    met = (await conn.execute(sessions)).one()
    took = (await conn.execute(enrolments)).one()
    given = (await conn.execute(money)).scalar_one()
    return Totals(
        courses=course[0],
        classes=int(course[1]),
        cost=Decimal(course[2]),
        sessions=int(met[0]),
        online_sessions=int(met[1]),
        offline_sessions=int(met[2]),
        hours=Decimal(met[3]),
        persons=int(took[1]),
        person_times=int(took[2]),
        online_person_times=int(took[5]),
        offline_person_times=int(took[6]),
        person_hours=Decimal(took[3]),
        completed=int(took[4]),
        funding=Decimal(given),
    )


async def shares(conn: AsyncConnection, area_id: int, since: date | None, until: date | None, by: str) -> list[Share]:
    """The enrolments of `totals` by TRAINEE_KIND, MODE or COURSE; every enrolment is in one of them. Most first."""
    one = _ENROLMENT.c
    labels: list[Any]
    if by == "TRAINEE_KIND":
        labels = [_TERM.c.code, _TERM.c.label_zh, _TERM.c.label_en]
        source = _ENROLMENT.join(_TERM, _TERM.c.id == one.trainee_kind_id)
    elif by == "COURSE":
        labels = [_COURSE.c.id.cast(Text), _COURSE.c.title, _COURSE.c.title]
        source = _ENROLMENT.join(_COURSE, _COURSE.c.id == one.course_id)
    else:
        labels = [one.mode.cast(Text), null().cast(Text), null().cast(Text)]
        source = _ENROLMENT
    figures = _persons()[:5]
    group = labels if by != "MODE" else labels[:1]
    query: Any = (
        select(*labels, *figures)
        .select_from(source)
        .where(_of(_ENROLMENT, "enrolled_on", area_id, since, until))
        .group_by(*group)
        .order_by(figures[2].desc(), labels[0])
    )
    return [
        Share(row[0], row[1] or "", row[2] or "", row[3], int(row[4]), int(row[5]), Decimal(row[6]), int(row[7]))
        for row in (await conn.execute(query)).all()
    ]


async def enrolled(
    conn: AsyncConnection, course_id: int, worker_id: int, session_id: int | None, but: int | None
) -> bool:
    """Whether a worker stands in a course (or that session of it) already, in another row than `but`."""
    one = _ENROLMENT.c
    query = select(one.id).where(
        one.course_id == course_id,
        one.worker_id == worker_id,
        one.session_id.is_not_distinct_from(session_id),
        one.withdrawn_at.is_(None),
    )
    if but is not None:
        query = query.where(one.id != but)
    return (await conn.execute(query.limit(1))).first() is not None


async def targets(conn: AsyncConnection, area_id: int, year: int | None) -> Sequence[Row[Any]]:
    """(id, plan_id, year, number, measure, grade_id, trainee_kind_id, area_id of the plan) of an area and below."""
    query: Any = (
        select(
            _TARGET.c.id,
            _TARGET.c.plan_id,
            _TARGET.c.year,
            _TARGET.c.number,
            _PLAN.c.measure,
            _PLAN.c.grade_id,
            _PLAN.c.trainee_kind_id,
            _PLAN.c.area_id,
        )
        .join(_PLAN, _PLAN.c.id == _TARGET.c.plan_id)
        .where(within(_PLAN, area_id), _PLAN.c.withdrawn_at.is_(None), _TARGET.c.withdrawn_at.is_(None))
        .order_by(_TARGET.c.plan_id, _TARGET.c.year)
    )
    if year is not None:
        query = query.where(_TARGET.c.year == year)
    return (await conn.execute(query)).all()


async def certified(conn: AsyncConnection, area_id: int, on: date, grade_id: int | None) -> int:
    """Persons who hold a certificate (of a grade) and a post of a station of an area and below on a day.

    A worker with two posts is one person; a row that stands for several persons without names counts all of them.
    """
    post = _POST.c
    holds = post.grade_id == grade_id if grade_id is not None else post.grade_id.is_not(None)
    query: Any = (
        select(
            func.count(post.worker_id.distinct()),
            _sum(case((post.worker_id.is_(None), post.persons), else_=0)),
        )
        .select_from(_POST.join(_STATION, _STATION.c.id == post.station_id))
        .where(
            within(_STATION, area_id),
            in_operation(_STATION, on, on),
            post.withdrawn_at.is_(None),
            post.from_on <= on,
            or_(post.until_on.is_(None), post.until_on >= on),
            holds,
        )
    )
    named, unnamed = (await conn.execute(query)).one()
    return int(named) + int(unnamed)


async def completed(conn: AsyncConnection, area_id: int, until: date, trainee_kind_id: int | None) -> int:
    """Persons who completed a course of an area and below by a day; a registered worker counts once."""
    one = _ENROLMENT.c
    query: Any = select(
        func.count(one.worker_id.distinct()),
        _sum(case((one.worker_id.is_(None), one.persons), else_=0)),
    ).where(_of(_ENROLMENT, "enrolled_on", area_id, None, until), one.completed)
    if trainee_kind_id is not None:
        query = query.where(one.trainee_kind_id == trainee_kind_id)
    named, unnamed = (await conn.execute(query)).one()
    return int(named) + int(unnamed)

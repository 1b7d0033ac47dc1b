"""What training came to, and how far talent plans are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from db.cursors import global_id
from resolvers import training
from schema.areas import Area
from schema.mapping import entry, label, listed, part
from schema.nodes import Connection
from schema.records import ENUMS, TYPES

_MODE = ENUMS["training_mode"]
Info = strawberry.Info[Any, Any]
if TYPE_CHECKING:
    Course: TypeAlias = Any
    CourseSession: TypeAlias = Any
    Enrolment: TypeAlias = Any
    TalentPlan: TypeAlias = Any
    TalentTarget: TypeAlias = Any
else:
    Course = TYPES["course"]
    CourseSession = TYPES["course_session"]
    Enrolment = TYPES["enrolment"]
    TalentPlan = TYPES["talent_plan"]
    TalentTarget = TYPES["talent_target"]


@strawberry.enum(description="How enrolments are split. 参训记录的分组方式。")
class TrainingBy(Enum):
    TRAINEE_KIND = strawberry.enum_value("TRAINEE_KIND", description="By kind of trainee. 按培训对象类别。")
    MODE = strawberry.enum_value("MODE", description="Online, or in one room. 按线上线下。")
    COURSE = strawberry.enum_value("COURSE", description="By course. 按培训班。")


@strawberry.type(description="The enrolments of one group. 一组参训记录。")
class TrainingShare:
    code: str = part("A term's code, a mode, or a course's id. 代码。", "code")
    label: str = label("Its name. 名称。")
    persons: int = part("Persons, added up over enrolments. 人数。", "persons")
    person_times: int = part("Person-times. 人次。", "person_times")
    person_hours: Decimal = part("Hours of all persons. 学时合计。", "person_hours")
    completed: int = part("Persons who completed it. 结业人数。", "completed")
    enrolments: Connection[Enrolment] = listed(
        "enrolment", "The enrolments behind these figures. 参训记录。", lambda one: one.where
    )


@strawberry.type(description="What training came to. 培训汇总。")
class TrainingTotals:
    area: Area = entry("area", "Where, everything below it included. 地区(含下级)。", "area_id")
    courses: int = part("Courses, as recorded, that began in the period. 培训班(条)。", "courses")
    classes: int = part("Classes they stand for. 班次数。", "classes")
    cost: Decimal = part("What these courses cost, in yuan. 费用(元)。", "cost")
    funding: Decimal = part("What was given for training in the period, in yuan. 培训经费(元)。", "funding")
    sessions: int = part("Sessions in the period. 课次数。", "sessions")
    online_sessions: int = part("Of them online. 线上次数。", "online_sessions")
    offline_sessions: int = part("Of them in one room. 线下次数。", "offline_sessions")
    hours: Decimal = part("Hours of all sessions. 课时合计。", "hours")
    persons: int = part("Persons, added up over enrolments: who stands in two counts twice. 人数。", "persons")
    person_times: int = part("Person-times. 人次。", "person_times")
    online_person_times: int = part("Of them online. 线上人次。", "online_person_times")
    offline_person_times: int = part("Of them in one room. 线下人次。", "offline_person_times")
    person_hours: Decimal = part("Hours of all persons. 学时合计。", "person_hours")
    completed: int = part("Persons who completed a course. 结业人数。", "completed")
    shares: list[TrainingShare] = part("The enrolments, split; most person-times first. 分组。", "shares")
    course_list: Connection[Course] = listed("course", "The courses that count. 培训班。", lambda one: one.where)
    session_list: Connection[CourseSession] = listed(
        "course_session", "The sessions that count. 课次。", lambda one: one.where
    )
    enrolment_list: Connection[Enrolment] = listed(
        "enrolment", "The enrolments that count. 参训记录。", lambda one: one.where
    )


class _Totals:
    """What `resolvers.training` answers, each figure with the filter of the rows behind it."""

    def __init__(self, found: training.Training) -> None:
        self.area_id = found.area.id
        self.where: dict[str, Any] = {"area": found.area.code}
        if found.from_on is not None:
            self.where["from"] = found.from_on
        if found.until_on is not None:
            self.where["until"] = found.until_on
        for name in found.totals.__slots__:
            setattr(self, name, getattr(found.totals, name))
        self.shares = [_Share(one, found.by, self.where) for one in found.shares]


class _Share:
    def __init__(self, share: training.Share, by: str, where: dict[str, Any]) -> None:
        self.label_zh, self.label_en = share.label_zh, share.label_en
        self.persons, self.person_times = share.persons, share.person_times
        self.person_hours, self.completed = share.person_hours, share.completed
        self.code = share.code if by != "COURSE" else global_id(f"Course:{share.code}".encode())
        own: dict[str, Any] = {"course": self.code}
        if by != "COURSE":
            own = {"mode": [_MODE[share.code]]} if by == "MODE" else {"traineeKind": share.code}
        self.where = where | own


async def _totals(
    info: Info,
    area: Annotated[str, strawberry.argument(description="Area code, everything below it included. 区划代码。")],
    from_on: Annotated[
        date | None, strawberry.argument(name="from", description="On this day or later. 起始日期。")
    ] = None,
    until: Annotated[date | None, strawberry.argument(description="On this day or earlier. 截止日期。")] = None,
    by: Annotated[TrainingBy, strawberry.argument(description="How to split. 分组方式。")] = TrainingBy.TRAINEE_KIND,
) -> TrainingTotals:
    found = await training.totals(info.context.acts, area, from_on, until, by.name)
    return _Totals(found)  # type: ignore[return-value]


@strawberry.type(description="A target of a talent plan, and how many it reached. 人才计划进度。")
class TalentProgress:
    plan: TalentPlan = entry("talent_plan", "Which plan. 人才计划。", "plan_id")
    target: TalentTarget = entry("talent_target", "Which target. 年度目标。", "target_id")
    year: int = part("By the end of which year. 年度。", "year")
    number: int = part("How many it wants. 目标人数。", "target")
    reached: int = part("How many it has, counted from posts or enrolments. 已达人数。", "reached")
    missing: int = part("How many are missing; 0 where it is reached. 尚缺人数。", "missing")
    counted_on: date = part("Counted as of this day. 统计日期。", "counted_on")


class _Progress:
    def __init__(self, one: training.Progress) -> None:
        self.plan_id, self.target_id, self.year, self.target = one.plan_id, one.target_id, one.year, one.target
        self.reached, self.missing, self.counted_on = one.reached, one.missing, one.counted_on


async def _progress(
    info: Info,
    area: Annotated[str, strawberry.argument(description="Area code, everything below it included. 区划代码。")],
    year: Annotated[int | None, strawberry.argument(description="Targets of this year. 年度。")] = None,
) -> list[TalentProgress]:
    found = await training.talent_progress(info.context.acts, area, year)
    return [_Progress(one) for one in found]  # type: ignore[misc]


@strawberry.type(description="Questions about training. 培训查询。")
class TrainingQueries:
    training_totals: TrainingTotals = strawberry.field(
        resolver=_totals,
        description="What training came to in an area and a period, each figure with the rows behind it. 培训汇总。",
    )
    talent_progress: list[TalentProgress] = strawberry.field(
        resolver=_progress, description="How far the talent plans of an area are. 人才计划进度。"
    )

"""Training: courses, their sessions, who took part, what paid for it, and plans to win people for the profession."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, decimal, flag, money, one_of, term, terms, text, to, whole

TRAINING_MODE = codes(
    "training_mode",
    "TrainingMode",
    "How people are taught. 培训方式。",
    ONLINE=("Online.", "线上"),
    OFFLINE=("In one room.", "线下"),
    BLENDED=("Partly online.", "线上线下结合"),
)
FUNDING_PURPOSE = codes(
    "training_purpose",
    "TrainingPurpose",
    "What money is for. 用途。",
    TRAINING=("Courses.", "培训"),
    SUPERVISION=("Supervision of stations.", "督导"),
    TALENT=("Winning people for the profession.", "人才培养"),
)
TALENT_MEASURE = codes(
    "talent_measure",
    "TalentMeasure",
    "By what a talent plan counts whom it has reached. 计数口径。",
    CERTIFICATES=("Persons on posts of stations who hold a certificate.", "在岗持证社工人数"),
    ENROLMENTS=("Persons who completed a course.", "完成培训人数"),
)


class CourseRow(Record):
    """A course; with `classes` above one, as many of the same that a published row stands for."""

    __tablename__ = "course"
    record = Kind(
        "Course",
        "courses",
        "培训班",
        "course",
        seen="PUBLIC",
        search="title",
        on="from_on",
        until="until_on",
        key=("title", "from_on"),
        order=(("from_on", True), ("id", True)),
    )

    title: Mapped[str] = text("What it is called. 名称。")
    mode: Mapped[str] = one_of(TRAINING_MODE, "How people are taught. 培训方式。")
    organizer: Mapped[str | None] = text("Who organizes it. 主办方。", optional=True)
    cost: Mapped[Decimal | None] = money("What it cost in all, in yuan. 费用(元)。", optional=True)
    from_on: Mapped[date] = day("First day. 开始日期。")
    until_on: Mapped[date | None] = day("Last day. 结束日期。", optional=True)
    trainee_kind_ids: Mapped[list[int]] = terms("trainee_kind", "For whom. 培训对象类别。")
    domain_id: Mapped[int | None] = term("domain", "About which domain. 服务领域。", optional=True)
    classes: Mapped[int] = whole("How many classes this row stands for. 班次数。", least=1, default=1)


class CourseSessionRow(Record):
    """One meeting of a course; with `sessions` above one, as many of the same."""

    __tablename__ = "course_session"
    record = Kind(
        "CourseSession",
        "courseSessions",
        "课次",
        "session of a course",
        seen="PUBLIC",
        under="course_id",
        on="held_on",
        order=(("held_on", True), ("id", True)),
        args=(CheckConstraint("mode <> 'BLENDED'", name="mode_of_one_session"),),
    )

    course_id: Mapped[int] = to("course", "Of which course. 培训班。", back="sessions")
    held_on: Mapped[date] = day("On which day. 日期。")
    mode: Mapped[str] = one_of(TRAINING_MODE, "Online, or in one room. 方式。")
    hours: Mapped[Decimal | None] = decimal("How long, in hours, each. 每次课时。", optional=True)
    sessions: Mapped[int] = whole("How many sessions this row stands for. 次数。", least=1, default=1)
    topic: Mapped[str | None] = text("About what. 主题。", optional=True)
    place: Mapped[str | None] = text("Where. 地点。", optional=True)


class EnrolmentRow(Record):
    """Who took part in a course: one who is registered here, or a number of persons of a kind."""

    __tablename__ = "enrolment"
    record = Kind(
        "Enrolment",
        "enrolments",
        "参训记录",
        "enrolment",
        seen="PARTY",
        under="course_id",
        on="enrolled_on",
        order=(("enrolled_on", True), ("id", True)),
        args=(
            CheckConstraint("mode <> 'BLENDED'", name="mode_of_one_enrolment"),
            CheckConstraint("worker_id IS NULL OR persons = 1", name="one_worker"),
            CheckConstraint("persons >= 1", name="persons_positive"),
            CheckConstraint("person_times >= persons", name="times_of_persons"),
        ),
    )

    course_id: Mapped[int] = to("course", "In which course. 培训班。", back="enrolments")
    session_id: Mapped[int | None] = to(
        "course_session", "In which session only; null: in the whole course. 课次。", optional=True
    )
    enrolled_on: Mapped[date] = day("On which day it counts. 日期。")
    trainee_kind_id: Mapped[int] = term("trainee_kind", "Which kind of trainee. 培训对象类别。")
    mode: Mapped[str] = one_of(TRAINING_MODE, "Online, or in one room. 方式。")
    worker_id: Mapped[int | None] = to(
        "party",
        "Who, where registered here. 参训者。",
        optional=True,
        of=("SOCIAL_WORKER", "ASSISTANT", "VOLUNTEER"),
    )
    persons: Mapped[int] = whole("How many persons this row stands for. 人数。", least=1, default=1)
    person_times: Mapped[int | None] = whole(
        "Person-times: one who came to three sessions counts three; left out, as many as persons. 人次。",
        least=1,
        optional=True,
    )
    hours: Mapped[Decimal | None] = decimal("Hours of each person. 每人学时。", optional=True)
    completed: Mapped[bool] = flag("Whether they completed it. 是否结业。")


class TrainingFundingRow(Record):
    """Money given for training, supervision or talent: to a course, or to an area as a whole."""

    __tablename__ = "training_funding"
    record = Kind(
        "TrainingFunding",
        "trainingFundings",
        "培训经费",
        "funding of training",
        seen="PUBLIC",
        on="given_on",
    )

    course_id: Mapped[int | None] = to("course", "For which course. 培训班。", optional=True, back="fundings")
    purpose: Mapped[str] = one_of(FUNDING_PURPOSE, "What it is for. 用途。", default="TRAINING")
    amount: Mapped[Decimal] = money("How much, in yuan. 金额(元)。")
    fund_source_id: Mapped[int | None] = term("fund_source", "Which money. 资金来源。", optional=True)
    given_on: Mapped[date] = day("When it was given. 日期。")


class TalentPlanRow(Record):
    """A plan to have so many people; its targets stand by year, what was reached is counted."""

    __tablename__ = "talent_plan"
    record = Kind("TalentPlan", "talentPlans", "人才计划", "talent plan", seen="PUBLIC", search="name", key=("name",))

    name: Mapped[str] = text("What it is called. 名称。")
    measure: Mapped[str] = one_of(TALENT_MEASURE, "By what it counts. 计数口径。")
    grade_id: Mapped[int | None] = term(
        "worker_grade", "Only certificates of this grade (CERTIFICATES); null: of any. 社工证等级。", optional=True
    )
    trainee_kind_id: Mapped[int | None] = term(
        "trainee_kind", "Only trainees of this kind (ENROLMENTS); null: of any. 培训对象类别。", optional=True
    )


class TalentTargetRow(Record):
    """How many a plan wants to have reached by the end of a year."""

    __tablename__ = "talent_target"
    record = Kind(
        "TalentTarget",
        "talentTargets",
        "人才计划年度目标",
        "target of a talent plan",
        seen="PUBLIC",
        under="plan_id",
        key=("year",),
        order=(("year", False), ("id", False)),
    )

    plan_id: Mapped[int] = to("talent_plan", "Of which plan. 人才计划。", back="targets")
    year: Mapped[int] = whole("By the end of which year. 年度。", least=2000)
    number: Mapped[int] = whole("How many. 目标人数。", least=1)

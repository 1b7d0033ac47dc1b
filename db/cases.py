"""Client files: households, clients, consents, assessments, cases with their steps and needs, plans of care, visits.

No kind here holds who a person is: that lies sealed in `db.identities`. Texts are for what is needed and done, not for
names, and the contract says so wherever one is asked for.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, flag, one_of, term, terms, text, to, whole

#: Who works on cases.
WORKERS = ("SOCIAL_WORKER", "ASSISTANT")
STAFF_AND_WORKER = ("COORDINATOR", "PARTNER")

GRADE = codes(
    "care_grade",
    "CareGrade",
    "How much attention a client needs, by colour. 关注等级。",
    GREEN=("Stable: looked in on from time to time.", "绿色:一般关注"),
    YELLOW=("At risk: looked in on regularly.", "黄色:重点关注"),
    RED=("In crisis: looked in on without delay.", "红色:紧急关注"),
)
LEVEL = codes(
    "need_level",
    "NeedLevel",
    "How much help somebody needs in one respect. 需要程度。",
    NONE=("None.", "无需要"),
    SOME=("Some.", "有需要"),
    SEVERE=("A great deal, soon.", "迫切需要"),
)
CONSENT_PURPOSE = codes(
    "consent_purpose",
    "ConsentPurpose",
    "What a client or guardian consented to. 同意的用途。",
    STORE=("That who they are is stored.", "登记保存身份信息"),
    SHARE=("That it is shown to a party that accepted to help.", "向已接单的提供方出示身份信息"),
)
CONSENT_BY = codes(
    "consent_by",
    "ConsentBy",
    "Who gave a consent. 同意人。",
    CLIENT=("The client.", "服务对象本人"),
    GUARDIAN=("The client's guardian.", "监护人"),
)
METHOD = codes(
    "case_method",
    "CaseMethod",
    "By which method of social work a case is led. 工作方法。",
    CASEWORK=("Casework, in the steps of MZ/T 094.", "个案工作"),
    GROUP_WORK=("Group work, in the steps of MZ/T 095.", "小组工作"),
    COMMUNITY_WORK=("Community work.", "社区工作"),
)
VISIT_KIND = codes(
    "visit_kind",
    "VisitKind",
    "How a client was seen. 探访方式。",
    HOME=("At home.", "入户走访"),
    OFFICE=("At the station.", "来站接待"),
    PHONE=("By telephone.", "电话探访"),
    ONLINE=("Online.", "线上探访"),
)


class HouseholdRow(Record):
    """A household (一户), told by a number of the station's own; who lives in it stands in the clients' files."""

    __tablename__ = "household"
    record = Kind("Household", "households", "家庭档案", "household", search="code", on="opened_on", key=("code",))

    code: Mapped[str] = text("The number of its file, nobody's name. 家庭档案编号。")
    group_ids: Mapped[list[int]] = terms("client_group", "Client groups it belongs to. 家庭类别。")
    persons: Mapped[int | None] = whole("How many live in it. 家庭人口。", least=1, optional=True)
    situation: Mapped[str | None] = text(
        "How it is situated, without anybody's name. 家庭情况。", prose=True, optional=True
    )
    opened_on: Mapped[date | None] = day("When the file was opened. 建档日期。", optional=True)


class ClientRow(Record):
    """A client's file (一人一档). Opened and changed by acts of its own, for consent and identity go with it."""

    __tablename__ = "client"
    record = Kind(
        "Client",
        "clients",
        "服务对象档案",
        "client",
        seen="PARTY",
        search="code",
        on="opened_on",
        key=("code",),
        saved=False,
    )

    code: Mapped[str] = text("The number of the file, nobody's name. 档案编号。")
    household_id: Mapped[int | None] = to(
        "household", "The household the client lives in. 所在家庭。", optional=True, back="clients"
    )
    group_ids: Mapped[list[int]] = terms("client_group", "Client groups the client belongs to. 对象类别。")
    worker_id: Mapped[int | None] = to("party", "Who looks after the client. 负责社工。", optional=True, of=WORKERS)
    opened_on: Mapped[date] = day("When the file was opened. 建档日期。")
    is_minor: Mapped[bool] = flag(
        "Whether the client was under 14 when the file was last saved. 是否未满十四周岁。", fixed=True
    )
    grade: Mapped[str | None] = one_of(
        GRADE, "The grade of the latest assessment. 当前关注等级。", optional=True, fixed=True
    )


class ConsentRow(Record):
    """A consent, until when, and whether it was taken back. Given and taken back by acts of its own."""

    __tablename__ = "consent"
    record = Kind(
        "Consent",
        "consents",
        "知情同意",
        "consent",
        under="client_id",
        on="given_on",
        until="until_on",
        saved=False,
    )

    client_id: Mapped[int] = to("client", "Whose. 服务对象。", back="consents")
    purpose: Mapped[str] = one_of(CONSENT_PURPOSE, "To what. 用途。")
    given_by: Mapped[str] = one_of(CONSENT_BY, "Who gave it. 同意人。")
    given_on: Mapped[date] = day("When it was given. 同意日期。")
    until_on: Mapped[date | None] = day(
        "The last day it holds; null: until it is taken back. 有效期至。", optional=True
    )
    party_id: Mapped[int | None] = to(
        "party", "To share with this party only; null: with whoever accepted to help. 限定出示对象。", optional=True
    )
    evidence: Mapped[str] = text(
        "By what it can be shown: the form's number, where it is filed; nobody's name. 依据(书面同意书编号等)。",
        prose=True,
    )
    revoked_on: Mapped[date | None] = day("When it was taken back. 撤回日期。", optional=True, fixed=True)


class AssessmentRow(Record):
    """What a client needs, materially, mentally and socially, as found on one day; and the grade that follows."""

    __tablename__ = "assessment"
    record = Kind(
        "Assessment",
        "assessments",
        "评估",
        "assessment",
        under="client_id",
        on="assessed_on",
        order=(("assessed_on", True), ("id", True)),
    )

    client_id: Mapped[int] = to("client", "Of whom. 服务对象。", back="assessments")
    assessed_on: Mapped[date] = day("When. 评估日期。")
    assessor_id: Mapped[int | None] = to("party", "By whom. 评估人。", optional=True, of=WORKERS)
    material: Mapped[str] = one_of(LEVEL, "Material needs. 物质需要。")
    mental: Mapped[str] = one_of(LEVEL, "Mental needs: company, purpose, belonging. 精神需要。")
    psychological: Mapped[str] = one_of(LEVEL, "Psychological needs. 心理需要。")
    grade: Mapped[str] = one_of(GRADE, "The grade that follows. 关注等级。")
    findings: Mapped[str | None] = text("What was found, without names. 评估情况。", prose=True, optional=True)


class CaseFileRow(Record):
    """A case: of a client, a household or a group, led by a worker by one method, until it is closed."""

    __tablename__ = "case_file"
    record = Kind(
        "CaseFile",
        "caseFiles",
        "个案(小组)档案",
        "case file",
        seen="PARTY",
        search="code",
        on="opened_on",
        until="closed_on",
        key=("code",),
        written=STAFF_AND_WORKER,
        args=(CheckConstraint("closed_on IS NULL OR outcome_id IS NOT NULL", name="closed_has_outcome"),),
    )

    code: Mapped[str] = text("The number of the file, nobody's name. 档案编号。")
    title: Mapped[str] = text("What it is about, in a few words, without names. 主题。")
    method: Mapped[str] = one_of(METHOD, "By which method. 工作方法。")
    client_id: Mapped[int | None] = to("client", "Whose. 服务对象。", optional=True, back="case_files")
    household_id: Mapped[int | None] = to("household", "Of which household. 家庭。", optional=True, back="case_files")
    worker_id: Mapped[int | None] = to("party", "Who leads it. 负责社工。", optional=True, of=WORKERS)
    opened_on: Mapped[date] = day("When it was opened. 立案日期。")
    closed_on: Mapped[date | None] = day("When it was closed. 结案日期。", optional=True)
    outcome_id: Mapped[int | None] = term("outcome", "What came of it; closing asks for it. 成效。", optional=True)
    close_reason: Mapped[str | None] = text(
        "Why it was closed before all its steps were done. 提前结案原因。", prose=True, optional=True
    )


class CaseStepRow(Record):
    """A step of the case's procedure that was taken: 接案, 预估, 计划, 介入, 评估, 结案 for casework."""

    __tablename__ = "case_step"
    record = Kind("CaseStep", "caseSteps", "办案步骤", "case step", under="case_file_id", on="done_on", key=("step",))

    case_file_id: Mapped[int] = to("case_file", "Of which case. 个案。", back="steps")
    step: Mapped[str] = text("Code of the step in the procedure of the case's method. 步骤代码。")
    done_on: Mapped[date] = day("When it was done. 完成日期。")
    note: Mapped[str | None] = text("What was done, without names. 内容。", prose=True, optional=True)


class CaseNeedRow(Record):
    """A need that belongs to a case: it may be met by other parties than the case's other needs."""

    __tablename__ = "case_need"
    record = Kind(
        "CaseNeed",
        "caseNeeds",
        "个案需求",
        "case need",
        under="case_file_id",
        key=("need_id",),
        args=(
            Index(
                "uq_case_need_need",
                "need_id",
                unique=True,
                postgresql_where=sql("withdrawn_at IS NULL"),
            ),
        ),
    )

    case_file_id: Mapped[int] = to("case_file", "Of which case. 个案。", back="needs")
    need_id: Mapped[int] = to("need", "Which need; it belongs to one case only. 需求。")


class CarePlanRow(Record):
    """What is aimed at with a client, and by which services, from when until when."""

    __tablename__ = "care_plan"
    record = Kind(
        "CarePlan",
        "carePlans",
        "个人服务计划",
        "care plan",
        under="client_id",
        on="from_on",
        until="until_on",
        order=(("from_on", True), ("id", True)),
    )

    client_id: Mapped[int] = to("client", "For whom. 服务对象。", back="care_plans")
    goals: Mapped[str] = text("What is aimed at, without names. 目标。", prose=True)
    services: Mapped[str] = text("Which services, how often, by whom in which role. 服务内容。", prose=True)
    target_grade: Mapped[str | None] = one_of(GRADE, "The grade aimed at. 目标等级。", optional=True)
    from_on: Mapped[date] = day("From when. 开始日期。")
    until_on: Mapped[date | None] = day("Until when. 结束日期。", optional=True)


class VisitRow(Record):
    """A visit or another contact; how often they are due stands in `visit_plan`."""

    __tablename__ = "visit"
    record = Kind(
        "Visit",
        "visits",
        "走访探访",
        "visit",
        seen="PARTY",
        on="visited_on",
        order=(("visited_on", True), ("id", True)),
        written=STAFF_AND_WORKER,
        args=(
            CheckConstraint("person_times >= persons", name="person_times"),
            Index("ix_visit_client", "client_id", sql("visited_on DESC")),
        ),
    )

    kind: Mapped[str] = one_of(VISIT_KIND, "How. 方式。", default="HOME")
    visited_on: Mapped[date] = day("When. 日期。")
    client_id: Mapped[int | None] = to("client", "Whom. 服务对象。", optional=True, back="visits")
    household_id: Mapped[int | None] = to("household", "Which household. 家庭。", optional=True, back="visits")
    case_file_id: Mapped[int | None] = to("case_file", "For which case. 个案。", optional=True, back="visits")
    worker_id: Mapped[int | None] = to("party", "By whom. 探访人。", optional=True, of=WORKERS)
    persons: Mapped[int] = whole("How many persons were seen. 人数。", least=1, default=1)
    person_times: Mapped[int] = whole("Times a person was seen; never less than persons. 人次。", least=1, default=1)
    findings: Mapped[str | None] = text("What was learnt, without names. 探访情况。", prose=True, optional=True)


class VisitPlanRow(Record):
    """How often somebody is to be seen: one client, or the clients of a grade in an area and all below it."""

    __tablename__ = "visit_plan"
    record = Kind(
        "VisitPlan",
        "visitPlans",
        "跟进计划",
        "visit plan",
        on="from_on",
        until="until_on",
        args=(CheckConstraint("client_id IS NULL OR grade IS NULL", name="client_or_grade"),),
    )

    client_id: Mapped[int | None] = to(
        "client", "For this client; goes before one by grade. 服务对象。", optional=True, back="visit_plans"
    )
    grade: Mapped[str | None] = one_of(GRADE, "For the clients of this grade here and below. 关注等级。", optional=True)
    every_days: Mapped[int] = whole("At least once in so many days. 间隔天数。", least=1)
    from_on: Mapped[date] = day("From when. 开始日期。")
    until_on: Mapped[date | None] = day("Until when. 结束日期。", optional=True)


class PairingRow(Record):
    """A client paired with a party that stands by: 结对帮扶."""

    __tablename__ = "pairing"
    record = Kind("Pairing", "pairings", "结对帮扶", "pairing", under="client_id", on="from_on", until="until_on")

    client_id: Mapped[int] = to("client", "Who is stood by. 服务对象。", back="pairings")
    party_id: Mapped[int] = to("party", "Who stands by. 结对主体。")
    what: Mapped[str | None] = text("What was agreed, without names. 结对内容。", prose=True, optional=True)
    from_on: Mapped[date] = day("From when. 开始日期。")
    until_on: Mapped[date | None] = day("Until when. 结束日期。", optional=True)


class GroupLedgerRow(Record):
    """How many persons of a client group an area had on a day (台账), where their files are not all kept here."""

    __tablename__ = "group_ledger"
    record = Kind(
        "GroupLedger",
        "groupLedgers",
        "重点人群台账",
        "group ledger",
        on="counted_on",
        key=("group_id", "counted_on"),
        order=(("counted_on", True), ("id", True)),
    )

    group_id: Mapped[int] = term("client_group", "Of which client group. 对象类别。")
    persons: Mapped[int] = whole("How many persons, each counted once. 人数。")
    counted_on: Mapped[date] = day("On which day. 统计日期。")

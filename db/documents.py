"""Rule documents (制度) of stations and areas, and milestones (时间节点) with what is overdue."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, day, flag, term, text, to


class RuleDocumentRow(Record):
    """A rule that is written down, in one of its versions: its text, or where it is to be read."""

    __tablename__ = "rule_document"
    record = Kind(
        "RuleDocument",
        "ruleDocuments",
        "制度",
        "rule document",
        seen="PUBLIC",
        search="title",
        on="from_on",
        until="until_on",
        key=("title", "version"),
        args=(CheckConstraint("num_nonnulls(body, address) >= 1", name="to_be_read"),),
    )

    kind_id: Mapped[int] = term("rule_document_kind", "What it rules. 制度类别。")
    title: Mapped[str] = text("Its title. 制度名称。")
    version: Mapped[str] = text("Which version it is. 版本。")
    body: Mapped[str | None] = text("Its text. 正文。", prose=True, optional=True)
    address: Mapped[str | None] = text("Where it is to be read. 网址。", optional=True)
    issued_by: Mapped[str | None] = text("Who issued it. 发布单位。", optional=True)
    station_id: Mapped[int | None] = to(
        "station", "The station it is of, where of one. 社工站。", optional=True, back="rules"
    )
    from_on: Mapped[date] = day("Its first day. 生效日期。")
    until_on: Mapped[date | None] = day("Its last day. 失效日期。", optional=True)


class MilestoneRow(Record):
    """Something that has to be done by a day."""

    __tablename__ = "milestone"
    record = Kind(
        "Milestone",
        "milestones",
        "时间节点",
        "milestone",
        seen="PUBLIC",
        search="title",
        on="due_on",
        key=("title", "due_on"),
        order=(("due_on", False), ("id", False)),
    )

    title: Mapped[str] = text("What has to be done. 任务。")
    plan: Mapped[str | None] = text("Which plan asks for it. 所属方案。", optional=True)
    duty: Mapped[str | None] = text("Who has to do it. 责任单位。", optional=True)
    from_on: Mapped[date | None] = day("When work on it begins. 开始日期。", optional=True)
    due_on: Mapped[date] = day("By when. 完成时限。")
    done_on: Mapped[date | None] = day("When it was done. 完成日期。", optional=True)
    #: Kept with `done_on`, so that what is overdue is a filter: not done, due until yesterday.
    done: Mapped[bool] = flag("Whether it is done. 是否完成。", fixed=True)
    note: Mapped[str | None] = text("What was done, or why not yet. 说明。", prose=True, optional=True)

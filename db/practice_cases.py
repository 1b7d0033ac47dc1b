"""The case library (案例库): practice told without names, to learn from."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from db.records import Kind, Record, day, flag, term, text, to


class PracticeCaseRow(Record):
    """A case as it is told at a case show: what the problem was, what was done, what came of it; nobody's name."""

    __tablename__ = "practice_case"
    record = Kind(
        "PracticeCase",
        "practiceCases",
        "实务案例",
        "practice case",
        seen="PUBLIC",
        search="title",
        on="shown_on",
        key=("title",),
    )

    title: Mapped[str] = text("Its title. 案例名称。")
    domain_id: Mapped[int] = term("domain", "Of which domain of service it is. 服务领域。")
    method_id: Mapped[int | None] = term("method", "By which method of social work. 工作方法。", optional=True)
    problem: Mapped[str] = text("What the problem was, without names. 问题。", prose=True)
    process: Mapped[str] = text("What was done. 过程。", prose=True)
    outcome: Mapped[str] = text("What came of it. 成效。", prose=True)
    teller_id: Mapped[int | None] = to(
        "party", "The organization that tells it. 报送机构。", optional=True, of=("ORGANIZATION", "COMMUNITY")
    )
    activity_id: Mapped[int | None] = to(
        "activity", "The case show at which it was told. 案例展示。", optional=True, back="cases"
    )
    shown_on: Mapped[date | None] = day("When it was shown first. 展示日期。", optional=True)
    published: Mapped[bool] = flag("Whether it was chosen for the library that every station learns from. 入选案例库。")

"""Supervision of stations: professional by a senior worker of the operator, administrative by region and city."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, flag, one_of, text, to

SUPERVISION_KIND = codes(
    "supervision_kind",
    "SupervisionKind",
    "Which of the two supervisions. 督导类别。",
    PROFESSIONAL=("By a senior worker of the operator, beside the work itself.", "专业督导"),
    ADMINISTRATIVE=("By the civil affairs office of region, city or county.", "行政督导"),
)
SUPERVISION_LEVEL = codes(
    "supervision_level",
    "SupervisionLevel",
    "The level of the office that supervises. 行政督导的层级。",
    PROVINCE=("Province or autonomous region.", "省(自治区)级"),
    PREFECTURE=("City or prefecture.", "市(州)级"),
    COUNTY=("County.", "县级"),
)


class SupervisionRow(Record):
    """One supervision of a station, or of one who works there."""

    __tablename__ = "supervision"
    record = Kind(
        "Supervision",
        "supervisions",
        "督导记录",
        "supervision",
        seen="PARTY",
        under="station_id",
        search="supervisor_name",
        on="supervised_on",
        order=(("supervised_on", True), ("id", True)),
        written=("COORDINATOR", "PARTNER"),
        args=(
            CheckConstraint("(kind = 'ADMINISTRATIVE') = (level IS NOT NULL)", name="level_of_office"),
            CheckConstraint("supervisor_id IS NOT NULL OR supervisor_name IS NOT NULL", name="somebody"),
            CheckConstraint("next_on > supervised_on", name="next_later"),
        ),
    )

    station_id: Mapped[int] = to("station", "Of which station. 社工站。", back="supervisions")
    kind: Mapped[str] = one_of(SUPERVISION_KIND, "Which of the two. 督导类别。")
    level: Mapped[str | None] = one_of(
        SUPERVISION_LEVEL, "Of which level the office is; for an administrative one only. 层级。", optional=True
    )
    supervisor_id: Mapped[int | None] = to(
        "party",
        "Who supervised, where registered here. 督导者。",
        optional=True,
        of=("SOCIAL_WORKER", "ORGANIZATION", "COMMUNITY"),
    )
    supervisor_name: Mapped[str | None] = text("Who supervised, in words. 督导者姓名(名称)。", optional=True)
    worker_id: Mapped[int | None] = to(
        "party",
        "Whose work, where it was about one; null: the station's. 被督导社工。",
        optional=True,
        of=("SOCIAL_WORKER", "ASSISTANT"),
    )
    supervised_on: Mapped[date] = day("On which day. 督导日期。")
    findings: Mapped[str] = text("What was found, and what is to be done. 督导意见。", prose=True)
    next_on: Mapped[date | None] = day("When the next one is meant to be. 下次督导日期。", optional=True)


class SupervisionTeamRow(Record):
    """A team of supervisors that an area has: 14 cities all have one."""

    __tablename__ = "supervision_team"
    record = Kind(
        "SupervisionTeam",
        "supervisionTeams",
        "督导团队",
        "team of supervisors",
        seen="PUBLIC",
        search="name",
        on="from_on",
        until="until_on",
        key=("kind", "name"),
    )

    kind: Mapped[str] = one_of(SUPERVISION_KIND, "For which supervision. 督导类别。")
    name: Mapped[str | None] = text("Its name. 名称。", optional=True)
    established: Mapped[bool] = flag(
        "Whether there is one; false where an area says that it has none. 是否已建立。", default=True
    )
    from_on: Mapped[date] = day("Since when. 建立日期。")
    until_on: Mapped[date | None] = day("Last day. 截止日期。", optional=True)

"""Activities (活动): what was held, with four figures that are never taken for one another."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, day, term, text, to, whole


class ActivityRow(Record):
    """Something held for or with people: a festival, a class, a round of visits, an exchange, an inspection.

    `persons` are different people, each counted once; `person_times` count who came twice twice; `reach` is whom it
    concerned, there or not; `sessions` is how often it took place. A published total of many activities may be one row,
    whose `count` says of how many.
    """

    __tablename__ = "activity"
    record = Kind(
        "Activity",
        "activities",
        "活动",
        "activity",
        seen="PUBLIC",
        search="name",
        on="held_on",
        until="until_on",
        key=("name", "held_on", "kind_id"),
        args=(
            CheckConstraint("person_times >= persons", name="person_times_cover_persons"),
            CheckConstraint("reach >= persons", name="reach_covers_persons"),
            CheckConstraint("sessions >= count", name="sessions_cover_count"),
        ),
    )

    name: Mapped[str] = text("What it was called. 活动名称。")
    kind_id: Mapped[int] = term("activity_kind", "What kind it was. 活动类型。")
    held_on: Mapped[date] = day("Its day, or the first of several. 日期。")
    until_on: Mapped[date | None] = day("The last day, where it took several. 结束日期。", optional=True)
    count: Mapped[int] = whole("How many activities the row stands for. 活动次数。", least=1, default=1)
    sessions: Mapped[int | None] = whole("How many sessions were held. 场次。", least=1, optional=True)
    persons: Mapped[int | None] = whole("Different persons who took part, each counted once. 人数。", optional=True)
    person_times: Mapped[int | None] = whole("Persons counted each time they took part. 人次。", optional=True)
    reach: Mapped[int | None] = whole("Persons it reached, there or not. 覆盖人数。", optional=True)
    party_members: Mapped[int | None] = whole(
        "Party members who took part, in person-times. 参与党员人次。", optional=True
    )
    station_id: Mapped[int | None] = to(
        "station", "The station that held it. 社工站。", optional=True, back="activities"
    )
    programme_id: Mapped[int | None] = to(
        "programme", "The programme it was part of. 服务项目。", optional=True, back="activities"
    )
    domain_id: Mapped[int | None] = term("domain", "Of which domain of service it was. 服务领域。", optional=True)
    place: Mapped[str | None] = text("Where it took place. 地点。", optional=True)

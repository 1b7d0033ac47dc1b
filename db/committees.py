"""Committees of residents (居民自治组织): founded with a station's help, such as a children's committee."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, one_of, term, text, to, whole

COMMITTEE_SEAT = codes(
    "committee_seat",
    "CommitteeSeat",
    "What somebody is in a committee. 在委员会中的职务。",
    CHAIR=("Leads it.", "主任"),
    DEPUTY=("Stands in for who leads it.", "副主任"),
    MEMBER=("A member.", "委员"),
    ADVISER=("Advises it without a seat.", "顾问"),
)


class CommitteeRow(Record):
    """A committee of a community, with how many members it was said to have."""

    __tablename__ = "committee"
    record = Kind(
        "Committee",
        "committees",
        "委员会",
        "committee",
        seen="PUBLIC",
        search="name",
        on="founded_on",
        until="ended_on",
        key=("name",),
    )

    name: Mapped[str] = text("Its name. 委员会名称。")
    kind_id: Mapped[int] = term("committee_kind", "What kind it is. 委员会类型。")
    community_id: Mapped[int | None] = to(
        "party", "The community it belongs to. 村(社区)。", optional=True, of=("COMMUNITY",)
    )
    founded_on: Mapped[date | None] = day("When it was founded. 成立日期。", optional=True)
    ended_on: Mapped[date | None] = day("When it ended. 结束日期。", optional=True)
    members: Mapped[int | None] = whole("How many members it has. 成员人数。", optional=True)
    mission: Mapped[str | None] = text("What it does, and how one takes part in it. 职责。", prose=True, optional=True)


class CommitteeMemberRow(Record):
    """Who sits in a committee: a registered person, or so many of a group (党员、村民骨干)."""

    __tablename__ = "committee_member"
    record = Kind(
        "CommitteeMember",
        "committeeMembers",
        "委员会成员",
        "committee member",
        seen="STAFF",
        under="committee_id",
        on="from_on",
        until="until_on",
        key=("party_id", "whom", "seat", "from_on"),
        args=(CheckConstraint("num_nonnulls(party_id, whom) >= 1", name="somebody"),),
    )

    committee_id: Mapped[int] = to("committee", "Which committee. 委员会。", back="seats")
    party_id: Mapped[int | None] = to(
        "party", "The person, where registered. 成员。", optional=True, of=("SOCIAL_WORKER", "VOLUNTEER", "ASSISTANT")
    )
    whom: Mapped[str | None] = text("What group of residents they are. 成员类别。", optional=True)
    seat: Mapped[str] = one_of(COMMITTEE_SEAT, "What they are in it. 职务。", default="MEMBER")
    persons: Mapped[int] = whole("How many persons the row stands for. 人数。", least=1, default=1)
    from_on: Mapped[date | None] = day("Since when. 开始日期。", optional=True)
    until_on: Mapped[date | None] = day("Until when. 结束日期。", optional=True)

"""Posts of stations: who works there, since when, and how they came."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, flag, money, one_of, term, text, to, whole

POST_KIND = codes(
    "post_kind",
    "PostKind",
    "What kind of post it is. 岗位类别。",
    FULL_TIME=("A social worker, full time.", "专职社工"),
    PART_TIME=("A social worker, part time.", "兼职社工"),
    ASSISTANT=("An assistant of a village room.", "社工助理员"),
)


class PostRow(Record):
    """A post of a station; with `persons` above one, as many of the same that a published row stands for."""

    __tablename__ = "post"
    record = Kind(
        "Post",
        "posts",
        "驻站岗位",
        "post",
        seen="PARTY",
        under="station_id",
        on="from_on",
        until="until_on",
        args=(
            CheckConstraint("persons >= 1", name="persons_positive"),
            CheckConstraint(
                "(season_from IS NULL) = (season_until IS NULL)"
                " AND season_from BETWEEN 1 AND 12 AND season_until BETWEEN 1 AND 12",
                name="season_of_months",
            ),
        ),
    )

    station_id: Mapped[int] = to("station", "At which station. 社工站。", back="posts")
    worker_id: Mapped[int | None] = to(
        "party",
        "Who holds it, where registered here. 任职者。",
        optional=True,
        of=("SOCIAL_WORKER", "ASSISTANT", "VOLUNTEER"),
    )
    employer_id: Mapped[int | None] = to(
        "party", "Who employs them. 用人单位。", optional=True, of=("COMMUNITY", "ORGANIZATION", "DONOR_FIRM", "FUND")
    )
    kind: Mapped[str] = one_of(POST_KIND, "What kind of post. 岗位类别。")
    persons: Mapped[int] = whole("How many persons this row stands for. 人数。", least=1, default=1)
    from_on: Mapped[date] = day("Since when. 到岗日期。")
    until_on: Mapped[date | None] = day("Last day. 离岗日期。", optional=True)
    route_id: Mapped[int | None] = term("recruitment_route", "How they were found. 招录方式。", optional=True)
    contract: Mapped[bool | None] = flag("Has a contract of labour. 是否签订劳动合同。", default=None, optional=True)
    insured: Mapped[bool | None] = flag("Is insured. 是否办理保险。", default=None, optional=True)
    monthly_pay: Mapped[Decimal | None] = money("Pay a month for each person, in yuan. 月薪酬(元)。", optional=True)
    stipend: Mapped[Decimal | None] = money(
        "Stipend of an assistant a month for each person, in yuan. 月津贴(元)。", optional=True
    )
    born_year: Mapped[int | None] = whole("Year of birth. 出生年份。", least=1900, optional=True)
    degree_id: Mapped[int | None] = term("degree", "Highest degree. 学历。", optional=True)
    grade_id: Mapped[int | None] = term(
        "worker_grade", "Grade of the certificate; null: none. 社工证等级。", optional=True
    )
    local: Mapped[bool | None] = flag("From the place. 是否本地人。", default=None, optional=True)
    season_from: Mapped[int | None] = whole(
        "First month of the year in which they are here (migratory-bird talents come for the winter). 在岗起始月。",
        least=1,
        optional=True,
    )
    season_until: Mapped[int | None] = whole(
        "Last month; before the first where it lies in the next year. 在岗截止月。", least=1, optional=True
    )
    note: Mapped[str | None] = text("A note. 备注。", optional=True)

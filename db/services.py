"""What was done for a referral: one row a record, its figures by kind; a correction is a row that replaces another.

Which figures a kind requires, allows or forbids is `KINDS`, and nothing else: the check constraint, the use cases and
the table of docs/services.md are drawn from it. Sessions (场次), persons (人数), person-times (人次) and reach
(覆盖人数) are four figures, not four names of one.

    python -m db.services        prints the table of docs/services.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Row,
    Text,
    any_,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.referrals  # noqa: F401  (its table is pointed at below)
from db.base import REFERRAL_SIDE, SERVICE_KIND, Base, now_column, primary_key
from db.terms import ResourceTypeRow
from db.viewer import Viewer
from db.visibility import areas_within, shape, values, visible

#: Columns that hold a figure, in the order they are told; GraphQL name, 中文, English.
FIGURES: dict[str, tuple[str, str, str]] = {
    "sessions": ("sessions", "场次", "sessions"),
    "persons": ("persons", "人数", "persons"),
    "person_times": ("personTimes", "人次", "person-times"),
    "reach": ("reach", "覆盖人数", "reach"),
    "quantity": ("quantity", "数量", "quantity"),
    "amount": ("amount", "金额(元)", "amount in yuan"),
    "minutes": ("minutes", "分钟", "minutes"),
}
#: Figures that are never less than another where both are given: (the greater, the smaller).
AT_LEAST = (("person_times", "persons"), ("reach", "persons"))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of service record; a figure that is neither required nor optional is forbidden.

    `resource_kind`: only referrals of needs of this kind can have such a record.
    """

    code: str
    zh: str
    en: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    resource_kind: str | None = None

    def rule(self, figure: str) -> str:
        """ "required", "optional" or "forbidden"."""
        return "required" if figure in self.required else "optional" if figure in self.optional else "forbidden"


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("VISIT", "走访", "visit", ("persons", "person_times"), ("reach",)),
        Kind("CASEWORK", "个案工作", "casework", ("persons", "person_times"), ("sessions",)),
        Kind("GROUP_WORK", "小组工作", "group work", ("sessions", "persons", "person_times"), ("reach",)),
        Kind(
            "COMMUNITY_ACTIVITY",
            "社区活动",
            "community activity",
            ("sessions", "person_times", "reach"),
            ("persons",),
        ),
        Kind("GOODS_DELIVERED", "物资发放", "goods delivered", ("quantity", "persons"), ("reach",), "GOODS"),
        Kind("MONEY_PAID", "资金发放", "money paid", ("amount", "persons"), ("reach",)),
        Kind("HOURS", "服务时长", "hours", ("minutes",), ("persons", "person_times")),
    )
}


def _figures_fit() -> str:
    """The table as a condition of SQL; a withdrawn record holds no figure at all."""
    every = ", ".join(FIGURES)
    cases = []
    for kind in KINDS.values():
        required = ", ".join(kind.required)
        forbidden = ", ".join(one for one in FIGURES if kind.rule(one) == "forbidden")
        cases.append(
            f"WHEN '{kind.code}'::service_kind THEN num_nulls({required}) = 0 AND num_nonnulls({forbidden}) = 0"
        )
    return f"CASE WHEN withdrawn THEN num_nonnulls({every}) = 0 ELSE CASE kind {' '.join(cases)} END END"


class ServiceRecordRow(Base):
    __tablename__ = "service_record"

    id: Mapped[int] = primary_key()
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"))
    #: Copied from the referral, so that lists and sums need no join; they never change there.
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    #: The need's, whose unit `quantity` is in.
    resource_type_id: Mapped[int] = mapped_column(ForeignKey("resource_type.id"))
    kind: Mapped[str] = mapped_column(SERVICE_KIND)
    served_on: Mapped[date] = mapped_column(Date)
    sessions: Mapped[int | None] = mapped_column(Integer)
    persons: Mapped[int | None] = mapped_column(Integer)
    person_times: Mapped[int | None] = mapped_column(Integer)
    reach: Mapped[int | None] = mapped_column(Integer)
    quantity: Mapped[int | None] = mapped_column(Integer)
    #: Yuan, to the fen.
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    #: Of all who served together: two people for half an hour are 60.
    minutes: Mapped[int | None] = mapped_column(Integer)
    hours: Mapped[Decimal | None] = mapped_column(Numeric(14, 2), Computed("round(minutes / 60.0, 2)", persisted=True))
    note: Mapped[str | None] = mapped_column(Text)
    #: It only says that the one it replaces was recorded by mistake.
    withdrawn: Mapped[bool] = mapped_column(Boolean, server_default="false")
    side: Mapped[str] = mapped_column(REFERRAL_SIDE)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime] = now_column()
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("service_record.id"), unique=True)
    #: The way back of `replaces_id`, so that what stands is one index; no other column of a row ever changes.
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("service_record.id"), unique=True)

    __table_args__ = (
        CheckConstraint(_figures_fit(), name="figures_fit_kind"),
        CheckConstraint("least(sessions, persons, person_times, reach, quantity, minutes) > 0", name="figures_above_0"),
        CheckConstraint("amount > 0", name="amount_above_0"),
        *(
            CheckConstraint(f"{greater} >= {smaller}", name=f"{greater}_at_least_{smaller}")
            for greater, smaller in AT_LEAST
        ),
        CheckConstraint("NOT withdrawn OR replaces_id IS NOT NULL", name="withdrawn_replaces"),
        Index("ix_service_record_referral", "referral_id", "id"),
        Index("ix_service_record_provider", "provider_id", text("served_on DESC"), "id"),
        Index("ix_service_record_community", "community_id", text("served_on DESC"), "id"),
        Index("ix_service_record_county", "county_id", text("served_on DESC"), text("id DESC")),
        Index("ix_service_record_order", text("served_on DESC"), text("id DESC")),
        Index(
            "ix_service_record_hours",
            "provider_id",
            "served_on",
            postgresql_where=text("kind = 'HOURS'::service_kind AND replaced_by_id IS NULL AND NOT withdrawn"),
        ),
    )


_T: Any = ServiceRecordRow.__table__


def standing(table: Any) -> Any:
    """The record counts: nothing replaced it, and it does not withdraw another."""
    return table.c.replaced_by_id.is_(None) & ~table.c.withdrawn


async def add(conn: AsyncConnection, row: Mapping[str, Any]) -> int:
    """Inserts a checked record; where it replaces another that one points at it afterwards. Its id.

    The caller has locked the referral, so that nobody else replaces the same one.
    """
    id = int((await conn.execute(insert(ServiceRecordRow).values(**row).returning(_T.c.id))).scalar_one())
    if row.get("replaces_id") is not None:
        await conn.execute(update(_T).where(_T.c.id == row["replaces_id"]).values(replaced_by_id=id))
    return id


async def delivered(conn: AsyncConnection, referral_id: int, *, without: int | None = None) -> int:
    """Goods that the standing records of a referral say were delivered, one record left out."""
    counted = select(func.coalesce(func.sum(_T.c.quantity), 0)).where(
        _T.c.referral_id == referral_id, standing(_T), _T.c.id.is_distinct_from(without)
    )
    return int((await conn.execute(counted)).scalar_one())


async def paid(conn: AsyncConnection, referral_id: int, *, without: int | None = None) -> Decimal:
    """Yuan that the standing records of a referral say were paid, one record left out."""
    counted = select(func.coalesce(func.sum(_T.c.amount), 0)).where(
        _T.c.referral_id == referral_id, standing(_T), _T.c.id.is_distinct_from(without)
    )
    return Decimal((await conn.execute(counted)).scalar_one())


async def minutes_on(conn: AsyncConnection, provider_id: int, day: date, *, without: int | None = None) -> int:
    """Minutes that a provider's standing records say of one day, one record left out."""
    counted = select(func.coalesce(func.sum(_T.c.minutes), 0)).where(
        _T.c.provider_id == provider_id,
        _T.c.kind == "HOURS",
        _T.c.served_on == day,
        standing(_T),
        _T.c.id.is_distinct_from(without),
    )
    return int((await conn.execute(counted)).scalar_one())


async def minutes_of(conn: AsyncConnection, provider_ids: Sequence[int]) -> dict[int, int]:
    """Minutes of all standing records by provider; none for who has none. One index scan a provider."""
    found = await conn.execute(
        select(_T.c.provider_id, func.sum(_T.c.minutes))
        .where(
            _T.c.provider_id == any_(bindparam("ids", list(provider_ids), ARRAY(BigInteger))),
            _T.c.kind == "HOURS",
            standing(_T),
        )
        .group_by(_T.c.provider_id)
    )
    return {id: int(minutes) for id, minutes in found}


async def headcount(conn: AsyncConnection, party_id: int) -> int | None:
    """Of a volunteer or team; None for every other party."""
    party = Base.metadata.tables["party"]
    headcount: int | None = (await conn.execute(select(party.c.headcount).where(party.c.id == party_id))).scalar_one()
    return headcount


async def resource_kind(conn: AsyncConnection, need_id: int) -> Row[int, str, str]:
    """(resource_type_id, kind, unit) of what a need asks for."""
    need = Base.metadata.tables["need"]
    found = await conn.execute(
        select(ResourceTypeRow.id, ResourceTypeRow.kind, ResourceTypeRow.unit)
        .join(need, need.c.resource_type_id == ResourceTypeRow.id)
        .where(need.c.id == need_id)
    )
    return found.one()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over standing records; `quantities` is [(resource_type_id, quantity)] in the types' own order."""

    records: int
    sessions: int
    persons: int
    person_times: int
    reach: int
    minutes: int
    amount: Decimal
    quantities: list[tuple[int, int]]


async def totals(
    conn: AsyncConnection,
    viewer: Viewer,
    *,
    area_id: int | None = None,
    party_id: int | None = None,
    kinds: Sequence[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Totals:
    """Sums over the standing records that the viewer may see, both days included. One statement, one scan.

    Goods are summed by type only: their units differ.
    """
    conditions = [visible("service_record", _T, shape(viewer)), standing(_T)]
    if area_id is not None:
        conditions.append(_T.c.area_id.in_(areas_within(bindparam("area_id", area_id, Integer))))
    if party_id is not None:
        conditions.append((_T.c.provider_id == party_id) | (_T.c.community_id == party_id))
    if kinds is not None:
        conditions.append(_T.c.kind == any_(bindparam("kinds", list(kinds), ARRAY(_T.c.kind.type))))
    if since is not None:
        conditions.append(_T.c.served_on >= since)
    if until is not None:
        conditions.append(_T.c.served_on <= until)
    summed = [func.sum(_T.c[name]).label(name) for name in FIGURES]
    grouped = (
        select(
            _T.c.resource_type_id,
            func.grouping(_T.c.resource_type_id).label("all"),
            func.count().label("records"),
            *summed,
        )
        .where(*conditions)
        .group_by(func.rollup(_T.c.resource_type_id))
        .subquery()
    )
    position = ResourceTypeRow.__table__
    query = (
        select(grouped)
        .outerjoin(position, position.c.id == grouped.c.resource_type_id)
        .order_by(grouped.c.all.desc(), position.c.position, position.c.id)
    )
    whole, *types = (await conn.execute(query, values(viewer))).all()
    return Totals(
        records=whole.records,
        sessions=int(whole.sessions or 0),
        persons=int(whole.persons or 0),
        person_times=int(whole.person_times or 0),
        reach=int(whole.reach or 0),
        minutes=int(whole.minutes or 0),
        amount=whole.amount or Decimal("0.00"),
        quantities=[(row.resource_type_id, int(row.quantity)) for row in types if row.quantity],
    )


def markdown() -> str:
    """The table as docs/services.md shows it."""
    names = [f"{zh} `{name}`" for name, zh, _ in FIGURES.values()]
    lines = [f"| kind | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    shown = {"required": "required 必填", "optional": "may 可填", "forbidden": "—"}
    for kind in KINDS.values():
        cells = [shown[kind.rule(figure)] for figure in FIGURES]
        lines.append(f"| {kind.zh} `{kind.code}` | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())

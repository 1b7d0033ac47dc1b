"""Reports that were submitted, frozen as they were; and who owes which report by when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import DDL, CheckConstraint, Integer, any_, bindparam, event, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from db.areas import AreaRow
from db.records import Kind, Record, codes, day, flag, one_of, text, whole

REPORT_CADENCE = codes(
    "report_cadence",
    "ReportCadence",
    "How often a report is made. 报告周期。",
    DAY=("Daily monitoring.", "日监测"),
    WEEK=("Weekly summary, from Monday to Sunday.", "周总结"),
    MONTH=("Monthly report.", "月报告"),
    QUARTER=("Quarterly review.", "季调度"),
    HALF_YEAR=("Half-year bulletin.", "半年通报"),
    YEAR=("Year-end assessment.", "年终考核"),
)
REPORT_LEVEL = codes(
    "report_level",
    "ReportLevel",
    "Areas of which level owe a report. 报送层级。",
    PROVINCE=("Provinces.", "省级"),
    PREFECTURE=("Prefectures and cities.", "市(州)级"),
    COUNTY=("Counties.", "县级"),
    TOWNSHIP=("Townships and streets.", "乡镇(街道)级"),
)


class ReportRow(Record):
    """A report as it was submitted. Nothing of it ever changes: the database itself refuses (`GUARDS`)."""

    __tablename__ = "report"
    record = Kind(
        "SubmittedReport",
        "reports",
        "已报送报告",
        "submitted report",
        on="from_on",
        until="until_on",
        key=("cadence", "from_on"),
        order=(("from_on", True), ("id", True)),
        saved=False,
    )

    cadence: Mapped[str] = one_of(REPORT_CADENCE, "Which report. 报告周期。", fixed=True)
    period: Mapped[str] = text(
        "The period as it is asked for: 2026-11, 2026-W47, 2026-Q4, 2026-H2, 2026. 统计期间。", fixed=True
    )
    from_on: Mapped[date] = day("Its first day. 起始日期。", fixed=True)
    until_on: Mapped[date] = day("Its last day. 截止日期。", fixed=True)
    note: Mapped[str | None] = text("What was said with it. 说明。", prose=True, optional=True, fixed=True)
    digest: Mapped[str] = text("SHA-256 of the figures, in hexadecimal. 数据摘要。", fixed=True)
    #: As `resolvers.report_submissions.frozen` makes them.
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ReportDutyRow(Record):
    """Who owes a report in an area and all below it, until when; goes before what is shipped."""

    __tablename__ = "report_duty"
    record = Kind(
        "ReportDuty",
        "reportDuties",
        "报送要求",
        "duty to report",
        seen="PUBLIC",
        on="from_on",
        until="until_on",
        key=("level", "cadence", "from_on"),
        args=(CheckConstraint("working_days <= 366", name="days_in_range"),),
    )

    level: Mapped[str] = one_of(REPORT_LEVEL, "Areas of which level owe it. 报送层级。")
    cadence: Mapped[str] = one_of(REPORT_CADENCE, "Which report. 报告周期。")
    working_days: Mapped[int] = whole("Due at the end of this working day after the period. 期满后工作日数。")
    owed: Mapped[bool] = flag("Whether it is owed; false frees who would owe it. 是否需要报送。", default=True)
    from_on: Mapped[date] = day("Since when it holds. 生效日期。")
    until_on: Mapped[date | None] = day("The last day it holds. 失效日期。", optional=True)


#: What the database itself holds to: areas may move to another county, everything else stays.
GUARDS = (
    """CREATE FUNCTION refuse_report_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a submitted report stays as it is' USING ERRCODE = 'integrity_constraint_violation';
END
$$""",
    "CREATE TRIGGER report_stays BEFORE DELETE OR UPDATE OF cadence, period, from_on, until_on, note, digest, figures,"
    " area_id, recorded_at, changed_at, withdrawn_at, actor_id, source ON report"
    " FOR EACH ROW EXECUTE FUNCTION refuse_report_change()",
)
for _statement in GUARDS:
    event.listen(ReportRow.__table__, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]

_R: Any = ReportRow.__table__
_D: Any = ReportDutyRow.__table__


async def submitted(conn: AsyncConnection, area_id: int, cadence: str, from_on: date) -> Any:
    """(id, figures, recorded_at, digest) of the report of a period; None where none was submitted."""
    query = select(_R.c.id, _R.c.figures, _R.c.recorded_at, _R.c.digest).where(
        _R.c.area_id == area_id, _R.c.cadence == cadence, _R.c.from_on == from_on, _R.c.withdrawn_at.is_(None)
    )
    return (await conn.execute(query)).first()


async def submitted_since(conn: AsyncConnection, area_ids: Collection[int], since: date) -> set[tuple[int, str, date]]:
    """(area_id, cadence, from_on) of the reports of these areas for periods that begin on that day or later."""
    found = await conn.execute(
        select(_R.c.area_id, _R.c.cadence, _R.c.from_on).where(
            _R.c.area_id == any_(bindparam("areas", list(area_ids), ARRAY(Integer))),
            _R.c.from_on >= since,
            _R.c.withdrawn_at.is_(None),
        )
    )
    return {(row[0], row[1], row[2]) for row in found}


async def duties(conn: AsyncConnection) -> Sequence[Any]:
    """Every duty that somebody set: (area_id, level, cadence, working_days, owed, from_on, until_on)."""
    names = ("area_id", "level", "cadence", "working_days", "owed", "from_on", "until_on")
    query = select(*(_D.c[name] for name in names)).where(_D.c.withdrawn_at.is_(None))
    return (await conn.execute(query.order_by(_D.c.from_on, _D.c.id))).all()


async def areas_of(conn: AsyncConnection, area_id: int, levels: Collection[str]) -> list[int]:
    """Ids of an area and of those below it that are of these levels, by code."""
    area: Any = AreaRow.__table__
    query = (
        select(area.c.id)
        .where(area.c.ancestor_ids.contains([area_id]), area.c.level.in_(sorted(levels)))
        .order_by(area.c.code)
    )
    return [int(one) for one in (await conn.execute(query)).scalars()]

"""Money: where it comes from (pools, budget lines, donations), what it is promised to, what was paid.

These rows say what was agreed; what moved stands in the ledger (`db.ledger`), and the figures kept here for lists are
written with it, by the same acts. None of them is saved like another record: money is set, committed, paid, undone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    any_,
    bindparam,
    false,
    func,
    or_,
    select,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

import db.projects
import db.stations  # noqa: F401  (their tables are pointed at below)
from db.areas import AreaRow
from db.base import Base
from db.ledger import AccountRow, JournalRow, PostingRow
from db.parties import PartyRow
from db.records import Kind, Record, codes, day, money, one_of, term, text, to, whole

DONATION_ORIGIN = codes(
    "donation_origin",
    "DonationOrigin",
    "How a donation came about. 来由。",
    GIVEN=("It was given.", "捐入"),
    REDIRECTED=("A part of another, put to this use with the donor's consent.", "经同意改变用途"),
    SURPLUS=("What was left of another, for a similar purpose.", "结余转用"),
)
COMMITMENT_FOR = codes(
    "commitment_for",
    "CommitmentFor",
    "What money is promised to. 承诺对象。",
    PROJECT=("A project.", "项目"),
    STATION=("A station.", "社工站"),
    REFERRAL=("An order.", "点单"),
    STIPENDS=("Stipends of assistants.", "助理员津贴"),
)
PAYMENT_FOR = codes(
    "payment_for",
    "PaymentFor",
    "What was paid for. 支出类别。",
    STAFF=("Pay, insurance and other costs of staff.", "人员经费"),
    SERVICE=("Services.", "服务"),
    GOODS=("Goods and equipment.", "物资设备"),
    RELIEF=("Help paid to those in need.", "救助帮扶"),
    STIPEND=("A stipend.", "津贴"),
    OTHER=("Anything else.", "其他"),
)
_GIVERS = ("ORGANIZATION", "COMMUNITY", "DONOR_FIRM", "FUND")


class FundPoolRow(Record):
    """Money that several put together for some years."""

    __tablename__ = "fund_pool"
    record = Kind(
        "FundPool",
        "fundPools",
        "资金池",
        "pool of funds",
        search="name",
        on="from_on",
        until="until_on",
        key=("name",),
        saved=False,
    )

    name: Mapped[str] = text("Its name. 名称。")
    from_on: Mapped[date] = day("First day of its cycle. 周期起。")
    until_on: Mapped[date] = day("Last day of its cycle. 周期止。")
    earmark_id: Mapped[int | None] = term(
        "client_group", "Only for this client group or domain. 指定用途(对象或领域)。", optional=True
    )


class PoolShareRow(Record):
    """What one contributor gives to a pool."""

    __tablename__ = "pool_share"
    record = Kind("PoolShare", "poolShares", "出资", "share of a pool", under="pool_id", on="given_on", saved=False)

    pool_id: Mapped[int] = to("fund_pool", "Of which pool. 资金池。", back="shares")
    contributor_id: Mapped[int] = to("party", "Who gives it. 出资方。", of=_GIVERS)
    fund_source_id: Mapped[int] = term("fund_source", "From which money. 资金来源。")
    amount: Mapped[Decimal] = money("Yuan. 金额(元)。")
    given_on: Mapped[date] = day("When it was given. 出资日期。")
    from_on: Mapped[date | None] = day("For the time from this day. 出资期间起。", optional=True)
    until_on: Mapped[date | None] = day("For the time to this day. 出资期间止。", optional=True)
    reversed_on: Mapped[date | None] = day("When it was undone by a counter-entry. 冲销日期。", optional=True)


class BudgetLineRow(Record):
    """Money that is set aside for a year: out of the budget of an area, or out of a pool."""

    __tablename__ = "budget_line"
    record = Kind(
        "BudgetLine", "budgetLines", "预算项", "budget line", search="name", key=("name", "year"), saved=False
    )

    name: Mapped[str] = text("Its name. 名称。")
    year: Mapped[int] = whole("Of which year. 年度。", least=2000)
    fund_source_id: Mapped[int] = term("fund_source", "From which money. 资金来源。")
    pool_id: Mapped[int | None] = to(
        "fund_pool", "Out of which pool; null: out of the budget. 所属资金池。", optional=True, back="budget_lines"
    )
    earmark_id: Mapped[int | None] = term(
        "client_group", "Only for this client group or domain. 指定用途(对象或领域)。", optional=True
    )
    amount: Mapped[Decimal] = money("Yuan, as last set. 金额(元)。")


class DonationRow(Record):
    """What a donor gave, and for what: another use needs the donor's consent."""

    __tablename__ = "donation"
    record = Kind(
        "Donation",
        "donations",
        "捐赠",
        "donation",
        on="donated_on",
        saved=False,
        args=(
            CheckConstraint("(origin = 'GIVEN') = (origin_donation_id IS NULL)", name="origin_named"),
            CheckConstraint(
                "origin <> 'REDIRECTED' OR num_nulls(consented_on, consent_reference, consent_by_id) = 0",
                name="redirected_with_consent",
            ),
        ),
    )

    donor_id: Mapped[int] = to("party", "Who gave it. 捐赠人。")
    amount: Mapped[Decimal] = money("Yuan. 金额(元)。")
    donated_on: Mapped[date] = day("When. 捐赠日期。")
    earmark_id: Mapped[int | None] = term(
        "client_group",
        "For which client group or domain the donor means it; null: for any. 捐赠人指定用途。",
        optional=True,
    )
    origin: Mapped[str] = one_of(DONATION_ORIGIN, "How it came about. 来由。", default="GIVEN")
    origin_donation_id: Mapped[int | None] = to(
        "donation", "Out of which donation, where it was not given itself. 原捐赠。", optional=True, back="made_of_it"
    )
    consent_by_id: Mapped[int | None] = to(
        "party", "Who consented to this use: the donor. 同意人(捐赠人)。", optional=True
    )
    consented_on: Mapped[date | None] = day("When the donor consented. 同意日期。", optional=True)
    consent_reference: Mapped[str | None] = text("Number of the document that shows it. 同意文件编号。", optional=True)
    reversed_on: Mapped[date | None] = day("When it was undone by a counter-entry. 冲销日期。", optional=True)
    closed_on: Mapped[date | None] = day("When what was left was put to a similar use. 结余转用日期。", optional=True)


class CommitmentRow(Record):
    """Money promised out of a pool, a budget line or a donation; it stands in the area of what it is for."""

    __tablename__ = "commitment"
    record = Kind(
        "Commitment",
        "commitments",
        "资金承诺",
        "commitment",
        on="committed_on",
        saved=False,
        args=(
            CheckConstraint("num_nonnulls(pool_id, budget_line_id, donation_id) = 1", name="out_of_one"),
            CheckConstraint(
                "CASE purpose WHEN 'PROJECT' THEN project_id IS NOT NULL WHEN 'STATION' THEN station_id IS NOT NULL"
                " WHEN 'REFERRAL' THEN referral_id IS NOT NULL ELSE true END"
                " AND num_nonnulls(project_id, station_id, referral_id) = (purpose <> 'STIPENDS')::int",
                name="for_one",
            ),
            CheckConstraint("paid >= 0 AND released >= 0 AND paid + released <= amount", name="within_amount"),
        ),
    )

    pool_id: Mapped[int | None] = to("fund_pool", "Out of which pool. 资金池。", optional=True, back="commitments")
    budget_line_id: Mapped[int | None] = to(
        "budget_line", "Out of which budget line. 预算项。", optional=True, back="commitments"
    )
    donation_id: Mapped[int | None] = to("donation", "Out of which donation. 捐赠。", optional=True, back="commitments")
    purpose: Mapped[str] = one_of(COMMITMENT_FOR, "What it is for. 承诺对象。")
    project_id: Mapped[int | None] = to("project", "For which project. 项目。", optional=True, back="commitments")
    station_id: Mapped[int | None] = to("station", "For which station. 社工站。", optional=True, back="commitments")
    referral_id: Mapped[int | None] = to("referral", "For which order. 点单。", optional=True)
    benefit_id: Mapped[int | None] = term(
        "client_group", "Whom it is used for: a client group or domain. 受益对象或领域。", optional=True
    )
    fund_source_id: Mapped[int | None] = term("fund_source", "From which money it is. 资金来源。", optional=True)
    amount: Mapped[Decimal] = money("Yuan promised. 承诺金额(元)。")
    committed_on: Mapped[date] = day("When. 承诺日期。")
    paid: Mapped[Decimal] = money("Yuan of it that were paid. 已支付(元)。")
    released: Mapped[Decimal] = money("Yuan of it that were given back. 已解除(元)。")


class PaymentRow(Record):
    """What was paid out of a commitment. Undone by a counter-entry, never changed."""

    __tablename__ = "payment"
    record = Kind(
        "Payment",
        "payments",
        "支付",
        "payment",
        under="commitment_id",
        on="paid_on",
        saved=False,
        args=(
            Index(
                "uq_payment_stipend",
                "payee_id",
                "month_on",
                unique=True,
                postgresql_where=sql("month_on IS NOT NULL AND reversed_on IS NULL"),
            ),
            CheckConstraint("month_on IS NULL OR payee_id IS NOT NULL", name="stipend_of_somebody"),
        ),
    )

    commitment_id: Mapped[int] = to("commitment", "Out of which commitment. 资金承诺。", back="payments")
    amount: Mapped[Decimal] = money("Yuan. 金额(元)。")
    paid_on: Mapped[date] = day("When. 支付日期。")
    pays_for: Mapped[str] = one_of(PAYMENT_FOR, "For what. 支出类别。")
    payee_id: Mapped[int | None] = to("party", "To whom. 收款方。", optional=True)
    month_on: Mapped[date | None] = day("A stipend: the first day of its month. 津贴月份(首日)。", optional=True)
    voucher: Mapped[str | None] = text("Number of the voucher. 凭证号。", optional=True)
    reversed_on: Mapped[date | None] = day("When it was undone by a counter-entry. 冲销日期。", optional=True)
    #: The journal it stands in; several stipends share one.
    journal_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("journal.id"), index=True)


#: Kinds that money is taken out of: column of a commitment, kind of account.
HOLDERS = {
    "fund_pool": ("pool_id", "POOL"),
    "budget_line": ("budget_line_id", "LINE"),
    "donation": ("donation_id", "DONATION"),
}

_C: Any = CommitmentRow.__table__
_PAY: Any = PaymentRow.__table__
_S: Any = PoolShareRow.__table__
_A: Any = AccountRow.__table__
_J: Any = JournalRow.__table__
_PO: Any = PostingRow.__table__


async def sources_of_pool(conn: AsyncConnection, pool_id: int) -> list[int]:
    """Ids of the sources its standing shares come from, ascending."""
    found = await conn.execute(
        select(_S.c.fund_source_id)
        .where(_S.c.pool_id == pool_id, _S.c.reversed_on.is_(None), _S.c.withdrawn_at.is_(None))
        .distinct()
        .order_by(_S.c.fund_source_id)
    )
    return list(found.scalars())


async def of_project(conn: AsyncConnection, project_id: int) -> tuple[Decimal, Decimal]:
    """(promised to a project and not given back, paid of it for staff), in yuan."""
    promised = select(func.coalesce(func.sum(_C.c.amount - _C.c.released), 0)).where(
        _C.c.project_id == project_id, _C.c.withdrawn_at.is_(None)
    )
    staff = (
        select(func.coalesce(func.sum(_PAY.c.amount), 0))
        .join(_C, _C.c.id == _PAY.c.commitment_id)
        .where(
            _C.c.project_id == project_id,
            _PAY.c.pays_for == "STAFF",
            _PAY.c.reversed_on.is_(None),
            _PAY.c.withdrawn_at.is_(None),
        )
    )
    row = (await conn.execute(select(promised.scalar_subquery(), staff.scalar_subquery()))).one()
    return Decimal(row[0]), Decimal(row[1])


async def assistants(
    conn: AsyncConnection, area_id: int, month_on: date, chosen: Collection[int] | None
) -> Sequence[Any]:
    """(id, paid) of the assistants in and below an area, or of those chosen of them, by id; whether they had theirs."""
    paid = (
        select(_PAY.c.id)
        .where(_PAY.c.payee_id == PartyRow.id, _PAY.c.month_on == month_on, _PAY.c.reversed_on.is_(None))
        .exists()
    )
    query = (
        select(PartyRow.id, paid.label("paid"))
        .join(AreaRow, AreaRow.id == PartyRow.area_id)
        .where(PartyRow.kind == "ASSISTANT", AreaRow.ancestor_ids.contains([area_id]))
        .order_by(PartyRow.id)
    )
    if chosen is not None:
        query = query.where(PartyRow.id == any_(bindparam("chosen", list(chosen), ARRAY(BigInteger))))
    return (await conn.execute(query)).all()


async def balances(conn: AsyncConnection, holders: Sequence[tuple[str, int]], day_: date) -> dict[tuple[str, int], Any]:
    """(left, reserved, spent) in yuan of holders (kind of table, id) at the end of a day, out of the postings alone.

    O(postings of the holders and their commitments).
    """
    found = {}
    for name, (column, kind) in HOLDERS.items():
        ids = [id for entity, id in holders if entity == name]
        if not ids:
            continue
        own = (_A.c.kind == kind) & (_A.c.subject_id == any_(bindparam(f"own_{name}", ids, ARRAY(BigInteger))))
        out = (_A.c.kind == "COMMITMENT") & _C.c[column].is_not(None)
        holder = func.coalesce(_C.c[column], _A.c.subject_id)
        paid = _J.c.kind.in_(("PAYMENT", "STIPENDS")) | (_J.c.entity == "payment")
        query = (
            select(
                holder.label("id"),
                func.coalesce(func.sum(_PO.c.amount).filter(_A.c.kind == kind), 0).label("left"),
                func.coalesce(func.sum(_PO.c.amount).filter(_A.c.kind == "COMMITMENT"), 0).label("reserved"),
                func.coalesce(-func.sum(_PO.c.amount).filter(_A.c.kind == "COMMITMENT", paid), 0).label("spent"),
            )
            .select_from(_A)
            .join(_PO, _PO.c.account_id == _A.c.id)
            .join(_J, _J.c.id == _PO.c.journal_id)
            .outerjoin(_C, (_A.c.kind == "COMMITMENT") & (_C.c.id == _A.c.subject_id))
            .where(
                _J.c.day <= day_,
                or_(own, out & (_C.c[column] == any_(bindparam(f"of_{name}", ids, ARRAY(BigInteger))))),
            )
            .group_by(holder)
        )
        for row in await conn.execute(query):
            found[name, row.id] = row
    return found


async def holders_in(conn: AsyncConnection, area_id: int) -> list[tuple[str, int]]:
    """(kind of table, id) of the pools, budget lines and donations of an area and all below it."""
    found: list[tuple[str, int]] = []
    area: Any = AreaRow.__table__
    rows: tuple[type[Record], ...] = (FundPoolRow, BudgetLineRow, DonationRow)
    for row in rows:
        table: Any = row.__table__
        ids = await conn.execute(
            select(table.c.id)
            .join(area, area.c.id == table.c.area_id)
            .where(area.c.ancestor_ids.contains([area_id]), table.c.withdrawn_at.is_(None))
            .order_by(table.c.id)
        )
        found += [(table.name, id) for id in ids.scalars()]
    return found


async def left_of_source(conn: AsyncConnection, pool_id: int, source_id: int) -> Decimal:
    """Yuan of a source that a pool's standing shares brought, less what its lines and commitments took of it."""
    line: Any = BudgetLineRow.__table__

    def total(column: Any, *conditions: Any) -> Any:
        return select(func.coalesce(func.sum(column), 0)).where(*conditions).scalar_subquery()

    came = total(
        _S.c.amount,
        _S.c.pool_id == pool_id,
        _S.c.fund_source_id == source_id,
        _S.c.reversed_on.is_(None),
        _S.c.withdrawn_at.is_(None),
    )
    lines = total(
        line.c.amount, line.c.pool_id == pool_id, line.c.fund_source_id == source_id, line.c.withdrawn_at.is_(None)
    )
    taken = total(
        _C.c.amount - _C.c.released,
        _C.c.pool_id == pool_id,
        _C.c.fund_source_id == source_id,
        _C.c.withdrawn_at.is_(None),
    )
    return Decimal((await conn.execute(select(came - lines - taken))).scalar_one())


async def passed(conn: AsyncConnection, *, station_id: int | None = None, project_id: int | None = None) -> bool:
    """Whether a station, or every station of a project, passed in the last year that somebody else evaluated it.

    Of that year the inspection decides, else the third party, as in `db.evaluation_rows.verdicts`.
    """
    station, made = Base.metadata.tables["station"], Base.metadata.tables["evaluation"]
    grade = Base.metadata.tables["evaluation_grade"]
    newest = (
        select(grade.c.passes)
        .join(made, made.c.grade_id == grade.c.id)
        .where(
            made.c.station_id == station.c.id,
            made.c.kind != "SELF",
            made.c.status == "SUBMITTED",
            made.c.withdrawn_at.is_(None),
        )
        .order_by(made.c.year.desc(), made.c.kind.desc())
        .limit(1)
        .correlate(station)
        .scalar_subquery()
    )
    those = station.c.id == station_id if station_id is not None else station.c.project_id == project_id
    found = await conn.execute(
        select(func.coalesce(func.bool_and(func.coalesce(newest, false())), false())).where(
            those, station.c.withdrawn_at.is_(None), station.c.closed_on.is_(None)
        )
    )
    return bool(found.scalar_one())


async def hold_project(conn: AsyncConnection, project_id: int) -> None:
    """Whoever else counts what is paid and promised for this project waits for this transaction."""
    project = Base.metadata.tables["project"]
    await conn.execute(select(project.c.id).where(project.c.id == project_id).with_for_update(key_share=True))


async def groups_of_referral(conn: AsyncConnection, referral_id: int) -> list[int]:
    """Ids of the client groups of the need that an order is for."""
    need, referral = Base.metadata.tables["need"], Base.metadata.tables["referral"]
    found = await conn.execute(
        select(need.c.client_group_ids)
        .join(referral, referral.c.need_id == need.c.id)
        .where(referral.c.id == referral_id)
    )
    return list(found.scalar_one())

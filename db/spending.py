"""What is used of some sources of money in a year: committed, paid, and promised by orders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, any_, bindparam, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from db.areas import AreaRow
from db.funds import CommitmentRow, PaymentRow
from db.offers import OfferRow
from db.parties import PartyRow
from db.referrals import ReferralRow
from db.terms import ResourceTypeRow

_C: Any = CommitmentRow.__table__
_P: Any = PaymentRow.__table__
_R: Any = ReferralRow.__table__


FEN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Used:
    """Yuan, as `resolvers.rules.Room` tells them; `paid` is all that was paid in the year."""

    committed: Decimal
    carried: Decimal
    promised: Decimal
    paid: Decimal


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)


async def used(
    conn: AsyncConnection, area_id: int, sources: Collection[int], year: int, *, without_referral: int | None = None
) -> Used:
    """What is used of these sources (none: of all) in an area and everything below it in a year. One statement.

    `promised`: of orders of money (resource kind FUNDS) from funds of these sources what no commitment is for.
    """
    first, last = _year(year)
    area: Any = AreaRow.__table__.alias()
    within = select(area.c.id).where(area.c.ancestor_ids.contains([area_id]))
    chosen = bindparam("sources", sorted(sources), ARRAY(Integer))

    def of_source(column: Any) -> ColumnElement[bool]:
        return column == any_(chosen) if sources else true()

    committed = (
        select(func.coalesce(func.sum(_C.c.amount - _C.c.released), 0))
        .where(
            _C.c.withdrawn_at.is_(None),
            _C.c.area_id.in_(within),
            of_source(_C.c.fund_source_id),
            _C.c.committed_on.between(first, last),
        )
        .scalar_subquery()
    )
    payments = (
        select(
            func.coalesce(func.sum(_P.c.amount), 0).label("paid"),
            func.coalesce(func.sum(_P.c.amount).filter(_C.c.committed_on < first), 0).label("carried"),
        )
        .join(_C, _C.c.id == _P.c.commitment_id)
        .where(
            _P.c.reversed_on.is_(None),
            _P.c.withdrawn_at.is_(None),
            _P.c.area_id.in_(within),
            of_source(_C.c.fund_source_id),
            _P.c.paid_on.between(first, last),
        )
        .subquery()
    )
    offer, party, kind = OfferRow.__table__, PartyRow.__table__, ResourceTypeRow.__table__
    covered = (
        select(func.coalesce(func.sum(_C.c.amount - _C.c.released), 0))
        .where(_C.c.referral_id == _R.c.id, _C.c.withdrawn_at.is_(None))
        .correlate(_R)
        .scalar_subquery()
    )
    promised = (
        select(func.coalesce(func.sum(func.greatest(_R.c.held - covered, 0)), 0))
        .join(offer, offer.c.id == _R.c.offer_id)
        .join(party, party.c.id == offer.c.provider_id)
        .join(kind, kind.c.id == offer.c.resource_type_id)
        .where(
            kind.c.kind == "FUNDS",
            party.c.source_id.is_not(None),
            of_source(party.c.source_id),
            _R.c.area_id.in_(within),
            _R.c.held > 0,
            func.extract("year", func.timezone("Asia/Shanghai", _R.c.requested_at)) == year,
            _R.c.id != bindparam("without_referral", without_referral or 0, BigInteger),
        )
        .scalar_subquery()
    )
    row = (await conn.execute(select(committed, payments.c.carried, promised, payments.c.paid))).one()
    return Used(*(Decimal(one).quantize(FEN) for one in row))


async def sources(conn: AsyncConnection, party_ids: Collection[int]) -> dict[int, int]:
    """The source of each of these parties that is a fund of one."""
    party = PartyRow.__table__.c
    found = await conn.execute(
        select(party.id, party.source_id).where(
            party.id == any_(bindparam("ids", list(party_ids), ARRAY(BigInteger))), party.source_id.is_not(None)
        )
    )
    return {row[0]: row[1] for row in found}

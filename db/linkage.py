"""What the linkage network is made of, as far as a viewer may see it: ties, offers, asks and parties of some areas.

Every mention of a table carries its predicate of `db.visibility`, so what is hidden is in no tie, count or degree.
Areas are given by id and stand for all below them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Float,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.events import last_of_query
from db.matches import WeightSetRow
from db.viewer import Viewer
from db.visibility import Shape, shape, values, visible

#: A network that takes longer to read is of too large an area.
STATEMENT_TIMEOUT = "10s"

Rows = Sequence[Any]


def _table(name: str) -> Any:
    return Base.metadata.tables[name].alias()


def _ids(name: str, ids: Collection[int], kind: Any = BigInteger) -> Any:
    return any_(bindparam(name, list(ids), ARRAY(kind)))


def _inside(area: Any, ids: Collection[int]) -> Any:
    """The area (an alias) lies in one of these or below."""
    return area.c.ancestor_ids.overlap(bindparam("scopes", list(ids), ARRAY(Integer)))


async def begin(conn: AsyncConnection) -> tuple[str, int]:
    """(snapshot, vocabulary version) of a transaction that reads one state of things.

    Two transactions with the same snapshot read the same: it names every transaction whose changes are seen.
    """
    await conn.execute(sql_text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
    row = (
        await conn.execute(
            select(
                cast(func.pg_current_snapshot(), Text), func.coalesce(last_of_query("vocabulary").scalar_subquery(), 0)
            )
        )
    ).one()
    return str(row[0]), int(row[1])


async def partner_weights(conn: AsyncConnection) -> dict[str, int]:
    """Weights in ten-thousandths by part of a partner's score: those loaded last; empty before any were."""
    found = await conn.execute(
        select(WeightSetRow.codes, WeightSetRow.weights)
        .where(WeightSetRow.scheme == "PARTNER")
        .order_by(WeightSetRow.id.desc())
        .limit(1)
    )
    row = found.first()
    return {} if row is None else dict(zip(row.codes, row.weights, strict=True))


def _matched(who: Shape) -> tuple[Any, Any, Any, Any]:
    """(joined tables, need, offer, value) of ties by matches: the sum of their scores."""
    match, need, offer = _table("match"), _table("need"), _table("offer")
    joined = match.join(need, need.c.id == match.c.need_id).join(offer, offer.c.id == match.c.offer_id)
    return (
        (joined, (visible("match", match, who), visible("need", need, who), visible("offer", offer, who))),
        need,
        offer,
        func.sum(match.c.score),
    )


def _allocated(who: Shape) -> tuple[Any, Any, Any, Any]:
    """The same by allocations of plans that stand: the number of needs."""
    line, plan, need, offer = _table("allocation"), _table("plan"), _table("need"), _table("offer")
    joined = (
        line.join(plan, plan.c.id == line.c.plan_id)
        .join(need, need.c.id == line.c.need_id)
        .join(offer, offer.c.id == line.c.offer_id)
    )
    seen = (
        plan.c.status.in_(("COMPUTED", "APPROVED")),
        visible("allocation", line, who),
        visible("plan", plan, who),
        visible("need", need, who),
        visible("offer", offer, who),
    )
    return (joined, seen), need, offer, func.count(need.c.id.distinct())


#: Kinds of ties. Referrals join here with the units they delivered, and in `graph.linkage.STRENGTH`.
TIES = {"MATCH": _matched, "ALLOCATION": _allocated}


def _tie_query(kind: str, who: Shape, area_ids: Collection[int]) -> Select[Any]:
    (joined, seen), need, offer, value = TIES[kind](who)
    area = _table("area")
    return (
        select(
            literal(kind, Text).label("kind"),
            need.c.community_id,
            offer.c.provider_id,
            cast(value, Float).label("value"),
        )
        .select_from(joined.join(area, area.c.id == need.c.area_id))
        .where(_inside(area, area_ids), *seen)
        .group_by(need.c.community_id, offer.c.provider_id)
    )


async def ties(conn: AsyncConnection, viewer: Viewer, area_ids: Collection[int]) -> Rows:
    """(kind, community_id, provider_id, value) of the needs in these areas; one row a kind and pair, in any order."""
    who = shape(viewer)
    found = await conn.execute(union_all(*(_tie_query(kind, who, area_ids) for kind in TIES)), values(viewer))
    return found.all()


async def grounds(conn: AsyncConnection, viewer: Viewer, party_ids: Collection[int]) -> Rows:
    """(party_id, area_id, needs): where parties are at work, most needs first.

    The counties (or, outside of counties, the areas) of the needs that match a party's offers, with their number; and
    with 0 its home. Only parties that are seen.
    """
    who = shape(viewer)
    party, home = _table("party"), _table("party")
    match, need, offer = _table("match"), _table("need"), _table("offer")
    work = (
        select(
            party.c.id.label("party_id"),
            func.coalesce(need.c.county_id, need.c.area_id).label("area_id"),
            func.count(need.c.id.distinct()).label("needs"),
        )
        .select_from(
            party.join(offer, offer.c.provider_id == party.c.id)
            .join(match, match.c.offer_id == offer.c.id)
            .join(need, need.c.id == match.c.need_id)
        )
        .where(
            party.c.id == _ids("parties", party_ids),
            visible("party", party, who),
            visible("offer", offer, who),
            visible("match", match, who),
            visible("need", need, who),
        )
        .group_by(party.c.id, func.coalesce(need.c.county_id, need.c.area_id))
    )
    homes = select(home.c.id, func.coalesce(home.c.county_id, home.c.area_id), literal(0)).where(
        home.c.id == _ids("parties", party_ids), visible("party", home, who)
    )
    both = union_all(work, homes).subquery()
    found = await conn.execute(
        select(both.c.party_id, both.c.area_id, both.c.needs).order_by(
            both.c.party_id, both.c.needs.desc(), both.c.area_id
        ),
        values(viewer),
    )
    return found.all()


async def gifts(conn: AsyncConnection, viewer: Viewer, area_ids: Collection[int], today: date) -> Rows:
    """(provider_id, type_id, coverage_ids) of active offers with something left that cover some of these areas."""
    who = shape(viewer)
    offer, area, below, provider = _table("offer"), _table("area"), _table("area"), _table("party")
    above = (
        select(func.unnest(area.c.ancestor_ids)).where(area.c.id == _ids("scopes", area_ids, Integer)).scalar_subquery()
    )
    under = func.array(select(below.c.id).where(_inside(below, area_ids)).scalar_subquery())
    found = await conn.execute(
        select(offer.c.provider_id, offer.c.resource_type_id, offer.c.coverage_ids)
        .select_from(offer.join(provider, provider.c.id == offer.c.provider_id))
        .where(
            offer.c.status == "ACTIVE",
            offer.c.available > 0,
            or_(offer.c.available_until.is_(None), offer.c.available_until >= today),
            or_(offer.c.coverage_ids.overlap(func.array(above)), offer.c.coverage_ids.overlap(under)),
            visible("offer", offer, who),
            visible("party", provider, who),
        ),
        values(viewer),
    )
    return found.all()


async def asks(conn: AsyncConnection, viewer: Viewer, area_ids: Collection[int]) -> Rows:
    """(community_id, type_id, needs): open needs in these areas that still ask for something, counted."""
    need, area = _table("need"), _table("area")
    found = await conn.execute(
        select(need.c.community_id, need.c.resource_type_id, func.count())
        .select_from(need.join(area, area.c.id == need.c.area_id))
        .where(
            need.c.status == "OPEN",
            need.c.committed < need.c.quantity,
            _inside(area, area_ids),
            visible("need", need, shape(viewer)),
        )
        .group_by(need.c.community_id, need.c.resource_type_id),
        values(viewer),
    )
    return found.all()


async def members(
    conn: AsyncConnection, viewer: Viewer, party_ids: Collection[int], area_ids: Collection[int] = ()
) -> Rows:
    """(id, kind, society, area_id) of these parties, and of the communities of these areas, that are seen."""
    party, area = _table("party"), _table("area")
    found = await conn.execute(
        select(party.c.id, cast(party.c.kind, Text), cast(party.c.society, Text), party.c.area_id)
        .select_from(party.join(area, area.c.id == party.c.area_id))
        .where(
            or_(
                party.c.id == _ids("parties", party_ids),
                (party.c.kind == "COMMUNITY") & _inside(area, area_ids),
            ),
            visible("party", party, shape(viewer)),
        ),
        values(viewer),
    )
    return found.all()

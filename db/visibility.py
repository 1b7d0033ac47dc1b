"""Which rows a viewer may see: one predicate for each table, added by the reader to every mention of it.

The predicates are closed: who sees a row sees every row it must point at (a match its need and offer, an offer its
provider), so a required relation is never missing from an answer. `tests/postgres/test_visibility.py` checks that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, exists, false, or_, select, true
from sqlalchemy.dialects.postgresql import array

from db.areas import AreaRow
from db.matches import MatchRow
from db.needs import NeedRow
from db.offers import OfferRow
from db.parties import PartyRow
from db.plans import PlanRow
from db.records import Declared
from db.referrals import ReferralRow
from db.viewer import Viewer

#: What of a viewer decides the SQL; its ids are parameters.
Shape = tuple[str, bool, bool]

STAFF = ("READER", "COORDINATOR", "ADMIN")


def shape(viewer: Viewer) -> Shape:
    return (viewer.role, viewer.area_id is not None, viewer.area_is_county)


def values(viewer: Viewer) -> dict[str, Any]:
    return {"viewer_area": viewer.area_id, "viewer_party": viewer.party_id}


def _party_id() -> ColumnElement[int]:
    return bindparam("viewer_party", type_=BigInteger)


def areas_within(area_id: ColumnElement[int]) -> Any:
    """Ids of an area and all below it, as a subquery."""
    inner = AreaRow.__table__.alias()
    return select(inner.c.id).where(inner.c.ancestor_ids.contains(array([area_id], type_=Integer)))


def _within(table: Any, viewer: Shape) -> ColumnElement[bool]:
    """The row's area is the viewer's or below; everything for a viewer without bound."""
    role, bounded, is_county = viewer
    if role == "ADMIN" or not bounded:
        return true()
    own = bindparam("viewer_area", type_=Integer)
    inside: ColumnElement[bool]
    if is_county and "county_id" in table.c:
        inside = table.c.county_id == own
    else:
        inside = table.c.area_id.in_(areas_within(own))
    return inside


def _referred(**same: ColumnElement[Any]) -> ColumnElement[bool]:
    """There is a referral whose columns have these values."""
    referral = ReferralRow.__table__.alias()
    found: ColumnElement[bool] = exists().where(*(referral.c[name] == value for name, value in same.items()))
    return found


def _party(table: Any, viewer: Shape) -> ColumnElement[bool]:
    if viewer[0] in STAFF:
        return true()
    public: ColumnElement[bool] = ~table.c.is_person
    if viewer[0] != "PARTNER":
        return public
    helper = _referred(provider_id=table.c.id, community_id=_party_id())
    return or_(public, table.c.id == _party_id(), helper)


def _offer(table: Any, viewer: Shape) -> ColumnElement[bool]:
    role = viewer[0]
    if role == "ADMIN":
        return true()
    if role in STAFF:
        return or_(table.c.status != "DRAFT", _within(table, viewer))
    provider = PartyRow.__table__.alias()
    public = and_(
        table.c.status == "ACTIVE",
        exists().where(provider.c.id == table.c.provider_id, ~provider.c.is_person),
    )
    if role != "PARTNER":
        return public
    promised = _referred(offer_id=table.c.id, community_id=_party_id())
    return or_(public, table.c.provider_id == _party_id(), promised)


def _need(table: Any, viewer: Shape) -> ColumnElement[bool]:
    role = viewer[0]
    if role in STAFF:
        return _within(table, viewer)
    if role == "PARTNER":
        match, offer = MatchRow.__table__.alias(), OfferRow.__table__.alias()
        own = exists().where(
            match.c.need_id == table.c.id, offer.c.id == match.c.offer_id, offer.c.provider_id == _party_id()
        )
        asked = _referred(need_id=table.c.id, provider_id=_party_id())
        return or_(and_(table.c.status == "OPEN", own), asked, table.c.community_id == _party_id())
    return false()


def _referral(table: Any, viewer: Shape) -> ColumnElement[bool]:
    if viewer[0] in STAFF:
        return _within(table, viewer)
    if viewer[0] == "PARTNER":
        return or_(table.c.provider_id == _party_id(), table.c.community_id == _party_id())
    return false()


def _of_referral(table: Any, viewer: Shape) -> ColumnElement[bool]:
    """Who sees the referral sees what was recorded about it."""
    if viewer[0] == "ADMIN" or (viewer[0] in STAFF and not viewer[1]):
        return true()
    if viewer[0] not in (*STAFF, "PARTNER"):
        return false()
    referral = ReferralRow.__table__.alias()
    return exists().where(referral.c.id == table.c.referral_id, _referral(referral, viewer))


def _certificate(table: Any, viewer: Shape) -> ColumnElement[bool]:
    """For who looks after the volunteer, who organized, and the volunteer; others verify it by its number."""
    if viewer[0] == "ADMIN" or (viewer[0] in STAFF and not viewer[1]):
        return true()
    if viewer[0] in STAFF:
        volunteer = PartyRow.__table__.alias()
        own = exists().where(volunteer.c.id == table.c.volunteer_id, _within(volunteer, viewer))
        return or_(_within(table, viewer), own)
    return table.c.volunteer_id == _party_id() if viewer[0] == "PARTNER" else false()


def _match(table: Any, viewer: Shape) -> ColumnElement[bool]:
    role = viewer[0]
    if role in STAFF:
        if role == "ADMIN" or not viewer[1]:
            return true()
        need = NeedRow.__table__.alias()
        return exists().where(need.c.id == table.c.need_id, _within(need, viewer))
    if role == "PARTNER":
        need, offer = NeedRow.__table__.alias(), OfferRow.__table__.alias()
        return and_(
            exists().where(offer.c.id == table.c.offer_id, offer.c.provider_id == _party_id()),
            exists().where(need.c.id == table.c.need_id, need.c.status == "OPEN"),
        )
    return false()


def _plan(table: Any, viewer: Shape) -> ColumnElement[bool]:
    return _within(table, viewer) if viewer[0] in STAFF else false()


def _of_plan(table: Any, viewer: Shape) -> ColumnElement[bool]:
    if viewer[0] not in STAFF:
        return false()
    if viewer[0] == "ADMIN" or not viewer[1]:
        return true()
    plan = PlanRow.__table__.alias()
    return exists().where(plan.c.id == table.c.plan_id, _within(plan, viewer))


def _notice(table: Any, viewer: Shape) -> ColumnElement[bool]:
    """A party reads what it was told; coordinators what those of their area and below it were told."""
    if viewer[0] == "ADMIN":
        return true()
    if viewer[0] == "COORDINATOR":
        return and_(table.c.area_id.is_not(None), _within(table, viewer))
    return table.c.party_id == _party_id() if viewer[0] == "PARTNER" else false()


def _webhook(table: Any, viewer: Shape) -> ColumnElement[bool]:
    """For who registered it: its party, who coordinates its area or one above, administrators."""
    if viewer[0] == "PARTNER":
        return table.c.party_id == _party_id()  # type: ignore[no-any-return]
    return _within(table, viewer) if viewer[0] in ("COORDINATOR", "ADMIN") else false()


def _reading(table: Any, viewer: Shape) -> ColumnElement[bool]:
    """Who read whose identity: for who coordinates the client's area; a party sees its own readings."""
    if viewer[0] == "PARTNER":
        return table.c.reader_id == _party_id()  # type: ignore[no-any-return]
    return _within(table, viewer) if viewer[0] in ("COORDINATOR", "ADMIN") else false()


def _all(table: Any, viewer: Shape) -> ColumnElement[bool]:
    return true()


def _none(table: Any, viewer: Shape) -> ColumnElement[bool]:
    return false()


def of_record(declared: Declared) -> Callable[[Any, Shape], ColumnElement[bool]]:
    """As the kind says; a withdrawn row is seen by nobody."""
    parties = [one.column for one in declared.fields if one.target == "party"]

    def predicate(table: Any, viewer: Shape) -> ColumnElement[bool]:
        standing: ColumnElement[bool] = table.c.withdrawn_at.is_(None)
        if declared.kind.seen == "PUBLIC":
            return standing
        if viewer[0] in STAFF:
            return and_(standing, _within(table, viewer))
        if declared.kind.seen == "PARTY" and viewer[0] == "PARTNER":
            return and_(standing, or_(*(table.c[one] == _party_id() for one in parties)))
        return false()

    return predicate


#: Every table of the database stands here, kinds of records by `db.kinds`; what the reader never serves is visible to
#: nobody.
PREDICATES: dict[str, Callable[[Any, Shape], ColumnElement[bool]]] = {
    "area": _all,
    "term": _all,
    "resource_type": _all,
    "weight_set": _all,
    "team_template": _all,
    "linkage_model": _all,
    "duty": _all,
    "procedure": _all,
    "party": _party,
    "offer": _offer,
    "need": _need,
    "match": _match,
    "plan": _plan,
    "allocation": _of_plan,
    "shortfall": _of_plan,
    "referral": _referral,
    "follow_up": _of_referral,
    "service_record": _of_referral,
    "certificate": _certificate,
    "certified": _none,
    "notice": _notice,
    "webhook": _webhook,
    "due_rule": _none,
    "working_day": _none,
    "plan_coverage": _none,
    "plan_bottleneck": _none,
    "event": _none,
    "event_position": _none,
    "feed_state": _none,
    "idempotency": _none,
    "api_key": _none,
    "matching_state": _none,
    "record_version": _none,
    "account": _none,
    "journal": _none,
    "posting": _none,
    "identity": _none,
    "identity_reading": _reading,
}


#: Entities that are a table in another order than its own.
REORDERED = {"closed_referral": "referral"}


def visible(name: str, table: Any, viewer: Shape) -> ColumnElement[bool]:
    """The predicate for a mention (an alias) of table `name`, or of an entity that is one in another order."""
    return PREDICATES[REORDERED.get(name, name)](table, viewer)


def implied(parent: str, child: str, viewer: Shape) -> bool:
    """True where seeing the parent row means seeing its children, so the child's predicate need not be repeated.

    A match reached from its need, for staff: their need predicate is the whole of the match predicate.
    Allocations and shortfalls reached from their plan, for everybody.
    """
    if parent == "need" and child == "match":
        return viewer[0] in STAFF
    return parent == "plan" and child in ("allocation", "shortfall")

"""Filters and facets of root pages: how an argument becomes a condition, once for every entity that has it.

A filter is prepared (argument -> parameter, and a variant where the SQL differs) on every request and built (variant ->
condition) once a shape. Codes of areas, types and groups are prepared from `db.codes`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, Text, and_, any_, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array

from db.areas import AreaRow
from db.codes import Codes
from db.cursors import parse_id
from db.matches import MatchRow
from db.parties import PartyRow
from db.terms import ResourceTypeRow, TermRow
from db.visibility import areas_within

#: prepare(codes, argument) -> (variant, parameter)
Prepare = Callable[[Codes, Any], tuple[str, Any]]
#: build(table, parameter name, variant) -> condition
Build = Callable[[Any, str, str], Any]


@dataclass(frozen=True, slots=True)
class Filter:
    prepare: Prepare
    build: Build


def _plain(codes: Codes, argument: Any) -> tuple[str, Any]:
    return "", argument


def _name(codes: Codes, argument: Any) -> tuple[str, Any]:
    """An enum member or a string."""
    return "", getattr(argument, "name", argument)


def _names(codes: Codes, argument: Any) -> tuple[str, Any]:
    return "", [getattr(one, "name", one) for one in argument if one is not None]


def equals(column: str) -> Filter:
    return Filter(_name, lambda t, p, _: t.c[column] == bindparam(p, type_=t.c[column].type))


def any_of(column: str) -> Filter:
    """One value of an enum stands in the statement itself, so that an index in the order of the page serves it and the
    planner knows how many rows have it; several are a parameter.
    """

    def prepare(codes: Codes, argument: Any) -> tuple[str, Any]:
        _, names = _names(codes, argument)
        return (names[0], None) if len(names) == 1 else ("", names)

    def build(t: Any, p: str, variant: str) -> Any:
        kind = t.c[column].type
        if variant in kind.enums:
            return t.c[column] == variant
        return t.c[column] == any_(bindparam(p, type_=ARRAY(kind)))

    return Filter(prepare, build)


def at_least(column: str) -> Filter:
    return Filter(_plain, lambda t, p, _: t.c[column] >= bindparam(p, type_=t.c[column].type))


def at_most(column: str) -> Filter:
    return Filter(_plain, lambda t, p, _: t.c[column] <= bindparam(p, type_=t.c[column].type))


def since(column: str) -> Filter:
    """At a moment or later. Prepared as UTC; raises ValueError without an offset, OverflowError beyond the calendar."""

    def prepare(codes: Codes, argument: Any) -> tuple[str, Any]:
        if argument.tzinfo is None:
            raise ValueError("a time needs an offset")
        return "", argument.astimezone(UTC)

    return Filter(prepare, at_least(column).build)


def before(column: str) -> Filter:
    return Filter(_plain, lambda t, p, _: t.c[column] < bindparam(p, type_=Date))


def search(column: str) -> Filter:
    """Part of a text, of any length, without regard to case. The bigram index finds rows, strpos makes it exact."""

    def build(t: Any, p: str, _: str) -> Any:
        text = bindparam(p, type_=Text)
        return and_(
            func.bigrams(t.c[column]).op("@@")(func.bigram_query(text)),
            func.strpos(func.lower(t.c[column]), func.lower(text)) > 0,
        )

    return Filter(lambda codes, argument: ("", argument.strip()), build)


def _holds(ids: Any, id: Any) -> Any:
    """The array column holds the id."""
    one: Any = array([id], type_=Integer)
    return ids.contains(one)


def _area(codes: Codes, argument: Any) -> tuple[str, Any]:
    return codes.area(argument)


def _within(t: Any, p: str, variant: str) -> Any:
    area = bindparam(p, type_=Integer)
    return t.c.county_id == area if variant == "COUNTY" else t.c.area_id.in_(areas_within(area))


def _serves(t: Any, p: str, _: str) -> Any:
    """The offer covers the area, a place above it, or one below it."""
    chosen, below = AreaRow.__table__.alias(), AreaRow.__table__.alias()
    area = bindparam(p, type_=Integer)
    above = select(chosen.c.ancestor_ids).where(chosen.c.id == area).scalar_subquery()
    under = func.array(select(below.c.id).where(_holds(below.c.ancestor_ids, area)).scalar_subquery())
    return or_(t.c.coverage_ids.overlap(above), t.c.coverage_ids.op("&&")(under))


WITHIN = Filter(_area, _within)
WITHIN_AREA_ONLY = Filter(
    lambda codes, argument: ("", codes.area(argument)[1]),
    lambda t, p, _: t.c.area_id.in_(areas_within(bindparam(p, type_=Integer))),
)
SERVES = Filter(_area, _serves)
UNDER = Filter(
    lambda codes, argument: ("", codes.area(argument)[1]),
    lambda t, p, _: and_(
        _holds(t.c.ancestor_ids, bindparam(p, type_=Integer)),
        t.c.id != bindparam(p, type_=Integer),
    ),
)


def _type(t: Any, p: str, _: str) -> Any:
    below = ResourceTypeRow.__table__.alias()
    return t.c.resource_type_id.in_(select(below.c.id).where(_holds(below.c.ancestor_ids, bindparam(p, type_=Integer))))


RESOURCE_TYPE = Filter(lambda codes, argument: ("", codes.resource_type(argument)), _type)


def _group(t: Any, p: str, _: str) -> Any:
    """The groups a term stands for: itself and those below; the groups of a domain."""
    term = TermRow.__table__.alias()
    groups = select(term.c.group_ids).where(term.c.id == bindparam(p, type_=Integer)).scalar_subquery()
    return t.c.client_group_ids.op("&&")(groups)


def _serves_group(t: Any, p: str, variant: str) -> Any:
    """Offers for everyone serve the group too; so do those for a group above it."""
    term = TermRow.__table__.alias()
    above = select(term.c.ancestor_ids).where(term.c.id == bindparam(p, type_=Integer)).scalar_subquery()
    return or_(t.c.client_group_ids == [], t.c.client_group_ids.op("&&")(above), _group(t, p, variant))


CLIENT_GROUP = Filter(lambda codes, argument: ("", codes.client_group(argument)), _group)
SERVES_GROUP = Filter(lambda codes, argument: ("", codes.client_group(argument)), _serves_group)


def _terms_below(p: str) -> Any:
    """Ids of a term and all below it."""
    below = TermRow.__table__.alias()
    return select(below.c.id).where(_holds(below.c.ancestor_ids, bindparam(p, type_=Integer)))


def _provider_industry(t: Any, p: str, _: str) -> Any:
    party = PartyRow.__table__.alias()
    return exists().where(party.c.id == t.c.provider_id, party.c.industry_id.in_(_terms_below(p)))


CHANNEL = Filter(
    lambda codes, argument: ("", codes.channel(argument)), lambda t, p, _: t.c.channel_id.in_(_terms_below(p))
)
INDUSTRY = Filter(
    lambda codes, argument: ("", codes.industry(argument)), lambda t, p, _: t.c.industry_id.in_(_terms_below(p))
)
PROVIDER_INDUSTRY = Filter(lambda codes, argument: ("", codes.industry(argument)), _provider_industry)


def _unmatched(t: Any, p: str, variant: str) -> Any:
    match = MatchRow.__table__.alias()
    found = exists().where(match.c.need_id == t.c.id)
    return ~found if variant == "true" else found


UNMATCHED = Filter(lambda codes, argument: ("true" if argument else "false", None), _unmatched)


def _provider_society(t: Any, p: str, _: str) -> Any:
    party = PartyRow.__table__.alias()
    return exists().where(
        party.c.id == t.c.provider_id,
        party.c.society == any_(bindparam(p, type_=ARRAY(party.c.society.type))),
    )


PROVIDER_SOCIETY = Filter(_names, _provider_society)


def contains(column: str) -> Filter:
    """Part of a text, without regard to case, without an index: for tables of thousands."""

    def build(t: Any, p: str, _: str) -> Any:
        return func.strpos(func.lower(t.c[column]), func.lower(bindparam(p, type_=Text))) > 0

    return Filter(lambda codes, argument: ("", argument.strip()), build)


def _terms_of(scheme: str, p: str) -> Any:
    """Ids of the term of a scheme with a code and of all below it; none where there is no such code."""
    chosen, below = TermRow.__table__.alias(), TermRow.__table__.alias()
    inside = and_(chosen.c.scheme == literal_column(f"'{scheme}'"), chosen.c.code == bindparam(p, type_=Text))
    return select(below.c.id).join(chosen, chosen.c.id == any_(below.c.ancestor_ids)).where(inside)


def term_in(scheme: str, column: str) -> Filter:
    """The column points at the term of this code or one below it."""
    return Filter(_plain, lambda t, p, _: t.c[column].in_(_terms_of(scheme, p)))


def holds_term(scheme: str, column: str) -> Filter:
    """The array holds the term of this code or one below it."""
    return Filter(_plain, lambda t, p, _: t.c[column].op("&&")(func.array(_terms_of(scheme, p).scalar_subquery())))


def id_in(types: Collection[str], *columns: str) -> Filter:
    """One of the columns holds the number of a global id of these types; nothing does where the text is none."""

    def prepare(codes: Codes, argument: Any) -> tuple[str, Any]:
        parsed = parse_id(str(argument))
        return "", parsed[1] if parsed and parsed[0] in types else 0

    def build(t: Any, p: str, _: str) -> Any:
        return or_(*(t.c[name] == bindparam(p, type_=BigInteger) for name in columns))

    return Filter(prepare, build)


def _now(codes: Codes, argument: Any) -> tuple[str, Any]:
    return "true" if argument else "false", codes.clock()


def _overdue(t: Any, p: str, variant: str) -> Any:
    now = bindparam(p, type_=t.c.due_at.type)
    late = and_(t.c.awaited, t.c.due_at < now)
    return late if variant == "true" else ~late


OVERDUE = Filter(_now, _overdue)


def _unread(t: Any, p: str, variant: str) -> Any:
    return t.c.read_at.is_(None) if variant == "true" else t.c.read_at.is_not(None)


UNREAD = Filter(lambda codes, argument: ("true" if argument else "false", None), _unread)


def _to_follow_up(t: Any, p: str, variant: str) -> Any:
    # Not `in_`: its list is expanded at execution, and the reader sends the statement as it stands.
    waits = and_(t.c.awaited, or_(t.c.status == "COMPLETED", t.c.status == "FAILED"))
    return waits if variant == "true" else ~waits


TO_FOLLOW_UP = Filter(lambda codes, argument: ("true" if argument else "false", None), _to_follow_up)


def _stands(t: Any, p: str, variant: str) -> Any:
    counted = and_(t.c.replaced_by_id.is_(None), ~t.c.withdrawn)
    return counted if variant == "true" else ~counted


STANDS = Filter(lambda codes, argument: ("true" if argument else "false", None), _stands)


def _holds_in(t: Any, p: str, _: str) -> Any:
    """Said for everywhere, for the area, or for one above it."""
    chosen = AreaRow.__table__.alias()
    above = select(func.unnest(chosen.c.ancestor_ids)).where(chosen.c.id == bindparam(p, type_=Integer))
    return or_(t.c.area_id.is_(None), t.c.area_id.in_(above))


def _holds_on(t: Any, p: str, _: str) -> Any:
    day = bindparam(p, type_=Date)
    return and_(or_(t.c.since_on.is_(None), t.c.since_on <= day), or_(t.c.until_on.is_(None), t.c.until_on >= day))


HOLDS_IN = Filter(lambda codes, argument: ("", codes.area(argument)[1]), _holds_in)
HOLDS_ON = Filter(_plain, _holds_on)


# ------------------------------------------------------------------------------------------------ facets


def facet_column(column: str) -> Callable[[Any, str], tuple[Any, Any, Any, Any]]:
    """By an enum column; labels come from the schema."""

    def build(t: Any, chosen: str) -> tuple[Any, Any, Any, Any]:
        code = t.c[column].cast(Text)
        return t, code, code, code

    return build


def facet_society(t: Any, chosen: str) -> tuple[Any, Any, Any, Any]:
    party = PartyRow.__table__.alias()
    code = party.c.society.cast(Text)
    return t.join(party, party.c.id == t.c.provider_id), code, code, code


def facet_resource_type(t: Any, chosen: str) -> tuple[Any, Any, Any, Any]:
    kind = ResourceTypeRow.__table__.alias()
    return t.join(kind, kind.c.id == t.c.resource_type_id), kind.c.code, kind.c.label_zh, kind.c.label_en


_LEVEL_BELOW = {"PROVINCE": "PREFECTURE", "PREFECTURE": "COUNTY", "COUNTY": "TOWNSHIP", "TOWNSHIP": "VILLAGE"}


def facet_area(t: Any, chosen: str) -> tuple[Any, Any, Any, Any]:
    """By township, or by the level below the area asked for: what a coordinator can narrow down to."""
    level = _LEVEL_BELOW.get(chosen, "TOWNSHIP")
    own, group = AreaRow.__table__.alias(), AreaRow.__table__.alias()
    joined = t.join(own, own.c.id == t.c.area_id).join(
        group, and_(group.c.id == any_(own.c.ancestor_ids), group.c.level == level)
    )
    return joined, group.c.code, group.c.name, group.c.name

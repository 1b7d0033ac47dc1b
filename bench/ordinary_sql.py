"""The SQL of ordinary execution: who sees what, filters, cursors and facets, as text.

Written apart from `db/visibility.py`, `db/filters.py` and `db/compiler.py`, so that a fault shows as a difference.
"""
# The names put into statements are those of this file; whatever a client sends is a parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import strawberry

from db.base import Base
from db.cursors import decode, parse_id
from db.kinds import KINDS
from db.viewer import Viewer

Order = tuple[tuple[str, str], ...]

TYPE_OF_KIND = {
    "COMMUNITY": "Community",
    "ORGANIZATION": "Organization",
    "SOCIAL_WORKER": "SocialWorker",
    "VOLUNTEER": "Volunteer",
    "DONOR_FIRM": "DonorFirm",
    "FUND": "Fund",
    "ASSISTANT": "Assistant",
}
TABLE_OF_TYPE = dict.fromkeys(TYPE_OF_KIND.values(), "party") | {
    "Area": "area",
    "Term": "term",
    "ResourceType": "resource_type",
    "Need": "need",
    "Offer": "offer",
    "Match": "match",
    "Plan": "plan",
    "Allocation": "allocation",
    "Shortfall": "shortfall",
    "TeamTemplate": "team_template",
    "LinkageModel": "linkage_model",
    "Duty": "duty",
    "Procedure": "procedure",
    "Referral": "referral",
    "FollowUp": "follow_up",
    "ServiceRecord": "service_record",
    "VolunteerCertificate": "certificate",
    "Notice": "notice",
    "Webhook": "webhook",
    "IdentityReading": "identity_reading",
}
TABLE_OF_TYPE |= {one.kind.typename: name for name, one in KINDS.items()}
TYPE_OF_TABLE = {table: name for name, table in TABLE_OF_TYPE.items()}

#: Lists of a table in another order, with filters of their own.
TABLE_OF_LIST = {"closed_referral": "referral"}
ORDERS: dict[str, Order] = {
    "area": (("code", "ASC"),),
    "term": (("position", "ASC"), ("id", "ASC")),
    "resource_type": (("position", "ASC"), ("id", "ASC")),
    "party": (("id", "ASC"),),
    "need": (("priority", "DESC"), ("created_at", "ASC"), ("id", "ASC")),
    "offer": (("confirmed_at", "DESC"), ("id", "ASC")),
    "plan": (("created_at", "DESC"), ("id", "DESC")),
    "allocation": (("id", "ASC"),),
    "shortfall": (("id", "ASC"),),
    "team_template": (("position", "ASC"), ("id", "ASC")),
    "linkage_model": (("since_on", "DESC"), ("id", "DESC")),
    "duty": (("position", "ASC"), ("id", "ASC")),
    "procedure": (("position", "ASC"), ("id", "ASC")),
    "referral": (("awaited", "DESC"), ("due_at", "ASC"), ("id", "ASC")),
    "closed_referral": (("closed_at", "DESC"), ("id", "DESC")),
    "follow_up": (("id", "DESC"),),
    "service_record": (("served_on", "DESC"), ("id", "DESC")),
    "certificate": (("id", "DESC"),),
    "notice": (("created_at", "DESC"), ("id", "DESC")),
    "webhook": (("id", "DESC"),),
    "identity_reading": (("read_at", "DESC"), ("id", "DESC")),
}
ORDERS |= {
    name: tuple((column, "DESC" if down else "ASC") for column, down in one.kind.order) for name, one in KINDS.items()
}
#: Field -> table; the column is the field's name with _id, but for `COLUMN_OF`. A `parent` is of its child's own table.
TO_ONE = {
    "area": "area",
    "community": "party",
    "provider": "party",
    "resource_type": "resource_type",
    "channel": "term",
    "industry": "term",
    "source": "term",
    "earmark": "term",
    "need": "need",
    "offer": "offer",
    "next_offer": "offer",
    "passed_over": "need",
    "template": "team_template",
    "plan": "plan",
    "owner": "area",
    "reason": "term",
    "outcome": "term",
    "party": "party",
    "referral": "referral",
    "replaces": "service_record",
    "replaced_by": "service_record",
    "volunteer": "party",
    "issuer_area": "area",
    "client": "client",
    "reader": "party",
}
#: (type, field) whose column has another name.
COLUMN_OF = {
    ("Allocation", "passed_over"): "next_need_id",
    ("Referral", "owner"): "owner_area_id",
    ("Webhook", "area"): "scope_id",
}
TO_MANY = {"client_groups": ("term", "client_group_ids"), "coverage": ("area", "coverage_ids")}
#: (parent's table, field) -> (table, column, order)
TO_PAGE: dict[tuple[str, str], tuple[str, str, Order]] = {
    ("area", "children"): ("area", "parent_id", ORDERS["area"]),
    ("party", "offers"): ("offer", "provider_id", ORDERS["offer"]),
    ("party", "needs"): ("need", "community_id", ORDERS["need"]),
    ("need", "matches"): ("match", "need_id", (("score", "DESC"), ("offer_id", "ASC"))),
    ("offer", "matches"): ("match", "offer_id", (("score", "DESC"), ("need_id", "ASC"))),
    ("plan", "allocations"): ("allocation", "plan_id", ORDERS["allocation"]),
    ("plan", "shortfalls"): ("shortfall", "plan_id", ORDERS["shortfall"]),
    ("need", "referrals"): ("referral", "need_id", (("id", "DESC"),)),
    ("offer", "referrals"): ("referral", "offer_id", (("id", "DESC"),)),
    ("referral", "follow_ups"): ("follow_up", "referral_id", ORDERS["follow_up"]),
    ("referral", "services"): ("service_record", "referral_id", ORDERS["service_record"]),
    ("party", "certificates"): ("certificate", "volunteer_id", ORDERS["certificate"]),
}
BELOW = {"PROVINCE": "PREFECTURE", "PREFECTURE": "COUNTY", "COUNTY": "TOWNSHIP", "TOWNSHIP": "VILLAGE"}


class Parameters(list[Any]):
    """Collects the values of a statement; calling it gives the next placeholder. `now` is when it is asked."""

    def __init__(self, now: datetime | None = None) -> None:
        super().__init__()
        self.now = now or datetime.now(UTC)

    def __call__(self, value: Any) -> str:
        self.append(value)
        return f"${len(self)}"


# ------------------------------------------------------------------------------------------------ who sees what


def _within(table: str, viewer: Viewer, p: Parameters) -> str:
    if viewer.role == "ADMIN" or viewer.area_id is None:
        return "true"
    if viewer.area_is_county and table not in ("plan", "notice", "webhook"):
        return f"{table}.county_id = {p(viewer.area_id)}"
    return f"{table}.area_id IN (SELECT id FROM area WHERE ancestor_ids @> ARRAY[{p(viewer.area_id)}::int])"


def seen(table: str, viewer: Viewer, p: Parameters) -> str:
    """The condition on `table` that leaves what the viewer may see."""
    if table in KINDS:
        return f"{table}.withdrawn_at IS NULL AND {_seen_of_record(table, viewer, p)}"
    staff, partner = viewer.role in ("READER", "COORDINATOR", "ADMIN"), viewer.role == "PARTNER"
    if table == "party" and not staff:
        if not partner:
            return "NOT party.is_person"
        me = p(viewer.party_id)
        helpers = f"SELECT provider_id FROM referral WHERE community_id = {me}"
        return f"(NOT party.is_person OR party.id = {me} OR party.id IN ({helpers}))"
    if table == "offer":
        if staff:
            return f"(offer.status <> 'DRAFT' OR {_within('offer', viewer, p)})"
        own = ""
        if partner:
            me = p(viewer.party_id)
            promised = f"SELECT offer_id FROM referral WHERE community_id = {me}"
            own = f" OR offer.provider_id = {me} OR offer.id IN ({promised})"
        persons = "SELECT id FROM party WHERE is_person"
        return f"(offer.status = 'ACTIVE' AND offer.provider_id NOT IN ({persons}){own})"
    if table == "need":
        if staff:
            return _within("need", viewer, p)
        if not partner:
            return "false"
        me = p(viewer.party_id)
        own = f"SELECT m.need_id FROM match m JOIN offer o ON o.id = m.offer_id WHERE o.provider_id = {me}"
        asked = f"SELECT need_id FROM referral WHERE provider_id = {me}"
        return f"(need.status = 'OPEN' AND need.id IN ({own}) OR need.id IN ({asked}) OR need.community_id = {me})"
    if table == "match":
        if partner:
            own = f"SELECT id FROM offer WHERE provider_id = {p(viewer.party_id)}"
            return f"(match.offer_id IN ({own}) AND match.need_id IN (SELECT id FROM need WHERE status = 'OPEN'))"
        bound = _within("need", viewer, p) if staff else "false"
        return "true" if bound == "true" else f"EXISTS (SELECT FROM need WHERE need.id = match.need_id AND {bound})"
    if table == "plan":
        return _within("plan", viewer, p) if staff else "false"
    if table in ("allocation", "shortfall"):
        bound = _within("plan", viewer, p) if staff else "false"
        return "true" if bound == "true" else f"{table}.plan_id IN (SELECT id FROM plan WHERE {bound})"
    return _seen_of_loop(table, viewer, p) if table in LOOP else "true"


LOOP = ("referral", "follow_up", "service_record", "certificate", "notice", "webhook", "identity_reading")
#: Of whom only coordinators and a party's own are told.
PRIVATE = ("notice", "webhook", "identity_reading")


def _seen_of_loop(table: str, viewer: Viewer, p: Parameters) -> str:
    """The same for what came of an order: staff see their area's, a partner what it is itself part of."""
    role, party = viewer.role, viewer.party_id
    if role == "PARTNER":
        if table == "referral":
            return f"{p(party)} IN (referral.provider_id, referral.community_id)"
        if table in ("follow_up", "service_record"):
            return f"{table}.referral_id IN (SELECT id FROM referral WHERE {seen('referral', viewer, p)})"
        own = {"certificate": "volunteer_id", "identity_reading": "reader_id"}.get(table, "party_id")
        return f"{table}.{own} = {p(party)}"
    if role == "PUBLIC" or (role == "READER" and table in PRIVATE):
        return "false"
    if table in ("follow_up", "service_record"):
        return f"{table}.referral_id IN (SELECT id FROM referral WHERE {_within('referral', viewer, p)})"
    if table == "certificate":
        volunteers = f"SELECT id FROM party WHERE {_within('party', viewer, p)}"
        return f"({_within(table, viewer, p)} OR certificate.volunteer_id IN ({volunteers}))"
    bound = _within(table, viewer, p)
    return f"(notice.area_id IS NOT NULL AND {bound})" if table == "notice" and role != "ADMIN" else bound


def _seen_of_record(table: str, viewer: Viewer, p: Parameters) -> str:
    """Public ones everybody; others staff in their area, and partners where they stand in the row."""
    seen_by = KINDS[table].kind.seen
    if seen_by == "PUBLIC":
        return "true"
    if viewer.role == "PARTNER" and seen_by == "PARTY":
        columns = [f"{table}.{one.column}" for one in KINDS[table].fields if one.target == "party"]
        return f"{p(viewer.party_id)} IN ({', '.join(columns)})"
    return _within(table, viewer, p) if viewer.role in ("READER", "COORDINATOR", "ADMIN") else "false"


# ------------------------------------------------------------------------------------------------ which of them


def _area(code: str, p: Parameters) -> str:
    return f"(SELECT id FROM area WHERE code = {p(code)})"


def _below(table: str, code: str, p: Parameters) -> str:
    return f"SELECT id FROM {table} WHERE ancestor_ids @> ARRAY[(SELECT id FROM {table} WHERE code = {p(code)})]"


def within_area(table: str, value: Any, p: Parameters) -> str:
    return f"{table}.area_id IN ({_below('area', value, p)})"


def _serves_area(table: str, value: Any, p: Parameters) -> str:
    around = f"SELECT unnest(ancestor_ids) FROM area WHERE code = {p(value)}"
    return f"offer.coverage_ids && ARRAY({_below('area', value, p)} UNION {around})"


def _of_type(table: str, value: Any, p: Parameters) -> str:
    return f"{table}.resource_type_id IN ({_below('resource_type', value, p)})"


def _group(column: str, value: str, p: Parameters) -> str:
    found = f"FROM term WHERE scheme IN ('client_group', 'domain') AND code = {p(value)} ORDER BY scheme LIMIT 1"
    return f"(SELECT {column} {found})"


def _for_group(table: str, value: Any, p: Parameters) -> str:
    return f"need.client_group_ids && {_group('group_ids', value, p)}"


def _serves_group(table: str, value: Any, p: Parameters) -> str:
    groups = f"({_group('group_ids', value, p)} || {_group('ancestor_ids', value, p)})"
    return f"(cardinality(offer.client_group_ids) = 0 OR offer.client_group_ids && {groups})"


def scheme_below(scheme: str, code: str, p: Parameters) -> str:
    found = f"(SELECT id FROM term WHERE scheme = '{scheme}' AND code = {p(code)})"
    return f"SELECT id FROM term WHERE ancestor_ids @> ARRAY[{found}]"


def _by_channel(table: str, value: Any, p: Parameters) -> str:
    return f"need.channel_id IN ({scheme_below('channel', value, p)})"


def _by_industry(table: str, value: Any, p: Parameters) -> str:
    firms = f"party.industry_id IN ({scheme_below('industry', value, p)})"
    return firms if table == "party" else f"offer.provider_id IN (SELECT id FROM party WHERE {firms})"


def _society(table: str, value: Any, p: Parameters) -> str:
    chosen = f"SELECT id FROM party WHERE society = ANY({p(_names(value))}::society[])"
    return f"offer.provider_id IN ({chosen})"


def _posted_in(table: str, value: Any, p: Parameters) -> str:
    above = f"SELECT unnest(ancestor_ids) FROM area WHERE code = {p(value)}"
    return f"({table}.area_id IS NULL OR {table}.area_id IN ({above}))"


def _posted_on(table: str, value: Any, p: Parameters) -> str:
    day = p(value)
    return f"{day} BETWEEN coalesce({table}.since_on, '-infinity') AND coalesce({table}.until_on, 'infinity')"


def _unmatched(table: str, value: Any, p: Parameters) -> str:
    return f"need.id {'NOT ' if value else ''}IN (SELECT need_id FROM match)"


def id_of(types: tuple[str, ...], *columns: str) -> Callable[[str, Any, Parameters], str]:
    """One of the columns is the number of an id of these types; any other text names nothing."""

    def condition(table: str, value: Any, p: Parameters) -> str:
        parsed = parse_id(value)
        if parsed is None or parsed[0] not in types:
            return "false"
        return f"{p(parsed[1])}::bigint IN ({', '.join(f'{table}.{column}' for column in columns)})"

    return condition


def _holding(condition: str) -> Callable[[str, Any, Parameters], str]:
    """True: those of which it holds; false: all others."""
    return lambda table, value, p: f"({condition}) IS {'TRUE' if value else 'NOT TRUE'}"


def _overdue(table: str, value: Any, p: Parameters) -> str:
    return _holding(f"referral.awaited AND referral.due_at < {p(p.now)}")(table, value, p)


def _names(value: Any) -> list[str]:
    return [one.name for one in value]


def one_of(column: str) -> Callable[[str, Any, Parameters], str]:
    return lambda table, value, p: f"{table}.{column} = ANY({p(_names(value))})"


def is_(column: str, name: Callable[[Any], Any] = lambda value: value) -> Callable[[str, Any, Parameters], str]:
    return lambda table, value, p: f"{table}.{column} = {p(name(value))}"


def compared(column: str, sign: str) -> Callable[[str, Any, Parameters], str]:
    return lambda table, value, p: f"{table}.{column} {sign} {p(value)}"


def contains(column: str) -> Callable[[str, Any, Parameters], str]:
    return lambda table, value, p: f"strpos(lower({table}.{column}), lower({p(value.strip())})) > 0"


FILTERS: dict[str, dict[str, Callable[[str, Any, Parameters], str]]] = {
    "area": {
        "level": is_("level", lambda value: value.name),
        "under": lambda t, v, p: f"area.id IN ({_below('area', v, p)}) AND area.id <> {_area(v, p)}",
        "search": contains("name"),
    },
    "resource_type": {"kind": is_("kind", lambda value: value.name)},
    "term": {"scheme": is_("scheme")},
    "party": {
        "area": within_area,
        "society": one_of("society"),
        "industry": _by_industry,
        "search": contains("name"),
    },
    "need": {
        "area": within_area,
        "resource_type": _of_type,
        "client_group": _for_group,
        "status": one_of("status"),
        "priority": one_of("priority"),
        "channel": _by_channel,
        "search": contains("title"),
        "needed_before": compared("needed_by", "<"),
        "unmatched": _unmatched,
    },
    "offer": {
        "area": _serves_area,
        "resource_type": _of_type,
        "client_group": _serves_group,
        "society": _society,
        "industry": _by_industry,
        "status": one_of("status"),
        "search": contains("title"),
        "available_at_least": compared("available", ">="),
        "confirmed_since": compared("confirmed_at", ">="),
    },
    "plan": {"area": within_area, "status": one_of("status")},
    "team_template": {},
    "linkage_model": {"area": within_area},
    "duty": {"area": _posted_in, "level": is_("level", lambda value: value.name), "on": _posted_on},
    "procedure": {"area": _posted_in, "on": _posted_on},
    "referral": {
        "area": within_area,
        "party": id_of(tuple(TYPE_OF_KIND.values()), "provider_id", "community_id"),
        "need": id_of(("Need",), "need_id"),
        "offer": id_of(("Offer",), "offer_id"),
        "plan": id_of(("Plan",), "plan_id"),
        "status": one_of("status"),
        "overdue": _overdue,
        "to_follow_up": _holding("referral.awaited AND referral.status IN ('COMPLETED', 'FAILED')"),
    },
    "closed_referral": {"area": within_area, "closed_since": compared("closed_at", ">=")},
    "service_record": {
        "area": within_area,
        "party": id_of(tuple(TYPE_OF_KIND.values()), "provider_id", "community_id"),
        "kind": one_of("kind"),
        "from_on": compared("served_on", ">="),
        "until": compared("served_on", "<="),
        "stands": _holding("service_record.replaced_by_id IS NULL AND NOT service_record.withdrawn"),
    },
    "notice": {"unread": _holding("notice.read_at IS NULL")},
    "webhook": {"status": one_of("status")},
    "identity_reading": {"area": within_area, "client": id_of(("Client",), "client_id")},
}


def chosen(table: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The filters that a root page was given, by name; absent and null ones mean nothing."""
    where = arguments.get("where")
    given = {name: getattr(where, name) for name in FILTERS[table] if hasattr(where, name)} if where else arguments
    return {
        name: given[name]
        for name in FILTERS[table]
        if given.get(name) is not None and given[name] is not strawberry.UNSET
    }


# ------------------------------------------------------------------------------------------------ pages


def past(table: str, order: Order, cursor: str, after: bool, p: Parameters) -> str:
    """Rows after (before) a cursor: equal in the first columns, beyond it in the next."""
    bounds = decode(cursor, [Base.metadata.tables[table].c[column] for column, _ in order])
    ways = []
    for n, (column, direction) in enumerate(order):
        equal = [f"{table}.{order[m][0]} = {p(bounds[m])}" for m in range(n)]
        sign = ">" if (direction == "ASC") == after else "<"
        ways.append(" AND ".join([*equal, f"{table}.{column} {sign} {p(bounds[n])}"]))
    return f"({' OR '.join(f'({way})' for way in ways)})"


def ordered(table: str, order: Order, backward: bool) -> str:
    turned = {"ASC": "DESC", "DESC": "ASC"}
    return ", ".join(f"{table}.{column} {turned[way] if backward else way}" for column, way in order)


def facet_of(table: str, name: str, level: str, p: Parameters) -> tuple[str, str]:
    """(JOINs, columns code, zh, en)"""
    if name == "by_priority":
        return "", "need.priority::text AS code, NULL AS label_zh, NULL AS label_en"
    if name == "by_society":
        joined = "JOIN party provider ON provider.id = offer.provider_id"
        return joined, "provider.society::text AS code, NULL AS label_zh, NULL AS label_en"
    if name == "by_resource_type":
        joined = f"JOIN resource_type kind ON kind.id = {table}.resource_type_id"
        return joined, "kind.code AS code, kind.label_zh AS label_zh, kind.label_en AS label_en"
    joined = f"JOIN area home ON home.id = {table}.area_id JOIN area place ON place.id = ANY(home.ancestor_ids)"
    return (
        f"{joined} AND place.level = {p(level)}",
        "place.code AS code, place.name AS label_zh, place.name AS label_en",
    )

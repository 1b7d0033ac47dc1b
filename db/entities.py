"""What can be read: entities, their fields, relations, orders, filters and facets, by the names a Selection uses.

Adding a field that is a column needs no line here: a field is the column of the same name. A relation, an order, a
filter or a facet is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from db import filters
from db.areas import AreaRow
from db.base import Base
from db.certificates import CertificateRow
from db.duties import DutyRow
from db.filters import Filter
from db.identities import IdentityReadingRow
from db.kinds import KINDS
from db.matches import MatchRow, WeightSetRow
from db.needs import NeedRow
from db.notices import NoticeRow
from db.offers import OfferRow
from db.parties import PartyRow
from db.plans import AllocationRow, PlanRow, ShortfallRow
from db.procedures import ProcedureRow
from db.records import OTHERS, Declared, camel
from db.referrals import FollowUpRow, ReferralRow
from db.services import ServiceRecordRow
from db.teams import LinkageModelRow, TeamTemplateRow
from db.terms import ResourceTypeRow, TermRow
from db.webhooks import WebhookRow


@dataclass(frozen=True, slots=True)
class OneOf:
    """`column` holds the id of a row of `entity`."""

    entity: str
    column: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """`column` holds an array of ids of rows of `entity`."""

    entity: str
    column: str


@dataclass(frozen=True, slots=True)
class PageOf:
    """Rows of `entity` whose `column` is the parent's id, in the order given or the entity's own."""

    entity: str
    column: str
    order: tuple[tuple[str, bool], ...] | None = None


Relation = OneOf | ListOf | PageOf


@dataclass(frozen=True, slots=True)
class FacetOf:
    """Counts by `code`; `own` is the filter it ignores. `build(table, chosen)` gives (joined FROM, code, zh, en)."""

    own: str
    build: Callable[[Any, str], tuple[Any, Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class Entity:
    row: type[Base]
    #: GraphQL type name by value of `kind` ({"": name} where there is one type only).
    types: Mapping[str, str]
    #: (column, descending): total, because the last column is unique.
    order: tuple[tuple[str, bool], ...] = (("id", False),)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    facets: Mapping[str, FacetOf] = field(default_factory=dict)
    #: Fields that live in a row this one points at: name -> (relation, column).
    through: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: The column `kind` of a table that holds several types.
    kind: Literal["kind"] | None = None

    @property
    def table(self) -> Any:
        return self.row.__table__


PARTY_TYPES = {
    "COMMUNITY": "Community",
    "ORGANIZATION": "Organization",
    "SOCIAL_WORKER": "SocialWorker",
    "VOLUNTEER": "Volunteer",
    "DONOR_FIRM": "DonorFirm",
    "FUND": "Fund",
    "ASSISTANT": "Assistant",
}

_OF_REFERRAL: dict[str, Relation] = {
    "need": OneOf("need", "need_id"),
    "offer": OneOf("offer", "offer_id"),
    "community": OneOf("party", "community_id"),
    "provider": OneOf("party", "provider_id"),
    "area": OneOf("area", "area_id"),
    "owner": OneOf("area", "owner_area_id"),
    "plan": OneOf("plan", "plan_id", nullable=True),
    "reason": OneOf("term", "reason_id", nullable=True),
    "outcome": OneOf("term", "outcome_id", nullable=True),
    "follow_ups": PageOf("follow_up", "referral_id"),
    "services": PageOf("service_record", "referral_id"),
}

ENTITIES: dict[str, Entity] = {
    "area": Entity(
        AreaRow,
        {"": "Area"},
        order=(("code", False),),
        relations={
            "parent": OneOf("area", "parent_id", nullable=True),
            "children": PageOf("area", "parent_id"),
        },
        filters={"level": filters.equals("level"), "under": filters.UNDER, "search": filters.search("name")},
    ),
    "term": Entity(
        TermRow,
        {"": "Term"},
        order=(("position", False), ("id", False)),
        filters={"scheme": filters.equals("scheme")},
    ),
    "resource_type": Entity(
        ResourceTypeRow,
        {"": "ResourceType"},
        order=(("position", False), ("id", False)),
        relations={"parent": OneOf("resource_type", "parent_id", nullable=True)},
        filters={"kind": filters.equals("kind")},
    ),
    "weight_set": Entity(WeightSetRow, {"": "WeightSet"}),
    "party": Entity(
        PartyRow,
        PARTY_TYPES,
        kind="kind",
        relations={
            "area": OneOf("area", "area_id"),
            "industry": OneOf("term", "industry_id", nullable=True),
            "source": OneOf("term", "source_id", nullable=True),
            "offers": PageOf("offer", "provider_id"),
            "needs": PageOf("need", "community_id"),
            "certificates": PageOf("certificate", "volunteer_id"),
        },
        filters={
            "area": filters.WITHIN,
            "society": filters.any_of("society"),
            "industry": filters.INDUSTRY,
            "search": filters.search("name"),
        },
    ),
    "need": Entity(
        NeedRow,
        {"": "Need"},
        order=(("priority", True), ("created_at", False), ("id", False)),
        relations={
            "community": OneOf("party", "community_id"),
            "area": OneOf("area", "area_id"),
            "resource_type": OneOf("resource_type", "resource_type_id"),
            "client_groups": ListOf("term", "client_group_ids"),
            "channel": OneOf("term", "channel_id", nullable=True),
            "matches": PageOf("match", "need_id", (("score", True), ("offer_id", False))),
            "referrals": PageOf("referral", "need_id", (("id", True),)),
        },
        filters={
            "area": filters.WITHIN,
            "resourceType": filters.RESOURCE_TYPE,
            "clientGroup": filters.CLIENT_GROUP,
            "status": filters.any_of("status"),
            "priority": filters.any_of("priority"),
            "search": filters.search("title"),
            "channel": filters.CHANNEL,
            "neededBefore": filters.before("needed_by"),
            "unmatched": filters.UNMATCHED,
        },
        facets={
            "byPriority": FacetOf("priority", filters.facet_column("priority")),
            "byResourceType": FacetOf("resourceType", filters.facet_resource_type),
            "byArea": FacetOf("area", filters.facet_area),
        },
    ),
    "offer": Entity(
        OfferRow,
        {"": "Offer"},
        order=(("confirmed_at", True), ("id", False)),
        relations={
            "provider": OneOf("party", "provider_id"),
            "resource_type": OneOf("resource_type", "resource_type_id"),
            "coverage": ListOf("area", "coverage_ids"),
            "client_groups": ListOf("term", "client_group_ids"),
            "earmark": OneOf("term", "earmark_id", nullable=True),
            "matches": PageOf("match", "offer_id", (("score", True), ("need_id", False))),
            "referrals": PageOf("referral", "offer_id", (("id", True),)),
        },
        filters={
            "area": filters.SERVES,
            "resourceType": filters.RESOURCE_TYPE,
            "clientGroup": filters.SERVES_GROUP,
            "society": filters.PROVIDER_SOCIETY,
            "industry": filters.PROVIDER_INDUSTRY,
            "status": filters.any_of("status"),
            "search": filters.search("title"),
            "availableAtLeast": filters.at_least("available"),
            "confirmedSince": filters.since("confirmed_at"),
        },
        facets={
            "bySociety": FacetOf("society", filters.facet_society),
            "byResourceType": FacetOf("resourceType", filters.facet_resource_type),
            "byArea": FacetOf("area", filters.facet_area),
        },
    ),
    "match": Entity(
        MatchRow,
        {"": "Match"},
        relations={
            "need": OneOf("need", "need_id"),
            "offer": OneOf("offer", "offer_id"),
            "weight_set": OneOf("weight_set", "weight_set_id"),
        },
        through={"codes": ("weight_set", "codes"), "weights": ("weight_set", "weights")},
    ),
    "plan": Entity(
        PlanRow,
        {"": "Plan"},
        order=(("created_at", True), ("id", True)),
        relations={
            "area": OneOf("area", "area_id"),
            "allocations": PageOf("allocation", "plan_id"),
            "shortfalls": PageOf("shortfall", "plan_id"),
        },
        filters={"area": filters.WITHIN_AREA_ONLY, "status": filters.any_of("status")},
    ),
    "allocation": Entity(
        AllocationRow,
        {"": "Allocation"},
        relations={
            "need": OneOf("need", "need_id"),
            "offer": OneOf("offer", "offer_id"),
            "next_offer": OneOf("offer", "next_offer_id", nullable=True),
            "passed_over": OneOf("need", "next_need_id", nullable=True),
            "weight_set": OneOf("weight_set", "weight_set_id", nullable=True),
        },
        through={"codes": ("weight_set", "codes"), "weights": ("weight_set", "weights")},
    ),
    # Before the other one: an id of a Referral is of that.
    "closed_referral": Entity(
        ReferralRow,
        {"": "Referral"},
        order=(("closed_at", True), ("id", True)),
        relations=_OF_REFERRAL,
        filters={"area": filters.WITHIN, "closedSince": filters.since("closed_at")},
    ),
    "referral": Entity(
        ReferralRow,
        {"": "Referral"},
        order=(("awaited", True), ("due_at", False), ("id", False)),
        relations=_OF_REFERRAL,
        filters={
            "area": filters.WITHIN,
            "party": filters.id_in(tuple(PARTY_TYPES.values()), "provider_id", "community_id"),
            "need": filters.id_in(("Need",), "need_id"),
            "offer": filters.id_in(("Offer",), "offer_id"),
            "plan": filters.id_in(("Plan",), "plan_id"),
            "status": filters.any_of("status"),
            "overdue": filters.OVERDUE,
            "toFollowUp": filters.TO_FOLLOW_UP,
        },
    ),
    "notice": Entity(
        NoticeRow,
        {"": "Notice"},
        order=(("created_at", True), ("id", True)),
        relations={
            "party": OneOf("party", "party_id", nullable=True),
            "area": OneOf("area", "area_id", nullable=True),
        },
        filters={"unread": filters.UNREAD},
    ),
    "follow_up": Entity(FollowUpRow, {"": "FollowUp"}, order=(("id", True),)),
    "service_record": Entity(
        ServiceRecordRow,
        {"": "ServiceRecord"},
        order=(("served_on", True), ("id", True)),
        relations={
            "referral": OneOf("referral", "referral_id"),
            "area": OneOf("area", "area_id"),
            "provider": OneOf("party", "provider_id"),
            "community": OneOf("party", "community_id"),
            "resource_type": OneOf("resource_type", "resource_type_id"),
            "replaces": OneOf("service_record", "replaces_id", nullable=True),
            "replaced_by": OneOf("service_record", "replaced_by_id", nullable=True),
        },
        filters={
            "area": filters.WITHIN,
            "party": filters.id_in(tuple(PARTY_TYPES.values()), "provider_id", "community_id"),
            "kind": filters.any_of("kind"),
            "from": filters.at_least("served_on"),
            "until": filters.at_most("served_on"),
            "stands": filters.STANDS,
        },
    ),
    "certificate": Entity(
        CertificateRow,
        {"": "VolunteerCertificate"},
        order=(("id", True),),
        relations={
            "volunteer": OneOf("party", "volunteer_id"),
            "area": OneOf("area", "area_id"),
            "issuer_area": OneOf("area", "issuer_area_id"),
        },
    ),
    "duty": Entity(
        DutyRow,
        {"": "Duty"},
        order=(("position", False), ("id", False)),
        relations={"area": OneOf("area", "area_id", nullable=True)},
        filters={"area": filters.HOLDS_IN, "level": filters.equals("level"), "on": filters.HOLDS_ON},
    ),
    "procedure": Entity(
        ProcedureRow,
        {"": "Procedure"},
        order=(("position", False), ("id", False)),
        relations={"area": OneOf("area", "area_id", nullable=True)},
        filters={"area": filters.HOLDS_IN, "on": filters.HOLDS_ON},
    ),
    "webhook": Entity(
        WebhookRow,
        {"": "Webhook"},
        order=(("id", True),),
        relations={"area": OneOf("area", "scope_id", nullable=True)},
        filters={"status": filters.any_of("status")},
    ),
    "identity_reading": Entity(
        IdentityReadingRow,
        {"": "IdentityReading"},
        order=(("read_at", True), ("id", True)),
        relations={
            "area": OneOf("area", "area_id"),
            "client": OneOf("client", "client_id", nullable=True),
            "reader": OneOf("party", "reader_id", nullable=True),
            "referral": OneOf("referral", "referral_id", nullable=True),
        },
        filters={"area": filters.WITHIN, "client": filters.id_in(("Client",), "client_id")},
    ),
    "team_template": Entity(TeamTemplateRow, {"": "TeamTemplate"}, order=(("position", False), ("id", False))),
    "linkage_model": Entity(
        LinkageModelRow,
        {"": "LinkageModel"},
        order=(("since_on", True), ("id", True)),
        relations={"area": OneOf("area", "area_id"), "template": OneOf("team_template", "template_id")},
        filters={"area": filters.WITHIN_AREA_ONLY},
    ),
    "shortfall": Entity(ShortfallRow, {"": "Shortfall"}, relations={"need": OneOf("need", "need_id")}),
}


def _of_record(declared: Declared) -> Entity:
    """What can be read of a kind of record follows from its declaration."""
    kind = declared.kind
    relations: dict[str, Relation] = {"area": OneOf("area", "area_id")}
    found: dict[str, Filter] = {"area": filters.WITHIN}
    for one in declared.fields:
        if one.form in ("to", "named"):
            assert one.target is not None
            relations[one.name] = OneOf(one.target, one.column, nullable=one.optional)
            if one.form == "to":
                typed = PARTY_TYPES.values() if one.target == "party" else (TYPE_OF[one.target],)
                found[camel(one.name)] = filters.id_in(tuple(typed), one.column)
        elif one.form == "term":
            relations[one.name] = OneOf("term", one.column, nullable=one.optional)
            found[camel(one.name)] = filters.term_in(one.scheme or "", one.column)
        elif one.form == "terms":
            relations[one.name] = ListOf("term", one.column)
            found[camel(one.name)] = filters.holds_term(one.scheme or "", one.column)
        elif one.form == "code":
            found[camel(one.name)] = filters.any_of(one.column)
        elif one.form == "flag":
            found[camel(one.name)] = filters.equals(one.column)
    if kind.search is not None:
        found["search"] = filters.contains(kind.search)
    if kind.on is not None:
        found |= {"from": filters.at_least(kind.on), "until": filters.at_most(kind.on)}
    for other in KINDS.values():
        for one in other.fields:
            if one.target == declared.name and one.back is not None:
                relations[one.back] = PageOf(other.name, one.column)
    return Entity(declared.row, {"": kind.typename}, order=kind.order, relations=relations, filters=found)


#: GraphQL types by table, for ids in filters.
TYPE_OF = OTHERS | {name: one.kind.typename for name, one in KINDS.items()}
ENTITIES |= {name: _of_record(one) for name, one in KINDS.items()}

#: GraphQL type name -> entity, for ids.
ENTITY_OF_TYPE = {typename: name for name, entity in ENTITIES.items() for typename in entity.types.values()}

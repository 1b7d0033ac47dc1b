"""Who sees what: the rules said once more in plain words, and every door of the contract tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import world
from reading import ADMIN, World, filled, gid
from sqlalchemy import func, select

from db.areas import AreaRow
from db.cursors import parse_id
from db.entities import ENTITIES, OneOf
from db.matches import MatchRow
from db.needs import NeedRow
from db.offers import OfferRow
from db.parties import PartyRow
from db.plans import AllocationRow, PlanRow
from db.tables import metadata
from db.terms import ResourceTypeRow, TermRow
from db.viewer import Viewer
from db.visibility import PREDICATES, shape, values, visible
from schema.execution.limits import Limits

COUNTY = Viewer(role="COORDINATOR", area_id=3, area_is_county=True)
TOWNSHIP = Viewer(role="COORDINATOR", area_id=4)
OTHER_COUNTY = Viewer(role="COORDINATOR", area_id=8, area_is_county=True)
READER = Viewer(role="READER")
DONOR = Viewer(role="PARTNER", party_id=5)
ORGANIZATION = Viewer(role="PARTNER", party_id=2)
WORKER = Viewer(role="PARTNER", party_id=3)
PUBLIC = Viewer()
VIEWERS = {
    "admin": ADMIN,
    "coordinator of the county": COUNTY,
    "coordinator of the county, not known as one": Viewer(role="COORDINATOR", area_id=3),
    "coordinator of a township": TOWNSHIP,
    "coordinator of the other county": OTHER_COUNTY,
    "reader": READER,
    "reader of a township": Viewer(role="READER", area_id=4),
    "partner with a draft": DONOR,
    "partner that is an organization": ORGANIZATION,
    "partner that is a person": WORKER,
    "public": PUBLIC,
}
WORLD = {row: [{"id": n, **one} for n, one in enumerate(rows, 1)] for row, rows in world.rows().items()}
PARTIES, NEEDS, OFFERS = WORLD[PartyRow], WORLD[NeedRow], WORLD[OfferRow]
PARTY_TYPE = ENTITIES["party"].types


@pytest.fixture(scope="module")
def small(server_url: str, template_url: str) -> Iterator[World]:
    with filled(server_url, template_url, "test_visibility", Limits(cost=10**7)) as one:
        yield one


# ---------------------------------------------------------------------------------------- the rules in plain words


def is_staff(viewer: Viewer) -> bool:
    return viewer.role in ("READER", "COORDINATOR", "ADMIN")


def is_within(viewer: Viewer, row: dict[str, Any]) -> bool:
    return viewer.area_id is None or viewer.area_id in world.AREAS[row["area_id"] - 1][5]


def is_person(party: dict[str, Any]) -> bool:
    return party["kind"] in ("SOCIAL_WORKER", "ASSISTANT") or party["headcount"] == 1


def sees_party(viewer: Viewer, party: dict[str, Any]) -> bool:
    return is_staff(viewer) or not is_person(party) or party["id"] == viewer.party_id


def sees_offer(viewer: Viewer, offer: dict[str, Any]) -> bool:
    if is_staff(viewer):
        return offer["status"] != "DRAFT" or is_within(viewer, offer)
    own = viewer.party_id is not None and offer["provider_id"] == viewer.party_id
    return own or (offer["status"] == "ACTIVE" and not is_person(PARTIES[offer["provider_id"] - 1]))


def sees_need(viewer: Viewer, need: dict[str, Any]) -> bool:
    if is_staff(viewer):
        return is_within(viewer, need)
    return need["status"] == "OPEN" and any(
        match["need_id"] == need["id"] and OFFERS[match["offer_id"] - 1]["provider_id"] == viewer.party_id
        for match in WORLD[MatchRow]
        if viewer.party_id is not None
    )


def sees_match(viewer: Viewer, match: dict[str, Any]) -> bool:
    if is_staff(viewer):
        return sees_need(viewer, NEEDS[match["need_id"] - 1])
    own = viewer.party_id is not None and OFFERS[match["offer_id"] - 1]["provider_id"] == viewer.party_id
    return own and NEEDS[match["need_id"] - 1]["status"] == "OPEN"


def sees_plan(viewer: Viewer, plan: dict[str, Any]) -> bool:
    return is_staff(viewer) and is_within(viewer, plan)


def seen_by(viewer: Viewer) -> dict[str, set[str]]:
    """Global ids of all that the viewer may see, by list."""
    plans = {one["id"] for one in WORLD[PlanRow] if sees_plan(viewer, one)}
    return {
        "parties": {gid(PARTY_TYPE[one["kind"]], one["id"]) for one in PARTIES if sees_party(viewer, one)},
        "offers": {gid("Offer", one["id"]) for one in OFFERS if sees_offer(viewer, one)},
        "needs": {gid("Need", one["id"]) for one in NEEDS if sees_need(viewer, one)},
        "matches": {gid("Match", one["id"]) for one in WORLD[MatchRow] if sees_match(viewer, one)},
        "plans": {gid("Plan", one) for one in plans},
        "allocations": {gid("Allocation", one["id"]) for one in WORLD[AllocationRow] if one["plan_id"] in plans},
        "open to all": {
            *(gid("Area", one["id"]) for one in WORLD[AreaRow]),
            *(gid("Term", one["id"]) for one in WORLD[TermRow]),
            *(gid("ResourceType", one["id"]) for one in WORLD[ResourceTypeRow]),
        },
    }


EVERYTHING = sorted(set().union(*seen_by(ADMIN).values()))

each_viewer = pytest.mark.parametrize("viewer", VIEWERS.values(), ids=list(VIEWERS))


def test_the_rules_tell_the_viewers_apart() -> None:
    counts = {name: {k: len(v) for k, v in seen_by(one).items()} for name, one in VIEWERS.items()}
    assert counts["admin"]["needs"] == 24 > counts["coordinator of the county"]["needs"]
    assert counts["coordinator of a township"]["needs"] > 0 == counts["public"]["needs"]
    assert 0 < counts["partner that is an organization"]["needs"] < 24
    assert 0 < counts["partner that is a person"]["matches"] < counts["admin"]["matches"]
    assert counts["public"]["parties"] < counts["partner that is a person"]["parties"] < 21
    assert counts["coordinator of the other county"]["allocations"] == 2


# ---------------------------------------------------------------------------------------- doors


@each_viewer
def test_an_id_opens_only_what_may_be_seen(small: World, viewer: Viewer) -> None:
    allowed = set().union(*seen_by(viewer).values())
    found: list[Any] = []
    for start in range(0, len(EVERYTHING), 100):
        ids = EVERYTHING[start : start + 100]
        found += small.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", viewer, ids=ids)["nodes"]
    assert [one and one["id"] for one in found] == [id if id in allowed else None for id in EVERYTHING]
    # One of each type through the other door.
    for id in {parse_id(one)[0]: one for one in EVERYTHING if parse_id(one)}.values():  # type: ignore[index]
        assert (small.ask("query($id: ID!) { node(id: $id) { id } }", viewer, id=id)["node"] is None) == (
            id not in allowed
        )


@each_viewer
@pytest.mark.parametrize("name", ["parties", "offers", "needs", "plans"])
def test_a_list_holds_and_counts_what_may_be_seen(small: World, viewer: Viewer, name: str) -> None:
    page = small.ask(f"{{ {name}(first: 100) {{ totalCount edges {{ node {{ id }} }} }} }}", viewer)[name]
    expected = seen_by(viewer)[name]
    assert {edge["node"]["id"] for edge in page["edges"]} == expected
    assert page["totalCount"] == len(page["edges"]) == len(expected)


@each_viewer
def test_facets_count_what_may_be_seen(small: World, viewer: Viewer) -> None:
    data = small.ask(
        "{ needs { byPriority { count } byResourceType { count } byArea { count } }"
        " offers { bySociety { count } byResourceType { count } byArea { count } } }",
        viewer,
    )
    allowed = seen_by(viewer)
    for name, facets in data.items():
        for facet in facets.values():
            assert sum(one["count"] for one in facet) == len(allowed[name])


#: list, field, the list of what is below, and whose child a row is.
BELOW = [
    ("parties", "... on Party { below: offers(first: 100) { totalCount edges { node { id } } } }", OfferRow),
    ("parties", "... on Community { below: needs(first: 100) { totalCount edges { node { id } } } }", NeedRow),
    ("needs", "... on Need { below: matches(first: 100) { totalCount edges { node { id } } } }", MatchRow),
    ("offers", "... on Offer { below: matches(first: 100) { totalCount edges { node { id } } } }", MatchRow),
    ("plans", "... on Plan { below: allocations(first: 100) { totalCount edges { node { id } } } }", AllocationRow),
]
PARENT = {
    ("parties", OfferRow): "provider_id",
    ("parties", NeedRow): "community_id",
    ("needs", MatchRow): "need_id",
    ("offers", MatchRow): "offer_id",
    ("plans", AllocationRow): "plan_id",
}
LIST_OF = {OfferRow: "offers", NeedRow: "needs", MatchRow: "matches", AllocationRow: "allocations"}
TYPE_OF = {OfferRow: "Offer", NeedRow: "Need", MatchRow: "Match", AllocationRow: "Allocation"}


@each_viewer
@pytest.mark.parametrize(("name", "below", "row"), BELOW)
def test_what_hangs_below_a_row_is_what_may_be_seen_of_it(
    small: World, viewer: Viewer, name: str, below: str, row: Any
) -> None:
    allowed = seen_by(viewer)
    page = small.ask(f"{{ {name}(first: 100) {{ edges {{ node {{ id {below} }} }} }} }}", viewer)[name]
    for edge in page["edges"]:
        if "below" not in edge["node"]:
            continue
        parent = parse_id(edge["node"]["id"])
        assert parent is not None
        children = {gid(TYPE_OF[row], c["id"]) for c in WORLD[row] if c[PARENT[name, row]] == parent[1]}
        found = [one["node"]["id"] for one in edge["node"]["below"]["edges"]]
        assert set(found) == children & allowed[LIST_OF[row]]
        assert len(found) == edge["node"]["below"]["totalCount"] == len(set(found))


WIDE = """
{
  parties(first: 100) { edges { node { ...P offers(first: 20) { edges { node { ...O } } } } } }
  needs(first: 100) { edges { node { ...N matches(first: 20) { edges { node { ...M } } } } } }
  offers(first: 100) { edges { node { ...O matches(first: 20) { edges { node { ...M } } } } } }
  plans { edges { node { id area { id }
    allocations(first: 20) { edges { node { id need { ...N } offer { ...O } } } }
    shortfalls(first: 20) { totalCount edges { node { need { ...N } } } } } } }
}
fragment P on Party { id area { id } ... on Community { needs(first: 20) { edges { node { ...N } } } } }
fragment N on Need { id community { id } area { id } resourceType { id } clientGroups { id } channel { id } }
fragment O on Offer { id provider { id } coverage { id } clientGroups { id } earmark { id } }
fragment M on Match { id need { ...N } offer { ...O } }
"""


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "id" in value:
            yield value["id"]
        for one in value.values():
            yield from _ids(one)
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one)


@each_viewer
def test_no_path_leads_to_what_may_not_be_seen(small: World, viewer: Viewer) -> None:
    found = set(_ids(small.ask(WIDE, viewer)))
    assert found <= set().union(*seen_by(viewer).values())
    assert found


# ---------------------------------------------------------------------------------------- said in so many words


def test_a_draft_is_for_its_own_county_and_its_provider(small: World) -> None:
    query = "{ offers(first: 100, where: {status: [DRAFT]}) { edges { node { id } } } }"

    def drafts(viewer: Viewer) -> set[int]:
        edges = small.ask(query, viewer)["offers"]["edges"]
        return {number[1] for edge in edges if (number := parse_id(edge["node"]["id"]))}

    assert drafts(ADMIN) == {5, 13, 21}
    assert drafts(COUNTY) == {5, 13}
    assert drafts(OTHER_COUNTY) == {21}
    assert drafts(Viewer(role="PARTNER", party_id=13)) == {13}
    assert drafts(DONOR) == {5}
    assert drafts(ORGANIZATION) == set()
    assert drafts(PUBLIC) == set()


def test_the_public_sees_no_paused_or_withdrawn_offer(small: World) -> None:
    query = "{ offers(first: 100) { edges { node { status } } } }"
    assert {edge["node"]["status"] for edge in small.ask(query)["offers"]["edges"]} > {"PAUSED", "WITHDRAWN"}
    assert {edge["node"]["status"] for edge in small.ask(query, PUBLIC)["offers"]["edges"]} == {"ACTIVE"}


def test_names_of_persons_are_for_staff_and_themselves(small: World) -> None:
    query = "{ parties(first: 100) { edges { node { __typename name ... on Volunteer { headcount } } } } }"
    public = [edge["node"] for edge in small.ask(query, PUBLIC)["parties"]["edges"]]
    assert not {"SocialWorker", "Assistant"} & {one["__typename"] for one in public}
    assert {one["headcount"] for one in public if one["__typename"] == "Volunteer"} == {30}
    own = [edge["node"] for edge in small.ask(query, WORKER)["parties"]["edges"]]
    assert [one["name"] for one in own if one["__typename"] == "SocialWorker"] == ["甲村Social_Worker"]
    assert len(small.ask(query, READER)["parties"]["edges"]) == 21


def test_needs_of_another_county_are_not_for_a_coordinator(small: World) -> None:
    other = next(one["id"] for one in NEEDS if one["county_id"] == 8)
    query = 'query($id: ID!) { node(id: $id) { id } needs(where: {area: "370811"}) { totalCount } }'
    assert small.ask(query, COUNTY, id=gid("Need", other)) == {"node": None, "needs": {"totalCount": 0}}
    assert small.ask(query, OTHER_COUNTY, id=gid("Need", other))["needs"]["totalCount"] == 8


# ---------------------------------------------------------------------------------------- the predicates themselves


def test_every_table_has_a_predicate() -> None:
    assert set(PREDICATES) == set(metadata.tables)


@each_viewer
def test_who_sees_a_row_sees_every_row_it_must_point_at(small: World, viewer: Viewer) -> None:
    """So a required relation is never missing, and totalCount equals the edges that can be reached."""

    async def blind(name: str, relation: OneOf) -> int:
        table, target = ENTITIES[name].table, ENTITIES[relation.entity].table.alias("target")
        there = select(target.c.id).where(
            target.c.id == table.c[relation.column], visible(relation.entity, target, shape(viewer))
        )
        statement = (
            select(func.count())
            .select_from(table)
            .where(visible(name, table, shape(viewer)), table.c[relation.column].is_not(None), ~there.exists())
        )
        async with small.executor.database.engine.connect() as connection:
            return int((await connection.execute(statement, values(viewer))).scalar_one())

    for name, entity in ENTITIES.items():
        for relation in entity.relations.values():
            if isinstance(relation, OneOf):
                assert small.do(blind(name, relation)) == 0, (name, relation)

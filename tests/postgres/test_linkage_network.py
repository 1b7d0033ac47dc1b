"""The linkage network as it is asked for: what is in it, for whom, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import world
from reading import ADMIN, World, filled, gid
from test_visibility import (
    COUNTY,
    DONOR,
    NEEDS,
    OFFERS,
    ORGANIZATION,
    PARTIES,
    PARTY_TYPE,
    PUBLIC,
    TOWNSHIP,
    VIEWERS,
    WORKER,
    WORLD,
    is_person,
    sees_match,
    sees_need,
    sees_party,
    sees_plan,
)

from bench.ordinary import run_ordinary
from db.cursors import parse_id
from db.matches import MatchRow
from db.plans import AllocationRow, PlanRow
from db.viewer import Viewer

NETWORK = """query($area: String!, $around: ID, $depth: Int) {
    linkageNetwork(area: $area, around: $around, depth: $depth) {
    nodes { party { id name society area { code } } x y degree }
    edges { source target weight kind } omittedNodes omittedEdges } }"""


@pytest.fixture(scope="module")
def small(server_url: str, template_url: str) -> Iterator[World]:
    with filled(server_url, template_url, "test_linkage_network") as one:
        yield one


def number(id: str) -> int:
    parsed = parse_id(id)
    assert parsed is not None
    return parsed[1]


def asked(small: World, viewer: Viewer = ADMIN, area: str = "37", **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = small.ask(NETWORK, viewer, area=area, **variables)["linkageNetwork"]
    return found


def expected(viewer: Viewer, area_id: int = 1) -> set[tuple[int, int]]:
    """(community, provider) pairs of what the viewer sees, in plain words."""
    standing = {p["id"] for p in WORLD[PlanRow] if p["status"] != "SUPERSEDED" and sees_plan(viewer, p)}
    tied = [(m["need_id"], m["offer_id"]) for m in WORLD[MatchRow] if sees_match(viewer, m)]
    tied += [(a["need_id"], a["offer_id"]) for a in WORLD[AllocationRow] if a["plan_id"] in standing]
    pairs = set()
    for need_id, offer_id in tied:
        need, provider = NEEDS[need_id - 1], PARTIES[OFFERS[offer_id - 1]["provider_id"] - 1]
        inside = area_id in world.AREAS[need["area_id"] - 1][5]
        if inside and sees_need(viewer, need) and sees_party(viewer, provider):
            pairs.add((need["community_id"], provider["id"]))
    return {(a, b) for a, b in pairs if a != b}


def serves(network: dict[str, Any]) -> set[tuple[int, int]]:
    ends = [(number(e["source"]), number(e["target"])) for e in network["edges"] if e["kind"] == "SERVES"]
    kinds = {one["id"]: one["kind"] for one in PARTIES}
    return {(a, b) if kinds[a] == "COMMUNITY" and (kinds[b] != "COMMUNITY" or a < b) else (b, a) for a, b in ends}


def undirected(pairs: set[tuple[int, int]]) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in pairs}


@pytest.mark.parametrize("name", VIEWERS)
def test_the_network_holds_what_the_viewer_sees_and_nothing_of_what_is_hidden(small: World, name: str) -> None:
    viewer = VIEWERS[name]
    network = asked(small, viewer)
    assert undirected(serves(network)) == undirected(expected(viewer))
    nodes = {number(node["party"]["id"]): node for node in network["nodes"]}
    assert set(nodes) == {one for pair in expected(viewer) for one in pair}
    assert all(sees_party(viewer, PARTIES[id - 1]) for id in nodes)
    for id, node in nodes.items():
        assert node["party"]["id"] == gid(PARTY_TYPE[PARTIES[id - 1]["kind"]], id)
        assert node["degree"] == sum(node["party"]["id"] in (e["source"], e["target"]) for e in network["edges"])
        assert 0 <= node["x"] <= 1
        assert 0 <= node["y"] <= 1
    assert len({(node["x"], node["y"]) for node in nodes.values()}) == len(nodes)
    assert (network["omittedNodes"], network["omittedEdges"]) == (0, 0)


def test_the_viewers_above_see_something_and_different_things() -> None:
    sizes = {name: len(expected(viewer)) for name, viewer in VIEWERS.items()}
    assert sizes["admin"] > sizes["coordinator of the county"] > sizes["coordinator of a township"] > 0
    assert sizes["partner that is an organization"] > 0
    assert sizes["public"] == 0


def test_providers_of_one_community_are_linked_by_how_few_serve_it(small: World) -> None:
    pairs = expected(ADMIN)
    kinds = {one["id"]: one["kind"] for one in PARTIES}
    around: dict[int, set[int]] = {}
    for a, b in pairs:
        around.setdefault(a, set()).add(b)
        around.setdefault(b, set()).add(a)
    shares: dict[frozenset[int], float] = {}
    for community, near in around.items():
        if kinds[community] == "COMMUNITY":
            own = sorted(one for one in near if kinds[one] != "COMMUNITY")
            for a in own:
                for b in own:
                    if a < b:
                        pair = frozenset((a, b))
                        shares[pair] = shares.get(pair, 0) + 1 / len(near)
    found = {
        frozenset((number(e["source"]), number(e["target"]))): e["weight"]
        for e in asked(small)["edges"]
        if e["kind"] == "TOGETHER"
    }
    assert found == {pair: pytest.approx(share, abs=1e-6) for pair, share in shares.items()}


def test_the_area_bounds_the_needs_and_not_the_providers(small: World) -> None:
    network = asked(small, area="370832101")
    assert undirected(serves(network)) == undirected(expected(ADMIN, 4))
    homes = {node["party"]["area"]["code"] for node in network["nodes"]}
    assert any(not code.startswith("370832101") for code in homes)


def test_around_a_party_lies_what_is_so_many_links_away(small: World) -> None:
    graph: dict[int, set[int]] = {}
    for a, b in expected(ADMIN):
        graph.setdefault(a, set()).add(b)
        graph.setdefault(b, set()).add(a)
    start = next(id for id in sorted(graph) if PARTIES[id - 1]["kind"] == "ORGANIZATION")
    reached = {start}
    for depth in (1, 2, 3, 4):
        reached |= {near for one in reached for near in graph[one]}
        network = asked(small, around=gid("Organization", start), depth=depth)
        assert {number(node["party"]["id"]) for node in network["nodes"]} == reached
    assert asked(small, around=gid("Organization", start)) == asked(small, around=gid("Organization", start), depth=1)


def test_a_party_without_links_in_the_area_stands_alone(small: World) -> None:
    (node,) = asked(small, area="3708-Z1", around=gid("Organization", 2))["nodes"]
    assert (number(node["party"]["id"]), node["degree"]) == (2, 0)


def test_an_area_without_parties_has_an_empty_network(small: World) -> None:
    network = asked(small, area="3708-Z1")
    assert network == {"nodes": [], "edges": [], "omittedNodes": 0, "omittedEdges": 0}


def test_the_same_data_give_the_same_picture(small: World, server_url: str, template_url: str) -> None:
    with filled(server_url, template_url, "test_linkage_again") as other:
        assert asked(other) == asked(small)
        other.write("UPDATE match SET score = score")  # rows in another order on disk
        assert asked(other) == asked(small)


def test_ordinary_execution_answers_the_same(small: World) -> None:
    for viewer in (ADMIN, TOWNSHIP, ORGANIZATION, PUBLIC):
        for variables in ({"area": "370832"}, {"area": "37", "around": gid("Community", 1), "depth": 2}):
            ordinary = small.do(run_ordinary(small.executor, NETWORK, None, variables, viewer))
            assert ordinary == small.do(small.executor.run(NETWORK, None, variables, viewer=viewer)).body


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"area": "99"}, "UNKNOWN_AREA"),
        ({"area": ""}, "UNKNOWN_AREA"),
        ({"area": "37\x00"}, "UNKNOWN_AREA"),
        ({"area": "3" * 5_000}, "UNKNOWN_AREA"),
        ({"area": "37", "depth": 0}, "BAD_DEPTH"),
        ({"area": "37", "depth": -1}, "BAD_DEPTH"),
        ({"area": "37", "depth": 5}, "BAD_DEPTH"),
        ({"area": "37", "depth": 2**31 - 1}, "BAD_DEPTH"),
        ({"area": "37", "around": ""}, "NOT_FOUND"),
        ({"area": "37", "around": gid("Need", 1)}, "NOT_FOUND"),
        ({"area": "37", "around": gid("Organization", 999)}, "NOT_FOUND"),
        ({"area": "37", "around": gid("Organization", 2**63)}, "NOT_FOUND"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_code(small: World, variables: dict[str, Any], code: str) -> None:
    assert small.codes(NETWORK, **variables) == [code]


def test_a_hidden_party_is_answered_as_one_that_is_not_there(small: World) -> None:
    person = next(one for one in PARTIES if is_person(one) and one["id"] != WORKER.party_id)
    hidden = gid(PARTY_TYPE[person["kind"]], person["id"])
    there_not = gid("SocialWorker", 999)
    for viewer in (PUBLIC, DONOR):
        one, other = (small.answer(NETWORK, viewer, area="37", around=id) for id in (hidden, there_not))
        assert one == other
        assert one["data"] is None


def test_too_many_networks_at_once_are_refused(small: World) -> None:
    many = " ".join(f'n{i}: linkageNetwork(area: "37") {{ omittedNodes }}' for i in range(6))
    assert small.codes(f"{{ {many} }}") == ["QUERY_TOO_COSTLY"]


def test_the_network_is_as_new_as_the_last_change(server_url: str, template_url: str) -> None:
    with filled(server_url, template_url, "test_linkage_changes") as one:
        before = asked(one, COUNTY)
        assert asked(one, COUNTY) == before
        one.write("DELETE FROM match")
        one.write("UPDATE plan SET status = 'SUPERSEDED'")
        assert asked(one, COUNTY)["nodes"] == []
        assert before["nodes"]

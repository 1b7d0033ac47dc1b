"""What is asked, in every server's own words, and how the answers are brought to one shape to be compared."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from bench.province import County

#: GraphQL documents by question; `%s` is where a literal stands when it is not a variable.
_OURS = {
    "Q1": (
        "query ($id: ID!) { node(id: $id) { ...need } }",
        '{ node(id: "%s") { ...need } }',
        " fragment need on Need { id title quantity priority status neededBy }",
    ),
    "Q2": (
        "query ($area: String!) { needs(first: 20, where: {area: $area, status: [OPEN]}) { ...list } }",
        '{ needs(first: 20, where: {area: "%s", status: [OPEN]}) { ...list } }',
        " fragment list on NeedConnection { edges { node { id title quantity priority neededBy community { name }"
        " matches(first: 5) { edges { node { score offer { title available provider { name } } } } } } } }",
    ),
    "Q3": (
        "query ($first: Int!) { offers(first: $first) { ...list } }",
        "{ offers(first: %s) { ...list } }",
        " fragment list on OfferConnection { edges { node { id title capacity committed available minimumPerNeed"
        " status confirmedAt provider { id name } } } }",
    ),
}
_VARIABLE = {"Q1": "id", "Q2": "area", "Q3": "first"}

#: The same for PostGraphile, which names things after tables and knows no areas by code.
_POSTGRAPHILE = {
    "Q1": "query ($id: BigInt!) { needByRowId(rowId: $id) { rowId title quantity priority status neededBy } }",
    "Q2": (
        "query ($county: Int!) { allNeeds(first: 20, condition: {countyId: $county, status: OPEN},"
        " orderBy: [PRIORITY_DESC, CREATED_AT_ASC, ROW_ID_ASC]) { edges { node { rowId title quantity priority neededBy"
        " partyByCommunityId { name } matchesByNeedId(first: 5, orderBy: [SCORE_DESC, OFFER_ID_ASC]) { edges { node {"
        " score offerByOfferId { title available partyByProviderId { name } } } } } } } } }"
    ),
    "Q3": (
        "query ($first: Int!) { allOffers(first: $first, orderBy: [CONFIRMED_AT_DESC, ROW_ID_ASC]) { edges { node {"
        " rowId title capacity committed available minimumPerNeed status confirmedAt partyByProviderId { rowId name }"
        " } } } }"
    ),
}
QUESTIONS = tuple(_OURS)


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: `key` goes into the Authorization header."""

    path: str
    key: str
    body: bytes


def graphql(question: str, counties: Sequence[County], *, inline: bool = False) -> list[Request]:
    """Requests for our endpoint; the same documents again and again, with variables or with literals in them."""
    with_variable, with_literal, fragment = _OURS[question]
    made = []
    for county, value in _values(question, counties):
        if inline:
            given: dict[str, Any] = {"query": with_literal % value + fragment}
        else:
            given = {"query": with_variable + fragment, "variables": {_VARIABLE[question]: value}}
        made.append(Request("/graphql", county.key, orjson.dumps(given)))
    return made


def handwritten(question: str, counties: Sequence[County]) -> list[Request]:
    return [
        Request("/" + question.lower(), county.key, orjson.dumps({_VARIABLE[question]: value}))
        for county, value in _values(question, counties)
    ]


def postgraphile(question: str, counties: Sequence[County]) -> list[Request]:
    made = []
    for county, value in _values(question, counties):
        variables: dict[str, Any] = {"first": value}
        if question == "Q1":
            variables = {"id": base64.b64decode(value).decode().removeprefix("Need:")}
        elif question == "Q2":
            variables = {"county": county.id}
        body = orjson.dumps({"query": _POSTGRAPHILE[question], "variables": variables})
        made.append(Request("/graphql", county.key, body))
    return made


def _values(question: str, counties: Sequence[County]) -> list[tuple[County, Any]]:
    if question == "Q1":
        return [
            (county, base64.b64encode(b"Need:%d" % id).decode())
            for n in range(10)
            for county in counties
            for id in county.need_ids[n : n + 1]
        ]
    return [(county, county.code if question == "Q2" else 100) for county in counties]


def same(question: str, answer: bytes) -> Any:
    """The answer of ours and of the hand-written server, as it is."""
    return orjson.loads(answer)["data"]


def from_postgraphile(question: str, answer: bytes) -> Any:
    """PostGraphile's answer with our names and ids."""
    data = orjson.loads(answer)["data"]
    if question == "Q1":
        return {"node": _named("Need", data["needByRowId"])}
    ((_, connection),) = data.items()
    shaped: Callable[[Any], Any] = _need if question == "Q2" else _offer
    edges = [{"node": shaped(edge["node"])} for edge in connection["edges"]]
    return {"needs" if question == "Q2" else "offers": {"edges": edges}}


def _named(typename: str, row: dict[str, Any]) -> dict[str, Any]:
    number = row.pop("rowId")
    return {**row, "id": base64.b64encode(f"{typename}:{number}".encode()).decode()}


def _need(row: dict[str, Any]) -> dict[str, Any]:
    matches = []
    for edge in row.pop("matchesByNeedId")["edges"]:
        offer = edge["node"].pop("offerByOfferId")
        offer["provider"] = offer.pop("partyByProviderId")
        matches.append({"node": {"score": edge["node"]["score"], "offer": offer}})
    community = row.pop("partyByCommunityId")
    return {**_named("Need", row), "community": community, "matches": {"edges": matches}}


def _offer(row: dict[str, Any]) -> dict[str, Any]:
    provider = row.pop("partyByProviderId")
    row["confirmedAt"] = datetime.fromisoformat(row["confirmedAt"]).isoformat()
    kind = "Organization" if provider["name"].startswith("社会工作") else "Volunteer"
    return {**_named("Offer", row), "provider": _named(kind, provider)}

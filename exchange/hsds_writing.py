"""Offers as a page of HSDS 3.0 services, valid against the standard's compiled schemas."""

from __future__ import annotations

import os
import re
import tempfile
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from exchange.hsds_records import AREA_NAMES, AREA_SCHEME, CREDIT_SCHEME, OWN_TAXONOMIES
from exchange.records import OfferRecord, PartyRecord

#: HSDS ids are UUIDs; what has none gets a name-based one (RFC 9562, version 5), the same in every export.
_NAMESPACE = uuid.UUID("6f0d7a52-8f5e-5f0b-9c1d-3c6f7f6e2b11")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def write(path: str | Path, offers: Iterable[OfferRecord], parties: Iterable[PartyRecord]) -> Path:
    """Writes `offers` with their organizations as one list page of full services; returns the path.

    An organization is the party whose reference or name the offer gives, else it is made of what the offer says;
    a party without an offer has no place in a list of services and is left out. Capacity, unit, dates, coverage and
    resource type are written; a reader gets them back through `reading.read`. The file appears whole or not at all.
    O(offers + parties).
    """
    path = Path(path)
    known: dict[object, PartyRecord] = {}
    for party in parties:
        for key in (party.reference, party.credit_code, (party.name, party.kind, party.area), party.name):
            if key:
                known.setdefault(key, party)
    services = [_service(offer, known) for offer in offers]
    page = {
        "total_items": len(services),
        "total_pages": 1,
        "page_number": 1,
        "size": len(services),
        "first_page": True,
        "last_page": True,
        "empty": not services,
        "contents": services,
    }
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        stream.write(orjson.dumps(page, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    os.replace(stream.name, path)
    return path


def _id(*parts: str | None) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(part or "" for part in parts)))


def service_id(offer: OfferRecord) -> str:
    """The id an offer has in HSDS: its own where it came from a directory, else made of its platform id and provider.

    An import finds the stored offer again by it, so it must not rest on what may change.
    """
    if offer.reference and _UUID.fullmatch(offer.reference):
        return offer.reference
    if offer.platform_id:
        return _id("offer", offer.platform_id, offer.provider)
    return _id("offer", offer.reference, offer.provider, offer.title)


def _organization_id(party: PartyRecord | None, offer: OfferRecord) -> str:
    reference = party.reference if party else offer.provider_reference
    if reference and _UUID.fullmatch(reference):
        return reference
    if party is not None and party.platform_id:
        return _id("party", party.platform_id)
    return _id("party", reference or offer.credit_code or offer.provider)


def _service(offer: OfferRecord, known: dict[object, PartyRecord]) -> dict[str, Any]:
    key = service_id(offer)
    place = (offer.provider, offer.provider_kind, offer.provider_area)
    keys = (offer.provider_reference, offer.credit_code, place, offer.provider)
    party = next((known[name] for name in keys if name and name in known), None)
    organization = _organization(offer, party)
    service: dict[str, Any] = {
        "id": key,
        "organization_id": organization["id"],
        "name": offer.title,
        "status": "active",
        "organization": organization,
    }
    if offer.coverage:
        service["service_areas"] = [_area(key, area) for area in offer.coverage]
    capacity: dict[str, Any] = {"id": _id(key, "capacity"), "available": offer.capacity}
    if offer.unit:
        capacity["unit"] = {"id": _id("unit", offer.unit), "name": offer.unit}
    service["capacities"] = [capacity]
    if offer.available_from or offer.available_until:
        schedule = {"id": _id(key, "schedule")}
        if offer.available_from:
            schedule["valid_from"] = offer.available_from.isoformat()
        if offer.available_until:
            schedule["valid_to"] = offer.available_until.isoformat()
        service["schedules"] = [schedule]
    terms = [("resource_type", offer.resource_type), ("earmark", offer.earmark)]
    terms += [("client_group", group) for group in offer.client_groups]
    attributes = [_term(key, kind, code) for kind, code in terms if code]
    if offer.minimum_per_need != 1:
        attributes.append(_value(key, "minimum_per_need", str(offer.minimum_per_need)))
    if offer.maximum_per_need is not None:
        attributes.append(_value(key, "maximum_per_need", str(offer.maximum_per_need)))
    if attributes:
        service["attributes"] = attributes
    return service


def _organization(offer: OfferRecord, party: PartyRecord | None) -> dict[str, Any]:
    name = party.name if party else offer.provider
    area = party.area if party else offer.provider_area
    credit_code = party.credit_code if party else offer.credit_code
    kind = party.kind if party else offer.provider_kind
    key = _organization_id(party, offer)
    organization: dict[str, Any] = {"id": key, "name": name, "description": name}
    if credit_code:
        organization["organization_identifiers"] = [
            {
                "id": _id(key, "credit_code"),
                "identifier_scheme": CREDIT_SCHEME,
                "identifier_type": "统一社会信用代码",
                "identifier": credit_code,
            }
        ]
    if area:
        organization["locations"] = [
            {
                "id": _id(key, "location"),
                "location_type": "physical",
                "name": area,
                "external_identifier": area,
                "external_identifier_type": AREA_SCHEME if area.isdigit() else AREA_NAMES,
            }
        ]
    if kind and kind != "ORGANIZATION":
        organization["attributes"] = [_value(key, "party_kind", kind)]
    return organization


def _area(key: str, area: str) -> dict[str, Any]:
    written = {"id": _id(key, "area", area), "service_id": key, "name": area}
    return {**written, "extent": area, "extent_type": AREA_SCHEME} if area.isdigit() else written


def _value(key: str, kind: str, value: str) -> dict[str, Any]:
    return {"id": _id(key, kind), "link_id": key, "link_type": kind, "link_entity": "service", "value": value}


def _term(key: str, kind: str, code: str) -> dict[str, Any]:
    return {
        "id": _id(key, kind, code),
        "link_id": key,
        "link_type": kind,
        "link_entity": "service",
        "taxonomy_term": {
            "id": _id("term", kind, code),
            "code": code,
            "name": code,
            "description": code,
            "taxonomy": OWN_TAXONOMIES[kind],
        },
    }

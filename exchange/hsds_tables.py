"""The tabular form of HSDS put together into the nested form that its JSON has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from openpyxl.utils import get_column_letter

from exchange.records import Place

Tables = dict[str, list[tuple[int, dict[str, str]]]]
Where = Callable[..., Place]
Rows = dict[str, dict[str, Any]]


def assemble(tables: Tables) -> list[tuple[dict[str, Any], Where]]:
    """Services with what belongs to them, then organizations that offer nothing; each with where its fields stand.

    A service whose organization_id has no row keeps the id, so that the reader can name the broken link.
    O(rows of all tables).
    """
    organizations: Rows = {row["id"]: dict(row) for _n, row in _table(tables, "organizations.csv") if "id" in row}
    locations: Rows = {row["id"]: dict(row) for _n, row in _table(tables, "locations.csv") if "id" in row}
    units = {row["id"]: row for _n, row in _table(tables, "units.csv") if "id" in row}
    terms = {row["id"]: row for _n, row in _table(tables, "taxonomy_terms.csv") if "id" in row}
    _hang(locations, "addresses", _by(tables, "addresses.csv", "location_id"))
    for location in locations.values():
        owner = organizations.get(location.get("organization_id", ""))
        if owner is not None:
            owner.setdefault("locations", []).append(location)
    _hang(organizations, "organization_identifiers", _by(tables, "organization_identifiers.csv", "organization_id"))
    attributes = _by(tables, "attributes.csv", "link_id")
    for listed in attributes.values():
        for attribute in listed:
            if (term := terms.get(attribute.get("taxonomy_term_id", ""))) is not None:
                attribute["taxonomy_term"] = term
    _hang(organizations, "attributes", attributes)
    parts = {
        "service_areas": _by(tables, "service_areas.csv", "service_id"),
        "schedules": _by(tables, "schedules.csv", "service_id"),
        "capacities": _by(tables, "service_capacities.csv", "service_id")
        or _by(tables, "service_capacity.csv", "service_id"),
        "service_at_locations": _by(tables, "service_at_location.csv", "service_id")
        or _by(tables, "service_at_locations.csv", "service_id"),
        "attributes": attributes,
    }
    for capacity in (one for listed in parts["capacities"].values() for one in listed):
        if (unit := units.get(capacity.get("unit_id", ""))) is not None:
            capacity["unit"] = unit
    for link in (one for listed in parts["service_at_locations"].values() for one in listed):
        if (location_ := locations.get(link.get("location_id", ""))) is not None:
            link["location"] = location_

    documents: list[tuple[dict[str, Any], Where]] = []
    offering: set[str] = set()
    for number, row in _table(tables, "services.csv"):
        service: dict[str, Any] = {"status": None, **row}
        for name, by_service in parts.items():
            if row.get("id", "") in by_service:
                service[name] = by_service[row["id"]]
        owner_id = row.get("organization_id", "")
        if owner_id in organizations:
            service["organization"] = organizations[owner_id]
            offering.add(owner_id)
        documents.append((service, _where("services.csv", number, list(row))))
    for number, row in _table(tables, "organizations.csv"):
        if row.get("id") not in offering:
            organization = organizations.get(row.get("id", ""), row)
            documents.append((organization, _where("organizations.csv", number, list(row))))
    return documents


def _table(tables: Tables, name: str) -> list[tuple[int, dict[str, str]]]:
    return tables.get(name, [])


def _by(tables: Tables, name: str, link: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _number, row in _table(tables, name):
        if link in row:
            found[row[link]].append(dict(row))
    return found


def _hang(owners: dict[str, dict[str, Any]], name: str, by_owner: dict[str, list[dict[str, Any]]]) -> None:
    for key, owner in owners.items():
        if key in by_owner:
            owner[name] = by_owner[key]


def _where(file: str, number: int, columns: list[str]) -> Where:
    def where(name: str = "") -> Place:
        cell = f"{get_column_letter(columns.index(name) + 1)}{number}" if name in columns else None
        return Place(file, None, number, cell)

    return where

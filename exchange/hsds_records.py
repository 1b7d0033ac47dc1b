"""One HSDS service or organization, nested, as records of this platform."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, cast

from exchange.headings import vocabulary
from exchange.messages import fault
from exchange.records import OfferRecord, PartyKind, PartyRecord, Place, Sheet
from exchange.rows import LONGEST_TEXT
from exchange.text import tidy
from exchange.values import LARGEST

Where = Callable[..., Place]

#: What this platform needs of the standard's required fields; `description` it does not need.
REQUIRED = {"service": ("id", "name", "status"), "organization": ("id", "name")}
#: Only "active" services are offers; the others are said.
STATUSES = ("active", "inactive", "defunct", "temporarily closed")
#: Taxonomies of our own in exported files; terms of others are hints for typing only.
OWN_TAXONOMIES = {
    "resource_type": "fivelink-resource-type",
    "client_group": "fivelink-client-group",
    "earmark": "fivelink-earmark",
}
AREA_SCHEME, AREA_NAMES, CREDIT_SCHEME = "GB/T 2260", "area name", "CN-USCC"
_SERVICE_ONLY = ("status", "organization", "organization_id", "service_areas", "service_at_locations", "capacities")
_NOT_ORGANIZATION = (
    "version",
    "taxonomy",
    "taxonomy_detail",
    "parent_id",
    "term_uri",
    "location_type",
    "code",
    "service",
)
_AREA_CODE = re.compile(r"\d{2}(?:\d{2}){0,2}|\d{9}|\d{12}")
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_LEVELS = (("省", "自治区"), ("市", "州", "盟"), ("县", "区", "旗"), ("镇", "乡", "街道"), ("村", "社区"))


def is_service(item: Any) -> bool:
    return isinstance(item, dict) and any(name in item for name in _SERVICE_ONLY)


def looks_like(item: Any) -> bool:
    """Whether `item` has the shape of a service or an organization, faulty or not."""
    if not isinstance(item, dict) or "id" not in item or "name" not in item:
        return False
    return is_service(item) or not any(name in item for name in _NOT_ORGANIZATION)


def wrong_shape(item: Any) -> str:
    """What an item lacks to be a service, for a message."""
    if not isinstance(item, dict):
        return "id, name, status"
    return ", ".join(name for name in REQUIRED["service"] if name not in item) or "status"


class Collector:
    """Takes services and organizations into one Sheet; an organization met twice becomes one party."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        sheet.heading = ("id", "name", "status", "organization")
        self._parties: set[str] = set()

    def take(self, item: Any, where: Where) -> None:
        """Adds the records, faults and notices of one item; `where(field)` is the place of a field."""
        if not looks_like(item) and not is_service(item):
            missing = [name for name in ("id", "name") if not isinstance(item, dict) or name not in item]
            for name in missing or ["status"]:
                self._fail(item, where(), "hsds_missing", field=name)
        elif is_service(item):
            self._service(item, where)
        else:
            self._organization(item, where)
            for index, service in enumerate(_dicts(item, "services")):
                nested = {"organization": item, "status": None, **service}
                self._service(nested, lambda name="", i=index: where(f"services/{i}/{name}".rstrip("/")))

    def _fail(self, item: Any, place: Place, code: str, **values: Any) -> None:
        source = item if isinstance(item, dict) else {}
        organization = source.get("organization")
        owner = organization.get("name") if isinstance(organization, dict) else source.get("organization_id")
        original = tuple(
            tidy(value) if isinstance(value, str) else ""
            for value in (source.get("id"), source.get("name"), source.get("status"), owner)
        )
        self.sheet.faults.append(fault(place, code, original, **values))

    def _valid(self, item: dict[str, Any], kind: str, where: Where, shown: dict[str, Any]) -> bool:
        before = len(self.sheet.faults)
        for name in REQUIRED[kind]:
            value = item.get(name)
            if value is None or value == "":
                self._fail(shown, where(name), "hsds_missing", field=name)
            elif not isinstance(value, str):
                self._fail(shown, where(name), "hsds_wrong_type", field=name)
            elif name == "name" and len(value) > LONGEST_TEXT:
                more = {"field": "name", "field_en": "name", "limit": LONGEST_TEXT, "value": value}
                self._fail(shown, where(name), "text_too_long", **more)
            elif not tidy(value):
                self._fail(shown, where(name), "hsds_missing", field=name)
        return len(self.sheet.faults) == before

    def _organization(self, item: dict[str, Any], where: Where, shown: dict[str, Any] | None = None) -> bool:
        if isinstance(item.get("id"), str) and item["id"] in self._parties:
            return True
        if not self._valid(item, "organization", where, shown or item):
            return False
        self._parties.add(item["id"])
        self.sheet.records.append(
            PartyRecord(
                place=where(),
                kind=_party_kind(item),
                name=tidy(item["name"]),
                area=next(_places(item), None),
                credit_code=_credit_code(item),
                reference=tidy(item["id"]),
            )
        )
        return True

    def _service(self, item: dict[str, Any], where: Where) -> None:
        before = len(self.sheet.faults)
        self._valid(item, "service", where, item)
        status = item.get("status")
        if isinstance(status, str) and status and status not in STATUSES:
            self._fail(item, where("status"), "hsds_unknown_status", value=status)
        owner = item.get("organization")
        if not isinstance(owner, dict):
            link = item.get("organization_id")
            code = "hsds_broken_link" if link else "hsds_no_organization"
            self._fail(item, where("organization_id"), code, field="organization_id", value=link)
        elif len(self.sheet.faults) == before:
            self._organization(owner, lambda name="": where(f"organization/{name}" if name else "organization"), item)
        capacity, unit = self._capacity(item, where)
        start, end = self._period(item, where)
        if len(self.sheet.faults) > before or not isinstance(owner, dict):
            return
        if status != "active":
            self.sheet.notices.append(fault(where("status"), "hsds_not_active", value=status))
            return
        if capacity == 0:
            self.sheet.notices.append(fault(where("capacities"), "hsds_no_capacity"))
            return
        if capacity is None:
            self.sheet.notices.append(fault(where(), "hsds_capacity_assumed"))
        own = {key: list(_terms(item, taxonomy)) for key, taxonomy in OWN_TAXONOMIES.items()}
        self.sheet.records.append(
            OfferRecord(
                place=where(),
                title=tidy(item["name"]),
                provider=tidy(owner["name"]),
                provider_kind=_party_kind(owner),
                provider_area=next(_places(owner), None),
                provider_reference=tidy(owner["id"]),
                credit_code=_credit_code(owner),
                capacity=capacity or 1,
                unit=unit,
                resource_type=own["resource_type"][0] if own["resource_type"] else None,
                client_groups=tuple(dict.fromkeys(own["client_group"])),
                earmark=own["earmark"][0] if own["earmark"] else None,
                coverage=_coverage(item),
                minimum_per_need=_number(item, "minimum_per_need") or 1,
                maximum_per_need=_number(item, "maximum_per_need"),
                available_from=start,
                available_until=end,
                reference=tidy(item["id"]),
                type_hints=tuple(dict.fromkeys(_hints(item))),
            )
        )

    def _capacity(self, item: dict[str, Any], where: Where) -> tuple[int | None, str | None]:
        """The first capacity and its unit: what is available, else the maximum; (None, None) when none is stated."""
        listed = _dicts(item, "capacities")
        if not listed:
            return None, None
        if len(listed) > 1:
            self.sheet.notices.append(fault(where("capacities"), "hsds_more_capacities"))
        first = listed[0]
        unit = first.get("unit")
        name = unit.get("name") if isinstance(unit, dict) else None
        for key in ("available", "maximum"):
            value = first.get(key)
            if value is None:
                continue
            try:
                number = float(value)
            except (TypeError, ValueError, OverflowError):
                number = -1.0
            if not 0 <= number <= LARGEST or not number.is_integer():
                self._fail(item, where("capacities"), "hsds_wrong_type", field=f"capacities.{key}")
                return None, None
            return int(number), tidy(name) or None if isinstance(name, str) else None
        return None, None

    def _period(self, item: dict[str, Any], where: Where) -> tuple[date | None, date | None]:
        """From the first start to the last end of the schedules; open where one of them is."""
        starts: list[date | None] = []
        ends: list[date | None] = []
        for schedule in _dicts(item, "schedules"):
            for name, found in (("valid_from", starts), ("valid_to", ends)):
                value = schedule.get(name)
                try:
                    found.append(date.fromisoformat(value[:10]) if value else None)
                except (TypeError, ValueError):
                    more = {"field": f"schedules.{name}", "field_en": f"schedules.{name}", "value": value}
                    self._fail(item, where("schedules"), "not_a_date", **more)
        start = min((day for day in starts if day), default=None) if None not in starts else None
        end = max((day for day in ends if day), default=None) if None not in ends else None
        if start and end and end < start:
            self._fail(item, where("schedules"), "end_before_start", field="valid_to", field_en="valid_to")
        return start, end


def _dicts(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = item.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(item: dict[str, Any], *names: str) -> list[str]:
    return [tidy(value) for name in names if isinstance(value := item.get(name), str) and tidy(value)]


def _party_kind(item: dict[str, Any]) -> PartyKind:
    for attribute in _dicts(item, "attributes"):
        if attribute.get("link_type") == "party_kind" and attribute.get("value") in vocabulary().party_labels:
            return cast(PartyKind, attribute["value"])
    return "ORGANIZATION"


def _credit_code(item: dict[str, Any]) -> str | None:
    for identifier in _dicts(item, "organization_identifiers"):
        kind = " ".join(_texts(identifier, "identifier_scheme", "identifier_type"))
        if CREDIT_SCHEME in kind or "信用代码" in kind:
            return next(iter(_texts(identifier, "identifier")), None)
    return next((text for text in _texts(item, "tax_id") if _CREDIT_CODE.fullmatch(text)), None)


def _places(item: dict[str, Any]) -> Iterator[str]:
    """Area codes, else area names out of the addresses, of an organization's or a service's locations."""
    at = [link["location"] for link in _dicts(item, "service_at_locations") if isinstance(link.get("location"), dict)]
    for location in [*at, *_dicts(item, "locations")]:
        if location.get("external_identifier_type") in (AREA_SCHEME, AREA_NAMES):
            yield from _texts(location, "external_identifier")
        for address in _dicts(location, "addresses"):
            if parts := _texts(address, "state_province", "region", "city"):
                chinese = sorted((part for part in dict.fromkeys(parts) if _level(part) < 9), key=_level)
                yield "".join(chinese) or parts[-1]


def _level(name: str) -> int:
    return next((level for level, endings in enumerate(_LEVELS) if name.endswith(endings)), 9)


def _coverage(item: dict[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    for area in _dicts(item, "service_areas"):
        texts = _texts(area, "extent", "uri", "name")
        codes = [text for text in texts if _AREA_CODE.fullmatch(text)]
        found.extend(codes[:1] or _texts(area, "name") or _texts(area, "description"))
    return tuple(dict.fromkeys(found or _places(item)))


def _terms(item: dict[str, Any], taxonomy: str) -> Iterator[str]:
    for attribute in _dicts(item, "attributes"):
        term = attribute.get("taxonomy_term")
        if isinstance(term, dict) and term.get("taxonomy") == taxonomy:
            yield from _texts(term, "code")[:1] or _texts(term, "name")[:1]


def _hints(item: dict[str, Any]) -> Iterator[str]:
    for attribute in _dicts(item, "attributes"):
        term = attribute.get("taxonomy_term")
        if isinstance(term, dict) and term.get("taxonomy") not in OWN_TAXONOMIES.values():
            yield from _texts(term, "name", "code")


def _number(item: dict[str, Any], link_type: str) -> int | None:
    for attribute in _dicts(item, "attributes"):
        value = attribute.get("value")
        if attribute.get("link_type") == link_type and isinstance(value, str) and re.fullmatch(r"[1-9]\d{0,9}", value):
            return min(int(value), LARGEST)
    return None

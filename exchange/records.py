"""Plain records: what a file says, with names and codes as written, before anybody asks the database.

Every value is already of its type (int, date, bool) or the row is faulty. Codes are resolved later, by
`resolvers/imports.py`, because only the database knows which areas, types and terms exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

PartyKind = Literal["COMMUNITY", "ORGANIZATION", "SOCIAL_WORKER", "VOLUNTEER", "DONOR_FIRM", "FUND", "ASSISTANT"]
Priority = Literal["ROUTINE", "URGENT", "ASAP", "STAT"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which file a record or fault stands: sheet is None for CSV and JSON; cell is "B7" or a JSON pointer."""

    file: str
    sheet: str | None = None
    row: int | None = None
    cell: str | None = None


@dataclass(frozen=True, slots=True)
class PartyRecord:
    """A party of the five societies (or an assistant of the six)."""

    place: Place
    kind: PartyKind
    name: str
    area: str | None = None  # an area code, or a (full) name to be looked up
    credit_code: str | None = None
    founded_on: date | None = None
    headcount: int | None = None
    industry: str | None = None  # a term code or label of scheme "industry"
    source: str | None = None  # a term code or label of scheme "fund_source"
    platform_id: str | None = None  # the id this platform gave it, in an exported sheet
    reference: str | None = None  # the number the county or the HSDS publisher gave it


@dataclass(frozen=True, slots=True)
class NeedRecord:
    """One row of a needs list."""

    place: Place
    title: str
    community: str  # the community's (or village's) name, or its area code
    quantity: int
    resource_type: str | None = None  # a code or label; None: typed by the synonyms
    unit: str | None = None  # as written; must agree with the resource type's unit
    township: str | None = None  # narrows the community's name down
    client_groups: tuple[str, ...] = ()
    priority: Priority = "ROUTINE"
    whole_or_nothing: bool | None = None  # None: the list does not say, and what was said elsewhere stays
    needed_from: date | None = None
    needed_by: date | None = None
    channel: str | None = None
    platform_id: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """One row of a resource list."""

    place: Place
    title: str
    provider: str  # a party's name or credit code
    capacity: int
    resource_type: str | None = None
    unit: str | None = None
    provider_kind: PartyKind | None = None  # used when the provider is not registered yet
    provider_area: str | None = None
    credit_code: str | None = None
    coverage: tuple[str, ...] = ()  # area codes or names; empty: the provider's county
    client_groups: tuple[str, ...] = ()
    minimum_per_need: int = 1
    maximum_per_need: int | None = None
    available_from: date | None = None
    available_until: date | None = None
    earmark: str | None = None
    platform_id: str | None = None
    reference: str | None = None
    provider_reference: str | None = None  # the provider's PartyRecord.reference, where names may repeat
    type_hints: tuple[str, ...] = ()  # words of another vocabulary, to be tried beside the title


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row (or a whole sheet) cannot be taken, or, among `Sheet.notices`, what was left aside on purpose.

    `code` is stable (listed in docs/import.md); the texts are for coordinators.
    """

    place: Place
    code: str
    text_zh: str
    text_en: str
    original: tuple[str, ...] = ()  # the row as written, for --rejects


Record = PartyRecord | NeedRecord | OfferRecord
Kind = Literal["needs", "offers", "parties"]


@dataclass(slots=True)
class Sheet:
    """What one file (or one of its sheets) holds: records in file order and the faulty rows, nothing dropped.

    A faulty row has one Fault for each of its faults, all with the same place.row and `original`; a fault without
    `original` concerns the whole sheet. `notices` are things said but not refused: total rows, hidden sheets,
    columns that were not used. `kind` is None for HSDS files, which hold parties and offers, and for a sheet
    that was not recognised.
    """

    file: str
    name: str | None
    heading: tuple[str, ...] = ()
    records: list[PartyRecord | NeedRecord | OfferRecord] = field(default_factory=list)
    #: The letter of each field's column, for faults found later; empty for files that have no columns.
    columns: dict[str, str] = field(default_factory=dict)
    #: The rows as written, beside `records`, for those that turn out faulty later; empty for files that have no rows.
    originals: list[tuple[str, ...]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notices: list[Fault] = field(default_factory=list)
    kind: Kind | None = None

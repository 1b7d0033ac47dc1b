"""A record with its names resolved: the columns it would have, and what stands in the way.

`reference` is what finds the row again: the list's own number within its community or provider, else what the row says
(type, title, and which of several alike in the file).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from db.areas import Area
from db.terms import ResourceType, Term
from exchange.records import NeedRecord, OfferRecord, PartyRecord, Record
from resolvers.checks import Problems, clipped
from resolvers.import_names import Names
from resolvers.import_words import Trouble, credit_code, kind_by_name, typed
from resolvers.vocabulary import CHANNEL, CLIENT_GROUP, DOMAIN, FUND_SOURCE, INDUSTRY, Vocabulary

#: column -> the name of the input that the acts check.
NEED_COLUMNS = {
    "title": "title",
    "resource_type_id": "resource_type",
    "client_group_ids": "client_groups",
    "quantity": "quantity",
    "priority": "priority",
    "whole_or_nothing": "whole_or_nothing",
    "needed_from": "needed_from",
    "needed_by": "needed_by",
    "channel_id": "channel",
}
OFFER_COLUMNS = {
    "title": "title",
    "resource_type_id": "resource_type",
    "capacity": "capacity",
    "coverage_ids": "coverage",
    "client_group_ids": "client_groups",
    "minimum_per_need": "minimum_per_need",
    "maximum_per_need": "maximum_per_need",
    "available_from": "available_from",
    "available_until": "available_until",
    "earmark_id": "earmark",
}
PARTY_COLUMNS = {
    "name": "name",
    "area_id": "area",
    "credit_code": "credit_code",
    "founded_on": "founded_on",
    "headcount": "headcount",
    "industry_id": "industry",
    "source_id": "source",
}


@dataclass(slots=True)
class Draft:
    """`values` are columns, `inputs` what the acts check, `compared` the columns a stored row is compared by."""

    record: Record
    title: str
    troubles: list[Trouble] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    compared: dict[str, str] = field(default_factory=dict)
    reference: str | None = None


@dataclass(slots=True, eq=False)
class Wanted:
    """A party that a row needs and nobody registered: it has its id already and is written with the first such row."""

    name: str
    kind: str
    area_id: int
    county_id: int | None
    area_code: str
    credit_code: str | None
    reference: str | None
    record: Record
    id: int = 0
    is_written: bool = False

    @property
    def row(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "area_id": self.area_id,
            "county_id": self.county_id,
            "credit_code": self.credit_code,
            "reference": self.reference,
            # A list of offers does not say how many a team is; taken for one person, its name is not public.
            "headcount": 1 if self.kind == "VOLUNTEER" else None,
        }


#: The field that is looked up in these schemes.
FIELD_OF_SCHEMES = {
    (CLIENT_GROUP,): "client_groups",
    (CHANNEL,): "channel",
    (CLIENT_GROUP, DOMAIN): "earmark",
    (INDUSTRY,): "industry",
    (FUND_SOURCE,): "source",
}


class Drafts:
    def __init__(self, words: Vocabulary, names: Names) -> None:
        self.words, self.names = words, names
        self._wanted: dict[tuple[Any, ...], Wanted] = {}
        self._alike: Counter[str] = Counter()

    # ---------------------------------------------------------------------------------------- owners

    def owner(self, record: Record) -> Any:
        """Whose row it is: a party row, a Wanted one, or a Trouble. None for a party's own row."""
        if isinstance(record, NeedRecord):
            found = self.names.community(record.community, record.township)
            return self._want("COMMUNITY", found.name, found, record) if isinstance(found, Area) else found
        if isinstance(record, OfferRecord):
            provider = self.names.provider(record)
            return provider if provider is not None else self._new_provider(record)
        return None

    def _new_provider(self, record: OfferRecord) -> Any:
        name = typed(record.provider)
        kind = record.provider_kind or kind_by_name(name)
        if kind in (None, "COMMUNITY"):
            found = self.names.community(record.provider, record.provider_area)
            if isinstance(found, Area):
                return self._want("COMMUNITY", found.name, found, record)
            if kind == "COMMUNITY" or not isinstance(found, Trouble):
                return found
        if kind is None:
            return Trouble(
                "UNKNOWN_PROVIDER",
                f"提供方“{clipped(name)}”尚未登记,也看不出类别;请加一列“提供方类别”,或先列入组织名录",
                f'the provider "{clipped(name)}" is not registered; add a column for its kind, or list it as a party',
            )
        area: Area | Trouble | None = self.names.home
        if record.provider_area:
            area = self.names.area(record.provider_area)
        elif area is None and record.coverage:
            area = self.names.area(record.coverage[0])
        if area is None:
            return Trouble(
                "PROVIDER_AREA_REQUIRED",
                f"提供方“{clipped(name)}”尚未登记,也看不出在哪里;请加一列“所在地”",
                f'the provider "{clipped(name)}" is not registered and its area is not clear; add a column for it',
            )
        if isinstance(area, Trouble):
            return area
        reference = f"party:{record.provider_reference}" if record.provider_reference else None
        code = credit_code(record.credit_code)
        problems = Problems()
        problems.text("name", name)
        problems.credit_code("creditCode", code)
        if problems.fields:
            one = problems.fields[0]
            return Trouble(one.code, one.message_zh, one.message_en)
        return self.names.clash(kind, area.id, name, code, None) or self._want(
            kind, name, area, record, code, reference
        )

    def _want(
        self,
        kind: str,
        name: str,
        area: Area,
        record: Record,
        code: str | None = None,
        reference: str | None = None,
    ) -> Wanted:
        """One for all rows that say the same; a credit code or a number says more than a name."""
        keys: list[tuple[Any, ...]] = [("name", kind, area.id, name)]
        keys += [("code", code)] if code else []
        keys += [("reference", reference)] if reference else []
        known = next((self._wanted[key] for key in reversed(keys) if key in self._wanted), None)
        if known is None:
            known = Wanted(name, kind, area.id, area.county_id, area.code, code, reference, record)
        known.credit_code = known.credit_code or code
        known.reference = known.reference or reference
        for key in keys:
            self._wanted.setdefault(key, known)
        return known

    @property
    def unnumbered(self) -> list[Wanted]:
        """Those without an id so far, in the order of the file."""
        return list(dict.fromkeys(one for one in self._wanted.values() if not one.id))

    # ---------------------------------------------------------------------------------------- drafts

    def draft(self, record: Record, owner: Any) -> Draft:
        if isinstance(record, PartyRecord):
            return self._party(record)
        if isinstance(record, NeedRecord):
            return self._need(record, owner)
        return self._offer(record, owner)

    def _need(self, record: NeedRecord, owner: Any) -> Draft:
        said = record.whole_or_nothing is not None
        compared = {name: of for name, of in NEED_COLUMNS.items() if said or name != "whole_or_nothing"}
        draft = Draft(record, typed(record.title), compared=compared)
        own = self._found(draft, owner)
        kind = self._type(draft, record.resource_type, record.title, record.unit)
        groups = self._terms(draft, [CLIENT_GROUP], record.client_groups)
        channel = self._terms(draft, [CHANNEL], [record.channel] if record.channel else [])
        if draft.troubles or own is None or kind is None:
            return draft
        draft.reference = self._reference("need", own.id, record.reference, kind, draft.title)
        draft.values = {
            "title": draft.title,
            "community_id": own.id,
            "area_id": own.area_id,
            "county_id": own.county_id,
            "resource_type_id": kind.id,
            "client_group_ids": [one.id for one in groups],
            "quantity": record.quantity,
            "priority": record.priority,
            "whole_or_nothing": bool(record.whole_or_nothing),
            "needed_from": record.needed_from,
            "needed_by": record.needed_by,
            "channel_id": channel[0].id if channel else None,
            "reference": draft.reference,
        }
        draft.inputs = {
            "title": record.title,
            "resource_type": kind.code,
            "quantity": record.quantity,
            "priority": record.priority,
            "whole_or_nothing": bool(record.whole_or_nothing),
            "client_groups": [one.code for one in groups],
            "needed_from": record.needed_from,
            "needed_by": record.needed_by,
            "channel": channel[0].code if channel else None,
        }
        return draft

    def _offer(self, record: OfferRecord, owner: Any) -> Draft:
        draft = Draft(record, typed(record.title), compared=OFFER_COLUMNS)
        own = self._found(draft, owner)
        kind = self._type(draft, record.resource_type, record.title, record.unit, record.type_hints)
        groups = self._terms(draft, [CLIENT_GROUP], record.client_groups)
        earmark = self._terms(draft, [CLIENT_GROUP, DOMAIN], [record.earmark] if record.earmark else [])
        areas: list[Area] = []
        for text in record.coverage if own is not None else ():
            found = self.names.covered(text, own)
            if isinstance(found, Trouble):
                draft.troubles.append(replace(found, field="coverage"))
            else:
                areas += [area for area in found if area not in areas]
        if draft.troubles or own is None or kind is None:
            return draft
        if not areas:
            areas = [self.names.county_of(own)]
        draft.reference = self._reference("offer", own.id, record.reference, kind, draft.title)
        draft.values = {
            "title": draft.title,
            "provider_id": own.id,
            "area_id": own.area_id,
            "county_id": own.county_id,
            "resource_type_id": kind.id,
            "capacity": record.capacity,
            "coverage_ids": [one.id for one in areas],
            "client_group_ids": [one.id for one in groups],
            "minimum_per_need": record.minimum_per_need,
            "maximum_per_need": record.maximum_per_need,
            "available_from": record.available_from,
            "available_until": record.available_until,
            "earmark_id": earmark[0].id if earmark else None,
            "reference": draft.reference,
        }
        draft.inputs = {
            "title": record.title,
            "resource_type": kind.code,
            "capacity": record.capacity,
            "coverage": [one.code for one in areas],
            "client_groups": [one.code for one in groups],
            "minimum_per_need": record.minimum_per_need,
            "maximum_per_need": record.maximum_per_need,
            "available_from": record.available_from,
            "available_until": record.available_until,
            "earmark": earmark[0].code if earmark else None,
        }
        return draft

    def _party(self, record: PartyRecord) -> Draft:
        draft = Draft(record, typed(record.name))
        code = credit_code(record.credit_code)
        draft.reference = f"party:{record.reference}" if record.reference else None
        area = self.names.area(record.area) if record.area else self.names.home
        if area is None:
            area = Trouble("AREA_REQUIRED", "请写明所在地", "its area is missing")
        if isinstance(area, Trouble):
            draft.troubles.append(area)
        industry = self._terms(draft, [INDUSTRY], [record.industry] if record.industry else [])
        source = self._terms(draft, [FUND_SOURCE], [record.source] if record.source else [])
        if draft.troubles or isinstance(area, Trouble):
            return draft
        volunteers = record.kind == "VOLUNTEER"
        given: dict[str, tuple[Any, Any]] = {
            "name": (draft.title, draft.title),
            "area_id": (area.id, area.code),
            "credit_code": (code, code),
            "founded_on": (record.founded_on, record.founded_on),
            "headcount": (record.headcount, record.headcount) if volunteers else (None, None),
            "industry_id": (industry[0].id, industry[0].code) if industry else (None, None),
            "source_id": (source[0].id, source[0].code) if source else (None, None),
        }
        draft.values = {
            "kind": record.kind,
            **{column: value for column, (value, _) in given.items()},
            "county_id": area.county_id,
            "reference": draft.reference,
        }
        if volunteers and record.headcount is None:
            draft.values["headcount"] = 1
        # A column that a list does not have says nothing about what is stored.
        draft.compared = {column: PARTY_COLUMNS[column] for column, (value, _) in given.items() if value is not None}
        draft.inputs = {PARTY_COLUMNS[column]: code for column, (_, code) in given.items() if code is not None}
        return draft

    # ---------------------------------------------------------------------------------------- parts

    def _found(self, draft: Draft, owner: Any) -> Any:
        if isinstance(owner, Trouble):
            draft.troubles.append(owner)
            return None
        return owner

    def _type(
        self, draft: Draft, given: str | None, title: str, unit: str | None, hints: Sequence[str] = ()
    ) -> ResourceType | None:
        kind = self.names.type(given, title, unit, hints)
        if isinstance(kind, Trouble):
            draft.troubles.append(kind)
            return None
        trouble = self.names.unit_trouble(kind, unit)
        if trouble is not None:
            draft.troubles.append(trouble)
        return kind

    def _terms(self, draft: Draft, schemes: Sequence[str], texts: Sequence[str]) -> list[Term]:
        found: list[Term] = []
        for text in texts:
            term = self.names.term(schemes, text)
            if isinstance(term, Trouble):
                draft.troubles.append(replace(term, field=FIELD_OF_SCHEMES[tuple(schemes)]))
            elif term not in found:
                found.append(term)
        return found

    def _reference(self, entity: str, owner: int, number: str | None, kind: ResourceType, title: str) -> str:
        if number:
            return f"{entity}:{owner}#{number}"
        said = f"{entity}:{owner}:{kind.id}:{title}"
        self._alike[said] += 1
        return said if self._alike[said] == 1 else f"{said}~{self._alike[said]}"

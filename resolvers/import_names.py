"""Names in lists to rows: places, communities, providers, types and terms, each found or said why not.

Everything a file names is asked for in a few statements before its rows are looked at. A name may be a code, a name, a
full name, a name without its 镇 or 村, or several joined (拳铺镇拳西村); a township narrows a village's name down.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import imports
from db.areas import Area
from db.terms import ResourceType, Term
from exchange.records import NeedRecord, OfferRecord, PartyRecord
from exchange.synonyms import TypeVocabulary, TypeWords
from exchange.text import fold, tidy
from exchange.values import split_unit
from resolvers.checks import clipped
from resolvers.import_words import (
    CITY_WIDE,
    COUNTY_WIDE,
    NATION_WIDE,
    WHOLE,
    Trouble,
    credit_code,
    is_relative,
    plain,
    spellings_of,
    typed,
)
from resolvers.vocabulary import NEAREST_NAMED, Vocabulary

Record = PartyRecord | NeedRecord | OfferRecord


@dataclass(slots=True)
class Names:
    """The names of one file, resolved. `home` is the county that names without another hint belong to."""

    words: Vocabulary
    home: Area | None = None
    #: Where places nobody here knows are taken to lie; None: they are faults.
    elsewhere: Area | None = None
    #: The texts that were taken so.
    assumed: dict[str, None] = field(default_factory=dict)
    _roots: list[Area] = field(default_factory=list)
    _near: list[Area] = field(default_factory=list)
    _looked: int = 0
    _areas: dict[str, list[Area]] = field(default_factory=dict)
    _by_id: dict[int, Area] = field(default_factory=dict)
    _communities: dict[int, list[Any]] = field(default_factory=dict)
    _parties: dict[str, list[Any]] = field(default_factory=dict)
    _terms: dict[tuple[str, str], Term] = field(default_factory=dict)
    _types: dict[str, ResourceType] = field(default_factory=dict)
    _guesses: TypeVocabulary | None = None

    @classmethod
    async def gather(
        cls,
        conn: AsyncConnection,
        words: Vocabulary,
        records: Iterable[Record],
        home: Area | None,
        elsewhere: Area | None = None,
    ) -> Names:
        """Asks for everything the records name, in a number of statements that does not depend on how much that is."""
        names = cls(words, home, elsewhere)
        records = list(records)
        if home is None:
            only = await imports.home_counties(conn)
            if len(only) == 1:
                names.home = (await words.areas_by_id(conn, only))[only[0]]
        places: dict[str, None] = {}
        parties: dict[str, None] = {}
        codes: dict[str, None] = {}
        for one in records:
            if isinstance(one, NeedRecord):
                places |= dict.fromkeys(filter(None, (one.community, one.township)))
                parties[one.community] = None
            elif isinstance(one, OfferRecord):
                places |= dict.fromkeys(filter(None, (*one.coverage, one.provider_area)))
                if one.provider_kind in (None, "COMMUNITY"):
                    places[one.provider] = None
                parties[one.provider] = None
                codes |= dict.fromkeys(filter(None, (one.provider, credit_code(one.credit_code))))
            else:
                places |= dict.fromkeys(filter(None, (one.area,)))
                parties[one.name] = None
                codes |= dict.fromkeys(filter(None, (credit_code(one.credit_code),)))
        await names.gather_areas(conn, [p for p in places if not is_relative(p)])
        if any(plain(p) in NATION_WIDE for p in places):
            names._roots = await imports.roots(conn)
        references = [f"party:{r}" for r in _references(records)]
        rows = await imports.parties_called(
            conn, [s for n in parties for s in (typed(n), plain(n))], list(codes), references
        )
        for row in rows:
            names.know_party(row)
        homes = [row.area_id for row in rows]
        for row in await imports.communities_in(conn, list(names._by_id)):
            homes.append(row.area_id)
            names.know_party(row)
        at_home = await words.areas_by_id(conn, set(homes))
        named = [*at_home.values(), *names._by_id.values(), *([names.home] if names.home else [])]
        await names.know_paths(conn, named)
        if names.home is not None and not all(names._areas.values()):
            names._near = await imports.areas_in(conn, names.home.id)
        names.index_words()
        return names

    async def gather_areas(self, conn: AsyncConnection, texts: Sequence[str]) -> None:
        spelled = {text: spellings_of(text) for text in texts}
        found = await imports.areas_called(conn, {s for all_ in spelled.values() for s in all_})
        by_text: dict[str, list[Area]] = {}
        for area in found:
            for name in {area.code, area.name, area.full_name}:
                by_text.setdefault(name, []).append(area)
        for text, spellings in spelled.items():
            self._areas[text] = next((by_text[s] for s in spellings if s in by_text), [])
        await self._gather_joined(conn, [text for text in texts if not self._areas[text] and len(plain(text)) <= 60])
        self.know_areas(area for text in texts for area in self._areas[text])

    async def _gather_joined(self, conn: AsyncConnection, texts: Sequence[str]) -> None:
        """拳铺镇拳西村, 梁山县拳铺镇: the end of a full name that begins with the name of a place above."""
        endings = {plain(text)[at:] for text in texts for at in range(1, len(plain(text)) - 1)}
        by_name: dict[str, list[Area]] = {}
        for area in await imports.areas_named(conn, endings) if endings else ():
            by_name.setdefault(area.name, []).append(area)
        for text in texts:
            written = plain(text)
            for at in range(1, len(written) - 1):
                hits = [area for area in by_name.get(written[at:], ()) if area.full_name.endswith(written)]
                if hits:
                    self._areas[text] = hits
                    break

    def know_party(self, row: Any) -> None:
        keys = {row.name, plain(row.name), row.credit_code, row.reference} - {None}
        for key in keys:
            rows = self._parties.setdefault(key, [])
            if all(other.id != row.id for other in rows):
                rows.append(row)
        if row.kind == "COMMUNITY":
            rows = self._communities.setdefault(row.area_id, [])
            if all(other.id != row.id for other in rows):
                rows.append(row)

    def index_words(self) -> None:
        for term in self.words.terms.values():
            for word in (term.code, term.label_zh, term.label_en, *term.synonyms):
                self._terms.setdefault((term.scheme, fold(word)), term)
        types = self.words.types.values()
        for one in types:
            for word in (one.code, one.label_zh, one.label_en):
                self._types.setdefault(fold(word), one)
        for one in types:
            for word in one.synonyms:
                self._types.setdefault(fold(word), one)
        self._guesses = TypeVocabulary(
            [
                TypeWords(one.code, (one.label_zh, one.label_en), tuple(one.synonyms), (one.unit, *one.other_units))
                for one in types
            ]
        )

    # ---------------------------------------------------------------------------------------- places

    def area(self, text: str, township: str | None = None) -> Area | Trouble:
        """The area of a text; of several, those below the township, else those in the home county."""
        if is_relative(text):
            if self.home is not None:
                return self.home
            return Trouble("AREA_REQUIRED", f"“{clipped(text)}”指哪个县不明确", f'"{clipped(text)}": of which county?')
        hits = self._areas.get(text, [])
        if township is not None and len(hits) > 1:
            above = {area.id for area in self._areas.get(township, [])}
            hits = [area for area in hits if above.intersection(area.ancestor_ids)] if above else hits
        if len(hits) > 1 and self.home is not None:
            hits = [area for area in hits if self.home.id in area.ancestor_ids] or hits
        if len(hits) > 1 and len({area.level for area in hits}) == len(hits):
            # A township and a village of one name: lists of places name the wider one.
            hits = [min(hits, key=lambda area: len(area.ancestor_ids))]
        if len(hits) == 1:
            return hits[0]
        if hits:
            some = "、".join(area.full_name for area in hits[:3])
            return Trouble(
                "AMBIGUOUS_AREA",
                f"“{clipped(text)}”不止一处:{some};请写明乡镇或区划代码",
                f'"{clipped(text)}" is several places ({some}); name the township or the code',
            )
        if self.elsewhere is not None:
            self.assumed[text] = None
            return self.elsewhere
        zh, en = self._nearest(text)
        return Trouble(
            "UNKNOWN_AREA",
            f"没有找到地区“{clipped(text)}”,请写名称、全称或区划代码{zh}",
            f'no area "{clipped(text)}"; write its name, full name or code{en}',
        )

    def _nearest(self, text: str) -> tuple[str, str]:
        """The place of the home county that is spelled most like the text; nothing once so many were looked for."""
        self._looked += 1
        if self._looked > NEAREST_NAMED:
            return "", ""
        found = difflib.get_close_matches(plain(text)[:60], [area.name for area in self._near], 1, 0.5)
        return (f";最接近的是“{found[0]}”", f'; the nearest is "{found[0]}"') if found else ("", "")

    def covered(self, text: str, owner: Any) -> list[Area] | Trouble:
        """The areas one entry of a coverage means; 全镇, 全县, 全市 and 全国 as seen from the provider."""
        word = plain(text)
        if word not in WHOLE:
            found = self.area(text)
            return found if isinstance(found, Trouble) else [found]
        county = self.county_of(owner)
        if word in COUNTY_WIDE:
            return [county]
        if word in NATION_WIDE:
            return self._roots
        above = [self._by_id[id] for id in self._by_id[owner.area_id].ancestor_ids if id in self._by_id]
        if word in CITY_WIDE:
            if county.name.endswith("市"):
                return [county]
            wide = [area for area in above if area.level == "PREFECTURE"]
        else:
            wide = [area for area in above if area.level in ("TOWNSHIP", "ZONE")]
        if wide:
            return wide[:1]
        return Trouble(
            "AREA_REQUIRED", f"“{clipped(text)}”指哪里不明确,请写地名", f'"{clipped(text)}": of which place?'
        )

    def community(self, text: str, township: str | None) -> Any | Area | Trouble:
        """The community's party row; or the area it would be registered in; or why neither."""
        above = {area.id for area in self._areas.get(township, [])} if township else set()
        rows = [
            r for r in self._parties.get(typed(text)) or self._parties.get(plain(text), []) if r.kind == "COMMUNITY"
        ]
        if len(rows) > 1 and above:
            rows = [r for r in rows if above.intersection(self._by_id[r.area_id].ancestor_ids)]
        if len(rows) > 1 and self.home is not None:
            rows = [r for r in rows if r.county_id == self.home.id] or rows
        if len(rows) == 1 and above and not above.intersection(self._by_id[rows[0].area_id].ancestor_ids):
            rows = []
        if len(rows) == 1:
            return rows[0]
        if len(rows) > 1:
            some = "、".join(self._by_id[r.area_id].full_name for r in rows[:3])
            return Trouble(
                "AMBIGUOUS_COMMUNITY",
                f"叫“{clipped(text)}”的社区不止一个:{some};请写明乡镇",
                f'several communities are called "{clipped(text)}" ({some}); name the township',
            )
        hits = [a for a in self._areas.get(text, []) if a.level in ("VILLAGE", "ZONE", "TOWNSHIP")]
        if above:
            hits = [a for a in hits if above.intersection(a.ancestor_ids)]
        if len(hits) > 1 and self.home is not None:
            hits = [a for a in hits if self.home.id in a.ancestor_ids] or hits
        if len(hits) == 1:
            registered = self._communities.get(hits[0].id, [])
            return registered[0] if len(registered) == 1 else hits[0]
        if len(hits) > 1:
            some = "、".join(a.full_name for a in hits[:3])
            return Trouble(
                "AMBIGUOUS_COMMUNITY",
                f"“{clipped(text)}”不止一处:{some};请写明乡镇",
                f'"{clipped(text)}" is several places ({some}); name the township',
            )
        zh, en = self._nearest(text)
        return Trouble(
            "UNKNOWN_COMMUNITY",
            f"没有找到社区(村)“{clipped(text)}”" + (f",在“{clipped(township)}”之下" if township else "") + zh,
            f'no community "{clipped(text)}"' + (f' in "{clipped(township)}"' if township else "") + en,
        )

    def provider(self, record: OfferRecord) -> Any | Trouble | None:
        """The provider's party row; None where it is not registered yet."""
        rows: list[Any] = []
        for key in (
            f"party:{record.provider_reference}" if record.provider_reference else None,
            credit_code(record.credit_code),
            typed(record.provider),
            plain(record.provider),
        ):
            rows = self._parties.get(key, []) if key else []
            if rows:
                break
        if record.provider_kind:
            rows = [r for r in rows if r.kind == record.provider_kind]
        code = credit_code(record.credit_code)
        if code is not None and rows and all(r.credit_code not in (None, code) for r in rows):
            return Trouble(
                "CREDIT_CODE_DIFFERS",
                f"“{clipped(record.provider)}”登记的统一社会信用代码是 {rows[0].credit_code},与这一行不同,请核对",
                f'"{clipped(record.provider)}" is registered with the credit code {rows[0].credit_code}, not this one',
            )
        if len(rows) > 1 and record.provider_area:
            area = self.area(record.provider_area)
            if isinstance(area, Area):
                below = [r for r in rows if area.id in self._by_id[r.area_id].ancestor_ids]
                rows = [r for r in rows if r.area_id == area.id] or below or rows
        if len(rows) > 1 and self.home is not None:
            rows = [r for r in rows if r.county_id == self.home.id] or rows
        if len(rows) > 1:
            return Trouble(
                "AMBIGUOUS_PROVIDER",
                f"叫“{clipped(record.provider)}”的提供方不止一个,请写统一社会信用代码或所在地",
                f'several parties are called "{clipped(record.provider)}"; give its credit code or area',
            )
        return rows[0] if rows else None

    def party(self, record: PartyRecord, area_id: int, reference: str | None) -> Any:
        """The stored row of a party's own record: by credit code, number, or kind, area and name; else None."""
        for key in (credit_code(record.credit_code), reference):
            rows = self._parties.get(key, []) if key else []
            if rows:
                return rows[0]
        rows = self._parties.get(typed(record.name), [])
        return next((r for r in rows if r.kind == record.kind and r.area_id == area_id), None)

    def clash(self, kind: str, area_id: int, name: str, code: str | None, own_id: int | None) -> Trouble | None:
        """Another stored party that has this credit code, or this kind, area and name."""
        for row in self._parties.get(code, []) if code else []:
            if row.id != own_id and row.credit_code == code:
                return Trouble(
                    "CREDIT_CODE_TAKEN",
                    f"统一社会信用代码 {code} 已登记为“{row.name}”",
                    f"credit code {code} is registered as {row.name}",
                )
        for row in self._parties.get(name, []):
            if row.id != own_id and (row.kind, row.area_id, row.name) == (kind, area_id, name):
                return Trouble(
                    "ALREADY_REGISTERED",
                    f"同一地方已登记过同类的“{clipped(name)}”,请换一个能区分的名称",
                    f'"{clipped(name)}" is registered there already; use a name that tells them apart',
                )
        return None

    def means(self, text: str, area: Area) -> bool:
        """Whether a text names this area and no other, whatever county is at home."""
        return self._areas.get(text) == [area]

    def fits(self, record: NeedRecord | OfferRecord, owner: Any) -> bool:
        """Whether the owner a row names may well be this party: by its name, credit code or area."""
        text = record.community if isinstance(record, NeedRecord) else record.provider
        township = record.township if isinstance(record, NeedRecord) else None
        if township is not None and (above := {area.id for area in self._areas.get(township, [])}):
            own = self._by_id.get(owner.area_id)
            if own is not None and not above.intersection(own.ancestor_ids):
                return False
        if (
            typed(tidy(text)) == typed(tidy(owner.name))
            or plain(text) == plain(owner.name)
            or text.strip() == owner.credit_code
        ):
            return True
        return any(area.id == owner.area_id for area in self._areas.get(text, []))

    def county_of(self, row: Any) -> Area:
        """The county of a party; its own area where there is none."""
        own = self._by_id[row.area_id]
        return self._by_id.get(row.county_id, own) if row.county_id is not None else own

    async def know_paths(self, conn: AsyncConnection, areas: Iterable[Area]) -> None:
        """These areas and those above them."""
        areas = list(areas)
        self.know_areas(
            (await self.words.areas_by_id(conn, {id for area in areas for id in area.ancestor_ids})).values()
        )
        self.know_areas(areas)

    def know_areas(self, areas: Iterable[Area]) -> None:
        self._by_id |= {area.id: area for area in areas}

    # ---------------------------------------------------------------------------------------- words

    def term(self, schemes: Sequence[str], text: str) -> Term | Trouble:
        """A term by code, label or synonym."""
        for scheme in schemes:
            found = self._terms.get((scheme, fold(text)))
            if found is not None:
                return found
        near = self.words.nearest_term(schemes, text)
        hint = (f";最接近的是“{near.label_zh}”", f'; the nearest is "{near.label_en}"') if near else ("", "")
        return Trouble("UNKNOWN_TERM", f"没有“{clipped(text)}”这一项{hint[0]}", f'no term "{clipped(text)}"{hint[1]}')

    def type(
        self, given: str | None, title: str, unit: str | None, hints: Sequence[str] = ()
    ) -> ResourceType | Trouble:
        """The type a row names; where it names none, or a wider one, the one its title says."""
        assert self._guesses is not None
        named = self._types.get(fold(given)) if given else None
        if named is not None and given is not None and given.strip() == named.code:
            # Whoever writes the code means it.
            return named
        if named is None and given:
            meant = self._guesses.guess(given, unit).code
            if meant is None:
                like = self.words.nearest_type(given)
                near = (f";最接近的是“{like.label_zh}”", f'; the nearest is "{like.label_en}"') if like else ("", "")
                return Trouble(
                    "UNKNOWN_RESOURCE_TYPE",
                    f"没有资源类型“{clipped(given)}”{near[0]}",
                    f'no resource type "{clipped(given)}"{near[1]}',
                )
            named = self.words.types[meant]
        guess = self._guesses.guess(title, unit)
        if guess.code is None and not guess.several and named is None:
            for hint in hints:
                guess = self._guesses.guess(hint, unit)
                if guess.code is not None:
                    break
        said = self.words.types[guess.code] if guess.code else None
        if named is not None:
            narrower = said is not None and named.id in said.ancestor_ids
            return said if narrower and said is not None else named
        if said is not None:
            return said
        codes = guess.several or guess.nearest
        zh = "、".join(self.words.types[code].label_zh for code in codes)
        en = ", ".join(self.words.types[code].label_en for code in codes)
        if guess.several:
            return Trouble(
                "AMBIGUOUS_RESOURCE_TYPE",
                f"“{clipped(title)}”可能是:{zh};请加一列“资源类型”",
                f'"{clipped(title)}" may be {en}; add a column for the type',
            )
        return Trouble(
            "UNTYPED",
            f"从“{clipped(title)}”看不出资源类型" + (f";最接近的是:{zh}" if zh else ""),
            f'"{clipped(title)}" names no resource type' + (f"; the nearest are {en}" if en else ""),
        )

    def unit_trouble(self, kind: ResourceType, unit: str | None) -> Trouble | None:
        """Where the unit written is none of the type's."""
        if unit is None:
            return None
        base = fold(split_unit(unit)[1])
        if base in {fold(one) for one in (kind.unit, *kind.other_units)}:
            return None
        return Trouble(
            "UNKNOWN_UNIT",
            f"“{kind.label_zh}”以“{kind.unit}”计,不是“{clipped(unit)}”",
            f'{kind.label_en} is counted in {kind.unit}, not "{clipped(unit)}"',
        )


def _references(records: Iterable[Record]) -> Iterable[str]:
    for one in records:
        if isinstance(one, PartyRecord) and one.reference:
            yield one.reference
        elif isinstance(one, OfferRecord) and one.provider_reference:
            yield one.provider_reference

"""The words of a county in memory: areas by code as they are asked for, terms and resource types whole.

Several processes may serve one database and another may load new words beside them. Loading writes an event
("vocabulary.loaded"); every act begins by comparing its number with the one it cached under, one index look-up.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import areas, events, terms
from db.areas import Area
from db.terms import ResourceType, Term
from resolvers.checks import Problems, clipped, usable_code
from resolvers.loading import Loaded, load

__all__ = ["Loaded", "Vocabulary", "load", "vocabulary"]

#: A country has 700,000 areas; a county's acts touch some hundreds.
AREAS_HELD = 20_000
#: Beyond this many faults of one form, it is told what is wrong but no longer what is nearest.
NEAREST_NAMED = 20

CLIENT_GROUP, DOMAIN, CHANNEL, INDUSTRY, FUND_SOURCE = (
    "client_group",
    "domain",
    "channel",
    "industry",
    "fund_source",
)


class Vocabulary:
    """What one database knows at one version. Look-ups of areas take a connection, the rest is in memory."""

    def __init__(self, version: int, all_terms: Sequence[Term], all_types: Sequence[ResourceType]) -> None:
        self.version = version
        self.terms = {(term.scheme, term.code): term for term in all_terms}
        self.terms_by_id = {term.id: term for term in all_terms}
        self.types = {one.code: one for one in all_types}
        self.types_by_id = {one.id: one for one in all_types}
        self.type_ancestors = {one.id: one.ancestor_ids for one in all_types}
        self.type_labels = {one.id: (one.label_zh, one.label_en) for one in all_types}
        self.type_units = {one.id: one.unit for one in all_types}
        self.term_labels = {term.id: (term.label_zh, term.label_en) for term in all_terms}
        self._types_below: dict[int, list[int]] = {}
        for one in all_types:
            for above in one.ancestor_ids:
                self._types_below.setdefault(above, []).append(one.id)
        self._closed: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._areas: dict[str, Area] = {}
        self._areas_by_id: dict[int, Area] = {}

    def types_below(self, type_id: int) -> list[int]:
        """Ids of a type and all below it."""
        return self._types_below.get(type_id, [type_id])

    def groups_closed(self, group_ids: Sequence[int]) -> tuple[int, ...]:
        """Client groups (or a domain) with all the groups they stand for, by id."""
        key = tuple(group_ids)
        if key not in self._closed:
            self._closed[key] = tuple(sorted({below for id in key for below in self.terms_by_id[id].group_ids}))
        return self._closed[key]

    async def areas(self, conn: AsyncConnection, codes: Collection[str]) -> dict[str, Area]:
        """The areas of these codes, those that exist; at most one statement."""
        known = {code: self._areas[code] for code in codes if code in self._areas}
        missing = {code for code in codes if code not in known and usable_code(code)}
        if missing:
            found = await areas.by_codes(conn, missing)
            self._hold(found)
            known |= {area.code: area for area in found}
        return known

    async def areas_by_id(self, conn: AsyncConnection, ids: Collection[int]) -> dict[int, Area]:
        """The areas of these ids; at most one statement."""
        known = {id: self._areas_by_id[id] for id in ids if id in self._areas_by_id}
        missing = {id for id in ids if id not in known}
        if missing:
            found = await areas.by_ids(conn, missing)
            self._hold(found)
            known |= {area.id: area for area in found}
        return known

    def _hold(self, found: Sequence[Area]) -> None:
        if len(self._areas) + len(found) > AREAS_HELD:
            self._areas.clear()
            self._areas_by_id.clear()
        for area in found:
            self._areas[area.code] = area
            self._areas_by_id[area.id] = area

    async def nearest_area(self, conn: AsyncConnection, text: str) -> Area | None:
        """The area of that name, or of the longest code that this one begins with."""
        if not usable_code(text):
            return None
        named = await areas.by_name(conn, text.strip(), 1)
        if named:
            return named[0]
        known = await self.areas(conn, [text[:n] for n in (12, 9, 6, 4, 2) if len(text) >= n])
        return max(known.values(), key=lambda area: len(area.code), default=None)

    def nearest_type(self, text: str) -> ResourceType | None:
        """The type whose code, label or synonym is most like the text."""
        return _nearest(
            text, [(one, (one.code, one.label_zh, one.label_en, *one.synonyms)) for one in self.types.values()]
        )

    def nearest_term(self, schemes: Collection[str], text: str) -> Term | None:
        """The term of these schemes whose code, label or synonym is most like the text."""
        return _nearest(
            text,
            [
                (term, (term.code, term.label_zh, term.label_en, *term.synonyms))
                for term in self.terms.values()
                if term.scheme in schemes
            ],
        )

    async def check_area(
        self, conn: AsyncConnection, problems: Problems, path: str | tuple[str, ...], code: str
    ) -> Area | None:
        """The area of a code, or a problem UNKNOWN_AREA that names the nearest."""
        found = (await self.areas(conn, [code])).get(code)
        if found is None:
            near = await self.nearest_area(conn, code) if len(problems.fields) < NEAREST_NAMED else None
            zh, en = (
                ("", "")
                if near is None
                else (
                    f";最接近的是 {near.code} {near.full_name}",
                    f"; the nearest is {near.code} {near.full_name}",
                )
            )
            problems.add(
                path,
                "UNKNOWN_AREA",
                f"没有区划代码“{clipped(code)}”{zh}",
                f'no area has the code "{clipped(code)}"{en}',
            )
        return found

    def check_type(self, problems: Problems, path: str, code: str | None) -> ResourceType | None:
        """The type of a code, or a problem: REQUIRED for None, else UNKNOWN_RESOURCE_TYPE that names the nearest."""
        if code is None:
            problems.required(path, code)
            return None
        found = self.types.get(code)
        if found is None:
            near = self.nearest_type(code) if len(problems.fields) < NEAREST_NAMED else None
            zh, en = _naming(near)
            problems.add(
                path,
                "UNKNOWN_RESOURCE_TYPE",
                f"没有资源类型“{clipped(code)}”{zh}",
                f'no resource type has the code "{clipped(code)}"{en}',
            )
        return found

    def check_term(
        self, problems: Problems, path: str | tuple[str, ...], schemes: Sequence[str], code: str
    ) -> Term | None:
        """The term of a code in the first of these schemes that has it, or a problem UNKNOWN_TERM."""
        for scheme in schemes:
            found = self.terms.get((scheme, code))
            if found is not None:
                return found
        near = self.nearest_term(schemes, code) if len(problems.fields) < NEAREST_NAMED else None
        zh, en = _naming(near)
        problems.add(
            path,
            "UNKNOWN_TERM",
            f"没有代码“{clipped(code)}”{zh}",
            f'no term of {" or ".join(schemes)} has the code "{clipped(code)}"{en}',
        )
        return None

    async def check_coverage(
        self, conn: AsyncConnection, problems: Problems, path: str, codes: Sequence[str] | None
    ) -> list[int]:
        """Ids of the areas served, without repetitions; at least one. Unknown ones are problems at [path, position]."""
        if not codes:
            problems.add(path, "REQUIRED", "请至少填写一个服务区域", "name at least one area that is served")
            return []
        wanted = problems.codes(path, codes)
        await self.areas(conn, wanted)
        found = [await self.check_area(conn, problems, (path, str(codes.index(code))), code) for code in wanted]
        return [area.id for area in found if area is not None]

    def check_groups(self, problems: Problems, path: str, codes: Sequence[str]) -> list[int]:
        """Ids of client groups, without repetitions; unknown ones are problems at [path, position]."""
        found = [
            self.check_term(problems, (path, str(codes.index(code))), [CLIENT_GROUP], code)
            for code in problems.codes(path, codes)
        ]
        return [term.id for term in found if term is not None]


def _naming(near: Term | ResourceType | None) -> tuple[str, str]:
    if near is None:
        return "", ""
    return (
        f";最接近的是 {near.code}({near.label_zh})",
        f"; the nearest is {near.code} ({near.label_en})",
    )


Word = TypeVar("Word", Term, ResourceType)


#: What is less like the text than this is another word, not a misspelling (2 x shared / both lengths). Two characters
#: of Chinese are a word already, so one of them counts for more than a letter.
NEAR_LETTERS, NEAR_CHARACTERS = 0.65, 0.5


def _nearest(text: str, words: Sequence[tuple[Word, tuple[str, ...]]]) -> Word | None:
    """The word with the spelling most like the text, the first of equals; None where none is near."""
    wanted = text[:64].strip().casefold()
    near = NEAR_LETTERS if wanted.isascii() else NEAR_CHARACTERS
    best: Word | None = None
    best_ratio = 0.0
    for word, spellings in words:
        for spelling in spellings:
            matcher = difflib.SequenceMatcher(None, spelling.casefold(), wanted, autojunk=False)
            least = max(near, best_ratio)
            if matcher.real_quick_ratio() >= least and (ratio := matcher.ratio()) >= least and ratio > best_ratio:
                best, best_ratio = word, ratio
    return best


_held: WeakKeyDictionary[AsyncEngine, Vocabulary] = WeakKeyDictionary()


async def vocabulary(engine: AsyncEngine, conn: AsyncConnection, version: int | None = None) -> Vocabulary:
    """The vocabulary as it stands; read again only where something was loaded since.

    `version` is the one just read, where the caller asked for it with something else: then there is no statement.
    """
    if version is None:
        version = await events.last_of(conn, "vocabulary")
    held = _held.get(engine)
    if held is None or held.version != version:
        held = Vocabulary(version, await terms.terms(conn), await terms.resource_types(conn))
        _held[engine] = held
    return held

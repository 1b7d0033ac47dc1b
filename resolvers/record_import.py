"""Sheets of records in: every cell resolved, compared with what is stored, saved as the contract saves it.

A row is found again by its 平台编号, by the key of its kind, or, where a kind has none, by everything it says; so the
same file twice changes nothing. One faulty cell, and nothing of the file is written: records point at one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, imports, record_lookup
from db.areas import Area
from db.cursors import parse_id
from db.entities import PARTY_TYPES
from db.kinds import KINDS
from db.records import OTHERS, Declared, Field
from exchange.record_sheets import RecordRow, RecordSheet
from exchange.records import Fault, Place
from resolvers import records
from resolvers.acts import require_role
from resolvers.checks import clipped
from resolvers.context import Context
from resolvers.errors import Conflict, InvalidInput, NotAllowed, NotFound
from resolvers.import_names import Names
from resolvers.import_words import Trouble, typed
from resolvers.record_fields import path_of
from resolvers.record_sheets import AREA
from resolvers.vocabulary import Vocabulary


@dataclass(slots=True)
class Taken:
    """What came of a row: `status` is new, changed or unchanged; `fields` is {heading: (stored, in the file)}."""

    sheet: RecordSheet
    place: Place
    title: str
    status: str
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)


class _Waiting(Exception):
    """The row points at a row of its own kind that may still come."""


class _Faulty(Exception):
    def __init__(self, troubles: list[Trouble]) -> None:
        super().__init__()
        self.troubles = troubles


@dataclass(slots=True)
class _Row:
    """A row resolved: as `resolvers.records.write` takes it, and by column as it is stored."""

    given: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)


class RecordImporter:
    """The state of one file's import."""

    def __init__(self, context: Context, conn: AsyncConnection, words: Vocabulary, area: Area | None) -> None:
        self.context, self.conn, self.words, self.home = context, conn, words, area
        self.names = Names(words, area)
        self.names.index_words()
        self._keys: set[tuple[Any, ...]] = set()
        self._claimed: set[tuple[str, int]] = set()
        self._found: dict[tuple[str, str, int | None], int] = {}
        #: What faulty rows are called: who points at one is not to blame for it.
        self._broken: set[tuple[str, str]] = set()

    async def take(self, sheets: Iterable[RecordSheet], say: Callable[[int, int], None]) -> list[Taken]:
        """Writes the rows of all sheets, kinds that are pointed at first; faults are added to the sheets.

        `say(rows done, rows in all)` is called every 200 rows.
        O(rows) statements. The caller undoes everything where a fault was found.
        """
        order = {name: at for at, name in enumerate(KINDS)}
        sheets = sorted(sheets, key=lambda one: order[one.of.name])
        await self._places(sheets)
        taken: list[Taken] = []
        done, total = 0, sum(len(sheet.rows) for sheet in sheets)
        for sheet in sheets:
            require_role(self.context.viewer, *KINDS[sheet.of.name].kind.written)
            for row in sheet.faulty:
                self._break(sheet, row)
            waiting, last = list(sheet.rows), False
            while waiting:
                left: list[RecordRow] = []
                for row in waiting:
                    try:
                        taken.append(await self._one(sheet, row, last))
                    except _Waiting:
                        left.append(row)
                    except _Faulty as problem:
                        self._blame(sheet, row, problem.troubles)
                    done += 1
                    if done % 200 == 0:
                        say(min(done, total), total)
                last = len(left) == len(waiting)
                waiting = left
            for row in sheet.faulty:
                troubles: list[Trouble] = []
                try:
                    await self._resolved(KINDS[sheet.of.name], row, True)
                except _Faulty as problem:
                    troubles = problem.troubles
                self._blame(sheet, row, troubles)
            sheet.faults.sort(key=lambda fault: fault.place.row or 0)
        return taken

    async def _places(self, sheets: Iterable[RecordSheet]) -> None:
        texts: dict[str, None] = {}
        for sheet in sheets:
            kind = KINDS[sheet.of.name]
            named = {one.name for one in kind.fields if one.target == "area"} | {"area"}
            for row in (*sheet.rows, *sheet.faulty):
                texts |= dict.fromkeys(row.values[name] for name in named if name in row.values)
        await self.names.gather_areas(self.conn, list(texts))
        if self.names.home is None:
            only = await imports.home_counties(self.conn)
            if len(only) == 1:
                self.names.home = (await self.words.areas_by_id(self.conn, only))[only[0]]

    def _break(self, sheet: RecordSheet, row: RecordRow) -> None:
        kind = KINDS[sheet.of.name]
        for one in kind.fields:
            if one.column == kind.kind.search and one.name in row.values:
                self._broken.add((kind.name, typed(row.values[one.name])))

    def _blame(self, sheet: RecordSheet, row: RecordRow, troubles: Iterable[Trouble]) -> None:
        self._break(sheet, row)
        for one in troubles:
            letter = sheet.columns.get(one.field or "")
            cell = f"{letter}{row.place.row}" if letter else None
            place = Place(row.place.file, row.place.sheet, row.place.row, cell)
            sheet.faults.append(Fault(place, one.code, one.text_zh, one.text_en, row.original))

    # ------------------------------------------------------------------------------------------------ one row

    async def _one(self, sheet: RecordSheet, row: RecordRow, last: bool) -> Taken:
        kind = KINDS[sheet.of.name]
        made = await self._resolved(kind, row, last)
        old = await self._stored(kind, row, made)
        title = _title(kind, row)
        if old is not None:
            differs = {
                one: (getattr(old, one), value)
                for one, value in made.stored.items()
                if getattr(old, one) != value and one in kind.table.c
            }
            if not differs:
                return Taken(sheet, row.place, title, "unchanged")
        try:
            async with self.conn.begin_nested():
                made_id = await records.write(
                    self.context,
                    self.conn,
                    kind.name,
                    id=None if old is None else int(old.id),
                    given=made.given,
                )
        except InvalidInput as refused:
            by_path = {path_of(one): one for one in kind.fields}
            raise _Faulty([_told(one, by_path) for one in refused.fields]) from refused
        except (Conflict, NotAllowed) as refused:
            raise _Faulty([Trouble(refused.code, refused.message_zh, refused.message_en)]) from refused
        except NotFound as refused:
            zh, en = refused.message_zh, refused.message_en
            raise _Faulty([Trouble(refused.code, zh, en)]) from refused
        if old is None:
            self._claimed.add((kind.name, made_id))
            return Taken(sheet, row.place, title, "new")
        shown = {}
        for column, (was, now) in differs.items():
            heading, text = self._heading(kind, column)
            told = row.values.get(text, now)
            shown[heading] = (
                await self._shown(kind, column, was),
                "、".join(told) if isinstance(told, tuple) else told,
            )
        return Taken(sheet, row.place, title, "changed", shown)

    def _heading(self, kind: Declared, column: str) -> tuple[str, str]:
        for one in kind.fields:
            if one.column == column:
                return f"{one.zh} {one.name}", one.name
        return f"{AREA.zh} {AREA.name}", AREA.name

    async def _shown(self, kind: Declared, column: str, value: Any) -> Any:
        """A stored value as a person reads it."""
        one = next((each for each in kind.fields if each.column == column), None)
        if value is None:
            return None
        if one is None or one.target == "area":
            return (await self.words.areas_by_id(self.conn, [value]))[value].full_name
        if one.form == "term":
            return self.words.terms_by_id[value].label_zh
        if one.form == "terms":
            return "、".join(self.words.terms_by_id[each].label_zh for each in value)
        if one.target == "resource_type":
            return self.words.types_by_id[value].label_zh
        if one.form == "code" and one.codes is not None:
            return one.codes.values[value][1]
        if one.form == "to":
            called = {"party": "name"}.get(one.target or "")
            if called is None and one.target in KINDS:
                called = KINDS[one.target].kind.search
            found = await record_lookup.label(self.conn, one.target or "", called, value) if called else None
            return found or f"#{value}"
        return value

    async def _resolved(self, kind: Declared, row: RecordRow, last: bool) -> _Row:
        """Every cell of a row as it is saved. Raises _Faulty with each that names nothing, or several things."""
        made, troubles = _Row(), []
        area: Area | None = None
        broken = False
        if kind.under is None:
            written = row.values.get("area")
            where = self.home if written is None else self.names.area(written)
            if isinstance(where, Area):
                area, made.given["area"], made.stored["area_id"] = where, where.code, where.id
            elif where is not None:
                troubles.append(_of(where, "area"))
        for one in kind.fields:
            if one.fixed or one.name not in row.values:
                continue
            try:
                given, stored = await self._value(kind, one, row.values[one.name], area, last)
            except _Faulty as problem:
                troubles += [_of(each, one.name) for each in problem.troubles]
                broken = True
                continue
            made.given[one.name], made.stored[one.column] = given, stored
        if broken or troubles:
            raise _Faulty(troubles)
        return made

    async def _value(self, kind: Declared, one: Field, written: Any, area: Area | None, last: bool) -> tuple[Any, Any]:
        """(as `resolvers.records.write` takes it, as the column stores it)."""
        if one.form == "text":
            return written, typed(written)
        if one.form in ("term", "terms"):
            texts = written if isinstance(written, tuple) else (written,)
            found = [self.names.term([one.scheme or ""], text) for text in texts]
            wrong = [each for each in found if isinstance(each, Trouble)]
            if wrong:
                raise _Faulty(wrong)
            terms = [each for each in found if not isinstance(each, Trouble)]
            if one.form == "term":
                return terms[0].code, terms[0].id
            return [each.code for each in terms], sorted({each.id for each in terms})
        if one.target == "area":
            place = self.names.area(written)
            if isinstance(place, Trouble):
                raise _Faulty([place])
            return place.code, place.id
        if one.target == "resource_type":
            type_ = self.names.type(written, "", None)
            if isinstance(type_, Trouble):
                raise _Faulty([type_])
            return type_.code, type_.id
        if one.form == "to":
            id = await self._pointed(kind, one, written, area, last)
            return id, id
        return written, written

    async def _pointed(self, kind: Declared, one: Field, written: str, area: Area | None, last: bool) -> int:
        target = one.target or ""
        mark = (target + "|" + ",".join(one.of), written, area.id if area else None)
        if mark in self._found:
            return self._found[mark]
        own = parse_id(written)
        known = {KINDS[target].kind.typename} if target in KINDS else {OTHERS[target], *PARTY_TYPES.values()}
        if own is not None and own[0] in known:
            return own[1]
        if target == "party":
            hits = await self._parties(one, written)
        elif target in KINDS:
            hits = await self._records(KINDS[target], written)
        else:
            ids = await record_lookup.coded(self.conn, target, written)
            if len(ids) == 1:
                return ids[0]
            hits = []
        hits = await self._nearest(hits, area)
        if len(hits) == 1:
            self._found[mark] = int(hits[0].id)
            return int(hits[0].id)
        if not hits and target == kind.name and not last:
            raise _Waiting
        zh = KINDS[target].kind.zh if target in KINDS else one.zh
        en = KINDS[target].kind.en if target in KINDS else target.replace("_", " ")
        if hits:
            raise _Faulty(
                [
                    Trouble(
                        "AMBIGUOUS_RECORD",
                        f"叫“{clipped(written)}”的{zh}不止一个;请写平台编号,或“名称/版本”这样能区分的写法",
                        f'several of kind {en} are called "{clipped(written)}"; write the platform id, or name/version',
                    )
                ]
            )
        if {(target, typed(written)), (target, typed(written.split("/")[0]))} & self._broken:
            raise _Faulty([])
        raise _Faulty(
            [Trouble("UNKNOWN_RECORD", f"没有找到{zh}“{clipped(written)}”", f'no {en} is called "{clipped(written)}"')]
        )

    async def _parties(self, one: Field, written: str) -> list[Any]:
        name = typed(written)
        rows = await imports.parties_called(self.conn, [name], [name], [f"party:{name}"])
        seen = (
            await acting.which_seen(self.conn, self.context.viewer, "party", [row.id for row in rows])
            if rows
            else set()
        )
        return [row for row in rows if row.id in seen and (not one.of or row.kind in one.of)]

    async def _records(self, target: Declared, written: str) -> list[Any]:
        """Rows called so; else, of name/version, rows with that name that have the rest in columns of their key."""
        viewer = self.context.viewer
        rows = list(await record_lookup.called(self.conn, viewer, target, typed(written)))
        if rows or "/" not in written:
            return rows
        name, *rest = [typed(part) for part in written.split("/")]
        rows = list(await record_lookup.called(self.conn, viewer, target, name))
        key = target.kind.key or ()
        return [row for row in rows if all(part in {str(getattr(row, one)) for one in key} for part in rest)]

    async def _nearest(self, rows: list[Any], area: Area | None) -> list[Any]:
        """Of several, those of the same area; else of those above it; else of its county or the county at home."""
        if len(rows) < 2:
            return rows
        home = self.names.home
        tests: list[Any] = []
        if area is not None:
            tests += [lambda row: row.area_id == area.id, lambda row: row.area_id in area.ancestor_ids]
            tests.append(lambda row: row.county_id is not None and row.county_id == area.county_id)
        if home is not None:
            tests.append(lambda row: row.county_id == home.id or row.area_id == home.id)
        for test in tests:
            kept = [row for row in rows if test(row)]
            if kept:
                return kept
        return rows

    # ------------------------------------------------------------------------------------------------ found again

    async def _stored(self, kind: Declared, row: RecordRow, made: _Row) -> Any:
        """The stored row that this one is, None for a new one."""
        viewer = self.context.viewer
        number = row.values.get("id")
        if number is not None:
            own = parse_id(number)
            found = None
            if own is not None and own[0] == kind.kind.typename:
                found = await record_lookup.numbered(self.conn, viewer, kind, own[1])
            if found is None:
                zh = f"平台上没有这个编号的{kind.kind.zh}"
                raise _Faulty([Trouble("UNKNOWN_PLATFORM_ID", zh, f"no {kind.kind.en} has this id", "id")])
            return found
        within = kind.kind.under or "area_id"
        if within not in made.stored:
            return None  # saving says what is missing
        columns = kind.kind.key
        if columns is None:
            rows = await record_lookup.same(self.conn, viewer, kind, made.stored)
            free = next((one for one in rows if (kind.name, one.id) not in self._claimed), None)
            if free is not None:
                self._claimed.add((kind.name, int(free.id)))
            return free
        defaults: Mapping[str, Any] = {one.column: one.default for one in kind.fields}
        key = {one: made.stored.get(one, defaults.get(one)) for one in (within, *columns)}
        mark = (kind.name, *key.values())
        if mark in self._keys:
            same = "、".join(one.zh for one in kind.fields if one.column in columns)
            same_en = ", ".join(one.name for one in kind.fields if one.column in columns)
            raise _Faulty(
                [Trouble("ROW_TWICE", f"文件中已有{same}相同的一行", f"a row with the same {same_en} stands above")]
            )
        self._keys.add(mark)
        rows = await record_lookup.same(self.conn, viewer, kind, key)
        return rows[0] if rows else None


def _of(trouble: Trouble, name: str) -> Trouble:
    return Trouble(trouble.code, trouble.text_zh, trouble.text_en, name)


def _told(problem: Any, by_path: Mapping[str, Field]) -> Trouble:
    one = by_path.get(problem.path[0])
    zh, name = (
        (one.zh, one.name) if one else (AREA.zh if problem.path[0] == "area" else problem.path[0], problem.path[0])
    )
    english = name.replace("_", " ")
    return Trouble(problem.code, f"{zh}:{problem.message_zh}", f"{english}: {problem.message_en}", name)


def _title(kind: Declared, row: RecordRow) -> str:
    """What a row is called in a report: its name, else its first text."""
    for one in kind.fields:
        if one.column == kind.kind.search and one.name in row.values:
            return clipped(str(row.values[one.name]))
    first = next(iter(row.values.values()))
    return clipped(str(first))

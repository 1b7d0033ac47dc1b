"""Lists in: read, resolved, compared with what is there, and written; one transaction a file, nothing lost in silence.

A row is found again by its 平台编号 (an exported list), by its own number, or by what it says (whose, what kind, its
title, and which of several alike). So the same file twice changes nothing. A faulty row is listed with every fault and
leaves the others alone; a file that cannot be read leaves everything alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.ext.asyncio import AsyncConnection

from db import events, imports
from db.areas import Area
from exchange import reading
from exchange.record_sheets import RecordSheet
from exchange.records import Fault, NeedRecord, OfferRecord, PartyRecord, Place, Sheet
from resolvers import matches
from resolvers.acts import BUSY_STATES, require_role
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.import_names import Names
from resolvers.import_rows import Importer, Outcome
from resolvers.import_words import Trouble
from resolvers.record_import import RecordImporter
from resolvers.record_sheets import sheet_kinds
from resolvers.vocabulary import vocabulary

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs from what is stored: field -> (stored, in the file)."""

    place: Place
    title: str
    fields: dict[str, tuple[Any, Any]]


@dataclass(slots=True)
class FileReport:
    """What a file would do (or did). Faults and notices stand in `sheets`; `counts` by kind of row."""

    file: str
    sheets: list[Sheet]
    new: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    #: Parties that no list names on its own but a row needs: communities, providers.
    registered: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    added: list[tuple[Place, str]] = field(default_factory=list)
    written: bool = False
    #: A file of records with a fault: nothing of it was written, and without --dry-run neither.
    refused: bool = False
    #: What kinds of records are called, for `counts` of them.
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def faults(self) -> list[Fault]:
        return [fault for sheet in self.sheets for fault in sheet.faults]


UNIQUE_VIOLATION = "23505"


class _DryRun(Exception):
    """Undoes everything."""


async def run(
    context: Context, path: Path, *, dry_run: bool = False, area: str | None = None, progress: Progress | None = None
) -> FileReport:
    """Imports one file. With `dry_run` the same is done and undone. `area` is the code of the county it is about.

    Raises exchange.errors.Unreadable for a file that holds no list, Conflict IMPORT_RUNNING beside another import,
    NotAllowed. O(rows); matches of what changed are renewed before it returns.
    """
    require_role(context.viewer)
    say = progress or _silent
    sheets = reading.read(path, progress=lambda done, total: say("read", done, total or done), records=sheet_kinds())
    return await take(context, FileReport(path.name, sheets), dry_run=dry_run, area=area, progress=progress)


async def take(
    context: Context,
    report: FileReport,
    *,
    dry_run: bool = False,
    area: str | None = None,
    progress: Progress | None = None,
) -> FileReport:
    """Takes sheets that were read, as `run` does; fills and returns the report."""
    require_role(context.viewer)
    of_records = any(isinstance(sheet, RecordSheet) for sheet in report.sheets)
    try:
        async with context.engine.begin() as conn:
            if not await imports.take_turn(conn):
                raise Conflict(
                    "IMPORT_RUNNING",
                    "另一次导入正在进行,请等它结束后再试;这次没有改动任何内容",
                    "another import is running; try again when it has ended; nothing was changed",
                )
            work = _write_records if of_records else _write
            await work(context, conn, report, area, progress or _silent, dry_run)
            # Records point at one another: of a file with a fault none is written.
            report.refused = of_records and bool(report.faults)
            if dry_run or report.refused:
                raise _DryRun
    except _DryRun:
        return report
    except (NoConnectionLeft, DBAPIError) as error:
        raise _explained(error) from error
    report.written = True
    # After midnight the lists that nobody touched are those of yesterday.
    await matches.renew_daily(context)
    return report


def _explained(error: Exception) -> Exception:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if isinstance(error, NoConnectionLeft) or state in BUSY_STATES:
        return Conflict(
            "BUSY",
            "有批量处理正在进行,请稍后再试;这次没有改动任何内容",
            "a bulk operation is running, try again shortly; nothing was changed",
        )
    if state == UNIQUE_VIOLATION:
        return Conflict(
            "LIST_CLASHES",
            "清单中的两行互相冲突,或与同时登记的内容冲突(名称、信用代码或编号相同);这次没有改动任何内容",
            "two rows clash with each other or with what was registered meanwhile (same name, credit code or number);"
            " nothing was changed",
        )
    return error


def _silent(stage: str, done: int, total: int) -> None:
    pass


async def _write_records(
    context: Context, conn: AsyncConnection, report: FileReport, area: str | None, say: Progress, dry_run: bool
) -> None:
    words = await vocabulary(context.engine, conn)
    work = RecordImporter(context, conn, words, await _home(conn, words, area))
    sheets = [sheet for sheet in report.sheets if isinstance(sheet, RecordSheet)]
    for one in await work.take(sheets, lambda done, total: say("check", done, total)):
        kind = one.sheet.of
        report.labels[kind.name] = f"{kind.zh} {kind.en}"
        getattr(report, one.status)[kind.name] += 1
        if one.status == "new":
            report.added.append((one.place, one.title))
        elif one.status == "changed":
            report.changes.append(Change(one.place, one.title, one.fields))


async def _write(
    context: Context, conn: AsyncConnection, report: FileReport, area: str | None, say: Progress, dry_run: bool
) -> None:
    words = await vocabulary(context.engine, conn)
    home = await _home(conn, words, area)
    records = [record for sheet in report.sheets for record in sheet.records]
    # A directory tells where things are in the words of its publisher; a list of the county has to name its places.
    is_directory = all(sheet.kind is None for sheet in report.sheets)
    names = await Names.gather(conn, words, records, home, home if is_directory else None)
    work = Importer(context, conn, words, names, kinds=not is_directory)
    total, done = len(records), 0
    for kinds in ((PartyRecord,), (NeedRecord, OfferRecord)):
        batch = [
            (sheet, index, record)
            for sheet in report.sheets
            for index, record in enumerate(sheet.records)
            if isinstance(record, kinds)
        ]
        if not batch:
            continue
        drafts = await work.prepare([record for _, _, record in batch])
        for (sheet, index, record), draft in zip(batch, drafts, strict=True):
            outcome = await work.decide(draft)
            _note(report, sheet, index, record, outcome)
            done += 1
            if done % 200 == 0 or done == total:
                say("check", done, total)
        await work.flush()
    for sheet in report.sheets:
        sheet.faults.sort(key=lambda fault: fault.place.row or 0)
    report.registered = work.registered
    if names.assumed and home is not None:
        some = "、".join(list(names.assumed)[:5]) + ("…" if len(names.assumed) > 5 else "")
        report.sheets[0].notices.append(
            Fault(
                Place(report.file),
                "AREA_ASSUMED",
                f"不认识的地名按 --area 记在{home.full_name}:{some}",
                f"places nobody here knows were taken as {home.full_name} (--area): {some}",
            )
        )
    if not dry_run:
        say("match", 0, 1)
        await matches.renew(
            context,
            conn,
            need_ids=work.need_ids,
            offer_ids=work.offer_ids,
            left_type_ids=work.left_type_ids,
        )
        say("match", 1, 1)
    await events.add_many(conn, work.events)


def _note(report: FileReport, sheet: Sheet, index: int, record: Any, outcome: Outcome) -> None:
    kind = {NeedRecord: "needs", OfferRecord: "offers", PartyRecord: "parties"}[type(record)]
    if outcome.troubles:
        original = sheet.originals[index] if index < len(sheet.originals) else ()
        for trouble in outcome.troubles:
            place = _cell(sheet, record.place, trouble)
            sheet.faults.append(Fault(place, trouble.code, trouble.text_zh, trouble.text_en, original))
    elif outcome.status == "new":
        report.new[kind] += 1
        report.added.append((record.place, outcome.title))
    elif outcome.status == "changed":
        report.changed[kind] += 1
        report.changes.append(Change(record.place, outcome.title, outcome.fields))
    else:
        report.unchanged[kind] += 1


#: Where a fault stands that does not say so itself: the first of these columns that the sheet has.
_COLUMNS = {
    "AMBIGUOUS_AREA": ("area", "provider_area", "coverage"),
    "AMBIGUOUS_COMMUNITY": ("community", "provider"),
    "AMBIGUOUS_PROVIDER": ("provider",),
    "AMBIGUOUS_RESOURCE_TYPE": ("title",),
    "AREA_REQUIRED": ("area", "provider_area", "coverage"),
    "NOT_OPEN": ("platform_id", "reference", "title", "name"),
    "PROVIDER_AREA_REQUIRED": ("provider_area", "provider"),
    "ROW_TWICE": ("platform_id", "reference", "credit_code", "title", "name"),
    "UNKNOWN_AREA": ("area", "provider_area", "coverage"),
    "UNKNOWN_COMMUNITY": ("community", "provider"),
    "UNKNOWN_PLATFORM_ID": ("platform_id",),
    "UNKNOWN_PROVIDER": ("provider",),
    "UNKNOWN_RESOURCE_TYPE": ("resource_type",),
    "UNKNOWN_UNIT": ("unit", "quantity", "capacity"),
    "UNTYPED": ("title",),
}


def _cell(sheet: Sheet, place: Place, trouble: Trouble) -> Place:
    """The cell of a fault, where the file has cells and one of them is to blame."""
    if place.row is None or place.cell is not None:
        return place
    for name in (trouble.field, *_COLUMNS.get(trouble.code, ())):
        if name in sheet.columns:
            return replace(place, cell=f"{sheet.columns[name]}{place.row}")
    return place


async def _home(conn: AsyncConnection, words: Any, code: str | None) -> Area | None:
    if code is None:
        return None

    problems = Problems()
    found: Area | None = await words.check_area(conn, problems, "area", code)
    problems.stop()
    return found

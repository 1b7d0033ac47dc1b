"""Loading a standard of evaluation with its tree of indicators: as a whole, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from db import areas, evaluation_rows, events
from db.evaluations import EvaluationGradeRow, EvaluationStandardRow, IndicatorRow
from db.records import insert
from exchange.indicator_tree import GradeRecord, IndicatorRecord, TreeFault, faults, grade_faults, leaves, levels
from exchange.records import Fault, Place
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import InvalidInput
from resolvers.vocabulary import vocabulary

if TYPE_CHECKING:
    from exchange.indicators import IndicatorList

#: One at a time loads a standard of an area.
LOAD_LOCK = 5011
FULL = Decimal(100)
_MOST_PROSE = 4_000


async def load(
    context: Context,
    *,
    area: str | None,
    code: str | None,
    title: str | None,
    citation: str | None,
    rows: Sequence[IndicatorRecord],
    grades: Sequence[GradeRecord] = (),
    full_score: Decimal | None = FULL,
    from_on: date | None = None,
    until_on: date | None = None,
    idempotency_key: str | None = None,
) -> Done:
    """Loads a standard: its facts, its grades (none, or from 0 on) and its tree.

    The tree must add up at every indicator (`exchange.indicator_tree.faults`), else nothing is loaded and every place
    where it does not is told as a field ("rows", index, field). The same content again changes nothing. Where the code
    is there already, it is replaced as long as no evaluation was begun by it; else this is its next version. Raises
    InvalidInput, NotAllowed. O(rows).
    """
    require_role(context.viewer, "COORDINATOR")
    facts = {"code": code, "title": title, "citation": citation, "from_on": from_on, "until_on": until_on}
    content = _digest({**facts, "full": full_score}, rows, grades)

    async def work(conn: AsyncConnection) -> Done:
        problems = Problems()
        words = await vocabulary(context.engine, conn)
        place = None
        if problems.required("area", area) and area is not None:
            place = await words.check_area(conn, problems, "area", area)
        if place is not None:
            require_within(context.viewer, place)
        kept = {name: problems.text(name, facts[name]) for name in ("code", "title", "citation")}  # type: ignore[arg-type]
        problems.period("from", from_on, "until", until_on, context.today, past=False)
        full = _full(problems, full_score)
        sound = _sound(problems, rows, grades)
        if full is not None and sound:
            for found in (*faults(rows, full), *grade_faults(grades, full)):
                problems.add(_path(found), found.code, found.text_zh, found.text_en)
        problems.key(idempotency_key)
        problems.stop()
        assert place is not None
        assert full is not None
        await events.lock(conn, LOAD_LOCK, place.id)
        former = await evaluation_rows.newest_standard(conn, place.id, kept["code"])
        if former is not None and former.digest == content:
            return Done("evaluation_standard", former.id)
        version = 1
        if former is not None:
            version = former.version + 1
            if not await evaluation_rows.is_used(conn, former.id):
                version = former.version
                await evaluation_rows.withdraw_standard(
                    conn, former.id, at=context.clock(), actor_id=context.viewer.key_id
                )
        common = {
            "area_id": place.id,
            "county_id": place.county_id,
            "actor_id": context.viewer.key_id,
            "recorded_at": context.clock(),
            "changed_at": context.clock(),
        }
        depth = [level or 0 for level in levels(rows)]
        standard = {
            **common,
            **kept,
            "version": version,
            "full_score": full,
            "levels": max(depth),
            "leaves": len(leaves(rows)),
            "from_on": from_on,
            "until_on": until_on,
            "digest": content,
        }
        id = await insert(conn, EvaluationStandardRow, standard)
        await _write(conn, id, rows, depth, grades, common)
        detail = {"version": version, "indicators": len(rows)}
        await record(conn, context.viewer, "evaluation_standard.loaded", "evaluation_standard", id, place.id, detail)
        return Done("evaluation_standard", id)

    return await act(context, "indicatorsLoad", idempotency_key, {"area": area, "content": content}, work)


def _digest(facts: Mapping[str, Any], rows: Sequence[IndicatorRecord], grades: Sequence[GradeRecord]) -> str:
    def plain(value: Any) -> str:
        return f"{value.normalize():f}" if isinstance(value, Decimal) and value.is_finite() else str(value)

    whole = {"facts": facts, "rows": rows, "grades": grades}
    return hashlib.sha256(orjson.dumps(whole, default=plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _full(problems: Problems, full: Decimal | None) -> Decimal | None:
    if not problems.required("fullScore", full) or full is None:
        return None
    if not (full.is_finite() and 0 < full < 10**8 and full == round(full, 4)):
        zh, en = "满分应大于 0,最多 4 位小数", "the full score must be above 0, with at most 4 digits behind the point"
        problems.add("fullScore", "OUT_OF_RANGE", zh, en)
        return None
    return full


def _sound(problems: Problems, rows: Sequence[IndicatorRecord], grades: Sequence[GradeRecord]) -> bool:
    """Whether every text is one that can be kept; adds a problem for each that is not."""
    before = len(problems.fields)
    for at, row in enumerate(rows[:1_001]):
        for name, text in (("code", row.code), ("title", row.title)):
            _text(problems, ("rows", str(at), name), text)
        for name, prose in (("evidence", row.evidence), ("scoring", row.scoring)):
            if prose is not None and (len(prose) > _MOST_PROSE or "\x00" in prose):
                zh, en = f"最多 {_MOST_PROSE} 个字", f"at most {_MOST_PROSE} characters"
                problems.add(("rows", str(at), name), "TOO_LONG", zh, en)
    for at, grade in enumerate(grades[:100]):
        _text(problems, ("grades", str(at), "name"), grade.name)
    if len(grades) > 20:
        problems.add("grades", "TOO_MANY", "最多 20 个等级", "at most 20 grades")
    return len(problems.fields) == before


def _text(problems: Problems, path: tuple[str, ...], value: str) -> None:
    apart = Problems()
    apart.text(path[-1], value)
    for one in apart.fields:
        problems.add(path, one.code, one.message_zh, one.message_en)


def _path(found: TreeFault) -> tuple[str, ...]:
    return (found.field,) if found.row is None else ("rows", str(found.row), found.field)


async def _write(
    conn: AsyncConnection,
    standard_id: int,
    rows: Sequence[IndicatorRecord],
    depth: Sequence[int],
    grades: Sequence[GradeRecord],
    common: Mapping[str, Any],
) -> None:
    ids = dict(zip((one.code for one in rows), await areas.new_ids(conn, "indicator", len(rows)), strict=True))
    level = dict(zip((one.code for one in rows), depth, strict=True))
    scored = {one.code for one in leaves(rows)}
    made = [
        {
            **common,
            "id": ids[one.code],
            "standard_id": standard_id,
            "parent_id": ids[one.parent] if one.parent is not None else None,
            "code": one.code,
            "title": one.title,
            "weight": one.weight,
            "level": level[one.code],
            "position": position,
            "leaf": one.code in scored,
            "evidence": one.evidence,
            "scoring": one.scoring,
        }
        for position, one in enumerate(_preorder(rows), start=1)
    ]
    await evaluation_rows.add_all(conn, IndicatorRow, made)
    given = [
        {**common, "standard_id": standard_id, "name": one.name, "least": one.least, "passes": one.passes}
        for one in grades
    ]
    await evaluation_rows.add_all(conn, EvaluationGradeRow, given)


def _preorder(rows: Sequence[IndicatorRecord]) -> list[IndicatorRecord]:
    """Each indicator before those below it, siblings in the order given."""
    below: dict[str | None, list[IndicatorRecord]] = {}
    for one in rows:
        below.setdefault(one.parent, []).append(one)
    found: list[IndicatorRecord] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting.extend(reversed(below.get(one.code, [])))
    return found


async def load_list(context: Context, read: IndicatorList, *, area: str | None, dry_run: bool = False) -> bool:
    """Loads what a sheet says, unless it has faults; whether it was loaded. Faults found here are added to `read`.

    `area`: where the standard holds. Nothing is written with `dry_run`. Raises NotAllowed.
    """
    require_role(context.viewer, "COORDINATOR")
    if area is None:
        zh, en = "请用 --area 写明标准适用的区划代码", "say with --area for which area the standard is"
        read.faults.append(Fault(Place(read.file, read.sheet), "MISSING", zh, en))
    if read.faults or dry_run:
        return False
    try:
        await load(
            context,
            area=area,
            code=read.code,
            title=read.title,
            citation=read.citation,
            rows=read.records,
            grades=read.grades,
            full_score=read.full,
            from_on=read.from_on,
            until_on=read.until_on,
        )
    except InvalidInput as refusal:
        for one in refusal.fields:
            row = read.places[int(one.path[1])].row if one.path[0] == "rows" and len(one.path) > 1 else None
            place = Place(read.file, read.sheet, row)
            read.faults.append(Fault(place, one.code, one.message_zh, one.message_en))
        return False
    return True


def sheet_of(path: Path) -> IndicatorList | None:
    """The indicator tree a file holds; None for a file of other lists. Raises Unreadable."""
    # Workbooks are read by commands only; a server starts without what reads them.
    from exchange.indicators import read

    return read(path)

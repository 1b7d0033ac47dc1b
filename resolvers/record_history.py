"""What a record was before: every change, by whom, and which fields it turned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import records
from db.kinds import KINDS
from db.records import Declared
from resolvers.acts import within
from resolvers.context import Context
from resolvers.record_fields import path_of
from resolvers.vocabulary import Vocabulary, vocabulary

#: (name in the contract, 中文, English, before, after)
Change = tuple[str, str, str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Version:
    """One change: `by` is the label of the key that made it."""

    at: datetime
    act: str
    reason: str | None
    by: str | None
    changes: list[Change]


async def history(context: Context, name: str, id: int) -> list[Version]:
    """The changes of a record (withdrawn ones too), newest first; empty where it has none or lies outside your area.

    Four statements, whatever the number of changes.
    """
    if name not in KINDS:
        return []
    kind = KINDS[name]
    async with context.engine.connect() as conn:
        now = await records.any_row(conn, kind, id)
        words = await vocabulary(context.engine, conn)
        if now is None:
            return []
        area = (await words.areas_by_id(conn, [now.area_id]))[now.area_id]
        if not within(context.viewer, area):
            return []
        found = await records.versions(conn, name, id)
        labels = await records.key_labels(conn, {one.actor_id for one in found if one.actor_id is not None})
        after: Mapping[str, Any] = await records.as_document(conn, kind, id)
        said = []
        for one in found:
            said.append(
                Version(
                    one.until_at,
                    one.act,
                    one.reason,
                    labels.get(one.actor_id),
                    await _changes(conn, words, kind, one.row, after),
                )
            )
            after = one.row
    return said


async def _changes(
    conn: AsyncConnection, words: Vocabulary, kind: Declared, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Change]:
    changes: list[Change] = []
    ids = [one["area_id"] for one in (before, after)]
    if ids[0] != ids[1]:
        areas = await words.areas_by_id(conn, ids)
        names = [areas[id].full_name for id in ids]
        changes.append(("area", "所属地区", "Where it belongs", names[0], names[1]))
    for one in kind.fields:
        was, now = before.get(one.column), after.get(one.column)
        if was != now:
            english = one.doc.rsplit(". ", 1)[0] if ". " in one.doc else one.name
            texts = [_text(words, one.form, value) for value in (was, now)]
            changes.append((path_of(one), one.zh, english, texts[0], texts[1]))
    return changes


def _text(words: Vocabulary, form: str, value: Any) -> str | None:
    """A stored value in words: terms by their label, the rest as it is."""
    if value is None or value == []:
        return None
    if form in ("term", "terms"):
        ids = value if isinstance(value, list) else [value]
        return "、".join(words.term_labels.get(id, (str(id),))[0] for id in ids)
    return str(value)

"""One row of a list against what is stored: new, changed, unchanged, or faulty with every reason.

A batch goes through three steps: `prepare` resolves its names into drafts, registers the parties they need and reads
the stored rows they may be; `decide` compares one draft; `flush` writes what is new, a statement for each table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import imports, needs, offers
from db.cursors import parse_id
from db.entities import PARTY_TYPES
from exchange.records import NeedRecord, OfferRecord, PartyRecord, Record
from resolvers import needs as need_acts
from resolvers import offers as offer_acts
from resolvers import parties as party_acts
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.import_drafts import Draft, Drafts, Wanted
from resolvers.import_names import Names, Trouble
from resolvers.vocabulary import Vocabulary

_ENTITY = {NeedRecord: "need", OfferRecord: "offer", PartyRecord: "party"}
_TABLE = {"need": imports.NEED, "offer": imports.OFFER, "party": imports.PARTY}
_NEW_EVENT = {"need": "need.submitted", "offer": "offer.published", "party": "party.registered"}


@dataclass(slots=True)
class Outcome:
    """`status`: new, changed, unchanged, or faulty (then `troubles` says why)."""

    status: str
    title: str
    troubles: list[Trouble] = field(default_factory=list)
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)


class Importer:
    """The state of one file's import."""

    def __init__(self, context: Context, conn: AsyncConnection, words: Vocabulary, names: Names) -> None:
        self.context, self.conn, self.words, self.names = context, conn, words, names
        self.drafts = Drafts(words, names)
        self.registered: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.need_ids: list[int] = []
        self.offer_ids: list[int] = []
        self.left_type_ids: set[int] = set()
        self._by_reference: dict[str, Any] = {}
        self._by_id: dict[tuple[str, int], Any] = {}
        self._new: dict[str, list[tuple[dict[str, Any], Record]]] = {"need": [], "offer": [], "party": []}
        self._taken: set[tuple[str, Any]] = set()

    async def prepare(self, records: Sequence[Record]) -> list[Draft]:
        """The drafts of a batch, in order."""
        for entity in _TABLE:
            own_records = [one for one in records if _ENTITY[type(one)] == entity]
            await self._read(entity, [id for one in own_records if (id := _platform_id(one)) is not None], ())
        # A row that names its platform id belongs to whom it belongs, however its owner is written.
        known = await self._relearn([id for one in records if (id := self._owner_id(one)) is not None])
        owners = [known.get(self._owner_id(one) or 0) or self.drafts.owner(one) for one in records]
        await self._register([one for one in owners if isinstance(one, Wanted)])
        drafts = [
            self.drafts.draft(record, one.row if isinstance(one, Wanted) else one)
            for record, one in zip(records, owners, strict=True)
        ]
        for entity in _TABLE:
            own = [draft for draft in drafts if _ENTITY[type(draft.record)] == entity]
            await self._read(entity, (), [draft.reference for draft in own if draft.reference])
        return drafts

    async def _read(self, entity: str, ids: Sequence[int], references: Sequence[str]) -> None:
        if ids or references:
            for row in await imports.rows_by(self.conn, _TABLE[entity], ids, references):
                self._by_id[entity, row.id] = row
                if row.reference:
                    self._by_reference[row.reference] = row

    def _owner_id(self, record: Record) -> int | None:
        entity, id = _ENTITY[type(record)], _platform_id(record)
        row = self._by_id.get((entity, id)) if id is not None else None
        if row is None or entity == "party":
            return None
        owner: int = row.community_id if entity == "need" else row.provider_id
        return owner

    async def decide(self, draft: Draft) -> Outcome:
        """What the row is; changes are written at once, new rows wait for `flush`."""
        record, entity = draft.record, _ENTITY[type(draft.record)]
        if draft.troubles:
            return Outcome("faulty", draft.title, draft.troubles)
        old = self._stored(entity, draft)
        if isinstance(old, Trouble):
            return Outcome("faulty", draft.title, [old])
        own = draft.reference or tuple(draft.values.get(name) for name in ("kind", "area_id", "name"))
        mark = (entity, old.id if old is not None else own)
        if mark in self._taken:
            return Outcome("unchanged", draft.title) if entity == "party" else Outcome("faulty", draft.title, [_TWICE])
        self._taken.add(mark)
        if old is None:
            troubles = await self._checked(entity, draft, draft.inputs, None)
            if troubles:
                return Outcome("faulty", draft.title, troubles)
            code = draft.values.get("credit_code")
            if code and ("credit_code", code) in self._taken:
                return Outcome("faulty", draft.title, [_TWICE])
            self._taken.add(("credit_code", code))
            self._new[entity].append((draft.values, record))
            return Outcome("new", draft.title)
        changed = {
            name: value
            for name, value in draft.values.items()
            if name in draft.compared and getattr(old, name) != value
        }
        if not changed:
            return Outcome("unchanged", draft.title)
        if getattr(old, "status", "OPEN") not in ("OPEN", "MET", "ACTIVE", "PAUSED"):
            return Outcome("faulty", draft.title, [_closed(entity, old.status)])
        inputs = {draft.compared[name]: draft.inputs[draft.compared[name]] for name in changed}
        troubles = await self._checked(entity, draft, inputs, old)
        if troubles:
            return Outcome("faulty", draft.title, troubles)
        fields = {draft.compared[name]: (self._shown(name, getattr(old, name)), self._shown(name, value))
                  for name, value in changed.items()}  # fmt: skip
        await self._change(entity, old, changed, record)
        return Outcome("changed", draft.title, fields=fields)

    async def flush(self) -> None:
        """Writes the new rows that wait."""
        now = self.context.clock()
        for entity, add in (("party", None), ("need", needs.add), ("offer", offers.add)):
            waiting, self._new[entity] = self._new[entity], []
            if not waiting:
                continue
            rows = [{**values, "created_at": now} for values, _ in waiting]
            if add is None:
                ids = await imports.add_many(self.conn, imports.PARTY, rows)
                await self._relearn(ids)
            else:
                ids = await add(self.conn, [{**row, "updated_at": now} for row in rows])
                (self.need_ids if entity == "need" else self.offer_ids).extend(ids)
            for (values, record), id in zip(waiting, ids, strict=True):
                self._happened(_NEW_EVENT[entity], entity, id, values["area_id"], record)

    # ---------------------------------------------------------------------------------------- the stored row

    def _stored(self, entity: str, draft: Draft) -> Any:
        record = draft.record
        if record.platform_id:
            id = _platform_id(record)
            old = self._by_id.get((entity, id)) if id is not None else None
            if old is None:
                return Trouble(
                    "UNKNOWN_PLATFORM_ID",
                    "平台编号不存在;若是新的一行,请把这一格清空",
                    "no such platform id; empty the cell if the row is new",
                )
            return old
        if isinstance(record, PartyRecord):
            return self.names.party(record, draft.values["area_id"], draft.reference)
        return self._by_reference.get(draft.reference) if draft.reference else None

    async def _checked(self, entity: str, draft: Draft, inputs: Mapping[str, Any], old: Any) -> list[Trouble]:
        """The same checks an act makes, on the fields that are new."""
        problems = Problems()
        if entity == "need":
            need_acts.checked(self.context, self.words, problems, inputs, old)
        elif entity == "offer":
            await offer_acts.checked(self.context, self.conn, self.words, problems, inputs, old)
        else:
            given = {"name": draft.values["name"], "area": draft.inputs["area"], **inputs}
            kind = draft.values["kind"]
            await party_acts.checked(self.context, self.conn, self.words, problems, kind, given)
        return [Trouble(one.code, f"{_zh(one.path)}{one.message_zh}", f"{one.path[0]}: {one.message_en}")
                for one in problems.fields]  # fmt: skip

    async def _change(self, entity: str, old: Any, changed: dict[str, Any], record: Record) -> None:
        now = self.context.clock()
        if entity == "need":
            quantity = changed.get("quantity", old.quantity)
            status = "OPEN" if quantity > old.committed else "MET"
            await needs.change(self.conn, old.id, {**changed, "status": status}, now)
            self.need_ids.append(old.id)
            self.left_type_ids.add(old.resource_type_id)
        elif entity == "offer":
            await offers.change(self.conn, old.id, {**changed, "confirmed_at": now}, now)
            self.offer_ids.append(old.id)
            self.left_type_ids.add(old.resource_type_id)
        else:
            await imports.change_party(self.conn, old.id, changed)
        area_id = changed.get("area_id", old.area_id)
        self._happened(f"{entity}.changed", entity, old.id, area_id, record, fields=sorted(changed))

    # ---------------------------------------------------------------------------------------- parties

    async def _register(self, wanted: Sequence[Wanted]) -> None:
        """Communities and providers that rows need and nobody registered yet."""
        waiting = list({id(one): one for one in wanted if one.row is None}.values())
        now = self.context.clock()
        rows = [{**one.values, "created_at": now} for one in waiting]
        ids = await imports.add_many(self.conn, imports.PARTY, rows)
        found = await self._relearn(ids)
        for one, id in zip(waiting, ids, strict=True):
            one.row = found[id]
            self.registered.append(one.values["name"])
            self._happened("party.registered", "party", id, one.values["area_id"], one.record)

    async def _relearn(self, ids: Sequence[int]) -> dict[int, Any]:
        """Lets later rows of the file find parties that were just written."""
        if not ids:
            return {}
        rows = {row.id: row for row in await imports.rows_by(self.conn, imports.PARTY, ids, ())}
        areas = await self.words.areas_by_id(self.conn, {row.area_id for row in rows.values()})
        self.names.know_areas(areas.values())
        for row in rows.values():
            self.names.know_party(row)
        return rows

    def _happened(
        self, kind: str, entity: str, entity_id: int, area_id: int | None, record: Record, **detail: Any
    ) -> None:
        self.events.append(
            {
                "kind": kind,
                "entity": entity,
                "entity_id": entity_id,
                "area_id": area_id,
                "actor_id": self.context.viewer.key_id,
                "detail": {"file": record.place.file, "row": record.place.row, **detail},
            }
        )

    def _shown(self, name: str, value: Any) -> Any:
        """Ids as people know them."""
        if value is None or value == []:
            return None
        if name == "resource_type_id":
            return self.words.types_by_id[value].label_zh
        if name in ("channel_id", "earmark_id", "industry_id", "source_id"):
            return self.words.terms_by_id[value].label_zh
        if name == "client_group_ids":
            return "、".join(self.words.terms_by_id[id].label_zh for id in value)
        return value


_TWICE = Trouble("ROW_TWICE", "同一编号在文件中出现了两次", "the same number stands twice in the file")

_FIELDS_ZH = {
    "title": "名称",
    "resourceType": "资源类型",
    "quantity": "数量",
    "capacity": "总量",
    "clientGroups": "服务对象",
    "neededFrom": "最早日期",
    "neededBy": "截止日期",
    "availableFrom": "可用自",
    "availableUntil": "可用至",
    "minimumPerNeed": "每项至少",
    "maximumPerNeed": "每项至多",
    "coverage": "服务区域",
    "creditCode": "统一社会信用代码",
    "area": "所在地",
    "name": "名称",
    "foundedOn": "成立日期",
    "headcount": "人数",
    "earmark": "定向用途",
    "channel": "需求来源",
}


def _zh(path: tuple[str, ...]) -> str:
    return _FIELDS_ZH.get(path[0], path[0]) + ":"


def _closed(entity: str, status: str) -> Trouble:
    what_zh, what_en = ("需求", "need") if entity == "need" else ("供给", "offer")
    return Trouble(
        "NOT_OPEN",
        f"平台上这项{what_zh}已经结束({status}),不能再由清单修改",
        f"this {what_en} is {status.lower()} on the platform; a list cannot change it any more",
    )


def _platform_id(record: Record) -> int | None:
    """The number in a 平台编号 of the record's own kind."""
    parsed = parse_id(record.platform_id.strip()) if record.platform_id else None
    if parsed is None:
        return None
    types = {NeedRecord: ("Need",), OfferRecord: ("Offer",), PartyRecord: tuple(PARTY_TYPES.values())}
    return parsed[1] if parsed[0] in types[type(record)] else None

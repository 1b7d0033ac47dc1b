"""One row of a list against what is stored: new, changed, unchanged, or faulty with every reason.

A batch goes through three steps: `prepare` resolves its names into drafts, registers the parties they need and reads
the stored rows they may be; `decide` compares one draft; `flush` writes what is new, a statement for each table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from db import areas, imports, needs, offers
from db.cursors import global_id, parse_id
from db.entities import PARTY_TYPES
from exchange import hsds
from exchange.headings import vocabulary as headings
from exchange.records import NeedRecord, OfferRecord, PartyKind, PartyRecord, Place, Record
from exchange.text import tidy
from resolvers import needs as need_acts
from resolvers import offers as offer_acts
from resolvers import parties as party_acts
from resolvers.checks import Problems, clipped
from resolvers.context import Context
from resolvers.import_drafts import Draft, Drafts, Wanted
from resolvers.import_names import Names
from resolvers.import_words import Trouble, typed
from resolvers.vocabulary import Vocabulary

_ENTITY = {NeedRecord: "need", OfferRecord: "offer", PartyRecord: "party"}
_TABLE = {"need": imports.NEED, "offer": imports.OFFER, "party": imports.PARTY}
_OWNER = ("community_id", "provider_id")
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

    def __init__(self, context: Context, conn: AsyncConnection, words: Vocabulary, names: Names, kinds: bool) -> None:
        self.context, self.conn, self.words, self.names = context, conn, words, names
        self.drafts = Drafts(words, names)
        self.registered: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.need_ids: set[int] = set()
        self.offer_ids: set[int] = set()
        self.left_type_ids: set[int] = set()
        #: Whether the file says of what kind its parties are (a list does, a directory may not).
        self._kinds = kinds
        self._by_reference: dict[str, Any] = {}
        self._by_id: dict[tuple[str, int], Any] = {}
        self._owners: dict[int, Any] = {}
        self._wanted: dict[int, Wanted] = {}
        self._new: dict[str, list[tuple[dict[str, Any], Record]]] = {"need": [], "offer": [], "party": []}
        self._taken: dict[tuple[Any, ...], Draft] = {}

    async def prepare(self, records: Sequence[Record]) -> list[Draft]:
        """The drafts of a batch, in order. Writes nothing."""
        for entity in _TABLE:
            own_records = [one for one in records if _ENTITY[type(one)] == entity]
            await self._read(entity, [number for one in own_records if (number := _platform_id(one)) is not None], ())
        stored = {number for one in records if (number := self._owner_id(one)) is not None}
        self._owners |= await self._learn(sorted(stored))
        owners = [self._owner(one) for one in records]
        fresh = self.drafts.unnumbered
        for one, number in zip(fresh, await areas.new_ids(self.conn, "party", len(fresh)), strict=True):
            one.id = number
            self._wanted[number] = one
        drafts = [self.drafts.draft(record, one) for record, one in zip(records, owners, strict=True)]
        for entity in _TABLE:
            own = [draft for draft in drafts if _ENTITY[type(draft.record)] == entity]
            await self._read(entity, (), [draft.reference for draft in own if draft.reference])
        if not self._kinds:
            await self._find_exported(drafts)
        return drafts

    async def _find_exported(self, drafts: Sequence[Draft]) -> None:
        """Offers that went out as HSDS services come back under the id they were given there."""
        coming = [d for d in drafts if isinstance(d.record, OfferRecord) and d.reference and d.record.reference]
        coming = [d for d in coming if d.reference not in self._by_reference]
        provider_ids = {d.values["provider_id"] for d in coming} - self._wanted.keys()
        if not provider_ids:
            return
        names = {number: row.name for number, row in (await self._learn(sorted(provider_ids))).items()}
        stored: dict[tuple[Any, Any], Any] = {}
        for row in await imports.offers_of(self.conn, provider_ids):
            place, number = Place(""), global_id(b"Offer:%d" % row.id)
            out = OfferRecord(place, row.title, names[row.provider_id], row.capacity, platform_id=number)
            stored[row.provider_id, hsds.service_id(out)] = row
        for draft in coming:
            found = stored.get((draft.values["provider_id"], draft.record.reference))
            if found is not None and draft.reference:
                self._by_reference[draft.reference] = found

    def _owner(self, record: Record) -> Any:
        """Whose row it is. A row with a platform id stays with whom it is; a list cannot give it to another."""
        known = self._owners.get(self._owner_id(record) or 0)
        if known is None or isinstance(record, PartyRecord):
            return self.drafts.owner(record)
        if self.names.fits(record, known):
            return known
        named = self.drafts.owner(record)
        if getattr(named, "id", None) == known.id:
            return known
        return named if isinstance(named, Trouble) else _other_owner(record, known.name)

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
        old: Any = None if draft.troubles else self._stored(entity, draft)
        troubles = draft.troubles or ([old] if isinstance(old, Trouble) else [])
        if not troubles and not isinstance(old, Trouble):
            earlier = self._met_before(entity, draft, old)
            if earlier is not None:
                if entity == "party" and earlier.values == draft.values:
                    return Outcome("unchanged", draft.title)
                return Outcome("faulty", draft.title, [_twice(earlier.record.place.row)])
            if old is None:
                troubles = await self._checked(entity, draft, draft.inputs, None)
                if not troubles:
                    self._new[entity].append((draft.values, record))
                    return Outcome("new", draft.title)
        if troubles:
            return Outcome("faulty", draft.title, troubles)
        changed = {
            name: value
            for name, value in draft.values.items()
            if name in draft.compared and not _same(getattr(old, name), value)
        }
        if not changed:
            return Outcome("unchanged", draft.title)
        if getattr(old, "status", "OPEN") not in ("OPEN", "MET", "DRAFT", "ACTIVE", "PAUSED"):
            return Outcome("faulty", draft.title, [_closed(entity, old.status)])
        inputs = {draft.compared[name]: draft.inputs[draft.compared[name]] for name in changed}
        troubles = await self._checked(entity, draft, inputs, old)
        if troubles:
            return Outcome("faulty", draft.title, troubles)
        fields = {draft.compared[name]: (await self._shown(name, getattr(old, name)), await self._shown(name, value))
                  for name, value in changed.items()}  # fmt: skip
        await self._change(entity, old, draft, changed)
        return Outcome("changed", draft.title, fields=fields)

    def _met_before(self, entity: str, draft: Draft, old: Any) -> Draft | None:
        """The earlier row of this file that is the same thing; remembers this one otherwise."""
        marks: list[tuple[Any, ...]] = [(entity, "id", old.id)] if old is not None else []
        if draft.reference:
            marks.append((entity, "reference", draft.reference))
        if entity == "party":
            marks.append((entity, "name", *(draft.values[name] for name in ("kind", "area_id", "name"))))
            if draft.values["credit_code"]:
                marks.append((entity, "code", draft.values["credit_code"]))
        if old is not None and draft.record.platform_id:
            # What it says may be said of another row too; its id may not.
            marks = [mark for mark in marks if mark[1] != "reference" or entity == "party"]
        earlier = next((self._taken[mark] for mark in marks if mark in self._taken), None)
        if earlier is None:
            self._taken |= dict.fromkeys(marks, draft)
        return earlier

    async def flush(self) -> None:
        """Writes the new rows that wait, the parties they need before them."""
        now = self.context.clock()
        await self._register(
            {values[name] for values, _ in self._new["need"] + self._new["offer"] for name in _OWNER if name in values}
        )
        for entity, add in (("party", None), ("need", needs.add), ("offer", offers.add)):
            waiting, self._new[entity] = self._new[entity], []
            if not waiting:
                continue
            rows = [{**values, "created_at": now} for values, _ in waiting]
            if add is None:
                ids = await imports.add_many(self.conn, imports.PARTY, rows)
                await self._learn(ids)
            else:
                stamp = {"updated_at": now} | ({"confirmed_at": now} if entity == "offer" else {})
                ids = await add(self.conn, [{**row, **stamp} for row in rows])
                (self.need_ids if entity == "need" else self.offer_ids).update(ids)
            for (values, record), number in zip(waiting, ids, strict=True):
                self._happened(_NEW_EVENT[entity], entity, number, values["area_id"], record)

    # ---------------------------------------------------------------------------------------- the stored row

    def _stored(self, entity: str, draft: Draft) -> Any:
        record = draft.record
        if record.platform_id:
            number = _platform_id(record)
            old = self._by_id.get((entity, number)) if number is not None else None
            if old is None:
                return Trouble(
                    "UNKNOWN_PLATFORM_ID",
                    "平台编号不存在;若是新的一行,请把这一格清空",
                    "no such platform id; empty the cell if the row is new",
                )
            if isinstance(record, PartyRecord) and self._kinds and old.kind != record.kind:
                return _other_kind(old.kind)
            return old
        if isinstance(record, PartyRecord):
            found = self.names.party(record, draft.values["area_id"], draft.reference)
            return found if found is None or not self._kinds or found.kind == record.kind else _other_kind(found.kind)
        return self._by_reference.get(draft.reference) if draft.reference else None

    async def _checked(self, entity: str, draft: Draft, inputs: Mapping[str, Any], old: Any) -> list[Trouble]:
        """The same checks an act makes, on the fields that are new."""
        problems = Problems()
        if entity == "need":
            need_acts.checked(self.context, self.words, problems, inputs, old)
        elif entity == "offer":
            await offer_acts.checked(self.context, self.conn, self.words, problems, inputs, old)
        else:
            kind = draft.values["kind"] if old is None else old.kind
            given = {"name": draft.values["name"], "area": draft.inputs["area"], **inputs}
            await party_acts.checked(self.context, self.conn, self.words, problems, kind, given)
            trouble = self._party_trouble(draft, old)
            if trouble is not None:
                return [trouble]
        return [
            Trouble(
                one.code, f"{_zh(one.path)}{one.message_zh}", f"{one.path[0]}: {one.message_en}", _snake(one.path[0])
            )
            for one in problems.fields
        ]

    def _party_trouble(self, draft: Draft, old: Any) -> Trouble | None:
        values = {name: draft.values[name] for name in ("kind", "area_id", "name", "credit_code")}
        if old is not None:
            values["kind"] = old.kind
            values["credit_code"] = values["credit_code"] or old.credit_code
        own = old.id if old is not None else None
        return self.names.clash(values["kind"], values["area_id"], values["name"], values["credit_code"], own)

    async def _change(self, entity: str, old: Any, draft: Draft, changed: dict[str, Any]) -> None:
        now = self.context.clock()
        if entity == "need":
            quantity = changed.get("quantity", old.quantity)
            status = "OPEN" if quantity > old.committed else "MET"
            await needs.change(self.conn, old.id, {**changed, "status": status}, now)
            self.need_ids.add(old.id)
            self.left_type_ids.add(old.resource_type_id)
        elif entity == "offer":
            await offers.change(self.conn, old.id, {**changed, "confirmed_at": now}, now)
            self.offer_ids.add(old.id)
            self.left_type_ids.add(old.resource_type_id)
        else:
            if "area_id" in changed:
                changed = {**changed, "county_id": draft.values["county_id"]}
            need_ids, offer_ids = await imports.change_party(self.conn, old.id, changed)
            self.need_ids.update(need_ids)
            self.offer_ids.update(offer_ids)
            await self._learn([old.id])
        area_id = changed.get("area_id", old.area_id)
        self._happened(f"{entity}.changed", entity, old.id, area_id, draft.record, fields=sorted(changed))

    # ---------------------------------------------------------------------------------------- parties

    async def _register(self, party_ids: Collection[int]) -> None:
        """Communities and providers that rows need and nobody registered yet."""
        waiting = [one for number, one in self._wanted.items() if number in party_ids and not one.is_written]
        now = self.context.clock()
        await imports.add_many(self.conn, imports.PARTY, [{**one.row, "created_at": now} for one in waiting])
        for one in waiting:
            one.is_written = True
            self.registered.append(one.name)
            self._happened("party.registered", "party", one.id, one.area_id, one.record)
        await self._learn([one.id for one in waiting])

    async def _learn(self, party_ids: Sequence[int]) -> dict[int, Any]:
        """Lets later rows of the file find parties as they are stored now."""
        if not party_ids:
            return {}
        rows = {row.id: row for row in await imports.rows_by(self.conn, imports.PARTY, party_ids, ())}
        await self.names.know_paths(
            self.conn, (await self.words.areas_by_id(self.conn, {row.area_id for row in rows.values()})).values()
        )
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

    async def _shown(self, name: str, value: Any) -> Any:
        """Ids as people know them."""
        if value is None or value == []:
            return None
        if name == "resource_type_id":
            return self.words.types_by_id[value].label_zh
        if name in ("channel_id", "earmark_id", "industry_id", "source_id"):
            return self.words.terms_by_id[value].label_zh
        if name == "client_group_ids":
            return "、".join(self.words.terms_by_id[id].label_zh for id in value)
        if name in ("area_id", "coverage_ids"):
            ids = [value] if name == "area_id" else list(value)
            known = await self.words.areas_by_id(self.conn, ids)
            return "、".join(known[one].full_name for one in ids)
        return value


def _same(old: Any, value: Any) -> bool:
    """Equal but for characters that no sheet can hold."""
    if isinstance(old, str) and isinstance(value, str):
        return old == value or typed(tidy(old)) == typed(tidy(value))
    return bool(old == value)


def _twice(row: int | None) -> Trouble:
    return Trouble(
        "ROW_TWICE",
        f"与第 {row} 行是同一项;请合并成一行" if row else "与前面一项相同;请合并成一项",
        f"the same as row {row}; make them one" if row else "the same as an earlier one; make them one",
    )


def _other_owner(record: Record, name: str) -> Trouble:
    if isinstance(record, NeedRecord):
        return Trouble(
            "OWNER_FIXED",
            f"这项需求属于“{clipped(name)}”,不能由清单改给别的社区;请撤回后重新提交",
            f'the need is that of "{clipped(name)}"; a list cannot give it to another: withdraw it and submit another',
        )
    return Trouble(
        "OWNER_FIXED",
        f"这项供给属于“{clipped(name)}”,不能由清单改给别的提供方;请撤回后重新发布",
        f'the offer is that of "{clipped(name)}"; a list cannot give it to another: withdraw it and publish another',
    )


_FIELDS_ZH = {
    "title": "名称",
    "resourceType": "资源类型",
    "quantity": "数量",
    "capacity": "总量",
    "clientGroups": "服务对象",
    "wholeOrNothing": "须整体满足",
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


def _other_kind(kind: str) -> Trouble:
    label = headings().party_labels[cast("PartyKind", kind)]
    return Trouble(
        "KIND_FIXED",
        f"已登记为“{label}”,类别不能由清单修改",
        f"registered as {kind}; a list cannot change the kind of a party",
    )


def _snake(path: str) -> str:
    """The record's field of an input's path: clientGroups -> client_groups."""
    return re.sub("([A-Z])", lambda found: "_" + found[1].lower(), path)


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

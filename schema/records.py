"""Kinds of records in the contract: each type, its filter, its list and its act follow from the declaration in db/.

A concept has a file of its own beside this one only where it asks or does more than that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry

from db.kinds import KINDS
from db.records import Codes, Declared, Field
from resolvers import record_history, records
from resolvers.context import KEEP
from schema import inputs
from schema.acting import act_of, plain
from schema.areas import Area
from schema.duties import Duty
from schema.enums import Lang
from schema.identity_fields import FIELDS as WORKED_OUT
from schema.mapping import (
    argument,
    column,
    entry,
    forward,
    given,
    id_of,
    label,
    many,
    one,
    page,
    part,
    root_page,
    value_list,
)
from schema.needs import Need
from schema.nodes import Connection, Node
from schema.offers import Offer
from schema.parties import Party
from schema.plans import Plan
from schema.procedures import Procedure
from schema.referrals import Referral
from schema.results import Done, result
from schema.services import ServiceRecord
from schema.terms import ResourceType, Term

Info = strawberry.Info[Any, Any]
SCALAR: Mapping[str, Any] = {
    "text": str, "prose": str, "whole": int, "money": Decimal, "decimal": Decimal, "day": date, "flag": bool,
}  # fmt: skip
OTHER: Mapping[str, Any] = {
    "area": Area, "resource_type": ResourceType, "party": Party, "need": Need, "offer": Offer, "plan": Plan,
    "referral": Referral, "service_record": ServiceRecord, "duty": Duty, "procedure": Procedure,
}  # fmt: skip


def _as_stored(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return marks


@strawberry.type(description="A soft rule that a record breaks; it stands all the same. 提示。")
class RecordMark:
    code: str = part("Its code. 代码。", "code")
    message: str = label("In words, and what the rule asks. 说明。", "text")


def _enum(codes: Codes) -> Any:
    members = {code: strawberry.enum_value(code, description=f"{en} {zh}") for code, (en, zh) in codes.values.items()}
    return strawberry.enum(Enum(codes.typename, members), description=codes.doc)  # type: ignore[call-overload]


def _class(name: str, bases: tuple[type, ...], fields: Mapping[str, tuple[Any, Any]]) -> Any:
    """A class with these fields: name -> (type, field)."""
    body = {key: made for key, (_, made) in fields.items()}
    annotations = {key: type_ for key, (type_, _) in fields.items()}
    return type(name, bases, {**body, "__annotations__": annotations, "__module__": __name__})


ENUMS: dict[str, Any] = {}
for _declared in KINDS.values():
    for _field in _declared.fields:
        if _field.codes is not None and _field.codes.name not in ENUMS:
            ENUMS[_field.codes.name] = _enum(_field.codes)
#: The class of each kind; filled before any is decorated, so that kinds can point at each other.
TYPES: dict[str, Any] = {
    name: type(kind.kind.typename, (Node,), {"__module__": __name__}) for name, kind in KINDS.items()
}


def _page_of(type_: Any) -> Any:
    return Connection[type_]


def _list_of(type_: Any) -> Any:
    return list.__class_getitem__(type_)


def _target(one_: Field) -> Any:
    assert one_.target is not None
    return TYPES.get(one_.target) or OTHER[one_.target]


def _read(one_: Field) -> tuple[Any, Any]:
    """A field as it is read."""
    made: Any
    if one_.form in ("to", "named", "term"):
        type_, made = (Term if one_.form == "term" else _target(one_)), one(one_.doc)
    elif one_.form == "terms":
        return list[Term], many(one_.doc)
    else:
        type_ = ENUMS[one_.codes.name] if one_.codes is not None else SCALAR[one_.form]
        made = column(one_.doc, one_.column)
    return (type_ | None if one_.optional else type_), made


def _finish(declared: Declared) -> None:
    """Gives a class its fields and makes it a type of the contract."""
    fields: dict[str, tuple[Any, Any]] = {"area": (Area, one("Where it belongs. 所属地区。"))}
    fields |= {one_.name: _read(one_) for one_ in declared.fields}
    for other in KINDS.values():
        for one_ in other.fields:
            if one_.target == declared.name and one_.back is not None:
                described = f"Its records of kind {other.kind.en}. {other.kind.zh}。"
                fields[one_.back] = (_page_of(TYPES[other.name]), page(described))
    fields |= WORKED_OUT.get(declared.name, {})
    fields |= {
        "marks": (list[RecordMark], value_list("Soft rules it breaks. 提示。", ("marks",), _as_stored)),
        "recorded_at": (datetime, column("When it was recorded. 登记时间。")),
        "changed_at": (datetime, column("Since when it is as it is. 最后更改时间。")),
    }
    made = TYPES[declared.name]
    made.__annotations__ = {key: type_ for key, (type_, _) in fields.items()}
    for key, (_, field) in fields.items():
        setattr(made, key, field)
    kind = declared.kind
    strawberry.type(made, description=f"{kind.en[0].upper()}{kind.en[1:]}: a kind of record. {kind.zh}。")


for _declared in KINDS.values():
    _finish(_declared)


# ------------------------------------------------------------------------------------------------ lists


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def _filter(declared: Declared) -> Any:
    fields: dict[str, tuple[Any, Any]] = {
        "area": (str | None, given("Area code, everything below it included. 区划代码(含下级)。"))
    }
    kind = declared.kind
    for one_ in declared.fields:
        match one_.form:
            case "code":
                assert one_.codes is not None
                fields[one_.name] = (_list_of(ENUMS[one_.codes.name]) | None, given(f"One of these. {one_.doc}"))
            case "flag":
                fields[one_.name] = (bool | None, given(one_.doc))
            case "to":
                fields[one_.name] = (strawberry.ID | None, given(f"By id. {one_.doc}"))
            case "term" | "terms":
                fields[one_.name] = (str | None, given(f"By term code, everything below it included. {one_.doc}"))
    if kind.search is not None:
        fields["search"] = (str | None, given("Part of the text. 文字包含。"))
    if kind.on is not None:
        since = strawberry.field(name="from", description="On this day or later. 起始日期。", default=strawberry.UNSET)
        fields["from_on"] = (date | None, since)
        fields["until"] = (date | None, given("On this day or earlier. 截止日期。"))
    made = _class(f"{kind.typename}Filter", (), fields)
    return strawberry.input(made, description=f"Which of them. {kind.zh}的筛选条件。")


def _lists() -> Any:
    fields = {}
    for name, declared in KINDS.items():
        kind = declared.kind
        where = argument("where", _filter(declared) | None, "Only those that fulfil this. 筛选条件。")
        described = f"Records of kind {kind.en}. {kind.zh}列表。"
        fields[_snake(kind.plural)] = (_page_of(TYPES[name]), root_page(name, described, [where, *forward()]))
    return fields


@strawberry.type(description="What a field of a record was before a change. 更改前后。")
class RecordChange:
    field: str = strawberry.field(description="Its name in the contract. 字段名。")
    _zh: strawberry.Private[str]
    _en: strawberry.Private[str]
    before: str | None = strawberry.field(description="As text; null where it was empty. 更改前。")
    after: str | None = strawberry.field(description="As text; null where it is empty. 更改后。")

    @strawberry.field(description="Its name in words. 名称。")
    def label(self, lang: Annotated[Lang, strawberry.argument(description="Language. 语言。")] = Lang.ZH) -> str:
        return self._zh if lang is Lang.ZH else self._en


@strawberry.type(description="One change of a record. 一次更改。")
class RecordVersion:
    at: datetime = strawberry.field(description="When it was changed. 更改时间。")
    act: str = strawberry.field(description="save, withdraw, restore, revoke or move. 办理的事项。")
    reason: str | None = strawberry.field(description="Why, where that was said. 原因。")
    by: str | None = strawberry.field(description="Whose key it was, by its label; null for the system. 由谁更改。")
    changes: list[RecordChange] = strawberry.field(description="What became other. 变动的字段。")


async def _history(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The record's id. 编号。")]
) -> list[RecordVersion]:
    name, number = _record_of(id)
    return [
        RecordVersion(
            at=one_.at,
            act=one_.act,
            reason=one_.reason,
            by=one_.by,
            changes=[
                RecordChange(field=path, _zh=zh, _en=en, before=before, after=after)
                for path, zh, en, before, after in one_.changes
            ],
        )
        for one_ in await record_history.history(info.context.acts, name, number)
    ]


def _record_of(id: str) -> tuple[str, int]:
    """(kind, number) of a global id; ("", 0) for any other text."""
    for name, declared in KINDS.items():
        number = id_of(id, declared.kind.typename)
        if number is not None:
            return name, number
    return "", 0


RecordQueries = strawberry.type(
    _class(
        "RecordQueries",
        (),
        {
            **_lists(),
            "record_history": (
                list[RecordVersion],
                strawberry.field(
                    resolver=_history,
                    description="What a record was before, newest change first; for coordinators of its area. 历史。",
                ),
            ),
        },
    ),
    description="Lists of records. 台账。",
)


# ------------------------------------------------------------------------------------------------ acts


def _input(declared: Declared) -> Any:
    kind = declared.kind
    fields: dict[str, tuple[Any, Any]] = {
        "id": (
            strawberry.ID | None,
            given("Which one to change; left out for a new one. Fields left out stay as they are. 编号,新登记时不填。"),
        )
    }
    if kind.under is None:
        fields["area"] = (str | None, given("Where it belongs: area code. Required of a new one. 所属地区代码。"))
    for one_ in declared.fields:
        if one_.fixed:
            continue
        doc = f"Required of a new one. {one_.doc}" if one_.must else one_.doc
        match one_.form:
            case "to":
                fields[f"{one_.name}_id"] = (strawberry.ID | None, given(f"Id. {doc}"))
            case "named":
                fields[one_.name] = (str | None, given(f"By code. {doc}"))
            case "term":
                fields[one_.name] = (str | None, given(f"Term code of scheme {one_.scheme}. {doc}"))
            case "terms":
                fields[one_.name] = (list[str] | None, given(f"Term codes of scheme {one_.scheme}. {doc}"))
            case "code":
                assert one_.codes is not None
                fields[one_.name] = (ENUMS[one_.codes.name] | None, given(doc))
            case _:
                fields[one_.name] = (SCALAR[one_.form] | None, given(doc))
    fields["idempotency_key"] = (str | None, inputs.key())
    made = _class(f"{kind.typename}SaveInput", (), fields)
    return strawberry.input(made, description=f"A record of kind {kind.en} to write or to change. {kind.zh}。")


def _saved(name: str, declared: Declared) -> Any:
    kind = declared.kind
    described = entry(name, f"The record. {kind.zh}。")
    made = _class(f"{kind.typename}Saved", (Done,), {name: (TYPES[name], described)})
    return strawberry.type(made, description=f"The {kind.en} is saved. {kind.zh}已保存。")


def typed_id(one_: Field, text: Any) -> int:
    """The number of an id a client gave for a field; 0 where it is of another type or none at all."""
    from db.entities import PARTY_TYPES, TYPE_OF

    types = tuple(PARTY_TYPES.values()) if one_.target == "party" else (TYPE_OF[one_.target or ""],)
    return id_of(str(text), *types) or 0


def _save(name: str, declared: Declared) -> Any:
    done = _saved(name, declared)
    kind = declared.kind

    async def save(info: Info, input: Any) -> Any:
        values = plain(input, KEEP)
        id, key = values.pop("id"), values.pop("idempotency_key")
        for one_ in declared.fields:
            if one_.form == "to" and not one_.fixed:
                text = values.pop(f"{one_.name}_id")
                values[one_.name] = text if text is KEEP or text is None else typed_id(one_, text)
        number = None if id is KEEP or id is None else id_of(id, kind.typename) or 0
        return await act_of(done, records.save, info.context.acts, name, values, id=number, idempotency_key=key)

    save.__annotations__ = {
        "info": Info,
        "input": Annotated[_input(declared), strawberry.argument(description="What to write. 内容。")],
        "return": result(f"{kind.typename}SaveResult", done),
    }
    described = f"Write a record of kind {kind.en}, or change one. 登记或更改{kind.zh}。"
    return strawberry.field(resolver=save, description=described)


@strawberry.type(description="The record is out of all lists and figures. 记录已撤回。")
class RecordWithdrawn:
    id: strawberry.ID = strawberry.field(description="Its id, with which it can be restored. 编号。")


@strawberry.type(description="The record stands again. 记录已恢复。")
class RecordRestored:
    id: strawberry.ID = strawberry.field(description="Its id. 编号。")


async def _withdraw(info: Info, id: Any, reason: Any, idempotency_key: Any = None) -> Any:
    name, number = _record_of(id)
    return await act_of(
        _Same(RecordWithdrawn, id),
        records.withdraw,
        info.context.acts,
        name,
        number,
        reason=reason,
        idempotency_key=idempotency_key,
    )


async def _restore(info: Info, id: Any, idempotency_key: Any = None) -> Any:
    name, number = _record_of(id)
    return await act_of(
        _Same(RecordRestored, id), records.restore, info.context.acts, name, number, idempotency_key=idempotency_key
    )


class _Same:
    """Answers with the id that was asked about."""

    def __init__(self, done: Any, id: Any) -> None:
        self.done, self.id = done, id

    def of(self, id: int) -> Any:
        return self.done(id=self.id)


_ID = Annotated[strawberry.ID, strawberry.argument(description="The record's id. 编号。")]
_KEY = Annotated[str | None, strawberry.argument(description=inputs.KEY)]
_WHY = Annotated[str, strawberry.argument(description="Why. 原因。")]
_withdraw.__annotations__ = {
    "info": Info, "id": _ID, "reason": _WHY, "idempotency_key": _KEY,
    "return": result("RecordWithdrawResult", RecordWithdrawn),
}  # fmt: skip
_restore.__annotations__ = {
    "info": Info, "id": _ID, "idempotency_key": _KEY, "return": result("RecordRestoreResult", RecordRestored),
}  # fmt: skip

_acts: dict[str, tuple[Any, Any]] = {
    f"{name}_save": (Any, _save(name, declared)) for name, declared in KINDS.items() if declared.kind.saved
}
_acts["record_withdraw"] = (
    Any,
    strawberry.field(
        resolver=_withdraw, description="Take a mistaken record out of all lists and figures. 撤回一条记录。"
    ),
)
_acts["record_restore"] = (
    Any,
    strawberry.field(resolver=_restore, description="Bring a withdrawn record back as it was. 恢复一条已撤回的记录。"),
)
RecordActs = strawberry.type(
    type("RecordActs", (), {key: field for key, (_, field) in _acts.items()}), description="Acts on records. 台账办理。"
)

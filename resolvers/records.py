"""Records of every kind: saved, withdrawn, restored, and what they were before.

What holds for all kinds stands here; what holds for one is a hook in the module of its concept (`check`, `after`,
`withdrawal`), listed in MODULES.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, record_lookup, records
from db.areas import Area
from db.kinds import KINDS
from db.records import Declared
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import KEEP, Context, Done
from resolvers.errors import Conflict, NotAllowed, NotFound
from resolvers.identity_checks import refuse_number
from resolvers.record_fields import Reading
from resolvers.vocabulary import Vocabulary, vocabulary

#: Modules of resolvers/ that hold hooks.
MODULES: tuple[str, ...] = (
    "activities",
    "buildout",
    "case_rules",
    "cases",
    "catalogue",
    "committees",
    "documents",
    "evaluations",
    "posts",
    "practice_cases",
    "programmes",
    "projects",
    "rule_forms",
    "stations",
    "supervision",
    "training",
)


@dataclass(slots=True)
class Check:
    """A row about to be written, for the hooks of its kind: they add problems, mark it, or raise a refusal.

    `row` holds every column as it will be stored; a hook may set those that are fixed. `old` is the row as it is, None
    for a new one.
    """

    context: Context
    conn: AsyncConnection
    words: Vocabulary
    problems: Problems
    kind: Declared
    row: dict[str, Any]
    old: Any
    changed: frozenset[str]
    area: Area

    def mark(self, code: str, zh: str, en: str) -> None:
        """The row breaks a soft rule: it is written all the same, and says so."""
        self.row["marks"] = [*self.row["marks"], {"code": code, "text_zh": zh, "text_en": en}]


@dataclass(slots=True)
class Saved:
    """A row that was written, in the same transaction."""

    context: Context
    conn: AsyncConnection
    words: Vocabulary
    id: int
    row: Mapping[str, Any]
    old: Any
    area: Area


Hook = Callable[[Check], Awaitable[None]]
After = Callable[[Saved], Awaitable[None]]
#: (context, connection, row) of a record about to be withdrawn; raises Conflict.
Withdrawal = Callable[[Context, AsyncConnection, Any], Awaitable[None]]


@dataclass(slots=True)
class _Hooks:
    checks: list[Hook] = field(default_factory=list)
    after: list[After] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)


_hooks: dict[str, _Hooks] = {}


def _of(name: str) -> _Hooks:
    return _hooks.setdefault(name, _Hooks())


def check(*names: str) -> Callable[[Hook], Hook]:
    """Runs before a row of these kinds is written, once its fields are sound."""

    def add(hook: Hook) -> Hook:
        for name in names:
            _of(name).checks.append(hook)
        return hook

    return add


def after(*names: str) -> Callable[[After], After]:
    """Runs after a row of these kinds was written, in its transaction."""

    def add(hook: After) -> After:
        for name in names:
            _of(name).after.append(hook)
        return hook

    return add


def withdrawal(*names: str) -> Callable[[Withdrawal], Withdrawal]:
    """Runs before a row of these kinds is withdrawn."""

    def add(hook: Withdrawal) -> Withdrawal:
        for name in names:
            _of(name).withdrawals.append(hook)
        return hook

    return add


def hooks(name: str) -> _Hooks:
    """The hooks of a kind; the modules that hold them are imported first."""
    _import_hooks()
    return _of(name)


@cache
def _import_hooks() -> None:
    for module in MODULES:
        import_module(f"resolvers.{module}")


async def save(
    context: Context, name: str, given: Mapping[str, Any], *, id: int | None, idempotency_key: str | None = None
) -> Done:
    """Writes a row of a kind: a new one without `id` (None), else what is given of the row with it.

    `given` holds values by field as clients give them: codes of areas and terms, numbers of ids (0 for an id of another
    type); KEEP for what was left out, None to empty it; "area" where the kind stands under nothing. A save that changes
    nothing leaves no trace. Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    kind = KINDS[name]
    require_role(context.viewer, *kind.kind.written)

    async def work(conn: AsyncConnection) -> Done:
        made = await write(context, conn, name, id=id, given=given, idempotency_key=idempotency_key)
        return Done(name, made)

    inputs = {"id": id, **{key: value for key, value in given.items() if value is not KEEP}}
    return await act(context, f"{name}.save", idempotency_key, inputs, work)


async def write(
    context: Context,
    conn: AsyncConnection,
    name: str,
    *,
    id: int | None,
    given: Mapping[str, Any],
    idempotency_key: str | None = None,
) -> int:
    """As `save`, in the caller's transaction, role unchecked; the row's id."""
    kind = KINDS[name]
    words = await vocabulary(context.engine, conn)
    problems = Problems()
    old: Any = None
    if id is not None:
        old = await acting.seen(conn, context.viewer, name, id, lock=True)
        if old is None:
            raise NotFound(f"这条{kind.kind.zh}记录", kind.kind.en)
        old = records.decoded(kind, old)
    reading = Reading(context, conn, words, problems, kind, old)
    row = await reading.row(given)
    problems.key(idempotency_key)
    problems.stop()
    area = (await words.areas_by_id(conn, [row["area_id"]]))[row["area_id"]]
    _require_writer(context, kind, area, old, row)
    if old is not None and old.area_id != area.id:
        # Of records that everybody sees, nobody may take what is another's.
        _require_writer(context, kind, (await words.areas_by_id(conn, [old.area_id]))[old.area_id], old, row)
    if context.viewer.role == "PARTNER" and kind.under is None:
        await _require_home(context, conn, words, area)
    changed = frozenset(one for one, value in row.items() if old is None or getattr(old, one) != value)
    row["marks"] = []
    found = Check(context, conn, words, problems, kind, row, old, changed, area)
    for hook in hooks(name).checks:
        await hook(found)
    problems.stop()
    changed = frozenset(one for one, value in row.items() if old is None or getattr(old, one) != value)
    if not changed:
        return int(old.id)
    now = context.clock()
    values = row | {"county_id": area.county_id, "actor_id": context.viewer.key_id}
    try:
        if old is None:
            made = await records.insert(conn, kind.row, values | {"recorded_at": now, "changed_at": now})
        else:
            made = int(old.id)
            await records.update(conn, kind.row, made, values, at=now, actor_id=context.viewer.key_id)
            if old.area_id != area.id:
                await _carry(context, conn, kind, made, area)
    except IntegrityError as error:
        raise _broken(kind, error) from error
    for follow in hooks(name).after:
        await follow(Saved(context, conn, words, made, row, old, area))
    told = {"created": old is None, "fields": sorted(changed - {"area_id"})}
    await record(conn, context.viewer, f"{name}.saved", name, made, area.id, told)
    return made


async def _carry(context: Context, conn: AsyncConnection, kind: Declared, id: int, area: Area) -> None:
    """Takes what stands under a row to the area the row is in now, withdrawn rows too. O(rows)."""
    for other in KINDS.values():
        if other.under is None or other.under.target != kind.name:
            continue
        values = {"area_id": area.id, "county_id": area.county_id, "actor_id": context.viewer.key_id}
        for below in await record_lookup.under(conn, other, id):
            now = context.clock()
            await records.update(conn, other.row, below, values, at=now, actor_id=context.viewer.key_id, act="move")
            told = {"created": False, "fields": ["area"]}
            await record(conn, context.viewer, f"{other.name}.saved", other.name, below, area.id, told)
            await _carry(context, conn, other, below, area)


def _require_writer(context: Context, kind: Declared, area: Area, old: Any, row: Mapping[str, Any]) -> None:
    """Raises NotAllowed unless the viewer looks after the area, or is the partner who stands in the row."""
    viewer = context.viewer
    if viewer.role == "PARTNER":
        parties = [one.column for one in kind.fields if one.target == "party"]
        own = viewer.party_id in [row[one] for one in parties]
        before = old is None or viewer.party_id in [getattr(old, one) for one in parties]
        if own and before:
            return
        raise NotAllowed(
            "只能登记您自己机构的记录;其他由本区域的统筹员或管理员办理",
            "you may save records of your own party only; a coordinator of the area may save others",
        )
    require_within(viewer, area)


async def _require_home(context: Context, conn: AsyncConnection, words: Vocabulary, area: Area) -> None:
    """Raises NotAllowed where a partner writes of another county than the one it is at home in."""
    party = await acting.seen(conn, context.viewer, "party", context.viewer.party_id)
    home = (await words.areas_by_id(conn, [party.area_id]))[party.area_id] if party is not None else None
    if home is None or (home.id not in area.ancestor_ids and (area.county_id or 0) != home.county_id):
        raise NotAllowed(
            f"{area.full_name}不在您机构所在的县;请由该区域的统筹员办理",
            f"{area.full_name} lies outside the county of your party; a coordinator of that area may do this",
        )


def _broken(kind: Declared, error: IntegrityError) -> Exception:
    """What a guard of the database refuses, in words; another fault stays one."""
    name = str(getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) or "")
    if name == f"uq_{kind.name}_key":
        same = [one for one in kind.fields if kind.kind.key and one.column in kind.kind.key]
        return Conflict(
            "ALREADY_THERE",
            f"已有一条相同的{kind.kind.zh}记录({'、'.join(one.zh for one in same)}相同);请修改那一条",
            f"there is a {kind.kind.en} with the same {', '.join(one.name for one in same)} already; change that one",
        )
    if name == f"ck_{kind.name}_dates_in_order":
        return Conflict("DATES_REVERSED", "结束日期早于开始日期", "the end lies before the start")
    if name.startswith(f"ck_{kind.name}_"):
        rule = name.removeprefix(f"ck_{kind.name}_").replace("_", " ")
        return Conflict(
            "DOES_NOT_FIT",
            f"这条{kind.kind.zh}记录的几项内容彼此不符({rule}),没有保存",
            f"fields of this {kind.kind.en} do not fit together ({rule}); nothing was saved",
        )
    return error


def _known(name: str) -> Declared:
    """Raises NotFound for what is no kind of record, and for kinds with acts of their own."""
    kind = KINDS.get(name)
    if kind is None or not kind.kind.saved:
        raise NotFound("这条可撤回的记录", "record of a kind that can be withdrawn")
    return kind


async def withdraw(context: Context, name: str, id: int, *, reason: str, idempotency_key: str | None = None) -> Done:
    """Takes a mistaken row out of all lists and figures; `restore` brings it back.

    Raises NotFound, InvalidInput (no reason), NotAllowed; Conflict while other standing rows point at it.
    """
    kind = _known(name)
    require_role(context.viewer, *kind.kind.written)

    async def work(conn: AsyncConnection) -> Done:
        old = await acting.seen(conn, context.viewer, name, id, lock="GOES")
        if old is None:
            raise NotFound(f"这条{kind.kind.zh}记录", kind.kind.en)
        problems = Problems()
        why = problems.text("reason", reason)
        refuse_number(problems, "reason", why)
        problems.key(idempotency_key)
        problems.stop()
        words = await vocabulary(context.engine, conn)
        area = (await words.areas_by_id(conn, [old.area_id]))[old.area_id]
        _require_writer(context, kind, area, old, old._mapping)
        await _require_free(conn, kind, old.id)
        for hook in hooks(name).withdrawals:
            await hook(context, conn, old)
        await _turn(context, conn, kind, old, "withdraw", why)
        return Done(name, old.id)

    return await act(context, "recordWithdraw", idempotency_key, {"name": name, "id": id, "reason": reason}, work)


async def _require_free(conn: AsyncConnection, kind: Declared, id: int) -> None:
    """Raises Conflict while standing rows of another kind point at the row."""
    for other in KINDS.values():
        for one in other.fields:
            if one.target == kind.name and (count := await records.standing(conn, other, one.column, id)):
                raise Conflict(
                    "STILL_USED",
                    f"还有 {count} 条{other.kind.zh}记录指向它;请先撤回或改动那些记录",
                    f"{count} record(s) of kind {other.kind.en} point at it; withdraw or change those first",
                )


async def restore(context: Context, name: str, id: int, *, idempotency_key: str | None = None) -> Done:
    """Brings a withdrawn row back as it was. Raises NotFound, NotAllowed, Conflict (another took its place)."""
    kind = _known(name)
    require_role(context.viewer, *kind.kind.written)

    async def work(conn: AsyncConnection) -> Done:
        old = await records.withdrawn(conn, kind, id)
        nothing = NotFound(f"这条已撤回的{kind.kind.zh}记录", f"withdrawn {kind.kind.en}")
        if old is None:
            raise nothing
        problems = Problems()
        problems.key(idempotency_key)
        problems.stop()
        words = await vocabulary(context.engine, conn)
        area = (await words.areas_by_id(conn, [old.area_id]))[old.area_id]
        try:
            _require_writer(context, kind, area, old, old._mapping)
        except NotAllowed:
            # Nobody sees a withdrawn row: others must not learn that it is there.
            raise nothing from None
        for one in kind.fields:
            target, pointed = KINDS.get(one.target or ""), getattr(old, one.column)
            if target is None or pointed is None:
                continue
            held: acting.Lock = one.column == kind.kind.under or "STAYS"
            if await acting.seen(conn, context.viewer, target.name, pointed, lock=held) is None:
                raise Conflict(
                    "NOT_STANDING",
                    f"它所属的{target.kind.zh}已撤回;请先恢复那一条",
                    f"the {target.kind.en} it belongs to is withdrawn; restore that first",
                )
        row = {one: value for one, value in old._mapping.items() if one not in _OWN} | {"marks": []}
        again = Check(context, conn, words, problems, kind, row, None, frozenset(row), area)
        for hook in hooks(name).checks:
            await hook(again)
        problems.stop()
        # What the hooks found anew: marks, and columns that only they set.
        found = {one: value for one, value in row.items() if value != getattr(old, one)}
        await _turn(context, conn, kind, old, "restore", None, found)
        return Done(name, old.id)

    return await act(context, "recordRestore", idempotency_key, {"name": name, "id": id}, work)


#: Columns that no hook judges.
_OWN = frozenset(("id", "recorded_at", "changed_at", "withdrawn_at", "actor_id", "county_id"))


async def _turn(
    context: Context,
    conn: AsyncConnection,
    kind: Declared,
    old: Any,
    step: str,
    reason: str | None,
    found: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    now = context.clock()
    values = {**found, "withdrawn_at": now if step == "withdraw" else None, "actor_id": context.viewer.key_id}
    try:
        await records.update(
            conn, kind.row, old.id, values, at=now, actor_id=context.viewer.key_id, act=step, reason=reason
        )
    except IntegrityError as error:
        raise _broken(kind, error) from error
    done = {"withdraw": "withdrawn", "restore": "restored"}[step]
    await record(conn, context.viewer, f"{kind.name}.{done}", kind.name, old.id, old.area_id, {})

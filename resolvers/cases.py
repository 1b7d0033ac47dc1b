"""Client files: opened and changed together with who the client is and the consent that rests on; consents; who is due.

A child under 14 is stored only with a guardian's consent, given in the same act or standing already: where it is
missing nothing is stored at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, case_questions, identities, records
from db.cases import ConsentRow
from db.viewer import Viewer
from resolvers import identities as persons
from resolvers import identity_checks, sealing
from resolvers import records as kinds
from resolvers.acts import act, record, require_role, require_within
from resolvers.checks import Problems
from resolvers.context import KEEP, Context, Done
from resolvers.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound
from resolvers.records import Check, check
from resolvers.vocabulary import vocabulary

#: Client groups of this domain are of children: who is in one must say how old.
CHILDREN = "CHILD_PROTECTION"
MOST_LISTED = 100

#: Whether the client about to be written is under 14, by the transaction that writes it.
_minor: WeakKeyDictionary[AsyncConnection, bool] = WeakKeyDictionary()


@check("client")
async def _client(given: Check) -> None:
    given.row["is_minor"] = _minor.pop(given.conn, given.row["is_minor"])


async def open_client(
    context: Context,
    *,
    identity: Mapping[str, Any] | None = None,
    consent: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    **given: Any,
) -> Done:
    """Opens a client's file, with who the client is (`identity_checks.checked`) and a consent, all or nothing.

    `given`: fields of the kind client and "area", as `resolvers.records.save` takes them. `consent`: fields of the kind
    consent but for the client. Raises InvalidInput, NotFound, NotAllowed; Conflict CONSENT_REQUIRED,
    IDENTITY_KEY_MISSING, ALREADY_THERE.
    """
    if given.get("opened_on", KEEP) in (KEEP, None):
        given["opened_on"] = context.today
    return await _save(context, "clientOpen", None, given, identity, consent, idempotency_key)


async def change_client(
    context: Context,
    id: int | None,
    *,
    identity: Mapping[str, Any] | None = None,
    consent: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    **given: Any,
) -> Done:
    """Changes what is given of a client's file and of who the client is; KEEP leaves a field.

    Raises as `open_client`.
    """
    return await _save(context, "clientChange", id or 0, given, identity, consent, idempotency_key)


async def _save(
    context: Context,
    operation: str,
    id: int | None,
    given: dict[str, Any],
    identity: Mapping[str, Any] | None,
    consent: Mapping[str, Any] | None,
    key: str | None,
) -> Done:
    require_role(context.viewer, "COORDINATOR")
    # Before anything: without a ring nothing of a person is even looked at.
    stands_for = None if identity is None else persons.digests(sealing.ring(context.engine), identity)

    async def work(conn: AsyncConnection) -> Done:
        old = await _old(context, conn, id)
        problems = Problems()
        typed = identity_checks.checked(problems, identity or {}, context.today)
        if consent is not None:
            _check_consent(problems, context, consent)
        typed_well = not problems.fields
        kept = await persons.together(context, conn, id, typed) if typed and typed_well else typed
        if typed_well and typed:
            identity_checks.check_birthday(problems, kept)
        if typed_well:
            await _know_age(context, conn, problems, given, old, typed, kept)
        minor = await _is_minor(context, conn, old, typed, kept) if typed_well else False
        if minor and not problems.fields:
            await _require_guardian(context, conn, id, consent)
        _minor[conn] = minor
        number = await _merged(problems, kinds.write(context, conn, "client", id=id, given=given, idempotency_key=key))
        row = await acting.seen(conn, context.viewer, "client", number)
        if consent is not None:
            await _write_consent(context, conn, row, consent)
        if typed:
            await persons.keep(context, conn, row, kept)
            await record(conn, context.viewer, "identity.saved", "client", row.id, row.area_id)
        return Done("client", number)

    inputs = {"id": id, **{name: value for name, value in given.items() if value is not KEEP}}
    inputs |= {"identity": stands_for, "consent": consent and {k: v for k, v in consent.items() if v is not KEEP}}
    return await act(context, operation, key, inputs, work)


async def _old(context: Context, conn: AsyncConnection, id: int | None) -> Any:
    if id is None:
        return None
    found = await acting.seen(conn, context.viewer, "client", id, lock=True)
    if found is None:
        raise NotFound("这份服务对象档案", "client")
    words = await vocabulary(context.engine, conn)
    require_within(context.viewer, (await words.areas_by_id(conn, [found.area_id]))[found.area_id])
    return found


async def _merged(problems: Problems, writing: Any) -> int:
    """What writing the row gives; its faulty fields are told together with those found before."""
    try:
        made: int = await writing
    except InvalidInput as refused:
        raise InvalidInput([*refused.fields, *problems.fields]) from None
    problems.stop()
    return made


async def _know_age(
    context: Context,
    conn: AsyncConnection,
    problems: Problems,
    given: Mapping[str, Any],
    old: Any,
    typed: Mapping[str, str | None],
    kept: Mapping[str, str | None],
) -> None:
    """Who is in a group of children and named must say how old: under 14 a guardian decides."""
    words = await vocabulary(context.engine, conn)
    codes = given.get("groups", KEEP)
    if codes is KEEP:
        groups = [words.terms_by_id[one] for one in (old.group_ids if old is not None else [])]
    else:
        groups = [one for code in codes or [] if (one := words.terms.get(("client_group", code))) is not None]
    domain = words.terms.get(("domain", CHILDREN))
    children = domain is not None and any(one.id in domain.group_ids for one in groups)
    named: Mapping[str, str | None] = kept
    if not typed and children and old is not None and codes is not KEEP:
        row = (await identities.of_clients(conn, [old.id])).get(old.id)
        try:
            named = {} if row is None else persons.opened(context, row)
        except (sealing.KeyMissing, sealing.SealBroken):
            # Nobody can tell; the next who changes the identity is asked.
            return
    unknown = any(named.values()) and identity_checks.born(named) is None
    # Nor is what told the age taken away from a child's file.
    if unknown and (children or (typed and old is not None and await _is_minor(context, conn, old, {}, {}))):
        problems.add(
            ("identity", "bornOn"),
            "REQUIRED",
            "儿童须填写出生日期或身份证号,以判断是否未满十四周岁",
            "of a child the birthday or the identity number is needed, to know whether it is under 14",
        )


async def _is_minor(
    context: Context, conn: AsyncConnection, old: Any, typed: Mapping[str, str | None], kept: Mapping[str, str | None]
) -> bool:
    """On this day. What is stored decides where nothing of the person is given now."""
    values = dict(kept)
    if not typed and old is not None:
        row = (await identities.of_clients(conn, [old.id])).get(old.id)
        try:
            values = {} if row is None else dict(persons.opened(context, row, ("identity_number", "born_on")))
        except (sealing.KeyMissing, sealing.SealBroken):
            # The rest of the file can be changed all the same; what was known stays.
            return bool(old.is_minor)
    birthday = identity_checks.born(values)
    return birthday is not None and identity_checks.is_minor(birthday, context.today)


# ------------------------------------------------------------------------------------------------ consents


def _check_consent(problems: Problems, context: Context, consent: Mapping[str, Any]) -> None:
    given_on, until_on = consent.get("given_on"), consent.get("until_on")
    for name, path in (("purpose", "purpose"), ("given_by", "givenBy"), ("given_on", "givenOn")):
        problems.required(("consent", path), consent.get(name))
    if given_on is not None and given_on > context.today:
        problems.add(("consent", "givenOn"), "IN_THE_FUTURE", "不能晚于今天", "must not lie after today")
    if given_on is not None and until_on is not None and until_on < given_on:
        problems.add(("consent", "untilOn"), "DATES_REVERSED", "结束日期早于开始日期", "the end lies before the start")
    if consent.get("party") is not None and consent.get("purpose") == "STORE":
        problems.add(
            ("consent", "partyId"),
            "NOT_FOR_STORE",
            "登记保存的同意不针对某个提供方",
            "a consent to store is not for one party",
        )
    if not (consent.get("evidence") or "").strip():
        problems.required(("consent", "evidence"), None)


async def _require_guardian(
    context: Context, conn: AsyncConnection, id: int | None, consent: Mapping[str, Any] | None
) -> None:
    if consent is not None and consent["given_by"] == "GUARDIAN" and consent["purpose"] == "STORE":
        until = consent.get("until_on")
        if until is None or until >= context.today:
            return
    if id is not None and await case_questions.stores(conn, id, context.today, by_guardian=True):
        return
    raise Conflict(
        "CONSENT_REQUIRED",
        "服务对象未满十四周岁:须同时登记监护人对保存信息的同意(同意人、日期、依据);没有保存任何内容",
        "the client is under 14: a guardian's consent to store (by whom, when, by what it is shown) must come with it;"
        " nothing was stored",
    )


async def _write_consent(context: Context, conn: AsyncConnection, client: Any, consent: Mapping[str, Any]) -> None:
    given = {name: value for name, value in consent.items() if value is not None}
    try:
        await kinds.write(context, conn, "consent", id=None, given={**given, "client": client.id})
    except InvalidInput as refused:
        own = [FieldProblem(("consent", *one.path), one.code, one.message_zh, one.message_en) for one in refused.fields]
        raise InvalidInput(own) from None


async def give_consent(context: Context, *, idempotency_key: str | None = None, **given: Any) -> Done:
    """Records a consent of a client; fields of the kind consent. Raises as `resolvers.records.save`."""
    return await kinds.save(context, "consent", given, id=None, idempotency_key=idempotency_key)


async def revoke_consent(context: Context, id: int | None, *, reason: str, idempotency_key: str | None = None) -> Done:
    """Takes a consent back from today on. Without any consent to store, who the client is is deleted for good.

    Raises InvalidInput, NotFound, NotAllowed; Conflict where it was taken back already.
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        found = await acting.seen(conn, context.viewer, "consent", id)
        if found is None:
            raise NotFound("这份同意", "consent")
        # The client before its consents: as everywhere.
        client = await acting.seen(conn, context.viewer, "client", found.client_id, lock=True)
        found = await acting.seen(conn, context.viewer, "consent", id, lock=True)
        if client is None or found is None:
            raise NotFound("这份同意", "consent")
        words = await vocabulary(context.engine, conn)
        require_within(context.viewer, (await words.areas_by_id(conn, [found.area_id]))[found.area_id])
        problems = Problems()
        why = problems.text("reason", reason)
        identity_checks.refuse_number(problems, "reason", why)
        problems.key(idempotency_key)
        problems.stop()
        if found.revoked_on is not None:
            raise Conflict("CONSENT_REVOKED", "这份同意已经撤回", "this consent was taken back already")
        viewer, now = context.viewer, context.clock()
        await records.update(
            conn,
            ConsentRow,
            found.id,
            {"revoked_on": max(context.today, found.given_on), "actor_id": viewer.key_id},
            at=now,
            actor_id=viewer.key_id,
            act="revoke",
            reason=why,
        )
        await record(conn, viewer, "consent.revoked", "consent", found.id, found.area_id)
        # A child's own consent, given while nobody knew how old it is, does not keep it.
        minor = await _is_minor(context, conn, client, {}, {})
        stands = await case_questions.stores(conn, client.id, context.today, by_guardian=minor)
        rests = found.purpose == "STORE" and not stands
        if rests and await identities.erase(conn, client.id):
            await record(conn, viewer, "identity.erased", "client", client.id, client.area_id)
        return Done("consent", found.id)

    return await act(context, "consentRevoke", idempotency_key, {"id": id, "reason": reason}, work)


# ------------------------------------------------------------------------------------------------ lists


async def expiring(context: Context, *, area: str, days: int = 30, first: int = MOST_LISTED) -> list[int]:
    """Ids of consents of an area that end within so many days, the first to end first. Raises InvalidInput."""
    _require_staff(context.viewer)
    async with context.engine.connect() as conn:
        place = await _place(context, conn, area, first)
        last = context.today + timedelta(days=min(max(days, 0), 3_650))
        return await case_questions.expiring(conn, context.viewer, place, context.today, last, first)


@dataclass(frozen=True, slots=True)
class FollowUpDue:
    """A client who should have been seen by `due_on`; `late_days` since."""

    client_id: int
    visit_plan_id: int
    every_days: int
    last_on: date | None
    due_on: date
    late_days: int


@dataclass(frozen=True, slots=True)
class FollowUpsDue:
    total: int
    clients: list[FollowUpDue]


async def overdue(context: Context, *, area: str, first: int = MOST_LISTED) -> FollowUpsDue:
    """Clients of an area whose visit is overdue by their plan, the longest overdue first. Raises InvalidInput."""
    _require_staff(context.viewer)
    async with context.engine.connect() as conn:
        place = await _place(context, conn, area, first)
        total, rows = await case_questions.overdue(conn, context.viewer, place, context.today, first)
    late = [
        FollowUpDue(
            row.client_id, row.visit_plan_id, row.every_days, row.last_on, row.due_on, (context.today - row.due_on).days
        )
        for row in rows
    ]
    return FollowUpsDue(total, late)


def _require_staff(viewer: Viewer) -> None:
    if viewer.role not in ("READER", "COORDINATOR", "ADMIN"):
        raise NotAllowed(
            "只有本区域的工作人员可以查看", "only who looks after the area may see this; sign in with such a key"
        )


async def _place(context: Context, conn: AsyncConnection, area: str, first: int) -> int:
    words = await vocabulary(context.engine, conn)
    problems = Problems()
    found = await words.check_area(conn, problems, "area", area)
    if not 1 <= first <= MOST_LISTED:
        problems.add("first", "OUT_OF_RANGE", f"应为 1 到 {MOST_LISTED}", f"must be 1 to {MOST_LISTED}")
    problems.stop()
    assert found is not None
    return found.id

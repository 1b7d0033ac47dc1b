"""Identities: kept sealed, shown masked, read in plain by few, each reading on record.

Nothing of them goes into events, digests, errors or logs: values are sealed before any statement is made, and what
stands for them in the digest of an act is a keyed fingerprint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from db import acting, case_questions
from db import identities as rows
from db.identities import FIELDS
from resolvers import sealing
from resolvers.acts import act, record, require_role, within
from resolvers.checks import Problems
from resolvers.context import KEEP, Context, Done
from resolvers.errors import Conflict, NotAllowed, NotFound
from resolvers.identity_checks import masked, refuse_number
from resolvers.sealing import KeyRing
from resolvers.together import Asked, Together
from resolvers.vocabulary import vocabulary

READERS = ("COORDINATOR", "PARTNER")
#: What a provider is shown of the person it helps.
FOR_PROVIDERS = ("name", "phone", "address")
#: States of an order in which its provider is with the client.
HELPING = ("ACCEPTED", "IN_PROGRESS", "ON_HOLD")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, in plain or masked; its repr shows nothing of it."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    identity_number: str | None = field(default=None, repr=False)
    guardian_name: str | None = field(default=None, repr=False)
    guardian_phone: str | None = field(default=None, repr=False)
    born_on: str | None = field(default=None, repr=False)


# ------------------------------------------------------------------------------------------------ kept


def digests(ring: KeyRing, given: Mapping[str, Any]) -> dict[str, Any]:
    """What stands for an identity in the digest of an act."""
    return {
        name: None if value is None else ring.digest(f"{name}|{value}")
        for name, value in given.items()
        if value is not KEEP
    }


def opened(context: Context, row: Any, fields: Sequence[str] = FIELDS) -> dict[str, str]:
    """The fields of a sealed row that are there, in plain. Raises KeyMissing."""
    found = {}
    for name in fields:
        sealed = getattr(row, name)
        if sealed is not None:
            plain = sealing.opened(context.engine, sealed, row.key_id, "identity", row.client_id, name)
            found[name] = plain.decode()
    return found


def sealed(ring: KeyRing, client_id: int, values: Mapping[str, str | None]) -> dict[str, Any]:
    """The columns of a row, all sealed with the newest key."""
    row: dict[str, Any] = {"client_id": client_id, "key_id": ring.newest}
    for name in FIELDS:
        value = values.get(name)
        row[name] = None if value is None else ring.seal(value.encode(), "identity", client_id, name)
    number = values.get("identity_number")
    row["number_mark"] = ring.mark("number", number) if number else None
    return row


async def together(
    context: Context, conn: AsyncConnection, client_id: int | None, given: Mapping[str, str | None]
) -> dict[str, str | None]:
    """What is given beside what is kept already of a client; a field that is given goes before. Raises KeyMissing."""
    if client_id is None or set(given) >= set(FIELDS):
        return dict(given)
    row = (await rows.of_clients(conn, [client_id])).get(client_id)
    return {**({} if row is None else opened(context, row)), **given}


async def keep(context: Context, conn: AsyncConnection, client: Any, values: Mapping[str, str | None]) -> None:
    """Stores an identity in the place of the one before. `client`: id and county_id.

    Raises Conflict where the county has a file of this identity number already; KeyMissing.
    """
    ring = sealing.newest(context.engine)
    number = values.get("identity_number")
    if number:
        marks = ring.marks("number", number)
        if await rows.with_number(conn, marks, client.county_id, client.id) is not None:
            raise Conflict(
                "ALREADY_THERE",
                "本县已有这个身份证号的服务对象档案(一人一档);请查找并使用那份档案",
                "the county has a file of a client with this identity number already: one person has one file",
            )
    if any(value is not None for value in values.values()):
        await rows.keep(conn, sealed(ring, client.id, values) | {"changed_at": context.clock()})
    else:
        await rows.erase(conn, client.id)


# ------------------------------------------------------------------------------------------------ masked


async def masked_of(context: Context, client_id: int) -> Identity | None:
    """A client's identity, masked; None where none is kept. The caller has seen the client. Raises KeyMissing.

    All that a request asks at once are answered with one statement.
    """
    return await _questions.ask(context, client_id)


async def _answer(context: Context, asked: Asked[int, Identity | None]) -> Sequence[Identity | Exception | None]:
    async with context.engine.connect() as conn:
        wanted = asked.closed()
        found = await rows.of_clients(conn, set(wanted))
    return [_masked(context, found.get(id)) for id in wanted]


def _masked(context: Context, row: Any, fields: Sequence[str] = FIELDS) -> Identity | Exception | None:
    if row is None:
        return None
    try:
        plain = opened(context, row, fields)
    except (sealing.KeyMissing, sealing.SealBroken) as closed:
        return closed
    return Identity(**{name: masked(name, value) for name, value in plain.items()})


_questions: Together[int, Identity | None] = Together(_answer)


# ------------------------------------------------------------------------------------------------ in plain


async def read(
    context: Context, client_id: int | None, *, purpose: str, idempotency_key: str | None = None
) -> tuple[Done, Identity | None]:
    """A client's identity in plain, and the record of this reading. Asked again with the same key: the record alone.

    By a coordinator of the client's area, or the worker of an open case of the client with the key of its party.
    Raises InvalidInput, NotFound, NotAllowed; Conflict NO_IDENTITY, IDENTITY_KEY_MISSING.
    """
    require_role(context.viewer, *READERS)
    plain: dict[str, str] = {}

    async def work(conn: AsyncConnection) -> Done:
        client = await acting.seen(conn, context.viewer, "client", client_id)
        if client is None:
            raise NotFound("这份服务对象档案", "client")
        await _require_reader(context, conn, client)
        return await _read(context, conn, client, purpose, idempotency_key, plain, FIELDS, None)

    inputs = {"client_id": client_id, "purpose": purpose}
    done = await act(context, "identityRead", idempotency_key, inputs, work)
    return done, Identity(**plain) if plain else None


async def _require_reader(context: Context, conn: AsyncConnection, client: Any) -> None:
    viewer = context.viewer
    words = await vocabulary(context.engine, conn)
    area = (await words.areas_by_id(conn, [client.area_id]))[client.area_id]
    if within(viewer, area):
        return
    if viewer.party_id is not None and await case_questions.leads(conn, viewer.party_id, client.id):
        return
    raise NotAllowed(
        f"只有{area.full_name}的统筹员、管理员,或该服务对象在办个案的负责社工,可以查看完整的身份信息",
        f"only a coordinator of {area.full_name}, an administrator, or the worker of an open case of the client may"
        " read the identity in plain",
    )


async def read_for_referral(
    context: Context, referral_id: int | None, *, purpose: str, idempotency_key: str | None = None
) -> tuple[Done, Identity | None]:
    """Name, phone and address of the person an order is for, in plain, to the provider that accepted it; on record.

    Coordinators of the order's area may look in the same way. Raises as `read`; Conflict also where the order is not
    under way, the need belongs to no client's case, or no consent to share stands.
    """
    require_role(context.viewer, *READERS)
    plain: dict[str, str] = {}

    async def work(conn: AsyncConnection) -> Done:
        client = await _helped(context, conn, referral_id)
        return await _read(context, conn, client, purpose, idempotency_key, plain, FOR_PROVIDERS, referral_id)

    inputs = {"referral_id": referral_id, "purpose": purpose}
    done = await act(context, "referralClientRead", idempotency_key, inputs, work)
    return done, Identity(**plain) if plain else None


async def masked_for_referral(context: Context, referral_id: int | None) -> Identity:
    """The same, masked and not on record: what the provider would be shown, or why it would not. Raises as above."""
    require_role(context.viewer, *READERS)
    async with context.engine.begin() as conn:
        client = await _helped(context, conn, referral_id)
        row = (await rows.of_clients(conn, [client.id])).get(client.id)
    found = _masked(context, row, FOR_PROVIDERS)
    if isinstance(found, Exception):
        raise found
    if found is None:
        raise _none_kept()
    return found


async def _helped(context: Context, conn: AsyncConnection, referral_id: int | None) -> Any:
    """The client an order is for, locked against a consent that is taken back meanwhile. Raises a refusal."""
    referral = await acting.seen(conn, context.viewer, "referral", referral_id)
    if referral is None:
        raise NotFound("这个点单", "referral")
    words = await vocabulary(context.engine, conn)
    area = (await words.areas_by_id(conn, [referral.area_id]))[referral.area_id]
    if referral.provider_id != context.viewer.party_id and not within(context.viewer, area):
        raise NotAllowed(
            f"只有接单的提供方、{area.full_name}的统筹员或管理员可以查看",
            f"only the provider of the order, a coordinator of {area.full_name} or an administrator may see this",
        )
    if referral.status not in HELPING:
        raise Conflict(
            f"REFERRAL_{referral.status}",
            "接单之后、完成之前,才能查看服务对象是谁",
            "whom an order is for is shown from its acceptance until it is completed",
        )
    client = await case_questions.client_of_need(conn, referral.need_id)
    if client is None:
        raise Conflict(
            "NO_CLIENT",
            "这项需求没有关联到服务对象的个案;请向发单的社区询问",
            "this need belongs to no client's case; ask the community that stated it",
        )
    if not await case_questions.shares(conn, client.id, referral.provider_id, context.today):
        raise Conflict(
            "CONSENT_REQUIRED",
            "服务对象(或监护人)还没有同意向您出示身份信息,或同意已到期、已撤回;请联系负责社工",
            "the client (or guardian) has not consented to be shown to you, or the consent has ended; ask the worker",
        )
    return client


def _none_kept() -> Conflict:
    return Conflict("NO_IDENTITY", "这份档案没有登记身份信息", "no identity is kept with this file")


async def _read(
    context: Context,
    conn: AsyncConnection,
    client: Any,
    purpose: str,
    key: str | None,
    plain: dict[str, str],
    fields: Sequence[str],
    referral_id: int | None,
) -> Done:
    """Opens into `plain` and writes the record of it."""
    problems = Problems()
    why = problems.text("purpose", purpose)
    refuse_number(problems, "purpose", why)
    problems.key(key)
    problems.stop()
    row = (await rows.of_clients(conn, [client.id])).get(client.id)
    found = {} if row is None else opened(context, row, fields)
    if not found:
        raise _none_kept()
    viewer = context.viewer
    id = await rows.note_reading(
        conn,
        {
            "client_id": client.id,
            "area_id": client.area_id,
            "county_id": client.county_id,
            "actor_id": viewer.key_id,
            "role": viewer.role,
            "reader_id": viewer.party_id,
            "referral_id": referral_id,
            "purpose": why,
            "shown": sorted(found),
            "read_at": context.clock(),
        },
    )
    await record(conn, viewer, "identity.read", "identity_reading", id, client.area_id)
    plain.update(found)
    return Done("identity_reading", id)

"""Certificates of volunteer hours: issued once for the same hours, verified by anybody who holds the number.

A number is 15 random characters and a check character after ISO 7064 (MOD 29,2) over an alphabet without what is
mistaken for something else. 2 is a primitive root of the prime 29 and a number is shorter than 28 characters, so the
weights of all places differ: every single wrong character and every two characters that changed places are noticed.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection
from stdnum.iso7064 import mod_37_2

from db import acting, certificates
from db.areas import Area
from resolvers.acts import act, record, require_role, within
from resolvers.checks import Problems
from resolvers.context import Context, Done
from resolvers.errors import Conflict, NotAllowed, NotFound
from resolvers.services import hours as hours_of
from resolvers.vocabulary import Vocabulary, vocabulary

#: 29 characters, none of them like another: no B (8), I (1), L (1), O (0), S (5), V (U), Z (2).
ALPHABET = "0123456789ACDEFGHJKMNPQRTUWXY"
#: 29 ** 15 is more than 72 bits: nobody finds a number by trying.
RANDOM, GROUP = 15, 4
#: What is written for what.
_READ_AS = str.maketrans("BILOSVZ", "81105U2")
_LONGEST_TYPED = 100


def new_number() -> str:
    """A number as it is printed: XXXX-XXXX-XXXX-XXXX, the last character for checking."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return printed(drawn + mod_37_2.calc_check_digit(drawn, alphabet=ALPHABET))


def printed(compact: str) -> str:
    return "-".join(compact[start : start + GROUP] for start in range(0, len(compact), GROUP))


def checked_number(typed: str) -> str | None:
    """The number as it is printed, or None for what cannot be one: wrong length or characters, or mistyped.

    Case, spaces, hyphens and full-width letters do not matter; a letter that is in no number is read as the one it
    looks like.
    """
    if len(typed) > _LONGEST_TYPED:
        return None
    plain = unicodedata.normalize("NFKC", typed).upper()
    compact = "".join(c for c in plain if not (c.isspace() or unicodedata.category(c) == "Pd")).translate(_READ_AS)
    if len(compact) != RANDOM + 1 or not set(compact) <= set(ALPHABET):
        return None
    return printed(compact) if mod_37_2.is_valid(compact, alphabet=ALPHABET) else None


async def issue(
    context: Context,
    *,
    volunteer_id: int | None,
    from_on: date | None,
    until_on: date | None,
    idempotency_key: str | None = None,
) -> Done:
    """Certifies the hours of a volunteer on the days of a period, both included; what it says is frozen.

    A coordinator of the volunteer's own area certifies all of them, a coordinator elsewhere those that were organized
    in its area (who organizes, records; who records, certifies). Raises InvalidInput, NotFound (of the volunteer),
    NotAllowed, and Conflict where there are no hours, or some are certified already (the message names the number).
    """
    require_role(context.viewer, "COORDINATOR")
    inputs = {"volunteer_id": volunteer_id, "from_on": from_on, "until_on": until_on}

    async def work(conn: AsyncConnection) -> Done:
        problems = Problems()
        volunteer = await acting.seen(conn, context.viewer, "party", volunteer_id)
        if volunteer is None or volunteer.kind != "VOLUNTEER":
            problems.missing("volunteerId", "这位志愿者(队)", "volunteer")
        for path, day in (("from", from_on), ("until", until_on)):
            if problems.required(path, day) and day is not None and day > context.today:
                problems.add(
                    path,
                    "IN_THE_FUTURE",
                    f"还没有到这一天;今天是 {context.today.isoformat()}",
                    f"lies in the future; today is {context.today.isoformat()}",
                )
        problems.period("from", from_on, "until", until_on, context.today, past=False)
        problems.key(idempotency_key)
        problems.stop()
        assert volunteer is not None
        assert from_on is not None
        assert until_on is not None
        words = await vocabulary(context.engine, conn)
        home = (await words.areas_by_id(conn, [volunteer.area_id]))[volunteer.area_id]
        of_home = within(context.viewer, home)
        await certificates.lock(conn, volunteer.id)
        rests_on = await certificates.hours(
            conn, volunteer.id, from_on, until_on, within_area_id=None if of_home else context.viewer.area_id
        )
        _require_hours(rests_on, of_home, home)
        organizer = await _organizer(words, conn, {row.area_id for row in rests_on})
        issuer = await _issuer(context, words, conn, organizer)
        communities = {row.community_id for row in rests_on}
        row = {
            "number": new_number(),
            "volunteer_id": volunteer.id,
            "volunteer_name": volunteer.name,
            "is_person": volunteer.is_person,
            "area_id": organizer.id,
            "county_id": organizer.county_id,
            "organizer": await _organizer_name(conn, context, organizer, communities),
            "issuer_area_id": issuer.id,
            "issuer": issuer.full_name,
            "minutes": sum(row.minutes for row in rests_on),
            "services": len(rests_on),
            "from_on": from_on,
            "until_on": until_on,
            "issued_on": context.today,
            "actor_id": context.viewer.key_id,
            "created_at": context.clock(),
        }
        id = await certificates.add(conn, row, [row.id for row in rests_on])
        detail = {"volunteer_id": volunteer.id, "minutes": row["minutes"], "services": row["services"]}
        await record(conn, context.viewer, "certificate.issued", "certificate", id, organizer.id, detail)
        return Done("certificate", id)

    return await act(context, "certificateIssue", idempotency_key, inputs, work)


async def revoke(context: Context, id: int | None, *, reason: str | None, idempotency_key: str | None = None) -> Done:
    """Takes a certificate back for a reason, which only those who may see the certificate read.

    By a coordinator of the area that issued it, of the one that organized, or of the volunteer's. Its hours may be
    certified again. Raises InvalidInput, NotFound, NotAllowed, Conflict (it is revoked already).
    """
    require_role(context.viewer, "COORDINATOR")

    async def work(conn: AsyncConnection) -> Done:
        found = await acting.seen(conn, context.viewer, "certificate", id)
        if found is None:
            raise NotFound("这份志愿服务证明", "certificate")
        await certificates.lock(conn, found.volunteer_id)
        old = await acting.seen(conn, context.viewer, "certificate", found.id, lock=True)
        assert old is not None
        problems = Problems()
        why = problems.text("reason", reason)
        problems.key(idempotency_key)
        problems.stop()
        if old.status == "REVOKED":
            raise Conflict("CERTIFICATE_REVOKED", "这份证明已经撤销", "the certificate is revoked already")
        await certificates.end(conn, old.id, "REVOKED", context.clock(), why)
        await record(conn, context.viewer, "certificate.revoked", "certificate", old.id, old.area_id)
        return Done("certificate", old.id)

    return await act(context, "certificateRevoke", idempotency_key, {"id": id, "reason": reason}, work)


def _require_hours(rests_on: Sequence[Any], of_home: bool, home: Area) -> None:
    if not rests_on:
        if not of_home:
            raise NotAllowed(
                f"这段时间您的区域内没有该志愿者的服务时长;其余时长由{home.full_name}的统筹员或管理员出具证明",
                "no hours of this volunteer were organized in your area in this period;"
                f" a coordinator of {home.full_name} or an administrator certifies the others",
            )
        raise Conflict(
            "NO_HOURS",
            "这段时间没有登记服务时长;请先登记服务记录,或改选日期",
            "no hours are recorded in this period: record the services first, or choose other days",
        )
    earlier = sorted({row.number for row in rests_on if row.number is not None})
    if earlier:
        raise Conflict(
            "ALREADY_CERTIFIED",
            f"其中的时长已由证明 {'、'.join(earlier[:3])} 证明过;请改选日期,或先撤销原证明",
            f"hours in this period are certified by {', '.join(earlier[:3])} already:"
            " choose other days, or revoke that certificate first",
        )


async def _organizer(words: Vocabulary, conn: AsyncConnection, area_ids: set[int]) -> Area:
    """The smallest area that holds all of them."""
    areas = list((await words.areas_by_id(conn, area_ids)).values())
    common = set(areas[0].ancestor_ids).intersection(*(area.ancestor_ids for area in areas))
    deepest = next(id for id in reversed(areas[0].ancestor_ids) if id in common)
    return (await words.areas_by_id(conn, [deepest]))[deepest]


async def _issuer(context: Context, words: Vocabulary, conn: AsyncConnection, organizer: Area) -> Area:
    own = context.viewer.area_id
    if context.viewer.role == "ADMIN" or own is None:
        return organizer
    return (await words.areas_by_id(conn, [own]))[own]


async def _organizer_name(conn: AsyncConnection, context: Context, organizer: Area, communities: set[int]) -> str:
    """Of the one community that organized everything, with its place; else of the place."""
    if len(communities) == 1:
        (id,) = communities
        community = await acting.seen(conn, context.viewer, "party", id)
        if community is not None:
            return f"{organizer.full_name} {community.name}"
    return organizer.full_name


# ---------------------------------------------------------------------------------------- verification

Finding = Literal["FOUND", "UNKNOWN", "MISTYPED"]
_TEXT: dict[Finding, tuple[str, str]] = {
    "FOUND": ("查到这份证明。", "There is such a certificate."),
    "UNKNOWN": (
        "没有这个编号的证明:编号本身书写无误,但平台从未出具。",
        "There is no certificate of this number: it is well written, but none was ever issued under it.",
    ),
    "MISTYPED": (
        "编号有误,请核对:应为 16 个字符(XXXX-XXXX-XXXX-XXXX),最后一位校验不符或长度不对。",
        "The number is mistyped: it has 16 characters (XXXX-XXXX-XXXX-XXXX), and its length or check character is not "
        "right. Compare it with the certificate.",
    ),
}
_STATUS_TEXT = {
    "VALID": ("有效", "valid"),
    "OUTDATED": (
        "需换发:出具后有服务记录更正,所载时长不再有效",
        "to be renewed: a record was corrected after it was issued, and its hours no longer hold",
    ),
    "REVOKED": ("已撤销", "revoked"),
}


@dataclass(frozen=True, slots=True)
class Verified:
    """What anybody may read of a certificate; `name` is masked where it is a person's."""

    number: str
    status: str
    name: str
    organizer: str
    issuer: str
    hours: Decimal
    minutes: int
    services: int
    from_on: date
    until_on: date
    issued_on: date
    status_zh: str
    status_en: str


@dataclass(frozen=True, slots=True)
class Verification:
    finding: Finding
    certificate: Verified | None
    text_zh: str
    text_en: str


async def verify(context: Context, number: str) -> Verification:
    """What a number stands for, for anybody who holds it. A mistyped one is told without asking the database."""
    exact = checked_number(number)
    if exact is None:
        return Verification("MISTYPED", None, *_TEXT["MISTYPED"])
    async with context.engine.connect() as conn:
        row = await certificates.by_number(conn, exact)
    if row is None:
        return Verification("UNKNOWN", None, *_TEXT["UNKNOWN"])
    told = Verified(
        row.number,
        row.status,
        masked(row.volunteer_name) if row.is_person else row.volunteer_name,
        row.organizer,
        row.issuer,
        hours_of(row.minutes),
        row.minutes,
        row.services,
        row.from_on,
        row.until_on,
        row.issued_on,
        *_STATUS_TEXT[row.status],
    )
    return Verification("FOUND", told, *_TEXT["FOUND"])


def masked(name: str) -> str:
    """A person's name as strangers may read it: the first character and a star, whatever the length."""
    return name[:1] + "*"

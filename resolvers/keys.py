"""API keys: made, listed, revoked. The text of a key exists once, in the answer of `create`."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from db import acting, keys
from db.viewer import Role
from resolvers.acts import record, require_role
from resolvers.checks import MAX_TEXT, Problems, usable_code
from resolvers.context import Context
from resolvers.errors import Conflict, NotFound
from resolvers.vocabulary import vocabulary

ROLES = tuple(role for role in get_args(Role) if role != "PUBLIC")
PREFIX_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
PREFIX_LENGTH = 8
#: 32 random bytes are 43 characters of URL-safe base64.
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """A stored key, without its secret. Times are aware UTC."""

    id: int
    prefix: str
    role: str
    area_code: str | None
    party_id: int | None
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def digest(key: str) -> bytes:
    """What is stored of a key: SHA-256 of the whole text. It is random, so it needs no salt and no slow hash."""
    return hashlib.sha256(key.encode()).digest()


def prefix_of(key: str) -> str | None:
    """The part of `flk_<prefix>_<secret>` that a stored key is found by; None for what is no key."""
    parts = key.split("_", 2)
    whole = len(parts) == 3 and parts[0] == "flk" and len(parts[1]) == PREFIX_LENGTH and key.isascii()
    return parts[1] if whole else None


async def create(
    context: Context,
    *,
    role: str,
    area: str | None = None,
    party: int | None = None,
    label: str = "",
    expires: datetime | None = None,
) -> str:
    """Makes a key `flk_<8 characters>_<43 characters>` and returns it, the only time its secret is seen.

    A COORDINATOR needs an area, a READER may have one, a PARTNER too (what its offers may cover, in place of its
    county); a PARTNER needs a party and no other role may have one.
    `expires` is aware. Raises InvalidInput, NotFound (of the party, where nothing else is wrong), NotAllowed.
    """
    require_role(context.viewer)
    problems = Problems()
    problems.one_of("role", role, ROLES)
    name = problems.text("label", label) if label else ""
    if role == "COORDINATOR" and area is None:
        problems.add("area", "REQUIRED", "统筹员的密钥须指定区域", "the key of a coordinator needs an area")
    if role == "ADMIN" and area is not None:
        problems.add("area", "NOT_FOR_ROLE", "这个角色不限定区域", "this role is not bound to an area")
    if role == "PARTNER" and party is None:
        problems.add("party", "REQUIRED", "提供方的密钥须指定组织或个人", "the key of a partner needs a party")
    if role in ROLES and role != "PARTNER" and party is not None:
        problems.add("party", "NOT_FOR_ROLE", "只有 PARTNER 才绑定组织或个人", "only a PARTNER is bound to a party")
    if expires is not None and expires <= context.clock():
        problems.add("expires", "IN_THE_PAST", "到期时间已经过去", "lies in the past")
    async with context.engine.begin() as conn:
        words = await vocabulary(context.engine, conn)
        place = None if area is None else await words.check_area(conn, problems, "area", area)
        if party is not None and await acting.seen(conn, context.viewer, "party", party) is None:
            problems.missing("party", "这个组织或个人", "party")
        problems.stop()
        row = {
            "role": role,
            "area_id": place.id if place else None,
            "party_id": party,
            "label": name,
            "created_at": context.clock(),
            "expires_at": expires,
        }
        while True:
            prefix = "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH))
            key = f"flk_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
            id = await keys.add(conn, {**row, "prefix": prefix, "digest": digest(key)})
            if id is not None:
                break
        await record(conn, context.viewer, "key.created", "api_key", id, place.id if place else None, {"role": role})
    return key


async def listed(context: Context) -> list[Key]:
    """Every key, newest first, revoked and expired ones too. Raises NotAllowed."""
    require_role(context.viewer)
    async with context.engine.connect() as conn:
        return [Key(*row) for row in await keys.every(conn)]


async def revoke(context: Context, prefix: str) -> None:
    """Ends a key, named by its prefix or its whole text, at once. Raises NotFound, Conflict (already), NotAllowed."""
    require_role(context.viewer)
    wanted = prefix_of(prefix) or prefix.removeprefix("flk_")
    if len(wanted) > MAX_TEXT or not usable_code(wanted):
        raise NotFound("这个密钥", "key")
    async with context.engine.begin() as conn:
        id = await keys.revoke(conn, wanted, context.clock())
        if id is None:
            if await keys.exists(conn, wanted):
                raise Conflict("KEY_REVOKED", "这个密钥已经吊销", "the key is revoked already")
            raise NotFound("这个密钥", "key")
        await record(conn, context.viewer, "key.revoked", "api_key", id, None)

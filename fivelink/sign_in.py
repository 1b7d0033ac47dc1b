"""From the Authorization header to the Viewer.

A key reads `flk_` + 8 characters of prefix + `_` + 43 of secret. The table holds the prefix, to find the row, and the
SHA-256 of the whole key, to compare with: a key has 256 random bits, so a fast hash is as good as a slow one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from db import keys
from db.database import Database
from db.faults import classify
from db.viewer import PUBLIC, Role, Viewer
from fivelink.http_answers import UNAVAILABLE, HttpFault

log = logging.getLogger("fivelink")

#: A revoked key opens for at most this long after.
REMEMBERED_SECONDS = 5.0
_MOST_REMEMBERED = 10_000
_LOOKUP_SECONDS = 3.0
_KEY = re.compile(rb"flk_([A-Za-z0-9_-]{8})_[A-Za-z0-9_-]{43}")

_CHALLENGE = (b"www-authenticate", b'Bearer realm="fivelink", error="invalid_token"')
INVALID = HttpFault(
    401,
    "INVALID_KEY",
    "this API key does not open; send Authorization: Bearer KEY, or no header at all",
    "API 密钥无效;请以 Authorization: Bearer 密钥 发送,或不带该请求头",
    [_CHALLENGE],
)
EXPIRED = HttpFault(401, "EXPIRED_KEY", "this API key has expired", "API 密钥已过期", [_CHALLENGE])


@dataclass(frozen=True, slots=True)
class _Known:
    """The answer for one digest: a viewer, or None for a key that does not open."""

    viewer: Viewer | None
    until: float
    expires_at: datetime | None


class SignIn:
    """`clock`: aware UTC, for expiry. `tick`: seconds, for how long an answer is remembered."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tick = tick
        #: By digest: whoever reads this process's memory later finds no key in it.
        self._known: dict[bytes, _Known] = {}

    async def viewer(self, authorization: bytes | None) -> Viewer:
        """Who sends this header; PUBLIC without one.

        Raises HttpFault: 401 INVALID_KEY (not a key, unknown, revoked), 401 EXPIRED_KEY, 503 UNAVAILABLE when the
        database cannot be asked. At most one query each five seconds and key.
        """
        if authorization is None:
            return PUBLIC
        scheme, _, key = authorization.partition(b" ")
        key = key.strip()
        shape = _KEY.fullmatch(key)
        if scheme.lower() != b"bearer" or shape is None:
            raise INVALID
        digest = hashlib.sha256(key).digest()
        known = self._known.get(digest)
        if known is None or known.until <= self._tick():
            known = await self._look_up(shape[1].decode("ascii"), digest)
        if known.viewer is None:
            raise INVALID
        if known.expires_at is not None and known.expires_at <= self._clock():
            raise EXPIRED
        return known.viewer

    async def _look_up(self, prefix: str, digest: bytes) -> _Known:
        row = await self._row(prefix)
        # An unknown prefix is compared with nothing of its own, so that both ways take the same steps.
        opens = hmac.compare_digest(bytes(row["digest"]) if row is not None else bytes(32), digest)
        viewer = None
        if row is not None and opens and row["revoked_at"] is None:
            viewer = Viewer(
                role=cast(Role, row["role"]),
                key_id=row["id"],
                area_id=row["area_id"],
                area_is_county=row["area_level"] == "COUNTY",
                party_id=row["party_id"],
            )
        known = _Known(viewer, self._tick() + REMEMBERED_SECONDS, row["expires_at"] if row is not None else None)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[digest] = known
        return known

    async def _row(self, prefix: str) -> Any:
        try:
            async with asyncio.timeout(_LOOKUP_SECONDS):
                return await keys.by_prefix(self._database.reader, prefix)
        except Exception as error:
            log.warning("a key could not be looked up: %s", classify(error)[0])
            raise UNAVAILABLE from None

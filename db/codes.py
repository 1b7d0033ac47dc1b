"""Codes to ids, kept in memory: areas, resource types and terms are never deleted and keep their id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from db.pool import ReadPool

CodeKind = Literal["area", "resource_type", "client_group", "channel", "industry"]

#: More areas than a province has; past that the cache starts again.
AREAS_HELD = 100_000

_SQL: dict[CodeKind, str] = {
    "area": "SELECT id, level::text FROM area WHERE code = $1",
    "resource_type": "SELECT id, '' FROM resource_type WHERE code = $1",
    "client_group": "SELECT id, '' FROM term WHERE code = $1 AND scheme IN ('client_group', 'domain') ORDER BY scheme",
    "channel": "SELECT id, '' FROM term WHERE code = $1 AND scheme = 'channel'",
    "industry": "SELECT id, '' FROM term WHERE code = $1 AND scheme = 'industry'",
}


class UnknownCode(LookupError):
    """Not in memory yet (`load` it and try again), or not in the database either."""

    def __init__(self, kind: CodeKind, code: str) -> None:
        super().__init__(kind, code)
        self.kind: CodeKind = kind
        self.code = code


class Codes:
    """Synchronous look-ups for the hot path; `load` fills what was missing."""

    def __init__(self, reader: ReadPool) -> None:
        self._reader = reader
        #: What "overdue" is measured by: aware UTC.
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._held: dict[CodeKind, dict[str, tuple[int, str]]] = {kind: {} for kind in _SQL}

    def _get(self, kind: CodeKind, code: str) -> tuple[int, str]:
        try:
            return self._held[kind][code]
        except KeyError:
            raise UnknownCode(kind, code) from None

    def area(self, code: str) -> tuple[str, int]:
        """(level, id)"""
        found, level = self._get("area", code)
        return level, found

    def resource_type(self, code: str) -> int:
        return self._get("resource_type", code)[0]

    def client_group(self, code: str) -> int:
        return self._get("client_group", code)[0]

    def channel(self, code: str) -> int:
        return self._get("channel", code)[0]

    def industry(self, code: str) -> int:
        return self._get("industry", code)[0]

    async def load(self, kind: CodeKind, code: str) -> bool:
        """True when the code exists; it is in memory then."""
        if "\x00" in code or len(code) > 100:
            return False
        rows = await self._reader.read(_SQL[kind], (code,))
        if not rows:
            return False
        held = self._held[kind]
        if len(held) >= AREAS_HELD:
            held.clear()
        held[code] = (rows[0][0], rows[0][1])
        return True

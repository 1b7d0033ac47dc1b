"""What every use case is called with: who asks, the database, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from db.viewer import PUBLIC, Viewer

#: Dates in lists are those of the county office, wherever the server stands.
COUNTY_TIME = ZoneInfo("Asia/Shanghai")


class HasEngine(Protocol):
    """The part of `db.database.Database` that use cases write through."""

    @property
    def engine(self) -> AsyncEngine: ...


def utc_now() -> datetime:
    """Aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """One request. `clock` returns aware UTC."""

    database: HasEngine
    viewer: Viewer = PUBLIC
    clock: Callable[[], datetime] = field(default=utc_now)

    @property
    def engine(self) -> AsyncEngine:
        return self.database.engine

    @property
    def today(self) -> date:
        """The date in the county now."""
        return self.clock().astimezone(COUNTY_TIME).date()


@dataclass(frozen=True, slots=True)
class Done:
    """What a use case did it to: read back by table ("party", "need", "offer", "plan") and id."""

    entity: str
    id: int


class Keep(Enum):
    """Says "leave this field as it is" to a change, where None means "empty it"."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
KeepType = Literal[Keep.KEEP]

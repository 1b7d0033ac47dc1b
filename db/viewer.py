"""Who asks. Signed in by `fivelink/sign_in.py`, obeyed by `db/visibility.py` (reads) and `resolvers/` (acts)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["PUBLIC", "READER", "PARTNER", "COORDINATOR", "ADMIN"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """`area_id` bounds a COORDINATOR (always) and a READER (where set) to an area and below; ADMIN knows no bound."""

    role: Role = "PUBLIC"
    key_id: int | None = None
    area_id: int | None = None
    #: True where `area_id` is a county, so that the reader may compare the copied county_id.
    area_is_county: bool = False
    party_id: int | None = None

    @property
    def caller(self) -> str:
        """The scope of idempotency keys."""
        return f"key:{self.key_id}" if self.key_id is not None else self.role


PUBLIC = Viewer()
#: The command line on this machine: whoever can read the data folder can do everything anyway.
LOCAL = Viewer(role="ADMIN")

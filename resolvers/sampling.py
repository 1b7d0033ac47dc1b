"""Drawing a sample that a stranger can draw again.

Algorithm SHA256-RANK-1: write the seed, a line feed and the id of a member of the frame in UTF-8; its rank is the
SHA-256 of that, as 64 hexadecimal digits; the `count` members of the lowest rank are drawn, the lowest first. The order
of the frame does not matter, and no library's random numbers come into it. With a seed nobody could choose, every
subset of that size is as likely as any other.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from decimal import ROUND_CEILING, Decimal

#: The name a drawing keeps; another way to draw would have another name.
ALGORITHM = "SHA256-RANK-1"


def new_seed() -> str:
    """128 bits that nobody chose, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def rank(seed: str, member: str) -> str:
    """What a member is sorted by: 64 hexadecimal digits."""
    return hashlib.sha256(f"{seed}\n{member}".encode()).hexdigest()


def draw(seed: str, frame: Collection[str], count: int) -> list[str]:
    """The `count` members of lowest rank, lowest first; the whole frame where it has no more. O(n log n).

    Raises ValueError where a member stands twice in the frame, or `count` is negative.
    """
    if len(set(frame)) != len(frame):
        raise ValueError("a member stands twice in the frame")
    if count < 0:
        raise ValueError("count is negative")
    return sorted(frame, key=lambda member: (rank(seed, member), member))[:count]


def share_of(share: Decimal, size: int) -> int:
    """How many a share (above 0, at most 1) of a frame is: rounded up, so at least one of any."""
    return int((share * size).to_integral_value(ROUND_CEILING))

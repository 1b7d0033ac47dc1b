"""Every table in one place, for migrations and whoever needs them all."""

from __future__ import annotations

from db import areas, events, feed, keys, matches, needs, offers, parties, plans, referrals, teams, terms
from db.base import Base

__all__ = [
    "areas",
    "events",
    "feed",
    "keys",
    "matches",
    "metadata",
    "needs",
    "offers",
    "parties",
    "plans",
    "referrals",
    "teams",
    "terms",
]

metadata = Base.metadata

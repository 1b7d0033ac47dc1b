"""Every table in one place, for migrations and whoever needs them all."""

from __future__ import annotations

from db import (
    areas,
    certificates,
    due_rules,
    duties,
    events,
    feed,
    identities,
    keys,
    kinds,
    ledger,
    matches,
    needs,
    notices,
    offers,
    parties,
    plans,
    procedures,
    referrals,
    services,
    teams,
    terms,
    webhooks,
)
from db.base import Base

__all__ = [
    "areas",
    "certificates",
    "due_rules",
    "duties",
    "events",
    "feed",
    "identities",
    "keys",
    "kinds",
    "ledger",
    "matches",
    "metadata",
    "needs",
    "notices",
    "offers",
    "parties",
    "plans",
    "procedures",
    "referrals",
    "services",
    "teams",
    "terms",
    "webhooks",
]

metadata = Base.metadata

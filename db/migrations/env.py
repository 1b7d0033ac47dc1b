"""Called by alembic; the connection is handed over by db/migrate.py, which holds the lock and sets the timeouts."""

from __future__ import annotations

from typing import Any

from alembic import context

from db.tables import metadata


def include_object(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Indexes over a function of a migration and procrastinate's tables are not declared; all else must agree."""
    if kind == "table" and reflected and (name or "").startswith("procrastinate_"):
        return False
    return not (kind == "index" and reflected and (name or "").endswith("_bigrams"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    include_object=include_object,
)
with context.begin_transaction():
    context.run_migrations()

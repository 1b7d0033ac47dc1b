"""The foundation: every table, Chinese text search, and an event log that nobody rewrites.

The tables stand in 0001_foundation.sql beside this file, written by `python -m db.migrate freeze` from the
declarations in db/; those of the queue are made by the installed procrastinate itself (3.10 when this was written).
After the first release neither file is touched again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0001"
down_revision = None

#: Chinese words are mostly two characters, in which pg_trgm finds no trigram.
BIGRAMS = r"""
CREATE FUNCTION bigrams(value text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_to_tsvector(ARRAY(
        SELECT a FROM unnest(chars) AS one(a)
        UNION
        SELECT a || b FROM unnest(chars, chars[2:]) AS two(a, b) WHERE b IS NOT NULL
    ))
    FROM (
        SELECT string_to_array(left(lower(regexp_replace(value, '[\s\u00a0\u3000]+', '', 'g')), 10000), NULL) AS chars
    ) AS split
$$
"""

BIGRAM_QUERY = r"""
CREATE FUNCTION bigram_query(value text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN cardinality(chars) = 0 THEN NULL ELSE (
        SELECT string_agg('''' || replace(replace(gram, '\', '\\'), '''', '''''') || '''', ' & ')::tsquery
        FROM (
            SELECT DISTINCT a || coalesce(b, '') AS gram FROM unnest(chars, chars[2:]) AS two(a, b)
            WHERE b IS NOT NULL OR cardinality(chars) = 1
        ) AS grams
    ) END
    FROM (
        SELECT string_to_array(left(lower(regexp_replace(value, '[\s\u00a0\u3000]+', '', 'g')), 10000), NULL) AS chars
    ) AS split
$$
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""

SEARCHED = [("need", "title"), ("offer", "title"), ("party", "name"), ("area", "name")]


def upgrade() -> None:
    tables = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in tables.split(";\n\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
    from procrastinate.schema import SchemaManager

    jobs = SchemaManager.get_schema()
    # Many statements at once, with semicolons inside: only the driver itself takes those.
    driver: Any = op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(jobs))
    for statement in (BIGRAMS, BIGRAM_QUERY, APPEND_ONLY):
        op.get_bind().exec_driver_sql(statement)
    for table, column in SEARCHED:
        op.execute(f"CREATE INDEX ix_{table}_{column}_bigrams ON {table} USING gin (bigrams({column}))")
    op.execute(
        "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER event_not_truncated BEFORE TRUNCATE ON event"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )

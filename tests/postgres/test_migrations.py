"""The migrated database is the declared one, and what SQL adds to it holds."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from db.health import inspect, require
from db.migrate import FROZEN, current, declared, head, upgrade
from db.server_errors import ServerError
from db.tables import metadata

#: What PostgreSQL itself says of a schema; bigram indexes and procrastinate's tables belong to the migration alone.
CATALOGUE = {
    "enum": "SELECT typname || ' ' || string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum"
    " JOIN pg_type ON pg_type.oid = enumtypid WHERE typname NOT LIKE 'procrastinate%' GROUP BY typname",
    "column": "SELECT table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable"
    " || ' ' || coalesce(column_default, '') || ' ' || is_identity || ' ' || coalesce(generation_expression, '')"
    " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
    " AND table_name NOT LIKE 'procrastinate%'",
    "constraint": "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
    " AND conrelid::regclass::text NOT LIKE 'procrastinate%'",
    "index": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    " AND tablename NOT LIKE 'procrastinate%' AND indexname NOT LIKE '%bigrams'",
}


async def catalogue(url: str) -> dict[str, list[str]]:
    connection = await asyncpg.connect(url)
    try:
        return {name: sorted(row[0] for row in await connection.fetch(sql)) for name, sql in CATALOGUE.items()}
    finally:
        await connection.close()


def test_the_first_revision_is_frozen_from_the_declared_tables() -> None:
    frozen = FROZEN.read_text(encoding="utf-8").split(";\n\n")
    assert frozen == [*declared(), ""], "before the first release: python -m db.migrate freeze"


def test_the_tables_of_the_queue_are_those_of_procrastinate_3_10() -> None:
    assert version("procrastinate").startswith("3.10."), "what a later one migrates is a revision of ours"


async def test_the_migrated_database_equals_the_declared_tables(database_url: str, empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    for statement in declared():
        await connection.execute(statement)
    await connection.close()
    assert await catalogue(database_url) == await catalogue(empty_database_url)


async def test_alembic_finds_nothing_left_to_migrate(database_url: str) -> None:
    def differences(sync: Connection) -> list[object]:
        found: list[object] = compare_metadata(MigrationContext.configure(sync), metadata)
        # An index over a function of a migration cannot be declared on a table.
        return [one for one in found if not (isinstance(one, tuple) and _of_a_migration(one))]

    def _of_a_migration(one: tuple[Any, ...]) -> bool:
        # Procrastinate's, too, are made by the migration alone.
        table = one[1] if one[0] == "remove_table" else getattr(one[1], "table", None)
        return str(one[1].name).endswith("_bigrams") or str(getattr(table, "name", "")).startswith("procrastinate_")

    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_many_processes_may_migrate_one_database_at_once(empty_database_url: str) -> None:
    assert await current(empty_database_url) is None
    await asyncio.gather(*(upgrade(empty_database_url) for _ in range(4)))
    assert await current(empty_database_url) == head()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO event (kind, entity, entity_id) VALUES ('need.submitted', 'need', 1)")
    before = await catalogue(database_url)
    await upgrade(database_url)
    assert await catalogue(database_url) == before
    assert await connection.fetchval("SELECT count(*) FROM event") == 1
    await connection.close()


async def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("CREATE TABLE offer (mine int)")
    with pytest.raises(Exception, match="already exists"):
        await upgrade(empty_database_url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert {row["tablename"] for row in tables} <= {"offer", "alembic_version"}
    assert await current(empty_database_url) is None
    await connection.close()


async def test_health_knows_whether_a_database_is_migrated(database_url: str, empty_database_url: str) -> None:
    require(await inspect(database_url), migrated=True)
    with pytest.raises(ServerError) as refused:
        require(await inspect(empty_database_url), migrated=True)
    assert refused.value.code == "NOT_MIGRATED"
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(ServerError) as refused:
        require(await inspect(database_url))
    assert refused.value.code == "DATABASE_NEWER"


@pytest.mark.parametrize(
    ("title", "words", "found"),
    [
        ("独居老人送餐", "送餐", True),
        ("独居老人送餐", "老人送餐", True),
        ("独居老人送餐", "餐", True),
        ("独居老人送餐", "餐送", False),
        ("独居老人送餐", "独居儿童", False),
        ("独居 老人\u3000送餐", "老人送", True),
        ("轮椅 Wheelchair 3台", "WHEEL", True),
        ("轮椅", "轮 椅", True),
        (r"a'b\c:d&e|f!(g)*<h>", r"'b\c:d&e|f!(g)*<h", True),
        ("'", "'", True),
        ("\\", "\\", True),
        ("a", "'", False),
        ("😀社", "😀社", True),
    ],
)
async def test_a_word_is_found_by_its_pairs_of_characters(
    database_url: str, title: str, words: str, found: bool
) -> None:
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT bigrams($1) @@ bigram_query($2)", title, words) is found
    await connection.close()


async def test_searching_for_nothing_finds_nothing_and_does_not_fail(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    for words in (None, "", " \u3000\n"):
        assert await connection.fetchval("SELECT bigram_query($1::text)", words) is None
    assert await connection.fetchval("SELECT bigrams('')::text") == ""
    assert await connection.fetchval("SELECT bigrams(NULL) IS NULL")
    assert await connection.fetchval("SELECT length(bigrams(repeat('社工', 500000)))") == 4
    await connection.close()


@pytest.mark.parametrize(
    ("table", "column"), [("need", "title"), ("offer", "title"), ("party", "name"), ("area", "name")]
)
async def test_a_search_can_use_the_index(database_url: str, table: str, column: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("SET enable_seqscan = off")
    plan = await connection.fetch(
        f"EXPLAIN SELECT id FROM {table} WHERE bigrams({column}) @@ bigram_query('送餐')"  # noqa: S608
    )
    assert any(f"ix_{table}_{column}_bigrams" in row[0] for row in plan)
    await connection.close()


@pytest.mark.parametrize("statement", ["UPDATE event SET kind = 'x'", "DELETE FROM event", "TRUNCATE event"])
async def test_nobody_rewrites_what_happened(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO event (kind, entity, entity_id) VALUES ('need.submitted', 'need', 1)")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await connection.execute(statement)
    assert await connection.fetchval("SELECT kind FROM event") == "need.submitted"
    await connection.close()


async def test_each_test_has_a_database_of_its_own(database_url: str, empty_database_url: str) -> None:
    assert database_url != empty_database_url
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM event") == 0
    await connection.close()

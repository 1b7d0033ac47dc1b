"""The compiled reader answers every operation as ordinary execution does, byte for byte.

Operations are made over the whole schema by `operations.py`; `bench/ordinary.py` executes them with Strawberry, one
field at a time, on statements of its own. A longer run: FIVELINK_TEST_EXAMPLES=5000.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
import pytest
import world
from graphql import parse, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from operations import Made, Maker, Pool, goals

from bench.ordinary import run_ordinary
from db.cursors import encode, global_id
from db.database import Database
from db.entities import ENTITIES, PageOf
from db.viewer import Viewer
from schema.execution.executor import Executor
from schema.execution.limits import Limits

EXAMPLES = int(os.environ.get("FIVELINK_TEST_EXAMPLES", "200"))
ROOMY = Limits(aliases=1_000, directives=1_000, fields=20_000, cost=10**8, repeats=10**6, depth=60, tokens=20_000)

VIEWERS = [
    Viewer(role="ADMIN"),
    Viewer(role="COORDINATOR", area_id=3, area_is_county=True),
    Viewer(role="COORDINATOR", area_id=4),
    Viewer(role="READER"),
    Viewer(role="READER", area_id=9),
    Viewer(role="PARTNER", party_id=2),
    Viewer(role="PARTNER", party_id=3),
    Viewer(role="PUBLIC"),
]
#: Left out of comparison: it only makes an operation one for Strawberry to execute.
BESIDE = "beside"


@dataclass
class Reading:
    """The database, what reads it, and the loop that both live on."""

    loop: asyncio.AbstractEventLoop
    executor: Executor
    pool: Pool

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def both(self, made: Made, viewer: Viewer) -> tuple[bytes, bytes]:
        compiled = await self.executor.run(made.query, None, made.variables, viewer=viewer)
        return compiled.body, await run_ordinary(self.executor, made.query, None, made.variables, viewer)


@pytest.fixture(scope="module")
def reading(server_url: str, template_url: str) -> Iterator[Reading]:
    loop = asyncio.new_event_loop()
    name = "test_property_reader"

    async def start() -> tuple[Executor, Pool]:
        raw = await asyncpg.connect(server_url)
        await raw.execute(f"CREATE DATABASE {name} TEMPLATE {template_url.rsplit('/', 1)[1].split('?')[0]}")
        await raw.close()
        database = Database(template_url.replace("fivelink_template", name), pool_size=4)
        async with database.engine.begin() as connection:
            await world.write(connection)
            await connection.exec_driver_sql("ANALYZE")
        return Executor(database, ROOMY), await make_pool(database)

    async def stop(executor: Executor) -> None:
        await executor.database.close()
        raw = await asyncpg.connect(server_url)
        await raw.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await raw.close()

    executor, pool = loop.run_until_complete(start())
    yield Reading(loop, executor, pool)
    loop.run_until_complete(stop(executor))
    loop.close()


async def make_pool(database: Database) -> Pool:
    """Ids of every kind, faulty ones among them, and the cursors of every list."""
    ids = [
        "",
        "xx",
        "TmVlZDox",
        "TmVlZDowMQ==",
        global_id(b"Nothing:1"),
        global_id(b"Shortfall:1"),
        global_id(b"Facet:1"),
    ]
    offers = []
    cursors: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    async with database.reader.connection() as connection:
        for name, entity in ENTITIES.items():
            kind = "kind::text" if entity.kind else "''"
            found = await connection.fetch(f"SELECT id, {kind} FROM {entity.table.name} ORDER BY id", ())
            made = [global_id(f"{entity.types[row[1]]}:{row[0]}".encode()) for row in found]
            ids += [*made[:8], *[global_id(f"{one}:{n}".encode()) for one in entity.types.values() for n in (2, 2**40)]]
            offers += made if name == "offer" else []
            orders = [entity.order]
            for other in ENTITIES.values():
                orders += [
                    one.order
                    for one in other.relations.values()
                    if isinstance(one, PageOf) and one.entity == name and one.order
                ]
            for order in orders:
                columns = tuple(column for column, _ in order)
                rows = await connection.fetch(f"SELECT {', '.join(columns)} FROM {entity.table.name}", ())
                cursors[name, columns] = [encode(list(row)) for row in rows]
    places = [*[row[1] for row in world.AREAS], "370832", "370832101", "99"]
    codes: dict[str, list[Any]] = {
        "area": places,
        "under": places,
        "code": places,
        "search": ["轮椅", "县", "", " ", "a", "Counselling0", "%", "_", "助学金 ", "甲", "'", "🙂", "COMM"],
        "scheme": ["client_group", "domain", "industry", "channel", "nothing"],
        "resourceType": ["AIDS", "WHEELCHAIR", "MONEY", "COUNSELLING", "NOTHING"],
        "clientGroup": ["LEFT_BEHIND", "LEFT_BEHIND_CHILD", "DISABLED", "CHILD_PROTECTION", "EDUCATION"],
        "neededBefore": ["2026-04-10", "2020-01-01", "0001-01-01", "9999-12-31"],
        "confirmedSince": ["2026-02-25T12:00:00+08:00", "2026-03-01T04:00:00Z", "2030-01-01T00:00:00.000001+00:00"],
        "availableAtLeast": [0, 100, -1, 2**31 - 1],
        "unmatched": [True, False],
    }
    return Pool(ids, offers, cursors, codes)


def same(made: Made, viewer: Viewer, compiled: bytes, ordinary: bytes) -> None:
    assert compiled == ordinary, f"{viewer}\n{made}\ncompiled: {compiled.decode()}\nordinary: {ordinary.decode()}"


def beside(made: Made) -> Made:
    """The same operation with something beside it that only Strawberry executes."""
    head, _, rest = made.query.partition("{")
    return Made(f"{head}{{ {BESIDE}: __schema {{ queryType {{ name }} }} {rest}", made.variables)


def without_beside(body: bytes) -> bytes:
    answer = orjson.loads(body)
    if answer.get("data"):
        answer["data"].pop(BESIDE)
    return orjson.dumps(answer)


def explored(test: Callable[..., None]) -> Callable[..., None]:
    checks = list(HealthCheck)
    return settings(
        max_examples=EXAMPLES, derandomize=EXAMPLES <= 200, deadline=None, database=None, suppress_health_check=checks
    )(test)


@st.composite
def operations(draw: Any, pool: Pool, schema: Any, computed: bool = False) -> Made:
    def below(n: int) -> int:
        return int(draw(st.integers(0, n - 1)))

    goal = draw(st.sampled_from(goals(schema)))
    return Maker(schema, pool, below, computed=computed).operation(goal)


def is_valid(schema: Any, made: Made) -> bool:
    return not validate(schema, parse(made.query))


def test_compiled_answers_are_those_of_ordinary_execution(reading: Reading) -> None:
    schema = reading.executor.schema

    @explored
    @given(st.data())
    def check(data: st.DataObject) -> None:
        made = data.draw(operations(reading.pool, schema))
        viewer = data.draw(st.sampled_from(VIEWERS))
        if not is_valid(schema, made):
            return
        compiled, ordinary = reading.do(reading.both(made, viewer))
        same(made, viewer, compiled, ordinary)
        executed, again = reading.do(reading.both(beside(made), viewer))
        same(made, viewer, executed, again)
        if b'"errors"' not in executed:
            same(made, viewer, without_beside(executed), ordinary)

    check()

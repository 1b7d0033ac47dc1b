"""The compiled reader answers every operation as ordinary execution does, byte for byte.

Operations are made over the whole schema by `operations.py`; `bench/ordinary.py` executes them with Strawberry, one
field at a time, on statements of its own. A longer run: FIVELINK_TEST_EXAMPLES=5000.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import loop_world
import orjson
import pytest
import record_world
import world
from graphql import FieldNode, ObjectValueNode, TypeInfo, TypeInfoVisitor, Visitor, parse, validate, visit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from operations import Goal, Made, Maker, Pool, goals
from reading import World, filled

from bench.ordinary import run_ordinary
from db.cursors import encode, global_id
from db.database import Database
from db.entities import ENTITIES, PageOf
from db.kinds import KINDS
from db.viewer import Viewer
from schema.execution.limits import Limits

EXAMPLES = int(os.environ.get("FIVELINK_TEST_EXAMPLES", "120"))
ROOMY = Limits(aliases=1_000, directives=1_000, fields=20_000, cost=10**8, repeats=10**6, depth=60, tokens=20_000)

VIEWERS = [
    Viewer(role="ADMIN"),
    Viewer(role="ADMIN"),
    Viewer(role="ADMIN"),
    Viewer(role="COORDINATOR", area_id=3, area_is_county=True),
    Viewer(role="COORDINATOR", area_id=3, area_is_county=True),
    Viewer(role="COORDINATOR", area_id=4),
    Viewer(role="READER"),
    Viewer(role="READER", area_id=9),
    Viewer(role="PARTNER", party_id=2),
    Viewer(role="PARTNER", party_id=3),
    Viewer(role="PARTNER", party_id=1),
    Viewer(role="PARTNER", party_id=11),
    Viewer(role="PUBLIC"),
]
#: Left out of comparison: it only makes an operation one for Strawberry to execute.
BESIDE = "beside"


@dataclass
class Reading(World):
    """The world, and what operations on it can be made of."""

    pool: Pool

    async def both(self, made: Made, viewer: Viewer) -> tuple[bytes, bytes]:
        compiled = await self.executor.run(made.query, None, made.variables, viewer=viewer)
        return compiled.body, await run_ordinary(self.executor, made.query, None, made.variables, viewer)


@pytest.fixture(scope="module")
def reading(server_url: str, template_url: str) -> Iterator[Reading]:
    with filled(server_url, template_url, "test_compiled_reader", ROOMY, clock=lambda: loop_world.NOW) as one:
        one.do(add_loop(one.executor.database))
        yield Reading(one.loop, one.executor, one.do(make_pool(one.executor.database)))


async def add_loop(database: Database) -> None:
    async with database.engine.begin() as connection:
        await loop_world.write(connection)
        await record_world.write(connection)
        await connection.exec_driver_sql("ANALYZE")


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
            found = await connection.fetch(f"SELECT id, {kind} FROM {entity.table.name} ORDER BY id", ())  # noqa: S608
            made = [global_id(f"{entity.types[row[1]]}:{row[0]}".encode()) for row in found]
            ids += [*made, *[global_id(f"{one}:{n}".encode()) for one in entity.types.values() for n in (2, 2**40)]]
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
                rows = await connection.fetch(f"SELECT {', '.join(columns)} FROM {entity.table.name}", ())  # noqa: S608
                # Where the table is empty, every cursor is a wrong one.
                cursors[name, columns] = [encode(list(row)) for row in rows] or ["W10="]
    places = [*[row[1] for row in world.AREAS], "370832", "370832101", "99"]
    codes: dict[str, list[Any]] = {
        "area": places,
        "under": places,
        "code": places,
        "search": ["轮椅", "县", "", " ", "a", "Counselling0", "%", "_", "助学金 ", "甲", "'", "🙂", "COMM"],
        "scheme": ["client_group", "domain", "industry", "channel", "nothing"],
        "resourceType": ["AIDS", "WHEELCHAIR", "MONEY", "COUNSELLING", "NOTHING"],
        "clientGroup": ["LEFT_BEHIND", "LEFT_BEHIND_CHILD", "DISABLED", "CHILD_PROTECTION", "EDUCATION"],
        "on": ["2026-03-01", "2026-04-10", "2020-01-01"],
        "channel": ["HOTLINE_12345", "EDUCATION", "NOTHING"],
        "industry": ["EDUCATION", "HOTLINE_12345", "NOTHING"],
        "neededBefore": ["2026-04-10", "2020-01-01", "0001-01-01", "9999-12-31"],
        "confirmedSince": ["2026-02-25T12:00:00+08:00", "2026-03-01T04:00:00Z", "2030-01-01T00:00:00.000001+00:00"],
        "availableAtLeast": [0, 100, -1, 2**31 - 1],
        "unmatched": [True, False],
        "party": ids,
        "need": ids,
        "offer": ids,
        "plan": ids,
        "overdue": [True, False],
        "toFollowUp": [True, False],
        "from": ["2026-04-10", "0001-01-01"],
        "until": ["2026-04-10", "9999-12-31"],
        "stands": [True, False],
        "unread": [True, False],
        "term": ["CHARITY", "LEFT_BEHIND", "CHILD_PROTECTION", "NOTHING", *record_world.codes()],
        "number": ["", "0000-0000-0000-0000", "0000-0000-0000-0001"],
        "around": [
            global_id(f"{kind}:{n}".encode()) for n, kind in ((1, "Community"), (2, "Organization"), (2, "Fund"))
        ],
        "depth": [1, 2, 4, 0, -1, 50],
        "template": ["NURSE", "FIVE", "NOTHING"],
        "coverage": places,
        "clientGroups": ["LEFT_BEHIND_CHILD", "DISABLED", "EDUCATION"],
        "earmark": ["CHILD_PROTECTION", "NOTHING"],
        "capacity": [1, 100, 0],
        "minimumPerNeed": [1, 2],
        "maximumPerNeed": [1, 5, -1],
        "availableFrom": ["2026-04-10"],
        "availableUntil": ["2026-05-10", "2020-01-01"],
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


def explored(examples: int) -> Any:
    """The same operations every time, but for a longer run."""
    return settings(
        max_examples=examples,
        derandomize="FIVELINK_TEST_EXAMPLES" not in os.environ,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


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

    @explored(EXAMPLES)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        made, viewer = data.draw(operations(reading.pool, schema)), data.draw(st.sampled_from(VIEWERS))
        if not is_valid(schema, made):
            return
        compiled, ordinary = reading.do(reading.both(made, viewer))
        same(made, viewer, compiled, ordinary)
        executed, again = reading.do(reading.both(beside(made), viewer))
        same(made, viewer, executed, again)
        if b'"errors"' not in executed:
            same(made, viewer, without_beside(executed), ordinary)

    check()


def test_mapped_parts_beside_and_below_computed_fields_are_the_same_too(reading: Reading) -> None:
    schema = reading.executor.schema

    @explored(EXAMPLES // 4)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        made = data.draw(operations(reading.pool, schema, computed=True))
        viewer = data.draw(st.sampled_from(VIEWERS))
        if not is_valid(schema, made):
            return
        executed, ordinary = (orjson.loads(body) for body in reading.do(reading.both(made, viewer)))
        # Which of several computed fields fails first is for nobody to say.
        told = [
            sorted({error["extensions"]["code"] for error in one.pop("errors", [])}) for one in (executed, ordinary)
        ]
        assert told[0] == told[1], made
        same(made, viewer, orjson.dumps(executed), orjson.dumps(ordinary))

    check()


class _Reached(Visitor):
    """What an operation holds, in the words of `goals`."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.found: set[Goal] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, definition = self.info.get_parent_type(), self.info.get_field_def()
        if parent is None or definition is None:
            return
        here = (parent.name, node.name.value)
        self.found.add(here)
        for argument in node.arguments or ():
            self.found.add((*here, argument.name.value))
            if isinstance(argument.value, ObjectValueNode):
                self.found |= {(*here, argument.name.value, one.name.value) for one in argument.value.fields}


def reached(schema: Any, made: Made) -> set[Goal]:
    info = TypeInfo(schema)
    visitor = _Reached(info)
    document = parse(made.query)
    visit(document, TypeInfoVisitor(info, visitor))
    found = set(visitor.found)
    for name, value in made.variables.items():
        # A filter that comes as a variable holds its fields there.
        if isinstance(value, dict):
            users = [goal for goal in visitor.found if len(goal) == 3 and goal[2] == "where"]
            found |= {(*goal, one) for goal in users for one in value if f"where: ${name}" in made.query}
    return found


#: Kinds of records of which every field and filter is reached; the others are of the same forms, and drawn by chance.
CHOSEN = ("station", "activity", "post", "visit", "client", "catalogue_service")


def of_other_records(goal: Goal) -> bool:
    others = [kind.kind for name, kind in KINDS.items() if name not in CHOSEN]
    backs = [one.back for name, kind in KINDS.items() if name not in CHOSEN for one in kind.fields]
    typename = goal[0].removesuffix("Connection").removesuffix("Edge")
    return typename in [one.typename for one in others] or goal[1] in [*backs, *[one.plural for one in others]]


def test_the_records_that_are_reached_have_fields_of_every_form() -> None:
    chosen = {(one.form, one.optional) for name in CHOSEN for one in KINDS[name].fields}
    assert {one.form for kind in KINDS.values() for one in kind.fields} - {one[0] for one in chosen} <= {"money"}


def test_every_field_argument_and_filter_of_the_schema_is_reached_and_answers_the_same(reading: Reading) -> None:
    schema = reading.executor.schema
    everything = {goal for goal in goals(schema) if not of_other_records(goal)}
    left, answered = set(everything), 0
    for seed in range(2_000):
        if not left:
            break
        choices = random.Random(seed)
        goal = min(left)
        made = Maker(schema, reading.pool, choices.randrange, size=40).operation(goal)
        if not is_valid(schema, made):
            continue
        compiled, ordinary = reading.do(reading.both(made, VIEWERS[0]))
        same(made, VIEWERS[0], compiled, ordinary)
        if b'"errors"' not in compiled:
            # What a directive may have left out does not count, and nothing on the way to the goal has one.
            left -= {goal} if "@" in made.query else reached(schema, made)
            answered += 1
    assert left == set(), "no operation that was answered holds these"
    assert len(everything) > 250
    assert answered > 50


def test_pages_joined_give_the_whole_list_forwards_and_backwards(reading: Reading) -> None:
    async def pages(name: str, step: int, size: str, side: str, end: str, more: str) -> list[str]:
        found: list[str] = []
        cursor = None
        for _ in range(40):
            query = (
                f"query($c: String) {{ {name}({size}: {step}, {side}: $c)"
                f" {{ edges {{ node {{ id }} }} pageInfo {{ {end} {more} }} }} }}"
            )
            answer = await reading.executor.run(query, None, {"c": cursor}, viewer=VIEWERS[0])
            page = orjson.loads(answer.body)["data"][name]
            ids = [edge["node"]["id"] for edge in page["edges"]]
            found = found + ids if size == "first" else ids + found
            cursor = page["pageInfo"][end]
            if not page["pageInfo"][more]:
                return found
        raise AssertionError("the list does not end")

    for name in ("needs", "offers"):
        query = f"{{ {name}(first: 100) {{ totalCount edges {{ node {{ id }} }} }} }}"
        whole = orjson.loads(reading.do(reading.executor.run(query, None, None, viewer=VIEWERS[0])).body)["data"][name]
        ids = [edge["node"]["id"] for edge in whole["edges"]]
        assert len(ids) == whole["totalCount"] == len(set(ids)) == 24
        for step in (1, 5, 24):
            assert reading.do(pages(name, step, "first", "after", "endCursor", "hasNextPage")) == ids
            assert reading.do(pages(name, step, "last", "before", "startCursor", "hasPreviousPage")) == ids


FAULTY = [
    ("{ needs(first: 0) { totalCount } }", "BAD_PAGE"),
    ("{ needs(first: 101) { totalCount } }", "BAD_PAGE"),
    ("{ needs(last: -1) { totalCount } }", "BAD_PAGE"),
    ("{ needs(first: 1, last: 1) { totalCount } }", "BAD_PAGE"),
    ("{ parties { edges { node { offers(first: 0) { totalCount } } } } }", "BAD_PAGE"),
    ('{ needs(after: "W10=") { totalCount } }', "BAD_CURSOR"),
    ('{ node(id: "") { ... on Need { matches(after: "WyJTVEFUIl0=") { totalCount } } } }', "BAD_CURSOR"),
    ('{ needs(where: {area: "99"}) { totalCount } }', "UNKNOWN_AREA"),
    ('{ offers(where: {resourceType: "X"}) { totalCount } }', "UNKNOWN_RESOURCE_TYPE"),
    ('{ offers(where: {clientGroup: "EDUCATION"}) { totalCount } }', "UNKNOWN_TERM"),
    ("{ nodes(ids: [" + '"x" ' * 101 + "]) { id } }", "BAD_PAGE"),
]


@pytest.mark.parametrize(("query", "code"), FAULTY)
def test_a_faulty_request_is_refused_alike_before_anything_is_read(reading: Reading, query: str, code: str) -> None:
    for made in (Made(query, {}), beside(Made("query Made " + query, {}))):
        before = reading.executor.reader.statements
        compiled, ordinary = reading.do(reading.both(made, VIEWERS[0]))
        assert compiled == ordinary
        answer = orjson.loads(compiled)
        assert answer.get("data") is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
        assert reading.executor.reader.statements == before


@pytest.mark.parametrize("sent", [{"b": True}, {"b": False}, {"b": None}, {}])
def test_a_directive_obeys_a_variable_with_a_default_in_every_way_it_can_come(
    reading: Reading, sent: dict[str, Any]
) -> None:
    for default in ("true", "false"):
        made = Made(f"query($b: Boolean = {default}) {{ needs {{ totalCount @skip(if: $b) __typename }} }}", sent)
        compiled, ordinary = reading.do(reading.both(made, VIEWERS[0]))
        assert orjson.loads(compiled).get("data") == orjson.loads(ordinary).get("data")

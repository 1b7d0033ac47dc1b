"""The published figures of a source, taken in as sheets, and a way to ask for them through the contract."""

from __future__ import annotations

import base64
import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from db.database import Database
from db.viewer import LOCAL, PUBLIC, Viewer
from resolvers import imports
from resolvers.context import Context
from schema.contract import CONTRACT
from schema.execution.executor import Executor

FOLDER = Path(__file__).parents[2] / "data" / "golden"
#: After everything that the sources tell of.
NOW = datetime(2023, 1, 2, 2, tzinfo=UTC)
PROBLEM = "... on Problem { code message } ... on InvalidInput { fields { path code message } }"


def gid(typename: str, number: int) -> str:
    return base64.b64encode(f"{typename}:{number}".encode()).decode()


def number(text: str | None) -> int | Decimal | None:
    """An exact number as it was sent: an int where it is whole."""
    if text is None:
        return None
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else value


def table(name: str) -> list[dict[str, str]]:
    """The rows of a file with one heading."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Golden:
    """A database with the shipped words, and what was taken in since."""

    context: Context
    executor: Executor

    async def take(self, name: str, area: str) -> None:
        """Takes a file in; it has to be taken whole, and the same file again changes nothing."""
        done = await imports.run(self.context, FOLDER / name, area=area)
        assert not done.faults, [(one.place, one.code, one.text_zh) for one in done.faults]
        assert done.written
        again = await imports.run(self.context, FOLDER / name, area=area)
        assert (again.new.total(), again.changed.total()) == (0, 0)

    async def ask(self, query: str, viewer: Viewer = LOCAL, **variables: Any) -> Any:
        outcome = await self.executor.run(query, None, variables, viewer=viewer)
        said = orjson.loads(outcome.body)
        assert "errors" not in said, said
        return said["data"]

    async def do(self, act: str, given: dict[str, Any], selection: str = "") -> Any:
        """What an act answers, problem or not."""
        mutation: Any = CONTRACT._schema.mutation_type
        type_ = mutation.fields[act].args["input"].type
        outcome = await self.executor.run(
            f"mutation($given: {type_}) {{ act: {act}(input: $given) {{ __typename {selection} {PROBLEM} }} }}",
            None,
            {"given": given},
            viewer=LOCAL,
        )
        said = orjson.loads(outcome.body)
        assert "errors" not in said, said
        return said["data"]["act"]

    async def rows(self, field: str, selection: str, where: str = "", viewer: Viewer = LOCAL) -> list[Any]:
        """Every row of a list, over all its pages."""
        found: list[Any] = []
        after: str | None = None
        while True:
            given = f"where: {{ {where} }}, " if where else ""
            said = await self.ask(
                f"query($after: String) {{ {field}({given}first: 100, after: $after) {{ totalCount"
                f" pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {selection} }} }} }} }}",
                viewer,
                after=after,
            )
            page = said[field]
            found += [edge["node"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                assert page["totalCount"] == len(found)
                return found
            after = page["pageInfo"]["endCursor"]

    async def total(self, field: str, where: str, viewer: Viewer = LOCAL) -> int:
        """How many rows a list has."""
        given = f"(where: {{ {where} }})" if where else ""
        said = await self.ask(f"{{ {field}{given} {{ totalCount }} }}", viewer)
        return int(said[field]["totalCount"])

    async def report(self, area: str, period: str, *measures: str, viewer: Viewer = LOCAL) -> dict[str, Any]:
        """{measure: (figure of the whole area, {part: figure}, {code of a row: figure})} of a year's report."""
        codes = ", ".join(f'"{one}"' for one in measures)
        said = await self.ask(
            f'{{ report(area: "{area}", cadence: YEAR, period: "{period}", measures: [{codes}]) {{'
            " total { figures { measure { code } value shown planned parts { code value } } }"
            " rows { own area { code } figures { measure { code } value } } } }",
            viewer,
        )
        found = {}
        for one in said["report"]["total"]["figures"]:
            code = one["measure"]["code"]
            parts = {each["code"]: number(each["value"]) for each in one["parts"]}
            rows = {
                row["area"]["code"]: number(figure["value"])
                for row in said["report"]["rows"]
                for figure in row["figures"]
                if figure["measure"]["code"] == code and number(figure["value"])
            }
            found[code] = (number(one["value"]), parts, rows)
        return found

    async def behind(self, area: str, period: str, measure: str) -> tuple[int, int | Decimal | None]:
        """How many rows a figure of a year's report is summed from, and their sum, row by row."""
        said = await self.ask(
            f'{{ reportRows(area: "{area}", cadence: YEAR, period: "{period}", measure: "{measure}", first: 100)'
            " { value rows { value } } }"
        )
        values = [Decimal(one["value"]) for one in said["reportRows"]["rows"]]
        assert sum(values) == Decimal(said["reportRows"]["value"])
        return len(values), number(str(sum(values)))

    async def public(self, field: str, where: str = "") -> int:
        """How many rows of a list anybody sees."""
        return await self.total(field, where, PUBLIC)


@asynccontextmanager
async def golden(url: str) -> AsyncIterator[Golden]:
    database = Database(url, pool_size=2)

    def clock() -> datetime:
        return NOW

    yield Golden(Context(database, LOCAL, clock), Executor(database, clock=clock))
    await database.close()

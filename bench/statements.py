"""How many statements a question sends, counted in a process of its own executor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from bench import questions
from bench.province import County
from db.database import Database
from fivelink.app import limits_of
from fivelink.settings import Settings
from fivelink.sign_in import SignIn
from schema.execution.executor import Executor


def counted(url: str, counties: Sequence[County]) -> dict[str, list[int]]:
    """{question: counts that occurred, ascending}, each asked in every county; one number where data do not matter."""
    return asyncio.run(_counted(url, counties))


async def _counted(url: str, counties: Sequence[County]) -> dict[str, list[int]]:
    database = Database(url)
    sign_in, executor = SignIn(database), Executor(database, limits_of(Settings()))
    found: dict[str, set[int]] = {question: set() for question in questions.QUESTIONS}
    try:
        for question, counts in found.items():
            for request in questions.graphql(question, counties):
                viewer = await sign_in.viewer(f"Bearer {request.key}".encode())
                given = orjson.loads(request.body)
                before = executor.reader.statements
                outcome = await executor.run(given["query"], None, given["variables"], viewer=viewer)
                if not outcome.executed:
                    raise RuntimeError(f"{question} was refused: {outcome.body[:500]!r}")
                counts.add(executor.reader.statements - before)
    finally:
        await database.close()
    return {question: sorted(counts) for question, counts in found.items()}

"""The same endpoint and the same types, each field resolved the ordinary way."""

from __future__ import annotations

from typing import Any

from bench.ordinary import run_ordinary
from db.database import Database
from db.viewer import Viewer
from fivelink.app import limits_of
from fivelink.endpoint import Endpoint
from fivelink.settings import Settings
from fivelink.sign_in import SignIn
from schema.execution.executor import Executor, Outcome


class _Ordinary:
    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def run(
        self,
        query: str,
        operation_name: str | None,
        variables: dict[str, Any] | None,
        *,
        viewer: Viewer,
        allow_mutation: bool,
    ) -> Outcome:
        body = await run_ordinary(self._executor, query, operation_name, variables, viewer)
        return Outcome(body, executed=True)


def build(url: str) -> Endpoint:
    """An ASGI application for `http` scopes; uvicorn runs it with lifespan off."""
    settings = Settings()
    database = Database(url, pool_size=settings.pool_size)
    return Endpoint(_Ordinary(Executor(database, limits_of(settings))), SignIn(database))

"""The ASGI application: /graphql, /graphql/stream, /healthz, /readyz, /static, and / that leads to the page."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from db.database import Database
from db.faults import classify
from db.migrate import head
from db.server import supervise
from db.viewer import LOCAL
from fivelink.carrier import carrier
from fivelink.certificates import verifying
from fivelink.endpoint import Endpoint, Receive, Scope, Send
from fivelink.handover_page import handing_over
from fivelink.http_answers import JSON, HttpFault, error_body
from fivelink.live import STREAM_PATH, Connections
from fivelink.report_page import reporting
from fivelink.settings import Settings
from fivelink.sign_in import SignIn
from fivelink.stream import Stream
from fivelink.websocket import WebSocket
from resolvers import acts, delivery, feed, matches, plan_jobs, plan_keeping, webhook_delivery, webhooks
from resolvers.context import Context
from schema.execution.executor import Executor
from schema.execution.limits import Limits

STATIC = Path(__file__).parent / "static"
READY_SECONDS = 2.0
#: Whoever waits for an act hears BUSY rather than nothing; a transaction that stands still this long is an orphan.
LOCK_SECONDS, IDLE_SECONDS = 3.5, 30.0
#: How often we look whether the day has turned: one index look-up.
RENEW_SECONDS = 600.0

log = logging.getLogger("fivelink")

#: Nothing from elsewhere, nothing inline. The page talks to its own origin and cannot be framed.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = (
    (b"content-security-policy", PAGE_POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
)

NO_DATABASE = HttpFault(503, "DATABASE_UNAVAILABLE", "the database does not answer", "数据库没有响应")
BEHIND = HttpFault(
    503,
    "MIGRATIONS_BEHIND",
    "the database is at another revision than this program; run `fivelink migrate`",
    "数据库结构与程序版本不一致,请运行 fivelink migrate",
)


def limits_of(settings: Settings) -> Limits:
    """The limits on operations that the settings give."""
    return Limits(
        tokens=settings.max_tokens,
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        directives=settings.max_directives,
        fields=settings.max_fields,
        root_fields=settings.max_root_fields,
        cost=settings.max_cost,
    )


async def _keep_matches_true(context: Context) -> None:
    """Renews what is stored when the day has turned or weights and words were loaded, for as long as we serve.

    Answers kept for idempotency keys are forgotten on the same round.
    """
    while True:
        for what, work in (("matches were not renewed", matches.renew_daily), ("old keys were kept", acts.forget_keys)):
            try:
                await work(context)
            except Exception as error:
                # It is tried again; until then the matches are those of yesterday, and that is said nowhere else.
                log.warning("%s: %s", what, classify(error)[0])
        await asyncio.sleep(RENEW_SECONDS)


async def _ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels the tasks until they have ended: a driver in the middle of its work may make another error of it."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        pending = (await asyncio.wait(pending, timeout=1.0))[1]


class App:
    """Passes what is GraphQL to its three ways in before any routing, the rest (and the lifespan) to Starlette."""

    def __init__(
        self,
        endpoint: Endpoint,
        websocket: WebSocket,
        stream: Stream,
        connections: Connections,
        site: Starlette,
        database: Database,
    ) -> None:
        self._endpoint = endpoint
        self._websocket = websocket
        self._stream = stream
        self._connections = connections
        self._site = site
        self._database = database

    async def close(self) -> None:
        """Closes the database connections. The lifespan does it; who runs without a lifespan calls it."""
        await plan_jobs.dismiss(self._database.engine)
        await self._database.close()

    async def drain(self) -> None:
        """Finishes and ends every live connection. Called before the server closes any."""
        await self._connections.drain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self._endpoint(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == STREAM_PATH:
            await self._stream(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == "/graphql":
            await self._websocket(scope, receive, send)
        else:
            await self._site(scope, receive, send)


def build(settings: Settings, database_url: str | None = None) -> App:
    """The application for one database. Opens connections when it is first asked, closes them with the lifespan.

    `database_url`: what `db.server.database(...)` yielded; by default `settings.database_url`. When the server is the
    embedded one (no `settings.database_url`), the lifespan also starts it again should it die.
    Raises ValueError without any URL.
    """
    url = database_url or settings.database_url
    if url is None:
        raise ValueError("no database: enter db.server.database(...) first and hand its URL over")
    database = Database(
        url,
        pool_size=settings.pool_size,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        lock_seconds=LOCK_SECONDS,
        idle_seconds=IDLE_SECONDS,
    )
    if not settings.worker:
        plan_jobs.leave_to_others(database.engine)
    delivery.use(database.engine, carrier(settings))
    if settings.webhook_local:
        webhooks.allow_local(database.engine)
    executor = Executor(database, limits_of(settings), introspection=settings.introspection)
    sign_in, connections = SignIn(database), Connections(settings.max_connections)
    websocket = WebSocket(
        executor,
        sign_in,
        connections,
        operations=settings.max_connection_operations,
        send_seconds=settings.send_timeout_seconds,
    )
    stream = Stream(
        executor,
        sign_in,
        connections,
        max_body_bytes=settings.max_body_bytes,
        send_seconds=settings.send_timeout_seconds,
    )
    endpoint = Endpoint(
        executor,
        sign_in,
        max_body_bytes=settings.max_body_bytes,
        page=graphiql_page() if settings.graphiql else None,
        page_headers=PAGE_HEADERS,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        local = Context(database=database, viewer=LOCAL)
        tasks = [
            asyncio.create_task(supervise(settings.database_url, settings.data_dir)),
            asyncio.create_task(database.attend(None if settings.database_url else settings.data_dir)),
            asyncio.create_task(_keep_matches_true(local)),
            asyncio.create_task(feed.attend(local)),
        ]
        if settings.worker:
            tasks += [asyncio.create_task(one.attend(local)) for one in (plan_jobs, plan_keeping, webhook_delivery)]
        try:
            yield
        finally:
            await _ended(tasks)
            await plan_jobs.dismiss(database.engine)
            await database.close()

    newest = head()

    async def ready(_: Request) -> Response:
        try:
            async with asyncio.timeout(READY_SECONDS):
                await database.ping()
                revision = await database.lifeline.while_it_stands(_revision(database))
                fault = None if revision == newest else BEHIND
        except asyncpg.UndefinedTableError:
            fault = BEHIND
        except Exception:
            # Whatever keeps the database from answering: who asks here wants a yes or a no.
            fault = NO_DATABASE
        if fault is not None:
            return Response(fault.body, fault.status, {"cache-control": "no-store"}, media_type="application/json")
        return _said("ready")

    site = Starlette(
        routes=[
            Route("/", _home),
            Route("/healthz", _alive),
            Route("/readyz", ready),
            Route("/certificates/{number}", verifying(database, PAGE_HEADERS)),
            Route("/handovers/{id}.xlsx", handing_over(database, sign_in)),
            Route("/reports/{area}/{cadence}/{period}", reporting(database, sign_in, PAGE_HEADERS)),
            Mount("/static", GZipMiddleware(_Files(directory=STATIC), minimum_size=1_000)),
        ],
        lifespan=lifespan,
        exception_handlers={404: _not_found, 405: _wrong_method},
    )
    return App(endpoint, websocket, stream, connections, site, database)


def graphiql_page() -> bytes:
    """The page of GraphiQL, its files named with a digest of their content so that browsers may keep them for good."""
    folder = STATIC / "graphiql"
    digest = hashlib.sha256()
    for name in ("graphiql.js", "graphiql.css"):
        digest.update((folder / name).read_bytes())
    return (folder / "index.html").read_bytes().replace(b"{{version}}", digest.hexdigest()[:12].encode())


class _Files(StaticFiles):
    """Kept for good when asked for by version, else checked again (ETag) at every use."""

    def file_response(self, full_path: Any, stat_result: Any, scope: Any, status_code: int = 200) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        versioned = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        return response


async def _revision(database: Database) -> str | None:
    rows = await database.reader.read("SELECT version_num FROM alembic_version", ())
    return rows[0][0] if rows else None


async def _home(_: Request) -> Response:
    return RedirectResponse("/graphql", 307)


async def _alive(_: Request) -> Response:
    return _said("alive")


async def _not_found(_: Request, __: Exception) -> Response:
    body = error_body("NOT_FOUND", "there is nothing here; the API is at /graphql", "这里没有内容,接口位于 /graphql")
    return Response(body, 404, media_type="application/json")


async def _wrong_method(_: Request, error: Exception) -> Response:
    body = error_body("METHOD_NOT_ALLOWED", "this address is only read", "此地址只能读取")
    return Response(body, 405, getattr(error, "headers", None) or {}, media_type="application/json")


def _said(status: str) -> Response:
    return Response(b'{"status":"%s"}' % status.encode(), 200, {"cache-control": "no-store"}, media_type=JSON.decode())

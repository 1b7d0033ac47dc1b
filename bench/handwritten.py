"""The peer: one Starlette route a question, its own SQL, asyncpg's pool, orjson. Knows the key and its county too."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

REMEMBERED_SECONDS = 5.0

_KEY = "SELECT digest, area_id FROM api_key WHERE prefix = $1 AND revoked_at IS NULL AND role = 'COORDINATOR'"
_Q1 = "SELECT id, title, quantity, priority, status, needed_by FROM need WHERE id = $1 AND county_id = $2"
_Q2 = """
SELECT n.id, n.title, n.quantity, n.priority, n.needed_by, c.name
FROM need n JOIN party c ON c.id = n.community_id
WHERE n.county_id = $1 AND n.county_id = (SELECT id FROM area WHERE code = $2) AND n.status = 'OPEN'
ORDER BY n.priority DESC, n.created_at, n.id LIMIT 20"""
_Q2_MATCHES = """
SELECT k.key, m.score, m.title, m.available, m.name
FROM unnest($1::bigint[]) AS k(key) CROSS JOIN LATERAL (
    SELECT m.score, m.offer_id, o.title, o.available, p.name
    FROM match m JOIN offer o ON o.id = m.offer_id AND (o.status <> 'DRAFT' OR o.county_id = $2)
    JOIN party p ON p.id = o.provider_id
    WHERE m.need_id = k.key ORDER BY m.score DESC, m.offer_id LIMIT 5) m"""
_Q3 = """
SELECT o.id, o.title, o.capacity, o.committed, o.available, o.minimum_per_need, o.status, o.confirmed_at,
       p.id, p.name, p.kind
FROM offer o JOIN party p ON p.id = o.provider_id
WHERE o.status <> 'DRAFT' OR o.county_id = $1
ORDER BY o.confirmed_at DESC, o.id LIMIT {:d}"""
_KINDS = {"ORGANIZATION": b"Organization:%d", "VOLUNTEER": b"Volunteer:%d"}


def _id(template: bytes, number: int) -> str:
    return base64.b64encode(template % number).decode()


def build(url: str, connections: int) -> Starlette:
    state: dict[str, Any] = {}
    known: dict[str, tuple[int, float]] = {}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            url, min_size=connections, max_size=connections, server_settings={"jit": "off"}
        ) as pool:
            state["pool"] = pool
            yield

    async def county(request: Request) -> int:
        header = request.headers["authorization"]
        found = known.get(header)
        if found is None or found[1] < time.monotonic():
            key = header.removeprefix("Bearer ")
            row = await state["pool"].fetchrow(_KEY, key[4:12])
            if row is None or row["digest"] != hashlib.sha256(key.encode()).digest():
                raise PermissionError
            found = known[header] = (row["area_id"], time.monotonic() + REMEMBERED_SECONDS)
        return found[0]

    async def q1(request: Request) -> Response:
        own = await county(request)
        given = orjson.loads(await request.body())
        number = int(base64.b64decode(given["id"]).removeprefix(b"Need:"))
        async with state["pool"].acquire() as connection:
            row = await connection.fetchrow(_Q1, number, own)
        node = row and {
            "id": _id(b"Need:%d", row[0]),
            "title": row[1],
            "quantity": row[2],
            "priority": row[3],
            "status": row[4],
            "neededBy": row[5],
        }
        return _answer({"node": node})

    async def q2(request: Request) -> Response:
        own = await county(request)
        given = orjson.loads(await request.body())
        async with state["pool"].acquire() as connection:
            rows = await connection.fetch(_Q2, own, given["area"])
            found = await connection.fetch(_Q2_MATCHES, [row[0] for row in rows], own)
        matches: dict[int, list[Any]] = {row[0]: [] for row in rows}
        for key, score, title, available, name in found:
            offer = {"title": title, "available": available, "provider": {"name": name}}
            matches[key].append({"node": {"score": score, "offer": offer}})
        edges = [
            {
                "node": {
                    "id": _id(b"Need:%d", row[0]),
                    "title": row[1],
                    "quantity": row[2],
                    "priority": row[3],
                    "neededBy": row[4],
                    "community": {"name": row[5]},
                    "matches": {"edges": matches[row[0]]},
                }
            }
            for row in rows
        ]
        return _answer({"needs": {"edges": edges}})

    async def q3(request: Request) -> Response:
        own = await county(request)
        given = orjson.loads(await request.body())
        async with state["pool"].acquire() as connection:
            rows = await connection.fetch(_Q3.format(given["first"]), own)
        edges = [
            {
                "node": {
                    "id": _id(b"Offer:%d", row[0]),
                    "title": row[1],
                    "capacity": row[2],
                    "committed": row[3],
                    "available": row[4],
                    "minimumPerNeed": row[5],
                    "status": row[6],
                    "confirmedAt": row[7],
                    "provider": {"id": _id(_KINDS[row[10]], row[8]), "name": row[9]},
                }
            }
            for row in rows
        ]
        return _answer({"offers": {"edges": edges}})

    routes = [Route(f"/{one.__name__}", one, methods=["POST"]) for one in (q1, q2, q3)]
    return Starlette(routes=routes, lifespan=lifespan)


def _answer(data: Any) -> Response:
    return Response(orjson.dumps({"data": data}), media_type="application/json")

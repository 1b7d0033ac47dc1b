"""The peer of bench.cycles: the loop as one would write it in an afternoon, with asyncpg and no framework at all."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

_KEY = """INSERT INTO idempotency (caller, operation, key, digest, entity, entity_id, created_at)
    VALUES ('hand', $1, $2, 'x', '', 0, $3) ON CONFLICT DO NOTHING RETURNING entity_id"""
_SETTLE = """UPDATE idempotency SET entity = 'referral', entity_id = $3
    WHERE caller = 'hand' AND operation = $1 AND key = $2"""
_OFFER = "SELECT * FROM offer WHERE id = $1 FOR NO KEY UPDATE"
_NEED = "SELECT * FROM need WHERE id = $1 FOR NO KEY UPDATE"
_ADD = """INSERT INTO referral (need_id, offer_id, community_id, provider_id, area_id, county_id, resource_type_id,
        priority, quantity, held, status, due_at, owner_area_id, requested_at, updated_at, history)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 1, 'REQUESTED', $9, $5, $10, $10, $11) RETURNING id"""
_HOLD_OFFER = "UPDATE offer SET committed = committed + 1, updated_at = $2 WHERE id = $1 RETURNING committed"
_HOLD_NEED = "UPDATE need SET committed = committed + 1, updated_at = $2 WHERE id = $1 RETURNING committed"
_EVENT = "INSERT INTO event (kind, entity, entity_id, area_id, detail) VALUES ($1, $2, $3, $4, $5)"
_NOTICE = """INSERT INTO notice
        (kind, party_id, area_id, entity, entity_id, about, title_zh, title_en, body_zh, body_en, created_at, try_at)
    VALUES ($1, $2, $3, 'referral', $4, '{}', '标题', 'title', '内容', 'body', $5, $5) ON CONFLICT DO NOTHING"""
_TREE = "SELECT pg_advisory_xact_lock(5001, (SELECT ancestor_ids[1] FROM resource_type WHERE id = $1))"
_OF_NEED = """SELECT id, capacity - committed AS available, confirmed_at, coverage_ids FROM offer
    WHERE resource_type_id = $1 AND status = 'ACTIVE' AND available > 0"""
_OF_OFFER = """SELECT id, quantity - committed AS remaining, priority, area_id FROM need
    WHERE resource_type_id = $1 AND status = 'OPEN' AND committed < quantity"""
_HELD = "SELECT need_id, offer_id, score FROM match WHERE offer_id = $1 OR need_id = $2"
_SCORED = "UPDATE match SET quantity = quantity - 1 WHERE need_id = $1"
_STEP = """UPDATE referral SET status = $2, updated_at = $3, due_at = $4, history = history || $5::jsonb
    WHERE id = $1 AND status = $6 RETURNING need_id, offer_id, area_id, provider_id"""
_DONE = """UPDATE referral SET status = 'COMPLETED', updated_at = $2, due_at = $3, closed_at = $2, delivered = 1,
        closed_by = 'COORDINATOR', history = history || $4::jsonb
    WHERE id = $1 AND status = 'IN_PROGRESS' RETURNING need_id, offer_id, area_id, provider_id"""
_DELIVERED = "UPDATE need SET delivered = delivered + 1, updated_at = $2 WHERE id = $1 RETURNING committed, delivered"
_SEE = "SELECT * FROM referral WHERE id = $1 FOR NO KEY UPDATE"


async def _cycle(conn: Any, need_id: int, offer_id: int, key: str) -> None:
    now = datetime.now(UTC)
    due = now + timedelta(days=2)

    def entry(status: str) -> str:
        return json.dumps([{"status": status, "at": now.isoformat(), "note": None, "side": "COORDINATOR"}])

    def detail(status: str) -> str:
        return json.dumps({"need": need_id, "offer": offer_id, "status": status, "quantity": 1, "held": 1, "change": 0})

    async with conn.transaction():
        await conn.fetchrow(_KEY, "referralRequest", key, now)
        offer = await conn.fetchrow(_OFFER, offer_id)
        need = await conn.fetchrow(_NEED, need_id)
        if need["quantity"] - need["committed"] < 1 or offer["available"] < 1:
            raise SystemExit("nothing is left")
        id = await conn.fetchval(
            _ADD,
            *(need_id, offer_id, need["community_id"], offer["provider_id"], need["area_id"], need["county_id"]),
            *(need["resource_type_id"], need["priority"], due, now, entry("REQUESTED")),
        )
        held = await conn.fetchval(_HOLD_OFFER, offer_id, now)
        promised = await conn.fetchval(_HOLD_NEED, need_id, now)
        await conn.executemany(
            _EVENT,
            [
                ("referral.requested", "referral", id, need["area_id"], detail("REQUESTED")),
                ("offer.committed", "offer", offer_id, offer["area_id"], json.dumps({"committed": held})),
                ("need.committed", "need", need_id, need["area_id"], json.dumps({"committed": promised})),
            ],
        )
        await conn.fetchval(_TREE, need["resource_type_id"])
        await conn.fetch(_OF_NEED, need["resource_type_id"])
        await conn.fetch(_OF_OFFER, need["resource_type_id"])
        await conn.fetch(_HELD, offer_id, need_id)
        await conn.execute(_SCORED, need_id)
        await conn.execute(_NOTICE, "NEW_ORDER", offer["provider_id"], None, id, now)
        await conn.execute(_SETTLE, "referralRequest", key, id)
    for before, status in (("REQUESTED", "ACCEPTED"), ("ACCEPTED", "IN_PROGRESS")):
        async with conn.transaction():
            await conn.fetchrow(_KEY, status, key, now)
            await conn.fetchrow(_SEE, id)
            row = await conn.fetchrow(_STEP, id, status, now, due, entry(status), before)
            await conn.execute(_EVENT, "referral.moved", "referral", id, row["area_id"], detail(status))
            await conn.execute(_SETTLE, status, key, id)
    async with conn.transaction():
        await conn.fetchrow(_KEY, "complete", key, now)
        await conn.fetchrow(_OFFER, offer_id)
        await conn.fetchrow(_NEED, need_id)
        await conn.fetchrow(_SEE, id)
        row = await conn.fetchrow(_DONE, id, now, due, entry("COMPLETED"))
        said = await conn.fetchrow(_DELIVERED, need_id, now)
        await conn.executemany(
            _EVENT,
            [
                ("referral.completed", "referral", id, row["area_id"], detail("COMPLETED")),
                ("need.committed", "need", need_id, row["area_id"], json.dumps(dict(said))),
            ],
        )
        await conn.execute(_SETTLE, "complete", key, id)


async def _client(url: str, pairs: list[list[int]], until: float, done: list[float]) -> None:
    conn = await asyncpg.connect(url)
    turn = 0
    while time.perf_counter() < until:
        began = time.perf_counter()
        need_id, offer_id = pairs[turn % len(pairs)]
        turn += 1
        await _cycle(conn, need_id, offer_id, f"{began}-{need_id}-{turn}")
        done.append(time.perf_counter() - began)
    await conn.close()


async def run(url: str, pairs: list[list[int]], seconds: float, clients: int) -> None:
    """Prints cycles a second and the median and 99th percentile of a cycle in seconds, as JSON."""
    began, done = time.perf_counter(), list[float]()
    await asyncio.gather(*(_client(url, pairs[n::clients], began + seconds, done) for n in range(clients)))
    took = time.perf_counter() - began
    done.sort()
    print(json.dumps({"cycles": len(done) / took, "p50": done[len(done) // 2], "p99": done[len(done) * 99 // 100]}))

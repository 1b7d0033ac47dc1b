"""The loop, as fast as it goes: order, accept, start, complete, over HTTP, one worker, every commit durable.

    python -m bench.cycles [SECONDS] [CLIENTS]      by default 10 s for each of three rounds, 16 clients

A county of 20 types with 20 needs and 10 offers each, all large: an order changes all the matches of its need. Beside
it, in the same run and on the same server, the peer: one asyncpg script with as many connections that does the same by
hand: the same locks, rows, ledger, events and idempotency records, and the matches it touches written anew with scores
that it does not compute. Neither side reads its answer back but for the id and the state.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from bench.servers import Server, free_port
from db.database import Database
from db.migrate import upgrade
from db.server import database
from db.viewer import LOCAL
from fivelink.runtime import load_words
from resolvers import keys, needs, offers, parties
from resolvers.context import Context

COUNTY, TOWNSHIPS = "370832", 5
TYPES, NEEDS, OFFERS = 20, 20, 10
CAPACITY, QUANTITY = 10_000_000, 100_000
ROUNDS = 3
WANTED, WANTED_SHARE = 150, 0.5

_ACT = (
    "mutation($i: %s!) { act: %s(input: $i) { ... on %s { referral { id status } } ... on Problem { code message } } }"
)
STEPS = (
    ("Accept", "ReferralStepInput", "ReferralAccepted", {}),
    ("Start", "ReferralStepInput", "ReferralStarted", {}),
    ("Complete", "ReferralStepInput", "ReferralCompleted", {"delivered": 1, "outcome": "GOT_HELP"}),
)


async def fill(url: str) -> tuple[str, list[tuple[int, int]]]:
    """A coordinator's key, and (need, offer) pairs that match."""
    await upgrade(url)
    base = Database(url)
    try:
        context = Context(base, LOCAL)
        await load_words(context)
        raw = await asyncpg.connect(url)
        types = [row[0] for row in await raw.fetch("SELECT code FROM resource_type WHERE parent_id IS NOT NULL")]
        towns = [
            row[0]
            for row in await raw.fetch("SELECT code FROM area WHERE code LIKE $1 AND length(code) = 9", COUNTY + "%")
        ]
        communities = [
            (await parties.register_community(context, name=f"社区 {code}", area=code)).id for code in towns[:TOWNSHIPS]
        ]
        pairs = []
        for number, kind in enumerate(types[:TYPES]):
            provider = (await parties.register_organization(context, name=f"机构 {number}", area=COUNTY)).id
            given = [
                await offers.publish(
                    context,
                    title="资源",
                    provider_id=provider,
                    resource_type=kind,
                    capacity=CAPACITY,
                    coverage=[COUNTY],
                )
                for _ in range(OFFERS)
            ]
            asked = [
                await needs.submit(
                    context,
                    title="需求",
                    community_id=communities[one % len(communities)],
                    resource_type=kind,
                    quantity=QUANTITY,
                )
                for one in range(NEEDS)
            ]
            pairs += [(need.id, given[one % OFFERS].id) for one, need in enumerate(asked)]
        await raw.close()
        return await keys.create(context, role="COORDINATOR", area=COUNTY), pairs
    finally:
        await base.close()


# ---------------------------------------------------------------------------------------------- clients, over HTTP


async def _client(port: int, key: str, pairs: list[tuple[int, int]], until: float, done: list[float]) -> None:
    from db.cursors import global_id

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    turn = 0

    async def act(query: str, given: dict[str, Any]) -> Any:
        body = json.dumps({"query": query, "variables": {"i": given}}).encode()
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer "
            + key.encode()
            + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return json.loads(await reader.readexactly(length))["data"]["act"]

    asked = {name: _ACT % (kind, f"referral{name}", past) for name, kind, past, _ in STEPS}
    order = _ACT % ("ReferralRequestInput", "referralRequest", "ReferralRequested")
    while time.perf_counter() < until:
        began = time.perf_counter()
        need, offer = pairs[turn % len(pairs)]
        turn += 1
        key_of_turn = f"{id(reader)}-{turn}"
        given: dict[str, Any] = {
            "needId": global_id(b"Need:%d" % need),
            "offerId": global_id(b"Offer:%d" % offer),
            "quantity": 1,
            "idempotencyKey": key_of_turn,
        }
        said = await act(order, given)
        if "referral" not in said:
            raise SystemExit(f"not ordered: {said}")
        for name, _, _, more in STEPS:
            step = {"id": said["referral"]["id"], "idempotencyKey": key_of_turn + name, **more}
            if "referral" not in (answer := await act(asked[name], step)):
                raise SystemExit(f"{name}: {answer}")
        done.append(time.perf_counter() - began)
    writer.close()


async def _clients(port: int, key: str, pairs: list[tuple[int, int]], seconds: float, clients: int) -> None:
    began, done = time.perf_counter(), list[float]()
    shares = [pairs[n::clients] for n in range(clients)]
    await asyncio.gather(*(_client(port, key, share, began + seconds, done) for share in shares))
    took = time.perf_counter() - began
    done.sort()
    print(json.dumps({"cycles": len(done) / took, "p50": done[len(done) // 2], "p99": done[len(done) * 99 // 100]}))


def served(port: int, key: str, pairs: list[tuple[int, int]], seconds: float, clients: int) -> dict[str, float]:
    """Clients in a process of their own."""
    given = json.dumps([port, key, pairs, seconds, clients])
    said = subprocess.run(
        [sys.executable, "-m", "bench.cycles", "--clients"],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        raise SystemExit(said.stderr[-2000:])
    answer: dict[str, float] = json.loads(said.stdout)
    return answer


def main() -> None:
    import uvloop

    if sys.argv[1:2] == ["--clients"]:
        port, key, pairs, seconds, clients = json.loads(sys.stdin.read())
        uvloop.run(_clients(port, key, [tuple(pair) for pair in pairs], seconds, clients))
        return
    if sys.argv[1:2] == ["--peer"]:
        from bench import cycles_by_hand

        uvloop.run(cycles_by_hand.run(*json.loads(sys.stdin.read())))
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    clients = int(sys.argv[2]) if len(sys.argv) > 2 else 16
    with tempfile.TemporaryDirectory(prefix="fivelink-bench-") as folder, database(None, Path(folder)) as url:
        key, pairs = asyncio.run(fill(url))
        port = free_port()
        environment = {"FIVELINK_DATABASE_URL": url, "FIVELINK_PORT": str(port), "FIVELINK_DATA_DIR": folder}
        server = Server.start("fivelink", [str(Path(sys.executable).parent / "fivelink"), "serve"], port, environment)
        ours, theirs = [], []
        try:
            served(port, key, pairs, 2.0, clients)
            for _ in range(ROUNDS):
                ours.append(served(port, key, pairs, seconds, clients))
                theirs.append(_by_hand(url, pairs, seconds, clients))
        finally:
            server.stop()
    mine = statistics.median(one["cycles"] for one in ours)
    hand = statistics.median(one["cycles"] for one in theirs)
    latency = statistics.median(1000 * one["p50"] for one in ours)
    slow = statistics.median(1000 * one["p99"] for one in ours)
    print("| what | cycles a second | wanted |\n|---|---:|---:|")
    how = f"fivelink over HTTP, {clients} clients (a cycle: {latency:.0f} ms, p99 {slow:.0f} ms)"
    print(f"| {how} | {mine:.0f} | {WANTED} |")
    print(f"| the same by hand, one asyncpg script | {hand:.0f} | |")
    print(f"| share of it reached | {mine / hand:.2f} | {WANTED_SHARE} |")


def _by_hand(url: str, pairs: list[tuple[int, int]], seconds: float, clients: int) -> dict[str, float]:
    said = subprocess.run(
        [sys.executable, "-m", "bench.cycles", "--peer"],
        input=json.dumps([url, pairs, seconds, clients]),
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        raise SystemExit(said.stderr[-2000:])
    answer: dict[str, float] = json.loads(said.stdout)
    return answer


if __name__ == "__main__":
    main()

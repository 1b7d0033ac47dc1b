"""A kept plan, stored and served: from the answer of an act to the plan that holds it, as another client reads it.

    python -m bench.keeping [NEEDS] [OFFERS] [ACTS]      by default 10,000 needs, as many offers, one county, 300 acts

The keeper is a process of its own, as in `fivelink serve`; acts go through the use cases, the reader has a connection
of its own. "In the engine" is what the keeper says of each update: pairs, flow, scores and reasons, nothing stored. The
peer is computing the plan afresh, in the same run. At the end the plan is compared with one computed afresh.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg

from bench import province
from db.database import Database
from db.server import database
from db.viewer import LOCAL
from resolvers import needs, offers, plan_jobs, plan_keeping, plans
from resolvers.context import Context

WANTED_MS = 20
WARMING = 10
#: How long the reader waits between two looks.
PAUSE_SECONDS = 0.0005

_READ = """SELECT bool_and(pg_visible_in_snapshot(e.xid::text::xid8, p.kept_to::pg_snapshot)), max(p.seconds)
    FROM plan p, event e WHERE p.kept AND e.id > $1 AND e.entity IN ('need', 'offer')"""


async def measure(url: str, many_needs: int, many_offers: int, acts: int) -> None:
    await province.words(url)
    (county,) = await province.fill(url, many_offers, many_needs, counties=1, matched=False)
    base, elsewhere = Database(url), Database(url)
    context = Context(base, LOCAL)
    reader = await asyncpg.connect(url)
    keeper = asyncio.create_task(plan_keeping.attend(Context(elsewhere, LOCAL)))
    try:
        began = time.perf_counter()
        id = (await plans.ask(context, area=county.code)).id
        if await plan_jobs.follow(context, id, 600) != "COMPUTED":
            raise SystemExit("the plan was not computed")
        computing = time.perf_counter() - began
        await plan_keeping.keep(context, id, keep=True)
        while await reader.fetchval("SELECT kept_to FROM plan WHERE id = $1", id) is None:  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_SECONDS)
        clients = Clients(context, await _words(reader), random.Random(5))
        served: list[float] = []
        engine: list[float] = []
        doing: list[float] = []
        kinds: dict[str, list[float]] = {}
        for _ in range(WARMING + acts):
            last = await reader.fetchval("SELECT max(id) FROM event")
            kind, act = clients.one()
            began = time.perf_counter()
            await act()
            answered = time.perf_counter()
            while not (row := await reader.fetchrow(_READ, last))[0]:  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_SECONDS)
            served.append(1000 * (time.perf_counter() - answered))
            engine.append(1000 * row[1])
            doing.append(1000 * (answered - began))
            kinds.setdefault(kind, []).append(served[-1])
        stored = await reader.fetchrow("SELECT demand, met, primal FROM plan WHERE id = $1", id)
        again = (await plans.ask(context, area=county.code)).id
        await plan_jobs.follow(context, again, 600)
        if await reader.fetchrow("SELECT demand, met, primal FROM plan WHERE id = $1", again) != stored:
            raise SystemExit("the kept plan is not the plan computed afresh")
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        await plan_jobs.dismiss(base.engine)
        await reader.close()
        await base.close()
        await elsewhere.close()
    print(f"{stored[0]:,} needs in the plan, {stored[1]:,} met, {many_offers:,} offers, {acts} acts")
    print("| what | median | 95th percentile | wanted |\n|---|---:|---:|---:|")
    print(_line("from the act's answer to the plan as it is read", served[WARMING:], f"median < {WANTED_MS} ms"))
    for kind, times in sorted(kinds.items()):
        print(_line(f"· after {kind}", times, ""))
    print(_line("of it in the engine", engine[WARMING:], ""))
    print(_line("the act itself, matches stored", doing[WARMING:], ""))
    ratio = 1000 * computing / statistics.median(served[WARMING:])
    print(f"| computing the plan afresh, stored | {1000 * computing:,.0f} ms | | {ratio:,.0f} updates |")


def _line(what: str, times: list[float], wanted: str) -> str:
    ordered = sorted(times)
    high = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    return f"| {what} | {statistics.median(times):.1f} ms | {high:.1f} ms | {wanted} |"


async def _words(reader: Any) -> dict[str, list[Any]]:
    async def column(sql: str) -> list[Any]:
        return [row[0] for row in await reader.fetch(sql)]

    return {
        "types": await column("SELECT code FROM resource_type WHERE parent_id IS NOT NULL ORDER BY id"),
        "communities": await column("SELECT id FROM party WHERE kind = 'COMMUNITY' ORDER BY id LIMIT 500"),
        "providers": await column("SELECT id FROM party WHERE kind = 'ORGANIZATION' ORDER BY id LIMIT 500"),
        "areas": await column("SELECT code FROM area WHERE level IN ('TOWNSHIP', 'VILLAGE') AND full_name LIKE '%第%'"),
        "needs": await column("SELECT id FROM need WHERE status = 'OPEN' ORDER BY id"),
        "offers": await column("SELECT id FROM offer WHERE status = 'ACTIVE' AND available > 0 ORDER BY id"),
    }


class Clients:
    """Acts as a county has them: needs come and go, offers come and change."""

    def __init__(self, context: Context, words: dict[str, list[Any]], chance: random.Random) -> None:
        self._context, self._words, self._chance = context, words, chance

    def one(self) -> tuple[str, Callable[[], Awaitable[Any]]]:
        chance, words, context = self._chance, self._words, self._context
        kind = chance.choice(["needSubmit", "needSubmit", "needWithdraw", "offerChange", "offerPause", "offerPublish"])
        if kind == "needSubmit":
            values = {
                "title": "新需求",
                "community_id": chance.choice(words["communities"]),
                "resource_type": chance.choice(words["types"]),
                "quantity": chance.randint(1, 9),
                "priority": chance.choice(province.PRIORITIES),
            }
            return kind, lambda: needs.submit(context, **values)
        if kind == "offerPublish":
            published = {
                "title": "新资源",
                "provider_id": chance.choice(words["providers"]),
                "resource_type": chance.choice(words["types"]),
                "capacity": chance.randint(1, 20),
                "coverage": [chance.choice(words["areas"])],
            }
            return kind, lambda: offers.publish(context, **published)
        if kind == "needWithdraw":
            gone = words["needs"].pop(chance.randrange(len(words["needs"])))
            return kind, lambda: needs.withdraw(context, gone)
        id = words["offers"].pop(chance.randrange(len(words["offers"])))
        if kind == "offerPause":
            return kind, lambda: offers.pause(context, id)
        return kind, lambda: offers.change(context, id, capacity=chance.randint(101, 130))


def main() -> None:
    given = [int(word.replace(",", "")) for word in sys.argv[1:]]
    many_needs = given[0] if given else 10_000
    many_offers = given[1] if len(given) > 1 else many_needs
    acts = given[2] if len(given) > 2 else 300
    with tempfile.TemporaryDirectory(prefix="fivelink-bench-") as folder, database(None, Path(folder)) as url:
        asyncio.run(measure(url, many_needs, many_offers, acts))


if __name__ == "__main__":
    main()

"""`python -m bench.live [SUBSCRIBERS]`: one event to everybody who follows it, in one process. Half a minute.

From the answer of the act that changed a need to the last of 1,000 subscribers' answers; 20 acts, one at a time. Beside
it what the same event costs where nothing is shared, because each subscriber is another viewer; and the peer, ordinary
code over the same feed: each subscriber reads the row itself with the same reader.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from typing import Any

from db.cursors import global_id
from db.database import Database
from db.migrate import upgrade
from db.server import database
from db.viewer import LOCAL, Viewer
from fivelink.runtime import load_words
from resolvers import feed, needs, parties
from resolvers.context import Context
from schema.execution.executor import Executor, Outcome

SUBSCRIBERS, ACTS = 1_000, 20
FIELDS = "id title status quantity area { name } community { name }"
ASKED = f"subscription ($area: String!) {{ needChanged(area: $area) {{ cursor event need {{ {FIELDS} }} }} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Need {{ {FIELDS} }} }} }}"

Follow = Callable[[int], Coroutine[Any, Any, AsyncGenerator[Any, None]]]


class Bench:
    def __init__(self, context: Context, executor: Executor, community: int, area: str) -> None:
        self.context, self.executor, self.community, self.area = context, executor, community, area

    async def subscribed(self, number: int, viewer: Viewer = LOCAL) -> AsyncGenerator[Any, None]:
        answers = await self.executor.subscribe(ASKED, None, {"area": self.area}, viewer=viewer)
        assert not isinstance(answers, Outcome), answers.body
        return answers

    async def another(self, number: int) -> AsyncGenerator[Any, None]:
        return await self.subscribed(number, Viewer("ADMIN", 1_000_000 + number))

    async def by_itself(self, number: int) -> AsyncGenerator[Any, None]:
        after = await feed.end(self.context)

        async def answers() -> AsyncGenerator[Any, None]:
            async for batch in feed.follow(self.context, after):
                for event in batch:
                    if event.entity == "need":
                        id = global_id(b"Need:%d" % event.entity_id)
                        yield await self.executor.run(NODE, None, {"id": id}, viewer=LOCAL)

        return answers()

    async def measured(self, follow: Follow, count: int) -> list[float]:
        """Seconds from each act's answer to the last subscriber's."""
        listeners = [await follow(number) for number in range(count)]
        arrived: list[float] = []
        everybody = asyncio.Event()

        async def listen(answers: AsyncGenerator[Any, None]) -> None:
            async for _ in answers:
                arrived.append(time.perf_counter())
                if len(arrived) == count:
                    everybody.set()

        tasks = [asyncio.create_task(listen(one)) for one in listeners]
        taken = []
        need: int | None = None
        for act in range(ACTS + 2):
            arrived.clear()
            everybody.clear()
            if need is None:
                need = (
                    await needs.submit(
                        self.context,
                        title="0",
                        community_id=self.community,
                        resource_type="WHEELCHAIR",
                        quantity=1,
                    )
                ).id
            else:
                await needs.change(self.context, need, title=str(act))
            done = time.perf_counter()
            async with asyncio.timeout(60):
                await everybody.wait()
            taken.append(max(arrived) - done)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        # The first two prepare statements and programs.
        return taken[2:]


async def run(url: str, count: int) -> None:
    await upgrade(url)
    db = Database(url)
    context = Context(db, LOCAL)
    attending = asyncio.create_task(feed.attend(context))
    try:
        await load_words(context)
        area = (await first_area(db))[0]
        community = (await parties.register_community(context, name="社区", area=area)).id
        bench = Bench(context, Executor(db), community, area)
        print(f"| {count:,} subscribers | median ms | worst ms |\n|---|---|---|", flush=True)
        rows: list[tuple[str, Follow]] = [
            ("the same question as the same viewer", bench.subscribed),
            ("as many viewers: nothing is shared", bench.another),
            ("peer: each reads the row itself", bench.by_itself),
        ]
        for name, follow in rows:
            taken = [1_000 * one for one in await bench.measured(follow, count)]
            print(f"| {name} | {statistics.median(taken):.0f} | {max(taken):.0f} |", flush=True)
    finally:
        attending.cancel()
        await asyncio.wait([attending])
        await db.close()


async def first_area(db: Database) -> Any:
    """The code of a place that has communities."""
    sql = "SELECT code FROM area WHERE level IN ('VILLAGE', 'TOWNSHIP') ORDER BY code LIMIT 1"
    return (await db.reader.read(sql, ()))[0]


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SUBSCRIBERS
    with tempfile.TemporaryDirectory(prefix="fivelink-bench-") as folder, database(None, Path(folder)) as url:
        asyncio.run(run(url, count))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

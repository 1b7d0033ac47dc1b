"""A worker that only writes: `python feed_writer.py URL COUNT SEED`.

It attends to the feed as every worker does and commits COUNT events of needs, some late, after transactions that are
rolled back and beside long ones; half of them by acts. Prints "ready", and begins when it is sent a line.
"""

from __future__ import annotations

import asyncio
import random
import sys

from sqlalchemy import text

from db import events
from db.database import Database
from db.viewer import LOCAL
from resolvers import feed, needs
from resolvers.context import Context

ABREAST = 4


async def write(context: Context, count: int, dice: random.Random, entity_id: int) -> None:
    for number in range(count):
        if number % 2:
            await needs.submit(
                context, community_id=1, title=f"{entity_id} {number}", resource_type="WHEELCHAIR", quantity=1
            )
            continue
        if dice.random() < 0.3:
            async with context.engine.connect() as conn:
                await add(conn, entity_id)
                await conn.rollback()
        async with context.engine.begin() as conn:
            await add(conn, entity_id)
            # The event has its id; its transaction ends after those of others that come later.
            await conn.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": dice.choice((0, 0, 0.01, 0.1))})
        feed.wake(context.engine)


async def add(conn: object, entity_id: int) -> None:
    await events.add(
        conn,  # type: ignore[arg-type]
        kind="party.changed",
        entity="party",
        entity_id=entity_id,
        area_id=None,
        actor_id=None,
        detail={},
    )


async def main(url: str, count: int, seed: int) -> None:
    database = Database(url)
    context = Context(database, LOCAL)
    attending = asyncio.create_task(feed.attend(context))
    try:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        dice = random.Random(seed)
        await asyncio.gather(*(write(context, count // ABREAST, dice, 100 * seed + one) for one in range(ABREAST)))
    finally:
        attending.cancel()
        await asyncio.wait([attending])
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

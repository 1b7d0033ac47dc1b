"""The feed: one order for everybody, without gaps, that a reader can resume from whatever breaks."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from plan_stage import until
from small_county import County, found
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db import events
from db import feed as rows
from db.cursors import BadCursor, encode
from db.database import Database
from db.feed import FeedEvent
from db.viewer import LOCAL
from resolvers import feed, needs
from resolvers.context import Context

WRITER = Path(__file__).with_name("feed_writer.py")


@pytest.fixture
async def county(database_url: str) -> AsyncIterator[County]:
    database, county = await found(database_url)
    yield county
    await database.close()


@asynccontextmanager
async def attending(url: str) -> AsyncIterator[Context]:
    """A process that serves, as far as the feed is concerned."""
    database = Database(url)
    context = Context(database, LOCAL)
    task = asyncio.create_task(feed.attend(context))
    try:
        yield context
    finally:
        task.cancel()
        await asyncio.wait([task])
        await database.close()


async def add(conn: AsyncConnection, entity_id: int, entity: str = "party") -> None:
    await events.add(
        conn, kind=f"{entity}.changed", entity=entity, entity_id=entity_id, area_id=None, actor_id=None, detail={}
    )


async def step(county: County) -> int:
    async with county.engine.begin() as conn:
        return await rows.advance(conn)


async def whole(county: County) -> list[FeedEvent]:
    async with county.engine.connect() as conn:
        return list(await rows.read(conn, 0, 100_000))


def numbers(read: list[FeedEvent]) -> list[int]:
    return [event.entity_id for event in read if event.entity == "party"]


def assert_dense(read: list[FeedEvent]) -> None:
    assert [event.position for event in read] == list(range(1, len(read) + 1))
    assert len({event.id for event in read}) == len(read)


async def test_events_stand_in_the_order_of_their_commits_to_whoever_looks(county: County) -> None:
    before = await step(county)
    async with county.engine.begin() as conn:
        await add(conn, 1)
        await add(conn, 2)
    assert await step(county) == 2
    assert await step(county) == 0
    async with county.engine.begin() as conn:
        await add(conn, 3)
    assert await step(county) == 1
    read = await whole(county)
    assert numbers(read) == [1, 2, 3]
    assert_dense(read)
    async with county.engine.connect() as conn:
        assert await rows.last(conn) == len(read)
        assert await rows.read(conn, before, 2) == read[before : before + 2]
        assert await rows.read(conn, len(read), 10) == []


async def test_a_long_transaction_delays_its_own_events_only(county: County) -> None:
    await step(county)
    async with county.engine.connect() as slow:
        await add(slow, 1)
        async with county.engine.begin() as conn:
            await add(conn, 2)
        await step(county)
        assert numbers(await whole(county)) == [2]
        await slow.commit()
    await step(county)
    read = await whole(county)
    assert numbers(read) == [2, 1]
    assert_dense(read)


async def test_reading_by_id_would_have_lost_what_commits_late(county: County) -> None:
    seen: list[int] = []
    last = (await county.one("SELECT coalesce(max(id), 0) FROM event"))[0]

    async def read_by_id() -> None:
        nonlocal last
        for id, number in await county.rows("SELECT id, entity_id FROM event WHERE id > :last ORDER BY id", last=last):
            seen.append(number)
            last = id

    async with county.engine.connect() as slow:
        await add(slow, 1)
        async with county.engine.begin() as conn:
            await add(conn, 2)
        await read_by_id()
        await step(county)
        await slow.commit()
    await read_by_id()
    await step(county)
    assert seen == [2]
    assert sorted(numbers(await whole(county))) == [1, 2]


async def test_what_is_rolled_back_leaves_no_gap(county: County) -> None:
    await step(county)
    before = len(await whole(county))
    async with county.engine.connect() as conn:
        await add(conn, 1)
        await conn.rollback()
    assert await step(county) == 0
    async with county.engine.begin() as conn:
        await add(conn, 2)
    await step(county)
    read = await whole(county)
    assert numbers(read) == [2]
    assert len(read) == before + 1
    assert_dense(read)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_transactions_do_each_committed_event_has_one_place_that_stays(
    county: County, seed: int
) -> None:
    """120 moves of five sessions: begin, write, commit, roll back; and a step of the sequencer now and then."""
    dice = random.Random(seed)
    connections = [await county.engine.connect() for _ in range(5)]
    written: list[list[int]] = [[] for _ in connections]
    committed: set[int] = set()
    earlier: list[FeedEvent] = []
    number = 0
    try:
        for _ in range(120):
            who = dice.randrange(len(connections))
            match dice.choice(("write", "write", "commit", "commit", "roll back", "step", "step")):
                case "write":
                    number += 1
                    await add(connections[who], number)
                    written[who].append(number)
                case "commit":
                    await connections[who].commit()
                    committed |= set(written[who])
                    written[who] = []
                case "roll back":
                    await connections[who].rollback()
                    written[who] = []
                case "step":
                    await step(county)
                    read = await whole(county)
                    assert_dense(read)
                    assert read[: len(earlier)] == earlier
                    assert set(numbers(read)) == committed
                    earlier = read
    finally:
        for connection in connections:
            await connection.close()
    assert committed


async def test_any_number_may_give_positions_at_once(county: County) -> None:
    async def write(first: int) -> None:
        for number in range(first, first + 10):
            async with county.engine.begin() as conn:
                await add(conn, number)
            await step(county)

    await asyncio.gather(*(write(10 * one) for one in range(8)))
    read = await whole(county)
    assert_dense(read)
    assert sorted(numbers(read)) == list(range(80))
    for one in range(8):
        mine = [number for number in numbers(read) if number // 10 == one]
        assert mine == sorted(mine)


async def test_of_one_entity_the_earlier_event_stands_first(county: County, database_url: str) -> None:
    """Two sessions change the same need in turn, each waiting for the other's lock; ids follow, commits overlap."""
    community = await county.community()
    need = await county.need(community, quantity=50)

    async def change(context: Context, titles: list[str]) -> None:
        for title in titles:
            await needs.change(context, need, title=title)

    async with attending(database_url) as one, attending(database_url) as two:
        await asyncio.gather(
            change(one, [f"一 {n}" for n in range(15)]),
            change(two, [f"二 {n}" for n in range(15)]),
        )
        await until(lambda: all_placed(county))
    ids = [event.id for event in await whole(county) if (event.entity, event.entity_id) == ("need", need)]
    assert len(ids) == 31
    assert ids == sorted(ids)


async def test_a_database_restored_from_a_dump_goes_on_where_it_was(county: County) -> None:
    """Its transactions are numbered anew, lower than those that its rows remember."""
    await step(county)
    async with county.engine.begin() as conn:
        await add(conn, 1)
    async with county.engine.begin() as conn:
        await conn.execute(text("SET LOCAL session_replication_role = replica"))
        await conn.execute(text("UPDATE event SET xid = xid + 1000000"))
        await conn.execute(text("UPDATE feed_state SET snapshot = '1000900:1000900:'"))
    before = await whole(county)
    assert numbers(before) == []
    async with county.engine.begin() as conn:
        await rows.take_up(conn)
    assert await step(county) == 1
    async with county.engine.begin() as conn:
        await add(conn, 2)
    assert await step(county) == 1
    read = await whole(county)
    assert_dense(read)
    assert read[: len(before)] == before
    assert numbers(read) == [1, 2]


# ---------------------------------------------------------------------------------------- following


async def all_placed(county: County) -> bool:
    return bool(
        (
            await county.one(
                "SELECT (SELECT count(*) FROM event) = (SELECT count(*) FROM event_position) AS all_of_them"
            )
        )[0]
    )


async def following(context: Context, after: int, read: list[FeedEvent], dice: random.Random | None = None) -> None:
    """Reads on for ever; with dice it leaves now and then and comes back with the position it had come to."""
    while True:
        position = read[-1].position if read else after
        left = False
        batches = feed.follow(context, position)
        try:
            async for batch in batches:
                for event in batch:
                    read.append(event)
                    left = dice is not None and dice.random() < 0.1
                    if left:
                        break
                if left:
                    break
        finally:
            await batches.aclose()


async def test_400_events_of_two_processes_reach_every_reader_once_and_in_one_order(
    county: County, database_url: str
) -> None:
    await county.community()
    await step(county)
    start = len(await whole(county))
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(WRITER),
            database_url,
            "200",
            str(seed),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={"PYTHONPATH": ".", "PATH": "/usr/bin:/bin"},
        )
        for seed in (1, 2)
    ]
    read: list[list[FeedEvent]] = [[] for _ in range(4)]
    async with attending(database_url) as one, attending(database_url) as two:
        readers = [
            asyncio.create_task(following(context, start, mine, dice))
            for context, mine, dice in zip(
                (one, one, two, two),
                read,
                (None, random.Random(1), None, random.Random(2)),
                strict=True,
            )
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert await writer.stdout.readline() == b"ready\n"
        await asyncio.gather(*(writer.communicate(b"go\n") for writer in writers))
        assert [writer.returncode for writer in writers] == [0, 0]
        await until(lambda: all_placed(county))
        await until(lambda: have(read, 400))
        for reader in readers:
            reader.cancel()
        await asyncio.wait(readers)
        assert feed.followers(one.engine) == feed.followers(two.engine) == 0
    everything = (await whole(county))[start:]
    assert len(everything) == 400
    assert {event.id for event in everything} == {
        row[0] for row in await county.rows("SELECT e.id FROM event e ORDER BY id OFFSET :start", start=start)
    }
    for mine in read:
        assert mine == everything


async def have(read: list[list[FeedEvent]], count: int) -> bool:
    return all(len(mine) >= count for mine in read)


async def test_who_is_far_behind_catches_up_from_the_table(
    county: County, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "HELD", 20)
    monkeypatch.setattr(feed, "PAGE", 7)
    async with county.engine.begin() as conn:
        for number in range(100):
            await add(conn, number)
    read: list[FeedEvent] = []
    async with attending(database_url) as context:
        reader = asyncio.create_task(following(context, 0, read))
        await until(lambda: all_placed(county))
        for number in range(100, 200):
            async with county.engine.begin() as conn:
                await add(conn, number)
        await until(lambda: have([[e for e in read if e.entity == "party"]], 200))
        reader.cancel()
        await asyncio.wait([reader])
    assert read == await whole(county)
    assert numbers(read) == list(range(200))


async def test_a_lost_session_loses_no_event(county: County, database_url: str) -> None:
    read: list[FeedEvent] = []
    async with attending(database_url) as context:
        reader = asyncio.create_task(following(context, 0, read))
        for number in range(3):
            async with county.engine.begin() as conn:
                await add(conn, number)
            await until(lambda: all_placed(county))
            await until(partial(have, [read], 1 + number))
            await county.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await county.engine.dispose()
        async with county.engine.begin() as conn:
            await add(conn, 3)
        await until(lambda: all_placed(county))
        total = len(await whole(county))
        await until(lambda: have([read], total))
        reader.cancel()
        await asyncio.wait([reader])
    assert read == await whole(county)
    assert numbers(read) == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(3))
async def test_a_sequencer_ends_when_it_is_told_to_whatever_it_is_at(county: County, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(15):
        task = asyncio.create_task(feed.attend(county.context))
        async with county.engine.begin() as conn:
            await add(conn, 1)
        for _ in range(dice.randrange(60)):
            await asyncio.sleep(0)
        feed.wake(county.engine)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=10)
        assert done
        assert task.cancelled()


# ---------------------------------------------------------------------------------------- cursors


@pytest.mark.parametrize("position", [0, 1, 12, 2**62])
def test_a_cursor_names_its_position(position: int) -> None:
    assert rows.position_of(rows.cursor_of(position)) == position


@pytest.mark.parametrize(
    "text_",
    [
        "",
        "x",
        "12",
        "é",
        "\x00",
        encode([12]),
        encode(["feed"]),
        encode(["feed", -1]),
        encode(["feed", True]),
        encode(["feed", 1.0]),
        encode(["feed", "1"]),
        encode(["feed", 2**63]),
        encode(["other", 1]),
        encode(["feed", 1, 2]),
        rows.cursor_of(7) + "=",
        rows.cursor_of(7).rstrip("="),
        "W" * 100_000,
    ],
)
def test_nonsense_is_no_cursor(text_: str) -> None:
    with pytest.raises(BadCursor):
        rows.position_of(text_)

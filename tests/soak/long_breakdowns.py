"""The long runs of tests/breakdowns.py, with their timings: some ten minutes on two cores that do nothing else.

`make soak` runs this file by its name; `make test` leaves it out, for it is not called test_*.py. The short ones stand
in tests/postgres/test_breakdowns.py. `-s` shows the figures.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import breakdowns
import pytest
from served import Served

from db.server import database, supervise

#: A failure may last until the next connection is tried, and /readyz is asked ten times a second.
BACK_SECONDS, LONGEST_SECONDS, REPAIRED_SECONDS, UNREADY_SECONDS = 5.0, 6.0, 1.0, 3.0


async def test_a_server_killed_ten_times_in_full_load(database_url: str) -> None:
    away = await breakdowns.servers_killed(database_url, 10, 16, 2.0)
    print("serving again after", [round(one, 2) for one in away], "s")
    assert max(away) < BACK_SECONDS


async def test_postgres_killed_five_times_in_full_load(data_dir: Path) -> None:
    victims = ("postmaster", "backend", "postmaster", "backend", "postmaster")
    with database(None, data_dir) as url:
        back = await breakdowns.postgres_killed(url, data_dir, victims, 16, 3.0)
    print("acting again after", [round(one, 2) for one in back], "s")
    assert max(back) < BACK_SECONDS


async def test_the_network_fails_in_every_way(database_url: str) -> None:
    faults: tuple[breakdowns.Fault, ...] = ("cut", "resumed", "dead", "cut after silence", "restarted")
    rows = await breakdowns.network_broken(database_url, faults, 16, 6.0)
    rows += await breakdowns.network_broken(database_url, faults, 16, 1.0)
    for row in rows:
        print(row)
    assert max(row["longest"] for row in rows) < LONGEST_SECONDS
    assert max(row["last_failure"] for row in rows) < REPAIRED_SECONDS
    assert max(row["unready_after"] for row in rows[: len(faults)]) < UNREADY_SECONDS


async def test_a_server_is_told_to_stop_ten_times_under_load(database_url: str) -> None:
    await breakdowns.servers_ended(database_url, 10, 16, 1.0)


async def test_the_last_units_twenty_times(database_url: str) -> None:
    print(await breakdowns.last_units(database_url, 20, 40), "orders")


@pytest.mark.parametrize("own", [True, False], ids=["the embedded server", "a server of one's own"])
async def test_the_disk_is_full(own: bool) -> None:
    with breakdowns.small_disk(300) as disk:
        if isinstance(disk, str):
            pytest.skip(disk)
        folder = disk / "data"
        with database(None, folder) as url:
            # A server of one's own has a supervisor too; who serves does not look at its disk.
            watching = asyncio.create_task(supervise(None, folder))
            server = Served(folder=folder) if own else Served(url=url)
            server.start()
            try:
                await server.ready()
                print(await breakdowns.disk_full(url, disk, server, 16, 10))
            finally:
                server.stop()
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

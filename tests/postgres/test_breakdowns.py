"""What breaks under load, briefly: processes killed and ended, a network that fails, races. tests/soak has the long
ones, and the timings."""

from __future__ import annotations

import sys
from pathlib import Path

import breakdowns
import pytest
from served import Served

from db.server import database

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and Unix sockets")


async def test_a_server_killed_under_load_loses_and_doubles_nothing(database_url: str) -> None:
    assert len(await breakdowns.servers_killed(database_url, 2, 8, 1.0)) == 2


async def test_postgres_killed_under_load_comes_back_with_everything_acknowledged(data_dir: Path) -> None:
    with database(None, data_dir) as url:
        assert len(await breakdowns.postgres_killed(url, data_dir, ("postmaster", "backend"), 8, 1.5)) == 2


async def test_a_network_that_is_cut_or_falls_silent_is_answered_in_codes(database_url: str) -> None:
    for row in await breakdowns.network_broken(database_url, ("cut", "dead"), 6, 3.0):
        assert row["failed"]
        assert row["unready_after"] is not None


async def test_a_server_that_is_told_to_stop_cuts_no_request(database_url: str) -> None:
    await breakdowns.servers_ended(database_url, 2, 8, 0.7)


async def test_the_last_units_go_out_once_and_all_of_them(database_url: str) -> None:
    assert await breakdowns.last_units(database_url, 2, 10)


async def test_one_key_used_by_twenty_at_once_has_one_effect(database_url: str) -> None:
    await breakdowns.same_key(database_url, 20)


async def test_a_full_disk_refuses_acts_and_answers_questions() -> None:
    with breakdowns.small_disk(220) as disk:
        if isinstance(disk, str):
            pytest.skip(disk)
        server = Served(folder=disk / "data")
        with database(None, disk / "data") as url:
            server.start()
            try:
                await server.ready()
                assert await breakdowns.disk_full(url, disk, server, 6, 3)
            finally:
                server.stop()

"""The embedded server: shared by processes, stopped by the last, and nothing lost when anybody is killed.

The processes are real, and so are the signals.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from db.health import inspect, require
from db.server import database, supervise
from db.server_errors import ServerError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and Unix sockets")

ROOT = Path(__file__).parents[2]

#: Says the URL, then stays until its standard input ends.
USER = """
import sys
from pathlib import Path
from db.server import database
with database(None, Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""

#: Comes and goes, and asks the server something each time.
VISITOR = """
import asyncio, sys
from pathlib import Path
import asyncpg
from db.server import database

async def ask(url):
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO visit DEFAULT VALUES")
    await connection.close()

for _ in range(int(sys.argv[2])):
    with database(None, Path(sys.argv[1])) as url:
        asyncio.run(ask(url))
"""


class User:
    """Another process that uses the server of `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", USER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()

    def leave(self) -> tuple[int, bytes]:
        """Lets it end in order; its exit status and what it complained about."""
        _, complaints = self._process.communicate(timeout=60)
        return self._process.returncode, complaints

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=60)


def postmaster(data_dir: Path) -> int | None:
    """The number in the server's pid file; None when it was stopped in order, or is only just being written."""
    try:
        words = (data_dir / "postgres" / "postmaster.pid").read_text().split()
    except FileNotFoundError:
        return None
    return int(words[0]) if words else None


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def eventually(holds: Callable[[], bool]) -> None:
    """Waits for what another process does; fails after 30 s."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


async def ask(url: str, *statements: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        answer = None
        for statement in statements:
            answer = await connection.fetchval(statement)
        return answer
    finally:
        await connection.close()


def asked(url: str, *statements: str) -> object:
    return asyncio.run(ask(url, *statements))


@contextmanager
def survivors_ended(data_dir: Path) -> Iterator[None]:
    """Joins and leaves at the end, so that a test that kills leaves no server behind."""
    try:
        yield
    finally:
        with database(None, data_dir):
            pass


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A data folder that was made and stopped in order; never started, only copied."""
    with tempfile.TemporaryDirectory(prefix="fivelink-tests-") as folder:
        with database(None, Path(folder) / "data"):
            pass
        yield Path(folder) / "data"


@pytest.fixture
def used_dir(made: Path, data_dir: Path) -> Path:
    """A data folder of this test alone that is no longer new: a copy, as of a backup (as root, it belongs to root)."""
    shutil.copytree(made, data_dir)
    return data_dir


def test_a_new_folder_becomes_a_database_that_keeps_its_rows(data_dir: Path) -> None:
    with database(None, data_dir) as url:
        asked(url, "CREATE TABLE kept AS SELECT '社区' AS word")
    assert postmaster(data_dir) is None
    with database(None, data_dir) as again:
        assert again == url
        assert asked(again, "SELECT word FROM kept") == "社区"


def test_the_server_is_private_durable_and_speaks_utf8(used_dir: Path) -> None:
    with database(None, used_dir) as url:
        for name, value in {
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
            "jit": "off",
        }.items():
            assert asked(url, f"SELECT current_setting('{name}')") == value, name
        assert asked(url, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
        cluster = (used_dir / "postgres").stat()
        assert stat.S_IMODE(cluster.st_mode) == 0o700
        assert cluster.st_uid != 0


def test_an_address_of_ones_own_is_taken_as_it_is_and_nothing_is_made(data_dir: Path) -> None:
    with database("postgresql://somewhere/else", data_dir) as url:
        assert url == "postgresql://somewhere/else"
    asyncio.run(supervise("postgresql://somewhere/else", data_dir))
    assert not data_dir.exists()


def test_the_last_process_out_stops_the_server(used_dir: Path) -> None:
    first, second = User(used_dir), User(used_dir)
    assert first.url == second.url
    pid = postmaster(used_dir)
    assert first.leave() == (0, b"")
    assert postmaster(used_dir) == pid
    assert asked(second.url, "SELECT 1") == 1
    assert second.leave() == (0, b"")
    assert postmaster(used_dir) is None


def test_two_users_in_one_process_count_as_two(used_dir: Path) -> None:
    with database(None, used_dir):
        with database(None, used_dir) as url:
            pass
        assert asked(url, "SELECT 1") == 1
    assert postmaster(used_dir) is None


def test_a_killed_process_leaves_no_lock_and_its_server_is_adopted(used_dir: Path) -> None:
    with survivors_ended(used_dir):
        user = User(used_dir)
        asked(user.url, "CREATE TABLE kept AS SELECT 7 AS n")
        user.kill()
        pid = postmaster(used_dir)
        assert pid is not None
        assert is_running(pid)
        with database(None, used_dir) as url:
            assert postmaster(used_dir) == pid
            assert asked(url, "SELECT n FROM kept") == 7
        assert postmaster(used_dir) is None
        assert not is_running(pid)


def test_a_killed_server_is_started_by_the_next_process_with_every_committed_row(used_dir: Path) -> None:
    with survivors_ended(used_dir):
        user = User(used_dir)
        asked(user.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        pid = postmaster(used_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with database(None, used_dir) as url:
            assert url == user.url
            assert asked(url, "SELECT count(*) FROM kept") == 1000
            assert asked(user.url, "SELECT count(*) FROM kept") == 1000
        assert user.leave() == (0, b"")
        assert postmaster(used_dir) is None


def test_both_killed_at_once_lose_nothing(used_dir: Path) -> None:
    with survivors_ended(used_dir):
        user = User(used_dir)
        asked(user.url, "CREATE TABLE kept AS SELECT 7 AS n")
        pid = postmaster(used_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        user.kill()
        with database(None, used_dir) as url:
            assert asked(url, "SELECT n FROM kept") == 7
        assert postmaster(used_dir) is None


def test_a_statement_that_outlives_the_killed_server_does_not_keep_the_next_one_out(used_dir: Path) -> None:
    async def interrupted(pid: int) -> None:
        connection = await asyncpg.connect(user.url)
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        # Never waits, so it would not notice by itself that its server died.
        endless = asyncio.create_task(connection.execute("SELECT count(*) FROM generate_series(1, 100000000000)"))
        await asyncio.to_thread(eventually, lambda: busy(backend))
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(restart)
        assert not is_running(backend)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await endless

    def busy(backend: int) -> bool:
        states = asked(user.url, "SELECT array_agg(pid) FROM pg_stat_activity WHERE state = 'active'")
        return isinstance(states, list) and backend in states

    def restart() -> None:
        with database(None, used_dir) as url:
            assert asked(url, "SELECT 1") == 1

    with survivors_ended(used_dir):
        user = User(used_dir)
        pid = postmaster(used_dir)
        assert pid is not None
        asyncio.run(interrupted(pid))
        user.leave()


async def test_a_running_process_notices_that_the_server_was_killed_and_starts_it_again(used_dir: Path) -> None:
    with database(None, used_dir) as url:
        watching = asyncio.create_task(supervise(None, used_dir))
        await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        for _ in range(2):
            pid = postmaster(used_dir)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(eventually, partial(another_runs, used_dir, pid))
            await asyncio.to_thread(eventually, lambda: answers(url))
            assert await ask(url, "SELECT n FROM kept") == 7
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
    assert postmaster(used_dir) is None


def another_runs(data_dir: Path, than: int) -> bool:
    return postmaster(data_dir) not in (than, None)


def answers(url: str) -> bool:
    try:
        return asked(url, "SELECT 1") == 1
    except (OSError, asyncpg.PostgresError):
        return False


def test_processes_that_come_and_go_at_once_never_meet_a_server_that_is_gone(used_dir: Path) -> None:
    with database(None, used_dir) as url:
        asked(url, "CREATE TABLE visit (id int GENERATED ALWAYS AS IDENTITY)")
    visitors = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", VISITOR, str(used_dir), "4"], stderr=subprocess.PIPE, cwd=ROOT
        )
        for _ in range(5)
    ]
    complaints = [visitor.communicate(timeout=120)[1].decode() for visitor in visitors]
    assert complaints == [""] * 5
    assert postmaster(used_dir) is None
    with database(None, used_dir) as url:
        assert asked(url, "SELECT count(*) FROM visit") == 20


@pytest.mark.parametrize(
    "moment", ["postgres.gate", "postgres.new-*", "postgres/PG_VERSION", "postgres/postmaster.pid"]
)
def test_a_process_killed_in_the_middle_of_its_first_start_does_not_spoil_the_folder(
    data_dir: Path, moment: str
) -> None:
    with survivors_ended(data_dir):
        process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        eventually(lambda: any(data_dir.glob(moment)))
        process.kill()
        process.communicate(timeout=60)
        with database(None, data_dir) as url:
            assert asked(url, "SELECT 1") == 1
    assert postmaster(data_dir) is None
    assert not list(data_dir.glob("postgres.new-*"))


@pytest.mark.parametrize(
    "content", ["", f"{os.getpid()}\n", "4194000\n/nowhere\n"], ids=["empty", "a stranger", "nobody"]
)
def test_a_pid_file_that_names_nobody_or_a_stranger_does_not_keep_the_server_from_starting(
    used_dir: Path, content: str
) -> None:
    with database(None, used_dir) as url:
        asked(url, "CREATE TABLE kept AS SELECT 7 AS n")
    (used_dir / "postgres" / "postmaster.pid").write_text(content)
    with database(None, used_dir) as url:
        assert asked(url, "SELECT n FROM kept") == 7


@pytest.mark.parametrize("name", ["x" * 120, "数据 夹,a:b&c'%20"])
def test_a_folder_whose_path_no_socket_can_have_gets_a_private_short_one(data_dir: Path, name: str) -> None:
    data_dir = data_dir.parent / name
    user = User(data_dir)
    folder = Path((data_dir / "postgres.socket").read_text(encoding="utf-8"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with database(None, data_dir) as url:
        assert url == user.url
        assert asked(url, "SELECT 1") == 1
    assert user.leave() == (0, b"")
    assert not folder.exists()


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ServerError) as refused, database(None, tmp_path / "file"):
        pass
    assert refused.value.code == "DATA_DIR_UNUSABLE"
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_of_another_major_version_is_refused_and_left_alone(used_dir: Path) -> None:
    with database(None, used_dir):
        pass
    (used_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerError) as refused, database(None, used_dir):
        pass
    assert refused.value.code == "SERVER_VERSION_CHANGED"
    assert (used_dir / "postgres" / "PG_VERSION").read_text() == "17\n"
    assert postmaster(used_dir) is None


def test_a_start_that_fails_says_where_the_log_is(used_dir: Path) -> None:
    with database(None, used_dir):
        pass
    (used_dir / "postgres" / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServerError) as refused, database(None, used_dir):
        pass
    assert refused.value.code == "SERVER_NOT_STARTED"
    assert "postgres.log" in refused.value.text_zh
    assert "no_such_setting" in (used_dir / "postgres.log").read_text()


def test_the_log_stays_bounded_and_holds_no_values(used_dir: Path) -> None:
    with database(None, used_dir) as url:
        asked(url, "CREATE TABLE person (name text PRIMARY KEY)", "INSERT INTO person VALUES ('王小娜')")
        with pytest.raises(asyncpg.UniqueViolationError):
            asked(url, "INSERT INTO person VALUES ('王小娜')")
    log = used_dir / "postgres.log"
    assert "duplicate key" in log.read_text()
    assert "王小娜" not in log.read_text()
    with log.open("a") as file:
        file.write("x" * 6_000_000)
    with database(None, used_dir):
        assert log.stat().st_size < 100_000


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root lends the server an account")
def test_as_root_a_private_parent_folder_stays_closed_to_everybody_else(data_dir: Path) -> None:
    private = data_dir.parent / "private"
    private.mkdir(mode=0o700)
    with database(None, private / "data") as url:
        assert asked(url, "SELECT 1") == 1
        assert stat.S_IMODE(private.stat().st_mode) & 0o007 == 0


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("postgres.log", pytest.raises(ServerError, match="DATA_DIR_UNUSABLE")),
        ("postgres.users", pytest.raises(ServerError, match="DATA_DIR_UNUSABLE")),
        ("postgres/postgresql.conf.new", nullcontext()),
    ],
)
def test_a_link_in_the_place_of_a_file_of_ours_is_not_written_through(
    used_dir: Path, name: str, refusal: AbstractContextManager[object]
) -> None:
    with database(None, used_dir):
        pass
    precious = used_dir.parent / "precious"
    precious.write_text("mine")
    before = precious.stat()
    (used_dir / name).unlink(missing_ok=True)
    (used_dir / name).symlink_to(precious)
    with refusal, database(None, used_dir) as url:
        assert asked(url, "SELECT 1") == 1
    assert precious.read_text() == "mine"
    assert (precious.stat().st_uid, precious.stat().st_mode) == (before.st_uid, before.st_mode)


async def test_a_server_that_could_lose_data_is_refused(used_dir: Path) -> None:
    with database(None, used_dir) as url:
        require(await inspect(url))
        await ask(url, "ALTER DATABASE fivelink SET synchronous_commit = off")
        with pytest.raises(ServerError) as refused:
            require(await inspect(url))
        assert refused.value.code == "SYNCHRONOUS_COMMIT_OFF"
        await ask(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        with pytest.raises(ServerError) as refused:
            require(await inspect(url))
        assert refused.value.code == "FSYNC_OFF"
        assert refused.value.text_zh
        assert refused.value.text_en


async def test_an_unreachable_server_is_reported_without_its_password() -> None:
    for url, code in [
        ("postgresql://me:geheim@127.0.0.1:1/x", "DATABASE_UNREACHABLE"),
        ("postgresql://me:geheim@127.0.0.1:port/x", "DATABASE_URL_INVALID"),
    ]:
        with pytest.raises(ServerError) as refused:
            await inspect(url)
        assert refused.value.code == code
        assert "geheim" not in str(refused.value)

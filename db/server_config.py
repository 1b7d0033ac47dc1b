"""What the embedded server is told: its settings, who may connect, and where its socket lies."""

from __future__ import annotations

import os
import re
import secrets
import socket
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from db.server_user import Account, open_own

DATABASE = "fivelink"
SUPERUSER = "postgres"
#: Only a part of the socket's name: nothing listens on a port where there are Unix sockets.
PORT = 5432
#: sun_path holds 104 (macOS) to 108 bytes (Linux); ".s.PGSQL.5432.lock" lies beside it.
LONGEST_SOCKET_PATH = 100
#: Not the system's own choice: on macOS that is a long path itself.
TEMPORARY = Path("/tmp")
#: A comma or a colon in a socket's folder would be read as a list of hosts by clients.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


@dataclass(frozen=True, slots=True)
class Door:
    """How to reach the server: a private socket folder, or (Windows) a loopback port with a password."""

    socket_dir: Path | None
    port: int
    password: str | None = None

    def url(self, database: str = DATABASE) -> str:
        """postgresql://, for asyncpg and libpq alike."""
        if self.socket_dir is not None:
            return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_dir))}&port={self.port}"
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"


def door_for(data_dir: Path, cluster: Path, account: Account | None) -> Door:
    """The same door at every start of the cluster, so that a URL outlives a restart. Call it under the gate."""
    if sys.platform == "win32":
        return Door(None, int(_kept(data_dir / "postgres.port", _free_port)), password(data_dir))
    if len(os.fsencode(cluster / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH and _PLAIN.fullmatch(str(cluster)):
        return Door(cluster, PORT)
    note = data_dir / "postgres.socket"
    uid = account.uid if account else os.geteuid()
    if note.exists():
        folder = Path(note.read_text(encoding="utf-8"))
        if folder.parent == TEMPORARY and folder.name.startswith("fivelink-"):
            if not folder.exists():
                folder.mkdir(mode=0o700)
                _give(folder, account)
            found = folder.lstat()
            # Anybody may write to the temporary folder: what is there must still be ours alone.
            if stat.S_ISDIR(found.st_mode) and found.st_uid == uid and stat.S_IMODE(found.st_mode) == 0o700:
                return Door(folder, PORT)
    folder = Path(tempfile.mkdtemp(prefix="fivelink-", dir=TEMPORARY))
    _give(folder, account)
    with open(open_own(note, os.O_WRONLY | os.O_TRUNC), "w", encoding="utf-8") as file:
        file.write(str(folder))
    return Door(folder, PORT)


def forget_door(data_dir: Path) -> None:
    """Removes a socket folder outside the data folder, once the server has stopped."""
    note = data_dir / "postgres.socket"
    if note.exists():
        folder = Path(note.read_text(encoding="utf-8"))
        note.unlink()
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def password(data_dir: Path) -> str:
    """The superuser's password where a port is unavoidable; kept in the data folder."""
    return _kept(data_dir / "postgres.password", lambda: secrets.token_urlsafe(32))


def write_settings(cluster: Path, door: Door, account: Account | None) -> None:
    """Writes postgresql.conf and pg_hba.conf anew; what a person sets by ALTER SYSTEM stays, and wins."""
    settings = {
        "listen_addresses": "''" if door.socket_dir else "'127.0.0.1'",
        "port": str(door.port),
        "unix_socket_directories": f"'{door.socket_dir}'" if door.socket_dir else "''",
        "unix_socket_permissions": "0700",
        "password_encryption": "'scram-sha-256'",
        "max_connections": "100",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": "'256MB'",
        "effective_cache_size": "'1GB'",
        "work_mem": "'16MB'",
        "maintenance_work_mem": "'128MB'",
        "random_page_cost": "1.1",
        "jit": "off",
        # Parallel workers want /dev/shm, which containers keep small, and the second core belongs to the application.
        "max_parallel_workers_per_gather": "0",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "datestyle": "'iso, ymd'",
        "lc_messages": "'C'",
        "default_text_search_config": "'pg_catalog.simple'",
        # Neither statements nor values of rows: the log is read by people who may not see the data.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_checkpoints": "off",
        "log_line_prefix": "'%m [%p] '",
    }
    lines = ["# Written at every start. Use ALTER SYSTEM for settings of your own.\n"]
    lines += [f"{name} = {value}\n" for name, value in settings.items()]
    rule = "local all all trust" if door.socket_dir else "host all all 127.0.0.1/32 scram-sha-256"
    for name, text in [("postgresql.conf", "".join(lines)), ("pg_hba.conf", rule + "\n")]:
        fresh = cluster / f"{name}.new"
        fresh.unlink(missing_ok=True)
        with open(open_own(fresh, os.O_WRONLY | os.O_EXCL, account), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(cluster / name)


def _give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        with open(open_own(path, os.O_WRONLY | os.O_EXCL), "w", encoding="utf-8") as file:
            file.write(make())
    return path.read_text(encoding="utf-8")


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])

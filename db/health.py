"""What the server is like, and whether it may be trusted with a county's data."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from db import migrate
from db.server_errors import ServerError

#: The oldest major version with everything that is used here.
OLDEST_VERSION = 15


@dataclass(frozen=True, slots=True)
class Health:
    """One look at a server through one connection."""

    #: As PostgreSQL writes it ("18.6"), and as a number to compare (180006).
    version: str
    version_number: int
    fsync: bool
    full_page_writes: bool
    #: "on", "local", "remote_write", "remote_apply" or "off", as it holds for the application's role and database.
    synchronous_commit: str
    encoding: str
    #: True on a standby, which takes no writes.
    read_only: bool
    #: None when the database was never migrated.
    migration_current: str | None
    migration_head: str
    #: False when the database was migrated by a newer installation than this one.
    migration_known: bool

    @property
    def is_migrated(self) -> bool:
        return self.migration_current == self.migration_head


async def inspect(url: str, *, timeout_seconds: float = 10.0) -> Health:
    """Looks at the server behind a postgresql:// URL. Changes nothing.

    Raises ServerError DATABASE_URL_INVALID or DATABASE_UNREACHABLE; neither repeats the password.
    """
    try:
        connection = await asyncpg.connect(url, timeout=timeout_seconds)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise _unreachable(url, error) from None
    except (ValueError, asyncpg.InterfaceError):
        raise ServerError(
            "DATABASE_URL_INVALID",
            "FIVELINK_DATABASE_URL 不是有效的地址,应形如 postgresql://用户:密码@主机:5432/数据库。",
            "FIVELINK_DATABASE_URL is not a valid address; write postgresql://user:password@host:5432/database.",
        ) from None
    try:
        names = ("server_version", "server_version_num", "fsync", "full_page_writes", "synchronous_commit")
        found = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in names}
        encoding = await connection.fetchval("SELECT current_setting('server_encoding')")
        read_only = await connection.fetchval("SELECT pg_is_in_recovery()")
        revision = None
        if await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
            revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    finally:
        await connection.close()
    return Health(
        version=found["server_version"].split()[0],
        version_number=int(found["server_version_num"]),
        fsync=found["fsync"] == "on",
        full_page_writes=found["full_page_writes"] == "on",
        synchronous_commit=found["synchronous_commit"],
        encoding=encoding,
        read_only=read_only,
        migration_current=revision,
        migration_head=migrate.head(),
        migration_known=revision is None or revision in migrate.known(),
    )


def require(health: Health, *, migrated: bool = False) -> None:
    """Refuses a server that could lose what was promised, or that this installation does not understand.

    Raises ServerError SERVER_TOO_OLD, FSYNC_OFF, SYNCHRONOUS_COMMIT_OFF, ENCODING_NOT_UTF8, SERVER_READ_ONLY,
    DATABASE_NEWER and, where `migrated` is asked for, NOT_MIGRATED; the first that holds, in this order.
    """
    if health.version_number < OLDEST_VERSION * 10000:
        raise ServerError(
            "SERVER_TOO_OLD",
            f"PostgreSQL {health.version} 版本过低,需要 {OLDEST_VERSION} 或更高版本。",
            f"PostgreSQL {health.version} is too old; {OLDEST_VERSION} or newer is needed.",
        )
    if not health.fsync:
        raise ServerError(
            "FSYNC_OFF",
            "服务器设置了 fsync = off,断电会损坏数据。请改为 on 后再启动。",
            "The server runs with fsync = off: a power cut would corrupt the data. Set it to on and start again.",
        )
    if health.synchronous_commit == "off":
        raise ServerError(
            "SYNCHRONOUS_COMMIT_OFF",
            "服务器设置了 synchronous_commit = off,已确认的操作可能丢失。请改为 on 后再启动。",
            "The server runs with synchronous_commit = off: confirmed actions could be lost."
            " Set it to on and start again.",
        )
    if health.encoding != "UTF8":
        raise ServerError(
            "ENCODING_NOT_UTF8",
            f"数据库编码为 {health.encoding},需要 UTF8。",
            f"The database is encoded in {health.encoding}; UTF8 is needed.",
        )
    if health.read_only:
        raise ServerError(
            "SERVER_READ_ONLY",
            "该服务器是只读备库,请连接主库。",
            "The server is a standby that takes no writes; connect to the primary.",
        )
    if not health.migration_known:
        raise ServerError(
            "DATABASE_NEWER",
            f"数据库版本 {health.migration_current} 由更新的程序写入,请先升级本程序。",
            f"The database is at revision {health.migration_current}, made by a newer version; upgrade this one first.",
        )
    if migrated and not health.is_migrated:
        raise ServerError(
            "NOT_MIGRATED",
            "数据库结构不是最新,请运行 fivelink migrate。",
            "The database is not at the newest revision; run `fivelink migrate`.",
        )


def _unreachable(url: str, error: BaseException) -> ServerError:
    try:
        place = urlsplit(url).hostname or "socket"
    except ValueError:
        place = "?"
    # Only the kind of the error: its text may repeat the address with the password.
    return ServerError(
        "DATABASE_UNREACHABLE",
        f"无法连接数据库({place}):{type(error).__name__}。请检查 FIVELINK_DATABASE_URL 和服务器状态。",
        f"The database cannot be reached ({place}): {type(error).__name__}."
        " Check FIVELINK_DATABASE_URL and whether the server runs.",
    )

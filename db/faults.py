"""What went wrong in the database, in codes and words for people; the details go to the log only."""

from __future__ import annotations

import asyncio

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

Fault = tuple[str, str, str]

UNAVAILABLE: Fault = (
    "DATABASE_UNAVAILABLE",
    "数据库暂时无法连接,请稍后重试;办理类操作请用同一个 idempotencyKey 重试,不会重复办理。",
    "The database does not answer; try again shortly. Send an act again with the same idempotencyKey: it is done once.",
)
OUTCOME_UNKNOWN: Fault = (
    "OUTCOME_UNKNOWN",
    "数据库在确认时中断,这次办理可能已经生效,也可能没有;请用同一个 idempotencyKey 重试,不会重复办理。",
    "The database was lost while it confirmed: the act may or may not have happened."
    " Send it again with the same idempotencyKey; it is done once.",
)
STORAGE_FULL: Fault = (
    "STORAGE_FULL",
    "数据库的磁盘空间已满,暂时只能查询,这次没有改动任何内容;请联系管理员清理磁盘,之后会自动恢复。",
    "The database's disk is full: reading goes on, nothing was changed. Once there is room, acts go on by themselves.",
)
TIMEOUT: Fault = ("TIMEOUT", "查询用时过长,已中止;请缩小范围。", "It took too long and was stopped; ask for less.")
BUSY: Fault = ("BUSY", "系统繁忙,请稍后重试。", "Too much is going on at once; try again.")
INTERNAL: Fault = ("INTERNAL", "系统内部错误,已记录。", "Something went wrong inside; it has been logged.")

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    OSError,
)
_BUSY = (asyncpg.TooManyConnectionsError, asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, PoolTimeout)


class OutcomeUnknown(Exception):
    """The connection was lost while a transaction was being committed."""


class StorageFull(Exception):
    """There is too little room left on the database's disk to begin writing."""


def lost(error: BaseException) -> bool:
    """True where the connection broke: what was only read may be read again on another one."""
    return isinstance(error, _LOST) and not isinstance(error, TimeoutError)


def classify(error: BaseException) -> Fault:
    """The fault a client is told of. Anything not known is INTERNAL."""
    if isinstance(error, OutcomeUnknown):
        return OUTCOME_UNKNOWN
    if isinstance(error, StorageFull):
        return STORAGE_FULL
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return UNAVAILABLE
        error = error.orig.__cause__ or error.orig if error.orig is not None else error
    if isinstance(error, asyncpg.DiskFullError):
        return STORAGE_FULL
    if isinstance(error, asyncpg.QueryCanceledError | asyncio.TimeoutError | TimeoutError):
        return TIMEOUT
    if isinstance(error, _BUSY):
        return BUSY
    if isinstance(error, _LOST):
        return UNAVAILABLE
    return INTERNAL

"""File locks that die with their holder: who may start or stop the server, and who still uses it.

The kernel drops them when a process ends, however it ends, so SIGKILL leaves nothing to clean up.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.server_errors import ServerError
from db.server_user import open_own

if sys.platform == "win32":
    import msvcrt

    #: msvcrt knows no shared locks: a sharer holds one byte of these, the exclusive holder all of them.
    _SLOTS = 1024

    def _lock(fd: int, exclusive: bool) -> bool:
        for _ in range(1 if exclusive else 16):
            os.lseek(fd, 0 if exclusive else random.randrange(_SLOTS), os.SEEK_SET)
            try:
                msvcrt.locking(fd, msvcrt.LK_NBLCK, _SLOTS if exclusive else 1)
            except OSError:
                continue
            return True
        return False
else:
    import fcntl

    def _lock(fd: int, exclusive: bool) -> bool:
        try:
            fcntl.flock(fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class FileLock:
    """One hold on one file. Two FileLocks of one path exclude each other inside a process too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def try_acquire(self, *, exclusive: bool) -> bool:
        """True when held now. The file is made where it is missing, and belongs to the owner of its folder."""
        fd = open_own(self._path, os.O_RDWR)
        if _lock(fd, exclusive):
            self._fd = fd
            return True
        os.close(fd)
        return False

    def acquire(self, *, exclusive: bool, timeout_seconds: float) -> None:
        """Waits for the hold; ServerError DATA_DIR_BUSY when it does not come."""
        deadline = time.monotonic() + timeout_seconds
        while not self.try_acquire(exclusive=exclusive):
            if time.monotonic() > deadline:
                raise ServerError(
                    "DATA_DIR_BUSY",
                    "另一个进程长时间占用数据目录的启动锁,请稍后再试。",
                    "Another process has kept the start lock of the data folder for too long; try again later.",
                )
            time.sleep(0.02)

    def release(self) -> None:
        """Lets go; nothing happens when nothing is held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


@contextmanager
def held(path: Path, timeout_seconds: float = 120.0) -> Iterator[None]:
    """Alone on `path` while inside."""
    lock = FileLock(path)
    lock.acquire(exclusive=True, timeout_seconds=timeout_seconds)
    try:
        yield
    finally:
        lock.release()

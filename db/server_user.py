"""Whom PostgreSQL runs as. It refuses root, so root lends it an account and the way to its own files, no more."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.server_errors import ServerError

#: The account made for the server when root runs the platform.
ACCOUNT = "fivelink"


@dataclass(frozen=True, slots=True)
class Account:
    """A system account other than ours. uid and gid as in the password database."""

    uid: int
    gid: int

    def run_options(self) -> dict[str, Any]:
        """What subprocess.run needs to become this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def account_for(cluster: Path) -> Account | None:
    """The account to run as; None: our own. An existing cluster keeps the owner it has.

    Raises ServerError NO_SERVER_ACCOUNT when root cannot make an account.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    if cluster.exists() and (uid := cluster.stat().st_uid) != 0:
        try:
            return Account(uid, pwd.getpwuid(uid).pw_gid)
        except KeyError:
            pass  # a folder from another machine, whose number means nobody here
    deadline = time.monotonic() + 5
    while True:
        try:
            entry = pwd.getpwnam(ACCOUNT)
        except KeyError:
            made = _make_account()
            # The password file may be locked by somebody who makes the same account.
            if not made and time.monotonic() > deadline:
                raise ServerError(
                    "NO_SERVER_ACCOUNT",
                    f"PostgreSQL 不能以 root 运行,且无法创建系统用户 {ACCOUNT}。请改用普通用户运行。",
                    f"PostgreSQL does not run as root and the system user {ACCOUNT} cannot be made."
                    " Run as an ordinary user.",
                ) from None
            time.sleep(0 if made else 0.1)
        else:
            return Account(entry.pw_uid, entry.pw_gid)


def _make_account() -> bool:
    if useradd := shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", ACCOUNT]
    elif adduser := shutil.which("adduser"):
        command = [adduser, "-S", "-D", "-H", "-s", "/bin/false", ACCOUNT]
    else:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def open_own(path: Path, flags: int, owner: Account | None = None) -> int:
    """os.open of a file of ours, made with mode 0600. As root it is given to `owner`, by default the folder's owner.

    The folder may belong to a lesser account than ours: a link put in the file's place is refused with OSError ELOOP.
    """
    fd = os.open(path, flags | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0), 0o600)
    if sys.platform != "win32" and os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(fd, owner.uid if owner else folder.st_uid, owner.gid if owner else folder.st_gid)
    return fd


def own(account: Account, root: Path) -> None:
    """Gives everything at and below `root` to the account when `root` is not its own (a copy, a restored backup)."""
    if root.lstat().st_uid == account.uid:
        return
    for folder, folders, files in os.walk(root):
        for path in [folder, *(os.path.join(folder, name) for name in [*folders, *files])]:
            if os.lstat(path).st_uid != account.uid:
                os.chown(path, account.uid, account.gid, follow_symlinks=False)


def let_through(account: Account, path: Path) -> None:
    """Makes every folder above `path` searchable by the account, and by nobody else where the file system has ACLs."""
    for folder in path.resolve().parents:
        found = folder.stat()
        if found.st_uid == account.uid or found.st_mode & stat.S_IXOTH:
            continue
        try:
            _grant_search(folder, found.st_mode, account.uid)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EINVAL, errno.EPERM, errno.ENOSYS):
                raise
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def let_read(tree: Path) -> None:
    """Makes installed program files readable by all, where an installation under a strict umask kept them to root."""
    marks = [tree / "bin" / "postgres", tree / "share" / "postgres.bki", tree / "lib"]
    if all(mark.stat().st_mode & stat.S_IROTH for mark in marks):
        return
    for folder, _, files in os.walk(tree):
        os.chmod(folder, stat.S_IMODE(os.stat(folder).st_mode) | 0o055)
        for name in files:
            path = os.path.join(folder, name)
            mode = stat.S_IMODE(os.stat(path).st_mode)
            os.chmod(path, mode | (0o055 if mode & stat.S_IXUSR else 0o044))


# The layout of the attribute system.posix_acl_access: linux/posix_acl_xattr.h
_ACL = "system.posix_acl_access"
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFFFFFF


def _grant_search(folder: Path, mode: int, uid: int) -> None:
    """Adds `user:uid:--x` to the folder's access list. OSError ENOTSUP where there are none."""
    if sys.platform != "linux":
        raise OSError(errno.ENOTSUP, "no POSIX access lists")
    try:
        raw = os.getxattr(folder, _ACL)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        raw = struct.pack("<I", 2)
    entries: dict[tuple[int, int], int] = {
        (tag, owner): perm for tag, perm, owner in struct.iter_unpack("<HHI", raw[4:])
    } or {
        (_USER_OBJ, _NO_ID): mode >> 6 & 7,
        (_GROUP_OBJ, _NO_ID): mode >> 3 & 7,
        (_OTHER, _NO_ID): mode & 7,
    }
    if entries.get((_USER, uid), 0) & 1 and entries.get((_MASK, _NO_ID), 0) & 1:
        return
    entries[(_USER, uid)] = entries.get((_USER, uid), 0) | 1
    # The mask must let the new entry pass, and nobody else more than before.
    mask = entries.get((_MASK, _NO_ID), entries[(_GROUP_OBJ, _NO_ID)])
    entries[(_MASK, _NO_ID)] = mask | 1
    packed = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, perm, owner) for (tag, owner), perm in sorted(entries.items())
    )
    os.setxattr(folder, _ACL, packed)

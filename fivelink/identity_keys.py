"""Where the keys of identities come from: a variable, a file, or one made at the first start."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from fivelink.settings import Settings, SettingsError
from resolvers import sealing
from resolvers.sealing import KeyRing, RingFaulty

#: In the data folder, where the settings name no other.
FILE = "identity.keys"
_HEAD = (
    "# 身份信息的密钥,每行一个:编号 base64;最后一行用于加密。请单独备份:丢失后身份信息无法恢复。\n"
    "# Keys of identities, a line each: id base64; the last one seals. Back this file up apart from the database:\n"
    "# without it nobody can read the identities again.\n"
)


def path_of(settings: Settings) -> Path | None:
    """The file the keys are read from; None where a variable holds them."""
    if settings.identity_keys is not None:
        return None
    return settings.identity_keys_file or settings.data_dir / FILE


def ring_of(settings: Settings) -> KeyRing:
    """The keys as they are now. Raises SettingsError; FileNotFoundError where the file is not made yet."""
    path = path_of(settings)
    name = "FIVELINK_IDENTITY_KEYS" if path is None else "FIVELINK_IDENTITY_KEYS_FILE"
    try:
        return sealing.parsed(settings.identity_keys or "" if path is None else path.read_text(encoding="utf-8"))
    except RingFaulty as fault:
        # The text of a key must not come along.
        where_zh, where_en = (f"第 {fault.line} 行:", f"line {fault.line}: ") if path is not None else ("", "")
        raise SettingsError([(name, where_zh + fault.zh, where_en + fault.en)]) from None
    except UnicodeDecodeError:
        raise SettingsError([(name, "不是文本文件", "is no text file")]) from None


def _anew(settings: Settings) -> KeyRing:
    """The same while the process runs: a file that is spoilt meanwhile is a ValueError, for the former ring goes on."""
    try:
        return ring_of(settings)
    except SettingsError:
        raise ValueError("the keys of identities cannot be used") from None


def make_ready(settings: Settings) -> None:
    """Has this process seal with the settings' keys; makes the first one in the data folder where there is none.

    Raises SettingsError; FileNotFoundError where the file that the settings name is not there.
    """
    path = path_of(settings)
    if path is not None and settings.identity_keys_file is None and not path.exists():
        _write_new(path, sealing.made())
        print(f"已生成身份信息密钥,请单独备份 / made the key of identities, back it up apart: {path}", file=sys.stderr)
    sealing.use(ring_of(settings), lambda: _anew(settings))


def add_key(settings: Settings) -> str:
    """Adds a new key to the file, which seals from now on; its id. Raises SettingsError where a variable holds them."""
    path = path_of(settings)
    if path is None:
        raise SettingsError(
            [
                (
                    "FIVELINK_IDENTITY_KEYS",
                    "密钥在环境变量中,请在其末尾添加新的密钥后重新启动",
                    "holds the keys: add the new one at its end and start again",
                )
            ]
        )
    key_id, key = sealing.new_key()
    ring = ring_of(settings).with_key(key_id, key)
    _replace(path, ring)
    sealing.use(ring, lambda: _anew(settings))
    return key_id


def too_open(path: Path) -> bool:
    """Whether others than its owner may read the file."""
    return sys.platform != "win32" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _write_new(path: Path, ring: KeyRing) -> None:
    """Writes the first ring, whole or not at all; of two processes that start at once one writes and both read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = _beside(path, ring)
    try:
        os.link(own, path)
    except FileExistsError:
        pass
    finally:
        own.unlink()


def _replace(path: Path, ring: KeyRing) -> None:
    os.replace(_beside(path, ring), path)


def _beside(path: Path, ring: KeyRing) -> Path:
    """The text of a ring on disk in a file of this process, readable by its owner only."""
    own = path.with_name(f"{path.name}.{os.getpid()}")
    own.unlink(missing_ok=True)
    with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(_HEAD + sealing.written(ring))
        file.flush()
        os.fsync(file.fileno())
    return own

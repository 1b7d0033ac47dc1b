"""Sealing: what only few may read is stored as AES-256-GCM, under a ring of keys that never lies in the database.

A sealed value is bytes: a nonce of 96 random bits, then the encryption of the value filled up to a multiple of 64
bytes (so that its length says little), then the tag. It opens only with its key and at its place: table, row and
column are bound to it, so that a value copied into another row does not open there.

One process serves one ring (`use`); the newest of its keys seals, all of them open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncEngine

from resolvers.errors import Conflict

log = logging.getLogger("fivelink")
KEY_BYTES, NONCE_BYTES, BLOCK = 32, 12, 64
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class KeyMissing(Conflict):
    """The key that something is sealed with is not in the ring, or there is no ring: nothing else is touched by it."""

    def __init__(self, key_id: str = "") -> None:
        which_zh, which_en = (f"“{key_id}”", f' "{key_id}"') if key_id else ("", "")
        super().__init__(
            "IDENTITY_KEY_MISSING",
            f"缺少身份信息的密钥{which_zh},无法读取或保存;请管理员恢复密钥文件(fivelink doctor 会说明)",
            f"the key{which_en} of identities is missing, so they cannot be read or kept; an administrator must"
            " bring the key file back (fivelink doctor tells more)",
        )
        self.key_id = key_id


class SealBroken(Conflict):
    """A sealed value does not open with its own key: it was changed, or moved to another place."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            "IDENTITY_BROKEN",
            "这份身份信息已损坏,无法打开;请管理员查看服务日志,必要时重新登记",
            "this identity is damaged and does not open; an administrator finds more in the log, or type it anew",
        )
        self.key_id = key_id


class RingFaulty(ValueError):
    """A text that should hold keys does not; `line` counts from 1. Its message shows nothing of a key."""

    def __init__(self, line: int, zh: str, en: str) -> None:
        super().__init__(f"{line}: {zh} / {en}")
        self.line, self.zh, self.en = line, zh, en


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys of 32 bytes by id, the oldest first; the last one seals."""

    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) != KEY_BYTES for key in self.keys.values()):
            raise ValueError("a ring holds at least one key, and a key has 32 bytes")

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.keys)

    @property
    def newest(self) -> str:
        return self.ids[-1]

    def seal(self, value: bytes, *place: str | int) -> bytes:
        """The value sealed with the newest key for one place (table, row, column)."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        filled = len(value).to_bytes(4, "big") + value
        filled += bytes(-len(filled) % BLOCK)
        return nonce + AESGCM(self.keys[self.newest]).encrypt(nonce, filled, _place(place))

    def open(self, sealed: bytes, key_id: str, *place: str | int) -> bytes:
        """What was sealed. Raises KeyMissing, SealBroken."""
        key = self.keys.get(key_id)
        if key is None:
            raise KeyMissing(key_id)
        try:
            filled = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _place(place))
        except (InvalidTag, ValueError) as error:
            log.error("what is sealed with key %s at %s does not open", key_id, "|".join(map(str, place)))
            raise SealBroken(key_id) from error
        return filled[4 : 4 + int.from_bytes(filled[:4], "big")]

    def mark(self, purpose: str, value: str, key_id: str | None = None) -> bytes:
        """A keyed fingerprint (HMAC-SHA256): equal for equal values, and no guess can be tried without the key."""
        key = self.keys[self.newest if key_id is None else key_id]
        own = hmac.digest(key, b"fivelink mark " + purpose.encode(), hashlib.sha256)
        return hmac.digest(own, value.encode(), hashlib.sha256)

    def marks(self, purpose: str, value: str) -> list[bytes]:
        """The fingerprints of a value under every key, the newest last."""
        return [self.mark(purpose, value, key_id) for key_id in self.keys]

    def digest(self, value: str) -> str:
        """What stands for a value in the digest of an act: of the oldest key, so that a new one changes no answer."""
        return self.mark("digest", value, self.ids[0]).hex()

    def with_key(self, key_id: str, key: bytes) -> KeyRing:
        return KeyRing({**self.keys, key_id: key})


def _place(place: Sequence[str | int]) -> bytes:
    return "|".join(map(str, place)).encode()


def new_key() -> tuple[str, bytes]:
    """(id, key), both random."""
    return f"k{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES)


def made() -> KeyRing:
    """A ring of one new key."""
    key_id, key = new_key()
    return KeyRing({key_id: key})


def written(ring: KeyRing) -> str:
    """The text that `parsed` reads: a line for each key, `id base64`, the oldest first."""
    return "".join(f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in ring.keys.items())


def parsed(text: str) -> KeyRing:
    """A ring out of `id key` (or `id:key`), one on a line or with commas between; # begins a comment.

    The key is 32 bytes in base64. The last one is the newest. Raises RingFaulty.
    """
    keys: dict[str, bytes] = {}
    lines = [(n, line.partition("#")[0]) for n, line in enumerate(text.splitlines(), 1)]
    for line, one in [(n, one.strip()) for n, kept in lines for one in kept.split(",")]:
        if not one:
            continue
        key_id, _, encoded = one.replace(":", " ", 1).partition(" ")
        if not _KEY_ID.fullmatch(key_id) or key_id in keys:
            raise RingFaulty(
                line,
                "密钥编号应为 1 到 40 个字母、数字、- 或 _,且不重复",
                "a key's id has 1 to 40 letters, digits, - or _, and stands there once",
            )
        try:
            keys[key_id] = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error:
            keys[key_id] = b""
        if len(keys[key_id]) != KEY_BYTES:
            raise RingFaulty(line, "密钥应为 32 个字节的 base64", "a key is 32 bytes in base64")
    if not keys:
        raise RingFaulty(1, "没有任何密钥", "there is no key")
    return KeyRing(keys)


# ------------------------------------------------------------------------------------- the ring of this process


@dataclass(slots=True)
class _Source:
    ring: KeyRing
    again: Callable[[], KeyRing] | None


_here: list[_Source] = []
_of_engine: WeakKeyDictionary[AsyncEngine, _Source] = WeakKeyDictionary()


def use(ring: KeyRing, again: Callable[[], KeyRing] | None = None, *, engine: AsyncEngine | None = None) -> None:
    """This process seals and opens with `ring` from now on; with `engine` for that database only.

    `again` reads the ring anew: it is called when a key is met that the ring does not hold, for another process may
    have added one.
    """
    source = _Source(ring, again)
    if engine is not None:
        _of_engine[engine] = source
    else:
        _here[:] = [source]


def ring(engine: AsyncEngine, key_id: str | None = None) -> KeyRing:
    """The ring for a database; read anew where it does not hold `key_id`. Raises KeyMissing where there is none."""
    source = _of_engine.get(engine) or (_here[0] if _here else None)
    if source is None:
        raise KeyMissing(key_id or "")
    if key_id is not None and key_id not in source.ring.keys and source.again is not None:
        try:
            source.ring = source.again()
        except (OSError, ValueError):
            # The one that was read before still opens everything else.
            source.again = None
    return source.ring


def newest(engine: AsyncEngine) -> KeyRing:
    """The ring to seal with, read anew: what another process rotates must not be sealed with the former key after it.

    As it was where it cannot be read. Raises KeyMissing where there is none.
    """
    source = _of_engine.get(engine) or (_here[0] if _here else None)
    if source is not None and source.again is not None:
        try:
            source.ring = source.again()
        except (OSError, ValueError):
            log.error("the keys of identities cannot be read anew; those read before are used")
    return ring(engine)


def opened(engine: AsyncEngine, sealed: bytes, key_id: str, *place: str | int) -> bytes:
    """What was sealed in a database. Raises KeyMissing, SealBroken."""
    return ring(engine, key_id).open(sealed, key_id, *place)


# ------------------------------------------------------------------- values that carry the id of their key


def packed(engine: AsyncEngine, value: bytes, *place: str | int) -> bytes:
    """A value sealed with the newest key, the key's id before it: for a column that has no other beside it."""
    own = newest(engine)
    key_id = own.newest.encode()
    return bytes([len(key_id)]) + key_id + own.seal(value, *place)


def key_of(sealed: bytes) -> str:
    """The id of the key that a packed value is sealed with."""
    return sealed[1 : 1 + sealed[0]].decode("ascii", "replace")


def unpacked(engine: AsyncEngine, sealed: bytes, *place: str | int) -> bytes:
    """What was packed. Raises KeyMissing, SealBroken."""
    return opened(engine, sealed[1 + sealed[0] :], key_of(sealed), *place)

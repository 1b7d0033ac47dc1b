"""`fivelink identities keys | rotate`: the keys of identities, and sealing everything anew with the newest."""

from __future__ import annotations

import sys
from argparse import Namespace

from fivelink.identity_keys import add_key, path_of, ring_of
from fivelink.runtime import with_context
from fivelink.settings import Settings
from resolvers import identity_keys
from resolvers.context import Context


def run(arguments: Namespace) -> int:
    """1 where something stays sealed with a key that is missing."""
    settings = Settings.from_environment()
    if arguments.step == "keys":
        return with_context(settings, lambda context: _keys(context, settings))
    return with_context(settings, lambda context: _rotate(context, settings, arguments.new_key))


async def _keys(context: Context, settings: Settings) -> int:
    counted = await identity_keys.sealed_by_key(context)
    ids = ring_of(settings).ids
    print(path_of(settings) or "FIVELINK_IDENTITY_KEYS")
    for key_id in ids:
        mark = "  (最新 newest)" if key_id == ids[-1] else ""
        print(f"  {key_id}: {counted.get(key_id, 0)}{mark}")
    missing = {key_id: count for key_id, count in counted.items() if key_id not in ids}
    for key_id, count in missing.items():
        print(f"  {key_id}: {count}  缺少密钥 / the key is missing  [IDENTITY_KEY_MISSING]")
    return 1 if missing else 0


async def _rotate(context: Context, settings: Settings, new_key: bool) -> int:
    if new_key:
        print(f"新密钥 / new key: {add_key(settings)}", file=sys.stderr)
    last = None
    async for last in identity_keys.rotate(context):
        print(f"{last.done}/{last.total}", file=sys.stderr)
    assert last is not None
    print(f"已用最新密钥重新加密 {last.done} 项 / sealed {last.done} anew with the newest key")
    if last.closed:
        print(
            f"有 {last.closed} 项的密钥缺失,没有改动 / {last.closed} stayed as they are: their key is missing"
            "  [IDENTITY_KEY_MISSING]",
            file=sys.stderr,
        )
    return 1 if last.closed else 0

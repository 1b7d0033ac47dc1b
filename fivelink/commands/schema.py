"""`fivelink schema`: the contract, written where frontends read it."""

from __future__ import annotations

from argparse import Namespace

from schema.contract import sdl


def run(arguments: Namespace) -> int:
    arguments.file.write_text(sdl(), encoding="utf-8")
    print(f"已写出 / written: {arguments.file}")
    return 0

"""The one exception of this room: a file that cannot be read at all."""

from __future__ import annotations


class Unreadable(Exception):
    """The whole file is refused and nothing of it was taken.

    `code` is stable (listed in docs/import.md); `text_zh` and `text_en` say what to do about it and hold neither
    paths nor internals.
    """

    def __init__(self, code: str, text_zh: str, text_en: str) -> None:
        super().__init__(f"{code}: {text_en}")
        self.code = code
        self.text_zh = text_zh
        self.text_en = text_en

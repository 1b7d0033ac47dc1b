"""What can be wrong with the database server, coded and in both languages."""

from __future__ import annotations


class ServerError(Exception):
    """The server cannot be used. `code` is stable; the texts are for the person who runs the platform."""

    def __init__(self, code: str, text_zh: str, text_en: str) -> None:
        super().__init__(f"[{code}] {text_zh}\n{text_en}")
        self.code = code
        self.text_zh = text_zh
        self.text_en = text_en

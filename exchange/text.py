"""Text as it stands in cells: cleaning, comparing, lists in one cell, and cells that must not execute."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_DROPPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_DANGEROUS = re.compile(r"'*[=+\-@＝＋－＠\t]")
_GUARDED = re.compile(r"''*[=+\-@＝＋－＠\t]")
_SEPARATORS = "、,，;；/／\n"
_OPENING = {"(": ")", "（": "）", "【": "】", "[": "]", "《": "》", "“": "”"}


def tidy(text: str) -> str:
    """`text` without surrounding white space and characters that no sheet can hold; line ends become \\n."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return _DROPPED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """The form in which words are compared: half width, one case, no white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def guard(text: str) -> str:
    """`text` so that a spreadsheet opening a CSV file does not take it for a formula.

    An apostrophe is put before text that begins with = + - @ (or their full-width forms, or a tab); text that
    already looks guarded gets one more, so `unguard(guard(x)) == x` for every x.
    """
    return "'" + text if _DANGEROUS.match(text) else text


def unguard(text: str) -> str:
    """The inverse of `guard`; leaves text alone that `guard` cannot have written."""
    return text[1:] if _GUARDED.match(text) else text


def split_list(text: str) -> tuple[str, ...]:
    """The entries of a list in one cell, in order, each once, none empty.

    Entries are separated by 、 , ; / or line breaks, in half or full width, outside brackets; an entry in 「」 is
    taken literally, with 」」 for 」. An unclosed bracket is an ordinary character.
    """
    found: list[str] = []
    start, position = 0, 0
    while position <= len(text):
        character = text[position] if position < len(text) else "\n"
        if character == "「" and not text[start:position].strip():
            quoted = _quoted(text, position)
            if quoted is not None:
                entry, position = quoted
                found.append(tidy(entry))
                start = position + 1
                position += 1
                continue
        closing = _OPENING.get(character)
        if closing is not None and (end := text.find(closing, position)) > 0:
            position = end + 1
            continue
        if character in _SEPARATORS:
            found.append(tidy(text[start:position]))
            start = position + 1
        position += 1
    return tuple(dict.fromkeys(entry for entry in found if entry))


def _quoted(text: str, opening: int) -> tuple[str, int] | None:
    """The entry quoted from `opening` and where its separator stands; None when it is not a whole entry."""
    position = opening + 1
    while (end := text.find("」", position)) >= 0:
        if text[end + 1 : end + 2] == "」":
            position = end + 2
            continue
        after = end + 1
        while after < len(text) and text[after].isspace() and text[after] != "\n":
            after += 1
        if after < len(text) and text[after] not in _SEPARATORS:
            return None
        return text[opening + 1 : end].replace("」」", "」"), after
    return None


def join_list(entries: Iterable[str]) -> str:
    """One cell that `split_list` reads back as the same entries."""
    return "、".join(entry if _plain(entry) else "「" + entry.replace("」", "」」") + "」" for entry in entries)


def _plain(entry: str) -> bool:
    """Whether `entry` needs no quotes, whatever follows it: no bracket it opens may be closed by another entry."""
    closers = "".join(_OPENING.values())
    return "「" not in entry and split_list(f"{entry}、{closers}") == (entry, closers)

"""Typing a title by the words kept with the resource types, for lists without a type column.

Among all words that occur in the title the longest decides. Two types with equally long words leave the title
ambiguous; no word at all leaves it untyped, with the types nearest by shared pairs of characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from exchange.text import fold
from exchange.values import split_unit

#: How many suggestions an untyped title gets.
NEAREST = 3


@dataclass(frozen=True, slots=True)
class TypeWords:
    """A resource type as titles may name it; `units` are the ways its unit is written (件, 个, 台)."""

    code: str
    labels: tuple[str, ...]
    synonyms: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeGuess:
    """The type of a title: `code`, or None with the equally good `several`, or with the `nearest` (best first).

    `word` is the word (folded) that decided.
    """

    code: str | None
    several: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    word: str | None = None


@dataclass(slots=True)
class TypeVocabulary:
    """Words prepared for many titles; build it once for an import. Order of `types` does not matter."""

    types: Sequence[TypeWords]
    _words: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    _units: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        codes: dict[str, set[str]] = {}
        for kind in self.types:
            for word in (*kind.labels, *kind.synonyms):
                if folded := fold(word):
                    codes.setdefault(folded, set()).add(kind.code)
        self._words = sorted(
            ((word, frozenset(found)) for word, found in codes.items()), key=lambda entry: (-len(entry[0]), entry[0])
        )
        self._units = {kind.code: frozenset(fold(unit) for unit in kind.units) for kind in self.types}

    def guess(self, title: str, unit: str | None = None) -> TypeGuess:
        """The type of `title`; among equally long words `unit` decides if it suits only one of their types.

        O(words x length of the title).
        """
        folded = fold(title[:400])
        found: set[str] = set()
        length, deciding = 0, None
        for word, codes in self._words:
            if len(word) < length:
                break
            if word in folded and _whole(word, folded, title):
                found |= codes
                length, deciding = len(word), deciding or word
        if len(found) > 1 and unit is not None:
            base = fold(split_unit(unit)[1])
            suited = {code for code in found if base in self._units[code]}
            found = suited if len(suited) == 1 else found
        if len(found) == 1:
            return TypeGuess(found.pop(), word=deciding)
        if found:
            return TypeGuess(None, several=tuple(sorted(found)), word=deciding)
        return TypeGuess(None, nearest=self._nearest(folded))

    def _nearest(self, folded: str) -> tuple[str, ...]:
        mine = _pairs(folded)
        scores: dict[str, float] = {}
        for word, codes in self._words:
            theirs = _pairs(word)
            shared = len(mine & theirs) + 0.25 * len(set(folded) & set(word)) if word else 0.0
            if shared > 0:
                score = 2 * shared / (len(mine) + len(theirs) + 1)
                for code in codes:
                    scores[code] = max(scores.get(code, 0.0), score)
        return tuple(sorted(scores, key=lambda code: (-scores[code], code))[:NEAREST])


def type_of(title: str, vocabulary: TypeVocabulary | Sequence[TypeWords], unit: str | None = None) -> TypeGuess:
    """The type that `title` names, deterministic for the same words in any order.

    >>> words = [TypeWords("WHEELCHAIR", ("轮椅",)), TypeWords("RAMP", ("无障碍坡道",), ("轮椅坡道",))]
    >>> type_of("为张奶奶修轮椅坡道", words).code
    'RAMP'
    """
    prepared = vocabulary if isinstance(vocabulary, TypeVocabulary) else TypeVocabulary(vocabulary)
    return prepared.guess(title, unit)


def _whole(word: str, folded: str, title: str) -> bool:
    """Latin words count as whole words only (bed is not in embedded); the fold has dropped the spaces."""
    if not word.isascii():
        return True
    spaced = " " + " ".join("".join(c if c.isalnum() else " " for c in title[:400].casefold()).split()) + " "
    plain = "".join(c if c.isalnum() else " " for c in spaced)
    for plural in ("", "s", "es"):
        if f" {word}{plural} " in plain:
            return True
    # Words of several parts, or Latin letters inside Chinese text.
    start = folded.find(word)
    while start >= 0:
        before, after = folded[start - 1 : start], folded[start + len(word) : start + len(word) + 1]
        if not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum()):
            return True
        start = folded.find(word, start + 1)
    return False


def _pairs(text: str) -> set[str]:
    return {text[index : index + 2] for index in range(len(text) - 1)}

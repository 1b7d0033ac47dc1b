"""Rules on input, each adding to one list, so that a form comes back with every faulty field at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date

from stdnum.cn import uscc

from resolvers.acts import usable_key
from resolvers.errors import FieldProblem, InvalidInput, NotFound

NOT_FOUND = "NOT_FOUND"
MAX_TEXT = 200
MAX_INT = 2_147_483_647
#: A list of codes longer than this is a mistake of the client, not a coverage.
MAX_CODES = 1_000

#: Invisible characters that turn the order of what follows: a title must not be able to disguise another.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BAD_CATEGORIES = frozenset(("Cc", "Cs", "Co", "Cn", "Zl", "Zp"))
#: Characters that show nothing and say nothing in a name: they come along when text is copied, and would make two
#: names of what reads as one. Those that take up room become a space.
_UNSEEN: dict[int, str | None] = dict.fromkeys(
    (
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x200B, 0x200E, 0x200F, 0xFEFF),
        *range(0x2060, 0x2066),
        *range(0x206A, 0x2070),
        *range(0xFFF9, 0xFFFC),
        *range(0x1D173, 0x1D17B),
        *range(0xE0000, 0xE0080),
    )
) | dict.fromkeys((0x2800, 0x3164, 0xFFA0), " ")
#: Joiners and variation selectors shape the letters beside them (Mongolian, rare Han forms): kept, but no text alone.
_SHAPING = frozenset(
    map(chr, (*range(0x180B, 0x1810), 0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


def clipped(text: str, length: int = 40) -> str:
    """A typed text as it may be repeated in a message: printable, and short."""
    shown = "".join(c if c.isprintable() else "�" for c in text[:length])
    return shown + ("…" if len(text) > length else "")


def seen_text(text: str) -> str:
    """A text without what cannot be seen, trimmed; empty where nothing to be read remains. O(length)."""
    kept = text.translate(_UNSEEN).strip()
    return kept if any(c not in _SHAPING and not c.isspace() for c in kept) else ""


def usable_code(code: str) -> bool:
    """False for what cannot be a code, and what PostgreSQL could not even be asked about."""
    return 0 < len(code) <= MAX_TEXT and code.isprintable()


class Problems:
    """The faulty fields found so far, in the order they were found."""

    def __init__(self) -> None:
        self.fields: list[FieldProblem] = []
        self._missing: tuple[str, str] | None = None

    def add(self, path: str | tuple[str, ...], code: str, zh: str, en: str) -> None:
        self.fields.append(FieldProblem((path,) if isinstance(path, str) else path, code, zh, en))

    def missing(self, path: str, zh: str, en: str) -> None:
        """The field names a thing that does not exist, or that this viewer may not see, or of another kind."""
        self.add(path, NOT_FOUND, f"没有找到{zh}", f"no such {en}")
        self._missing = (zh, en)

    def stop(self) -> None:
        """Raises InvalidInput with everything found, if anything was; NotFound where that is the only thing."""
        if len(self.fields) == 1 and self._missing is not None:
            raise NotFound(*self._missing)
        if self.fields:
            raise InvalidInput(self.fields)

    def required(self, path: str | tuple[str, ...], value: object) -> bool:
        """False, with a problem, where a field that cannot be empty is given as null."""
        if value is None:
            self.add(path, "REQUIRED", "不能为空", "must not be empty")
        return value is not None

    def text(self, path: str, value: str | None) -> str:
        """A title or name: trimmed, 1 to 200 characters, none of them a control character.

        Characters that cannot be seen (a zero width space, a byte order mark, ...) are taken out like the spaces around
        it: nobody could find them to remove them. A text of nothing else is empty.
        """
        if value is None:
            self.required(path, value)
            return ""
        if len(value) > 100 * MAX_TEXT:
            self.add(path, "TOO_LONG", f"最多 {MAX_TEXT} 个字", f"at most {MAX_TEXT} characters")
            return ""
        trimmed = seen_text(value)
        if any(unicodedata.category(c) in _BAD_CATEGORIES or c in _TURNS for c in trimmed):
            self.add(
                path,
                "CONTROL_CHARACTER",
                "含有换行等不可见的控制字符,请删去",
                "holds control characters such as line breaks; remove them",
            )
        elif not trimmed:
            self.required(path, None)
        elif len(trimmed) > MAX_TEXT:
            self.add(path, "TOO_LONG", f"最多 {MAX_TEXT} 个字", f"at most {MAX_TEXT} characters")
        return trimmed

    def prose(self, path: str, value: str, longest: int) -> str | None:
        """A few sentences, line breaks allowed: trimmed; None where nothing to be read remains."""
        if len(value) > longest:
            self.add(path, "TOO_LONG", f"最多 {longest} 个字", f"at most {longest} characters")
            return None
        kept = seen_text(value)
        if any((unicodedata.category(c) in _BAD_CATEGORIES and c not in "\n\r\t") or c in _TURNS for c in kept):
            self.add(path, "CONTROL_CHARACTER", "含有不可见的控制字符,请删去", "holds control characters; remove them")
        return kept or None

    def count(self, path: str, value: int | None) -> int:
        """A whole number of units, 1 to 2,147,483,647."""
        if value is None:
            self.required(path, value)
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_INT:
            self.add(
                path,
                "OUT_OF_RANGE",
                f"应为 1 到 {MAX_INT} 的整数",
                f"must be a whole number from 1 to {MAX_INT}",
            )
        return value

    def fails_count(self, path: str, value: int | None) -> bool:
        """Like `count`, saying whether it was faulty."""
        before = len(self.fields)
        self.count(path, value)
        return len(self.fields) > before

    def one_of(self, path: str, value: str | None, allowed: Sequence[str]) -> str | None:
        if self.required(path, value) and value not in allowed:
            self.add(
                path,
                "NOT_ONE_OF",
                f"应为 {'、'.join(allowed)} 之一",
                f"must be one of {', '.join(allowed)}",
            )
        return value

    def codes(self, path: str, values: Sequence[str]) -> list[str]:
        """A list of codes without repetitions, in the order given; empty where it is too long to be meant."""
        if len(values) > MAX_CODES:
            self.add(path, "TOO_MANY", f"最多 {MAX_CODES} 项", f"at most {MAX_CODES} entries")
            return []
        return list(dict.fromkeys(values))

    def period(
        self,
        start_path: str,
        start: date | None,
        end_path: str,
        end: date | None,
        today: date,
        *,
        past: bool = True,
    ) -> None:
        """An end before the start is faulty; so is (with `past`) an end before today. Either may be open."""
        if start is not None and end is not None and end < start:
            self.add(end_path, "DATES_REVERSED", "结束日期早于开始日期", "the end lies before the start")
        if past and end is not None and end < today:
            self.add(
                end_path,
                "IN_THE_PAST",
                f"已经过去;今天是 {today.isoformat()}",
                f"lies in the past; today is {today.isoformat()}",
            )

    def key(self, key: str | None) -> None:
        """An idempotency key, where there is one."""
        if key is not None and not usable_key(key):
            self.add(
                "idempotencyKey",
                "INVALID_KEY",
                "应为 1 到 200 个可见字符",
                "must be 1 to 200 printable characters",
            )

    def credit_code(self, path: str, value: str | None) -> str | None:
        """A unified social credit code (GB 32100-2015) in its compact upper-case form; None where none was given.

        Its first two characters may be letters (N2 is a village collective), which stdnum's own check refuses; the
        check digit is stdnum's.
        """
        if value is None or (len(value) < MAX_TEXT and not value.strip()):
            return None
        code = uscc.compact(value) if len(value) < MAX_TEXT else value
        alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        shaped = len(code) == 18 and all(c in alphabet for c in code) and code[2:8].isascii() and code[2:8].isdigit()
        if not shaped:
            self.add(
                path,
                "INVALID_CREDIT_CODE",
                "统一社会信用代码应为 18 位数字或大写字母(不含 I、O、S、V、Z)",
                "a unified social credit code has 18 digits or capital letters (without I, O, S, V, Z)",
            )
        elif code[-1] != uscc.calc_check_digit(code[:-1]):
            self.add(
                path,
                "INVALID_CREDIT_CODE",
                "统一社会信用代码的最后一位校验不符,请核对",
                "the check digit of the credit code does not fit, compare it with the certificate",
            )
        return code

"""Expected refusals. The schema maps each to a member of the result union; all else that is raised is a fault.

Every refusal carries a stable code and a text in both languages. A refused use case has changed nothing: no row,
no event, no idempotency record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one input field. `path` holds the contract's names: ("coverage", "0")."""

    path: tuple[str, ...]
    code: str
    message_zh: str
    message_en: str


class Refusal(Exception):
    """A request that was understood and not granted."""

    def __init__(self, code: str, message_zh: str, message_en: str) -> None:
        super().__init__(f"{code}: {message_en}")
        self.code = code
        self.message_zh = message_zh
        self.message_en = message_en


class InvalidInput(Refusal):
    """One or more fields are faulty; `fields` holds all of them, in the order of the input."""

    def __init__(self, fields: Sequence[FieldProblem]) -> None:
        names = sorted({field.path[0] for field in fields})
        super().__init__(
            "INVALID_INPUT",
            f"有 {len(fields)} 处填写有误:{'、'.join(names)}",
            f"{len(fields)} faulty field(s): {', '.join(names)}",
        )
        self.fields = list(fields)


class NotFound(Refusal):
    """There is no such thing, or none that this viewer may see."""

    def __init__(self, what_zh: str, what_en: str) -> None:
        super().__init__("NOT_FOUND", f"没有找到{what_zh}", f"no such {what_en}")


class NotAllowed(Refusal):
    """The viewer may see it but not do it; the message says who may."""

    def __init__(self, message_zh: str, message_en: str, code: str = "NOT_ALLOWED") -> None:
        super().__init__(code, message_zh, message_en)


class Conflict(Refusal):
    """The request is fine, the state of things is not; the message says what is possible now."""

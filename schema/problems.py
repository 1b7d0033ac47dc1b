"""Expected refusals. Faults and malformed requests are top-level errors; these are answers."""

from __future__ import annotations

from typing import Any

import strawberry

from resolvers import errors
from schema.mapping import label, part
from schema.nodes import Mapped


@strawberry.interface(description="Why something was not done; nothing was changed. 未能办理的原因。")
class Problem(Mapped):
    code: str = part("Stable code. 代码。", "code")
    message: str = label("In words. 说明。", "message")

    @classmethod
    def resolve_type(cls, obj: Any, info: Any, abstract_type: Any) -> str:
        return type(obj).__name__


@strawberry.type(description="One faulty field. 有误的字段。")
class FieldProblem:
    path: list[str] = part("Where in the input. 字段路径。", "path")
    code: str = part("Stable code. 代码。", "code")
    message: str = label("In words. 说明。", "message")


@strawberry.type(description="The input is faulty; every faulty field is listed. 填写有误。")
class InvalidInput(Problem):
    fields: list[FieldProblem] = part("All of them at once. 全部有误字段。", "fields")


@strawberry.type(description="There is no such thing, or none that you may see. 未找到。")
class NotFound(Problem):
    pass


@strawberry.type(description="You may see it but not do this. 无权办理。")
class NotAllowed(Problem):
    pass


@strawberry.type(description="The state of things does not allow it now; the message says what it does. 状态冲突。")
class Conflict(Problem):
    pass


_PROBLEMS = {
    errors.InvalidInput: InvalidInput,
    errors.NotFound: NotFound,
    errors.NotAllowed: NotAllowed,
    errors.Conflict: Conflict,
}


def problem(refusal: errors.Refusal) -> Any:
    """The answer to a refused act."""
    answer: Any = _PROBLEMS[type(refusal)]()
    answer.code = refusal.code
    answer.message_zh, answer.message_en = refusal.message_zh, refusal.message_en
    if isinstance(refusal, errors.InvalidInput):
        answer.fields = refusal.fields
    return answer

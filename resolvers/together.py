"""Answering together what a request asks many times: one field on a thousand rows costs the statements of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine

from resolvers.context import Context

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Asked(Generic[Question, Answer]):
    """Questions that wait for the same statements, and the task that answers them (kept, or it might be collected)."""

    questions: list[tuple[Question, asyncio.Future[Answer]]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    close: Callable[[], object] = lambda: None

    def closed(self) -> list[Question]:
        """What was asked; who asks from now on is answered by another task. Call it once there is a connection."""
        self.close()
        return [question for question, _ in self.questions]


class Together(Generic[Question, Answer]):
    """Questions of one kind.

    `answer(context, asked)` takes `asked.closed()` and returns, in that order, an answer or the refusal that `ask`
    raises. What it raises itself is raised to everyone who asked.
    """

    def __init__(
        self,
        answer: Callable[[Context, Asked[Question, Answer]], Awaitable[Sequence[Answer | Exception]]],
    ) -> None:
        self._answer = answer
        #: By engine, then by loop, viewer and day: only those who may see the same are answered together.
        self._asked: WeakKeyDictionary[AsyncEngine, dict[tuple[Any, ...], Asked[Question, Answer]]] = (
            WeakKeyDictionary()
        )

    async def ask(self, context: Context, question: Question) -> Answer:
        """The answer, found with those to all questions that are asked before a connection is free."""
        loop = asyncio.get_running_loop()
        waiting = self._asked.setdefault(context.engine, {})
        key = (loop, context.viewer, context.today)
        asked = waiting.get(key)
        if asked is None:
            asked = waiting[key] = new = Asked[Question, Answer]()
            asked.close = lambda: waiting.get(key) is new and waiting.pop(key)
            # A task begins after everything that is ready now: the other fields of the same request have asked by then.
            asked.task = loop.create_task(self._settle(context, asked))
        answer: asyncio.Future[Answer] = loop.create_future()
        asked.questions.append((question, answer))
        return await answer

    async def _settle(self, context: Context, asked: Asked[Question, Answer]) -> None:
        try:
            found = await self._answer(context, asked)
        except BaseException as error:
            for _, answer in asked.questions:
                if isinstance(error, asyncio.CancelledError):
                    answer.cancel()
                elif not answer.done():
                    answer.set_exception(error)
            if isinstance(error, Exception):
                return
            raise
        finally:
            asked.close()
        for (_, answer), one in zip(asked.questions, found, strict=True):
            if answer.done():
                continue
            if isinstance(one, Exception):
                answer.set_exception(one)
            else:
                answer.set_result(one)

"""Questions whose answer is computed by the engine and changes nothing: asked here, answered in a plan child.

The process that serves computes none of it. What a question may cost is bounded: needs of the area, time, and how many
are answered at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection

from db import plans
from db.areas import Area
from graph.eligible import TooManyPairs
from resolvers import plan_child
from resolvers.acts import require_role, require_within
from resolvers.checks import Problems
from resolvers.context import Context
from resolvers.errors import Conflict
from resolvers.plan_jobs import url_of
from resolvers.vocabulary import Vocabulary

#: Open needs of the area; who asks about more asks about its counties or townships one by one.
MOST_NEEDS = 50_000
#: Eligible pairs held at once where all are needed together (about a gigabyte).
MOST_PAIRS = 20_000_000
#: From asking to the answer, waiting for others included.
SECONDS = 60.0
#: Answered at once by one process.
AT_ONCE = 2
#: Needs of an answer after which the child leaves at once, for the memory.
LARGE = 20_000

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def place_of(
    context: Context, conn: AsyncConnection, words: Vocabulary, problems: Problems, area: str
) -> Area | None:
    """The area that is asked about. Raises NotAllowed unless the viewer coordinates it, Conflict where it is too large.

    None, with a problem, for an unknown code.
    """
    require_role(context.viewer, "COORDINATOR")
    place = await words.check_area(conn, problems, "area", area)
    if place is not None:
        require_within(context.viewer, place)
        if await plans.demand(conn, place.id) > MOST_NEEDS:
            raise too_large()
    return place


def too_large() -> Conflict:
    return Conflict(
        "AREA_TOO_LARGE",
        f"这个地区的需求太多(超过 {MOST_NEEDS} 项,或可行配对过多),请按下级地区分别查询",
        f"over {MOST_NEEDS} needs are open there, or too many pairs are possible; ask about the areas below one by one",
    )


async def ask(context: Context, question: dict[str, Any]) -> Any:
    """The answer of a child to a question.

    Raises Conflict: AREA_TOO_LARGE, TAKES_TOO_LONG after `SECONDS`, COMPUTING_LOST where the child died.
    """
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
    try:
        async with asyncio.timeout(SECONDS), turn:
            found = await plan_child.ask(url_of(context.engine), question, context.clock())
    except TimeoutError:
        raise Conflict(
            "TAKES_TOO_LONG",
            f"{SECONDS:.0f} 秒内没有算完;请稍后再试,或按下级地区分别查询",
            f"not computed within {SECONDS:.0f} seconds; try again later, or ask about the areas below one by one",
        ) from None
    if found is None:
        raise Conflict(
            "COMPUTING_LOST",
            "计算没有完成,没有改动任何内容;请再试一次",
            "the computing did not end well, nothing was changed; try again",
        )
    if "refused" in found:
        raise Conflict(*found["refused"])
    return found


async def answer(context: Context, question: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """In the child: the answer as JSON takes it, and whether it took much memory."""
    from resolvers import coordination_fragility, fragility, simulate

    ways = {
        "fragility": fragility.answer,
        "simulate": simulate.answer,
        coordination_fragility.ABOUT: coordination_fragility.answer,
    }
    try:
        found, size = await ways[question["about"]](context, question)
    except TooManyPairs:
        found, size = _refused(too_large()), LARGE
    except Conflict as refusal:
        found, size = _refused(refusal), 0
    return found, size >= LARGE


def _refused(refusal: Conflict) -> dict[str, Any]:
    return {"refused": [refusal.code, refusal.message_zh, refusal.message_en]}


def named(areas: Sequence[Area], most: int) -> str:
    """Names of areas for a text, the first ones."""
    rest = "…" if len(areas) > most else ""
    return "、".join(area.name for area in areas[:most]) + rest

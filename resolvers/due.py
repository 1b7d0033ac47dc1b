"""When what is awaited is due: the rules and working days of the county, in memory for as long as they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection

from db import due_rules
from db.due_rules import DueRule
from resolvers import working_days
from resolvers.referral_steps import STEPS, Awaited
from resolvers.vocabulary import Vocabulary
from resolvers.working_days import Days

#: What is awaited of a referral of each status, as long as it is awaited at all: as the table of steps says.
STEP_OF: Mapping[str, Awaited] = {step.target: step.awaits for step in STEPS.values() if step.target and step.awaits}
#: Of which status the provider must act; after it, who follows up.
BY_PROVIDER = tuple(status for status, awaited in STEP_OF.items() if awaited != "FOLLOW_UP")
#: Where no rule was loaded: three working days, then one more each time.
UNTOLD = DueRule("", None, None, 3, 1, "")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in use by (step, priority, area_id), and the days a county said something about."""

    by_case: Mapping[tuple[str, str | None, int | None], DueRule]
    days: Days

    def of(self, step: str, priority: str | None, area_ids: tuple[int, ...] = ()) -> DueRule:
        """The rule of the nearest area (`area_ids` run from the top down), else the general one."""
        for area_id in (*reversed(area_ids), None):
            found = self.by_case.get((step, priority, area_id))
            if found is not None:
                return found
        return UNTOLD


#: A vocabulary is one version of what was loaded, so whatever was loaded with it lives as long as it does.
_held: WeakKeyDictionary[Vocabulary, Rules] = WeakKeyDictionary()


async def rules(conn: AsyncConnection, words: Vocabulary) -> Rules:
    """The rules as they stand; two small statements once for each version of the vocabulary in each process."""
    held = _held.get(words)
    if held is None:
        found = await due_rules.rules(conn)
        held = Rules(
            {(one.step, one.priority, one.area_id): one for one in found},
            {one.day: one.works for one in await due_rules.days(conn)},
        )
        _held[words] = held
    return held


async def due(
    conn: AsyncConnection, words: Vocabulary, *, step: Awaited, priority: str, area_id: int, at: datetime
) -> datetime:
    """When a step that is awaited from `at` on is due, aware UTC: the end of office hours of a working day.

    `area_id` is the area of the referral: the rule of the nearest area above it that has one counts. In memory but
    for the first time.
    """
    rule, days = await _rule(conn, words, step, priority, area_id)
    return working_days.due_at(at, rule.days, days)


async def due_again(
    conn: AsyncConnection, words: Vocabulary, *, step: Awaited, priority: str, area_id: int, at: datetime
) -> datetime:
    """As `due`, for what was overdue and is handed upward at `at`."""
    rule, days = await _rule(conn, words, step, priority, area_id)
    return working_days.due_at(at, rule.again_days, days)


async def _rule(
    conn: AsyncConnection, words: Vocabulary, step: str, priority: str, area_id: int
) -> tuple[DueRule, Days]:
    held = await rules(conn, words)
    area = (await words.areas_by_id(conn, [area_id]))[area_id]
    return held.of(step, priority, area.ancestor_ids), held.days

"""The demo county at work: what a plan proposed, ordered, served, followed up, and some of it left undone.

The story of 小娜 comes first, to its coded outcome where the report has one. The others are drawn by dice of their own
from the plan's lines; every act is the one a county would do, by a clock set back some days. Nothing is certified but
hours that were recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from db.cursors import parse_id
from fivelink.demo.dice import Dice
from fivelink.printing import asked
from resolvers import certificates, matches, referrals, services
from resolvers.context import Context
from resolvers.errors import Refusal

#: How many of the plan's lines come to this state, before the story.
STATES: tuple[tuple[str, int], ...] = (
    ("REQUESTED", 9),
    ("OVERDUE", 5),
    ("ACCEPTED", 7),
    ("REJECTED", 4),
    ("IN_PROGRESS", 8),
    ("ON_HOLD", 3),
    ("COMPLETED", 8),
    ("FOLLOWED_UP", 12),
    ("FAILED", 3),
    ("CANCELLED", 3),
)
#: Teams whose hours are recorded; each gets a certificate.
VOLUNTEERS = 2
#: The story: title, state, and what was delivered of it in words of the report.
STORY: tuple[tuple[str, str], ...] = (
    ("劝导返校", "FOLLOWED_UP"),
    ("弟弟住院看护", "FOLLOWED_UP"),
    ("弟弟医疗费用", "FOLLOWED_UP"),
    ("母亲生活照料", "IN_PROGRESS"),
    ("助学金", "COMPLETED"),
    ("心理疏导", "IN_PROGRESS"),
    ("课业辅导", "ACCEPTED"),
    ("亲情陪伴", "REQUESTED"),
)
#: Steps that lead to a state: days ago, step, what is given (delivered: how much less than was ordered).
_AFTER: Mapping[str, tuple[tuple[float, str, Mapping[str, Any]], ...]] = {
    "REQUESTED": ((0.1, "request", {}),),
    "OVERDUE": ((9, "request", {}),),
    "ACCEPTED": ((2, "request", {}), (1.2, "accept", {})),
    "REJECTED": ((3, "request", {}), (2.3, "reject", {"reason": "TIME_CONFLICT"})),
    "IN_PROGRESS": ((6, "request", {}), (5.4, "accept", {}), (3.1, "start", {})),
    "ON_HOLD": (
        (8, "request", {}),
        (7.2, "accept", {}),
        (5.5, "start", {}),
        (2.4, "hold", {"reason": "WAITING_FOR_SUPPLY"}),
    ),
    "COMPLETED": (
        (12, "request", {}),
        (11.5, "accept", {}),
        (9.3, "start", {}),
        (2.2, "complete", {"outcome": "GOT_HELP"}),
    ),
    "FOLLOWED_UP": (
        (16, "request", {}),
        (15.4, "accept", {}),
        (13.2, "start", {}),
        (6.3, "complete", {"outcome": "GOT_HELP"}),
        (1.4, "followUp", {}),
    ),
    "FAILED": ((9, "request", {}), (8.3, "accept", {}), (4.2, "fail", {"outcome": "COULD_NOT_CONTACT"})),
    "CANCELLED": ((5, "request", {}), (3.2, "cancel", {"reason": "CLIENT_DECLINED"})),
}
_PAGE = 100
_LINES = """query ($id: ID!, $first: Int!, $after: String) { node(id: $id) { ... on Plan {
  allocations(first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { node { quantity
    need { id title resourceType { kind } } offer { id provider { id __typename } } } } } } } }"""
_ANY = "{ referrals(first: 1) { totalCount } }"


@dataclass(frozen=True, slots=True)
class _Line:
    need_id: int
    title: str
    kind: str
    offer_id: int
    provider_id: int
    by_volunteers: bool
    quantity: int


async def has_begun(context: Context) -> bool:
    """Whether anything was ordered yet."""
    return bool((await asked(context, _ANY, {}))["referrals"]["totalCount"])


async def live(context: Context, plan_id: int) -> None:
    """Lets some dozens of a plan's lines be ordered and led on, all by the clock of some days ago.

    About 250 acts, each in a transaction of its own; then the matches are renewed, for the acts were dated back.
    """
    lines = await _lines(context, plan_id)
    dice = Dice(20_251_122)
    for title, state in STORY:
        for line in [one for one in lines if one.title.endswith(title) and "小娜" in one.title]:
            await _lead(context, line, state, dice)
    others = [one for one in lines if "小娜" not in one.title]
    teams = {one.provider_id: one for one in reversed(others) if one.by_volunteers}
    chosen = list(teams.values())[-VOLUNTEERS:]
    rest = dice.some([one for one in others if one not in chosen], sum(count for _, count in STATES))
    states = [state for state, count in STATES for _ in range(count)]
    for line in chosen:
        await _lead(context, line, "FOLLOWED_UP", dice)
        await _certify(context, line)
    for line, state in zip(rest, states, strict=False):
        # What an earlier order used up is left alone.
        with suppress(Refusal):
            await _lead(context, line, state, dice)
    await matches.renew_all(context)


async def _lines(context: Context, plan_id: int) -> Sequence[_Line]:
    """The plan's lines, those of whole needs and parts alike, in the plan's order."""
    from db.cursors import global_id

    found: list[_Line] = []
    after = None
    while True:
        asked_for = {"id": global_id(b"Plan:%d" % plan_id), "first": _PAGE, "after": after}
        page = (await asked(context, _LINES, asked_for))["node"]["allocations"]
        for edge in page["edges"]:
            node = edge["node"]
            need, provider = node["need"], node["offer"]["provider"]
            found.append(
                _Line(
                    _number(need["id"]),
                    need["title"],
                    need["resourceType"]["kind"],
                    _number(node["offer"]["id"]),
                    _number(provider["id"]),
                    provider["__typename"] == "Volunteer",
                    node["quantity"],
                )
            )
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def _number(id: str) -> int:
    parsed = parse_id(id)
    assert parsed is not None
    return int(parsed[1])


def _back(context: Context, days: float) -> Context:
    now = context.clock() - timedelta(days=days)
    return replace(context, clock=lambda: now)


async def _lead(context: Context, line: _Line, state: str, dice: Dice) -> None:
    """Orders the line and leads it to the state. Raises Refusal where it cannot be ordered any more."""
    id = 0
    for days, step, given in _AFTER[state]:
        then = _back(context, days)
        if step == "request":
            id = (
                await referrals.request(then, need_id=line.need_id, offer_id=line.offer_id, quantity=line.quantity)
            ).id
        elif step == "followUp":
            await referrals.follow_up(then, id, satisfaction=dice.between(3, 5))
        elif step == "complete":
            await _serve(_back(context, days + 1), line, id)
            whole = "小娜" in line.title or line.quantity < 2 or dice.chance(80)
            delivered = line.quantity if whole else dice.between(1, line.quantity - 1)
            await referrals.advance(then, step, id, delivered=delivered, **given)
        else:
            await referrals.advance(then, step, id, **given)


async def _serve(context: Context, line: _Line, id: int) -> None:
    """The record of what was done, as the kind of resource asks for it."""
    records: dict[str, tuple[str, dict[str, Any]]] = {
        "GOODS": ("GOODS_DELIVERED", {"quantity": 1, "persons": 1}),
        "FUNDS": ("MONEY_PAID", {"amount": Decimal(line.quantity), "persons": 1}),
        "VOLUNTEER_TIME": ("HOURS", {"minutes": 120}),
        "SERVICE": ("CASEWORK", {"persons": 1, "person_times": 2}),
        "VENUE": ("COMMUNITY_ACTIVITY", {"sessions": 1, "person_times": 20, "reach": 20}),
    }
    kind, figures = records[line.kind]
    if line.by_volunteers:
        kind, figures = "HOURS", {"minutes": 120}
    await services.record_service(context, referral_id=id, kind=kind, served_on=context.today, **figures)


async def _certify(context: Context, line: _Line) -> None:
    from_on = _back(context, 30).today
    await certificates.issue(context, volunteer_id=line.provider_id, from_on=from_on, until_on=_back(context, 1).today)

"""Why a plan chose as it did: for each allocation who would step in, and whom it went past and why that is right.

    next best    the best offer the need does not use: used up by others, or of a lower score
    passed over  the need next in line for the same offer, compared aim by aim in the plan's own order: TIER, then the
                 share of its district that stays unmet, then SCORE; the first aim in which they differ is the reason

`choices` finds the facts, as numbers that are stored with the plan; `told` puts them into words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph.candidates import Evaluator
from graph.market import FAIR, ORDERS, SCORE, SEGMENTS, TIER
from graph.score import weight_vector
from graph.values import WHOLE, Allocation, Coverage, Need, Offer, Plan, World

FULLY_MET, LESS_URGENT, LESS_SHORT = "FULLY_MET", "LESS_URGENT", "LESS_SHORT"
LOWER_SCORE, EQUAL, BEST_FOR_ALL = "LOWER_SCORE", "EQUAL", "BEST_FOR_ALL"

_URGENCY = (("一般", "routine"), ("较急", "urgent"), ("紧急", "as soon as possible"), ("特急", "at once"))


@dataclass(frozen=True, slots=True)
class Choice:
    """The facts behind one allocation.

    parts         values of the pair's score, ten-thousandths, in the order of `graph.score.PART_CODES`
    next_left     units of the next best offer that the plan leaves free; None where there is no such offer
    passed_code   why the need next in line did not get it; None where nobody was passed over
    passed_own, passed_other  what is compared, by code: tiers 0..3, shares that stay unmet 0..1, scores 0..1; else None
    """

    parts: tuple[int, ...]
    next_left: int | None
    passed_code: str | None = None
    passed_own: float | None = None
    passed_other: float | None = None


def choices(plan: Plan, needs: Sequence[Need], offers: Sequence[Offer], world: World) -> list[Choice]:
    """The facts behind each allocation, in the plan's order. O(needs + offers + allocations).

    `needs`, `offers` and `world` are what the plan was computed from. Raises as `graph.candidates.pairs`.
    """
    if not plan.allocations:
        return []
    need_at = {need.id: position for position, need in enumerate(needs)}
    offer_at = {offer.id: position for position, offer in enumerate(offers)}
    rules, weights = Evaluator(needs, offers, world), weight_vector(world.weights)
    rows = np.array([(need_at[a.need_id], offer_at[a.offer_id]) for a in plan.allocations], dtype=np.int64)
    values = np.stack(rules.parts(rows[:, 0], rows[:, 1]), axis=1).tolist()
    passed = [a for a in plan.allocations if a.next_need_id is not None]
    pairs = [(need_at[a.next_need_id], offer_at[a.offer_id]) for a in passed if a.next_need_id is not None]
    lines = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    scores = iter((rules.score(lines[:, 0], lines[:, 1], weights) / WHOLE**2).tolist() if passed else ())
    left = {offer.id: max(0, offer.available) for offer in offers}
    for one in plan.allocations:
        left[one.offer_id] -= one.quantity
    compare = _Compared(plan, needs, world)
    found = []
    for one, parts in zip(plan.allocations, values, strict=True):
        free = None if one.next_offer_id is None else left[one.next_offer_id]
        if one.next_need_id is None:
            found.append(Choice(tuple(parts), free))
        else:
            found.append(Choice(tuple(parts), free, *compare(one, one.next_need_id, next(scores))))
    return found


class _Compared:
    """Two needs in line for one offer, aim by aim."""

    def __init__(self, plan: Plan, needs: Sequence[Need], world: World) -> None:
        self.order = ORDERS[plan.order]
        self.needs = {need.id: need for need in needs}
        self.short = {one.need_id for one in plan.shortfalls}
        self.coverage: Mapping[tuple[int, int], Coverage] = {(c.district_id, c.type_id): c for c in plan.coverage}
        self.districts = world.districts

    def __call__(self, one: Allocation, other_id: int, score: float) -> tuple[str, float | None, float | None]:
        own, other = self.needs[one.need_id], self.needs[other_id]
        if other_id not in self.short:
            return FULLY_MET, None, None
        for aim in self.order:
            if aim == TIER and own.priority != other.priority:
                code = LESS_URGENT if other.priority < own.priority else BEST_FOR_ALL
                return code, own.priority, other.priority
            if aim == FAIR and (shares := self._shares(one, own, other)):
                steps = [int(share * SEGMENTS) for share in shares]
                if steps[0] != steps[1]:
                    return (LESS_SHORT if steps[1] < steps[0] else BEST_FOR_ALL), *shares
            if aim == SCORE and one.score != score:
                return (LOWER_SCORE if score < one.score else BEST_FOR_ALL), one.score, score
        return EQUAL, None, None

    def _shares(self, one: Allocation, own: Need, other: Need) -> tuple[float, float] | None:
        """What would stay unmet here without this allocation, and what does there; None within one group."""
        here, there = self._group(own), self._group(other)
        if here is None or there is None or here is there:
            return None
        without = (here.requested - here.allocated + one.quantity) / here.requested
        return without, (there.requested - there.allocated) / there.requested

    def _group(self, need: Need) -> Coverage | None:
        return self.coverage.get((self.districts.get(need.area_id, need.area_id), need.type_id))


@dataclass(frozen=True, slots=True)
class Told:
    code: str
    text_zh: str
    text_en: str


def told(
    score: float,
    next_score: float | None,
    next_left: int | None,
    passed_code: str | None,
    passed_own: float | None,
    passed_other: float | None,
) -> list[Told]:
    """An allocation's facts in words: what was next best, then, where somebody was passed over, why.

    >>> [one.code for one in told(0.9, 0.7, 0, None, None, None)]
    ['NEXT_USED_UP']
    """
    found = [_next_best(score, next_score, next_left)]
    if passed_code is not None:
        found.append(_passed_over(passed_code, passed_own, passed_other))
    return found


def _next_best(score: float, next_score: float | None, next_left: int | None) -> Told:
    if next_score is None:
        return Told("NO_OTHER_OFFER", "没有其他符合条件的资源可替代", "No other offer fits this need")
    if not next_left:
        return Told(
            "NEXT_USED_UP",
            f"次优资源匹配度 {next_score:.2f},已全部分给其他需求",
            f"The next best offer scores {next_score:.2f}; other needs get all of it",
        )
    if next_score <= score:
        return Told(
            "NEXT_LOWER",
            f"次优资源匹配度 {next_score:.2f},不高于这一资源的 {score:.2f};还余 {next_left}",
            f"The next best offer scores {next_score:.2f}, this one {score:.2f}; {next_left} of it stay free",
        )
    return Told(
        "NEXT_BEST_FOR_ALL",
        f"次优资源匹配度 {next_score:.2f},虽更高,但改用它会使方案整体变差",
        f"The next best offer scores more, {next_score:.2f}, but taking it would make the whole plan worse",
    )


def _passed_over(code: str, own: float | None, other: float | None) -> Told:
    zh, en = "同一资源的下一位需求", "The need next in line for the same offer "
    if code == FULLY_MET:
        return Told(code, f"{zh}已由其他资源全部满足", f"{en}is fully met by others")
    if code == LESS_URGENT and own is not None and other is not None:
        (own_zh, own_en), (other_zh, other_en) = _URGENCY[int(own)], _URGENCY[int(other)]
        return Told(
            code,
            f"{zh}紧急程度为“{other_zh}”,低于本需求的“{own_zh}”",
            f"{en}is less urgent: {other_en}, against {own_en} here",
        )
    if code == LESS_SHORT and own is not None and other is not None:
        return Told(
            code,
            f"{zh}所在地此类需求的缺口为 {other:.0%};若不给本需求,这里的缺口为 {own:.0%}",
            f"{en}is in a place that misses {other:.0%} of this type; here, without this, {own:.0%} would be missing",
        )
    if code == LOWER_SCORE and own is not None and other is not None:
        return Told(
            code, f"{zh}匹配度 {other:.2f},低于本需求的 {own:.2f}", f"{en}scores {other:.2f}, this one {own:.2f}"
        )
    if code == EQUAL:
        return Told(
            code,
            f"{zh}在各项目标上与本需求相同,按固定的编号规则取其一",
            f"{en}is equal in every aim; a fixed rule on their numbers decides",
        )
    return Told(
        BEST_FOR_ALL,
        "改给同一资源的下一位需求会使方案整体变差",
        "Giving it to the need next in line would make the whole plan worse",
    )

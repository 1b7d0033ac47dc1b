"""Why a need is not fully met, and the smallest change that would help.

A need without any eligible offer is told what its nearest misses fail: the offers of its type that fail the fewest
rules, by the least. A need with eligible offers is told who was served before it, and which cap, maximum or minimum
keeps back what is left. Codes beyond those of `graph.rules`: NO_OFFER, CAPACITY_USED, CAP_USED, MAXIMUM, WHOLE.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.candidates import Evaluator, pairs
from graph.columns import columns
from graph.parts import meetings
from graph.rules import amount, obstacles
from graph.solver import Ints
from graph.values import Cap, Need, Obstacle, Offer, Shortfall, World, label

#: Reasons given for one need at most.
MOST = 3
#: Needs, and candidate pairs of theirs, that are looked at together at most (some 40 bytes a pair).
BLOCK, BLOCK_PAIRS = 1_000, 1_000_000
#: No offer can hold more than this.
LARGEST = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Given:
    """A plan as columns: positions of needs and offers, units; ordered by need, then offer."""

    need: Ints
    offer: Ints
    quantity: Ints


def explain(
    needs: Sequence[Need], offers: Sequence[Offer], world: World, given: Given, caps: Sequence[Cap] = ()
) -> list[Shortfall]:
    """A shortfall with its reasons for every need that gets less than remains, in the order of needs.

    O(short needs x offers of their type); the pairs of a block of needs are held at a time.
    """
    missing = np.array([n.remaining for n in needs], dtype=np.int64)
    np.subtract.at(missing, given.need, given.quantity)
    short = np.flatnonzero(missing > 0)
    if not len(short):
        return []
    used = _Used(needs, offers, world, given, caps)
    table = columns(needs, offers, world)
    near = _NearMisses(needs, offers, world, Evaluator.of(table))
    found = []
    for block in _blocks(short, meetings(table).candidates()[short]):
        eligible = pairs([needs[n] for n in block], offers, world)
        cuts = np.searchsorted(eligible.need_index, np.arange(len(block) + 1)).tolist()
        for n, a, b in zip(block, cuts, cuts[1:], strict=False):
            fitting = eligible.offer_index[a:b].astype(np.int64), eligible.score_e8[a:b]
            reasons = used.reasons(n, int(missing[n]), *fitting) if a < b else near.reasons(n)
            found.append(Shortfall(needs[n].id, int(missing[n]), reasons))
    return found


def _blocks(short: Ints, candidates: Ints) -> Iterator[list[int]]:
    """The needs in stretches of at most `BLOCK`, and of `BLOCK_PAIRS` candidates where one need has not more."""
    before = np.append(0, np.cumsum(candidates))
    start = 0
    while start < len(short):
        full = int(np.searchsorted(before, before[start] + BLOCK_PAIRS, side="right")) - 1
        stop = min(start + BLOCK, max(start + 1, full))
        yield short[start:stop].tolist()
        start = stop


class _Used:
    """Needs with eligible offers that got too little all the same."""

    def __init__(
        self, needs: Sequence[Need], offers: Sequence[Offer], world: World, given: Given, caps: Sequence[Cap]
    ) -> None:
        self.needs, self.offers, self.world, self.given = needs, offers, world, given
        self.left = np.array([max(0, o.available) for o in offers], dtype=np.int64)
        np.subtract.at(self.left, given.offer, given.quantity)
        self.first = np.searchsorted(given.need, np.arange(len(needs) + 1))
        self.caps = {cap.id: cap for cap in caps}
        self.room = self._room()
        #: For each offer and tier, the needs it serves and the units they get.
        self.takers = np.zeros((len(offers), 4, 2), dtype=np.int64)
        tier = np.array([n.priority for n in needs], dtype=np.int64)[given.need]
        np.add.at(self.takers[:, :, 0], (given.offer, tier), 1)
        np.add.at(self.takers[:, :, 1], (given.offer, tier), given.quantity)

    def _room(self) -> dict[int, int]:
        """What is left of each cap."""
        room = {cap.id: cap.limit for cap in self.caps.values()}
        for place, units in zip(self.given.offer.tolist(), self.given.quantity.tolist(), strict=True):
            for cap in self._above(self.offers[place]):
                room[cap.id] -= units
        return room

    def _above(self, offer: Offer) -> Iterator[Cap]:
        at = offer.cap_id
        while at is not None:
            yield self.caps[at]
            at = self.caps[at].parent_id

    def _received(self, n: int, offers: Ints) -> Ints:
        """What the need gets of each of these offers (ascending)."""
        mine = slice(int(self.first[n]), int(self.first[n + 1]))
        received = np.zeros(len(offers), dtype=np.int64)
        received[np.searchsorted(offers, self.given.offer[mine])] = self.given.quantity[mine]
        return received

    def reasons(self, n: int, missing: int, offers: Ints, score: Ints) -> list[Obstacle]:
        need, got, left = self.needs[n], self._received(n, offers), self.left[offers]
        unit = self.world.type_units.get(need.type_id, "")
        reasons = []
        spent = np.flatnonzero(left == 0)
        if len(spent):
            reasons.append(self._capacity_used(need, missing, offers[spent], got[spent], score[spent], unit))
        for place in np.flatnonzero(left > 0).tolist():
            offer, rest = self.offers[offers[place]], int(left[place])
            empty = next((cap for cap in self._above(offer) if self.room[cap.id] <= 0), None)
            if empty is not None:
                reasons.append(self._cap_used(empty, offer, rest, missing, unit))
                continue
            if offer.maximum is not None and got[place] >= offer.maximum:
                most = offer.maximum + min(rest, missing)
                reasons.append(
                    Obstacle(
                        "MAXIMUM",
                        f"该供给每个需求最多{offer.maximum}{unit},尚余{rest}{unit}",
                        f"The offer gives one need at most {amount(offer.maximum, unit)}"
                        f"; it has {amount(rest, unit)} left.",
                        f"将单次上限提高到{most}{unit}",
                        f"Raise the maximum to {amount(most, unit)}.",
                        offer.id,
                    )
                )
            elif got[place] == 0 and min(rest, missing) < offer.minimum:
                least = min(rest, missing)
                reasons.append(
                    Obstacle(
                        "MINIMUM",
                        f"该供给起供数量为{offer.minimum}{unit},目前只能再给{least}{unit}",
                        f"The offer gives at least {amount(offer.minimum, unit)}"
                        f"; only {amount(least, unit)} can still go here.",
                        f"将起供数量降到{least}{unit}",
                        f"Lower the minimum to {amount(least, unit)}.",
                        offer.id,
                    )
                )
        if need.whole:
            reasons.insert(0, self._whole(need, int(left.sum()), unit))
        return reasons[:MOST] or [self._kept_together(offers, score, missing, unit)]

    def _whole(self, need: Need, left: int, unit: str) -> Obstacle:
        most = min(left, need.remaining)
        return Obstacle(
            "WHOLE",
            f"该需求要么全部满足要么不给,共需{need.remaining}{unit},相符的供给目前尚余{most}{unit}",
            f"The need takes all of its {amount(need.remaining, unit)} or nothing"
            f"; fitting offers have {amount(most, unit)} left.",
            "允许分次满足该需求",
            "Let the need be met in parts.",
        )

    def _cap_used(self, cap: Cap, offer: Offer, rest: int, missing: int, unit: str) -> Obstacle:
        more = min(rest, missing)
        return Obstacle(
            "CAP_USED",
            f"该供给尚余{rest}{unit},但所属额度({cap.limit})已用完",
            f"The offer has {amount(rest, unit)} left, but the cap of {cap.limit} it draws on is used up.",
            f"将额度提高{more}{unit}",
            f"Raise the cap by {amount(more, unit)}.",
            offer.id,
        )

    def _capacity_used(self, need: Need, missing: int, offers: Ints, own: Ints, score: Ints, unit: str) -> Obstacle:
        takers = self.takers[offers].sum(axis=0)
        takers[need.priority] -= (int((own > 0).sum()), int(own.sum()))
        urgent, others = takers[need.priority + 1 :].sum(axis=0), takers.sum(axis=0)
        best = self.offers[offers[np.argmax(score)]]
        zh, en = f"{len(offers)}项相符的供给", _counted(len(offers), "fitting offer")
        if others[0]:
            pressing_zh = f"(其中更紧急的{urgent[0]}项,{urgent[1]}{unit})" if urgent[0] else ""
            pressing_en = f" ({urgent[0]} more urgent, {amount(urgent[1], unit)})" if urgent[0] else ""
            zh += f"已分完:{others[1]}{unit}分给了其他{others[0]}项需求{pressing_zh}"
            en += f" {'is' if len(offers) == 1 else 'are'} used up: {amount(others[1], unit)} went to"
            en += f" {_counted(others[0], 'other need')}{pressing_en}"
        else:
            zh += "已全部分给本需求"
            en += f" {'gives' if len(offers) == 1 else 'give'} this need everything there is"
        return Obstacle(
            "CAPACITY_USED",
            f"{zh},还差{missing}{unit}",
            f"{en}; still short by {amount(missing, unit)}.",
            *_more(best, missing, unit),
            best.id,
        )

    def _kept_together(self, offers: Ints, score: Ints, missing: int, unit: str) -> Obstacle:
        """What is left would break a minimum elsewhere: said of the offer that fits best."""
        offer = self.offers[offers[np.argmax(score)]]
        return Obstacle(
            "CAPACITY_USED",
            f"余量须满足其他需求的起供数量,还差{missing}{unit}",
            f"What is left is bound by the minimum of other needs; still short by {amount(missing, unit)}.",
            *_more(offer, missing, unit),
            offer.id,
        )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _more(offer: Offer, missing: int, unit: str) -> tuple[str, str]:
    """The remedy for too little: a larger offer, or another where no offer can be that large."""
    if offer.available + missing > LARGEST:
        return f"另行征集{missing}{unit}的供给", f"Recruit another offer of {amount(missing, unit)}."
    return f"增加供给量{missing}{unit}", f"Raise the capacity by {amount(missing, unit)}."


class _NearMisses:
    """Needs that no offer fits."""

    def __init__(self, needs: Sequence[Need], offers: Sequence[Offer], world: World, evaluator: Evaluator) -> None:
        self.needs, self.offers, self.world, self.evaluator = needs, offers, world, evaluator
        self.by_type: dict[int, list[int]] = defaultdict(list)
        for place, offer in enumerate(offers):
            self.by_type[offer.type_id].append(place)
        self.known: dict[Need, list[Obstacle]] = {}

    def reasons(self, n: int) -> list[Obstacle]:
        need = self.needs[n]
        alike = replace(need, id=0, priority=0)  # what the rules look at
        if alike not in self.known:
            self.known[alike] = self._reasons(n, need)
        return self.known[alike]

    def _reasons(self, n: int, need: Need) -> list[Obstacle]:
        fitting = [p for t in self.world.type_ancestors[need.type_id] for p in self.by_type.get(t, ())]
        if not fitting:
            return [self._no_offer(need)]
        oi = np.array(sorted(fitting), dtype=np.int64)
        failures = self.evaluator.failures(n, oi)
        count = np.sum([fails for fails, _ in failures.values()], axis=0)
        size = np.sum([np.where(fails, much, 0) for fails, much in failures.values()], axis=0)
        if count.min() > 1:
            nearest = np.lexsort((oi, size, count))[0]
            return self._of(need, int(oi[nearest]))[:MOST]
        reasons = []
        for fails, much in failures.values():
            alone = np.flatnonzero(fails & (count == 1))
            if len(alone):
                reasons += self._of(need, int(oi[alone[np.argmin(much[alone])]]))
        return reasons[:MOST]

    def _of(self, need: Need, place: int) -> list[Obstacle]:
        offer = self.offers[place]
        return [replace(found, offer_id=offer.id) for found in obstacles(need, offer, self.world)]

    def _no_offer(self, need: Need) -> Obstacle:
        kind, place = label(self.world.type_labels, need.type_id), label(self.world.area_labels, need.area_id)
        unit = self.world.type_units.get(need.type_id, "")
        return Obstacle(
            "NO_OFFER",
            f"没有任何“{kind[0]}”的供给",
            f"Nobody offers {kind[1]}.",
            f"征集覆盖{place[0]}的“{kind[0]}”{need.remaining}{unit}",
            f"Recruit {amount(need.remaining, unit)} of {kind[1]} for {place[1]}.",
        )

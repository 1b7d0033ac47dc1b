"""The loop as the issue and FHIR's Task tell it, in plain Python: an eye of its own, with nothing of the product in it.

Figures are not kept here: what is committed, delivered, met and closed follows from the referrals whenever it is asked.
Areas are codes that begin with the code of the area above; a coordinator of "" is the administrator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DONE, INVALID, UNSEEN, FORBIDDEN, CONFLICT = "Done", "InvalidInput", "NotFound", "NotAllowed", "Conflict"
STANDING = ("REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD")
ANYBODY = ("PROVIDER", "COMMUNITY", "COORDINATOR")
#: step: from, to, who may, what must be given, what may be given, what is awaited then.
STEPS = {
    "accept": (("REQUESTED",), "ACCEPTED", ("PROVIDER", "COORDINATOR"), set(), set(), "START"),
    "reject": (("REQUESTED",), "REJECTED", ("PROVIDER", "COORDINATOR"), {"reason"}, set(), ""),
    "start": (("ACCEPTED", "ON_HOLD"), "IN_PROGRESS", ("PROVIDER", "COORDINATOR"), set(), set(), "COMPLETE"),
    "hold": (("ACCEPTED", "IN_PROGRESS"), "ON_HOLD", ("PROVIDER", "COORDINATOR"), set(), {"reason"}, "COMPLETE"),
    "complete": (("IN_PROGRESS",), "COMPLETED", ANYBODY, {"delivered", "outcome"}, set(), "FOLLOW_UP"),
    "fail": (STANDING[1:], "FAILED", ANYBODY, {"outcome"}, {"reason"}, "FOLLOW_UP"),
    "cancel": (STANDING, "CANCELLED", ("COMMUNITY", "COORDINATOR"), set(), {"reason"}, ""),
}
#: What of an offer's or a need's referrals ends with it.
ENDS = {"pause": ("REQUESTED",), "withdraw": ("REQUESTED", "ACCEPTED"), "need_withdraw": ("REQUESTED", "ACCEPTED")}
SERVES = {"WHEELCHAIR": ("WHEELCHAIR", "AIDS"), "AIDS": ("AIDS",)}
OFFICE, DAY = ZoneInfo("Asia/Shanghai"), timedelta(days=1)


@dataclass(frozen=True)
class Who:
    name: str
    role: str
    area: str = ""
    party: int = 0


@dataclass
class Need:
    area: str
    community: int
    type: str
    quantity: int
    priority: str
    withdrawn: bool = False


@dataclass
class Offer:
    area: str
    provider: int
    type: str
    coverage: str
    capacity: int
    minimum: int
    maximum: int
    status: str = "ACTIVE"


@dataclass
class Referral:
    need: int
    offer: int
    quantity: int
    status: str
    due: datetime
    owner: str
    delivered: int = 0
    escalations: int = 0
    awaited: bool = True
    followed_up: bool = False
    closed_by: str | None = None

    @property
    def held(self) -> int:
        return self.quantity if self.status in STANDING else self.delivered


@dataclass
class Model:
    """`do` judges an act, and carries it out where it is DONE."""

    now: datetime
    #: (working days, again) by (what is awaited, priority).
    rules: dict[tuple[str, str], tuple[int, int]]
    needs: dict[int, Need] = field(default_factory=dict)
    offers: dict[int, Offer] = field(default_factory=dict)
    referrals: dict[int, Referral] = field(default_factory=dict)
    #: id: (area, whether it may be approved, lines of (need, offer, quantity)).
    plans: dict[int, tuple[str, bool, list[tuple[int, int, int]]]] = field(default_factory=dict)
    #: (who, act, key): (what was given, what came of it).
    keys: dict[tuple[str, str, str], tuple[dict[str, Any], int]] = field(default_factory=dict)

    def committed(self, **of: int) -> int:
        return sum(r.held for r in self.referrals.values() if all(getattr(r, name) == id for name, id in of.items()))

    def delivered(self, need: int) -> int:
        return sum(r.delivered for r in self.referrals.values() if r.need == need)

    def status(self, id: int) -> str:
        if self.needs[id].withdrawn or self.delivered(id) < self.needs[id].quantity:
            return "WITHDRAWN" if self.needs[id].withdrawn else "OPEN"
        mine = [r for r in self.referrals.values() if r.need == id and r.status == "COMPLETED"]
        return "CLOSED" if all(r.followed_up for r in mine) else "MET"

    def room(self, need: int, offer: int) -> int:
        """The most the pair can do now; 0 where it does not match."""
        n, o = self.needs[need], self.offers[offer]
        if self.status(need) != "OPEN" or o.status != "ACTIVE" or not n.area.startswith(o.coverage):
            return 0
        most = min(n.quantity - self.committed(need=need), o.capacity - self.committed(offer=offer), o.maximum)
        return most if o.type in SERVES[n.type] and most >= o.minimum else 0

    def sees(self, who: Who, kind: str, id: int) -> bool:
        thing = getattr(self, kind).get(id)
        if thing is None or who.role != "PARTNER":
            return thing is not None and (kind == "offers" or self.area(thing).startswith(who.area))
        if kind == "referrals":
            return who.party in (self.needs[thing.need].community, self.offers[thing.offer].provider)
        if kind == "needs":
            own = [i for i, o in self.offers.items() if o.provider == who.party]
            asked = any(r.need == id and r.offer in own for r in self.referrals.values())
            return asked or thing.community == who.party or any(self.room(id, i) for i in own)
        promised = any(r.offer == id and self.needs[r.need].community == who.party for r in self.referrals.values())
        return promised or thing.status == "ACTIVE" or thing.provider == who.party

    def area(self, thing: Need | Offer | Referral) -> str:
        return self.needs[thing.need].area if isinstance(thing, Referral) else thing.area

    def due(self, awaited: str, need: int, again: bool = False) -> datetime:
        days = self.rules[awaited, self.needs[need].priority][again]
        end = datetime.combine(self.now.astimezone(OFFICE).date(), time(17, 30), OFFICE)
        while days > 0 or end.weekday() > 4 or end <= self.now:
            end += DAY
            days -= end.weekday() < 5
        return end

    def move(self, r: Referral, status: str, side: str, awaited: str) -> None:
        r.status, r.owner, r.escalations = status, self.needs[r.need].area, 0
        if awaited:
            r.due = self.due(awaited, r.need)
        if status not in STANDING:
            r.closed_by, r.awaited = side, bool(awaited)

    def do(self, act: str, who: Who, new_id: int, key: str | None = None, **given: Any) -> str:
        """The kind of answer. A key that was used answers as it did, or is in the way."""
        if who.role not in ("PARTNER", "COORDINATOR"):
            return FORBIDDEN
        if key and (who.name, act, key) in self.keys:
            return DONE if self.keys[who.name, act, key] == (given, new_id) else CONFLICT
        name = "step" if act in STEPS else "offer_act" if act in ("pause", "resume", "withdraw", "capacity") else act
        kind = str(getattr(self, name)(who, act, new_id, **given))
        if key and kind == DONE:
            self.keys[who.name, act, key] = (given, new_id)
        return kind

    def order(self, who: Who, act: str, new_id: int, need: int, offer: int, quantity: int) -> str:
        if act == "order" and who.role == "PARTNER":
            return FORBIDDEN
        unseen = [not self.sees(who, "needs", need), not self.sees(who, "offers", offer)]
        wrong = quantity < (1 if unseen[1] else self.offers[offer].minimum)
        if wrong or any(unseen):
            return UNSEEN if sum(unseen) == 1 and not wrong else INVALID
        own = who.role == "PARTNER" and self.offers[offer].provider == who.party
        if not own and (who.role == "PARTNER" or not self.needs[need].area.startswith(who.area)):
            return FORBIDDEN
        left = self.offers[offer].maximum - self.committed(need=need, offer=offer)
        if quantity > min(left, self.room(need, offer)):
            return CONFLICT
        status, awaited = ("REQUESTED", "ACCEPT") if act == "order" else ("ACCEPTED", "START")
        due, area = self.due(awaited, need), self.needs[need].area
        self.referrals[new_id] = Referral(need, offer, quantity, status, due, area)
        return DONE

    take = order

    def sided(self, who: Who, id: int, sides: tuple[str, ...]) -> str:
        """On whose behalf; or why not."""
        if not self.sees(who, "referrals", id):
            return UNSEEN
        provides = self.offers[self.referrals[id].offer].provider == who.party
        side = "COORDINATOR" if who.role != "PARTNER" else "PROVIDER" if provides else "COMMUNITY"
        return side if side in sides else FORBIDDEN

    def step(self, who: Who, act: str, _: int, id: int, **given: Any) -> str:
        sources, target, sides, must, may, awaited = STEPS[act]
        side = self.sided(who, id, sides)
        if side in (UNSEEN, FORBIDDEN):
            return side
        r = self.referrals[id]
        if r.status not in sources:
            return CONFLICT
        wrong = not 1 <= given.get("delivered", 1) <= r.quantity or "NONSENSE" in given.values()
        if wrong or not must <= set(given) <= must | may:
            return INVALID
        r.delivered = given.get("delivered", 0)
        self.move(r, target, side, awaited)
        return DONE

    def follow_up(self, who: Who, act: str, _: int, id: int, reached: bool, satisfaction: int | None) -> str:
        side = self.sided(who, id, ("COMMUNITY", "COORDINATOR"))
        if side in (UNSEEN, FORBIDDEN):
            return side
        r = self.referrals[id]
        if r.status not in ("COMPLETED", "FAILED") or r.followed_up:
            return CONFLICT
        if satisfaction not in (range(1, 6) if reached else (None,)):
            return INVALID
        self.move(r, r.status, str(r.closed_by), "" if reached else "FOLLOW_UP")
        r.followed_up = reached
        return DONE

    def need_submit(self, who: Who, act: str, new_id: int, **given: Any) -> str:
        if who.role == "PARTNER" or (given["quantity"] > 0 and not given["area"].startswith(who.area)):
            return FORBIDDEN
        self.needs |= {new_id: Need(**given)} if given["quantity"] > 0 else {}
        return DONE if given["quantity"] > 0 else INVALID

    def need_change(self, who: Who, act: str, _: int, id: int, quantity: int = 0) -> str:
        if who.role == "PARTNER" or not self.sees(who, "needs", id):
            return FORBIDDEN if who.role == "PARTNER" else UNSEEN
        standing = [r for r in self.referrals.values() if r.need == id and r.status in STANDING]
        if act == "need_withdraw":
            if self.status(id) != "OPEN" or any(r.status not in ENDS[act] for r in standing):
                return CONFLICT
            for r in standing:
                self.move(r, "CANCELLED", "COORDINATOR", "")
            self.needs[id].withdrawn = True
            return DONE
        if self.status(id) not in ("OPEN", "MET"):
            return CONFLICT
        if quantity < max(1, self.committed(need=id)):
            return INVALID
        self.needs[id].quantity = quantity
        return DONE

    need_withdraw = need_change

    def offer_publish(self, who: Who, act: str, new_id: int, **given: Any) -> str:
        o = Offer(**given)
        if o.capacity < 1 or o.minimum > min(o.capacity, o.maximum):
            return INVALID
        if who.party != o.provider and (who.role == "PARTNER" or not o.area.startswith(who.area)):
            return FORBIDDEN
        self.offers[new_id] = o
        return DONE

    def offer_act(self, who: Who, act: str, _: int, id: int, capacity: int = 0) -> str:
        if not self.sees(who, "offers", id):
            return UNSEEN
        o = self.offers[id]
        if who.party != o.provider and (who.role == "PARTNER" or not o.area.startswith(who.area)):
            return FORBIDDEN
        if o.status not in {"pause": ("ACTIVE",), "resume": ("PAUSED",)}.get(act, ("ACTIVE", "PAUSED")):
            return CONFLICT
        if act == "capacity":
            if capacity < max(o.minimum, self.committed(offer=id)):
                return INVALID
            o.capacity = capacity
            return DONE
        o.status = {"pause": "PAUSED", "resume": "ACTIVE", "withdraw": "WITHDRAWN"}[act]
        for r in self.referrals.values():
            if r.offer == id and r.status in ENDS.get(act, ()):
                self.move(r, "CANCELLED", "PROVIDER" if who.role == "PARTNER" else "COORDINATOR", "")
        return DONE

    def plan(self, who: Who, act: str, new_id: int, area: str) -> str:
        if who.role == "PARTNER" or not area.startswith(who.area):
            return FORBIDDEN
        self.plans = {id: (where, may and where != area, lines) for id, (where, may, lines) in self.plans.items()}
        self.plans[new_id] = (area, True, [])
        return DONE

    def approve(self, who: Who, act: str, new_id: int, id: int) -> str:
        """`new_id` is the id of the first of its orders; the others follow."""
        if who.role == "PARTNER" or id not in self.plans or not self.plans[id][0].startswith(who.area):
            return FORBIDDEN if who.role == "PARTNER" else UNSEEN
        area, may, lines = self.plans[id]
        if not may or not lines or not all(self.holds(line, lines) for line in lines):
            return CONFLICT
        self.plans[id] = (area, False, lines)
        for at, (need, offer, quantity) in enumerate(lines, new_id):
            due, owner = self.due("ACCEPT", need), self.needs[need].area
            self.referrals[at] = Referral(need, offer, quantity, "REQUESTED", due, owner)
        return DONE

    def holds(self, line: tuple[int, int, int], lines: list[tuple[int, int, int]]) -> bool:
        need, offer, quantity = line
        asked = sum(one for n, _, one in lines if n == need) + self.committed(need=need)
        given = sum(one for _, o, one in lines if o == offer) + self.committed(offer=offer)
        fits = asked <= self.needs[need].quantity and given <= self.offers[offer].capacity
        # A plan knows the most an offer gives to a need, not what earlier orders gave it of that.
        return fits and self.offers[offer].minimum <= quantity <= self.room(need, offer)

    def sweep(self) -> None:
        for r in self.referrals.values():
            top = len(r.owner) == 6 and r.escalations > 0
            if not r.awaited or r.due >= self.now or (top and r.status not in ("REQUESTED", "ACCEPTED")):
                continue
            if top:
                self.move(r, "CANCELLED", "SYSTEM", "")
            else:
                awaited = {"REQUESTED": "ACCEPT", "ACCEPTED": "START", "COMPLETED": "FOLLOW_UP", "FAILED": "FOLLOW_UP"}
                r.owner, r.escalations = r.owner[: max(6, len(r.owner) - 3)], r.escalations + 1
                r.due = self.due(awaited.get(r.status, "COMPLETE"), r.need, True)

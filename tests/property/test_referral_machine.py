"""The loop against a model of it: whatever is done in whatever order, by whomever, both say the same.

Acts are the product's own on the embedded PostgreSQL (tests/referral_product.py); tests/referral_model.py judges each,
and after each everything that is visible is compared. A longer run, 2,000 steps and more: FIVELINK_SOAK=1.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import os
import random
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import small_county as place
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from ledger import contradictions
from referral_model import CONFLICT, DONE, STANDING, STEPS, Model, Who
from referral_product import ADMIN, BEGIN, COMMUNITIES, PROVIDERS, SHOWN, WHO, Product, execute, named, prepared, rules
from sqlalchemy import make_url

from db.viewer import Viewer
from resolvers import matches, upkeep

SOAK = bool(os.environ.get("FIVELINK_SOAK"))
EXAMPLES, STEPS_EACH = (24, 120) if SOAK else (4, 70)
#: No clock goes further: the first of January is free.
END = datetime(2026, 12, 25, tzinfo=UTC)
TEMPLATE = "referral_machine"


class Machine(RuleBasedStateMachine):
    server_url = ""
    viewers: dict[str, Viewer]
    steps = 0
    kinds: dict[tuple[str, str], int]
    _numbers = itertools.count(1)

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.name = f"machine_{next(self._numbers)}"
        self.run(execute(self.server_url, f"CREATE DATABASE {self.name} TEMPLATE {TEMPLATE}"))
        self.url = named(self.server_url, self.name)
        self.product = Product(self.url, self.viewers)
        self.model = Model(BEGIN, rules())
        self.drawn: Counter[int] = Counter()
        self.keyed: list[tuple[str, Who, str, dict[str, Any]]] = []
        self.run(matches.renew_daily(self.product.context()))
        self.prints = self.run(self.product.prints())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def teardown(self) -> None:
        try:
            now, again = self.run(self.product.fresh())
            assert now == again
        finally:
            self.run(self.product.close())
            self.run(execute(self.server_url, f"DROP DATABASE {self.name} WITH (FORCE)"))
            self.loop.close()

    # ------------------------------------------------------------------------------------------- comparing

    def act(self, act: str, who: Who, key: str | None = None, **given: Any) -> tuple[str, int]:
        kind, id = self.run(self.product.do(act, who, key, given))
        said = self.judge(act, who, id, key, given)
        note(f"{act} by {who.name} {given} key {key}: {kind} {id}")
        assert kind == said, f"{act} by {who.name} {given}: {kind}, the model says {said}"
        self.compare(changed=kind == DONE)
        return kind, id

    def judge(self, act: str, who: Who, id: int, key: str | None, given: dict[str, Any]) -> str:
        known = key is not None and (who.name, act, key) in self.model.keys
        new = id
        if act == "plan" and id and not known:
            sql = "SELECT need_id, offer_id, quantity FROM allocation WHERE plan_id = :id ORDER BY id"
            lines = self.run(self.product.rows(sql, id=id))
        if act == "approve" and id and not known:
            sql = "SELECT coalesce(min(id), 0) FROM referral WHERE plan_id = :id"
            new = self.run(self.product.rows(sql, id=id))[0][0]
        said = self.model.do(act, who, new, key, **given)
        if act == "plan" and said == DONE and id and not known:
            self.model.plans[id][2].extend(tuple(line) for line in lines)
        if key is not None and said == DONE and not known:
            self.keyed.append((act, who, key, given))
        self._count(act, said)
        return said

    def _count(self, act: str, said: str) -> None:
        self.kinds[act, said] = self.kinds.get((act, said), 0) + 1

    def compare(self, changed: bool) -> None:
        """Everything that is visible, and what must hold of it; nothing at all is written where nothing is done."""
        type(self).steps += 1
        model = self.model
        needs, offers, referred, stored, prints = self.run(self.product.everything())
        assert [tuple(row) for row in needs] == sorted(
            (id, n.quantity, model.committed(need=id), model.delivered(id), model.status(id))
            for id, n in model.needs.items()
        )
        assert [tuple(row) for row in offers] == sorted(
            (id, o.capacity, model.committed(offer=id), o.status) for id, o in model.offers.items()
        )
        for row in referred:
            r = model.referrals[row.id]
            for name in SHOWN:
                assert getattr(row, name) == getattr(r, name), f"referral {row.id}, {name}: {row}\n{r}"
        assert len(referred) == len(model.referrals)
        assert {tuple(row) for row in stored} == {
            (n, o, most) for n in model.needs for o in model.offers if (most := model.room(n, o))
        }
        assert self.run(contradictions(self.url)) == []
        before, self.prints = self.prints, prints
        assert changed or before == prints, "a refusal wrote something"

    # ------------------------------------------------------------------------------------------- acts

    @initialize()
    def begin(self) -> None:
        for community in COMMUNITIES:
            self._submit(ADMIN, community, "WHEELCHAIR", 5, "ROUTINE", None)
        for provider in (3, 4):
            self._publish(ADMIN, provider, "WHEELCHAIR", place.COUNTY, 8, 1, 99, None)

    @rule(seed=st.integers(0, 2**64 - 1))
    def anything(self, seed: int) -> None:
        """One rule with chances of its own: several would be drawn in ways that seldom lead deep into the loop."""
        # Hypothesis likes to draw what it drew before: the same number means something else the next time.
        self.drawn[seed] += 1
        self.dice = random.Random(f"{seed}/{self.drawn[seed]}")
        works, chances = zip(*self.CHANCES, strict=True)
        # Some have nothing to work on now: then it is another's turn.
        before = type(self).steps
        while before == type(self).steps:
            self.dice.choices(works, chances)[0](self)

    def _who(self) -> Who:
        return self.dice.choice(WHO if self.dice.random() < 0.4 else (WHO[0], ADMIN))

    def _key(self) -> str | None:
        return self.dice.choice([None, None, "a", "b"])

    def _one(self, things: dict[int, Any]) -> int:
        """An id, now and then one that is not there."""
        return self.dice.choice(sorted(things)) if things and self.dice.random() < 0.95 else 10**6

    def _submit(self, who: Who, community: int, type: str, quantity: int, priority: str, key: str | None) -> None:
        given = {"area": COMMUNITIES[community], "community": community, "type": type, "priority": priority}
        self.act("need_submit", who, key, **given, quantity=quantity)

    def _publish(
        self, who: Who, provider: int, type: str, coverage: str, capacity: int, least: int, most: int, key: str | None
    ) -> None:
        given = {"type": type, "coverage": coverage, "capacity": capacity, "minimum": least, "maximum": most}
        self.act("offer_publish", who, key, area=PROVIDERS[provider], provider=provider, **given)

    def submit(self) -> None:
        pick = self.dice.choice
        if sum(self.model.status(id) == "OPEN" for id in self.model.needs) < 5:
            type, priority = pick(["WHEELCHAIR", "AIDS"]), pick(["ROUTINE", "STAT"])
            self._submit(self._who(), pick([1, 2]), type, pick(range(7)), priority, self._key())

    def publish(self) -> None:
        pick = self.dice.choice
        if len(self.model.offers) < 12:
            coverage = pick([place.COUNTY, place.COUNTY, place.TOWN, place.VILLAGE])
            type, least, most = pick(["WHEELCHAIR", "AIDS"]), pick([1, 1, 2, 3]), pick([1, 2, 3, 99, 99])
            self._publish(self._who(), pick([3, 4]), type, coverage, pick(range(9)), least, most, self._key())

    def _pair(self) -> dict[str, int]:
        """A need and an offer, more often than not two that match."""
        given = {"need": self._one(self.model.needs), "offer": self._one(self.model.offers)}
        pairs = [(n, o) for n in self.model.needs for o in self.model.offers if self.model.room(n, o)]
        if pairs and self.dice.random() < 0.7:
            given["need"], given["offer"] = self.dice.choice(pairs)
        return given

    def order(self) -> None:
        given = {**self._pair(), "quantity": self.dice.choice([0, 1, 1, 2, 2, 3, 4, 9])}
        who, name = self._who(), self.dice.choice(["order", "order", "take"])
        if name == "take" and self.dice.random() < 0.6:
            provider = self.model.offers[given["offer"]].provider if given["offer"] in self.model.offers else 5
            who = next(one for one in WHO if one.party == provider)
        self.act(name, who, self._key(), **given)

    def step(self) -> None:
        """Any step on any referral by anybody, with anything given."""
        pick = self.dice.choice
        given = {
            "delivered": pick([None, None, 0, 1, 2, 5]),
            "outcome": pick([None, "GOT_HELP", "GOT_HELP", "NONSENSE"]),
            "reason": pick([None, None, "NO_CAPACITY", "NONSENSE"]),
        }
        values = {name: value for name, value in given.items() if value is not None}
        self.act(pick(sorted(STEPS)), self._who(), self._key(), id=self._one(self.model.referrals), **values)

    def step_rightly(self) -> None:
        """A step that is possible, by somebody who may: what leads deep into the loop."""
        standing = [id for id, r in self.model.referrals.items() if r.status in STANDING]
        if not standing:
            return
        id = self.dice.choice(standing[-4:])
        r = self.model.referrals[id]
        onward = {"REQUESTED": "accept", "ACCEPTED": "start", "IN_PROGRESS": "complete", "ON_HOLD": "start"}[r.status]
        possible = [name for name, (sources, *_) in STEPS.items() if r.status in sources]
        name = onward if self.dice.random() < 0.7 else self.dice.choice(possible)
        partners = [one for one in WHO if one.role in ("PARTNER", "COORDINATOR")]
        who = self.dice.choice([one for one in partners if self.model.sided(one, id, STEPS[name][2]) in STEPS[name][2]])
        kind, _ = self.act(name, who, self._key(), **self._given(name, id))
        assert kind in (DONE, CONFLICT)

    def follow_up(self) -> None:
        over = [id for id, r in self.model.referrals.items() if r.status not in STANDING]
        awaited = [id for id in over if self.model.referrals[id].awaited]
        id = self.dice.choice(awaited if awaited and self.dice.random() < 0.8 else over or [10**6])
        satisfaction = self.dice.choice([None, 0, 1, 3, 4, 5, 6])
        self.act("follow_up", self._who(), self._key(), id=id, reached=self.dice.random() < 0.8,
                 satisfaction=satisfaction)  # fmt: skip

    def change_need(self) -> None:
        id = self._one(self.model.needs)
        quantity = self.dice.choice([*range(7), self.model.delivered(id)])
        self.act("need_change", self._who(), self._key(), id=id, quantity=quantity)

    def withdraw_need(self) -> None:
        self.act("need_withdraw", self._who(), self._key(), id=self._one(self.model.needs))

    def offer(self) -> None:
        act = self.dice.choice(["pause", "resume", "resume", "resume", "withdraw", "capacity", "capacity"])
        given = {"capacity": self.dice.choice(range(12))} if act == "capacity" else {}
        self.act(act, self._who(), self._key(), id=self._one(self.model.offers), **given)

    def plan(self) -> None:
        area = self.dice.choice([place.COUNTY, place.COUNTY, place.TOWN])
        self.act("plan", self._who(), self._key(), area=area)
        if self.dice.random() < 0.5:
            self.approve()

    def approve(self) -> None:
        if self.model.plans:
            id = max(self.model.plans) if self.dice.random() < 0.7 else self._one(self.model.plans)
            self.act("approve", self._who(), None, id=id)

    def time_goes_by(self) -> None:
        """Some hours, or two weeks in which nobody does anything: long enough for an order to be given back."""
        hours = self.dice.choice([[1], [6], [24], [24], [60], [24 * 7], [48] * 7])
        for more in hours:
            if self.model.now < END:
                self._wait(more)

    def _wait(self, hours: int) -> None:
        self.model.now = self.product.now = self.product.now + timedelta(hours=hours)
        self.run(matches.renew_daily(self.product.context()))
        self.run(upkeep.sweep(self.product.context()))
        note(f"it is {self.model.now}")
        before = [r.closed_by for r in self.model.referrals.values()].count("SYSTEM")
        self.model.sweep()
        after = [r.closed_by for r in self.model.referrals.values()].count("SYSTEM")
        self._count("sweep", f"released {after - before}")
        self.compare(changed=True)
        self.run(upkeep.sweep(self.product.context()))
        assert self.prints == self.run(self.product.prints()), "a second round found something to do"

    # ------------------------------------------------------------------------------------------- again and at once

    def once_more(self) -> None:
        """The same key with the same input answers the same and does nothing; with another input it is refused."""
        if not self.keyed:
            return
        act, who, key, given = self.dice.choice(self.keyed)
        another = self.dice.random() < 0.4
        answered = self.model.keys[who.name, act, key][1]
        if another:
            field = next((name for name in ("id", "quantity", "capacity") if name in given), None)
            given = {**given, field: given[field] + 1} if field else {**given, "area": place.OTHER_COUNTY}
        kind, id = self.run(self.product.do(act, who, key, given))
        assert (kind, id) == ((CONFLICT, 0) if another else (DONE, answered)), f"{act} once more: {kind} {id}"
        self._count("once more", kind)
        self.compare(changed=False)

    def twenty_at_once(self) -> None:
        """Twenty orders at once: with one key one effect, without as many as there is room for, and no fewer."""
        given = {**self._pair(), "quantity": self.dice.choice([1, 1, 2])}
        room = given["need"] in self.model.needs and given["offer"] in self.model.offers
        if not room or self.model.room(given["need"], given["offer"]) == 0:
            return
        who = self.dice.choice([WHO[0], ADMIN, WHO[0], self._who()])
        key = self.dice.choice([None, None, "c", "d"])

        async def together() -> list[tuple[str, int]]:
            return await asyncio.gather(*(self.product.do("order", who, key, given) for _ in range(20)))

        answers = sorted(self.run(together()), key=lambda one: (one[0] != DONE, one))
        said = [self.judge("order", who, id, key, given) for _, id in answers]
        note(f"twenty orders by {who.name} {given} key {key}: {answers}")
        assert [kind for kind, _ in answers] == said
        self._count("twenty", f"{said.count(DONE)} done")
        self.compare(changed=DONE in said)

    def at_once(self) -> None:
        """Two or three acts on one referral, its offer and its need at once: as if one had come after the other."""
        standing = [id for id, r in self.model.referrals.items() if r.status in STANDING]
        if not standing:
            return
        id = self.dice.choice(standing)
        names = [*sorted(STEPS), "follow_up", "pause", "withdraw", "capacity", "need_withdraw", "need_change"]
        asked = [
            (name, self._who(), self._given(name, id)) for name in self.dice.choices(names, k=self.dice.choice([2, 3]))
        ]

        async def together() -> list[tuple[str, int]]:
            return await asyncio.gather(*(self.product.do(act, who, None, given) for act, who, given in asked))

        kinds = [kind for kind, _ in self.run(together())]
        note(f"at once {[(act, who.name, given) for act, who, given in asked]}: {kinds}")
        self._count("at once", f"{sum(kind == DONE for kind in kinds)} done")
        possible = []
        for order in itertools.permutations(range(len(asked))):
            one = copy.deepcopy(self.model)
            said = {at: one.do(asked[at][0], asked[at][1], 0, None, **asked[at][2]) for at in order}
            if [said[at] for at in range(len(asked))] == kinds:
                possible.append(one)
        assert possible, f"{asked}: {kinds} in no order"
        for one in possible:
            self.model = one
            try:
                self.compare(changed=DONE in kinds)
                return
            except AssertionError:
                if one is possible[-1]:
                    raise

    def _given(self, act: str, id: int) -> dict[str, Any]:
        """What an act on a referral, its offer or its need may be given."""
        r, number = self.model.referrals[id], self.dice.randrange(9)
        if act in ("pause", "withdraw", "capacity"):
            return {"id": r.offer} | ({"capacity": number} if act == "capacity" else {})
        if act in ("need_withdraw", "need_change"):
            return {"id": r.need} | ({"quantity": number} if act == "need_change" else {})
        if act == "follow_up":
            return {"id": id, "reached": True, "satisfaction": 3}
        delivered = r.quantity if number < 5 else 1 + number % r.quantity
        full = {"reason": "NO_CAPACITY", "outcome": "GOT_HELP", "delivered": delivered}
        return {"id": id} | {name: full[name] for name in sorted(STEPS[act][3])}

    CHANCES = (
        (submit, 6), (publish, 4), (order, 12), (step, 8), (step_rightly, 26), (follow_up, 8), (change_need, 4),
        (withdraw_need, 1), (offer, 5), (plan, 2), (approve, 1), (time_goes_by, 7), (once_more, 5), (twenty_at_once, 3),
        (at_once, 6),
    )  # fmt: skip


def test_the_loop_is_what_the_model_says(
    server_url: str, template_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Needs and offers come, change and go, are ordered, taken, served, followed up, planned and forgotten."""
    template = make_url(template_url).database
    asyncio.run(execute(server_url, f"CREATE DATABASE {TEMPLATE} TEMPLATE {template}"))
    viewers = asyncio.run(prepared(named(server_url, TEMPLATE)))
    # A class of its own, so that what it counts is of this run.
    machine = type("Run", (Machine,), {"server_url": server_url, "viewers": viewers, "kinds": {}, "steps": 0})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS_EACH,
            derandomize=not SOAK,
            deadline=None,
            database=None,
            # An example is told as a list of acts, the last of which differs; making it smaller takes minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print(f"\n{machine.steps} steps against the model, 0 differences")
        if SOAK:
            for (act, kind), count in sorted(machine.kinds.items()):
                print(f"  {act:14} {kind:13} {count:6}")
    assert machine.steps >= (2_000 if SOAK else 100)

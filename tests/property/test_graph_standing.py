"""Laws of a standing plan: after any event it is proven optimal, and equal to the plan a fresh solve finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import stages
from graph.market import ORDERS, Market
from graph.proof import check_market
from graph.solver import Ints
from graph.standing import Changes, Standing
from graph.standing_state import UNLIMITED

SCORES = st.integers(0, 9).map(lambda s: s * 10_000_000) | st.integers(0, 100_000_000)
UNITS = st.integers(0, 9) | st.sampled_from([1_000, 2_000_000_000])
LIMITS = st.integers(1, 9) | st.just(UNLIMITED)


def ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    n, m, c, g = (draw(st.integers(low, high)) for low, high in ((0, 6), (0, 5), (0, 3), (1, 3)))
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), unique=True)) if n and m else []
    pairs.sort()

    def drawn(values: st.SearchStrategy[int], size: int) -> Ints:
        return ints(draw(st.lists(values, min_size=size, max_size=size)))

    above = [draw(st.integers(k + 1, c)) for k in range(c)]
    return Market(
        drawn(UNITS, n),
        drawn(st.integers(0, 3), n),
        drawn(st.integers(0, g - 1), n),
        drawn(UNITS, m),
        drawn(st.integers(-1, c - 1), m),
        drawn(UNITS, c),
        ints([a if a < c else -1 for a in above]),
        ints([p[0] for p in pairs]),
        ints([p[1] for p in pairs]),
        drawn(LIMITS, len(pairs)),
        drawn(SCORES, len(pairs)),
        100 + np.arange(n),
        200 + np.arange(m),
        g,
    )


class Driver:
    """Plays drawn events on a plan, and keeps its own account of what flows from the changes it is told."""

    def __init__(self, plan: Standing, draw: Any) -> None:
        self.plan, self.draw, self.next_id = plan, draw, 1000
        self.flows = self.now()

    def now(self) -> dict[tuple[int, int], int]:
        every = self.plan.allocations()
        return dict(
            zip(zip(every.need_ids.tolist(), every.offer_ids.tolist(), strict=True), every.after.tolist(), strict=True)
        )

    def event(self) -> None:
        plan, draw = self.plan, self.draw
        here = plan.snapshot()
        needs, offers, caps = here.needs.tolist(), here.offers.tolist(), len(here.market.cap_limit)
        kinds = ["need_arrives", "offer_arrives"]
        kinds += ["need_leaves", "demand_changes", "need_pairs_change"] if needs else []
        kinds += ["offer_goes", "capacity_changes", "offer_pairs_change"] if offers else []
        kinds += ["cap_changes"] if caps else []
        kind = draw(st.sampled_from(kinds))
        self.next_id += 1
        if kind == "need_arrives":
            where = draw(st.integers(0, 3)), draw(st.integers(0, 4))
            changes = plan.need_arrives(draw(UNITS), *where, self.next_id, *self.pairs(offers))
        elif kind == "offer_arrives":
            changes = plan.offer_arrives(draw(UNITS), draw(st.integers(-1, caps - 1)), self.next_id, *self.pairs(needs))
        elif kind == "cap_changes":
            changes = plan.cap_changes(draw(st.integers(0, caps - 1)), draw(UNITS))
        elif kind in ("need_leaves", "offer_goes"):
            changes = getattr(plan, kind)(draw(st.sampled_from(needs if kind == "need_leaves" else offers)))
        elif kind in ("demand_changes", "capacity_changes"):
            changes = getattr(plan, kind)(draw(st.sampled_from(needs if kind[0] == "d" else offers)), draw(UNITS))
        else:
            mine, others = (needs, offers) if kind[0] == "n" else (offers, needs)
            changes = getattr(plan, kind)(draw(st.sampled_from(mine)), *self.pairs(others))
        self.account(changes)

    def pairs(self, others: list[int]) -> tuple[Ints, Ints, Ints]:
        chosen = [o for o in others if self.draw(st.booleans())]
        size = {"min_size": len(chosen), "max_size": len(chosen)}
        return ints(chosen), ints(self.draw(st.lists(LIMITS, **size))), ints(self.draw(st.lists(SCORES, **size)))

    def account(self, changes: Changes) -> None:
        columns = (changes.need_ids, changes.offer_ids, changes.before, changes.after)
        for need, offer, before, after in zip(*(c.tolist() for c in columns), strict=True):
            assert self.flows.pop((need, offer), 0) == before != after
            if after:
                self.flows[need, offer] = after


@settings(max_examples=150, deadline=None)
@given(markets(), st.sampled_from(sorted(ORDERS)), st.booleans(), st.data())
def test_after_every_event_the_plan_is_proven_and_the_one_a_fresh_solve_finds(
    market: Market, order: str, solved_first: bool, data: st.DataObject
) -> None:
    solved = stages.solve(market, ORDERS[order])
    start = (solved.flow, solved.prices) if solved_first else ()
    plan = Standing.from_market(market, ORDERS[order], *start, own_limits=market.limit)
    assert not (solved_first and len(plan.loaded))
    driver = Driver(plan, data.draw)
    for _ in range(data.draw(st.integers(0, 8))):
        driver.event()
        now = plan.snapshot()
        assert plan.check() == []
        assert driver.flows == driver.now()
        fresh = stages.solve(now.market, ORDERS[order])
        assert check_market(now.market, order, fresh.flow, fresh.prices).costs == plan.aims()
        assert now.flow.tolist() == fresh.flow.tolist()


@settings(max_examples=50, deadline=None)
@given(markets(), st.sampled_from(sorted(ORDERS)), st.data())
def test_an_event_undone_leaves_the_plan_as_it_was(market: Market, order: str, data: st.DataObject) -> None:
    plan = Standing.from_market(market, ORDERS[order])
    driver = Driver(plan, data.draw)
    before, aims = dict(driver.flows), plan.aims()
    columns = driver.pairs(plan.snapshot().offers.tolist())
    driver.account(plan.need_arrives(data.draw(UNITS), 3, 0, 7, *columns))
    driver.account(plan.need_leaves(plan.need_position(7)))
    assert (driver.flows, plan.aims()) == (before, aims)


@settings(max_examples=50, deadline=None)
@given(markets(), st.sampled_from(sorted(ORDERS)))
def test_an_offer_that_arrives_never_makes_the_first_aim_worse(market: Market, order: str) -> None:
    plan = Standing.from_market(market, ORDERS[order])
    aims = plan.aims()
    needs = plan.snapshot().needs
    plan.offer_arrives(5, -1, 7, needs, np.full(len(needs), UNLIMITED), np.zeros(len(needs), dtype=np.int64))
    assert plan.aims() <= aims


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from(sorted(ORDERS)))
def test_pairs_that_no_search_saw_are_not_forgotten(seed: int, order: str) -> None:
    """Every need may have any of forty offers, of which searches see a dozen."""
    chance = np.random.default_rng(seed)
    needs, offers = 50, 40
    need, offer = np.divmod(np.arange(needs * offers), offers)
    none = np.zeros(0, dtype=np.int64)
    market = Market(
        chance.integers(1, 12, needs),
        chance.integers(0, 4, needs),
        chance.integers(0, 3, needs),
        chance.integers(1, 12, offers),
        np.full(offers, -1),
        none,
        none,
        need,
        offer,
        np.where(chance.random(len(need)) < 0.2, 3, UNLIMITED),
        chance.integers(0, 100_000_001, len(need)),
        100 + np.arange(needs),
        200 + np.arange(offers),
        3,
    )
    plan = Standing.from_market(market, ORDERS[order])
    for turn in range(16):
        if turn % 4 == 0:
            plan.capacity_changes(int(chance.integers(offers)), int(chance.integers(0, 60)))
        elif turn % 4 == 1:
            plan.demand_changes(int(chance.integers(needs)), int(chance.integers(0, 60)))
        elif turn % 4 == 2:
            scores = chance.integers(0, 100_000_001, offers)
            plan.need_pairs_change(int(chance.integers(needs)), np.arange(offers), np.full(offers, UNLIMITED), scores)
        else:
            scores = chance.integers(0, 100_000_001, needs)
            plan.offer_pairs_change(int(chance.integers(offers)), np.arange(needs), np.full(needs, UNLIMITED), scores)
        now = plan.snapshot()
        assert plan.check() == []
        assert now.flow.tolist() == stages.solve(now.market, ORDERS[order]).flow.tolist()

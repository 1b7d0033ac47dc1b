"""A standing plan on small cases whose answer is known, what it refuses, and what its checker finds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from graph import stages
from graph.market import ORDERS, Market
from graph.solver import Ints
from graph.standing import Changes, Standing
from graph.standing_state import BALANCE, GROUP, MISSING, R_FLOW, UNLIMITED

GOOD, FAIR = 90_000_000, 50_000_000
NONE = np.zeros(0, dtype=np.int64)


def market(demand: list[int], supply: list[int], scores: list[list[int]], tiers: list[int] | None = None) -> Market:
    """Every need may have every offer; one group, no caps."""
    needs, offers = len(demand), len(supply)
    need, offer = np.divmod(np.arange(needs * offers), max(offers, 1))
    return Market(
        np.array(demand, dtype=np.int64),
        np.array(tiers or [0] * needs, dtype=np.int64),
        np.zeros(needs, dtype=np.int64),
        np.array(supply, dtype=np.int64),
        np.full(offers, -1),
        NONE,
        NONE,
        need,
        offer,
        np.full(len(need), UNLIMITED),
        np.array(scores, dtype=np.int64).reshape(-1),
        100 + np.arange(needs),
        200 + np.arange(offers),
        1,
    )


def rows(changes: Changes) -> set[tuple[int, int, int, int]]:
    columns = (changes.need_ids, changes.offer_ids, changes.before, changes.after)
    return set(zip(*(c.tolist() for c in columns), strict=True))


def held(plan: Standing) -> dict[tuple[int, int], int]:
    return {(n, o): q for n, o, _, q in rows(plan.allocations())}


def listed(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def test_a_plan_made_from_nothing_is_the_plan_a_solve_finds() -> None:
    given = market([3, 2], [2, 4], [[GOOD, FAIR], [FAIR, GOOD]])
    plan = Standing.from_market(given)
    solved = stages.solve(given, ORDERS["URGENT_FIRST"])
    assert plan.check() == []
    assert plan.snapshot().flow.tolist() == solved.flow.tolist()


def test_a_solution_that_is_handed_over_is_kept() -> None:
    given = market([3, 2], [2, 4], [[GOOD, FAIR], [FAIR, GOOD]])
    solved = stages.solve(given, ORDERS["URGENT_FIRST"])
    plan = Standing.from_market(given, ORDERS["URGENT_FIRST"], solved.flow, solved.prices)
    assert len(plan.loaded) == 0
    assert plan.check() == []


def test_an_urgent_need_takes_what_a_less_urgent_one_had_and_says_so() -> None:
    plan = Standing.from_market(market([3], [3], [[GOOD]]))
    changes = plan.need_arrives(2, 3, 0, 150, listed(0), listed(UNLIMITED), listed(FAIR))
    assert rows(changes) == {(100, 200, 3, 1), (150, 200, 0, 2)}
    assert plan.check() == []
    changes = plan.need_leaves(plan.need_position(150))
    assert rows(changes) == {(100, 200, 1, 3), (150, 200, 2, 0)}


def test_a_new_offer_frees_another_for_a_need_it_cannot_reach() -> None:
    plan = Standing.from_market(market([2, 2], [2], [[GOOD], [FAIR]]))
    before = held(plan)
    changes = plan.offer_arrives(5, -1, 250, listed(0), listed(UNLIMITED), listed(FAIR))
    assert held(plan) == {(100, 250): 2, (101, 200): 2}
    assert {(n, o): b for n, o, b, _ in rows(changes) if b} == {
        k: q for k, q in before.items() if held(plan).get(k) != q
    }
    assert plan.check() == []


def test_a_demand_and_a_capacity_may_go_to_nothing_and_come_back() -> None:
    plan = Standing.from_market(market([2, 3], [4, 1], [[GOOD, FAIR], [FAIR, GOOD]]))
    whole, aims = held(plan), plan.aims()
    for change in (plan.demand_changes, plan.capacity_changes):
        change(0, 0)
        assert plan.check() == []
        assert held(plan) != whole
        change(0, 2 if change == plan.demand_changes else 4)
        assert plan.check() == []
        assert (held(plan), plan.aims()) == (whole, aims)


def test_places_of_who_left_are_used_again_and_room_grows() -> None:
    plan = Standing.from_market(market([1], [1], [[GOOD]]))
    for turn in range(300):
        plan.need_arrives(1, 0, turn % 7, 1000 + turn, listed(0), listed(1), listed(FAIR))
        plan.offer_arrives(1, -1, 5000 + turn, listed(plan.need_position(1000 + turn)), listed(1), listed(GOOD))
    assert plan.check() == []
    assert plan.aims()[0] == 0
    for turn in range(0, 300, 2):
        plan.need_leaves(plan.need_position(1000 + turn))
        plan.offer_goes(plan.offer_position(5000 + turn))
    assert plan.check() == []
    assert len(plan.snapshot().needs) == 151
    assert len(held(plan)) == 151


def test_two_thousand_million_units_are_moved_at_once() -> None:
    most = 2_000_000_000
    plan = Standing.from_market(market([most, most], [most], [[GOOD], [FAIR]], [0, 3]))
    assert held(plan) == {(101, 200): most}
    plan.capacity_changes(0, 0)
    assert held(plan) == {}
    plan.offer_arrives(most, -1, 250, listed(0, 1), listed(UNLIMITED, UNLIMITED), listed(GOOD, GOOD))
    plan.capacity_changes(0, most)
    assert sum(held(plan).values()) == 2 * most
    assert plan.check() == []


def test_shortage_is_spread_when_fairness_comes_first() -> None:
    base = market([20, 20], [20], [[GOOD], [FAIR]], [3, 0])
    two = Market(**{f: getattr(base, f) for f in base.__slots__} | {"group": listed(0, 1), "groups": 2})
    assert held(Standing.from_market(two, ORDERS["URGENT_FIRST"])) == {(100, 200): 20}
    assert held(Standing.from_market(two, ORDERS["FAIR_FIRST"])) == {(100, 200): 10, (101, 200): 10}


def test_pairs_of_a_need_and_of_an_offer_may_change() -> None:
    plan = Standing.from_market(market([2], [2, 2], [[GOOD, FAIR]]))
    assert held(plan) == {(100, 200): 2}
    plan.need_pairs_change(0, listed(0, 1), listed(1, UNLIMITED), listed(GOOD, FAIR))
    assert held(plan) == {(100, 200): 1, (100, 201): 1}
    plan.offer_pairs_change(0, NONE, NONE, NONE)
    assert held(plan) == {(100, 201): 2}
    assert plan.check() == []


def test_the_price_of_an_offer_is_what_its_last_unit_is_worth() -> None:
    plan = Standing.from_market(market([2], [1], [[GOOD]]))
    assert plan.offer_price(0)[0] == 1
    plan.capacity_changes(0, 3)
    assert plan.offer_price(0) == (0, 0, 0, 0)


REFUSED: list[tuple[type[Exception], Callable[[Standing], object]]] = [
    (ValueError, lambda p: p.demand_changes(0, -1)),
    (ValueError, lambda p: p.demand_changes(7, 1)),
    (OverflowError, lambda p: p.demand_changes(0, 1 << 31)),
    (ValueError, lambda p: p.capacity_changes(1, 1)),
    (OverflowError, lambda p: p.capacity_changes(0, 1 << 40)),
    (ValueError, lambda p: p.cap_changes(0, 1)),
    (ValueError, lambda p: p.need_leaves(-1)),
    (ValueError, lambda p: p.offer_goes(5)),
    (ValueError, lambda p: p.need_arrives(1, 0, 0, 100, NONE, NONE, NONE)),
    (ValueError, lambda p: p.need_arrives(1, 4, 0, 150, NONE, NONE, NONE)),
    (ValueError, lambda p: p.need_arrives(1, 0, -1, 150, NONE, NONE, NONE)),
    (ValueError, lambda p: p.need_arrives(1, 0, 0, 150, listed(0, 0), listed(1, 1), listed(1, 1))),
    (ValueError, lambda p: p.need_arrives(1, 0, 0, 150, listed(3), listed(1), listed(1))),
    (ValueError, lambda p: p.need_arrives(1, 0, 0, 150, listed(0), listed(0), listed(1))),
    (ValueError, lambda p: p.need_arrives(1, 0, 0, 150, listed(0), listed(1), listed(100_000_001))),
    (OverflowError, lambda p: p.need_arrives(1, 0, 1 << 22, 150, NONE, NONE, NONE)),
    (ValueError, lambda p: p.offer_arrives(1, 0, 250, NONE, NONE, NONE)),
    (ValueError, lambda p: p.offer_arrives(1, -1, 200, NONE, NONE, NONE)),
    (ValueError, lambda p: p.offer_pairs_change(0, listed(2), listed(1), listed(1))),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_is_refused_changes_nothing(case: int) -> None:
    plan = Standing.from_market(market([3, 2], [4], [[GOOD], [FAIR]]))
    before = held(plan), plan.aims(), plan.snapshot().market.need.tolist()
    error, act = REFUSED[case]
    with pytest.raises(error):
        act(plan)
    assert (held(plan), plan.aims(), plan.snapshot().market.need.tolist()) == before
    assert plan.check() == []


def test_prices_that_leave_no_room_for_sums_are_refused() -> None:
    given = market([3], [4], [[GOOD]])
    price = np.zeros(given.root + 1, dtype=np.int64)
    huge = price.copy()
    huge[0] = 1 << 61
    for prices in ((price, price, huge, price), (huge, price, price, price)):
        with pytest.raises(OverflowError):
            Standing.from_market(given, ORDERS["URGENT_FIRST"], None, prices)


def test_a_flow_that_is_none_is_refused() -> None:
    given = market([3], [4], [[GOOD]])
    with pytest.raises(ValueError, match="breaks"):
        Standing.from_market(given, ORDERS["URGENT_FIRST"], listed(5))


def test_the_checker_finds_a_broken_price_a_lost_unit_and_a_unit_too_many() -> None:
    def plan() -> Standing:
        return Standing.from_market(market([3, 2], [2, 1], [[GOOD, FAIR], [FAIR, GOOD]]))

    for word in range(3):
        broken = plan()
        broken._s.node[0, word] += 1
        assert broken.check() != []
    broken = plan()
    broken._s.rec[0, R_FLOW] += 5
    assert broken.check() != []
    broken = plan()
    broken._s.rec[0, R_FLOW] -= 1
    assert broken.check() != []


def test_nothing_is_left_over_after_an_event() -> None:
    plan = Standing.from_market(market([3, 2], [2, 1], [[GOOD, FAIR], [FAIR, GOOD]]))
    plan.demand_changes(0, 9)
    assert not plan._s.node[:, BALANCE].any()
    unmet = plan.snapshot().market.demand.sum() - sum(held(plan).values())
    assert plan._s.group[plan._s.need[0, GROUP], MISSING] == unmet


def test_a_need_that_wakes_is_seen_by_the_offers_that_learnt_nothing_of_it() -> None:
    """Thirty offers a need, of which searches see a dozen; every second need sleeps while prices move."""
    chance = np.random.default_rng(3)
    scores = chance.integers(0, 100_000_001, (30, 30)).tolist()
    plan = Standing.from_market(market([4] * 30, [3] * 30, scores))
    for need in range(0, 30, 2):
        plan.demand_changes(need, 0)
    for offer in range(30):
        plan.capacity_changes(offer, int(chance.integers(0, 9)))
    for need in range(0, 30, 2):
        plan.demand_changes(need, 7)
        now = plan.snapshot()
        assert plan.check() == []
        assert now.flow.tolist() == stages.solve(now.market, ORDERS["URGENT_FIRST"]).flow.tolist()


COMPILED_LATE = """
import numpy as np
from graph import standing_kernels, standing_repair, standing_rows, standing_search
from tests.unit.graph.test_standing import FAIR, GOOD, Standing, listed, market

def compiled():
    modules = standing_search, standing_kernels, standing_repair, standing_rows
    every = {name: value for module in modules for name, value in vars(module).items()}
    return {name: len(value.signatures) for name, value in every.items() if hasattr(value, "signatures")}

plan = Standing.from_market(market([3, 2], [2, 1], [[GOOD, FAIR], [FAIR, GOOD]]))
before = compiled()
plan.offer_arrives(4, -1, 900, listed(0, 1), listed(2, 2), listed(FAIR, GOOD))
plan.need_arrives(4, 0, 0, 901, listed(0, 1), listed(2, 2), listed(FAIR, GOOD))
plan.need_pairs_change(0, listed(1), listed(2), listed(FAIR))
plan.offer_pairs_change(0, listed(1), listed(2), listed(FAIR))
plan.demand_changes(1, 0)
plan.capacity_changes(1, 9)
plan.need_leaves(0)
plan.offer_goes(plan.offer_position(900))
assert plan.check() == []
after = compiled()
print(*(name for name in after if after[name] != before[name]))
"""


def test_whoever_loads_a_plan_has_waited_for_all_there_is_to_compile() -> None:
    """In a process of its own: in this one other tests have compiled already."""
    done = subprocess.run([sys.executable, "-c", COMPILED_LATE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n", "")

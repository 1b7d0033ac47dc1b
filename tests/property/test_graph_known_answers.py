"""Answers that are known from elsewhere: by trying everything, by linear programs, by construction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import networkx as nx
import numpy as np
import pytest
from drawn_markets import market, random_market
from hypothesis import given, settings
from hypothesis import strategies as st
from lexicographic import aims, fair_cost, tie_hash
from test_graph_worlds import easy_needs, easy_offers, worlds

from graph import audit
from graph.allocation import compute_plan
from graph.candidates import pairs
from graph.checker import Instance, check, check_market
from graph.market import ORDERS, Market
from graph.stages import solve
from graph.values import Cap, Need, Offer, World

Costs = tuple[int, ...]


def costs_of(asked: Market, flow: Sequence[int], order: str) -> Costs | None:
    """What a flow costs in each stage of the order, in plain sums; None when it is not allowed."""
    unmet, given_ = asked.demand.tolist(), [0] * len(asked.supply)
    ends = [*zip(asked.need.tolist(), asked.offer.tolist(), strict=True)]
    for (n, o), units in zip(ends, flow, strict=True):
        unmet[n] -= units
        given_[o] += units
    through = [0] * len(asked.cap_limit)
    for o, units in enumerate(given_):
        cap = int(asked.parent[o])
        while cap >= 0:
            through[cap] += units
            cap = int(asked.cap_parent[cap])
    room = zip([*given_, *through], [*asked.supply.tolist(), *asked.cap_limit.tolist()], strict=True)
    if min(unmet, default=0) < 0 or any(units > most for units, most in room):
        return None
    wanted, missing = [0] * asked.groups, [0] * asked.groups
    for n, units in enumerate(unmet):
        wanted[asked.group[n]] += int(asked.demand[n])
        missing[asked.group[n]] += units
    worth = zip(ends, asked.score.tolist(), flow, strict=True)
    of = {
        "TIER": sum(units * (1 + int(asked.tier[n])) for n, units in enumerate(unmet)),
        "FAIR": sum(fair_cost(w, m) for w, m in zip(wanted, missing, strict=True)),
        "SCORE": 10**8 * sum(unmet),
        "TIE": 2**32 * sum(unmet),
    }
    for (n, o), score, units in worth:
        of["SCORE"] += units * (10**8 - score)
        of["TIE"] += units * (2**32 - tie_hash(int(asked.need_ids[n]), int(asked.offer_ids[o])))
    return tuple(of[stage] for stage in ORDERS[order])


def solved(asked: Market, order: str) -> tuple[list[int], Costs]:
    """The engine's flow and its costs; proven."""
    found = solve(asked, ORDERS[order])
    verdict = check_market(asked, order, found.flow, found.prices)
    assert verdict.faults == []
    flow = found.flow.tolist()
    assert verdict.costs == costs_of(asked, flow, order)
    return flow, verdict.costs


# ---- by trying everything --------------------------------------------------------------------------------------------


@st.composite
def small_markets(draw: st.DrawFn) -> Market:
    n, m, c = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
    units = st.integers(0, 3)
    every = [(i, j) for i in range(n) for j in range(m)]
    ends = draw(st.lists(st.sampled_from(every), max_size=6, unique=True))
    score = st.sampled_from([0, 40_000_000, 70_000_000, 70_000_001, 100_000_000])
    return market(
        draw(st.lists(units, min_size=n, max_size=n)),
        draw(st.lists(units, min_size=m, max_size=m)),
        [(i, j, draw(st.integers(1, 3)), draw(score)) for i, j in ends],
        tier=draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)),
        group=draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)),
        parent=draw(st.lists(st.integers(-1, c - 1), min_size=m, max_size=m)),
        caps=[(draw(st.integers(0, 5)), draw(st.sampled_from([-1, *range(k + 1, c)]))) for k in range(c)],
    )


def all_flows(asked: Market) -> Iterator[list[int]]:
    """Every flow that neither a need nor an offer forbids."""
    limits = asked.limit.tolist()

    def more(place: int, unmet: list[int], left: list[int], flow: list[int]) -> Iterator[list[int]]:
        if place == len(limits):
            yield list(flow)
            return
        n, o = int(asked.need[place]), int(asked.offer[place])
        for units in range(min(limits[place], unmet[n], left[o]) + 1):
            unmet[n] -= units
            left[o] -= units
            yield from more(place + 1, unmet, left, [*flow, units])
            unmet[n] += units
            left[o] += units

    yield from more(0, asked.demand.tolist(), asked.supply.tolist(), [])


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=150, deadline=None)
@given(asked=small_markets())
def test_no_flow_whatever_is_better(order: str, asked: Market) -> None:
    flow, costs = solved(asked, order)
    everything = [(found, other) for other in all_flows(asked) if (found := costs_of(asked, other, order)) is not None]
    best = min(found for found, _ in everything)
    assert costs == best
    # The hash settles every tie: one flow remains.
    assert [other for found, other in everything if found == best] == [flow]


# ---- by linear programs, stage by stage ------------------------------------------------------------------------------


def by_linear_programs(asked: Market, order: str) -> Costs:
    """HiGHS on the flow problem; after a stage, arcs with a reduced cost stay where they are."""
    import highspy

    n, m, c = len(asked.demand), len(asked.supply), len(asked.cap_limit)
    root = n + m + c + asked.groups
    arcs: list[tuple[int, int, float, dict[str, int]]] = []
    for i, j, limit, score in zip(
        *(x.tolist() for x in (asked.need, asked.offer, asked.limit, asked.score)), strict=True
    ):
        tie = 2**32 - tie_hash(int(asked.need_ids[i]), int(asked.offer_ids[j]))
        arcs.append((i, n + j, limit, {"SCORE": 10**8 - score, "TIE": tie}))
    for i in range(n):
        unmet = {"TIER": 1 + int(asked.tier[i]), "SCORE": 10**8, "TIE": 2**32}
        arcs.append((i, n + m + c + int(asked.group[i]), highspy.kHighsInf, unmet))
    for g in range(asked.groups):
        units = int(asked.demand[asked.group == g].sum())
        arcs += [(n + m + c + g, root, units * (k + 1) // 20 - units * k // 20, {"FAIR": 2 * k + 1}) for k in range(20)]
    for first, above, room in ((n, asked.parent, asked.supply), (n + m, asked.cap_parent, asked.cap_limit)):
        for p, (cap, most) in enumerate(zip(above.tolist(), room.tolist(), strict=True)):
            arcs.append((first + p, root if cap < 0 else n + m + cap, most, {}))

    program = highspy.Highs()
    program.setOptionValue("output_flag", False)
    for _, _, most, _ in arcs:
        program.addVar(0, most)
    rows: list[list[tuple[int, float]]] = [[] for _ in range(root)]
    for column, (tail, head, _, _) in enumerate(arcs):
        rows[tail].append((column, 1.0))
        if head != root:
            rows[head].append((column, -1.0))
    for node, entries in enumerate(rows):
        sent = int(asked.demand[node]) if node < n else 0
        columns, signs = [column for column, _ in entries], [sign for _, sign in entries]
        program.addRow(sent, sent, len(entries), np.array(columns, dtype=np.int32), np.array(signs))
    reached = []
    for stage in ORDERS[order]:
        cost = [arc[3].get(stage, 0) for arc in arcs]
        program.changeColsCost(len(arcs), np.arange(len(arcs), dtype=np.int32), np.array(cost, dtype=np.float64))
        program.run()
        solution = program.getSolution()
        flow = [round(value) for value in solution.col_value]
        reached.append(sum(units * one for units, one in zip(flow, cost, strict=True)))
        for column, reduced in enumerate(solution.col_dual):
            if abs(reduced) > 0.5:
                program.changeColBounds(column, flow[column], flow[column])
    return tuple(reached)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(4))
def test_linear_programs_reach_the_same_in_every_stage(seed: int, order: str) -> None:
    asked = random_market(seed, needs=300, offers=150, pairs=2_500, caps=12, groups=25)
    _, costs = solved(asked, order)
    assert costs == by_linear_programs(asked, order)
    assert costs[0] > 0


# ---- in the manner of NETGEN, and by construction --------------------------------------------------------------------


def transportation(seed: int, sources: int, sinks: int, arcs: int, supply: int) -> nx.DiGraph:
    """A transportation problem in the manner of NETGEN (Klingman, Napier, Stutz 1974): a skeleton that can carry
    everything, random arcs beside it, costs of 1 to 10,000, one arc in five with a capacity of its own.
    """
    random = np.random.default_rng(seed)
    cuts = np.sort(random.choice(np.arange(1, supply), sources - 1, replace=False))
    amounts = np.diff([0, *cuts.tolist(), supply]).tolist()
    takes = [0] * sinks
    graph = nx.DiGraph()
    for i, amount in enumerate(amounts):
        graph.add_node(("from", i), demand=-amount)
        some = random.choice(sinks, min(sinks, 1 + int(random.integers(0, 4))), replace=False).tolist()
        shares = random.multinomial(amount, [1 / len(some)] * len(some)).tolist()
        for j, share in zip(some, shares, strict=True):
            takes[j] += share
            graph.add_edge(("from", i), ("to", j), weight=int(random.integers(1, 10_001)), capacity=amount)
    while graph.number_of_edges() < arcs:
        i, j = int(random.integers(0, sources)), int(random.integers(0, sinks))
        if not graph.has_edge(("from", i), ("to", j)):
            room = int(random.integers(1, 1 + supply // sources)) if random.random() < 0.2 else supply
            graph.add_edge(("from", i), ("to", j), weight=int(random.integers(1, 10_001)), capacity=room)
    for j, units in enumerate(takes):
        graph.add_node(("to", j), demand=units)
    return graph


@pytest.mark.parametrize(
    ("seed", "sources", "sinks", "arcs", "supply"),
    [(13502460, 30, 30, 300, 3_000), (4281922, 50, 20, 500, 100_000), (44820113, 20, 60, 700, 20_000)],
)
def test_a_transportation_problem_in_the_manner_of_netgen(
    seed: int, sources: int, sinks: int, arcs: int, supply: int
) -> None:
    """A market whose best score is the cheapest transport: everything can be met, so TIER and FAIR leave only cost."""
    graph = transportation(seed, sources, sinks, arcs, supply)
    cheapest, _ = nx.network_simplex(graph, backend="networkx")
    asked = market(
        [-graph.nodes["from", i]["demand"] for i in range(sources)],
        [graph.nodes["to", j]["demand"] for j in range(sinks)],
        [(tail[1], head[1], data["capacity"], 10**8 - data["weight"]) for tail, head, data in graph.edges(data=True)],
        group=[i % 4 for i in range(sources)],
    )
    for order in ORDERS:
        _, costs = solved(asked, order)
        assert costs[:3] == (0, 0, cheapest)


@pytest.mark.parametrize(("seed", "size", "degree"), [(1, 40, 6), (2, 400, 20), (3, 3_000, 30)])
def test_an_assignment_whose_optimum_was_planted(seed: int, size: int, degree: int) -> None:
    """cost = y - z on a hidden assignment and more elsewhere: by weak duality its cost is the least, whoever solves."""
    random = np.random.default_rng(seed)
    y, z = random.integers(20_000_000, 50_000_000, size), random.integers(0, 20_000_000, size)
    hidden = random.permutation(size)
    need = np.repeat(np.arange(size), degree)
    offer = random.integers(0, size, size * degree)
    offer[::degree] = hidden
    extra = np.where(offer == hidden[need], 0, random.integers(1, 30_000_000, size * degree))
    cost = dict(
        zip(zip(need.tolist(), offer.tolist(), strict=True), (y[need] - z[offer] + extra).tolist(), strict=True)
    )
    asked = market([1] * size, [1] * size, [(i, j, 1, 10**8 - c) for (i, j), c in cost.items()])
    flow, costs = solved(asked, "URGENT_FIRST")
    assert costs[:3] == (0, 0, int(y.sum() - z.sum()))
    given_ = [(n, o) for n, o, units in zip(asked.need.tolist(), asked.offer.tolist(), flow, strict=True) if units]
    assert given_ == [*enumerate(hidden.tolist())]


def test_shortage_is_spread_until_every_group_misses_the_same_share() -> None:
    """60 units for groups that ask for 40, 60 and 100: the max-min share is 30%, which twentieths can express."""
    asked = market([40, 60, 100], [60], [(n, 0, 100, 50_000_000) for n in range(3)], group=[0, 1, 2])
    for order in ORDERS:
        flow, _ = solved(asked, order)
        assert flow == [12, 18, 30]


def test_the_order_decides_between_the_urgent_and_the_left_behind() -> None:
    """10 units; 10 urgent ones asked for in one township, 10 routine ones in the other."""
    asked = market([10, 10], [10], [(0, 0, 10, 0), (1, 0, 10, 10**8)], tier=[3, 0], group=[0, 1])
    assert solved(asked, "URGENT_FIRST")[0] == [10, 0]
    assert solved(asked, "FAIR_FIRST")[0] == [5, 5]


# ---- whole plans: minimums, needs of all or nothing, funds within pools, districts -----------------------------------


@st.composite
def small_counties(draw: st.DrawFn) -> tuple[list[Need], list[Offer], World, tuple[Cap, ...]]:
    wanted = draw(easy_needs(3, 3, least=1))
    given_ = draw(easy_offers(2, 4, minimum=3, least=1))
    flags = draw(st.lists(st.booleans(), min_size=3, max_size=3))
    in_fund = draw(st.lists(st.sampled_from([None, 70, 90]), min_size=2, max_size=2))
    caps = (Cap(70, draw(st.integers(0, 4)), draw(st.sampled_from([None, 90]))), Cap(90, draw(st.integers(0, 5))))
    world = replace(draw(worlds()), districts=draw(st.sampled_from([{}, {4: 2, 5: 2, 6: 3}])))
    return (
        [replace(need, whole=whole) for need, whole in zip(wanted, flags, strict=False)],
        [replace(offer, cap_id=cap) for offer, cap in zip(given_, in_fund, strict=False)],
        world,
        caps,
    )


def best_aims(asked: Instance, order: str) -> tuple[int, ...]:
    """By trying every allocation."""
    eligible = asked.eligible
    ends = [*zip(eligible.need_index.tolist(), eligible.offer_index.tolist(), strict=True)]
    choices = [
        [0, *range(asked.offers[o].minimum, most + 1)]
        for (_, o), most in zip(ends, eligible.quantity.tolist(), strict=True)
    ]
    above = {cap.id: cap.parent_id for cap in asked.caps}
    room = {cap.id: cap.limit for cap in asked.caps}
    best: tuple[int, ...] = ()
    for amounts in product(*choices):
        got, used = [0] * len(asked.needs), [0] * len(asked.offers)
        drawn = dict.fromkeys(room, 0)
        for units, (n, o) in zip(amounts, ends, strict=True):
            got[n] += units
            used[o] += units
            cap = asked.offers[o].cap_id
            while cap is not None:
                drawn[cap] += units
                cap = above[cap]
        allowed = (
            all(units <= need.remaining for units, need in zip(got, asked.needs, strict=True))
            and all(units in (0, n.remaining) for units, n in zip(got, asked.needs, strict=True) if n.whole)
            and all(units <= offer.available for units, offer in zip(used, asked.offers, strict=True))
            and all(drawn[cap] <= room[cap] for cap in room)
        )
        if allowed:
            names = [(asked.needs[n].id, asked.offers[o].id) for n, o in ends]
            chosen = {pair: units for pair, units in zip(names, amounts, strict=True) if units}
            best = max(best, aims(asked, chosen, order))
    return best


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=120, deadline=None)
@given(county=small_counties())
def test_no_plan_whatever_is_better_and_its_file_proves_it(
    order: str, county: tuple[list[Need], list[Offer], World, tuple[Cap, ...]]
) -> None:
    needs, offers, world, caps = county
    plan = compute_plan(needs, offers, world, order=order, caps=caps)
    needs, offers = sorted(needs, key=lambda n: n.id), sorted(offers, key=lambda o: o.id)
    asked = Instance(needs, offers, world, pairs(needs, offers, world), caps)
    amounts = {(a.need_id, a.offer_id): a.quantity for a in plan.allocations}
    assert aims(asked, amounts, order) == best_aims(asked, order)
    assert plan.certificate.optimal
    assert plan.certificate.violations == 0
    assert check(asked, plan) == []
    assert audit.recheck(audit.loads(audit.dumps(audit.document(asked, plan)))) == []

"""The plan of an instance on arrays: every independent part by itself, on as many processes as there are cores.

    instance -> parts (`graph.parts`) -> eligible pairs (`graph.eligible`) -> market -> stages (`graph.stages`)
             -> minimums (`graph.minimums`) -> verdict (`graph.proof`) -> what was found, in positions of the instance

A part is small: its pairs are made, used and forgotten, so memory is that of the largest parts, not of all pairs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graph.alternatives import alternatives
from graph.bottlenecks import Scarce, scarce, with_offer
from graph.columns import NO_CAP, Columns, Ints
from graph.eligible import Eligible, eligible
from graph.market import AIMS, ORDERS, Aims, Flags, Market, Whole, aims, sums
from graph.minimums import honour
from graph.parts import Part, parts
from graph.processes import end_with_parent
from graph.proof import check_market
from graph.stages import Solved, solve

if TYPE_CHECKING:
    from graph.standing import Changes

#: Below so many candidate pairs starting processes costs more than it saves.
WORTH_PROCESSES = 4_000_000

#: Pairs a part may have: some 2 GB while it is solved. A plan beyond that is asked for by township.
MOST_PAIRS = 1 << 25

#: From so many pairs on a part is not solved again for every group that is asked about.
STAND_FROM = 200_000
#: Needs an offer and group: with more, looking through the offers' long columns takes longer than solving again.
STAND_RATIO = 25

#: Groups that are worth most to recruit for, kept of each part.
BOTTLENECKS = 10

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One part to solve, by itself: its columns, which order of aims, how much search for minimums it may cost."""

    columns: Columns
    weights: tuple[int, ...]
    order: str
    work_limit: int


@dataclass(frozen=True, slots=True)
class Found:
    """The plan of a part; positions count within the part, k is the number of stages.

    need, offer, quantity, score   one entry an allocation, ordered by need, then offer
    next_offer, next_need          the best unused offer of its need, the need next in line for its offer; -1 for none
    next_score                     score of the need with its next offer
    prices                         k arrays, one price a need, offer, cap, group and the root, in this order
    caps                           positions of the part's caps in `Columns.caps`
    groups                         (g, 2) district and type of each group
    aims, bound                    what the plan reaches and what no plan passes (`graph.minimums`)
    fair_worst                     what FAIR would cost if nothing were given
    searched                       (n) needs whose part had to be searched for minimums
    faults                         what the checker found, 中文 / English
    scarce                         where one more unit is worth most, best first; groups as positions
    """

    need: Ints
    offer: Ints
    quantity: Ints
    score: Ints
    next_offer: Ints
    next_score: Ints
    next_need: Ints
    prices: tuple[Ints, ...]
    caps: Ints
    groups: Ints
    aims: Aims
    bound: Aims
    fair_worst: int
    searched: Ints
    faults: tuple[str, ...]
    scarce: tuple[Scarce, ...]


@dataclass(frozen=True, slots=True)
class Recruited:
    """What recruiting would bring: `worth` of one unit to TIER (an unmet unit costs 1 + its need's tier), and how many
    more needs are fully met by one unit, and by all that is missing."""

    worth: int
    met_by_one: int
    met_by_all: int


def solve_parts(
    columns: Columns,
    weights: tuple[int, ...],
    order: str,
    work_limit: int,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Part, Found]]:
    """Solves every part of an instance, largest first; parts come as they are done, in a fixed order.

    `processes` None: one for each core where the instance is large, else none beside this one.
    `progress` hears how much of the work is done, 0..1.
    Raises OverflowError as `graph.stages.solve`, KeyError for an unknown order, TooManyPairs for a part too large.
    """
    apart = parts(columns)
    # Who meets nobody is a part too: nothing is given there, and its prices say so.
    pieces = apart.parts
    if len(apart.alone) or len(apart.idle):
        pieces += (Part(apart.alone, apart.idle, 0),)
    total = sum(part.candidates for part in pieces)
    shares = [work_limit * (part.candidates + 1) // (total + len(pieces)) for part in pieces]
    tasks = (
        Task(columns.part(part.needs, part.offers), weights, order, share)
        for part, share in zip(pieces, shares, strict=True)
    )
    done = 0
    for part, found in zip(pieces, _run(tasks, total, processes), strict=True):
        done += part.candidates
        if progress is not None:
            progress(done / total if total else 1.0)
        yield part, found


def _run(tasks: Iterator[Task], total: int, processes: int | None) -> Iterator[Found]:
    if processes is None:
        processes = (os.cpu_count() or 1) if total >= WORTH_PROCESSES else 1
    if processes < 2:
        yield from map(solve_part, tasks)
        return
    import multiprocessing
    from collections import deque
    from concurrent.futures import Future, ProcessPoolExecutor

    # A few parts ahead, not all: what waits takes memory. Spawned, because threads and forks do not mix.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=end_with_parent) as pool:
        waiting: deque[Future[Found]] = deque()
        for task in tasks:
            waiting.append(pool.submit(solve_part, task))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def solve_part(task: Task) -> Found:
    """The best plan of one part, checked."""
    market, caps, groups = market_of(task.columns, eligible(task.columns, task.weights, MOST_PAIRS))
    solved, flow, searched, gap = _best(task, market)
    verdict = check_market(market, task.order, flow, solved.prices, searched)
    reached = aims(market, solved.order, flow)
    other = alternatives(market, flow, solved.order, solved.prices)
    used = np.flatnonzero(flow)
    need, offer = market.need[used].astype(np.int64), market.offer[used].astype(np.int64)
    after, behind = other.of_need[need], other.of_offer[offer]
    return Found(
        need=need,
        offer=offer,
        quantity=flow[used],
        score=market.score[used].astype(np.int64),
        next_offer=_at(market.offer, after),
        next_score=_at(market.score, after),
        next_need=_at(market.need, behind),
        prices=solved.prices,
        caps=caps,
        groups=groups,
        aims=reached,
        bound=tuple(a + g for a, g in zip(reached, gap, strict=True)),
        fair_worst=verdict.fair_cost_of_nothing,
        searched=np.flatnonzero(searched),
        faults=tuple(verdict.faults),
        scarce=tuple(scarce(market, solved, BOTTLENECKS)),
    )


def recruited(task: Task, found: Found, groups: Sequence[Scarce]) -> list[Recruited]:
    """What one more unit for a group would bring, and as many as it misses: solved again.

    Large parts are not solved twice for each: their plan is made to stand (`graph.standing`), and the offer comes and
    goes there.
    """
    market, _, _ = market_of(task.columns, eligible(task.columns, task.weights, MOST_PAIRS))
    flow, count = _flow_of(market, found), len(market.demand)
    before = sums(market.need, flow, count)
    if len(market.need) < STAND_FROM or len(found.searched) or not _can_stand(market, groups):
        return [
            _brought(
                market, before, *(_received(task, market, found, each.group, units) for units in (1, each.shortfall))
            )
            for each in groups
        ]
    from graph.standing import Standing  # compiled: not for a small county

    standing = Standing.from_market(market, ORDERS[task.order], flow, found.prices)
    told = []
    for each in groups:
        needs = np.flatnonzero(market.group == each.group)
        limits, scores = np.full(len(needs), 2**31 - 1), np.zeros(len(needs), dtype=np.int64)
        one = _changed(market, before, standing.offer_arrives(1, -1, 0, needs, limits, scores))
        more = standing.capacity_changes(standing.offer_position(0), each.shortfall)
        told.append(_brought(market, before, one, _changed(market, one, more)))
        standing.offer_goes(standing.offer_position(0))
    return told


def _brought(market: Market, before: Ints, one: Ints, all_: Ints) -> Recruited:
    """What needs receive before, with one unit more, and with all that is missing."""
    full = [int((got == market.demand).sum()) for got in (before, one, all_)]
    worth = int(((one - before) * (market.tier + 1)).sum())
    return Recruited(worth, full[1] - full[0], full[2] - full[0])


def _changed(market: Market, got: Ints, changes: Changes) -> Ints:
    """What needs receive after some changes; ids ascend."""
    after = got.copy()
    np.add.at(after, np.searchsorted(market.need_ids, changes.need_ids), changes.after - changes.before)
    return after


def _can_stand(market: Market, groups: Sequence[Scarce]) -> bool:
    """Whether a standing plan holds what is asked, and is ready before all would be solved again."""
    units = max([each.shortfall for each in groups] + market.cap_limit.tolist(), default=0)
    return units < 1 << 31 and len(market.demand) <= STAND_RATIO * len(groups) * len(market.supply)


def _received(task: Task, market: Market, found: Found, group: int, units: int) -> Ints:
    """What needs receive with so many units more; as in the plan where a search for minimums ends at nothing better."""
    more = with_offer(market, group, units)
    flow = _best(task, more)[1]
    if aims(more, ORDERS[task.order], flow) < found.aims:
        flow = _flow_of(more, found)
    return sums(more.need, flow, len(more.demand))


def _flow_of(market: Market, found: Found) -> Ints:
    """What was found, by pair of the market."""
    key = market.need.astype(np.int64) * len(market.supply) + market.offer
    flow = np.zeros(len(key), dtype=np.int64)
    flow[np.searchsorted(key, found.need * len(market.supply) + found.offer)] = found.quantity
    return flow


def _best(task: Task, market: Market) -> tuple[Solved, Ints, Flags, Aims]:
    """The optimum without minimums; the best flow that keeps them, needs whose part was searched, what is unproven.

    An offer beyond those of the task has no minimum.
    """
    order, whole = ORDERS[task.order], task.columns.need.whole
    least = np.append(task.columns.offer.least, 1)[market.offer]
    solved = solve(market, order)
    searched = np.zeros(len(market.demand), dtype=np.bool_)
    unmet = market.demand - sums(market.need, solved.flow, len(market.demand))
    broken = ((solved.flow > 0) & (solved.flow < least)).any()
    if not (broken or (whole & (unmet > 0) & (unmet < market.demand)).any()):
        return solved, solved.flow, searched, (0,) * AIMS
    kept = honour(market, order, solved.flow, least, whole, task.work_limit)
    searched[kept.searched] = True
    reached = aims(market, order, kept.flow)
    return solved, kept.flow, searched, tuple(b - a for a, b in zip(reached, kept.bound, strict=True))


def market_of(columns: Columns, pairs: Eligible) -> tuple[Market, Ints, Ints]:
    """The flow problem of these columns and pairs, the positions of its caps, and (district, type) of its groups."""
    need, offer = columns.need, columns.offer
    groups, group = groups_of(columns)
    caps, parent, above = _caps(columns)
    market = Market(
        demand=need.remaining,
        tier=need.priority,
        group=group,
        supply=np.where(offer.is_active, np.maximum(offer.available, 0), 0),
        parent=parent,
        cap_limit=columns.caps.limit[caps],
        cap_parent=above,
        need=pairs.need,
        offer=pairs.offer,
        limit=pairs.limit,
        score=pairs.score,
        need_ids=need.ids,
        offer_ids=offer.ids,
        groups=len(groups),
    )
    return market, caps, groups


def groups_of(columns: Columns) -> tuple[Ints, Ints]:
    """(district, type) of every fairness group, ascending, and the group of each need."""
    types = columns.types
    type_id = types.path[np.arange(len(types.depth)), types.depth - 1]
    keys = np.stack([columns.need.district, type_id[columns.need.type]], axis=1)
    groups, group = np.unique(keys, axis=0, return_inverse=True)
    return groups, group.reshape(-1)


def _caps(columns: Columns) -> tuple[Ints, Ints, Ints]:
    """Caps of these offers (positions in the table, the inner before the outer), the offers' caps, the caps' caps."""
    table = columns.caps
    place = {cap: position for position, cap in enumerate(table.ids.tolist())}
    above = [place[p] if p != NO_CAP else -1 for p in table.parent_id.tolist()]
    depth: dict[int, int] = {}
    for cap in {place[c] for c in columns.offer.cap_id.tolist() if c != NO_CAP}:
        chain = [cap]
        while above[chain[-1]] >= 0:
            chain.append(above[chain[-1]])
        for height, one in enumerate(reversed(chain)):
            depth[one] = height
    caps = sorted(depth, key=lambda one: (-depth[one], one))
    local = {cap: position for position, cap in enumerate(caps)}
    parent = [local[place[c]] if c != NO_CAP else -1 for c in columns.offer.cap_id.tolist()]
    return (
        np.array(caps, dtype=np.int64),
        np.array(parent, dtype=np.int64),
        np.array([local.get(above[cap], -1) for cap in caps], dtype=np.int64),
    )


def _at(values: Whole, places: Ints) -> Ints:
    """Values at these places, -1 where there is no place."""
    found: Ints = np.where(places >= 0, values[places] if len(values) else -1, -1).astype(np.int64)
    return found

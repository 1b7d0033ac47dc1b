"""Standing plans under events: needs and offers come, change and go, and after each the plan is optimal.

    python -m bench.standing [SIZE] [EVENTS]      by default 10,000 needs and as many offers, 1,000 events

As the product does it, every independent part has a plan of its own; events fall on parts by their size, and parts come
one after the other, so memory is that of the largest. An event in the engine: nothing stored, nothing served. Beside
it, in the same run, a fresh solve of the same markets. After every batch `graph.proof`, which knows nothing of the
engine, looks at all arcs; at the end of a part the allocation and the aims are compared with those of the fresh solve.
Neither is counted in the events.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.counties import WEIGHTS, region
from graph import stages
from graph.columns import Columns
from graph.eligible import eligible
from graph.market import ORDERS
from graph.parts import parts
from graph.proof import check_market
from graph.score import weight_vector
from graph.solver import Ints
from graph.solving import market_of
from graph.standing import Changes, Snapshot, Standing
from graph.standing_rehearsal import rehearsed
from graph.standing_state import UNLIMITED

BATCHES = 4
ORDER = "URGENT_FIRST"


@dataclass
class Taken:
    """Seconds of every event, on the clock and of the processor, and seconds of everything else, summed over parts."""

    events: list[float]
    processor: list[float]
    solving: float = 0.0
    loading: float = 0.0
    again: float = 0.0
    pairs: int = 0
    changed: int = 0
    same: bool = True


def standing(columns: Columns, taken: Taken) -> Standing:
    market, _, _ = market_of(columns, eligible(columns, weight_vector(WEIGHTS)))
    own = np.minimum(columns.offer.most, UNLIMITED).astype(np.int32)[market.offer]
    began = time.perf_counter()
    solved = stages.solve(market, ORDERS[ORDER])
    done = time.perf_counter()
    plan = Standing.from_market(market, ORDERS[ORDER], solved.flow, solved.prices, own)
    taken.solving += done - began
    taken.loading += time.perf_counter() - done
    taken.pairs += len(market.need)
    return plan


class Events:
    """Random events on a plan; newcomers have the pairs of somebody who was there at the beginning."""

    def __init__(self, plan: Standing, seed: int = 1) -> None:
        self.plan, self.chance = plan, np.random.default_rng(seed)
        now = plan.snapshot()
        self.now: Snapshot = now
        self.needs, self.offers = now.needs.tolist(), now.offers.tolist()
        self.first = np.searchsorted(now.market.need, np.arange(len(now.needs) + 1))
        self.by_offer = np.argsort(now.market.offer, kind="stable")
        self.first_of = np.searchsorted(now.market.offer[self.by_offer], np.arange(len(now.offers) + 1))
        self.next_id = 1 << 40

    def one(self) -> tuple[str, Callable[[], Changes]]:
        chance, plan, market = self.chance, self.plan, self.now.market
        kind = str(chance.choice(["arrives", "leaves", "demand", "opens", "closes", "capacity"]))
        self.next_id += 1
        new = self.next_id
        if kind == "arrives":
            like = int(chance.integers(len(self.first) - 1))
            pairs = slice(self.first[like], self.first[like + 1])
            columns = self._standing(self.now.offers[market.offer[pairs]], self.offers, pairs)
            tier, group = int(market.tier[like]), int(market.group[like])
            asked = int(chance.integers(1, 21))
            return kind, lambda: plan.need_arrives(asked, tier, group, new, *columns)
        if kind == "opens":
            like = int(chance.integers(len(self.first_of) - 1))
            entries = self.by_offer[self.first_of[like] : self.first_of[like + 1]]
            columns = self._standing(self.now.needs[market.need[entries]], self.needs, entries)
            parent, given = int(market.parent[like]), int(chance.integers(1, 41))
            return kind, lambda: plan.offer_arrives(given, parent, new, *columns)
        if kind == "leaves":
            gone = self.needs.pop(int(chance.integers(len(self.needs))))
            return kind, lambda: plan.need_leaves(gone)
        if kind == "closes":
            gone = self.offers.pop(int(chance.integers(len(self.offers))))
            return kind, lambda: plan.offer_goes(gone)
        units = int(chance.integers(0, 41))
        if kind == "demand":
            need = self.needs[int(chance.integers(len(self.needs)))]
            return kind, lambda: plan.demand_changes(need, units // 2)
        offer = self.offers[int(chance.integers(len(self.offers)))]
        return kind, lambda: plan.capacity_changes(offer, units)

    def _standing(self, others: Ints, here: list[int], pairs: Ints | slice) -> tuple[Ints, Ints, Ints]:
        """Positions, limits and scores of the pairs whose other side is still there."""
        keep = np.isin(others, np.array(here))
        return (
            others[keep],
            self.now.market.limit[pairs][keep].astype(np.int64),
            self.now.market.score[pairs][keep].astype(np.int64),
        )


def one_part(columns: Columns, many: int, taken: Taken) -> None:
    plan = standing(columns, taken)
    events = Events(plan)
    for batch in range(BATCHES):
        for _ in range(many * (batch + 1) // BATCHES - many * batch // BATCHES):
            _, act = events.one()
            began, used = time.perf_counter(), time.thread_time()
            changes = act()
            taken.processor.append(time.thread_time() - used)
            taken.events.append(time.perf_counter() - began)
            taken.changed += len(changes)
        now = plan.snapshot()
        verdict = check_market(now.market, ORDER, now.flow, now.prices)
        if verdict.violations or verdict.costs != plan.aims():
            raise SystemExit(f"not optimal: {verdict.faults}")
    began = time.perf_counter()
    fresh = stages.solve(now.market, ORDERS[ORDER])
    taken.again += time.perf_counter() - began
    if check_market(now.market, ORDER, fresh.flow, fresh.prices).costs != plan.aims():
        raise SystemExit("a fresh solve has another value")
    taken.same = taken.same and bool((fresh.flow == now.flow).all())


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    many = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    columns = region(size, funded=0.2).columns()
    pieces = parts(columns).parts
    rehearsed()  # compiled, or read from disk, before anything is measured
    weight = np.array([len(part.needs) + len(part.offers) for part in pieces], dtype=np.float64)
    shares = np.random.default_rng(1).multinomial(many, weight / weight.sum()).tolist()
    taken = Taken([], [])
    for part, share in zip(pieces, shares, strict=True):
        one_part(columns.part(part.needs, part.offers), share, taken)
    milliseconds = 1000 * np.array(taken.events)
    median, high, higher, most = np.percentile(milliseconds, [50, 95, 99, 100]).tolist()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    same = "the same" if taken.same else "another"
    each = taken.changed / many
    print(f"{size:,} needs, {taken.pairs:,} pairs, {len(pieces)} parts, {many:,} events, {each:.0f} changes each")
    print("| what | measured | wanted |\n|---|---:|---:|")
    print(f"| an event, median | {median:.2f} ms | < 1 ms |")
    print(f"| an event, 95th percentile | {high:.1f} ms | |")
    print(f"| an event, 99th percentile | {higher:.1f} ms | < 20 ms |")
    print(f"| the same in processor time | {1000 * np.percentile(taken.processor, 99):.1f} ms | |")
    print(f"| an event, longest | {most:.1f} ms | |")
    saved = 1000 * taken.again / median
    print(f"| a fresh solve, {same} allocation | {1000 * taken.again:,.0f} ms | {saved:,.0f} events |")
    print(f"| loading solved plans | {1000 * taken.loading:,.0f} ms | (solved in {1000 * taken.solving:,.0f} ms) |")
    print(f"| peak memory of all this | {peak:,} MB | |")


if __name__ == "__main__":
    main()

"""Made-up counties of any size as columns: 1,000 to 1,000,000 needs and as many offers, the same for the same seed.

    python bench/counties.py [SIZE ...]      parts, pairs, seconds and memory of each size

35 kinds of help in seven trees, in three of which some offer help of any kind; supply short of some kinds and plenty
of others; coverage by village, township or county; earmarks, client groups, windows, maximums, urgency; on request
minimums, whole needs, and funds that several offers draw on. Up to 100,000 needs are one county, a million are
fourteen. Nothing in it is a place or a person.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from graph.columns import NEVER, NO_CAP, CapColumns, Columns, Ints, NeedColumns, OfferColumns, Places, Types, starts
from graph.eligible import eligible
from graph.parts import parts
from graph.score import PART_CODES, position_m, weight_vector
from graph.values import WHOLE, Cap, Need, Offer, World

TODAY = date(2026, 11, 1)
WEIGHTS = dict(zip(PART_CODES, (2500, 2500, 1500, 1000, 1500, 1000), strict=True))
TREES, KINDS, GROUPS, VILLAGES = 7, 35, 16, 31
#: Trees in which some offers are of the general type.
GENERAL = 3
ROOT = 1
NEEDS_A_COUNTY = 71_500


@dataclass(frozen=True)
class Region:
    """Raw values of an instance. Types are 1..7 (trees) and 8..42 (kinds); areas are ROOT, counties, townships,
    villages, numbered in this order. Days are counted from TODAY; -1000 below and 1000 above mean none."""

    counties: int
    townships: int
    metres: Ints
    degrees: Any
    need: dict[str, Any]
    offer: dict[str, Any]
    caps: dict[str, Any]

    @property
    def areas(self) -> int:
        return 1 + self.counties * (1 + self.townships * (1 + VILLAGES))

    @cached_property
    def paths(self) -> Ints:
        """Path of each area, by id - 1."""
        path = np.full((self.areas, 4), -1, dtype=np.int64)
        path[:, 0] = ROOT
        county = np.arange(self.counties) + ROOT + 1
        township = np.arange(self.counties * self.townships)
        village = np.arange(len(township) * VILLAGES)
        township_id, village_id = township + county[-1] + 1, village + county[-1] + len(township) + 1
        path[county - 1, 1] = county
        path[township_id - 1, 1], path[township_id - 1, 2] = county[township // self.townships], township_id
        path[village_id - 1, 1:3] = path[township_id[village // VILLAGES] - 1, 1:3]
        path[village_id - 1, 3] = village_id
        return path

    def columns(self) -> Columns:
        """As columns, without a Python object for each need and offer. O(n)."""
        need, offer, today = self.need, self.offer, TODAY.toordinal()
        types = np.stack([1 + np.arange(KINDS) % TREES, np.arange(KINDS) + TREES + 1], axis=1)
        n, m = len(need["kind"]), len(offer["type"])
        return Columns(
            NeedColumns(
                ids=np.arange(1, n + 1),
                type=need["kind"],
                area=need["area"] - 1,
                remaining=need["remaining"],
                start=today + np.maximum(need["from"], 0),
                end=np.where(need["by"] == 1000, NEVER, today + need["by"]),
                is_open=np.ones(n, dtype=np.bool_),
                groups=need["groups"][:, None],
                priority=need["priority"],
                whole=need["whole"],
                district=self.paths[need["area"] - 1, 2],
            ),
            OfferColumns(
                ids=np.arange(1, m + 1),
                type_id=offer["type"],
                type_depth=np.where(offer["type"] <= TREES, 1, 2),
                area=offer["area"] - 1,
                available=offer["available"],
                least=offer["minimum"],
                most=np.where(offer["maximum"] == 0, NEVER, offer["maximum"]),
                start=today + np.maximum(offer["from"], 0),
                end=np.where(offer["until"] == 1000, NEVER, today + offer["until"]),
                is_active=np.ones(m, dtype=np.bool_),
                freshness_days=offer["age"],
                track=offer["track"],
                restricted=offer["groups"] != 0,
                earmarked=offer["earmarked"],
                groups=offer["groups"][:, None],
                earmarks=offer["earmarks"][:, None],
                cap_id=offer["cap"],
                cover_start=starts(np.ones(m, dtype=np.int64)),
                cover=offer["covers"],
            ),
            Types(types, np.full(KINDS, 2)),
            Places(self.paths, (self.paths >= 0).sum(axis=1), self.metres, np.ones(self.areas, dtype=np.bool_)),
            CapColumns(self.caps["id"], self.caps["limit"], self.caps["parent"]),
        )

    def lists(self) -> tuple[list[Need], list[Offer], World, list[Cap]]:
        """The same as values; for sizes up to some ten thousands."""
        needs = [
            Need(i + 1, k + TREES + 1, a, _set(g), r, p, _day(f), _day(b), whole=w)
            for i, (k, a, g, r, p, f, b, w) in enumerate(
                _rows(self.need, "kind area groups remaining priority from by whole")
            )
        ]
        offers = [
            Offer(
                i + 1, a, t, a, (c,), _set(g), _set(e) if meant else None, q, low, high or None, _day(f), _day(u),
                TODAY - timedelta(days=age), track / WHOLE, cap_id=None if cap == NO_CAP else cap,
            )
            for i, (t, a, c, g, e, meant, q, low, high, f, u, age, track, cap) in enumerate(
                _rows(
                    self.offer,
                    "type area covers groups earmarks earmarked available minimum maximum from until age track cap",
                )
            )
        ]  # fmt: skip
        types: dict[int, tuple[int, ...]] = {t: (t,) for t in range(1, TREES + 1)}
        types |= {TREES + 1 + k: (1 + k % TREES, TREES + 1 + k) for k in range(KINDS)}
        areas = {i + 1: tuple(a for a in row if a >= 0) for i, row in enumerate(self.paths.tolist())}
        world = World(
            TODAY,
            types,
            areas,
            WEIGHTS,
            {i + 1: (x, y) for i, (x, y) in enumerate(self.degrees.tolist())},
            districts={a: path[2] for a, path in areas.items() if len(path) > 2},
        )
        caps = [Cap(i, q, None if p == NO_CAP else p) for i, q, p in _rows(self.caps, "id limit parent")]
        return needs, offers, world, caps


def region(
    needs: int,
    offers: int | None = None,
    *,
    seed: int = 1,
    minimums: float = 0.0,
    whole: float = 0.0,
    funded: float = 0.0,
) -> Region:
    """`minimums`, `whole` and `funded` are shares: of offers with a minimum, of needs whole or nothing, of offers that
    draw on a fund. A fund serves one tree of types in one county, half of the funds stand under a pool of the tree."""
    chance = np.random.default_rng(seed)
    offers = needs if offers is None else offers
    counties = max(1, round(needs / NEEDS_A_COUNTY))
    townships = int(np.clip(needs // 7_000, 3, 14))
    first_village = ROOT + 1 + counties * (1 + townships)
    villages = counties * townships * VILLAGES

    def pick(values: Sequence[int], size: int, weights: Sequence[float]) -> Ints:
        share = np.array(weights, dtype=np.float64)
        return chance.choice(np.array(values, dtype=np.int64), size, p=share / share.sum())

    def masks(size: int, share: float) -> Any:
        bits = chance.random((size, GROUPS)) < share
        return (bits * (1 << np.arange(GROUPS, dtype=np.uint64))).sum(axis=1, dtype=np.uint64)

    def day(size: int, low: int, high: int, missing: int) -> Ints:
        return np.where(chance.random(size) < 0.5, missing, chance.integers(low, high + 1, size))

    kinds = list(range(KINDS))
    asked = {
        "kind": pick(kinds, needs, [1 + k % 3 for k in kinds]),
        "area": first_village + chance.integers(0, villages, needs),
        "groups": masks(needs, 0.08),
        "remaining": chance.integers(1, 21, needs),
        "priority": pick([0, 1, 2, 3], needs, [6, 3, 2, 1]),
        "from": day(needs, -10, 30, -1000),
        "by": day(needs, 31, 90, 1000),
        "whole": chance.random(needs) < whole,
    }
    kind = pick(kinds, offers, [(1, 2, 2, 3, 6)[k // 7] for k in kinds])
    general = (kind % TREES < GENERAL) & (chance.random(offers) < 0.1)
    home = first_village + chance.integers(0, villages, offers)
    place = home - first_village
    township = ROOT + 1 + counties + place // VILLAGES
    county = ROOT + 1 + place // (VILLAGES * townships)
    reach = chance.random(offers)
    restricted, earmarked = chance.random(offers) < 0.3, chance.random(offers) < 0.1
    high = np.where(chance.random(offers) < 0.3, chance.integers(3, 11, offers), 0)
    low = np.where(chance.random(offers) < minimums, chance.integers(2, 9, offers), 1)
    available = chance.integers(1, 41, offers)
    fund = (county - ROOT - 1) * TREES + kind % TREES
    cap, caps = _funds(chance.random(offers) < funded, fund, available, counties * TREES)
    given = {
        "type": np.where(general, 1 + kind % TREES, kind + TREES + 1),
        "area": np.where(chance.random(offers) < 0.4, township, home),
        "covers": np.where(reach < 0.025, county, np.where(reach < 0.6, township, home)),
        "groups": np.where(restricted, masks(offers, 0.2), 0).astype(np.uint64),
        "earmarks": np.where(earmarked, masks(offers, 0.2), 0).astype(np.uint64),
        "earmarked": earmarked,
        "available": available,
        "minimum": low,
        "maximum": np.where(high > 0, np.maximum(high, low), 0),
        "from": day(offers, -100, 30, -1000),
        "until": day(offers, 31, 200, 1000),
        "age": chance.integers(0, 201, offers),
        "track": chance.integers(0, WHOLE + 1, offers),
        "cap": cap,
    }
    degrees, metres = _places(chance, counties, townships)
    return Region(counties, townships, metres, degrees, asked, given, caps)


def _funds(funded: Any, fund: Ints, available: Ints, many: int) -> tuple[Ints, dict[str, Ints]]:
    """Funds 1..many and their pools many+1..2 many: each fund holds half of what its offers have, each pool a third."""
    held = np.bincount(fund[funded], available[funded], many).astype(np.int64)
    used = np.flatnonzero(held)
    pooled = used[used % 2 == 0]
    caps = {
        "id": np.concatenate([used + 1, pooled + 1 + many]),
        "limit": np.concatenate([held[used] // 2, held[pooled] // 3]),
        "parent": np.concatenate([np.where(used % 2 == 0, used + 1 + many, NO_CAP), np.full(len(pooled), NO_CAP)]),
    }
    return np.where(funded, fund + 1, NO_CAP), caps


def _places(chance: Any, counties: int, townships: int) -> tuple[Any, Ints]:
    """Counties of half a degree beside each other, townships within, villages around them."""
    of_county = np.stack([100 + np.arange(counties) % 20, 30 + np.arange(counties) // 20], axis=1) * 1.0
    of_township = np.repeat(of_county, townships, axis=0) + chance.random((counties * townships, 2)) / 2
    of_village = np.repeat(of_township, VILLAGES, axis=0) + (chance.random((len(of_township) * VILLAGES, 2)) - 0.5) / 10
    degrees = np.concatenate([[[100.0, 30.0]], of_county, of_township, of_village])
    return degrees, np.array([position_m(x, y) for x, y in degrees.tolist()], dtype=np.int64)


def _rows(table: dict[str, Any], names: str) -> Any:
    return zip(*(table[name].tolist() for name in names.split()), strict=True)


def _set(mask: int) -> tuple[int, ...]:
    return tuple(bit + 1 for bit in range(GROUPS) if mask >> bit & 1)


def _day(offset: int) -> date | None:
    return None if abs(offset) == 1000 else TODAY + timedelta(days=offset)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    options = parser.parse_args()
    weights = weight_vector(WEIGHTS)
    eligible(region(100).columns(), weights, compiled=True)  # compiled before anything is measured
    print("| needs | made s | parts | largest: needs, offers, pairs | split s | pairs | pairs s | peak MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for size in options.sizes:
        began = time.perf_counter()
        columns = region(size).columns()
        made = time.perf_counter()
        split = parts(columns)
        ready = time.perf_counter()
        total, largest = 0, (0, 0, 0)
        for part in split.parts:
            found = len(eligible(columns.part(part.needs, part.offers), weights))
            total, largest = total + found, max(largest, (found, len(part.needs), len(part.offers)))
        done = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"| {size:,} | {made - began:.2f} | {len(split.parts)} | {largest[1]:,}, {largest[2]:,}, {largest[0]:,} "
            f"| {ready - made:.2f} | {total:,} | {done - ready:.2f} | {peak:,} |"
        )


if __name__ == "__main__":
    main()

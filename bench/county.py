"""A county as lists, from a fixed seed: 35 kinds of help, 14 townships of 31 villages, skewed supply.

For instances that do not fit lists, and for funds, minimums and whole needs, see `bench.counties`.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from graph.score import PART_CODES
from graph.values import Need, Offer, World

TODAY = date(2026, 11, 1)


def county(needs: int, offers: int, seed: int = 1) -> tuple[list[Need], list[Offer], World]:
    """A reproducible county with skewed supply, three levels of coverage, some earmarks, windows and maximums."""
    chance = random.Random(seed)
    types: dict[int, tuple[int, ...]] = {t: (t,) for t in range(1, 8)}
    kinds = list(range(8, 43))
    types |= {t: (1 + t % 7, t) for t in kinds}
    areas: dict[int, tuple[int, ...]] = {1: (1,)}
    townships, villages = list(range(2, 16)), list(range(16, 16 + 14 * 31))
    areas |= {t: (1, t) for t in townships} | {v: (1, 2 + v % 14, v) for v in villages}
    places = {a: (116 + chance.random() / 2, 35.5 + chance.random() / 2) for a in [*townships, *villages]}

    def groups(most: int) -> tuple[int, ...]:
        return tuple(sorted(chance.sample(range(1, 17), chance.randint(0, most))))

    def day(low: int, high: int) -> date | None:
        return TODAY + timedelta(days=chance.randint(low, high)) if chance.random() < 0.5 else None

    asked = [
        Need(
            i + 1,
            chance.choice(kinds),
            chance.choice(villages),
            groups(2),
            chance.randint(1, 20),
            chance.choices([0, 1, 2, 3], [6, 3, 2, 1])[0],
            day(-10, 30),
            day(31, 90),
        )
        for i in range(needs)
    ]
    offered = [
        Offer(
            i + 1,
            i % 500,
            chance.choice(kinds) if chance.random() < 0.9 else chance.randint(1, 7),
            chance.choice([*townships, *villages]),
            (chance.choices([1, chance.choice(townships), chance.choice(villages)], [2, 5, 3])[0],),
            () if chance.random() < 0.7 else groups(5),
            None if chance.random() < 0.9 else groups(6),
            chance.randint(1, 40),
            1,
            chance.randint(3, 10) if chance.random() < 0.3 else None,
            day(-100, 30),
            day(31, 200),
            TODAY - timedelta(days=chance.randint(0, 200)),
            chance.random(),
        )
        for i in range(offers)
    ]
    weights = dict(zip(PART_CODES, (2500, 2500, 1500, 1000, 1500, 1000), strict=True))
    return asked, offered, World(TODAY, types, areas, weights, places)

"""A market with everything in it: ties, limits, nested caps, districts, minimums, a need of all or nothing."""

from __future__ import annotations

from dataclasses import replace

from small import CHILD, COUNTY, ELDER, FAR, GOODS, HANGANG, NEAR, QUANPU, WHEELCHAIR, WORLD, need, offer

from graph.candidates import pairs
from graph.checker import Instance
from graph.values import Cap, Need, Offer

TOWNSHIPS = replace(WORLD, districts={NEAR: QUANPU, FAR: HANGANG})
POOL, FUND, SPARE = 900, 700, 800
CAPS = (Cap(POOL, 10), Cap(FUND, 4, POOL), Cap(SPARE, 50, POOL))
NEEDS = [
    need(1, priority=3, remaining=4),
    need(2, remaining=4, area_id=FAR),
    need(3, remaining=2, priority=1, whole=True),
    need(4, remaining=5),
    need(5, remaining=6, area_id=FAR, priority=1),
    need(6, remaining=3, area_id=FAR, priority=0, group_ids=(CHILD,)),
    need(7, remaining=2, type_id=GOODS),
]
OFFERS = [
    offer(1, coverage_ids=(COUNTY,), available=5, maximum=3, cap_id=FUND),
    offer(2, area_id=NEAR, available=3),
    offer(3, coverage_ids=(HANGANG,), area_id=HANGANG, available=2, cap_id=SPARE),
    offer(4, coverage_ids=(COUNTY,), available=4, maximum=3, cap_id=FUND, area_id=FAR),
    offer(5, coverage_ids=(COUNTY,), available=2, cap_id=POOL),
    offer(6, coverage_ids=(COUNTY,), available=3, cap_id=POOL),
    offer(7, coverage_ids=(FAR,), area_id=FAR, group_ids=(CHILD,), available=9, minimum=2),
    offer(8, coverage_ids=(COUNTY,), available=0, group_ids=(ELDER,)),
]


def instance(needs: list[Need] = NEEDS, offers: list[Offer] = OFFERS, caps: tuple[Cap, ...] = CAPS) -> Instance:
    return Instance(needs, offers, TOWNSHIPS, pairs(needs, offers, TOWNSHIPS), caps)


__all__ = ["CAPS", "FUND", "NEEDS", "OFFERS", "POOL", "SPARE", "TOWNSHIPS", "WHEELCHAIR", "instance"]

"""A county small enough to think about: 拳铺镇 with two villages, another township, three kinds of help."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from graph.values import Need, Offer, World

TODAY = date(2026, 11, 1)
COUNTY, QUANPU, HANGANG, NEAR, FAR = 1, 2, 3, 4, 5
GOODS, WHEELCHAIR, COUNSELLING = 10, 11, 20
ELDER, CHILD = 1, 2

WORLD = World(
    TODAY,
    {GOODS: (GOODS,), WHEELCHAIR: (GOODS, WHEELCHAIR), COUNSELLING: (COUNSELLING,)},
    {COUNTY: (COUNTY,), QUANPU: (1, 2), HANGANG: (1, 3), NEAR: (1, 2, 4), FAR: (1, 3, 5)},
    {"TYPE_FIT": 4_000, "NEARNESS": 3_000, "ROOM": 3_000},
    type_labels={
        GOODS: ("物资", "goods"),
        WHEELCHAIR: ("轮椅", "wheelchairs"),
        COUNSELLING: ("心理疏导", "counselling"),
    },
    area_labels={
        QUANPU: ("拳铺镇", "Quanpu"),
        HANGANG: ("韩岗镇", "Hangang"),
        NEAR: ("甲村", "Jia"),
        FAR: ("乙村", "Yi"),
    },
    group_labels={ELDER: ("困难老年人", "elders in difficulty"), CHILD: ("困境儿童", "children in difficulty")},
    type_units={WHEELCHAIR: "台", GOODS: "件"},
)


def need(id: int = 1, **changes: Any) -> Need:
    return replace(Need(id, WHEELCHAIR, NEAR, (ELDER,), 3, 0, None, None), **changes)


def offer(id: int = 1, **changes: Any) -> Offer:
    plain = Offer(id, 1, WHEELCHAIR, QUANPU, (QUANPU,), (), None, 5, 1, None, None, None, TODAY)
    return replace(plain, **changes)

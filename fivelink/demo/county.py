"""The places of the demo county as the shipped areas name them."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.vocabulary import read_areas

COUNTY = "370832"
COUNTY_NAME = "梁山县"
#: Where the story of 小娜 is retold: 拳铺镇 拳东村.
STORY_TOWN, STORY_VILLAGE = "370832104", "370832104200"


@dataclass(frozen=True, slots=True)
class Village:
    code: str
    name: str
    town: str  # code of the township


@dataclass(frozen=True, slots=True)
class Town:
    code: str
    name: str
    villages: tuple[Village, ...]


def towns() -> tuple[Town, ...]:
    """The 14 townships of 梁山县 with their 437 villages, by code."""
    areas = [area for area in read_areas().records if area.code.startswith(COUNTY)]
    return tuple(
        Town(
            town.code,
            town.name,
            tuple(Village(area.code, area.name, town.code) for area in areas if area.parent == town.code),
        )
        for town in areas
        if town.level == "TOWNSHIP"
    )

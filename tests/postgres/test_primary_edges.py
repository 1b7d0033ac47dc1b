"""A second primary operator by ways around: a part that is changed, moved or restored, two at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from station_stage import SHAYANG, City, jingmen

from resolvers import records
from resolvers.errors import Conflict


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    async with jingmen(database_url) as made:
        yield made


async def test_no_change_of_a_part_makes_a_second_primary_operator(city: City) -> None:
    here, there = [await city.save("project", area=SHAYANG, name=f"项目{at}") for at in range(2)]
    first, second = await city.organization("甲社工机构"), await city.organization("乙社工机构")
    part: dict[str, Any] = {"role": "OPERATOR", "from_on": date(2026, 1, 1), "until_on": date(2026, 6, 30)}
    await city.save("project_role", project=here, party=first, is_primary=True, **part)
    beside = await city.save("project_role", project=here, party=second, **part)
    elsewhere = await city.save("project_role", project=there, party=second, is_primary=True, **part)
    later = await city.save(
        "project_role", project=here, party=second, is_primary=True, role="OPERATOR", from_on=date(2026, 7, 1)
    )
    before = await city.books()
    for id, change in (
        (beside, {"is_primary": True}),
        (elsewhere, {"project": here}),
        (later, {"from_on": date(2026, 6, 30)}),
        (later, {"from_on": None}),
    ):
        with pytest.raises(Conflict) as refused:
            await city.save("project_role", id=id, **change)
        assert refused.value.code == "SECOND_PRIMARY_OPERATOR"
        assert "甲社工机构" in refused.value.message_zh
    assert await city.books() == before


async def test_of_two_withdrawn_primary_operators_one_comes_back(city: City) -> None:
    it = await city.save("project", area=SHAYANG, name="项目")
    gone = []
    for name in ("甲社工机构", "乙社工机构"):
        party = await city.organization(name)
        gone.append(await city.save("project_role", project=it, party=party, role="OPERATOR", is_primary=True))
        await records.withdraw(city.context, "project_role", gone[-1], reason="登记错了")

    async def back(id: int) -> str:
        try:
            await records.restore(city.context, "project_role", id)
        except Conflict as refusal:
            return refusal.code
        return "CAME"

    assert sorted(await asyncio.gather(*map(back, gone))) == ["CAME", "SECOND_PRIMARY_OPERATOR"]

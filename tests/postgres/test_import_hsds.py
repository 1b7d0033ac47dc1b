"""HSDS directories in: organizations, services and locations become organizations and offers, or are told why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lists import Desk, codes, counts, desk, desk_url, words_url  # noqa: F401

from exchange.errors import Unreadable
from resolvers import imports

EXAMPLES = Path(__file__).parents[3] / "shared" / "hsds" / "examples"

ORGANIZATION = {
    "id": "3f0c4c5e-6f3e-4d0e-9d5d-0a5f0f7a1101",
    "name": "梁山县善邻服务中心",
    "description": "助餐与调解",
    "locations": [
        {
            "id": "3f0c4c5e-6f3e-4d0e-9d5d-0a5f0f7a1102",
            "location_type": "physical",
            "addresses": [
                {"city": "济宁市", "region": "梁山县", "state_province": "山东省", "address_1": "一号", "country": "CN"}
            ],
        }
    ],
}


def service(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"3f0c4c5e-6f3e-4d0e-9d5d-0a5f0f7a12{number:02}",
        "name": "老人助餐",
        "status": "active",
        "organization": ORGANIZATION,
        "service_areas": [{"id": f"a{number}", "name": "拳铺镇"}],
        "capacities": [{"id": f"c{number}", "available": 30, "unit": {"id": "u", "name": "人次"}}],
    } | more


def written(desk: Desk, *services: dict[str, Any]) -> Path:  # noqa: F811
    path = desk.folder / "directory.json"
    path.write_text(
        json.dumps({"total_items": len(services), "total_pages": 1, "contents": services}), encoding="utf-8"
    )
    return path


async def test_a_directory_of_the_county_becomes_organizations_and_offers(desk: Desk) -> None:  # noqa: F811
    services = [service(1), service(2, name="邻里调解", capacities=[], service_areas=[]), service(3, status="inactive")]
    report = await desk.take(written(desk, *services), area=None)
    assert (counts(report), codes(report)) == ((3, 0, 0, 0), [])
    assert [notice.code for sheet in report.sheets for notice in sheet.notices] == [
        "HSDS_CAPACITY_ASSUMED",
        "HSDS_NOT_ACTIVE",
    ]
    offers = await desk.rows(
        "SELECT o.title, t.code, o.capacity, a.name, p.name, p.kind::text FROM offer o"
        " JOIN party p ON p.id = o.provider_id"
        " JOIN resource_type t ON t.id = o.resource_type_id JOIN area a ON a.id = o.coverage_ids[1] ORDER BY o.id"
    )
    assert [tuple(row) for row in offers] == [
        ("老人助餐", "MEAL_SERVICE", 30, "拳铺镇", "梁山县善邻服务中心", "ORGANIZATION"),
        ("邻里调解", "MEDIATION", 1, "梁山县", "梁山县善邻服务中心", "ORGANIZATION"),
    ]
    before = await desk.everything()
    assert counts(await desk.take(written(desk, *services), area=None)) == (0, 0, 3, 0)
    assert await desk.everything() == before
    changed = await desk.take(written(desk, service(1, name="老人助餐(午餐)")), area=None)
    assert changed.changes[0].fields == {"title": ("老人助餐", "老人助餐(午餐)")}
    assert await desk.matches_are_true()


async def test_faults_of_a_directory_are_all_listed_and_the_rest_is_taken(desk: Desk) -> None:  # noqa: F811
    services = [
        service(1),
        service(2, name=None),
        service(3, status="开放"),
        service(4, name="太空旅行"),
        service(5, service_areas=[{"id": "x", "name": "Atlantis"}]),
        service(6, capacities=[{"id": "c", "available": -1}]),
        {key: value for key, value in service(7).items() if key != "organization"},
    ]
    report = await desk.take(written(desk, *services), area=None)
    assert [(fault.place.row, fault.code) for fault in report.faults] == [
        (2, "HSDS_MISSING"),
        (3, "HSDS_UNKNOWN_STATUS"),
        (4, "UNTYPED"),
        (5, "UNKNOWN_AREA"),
        (6, "HSDS_WRONG_TYPE"),
        (7, "HSDS_NO_ORGANIZATION"),
    ]
    assert await desk.rows("SELECT count(*) FROM offer") == [(1,)]


async def test_a_place_nobody_knows_is_where_the_area_says(desk: Desk) -> None:  # noqa: F811
    path = written(desk, service(5, service_areas=[{"id": "x", "name": "Atlantis"}]))
    report = await desk.take(path)
    assert counts(report) == (2, 0, 0, 0)
    (notice,) = [one for sheet in report.sheets for one in sheet.notices]
    assert notice.code == "AREA_ASSUMED"
    assert "Atlantis" in notice.text_zh
    ((name,),) = await desk.rows("SELECT a.name FROM offer o JOIN area a ON a.id = o.coverage_ids[1]")
    assert name == "梁山县"
    listed = await desk.take(desk.csv("需求名称,村(社区),数量\n轮椅,Atlantis,1\n"))
    assert codes(listed) == ["UNKNOWN_COMMUNITY"]


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"the standard's examples are not at {EXAMPLES.name}/")
@pytest.mark.parametrize(
    "name", ["service_full.json", "service_list.json", "organization_full.json", "organization_list.json", "csv"]
)
async def test_the_examples_of_the_standard_are_taken_or_every_fault_is_listed(desk: Desk, name: str) -> None:  # noqa: F811
    before = await desk.everything()
    abroad = await desk.take(EXAMPLES / name, area=None)
    listed = sum(len(sheet.records) for sheet in abroad.sheets)
    assert listed
    assert counts(abroad)[:3] == (0, 0, 0)
    assert len(abroad.faults) >= listed
    assert await desk.everything() == before
    here = await desk.take(EXAMPLES / name)
    assert here.new["parties"] >= 1
    assert "UNKNOWN_AREA" not in codes(here)
    again = await desk.take(EXAMPLES / name)
    assert counts(again)[:2] == (0, 0)
    assert again.unchanged.total() == here.new.total() + here.unchanged.total()


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"the standard's examples are not at {EXAMPLES.name}/")
@pytest.mark.parametrize("name", ["taxonomy_list.json", "location.json"])
async def test_what_is_no_directory_of_services_is_refused(desk: Desk, name: str) -> None:  # noqa: F811
    before = await desk.everything()
    with pytest.raises(Unreadable) as refused:
        await imports.run(desk.context, EXAMPLES / name)
    assert refused.value.code == "NOT_HSDS"
    assert await desk.everything() == before

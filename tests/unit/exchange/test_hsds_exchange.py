"""HSDS 3.0 in and out: our own small examples, and the standard's where they are at hand."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from exchange import hsds
from exchange.errors import Unreadable
from exchange.hsds_records import REQUIRED
from exchange.reading import read
from exchange.records import OfferRecord, PartyRecord, Place, Sheet

STANDARD = Path(__file__).resolve().parents[4] / "shared" / "hsds"
CENTRE = {
    "id": "0b0e5c0e-4a35-4f6b-8d52-2f3f3d0f2a01",
    "name": "晨光社工中心",
    "description": "社会工作服务",
    "organization_identifiers": [
        {"id": "x", "identifier_type": "统一社会信用代码", "identifier": "52370832MJE000000X"}
    ],
    "locations": [
        {
            "id": "l",
            "location_type": "physical",
            "addresses": [{"id": "a", "state_province": "山东省", "region": "梁山县", "city": "济宁市"}],
        }
    ],
}
COUNSELLING = {
    "id": "9d0e5c0e-4a35-4f6b-8d52-2f3f3d0f2a02",
    "name": "心理疏导",
    "status": "active",
    "organization": CENTRE,
    "service_areas": [
        {"id": "s", "name": "拳铺镇", "extent": "370832103", "extent_type": "code"},
        {"id": "t", "name": "韩岗镇"},
    ],
    "capacities": [{"id": "c", "available": 40, "maximum": 60, "unit": {"id": "u", "name": "人次"}}],
    "schedules": [{"id": "d", "valid_from": "2026-01-01", "valid_to": "2026-12-31"}],
    "attributes": [
        {"id": "e", "taxonomy_term": {"id": "f", "code": "RP-1400", "name": "Counseling", "taxonomy": "open"}}
    ],
}


def need_standard() -> None:
    if not STANDARD.is_dir():
        pytest.skip("the HSDS examples and schemas are not beside the repository")


def taken(tmp_path: Path, document: Any) -> Sheet:
    path = tmp_path / "services.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return read(path)[0]


@pytest.mark.parametrize("form", ["single", "array", "page"])
def test_a_service_becomes_a_party_and_an_offer(tmp_path: Path, form: str) -> None:
    page = {"total_items": 1, "total_pages": 1, "page_number": 1, "contents": [COUNSELLING]}
    sheet = taken(tmp_path, {"single": COUNSELLING, "array": [COUNSELLING], "page": page}[form])
    assert not sheet.faults
    assert not sheet.notices
    party, offer = sheet.records
    assert isinstance(party, PartyRecord)
    assert isinstance(offer, OfferRecord)
    assert (party.kind, party.name, party.area) == ("ORGANIZATION", "晨光社工中心", "山东省济宁市梁山县")
    assert (party.credit_code, party.reference) == ("52370832MJE000000X", CENTRE["id"])
    assert (offer.title, offer.provider, offer.provider_reference) == ("心理疏导", "晨光社工中心", CENTRE["id"])
    assert (offer.capacity, offer.unit, offer.coverage) == (40, "人次", ("370832103", "韩岗镇"))
    assert (offer.available_from, offer.available_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (offer.resource_type, offer.type_hints) == (None, ("Counseling", "RP-1400"))


def test_without_capacity_and_areas_it_is_one_at_the_address_and_that_is_said(tmp_path: Path) -> None:
    location = {"id": "l", "location_type": "physical", "addresses": [{"city": "MyCity", "state_province": "MyState"}]}
    bare = {k: v for k, v in COUNSELLING.items() if k in ("id", "name", "status", "organization")}
    sheet = taken(tmp_path, {**bare, "service_at_locations": [{"id": "x", "location": location}]})
    (offer,) = [record for record in sheet.records if isinstance(record, OfferRecord)]
    assert (offer.capacity, offer.coverage) == (1, ("MyCity",))
    assert [notice.code for notice in sheet.notices] == ["HSDS_CAPACITY_ASSUMED"]


@pytest.mark.parametrize("status", ["inactive", "defunct", "temporarily closed"])
def test_a_service_that_is_not_active_is_left_out_and_said(tmp_path: Path, status: str) -> None:
    sheet = taken(tmp_path, [COUNSELLING | {"status": status}])
    assert not [record for record in sheet.records if isinstance(record, OfferRecord)]
    assert [(notice.code, notice.place.cell) for notice in sheet.notices] == [("HSDS_NOT_ACTIVE", "/0/status")]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"name": None}, ["HSDS_MISSING"]),
        ({"name": 3}, ["HSDS_WRONG_TYPE"]),
        ({"name": "长" * 1_000_000}, ["TEXT_TOO_LONG"]),
        ({"status": "open", "id": ""}, ["HSDS_MISSING", "HSDS_UNKNOWN_STATUS"]),
        ({"organization": None}, ["HSDS_NO_ORGANIZATION"]),
        ({"organization": None, "organization_id": "gone"}, ["HSDS_BROKEN_LINK"]),
        ({"organization": {"name": "无号"}}, ["HSDS_MISSING"]),
        ({"capacities": [{"available": "many"}]}, ["HSDS_WRONG_TYPE"]),
        ({"capacities": [{"available": "1e999"}]}, ["HSDS_WRONG_TYPE"]),
        ({"capacities": [{"available": "nan"}]}, ["HSDS_WRONG_TYPE"]),
        ({"schedules": [{"valid_from": "soon"}]}, ["NOT_A_DATE"]),
        ({"schedules": [{"valid_from": "2026-12-01", "valid_to": "2026-01-01"}]}, ["END_BEFORE_START"]),
    ],
)
def test_a_faulty_service_is_listed_with_a_pointer_and_the_others_are_taken(
    tmp_path: Path, change: dict[str, Any], codes: list[str]
) -> None:
    sheet = taken(tmp_path, [COUNSELLING | change, COUNSELLING])
    assert [fault.code for fault in sheet.faults] == codes
    assert all((fault.place.cell or "").startswith("/0/") and fault.original for fault in sheet.faults)
    assert all(len(fault.text_zh) < 300 for fault in sheet.faults)
    assert len([record for record in sheet.records if isinstance(record, OfferRecord)]) == 1


def test_an_organization_met_twice_is_one_party(tmp_path: Path) -> None:
    sheet = taken(tmp_path, [COUNSELLING, COUNSELLING | {"id": "another"}])
    assert [type(record) for record in sheet.records] == [PartyRecord, OfferRecord, OfferRecord]


def test_a_tabular_package_reads_like_its_json_as_folder_and_as_zip(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    tables = {
        "organizations.csv": f"id,name,description\n{CENTRE['id']},晨光社工中心,x\nlonely,孤单社,y\n",
        "services.csv": f"id,organization_id,name,status\ns1,{CENTRE['id']},心理疏导,active\ns2,gone,助浴,active\n",
        "service_areas.csv": "id,service_id,name\na,s1,拳铺镇\n",
        "service_capacity.csv": "id,service_id,unit_id,available\nc,s1,u,40\n",
        "units.csv": "id,name\nu,人次\n",
        "datapackage.json": "{}",
    }
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    packed = tmp_path / "package.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in tables:
            archive.write(folder / name, f"hsds/{name}")
    for path in (folder, folder / "datapackage.json", packed):
        (sheet,) = read(path)
        assert [record.name for record in sheet.records if isinstance(record, PartyRecord)] == [
            "晨光社工中心",
            "孤单社",
        ]
        (offer,) = [record for record in sheet.records if isinstance(record, OfferRecord)]
        assert (offer.capacity, offer.unit, offer.coverage, offer.reference) == (40, "人次", ("拳铺镇",), "s1")
        assert [(f.code, f.place.file, f.place.cell) for f in sheet.faults] == [
            ("HSDS_BROKEN_LINK", "services.csv", "B3")
        ]


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as refused:
        read(tmp_path)
    assert refused.value.code == "BROKEN_PACKAGE"


OFFERS = [
    OfferRecord(
        Place("x"), "轮椅", "甲公司", 20, "WHEELCHAIR", "辆", "DONOR_FIRM", "370832103", "91370832MA0000000X",
        ("370832103", "韩岗镇"), ("DISABLED",), 2, 5, date(2026, 1, 1), date(2026, 12, 31), "DISABLED", "id1",
    ),
    OfferRecord(Place("x"), "陪伴", "乙中心", 3, provider_kind="ORGANIZATION", reference=COUNSELLING["id"]),
]  # fmt: skip


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = hsds.write(tmp_path / "out.json", OFFERS, [PartyRecord(Place("x"), "ORGANIZATION", "乙中心", area="梁山县")])
    (sheet,) = read(path)
    assert not sheet.faults
    chair, company = [record for record in sheet.records if isinstance(record, OfferRecord)]
    for name in (
        "title", "provider", "capacity", "resource_type", "unit", "provider_kind", "provider_area", "credit_code",
        "coverage",
        "client_groups", "minimum_per_need", "maximum_per_need", "available_from", "available_until", "earmark",
    ):  # fmt: skip
        assert getattr(chair, name) == getattr(OFFERS[0], name)
    assert (company.reference, company.provider_area) == (OFFERS[1].reference, "梁山县")
    again = hsds.write(
        tmp_path / "again.json", OFFERS, [PartyRecord(Place("x"), "ORGANIZATION", "乙中心", area="梁山县")]
    )
    assert again.read_bytes() == path.read_bytes()


def test_what_is_written_is_valid_against_the_standard(tmp_path: Path) -> None:
    need_standard()
    page = json.loads(hsds.write(tmp_path / "out.json", OFFERS, []).read_text(encoding="utf-8"))
    for name in ("service.json", "service_list.json"):
        schema = json.loads((STANDARD / "schema" / name).read_text(encoding="utf-8"))
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        for service in page["contents"]:
            assert [error.message for error in validator.iter_errors(service)] == []


def test_the_fields_required_here_are_required_by_the_standard() -> None:
    need_standard()
    for name, fields in REQUIRED.items():
        schema = json.loads((STANDARD / "schema" / f"{name}.json").read_text(encoding="utf-8"))
        assert set(fields) <= set(schema["required"])


@pytest.mark.parametrize(
    "name", ["service_full.json", "service_list.json", "organization_full.json", "organization_list.json"]
)
def test_the_examples_of_the_standard_are_read(name: str) -> None:
    need_standard()
    (sheet,) = read(STANDARD / "examples" / name)
    assert sheet.records
    assert [fault.code for fault in sheet.faults if fault.code != "HSDS_NO_ORGANIZATION"] == []


def test_the_tabular_example_of_the_standard_gives_the_same_offer_as_its_json() -> None:
    need_standard()
    (nested,) = read(STANDARD / "examples" / "service_full.json")
    (tabular,) = read(STANDARD / "examples" / "csv")
    pairs = [[r for r in sheet.records if isinstance(r, OfferRecord)] for sheet in (nested, tabular)]
    assert [(o.title, o.provider, o.coverage, o.reference) for o in pairs[0]] == [
        (o.title, o.provider, o.coverage, o.reference) for o in pairs[1]
    ]


@pytest.mark.parametrize("name", ["taxonomy.json", "location.json", "base.json", "taxonomy_term_list.json"])
def test_other_documents_of_the_standard_are_refused(name: str) -> None:
    need_standard()
    with pytest.raises(Unreadable, match="NOT_HSDS"):
        read(STANDARD / "examples" / name)

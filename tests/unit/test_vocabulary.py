"""The vocabulary files: what is shipped is whole, and a county's own file is told everything that is wrong with it."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

from exchange.records import Fault
from exchange.vocabulary import (
    File,
    ResourceTypeRecord,
    read_areas,
    read_resource_types,
    read_terms,
    read_weights,
    shipped,
)

GLOSSARY_GROUPS = [
    "SUBSISTENCE_ALLOWANCE",
    "DESTITUTE",
    "TEMPORARY_ASSISTANCE",
    "ORPHAN",
    "DE_FACTO_UNATTENDED_CHILD",
    "CHILD_IN_DIFFICULTY",
    "LEFT_BEHIND_CHILD",
    "LEFT_BEHIND_WOMAN",
    "LEFT_BEHIND_ELDER",
    "EMPTY_NEST_ELDER",
    "ELDER_IN_DIFFICULTY",
    "DISABLED_ELDER",
    "DEMENTIA_ELDER",
    "DISABLED",
    "VETERAN",
    "MIGRANT_WORKER_FAMILY",
]
GLOSSARY_SERVICES = [
    "CARE_NURSING",
    "REHABILITATION",
    "COUNSELLING",
    "BEHAVIOUR_CORRECTION",
    "SOCIAL_INCLUSION",
    "CAPACITY_BUILDING",
    "RESOURCE_LINKING",
    "HOME_VISIT",
    "MEANS_TEST",
    "SCREENING",
    "COMPANIONSHIP",
    "MEDIATION",
    "POLICY_OUTREACH",
]
#: Units that count the same thing, so that an offer of a type can serve a need of a type below it.
MEASURES = (set("元"), set("件台辆张袋桶床套个本盏部箱包"), {"人次"}, {"小时"}, {"次"}, {"户"}, {"场"})


def codes(faults: tuple[Fault, ...]) -> list[str]:
    return [fault.code for fault in faults]


def words(record: ResourceTypeRecord) -> tuple[str, ...]:
    return (record.label_zh, record.label_en, *record.synonyms)


def write(path: Path, text: str) -> File:
    path.write_text(text, encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------ what is shipped


@pytest.mark.parametrize("read", [read_areas, read_terms, read_resource_types, read_weights])
def test_the_shipped_files_have_no_fault(read) -> None:  # type: ignore[no-untyped-def]
    reading = read()
    assert reading.records
    assert reading.faults == ()


def test_liangshan_has_its_14_townships_and_437_villages() -> None:
    areas = read_areas().records
    townships = [area for area in areas if area.parent == "370832"]
    villages = [area for area in areas if area.level == "VILLAGE" and area.code.startswith("370832")]
    assert (len(townships), len(villages)) == (14, 437)
    assert {area.parent for area in villages} == {area.code for area in townships}


def test_the_whole_country_is_there_down_to_counties() -> None:
    areas = read_areas().records
    assert sum(area.level == "PROVINCE" for area in areas) == 34
    assert sum(area.level == "COUNTY" for area in areas) > 2_800
    assert sum(area.level == "TOWNSHIP" and area.code.startswith("4208") for area in areas) == 84


@pytest.mark.parametrize(
    ("code", "full_name"),
    [
        ("370832104", "山东省济宁市梁山县拳铺镇"),
        ("110101", "北京市东城区"),
        ("500229", "重庆市城口县"),
        ("419001", "河南省济源市"),
        ("441900", "广东省东莞市"),
        ("451225101", "广西壮族自治区河池市罗城仫佬族自治县龙岸镇"),
        ("4208Z01", "湖北省荆门市漳河新区"),
    ],
)
def test_a_full_name_is_what_people_write_on_a_letter(code: str, full_name: str) -> None:
    assert {area.code: area.full_name for area in read_areas().records}[code] == full_name


def test_parents_come_before_children() -> None:
    seen: set[str] = set()
    for area in read_areas().records:
        assert area.parent is None or area.parent in seen
        seen.add(area.code)
    types: set[str] = set()
    for one in read_resource_types().records:
        assert one.parent is None or one.parent in types
        types.add(one.code)


def test_every_client_group_and_service_of_the_glossary_is_there() -> None:
    terms = read_terms().records
    groups = {term.code: term for term in terms if term.scheme == "client_group"}
    assert set(GLOSSARY_GROUPS) <= set(groups)
    assert all(group.domains for group in groups.values())
    assert {term.code for term in terms if term.scheme == "service_type"} == set(GLOSSARY_SERVICES)
    services = {one.code for one in read_resource_types().records if one.kind == "SERVICE"}
    assert set(GLOSSARY_SERVICES) <= services


def test_the_three_left_behind_stand_under_one_group() -> None:
    below = {term.code for term in read_terms().records if term.parent == "LEFT_BEHIND"}
    assert below == {"LEFT_BEHIND_CHILD", "LEFT_BEHIND_WOMAN", "LEFT_BEHIND_ELDER"}


def test_no_word_of_a_type_hides_in_a_word_of_another_type() -> None:
    """So a title is typed alike by the longest word and by any word: 护理床 is never read as 护理."""
    clashes = [
        (one.code, word, other.code, longer)
        for left, right in combinations(read_resource_types().records, 2)
        for one, other in ((left, right), (right, left))
        for word in words(one)
        for longer in words(other)
        if word.casefold() in longer.casefold()
        and (not word.isascii() or re.search(rf"\b{re.escape(word)}\b", longer, re.IGNORECASE))
    ]
    assert clashes == []


def test_units_of_one_tree_count_the_same_thing() -> None:
    records = {one.code: one for one in read_resource_types().records}
    for one in records.values():
        if one.parent:
            assert any({one.unit, records[one.parent].unit} <= measure for measure in MEASURES), one.code


def test_the_weights_sum_to_one() -> None:
    assert sum(weight.weight for weight in read_weights().records) == 10_000


# ------------------------------------------------------------------------------------------------ a county's own


def test_a_county_hangs_its_own_areas_under_the_shipped_ones(tmp_path: Path) -> None:
    own = write(tmp_path / "areas.csv", "code,name,level,parent\n370832Z01,梁山经济开发区,ZONE,370832\n")
    reading = read_areas([shipped("areas.csv"), own])
    assert reading.faults == ()
    assert reading.records[-1].full_name == "山东省济宁市梁山县梁山经济开发区"


def test_children_written_before_their_parents_are_read_after_them(tmp_path: Path) -> None:
    own = write(
        tmp_path / "areas.csv",
        "code,name,level,parent\n990101001,丙镇,TOWNSHIP,990101\n990101,乙县,COUNTY,9901\n9901,甲市,PREFECTURE,99\n99,某省,PROVINCE,\n",
    )
    reading = read_areas([own])
    assert [area.code for area in reading.records] == ["99", "9901", "990101", "990101001"]
    assert reading.records[-1].full_name == "某省甲市乙县丙镇"


def test_all_faults_of_an_area_file_are_listed_at_once(tmp_path: Path) -> None:
    own = write(
        tmp_path / "own.csv",
        "code,name,level,parent\n"
        "99,某省,PROVINCE,\n"
        "99,某省又一次,PROVINCE,\n"
        "9901,甲市,COUNTY,99\n"
        "9902,乙市,PREFECTURE,98\n"
        "9903,丙市,CITY,99\n"
        "9904,,PREFECTURE,99\n"
        "9905,丁市,PREFECTURE\n"
        "99Z01,新区,ZONE,97\n"
        "99Z02,一区,ZONE,99Z03\n"
        "99Z03,二区,ZONE,99Z02\n"
        "9906,戊市,PREFECTURE,99\n"
        "990701,己县,COUNTY,\n",
    )
    reading = read_areas([own])
    assert [(fault.place.row, fault.code) for fault in reading.faults] == [
        (3, "DUPLICATE_CODE"),
        (4, "LEVEL_MISMATCH"),
        (5, "PARENT_MISMATCH"),
        (5, "UNKNOWN_PARENT"),
        (6, "UNKNOWN_LEVEL"),
        (7, "MISSING_VALUE"),
        (8, "WRONG_WIDTH"),
        (9, "UNKNOWN_PARENT"),
        (10, "PARENT_CYCLE"),
        (13, "PARENT_MISMATCH"),
    ]
    assert [area.code for area in reading.records] == ["99", "9906"]
    assert all(fault.text_zh and fault.text_en for fault in reading.faults)
    assert reading.faults[1].place.cell == "A4"


def test_what_stands_below_a_faulty_parent_is_not_taken(tmp_path: Path) -> None:
    own = write(
        tmp_path / "terms.csv",
        "scheme,code,parent,label_zh,label_en,synonyms,domains\n"
        "client_group,FARMERS,,农户,Farmers,,NOWHERE\n"
        "client_group,FISHERS,FARMERS,渔户,Fishers,,\n"
        "client_group,BOATMEN,FISHERS,船民,Boatmen,,\n"
        "client_group,WEAVERS,,织户,Weavers,,\n",
    )
    reading = read_terms([own])
    assert codes(reading.faults) == ["UNKNOWN_DOMAIN"]
    assert [term.code for term in reading.records] == ["WEAVERS"]


def test_faulty_types_and_terms_are_named(tmp_path: Path) -> None:
    types = write(
        tmp_path / "types.csv",
        "code,label_zh,label_en,kind,unit,parent,synonyms\n"
        "tools,工具,Tools,GOODS,件,,\n"
        "HAMMER,锤子,Hammer,GOODS,把,,榔头\n"
        "MALLET,木槌,Mallet,GOODS,把,,榔头\n"
        "REPAIR,修理,Repair,SERVICE,次,HAMMER,\n"
        "PARTS,零件,Parts,THINGS,件,,\n",
    )
    faults = read_resource_types([types]).faults
    assert codes(faults) == ["BAD_CODE", "DUPLICATE_SYNONYM", "KIND_MISMATCH", "UNKNOWN_KIND"]
    terms = write(
        tmp_path / "terms.csv",
        "scheme,code,parent,label_zh,label_en,synonyms,domains\n"
        "client_group,SINGLE_PARENT,,单亲家庭,Single parents,,NOWHERE\n"
        "client_group,OTHER,INDUSTRY_X,其他,Others,,\n"
        "industry,INDUSTRY_X,,某行业,Some industry,,\n",
    )
    assert codes(read_terms([terms]).faults) == ["UNKNOWN_DOMAIN", "UNKNOWN_PARENT"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("A,6000,a,a,a,a\nB,3000,b,b,b,b\n", ["WEIGHTS_SUM"]),
        ("A,12000,a,a,a,a\nB,-2000,b,b,b,b\n", ["WEIGHT_NOT_A_NUMBER"]),
        ("A,5000,a,a,a,a\nA,5000,b,b,b,b\n", ["DUPLICATE_CODE"]),
        ("A,0.5,a,a,a,a\n", ["WEIGHT_NOT_A_NUMBER"]),
    ],
)
def test_weights_that_do_not_add_up_are_refused(tmp_path: Path, rows: str, expected: list[str]) -> None:
    own = write(tmp_path / "weights.csv", "code,weight,label_zh,label_en,reason_zh,reason_en\n" + rows)
    assert codes(read_weights([own]).faults) == expected


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xd0\xd5\xfe\xc7\xf8", "UNREADABLE"),
        (b"", "MISSING_COLUMN"),
        ("名称,代码\n拳铺镇,370832104\n".encode(), "MISSING_COLUMN"),
        (b'code,name,level,parent\n37,"half', "UNREADABLE"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_one_fault(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "areas.csv"
    path.write_bytes(content)
    reading = read_areas([path])
    assert reading.records == ()
    assert codes(reading.faults) == [code]


def test_a_missing_file_is_a_fault_and_the_other_file_is_still_read(tmp_path: Path) -> None:
    reading = read_areas([shipped("areas.csv"), tmp_path / "nowhere.csv"])
    assert codes(reading.faults) == ["UNREADABLE"]
    assert len(reading.records) == len(read_areas().records)

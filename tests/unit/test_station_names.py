"""Names of stations: what is right passes however it is spaced, what is wrong is told with the name asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.station_standards import read_station_standards
from exchange.vocabulary import read_areas, read_terms
from resolvers.station_names import faults, usable, wanted
from resolvers.station_standards import SCHEMES

FORM = "{county}{township}社会工作站"
PLACES = {"county": "沙洋县", "township": "五里铺镇"}
RIGHT = "沙洋县五里铺镇社会工作站"


@pytest.mark.parametrize("name", [RIGHT, "沙洋县 五里铺镇社会工作站", "　沙洋县五里铺镇 社会工作站 "])
def test_the_name_asked_for_is_right_however_it_is_spaced(name: str) -> None:
    assert faults(FORM, name, PLACES) == []


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("五里铺镇社会工作站", ["缺少县(市、区)名“沙洋县”"]),
        ("沙洋县五里铺社会工作站", ["缺少乡镇(街道)名“五里铺镇”"]),
        ("沙洋县五里铺镇社工站", ["应写全称“社会工作站”,不写“社工站”"]),
        ("沙洋县五里铺镇服务中心", ["缺少“社会工作站”"]),
        ("五里铺镇沙洋县社会工作站", ["顺序不对或有多余文字"]),
        ("沙洋县五里铺镇社会工作站分站", ["顺序不对或有多余文字"]),
        ("钟祥市后港镇社会工作站", ["缺少县(市、区)名“沙洋县”", "缺少乡镇(街道)名“五里铺镇”"]),
        ("", ["缺少县(市、区)名“沙洋县”", "缺少乡镇(街道)名“五里铺镇”", "缺少“社会工作站”"]),
    ],
)
def test_each_thing_that_is_wrong_is_told_and_what_would_be_right(name: str, hints: list[str]) -> None:
    said = faults(FORM, name, PLACES)
    assert [zh for zh, _ in said] == [*hints, f"应为“{RIGHT}”"]
    assert all(en for _, en in said)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        (RIGHT, True),
        ("京山市温泉街道社会工作站", True),
        ("五里铺镇社会工作站", False),
        ("沙洋县社会工作站", False),
    ],
)
def test_where_the_places_are_not_known_their_endings_tell(name: str, right: bool) -> None:
    assert (faults(FORM, name, {}) == []) is right


PLACE_NAMES = st.text(st.characters(whitelist_categories=("Lo",)), min_size=1, max_size=6)


@given(PLACE_NAMES, PLACE_NAMES)
def test_the_name_that_is_asked_for_is_always_right(county: str, township: str) -> None:
    places = {"county": f"{county}县", "township": f"{township}镇"}
    assert faults(FORM, wanted(FORM, places), places) == []


@pytest.mark.parametrize(
    ("form", "good"), [(FORM, True), ("社工站", True), ("{county}", False), ("{street}社工站", False), ("", False)]
)
def test_a_form_has_known_places_and_some_text(form: str, good: bool) -> None:
    assert usable(form) is good


def test_the_shipped_standards_name_areas_facilities_and_rules_that_there_are() -> None:
    reading = read_station_standards()
    assert not reading.faults
    areas = {one.code for one in read_areas().records}
    terms = {(one.scheme, one.code) for one in read_terms().records}
    for one in reading.records:
        assert one.area is None or one.area in areas
        assert (one.item is None) == (one.aspect not in SCHEMES)
        assert one.item is None or (SCHEMES[one.aspect], one.item) in terms
        assert one.source
        assert one.form is None or usable(one.form)

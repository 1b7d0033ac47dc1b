"""The demo county: sized by the source, invented only where it must be, the same every time."""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

import data
from exchange.records import NeedRecord, OfferRecord, PartyRecord
from exchange.vocabulary import read_areas, read_resource_types, read_terms
from fivelink.demo.dice import Dice
from fivelink.demo.needs import PROGRAMMES
from fivelink.demo_county import COUNTY, records

TODAY = date(2026, 11, 21)
SAMPLES = Path(data.__file__).parent / "samples"

TYPES = {one.code: one for one in read_resource_types().records}
TERMS = {(term.scheme, term.code): term for term in read_terms().records}
AREAS = {area.code: area for area in read_areas().records}

Lists = tuple[list[PartyRecord], list[NeedRecord], list[OfferRecord]]


@pytest.fixture(scope="module")
def lists() -> Lists:
    return records(TODAY)


def named_types(title: str) -> set[str]:
    """Every type one of whose words stands anywhere in the title: the least forgiving way to read it."""
    text = unicodedata.normalize("NFKC", title)
    return {one.code for one in TYPES.values() for word in (one.label_zh, *one.synonyms) if word in text}


def line(kind: str) -> list[str]:
    """The type and the types above it, nearest first."""
    found = [kind]
    while (parent := TYPES[found[-1]].parent) is not None:
        found.append(parent)
    return found


def around(area: str | None) -> list[str]:
    """The area and the areas above it."""
    found = []
    while area is not None:
        found.append(area)
        area = AREAS[area].parent
    return found


# ------------------------------------------------------------------------------------------------ the figures


def test_the_societies_have_the_source_s_numbers(lists: Lists) -> None:
    assert Counter(party.kind for party in lists[0]) == {
        "COMMUNITY": 437,
        "ASSISTANT": 423,
        "VOLUNTEER": 140,
        "DONOR_FIRM": 69,
        "SOCIAL_WORKER": 56,
        "ORGANIZATION": 46,
        "FUND": 22,
    }


def test_120_000_volunteers_are_registered(lists: Lists) -> None:
    assert sum(party.headcount or 0 for party in lists[0] if party.kind == "VOLUNTEER") == 120_000


def test_every_station_has_two_full_time_and_two_part_time_workers(lists: Lists) -> None:
    workers = [party for party in lists[0] if party.kind == "SOCIAL_WORKER"]
    posts = Counter((party.area, "专职" in party.name) for party in workers)
    assert len(posts) == 28
    assert set(posts.values()) == {2}


def test_most_firms_are_of_the_three_main_industries(lists: Lists) -> None:
    counts = Counter(party.industry for party in lists[0] if party.kind == "DONOR_FIRM")
    main = {"SPECIAL_VEHICLE_MANUFACTURING", "EDUCATION_SERVICES", "REAL_ESTATE_DEVELOPMENT"}
    assert {code for code, _ in counts.most_common(3)} == main
    assert sum(counts[code] for code in main) > 69 / 2


@pytest.mark.parametrize(
    ("group", "people"),
    [
        ("DISPERSED_DESTITUTE_ELDER", 310),
        ("VETERAN", 132),
        ("DEMENTIA_ELDER", 218),
        ("CHILD_IN_DIFFICULTY", 1_078),
        ("LEFT_BEHIND_CHILD", 970),
    ],
)
def test_a_programme_asks_once_for_every_person_it_serves(lists: Lists, group: str, people: int) -> None:
    once = next(programme.once for programme in PROGRAMMES if programme.group == group)
    asked = [need for need in lists[1][8:] if need.resource_type == once and need.client_groups == (group,)]
    assert sum(need.quantity for need in asked) == people


def test_the_lists_are_of_a_county_s_size(lists: Lists) -> None:
    assert 1_400 <= len(lists[1]) <= 1_650
    assert 850 <= len(lists[2]) <= 1_000


# ------------------------------------------------------------------------------------------------ the story


def test_the_story_comes_first_and_other_parties_can_meet_each_of_its_needs(lists: Lists) -> None:
    parties, needs, offers = lists
    story = [need for need in needs if "小娜" in need.title]
    assert story == needs[: len(story)]
    assert all(need.title.startswith("小娜（化名）") for need in story)
    assert {AREAS[need.community].full_name for need in story} == {"山东省济宁市梁山县拳铺镇拳东村"}
    helpers = []
    for need in story:
        fitting = [offer for offer in offers if serves(offer, need) and offer.capacity >= need.quantity]
        assert fitting, need.title
        helpers.append(fitting[0].provider_reference)
    assert len(set(helpers)) == len(story)
    kinds = {party.kind for party in parties if party.reference in helpers}
    assert {"SOCIAL_WORKER", "ORGANIZATION", "FUND", "DONOR_FIRM", "VOLUNTEER"} <= kinds


def serves(offer: OfferRecord, need: NeedRecord) -> bool:
    """The rules a coordinator would apply, without dates."""
    assert need.resource_type is not None
    most = min(offer.capacity, need.quantity, offer.maximum_per_need or need.quantity)
    above = {
        code
        for group in need.client_groups
        for code in (group, TERMS["client_group", group].parent, *TERMS["client_group", group].domains)
    }
    return (
        offer.resource_type in line(need.resource_type)
        and not set(offer.coverage).isdisjoint(around(need.community))
        and (not offer.client_groups or not above.isdisjoint(offer.client_groups))
        and (offer.earmark is None or offer.earmark in above)
        and most >= offer.minimum_per_need
    )


def test_most_needs_find_an_offer_and_some_find_none(lists: Lists) -> None:
    met = sum(any(serves(offer, need) for offer in lists[2]) for need in lists[1])
    assert 0.7 < met / len(lists[1]) < 0.99


def test_offers_reach_villages_townships_and_the_county(lists: Lists) -> None:
    levels = Counter(AREAS[area].level for offer in lists[2] for area in offer.coverage)
    assert {"VILLAGE", "TOWNSHIP", "COUNTY"} <= set(levels)
    assert any(offer.earmark for offer in lists[2])
    assert any(offer.client_groups for offer in lists[2])
    assert any(offer.minimum_per_need > 1 for offer in lists[2])
    assert any(offer.maximum_per_need for offer in lists[2])


# ------------------------------------------------------------------------------------------------ ready to load


def test_every_code_is_in_the_vocabulary(lists: Lists) -> None:
    parties, needs, offers = lists
    for party in parties:
        assert party.area in AREAS
        assert party.industry is None or ("industry", party.industry) in TERMS
        assert party.source is None or ("fund_source", party.source) in TERMS
    for need in needs:
        assert AREAS[need.community].level == "VILLAGE"
        assert ("channel", need.channel) in TERMS
        assert all(("client_group", group) in TERMS for group in need.client_groups)
    for offer in offers:
        assert set(offer.coverage) <= set(AREAS)
        assert offer.coverage
        assert all(("client_group", group) in TERMS for group in offer.client_groups)
        assert offer.earmark is None or {("client_group", offer.earmark), ("domain", offer.earmark)} & set(TERMS)


def test_references_and_names_are_unique(lists: Lists) -> None:
    parties, needs, offers = lists
    assert len({record.reference for record in (*parties, *needs, *offers)}) == sum(map(len, lists))
    assert len({(party.kind, party.area, party.name) for party in parties}) == len(parties)
    assert len({(need.community, need.title) for need in needs}) == len(needs)
    assert len({(offer.provider_reference, offer.title) for offer in offers}) == len(offers)


def test_every_offer_is_of_a_party_of_the_county(lists: Lists) -> None:
    parties, _, offers = lists
    by_reference = {party.reference: party for party in parties}
    for offer in offers:
        party = by_reference[offer.provider_reference]
        assert (party.name, party.kind, party.area) == (offer.provider, offer.provider_kind, offer.provider_area)
    communities = {party.area for party in parties if party.kind == "COMMUNITY"}
    assert {need.community for need in lists[1]} <= communities
    assert all(around(party.area)[-3:][0] == COUNTY for party in parties)


def test_quantities_and_limits_keep_the_rules_of_input(lists: Lists) -> None:
    _, needs, offers = lists
    assert all(need.quantity > 0 for need in needs)
    for offer in offers:
        assert offer.capacity > 0
        assert 1 <= offer.minimum_per_need <= (offer.maximum_per_need or offer.capacity) <= offer.capacity


@pytest.mark.parametrize("today", [TODAY, date(2027, 12, 31), date(2028, 2, 29)])
def test_no_date_lies_before_today_or_out_of_order(today: date) -> None:
    parties, needs, offers = records(today)
    for start, end in (
        *((need.needed_from, need.needed_by) for need in needs),
        *((offer.available_from, offer.available_until) for offer in offers),
    ):
        assert start is None or start >= today
        assert end is None or end >= (start or today)
    assert all(party.founded_on is None or party.founded_on <= today for party in parties)


def test_titles_are_typed_right_by_the_words_of_the_types(lists: Lists) -> None:
    for record in (*lists[1], *lists[2]):
        assert named_types(record.title) == {record.resource_type}, record.title


def test_no_identity_and_no_credit_code_is_invented(lists: Lists) -> None:
    for party in lists[0]:
        assert party.credit_code is None
        assert not re.search(r"\d", party.name)
    assert not any(re.search(r"\d{6}", record.title) for record in (*lists[1], *lists[2]))


# ------------------------------------------------------------------------------------------------ the same every time


def test_the_same_day_gives_the_same_county(lists: Lists) -> None:
    assert records(TODAY) == lists


def test_another_day_moves_the_dates_and_nothing_else(lists: Lists) -> None:
    later = records(TODAY + timedelta(days=40))
    for before, after in zip(lists[1], later[1], strict=True):
        assert (before.title, before.community, before.quantity) == (after.title, after.community, after.quantity)
        if before.needed_by is not None:
            assert after.needed_by == before.needed_by + timedelta(days=40)


def test_dice_fall_alike_on_every_python() -> None:
    dice = Dice(370832)
    thrown = (dice.between(1, 6), dice.some("甲乙丙丁", 4), dice.shares(100, 5), dice.chance(50), dice.below(1_000))
    assert hashlib.sha256(repr(thrown).encode()).hexdigest()[:16] == "e33e5810390f6d43"


# ------------------------------------------------------------------------------------------------ the sample sheets


def sample(name: str, heading: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    at = next(number for number, row in enumerate(rows) if heading in row)
    return [dict(zip(rows[at], row, strict=True)) for row in rows[at + 1 :]]


def test_the_sample_sheets_speak_of_real_places_and_one_type_a_row() -> None:
    villages = {
        (AREAS[area.parent].name, area.name): area for area in AREAS.values() if area.level == "VILLAGE" and area.parent
    }
    for row in sample("needs.csv", "需求内容"):
        assert (row["乡镇（街道）"], row["村(社区)"]) in villages
        assert len(named_types(row["需求内容"])) == 1, row
    names = {area.name for area in AREAS.values() if area.code.startswith(COUNTY)}
    for row in sample("offers.csv", "资源名称"):
        assert set(row["服务区域"].split("、")) <= names
        assert len(named_types(row["资源名称"])) == 1, row


def test_one_need_of_the_sample_has_no_number_and_all_other_rows_have_the_type_s_unit() -> None:
    faulty = []
    for name, heading in (("needs.csv", "需求内容"), ("offers.csv", "资源名称")):
        for row in sample(name, heading):
            (kind,) = named_types(row[heading])
            amount = unicodedata.normalize("NFKC", row["数量"])
            written = re.fullmatch(r"([\d.]+万?|[一二三四五六七八九十]+)(\D+)", amount)
            if written is None:
                faulty.append((name, row["序号"]))
            else:
                assert written[2] == TYPES[kind].unit, row
    assert faulty == [("needs.csv", "9")]

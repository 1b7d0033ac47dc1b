"""The resource list of the demo county: who gives what, where, to whom, until when.

Supply is uneven on purpose: nobody repairs enough houses, few give hearing aids, and some types nobody offers, so that
a plan has shortfalls to explain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from exchange.records import OfferRecord, Place
from fivelink.demo.catalogue import CHILDREN, ELDERS, MEANT_FOR, Catalogue
from fivelink.demo.county import COUNTY, STORY_TOWN, STORY_VILLAGE, Town
from fivelink.demo.dice import Dice
from fivelink.demo.parties import FILE, Provider

#: What a trade can offer, and how many of it one provider lists (lowest, highest).
MENU: dict[str, tuple[tuple[str, ...], int, int]] = {
    "worker1": (("HOME_VISIT", "COUNSELLING", "RESOURCE_LINKING", "MEANS_TEST", "RETURN_TO_SCHOOL"), 2, 4),
    "worker2": (("HOME_VISIT", "MEDIATION", "SCREENING", "CAPACITY_BUILDING", "BEHAVIOUR_CORRECTION"), 3, 4),
    "worker3": (("POLICY_OUTREACH", "COMPANIONSHIP", "SOCIAL_INCLUSION", "HOME_VISIT"), 2, 3),
    "worker4": (("TUTORING", "COUNSELLING", "PARENTING_GUIDANCE", "SCREENING"), 2, 3),
    "assistant": (("HOME_VISIT", "POLICY_OUTREACH", "ERRANDS", "SCREENING", "COMPANIONSHIP"), 1, 1),
    "community": (("ACTIVITY_VENUE", "TRAINING_VENUE", "READING_ROOM", "CHILDREN_CENTRE", "DAY_CENTRE"), 1, 1),
    "casework": (("COUNSELLING", "BEHAVIOUR_CORRECTION", "SOCIAL_INCLUSION", "HOME_VISIT", "CAPACITY_BUILDING"), 4, 5),
    "care": (("HOME_NURSING", "MEAL_SERVICE", "BATHING", "RESPITE_CARE", "TALK_THERAPY", "CARE_NURSING"), 2, 5),
    "children": (("GROWTH_CAMP", "TUTORING", "COMPANIONSHIP", "PARENTING_GUIDANCE", "GROWTH_CAMP"), 4, 5),
    "mind": (("COUNSELLING", "CRISIS_INTERVENTION", "TALK_THERAPY"), 2, 3),
    "rehabilitation": (("REHABILITATION", "PHYSICAL_THERAPY", "SPEECH_THERAPY", "WALKING_AID"), 3, 4),
    "governance": (("MEDIATION", "POLICY_OUTREACH", "CULTURAL_EVENT"), 1, 3),
    "law": (("LEGAL_AID", "MEDIATION"), 1, 2),
    "handy": (("APPLIANCE_REPAIR", "HOUSE_CLEANING", "HAIRCUT"), 1, 3),
    "search": (("MISSING_PERSON_SEARCH", "EMERGENCY_VOLUNTEERS"), 1, 2),
    "neighbours": (("COMMUNITY_VOLUNTEERS", "HOUSE_CLEANING", "ERRANDS", "HAIRCUT", "MEAL_SERVICE"), 1, 2),
    "elders": (("ELDER_VOLUNTEERS", "TALK_THERAPY", "FAMILY_PHOTO", "HAIRCUT", "COMPANIONSHIP"), 1, 2),
    "health": (("HEALTH_CHECK", "HOME_NURSING", "MEDICAL_ESCORT"), 1, 2),
    "pupils": (("TUTORING", "CHILD_VOLUNTEERS", "BOOKS"), 1, 2),
    "disabled": (("DISABILITY_VOLUNTEERS", "MEDICAL_ESCORT", "PHYSICAL_THERAPY"), 1, 2),
    "events": (("CULTURAL_EVENT", "EVENT_VOLUNTEERS"), 2, 2),
    "drivers": (("TRANSPORT", "MEDICAL_ESCORT"), 2, 2),
    "SPECIAL_VEHICLE_MANUFACTURING": (
        ("WHEELCHAIR", "LIVING_ALLOWANCE", "CARE_BED", "SKILLS_TRAINING", "STUDY_GRANT", "RICE"), 2, 3),
    "EDUCATION_SERVICES": (("STUDY_GRANT", "TUTORING", "SCHOOL_BAG", "BOOKS", "GROWTH_CAMP", "TRAINING_VENUE"), 2, 3),
    "REAL_ESTATE_DEVELOPMENT": (
        ("HOUSE_REPAIR", "BARRIER_FREE_CONVERSION", "ACTIVITY_VENUE", "MEDICAL_EXPENSES"), 2, 3),
    "PRINTING_AND_PUBLISHING": (("BOOKS", "SCHOOL_BAG", "PRINTER"), 2, 2),
    "FOOD_PROCESSING": (("RICE", "COOKING_OIL", "FLOUR", "FOOD"), 2, 3),
    "RETAIL": (("QUILT", "COOKING_OIL", "CARE_PADS", "HOUSEHOLD_GOODS"), 2, 3),
    "HEALTH_AND_MEDICINE": (("HEALTH_CHECK", "CARE_PADS", "HEARING_AID", "ASSISTIVE_DEVICES"), 2, 3),
    "TEXTILES_AND_CLOTHING": (("QUILT", "CLOTHES"), 2, 2),
    "CONSTRUCTION": (("HOUSE_REPAIR", "APPLIANCE_REPAIR"), 1, 2),
    "TRANSPORT_AND_LOGISTICS": (("TRANSPORT", "RICE"), 2, 2),
    "INFORMATION_SERVICES": (("LOCATOR_BRACELET", "COMPUTER"), 2, 2),
    "FINANCE": (("STUDY_GRANT", "FUNDS"), 2, 2),
    "困难群众救助补助资金": (("MEDICAL_EXPENSES", "LIVING_ALLOWANCE", "TEMPORARY_RELIEF", "HEATING_SUBSIDY"), 4, 4),
    "社会救助工作经费": (("PROJECT_FUNDS",), 1, 1),
    "福彩公益金": (("STUDY_GRANT", "PROJECT_FUNDS", "WALKING_AID", "LOCATOR_BRACELET"), 4, 4),
    "一般公共预算社工站专项": (("PROJECT_FUNDS",), 1, 1),
    "社会组织培育引导资金": (("PROJECT_FUNDS",), 1, 1),
    "助医帮扶慈善基金": (("MEDICAL_EXPENSES", "CARE_SUBSIDY"), 2, 2),
    "助学帮扶慈善基金": (("STUDY_GRANT", "SCHOOL_BAG"), 2, 2),
    "老有所安慈善基金": (("CARE_SUBSIDY", "PRESSURE_MATTRESS", "CARE_BED"), 3, 3),
    "town fund": (("FUNDS", "TEMPORARY_RELIEF", "CONDOLENCE_MONEY"), 1, 2),
}  # fmt: skip

#: Of these trades only some list anything, in percent.
LISTING = {"community": 20, "assistant": 22}

ENDINGS = {"FUNDS": "资助", "GOODS": "捐赠", "SERVICE": "服务", "VENUE": "开放", "VOLUNTEER_TIME": ""}
EARMARKS = ("CHILD_PROTECTION", "ELDERLY_CARE", "SOCIAL_ASSISTANCE", "LEFT_BEHIND_CHILD", "DISABLED")

#: The other half of the story: provider's reference, title, type, capacity, coverage, most for one need, groups.
STORY: tuple[tuple[str, str, str, int, str, int | None, tuple[str, ...]], ...] = (
    (f"LS-W-{STORY_TOWN}-1", "拳铺镇社工站劝返复学", "RETURN_TO_SCHOOL", 24, STORY_TOWN, 6, CHILDREN),
    ("LS-S-004", "困难家庭住院看护", "HOSPITAL_CARE", 480, COUNTY, 160, ()),
    ("LS-M-001", "困难群众医疗费用资助", "MEDICAL_EXPENSES", 90_000, COUNTY, 20_000,
     ("TEMPORARY_ASSISTANCE", "SUBSISTENCE_ALLOWANCE", "DESTITUTE")),
    (f"LS-S-{STORY_TOWN}-1", "邻里互助生活照料", "CARE_NURSING", 240, STORY_TOWN, 60, ()),
    ("LS-F-025", "小树苗助学金", "STUDY_GRANT", 20_000, COUNTY, 3_000, CHILDREN),
    ("LS-S-010", "青少年心理疏导", "COUNSELLING", 160, COUNTY, 20, CHILDREN),
    ("LS-V-001", "大学生课业辅导", "TUTORING", 360, COUNTY, 40, CHILDREN),
    (f"LS-V-{STORY_TOWN}-2", "爱心姐姐一对一", "COMPANIONSHIP", 120, STORY_TOWN, 24, CHILDREN),
    (f"LS-C-{STORY_VILLAGE}", "拳东村儿童之家开放", "CHILDREN_CENTRE", 24, STORY_VILLAGE, None, ()),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Terms:
    """The conditions of one offer."""

    minimum: int
    maximum: int | None
    start: date | None
    until: date | None
    groups: tuple[str, ...]
    earmark: str | None


def offers(
    county: Sequence[Town], providers: Sequence[Provider], catalogue: Catalogue, today: date
) -> list[OfferRecord]:
    """About 900 offers, references unique, the story's first; every provider is one of `providers`. O(n)."""
    dice = Dice(12345)
    by_reference = {provider.record.reference: provider for provider in providers}
    found: list[OfferRecord] = []
    for reference, title, kind, capacity, coverage, maximum, groups in STORY:
        conditions = _Terms(1, maximum, None, today + timedelta(days=300), groups, None)
        found.append(_record(len(found) + 1, by_reference[reference], title, kind, capacity, (coverage,), conditions))
    for provider, kind in _listed(providers, dice):
        capacity = catalogue.offered(kind, dice)
        if provider.record.kind == "FUND":
            # A fund of the whole county holds more than a firm gives.
            capacity *= 2 if provider.town is None and catalogue.types[kind].kind == "FUNDS" else 1
        words, ending = catalogue.words(kind, dice), ENDINGS[catalogue.types[kind].kind]
        title = words if words.endswith(ending) else words + ending
        found.append(
            _record(
                len(found) + 1,
                provider,
                title,
                kind,
                capacity,
                _coverage(provider, county, dice),
                _conditions(provider, kind, capacity, today, dice),
            )
        )
    return found


def _listed(providers: Sequence[Provider], dice: Dice) -> Iterator[tuple[Provider, str]]:
    told = {(reference, kind) for reference, _, kind, *_ in STORY}
    for provider in providers:
        if dice.chance(LISTING.get(provider.trade, 100)):
            kinds, least, most = MENU[provider.trade]
            for kind in dice.some(tuple(dict.fromkeys(kinds)), dice.between(least, most)):
                if (provider.record.reference, kind) not in told:
                    yield provider, kind


def _coverage(provider: Provider, county: Sequence[Town], dice: Dice) -> tuple[str, ...]:
    """An assistant serves a village, a station its township, a firm some townships or the county."""
    record = provider.record
    own = record.area or COUNTY
    if record.kind == "ASSISTANT":
        return (own,)
    town = next((town for town in county if town.code == provider.town), None)
    if town is None:
        return (COUNTY,)
    if record.kind == "COMMUNITY":
        return (town.code,) if dice.chance(50) else (own,)
    if record.kind == "DONOR_FIRM" and dice.chance(55):
        return (COUNTY,)
    if record.kind in ("DONOR_FIRM", "VOLUNTEER") and dice.chance(35):
        others = dice.some([other.code for other in county if other is not town], dice.between(1, 3))
        return (town.code, *sorted(others))
    if record.kind == "VOLUNTEER" and dice.chance(20):
        villages = dice.some([village.code for village in town.villages], dice.between(4, 9))
        return tuple(sorted(villages))
    return (town.code,)


def _conditions(provider: Provider, kind: str, capacity: int, today: date, dice: Dice) -> _Terms:
    giver = provider.record.kind in ("DONOR_FIRM", "FUND")
    minimum = dice.between(2, 3) if dice.chance(12) and capacity >= 20 else 1
    maximum = max(capacity // dice.between(3, 6), minimum) if dice.chance(35) else None
    window = dice.below(100)
    start = today + timedelta(days=dice.between(3, 30)) if window < 15 else None
    until = today + timedelta(days=dice.between(60, 330)) if window < 45 else None
    groups: tuple[str, ...] = ()
    if kind in MEANT_FOR and dice.chance(40):
        groups = MEANT_FOR[kind]
    elif provider.trade == "disabled":
        groups = ("DISABLED", "DISABLED_ELDER")
    elif provider.trade == "elders" and dice.chance(40):
        groups = (*ELDERS, "VETERAN")
    earmark = dice.one(EARMARKS) if giver and not groups and dice.chance(30) else None
    return _Terms(minimum, maximum, start, until, groups, earmark)


def _record(
    number: int,
    provider: Provider,
    title: str,
    kind: str,
    capacity: int,
    coverage: tuple[str, ...],
    terms: _Terms,
) -> OfferRecord:
    party = provider.record
    return OfferRecord(
        Place(FILE, row=number),
        title,
        party.name,
        capacity,
        kind,
        provider_kind=party.kind,
        provider_area=party.area,
        coverage=coverage,
        client_groups=terms.groups,
        minimum_per_need=terms.minimum,
        maximum_per_need=terms.maximum,
        available_from=terms.start,
        available_until=terms.until,
        earmark=terms.earmark,
        reference=f"LS-O-{number:04}",
        provider_reference=party.reference,
    )

"""The needs list of the demo county: the story of 小娜 first, then what its programmes and its villages ask for.

A programme's first line asks once for every person it serves, so the sums of those lines are the source's figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from exchange.records import NeedRecord, Place, Priority
from exchange.vocabulary import read_terms
from fivelink.demo.catalogue import Catalogue
from fivelink.demo.county import STORY_VILLAGE, Town, Village
from fivelink.demo.dice import Dice
from fivelink.demo.parties import FILE

CHANNELS = ("HOME_VISIT", "HOME_VISIT", "HOME_VISIT", "ASSISTANT_REPORT", "APP_ORDER", "HOTLINE_12345",
            "PUBLIC_OPINION", "STATION_WALK_IN", "ONLINE")  # fmt: skip

#: Title, type, quantity, client groups, priority, days until it is needed by, channel.
STORY: tuple[tuple[str, str, int, tuple[str, ...], Priority, int, str], ...] = (
    ("小娜（化名）劝导返校", "RETURN_TO_SCHOOL", 4, ("CHILD_IN_DIFFICULTY",), "STAT", 10, "HOME_VISIT"),
    ("小娜（化名）弟弟住院看护", "HOSPITAL_CARE", 112, ("CHILD_IN_DIFFICULTY", "TEMPORARY_ASSISTANCE"), "STAT", 14,
     "HOME_VISIT"),
    ("小娜（化名）弟弟医疗费用", "MEDICAL_EXPENSES", 18_000, ("CHILD_IN_DIFFICULTY", "TEMPORARY_ASSISTANCE"), "STAT",
     20, "HOME_VISIT"),
    ("小娜（化名）母亲生活照料", "CARE_NURSING", 40, ("TEMPORARY_ASSISTANCE",), "ASAP", 30, "HOME_VISIT"),
    ("小娜（化名）助学金", "STUDY_GRANT", 2_000, ("CHILD_IN_DIFFICULTY",), "ASAP", 30, "HOME_VISIT"),
    ("小娜（化名）心理疏导", "COUNSELLING", 6, ("CHILD_IN_DIFFICULTY",), "ASAP", 45, "HOME_VISIT"),
    ("小娜（化名）课业辅导", "TUTORING", 16, ("CHILD_IN_DIFFICULTY",), "URGENT", 60, "HOME_VISIT"),
    ("小娜（化名）亲情陪伴", "COMPANIONSHIP", 12, ("CHILD_IN_DIFFICULTY",), "URGENT", 90, "HOME_VISIT"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme of the source: who and how many, in how many villages, and what they ask for.

    `once` is asked once for each person, in every village of the programme; of `more` a village asks for each line
    with the given chance in percent, `each` units a person (0: an amount of its own).
    """

    group: str
    people: int
    villages: int
    once: str
    more: tuple[tuple[str, int, int], ...]


PROGRAMMES = (
    Programme(
        "DISPERSED_DESTITUTE_ELDER",
        310,
        108,
        "HEALTH_CHECK",
        (("TALK_THERAPY", 55, 2), ("HOME_NURSING", 50, 6), ("QUILT", 20, 1), ("RICE", 25, 1), ("BATHING", 20, 2)),
    ),
    Programme("VETERAN", 132, 62, "FAMILY_PHOTO", (("COMPANIONSHIP", 45, 2), ("HAIRCUT", 30, 1))),
    Programme(
        "DEMENTIA_ELDER",
        218,
        88,
        "LOCATOR_BRACELET",
        (("RESPITE_CARE", 30, 6), ("MISSING_PERSON_SEARCH", 10, 0), ("CARE_PADS", 20, 2)),
    ),
    Programme(
        "CHILD_IN_DIFFICULTY",
        1_078,
        170,
        "GROWTH_CAMP",
        (("COUNSELLING", 28, 1), ("SCHOOL_BAG", 22, 1), ("STUDY_GRANT", 18, 300), ("BOOKS", 14, 4)),
    ),
    Programme(
        "LEFT_BEHIND_CHILD",
        970,
        155,
        "TUTORING",
        (("COMPANIONSHIP", 25, 1), ("CHILD_VOLUNTEERS", 12, 4), ("PARENTING_GUIDANCE", 10, 1)),
    ),
)

#: What else villages ask for: type, groups to choose one of (none: everyone), how many needs.
EVERYDAY: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("WHEELCHAIR", ("DISABLED", "DISABLED_ELDER"), 22),
    ("WALKING_AID", ("DISABLED", "ELDER_IN_DIFFICULTY"), 18),
    ("CARE_BED", ("DISABLED_ELDER",), 12),
    ("PRESSURE_MATTRESS", ("DISABLED_ELDER",), 8),
    ("HEARING_AID", ("DISABLED", "VETERAN"), 8),
    ("REHABILITATION", ("DISABLED",), 16),
    ("LIVING_ALLOWANCE", ("SUBSISTENCE_ALLOWANCE",), 20),
    ("MEDICAL_EXPENSES", ("TEMPORARY_ASSISTANCE", "SUBSISTENCE_ALLOWANCE"), 20),
    ("TEMPORARY_RELIEF", ("TEMPORARY_ASSISTANCE",), 10),
    ("HEATING_SUBSIDY", ("SUBSISTENCE_ALLOWANCE", "EMPTY_NEST_ELDER"), 8),
    ("COOKING_OIL", ("SUBSISTENCE_ALLOWANCE", "LEFT_BEHIND_ELDER"), 14),
    ("CLOTHES", ("SUBSISTENCE_ALLOWANCE", "ORPHAN"), 10),
    ("MEAL_SERVICE", ("EMPTY_NEST_ELDER", "LEFT_BEHIND_ELDER"), 22),
    ("HOUSE_CLEANING", ("EMPTY_NEST_ELDER", "DISABLED_ELDER"), 12),
    ("MEDICAL_ESCORT", ("EMPTY_NEST_ELDER", "LEFT_BEHIND_ELDER"), 12),
    ("HOUSE_REPAIR", ("SUBSISTENCE_ALLOWANCE", "DESTITUTE"), 14),
    ("BARRIER_FREE_CONVERSION", ("DISABLED", "DISABLED_ELDER"), 10),
    ("APPLIANCE_REPAIR", ("EMPTY_NEST_ELDER", "VETERAN"), 10),
    ("BEHAVIOUR_CORRECTION", ("CHILD_IN_DIFFICULTY",), 8),
    ("SOCIAL_INCLUSION", ("DISABLED", "MIGRANT_WORKER_FAMILY"), 12),
    ("SKILLS_TRAINING", ("LEFT_BEHIND_WOMAN", "SUBSISTENCE_ALLOWANCE"), 14),
    ("MEANS_TEST", ("SUBSISTENCE_ALLOWANCE",), 12),
    ("SCREENING", ("DE_FACTO_UNATTENDED_CHILD", "TEMPORARY_ASSISTANCE"), 10),
    ("HOME_VISIT", ("LEFT_BEHIND_ELDER", "DISABLED"), 18),
    ("COMPUTER", ("LEFT_BEHIND_CHILD", "ORPHAN"), 10),
    ("MEDIATION", (), 24),
    ("POLICY_OUTREACH", (), 20),
    ("LEGAL_AID", ("LEFT_BEHIND_WOMAN", "MIGRANT_WORKER_FAMILY"), 10),
    ("CULTURAL_EVENT", (), 10),
    ("ACTIVITY_VENUE", (), 14),
    ("TRAINING_VENUE", (), 10),
    ("PROJECT_FUNDS", (), 14),
    ("COMMUNITY_VOLUNTEERS", (), 12),
    ("PRINTER", (), 6),
    ("TABLE_LAMP", ("LEFT_BEHIND_CHILD",), 6),
    ("SMARTPHONE", ("EMPTY_NEST_ELDER",), 5),
)


def needs(county: Sequence[Town], catalogue: Catalogue, today: date) -> list[NeedRecord]:
    """About 1,500 needs, references unique, every date from `today` on. O(n)."""
    dice = Dice(45122510)
    found = (
        *_story(today),
        *_programmes(county, catalogue, today, dice),
        *_everyday(county, catalogue, today, dice),
    )
    return [_numbered(record, number) for number, record in enumerate(found, start=1)]


def _numbered(record: NeedRecord, number: int) -> NeedRecord:
    return NeedRecord(
        Place(FILE, row=number),
        record.title,
        record.community,
        record.quantity,
        record.resource_type,
        client_groups=record.client_groups,
        priority=record.priority,
        needed_from=record.needed_from,
        needed_by=record.needed_by,
        channel=record.channel,
        reference=f"LS-N-{number:04}",
    )


def _story(today: date) -> Iterator[NeedRecord]:
    for title, kind, quantity, groups, priority, days, channel in STORY:
        yield NeedRecord(
            Place(FILE),
            title,
            STORY_VILLAGE,
            quantity,
            kind,
            client_groups=groups,
            priority=priority,
            needed_by=today + timedelta(days=days),
            channel=channel,
        )


def _labels() -> dict[str, str]:
    return {term.code: term.label_zh for term in read_terms().records if term.scheme == "client_group"}


def _programmes(county: Sequence[Town], catalogue: Catalogue, today: date, dice: Dice) -> Iterator[NeedRecord]:
    labels = _labels()
    villages = [village for town in county for village in town.villages]
    for programme in PROGRAMMES:
        chosen = sorted(dice.some(villages, programme.villages), key=lambda village: village.code)
        for village, people in zip(chosen, dice.shares(programme.people, programme.villages), strict=True):
            group = programme.group
            yield _need(village, programme.once, people, group, labels, catalogue, today, dice)
            for kind, percent, each in programme.more:
                if dice.chance(percent):
                    amount = people * each or catalogue.needed(kind, dice)
                    yield _need(village, kind, amount, _below(group, dice), labels, catalogue, today, dice)


def _below(group: str, dice: Dice) -> str:
    """Some needs of the children's programme are for orphans in particular."""
    if group == "CHILD_IN_DIFFICULTY" and dice.chance(30):
        return dice.one(("ORPHAN", "DE_FACTO_UNATTENDED_CHILD"))
    return group


def _everyday(county: Sequence[Town], catalogue: Catalogue, today: date, dice: Dice) -> Iterator[NeedRecord]:
    labels = _labels()
    villages = [village for town in county for village in town.villages]
    for kind, groups, count in EVERYDAY:
        for village in dice.some(villages, count):
            group = dice.one(groups) if groups else None
            yield _need(village, kind, catalogue.needed(kind, dice), group, labels, catalogue, today, dice)


def _need(
    village: Village,
    kind: str,
    quantity: int,
    group: str | None,
    labels: dict[str, str],
    catalogue: Catalogue,
    today: date,
    dice: Dice,
) -> NeedRecord:
    drawn = dice.below(100)
    priority: Priority = "ROUTINE" if drawn < 62 else "URGENT" if drawn < 87 else "ASAP" if drawn < 98 else "STAT"
    days = {"ROUTINE": (45, 240), "URGENT": (20, 90), "ASAP": (7, 30), "STAT": (3, 10)}[priority]
    needed_by = today + timedelta(days=dice.between(*days)) if priority != "ROUTINE" or dice.chance(70) else None
    starts = needed_by is not None and priority == "ROUTINE" and dice.chance(25)
    return NeedRecord(
        Place(FILE),
        f"{labels[group] if group else '村民'}{catalogue.words(kind, dice)}",
        village.code,
        quantity,
        kind,
        client_groups=(group,) if group else (),
        priority=priority,
        needed_from=today + timedelta(days=dice.between(5, 40)) if starts else None,
        needed_by=needed_by,
        channel=dice.one(CHANNELS),
    )
